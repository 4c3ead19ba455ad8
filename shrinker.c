// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * shrinker: returning memory when the system is short of it.
 *
 * Called by reclaim and by the OOM killer, in their context.  Never waits and never
 * takes the hotplug lock: code that brings up a CPU allocates under it.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/ratelimit.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

/* For this long after a call by reclaim, freed memory is returned quickly. */
#define WAKE_TIME		(HZ + HZ / 4)

/* That begins anew while so many more pages become free, but not more often. */
#define WAKE_PAGES		SWAP_CLUSTER_MAX
#define WAKE_MORE		40

struct shrinker *galloc_shrinker;

/* When that period ends. */
static unsigned long wake_end;

/* How often it may begin anew until the next call. */
static unsigned int wake_more;

/* Bytes that CPUs and transfers of a node may hold, which a drain would free; racy. */
static unsigned long cached_bytes_of(int nid)
{
	unsigned long held = transfer_bytes(nid);
	int cpu;

	for_each_possible_cpu(cpu)
		if (mcache_racy(per_cpu(galloc_mcache, cpu).nid) == nid)
			held += mcache_racy(per_cpu(galloc_mcache, cpu).held) -
				atomic_long_read(&per_cpu(galloc_mcache, cpu).unheld);
	return held;
}

/* The same of all nodes. */
static unsigned long cached_bytes(void)
{
	unsigned long held = 0;
	int nid;

	for_each_node(nid)
		held += cached_bytes_of(nid);
	return held;
}

/* What a drain may free of a node.  What waits for RCU, or for readers, may be of any. */
static unsigned long drainable_bytes(int nid)
{
	unsigned long n, waiting;

	rcu_batches_waiting(&n, &waiting);
	return cached_bytes_of(nid) + waiting + quarantine_bytes() + (retire_pages() << PAGE_SHIFT);
}

/*
 * Reclaimable: free runs, what the CPUs cache, and what waits for RCU, but never below
 * the reserve, which covers the pages in use, too; and kept chunks, which it does not.
 *
 * All of the node that is short, which reclaim names even if a shrinker does not ask for it:
 * while galloc returned pages of another one, kswapd would never give up a node for which
 * nothing can be done, and empty all others.
 */
static unsigned long shrink_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	struct mheap *h = mheap_of(sc->nid);
	/* data_race(): stale in any case. */
	unsigned long kept = data_race(h->kept_pages);
	/* data_race(): as above. */
	unsigned long pages = data_race(h->free_pages) + data_race(h->deferred_pages);

	pages += drainable_bytes(sc->nid) >> PAGE_SHIFT;
	/* Some may have gone in between. */
	pages -= min(pages, kept + release_stays(sc->nid));
	return (kept + min(pages, arena_spare_pages())) ?: SHRINK_EMPTY;
}

/*
 * Return free runs of the node.  If they are not enough, what gfree_rcu() has queued begins
 * its grace period, and the CPUs drain, for the next call.  It waits for nothing: reclaim calls
 * for a few pages at a time, in tasks that have nothing to do with galloc.
 */
static unsigned long shrink_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	nodemask_t node = nodemask_of_node(sc->nid);
	unsigned long freed;

	count_event(EVENT_SHRINKER);
	quarantine_flush(true);
	freed = waiting_release_of(sc->nid);
	/* Reclaim may sleep, otherwise it would not call shrinkers. */
	freed += release_runs_of(&node, sc->nr_to_scan, true);
	mm_account_reclaimed_pages(freed);
	if (freed < sc->nr_to_scan && drainable_bytes(sc->nid))
		drain_kick();
	WRITE_ONCE(wake_more, WAKE_MORE);
	WRITE_ONCE(wake_end, jiffies + WAKE_TIME);
	worker_kick(WORKER_WAKE);
	return freed ?: SHRINK_STOP;
}

/**
 * shrinker_wake() - return memory that is freed soon after a call by reclaim
 *
 * Much of what reclaim frees, such as inodes, reaches galloc only a grace period later,
 * after our shrinker was called.  The second call drains classes that are no longer
 * used.  Memory must have been free since the call before, and not be about to be used up.
 * While memory keeps coming it goes on, for ten seconds more at most: a grace period may
 * take long, and each wave needs some calls.
 *
 * Context: The worker.
 * Return: True if it should be called again.
 */
bool shrinker_wake(void)
{
	static unsigned long before;
	unsigned long now = mheap_free_pages();

	drain_tick();
	if (now >= before + WAKE_PAGES && READ_ONCE(wake_more)) {
		/* A call by reclaim meanwhile begins anew, too. */
		WRITE_ONCE(wake_more, wake_more - 1);
		WRITE_ONCE(wake_end, jiffies + WAKE_TIME);
	}
	release_runs(release_unused(before, now), true);
	before = mheap_free_pages();
	return time_before(jiffies, READ_ONCE(wake_end));
}

/* How often in a row a process may be spared: OOM_SPARES times, not OOM_PAUSE apart. */
#define OOM_SPARES		16
#define OOM_PAUSE		(10 * HZ)

/*
 * May a process be spared for what has been returned?  The kernel then repeats the request
 * that failed.  If that does not help, because what is lacking is a longer run or because a
 * client takes the pages at once, one process has to go, or the request would never end.
 * Callers have the kernel's oom_lock.
 */
static bool may_spare(void)
{
	static unsigned int spared;
	static unsigned long last;

	if (spared && time_after(jiffies, last + OOM_PAUSE))
		spared = 0;
	last = jiffies;
	if (spared++ < OOM_SPARES)
		return true;
	spared = 0;
	return false;
}

/**
 * shrinker_oom() - return all free memory before the OOM killer acts
 *
 * Prints one line with galloc's share of memory.
 *
 * Context: Process.  Sleeps.
 * Return: Pages returned.  0 if they are few, which does not justify sparing the
 * process: the next request would fail again; or if too many have been spared.
 */
unsigned long shrinker_oom(void)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	unsigned long pages;

	nolock_relieve(GFP_KERNEL);
	pages = waiting_release_all();
	rcu_batches_relieve(GFP_KERNEL);
	quarantine_flush(true);
	drain_relieve(GFP_KERNEL);
	retire_relieve(NULL, GFP_KERNEL);
	pages += release_runs(ULONG_MAX, true);
	if (__ratelimit(&limit))
		pr_warn("out of memory: %lu kB returned, %lu kB held, %lu kB of that metadata, up to %lu kB cached\n",
			pages << (PAGE_SHIFT - 10), arena_held_bytes() >> 10,
			arena_meta_bytes() >> 10, cached_bytes() >> 10);
	return pages >= SWAP_CLUSTER_MAX && may_spare() ? pages : 0;
}

static int oom_notify(struct notifier_block *nb, unsigned long action, void *freed)
{
	*(unsigned long *)freed += shrinker_oom();
	return NOTIFY_OK;
}

static struct notifier_block oom_nb = {
	.notifier_call = oom_notify,
};

int shrinker_init(void)
{
	int err;

	galloc_shrinker = galloc_fail(0) ? NULL : galloc_shrinker_alloc();
	if (!galloc_shrinker)
		return -ENOMEM;
	galloc_shrinker->count_objects = shrink_count;
	galloc_shrinker->scan_objects = shrink_scan;
	galloc_shrinker->seeks = DEFAULT_SEEKS;
	err = galloc_fail(0) ? -ENOMEM :
	      galloc_shrinker_register(galloc_shrinker);
	if (err)
		goto err_shrinker;
	err = galloc_fail(0) ? -ENOMEM : register_oom_notifier(&oom_nb);
	if (err)
		goto err_registered;
	return 0;

err_registered:
	galloc_shrinker_free(galloc_shrinker);
	return err;
err_shrinker:
	galloc_shrinker_abandon(galloc_shrinker);
	return err;
}

void shrinker_exit(void)
{
	unregister_oom_notifier(&oom_nb);
	galloc_shrinker_free(galloc_shrinker);
}
