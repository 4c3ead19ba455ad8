#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# rounds.sh [N]: load and unload galloc N times, 100 by default, under readers of
# its debugfs files. Afterwards nothing of it may be left behind, and no page lost.

# Some functions are called by the name that they were given.
# shellcheck disable=SC2317

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

rounds=${1:-100}
tmp=/tmp/rounds
states=/sys/devices/system/cpu/hotplug/states
shrinkers=/sys/kernel/debug/shrinker
# A page a round, after 100 of them.
MOST_LOST_KB=400

# Stock 6.1 does not list its shrinkers.
if [ -d $shrinkers ]; then begin 12; else begin 11; fi

# ---- readers ----------------------------------------------------------------------

# Reads what there is; that a file is gone meanwhile is part of it.  Rests longer than
# it works, so that there are moments in which no file is open.
reader()
{
	local start

	while [ ! -e $tmp/over ]; do
		start=$(now)
		cat "$G/stats" "$G/events" "$G/classes" "$G/mheap" "$G/mcache" "$G/spans" >/dev/null 2>&1 &&
			echo >>"$tmp/reads"
		rest_until $((4 * $(now) - 3 * start + 2)) $tmp/over
	done
}

reads()
{
	wc -l <$tmp/reads
}

# Have the readers read what is there in this round.
let_them_read()
{
	local had

	had=$(reads)
	wait_until sh -c "[ \$(wc -l <$tmp/reads) -gt $had ]" && echo >>$tmp/read_rounds
}

# ---- rounds -----------------------------------------------------------------------

# A reader that has a file open keeps the module; between two it can go.
unload_under_readers()
{
	local tries=0

	while ! unload galloc 2>$tmp/why; do
		grep -q 'Resource temporarily unavailable' $tmp/why || return 1
		echo >>$tmp/refused
		tries=$((tries + 1))
		[ $tries -lt 5000 ] || return 1
		nap 0.002
	done
}

# Every fifth time with work in between, and read.
one_round()
{
	load_galloc || return 1
	[ $(($1 % 20)) -ne 0 ] || note "round $1 at $(cut -d ' ' -f 1 /proc/uptime) s"
	if [ $(($1 % 5)) -eq 0 ]; then
		load galloc_stress ops=2000 live=300 || return 1
		unload galloc_stress || return 1
		let_them_read
	fi
	unload_under_readers
}

# run_rounds FROM TO
run_rounds()
{
	local i=$1

	rm -f $tmp/over
	reader &
	reader &
	while [ "$i" -le "$2" ]; do
		one_round "$i" || echo "round $i: $(cat $tmp/why)" >>$tmp/broken
		i=$((i + 1))
	done
	: >$tmp/over
	wait
}

# ---- what is left --------------------------------------------------------------------

# Memory in kB that is not accounted for: neither free, in the zones or on the lists that
# each CPU has of free pages, nor in any use that the kernel counts.  Concurrent use
# is in both; a lost page is not.
missing_kb()
{
	awk '/nr_free_pages/ { free += $2 }
		/ count:/ { free += $2 }
		/^(MemTotal|Buffers|Cached|SwapCached|AnonPages|Slab|KernelStack|PageTables|SecPageTables|VmallocUsed|Percpu):/ {
			kb += $1 == "MemTotal:" ? $2 : -$2
		}
		END { print kb - free * 4 }' /proc/zoneinfo /proc/meminfo
}

# Some counts lag behind, some memory waits for a grace period or a worker:
# use the minimum of several readings of an idle system.
settled_kb()
{
	local i kb least=

	for i in 1 2 3 4 5 6; do
		echo 3 >/proc/sys/vm/drop_caches
		echo 1 >/proc/sys/vm/stat_refresh
		usleep 300000
		kb=$(missing_kb)
		[ -n "$least" ] && [ "$kb" -ge "$least" ] || least=$kb
	done
	echo "$least"
}

# Some memory comes back later than that where the host is busy.
settled_after_all()
{
	local n=0

	missing_all=$(settled_kb)
	while [ $((missing_all - missing_2)) -gt $MOST_LOST_KB ] && [ $n -lt 20 ]; do
		n=$((n + 1))
		sleep 2
		missing_all=$(settled_kb)
	done
}

# Tasks of ours: the workqueue's rescuer is called galloc, from 6.9 on kworker/R-galloc,
# cut after 15 letters.  Any other worker of the kernel's keeps the name of what it did
# last, kworker/...-galloc, and is none of ours.
tasks_of_ours()
{
	cat /proc/[0-9]*/comm 2>/dev/null | grep -cE '^(galloc|kworker/R-gallo)'
}

traces()
{
	echo "$(grep -c galloc /proc/modules) $(ls -d $G 2>/dev/null)" \
		"$(grep -c galloc $states) $(find $shrinkers -maxdepth 1 -name 'galloc*' 2>/dev/null | wc -l)" \
		"$(tasks_of_ours)"
}

nothing_is_left()
{
	[ "$(traces)" = "0  0 0 0" ]
}

rm -rf $tmp
mkdir -p $tmp
: >$tmp/reads
: >$tmp/read_rounds

# The looks must see galloc while it is there.
load_galloc
same "while it is loaded: a module" "$(grep -c '^galloc ' /proc/modules)" 1
check "while it is loaded: its files" test -r "$G/stats"
same "while it is loaded: a state of CPU hotplug" "$(grep -c ' mm/galloc' $states)" 1
if [ -d $shrinkers ]; then
	same "while it is loaded: a shrinker" "$(find $shrinkers -maxdepth 1 -name 'galloc*' | wc -l)" 1
fi
at_least "while it is loaded: a task for its work" "$(tasks_of_ours)" 1
unload galloc

log_mark
run_rounds 1 2
missing_2=$(settled_kb)
run_rounds 3 "$rounds"
settled_after_all
note "kB that nobody accounts for after 2 rounds: $missing_2, after $rounds: $missing_all"
note "reads: $(reads), unloads refused while a file was open: $(wc -l <$tmp/refused 2>/dev/null || echo 0)"

same "$rounds rounds: each loads and unloads" "$(head -n 1 $tmp/broken 2>/dev/null)" ""
same "$rounds rounds: each holds 0 pages" "$(log_new 'galloc: unloaded, 0 pages held' | wc -l)" "$rounds"
same "$rounds rounds: nothing else in the log" \
	"$(log_new galloc | grep -vE '^galloc: (loaded|unloaded, 0 )|^galloc_stress: ' | head -n 1)" ""
at_least "each fifth time there were readers" "$(wc -l <$tmp/read_rounds)" $((rounds / 5))
# The name of a task that has ended may be there a moment longer.
wait_until nothing_is_left
same "afterwards: no module, no file, no CPU hotplug, no shrinker, no task" "$(traces)" "0  0 0 0"
at_most "$rounds rounds: no page is missing, in kB" $((missing_all - missing_2)) $MOST_LOST_KB
# A worker that outlives its module crashes here at the latest.
check "a CPU goes offline and online" sh -c "echo 0 >/sys/devices/system/cpu/cpu3/online; echo 1 >/sys/devices/system/cpu/cpu3/online"

finish
