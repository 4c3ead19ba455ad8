#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# hotadd.sh: memory is plugged in while galloc is at work. The host does it, when
# it reads our request; the memory lies above all that was there at boot.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

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
	local n=0

	while [ "$(node_mb)" -le "$had" ]; do
		n=$((n + 1))
		[ "$n" -lt 300 ] || return 1
		usleep 200000
	done
}

had=$(node_mb)
load_galloc
log_mark
check "before: the stress runs" load galloc_stress ops=20000
unload galloc_stress
at_most "before: memory that was there at boot, up to MB" "$(used_up_to)" $BOOT_MB
same "before: the map has not grown" "$(stat_of map_grown)" 0

log_mark
load galloc_stress ops=300000 live=6000 &
usleep 300000
echo "@@ host plug"
check "the node gets memory" plugged
note "node 1 had $had MB, now $(node_mb) MB"
wait $! && rc=0 || rc=$?
same "meanwhile: all objects kept their marks" "$rc" 0
unload galloc_stress
at_least "the map has grown" "$(stat_of map_grown)" 1

log_mark
echo 1 >"$G/shrink"
check "afterwards: the stress runs" load galloc_stress ops=20000
unload galloc_stress
at_least "afterwards: the new memory is used, up to MB" "$(used_up_to)" $BOOT_MB
echo 1 >"$G/shrink"
check "afterwards: galloc's books agree" sh -c "echo 1 >$G/validate"
check "galloc unloads" unload galloc
same "no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"

finish
