#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# nodes.sh: a used-up node. galloc takes little more memory of other nodes
# than the objects need, or than kmalloc(), in any context; see tools/stress/galloc_used_up.c.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

SIZES="8 64 1000 5000 20000 32768"

begin $((3 * 2 * $(echo "$SIZES" | wc -w) + 3))

# objects_of SIZE: some, of 20 MB at most, so that a span for each would be many times that.
objects_of()
{
	case $1 in
	8) echo 160000 ;;
	64) echo 80000 ;;
	*) echo $((20000000 / $1)) ;;
	esac
}

# most_kb SIZE COUNT THEIRS: a fifth more than the objects are large; or what kmalloc()
# takes, where only pieces are left of the other node, too.
most_kb()
{
	local most=$(($2 * $1 * 12 / 10240 + 2048))

	[ "${3:-0}" -le "$most" ] || most=$3
	echo "$most"
}

# compare SIZE COUNT PARAMETER...: set theirs and ours: the kB that objects of kmalloc()
# cost; "COUNT objects of SIZE cost KB" for galloc.
compare()
{
	local bytes=$1 n=$2
	shift 2

	theirs=$(used_up 'cost \(-*[0-9]*\) kB' node=0 size="$bytes" count="$n" kmalloc=1 "$@")
	# Its free memory would cost nothing.
	echo 1 >"$G/shrink"
	ours=$(used_up ': \([0-9]* objects of [0-9]* cost -*[0-9]*\) kB' node=0 size="$bytes" count="$n" "$@")
}

# node_round NAME PARAMETER...: each size, kmalloc() and then galloc. What the kernel
# reclaims or takes for itself meanwhile is in both figures, some MB now and then: what
# is too much must be so three times.
node_round()
{
	local name=$1 bytes n theirs ours i
	shift

	for bytes in $SIZES; do
		n=$(objects_of "$bytes")
		for i in 1 2 3; do
			compare "$bytes" "$n" "$@"
			[ "${ours##* }" -gt "$(most_kb "$bytes" "$n" "$theirs")" ] || break
			note "try $i: kmalloc() took ${theirs:-nothing} kB for them, galloc ${ours##* }"
		done
		same "a used-up node, $name: objects of $bytes" "${ours%% *}" "$n"
		note "kmalloc() took ${theirs:-nothing} kB for them, galloc ${ours##* }"
		at_most "a used-up node, $name: kB for objects of $bytes" \
			"${ours##* }" "$(most_kb "$bytes" "$n" "$theirs")"
	done
}

load_galloc
load galloc_hog node=0 leave_mb=0
node_round "a task"
node_round "interrupts" irq=1
node_round "another node's task" elsewhere=1
unload galloc_hog
echo 1 >"$G/shrink"
same "nothing is in use" "$(stat_of in_use)" 0
check "galloc's accounting is consistent" sh -c "echo 1 >$G/validate"
check "galloc unloads" unload galloc

finish
