#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# memory.sh: memory pressure, no memory, fragmented memory.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/memory

begin 27

# Memory that galloc could return: free runs, and objects that CPUs cache.
idle_bytes()
{
	echo $(($(stat_of free) + $(stat_of cached)))
}

# Make galloc hold unused memory; it keeps up to free_max_mb of it.
fill()
{
	load galloc_stress ops=60000 live=20000 min_size=512 max_size=16384 huge=0 &&
		unload galloc_stress
}

idle_below()
{
	[ "$(idle_bytes)" -le "$1" ]
}

# fill_above BYTES: the system may have some of it back meanwhile, then once more.
fill_above()
{
	local n=0

	while fill && [ "$(idle_bytes)" -lt "$1" ]; do
		n=$((n + 1))
		[ "$n" -lt 20 ] || return 1
	done
}

# Once more, for what CPUs had cached and have drained since.
dropped_below()
{
	echo 2 >/proc/sys/vm/drop_caches
	idle_below "$1"
}

# Allocations of the last stress that got nothing. With PREEMPT_RT those of hard
# interrupts do not count: pages may not be allocated there.
failed_allocations()
{
	local but=-

	[ ! -e /sys/kernel/realtime ] || but=hardirq:
	log_new 'failed allocations' | grep -v "stress: $but" | sed 's/.* \([0-9]*\) failed.*/\1/' |
		awk '{ n += $1 } END { print n + 0 }'
}

# kb_of KEY: of /proc/meminfo.
kb_of()
{
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

# What galloc and others have told the kernel that they could give, but the slab allocator.
misc_reclaimable()
{
	awk '/^KReclaimable:/ { n += $2 } /^SReclaimable:/ { n -= $2 } END { print n }' /proc/meminfo
}

words_sum()
{
	sort "$W/words" | sha256sum
}

rm -rf $tmp
mkdir -p $tmp

# ---- reclaim ----------------------------------------------------------------------

reclaimable=$(kb_of KReclaimable)
misc=$(misc_reclaimable)
load_galloc free_max_mb=4096
check "idle memory gathers in galloc" fill_above 20000000
before=$(idle_bytes)
# The kernel counts in batches of some pages a processor.
at_least "free runs count as reclaimable, kB" $(($(kb_of KReclaimable) - reclaimable)) \
	$(($(stat_of free) / 1280 - 2048))
at_least "unused bytes" "$before" 20000000
runs=$(stat_of shrinker_runs)
check "drop_caches: nine tenths of them go back" wait_until dropped_below $((before / 10))
at_least "drop_caches: the shrinker ran" $(($(stat_of shrinker_runs) - runs)) 1
check "drop_caches: galloc's accounting is consistent" books_agree

# For a second after reclaim freed memory is returned without a request.
sleep 3
check "20 MB that nobody uses, once more" fill_above 20000000
before=$(idle_bytes)
runs=$(stat_of shrinker_runs)
# Reclaim starts with this much memory still free, so that nothing is killed.
watermark=$(cat /proc/sys/vm/min_free_kbytes)
echo 65536 >/proc/sys/vm/min_free_kbytes
check "memory gets short" load galloc_hog reclaim=1 leave_mb=36
# Reclaim frees memory of all users, and stops when it has enough.
check "short of memory: half of them is returned" wait_until idle_below $((before / 2))
at_least "short of memory: the shrinker ran" $(($(stat_of shrinker_runs) - runs)) 1
echo "$watermark" >/proc/sys/vm/min_free_kbytes
unload galloc_hog
check "galloc unloads" unload galloc

# ---- no memory ---------------------------------------------------------------------

load_galloc free_max_mb=1
load wordfreq
cat /test/text >"$W/text"
want=$(words_sum)
load galloc_hog leave_mb=50
log_mark
check "no memory: the stress finishes, all marks intact" \
	load galloc_stress ops=60000 live=30000 min_size=4096 max_size=16384 huge=0
unload galloc_stress
at_least "no memory: allocations got NULL" "$(failed_allocations)" 100
at_least "no memory: they were counted" "$(stat_of alloc_failed)" "$(failed_allocations)"
at_least "no memory: and so were the requests for pages" "$(stat_of grow_failed)" 100
same "no memory: another client has all its words" "$(words_sum)" "$want"
unload galloc_hog
log_mark
check "memory is back: the stress runs" \
	load galloc_stress ops=60000 live=2000 min_size=4096 max_size=16384 huge=0
unload galloc_stress
same "memory is back: each allocation succeeds" "$(failed_allocations)" 0
unload wordfreq
check "galloc unloads after it" unload galloc

# ---- only fragments ------------------------------------------------------------------

# The system keeps more blocks to itself when it has met fragments.
echo 0 >/proc/sys/vm/watermark_boost_factor
check "memory is cut into units of 8 pages" load galloc_hog order=3 half=1 leave_mb=0
load_galloc free_max_mb=1
log_mark
check "fragments: the stress runs" \
	load galloc_stress ops=100000 live=30000 min_size=512 max_size=4096 huge=0
unload galloc_stress
same "fragments: each allocation succeeds" "$(failed_allocations)" 0
at_least "fragments: chunks of fall-back orders were taken" "$(stat_of grow_fallback_orders)" 100
at_most "fragments: chunks of the order wanted, which CPUs still had on their lists" \
	$(($(stat_of grow_chunks) - $(stat_of grow_fallback_orders))) 256
check "fragments: galloc's accounting is consistent" books_agree
unload galloc
unload galloc_hog
# It counts in batches, see above; galloc has been unloaded three times.
at_most "nothing counts as reclaimable when galloc is gone, kB" $(($(misc_reclaimable) - misc)) 2048
same "no OOM kill" "$(dmesg | grep -c 'Out of memory')" 0

finish
