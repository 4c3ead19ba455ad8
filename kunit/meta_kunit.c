// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: galloc's own arrays where only single pages are left.
 *
 * What of them is larger than a page is there to be faster: it may be smaller, or come
 * later, and no object waits for it.
 */
#include "helpers.h"

#include <linux/slab.h>

#define LOAD	1500

static void **objects;

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	if (err)
		return err;
	/* So that the CPU has slots. */
	gfree(galloc(64, GFP_KERNEL));
	objects = kunit_kcalloc(test, LOAD, sizeof(*objects), GFP_KERNEL);
	return objects ? 0 : -ENOMEM;
}

static void exit_case(struct kunit *test)
{
	gk_whole();
	gk_exit(test);
}

/* All out, and all back.  Returns how many were refused. */
static unsigned int load(size_t size)
{
	unsigned int i, refused = 0;

	for (i = 0; i < LOAD; i++) {
		objects[i] = galloc(size, GFP_KERNEL);
		refused += !objects[i];
	}
	for (i = 0; i < LOAD; i++)
		gfree(objects[i]);
	return refused;
}

/* ---- a CPU's slots --------------------------------------------------------------- */

static void a_cpu_without_memory_for_slots_gets_them_from_its_worker(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	unsigned int i, refused = 0;
	struct mcache_slot *had;

	if (galloc_debug)
		kunit_skip(test, "no slots");
	had = gk_take_slots_away(test);
	gk_in_pieces(0);
	if (slots_bytes() > PAGE_SIZE) {
		for (i = 0; i < 100; i++) {
			objects[i] = galloc(64, GFP_KERNEL);
			refused += !objects[i];
		}
		while (i)
			gfree(objects[--i]);
		KUNIT_EXPECT_EQ(test, refused, 0);
		/* The tick may have been here before. */
		if (m->slots == empty_slots)
			KUNIT_EXPECT_TRUE(test, test_bit(0, m->wants));
	}
	/* One request was enough, and what is known of the node now is not why. */
	gk_whole();
	gk_in_pieces(0);
	set_bit(0, m->wants);
	gfree(galloc(64, GFP_KERNEL));
	if (m->slots == empty_slots)
		KUNIT_EXPECT_EQ(test, gk_pieces_asked(), 0);
	set_bit(0, m->wants);
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
	KUNIT_EXPECT_PTR_NE(test, m->slots, empty_slots);
	KUNIT_EXPECT_FALSE(test, test_bit(0, m->wants));
	gk_whole();
	/* And they work. */
	KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_GT(test, gk_capacity(gk_slot(sizeclass_of(64))), 0);
	gk_slots_delete(had);
}

/* ---- stacks ------------------------------------------------------------------------ */

static void a_stack_that_cannot_be_larger_is_a_page(struct kunit *test)
{
	unsigned int page = PAGE_SIZE / sizeof(void *) - 1;
	unsigned int class = sizeclass_of(64);
	int i;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	gk_in_pieces(0);
	for (i = 0; i < 60; i++)
		KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_LE(test, gk_capacity(gk_slot(class)), page);
	/* Not the last step before it. */
	KUNIT_EXPECT_GT(test, gk_capacity(gk_slot(class)), page - page / 16);
	gk_whole();
	for (i = 0; i < 60; i++)
		KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_GT(test, gk_capacity(gk_slot(class)), page);
}

static void a_transfer_that_cannot_be_larger_is_a_page(struct kunit *test)
{
	struct transfer *t =
		&mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(64))]->transfer;
	unsigned int page = PAGE_SIZE / sizeof(void *);

	if (galloc_debug)
		kunit_skip(test, "nothing overflows");
	/* One of full length may be left. */
	KUNIT_ASSERT_TRUE(test, gk_wait_for(({
		drain_cpus();
		transfer_age();
		!t->stack;
	}), GK_PATIENCE_MS));
	gk_in_pieces(0);
	KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	KUNIT_EXPECT_NOT_NULL(test, t->stack);
	KUNIT_EXPECT_EQ(test, t->max, page);
	KUNIT_EXPECT_LE(test, t->n, page);
	/* It is given up as any other is, and then one of full length is made. */
	drain_cpus();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({
		transfer_age();
		!t->stack;
	}), GK_PATIENCE_MS));
	gk_whole();
	KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_GT(test, t->max, page);
}

/* ---- all of it ------------------------------------------------------------------------ */

/* Every class and all that comes with it, from single pages alone. */
static void from_nothing_all_is_served_from_single_pages(struct kunit *test)
{
	unsigned int class;

	gk_give_back();
	gk_in_pieces(0);
	for_each_class(class) {
		size_t size = sizeclasses[class].size;

		if (size <= PAGE_SIZE && (!gk_slow() || class % 8 == 0))
			KUNIT_EXPECT_EQ_MSG(test, load(size), 0, "size %zu", size);
	}
	gk_whole();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_cpu_without_memory_for_slots_gets_them_from_its_worker),
	KUNIT_CASE(a_stack_that_cannot_be_larger_is_a_page),
	KUNIT_CASE(a_transfer_that_cannot_be_larger_is_a_page),
	KUNIT_CASE(from_nothing_all_is_served_from_single_pages),
	{}
};

GK_SUITE(meta, init_case, exit_case);
