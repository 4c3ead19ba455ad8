#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# record.sh [NAME]: record the allocations of a stock kernel under load, `make trace`.
#
# Boots the stock kernel in QEMU with the slab tracepoints on, lets it work
# (record-init.sh, load.c), and converts what was recorded to build/trace/NAME.trace
# and NAME.trace.xz. Prints the contents of the trace, and last
# "trace: ok" or "trace: FAILED: why".
#
#	NAME			default
#	TRACE_RUNS=3		number of recordings, NAME-1 .. NAME-3, and a table that
#				compares them, build/trace/NAME.rst; `make trace-doc`
#				takes the first of them
#	TRACE_OF=galloc		galloc's own events, of two clients, instead of the kernel's;
#				each allocation must be there, by galloc's count
#	KERNEL=6.1		the kernel
#	TRACE_TIMEOUT=900	seconds that the guest may take
#	TRACE_SCALE=100		work, in percent

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

out=$top/build/trace
MODULES='crc32c_generic ext4 loop virtio_pci virtio_blk'
BUFFER_KB=262144
of=${TRACE_OF:-kmem}
DISK_MB=1024
MIN_EVENTS=1000000

verdict=
work=
shower=

finish()
{
	local rc=$?

	[ -z "$shower" ] || kill "$shower" 2>/dev/null || true
	[ -z "$work" ] || rm -rf "$work"
	if [ -z "$verdict" ]; then
		echo "trace: FAILED: ${why:-it broke off, see above}"
		[ $rc -ne 0 ] || rc=1
	fi
	exit $rc
}
why=
trap finish EXIT
trap 'why="interrupted"; exit 1' INT TERM HUP

# lib.sh's, but the one line is the verdict.
die()
{
	why=$*
	[ "$BASH_SUBSHELL" -eq 0 ] || printf '%s\n' "$*" >&2
	exit 1
}

# The modules that the guest needs, each behind those it depends on: modules.dep
# lists the latter from right to left.
module_files()
{
	local name line

	for name in $MODULES; do
		line=$(grep -E "/$name\.ko(\.[a-z]+)?:" "$MODDIR/modules.dep") || {
			grep -q "/$name\.ko$" "$MODDIR/modules.builtin" && continue
			die "$KREL has no module $name"
		}
		tr -d ':' <<<"$line" | tr ' ' '\n' | tac
	done | grep . | awk '!seen[$0]++'
}

# Files for the guest: a file tree, an empty file system, the load, the modules.
make_guest()
{
	local common file
	local -a files=("$work/tree.tar:/tree.tar" "$work/ext4.gz:/ext4.gz"
		"$work/order:/modules/order")

	common=$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")
	tar -C "$common/include" --sort=name --mtime=@1 --owner=0 --group=0 -cf "$work/tree.tar" \
		net uapi
	truncate -s 192M "$work/ext4"
	mkfs.ext4 -q -F -U 0f000000-0000-4000-8000-000000000001 "$work/ext4"
	gzip -n1 <"$work/ext4" >"$work/ext4.gz"
	gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -static -o "$work/load" \
		"$top/tools/trace/load.c" || die "load.c does not compile: is libc6-dev installed?"
	files+=("$work/load:/bin/load")
	mapfile -t -O "${#files[@]}" files < <(guest_program trace-cmd)
	: >"$work/order"
	while read -r file; do
		printf '%s\n' "${file##*/}" >>"$work/order"
		files+=("$MODDIR/$file:/modules/${file##*/}")
	done < <(module_files)
	[ -s "$work/order" ] || die "$KREL has no modules"
	[ "$of" = kmem ] || make_clients
	guest_initramfs "$work/initramfs" "$top/tools/trace/record-init.sh" "${files[@]}"
}

# galloc with two clients, into the caller's files.
make_clients()
{
	local ko

	build_lock "$KREL"
	build_galloc "$KDIR" "$KREL"
	build_client "$KDIR" samples/wordfreq tools/stress
	for ko in galloc samples/wordfreq/wordfreq tools/stress/galloc_stress; do
		cp "$BUILD/$ko.ko" "$work/"
		files+=("$work/${ko##*/}.ko:/clients/${ko##*/}.ko")
	done
	build_unlock
	head -qc 30000 "$top"/*.c >"$work/text"
	files+=("$work/text:/text")
}

# fact KEY: the guest's last value.
fact()
{
	sed -n "s/^@ $1 //p" "$log" | tail -n 1
}

# Tell a person what the guest is at.
show_stages()
{
	local stage last='' start=$SECONDS

	while sleep 0.5; do
		[ -e "$log" ] || continue
		stage=$(tr -d '\r' <"$log" | sed -n 's/^@ stage //p' | tail -n 1)
		[ "$stage" != "$last" ] || continue
		last=$stage
		say "the guest: $stage, after $((SECONDS - start)) s"
	done
}

# record NAME: one trace.
record()
{
	local name=$1 rc=0 scale=${TRACE_SCALE:-100} events objects allocs frees
	local -a append

	log=$out/$name.log
	append=("BUFFER_KB=$BUFFER_KB" "OF=$of" "OPS=$((2000 * scale))" "FILES=$((4 * scale))" "CONNECTIONS=$((12 * scale))"
		"PROCESSES=$((8 * scale))" "PIPES=$((2 * scale))")
	rm -f "$log" "$work/disk"
	truncate -s "${DISK_MB}M" "$work/disk"
	mkfs.ext4 -q -F "$work/disk"
	say "$name: recording $KREL"
	show_stages &
	shower=$!
	# The kernel gives what it does not know to init's environment.
	GUEST_CPUS=2 GUEST_MEM=2048 GUEST_APPEND="oops=panic ${append[*]}" \
		guest_qemu "$VMLINUZ" "$work/initramfs" "$log" "${TRACE_TIMEOUT:-900}" \
		-drive "file=$work/disk,if=none,id=disk,format=raw,cache=unsafe" \
		-device virtio-blk-pci,drive=disk || rc=$?
	kill "$shower" 2>/dev/null || true
	wait "$shower" 2>/dev/null || true
	shower=
	[ $rc -eq 0 ] || die "the guest did not finish; its output is ${log#"$top"/}; $(guest_last_line "$log")"

	[ "$(fact lost)" = 0 ] || die "the kernel lost $(fact lost) events: increase BUFFER_KB"
	debugfs -R "dump /trace.dat $out/$name.dat" "$work/disk" 2>/dev/null
	[ -s "$out/$name.dat" ] || die "the guest wrote no recording"
	say "$name: converting $(($(stat -c %s "$out/$name.dat") >> 20)) MB"
	"$out/galloc-trace" convert "$out/$name.dat" "$out/$name.trace" >&2 ||
		die "the recording cannot be converted"
	[ -n "${TRACE_KEEP:-}" ] || rm "$out/$name.dat"
	xz -9ekf "$out/$name.trace"
	"$out/galloc-trace" print "$out/$name.trace" >"$out/$name.txt"
	events=$(value events "$name")
	if [ "$of" = galloc ]; then
		# The clocks of two CPUs may differ, so that a free seems to come late: then it
		# has no partner, and its object has none.
		objects=$(($(value objects "$name") + $(value too_large "$name")))
		allocs=$((objects + $(value missed_frees "$name") + $(value never_freed "$name")))
		frees=$((objects + $(value unknown_frees "$name")))
		[ "$allocs $frees" = "$(fact allocs) $(fact allocs)" ] ||
			die "$name has $allocs allocations and $frees frees, and galloc has counted $(fact allocs)"
		return
	fi
	[ "$events" -ge "$MIN_EVENTS" ] || [ "$scale" -lt 100 ] ||
		die "$name has only $events events, not $MIN_EVENTS"
}

# value KEY NAME: of what was printed of that trace.
value()
{
	awk -v "key=$1" '$1 == key { print $2; exit }' "$out/$2.txt"
}

# compare NAME...: a table for people, in the markup of the documents.
compare()
{
	local rule key name
	local keys='seconds events objects kinds lost unknown_frees missed_frees never_freed too_large
		mean_size cache_percent kmalloc_rounding handover_percent
		peak_bytes mean_bytes peak_objects mean_objects'

	rule="================ $(for name in "$@"; do printf '=========== '; done)"
	printf '%s\n' "${rule% }"
	printf '%-16s' ''
	printf ' %-11s' "$@" | sed 's/ *$//'
	printf '\n%s\n' "${rule% }"
	for key in $keys compressed; do
		printf '%-16s' "$key"
		for name in "$@"; do
			if [ "$key" = compressed ]; then
				printf ' %-11s' "$(stat -c %s "$out/$name.trace.xz")"
			else
				printf ' %-11s' "$(value "$key" "$name")"
			fi
		done | sed 's/ *$//'
		printf '\n'
	done
	printf '%s\n' "${rule% }"
}

case $of in
kmem | galloc) ;;
*) die "TRACE_OF=$of is unknown: kmem or galloc" ;;
esac
name=${1:-default}
runs=${TRACE_RUNS:-1}
[[ $# -le 1 && $name != -* ]] || die "too many arguments, or an option; type: ${0##*/} [NAME]"
need_places
need_for modules programs guests qemu traces recording
mkdir -p "$out"
make -s -C "$top/tools/trace"
why=$(scratch record 2>&1) || exit 1
work=$why why=
use_kernel stock "${KERNEL:-6.1}"
# It was unpacked where there was no depmod yet.
[ -e "$MODDIR/modules.dep" ] || depmod -b "${MODDIR%/lib/modules/*}" "$KREL"
make_guest

names=("$name")
[ "$runs" -eq 1 ] || mapfile -t names < <(seq -f "$name-%.0f" "$runs")
for name in "${names[@]}"; do
	record "$name"
	cat "$out/$name.txt"
	say "$name: ${out#"$top"/}/$name.trace and .xz"
done
if [ "$runs" -gt 1 ]; then
	echo
	compare "${names[@]}" | tee "$out/${1:-default}.rst"
fi
verdict=1
echo "trace: ok"
