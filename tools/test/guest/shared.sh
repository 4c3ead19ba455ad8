#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# shared.sh: pages that the network refers to when their object is freed, and objects
# passed to kfree(). The kernel warns about these with a trace, so this script shows
# the log before, and clears it afterwards.

# wait_until calls this indirectly.
# shellcheck disable=SC2317

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

damaged=/sys/module/galloc_misfree/parameters/damaged
kept_damaged=/sys/module/galloc_keep/parameters/damaged
MISFREED=1000
MOST_OFF_KB=2000

begin 24

# Until 6.15 kfree() took any page.
kfree_takes_pages()
{
	uname -r | awk -F '[.-]' '{ exit !($1 * 100 + $2 < 615) }'
}

# A mark that is the first line would not be found.
empty_log()
{
	dmesg -c >/dev/null
	echo "galloc-test: emptied" >/dev/kmsg
}

stat_is()
{
	[ "$(stat_of "$1")" = "$2" ]
}

slab_kb()
{
	awk '$1 == "SUnreclaim:" { print $2 }' /proc/meminfo
}

# slab_is_back: as much as before, roughly; sets by how much not.
slab_is_back()
{
	off=$(($(slab_kb) - before))
	off=${off#-}
	[ "$off" -le "$MOST_OFF_KB" ]
}

# Bytes that are wrong, by the client's report about an allocator.
wrong()
{
	log_new "galloc_sent: $1: " | sed 's/.*: \([0-9]*\) of.*/\1/'
}

# ---- sent, then freed ---------------------------------------------------------

ifconfig lo up
# What another CPU has received it frees on the sender's CPU, when that next receives
# something, which may be never: a packet of ours would keep its pages.
[ ! -e /proc/sys/net/core/skb_defer_max ] || echo 0 >/proc/sys/net/core/skb_defer_max
log_mark
load_galloc
check "objects are sent and freed at once" load galloc_sent
same "all of it arrives as it was sent" "$(wrong galloc)" 0
same "so it does with kmalloc()" "$(wrong kmalloc)" 0
at_least "some of them had to wait" "$(stat_of deferrals)" 1
check "and none waits for ever" wait_until stat_is deferred 0
same "nothing is in use" "$(stat_of in_use)" 0
check "the totals are exact" stats_at_rest /tmp/shared.stats
check "galloc's accounting is consistent" sh -c "echo 1 >$G/validate"
unload galloc_sent
unload galloc
same "no page is held" "$(log_new 'galloc: unloaded')" "galloc: unloaded, 0 pages held"

# ---- shared still when galloc goes ----------------------------------------------

log_mark
load galloc_keep
load_galloc
load galloc_leak shared=1
unload galloc_leak
check "freed objects that others refer to wait" wait_until stat_is deferred $(((16 + 64 + 4096) * 1024))
same "and are not in use" "$(stat_of in_use)" 0
check "galloc unloads nevertheless" unload galloc
# A page each of two, and of the third, above a block, all, as with kmalloc().
same "it leaves shared pages to their users, and nothing has leaked" \
	"$(log_new 'galloc: .* in use by others\|galloc: leak')" \
	"galloc: 1026 pages are still in use by others, which will free them"
check "another module takes all memory" load galloc_hog leave_mb=40
same "the objects are as they were freed" "$(cat $kept_damaged)" 0
unload galloc_hog
unload galloc_keep

# ---- freed by kfree() -----------------------------------------------------------

echo "@@ the log until here"
dmesg | sed 's/^<[0-9]*>//'
empty_log
log_mark
load_galloc
before=$(slab_kb)
check "a client passes a thousand objects to kfree()" load galloc_misfree
same "their neighbours are as they were" "$(cat $damaged)" 0
want=0
! kfree_takes_pages || want=$MISFREED
check "each is found, by galloc itself" wait_until stat_is fault_foreign_ref $want
wait_until slab_is_back
at_most "the slab allocator has its pages again, but for KB" "$off" $MOST_OFF_KB
check "galloc's accounting is consistent afterwards" sh -c "echo 1 >$G/validate"
same "spans has them" "$(awk '$9 == 255 { n = -1 } $9 ~ /^[0-9]+$/ && n >= 0 { n += $9 } END { print n }' $G/spans)" $want
same "the neighbours are still as they were" "$(cat $damaged)" 0
unload galloc_misfree
unload galloc
same "the report of leaks has them, too" \
	"$(log_new "galloc: leak: .* objects" | sed 's/.*leak: \([0-9]*\) .*/\1/' | awk '{ n += $1 } END { print n }')" $MISFREED
same "the kernel complained of kfree() and of nothing else" \
	"$(log_new 'WARNING: \|BUG: \|Oops' | grep -v 'free_large_kmalloc' | head -n 1)" ""
empty_log

finish
