# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=bash
#
# build.sh: build the modules for one kernel. lib.sh sources it; $top is the top
# of the tree.
#
# kbuild writes into the source tree, so each kernel has a copy of it in built/KREL of the
# cache: builds for several kernels are independent, and builds for the same one wait for each
# other. All checkouts have the same copies, so that a new one makes only what differs from the
# last.
#
#	build_lock KREL
#	build_galloc KDIR KREL [ARG...]	galloc.ko; sets BUILD, the folder of all this;
#					ARGs are for make, such as GALLOC_DEBUG=y, or
#					GALLOC_KUNIT=y for the suites and their hooks
#	build_client KDIR DIR...	the modules in each DIR, such as samples/wordfreq
#	build_unlock			once the modules have been copied from there

# shellcheck disable=SC2154 # top is set by the script that sources this

BUILD=

# build_dir KREL: where that is.
build_dir()
{
	local dir

	dir=$(cache_dir)
	mkdir -p "$dir/built"
	printf '%s\n' "$dir/built/$1"
}

build_lock()
{
	local lock

	lock=$(build_dir "$1").lock
	exec 8>"$lock"
	flock -n 8 || { say "waiting for another build for $1"; flock 8; }
	[ ! -d "${lock%.lock}" ] || refuse_others "${lock%.lock}"
}

build_unlock()
{
	exec 8>&-
}

# Type information for debuggers takes pahole, which is not everywhere; that for the lines of
# the sources a third of the time, and only a guest with a debugger looks at it. Of an object
# kbuild asks nm twice, which where clang is installed loads LLVM before it looks at the file;
# that of gcc does not.
build_flags=-g0
# As external.sh builds, which takes what was made already: with each warning, but no look at
# the comments, which is lint.sh's.
build_warn=(W=1 cmd_checkdoc=)
build_make()
{
	progress make CONFIG_DEBUG_INFO_BTF_MODULES= KCFLAGS="$build_flags" NM="${CROSS:-}gcc-nm" -j"$(nproc)" "$@"
}

# build_made DIR ARG...: whether the modules in DIR were made with these arguments, and
# nothing has been copied to the tree since, nor galloc.ko made again for one of its clients.
# make takes several seconds to find that out.
build_made()
{
	local stamp=$1/.made
	shift

	[ "$*" = "$(cat "$stamp" 2>/dev/null)" ] && compgen -G "${stamp%/*}/*.ko" >/dev/null &&
		[ -z "$(find "$BUILD" \( -name '*.[ch]' ! -name '*.mod.c' -o -name Kbuild -o -name Makefile \
			-o -path "$BUILD/Module.symvers" ! -path "${stamp%/*}/*" \) -newer "$stamp" -print -quit)" ]
}

# What the compiler had to say of galloc.ko when it was last made.
build_warnings()
{
	[ ! -e "$BUILD/.log" ] || build_findings "$BUILD/.log" "$BUILD" | grep -i 'warning:' || true
}

# What it warns about is compiled each time, so that whoever looks then is told.
build_forget_warned()
{
	local name

	build_warnings | cut -d : -f 1 | sort -u | while read -r name; do
		rm -f "$BUILD/.made"
		case $name in
		*.c) rm -f "$BUILD/${name%.c}.o" ;;
		*) find "$BUILD" -name '*.o' -delete ;;
		esac
	done
}

build_galloc()
{
	local kdir=$1 headers rc=0

	BUILD=$(build_dir "$2")
	shift 2
	# An upgrade of the headers under the same name brings files that are
	# older than our objects: make would not see it. Nor one of the compiler.
	headers=$(stat -Lc '%n %i %Z %s' "$kdir/Module.symvers" "$kdir/include/generated/autoconf.h" &&
		for gcc in /usr/bin/"${CROSS:-}"gcc{,-[0-9]*}; do [ ! -e "$gcc" ] || stat -Lc '%n %s %Y' "$gcc"; done)
	# Nor what make was killed at: an object may be there in part.
	[ "$headers" = "$(cat "$BUILD/.headers" 2>/dev/null)" ] && [ ! -e "$BUILD/.making" ] || rm -rf "$BUILD"
	if [ ! -d "$BUILD" ]; then
		mkdir -p "$BUILD/clients"
		ln -s ../samples ../tools "$BUILD/clients/"
		# shellcheck disable=SC2016 # for make
		echo 'obj-m := $(GALLOC_CLIENTS:%=%/)' >"$BUILD/clients/Kbuild"
	fi
	printf '%s\n' "$headers" >"$BUILD/.headers"
	: >"$BUILD/.making"
	build_copy
	build_forget_warned
	rm -f "$BUILD/.making"
	build_made "$BUILD" "$kdir" $build_flags "$@" && return
	rm -f "$BUILD/.made"
	: >"$BUILD/.making"
	PROGRESS_NAME="galloc.ko for ${BUILD##*/}" PROGRESS_LOG=$BUILD/.log build_make -C "$kdir" M="$BUILD" \
		"${build_warn[@]}" KCFLAGS="$build_flags -ffile-prefix-map=$BUILD=." "$@" modules || rc=$?
	rm -f "$BUILD/.making"
	[ $rc -eq 0 ] || {
		mkdir -p "$top/build/log"
		cp "$BUILD/.log" "$top/build/log/failed-galloc.ko-${BUILD##*/}.log"
		die "galloc does not build for ${BUILD##*/}, see above"
	}
	echo "$kdir" $build_flags "$@" >"$BUILD/.made"
}

# All by one make, which takes seconds to begin: in a folder with links to those of the tree.
build_client()
{
	local kdir=$1 dir todo=() rc=0
	shift

	for dir; do
		build_made "$BUILD/$dir" "$kdir" $build_flags "${GALLOC_STRESS:-}" || todo+=("$dir")
	done
	[ ${#todo[@]} -gt 0 ] || return 0
	# Nor is a module of last time to be taken that is not made now.
	for dir in "${todo[@]}"; do rm -f "$BUILD/$dir/.made" "$BUILD/$dir"/*.ko; done
	: >"$BUILD/.making"
	PROGRESS_NAME="${todo[*]} for ${BUILD##*/}" build_make -C "$kdir" M="$BUILD/clients" \
		GALLOC_CLIENTS="${todo[*]}" GALLOC_INCLUDE="$BUILD/include" GALLOC_TOP="$BUILD" \
		KBUILD_EXTRA_SYMBOLS="$BUILD/Module.symvers" modules || rc=$?
	rm -f "$BUILD/.making"
	[ $rc -eq 0 ] || die "${todo[*]} does not build for ${BUILD##*/}, see above"
	for dir in "${todo[@]}"; do echo "$kdir" $build_flags "${GALLOC_STRESS:-}" >"$BUILD/$dir/.made"; done
}

# build_findings LOG DIR: the findings in the log of a build in DIR. Not our code's fault:
# headers of a kernel that another gcc built, or another pahole, or none; and, with clang,
# that no kernel was built at all, so that modpost knows no symbols.
build_findings()
{
	grep -aE 'warning:|error:|WARNING:|ERROR:|\*\*\*|No rule to make' "$1" |
		grep -avE 'the compiler differs from the one used|pahole version differs|undefined!$|unresolved symbol warnings' |
		sed "s|$2/||g" || true
}

# The names of the sources, one a line, below $1.
build_sources()
{
	[ -d "$1" ] || return 0
	(cd "$1" && find . -maxdepth 1 -type f \( -name '*.[ch]' -o -name Kbuild \) ! -name '*.mod.c' &&
		for dir in include client debug kunit observe samples tools/bench tools/trace tools/stress tools/override tools/bed \
			tools/testing; do
			[ ! -d "$dir" ] || find "./$dir" -type f \
				\( -name '*.[ch]' -o -name Kbuild -o -name Makefile \) ! -name '*.mod.c'
		done) | sort
}

# A line each with its sum, in the order of the lines.
build_sums()
{
	build_sources "$1" | (cd "$1" && xargs -r sha1sum) | LC_ALL=C sort
}

# Copy what is different, so that kbuild makes no more than it must, and remove
# what is no longer in the tree.
build_copy()
{
	local name

	while read -r _ name; do
		mkdir -p "$BUILD/${name%/*}"
		cp "$top/$name" "$BUILD/$name"
	done < <(LC_ALL=C comm -23 <(build_sums "$top") <(build_sums "$BUILD"))
	comm -13 <(build_sources "$top") <(build_sources "$BUILD") |
		while read -r name; do
			rm -f "$BUILD/$name"
			find "$BUILD" -name .made -delete
		done
}
