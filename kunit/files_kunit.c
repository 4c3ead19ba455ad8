// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what the files in debugfs say of heaps and caches.
 */
#include "helpers.h"

#include <linux/slab.h>

#include "client/cache.h"
#include "client/heap.h"
#include "observe/heaps.h"

#define TIMES	1000

static bool set_is_of(const struct rowset *set, const void *heap)
{
	return set->args.owner == heap;
}

/* ---- heaps ------------------------------------------------------------------------------- */

static void take_and_free(struct kunit *test, struct galloc_heap *heap)
{
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		void *p = galloc_from(heap, 64, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		gfree(p);
	}
}

/* Each that was allocated counts, with stacks and without, and once. */
static void a_heap_counts_its_small_objects(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	struct galloc_cache *cache;
	struct rowset *set;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 0);
	take_and_free(test, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), TIMES);
	set = heap->set[sizeclass_of(64)];
	stacks_give(set);
	take_and_free(test, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 2 * TIMES);
	stacks_take(set_is_of, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 2 * TIMES);
	/* What classes has. */
	cache = galloc_heap_cache_create(heap, "kunit", 64, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	galloc_cache_free(cache, galloc_cache_alloc(cache, GFP_KERNEL));
	gfree(galloc_from(heap, 100000, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 2 * TIMES);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_heap_counts_its_small_objects),
	{}
};

GK_SUITE(files, gk_init, gk_exit);
