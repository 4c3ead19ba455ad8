// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * retire: spans of sets that have become empty.
 *
 * Their pages leave at once, or, where readers may still look at the objects, a grace period
 * later.  As long as they wait they count against the limits of their set, and are no free
 * memory: so a request that is refused, or finds none, ends the wait if it may sleep.
 *
 * Called by mcentral.c, sweep.c and rows.c for spans, by stacks.c, api.c and shrinker.c when
 * memory is short.  Owns no lock.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/sched.h>
#include <linux/string.h>

/* How long a request waits for what other tasks have taken and are giving back. */
#define RETIRE_PATIENCE		(HZ / 20 + 1)

/* Spans whose pages leave after a grace period. */
static LLIST_HEAD(retired);

/* Pages of those, and of spans that somebody has taken off the list to give them back. */
static atomic_long_t retired_pages;

/* Pages of a set begin or cease to wait. */
static void count_waiting(const struct rowset *set, long npages)
{
	struct row_account *a;

	atomic_long_add(npages, &retired_pages);
	for (a = set->args.account; a; a = a->parent)
		atomic_long_add(npages, &a->waiting);
}

/* The span is in TRANSIT: free its pages. */
static void span_gone(struct mcentral *c, struct mspan *s)
{
	struct rowset *set = c->set;
	unsigned int npages = s->npages;

	atomic_long_dec(&c->nr_spans);
	/*
	 * A sweep has not asked for each object.  What is to be cleared here others may still read,
	 * whatever its size: then the page allocator does it, when they have done.
	 */
	if ((c->sc->size > PAGE_SIZE || want_init_on_free()) &&
	    !release_pages_unshared(s->start, npages)) {
		mheap_free_shared(s);
	} else {
		/* No free cleared them, so that the next user would see what they held. */
		if (want_init_on_free() && (set->args.flags & ROWS_KEEP || set->swept))
			memset((void *)s->start, 0, (size_t)npages << PAGE_SHIFT);
		mheap_free(s);
	}
	account_uncharge_span(set, npages);
	if (set->args.flags & ROWS_RCU)
		count_waiting(set, -(long)npages);
	/* Last: the row is there as long as a span of it is on the map. */
	rows_put(set);
}

/**
 * retire_span() - give back the pages of an empty span
 * @c: the row that it was of
 * @s: the span, in TRANSIT
 *
 * Context: Any but NMI, no galloc lock held.
 */
void retire_span(struct mcentral *c, struct mspan *s)
{
	if (!(c->set->args.flags & ROWS_RCU)) {
		span_gone(c, s);
		return;
	}
	count_waiting(c->set, s->npages);
	llist_add(&s->later, &retired);
	worker_kick(WORKER_ROWS);
}

/* Those that wait now, for retire_end() after a grace period; NULL: none. */
struct llist_node *retire_take(void)
{
	return llist_del_all(&retired);
}

/* Their readers have gone.  Sleeps. */
void retire_end(struct llist_node *spans)
{
	struct mspan *s, *next;

	llist_for_each_entry_safe(s, next, spans, later) {
		galloc_pause(PAUSE_READERS_GONE, s);
		span_gone(mcentral_of(mspan_row(s)), s);
		cond_resched();
	}
}

/* Pages that wait; racy. */
unsigned long retire_pages(void)
{
	return atomic_long_read(&retired_pages);
}

/**
 * retire_relieve() - a request is refused, or finds no memory: end the wait of pages
 * @a: the account whose limit refuses it; NULL: none does
 * @gfp: its flags
 *
 * What another task has taken off the list, and is giving back, is waited for as well,
 * though not for long.
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: Whether pages were waited for, so that it makes sense to try again, once.
 */
bool retire_relieve(const struct row_account *a, gfp_t gfp)
{
	const atomic_long_t *waiting = a ? &a->waiting : &retired_pages;
	unsigned long end = jiffies + RETIRE_PATIENCE;
	long had = atomic_long_read(waiting);
	struct llist_node *spans;

	if (likely(!had) || !gfpflags_allow_blocking(gfp) || !may_call_system())
		return false;
	do {
		spans = retire_take();
		/* Pairs with the read sections of readers of objects. */
		synchronize_rcu();
		retire_end(spans);
	} while (atomic_long_read(waiting) >= had && time_before(jiffies, end));
	return true;
}
