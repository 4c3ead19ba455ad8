#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# functionality.sh: every kind of allocation does what its documentation says, and leaves
# nothing behind. galloc.sh says what it needs.

# shellcheck source=tools/testing/selftests/galloc/galloc.sh
. "${0%/*}/galloc.sh"

set_up functionality 2
check "its own checks find nothing" sh -c "echo 1 >$G/validate"
check "each file in debugfs can be read" \
	sh -c "find $G -type f -perm -400 -exec cat {} + >/dev/null"
tear_down
