#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench/run.sh: what galloc costs beside the kernel's own allocators, `make bench`.
#
# Boots each bed, loads galloc.ko with default parameters and galloc_bench.ko, runs
# the cases and hands what they print to report.py, which judges it:
#
#	build/bench/results.tsv		a header line, then bed kernel case variant
#					allocator cpus metric value min max
#	build/bench/performance.rst	the same for people, with charts
#
# A part of it, into build/bench/part.tsv and on the terminal only:
#
#	BENCH_BEDS='icount-7.3 uml'	some of the beds, see beds() below
#	BENCH_CASES='pair mixed:1024'	some of the cases, or variants that begin so

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/guest.sh
. "$top/tools/guest.sh"
# shellcheck source=tools/build.sh
. "$top/tools/build.sh"

# A guest that is measured may take so many seconds.
TIMEOUT=${BENCH_TIMEOUT:-900}

# All guests: bed, qualifier, kernel, CPUs, MB, cases. Those of a bed with several
# guests differ in what must be apart: CPUs, or a memory that nobody has used.
beds()
{
	cat <<'BEDS'
icount-6.1|-|stock 6.1|1|512|pair batch mixed bulk large irq
icount-7.3|-|build qemu-release-7.3|1|512|pair batch mixed bulk large irq
icount-7.3|-|build qemu-release-7.3|2|512|remote
icount-6.1-init1|init1|stock 6.1|1|512|pair batch mixed bulk
icount-7.3-init1|init1|build qemu-release-7.3|1|512|pair batch mixed bulk
icount-7.3-init1|init1|build qemu-release-7.3|2|512|remote
uml|-|build uml-release-7.3|1|1024|pair batch mixed bulk large irq
uml|-|build uml-release-7.3|1|2048|growth
uml|-|build uml-release-7.3|2|1024|remote larson scale
uml|-|build uml-release-7.3|2|1024|empty memory spike
BEDS
}

# chosen CASES: those of them that BENCH_CASES asks for, one a line.
chosen()
{
	local known=$1 what

	for what in ${BENCH_CASES:-$known}; do
		case " $known " in
		*" ${what%%:*} "*) printf '%s\n' "$what" ;;
		esac
	done
}

# build_for KERNEL: the two modules for it, in $work/KREL, once.
build_for()
{
	local kernel

	# shellcheck disable=SC2086 # two words
	kernel=$("$top/tools/kernel.sh" $1)
	KDIR='' KREL='' VMLINUZ='' KERNEL=''
	eval "$kernel"
	[ ! -d "$work/$KREL" ] || return 0
	build_lock "$KREL"
	build_galloc "$KDIR" "$KREL"
	build_client "$KDIR" tools/bench
	mkdir "$work/$KREL"
	cp "$BUILD/galloc.ko" "$BUILD/tools/bench/galloc_bench.ko" "$work/$KREL/"
	build_unlock
	report_options >"$work/$KREL/options"
}

# The options of the peer, as this kernel has them.
report_options()
{
	local name

	for name in SLUB SLUB_TINY SLUB_STATS SLUB_DEBUG SLUB_DEBUG_ON SLAB_FREELIST_RANDOM \
		SLAB_FREELIST_HARDENED SLAB_BUCKETS RANDOM_KMALLOC_CACHES HARDENED_USERCOPY MEMCG \
		LIST_HARDENED KASAN LOCKDEP PREEMPT PREEMPT_VOLUNTARY PREEMPT_LAZY PREEMPT_DYNAMIC \
		JUMP_LABEL HZ; do
		sed -n "s/^CONFIG_$name=/$name /p" "$KDIR/include/config/auto.conf" | grep . ||
			echo "$name n"
	done
}

# boot NAME BED QUALIFIER CPUS MB: into $work/NAME.log.
boot()
{
	local name=$1 bed=$2 qualifier=$3 cpus=$4 mb=$5 append=init_on_alloc=0

	[ "$qualifier" != init1 ] || append=init_on_alloc=1
	guest_initramfs "$work/$name.initramfs" "$top/tools/bench/init.sh" \
		"$work/$KREL/galloc.ko:/galloc.ko" "$work/$KREL/galloc_bench.ko:/galloc_bench.ko" \
		"$work/$name.plan:/plan"
	export GUEST_CPUS=$cpus GUEST_MEM=$mb GUEST_APPEND=$append
	case $bed in
	uml*)
		guest_uml "$KERNEL" "$work/$name.initramfs" "$work/$name.log" "$TIMEOUT"
		;;
	icount*)
		# A fixed model: some count `rep stosb` once a byte.
		guest_qemu "${VMLINUZ:-$KERNEL}" "$work/$name.initramfs" "$work/$name.log" "$TIMEOUT" \
			-icount shift=0,sleep=off -accel tcg,thread=single -cpu qemu64
		;;
	esac
}

# follow PID NAME: until it ends, tell a person which case it is at.
follow()
{
	local pid=$1 name=$2 start=$SECONDS next=10 tick at

	exec {tick}<> <(:)
	while kill -0 "$pid" 2>/dev/null; do
		read -rt 1 -u "$tick" || true
		at=$(sed -n 's/^@ case \([^[:space:]]*\).*/\1/p' "$work/$name.log" 2>/dev/null | tail -n 1) || true
		if [ -t 2 ]; then
			printf '\r\033[K-- %s: %s, %d s' "$name" "${at:-booting}" $((SECONDS - start)) >&2
		elif [ $((SECONDS - start)) -ge "$next" ]; then
			say "$name: ${at:-booting}, $((SECONDS - start)) s so far"
			next=$((next + 20))
		fi
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

# A guest of the list; its results, for report.py, in $work/NAME.raw.
run_guest()
{
	local bed=$1 qualifier=$2 kernel=$3 cpus=$4 mb=$5 cases=$6 name pid params

	chosen "$cases" >"$work/cases"
	[ -s "$work/cases" ] || return 0
	build_for "$kernel"
	name=$bed-$cpus-${cases%% *}
	params="metric=instr reps=9"
	[[ $bed != uml* ]] || params="metric=ns reps=51 scale=8"
	{
		echo "$params"
		cat "$work/cases"
	} >"$work/$name.plan"
	boot "$name" "$bed" "$qualifier" "$cpus" "$mb" 2>"$work/$name.err" &
	pid=$!
	follow "$pid" "$name"
	wait "$pid" || {
		grep -v ' so far$' "$work/$name.err" >&2 || true
		tail -n 20 "$work/$name.log" | sed 's/^/   | /' >&2
		die "the guest $name gave no results, its last words are above"
	}
	{
		printf '@\t%s\t%s\t%s\n' "${bed%%-*}" "$KREL" "${qualifier#-}"
		sed -n '/^@@ begin results$/,/^@@ end results$/{/^@@ /d;p}' "$work/$name.log"
	} >"$work/$name.raw"
}

[ $# -eq 0 ] || die "no arguments are known"
work=$(mktemp -d -t galloc-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
cache_dir >/dev/null
need_packages make gcc qemu-system-x86 busybox-static cpio gzip python3

part=${BENCH_BEDS:-}${BENCH_CASES:-}
while IFS='|' read -r -u 3 bed qualifier kernel cpus mb cases; do
	[[ " ${BENCH_BEDS:-$bed} " == *" $bed "* ]] || continue
	run_guest "$bed" "$qualifier" "$kernel" "$cpus" "$mb" "$cases"
done 3< <(beds)

ls "$work"/*.raw >/dev/null 2>&1 || die "no such bed or case; the beds: $(beds | cut -d '|' -f 1 | uniq | tr '\n' ' ')"
mkdir -p "$top/build/bench"
if [ -n "$part" ]; then
	exec python3 "$top/tools/bench/report.py" --part "$top/build/bench/part.tsv" "$work"/*.raw
fi
python3 "$top/tools/bench/report.py" "$top/build/bench/results.tsv" "$work"/*.raw
