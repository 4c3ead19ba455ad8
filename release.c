// SPDX-License-Identifier: GPL-2.0
/*
 * release: memory on its way back to the system.
 *
 * What goes first, the worker that watches free memory, and the spans set aside
 * because their pages must not be used again.  Called by the shrinker, by
 * debugfs, and by allocations that found no memory; takes runs out of mheap.c
 * and hands them to arena.c.  Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/nodemask.h>

/* Unused descriptors a node keeps. */
#define SPARES_KEPT		64

/* Of them taken out of the stock under the lock in one turn. */
#define SPARES_TURN		64

/* This part of what is held may lie free, and at least so many bytes. */
#define FREE_PART		64
#define FREE_LEAST		(256UL << 10)

/* Free memory must have been too much this long before any of it leaves. */
#define RELEASE_DELAY		(HZ / 4)

/* Have some descriptors for callers that cannot allocate them. */
static void mheap_fill_spares(struct mheap *h)
{
	unsigned long flags;
	struct mspan *s;
	int big;

	for (big = 0; big < 2; big++) {
		/* An old number makes one too many or too few: no harm. */
		while (data_race(h->nr_spare[big]) < SPARES_NEEDED * 2) {
			s = mspan_new(big, GFP_KERNEL | __GFP_NOWARN);
			if (!s)
				return;
			galloc_lock(&h->lock, flags);
			mheap_spare_push(h, s);
			galloc_unlock(&h->lock, flags);
		}
	}
}

/* Up to a turn's worth of unused descriptors above @keep, onto @surplus. */
static bool spares_take(struct mheap *h, bool big, unsigned int keep,
			struct list_head *surplus)
{
	unsigned int turn = SPARES_TURN;
	unsigned long flags;

	galloc_lock(&h->lock, flags);
	for (; turn && h->nr_spare[big] > keep; turn--)
		list_add(&mheap_spare_pop(h, big)->list, surplus);
	galloc_unlock(&h->lock, flags);
	return !turn;
}

/* Free the descriptors above @keep of each size.  Process context. */
void mheap_trim_spares(struct mheap *h, unsigned int keep)
{
	struct mspan *s, *next;
	bool more;
	int big;

	for (big = 0; big < 2; big++) {
		do {
			LIST_HEAD(surplus);

			more = spares_take(h, big, keep, &surplus);
			list_for_each_entry_safe(s, next, &surplus, list)
				mspan_delete(s);
			cond_resched();
		} while (more);
	}
}

/* ---- runs ------------------------------------------------------------------- */

/* The run to give back next: empty blocks, then sparse blocks, then the rest. */
static struct mspan *release_victim(struct mheap *h, enum mheap_release how)
{
	struct rb_node *last = rb_last(&h->large_runs);
	int density;

	lockdep_assert_held(&h->lock);

	if (last) {
		struct mspan *s = rb_entry(last, struct mspan, node);

		if (how > RELEASE_BLOCKS ||
		    (s->npages == ARENA_PAGES && s->arena->whole))
			return s;
	}
	if (ARENA_PAGES < MHEAP_LISTS) {
		struct mspan *s;

		s = list_first_entry_or_null(&h->free[ARENA_PAGES % MHEAP_LISTS][SPARSE],
					     struct mspan, list);
		if (s && s->arena->whole)
			return s;
	}
	if (how == RELEASE_BLOCKS)
		return NULL;

	for (density = SPARSE; density <= DENSE; density++) {
		unsigned int n = MHEAP_LISTS - 1;

		for (; n; n--) {
			struct list_head *head = &h->free[n][density];

			if (!list_empty(head))
				return list_first_entry(head, struct mspan, list);
		}
		if (how == RELEASE_SPARSE)
			break;
	}
	return NULL;
}

/*
 * Give back one run of @h.  Returns its pages, 0 if nothing may go.  Whoever may
 * not sleep gives back no run that would leave in many pieces.
 */
static unsigned long mheap_release_one(struct mheap *h, enum mheap_release how,
				       bool may_sleep)
{
	unsigned long flags, start;
	unsigned int npages;
	struct mspan *s;
	int order = -1;

	galloc_lock(&h->lock, flags);
	s = release_victim(h, how);
	if (s && s->npages == ARENA_PAGES && s->arena->whole)
		order = ARENA_ORDER;
	if (!s || (!may_sleep && order < 0 && s->npages > RELEASE_TURN) ||
	    !arena_may_leave(s->npages)) {
		galloc_unlock(&h->lock, flags);
		return 0;
	}
	start = s->start;
	npages = s->npages;
	mheap_run_unlink(h, s);
	h->free_pages -= npages;
	h->used_pages += npages;
	s->arena->nr_used += npages;
	mheap_disown(h, start, npages);
	mheap_spare_push(h, s);
	galloc_unlock(&h->lock, flags);

	galloc_pause(PAUSE_RELEASE_TAKEN, (void *)start);
	arena_put_pages(start, npages, order, may_sleep);
	return npages;
}

/**
 * mheap_release() - give free memory back to the system
 * @pages: stop when that many have gone
 * @how: what may go
 * @may_sleep: the caller may sleep; others give back one block, or as many pages as
 *	leave in a turn
 *
 * Empty blocks of every node first.  The reserve stays.
 *
 * Context: Where may_call_system() says so, no galloc lock held.
 * Return: Pages given back.
 */
unsigned long mheap_release(unsigned long pages, enum mheap_release how,
			    bool may_sleep)
{
	enum mheap_release now;
	unsigned long n, done = 0;
	int nid;

	if (!may_sleep)
		pages = min_t(unsigned long, pages, RELEASE_TURN);
	for (now = RELEASE_BLOCKS; now <= how; now++) {
		for_each_node(nid) {
			while (done < pages) {
				n = mheap_release_one(mheaps[nid], now, may_sleep);
				if (!n)
					break;
				done += n;
				if (may_sleep)
					cond_resched();
			}
		}
	}
	return done;
}

/* Pages in FREE runs, all nodes; racy. */
unsigned long mheap_free_pages(void)
{
	unsigned long pages = 0;
	int nid;

	for_each_node(nid)
		/* Whoever asks gets a number that is old already. */
		pages += data_race(mheaps[nid]->free_pages);
	return pages;
}

/**
 * mheap_free_max() - how much may lie free
 *
 * Unless free_max_mb says it, a small part of all that is held: after a peak or at
 * the start of a load it would otherwise be most of it.  The reserve may lie free.
 *
 * Return: Pages in FREE runs, of all nodes, above which some go back.
 */
unsigned long mheap_free_max(void)
{
	unsigned long max = READ_ONCE(galloc_free_max_pages);

	if (max != FREE_MAX_PART)
		return max;
	max = max_t(unsigned long, arena_held_bytes() / FREE_PART, FREE_LEAST);
	return READ_ONCE(galloc_reserve_pages) + (max >> PAGE_SHIFT);
}

/* ---- pages set aside ----------------------------------------------------------- */

/*
 * May pages that are not for reuse leave in this very context?  Where the page
 * allocator may not be called, or many pages would go one by one, they wait for
 * the worker: a free does not know whether its caller may sleep.
 */
bool mheap_may_leave_now(unsigned int npages, int order)
{
	return may_call_system() && (order >= 0 || npages <= RELEASE_TURN);
}

/*
 * A span whose pages leave galloc, whoever else still refers to them: those
 * free them last.  First half, under the lock.
 */
void mheap_detach_leaving(struct mheap *h, struct mspan *s,
			  struct leaving *leaving)
{
	lockdep_assert_held(&h->lock);

	leaving->start = s->start;
	leaving->npages = s->npages;
	leaving->order = s->chunk_order;
	mheap_disown(h, s->start, s->npages);
	s->huge = false;
	s->reserve = false;
	s->chunk_order = -1;
	mheap_spare_push(h, s);
}

/* Second half, without it. */
void mheap_leave(const struct leaving *leaving, bool may_sleep)
{
	arena_leave(leaving->npages);
	arena_put_pages(leaving->start, leaving->npages, leaving->order,
			may_sleep);
}

/* Let the spans go that were set aside.  Sleeps. */
void mheap_release_aside(struct mheap *h)
{
	struct leaving leaving;
	unsigned long flags;
	struct mspan *s;

	for (;;) {
		galloc_lock(&h->lock, flags);
		s = list_first_entry_or_null(&h->aside, struct mspan, list);
		if (!s) {
			galloc_unlock(&h->lock, flags);
			return;
		}
		list_del(&s->list);
		h->aside_pages -= s->npages;
		mheap_detach_leaving(h, s, &leaving);
		galloc_unlock(&h->lock, flags);

		mheap_leave(&leaving, true);
		count_event(EVENT_DEFERRED);
		cond_resched();
	}
}

/**
 * mheap_relieve() - make room for a request that found no memory
 * @gfp: its flags
 * @npages: pages it wants
 *
 * Free runs go back to the system: there they count against the limit no more, and
 * can be had at another order.  A caller that may not sleep does little of that, and
 * the worker the rest.
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 */
void mheap_relieve(gfp_t gfp, unsigned long npages)
{
	bool may_sleep = gfpflags_allow_blocking(gfp);
	int nid;

	worker_kick(WORKER_NOW);
	if (!may_call_system())
		return;
	if (may_sleep)
		for_each_node(nid)
			mheap_release_aside(mheaps[nid]);
	mheap_release(max_t(unsigned long, npages, ARENA_PAGES), RELEASE_ALL,
		      may_sleep);
}

/* ---- the worker ------------------------------------------------------------------ */

/* Fetch what a caller that could not sleep did without. */
static void mheap_fetch_chunk(struct mheap *h)
{
	struct chunk chunk;
	unsigned long flags;

	if (!xchg(&h->want_chunk, false))
		return;
	if (!arena_get_chunk(&chunk, h->nid, 1U << arena_growth_order(),
			     GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN |
			     __GFP_THISNODE))
		return;
	if (!mheap_lock_with_spares(h, false, GFP_KERNEL, &flags)) {
		mheap_put_chunk(&chunk);
		return;
	}
	__acquire(&h->lock);
	mheap_publish_chunk(h, &chunk);
	galloc_unlock(&h->lock, flags);
}

/*
 * The release worker's turn.  True if it is to look again in a while.
 *
 * Hysteresis: nothing goes back before free memory has been above
 * mheap_free_max() for RELEASE_DELAY, and then down to 3/4 of it, so that
 * a load that swings around the mark does not move pages each time.
 */
bool mheap_work(void)
{
	static unsigned long above_since;
	unsigned long max = mheap_free_max();
	unsigned long free;
	int nid;

	arena_map_catch_up();
	for_each_node(nid) {
		mheap_release_aside(mheaps[nid]);
		mheap_fetch_chunk(mheaps[nid]);
		mheap_fill_spares(mheaps[nid]);
		mheap_trim_spares(mheaps[nid], SPARES_KEPT);
		cond_resched();
	}

	free = mheap_free_pages();
	if (free <= max) {
		above_since = 0;
		return false;
	}
	if (!above_since)
		above_since = jiffies | 1;
	if (time_before(jiffies, above_since + RELEASE_DELAY))
		return true;
	above_since = 0;
	mheap_release(free - max / 4 * 3, RELEASE_ALL, true);
	return false;
}

/* Do at once what the worker would, and wait. */
void mheap_settle(void)
{
	int nid;

	worker_flush();
	for_each_node(nid) {
		mheap_release_aside(mheaps[nid]);
		mheap_trim_spares(mheaps[nid], SPARES_NEEDED);
	}
}

/* ---- unload ---------------------------------------------------------------------- */

static void abandon_span(struct mspan *s, void *arg)
{
	struct list_head *left = arg;

	/* LARGE and cut spans use no link of their own by now. */
	list_add(&s->list, left);
}

/*
 * Give everything back.  What still holds live objects is kept from everybody
 * for good.  Nobody else is left to look, so the lists need no lock here.
 * Returns the pages kept.
 */
unsigned long mheap_exit(void)
{
	unsigned long nr, kept = 0;
	struct mspan *s, *next;
	LIST_HEAD(left);
	int nid;

	WRITE_ONCE(galloc_reserve_pages, 0);
	for_each_node(nid)
		mheap_release_aside(mheaps[nid]);
	mheap_release(ULONG_MAX, RELEASE_ALL, true);

	for (nr = 0; nr < arena_nr_slots(); nr++)
		if (mheap_walk_slot(nr, abandon_span, &left))
			cond_resched();
	list_for_each_entry_safe(s, next, &left, list) {
		kept += s->npages;
		arena_abandon_pages(s->start, s->npages);
		mspan_delete(s);
		cond_resched();
	}
	for_each_node(nid)
		mheap_trim_spares(mheaps[nid], 0);
	mheap_delete_all();
	return kept;
}
