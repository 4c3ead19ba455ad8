#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# scarce.sh [SEEDS [FIRST]]: in fragmented memory galloc succeeds as long as kmalloc() does.
# For each seed, memory is cut into blocks of some orders, and kmalloc() and then galloc
# serve the same requests, see tools/stress/galloc_fragment.c:
#
#	what kmalloc() always has, galloc always has: each size, each kind of flags;
#	in sum it has at least 0.98 of what kmalloc() has; 0.97 where many objects of a size
#	share single pages, see why/descriptors.rst;
#	it causes no more OOM kills.
#
# And both do the same mixed program while memory is cut again and again, see
# tools/stress/galloc_mixed.c: of short runs, and of all, galloc serves at least 0.98 of the
# share that kmalloc() serves. How long an operation takes is only shown: on a busy machine a few
# waits are most of it.
#
# Requests for larger blocks than there should be succeed by chance: these are compared
# over all seeds only.
#
# Needs a guest with little memory, since it takes all of it each time.
#
# shellcheck disable=SC2317 # called by their names

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

seeds=${1:-1}
seed=${2:-1}
end=$((seed + seeds))
tmp=/tmp/scarce

# cases_of SEED: each as ORDER of the blocks, and more parameters. Over ten seeds each
# order comes up three times. Of objects of a power of two kmalloc() wastes nothing.
cases_of()
{
	if [ "$seeds" -eq 1 ]; then
		echo "0,fill=1,fill_size=4096 0,fill=1,fill_size=128,during=1 3,fill=1 1,during=1"
		return
	fi
	set -- "$1" $((128 << ($1 % 6)))
	echo "$(($1 % 10)),fill=1,during=1 $((($1 * 3 + 1) % 10)),during=1" \
		"$((($1 + 5) % 10)),fill=1,fill_size=$2"
}

cases=$(cases_of 1 | wc -w)
if [ "$seeds" -eq 1 ]; then begin $((4 * cases + 3)); else begin $((3 * seeds * cases + 5)); fi

# Victims for the OOM killer, each with some MB, to protect the script.
victims()
{
	local n=0

	for pid in $victims; do kill "$pid" 2>/dev/null; done
	victims=
	while [ $n -lt 4 ]; do
		sh -c 'x=$(head -c 4000000 /dev/zero | tr "\0" x); echo 1000 >/proc/$$/oom_score_adj; read -r x' <$tmp/never &
		victims="$victims $!"
		n=$((n + 1))
	done
	# That is the last that each does before it waits.
	for pid in $victims; do
		wait_until grep -qsx 1000 "/proc/$pid/oom_score_adj"
	done
}
victims=

kills()
{
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

# pass ALLOCATOR PARAMETER...: leaves its lines in $tmp/ALLOCATOR, sets $killed.
pass()
{
	local name=$1 before
	shift

	[ -z "$stuck" ] || { : >"$tmp/$name"; return; }
	load_galloc
	before=$(kills)
	# shellcheck disable=SC2086 # several words
	load galloc_fragment "$@"
	killed=$(($(kills) - before))
	cat /sys/kernel/debug/galloc_fragment >"$tmp/$name"
	stuck=$(sed -n "s/^stuck/$name:/p" "$tmp/$name")
	# Waiting for a thread that hangs would hang.
	[ -z "$stuck" ] || return
	unload galloc_fragment
	[ "$name" = kmalloc ] || books_agree || echo "galloc's books do not agree; " >"$tmp/bad"
	unload galloc
}
stuck=

# Sizes and flags of which kmalloc() had all, and galloc had not; or of many all but one, by
# chance, and galloc less than half of that.
worse()
{
	paste "$tmp/kmalloc" "$tmp/galloc" | awk -v order="$1" '
		$1 != $6 || $2 != $7 { print "the lines differ"; exit }
		$3 <= order && ($4 == $5 ? $10 < $9 : $4 >= 10 && $4 - $5 == 1 && 2 * $10 < $5) {
			bad++
			if (bad <= 4) printf "%s %s %d of %d; ", $6, $7, $10, $9
		}
		END { if (bad > 4) printf "%d in all", bad }'
}

# share WHAT ORDER FILE...: served by galloc of 1000 served by kmalloc(); bytes of those
# that fill memory, or objects of up to that order that do not.
share()
{
	local what=$1 order=$2
	shift 2

	awk -v what="$what" -v order="$order" '
		($2 ~ /^fill/) == (what == "fill") && (what == "fill" || $3 <= order) {
			weight = what == "fill" ? $1 : 1
			k += $5 * weight
			g += $10 * weight
		}
		END { printf "%d", k ? 1000 * g / k : what == "fill" && NR ? 1000 : 0 }' "$@"
}

# How much of what kmalloc() has it must have of memory that is full, of 1000.
least_of()
{
	case $* in
	*fill_size=4096*) echo 980 ;;
	*fill_size*) echo 970 ;;
	*) echo 980 ;;
	esac
}

# Both allocators once; sets $by_kmalloc and $killed.
both()
{
	victims
	pass kmalloc use_kmalloc=1 "$@"
	by_kmalloc=$killed
	victims
	pass galloc use_kmalloc=0 "$@"
	paste $tmp/kmalloc $tmp/galloc >$tmp/both
}

enough()
{
	[ "$(share ask "$order" $tmp/both)" -ge 980 ] &&
		{ [ "$seeds" -gt 1 ] || [ "$(share fill "$order" $tmp/both)" -ge "$least" ]; }
}

# What else holds memory, the system's own lists too, differs between the two passes, by half
# a percent at times, and two may be missing: too little must be measured three times. A
# request that kmalloc() serves and galloc does not, or one more kill, fails at once.
one_case()
{
	local name=$1 order=$2 by_kmalloc least worse='' tries=3
	shift 2

	least=$(least_of "$@")
	while [ $tries -gt 0 ]; do
		both order="$order" "$@"
		worse=$worse$(worse "$order")
		tries=$((tries - 1))
		{ [ -z "$stuck" ] && [ "$killed" -le "$by_kmalloc" ] && ! enough; } || tries=0
	done
	if [ -n "$stuck" ]; then
		not_ok "$name: all that kmalloc has" "stuck, $stuck"
	else
		same "$name: all that kmalloc has" "$worse$(cat "$tmp/bad" 2>/dev/null)" ""
	fi
	cat $tmp/both >>$tmp/all
	at_least "$name: served, of 1000 that kmalloc has" "$(share ask "$order" $tmp/both)" 980
	[ "$seeds" -gt 1 ] ||
		at_least "$name: served until there is no more, of 1000 that kmalloc has" \
			"$(share fill "$order" $tmp/both)" "$least"
	at_most "$name: killed, of kmalloc's $by_kmalloc" "$killed" "$by_kmalloc"
	note "$name: served $(awk '$2 !~ /^fill/ { k += $5; g += $10 } END { print k " and " g }' $tmp/both);" \
		"filled: $(awk '$2 ~ /^fill/ { printf "%s %s %d and %d; ", $1, $2, $5, $10 }' $tmp/both)" \
		"at $(cut -d ' ' -f 1 /proc/uptime) s"
}

# mixed_pass ALLOCATOR: adds what it says to $tmp/mixed.ALLOCATOR.
mixed_pass()
{
	local kmalloc=0

	[ "$1" = galloc ] || kmalloc=1
	load_galloc
	load galloc_mixed seed="$seed" use_kmalloc=$kmalloc
	cat /sys/kernel/debug/galloc_mixed >>"$tmp/mixed.$1"
	unload galloc_mixed
	books_agree || echo "galloc's books do not agree; " >>$tmp/mixed.bad
	unload galloc
}

# mixed_share PAGES: of 1000 served by kmalloc(), of runs of up to so many, served by galloc of
# as many requests.
mixed_share()
{
	awk -v most="$1" '
		$1 ~ /^[0-9]/ && $1 <= most {
			if (FILENAME ~ /kmalloc/) { ka += $2; ks += $3 } else { ga += $2; gs += $3 }
		}
		END { printf "%d", ka && ga && ks ? 1000 * (gs / ga) / (ks / ka) : 0 }' \
		$tmp/mixed.kmalloc $tmp/mixed.galloc
}

# The sum of a key over the passes of an allocator.
mixed_sum()
{
	awk -v key="$2" '$1 == key { n += $2 } END { print n + 0 }' "$tmp/mixed.$1"
}

mixed_is_well()
{
	[ "$(mixed_share 8)" -ge 980 ] && [ "$(mixed_share 1024)" -ge 980 ]
}

# In turns, since each finds what the one before has left of memory; and again if that is too
# little, since how much there is depends on much else.
mixed()
{
	local tries=3 name

	while [ $tries -gt 0 ]; do
		rm -f $tmp/mixed.*
		victims
		for name in kmalloc galloc galloc kmalloc; do mixed_pass $name; done
		tries=$((tries - 1))
		! mixed_is_well || tries=0
	done
	at_least "mixed requests: served of up to 8 pages, of 1000 that kmalloc has" \
		"$(mixed_share 8)" 980
	at_least "mixed requests: served, of 1000 that kmalloc has" "$(mixed_share 1024)" 980
	same "mixed requests: objects are as they were left" \
		"$(mixed_sum galloc wrong)$(cat $tmp/mixed.bad 2>/dev/null)" 0
	note "mixed requests: refused, of 1000: $(mixed_refused kmalloc), and by galloc" \
		"$(mixed_refused galloc); $(mixed_sum kmalloc ns) and $(mixed_sum galloc ns) ns;" \
		"at $(cut -d ' ' -f 1 /proc/uptime) s"
}
mixed_refused()
{
	awk '$1 ~ /^[0-9]/ { a[$1] += $2; s[$1] += $3 }
		END { for (n = 1; n <= 256; n *= 2)
			if (a[n]) printf("%s%d pages %d", (n > 1 ? ", " : ""), n, 1000 - 1000 * s[n] / a[n]) }' \
		"$tmp/mixed.$1"
}

rm -rf $tmp
mkdir -p $tmp
# Nobody writes to it: a victim that reads waits, without a child that would outlive it.
mkfifo $tmp/never
exec 9<>$tmp/never
# The system keeps more blocks to itself when it has met fragments.
echo 0 >/proc/sys/vm/watermark_boost_factor
# What is on the lists of the CPUs nobody gets in the end; how much that is depends on which
# CPU has freed last, of kmalloc()'s pages as well: let the lists be short.
echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction
mixed
while [ "$seed" -lt "$end" ]; do
	for case in $(cases_of "$seed"); do
		# shellcheck disable=SC2046 # several words
		set -- $(echo "$case" | tr , ' ')
		order=$1
		shift
		one_case "seed $seed, blocks of order $order${*:+, $*}" "$order" seed="$seed" "$@"
	done
	seed=$((seed + 1))
done
for pid in $victims; do kill "$pid" 2>/dev/null; done
if [ "$seeds" -gt 1 ]; then
	at_least "$seeds seeds: served, of 1000 that kmalloc has" "$(share ask 99 $tmp/all)" 980
	at_least "$seeds seeds: served until there is no more, of 1000 that kmalloc has" \
		"$(share fill 99 $tmp/all)" 980
fi

finish
