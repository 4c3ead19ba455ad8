#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# regressions.sh: what once went wrong does so no more. galloc.sh says what it needs.

# shellcheck source=tools/testing/selftests/galloc/galloc.sh
. "${0%/*}/galloc.sh"

set_up regressions 1
name="galloc unloads right after a client with objects in flight"
if [ -n "$loaded" ]; then
	echo rcu_in_flight >"$RUN"
	check "$name" sh -c "rmmod test_galloc && rmmod galloc"
	finish
fi
skip "$name" "galloc was here before"
tear_down
