// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * relief: what is done for a request that found no memory, before it is tried again.
 *
 * Called by api.c, and by client/heap.c for owners; calls whoever may have something to
 * release.  Owns no lock.  Overview: galloc_mod.c.
 */
#include "mcache.h"

/*
 * After requests have waited for others in vain, those that need as many pages do not wait for
 * so long, in jiffies.
 */
#define RELIEF_PAUSE	DIV_ROUND_UP(HZ, 2)

/* When that ends, 0: never yet; and the fewest pages that have been waited for. */
static u32 vain_until;
static u32 vain_pages;

/* Not by their order, which turns round when jiffies have gone on for long enough. */
static bool vain_is_fresh(void)
{
	u32 until = READ_ONCE(vain_until);

	return until && until - (u32)jiffies <= RELIEF_PAUSE + 1;
}

/*
 * May a request do without the wait for a grace period and for other CPUs?  One that asks for
 * a long run takes what is at hand, or something else: the page allocator tries no harder for it,
 * either.  Then each of many is not to wait for what the one before has had freed.
 */
static bool relief_is_vain(gfp_t gfp, unsigned long npages)
{
	if (gfp & (__GFP_NOFAIL | __GFP_RETRY_MAYFAIL))
		return false;
	if (npages <= (gfp & __GFP_NORETRY ? 1 : 1UL << PAGE_ALLOC_COSTLY_ORDER))
		return false;
	return npages >= READ_ONCE(vain_pages) && vain_is_fresh();
}

#ifdef CONFIG_GALLOC_KUNIT
/* As if that had been long ago. */
void relief_forget(void)
{
	WRITE_ONCE(vain_until, 0);
}
#endif

/**
 * relief_failed() - after relief_for() there still is no memory
 * @gfp: flags of the request
 * @npages: pages that it needs
 *
 * Context: Any but NMI.
 */
void relief_failed(gfp_t gfp, unsigned long npages)
{
	if (!gfpflags_allow_blocking(gfp) || relief_is_vain(gfp, npages))
		return;
	/* Racy: a guess. */
	if (!vain_is_fresh() || npages < READ_ONCE(vain_pages))
		WRITE_ONCE(vain_pages, npages);
	WRITE_ONCE(vain_until, (u32)(jiffies + RELIEF_PAUSE) | 1);
}

/**
 * relief_for() - release what is owed, waits, is cached or free
 * @gfp: flags of the request
 * @npages: pages that it needs: so many at least go to the system, where they no longer
 *	count against the limit, and can be had at another order
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 */
void relief_for(gfp_t gfp, unsigned long npages)
{
	/* Others are asked all the same. */
	gfp_t wait = relief_is_vain(gfp, npages) ? gfp & ~__GFP_DIRECT_RECLAIM : gfp;

	nolock_relieve(gfp);
	rcu_batches_relieve(wait);
	quarantine_flush(gfpflags_allow_blocking(gfp));
	drain_relieve(wait);
	retire_relieve(NULL, wait);
	if (gfpflags_allow_blocking(gfp) && may_call_system())
		waiting_release_all();
	release_relieve(gfp, npages);
}
