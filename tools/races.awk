# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# races.awk: the log of a guest with KCSAN, without the races that are not galloc's.
#
#	awk -f races.awk LOG
#
# By the rules of the memory model the kernel has many races of its own. One is galloc's if a
# function of its modules made one of the accesses, or called the function that did, such
# as one that looks for a bit. Each of the others becomes a line that is no report; so
# does the one that galloc_bed.ko has planted.

{
	text = $0
	sub(/^(<[0-9]+>)?(\[ *[0-9]+\.[0-9]+\](\[[^]]*\])? ?)?/, "", text)
}

text ~ /^BUG: KCSAN: / && !inside {
	inside = 1
	block = title = ""
	ours = 0
	frame = 9
	title = text
}
!inside { print; next }

{ block = block $0 "\n" }
# Who did it: the stack of each access begins behind such a line.
text ~ /^(read|write|race at unknown|assert)/ { frame = 0; next }
text ~ /^ / {
	if (++frame <= 2 && text ~ /\[(galloc|test_galloc)/ && text !~ /\[galloc_bed\]/)
		ours = 1
	next
}
text ~ /^====*$/ { end_report() }

function end_report()
{
	sub(/^BUG: KCSAN: /, "", title)
	if (ours)
		printf "%s", block
	else
		print "races.awk: not galloc's: " title
	inside = 0
}

END {
	if (inside)
		printf "%s", block
}
