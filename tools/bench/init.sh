#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's side of bench/run.sh: /init of the kernel under which is measured.
# /plan says what: galloc_bench.ko's parameters, then the cases, one a line.

export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
[ -c /dev/null ] || mount -t devtmpfs none /dev
mount -t debugfs none /sys/kernel/debug
dmesg -n 1

B=/sys/kernel/debug/galloc_bench

fail()
{
	dmesg | tail -n 20
	echo "GUEST: failed: $*"
	poweroff -f
}

run_plan()
{
	local params

	read -r params
	insmod /galloc.ko || fail "galloc.ko does not load"
	# shellcheck disable=SC2086 # several words
	insmod /galloc_bench.ko $params || fail "galloc_bench.ko does not load"
	while read -r what; do
		echo "@ case $what"
		echo "$what" >$B/run || fail "case $what"
	done
}

run_plan </plan
echo "@@ begin results"
cat $B/results
echo "@@ end results"
rmmod galloc_bench || fail "galloc_bench does not unload"
rmmod galloc || fail "galloc does not unload"
echo "GUEST: ok"
poweroff -f
