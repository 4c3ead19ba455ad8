#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# The guest's side of stock.sh: /init of a stock kernel. Runs the scripts that
# /test/plan names, one a line with its arguments, and says of each how it ended.

PATH=/bin
export PATH
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t debugfs none /sys/kernel/debug
# What the kernel says comes at the end, not in the middle of a line.
dmesg -n 1
# After an oops nothing that follows can be believed.
echo 1 >/proc/sys/kernel/panic_on_oops

chmod +x /test/poke

while read -r script args; do
	start=$(cut -d . -f 1 /proc/uptime)
	echo "@@ begin $script"
	rc=0
	# shellcheck disable=SC2086 # several words
	sh "/test/$script.sh" $args </dev/null || rc=$?
	echo "@@ end $script $rc $(($(cut -d . -f 1 /proc/uptime) - start))"
	for module in galloc_stress galloc_used_up galloc_hog galloc_leak galloc_widen galloc_late \
		galloc_context galloc_misfree galloc_sent galloc_keep wordfreq galloc; do
		grep -q "^$module " /proc/modules || continue
		echo "@@ left $script $module"
		rmmod $module
	done
done </test/plan

echo "@@ begin dmesg"
dmesg | sed 's/^<[0-9]*>//'
echo "@@ end dmesg"
# All is told; whether it is good is for stock.sh to say.
echo "GUEST: ok"
poweroff -f
