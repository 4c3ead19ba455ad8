#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# external.sh: an external client build. Installs galloc into an empty folder, copies
# each of samples/ to another and builds it there with nothing but what was
# installed. Last line: N passed, N failed, N skipped.
#
#	KERNEL=6.1	the kernel to build for; default native, this Debian's own

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
need_places
need_for modules

prefix=/opt/galloc-test

# build FOLDER ARG...: as an external client is built, without any of our variables, but
# for debug information, at which nothing looks.
build()
{
	local dir=$1
	shift

	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
		make -j"$(nproc)" -C "$dir" KDIR="$KDIR" KREL="$KREL" CONFIG_DEBUG_INFO_BTF_MODULES= \
		KCFLAGS=$build_flags NM=gcc-nm "$@" >"$work/log" 2>&1 </dev/null
}

last_line()
{
	grep -v '^make' "$work/log" | tail -n 1
}

# From a copy, because kbuild writes beside the sources; in make check from the one that others
# of its parts take galloc.ko from, where nothing is compiled twice.
check_install()
{
	local files made=''

	if [ -n "${CHECK_QUICK:-}" ]; then
		build_lock "$KREL"
		build_galloc "$KDIR" "$KREL"
		made=$(build_warnings)
	else
		BUILD=$work/galloc
		mkdir "$BUILD"
		build_copy
	fi
	# As old as it is: what is newer has galloc.ko made again.
	cp -p "$top/Makefile" "$BUILD/"
	say "installing galloc for $KREL into a separate directory"
	if ! build "$BUILD" install DESTDIR="$work/root" PREFIX=$prefix "${build_warn[@]}"; then
		not_ok "galloc installs into an empty folder" "$(last_line)"
		return 1
	fi
	build_unlock
	ok "galloc installs into an empty folder"
	same "it builds without a warning" "$({ printf '%s' "$made" && build_findings "$work/log" "$BUILD"; } | head -n 1)" ""
	# Ignore the files of depmod.
	files=$(cd "$work/root" && find . -type f ! -name 'modules.*' | LC_ALL=C sort | tr '\n' ' ')
	# shellcheck disable=SC2046 # names without blanks
	same "just the headers, Module.symvers and galloc.ko are installed" "$files" \
		"./lib/modules/$KREL/updates/galloc.ko $(printf ".$prefix/lib/galloc/$KREL/%s " \
			Module.symvers $(LC_ALL=C; cd "$top" && echo include/*.h))"
}

# check_sample NAME
check_sample()
{
	local dir=$work/client/$1

	mkdir -p "$dir"
	cp "$top/samples/$1"/{"$1.c",Kbuild,Makefile} "$dir/"
	if ! build "$dir" GALLOC="$work/root$prefix" "${build_warn[@]}"; then
		not_ok "$1 builds in an empty folder" "$(last_line)"
		return
	fi
	ok "$1 builds in an empty folder"
	same "$1 builds without a warning" "$(grep -iE 'warning|undefined' "$work/log" | head -n 1)" ""
	same "$1.ko needs galloc, and is for $KREL" "$(modinfo -F depends "$dir/$1.ko") $(modinfo -F vermagic "$dir/$1.ko" | cut -d ' ' -f 1)" "galloc $KREL"
}

# A client of an older ABI must find no symbol: class numbers and arguments may differ.
check_abi()
{
	local have

	have=$(grep -o 'galloc_class_abi[0-9]*' "$top/include/galloc.h" | sort -u)
	same "only the ABI of galloc.h is exported" \
		"$(grep -ow 'galloc_class_abi[0-9]*' "$work/root$prefix/lib/galloc/$KREL/Module.symvers")" "$have"
	same "the exported symbols are those of abi.list" \
		"$(awk '{ print $2 }' "$work/root$prefix/lib/galloc/$KREL/Module.symvers" | LC_ALL=C sort)" \
		"$(sed -n 's/^symbol //p' "$top/Documentation/abi.list")"
	same "wordfreq.ko needs that" \
		"$(nm -u "$work/client/wordfreq/wordfreq.ko" | grep -o 'galloc_class_abi[0-9]*')" "$have"
}

# The header by itself: it must bring all that it uses.
check_header()
{
	local dir=$work/header

	mkdir "$dir"
	cp "$top"/samples/wordfreq/Makefile "$dir/"
	# shellcheck disable=SC2016 # make expands it
	printf '%s\n' 'ccflags-y := -I$(GALLOC_INCLUDE)' 'obj-m := header.o' >"$dir/Kbuild"
	cat >"$dir/header.c" <<-'END'
	#include <galloc.h>
	#include <linux/module.h>

	struct thing {
		long x;
		struct rcu_head rcu;
	};

	static unsigned int count = 3;
	module_param(count, uint, 0);

	static int __init header_init(void)
	{
		struct thing *t = gzalloc(sizeof(*t), GFP_KERNEL);
		void *p[4], *q;

		if (!t)
			return -ENOMEM;
		gfree_rcu(t, rcu);
		gfree(galloc_node(100, GFP_KERNEL, NUMA_NO_NODE));
		gfree(galloc_aligned(100, 64, GFP_KERNEL));
		gfree_sized(galloc(galloc_size_roundup(100), GFP_KERNEL), 100);
		gfree_sensitive(galloc_array(3, 5, GFP_KERNEL));
		q = grealloc(gcalloc(3, 5, GFP_KERNEL), 1 << 20, GFP_KERNEL);
		p[0] = (void *)gsize(q);
		gfree(q);
		gfree_bulk(galloc_bulk(64, GFP_KERNEL, 4, p), p);
		gvfree(gvrealloc(gvmalloc(100, GFP_KERNEL), 1 << 23, GFP_KERNEL));
		gfree(gstrndup(gasprintf(GFP_KERNEL, "%d", 3), 1, GFP_KERNEL));
		gfree(gmemdup(galloc_obj(*t), sizeof(*t), GFP_KERNEL));
		/* From 6.2 on the compiler knows at run time how many there are. */
		t = galloc_array(count, sizeof(*t), GFP_KERNEL);
		if (!t)
			return -ENOMEM;
		gfree(gmemdup(&t[1], sizeof(*t), GFP_KERNEL));
		gfree(t);
		galloc_prefill_release(galloc_prefill(100, 3, GFP_KERNEL));
		mempool_destroy(mempool_create_galloc(3, 100));
		return 0;
	}
	module_init(header_init);
	MODULE_DESCRIPTION("uses all of galloc.h");
	MODULE_LICENSE("GPL");
	END
	if build "$dir" GALLOC="$work/root$prefix" &&
	   ! grep -iE 'warning|undefined' "$work/log" >/dev/null; then
		ok "galloc.h needs no other header, and all it declares is exported"
	else
		not_ok "galloc.h needs no other header, and all it declares is exported" \
			"$(grep -iE 'warning|undefined|error' "$work/log" | head -n 1)"
	fi
}

# The module of tutorial.rst, and each of its two further steps as a function in it.
check_tutorial()
{
	local dir=$work/tutorial n

	mkdir "$dir"
	cp "$top"/samples/hello/Makefile "$dir/"
	# shellcheck disable=SC2016 # make expands it
	printf '%s\n' 'ccflags-y := -I$(GALLOC_INCLUDE)' 'obj-m := notes.o' >"$dir/Kbuild"
	awk -v dir="$dir" '
		/^\.\. code-block:: c/ { n++; on = 1; next }
		on && /^[^\t]/ { on = 0 }
		on { sub(/^\t/, ""); print >(dir "/block" n) }' "$top/Documentation/tutorial.rst"
	{
		cat "$dir/block1"
		for n in 2 3; do
			printf '%s\n' "void step$n(struct note *n, const char *text);" \
				"void step$n(struct note *n, const char *text)" '{' "$(cat "$dir/block$n")" '}'
		done
	} >"$dir/notes.c"
	if build "$dir" GALLOC="$work/root$prefix"; then
		same "the tutorial's module and further steps build without a warning" "$(grep -iE 'warning|undefined' "$work/log" | head -n 1)" ""
	else
		not_ok "the tutorial's module and further steps build without a warning" "$(grep -iE -m 1 'error' "$work/log")"
	fi
}

# fortify_missing PATTERN FILE: the calls of fortify.c that it does not name.
fortify_missing()
{
	local call lost=''

	for call in $(grep -o 'X([a-z_]*' "$top/kunit/fortify_calls.h" | cut -c 3-) read_gmemdup read_kmemdup; do
		grep -qE "$1${call}[^a-z_]" "$2" || lost="$lost $call"
	done
	echo "$lost"
}

# A write beyond an object, a read beyond what is copied: an error, or, of a length that is not known yet, a check. The
# compiler must not merge functions, of which most are the same.
check_fortify()
{
	local dir=$work/fortify

	if ! grep -q '^CONFIG_FORTIFY_SOURCE=y' "$KDIR/.config"; then
		skip "writes beyond an object are seen" "no FORTIFY_SOURCE in $KREL"
		return
	fi
	mkdir "$dir"
	cp "$top"/samples/wordfreq/Makefile "$top/tools/test/fortify.c" "$top/kunit/fortify_calls.h" "$dir/"
	# shellcheck disable=SC2016 # make expands it
	printf '%s\n' 'ccflags-y := -I$(GALLOC_INCLUDE) -fno-ipa-icf -Werror=attribute-warning $(BEYOND)' \
		'obj-m := fortify.o' >"$dir/Kbuild"
	if ! build "$dir" GALLOC="$work/root$prefix"; then
		not_ok "writes of whole objects compile" "$(grep -m 1 -i error "$work/log")"
		return
	fi
	ok "writes of whole objects compile"
	objdump -dr "$dir/fortify.o" | awk '/^[0-9a-f]+ <late_/ { f = $2 } /fortify_panic/ { print f }' >"$work/late"
	same "a length that is known late is compared with the size of the object, by every call" \
		"$(fortify_missing "<late_" "$work/late")" ""
	if build "$dir" GALLOC="$work/root$prefix" BEYOND=-DBEYOND; then
		not_ok "a write beyond an object does not compile" "it does"
		return
	fi
	same "a write beyond an object does not compile, by every call" \
		"$(fortify_missing "inlined from .*early_" "$work/log")" ""
	build "$dir" GALLOC="$work/root$prefix" BEYOND="-DBEYOND -include galloc-override.h" || :
	same "nor does it with galloc-override.h" \
		"$(fortify_missing "inlined from .*early_" "$work/log")" ""
}

# undefined OBJECT: the functions of galloc that it calls.
undefined()
{
	nm -u "$work/override/$1.o" 2>&1 | sed -n 's/^ *U //p' | grep '^galloc_k' | LC_ALL=C sort | tr '\n' ' '
}

# galloc-override.h: its errors, its remarks, each switch of a file; and galloc_port.h. All by one make, which fails.
check_override()
{
	local dir=$work/override call lost='' bulk="galloc_kmem_cache_destroy galloc_kmem_cache_free galloc_kmem_cache_free_bulk"

	mkdir "$dir"
	cp "$top/samples/wordfreq/Makefile" "$top"/tools/test/override/* "$dir/"
	build "$dir" -k GALLOC="$work/root$prefix" || :
	for call in "late must be the first header" "builtin is for modules" "itself is for clients of galloc"; do
		same "galloc-override.h ${call#* }, or there is an error of one line" \
			"$(grep "error: #error" "$work/log" | grep -c "galloc-override.h ${call#* }")" 1
		[ ! -e "$dir/${call%% *}.o" ] || not_ok "${call%% *}.c does not compile" "it does"
	done
	for call in $(nm "$dir/remarks.o" | sed -n 's/.* T of_//p'); do
		grep -q "remarks.c:.*warning: call to [^a-z_]*${call}[^a-z_]* declared with attribute warning: the kernel " "$work/log" ||
			lost+=" $call"
	done
	same "each call that hands memory over has its remark" "$lost" ""
	at_least "calls that have one" "$(nm "$dir/remarks.o" | grep -c ' T of_')" 12
	same "nothing else is remarked on, and nothing with GALLOC_OVERRIDE_QUIET or without the calls" \
		"$(grep -E 'warning:' "$work/log" | grep -cv 'remarks.c:.* declared with attribute warning: the kernel ') $(
			cd "$dir" && find quiet.o kernels.o 2>&1 | tr '\n' ' ')" "0 quiet.o kernels.o "
	same "GALLOC_OVERRIDE_KMALLOC=0 leaves kmalloc() to the kernel, and frees what is of either" \
		"$(undefined kmalloc)" "galloc_kfree galloc_kmem_cache_alloc galloc_kmem_cache_create $bulk "
	same "GALLOC_OVERRIDE_CACHES=0 makes caches of the kernel's, and takes those of either" \
		"$(undefined caches)" "galloc_kfree galloc_kmem_cache_alloc $bulk "
	same "galloc_port.h has the forms of all kernels" "$(cd "$dir" && ls port.o 2>&1)" port.o
}

# Mistakes of a client's author must give a one-line error.
check_mistakes()
{
	local dir=$work/client/wordfreq

	if build "$dir" GALLOC="$work/nowhere"; then
		not_ok "a missing galloc is reported" "it builds without one"
	elif grep -q "no galloc.h in $work/nowhere/lib/galloc/$KREL/include: install galloc for the kernel $KREL" "$work/log"; then
		ok "a missing galloc is reported"
	else
		not_ok "a missing galloc is reported" "$(last_line)"
	fi

	rm "$work/root$prefix/lib/galloc/$KREL/Module.symvers"
	if build "$dir" GALLOC="$work/root$prefix"; then
		not_ok "a galloc for another kernel is reported" "it builds without one"
	elif grep -q "Module.symvers: install galloc for the kernel $KREL" "$work/log"; then
		ok "a galloc for another kernel is reported"
	else
		not_ok "a galloc for another kernel is reported" "$(last_line)"
	fi
}

test_dir external

use_kernel stock "${KERNEL:-native}" || {
	skip "external client build" "no kernel headers"
	exit 0
}
check_install || exit 1
for sample in "$top"/samples/*; do
	check_sample "${sample##*/}"
done
check_abi
check_header
check_tutorial
check_fortify
check_override
check_mistakes
