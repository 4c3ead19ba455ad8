#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# stock.sh [6.1|6.12|rt-6.1|none-6.1|up-6.1|debug-6.1|arm64-6.1|kcsan-7.3] [work|edges|scarce|isolated|tools|large|soak|races|probes]: galloc under
# a kernel as users have it.
#
# Builds galloc.ko, samples/wordfreq and tools/stress for a stock Debian kernel, or
# for one of tools/kernels: that never preempts, or has one processor, which Debian does not
# ship (none-6.1, up-6.1), with checks of its own (debug-6.1), of another architecture
# (arm64-6.1), or that finds races (kcsan-7.3). Boots it in
# QEMU and runs the scripts of tools/test/guest there, which report in KTAP: `work`, in
# a guest with four CPUs and two nodes; `edges`, unload,
# tracepoints, and who is kept off a CPU, in one whose two CPUs take turns; `scarce`, in
# one with little memory, which is soon used up; `isolated`, in one with a CPU that is
# left alone; `soak`, for hours; `races`, for the kernel that finds races; `probes`, with
# probes in galloc's own sections; `tools`, with those that look into a kernel; `large`, on one that has been
# built for many CPUs and nodes, with many caches. Prints a line
# "ok - NAME", "not ok - NAME: WHY" or "skip - NAME: WHY" for each check, and last
#
#	N passed, N failed, N skipped
#
#	STOCK_OPS=N		operations of the stress; 5,000,000 for 6.1
#	STOCK_ROUNDS=N		how often galloc is loaded and unloaded; 30 for 6.1,
#				and a third as often with objects of a client waiting
#	STOCK_SECONDS=N		of work in tracepoints, and in probes; 4
#	SOAK_MINUTES=N		of the bed soak; 10
#	SOAK_SEED=N		of what happens there; 1
#	STOCK_SEEDS=N		of fragmented memory; 1
#	STOCK_FIRST_SEED=N	the first of them; 1
#	STOCK_NODES=1		a guest with one node, for the bed scarce
#	STOCK_SCRIPTS='A B'	only these scripts
#	STOCK_TIMEOUT=N		seconds the guest may take

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/test/shown.sh
. "$top/tools/test/shown.sh"

work_dir stock
plugger=
trap 'kill $plugger 2>/dev/null || true; rm -rf "$work"' EXIT

# The scripts, in their order, with arguments.
plan()
{
	local script args

	while read -r script args; do
		case " ${STOCK_SCRIPTS:-$script} " in
		*" $script "*) printf '%s\n' "$script${args:+ $args}" ;;
		esac
	done < <("plan_$bed")
}

plan_work()
{
	# The reserve is used up with interrupts off: PREEMPT_RT gives nobody pages there.
	cat <<-PLAN | if [[ $which = rt-* ]]; then grep -v '^reserve'; else cat; fi
		bed $KREL 4 200 $nodes
		life
		samples $(cd "$top/samples" && echo ./* | sed 's|\./||g; s|wordfreq *||')
		params
		debugfs
		stress
		rounds $rounds
		batches $((ops / 5))
		memory
		nodes
		reserve
		atomic
		hotadd
		leak
		heaps
		override
		observe
		profile
		tables 4 2 1000 100
		functionality
		regressions
		shared
	PLAN
}

# These have the kernel patch its own code again and again, for probes. QEMU 7.2 with a
# thread for each CPU now and then goes on executing what was there before: all CPUs
# then hit the same breakpoint for ever.
plan_edges()
{
	cat <<-PLAN
		bed $KREL 2 40 $nodes
		unload $(((rounds + 2) / 3))
		context ${STOCK_SECONDS:-4}
		anywhere ${STOCK_SECONDS:-4}
		yield
		tracepoints
		guard
	PLAN
}

# Nobody looks at what an isolated CPU caches, so that the books of the other scripts
# would never be exact.
plan_isolated()
{
	cat <<-PLAN
		bed $KREL 4 200 $nodes
		isolated
	PLAN
}

# What people use to look: drgn, perf and bpftrace, and programs of the host.
plan_tools()
{
	cat <<-PLAN
		bed $KREL 2 40 $nodes
		drgn
		export
		tracers
	PLAN
}

plan_large()
{
	cat <<-PLAN
		tables 512 8 10000 1000
	PLAN
}

plan_soak()
{
	cat <<-PLAN
		bed $KREL 4 200 $nodes
		soak ${SOAK_MINUTES:-10} ${SOAK_SEED:-1}
	PLAN
}

plan_races()
{
	cat <<-PLAN
		bed $KREL 4 200 $nodes
		life
		stress
		heaps
		leak
		functionality
		regressions
	PLAN
}

# As the second half of edges, on four CPUs, which take turns for the same reason.
plan_probes()
{
	cat <<-PLAN
		bed $KREL $cpus 200 $nodes
		anywhere ${STOCK_SECONDS:-4}
	PLAN
}

plan_scarce()
{
	cat <<-PLAN
		bed $KREL 2 40 $nodes
		scarce ${STOCK_SEEDS:-1} ${STOCK_FIRST_SEED:-1}
	PLAN
}

# The modules that the scripts of the plan load.
clients()
{
	echo tools/stress samples/wordfreq samples/nolock
	[[ $which != kcsan-* ]] || echo tools/bed
	cut -d ' ' -f 1 "$work/plan" | while read -r script; do
		case $script in
		samples | soak) (cd "$top" && echo samples/*) ;;
		override) echo tools/override ;;
		functionality | regressions) echo tools/testing/selftests/galloc/test_modules ;;
		esac
	done
}

# Which of tools/stress the scripts load, where only some have been asked for: with all checks of
# a debug kernel each takes seconds to build.
loaded_only()
{
	local name

	[ -n "${STOCK_SCRIPTS:-}" ] || return 0
	cut -d ' ' -f 1 "$work/plan" | while read -r name; do
		for name in "$top"/tools/{test/guest,testing/selftests/galloc}/"$name.sh"; do
			[ ! -e "$name" ] || cat "$name"
		done
	done >"$work/spoken"
	for name in "$top"/tools/stress/galloc_*.c; do
		name=${name##*/galloc_}
		! grep -qwE "(galloc_)?${name%.c}" "$work/spoken" || echo "galloc_${name%.c}"
	done
}

# Plug a GB of memory into the guest's second node once it asks for that. If it asks for a
# dump of its memory, it gets that before, and the memory says that it is there. To read a
# silent pipe is a sleep without a process.
plug_when_asked()
{
	local tick lines line='' part

	exec {tick}<> <(:)
	until [ -e "$log" ]; do
		kill -0 $$ 2>/dev/null || return
		read -rt 0.5 -u "$tick" || true
	done
	exec {lines}<"$log"
	until [[ $line =~ ^@@\ host\ ([a-z]+)$'\r'*$'\n' ]]; do
		[[ $line != *$'\n' ]] || line=
		if IFS= read -r -u "$lines" part; then
			line+=$part$'\n'
		else
			line+=$part
			kill -0 $$ 2>/dev/null || return
			read -rt 0.5 -u "$tick" || true
		fi
	done
	[ "${BASH_REMATCH[1]}" != dump ] || printf 'dump-guest-memory %s/vmcore\n' "$work"
	printf '%s\n' 'object_add memory-backend-ram,id=plugged,size=1G' \
		'device_add pc-dimm,id=dimm,memdev=plugged,node=1'
}

monitor()
{
	# Read and write, so that it is open at once, and not only when QEMU opens it.
	plug_when_asked 1<>"$work/monitor.in"
	kill -0 $$ 2>/dev/null || return
	exec cat "$work/monitor.out" >"$work/monitor.said"
}

# The KTAP of one script in the log as our lines; a script that did not get to its
# end, or whose numbers are not what it planned, is one failure more.
results()
{
	awk -v script="$1" '
		$0 == "@@ begin " script { on = 1; next }
		!on { next }
		$1 == "@@" && $2 == "end" && $3 == script { status = $4; ended = 1; exit }
		/^1\.\.[0-9]+$/ { planned = substr($0, 4) }
		/^# / { print }
		/^(not )?ok [0-9]+ / {
			ran++
			good = /^ok/
			sub(/^(not )?ok [0-9]+ /, "")
			at = index($0, " # ")
			name = script ": " (at ? substr($0, 1, at - 1) : $0)
			why = at ? substr($0, at + 3) : ""
			if (!good) {
				print "not ok - " name ": " why
				bad++
			} else if (sub(/^SKIP */, "", why)) {
				print "skip - " name ": " why
			} else {
				print "ok - " name
			}
		}
		END {
			if (!ended)
				print "not ok - " script " finishes: it ran " ran + 0 " of " planned + 0 " checks"
			else if (ran + 0 != planned + 0 || !planned)
				print "not ok - " script " runs what it planned: " ran + 0 " of " planned + 0 " checks"
			else if (status != 0 && status != 4 && !bad)
				print "not ok - " script " is content: exit status " status
		}' "$log"
}

# What the kernel said of itself, or galloc at its end. What validate says is for
# the scripts: while others are at work it means nothing.
first_splat()
{
	local killed='/^$/d' end='<\/TASK>'

	# The script itself counts OOM kills.
	[ "$KARCH" != arm64 ] || end='\(ret_from_fork\|el0t_64_sync\)+'
	[ "$bed" != scarce ] || killed="/invoked oom-killer/,/$end/d"
	# Heaps and caches that are destroyed with live objects are shown with a stack.
	# guard.sh has threads end in an oops. debugfs.sh opens files while galloc is unloaded: the
	# kernel warns of an owner without references which it has not yet marked as leaving.
	sed '/^@@ end dmesg/,$d' "$log" | sed -e '/@@ begin oops/,/@@ end oops/d' -e "$killed" -e "/galloc: live: /,/$end/d" \
		-e '/@@ begin debugfs/,/@@ end debugfs/{/owner did not clean up at exit/,/end trace/d}' |
		grep -aE "$GUEST_SPLAT|galloc: .* are not accounted" | head -n 1 || true
}

# The programs for bpftrace in a document, each behind a line "== " and what it is for.
bpftrace_lines()
{
	awk '
		/^With bpftrace/ { on = 1; next }
		!on || /^-+$/ || /^$/ { next }
		/^[A-Z]/ { print "== " $0; next }
		{ sub(/^\t+bpftrace -e \047/, ""); sub(/\047$/, ""); print }' "$1"
}

# old_clients KO: as if built with the header of another ABI; and, where symbols have
# versions, with another declaration of a function.
old_clients()
{
	local abi at

	abi=$("${CROSS}nm" -u "$1" | grep -o 'galloc_class_abi[0-9]*')
	"${CROSS}objcopy" --redefine-sym "$abi=galloc_class_abi0" "$1" "$work/old_abi.ko"
	# Without such a section objcopy says so, and ends well all the same.
	"${CROSS}objcopy" --dump-section "__versions=$work/versions" "$1" "$work/old_versions.ko" 2>/dev/null || return 0
	[ -e "$work/versions" ] || { rm -f "$work/old_versions.ko"; return 0; }
	# Each has 8 bytes of version, then the name.
	at=$(grep -obaF gfree "$work/versions" | head -n 1 | cut -d : -f 1)
	printf '\0\0\0\0' | dd of="$work/versions" bs=1 seek=$((at - 8)) conv=notrunc status=none
	"${CROSS}objcopy" --update-section "__versions=$work/versions" "$1" "$work/old_versions.ko"
}

which=${1:-6.1} bed=${2:-work} nodes=${STOCK_NODES:-2}
case $bed in
work) cpus=4 mb=1024 ;;
edges) cpus=2 mb=512 ;;
scarce) cpus=2 mb=320 ;;
isolated | soak | races | probes) cpus=4 mb=1024 ;;
tools) cpus=2 mb=1536 ;;
large) cpus=2 mb=1024 nodes=1 ;;
*) die "there is no bed $bed; type: stock.sh [6.1|6.12|rt-6.1|none-6.1|up-6.1|debug-6.1|arm64-6.1|kcsan-7.3] [work|edges|scarce|isolated|tools|large|soak|races|probes]" ;;
esac
# Its serial driver must not print from an interrupt, see guest_qemu.
[[ $which != debug-* ]] || export GUEST_CONSOLE=early
# One processor, and no nodes at all.
[[ $which != up-* ]] || cpus=1 nodes=0
[ $# -le 2 ] || die "too many arguments; type: stock.sh [6.1|6.12|rt-6.1|none-6.1|up-6.1|debug-6.1|arm64-6.1|kcsan-7.3] [work|edges|scarce|isolated|tools|large|soak|races|probes]"
need_places
need_for modules programs guests traces observing
[[ $which = arm64-* ]] || need_for qemu
[ "$bed" != tools ] || { need_for drgn tracers shown && build_flags=; }
KDIR='' KREL='' VMLINUZ='' KERNEL=''
case $which in
none-* | up-* | debug-* | arm64-* | kcsan-*) use_kernel build "qemu-$which" ;;
*) use_kernel stock "$which" ;;
esac
log=$work/log
kept=$top/build/log/stock-$which${2:+-$2}.log
# The first kernel gets the whole of it, the others what shows a difference.
ops=2000000 rounds=25
[ "$which" != 6.1 ] || ops=5000000 rounds=30
[[ $which != kcsan-* ]] || ops=400000
isolated=''
[ "$bed" != isolated ] || isolated="isolcpus=domain,managed_irq,3 nohz_full=3"
[ "$bed" != large ] || isolated="possible_cpus=512 numa=fake=8"
[ -z "${CHECK_QUICK:-}" ] || ops=$((ops / 10)) rounds=$((rounds / 3))
ops=${STOCK_OPS:-$ops} rounds=${STOCK_ROUNDS:-$rounds}

plan >"$work/plan"
[ -s "$work/plan" ] || die "no such script: $STOCK_SCRIPTS"
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
cp "$BUILD/galloc.ko" "$work/"
GALLOC_STRESS=$(loaded_only | tr '\n' ' ')
export GALLOC_STRESS
mapfile -t made_of < <(clients | tr ' ' '\n' | sort -u)
build_client "$KDIR" "${made_of[@]}"
for client in "${made_of[@]}"; do cp "$BUILD/$client"/*.ko "$work/"; done
[[ $which != kcsan-* ]] || export GUEST_RACES=1
build_unlock
old_clients "$work/nolock.ko"

# A text for wordfreq: words enough to fill some pages.
head -c 60000 "$top"/galloc_mod.c "$top"/mheap.c "$top"/arena.c >"$work/text"
files=("$work/plan:/test/plan" "$work/text:/test/text")
"${CROSS}gcc" -O2 -Wall -static -o "$work/poke" "$top/tools/test/guest/poke.c" ||
	die "poke.c does not compile: is libc6-dev installed?"
files+=("$work/poke:/test/poke")
if [[ -z $KARCH && $bed = @(work|large|tools) ]]; then
	make -s -C "$top/tools/observe" O="$work/observe" CFLAGS="-O2 -static"
	files+=("$work/observe/gallocstat:/bin/gallocstat" "$work/observe/galloctop:/bin/galloctop"
		"$work/observe/galloc-pprof:/bin/galloc-pprof"
		/usr/lib/locale/C.utf8/LC_CTYPE:/usr/lib/locale/C.utf8/LC_CTYPE)
	mapfile -t -O "${#files[@]}" files < <(guest_program tmux && guest_terminals vt100 screen)
fi
[ "$bed" != edges ] || mapfile -t -O "${#files[@]}" files < <(guest_program trace-cmd)
if [ "$bed" = tools ]; then
	mapfile -t -O "${#files[@]}" files < <(guest_program perf && guest_program bpftrace && guest_drgn)
	files+=("$top/tools/drgn/galloc.py:/test/galloc.py"
		"$MODDIR/kernel/drivers/firmware/qemu_fw_cfg.ko:/modules/qemu_fw_cfg.ko")
	bpftrace_lines "$top/Documentation/observing.rst" >"$work/bpftrace"
	files+=("$work/bpftrace:/test/bpftrace")
fi
for script in "$top"/tools/test/guest/*.sh "$top"/tools/testing/selftests/galloc/*.sh "$top/tools/ktap.sh"; do
	files+=("$script:/test/${script##*/}")
done
for ko in "$work"/*.ko; do
	files+=("$ko:/modules/${ko##*/}")
done
guest_initramfs "$work/initramfs" "$top/tools/test/guest/init.sh" "${files[@]}"

# preempt=full: these kernels can preempt everywhere, which finds more, and do not
# unless they are told.
say "running $(cut -d ' ' -f 1 "$work/plan" | tr '\n' ' ')under $KREL"
rc=0
# A monitor that is two pipes needs no program to talk to it.
mkfifo "$work/monitor.in" "$work/monitor.out"
monitor &
plugger=$!
numa=(-chardev "pipe,id=monitor,path=$work/monitor" -mon chardev=monitor)
# shellcheck disable=SC2054 # the commas are QEMU's
[ "$nodes" -le 1 ] || numa+=(
	-object "memory-backend-ram,id=m0,size=$((mb / 2))M"
	-numa "node,nodeid=0,cpus=0-$((cpus / 2 - 1)),memdev=m0"
	-object "memory-backend-ram,id=m1,size=$((mb / 2))M"
	-numa "node,nodeid=1,cpus=$((cpus / 2))-$((cpus - 1)),memdev=m1")
# What makes QEMU add to a dump what the kernel tells of itself.
[ "$bed" != tools ] || numa+=(-device vmcoreinfo)
case $bed in
edges | soak | probes) have_kvm || numa+=(-accel "tcg,thread=single") ;;
esac
# noirqdebug: where the serial line's interrupt is a thread that is late, PREEMPT_RT takes
# it for one that nobody wants, and turns it off; then nobody hears of the guest any more.
[ "$cpus" -eq 1 ] || cpus+=,sockets=2
GUEST_CPUS=$cpus GUEST_MEM=$mb,slots=2,maxmem=4G \
	GUEST_APPEND="oops=panic preempt=full memhp_default_state=online noirqdebug OPS=$ops ${CHECK_QUICK:+QUICK=1} $isolated" \
	guest_qemu "${VMLINUZ:-$KERNEL}" "$work/initramfs" "$log" "${STOCK_TIMEOUT:-2700+}" "${numa[@]}" || rc=$?

mkdir -p "${kept%/*}"
cp "$log" "$kept"
{
	while read -r script _; do results "$script"; done <"$work/plan"
	[ "$bed" != tools ] || shown_results
	if [ $rc -eq 0 ]; then
		ok "the guest finishes"
	else
		not_ok "the guest finishes" "it came to: $(guest_last_line "$log") (see ${kept#"$top"/})"
	fi
	same "the kernel has nothing to complain of" "$(first_splat)" ""
	[ -z "${GUEST_RACES:-}" ] ||
		at_least "accesses that KCSAN has watched" "$(guest_watched "$log")" 1000
} | tee "$work/report"

count_in "$work/report"
sum
