// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what galloc-override.h puts in the place of the kernel's calls, where memory is
 * short or a heap is full.
 *
 * tools/override has each call beside the kernel's own.
 */
#include "helpers.h"

#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "client/heap.h"
#include "galloc_override_calls.h"

#define QUIET	(GFP_KERNEL | __GFP_NOWARN)
#define NOFAIL	(GFP_NOWAIT | __GFP_NOWARN | __GFP_NOFAIL)

/* ---- what must not fail --------------------------------------------------------------- */

/* From where one cannot sleep it gets what there is: of galloc, and then of the kernel. */
static void nofail_gets_what_there_is(struct kunit *test)
{
	void *p[3];
	unsigned int i, ours;

	for (ours = 2; ours--;) {
		if (!ours)
			gk_starve(test);
		p[0] = galloc_override_alloc(NULL, 100, NOFAIL, NUMA_NO_NODE);
		p[1] = galloc_override_valloc(NULL, 100, 1, NOFAIL, NUMA_NO_NODE);
		p[2] = galloc_override_realloc(NULL, NULL, 100, 64, NOFAIL, NUMA_NO_NODE);
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			KUNIT_EXPECT_NOT_NULL_MSG(test, p[i], "call %u", i);
			if (p[i])
				KUNIT_EXPECT_EQ_MSG(test, galloc_owns(p[i]), ours, "call %u", i);
			galloc_kfree(p[i]);
		}
	}
}

/* krealloc() of nothing, at an alignment, is an allocation of the module's heap. */
static void an_aligned_object_is_of_the_heap(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	size_t align;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	for (align = 1; align <= 2 * PAGE_SIZE; align *= 2) {
		p = galloc_override_realloc(heap, NULL, 200, align, QUIET, NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, heap_has(heap, p));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, align));
		galloc_kfree(p);
	}
	galloc_heap_destroy(heap);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nofail_gets_what_there_is),
	KUNIT_CASE(an_aligned_object_is_of_the_heap),
	{ }
};

GK_SUITE(override, gk_init_alive, gk_exit);
