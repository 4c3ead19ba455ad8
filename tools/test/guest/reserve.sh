#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# reserve.sh: the kernel's emergency reserve. galloc makes as many small objects of it
# as kmalloc() does; see tools/stress/galloc_used_up.c.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

SIZES="64 4096"

begin $(($(echo "$SIZES" | wc -w) + 4))

# objects SIZE: $ours and $theirs, one right after the other. What is there to be had
# depends on what others have taken of it meanwhile: three tries.
objects()
{
	local try

	for try in 1 2 3; do
		theirs=$(used_up ': \([0-9]*\) objects' size="$1" kmalloc=1)
		ours=$(used_up ': \([0-9]*\) objects' size="$1")
		note "try $try: kmalloc() ${theirs:-none}, galloc ${ours:-none}"
		[ "${ours:-0}" -lt $((${theirs:-1000000} * 9 / 10)) ] || return 0
	done
}

load_galloc
for bytes in $SIZES; do
	if [ -e /sys/kernel/realtime ]; then
		# The module has interrupts off: there it gets no pages.
		skip "objects of $bytes of the reserve" "PREEMPT_RT"
		continue
	fi
	objects "$bytes"
	at_least "objects of $bytes of the reserve, to nine tenths of kmalloc()'s" \
		"$ours" $((${theirs:-1000000} * 9 / 10))
done
if [ -e /sys/kernel/realtime ]; then
	skip "spans of the reserve were cut" "PREEMPT_RT"
else
	at_least "spans of the reserve were cut" "$(stat_of reserve_spans)" 1
fi
echo 1 >"$G/shrink"
same "nothing is in use" "$(stat_of in_use)" 0
check "galloc's books agree" sh -c "echo 1 >$G/validate"
check "galloc unloads" unload galloc

finish
