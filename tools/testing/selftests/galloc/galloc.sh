# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# galloc.sh: what both tests have in common. They need root, debugfs, test_galloc.ko from
# test_modules or from MODULES, and galloc: built in, loaded, or as a module that modprobe
# finds, or that is in MODULES. Without one of these a test is skipped. A galloc that was
# here before is used as it is, and stays.
#
#	MODULES=dir	where galloc.ko and test_galloc.ko are

dir=$(cd "${0%/*}" && pwd)
ktap=$dir/ktap.sh
[ -e "$ktap" ] || ktap=$dir/../../../ktap.sh
# shellcheck source=tools/ktap.sh
. "$ktap"

G=/sys/kernel/debug/galloc
RUN=/sys/module/test_galloc/parameters/run
loaded=

# skip_all WHY: as kselftest has it.
skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 4
}

# load NAME: from one of the places where it may be.
load()
{
	local at

	for at in "${MODULES:-$dir/test_modules}" "$dir"; do
		[ ! -e "$at/$1.ko" ] || { insmod "$at/$1.ko"; return; }
	done
	modprobe -q "$1"
}

in_use()
{
	awk '$1 == "in_use_bytes" { print $2 }' $G/stats
}

# run_case NAME: by the module, which says what was wrong.
run_case()
{
	echo "$1" >"$RUN" || { cat /sys/module/test_galloc/parameters/why; return 1; }
}

# set_up GROUP MORE: run the cases of a group; MORE checks will follow.
set_up()
{
	local cases name before

	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
	[ -e $G ] || mount -t debugfs none /sys/kernel/debug 2>/dev/null || true
	if [ ! -e $G ]; then
		load galloc 2>/dev/null || skip_all "there is no galloc"
		loaded=1
		[ -e $G ] || { rmmod galloc; skip_all "there is no debugfs"; }
	fi
	if ! load test_galloc 2>/dev/null; then
		[ -z "$loaded" ] || rmmod galloc
		skip_all "test_galloc.ko does not load"
	fi
	cases=$(cat "/sys/module/test_galloc/parameters/$1")
	before=$(in_use)
	begin $(($(echo "$cases" | wc -l) + 1 + $2))
	for name in $cases; do
		check "$name" run_case "$name"
	done
	# Others may use a galloc that was here before.
	if [ -n "$loaded" ]; then
		same "nothing is left of them" "$(in_use)" "$before"
	else
		skip "nothing is left of them" "galloc may have other clients"
	fi
}

tear_down()
{
	rmmod test_galloc
	[ -z "$loaded" ] || rmmod galloc
	finish
}
