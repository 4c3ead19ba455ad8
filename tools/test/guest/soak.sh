#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# soak.sh MINUTES SEED: the stress and clients of every kind, for hours, while everything
# around them changes: by a random choice, with the rates of `rates` below, CPUs and blocks
# of memory come and go, memory is used up, limits and other parameters change, caches are
# dropped, the system is suspended, debugfs is read, objects are watched and traced.
#
# A line a minute says what is held; validate and the counters of faults are looked at as
# often. Every ten minutes all of it ends: nothing may be in use, galloc must unload, and
# the memory that is then free must not get less.
#
# Functions are called by the name that they were given, and numbers are not quoted.
# shellcheck disable=SC2317,SC2086

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

minutes=${1:-10} rng=${2:-1}
tmp=/tmp/soak
P=/sys/module/galloc/parameters
ERA=10

begin 5

# below N: set $n to a random number.
below()
{
	rng=$(((rng * 1103515245 + 12345) & 2147483647))
	n=$((rng / 65536 % $1))
}

# one_of WORD...: set $word to one of them.
one_of()
{
	below $#
	shift "$n"
	word=$1
}

# ---- what happens ----------------------------------------------------------------
#
# Each of these may be refused, for lack of memory above all, and must not do harm.

cpu()
{
	one_of 1 2 3
	echo 0 >/sys/devices/system/cpu/cpu"$word"/online
	below 40
	usleep "${n}0000"
	echo 1 >/sys/devices/system/cpu/cpu"$word"/online
}

block()
{
	local state

	# shellcheck disable=SC2046 # several words
	one_of $(ls -d /sys/devices/system/node/node1/memory*)
	state=$word/state
	# The kernel tries for ever, unless there is a signal.
	timeout 3 sh -c "echo offline >$state"
	grep -q online "$state" || echo online >"$state"
}

little()
{
	one_of 0 1
	load galloc_hog node="$word" leave_mb=32 && usleep 300000
	unload galloc_hog
}

limit()
{
	one_of 8 24 64 0
	echo "$word" >$P/limit_mb
	usleep 500000
	echo 0 >$P/limit_mb
}

knobs()
{
	one_of 16 64 256 1024
	echo "$word" >$P/cpu_cache_kb
	one_of 0 1 8 32
	echo "$word" >$P/free_max_mb
	one_of 0 64 512
	echo "$word" >$P/sample_kb
}

shrink()
{
	echo 1 >"$G/shrink"
	echo 3 >/proc/sys/vm/drop_caches
}

readers()
{
	cd "$G" || return
	cat stats events classes mheap mcache spans metrics leaks
	# It has thousands of stacks, each with twenty symbols to look up.
	head -c 100000 profile/heap
}

watch()
{
	below 60
	echo "class=$n on" >"$G/debug"
	usleep 200000
	echo "class=$n off" >"$G/debug"
}

traced()
{
	echo 1 >/sys/kernel/tracing/events/galloc/enable
	usleep 200000
	echo 0 >/sys/kernel/tracing/events/galloc/enable
	echo >/sys/kernel/tracing/trace
}

suspend()
{
	echo devices >/sys/power/pm_test && echo freeze >/sys/power/state
}

sample()
{
	one_of hello cache heap prefill nolock
	load "$word" && unload "$word"
}

client()
{
	load wordfreq && cat /test/text >"$W/text" && cat "$W/words" >$tmp/words
	unload wordfreq
	[ ! -s $tmp/words ] || sort $tmp/words | sha256sum >>$tmp/sums
}

# How often each of them is chosen.
rates="cpu 10 block 3 little 3 limit 4 knobs 8 shrink 8 readers 12 watch 8 traced 6 suspend 1 sample 10 client 10"

chosen()
{
	local name all=0

	for name in $rates; do
		case $name in [0-9]*) all=$((all + name)) ;; esac
	done
	below $all
	set -- $rates
	while [ "$n" -ge "$2" ]; do
		n=$((n - $2))
		shift 2
	done
	name=$1
	("$name") >/dev/null 2>&1
	echo "$name" >>$tmp/done
	below 30
	usleep "${n}0000"
}

# The stress, one after the other until the era is over.
stress()
{
	while [ ! -e $tmp/over ]; do
		one_of "live=4096 max_size=512 huge=0" "live=4096" "live=6 min_size=2048 max_size=6000 huge=0" \
			"live=1000 min_size=4096 max_size=32768 huge=500"
		if load galloc_stress ops=100000 $word 2>/dev/null; then
			echo 100000 >>$tmp/ops
		else
			echo "the stress: $word" >>$tmp/broken
		fi
		unload galloc_stress
	done
}

# ---- what is looked at --------------------------------------------------------------

nr_faults()
{
	grep '^fault_' "$G/stats" | grep -vc ' 0$'
}

minute()
{
	local state faults

	echo 1 >"$G/validate" 2>/dev/null
	state=$(head -n 1 "$G/validate")
	faults=$(nr_faults)
	case "$state $faults" in
	"state ok 0" | "state racy 0") ;;
	*) echo "minute $1: $state, $faults kinds of faults" >>$tmp/broken ;;
	esac
	note "minute $1: in use $(stat_of in_use), system $(stat_of system), ${state#state }," \
		"$(grep -c . $tmp/done) things done, $(awk '{ n += $1 } END { print n + 0 }' $tmp/ops) operations"
}

free_kb()
{
	echo 3 >/proc/sys/vm/drop_caches
	usleep 500000
	awk '/^MemAvailable/ { print $2 }' /proc/meminfo
}

# era FROM TO: the minutes.
era()
{
	local at=$1 start

	rm -f $tmp/over
	log_mark
	load_galloc || { echo "galloc does not load" >>$tmp/broken; return 1; }
	stress &
	while [ "$at" -le "$2" ]; do
		start=$(now)
		while [ $(($(now) - start)) -lt 6000 ]; do chosen; done
		minute "$at"
		at=$((at + 1))
	done
	: >$tmp/over
	wait
	echo 1 >"$G/shrink"
	books_agree || echo "minute $2: the accounting is wrong" >>$tmp/broken
	[ "$(stat_of in_use)" -eq 0 ] || echo "minute $2: $(stat_of in_use) bytes are in use" >>$tmp/broken
	unload galloc
	[ "$(log_new 'galloc: unloaded')" = "galloc: unloaded, 0 pages held" ] ||
		echo "minute $2: $(log_new 'galloc: unloaded')" >>$tmp/broken
}

rm -rf $tmp
mkdir -p $tmp
: >$tmp/done
: >$tmp/ops
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
# Its test of the devices alone.
echo 1 >/sys/module/suspend/parameters/pm_test_delay 2>/dev/null
note "seed $rng, rates $rates"
last=0 first_free='' after=''
while [ "$last" -lt "$minutes" ]; do
	from=$((last + 1))
	last=$((last + ERA < minutes ? last + ERA : minutes))
	era $from $last
	after=$(free_kb)
	note "minute $last: $after KiB are available without galloc"
	# In the first ten minutes the kernel fills what it keeps.
	first_free=${first_free:-$after}
done
same "nothing went wrong" "$(sort $tmp/broken 2>/dev/null | uniq -c | head -n 5)" ""
same "each client got the same result" "$(sort -u $tmp/sums 2>/dev/null | wc -l)" 1
same "all of it happened" "$(for name in $(echo "$rates" | tr -d '0-9'); do grep -qx "$name" $tmp/done || echo "$name"; done)" ""
at_least "memory is flat: KiB available at the end" "$after" $((first_free * 98 / 100))
same "nobody was killed" "$(dmesg | grep -c 'Out of memory: Killed')" 0
finish
