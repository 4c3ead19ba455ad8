#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# patch.sh [KSRC]: a series that puts galloc into a kernel's source, into build/patch, as
# git format-patch writes it; `make patch`. What tools/graft changes is the sum of its
# patches. KSRC, of which nothing changes, is by default Debian's source of 7.3.
#
# Each patch has to pass that kernel's checkpatch, but for what tools/checkpatch.list has
# with a reason. The author, who signs off, is git's user.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/checkpatch.sh
. "$top/tools/checkpatch.sh"

# FILES|SUBJECT|WHY: the patches. Only the last but one but two hooks galloc in: each
# builds.
series()
{
	cat <<'EOF'
MAINTAINERS include/galloc|headers of an allocator for modules|galloc gives its clients objects of 67 sizes from per-CPU stacks, without a lock, typed caches, and private heaps with a limit. These are the headers that clients include  their comments are the contract. A class that is a constant is chosen when the client is compiled.
mm/galloc/galloc_mod.c mm/galloc/galloc_internal.h mm/galloc/compat.h mm/galloc/lock.h mm/galloc/gate.h mm/galloc/events.h mm/galloc/totals.h|layers, locks and counters|The head of galloc_mod.c has the layers and the way of an object through them. All locks are raw and none is taken under another one.
mm/galloc/arena.* mm/galloc/map.c mm/galloc/nodes.c mm/galloc/large.c mm/galloc/run.c mm/galloc/release.c|pages: arenas, runs, and their return|Pages come from alloc_pages() in blocks of the largest order, are given away in runs, and return when nobody needs them.
mm/galloc/mspan.c mm/galloc/rows.* mm/galloc/sizeclass.* mm/galloc/grow.c mm/galloc/mcentral.c mm/galloc/mheap.*|spans and their lists|A span is a run that is cut into equal objects. A bit of a word stands for an object  a central list for each class has the spans with free ones.
mm/galloc/*.[ch]|per-CPU stacks, and calls of clients|A stack for each class and CPU serves a pair of calls in 57 instructions. The rest is what fills and empties them, in batches, and gives memory back under pressure.
mm/galloc/client|caches, heaps, and calls for every context|What clients get beyond kmalloc()'s calls.
mm/galloc/observe mm/galloc/tools|show who holds the memory|Files in debugfs, tracepoints, and a profile by samples of stacks.
mm/galloc/debug|find the mistakes of clients|Side tables for watched rows, a quarantine, reports of leaks, and a check of all invariants while others work.
mm/galloc/Kbuild mm/galloc/Kconfig mm/Makefile mm/Kconfig|build it|As a module, or built in for clients that are.
mm/galloc/kunit mm/galloc/.kunitconfig|KUnit suites|For kunit.py run --kunitconfig=mm/galloc. Hooks for pauses and failures are there only with CONFIG_GALLOC_KUNIT.
tools/testing/selftests|kselftest|Functionality apart from regressions. Without galloc, or without root, both are skipped.
EOF
}

# pristine DIR: the files of the kernel that change, and its checkpatch.
pristine()
{
	local files="mm/Kconfig mm/Makefile Kbuild MAINTAINERS tools/testing/selftests/Makefile scripts/checkpatch.pl
		scripts/spelling.txt scripts/const_structs.checkpatch" deb parts

	if [ -n "$ksrc" ]; then
		# shellcheck disable=SC2086 # words
		(cd "$ksrc" && cp --parents -t "$1" $files) || die "$ksrc is no kernel source"
		return
	fi
	"$top/tools/kernel.sh" source 7.3 >/dev/null
	deb=$(find "$(cache_dir)/source" -name 'linux-source-7.3_*.deb' | sort -V | tail -n 1)
	# shellcheck disable=SC2086 # words
	mapfile -t parts < <(printf '*/%s\n' $files)
	# shellcheck disable=SC2016 # the inner bash expands it
	PROGRESS_NAME="unpack ${deb##*/}" progress bash -c '
		set -o pipefail
		dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "./usr/src/*.tar.xz" |
			tar -xJ -C "$2" --strip-components=1 --wildcards --no-wildcards-match-slash "${@:3}"' - "$deb" "$1" "${parts[@]}"
}

# An entry of MAINTAINERS, in its place.
maintain()
{
	awk -v entry="$(printf 'GALLOC ALLOCATOR FOR MODULES\nM:\t%s\nL:\tlinux-mm@kvack.org\nS:\tMaintained\nF:\tinclude/galloc/\nF:\tmm/galloc/\nF:\ttools/testing/selftests/galloc/\n' \
			"$(git config user.name) <$(git config user.email)>")" '
		on && /^[A-Z0-9]/ && last == "" && $0 > "GALLOC" && !done { print entry "\n"; done = 1 }
		/^3C59X/ { on = 1 }
		{ print; last = $0 }' "$1/MAINTAINERS" >"$1/MAINTAINERS.new"
	mv "$1/MAINTAINERS.new" "$1/MAINTAINERS"
}

# commit FILES SUBJECT WHY: of what is changed there.
commit()
{
	# shellcheck disable=SC2086 # words, and patterns
	git add -- $1
	git commit -qs -m "mm/galloc: $2" -m "$(fmt -w 72 <<<"$3")"
}

# check_patch FILE: what its checkpatch says that is not excused.
check_patch()
{
	local line file rest

	perl "$tree/scripts/checkpatch.pl" --no-tree --root="$tree" --strict --show-types --no-summary --terse --showfile "$1" >"$work/said" 2>&1 || true
	while IFS=: read -r file line rest; do
		file=${file#mm/galloc/}
		file=${file/#include\/galloc/include}
		[[ $rest =~ ^\ ?(ERROR|WARNING|CHECK):([A-Z_]+): ]] && is_ignored "$file" "${BASH_REMATCH[2]}" || echo "${1##*/}: $file:$line:$rest"
	done <"$work/said"
}

ksrc=${1:-}
[ $# -le 1 ] || die "too many arguments; type: tools/ship/patch.sh [KSRC]"
need_for release
work_dir patch
tree=$work/linux
out=$top/build/patch
mkdir "$tree"
pristine "$tree"
cd "$tree"
export GIT_CEILING_DIRECTORIES=$work
GIT_AUTHOR_NAME=${GIT_AUTHOR_NAME:-$(git -C "$top" config user.name)} || die "git does not know who you are: set user.name and user.email"
GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL:-$(git -C "$top" config user.email)}
git init -q
git config user.name "$GIT_AUTHOR_NAME"
git config user.email "$GIT_AUTHOR_EMAIL"
git add -A
git commit -qm "before"
"$top/tools/graft" "$tree" 2>/dev/null
find . -name .grafted -delete
maintain "$tree"
while IFS='|' read -r files subject reason; do
	commit "$files" "$subject" "$reason"
done < <(series)
[ -z "$(git status --porcelain)" ] || die "no patch has $(git status --porcelain | head -n 1)"
rm -rf "$out"
git format-patch -q --cover-letter --subject-prefix='PATCH RFC' -o "$out" HEAD~"$(series | wc -l)"
sed -i -e 's/\*\*\* SUBJECT HERE \*\*\*/mm: galloc, an allocator for modules/' \
	-e "s/\*\*\* BLURB HERE \*\*\*/Of galloc $(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf"). Made by tools\/ship\/patch.sh./" "$out"/0000-*
for patch in "$out"/0*-*; do
	[[ $patch == */0000-* ]] || check_patch "$patch"
done >"$work/findings"
cat "$work/findings"
say "the series is in $out: $(series | wc -l) patches, $(wc -l <"$work/findings") findings"
[ ! -s "$work/findings" ]
