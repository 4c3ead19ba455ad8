#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# params.sh: each module parameter, against Documentation/usage.rst. Invalid
# values are refused, with one line that has the parameter and what is
# allowed; all others load, and can be read.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

POKE=${POKE:-/test/poke}
PARAMETERS=/sys/module/galloc/parameters

begin 93

# refused "PARAMETERS" MESSAGE: by EINVAL and that line alone, without its prefix.
refused()
{
	log_mark
	same "$1: is refused" "$("$POKE" load "$MODULES/galloc.ko" "$1")" EINVAL
	same "$1: one line has the reason" "$(log_new galloc | tr '\n' ';')" "galloc: $2;"
	! loaded galloc || unload galloc
}

# taken "PARAMETERS" KEY VALUE: it loads, and stats shows KEY, VALUE in bytes.
taken()
{
	local param want

	# shellcheck disable=SC2086 # several parameters
	if ! load_galloc $1; then
		not_ok "$1: loads" "it does not"
		return
	fi
	for param in $1; do
		want=${param#*=}
		[ "$(cat "$PARAMETERS/${param%%=*}")" = "$want" ] || break
		param=
	done
	same "$1: loads, and can be read back" "$param" ""
	[ -z "$2" ] || same "$1: is in use" "$2 $(stat_of "$2")" "$2 $3"
	unload galloc
}

# changed NAME VALUE KEY BYTES: while galloc is there, and stats shows it.
changed()
{
	echo "$2" >"$PARAMETERS/$1"
	same "$1=$2: is in use at once" "$(stat_of "$3")" "$4"
}

# kept NAME VALUE: is refused, and the old one stays.
kept()
{
	local was

	was=$(cat "$PARAMETERS/$1")
	! echo "$2" >"$PARAMETERS/$1" 2>/dev/null
	same "$1=$2: is refused while galloc works, and nothing changes" \
		"$? $(cat "$PARAMETERS/$1")" "0 $was"
}

# Settings that change all the time, until there is a file "over".
turn_knobs()
{
	while [ ! -e /tmp/over ]; do
		for value in 1 64 2 0; do
			echo $value >"$PARAMETERS/limit_mb"
			echo $((value - 1)) >"$PARAMETERS/free_max_mb"
			nap 0.02
		done
	done
}

# Get the kernel's message about the first out-of-tree module out of the way.
load_galloc
unload galloc

all_mb=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) / 1024))

for name in limit_mb reserve_mb; do
	refused "$name=17592186044416" "$name=17592186044416 is out of range: 0 to 17592186044415"
done
refused "free_max_mb=17592186044416" "free_max_mb=17592186044416 is out of range: -1 to 17592186044415"
refused "free_max_mb=-2" "free_max_mb=-2 is out of range: -1 to 17592186044415"
refused "sample_kb=1048577" "sample_kb=1048577 is out of range: 0 to 1048576"
refused "limit_mb=8 reserve_mb=16" "reserve_mb=16 is more than limit_mb=8: at most 8"
refused "reserve_mb=$all_mb" "reserve_mb=$all_mb exceeds system memory: at most $((all_mb - 1))"
# More than is available now, and nearly as much: by ENOMEM, before any is taken, and
# nothing is killed for it.
available=$(($(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) / 1024))
for much in $((available + 10)) $((available * 98 / 100)); do
	log_mark
	same "reserve_mb of what is available, or more: is refused" \
		"$("$POKE" load "$MODULES/galloc.ko" "reserve_mb=$much")" ENOMEM
	same "reserve_mb of what is available, or more: is reported, and nothing is killed" \
		"$(log_new 'not enough memory\|Out of memory' | tr '\n' ';')" \
		"galloc: reserve_mb=$much: not enough memory;"
	! loaded galloc || unload galloc
done
for kb in 0 63 65537; do
	refused "cpu_cache_kb=$kb" "cpu_cache_kb=$kb is out of range: 64 to 65536"
done
for kb in -2 65537; do
	refused "atomic_reserve_kb=$kb" "atomic_reserve_kb=$kb is out of range: -1 to 65536"
done
refused "limit_mb=1 atomic_reserve_kb=1025" "atomic_reserve_kb=1025 is more than limit_mb=1: at most 1024"
refused "fault=stop" "fault=stop is unknown: report, oops or panic"
refused "fault=" "fault= is unknown: report, oops or panic"
refused "debug=maybe" "debug=maybe: 0, 1, all, large, class=1 to 67, cache=NAME or heap=NAME, at most 16"
refused "debug=class=68" "debug=class=68: 0, 1, all, large, class=1 to 67, cache=NAME or heap=NAME, at most 16"
# These the kernel refuses by itself.
for value in abc -1 0x 12cows; do
	refused "limit_mb=$value" "\`$value' invalid for parameter \`limit_mb'"
done

taken "limit_mb=0" limit 0
taken "limit_mb=64 reserve_mb=32" limit 67108864
taken "reserve_mb=8" reserve 8388608
taken "free_max_mb=0" free_max 0
taken "cpu_cache_kb=64" cpu_cache 65536
taken "cpu_cache_kb=65536" cpu_cache 67108864
taken "atomic_reserve_kb=300" atomic_reserve 307200
taken "atomic_reserve_kb=0" atomic_reserve 0
taken "sample_kb=0" sample 0
taken "sample_kb=1048576" sample 1073741824
taken "debug=1" debug 1
taken "debug=0" debug 0
taken "debug=class=15,cache=some" debug 0
taken "fault=report"
taken "fault=oops"
taken "fault=panic"

load_galloc reserve_mb=2
changed limit_mb 64 limit 67108864
changed free_max_mb 7 free_max 7340032
changed free_max_mb -1 free_max 2359296
changed cpu_cache_kb 64 cpu_cache 65536
changed sample_kb 0 sample 0
changed sample_kb 16 sample 16384
kept sample_kb 1048577
kept sample_kb -1
kept cpu_cache_kb 63
kept limit_mb 17592186044416
kept limit_mb 1
kept free_max_mb -2
kept free_max_mb cow
unload galloc

load_galloc
turn_knobs &
load galloc_stress ops=100000
same "the limits change under load: all objects keep their marks" $? 0
: >/tmp/over
wait
unload galloc_stress
check "and galloc's accounting is consistent" books_agree
# Below what is held: a client has a MiB, and more.
echo 0 >"$PARAMETERS/limit_mb"
load galloc_heaps
echo 1 >"$PARAMETERS/limit_mb"
held=$(stat_of system)
load galloc_stress ops=20000
at_most "a limit below what is held: nothing is added" "$(stat_of system)" "$held"
unload galloc_stress
unload galloc_heaps
unload galloc

log_mark
check "nosuch=1: loads nevertheless" load_galloc nosuch=1
same "nosuch=1: the kernel ignores it" "$(log_new nosuch)" "galloc: unknown parameter 'nosuch' ignored"
unload galloc

finish
