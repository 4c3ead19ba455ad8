// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * gallocstat: where galloc's memory is, once or again and again; see gallocstat.8.
 */
#include "reader.h"
#include "views.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"gallocstat [OPTION]... [SECONDS [COUNT]]\n"
	"Shows where galloc's memory is; with SECONDS a line each so many seconds.\n"
	"	--json		print everything as JSON\n"
	"	--map		draw the blocks and what is in them\n"
	"	--svg		the same as a picture, on standard output\n"
	"	--save FILE	write a snapshot of everything\n"
	"	--load FILE	show a snapshot instead of this machine\n"
	"	--diff FILE	what has changed since that snapshot\n"
	"	--dir DIR	read the files there, not in " READER_DIR "\n"
	"	--help\n"
	"	--version\n"
	"FILE may be -, standard input or output.\n";

/**
 * struct options - what was asked for
 * @dir: where to read
 * @load: a snapshot to show, or NULL
 * @save: a file to write, or NULL
 * @diff: a snapshot to compare with, or NULL
 * @view: what prints the snapshot
 * @seconds: interval; 0: once
 * @count: number of lines; 0: without end
 */
struct options {
	const char *dir;
	const char *load;
	const char *save;
	const char *diff;
	void (*view)(const struct snapshot *s);
	double seconds;
	unsigned long count;
};

static __attribute__((noreturn)) void wrong_usage(const char *why)
{
	reader_die("%s: type gallocstat --help", why);
}

static double positive(double n, const char *word, const char *what)
{
	if (!n)
		reader_die("%s is no number of %s: give one above 0", word, what);
	return n;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "map", no_argument, NULL, 'm' },
		{ "svg", no_argument, NULL, 'v' },
		{ "save", required_argument, NULL, 's' },
		{ "load", required_argument, NULL, 'l' },
		{ "diff", required_argument, NULL, 'd' },
		{ "dir", required_argument, NULL, 'D' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		switch (c) {
		case 'j': o->view = view_json; break;
		case 'm': o->view = view_map; break;
		case 'v': o->view = view_svg; break;
		case 's': o->save = optarg; break;
		case 'l': o->load = optarg; break;
		case 'd': o->diff = optarg; break;
		case 'D': o->dir = optarg; break;
		case 'h':
			fputs(usage, stdout);
			reader_finish();
			exit(0);
		case 'V':
			printf("gallocstat, for version %d of galloc's files\n", READER_VERSION);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		o->seconds = positive(reader_seconds(argv[optind]), argv[optind], "seconds");
	if (optind + 1 < argc)
		o->count = positive(reader_count(argv[optind + 1]), argv[optind + 1], "lines");
	if (optind + 2 < argc)
		wrong_usage("too many words");
	if (o->seconds && (o->load || o->save || o->diff || o->view != view_summary))
		wrong_usage("SECONDS goes with no other option but --dir");
}

/* ---- again and again ------------------------------------------------------------------ */

/* It begins with 0 when galloc is loaded again. */
static unsigned long long stat_growth(const struct snapshot *s, const struct snapshot *last,
				      const char *key)
{
	unsigned long long n = reader_stat(s, key), was = reader_stat(last, key);

	return n > was ? n - was : 0;
}

static void print_line(const struct snapshot *s, const struct snapshot *last)
{
	double seconds = last ? s->time - last->time : 0;

	printf("%8s %8s %8s %8s %8s", reader_bytes(reader_stat(s, "system_bytes")),
	       reader_bytes(reader_stat(s, "in_use_bytes")),
	       reader_bytes(reader_stat(s, "cached_bytes")),
	       reader_bytes(reader_stat(s, "central_bytes")),
	       reader_bytes(reader_stat(s, "free_bytes")));
	if (last && seconds > 0)
		printf(" %12.0f %8llu %8llu %8llu\n",
		       reader_allocs(s, last) / seconds,
		       reader_growth(&s->file[READER_MCACHE], &last->file[READER_MCACHE],
				     "misses", true),
		       stat_growth(s, last, "grow_chunks"),
		       stat_growth(s, last, "alloc_failed"));
	else
		printf(" %12s %8s %8s %8s\n", "-", "-", "-", "-");
	reader_finish();
}

static void watch(const struct options *o)
{
	struct snapshot *last = NULL, *s;
	unsigned long n;

	for (n = 0; !o->count || n < o->count; n++) {
		if (n % 20 == 0)
			printf("%8s %8s %8s %8s %8s %12s %8s %8s %8s\n", "held", "in_use",
			       "cached", "central", "free", "allocs/s", "misses", "chunks",
			       "failed");
		if (n)
			reader_sleep(o->seconds);
		s = reader_read(o->dir);
		print_line(s, last);
		reader_free(last);
		last = s;
	}
	reader_free(last);
}

int main(int argc, char **argv)
{
	struct options o = { .dir = READER_DIR, .view = view_summary };
	struct snapshot *s, *old;

	reader_begin("gallocstat", NULL);
	parse(&o, argc, argv);
	if (o.seconds) {
		watch(&o);
		return 0;
	}
	s = o.load ? reader_load(o.load) : reader_read(o.dir);
	if (o.save) {
		reader_save(s, o.save);
	} else if (o.diff) {
		old = reader_load(o.diff);
		view_diff(old, s);
		reader_free(old);
	} else {
		o.view(s);
	}
	reader_free(s);
	reader_finish();
	return 0;
}
