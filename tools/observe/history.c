// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * history: what galloc holds over some time, as a chart in SVG.
 */
#include "history.h"
#include "views.h"
#include "reader.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* The chart, and where its axes are. */
#define WIDTH	740
#define HEIGHT	220
#define LEFT	70
#define BOTTOM	40
#define TOP	34

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	interrupted = signal;
}

/*
 * Read a directory every so many seconds, so often, or until the user interrupts.  Returns
 * the last snapshot.
 */
struct snapshot *history_take(struct history *h, const char *dir, double seconds,
			      unsigned long count)
{
	struct snapshot *s = NULL;

	signal(SIGINT, on_signal);
	for (;;) {
		reader_free(s);
		s = reader_read(dir);
		h->point = reader_need(h->point, (h->points + 1) * sizeof(*h->point));
		h->point[h->points++] = (struct history_point) {
			.time = s->time,
			.held = reader_stat(s, "system_bytes"),
			.in_use = reader_stat(s, "in_use_bytes"),
		};
		if (h->points >= count || interrupted)
			break;
		reader_sleep(seconds);
	}
	signal(SIGINT, SIG_DFL);
	return s;
}

/* A number of bytes that is round, and at least this. */
static unsigned long long round_up(unsigned long long bytes)
{
	unsigned long long step = 4096;

	while (5 * step < bytes)
		step *= 2;
	return (bytes + step - 1) / step * step ?: step;
}

static void print_line(const struct history *h, size_t at, const char *color,
		       unsigned long long most)
{
	double span = h->point[h->points - 1].time - h->point[0].time ?: 1;
	size_t i;

	printf("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", color);
	for (i = 0; i < h->points; i++) {
		const struct history_point *p = &h->point[i];
		unsigned long long n = *(unsigned long long *)((char *)p + at);

		printf("%.1f,%.1f ", LEFT + (p->time - h->point[0].time) / span * (WIDTH - LEFT - 10),
		       HEIGHT - BOTTOM - (double)n / most * (HEIGHT - BOTTOM - TOP));
	}
	puts("\"/>");
}

void view_history(const struct history *h)
{
	double span = h->point[h->points - 1].time - h->point[0].time;
	unsigned long long most = 1;
	size_t i;

	for (i = 0; i < h->points; i++)
		most = h->point[i].held > most ? h->point[i].held : most;
	most = round_up(most);
	printf("<svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Bytes held and in use over %.0f seconds: in use %llu at first, %llu at last\" font-size=\"12\">\n",
	       WIDTH, HEIGHT, WIDTH, HEIGHT, span, h->point[0].in_use,
	       h->point[h->points - 1].in_use);
	for (i = 0; i <= 4; i++) {
		double y = HEIGHT - BOTTOM - i / 4.0 * (HEIGHT - BOTTOM - TOP);

		printf("<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#8886\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
		       LEFT, WIDTH - 10, y, y, LEFT - 6, y + 4, reader_bytes(most * i / 4));
	}
	print_line(h, offsetof(struct history_point, held), "#ff7f0e", most);
	print_line(h, offsetof(struct history_point, in_use), "#1f77b4", most);
	printf("<text x=\"%d\" y=\"%d\">0</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.0f</text>\n",
	       LEFT, HEIGHT - BOTTOM + 16, WIDTH - 10, HEIGHT - BOTTOM + 16, span);
	printf("<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">seconds</text>\n",
	       (LEFT + WIDTH) / 2, HEIGHT - 6);
	printf("<text x=\"6\" y=\"14\">bytes: <tspan style=\"fill: #ff7f0e\">&#9632;</tspan> held <tspan style=\"fill: #1f77b4\">&#9632;</tspan> in use</text></svg>\n");
}

void history_free(struct history *h)
{
	free(h->point);
}
