#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# unload.sh [N]: unload galloc while 10,000 objects of a client that was just unloaded
# wait to be freed by RCU; N times, 30 by default. Then delay such callbacks just before
# they queue work, and the unload between its steps. Once more with long grace periods, of
# which most objects need two.
#
# A leftover timer of galloc would run only on a busy CPU, so afterwards all of them are
# busy.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

rounds=${1:-30}
tmp=/tmp/unload
last_cpu=$(($(grep -c ^processor /proc/cpuinfo) - 1))

begin 10

# Each CPU has something to do for 3 s.
busy()
{
	local cpu pids=

	rm -f $tmp/over
	for cpu in $(seq 0 $last_cpu); do
		taskset $((1 << cpu)) sh -c "while [ ! -e $tmp/over ]; do :; done" &
		pids="$pids $!"
	done
	sleep 3
	: >$tmp/over
	# shellcheck disable=SC2086 # several
	wait $pids
}

both_go()
{
	unload galloc_late && unload galloc
}

# Other requests for galloc's workers meanwhile.
beside_unload()
{
	echo 2 >/proc/sys/vm/drop_caches
	echo 0 >/sys/devices/system/cpu/cpu$last_cpu/online
	echo 1 >/sys/devices/system/cpu/cpu$last_cpu/online
}

# With short grace periods a client is gone before its callbacks run, else many of
# them have run by then.
one_round()
{
	echo $(($1 % 2)) >/sys/kernel/rcu_expedited
	load_galloc && load galloc_late || return 1
	if [ $(($1 % 5)) -eq 0 ]; then
		beside_unload &
		both_go && wait $!
	else
		both_go
	fi
}

hits()
{
	cat /sys/module/galloc_widen/parameters/hits
}

# At most 15 s.
wait_for_hit()
{
	local n=0

	while [ "$(hits)" -eq 0 ] && [ "$n" -lt 300 ]; do
		nap 0.05
		n=$((n + 1))
	done
}

# held_up COMMAND CLIENT PARAMETER...: galloc and its client, with galloc_widen, unloaded
# by COMMAND; adds to $hits.
held_up()
{
	local unload_them=$1 client=$2
	shift 2

	# shellcheck disable=SC2086 # several words
	load galloc_widen "$@" && load_galloc && load galloc_late $client && $unload_them || return 1
	note "$*: held up $(hits) times"
	hits=$((hits + $(hits)))
	unload galloc_widen
}

arm()
{
	echo 1 >/sys/module/galloc_widen/parameters/armed
}

# galloc's workers have come to rest, so that callbacks set them going; it is unloaded
# while one of these is about to, which nothing in an unload but rcu_barrier() may wait
# for: unloading the client must not have waited for a callback.
while_queueing()
{
	sleep 3
	echo 1 >/sys/kernel/rcu_expedited
	arm
	unload galloc_late
	wait_for_hit
	unload galloc || return 1
	busy
}

while_others_work()
{
	beside_unload &
	arm
	both_go && wait $!
}

# What is freed early flies alone; the rest has to wait for that, and then a grace period
# of its own. Both take a second, while unloading does not wait for such a one.
while_flying()
{
	local first=/sys/module/rcutree/parameters/jiffies_till_first_fqs was rc

	was=$(cat "$first")
	load_galloc && load galloc_late early=1 || return 1
	echo 1 >/sys/kernel/rcu_expedited
	echo 1000 >"$first"
	both_go
	rc=$?
	echo "$was" >"$first"
	return "$rc"
}

rm -rf $tmp
mkdir -p $tmp
# Get the kernel's message about the first out-of-tree module out of the way.
load_galloc
unload galloc
log_mark
n=0
while [ $n -lt "$rounds" ] && one_round $n; do
	n=$((n + 1))
	[ $((n % 10)) -ne 0 ] || note "round $n at $(cut -d ' ' -f 1 /proc/uptime) s"
done
same "$rounds rounds: clients and galloc load and unload" $n "$rounds"
same "$rounds rounds: no page is held" "$(log_new 'galloc: unloaded, 0 pages held' | wc -l)" "$rounds"

hits=0 n=0
# Few, and of whole pages: what is queued late has to outlast all other callbacks.
for skip in 0 1; do
	held_up while_queueing "nr=8 size=65000" where=queue ms=3000 skip=$skip && n=$((n + 1))
done
same "work is about to be queued: each unload succeeds" $n 2
at_least "work is about to be queued: how often" $hits 1

hits=0 n=0
for ms in 10 100; do
	held_up while_others_work nr=10000 where=unload ms=$ms times=20 && n=$((n + 1))
done
same "between two steps: each unload succeeds" $n 2
at_least "between two steps: how often" $hits 10

check "objects wait for those before them: it unloads" while_flying

same "no page is held" "$(log_new 'galloc: unloaded' | grep -v ', 0 pages held$')" ""
same "galloc prints nothing else" \
	"$(log_new '^galloc: ' | grep -vE '^galloc: (loaded|unloaded, 0 )' | head -n 1)" ""
busy
check "a CPU goes offline and online" sh -c "echo 0 >/sys/devices/system/cpu/cpu$last_cpu/online; echo 1 >/sys/devices/system/cpu/cpu$last_cpu/online"

finish
