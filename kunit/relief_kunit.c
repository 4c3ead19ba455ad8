// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: requests that find no memory: which of them wait for what others have, and what is
 * returned for them, see client/relief.c.
 */
#include "helpers.h"

#include <linux/sizes.h>

static struct task_struct *asker;
static unsigned int waits;
static bool others_wait;

static void count_waits(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_RCU_SUM || current != asker)
		return;
	waits++;
	others_wait |= !READ_ONCE(arena_scarce[gk_nid()].vain_until);
}

/* How often a request that finds no memory looks for what to wait for. */
static unsigned int waits_of(struct kunit *test, size_t size, gfp_t more)
{
	asker = current;
	waits = 0;
	WRITE_ONCE(galloc_pause_hook, count_waits);
	KUNIT_EXPECT_NULL(test, galloc(size, GFP_KERNEL | __GFP_NOWARN | more));
	WRITE_ONCE(galloc_pause_hook, NULL);
	return waits;
}

/* Of two requests the second does not wait: that is so for half a second. */
static void waited_for_once(struct kunit *test, size_t size, size_t next, gfp_t more)
{
	unsigned int again, rounds = 0;
	unsigned long begin;

	do {
		relief_forget();
		KUNIT_EXPECT_EQ(test, waits_of(test, size, more), 1);
		begin = jiffies;
		again = waits_of(test, next, more);
	} while (again && time_after(jiffies, begin + HZ / 4) && ++rounds < 20);
	KUNIT_EXPECT_EQ(test, again, 0);
}

/* One that tries a long run before it takes something else: else each try takes 50 ms. */
static void a_long_run_is_waited_for_once(struct kunit *test)
{
	gk_starve(test);
	waited_for_once(test, SZ_1M, SZ_1M, __GFP_NORETRY);
	waited_for_once(test, SZ_1M, SZ_2M, 0);
	waited_for_once(test, PAGE_SIZE * 2, SZ_16K, __GFP_RETRY_MAYFAIL);
	/* A shorter one may have more luck. */
	waited_for_once(test, SZ_1M, SZ_1M, __GFP_NORETRY);
	KUNIT_EXPECT_EQ(test, waits_of(test, SZ_64K, __GFP_NORETRY), 1);
	/* So is one that is no long run, whatever did not help before. */
	KUNIT_EXPECT_EQ(test, waits_of(test, PAGE_SIZE, __GFP_NORETRY), 1);
	KUNIT_EXPECT_EQ(test, waits_of(test, PAGE_SIZE, __GFP_NORETRY), 1);
	KUNIT_EXPECT_EQ(test, waits_of(test, PAGE_SIZE, __GFP_THISNODE), 1);
	gk_unlimit(test);
}

/* Nor do several wait at a time; if that has helped, another may sooner. */
static void one_of_them_waits(struct kunit *test)
{
	const u32 *until = &arena_scarce[gk_nid()].vain_until;
	u32 then;

	gk_pin(gk_cpu(0));
	gk_starve(test);
	relief_forget();
	others_wait = false;
	KUNIT_EXPECT_EQ(test, waits_of(test, SZ_1M, __GFP_NORETRY), 1);
	KUNIT_EXPECT_FALSE(test, others_wait);
	gk_unlimit(test);

	/* Of more than a tenth of a second, from then on: in vain. */
	then = jiffies;
	relief_over(4, gk_nid(), true, false);
	KUNIT_EXPECT_GT(test, (s32)(*until - then), HZ / 5);
	then = jiffies;
	relief_over(4, gk_nid(), false, true);
	KUNIT_EXPECT_GT(test, (s32)(*until - then), HZ / 5);
	then = jiffies;
	relief_over(SZ_2M >> PAGE_SHIFT, gk_nid(), true, true);
	KUNIT_EXPECT_GT(test, (s32)(*until - then), HZ / 5);
	relief_over(4, gk_nid(), true, true);
	KUNIT_EXPECT_NE(test, *until, 0);
	KUNIT_EXPECT_LE(test, (s32)(*until - (u32)jiffies), HZ / 10 + 2);
	relief_forget();
}

/* So is a page of a node, of one that tries another node then. */
static void and_so_is_a_page_of_a_node(struct kunit *test)
{
	gk_starve(test);
	waited_for_once(test, PAGE_SIZE, PAGE_SIZE, __GFP_NORETRY | __GFP_THISNODE);
	gk_unlimit(test);
}

#define USED_UP_OBJECTS	512

/*
 * Neither for a request that finds nothing nor for reclaim: what is returned there cannot be
 * had again.  Before a process is killed for it all goes.
 */
static void keep_a_few_pages(struct kunit *test, bool by_limit)
{
	struct shrink_control sc = {
		.gfp_mask = GFP_KERNEL, .nid = gk_nid(), .nr_to_scan = USED_UP_OBJECTS
	};
	void **objects = kunit_kcalloc(test, USED_UP_OBJECTS, sizeof(*objects), GFP_KERNEL);
	const unsigned long stay = SZ_256K >> PAGE_SHIFT;
	struct mheap *h = mheap_of(gk_nid());
	unsigned long free;
	unsigned int i;

	gk_pin(gk_cpu(0));
	WRITE_ONCE(galloc_reserve_pages, 0);
	release_runs(ULONG_MAX, true);
	WRITE_ONCE(nodes_seem_used_up, true);
	for (i = 0; i < USED_UP_OBJECTS; i++)
		objects[i] = galloc_node(PAGE_SIZE, GFP_KERNEL | __GFP_THISNODE, gk_nid());
	KUNIT_EXPECT_NOT_NULL(test, objects[USED_UP_OBJECTS - 1]);
	for (i = 0; i < USED_UP_OBJECTS; i += 2)
		gfree(objects[i]);
	drain_cpus();
	free = READ_ONCE(h->free_pages);
	KUNIT_EXPECT_GE(test, free, stay);
	relief_return(GFP_KERNEL, 1);
	free = READ_ONCE(h->free_pages);
	KUNIT_EXPECT_EQ(test, free, stay);
	relief_return(GFP_KERNEL, 256);
	free = READ_ONCE(h->free_pages);
	KUNIT_EXPECT_EQ(test, free, stay);
	/* Or reclaim would take what it cannot have for work. */
	KUNIT_EXPECT_EQ(test, galloc_shrinker->count_objects(galloc_shrinker, &sc), SHRINK_EMPTY);
	galloc_shrinker->scan_objects(galloc_shrinker, &sc);
	free = READ_ONCE(h->free_pages);
	KUNIT_EXPECT_EQ(test, free, stay);
	/* What may not be free, or keeps others from growing, does not stay. */
	WRITE_ONCE(galloc_free_max_pages, stay / 2);
	relief_return(GFP_KERNEL, 1);
	free = READ_ONCE(h->free_pages);
	KUNIT_EXPECT_EQ(test, free, stay / 2);
	if (by_limit) {
		WRITE_ONCE(galloc_limit_bytes, arena_limited_bytes() + PAGE_SIZE);
		relief_return(GFP_KERNEL, 1);
	} else {
		shrinker_oom();
	}
	free = READ_ONCE(h->free_pages);
	KUNIT_EXPECT_EQ(test, free, 0);
	WRITE_ONCE(nodes_seem_used_up, false);
	for (i = 1; i < USED_UP_OBJECTS; i += 2)
		gfree(objects[i]);
}

static void a_used_up_node_keeps_a_few_free_pages(struct kunit *test)
{
	keep_a_few_pages(test, false);
}

static void but_not_at_the_limit(struct kunit *test)
{
	keep_a_few_pages(test, true);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_long_run_is_waited_for_once),
	KUNIT_CASE(one_of_them_waits),
	KUNIT_CASE(and_so_is_a_page_of_a_node),
	KUNIT_CASE(a_used_up_node_keeps_a_few_free_pages),
	KUNIT_CASE(but_not_at_the_limit),
	{}
};

GK_SUITE(relief, gk_init, gk_exit);
