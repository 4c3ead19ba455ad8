#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# bench_here.sh: test `make bench-here` on a stock kernel in QEMU (KERNEL=6.1 for
# another than this Debian release's own), and the errors of galloc_bench.ko for
# invalid traces. The last line is
# "N passed, N failed, N skipped".

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

# check NAME PATTERN: a line of the guest's log is it.
check()
{
	if grep -qxE "$2" "$work/log"; then
		ok "$1"
	else
		not_ok "$1" "no line of the guest is $2"
	fi
}

work_dir here
need_places
need_for modules programs guests qemu
use_kernel stock "${KERNEL:-native}"
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
build_client "$KDIR" tools/bench
cp "$BUILD/galloc.ko" "$BUILD/tools/bench/galloc_bench.ko" "$work/"
build_unlock

gcc -O2 -Wall -o "$work/bench_traces" "$top/tools/test/bench_traces.c" "$top/tools/trace/trace.c"
mkdir "$work/traces"
"$work/bench_traces" "$work/traces" >"$work/bad"
printf '%s\n' "metric=ns reps=3 bytes=0" pair:64c nosuch remote:pipe scale:pair \
	"replay /traces/small.trace" >"$work/plan"
cat >"$work/main" <<'MAIN'
modules="/galloc.ko /galloc_bench.ko"
echo no | sh /cases.sh --ask /plan $modules
echo "@ no: $? $(grep -c galloc /proc/modules)"
echo yes | sh /cases.sh --ask /plan $modules
echo "@ yes: $? $(grep -c galloc /proc/modules)"
insmod /galloc.ko
echo yes | sh /cases.sh --ask /plan $modules
echo "@ loaded: $? $(grep -c galloc /proc/modules)"
# A bad trace: the error that the shell gets, and the kernel's log.
insmod /galloc_bench.ko
cd /sys/kernel/debug/galloc_bench
for bad in truncated foreign corrupt large unknown; do
	said=$( (echo /traces/$bad.trace >trace) 2>&1)
	echo "@ $bad: ${said##*: }, $(dmesg | sed -n 's/.*galloc_bench: //p' | tail -n 1)"
done
said=$( (echo replay >run) 2>&1)
echo "@ none: ${said##*: }"
MAIN
files=()
for trace in "$work"/traces/*; do files+=("$trace:/traces/${trace##*/}"); done
guest_initramfs "$work/initramfs" "$work/main" "$work/galloc.ko:/galloc.ko" "${files[@]}" \
	"$work/galloc_bench.ko:/galloc_bench.ko" "$work/plan:/plan" \
	"$top/tools/bench/cases.sh:/cases.sh"
GUEST_CPUS=2 guest_qemu "$VMLINUZ" "$work/initramfs" "$work/log" 1800+ ||
	tail -n 20 "$work/log" | sed 's/^/   | /' >&2

number='-?[0-9.]+'
check "without a yes nothing is done" "@ no: 3 0"
check "with a yes the modules are gone when it is over" "@ yes: 0 0"
check "pair was measured" "pair	64c	galloc	1	ns	$number	$number	$number"
check "and the empty loop, which comes first" "pair	64c	none	1	ns	$number	$number	$number"
check "a case that does not run is reported" "!	nosuch	\*	it does not run: .*"
check "and those behind it are measured" "remote	pipe	galloc	2	ns	$number	$number	$number"
check "two CPUs were" "scale	pair	galloc	2	mops	$number	$number	$number"
check "a trace was replayed" "replay	small	galloc	2	ns	$number	$number	$number"
check "and touched" "replay	small/touch	galloc	2	ns	$number	$number	$number"
while read -r bad why; do
	check "a trace that is bad ($bad) is refused" "@ $bad: Invalid argument, /traces/$bad.trace: $why"
done <"$work/bad"
check "nothing is left to replay then" "@ none: No such file or directory"
check "a galloc in use is not unloaded" "@ loaded: 1 1"
sum
