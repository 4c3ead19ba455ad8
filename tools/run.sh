#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# run.sh [TEXT]: galloc and a client on an unmodified kernel, `make run`.
#
# Builds galloc.ko and samples/wordfreq against the headers of the stock kernel,
# boots that kernel in QEMU, counts the words of a text with them and compares
# every count with those made on the host by tr, sort and uniq. The text is TEXT,
# an argument or an environment variable, or otherwise one from the kernel
# headers. The last line is `galloc: ok`, exit status 0, or `galloc: FAILED: why`,
# exit status 1.
#
#	KERNEL=6.1	the kernel to boot; default native, this Debian's own; or one of
#			tools/kernels, such as qemu-arm64-6.1
#	RUN_TIMEOUT=N	seconds the guest may take

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

MAX_TEXT_MB=512
guest_mb=512

verdict=
work=

finish()
{
	local rc=$?

	[ -z "$work" ] || rm -rf "$work"
	if [ -z "$verdict" ]; then
		echo "galloc: FAILED: ${why:-it broke off, see above}"
		[ $rc -ne 0 ] || rc=1
	fi
	exit $rc
}
trap finish EXIT
trap 'why="interrupted"; exit 1' INT TERM HUP

# lib.sh's, but the one line is the verdict.
die()
{
	why=$*
	# In a subshell there is no finish(): say it at least.
	[ "$BASH_SUBSHELL" -eq 0 ] || printf '%s\n' "$*" >&2
	exit 1
}

# Set KREL, KDIR, VMLINUZ; what kernel.sh cannot do becomes the verdict.
find_kernel()
{
	local kind=stock

	[[ ${KERNEL:-} != qemu-* ]] || kind=build
	"$top/tools/kernel.sh" $kind "${KERNEL:-native}" 2>&1 >"$work/kernel" |
		tee "$work/said" | { grep --line-buffered -v '^kernel.sh: ' >&2 || true; } ||
		die "$(sed -n 's/^kernel.sh: //p' "$work/said" | tail -n 1 | grep . || echo "there is no stock kernel to boot, see above")"
	KDIR='' VMLINUZ='' KREL=''
	eval "$(cat "$work/kernel")"
	: "${VMLINUZ:=$KERNEL}"
	# Where the larger part of the headers is.
	[ $kind = build ] && common=$KDIR || common=$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")
}

# The text: what is fed, and what should come out

# Put the text at $1 and say what it is.
take_text()
{
	local mb

	if [ -z "$TEXT" ]; then
		default_text "$1"
		return
	fi
	[ -e "$TEXT" ] || die "no such file: $TEXT"
	[ -f "$TEXT" ] || die "$TEXT is not a regular file"
	[ -r "$TEXT" ] || die "$TEXT cannot be read"
	mb=$(($(stat -Lc %s "$TEXT") >> 20))
	[ "$mb" -le $MAX_TEXT_MB ] ||
		die "$TEXT has $mb MB, the limit is $MAX_TEXT_MB MB: cut it with head -c"
	# The guest has the text twice, packed and unpacked, and what it makes of it.
	[ $((guest_mb + 6 * mb)) -le $(($(awk '/^MemAvailable/ { print $2 }' /proc/meminfo) >> 10)) ] ||
		die "$TEXT has $mb MB, and its guest needs $((guest_mb + 6 * mb)) MB of free memory: cut it with head -c"
	cp "$TEXT" "$1"
	say "text: $TEXT, $(stat -c %s "$1") bytes"
}

# Debian's changelog of its kernel, some 3 MB of English, lies beside the
# headers; a system installed without documents has the headers themselves.
default_text()
{
	local changelog=${common%/src/*}/share/doc/${common##*/}/changelog.Debian.gz

	if [ -r "$changelog" ] && gzip -dc "$changelog" >"$1"; then
		say "text: Debian's changelog of this kernel, $(stat -c %s "$1") bytes ($changelog)"
	else
		cat "$common"/include/linux/*.h >"$1"
		say "text: the kernel's own headers, $(stat -c %s "$1") bytes ($common/include/linux)"
	fi
	[ "$(stat -c %s "$1")" -ge 1000000 ] || die "the text is shorter than 1 MB; set TEXT=file"
}

# count_words FILE: "count word" lines as the kernel should print them, sorted.
# $2 is how often the file is fed.
count_words()
{
	# shellcheck disable=SC2018,SC2019 # just these letters, as in the kernel
	tr 'A-Z' 'a-z' <"$1" | tr -cs 'a-z' '\n' | { grep . || true; } |
		sort | uniq -c | awk -v "times=${2:-1}" '{ print $1 * times, $2 }' | sort
}

# The guest's report

# fact KEY: its value.
fact()
{
	sed -n "s/^@ $1 //p" "$work/log"
}

# table NAME: the lines that the guest showed under it.
table()
{
	sed -n "/^@@ begin $1\$/,/^@@ end $1\$/{/^@@ /d;p}" "$work/log"
}

show()
{
	local lines shown

	printf '\n%s:\n' "$2"
	table "$1" | cut -c 1-160 | sed 's/^/  /'
	lines=$(fact "lines-$1")
	shown=$(table "$1" | wc -l)
	[ "${lines:-0}" -le "$shown" ] || echo "  ... $((lines - shown)) more lines"
}

# stat_key TABLE KEY: its value in a copy of galloc/stats.
stat_key()
{
	table "$1" | awk -v "key=$2" '$1 == key { print $2 }'
}

check_count()
{
	local name=$1 what=$2 want differ

	want=$(sha256sum <"$work/want/$name")
	if [ "$(fact "feed-$name")" != 0 ]; then
		not_ok "$what" "the text could not be written"
	elif [ "$(fact "sum-$name")" != "$want" ]; then
		differ=$(table "differ-$name" | grep '^[-+][0-9]' | head -n 4 | cut -c 1-60 | tr '\n' ';')
		not_ok "$what" "counts differ (- outside, + kernel): $differ"
	else
		ok "$what"
	fi
}

# distinct and total, as counted by the kernel and as expected.
check_summary()
{
	local name=$1 got want

	got=$(table "summary-$name" | awk '/^(distinct|total)_words/ { print $2 }' | tr '\n' ' ')
	want=$(awk '{ total += $1 } END { printf "%d %.0f ", NR, total }' "$work/want/$name")
	same "$2" "$got" "$want"
}

check_load()
{
	same "round $1: galloc and wordfreq load" \
		"$(fact "load-galloc-$1") $(fact "load-wordfreq-$1")" "0 0"
}

check_unload()
{
	same "round $1: wordfreq and galloc unload" \
		"$(fact "unload-wordfreq-$1") $(fact "unload-galloc-$1")" "0 0"
	same "round $1: with no client no byte is in use" \
		"$(stat_key "stats-after-$1" in_use_bytes)" 0
	same "round $1: no bad free was reported" \
		"$(table "stats-after-$1" | grep -c '^fault_.* 0$')" \
		"$(table "stats-after-$1" | grep -c '^fault_')"
	same "round $1: galloc holds 0 pages at exit" "$(fact "held-$1")" 0
}

# Accounting: wordfreq is the only client, and every byte is accounted for.
check_books()
{
	same "galloc's in_use is what wordfreq holds" "$(stat_key stats in_use_bytes)" \
		"$(table summary-text | awk '$1 == "bytes_held" { print $2 }')"
	same "galloc/stats adds up" "$(table stats | awk '
		$1 ~ /^(in_use|cached|central|tail|lost|deferred|free|atomic_reserve|meta)_bytes$/ { sum += $2 }
		END { printf "%.0f", sum }')" "$(stat_key stats system_bytes)"
}

# The first report of the kernel, or of galloc, about itself.
first_splat()
{
	grep -aE "$GUEST_SPLAT|galloc: (leak|validate|.* are not accounted)" "$work/log" |
		head -n 1 || true
}

TEXT=${1:-${TEXT:-}}
[[ $TEXT != -* ]] || TEXT=./$TEXT
why=
export LC_ALL=C

[ $# -le 1 ] || die "too many arguments; type: ${0##*/} [TEXT]"
# Not with its output away: so would be the verdict.
why=$(cache_dir 2>&1) || exit 1
why=
need_places
# shellcheck disable=SC2046 # a word or none
need_for modules guests qemu $([ "${KERNEL:-}" != 6.1 ] || echo 6.1)
why=$(scratch run 2>&1) || exit 1
work=$why why=
mkdir "$work/text" "$work/want"
find_kernel

take_text "$work/text/text"
ln "$work/text/text" "$work/text/again"
: >"$work/text/empty"
head -c 1048576 /dev/zero | tr '\0' 'W' >"$work/text/long"

build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
build_client "$KDIR" samples/wordfreq
cp "$BUILD/galloc.ko" "$BUILD/samples/wordfreq/wordfreq.ko" "$work/"
build_unlock
cp "$work/wordfreq.ko" "$work/text/binary"

say "counting on the host"
for name in text empty binary long; do
	count_words "$work/text/$name" >"$work/want/$name"
done
count_words "$work/text/again" 2 >"$work/want/again"

files=("$work/galloc.ko:/galloc.ko" "$work/wordfreq.ko:/wordfreq.ko")
for name in text again empty binary long; do
	files+=("$work/text/$name:/text/$name" "$work/want/$name:/want/$name")
done
guest_initramfs "$work/initramfs" "$top/tools/run-init.sh" "${files[@]}"
mb=$(($(stat -c %s "$work/text/text") >> 20))

say "booting $KREL"
rc=0
GUEST_CPUS=2 GUEST_MEM=$((guest_mb + 6 * mb)) GUEST_APPEND="oops=panic" \
	guest_qemu "$VMLINUZ" "$work/initramfs" "$work/log" "${RUN_TIMEOUT:-$((600 + 10 * mb))+}" || rc=$?
cp "$work/log" "$top/build/run.log"
if [ $rc -ne 0 ]; then
	tail -n 20 "$work/log" | sed 's/^/   | /' >&2
	die "the guest did not finish; its output is build/run.log; $(first_splat)"
fi

show top "the ten most frequent words"
show summary-text "wordfreq/summary"
show stats "galloc/stats"
show classes "galloc/classes, those that have pages" | awk '
	$1 == "class" { for (i = 1; i <= NF; i++) if ($i == "pages") pages = i }
	!pages || NF < pages || $pages != 0'
show mheap "galloc/mheap"
show mcache "galloc/mcache"
echo

same "the guest has two processors, of one node" "$(fact cpus) $(fact nodes)" "2 1"
check_load 1
check_count text "text: all $(wc -l <"$work/want/text") words have the counts made outside the kernel"
check_summary text "text: summary agrees"
check_books
check_unload 1
check_load 2
check_count again "text, by two writers at once: all counts are double"
check_count empty "an empty file has no words"
check_count binary "a binary: all $(wc -l <"$work/want/binary") words have the counts made outside"
check_count long "one word of 1 MiB"
check_unload 2
same "no module is left" "$(table modules | grep -cE '^(galloc|wordfreq) ' || true)" 0
same "the kernel has nothing to complain of" "$(first_splat)" ""

echo
table dmesg | grep -aE 'galloc|wordfreq' | tail -n 6 | sed 's/^/  /'

verdict=1
if [ "$failed" -gt 0 ]; then
	echo "galloc: FAILED: $first_failed (the guest's output is build/run.log)"
	exit 1
fi
echo "galloc: ok"
