// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * flame: a profile as a flame graph in SVG, without a script, and as a table.
 *
 * Each function is a bar below its caller, as wide as the bytes that come from it.
 */
#include "views.h"
#include "profile.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH	1000
#define HEIGHT	18

/* Characters are at most so wide. */
#define LETTER	7

/* What is not shown: less than this part of a pixel. */
#define NARROW	0.3

/* Rows of the table. */
#define TOP	20

/**
 * struct node - a function that is called from where its parent is
 * @name: the function and its module; ends at a '+'
 * @bytes: what comes from it, and from what it calls
 * @child: what it calls
 * @next: what its caller calls as well
 */
struct node {
	const char *name;
	unsigned long long bytes;
	struct node *child;
	struct node *next;
};

static size_t name_length(const char *name)
{
	return strcspn(name, "+\n");
}

/* "name+0x12/0x34 [module]" as "name [module]", without what is markup. */
static void print_name(const char *name, size_t most)
{
	const char *module = strchr(name, '[');
	char text[300];
	size_t i;

	snprintf(text, sizeof(text), "%.*s%s%s", (int)name_length(name), name,
		 module ? " " : "", module ?: "");
	for (i = 0; text[i] && i < most; i++)
		switch (text[i]) {
		case '<': fputs("&lt;", stdout); break;
		case '>': fputs("&gt;", stdout); break;
		case '&': fputs("&amp;", stdout); break;
		case '"': fputs("&quot;", stdout); break;
		default: putchar(text[i]);
		}
}

static struct node *child_of(struct node *n, const char *name)
{
	struct node **at = &n->child;

	for (; *at; at = &(*at)->next)
		if (name_length((*at)->name) == name_length(name) &&
		    !strncmp((*at)->name, name, name_length(name)))
			return *at;
	*at = reader_need(NULL, sizeof(**at));
	memset(*at, 0, sizeof(**at));
	(*at)->name = name;
	return *at;
}

static void free_nodes(struct node *n)
{
	struct node *next;

	for (; n; n = next) {
		next = n->next;
		free_nodes(n->child);
		free(n);
	}
}

/* Depth of what is below a node. */
static unsigned int depth_of(const struct node *n)
{
	unsigned int deepest = 0;
	const struct node *c;

	for (c = n->child; c; c = c->next) {
		unsigned int depth = 1 + depth_of(c);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest;
}

/* The same colour for the same function; all are light, for black letters. */
static const char *color_of(const char *name)
{
	static const char *const colors[] = {
		"#f7b267", "#f79d65", "#f4845f", "#f6bd60", "#f5cac3", "#e9c46a", "#f4a261",
	};
	unsigned int hash = 5381;
	size_t i;

	for (i = 0; i < name_length(name); i++)
		hash = 33 * hash + (unsigned char)name[i];
	return colors[hash % (sizeof(colors) / sizeof(*colors))];
}

static void print_node(const struct node *n, double x, unsigned int depth, double scale,
		       unsigned long long all)
{
	double width = n->bytes * scale;
	const struct node *c;

	if (width < NARROW)
		return;
	printf("<g><title>");
	print_name(n->name, SIZE_MAX);
	printf(": about %s, %.1f %%</title><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"%s\" stroke=\"#fff\" stroke-width=\"0.5\"/>",
	       reader_bytes(n->bytes), 100.0 * n->bytes / all, x, depth * HEIGHT, width, HEIGHT,
	       color_of(n->name));
	if (width > 4 * LETTER) {
		printf("<text x=\"%.2f\" y=\"%u\" font-size=\"11\" font-family=\"monospace\" style=\"fill: #000\">",
		       x + 3, depth * HEIGHT + 13);
		print_name(n->name, (width - 6) / LETTER);
		printf("</text>");
	}
	puts("</g>");
	for (c = n->child; c; c = c->next) {
		print_node(c, x, depth + 1, scale, all);
		x += c->bytes * scale;
	}
}

static int by_bytes(const void *a, const void *b)
{
	const struct profile_entry *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

/* For those who do not see the picture. */
static void print_table(const struct profile *p, unsigned long long all)
{
	size_t i, j;

	qsort(p->entry, p->entries, sizeof(*p->entry), by_bytes);
	puts("<table><caption>The largest</caption><tr><th scope=\"col\">called by</th><th scope=\"col\">bytes</th><th scope=\"col\">%</th><th scope=\"col\">objects</th><th scope=\"col\">of bytes</th></tr>");
	for (i = 0; i < p->entries && i < TOP; i++) {
		const struct profile_entry *e = &p->entry[i];

		fputs("<tr><td>", stdout);
		for (j = 0; j < e->frames && j < 3; j++) {
			fputs(j ? ", " : "", stdout);
			print_name(e->frame[j].symbol, SIZE_MAX);
		}
		printf("</td><td>%llu</td><td>%.1f</td><td>%.0f</td><td>%llu</td></tr>\n",
		       e->bytes, 100.0 * e->bytes / all, e->objects, e->size);
	}
	puts("</table>");
}

void view_flame(const struct profile *p)
{
	struct node root = { .name = "all" };
	unsigned int height;
	size_t i, j;

	for (i = 0; i < p->entries; i++) {
		const struct profile_entry *e = &p->entry[i];
		struct node *n = &root;

		root.bytes += e->bytes;
		for (j = e->frames; j; j--) {
			n = child_of(n, e->frame[j - 1].symbol);
			n->bytes += e->bytes;
		}
	}
	if (!root.bytes) {
		puts("<p>No object in use was sampled.</p>");
		return;
	}
	height = (depth_of(&root) + 1) * HEIGHT;
	printf("<svg width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\" role=\"img\" aria-label=\"Who holds memory: each function is below its caller; the table has the largest\">\n",
	       WIDTH, height, WIDTH, height);
	print_node(&root, 0, 0, (double)WIDTH / root.bytes, root.bytes);
	puts("</svg>");
	print_table(p, root.bytes);
	free_nodes(root.child);
}
