#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# check.sh: the tests, `make check`: what two processors do in ten minutes, or some more where
# no module is built yet (see build.sh), on a stock 6.1, on 6.1 with KASAN and lockdep, and
# in user-mode Linux 7.3.
#
#	KERNELS='6.1 6.12 7.3'	all of them, on all kernels of these series
#	ARCH=arm64		only that: its kernels of tools/kernels
#	CHECK_LANES=1		one part after the other, see below
#
# Each part prints its own last line "N passed, N failed, N skipped", and one line
# "not ok - NAME: REASON" or "skip - NAME: REASON" for each check that did not
# pass; this script adds them up. A part that ends without its last line counts as
# one failure. The output of each part is in build/log/check-PART.log, and its
# messages on stderr are in .log.err.
#
# At the end comes a table of the parts. The last line is the sum; the exit status
# is 0 only if nothing failed.

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

logs=$top/build/log
work=$(scratch check)
trap 'stop_lanes; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# ---- what a part found ------------------------------------------------------

# The checks of a part that has no last line of its own (make run): its ok lines,
# and one for `galloc: ok`.
count_lines()
{
	local log=$1

	part_passed=$(grep -c '^ok - ' "$log") || true
	part_failed=$(grep -c '^not ok - ' "$log") || true
	part_skipped=$(grep -c '^skip - ' "$log") || true
	if [ "$(tail -n 1 "$log")" = "galloc: ok" ]; then
		part_passed=$((part_passed + 1))
	else
		part_failed=$((part_failed + 1))
		remark "not ok" "galloc: ok as the last line: it is: $(tail -n 1 "$log" | cut -c 1-300)"
	fi
}

# The counts of a part that prints them; 1 if it does not.
read_sum()
{
	local sum

	sum=$(tail -n 1 "$1" | grep -xE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped') || return 1
	read -r part_passed _ part_failed _ part_skipped _ <<<"${sum//,/}"
}

# The last line of a part that may explain why it ended: on stderr, where the
# scripts die, but no progress and nothing of make; else on stdout.
last_words()
{
	local line

	line=$(grep -avE '^$|^-- |^ +\| |^make(\[[0-9]+\])?: ' "$1.err" | tail -n 1) || true
	[ -n "$line" ] || line=$(grep -av '^$' "$1" | tail -n 1) || true
	printf '%s\n' "${line:-nothing}" | cut -c 1-300
}

# remark KIND TEXT: for the list at the end.
remark()
{
	printf '%s - %s, %s: %s\n' "$1" "$kernel" "$name" "$2" >>"$work/remarks.$id"
}

# ---- parts, in lanes ----------------------------------------------------------
#
# A debug kernel in QEMU keeps hardly more than one of two processors busy: three parts
# run at a time. They wait in one queue, of which each lane takes the first whenever
# it has nothing to do; what takes longest is queued first.

# What a part takes on two processors, in seconds, as far as it matters.
usual_seconds()
{
	case $1,$2 in
	debug*,KUnit) echo 1500 ;;
	*,"build and install" | *,KUnit) echo 500 ;;
	*,"life and stress") echo 400 ;;
	*,model) echo 350 ;;
	*,lint | *,"external client build") echo $((${CHECK_QUICK:+1} + 0 ? 60 : 200)) ;;
	*,"ported modules") echo 160 ;;
	*,edges | *,scarcity | *,"host tests") echo 120 ;;
	*,interruption) echo 80 ;;
	*) echo 30 ;;
	esac
}

# part KERNEL NAME COMMAND...: queue it, behind what takes longer, so that no lane is left
# with a long one when the others have nothing to do.
part()
{
	local id

	nr_parts=$((nr_parts + 1))
	id=$(printf '%02d' "$nr_parts")
	{ printf '%s %s' "$(usual_seconds "$1" "$2")" "$id" && printf ' %q' "$@" && echo; } >>"$work/queue"
	sort -s -k 1,1nr -o "$work/queue" "$work/queue"
	# The entry of the table if the part never runs.
	printf '%s\t%s\t0\t1\t0\t0\t0\n' "$1" "$2" >"$work/row.$id"
	echo "not ok - $1, $2: it did not run" >"$work/remarks.$id"
}

# Set $cpu to the processor's seconds of all that the lane has waited for. Not in a subshell,
# which has waited for nothing.
lane_cpu()
{
	times >"$work/times.$id"
	cpu=$(awk 'NR == 2 { gsub(/[ms]/, " "); printf "%d", ($1 + $3) * 60 + $2 + $4 }' "$work/times.$id")
}

# run_part ID KERNEL NAME COMMAND...: run it, and write down how it went.
run_part()
{
	local id=$1 kernel=$2 name=$3 log start=$SECONDS status=0 cpu before
	local part_passed=0 part_failed=0 part_skipped=0
	shift 3

	log="$kernel $name"
	log=$logs/check-${log// /-}.log
	say "$kernel, $name: started"
	lane_cpu
	before=$cpu
	: >"$work/remarks.$id"
	# What takes longest must not wait for the others.
	case $kernel in
	debug*) ;;
	*) set -- nice -n 5 "$@" ;;
	esac
	# A process group of its own, so that all of it can be ended; should this one be
	# killed before it does so, the kernel ends the part.
	set -m
	setpriv --pdeathsig TERM -- "$@" >"$log" 2>"$log.err" </dev/null 6>&- &
	child=$!
	set +m
	wait "$child" || status=$?
	child=

	grep -E '^(not ok|skip) - ' "$log" | sed "s/ - / - $kernel, $name: /" >>"$work/remarks.$id" || true
	grep -h ' is no longer in Debian ' "$log.err" | sed 's/^-- //' >>"$work/notes" || true
	if [ "$name" = wordfreq ]; then
		count_lines "$log"
	elif ! read_sum "$log"; then
		part_failed=1
		remark "not ok" "it ended early (status $status): $(last_words "$log")"
	fi
	if [ "$part_failed" -eq 0 ] && [ "$status" -ne 0 ]; then
		part_failed=1
		remark "not ok" "exit status $status although it reports no failure"
	fi
	lane_cpu
	say "$kernel, $name: $part_passed passed, $part_failed failed, $part_skipped skipped in $((SECONDS - start)) s"
	printf '%s\t%s\t%d\t%d\t%d\t%d\t%d\n' "$kernel" "$name" "$part_passed" "$part_failed" \
		"$part_skipped" $((SECONDS - start)) $((cpu - before)) >"$work/row.$id"
}

# Two in one tree would write to the same logs, and each judge what the other one has written.
# The parts are without the lock, so that nothing which one of them leaves behind has it.
check_lock()
{
	exec 6>"$top/build/check.lock"
	flock -n 6 && return
	say "waiting for another make check in this tree"
	until flock -w 1 6; do :; done
}

# Set $words to what is first in the queue, and take it out; 1 if nothing is.
take_part()
{
	local rc=0

	exec 5>"$work/queue.lock"
	flock 5
	IFS= read -r words <"$work/queue" || rc=1
	sed -i 1d "$work/queue"
	exec 5>&-
	return $rc
}

# Should check.sh be killed, it cannot end its lanes: they see that it is gone. To read a silent
# pipe is a sleep without a process.
watch_over()
{
	local tick

	trap - INT TERM HUP
	exec {tick}<> <(:)
	while kill -0 $$ && kill -0 "$1"; do read -rt 1 -u "$tick" || true; done
	kill "$1"
}

# A lane: one part after the other, in a process of its own.
run_lane()
{
	local words child='' lane=$BASHPID
	local -a part

	trap - EXIT
	# shellcheck disable=SC2064 # $child as it is then
	trap '[ -z "$child" ] || kill -- "-$child" 2>/dev/null; exit 1' INT TERM HUP
	watch_over "$lane" </dev/null >/dev/null 2>&1 &
	while take_part; do
		eval "part=($words)"
		run_part "${part[@]:1}"
	done
}

stop_lanes()
{
	local pid

	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null || true
	done
	wait
}

# What the parts say goes to their logs: so that a person knows it still runs.
wait_for_lanes()
{
	local next=$((SECONDS + 30)) tick

	exec {tick}<> <(:)
	while jobs -pr >"$work/running" && [ -s "$work/running" ]; do
		read -rt 0.5 -u "$tick" || true
		[ "$SECONDS" -ge "$next" ] || continue
		next=$((SECONDS + 30))
		say "$SECONDS s so far"
	done
}

# ---- which there are ------------------------------------------------------------

# stock_parts SERIES: a kernel as users have it.
stock_parts()
{
	part "stock $1" "life and stress" "$top/tools/stock.sh" "$1"
	[ -n "${CHECK_QUICK:-}" ] || part "stock $1" "build and install" env KERNEL="$1" "$top/tools/test/install.sh"
	part "stock $1" "edges" "$top/tools/stock.sh" "$1" edges
	part "stock $1" "external client build" env KERNEL="$1" "$top/tools/test/external.sh"
	part "stock $1" "wordfreq" env KERNEL="$1" "$top/tools/run.sh"
	[ "$1" = 6.1 ] || return 0
	part "stock 6.1" "scarcity" "$top/tools/stock.sh" 6.1 scarce
	part "stock 6.1" "fast path" "$top/tools/fastpath.sh" --check
	part "stock 6.1" "bench on a guest" env KERNEL=6.1 "$top/tools/test/bench_here.sh"
}

# debug_parts SERIES: the kernel with all checks, which takes longest.
debug_parts()
{
	[ "$1" = 6.12 ] || part "debug $1" "KUnit" "$top/tools/kunit.sh" "qemu-debug-$1"
}

# What many CPUs do at once; each case by itself is checked in user-mode Linux.
DEBUG_SCRIPTS="bed stress leak"
NONE_SCRIPTS="bed life params debugfs stress rounds memory reserve hotadd leak"

series_parts()
{
	case $1 in
	6.1)
		stock_parts 6.1
		part "stock 6.1" "ported modules" env KERNEL=6.1 "$top/tools/port/demo.sh" --short
		part "RT 6.1" "life and stress" "$top/tools/stock.sh" rt-6.1
		part "RT 6.1" "edges" "$top/tools/stock.sh" rt-6.1 edges
		part "RT 6.1" "isolated" "$top/tools/stock.sh" rt-6.1 isolated
		part "no SMP 6.1" "probes" "$top/tools/stock.sh" up-6.1 probes
		part "debug 6.1" "probes" "$top/tools/stock.sh" debug-6.1 probes
		part "NONE 6.1" "KUnit" "$top/tools/kunit.sh" qemu-none-6.1
		# It has no network, and what nodes measures are Debian's kernels.
		part "NONE 6.1" "life and stress" env STOCK_SCRIPTS="$NONE_SCRIPTS" "$top/tools/stock.sh" none-6.1
		part "NONE 6.1" "edges" "$top/tools/stock.sh" none-6.1 edges
		;;
	6.12)
		stock_parts 6.12
		;;
	7.3)
		part "user-mode 7.3" "KUnit" "$top/tools/kunit.sh" uml-7.3
		part "no SMP 7.3" "KUnit" "$top/tools/kunit.sh" uml-up-7.3
		;;
	*)
		die "no kernel $1 to test on; set KERNELS to some of '6.1 6.12 7.3'"
		;;
	esac
}

# Without reserve, which measures the slab allocator of Debian's kernels.
ARCH_SCRIPTS="bed life params stress rounds memory atomic leak heaps"

# arch_parts ARCH: kernels of another architecture, which are emulated.
arch_parts()
{
	local config name scripts

	for config in "$top/tools/kernels/qemu-$1"-*.config; do
		[ -e "$config" ] || die "no kernels for $1; set ARCH to arm64"
		name=${config##*/qemu-}
		name=${name%.config}
		scripts=$ARCH_SCRIPTS
		# Many cases, and some scripts, take a page for 4 KiB.
		if [[ $name = *k-* ]]; then
			scripts="bed life stress"
		else
			part "$name" "KUnit" "$top/tools/kunit.sh" "qemu-$name"
		fi
		part "$name" "life and stress" env STOCK_SCRIPTS="$scripts" "$top/tools/stock.sh" "$name"
		part "$name" "wordfreq" env KERNEL="qemu-$name" "$top/tools/run.sh"
	done
	part "$1" "fast path" "$top/tools/fastpath.sh" --check "$1"
}

queue_parts()
{
	local series

	nr_parts=0
	if [ -n "$arch" ]; then
		arch_parts "$arch"
		return
	fi
	for series in ${KERNELS:-}; do
		debug_parts "$series"
	done
	part "none" "host tests" "$top/tools/test/run.sh"
	part "none" "traces" "$top/tools/test/trace.sh"
	part "none" "observing" "$top/tools/test/observe.sh"
	# Of a harness that seldom changes.
	[ -n "${CHECK_QUICK:-}" ] || part "none" "interruption" "$top/tools/test/stop.sh"
	part "none" "lint" "$top/tools/lint.sh" --quick
	if [ -z "${KERNELS:-}" ]; then
		part "user-mode 7.3" "KUnit" "$top/tools/kunit.sh" uml-7.3
		part "debug 6.1" "life and stress" env STOCK_SCRIPTS="$DEBUG_SCRIPTS" "$top/tools/stock.sh" debug-6.1
		stock_parts 6.1
		return
	fi
	for series in $KERNELS; do
		series_parts "$series"
	done
	part "none" "model" make -s -C "$top" model
}

# ---- the end -----------------------------------------------------------------------

print_table()
{
	awk -F'\t' '
	BEGIN {
		form = "%-14s %-22s %6s %6s %7s %7s %6s\n"
		printf form, "kernel", "part", "passed", "failed", "skipped", "seconds", "of CPU"
	}
	{ printf form, $1, $2, $3, $4, $5, $6, $7 }' "$work"/row.*
}

print_sum()
{
	awk -F'\t' '
	{ passed += $3; failed += $4; skipped += $5 }
	END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed != 0 }' \
		"$work"/row.*
}

[ $# -eq 0 ] || die "takes no arguments; type: make check"
need_places
mkdir -p "$logs"
# Or make would build modules of other kernels for it, too.
arch=${ARCH:-}
unset ARCH
# The scripts of the parts do what they do in less time, or with fewer builds.
[ -n "${KERNELS:-}$arch" ] || export CHECK_QUICK=1
case $arch in
x86 | x86_64) arch= ;;
'' | arm64) ;;
*) die "no kernels for $arch; set ARCH to arm64" ;;
esac
# Packages of all parts at once, so that at most one command must be typed.
case " ${KERNELS:-6.1} " in
*" 6.1 "*) series=6.1 ;;
*) series= ;;
esac
# shellcheck disable=SC2086 # a word or none
[ -z "$arch" ] || need_for modules guests programs python kernels "$arch"
# shellcheck disable=SC2086 # a word or none
[ -n "$arch" ] || need_for modules guests qemu programs clang python traces observing release docs kernels quick-lint $series ${KERNELS:+ported model}
# A machine with little memory takes longer.
lanes=${CHECK_LANES:-3}
have=$(memory_mb)
while [ -z "${CHECK_LANES:-}" ] && [ "$lanes" -gt 1 ] && [ "$have" -lt $((1800 * lanes)) ]; do
	lanes=$((lanes - 1))
done
# It was enough a moment ago.
[ -z "${CHECK_LANES:-}" ] && [ "$lanes" -gt 1 ] ||
	need_memory $((1800 * lanes)) "$([ "$lanes" -eq 1 ] || echo "set CHECK_LANES=1, or ")end other programs"
check_lock
queue_parts
for ((lane = 0; lane < lanes; lane++)); do
	run_lane &
done
wait_for_lanes

if cat "$work"/remarks.* 2>/dev/null | grep . >"$work/remarks"; then
	printf '\n== not passed\n'
	cat "$work/remarks"
fi
if [ -s "$work/notes" ]; then
	printf '\n== other than asked for\n'
	sort -u "$work/notes"
fi
printf '\n'
print_table
printf '\nin %d s; what each part said is in build/log/check-*.log\n' $SECONDS
print_sum
