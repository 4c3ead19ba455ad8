#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# release.sh VERSION: make a release, `make release VERSION=1.2.0`.
#
# 1. The version must be newer, and as much newer as Documentation/abi.rst asks of what
#    changed in abi.list since the last release. CHANGELOG.md must have a section Next.
# 2. In a tree of its own, the version goes into galloc.h, dkms.conf, the spec and the
#    CHANGELOG, and is committed.
# 3. There all is built and checked, what takes longest last: make docs, also as a PDF where
#    LaTeX is installed, deb, check-install, check on all kernels.
# 4. Only then the branch moves on and gets the tag. build/release/VERSION has what is to
#    be published: sources, packages, pages, SHA256SUMS. If git has a user.signingkey, the
#    tag and SHA256SUMS are signed with it. If the branch has moved meanwhile, or something
#    fails, there is neither tag nor release.
#
#	RELEASE_BUILD='make docs deb'	another command for what is published
#	RELEASE_CHECK='make check'	and for the checks

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

# number MAJOR.MINOR.PATCH: to compare. GALLOC_VERSION has 8 bits for each of the last two.
number()
{
	local part='(0|[1-9][0-9]{0,2})'

	if ! [[ $1 =~ ^$part\.$part\.$part$ ]] || [ "${BASH_REMATCH[2]}" -gt 255 ] || [ "${BASH_REMATCH[3]}" -gt 255 ]; then
		die "$1 is no version such as 1.2.0, of numbers up to 255"
	fi
	echo $((BASH_REMATCH[1] * 1000000 + BASH_REMATCH[2] * 1000 + BASH_REMATCH[3]))
}

# part N VERSION
part()
{
	cut -d . -f "$1" <<<"$2"
}

# The part that must rise, 1 to 3, for what changed since a release: at least.
needed_part()
{
	local before=$1 changed

	git -C "$top" rev-parse -q --verify "v$before" >/dev/null || { echo 3; return; }
	changed=$(diff <(git -C "$top" show "v$before:Documentation/abi.list" 2>/dev/null) \
		"$top/Documentation/abi.list" | grep -v '^. body ' | grep -oE '^[<>]' | sort -u | tr -d '\n') || true
	case $changed in
	*'<'*) [ "$(part 1 "$before")" = 0 ] && echo 2 || echo 1 ;;
	'>') echo 2 ;;
	*) echo 3 ;;
	esac
}

check_version()
{
	local n needed new old

	new=$(number "$version")
	old=$(number "$before")
	[ "$new" -gt "$old" ] || die "$version is not newer than $before"
	needed=$(needed_part "$before")
	for ((n = 1; n <= needed; n++)); do
		[ "$(part $n "$version")" = "$(part $n "$before")" ] || return 0
	done
	die "the ABI changed since $before: raise $( (echo; echo MAJOR; echo MINOR) | sed -n "$((needed + 1))p"), see Documentation/abi.rst"
}

# In the tree of its own.
write_version()
{
	local name n=0

	for name in MAJOR MINOR PATCH; do
		n=$((n + 1))
		sed -i "s/^\(#define GALLOC_$name\t\).*/\1$(part $n "$version")/" "$tree/include/galloc.h"
	done
	sed -i "s/^\(PACKAGE_VERSION=\).*/\1\"$version\"/" "$tree/dkms.conf"
	sed -i "s/^\(Version: *\).*/\1$version/" "$tree/tools/ship/galloc.spec"
	sed -i "s/^%changelog$/&\n* $(LC_ALL=C date '+%a %b %d %Y') $(git -C "$tree" log -1 --format='%an <%ae>') - $version-1\n- see CHANGELOG.md\n/" \
		"$tree/tools/ship/galloc.spec"
	sed -i "s/^## Next$/## $version/" "$tree/CHANGELOG.md"
	# What a user sees or types.
	sed -i "s,\(galloc[/-]\|loaded: version \)${before//./\\.},\1$version," "$tree"/Documentation/{quick-start,usage}.rst
	git -C "$tree" commit -qam "galloc: release $version"
}

# Before hours of checks, as is the next.
check_root()
{
	[ -n "${RELEASE_CHECK:-}" ] || [ "$(id -u)" -eq 0 ] || sudo true ||
		die "make check-install needs sudo; without it set RELEASE_CHECK='make check'"
}

check_key()
{
	[ -n "$key" ] || { say "git has no user.signingkey: nothing will be signed"; return; }
	[ "$(git -C "$top" config gpg.format || echo openpgp)" = openpgp ] ||
		die "git's gpg.format is not openpgp: set it, and user.signingkey, to a key of gpg's"
	gpg --list-secret-keys "$key" >/dev/null 2>&1 ||
		die "gpg has no secret key $key, which is git's user.signingkey: set another, or unset it"
}

publish()
{
	rm -rf "$out"
	mkdir -p "$out"
	git -C "$tree" archive --prefix="galloc-$version/" HEAD | xz -9 >"$out/galloc-$version.tar.xz"
	[ ! -d "$tree/build/deb" ] || cp "$tree"/build/deb/* "$out/"
	[ ! -e "$tree/build/docs/galloc.pdf" ] || cp "$tree/build/docs/galloc.pdf" "$out/galloc-$version.pdf"
	[ ! -d "$tree/build/docs/html" ] ||
		tar -C "$tree/build/docs" --sort=name --owner=0 --group=0 --mode=u+rw,go=rX \
			--mtime="@$(git -C "$tree" log -1 --format=%ct)" -cJf "$out/galloc-$version-doc.tar.xz" html
	(cd "$out" && sha256sum -- * >SHA256SUMS)
	if [ -n "$key" ]; then
		gpg --batch --local-user "$key" --armor --detach-sign "$out/SHA256SUMS"
		git -C "$top" tag -s -m "galloc $version" "v$version" "$1"
		tagged=1
		gpg --batch --verify "$out/SHA256SUMS.asc" "$out/SHA256SUMS"
		git -C "$top" verify-tag "v$version"
	else
		git -C "$top" tag -a -m "galloc $version" "v$version" "$1"
		tagged=1
	fi
}

# The branch is where it was, and can be moved.
check_branch()
{
	[ "$(git -C "$top" rev-parse HEAD)$(git -C "$top" status --porcelain)" = "$head" ] ||
		die "there are other commits or changes than before the checks: there is no release $version"
}

# However it ends: all of a release is there, or nothing.
clean_up()
{
	[ -n "$released" ] || rm -rf "$out"
	[ -n "$released" ] || [ -z "$tagged" ] || git -C "$top" tag -d "v$version" >/dev/null || true
	git -C "$top" worktree remove --force "$tree" 2>/dev/null || true
	rm -rf "$work"
}

version=${1:-}
[ -n "$version" ] || die "which version? type: make release VERSION=1.2.0"
before=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$top/dkms.conf")
[ -z "$(git -C "$top" status --porcelain)" ] || die "the tree has changes that are not committed"
grep -qx '## Next' "$top/CHANGELOG.md" || die "CHANGELOG.md has no section Next: nothing to release"
check_version
! git -C "$top" rev-parse -q --verify "refs/tags/v$version" >/dev/null ||
	die "there is a tag v$version already: choose another version, or type: git tag -d v$version"
check_root
key=$(git -C "$top" config user.signingkey) || true
check_key
out=$top/build/release/$version
work_dir release
tree=$work/galloc
released='' tagged=''
trap clean_up EXIT
head=$(git -C "$top" rev-parse HEAD)
git -C "$top" worktree add -q --detach "$tree" "$head"
write_version
cd "$tree"
[ -n "${RELEASE_CHECK:-}" ] || export KERNELS=${KERNELS:-6.1 6.12 7.3}
commands=("${RELEASE_BUILD:-make docs deb}" "${RELEASE_CHECK:-make check-install check}")
[ -n "${RELEASE_BUILD:-}" ] || ! command -v latexmk >/dev/null || commands=("make docs FORMAT=latexpdf" "${commands[@]}")
for command in "${commands[@]}"; do
	say "$command"
	$command >&2 || die "$command fails: there is no release $version"
done
cd "$top"
check_branch
publish "$(git -C "$tree" rev-parse HEAD)"
check_branch
git -C "$top" merge -q --ff-only "v$version"
released=1
say "galloc $version is in $out; then: git push --follow-tags"
