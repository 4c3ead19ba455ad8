// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloctop: galloc's classes, heaps, CPUs or nodes on the screen, live; see galloctop.8.
 *
 * Only characters of ASCII, so that it works over a serial line.
 */
#include "reader.h"

#include <curses.h>
#include <getopt.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"galloctop [-d SECONDS] [-n COUNT] [--dir DIR] [--help] [--version]\n"
	"Shows galloc's memory on the screen.  Keys:\n"
	"	c h p n		classes and caches, heaps, CPUs (processors), nodes\n"
	"	< >		sort by the column to the left or right; r: the other way\n"
	"	/		show only names with a text; Enter without one: all\n"
	"	space		stop, and go on\n"
	"	+ -		longer or shorter intervals\n"
	"	q		quit\n";

/* How a number is shown. */
enum kind { WORD, COUNT, BYTES, RATE };

struct column {
	const char *title;
	const char *source;	/* name of the column in galloc's file */
	int width;
	enum kind kind;
};

#define MOST_COLUMNS	9

static const struct view {
	char key;
	const char *title;
	enum reader_file file;
	int sort;
	struct column column[MOST_COLUMNS];
} views[] = {
	{ 'c', "classes", READER_CLASSES, 4, {
		{ "CLASS", "class", -16, WORD },
		{ "SIZE", "size_bytes", 6, COUNT },
		{ "IN_USE", "in_use_objects", 10, COUNT },
		{ "CACHED", "cached_objects", 8, COUNT },
		{ "PAGES", "pages", 8, COUNT },
		{ "CENTRAL", "central_objects", 8, COUNT },
		{ "ALLOCS/S", "allocs", 11, RATE },
	} },
	{ 'h', "heaps", READER_HEAPS, 2, {
		{ "HEAP", "name", -20, WORD },
		{ "LIMIT", "limit_bytes", 8, BYTES },
		{ "HELD", "held_bytes", 8, BYTES },
		{ "IN_USE", "in_use_bytes", 8, BYTES },
		{ "CACHED", "cached_bytes", 8, BYTES },
		{ "PEAK", "peak_bytes", 8, BYTES },
		{ "REFUSED", "refused", 8, COUNT },
	} },
	{ 'p', "CPUs", READER_MCACHE, 5, {
		{ "CPU", "cpu", -4, WORD },
		{ "NODE", "node", 4, COUNT },
		{ "CACHED", "cached_bytes", 8, BYTES },
		{ "CAPACITY", "capacity_bytes", 8, BYTES },
		{ "HELD", "held_bytes", 8, BYTES },
		{ "HITS/S", "hits", 11, RATE },
		{ "MISSES/S", "misses", 9, RATE },
		{ "FULL/S", "overflows", 9, RATE },
	} },
	/* Made of mheap. */
	{ 'n', "nodes", READER_MHEAP, 1, {
		{ "NODE", "node", -4, WORD },
		{ "USED", "used_pages", 10, COUNT },
		{ "FREE", "free_pages", 10, COUNT },
		{ "DEFERRED", "deferred_pages", 10, COUNT },
		{ "BLOCKS", "blocks", 8, COUNT },
		{ "WHOLE", "whole", 8, COUNT },
	} },
};

#define HISTORY	512

/* What is on the screen, and how. */
static struct {
	const struct view *view;
	int sort;
	bool reverse;
	bool stopped;
	char filter[32];
	double seconds;
	struct snapshot *now, *last;
	struct table *nodes, *last_nodes;
	unsigned long long history[HISTORY];	/* of in_use_bytes, the newest last */
	unsigned int samples;
} top = { .view = views, .seconds = 2 };

/* ---- numbers --------------------------------------------------------------------------- */

static const struct table *table_of(const struct snapshot *s, const struct table *nodes)
{
	return top.view->file == READER_MHEAP ? nodes : &s->file[top.view->file];
}

/* A number of a row; of a rate, what it has grown by in a second. */
static double number_of(const struct table *t, size_t row, const struct column *c)
{
	double n = reader_number(t, row, c->source), seconds;
	const struct table *last;
	size_t was;

	if (c->kind != RATE)
		return n;
	if (!top.last)
		return 0;
	seconds = top.now->time - top.last->time;
	last = table_of(top.last, top.last_nodes);
	was = reader_row(last, reader_cell(t, row, top.view->column[0].source));
	n -= was < last->rows ? reader_number(last, was, c->source) : 0;
	return seconds > 0 && n > 0 ? n / seconds : 0;
}

static int compare(const void *a, const void *b)
{
	const struct table *t = table_of(top.now, top.nodes);
	const struct column *c = &top.view->column[top.sort];
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	double p, q;
	int d;

	if (c->kind == WORD) {
		d = strverscmp(reader_cell(t, x, c->source), reader_cell(t, y, c->source));
	} else {
		p = number_of(t, x, c);
		q = number_of(t, y, c);
		d = (p < q) - (p > q);
	}
	/* Rows that are equal stay in the order of the file. */
	if (!d)
		return (x > y) - (x < y);
	return top.reverse ? -d : d;
}

static bool is_shown(const struct table *t, size_t row)
{
	const char *name = reader_cell(t, row, top.view->column[0].source);

	if (!name)
		reader_die("%s has no column %s: is this another galloc?",
			   reader_names[top.view->file], top.view->column[0].source);
	return strstr(name, top.filter);
}

/* ---- the screen ------------------------------------------------------------------------- */

/* in_use as it went, with the height of characters; the newest on the right. */
static void draw_history(int y, int width)
{
	static const char levels[] = " .:-=+*#@";
	unsigned long long most = 1;
	unsigned int n = top.samples, i;

	if (n > (unsigned int)width)
		n = width;
	for (i = HISTORY - n; i < HISTORY; i++)
		if (top.history[i] > most)
			most = top.history[i];
	move(y, 0);
	for (i = HISTORY - n; i < HISTORY; i++)
		addch(levels[top.history[i] * (sizeof(levels) - 2) / most]);
}

static void draw_head(void)
{
	const struct snapshot *s = top.now;
	double seconds = top.last ? s->time - top.last->time : 0, rate = 0;

	if (seconds > 0)
		rate = reader_allocs(s, top.last) / seconds;
	mvprintw(0, 0, "galloc: held %s, in use %s, cached %s, central %s, free %s, meta %s",
		 reader_bytes(reader_stat(s, "system_bytes")),
		 reader_bytes(reader_stat(s, "in_use_bytes")),
		 reader_bytes(reader_stat(s, "cached_bytes")),
		 reader_bytes(reader_stat(s, "central_bytes")),
		 reader_bytes(reader_stat(s, "free_bytes")),
		 reader_bytes(reader_stat(s, "meta_bytes")));
	mvprintw(1, 0, "%.0f allocations/s, %llu failed; %s%s; every %.1f s%s%s%s",
		 rate, reader_stat(s, "alloc_failed"), top.view->title,
		 top.stopped ? ", stopped" : "", top.seconds, *top.filter ? "; /" : "",
		 top.filter, "; q c h p n < > r / + -");
	draw_history(2, COLS);
}

static void draw_titles(int y)
{
	const struct column *c = top.view->column;
	int i;

	move(y, 0);
	attron(A_REVERSE);
	for (i = 0; i < MOST_COLUMNS && c->title; i++, c++) {
		if (i == top.sort)
			attron(A_BOLD);
		printw("%*s%c", c->width, c->title, i == top.sort ? '*' : ' ');
		attroff(A_BOLD);
	}
	for (i = getcurx(stdscr); i && i < COLS; i++)
		addch(' ');
	attroff(A_REVERSE);
}

static void draw_row(int y, const struct table *t, size_t row)
{
	const struct column *c = top.view->column;
	int i;

	move(y, 0);
	for (i = 0; i < MOST_COLUMNS && c->title; i++, c++) {
		const char *cell = reader_cell(t, row, c->source);

		if (c->kind == BYTES)
			cell = reader_bytes(reader_number(t, row, c->source));
		if (c->kind == RATE)
			printw("%*.0f ", c->width, number_of(t, row, c));
		else if (c->kind == WORD)
			printw("%*.*s ", c->width, abs(c->width), cell);
		else
			printw("%*s ", c->width, cell ?: "-");
	}
}

static void draw(void)
{
	const struct table *t = table_of(top.now, top.nodes);
	size_t *order = malloc((t->rows + 1) * sizeof(*order)), n = 0, row;
	int y = 4;

	if (!order)
		reader_die("out of memory");
	for (row = 0; row < t->rows; row++)
		if (is_shown(t, row))
			order[n++] = row;
	qsort(order, n, sizeof(*order), compare);
	erase();
	draw_titles(3);
	for (row = 0; row < n && y < LINES; row++, y++)
		draw_row(y, t, order[row]);
	draw_head();
	refresh();
	free(order);
}

/* ---- what happens ------------------------------------------------------------------------ */

static void sample(const char *dir)
{
	reader_free(top.last);
	reader_table_free(top.last_nodes);
	top.last = top.now;
	top.last_nodes = top.nodes;
	top.now = reader_read(dir);
	top.nodes = reader_nodes(top.now);
	memmove(top.history, top.history + 1, sizeof(top.history) - sizeof(*top.history));
	top.history[HISTORY - 1] = reader_stat(top.now, "in_use_bytes");
	if (top.samples < HISTORY)
		top.samples++;
}

static void ask_filter(void)
{
	move(1, 0);
	clrtoeol();
	addstr("only names with: ");
	echo();
	timeout(-1);
	if (getnstr(top.filter, sizeof(top.filter) - 1) == ERR)
		*top.filter = 0;
	noecho();
}

static void sort_by(int column)
{
	if (column >= 0 && column < MOST_COLUMNS && top.view->column[column].title)
		top.sort = column;
}

/* Returns false to quit. */
static bool act_on(int key)
{
	size_t i;

	for (i = 0; i < sizeof(views) / sizeof(*views); i++)
		if (key == views[i].key) {
			top.view = &views[i];
			top.sort = top.view->sort;
		}
	switch (key) {
	case 'q': return false;
	case '<': sort_by(top.sort - 1); break;
	case '>': sort_by(top.sort + 1); break;
	case 'r': top.reverse = !top.reverse; break;
	case '/': ask_filter(); break;
	case ' ': top.stopped = !top.stopped; break;
	case '+': top.seconds = top.seconds < 60 ? top.seconds * 2 : 60; break;
	case '-': top.seconds = top.seconds > 0.2 ? top.seconds / 2 : 0.1; break;
	}
	return true;
}

static void leave_screen(void)
{
	if (!isendwin())
		endwin();
}

static double positive(double n, const char *word, const char *from)
{
	if (!n)
		reader_die("%s is no number that can be used: give one from %s on", word, from);
	return n;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Show it until a key ends it, or @count samples have been taken; 0: without end. */
static void run(const char *dir, unsigned long count)
{
	unsigned long taken = 1;
	double next = now() + top.seconds;
	double left;
	int key;

	for (;;) {
		draw();
		left = next - now();
		/* A day is more than anybody waits, and what an int holds. */
		left = left < 86400 ? left : 86400;
		timeout(left > 0 ? left * 1000 : 0);
		key = getch();
		if (!act_on(key))
			return;
		if (now() < next) {
			/* Where no keys come from, it does not wait for them. */
			if (key == ERR)
				reader_sleep(0.1);
			continue;
		}
		next = now() + top.seconds;
		if (count && taken++ == count)
			return;
		if (!top.stopped)
			sample(dir);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "dir", required_argument, NULL, 'D' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	const char *dir = READER_DIR;
	unsigned long count = 0;
	double seconds;
	int c;

	reader_begin("galloctop", NULL);
	while ((c = getopt_long(argc, argv, "d:n:h", longs, NULL)) >= 0) {
		switch (c) {
		case 'd':
			seconds = reader_seconds(optarg);
			top.seconds = positive(seconds >= 0.1 ? seconds : 0, optarg, "0.1");
			break;
		case 'n': count = positive(reader_count(optarg), optarg, "1"); break;
		case 'D': dir = optarg; break;
		case 'h':
			fputs(usage, stdout);
			reader_finish();
			return 0;
		case 'V':
			printf("galloctop, for version %d of galloc's files\n", READER_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind < argc)
		reader_die("too many words: type galloctop --help");
	setlocale(LC_ALL, "");
	sample(dir);
	if (!isatty(1))
		reader_die("standard output is no terminal: use gallocstat");
	if (!newterm(NULL, stdout, stdin))
		reader_die("the terminal %s is unknown: set TERM, to vt100 perhaps",
			   getenv("TERM") ?: "");
	reader_begin("galloctop", leave_screen);
	top.sort = top.view->sort;
	cbreak();
	noecho();
	keypad(stdscr, true);
	curs_set(0);
	run(dir, count);
	leave_screen();
	return 0;
}
