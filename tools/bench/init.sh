#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The guest's side of bench/run.sh: /init of the kernel under which is measured.

export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
[ -c /dev/null ] || mount -t devtmpfs none /dev
mount -t debugfs none /sys/kernel/debug
dmesg -n 1
# Those that boot() kept back.
for cpu in /sys/devices/system/cpu/cpu*/online; do
	[ ! -e "$cpu" ] || grep -q 1 "$cpu" || echo 1 >"$cpu"
done

if sh /cases.sh /plan /galloc.ko /galloc_bench.ko; then
	echo "GUEST: ok"
else
	echo "GUEST: failed: see above"
fi
poweroff -f
