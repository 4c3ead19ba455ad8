/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * reader: galloc's files in debugfs, or a snapshot of them, for gallocstat and galloctop.
 *
 * Columns are found by their names and keys by theirs, so that new ones do not matter;
 * READER_VERSION is that of the files, which changes when old ones do.
 */
#ifndef _GALLOC_OBSERVE_READER_H
#define _GALLOC_OBSERVE_READER_H

#include <stdbool.h>
#include <stddef.h>

#define READER_VERSION	2
#define READER_DIR	"/sys/kernel/debug/galloc"

/* Of a slot of galloc's address map, a block, whatever the pages. */
#define READER_BLOCK	(2u << 20)

/* The files that are tables: a line of column names, then rows. */
enum reader_file {
	READER_STATS,		/* no names: keys and values */
	READER_EVENTS,
	READER_CLASSES,
	READER_HEAPS,
	READER_MCACHE,
	READER_MHEAP,
	READER_SPANS,
	READER_FILES,
};

/**
 * struct table - a file as rows of words
 * @text: the file, as it was read
 * @size: its length
 * @word: the words of all rows, in place in a copy of it
 * @copy: that copy
 * @rows: number of rows, without the column names
 * @columns: number of words in each
 * @names: the column names; NULL for keys and values
 */
struct table {
	char *text;
	size_t size;
	char *copy;
	char **word;
	size_t rows;
	size_t columns;
	char **names;
};

/**
 * struct snapshot - all files, at one time
 * @time: seconds since 1970, with a fraction
 * @file: the files
 * @profile: profile/heap, for profile_parse(); NULL: there is none
 * @profile_size: its length
 */
struct snapshot {
	double time;
	struct table file[READER_FILES];
	char *profile;
	size_t profile_size;
};

extern const char *const reader_names[READER_FILES];

/* Each prints one line that says what to do, and ends the program, if it cannot be done. */
__attribute__((noreturn, format(printf, 1, 2))) void reader_die(const char *format, ...);
void *reader_need(void *p, size_t size);
char *reader_text(const char *path, size_t *size);
void reader_begin(const char *program, void (*before_die)(void));
struct snapshot *reader_read(const char *dir);
struct snapshot *reader_load(const char *path);
void reader_save(const struct snapshot *s, const char *path);

void reader_free(struct snapshot *s);
struct table *reader_nodes(const struct snapshot *s);
void reader_table_free(struct table *t);
size_t reader_row(const struct table *t, const char *name);
const char *reader_cell(const struct table *t, size_t row, const char *column);
unsigned long long reader_number(const struct table *t, size_t row, const char *column);
unsigned long long reader_stat(const struct snapshot *s, const char *key);
const char *reader_state(const struct snapshot *s);
unsigned int reader_page_bytes(const struct snapshot *s);
unsigned long long reader_allocs(const struct snapshot *s, const struct snapshot *last);
unsigned long long reader_growth(const struct table *t, const struct table *last,
				 const char *column, bool wraps);
const char *reader_bytes(unsigned long long bytes);

/* Words of a command line; 0 if they are none. */
double reader_seconds(const char *word);
unsigned long reader_count(const char *word);
void reader_sleep(double seconds);
void reader_finish(void);

#endif /* _GALLOC_OBSERVE_READER_H */
