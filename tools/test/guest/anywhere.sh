#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# anywhere.sh [SECONDS]: galloc_nolock() and gfree_nolock() in probes of galloc's own
# sections, in hard timers, and in NMIs that these send; 4 seconds by default.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/anywhere

begin 9
rm -rf $tmp
mkdir -p $tmp

# Memory is returned meanwhile, which takes the locks of blocks and of the map.
beside()
{
	while [ ! -e $tmp/over ]; do
		echo 1 >"$G/shrink"
		usleep 50000
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
same "all objects kept their marks" "$rc" 0
for where in "under a lock" "in a span" timer NMI; do
	at_least "objects served, $where" "$(served "$where")" 1
done
echo 1 >"$G/shrink"
check "galloc's accounting is consistent" books_agree
check "the totals are exact" stats_at_rest $tmp/stats
same "nothing is in use, and no fault was seen" \
	"$(awk '$1 == "in_use_bytes" { print $2 } /^fault_/ { n += $2 } END { print n + 0 }' $tmp/stats | tr '\n' ' ')" "0 0 "
unload galloc
same "no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"

finish
