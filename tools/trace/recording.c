// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * recording: collects what text.c finds; see recording.h.
 *
 * It also keeps the times in which events were lost: from the last event of the CPU
 * before the loss to its first one after it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"

/* Of these times a trace in microseconds can still say when something was. */
#define MAX_NS		(1ULL << 60)
#define MAX_EVENTS	(1ULL << 31)

/* What kfree() takes for no object: NULL and ZERO_SIZE_PTR. */
#define NO_OBJECT	16

void *need(void *old, u64 bytes)
{
	void *p = realloc(old, bytes ? bytes : 1);

	if (!p) {
		fprintf(stderr, "galloc-trace: out of memory\n");
		exit(1);
	}
	return p;
}

void *need_zeroes(u64 bytes)
{
	return memset(need(NULL, bytes), 0, bytes);
}

/* Room for one more in an array that doubles when its number is a power of two. */
static void *grow(void *array, u64 nr, u64 size)
{
	if (nr & (nr - 1))
		return array;
	return need(array, (nr ? 2 * nr : 1) * size);
}

u32 record_gfp(u64 gfp)
{
	u32 flags = 0;

	if (!(gfp & GFP_DIRECT_RECLAIM))
		flags |= TRACE_ATOMIC;
	if (gfp & GFP_ZERO)
		flags |= TRACE_ZERO;
	if (gfp & GFP_ACCOUNT)
		flags |= TRACE_ACCOUNT;
	if (gfp & GFP_RECLAIMABLE)
		flags |= TRACE_RECLAIMABLE;
	if (gfp & GFP_DMA)
		flags |= TRACE_DMA;
	return flags;
}

void record_name(struct recording *r, const char *name, u64 length)
{
	u64 i;

	memset(r->name, 0, sizeof(r->name));
	for (i = 0; i < length && i < sizeof(r->name) - 1; i++) {
		if (name[i] <= ' ' || name[i] > '~')
			break;
		r->name[i] = name[i];
	}
}

static void add_loss(struct recording *r, u64 from, u64 to)
{
	r->losses = grow(r->losses, r->nr_losses, sizeof(*r->losses));
	r->losses[r->nr_losses++] = (struct loss) { from, to };
}

bool record_seen(struct recording *r, u64 at, u64 cpu, u64 ns)
{
	if (cpu >= TRACE_MAX_CPUS)
		return record_fail(r, at, "number of the CPU beyond the limits");
	if (ns >= MAX_NS)
		return record_fail(r, at, "time beyond the limits");
	if (r->losing[cpu] || (r->lost_before && !r->last[cpu]))
		add_loss(r, r->last[cpu], ns);
	r->losing[cpu] = false;
	r->last[cpu] = ns;
	return true;
}

bool record_lost(struct recording *r, u64 at, u64 cpu, u64 events)
{
	if (cpu >= TRACE_MAX_CPUS)
		return record_fail(r, at, "number of the CPU beyond the limits");
	r->lost += events ? events : 1;
	r->losing[cpu] = true;
	return true;
}

void record_lost_before(struct recording *r, u64 events)
{
	r->lost += events;
	r->lost_before = true;
}

static bool add(struct recording *r, u64 at, const struct recorded *e)
{
	if (!record_seen(r, at, e->cpu, e->ns))
		return false;
	if (e->address <= NO_OBJECT)
		return true;
	if (r->nr_events == MAX_EVENTS)
		return record_fail(r, at, "too many events");
	r->events = grow(r->events, r->nr_events, sizeof(*r->events));
	r->events[r->nr_events] = *e;
	r->events[r->nr_events].seq = r->nr_events;
	r->nr_events++;
	return true;
}

bool record_alloc(struct recording *r, u64 at, u64 cpu, u64 ns, u64 address, u64 asked,
		  u64 given, u32 flags)
{
	struct recorded e = { .ns = ns, .address = address, .cpu = cpu, .flags = flags };

	if (cpu >= TRACE_MAX_CPUS)
		return record_fail(r, at, "number of the CPU beyond the limits");
	if (given < asked)
		return record_fail(r, at, "fewer bytes given than asked for");
	/* Too large ones are sorted out later: they count as events until then. */
	e.asked = asked < UINT32_MAX ? asked : UINT32_MAX;
	e.given = given < UINT32_MAX ? given : UINT32_MAX;
	if (!asked)
		e.address = 0;
	return add(r, at, &e);
}

bool record_free(struct recording *r, u64 at, u64 cpu, u64 ns, u64 address)
{
	struct recorded e = { .ns = ns, .address = address, .cpu = cpu };

	if (cpu >= TRACE_MAX_CPUS)
		return record_fail(r, at, "number of the CPU beyond the limits");
	return add(r, at, &e);
}

static int by_time(const void *a, const void *b)
{
	const struct recorded *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int by_start(const void *a, const void *b)
{
	const struct loss *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* Those that touch become one, so that a search among them has one answer. */
static void join_losses(struct recording *r)
{
	u64 i, kept = 0;

	qsort(r->losses, r->nr_losses, sizeof(*r->losses), by_start);
	for (i = 1; i < r->nr_losses; i++) {
		if (r->losses[i].from > r->losses[kept].to)
			r->losses[++kept] = r->losses[i];
		else if (r->losses[i].to > r->losses[kept].to)
			r->losses[kept].to = r->losses[i].to;
	}
	r->nr_losses = kept + 1;
}

bool record_end(struct recording *r, u64 limit)
{
	u64 cpu;

	/* A CPU that was not seen again after its loss. */
	for (cpu = 0; cpu < TRACE_MAX_CPUS; cpu++)
		if (r->losing[cpu])
			add_loss(r, r->last[cpu], UINT64_MAX);
	if (r->nr_losses)
		join_losses(r);
	if (r->nr_events)
		qsort(r->events, r->nr_events, sizeof(*r->events), by_time);
	if (r->nr_events > limit)
		r->nr_events = limit;
	if (!r->nr_events)
		return record_fail(r, 0, "no allocation and no free in it");
	return true;
}

void record_drop(struct recording *r)
{
	free(r->events);
	free(r->losses);
	free(r);
}
