#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# drgn.sh: tools/drgn/galloc.py on this kernel, while it runs, says what the files of debugfs
# say, and what single addresses are.  Then the host dumps the guest's memory, and
# stock.sh asks the dump the same.
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

tmp=/tmp/drgn
T=/sys/kernel/tracing

begin 16

asks()
{
	python3 /test/galloc.py -m "$MODULES/galloc.ko" "$@"
}

# pointers OWNER: of its objects, as the events have shown them.
pointers()
{
	sed -n "s/.*: alloc: .*ptr=\(0x\)*\([0-9a-f]*\) .*owner=$1\$/0x\2/p" $tmp/events
}

# A live object of 256 bytes, of the client with the five chains.
recorded()
{
	awk '
		match($0, /ptr=[^ ]*/) { p = substr($0, RSTART + 4, RLENGTH - 4) }
		/: alloc: .* class=18 / { live[p] }
		/: free: / { delete live[p] }
		END { for (p in live) last = p; print "0x" last }' $tmp/events | sed 's/0x0x/0x/'
}

# what WORD...: the first line of what it says.
what()
{
	asks what "$@" 2>&1 | head -n 1
}

memory_came()
{
	[ "$(awk '/MemTotal/ { print $2 }' /proc/meminfo)" -gt "$had" ]
}

rm -rf $tmp
mkdir -p $tmp
same "without galloc, one line" "$(asks classes 2>&1)" "galloc.py: galloc is not loaded there"
load_galloc debug=class=18 sample_kb=16
insmod "$MODULES/qemu_fw_cfg.ko"
load wordfreq
cat /test/text >"$W/text"
echo 0 >$T/options/hash-ptr
echo 1 >$T/events/galloc/alloc/enable
echo 1 >$T/events/galloc/free/enable
load galloc_heaps
load galloc_chains
echo 1 >/sys/module/galloc_chains/parameters/seed
echo 0 >$T/events/galloc/free/enable
echo 0 >$T/events/galloc/alloc/enable
cat $T/trace >$tmp/events
echo 1 >"$G/shrink"
books_agree

small=$(pointers guest | head -n 1)
large=$(pointers guest | tail -n 1)
chain=$(recorded)
check "it reads the classes" sh -c "python3 /test/galloc.py -m $MODULES/galloc.ko classes >$tmp/classes"
same "and finds what the file has" \
	"$(awk 'NR > 1 && $3 { print $1, $2, $3, $6, $7 }' $tmp/classes | sort | tr '\n' ';')" \
	"$(awk 'NR > 1 && $3 && ($1 + 0 || $1 == "large") { print $1, $2, $3, $6, $7 }' "$G/classes" | sort | tr '\n' ';')"
same "caches" "$(asks caches | awk 'NR > 1 { print $1, $2, $3, $6 }' | sort | tr '\n' ';')" \
	"$(awk '$1 == "inside" || $1 == "lone" { print $1, $2, $3, $6 }' "$G/classes" | sort | tr '\n' ';')"
same "heaps" "$(asks heaps | awk 'NR > 1 { print $1, $2, $3, $5 }' | tr '\n' ';')" \
	"$(awk 'NR > 1 { print $1, $2, $3, $4 }' "$G/heaps" | tr '\n' ';')"
same "spans" "$(asks spans | awk 'NR > 1 { n++; p += $3; b += $8 } END { print n, p, b }')" \
	"$(awk 'NR > 1 { n++; p += $3; b += $10 } END { print n, p, b }' "$G/spans")"
same "an object of a heap" "$(what "$small" | sed 's/object [0-9]* of [0-9]*/object/; s/; .*//')" \
	"$small: object, class 6, 64 bytes: live, of heap guest"
same "an address in it" "$(what "$(printf '0x%x' $((small + 5)))" | grep -o '[0-9]* bytes into it: live')" \
	"5 bytes into it: live"
same "whole pages" "$(what "$(printf '0x%x' $((large + 70000)))" | sed 's/.*: whole/whole/; s/; .*//')" \
	"whole pages, 1048576 bytes, 70000 bytes into it: live, of heap guest"
same "who has allocated one that is recorded" \
	"$(asks what "$chain" | grep -c 'allocated by task\|  chain_[a-e]+.*\[galloc_chains\]')" 2
same "what is not galloc's" "$(what 0xffffffff81000000)" "0xffffffff81000000: not galloc's"
same "the leak walk names the chain that has most, and the cache" \
	"$(asks leaks >$tmp/leaks; grep -o 'chain_[a-e]' $tmp/leaks | head -n 1) $(grep ' of cache lone' $tmp/leaks)" \
	"chain_b 5 objects of 200 bytes, of cache lone"
same "no address, one line" "$(asks what xyz 2>&1)" "galloc.py: xyz is no address: give it in hexadecimal, 0xffff..."
same "another galloc.ko, one line" "$(python3 /test/galloc.py -m "$MODULES/hello.ko" classes 2>&1 | grep -c '^galloc.py: ')" 1

# The same again for the dump; galloc's worker has nothing left to do.
for command in classes caches heaps "what $small $large $chain"; do
	echo "@@ live $command"
	# shellcheck disable=SC2086 # several words
	asks $command
	echo "@@ done"
done
had=$(awk '/MemTotal/ { print $2 }' /proc/meminfo)
echo "@@ host dump"
check "the host has dumped the memory" wait_until memory_came
unload galloc_chains
unload galloc_heaps
unload wordfreq
check "galloc unloads" unload galloc

finish
