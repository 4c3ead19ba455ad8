#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# deb.sh: Debian packages, into build/deb; `make deb`. Two builds of the same commit are
# equal, byte for byte.
#
#	DEB_OUT=dir		where to put them; older packages of galloc there go
#	DEBEMAIL=address	whom the packages name as their maintainer
#	DEB_VERSION=version	if not that of dkms.conf

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

# has_git: the tree is a clone. What it may lie in is another repository.
has_git()
{
	local said

	[ -e "$top/.git" ] || return 1
	said=$(git -C "$top" rev-parse HEAD 2>&1) || die "cannot tell which commit it is: ${said%%$'\n'*}"
}

# The time of the last commit, or, where there is no git, that of the CHANGELOG.
source_time()
{
	if has_git; then
		git -C "$top" log -1 --format=%ct
	else
		stat -c %Y "$top/CHANGELOG.md"
	fi
}

# A release is VERSION; what comes after it is VERSION+gitN.
deb_version()
{
	local n=0

	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
	if grep -qx '## Next' "$top/CHANGELOG.md"; then
		if has_git; then
			[ "$(git -C "$top" rev-parse --is-shallow-repository)" = false ] ||
				die "a shallow clone has no version; type: git fetch --unshallow, or set DEB_VERSION"
			n=$(git -C "$top" rev-list --count HEAD)
		fi
		version=$version+git$n
	fi
	printf '%s\n' "$version"
}

# The tree as it is, without what was built.
copy_sources()
{
	if has_git; then
		git -C "$top" ls-files -z -co --exclude-standard
	else
		(cd "$top" && find . -name .git -prune -o -path ./build -prune -o -type f ! -name '*.[oa]' \
			! -name '*.ko' ! -name '*.mod*' ! -name '.*.cmd' -print0)
	fi | { cd "$top"; xargs -0 cp --parents --no-dereference -t "$1"; }
	chmod -R u+rwX,go+rX,go-w "$1"
}

# drop_packages DIR: those that were built there before, and nothing else.
drop_packages()
{
	rm -f "$1"/galloc{,-dkms,-dev,-tools,-doc}_*.{deb,dsc,changes,buildinfo,tar.xz}
}

[ $# -eq 0 ] || die "takes no arguments; type: make deb"
need_for packages docs programs
umask 022
email=${DEBEMAIL:-$(! has_git || git -C "$top" log -1 --format=%ae)}
version=${DEB_VERSION:-$(deb_version)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(source_time)}
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8
out=$(realpath -m -- "${DEB_OUT:-$top/build/deb}")
mkdir -p "$out" "$top/build"
# In a path without a space, which dpkg would not hide: builds in two of them would differ.
work_dir deb
src=$work/galloc-$version
mkdir "$src"
copy_sources "$src"
# Where DEB_OUT is in the tree.
drop_packages "$src${out#"$top"}"
cp -r "$top/tools/ship/debian" "$src/debian"
sed -i "s/@MAINTAINER@/${email:-galloc@localhost.localdomain}/" "$src/debian/control"
cat >"$src/debian/changelog" <<END
galloc ($version) unstable; urgency=medium

  * See /usr/share/doc/galloc-dkms/changelog.gz.

 -- The galloc authors <${email:-galloc@localhost.localdomain}>  $(date -R -u -d "@$SOURCE_DATE_EPOCH")
END
find "$src" -exec touch --no-dereference -d "@$SOURCE_DATE_EPOCH" {} +
PROGRESS_NAME="packages" progress env -C "$src" dpkg-buildpackage -us -uc
rm -rf "$src"
drop_packages "$out"
mv "$work"/* "$out/"
say "the packages are in $out"
(cd "$out" && ls -- galloc*_*.deb)
