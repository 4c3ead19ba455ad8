#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# coverage.sh [--doc]: which lines and branches of galloc the KUnit suites run,
# `make coverage`.
#
# Runs the suites as kunit.sh does, in a user-mode Linux that counts. Prints a table of
# the sources; the lines that no case ran are in build/coverage/missed. --doc puts the
# table into Documentation/testing.rst.

set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

config="uml-gcov-7.3"
out=$top/build/coverage
page=$top/Documentation/testing.rst

[ $# -eq 0 ] || [ "$*" = --doc ] || die "what is $*?  Type: coverage.sh [--doc]"
need_places
need_for programs python
rm -rf "$out"
mkdir -p "$out"
"$top/tools/kunit.sh" $config | tee "$out/said" >&2 || die "the suites do not pass, so there is nothing to count"
use_kernel build $config

# Each guest has printed what it has counted; these are added.
for log in "$top/build/log/kunit-$config"-*.log; do
	mkdir "$out/one"
	sed -n '/^@@ begin gcov$/,/^@@ end gcov$/{/^@@/d;p}' "$log" | base64 -d | tar -xzf - -C "$out/one"
	if [ -d "$out/sum" ]; then
		gcov-tool merge -o "$out/both" "$out/sum" "$out/one"
		rm -r "$out/sum" "$out/one"
		mv "$out/both" "$out/sum"
	else
		mv "$out/one" "$out/sum"
	fi
done
# Of galloc.ko alone: the suites and other modules are counted, too.
build_lock "$KREL"
BUILD=$(build_dir "$KREL")
rm -f "$BUILD"/*.mod.gcno
find "$BUILD" \( -name kunit -o -name tools -o -name samples \) -prune -o -name '*.gcno' -exec cp -t "$out/sum" {} +
build_unlock
(cd "$out/sum" && gcov --json-format --branch-probabilities --stdout ./*.gcno 2>/dev/null) >"$out/json"
python3 "$top/tools/coverage.py" "$out/json" "$top" "$out/missed" >"$out/table"
cat "$out/table"
[ $# -eq 0 ] || { printf '::\n\n' && sed 's/^./    &/' "$out/table"; } | fill_page "$page" coverage
