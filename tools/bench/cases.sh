#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# cases.sh [--ask] PLAN GALLOC_KO BENCH_KO: load the two modules, run the cases of
# PLAN, print the results, unload. For root; for any shell, busybox's too.
#
# PLAN has galloc_bench.ko's parameters, then the cases, one per line, that of a replay
# with the path of its trace. Prints the results of a case when it is complete,
# between "@@ begin results CASE" and "@@ end results"; a line "!" is a case without a
# result, with the reason. --ask: on a machine in use; does nothing before "yes" is
# typed.

B=/sys/kernel/debug/galloc_bench

# Before anything is loaded: what is there is somebody else's.
refuse()
{
	echo "cases.sh: $*" >&2
	exit 1
}

fail()
{
	echo "cases.sh: $*" >&2
	dmesg | tail -n 5 >&2
	rmmod galloc_bench 2>/dev/null
	rmmod galloc 2>/dev/null
	exit 1
}

ask()
{
	cat >&2 <<END
This loads galloc.ko and galloc_bench.ko into the kernel that runs here,
$(uname -r), and keeps its CPUs busy for some minutes. Should one of them have a
bug, this machine can crash or lose data. They are unloaded at the end.
END
	printf 'Type yes to go on: ' >&2
	read -r answer || answer=
	[ "$answer" = yes ] && return
	echo "cases.sh: the answer was not yes: nothing was done" >&2
	exit 3
}

# run_case WHAT TRACE: what becomes of it, for report.py; a case that fails says why,
# and is no reason not to run the others.
run_case()
{
	local why=

	if [ -n "$2" ] && ! echo "$2" >$B/trace; then
		why="$2 is not taken: $(dmesg | tail -n 1)"
	elif ! echo "$1" >$B/run && ! tail -n +$((shown + 1)) $B/results | grep -q '^!'; then
		why="it does not run: $(dmesg | tail -n 1)"
	fi 2>/dev/null
	echo "@@ begin results $1"
	tail -n +$((shown + 1)) $B/results
	[ -z "$why" ] || printf '!\t%s\t%s*\t%s\n' "${1%%:*}" "$(beginning "$1")" "$why"
	echo "@@ end results"
	shown=$(wc -l <$B/results)
}

# beginning NAME[:VARIANT]: the second.
beginning()
{
	[ "$1" = "${1#*:}" ] || echo "${1#*:}"
}

run_plan()
{
	local params what trace shown=0

	read -r params
	insmod "$1" || fail "galloc.ko does not load"
	# shellcheck disable=SC2086 # several words
	insmod "$2" $params || fail "galloc_bench.ko does not load"
	while read -r what trace; do
		echo "@ case $what"
		run_case "$what" "$trace"
	done
	rmmod galloc_bench || fail "galloc_bench does not unload"
	rmmod galloc || fail "galloc does not unload"
}

asked=
if [ "$1" = --ask ]; then
	asked=1
	shift
fi
[ $# -eq 3 ] || refuse "type: cases.sh [--ask] PLAN GALLOC_KO BENCH_KO"
[ "$(id -u)" -eq 0 ] || refuse "only root can load modules"
[ -d /sys/kernel/debug ] || refuse "this kernel has no debugfs"
! grep -q '^galloc ' /proc/modules || refuse "galloc is loaded already: unload it and its clients first"
[ -z "$asked" ] || ask
run_plan "$2" "$3" <"$1"
