#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# Host tests: checks that need no kernel.  One line per check, "ok - ",
# "not ok - " or "skip - "; the last line counts them; exit 1 if one failed.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
need_tree
need_for programs python release
# The other compiler, and Sphinx, where they can be had; their checks are skipped elsewhere.
(need_for clang docs) || true
shifts="12 14 16"
cflags="-std=gnu11 -O2 -Wall -Wextra -Werror -Wno-missing-field-initializers"
cflags+=" -DGALLOC_HOST_TEST -I$top/tools/test -I$top/include"

mkdir -p "$top/build/host"
work=$(mktemp -d "$top/build/host/test.XXXXXX")
trap 'rm -rf "$work"' EXIT

# why FILE: one line of a failed command's output.
why()
{
	grep -m1 -iE 'error|undefined|fatal' "$1" || head -n1 "$1" || true
}

# check NAME COMMAND...: the command succeeds.
check()
{
	local name=$1

	shift
	if "$@" >"$work/log" 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$(why "$work/log")"
	fi
}

# compile CC SHIFT OUT OPTION...
compile()
{
	local cc=$1 shift=$2 out=$3

	shift 3
	# shellcheck disable=SC2086 # a list of options
	"$cc" $cflags -DPAGE_SHIFT="$shift" -o "$out" "$@"
}

# same_as_generated MODE FILE
same_as_generated()
{
	"$top/build/host/gen-sizeclasses" "$1" | cmp - "$top/$2"
}

# The tables of one page size, as compiled by the compiler that galloc needs.
test_tables()
{
	local shift=$1 status=0
	local page=$((1 << shift)) test=$work/test.$1
	local name="sizeclass, $((page / 1024)) KiB pages"

	if ! compile gcc "$shift" "$test" "$top/tools/test/sizeclass_test.c" \
	     "$top/sizeclass.c" -lm >"$work/log" 2>&1; then
		not_ok "$name: the tables compile" "$(why "$work/log")"
		return
	fi
	"$test" >"$work/out" 2>&1 || status=$?
	cat "$work/out"
	count_in "$work/out"
	# A crash, or a failure that no line accounts for.
	if [ "$status" -gt 1 ] || { [ "$status" = 1 ] &&
				    ! grep -q '^not ok' "$work/out"; }; then
		not_ok "$name: the test runs to its end" "exit $status"
	fi

	"$test" --table >"$work/want"
	PAGE_SIZE=$page "$top/tools/sizeclasses.sh" >"$work/table" || true
	check "$name: the printed table is the compiled one" \
		cmp "$work/want" "$work/table"
	check "$name: the printed table is well-formed" well_formed "$work/table"
}

# 68 lines of 6 columns; a header; numbers; two decimals in the percentages.
well_formed()
{
	awk -F'\t' '
	function bad(why) { print "line " NR ": error: " why; failed = 1; exit 1 }
	NF != 6 { bad(NF " columns") }
	NR == 1 && $0 != "class\tsize\tspan_pages\tobjects\ttail_percent\tmax_waste_percent" { bad("header") }
	NR == 1 { next }
	$1 != NR - 1 { bad("class " $1) }
	$2 <= last { bad("size " $2) }
	$3 !~ /^[0-9]+$/ || $4 !~ /^[0-9]+$/ { bad("not a number") }
	$5 !~ /^[0-9]+\.[0-9][0-9]$/ || $6 !~ /^[0-9]+\.[0-9][0-9]$/ { bad("not a percentage") }
	$5 + 0 > $6 + 0 { bad("tail over waste") }
	{ last = $2 + 0 }
	END { if (!failed && NR != 68) bad(NR " lines") }' "$1"
}

# folds CC LEVEL: the program links only if no call to not_folded() is left.
folds()
{
	local name="sizeclass: $1 $2 folds the class of a constant size"

	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1 here"
		return
	fi
	check "$name" compile "$1" 12 "$work/folds" "$2" "$work/folds.c"
}

# A page size that no kernel of ours has: one line, exit 2.
refuses()
{
	local status=0

	PAGE_SIZE=$1 "$top/tools/sizeclasses.sh" >"$work/out" 2>"$work/err" ||
		status=$?
	if [ "$status" != 2 ] || [ "$(wc -l <"$work/err")" != 1 ] ||
	   [ -s "$work/out" ]; then
		echo "error: exit $status: $(cat "$work/err")"
		return 1
	fi
}

# The cases of KUnit, one a line, as clauses.rst names them.
kunit_cases()
{
	awk '
		FNR == 1 { tell(); n = 0; suite = "" }
		match($0, /GK_SUITE\([a-z_0-9]+,/) { suite = suite " " substr($0, RSTART + 9, RLENGTH - 10) }
		match($0, /name = "galloc_[a-z_0-9]+"/) { suite = suite " " substr($0, RSTART + 15, RLENGTH - 16) }
		{
			for (rest = $0; match(rest, /KUNIT_CASE[A-Z_]*\([a-z_0-9]+[,)]/); rest = substr(rest, RSTART + RLENGTH)) {
				name[++n] = substr(rest, RSTART, RLENGTH - 1)
				sub(/.*\(/, "", name[n])
			}
		}
		END { tell() }
		function tell(	i, j, suites, of) {
			suites = split(suite, of, " ")
			for (i = 1; i <= suites; i++)
				for (j = 1; j <= n; j++) print of[i] "." name[j]
		}' "$top"/kunit/*_kunit.c | LC_ALL=C sort -u
}

# Every test named in clauses.rst exists.
# shellcheck disable=SC2016 # the backquotes are those of rst
clauses_have_tests()
{
	local name lost n

	grep -o '``[a-z]*\.[a-z_0-9]*``' "$top/Documentation/clauses.rst" | tr -d '\`' | grep -vx suite.case >"$work/named"
	n=$(wc -l <"$work/named")
	lost=$(LC_ALL=C sort -u "$work/named" | LC_ALL=C comm -23 - <(kunit_cases) | sed 's/^/ /' | tr -d '\n')
	while read -r name; do
		[ -e "$top/tools/test/guest/$name.sh" ] || lost+=" guest $name"
	done < <(grep -o '``guest [a-z]*``' "$top/Documentation/clauses.rst" | tr -d '\`' | sed 's/^guest //;/^NAME$/d')
	[ "$n" -ge 80 ] || lost+=" (only $n are named)"
	[ -z "$lost" ] || {
		echo "error: no such test:$lost"
		return 1
	}
}

# report ROW...: what bench/report.py makes of a guest that printed these; each is
# case, variant, allocator, metric, value and, unless 2, CPUs, in words, or "! CASE WHY".
# Rows behind "@ BED" are of another guest, of that bed and not of uml.
report()
{
	local row guest=1

	rm -rf "$work/bench"
	mkdir -p "$work/bench/7.3.4-uml"
	echo "SLUB y" >"$work/bench/7.3.4-uml/options"
	(
		printf '@\tuml\t7.3.4-uml\t\n'
		for row in "$@"; do
			# shellcheck disable=SC2086 # words
			case $row in
			"@ "*)
				guest=$((guest + 1))
				exec >"$work/bench/0$guest.raw"
				printf '@\t%s\t7.3.4-uml\t\n' "${row#@ }"
				;;
			"! "*) printf '!\t%s\t*\t%s\n' "$(echo "$row" | cut -d ' ' -f 2)" "${row#! * }" ;;
			*) echo $row | awk -v OFS='\t' '{ print $1, $2, $3, (NF > 5 ? $6 : 2), $4, $5, 1, 9 }' ;;
			esac
		done
	) >"$work/bench/01.raw"
	PYTHONDONTWRITEBYTECODE=1 python3 "$top/tools/bench/report.py" --part "$work" "$work/bench" 2>&1
}

# Times on one CPU are judged on the bed without SMP, and of the floor of that bed; where
# the machine itself was measured, there.
report_judges_the_floor()
{
	local bed rows=("floor pair none ns 5 1" "pair 64c galloc ns 5.5 1" "pair 64c kmalloc ns 12.5 1")

	for bed in uml-up native; do
		report "floor pair none ns 50 1" "pair 64c galloc ns 55 1" "pair 64c kmalloc ns 56 1" \
			"@ $bed" "${rows[@]}" "batch 32/fifo galloc ns 6.6 1" >"$work/report"
		grep -qx 'pair 64c, ns, of the floor  *1.100  <= 1.15  *met' "$work/report" &&
			grep -qx 'pair 64c, ns, of kmalloc  *0.440  <= 0.45  *met' "$work/report" &&
			grep -qx 'batch 32/fifo, ns, of the floor  *1.320  <= 1.3  *NOT MET' "$work/report" && continue
		echo "error: $bed: $(grep -E '^(pair|batch)' "$work/report" | tr '\n' ';')"
		return 1
	done
}

# What make bench-here writes to be sent is of the form of make bench, without a page.
report_can_be_sent()
{
	report "@ native" "floor pair none ns 5 1" "pair 64c galloc ns 5.5 1" >"$work/report"
	rm "$work/bench/01.raw"
	mkdir -p "$work/sent"
	PYTHONDONTWRITEBYTECODE=1 python3 "$top/tools/bench/report.py" --here "$work/sent" "$work/bench" >"$work/report"
	[ "$(tr '\t' ' ' <"$work/sent/results.tsv" | sed -n '1p;$p')" = \
		"$(printf '%s\n' "bed kernel case variant allocator cpus metric value min max" \
			"native 7.3.4-uml pair 64c galloc 1 ns 5.5 1 9")" ] &&
		[ "$(ls "$work/sent")" = results.tsv ] && return
	echo "error: $(head -n 2 "$work/sent/results.tsv" | tr '\n' ';') $(ls "$work/sent")"
	return 1
}

# A chart is read at 740 pixels: all of it is within, the axis says what it counts and which
# way is better, bars have their spread, and one that is long does not flatten the others.
charts_can_be_read()
{
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tools/bench python3 - "$work/chart.svg" <<-'END'
		import sys, xml.etree.ElementTree as tree
		from chart import chart

		def draw(rows):
		    chart(sys.argv[1], "Heading", "ns", rows)
		    root = tree.parse(sys.argv[1]).getroot()
		    for t in root.findall(".//{*}text"):
		        wide, at = 7 * len(t.text), float(t.get("x"))
		        left = {"end": at - wide, "middle": at - wide / 2}.get(t.get("text-anchor"), at)
		        assert root.get("width") == "740" and left >= 0 and left + wide <= 740, t.text
		    bars = [float(r.get("width")) for r in root.findall(".//{*}rect") if r.get("class") == "bar"]
		    axis = [t.text for t in root.findall(".//{*}text") if t.get("class") == "axis"]
		    return bars, axis, len(root.findall("{*}path[@class='spread']"))

		few = ("mixed 1024/uniform2048", (50, 40, 60), (100, 100, 100))
		bars, axis, spreads = draw([few])
		assert abs(bars[0] * 2 - bars[1]) < 1 and axis == ["ns: lower is better"], (bars, axis)
		assert spreads == 1, spreads
		bars, axis, _ = draw([few, ("long", (60, 60, 60), (90000, 90000, 90000))])
		assert bars[0] > 40 and axis == ["ns, logarithmic: lower is better"], (bars, axis)
	END
}

# The page has the floor of each bed, and what locks were for.
page_has_floors_and_causes()
{
	report "floor pair none ns 50 1" "pair 64c galloc ns 55 1" "replay default galloc locks_per_kop 30" \
		"replay default galloc locks_refill 12" "replay default galloc locks_flush 18" \
		"@ uml-up" "floor pair none ns 5 1" "pair 64c galloc ns 5.5 1" "pair 64c kmalloc ns 12.5 1" >"$work/report"
	(cd "$top/tools/bench" && PYTHONDONTWRITEBYTECODE=1 python3 - "$work/part.tsv" <<'PYTHON') >"$work/page"
import csv, sys, types
import page, report
with open(sys.argv[1], encoding="ascii") as lines:
    rows = [dict(row, value=float(row["value"])) for row in csv.DictReader(lines, delimiter="\t")]
results = report.Results(rows, [])
print(page.floors(results) + page.causes(results))
PYTHON
	grep -qx 'uml  *7.3.4-uml  *50  *ns  *55  *-' "$work/page" &&
		grep -qx 'uml-up  *7.3.4-uml  *5  *ns  *5.5  *12.5' "$work/page" &&
		grep -qx 'uml  *replay  *default  *2  *30  *12  *18  *-.*' "$work/page" && return
	echo "error: $(head -n 3 "$work/page" | tr '\n' ';')"
	return 1
}

# Each place in galloc's sources that count.c tells apart is there.
counted_places_exist()
{
	local file func source lost='' n=0

	while read -r file func; do
		n=$((n + 1))
		source=$top/$file.c
		[ -e "$source" ] || lost+=" $file.c"
		[ -z "$func" ] || grep -qE "^[a-z].*[ *]$func\(" "$source" || lost+=" $func"
	done < <(sed -n 's/^\t{ "\([a-z]*\)", \("\([a-z_]*\)"\|NULL\), [A-Z_]* },$/\1 \3/p' "$top/tools/bench/count.c")
	[ "$n" -ge 20 ] || lost+=" (only $n are told apart)"
	[ -z "$lost" ] || {
		echo "error: no such place:$lost"
		return 1
	}
}

# Each call whose size the compiler is told, and each by type, is tried with FORTIFY_SOURCE.
# The kernel's names for them are those of galloc-override.h.
fortify_has_all_calls()
{
	local call lost='' n=0

	while read -r call; do
		n=$((n + 1))
		grep -q "X($call," "$top/kunit/fortify_calls.h" || lost+=" $call"
	done < <(sed -nE 's/.*[* ](g[a-z_]*)\(.*alloc_size\(.*/\1/p; s/.*alloc_size\(.*\*(g[a-z_]*)\(.*/\1/p
		s/^macro (g[a-z]*_(obj|objs|flex))\(.*/\1/p' "$top/Documentation/abi.list" | grep -v '^galloc_override_' | sort -u)
	[ "$n" -ge 35 ] || lost+=" (only $n are found)"
	[ -z "$lost" ] || {
		echo "error: FORTIFY_CALLS lacks:$lost"
		return 1
	}
}

# Each goal of a replay is computed from the rows that it is about, and judged.
report_judges()
{
	report "replay default none ns 4" "replay default galloc ns 20" "replay default kmalloc ns 50" \
		"replay mine galloc ns 60" "replay mine kmalloc ns 50" \
		"replay default galloc mean_bytes 900" "replay default kmalloc mean_bytes 1000" \
		"replay default galloc peak_bytes 800" "replay default kmalloc peak_bytes 1000" >"$work/report"
	grep -qx 'replay, ns, of kmalloc  *0.400  <= 0.5  *met' "$work/report" &&
		grep -qx 'replay, mean held, of kmalloc  *0.900  <= 0.75  *NOT MET' "$work/report" &&
		grep -qx 'replay, peak held, of kmalloc  *0.800  <= 0.72  *NOT MET' "$work/report" &&
		grep -q '^replay  *mine  *2  *ns  *60' "$work/report" && return
	echo "error: $(grep '^replay' "$work/report" | tr '\n' ';')"
	return 1
}

# A case whose loop hides its figures, and one whose guest broke off, have no result;
# each says why, and the goals of others are judged all the same.
report_leaves_out()
{
	! report "replay default none ns 90" "replay default galloc ns 20" \
		"replay default kmalloc ns 50" \
		"replay default galloc mean_bytes 700" "replay default kmalloc mean_bytes 1000" \
		"! larson the guest broke off" >"$work/report" &&
		grep -qx 'replay, ns, of kmalloc  *-  <= 0.5  *NOT JUDGED: of galloc 20 are left, 90 subtracted' "$work/report" &&
		grep -qx 'larson, ns, of kmalloc  *-  <= 0.5  *NOT JUDGED: the guest broke off' "$work/report" &&
		grep -qx '  uml 7.3.4-uml larson: the guest broke off' "$work/report" &&
		grep -qx 'replay, mean held, of kmalloc  *0.700  <= 0.75  *met' "$work/report" &&
		[ "$(tail -n 1 "$work/report")" = "3 goals: 1 met, 0 not met, 2 not judged" ] && return
	echo "error: $(tail -n 1 "$work/report")"
	return 1
}

# Each goal of the cases beside the usual ones, too; without its peer's figure none of
# them is met or missed.
report_judges_the_others()
{
	report "share 8 galloc lines 2" "share 8 kmalloc lines 1" \
		"share 16 galloc lines 2" "! share 16" "share 32 galloc lines 2" "@ uml-up" \
		"huge 3145728 galloc ns 30 1" "huge 3145728 kmalloc ns 60 1" \
		"held 4096 galloc ns 95 1" "held 4096 kmalloc ns 100 1" \
		"burst 8 galloc ns 80 1" "burst 8 kmalloc ns 100 1" \
		"burst 8/alloc galloc ns 30 1" "burst 8/alloc kmalloc ns 50 1" \
		"burst 8/free galloc ns 61 1" "burst 8/free kmalloc ns 50 1" >"$work/report"
	grep -qx 'huge 3145728, ns, of kmalloc  *0.500  <= 0.5  *met' "$work/report" &&
		grep -qx 'held 4096, ns, of kmalloc  *0.950  <= 0.9  *NOT MET' "$work/report" &&
		grep -qx 'burst 8, ns, of kmalloc  *0.800  <= 0.9  *met' "$work/report" &&
		grep -qx 'burst 8/alloc, ns, of kmalloc  *0.600  <= 1.2  *met' "$work/report" &&
		grep -qx 'burst 8/free, ns, of kmalloc  *1.220  <= 1.2  *NOT MET' "$work/report" &&
		! grep -q '^share 32, lines' "$work/report" && return
	echo "error: $(grep -E '^(huge|held|burst|share)' "$work/report" | tr '\n' ';')"
	return 1
}

# What gfree_rcu() takes beyond gfree(), and what a release waits for.
report_judges_what_waits()
{
	report "@ icount" "pair 64c kmalloc instr 165 1" "rcu 64 galloc instr 55 1" \
		"rcu 64 gfree instr 33 1" "rcu 64 kmalloc instr 100 1" \
		"@ uml-up" "release 1000000 galloc taking_back_ns 30000000 1" >"$work/report"
	grep -qx 'rcu 64, instructions above gfree(), 7.3  *22.*  <= 20  *NOT MET' "$work/report" &&
		grep -qx 'release of a heap, ns of grace periods, uml-up  *30000000  <= 1e+08  *met' "$work/report" && return
	echo "error: $(grep -E '^(rcu|release)' "$work/report" | tr '\n' ';')"
	return 1
}

# A ring that costs much hides a verdict only where it makes a difference.
report_weighs_the_ring()
{
	! report "remote pipe none ns 6" "remote pipe galloc ns 15" "remote pipe kmalloc ns 27" \
		"remote all none ns 6" "remote all galloc ns 20" "remote all kmalloc ns 27" >"$work/report" &&
		grep -q '^remote pipe, ns, of kmalloc .* NOT JUDGED: 0.636 with the ring' "$work/report" &&
		grep -qx 'remote all, ns, of kmalloc  *0.741  <= 0.5  *NOT MET' "$work/report" &&
		[ "$(tail -n 1 "$work/report")" = "2 goals: 0 met, 1 not met, 1 not judged" ] && return
	echo "error: $(tail -n 1 "$work/report")"
	return 1
}

# Results printed before a guest was interrupted count; incomplete ones do not.
results_survive()
{
	printf '%s\n' pair "replay /a" remote:all >"$work/cases"
	printf '%s\n' "@ case pair" "@@ begin results pair" "a row" "@@ end results" "@ case replay" \
		"@@ begin results replay" "half a r" "Kernel panic" >"$work/guest"
	[ "$(awk -v why=panic -f "$top/tools/bench/results.awk" "$work/cases" "$work/guest")" = \
		"$(printf 'a row\n!\treplay\t*\tthe guest broke off: panic\n!\tremote\tall*\tthe guest broke off: panic\n')" ] && return
	echo "error: other rows"
	return 1
}

# machine DIR: a PATH of a machine without packages and without permission to install any.
machine()
{
	local name

	mkdir -p "$1"
	printf '#!/bin/sh\nexit 1\n' >"$1/dpkg-query"
	printf '#!/bin/sh\nexit 1\n' >"$1/sudo"
	printf '#!/bin/sh\necho 1000\n' >"$1/id"
	# shellcheck disable=SC2016 # its own
	printf '#!/bin/sh\necho "$@" >>%s/apt\n' "$1" >"$1/apt-get"
	cp "$1/apt-get" "$1/apt-cache"
	for name in "$1"/*; do chmod +x "$name"; done
}

# Without root one line shows the command to type, for all parts.
asked_once()
{
	local script purpose line words lost=''

	machine "$work/user"
	! PATH=$work/user:$PATH "$top/tools/check.sh" >"$work/out" 2>"$work/err" || return 1
	line=$(cat "$work/err")
	if [ "$(wc -l <"$work/err")" != 1 ] || [ -s "$work/out" ] || [ -e "$work/user/apt" ]; then
		echo "error: $(head -n 2 "$work/err" | tr '\n' ' ')"
		return 1
	fi
	# The scripts that make check runs, and what those run.
	# shellcheck disable=SC2016 # $bed is theirs
	for script in run stock kunit kernel fastpath lint test/external test/install test/stop test/run \
		test/trace test/bench_here bench/traces sizeclasses; do
		while read -r words; do
			for purpose in $words; do
				[ "$purpose" != lint ] || continue
				for words in $(packages_for "$purpose"); do
					[[ " $line " == *" $words "* ]] || lost+=" $words ($script.sh)"
				done
			done
		# Not what only a bed of make check-observe needs.
		done < <(sed -n '/"\$bed" != tools/d; s/.*\bneed_for \([a-z -]*[a-z]\).*/\1/p' "$top/tools/$script.sh")
	done
	[ -z "$lost" ] || {
		echo "error: not asked for:$lost"
		return 1
	}
}

# All are listed in one place, so that they can be requested together.
no_other_packages()
{
	local found

	found=$(grep -rnE --include='*.sh' '\bneed_packages [a-z]' "$top/tools" | grep -v "/test/run.sh:") || return 0
	echo "error: $found"
	return 1
}

# candidate FILE VERSION: an apt-cache that says so, in German unless it is asked for C.
candidate()
{
	cat >"$1" <<-EOF
		#!/bin/sh
		[ "\$LC_ALL" = C ] && echo "  Candidate: $2" || echo "  Installationskandidat: $2"
	EOF
	chmod +x "$1"
}

# clang_of ID: which packages clang.sh has installed where there is no clang.
clang_of()
(
	set +e
	machine "$work/bare$1"
	printf '#!/bin/sh\necho "%s"\n' "$1" >"$work/bare$1/id"
	candidate "$work/bare$1/apt-cache" 1:14.0-55.7
	# shellcheck disable=SC2030 # it is meant for this subshell
	export PATH=$work/bare$1:$PATH LC_ALL=C.UTF-8
	# shellcheck source=/dev/null # the linter need not follow it
	. "$top/tools/clang.sh"
	version=
	find_clang 6.1 2>/dev/null
	echo "$? $version $(grep -o 'install clang.*' "$work/bare$1/apt" 2>/dev/null | tail -n 1)"
)

clang_is_installed()
{
	local root user

	root=$(clang_of 0)
	user=$(clang_of 1000)
	[ "$root" = "0 14 install clang-14 lld-14 llvm-14" ] && [ "$user" = "" ] && return
	echo "error: as root: $root; not as root: $user"
	return 1
}

# The parts of a check begin at the same moment on a new machine: the lists of packages are
# fetched once, and nobody reads them before they are complete.
lists_are_fetched_once()
(
	machine "$work/new"
	cat >"$work/new/apt-get" <<-EOF
		#!/bin/sh
		case "\$*" in
		*indextargets*) echo "\$(. /etc/os-release && echo "\$VERSION_CODENAME") http://mirror/debian/ main" ;;
		*update) echo >>$work/new/updates; rm -f $work/new/lists; sleep 0.5; echo >$work/new/lists ;;
		esac
	EOF
	candidate "$work/new/policy" 6.1.1
	cat >"$work/new/apt-cache" <<-EOF
		#!/bin/sh
		[ -e $work/new/lists ] || exit
		case "\$*" in
		*pkgnames) echo linux-source-6.1 ;;
		*) $work/new/policy ;;
		esac
	EOF
	# shellcheck disable=SC2030,SC2031 # it is meant for this subshell
	export PATH=$work/new:$PATH XDG_CACHE_HOME=$work/new/cache LC_ALL=C.UTF-8
	# shellcheck source=/dev/null # the linter need not follow it
	. "$top/tools/kernel.sh"
	for part in 1 2 3 4; do
		newest bookworm '^linux-source-6.1$' >"$work/new/found.$part" 2>>"$work/new/err" &
	done
	wait
	[ "$(cat "$work/new"/found.? | sort | uniq -c | tr -s ' ') $(wc -l <"$work/new/updates")" = \
		" 4 linux-source-6.1 6.1.1 1" ] && return
	echo "error: found: $(cat "$work/new"/found.? | tr '\n' ';') lists fetched $(wc -l <"$work/new/updates") times: $(head -n 1 "$work/new/err")"
	return 1
)

# lint judges the tree: kbuild's messages about the machine are not findings.
lint_findings()
{
	printf '%s\n' 'warning: the compiler differs from the one used to build the kernel' \
		'warning: pahole version differs from the one used to build the kernel' \
		'/x/tree/mheap.c:1:1: warning: of ours' >"$work/make.log"
	build_findings "$work/make.log" /x/tree >"$work/out"
	[ "$(cat "$work/out")" = "mheap.c:1:1: warning: of ours" ] && return
	echo "error: $(head -n 1 "$work/out")"
	return 1
}

# Moving a function to another file requires renaming it.
lint_prefixes()
{
	local dir=$work/prefixes

	mkdir -p "$dir/debug"
	printf 'int drain_this(int a,\n\t       int b)\n{\n}\n\nstatic int other(void)\n{\n}\n' >"$dir/drain.c"
	printf 'void gfree(const void *p)\n{\n}\nEXPORT_SYMBOL_GPL(gfree);\n' >"$dir/api.c"
	printf 'const char *mheap_name(void)\n{\n\tfor (;;)\n\t\t;\n}\n' >"$dir/debug/validate.c"
	(
		cd "$dir"
		eval "$(sed -n '/^functions()$/,/^}$/p; /^prefixes()$/,/^}$/p' "$top/tools/lint.sh")"
		# shellcheck disable=SC2317 # prefixes() calls it
		names_apart() { :; }
		functions ./*.c debug/*.c
		prefixes
	) >"$work/out"
	[ "$(cat "$work/out")" = "drain_this ./drain.c
mheap_name debug/validate.c
./debug/validate.c: mheap_name() does not begin with validate_
1 of 2 functions are not named after their files" ] && return
	echo "error: $(tr '\n' ';' <"$work/out")"
	return 1
}

# An arrow up is found, a named one and one down are not.
layers_are_looked_at()
{
	local dir=$work/layers

	mkdir -p "$dir"
	# shellcheck disable=SC2016 # those of rst
	printf 'Each layer calls only those below::\n\n\t top.c  side.c  x\n\t   |\n\t low.c\n\t   |\n\t gone.c\n\nUp: ``low.c`` -> ``side.c``\n``top.c`` -> ``low.h``\n' >"$dir/page.rst"
	printf 'int top_a(void)\n{\n\treturn low_a();\n}\n' >"$dir/top.c"
	printf 'int side_a(void)\n{\n\treturn top_a();\n}\n' >"$dir/side.c"
	printf '#include "top.h"\n/* top_a() */\nint low_a(void)\n{\n\tpr_err("top_a()");\n\treturn side_a();\n}\n\nstatic int b(void)\n{\n\treturn top_a();\n}\n' >"$dir/low.c"
	(cd "$dir" && awk -f "$top/tools/layers.awk" page.rst ./*.c) | LC_ALL=C sort >"$work/out"
	[ "$(cat "$work/out")" = "low.c reaches up to top.c: top.h
low.c reaches up to top.c: top_a()
no call takes the arrow that the page names: top.c low.h
the picture has a file that is not there: gone.c" ] && return
	echo "error: $(tr '\n' ';' <"$work/out")"
	return 1
}

# The first words of each page say whom it is for.
pages_have_readers()
{
	local page first

	for page in "$top"/Documentation/*.rst "$top"/Documentation/why/*.rst; do
		first=$(awk '/^\.\./ || /^=+$/ || /^$/ { next } title { print; exit } { title = 1 }' "$page")
		[[ $first == For\ * ]] || { echo "error: ${page##*/} begins with: $first"; return 1; }
	done
}

# A declaration that changed is found, and one that is new, and a body, as clients have it
# compiled in; a table of sizes is no other under the same number.
abi_is_looked_at()
{
	local dir=$work/abi

	mkdir -p "$dir/Documentation" "$dir/tools/ship"
	cp -r "$top/include" "$dir/"
	cp "$top/Documentation/abi.list" "$dir/Documentation/"
	cp "$top/tools/ship/abi.py" "$dir/tools/ship/"
	sed -i 's/^size_t gsize(/u64 gsize(/' "$dir/include/galloc.h"
	grep '^symbol' "$top/Documentation/abi.list" | sed 's/symbol \(.*\)/EXPORT_SYMBOL_GPL(\1);/' >"$dir/api.c"
	! "$dir/tools/ship/abi.py" >"$work/out" || return 1
	[ "$(grep -cE '^(gone or changed,.*: size_t|new,.*: u64) gsize\(' "$work/out") $(wc -l <"$work/out")" = "2 2" ] ||
		{ echo "error: $(tr '\n' ';' <"$work/out")"; return 1; }
	"$dir/tools/ship/abi.py" --write && sed -i 's/__GFP_ZERO/0/' "$dir/include/galloc.h" || return 1
	! "$dir/tools/ship/abi.py" >"$work/out" || return 1
	grep -q '^new,.*: body gzalloc ' "$work/out" && ! grep -v ': body ' "$work/out" || return 1
	echo '#define GALLOC_OTHER' >>"$dir/include/galloc_sizeclass.h"
	! "$dir/tools/ship/abi.py" --write && sed -i 's/galloc_class_abi[0-9]*/&0/' "$dir/api.c" "$dir/include/galloc.h" &&
		"$dir/tools/ship/abi.py" --write && "$dir/tools/ship/abi.py"
}

# Conversions can be undone: no two rules begin or end with the same name.
port_rules_are_pairs()
{
	local rules=$top/tools/port/galloc.cocci sign twice

	for sign in - +; do
		twice=$(grep -E "^[$sign] [A-Za-z_]+\$" "$rules" | sort | uniq -d | head -n 1)
		[ -z "$twice" ] || { echo "error: twice: $twice"; return 1; }
	done
	[ "$(grep -c '^- ' "$rules")" -eq "$(grep -c '^+ ' "$rules")" ] || echo "error: a sign is missing"
}

# The three patches of the example apply in turn, and a name that was converted is gone.
port_example_applies()
{
	local dir=$work/example n=0 patch

	cp -r "$top/tools/port/example" "$dir"
	for patch in "$dir"/*.patch; do
		(cd "$dir" && GIT_DIR=none git apply "$patch" 2>&1) || { echo "error: ${patch##*/}"; return 1; }
		n=$((n + 1))
	done
	[ "$n" -eq 3 ] && ! grep -wE 'kfree|kmem_cache_free|kmalloc' "$dir/notes.c"
}

# releases VERSION [CHECK]: in the clone.
releases()
{
	# Nobody keeps the archive.
	mkdir -p "$work/hasty"
	printf '#!/bin/sh\nexec %s "$@" -0\n' "$(command -v xz)" >"$work/hasty/xz"
	chmod +x "$work/hasty/xz"
	# shellcheck disable=SC2031 # nowhere in one of ours
	PATH=$work/hasty:$PATH RELEASE_CHECK=${2:-true} RELEASE_BUILD=true \
		"$work/clone/tools/ship/release.sh" "$1" >"$work/out" 2>&1
}

# A release has its version everywhere, and one that promises too much is refused.
release_is_made()
{
	local before

	export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost
	if git -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
		git clone -q "$top" "$work/clone" || return 1
	else
		# What came as an archive.
		mkdir "$work/clone"
		tar -C "$top" --exclude=./build -cf - . | tar -C "$work/clone" -xf -
		git -C "$work/clone" init -q && git -C "$work/clone" add -A &&
			git -C "$work/clone" commit -qm all || return 1
	fi
	cd "$work/clone" || return 1
	grep -qx '## Next' CHANGELOG.md || sed -i '0,/^## /s//## Next\n\n&/' CHANGELOG.md
	git commit -qam next || true
	before=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
	! releases 0.0.1 || return 1
	releases 88.0.0 || { cat "$work/out"; return 1; }
	[ "$(git show v88.0.0 | grep -cE '^\+(#define GALLOC_MAJOR.88|PACKAGE_VERSION="88.0.0"|Version: *88.0.0|## 88.0.0)$')" = 4 ] &&
		(cd build/release/88.0.0 && sha256sum -c --quiet SHA256SUMS && [ -e galloc-88.0.0.tar.xz ]) || return 1
	! git grep -n -F "$before" v88.0.0 -- '*.rst' || return 1
	sed -i '0,/^## /s//## Next\n\n&/' CHANGELOG.md
	sed -i '/^symbol gsize$/d' Documentation/abi.list
	git commit -qam "a symbol less"
	! releases 88.1.0 && grep -q 'raise MAJOR' "$work/out" || return 1
	releases 89.0.0 || return 1
	sed -i '0,/^## /s//## Next\n\n&/' CHANGELOG.md
	sed -i 's/^body galloc .*/body galloc 0/' Documentation/abi.list
	git commit -qam "another body" && releases 89.0.1
}

# With a key that is made for it and thrown away, in a path that is short enough for the
# socket of gpg's agent.
release_is_signed()
{
	local rc=0

	cd "$work/clone" || return 1
	GNUPGHOME=$(mktemp -d)
	export GNUPGHOME
	sign_release || rc=1
	gpgconf --kill all
	rm -rf "$GNUPGHOME"
	unset GNUPGHOME
	return $rc
}

sign_release()
{
	local signed=build/release/90.0.0/SHA256SUMS

	sed -i '0,/^## /s//## Next\n\n&/' CHANGELOG.md
	git commit -qam next
	git config user.signingkey signer@localhost
	! releases 90.0.0 && grep -q 'no secret key signer@localhost' "$work/out" && ! git rev-parse -q --verify v90.0.0 || return 1
	gpg --batch --quiet --passphrase '' --quick-generate-key signer@localhost ed25519 sign 1d || return 1
	releases 90.0.0 || { cat "$work/out"; return 1; }
	git verify-tag v90.0.0 && gpg --batch --verify $signed.asc $signed || return 1
	echo >>$signed
	! gpg --batch --verify $signed.asc $signed
}

check "packages: make check asks once for those of all its parts" asked_once
check "packages: all are named in lib.sh" no_other_packages
check "packages: clang.sh has clang installed where that is allowed" clang_is_installed
check "packages: parts that begin at once fetch lists once" lists_are_fetched_once
check "lint: kbuild's messages about this machine are no findings" lint_findings
check "lint: a function that is not named after its file is found" lint_prefixes
check "lint: a call up the layers is found" layers_are_looked_at
check "bench: the goals of a replay are judged" report_judges
check "bench: times on one CPU are judged without SMP, or natively" report_judges_the_floor
check "bench: what make bench-here writes has the same form" report_can_be_sent
check "bench: the page shows floors, and locks by cause" page_has_floors_and_causes
check "bench: what locks are for is told by functions that exist" counted_places_exist
check "FORTIFY_SOURCE: each call whose size the compiler is told is tried" fortify_has_all_calls
check "bench: a case that cannot be judged does not affect others" report_leaves_out
check "bench: the goals of what is held, of bursts and of huge objects are judged" report_judges_the_others
check "bench: so are those of what waits for grace periods" report_judges_what_waits
check "bench: an expensive ring is taken into account" report_weighs_the_ring
check "bench: results of an interrupted guest are kept" results_survive
check "bench: charts can be read at 740 pixels" charts_can_be_read
check "documentation: each test named in clauses.rst exists" clauses_have_tests
check "documentation: each page begins with whom it is for" pages_have_readers
check "abi: what clients have compiled in is as in abi.list" "$top/tools/ship/abi.py"
check "abi: a change is found" abi_is_looked_at
check "port: each rule has one of the other direction" port_rules_are_pairs
check "port: the example is ported in three steps" port_example_applies
check "release: it is made, unless the version promises too much" release_is_made
check "release: tag and sums are signed by git's key" release_is_signed
# shellcheck source=tools/test/scripts.sh
. "$top/tools/test/scripts.sh"
# shellcheck source=tools/test/machines.sh
. "$top/tools/test/machines.sh"
# shellcheck source=tools/test/documents.sh
. "$top/tools/test/documents.sh"
check "sizeclass: the generator builds and runs" \
	env PAGE_SIZE=4096 "$top/tools/sizeclasses.sh"
check "sizeclass: sizeclass.c is what the generator prints" \
	same_as_generated --source sizeclass.c
check "sizeclass: galloc_sizeclass.h is what the generator prints" \
	same_as_generated --header include/galloc_sizeclass.h
for shift in $shifts; do
	test_tables "$shift"
done
if "$work/test.12" --folds >"$work/folds.c" 2>"$work/log"; then
	for cc in gcc clang; do
		for level in -O2 -Os; do
			folds "$cc" "$level"
		done
	done
else
	not_ok "sizeclass: the class of a constant size folds" "nothing to compile"
fi
for page in 8192 4096x x; do
	check "sizeclass: PAGE_SIZE=$page is refused" refuses "$page"
done

sum
