#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# observe.sh: gallocstat and galloctop on a running galloc: their numbers are those of the
# files, those of a snapshot are those of its time, and they say what to do when galloc is
# not there.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/observe

begin 13

# value KEY FILE: of what --json has said.
value()
{
	sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p" "$2"
}

# A snapshot, and copies of files as they were before and after it: galloc's own worker may
# return memory meanwhile.
snapshot_at_rest()
{
	cp "$G/stats" "$G/heaps" "$G/spans" "$G/mheap" "$tmp/"
	gallocstat --save "$tmp/snapshot" && cmp -s "$G/stats" "$tmp/stats"
}

# on_screen PATTERN: of what galloctop shows.
on_screen()
{
	wait_until sh -c "tmux capture-pane -p | grep -q '$1'"
}

mkdir -p $tmp /dev/pts
mount -t devpts none /dev/pts
export LC_ALL=C.UTF-8
same "without galloc it says what to do" "$(gallocstat 2>&1)" \
	"gallocstat: $G is not there: is galloc loaded (modprobe galloc), and debugfs mounted (mount -t debugfs none /sys/kernel/debug)?"
load_galloc
load galloc_stress ops=20000
unload galloc_stress
load galloc_heaps
echo 1 >"$G/shrink"
check "a snapshot is saved" wait_until snapshot_at_rest
gallocstat --load $tmp/snapshot --json >$tmp/json
same "the totals are those of stats" "$(value system_bytes $tmp/json) $(value in_use_bytes $tmp/json)" \
	"$(awk '$1 == "system_bytes" || $1 == "in_use_bytes" { print $2 }' $tmp/stats | tr '\n' ' ' | sed 's/ $//')"
same "a heap's bytes are those of heaps" "$(gallocstat --load $tmp/snapshot | awk '$1 == "guest.2" { print $4 }')" \
	"$(awk '$1 == "guest.2" { print $4 }' $tmp/heaps)"
same "all spans are there" "$(grep -c '"dropped_refs": ' $tmp/json)" "$(awk 'NR > 1' $tmp/spans | wc -l)"
same "the map has a line for each block" "$(gallocstat --load $tmp/snapshot --map | grep -c '|')" \
	"$(awk '/ blocks all / { n += $4 } END { print n }' $tmp/mheap)"
at_least "and the objects of whole pages" "$(gallocstat --load $tmp/snapshot --map | grep -c L)" 1
tmux -u new-session -d -x 80 -y 24 "TERM=vt100 galloctop -d 1"
check "galloctop shows the totals" on_screen "^galloc: held [0-9]*K"
tmux send-keys h
check "and heaps" on_screen "^guest.2 "
tmux send-keys q
check "q ends it" wait_until sh -c "! pidof galloctop >/dev/null"
unload galloc_heaps
same "what has changed since the snapshot" \
	"$(gallocstat --diff $tmp/snapshot | awk '/^heap guest/ || $1 == "fault_live" { print $1, $2, $4 }' | head -n 3 | tr '\n' ';')" \
	"fault_live 0 +2;heap guest gone;heap guest.2 gone;"
same "a line each second" "$(gallocstat 1 2 | awk 'NR > 1 && NF == 9' | wc -l)" 2
unload galloc
same "and again" "$(gallocstat --map 2>&1 | cut -c 1-11)" "gallocstat:"

finish
