// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * plot: pictures of a trace, drawn by gnuplot.
 *
 * Of each picture NAME there are NAME.tsv, the figures, NAME.gp, the script, and
 * NAME.svg.
 */
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mix.h"
#include "tool.h"

extern char **environ;

static FILE *create(const char *name)
{
	FILE *file = fopen(name, "w");

	if (!file)
		die("%s: %s", name, strerror(errno));
	return file;
}

static void finish(FILE *file, const char *name)
{
	if (ferror(file) || fclose(file))
		die("%s: cannot be written", name);
}

/* ---- figures --------------------------------------------------------------------------- */

static void write_live(FILE *to, const struct mix *m)
{
	unsigned int i;

	fprintf(to, "seconds\tlive_MB\tlive_kobjects\n");
	for (i = 0; i < MIX_SLICES; i++)
		fprintf(to, "%.3f\t%.4f\t%.3f\n", m->header.us / 1e6 * i / MIX_SLICES,
			m->slice[i].peak_asked / 1e6, m->slice[i].peak_objects / 1e3);
}

static void write_sizes(FILE *to, const struct mix *m)
{
	double percent = 100.0 / m->header.allocs;
	unsigned int i;

	fprintf(to, "bytes\tkmem_cache\tkmalloc\n");
	for (i = 0; i < MIX_SIZES; i++)
		if (m->size[i].allocs)
			fprintf(to, "%llu\t%.3f\t%.3f\n", mix_size_limit(i),
				percent * m->size[i].cache,
				percent * (m->size[i].allocs - m->size[i].cache));
}

static void write_lifetimes(FILE *to, const struct mix *m)
{
	double percent = 100.0 / m->header.allocs;
	u64 sum = 0;
	unsigned int i;

	fprintf(to, "allocations\tobjects\tsum\n");
	for (i = 0; i < MIX_AGES; i++) {
		sum += m->age[i];
		fprintf(to, "%llu\t%.3f\t%.3f\n", mix_age_limit(i),
			percent * m->age[i], percent * sum);
		if (sum == m->header.events - m->header.allocs)
			break;
	}
}

static const struct picture {
	const char *name;
	const char *title;
	void (*write)(FILE *to, const struct mix *m);
	const char *script;
} pictures[] = {
	{ "live", "live bytes and objects over time", write_live,
	  "set xlabel 'seconds'\n"
	  "set ylabel 'MB asked for'\n"
	  "set y2label 'thousand objects'\n"
	  "set ytics nomirror\n"
	  "set y2tics\n"
	  "set yrange [0:*]\n"
	  "set y2range [0:*]\n"
	  "plot data using 1:2 with filledcurves x1 title 'bytes' \\\n"
	  "          linecolor rgb '#2a6f97', \\\n"
	  "     data using 1:3 axes x1y2 with lines title 'objects' \\\n"
	  "          linewidth 2 linecolor rgb '#c9a227'\n" },
	{ "sizes", "sizes asked for", write_sizes,
	  "set xlabel 'up to so many bytes'\n"
	  "set ylabel '% of the objects'\n"
	  "set style data histograms\n"
	  "set style histogram rowstacked\n"
	  "set style fill solid 0.9 border -1\n"
	  "set boxwidth 0.8\n"
	  "set yrange [0:*]\n"
	  "set xtics rotate by -35\n"
	  "plot data using 2:xtic(1) title 'kmem\\_cache' linecolor rgb '#2a6f97', \\\n"
	  "     data using 3 title 'kmalloc' linecolor rgb '#c9a227'\n" },
	{ "lifetimes", "lifetimes", write_lifetimes,
	  "set xlabel 'up to so many allocations of others'\n"
	  "set ylabel '% of the objects'\n"
	  "set style data histograms\n"
	  "set style histogram rowstacked\n"
	  "set style fill solid 0.9 border -1\n"
	  "set boxwidth 0.8\n"
	  "set yrange [0:100]\n"
	  "set xtics rotate by -35\n"
	  "set key left top\n"
	  "plot data using 2:xtic(1) title 'each' linecolor rgb '#2a6f97', \\\n"
	  "     data using 0:3 with linespoints title 'sum' \\\n"
	  "          linewidth 2 linecolor rgb '#c9a227'\n" },
};

/* ---- gnuplot --------------------------------------------------------------------------- */

static void draw(const char *script)
{
	char *args[] = { "gnuplot", (char *)script, NULL };
	int error, status;
	pid_t pid;

	error = posix_spawnp(&pid, args[0], NULL, NULL, args, environ);
	if (error)
		die("gnuplot cannot be started (%s): install gnuplot-nox",
		    strerror(error));
	if (waitpid(pid, &status, 0) < 0 || status)
		die("gnuplot failed on %s", script);
}

static void plot_picture(const struct picture *p, const struct mix *m)
{
	char name[64];
	FILE *file;

	snprintf(name, sizeof(name), "%s.tsv", p->name);
	file = create(name);
	p->write(file, m);
	finish(file, name);

	snprintf(name, sizeof(name), "%s.gp", p->name);
	file = create(name);
	fprintf(file, "set terminal svg size 640,360 font 'sans,11' background 'white'\n"
		"set output '%s.svg'\n"
		"set title '%s, %s' noenhanced\n"
		"set datafile separator tab\n"
		"set key autotitle columnhead\n"
		"data = '%s.tsv'\n"
		"%s", p->name, p->title, m->header.name, p->name, p->script);
	finish(file, name);
	draw(name);
}

void plot_trace(const struct input *in, const char *dir)
{
	struct trace_reader r;
	struct mix m;
	size_t i;

	if (!trace_open(&r, in->bytes, in->size))
		bad_input(in, "byte", r.error_at, r.error);
	mix_count(&m, &r);
	if (r.error)
		bad_input(in, "byte", r.error_at, r.error);
	if (mkdir(dir, 0777) && errno != EEXIST)
		die("%s: %s", dir, strerror(errno));
	/* So that the scripts work wherever the folder is moved to. */
	if (chdir(dir))
		die("%s: %s", dir, strerror(errno));
	for (i = 0; i < sizeof(pictures) / sizeof(*pictures); i++)
		plot_picture(&pictures[i], &m);
	free(m.matrix);
}
