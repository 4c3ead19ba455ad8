# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# documents.sh: what the documents say of galloc's files and parameters. run.sh sources it.
#
# shellcheck disable=SC2154 # top and work are run.sh's

# The files of debugfs, and their modes, by the sources; a heap has only one that the top has, too.
files_of_debugfs()
{
	grep -hoE 'debugfs_create_file\("[a-z]+", 0[0-7]+' "$top"/{observe,debug}/*.c |
		sed -E 's/.*"([a-z]+)", (0[0-7]+)/\1 \2/' | sort -u
}

# Of a table in a page, between two lines: the first two words of each row.
table_of()
{
	awk -v from="$2" '$0 ~ from { on = 1; next } on && /^=/ { if (on++ == 2) exit; next }
		on == 2 && /^[a-z]/ { print $1, $2 }' "$top/Documentation/$1"
}

# The same of the description of the ABI, by its words for modes.
files_of_abi()
{
	awk '
		/^What:/ { n = 0 }
		/galloc\/[a-z]+$/ { sub(/.*galloc\//, ""); file[n++] = $0 }
		/^Description:/ && match($0, /\((RO|WO|RW)/) {
			mode = substr($0, RSTART + 1, 2)
			for (i = 0; i < n; i++)
				print file[i], mode == "RO" ? "0400" : mode == "WO" ? "0200" : "0600"
		}' "$top/Documentation/ABI/testing/debugfs-galloc"
}

# Under lockdown a file that can be written cannot be opened.
files_are_documented()
{
	files_of_debugfs >"$work/files"
	[ "$(wc -l <"$work/files")" -ge 12 ] || { echo "error: only $(wc -l <"$work/files") files are found"; return 1; }
	table_of usage.rst '^file  *mode  *contents' | grep -v '^profile ' | sort | diff "$work/files" - || return 1
	files_of_abi | sort -u | diff "$work/files" - || return 1
	awk '$2 != "0400" { print "``" $1 "``" }' "$work/files" | while read -r name; do
		grep -A 1 'lets nobody open a file that can be written' "$top/Documentation/usage.rst" | grep -qF "$name" ||
			{ echo "error: $name can be written"; return 1; }
	done
}

# NAME MODE of each, but for those that only the suites have.
parameters()
{
	grep -oE '^module_param[a-z_]*\([a-z_]+,.* 0[0-7]+\)' "$top"/*.c "$top"/{observe,debug}/*.c | grep -v '/debug/inject\.c:' |
		sed -E 's/.*\(([a-z_]+),.* (0[0-7]+)\)/\1 \2/' | sort -u
}

parameters_are_documented()
{
	local said

	parameters >"$work/parameters"
	[ "$(wc -l <"$work/parameters")" -ge 10 ] || { echo "error: only $(wc -l <"$work/parameters") are found"; return 1; }
	table_of usage.rst '^name  *unit  *range' | cut -d ' ' -f 1 | sort | diff <(cut -d ' ' -f 1 "$work/parameters") - || return 1
	# shellcheck disable=SC2016 # those of rst
	said=$(grep -B 1 'can be changed there while' "$top/Documentation/usage.rst" | grep -oE '``[a-z_]+``' | tr -d '\`' | sort)
	diff <(sed -n 's/ 0644$//p' "$work/parameters") <(echo "$said")
}

check "documentation: the files of debugfs, and their modes, are those of the sources" files_are_documented
check "documentation: so are parameters, and which can be changed" parameters_are_documented
