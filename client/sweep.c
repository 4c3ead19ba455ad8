// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * sweep: all spans of a row are taken away at once, for heaps that are destroyed.
 *
 * Called by rows.c.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"
#include "rows.h"

#include <linux/bitops.h>
#include <linux/sched.h>

/* Spans that one turn takes away: bitmaps of 16 words each may have to be counted. */
#define SWEEP_TURN		8

/* Have others references to objects of a span that were freed?  No lone page has such. */
static bool sweep_must_wait(const struct mspan *s)
{
	unsigned int page = arena_page(s->arena, s->start), end = page + s->npages;

	return mspan_has_objects(s) && !s->arena->lone &&
	       find_next_bit(s->arena->waiting, end, page) < end;
}

/*
 * The live objects of a span in which others wait.  Each is longer than a page, so that a word
 * has them all.  Under the lock of the row.
 */
static unsigned long live_others(const struct mcentral *c, const struct mspan *s)
{
	unsigned int page = arena_page(s->arena, s->start), at, i;
	unsigned long mask = 0;

	for (i = 0; i < min_t(unsigned int, s->objects, BITS_PER_LONG); i++) {
		at = page + (((size_t)i * c->sc->size) >> PAGE_SHIFT);
		if (!test_bit(at, s->arena->waiting) && !test_bit(i, s->free))
			mask |= BIT(i);
	}
	return mask;
}

/*
 * Free them: with the last object that waits the span goes.  Until then it stays, so watchers
 * are told before, as of any free, and without the lock.  Returns their number.
 */
static unsigned int free_others(const struct mcentral *c, struct mspan *s, unsigned long mask)
{
	if (!mask)
		return 0;
	if (gate_is_watched())
		gate_see_neighbours(c, s, mask);
	return hweight_long(mask & ~mspan_release_bits(s, 0, mask));
}

/*
 * Take up to a turn of spans off a list of a row, of *@left, onto @out, in TRANSIT.  One
 * with objects that wait for others' references stays, and goes to the end.  Returns the
 * objects that were live.
 */
static unsigned int sweep_turn(struct mcentral *c, struct list_head *head,
			       unsigned long *left, struct list_head *out)
{
	struct mspan *stay[SWEEP_TURN];
	unsigned long others[SWEEP_TURN];
	unsigned int turn, live = 0, n = 0;
	unsigned long flags;

	/* What stays is a span until it has been looked at. */
	rcu_read_lock();
	galloc_lock(&c->lock, flags);
	c->changes++;
	for (turn = SWEEP_TURN; turn && *left; turn--) {
		struct mspan *s = mcentral_first(head);

		if (!s) {
			*left = 0;
			break;
		}
		--*left;
		if (sweep_must_wait(s)) {
			list_move_tail(&s->list, head);
			others[n] = live_others(c, s);
			stay[n++] = s;
			continue;
		}
		live += s->objects - mspan_count_free(s);
		list_move(&s->list, out);
		if (!mcentral_is_reserve(c))
			mspan_relabel(s, STACK_WITHOUT);
		mspan_set_state(s, MSPAN_TRANSIT);
	}
	galloc_unlock(&c->lock, flags);
	while (n--) {
		live += free_others(c, stay[n], others[n]);
		mcentral_look(stay[n]);
	}
	rcu_read_unlock();
	atomic_add(live, &c->back);
	return live;
}

/* Return what a turn took. */
static void sweep_retire(struct mcentral *c, struct list_head *out)
{
	struct mspan *s, *next;

	list_for_each_entry_safe(s, next, out, list) {
		list_del_init(&s->list);
		if (gate_is_watched())
			gate_see_swept(c, s);
		gate_spans_left(&s, 1, c->sc->size);
		retire_span(c, s);
		cond_resched();
	}
}

/**
 * sweep_row() - take all spans of a row away
 * @c: the row, of a set; none of its spans is CACHED, and none of its objects on a stack
 *	or in transfer
 *
 * Context: Process.  Sleeps.
 * Return: Objects that were live.
 */
unsigned long sweep_row(struct mcentral *c)
{
	unsigned long live = 0, left;
	LIST_HEAD(out);
	unsigned int nr;

	for (nr = 0; nr < MCENTRAL_LISTS; nr++) {
		if (nr == MCENTRAL_BUCKETS)
			continue;
		left = atomic_long_read(&c->nr_spans);
		while (left) {
			live += sweep_turn(c, mcentral_list(c, nr), &left, &out);
			sweep_retire(c, &out);
		}
	}
	return live;
}
