#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# fastpath.sh --doc|--check: the instructions of the fast paths on stock 6.1.
#
# --doc writes the listing into Documentation/fastpath.rst, `make fastpath-doc`.
# --check compares the numbers of instructions with those in it: it fails if a path is
# longer or shorter by more than 3, or a pair, with what the caller adds, by more than 60.

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

MOST_MORE=3
MOST_PAIR=60
# Arguments and calls, as the page says.
CALLER=6
page=$top/Documentation/fastpath.rst
work_dir fastpath

write_page()
{
	cat <<END
.. SPDX-License-Identifier: GPL-2.0
.. Copyright (C) 2026 The galloc authors
.. Written by tools/fastpath.sh --doc.

=============
The fast path
=============

For developers. The instructions of \`\`galloc()\`\` with a constant size, and of \`\`gfree()\`\`, when the
stack has an object and room for one; disassembled from galloc.ko for $KREL,
$(gcc --version | sed -n 1p). No conditional jump is taken; static branches are those
of \`\`init_on_alloc=0 init_on_free=0\`\`. The caller adds six instructions: three arguments
and the call for one, an argument and the call for the other. The third argument is the
size, for the compiler only; without \`\`CONFIG_FORTIFY_SOURCE\`\` there is none.
\`\`make bench\`\` counts the executed instructions, under \`\`pair 64c\`\`.

A comment names the variable of each address that ends in (%rip). Instructions 5 and 4
test the busy byte. The code is in mcache.h, mcache_pop() and mcache_push().

END
	cat "$work/listing"
}

# recorded NAME: the number of instructions that the page has for it.
recorded()
{
	awk -v name="$1()" '$0 == name { on = 1; next } on && /^\t/ { n = $1 } on && /^[a-z]/ { exit }
		END { print n + 0 }' "$page"
}

check_counts()
{
	local name n want pair=$CALLER

	while read -r name n; do
		pair=$((pair + n))
		want=$(recorded "$name")
		if [ $((n - want)) -le $MOST_MORE ] && [ $((want - n)) -le $MOST_MORE ]; then
			ok "fast path: $name() has $n instructions"
		else
			not_ok "fast path: $name() has $n instructions" "it had $want (tools/fastpath.sh --doc writes the new number)"
		fi
	done <"$work/counts"
	if [ "$pair" -le $MOST_PAIR ]; then
		ok "fast path: a pair has $pair instructions"
	else
		not_ok "fast path: a pair has $pair instructions" "at most $MOST_PAIR"
	fi
	sum && [ "$passed" -eq 3 ]
}

need_for modules python
use_kernel stock 6.1
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
cp "$BUILD/galloc.ko" "$work/"
build_unlock
python3 "$top/tools/fastpath.py" "$work/galloc.ko" >"$work/listing" 2>"$work/counts" ||
	die "$(tail -n 1 "$work/counts")"

case ${1:-} in
--doc) write_page >"$page" && cat "$work/counts" ;;
--check) check_counts ;;
*) die "type: fastpath.sh --doc, or --check" ;;
esac
