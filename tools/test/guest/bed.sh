#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# bed.sh KREL: is this guest what the tests take it for? Otherwise they would
# pass for nothing.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

begin 6

same "the kernel is $1" "$(uname -r)" "$1"
same "four CPUs are online" "$(cat /sys/devices/system/cpu/online)" 0-3
same "two nodes are online" "$(cat /sys/devices/system/node/online)" 0-1
same "each node has CPUs" \
	"$(cat /sys/devices/system/node/node0/cpulist /sys/devices/system/node/node1/cpulist | tr '\n' ' ')" "0-1 2-3 "
at_least "each node has memory, in MB" \
	"$(awk '/MemTotal/ { print int($4 / 1024) }' /sys/devices/system/node/node*/meminfo | sort -n | head -n 1)" 200
case $1 in
*-rt-*) same "the kernel is PREEMPT_RT" "$(cat /sys/kernel/realtime 2>/dev/null)" 1 ;;
*) check "the kernel is not PREEMPT_RT" test ! -e /sys/kernel/realtime ;;
esac

finish
