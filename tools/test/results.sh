# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# results.sh: what the tests out here print for each check, and count. Source it.
#
#	ok NAME
#	not_ok NAME WHY
#	skip NAME WHY
#	same NAME GOT WANTED
#	sum			the last line; status 1 if anything failed

passed=0 failed=0 skipped=0

ok()
{
	echo "ok - $1"
	passed=$((passed + 1))
}

not_ok()
{
	echo "not ok - $1: $2"
	failed=$((failed + 1))
}

skip()
{
	echo "skip - $1: $2"
	skipped=$((skipped + 1))
}

same()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', not '$3'"
	fi
}

sum()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
