#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# The guest's side of stock.sh: /main of a stock kernel. Runs the scripts that
# /test/plan lists, one per line with its arguments, and reports how each ended.

chmod +x /test/poke
chmod -R 755 /bin /lib* 2>/dev/null
export MODULES=/modules

while read -r script args; do
	start=$(cut -d . -f 1 /proc/uptime)
	echo "@@ begin $script"
	rc=0
	# shellcheck disable=SC2086 # several words
	sh "/test/$script.sh" $args </dev/null || rc=$?
	echo "@@ end $script $rc $(($(cut -d . -f 1 /proc/uptime) - start))"
	for module in galloc_stress galloc_used_up galloc_hog galloc_leak galloc_widen galloc_late \
		galloc_context galloc_anywhere galloc_batches galloc_gap galloc_guard galloc_misfree galloc_sent galloc_heaps galloc_many galloc_keep galloc_override galloc_override_heap test_galloc wordfreq galloc; do
		grep -q "^$module " /proc/modules || continue
		echo "@@ left $script $module"
		rmmod $module
	done
done </test/plan

echo "@@ begin dmesg"
dmesg | sed 's/^<[0-9]*>//'
# stock.sh judges the output.
echo "@@ end dmesg"
