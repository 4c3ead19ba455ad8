#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# reserve.sh: the kernel's emergency reserve. galloc gets as many small objects from it
# as kmalloc() does, and as many with interrupts off from the pages of a huge object;
# see tools/stress/galloc_used_up.c.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

SIZES="64 1000 4096"

begin $(($(echo "$SIZES" | wc -w) + 6))

load_galloc
for bytes in $SIZES; do
	said=$(used_up ': \([0-9]* objects .*\)' size="$bytes")
	ours=${said%% *} theirs=${said##* }
	note "kmalloc() ${theirs:-none}, galloc ${ours:-none}"
	# Where all that is left are single pages, each needs a descriptor: 31 of these fill a page.
	at_least "objects of $bytes of the reserve, to 0.95 of kmalloc()'s" \
		"$ours" $((${theirs:-1000000} * 95 / 100))
done
# Others may take memory meanwhile, of either.
for try in 1 2 3; do
	theirs=$(used_up ': \([0-9]*\) objects' huge=1 size=65536 count=60 kmalloc=1)
	ours=$(used_up ': \([0-9]*\) objects' huge=1 size=65536 count=60)
	[ "${theirs:-0}" -eq 0 ] || [ "${ours:-0}" -lt $((theirs * 96 / 100)) ] || break
done
at_least "objects of kmalloc() after a huge one, in $try tries" "${theirs:-0}" 1
at_least "objects after a huge one, of kmalloc()'s ${theirs:-none}" \
	"$ours" $((${theirs:-1000000} * 96 / 100))
at_least "spans of the reserve were cut" "$(stat_of reserve_spans)" 1
echo 1 >"$G/shrink"
same "nothing is in use" "$(stat_of in_use)" 0
check "galloc's accounting is consistent" sh -c "echo 1 >$G/validate"
check "galloc unloads" unload galloc

finish
