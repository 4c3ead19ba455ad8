#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# The guest's side of run.sh: /main of a stock kernel. It loads, feeds, reads and
# unloads, and reports its observations as lines "@ key value" and as texts between
# "@@ begin name" and "@@ end name"; run.sh judges them.

W=/sys/kernel/debug/wordfreq
G=/sys/kernel/debug/galloc

fact()
{
	echo "@ $*"
}

# try KEY COMMAND...: the fact KEY is the command's exit status.
try()
{
	local key=$1 rc=0
	shift

	"$@" || rc=$?
	fact "$key" $rc
}

# table NAME FILE [LINES]: show a file, or the head of it.
table()
{
	echo "@@ begin $1"
	head -n "${3:-1000}" "$2"
	echo "@@ end $1"
	fact "lines-$1" "$(wc -l <"$2")"
}

# stats NAME: galloc/stats, read while nobody moved anything from one of its sums to another. If
# that takes five minutes, as it then is.
stats()
{
	local n=0

	while cat $G/stats >/tmp/stats && ! grep -q '^state *exact$' /tmp/stats && [ $n -lt 3000 ]; do
		n=$((n + 1))
		usleep 100000
	done
	table "$1" /tmp/stats
}

feed()
{
	cat "$1" >$W/text
}

# Pieces of an odd size, so that many words cross from one into the next.
feed_pieces()
{
	dd if="$1" of=$W/text bs=4099 2>/dev/null
}

feed_twice_at_once()
{
	local rc=0

	feed "$1" &
	feed "$1" || rc=$?
	wait $! || rc=$?
	return $rc
}

# count NAME FEEDER: feed the text of that name, tell what was counted.
count()
{
	try "reset-$1" reset_words
	try "feed-$1" "$2" "/text/$1"
	sort $W/words >/tmp/got
	fact "sum-$1" "$(sha256sum </tmp/got)"
	cmp -s /tmp/got "/want/$1" || {
		echo "@@ begin differ-$1"
		diff "/want/$1" /tmp/got | cut -c 1-200 | head -n 10
		echo "@@ end differ-$1"
	}
	table "summary-$1" $W/summary
}

reset_words()
{
	echo 1 >$W/reset
}

load()
{
	try "load-galloc-$1" insmod /galloc.ko
	try "load-wordfreq-$1" insmod /wordfreq.ko
}

unload()
{
	try "unload-wordfreq-$1" rmmod wordfreq
	stats "stats-after-$1"
	try "unload-galloc-$1" rmmod galloc
	fact "held-$1" "$(dmesg | sed -n 's/.*galloc: unloaded, \([0-9]*\) pages held.*/\1/p' | tail -n 1)"
}

fact cpus "$(grep -c '^processor' /proc/cpuinfo)"
fact nodes "$(cat /sys/devices/system/node/node[0-9]*/cpulist | grep -c .)"
load 1
count text feed_pieces
table top $W/top
stats stats
table classes $G/classes
table mheap $G/mheap 24
table mcache $G/mcache 16
unload 1

load 2
count again feed_twice_at_once
count empty feed
count binary feed
count long feed
unload 2

table modules /proc/modules
dmesg >/tmp/dmesg
# run.sh judges the output.
table dmesg /tmp/dmesg
