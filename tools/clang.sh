#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# clang.sh CONFIG: a kernel tree in which clang compiles external modules.
#
# Prints KREL=, KDIR= and CLANG= (the compiler's name). The kernel is that of
# tools/kernels/CONFIG.config, prepared for modules but not built: nothing boots,
# and modpost does not know its symbols.
#
# Debian's header packages do not suffice: they always run gcc.
#
# Exit status 4: no clang here is suitable for this kernel; the reason is on stderr.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/kernel.sh
. "$top/tools/kernel.sh"

# The versions of clang for a kernel series, best first: for 6.1 the one of its
# own time. 7.3 asks for 17 or newer.
clang_versions()
{
	case $1 in
	6.1) echo 14 15 16 19 ;;
	*) echo 19 18 17 20 21 ;;
	esac
}

clang_packages()
{
	printf '%s\n' "clang-$1" "lld-$1" "llvm-$1"
}

# known PACKAGE...: are all known to apt?
known()
{
	local package

	for package in "$@"; do
		# Not grep -q, which ends before the other has written all.
		LC_ALL=C apt-cache policy "$package" 2>/dev/null | grep '^  Candidate: [^(]' >/dev/null || return 1
	done
}

# This machine's own lists of packages; a mirror that is away is no reason to stop.
fetch_own_lists()
{
	local -a apt=(apt-get -q update)

	[ "$(id -u)" -eq 0 ] || apt=(sudo -n -- "${apt[@]}")
	attempt "apt-get update" "${apt[@]}"
}

# Set version to the best clang for a series that is here or can be installed.
find_clang()
{
	local -a packages
	local wanted round

	wanted=$(clang_versions "$1")
	for round in known fetched; do
		for version in $wanted; do
			mapfile -t packages < <(clang_packages "$version")
			[ -n "$(missing_packages "${packages[@]}")" ] || return 0
		done
		can_install || break
		for version in $wanted; do
			mapfile -t packages < <(clang_packages "$version")
			if known "${packages[@]}"; then
				need_packages "${packages[@]}"
				return 0
			fi
		done
		# A new machine may have no lists yet.
		[ $round = fetched ] || fetch_own_lists || break
	done
	say "no clang for Linux $1: install the packages clang-N, lld-N and llvm-N, with N one of $wanted"
	exit 4
}

# unpack_source DEB DIR: what preparing a tree for modules needs.  Drivers and the like are
# most of the source, and nothing of them is compiled: only their Kconfig files are read.
unpack_source()
{
	# shellcheck disable=SC2016 # the inner bash expands it
	PROGRESS_NAME="unpack ${1##*/}" progress bash -c '
		set -o pipefail
		dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "./usr/src/*.tar.xz" |
			tar -xJ -C "$2" --strip-components=1 --exclude="*/drivers/*.[ch]" \
				--exclude="*/sound/*.[ch]" --exclude="*/fs/*.c" --exclude="*/net/*.c" \
				--exclude="*/Documentation/*.rst" --exclude="*/tools/testing/*" \
				--exclude="*.dts" --exclude="*.dtsi" --exclude="*.yaml"' - "$1" "$2"
}

# Builder of a cache entry: a tree after `make LLVM=-N modules_prepare`.
prepare_tree()
{
	local tmp=$1 config=$3 arch=$4 deb=$5 llvm=$6
	local -a make=(make -C "$tmp" ARCH="$arch" LLVM="$llvm" -j"$(nproc)")

	need_disk 1500
	unpack_source "$deb" "$tmp"
	fragment "$config" >"$tmp/galloc.config"
	PROGRESS_NAME="configure $config for clang" progress \
		"${make[@]}" KCONFIG_ALLCONFIG="$tmp/galloc.config" allnoconfig
	PROGRESS_NAME="prepare $config for clang" progress "${make[@]}" modules_prepare
	# make reads this before Makefile, so LLVM= need not be given. With no kernel
	# built, a symbol that modpost does not find is no error.
	# shellcheck disable=SC2016 # make expands it
	printf '%s\n' "export ARCH := $arch" "export LLVM := $llvm" \
		"export KBUILD_MODPOST_WARN := 1" \
		'include $(dir $(lastword $(MAKEFILE_LIST)))Makefile' >"$tmp/GNUmakefile"
	: >"$tmp/Module.symvers"
	shrink_tree "$tmp" "$arch"
}

# Sourced, it is only its functions.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0
config=${1:-}
text=$(fragment "$config")
read -r package arch < <(sed -n 's/^# kernel: //p' <<<"$text")
need_for kernels
found=$(find_source "$package")
read -r release package source_version <<<"$found"
version=
find_clang "${package#linux-source-}"

key=$(cat - <("clang-$version" --version) <<<"$text" | sha256sum | cut -c 1-12)
entry=clang-$config/${source_version}_$key
deb=
if [ ! -d "$(cache_dir)/$entry" ]; then
	deb=$(cache_entry "source/${package}_$source_version" fetch_source "$release" "$package" "$source_version")
	deb=$(echo "$deb"/*.deb)
fi
tree=$(cache_entry "$entry" prepare_tree "$config" "$arch" "$deb" "-$version")
key_value KREL "$(cat "$tree/include/config/kernel.release")"
key_value KDIR "$tree"
key_value CLANG "clang-$version"
