# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# scripts.sh: what the scripts make of a user's environment, directories and repository.
# run.sh sources it.
#
# shellcheck disable=SC2154 # top and work are run.sh's

# What is set for a kernel of the user's own is not for ours.
kbuild_is_not_told()
{
	local found
	local -a names=(KBUILD_OUTPUT KBUILD_EXTMOD KBUILD_EXTRA_SYMBOLS KCONFIG_CONFIG KCFLAGS LLVM CROSS_COMPILE)

	mkdir -p "$work/told"
	printf '%s\n' '#!/bin/sh' 'env' 'exit 1' >"$work/told/make"
	chmod +x "$work/told/make"
	# shellcheck disable=SC2016 # the inner bash expands it
	env "${names[@]/%/=galloc-test}" PROGRESS_TAIL=1000 "PATH=$work/told:$PATH" \
		bash -c '. "$1/tools/lib.sh"; build_make' - "$top" >"$work/out" 2>&1 || true
	grep -q PATH= "$work/out" || return 1
	found=$(grep '=galloc-test' "$work/out") || return 0
	echo "error: $found"
	return 1
}

# packages TREE: of it, where all that builds them is installed but does not build.
packages()
{
	mkdir -p "$work/builder"
	printf '%s\n' '#!/bin/sh' 'echo installed' >"$work/builder/dpkg-query"
	# shellcheck disable=SC2016 # its own
	printf '%s\n' '#!/bin/sh' 'version=$(basename "$PWD") && version=${version#galloc-}' \
		'echo "$SOURCE_DATE_EPOCH" >"../galloc_$version.dsc"; pwd >"../galloc-dkms_${version}_all.deb"' >"$work/builder/dpkg-buildpackage"
	chmod +x "$work"/builder/*
	PATH=$work/builder:$PATH "$1/tools/ship/deb.sh" >"$work/out" 2>&1
}

# Only older packages of ours go, and not before there are new ones.
foreign_files_stay()
{
	local out=$work/debs

	mkdir -p "$out/galloc-1"
	touch "$out/mine" "$out/galloc-1/mine" "$out"/galloc{_0.dsc,-dkms_0_all.deb,-foo_1_all.deb}
	cd "$work" || return 1
	DEB_OUT=debs DEB_VERSION=1 packages "$top" || { cat "$work/out"; return 1; }
	[ "$(cd "$out" && find . -type f | LC_ALL=C sort | tr '\n' ' ')" = \
		"./galloc-1/mine ./galloc-dkms_1_all.deb ./galloc-foo_1_all.deb ./galloc_1.dsc ./mine " ] && return
	echo "error: there are $(find "$out" -type f | tr '\n' ' ')"
	return 1
}

# Where git cannot tell which commit it is, there is no guess; nor is it asked about a
# repository that an exported tree lies in.
packages_have_versions()
{
	local out=$work/versions

	cd "$work/clone" || return 1
	# The tree may be a shallow clone itself, as those of CI services are.
	if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
		rm -rf .git && git init -q && git add -A && git commit -qm all || return 1
	fi
	grep -qx '## Next' CHANGELOG.md || sed -i '0,/^## /s//## Next\n\n&/' CHANGELOG.md
	git commit -qam next || true
	git clone -q --depth 1 "file://$work/clone" "$work/shallow" && git init -q "$work/outer" &&
		GIT_COMMITTER_DATE='@1000000000 +0000' git -C "$work/outer" commit -q --allow-empty -m outer &&
		mkdir "$work/outer/export" && git archive HEAD | tar -C "$work/outer/export" -xf - || return 1
	export DEB_OUT=$out
	if packages "$work/shallow" || ! grep -q "git fetch --unshallow" "$work/out"; then
		echo "error: of a shallow clone: $(ls "$out")"
		return 1
	fi
	DEB_VERSION=5 packages "$work/shallow" && [ -e "$out/galloc_5.dsc" ] || return 1
	if GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TEST_ASSUME_DIFFERENT_OWNER=1 packages "$work/clone" ||
	   ! grep -q "dubious ownership" "$work/out"; then
		echo "error: of another's clone: $(ls "$out")"
		return 1
	fi
	packages "$work/outer/export" || return 1
	[ "$(cat "$out"/galloc_*+git0.dsc)" = "$(stat -c %Y "$work/outer/export/CHANGELOG.md")" ] ||
		{ echo "error: of an export: $(cat "$out"/*.dsc)"; return 1; }
	packages "$work/clone" && unset DEB_OUT &&
		[ "$(cat "$out"/galloc_*"+git$(git rev-list --count HEAD).dsc")" = "$(git log -1 --format=%ct)" ]
}

# A kernel's source can be named from where one is, and as it likes.
graft_is_relative()
{
	local source=$work/trees/linux other="$work/trees/a'b" name

	mkdir -p "$source"/{mm,tools/testing/selftests}
	for name in mm/Kconfig mm/Makefile Kbuild tools/testing/selftests/Makefile; do
		echo "# $name" >"$source/$name"
	done
	printf '%s\n' 'menu "mm"' endmenu >"$source/mm/Kconfig"
	cp -r "$source" "$work/trees/before"
	cp -r "$source" "$other"
	mkdir "$work/trees/galloc"
	(cd "$top" && tar --exclude=./build --exclude=.git -cf - .) | tar -C "$work/trees/galloc" -xf -
	cd "$work/trees" || return 1
	galloc/tools/graft linux >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
	[ -e linux/include/galloc/galloc.h ] || { echo "error: no galloc in the source"; return 1; }
	[ ! -e galloc/linux ] || { echo "error: galloc/linux is new"; return 1; }
	galloc/tools/graft "a'b" && diff -r linux "a'b" && galloc/tools/graft --reverse "a'b" || return 1
	[ "$(tr '\n' ';' <linux/mm/Kconfig)" = 'menu "mm";source "mm/galloc/Kconfig";;endmenu;' ] ||
		{ echo "error: mm/Kconfig is $(cat linux/mm/Kconfig)"; return 1; }
	galloc/tools/graft --reverse linux >"$work/out" 2>&1 &&
		diff -r -x include -x galloc before linux
}

# A tag that is there, and a user who cannot become root, are found before hours of checks;
# where the branch has moved meanwhile, or a file changed, nothing of a release is left.
release_is_whole()
{
	local check

	cd "$work/clone" || return 1
	git config --unset user.signingkey
	sed -i '0,/^## /s//## Next\n\n&/' CHANGELOG.md
	git commit -qam next && git tag v91.0.0 && one_line '91.0 is no version' tools/ship/release.sh 91.0 &&
		one_line '91.0.256 is no version' tools/ship/release.sh 91.0.256 || return 1
	! releases 91.0.0 "touch $work/checked" && grep -q 'v91.0.0' "$work/out" || return 1
	git tag -d v91.0.0
	# A user without sudo; should it go on, nothing is made.
	mkdir "$work/user"
	# shellcheck disable=SC2016 # its own
	printf '%s\n' '#!/bin/sh' '[ "${0##*/}" = id ] && echo 1000' | tee "$work"/user/{id,sudo,make} >/dev/null
	chmod +x "$work"/user/*
	one_line 'check-install needs sudo' env PATH="$work/user:$PATH" tools/ship/release.sh 91.0.0 || return 1
	[ ! -e "$work/checked" ] || { echo "error: the tag is not seen"; return 1; }
	for check in "git -C $work/clone commit -q --allow-empty -m more" "cp dkms.conf $work/clone/CHANGELOG.md"; do
		! releases 91.0.0 "$check" || return 1
		[ -z "$(git tag -l v91.0.0; ls build/release/91.0.0 2>/dev/null)" ] ||
			{ echo "error: something is left"; return 1; }
		git checkout -q CHANGELOG.md
	done
	releases 91.0.0 && [ "$(git rev-parse HEAD)" = "$(git rev-parse 'v91.0.0^{commit}')" ] &&
		[ -e build/release/91.0.0/SHA256SUMS ] && [ -z "$(git status --porcelain)" ] && return
	cat "$work/out"
	return 1
}

# With a spatch that converts calls alone; one folder begins with a dash, one is a link.
port_restores_includes()
{
	local dir=$work/ported name

	mkdir -p "$work/spatch" "$dir/-notes"
	ln -s -- -notes "$dir/link"
	printf '%s\n' '#!/bin/sh' 'echo installed' >"$work/spatch/dpkg-query"
	# shellcheck disable=SC2016 # its own
	printf '%s\n' '#!/bin/sh' 'for file; do :; done' 'sed -i "s/^\tgalloc_kfree(/\tkfree(/" "$file"' >"$work/spatch/spatch"
	chmod +x "$work"/spatch/*
	cd "$dir" || return 1
	for name in -notes link; do
		printf '%s\n' '#include <galloc_port.h>' '/* galloc_kfree() of all' ' * or galloc_kfree(p)' ' */' \
			'	galloc_kfree(p);	// galloc_kfree()' >-notes/calls.c
		printf '%s\n' '#include <galloc_port.h>' '	galloc_kfree(p);' \
			'	*q = /* */ OURS(galloc_krealloc) /* */;' >-notes/macro.c
		PATH=$work/spatch:$PATH "$top/tools/port/port.sh" --reverse "$name" >"$work/out" 2>&1 ||
			{ cat "$work/out"; return 1; }
		[ "$(cd ./-notes && grep -c 'include' calls.c macro.c | tr '\n' ' ')$(tail -n 1 "$work/out")" = \
			"calls.c:0 macro.c:1 2 files converted, 1 places to look at" ] || { cat "$work/out"; return 1; }
	done
}

# source_of NAME LINE...: a source of these lines, and a call.
source_of()
{
	printf '%s\n' "${@:2}" '	kfree(p);' >"$dir/$1"
}

# With a spatch that cannot work in such a path. The include is where all of the source has it,
# and not where a condition, a comment or an older use hides it.
port_includes_where_it_counts()
{
	local dir="$work/it's a tree" name line lost=''

	mkdir -p "$dir" "$work/unspatch"
	cp "$work/spatch/dpkg-query" "$work/unspatch/"
	# shellcheck disable=SC2016 # its own
	printf '%s\n' '#!/bin/sh' 'for file; do :; done' 'eval "sed -i \"s/\tkfree(/\tgalloc_kfree(/\" $file"' >"$work/unspatch/spatch"
	chmod +x "$work/unspatch/spatch"
	source_of plain.c '// SPDX' '#define pr_fmt(fmt) fmt' '#include <a.h>' '#include <b.h>' \
		'	char *q __free(kvfree) = kvcalloc_node(1, n, gfp, nid);'
	source_of user.c '// SPDX' '#ifndef __KERNEL__' '#include "user.h"' '#else' '#include <a.h>' '#endif'
	source_of old.c '#if defined(OLD)' '#include <old.h>' '#endif' '#include <a.h>'
	source_of comment.c '/*' '#include <a.h>' '*/ // #include <b.h>' 'char c[] = "/*";' '#include <c.h>'
	source_of guard.h '/* SPDX */' '#ifndef _GUARD_H' '#define _GUARD_H' '#  include <a.h>' '#endif'
	source_of late.h '/* SPDX */' '#undef SYSTEM' '#if !defined(_LATE_H) || defined(AGAIN)' '#define LATE_H' \
		'	kfree(q);' '#endif' '#include <trace/define_trace.h>'
	source_of none.c '/* SPDX' ' */' 'void f(void)'
	source_of deep.h '#define pr_fmt(fmt) fmt'
	source_of outer.h '#include "deep.h"'
	source_of behind.c '#include "outer.h"' '#include <a.h>'
	source_of only.c '#include "outer.h"'
	source_of before.c '#include "plain.h"' '#include "outer.h"'
	cp -r "$dir" "$work/unported"
	PATH=$work/unspatch:$PATH "$top/tools/port/port.sh" "$dir" >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
	while read -r name line; do
		[ "$(grep -n galloc_port.h "$dir/$name")" = "$line:#include <galloc_port.h>" ] ||
			lost+=" $name $(grep -n galloc_port.h "$dir/$name")"
	done <<-END
		plain.c 3
		user.c 2
		old.c 4
		comment.c 5
		guard.h 4
		late.h 2
		none.c 3
		deep.h 2
		outer.h 2
		behind.c 2
		only.c 2
		before.c 1
	END
	grep -q 'q __free(galloc_kvfree) = ' "$dir/plain.c" || lost+=" $(grep __free "$dir/plain.c")"
	grep -q 'plain.c:6: not converted: ' "$work/out" || lost+=" kvcalloc_node()"
	[ "$(tail -n 1 "$work/out")" = "12 files converted, 1 places to look at" ] || lost+=" $(tail -n 1 "$work/out")"
	[ -z "$lost" ] || { echo "error: elsewhere:$lost"; return 1; }
	sed -i 's/tkfree(/tgalloc_x(/; s/tgalloc_kfree(/tkfree(/; s/tgalloc_x(/tgalloc_kfree(/' "$work/unspatch/spatch"
	PATH=$work/unspatch:$PATH "$top/tools/port/port.sh" --reverse "$dir" && diff -r "$work/unported" "$dir" || return 1
	printf '#!/bin/sh\nexit 3\n' >"$work/unspatch/spatch"
	! PATH=$work/unspatch:$PATH "$top/tools/port/port.sh" "$dir" && diff -r "$work/unported" "$dir"
}

# Each name of the rules, called and as a value; twice is once, and back is as it was. With Coccinelle.
port_rules_are_undone()
{
	local dir=$work/rules name
	local -a rules

	mkdir "$dir"
	mapfile -t rules < <(sed -nE 's/^- *([A-Za-z_]+)$/\1/p' "$top/tools/port/galloc.cocci" | grep -vx kmem_cache)
	{
		printf '%s\n\n' '#include <linux/slab.h>' 'static struct kmem_cache *cache;'
		for name in "${rules[@]}"; do
			printf 'void of_%s(void)\n{\n\tchar *q __free(kvfree) = NULL;\n\n\tp = %s(a, sizeof(b));\n\tg(%s);\n}\n\n' "$name" "$name" "$name"
			printf 'void on_%s(struct kmem_cache *c,\n  int b)\n{\n\tif (x ||\n\t    y(p = %s(a,\n\t  1)))\n\t\treturn;\n}\n\n' "$name" "$name"
			# These Coccinelle does not read.
			printf 'void in_%s(void)\n{\n\tscoped_guard(rcu)\n\t\tp = %s(a, 1);\n\tmy_each(p) {\n\t\t// It is ours.\n\t\t%s(p); /* %s() */\n\t}\n}\n\n' \
				"$name" "$name" "$name" "$name"
		done
		printf '/* No line ends here. */'
	} >"$dir/all.c"
	cp -r "$dir" "$work/rules.before"
	"$top/tools/port/port.sh" "$dir" >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
	sed -nE 's/^\+ *([A-Za-z_]+)$/\1/p' "$top/tools/port/galloc.cocci" | grep -vx galloc_cache |
		sed 's/.*/\tp = &(a, sizeof(b));\n\tg(&);/' >"$work/wanted"
	grep -E '^	(p =|g\()' "$dir/all.c" | diff "$work/wanted" - || { echo "error: not all is converted"; return 1; }
	[ "$(grep -c 'not converted' "$work/out")" -eq 0 ] || { cat "$work/out"; return 1; }
	"$top/tools/port/port.sh" "$dir" | grep -q '^0 files converted' || { echo "error: twice is not once"; return 1; }
	"$top/tools/port/port.sh" --reverse "$dir" >"$work/out" 2>&1 && diff -r "$work/rules.before" "$dir"
}

! command -v spatch >/dev/null || check "port: Coccinelle converts each name, and back" port_rules_are_undone
check "port: --reverse removes the include, of folders of any name" port_restores_includes
check "port: the include is where all code has it, in paths of any name" port_includes_where_it_counts
# of_make NAME ARG...: what a variable of the Makefile is.
of_make()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$top" --no-print-directory \
		--eval="value: ; @printf '%s\\n' '\$(subst ','\\'',\$($1))'" value "${@:2}"
}

# A dkms that forgets, as DKMS does, what it has built before it builds again.
make_dkms()
{
	mkdir -p "$1"
	cat >"$1/dkms" <<'END'
#!/bin/bash
set -e
tree=$DKMS/tree src=$DKMS/src
while [ $# -gt 0 ]; do
	case $1 in
	--dkmstree) tree=$2; shift ;;
	--sourcetree) src=$2; shift ;;
	-k) krel=$2; shift ;;
	-*) ;;
	*/*) module=$1 ;;
	*) action=$1 ;;
	esac
	shift
done
built=$tree/$module/$krel
case $action in
status) [ ! -e "$tree/$module/source" ] || echo "$module: added" ;;
add) mkdir -p "$tree/$module" && ln -s "$src/${module/\//-}" "$tree/$module/source" ;;
build)
	rm -rf "$built"
	[ -e "$tree/$module/source" ] || "$0" add "$module" --dkmstree "$tree" --sourcetree "$src"
	grep -q error "$tree/$module/source"/*.c && exit 10
	mkdir -p "$built/x/module"
	cat "$tree/$module/source"/*.c >"$built/x/module/ko"
	;;
install)
	[ -e "$built" ] || "$0" build "$module" -k "$krel"
	cp "$built/x/module/ko" "$DKMS/${module%/*}.ko"
	;;
esac
END
	# shellcheck disable=SC2016 # its own
	printf '%s\n' '#!/bin/sh' 'case $1 in -S | --search) [ -e "$DKMS/packaged" ]; exit ;; esac' 'echo installed' >"$1/dpkg-query"
	printf '%s\n' '#!/bin/sh' 'echo 0' >"$1/id"
	chmod +x "$1"/*
}

# The same version once more, which does not build: all is as it was, the sources too, which
# other kernels are built from. Then one that builds, with a client.
dkms_keeps_what_is_installed()
{
	local dir=$work/dkms source what

	make_dkms "$dir/bin"
	mkdir -p "$dir/galloc/tools/ship" "$dir/before"
	cp -r "$top"/{samples,dkms.conf,COPYING,Makefile} "$dir/galloc/"
	cp "$top"/tools/{lib,ktap,guest,build}.sh "$dir/galloc/tools/"
	cp "$top/tools/ship/dkms-keep.sh" "$dir/galloc/tools/ship/"
	sed "s|/usr/src|$dir/src|; s|/var/lib/dkms|$dir/tree|; s|/etc/dkms|$dir/etc|g" "$top/tools/ship/dkms.sh" >"$dir/galloc/tools/ship/dkms.sh"
	export DKMS=$dir KREL=6.1
	for source in good error better; do
		echo "$source" >"$dir/galloc/galloc_mod.c"
		[ $source != error ] || cp -r "$dir"/{tree,src,galloc.ko} "$dir/before/"
		if PATH=$dir/bin:$PATH bash "$dir/galloc/tools/ship/dkms.sh" hello; then
			[ $source != error ] || { echo "error: what does not build is installed"; return 1; }
			continue
		fi
		[ $source = error ] || return 1
		for what in tree src galloc.ko; do
			diff -r -x .galloc "$dir/before/$what" "$dir/$what" || return 1
		done
	done
	touch "$dir/packaged"
	one_line 'belongs to a package' env PATH="$dir/bin:$PATH" bash "$dir/galloc/tools/ship/dkms.sh" || return 1
	unset DKMS KREL
	[ "$(cat "$dir"/tree/galloc/*/6.1/x/module/ko "$dir"/src/galloc-[0-9]*/galloc_mod.c "$dir/galloc.ko" | tr '\n' ' ')" = \
		"better better better " ] && grep -q MODULE_LICENSE "$dir/galloc-hello.ko" && [ ! -e "$dir/tree/.galloc" ]
}

# What strips is of the version that compiles; depmod is not in the PATH of who became root
# by su.
install_finds_programs()
{
	local dir=$work/headers linker found

	mkdir -p "$dir/include/config" "$work/clang"
	printf '#!/bin/sh\n' >"$work/clang/clang-99"
	chmod +x "$work/clang/clang-99"
	for linker in LLD BFD; do
		printf '%s\n' CONFIG_CC_IS_CLANG=y CONFIG_CLANG_VERSION=990001 CONFIG_LD_IS_$linker=y >"$dir/include/config/auto.conf"
		PATH=$work/clang:$PATH of_make STRIP KDIR="$dir"
	done >"$work/programs"
	of_make STRIP KDIR="$dir" LLVM=1 >>"$work/programs"
	of_make STRIP KDIR="$dir" LLVM=/opt/llvm/ >>"$work/programs"
	found=$(tr '\n' ' ' <"$work/programs")$(of_make depmod KREL=x)
	# shellcheck disable=SC2016 # make's shell expands it
	[ "$found" = 'llvm-strip-99 strip llvm-strip /opt/llvm/llvm-strip PATH="$PATH:/usr/sbin:/sbin" depmod '"'x'" ] && return
	echo "error: $found"
	return 1
}

# A text is a file of any name, whatever make, the shell or stat would take it for.
texts_have_any_name()
{
	local dir=$work/texts name

	mkdir -p "$dir/tools"
	cp "$top/Makefile" "$dir/"
	cp "$top"/tools/{run,lib,ktap,guest,build}.sh "$dir/tools/"
	# What comes first does no more than take the text.
	printf '%s\n' '#!/bin/sh' "echo KDIR=$dir VMLINUZ=none KREL=none" >"$dir/tools/kernel.sh"
	chmod +x "$dir/tools/kernel.sh"
	printf '%s\n' '#!/bin/sh' 'echo installed' >"$dir/dpkg-query"
	chmod +x "$dir/dpkg-query"
	cd "$dir" || return 1
	# shellcheck disable=SC2016 # the names
	for name in -x.txt '`touch ran`' 'a"b'; do
		echo words >"./$name"
		PATH=$dir:$PATH make run "TEXT=$name" >"$work/out" 2>&1 || true
		[ ! -e ran ] && grep -qF -e "text: " "$work/out" && grep -qF -e "$name, 6 bytes" "$work/out" && continue
		grep -m 1 FAILED "$work/out"
		return 1
	done
}

# one_line PATTERN COMMAND...: it fails, and that is all it says.
one_line()
{
	if "${@:2}" >"$work/out" 2>&1 || [ "$(wc -l <"$work/out")" != 1 ] || ! grep -q "$1" "$work/out"; then
		echo "error: it says: $(head -n 2 "$work/out")"
		return 1
	fi
}

# Where kbuild or a guest would fail after minutes, all that build in the tree say so at once;
# packages and programs are built.
paths_with_spaces()
{
	local tree="$work/a b/galloc" script

	mkdir -p "$tree"
	(cd "$top" && tar --exclude=./build --exclude=.git -cf - .) | tar -C "$tree" -xf -
	for script in $(cd "$top/tools" && grep -lE '^\s*build_galloc ' -r --include='*.sh' . | grep -v '/build.sh$'); do
		grep -qx '[[:space:]]*need_places' "$tree/tools/$script" || { echo "error: $script does not look"; return 1; }
	done
	for script in check kunit run stock test/run; do
		one_line 'kbuild cannot build in .*/a b/galloc.: move the tree' "$tree/tools/$script.sh" || return 1
	done
	one_line 'set TMPDIR to a path without' env TMPDIR="$work/a b" "$top/tools/kunit.sh" &&
		one_line 'set XDG_CACHE_HOME to a path without' env XDG_CACHE_HOME="$work/a b" "$top/tools/kunit.sh" || return 1
	make -s -C "$tree/tools/trace" && [ -x "$tree/build/trace/galloc-trace" ] || return 1
	DEB_OUT="$work/a b/debs" DEB_VERSION=1 packages "$tree" || { cat "$work/out"; return 1; }
	! grep ' ' "$work/a b/debs"/*.deb || { echo "error: packages are built there"; return 1; }
}

# As root; other users cannot make such files.
files_of_root_are_named()
{
	local dir rc=0
	local -a user=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent)

	dir=$(mktemp -d -p /tmp)
	mkdir "$dir/build"
	cp -r "$top/tools" "$top/Makefile" "$dir/"
	chown -R 65534 "$dir"
	mkdir "$dir/build/x" "$dir/lost+found"
	touch "$dir/build/x.lock" "$dir/galloc.o" "$dir/galloc.c"
	chmod -R go+rX "$dir"
	one_line "$dir/build/x.* belongs to root; type: sudo chown -R .* $dir/build" "${user[@]}" "$dir/tools/kunit.sh" &&
		one_line "'build/x' belongs to another user; type: sudo make clean" "${user[@]}" make -s -C "$dir" clean &&
		one_line "galloc.o' belongs to another user; type: sudo make clean" "${user[@]}" make -s -C "$dir" modules KREL=x KDIR="$dir" || rc=1
	rm "$dir/galloc.o"
	# What is no source's does not matter.
	mkdir "$dir/build/kernel"
	echo 'modules:' >"$dir/build/kernel/Makefile"
	"${user[@]}" make -s -C "$dir" modules KREL=x KDIR="$dir/build/kernel" 2>&1 | grep "belongs to another" && rc=1
	rm -r "$dir"
	return $rc
}

check "scripts: a path with a space is refused at once, or works" paths_with_spaces
if [ "$(id -u)" -eq 0 ]; then
	check "scripts: what root has left is named" files_of_root_are_named
else
	skip "scripts: what root has left is named" "needs root"
fi
check "install: a MO= with a space is refused" \
	one_line "kbuild cannot build in '/a b': set MO= to" make -s -C "$top" modules KREL=x KDIR="$top" MO="/a b"
check "install: so are objects in such a path" \
	one_line "cannot use the objects in '/a b'" make -s -C "$top" modules KREL=x KDIR="$top" O="/a b"
check "scripts: without HOME one line asks for XDG_CACHE_HOME" \
	one_line 'set XDG_CACHE_HOME' env -u HOME -u XDG_CACHE_HOME "$top/tools/kernel.sh" stock
check "scripts: the verdict of make run says so, too" \
	one_line '^galloc: FAILED: .*set XDG_CACHE_HOME' env -u HOME -u XDG_CACHE_HOME "$top/tools/run.sh"
check "scripts: make check names the architectures" \
	one_line 'no kernels for foo; set ARCH to arm64' env ARCH=foo "$top/tools/check.sh"
check "scripts: make run takes a text of any name" texts_have_any_name
# Two versions of the sources, both older than what is built of the first; then once more, when
# nothing is built.
other_sources_are_built()
{
	local dir=$work/mo tree

	mkdir -p "$dir"/{one,two/client,kdir}
	# shellcheck disable=SC2016 # make expands them
	printf '%s\n' 'modules: $(M)/nodes.o' '%.o: %.c' '	cp $< $@' >"$dir/kdir/Makefile"
	for tree in one two; do
		cp "$top/Makefile" "$dir/$tree/"
		echo "$tree" >"$dir/$tree/nodes.c"
	done
	echo new >"$dir/two/client/new.c"
	touch -d 2020-01-01 "$dir/one/nodes.c"
	touch -d 2021-01-01 "$dir/two/nodes.c"
	for tree in one two two; do
		env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$dir/$tree" modules KDIR="$dir/kdir" KREL=x MO="$dir/out" || return 1
		[ "$tree$(cat "$dir/out/nodes.o")" != twoone ] || { echo "error: the object is of the other tree"; return 1; }
		[ "$tree" = one ] || echo kept >"$dir/out/nodes.o"
	done
	[ "$(cat "$dir/out/nodes.o" "$dir/out/client/new.c" | tr '\n' ' ')" = "kept new " ]
}

# Where others keep files, too, of names like ours.
clean_removes_what_was_copied()
{
	local dir=$work/mo-clean name
	local -a make=(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$dir/tree" MO="$dir/out" KDIR="$dir/kdir" KREL=x)

	mkdir -p "$dir"/{kdir,out/client,out/mine,tree/client,tree/tools/deep}
	# shellcheck disable=SC2016 # make expands it
	printf '%s\n' 'modules:' '	cd $(M) && touch nodes.o .nodes.o.cmd client/heap.o galloc.{o,ko,mod,mod.c,mod.o} .galloc.ko.cmd modules.order Module.symvers' \
		'SHELL = bash' >"$dir/kdir/Makefile"
	cp "$top/Makefile" "$dir/tree/"
	for name in nodes.c client/heap.c tools/deep/x.h; do
		echo "$name" >"$dir/tree/$name"
	done
	touch "$dir"/out/{mine.o,mine.ko,galloc.c,nodes.txt,client/other.o,client/.other.o.cmd,mine/Module.symvers}
	(cd "$dir/out" && find . | sort) >"$dir/before"
	# The second time nothing is copied.
	"${make[@]}" modules && "${make[@]}" modules && [ -e "$dir/out/tools/deep/x.h" ] || return 1
	rm "$dir/tree/nodes.c"
	"${make[@]}" clean || return 1
	(cd "$dir/out" && find . | sort) | diff "$dir/before" -
}

check "install: DKMS keeps what is installed until the new one is built" dkms_keeps_what_is_installed
check "install: MO= builds the sources that are other than before" other_sources_are_built
check "install: make clean MO= removes what was copied, and nothing else" clean_removes_what_was_copied
check "install: programs are found where they are" install_finds_programs
check "release: all of it is made, or nothing" release_is_whole
check "scripts: a source to graft on can be named relatively" graft_is_relative
check "scripts: packages have the version of the tree, or there are none" packages_have_versions
check "scripts: make deb leaves other files of DEB_OUT" foreign_files_stay
check "scripts: kbuild's variables of a user are not for our kernels" kbuild_is_not_told
