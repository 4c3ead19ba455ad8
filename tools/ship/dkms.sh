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

# give NAME VERSION: have what is laid out in $new installed. DKMS forgets what it has of the
# same version before it builds, so it builds in a tree of its own; what is installed, and
# its sources, stay until that is good. After a failure the log is there.
give()
{
	# By force, since galloc is not there when a client is built.
	dkms build --force --dkmstree "$new/tree" --sourcetree "$new/src" "$1/$2" -k "$KREL"
	rm -rf "$src/$1-$2"
	cp -a "$new/src/$1-$2" "$src/"
	[ -n "$(dkms status "$1/$2")" ] || dkms add "$1/$2"
	rm -rf "${tree:?}/$1/$2/$KREL"
	mv "$new/tree/$1/$2/$KREL" "$tree/$1/$2/"
	dkms install --force "$1/$2" -k "$KREL"
}

# Where DKMS keeps what it builds, unless it is configured otherwise.
dkms_tree()
{
	(
		set +eu
		dkms_tree=/var/lib/dkms
		for conf in /etc/dkms/framework.conf /etc/dkms/framework.conf.d/*.conf; do
			# shellcheck disable=SC1090 # the machine's
			[ ! -e "$conf" ] || . "$conf" >/dev/null
		done
		printf '%s\n' "$dkms_tree"
	)
}

umask 022
version=$(conf PACKAGE_VERSION "$top/dkms.conf")
sample_version=$(conf PACKAGE_VERSION "$top/samples/hello/dkms.conf")
for sample in "$@"; do
	[ -d "$top/samples/$sample" ] || die "there is no samples/$sample; there are: $(cd "$top/samples" && echo *)"
done
src=${DESTDIR:-}/usr/src
to=$src
if [ -z "${DESTDIR:-}" ]; then
	[ "$(id -u)" -eq 0 ] || die "DKMS builds as root; type: sudo make dkms"
	need_for dkms
	! dpkg -S "$src/galloc-$version" >/dev/null 2>&1 ||
		die "$src/galloc-$version belongs to a package; type: apt-get remove galloc-dkms"
	tree=$(dkms_tree)
	new=$tree/.galloc
	to=$new/src
	rm -rf "$new"
	mkdir -p "$new/tree" "$src"
fi
mapfile -t files < <(build_sources "$top" | grep -vE '^\./(kunit|samples|tools)/')
lay_out "$to/galloc-$version" "${files[@]}" Makefile dkms.conf COPYING tools/ship/dkms-keep.sh
for sample in "$@"; do
	lay_out_sample "$to/galloc-$sample-$sample_version" "$sample"
done
[ -z "${DESTDIR:-}" ] || exit 0

KREL=${KREL:-$(uname -r)}
give galloc "$version"
for sample in "$@"; do
	give "galloc-$sample" "$sample_version"
done
rm -rf "$new"
