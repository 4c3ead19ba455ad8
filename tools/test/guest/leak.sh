#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# leak.sh: a client unloads and leaves objects behind. At its own unload galloc reports
# them for each class, and their pages are never reused.

# shellcheck source=tools/test/guest/lib.sh
. "${0%/*}/lib.sh"

damaged=/sys/module/galloc_keep/parameters/damaged

begin 12

log_mark
load galloc_keep
load_galloc
check "a client that leaks loads" load galloc_leak
check "and unloads" unload galloc_leak
same "its objects are in use" "$(stat_of in_use)" $((3 * 208 + 25 * 4096))
check "galloc unloads" unload galloc
same "a line for large objects, one for each class, and the pages held" \
	"$(log_new '^galloc: ' | grep -v loaded: | tr '\n' ';')" \
	"galloc: leak: 1 large objects (25 pages);galloc: leak: 3 objects of class 15 (208 bytes);galloc: unloaded, 26 pages held;"
same "the objects are as they were left" "$(cat $damaged)" 0

# Another module takes all memory, and clears it.
check "another module takes all memory" load galloc_hog leave_mb=40
same "the objects are still as they were left" "$(cat $damaged)" 0
unload galloc_hog

log_mark
load_galloc
check "galloc loads again and works" load galloc_stress ops=20000
unload galloc_stress
unload galloc
same "it holds no page of its own, and knows nothing of the former" \
	"$(log_new 'galloc: unloaded\|galloc: leak')" "galloc: unloaded, 0 pages held"
same "the objects are even now as they were left" "$(cat $damaged)" 0
echo 1 >$damaged
same "a damaged object is seen as such" "$(cat $damaged)" 1
unload galloc_keep

finish
