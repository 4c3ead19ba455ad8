# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# results.awk: what cases.sh has printed of results, for report.py.
#
#	awk -v why=TEXT -f results.awk CASES LOG
#
# A case whose results are not there to their end gets a line "!", case, variant*, why:
# the guest broke off before. CASES has one a line, in the order of the plan.
#
# Written for mawk.

FNR == NR { planned[++cases] = $1; next }
$1 == "@@" && $2 == "begin" && $3 == "results" { on = 1; rows = ""; next }
$1 == "@@" && $2 == "end" && $3 == "results" {
	if (on)
		printf "%s", rows
	done += on
	on = 0
	next
}
on { rows = rows $0 "\n" }

END {
	for (i = done + 1; i <= cases; i++) {
		at = index(planned[i], ":")
		name = at ? substr(planned[i], 1, at - 1) : planned[i]
		variant = at ? substr(planned[i], at + 1) : ""
		gsub(/[^ -~]/, " ", why)
		printf "!\t%s\t%s*\tthe guest broke off: %s\n", name, variant, why
	}
}
