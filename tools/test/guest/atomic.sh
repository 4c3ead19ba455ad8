#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# atomic.sh: atomic_reserve_kb. A caller with interrupts off gets that much when a task has
# used up everything else; see tools/stress/galloc_used_up.c.

# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

# The large ones first: a burst leaves the reserve in pieces.
SIZES="20000 4096 1000 64"
KB=1024

realtime=
[ ! -e /sys/kernel/realtime ] || realtime=y
per_burst=$((2 * $(echo "$SIZES" | wc -w) + 1))
begin $((2 + per_burst + ${realtime:+-per_burst} + per_burst))

# filled: the worker has completed it.
filled()
{
	[ "$(stat_of atomic_reserve)" -eq $((KB * 1024)) ]
}

# burst NAME MODE: each size. The rest of each span may be lost.
burst()
{
	local bytes said ours

	for bytes in $SIZES; do
		check "$1: the reserve is complete" wait_until filled
		said=$(used_up ': \([0-9]* objects .*\)' size="$bytes" atomic="$2")
		ours=${said%% *}
		note "$said"
		at_least "$1: bytes in objects of $bytes, of $((KB * 1024))" \
			$((${ours:-0} * bytes)) $((KB * 1024 * 4 / 5))
	done
}

load_galloc
same "by default it is what is documented" "$(stat_of atomic_reserve)" $((${realtime:+KB * 1024} + 0))
unload galloc

load_galloc atomic_reserve_kb=$KB limit_mb=16
at_most "it counts against the limit" "$(stat_of system)" $((16 << 20))
burst "at the limit" 1
check "galloc's accounting is consistent" sh -c "echo 1 >$G/validate"
unload galloc

# With interrupts off PREEMPT_RT gives nobody a page: nothing is to be used up.
if [ -z "$realtime" ]; then
	load_galloc atomic_reserve_kb=$KB
	burst "without a free page" 2
	check "galloc's accounting is consistent" sh -c "echo 1 >$G/validate"
	unload galloc
fi

finish
