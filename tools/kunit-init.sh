#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# The guest's side of kunit.sh: /init of the kernel under which the suites run.
#
# For each line of /sets, "NAME|parameters of galloc.ko|parameters of the
# suites", load galloc.ko and each /kunit/*.ko, which runs its suites, and unload
# all. What the suites say is on the console; what is said here is only whether
# loading and unloading went well.

PATH=/bin
export PATH
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t debugfs none /sys/kernel/debug
[ -c /dev/null ] || mount -t devtmpfs none /dev
# With GUEST_CONSOLE=early there is no console to inherit.
! grep -q earlyprintk= /proc/cmdline || exec </dev/null >/dev/ttyS0 2>&1
# KTAP lines are information, which `quiet` on the command line leaves out; and
# after an oops nothing that follows can be believed.
dmesg -n 8
echo 1 >/proc/sys/kernel/panic_on_oops

failed=

# Into the kernel's log, so that it stays in order with what the kernel says.
note()
{
	echo "galloc-kunit: $*" >/dev/kmsg
}

# try WHAT COMMAND...: remember the first thing that failed.
try()
{
	local what=$1
	shift

	"$@" && return 0
	note "failed: $what"
	failed=${failed:-$what}
	return 1
}

# load_suites PARAMETER...
load_suites()
{
	local ko

	for ko in /kunit/*.ko; do
		try "insmod ${ko##*/} in set $name" insmod "$ko" "$@"
	done
}

unload_suites()
{
	local ko

	for ko in /kunit/*.ko; do
		ko=${ko##*/}
		try "rmmod ${ko%.ko} in set $name" rmmod "${ko%.ko}"
	done
}

# An object is only called leaked when it is 5 s old; the first scan may still
# see it in a register or on a stack.
scan_for_leaks()
{
	[ -w /sys/kernel/debug/kmemleak ] || return 0
	sleep 6
	echo scan >/sys/kernel/debug/kmemleak || return 0
	echo scan >/sys/kernel/debug/kmemleak
	head -n 100 /sys/kernel/debug/kmemleak
}

sh /faults.sh setup
while IFS='|' read -r name params suite_params; do
	# Where there is a reserve to fill, too.
	# shellcheck disable=SC2086 # several words
	[ "$name" != tight ] || try "faults while loading" sh /faults.sh load $params
	note "set begin $name"
	# shellcheck disable=SC2086 # several words
	if try "insmod galloc.ko in set $name" insmod /galloc.ko $params; then
		load_suites $suite_params
		unload_suites
		try "rmmod galloc in set $name" rmmod galloc
	fi
	note "set end $name"
done </sets
scan_for_leaks

if [ -z "$failed" ]; then
	echo "GUEST: ok"
else
	echo "GUEST: failed: $failed"
fi
poweroff -f
