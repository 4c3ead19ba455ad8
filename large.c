// SPDX-License-Identifier: GPL-2.0
/*
 * large: objects of whole pages, above 32 KiB.
 *
 * Called by api.c.  Up to a block they are runs of the mheap in state
 * LARGE; above, chunks of their own that never enter its lists.
 * Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/string.h>

/* A LARGE object with a chunk of its own, above a block. */
static struct mspan *large_alloc_huge(int nid, unsigned int npages, gfp_t gfp)
{
	struct chunk chunk;
	unsigned long flags;
	struct mheap *h;
	struct mspan *s;

	if (!may_grow())
		return NULL;
	if (!arena_get_chunk(&chunk, nid, npages, gfp)) {
		count_event(EVENT_GROW_FAILED);
		return NULL;
	}
	h = mheaps[chunk.nid];
	if (!mheap_lock_with_spares(h, false, gfp, &flags)) {
		mheap_put_chunk(&chunk);
		return NULL;
	}
	__acquire(&h->lock);
	s = mheap_own_chunk(h, &chunk);
	s->huge = true;
	s->chunk_order = chunk.order;
	WRITE_ONCE(s->arena->span[0], s);
	galloc_unlock(&h->lock, flags);
	return s;
}

/**
 * large_hand_out() - make a whole span an object
 * @s: span in TRANSIT
 * @gfp: flags of the request, which say whether to clear it
 *
 * Return: The address of its first page, which the caller owns from here on.
 */
void *large_hand_out(struct mspan *s, gfp_t gfp)
{
	void *p = (void *)s->start;

	if (want_init_on_alloc(gfp) && !s->zeroed)
		memset(p, 0, (size_t)s->npages << PAGE_SHIFT);
	s->zeroed = false;
	count_event(EVENT_LARGE_ALLOC);
	/* Release: gfree() on another CPU finds a complete descriptor. */
	smp_store_release(&s->tag, MSPAN_TAG(0, MSPAN_LARGE));
	return p;
}

/**
 * large_alloc() - allocate an object of whole pages
 * @size: bytes, at most GALLOC_MAX_PAGES pages
 * @align: alignment in bytes, a power of two; if it exceeds the size, the object is
 *	that large
 * @nid: node wanted
 * @gfp: flags
 *
 * Context: As mheap_alloc().
 * Return: The object, or NULL.
 */
void *large_alloc(size_t size, size_t align, int nid, gfp_t gfp)
{
	unsigned int npages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	unsigned int pages_align = max(align, PAGE_SIZE) >> PAGE_SHIFT;
	struct mspan *s;

	if (max(npages, pages_align) > ARENA_PAGES)
		s = large_alloc_huge(nid, max(npages, pages_align), gfp);
	else
		s = mheap_alloc(nid, npages, pages_align, 0, gfp);
	if (!s)
		return NULL;
	return large_hand_out(s, gfp);
}

/* The heap and span of a LARGE object that starts at @p, locked; or NULL. */
static struct mspan *large_lock(const void *p, struct mheap **heap,
				unsigned long *flags)
{
	struct arena *arena;
	unsigned int page;
	struct mspan *s;

	rcu_read_lock();
	arena = arena_of(p, &page);
	if (arena == &arena_none)
		goto none;
	*heap = mheaps[arena->nid];
	galloc_lock(&(*heap)->lock, *flags);
	s = test_bit(page, arena->owned) ? arena->span[page] : NULL;
	/* Acquire: pairs with large_hand_out(). */
	if (s && smp_load_acquire(&s->tag) == MSPAN_TAG(0, MSPAN_LARGE) &&
	    s->start == addr_of(p)) {
		rcu_read_unlock();
		/* For sparse: the callers release it. */
		__release(&(*heap)->lock);
		return s;
	}
	galloc_unlock(&(*heap)->lock, *flags);
none:
	rcu_read_unlock();
	return NULL;
}

/* The span of a LARGE object, in TRANSIT.  NULL if @p is not the start of one. */
struct mspan *large_detach(const void *p)
{
	unsigned long flags;
	struct mheap *h;
	struct mspan *s = large_lock(p, &h, &flags);

	if (!s)
		return NULL;
	__acquire(&h->lock);
	mspan_set(s, 0, MSPAN_TRANSIT);
	galloc_unlock(&h->lock, flags);
	count_event(EVENT_LARGE_FREE);
	return s;
}

/*
 * Bytes of the LARGE object that starts at @p, 0 if there is none.  *@reserve
 * becomes true if it is that large only because its pages may not be shared.
 */
size_t large_size(const void *p, bool *reserve)
{
	unsigned long flags;
	struct mheap *h;
	struct mspan *s = large_lock(p, &h, &flags);
	size_t size;

	if (!s)
		return 0;
	__acquire(&h->lock);
	size = (size_t)s->npages << PAGE_SHIFT;
	*reserve = s->reserve;
	galloc_unlock(&h->lock, flags);
	return size;
}

