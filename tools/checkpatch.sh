# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# checkpatch.sh: what the kernel's checkpatch says of galloc that does not hold, as in
# checkpatch.list. lint.sh and ship/patch.sh source it.

# shellcheck disable=SC2154 # top is set by the script that sources this
ignored=$(grep -v '^#' "$top/tools/checkpatch.list")

# is_ignored FILE TYPE
is_ignored()
{
	local type files _reason

	while read -r type files _reason; do
		# shellcheck disable=SC2053 # a pattern
		[ "$type" != "$2" ] || [[ $1 != $files ]] || return 0
	done <<<"$ignored"
	return 1
}
