// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * mix: counts what a trace consists of; see mix.h.
 */
#include <stdlib.h>
#include <string.h>

#include "mix.h"
#include "recording.h"

/* What must be known of an object when it is freed. */
struct object {
	u64 us;
	u32 cpu;
	u32 asked;
};

u64 mix_size_limit(unsigned int i)
{
	return 1ULL << i;
}

u64 mix_age_limit(unsigned int i)
{
	return (1ULL << i) - 1;
}

static unsigned int digits(u64 number, unsigned int base)
{
	unsigned int n = 0;

	for (; number; number /= base)
		n++;
	return n;
}

static void count_size(struct mix_size *s, const struct trace_kind *kind)
{
	s->allocs++;
	s->asked += kind->asked;
	s->given += kind->given;
	if (kind->flags & TRACE_CACHE)
		s->cache++;
}

static void count_alloc(struct mix *m, const struct trace_kind *kind)
{
	unsigned int bit;

	count_size(&m->size[digits(kind->asked - 1, 2)], kind);
	count_size(kind->flags & TRACE_CACHE ? &m->cache : &m->kmalloc, kind);
	for (bit = 0; bit < 6; bit++)
		if (kind->flags & 1 << bit)
			m->flag[bit]++;
}

static void count_free(struct mix *m, const struct object *o, const struct trace_event *e, u64 age)
{
	unsigned int time = digits((e->us - o->us) / 1000, 10);

	m->age[digits(age, 2)]++;
	m->time[time < MIX_TIMES ? time : MIX_TIMES - 1]++;
	if (o->cpu != e->cpu)
		m->moved++;
	if (m->matrix)
		m->matrix[o->cpu * m->header.cpus + e->cpu]++;
}

static void count_slice(struct mix *m, u64 us, u64 asked, u64 objects)
{
	/* The header's time is not known to be that of the events. */
	u64 i = us < m->header.us ? us * MIX_SLICES / m->header.us : MIX_SLICES - 1;
	struct mix_slice *s = &m->slice[i];

	s->events++;
	if (s->peak_asked < asked)
		s->peak_asked = asked;
	if (s->peak_objects < objects)
		s->peak_objects = objects;
}

/* Slices in which nothing happened are like the end of the one before. */
static void fill_slices(struct mix *m)
{
	unsigned int i;

	for (i = 1; i < MIX_SLICES; i++) {
		if (m->slice[i].events)
			continue;
		m->slice[i].peak_asked = m->slice[i - 1].peak_asked;
		m->slice[i].peak_objects = m->slice[i - 1].peak_objects;
	}
}

void mix_count(struct mix *m, struct trace_reader *r)
{
	u64 asked = 0, objects = 0, allocs = 0, us = 0;
	struct trace_event e;
	struct object *object, *o;

	*m = (struct mix) { .header = r->header };
	if (r->header.cpus <= MIX_MATRIX_CPUS)
		m->matrix = need_zeroes(sizeof(*m->matrix) * r->header.cpus * r->header.cpus);
	object = need(NULL, sizeof(*object) * r->header.allocs);
	r->live = need_zeroes(trace_live_bytes(r));
	while (trace_read(r, &e)) {
		m->asked_us += (double)asked * (e.us - us);
		m->objects_us += (double)objects * (e.us - us);
		us = e.us;
		o = &object[e.object];
		if (e.op == TRACE_ALLOC) {
			*o = (struct object) { e.us, e.cpu, e.kind.asked };
			count_alloc(m, &e.kind);
			asked += e.kind.asked;
			objects++;
			allocs++;
		} else {
			count_free(m, o, &e, allocs - 1 - e.object);
			asked -= o->asked;
			objects--;
		}
		count_slice(m, e.us, asked, objects);
	}
	fill_slices(m);
	free(r->live);
	free(object);
}
