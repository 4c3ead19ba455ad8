// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the contract of include/galloc.h.
 *
 * Cases do not rely on warnings that appear once per load; they check what
 * the caller gets.
 */
#include "helpers.h"

#include <linux/slab.h>

#include "twin.h"

#define MAX_BYTES	((size_t)GALLOC_MAX_PAGES << PAGE_SHIFT)

/* One of each kind: small, several classes, whole pages, above a block. */
static const size_t sizes[] = {
	1, 8, 9, 24, 64, 100, 1000, 1024, 2560, 4096, 5000, 8192, 20000,
	GALLOC_MAX_SMALL, GALLOC_MAX_SMALL + 1, 100000, 1 << 20,
	(2 << 20) + 1, 4 << 20
};

static bool aligned(const void *p, size_t align)
{
	return !((unsigned long)p & (align - 1));
}

/* ---- sizes -------------------------------------------------------------- */

static void objects_have_the_size_and_alignment_promised(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i];
		u8 *p = galloc(size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%zu bytes", size);
		KUNIT_EXPECT_GE(test, gsize(p), size);
		KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(size));
		KUNIT_EXPECT_TRUE(test, aligned(p, max_t(size_t, 8, size & -size)));
		memset(p, 0xff, gsize(p));
		gfree(p);
	}
}

#define expect_const(test, size)					\
do {									\
	size_t __var = (size);						\
	void *__c, *__v;						\
									\
	OPTIMIZER_HIDE_VAR(__var);					\
	__c = galloc(size, GFP_KERNEL);					\
	__v = galloc(__var, GFP_KERNEL);				\
	KUNIT_EXPECT_NOT_NULL(test, __c);				\
	KUNIT_EXPECT_NOT_NULL(test, __v);				\
	KUNIT_EXPECT_EQ(test, gsize(__c), gsize(__v));			\
	gfree(__c);							\
	gfree(__v);							\
} while (0)

static void a_constant_size_is_served_as_a_variable_one(struct kunit *test)
{
	expect_const(test, 1);
	expect_const(test, 8);
	expect_const(test, 17);
	expect_const(test, 64);
	expect_const(test, 1000);
	expect_const(test, 2560);
	expect_const(test, 5120);
	expect_const(test, 9216);
	expect_const(test, 32768);
	expect_const(test, 32769);
	expect_const(test, 1 << 20);
	expect_const(test, (2 << 20) + 1);
}

static void size_zero_returns_zero_size_ptr(struct kunit *test)
{
	void *bulk[3];
	size_t none = 0;
	int i;

	OPTIMIZER_HIDE_VAR(none);
	KUNIT_EXPECT_PTR_EQ(test, galloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, galloc(none, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, gzalloc(none, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, galloc_array(none, 7, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, galloc_array(7, none, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, gcalloc(none, 7, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, galloc_node(none, GFP_KERNEL, gk_nid()), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, galloc_aligned(none, 64, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, grealloc(NULL, none, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, grealloc(ZERO_SIZE_PTR, none, GFP_KERNEL),
			    ZERO_SIZE_PTR);
	KUNIT_EXPECT_EQ(test, galloc_bulk(none, GFP_KERNEL, 3, bulk), 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, bulk[i], ZERO_SIZE_PTR);
	gfree_bulk(3, bulk);
	KUNIT_EXPECT_EQ(test, gsize(ZERO_SIZE_PTR), 0);
	KUNIT_EXPECT_EQ(test, galloc_size_roundup(none), 0);
}

static void null_and_zero_size_ptr_may_be_freed(struct kunit *test)
{
	void *none[3] = { NULL, ZERO_SIZE_PTR, NULL };
	struct rcu_struct {
		long data;
		struct rcu_head rcu;
	} *ptr = NULL;

	gfree(NULL);
	gfree(ZERO_SIZE_PTR);
	gfree_sized(NULL, 10);
	gfree_sized(ZERO_SIZE_PTR, 0);
	gfree_sensitive(NULL);
	gfree_sensitive(ZERO_SIZE_PTR);
	gfree_bulk(3, none);
	gfree_bulk(0, NULL);
	gfree_rcu(ptr, rcu);
	KUNIT_EXPECT_EQ(test, gsize(NULL), 0);
}

static void an_overflowing_request_is_null(struct kunit *test)
{
	size_t half = SIZE_MAX / 2 + 2;

	OPTIMIZER_HIDE_VAR(half);
	KUNIT_EXPECT_NULL(test, galloc_array(half, 2, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_array(2, half, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, gcalloc(half, half, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_array(SIZE_MAX, half, GFP_KERNEL));
}

static void a_request_that_is_too_large_is_null(struct kunit *test)
{
	static const size_t too_large[] = {
		MAX_BYTES + 1, 2 * MAX_BYTES, 1UL << 40, SIZE_MAX / 2, SIZE_MAX - PAGE_SIZE,
		SIZE_MAX - 1, SIZE_MAX
	};
	void *bulk[2], *p = galloc(100, GFP_KERNEL);
	int i;

	gk_expect_warning(test, "bytes exceed the largest order");
	for (i = 0; i < ARRAY_SIZE(too_large); i++) {
		size_t size = too_large[i];

		OPTIMIZER_HIDE_VAR(size);
		KUNIT_EXPECT_NULL(test, galloc(size, GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, gzalloc(size, GFP_KERNEL | __GFP_NOWARN));
		KUNIT_EXPECT_NULL(test, galloc(size, GFP_ATOMIC));
		KUNIT_EXPECT_NULL(test, galloc_array(1, size, GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, galloc_node(size, GFP_KERNEL, gk_nid()));
		KUNIT_EXPECT_NULL(test, galloc_aligned(size, 64, GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, grealloc(p, size, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, galloc_bulk(size, GFP_KERNEL, 2, bulk), 0);
		KUNIT_EXPECT_EQ(test, galloc_size_roundup(size), size);
	}
	KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(100));
	gfree(p);
	p = galloc(GK_MAX_PAGES * PAGE_SIZE, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
}

/* Not called by clients, but exported: no argument may do harm. */
static void internal_calls_check_their_arguments(struct kunit *test)
{
	static const unsigned int no_class[] = {
		0, GALLOC_NR_CLASSES, GALLOC_NR_CLASSES + 1, 255, 256, 1 << 20,
		INT_MAX, UINT_MAX
	};
	size_t size;
	void *p;
	int i;

	KUNIT_EXPECT_PTR_EQ(test, galloc_large(0, GFP_KERNEL), ZERO_SIZE_PTR);
	for (size = 1; size <= GALLOC_MAX_SMALL + 1; size = 2 * size + 1) {
		p = galloc_large(size, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(size));
		gfree_sized(p, size);
	}
	gk_expect_warning(test, "is not a size class");
	for (i = 0; i < ARRAY_SIZE(no_class); i++) {
		unsigned int class = no_class[i];

		KUNIT_EXPECT_NULL(test, galloc_class(class, GFP_KERNEL));
		OPTIMIZER_HIDE_VAR(class);
		KUNIT_EXPECT_NULL(test, galloc_class(class, GFP_KERNEL | __GFP_ZERO));
	}
	KUNIT_EXPECT_NULL(test, galloc_class(GALLOC_NR_CLASSES, GFP_KERNEL));
	p = galloc_class(GALLOC_NR_CLASSES - 1, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, gsize(p), GALLOC_MAX_SMALL);
	gfree(p);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void odd_arguments_are_harmless(struct kunit *test)
{
	size_t huge = SIZE_MAX;
	void *bulk[2], *p;

	OPTIMIZER_HIDE_VAR(huge);
	/* ZERO_SIZE_PTR belongs to every node. */
	KUNIT_EXPECT_PTR_EQ(test, galloc_node(0, GFP_KERNEL | __GFP_THISNODE, -2),
			    ZERO_SIZE_PTR);
	KUNIT_EXPECT_EQ(test, galloc_bulk(64, GFP_KERNEL, 0, NULL), 0);
	gk_expect_warning(test, "bytes exceed the largest order");
	/* Rounded up to pages or to the alignment these would be 0. */
	KUNIT_EXPECT_NULL(test, galloc_aligned(huge, PAGE_SIZE, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_aligned(huge - 4000, MAX_BYTES, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_aligned(1, 1UL << 63, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_large(huge, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_large(huge, GFP_KERNEL | __GFP_NOFAIL));
	KUNIT_EXPECT_NULL(test, galloc_node(huge, GFP_KERNEL, gk_nid()));
	KUNIT_EXPECT_EQ(test, galloc_bulk(huge, GFP_KERNEL, 2, bulk), 0);
	KUNIT_EXPECT_EQ(test, galloc_size_roundup(huge), huge);
	p = galloc(64, GFP_KERNEL);
	KUNIT_EXPECT_NULL(test, grealloc(p, huge, GFP_KERNEL));
	gk_expect_reports(test, FAULT_WRONG_SIZE);
	gfree_sized(p, 0);
	gfree_sized(p, huge);
	gk_expect_faults(test, FAULT_WRONG_SIZE, 2);
	gfree_sized(p, 64);
}

/* ---- zeroing ------------------------------------------------------------ */

/* Leave dirty free objects of this size. */
static void dirty(size_t size)
{
	void *p[4];
	int i;

	for (i = 0; i < 4; i++) {
		p[i] = galloc(size, GFP_KERNEL);
		if (p[i])
			memset(p[i], 0xa5, gsize(p[i]));
	}
	for (i = 0; i < 4; i++)
		gfree(p[i]);
}

static void expect_zero(struct kunit *test, void *p, size_t size)
{
	KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%zu bytes", size);
	KUNIT_EXPECT_TRUE_MSG(test, twin_all_zero(p, gsize(p)), "%zu bytes", size);
	gfree(p);
}

static void zeroed_objects_are_zero_to_the_end(struct kunit *test)
{
	unsigned int class, i;
	void *bulk[4], *p;
	size_t n;

	for_each_class(class) {
		size_t size = sizeclasses[class].size - (class & 1);

		dirty(size);
		expect_zero(test, gzalloc(size, GFP_KERNEL), size);
		expect_zero(test, gcalloc(1, size, GFP_KERNEL), size);
		expect_zero(test, galloc_node(size, GFP_KERNEL | __GFP_ZERO, gk_nid()), size);
		expect_zero(test, galloc_aligned(size, 8, GFP_KERNEL | __GFP_ZERO), size);
		expect_zero(test, grealloc(NULL, size, GFP_KERNEL | __GFP_ZERO), size);
		dirty(size);
		n = galloc_bulk(size, GFP_KERNEL | __GFP_ZERO, 4, bulk);
		KUNIT_EXPECT_EQ(test, n, 4);
		for (i = 0; i < n; i++)
			expect_zero(test, bulk[i], size);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		dirty(sizes[i]);
		expect_zero(test, gzalloc(sizes[i], GFP_KERNEL), sizes[i]);
		dirty(sizes[i]);
		p = gzalloc(sizes[i], GFP_ATOMIC | __GFP_NOWARN);
		/* Above a block the system may have no piece so long without reclaim. */
		if (p || sizes[i] <= ARENA_SIZE || gk_system_has(get_order(sizes[i]), GFP_ATOMIC))
			expect_zero(test, p, sizes[i]);
	}
}

static void objects_are_cleared_when_the_kernel_wants_it(struct kunit *test)
{
	bool on_alloc = want_init_on_alloc(0), on_free = want_init_on_free();
	static const size_t some[] = { 64, 4096, 50000 };
	int i;

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		u8 *p = galloc(some[i], GFP_KERNEL), *q;

		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0xa5, gsize(p));
		gfree(p);
		/* If it is on a stack, its contents have not changed. */
		if (!galloc_debug && some[i] == 64)
			KUNIT_EXPECT_EQ(test, twin_all_zero(p, 64), on_free);
		q = galloc(some[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, q);
		if (on_alloc || on_free)
			KUNIT_EXPECT_TRUE(test, twin_all_zero(q, gsize(q)));
		else if (p == q && some[i] == 64)
			KUNIT_EXPECT_FALSE(test, twin_all_zero(q, gsize(q)));
		gfree(q);
	}
}

static void sensitive_objects_are_cleared(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		/* A neighbour keeps the span in use, so that the object can be inspected. */
		u8 *keep = galloc(sizeclasses[class].size, GFP_KERNEL);
		u8 *p = galloc(sizeclasses[class].size - 1, GFP_KERNEL);
		size_t size = gsize(p);

		KUNIT_ASSERT_TRUE(test, keep && p);
		memset(p, 0xa5, size);
		gfree_sensitive(p);
		KUNIT_EXPECT_TRUE(test, twin_all_zero(p, size));
		gfree(keep);
	}
}

/* ---- alignment and nodes ------------------------------------------------ */

static void any_alignment_is_kept(struct kunit *test)
{
	size_t align;
	int i;

	for (align = 1; align <= GK_MAX_PAGES * PAGE_SIZE; align *= 2) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			bool huge = max(sizes[i], align) > ARENA_SIZE / 4;
			u8 *p;

			/* kmemleak registers each of a thousand pages. */
			if (huge && gk_slow() && i % 5 != ilog2(align) % 5)
				continue;
			p = galloc_aligned(sizes[i], align, GFP_KERNEL);
			if (!p || !aligned(p, align) || gsize(p) < sizes[i] ||
			    !aligned(p, sizes[i] & -sizes[i])) {
				KUNIT_FAIL(test, "%zu bytes to %zu: %px",
					   sizes[i], align, p);
				return;
			}
			p[0] = 1;
			p[sizes[i] - 1] = 1;
			gfree(p);
			/* 4 MiB each: their pages leave through a worker. */
			if (max(sizes[i], align) > ARENA_SIZE)
				worker_settle();
		}
	}
}

static void an_invalid_alignment_is_refused(struct kunit *test)
{
	static const size_t aligns[] = { 0, 3, 24, 4095, SIZE_MAX };
	int i;

	gk_expect_warning(test, "is not a power of two");
	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		KUNIT_EXPECT_NULL(test, galloc_aligned(64, aligns[i], GFP_KERNEL));
		KUNIT_EXPECT_NULL(test, galloc_aligned(100000, aligns[i], GFP_KERNEL));
	}
	gk_expect_warning(test, "bytes exceed the largest order");
	KUNIT_EXPECT_NULL(test, galloc_aligned(64, 2 * MAX_BYTES, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_aligned(64, 1UL << 63,
					       GFP_KERNEL | __GFP_NOWARN));
}

static void a_node_without_memory_means_any(struct kunit *test)
{
	static const int nodes[] = { NUMA_NO_NODE, -2, 1 << 20, INT_MAX, INT_MIN };
	static const size_t some[] = { 64, 50000 };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		for (j = 0; j < ARRAY_SIZE(some); j++) {
			void *p = galloc_node(some[j], GFP_KERNEL, nodes[i]);

			KUNIT_EXPECT_NOT_NULL(test, p);
			KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(some[j]));
			gfree(p);
			/* __GFP_THISNODE gets nothing. */
			p = galloc_node(some[j], GFP_KERNEL | __GFP_THISNODE,
					nodes[i]);
			KUNIT_EXPECT_EQ(test, !!p, nodes[i] == NUMA_NO_NODE);
			gfree(p);
		}
	}
}

static void each_node_serves_its_own_pages(struct kunit *test)
{
	static const size_t some[] = { 8, 64, 5000, 50000 };
	int nid, j;

	for_each_node_state(nid, N_MEMORY) {
		for (j = 0; j < ARRAY_SIZE(some); j++) {
			void *p = galloc_node(some[j], GFP_KERNEL | __GFP_THISNODE,
					      nid);

			KUNIT_ASSERT_NOT_NULL(test, p);
			KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), nid);
			KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(some[j]));
			gfree(p);
		}
	}
}

/* ---- realloc ------------------------------------------------------------ */

static void realloc_of_nothing_allocates(struct kunit *test)
{
	void *p = grealloc(NULL, 100, GFP_KERNEL);
	void *q = grealloc(ZERO_SIZE_PTR, 100000, GFP_KERNEL);

	KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(100));
	KUNIT_EXPECT_EQ(test, gsize(q), galloc_size_roundup(100000));
	KUNIT_EXPECT_PTR_EQ(test, grealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, grealloc(q, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void realloc_stays_in_place_while_there_is_room(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = galloc(sizes[i], GFP_KERNEL);
		size_t real = gsize(p);

		KUNIT_ASSERT_NOT_NULL(test, p);
		twin_fill(p, sizes[i], i);
		KUNIT_EXPECT_PTR_EQ(test, grealloc(p, real, GFP_KERNEL), (void *)p);
		KUNIT_EXPECT_PTR_EQ(test, grealloc(p, sizes[i], GFP_KERNEL), (void *)p);
		KUNIT_EXPECT_TRUE(test, twin_intact(p, sizes[i], i));
		KUNIT_EXPECT_PTR_EQ(test, grealloc(p, 1, GFP_KERNEL), (void *)p);
		KUNIT_EXPECT_EQ(test, gsize(p), real);
		gfree(p);
	}
}

static void realloc_keeps_the_contents_when_it_moves(struct kunit *test)
{
	u8 *p = NULL;
	size_t had = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *q = grealloc(p, sizes[i], GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, q);
		KUNIT_EXPECT_TRUE(test, twin_intact(q, had, i - 1));
		KUNIT_EXPECT_GE(test, gsize(q), sizes[i]);
		had = sizes[i];
		twin_fill(q, had, i);
		p = q;
	}
	gfree(p);
}

GK_SIZES(kept, 64, 50000);

static void realloc_failure_keeps_the_old(struct kunit *test)
{
	size_t size = gk_size(test);
	u8 *p = galloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	twin_fill(p, size, 1);
	gk_starve(test);
	KUNIT_EXPECT_NULL(test, grealloc(p, 200000, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, grealloc(p, MAX_BYTES + 1,
					 GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_TRUE(test, twin_intact(p, size, 1));
	KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(size));
	gfree(p);
	gk_feed();
	gk_unlimit(test);
}

static void realloc_with_zero_clears_the_growth(struct kunit *test)
{
	static const size_t steps[] = {
		10, 16, 3, 20, 24, 1, 100, 112, 50, 5000, 4000, 5376, 40000,
		8, 45056, 100000, 3, 100000
	};
	u8 *p = NULL;
	size_t had = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		u8 *q;

		/* So that the next object is not zero by chance. */
		dirty(steps[i]);
		q = grealloc(p, steps[i], GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, q);
		if (steps[i] > had)
			KUNIT_EXPECT_TRUE_MSG(test,
					      twin_all_zero(q + had, steps[i] - had),
					      "%zu to %zu", had, steps[i]);
		had = steps[i];
		memset(q, 0xa5, had);
		p = q;
	}
	gfree(p);
}

/* ---- many at once ------------------------------------------------------- */

static void bulk_gives_all_or_nothing(struct kunit *test)
{
	static const size_t some[] = { 8, 64, 1000, 8192, 50000 };
	unsigned int n = 300, i, j;
	void **p = kunit_kcalloc(test, n, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		unsigned int wrong = 0;

		n = min_t(size_t, 300, (4UL << 20) / some[i]);
		KUNIT_EXPECT_EQ(test, galloc_bulk(some[i], GFP_KERNEL, 0, p), 0);
		KUNIT_ASSERT_EQ(test, galloc_bulk(some[i], GFP_KERNEL, n, p), n);
		for (j = 0; j < n; j++)
			*(unsigned long *)p[j] = j;
		for (j = 0; j < n; j++)
			wrong += *(unsigned long *)p[j] != j ||
				 gsize(p[j]) != galloc_size_roundup(some[i]);
		KUNIT_EXPECT_EQ(test, wrong, 0);
		gfree_bulk(n, p);
		/* There is memory for some of them. */
		gk_take_free_runs(test);
		gk_limit_to(n * some[i] / 2);
		KUNIT_EXPECT_EQ(test, galloc_bulk(some[i], GFP_KERNEL | __GFP_NOWARN,
						  n, p), 0);
		gk_unlimit(test);
		gk_feed();
		KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	}
}

static void bulk_free_takes_any_mixture(struct kunit *test)
{
	void *p[ARRAY_SIZE(sizes) + 2];
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		p[i] = galloc(sizes[i], GFP_KERNEL);
	p[i++] = NULL;
	p[i++] = ZERO_SIZE_PTR;
	gfree_bulk(i, p);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

#define MANY	2500

/* Side by side, of different pages and sizes, more than a stack has room for; and bad ones. */
static void bulk_free_looks_at_each_object(struct kunit *test)
{
	void **p = kunit_kcalloc(test, MANY, sizeof(*p), GFP_KERNEL);
	const struct mcache_stack *stack;
	void *bad[3], *others[3];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < MANY; i++)
		p[i] = galloc(i % 16 < 9 ? 64 : 256, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, galloc_bulk(64, GFP_KERNEL, 2, others));
	/* To the last place, and no further. */
	stack = gk_stack(sizeclass_of(64));
	for (i = 0; gk_stacked(stack) < gk_capacity(stack); i++)
		gfree(p[i]);
	gfree_bulk(2, others);
	KUNIT_ASSERT_LE(test, gk_stacked(stack), gk_capacity(stack));
	gfree_bulk(MANY - i, p + i);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);

	KUNIT_ASSERT_TRUE(test, galloc_bulk(64, GFP_KERNEL, ARRAY_SIZE(others), others));
	bad[0] = others[0];
	bad[1] = others[0] + 8;
	gk_expect_reports(test, FAULT_INTERIOR);
	gfree_bulk(2, bad);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	/* The span does not leave before the last one. */
	bad[0] = others[1];
	bad[1] = others[1];
	bad[2] = others[2];
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gfree_bulk(ARRAY_SIZE(bad), bad);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void one_in_bulk_is_one(struct kunit *test)
{
	void *p = NULL;

	KUNIT_EXPECT_EQ(test, galloc_bulk(100, GFP_KERNEL, 1, &p), 1);
	KUNIT_EXPECT_EQ(test, gsize(p), 112);
	gfree_bulk(1, &p);
	KUNIT_EXPECT_EQ(test, galloc_bulk(0, GFP_KERNEL, 1, &p), 1);
	KUNIT_EXPECT_PTR_EQ(test, p, ZERO_SIZE_PTR);
	gfree_bulk(1, &p);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void sized_free_takes_any_size_that_fits(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		gfree_sized(galloc(sizes[i], GFP_KERNEL), sizes[i]);
		gfree_sized(galloc(sizes[i], GFP_KERNEL),
			    galloc_size_roundup(sizes[i]));
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* ---- after a grace period ----------------------------------------------- */

struct head_first {
	struct rcu_head rcu;
	u8 data[100];
};

struct head_inside {
	u8 before[2000];
	struct rcu_head rcu;
	u8 behind[2000];
};

struct head_last {
	u8 data[20];
	struct rcu_head rcu;
};

struct head_in_pages {
	u8 before[50000];
	struct rcu_head rcu;
	u8 behind[50000];
};

#define expect_rcu_free(test, type, size)				\
do {									\
	struct type *__p = galloc(size, GFP_KERNEL);			\
									\
	KUNIT_ASSERT_NOT_NULL(test, __p);				\
	memset(__p, 0xff, size);					\
	gfree_rcu(__p, rcu);						\
} while (0)

static void gfree_rcu_works_for_any_offset_of_the_head(struct kunit *test)
{
	expect_rcu_free(test, head_first, sizeof(struct head_first));
	expect_rcu_free(test, head_inside, sizeof(struct head_inside));
	expect_rcu_free(test, head_last, sizeof(struct head_last));
	expect_rcu_free(test, head_in_pages, sizeof(struct head_in_pages));
	expect_rcu_free(test, head_first, 100000);
	expect_rcu_free(test, head_first, 3 << 20);
	expect_rcu_free(test, head_in_pages, 3 << 20);
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void an_object_is_freed_from_every_offset_of_its_head(struct kunit *test)
{
	static const size_t some[] = { 16, 24, 64, 100, 4096, 8192, 40960, 3 << 20 };
	int i;

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		size_t last = some[i] - sizeof(struct rcu_head);
		size_t step = max_t(size_t, 8, last / 7 & ~7UL), offset;

		for (offset = 0; offset <= last; offset += step) {
			u8 *p = galloc(some[i], GFP_KERNEL);

			KUNIT_ASSERT_NOT_NULL(test, p);
			galloc_free_rcu((struct rcu_head *)(p + offset));
		}
		galloc_rcu_barrier();
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void an_object_outlives_the_readers(struct kunit *test)
{
	struct head_inside *p = galloc(sizeof(*p), GFP_KERNEL);
	void *q;

	KUNIT_ASSERT_NOT_NULL(test, p);
	twin_fill(p->before, sizeof(p->before), 1);
	gk_pin(gk_cpu(0));
	rcu_read_lock();
	gfree_rcu(p, rcu);
	/* A period in which the grace period must not end. */
	mdelay(5);
	KUNIT_EXPECT_TRUE(test, twin_intact(p->before, sizeof(p->before), 1));
	KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(sizeof(*p)));
	/* Freed last, it would be the next to be allocated. */
	q = galloc(sizeof(*p), GFP_ATOMIC);
	KUNIT_EXPECT_PTR_NE(test, q, (void *)p);
	rcu_read_unlock();
	gfree(q);
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* ---- tags ------------------------------------------------------------------ */

/* As KASAN would have it: another top byte than the kernel's own. */
static void *tagged(void *p)
{
	return (void *)((unsigned long)p ^ 0x5aUL << TAG_SHIFT);
}

static void a_tag_does_not_change_the_address(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = galloc(sizes[i], GFP_KERNEL), *again;

		KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%zu bytes", sizes[i]);
		KUNIT_EXPECT_PTR_EQ(test, p, untag(p));
		KUNIT_EXPECT_PTR_EQ(test, p, untag(tagged(p)));
		KUNIT_EXPECT_EQ(test, gsize(tagged(p)), gsize(p));
		gfree(tagged(p));
		/* From where it was put it comes with the tag of the kernel's own. */
		again = galloc(sizes[i], GFP_KERNEL);
		KUNIT_EXPECT_PTR_EQ(test, again, untag(again));
		gfree_sized(tagged(again), sizes[i]);
		KUNIT_EXPECT_EQ_MSG(test, gk_in_use(test), 0, "%zu bytes", sizes[i]);
	}
}

static void freed_twice_by_two_tags_is_freed_twice(struct kunit *test)
{
	void *p, *large = galloc(100000, GFP_KERNEL), *others[3];

	/* Its span does not leave with it. */
	KUNIT_ASSERT_TRUE(test, galloc_bulk(64, GFP_KERNEL, ARRAY_SIZE(others), others));
	p = others[1];
	KUNIT_ASSERT_NOT_NULL(test, large);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gfree(p);
	gfree(tagged(p));
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gk_expect_reports(test, FAULT_INTERIOR);
	gfree(tagged(large + PAGE_SIZE));
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	gfree(large);
	gfree(others[0]);
	gfree(others[2]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(objects_have_the_size_and_alignment_promised),
	KUNIT_CASE(a_constant_size_is_served_as_a_variable_one),
	KUNIT_CASE(size_zero_returns_zero_size_ptr),
	KUNIT_CASE(null_and_zero_size_ptr_may_be_freed),
	KUNIT_CASE(an_overflowing_request_is_null),
	KUNIT_CASE(a_request_that_is_too_large_is_null),
	KUNIT_CASE(internal_calls_check_their_arguments),
	KUNIT_CASE(odd_arguments_are_harmless),
	KUNIT_CASE(zeroed_objects_are_zero_to_the_end),
	KUNIT_CASE(objects_are_cleared_when_the_kernel_wants_it),
	KUNIT_CASE(sensitive_objects_are_cleared),
	KUNIT_CASE(any_alignment_is_kept),
	KUNIT_CASE(an_invalid_alignment_is_refused),
	KUNIT_CASE(a_node_without_memory_means_any),
	KUNIT_CASE(each_node_serves_its_own_pages),
	KUNIT_CASE(realloc_of_nothing_allocates),
	KUNIT_CASE(realloc_stays_in_place_while_there_is_room),
	KUNIT_CASE(realloc_keeps_the_contents_when_it_moves),
	KUNIT_CASE_PARAM(realloc_failure_keeps_the_old, kept_gen_params),
	KUNIT_CASE(realloc_with_zero_clears_the_growth),
	KUNIT_CASE(bulk_gives_all_or_nothing),
	KUNIT_CASE(bulk_free_takes_any_mixture),
	KUNIT_CASE(bulk_free_looks_at_each_object),
	KUNIT_CASE(one_in_bulk_is_one),
	KUNIT_CASE(sized_free_takes_any_size_that_fits),
	KUNIT_CASE(gfree_rcu_works_for_any_offset_of_the_head),
	KUNIT_CASE(an_object_is_freed_from_every_offset_of_its_head),
	KUNIT_CASE(an_object_outlives_the_readers),
	KUNIT_CASE(a_tag_does_not_change_the_address),
	KUNIT_CASE(freed_twice_by_two_tags_is_freed_twice),
	{}
};

GK_SUITE(api, gk_init, gk_exit);
