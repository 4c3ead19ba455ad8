#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# The guest's side of kunit.sh: /main of the kernel under which the suites run.
#
# First the guest proves that it matches /bed/is, the parameters of galloc_bed.ko.
# Then for each line of /sets, "NAME|parameters of galloc.ko|parameters of the
# suites", it loads galloc.ko and galloc_kunit.ko, which runs the suites, looks
# for leaks, and unloads all. Modules and suites report on the console; this script
# reports only whether loading and unloading succeeded.

# KTAP lines are information, which `quiet` on the command line leaves out.
dmesg -n 8

failed=

# To the kernel's log, in order with the kernel's own messages.
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

# What a kernel counts that can; see coverage.sh. The files have no size: they are read
# before they are packed.
print_counts()
{
	local file

	[ -d /sys/kernel/debug/gcov ] || return 0
	dmesg -n 1
	mkdir -p /tmp/gcov
	find /sys/kernel/debug/gcov -name '*.gcda' | while read -r file; do
		cat "$file" >"/tmp/gcov/${file##*/}"
	done
	echo "@@ begin gcov"
	tar -czf - -C /tmp/gcov . | base64
	echo "@@ end gcov"
}

end()
{
	print_counts
	[ -n "$failed" ] || exit 0
	echo "GUEST: failed: $failed"
	exit 1
}

# Files that tests need, and that only a bed with all its checks has.
# shellcheck disable=SC2317 # try calls it
debug_files()
{
	local file

	for file in kmemleak fail_page_alloc/min-order failslab/ignore-gfp-wait; do
		[ -w "/sys/kernel/debug/$file" ] || { note "failed: no debugfs file $file"; return 1; }
	done
	[ -w /sys/devices/system/cpu/cpu1/online ] || { note "failed: no processor can be removed"; return 1; }
	! dmesg | grep -q 'ODEBUG disabled' || { note "failed: debug objects have turned themselves off"; return 1; }
}

# shellcheck disable=SC2317 # try calls it
planted_race()
{
	dmesg | grep -q 'KCSAN: data-race in race_fn \[galloc_bed\]'
}

# A guest that falls short of its bed would pass tests that it cannot fail.
prove_bed()
{
	bed=$(cat /bed/is)
	case $bed in
	*debug=1*) debug=1 ;;
	esac
	# shellcheck disable=SC2086 # several words
	try "the bed falls short" insmod /bed/galloc_bed.ko $bed || end
	[ -z "$debug" ] || try "the bed falls short" debug_files || end
	case $bed in
	*races=1*) try "the planted race is reported" planted_race || end ;;
	# From here on a warning that no test announced is the end. To KCSAN each race of the
	# kernel's own would be one.
	*) echo 1 >/proc/sys/kernel/panic_on_warn ;;
	esac
	note "bed proved"
}

# load_suites PARAMETER...
load_suites()
{
	try "insmod galloc_kunit_guest.ko in set $name" insmod /kunit/galloc_kunit_guest.ko "$@"
	try "insmod galloc_kunit.ko in set $name" insmod /kunit/galloc_kunit.ko
}

unload_suites()
{
	try "rmmod galloc_kunit in set $name" rmmod galloc_kunit
	try "rmmod galloc_kunit_guest in set $name" rmmod galloc_kunit_guest
}

# The leaks that kmemleak lists, but for the one that galloc_bed.ko has planted, and
# those of the kernel itself: until 6.2 a slab cache that sysfs has no memory for
# leaks its name.
unplanted_leaks()
{
	awk '
	/^unreferenced object/ { flush() }
	{ block = block $0 "\n" }
	END { flush() }
	function flush()
	{
		if (block !~ /galloc-bed|sysfs_slab_add/)
			printf "%s", block
		block = ""
	}' /sys/kernel/debug/kmemleak
}

# scan_for_leaks SCANS WHEN: the planted leak must be found, and nothing else.
#
# It takes two scans to call an object leaked, for it must not have changed since
# the one before, and be 5 s old; each takes 4 s and more. What one has seen for
# the first time is reported by the next, whenever that comes.
scan_for_leaks()
{
	local n start

	[ -n "$debug" ] || return 0
	start=$(cut -d . -f 1 /proc/uptime)
	note "expect new suspected memory leaks"
	for n in $(seq "$1"); do
		while [ "$n" -gt 1 ] && [ $(($(cut -d . -f 1 /proc/uptime) - start)) -lt 6 ]; do
			sleep 1
		done
		echo scan >/sys/kernel/debug/kmemleak
	done
	note "expect end"
	try "the planted leak is found $2" grep -q galloc-bed /sys/kernel/debug/kmemleak
	# A leak that a register or a stack hid from these scans is found by later ones.
	for n in 1 2 3; do
		unplanted_leaks >/tmp/leaks
		[ -s /tmp/leaks ] || break
		sleep 6
		note "expect new suspected memory leaks"
		echo scan >/sys/kernel/debug/kmemleak
		note "expect end"
	done
	unplanted_leaks >/tmp/leaks
	[ ! -s /tmp/leaks ] || { head -n 100 /tmp/leaks; try "no leak $2" false; }
	note "leak scan $2 done"
}

# After the suites, with objects of galloc's that memory of the kernel's hangs on.
look_for_leaks()
{
	[ -n "$debug" ] || return 0
	# A scan takes seconds; what is leaked here those that follow find.
	[ "$name" != tight ] || return 0
	try "insmod galloc_held.ko in set $name" insmod /bed/galloc_held.ko
	scan_for_leaks $scans "after the suites of set $name"
	scans=1
	try "rmmod galloc_held in set $name" rmmod galloc_held
}

# An overridden client counts at its own lines, and may leave with objects that are freed
# later.
look_at_sites()
{
	local was

	[ -e /bed/galloc_sites.ko ] || return 0
	was=$(cat /proc/sys/vm/mem_profiling)
	echo 1 >/proc/sys/vm/mem_profiling
	if try "the lines of a client count in set $name" insmod /bed/galloc_sites.ko late=1; then
		try "rmmod galloc_sites in set $name" rmmod galloc_sites
		try "its lines are gone in set $name" sh -c '! grep -q "\[galloc_sites\]" /proc/allocinfo'
	fi
	echo "$was" >/proc/sys/vm/mem_profiling
}

# Crimes of a client's, each with its report.  Last of all: after a report of KASAN lockdep
# is off.
commit_crimes()
{
	local report

	[ -e /bed/galloc_crimes.ko ] || return 0
	for report in "BUG: KASAN: " "galloc: overrun: " "galloc: double_free: " \
		"galloc: interior: " "galloc: wrong_size: " "galloc: late_write: "; do
		note "expect $report"
	done
	if try "insmod galloc.ko for the crimes" insmod /galloc.ko debug=all quarantine_kb=256; then
		try "each crime is reported" insmod /bed/galloc_crimes.ko && rmmod galloc_crimes
		try "rmmod galloc after the crimes" rmmod galloc
	fi
	note "expect end"
}

# With kmemleak=1 kmemleak knows single objects: those that galloc_held.ko loses are found,
# with the stack of their allocation, and none that is free. galloc stays until the last scan.
lose_objects()
{
	[ -n "$lose" ] || [ -e /bed/galloc_crimes.ko ] || return 0
	try "insmod galloc.ko with kmemleak=1" insmod /galloc.ko kmemleak=1 &&
		try "insmod galloc_held.ko with lose=1" insmod /bed/galloc_held.ko lose=1
}

# How many lost objects of each size kmemleak lists, with the stack of their allocation:
# "SIZE:N" for each.
lost_objects()
{
	awk '
	/^unreferenced object/ { end(); block = "" }
	{ block = block $0 }
	END { end(); for (size in n) printf "%d:%d\n", size, n[size] }
	function end() {
		if (block ~ /galloc-bed lost.*lose_objects/ && match(block, /size [0-9]+/))
			n[substr(block, RSTART + 5, RLENGTH - 5)]++
	}' /sys/kernel/debug/kmemleak | sort -n
}

# shellcheck disable=SC2317 # try calls it
four_kinds_are_lost()
{
	[ "$(lost_objects | wc -l)" -eq 4 ]
}

find_lost_objects()
{
	local n

	[ -e /sys/module/galloc_held ] || return 0
	# What a register or a stack hid from one scan is found by another.
	for n in 1 2 3 4 5; do
		! four_kinds_are_lost || break
		sleep 6
		note "expect new suspected memory leaks"
		echo scan >/sys/kernel/debug/kmemleak
		note "expect end"
	done
	note "lost objects, by size: $(lost_objects | tr '\n' ' ')"
	try "lost objects of four kinds, with the stack of their allocation" four_kinds_are_lost ||
		head -n 200 /sys/kernel/debug/kmemleak | sed 's/unreferenced object/listed:/'
	! grep -q 'galloc-bed free' /sys/kernel/debug/kmemleak ||
		try "no free object is taken for lost" false
	note "expect galloc: live: "
	try "rmmod galloc_held" rmmod galloc_held
	try "rmmod galloc with lost objects" rmmod galloc
	note "expect end"
}

# galloc is gone. What calls it all the same, a timer, reclaim, or a CPU that comes and
# goes, would be where it was.
look_behind()
{
	local cpu=/sys/devices/system/cpu/cpu1/online

	try "no files of galloc's are left after set $name" [ ! -e /sys/kernel/debug/galloc ]
	echo 2 >/proc/sys/vm/drop_caches
	[ ! -w $cpu ] || { echo 0 >$cpu; echo 1 >$cpu; }
	sleep 2
}

debug='' lose=''
# One that runs a single case, as tools/mutants does, may leave it.
[ ! -e /bed/is ] || prove_bed
sh /faults.sh setup
# Around each case galloc's own work is stopped, which waits for a grace period.
echo 1 >/sys/kernel/rcu_expedited
scans=2
while IFS='|' read -r name params suite_params; do
	# No suites, only lost objects.
	[ "$name" != lost ] || { debug=1 lose=1; continue; }
	# Where there is a reserve to fill, too.
	# shellcheck disable=SC2086 # several words
	case $name in
	tight) try "faults while loading" sh /faults.sh load $params ;;
	first) try "faults while loading" sh /faults.sh first $params ;;
	esac
	note "set begin $name"
	# shellcheck disable=SC2086 # several words
	if try "insmod galloc.ko in set $name" insmod /galloc.ko $params; then
		load_suites $suite_params
		look_for_leaks
		unload_suites
		look_at_sites
		try "rmmod galloc in set $name" rmmod galloc
		look_behind
	fi
	note "set end $name"
done </sets
[ ! -e /bed/is ] || try "rmmod galloc_bed" rmmod galloc_bed
commit_crimes
lose_objects
scan_for_leaks 2 "after rmmod"
find_lost_objects
end
