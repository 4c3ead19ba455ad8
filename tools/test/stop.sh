#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# stop.sh: an interrupted `make check` leaves nothing running, and two at once do not judge
# each other's work.  Uses the scripts of the
# tree, in a copy where nothing is built, and a program that sleeps as the guest.
# Last line: N passed, N failed, N skipped.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
need_for modules programs guests

# Seconds, of a busy machine: at a load of 15 a guest begins after 40.
PATIENCE=300

# The programs that stand for others.
make_programs()
{
	mkdir -p "$work/bin" "$work/kdir"
	# shellcheck disable=SC2016 # $$ is the guest's
	printf '%s\n' '#!/bin/sh' '[ -z "$RUN" ] || exec sh "$RUN"' \
		"echo \$\$ >>'$work/guests'" 'exec sleep 3600' >"$work/bin/linux"
	chmod +x "$work/bin/linux"
	ln -s linux "$work/bin/qemu-system-x86_64"
	# The modules are empty files.
	printf '%s\n' '#!/bin/sh' 'echo "U galloc_class_abi2"' >"$work/bin/nm"
	# shellcheck disable=SC2016 # the script's
	printf '%s\n' '#!/bin/sh' '[ "$1" = --redefine-sym ] && cp "$3" "$4"' >"$work/bin/objcopy"
	chmod +x "$work/bin/nm" "$work/bin/objcopy"
	: >"$work/kdir/Makefile"
	head -c 5000 /dev/zero | tr '\0' 'w' >"$work/text"
	# These guests need no memory, whatever the others leave on this machine.
	printf 'MemAvailable: 99999999 kB\nSwapFree: 0 kB\n' >"$work/meminfo"
	export PATH="$work/bin:$PATH" TEXT="$work/text" XDG_CACHE_HOME="$work/cache" \
		MEMINFO="$work/meminfo" CGROUP=/nonexistent
}

# stub NAME LINE...: a script of the tree that only prints this.
stub()
{
	local file=$tree/tools/$1
	shift

	printf '%s\n' '#!/bin/bash' "$@" >"$file"
	chmod +x "$file"
}

# The scripts, and others in place of those that build or take long.
make_tree()
{
	local name

	mkdir -p "$tree"
	cp -r "$top/Makefile" "$top/samples" "$top/tools" "$top"/*.c "$tree/"
	mkdir -p "$tree"/build/x/{kunit,tools/{bed,stress,override,testing/selftests/galloc/test_modules}}
	cp -r "$tree/samples" "$tree/build/x/"
	for name in "$tree"/build/x/samples/*; do
		: >"$name/${name##*/}.ko"
	done
	for name in galloc kunit/galloc_kunit{,_guest} tools/bed/galloc_{bed,held,crimes} \
		tools/stress/galloc_stress tools/override/galloc_override \
		tools/testing/selftests/galloc/test_modules/test_galloc; do
		: >"$tree/build/x/$name.ko"
	done
	stub kernel.sh "printf '%s=%q\\n' KREL x KDIR '$work/kdir' VMLINUZ x KERNEL '$work/bin/linux'"
	# shellcheck disable=SC2016 # $top is the script's
	stub build.sh 'BUILD=$top/build/x' \
		'build_lock() { :; }' 'build_galloc() { :; }' 'build_client() { :; }' 'build_unlock() { :; }'
	for name in lint.sh model/run.sh test/run.sh test/trace.sh test/observe.sh test/stop.sh; do
		[ ! -e "$tree/tools/$name" ] || stub "$name" 'echo "1 passed, 0 failed, 0 skipped"'
	done
}

# The processes of a session.
session()
{
	local stat

	for stat in /proc/[0-9]*/stat; do
		{ IFS= read -r stat <"$stat"; } 2>/dev/null || continue
		# After the name, which may have anything in it: state, parent, group, session.
		read -r _ _ _ _ s _ <<<") ${stat##*) }"
		[ "$s" != "$1" ] || printf '%s\n' "${stat%%)*}"
	done
}

# wait_for N: until so many guests run.
wait_for()
{
	local end=$((SECONDS + PATIENCE))

	while [ "$(wc -l <"$work/guests")" -lt "$1" ]; do
		[ $SECONDS -lt $end ] || return 1
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
	done
}

# nothing_left NAME: wait until the session of $pid is gone.
nothing_left()
{
	local end=$((SECONDS + PATIENCE)) left guest

	while left=$(session "$pid") && [ -n "$left" ] && [ $SECONDS -lt $end ]; do sleep 0.1; done
	kill -KILL -- "-$pid" 2>/dev/null || true
	while read -r guest; do
		! kill -0 "$guest" 2>/dev/null || left+=" guest $guest"
	done <"$work/guests"
	same "$1: nothing is left" "${left//$'\n'/, }" ""
	while read -r guest; do kill -KILL "$guest" 2>/dev/null || true; done <"$work/guests"
}

# broken_off NAME GUESTS SIGNAL WHOM COMMAND...: start it in a session of its own, wait for
# its guests, and send the signal to the group or to the process alone.
broken_off()
{
	local name=$1 guests=$2 signal=$3 whom=$4 pid
	shift 4

	: >"$work/guests"
	rm -rf "$work/tmp"
	mkdir "$work/tmp"
	# Background jobs of a shell ignore INT, and what nohup runs ignores HUP.
	setsid env --default-signal=INT,TERM,HUP TMPDIR="$work/tmp" "$@" >"$work/log" 2>&1 </dev/null &
	pid=$!
	# Not a word of bash's own about how it ended.
	disown "$pid"
	if ! wait_for "$guests"; then
		kill -KILL -- "-$pid" 2>/dev/null || true
		not_ok "$name: nothing is left" "it began no guest: $(tail -n 1 "$work/log")"
		return
	fi
	case $whom in
	group) kill "-$signal" -- "-$pid" ;;
	*) kill "-$signal" "$pid" ;;
	esac
	nothing_left "$name"
}

# wait_file FILE: until it is there.
wait_file()
{
	local end=$((SECONDS + PATIENCE))

	until [ -e "$1" ] || [ $SECONDS -ge $end ]; do sleep 0.1; done
}

# verdict RUN: what kunit.sh has to say of a guest that prints this.
verdict()
{
	RUN=$work/run.$1 KUNIT_SETS=default "$tree/tools/kunit.sh" uml-7.3 2>&1 |
		sed -n 's/^not ok - .* loads, unloads and ends: \(.*\) (see .*/\1/p' || true
}

# The guest of the first begins before the second and ends after it.
two_at_once()
{
	local first

	printf '%s\n' "touch '$work/begun'" "until [ -e '$work/done' ]; do sleep 0.1; done" 'echo "GUEST: failed: first"' >"$work/run.1"
	echo 'echo "GUEST: failed: second"' >"$work/run.2"
	verdict 1 >"$work/verdict.1" &
	first=$!
	wait_file "$work/begun"
	verdict 2 >"$work/verdict.2"
	touch "$work/done"
	wait "$first" || true
	same "two kunit.sh at once judge their own guests" "$(cat "$work"/verdict.[12] | tr '\n' ' ')" "first second "
	same "kunit.sh leaves the log in build" "$(cat "$tree/build/log/kunit-uml-7.3-default.log")" "GUEST: failed: first"
	same "and nothing else" "$(cd "$tree/build/log" && echo *)" \
		"kunit-uml-7.3-default.failed.log kunit-uml-7.3-default.log"
}

# While another one runs there, and when that is killed.
check_waits()
{
	local holder pid end=$((SECONDS + PATIENCE))

	mkdir -p "$tree/build"
	(exec 6>"$tree/build/check.lock" && flock 6 && exec sleep 3600) &
	holder=$!
	disown "$holder"
	while flock -n "$tree/build/check.lock" true; do sleep 0.1; done
	: >"$work/guests"
	setsid env --default-signal=INT,TERM,HUP KERNELS=6.1 CHECK_LANES=1 "$tree/tools/check.sh" >"$work/log" 2>&1 </dev/null &
	pid=$!
	disown "$pid"
	until grep -q 'waiting for another make check' "$work/log" || [ $SECONDS -ge $end ]; do sleep 0.1; done
	same "make check waits for another one in its tree" "$(cat "$work/log")" "-- waiting for another make check in this tree"
	kill "$holder"
	wait_for 1 || true
	same "and begins when that has ended" "$(wc -l <"$work/guests")" 1
	kill -TERM -- "-$pid"
	nothing_left "make check that has waited"
}

[ $# -eq 0 ] || die "${0##*/} takes no arguments"
test_dir stop
tree=$work/tree
make_programs
make_tree
check=(env KERNELS="6.1" CHECK_LANES=2 make -s -C "$tree" check)
two_at_once
check_waits
for signal in TERM INT HUP KILL; do
	# The guests of two lanes.
	broken_off "$signal to the group of make check" 2 $signal group "${check[@]}"
done
broken_off "TERM to make check" 2 TERM process "${check[@]}"
for signal in TERM KILL; do
	broken_off "$signal to check.sh" 2 $signal process env KERNELS="6.1" CHECK_LANES=2 "$tree/tools/check.sh"
done
# Guests of subshells, one for each set.
broken_off "INT to the group of kunit.sh" 3 INT group "$tree/tools/kunit.sh" uml-7.3
same "INT to the group of kunit.sh: nor a file" "$(ls "$work/tmp")" ""
for signal in TERM KILL; do
	broken_off "$signal to kunit.sh" 3 $signal process "$tree/tools/kunit.sh" uml-7.3
	broken_off "$signal to stock.sh" 1 $signal process "$tree/tools/stock.sh" 6.1
done
