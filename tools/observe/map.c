// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * map: the blocks and what is in them, drawn in the terminal, or as SVG.
 */
#include "views.h"
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most characters of a block: each is for a page at least. */
#define MOST_CELLS	64

/* Pages and characters of a block, and pages of a character, of the machine that is drawn. */
static unsigned int block_pages, cells, cell_pages;

/* More than any object has. */
#define MOST_PAGES	(1 << 20)

/* Length and height of a block in SVG. */
#define SVG_BLOCK	1024
#define SVG_HEIGHT	14

/**
 * struct span - a line of spans
 * @block: number of its slot of the address map
 * @page: its first page there
 * @pages: number of pages
 * @state: as galloc names it
 * @class: size class, 0: none
 * @fill: objects that are not free in their bitmap, in percent
 */
struct span {
	unsigned long block;
	unsigned int page;
	unsigned int pages;
	const char *state;
	unsigned int class;
	unsigned int fill;
};

/* What stands for a state, and its colour in SVG. */
static const struct look {
	const char *state;
	char mark;
	const char *color;
} looks[] = {
	{ "free", '.', "#dddddd" },
	{ "full", '#', "#1f77b4" },
	{ "partial", 'p', "#7fb2dd" },
	{ "cached", 'c', "#2ca02c" },
	{ "large", 'L', "#9467bd" },
	{ "deferred", 'd', "#d62728" },
	{ "transit", 't', "#ff7f0e" },
};

static const struct look *look_of(const char *state)
{
	static const struct look other = { "other", '?', "#000000" };
	size_t i;

	for (i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		if (!strcmp(looks[i].state, state))
			return &looks[i];
	return &other;
}

static struct span span_at(const struct table *t, size_t row)
{
	unsigned long long objects = reader_number(t, row, "objects");
	struct span s = {
		.block = reader_number(t, row, "block"),
		.page = reader_number(t, row, "page"),
		.pages = reader_number(t, row, "pages"),
		.state = reader_cell(t, row, "state"),
		.class = reader_number(t, row, "class"),
	};

	if (objects)
		s.fill = 100 - 100 * reader_number(t, row, "free_objects") / objects;
	return s;
}

/* Without the columns nothing can be drawn; nor is there a span as long as this. */
static const struct table *spans_of(const struct snapshot *s)
{
	const struct table *t = &s->file[READER_SPANS];
	size_t row;

	block_pages = READER_BLOCK / reader_page_bytes(s);
	cells = block_pages < MOST_CELLS ? block_pages : MOST_CELLS;
	cell_pages = block_pages / cells;
	if (t->rows && (!reader_cell(t, 0, "block") || !reader_cell(t, 0, "state")))
		reader_die("spans does not say where they are: that galloc is too old for a map");
	for (row = 0; row < t->rows; row++)
		if (reader_number(t, row, "page") >= block_pages ||
		    reader_number(t, row, "pages") > MOST_PAGES)
			reader_die("spans has one of %s pages at page %s of a block: it is damaged",
				   reader_cell(t, row, "pages") ?: "?",
				   reader_cell(t, row, "page") ?: "?");
	return t;
}

/* ---- in the terminal ------------------------------------------------------------------- */

/* A partial span by its fill: 1 is nearly empty, 9 nearly full. */
static char mark_of(const struct span *s)
{
	char mark = look_of(s->state)->mark;

	return mark == 'p' ? (char)('1' + s->fill * 8 / 100) : mark;
}

/*
 * The characters of a block, each for cell_pages: what is in the first of them that has
 * anything but free pages, since what is free needs less attention.
 */
static void cells_fill(char *cell, const struct span *s)
{
	unsigned int first = s->page / cell_pages, i;
	unsigned int last = (s->page + (s->pages ?: 1) - 1) / cell_pages;

	for (i = first; i <= last && i < cells; i++)
		if (cell[i] == ' ' || cell[i] == '.')
			cell[i] = mark_of(s);
}

static void cells_print(unsigned long block, const char *cell)
{
	printf("%8lu |%.*s|\n", block, (int)cells, cell);
}

/* An object above a block goes on in the next lines. */
static void rest_print(const struct span *s, unsigned long block)
{
	char cell[MOST_CELLS];
	struct span rest = *s;

	while (rest.page + rest.pages > block_pages) {
		rest.pages -= block_pages - rest.page;
		rest.page = 0;
		memset(cell, ' ', sizeof(cell));
		cells_fill(cell, &rest);
		cells_print(++block, cell);
	}
}

void view_map(const struct snapshot *s)
{
	const struct table *t = spans_of(s);
	struct span span = { }, last = { };
	char cell[MOST_CELLS];
	size_t row;

	printf("a line is a block of 2 MiB, a character %u pages:\n", cell_pages);
	puts("# full, 1-9 partial by fill, c cached by a CPU, L large, . free, d deferred, t in transit\n");
	for (row = 0; row <= t->rows; row++, last = span) {
		if (row < t->rows)
			span = span_at(t, row);
		if (row && (row == t->rows || span.block != last.block)) {
			cells_print(last.block, cell);
			rest_print(&last, last.block);
		}
		if (!row || span.block != last.block)
			memset(cell, ' ', sizeof(cell));
		cells_fill(cell, &span);
	}
}

/* ---- SVG --------------------------------------------------------------------------------- */

static void svg_span(const struct span *s, unsigned int y)
{
	const struct look *look = look_of(s->state);
	double opacity = *look->state == 'p' ? 0.25 + 0.75 * s->fill / 100 : 1;
	unsigned int pages = s->pages, scale = SVG_BLOCK / block_pages;

	if (s->page + pages > block_pages)
		pages = block_pages - s->page;
	printf("<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"%s\" fill-opacity=\"%.2f\">",
	       80 + s->page * scale, y, pages * scale, SVG_HEIGHT - 2, look->color,
	       opacity);
	printf("<title>%s, %u pages", s->state, s->pages);
	if (s->class)
		printf(", class %u, %u %% in use", s->class, s->fill);
	puts("</title></rect>");
}

static void svg_legend(void)
{
	size_t i;

	for (i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		printf("<rect x=\"%zu\" y=\"8\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%zu\" y=\"18\">%s</text>\n",
		       80 + i * 110, looks[i].color, 96 + i * 110, looks[i].state);
}

void view_svg(const struct snapshot *s)
{
	const struct table *t = spans_of(s);
	unsigned long blocks = 0, last = 0;
	size_t row;

	for (row = 0; row < t->rows; row++) {
		unsigned long block = reader_number(t, row, "block");

		blocks += !row || block != last;
		last = block;
	}
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%lu\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n",
	       100 + SVG_BLOCK, 40 + blocks * SVG_HEIGHT);
	puts("<title>galloc's blocks and spans</title>");
	svg_legend();
	for (blocks = 0, row = 0; row < t->rows; row++) {
		struct span span = span_at(t, row);

		if (!row || span.block != last) {
			blocks++;
			printf("<text x=\"4\" y=\"%lu\">%lu</text>\n",
			       27 + blocks * SVG_HEIGHT, span.block);
		}
		last = span.block;
		svg_span(&span, 17 + blocks * SVG_HEIGHT);
	}
	puts("</svg>");
}
