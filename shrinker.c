// SPDX-License-Identifier: GPL-2.0
/*
 * shrinker: what galloc gives when the system is short of memory.
 *
 * Called by reclaim and by the OOM killer, in their context.  Never waits and never
 * takes the hotplug lock: CPUs are brought up under it by code that allocates.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/ratelimit.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

/* So long after reclaim has asked, what is freed follows quickly. */
#define WAKE_TIME		HZ

struct shrinker *galloc_shrinker;

/* When reclaim's wake ends. */
static unsigned long wake_end;

/*
 * What could go: free runs, and what the CPUs cache; but the reserve is of all
 * pages, those in use too.
 */
static unsigned long shrink_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	unsigned long pages = mheap_free_pages() +
			      (drain_held_bytes() >> PAGE_SHIFT);

	return min(pages, arena_spare_pages()) ?: SHRINK_EMPTY;
}

/* Give back free runs; if they do not suffice, the CPUs drain for the next time. */
static unsigned long shrink_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	unsigned long freed;

	count_event(EVENT_SHRINKER);
	freed = release_unshared();
	/* Reclaim may sleep, or it would not call shrinkers. */
	freed += release_runs(sc->nr_to_scan, RELEASE_ALL, true);
	mm_account_reclaimed_pages(freed);
	/* What the free runs did not give. */
	if (freed < sc->nr_to_scan)
		drain_kick();
	WRITE_ONCE(wake_end, jiffies + WAKE_TIME);
	worker_kick(WORKER_WAKE);
	return freed ?: SHRINK_STOP;
}

/**
 * shrinker_wake() - give back what is freed soon after reclaim has asked
 *
 * Much of what reclaim frees is ours only a grace period later, inodes for example,
 * when our shrinker has been called already.  Classes that do not go on being used
 * are drained at the second look.
 *
 * Context: The worker.
 * Return: True if it is to look again.
 */
bool shrinker_wake(void)
{
	drain_tick();
	release_runs(ULONG_MAX, RELEASE_ALL, true);
	return time_before(jiffies, READ_ONCE(wake_end));
}

/**
 * shrinker_oom() - give what there is before a process is killed for want of memory
 *
 * One line says what part of all memory galloc has.
 *
 * Context: Process.  Sleeps.
 * Return: Pages given back.  None if they are few, which is no reason to spare the
 * process: the next request would be here again.
 */
unsigned long shrinker_oom(void)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	unsigned long pages;

	drain_relieve(GFP_KERNEL);
	pages = release_runs(ULONG_MAX, RELEASE_ALL, true);
	if (__ratelimit(&limit))
		pr_warn("out of memory: %lu kB given back, %lu kB held, %lu kB of that for its own tables, up to %lu kB cached\n",
			pages << (PAGE_SHIFT - 10), arena_held_bytes() >> 10,
			arena_meta_bytes() >> 10, drain_held_bytes() >> 10);
	return pages >= SWAP_CLUSTER_MAX ? pages : 0;
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
