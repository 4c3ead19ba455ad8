#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# hotadd.sh: memory hotplug while galloc is in use. The host adds the memory when it
# reads our request; the memory is above all that existed at boot.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/hotadd
BOOT_MB=4096	# physical addresses of the memory there at boot end below

begin 11

node_mb()
{
	awk '/MemTotal/ { print int($4 / 1024) }' /sys/devices/system/node/node1/meminfo
}

# The highest address that the last stress got an object at, in MB.
used_up_to()
{
	log_new 'galloc_stress: memory up to' | sed 's/.*up to \([0-9]*\) MB.*/\1/'
}

plugged()
{
	[ "$(node_mb)" -gt "$had" ]
}

map_grown()
{
	[ "$(stat_of map_grown)" -ge 1 ]
}

# Whenever the memory comes, there is work; each round begins with what is free given
# back, so that it asks for memory.
stress_until_over()
{
	while [ ! -e $tmp/over ]; do
		load galloc_stress ops=300000 live=6000 || echo "status $?" >>$tmp/broken
		unload galloc_stress
		echo 1 >"$G/shrink"
	done
}

had=$(node_mb)
load_galloc
log_mark
check "before: the stress runs" load galloc_stress ops=20000
unload galloc_stress
at_most "before: memory that was there at boot, up to MB" "$(used_up_to)" $BOOT_MB
same "before: the map has not grown" "$(stat_of map_grown)" 0

rm -rf $tmp
mkdir -p $tmp
log_mark
stress_until_over &
usleep 300000
echo "@@ host plug"
check "the node gets memory" wait_until plugged
note "node 1 had $had MB, now $(node_mb) MB"
check "the map has grown" wait_until map_grown
: >$tmp/over
wait
same "meanwhile: all objects kept their marks" "$(cat $tmp/broken 2>/dev/null)" ""

log_mark
echo 1 >"$G/shrink"
check "afterwards: the stress runs" load galloc_stress ops=20000
unload galloc_stress
at_least "afterwards: the new memory is used, up to MB" "$(used_up_to)" $BOOT_MB
echo 1 >"$G/shrink"
check "afterwards: galloc's accounting is consistent" books_agree
check "galloc unloads" unload galloc
same "no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"

finish
