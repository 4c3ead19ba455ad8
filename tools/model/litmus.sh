#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# litmus.sh [NAME...]: the litmus tests of Documentation/litmus by herd7 and the kernel's own
# memory model; `make litmus`.
#
# What "exists" describes must never occur; and must, if a line is left out that ends with
# "// needed", or replaced by what stands behind "// not:".
#
#	HERD=program		default herd7, which Debian does not have (herdtools7)
#	MEMORY_MODEL=folder	tools/memory-model of a kernel's source
#
# Last line: N passed, N failed, N skipped.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

test_dir litmus
herd=${HERD:-herd7}
command -v "$herd" >/dev/null || {
	skip litmus "there is no herd7 here, Debian has none: install herdtools7; make model has these pairs, too"
	exit 0
}
if [ -z "${MEMORY_MODEL:-}" ]; then
	"$top/tools/kernel.sh" source 6.1 >/dev/null
	deb=$(find "$(cache_dir)/source" -name 'linux-source-6.1_*.deb' | sort -V | tail -n 1)
	dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/src/*.tar.xz' |
		tar -xJ -C "$work" --strip-components=1 --wildcards '*/tools/memory-model'
	MEMORY_MODEL=$work/tools/memory-model
fi
[ -e "$MEMORY_MODEL/linux-kernel.cfg" ] || die "there is no memory model in $MEMORY_MODEL"

# seen FILE: Never, Sometimes or Always, or what went wrong.
seen()
{
	(cd "$MEMORY_MODEL" && "$herd" -I . -conf linux-kernel.cfg "$1" 2>&1) >"$work/log" || true
	sed -n 's/^Observation [^ ]* \([A-Z][a-z]*\) .*/\1/p' "$work/log" | grep . || tail -n 1 "$work/log"
}

for file in "$top"/Documentation/litmus/*.litmus; do
	name=$(basename "$file" .litmus)
	[ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
	same "$name" "$(seen "$file")" Never
	grep -q '// \(needed$\|not: \)' "$file" || not_ok "$name" "no line of it is needed"
	while IFS=: read -r line text; do
		sed "$line"'s,.*// needed$,,; '"$line"'s,.*// not: ,,' "$file" >"$work/broken.litmus"
		text=${text%%//*}
		same "$name fails without $(xargs <<<"$text")" "$(seen "$work/broken.litmus")" Sometimes
	done < <(grep -n '// \(needed$\|not: \)' "$file")
done
