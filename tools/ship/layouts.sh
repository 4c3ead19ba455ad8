#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# layouts.sh [NAME...]: build and install galloc for kernels of every layout, or those
# named in the table below. Nothing is loaded. Last line: N passed, N failed, N skipped.
#
# Each time galloc is a read-only tree whose path has a space, is built elsewhere (MO=),
# and is installed below a path with a space. Nothing may be written anywhere else. The
# kernels that Debian does not ship are prepared for modules, not built (see clang.sh).

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/clang.sh
. "$top/tools/clang.sh"
export LC_ALL=C

# NAME KERNEL COMPILER: headers as Debian ships them, or tools/kernels/KERNEL.config with
# its source and its objects apart, and the options that follow.
layouts()
{
	cat <<'EOF'
split-6.1	6.1	gcc
split-rt-6.1	rt-6.1	gcc
split-6.12	6.12	gcc
objects-6.1	qemu-none-6.1	gcc	CONFIG_MODVERSIONS=y
objects-7.3	qemu-release-7.3	gcc	CONFIG_MODVERSIONS=y
clang-6.1	qemu-none-6.1	clang	CONFIG_MODVERSIONS=y
lto-6.1	qemu-none-6.1	clang	CONFIG_LTO_CLANG_THIN=y
clang-7.3	qemu-release-7.3	clang	CONFIG_MODVERSIONS=y
lto-cfi-7.3	qemu-release-7.3	clang	CONFIG_LTO_CLANG_THIN=y CONFIG_CFI=y
EOF
}

# Builder of a cache entry: source/ and objects/ of a kernel.
prepare_split()
{
	local tmp=$1 final=$2 config=$3 arch=$4 deb=$5 llvm=$6
	local -a make=(make -C "$tmp/source" O="$tmp/objects" ARCH="$arch" ${llvm:+LLVM="$llvm"} -j"$(nproc)")
	shift 6

	need_disk 1500
	mkdir "$tmp/source" "$tmp/objects"
	unpack_source "$deb" "$tmp/source"
	{ fragment "$config" && printf '%s\n' "$@"; } >"$tmp/fragment"
	PROGRESS_NAME="configure $config" progress "${make[@]}" KCONFIG_ALLCONFIG="$tmp/fragment" allnoconfig
	check_config "$tmp/fragment" "$tmp/objects/.config" "$config with $*"
	PROGRESS_NAME="prepare $config" progress "${make[@]}" modules_prepare
	# It knows where it was made.
	sed -i "s|$tmp|$final|" "$tmp/objects/Makefile"
	ln -sfn ../source "$tmp/objects/source"
	: >"$tmp/objects/Module.symvers"
}

# own_kernel CONFIG COMPILER OPTION...: set source and objects.
own_kernel()
{
	local config=$1 compiler=$2 text package arch found release version source_version deb tree key llvm=''
	shift 2

	text=$(fragment "$config")
	read -r package arch < <(sed -n 's/^# kernel: //p' <<<"$text" | tail -n 1)
	found=$(find_source "$package")
	read -r release package source_version <<<"$found"
	if [ "$compiler" = clang ]; then
		find_clang "${package#linux-source-}"
		llvm=-$version compiler=clang-$version
	fi
	key=$( ("$compiler" --version && printf '%s\n' "$text" "$@") | sha256sum | cut -c 1-12)
	deb=$(cache_entry "source/${package}_$source_version" fetch_source "$release" "$package" "$source_version")
	tree=$(cache_entry "split-$config/${source_version}_$key" prepare_split "$config" "$arch" \
		"$(echo "$deb"/*.deb)" "$llvm" "$@")
	source=$tree/source objects=$tree/objects
}

# try WHAT TARGET...: make it, in the read-only tree.
try()
{
	local what=$1 warnings
	shift

	if ! make -C "$tree" KDIR="$source" O="$objects" MO="$work/$name" DESTDIR="$root" BTF=n \
			KBUILD_MODPOST_WARN=1 CONFIG_MODULE_SIG_ALL= DEPMOD=true "$@" >"$work/log" 2>&1 </dev/null; then
		not_ok "$name: $what" "$(grep -v '^make' "$work/log" | tail -n 1)"
		return 1
	fi
	ok "$name: $what"
	warnings=$(grep -i warning "$work/log" | grep -vE 'compiler differs|undefined!|unresolved symbol|Module.symvers|Skipping depmod' | head -n 1) || true
	[ -z "$warnings" ] || not_ok "$name: $what, without a warning" "$warnings"
}

# What the module is: its compiler, and what the configuration asks of it.
check_module()
{
	local ko=$1 compiler=$2 config=$objects/include/config/auto.conf crc=0x00000000
	local on=()

	same "$name: for $KREL" "$(modinfo -F vermagic "$ko" | cut -d ' ' -f 1)" "$KREL"
	same "$name: by $compiler" \
		"$(readelf -p .comment "$ko" | grep -oiE 'clang version|GCC' | sort -u | tr 'A-Z\n' 'a-z ' | sed 's/ version//; s/ $//')" "$compiler"
	! grep -qx 'CONFIG_MODVERSIONS=y' "$config" || on+=(versions)
	! grep -qxE 'CONFIG_CFI(_CLANG)?=y' "$config" || on+=(cfi)
	same "$name: symbol versions and CFI as the kernel has them" \
		"$(awk -v none=$crc '$1 != none { print "versions"; exit }' "$work/$name/Module.symvers"
			nm "$ko" | awk '/ __cfi_gfree$/ { print "cfi" }')" \
		"$(printf '%s\n' "${on[@]}")"
}

# layout NAME KERNEL COMPILER OPTION...
layout()
{
	local name=$1 kernel=$2 compiler=$3 root="$work/root of $1" source objects
	shift 3

	if [ -e "$top/tools/kernels/$kernel.config" ]; then
		own_kernel "$kernel" "$compiler" "$@"
	else
		use_kernel stock "$kernel"
		source=$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")
		objects=$KDIR
	fi
	KREL=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$objects/include/generated/utsrelease.h")
	: >"$work/before"
	try "it builds" modules || return 0
	check_module "$work/$name/galloc.ko" "$compiler"
	try "it installs" install PREFIX=/usr INSTALL_MOD_STRIP=1 || return 0
	# kbuild's own target takes no space.
	root=$work/kbuild-$name
	try "so does kbuild" modules_install || return 0
	# Older ones put it into extra; some compress it.
	same "$name: the module is where each puts it" \
		"$(cd "$work" && find "root of $name" "kbuild-$name" -name 'galloc.ko*' | sort | sed 's/\/extra\//\/updates\//; s/\.ko\..*/.ko/')" \
		"$(printf '%s\n' "kbuild-$name/lib/modules/$KREL/updates/galloc.ko" "root of $name/lib/modules/$KREL/updates/galloc.ko")"
	try "it is cleaned" clean || return 0
	same "$name: make clean leaves nothing in MO" "$(find "$work/$name" 2>/dev/null | head -n 1)" ""
	same "$name: nothing is written into the trees" \
		"$(find "$tree" "$source" "$objects" -newer "$work/before" ! -type d | head -n 1)" ""
}

# With a kernel that has type information: its vmlinux, out of what boots.
type_information()
{
	local KREL KDIR VMLINUZ dir=$work/btf

	use_kernel stock 6.1
	mkdir -p "$dir/tools/bpf/resolve_btfids"
	for name in "$KDIR"/* "$KDIR"/.[a-zA-Z]*; do
		[ ! -e "$name" ] || [ "${name##*/}" = tools ] || ln -s "$name" "$dir/"
	done
	ln -s "$(readlink -f "$KDIR/tools")"/* "$dir/tools/" 2>/dev/null || true
	"$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")/scripts/extract-vmlinux" "$VMLINUZ" >"$dir/vmlinux"
	# Debian does not ship it; a module that uses no BTF identifiers has no work for it.
	printf '#!/bin/sh\n' >"$dir/tools/bpf/resolve_btfids/resolve_btfids"
	chmod +x "$dir/tools/bpf/resolve_btfids/resolve_btfids"
	if make -C "$tree" KDIR="$dir" MO="$work/btf-build" BTF=y modules >"$work/log" 2>&1 </dev/null; then
		same "BTF: galloc.ko has type information" "$(readelf -SW "$work/btf-build/galloc.ko" | grep -c ' \.BTF ')" 1
	else
		not_ok "BTF: it builds" "$(grep -v '^make' "$work/log" | tail -n 1)"
	fi
}

test_dir layouts
need_for modules kernels
tree="$work/read only/galloc"
BUILD=$tree
mkdir -p "$tree"
build_copy
cp "$top/Makefile" "$tree/"
chmod -R a-w "$tree"
trap 'chmod -R u+w "$work"; end_test' EXIT
while read -r name words; do
	[ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
	say "$name"
	# shellcheck disable=SC2086 # words
	layout "$name" $words </dev/null
done < <(layouts)
[ $# -gt 0 ] || {
	type_information
	skip "CONFIG_RUST" "needs the rustc of Debian 13; not tried there, either"
	skip "CONFIG_CFI on 6.1" "needs clang 16 or newer; tried on 7.3"
}
