#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# dkms.sh [SAMPLE...]: give galloc, and these samples, to DKMS; `make dkms SAMPLES=`.
#
#	DESTDIR=dir	only lay out the sources, below dir, for a package
#	KREL=release	the kernel to build for first; default the running one

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

# conf NAME FILE: the value that DKMS will read.
conf()
{
	sed -n "s/^$1=\"\(.*\)\"$/\1/p" "$2"
}

# lay_out DIR FILE...: copy them from the tree, and nothing else that is in DIR.
lay_out()
{
	local dir=$1
	shift

	rm -rf "$dir"
	mkdir -p "$dir"
	(cd "$top" && cp --parents --preserve=timestamps -t "$dir" "$@")
	chmod -R u+rwX,go+rX,go-w "$dir"
}

# A sample's own configuration is that of hello, under its own name.
lay_out_sample()
{
	local dir=$1 sample=$2

	lay_out "$dir.tmp" "samples/$sample"/{"$sample.c",Kbuild,Makefile}
	rm -rf "$dir"
	mv "$dir.tmp/samples/$sample" "$dir"
	rm -r "$dir.tmp"
	sed "s/hello/$sample/g" "$top/samples/hello/dkms.conf" >"$dir/dkms.conf"
}

# give NAME VERSION: have it built. The sources may be others than last time, under the
# same version; a build that fails leaves what is installed.
give()
{
	[ -n "$(dkms status "$1/$2")" ] || dkms add "$1/$2"
	dkms build --force "$1/$2" -k "$KREL"
	dkms install --force "$1/$2" -k "$KREL"
}

umask 022
version=$(conf PACKAGE_VERSION "$top/dkms.conf")
sample_version=$(conf PACKAGE_VERSION "$top/samples/hello/dkms.conf")
for sample in "$@"; do
	[ -d "$top/samples/$sample" ] || die "there is no samples/$sample; there are: $(cd "$top/samples" && echo *)"
done
src=${DESTDIR:-}/usr/src
if [ -z "${DESTDIR:-}" ]; then
	[ "$(id -u)" -eq 0 ] || die "DKMS builds as root; type: sudo make dkms"
	need_for dkms
fi
mapfile -t files < <(build_sources "$top" | grep -vE '^\./(kunit|samples|tools)/')
lay_out "$src/galloc-$version" "${files[@]}" Makefile dkms.conf COPYING tools/ship/dkms-keep.sh
for sample in "$@"; do
	lay_out_sample "$src/galloc-$sample-$sample_version" "$sample"
done
[ -z "${DESTDIR:-}" ] || exit 0

KREL=${KREL:-$(uname -r)}
give galloc "$version"
for sample in "$@"; do
	give "galloc-$sample" "$sample_version"
done
