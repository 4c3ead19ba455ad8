# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# include.awk: put an include into a source, so that all of it sees what it declares.
#
#	awk -v line=INCLUDE -v names=REGEX -v dir=DIR -f include.awk FILE FILE
#
# It goes before the first include that no condition and no comment hides; before the
# condition of the first one, if there is none, or what matches REGEX comes before it; before
# the first code if nothing is included. A header's own guard is no condition. Behind the
# first include if that is a header of the module's, in DIR, which says how the kernel's are to
# be read, as by pr_fmt.

# A line without comments, and without what is in quotes.
function code(text,  out, i, c, two, quote)
{
	out = quote = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		two = substr(text, i, 2)
		if (comment) {
			if (two == "*/") {
				comment = 0
				i++
			}
			continue
		}
		if (quote != "") {
			if (c == "\\")
				i++
			else if (c == quote)
				quote = ""
			continue
		}
		if (two == "//")
			break
		if (two == "/*") {
			comment = 1
			out = out " "
			i++
			continue
		}
		if (c == "\"" || c == "'")
			quote = c
		out = out c
	}
	return out
}

BEGIN {
	first_of_all = "^[ \t]*#[ \t]*define[ \t]+(pr_fmt|dev_fmt|DEBUG|DEFAULT_SYMBOL_NAMESPACE)([^A-Za-z0-9_]|$)"
}

# Does a header define what must be known before any of the kernel's?
function begins(header, deep,  text, word, does)
{
	while (!does && (getline text <header) > 0) {
		if (text ~ first_of_all)
			does = 1
		else if (deep < 5 && text ~ /^[ \t]*#[ \t]*include[ \t]*"/) {
			split(text, word, "\"")
			does = begins(folder(header) word[2], deep + 1)
		}
	}
	close(header)
	return does
}

function folder(path)
{
	sub(/[^\/]*$/, "", path)
	return path
}

# The line that it goes before.
function place()
{
	if (plain && (!used || plain <= used))
		return plain
	return hidden ? hidden : first
}

NR != FNR {
	if (FNR == 1)
		at = place()
	if (FNR == at)
		print line
	print
	next
}

{
	text = code($0)
	sub(/^[ \t]+/, "", text)
	sub(/^#[ \t]+/, "#", text)
}

text == "" { next }

# The guard is the first condition, and what it asks for is defined at once.
++lines == 1 && text ~ /^#(ifndef|if[ \t]*!)/ { guard = text }
lines == 2 && guard != "" && text ~ /^#define/ {
	split(text, word, /[ \t]+/)
	if (guard ~ ("[^A-Za-z0-9_]" word[2] "([^A-Za-z0-9_]|$)")) {
		base = 1
		first = 0
		next
	}
}

!first && text !~ first_of_all { first = FNR }
!used && text ~ names { used = FNR }
text ~ /^#if/ && depth++ == base { condition = FNR }
text ~ /^#endif/ { depth-- }
text ~ /^#include/ && depth == base && !plain {
	plain = FNR
	split($0, word, "\"")
	if ($0 ~ /include[ \t]*"/ && begins(dir "/" word[2], 0))
		plain++
}
text ~ /^#include/ && depth > base && !hidden { hidden = condition }
