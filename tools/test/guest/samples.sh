#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# samples.sh NAME...: each sample loads, holds what galloc says is in use, and leaves nothing.
# wordfreq, which needs a text, is in other scripts.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

# held_by NAME: the bytes that a sample says it holds.
held_by()
{
	log_new "^$1: [0-9]* bytes held" | tail -n 1 | sed 's/.*: \([0-9]*\) bytes held.*/\1/'
}

begin $((4 * $# + 3))

load_galloc
for sample; do
	log_mark
	check "$sample loads" load "$sample"
	same "$sample holds what galloc counts" "$(stat_of in_use)" "$(held_by "$sample")"
	check "$sample unloads" unload "$sample"
	same "$sample leaves nothing" "$(stat_of in_use)" 0
done
check "no bad free was reported" sh -c "! grep '^fault_' $G/stats | grep -qv ' 0$'"
check "galloc's accounting is consistent" sh -c "echo 1 >$G/validate"
check "galloc unloads" unload galloc

finish
