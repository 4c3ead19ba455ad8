// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * large: objects of whole pages, above 32 KiB.
 *
 * Called by api.c.  Up to a block they are runs of the CPU's stash or of the mheap, in
 * state LARGE; above, chunks of their own that are never part of a run.  A node keeps
 * a few of these for a moment, on a separate list (mheap->lock).
 * Overview: galloc_mod.c.
 */
#include "mcache.h"
#include "mheap.h"

#include <linux/string.h>

/* ---- chunks above a block ------------------------------------------------- */

/* A LARGE object with a chunk of its own, above a block. */
static struct mspan *large_alloc_huge(int nid, unsigned int npages, gfp_t gfp)
{
	struct chunk chunk;
	unsigned long flags;
	struct mheap *h;
	struct mspan *s;

	s = release_take_kept(mheaps[nid], get_order((size_t)npages << PAGE_SHIFT));
	if (s || !may_grow())
		return s;
	if (!arena_get_chunk(&chunk, nid, npages, gfp)) {
		count_event(EVENT_GROW_FAILED);
		return NULL;
	}
	h = mheaps[chunk.nid];
	if (!run_lock_with_spares(h, NULL, meta_gfp(gfp, npages), &flags)) {
		mheap_put_chunk(&chunk);
		return NULL;
	}
	__acquire(&h->lock);
	s = mheap_own_chunk(h, &chunk);
	s->huge = true;
	s->chunk_order = chunk.order;
	arena_span_set(s->arena, 0, s);
	galloc_unlock(&h->lock, flags);
	return s;
}

/* ---- objects --------------------------------------------------------------- */

/* Give all pages of an object a stack number, one slot of the map after another. */
static void large_set_stack(const struct mspan *s, unsigned int number)
{
	unsigned int page, n, done;

	if (likely(!s->huge)) {
		arena_set_stack(s->arena, arena_page(s->arena, s->start), s->npages, number);
		return;
	}
	for (done = 0; done < s->npages; done += n) {
		unsigned long start = s->start + ((unsigned long)done << PAGE_SHIFT);
		struct arena *arena;

		/* Its pages keep the slots of the map, but not the map. */
		rcu_read_lock();
		arena = arena_of((void *)start, &page);
		n = min(s->npages - done, ARENA_PAGES - page);
		arena_set_stack(arena, page, n, number);
		rcu_read_unlock();
	}
}

/**
 * large_hand_out() - make a whole span an object
 * @s: span in TRANSIT
 * @row: row of the set that it belongs to, or 0
 * @gfp: flags of the request, which say whether to clear it
 *
 * Return: The address of its first page, which the caller owns from here on.
 */
void *large_hand_out(struct mspan *s, unsigned int row, gfp_t gfp)
{
	void *p = (void *)s->start;

	if (want_init_on_alloc(gfp) && !s->zeroed)
		memset(p, 0, (size_t)s->npages << PAGE_SHIFT);
	s->zeroed = false;
	/* Not sampled yet, see profile.c. */
	WRITE_ONCE(s->hint, 0);
	count_event(EVENT_LARGE_ALLOC);
	/* Before the tag: validate finds it on all pages of a LARGE span. */
	large_set_stack(s, STACK_LARGE);
	WRITE_ONCE(s->life, s->life + 1);
	/* Release: gfree() on another CPU finds a complete descriptor. */
	smp_store_release(&s->tag, MSPAN_TAG(row, MSPAN_LARGE));
	return p;
}

/* Pages for an object, from the mheap or, above a block, from the system. */
static struct mspan *large_take(int nid, unsigned int npages, unsigned int align,
				gfp_t gfp)
{
	if (max(npages, align) > ARENA_PAGES)
		return large_alloc_huge(nid, max(npages, align), gfp);
	return mheap_alloc(nid, npages, align, 0, gfp);
}

/* The bytes that an object takes: above a block it has a whole order. */
size_t large_takes(size_t size, size_t align)
{
	size_t most = max(size, align);

	return most > ARENA_SIZE ? roundup_pow_of_two(most) : PAGE_ALIGN(size);
}

/*
 * Charge an account for a span, @reserved bytes of which it has been charged for before:
 * one of the emergency reserve may be longer.  NULL, and nothing charged, if it cannot be.
 */
static struct mspan *large_settle(struct row_account *account, struct mspan *s,
				  size_t reserved)
{
	size_t bytes = s ? (size_t)s->npages << PAGE_SHIFT : 0;

	if (likely(bytes == reserved))
		return s;
	if (bytes > reserved && account_charge(account, bytes - reserved))
		return s;
	if (s)
		mheap_free(s);
	account_uncharge(account, reserved);
	return NULL;
}

/**
 * large_alloc() - allocate an object of whole pages
 * @set: set without objects that it is to belong to, whose account is charged; or NULL
 * @size: bytes, at most GALLOC_MAX_PAGES pages
 * @align: alignment in bytes, a power of two; if it exceeds the size, the object is
 *	that large
 * @nid: node wanted, NUMA_NO_NODE: the CPU's own
 * @gfp: flags
 *
 * Context: As mheap_alloc().
 * Return: The object, or NULL.
 */
void *large_alloc(struct rowset *set, size_t size, size_t align, int nid, gfp_t gfp)
{
	unsigned int npages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	unsigned int pages_align = max(align, PAGE_SIZE) >> PAGE_SHIFT;
	struct row_account *account = NULL;
	unsigned int row = 0;
	struct mspan *s;

	if (unlikely(set)) {
		account = set->args.account;
		row = rows_number(set, gfp);
		if (!row || !account_charge(account, large_takes(size, align)))
			return NULL;
	}
	if (nid == NUMA_NO_NODE)
		nid = capacity_node();
	s = stash_alloc(npages, pages_align, nid) ?:
	    stash_refill(npages, pages_align, nid, gfp) ?:
	    large_take(nid, npages, pages_align, gfp);
	if (unlikely(set)) {
		s = large_settle(account, s, large_takes(size, align));
		if (s) {
			rows_add_span(row, s);
			galloc_pause(PAUSE_LARGE_LISTED, s);
		}
	}
	return s ? large_hand_out(s, row, gfp) : NULL;
}

/* A span leaves its set, before anybody can have it. */
static void large_leave(struct mspan *s, unsigned int row)
{
	struct rowset *set;

	galloc_pause(PAUSE_LARGE_LEAVES, s);
	/* The span holds the set. */
	rcu_read_lock();
	set = rows_of_row(row);
	rcu_read_unlock();
	account_uncharge(set->args.account, (long)s->npages << PAGE_SHIFT);
	rows_del_span(row, s);
}

/* The span of a LARGE object, in TRANSIT.  NULL if @p is not the start of one. */
static struct mspan *large_detach(const void *p)
{
	unsigned int row = 0;
	unsigned long flags;
	struct arena *arena;
	unsigned int page;
	struct mspan *s;
	struct mheap *h;
	u32 tag;

	rcu_read_lock();
	arena = arena_of(p, &page);
	if (arena == &arena_none)
		goto none;
	h = mheaps[arena->nid];
	galloc_lock(&h->lock, flags);
	s = test_bit(page, arena->owned) ? arena_span(arena, page) : NULL;
	/* Acquire: pairs with large_hand_out(). */
	tag = s ? smp_load_acquire(&s->tag) : 0;
	/* The exchange: gfree_nolock() has no lock. */
	if (s && ((tag & 0xff) != MSPAN_LARGE || s->start != addr_of(p) ||
		  cmpxchg(&s->tag, tag, MSPAN_TAG(0, MSPAN_TRANSIT)) != tag))
		s = NULL;
	if (s) {
		row = tag >> 8;
		large_set_stack(s, STACK_NONE);
	}
	galloc_unlock(&h->lock, flags);
	rcu_read_unlock();
	if (s)
		count_event(EVENT_LARGE_FREE);
	if (unlikely(row))
		large_leave(s, row);
	return s;
none:
	rcu_read_unlock();
	return NULL;
}

/**
 * large_free() - free an object of whole pages
 * @p: what gfree() was called with
 * @shared: others refer to its pages, or did a moment ago
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if there is no such object at @p.
 */
bool large_free(const void *p, bool shared)
{
	struct mspan *s = large_detach(p);

	if (!s)
		return false;
	gate_spans_left(&s, 1, span_bytes(s));
	if (shared || !release_span_unshared(s))
		mheap_free_shared(s);
	else if (!stash_free(s))
		mheap_free_unshared(s);
	return true;
}

/**
 * large_drop() - leave an object of whole pages to large_free_dropped()
 * @p: its address
 *
 * Context: Any, in an RCU read section.
 * Return: False if there is no such object at @p.
 */
bool large_drop(const void *p)
{
	struct arena *arena;
	unsigned int page;
	struct mspan *s;
	u64 word;
	u32 tag;

	arena = arena_of(p, &page);
	s = arena_span(arena, page);
	if (!s)
		return false;
	/* Acquire: pairs with large_hand_out(); the start is of this life of the span. */
	word = smp_load_acquire(&s->word);
	tag = mspan_word_tag(word);
	if ((tag & 0xff) != MSPAN_LARGE || READ_ONCE(s->start) != addr_of(p))
		return false;
	galloc_pause(PAUSE_RESOLVE_FOUND, s);
	return mspan_exchange(s, word, MSPAN_TAG(tag >> 8, MSPAN_DROPPED));
}

/**
 * large_claim_dropped() - take a span that large_drop() has left
 * @s: any span
 * @row: its row, for large_free_dropped()
 *
 * Context: Any, in an RCU read section.
 * Return: False if it is no such span, or has been taken.
 */
bool large_claim_dropped(struct mspan *s, unsigned int *row)
{
	u32 tag = READ_ONCE(s->tag);

	*row = tag >> 8;
	return (tag & 0xff) == MSPAN_DROPPED &&
	       cmpxchg(&s->tag, tag, MSPAN_TAG(0, MSPAN_TRANSIT)) == tag;
}

/* Free such a span.  Process context, no galloc lock held. */
void large_free_dropped(struct mspan *s, unsigned int row)
{
	large_set_stack(s, STACK_NONE);
	count_event(EVENT_LARGE_FREE);
	if (row)
		large_leave(s, row);
	gate_spans_left(&s, 1, span_bytes(s));
	if (!release_span_unshared(s)) {
		mheap_free_shared(s);
		return;
	}
	if (want_init_on_free())
		memset((void *)s->start, 0, (size_t)s->npages << PAGE_SHIFT);
	if (!stash_free(s))
		mheap_free_unshared(s);
}
