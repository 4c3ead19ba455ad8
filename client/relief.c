// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * relief: what is done for a request that found no memory, before it is tried again.
 *
 * Called by api.c, and by client/heap.c for owners; calls whoever may have something to
 * release.  Owns no lock.  Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/nodemask.h>

/*
 * After requests for a node have waited for others in vain, those that need as many pages do
 * not wait for so long, in jiffies.
 */
#define RELIEF_PAUSE	DIV_ROUND_UP(HZ, 2)

/* Nor, for so long, after one that has helped: else one or the other would wait all the time. */
#define RELIEF_REST	DIV_ROUND_UP(HZ, 10)

/* Not by their order, which turns round when jiffies have gone on for long enough. */
static bool vain_is_fresh(const struct arena_scarce *scarce)
{
	u32 until = READ_ONCE(scarce->vain_until);

	return until && until - (u32)jiffies <= RELIEF_PAUSE + 1;
}

static struct arena_scarce *scarce_of(int nid)
{
	return &arena_scarce[nid == NUMA_NO_NODE ? capacity_node() : nid];
}

/* A request that has something else to take may go without so many pages. */
static unsigned long tries_hard_for(gfp_t gfp)
{
	if (!(gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL)))
		return 1UL << PAGE_ALLOC_COSTLY_ORDER;
	return gfp & __GFP_THISNODE ? 0 : 1;
}

/* May a request do without the wait for a grace period and for other CPUs? */
static bool may_do_without(gfp_t gfp, unsigned long npages)
{
	return !(gfp & __GFP_NOFAIL) && npages > tries_hard_for(gfp);
}

/*
 * Does it?  One that asks for a long run, or for a node alone, takes what is at hand, or
 * something else: the page allocator tries no harder for it, either.  Then each of many is not
 * to wait for what the one before has had freed, nor several at a time.
 */
static bool relief_is_vain(gfp_t gfp, unsigned long npages, int nid)
{
	const struct arena_scarce *scarce = scarce_of(nid);

	return may_do_without(gfp, npages) && npages >= READ_ONCE(scarce->vain_pages) &&
	       vain_is_fresh(scarce);
}

/* Until further notice it is in vain to wait for so many pages. */
static void relief_mark(struct arena_scarce *scarce, unsigned long npages)
{
	/* Racy: a guess. */
	if (!vain_is_fresh(scarce) || npages < READ_ONCE(scarce->vain_pages))
		WRITE_ONCE(scarce->vain_pages, npages);
	WRITE_ONCE(scarce->vain_until, (u32)(jiffies + RELIEF_PAUSE) | 1);
}

#ifdef CONFIG_GALLOC_KUNIT
/* As if that had been long ago. */
void relief_forget(void)
{
	int nid;

	for_each_node(nid)
		WRITE_ONCE(arena_scarce[nid].vain_until, 0);
}
#endif

/**
 * relief_over() - a request has been tried again after relief_for()
 * @npages: pages that it needs
 * @nid: node wanted, NUMA_NO_NODE: the CPU's own
 * @waited: what relief_for() has returned
 * @served: it has found memory
 *
 * Context: Any but NMI.
 */
void relief_over(unsigned long npages, int nid, bool waited, bool served)
{
	struct arena_scarce *scarce = scarce_of(nid);

	if (!waited)
		return;
	if (!served)
		relief_mark(scarce, npages);
	else if (npages <= READ_ONCE(scarce->vain_pages))
		WRITE_ONCE(scarce->vain_until, (u32)(jiffies + RELIEF_REST) | 1);
}

/*
 * Return free runs to the system, where they no longer count against the limit, and are
 * available at another order: all of them for a long run, since any may be what keeps its
 * block from being whole.  A caller that may not sleep does little of that, and the worker
 * does the rest.
 */
void relief_return(gfp_t gfp, unsigned long npages)
{
	unsigned long pages = npages > 1UL << PAGE_ALLOC_COSTLY_ORDER ? LONG_MAX : ARENA_PAGES;

	worker_kick(WORKER_NOW);
	if (!may_call_system())
		return;
	release_runs(pages, gfpflags_allow_blocking(gfp));
}

/**
 * relief_for() - release what is owed, waits, is cached or free
 * @gfp: flags of the request
 * @npages: pages that it needs: so many at least go to the system, where they no longer
 *	count against the limit, and can be had at another order
 * @nid: node wanted, NUMA_NO_NODE: the CPU's own
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 * Return: Whether it waited, for relief_over().
 */
bool relief_for(gfp_t gfp, unsigned long npages, int nid)
{
	bool waits = gfpflags_allow_blocking(gfp) && !relief_is_vain(gfp, npages, nid);
	/* Others are asked all the same. */
	gfp_t wait = waits ? gfp : gfp & ~__GFP_DIRECT_RECLAIM;

	if (waits && may_do_without(gfp, npages))
		relief_mark(scarce_of(nid), npages);

	nolock_relieve(gfp);
	rcu_batches_relieve(wait);
	quarantine_flush(gfpflags_allow_blocking(gfp));
	drain_relieve(wait);
	retire_relieve(NULL, wait);
	if (gfpflags_allow_blocking(gfp) && may_call_system())
		waiting_release_all();
	relief_return(gfp, npages);
	return waits;
}
