#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# rounds.sh [N]: load and unload galloc N times, 100 by default, under readers of
# its debugfs files. Afterwards nothing of it may be left, and no page be missing.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

rounds=${1:-100}
tmp=/tmp/rounds
states=/sys/devices/system/cpu/hotplug/states
shrinkers=/sys/kernel/debug/shrinker
MOST_LOST_KB=1024

# Stock 6.1 does not list its shrinkers.
if [ -d $shrinkers ]; then begin 14; else begin 13; fi

# ---- readers ----------------------------------------------------------------------

# Reads what there is; that a file is gone meanwhile is part of it.
reader()
{
	while [ ! -e $tmp/over ]; do
		cat "$G/stats" "$G/classes" "$G/mheap" "$G/mcache" "$G/spans" >/dev/null 2>&1 &&
			echo >>"$tmp/reads"
		usleep 20000
	done
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
		[ $tries -lt 500 ] || return 1
		usleep 2000
	done
}

# Every fifth time with work in between.
one_round()
{
	load_galloc || return 1
	[ $(($1 % 20)) -ne 0 ] || note "round $1 at $(cut -d ' ' -f 1 /proc/uptime) s"
	if [ $(($1 % 5)) -eq 0 ]; then
		load galloc_stress ops=2000 live=300 || return 1
		unload galloc_stress || return 1
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

# Free memory in kB: of the zones, and of the lists that each CPU has of free pages.
free_kb()
{
	local i

	for i in 1 2 3; do
		echo 3 >/proc/sys/vm/drop_caches
		echo 1 >/proc/sys/vm/compact_memory
		usleep 300000
	done
	awk '/nr_free_pages/ { n += $2 } / count:/ { n += $2 } END { print n * 4 }' /proc/zoneinfo
}

# The kernel's own small objects, of which each module that comes and goes leaves some.
slab_kb()
{
	awk '/^Slab:/ { print $2 }' /proc/meminfo
}

# Other uses of memory, for the one who wonders.
uses()
{
	note "$1: $(awk '/^(MemFree|Cached|AnonPages|Shmem|Slab|KernelStack|PageTables|VmallocUsed|Percpu):/ { printf "%s %s ", $1, $2 }' /proc/meminfo)"
}

# Names of tasks: the workqueue's rescuer is called galloc. A worker of the kernel's
# keeps the name of what it did last, kworker/...-galloc, and is none of ours.
tasks_of_ours()
{
	cat /proc/[0-9]*/comm 2>/dev/null | grep -v '^kworker/' | grep -c galloc
}

traces()
{
	echo "$(grep -c galloc /proc/modules) $(ls -d $G 2>/dev/null)" \
		"$(grep -c galloc $states) $(find $shrinkers -maxdepth 1 -name 'galloc*' 2>/dev/null | wc -l)" \
		"$(tasks_of_ours)"
}

rm -rf $tmp
mkdir -p $tmp

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
free_2=$(free_kb)
slab_2=$(slab_kb)
noise=$(($(free_kb) - free_2))
uses "after 2 rounds"
run_rounds 3 22
free_22=$(free_kb)
uses "after 22"
run_rounds 23 "$rounds"
free_all=$(free_kb)
uses "after $rounds"
note "kB free after 2 rounds: $free_2, two looks differ by $noise; after 22: $free_22; after $rounds: $free_all"
note "reads: $(wc -l <$tmp/reads), unloads refused while a file was open: $(wc -l <$tmp/refused 2>/dev/null || echo 0)"

same "$rounds rounds: each loads and unloads" "$(head -n 1 $tmp/broken 2>/dev/null)" ""
same "$rounds rounds: each holds 0 pages" "$(log_new 'galloc: unloaded, 0 pages held' | wc -l)" "$rounds"
same "$rounds rounds: nothing else in the log" \
	"$(log_new | grep -vE '^galloc: (loaded|unloaded, 0 )|^galloc_stress: |drop_caches: ' | head -n 1)" ""
at_least "there were readers" "$(wc -l <$tmp/reads)" 20
same "afterwards: no module, no file, no CPU hotplug, no shrinker, no task" "$(traces)" "0  0 0 0"
at_most "the looks agree, in kB" "${noise#-}" $((MOST_LOST_KB / 2))
at_most "20 rounds more: no page is missing, in kB" $((free_2 - free_22)) $MOST_LOST_KB
at_most "$rounds rounds: no page is missing, but for slabs, in kB" \
	$((free_2 + slab_2 - free_all - $(slab_kb))) $((MOST_LOST_KB / 2))
# A worker that outlives its module crashes here at the latest.
check "a CPU goes and comes" sh -c "echo 0 >/sys/devices/system/cpu/cpu3/online; echo 1 >/sys/devices/system/cpu/cpu3/online"

finish
