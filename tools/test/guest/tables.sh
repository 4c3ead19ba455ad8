#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# tables.sh CPUS NODES CACHES HEAPS: the tables of debugfs on a kernel that is ready for so
# many CPUs and nodes, with so many caches and heaps: each is complete, in a stable order,
# names its units, and is read in no time, while nobody else is kept off the CPU.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/tables
CACHES=$3
HEAPS=$4
# Hundredths of a second; an emulated CPU is ten times slower than one of silicon.
MOST=100
! grep -q 'TCG\|QEMU Virtual' /proc/cpuinfo || MOST=500

begin 23

possible()
{
	awk -F - '{ print $NF + 1 }' "/sys/devices/system/$1/possible"
}

# read_time FILE: the least of three tries, in hundredths of a second, and of some more if a busy
# host was slow in all of these; into the copy.
read_time()
{
	local least='' from took n=0

	while [ $n -lt 3 ] || { [ $n -lt 25 ] && [ "$least" -gt $MOST ]; }; do
		n=$((n + 1))
		from=$(now)
		cat "$G/$1" >"$tmp/$1" || return 1
		took=$(($(now) - from))
		[ "${least:-$took}" -lt "$took" ] || least=$took
	done
	echo "$least"
}

rm -rf $tmp
mkdir -p $tmp
same "CPUs and nodes that there may be" "$(possible cpu) $(possible node)" "$1 $2"
load_galloc
check "a client with $CACHES caches and $HEAPS heaps" load galloc_many caches="$CACHES" heaps="$HEAPS"

for file in stats events classes heaps mcache mheap metrics spans; do
	at_most "$file is read in hundredths of a second" "$(read_time $file)" $MOST
done
same "each cache has a line, with its object" \
	"$(awk '$1 ~ /^many-/ { n++; o += $3; f = NF } END { print n, o, f }' $tmp/classes)" "$CACHES $CACHES 9"
same "each heap has a line, with its bytes" \
	"$(awk '$1 ~ /^heap-/ { n++; b += $4 } END { print n, b }' $tmp/heaps)" "$HEAPS $((HEAPS * 64))"
same "each heap has a metric of each kind" \
	"$(grep -c '^galloc_heap_[a-z_]*{heap="heap-' $tmp/metrics)" $((HEAPS * 5))
same "so has each cache" \
	"$(grep -c '^galloc_cache_[a-z_]*{cache="many-' $tmp/metrics)" $((CACHES * 5))
same "each CPU has a line" "$(awk 'NR > 1' $tmp/mcache | wc -l)" "$(grep -c ^processor /proc/cpuinfo)"
same "each node has its pages" "$(grep -c ' pages used ' $tmp/mheap)" "$2"
same "the spans are all there" "$(awk 'NR > 1 && $6 == 104' $tmp/spans | wc -l)" "$CACHES"
same "names name units, or are bare numbers of things" \
	"$(head -q -n 1 $tmp/classes $tmp/heaps $tmp/mcache $tmp/spans | tr ' ' '\n' | grep . | sort -u |
		grep -vE '_(bytes|objects|refs|pages)$' | tr '\n' ' ')" \
	"address allocs block class cpu hits misses name node objects overflows page pages refused spans state "
cut -d ' ' -f 1 $tmp/classes >$tmp/order
same "the order is the same each time" "$(cut -d ' ' -f 1 "$G/classes" | cmp - $tmp/order && echo same)" same
same "the end is not cut off" "$(tail -n 1 $tmp/classes | cut -d ' ' -f 1) $(tail -n 1 $tmp/heaps | cut -d ' ' -f 1)" \
	"$(printf 'many-%05d heap-%05d' $((CACHES - 1)) $((CACHES + HEAPS - 1)))"
check "gallocstat reads it" sh -c "gallocstat --json | grep -c many- >/dev/null"
unload galloc_many
same "and nothing is left" "$(stat_of in_use)" 0
check "galloc unloads" unload galloc

finish
