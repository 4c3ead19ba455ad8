#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# doc.sh: update the documents about the default trace, `make trace-doc`.
#
# After `TRACE_RUNS=3 make trace`: the first of the three becomes the default trace,
# and the table that compares them goes into Documentation/traces.rst, between the
# lines ".. begin NAME" and ".. end NAME". So do the output of galloc-trace for the
# default trace, and its charts.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

out=$top/build/trace
doc=$top/Documentation/traces.rst
MAX_BYTES=2000000

need_for modules traces plots
for n in 1 2 3; do
	[ -e "$out/default-$n.trace.xz" ] ||
		die "no recording default-$n; type: TRACE_RUNS=3 make trace"
done
[ "$(stat -c %s "$out/default-1.trace.xz")" -lt $MAX_BYTES ] ||
	die "default-1.trace.xz has more than $MAX_BYTES bytes"
make -s -C "$top/tools/trace"
work_dir doc

cp "$out/default-1.trace.xz" "$top/tools/trace/default.trace.xz"
fill_page "$doc" recordings <"$out/default.rst"
xz -dc "$top/tools/trace/default.trace.xz" >"$work/trace"
{ printf '::\n\n' && "$out/galloc-trace" print "$work/trace" | sed 's/^./    &/'; } >"$work/print"
fill_page "$doc" print <"$work/print"
"$out/galloc-trace" plot "$work/trace" "$work/plots" >&2
for picture in live sizes lifetimes; do
	cp "$work/plots/$picture.svg" "$top/Documentation/trace-$picture.svg"
done
