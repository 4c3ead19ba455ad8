#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench/run.sh: what galloc costs beside kmalloc, `make bench`.
#
# Loads galloc_bench.ko in a guest that executes one instruction a nanosecond, so
# that its clock counts instructions: the figures do not depend on the machine,
# and a second run gives the same. They are net of the empty loop.
#
# Writes build/bench/results.tsv: a header line, then tab-separated
# bed kernel case variant allocator cpus metric value min max, where value is
# the median over the repetitions. Prints the same as a table, with ratios.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/guest.sh
. "$top/tools/guest.sh"
# shellcheck source=tools/build.sh
. "$top/tools/build.sh"

# What `pair 64c` of kmalloc comes to on stock 6.1; another figure means that
# not the allocator was measured but something else.
PEER=237
PEER_TOLERANCE=5

work=$(mktemp -d -t galloc-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

[ $# -eq 0 ] || die "no arguments are known"
cache_dir >/dev/null
need_packages make gcc qemu-system-x86 busybox-static cpio gzip
stock=$("$top/tools/kernel.sh" stock 6.1)
KDIR='' VMLINUZ='' KREL=''
eval "$stock"

build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
build_client "$KDIR" tools/bench
cp "$BUILD/galloc.ko" "$BUILD/tools/bench/galloc_bench.ko" "$work/"
build_unlock

guest_initramfs "$work/initramfs" "$top/tools/bench/init.sh" \
	"$work/galloc.ko:/galloc.ko" "$work/galloc_bench.ko:/galloc_bench.ko"

# One CPU and a fixed model: some models count `rep stosb` once a byte.
say "measuring under $KREL, one instruction a nanosecond"
GUEST_CPUS=1 GUEST_APPEND="init_on_alloc=0" \
	guest_qemu "$VMLINUZ" "$work/initramfs" "$work/log" 120 \
	-icount shift=0,sleep=off -accel tcg,thread=single -cpu qemu64 || {
	tail -n 20 "$work/log" | sed 's/^/   | /' >&2
	die "the guest gave no results, its last words are above"
}
sed -n '/^@@ begin results$/,/^@@ end results$/{/^@@ /d;p}' "$work/log" >"$work/results"

mkdir -p "$top/build/bench"
{
	printf 'bed\tkernel\tcase\tvariant\tallocator\tcpus\tmetric\tvalue\tmin\tmax\n'
	# The empty loop is subtracted already; it is no result of its own.
	awk -v kernel="$KREL" -v OFS='\t' '$3 != "none" { print "icount", kernel, $0 }' "$work/results"
} >"$work/results.tsv"
mv "$work/results.tsv" "$top/build/bench/results.tsv"

awk -v kernel="$KREL" '
	BEGIN {
		printf "instructions for one alloc + free, %s, init_on_alloc=0\n\n", kernel
		printf "%-10s %-10s %10s %10s %10s %8s\n",
			"case", "variant", "galloc", "kmalloc", "ratio", "loop"
	}
	{
		key = $1 " " $2
		if (!(key in seen))
			order[++n] = key
		seen[key]
		value[key, $3] = $6
	}
	END {
		for (i = 1; i <= n; i++) {
			split(order[i], name)
			g = value[order[i], "galloc"]
			k = value[order[i], "kmalloc"]
			printf "%-10s %-10s %10.1f %10.1f %10s %8.1f\n", name[1], name[2],
				g, k, (k > 0 ? sprintf("%.2f", g / k) : "-"), value[order[i], "none"]
		}
	}' "$work/results"

peer=$(awk '$1 == "pair" && $2 == "64c" && $3 == "kmalloc" { print $6 }' "$work/results")
awk -v got="$peer" -v want=$PEER -v off=$PEER_TOLERANCE \
	'BEGIN { exit !(got >= want - off && got <= want + off) }' ||
	die "kmalloc's own pair 64c is $peer instructions, not $PEER +-$PEER_TOLERANCE: these figures are not to be trusted"
echo
echo "build/bench/results.tsv"
