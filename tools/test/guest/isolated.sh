#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# isolated.sh: the last CPU is isolated from the others (isolcpus=, nohz_full=): galloc
# runs its background work elsewhere. Reclaims memory while that CPU
# has objects on its stacks; the kernel's trace of work items shows what ran where.

# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

T=/sys/kernel/tracing
cpus=/sys/devices/system/cpu
event=$T/events/workqueue/workqueue_execute_start/enable

begin 8

# Work items of galloc's that ran on these CPUs.
ran_on()
{
	for cpu in "$@"; do cat "$T/per_cpu/cpu$cpu/trace"; done | grep -c '\[galloc\]'
}

# held CPU: bytes that it caches.
held()
{
	awk -v cpu="$1" '$1 == cpu { n += $6 } END { print n + 0 }' "$G/mcache"
}

# The CPUs share the operations: where one is slow, the others may be done before it begins.
stress_until_cached()
{
	local n=0

	while [ "$(held 3)" -lt 4096 ]; do
		n=$((n + 1))
		[ "$n" -le 8 ] || return 1
		load galloc_stress ops=40000 huge=0 && unload galloc_stress || return 1
	done
}

mount -t tracefs none $T 2>/dev/null
same "a CPU is isolated" "$(cat $cpus/isolated)" 3
same "it does without ticks" "$(cat $cpus/nohz_full)" 3
check "work items are traced" test -w $event
load_galloc
check "the stress runs on all CPUs" stress_until_cached
at_least "the isolated CPU caches objects, in bytes" "$(held 3)" 4096

echo >$T/trace
echo 1 >$event
for _ in 1 2 3 4; do
	echo 2 >/proc/sys/vm/drop_caches
	load galloc_stress ops=4000 live=400 huge=0
	unload galloc_stress
	sleep 1
done
echo 0 >$event
at_least "work items of galloc's on other CPUs" "$(ran_on 0 1 2)" 1
same "work items of galloc's on the isolated one" "$(ran_on 3)" 0
check "galloc unloads" unload galloc

finish
