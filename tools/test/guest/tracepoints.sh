#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# tracepoints.sh: galloc's events, recorded by trace-cmd: each is seen, none twice, counted
# against galloc's own numbers; and galloc goes and comes while they are enabled.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

T=/sys/kernel/tracing
tmp=/tmp/tracepoints
STRESS=${STRESS:-1000}

begin 18

# at_rest: galloc has returned all, and its worker does nothing more by itself.
at_rest()
{
	local tries=20

	while [ $tries -gt 0 ]; do
		echo 1 >"$G/shrink"
		numbers >"$tmp/rest"
		sleep 0.4
		numbers | cmp -s - "$tmp/rest" && return
		tries=$((tries - 1))
	done
}

# recorded: clients come and go, into the file "report", one event a line.  The last one is
# there while its functions get their names.
recorded()
{
	at_rest
	numbers >"$tmp/before"
	trace-cmd start -b 4096 -C mono -e galloc || return 1
	load nolock && unload nolock && load galloc_stress ops="$STRESS" live=256
	at_rest
	trace-cmd stop && numbers >"$tmp/after" &&
		trace-cmd extract -o "$tmp/dat" && trace-cmd report -i "$tmp/dat" >"$tmp/report" || return 1
	unload galloc_stress
	trace-cmd reset
}

# galloc's own numbers, as key and value.
numbers()
{
	cat "$G/stats" "$G/events"
	awk 'NR > 1 { n += $8 } END { print "allocs", n }' "$G/classes"
	awk 'NR > 1 { m += $8; o += $9 } END { print "misses", m; print "overflows", o }' "$G/mcache"
}

# grew KEY...: by how much these did, together.
grew()
{
	awk -v "keys= $* " 'index(keys, " " $1 " ") { n += NR == FNR ? -$2 : $2 } END { print n }' \
		$tmp/before $tmp/after
}

# events NAME [PATTERN]: how many there are.
events()
{
	grep -cE ": $1: .*${2:-}" $tmp/report
}

# Of each object the events alternate: free comes after alloc, and alloc after free.
out_of_order()
{
	awk '
		match($0, /: (alloc|free): /) {
			freed = substr($0, RSTART + 2, 1) == "f"
			match($0, /ptr=[^ ]*/)
			p = substr($0, RSTART, RLENGTH)
			bad += freed != (p in live)
			if (freed)
				delete live[p]
			else
				live[p]
		}
		END { print bad + 0 }' $tmp/report
}

rm -rf $tmp
mkdir -p $tmp
load_galloc
load galloc_stress ops=2000
unload galloc_stress

check "trace-cmd records a stress, and calls from any context" recorded
same "nothing was lost" "$(grep -c 'EVENTS DROPPED' $tmp/report)" 0
at_least "allocations" "$(grew allocs)" $((STRESS / 2))
for event in alloc free refill flush grow release; do note "$(grep -m 1 ": $event: " $tmp/report)"; done
same "each allocation is an event" "$(events alloc)" "$(grew allocs)"
same "each free is one" "$(events free)" "$(grew allocs)"
same "the events of each object alternate" "$(out_of_order)" 0
at_least "the calls are the client's" "$(events '(alloc|free)' 'call_site=[a-z]')" "$STRESS"
same "each chunk is an event" "$(events grow)" "$(grew grow_chunks)"
same "each return in one piece" "$(events release whole=1)" "$(grew release_blocks)"
same "all pages that returned one by one" \
	"$(grep ': release: .*whole=0' $tmp/report | sed 's/.*pages=\([0-9]*\).*/\1/' | awk '{ n += $1 } END { print n + 0 }')" \
	"$(grew release_pages)"
at_least "refills" "$(events refill)" 1
at_most "refills, by the misses" "$(events refill)" "$(grew misses)"
at_most "flushes, by the overflows" "$(events flush)" "$(grew overflows)"

numbers >$tmp/before
echo 1 >$T/events/galloc/enable
load galloc_heaps
unload galloc_heaps
echo 0 >$T/events/galloc/enable
cat $T/trace >$tmp/report
numbers >$tmp/after
same "heaps: what was allocated, and what was freed or released with its heap" \
	"$(events alloc) $(events free)" "211 201"
same "heaps: objects are named after their heaps and caches" \
	"$(for owner in guest guest.2 inside lone; do events alloc "owner=$owner\$"; done | tr '\n' ' ')" \
	"101 5 100 5 "
same "heaps: each report is an event, and a refused request" \
	"$(events report) $(events heap_limit limit=2097152)" "$(grew fault_live) 1"

# It complains of what the client has left.
unload galloc
load_galloc
log_mark
n=0
while [ $n -lt 2 ] && unload galloc && load_galloc; do
	echo 1 >$T/events/galloc/enable
	load galloc_stress ops=200 && unload galloc_stress
	n=$((n + 1))
done
same "galloc is unloaded and loaded with its events enabled" $n 2
unload galloc
same "galloc has nothing to complain of" \
	"$(log_new '^galloc: ' | grep -vE '^galloc: (loaded|unloaded, 0 )' | head -n 1)" ""

finish
