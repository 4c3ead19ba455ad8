// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * plan: from a trace to the plan of its replay.
 *
 * A trace has an order of all events, CPU after CPU as they came.  To follow it to
 * the letter, CPUs would wait for each other at nearly every event, and waiting
 * would be what is measured.  So it is coarsened, in windows of WINDOW events: first
 * comes what CPU 0 does in the window, then what CPU 1 does, and so on.  A free of
 * what a later CPU allocates in the same window waits for the next one.  Each CPU
 * keeps its order, each object its CPUs, and every replay is the same.
 *
 * Objects then get slots, the one that was freed last first: as few as objects live
 * at a time.
 *
 * Trusts a file only as far as trace_read() has checked it.
 */
#include <linux/bits.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel_read_file.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/vmalloc.h>

#include "../trace/trace.h"
#include "bench.h"
#include "replay.h"

static_assert(TRACE_MAX_SIZE <= EVENT_SIZE);

#define NO_SLOT		U32_MAX
#define MAX_MS		U32_MAX

/* An event that waits in the window. */
struct pending {
	u32 object;
	u32 what;
	u32 cpu;
};

/* A slot, while the plan is made. */
struct place {
	u32 next;	/* that is free, if this one is */
	u32 size;	/* of what is there */
};

/**
 * struct planner - a plan that is being made
 * @reader: of the trace
 * @plan: so far
 * @slot_of: of each object that was allocated
 * @place: of each slot
 * @places: length of @place
 * @free: the slot that was freed last, or NO_SLOT
 * @asked: bytes that are live
 * @first: the first object that is allocated in this window
 * @pending: events in the window
 * @maker: CPU that allocates each object of the window, from @first on
 * @window: those events, in the order of the trace
 */
struct planner {
	struct trace_reader reader;
	struct plan *plan;
	u32 *slot_of;
	struct place *place;
	u32 places;
	u32 free;
	u64 asked;
	u32 first;
	u32 pending;
	u32 maker[WINDOW];
	struct pending window[WINDOW];
};

/* ---- slots --------------------------------------------------------------------------- */

static bool plan_alloc(struct planner *pl, const struct pending *e)
{
	struct plan *plan = pl->plan;
	u32 slot = pl->free;

	if (slot != NO_SLOT)
		pl->free = pl->place[slot].next;
	else if (plan->slots < pl->places)
		slot = plan->slots++;
	else
		return false;
	pl->slot_of[e->object] = slot;
	pl->place[slot].size = e->what & EVENT_SIZE;
	pl->asked += pl->place[slot].size;
	plan->peak_asked = max(plan->peak_asked, pl->asked);
	plan->event[plan->events++] = (struct replay_event) { slot, e->what };
	return true;
}

static void plan_free_of(struct planner *pl, const struct pending *e)
{
	struct plan *plan = pl->plan;
	u32 slot = pl->slot_of[e->object];

	pl->asked -= pl->place[slot].size;
	pl->place[slot].next = pl->free;
	pl->free = slot;
	plan->event[plan->events++] = (struct replay_event) { slot, 0 };
}

/* ---- windows ------------------------------------------------------------------------- */

/* Does it free what a CPU allocates only after it, in the same window? */
static bool waits(const struct planner *pl, const struct pending *e)
{
	return !e->what && e->object >= pl->first &&
	       pl->maker[e->object - pl->first] > e->cpu;
}

static bool plan_segment(struct planner *pl, u32 cpu)
{
	struct plan *plan = pl->plan;
	struct segment *s = &plan->segment[plan->segments];
	u32 i;

	*s = (struct segment) {
		.first = plan->events,
		.cpu = cpu,
		.ms = min_t(u64, div_u64(pl->reader.us, USEC_PER_MSEC), MAX_MS),
	};
	for (i = 0; i < pl->pending; i++) {
		const struct pending *e = &pl->window[i];

		if (e->cpu != cpu || waits(pl, e))
			continue;
		if (!e->what)
			plan_free_of(pl, e);
		else if (!plan_alloc(pl, e))
			return false;
	}
	s->events = plan->events - s->first;
	if (s->events)
		plan->segments++;
	return true;
}

/* All that can be done of the window; what waits is the first of the next one. */
static bool plan_window(struct planner *pl)
{
	u32 cpu, i, kept = 0;

	for (cpu = 0; cpu < pl->plan->cpus; cpu++)
		if (!plan_segment(pl, cpu))
			return false;
	for (i = 0; i < pl->pending; i++)
		if (waits(pl, &pl->window[i]))
			pl->window[kept++] = pl->window[i];
	pl->pending = kept;
	pl->first = pl->reader.allocs;
	return true;
}

static void window_add(struct planner *pl, const struct trace_event *e)
{
	struct pending *p = &pl->window[pl->pending++];

	*p = (struct pending) { e->object, 0, e->cpu % pl->plan->cpus };
	if (e->op == TRACE_FREE)
		return;
	p->what = e->kind.asked;
	if (e->kind.flags & TRACE_ATOMIC)
		p->what |= EVENT_ATOMIC;
	if (e->kind.flags & TRACE_ZERO)
		p->what |= EVENT_ZERO;
	pl->maker[e->object - pl->first] = p->cpu;
}

/* The trace, from end to end. */
static bool plan_events(struct planner *pl)
{
	struct trace_event e;
	bool good = true;

	while (good && trace_read(&pl->reader, &e)) {
		window_add(pl, &e);
		if (pl->pending < WINDOW)
			continue;
		good = plan_window(pl);
		cond_resched();
	}
	/* The last window, and once more for what waited there. */
	while (good && !pl->reader.error && pl->pending)
		good = plan_window(pl);
	return good && !pl->reader.error;
}

/* ---- memory -------------------------------------------------------------------------- */

static u64 memory_available(void)
{
	return (u64)max(si_mem_available(), 0L) << PAGE_SHIFT;
}

/* Of @header's trace: each takes part of what waits in a window twice at most. */
static u64 max_segments(const struct trace_header *header, u32 cpus)
{
	return (2 * header->events / WINDOW + 2) * cpus;
}

static int planner_alloc(struct planner *pl)
{
	const struct trace_header *h = &pl->reader.header;
	struct plan *plan = pl->plan;
	u64 segments = max_segments(h, plan->cpus);

	/* A window may keep objects that the trace has freed. */
	pl->places = min_t(u64, h->allocs, (u64)h->peak_objects + 2 * WINDOW);
	if (h->events * sizeof(*plan->event) + segments * sizeof(*plan->segment) +
	    h->allocs * sizeof(*pl->slot_of) + trace_live_bytes(&pl->reader) +
	    pl->places * (sizeof(*pl->place) + sizeof(*plan->slot)) > memory_available() / 2)
		return -ENOMEM;
	pl->reader.live = vzalloc(trace_live_bytes(&pl->reader));
	pl->slot_of = vmalloc(h->allocs * sizeof(*pl->slot_of));
	pl->place = vmalloc(pl->places * sizeof(*pl->place));
	plan->event = vmalloc(h->events * sizeof(*plan->event));
	plan->segment = vmalloc(segments * sizeof(*plan->segment));
	if (!pl->reader.live || !pl->slot_of || !pl->place || !plan->event || !plan->segment)
		return -ENOMEM;
	return 0;
}

static void planner_free(struct planner *pl)
{
	if (!pl)
		return;
	vfree(pl->reader.live);
	vfree(pl->slot_of);
	vfree(pl->place);
	plan_free(pl->plan);
	vfree(pl);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	vfree(plan->event);
	vfree(plan->segment);
	vfree(plan->slot);
	kfree(plan);
}

static struct planner *planner_new(unsigned int cpus)
{
	struct planner *pl = vzalloc(sizeof(*pl));
	struct plan *plan = kzalloc(sizeof(*plan), GFP_KERNEL);

	if (!pl || !plan) {
		vfree(pl);
		kfree(plan);
		return NULL;
	}
	plan->cpus = cpus;
	pl->plan = plan;
	pl->free = NO_SLOT;
	return pl;
}

/* ---- a file -------------------------------------------------------------------------- */

/* Its name is a part of a key in the results. */
static int plan_name(struct plan *plan, const char *path)
{
	const char *base = kbasename(path), *suffix = strrchr(base, '.');
	size_t len = suffix && suffix > base ? suffix - base : strlen(base);
	size_t i;

	for (i = 0; i < len; i++)
		if (!isascii(base[i]) || !(isalnum(base[i]) || strchr("._-", base[i])))
			break;
	if (!len || i < len || len >= sizeof(plan->name)) {
		pr_err("%s: the name of the file is not of 1 .. %zu characters A-Za-z0-9._-\n",
		       path, sizeof(plan->name) - 1);
		return -EINVAL;
	}
	memcpy(plan->name, base, len);
	return 0;
}

static int refuse(const char *path, u64 at, const char *why, int err)
{
	pr_err("%s: byte %llu: %s\n", path, at, why);
	return err;
}

/* This kernel may serve less than others. */
static int check_sizes(const struct trace_reader *r, const char *path)
{
	u32 i;

	for (i = 0; i < r->header.kinds; i++)
		if (trace_kind(r, i).asked > KMALLOC_MAX_SIZE)
			return refuse(path, TRACE_HEADER_BYTES + (u64)i * TRACE_KIND_BYTES,
				      "size beyond what this kernel serves", -EINVAL);
	return 0;
}

static int make(struct planner *pl, const char *path, const void *bytes, u64 size)
{
	struct trace_reader *r = &pl->reader;
	struct plan *plan = pl->plan;
	int err;

	if (!trace_open(r, bytes, size))
		return refuse(path, r->error_at, r->error, -EINVAL);
	err = check_sizes(r, path);
	if (err)
		return err;
	plan->cpus = min(plan->cpus, r->header.cpus);
	err = planner_alloc(pl);
	if (err)
		return refuse(path, 0, "no memory for a plan of so many events", err);
	if (!plan_events(pl))
		return refuse(path, r->error ? r->error_at : r->at,
			      r->error ?: "more live objects than the header says", -EINVAL);
	/* Each allocator returns more than requested, and holds more than that. */
	if (plan->peak_asked > memory_available() / 3)
		return refuse(path, 0, "no memory for so many live bytes", -ENOMEM);
	plan->slot = vzalloc(plan->slots * sizeof(*plan->slot));
	return plan->slot ? 0 : -ENOMEM;
}

/**
 * plan_make() - the plan for the trace in a file
 * @path: of the file
 * @cpus: that can take part; with fewer than the trace has, some do the work of two
 *
 * Errors of the trace are in the kernel's log: "PATH: byte N: reason".
 *
 * Return: the plan, for plan_free(), or an ERR_PTR: -EINVAL for a bad trace, -EFBIG
 * for too large a file, -ENOMEM.
 */
struct plan *plan_make(const char *path, unsigned int cpus)
{
	size_t limit = min_t(u64, TRACE_MAX_BYTES, memory_available() / 4);
	struct planner *pl = planner_new(cpus);
	struct plan *plan = NULL;
	void *bytes = NULL;
	ssize_t size;
	int err;

	if (!pl)
		return ERR_PTR(-ENOMEM);
	err = plan_name(pl->plan, path);
	if (err)
		goto out;
	size = kernel_read_file_from_path(path, 0, &bytes, limit, NULL, READING_UNKNOWN);
	if (size < 0) {
		err = size;
		pr_err("%s: not a file of 1 .. %zu bytes that can be read (%d)\n",
		       path, limit, err);
		goto out;
	}
	err = make(pl, path, bytes, size);
	if (!err)
		swap(plan, pl->plan);
out:
	vfree(bytes);
	planner_free(pl);
	return err ? ERR_PTR(err) : plan;
}
