#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# anywhere.sh [SECONDS]: galloc_nolock() and gfree_nolock() in probes of galloc's own
# sections, in hard timers, and in NMIs, which these and the performance counter send; 4
# seconds by default, and longer where a probe has served nothing by then.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/anywhere

# An emulated processor has no counter.
counters=$(grep -cE '^flags.* (arch_perfmon|perfctr_core)( |$)' /proc/cpuinfo)
[ "$counters" -eq 0 ] || counters=1

begin $((10 + counters))
rm -rf $tmp
mkdir -p $tmp

# Memory is returned meanwhile, which takes the locks of blocks and of the map.
beside()
{
	while [ ! -e $tmp/over ]; do
		echo 1 >"$G/shrink"
		nap 0.05
	done
}

# served WHERE: how many.
served()
{
	log_new "galloc_anywhere: $1: " | sed 's/.* \([0-9]*\) served.*/\1/'
}

load_galloc
log_mark
beside &
rc=0
load galloc_anywhere seconds="${1:-4}" || rc=$?
: >$tmp/over
wait
[ $rc -ne 0 ] || unload galloc_anywhere
log_new 'galloc_anywhere: ' | sed 's/^galloc_anywhere: /# /'
same "all objects kept their marks" "$(log_new '[0-9] marks were lost')" "galloc_anywhere: 0 marks were lost"
same "each probe was planted, and served objects" \
	"$(log_new 'galloc_anywhere: missing: ' | sed 's/.*: missing: //' | tr '\n' ',')" ""
for where in "under a lock" "in a span" timer NMI; do
	at_least "objects served, $where" "$(served "$where")" 1
done
[ "$counters" -eq 0 ] ||
	at_least "objects served, in NMIs of the performance counter" "$(served counter)" 1
echo 1 >"$G/shrink"
check "galloc's accounting is consistent" books_agree
check "the totals are exact" stats_at_rest $tmp/stats
same "nothing is in use, and no fault was seen" \
	"$(awk '$1 == "in_use_bytes" { print $2 } /^fault_/ { n += $2 } END { print n + 0 }' $tmp/stats | tr '\n' ' ')" "0 0 "
unload galloc
same "no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"

finish
