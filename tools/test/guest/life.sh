#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# life.sh: typical use, twice: load galloc with its self-test, let a client count a
# text, run the stress, unload. Then clients of another ABI, which must not load.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

begin 20

# Words of a text, as wordfreq should count them.
count_words()
{
	# shellcheck disable=SC2018,SC2019 # just these letters, as in the kernel
	tr 'A-Z' 'a-z' <"$1" | tr -cs 'a-z' '\n' | grep . | sort | uniq -c |
		awk '{ print $1, $2 }' | sort | sha256sum
}

# refused NAME WHY: it does not load, and the log says WHY.
refused()
{
	if [ ! -e "$MODULES/$1.ko" ]; then
		skip "$1.ko is refused: $2" "symbols have no versions in this kernel"
		return
	fi
	log_mark
	! load "$1" 2>/dev/null || unload "$1"
	check "$1.ko is refused: $2" test -n "$(log_new "$2")"
}

want=$(count_words /test/text)
selftest=
! grep -aq 'parmtype=selftest:' "$MODULES/galloc.ko" || selftest=selftest=1
note "parameters: ${selftest:-none, there is no self-test}"

for round in 1 2; do
	log_mark
	# shellcheck disable=SC2086 # none or one
	check "round $round: galloc loads" load_galloc $selftest
	check "round $round: wordfreq loads" load wordfreq
	cat /test/text >"$W/text"
	same "round $round: wordfreq counts right" "$(sort "$W/words" | sha256sum)" "$want"
	check "round $round: the stress finds nothing" load galloc_stress ops=50000
	unload galloc_stress
	check "round $round: wordfreq unloads" unload wordfreq
	# Objects that wait for a grace period are in use.
	echo 1 >"$G/shrink"
	same "round $round: no byte is in use" "$(stat_of in_use)" 0
	check "round $round: galloc unloads" unload galloc
	same "round $round: no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"
done

check "galloc loads for old clients" load_galloc
refused old_abi 'Unknown symbol galloc_class_abi0'
refused old_versions 'disagrees about version of symbol gfree'
check "galloc unloads" unload galloc

finish
