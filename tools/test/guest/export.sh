#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# export.sh: files of a galloc at work, for programs that are on the host only; see
# ../shown.sh, which checks what these make of them.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

# give NAME: standard input becomes a file of the host.
give()
{
	echo "@@ file $1"
	base64
	echo "@@ file end"
}

begin 2

load_galloc sample_kb=16
load galloc_heaps
load galloc_chains
echo 3 >/sys/module/galloc_chains/parameters/seed
give metrics <"$G/metrics"
galloc-pprof | give heap.pb.gz
echo 1 >"$G/shrink"
check "a snapshot is saved" gallocstat --save /tmp/snapshot
give snapshot </tmp/snapshot
unload galloc_chains
unload galloc_heaps
check "galloc unloads" unload galloc

finish
