#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# guard.sh: an access beyond a guarded object, and one after its free, end the task, after a
# report of whose object it was.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

begin 10

# oopses WHAT REPORT FUNCTION...: the report, with these functions in its stacks.
oopses()
{
	local what=$1 report=$2 function named=
	shift 2

	log_mark
	echo "<0>@@ begin oops" >/dev/kmsg
	load galloc_guard "what=$what"
	echo "<0>@@ end oops" >/dev/kmsg
	check "$what: the report comes" test -n "$(log_new "galloc: guard: $report")"
	for function; do
		[ -z "$(log_new "galloc: *$function+")" ] || named="$named $function"
	done
	same "$what: its stacks" "$named" "${*:+ $*}"
	check "$what: the task ends as in any oops" test -n "$(log_new 'BUG: unable to handle page fault')"
	unload galloc_guard
}

panics=$(cat /proc/sys/kernel/panic_on_oops)
echo 0 >/proc/sys/kernel/panic_on_oops
load_galloc
oopses behind "access 0 bytes behind" guard_birth
oopses before "access 1 bytes before" guard_birth
oopses after "use after free, 0 bytes" guard_birth guard_burial
unload galloc
same "no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"
echo "$panics" >/proc/sys/kernel/panic_on_oops

finish
