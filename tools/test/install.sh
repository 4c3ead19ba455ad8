#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# install.sh: what the Makefile builds, installs and removes, on kernels of every
# layout. Nothing here is loaded. Last line: N passed, N failed, N skipped.
#
#	KERNEL=6.1	the kernel to build for; default native, this Debian's own

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
need_packages make gcc binutils kmod
# shellcheck source=tools/build.sh
. "$top/tools/build.sh"
# shellcheck source=tools/test/results.sh
. "$top/tools/test/results.sh"

export LC_ALL=C

finish()
{
	local rc=$?

	rm -rf "$work"
	sum || rc=1
	exit $rc
}

# copy DIR: galloc's sources, nothing built.
copy()
{
	local BUILD=$1

	mkdir -p "$BUILD"
	build_copy
	cp "$top/Makefile" "$BUILD/"
}

# build DIR ARG...: as a user would, with none of our variables around.
build()
{
	local dir=$1
	shift

	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u KDIR -u KREL \
		make -C "$dir" "$@" >"$work/log" 2>&1 </dev/null
}

last_line()
{
	grep -v '^make' "$work/log" | tail -n 1
}

# builds NAME DIR ARG...
builds()
{
	local name=$1
	shift

	if build "$@"; then
		ok "$name"
	else
		not_ok "$name" "$(last_line)"
		return 1
	fi
}

# headers DIR: $KDIR once more, of links, so that parts of it can be made other.
headers()
{
	local name

	mkdir -p "$1"
	for name in "$KDIR"/* "$KDIR"/.[a-zA-Z]*; do
		[ ! -e "$name" ] || ln -s "$name" "$1/"
	done
	rm "$1/include"
	cp -r "$KDIR/include" "$1/include"
}

# ---- a kernel that has KUnit -------------------------------------------------------

# What galloc.ko is made of that can be seen from outside.
interface()
{
	awk '{ print "exports", $2 }' "$1/Module.symvers"
	modinfo -F parm "$1/galloc.ko" | sed 's/:.*//; s/^/parameter /'
	modinfo -F depends "$1/galloc.ko" | sed 's/^/depends /'
	nm "$1/galloc.ko" | awk '$NF ~ /pause|fail|kunit/ { print "hook", $NF }'
}

# Distributions may have CONFIG_KUNIT=m on: what they install is no test build.
check_kunit()
{
	local dir=$work/kunit

	headers "$work/kunit-headers"
	sed -i '/CONFIG_KUNIT[ =]/d' "$work/kunit-headers"/include/{config/auto.conf,generated/autoconf.h}
	echo 'CONFIG_KUNIT=m' >>"$work/kunit-headers/include/config/auto.conf"
	echo '#define CONFIG_KUNIT_MODULE 1' >>"$work/kunit-headers/include/generated/autoconf.h"
	copy "$dir"
	builds "CONFIG_KUNIT=m: galloc builds" "$dir" modules KDIR="$work/kunit-headers" || return 0
	same "CONFIG_KUNIT=m: galloc.ko has the symbols and parameters that it has elsewhere" \
		"$(interface "$dir" | sort | comm -3 - "$work/interface" | head -n 3 | tr -s '\t\n' ' ')" ""
	same "CONFIG_KUNIT=m: no test module is built" "$(find "$dir" -name '*.ko' ! -name galloc.ko)" ""
	if build "$dir" modules KDIR="$KDIR" GALLOC_KUNIT=y; then
		not_ok "GALLOC_KUNIT=y on a kernel without KUnit is refused" "it builds"
	else
		same "GALLOC_KUNIT=y on a kernel without KUnit is refused" \
			"$(grep -o 'GALLOC_KUNIT=y needs a kernel with CONFIG_KUNIT' "$work/log" | head -n 1)" \
			"GALLOC_KUNIT=y needs a kernel with CONFIG_KUNIT"
	fi
}

work=$(mktemp -d -t galloc-install.XXXXXX)
trap finish EXIT
trap 'exit 1' INT TERM HUP

stock=$("$top/tools/kernel.sh" stock "${KERNEL:-native}")
KDIR='' KREL=''
eval "$stock"
say "building for $KREL"
copy "$work/galloc"
builds "galloc builds" "$work/galloc" modules KDIR="$KDIR" || exit 1
interface "$work/galloc" | sort >"$work/interface"
check_kunit
