#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# bed.sh KREL CPUS MB NODES: does this guest have what the tests need? Otherwise they would
# prove nothing. Each node has an equal part of the CPUs, and MB of memory or more; with 0
# nodes the kernel knows of none.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

# A kernel that finds races proves it by one that is planted.
races=0
case $1 in
*-kcsan) races=1 ;;
esac
begin $((6 + ($4 > 0) + 2 * races))

# range FIRST LAST
range()
{
	if [ "$1" -eq "$2" ]; then echo "$1"; else echo "$1-$2"; fi
}

cpus=$2
nodes=$4
dir=/sys/devices/system/node

# The CPUs that each node should have.
parts()
{
	local part=$((cpus / nodes)) node=0

	while [ $node -lt "$nodes" ]; do
		range $((node * part)) $((node * part + part - 1))
		node=$((node + 1))
	done
}

same "the kernel is $1" "$(uname -r)" "$1"
same "$cpus CPUs are online" "$(cat /sys/devices/system/cpu/online)" "$(range 0 $((cpus - 1)))"
if [ "$nodes" -eq 0 ]; then
	check "the kernel knows of no nodes" test ! -e $dir
	at_least "there is memory, in MB" "$(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" "$3"
else
	same "nodes online: $nodes" "$(cat $dir/online)" "$(range 0 $((nodes - 1)))"
	same "each node has CPUs" "$(cat $dir/node*/cpulist | tr '\n' ' ')" "$(parts | tr '\n' ' ')"
	at_least "each node has memory, in MB" \
		"$(awk '/MemTotal/ { print int($4 / 1024) }' $dir/node*/meminfo | sort -n | head -n 1)" "$3"
fi
case $1 in
*-rt-*) same "the kernel is PREEMPT_RT" "$(cat /sys/kernel/realtime 2>/dev/null)" 1 ;;
*) check "the kernel is not PREEMPT_RT" test ! -e /sys/kernel/realtime ;;
esac
case $1 in
*-none) same "the kernel never preempts" "$(uname -v | grep -c PREEMPT)" 0 ;;
*) same "the kernel preempts" "$(uname -v | grep -c PREEMPT)" 1 ;;
esac
if [ $races -eq 1 ]; then
	log_mark
	check "probes, lockdep and KCSAN are alive" load galloc_bed cpus="$cpus" nodes="$nodes" races=1
	at_least "the planted race is reported" "$(log_new 'BUG: KCSAN: ' | grep -c 'race_fn \[galloc_bed\]')" 1
	unload galloc_bed
fi

finish
