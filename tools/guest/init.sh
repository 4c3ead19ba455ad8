#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# init.sh: /init of all guests. Runs /main, which may print "GUEST: failed: why" as its
# last line; if its exit status is 0, the guest has passed.

export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
[ -c /dev/null ] || mount -t devtmpfs none /dev
mount -t debugfs none /sys/kernel/debug
[ ! -d /sys/kernel/tracing ] || mount -t tracefs none /sys/kernel/tracing
# With GUEST_CONSOLE=early there is no console to inherit.
! grep -q earlyprintk= /proc/cmdline || exec </dev/null >/dev/ttyS0 2>&1
[ ! -w /sys/kernel/debug/kcsan ] || echo on >/sys/kernel/debug/kcsan
# Print kernel messages at the end, not within a line.
dmesg -n 1
# After an oops nothing that follows can be believed.
echo 1 >/proc/sys/kernel/panic_on_oops

if sh /main; then
	[ ! -r /sys/kernel/debug/kcsan ] || sed -n 's/^[a-z_]*: /# kcsan &/p' /sys/kernel/debug/kcsan
	echo "GUEST: ok"
fi
poweroff -f
