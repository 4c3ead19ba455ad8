// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: objects of whole pages, up to a block and above.
 */
#include "runs.h"

#include <linux/mmzone.h>
#include <linux/topology.h>

static bool large_is_right(u8 *p, size_t size)
{
	struct mspan s;

	return p && gsize(p) == galloc_size_roundup(size) &&
	       !((unsigned long)p & ((size & -size) - 1)) &&
	       !offset_in_page(p) &&
	       map_span_around(p, &s) && mspan_state(&s) == MSPAN_LARGE &&
	       s.start == (unsigned long)p &&
	       map_span_around(p + size - 1, &s) && s.start == (unsigned long)p;
}

/* Is the kernel itself out of runs that long, because memory is fragmented? */
static bool kmalloc_has_none(size_t size)
{
	void *p = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);

	kfree(p);
	return !p;
}

static void large_objects_of_every_number_of_pages(struct kunit *test)
{
	unsigned int npages = GALLOC_MAX_SMALL / PAGE_SIZE + 1 + (PAGE_SIZE > GALLOC_MAX_SMALL);
	unsigned int step = gk_slow() ? 97 : 1;
	unsigned long ops = 0;

	for (; npages <= GK_MAX_PAGES; npages += step) {
		const size_t sizes[] = {
			(size_t)npages << PAGE_SHIFT,
			((size_t)(npages - 1) << PAGE_SHIFT) + 1
		};
		int i;

		for (i = 0; i < 2; i++, ops += 2) {
			u8 *p = galloc(sizes[i], GFP_KERNEL | __GFP_NOWARN);

			if (!p && kmalloc_has_none(sizes[i]))
				continue;
			if (!large_is_right(p, sizes[i])) {
				KUNIT_FAIL(test, "%zu bytes at %px, really %zu",
					   sizes[i], p, gsize(p));
				gfree(p);
				return;
			}
			p[0] = 1;
			p[sizes[i] - 1] = 1;
			gfree(p);
		}
		cond_resched();
	}
	gk_count_ops(ops);
}

/* Pages returned from an order would keep the next object from a whole one. */
static void a_huge_object_keeps_its_whole_order(struct kunit *test)
{
	size_t npages = ARENA_PAGES + 1;
	long system;
	void *p;

	if (npages > GALLOC_MAX_PAGES)
		kunit_skip(test, "no order above a block here");
	gk_give_back();
	system = arena_held_bytes() - arena_meta_bytes();
	p = galloc(npages << PAGE_SHIFT, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - arena_meta_bytes() - system,
			(long)roundup_pow_of_two(npages) << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, gsize(p), roundup_pow_of_two(npages) << PAGE_SHIFT);
	gfree_sized(p, npages << PAGE_SHIFT);
	gk_give_back();
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - arena_meta_bytes(), system);
}

/* Of the smallest order above a block.  NULL, and the case is skipped, without one. */
static u8 *take_huge(struct kunit *test)
{
	u8 *p;

	if (GALLOC_MAX_PAGES <= ARENA_PAGES)
		kunit_skip(test, "no order above a block here");
	p = galloc(ARENA_SIZE + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static struct mheap *heap_around(const void *p)
{
	struct mspan s;

	return map_span_around(p, &s) ? mheap_of(s.arena->nid) : NULL;
}

static void a_freed_huge_object_serves_the_next(struct kunit *test)
{
	u8 *p = take_huge(test), *q;
	struct mheap *h = heap_around(p);
	size_t size = gsize(p);
	long pages = arena_held_bytes() - arena_meta_bytes();

	gk_pin(cpumask_any(cpumask_of_node(h->nid)));
	gk_expect_reports(test, FAULT_NO_OBJECT);
	memset(p, 0xa5, size);
	gfree(p);
	KUNIT_EXPECT_GE(test, h->kept_pages, size >> PAGE_SHIFT);
	KUNIT_EXPECT_GE(test, h->free_pages, size >> PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - arena_meta_bytes(), pages);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* Neither an object nor part of one, meanwhile. */
	gfree(p);
	gk_expect_faults(test, FAULT_NO_OBJECT, 1);

	q = galloc(ARENA_SIZE + 1, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_PTR_EQ(test, q, p);
	KUNIT_EXPECT_TRUE(test, large_is_right(q, size));
	KUNIT_EXPECT_NULL(test, memchr_inv(q, 0, size));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	gfree(q);
	gk_give_back();
	KUNIT_EXPECT_EQ(test, h->kept_pages, 0);
	KUNIT_EXPECT_NULL(test, heap_around(p));
}

static void few_chunks_are_kept(struct kunit *test)
{
	u8 *p[4] = { take_huge(test) };
	struct mheap *h = heap_around(p[0]);
	unsigned long most = (8UL << 20) >> PAGE_SHIFT;
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(p); i++)
		p[i] = galloc(ARENA_SIZE + 1, GFP_KERNEL | __GFP_NOWARN);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		gfree(p[i]);
		KUNIT_EXPECT_LE(test, h->kept_pages, most);
	}
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	release_runs(1, false);
	KUNIT_EXPECT_LE(test, h->kept_pages, most / 2);
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, h->kept_pages, 0);
}

/* A request with interrupts off could not have it. */
static void no_chunk_is_kept_of_little(struct kunit *test)
{
	u8 *p = take_huge(test);
	struct mheap *h = heap_around(p);
	unsigned long chunk = gsize(p) >> PAGE_SHIFT, little = 16 * chunk, before;
	struct page *page, *next;
	LIST_HEAD(taken);

	/* Others free some meanwhile. */
	while (nodes_free_pages(h->nid) + 2 * chunk >= little &&
	       (page = alloc_pages_node(h->nid, GFP_NOWAIT | __GFP_THISNODE | __GFP_NOWARN,
					MAX_PAGE_ORDER)))
		list_add(&page->lru, &taken);
	before = nodes_free_pages(h->nid);
	gfree(p);
	if (before + 2 * chunk < little && nodes_free_pages(h->nid) < little)
		KUNIT_EXPECT_EQ(test, h->kept_pages, 0);
	list_for_each_entry_safe(page, next, &taken, lru)
		__free_pages(page, MAX_PAGE_ORDER);
}

/* Nor of what only movable pages can have, however much that is. */
static void what_is_for_movable_pages_does_not_count_as_free(struct kunit *test)
{
	int nid = numa_mem_id();
	struct zone *zones = NODE_DATA(nid)->node_zones;
	const long many = 1L << 24;
	unsigned long free = nodes_free_pages(nid), more, less;

	/* As if there were so many, for a moment: requests look, too. */
	preempt_disable();
	atomic_long_add(many, &zones[ZONE_MOVABLE].vm_stat[NR_FREE_PAGES]);
	more = nodes_free_pages(nid);
	atomic_long_sub(many, &zones[ZONE_MOVABLE].vm_stat[NR_FREE_PAGES]);
	atomic_long_add(many, &zones[ZONE_NORMAL].vm_stat[NR_FREE_CMA_PAGES]);
	less = nodes_free_pages(nid);
	atomic_long_sub(many, &zones[ZONE_NORMAL].vm_stat[NR_FREE_CMA_PAGES]);
	preempt_enable();
	KUNIT_EXPECT_GT(test, free, 0);
	KUNIT_EXPECT_LT(test, more, many);
	KUNIT_EXPECT_EQ(test, less, 0);
}

/* However much may lie free, nothing else can be made of it. */
static void unused_kept_chunks_are_returned(struct kunit *test)
{
	u8 *p = take_huge(test);
	struct mheap *h = heap_around(p);

	KUNIT_EXPECT_GT(test, release_free_max(), gsize(p) >> PAGE_SHIFT);
	gk_background();
	gfree(p);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!READ_ONCE(h->kept_pages), 60000));
}

static void kept_chunks_make_room_at_the_limit(struct kunit *test)
{
	u8 *p = take_huge(test);
	struct mheap *h = heap_around(p);

	gfree(p);
	gk_soak(test);
	/* For descriptors. */
	gk_limit_to(32L << 10);
	p = galloc(1 << 20, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, h->kept_pages, 0);
	gfree(p);
}

static void a_huge_object_that_is_freed_makes_room_at_once(struct kunit *test)
{
	size_t size = (size_t)GK_MAX_PAGES << PAGE_SHIFT;
	unsigned int i, failed = 0;

	if (GALLOC_MAX_PAGES <= ARENA_PAGES)
		kunit_skip(test, "no order above a block here");
	gk_give_back();
	/* Enough for one, not for two. */
	gk_limit_to(size + size / 2);
	for (i = 0; i < (gk_slow() ? 3 : 20); i++) {
		void *p = galloc(size, GFP_KERNEL | __GFP_NOWARN);

		failed += !p;
		gfree(p);
	}
	KUNIT_EXPECT_EQ(test, failed, 0);
}

/* Free blocks are of no use for it, but they count against the limit. */
static void free_blocks_make_room_for_a_huge_object(struct kunit *test)
{
	size_t size = (size_t)GK_MAX_PAGES << PAGE_SHIFT;
	void *p;
	int i;

	if (GALLOC_MAX_PAGES <= ARENA_PAGES)
		kunit_skip(test, "no order above a block here");
	gk_take_free_runs(test);
	for (i = 0; i < 4; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	run_give_all(0);
	/* A little for the descriptors of its slots. */
	gk_limit_to(16L << 10);
	p = galloc(size, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
}

/* As if alloc_pages() had used the reserve: such pages are never free ones. */
static void pages_are_of_the_reserve(struct mspan *s)
{
	s->reserve = true;
	arena_settle(-(long)s->npages);
}

static void emergency_pages_are_used_once(struct kunit *test)
{
	struct mspan *s = run_take(test, 5, 1);
	unsigned long start = s->start;
	struct mspan copy;
	u8 *p;

	pages_are_of_the_reserve(s);
	memset((void *)start, 0xa5, 5 * PAGE_SIZE);
	s->zeroed = false;
	p = large_hand_out(s, 0, GFP_KERNEL | __GFP_ZERO);
	run_forget(s);
	KUNIT_EXPECT_EQ(test, (unsigned long)p, start);
	KUNIT_EXPECT_EQ(test, gsize(p), 5 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, !memchr_inv(p, 0, 5 * PAGE_SIZE));
	/* It is larger than any request for it. */
	gfree_sized(p, 64);
	worker_settle();
	KUNIT_EXPECT_FALSE(test, map_span_around(p, &copy));
}

static unsigned int chunk_pages;

static void break_into_the_reserve(enum galloc_pause point, const void *what)
{
	struct chunk *chunk = (struct chunk *)what;

	if (point != PAUSE_GROW_CHUNK)
		return;
	chunk->reserve = true;
	chunk_pages = chunk->npages;
}

static void a_chunk_of_the_emergency_reserve_serves_one_request(struct kunit *test)
{
	struct mspan s;
	u8 *p;

	gk_take_free_runs(test);
	chunk_pages = 0;
	WRITE_ONCE(galloc_pause_hook, break_into_the_reserve);
	p = galloc(5 * PAGE_SIZE + GALLOC_MAX_SMALL, GFP_KERNEL);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_GT(test, chunk_pages, 0);
	/* None of it is left for others. */
	KUNIT_EXPECT_EQ(test, gsize(p), chunk_pages * PAGE_SIZE);
	gfree(p);
	worker_settle();
	KUNIT_EXPECT_FALSE(test, map_span_around(p, &s));
}

static long page_bytes(void)
{
	return arena_held_bytes() - arena_meta_bytes();
}

static void pages_that_cannot_leave_at_once_leave_later(struct kunit *test)
{
	struct mspan *s = run_take(test, 2 * RELEASE_TURN, 1), copy;
	long before = page_bytes(), deferred = gk_events(EVENT_DEFERRED);
	void *p = (void *)s->start;

	run_forget(s);
	pages_are_of_the_reserve(s);
	preempt_disable();
	mheap_free(s);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_DEFERRED) - deferred, 1);
	worker_settle();
	KUNIT_EXPECT_FALSE(test, map_span_around(p, &copy));
	KUNIT_EXPECT_EQ(test, before - page_bytes(),
			(long)(2 * RELEASE_TURN * PAGE_SIZE));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(large_objects_of_every_number_of_pages),
	KUNIT_CASE(a_huge_object_keeps_its_whole_order),
	KUNIT_CASE(a_freed_huge_object_serves_the_next),
	KUNIT_CASE(few_chunks_are_kept),
	KUNIT_CASE(no_chunk_is_kept_of_little),
	KUNIT_CASE(what_is_for_movable_pages_does_not_count_as_free),
	KUNIT_CASE(unused_kept_chunks_are_returned),
	KUNIT_CASE(kept_chunks_make_room_at_the_limit),
	KUNIT_CASE(a_huge_object_that_is_freed_makes_room_at_once),
	KUNIT_CASE(free_blocks_make_room_for_a_huge_object),
	KUNIT_CASE(emergency_pages_are_used_once),
	KUNIT_CASE(a_chunk_of_the_emergency_reserve_serves_one_request),
	KUNIT_CASE(pages_that_cannot_leave_at_once_leave_later),
	{}
};

GK_SUITE(large, gk_init, run_exit);
