#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's side of bench/run.sh: /init of the kernel under which is measured.

export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t debugfs none /sys/kernel/debug
dmesg -n 1

B=/sys/kernel/debug/galloc_bench

if insmod /galloc.ko && insmod /galloc_bench.ko metric=instr && echo all >$B/run &&
   cat $B/results >/tmp/results && rmmod galloc_bench && rmmod galloc; then
	echo "@@ begin results"
	cat /tmp/results
	echo "@@ end results"
	echo "GUEST: ok"
else
	dmesg | tail -n 20
	echo "GUEST: failed: the benchmark did not run"
fi
poweroff -f
