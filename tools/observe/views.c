// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * views: what gallocstat prints of a snapshot: tables for people, JSON, differences.
 */
#include "views.h"
#include "reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Rows of a table that the summary shows. */
#define TOP	12

/* The parts that add up to what galloc holds, as stats names them. */
static const char *const parts[] = {
	"in_use", "cached", "central", "tail", "lost", "deferred", "free", "atomic_reserve",
	"meta",
};

#define NR_PARTS	(sizeof(parts) / sizeof(*parts))

static unsigned long long part_of(const struct snapshot *s, const char *part)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_bytes", part);
	return reader_stat(s, key);
}

/* ---- for people ----------------------------------------------------------------------- */

static void print_time(const struct snapshot *s)
{
	time_t seconds = s->time;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime(&seconds));
	printf("galloc at %s, numbers %s\n\n", text, reader_state(s));
}

static void print_parts(const struct snapshot *s)
{
	unsigned long long held = reader_stat(s, "system_bytes"), n;
	unsigned int i;

	printf("%-16s %14s\n", "bytes", "held");
	printf("%-16s %14llu\n", "held", held);
	for (i = 0; i < NR_PARTS; i++) {
		n = part_of(s, parts[i]);
		printf("  %-14s %14llu %5.1f %%\n", parts[i], n, held ? 100.0 * n / held : 0);
	}
	n = reader_stat(s, "limit_bytes");
	if (n)
		printf("%-16s %14llu\n", "limit", n);
}

/* Whose classes are shown, and the bytes of its pages. */
static const struct table *sorted_table;
static unsigned int sorted_page_bytes;

/* Bytes of the objects in use of a row of classes; those of whole pages by their pages. */
static unsigned long long class_bytes(const struct table *t, size_t row)
{
	unsigned long long size = reader_number(t, row, "size_bytes");

	return size ? size * reader_number(t, row, "in_use_objects") :
		      sorted_page_bytes * reader_number(t, row, "pages");
}

static int by_bytes(const void *a, const void *b)
{
	unsigned long long x = class_bytes(sorted_table, *(const size_t *)a);
	unsigned long long y = class_bytes(sorted_table, *(const size_t *)b);

	return (x < y) - (x > y);
}

static void print_classes(const struct snapshot *s)
{
	const struct table *t = &s->file[READER_CLASSES];
	size_t *order = calloc(t->rows + 1, sizeof(*order)), i;

	if (!order)
		reader_die("out of memory");
	for (i = 0; i < t->rows; i++)
		order[i] = i;
	sorted_table = t;
	sorted_page_bytes = reader_page_bytes(s);
	qsort(order, t->rows, sizeof(*order), by_bytes);
	printf("\n%-16s %6s %10s %8s %8s %8s %8s %12s\n", "class", "size", "in_use", "bytes",
	       "cached", "central", "pages", "allocs");
	for (i = 0; i < t->rows && i < TOP && reader_number(t, order[i], "allocs"); i++)
		printf("%-16s %6s %10s %8s %8s %8s %8s %12s\n",
		       reader_cell(t, order[i], "class"), reader_cell(t, order[i], "size_bytes"),
		       reader_cell(t, order[i], "in_use_objects"),
		       reader_bytes(class_bytes(t, order[i])),
		       reader_cell(t, order[i], "cached_objects"),
		       reader_cell(t, order[i], "central_objects"),
		       reader_cell(t, order[i], "pages"), reader_cell(t, order[i], "allocs"));
	free(order);
}

static void print_heaps(const struct table *t)
{
	size_t row;

	if (t->rows)
		printf("\n%-16s %8s %8s %8s %8s %8s\n", "heap", "limit", "held", "in_use",
		       "peak", "refused");
	for (row = 0; row < t->rows; row++)
		printf("%-16s %8s %8s %8s %8s %8s\n", reader_cell(t, row, "name"),
		       reader_bytes(reader_number(t, row, "limit_bytes")),
		       reader_bytes(reader_number(t, row, "held_bytes")),
		       reader_bytes(reader_number(t, row, "in_use_bytes")),
		       reader_bytes(reader_number(t, row, "peak_bytes")),
		       reader_cell(t, row, "refused"));
}

static void print_cpus(const struct table *t)
{
	size_t row;

	printf("\n%-4s %4s %8s %8s %12s %10s %10s\n", "cpu", "node", "cached", "held", "hits",
	       "misses", "overflows");
	for (row = 0; row < t->rows; row++)
		if (reader_number(t, row, "held_bytes"))
			printf("%-4s %4s %8s %8s %12s %10s %10s\n", reader_cell(t, row, "cpu"),
			       reader_cell(t, row, "node"),
			       reader_bytes(reader_number(t, row, "cached_bytes")),
			       reader_bytes(reader_number(t, row, "held_bytes")),
			       reader_cell(t, row, "hits"), reader_cell(t, row, "misses"),
			       reader_cell(t, row, "overflows"));
}

/* What an administrator should know of. */
static void print_alarms(const struct snapshot *s)
{
	const struct table *t = &s->file[READER_STATS];
	size_t row;

	for (row = 0; row < t->rows; row++) {
		const char *key = t->word[row * t->columns];
		const char *value = t->word[row * t->columns + 1];

		if ((!strncmp(key, "fault_", 6) || !strcmp(key, "alloc_failed") ||
		     !strcmp(key, "limit_hits")) && strcmp(value, "0"))
			printf("\n%s %s: see usage.rst\n", key, value);
	}
}

void view_summary(const struct snapshot *s)
{
	print_time(s);
	print_parts(s);
	print_classes(s);
	print_heaps(&s->file[READER_HEAPS]);
	print_cpus(&s->file[READER_MCACHE]);
	print_alarms(s);
}

/* ---- JSON ------------------------------------------------------------------------------ */

static bool is_number(const char *word)
{
	return *word && strlen(word) < 19 && word[strspn(word, "0123456789")] == 0 &&
	       (*word != '0' || !word[1]);
}

/* Bytes of the character of UTF-8 that a text begins with; 0: it begins with none. */
static int character_bytes(const char *text)
{
	static const unsigned int first[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = *text;
	int bytes = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
	unsigned int code = c & (0xff >> (bytes + 1)), i;

	for (i = 1; i < (unsigned int)bytes; i++) {
		c = text[i];
		if ((c & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3f);
	}
	if (bytes > 1 && (code < first[bytes] || code > 0x10ffff ||
			  (code >= 0xd800 && code < 0xe000)))
		return 0;
	return bytes;
}

/* A byte that is part of no character becomes the one that stands for those. */
static void json_string(const char *word)
{
	int bytes;

	putchar('"');
	for (; *word; word += bytes ?: 1) {
		bytes = character_bytes(word);
		if (!bytes)
			fputs("\\ufffd", stdout);
		else if (*word == '"' || *word == '\\')
			printf("\\%c", *word);
		else if (bytes == 1 && *word < ' ')
			printf("\\u%04x", *word);
		else
			fwrite(word, bytes, 1, stdout);
	}
	putchar('"');
}

static void json_value(const char *word)
{
	if (is_number(word))
		fputs(word, stdout);
	else
		json_string(word);
}

static void json_pair(const char *before, const char *key, const char *value)
{
	fputs(before, stdout);
	json_string(key);
	fputs(": ", stdout);
	json_value(value);
}

static void json_table(const struct table *t)
{
	char **word = t->word;
	size_t row, i;

	if (!t->names) {
		for (row = 0; row < t->rows; row++, word += t->columns)
			json_pair(row ? ",\n    " : "{\n    ", word[0], word[1]);
		fputs("\n  }", stdout);
		return;
	}
	putchar('[');
	for (row = 0; row < t->rows; row++) {
		word += t->columns;
		for (i = 0; i < t->columns; i++)
			json_pair(i ? ", " : row ? ",\n    {" : "\n    {", t->names[i], word[i]);
		putchar('}');
	}
	fputs("\n  ]", stdout);
}

void view_json(const struct snapshot *s)
{
	enum reader_file file;

	printf("{\n  \"time\": %.3f", s->time);
	for (file = 0; file < READER_FILES; file++) {
		printf(",\n  \"%s\": ", reader_names[file]);
		json_table(&s->file[file]);
	}
	puts("\n}");
}

/* ---- differences ----------------------------------------------------------------------- */

static void print_change(const char *key, const char *old, const char *new)
{
	if (is_number(old) && is_number(new) && strcmp(old, new))
		printf("%-32s %14s %14s %+14lld\n", key, old, new, atoll(new) - atoll(old));
}

static void diff_values(const struct table *old, const struct table *t)
{
	size_t row, was;

	for (row = 0; row < t->rows; row++)
		for (was = 0; was < old->rows; was++)
			if (!strcmp(t->word[row * t->columns], old->word[was * old->columns]))
				print_change(t->word[row * t->columns],
					     old->word[was * old->columns + 1],
					     t->word[row * t->columns + 1]);
}

/* Of rows that both have, and those that only one has as if the other's had zeros. */
static void diff_rows(const char *what, const struct table *old, const struct table *t,
		      const char *const *columns)
{
	const char *const *column;
	size_t row, was;
	char key[96];

	for (row = 0; row < t->rows; row++) {
		was = reader_row(old, t->word[(row + 1) * t->columns]);
		for (column = columns; *column; column++) {
			const char *had = was < old->rows ? reader_cell(old, was, *column) : "0";

			snprintf(key, sizeof(key), "%s %s %s", what,
				 t->word[(row + 1) * t->columns], *column);
			print_change(key, had ?: "0", reader_cell(t, row, *column) ?: "0");
		}
	}
	for (was = 0; was < old->rows; was++)
		if (reader_row(t, old->word[(was + 1) * old->columns]) == t->rows)
			printf("%s %s is gone\n", what, old->word[(was + 1) * old->columns]);
}

void view_diff(const struct snapshot *old, const struct snapshot *s)
{
	static const char *const of_classes[] = { "in_use_objects", "pages", "allocs", NULL };
	static const char *const of_heaps[] = { "held_bytes", "in_use_bytes", "refused", NULL };

	printf("%.0f seconds later\n%-32s %14s %14s %14s\n", s->time - old->time, "key", "then",
	       "now", "change");
	diff_values(&old->file[READER_STATS], &s->file[READER_STATS]);
	diff_values(&old->file[READER_EVENTS], &s->file[READER_EVENTS]);
	diff_rows("class", &old->file[READER_CLASSES], &s->file[READER_CLASSES], of_classes);
	diff_rows("heap", &old->file[READER_HEAPS], &s->file[READER_HEAPS], of_heaps);
}
