#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# bench/run.sh: the cost of galloc and of the kernel's own allocators, `make bench`.
#
# Boots each bed, loads galloc.ko with default parameters and galloc_bench.ko, runs
# the cases and passes their output to report.py, which judges it:
#
#	build/bench/results.tsv		a header line, then bed kernel case variant
#					allocator cpus metric value min max
#	build/bench/performance.rst	a readable report, with charts
#
# A part of it, into build/bench/part.tsv and on the terminal only:
#
#	BENCH_BEDS='icount-7.3 uml'	some of the beds, see beds() below
#	BENCH_CASES='pair mixed:1024'	some of the cases, or variants that begin so
#
# In addition to the trace of the tree, replay another one:
#
#	TRACE=FILE			see traces.sh; its name becomes the variant

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/bench/traces.sh
. "$top/tools/bench/traces.sh"

# A guest that is measured may take so many seconds.
TIMEOUT=${BENCH_TIMEOUT:-900}

# All guests: bed, qualifier, kernel, CPUs, MB, cases. Those of a bed with several
# guests differ in what must be apart: CPUs, or a memory that nobody has used.
beds()
{
	cat <<'BEDS'
icount-6.1|-|stock 6.1|1|512|floor pair batch mixed bulk rcu large irq
icount-6.1|-|stock 6.1|1|1024|huge held burst
icount-6.1|-|stock 6.1|2|512|remote
icount-6.1|-|stock 6.1|1|1024|replay
icount-7.3|-|build qemu-release-7.3|1|512|floor pair batch mixed bulk rcu large irq
icount-7.3|-|build qemu-release-7.3|1|1024|huge held burst
icount-7.3|-|build qemu-release-7.3|2|512|remote
icount-7.3|-|build qemu-release-7.3|1|1024|replay
icount-6.1-init1|init1|stock 6.1|1|512|pair batch mixed bulk
icount-6.1-init1|init1|stock 6.1|2|512|remote
icount-7.3-init1|init1|build qemu-release-7.3|1|512|pair batch mixed bulk
icount-7.3-init1|init1|build qemu-release-7.3|2|512|remote
icount-6.1-sections|-|stock 6.1|2|1024|latency
icount-6.1|-|stock 6.1|1|1024|call
uml-up|-|build uml-up-7.3|1|1024|floor pair batch mixed bulk large irq
uml-up|-|build uml-up-7.3|1|2048|growth release create
uml-up|-|build uml-up-7.3|1|1024|huge held burst
uml-up|-|build uml-up-7.3|1|1024|memory
uml|-|build uml-release-7.3|2|1024|floor remote larson scale share
uml|-|build uml-release-7.3|2|1024|empty spike
uml|-|build uml-release-7.3|2|1024|replay
nodes|-|stock 6.1|4|1024|node
uml-locks|-|build uml-release-7.3|1|1024|pair mixed
uml-locks|-|build uml-release-7.3|2|1024|remote larson
uml-locks|-|build uml-release-7.3|2|1024|replay
cpus-locks|-|build qemu-release-7.3|32|2048|cpus
BEDS
}

# chosen CASES: those of them that BENCH_CASES asks for, one a line.
chosen()
{
	local known=$1 what

	for what in ${BENCH_CASES:-$known}; do
		case " $known " in
		*" ${what%%:*} "*) with_trace "$what" ;;
		esac
	done
}

# with_trace CASE: its line of the plan; a replay has one for each trace.
with_trace()
{
	local name variant=

	case ${1%%:*} in
	replay) ;;
	cpus) printf '%s /traces/default.trace\n' "$1"; return ;;
	*) printf '%s\n' "$1"; return ;;
	esac
	[ "$1" = replay ] || variant=${1#*:}
	for name in "${traces[@]}"; do
		[[ $name/touch != "$variant"* ]] || printf '%s /traces/%s.trace\n' "$1" "$name"
	done
}

# build_for KERNEL [ARG...]: the two modules for it, in $modules, once. ARGs are
# make's; with any the modules are others.
build_for()
{
	local kernel build

	# shellcheck disable=SC2086 # two words
	kernel=$("$top/tools/kernel.sh" $1)
	KDIR='' KREL='' VMLINUZ='' KERNEL=''
	eval "$kernel"
	build=$KREL${2:+-count-${2%=*}}
	modules=$work/$build
	[ ! -d "$modules" ] || return 0
	build_lock "$build"
	build_galloc "$KDIR" "$build" "${@:2}"
	build_client "$KDIR" tools/bench
	mkdir "$modules"
	cp "$BUILD/galloc.ko" "$BUILD/tools/bench/galloc_bench.ko" "$modules/"
	build_unlock
	report_options >"$modules/options"
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
	local name=$1 bed=$2 qualifier=$3 cpus=$4 mb=$5 append=init_on_alloc=0 trace nodes=2
	local -a files=()

	if grep -q ' /traces/' "$work/$name.plan"; then
		for trace in "${traces[@]}"; do
			files+=("$work/traces/$trace.trace:/traces/$trace.trace")
		done
		mb=$((mb + $(traces_mb "$work/traces")))
	fi
	# Nodes get equal parts of it.
	mb=$(((mb + 3) / 4 * 4))
	[ "$qualifier" != init1 ] || append=init_on_alloc=1
	# As many CPUs and nodes as there may be.
	[[ $bed != *-sections ]] || append+=" possible_cpus=512 numa=fake=8"
	guest_initramfs "$work/$name.initramfs" "$top/tools/bench/init.sh" \
		"$modules/galloc.ko:/galloc.ko" "$modules/galloc_bench.ko:/galloc_bench.ko" \
		"$top/tools/bench/cases.sh:/cases.sh" "$work/$name.plan:/plan" "${files[@]}"
	export GUEST_CPUS=$cpus GUEST_MEM=$mb GUEST_APPEND=$append
	case $bed in
	uml*)
		guest_uml "$KERNEL" "$work/$name.initramfs" "$work/$name.log" "$TIMEOUT"
		;;
	nodes* | cpus*)
		[ "$bed" = nodes ] || nodes=4
		GUEST_NODES=$nodes guest_qemu "${VMLINUZ:-$KERNEL}" "$work/$name.initramfs" \
			"$work/$name.log" "$TIMEOUT"
		;;
	icount*)
		# 6.1 waits for its other CPUs in a loop that QEMU, which runs one
		# at a time, cannot interrupt: they come later. A fixed model:
		# some count `rep stosb` once a byte. With rdrand, as each machine
		# has it: without entropy a random number costs ten thousand
		# instructions, and SLUB takes one for each slab.
		GUEST_APPEND+=" maxcpus=1 tsc=reliable random.trust_cpu=on"
		guest_qemu "${VMLINUZ:-$KERNEL}" "$work/$name.initramfs" "$work/$name.log" "$TIMEOUT" \
			-icount shift=0,sleep=off -accel tcg,thread=single -cpu qemu64,+rdrand -seed 1
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

# What a CPU costs that has never called galloc: its part of the module's per-CPU
# data, and no more, since the rest is allocated on its first call.
empty_idle()
{
	local bytes

	bytes=$((0x$(objdump -h "$modules/galloc.ko" | awk '$2 == ".data..percpu" { print $3 }')))
	printf 'empty\tidle\tgalloc\t1\theld_bytes\t%d\t%d\t%d\n' $bytes $bytes $bytes
}

# named BED: what it is called in the results, where the guests that count locks are of
# the bed of those that do not.
named()
{
	case $1 in
	uml-up) echo "$1" ;;
	*) echo "${1%%-*}" ;;
	esac
}

# A guest of the list; its results, for report.py, in $work/NAME.raw.
run_guest()
{
	local bed=$1 qualifier=$2 kernel=$3 cpus=$4 mb=$5 cases=$6 name pid params

	chosen "$cases" >"$work/cases"
	[ -s "$work/cases" ] || return 0
	case $bed in
	*-locks) build_for "$kernel" GALLOC_COUNT=y ;;
	*-sections) build_for "$kernel" GALLOC_SECTIONS=y ;;
	*) build_for "$kernel" ;;
	esac
	# In the order in which they come, for report.py.
	guests=$((guests + 1))
	name=$(printf '%02d' "$guests")-$bed-${cases%% *}
	case $bed in
	icount*)
		params="metric=instr reps=9"
		# Millions of events; each repetition has the same count, or nearly.
		[ "$cases" != replay ] || params="metric=instr reps=3"
		;;
	*-locks) params="metric=locks_per_kop reps=9 scale=8 bytes=0" ;;
	*) params="metric=ns reps=51 scale=8" ;;
	esac
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
		say "the guest $name did not finish, see its last output above"
	}
	{
		printf '@\t%s\t%s\t%s' "$(named "$bed")" "$KREL" "${qualifier#-}"
		[[ $bed != *-locks ]] || printf '\tlocks'
		echo
		[ "${cases%% *}" != empty ] || empty_idle
		# One that broke off costs the cases before nothing.
		awk -v why="$(guest_last_line "$work/$name.log")" -f "$top/tools/bench/results.awk" \
			"$work/cases" "$work/$name.log"
	} >"$work/$name.raw"
}

main()
{
	local bed qualifier kernel cpus mb cases
	local part=${BENCH_BEDS:-}${BENCH_CASES:-}

	need_places
	need_for modules guests qemu python
	case " ${BENCH_CASES:-replay} " in
	*" replay"* | *" cpus"*) traces_prepare "$work/traces" ;;
	*) [ -z "${TRACE:-}" ] || die "TRACE= requires the case replay, which BENCH_CASES does not include" ;;
	esac
	while IFS='|' read -r -u 3 bed qualifier kernel cpus mb cases; do
		[[ " ${BENCH_BEDS:-$bed} " == *" $bed "* ]] || continue
		run_guest "$bed" "$qualifier" "$kernel" "$cpus" "$mb" "$cases"
	done 3< <(beds)
	[ "$guests" -gt 0 ] ||
		die "unknown bed or case; the beds: $(beds | cut -d '|' -f 1 | uniq | tr '\n' ' ')"

	mkdir -p "$top/build/bench"
	PYTHONDONTWRITEBYTECODE=1 python3 "$top/tools/bench/report.py" ${part:+--part} \
		"$top/build/bench" "$work"
	exit
}

[ $# -eq 0 ] || die "${0##*/} takes no arguments"
modules=
guests=0
work_dir bench
# Read to its end before it runs, so that it can be edited meanwhile.
main
