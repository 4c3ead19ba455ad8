// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * mend: references to pages that others dropped by mistake are restored and reported.
 *
 * Called by release.c for pages that leave, by the worker, and by validate.c.
 * Overview: galloc_mod.c.
 */
#include "mheap.h"

/* Pages that one turn examines under the lock. */
#define REFS_TURN		64

/* Slots examined per second; and the number of slots that are not ours. */
#define REFS_SLOTS		32
#define REFS_SLOTS_SKIPPED	4096

/* Report missing references, with no lock held. */
void mend_report(const struct arena_mended *mended)
{
	unsigned int i;

	for (i = 0; i < mended->n; i++)
		report_dropped(mended->page[i], mended->missing[i]);
	if (unlikely(mended->more))
		atomic_long_add(mended->more, &galloc_faults[FAULT_FOREIGN_REF]);
}

/* Check the pages of a slot from @page on.  Returns where the next turn begins. */
static unsigned int mend_turn(struct mheap *h, struct arena *arena,
			      unsigned int page, struct arena_mended *mended)
{
	/* The turn before may have ended early, anywhere. */
	unsigned int end = min_t(unsigned int, page + REFS_TURN, ARENA_PAGES);
	struct mspan *s = NULL;
	unsigned int missing;

	lockdep_assert_held(&h->lock);

	for_each_set_bit_from(page, arena->owned, end) {
		struct page *p = virt_to_page((void *)(arena->start +
					      ((unsigned long)page << PAGE_SHIFT)));

		missing = arena_mend_page(p);
		if (likely(!missing))
			continue;
		/* Of a large object more than one may lack some. */
		if (!s || addr_of(page_address(p)) - s->start >=
			  (unsigned long)s->npages << PAGE_SHIFT)
			s = map_span_back_from(arena, page);
		if (s)
			s->dropped = min(s->dropped + missing, (unsigned int)U8_MAX);
		mended->page[mended->n] = page_address(p);
		mended->missing[mended->n++] = missing;
		if (mended->n == ARENA_MENDED)
			return page + 1;
	}
	return end;
}

static void mend_lone(struct mspan *s, void *mended)
{
	struct page *page = virt_to_page((void *)s->start);
	unsigned int missing = arena_mend_page(page);

	if (likely(!missing))
		return;
	s->dropped = min(s->dropped + missing, (unsigned int)U8_MAX);
	arena_mended_add(mended, page, missing);
}

/**
 * mend_slot() - restore the missing references to the pages of a slot
 * @nr: slot of the address map
 *
 * A page whose object was passed to kfree() by mistake stays with galloc: that object is
 * never freed, so no free would check the page.  Therefore all pages are checked now and
 * then.
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if the slot has no pages of galloc.
 */
bool mend_slot(unsigned long nr)
{
	struct arena_mended lone = { };
	unsigned int page = 0;
	struct arena *arena;
	unsigned long flags;
	struct mheap *h;

	if (map_lone_walk(nr, mend_lone, &lone))
		mend_report(&lone);
	do {
		struct arena_mended mended = { };

		rcu_read_lock();
		arena = map_slot(nr);
		if (arena == &arena_none) {
			rcu_read_unlock();
			return page;
		}
		h = mheaps[arena->nid];
		galloc_lock(&h->lock, flags);
		page = mend_turn(h, arena, page, &mended);
		galloc_unlock(&h->lock, flags);
		rcu_read_unlock();
		mend_report(&mended);
	} while (page < ARENA_PAGES);
	return true;
}

/* The same for all slots. */
void mend_all(void)
{
	unsigned long nr;

	for (nr = 0; nr < map_nr_slots(); nr++)
		if (mend_slot(nr) || nr % 64 == 0)
			cond_resched();
}

/* Each second: check some slots.  Sleeps. */
void mend_some(void)
{
	unsigned int slots = REFS_SLOTS, skipped = REFS_SLOTS_SKIPPED;
	static unsigned long nr;

	for (; slots && skipped && nr < map_nr_slots(); nr++) {
		if (mend_slot(nr))
			slots--;
		else
			skipped--;
		cond_resched();
	}
	if (nr >= map_nr_slots())
		nr = 0;
}
