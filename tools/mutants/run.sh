#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# run.sh: mutation tests, `make mutants`.
#
# A mutant is galloc with one line broken; tools/mutants/list has them, each with
# the test that must notice.  The runner builds galloc.ko with that line, boots a
# kernel on it, runs that one test of the suites, which are built from the tree as
# it is, and prints (a test may also be a script of tools/test/guest, which stock.sh
# runs, with a copy of the tree that has that line broken)
#
#	ok - NAME: caught by SUITE.CASE
#	not ok - NAME: WHY
#
# and last "N passed, N failed, N skipped".  A mutant that is not caught shows a weak
# test, or a line that is not needed.  A mutant whose line no longer exists fails,
# too: the list has to follow the code.
#
# First each of the tests runs on galloc as it is: where one fails, even a second time,
# what it says about a mutant is worth nothing, and the mutant fails.
#
#	tools/mutants/run.sh		all
#	tools/mutants/run.sh --apply	only check that each mutant applies
#	tools/mutants/run.sh --table	put the table into Documentation/mutants.rst,
#					when all have been caught
#
#	MUTANTS='NAME ...'	only these
#	MUTANTS_JOBS=N		mutants at a time, 2 if not set
#	KUNIT_OPS=N		operations, for tests with a budget
#
# The output of the guests is in build/mutants/.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

here=$top/tools/mutants
out=$top/build/mutants
page=$top/Documentation/mutants.rst
jobs=${MUTANTS_JOBS:-2}
ops=${KUNIT_OPS:-200000}

# Seconds a guest may take.  A test that a mutant hangs takes all of them.
declare -A limit=([uml-7.3]=120 [uml-profiling-7.3]=120 [qemu-debug-7.3]=600 [qemu-release-7.3]=300 [qemu-none-6.1]=600 [edges-6.1]=900 [edges-none-6.1]=900)

# ---- the list -----------------------------------------------------------------

# By mutant: the fields of the list.
names=()
declare -A breaks file function old new bed_of params test hangs unload

list_error()
{
	die "tools/mutants/list:$line: $*"
}

list_read()
{
	local key value name='' line=0

	while read -r key value; do
		line=$((line + 1))
		case $key in
		'' | '#'*) continue ;;
		mutant)
			name=$value
			[ -z "${file[$name]+set}" ] || list_error "$name is there already"
			names+=("$name")
			file[$name]='' function[$name]='' breaks[$name]='' old[$name]=''
			new[$name]='' params[$name]='' test[$name]='' hangs[$name]=''
			unload[$name]=''
			bed_of[$name]="uml-7.3"
			continue
			;;
		esac
		[ -n "$name" ] || list_error "$key comes before the first mutant"
		case $key in
		breaks) breaks[$name]=$value ;;
		file) file[$name]=$value ;;
		in) function[$name]=$value ;;
		old) old[$name]=$value ;;
		new) new[$name]=$value ;;
		test) test[$name]=$value ;;
		params) params[$name]=$value ;;
		bed) bed_of[$name]=$value ;;
		hangs) hangs[$name]=$value ;;
		unload) unload[$name]=$value ;;
		*) list_error "what is $key?" ;;
		esac
	done <"$here/list"
	for name in "${names[@]}"; do
		if [ -z "${breaks[$name]}" ] || [ -z "${file[$name]}" ] ||
			[ -z "${old[$name]}" ] || [ -z "${test[$name]}" ]; then
			die "tools/mutants/list: $name needs breaks, file, old and test"
		fi
		[ -n "${limit[${bed_of[$name]}]:-}" ] ||
			die "tools/mutants/list: $name: there is no bed ${bed_of[$name]}"
	done
}

# mutate NAME FROM TO: write the file with its line broken, or print why not.
mutate()
{
	OLD=${old[$1]} NEW=${new[$1]} FUNCTION=${function[$1]} \
		awk -f "$here/mutate.awk" "$2" >"$3"
}

# ---- guests ---------------------------------------------------------------------

# boot_once NAME GALLOC_KO TEST LOG: run one test on a bed; what NAME is for is the
# bed and the parameters. The guest's verdict is not asked for: of a mutant it is bad.
boot_once()
{
	local name=$1 ko=$2 test=$3 log=$4 dir=$4.d bed=${bed_of[$1]} set=mutants suite
	local -a files=("$ko:/galloc.ko" "$top/tools/guest/faults.sh:/faults.sh")

	mkdir -p "$dir"
	# Before that set faults.sh runs.
	[ "$test" != loading ] || set=tight
	[ "$test" != loading ] || [[ $bed != uml-* ]] || set=first
	[ "$test" != lost ] || { set=lost && files+=("$work/$bed/galloc_held.ko:/bed/galloc_held.ko"); }
	printf '%s|%s|ops=%s seed=1\n' "$set" "${params[$name]}" "$ops" >"$dir/sets"
	for suite in "$work/$bed"/suites/*.ko; do
		files+=("$suite:/kunit/${suite##*/}")
	done
	guest_initramfs "$dir/initramfs" "$top/tools/kunit-init.sh" "${files[@]}" "$dir/sets:/sets"
	(
		export GUEST_MEM=1024 GUEST_APPEND="printk.devkmsg=on kunit.filter_glob=$test"
		kernel=$(cat "$work/$bed/kernel")
		case $bed in
		*profiling*) export GUEST_APPEND+=" sysctl.vm.mem_profiling=0" ;;
		*debug*) export GUEST_CONSOLE=early GUEST_APPEND+=" page_owner=on kmemleak=on" ;;
		esac
		case $bed in
		uml-*)
			guest_uml "$kernel" "$dir/initramfs" "$log" "${limit[$bed]}"
			;;
		*)
			# Two nodes, of two processors each.
			export GUEST_CPUS=4,sockets=2
			guest_qemu "$kernel" "$dir/initramfs" "$log" "${limit[$bed]}" \
				-object memory-backend-ram,id=a,size=512M -numa node,cpus=0-1,memdev=a \
				-object memory-backend-ram,id=b,size=512M -numa node,cpus=2-3,memdev=b
			;;
		esac
	) 2>"$dir/said" || true
	awk -v splat="$GUEST_SPLAT" -v verbose=1 -f "$top/tools/kunit.awk" "$log" >"$log.report"
}

# run_script NAME TREE LOG: run a script of tools/test/guest with the galloc of a tree.
run_script()
{
	local which=${bed_of[$1]#edges-}

	STOCK_SCRIPTS=${test[$1]} STOCK_ROUNDS=12 STOCK_TIMEOUT=${limit[${bed_of[$1]}]} \
		"$2/tools/stock.sh" "$which" edges >"$3.report" 2>"$3" || true
	cp "$2/build/log/stock-$which-edges.log" "$3.guest" 2>/dev/null || true
}

# script_failed LOG: some check has, or the guest did not come to its end.  A build that
# fails says nothing.
script_failed()
{
	grep -q ' passed, .* failed, ' "$1.report" && grep -q '^not ok - ' "$1.report"
}

# boot NAME GALLOC_KO TEST LOG: the same, until galloc gets its turn. Rarely a kernel
# crashes on QEMU before that: it patches code that another processor runs.
boot()
{
	boot_once "$@"
	! grep -q '^not ok - before galloc is loaded: ' "$4.report" || boot_once "$@"
}

timed_out()
{
	grep -q 'the guest was stopped after' "$1.d/said"
}

# What galloc has left behind shows when it goes, or after that.
went_badly()
{
	grep -qx "ok - $1" "$2.report" && ! timed_out "$2" &&
		{ ! grep -q 'GUEST: ok' "$2" || grep -q '^not ok - ' "$2.report" ||
			grep -qE 'galloc: .* are not accounted for|galloc: unloaded, [1-9]' "$2"; }
}

# case_passed TEST LOG: on galloc as it is. The guest's verdict may share its line:
# newer kernels print their log when they have the time.
case_passed()
{
	if [ "$1" != insmod ] && [ "$1" != loading ] && [ "$1" != lost ] && ! grep -qx "ok - $1" "$2.report"; then
		return 1
	fi
	! grep -q '^not ok - ' "$2.report" && grep -q 'GUEST: ok' "$2"
}

# The test that catches a mutant, as text.
noticed_by()
{
	if [ "${test[$1]}" = insmod ]; then
		echo "insmod galloc.ko ${params[$1]}"
	elif [ "${test[$1]}" = loading ]; then
		echo "faults.sh load ${params[$1]}"
	elif [ "${test[$1]}" = lost ]; then
		echo "kmemleak in tools/kunit-init.sh"
	elif [ -n "${unload[$1]}" ]; then
		echo "rmmod galloc after ${test[$1]}"
	elif [[ ${bed_of[$1]} = edges-* ]]; then
		echo "tools/test/guest/${test[$1]}.sh"
	else
		echo "${test[$1]}"
	fi
}

# caught NAME LOG: says nothing if the test has noticed, else why it has not. The
# test is the only one in the guest: what breaks off or hangs there is the test.
caught()
{
	local test=${test[$1]} log=$2

	if [ "$test" = insmod ]; then
		! grep -q "can't insert '/galloc.ko': Input/output error" "$log" || return 0
		echo "it loads, or does not for another reason"
	elif [ "$test" = loading ]; then
		! grep -qE 'galloc-kunit: failed: |WARNING: |BUG: |ODEBUG: ' "$log" || return 0
		echo "it loads and fails to load as it should"
	elif [ "$test" = lost ]; then
		! grep -q 'galloc-kunit: failed: ' "$log" || return 0
		echo "kmemleak finds what is lost, and only that"
	elif [ -n "${unload[$1]}" ]; then
		! went_badly "$test" "$log" || return 0
		echo "galloc goes, and leaves nothing behind"
	elif [[ ${bed_of[$1]} = edges-* ]]; then
		! script_failed "$log" || return 0
		echo "survived $test.sh: $(tail -n 1 "$log.report")"
	elif grep -q "^not ok - $test: " "$log.report"; then
		return 0
	elif grep -q "^not ok - ${test%%.*}: it broke off after 0 of 1 " "$log.report"; then
		if ! timed_out "$log" || [ -n "${hangs[$1]}" ]; then
			return 0
		fi
		echo "the guest was stopped in $test, which was not to hang"
	elif timed_out "$log"; then
		echo "the guest was stopped before or after $test"
	elif grep -qx "ok - $test" "$log.report"; then
		echo "survived $test"
	else
		echo "$test came to no result: $(grep -v ' passed, ' "$log.report" | head -n 1)"
	fi
	return 1
}

# ---- building -------------------------------------------------------------------

# copy_sources FROM TO: what build.sh calls sources, and no more.
copy_sources()
{
	local top=$1 BUILD=$2

	build_copy
}

# The tree as it is, and a copy for each job, for scripts that build what they want.
prepare_trees()
{
	local job dir=$work/$1

	mkdir -p "$dir/sources"
	tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C "$dir/sources" -xf -
	for ((job = 0; job < jobs; job++)); do cp -a "$dir/sources" "$dir/$job"; done
}

# The suites and the unchanged galloc, for a bed, and the sources of both.
prepare_bed()
{
	local bed=$1 job dir=$work/$1 KDIR='' KERNEL='' KREL=''

	use_kernel build "$bed"
	mkdir -p "$dir/suites"
	echo "$KERNEL" >"$dir/kernel"
	echo "$KDIR" >"$dir/kdir"
	build_lock "$KREL"
	build_galloc "$KDIR" "$KREL" GALLOC_KUNIT=y
	cp "$BUILD/galloc.ko" "$dir/"
	cp "$BUILD"/kunit/*.ko "$dir/suites/"
	build_client "$KDIR" tools/bed
	cp "$BUILD/tools/bed/galloc_held.ko" "$dir/"
	# From here on the tree may change.  Copies what is already compiled.
	copy_sources "$BUILD" "$dir/sources"
	# A mutant is galloc.ko alone. obj-m= would say so to newer kernels only.
	sed -i '/+= kunit\/$/d' "$dir/sources/Kbuild"
	for ((job = 0; job < jobs; job++)); do cp -a "$BUILD" "$dir/$job"; done
	build_unlock
}

# build_mutant DIR KDIR LOG: galloc.ko of the sources in DIR. The suites stay as
# they are: a mutant in a header is a mutant of galloc.
build_mutant()
{
	make -C "$2" M="$1" CONFIG_DEBUG_INFO_BTF_MODULES= GALLOC_KUNIT=y modules >"$3" 2>&1 </dev/null
}

# try_script NAME TREE: the same for a script, with a tree that has the line broken.
try_script()
{
	local name=$1 tree=$2 log=$out/$1.log why
	local sources=${2%/*}/sources

	if ! why=$(mutate "$name" "$sources/${file[$name]}" "$tree/${file[$name]}" 2>&1); then
		echo "not ok - $name: does not apply: $why"
	else
		run_script "$name" "$tree" "$log"
		if why=$(caught "$name" "$log"); then
			echo "ok - $name: caught by $(noticed_by "$name")"
		else
			echo "not ok - $name: $why"
		fi
	fi
	cp "$sources/${file[$name]}" "$tree/${file[$name]}"
}

# try_mutant NAME COPY: one line of result. COPY is a copy of the build in which all
# but the last mutant's file is compiled already.
try_mutant()
{
	local name=$1 copy=$2 bed=${2%/*} kdir log=$out/$1.log why

	kdir=$(cat "$bed/kdir")
	# Restores what the last one broke.
	copy_sources "$bed/sources" "$copy"
	if [ ! -e "$copy.ko" ]; then
		build_mutant "$copy" "$kdir" "$copy.log" ||
			{ echo "not ok - $name: galloc does not build without it"; return; }
		cp "$copy/galloc.ko" "$copy.ko"
	fi
	if ! why=$(mutate "$name" "$bed/sources/${file[$name]}" "$copy/${file[$name]}.new" 2>&1); then
		rm "$copy/${file[$name]}.new"
		echo "not ok - $name: does not apply: $why"
		return
	fi
	mv "$copy/${file[$name]}.new" "$copy/${file[$name]}"
	if ! build_mutant "$copy" "$kdir" "$log.build"; then
		echo "not ok - $name: does not build: $(grep -m 1 -E 'error|Error' "$log.build")"
	elif cmp -s "$copy/galloc.ko" "$copy.ko"; then
		echo "not ok - $name: the module is the same without it"
	else
		boot "$name" "$copy/galloc.ko" "${test[$name]}" "$log"
		if why=$(caught "$name" "$log"); then
			echo "ok - $name: caught by $(noticed_by "$name")"
		else
			echo "not ok - $name: $why"
		fi
	fi
	rm -rf "$log.d"
}

# ---- all of them ------------------------------------------------------------------

# share N COMMAND ARG...: run the command for every $jobs-th mutant, by name.
share()
{
	local n=$1 i
	shift

	for ((i = n; i < ${#wanted[@]}; i += jobs)); do
		"$@" "${wanted[i]}"
	done
}

# all COMMAND...: for each mutant that is wanted, $jobs at a time; $job is which.
all()
{
	local job pids=() pid

	for ((job = 0; job < jobs; job++)); do
		share "$job" "$@" &
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || die "$* has ended early, see above"
	done
}

# Run a mutant's test on the unchanged galloc; once for mutants that share it.
key_of()
{
	printf '%s\n' "${bed_of[$1]} ${params[$1]} ${test[$1]}" | tr -c '[:alnum:]_.=\n-' _
}

# try_unmutated NAME LOG: say what is wrong, if anything.
try_unmutated()
{
	local name=$1 log=$2 bed=${bed_of[$1]}

	if [[ $bed = edges-* ]]; then
		# shellcheck disable=SC2154 # of all()
		run_script "$name" "$work/$bed/$job" "$log"
		grep -q ' 0 failed, ' "$log.report" ||
			grep -m 1 '^not ok' "$log.report" || tail -n 1 "$log"
		return
	fi
	boot "$name" "$work/$bed/galloc.ko" "${test[$name]}" "$log"
	case_passed "${test[$name]}" "$log" ||
		grep -m 1 '^not ok' "$log.report" || guest_last_line "$log"
	rm -rf "$log.d"
}

# One that fails is tried again: what it says costs all its mutants their verdict.
unmutated()
{
	local key why

	key=$(key_of "$1")
	mkdir "$work/unmutated-$key" 2>/dev/null || return 0
	why=$(try_unmutated "$1" "$out/unmutated-$key.log")
	[ -z "$why" ] || why=$(try_unmutated "$1" "$out/unmutated-$key.log")
	[ -z "$why" ] || echo "not ok - unmutated: ${test[$1]}: $why" | tee "$work/unmutated-$key/bad"
}

mutated()
{
	local bed=$work/${bed_of[$1]} line try=try_mutant

	[[ ${bed_of[$1]} != edges-* ]] || try=try_script
	# shellcheck disable=SC2154 # of all()
	if [ -e "$work/unmutated-$(key_of "$1")/bad" ]; then
		line="not ok - $1: its test fails on galloc as it is"
	else
		line=$("$try" "$1" "$bed/$job")
	fi
	printf '%s\n' "$line" | tee -a "$work/results"
	case $line in
	"ok - "*) verdict "$bed/sources" "$1" >>"$out/caught" ;;
	esac
}

# ---- the table ----------------------------------------------------------------------

# sources_of TREE NAME: what a verdict about a mutant is about, in a word: galloc, the
# suite of its test, and what the suites share.
sources_of()
{
	local suite=${test[$2]%%.*}

	(cd "$1" && {
		for source in ./*.[ch] client/*.[ch] debug/*.[ch] kunit/*.[ch] observe/*.[ch]; do
			[ -e "$source" ] || continue
			case $source in
			kunit/"${suite#galloc_}"_kunit.c) cat "$source" ;;
			kunit/*_kunit.c) ;;
			*) cat "$source" ;;
			esac
		done
		cat "tools/test/guest/$suite.sh" 2>/dev/null || true
	} | sha256sum | cut -c 1-16)
}

# verdict TREE NAME: what is written down when a mutant has been caught. It holds
# for these sources, and for this mutant as it stands in the list.
verdict()
{
	local name=$2

	printf '%s|' "$(sources_of "$1" "$name")" "$name" "${file[$name]}" \
		"${function[$name]}" "${old[$name]}" "${new[$name]}" "${test[$name]}" \
		"${params[$name]}" "${bed_of[$name]}"
	echo
}

table()
{
	local name last='' of test

	printf '.. csv-table::\n   :header: mutant, what is broken, caught by\n'
	printf '   :widths: 14, 44, 42\n\n'
	for name in "${names[@]}"; do
		of=${file[$name]}
		[ "$of" = "$last" ] || printf '   **%s**,,\n' "$of"
		last=$of
		test=$(noticed_by "$name")
		# shellcheck disable=SC2016 # quotes of reStructuredText
		printf '   %s, "%s", ``%s``\n' "$name" "${breaks[$name]//\"/\"\"}" "${test% }"
	done
}

put_table()
{
	local name

	for name in "${names[@]}"; do
		grep -qxF "$(verdict "$top" "$name")" "$out/caught" ||
			die "$name has not been caught with these sources yet; type: make mutants"
	done
	table | fill_page "$page" mutants
	say "the table of ${#names[@]} mutants is in Documentation/mutants.rst"
}

# The requested mutants, those of slow beds first.
choose()
{
	local name

	for name in ${MUTANTS:-}; do
		[ -n "${file[$name]+set}" ] || die "unknown mutant $name"
	done
	for name in "${names[@]}"; do
		case " ${MUTANTS:-$name} " in
		*" $name "*) [[ ${bed_of[$name]} = uml-* ]] || printf '%s\n' "$name" ;;
		esac
	done
	for name in "${names[@]}"; do
		case " ${MUTANTS:-$name} " in
		*" $name "*) [[ ${bed_of[$name]} != uml-* ]] || printf '%s\n' "$name" ;;
		esac
	done
}

apply_all()
{
	local name why

	for name in "${wanted[@]}"; do
		if why=$(mutate "$name" "$top/${file[$name]}" /dev/null 2>&1); then
			ok "$name: its line is there"
		else
			not_ok "$name" "does not apply: $why"
		fi
	done
	sum
}

list_read
chosen=$(choose)
mapfile -t wanted <<<"$chosen"
case ${1:-} in
'') ;;
--table) put_table; exit ;;
--apply) apply_all; exit ;;
*) die "unknown argument $1; see the top of tools/mutants/run.sh" ;;
esac

need_places
need_for modules guests
work_dir mutants
mkdir -p "$out"
: >"$work/results"

for name in "${wanted[@]}"; do printf '%s\n' "${bed_of[$name]}"; done | sort -u >"$work/beds"
while read -r one; do
	case $one in
	edges-*) need_for programs qemu; prepare_trees "$one"; continue ;;
	qemu-*) need_for qemu ;;
	esac
	prepare_bed "$one"
done <"$work/beds"

GUEST_MEM=1024 guest_uml_memory "$jobs"
say "running the tests of ${#wanted[@]} mutants on the unchanged galloc"
all unmutated
bad=$(find "$work" -path '*/unmutated-*/bad' | wc -l)
[ "$bad" -gt 0 ] || echo "ok - unmutated: each test passes"

say "${#wanted[@]} mutants, $jobs at a time"
all mutated
passed=$(grep -c '^ok - ' "$work/results") || true
failed=$((${#wanted[@]} - passed + bad))
[ "$bad" -gt 0 ] || passed=$((passed + 1))
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
