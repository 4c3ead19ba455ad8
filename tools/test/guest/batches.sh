#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# batches.sh [OBJECTS]: gfree_rcu() on all CPUs at once, of 1,000,000 objects by default: a
# batch takes one callback of RCU, and no object is left. kfree_rcu() is the reference.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

objects=${1:-1000000}
tmp=/tmp/batches

begin 12
rm -rf $tmp
mkdir -p $tmp

# said WHAT: the number before it in the module's line.
said()
{
	log_new 'galloc_batches: ' | sed -n "s/.* \([0-9]*\) $1.*/\1/p"
}

# run_it PARAMETER...
run_it()
{
	log_mark
	load galloc_batches nr="$objects" "$@" && unload galloc_batches || return 1
	log_new 'galloc_batches: ' | sed 's/^/# /'
}

load_galloc
cpus=$(grep -c '^processor' /proc/cpuinfo)
before=$(stat_of rcu_batches)

rc=0
run_it || rc=$?
same "gfree_rcu() of $objects objects on $cpus CPUs" "$rc" 0
callbacks=$(said callbacks)
check "galloc's accounting is consistent" books_agree
check "the totals are exact" stats_at_rest $tmp/stats
same "no object was refused" "$(said refused)" 0
same "each batch takes one callback" "$callbacks" $(($(stat_of rcu_batches) - before))
# A CPU's next batch begins when the one before has had its grace period.
at_most "a CPU has one batch in a grace period" "$callbacks" $((cpus * ($(said 'grace periods') + 2)))
at_most "a batch has many objects" "$callbacks" $((objects / 10))
same "no object waits any longer" "$(stat_of rcu_waiting_objects)" 0
at_least "objects have waited" "$(stat_of rcu_peak_objects)" 1
same "nothing is in use" "$(stat_of in_use)" 0

run_it use_kmalloc=1
at_most "kfree_rcu() takes as few callbacks" "$(said callbacks)" $((objects / 10))
unload galloc
same "no page is held" "$(dmesg | grep -c 'galloc: unloaded, 0 pages held' | sed 's/^[1-9].*/1/')" 1

finish
