#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# fastpath.sh --doc|--check [arm64]: the instructions of the fast paths on stock 6.1, or on
# a kernel of tools/kernels for another architecture.
#
# --doc writes the listing into Documentation/fastpath.rst, `make fastpath-doc`, or
# fastpath-arm64.rst, `make fastpath-doc ARCH=arm64`.
# --check compares the numbers of instructions with those in it: it fails if a path is
# longer or shorter by more than 3, or if a pair, with what the caller adds, has more than
# 60 (arm64: 110, for there each access to memory is an instruction of its own, and the call
# of preempt_schedule() takes a frame). On stock 6.1 also if galloc_owns() has more than 15,
# a pair of a typed cache more than 62, or one of a heap more than 66.

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

MOST_MORE=3
MOST_PAIR=60
MOST_OWNS=15
MOST_CACHE=62
MOST_HEAP=66
# Arguments and calls, as the page says.
CALLER=6
page=$top/Documentation/fastpath.rst
arch=${2:-}
[ -z "$arch" ] || page=${page%.rst}-$arch.rst MOST_PAIR=110
work_dir fastpath

title()
{
	printf '%s\n%s\n%s\n' "${1//?/=}" "$1" "${1//?/=}"
}

write_page()
{
	cat <<END
.. SPDX-License-Identifier: GPL-2.0
.. Copyright (C) 2026 The galloc authors
.. Written by tools/fastpath.sh --doc.

$(title "The fast path${arch:+ on $arch}")

For developers. The instructions of \`\`galloc()\`\` with a constant size, and of \`\`gfree()\`\`, when the
stack has an object and room for one; disassembled from galloc.ko for $KREL,
$("${CROSS}gcc" --version | sed -n 1p). No conditional jump is taken; static branches are those
of \`\`init_on_alloc=0 init_on_free=0\`\`. The caller adds six instructions: three arguments
and the call for one, an argument and the call for the other. The third argument is the
size, for the compiler only; without \`\`CONFIG_FORTIFY_SOURCE\`\` there is none.
\`\`make bench\`\` counts the executed instructions, under \`\`pair 64c\`\`.

$([ -n "$arch" ] || echo "A comment names the variable of each address that ends in (%rip). Instructions 5 and 4
test the busy byte. ")The code is in mcache.h, mcache_pop() and mcache_push().

END
	cat "$work/listing"
}

# recorded NAME: the number of instructions that the page has for it.
recorded()
{
	awk -v name="$1()" '$0 == name { on = 1; next } on && /^\t/ { n = $1 } on && /^[a-z]/ { exit }
		END { print n + 0 }' "$page"
}

# at_most NAME N MOST
at_most()
{
	if [ "$2" -le "$3" ]; then
		ok "fast path: $1 has $2 instructions"
	else
		not_ok "fast path: $1 has $2 instructions" "at most $3"
	fi
}

check_counts()
{
	local name n want pair=$CALLER
	local -A has

	while read -r name n; do
		has[$name]=$n
		[ "$name" = galloc_class ] || [ "$name" = gfree ] || continue
		pair=$((pair + n))
		want=$(recorded "$name")
		if [ $((n - want)) -le $MOST_MORE ] && [ $((want - n)) -le $MOST_MORE ]; then
			ok "fast path: $name() has $n instructions"
		else
			not_ok "fast path: $name() has $n instructions" "it had $want (tools/fastpath.sh --doc writes the new number)"
		fi
	done <"$work/counts"
	want=3
	at_most "a pair" "$pair" $MOST_PAIR
	if [ -z "$arch" ]; then
		want=7
		# Or fastpath.py would have failed.
		ok "fast path: accesses come in the order of their barriers"
		at_most "galloc_owns()" "${has[galloc_owns]}" $MOST_OWNS
		at_most "a pair of a typed cache" $((CALLER + has[galloc_cache_alloc] + has[galloc_cache_free])) $MOST_CACHE
		at_most "a pair of a heap" $((CALLER + has[galloc_from] + has[gfree])) $MOST_HEAP
	fi
	sum && [ "$passed" -eq "$want" ]
}

need_places
need_for modules python
if [ -n "$arch" ]; then
	use_kernel build "qemu-$arch-6.1"
else
	use_kernel stock 6.1
fi
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
cp "$BUILD/galloc.ko" "$work/"
build_unlock
python3 "$top/tools/fastpath.py" "$work/galloc.ko" "$CROSS" >"$work/listing" 2>"$work/counts" ||
	die "$(tail -n 1 "$work/counts")"

case ${1:-} in
--doc) write_page >"$page" && cat "$work/counts" ;;
--check) check_counts ;;
*) die "type: fastpath.sh --doc, or --check [arm64]" ;;
esac
