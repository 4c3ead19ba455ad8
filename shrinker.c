// SPDX-License-Identifier: GPL-2.0
/*
 * shrinker: what galloc gives when the system is short of memory.
 *
 * Called by reclaim, in its context.  Never waits and never takes the hotplug
 * lock: CPUs are brought up under it by code that allocates.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/shrinker.h>

struct shrinker *galloc_shrinker;

/*
 * What could go: free runs, and what the CPUs cache; but the reserve is of all
 * pages, those in use too.
 */
static unsigned long shrink_count(struct shrinker *shrinker,
				  struct shrink_control *sc)
{
	unsigned long pages = mheap_free_pages() +
			      (mcache_held_bytes() >> PAGE_SHIFT);

	return min(pages, arena_spare_pages()) ?: SHRINK_EMPTY;
}

/* Give back free runs; if they do not suffice, the CPUs drain for the next time. */
static unsigned long shrink_scan(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	unsigned long freed;

	count_event(EVENT_SHRINKER);
	/* Reclaim may sleep, or it would not call shrinkers. */
	freed = mheap_release(sc->nr_to_scan, RELEASE_ALL, true);
	mm_account_reclaimed_pages(freed);
	/* What the free runs did not give. */
	if (freed < sc->nr_to_scan)
		mcache_shrink_async();
	return freed ?: SHRINK_STOP;
}

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
		galloc_shrinker_abandon(galloc_shrinker);
	return err;
}

void shrinker_exit(void)
{
	galloc_shrinker_free(galloc_shrinker);
}
