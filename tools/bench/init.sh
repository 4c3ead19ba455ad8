#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# The guest's side of bench/run.sh: /main of the kernel under which is measured.

# Those that boot() kept back.
for cpu in /sys/devices/system/cpu/cpu*/online; do
	[ ! -e "$cpu" ] || grep -q 1 "$cpu" || echo 1 >"$cpu"
done

# Without entropy each random number costs the peer ten thousand instructions.
if grep -q random.trust_cpu=on /proc/cmdline && ! dmesg | grep -q 'crng init done'; then
	echo "GUEST: failed: the kernel has no random numbers"
	exit 1
fi
sh /cases.sh /plan /galloc.ko /galloc_bench.ko
