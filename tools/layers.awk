# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# layers.awk Documentation/design.rst *.c: is the picture of the layers true?
#
# Each line of the picture that names files is a layer; a file may call and include
# what is in its own and in those below.  What it calls above is printed, unless the
# page names that arrow: "``mcentral.c`` -> ``transfer.c``".  So is an arrow that the
# page names and nothing takes, and a file of the picture that is not there.  Files
# beside the layers are not looked at.

FNR == 1 { head = ""; comment = 0 }

# ---- the page ----

FILENAME ~ /\.rst$/ {
	if (/^Each layer calls only/)
		on = 1
	else if (on && /^[A-Z]/)
		on = 0
	if (on && /^\t/) {
		n = 0
		for (i = 1; i <= NF; i++)
			if ($i ~ /^[a-z_]+\.c$/) {
				layer[$i] = depth + 1
				n++
			}
		depth += n > 0
	}
	if (match($0, /``[a-z_]+\.c`` -> ``[a-z_]+\.[ch]``/)) {
		arrow = substr($0, RSTART + 2, RLENGTH - 4)
		sub(/`` -> ``/, " ", arrow)
		named[arrow] = 1
	}
	next
}

# ---- the sources ----

{
	file = FILENAME
	sub(/.*\//, "", file)
	if (file in layer)
		seen[file] = 1
	line = $0
	if (comment) {
		if (!sub(/.*\*\//, "", line))
			next
		comment = 0
	}
	gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
	comment = sub(/\/\*.*/, "", line)
}

line ~ /^#include "/ {
	split(line, part, "\"")
	base = part[2]
	sub(/.*\//, "", base)
	includes[file, base] = 1
	next
}

line ~ /^[a-z_].*\(/ && line !~ /;$/ { head = line }

line ~ /^\{$/ {
	if (head && head !~ /^static /) {
		sub(/\(.*/, "", head)
		sub(/.*[ *]/, "", head)
		home[head] = file
	}
	head = ""
}

{
	gsub(/"([^"\\]|\\.)*"/, "", line)
	n = split(line, word, /[^A-Za-z0-9_]+/)
	for (i = 1; i <= n; i++)
		uses[file, word[i]] = 1
}

function up(from, to, what)
{
	if (!(from in layer) || !(to in layer) || layer[to] >= layer[from])
		return
	if ((from " " what) in named)
		taken[from " " what] = 1
	else if ((from " " to) in named)
		taken[from " " to] = 1
	else
		printf "%s reaches up to %s: %s\n", from, to, what
}

END {
	for (key in uses) {
		split(key, part, SUBSEP)
		if (part[2] in home && home[part[2]] != part[1])
			up(part[1], home[part[2]], part[2] "()")
	}
	for (key in includes) {
		split(key, part, SUBSEP)
		to = part[2]
		sub(/h$/, "c", to)
		up(part[1], to, part[2])
	}
	for (arrow in named)
		if (!(arrow in taken))
			print "no call takes the arrow that the page names: " arrow
	for (file in layer)
		if (!(file in seen))
			print "the picture has a file that is not there: " file
	if (!depth)
		print "there is no picture of the layers"
}
