#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# graft.sh: galloc in a kernel's source, `make check-graft`: tools/graft into that of 7.3, out
# again, and the KUnit suites built in, by the kernel's own kunit.py on user-mode Linux. Some
# minutes, and 2 GB below TMPDIR. Last line: N passed, N failed, N skipped.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

test_dir graft
need_for kernels
ksrc=$work/linux
mkdir "$ksrc"
"$top/tools/kernel.sh" source 7.3 >/dev/null
deb=$(find "$(cache_dir)/source" -name 'linux-source-7.3_*.deb' | sort -V | tail -n 1)
# shellcheck disable=SC2016 # the inner bash expands it
PROGRESS_NAME="unpack ${deb##*/}" progress bash -c '
	set -o pipefail
	dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "./usr/src/*.tar.xz" | tar -xJ -C "$2" --strip-components=1' - "$deb" "$ksrc"

# state: of all that a graft may change.
state()
{
	(cd "$ksrc" && ls -a include mm && cat mm/Makefile mm/Kconfig) | cksum
}

before=$(state)
same "another folder is no kernel source" "$("$top/tools/graft" "$work" 2>&1)" \
	"graft: $work is no kernel source: it has no mm/Kconfig"
"$top/tools/graft" "$ksrc" 2>/dev/null
once=$(state)
"$top/tools/graft" "$ksrc" 2>/dev/null
same "twice is as once" "$(state)" "$once"
"$top/tools/graft" --reverse "$ksrc" 2>/dev/null
same "--reverse leaves the source as it was" "$(state)" "$before"
mkdir "$ksrc/mm/galloc"
same "what others have put there stays" "$("$top/tools/graft" "$ksrc" 2>&1)" \
	"graft: $ksrc/mm/galloc is not of this script: nothing is changed"
rmdir "$ksrc/mm/galloc"
"$top/tools/graft" "$ksrc" 2>/dev/null

cd "$ksrc"
mkdir -p "$top/build/log"
PROGRESS_NAME="kunit.py" PROGRESS_LOG=$top/build/log/graft.log progress tools/testing/kunit/kunit.py run --kunitconfig=mm/galloc --build_dir="$work/build" \
	--jobs="$(nproc)" || true
result=$(sed -n 's/.*Testing complete. Ran [0-9]* tests: //p' "$top/build/log/graft.log")
same "kunit.py: no suite fails" "$(grep -oE '(failed|crashed|errors): [0-9]+' <<<"${result:-failed: 1}")" ""
passed=$((passed + $(grep -oE 'passed: [0-9]+' <<<"$result" | grep -oE '[0-9]+' || echo 0)))
same "it builds without a warning" "$(grep -m 3 'mm/galloc.*warning:' "$top/build/log/graft.log")" ""
