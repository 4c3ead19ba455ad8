#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh: all tests, `make check`.
#
# Each part prints its own last line "N passed, N failed, N skipped", and one line
# "not ok - NAME: REASON" or "skip - NAME: REASON" for each check that did not
# pass; they are added up here. A part that ends without its last line counts as
# one failure. What each part printed is kept in build/log/check-PART.log.
#
# The last line is the sum; the exit status is 0 only if nothing failed.

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

passed=0 failed=0 skipped=0
logs=$top/build/log
remarks=$logs/check-remarks

# The checks of a part that has no last line of its own (make run): its ok lines,
# and one for `galloc: ok`.
count_lines()
{
	local log=$1 n

	n=$(grep -c '^ok - ' "$log") || true
	part_passed=$n
	n=$(grep -c '^not ok - ' "$log") || true
	part_failed=$n
	n=$(grep -c '^skip - ' "$log") || true
	part_skipped=$n
	if [ "$(tail -n 1 "$log")" = "galloc: ok" ]; then
		part_passed=$((part_passed + 1))
	else
		part_failed=$((part_failed + 1))
		remark "not ok" "galloc: ok as the last line: it is: $(tail -n 1 "$log" | cut -c 1-300)"
	fi
}

# The counts of a part that prints them; 1 if it does not.
read_sum()
{
	local sum

	sum=$(tail -n 1 "$1" | grep -xE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped') || return 1
	read -r part_passed _ part_failed _ part_skipped _ <<<"${sum//,/}"
}

# The last thing a part said that may tell why it ended: on stderr, where the
# scripts die, but no progress and nothing of make; else on stdout.
last_words()
{
	local line

	line=$(grep -avE '^$|^-- |^ +\| |^make(\[[0-9]+\])?: ' "$1.err" | tail -n 1) || true
	[ -n "$line" ] || line=$(grep -av '^$' "$1" | tail -n 1) || true
	printf '%s\n' "${line:-nothing}" | cut -c 1-300
}

# remark KIND TEXT: for the list at the end.
remark()
{
	printf '%s - %s: %s\n' "$1" "$name" "$2" >>"$remarks"
}

# part NAME COMMAND...: run it, show how it went, add up.
part()
{
	local log start=$SECONDS status=0
	local part_passed=0 part_failed=0 part_skipped=0
	name=$1
	shift

	log=$logs/check-${name// /-}.log
	printf '\n== %s\n' "$name"
	{ "$@" 2>&1 >&3 </dev/null | tee "$log.err" >&2; } 3>"$log" || status=$?
	grep -E '^(not ok|skip) - ' "$log" | sed "s/ - / - $name: /" >>"$remarks" || true

	if [ "$name" = run ]; then
		count_lines "$log"
	elif ! read_sum "$log"; then
		part_failed=1
		remark "not ok" "it ended early (status $status): $(last_words "$log")"
	fi
	if [ "$part_failed" -eq 0 ] && [ "$status" -ne 0 ]; then
		part_failed=1
		remark "not ok" "exit status $status although it reports no failure"
	fi
	printf '%d passed, %d failed, %d skipped in %d s\n' \
		"$part_passed" "$part_failed" "$part_skipped" $((SECONDS - start))
	passed=$((passed + part_passed))
	failed=$((failed + part_failed))
	skipped=$((skipped + part_skipped))
}

# Each difference between kernel versions is in compat.h, so that the code reads
# as for the newest kernel and one knows where to look when one goes.
check_version_tests()
{
	local found

	found=$(cd "$top" && grep -rnE --include='*.[ch]' --exclude-dir=build --exclude=compat.h \
		'LINUX_VERSION_CODE|KERNEL_VERSION\(' . | head -n 3 | tr '\n' ' ') || true
	if [ -z "$found" ]; then
		echo "ok - kernel versions are told apart in compat.h only"
		echo "1 passed, 0 failed, 0 skipped"
	else
		echo "not ok - kernel versions are told apart in compat.h only: $found"
		echo "0 passed, 1 failed, 0 skipped"
		return 1
	fi
}

[ $# -eq 0 ] || die "no arguments are known; type: make check"
mkdir -p "$logs"
: >"$remarks"

part "host tests" "$top/tools/test/run.sh"
part "model" make -s -C "$top" model
part "kunit" "$top/tools/kunit.sh"
part "run" "$top/tools/run.sh"
part "external build" "$top/tools/test/external.sh"
part "versions" check_version_tests

if [ -s "$remarks" ]; then
	printf '\n== not passed\n'
	cat "$remarks"
fi
printf '\nin %d s; what each part said is in build/log/check-*.log\n' $SECONDS
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
