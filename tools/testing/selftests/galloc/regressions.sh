#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# regressions.sh: what once went wrong does so no more. galloc.sh says what it needs.

# shellcheck source=tools/testing/selftests/galloc/galloc.sh
. "${0%/*}/galloc.sh"

# check calls this.
# shellcheck disable=SC2317
# A client that unloads while its objects wait for RCU, and galloc right after it.
unloads_at_once()
{
	echo rcu_in_flight >"$RUN" && rmmod test_galloc && rmmod galloc &&
		load galloc && load test_galloc
}

set_up regressions 1
if [ -n "$loaded" ]; then
	check "galloc unloads right after a client with objects in flight" unloads_at_once
else
	skip "galloc unloads right after a client with objects in flight" "galloc was here before"
fi
tear_down
