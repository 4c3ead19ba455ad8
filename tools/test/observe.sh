#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# observe.sh: test gallocstat, galloctop, galloc-report and galloc-pprof with files whose
# numbers are known, and with bad ones. One line per check; the last line is "N passed, N failed, N skipped".

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

tool=$top/build/observe/gallocstat

# Files as galloc has them, with a heap, a cache, and a span of each state, in galloc/.
make_files()
{
	local d=$work/galloc

	mkdir -p "$d"
	cat >"$d/stats" <<-END
		version              2
		state                exact
		system_bytes         2097152
		in_use_bytes         1048576
		cached_bytes         4096
		central_bytes        8192
		tail_bytes           0
		lost_bytes           0
		deferred_bytes       0
		free_bytes           1015808
		atomic_reserve_bytes 0
		meta_bytes           20480
		limit_bytes          0
		alloc_failed         0
		fault_double_free    3
	END
	printf 'grow_chunks          7\n' >"$d/events"
	cat >"$d/classes" <<-END
		class size_bytes in_use_objects cached_objects central_objects spans pages allocs tail_bytes
		6 64 128 64 128 5 5 1000 0
		large 0 2 0 0 2 254 4 0
		my\040cache 200 5 0 15 1 1 5 96
	END
	cat >"$d/heaps" <<-END
		name limit_bytes held_bytes in_use_bytes cached_bytes peak_bytes meta_bytes refused spans allocs
		conn 67108864 4096 320 0 8192 900 1 1 7
	END
	cat >"$d/mcache" <<-END
		cpu node cached_bytes capacity_bytes spans held_bytes hits misses overflows
		0 0 4096 8192 1 12288 1000 20 3
		1 0 0 0 0 0 0 0 0
	END
	printf 'node what key count\n0 pages free 248\n0 run 248 1\n' >"$d/mheap"
	cat >"$d/spans" <<-END
		address node pages state class size_bytes objects free_objects dropped_refs block page
		0000000000000001 0 8 full 6 64 512 0 0 3 0
		0000000000000002 0 8 partial 6 64 512 384 0 3 8
		0000000000000003 0 8 cached 6 64 512 0 0 3 16
		0000000000000004 0 232 large 0 0 0 0 0 3 24
		0000000000000005 0 248 free 0 0 0 0 0 3 264
		0000000000000006 0 768 large 0 0 0 0 0 9 0
	END
}

# said ARG...: what gallocstat says of these files.
said()
{
	"$tool" --dir "$work/galloc" "$@" 2>&1
}

# row CHARACTER N: N of them.
row()
{
	printf "%$2s" '' | tr ' ' "$1"
}

# refused NAME WANTED ARG...: exit status 1, and this as the only line.
refused()
{
	local name=$1 wanted=$2 text rc=0
	shift 2

	text=$(cd "$work" && "$tool" "$@" 2>&1) || rc=$?
	same "$name" "$rc $text" "1 ${tool##*/}: $wanted"
}

# json EXPRESSION: of what --json says, as d.
json()
{
	said --json | python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"
}

check_views()
{
	same "the parts are shown, with their share" \
		"$(said | awk '$1 == "in_use" && NF == 4 { print $2, $3 }')" "1048576 50.0"
	same "classes come by bytes in use" \
		"$(said | awk '$1 == "class" { on = 1; next } !NF { on = 0 } on { printf "%s ", $1 }')" \
		'large 6 my\040cache '
	same "a heap has a line" "$(said | awk '$1 == "conn"' | tr -s ' ')" "conn 64M 4096 320 8192 1"
	same "faults are pointed out" "$(said | tail -n 1)" "fault_double_free 3: see usage.rst"
	same "--json has every number" \
		"$(json 'd["stats"]["system_bytes"], d["events"]["grow_chunks"], d["classes"][0]["in_use_objects"], d["heaps"][0]["limit_bytes"], len(d["spans"])')" \
		"2097152 7 128 67108864 6"
	same "and names as they are" "$(json 'd["classes"][2]["class"]')" 'my\040cache'
	sed -i "s/^conn /$(printf 'a\303\266\377\303b\355\240\200\340\200\257\360\237\230\200') /" "$work/galloc/heaps"
	same "bytes of a name that are no character are replaced" "$(json 'ascii(d["heaps"][0]["name"])')" \
		"'a\xf6\ufffd\ufffdb\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\U0001f600'"
	make_files
	same "--map: a line for each block, and for what is longer" "$(said --map | tail -n 3)" \
		"$(printf '       3 |#3c%s %s|\n       9 |%s|\n      10 |%s%s|' "$(row L 29)" \
			"$(row . 31)" "$(row L 64)" "$(row L 32)" "$(row ' ' 32)")"
	same "--svg is XML, with a square for each span" \
		"$(said --svg | python3 -c '
import sys, xml.etree.ElementTree as tree
print(sum(r.find("{*}title") is not None for r in tree.parse(sys.stdin).iter("{http://www.w3.org/2000/svg}rect")))')" 6
	same "SECONDS: a line each, with rates from the second on" \
		"$(said 0.01 2 | awk 'NR > 1 { print $1, $6 }' | tr '\n' ';')" "2048K -;2048K 0;"
}

# A snapshot of another machine, of arm64.
check_pages()
{
	local d=$work/galloc shift pages

	sed -i '$a page_bytes 65536' "$d/stats"
	cat >"$d/spans" <<-END
		address node pages state class size_bytes objects free_objects dropped_refs block page
		0000000000000001 0 1 full 6 64 1024 0 0 3 0
		0000000000000002 0 31 free 0 0 0 0 0 3 1
		0000000000000003 0 40 large 0 0 0 0 0 4 0
	END
	same "pages of 64 KiB: a character each" "$(said --map | tail -n 3)" \
		"$(printf '       3 |#%s|\n       4 |%s|\n       5 |%s%s|' "$(row . 31)" "$(row L 32)" \
			"$(row L 8)" "$(row ' ' 24)")"
	same "a block is as wide" "$(said --svg | sed -n 's/.*x="112" .* width="\([0-9]*\)".*<title>free.*/\1/p')" 992
	same "and whole pages as large" "$(said | awk '$1 == "large" { print $4 }')" 16M
	make_files
	/usr/bin/python3 -c 'import drgn' 2>/dev/null || return 0
	for shift in 12 14 16; do
		pages=$((1 << 21 - shift))
		echo "struct arena { unsigned short stack[$pages]; } arena;" >"$work/arena.c"
		gcc -g -c -o "$work/arena.o" "$work/arena.c"
		same "galloc.py, of $pages pages in a slot" "$(PYTHONPATH=$top/tools/drgn PYTHONDONTWRITEBYTECODE=1 \
			/usr/bin/python3 -c '
import drgn, galloc, sys
types = drgn.Program()
types.load_debug_info([sys.argv[1]])
print(*galloc.pages_of(types))' "$work/arena.o" 2>&1)" "$pages $shift"
	done
}

check_snapshots()
{
	said --save "$work/old"
	same "a snapshot shows what the files did" "$("$tool" --load "$work/old" --json)" \
		"$("$tool" --load - --json <"$work/old")"
	same "without the time it is the same as --json of the files" \
		"$("$tool" --load "$work/old" --json | sed 2d | cksum)" "$(said --json | sed 2d | cksum)"
	sed -i 's/^6 64 128/6 64 130/' "$work/galloc/classes"
	sed -i 's/^grow_chunks .*/grow_chunks 9/' "$work/galloc/events"
	sed -i 's/^conn /next /' "$work/galloc/heaps"
	same "--diff shows what has changed" \
		"$(said --diff "$work/old" | tail -n +3 | tr -s ' ' | grep -v ' next ' | tr '\n' ';')" \
		"grow_chunks 7 9 +2;class 6 in_use_objects 128 130 +2;heap conn is gone;"
	make_files
}

# What the reader makes of two snapshots: growth of allocations, and of misses.
growth()
{
	cat >"$work/growth.c" <<-'END'
		#include "reader.h"
		#include <stdio.h>

		int main(int argc, char **argv)
		{
			struct snapshot *last = reader_load(argv[argc - 2]), *s = reader_load(argv[argc - 1]);

			printf("%llu %llu\n", reader_allocs(s, last),
			       reader_growth(&s->file[READER_MCACHE], &last->file[READER_MCACHE],
					     "misses", true));
			return 0;
		}
	END
	[ -x "$work/growth" ] ||
		gcc -std=gnu11 -D_GNU_SOURCE -I "$top/tools/observe" -o "$work/growth" "$work/growth.c" \
			"$top/tools/observe/reader.c"
	said --save "$work/new"
	"$work/growth" "$work/old" "$work/new"
}

check_growth()
{
	local d=$work/galloc

	same "nothing grows by itself" "$(growth)" "0 0"
	sed -i 's/^6 \(.*\) 1000 0$/6 \1 1100 0/; /^my/d' "$d/classes"
	sed -i 's/^\(conn .*\) 7$/\1 17/' "$d/heaps"
	echo "next 0 0 0 0 0 900 0 0 3" >>"$d/heaps"
	same "a cache goes with what it has counted; a heap is new" "$(growth)" "113 0"
	printf 'twin 64 0 0 0 0 0 %d 0\n' 500 30 >>"$d/classes"
	said --save "$work/old"
	sed -i 's/^\(twin .*\) 30 0$/\1 34 0/' "$d/classes"
	same "of two rows of one name" "$(growth)" "4 0"
	sed -i '/^twin .* 500 0$/d' "$d/classes"
	same "one is gone" "$(growth)" "0 0"
	sed -i 's/ 20 3$/ 4294967290 3/; /^1 /d' "$d/mcache"
	said --save "$work/old"
	sed -i 's/ 4294967290 3$/ 6 3/' "$d/mcache"
	same "a counter of 32 bits wraps" "$(growth)" "0 12"
	sed -i 's/ 6 3$/ 1000 3/' "$d/mcache"
	said --save "$work/old"
	sed -i 's/ 1000 3$/ 10 3/' "$d/mcache"
	same "and begins anew" "$(growth)" "0 0"
	make_files
	: >"$work/lines"
	said 1 2 >>"$work/lines" &
	until [ "$(wc -l <"$work/lines")" -ge 2 ]; do
		sleep 0.02
	done
	sed -i '/^my/d' "$d/classes"
	sed -i 's/ 20 3$/ 10 3/; /^1 /d' "$d/mcache"
	wait $!
	same "gallocstat prints no rate for what has gone" "$(awk 'END { print $6, $7 }' "$work/lines")" "0 0"
	make_files
	said --save "$work/old"
}

# One line, and a second later it still waits to print the other.
waits_for_an_hour()
{
	local pid n got wanted

	: >"$work/lines"
	"$tool" --dir "$work/galloc" 4295 2 >"$work/lines" &
	pid=$!
	for ((n = 0; n < 600 && $(wc -l <"$work/lines") < 2; n++)); do
		sleep 0.1
	done
	sleep 1
	got=$(cat "$work/lines"; kill "$pid" 2>&1 && echo "it waits")
	wait "$pid" 2>/dev/null || true
	wanted=$(said 1 1; echo "it waits")
	[ "$got" = "$wanted" ] || { echo "got $got"; return 1; }
}

check_bad_input()
{
	head -c 900 "$work/old" >"$work/cut"
	refused "a truncated snapshot" \
		"cut is truncated: copy it again, or make it again with gallocstat --save" --load cut
	sed '/^== heaps/,/^== mcache/d' "$work/old" >"$work/bad"
	refused "one without a file" "bad has no heaps: make it again with gallocstat --save" --load bad
	sed 's/^6 64 128/6 64/' "$work/old" >"$work/bad"
	refused "one with a damaged table" \
		"bad: its classes is no table: it is damaged, or not galloc's" --load bad
	tr 'c' '\0' <"$work/old" >"$work/bad"
	refused "one with zeros in it" "bad is no snapshot: make one with gallocstat --save" --load bad
	refused "something else" "/dev/null is no snapshot: make one with gallocstat --save" --load /dev/null
	refused "a file that is not there" "none: No such file or directory" --load none
	sed 's/^version .*/version 3/' "$work/old" >"$work/bad"
	refused "another version" \
		"bad: its files have version 3 and this program reads 2: use the one that came with that galloc" --load bad
	mkdir -p "$work/empty"
	refused "a directory without stats" \
		"empty has no file stats: give the directory of galloc in debugfs" --dir empty
	mkdir "$work/secret" && chmod 700 "$work/secret"
	[ "$(id -u)" -ne 0 ] || same "not root" \
		"$(chmod 711 "$work" && setpriv --reuid 65534 --clear-groups "$work/gallocstat" --dir "$work/secret" 2>&1)" \
		"gallocstat: $work/secret: only root can read it: use sudo"
	[ -e /sys/kernel/debug/galloc ] || [ "$(id -u)" -ne 0 ] ||
		refused "galloc is not loaded" \
			"/sys/kernel/debug/galloc is not there: is galloc loaded (modprobe galloc), and debugfs mounted (mount -t debugfs none /sys/kernel/debug)?"
	refused "no number" "x is no number of seconds: give one above 0" x
	refused "nor is half a line" "0.5 is no number of lines: give one above 0" 1 0.5
	check "an interval of more than an hour is not cut short" waits_for_an_hour
	same "lines that nobody gets" "$("$tool" --dir "$work/galloc" 0.01 3 2>&1 >/dev/full || echo $?)" \
		"$(printf 'gallocstat: cannot write to standard output\n1')"
	sed '1s/time .*/time 1e30/' "$work/old" >"$work/bad"
	refused "no time" "bad has no time: it is damaged" --load bad
	sed 's/^\(0000000000000004 0 \)232/\14294967295/' "$work/old" >"$work/bad"
	refused "a span of absurd length" "spans has one of 4294967295 pages at page 24 of a block: it is damaged" --load bad --map
	refused "two things at once" \
		"SECONDS goes with no other option but --dir: type gallocstat --help" --json 1
	refused "a full disk" "/dev/full: No space left on device" --dir galloc --save /dev/full
}

# ---- galloc-report -------------------------------------------------------------------------

# page EXPRESSION: of the page as it is parsed: ids and their texts, tables, attributes.
page()
{
	"$top/build/observe/galloc-report" --dir "$work/galloc" | python3 -c '
import html.parser, sys

VOID = {"meta", "br"}

class Page(html.parser.HTMLParser):
    ids, open, tags, links, bad = {}, [], {}, [], []
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.links += [v for k, v in attrs if k in ("src", "href")]
        if tag not in VOID:
            self.open.append((tag, a.get("id")))
    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.bad.append(tag)
    def handle_data(self, data):
        if self.open and self.open[-1][1]:
            self.ids[self.open[-1][1]] = data

p = Page()
p.feed(sys.stdin.read())
print('"$1"')'
}

check_report()
{
	sed -i 's/^conn /<b>\&x /' "$work/galloc/heaps"
	same "galloc-report: the numbers are those of stats" \
		"$(page 'p.ids["system_bytes"], p.ids["in_use_bytes"], p.ids["meta_bytes"]')" "2097152 1048576 20480"
	same "each element is closed, and a name is no markup" "$(page 'p.bad, p.open, "b" in p.tags')" "[] [] False"
	same "it is complete in itself" "$(page 'p.links, "script" in p.tags')" "[] False"
	same "a table each of parts, classes, heaps, CPUs, nodes, stats, events; two pictures" \
		"$(page 'p.tags["table"], p.tags["svg"]')" "7 2"
	"$top/build/observe/galloc-report" --load "$work/old" >"$work/page"
	same "of a snapshot, too" "$(grep -c 'id="system_bytes">2097152<' "$work/page")" 1
	make_files
	tool=$top/build/observe/galloc-report
	refused "galloc-report: a file that is not there" "none: No such file or directory" --load none
	tool=$top/build/observe/gallocstat
}

# ---- galloc-pprof --------------------------------------------------------------------------

make_profile()
{
	mkdir -p "$work/galloc/profile"
	cat >"$work/galloc/profile/heap" <<-END
		version 1
		kind heap
		kernel 0.0.0-none
		sample_bytes 524288
		live_samples 5
		alloc_samples 9
		lost_samples 0
		live_bytes 2621440
		peak_bytes 2621440
		# entry objects bytes object_bytes sample_bytes samples
		entry 8192.500 524320 64 524288 1
		@0xffffffffc0000010 wf_add+0x10/0x20 [wordfreq]
		@0xffffffff81000020 ksys_write+0x20/0x60
		entry 6.328 6635520 1048576 524288 4
		@0xffffffffc0000030 wf_run+0x10/0x20 [wordfreq]
		@0xffffffff81000020 ksys_write+0x20/0x60
		entry 1.000 100 100 524288 1
		end
	END
	sed -i 's/^@/\t/' "$work/galloc/profile/heap"
}

# profile ARG...: a line for each sample: values, size, stack; then what is sampled.
profile()
{
	"$top/build/observe/galloc-pprof" --dir "$work/galloc/profile" "$@" | python3 -c '
import gzip, sys

def varints(b):
    n = shift = 0
    for at, byte in enumerate(b):
        n |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield n, at + 1
            n = shift = 0

def fields(b):
    out = {}
    while b:
        key, at = next(varints(b))
        n, more = next(varints(b[at:]))
        at += more
        if key & 7 == 2:
            at, n = at + n, b[at:at + n]
        out.setdefault(key >> 3, []).append(n)
        b = b[at:]
    return out

p = fields(gzip.decompress(sys.stdin.buffer.read()))
text = [s.decode() for s in p[6]]
name = {f[1][0]: text[f[2][0]] for f in map(fields, p[5])}
file = {m[1][0]: text[m[5][0]] for m in map(fields, p[3])}
where = {l[1][0]: "%s %s" % (name[fields(l[4][0])[1][0]], file[l[2][0]])
         for l in map(fields, p[4])}
for s in map(fields, p[2]):
    print(*(n for n, at in varints(s[2][0])), fields(s[3][0])[3][0],
          ", ".join(where[i] for i in s.get(1, [])))
print(p[12][0], *(text[fields(t)[1][0]] for t in p[1]), "of", text[p[14][0]])'
}

check_pprof()
{
	make_profile
	same "galloc-pprof: each sample has its values, size and stack" "$(profile | tr '\n' ';')" \
		"8193 524320 64 wf_add [wordfreq], ksys_write [kernel.kallsyms];6 6635520 1048576 wf_run [wordfreq], ksys_write [kernel.kallsyms];1 100 100 ;524288 inuse_objects inuse_space of inuse_space;"
	sed 's/^kind heap/kind allocs/' "$work/galloc/profile/heap" >"$work/galloc/profile/allocs"
	same "of all allocations, too" "$(profile allocs | tail -n 1)" \
		"524288 alloc_objects alloc_space of alloc_space"
	same "galloc-report draws it, with a table" \
		"$(page 'p.tags["svg"], p.tags["table"], p.tags["polyline"] if "polyline" in p.tags else 0, p.bad')" "3 8 0 []"
	said --save "$work/with"
	"$top/build/observe/galloc-report" --load "$work/with" >"$work/page"
	same "a snapshot has it, too" "$(grep -c '<title>wf_run \[wordfreq\]: about 6480K, 92.7 %' "$work/page")" 1
	same "what comes from one place is below its caller" \
		"$(grep -o '<title>ksys_write: about [^<]*' "$work/page")" "<title>ksys_write: about 6992K, 100.0 %"
	"$top/build/observe/galloc-report" --dir "$work/galloc" 0.01 3 >"$work/page"
	same "SECONDS COUNT: a chart of two lines" "$(grep -c '<polyline' "$work/page")" 2
	tool=$top/build/observe/galloc-report
	refused "no seconds" "x 3 are no seconds and no count: give numbers above 0" x 3
	refused "nor are words that begin with numbers" "5x 2junk are no seconds and no count: give numbers above 0" 5x 2junk
	refused "seconds of a snapshot" \
		"give SECONDS and COUNT, and no snapshot: type galloc-report --help" --load with 1 2
	tool=$top/build/observe/galloc-pprof
	same "--top: the largest first" \
		"$("$tool" --top --load "$work/galloc/profile/heap" | awk '/objects of/ { print $1, $2, $3 }' | tr '\n' ';')" \
		"92.7% 6480K, 6;7.3% 512K, 8192;0.0% 100, 1;"
	refused "galloc-pprof: a file that is not there" "none: No such file or directory" --load none
	head -n 14 "$work/galloc/profile/heap" >"$work/cut"
	refused "one that is cut off" "cut is truncated: copy it again" --load cut
	refused "something else" \
		"/dev/null is no profile: take a copy of a file of /sys/kernel/debug/galloc/profile" --load /dev/null
	sed 's/^version 1/version 2/' "$work/galloc/profile/heap" >"$work/bad"
	refused "another version" \
		"bad has version 2 and this program reads 1: use the one that came with that galloc" --load bad
	sed 's/^entry 6.328 6635520.*/entry 6.328/' "$work/galloc/profile/heap" >"$work/bad"
	refused "a damaged line" 'bad is damaged: "entry 6.328"' --load bad
	refused "no such profile" "live is no profile: give heap, allocs or peak" live
	refused "too many words" "too many words: type galloc-pprof --help" heap allocs
	same "not to a terminal" \
		"$(script -qec "$tool --load $work/galloc/profile/heap" /dev/null | tr -d '\r')" \
		"galloc-pprof: the profile is no text: write it to a file, galloc-pprof >profile.pb.gz, or give --top"
	tool=$top/build/observe/gallocstat
}

# ---- galloctop, in a terminal that tmux draws ------------------------------------------------

# tm ARG...: the server of this test.
tm()
{
	tmux -L "galloc.$$" -f /dev/null "$@"
}

# on_screen PATTERN: comes to be there within a minute.
on_screen()
{
	local n

	for ((n = 0; n < 600; n++)); do
		! tm capture-pane -p 2>/dev/null | grep -q -e "$1" || return 0
		sleep 0.1
	done
	tm capture-pane -p | grep . | head -n 6
	return 1
}

# The first words of the rows, in their order.
rows()
{
	tm capture-pane -p | awk 'NR > 4 && NF { printf "%s ", $1 }'
}

# rows_are ROWS: so they come to be within a minute; the screen is not drawn in one piece.
rows_are()
{
	local n

	for ((n = 0; n < 600; n++)); do
		[ "$(rows)" != "$1" ] || return 0
		sleep 0.1
	done
	echo "they are $(rows)"
	return 1
}

# key NAME KEY PATTERN: after the key that is on the screen.
key()
{
	tm send-keys "$2"
	check "$1" on_screen "$3"
}

# Allocations of class 6, until there is a file "over".
keep_allocating()
{
	local n=1000

	while [ ! -e "$work/over" ]; do
		n=$((n + 1000000))
		sed -i "s/^\(6 .*\) [0-9]* 0$/\1 $n 0/" "$work/galloc/classes"
		sleep 0.05
	done
}

# completed PROGRAM WORD...: what bash completes the last word to.
completed()
{
	PATH="$top/build/observe:$PATH" bash -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_galloc "$1" "${@: -1}"
		printf "%s\n" "${COMPREPLY[@]}" | sort -u | tr "\n" " "' "$top/tools/ship/galloc.completion" "$@"
}

check_completion()
{
	same "bash completes an option" "$(completed gallocstat --l)" "--load "
	same "a letter's option, too" "$(completed galloctop -n)" "-n "
	same "and leaves other words to files" "$(completed gallocstat --load o)" " "
}

# Each program says what it is, and its page names all options that it has.
check_help()
{
	local program option lost=''

	for program in gallocstat galloctop galloc-report galloc-pprof; do
		same "$program --version" "$("$top/build/observe/$program" --version | cut -d ' ' -f 1)" "$program,"
		for option in $("$top/build/observe/$program" --help | grep -oE -e '--[a-z]+'); do
			sed 's/\\-/-/g' "$top/tools/observe/$program.8" | grep -q -e "$option" || lost+=" $program $option"
		done
	done
	same "all options are in the pages" "$lost" ""
}

check_top()
{
	tm new-session -d -x 80 -y 24 "TERM=vt100 $top/build/observe/galloctop -d 0.1 --dir $work/galloc"
	# So that what it says at its end stays on the screen.
	tm set-option -g remain-on-exit on
	check "galloctop: the totals are on the screen" on_screen "galloc: held 2048K, in use 1024K"
	check "classes come by their pages" rows_are 'large 6 my\040cache '
	tm send-keys '>' '>'
	check "> sorts by the next column" on_screen 'ALLOCS/S\*'
	keep_allocating &
	check "rates are those of the last interval" on_screen '^6 .* [1-9][0-9]\{5,\}$'
	: >"$work/over"
	wait $!
	tm send-keys / cache Enter
	check "/ shows only what has a name like that" on_screen '; /cache'
	check "one row" rows_are 'my\040cache '
	tm send-keys / Enter
	key "h: heaps" h '^conn  *64M'
	key "p: CPUs" p '^0  *0  *4096  *8192'
	key "n: nodes" n '^0  *0  *248'
	tm resize-window -x 40 -y 8
	check "a smaller window" on_screen '^NODE'
	same "it has as many lines as there are" "$(tm capture-pane -p | wc -l)" 8
	key "c: and classes again" c '^large'
	rm "$work/galloc/stats"
	check "galloc goes: it leaves the screen and says so" on_screen "has no file stats"
	tm kill-server
	make_files
	refused_top "no terminal" "standard output is no terminal: use gallocstat" --dir galloc
	refused_top "no number" "0 is no number that can be used: give one from 0.1 on" -d 0
	refused_top "no count" "0.5 is no number that can be used: give one from 1 on" -n 0.5
	at_most "without keys to wait for it sleeps: ms of processor in 2 s" "$(TERM=vt100 script -qec \
		"bash -c 'time $top/build/observe/galloctop -d 2 -n 1 --dir $work/galloc </dev/null'" /dev/null </dev/null |
		tr -d '\r' | awk '/^(user|sys)/ { split($2, t, /[ms]/); ms += (t[1] * 60 + t[2]) * 1000 } END { print int(ms) }')" 500
}

# refused_there NAME WANTED ARG...: the same where it has a terminal: one line, no screen.
refused_there()
{
	same "galloctop: $1" "$(TERM=vt100 script -qec \
		"${as:-} $work/galloctop ${*:3}; echo \$?" /dev/null </dev/null | tr -d '\r' | tr '\n' ' ')" \
		"galloctop: $2 1 "
}

check_top_bad_input()
{
	local as=

	cp "$top/build/observe/galloctop" "$work/"
	refused_there "a directory without stats" \
		"$work/empty has no file stats: give the directory of galloc in debugfs" --dir "$work/empty"
	mkdir -p "$work/other"
	sed 's/^version .*/version 3/' "$work/galloc/stats" >"$work/other/stats"
	refused_there "another version" \
		"$work/other: its files have version 3 and this program reads 2: use the one that came with that galloc" \
		--dir "$work/other"
	[ "$(id -u)" -eq 0 ] || return 0
	as="setpriv --reuid 65534 --clear-groups"
	refused_there "not root" "$work/secret: only root can read it: use sudo" --dir "$work/secret"
}

refused_top()
{
	local tool=$top/build/observe/galloctop

	refused "galloctop: $1" "$2" "${@:3}"
}

# Its server outlives an interrupted test otherwise.
end_observe()
{
	local rc=$?

	tm kill-server 2>/dev/null || true
	end_test "$rc"
}

# Where another user can run the programs, too, if possible.
TMPDIR=${TMPDIR:-/tmp} test_dir observe
trap end_observe EXIT
need_tree
need_for programs python observing
make -s -C "$top/tools/observe"
cp "$tool" "$work"
make_files
check_views
check_pages
check_snapshots
check_growth
check_bad_input
check_report
check_pprof
check_completion
check_help
check_top_bad_input
check_top
