#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# tracers.sh: perf and bpftrace see each event of a run, and none twice: their counts are
# those of galloc's own numbers.  The lines of bpftrace are those of observing.rst.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/tracers
STRESS=${STRESS:-1000}

begin 17

# grew KEY
grew()
{
	awk -v "key=$1" '$1 == key { n += NR == FNR ? -$2 : $2 } END { print n }' $tmp/before $tmp/after
}

rm -rf $tmp
mkdir -p $tmp

# What is watched is a script of its own, which looks at galloc's numbers before and after.
# watched NAME COMMAND: makes it.
watched()
{
	cat >"/test/run-$1" <<-END
		. /test/lib.sh
		numbers()
		{
			echo 1 >"\$G/shrink"
			cat "\$G/stats" "\$G/events"
			awk 'NR > 1 { n += \$8 } END { print "allocs", n }' "\$G/classes"
		}
		numbers >$tmp/before
		$2
		numbers >$tmp/after
	END
}

watched stress "load galloc_stress ops=$STRESS live=256 && unload galloc_stress"
# One after the other: what interrupts a program of BPF on its CPU runs no other.  Of no heap:
# its numbers go with it.
watched records 'load nolock records=700 && unload nolock'

# perf_count NAME: of perf's table, of events that were all counted.
perf_count()
{
	awk -F , -v "event=galloc:$1" '$3 == event && $5 == "100.00" { print $1 }' $tmp/perf
}

# bpf NAME PROGRAM: what bpftrace says of records that are made, into the file bpf.
bpf()
{
	bpftrace -e "$1" -c "/bin/sh /test/run-records" >$tmp/bpf 2>$tmp/bpf.err
}

# map NAME: the number of a map.
map()
{
	sed -n "s/^@$1: \([0-9]*\)$/\1/p" $tmp/bpf
}

load_galloc
echo 0 >/proc/sys/kernel/kptr_restrict
sh /test/run-stress

check "perf stat counts a stress" \
	perf stat -x , -o $tmp/perf -e galloc:alloc,galloc:free,galloc:grow,galloc:refill -a sh /test/run-stress
at_least "allocations" "$(grew allocs)" $((STRESS / 2))
same "each allocation, once" "$(perf_count alloc)" "$(grew allocs)"
same "each free, once" "$(perf_count free)" "$(grew allocs)"
same "each chunk, once" "$(perf_count grow)" "$(grew grow_chunks)"
at_least "refills" "$(perf_count refill)" 1
check "perf record takes them with their stacks" \
	perf record -q -o $tmp/data -m 512 -e galloc:alloc -e galloc:free -a -g sh /test/run-stress
perf script -i $tmp/data -F event,trace >$tmp/script 2>$tmp/script.err
same "nothing was lost, and each allocation is there" \
	"$(grep -c LOST $tmp/script.err) $(grep -c 'galloc:alloc:' $tmp/script)" "0 $(grew allocs)"
same "and each free" "$(grep -c 'galloc:free:' $tmp/script)" "$(grew allocs)"

check "bpftrace counts, by the kernel's type information" \
	bpf 'tracepoint:galloc:alloc { @a = count(); @bytes = sum(args->bytes_alloc); @f[args->ptr] = 1; }
		tracepoint:galloc:free /@f[args->ptr]/ { @pairs = count(); delete(@f[args->ptr]); }
		tracepoint:galloc:free { @b = count(); } END { clear(@f); }'
note "$(head -n 1 $tmp/bpf.err)"
at_least "the records' allocations, of those for which memory is at hand" "$(grew allocs)" 100
same "each allocation, once" "$(map a)" "$(grew allocs)"
same "each free, once" "$(map b)" "$(grew allocs)"
same "each free is of an object that was allocated" "$(map pairs)" "$(grew allocs)"

# one_liner NAME: that of observing.rst whose first line has these words.
one_liner()
{
	awk -v "name=$1" '/^== / { on = index($0, name); next } on' /test/bpftrace
}

# All objects are gone at the end, and so are the names of the client's functions.
for name in "by caller" "asked for" "Lifetimes"; do
	bpf "$(one_liner "$name")"
	at_least "observing.rst, $name: lines" "$(grep -c '^@\|^\[' $tmp/bpf)" 1
	note "$(head -n 1 $tmp/bpf.err)"
done
unload galloc

finish
