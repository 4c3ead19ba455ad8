// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * print: shows what a trace consists of, and its events.
 *
 * The first lines are a key and a value each, for programs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mix.h"
#include "recording.h"
#include "tool.h"

static const char *const flag_names[] = {
	"atomic", "zero", "account", "reclaimable", "dma", "kmem_cache",
};

static double percent(double part, double whole)
{
	return whole ? 100 * part / whole : 0;
}

static void print_number(const char *key, u64 value)
{
	printf("%-18s %llu\n", key, value);
}

static void print_real(const char *key, double value)
{
	printf("%-18s %.2f\n", key, value);
}

static void print_facts(const struct mix *m)
{
	const struct trace_header *h = &m->header;
	u64 asked = m->kmalloc.asked + m->cache.asked;
	/* Of a trace that is shorter than its clock can say. */
	double us = h->us ? h->us : 1;

	printf("%-18s %s\n", "kernel", h->name);
	print_number("cpus", h->cpus);
	print_real("seconds", h->us / 1e6);
	print_number("events", h->events);
	print_number("objects", h->allocs);
	print_number("kinds", h->kinds);
	print_number("lost", h->lost);
	print_number("unknown_frees", h->unknown_frees);
	print_number("missed_frees", h->missed_frees);
	print_number("never_freed", h->never_freed);
	print_number("too_large", h->too_large);
	print_real("mean_size", (double)asked / h->allocs);
	print_real("cache_percent", percent(m->cache.allocs, h->allocs));
	print_real("kmalloc_rounding", percent(m->kmalloc.given, m->kmalloc.asked));
	print_real("cache_rounding", percent(m->cache.given, m->cache.asked));
	print_real("handover_percent", percent(m->moved, h->allocs));
	print_number("peak_bytes", h->peak_asked);
	print_number("mean_bytes", m->asked_us / us);
	print_number("peak_objects", h->peak_objects);
	print_number("mean_objects", m->objects_us / us);
}

static void print_size(const char *name, const struct mix *m, const struct mix_size *s)
{
	u64 asked = m->kmalloc.asked + m->cache.asked;

	if (s->allocs)
		printf("%10s %10llu %7.2f %7.2f %7.2f %9.1f\n", name, s->allocs,
		       percent(s->allocs, m->header.allocs), percent(s->asked, asked),
		       percent(s->cache, s->allocs), percent(s->given, s->asked));
}

static void print_sizes(const struct mix *m)
{
	char name[24];
	unsigned int i;

	printf("\nsizes asked for; %% of all objects, of all bytes; %% of a kmem_cache, given\n");
	printf("%10s %10s %7s %7s %7s %9s\n", "up to", "objects", "%", "bytes", "cache",
	       "given");
	for (i = 0; i < MIX_SIZES; i++) {
		snprintf(name, sizeof(name), "%llu", mix_size_limit(i));
		print_size(name, m, &m->size[i]);
	}
	print_size("kmalloc", m, &m->kmalloc);
	print_size("kmem_cache", m, &m->cache);
}

static void print_flags(const struct mix *m)
{
	unsigned int i;

	printf("\nwhat was asked for, %% of the objects\n");
	for (i = 0; i < 5; i++)
		printf("%12s %7.2f\n", flag_names[i], percent(m->flag[i], m->header.allocs));
}

static void print_lifetimes(const struct mix *m)
{
	static const char *const times[MIX_TIMES] = {
		"1", "10", "100", "1000", "10000", "100000", "longer",
	};
	u64 sum = 0, frees = m->header.events - m->header.allocs;
	unsigned int i;

	printf("\nlifetimes, up to so many allocations of others; %% of the objects, their sum\n");
	for (i = 0; i < MIX_AGES; i++) {
		if (!m->age[i])
			continue;
		sum += m->age[i];
		printf("%10llu %10llu %7.2f %7.2f\n", mix_age_limit(i), m->age[i],
		       percent(m->age[i], frees), percent(sum, frees));
	}
	printf("\nlifetimes, in milliseconds, less than; %% of the objects\n");
	for (i = 0; i < MIX_TIMES; i++)
		printf("%10s %10llu %7.2f\n", times[i], m->time[i],
		       percent(m->time[i], frees));
}

static void print_matrix(const struct mix *m)
{
	u32 cpus = m->header.cpus, from, to;

	printf("\nallocated on a CPU (line) and freed on one (column), %% of the objects\n");
	if (!m->matrix) {
		printf("%10.2f on another CPU\n", percent(m->moved, m->header.allocs));
		return;
	}
	for (from = 0; from < cpus; from++) {
		printf("%10u", from);
		for (to = 0; to < cpus; to++)
			printf(" %7.2f", percent(m->matrix[from * cpus + to], m->header.allocs));
		printf("\n");
	}
}

/* Twenty lines are enough for a terminal. */
static void print_course(const struct mix *m)
{
	const unsigned int step = MIX_SLICES / 20;
	unsigned int i, j;

	printf("\nover time: seconds; since the line before: events, most live bytes, objects\n");
	for (i = 0; i < MIX_SLICES; i += step) {
		struct mix_slice sum = { 0 };

		for (j = i; j < i + step; j++) {
			const struct mix_slice *s = &m->slice[j];

			sum.events += s->events;
			if (sum.peak_asked < s->peak_asked)
				sum.peak_asked = s->peak_asked;
			if (sum.peak_objects < s->peak_objects)
				sum.peak_objects = s->peak_objects;
		}
		printf("%10.2f %10llu %12llu %10llu\n",
		       m->header.us / 1e6 * (i + step) / MIX_SLICES, sum.events, sum.peak_asked,
		       sum.peak_objects);
	}
}

/* Open it, or leave. */
static void open_trace(const struct input *in, struct trace_reader *r)
{
	if (!trace_open(r, in->bytes, in->size))
		bad_input(in, "byte", r->error_at, r->error);
}

void print_trace(const struct input *in)
{
	struct trace_reader r;
	struct mix m;

	open_trace(in, &r);
	mix_count(&m, &r);
	if (r.error)
		bad_input(in, "byte", r.error_at, r.error);
	print_facts(&m);
	print_sizes(&m);
	print_flags(&m);
	print_lifetimes(&m);
	print_matrix(&m);
	print_course(&m);
	free(m.matrix);
}

void print_events(const struct input *in)
{
	struct trace_reader r;
	struct trace_event e;
	unsigned int bit;

	open_trace(in, &r);
	r.live = need_zeroes(trace_live_bytes(&r));
	while (trace_read(&r, &e)) {
		printf("%llu cpu %u %s %u", e.us, e.cpu,
		       e.op == TRACE_ALLOC ? "alloc" : "free", e.object);
		if (e.op == TRACE_ALLOC) {
			printf(" %u/%u", e.kind.asked, e.kind.given);
			for (bit = 0; bit < 6; bit++)
				if (e.kind.flags & 1 << bit)
					printf(" %s", flag_names[bit]);
		}
		printf("\n");
	}
	free(r.live);
	if (r.error)
		bad_input(in, "byte", r.error_at, r.error);
}
