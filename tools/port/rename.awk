# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# rename.awk: rename the calls that Coccinelle has not read.
#
#	awk -v value=REGEX -f rename.awk PAIRS FILE
#
# It skips a function, whole or in part, where it meets what it does not know: scoped_guard(), an
# iterator of the module's own, a statement in parentheses. An object would then come from galloc
# and go to the kernel. PAIRS has an old and a new name in each line, or "struct" and both.
# Renamed are calls, structures, and names that match REGEX where they are assigned or handed
# over; not members, names of macros where they are defined, comments and texts.

FILENAME == ARGV[1] && NR == FNR {
	if ($1 == "struct")
		tag[$2] = $3
	else
		to[$1] = $2
	next
}

# What a word becomes, between @before and @after it.
function renamed(word, before, after)
{
	if (word in tag && before == "struct")
		return tag[word]
	if (!(word in to) || before ~ /(\.|->)$/ || before == "define" || before == "undef")
		return word
	if (after ~ /^[ \t]*\(/ || (word ~ value && before ~ /[=,(?:]$/ && after ~ /^[ \t]*([,;)}:]|$)/))
		return to[word]
	return word
}

{
	out = ""
	rest = $0
	while (rest != "") {
		if (comment) {
			i = index(rest, "*/")
			comment = !i
			i = i ? i + 1 : length(rest)
			out = out substr(rest, 1, i)
			rest = substr(rest, i + 1)
			continue
		}
		if (!match(rest, /[A-Za-z0-9_]+|\/[*\/]|"([^"\\]|\\.)*"?|'([^'\\]|\\.)*'?/))
			break
		between = substr(rest, 1, RSTART - 1)
		word = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART + RLENGTH)
		out = out between
		gsub(/[ \t]+/, "", between)
		if (between != "")
			before = between
		if (word == "//")
			break
		if (word == "/*")
			comment = 1
		else
			word = renamed(word, before, rest)
		out = out word
		if (!comment)
			before = word
		word = ""
	}
	print out word rest
	# What a comment ends with is before nothing.
	if (word == "//")
		rest = ""
	word = ""
	gsub(/[ \t]+/, "", rest)
	if (rest != "")
		before = rest
}
