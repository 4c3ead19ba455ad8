#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# packages.sh [RELEASE]: DKMS and the Debian packages, in a minimal Debian of this release
# (default bookworm) with two kernels' headers. Needs root, and a network the first time.
# Nothing is loaded. Last line: N passed, N failed, N skipped.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/kernel.sh
. "$top/tools/kernel.sh"
# shellcheck source=tools/ship/root.sh
. "$top/tools/ship/root.sh"

test_dir packages
need_for roots
release=${1:-bookworm}
# The kernel that is not this release's own.
case $release in
bookworm) second=6.12 ;;
trixie) second=6.1 ;;
*) die "there is no release $release; type: packages.sh [bookworm|trixie]" ;;
esac
# shellcheck disable=SC2046 # words
root=$(minimal_root "$release" $(packages_for packages dkms docs programs client 6.1))
tree=$work/upper/galloc
mkdir -p "$tree"
git -C "$top" ls-files -z -co --exclude-standard | { cd "$top"; xargs -0 cp --parents -t "$tree"; }
# Its headers, at the paths that they know: the flavour's, the common ones, and kbuild's.
use_kernel stock $second
for dir in "$KDIR" "$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")" \
		"$(dirname "$(readlink -f "$KDIR/scripts")")"; do
	mkdir -p "$work/upper${dir%/*}"
	cp -a "$dir" "$work/upper${dir%/*}/"
done
rc=0
in_root "$root" "$work" env DEBEMAIL="${DEBEMAIL:-$(git -C "$top" log -1 --format=%ae)}" \
	SOURCE_DATE_EPOCH="$(git -C "$top" log -1 --format=%ct)" \
	/galloc/tools/ship/inside.sh "$KREL" "$KDIR" | tee "$work/results" || rc=$?
count_in "$work/results"
[ "$rc" -eq 0 ] || not_ok "the packages are tried to the end" "inside.sh ended with status $rc"
