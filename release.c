// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * release: returning memory to the system.
 *
 * The order in which runs are returned, the worker that watches free memory, and spans
 * that are deferred because their pages must not be reused.  Called by the shrinker, by
 * debugfs, and by allocations that found no memory; takes runs from mheap.c and passes
 * them to arena.c.  Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/nodemask.h>

/* Non-empty lists searched for a run of a sparse block. */
#define LOOK_SPARSE		32

/* This part of what galloc holds may be free, and at least so many bytes. */
#define FREE_PART		64
#define FREE_LEAST		(256UL << 10)

/* Free memory must have exceeded the mark for this long before any is returned. */
#define RELEASE_DELAY		(HZ / 4)

/* Deferred spans that reclaim looks at. */
#define DEFERRED_TURN		32

/* What was used up in that time is expected to go on for so many times. */
#define USE_GOES_ON		16

/* ---- references that others dropped --------------------------------------------- */

/* Is the number of references of these pages what galloc holds?  Any context. */
bool release_pages_untouched(unsigned long start, unsigned int npages)
{
	struct page *page = virt_to_page((void *)start);
	/* Of more than a block the first page has the references of all. */
	struct page *end = page + (npages > ARENA_PAGES ? 1 : npages);
	int other = 0;

	/* Nearly always it is: four at a time, since large objects have hundreds. */
	for (; end - page >= 4; page += 4)
		other |= (page_ref_count(page) ^ ARENA_PAGE_REFS) |
			 (page_ref_count(page + 1) ^ ARENA_PAGE_REFS) |
			 (page_ref_count(page + 2) ^ ARENA_PAGE_REFS) |
			 (page_ref_count(page + 3) ^ ARENA_PAGE_REFS);
	for (; page < end; page++)
		other |= page_ref_count(page) ^ ARENA_PAGE_REFS;
	return !other;
}

/**
 * release_pages_unshared() - does galloc hold the only references to these pages?
 * @start: address of the first, or in it
 * @npages: number of pages; more than a block: a whole huge object
 *
 * Restores and reports references that others dropped by mistake.
 *
 * If it returns true the pages can be reused: dropping the last reference of others
 * was a full barrier, which orders their reads before our writes.
 *
 * Context: Any but NMI, no galloc lock held; the pages cannot be returned meanwhile.
 * Return: True if nobody else refers to them.
 */
bool release_pages_unshared(unsigned long start, unsigned int npages)
{
	struct page *page = virt_to_page((void *)start);
	struct page *end = page + (npages > ARENA_PAGES ? 1 : npages);
	unsigned int missing;

	if (likely(release_pages_untouched(start, npages)))
		return true;
	for (; page < end; page++) {
		if (likely(page_ref_count(page) == ARENA_PAGE_REFS))
			continue;
		missing = arena_mend_page(page);
		if (!missing)
			return false;
		report_dropped(page_address(page), missing);
	}
	return true;
}

/**
 * release_put_pages() - return pages to the system, and report missing references
 * @start: address of the first
 * @npages: number of pages
 * @order: they are one whole chunk of this order; -1: part of a chunk
 * @may_sleep: the caller may sleep
 *
 * Context: As arena_put_pages().
 */
void release_put_pages(unsigned long start, unsigned int npages, int order,
		       bool may_sleep)
{
	struct arena_mended mended = { };

	arena_put_pages(start, npages, order, may_sleep, &mended);
	mend_report(&mended);
}

/* ---- runs ------------------------------------------------------------------- */

/* What may be returned, in this order. */
enum release {
	RELEASE_BLOCKS,		/* empty blocks that go back in one piece */
	RELEASE_SPARSE,		/* and runs of sparse blocks, long ones first */
	RELEASE_ALL,		/* and every other run */
};

/* The run to return next: empty blocks, then sparse blocks, then the rest. */
static struct mspan *release_victim(struct mheap *h, enum release how)
{
	struct rb_node *last = rb_last(&h->large_runs);
	int density = SPARSE;
	unsigned int n, looks;

	lockdep_assert_held(&h->lock);

	if (last) {
		struct mspan *s = rb_entry(last, struct arena, node)->long_run;

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

	if (how == RELEASE_SPARSE) {
		/* Limited: runs after many dense ones are returned at the end. */
		n = MHEAP_LISTS;
		for (looks = LOOK_SPARSE; looks; looks--) {
			unsigned int size = n;

			n = find_last_bit(h->nonempty, size) % size;
			if (!n || !list_empty(&h->free[n][SPARSE]))
				break;
		}
		if (!looks)
			n = 0;
	} else {
		n = find_last_bit(h->nonempty, MHEAP_LISTS) % MHEAP_LISTS;
		density = list_empty(&h->free[n][SPARSE]) ? DENSE : SPARSE;
	}
	return n ? list_first_entry(&h->free[n][density], struct mspan, list) :
		   NULL;
}

/*
 * Does a run go in many pieces?  A whole chunk of @order does not, except where a block's
 * pages leave singly.
 */
static bool goes_in_pieces(unsigned int npages, int order)
{
	return npages > RELEASE_TURN &&
	       (order < 0 || (order <= (int)ARENA_ORDER && pages_leave_singly()));
}

/* Take the last @npages of a run off the lists, and out of it.  Returns where they begin. */
static unsigned long release_cut(struct mheap *h, struct mspan *s, unsigned int npages)
{
	unsigned long start;

	lockdep_assert_held(&h->lock);

	run_unlink(h, s);
	mspan_set(s, 0, MSPAN_TRANSIT);
	s->npages -= npages;
	start = s->start + ((unsigned long)s->npages << PAGE_SHIFT);
	mheap_count_free(h, -(long)npages);
	s->arena->nr_used += npages;
	if (s->npages)
		mheap_run_map(s);
	mheap_disown(h, start, npages);
	if (s->npages) {
		mspan_set(s, 0, MSPAN_FREE);
		run_link(h, s);
	} else {
		run_spare_push(h, s);
	}
	return start;
}

/*
 * Return one run of @h to the system.  Returns its pages, 0 if none may go.  A caller
 * that may not sleep returns the end of one that would go in many pieces: the rest stays,
 * which takes no descriptor.
 */
static unsigned long release_one(struct mheap *h, enum release how,
				 bool may_sleep)
{
	unsigned int npages = 0;
	unsigned long flags, start;
	struct mspan *s;
	int order = -1;

	galloc_lock(&h->lock, flags);
	s = release_victim(h, how);
	if (s) {
		npages = s->npages;
		if (npages == ARENA_PAGES && s->arena->whole)
			order = ARENA_ORDER;
		/* Of a block only if there is nothing else. */
		if (!may_sleep && goes_in_pieces(npages, order)) {
			npages = how == RELEASE_BLOCKS ? 0 : RELEASE_TURN;
			order = -1;
		}
	}
	if (!npages || !arena_may_leave(npages)) {
		galloc_unlock(&h->lock, flags);
		return 0;
	}
	start = release_cut(h, s, npages);
	galloc_unlock(&h->lock, flags);

	galloc_pause(PAUSE_RELEASE_TAKEN, (void *)start);
	release_put_pages(start, npages, order, may_sleep);
	return npages;
}

/**
 * release_surplus() - return the last pages of a run of the emergency reserve
 * @s: the run, in TRANSIT, just allocated
 * @npages: pages that it keeps
 *
 * Context: Where may_grow() says so, no galloc lock held.
 */
void release_surplus(struct mspan *s, unsigned int npages)
{
	unsigned long end = s->start + ((unsigned long)npages << PAGE_SHIFT);
	unsigned int surplus = s->npages - npages;
	struct mheap *h = mheaps[s->arena->nid];
	unsigned long flags;

	if (!surplus)
		return;
	galloc_lock(&h->lock, flags);
	mheap_disown(h, end, surplus);
	s->npages = npages;
	mheap_run_map(s);
	galloc_unlock(&h->lock, flags);
	release_put_pages(end, surplus, -1, false);
}

/* ---- kept chunks, above a block ------------------------------------------- */

/*
 * A node keeps so many pages of freed ones, for the next request of the same order.
 * They are of no other use, so they are few, and are not kept for long.  A request with
 * interrupts off cannot return them, so they are also only a small part of what is free.
 */
#define KEPT_PAGES		((8UL << 20) >> PAGE_SHIFT)
#define KEPT_PART		16

static void kept_unlink(struct mheap *h, struct mspan *s)
{
	lockdep_assert_held(&h->lock);

	h->changes++;
	list_del(&s->list);
	h->kept_pages -= s->npages;
	mheap_count_free(h, -(long)s->npages);
	mspan_set(s, 0, MSPAN_TRANSIT);
}

/* A kept chunk of this order, in TRANSIT; or NULL. */
struct mspan *release_take_kept(struct mheap *h, unsigned int order)
{
	struct mspan *s, *found = NULL;
	unsigned long flags;

	/* A glance without the lock: mostly there is none. */
	if (!data_race(h->kept_pages))
		return NULL;
	galloc_lock(&h->lock, flags);
	list_for_each_entry(s, &h->kept, list) {
		if (s->chunk_order != order)
			continue;
		found = s;
		kept_unlink(h, s);
		h->kept_used = true;
		break;
	}
	galloc_unlock(&h->lock, flags);
	return found;
}

/**
 * release_keep() - keep a freed chunk above a block for the next request
 * @s: its span, in TRANSIT, to which no others refer
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if the node keeps enough: return the chunk to the system.
 */
bool release_keep(struct mspan *s)
{
	struct mheap *h = mheaps[s->arena->nid];
	unsigned long most = min(KEPT_PAGES, nodes_free_pages(h->nid) / KEPT_PART);
	unsigned long flags;
	bool kept;

	galloc_lock(&h->lock, flags);
	kept = h->kept_pages + s->npages <= most;
	if (kept) {
		h->changes++;
		s->zeroed = false;
		s->dropped = 0;
		mspan_set(s, 0, MSPAN_FREE);
		list_add(&s->list, &h->kept);
		h->kept_pages += s->npages;
		h->kept_used = true;
		mheap_count_free(h, s->npages);
	}
	galloc_unlock(&h->lock, flags);
	if (kept)
		worker_kick(WORKER_RELEASE);
	return kept;
}

/**
 * release_kept() - return a kept chunk to the system
 * @h: the heap of a node
 * @may_sleep: the caller may sleep
 *
 * The reserve does not keep it.
 *
 * Context: Where may_call_system() says so, no galloc lock held.
 * Return: Its pages, 0 if there is none.
 */
unsigned long release_kept(struct mheap *h, bool may_sleep)
{
	struct leaving leaving;
	unsigned long flags;
	struct mspan *s;

	/* A page that is kept at this moment is seen at the next turn. */
	if (!data_race(h->kept_pages))
		return 0;
	galloc_lock(&h->lock, flags);
	s = list_first_entry_or_null(&h->kept, struct mspan, list);
	if (s) {
		kept_unlink(h, s);
		release_detach(h, s, &leaving);
	}
	galloc_unlock(&h->lock, flags);
	if (!s)
		return 0;
	release_leave(&leaving, may_sleep);
	return leaving.npages;
}

/**
 * release_age_kept() - return the kept chunks of a node unless they were used
 * @h: its heap
 *
 * Context: The worker.
 * Return: True if one was used since the last call: call again.
 */
bool release_age_kept(struct mheap *h)
{
	unsigned long flags;
	bool used;

	galloc_lock(&h->lock, flags);
	used = h->kept_used && h->kept_pages;
	h->kept_used = false;
	galloc_unlock(&h->lock, flags);
	while (!used && release_kept(h, true))
		cond_resched();
	return used;
}

/*
 * Free pages of a used-up node that stay, unless somebody is to be killed: whoever returns one
 * does not get it again.  Not near the limit, where they would keep others from growing.
 */
unsigned long release_stays(int nid)
{
	unsigned long limit = READ_ONCE(galloc_limit_bytes);

	if (!nodes_is_used_up(nid) || (limit && arena_limited_bytes() + ARENA_SIZE > limit))
		return 0;
	return min(READ_ONCE(galloc_free_max_pages), FREE_LEAST >> PAGE_SHIFT);
}

static bool release_may(const struct mheap *h)
{
	/* data_race(): a few pages more or less. */
	unsigned long free = data_race(h->free_pages);

	return free > FREE_LEAST >> PAGE_SHIFT || (free && free > release_stays(h->nid));
}

/**
 * release_runs_of() - return free memory of some nodes to the system
 * @nodes: the nodes
 * @pages: stop after that many; ULONG_MAX: all, that of used-up nodes, too
 * @may_sleep: the caller may sleep; others return one block, or as many pages as one
 *	turn allows
 *
 * First the chunks of huge objects that are kept, then empty blocks, of every node.
 * The reserve stays.
 *
 * Context: Where may_call_system() says so, no galloc lock held.
 * Return: Pages returned.
 */
unsigned long release_runs_of(const nodemask_t *nodes, unsigned long pages, bool may_sleep)
{
	enum release now;
	bool all = pages == ULONG_MAX;
	unsigned long n, done = 0;
	int nid;

	if (!may_sleep)
		pages = min_t(unsigned long, pages, RELEASE_TURN);
	for_each_node_mask(nid, *nodes)
		for (n = 1; n && done < pages; done += n)
			n = release_kept(mheaps[nid], may_sleep);
	for (now = RELEASE_BLOCKS; now <= RELEASE_ALL; now++) {
		for_each_node_mask(nid, *nodes) {
			while (done < pages && (all || release_may(mheaps[nid]))) {
				n = release_one(mheaps[nid], now, may_sleep);
				if (!n)
					break;
				done += n;
				if (may_sleep)
					cond_resched();
			}
		}
	}
	/* Each run that was returned, or joined another, leaves its descriptor. */
	if (may_sleep)
		for_each_node_mask(nid, *nodes)
			run_trim_spares(mheaps[nid], SPARES_KEPT);
	return done;
}

/* The same of all nodes. */
unsigned long release_runs(unsigned long pages, bool may_sleep)
{
	return release_runs_of(&node_possible_map, pages, may_sleep);
}

/**
 * release_free_max() - how much memory may stay free
 *
 * Unless free_max_mb sets it, a small part of what galloc holds: a fixed amount would be
 * most of it after a peak or at the start of a load.  Includes the reserve.
 *
 * Return: Pages in FREE runs, of all nodes, above which some are returned.
 */
unsigned long release_free_max(void)
{
	unsigned long max = READ_ONCE(galloc_free_max_pages);

	if (max != FREE_MAX_PART)
		return max;
	max = max_t(unsigned long, arena_held_bytes() / FREE_PART, FREE_LEAST);
	return READ_ONCE(galloc_reserve_pages) + (max >> PAGE_SHIFT);
}

/**
 * release_unused() - how much free memory does nobody use?
 * @before: free pages, all nodes, a moment ago
 * @now: those of now
 *
 * What is being used up would be requested again in a moment if it were returned.  Single
 * pages would in part stay on a list of another CPU, where nobody gets them when memory is
 * short.
 *
 * Return: Pages that are left if it goes on like this for a while.
 */
unsigned long release_unused(unsigned long before, unsigned long now)
{
	unsigned long used = (before - min(before, now)) * USE_GOES_ON;
	unsigned long left = min(before, now);

	return left - min(left, used);
}

/* ---- deferred pages ----------------------------------------------------------- */

/*
 * May pages that must not be reused be returned in this context?  If the page
 * allocator must not be called, or many pages would go one by one, they wait for
 * the worker: a free does not know whether its caller may sleep.
 */
bool release_may_leave_now(unsigned int npages, int order)
{
	return may_call_system() && !goes_in_pieces(npages, order);
}

/*
 * Remove a span whose pages leave galloc even if others refer to them: their last
 * put_page() frees them then.  First half, under the lock.
 */
void release_detach(struct mheap *h, struct mspan *s,
		    struct leaving *leaving)
{
	lockdep_assert_held(&h->lock);

	leaving->start = s->start;
	leaving->npages = s->npages;
	leaving->order = s->chunk_order;
	leaving->lone = s->arena->lone;
	leaving->settled = mspan_is_settled(s);
	if (unlikely(leaving->lone)) {
		h->changes++;
		h->used_pages--;
	} else {
		mheap_disown(h, s->start, s->npages);
	}
	s->huge = false;
	s->reserve = false;
	s->chunk_order = -1;
	run_spare_push(h, s);
}

/* Second half, without it. */
void release_leave(const struct leaving *leaving, bool may_sleep)
{
	struct arena_mended mended = { };

	if (leaving->settled)
		arena_settle(-(long)leaving->npages);
	if (unlikely(leaving->lone))
		arena_put_lone(leaving->start, &mended);
	else
		arena_put_pages(leaving->start, leaving->npages, leaving->order,
				may_sleep, &mended);
	mend_report(&mended);
}

/*
 * Look at up to @turn deferred spans, and return those that others no longer refer to; the rest
 * is looked at after all others.  Adds the pages returned.  Returns how many it looked at.
 */
static unsigned int deferred_turn(struct mheap *h, unsigned int turn, unsigned long *done)
{
	struct leaving leaving;
	struct mspan *s, *next;
	unsigned int n = 0;
	unsigned long flags;
	LIST_HEAD(look);
	LIST_HEAD(shared);

	/* They are ours meanwhile: no other caller sees these spans. */
	galloc_lock(&h->lock, flags);
	for (; n < turn && !list_empty(&h->deferred); n++)
		list_move_tail(h->deferred.next, &look);
	galloc_unlock(&h->lock, flags);

	list_for_each_entry_safe(s, next, &look, list) {
		cond_resched();
		if (!release_pages_unshared(s->start, s->npages)) {
			list_move_tail(&s->list, &shared);
			continue;
		}
		list_del(&s->list);
		*done += s->npages;
		if (s->arena->lone)
			map_lone_del(s);
		galloc_lock(&h->lock, flags);
		h->deferred_pages -= s->npages;
		h->nr_deferred--;
		release_detach(h, s, &leaving);
		galloc_unlock(&h->lock, flags);

		release_leave(&leaving, true);
		count_event(EVENT_DEFERRED_RETURNED);
	}
	if (!list_empty(&shared)) {
		galloc_lock(&h->lock, flags);
		list_splice_tail(&shared, &h->deferred);
		galloc_unlock(&h->lock, flags);
	}
	return n;
}

/*
 * Return deferred spans, all or a turn of them: clients determine how many there are.  A turn at
 * a time: others who lack memory find the rest.  Returns the number of pages.
 */
unsigned long release_deferred(struct mheap *h, bool all)
{
	/* data_race(): what is deferred from now on is somebody else's to look at. */
	unsigned long done = 0, left = all ? data_race(h->nr_deferred) : DEFERRED_TURN;
	unsigned int n;

	do {
		n = deferred_turn(h, min(left, (unsigned long)DEFERRED_TURN), &done);
		left -= n;
	} while (n);
	return done;
}

/* Pages of deferred spans; racy. */
unsigned long release_shared_pages(void)
{
	unsigned long n = 0;
	int nid;

	for_each_node(nid)
		n += data_race(mheaps[nid]->deferred_pages); /* as the head says */
	return n;
}

/**
 * release_unshared() - return deferred spans that others no longer refer to
 * @all: look at all, not only at a turn of each node
 *
 * Context: Sleeps, no galloc lock held.
 * Return: Pages returned to the system.
 */
unsigned long release_unshared(bool all)
{
	unsigned long done = 0;
	int nid;

	for_each_node(nid)
		/* A stale value only delays a span to the next call. */
		if (data_race(mheaps[nid]->deferred_pages))
			done += release_deferred(mheaps[nid], all);
	return done;
}

/* ---- the worker ------------------------------------------------------------------ */

/*
 * Fetch the chunk that a caller that could not sleep had to do without, or as much of it as
 * there is without reclaim: nobody has asked for it.
 */
static void mheap_fetch_chunk(struct mheap *h)
{
	struct chunk chunk;
	unsigned long flags;

	if (!xchg(&h->want_chunk, false))
		return;
	if (!arena_get_spare_chunk(&chunk, h->nid, 1, WORKER_GFP & ~__GFP_KSWAPD_RECLAIM))
		return;
	if (!run_lock_with_spares(h, NULL, WORKER_GFP, &flags)) {
		mheap_put_chunk(&chunk);
		return;
	}
	__acquire(&h->lock);
	mheap_publish_chunk(h, &chunk);
	galloc_unlock(&h->lock, flags);
}

/*
 * One run of the release worker.  True if it should run again later.
 *
 * Hysteresis: nothing is returned before free memory has been above
 * release_free_max() for RELEASE_DELAY, and then down to 3/4 of it, so that a load around
 * the mark does not move pages each time; and only what is not being used up.
 */
bool release_turn(void)
{
	static unsigned long above_since, most;
	unsigned long max = release_free_max(), keep = max / 4 * 3;
	bool again = false;
	unsigned long free, unused;
	int nid;

	for_each_node(nid) {
		mheap_fetch_chunk(mheaps[nid]);
		/*
		 * Free pages are of no use to a request that lacks a descriptor: at the limit,
		 * or without memory, they make room for some, before reclaim does.
		 */
		if (!run_fill_spares(mheaps[nid], WORKER_GFP & ~__GFP_DIRECT_RECLAIM)) {
			release_runs(1, true);
			run_fill_spares(mheaps[nid], WORKER_GFP);
		}
		run_trim_spares(mheaps[nid], SPARES_KEPT);
		again |= release_age_kept(mheaps[nid]);
		again |= !standby_fill(mheaps[nid]);
		cond_resched();
	}

	mheap_tell();
	free = mheap_free_pages();
	if (free <= max) {
		above_since = 0;
		return again;
	}
	if (!above_since) {
		above_since = jiffies | 1;
		most = 0;
	}
	most = max(most, free);
	if (time_before(jiffies, above_since + RELEASE_DELAY))
		return true;
	above_since = 0;
	unused = release_unused(most, free);
	release_runs(min(free - keep, unused), true);
	/* Not for what the reserve keeps: that stays above the mark for ever. */
	return again || unused < free - keep;
}

/* ---- unload ---------------------------------------------------------------------- */

/* Are all objects in a page of a span free or waiting, and none allocated? */
static bool page_only_waits(const struct mspan *s, unsigned int page)
{
	const struct sizeclass *sc;
	unsigned int i, last;

	if (mspan_state(s) == MSPAN_DEFERRED)
		return true;
	if (!mspan_count_waiting(s))
		return false;
	sc = mcentral_of(mspan_row(s))->sc;
	i = ((unsigned long)page << PAGE_SHIFT) / sc->size;
	last = (((unsigned long)page + 1) << PAGE_SHIFT) / sc->size;
	for (; i <= last && i < s->objects; i++) {
		unsigned long start = s->start + (unsigned long)i * sc->size;

		if (!test_bit(i, s->free) &&
		    !test_bit(arena_page(s->arena, start), s->arena->waiting))
			return false;
	}
	return true;
}

/*
 * At unload, for what still waits: pages that others refer to are freed by their last
 * put_page().  The other pages of the same object are never reused, since the
 * reference may be for them, too.  Returns how many pages were left to others.
 */
static unsigned int leave_to_others(const struct mspan *s)
{
	struct arena_mended mended = { };
	unsigned int page, n = 0;

	if (s->huge && mspan_state(s) == MSPAN_DEFERRED)
		n = arena_leave_to_others(s->start, s->chunk_order, &mended);
	for (page = 0; !s->huge && page < s->npages; page++)
		if (page_only_waits(s, page))
			n += arena_leave_to_others(s->start +
					((unsigned long)page << PAGE_SHIFT), 0,
					&mended);
	mend_report(&mended);
	return n;
}

static void abandon_span(struct mspan *s, void *arg)
{
	struct list_head *left = arg;

	/* LARGE and cut spans do not use their link at this point. */
	list_add(&s->list, left);
	/* Others may free its pages. */
	arena_bare_clear(s->arena, arena_page(s->arena, s->start), s->npages);
}

/*
 * Return everything.  Pages that still hold live objects are never reused.  No other
 * code runs any more, so the lists need no lock here.
 * Returns the pages kept.
 */
unsigned long release_everything(void)
{
	unsigned long nr, kept = 0, shared = 0;
	struct mspan *s, *next;
	LIST_HEAD(left);

	WRITE_ONCE(galloc_reserve_pages, 0);
	release_runs(ULONG_MAX, true);

	for (nr = 0; nr < map_nr_slots(); nr++)
		if (map_walk_slot(nr, abandon_span, &left))
			cond_resched();
	list_for_each_entry_safe(s, next, &left, list) {
		/* Before it may be somebody else's, with its link. */
		if (s->arena->lone)
			map_lone_del(s);
		shared += leave_to_others(s);
		kept += s->npages;
		if (mspan_is_settled(s))
			arena_settle(-(long)s->npages);
		arena_abandon_pages(s);
		mspan_delete(s);
		cond_resched();
	}
	if (shared)
		pr_warn("%lu pages are still in use by others, which will free them\n",
			shared);
	return kept - shared;
}
