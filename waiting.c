// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * waiting: objects above a page that were freed while others refer to their pages.
 *
 * When an object above a page is freed, others, such as a network buffer, may still
 * refer to its pages, and a reference to one of them may be meant for the whole object.
 * Then it stays allocated in its span, and a bit marks it as waiting until no others
 * refer to any of its pages.  The reference may be for a neighbour in the same page;
 * then it waits unnecessarily, but no longer than that.
 *
 * Called by mcache.c, api.c, heap.c and the worker; calls mcentral.c to free objects that
 * need not wait any longer.  Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/delay.h>
#include <linux/string.h>

static atomic_long_t nr_waiting;

/* The number of waiting objects. */
unsigned long waiting_nr(void)
{
	return atomic_long_read(&nr_waiting);
}

/* Does galloc hold the only references to all pages of an object? */
static bool object_unshared(const void *p, size_t size)
{
	return release_pages_unshared(addr_of(p),
				      PFN_UP(offset_in_page(p) + size));
}

/**
 * waiting_add_nolock() - let an object wait if others refer to its pages
 * @p: address of an object being freed
 * @shared: others do, or did a moment ago
 *
 * Context: Any, NMI only if @shared: a look at the references may restore some.
 * Return: Whether it waits, can be freed now, or waits already.
 */
enum waiting waiting_add_nolock(const void *p, bool shared)
{
	enum waiting waiting = WAITING_NOT;
	struct arena *arena;
	unsigned int page;
	struct object o;

	rcu_read_lock();
	if (mspan_resolve(p, &o) != FOUND_OBJECT ||
	    o.sc->size <= PAGE_SIZE ||
	    test_bit(o.index, o.span->free))
		goto out;
	arena = arena_of(p, &page);
	if (test_bit(page, arena->waiting)) {
		waiting = WAITING_TWICE;
	} else if (shared || !object_unshared(p, o.sc->size)) {
		/* Before the bit: who finds that counts the object as one of them. */
		atomic_long_inc(&nr_waiting);
		galloc_pause(PAUSE_WAIT_BEGINS, p);
		/* Full order. */
		waiting = test_and_set_bit(page, arena->waiting) ? WAITING_TWICE : WAITING_ADDED;
		if (waiting == WAITING_TWICE)
			atomic_long_dec(&nr_waiting);
	}
out:
	rcu_read_unlock();
	if (waiting == WAITING_ADDED) {
		count_event(EVENT_DEFERRED);
		worker_kick(WORKER_SHARED);
	}
	return waiting;
}

/**
 * waiting_add() - the same, and report an object that waits already
 * @p: address of an object being freed
 * @shared: others refer to its pages, or did a moment ago
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if it can be freed now, or is no object above a page.
 */
bool waiting_add(const void *p, bool shared)
{
	enum waiting waiting = waiting_add_nolock(p, shared);

	if (unlikely(waiting == WAITING_TWICE))
		report_fault(FAULT_DOUBLE_FREE, p);
	return waiting != WAITING_NOT;
}

/*
 * The object waits no longer, and is free.  Both under the lock of its row, for which a sweep
 * decides by it: in between the object looks live, and its pages would be another's.
 */
static void end_wait(struct mcentral *c, struct arena *arena, unsigned int page, const void *p)
{
	bool freed = false, owed = false;
	enum mspan_found found;
	unsigned long flags;
	struct object o;

	rcu_read_lock();
	found = mspan_resolve(p, &o);
	galloc_lock(&c->lock, flags);
	clear_bit(page, arena->waiting);
	if (found == FOUND_OBJECT)
		freed = mcentral_mark_nolock(&o, &owed);
	galloc_unlock(&c->lock, flags);
	if (owed)
		mcentral_look(o.span);
	rcu_read_unlock();
	if (unlikely(!freed))
		report_free(p, found);
}

/* Free the object that waits in a page, unless it is still shared. */
static void free_if_unshared(struct arena *arena, unsigned int page)
{
	unsigned long start = arena->start + ((unsigned long)page << PAGE_SHIFT);
	const struct mspan *s = arena_span(arena, page);
	struct mcentral *c = mcentral_of(mspan_row(s));
	unsigned int size = c->sc->size;
	/* The one that begins in this page: each is longer than a page. */
	void *p = (void *)(s->start + roundup(start - s->start, size));

	if (!object_unshared(p, size))
		return;
	if (want_init_on_free() && !rows_keep_contents(c))
		memset(p, 0, size);
	galloc_pause(PAUSE_WAIT_ENDS, p);
	/* From here on a free of it belongs to the next owner, or is detected by its span. */
	if (!c->whole) {
		end_wait(c, arena, page, p);
	} else {
		/* No heap has such a row, which a sweep would find. */
		clear_bit(page, arena->waiting);
		mcentral_free_single(p);
	}
	atomic_long_dec(&nr_waiting);
	count_event(EVENT_DEFERRED_RETURNED);
}

/* Free the objects that others no longer refer to.  Sleeps. */
static void waiting_free(void)
{
	static unsigned long looking;
	struct arena *arena;
	unsigned int page;
	unsigned long nr;
	int own;

	/* One at a time: no other task may free the object under us. */
	if (!waiting_nr() || test_and_set_bit_lock(0, &looking))
		return;
	own = report_own_begin();
	for (nr = 0; waiting_nr() && nr < map_nr_slots(); nr++) {
		for (page = 0; page < ARENA_PAGES; page++) {
			rcu_read_lock();
			arena = map_slot(nr);
			/* data_race(): waiting_add() has the worker look again. */
			page = data_race(find_next_bit(arena->waiting, ARENA_PAGES, page));
			/* The waiting object keeps its span and the slot. */
			rcu_read_unlock();
			if (page < ARENA_PAGES)
				free_if_unshared(arena, page);
			cond_resched();
		}
		if (nr % 64 == 0)
			cond_resched();
	}
	report_own_end(own);
	clear_bit_unlock(0, &looking);
}

/* Number of waiting objects of a span. */
unsigned int waiting_in(const struct mspan *s)
{
	return waiting_nr() ? mspan_count_waiting(s) : 0;
}

static void add_waiting(struct mspan *s, void *arg)
{
	*(unsigned long *)arg += waiting_in(s);
}

/* Number of waiting objects of a set.  Sleeps. */
unsigned long waiting_of(struct rowset *set)
{
	unsigned long n = 0;

	if (waiting_nr())
		rows_walk(set, add_waiting, &n);
	return n;
}

/**
 * waiting_release() - free waiting objects, and deferred pages, if no longer shared
 *
 * Of the latter it looks at a turn, the next call at the next: for reclaim.
 *
 * Context: Sleeps, no galloc lock held.
 * Return: Pages returned to the system.
 */
unsigned long waiting_release(void)
{
	waiting_free();
	return release_unshared(false);
}

/* The same for reclaim of a node, with a turn of that. */
unsigned long waiting_release_of(int nid)
{
	waiting_free();
	return release_deferred(mheaps[nid], false);
}

/* The same for all of them: the worker, unload, and who is to fail otherwise. */
unsigned long waiting_release_all(void)
{
	waiting_free();
	return release_unshared(true);
}

/* Number of waiting objects, plus deferred pages; racy. */
unsigned long waiting_pages(void)
{
	return waiting_nr() + release_shared_pages();
}

/* Wait this long, in ms, for others to drop references, checking at this interval. */
#define WAITING_PATIENCE	3000
#define WAITING_LOOK		50

/* At unload: wait for others to drop their last references, for a limited time. */
void waiting_settle(void)
{
	unsigned int ms;

	for (ms = 0; ms < WAITING_PATIENCE && waiting_pages(); ms += WAITING_LOOK) {
		if (ms)
			msleep(WAITING_LOOK);
		waiting_release_all();
		/* Readers of objects have gone with their module, and so has the worker. */
		retire_end(retire_take());
	}
}
