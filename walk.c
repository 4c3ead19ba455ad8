// SPDX-License-Identifier: GPL-2.0
/*
 * walk: spans found by address, a slot of the map at a time.
 *
 * Called by stats.c, validate.c and report.c, and at unload.  The lists of the
 * layers are not used: what is on none of them is found, too.
 * Overview: galloc_mod.c.
 */
#include "mheap.h"

/**
 * mheap_walk_slot() - call a function for each span that starts in a slot
 * @nr: slot of the address map
 * @fn: called with the mheap's lock held
 * @arg: for @fn
 *
 * Return: False if nothing of the slot is galloc's.
 */
bool mheap_walk_slot(unsigned long nr, void (*fn)(struct mspan *s, void *arg),
		     void *arg)
{
	struct arena *arena;
	unsigned long flags;
	unsigned int page;
	struct mspan *s;
	struct mheap *h;

	rcu_read_lock();
	arena = arena_slot(nr);
	if (arena == &arena_none) {
		rcu_read_unlock();
		return false;
	}
	h = mheaps[arena->nid];
	galloc_lock(&h->lock, flags);
	for_each_span(s, page, arena)
		fn(s, arg);
	galloc_unlock(&h->lock, flags);
	rcu_read_unlock();
	return true;
}

/*
 * The span that begins at a page or last before it.  A huge object may have
 * begun in a slot before; the whole of it has the same mheap.
 */
static struct mspan *span_back_from(const struct arena *arena,
				    unsigned int page)
{
	for (;;) {
		while (!arena->span[page] && page)
			page--;
		if (arena->span[page])
			return arena->span[page];
		arena = arena_of((void *)(arena->start - PAGE_SIZE), &page);
		if (arena == &arena_none || !test_bit(page, arena->owned))
			return NULL;
	}
}

/* A copy of the span that any address lies in; for reports. */
bool mheap_span_around(const void *p, struct mspan *copy)
{
	struct arena *arena;
	unsigned long flags;
	unsigned int page;
	struct mspan *s;
	struct mheap *h;
	bool found = false;

	rcu_read_lock();
	arena = arena_of(p, &page);
	if (arena == &arena_none)
		goto out;
	h = mheaps[arena->nid];
	galloc_lock(&h->lock, flags);
	if (test_bit(page, arena->owned)) {
		s = span_back_from(arena, page);
		if (s) {
			*copy = *s;
			found = (unsigned long)p - s->start <
				(unsigned long)s->npages << PAGE_SHIFT;
		}
	}
	galloc_unlock(&h->lock, flags);
out:
	rcu_read_unlock();
	return found;
}
