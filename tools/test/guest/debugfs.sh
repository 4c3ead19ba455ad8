#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# debugfs.sh: galloc's files, against Documentation/usage.rst and stats.rst: their
# names, their contents, the errors of wrong reads and writes; and eight processes that
# do all of it concurrently while galloc is in use, and while it is unloaded.
#
# Some functions are called by the name that they were given.
# shellcheck disable=SC2317

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

READABLE="stats events classes mheap mcache spans heaps metrics
profile/heap profile/allocs profile/peak"
WRITABLE="shrink validate"
POKE=${POKE:-/test/poke}
STORMS="1 2 3 4 5 6 7 8"
LOADS=${QUICK:+3}
LOADS=${LOADS:-10}
HUGE=2147483648
HUGE_DONE=2147479552	# what the kernel writes at once
tmp=/tmp/debugfs

begin $((2 + 11 * 4 + 2 * 4 + 4 + 3 + 5 + 4 + 7))

first_line()
{
	case $1 in
	stats) echo "version 2" ;;
	events) echo "grow_chunks N" ;;
	classes) echo "class size_bytes in_use_objects cached_objects central_objects spans pages allocs tail_bytes" ;;
	mheap) echo "node what key count" ;;
	heaps) echo "name limit_bytes held_bytes in_use_bytes cached_bytes peak_bytes meta_bytes refused spans allocs" ;;
	profile/*) echo "version 1" ;;
	metrics) echo "# HELP galloc_held_bytes Memory that galloc holds." ;;
	mcache) echo "cpu node cached_bytes capacity_bytes spans held_bytes hits misses overflows" ;;
	spans) echo "address node pages state class size_bytes objects free_objects dropped_refs block page" ;;
	esac
}

modes()
{
	(cd "$G" && stat -c '%n %a %u' -- *) | sort | tr '\n' ';'
}

# storms_begin REST CALLS: eight of them, each of CALLS at least.
storms_begin()
{
	local seed

	rm -f $tmp/*
	for seed in $STORMS; do
		{ "$POKE" storm "$G" $tmp/over "$seed" "$1" "$2" >"$tmp/said.$seed" || echo "$seed" >>$tmp/failed; } &
	done
}

# storms_end NAME CALLS: all of them met nothing but what is documented, and did CALLS.
storms_end()
{
	: >$tmp/over
	wait
	same "$1: each result is a documented one" "$(cat $tmp/said.* | grep -v ' calls$' | head -n 1)" ""
	at_least "$1: calls" "$(awk '/ calls$/ { n += $1 } END { print n + 0 }' $tmp/said.*)" "$2"
}

# Prometheus' text form, of standard input: what is not, and what was not announced by HELP
# and TYPE, or comes twice.
not_prometheus()
{
	awk '
		/^# HELP galloc_[a-z_]+ [A-Z].*\.$/ { help = $3; next }
		/^# TYPE galloc_[a-z_]+ (gauge|counter)$/ {
			if ($3 != help || typed[$3]++ || ($4 == "counter") != /_total counter$/)
				print "TYPE: " $0
			next
		}
		{
			name = $0
			sub(/[{ ].*/, "", name)
			key = $0
			sub(/ [0-9]+$/, "", key)
			if ($0 !~ /^galloc_[a-z_]+(\{[a-z]+="([^"\\]|\\["n\\])*"\})? [0-9]+$/ ||
			    name != help || seen[key]++)
				print
		}' | head -n 1
}

# metric NAME: of galloc/metrics.
metric()
{
	awk -v "name=$1" 'index($0, name " ") == 1 { print $NF }' "$G/metrics"
}

metrics_at_rest()
{
	wait_until sh -c "cat $G/metrics >$1 && grep -q '^galloc_exact 1$' $1"
}

# galloc's own worker may have changed something in between.
same_in_pieces()
{
	cat "$G/$1" >"$tmp/whole"
	dd if="$G/$1" of="$tmp/pieces" bs=7 2>/dev/null
	cmp "$tmp/whole" "$tmp/pieces"
}

unload_when_idle()
{
	local tries=0

	while ! unload galloc 2>$tmp/why; do
		tries=$((tries + 1))
		[ "$tries" -lt 10000 ] && grep -q 'Resource temporarily unavailable' $tmp/why || return 1
		nap 0.002
	done
}

mkdir -p $tmp
load_galloc
load galloc_stress ops=20000
unload galloc_stress
echo 1 >"$G/shrink"

# ---- each file by itself --------------------------------------------------------------

same "the files, their modes and owner" "$(modes)" \
	"classes 400 0;debug 600 0;events 400 0;heap 755 0;heaps 400 0;leaks 400 0;mcache 400 0;metrics 400 0;mheap 400 0;profile 755 0;shrink 200 0;spans 400 0;stats 400 0;validate 600 0;"
same "the directory is root's" "$(stat -c '%a %u' /sys/kernel/debug)" "700 0"
for file in $READABLE; do
	same "$file: begins as documented" "$(head -n 1 "$G/$file" | tr -s " " | sed "/^grow_/s/[0-9]*$/N/")" "$(first_line "$file")"
	check "$file: in pieces of 7 bytes it is the same" wait_until same_in_pieces "$file"
	same "$file: a write is refused" "$("$POKE" write "$G/$file" 7)" EINVAL
	same "$file: an empty write, too" "$("$POKE" write "$G/$file" 0)" EINVAL
done
for file in $WRITABLE; do
	same "$file: a word is taken" "$("$POKE" write "$G/$file" 2)" 2
	same "$file: garbage is taken" "$("$POKE" write "$G/$file" 100000)" 100000
	same "$file: an empty write does it, too" "$("$POKE" write "$G/$file" 0)" 0
	same "$file: a huge one does" "$("$POKE" write "$G/$file" $HUGE)" $HUGE_DONE
done
same "shrink: a read is refused" "$("$POKE" read "$G/shrink" 100)" EINVAL
# While galloc's own worker is at it, it is racy.
check "validate: what a write came to is ok" books_agree
same "validate: a read shows the result of the last write" "$(tr '\n' ';' <"$G/validate")" \
	"state ok;errors 0;cpus_missed 0;"
same "validate: an empty read is one, too" "$("$POKE" read "$G/validate" 0)" 0
check "stats: the state is exact at rest" stats_at_rest $tmp/exact
same "stats: the parts are the whole" "$(identity_of $tmp/exact)" 0
same "metrics: all of it is in Prometheus' text form" "$(not_prometheus <"$G/metrics")" ""
check "metrics: exact at rest" metrics_at_rest $tmp/metrics
same "metrics: the parts are the whole" \
	"$(awk '/^galloc_memory_bytes\{/ { n += $2 } /^galloc_held_bytes / { n -= $2 } END { printf "%.0f", n }' $tmp/metrics)" 0
same "metrics: the allocations are those of classes" \
	"$(awk '/^galloc_(class|cache)_allocs_total\{/ { n += $2 } END { print n }' $tmp/metrics)" \
	"$(awk 'NR > 1 { n += $8 } END { print n }' "$G/classes")"
same "/proc/galloc has the lines of stats, for root" \
	"$(stat -c '%a %u' /proc/galloc) $(awk '{ print $1 }' /proc/galloc | cksum)" \
	"400 0 $(awk '{ print $1 }' "$G/stats" | cksum)"
drains=$(stat_of drains)
load galloc_stress ops=20000
unload galloc_stress
"$POKE" write "$G/shrink" 0 >/dev/null
at_least "shrink: an empty write drains the CPUs" $(($(stat_of drains) - drains)) 1

# ---- all at once -----------------------------------------------------------------------

log_mark
storms_begin 1 64
check "eight at once: the stress runs beside them" load galloc_stress ops=200000
in_use=$(grep -E '^(state|errors)' "$G/validate" | tr '\n' ' ')
unload galloc_stress
storms_end "eight at once" 200
check "eight at once: validate was right all the time ($in_use)" \
	sh -c "[ \"$in_use\" = 'state ok errors 0 ' ] || [ \"$in_use\" = 'state racy errors 0 ' ]"
same "eight at once: the log has no line of validate" "$(log_new 'galloc: validate')" ""
echo 1 >"$G/shrink"
check "afterwards: galloc's accounting is consistent" books_agree

exec 3<"$G/stats"
same "while a file is open galloc stays" "$(unload galloc 2>&1 | sed 's/.*: //')" \
	"Resource temporarily unavailable"
exec 3<&-
# They rest more than they work; otherwise a file would always be open.
storms_begin 10 13
n=0
while [ $n -lt "$LOADS" ] && unload_when_idle && load_galloc; do
	n=$((n + 1))
done
same "unloaded and loaded under eight at once" $n "$LOADS"
storms_end "while it is unloaded" 100
unload galloc
same "no file is left behind" "$(ls -d "$G" 2>/dev/null)" ""

finish
