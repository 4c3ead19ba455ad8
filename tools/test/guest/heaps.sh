#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# heaps.sh: what debugfs shows of private heaps and typed caches of a client, and what
# remains of them when it unloads: of one heap nothing, of the others the objects that it
# has left behind.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

# of FILE FIRST LAST: these columns of its lines but the first.
of()
{
	awk -v first="$2" -v last="$3" 'NR > 1 {
		for (i = first; i <= last; i++)
			printf "%s%s", $i, i < last ? " " : ";"
	}' "$G/$1"
}

begin 13

load_galloc
same "no heap, no line" "$(of heaps 1 1)" ""
log_mark
check "a client with two heaps of one name loads" load galloc_heaps
same "each has a line, with its limit" "$(of heaps 1 2)" "guest 2097152;guest.2 0;"
same "the first has what the client took" "$(of heaps 4 4 | cut -d';' -f1)" \
	$((100 * 64 + 1048576 + 100 * 1000))
same "and a table of its classes" "$(of heap/guest/classes 1 3)" \
	"large 0 1;6 64 100;inside 1000 100;"
same "classes has a line for the cache" "$(awk '$1 == "lone" { print $2, $3 }' "$G/classes")" \
	"200 5"
same "metrics has a line for each" "$(sed -n 's/^galloc_heap_limit_bytes//p' "$G/metrics" | tr '\n' ';')" \
	'{heap="guest"} 2097152;{heap="guest.2"} 0;'
same "and for each cache" "$(sed -n 's/^galloc_cache_in_use_objects//p' "$G/metrics" | tr '\n' ';')" \
	'{cache="inside"} 100;{cache="lone"} 5;'
check "the client unloads" unload galloc_heaps
same "what it left is reported once for each" \
	"$(log_new 'galloc: live: ' | sed 's/.*objects: //; s/, [^,]*$//' | tr '\n' ';')" \
	"heap guest.2, 5 objects in 1 spans;cache lone, 5 objects in 1 spans;"
same "the objects that it left are in use, no others" "$(stat_of in_use)" \
	$((5 * 64 + 5 * 200))
check "galloc works" load galloc_stress ops=20000
unload galloc_stress
unload galloc
same "galloc reports them, too" \
	"$(log_new 'galloc: leak: ' | sort | tr '\n' ';')" \
	"galloc: leak: 5 objects of guest.2 (64 bytes);galloc: leak: 5 objects of lone (200 bytes);"

finish
