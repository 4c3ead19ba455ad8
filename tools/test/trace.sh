#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# trace.sh: test galloc-trace with a small recording with known contents, with bad
# input, and with damaged copies of both. One line per check; the last line is
# "N passed, N failed, N skipped".
#
# trace/small.txt and its expected results were written by hand; small.dat.xz is a
# trace.dat of the same events.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

small=$top/tools/test/trace/small.txt
tool=$top/build/trace/galloc-trace

# same_bytes NAME FILE FILE
same_bytes()
{
	local said

	if said=$(cmp "$2" "$3" 2>&1); then
		ok "$1"
	else
		not_ok "$1" "$said"
	fi
}

# refused NAME WANTED COMMAND...: exit status 1, and this as the only line.
refused()
{
	local name=$1 wanted=$2 said rc=0
	shift 2

	said=$(cd "$work" && "$tool" "$@" 2>&1) || rc=$?
	same "$name" "$rc $said" "1 $wanted"
}

# poke FILE OFFSET BYTES: write these bytes, as printf takes them, into a copy of it,
# "bad".
poke()
{
	cp "$1" "$work/bad"
	printf '%b' "$3" | dd of="$work/bad" bs=1 seek="$2" conv=notrunc status=none
}

# edited SED_SCRIPT: a copy of the small text, "bad".
edited()
{
	sed "$1" "$small" >"$work/bad"
}

# header KEY: of what is printed of the small trace.
header()
{
	awk -v "key=$1" '$1 == key { print $2 }' "$work/print"
}

check_small()
{
	"$tool" convert -k 6.1.0-test "$small" "$work/small.trace" >"$work/said"
	"$tool" print "$work/small.trace" >"$work/print"
	"$tool" events "$work/small.trace" >"$work/events"
	same_bytes "the small text becomes the events that were worked out by hand" \
		"$work/events" "$top/tools/test/trace/small.events"
	edited 's/ \(\[00[0-9]\]\) [^ ]* / \1-0x0 /'
	"$tool" convert -k 6.1.0-test "$work/bad" "$work/raw.trace" >"$work/said"
	same_bytes "and so it does with flags as trace-cmd 3.3 prints them" \
		"$work/raw.trace" "$work/small.trace"
	edited 's/: kmalloc\(_node\)*: \(.*\)/: alloc: \2 owner=-/
		s/: kmem_cache_alloc\(_node\)*: \(.*\)/: alloc: \2 owner=conn/
		s/: k\(free\|mem_cache_free\): /: free: /'
	"$tool" convert -k 6.1.0-test "$work/bad" "$work/own.trace" >"$work/said"
	same_bytes "so it does as events of galloc" "$work/own.trace" "$work/small.trace"
	edited '9s/kmalloc: \(.*\) bytes_req=[0-9]*/alloc: \1 bytes_req=0/; 9s/$/ owner=-/'
	same "what was asked for may be unknown" \
		"$("$tool" convert -k 6.1.0-test "$work/bad" "$work/own.trace" | head -n 1)" \
		"$(head -n 1 "$work/said")"
	same "its header counts dropped events" \
		"$(for key in lost unknown_frees missed_frees never_freed too_large; do header $key; done | tr '\n' ' ')" \
		"12 1 4 1 1 "
	same "and what is in it" \
		"$(for key in kernel cpus events objects kinds; do header $key; done | tr '\n' ' ')" \
		"6.1.0-test 2 12 6 6 "
	same "live bytes and objects, and moves between CPUs, are counted" \
		"$(for key in peak_bytes peak_objects handover_percent; do header $key; done | tr '\n' ' ')" \
		"4312 3 50.00 "
	same "the check of it is content" "$("$tool" check "$work/small.trace" 2>&1 && echo yes)" yes
	"$tool" print - <"$work/small.trace" >"$work/print-"
	same_bytes "standard input is as good as a file" "$work/print" "$work/print-"
	"$tool" convert -n 5 -k x "$small" "$work/five.trace" >"$work/said"
	same "-n keeps the first events of the recording" "$(head -n 1 "$work/said")" \
		"5 events recorded, 2 in the trace, of 1 objects and 1 kinds"
}

# The most frequent kind takes the smallest number, and an event of it one byte.
check_kinds()
{
	{
		for ((i = 0; i < 9; i++)); do
			size=$((i % 3 == 0 ? 100 : 200))
			echo "a-1 [000] .. 1.00000$i: kmalloc: ptr=$((i + 100)) bytes_req=$size bytes_alloc=256 gfp_flags=GFP_KERNEL"
			echo "a-1 [000] .. 1.00000$i: kfree: ptr=$((i + 100))"
		done
	} >"$work/kinds.txt"
	"$tool" convert "$work/kinds.txt" "$work/kinds.trace" >/dev/null
	same "the most frequent kind comes first" \
		"$(od -An -tu4 -j 128 -N 24 "$work/kinds.trace" | tr -s ' \n' ' ')" " 200 256 0 100 256 0 "
	same "an event of it takes one byte" "$(stat -c %s "$work/kinds.trace")" $((128 + 24 + 18))
}

# trace.dat of the small text, as a program that is gone made it, with all ways in which a
# ring buffer writes times and lengths; and as trace-cmd writes it today.
check_dat()
{
	local name

	xz -dc "$top/tools/test/trace/small.dat.xz" >"$work/6.dat"
	trace-cmd convert --file-version 7 --compression none -i "$work/6.dat" -o "$work/7.dat" >"$work/said" 2>&1
	trace-cmd convert --file-version 7 --compression zstd -i "$work/6.dat" -o "$work/zstd.dat" >"$work/said" 2>&1
	for name in 6 7 zstd; do
		"$tool" convert "$work/$name.dat" "$work/dat.trace" >"$work/said" 2>&1 || true
		same_bytes "a trace.dat of version ${name/zstd/7, compressed,} gives the same trace" \
			"$work/dat.trace" "$work/small.trace"
		rm -f "$work/dat.trace"
	done
	sed 's/global \[mono\] x86-tsc/global mono [x86-tsc]/' "$work/6.dat" >"$work/bad"
	refused "a clock of unknown unit is refused" \
		"galloc-trace: bad: its clock does not count nanoseconds: record with -C mono" convert bad out
	sed 's/local global \[mono\] x86-tsc/mono'"$(printf '\\x00%.0s' {1..23})"'/' "$work/6.dat" >"$work/bad"
	same "a clock that is alone is taken by its name" \
		"$("$tool" convert "$work/bad" "$work/alone.trace" 2>&1 | tail -n 1)" "$(tail -n 1 "$work/said")"
	poke "$work/6.dat" 12 '\01'
	refused "a big-endian one is refused" "galloc-trace: bad: trace-cmd cannot read it" convert bad out
	poke "$work/6.dat" 10 8
	refused "an unknown version is refused" "galloc-trace: bad: trace-cmd cannot read it" convert bad out
	head -c 700 "$work/6.dat" >"$work/bad"
	refused "a truncated trace.dat is refused" "galloc-trace: bad: trace-cmd cannot read it" convert bad out
	head -c 16000 "$work/6.dat" >"$work/bad"
	refused "and one that lacks a page" "galloc-trace: bad: trace-cmd cannot read it" convert bad out
}

check_text()
{
	edited '9s/ptr=[0-9a-f]*/ptr=(____ptrval____)/'
	refused "hidden pointers are refused" \
		"bad: line 9: pointers are hidden: record later after boot" convert bad out
	edited '9s/gfp_flags=[^ ]*/gfp_flags=/'
	refused "flags that the kernel did not print are refused" \
		"bad: line 9: gfp_flags= is empty: echo 1 >options/hash-ptr" convert bad out
	edited '9s/bytes_req=100//'
	refused "an event without a field is refused" \
		"bad: line 9: no bytes_req= or bytes_alloc= in the event" convert bad out
	edited '9s/bytes_alloc=128/bytes_alloc=99/'
	refused "fewer bytes given than asked for are refused" \
		"bad: line 9: fewer bytes given than asked for" convert bad out
	edited '10s/1\.000150/1000150/'
	refused "a clock that does not count seconds is refused" \
		"bad: line 10: neither an event with a time in seconds nor a remark" convert bad out
	edited '9s/\[000\]/[4096]/'
	refused "a CPU beyond the limits is refused" \
		"bad: line 9: number of the CPU beyond the limits" convert bad out
	head -c 1000 "$small" >"$work/bad"
	refused "a truncated text is refused" \
		"bad: line $(($(wc -l <"$work/bad") + 1)): truncated: the line has no end" convert bad out
	refused "a foreign file is refused" \
		"bad.c: line 1: neither an event with a time in seconds nor a remark" convert bad.c out
	head -n 8 "$small" >"$work/bad"
	refused "a recording of nothing is refused" "galloc-trace: bad: no allocation and no free in it" convert bad out
	awk '/kmem_cache_free|kfree.*a000/ { next } { print } ++n == 15 { exit }' "$small" >"$work/bad"
	refused "and one of which nothing is left" \
		"galloc-trace: bad: no object was seen from its allocation to its free" convert bad out
	same "nothing was written of those" "$(find "$work" -name 'out*')" ""
	# Entries that were written over, before the first one.
	edited 's|39/39|39/50|'
	"$tool" convert "$work/bad" "$work/out" >"$work/said"
	same "overwritten events count as lost" \
		"$(tail -n 1 "$work/said" | cut -d ';' -f 1)" "lost by the recorder 23"
	same "and objects older than a CPU's first event are dropped" "$(head -n 1 "$work/said")" \
		"23 events recorded, 8 in the trace, of 4 objects and 4 kinds"
}

check_trace()
{
	local trace=$work/small.trace size events

	size=$(stat -c %s "$trace")
	# Behind the table of kinds.
	events=$((128 + 12 * 6))
	head -c 100 "$trace" >"$work/bad"
	refused "a trace cut in its header is refused" "bad: byte 100: truncated" check bad
	head -c $((size - 1)) "$trace" >"$work/bad"
	refused "a trace cut at its end is refused" "bad: byte $((size - 1)): truncated" check bad
	{ cat "$trace" && echo; } >"$work/bad"
	refused "a trace with more behind it is refused" \
		"bad: byte 24: more bytes than the header says" check bad
	refused "a foreign file is no trace" "bad.c: byte 0: not a trace" check bad.c
	poke "$trace" 8 '\02'
	refused "a trace of another version is refused" "bad: byte 8: unknown version" check bad
	poke "$trace" 128 '\0\0\0\01'
	refused "a size beyond the limits is refused" "bad: byte 128: size beyond the limits" print bad
	# 0x7d: a free of the 32nd object before.
	poke "$trace" $events '\0175'
	refused "a free of an unknown object is refused" \
		"bad: byte $events: free of an unknown object" events bad
	# 0x7c: an allocation of the 32nd kind.
	poke "$trace" $events '\0174'
	refused "an allocation of an unknown kind is refused" \
		"bad: byte $events: allocation of an unknown kind" print bad
	poke "$trace" 135 '\01'
	refused "a given size beyond the limits is refused" \
		"bad: byte 132: given size beyond the limits" check bad
	poke "$trace" 132 '\0377'
	refused "a corrupt trace is refused" "bad: byte 20: checksum is wrong" check bad
	refused "there must be a file" \
		"galloc-trace: nowhere: No such file or directory" check nowhere
}

check_usage()
{
	local args rc

	for args in '' 'check' 'convert a' 'convert -x a b' 'print a b' 'plot a' 'rewind a'; do
		rc=0
		# shellcheck disable=SC2086 # several words
		"$tool" $args >"$work/said" 2>&1 || rc=$?
		same "galloc-trace $args: how to use it" "$rc $(sed -n 's/ convert .*//p' "$work/said")" \
			"2 galloc-trace"
	done
	same "galloc-trace --help: on standard output" "$("$tool" --help 2>/dev/null | sed -n 's/ convert .*//p')" galloc-trace
	same "galloc-trace --version" "$("$tool" --version)" "galloc-trace, for version 1 of traces"
}

check_plot()
{
	local rc=0

	mkdir "$work/nothing"
	PATH=$work/nothing "$tool" plot "$work/small.trace" "$work/plots" >"$work/said" 2>&1 || rc=$?
	same "without gnuplot, a one-line error" "$rc $(cat "$work/said")" \
		"1 galloc-trace: gnuplot cannot be started (No such file or directory): install gnuplot-nox"
	cat >"$work/nothing/gnuplot" <<-'END'
	#!/bin/sh
	echo "$1" >>called
	END
	chmod 755 "$work/nothing/gnuplot"
	PATH=$work/nothing:$PATH "$tool" plot "$work/small.trace" "$work/plots"
	same "gnuplot is called for each picture" "$(tr '\n' ' ' <"$work/plots/called")" \
		"live.gp sizes.gp lifetimes.gp "
}

# The default trace is what the documents say, and as small as they say.
check_default()
{
	local default=$top/tools/trace/default.trace.xz

	xz -dc "$default" >"$work/default.trace"
	same "the default trace is a good one" \
		"$("$tool" check "$work/default.trace" 2>&1 && echo yes)" yes
	"$tool" print "$work/default.trace" >"$work/default.txt"
	same "it has a million events, in less than 2 MB" \
		"$(awk '$1 == "events" { print ($2 >= 1000000) }' "$work/default.txt") $(($(stat -c %s "$default") < 2000000))" \
		"1 1"
	same "the document has the current output" \
		"$(sed -n '/^\.\. begin print/,/^\.\. end print/s/^    //p' "$top/Documentation/traces.rst")" \
		"$(grep . "$work/default.txt")"
}

# unmet KIND SOURCE: each reason to refuse that this source has and that was not given.
unmet()
{
	local reason

	grep -oE 'fail\(r, [^"]*"[^"]*"' "$top/tools/trace/$2" | cut -d '"' -f 2 | sort -u |
		while read -r reason; do
			grep -qxF "met: $1: $reason" "$work/fuzzed.$1" || printf "'%s' " "$reason"
		done
}

# fuzz KIND RUNS LENGTH FILE SOURCE: damaged copies of a file crash nothing, and meet all
# reasons of the source that reads them. What another libFuzzer does not meet at once it
# meets later: each round goes on from what the ones before have found.
fuzz()
{
	local name="$2 damaged $1 and more crash nothing" rc=0 seed

	mkdir -p "$work/seed.$1" "$work/made.$1"
	cp "$4" "$work/seed.$1/"
	for seed in 1 2 3 4; do
		(cd "$work" && "$top/build/trace/fuzz" "-seed=$seed" -verbosity=0 "-runs=$2" \
			"-max_len=$3" "made.$1" "seed.$1" >>"fuzzed.$1" 2>&1) || rc=$?
		if [ $rc -ne 0 ] || [ -z "$(unmet "$1" "$5")" ]; then break; fi
	done
	if [ $rc -eq 0 ]; then
		ok "$name"
	else
		not_ok "$name" "$(grep -m 1 -E 'ERROR|runtime error' "$work/fuzzed.$1" || tail -n 1 "$work/fuzzed.$1")"
	fi
	grep ' tried, ' "$work/fuzzed.$1" | sed 's/^/# /'
	same "each reason of $5 to refuse one of the $1 was met" "$(unmet "$1" "$5")" ""
}

check_fuzz()
{
	local n

	fuzz traces 300000 1024 "$work/small.trace" trace.c
	n=$(awk '/^traces: .* accepted$/ && !done++ { print ($4 >= 100 && $4 <= $2 / 2) }' "$work/fuzzed.traces")
	same "some of the damaged traces are good ones, most are not" "$n" 1
	fuzz texts 50000 8192 "$small" text.c
}

[ $# -eq 0 ] || die "takes no arguments; type: ${0##*/}"
need_for modules programs clang traces
work_dir trace
for program in galloc-trace fuzz; do
	make -s -C "$top/tools/trace" "../../build/trace/$program" >"$work/said" 2>&1 || {
		not_ok "$program builds" "$(grep -m1 error "$work/said")"
		sum
		exit 1
	}
done
cp "$top/tools/trace/main.c" "$work/bad.c"

check_small
check_kinds
check_dat
check_text
check_trace
check_usage
check_plot
check_default
check_fuzz
sum
