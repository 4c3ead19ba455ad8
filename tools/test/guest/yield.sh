#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# yield.sh: whoever has galloc do much lets others run. Where the kernel does not preempt,
# a task comes late by as long as that takes otherwise: 600 ms once. Each is tried some
# times, and the least counts, since whatever else goes on can only make it more: many
# times on a busy machine, which for most of a second may not run the guest at all. What
# the system itself takes when all of it is kmalloc()'s stands beside it.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

P=/sys/module/galloc_gap/parameters
TRIES=5
TRIES_IF_LATE=25
MOST_MS=100
MB=100

begin 16

# fill SIZE: that much is cached afterwards, in free runs and on stacks.
fill()
{
	echo "$1" >$P/size
	echo $MB >$P/fill
}

# late SIZE COMMAND...: the least of how late others were, in ms; without SIZE nothing is
# cached before.
late()
{
	local size=$1 least='' n=0 ms
	shift

	while { [ $n -lt $TRIES ] && [ "${least:-$MOST_MS}" -ge 10 ]; } ||
		{ [ $n -lt $TRIES_IF_LATE ] && [ "$least" -gt $MOST_MS ]; }; do
		[ -z "$size" ] || fill "$size" || return 1
		echo 0 >$P/late_us
		"$@" || return 1
		ms=$(($(cat $P/late_us) / 1000))
		[ "${least:-$ms}" -lt "$ms" ] || least=$ms
		n=$((n + 1))
	done
	echo "$least"
}

to_file() { echo 1 >"$G/$1"; }
read_all() { cat "$G/stats" "$G/classes" "$G/mheap" "$G/mcache" "$G/spans" >/dev/null; }
drop_caches() { echo 2 >/proc/sys/vm/drop_caches; }
load_all() { load_galloc free_max_mb=4096 cpu_cache_kb=32768 && load galloc_gap; }

# The same, until the worker has done what is left.
settled()
{
	to_file shrink && fill "$1" && wait_until hardly_any_is_left
}

# Of what is neither free nor cached; for a while after reclaim has called the shrinker the
# worker returns what is free.
hardly_any_is_left()
{
	[ $(($(stat_of system) - $(stat_of meta) - $(stat_of free) - $(stat_of cached))) -le \
		$((MB * 100000)) ]
}

slab_shrink()
{
	local file

	for file in /sys/kernel/slab/kmalloc-*/shrink; do
		[ ! -e "$file" ] || echo 1 >"$file"
	done
	drop_caches
}

check "modules load" load_all
at_most "nothing is done: ms" "$(late '' usleep 200000)" $MOST_MS
echo 1 >$P/how
note "kmalloc(): it allocates, frees and shrinks: $(late 64 slab_shrink), $(late 4096 slab_shrink) ms"
echo 0 >$P/how

for size in 64 4096; do
	at_most "shrink of $MB MB, objects of $size bytes: ms" "$(late $size to_file shrink)" $MOST_MS
	at_most "validate: ms, $size bytes" "$(late $size to_file validate)" $MOST_MS
	at_most "debugfs is read: ms, $size bytes" "$(late $size read_all)" $MOST_MS
	at_most "drop_caches: ms, $size bytes" "$(late $size drop_caches)" $MOST_MS
done

# What is freed then, the worker has to do.
echo 2 >$P/how
at_most "pages wait for readers of a cache: ms" "$(late '' settled 4096)" $MOST_MS
echo 3 >$P/how
at_most "gfree_nolock() of much: ms" "$(late '' settled 4096)" $MOST_MS
echo 0 >$P/how

# The last of it goes with galloc.
fill 64
unload galloc_gap
check "galloc unloads with much cached" unload galloc

# All that is free has to go directly to the system, so that it does not count towards the
# limit, before as much can be had in another shape.
load_galloc limit_mb=$((MB + 20)) free_max_mb=4096
load galloc_gap
fill 16384
kept=$(stat_of free)
check "at the limit what is free is had in another shape" fill 4194304
at_least "it was released directly: bytes" "$((kept - $(stat_of free)))" $((40 << 20))
unload galloc_gap
unload galloc
same "no soft lockup" "$(dmesg | grep -c 'soft lockup')" 0

finish
