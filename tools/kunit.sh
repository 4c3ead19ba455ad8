#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# kunit.sh [CONFIG]: galloc's KUnit suites under a kernel of ours, `make kunit`.
#
# CONFIG is one of tools/kernels, by default uml-7.3: user-mode Linux, which takes
# less than a second to boot and runs at native speed. The suites run as modules,
# against a galloc.ko with hooks for them, once for each set of its parameters. Prints a
# line for each case that failed or was skipped, and last
#
#	N passed, N failed, N skipped
#
#	KUNIT_OPS=N		operations for the random suites of each set
#	KUNIT_SEED=N		their seed; a case that fails prints it
#	KUNIT_PARAMS='P=V ...'	more parameters of the suites
#	KUNIT_SETS='NAME ...'	only these sets
#	KUNIT_FILTER=GLOB	only these suites, or SUITE.CASE
#	KUNIT_TIMEOUT=N		seconds the guest may take
#	KUNIT_VERBOSE=1		a line for each case that passed, too

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

guests=()
work_dir kunit
trap 'publish; rm -rf "$work"' EXIT

# Parameters of galloc.ko and of the suites, which take how many operations their
# random sequences may do: in the first set the whole budget, in the others what
# shows that the parameters change nothing.
#	NAME|PARAMETERS of galloc|PARAMETERS of the suites
parameter_sets()
{
	local all=100000000 part=5000000
	local tight="limit_mb=64 reserve_mb=4 free_max_mb=2"

	# With less than a million the suites take every so many of long loops, too.
	[ -z "${CHECK_QUICK:-}" ] || all=10000000 part=500000
	# A processor that is emulated; one that checks each access, too.
	[ -z "$few" ] || all=2000000 part=200000
	[ -z "$debug$GUEST_RACES" ] || all=120000 part=20000
	cat <<SETS
default||ops=${KUNIT_OPS:-$all}
SETS
	# There both at once: each set takes minutes.
	if [ -n "$debug$GUEST_RACES" ]; then
		echo "tight|$tight debug=1|ops=${KUNIT_OPS:-$part} quick=1"
	else
		echo "tight|$tight|ops=${KUNIT_OPS:-$part} quick=1"
		echo "debug|debug=1|ops=${KUNIT_OPS:-$part} quick=1 fuzz_ops=${KUNIT_OPS:-100000}"
	fi
}

# The requested sets, in the format of kunit-init.sh.
chosen_sets()
{
	local name params suite_params

	parameter_sets | while IFS='|' read -r name params suite_params; do
		case " ${KUNIT_SETS:-$name} " in
		*" $name "*) printf '%s|%s|%s\n' "$name" "$params" "$suite_params${KUNIT_SEED:+ seed=$KUNIT_SEED}${KUNIT_PARAMS:+ $KUNIT_PARAMS}" ;;
		esac
	done
}

# sets_of GUEST: the lines of the sets that it runs.
sets_of()
{
	if [ "$1" = all ]; then
		cat "$work/sets"
	else
		grep "^$1|" "$work/sets"
	fi
}

# boot GUEST: run its sets; its console is the log.
# shellcheck disable=SC2030,SC2031 # each guest is a process
boot()
{
	local guest=$1 log

	log=$(log_of "$guest")
	sets_of "$guest" >"$work/sets.$guest"
	echo "$bed" >"$work/bed.$guest"
	guest_initramfs "$work/initramfs.$guest" "$top/tools/kunit-init.sh" \
		"${files[@]}" "$work/sets.$guest:/sets" "$work/bed.$guest:/bed/is"

	export GUEST_CPUS=$cpus GUEST_NODES=$nodes
	export GUEST_APPEND="printk.devkmsg=on ${KUNIT_FILTER:+kunit.filter_glob=$KUNIT_FILTER} ${CHECK_QUICK:+galloc_quick} ${GUEST_APPEND:-}"
	case $config in
	uml-*)
		# One of the guests clears freed memory.
		[ "$guest" != tight ] || GUEST_APPEND+=" init_on_free=1"
		# In another all suites run while it is on; in the others it could be.
		case $config:$guest in
		uml-profiling-*:debug) GUEST_APPEND+=" sysctl.vm.mem_profiling=1" ;;
		uml-profiling-*) GUEST_APPEND+=" sysctl.vm.mem_profiling=0" ;;
		esac
		guest_uml "$KERNEL" "$work/initramfs.$guest" "$log" "${KUNIT_TIMEOUT:-1200+}"
		;;
	*)
		[ -z "$debug" ] || GUEST_APPEND+=" kmemleak=on kasan_multi_shot" GUEST_CONSOLE=early
		# On the newest it also counts the pages of each stack.
		[[ $config != qemu-debug-* ]] || GUEST_APPEND+=" page_owner=on"
		export GUEST_CONSOLE
		guest_qemu "$KERNEL" "$work/initramfs.$guest" "$log" "${KUNIT_TIMEOUT:-3600+}"
		;;
	esac
}

# log_of GUEST: here, until it is judged: there may be another run of the same.
log_of()
{
	printf '%s/%s.log\n' "$work" "$1"
}

# kept_of GUEST: and where it then is.
kept_of()
{
	printf '%s/kunit-%s-%s.log\n' "$logs" "$config" "$1"
}

# Each log is whole at any time.
publish()
{
	local guest log file

	for guest in "${guests[@]}"; do
		log=$(log_of "$guest")
		for file in "$log"*; do
			[ -e "$file" ] || continue
			cp "$file" "$(kept_of "$guest").$$" &&
				mv "$(kept_of "$guest").$$" "$(kept_of "$guest")${file#"$log"}"
		done
	done
}

# Did the kernel report itself before galloc was loaded? lockdep is off then, and
# nothing that follows would show anything.
splat_of_its_own()
{
	# All of it is read: a sed that cannot write would be none.
	sed '/galloc-kunit: set begin /,$d' "$(log_of "$1")" | grep -aE "$GUEST_SPLAT" | sed -n '1p'
}

# Boot, and note how it ended. A kernel that reports itself before galloc is loaded is
# reported, and retried.
try_guest()
{
	local guest=$1 try status splat

	for try in 1 2 3; do
		status=0
		boot "$guest" || status=1
		splat=$(splat_of_its_own "$guest") || break
		say "$KREL reports a problem before galloc is loaded, try $try of 3: $splat"
		cp "$(log_of "$guest")" "$(log_of "$guest").splat$try"
	done
	echo "$guest $status" >>"$work/ended"
}

# All guests. In user-mode Linux there is one for each set, and they run at once,
# since the suites often wait; the first one alone shows its progress, and the
# others then what else they had to say. Under QEMU a boot and a scan for leaks
# take longer than some sets: one guest runs them all.
boot_all()
{
	local guest

	for guest in "${guests[@]}"; do
		if [ "$guest" = "${guests[0]}" ]; then
			try_guest "$guest" &
		else
			try_guest "$guest" 2>"$work/err.$guest" &
		fi
	done
	wait
	for guest in "${guests[@]:1}"; do
		grep -v ' so far$' "$work/err.$guest" >&2 || true
	done
}

# check NAME WHY_NOT COMMAND...: one more check, of a guest as a whole.
check()
{
	local name=$1 why=$2
	shift 2

	if "$@"; then
		[ -z "${KUNIT_VERBOSE:-}" ] || echo "ok - $name"
		passed=$((passed + 1))
	else
		not_ok "$name" "$why"
	fi
}

# The guest proved its bed, ran the suites, unloaded and finished.
check_guest()
{
	local guest=$1 log kept why watched name="the guest"

	[ "$guest" = all ] || name="set $guest: the guest"
	log=$(log_of "$guest")
	kept=$(kept_of "$guest")
	check "$name has proved its bed" "see ${kept#"$top"/}" \
		grep -q 'galloc-kunit: bed proved$' "$log"
	check "$name has suites to run" "none began" grep -q '# Subtest: ' "$log"
	why=$(sed -n 's/^GUEST: failed: //p' "$log" | tail -n 1)
	watched=$(guest_watched "$log")
	[ -z "$GUEST_RACES" ] || check "$name: KCSAN has watched accesses" "${watched:-none}" \
		[ "${watched:-0}" -ge 1000 ]
	check "$name loads, unloads and ends" \
		"${why:-it came to: $(guest_last_line "$log")} (see ${kept#"$top"/})" \
		grep -qx "$guest 0" "$work/ended"
}

# A budget of operations that was not spent is a test that did not run.
check_operations()
{
	local set=$1 wanted did

	wanted=$(sed -n "s/^$set|.*ops=\([0-9]*\).*/\1/p" "$work/sets")
	did=$(sed -n "/^operations of /s/.*[:,] $set \([0-9]*\).*/\1/p" "$work/report")
	check "set $set: the requested operations are done" "${did:-0} of $wanted" \
		[ "${did:-0}" -ge "$wanted" ]
}

# Keep the log of a failure, which may be rare.
keep_logs()
{
	local guest kept

	for guest in "${guests[@]}"; do
		kept=$(kept_of "$guest")
		cp "$(log_of "$guest")" "${kept%.log}.failed.log"
	done
}

# What the guest has, and proves to have before anything is tested; see
# tools/bed/galloc_bed.c.
describe_bed()
{
	cpus=2 nodes=1 debug='' few='' gcov='' GUEST_RACES=''
	case $config in
	uml-gcov-*) gcov=GCOV_PROFILE=y ;;&
	uml-up-*)
		# Without SMP; nor can its page allocator be made to fail.
		cpus=1
		bed="cpus=1 nodes=1"
		;;
	uml-*) bed="cpus=2 nodes=1 faults=1" ;;
	*-kcsan-*)
		cpus=4 nodes=2 few=1
		export GUEST_RACES=1 GUEST_CONSOLE=early
		bed="cpus=4 nodes=2 faults=1 races=1"
		;;
	*debug*)
		cpus=4 nodes=2 debug=1
		bed="cpus=4 nodes=2 faults=1 debug=1"
		;;
	*-none-* | *-arm64-*)
		cpus=4 nodes=2 few=1
		bed="cpus=4 nodes=2 faults=1"
		;;
	*) bed="cpus=2 nodes=1" ;;
	esac
}

config=${1:-uml-7.3}
[ $# -le 1 ] || die "too many arguments; type: kunit.sh [CONFIG]"
logs=$top/build/log
describe_bed
need_places
chosen_sets >"$work/sets"
[ -s "$work/sets" ] ||
	die "unknown set; available: $(parameter_sets | cut -d '|' -f 1 | tr '\n' ' ')"
mapfile -t sets < <(cut -d '|' -f 1 "$work/sets")
guests=(all)
export GUEST_MEM=${GUEST_MEM:-1024}
case $config in
uml-*)
	guests=("${sets[@]}")
	guest_uml_memory "${#guests[@]}"
	;;
esac

need_for modules guests
case $config in
uml-* | *-arm64-*) ;;
*) need_for qemu ;;
esac
KERNEL=''
use_kernel build "$config"

build_lock "$KREL"
# shellcheck disable=SC2086 # a word or none
build_galloc "$KDIR" "$KREL" GALLOC_KUNIT=y $gcov ${debug:+GALLOC_DEBUG=y}
build_client "$KDIR" tools/bed
sites=''
[ ! -e "$BUILD/tools/bed/galloc_sites.ko" ] || sites=bed/galloc_sites
cp "$BUILD/galloc.ko" "$BUILD"/kunit/galloc_kunit{,_guest}.ko \
	"$BUILD"/tools/bed/galloc_{bed,held,crimes}.ko ${sites:+"$BUILD/tools/$sites.ko"} "$work/"
build_unlock

files=("$work/galloc.ko:/galloc.ko" "$top/tools/guest/faults.sh:/faults.sh")
crimes=''
# After them lockdep is off, so not where somebody looks for something else.
case $debug${KUNIT_FILTER:-crimes} in
1*crimes*) crimes=bed/galloc_crimes ;;
esac
for name in kunit/galloc_kunit{,_guest} bed/galloc_{bed,held} $crimes $sites; do
	files+=("$work/${name#*/}.ko:/$name.ko")
done

say "running the suites under $KREL, sets: ${sets[*]}; until the end the logs are in $work"
mkdir -p "$logs"
boot_all

for guest in "${guests[@]}"; do cat "$(log_of "$guest")"; done |
	awk -v splat="$GUEST_SPLAT" -v verbose="${KUNIT_VERBOSE:-}" -f "$top/tools/kunit.awk" >"$work/report"
sed '$d' "$work/report"
read -r passed _ failed _ skipped _ < <(tail -n 1 "$work/report" | tr -d ,)
for guest in "${guests[@]}"; do check_guest "$guest"; done
[ -n "${KUNIT_FILTER:-}" ] || for set in "${sets[@]}"; do check_operations "$set"; done
[ "$failed" -eq 0 ] || keep_logs
sum
