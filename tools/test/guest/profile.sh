#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# profile.sh: the heap profile names the call chain that leaks, and how much it holds; and
# what is freed leaves it, also while the distance of samples, and what CPUs may cache,
# change.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

C=/sys/module/galloc_chains/parameters
KNOBS=/sys/module/galloc/parameters
SEEDS=20
KB=16

begin 12

# by_chain: estimates of the bytes that each of the five chains holds, in one line.
by_chain()
{
	awk '
		/^entry / { bytes = $3 }
		match($0, / chain_[a-e]\+/) { sum[substr($0, RSTART + 7, 1)] += bytes }
		END { for (i = 1; i <= 5; i++) printf "%d ", sum[substr("abcde", i, 1)] }' "$G/profile/heap"
}

# near SEED: is the chain that leaks the largest, and within three standard deviations of
# what it holds?  A byte that is held is sampled with one in KB, so the variance is at most
# bytes times that.  Prints "named" and "near" where that is so.
near()
{
	echo "$1" >$C/seed || return 1
	{ tr ',' ' ' <$C/held; by_chain; } | awk -v leak=$(($1 % 5 + 1)) -v mean=$((KB * 1024)) '
		NR == 1 { held = $leak }
		NR == 2 {
			for (i = 1; i <= 5; i++)
				larger += i != leak && $i >= $leak
			off = $leak - held
			print larger ? "" : "named", off * off <= 9 * held * mean ? "near" : ""
		}'
}

# of KEY: a number of the head of profile/heap.
of()
{
	awk -v key="$1" '$1 == key { print $2 }' "$G/profile/heap"
}

# traffic: the stress, with the knobs turned all the while.
traffic()
{
	load galloc_stress ops="$STRESS" live=256 &
	while kill -0 $! 2>/dev/null; do
		for kb in 1 64 0 512; do
			echo "$kb" >"$KNOBS/sample_kb"
			echo $((64 + kb * 4)) >"$KNOBS/cpu_cache_kb" || return 1
		done
	done
	wait $!
	unload galloc_stress
}

STRESS=${STRESS:-20000}
load_galloc sample_kb=$KB
same "there is one, by default" "$(cat $KNOBS/sample_kb)" $KB
same "with a first and a last line" "$(sed -n '1p;$p' "$G/profile/heap" | tr '\n' ' ')" "version 1 end "
load galloc_chains
: >/tmp/near
for seed in $(seq $SEEDS); do
	near "$seed" >>/tmp/near
done
same "of $SEEDS seeds each time the chain that leaks is the largest" "$(grep -c named /tmp/near)" $SEEDS
at_least "and within 3 sigma of the truth, but for 1 in 370" "$(grep -c near /tmp/near)" $((SEEDS - 2))
same "galloc-pprof names it, with the module" \
	"$(galloc-pprof --top | grep -o 'chain_.*' | head -n 1 | sed 's/+[^ ]*//')" "chain_a [galloc_chains]"
check "and writes what gzip reads" sh -c 'galloc-pprof | gunzip | tr "\\0" "\\n" | grep -q chain_a'
same "the peak is no less than what is in use" "$(($(of peak_bytes) >= $(of live_bytes)))" 1
at_least "all that was sampled is in allocs" "$(awk '$1 == "entry" { n += $6 } END { print n }' "$G/profile/allocs")" \
	"$(of alloc_samples)"
unload galloc_chains
same "what is freed is no longer in use" "$(of live_samples) $(of live_bytes)" "0 0"
check "the distance changes under traffic" traffic
# What waits for a grace period is still live.
echo 1 >"$G/shrink"
same "and nothing is left" "$(of live_samples)" 0
check "galloc's accounting is consistent" sh -c "echo 1 >$G/validate"
unload galloc

finish
