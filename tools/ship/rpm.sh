#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# rpm.sh: build the packages of galloc.spec, into build/rpm, and check the spec and them.
# Nothing is installed. Last line: N passed, N failed, N skipped.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

[ $# -eq 0 ] || die "takes no arguments; type: ${0##*/}"
test_dir rpm
need_for rpm programs observing
out=$top/build/rpm
spec=$top/tools/ship/galloc.spec
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
same "the spec has the version of the module" "$(sed -n 's/^Version: *//p' "$spec")" "$version"

# Of the tree as it is, whether committed or not.
rm -rf "$out"
mkdir -p "$work/SOURCES" "$out"
git -C "$top" ls-files -z -co --exclude-standard |
	tar -C "$top" --null -T - --transform "s,^,galloc-$version/," -cJf "$work/SOURCES/galloc-$version.tar.xz"

# rpmbuild knows no packages of Debian, so it cannot judge what the build needs.
build()
{
	rpmbuild --nodeps --define "_topdir $work" --define "_rpmdir $out" \
		--define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' "$@" "$spec" >"$work/log" 2>&1
}

for step in -bp -bb; do
	if build $step; then
		ok "rpmbuild $step"
	else
		not_ok "rpmbuild $step" "$(tail -n 3 "$work/log" | tr '\n' ' ')"
	fi
done
same "there is a package of each kind" "$(cd "$out" && echo galloc-*)" \
	"$(printf 'galloc-%s ' "devel-$version-1.noarch.rpm" "dkms-$version-1.noarch.rpm" "tools-$version-1.$(uname -m).rpm" | sed 's/ $//')"

rpmlint -c "$top/tools/ship/rpmlint.toml" "$spec" "$out"/*.rpm >"$work/lint" 2>&1 || true
same "rpmlint has no error and no warning" "$(grep -E ': [EW]:' "$work/lint" | head -n 5)" ""
same "and has looked at all of them" "$(grep -oE '[0-9]+ packages and [0-9]+ specfiles' "$work/lint")" \
	"3 packages and 1 specfiles"
