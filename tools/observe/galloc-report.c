// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc-report: one HTML file with all that a snapshot has; see galloc-report.8.
 *
 * Self-contained: no script, no picture and no style of elsewhere.
 */
#include "history.h"
#include "profile.h"
#include "reader.h"
#include "views.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char usage[] =
	"galloc-report [OPTION]... [SECONDS COUNT] >report.html\n"
	"Writes one HTML file that shows where galloc's memory is, of this machine or of a\n"
	"snapshot that gallocstat --save has made; with SECONDS, after it has looked COUNT\n"
	"times, or until Ctrl-C, with a chart of that time.\n"
	"	--load FILE	of a snapshot, - is standard input\n"
	"	--dir DIR	read the files there, not in " READER_DIR "\n"
	"	--help\n"
	"	--version\n";

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<title>galloc</title>\n<style>\n"
	":root { color-scheme: light dark; }\n"
	"body { font: 15px/1.4 sans-serif; margin: 1em auto; max-width: 75em; padding: 0 1em; }\n"
	"table { border-collapse: collapse; margin: 0.5em 0; }\n"
	"th, td { padding: 0.1em 0.6em; text-align: right; border-bottom: 1px solid #8886; }\n"
	"th:first-child, td:first-child { text-align: left; }\n"
	"caption, summary { text-align: left; font-weight: bold; padding: 0.3em 0; }\n"
	".scroll { overflow-x: auto; }\n"
	".alarm { border-left: 0.3em solid #d62728; padding-left: 0.6em; }\n"
	"svg text { fill: currentColor; }\n"
	"</style></head><body>\n";

/* The parts of the identity, with the colour of each in the bar. */
static const struct part {
	const char *name;
	const char *color;
} bar[] = {
	{ "in_use", "#1f77b4" }, { "cached", "#2ca02c" }, { "central", "#7fb2dd" },
	{ "tail", "#bcbd22" }, { "lost", "#d62728" }, { "deferred", "#e377c2" },
	{ "free", "#bbbbbb" }, { "atomic_reserve", "#17becf" }, { "meta", "#ff7f0e" },
};

#define BAR_WIDTH	900

/* Names are those of clients: nothing in them is markup. */
static void text(const char *word)
{
	for (; *word; word++)
		switch (*word) {
		case '<': fputs("&lt;", stdout); break;
		case '>': fputs("&gt;", stdout); break;
		case '&': fputs("&amp;", stdout); break;
		case '"': fputs("&quot;", stdout); break;
		default: putchar(*word);
		}
}

static void cell(const char *tag, const char *word)
{
	printf("<%s>", tag);
	text(word);
	printf("</%.2s>", tag);
}

static void print_bar(const struct snapshot *s)
{
	unsigned long long held = reader_stat(s, "system_bytes") ?: 1, n;
	char key[32];
	double x = 0;
	size_t i;

	printf("<svg width=\"100%%\" viewBox=\"0 0 %d 30\" role=\"img\" aria-label=\"The parts of what is held; the table has the numbers\">\n",
	       BAR_WIDTH);
	for (i = 0; i < sizeof(bar) / sizeof(*bar); i++) {
		snprintf(key, sizeof(key), "%s_bytes", bar[i].name);
		n = reader_stat(s, key);
		printf("<rect x=\"%.2f\" width=\"%.2f\" height=\"30\" fill=\"%s\"><title>%s %llu</title></rect>\n",
		       x, (double)BAR_WIDTH * n / held, bar[i].color, bar[i].name, n);
		x += (double)BAR_WIDTH * n / held;
	}
	puts("</svg>");
}

/* The same as a table, and what it adds up to. */
static void print_parts(const struct snapshot *s)
{
	unsigned long long held = reader_stat(s, "system_bytes"), n, sum = 0;
	char key[32];
	size_t i;

	puts("<table><caption>What is held</caption><tr><th scope=\"col\">part</th><th scope=\"col\">bytes</th><th scope=\"col\">%</th></tr>");
	for (i = 0; i < sizeof(bar) / sizeof(*bar); i++) {
		snprintf(key, sizeof(key), "%s_bytes", bar[i].name);
		n = reader_stat(s, key);
		sum += n;
		printf("<tr><td><span style=\"color: %s\">&#9632;</span> %s</td><td id=\"%s\">%llu</td><td>%.1f</td></tr>\n",
		       bar[i].color, bar[i].name, key, n, held ? 100.0 * n / held : 0);
	}
	printf("<tr><td>sum</td><td>%llu</td><td></td></tr>\n", sum);
	printf("<tr><td>held</td><td id=\"system_bytes\">%llu</td><td></td></tr></table>\n", held);
}

static void print_alarms(const struct snapshot *s)
{
	const struct table *t = &s->file[READER_STATS];
	size_t row;

	for (row = 0; row < t->rows; row++) {
		char **word = t->word + row * t->columns;

		if ((!strncmp(word[0], "fault_", 6) || !strcmp(word[0], "alloc_failed") ||
		     !strcmp(word[0], "limit_hits")) && strcmp(word[1], "0"))
			printf("<p class=\"alarm\">%s is %s: see usage.rst</p>\n", word[0], word[1]);
	}
}

/* All of a table; @open: shown, others when asked for. */
static void print_table(const char *title, const struct table *t, bool open)
{
	size_t row, i;

	printf("<details%s><summary>%s</summary><div class=\"scroll\" tabindex=\"0\"><table>\n",
	       open ? " open" : "", title);
	if (t->names) {
		fputs("<tr>", stdout);
		for (i = 0; i < t->columns; i++)
			cell("th scope=\"col\"", t->names[i]);
		puts("</tr>");
	}
	for (row = 0; row < t->rows; row++) {
		fputs("<tr>", stdout);
		for (i = 0; i < t->columns; i++)
			cell("td", t->word[(row + !!t->names) * t->columns + i]);
		puts("</tr>");
	}
	puts("</table></div></details>");
}

/* Who holds it; older snapshots do not know. */
static void print_profile(struct snapshot *s)
{
	struct profile *p;

	if (!s->profile)
		return;
	p = profile_parse(s->profile, s->profile_size, "profile/heap");
	s->profile = NULL;
	printf("<details open><summary>Who holds it: estimates from %llu samples</summary><div class=\"scroll\" tabindex=\"0\">\n",
	       p->samples);
	view_flame(p);
	puts("</div></details>");
	profile_free(p);
}

static void report(struct snapshot *s, const struct history *h)
{
	struct table *nodes = reader_nodes(s);
	time_t seconds = s->time;
	char when[32];

	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime(&seconds));
	fputs(head, stdout);
	printf("<h1>galloc, %s</h1>\n<p>The numbers are %s.</p>\n", when, reader_state(s));
	print_alarms(s);
	print_bar(s);
	print_parts(s);
	if (h->points) {
		puts("<details open><summary>While it was watched</summary><div class=\"scroll\" tabindex=\"0\">");
		view_history(h);
		puts("</div></details>");
	}
	print_profile(s);
	puts("<details open><summary>Blocks of 2 MiB and their spans</summary><div class=\"scroll\" tabindex=\"0\">");
	view_svg(s);
	puts("</div></details>");
	print_table("Classes and typed caches", &s->file[READER_CLASSES], true);
	print_table("Private heaps", &s->file[READER_HEAPS], true);
	print_table("CPUs", &s->file[READER_MCACHE], true);
	print_table("Nodes", nodes, true);
	print_table("stats", &s->file[READER_STATS], false);
	print_table("events", &s->file[READER_EVENTS], false);
	puts("</body></html>");
	reader_table_free(nodes);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "load", required_argument, NULL, 'l' },
		{ "dir", required_argument, NULL, 'D' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	const char *dir = READER_DIR, *load = NULL;
	unsigned long count = 0;
	struct history h = { };
	double seconds = 0;
	struct snapshot *s;
	int c;

	reader_begin("galloc-report", NULL);
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		switch (c) {
		case 'l': load = optarg; break;
		case 'D': dir = optarg; break;
		case 'h':
			fputs(usage, stdout);
			reader_finish();
			return 0;
		case 'V':
			printf("galloc-report, for version %d of galloc's files\n", READER_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind < argc && (load || argc != optind + 2))
		reader_die("give SECONDS and COUNT, and no snapshot: type galloc-report --help");
	if (optind < argc) {
		seconds = reader_seconds(argv[optind]);
		count = reader_count(argv[optind + 1]);
		if (!seconds || !count || count > 1000000)
			reader_die("%s %s are no seconds and no count: give numbers above 0",
				   argv[optind], argv[optind + 1]);
		s = history_take(&h, dir, seconds, count);
	} else {
		s = load ? reader_load(load) : reader_read(dir);
	}
	report(s, &h);
	reader_free(s);
	history_free(&h);
	reader_finish();
	return 0;
}
