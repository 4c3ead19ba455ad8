#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# inside.sh KREL KDIR: what packages.sh does in its minimal root; changes the system that it
# runs on. One kernel's headers are installed; those of KREL are in KDIR.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

[ ! -e /lib/modules/"$1" ] || die "this is no minimal root"
second=$1 second_dir=$2
first=$(cd /lib/modules && echo *)
arch=$(uname -m)
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
older=0.0.1

# done_well NAME COMMAND...
done_well()
{
	local name=$1
	shift

	if "$@" >/tmp/log 2>&1 </dev/null; then
		ok "$name"
	else
		not_ok "$name" "$(tail -n 3 /tmp/log | tr '\n' ' ')"
	fi
}

# ---- packages --------------------------------------------------------------------------

# Twice, from other places, with another umask.
check_build()
{
	cp -a /galloc "/srv/a longer path"
	done_well "the packages build" env DEB_OUT=/one DEB_VERSION="$version+2" /galloc/tools/ship/deb.sh
	(umask 077; done_well "the packages build in a path with spaces" \
		env DEB_OUT=/srv/two DEB_VERSION="$version+2" "/srv/a longer path/tools/ship/deb.sh")
	[ -n "$(ls /one/*.deb /srv/two/*.deb)" ] || exit 1
	same "two builds are equal" "$(cd /srv/two && sha256sum ./*.deb ./*.dsc ./*.tar.*)" \
		"$(cd /one && sha256sum ./*.deb ./*.dsc ./*.tar.*)"
	done_well "lintian has no error and no warning" \
		lintian --allow-root --tag-display-limit 0 --fail-on error,warning /one/*.changes
}

# set_version VERSION TREE: that of DKMS, and of the module.
set_version()
{
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$1\"/" "$2/dkms.conf"
	sed -i "s/^MODULE_VERSION(.*/MODULE_VERSION(\"$1\");/" "$2/galloc_mod.c"
}

# The same packages, as of an older version.
make_older()
{
	local deb

	mkdir /old
	for deb in /one/*.deb; do
		case $deb in *-dbgsym_*) continue ;; esac
		rm -rf /tmp/deb
		dpkg-deb -R "$deb" /tmp/deb
		sed -i "s/$version/$older/g" /tmp/deb/DEBIAN/*
		if [ -d "/tmp/deb/usr/src/galloc-$version" ]; then
			set_version $older "/tmp/deb/usr/src/galloc-$version"
			mv "/tmp/deb/usr/src/galloc-$version" /tmp/deb/usr/src/galloc-$older
		fi
		dpkg-deb -b /tmp/deb /old >/dev/null
	done
}

# Everything but what every installation writes.
all_files()
{
	find / -xdev \( -path /proc -o -path /dev -o -path /tmp -o -path /one -o -path /old -o -path /srv -o -path /galloc \
		-o -path /var/lib/dpkg -o -path /var/cache -o -path /var/log \) -prune -o -print |
		grep -vE '^/lib/modules/[^/]*/modules\.|^/usr/lib/modules/[^/]*/modules\.|/mok\.(key|pub)$' | LC_ALL=C sort
}

# ---- DKMS ------------------------------------------------------------------------------

# is_installed KREL NAME VERSION
is_installed()
{
	same "$2 $3 is installed for $1" "$(dkms status "$2/$3" -k "$1" | sed 's/.*: //')" installed
}

# check_module KREL VERSION: signed, and what clients need is at its place.
check_module()
{
	local ko dev=/var/lib/dkms/galloc/kernel-$1-$arch/dev

	is_installed "$1" galloc "$2"
	ko=$(find "/lib/modules/$1/updates/dkms" -name 'galloc.ko*')
	same "$1: the module is for it, of this version, and signed by DKMS" \
		"$(modinfo -F vermagic "$ko" | cut -d ' ' -f 1) $(modinfo -F version "$ko") $(modinfo -F signer "$ko")" \
		"$1 $2 DKMS module signing key"
	same "$1: clients find headers and Module.symvers" \
		"$(cd "$dev" && echo Module.symvers include/galloc.h)$(grep -c $'\tgfree\t' "$dev/Module.symvers")" \
		"Module.symvers include/galloc.h1"
}

# As a package of a kernel does, where there is a client, too.
add_kernel()
{
	local client=/usr/src/galloc-hello-1.0

	DESTDIR=/tmp/laid "$top/tools/ship/dkms.sh" hello
	mv /tmp/laid/usr/src/galloc-hello-1.0 $client
	dkms add galloc-hello/1.0 >/dev/null
	mkdir -p "/lib/modules/$second"
	ln -s "$second_dir" "/lib/modules/$second/build"
	done_well "a kernel is installed: DKMS builds for it" /etc/kernel/postinst.d/dkms "$second"
	is_installed "$second" galloc-hello 1.0
	same "the client depends on galloc" \
		"$(modinfo -F depends "$(find "/lib/modules/$second/updates/dkms" -name 'hello.ko*')")" galloc
	dkms remove galloc-hello/1.0 --all >/dev/null
	rm -r $client
}

# A client of its own: by galloc.mk, by pkg-config.
check_client()
{
	local krel=$1

	mkdir /tmp/client
	cp "$top/samples/hello/hello.c" "$top/samples/hello/Kbuild" /tmp/client/
	printf '%s\n' 'include /usr/share/galloc/galloc.mk' 'modules:' \
		$'\t$(MAKE) -C $(KDIR) M=$(CURDIR) $(GALLOC_MAKE) $@' >/tmp/client/Makefile
	done_well "a client builds with galloc.mk" make -C /tmp/client KDIR="/lib/modules/$krel/build"
	same "pkg-config knows where Module.symvers is" \
		"$(pkg-config --define-variable=krel="$krel" --define-variable=arch="$arch" --variable=symvers galloc)" \
		"/var/lib/dkms/galloc/kernel-$krel-$arch/dev/Module.symvers"
}

# A new version that builds for one kernel and not for the other; nor is what a package has
# installed written over.
check_failure()
{
	local sum than='<' next why

	[ "$(printf '%s\n' "$first" "$second" | sort -V | tail -n 1)" != "$second" ] || than='>'
	cp -a /galloc /srv/next
	printf '%s\n' '#include <linux/version.h>' "#if LINUX_VERSION_CODE $than KERNEL_VERSION(6, 10, 0)" \
		'#error "galloc does not build for this kernel"' '#endif' >>/srv/next/nodes.c
	sum=$(sha256sum "/lib/modules/$second"/updates/dkms/galloc.ko*)
	for next in "$version" 99.0; do
		set_version "$next" /srv/next
		why="Consult /var/lib/dkms/.galloc/tree/galloc/$next/build/make.log"
		[ "$next" = 99.0 ] || why="/usr/src/galloc-$version belongs to a package"
		if env KREL="$second" /srv/next/tools/ship/dkms.sh >/tmp/log 2>&1; then
			not_ok "$next, which cannot be installed, is reported" "it is installed"
		else
			same "$next, which cannot be installed, is reported" "$(grep -c "$why" /tmp/log)" 1
		fi
		same "the old one is untouched" "$(sha256sum "/lib/modules/$second"/updates/dkms/galloc.ko*)" "$sum"
		check_module "$second" "$version"
	done
	done_well "for the other kernel it builds" env KREL="$first" /srv/next/tools/ship/dkms.sh
	is_installed "$first" galloc 99.0
	dkms remove galloc/99.0 --all >/dev/null
	rm -r /usr/src/galloc-99.0
	done_well "after its removal the old one can be installed again" dkms install "galloc/$version" -k "$first"
	# A kernel that is too old.
	mkdir -p /lib/modules/5.10.0-1-amd64
	ln -s "/lib/modules/$first/build" /lib/modules/5.10.0-1-amd64/build
	dkms build "galloc/$version" -k 5.10.0-1-amd64 >/tmp/log 2>&1 || true
	same "a kernel that is too old is skipped with the reason" "$(grep -c BUILD_EXCLUSIVE /tmp/log)" 1
	rm -r /lib/modules/5.10.0-1-amd64
}

check_build
make_older
all_files >/tmp/before
done_well "older packages install" dpkg -i /old/*.deb
# Where no kernel of these runs, as in a container, DKMS leaves it at the sources.
dkms autoinstall -k "$first" >/tmp/log 2>&1 || true
check_module "$first" $older
add_kernel
check_module "$second" $older
done_well "an upgrade" dpkg -i /one/galloc-{dkms,dev,doc,tools}_*.deb
dkms autoinstall -k "$first" >/tmp/log 2>&1 || true
dkms autoinstall -k "$second" >/tmp/log 2>&1 || true
check_module "$first" "$version"
check_module "$second" "$version"
check_client "$second"
check_failure
/etc/kernel/prerm.d/dkms "$second" >/tmp/log 2>&1
same "a kernel is removed: nothing of galloc is left for it" \
	"$(find "/lib/modules/$second" /var/lib/dkms/galloc -name "*galloc.ko*" -path "*$second*"; ls -d /var/lib/dkms/galloc/kernel-"$second"-* 2>/dev/null)" ""
done_well "the packages are purged" dpkg -P galloc-dkms galloc-dev galloc-doc galloc-tools
rm -r "/lib/modules/$second"
all_files >/tmp/after
same "nothing is left" "$(diff /tmp/before /tmp/after | grep '^[<>]' | head -n 5 | tr '\n' ' ')" ""
