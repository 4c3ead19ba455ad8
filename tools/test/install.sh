#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# install.sh: what the Makefile builds, installs and removes, on kernels of every
# layout. Nothing here is loaded. Last line: N passed, N failed, N skipped.
#
#	KERNEL=6.1	the kernel to build for; default native, this Debian's own

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
need_for modules

export LC_ALL=C

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

# said NAME PATTERN DIR ARG...: make stops, with a line of its own that matches, and has
# installed nothing below $work/root.
said()
{
	local name=$1 pattern=$2
	shift 2

	rm -rf "$work/root"
	if build "$@"; then
		not_ok "$name" "it does all that"
	elif [ -n "$(find "$work/root" -type f 2>/dev/null)" ]; then
		not_ok "$name" "it installed something"
	elif ! grep -v 'Entering directory' "$work/log" | head -n 1 | grep -qE "$pattern"; then
		not_ok "$name" "the first line is: $(grep -v 'Entering directory' "$work/log" | head -n 1)"
	else
		ok "$name"
	fi
}

# value NAME ARG...: of a variable of the Makefile.
value()
{
	local name=$1
	shift

	build "$work/galloc" -s --no-print-directory --eval="value: ; @printf '%s\\n' \"\$($name)\"" value "$@"
	cat "$work/log"
}

# The files below a folder, in one line.
files()
{
	(cd "$1" && find . -type f | sort | tr '\n' ' ')
}

# ---- where it goes -----------------------------------------------------------------

prefix=PREFIX=/opt/galloc-test

# The headers that clients include.
public_headers()
{
	(cd "$top/include" && printf '%s\n' *.h)
}

# installed DIR: the files that it should have.
installed()
{
	printf '%s ' "./$1/galloc.ko" "./$dev/Module.symvers"
	public_headers | sed "s|.*|./$dev/include/&|" | tr '\n' ' '
}

# check_link ROOT RELEASE NAME
check_link()
{
	same "$3" "$(cd "$1/opt/galloc-test/include/galloc" && pwd -P && ls)" \
		"$(cd "$1" && pwd -P)/opt/galloc-test/lib/galloc/$2/include
$(public_headers)"
}

# A name with a space, and a restrictive umask.
check_destdir()
{
	local root="$work/pkg root"

	umask 077
	builds "DESTDIR with a space: it installs" "$work/galloc" install KDIR="$KDIR" DESTDIR="$root" $prefix
	umask 022
	same "DESTDIR with a space: just the module, the headers and Module.symvers" \
		"$(files "$root")" "$(installed "lib/modules/$KREL/updates")"
	same "umask 077: others can read the installed files" \
		"$(find "$root/lib" "$root/opt" ! -perm -o=r -o -type d ! -perm -o=x | head -n 1)" ""
	check_link "$root" "$KREL" "the header is found in PREFIX/include/galloc, too"
	build "$work/galloc" install KDIR="$KDIR" DESTDIR="$root" $prefix KREL=other
	check_link "$root" other "and there it is that of the kernel that was installed for last"
	build "$work/galloc" uninstall KDIR="$KDIR" DESTDIR="$root" $prefix KREL=other
	check_link "$root" "$KREL" "when that one goes, it is that of another"
	same "uninstall for one kernel leaves the files of others" \
		"$(files "$root")" "$(installed "lib/modules/$KREL/updates")"
	: >"$root/lib/modules/$KREL/updates/beside.ko"
	build "$work/galloc" uninstall KDIR="$KDIR" DESTDIR="$root" $prefix
	builds "uninstall twice" "$work/galloc" uninstall KDIR="$KDIR" DESTDIR="$root" $prefix
	same "uninstall removes all of galloc and nothing else" "$(files "$root")" \
		"./lib/modules/$KREL/updates/beside.ko "
	same "uninstall leaves no empty folder of galloc's, and no link" \
		"$(find "$root/opt" -name 'galloc*' ! -name galloc-test)" ""
	# A link that is not ours must remain.
	mkdir -p "$root/opt/galloc-test/include/galloc"
	: >"$root/opt/galloc-test/include/galloc/mine"
	build "$work/galloc" install KDIR="$KDIR" DESTDIR="$root" $prefix
	build "$work/galloc" uninstall KDIR="$KDIR" DESTDIR="$root" $prefix
	same "a directory PREFIX/include/galloc that is not ours stays" \
		"$(find "$root/opt" -path '*/include/galloc*' ! -type d)" "$root/opt/galloc-test/include/galloc/mine"
}

# With a depmod that only writes down that it ran.
check_mod_path()
{
	local root=$work/stage ko

	mkdir "$work/bin"
	printf '#!/bin/sh\necho depmod "$@" >>%s/depmod\n' "$work" >"$work/bin/depmod"
	chmod +x "$work/bin/depmod"
	export PATH=$work/bin:$PATH
	build "$work/galloc" install KDIR="$KDIR" INSTALL_MOD_PATH="$root" INSTALL_MOD_STRIP=1 $prefix ||
		not_ok "INSTALL_MOD_PATH: it installs" "$(last_line)"
	same "INSTALL_MOD_PATH alone: all files are there" \
		"$(files "$root")" "$(installed "lib/modules/$KREL/updates")"
	ko=$root/lib/modules/$KREL/updates/galloc.ko
	same "INSTALL_MOD_STRIP=1: no debug sections" "$(readelf -SW "$ko" | grep -c '\.debug_')" 0
	same "INSTALL_MOD_STRIP=1: no path of the build" "$(strings -a "$ko" | grep -cF "$work")" 0
	same "nor in the whole module" "$(strings -a "$work/galloc/galloc.ko" | grep -cF "$work")" 0
	rm -rf "$root"
	build "$work/galloc" install KDIR="$KDIR" DESTDIR="$root" $prefix INSTALL_MOD_DIR=extra \
		MODLIB="$root/usr/lib/modules/$KREL"
	same "MODLIB and INSTALL_MOD_DIR: the module is there" \
		"$(files "$root" | tr ' ' '\n' | grep 'galloc\.ko')" "./usr/lib/modules/$KREL/extra/galloc.ko"
	same "depmod runs for no other root than this machine's" "$(cat "$work/depmod" 2>/dev/null)" ""
	rm -rf "$root"
	builds "modules_install, kbuild's own, with KERNEL_SRC as Yocto says it" "$work/galloc" \
		modules_install KERNEL_SRC="$KDIR" DESTDIR=../stage CONFIG_MODULE_SIG_ALL= DEPMOD=true
	same "modules_install: the module alone, in a path that is relative to the tree" "$(find "$root" -name '*.ko*' | wc -l)" 1
	said "modules_install into a path with a space is refused" "it has a space" "$work/galloc" \
		modules_install KDIR="$KDIR" INSTALL_MOD_PATH="$work/root x"
}

# In one place, galloc.h, and everywhere else from there.
check_version()
{
	local version

	version=$(sed -n 's/^#define GALLOC_\(MAJOR\|MINOR\|PATCH\)\t//p' "$top/include/galloc.h" | paste -sd .)
	same "modinfo has the version of galloc.h" "$(modinfo -F version "$work/galloc/galloc.ko")" "$version"
	same "so has the line in the log" \
		"$(strings -a "$work/galloc/galloc.ko" | grep -c "loaded: version $version, ")" 1
	same "so has dkms.conf" "$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")" "$version"
	same "CHANGELOG.md is about it" "$(sed -n "s/^## //p" "$top/CHANGELOG.md" | grep -vx Next | head -n 1)" "$version"
}

# ---- kernels of every layout -----------------------------------------------------------

# Source here, objects there, as Debian's headers are. The module is, byte for byte, the one
# that was built elsewhere.
check_objects()
{
	local dir=$work/split common

	common=$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")
	copy "$dir"
	files "$dir" >"$work/before"
	# The default target, as Yocto's.
	builds "KDIR=source O=objects: it builds" "$dir" KERNEL_SRC="$common" O="$KDIR" || return 0
	if cmp -s "$dir/galloc.ko" "$work/galloc/galloc.ko"; then
		ok "galloc.ko is the same wherever it is built"
	else
		not_ok "galloc.ko is the same wherever it is built" "it differs"
	fi
	ln -s "$common" "$work/source"
	ln -s "$KDIR" "$work/output"
	build "$dir" install KDIR=../source O=../output DESTDIR=../objects $prefix
	same "KDIR=source O=objects, relative to the tree: the release is found" \
		"$(files "$work/objects")" "$(installed "lib/modules/$KREL/updates")"
	build "$dir" clean
	same "make clean leaves the sources" "$(files "$dir")" "$(cat "$work/before")"
}

# A kernel built by clang needs modules built by clang.
check_clang()
{
	local dir=$work/clang-headers conf

	headers "$dir"
	conf=$dir/include/config/auto.conf
	sed -i '/CONFIG_CC_IS_GCC/d; /CONFIG_LD_IS_BFD/d' "$conf"
	printf '%s\n' CONFIG_CC_IS_CLANG=y CONFIG_LD_IS_LLD=y CONFIG_CLANG_VERSION=990001 >>"$conf"
	same "a kernel of clang's is built for with LLVM=1" "$(value llvm KDIR="$dir")" LLVM=1
	printf '#!/bin/sh\n' >"$work/bin/clang-99"
	chmod +x "$work/bin/clang-99"
	same "with the clang of the same version, if it is here" "$(value llvm KDIR="$dir")" LLVM=-99
	same "unless CC= says otherwise" "$(value llvm KDIR="$dir" CC=gcc)" ""
	sed -i 's/CONFIG_LD_IS_LLD/CONFIG_LD_IS_BFD/' "$conf"
	same "and with GNU's linker if the kernel was" "$(value llvm KDIR="$dir")" CC=clang-99
	same "a kernel of gcc's is not" "$(value llvm KDIR="$KDIR")" ""
}

# Type information if it can be had.
check_btf()
{
	local dir=$work/btf-headers off=CONFIG_DEBUG_INFO_BTF_MODULES=

	headers "$dir"
	grep -q '^CONFIG_DEBUG_INFO_BTF_MODULES=y' "$dir/include/config/auto.conf" ||
		echo CONFIG_DEBUG_INFO_BTF_MODULES=y >>"$dir/include/config/auto.conf"
	# None of these may be the kernel's own.
	rm -f "$dir/tools" "$dir/vmlinux"
	mkdir -p "$dir/tools/bpf/resolve_btfids"
	: >"$dir/tools/bpf/resolve_btfids/resolve_btfids"
	same "BTF: off where there is no vmlinux" \
		"$(value kbuild KDIR="$dir" | grep -o $off)" $off
	said "BTF=y reports the missing vmlinux" 'BTF=y: there is no .*/vmlinux' \
		"$work/galloc" modules KDIR="$dir" BTF=y
	: >"$dir/vmlinux"
	printf '#!/bin/sh\n' >"$work/bin/pahole"
	chmod +x "$work/bin/pahole"
	same "BTF: on where vmlinux and pahole are" \
		"$(value kbuild KDIR="$dir" | grep -o $off || echo on)" on
	same "BTF=n turns it off" "$(value kbuild KDIR="$dir" BTF=n | grep -o $off)" $off
}

# ---- a kernel that has KUnit -------------------------------------------------------

# Everything of galloc.ko that is visible from outside.
interface()
{
	awk '{ print "exports", $2 }' "$1/Module.symvers"
	modinfo -F parm "$1/galloc.ko" | sed 's/:.*//; s/^/parameter /'
	modinfo -F depends "$1/galloc.ko" | sed 's/^/depends /'
	nm "$1/galloc.ko" | awk '$NF ~ /pause|fail|kunit/ { print "hook", $NF }'
}

# Distributions may have CONFIG_KUNIT=m on: what they install is no test build. One build
# says that of a KDIR with a space, too.
check_kunit()
{
	local dir=$work/kunit headers="$work/kunit headers"

	headers "$headers"
	sed -i '/CONFIG_KUNIT[ =]/d' "$headers"/include/{config/auto.conf,generated/autoconf.h}
	echo 'CONFIG_KUNIT=m' >>"$headers/include/config/auto.conf"
	echo '#define CONFIG_KUNIT_MODULE 1' >>"$headers/include/generated/autoconf.h"
	copy "$dir"
	builds "KDIR with a space, CONFIG_KUNIT=m: galloc builds" "$dir" modules KDIR="$headers" || return 0
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

# ---- what cannot be --------------------------------------------------------------------

check_refusals()
{
	local dir

	for dir in "my modules" "a:b"; do
		copy "$work/$dir/galloc"
		said "a tree in a path such as '$dir' is refused" "move the tree to a path without spaces and colons" \
			"$work/$dir/galloc" install KDIR="$KDIR" DESTDIR="$work/root"
	done
	mkdir "$work/empty"
	said "a KDIR without headers is refused" "no kernel headers in '$work/empty'" \
		"$work/galloc" install KDIR="$work/empty" DESTDIR="$work/root"
	said "so is a kernel that has none here" "no kernel headers in '/lib/modules/9.9.9-none/build': .*linux-headers-9.9.9-none.*KDIR=" \
		"$work/galloc" install KREL=9.9.9-none DESTDIR="$work/root"
	: >"$work/empty/Makefile"
	said "and a kernel of unknown release" "no release of a kernel in .*O=" \
		"$work/galloc" install KDIR="$work/empty" DESTDIR="$work/root"
	# Root can write anywhere, so try without that right: another user might not read KDIR.
	chmod a+rx "$work"
	chmod -R a+rX,a-w "$work/galloc"
	if [ "$(id -u)" -eq 0 ]; then
		printf '#!/bin/sh\nexec setpriv --bounding-set=-dac_override --inh-caps=-dac_override /usr/bin/make "$@"\n' >"$work/bin/make"
		chmod +x "$work/bin/make"
	fi
	said "a tree that cannot be written is refused" "cannot be written" "$work/galloc" modules KDIR="$KDIR"
	rm -f "$work/bin/make"
	chmod -R u+w "$work/galloc"
}

test_dir install

use_kernel stock "${KERNEL:-native}"
dev=opt/galloc-test/lib/galloc/$KREL
say "building for $KREL"
copy "$work/galloc"
builds "galloc builds" "$work/galloc" modules KDIR="$KDIR" || exit 1
interface "$work/galloc" | sort >"$work/interface"
check_version
check_destdir
check_mod_path
check_objects
check_clang
check_btf
check_kunit
check_refusals
