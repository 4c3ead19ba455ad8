#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# demo.sh [NAME...]: unmodified modules of the kernel at work, without galloc and with it,
# `make demo-port`.
#
# Builds them out of Debian's kernel source against the stock kernel, each twice: as they
# are, and with one line in their Makefiles, -include galloc-override.h. Boots that kernel in
# QEMU, where each does the same work, whose result is checked. The guest's clock counts
# instructions, those of user space among them. Prints a table, build/port/table.rst, and
# last "N passed, N failed, N skipped".
#
#	PORT_FILES=5000		files that a file system unpacks
#	PORT_TIMEOUT=N		seconds the guest may take
#	PORT_DOC=1		copy the table into Documentation/porting.rst

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/port/modules.sh
. "$top/tools/port/modules.sh"

work_dir port
out=$top/build/port
files=${PORT_FILES:-5000}
sets=("$@")
[ $# -gt 0 ] || sets=(ext4 ext2 minix zram null_blk)

# The file of a module of the stock kernel and those it depends on, in the order of loading.
stock_modules()
{
	local name line

	for name in "$@"; do
		line=$(grep -E "/$name\.ko(\.[a-z]+)?:" "$MODDIR/modules.dep") || continue
		tr -d ':' <<<"$line" | tr ' ' '\n' | tac
	done | grep . | awk '!seen[$0]++'
}

# Files of the kernel's headers, as many as wanted, in a hundred folders; and their sums.
make_tree()
{
	local n=0 file

	mkdir "$work/tree"
	while read -r file; do
		mkdir -p "$work/tree/d$((n % 100))"
		cp "$file" "$work/tree/d$((n % 100))/f$n"
		n=$((n + 1))
	done < <(find "$KDIR/include" "$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")/include" \
		-name '*.h' -size -16k | sort | head -n "$files")
	for file in $(seq 1 200); do
		ln -s "d1/f$((file * 100 + 1))" "$work/tree/s$file"
	done
	(cd "$work" && tar -cf tree.tar --owner=0 --group=0 tree &&
		find tree -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 md5sum >tree.md5)
	[ "$n" -eq "$files" ] || say "there are only $n files"
}

build_sets()
{
	local name variant ko

	for name in "${sets[@]}"; do
		for variant in kernel galloc; do
			printf '%s %s' "$variant" "$name" >>"$work/modules"
			port_build "$name" "$variant" >"$work/kos"
			while read -r ko; do
				guest_files+=("$ko:/port/$variant/${ko##*/}")
				printf ' /port/%s/%s' "$variant" "${ko##*/}" >>"$work/modules"
			done <"$work/kos"
			echo >>"$work/modules"
		done
		# shellcheck disable=SC2046 # words
		stock_modules loop $(port_needs "$name") >>"$work/needs"
	done
	awk '!seen[$0]++' "$work/needs" | while read -r ko; do echo "$ko"; done >"$work/order"
	while read -r ko; do
		guest_files+=("$MODDIR/$ko:/port/${ko##*/}")
		echo "${ko##*/}" >>"$work/stock"
	done <"$work/order"
}

# One line a phase: without, with, and the ratio.
make_table()
{
	awk '
		$1 != "@@" || $2 != "phase" { next }
		{
			key = $3 " " $5
			sub(/^kernel-|^galloc-/, "", key)
			if (!(key in seen)) { seen[key] = 1; order[++n] = key }
			ms[key, $4] = $6
			held[key, $4] = $7 + $8
			sum[$3, $4] += $6
		}
		END {
			print ".. csv-table::"
			print "   :header: module, phase, \"10^6 instructions\", with galloc, ratio, held kB, with galloc, ratio\n"
			for (i = 1; i <= n; i++) {
				split(order[i], part, " ")
				if (part[1] != last && last)
					total(last)
				last = part[1]
				a = ms[order[i], "kernel"]; b = ms[order[i], "galloc"]
				c = held[order[i], "kernel"]; d = held[order[i], "galloc"]
				printf("   %s, %s, %d, %d, %s, %d, %d, %s\n", part[1], part[2], a, b,
					(a > 100 ? sprintf("%.3f", b / a) : ""), c, d,
					(c > 500 ? sprintf("%.2f", d / c) : ""))
			}
			total(last)
		}
		function total(set) {
			printf("   %s, all, %d, %d, %.3f, , ,\n", set, sum[set, "kernel"], sum[set, "galloc"],
				sum[set, "galloc"] / (sum[set, "kernel"] ? sum[set, "kernel"] : 1))
		}' "$work/log"
}

report()
{
	local name variant what status

	while read -r _ _ name variant status what; do
		if [ "$status" = ok ]; then
			ok "$name, $variant: $what"
		else
			not_ok "$name, $variant" "$what"
		fi
	done < <(tr -d '\r' <"$work/log" | grep '^@@ check ')
	for name in "${sets[@]}"; do
		for variant in kernel galloc; do
			grep -q "^@@ phase $name $variant unload" "$work/log" ||
				not_ok "$name, $variant: it finishes" "the last line is: $(guest_last_line "$work/log")"
		done
	done
	same "the kernel has nothing to complain of" "$(sed -n 's/^@@ splat \([0-9]*\).*/\1/p' "$work/log")" 0
}

need_for modules guests qemu demo
use_kernel stock 6.1
eval "$("$top/tools/kernel.sh" source 6.1)"
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
guest_files=("$work/galloc.ko:/port/galloc.ko")
build_sets
cp "$BUILD/galloc.ko" "$work/"
build_unlock
make_tree
PATH=$PATH:/usr/sbin:/sbin
for name in mke2fs e2fsck mkfs.xfs xfs_repair mkfs.minix fsck.minix mkfs.f2fs fsck.f2fs jfs_mkfs \
	jfs_fsck mkfs.nilfs2 mkfs.btrfs btrfs; do
	! command -v "$name" >/dev/null ||
		mapfile -t -O "${#guest_files[@]}" guest_files < <(guest_program "$name")
done
printf '%s\n' "${sets[@]}" >"$work/plan"
printf '%s' "$GUEST_SPLAT" | sed 's/|$//' >"$work/splats"
guest_initramfs "$work/initramfs" "$top/tools/port/guest.sh" "${guest_files[@]}" \
	"$work/plan:/port/plan" "$work/modules:/port/modules" \
	"$work/stock:/port/stock" "$work/splats:/port/splats" "$work/tree.tar:/tmp/tree.tar" \
	"$work/tree.md5:/tmp/tree.md5"
mkdir -p "$out"
say "running ${sets[*]} under $KREL"
rc=0
GUEST_CPUS=1 GUEST_MEM=1536 GUEST_APPEND="oops=panic" \
	guest_qemu "$VMLINUZ" "$work/initramfs" "$work/log" "${PORT_TIMEOUT:-3600}" \
	-icount shift=0,sleep=off -accel tcg,thread=single || rc=$?
cp "$work/log" "$out/log"
make_table >"$out/table.rst"
{
	report
	[ $rc -eq 0 ] || not_ok "the guest finishes" "it came to: $(guest_last_line "$work/log")"
} | tee "$out/report"
cat "$out/table.rst"
[ -z "${PORT_DOC:-}" ] || fill_page "$top/Documentation/porting.rst" demo <"$out/table.rst"
count_in "$out/report"
sum
