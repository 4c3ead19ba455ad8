// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * nolock: allocation and free in any context.
 *
 * In an NMI, under any lock, or in a probe of galloc's own code, nothing may wait: the code
 * that was interrupted may hold what would be waited for.  So an allocation takes what this
 * CPU has, or what a lock protects that nobody holds, and is NULL otherwise.
 *
 * A free is never refused.  If the CPU's stacks are busy the object's bit is set, which
 * needs no lock.  What must be done under a lock after that, a look at the span, or to take
 * an object of whole pages apart, is left to the worker by the address of the page, in a
 * bitmap: the span there may be another one by then, and the worker finds out.
 *
 * Called by clients; calls mcache.c, mcentral.c and large.c.  Only its worker has a lock.
 * Overview: galloc_mod.c.
 */
#include "debug/guard.h"
#include "debug/table.h"
#include "mcache.h"
#include "observe/profile.h"

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

/* Flags that mean something, or nothing; others are refused. */
#define NOLOCK_GFP	(__GFP_ZERO | __GFP_NOWARN | __GFP_ACCOUNT | __GFP_HIGH | \
			 __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)

/* Bad pointers of which the report is owed; of more at once some are not reported. */
#define MAX_BAD		8

DEFINE_PER_CPU(u8, galloc_lock_held);

/* There is something for nolock_settle() to do; at a lone page, too. */
static int owed, owed_lone;

/* One task at a time settles: the next waits until what it has taken is done. */
static DEFINE_MUTEX(settling);

static const void *bad[MAX_BAD];

/* Objects that the worker frees; of more at once kmemleak is not told. */
#define MAX_DEFERRED	64

static const void *deferred[MAX_DEFERRED];

/* ---- what is owed --------------------------------------------------------------------- */

/* Have the worker see to what was written before.  Any context. */
static void owe(void)
{
	count_event(EVENT_NOLOCK_OWED);
	/* Full order: pairs with the one in nolock_settle(). */
	xchg(&owed, 1);
	worker_kick(WORKER_NOLOCK);
}

static void owe_look(const void *p)
{
	unsigned int page;
	struct arena *arena = arena_of(p, &page);

	/* Lone pages have no bits of their own: each of them is looked at. */
	if (likely(arena_span(arena, page)))
		set_bit(page, arena->look);
	else
		WRITE_ONCE(owed_lone, 1);
	owe();
}

/* Who sees it may have to wait: the worker frees it.  False if it is to be freed at once. */
static noinline bool defer_free(const void *p)
{
	unsigned int i;

	for (i = 0; i < MAX_DEFERRED; i++) {
		if (!cmpxchg(&deferred[i], NULL, p)) {
			owe();
			return true;
		}
	}
	if (scan_on)
		scan_miss();
	return false;
}

static void settle_deferred(void)
{
	unsigned int i;

	for (i = 0; i < MAX_DEFERRED; i++)
		gfree(xchg(&deferred[i], NULL));
}

/* A report takes locks. */
static void owe_report(const void *p)
{
	unsigned int i;

	for (i = 0; i < MAX_BAD; i++)
		if (!cmpxchg(&bad[i], NULL, p))
			break;
	owe();
}

static void settle_reports(void)
{
	enum mspan_found found;
	struct object o;
	unsigned int i;

	for (i = 0; i < MAX_BAD; i++) {
		const void *p = xchg(&bad[i], NULL);

		if (!p)
			continue;
		rcu_read_lock();
		found = mspan_resolve(p, &o);
		rcu_read_unlock();
		report_free(p, found);
	}
}

/* Do what is owed at the next page of a slot from @page on.  The page, or ARENA_PAGES. */
static unsigned int settle_page(unsigned long nr, unsigned int page)
{
	struct mspan *s = NULL, *dropped = NULL;
	struct arena *arena;
	unsigned int row;

	rcu_read_lock();
	arena = map_slot(nr);
	/* data_race(): a bit that owe_look() sets meanwhile is followed by another look. */
	page = data_race(find_next_bit(arena->look, ARENA_PAGES, page));
	/* Full order: what is freed from here on sets it again. */
	if (page < ARENA_PAGES && test_and_clear_bit(page, arena->look))
		s = arena_span(arena, page);
	if (s && large_claim_dropped(s, &row))
		dropped = s;
	else if (s && mspan_row(s))
		mcentral_look(s);
	rcu_read_unlock();
	if (dropped)
		large_free_dropped(dropped, row);
	return page;
}

/* Spans of a slot's lone pages that are to be looked at, some at a time. */
struct lone_look {
	struct mspan *span[8];
	unsigned int n;
};

static void collect_lone(struct mspan *s, void *arg)
{
	enum mspan_state state = mspan_state(s);
	struct lone_look *look = arg;

	if (look->n < ARRAY_SIZE(look->span) &&
	    ((state == MSPAN_FULL && mspan_has_free(s)) ||
	     (state == MSPAN_PARTIAL && mspan_all_free(s))))
		look->span[look->n++] = s;
}

/* Look at lone pages of a slot.  True if there may be more. */
static bool settle_lone(unsigned long nr)
{
	struct lone_look look = { };
	unsigned int i;

	/* One read section: it keeps the descriptors mspans. */
	rcu_read_lock();
	map_lone_walk(nr, collect_lone, &look);
	for (i = 0; i < look.n; i++)
		mcentral_look(look.span[i]);
	rcu_read_unlock();
	return look.n == ARRAY_SIZE(look.span);
}

/* Do what is owed, if anything is. */
static bool settle(void)
{
	unsigned int page;
	unsigned long nr;
	bool lone;
	int own;

	lockdep_assert_held(&settling);
	/* Full order: whatever is owed from here on sets it again. */
	if (!xchg(&owed, 0))
		return false;
	own = report_own_begin();
	lone = xchg(&owed_lone, 0);
	settle_reports();
	settle_deferred();
	for (nr = 0; nr < map_nr_slots(); nr++) {
		for (page = 0; page < ARENA_PAGES; page++) {
			page = settle_page(nr, page);
			cond_resched();
		}
		while (lone && settle_lone(nr))
			cond_resched();
		if (nr % 64 == 0)
			cond_resched();
	}
	report_own_end(own);
	return true;
}

/**
 * nolock_settle() - do what gfree_nolock() has left to be done
 *
 * Context: Process, no galloc lock held.  Sleeps.
 */
void nolock_settle(void)
{
	mutex_lock(&settling);
	settle();
	mutex_unlock(&settling);
}

/* A request waits so long, in jiffies, for a task that settles now. */
#define SETTLE_PATIENCE		DIV_ROUND_UP(HZ, 20)

/**
 * nolock_relieve() - do it for a request that lacks memory
 * @gfp: its flags
 *
 * The worker may come late, or be kept from its CPU altogether.  So may a task that settles,
 * and the caller may hold what that waits for: it is not waited for without end.
 *
 * Context: Any but NMI, no galloc lock held.  Does nothing where the caller cannot sleep.
 * Return: Whether anything was done, by the caller or by somebody else meanwhile.
 */
bool nolock_relieve(gfp_t gfp)
{
	unsigned long end = jiffies + SETTLE_PATIENCE;
	bool done = false;

	if (!gfpflags_allow_blocking(gfp) || !may_call_system() ||
	    (!READ_ONCE(owed) && !mutex_is_locked(&settling)))
		return false;
	while (!mutex_trylock(&settling)) {
		if (time_after(jiffies, end))
			return false;
		schedule_timeout_uninterruptible(1);
		done = true;
	}
	done |= settle();
	mutex_unlock(&settling);
	return done;
}

/* ---- allocation ------------------------------------------------------------------------ */

/* An object of this CPU's stack, or of a span of its node. */
static void *small_nolock(unsigned int class, gfp_t flags)
{
	void *p = mcache_pop_nolock(class);

	if (!p && api_is_ready())
		p = mcentral_take_nolock(mcentral_row(capacity_node(), class));
	if (p && gate_has_tables())
		gate_see_taken(p, true);
	if (p && want_init_on_alloc(flags))
		memset(p, 0, sizeclasses[class].size);
	return p;
}

/* Whole pages: a run that the CPU keeps. */
static void *pages_nolock(size_t size, gfp_t flags)
{
	size_t align = max_t(size_t, size & -size, PAGE_SIZE);
	struct mspan *s;

	if (!api_is_ready())
		return NULL;
	if (size > ARENA_SIZE)
		return NULL;
	s = stash_alloc(PAGE_ALIGN(size) >> PAGE_SHIFT, align >> PAGE_SHIFT, capacity_node());
	return s ? large_hand_out(s, 0, flags) : NULL;
}

/**
 * galloc_nolock() - allocate memory in any context
 * @size: bytes wanted
 * @flags: __GFP_ZERO, or 0; __GFP_ACCOUNT, GFP_NOWAIT and GFP_ATOMIC are accepted and
 *	change nothing
 *
 * Never spins, and never gets pages from the system.  Serves what this CPU has: its stack,
 * if the code that was interrupted does not work on it, or else a span of its node, if
 * nobody holds the lock.  So it may be NULL at any time, although there is memory.
 *
 * Context: Any, NMI too.
 * Return: As galloc(); NULL with one warning for any other flag.
 */
void *galloc_nolock(size_t size, gfp_t flags)
{
	unsigned int class = sizeclass_of(size);
	size_t takes;
	void *p;

	if (!size)
		return ZERO_SIZE_PTR;
	if (WARN_ONCE(flags & ~NOLOCK_GFP, "galloc: %s() with gfp %#x\n", __func__,
		      (__force unsigned int)flags))
		return NULL;
	p = class ? small_nolock(class, flags) : pages_nolock(size, flags);
	if (!p)
		return NULL;
	if (gate_is_watched())
		gate_see_alloc_nolock(p, size, flags);
	takes = class ? sizeclasses[class].size : PAGE_ALIGN(size);
	if (sample_is_on() && sample_by_bytes(takes))
		profile_add(p, takes, true);
	return p;
}
EXPORT_SYMBOL_GPL(galloc_nolock);

/* ---- free ------------------------------------------------------------------------------ */

/* Those who watch see it.  False: it is free already. */
static bool see_free(const void *p)
{
	profile_forget(p, true);
	return gate_see_free_nolock(p);
}

/* In an RCU read section.  False if it is no live object. */
static bool free_small(const void *p, const struct object *o)
{
	unsigned int page;
	struct arena *arena = arena_of(p, &page);
	bool look = false;

	if (test_bit(o->index, o->span->free) || test_bit(page, arena->waiting) ||
	    mcache_is_top(p, o->row))
		return false;
	if (gate_has_watchers() && !see_free(p))
		return false;
	/* Also if references are missing: who restores them reports that, and takes locks. */
	if (o->sc->size > PAGE_SIZE &&
	    !release_pages_untouched(addr_of(p), PFN_UP(offset_in_page(p) + o->sc->size)))
		return waiting_add_nolock(p, true) == WAITING_ADDED;
	if (want_init_on_free() && !rows_keep_contents(o->c)) {
		wipe_object(p, o->sc->size);
		if (mcache_push(p))
			return true;
	}
	if (!mcentral_mark_nolock(o, &look))
		return false;
	if (look)
		owe_look(p);
	return true;
}

/**
 * gfree_nolock() - free an object in any context
 * @p: from any allocating function of galloc; NULL and ZERO_SIZE_PTR are fine
 *
 * Never spins, and is never refused.  Where gfree() would need a lock the worker does the
 * rest, and reports a bad pointer.
 *
 * Context: Any, NMI too.
 */
void gfree_nolock(const void *p)
{
	struct object o;
	bool done;

	if (ZERO_OR_NULL_PTR(p))
		return;
	p = untag(p);
	if (!want_init_on_free() && mcache_push(p))
		return;
	if (guard_any() && guard_free(p, true))
		return;
	rcu_read_lock();
	if ((scan_on || bytes_zones_end()) && defer_free(p)) {
		rcu_read_unlock();
		return;
	}
	if (mspan_resolve(p, &o) == FOUND_OBJECT) {
		done = free_small(p, &o);
	} else {
		done = (!gate_has_watchers() || see_free(p)) && large_drop(p);
		if (done)
			owe_look(p);
	}
	rcu_read_unlock();
	if (!done)
		owe_report(p);
}
EXPORT_SYMBOL_GPL(gfree_nolock);
