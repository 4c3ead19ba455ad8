// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * relief: what is done for a request that found no memory, before it is tried again.
 *
 * Called by api.c, and by client/heap.c for owners; calls whoever may have something to
 * release.  Owns no lock.  Overview: galloc_mod.c.
 */
#include "mcache.h"

/**
 * relief_for() - release what is owed, waits, is cached or free
 * @gfp: flags of the request
 * @npages: so many pages at least to the system: they no longer count against the limit,
 *	and can be had at another order
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 */
void relief_for(gfp_t gfp, unsigned long npages)
{
	nolock_relieve(gfp);
	rcu_batches_relieve(gfp);
	quarantine_flush(gfpflags_allow_blocking(gfp));
	drain_relieve(gfp);
	retire_relieve(NULL, gfp);
	if (gfpflags_allow_blocking(gfp) && may_call_system())
		waiting_release_all();
	release_relieve(gfp, npages);
}
