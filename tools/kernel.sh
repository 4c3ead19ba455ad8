#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# kernel.sh: the kernels that galloc is built for and booted on.
#
#	kernel.sh stock [native|6.1|6.12|rt-6.1|rt-6.12]
#		A kernel as Debian ships it. Prints KREL=, KDIR= (where its
#		external modules are built), VMLINUZ=, MODDIR= (its own
#		modules). native is this Debian release's own series.
#	kernel.sh build CONFIG
#		Debian's kernel source with tools/kernels/CONFIG.config. Prints
#		KREL=, KDIR=, KERNEL= (a bzImage, arm64's Image, or the user-mode Linux
#		program), and KARCH=, CROSS= (what the names of its tools begin with), BUSYBOX= for another
#		architecture than this machine's.
#	kernel.sh source SERIES
#		The parts of Debian's kernel source that modules are made of,
#		unpacked. Prints SOURCE=.
#	kernel.sh update
#		Fetch newer package lists; otherwise they are fetched only when
#		the existing ones lack something.
#
# The output is input for the shell's eval. Installs nothing and changes no
# configuration of this machine: packages are unpacked in the cache (see cache_dir in
# lib.sh), with package lists of their own.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

cache=$(cache_dir)
offline=

# key_value KEY VALUE: one result.
key_value()
{
	printf '%s=%q\n' "$1" "$2"
}

# ---- packages -------------------------------------------------------------
#
# Each Debian release in use has its own lists below the cache,
# apt/RELEASE: so what another release ships is never mixed up with what this
# machine would install, and no root is needed.

# The name of the Debian release that this machine runs, such as bookworm.
own_release()
{
	# shellcheck disable=SC1091
	(. /etc/os-release && [ "$ID" = debian ] && printf '%s\n' "$VERSION_CODENAME") ||
		die "requires Debian's kernel packages, but this system is not Debian"
}

# Where this machine gets Debian from: "main URI" and "security URI", whatever
# form its configuration has.
mirrors()
{
	local release=$1

	apt-get -o APT::Get::IndexTargets::ReleaseInfo=false indextargets \
		--format "\$(RELEASE) \$(REPO_URI) \$(COMPONENT)" 'Created-By: Packages' |
		awk -v release="$release" '
			$3 != "main" { next }
			$1 ~ /-security$/ { security = $2 }
			$1 == release || $1 ~ /^(stable|oldstable|testing|unstable|sid)$/ { main = $2 }
			END {
				if (main != "") print "main", main
				if (security != "") print "security", security
			}'
}

# private_apt RELEASE: set the array apt_opts to what makes apt-get and
# apt-cache work on the lists of that release; RELEASE:arm64 has those of another
# architecture.
private_apt()
{
	local root=$cache/apt/${1/:/-} arch=${1#"${1%%:*}"}

	mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/none"
	apt_opts=(-q
		-o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts="$root/none"
		-o Dir::Etc::preferences="$root/none/none" -o Dir::Etc::preferencesparts="$root/none"
		-o Dir::State::lists="$root/lists" -o Dir::Cache="$root/cache"
		-o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=
		-o APT::Sandbox::User=root -o Acquire::Retries=2)
	[ -z "$arch" ] || apt_opts+=(-o APT::Architecture="${arch#:}" -o APT::Architectures="${arch#:}")
}

# apt_locked RELEASE FUNCTION [ARG...]: apt does not wait for itself.
apt_locked()
{
	local release=$1 rc=0
	shift

	private_apt "$release"
	exec 7>"$cache/apt/${release/:/-}.lock"
	flock 7
	"$@" || rc=$?
	exec 7>&-
	return "$rc"
}

# lists_locked -s|-x RELEASE FUNCTION [ARG...]: who reads a release's lists shares this
# lock; who fetches them has it alone, for until apt is done they are not complete. A
# download, which takes longer, keeps nobody from reading.
lists_locked()
{
	local how=$1 release=$2 rc=0
	shift 2

	private_apt "$release"
	exec 6>"$cache/apt/${release/:/-}.lists.lock"
	flock "$how" 6
	"$@" || rc=$?
	exec 6>&-
	return "$rc"
}

# The sources.list of a release, with this machine's mirror and the keys that
# come with Debian.
write_sources()
{
	local release=$1 file=$2 kind uri suite
	local keys=/usr/share/keyrings/debian-archive-keyring.gpg signed=

	[ ! -r "$keys" ] || signed="[signed-by=$keys] "
	mirrors "$(own_release)" | while read -r kind uri; do
		case $kind in
		main) set -- "$release" "$release-updates" ;;
		security) set -- "$release-security" ;;
		esac
		# Newer kernels come from here; an old release's backports may
		# be gone from the mirror, and are not needed.
		[ "$kind:$release" != main:trixie ] || set -- "$@" "$release-backports"
		for suite in "$@"; do
			printf 'deb %s%s %s main\n' "$signed" "$uri" "$suite"
		done
	done >"$file"
	[ -s "$file" ] || die "apt has no Debian mirror configured: add one to /etc/apt/sources.list"
}

# fetch_lists RELEASE [CHECK...]: fetch a release's lists; status 1, and $WHY, when that
# cannot be done. The parts of a check begin at the same moment: if CHECK now succeeds,
# another one has fetched them while this one waited for the lock.
fetch_lists()
{
	local release=$1 sources=$cache/apt/${1/:/-}/sources.list
	shift

	[ $# -eq 0 ] || [ ! -s "$sources" ] || ! "$@" || return 0
	[ -z "$offline" ] || return 1
	write_sources "${release%:*}" "$sources"
	attempt "package lists of Debian $release" \
		apt-get "${apt_opts[@]}" -o APT::Update::Error-Mode=any update ||
		{ offline=1; return 1; }
}

# newest RELEASE PATTERN: "PACKAGE VERSION" of the newest package whose name
# matches, by the version in its name; lists are fetched if we have none or
# nothing in them matches. Prints nothing if there is none.
newest()
{
	local release=$1 pattern=$2 found

	found=$(lists_locked -s "$release" newest_known "$release" "$pattern") || true
	if [ -z "$found" ]; then
		lists_locked -x "$release" fetch_lists "$release" knows_newest "$release" "$pattern" ||
			die "cannot fetch Debian $release's package lists ($WHY): retry with network access"
		found=$(lists_locked -s "$release" newest_known "$release" "$pattern") || true
	fi
	printf '%s\n' "$found"
}

newest_known()
{
	local package version

	[ -s "$cache/apt/${1/:/-}/sources.list" ] || return 0
	package=$(apt-cache "${apt_opts[@]}" pkgnames | grep -E "$2" | sort -V | tail -n 1) || true
	[ -n "$package" ] || return 0
	version=$(LC_ALL=C apt-cache "${apt_opts[@]}" policy "$package" | awk '$1 == "Candidate:" { print $2 }')
	[ -z "$version" ] || [ "$version" = "(none)" ] || printf '%s %s\n' "$package" "$version"
}

knows_newest()
{
	[ -n "$(newest_known "$@")" ]
}

# is_known RELEASE PACKAGE VERSION: can it be had? Asks for newer lists only if
# those we have do not say so.
is_known()
{
	local release=$1 spec=$2=$3

	lists_locked -s "$release" knows "$spec" ||
		{ lists_locked -x "$release" fetch_lists "$release" knows "$spec" &&
			lists_locked -s "$release" knows "$spec"; }
}

knows()
{
	apt-cache "${apt_opts[@]}" show "$1" >/dev/null 2>&1
}

# download RELEASE DIR PACKAGE[=VERSION]...: the .deb files into DIR.
download()
{
	local release=$1 dir=$2
	shift 2

	cd "$dir"
	lists_locked -s "$release" attempt "download $*" apt-get "${apt_opts[@]}" download "$@" ||
		die "cannot fetch $* ($WHY): with network access, run tools/kernel.sh update and retry"
	cd - >/dev/null
}

# ---- stock kernels --------------------------------------------------------

# The Debian release that ships a kernel series; this machine's own if it does,
# for the programs in another one's header packages may need newer libraries.
release_of()
{
	local own

	own=$(own_release)
	case $own:$1 in
	bookworm:6.12) echo bookworm ;;
	*:6.1) echo bookworm ;;
	*:6.12 | *:7.*) echo trixie ;;
	*) printf '%s\n' "$own" ;;
	esac
}

# The kernel series that is this release's own.
native_series()
{
	local own series

	own=$(own_release)
	case $own in
	bookworm) echo 6.1 ;;
	trixie) echo 6.12 ;;
	*)
		newest "$own" '^linux-image-amd64$' >/dev/null
		private_apt "$own"
		series=$(lists_locked -s "$own" apt-cache "${apt_opts[@]}" depends linux-image-amd64 |
			sed -n 's/.*linux-image-\([0-9]*\.[0-9]*\)\..*/\1/p' | head -n 1)
		[ -n "$series" ] || die "Debian $own has no package linux-image-amd64"
		printf '%s\n' "$series"
		;;
	esac
}

# "KREL VERSION" of installed header packages of a series, newest first.
# $2 is a pattern for the whole of KREL.
installed_headers()
{
	# shellcheck disable=SC2016 # dpkg-query expands it
	dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n' 'linux-headers-*' 2>/dev/null |
		awk '$3 == "installed" { sub(/^linux-headers-/, "", $1); print $1, $2 }' |
		grep -E "^$1 " | sort -rV || true
}

is_installed()
{
	# shellcheck disable=SC2016 # dpkg-query expands it
	[ "$(dpkg-query -W -f '${Version} ${db:Status-Status}' "$1" 2>/dev/null)" = "$2 installed" ]
}

# Builder of a cache entry: a kernel image package, unpacked.
unpack_image()
{
	local tmp=$1 release=$3 krel=$4 version=$5

	need_disk 1000
	apt_locked "$release" download "$release" "$tmp" "linux-image-$krel=$version"
	PROGRESS_NAME="unpack linux-image-$krel" progress dpkg-deb -x "$tmp"/*.deb "$tmp"
	rm "$tmp"/*.deb
	# In releases with a merged /usr the modules lie in /usr/lib.
	[ -d "$tmp/lib/modules" ] || ln -s usr/lib "$tmp/lib"
	# Its package may be missing yet.
	! command -v depmod >/dev/null || depmod -b "$tmp" "$krel"
}

# Builder of a cache entry: what building external modules takes, unpacked.
#
# The packages are meant for /usr/src and say so in one line of a Makefile;
# their symbolic links are relative and hold anywhere.
unpack_headers()
{
	local tmp=$1 final=$2 release=$3 krel=$4 version=$5 packages

	need_disk 500
	private_apt "$release"
	# Of what it depends on, the parts that come from the same source; no
	# compiler, and by no means a kernel.
	packages=$(lists_locked -s "$release" apt-cache "${apt_opts[@]}" show "linux-headers-$krel=$version" |
		sed -n 's/^Depends: //p' | head -n 1 | tr ',|' '\n' |
		sed -n 's/^ *\(linux-\(headers\|kbuild\)-[^ ]*\).*/\1/p')
	# shellcheck disable=SC2046,SC2086 # one word each
	apt_locked "$release" download "$release" "$tmp" "linux-headers-$krel=$version" \
		$(lists_locked -s "$release" for_version "$version" $packages)
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$tmp"
		rm "$deb"
	done
	sed -i "s|/usr/src/|$final/usr/src/|" "$tmp/usr/src/linux-headers-$krel/Makefile"
}

# PACKAGE=VERSION for those packages that exist in this version.
for_version()
{
	local version=$1 package
	shift

	for package in "$@"; do
		if apt-cache "${apt_opts[@]}" show "$package=$version" >/dev/null 2>&1; then
			printf '%s=%s\n' "$package" "$version"
		else
			printf '%s\n' "$package"
		fi
	done
}

# Print where a stock kernel's parts are, fetching those that are missing.
stock_parts()
{
	local release=$1 krel=$2 version=$3 root

	key_value KREL "$krel"
	if is_installed "linux-headers-$krel" "$version"; then
		key_value KDIR "/usr/src/linux-headers-$krel"
	else
		root=$(cache_entry "headers/${krel}_$version" unpack_headers "$release" "$krel" "$version")
		key_value KDIR "$root/usr/src/linux-headers-$krel"
	fi
	if is_installed "linux-image-$krel" "$version"; then
		key_value VMLINUZ "/boot/vmlinuz-$krel"
		key_value MODDIR "/lib/modules/$krel"
	else
		root=$(cache_entry "image/${krel}_$version" unpack_image "$release" "$krel" "$version")
		key_value VMLINUZ "$root/boot/vmlinuz-$krel"
		key_value MODDIR "$root/lib/modules/$krel"
	fi
}

# The compiler that Debian's headers ask for.
need_compiler_of()
{
	local kdir=$1 gcc

	gcc=$(grep -ohE 'gcc-[0-9]+' "$kdir/.kernelvariables" 2>/dev/null | head -n 1) || true
	command -v "${gcc:-gcc}" >/dev/null || need_packages "${gcc:-gcc}"
}

stock()
{
	local series=${1:-native} flavour='' release pattern krel version found parts

	case $series in
	rt-*) flavour=rt- series=${series#rt-} ;;
	native) series=$(native_series) ;;
	esac
	release=$(release_of "$series")
	pattern="${series//./\\.}\.[0-9]+(-[0-9]+|\+deb[0-9]+)-${flavour}amd64"

	# Headers that are installed, if their kernel can be had: then all the
	# other tools of the machine use the same kernel.
	krel=
	while read -r krel version; do
		! is_installed "linux-image-$krel" "$version" || break
		[ ! -d "$cache/image/${krel}_$version" ] || break
		! is_known "$release" "linux-image-$krel" "$version" || break
		[ -n "$offline" ] ||
			say "no kernel to boot for the installed linux-headers-$krel $version, looking further"
		krel=
	done < <(installed_headers "$pattern")

	if [ -z "$krel" ]; then
		found=$(newest "$release" "^linux-image-$pattern\$")
		[ -n "$found" ] || die "Debian $release has no kernel $flavour$series"
		read -r krel version <<<"$found"
		krel=${krel#linux-image-}
	fi
	parts=$(stock_parts "$release" "$krel" "$version")
	# shellcheck disable=SC2153 # KDIR is one of the parts
	need_compiler_of "$(eval "$parts" && printf '%s\n' "$KDIR")"
	printf '%s\n' "$parts"
}

# ---- kernels of our own ---------------------------------------------------

# fragment CONFIG: what of a configuration is not allnoconfig's. A line "base: OTHER" in it
# takes all options of another one that it does not have itself.
fragment()
{
	local file=$top/tools/kernels/$1.config base

	[ -r "$file" ] ||
		die "unknown kernel; available: $(cd "$top/tools/kernels" && echo *.config | sed 's/\.config//g')"
	base=$(sed -n 's/^# base: //p' "$file")
	if [ -n "$base" ]; then
		fragment "$base" | grep -vwF "$(grep -oE 'CONFIG_[A-Z0-9_]+' "$file")" | grep CONFIG_
	fi
	cat "$file"
}

# Builder of a cache entry: an unmodified source package, some 150 MB, kept for the
# next configuration.
fetch_source()
{
	apt_locked "$3" download "$3" "$1" "$4=$5"
}

# check_config FRAGMENT .CONFIG NAME: kconfig drops, without a word, an option whose
# dependencies are not there; a guest without it would test something else.
check_config()
{
	local missing option

	missing=$(grep -E '^CONFIG_|^# CONFIG_.* is not set$' "$1" |
		while IFS= read -r line; do
			case $line in
			CONFIG_*=n) line="# ${line%=n} is not set" ;;
			esac
			grep -qxF -e "$line" "$2" && continue
			# An option that cannot be chosen is not even listed when it is off.
			option=${line#\# }
			option=${option%% *}
			case $line in
			"# "*) grep -q "^$option=" "$2" || continue ;;
			esac
			printf '%s\n' "$line"
		done)
	[ -z "$missing" ] ||
		die "$3.config asks for what this kernel does not give (a dependency is missing?): ${missing//$'\n'/, }"
}

# cross_of ARCH: what the names of the compiler and its tools begin with.
cross_of()
{
	case $1 in
	arm64) echo aarch64-linux-gnu- ;;
	esac
}

# Builder of a cache entry: the busybox of another architecture, as Debian has it.
unpack_busybox()
{
	need_disk 50
	apt_locked "$3" download "$3" "$1" "busybox-static=$4"
	dpkg-deb -x "$1"/*.deb "$1"
	rm "$1"/*.deb
}

# busybox_of ARCH: the result BUSYBOX.
busybox_of()
{
	local arch=$1 release found root

	release=$(own_release):$arch
	found=$(newest "$release" '^busybox-static$')
	[ -n "$found" ] || die "Debian has no busybox-static for $arch"
	root=$(cache_entry "busybox/${arch}_${found##*:}" unpack_busybox "$release" "${found#* }")
	key_value BUSYBOX "$(find "$root" -path '*bin/busybox' -type f)"
}

# take_locks_as_rt FRAGMENT TREE: with PROVE_RAW_LOCK_NESTING a kernel reports itself
# where its own checks take a lock, in an interrupt or under a raw lock, in a way in which
# they would not with PREEMPT_RT; lockdep is off after that. The files that a line "as-rt"
# of the fragment names are compiled as for PREEMPT_RT in this, unless they tell lockdep
# about it themselves, as later versions do. The pool of debug objects is then filled only
# where one may be preempted, and has to last for all that a softirq frees: it is larger.
take_locks_as_rt()
{
	local file

	# shellcheck disable=SC2013 # words
	for file in $(sed -n 's/^# as-rt: //p' "$1"); do
		grep -q 'WAIT_OVERRIDE' "$2/$file" ||
			sed -i -e 's/CONFIG_PREEMPT_RT/CONFIG_PROVE_RAW_LOCK_NESTING/' \
				-e 's/^\(#define ODEBUG_POOL_\(SIZE\|MIN_LEVEL\)[[:space:]]*\)\([0-9]*\)$/\1(8 * \3)/' \
				"$2/$file"
	done
}

# Builder of a cache entry: a kernel, and what external modules need of it.
build_kernel()
{
	local tmp=$1 final=$2 config=$3 arch=$4 deb=$5 fragment=$1/galloc.config
	local image=arch/x86/boot/bzImage cross
	local -a make=(make -C "$tmp" ARCH="$arch" -j"$(nproc)")

	cross=$(cross_of "$arch")
	make+=(CROSS_COMPILE="$cross")
	need_disk 3000
	# Only once for each kernel, so it may say how long it is.
	say "building kernel $config, once; takes some minutes; log: $final.log"
	# shellcheck disable=SC2016 # the inner bash expands it
	PROGRESS_NAME="unpack ${deb##*/}" progress bash -c '
		set -o pipefail
		dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "./usr/src/*.tar.xz" |
			tar -xJ -C "$2" --strip-components=1' - "$deb" "$tmp"
	fragment "$config" >"$fragment"
	take_locks_as_rt "$fragment" "$tmp"
	PROGRESS_NAME="configure $config" progress \
		"${make[@]}" KCONFIG_ALLCONFIG="$fragment" allnoconfig
	check_config "$fragment" "$tmp/.config" "$config"

	case $arch in
	um) image=linux ;;
	arm64) image=arch/$arch/boot/Image ;;
	esac
	PROGRESS_NAME="build $config" PROGRESS_LOG=$final.log progress \
		"${make[@]}" "${image##*/}" modules_prepare
	cp "$tmp/vmlinux.symvers" "$tmp/Module.symvers"
	# make reads this before Makefile, so ARCH=um need not be given.
	# shellcheck disable=SC2016 # make expands it
	printf 'export ARCH := %s\nexport CROSS_COMPILE := %s\ninclude $(dir $(lastword $(MAKEFILE_LIST)))Makefile\n' \
		"$arch" "$cross" >"$tmp/GNUmakefile"
	[ "$arch" = um ] || cp "$tmp/$image" "$tmp/${image##*/}"
	shrink_tree "$tmp" "$arch"
}

# Leave of a built tree what external modules need, as header packages do: the
# Makefiles, the headers, the scripts, objtool.
shrink_tree()
{
	local tree=$1 arch=$2 dir

	for dir in "$tree"/*/; do
		case ${dir#"$tree"/} in
		arch/ | include/ | scripts/ | tools/) ;;
		*) rm -rf "$dir" ;;
		esac
	done
	for dir in "$tree"/arch/*/; do
		case ${dir#"$tree"/arch/} in
		x86/ | um/ | "$arch/") ;;
		*) rm -rf "$dir" ;;
		esac
	done
	find "$tree/arch" -type f \( -name '*.[coSa]' -o -name '.*.cmd' \
		-o -name 'vmlinux*' -o -name bzImage -o -name Image \) -delete
	find "$tree/tools" -mindepth 1 -maxdepth 1 ! -name objtool -exec rm -rf {} +
	[ ! -d "$tree/tools/objtool" ] ||
		find "$tree/tools/objtool" -type f ! -name objtool -delete
	rm -rf "$tree"/vmlinux "$tree"/vmlinux.* "$tree"/.vmlinux.* "$tree"/.tmp_* "$tree"/*.o "$tree"/*.a
	[ "$arch" = um ] || rm -f "$tree/linux"
}

# "PACKAGE VERSION" of the source that a configuration names, or of the newest
# that there is when it is gone: backports move on.
find_source()
{
	local package=$1 release found

	release=$(release_of "${package#linux-source-}")
	found=$(newest "$release" "^${package//./\\.}\$")
	if [ -z "$found" ]; then
		found=$(newest "$release" '^linux-source-[0-9]+\.[0-9]+$')
		[ -n "$found" ] || die "Debian $release has no kernel source package"
		say "$package is no longer in Debian $release: using ${found% *} instead"
	fi
	printf '%s %s\n' "$release" "$found"
}

build()
{
	local config=${1:-} text package arch cross found release version key deb tree

	text=$(fragment "$config")
	read -r package arch < <(sed -n 's/^# kernel: //p' <<<"$text" | tail -n 1)
	need_for kernels
	cross=$(cross_of "$arch")
	[ -z "$cross" ] || need_for "$arch"
	found=$(find_source "$package")
	read -r release package version <<<"$found"

	key=$(cat - <("${cross}gcc" --version) <<<"$text" | sha256sum | cut -c 1-12)
	if [ ! -d "$cache/$config/${version}_$key" ]; then
		deb=$(cache_entry "source/${package}_$version" fetch_source "$release" "$package" "$version")
		deb=$(echo "$deb"/*.deb)
	fi
	tree=$(cache_entry "$config/${version}_$key" build_kernel "$config" "$arch" "${deb:-}")
	key_value KREL "$(cat "$tree/include/config/kernel.release")"
	key_value KDIR "$tree"
	case $arch in
	um) key_value KERNEL "$tree/linux" ;;
	x86) key_value KERNEL "$tree/bzImage" ;;
	*) key_value KERNEL "$tree/Image" && key_value KARCH "$arch" &&
		key_value CROSS "$cross" && busybox_of "$arch" ;;
	esac
}

# Builder of a cache entry: what tools/port builds modules from.
SOURCE_PARTS="fs lib crypto net drivers/block drivers/md drivers/net/*.c drivers/net/wireguard
	drivers/net/vxlan"

unpack_source()
{
	local -a parts

	need_disk 400
	# shellcheck disable=SC2086 # words
	mapfile -t parts < <(printf '*/%s\n' $SOURCE_PARTS)
	# shellcheck disable=SC2016 # the inner bash expands it
	PROGRESS_NAME="unpack ${3##*/}" progress bash -c '
		set -o pipefail
		dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "./usr/src/*.tar.xz" |
			tar -xJ -C "$2" --strip-components=1 --wildcards --no-wildcards-match-slash \
				"${@:3}"' - "$3" "$1" "${parts[@]}"
}

source_tree()
{
	local found release package version deb key

	found=$(find_source "linux-source-${1:-6.1}")
	read -r release package version <<<"$found"
	deb=$(cache_entry "source/${package}_$version" fetch_source "$release" "$package" "$version")
	key=$(sha256sum <<<"$SOURCE_PARTS" | cut -c 1-8)
	key_value SOURCE "$(cache_entry "modules/${version}_$key" unpack_source "$(echo "$deb"/*.deb)")"
}

# Update the lists of all releases in use.
update()
{
	local dir release

	for dir in "$cache"/apt/*/; do
		[ -d "$dir" ] || continue
		dir=${dir%/} && release=${dir##*/} && release=${release/-/:}
		lists_locked -x "$release" fetch_lists "$release" ||
			die "cannot fetch Debian $release's package lists ($WHY)"
	done
}

# Sourced, as by clang.sh, it is only its functions.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0
case ${1:-} in
stock | build | update) "$@" ;;
source) source_tree "${2:-}" ;;
*) die "type: kernel.sh stock [native|6.1|6.12|rt-6.1|rt-6.12] | build CONFIG | source SERIES | update" ;;
esac
