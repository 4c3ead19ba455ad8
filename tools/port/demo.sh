#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# demo.sh [--short|--all] [NAME...], demo.sh --table LOG...: unmodified modules of the kernel at
# work, without galloc and with it, `make demo-port`.
#
# Builds them out of Debian's kernel source against the stock kernel, with one line in their
# Makefiles, -include galloc-override.h. Boots that kernel in QEMU, where they and those of
# the kernel's package do the same work, whose result is checked. The guest's clock counts
# instructions, those of user space among them. Prints a table, build/port/table.rst, and
# last "N passed, N failed, N skipped".
#
#	--all			with those that are not usual, some of which have not run to their end yet
#	--table LOG...		only the table, of logs of guests, build/port/log/SETS
#	--short			four of them, with less work: a part of make check
#	PORT_FILES=5000		files that a file system unpacks
#	PORT_MB=32		what is written to block devices
#	KERNEL=6.1		the kernel, 6.12 or 7.3
#	PORT_VARIANTS=galloc	only with it
#	PORT_TIMEOUT=N		seconds the guest may take
#	PORT_DOC=1		a line of each set into Documentation/porting.rst; phases: the table

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/port/modules.sh
. "$top/tools/port/modules.sh"

work_dir port
out=$top/build/port
files=5000 mb=32 image_mb=320 purpose=demo
sets=(ext4 xfs btrfs f2fs ext2 minix nilfs2 jfs zram null_blk nbd sched aead)
if [ "${1:-}" = --all ]; then
	shift
	sets+=(dm-crypt raid wireguard nf_tables bridge crypto tests
		overlay squashfs erofs exfat vfat dm-snapshot dm-thin vxlan ipset)
elif [ "${1:-}" = --short ]; then
	shift
	files=400 mb=4 image_mb=48 purpose=ported
	sets=(minix zram sched aead)
fi
[[ ${1:-} = --table || " $*" != *" -"* ]] || die "there is no such option in $*; type: demo.sh --help"
[ $# -eq 0 ] || sets=("$@")
files=${PORT_FILES:-$files} mb=${PORT_MB:-$mb}
series=${KERNEL:-6.1} variants=${PORT_VARIANTS:-kernel galloc}

# Files of the kernel's headers, as many as wanted, in a hundred folders; and their sums.
make_tree()
{
	local n file

	mkdir -p "$work"/tree/d{0..99}
	find "$KDIR/include" "$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")/include" \
		-name '*.h' -size -16k -size +0 2>/dev/null | sort >"$work/headers" || true
	# One process for all of them.
	n=$(head -n "$files" "$work/headers" | tr '\n' '\0' | xargs -0 awk -v dir="$work/tree" '
		FNR == 1 {
			close(out)
			out = sprintf("%s/d%d/f%d", dir, n % 100, n)
			n++
		}
		{ print >out }
		END { print n }')
	for file in {1..100}; do
		ln -s "d1/f$((file * 100 + 1))" "$work/tree/s$file"
	done
	(cd "$work" && tar -cf tree.tar --owner=0 --group=0 tree &&
		find tree -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 md5sum >tree.md5)
	[ "$n" -eq "$files" ] || say "there are only $n files"
}

# guest_module KO NAME: what the guest loads as /port/NAME, without what only a debugger reads.
guest_module()
{
	local ko=$1 to=$work/modules/$2

	if [ ! -e "$to" ]; then
		mkdir -p "${to%/*}"
		case $ko in
		*.xz) xz -dc "$ko" >"$to" ;;
		*) cp "$ko" "$to" ;;
		esac
		strip --strip-debug "$to"
		guest_files+=("$to:/port/$2")
	fi
}

# Build all sets, and write down what the guest needs for each.
build_sets()
{
	local name variant ko file

	: >"$work/needs"

	for variant in $variants; do
		for name in "${sets[@]}"; do
			port_files "$variant" "$name" >"$work/files"
			printf '%s %s' "$variant" "$name"
			while read -r ko; do
				file=$variant/$name/${ko##*/}
				guest_module "$ko" "$file"
				printf ' /port/%s' "$file"
			done <"$work/files"
			echo
		done
	done >"$work/built"
	for name in "${sets[@]}"; do
		while read -r ko; do
			file=${ko##*/}
			guest_module "$ko" "${file%.xz}"
			echo "$name /port/${file%.xz}" >>"$work/needs"
		done < <(port_files kernel loop && port_stock "$name" | sed "s|^|$MODDIR/|")
		port_programs "$name" | tr ' ' '\n' >>"$work/programs"
	done
}

# make_table LOG...: one line a phase: without, with, and the ratio; then what the goals are about.
make_table()
{
	awk '
		$1 != "@@" || $2 != "phase" { next }
		{
			key = $3 " " $5
			if (!(key in seen)) { seen[key] = 1; order[++n] = key }
			ms[key, $4] = $6
			held[key, $4] = $7 + $8
			sum[$3, $4] += $6
			all[$4] += $6
			if ($7 + $8 > peak[$3, $4])
				peak[$3, $4] = $7 + $8
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
				printf("   %s, %s, %.1f, %.1f, %s, %d, %d, %s\n", part[1], part[2], a / 1000, b / 1000,
					(a > 5000 ? sprintf("%.3f", b / a) : ""), c, d,
					(c > 500 ? sprintf("%.2f", d / c) : ""))
				goal(order[i], part[2])
			}
			total(last)
			print "\n.. csv-table::"
			print "   :header: goal, wanted, measured, of\n"
			line("memory with the tree cached", "0.95", "read")
			line("memory at the peak", "1.00", "peak")
			line("memory two seconds after drop", "1.02", "rest")
			printf("   instructions of all, 1.02, %.3f, %.0f million\n",
				all["galloc"] / (all["kernel"] ? all["kernel"] : 1), all["kernel"] / 1000)
			printf("   instructions of the worst phase, 1.02, %.3f, \"%s; %d of %d phases above 20 million are over 1.02\"\n",
				worst, where, over, phases)
		}
		function goal(key, phase,	k) {
			if (has_tree[last] || phase == "unpack") {
				has_tree[last] = 1
				kernel[phase] += held[key, "kernel"]
				galloc[phase] += held[key, "galloc"]
			}
			if (ms[key, "kernel"] > 20000) {
				phases++
				k = ms[key, "galloc"] / ms[key, "kernel"]
				over += k > 1.02
				if (k > worst) { worst = k; where = key }
			}
		}
		function total(set) {
			printf("   %s, all, %.1f, %.1f, %.3f, , ,\n", set, sum[set, "kernel"] / 1000, sum[set, "galloc"] / 1000,
				sum[set, "galloc"] / (sum[set, "kernel"] ? sum[set, "kernel"] : 1))
			kernel["peak"] += peak[set, "kernel"]
			galloc["peak"] += peak[set, "galloc"]
		}
		function line(what, wanted, phase) {
			if (kernel[phase])
				printf("   %s, %s, %.3f, %d kB\n", what, wanted, galloc[phase] / kernel[phase], kernel[phase])
		}' "$@"
}

# make_summary LOG...: one line a set, for the document.
make_summary()
{
	awk '
		{ sub(/\r$/, "") }
		$1 != "@@" { next }
		$2 == "check" { checks[$3, $4]++; good[$3, $4] += $5 == "ok" }
		$2 == "phase" {
			if (!($3 in seen)) { seen[$3] = 1; order[++n] = $3 }
			sum[$3, $4] += $6
			if ($7 + $8 > peak[$3, $4])
				peak[$3, $4] = $7 + $8
		}
		function passed(key) {
			return sprintf("%d of %d", good[key], checks[key])
		}
		END {
			print ".. csv-table::"
			print "   :header: set, passed, with galloc, \"10^6 instructions\", with galloc, ratio, \"held at most, kB\", with galloc\n"
			for (i = 1; i <= n; i++) {
				name = order[i]
				a = sum[name, "kernel"]; b = sum[name, "galloc"]
				printf("   %s, %s, %s, %.0f, %.0f, %s, %d, %d\n", name,
					passed(name SUBSEP "kernel"), passed(name SUBSEP "galloc"), a / 1000, b / 1000,
					(a ? sprintf("%.3f", b / a) : ""), peak[name, "kernel"], peak[name, "galloc"])
			}
		}' "$@"
}

document()
{
	case ${PORT_DOC:-} in
	1) make_summary "$@" | fill_page "$top/Documentation/porting.rst" sets ;;
	phases) make_table "$@" | fill_page "$top/Documentation/porting.rst" demo ;;
	esac
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
		for variant in $variants; do
			grep -q "^@@ phase $name $variant unload" "$work/log" ||
				not_ok "$name, $variant: it finishes" "the last line is: $(guest_last_line "$work/log")"
		done
	done
	same "the kernel has nothing to complain of" "$(sed -n 's/^@@ splat \([0-9]*\).*/\1/p' "$work/log")" 0
}

if [ "${1:-}" = --table ]; then
	shift
	make_table "$@"
	document "$@"
	exit
fi
need_places
need_for modules guests qemu $purpose
case $series in
7.*)
	# Debian's own is for its next release: ours has less, and modules built like the others.
	use_kernel build "qemu-release-$series"
	VMLINUZ=$KERNEL
	[ $# -gt 0 ] || sets=(null_blk tests)
	;;
*) use_kernel stock "$series" ;;
esac
SOURCE=
eval "$("$top/tools/kernel.sh" source "$series")"
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
guest_files=("$work/galloc.ko:/port/galloc.ko")
build_sets
cp "$BUILD/galloc.ko" "$work/"
strip --strip-debug "$work/galloc.ko"
build_unlock
make_tree
# What can only be read is made here.
case " ${sets[*]} " in
*" squashfs "*)
	mksquashfs "$work/tree" "$work/squashfs" -quiet -no-progress >/dev/null
	guest_files+=("$work/squashfs:/port/squashfs.image")
	;;
esac
case " ${sets[*]} " in
*" erofs "*)
	mkfs.erofs -z lz4 "$work/erofs" "$work/tree" >/dev/null 2>&1
	guest_files+=("$work/erofs:/port/erofs.image")
	;;
esac
sort -u "$work/programs" | sed "/^$/d" >"$work/unique"
while read -r name; do
	mapfile -t -O "${#guest_files[@]}" guest_files < <(guest_program "$name")
done <"$work/unique"
for name in "${sets[@]}"; do printf '%s\n' "$name $variants"; done >"$work/plan"
printf '%s\n' "MB=$mb IMAGE_MB=$image_mb" >"$work/settings"
printf '%s' "$GUEST_SPLAT" | sed 's/|$//' >"$work/splats"
guest_files+=("$top/tools/port/net.sh:/port/net.sh")
guest_initramfs "$work/initramfs" "$top/tools/port/guest.sh" "${guest_files[@]}" \
	"$work/plan:/port/plan" "$work/settings:/port/settings" "$work/built:/port/modules" \
	"$work/needs:/port/needs" "$work/splats:/port/splats" "$work/tree.tar:/tmp/tree.tar" \
	"$work/tree.md5:/tmp/tree.md5"
mkdir -p "$out/log"
say "running ${sets[*]} under $KREL"
rc=0
GUEST_CPUS=1 GUEST_MEM=1536 GUEST_APPEND="oops=panic" \
	guest_qemu "$VMLINUZ" "$work/initramfs" "$work/log" "${PORT_TIMEOUT:-3600+}" \
	-icount shift=0,sleep=off -accel tcg,thread=single || rc=$?
cp "$work/log" "$out/log/$series-$(IFS=+ && echo "${sets[*]}" | cut -c 1-60)"
make_table "$work/log" >"$work/table.rst"
{
	report
	[ $rc -eq 0 ] || not_ok "the guest finishes" "it came to: $(guest_last_line "$work/log")"
} | tee "$work/report"
cat "$work/table.rst"
document "$work/log"
count_in "$work/report"
# Not before: there may be another run in this tree.
cp "$work/report" "$work/table.rst" "$out/"
sum
