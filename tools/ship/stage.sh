#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# stage.sh dev|tools: lay out what a package has, below DESTDIR. galloc-dkms is laid out by
# dkms.sh, and the pages are made by docs.sh.

set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
: "${DESTDIR:?say where to, below which directory}"
umask 022
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")

# Headers, and where to find Module.symvers of a kernel.
dev()
{
	install -D -m 644 -t "$DESTDIR/usr/include/galloc" "$top"/include/*.h
	install -D -m 644 -t "$DESTDIR/usr/share/galloc" "$top/tools/ship/galloc.mk"
	mkdir -p "$DESTDIR/usr/share/pkgconfig"
	sed "s/@VERSION@/$version/" "$top/tools/ship/galloc.pc.in" >"$DESTDIR/usr/share/pkgconfig/galloc.pc"
}

# What looks at galloc from outside; a program has no suffix.
tools()
{
	# shellcheck disable=SC2086 # flags
	make -s -C "$top/tools/trace" \
		CFLAGS="${CFLAGS:--O2} ${CPPFLAGS:-} ${LDFLAGS:-}"
	install -D -t "$DESTDIR/usr/bin" "$top/build/trace/galloc-trace"
	install -D -m 644 -t "$DESTDIR/usr/share/man/man1" "$top/tools/ship/galloc-trace.1"
	make -s -C "$top/tools/observe" PREFIX=/usr \
		DESTDIR="$(realpath -m "$DESTDIR")" \
		CFLAGS="${CFLAGS:--O2} ${CPPFLAGS:-}" LDFLAGS="${LDFLAGS:-}" install
	# bash looks for a file by the name of the program.
	completions=$DESTDIR/usr/share/bash-completion/completions
	install -D -m 644 "$top/tools/ship/galloc.completion" "$completions/gallocstat"
	for program in "$DESTDIR"/usr/bin/* "$DESTDIR"/usr/sbin/*; do
		[ -e "$completions/${program##*/}" ] ||
			ln -s gallocstat "$completions/${program##*/}"
	done
}

case ${1:-} in
dev | tools) "$1" ;;
*) echo "stage.sh: type stage.sh dev or stage.sh tools" >&2; exit 1 ;;
esac
