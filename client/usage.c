// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * usage: what a private heap, or another set of rows, holds.
 *
 * Exported to clients; called by heap.c, cache.c and observe/.  Owns no lock.
 * Overview: galloc_mod.c.
 */
#include "heap.h"

#include <linux/module.h>

static void sum_span(struct mspan *s, void *arg)
{
	struct heap_sums *sums = arg;

	sums->spans++;
	sums->pages += s->npages;
	sums->meta += mspan_bytes(s);
	if (mspan_has_objects(s)) {
		sums->free += mspan_count_free(s);
		sums->taken += s->objects - waiting_in(s);
	}
}

/*
 * Objects of a set that its client has: not those that only wait until others no longer
 * refer to their pages.  Exact if nobody allocates or frees.  Sleeps.
 */
unsigned long usage_live(struct rowset *set)
{
	unsigned long before, waiting = waiting_of(set), taken;
	unsigned int round = 0;

	/* The worker may free one that waits meanwhile; if twice, nobody is accused. */
	do {
		before = waiting;
		taken = rows_in_use(set);
		waiting = waiting_of(set);
	} while (waiting != before && !round++);
	return taken - min(max(waiting, before), taken);
}

/* What the spans of a set have, and how much of that is in use. */
void usage_sum(struct rowset *set, struct heap_sums *sums)
{
	unsigned long in_use = usage_live(set);

	*sums = (struct heap_sums) { .meta = rows_meta(set) };
	rows_walk(set, sum_span, sums);
	sums->taken -= min(sums->free, sums->taken);
	sums->in_use = min(in_use, sums->taken);
	sums->cached = sums->taken - sums->in_use;
}

static void sum_line(const struct heap_line *line, void *arg)
{
	size_t size = line->set->args.sc.size;
	struct galloc_heap_usage *usage = arg;
	struct heap_sums sums;

	usage_sum(line->set, &sums);
	usage->meta += sums.meta;
	if (!size) {
		usage->in_use += sums.pages << PAGE_SHIFT;
		return;
	}
	usage->spans += sums.spans;
	usage->in_use += sums.in_use * size;
	usage->cached += sums.cached * size;
}

/**
 * galloc_heap_usage() - what a heap holds
 * @heap: the heap
 * @usage: filled in.  Exact if nobody allocates or frees meanwhile
 *
 * Context: Process.  Sleeps.
 */
void galloc_heap_usage(struct galloc_heap *heap, struct galloc_heap_usage *usage)
{
	might_sleep();
	*usage = (struct galloc_heap_usage) {
		.limit = heap->account.limit,
		.meta = arena_meta_takes(heap, HEAP_BYTES),
	};
	heap_each(heap, sum_line, usage);
	usage->held = atomic_long_read(&heap->account.bytes);
	usage->peak = atomic_long_read(&heap->account.peak);
	usage->refused = atomic_long_read(&heap->account.refused);
}
EXPORT_SYMBOL_GPL(galloc_heap_usage);
