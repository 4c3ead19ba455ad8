#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# context.sh [SECONDS]: allocations and frees in tracepoints, where the kernel holds
# locks of the scheduler, of timers and of workqueues; 4 seconds by default, and as
# many again with memory short. Then two threads on each CPU that free and allocate
# 3 MiB each, and leave the CPUs to nobody. Two seconds of kmalloc() show what can be had.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

seconds=${1:-4}
tmp=/tmp/context
POINTS="sched_switch sched_wakeup timer_start timer_expire_entry hrtimer_start
	irq_handler_entry softirq_entry page_fault_user page_fault_kernel workqueue_queue_work"
# Short of memory nothing but the reserves of the system is left.
SHORT_MB=24

# On PREEMPT_RT kmalloc() must not be called there at all; galloc may say NULL.
rt=
[ ! -e /sys/kernel/realtime ] || rt=1
if [ -n "$rt" ]; then begin 15; else begin 16; fi

# Processes that come and go, and lines for the serial port: faults and interrupts.
beside()
{
	local n=0

	while [ ! -e $tmp/over ]; do
		cat "$G/stats" >/dev/null
		echo
		n=$((n + 1))
		[ $((n % 8)) -ne 0 ] || echo 1 >"$G/shrink"
		nap 0.02
	done
}

# context NAME PARAMETER...: sets $rc.
context()
{
	log_mark
	rm -f $tmp/over
	beside &
	rc=0
	load galloc_context "$@" || rc=$?
	: >$tmp/over
	wait
	[ $rc -ne 0 ] || unload galloc_context
	log_new 'galloc_context: ' | sed 's/^galloc_context: /# /'
}

# by_kmalloc PARAMETER...: the same of kmalloc(). Until 6.5 it hangs the machine, with the
# lock of a runqueue held, where a zone has been boosted: so none is.
by_kmalloc()
{
	local factor=/proc/sys/vm/watermark_boost_factor was

	was=$(cat $factor)
	echo 0 >$factor
	context use_kmalloc=1 "$@"
	echo "$was" >$factor
}

# count POINT WHAT: served or failed.
count()
{
	log_new "galloc_context: $1: " | sed "s/.* \([0-9]*\) $2.*/\1/"
}

# Where nothing was done.
idle_points()
{
	local point

	for point in $POINTS; do
		[ $(($(count "$point" served) + $(count "$point" failed))) -gt 0 ] || printf '%s ' "$point"
	done
}

# served WHERE: of 1000 requests in tracepoints, or of a task, how many were served.
served()
{
	log_new ' served, ' | case $1 in task) grep ': task: ' ;; *) grep -v ': task: ' ;; esac |
		awk '{ good += $3; all += $3 + $5 } END { printf "%d", 1000 * good / (all ? all : 1) }'
}

at_rest()
{
	same "$1: all objects kept their marks" "$rc" 0
	same "$1: it ran in each tracepoint" "$(idle_points)" ""
	echo 1 >"$G/shrink"
	check "$1: galloc's accounting is consistent" books_agree
	check "$1: the totals are exact" stats_at_rest $tmp/stats
	same "$1: nothing is in use, and no fault was seen" \
		"$(awk '$1 == "in_use_bytes" { print $2 }' $tmp/stats) $(awk '/^fault_/ { n += $2; some = 1 }
			END { print some ? n : "none counted" }' $tmp/stats "$G/events")" "0 0"
}

rm -rf $tmp
mkdir -p $tmp
load_galloc
least=0
if [ -z "$rt" ]; then
	by_kmalloc seconds=2
	same "kmalloc: all objects kept their marks" "$rc" 0
	least=$(($(served tracepoints) * 98 / 100))
fi
context seconds="$seconds"
at_rest "galloc"
at_least "galloc: requests served, of 1000" "$(served tracepoints)" "$least"

load galloc_hog leave_mb=$SHORT_MB
context seconds="$seconds"
unload galloc_hog
at_rest "short of memory"

by_kmalloc threads_only=1 each=2 seconds=2
least=$(($(served task) * 98 / 100))
context threads_only=1 each=2 seconds=2
same "threads of 3 MiB: all objects kept their marks" "$rc" 0
at_least "threads of 3 MiB: requests served, of 1000" "$(served task)" "$least"
check "galloc unloads" unload galloc
same "no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"

finish
