// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_hog: take the machine's memory away, until rmmod.
 *
 * To see what galloc does where there is none, none on one node, or only
 * fragments: memory is taken in units of an order, and with half=1 every other
 * unit is returned.  No two of those are buddies, so that nothing larger than
 * a unit is free then.
 *
 * Returns some to other tasks that need memory, so that nothing is killed.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/oom.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "param.h"

PARAM(int, node, NUMA_NO_NODE, "take from this node only; -1: from all");

PARAM(uint, order, 0, "order of a unit");
PARAM(ulong, leave_mb, 32, "stop when a node has no more than this free");
PARAM(bool, half, false, "give every other unit back");
PARAM(bool, reclaim, false, "have the system reclaim memory for it");

/* Bytes returned before an OOM kill. */
#define RELIEF	SZ_1M

static LIST_HEAD(units);
static unsigned long nr_units;

static unsigned long free_mb(int nid)
{
	unsigned long pages = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		pages += zone_page_state(&NODE_DATA(nid)->node_zones[i],
					 NR_FREE_PAGES);
	return pages >> (20 - PAGE_SHIFT);
}

/*
 * No OOM kill: it takes what is available.  Cleared, so that code that
 * still uses such a page loses its data.
 */
static gfp_t hog_gfp(void)
{
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_NORETRY | __GFP_NOWARN |
		    __GFP_THISNODE;

	return reclaim ? gfp : gfp & ~__GFP_RECLAIM;
}

static void take_node(int nid)
{
	struct page *page;

	while (free_mb(nid) > leave_mb) {
		page = alloc_pages_node(nid, hog_gfp(), order);
		if (!page)
			break;
		list_add(&page->lru, &units);
		nr_units++;
		cond_resched();
	}
}

static void give_unit(struct page *page)
{
	list_del(&page->lru);
	__free_pages(page, order);
	nr_units--;
}

/* The buddy of each returned unit is kept. */
static void give_half(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &units, lru)
		if (page_to_pfn(page) >> order & 1)
			give_unit(page);
}

/* Called one at a time, and only between hog_init() and hog_exit(). */
static int hog_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	unsigned long given = 0;

	while (given < RELIEF >> PAGE_SHIFT && !list_empty(&units)) {
		give_unit(list_first_entry(&units, struct page, lru));
		given += 1UL << order;
	}
	*(unsigned long *)freed += given;
	return NOTIFY_OK;
}

static struct notifier_block hog_oom_nb = {
	.notifier_call = hog_oom,
};

static int __init hog_init(void)
{
	int nid;

	if (order > MAX_PAGE_ORDER)
		return -EINVAL;
	for_each_node_state(nid, N_MEMORY)
		if (node == NUMA_NO_NODE || node == nid)
			take_node(nid);
	if (half)
		give_half();
	pr_info("galloc_hog: %lu MB taken, in %lu units of order %u\n",
		nr_units >> (20 - PAGE_SHIFT - order), nr_units, order);
	return register_oom_notifier(&hog_oom_nb);
}

static void __exit hog_exit(void)
{
	struct page *page, *next;

	unregister_oom_notifier(&hog_oom_nb);
	list_for_each_entry_safe(page, next, &units, lru) {
		give_unit(page);
		cond_resched();
	}
}

module_init(hog_init);
module_exit(hog_exit);

MODULE_DESCRIPTION("Takes memory away, to test galloc without");
MODULE_LICENSE("GPL");
