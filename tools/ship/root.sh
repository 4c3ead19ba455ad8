# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# root.sh: minimal Debian systems to try packages in. Source it after tools/kernel.sh.
#
#	root=$(minimal_root RELEASE PACKAGE...)	a cached one, with these packages; not to be
#						changed
#	in_root ROOT LAYER COMMAND...		run a command in it; what it changes is in LAYER

# shellcheck disable=SC2154 # apt_opts is of kernel.sh

# Builder of a cache entry.
make_root()
{
	local tmp=$1 release=$3 uri
	shift 3

	need_disk 3000
	write_sources "$release" "$tmp.sources"
	uri=$(sed -n 's/^deb \(\[.*\] \)\?\([^ ]*\) .*/\2/p' "$tmp.sources" | head -n 1)
	PROGRESS_NAME="debootstrap $release" progress debootstrap --variant=minbase "$release" "$tmp" "$uri"
	mv "$tmp.sources" "$tmp/etc/apt/sources.list"
	cp /etc/resolv.conf "$tmp/etc/"
	apt-config dump | grep -i '^Acquire::.*Proxy' >"$tmp/etc/apt/apt.conf.d/proxy" || true
	# No service is started there.
	printf '#!/bin/sh\nexit 101\n' >"$tmp/usr/sbin/policy-rc.d"
	chmod +x "$tmp/usr/sbin/policy-rc.d"
	PROGRESS_NAME="packages in $release" progress chroot "$tmp" env DEBIAN_FRONTEND=noninteractive LC_ALL=C sh -c '
		apt-get -q update && apt-get -q -y install --no-install-recommends "$@" && apt-get clean' - "$@"
}

minimal_root()
{
	local release=$1 key
	shift

	[ "$(id -u)" -eq 0 ] || die "a minimal root needs root; type: sudo tools/ship/packages.sh"
	key=$(printf '%s\n' "$@" | sha256sum | cut -c 1-12)
	cache_entry "root-$release/$key" make_root "$release" "$@"
}

# What is written goes to LAYER/upper, so that the cached root stays as it is.
in_root()
{
	local root=$1 layer=$2
	shift 2

	mkdir -p "$layer"/{upper,work,root}
	# shellcheck disable=SC2016 # the inner bash expands it
	unshare --mount bash -c '
		set -e
		root=$1 layer=$2; shift 2
		mount -t overlay overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
		mount -t proc proc "$layer/root/proc"
		mount --rbind /dev "$layer/root/dev"
		exec chroot "$layer/root" env -i HOME=/srv LC_ALL=C TERM=dumb DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' - "$root" "$layer" "$@"
}
