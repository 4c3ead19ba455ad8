// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * reader: see reader.h.
 */
#include "reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The first and last lines of a snapshot, and what comes before each file in it. */
#define SNAPSHOT_HEAD	"galloc snapshot 1, time "
#define SNAPSHOT_FILE	"== "
#define SNAPSHOT_END	"== end\n"

/* A file that is no table, and that need not be there. */
#define PROFILE_FILE	"profile/heap"

const char *const reader_names[READER_FILES] = {
	"stats", "events", "classes", "heaps", "mcache", "mheap", "spans",
};

static const char *reader_program = "galloc";
static void (*reader_before_die)(void);

/* Who speaks in messages, and what is to be done before one ends the program; or NULL. */
void reader_begin(const char *program, void (*before_die)(void))
{
	reader_program = program;
	reader_before_die = before_die;
}

void reader_die(const char *format, ...)
{
	va_list args;

	if (reader_before_die)
		reader_before_die();
	fflush(stdout);
	va_start(args, format);
	fprintf(stderr, "%s: ", reader_program);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void *reader_need(void *p, size_t size)
{
	p = realloc(p, size ?: 1);
	if (!p)
		reader_die("out of memory");
	return p;
}

/* What was printed must have been written. */
void reader_finish(void)
{
	if (fflush(stdout) || ferror(stdout))
		reader_die("cannot write to standard output");
}

/* ---- command lines ------------------------------------------------------------------ */

double reader_seconds(const char *word)
{
	char *end;
	double n = strtod(word, &end);

	return end != word && !*end && n > 0 && n < 1e9 ? n : 0;
}

/* Of what is part of one there is none. */
unsigned long reader_count(const char *word)
{
	double n = reader_seconds(word);

	return (unsigned long)n == n ? n : 0;
}

/* Until then, or until a signal has been handled. */
void reader_sleep(double seconds)
{
	struct timespec until;
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = until.tv_nsec + (long long)(seconds * 1e9);
	until.tv_sec += ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* ---- tables ------------------------------------------------------------------------ */

static bool has_names(enum reader_file file)
{
	return file != READER_STATS && file != READER_EVENTS;
}

/* Cut the copy of a text into words; false if a row has not as many as the first. */
static bool table_cut(struct table *t, bool names)
{
	size_t n = 0, room = 0, in_row = 0;
	char *at, *line, *next_line, *next_word;

	t->copy = reader_need(NULL, t->size + 1);
	memcpy(t->copy, t->text, t->size + 1);
	for (line = strtok_r(t->copy, "\n", &next_line); line;
	     line = strtok_r(NULL, "\n", &next_line)) {
		for (in_row = 0, at = strtok_r(line, " ", &next_word); at;
		     in_row++, at = strtok_r(NULL, " ", &next_word)) {
			if (n == room)
				t->word = reader_need(t->word, (room = 2 * room + 64) * sizeof(*t->word));
			t->word[n++] = at;
		}
		if (!t->columns)
			t->columns = in_row;
		if (!in_row || in_row != t->columns)
			return false;
		t->rows++;
	}
	if (!t->rows)
		return false;
	if (names) {
		t->names = t->word;
		t->rows--;
	}
	return true;
}

/* The words of a row. */
static char **row_of(const struct table *t, size_t row)
{
	return t->word + (row + !!t->names) * t->columns;
}

/* The word of a row in a column, NULL: there is no such column. */
const char *reader_cell(const struct table *t, size_t row, const char *column)
{
	size_t i;

	for (i = 0; t->names && i < t->columns; i++)
		if (!strcmp(t->names[i], column))
			return row_of(t, row)[i];
	return NULL;
}

/* The same as a number; 0 if it is none. */
unsigned long long reader_number(const struct table *t, size_t row, const char *column)
{
	const char *cell = reader_cell(t, row, column);

	return cell ? strtoull(cell, NULL, 10) : 0;
}

/* The row of a table whose first word this is; its number of rows if none is. */
size_t reader_row(const struct table *t, const char *name)
{
	size_t row;

	for (row = 0; row < t->rows; row++)
		if (!strcmp(row_of(t, row)[0], name))
			break;
	return row;
}

/* What one column has of all rows of a name. */
struct count {
	const char *name;
	unsigned long long n;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct count *)a)->name, ((const struct count *)b)->name);
}

/* Sorted by name, each once: rows of the same name cannot be told apart later. */
static struct count *counts_of(const struct table *t, const char *column, size_t *n)
{
	struct count *count = reader_need(NULL, (t->rows + 1) * sizeof(*count));
	size_t row;

	for (row = 0; row < t->rows; row++)
		count[row] = (struct count) {
			row_of(t, row)[0], reader_number(t, row, column),
		};
	qsort(count, t->rows, sizeof(*count), by_name);
	for (*n = 0, row = 0; row < t->rows; row++)
		if (*n && !strcmp(count[*n - 1].name, count[row].name))
			count[*n - 1].n += count[row].n;
		else
			count[(*n)++] = count[row];
	return count;
}

/*
 * What the counters of a column have grown by, all rows together.  Rows come and go, with what
 * they have counted: of a new one all of that counts, of one that has begun anew nothing.
 * @wraps: they are sums of counters of 32 bits, which may begin anew, too.
 */
unsigned long long reader_growth(const struct table *t, const struct table *last,
				 const char *column, bool wraps)
{
	size_t n, had, i, was = 0;
	struct count *now = counts_of(t, column, &n), *then = counts_of(last, column, &had);
	unsigned long long sum = 0;

	for (i = 0; i < n; i++) {
		unsigned long long before = 0;

		while (was < had && by_name(&then[was], &now[i]) < 0)
			was++;
		if (was < had && !by_name(&then[was], &now[i]))
			before = then[was].n;
		if (now[i].n >= before)
			sum += now[i].n - before;
		else if (wraps && (unsigned int)(now[i].n - before) < 1U << 31)
			sum += (unsigned int)(now[i].n - before);
	}
	free(now);
	free(then);
	return sum;
}

static const char *value_of(const struct table *t, const char *key)
{
	size_t row = reader_row(t, key);

	return row < t->rows ? row_of(t, row)[1] : NULL;
}

/* A number of stats or events; 0 if neither has it. */
unsigned long long reader_stat(const struct snapshot *s, const char *key)
{
	const char *value = value_of(&s->file[READER_STATS], key) ?:
			    value_of(&s->file[READER_EVENTS], key);

	return value ? strtoull(value, NULL, 10) : 0;
}

const char *reader_state(const struct snapshot *s)
{
	return value_of(&s->file[READER_STATS], "state") ?: "unknown";
}

/* Bytes of a page of the machine that it is of; of this one, where it does not say. */
unsigned int reader_page_bytes(const struct snapshot *s)
{
	unsigned long long n = reader_stat(s, "page_bytes");

	if (n < 4096 || n > READER_BLOCK || n & (n - 1))
		n = sysconf(_SC_PAGESIZE);
	return n;
}

/* Allocations since the last one: classes has all but the small objects of heaps. */
unsigned long long reader_allocs(const struct snapshot *s, const struct snapshot *last)
{
	return reader_growth(&s->file[READER_CLASSES], &last->file[READER_CLASSES], "allocs",
			     false) +
	       reader_growth(&s->file[READER_HEAPS], &last->file[READER_HEAPS], "allocs", false);
}

/* For people; valid until the eighth call after this. */
const char *reader_bytes(unsigned long long bytes)
{
	static char text[8][24];
	static unsigned int next;
	const char *unit = " KMGTPE";
	double n = bytes;
	char *to = text[next++ % 8];

	while (n >= 9999.5 && unit[1]) {
		n /= 1024;
		unit++;
	}
	snprintf(to, sizeof(*text), *unit == ' ' ? "%.0f" : "%.0f%c", n, *unit);
	return to;
}

/* ---- files --------------------------------------------------------------------------- */

/* All of a file, with a 0 behind it; NULL: see errno. */
char *reader_text(const char *path, size_t *size)
{
	size_t room = 0, got;
	char *text = NULL;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return NULL;
	*size = 0;
	do {
		text = reader_need(text, (room += 64 * 1024) + 1);
		got = fread(text + *size, 1, room - *size, f);
		*size += got;
	} while (got);
	text[*size] = 0;
	if (ferror(f)) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

/* What to do when stats cannot be read. */
static void no_stats(const char *dir, int error)
{
	if (error == EACCES || error == EPERM)
		reader_die("%s: only root can read it: use sudo", dir);
	if (error != ENOENT)
		reader_die("%s/stats: %s", dir, strerror(error));
	if (strcmp(dir, READER_DIR))
		reader_die("%s has no file stats: give the directory of galloc in debugfs", dir);
	reader_die("%s is not there: is galloc loaded (modprobe galloc), and debugfs mounted (mount -t debugfs none /sys/kernel/debug)?",
		   dir);
}

static void check_version(const struct snapshot *s, const char *from)
{
	const char *version = value_of(&s->file[READER_STATS], "version");

	if (!version)
		reader_die("%s: stats has no version: it is not galloc's", from);
	if (atoi(version) != READER_VERSION)
		reader_die("%s: its files have version %s and this program reads %d: use the one that came with that galloc",
			   from, version, READER_VERSION);
}

static void cut_file(struct snapshot *s, enum reader_file file, const char *from)
{
	if (!table_cut(&s->file[file], has_names(file)))
		reader_die("%s: its %s is no table: it is damaged, or not galloc's", from,
			   reader_names[file]);
	if (file == READER_STATS)
		check_version(s, from);
}

static struct snapshot *new_snapshot(void)
{
	struct snapshot *s = reader_need(NULL, sizeof(*s));

	memset(s, 0, sizeof(*s));
	return s;
}

/* Read all files of a directory. */
struct snapshot *reader_read(const char *dir)
{
	struct snapshot *s = new_snapshot();
	enum reader_file file;
	struct timespec now;
	char path[4096];

	clock_gettime(CLOCK_REALTIME, &now);
	s->time = now.tv_sec + now.tv_nsec / 1e9;
	for (file = 0; file < READER_FILES; file++) {
		struct table *t = &s->file[file];

		snprintf(path, sizeof(path), "%s/%s", dir, reader_names[file]);
		t->text = reader_text(path, &t->size);
		if (!t->text && file == READER_STATS)
			no_stats(dir, errno);
		if (!t->text)
			reader_die("%s: %s: was galloc unloaded?", path, strerror(errno));
		cut_file(s, file, dir);
	}
	snprintf(path, sizeof(path), "%s/" PROFILE_FILE, dir);
	s->profile = reader_text(path, &s->profile_size);
	return s;
}

void reader_save(const struct snapshot *s, const char *path)
{
	enum reader_file file;
	FILE *f;

	f = strcmp(path, "-") ? fopen(path, "we") : stdout;
	if (!f)
		reader_die("%s: %s", path, strerror(errno));
	fprintf(f, SNAPSHOT_HEAD "%.3f\n", s->time);
	for (file = 0; file < READER_FILES; file++)
		fprintf(f, SNAPSHOT_FILE "%s\n%s", reader_names[file], s->file[file].text);
	if (s->profile)
		fprintf(f, SNAPSHOT_FILE PROFILE_FILE "\n%s", s->profile);
	fputs(SNAPSHOT_END, f);
	if (fflush(f) || ferror(f) || (f != stdout && fclose(f)))
		reader_die("%s: %s", path, strerror(errno));
}

/* The files of a snapshot's text; the last line says that it is whole. */
struct snapshot *reader_load(const char *path)
{
	struct snapshot *s = new_snapshot();
	enum reader_file file;
	char *text, *at, *end, mark[32];
	size_t size;

	text = reader_text(strcmp(path, "-") ? path : "/dev/stdin", &size);
	if (!text)
		reader_die("%s: %s", path, strerror(errno));
	if (strncmp(text, SNAPSHOT_HEAD, strlen(SNAPSHOT_HEAD)))
		reader_die("%s is no snapshot: make one with gallocstat --save", path);
	if (size < strlen(SNAPSHOT_END) || strlen(text) != size ||
	    strcmp(text + size - strlen(SNAPSHOT_END), SNAPSHOT_END))
		reader_die("%s is truncated: copy it again, or make it again with gallocstat --save",
			   path);
	s->time = strtod(text + strlen(SNAPSHOT_HEAD), NULL);
	/* What localtime() takes. */
	if (!(s->time >= 0 && s->time < 1e11))
		reader_die("%s has no time: it is damaged", path);
	for (file = 0; file < READER_FILES; file++) {
		struct table *t = &s->file[file];

		snprintf(mark, sizeof(mark), "\n" SNAPSHOT_FILE "%s\n", reader_names[file]);
		at = strstr(text, mark);
		end = at ? strstr(at + strlen(mark) - 1, "\n" SNAPSHOT_FILE) : NULL;
		if (!end)
			reader_die("%s has no %s: make it again with gallocstat --save", path,
				   reader_names[file]);
		at += strlen(mark);
		end++;
		t->size = end - at;
		t->text = reader_need(NULL, t->size + 1);
		memcpy(t->text, at, t->size);
		t->text[t->size] = 0;
		cut_file(s, file, path);
	}
	at = strstr(text, "\n" SNAPSHOT_FILE PROFILE_FILE "\n");
	if (at) {
		at += strlen("\n" SNAPSHOT_FILE PROFILE_FILE "\n");
		s->profile_size = text + size - strlen(SNAPSHOT_END) - at;
		s->profile = reader_need(NULL, s->profile_size + 1);
		memcpy(s->profile, at, s->profile_size);
		s->profile[s->profile_size] = 0;
	}
	free(text);
	return s;
}

static void table_clear(struct table *t)
{
	free(t->text);
	free(t->copy);
	free(t->word);
}

void reader_free(struct snapshot *s)
{
	enum reader_file file;

	for (file = 0; s && file < READER_FILES; file++)
		table_clear(&s->file[file]);
	if (s)
		free(s->profile);
	free(s);
}

void reader_table_free(struct table *t)
{
	if (t)
		table_clear(t);
	free(t);
}

/* A count of mheap; 0 if it has none. */
static unsigned long long node_count(const struct table *mheap, const char *node,
				     const char *what, const char *key)
{
	size_t row;

	for (row = 0; row < mheap->rows; row++) {
		char **word = row_of(mheap, row);

		if (!strcmp(word[0], node) && !strcmp(word[1], what) && !strcmp(word[2], key))
			return strtoull(word[3], NULL, 10);
	}
	return 0;
}

/* A table with a row for each node, of what mheap has in many. */
struct table *reader_nodes(const struct snapshot *s)
{
	const struct table *mheap = &s->file[READER_MHEAP];
	struct table *t = reader_need(NULL, sizeof(*t));
	size_t row;
	FILE *f;

	memset(t, 0, sizeof(*t));
	f = open_memstream(&t->text, &t->size);
	if (!f)
		reader_die("out of memory");
	fputs("node used_pages free_pages deferred_pages blocks whole\n", f);
	for (row = 0; row < mheap->rows && mheap->columns == 4; row++) {
		char **word = row_of(mheap, row);

		if (strcmp(word[1], "pages") || strcmp(word[2], "free"))
			continue;
		fprintf(f, "%s %llu %s %llu %llu %llu\n", word[0],
			node_count(mheap, word[0], "pages", "used"), word[3],
			node_count(mheap, word[0], "pages", "deferred"),
			node_count(mheap, word[0], "blocks", "all"),
			node_count(mheap, word[0], "blocks", "whole"));
	}
	if (fclose(f) || !table_cut(t, true))
		reader_die("out of memory");
	return t;
}
