#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# override.sh: each call that galloc-override.h replaces, beside the kernel's own; and a
# module with a heap of its own.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

log=/tmp/override

begin 39

load_galloc
log_mark
check "the module loads" load galloc_override
log_new 'galloc_override: ' >$log
grep 'not ok' $log | sed 's/^/# /'
for name in "kmalloc" "kmalloc of a constant size" "kmalloc_node" "arrays and overflows" \
	"memory of a zone" "krealloc" "kvmalloc" "kvrealloc" "copies and strings" \
	"copies from user space" "a cache" "a cache with a constructor" \
	"caches that are the kernel's" "caches with more arguments" "memory pools" \
	"kfree_rcu" "__free" "functions by their address" "objects of both allocators" \
	"allocation by type" "calls that opt out" "objects that core code frees" \
	"payloads of keys" "netpoll" "the filter of a walk through xfrm"; do
	check "$name" grep -qx "galloc_override: ok - $name" $log
done
unload galloc_override
same "nothing is left" "$(stat_of in_use)" 0

log_mark
check "a module with a limited heap loads" load galloc_override_heap galloc_heap_limit_mb=2 leak=3
same "debugfs has the heap, with its limit" \
	"$(awk '$1 == "galloc_override_heap" { print $2 }' "$G/heaps")" 2097152
held=$(awk '$1 == "galloc_override_heap" { print $3 }' "$G/heaps")
check "the limit holds, but for what must not fail: $held" \
	test "$held" -gt 2097152 -a "$held" -le $((2097152 + 65536))
n=$(log_new | sed -n 's/^galloc_override_heap: \([0-9]*\) of 10000, text of galloc_override_heap, no failure 1$/\1/p')
check "it is used up, and what must not fail does not: $n" \
	test "${n:-0}" -gt 1500 -a "${n:-0}" -lt 2100
unload galloc_override_heap
same "what it has left in it is reported" \
	"$(log_new 'galloc: live: ' | sed 's/.*objects: //; s/ in [0-9]* spans, .*$//')" \
	"heap galloc_override_heap, 3 objects"
same "the heap is gone" "$(grep -c galloc_override_heap "$G/heaps")" 0
check "it loads without a limit" load galloc_override_heap
unload galloc_override_heap
same "and leaves nothing" "$(stat_of in_use)" $((3 * 1024))
refused=0
load galloc_override_heap fail=1 2>/dev/null || refused=1
same "it does not load where its own init function fails" $refused 1
same "and then leaves no heap" "$(grep -c galloc_override_heap "$G/heaps")" 0
same "nor an object" "$(stat_of in_use)" $((3 * 1024))
same "no other report" "$(awk '/^fault_/ && !/live/ { n += $2 } END { print n + 0 }' "$G/stats" "$G/events")" 0

unload galloc
finish
