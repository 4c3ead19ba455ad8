#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# bench/here.sh: native times on this machine and its running kernel,
# `make bench-here`. For root, and only after "yes" was typed.
#
# Prints a table, and writes build/bench-here/results.tsv, of the form of `make bench`,
# with the bed `native`: a file to send to others. TRACE=FILE replays that trace, too.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/bench/traces.sh
. "$top/tools/bench/traces.sh"

[ $# -eq 0 ] || die "${0##*/} takes no arguments"
[ "$(id -u)" -eq 0 ] || die "only root can load modules; type: sudo make bench-here"
KREL=$(uname -r)
KDIR=/lib/modules/$KREL/build
[ -d "$KDIR" ] || die "the headers of the running kernel are missing; type: apt-get install linux-headers-$KREL"
need_places
work_dir bench

traces_prepare "$work"
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
build_client "$KDIR" tools/bench
cp "$BUILD/galloc.ko" "$BUILD/tools/bench/galloc_bench.ko" "$work/"
build_unlock
# Cases that need memory without other users run in guests only.
printf '%s\n' "metric=ns reps=51 scale=8 bytes=0" floor pair batch mixed bulk large remote larson scale >"$work/plan"
for trace in "${traces[@]}"; do echo "replay $work/$trace.trace"; done >>"$work/plan"
sh "$top/tools/bench/cases.sh" --ask "$work/plan" "$work/galloc.ko" "$work/galloc_bench.ko" |
	tee "$work/log" | sed -n 's/^@ case /-- /p' >&2
{
	printf '@\tnative\t%s\t\n' "$KREL"
	awk -v why="see above" -f "$top/tools/bench/results.awk" <(tail -n +2 "$work/plan") "$work/log"
} >"$work/here.raw"
mkdir -p "$top/build/bench-here"
PYTHONDONTWRITEBYTECODE=1 python3 "$top/tools/bench/report.py" --here "$top/build/bench-here" "$work" ||
	rc=$?
say "the figures are in build/bench-here/results.tsv"
exit "${rc:-0}"
