// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * grow: new spans for a row.
 *
 * Gets pages for a span, finds out to which row of its objects they belong, by the node
 * that they are of, and cuts them.  Called by mcentral.c and mcache.c.
 * Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/oom.h>
#include <linux/sched.h>

/* The row of the same objects on another node, or in the reserve; NULL: none yet. */
struct mcentral *grow_row(const struct mcentral *c, int nid)
{
	if (unlikely(c->set))
		return READ_ONCE(c->set->row[nid]);
	return mcentral_rows[mcentral_row(nid, c->class)];
}

/* The same, made if necessary; NULL: no memory. */
struct mcentral *grow_row_or_new(const struct mcentral *c, int nid, gfp_t gfp)
{
	return unlikely(c->set) ? rows_row(c->set, nid, gfp) : grow_row(c, nid);
}

/* Cut a span for a row.  False if that may have no more. */
static bool span_cut(struct mcentral *c, struct mspan *s)
{
	unsigned long flags;

	/* One read section: validate waits for the count if it saw a half cut span. */
	rcu_read_lock();
	if (unlikely(c->set) && !rows_prepare(c->set, s)) {
		rcu_read_unlock();
		return false;
	}
	mspan_cut(s, c->row);
	if (unlikely(c->set)) {
		/* In the section in which its number was read, so that it is relabelled. */
		galloc_lock(&c->lock, flags);
		list_add(&s->list, &c->cached);
		galloc_unlock(&c->lock, flags);
	}
	atomic_long_inc(&c->nr_spans);
	rcu_read_unlock();
	return true;
}

/* Pages for a span, in TRANSIT. */
static struct mspan *grow_pages(const struct mcentral *c, enum grow how, gfp_t gfp)
{
	struct mspan *s;

	if (how == GROW_ANY)
		s = mheap_alloc_span(c->nid, c->sc, gfp);
	else if (how == GROW_ORDINARY)
		s = mheap_alloc_span_ordinary(c->nid, c->sc, gfp);
	else
		s = mheap_alloc_span_near(c->nid, c->sc, how == GROW_SPARE, gfp);
	if (unlikely(s && s->reserve)) {
		release_surplus(s, sizeclass_pages(c->sc, s->npages));
		count_event(EVENT_RESERVE_SPAN);
	}
	return s;
}

/*
 * Cut a span for this row's objects from fresh pages, CACHED.  The pages may be of another
 * node, or of the emergency reserve; the span's row is then, too.
 */
struct mspan *grow_span(struct mcentral *c, enum grow how, gfp_t gfp)
{
	struct rowset *set = c->set;
	struct mcentral *row;
	struct mspan *s;

	if (unlikely(set) && !account_charge_span(set))
		return NULL;
	s = grow_pages(c, how, gfp);
	if (!s)
		goto none;
	row = grow_row_or_new(c, unlikely(s->reserve) ? nr_node_ids : s->arena->nid, gfp);
	if (likely(row) && likely(span_cut(row, s))) {
		if (unlikely(set))
			account_uncharge_span(set, c->sc->span_pages - s->npages);
		return s;
	}
	mheap_free(s);
none:
	if (unlikely(set))
		account_uncharge_span(set, c->sc->span_pages);
	return NULL;
}

/* May a request use pages of the emergency reserve?  The page allocator's rule. */
bool grow_has_reserve(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	if (gfp & __GFP_MEMALLOC)
		return true;
	if (current->flags & PF_MEMALLOC)
		return in_serving_softirq() || !in_interrupt();
	return !in_interrupt() && tsk_is_oom_victim(current);
}

/**
 * grow_stray() - the same for a row of a fallback node
 * @row: row of the same class on another node
 * @gfp: the request's flags
 *
 * Uses only memory that galloc has already.
 *
 * Return: A span in state CACHED that the caller owns, or NULL.
 */
struct mspan *grow_stray(unsigned int row, gfp_t gfp)
{
	struct mcentral *c = mcentral_of(row);
	struct mspan *s = NULL;

	/* Lockless check: most rows of most nodes are empty. */
	if (atomic_long_read(&c->nr_spans))
		s = mcentral_fetch(c, NUMA_NO_NODE);
	return s ?: grow_span(c, GROW_FREE, gfp);
}

/**
 * grow_any() - get a span from wherever the system has pages
 * @c: row wanted
 * @gfp: the request's flags, all of which apply now
 *
 * For use after mcentral_cache_span(), and grow_stray() of all nodes, found
 * none.  Spans of the emergency reserve serve only requests that may use its pages,
 * only if there are no others, but before more of it is allocated.
 *
 * Return: A span in state CACHED that the caller owns, possibly of the same
 * class on another node or of the emergency reserve; or NULL.
 */
struct mspan *grow_any(struct mcentral *c, gfp_t gfp)
{
	struct mcentral *r = grow_row(c, nr_node_ids);
	gfp_t ordinary = (gfp & ~(__GFP_MEMALLOC | __GFP_DIRECT_RECLAIM |
				 __GFP_NOFAIL)) |
			 __GFP_NOMEMALLOC | __GFP_NOWARN;
	struct mspan *s;

	if (likely(!r || !atomic_long_read(&r->nr_spans)) || !grow_has_reserve(gfp))
		return grow_span(c, GROW_ANY, gfp);
	/* These flags no longer say whether the caller may sleep: nothing of the atomic reserve. */
	s = grow_span(c, GROW_ORDINARY, ordinary);
	if (!s)
		s = mcentral_fetch(r, gfp & __GFP_THISNODE ? c->nid : NUMA_NO_NODE);
	return s ?: grow_span(c, GROW_ANY, gfp);
}

/**
 * grow_may_batch() - may a request fetch more than it needs?
 * @nid: the node
 * @npages: pages of all that it would fetch
 * @gfp: its flags
 *
 * Not if it may use the emergency reserve, nor if the node had no such run a moment ago:
 * what one CPU has in advance others would lack.
 *
 * Return: True if it may.
 */
bool grow_may_batch(int nid, unsigned int npages, gfp_t gfp)
{
	return !arena_is_scarce(nid, npages) && !grow_has_reserve(gfp);
}

/* Several spans come at once if they have at most so many objects; and the most of them. */
#define GROW_OBJECTS		32
#define GROW_SPANS		32U

/* Of its spans a row gets no more than this part at once; the second where they have many. */
#define GROW_FEW		16
#define GROW_PART		8
#define GROW_PART_MANY		128

/* Has a row a PARTIAL span?  Lockless, so only a hint. */
bool grow_has_partial(const struct mcentral *c)
{
	unsigned int b;

	for (b = 0; b < MCENTRAL_BUCKETS; b++)
		if (!list_empty(&c->partial[b]))
			return true;
	return false;
}

/**
 * grow_objects() - get the objects of several new spans
 * @row: their row
 * @batch: filled with them
 * @max: most of them
 * @gfp: the request's flags
 *
 * Where a span has few objects each would be a trip to the node's free runs and back.
 * Several at once are a small part of what there is, and of one run.  Spans with free
 * objects come first: then there are none.
 *
 * Return: Their number, 0 if that is not for this row or now.
 */
unsigned int grow_objects(unsigned int row, void **batch, unsigned int max, gfp_t gfp)
{
	struct mcentral *c = mcentral_of(row);
	unsigned int part = c->sc->objects > GROW_FEW ? GROW_PART_MANY : GROW_PART;
	unsigned int spans, n;
	struct mspan *s;

	if (c->sc->objects > GROW_OBJECTS || c->set || grow_has_partial(c))
		return 0;
	spans = min3(max / c->sc->objects, GROW_SPANS,
		     (unsigned int)(1 + atomic_long_read(&c->nr_spans) / part));
	if (spans < 2 || !grow_may_batch(c->nid, spans * c->sc->span_pages, gfp))
		return 0;
	s = mheap_alloc_spans(c->nid, c->sc, spans, gfp);
	if (!s)
		return 0;
	/* One read section: whoever sees one half cut waits for the count. */
	rcu_read_lock();
	n = mspan_cut_taken(s, row, batch);
	atomic_long_add(n / c->sc->objects, &c->nr_spans);
	rcu_read_unlock();
	return n;
}
