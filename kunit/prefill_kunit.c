// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: objects allocated ahead, and mempools.
 *
 * nmi_kunit.c takes one in an NMI that hits galloc's own sections.
 */
#include "helpers.h"

#include "twin.h"

#define QUIET	(GFP_KERNEL | __GFP_NOWARN)

static bool fail_all(unsigned int order)
{
	return true;
}

/* No memory from here on, and no allocation of galloc's from the kernel succeeds. */
static void starve_all(struct kunit *test)
{
	gk_starve(test);
	WRITE_ONCE(galloc_fail_hook, fail_all);
}

static void feed_all(struct kunit *test)
{
	WRITE_ONCE(galloc_fail_hook, NULL);
	gk_feed();
	gk_unlimit(test);
}

static const struct {
	size_t size, n, take;
	gfp_t gfp;
} cases_of[] = {
	{ 64, 100, 100, GFP_KERNEL },
	{ 64, 100, 33, GFP_KERNEL | __GFP_ZERO },
	{ 8, 1000, 0, GFP_ATOMIC },
	{ 5000, 20, 7, GFP_NOWAIT | __GFP_ZERO },
	{ 50000, 5, 2, GFP_KERNEL },
	{ 100, 0, 0, GFP_KERNEL },
	{ 100, 1, 1, GFP_KERNEL },
	{ 0, 3, 3, GFP_KERNEL },
};

static void none_fails_before_they_are_used_up(struct kunit *test)
{
	void **taken = kcalloc(1000, sizeof(*taken), GFP_KERNEL);
	size_t i, k;

	KUNIT_ASSERT_NOT_NULL(test, taken);
	for (k = 0; k < ARRAY_SIZE(cases_of); k++) {
		size_t size = cases_of[k].size, n = cases_of[k].n;
		struct galloc_prefill *pf = galloc_prefill(size, n, cases_of[k].gfp);

		KUNIT_ASSERT_NOT_NULL(test, pf);
		starve_all(test);
		for (i = 0; i < cases_of[k].take; i++) {
			KUNIT_EXPECT_EQ(test, galloc_prefill_left(pf), n - i);
			taken[i] = galloc_prefill_alloc(pf);
			KUNIT_EXPECT_NOT_NULL(test, taken[i]);
			if (cases_of[k].gfp & __GFP_ZERO && taken[i])
				KUNIT_EXPECT_TRUE(test, twin_all_zero(taken[i], size));
			if (size && taken[i])
				*(u32 *)taken[i] = i;
		}
		if (i == n)
			KUNIT_EXPECT_NULL(test, galloc_prefill_alloc(pf));
		feed_all(test);
		galloc_prefill_release(pf);
		while (i--) {
			KUNIT_EXPECT_EQ(test, gsize(taken[i]), galloc_size_roundup(size));
			if (size)
				KUNIT_EXPECT_EQ(test, *(u32 *)taken[i], i);
			gfree(taken[i]);
		}
	}
	galloc_prefill_release(NULL);
	kfree(taken);
}

static void a_prefill_that_fails_leaves_nothing(struct kunit *test)
{
	long before = gk_in_use(test);

	/* The array, the first object, one of the others. */
	gk_take_free_runs(test);
	gk_limit_to(300000);
	KUNIT_EXPECT_NULL(test, galloc_prefill(100000, 20, QUIET));
	gk_feed();
	gk_unlimit(test);
	starve_all(test);
	KUNIT_EXPECT_NULL(test, galloc_prefill(64, 10, QUIET));
	KUNIT_EXPECT_NULL(test, galloc_prefill(64, 100000, QUIET));
	KUNIT_EXPECT_NULL(test, galloc_prefill(64, SIZE_MAX / 8, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_prefill(64, SIZE_MAX, QUIET));
	feed_all(test);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), before);
}

/* ---- several CPUs at once ------------------------------------------------ */

#define SHARED_N	20000

static struct galloc_prefill *shared;
static atomic_t met;

/* What one CPU took. */
struct taker {
	size_t n;
	u32 *taken[SHARED_N];
};

/* Each object counts how often it was handed out. */
static void take_all(void *arg)
{
	struct taker *t = arg;
	u32 *p;

	gk_meet(&met, 2);
	while ((p = galloc_prefill_alloc(shared))) {
		++*p;
		t->taken[t->n++] = p;
	}
}

static void cpus_never_get_the_same_object(struct kunit *test)
{
	struct taker *t = kvcalloc(2, sizeof(*t), GFP_KERNEL);
	struct gk_thread *other;
	size_t i, k, wrong = 0;

	KUNIT_ASSERT_NOT_NULL(test, t);
	shared = galloc_prefill(sizeof(u32), SHARED_N, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, shared);
	atomic_set(&met, 0);
	gk_pin(gk_cpu(0));
	other = gk_start(test, gk_cpu(1), take_all, &t[1]);
	take_all(&t[0]);
	gk_join(test, other);
	KUNIT_EXPECT_EQ(test, t[0].n + t[1].n, SHARED_N);
	for (k = 0; k < 2; k++)
		for (i = 0; i < t[k].n; i++) {
			wrong += *t[k].taken[i] != 1;
			gfree(t[k].taken[i]);
		}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, galloc_prefill_left(shared), 0);
	galloc_prefill_release(shared);
	kvfree(t);
}

/* ---- of caches ----------------------------------------------------------- */

static void mark(void *obj)
{
	*(u32 *)obj = 0x5eed;
}

static void the_objects_of_a_cache_are_its_own(struct kunit *test)
{
	struct galloc_cache *cache = galloc_cache_create("ahead", 104,
			&(struct galloc_cache_args) { .ctor = mark, .limit = 64 << 10 });
	struct galloc_prefill *pf;
	u32 *p;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	pf = galloc_prefill_from_cache(cache, 10, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pf);
	starve_all(test);
	for (i = 0; i < 7; i++) {
		p = galloc_prefill_alloc(pf);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, *p, 0x5eed);
		KUNIT_EXPECT_EQ(test, gsize(p), 104);
		galloc_cache_free(cache, p);
	}
	feed_all(test);
	galloc_prefill_release(pf);
	KUNIT_EXPECT_NULL(test, galloc_prefill_from_cache(cache, 10000, QUIET));
	galloc_cache_destroy(cache);
}

static void the_objects_of_a_heap_count_against_its_limit(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("ahead",
			&(struct galloc_heap_args) { .limit_bytes = 256 << 10 });
	static const size_t some[] = { 100, 5000, 50000 };
	struct galloc_heap_usage usage;
	struct galloc_prefill *pf;
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		pf = galloc_prefill_from_heap(heap, some[i], 3, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pf);
		galloc_heap_usage(heap, &usage);
		KUNIT_EXPECT_EQ(test, usage.in_use, 3 * galloc_size_roundup(some[i]));
		starve_all(test);
		gfree(galloc_prefill_alloc(pf));
		feed_all(test);
		galloc_prefill_release(pf);
		KUNIT_EXPECT_NULL(test, galloc_prefill_from_heap(heap, some[i], 10000, QUIET));
		galloc_heap_usage(heap, &usage);
		KUNIT_EXPECT_EQ(test, usage.in_use, 0);
	}
	galloc_heap_destroy(heap);
}

/* ---- mempools ------------------------------------------------------------ */

static void a_mempool_keeps_its_minimum(struct kunit *test)
{
	static const size_t some[] = { 100, 4096, 50000 };
	void *p[3];
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(some); k++) {
		mempool_t *pool = mempool_create_galloc(3, some[k]);
		mempool_t mine;

		KUNIT_ASSERT_NOT_NULL(test, pool);
		KUNIT_ASSERT_EQ(test, mempool_init_galloc(&mine, 1, some[k]), 0);
		starve_all(test);
		for (i = 0; i < 3; i++) {
			p[i] = mempool_alloc(pool, GFP_NOWAIT | __GFP_NOWARN);
			KUNIT_EXPECT_NOT_NULL(test, p[i]);
		}
		feed_all(test);
		KUNIT_EXPECT_EQ(test, gsize(p[0]), galloc_size_roundup(some[k]));
		for (i = 0; i < 3; i++)
			mempool_free(p[i], pool);
		mempool_exit(&mine);
		mempool_destroy(pool);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(none_fails_before_they_are_used_up),
	KUNIT_CASE(a_prefill_that_fails_leaves_nothing),
	KUNIT_CASE(cpus_never_get_the_same_object),
	KUNIT_CASE(the_objects_of_a_cache_are_its_own),
	KUNIT_CASE(the_objects_of_a_heap_count_against_its_limit),
	KUNIT_CASE(a_mempool_keeps_its_minimum),
	{ }
};

GK_SUITE(prefill, gk_init_alive, gk_exit);
