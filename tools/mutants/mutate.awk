# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# mutate.awk: break one line.
#
#	OLD=TEXT NEW=TEXT [FUNCTION=NAME] awk -f mutate.awk FILE >BROKEN
#
# OLD must stand in FILE once, or, with FUNCTION, once in that function; it is
# taken as it is, and so is NEW.  Otherwise nothing is broken and the exit status
# is 1.

BEGIN {
	old = ENVIRON["OLD"]
	new = ENVIRON["NEW"]
	name = ENVIRON["FUNCTION"]
	inside = name == ""
}

# A function of kernel style begins and ends in the first column.
name != "" && $0 ~ "^([a-z].*[ *])?" name "\\(" { inside = 1; body = 0; functions++ }
name != "" && /^{/ { body = 1 }
name != "" && inside && !body && /;$/ { inside = 0; functions-- }

{
	at = inside ? index($0, old) : 0
	if (at) {
		found++
		rest = substr($0, at + length(old))
		if (index(rest, old))
			found++
		$0 = substr($0, 1, at - 1) new rest
	}
	print
}

name != "" && /^}/ { inside = 0 }

END {
	if (found == 1)
		exit 0
	where = FILENAME
	sub(/.*\//, "", where)
	if (name != "")
		where = where ", " name "()"
	if (name != "" && !functions)
		what = "there is no " name "() in " FILENAME
	else
		what = "\"" old "\" is " (found + 0) " times in " where
	print what >"/dev/stderr"
	exit 1
}
