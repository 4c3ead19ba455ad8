# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# ktap.sh: results of checks and their count, for bash and for busybox's shell.
# lib.sh and the scripts in guests source it.
#
#	ok NAME
#	not_ok NAME WHY
#	skip NAME WHY
#	same NAME GOT WANTED
#	at_least NAME GOT LEAST
#	at_most NAME GOT MOST
#	check NAME COMMAND...	its exit status is 0; its last line of output is the reason if not
#	count_in FILE		add the checks in a file
#	sum			the last line; status 1 if anything failed
#
# One line per check: "ok - NAME", "not ok - NAME: WHY" or "skip - NAME: WHY". After
# begin, as in guests, the format is KTAP:
#
#	begin N			N checks are planned; a script that runs more or fewer has failed
#	finish			the end: exit status 0, 1 for a failure, 4 if all was skipped

passed=0 failed=0 skipped=0 planned='' first_failed=''

begin()
{
	planned=$1
	echo "TAP version 13"
	echo "1..$planned"
}

# result OURS KTAPS NAME [OUR_WHY KTAPS_WHY]: the word for it, and the reason, either way.
result()
{
	if [ -n "$planned" ]; then
		echo "$2 $((passed + failed + skipped)) $3${5:+ # $5}"
	else
		echo "$1 - $3${4:+: $4}"
	fi
}

ok()
{
	passed=$((passed + 1))
	result 'ok' ok "$1"
}

not_ok()
{
	failed=$((failed + 1))
	first_failed=${first_failed:-$1}
	result 'not ok' 'not ok' "$1" "$2" "$2"
}

skip()
{
	skipped=$((skipped + 1))
	result skip ok "$1" "$2" "SKIP $2"
}

same()
{
	local got wanted

	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		got=$(printf %s "$2" | head -c 200)
		wanted=$(printf %s "$3" | head -c 200)
		not_ok "$1" "got '$got', not '$wanted'"
	fi
}

at_least()
{
	if [ "${2:-0}" -ge "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "${2:-nothing}, less than $3"
	fi
}

at_most()
{
	if [ "${2:-$(($3 + 1))}" -le "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "${2:-nothing}, more than $3"
	fi
}

check()
{
	local name=$1 said rc=0
	shift

	said=$("$@" 2>&1) || rc=$?
	if [ $rc -eq 0 ]; then
		ok "$name"
	else
		not_ok "$name" "status $rc: $(echo "$said" | tail -n 1)"
	fi
}

count_in()
{
	passed=$((passed + $(grep -c '^ok - ' "$1" || true)))
	failed=$((failed + $(grep -c '^not ok - ' "$1" || true)))
	skipped=$((skipped + $(grep -c '^skip - ' "$1" || true)))
}

sum()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

note()
{
	echo "# $*"
}

finish()
{
	local ran=$((passed + failed + skipped))

	note "Totals: pass:$passed fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
	[ "$ran" -eq "$planned" ] || note "planned $planned checks, ran $ran"
	[ "$ran" -eq "$planned" ] && [ "$failed" -eq 0 ] || exit 1
	[ "$skipped" -ne "$ran" ] || exit 4
	exit 0
}
