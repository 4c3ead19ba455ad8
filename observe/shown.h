/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * shown: how the files of debugfs show the name of a cache, which may be any string: as a
 * word of ASCII, with other bytes, and backslashes, as \ and three octal digits.
 */
#ifndef _GALLOC_SHOWN_H
#define _GALLOC_SHOWN_H

#include <linux/ctype.h>
#include <linux/seq_file.h>

/* The most that a byte becomes. */
#define SHOWN_BYTES	4

static inline bool shown_as_it_is(char c)
{
	return isascii(c) && isgraph(c) && c != '\\';
}

/* In a column of so many characters at least. */
static inline void shown_print(struct seq_file *m, const char *name, int width)
{
	for (; *name; name++) {
		if (shown_as_it_is(*name))
			seq_putc(m, *name);
		else
			seq_printf(m, "\\%03o", (u8)*name);
		width -= shown_as_it_is(*name) ? 1 : SHOWN_BYTES;
	}
	for (; width > 0; width--)
		seq_putc(m, ' ');
}

/* The byte that a name goes on with, which was shown so; @at moves to the next. */
static inline char shown_byte(const char **at)
{
	const char *p = *at;

	if (*p != '\\' || (p[1] & ~3) != '0' || (p[2] & ~7) != '0' || (p[3] & ~7) != '0')
		return *(*at)++;
	*at += SHOWN_BYTES;
	return (p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0');
}

#endif /* _GALLOC_SHOWN_H */
