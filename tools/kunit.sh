#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kunit.sh [CONFIG]: galloc's KUnit suites under a kernel of ours, `make kunit`.
#
# CONFIG is one of tools/kernels, by default uml-7.3: user-mode Linux, which takes
# less than a second to boot and runs at native speed. The suites run as modules,
# against galloc.ko as it ships, once for each set of its parameters. Prints a
# line for each case that failed or was skipped, and last
#
#	N passed, N failed, N skipped
#
#	KUNIT_OPS=N		operations for the random suites of each set
#	KUNIT_SEED=N		where they start; a case that fails prints its seed
#	KUNIT_SETS='NAME ...'	only these sets
#	KUNIT_FILTER=GLOB	only these suites, or SUITE.CASE
#	KUNIT_TIMEOUT=N		seconds the guest may take
#	KUNIT_VERBOSE=1		a line for each case that passed, too

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/guest.sh
. "$top/tools/guest.sh"
# shellcheck source=tools/build.sh
. "$top/tools/build.sh"

work=$(mktemp -d -t galloc-kunit.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# Parameters of galloc.ko and of the suites, which take how many operations their
# random sequences may do: in the first set the whole budget, in the others what
# shows that the parameters change nothing.
#	NAME|PARAMETERS of galloc|PARAMETERS of the suites
parameter_sets()
{
	cat <<'SETS'
default||ops=100000000
tight|limit_mb=64 reserve_mb=4 free_max_mb=2|ops=5000000 quick=1
debug|debug=1|ops=5000000 quick=1
SETS
}

# The sets that were asked for, as kunit-init.sh wants them. Of a parameter that
# is given twice, the kernel takes the second.
sets_for()
{
	local config=$1 name params suite_params more=

	# A bed that is a thousand times slower.
	case $config in
	*debug*) more=" ops=100000" ;;
	esac
	more+=${KUNIT_OPS:+ ops=$KUNIT_OPS}${KUNIT_SEED:+ seed=$KUNIT_SEED}

	parameter_sets | while IFS='|' read -r name params suite_params; do
		case " ${KUNIT_SETS:-$name} " in
		*" $name "*) printf '%s|%s|%s\n' "$name" "$params" "$suite_params$more" ;;
		esac
	done
}

# boot SET: run the suites in a guest of that set's own; its console is the log.
# shellcheck disable=SC2030,SC2031 # each guest is a process
boot()
{
	local set=$1 log

	log=$(log_of "$set")
	grep "^$set|" "$work/sets" >"$work/sets.$set"
	guest_initramfs "$work/initramfs.$set" "$top/tools/kunit-init.sh" \
		"${files[@]}" "$work/sets.$set:/sets"

	export GUEST_MEM=${GUEST_MEM:-1024}
	export GUEST_APPEND="printk.devkmsg=on ${KUNIT_FILTER:+kunit.filter_glob=$KUNIT_FILTER} ${GUEST_APPEND:-}"
	case $config in
	uml-*)
		guest_uml "$KERNEL" "$work/initramfs.$set" "$log" "${KUNIT_TIMEOUT:-120}"
		;;
	*)
		GUEST_APPEND+=" kmemleak=on"
		case $config in
		*debug*) export GUEST_CONSOLE=early ;;
		esac
		guest_qemu "$KERNEL" "$work/initramfs.$set" "$log" "${KUNIT_TIMEOUT:-600}"
		;;
	esac
}

log_of()
{
	printf '%s/kunit-%s-%s.log\n' "$logs" "$config" "$1"
}

# Boot, and note how it ended.
try_set()
{
	if boot "$1"; then
		echo "$1 0" >>"$work/ended"
	else
		echo "$1 1" >>"$work/ended"
	fi
}

# All guests. In user-mode Linux they run at once, since the suites often wait; the
# first one alone shows its progress, and the others then what else they had to say.
boot_all()
{
	local set

	for set in "${sets[@]}"; do
		case $config:$set in
		uml-*:"${sets[0]}") try_set "$set" & ;;
		uml-*) try_set "$set" 2>"$work/err.$set" & ;;
		*) try_set "$set" ;;
		esac
	done
	wait
	for set in "${sets[@]:1}"; do
		[ ! -e "$work/err.$set" ] || grep -v ' so far$' "$work/err.$set" >&2 || true
	done
}

# Each guest is one more check: it loaded, unloaded and came to its end.
check_guest()
{
	local set=$1 log why name="set $1: the guest loads, unloads and ends"

	log=$(log_of "$set")
	if grep -qx "$set 0" "$work/ended"; then
		[ -z "${KUNIT_VERBOSE:-}" ] || echo "ok - $name"
		passed=$((passed + 1))
		return
	fi
	why=$(sed -n 's/^GUEST: failed: //p' "$log" | tail -n 1)
	echo "not ok - $name: ${why:-it came to: $(guest_last_line "$log")} (see ${log#"$top"/})"
	failed=$((failed + 1))
}

# What fails once in many runs must survive the next run.
keep_logs()
{
	local set log

	for set in "${sets[@]}"; do
		log=$(log_of "$set")
		cp "$log" "${log%.log}.failed.log"
	done
}

config=${1:-uml-7.3}
[ $# -le 1 ] || die "too many arguments; type: kunit.sh [CONFIG]"
logs=$top/build/log

need_packages make gcc busybox-static cpio
case $config in
uml-*) ;;
*) need_packages qemu-system-x86 ;;
esac
kernel=$("$top/tools/kernel.sh" build "$config")
KDIR='' KERNEL='' KREL=''
eval "$kernel"

build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
ls "$BUILD"/kunit/*.ko >/dev/null 2>&1 || die "there is no module in kunit/"
cp "$BUILD/galloc.ko" "$BUILD"/kunit/*.ko "$work/"
build_unlock

sets_for "$config" >"$work/sets"
[ -s "$work/sets" ] ||
	die "there is no such set; there are: $(parameter_sets | cut -d '|' -f 1 | tr '\n' ' ')"
mapfile -t sets < <(cut -d '|' -f 1 "$work/sets")
files=("$work/galloc.ko:/galloc.ko" "$top/tools/guest/faults.sh:/faults.sh")
for ko in "$work"/*.ko; do
	[ "$ko" = "$work/galloc.ko" ] || files+=("$ko:/kunit/${ko##*/}")
done

say "running the suites under $KREL, sets: ${sets[*]}"
boot_all

for set in "${sets[@]}"; do cat "$(log_of "$set")"; done |
	awk -v splat="$GUEST_SPLAT" -v verbose="${KUNIT_VERBOSE:-}" -f "$top/tools/kunit.awk" >"$work/report"
sed '$d' "$work/report"
read -r passed _ failed _ skipped _ < <(tail -n 1 "$work/report" | tr -d ,)
[ $((passed + failed + skipped)) -gt 0 ] || {
	echo "not ok - there are suites to run: no guest reported a case (see build/log)"
	failed=1
}
for set in "${sets[@]}"; do check_guest "$set"; done
[ "$failed" -eq 0 ] || keep_logs
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
