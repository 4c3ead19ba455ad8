// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * mheap: the free page runs of a node.
 *
 * Called by mcentral.c for spans, and by large.c for objects above 32 KiB; calls
 * run.c for the lists of runs and arena.c for more memory.  Owns mheap->lock and every
 * span in state FREE, LARGE or DEFERRED.
 * Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/mempolicy.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

struct mheap **mheaps;

struct mheap *mheap_of(int nid)
{
	return mheaps[nid];
}

/* Descriptors of all nodes above what an operation needs. */
void mheap_trim(void)
{
	int nid;

	for_each_node(nid)
		run_trim_spares(mheaps[nid], 1);
}

/* ---- allocating and freeing runs ---------------------------------------------- */

/* Sum of @told_runs of all nodes, where there is a reserve. */
static atomic_long_t told_runs;

/*
 * Pages of runs that a node could return at once.  The reserve covers all settled pages,
 * including those in use, wherever they are: a node has what the kernel is not told of by
 * the others.
 */
static long runs_to_give(const struct mheap *h)
{
	long free = h->free_pages - h->kept_pages, others;

	if (likely(!READ_ONCE(galloc_reserve_pages)))
		return free;
	others = atomic_long_read(&told_runs) - h->told_runs;
	return clamp((long)arena_spare_pages() - others, 0L, free);
}

/*
 * Tell the kernel what could be returned: KReclaimable and MemAvailable of /proc/meminfo
 * include it.
 */
static void heap_tell(struct mheap *h)
{
	long runs = runs_to_give(h);
	/* The reserve keeps no chunk above a block. */
	long more = runs + (long)h->kept_pages - h->told_pages;

	lockdep_assert_held(&h->lock);

	if (unlikely(READ_ONCE(galloc_reserve_pages)))
		atomic_long_add(runs - h->told_runs, &told_runs);
	h->told_runs = runs;
	if (!more)
		return;
	mod_node_page_state(NODE_DATA(h->nid), NR_KERNEL_MISC_RECLAIMABLE, more);
	h->told_pages += more;
}

/*
 * The same for each node, where there is a reserve: then it depends on the pages of all
 * nodes, those in use, too.  Context: Process.
 */
void mheap_tell(void)
{
	unsigned long flags;
	long told = 0;
	int nid;

	if (!READ_ONCE(galloc_reserve_pages))
		return;
	for_each_node(nid)
		told += data_race(mheaps[nid]->told_runs); /* corrected next time */
	atomic_long_set(&told_runs, told);
	for_each_node(nid) {
		galloc_lock(&mheaps[nid]->lock, flags);
		heap_tell(mheaps[nid]);
		galloc_unlock(&mheaps[nid]->lock, flags);
	}
}

/* Count @npages pages from used to free; negative: the reverse. */
void mheap_count_free(struct mheap *h, long npages)
{
	lockdep_assert_held(&h->lock);

	h->free_pages += npages;
	h->used_pages -= npages;
	heap_tell(h);
}

/* Pages in FREE runs, all nodes; racy. */
unsigned long mheap_free_pages(void)
{
	unsigned long pages = 0;
	int nid;

	for_each_node(nid)
		/* The result is stale for the caller in any case. */
		pages += data_race(mheaps[nid]->free_pages);
	return pages;
}

/* Enter the first and the last page of a run into the map; a lone page has its own way. */
void mheap_run_map(struct mspan *s)
{
	unsigned int first = arena_page(s->arena, s->start);

	if (unlikely(s->arena->lone))
		return;
	arena_span_set(s->arena, first, s);
	arena_span_set(s->arena, first + s->npages - 1, s);
}

/* Enter @npages pages from @start into the map and the accounting. */
static void pages_own(struct mheap *h, unsigned long start, unsigned int npages)
{
	lockdep_assert_held(&h->lock);

	h->changes++;
	h->used_pages += npages;
	while (npages) {
		unsigned int page, n;
		struct arena *arena = arena_of((void *)start, &page);

		n = min(npages, ARENA_PAGES - page);
		arena_bare_clear(arena, page, n);
		bitmap_set(arena->owned, page, n);
		arena->nr_owned += n;
		arena->nr_used += n;
		start += (unsigned long)n << PAGE_SHIFT;
		npages -= n;
	}
}

/* The reverse: the pages are about to be returned, and in no FREE run.  Not a lone one. */
void mheap_disown(struct mheap *h, unsigned long start,
		  unsigned int npages)
{
	lockdep_assert_held(&h->lock);

	h->changes++;
	h->used_pages -= npages;
	while (npages) {
		unsigned int page, n;
		struct arena *arena = arena_of((void *)start, &page);

		n = min(npages, ARENA_PAGES - page);
		arena_span_set(arena, page, NULL);
		arena_span_set(arena, page + n - 1, NULL);
		bitmap_clear(arena->owned, page, n);
		arena_bare_left(arena);
		arena->nr_owned -= n;
		arena->nr_used -= n;
		arena->whole = false;
		run_update_density(h, arena);
		start += (unsigned long)n << PAGE_SHIFT;
		npages -= n;
	}
}

/* A descriptor for a chunk, in TRANSIT. */
struct mspan *mheap_own_chunk(struct mheap *h, const struct chunk *chunk)
{
	unsigned long start = addr_of(page_address(chunk->page));
	struct mspan *s = run_spare_pop(h, 0);
	unsigned int page;

	lockdep_assert_held(&h->lock);

	s->start = start;
	s->npages = chunk->npages;
	s->zeroed = chunk->zeroed;
	s->reserve = chunk->reserve;
	if (unlikely(chunk->lone)) {
		s->arena = map_lone_arena(chunk->nid);
		h->changes++;
		h->used_pages++;
	} else {
		s->arena = arena_of((void *)start, &page);
		pages_own(h, start, chunk->npages);
	}
	return s;
}

/* Publish a chunk as free memory.  Returns the run it is now part of. */
struct mspan *mheap_publish_chunk(struct mheap *h, const struct chunk *chunk)
{
	struct mspan *s = mheap_own_chunk(h, chunk);

	if (s->npages == ARENA_PAGES)
		s->arena->whole = true;
	arena_settle(s->npages);
	mheap_count_free(h, s->npages);
	s->arena->nr_used -= s->npages;
	run_set_density(h, s->arena);
	s = run_insert(h, s);
	run_update_density(h, s->arena);
	return s;
}

void mheap_put_chunk(const struct chunk *chunk)
{
	const struct leaving leaving = {
		.start = addr_of(page_address(chunk->page)),
		.npages = chunk->npages,
		.order = chunk->order,
		.lone = chunk->lone,
	};

	release_leave(&leaving, false);
}

/* May mheap_take() take a part of a longer run; or a shorter run? */
enum take { TAKE_EXACT, TAKE_FULL, TAKE_SHORT };

/* A run from the lists of @h, or NULL. */
static struct mspan *mheap_take(struct mheap *h, const struct want *w,
				enum take how, gfp_t gfp)
{
	unsigned long flags;
	struct mspan *s;

	/* Lockless check: saves descriptors and the lock. */
	if (data_race(h->free_pages) < (how == TAKE_SHORT ? w->least : w->npages))
		return NULL;
	if (!run_lock_with_spares(h, w, gfp, &flags))
		return NULL;
	__acquire(&h->lock);
	s = run_find(h, w->npages, w->align);
	if (s && how == TAKE_EXACT && s->npages > w->npages)
		s = NULL;
	if (!s && how == TAKE_SHORT)
		s = run_find_short(h, w);
	if (s)
		s = run_serve(h, s, w);
	galloc_unlock(&h->lock, flags);
	return s;
}

/* One of the table, not of a set of rows. */
static bool sizeclass_is_common(const struct sizeclass *sc)
{
	return addr_of(sc) - addr_of(sizeclasses) < GALLOC_NR_CLASSES * sizeof(*sizeclasses);
}

/*
 * What is wanted where memory is in pieces: for a span, as kmalloc() has it, all of the order
 * of one object.  A longer run is what others lack, and of a shorter one the rest would be
 * used for something else, and not join it again for long.
 */
static struct want want_piece(int nid, const struct want *w)
{
	struct want piece = *w;

	/* Of several at a time each has the length of its class, see mspan_cut_taken(). */
	if (!w->sc || w->nr_more || !arena_node_in_pieces(nid))
		return piece;
	piece.npages = roundup_pow_of_two(w->least);
	/* An owner is charged for the span of its set, and has no more. */
	if (!sizeclass_is_common(w->sc))
		piece.npages = min(piece.npages, (unsigned int)w->sc->span_pages);
	return piece;
}

/* Take the wanted run from a chunk, publish the rest. */
static struct mspan *mheap_take_in(int nid, const struct chunk *chunk,
				   const struct want *w, gfp_t gfp)
{
	struct mheap *h = mheaps[chunk->nid];
	unsigned long flags;
	struct mspan *s;

	galloc_pause(PAUSE_GROW_CHUNK, chunk);
	if (chunk->nid != nid)
		count_event(EVENT_GROW_OTHER_NODE);
	if (!gfpflags_allow_blocking(gfp) &&
	    chunk->order < arena_likely_order(nid)) {
		WRITE_ONCE(mheaps[nid]->want_chunk, true);
		worker_kick(WORKER_NOW);
	}

	if (!run_lock_with_spares(h, w, gfp, &flags)) {
		mheap_put_chunk(chunk);
		return NULL;
	}
	__acquire(&h->lock);
	if (unlikely(chunk->reserve)) {
		/* Not for all requests: publish nothing of it. */
		s = mheap_own_chunk(h, chunk);
		mheap_run_map(s);
		s = run_fit_descriptor(h, s, run_want_kind(w, min_t(u32, w->npages, s->npages)));
	} else {
		s = run_serve(h, mheap_publish_chunk(h, chunk), w);
	}
	galloc_unlock(&h->lock, flags);
	if (unlikely(chunk->lone))
		map_lone_add(s);
	return s;
}

/* The number of pages that kmalloc() would ask for. */
static unsigned int want_least(const struct want *w)
{
	return min(w->npages, 1U << get_order(w->least << PAGE_SHIFT));
}

/*
 * Pages from the system: a run of at least the least length.  @w: what is wanted on the node;
 * on another one it depends on how that one is off.
 */
static struct mspan *mheap_grow(int nid, const struct want *w, const struct want *wanted,
				gfp_t gfp)
{
	unsigned int npages = w->least < w->npages ? want_least(w) : w->npages;
	struct chunk chunk;
	struct want near;

	if (!may_grow())
		return NULL;
	if (!arena_get_chunk(&chunk, nid, max(npages, w->align), gfp)) {
		count_event(EVENT_GROW_FAILED);
		return NULL;
	}
	if (chunk.nid == nid)
		return mheap_take_in(nid, &chunk, w, gfp);
	near = want_piece(chunk.nid, wanted);
	return mheap_take_in(nid, &chunk, &near, gfp);
}

/*
 * At least @npages pages that cost the node nothing; not a failure if there are none.
 * When others serve for a used-up node this tries once a tick; a wrong guess costs a
 * request.
 */
static struct mspan *mheap_grow_easily(struct mheap *h, const struct want *w,
				       unsigned int npages, gfp_t gfp)
{
	struct chunk chunk;

	if (!may_grow() || !arena_may_ask(h->nid))
		return NULL;
	if (nodes_near(h->nid, 0) != NUMA_NO_NODE &&
	    READ_ONCE(h->spent_tick) == (u32)jiffies &&
	    READ_ONCE(h->spent_pages) <= npages)
		return NULL;
	/* Do not reclaim for a longer run than needed. */
	if (npages > want_least(w))
		gfp &= ~__GFP_KSWAPD_RECLAIM;
	if (arena_get_spare_chunk(&chunk, h->nid, max(npages, w->align), gfp))
		return mheap_take_in(h->nid, &chunk, w, gfp);
	WRITE_ONCE(h->spent_pages, npages);
	WRITE_ONCE(h->spent_tick, (u32)jiffies);
	return NULL;
}

/*
 * A run of full length that costs another node nothing: it holds more objects per page
 * than a short one, which the caller's own flags would get from there.  Whether long runs
 * are to be spared is asked of that node: this one has few because it has few pages.
 */
static struct mspan *mheap_grow_near(int nid, const struct want *w, gfp_t gfp)
{
	struct mspan *s = NULL;
	unsigned int i;
	int other;

	if (gfp & __GFP_THISNODE)
		return NULL;
	for_each_near(i, other, nid) {
		const struct want piece = want_piece(other, w);

		s = mheap_grow_easily(mheaps[other], &piece, piece.npages,
				      gfp & ~__GFP_KSWAPD_RECLAIM);
		if (s)
			break;
	}
	return s;
}

/*
 * A run of just that length, or one from the system, which finds the shortest that will do,
 * before a long one of ours is cut: so long ones stay for those who need one.
 */
static struct mspan *mheap_get_piece(int nid, const struct want *w, gfp_t gfp)
{
	if (!arena_node_in_pieces(nid))
		return NULL;
	return mheap_take(mheaps[nid], w, TAKE_EXACT, gfp) ?:
	       mheap_grow_easily(mheaps[nid], w, w->npages, gfp & ~__GFP_KSWAPD_RECLAIM);
}

/* A run that another node has. */
static struct mspan *mheap_take_near(int nid, const struct want *w, gfp_t gfp)
{
	struct mspan *s = NULL;
	unsigned int i;
	int other;

	for_each_near(i, other, nid) {
		const struct want piece = want_piece(other, w);

		s = mheap_take(mheaps[other], &piece, TAKE_SHORT, gfp);
		if (s)
			break;
	}
	return s;
}

/* See mheap_alloc() and mheap_alloc_span(). */
static struct mspan *mheap_get(int nid, const struct want *wanted, gfp_t gfp)
{
	const struct want piece = want_piece(nid, wanted), *w = &piece;
	struct mspan *s;

	s = mheap_get_piece(nid, w, gfp) ?: mheap_take(mheaps[nid], w, TAKE_FULL, gfp);
	if (s)
		return s;
	if (wanted->least < wanted->npages)
		s = mheap_grow_easily(mheaps[nid], w, w->npages, gfp) ?:
		    mheap_take(mheaps[nid], w, TAKE_SHORT, gfp) ?:
		    mheap_grow_near(nid, wanted, gfp);
	else if (nodes_near(nid, 0) != NUMA_NO_NODE && !(gfp & __GFP_THISNODE))
		s = mheap_grow_easily(mheaps[nid], w, w->npages, gfp) ?:
		    mheap_take_near(nid, wanted, gfp);
	if (s)
		return s;
	s = mheap_grow(nid, w, wanted, gfp);
	if (s)
		return s;
	s = mheap_take(mheaps[nid], w, TAKE_SHORT, gfp);
	if (s || (gfp & __GFP_THISNODE))
		return s;
	return mheap_take_near(nid, wanted, gfp);
}

/**
 * mheap_alloc() - allocate a run of pages
 * @nid: node wanted
 * @npages: number of pages, at most ARENA_PAGES
 * @align: alignment in pages, a power of two
 * @nbits: objects the descriptor must have room for
 * @gfp: flags for memory that may be needed
 *
 * Searches the node's lists, then asks the system, on the node if that costs nothing; then
 * searches the lists of other nodes, unless @gfp has __GFP_THISNODE; then asks for all that
 * @gfp allows, and searches all lists again (runs may have been freed meanwhile).  The run
 * may be on another node than @nid.
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 * Return: A span in TRANSIT, or NULL.  One with @reserve set is of the emergency
 * reserve, and may be longer: use it for an object of whole pages, or for a row of
 * the reserve.
 */
struct mspan *mheap_alloc(int nid, unsigned int npages, unsigned int align,
			  unsigned int nbits, gfp_t gfp)
{
	const struct want w = {
		.npages = npages, .least = npages, .align = align, .nbits = nbits,
	};

	return mheap_get(nid, &w, gfp) ?: standby_take(nid, &w, gfp);
}

/**
 * mheap_alloc_span() - allocate a run of pages for objects of a class
 * @nid: node wanted
 * @sc: the class
 * @gfp: flags for memory that may be needed
 *
 * As mheap_alloc(), but if the full length is not available the run may be shorter,
 * down to one object.  In this order: a free run of full length; from the system, one
 * of full length that costs nothing, without reclaim and reserves; the longest shorter
 * free run; one of full length that costs another node nothing; from the system, as
 * few pages as one object needs, with all that @gfp allows.  So galloc never needs a
 * longer run than kmalloc().
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 * Return: As mheap_alloc().
 */
struct mspan *mheap_alloc_span(int nid, const struct sizeclass *sc, gfp_t gfp)
{
	const struct want w = run_want_span(sc);

	return mheap_get(nid, &w, gfp) ?: standby_take(nid, &w, gfp);
}

/* The same without the atomic reserve, which asks whether @gfp allows to sleep. */
struct mspan *mheap_alloc_span_ordinary(int nid, const struct sizeclass *sc, gfp_t gfp)
{
	const struct want w = run_want_span(sc);

	return mheap_get(nid, &w, gfp);
}

/**
 * mheap_alloc_span_near() - allocate a run of a node for a class if that costs nothing
 * @nid: the node
 * @sc: the class
 * @grow: a free run, or pages that cost the node nothing; otherwise a free run only
 * @gfp: the request's flags
 *
 * Prefers the full length, as mheap_alloc_span().
 *
 * Context: As mheap_alloc().
 * Return: A span in TRANSIT, or NULL.
 */
struct mspan *mheap_alloc_span_near(int nid, const struct sizeclass *sc, bool grow,
				    gfp_t gfp)
{
	const struct want full = run_want_span(sc), w = want_piece(nid, &full);
	struct mheap *h = mheaps[nid];
	struct mspan *s = grow ? mheap_get_piece(nid, &w, gfp) : NULL;

	if (!s)
		s = mheap_take(h, &w, TAKE_FULL, gfp);
	if (!s && grow)
		s = mheap_grow_easily(h, &w, w.npages, gfp);
	if (!s)
		s = mheap_take(h, &w, TAKE_SHORT, gfp);
	if (!s && grow && w.least < w.npages)
		s = mheap_grow_easily(h, &w, want_least(&w), gfp);
	return s;
}

/*
 * See mheap_alloc_spans().  What the system is asked for is as long as all of them: the
 * rest of it would be free, and is soon used.
 */
static struct mspan *mheap_get_several(int nid, const struct want *w, gfp_t gfp)
{
	unsigned int all = min(w->npages * (w->nr_more + 1), ARENA_PAGES);
	struct mheap *h = mheaps[nid];
	struct mspan *s;

	s = mheap_take(h, w, TAKE_FULL, gfp) ?:
	    mheap_grow_easily(h, w, max(w->npages, rounddown_pow_of_two(all)), gfp);
	if (likely(!s || !s->reserve))
		return s;
	/* Not for those who may not have it. */
	mheap_free(s);
	return NULL;
}

/**
 * mheap_alloc_spans() - take runs of a node for objects that have a span each
 * @nid: the node
 * @sc: their class
 * @max: most of them
 * @gfp: the request's flags
 *
 * As mheap_alloc_span_near(), of full length only, and those that lie side by side.
 *
 * Context: As mheap_alloc().
 * Return: Spans in TRANSIT, linked by @next; NULL if there are none.
 */
struct mspan *mheap_alloc_spans(int nid, const struct sizeclass *sc,
				unsigned int max, gfp_t gfp)
{
	struct want w = run_want_span(sc);

	w.nr_more = max - 1;
	return mheap_get_several(nid, &w, gfp);
}

/**
 * mheap_alloc_runs() - the same for objects of whole pages
 * @nid: the node
 * @npages: number of pages
 * @align: alignment in pages, a power of two that divides @npages
 * @max: most of them
 * @gfp: the request's flags
 *
 * Context: As mheap_alloc().
 * Return: As mheap_alloc_spans().
 */
struct mspan *mheap_alloc_runs(int nid, unsigned int npages, unsigned int align,
			       unsigned int max, gfp_t gfp)
{
	const struct want w = {
		.npages = npages, .least = npages, .align = align, .nr_more = max - 1,
	};

	return mheap_get_several(nid, &w, gfp);
}

/* Make a run of what was cut into objects. */
static void span_uncut(struct mspan *s)
{
	if (!mspan_has_objects(s))
		return;
	if (unlikely(s->arena->lone)) {
		mspan_set(s, 0, MSPAN_TRANSIT);
		return;
	}
	run_uncut(s);
	mheap_run_map(s);
}

/* Let a span whose pages must not be reused wait until the worker returns them. */
static void span_defer(struct mspan *s, enum worker_job job)
{
	struct mheap *h = mheaps[s->arena->nid];
	unsigned long flags;

	galloc_lock(&h->lock, flags);
	h->changes++;
	span_uncut(s);
	mspan_set(s, 0, MSPAN_DEFERRED);
	list_add_tail(&s->list, &h->deferred);
	h->deferred_pages += s->npages;
	h->nr_deferred++;
	galloc_unlock(&h->lock, flags);
	count_event(EVENT_DEFERRED);
	worker_kick(job);
}

/**
 * mheap_free_shared() - free pages that others still refer to
 * @s: a span in TRANSIT
 *
 * A reference to one page is often meant for a whole object: none of its pages is
 * reused or returned while any of them is shared.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void mheap_free_shared(struct mspan *s)
{
	span_defer(s, WORKER_SHARED);
}

/* Return pages that must not be reused, and that others do not refer to. */
static void span_leave(struct mspan *s)
{
	struct mheap *h = mheaps[s->arena->nid];
	struct leaving leaving;
	unsigned long flags;

	if (!release_may_leave_now(s->npages, s->chunk_order)) {
		span_defer(s, WORKER_NOW);
		return;
	}
	if (s->arena->lone)
		map_lone_del(s);
	galloc_lock(&h->lock, flags);
	h->changes++;
	span_uncut(s);
	release_detach(h, s, &leaving);
	galloc_unlock(&h->lock, flags);
	release_leave(&leaving, false);
}

/**
 * mheap_free_runs() - free runs of pages that nobody else refers to
 * @spans: spans in TRANSIT, to be used again
 * @n: their number
 *
 * Context: Any but NMI, no galloc lock held.
 */
void mheap_free_runs(struct mspan **spans, unsigned int n)
{
	unsigned int turn;

	run_sort(spans, n);
	for (; n; n -= turn, spans += turn)
		turn = run_free(spans, n);
}

/* Pages that nobody refers to, and that may not be reused, leave.  False if they may. */
static bool span_leaves(struct mspan *s)
{
	if (likely(!s->reserve && !s->huge))
		return false;
	if (s->reserve || !release_keep(s))
		span_leave(s);
	return true;
}

/* As mheap_free_spans() for a span to which nobody else refers. */
void mheap_free_unshared(struct mspan *s)
{
	if (likely(!span_leaves(s)))
		run_free(&s, 1);
}

/**
 * mheap_free_spans() - free runs of pages
 * @spans: spans in TRANSIT; the array is the callee's
 * @n: their number
 *
 * Pages of the emergency reserve must not be reused: they are returned now, or deferred
 * for the worker; so are those of huge objects, except the few that the node keeps.  Pages
 * that others refer to wait, see mheap_free_shared().
 *
 * Context: Any but NMI, no galloc lock held.
 */
void mheap_free_spans(struct mspan **spans, unsigned int n)
{
	unsigned int i, runs = 0;

	for (i = 0; i < n; i++) {
		struct mspan *s = spans[i];

		if (unlikely(!release_span_unshared(s)))
			mheap_free_shared(s);
		else if (likely(!span_leaves(s)))
			spans[runs++] = s;
	}
	mheap_free_runs(spans, runs);
}

/* The same for one. */
void mheap_free(struct mspan *s)
{
	mheap_free_spans(&s, 1);
}

/* ---- load and unload ------------------------------------------------------------- */

static struct mheap *mheap_new(int nid)
{
	struct mheap *h;
	int i, d;

	h = arena_meta_zalloc(sizeof(*h), node_online(nid) ? nid : NUMA_NO_NODE,
			      GFP_KERNEL);
	if (!h)
		return NULL;
	raw_spin_lock_init(&h->lock);
	for (i = 0; i < MHEAP_LISTS; i++)
		for (d = SPARSE; d <= DENSE; d++)
			INIT_LIST_HEAD(&h->free[i][d]);
	INIT_LIST_HEAD(&h->deferred);
	INIT_LIST_HEAD(&h->kept);
	h->large_runs = RB_ROOT;
	h->nid = nid;
	return h;
}

static size_t heaps_bytes(void)
{
	return nr_node_ids * sizeof(*mheaps);
}

static void mheap_delete_all(void)
{
	int nid;

	for_each_node(nid)
		arena_meta_free(mheaps[nid], sizeof(struct mheap));
	arena_meta_free(mheaps, heaps_bytes());
}

int mheap_init(void)
{
	int nid;

	mheaps = arena_meta_zalloc(heaps_bytes(), NUMA_NO_NODE, GFP_KERNEL);
	if (!mheaps)
		return -ENOMEM;
	for_each_node(nid) {
		mheaps[nid] = mheap_new(nid);
		if (!mheaps[nid]) {
			mheap_delete_all();
			return -ENOMEM;
		}
	}
	return 0;
}

/* Return everything.  Returns the pages that had to be kept. */
unsigned long mheap_exit(void)
{
	unsigned long kept = release_everything();
	int nid;

	for_each_node(nid)
		run_trim_spares(mheaps[nid], 0);
	mheap_delete_all();
	return kept;
}
