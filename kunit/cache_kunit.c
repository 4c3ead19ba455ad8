// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: typed caches. */
#include "helpers.h"

#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "client/cache.h"
#include "twin.h"

/* ---- helpers ------------------------------------------------------------------ */

static struct galloc_cache *make(struct kunit *test, size_t size,
				 const struct galloc_cache_args *args)
{
	struct galloc_cache *cache = galloc_cache_create("kunit", size, args);

	KUNIT_ASSERT_NOT_NULL(test, cache);
	return cache;
}

static void take(struct kunit *test, struct galloc_cache *cache, void **p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		p[i] = galloc_cache_alloc(cache, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
}

/* Objects of a span of the cache. */
static unsigned int span_objects(const struct galloc_cache *cache)
{
	return cache->set->args.sc.objects;
}

/* Caches of the suite that are still there; a destroyed one needs a moment. */
static unsigned int caches_alive(void)
{
	struct rowset *set = NULL;
	unsigned int n = 0;

	while ((set = rows_next_set(set)))
		n += !strcmp(set->args.name, "kunit");
	return n;
}

static bool all_gone(void)
{
	return gk_wait_for(!caches_alive(), GK_PATIENCE_MS);
}

/* ---- objects ------------------------------------------------------------------ */

static void objects_have_the_exact_size_and_the_alignment(struct kunit *test)
{
	static const struct {
		size_t size;
		unsigned int align, flags;
		size_t real, aligned;
	} shapes[] = {
		{ 1, 0, 0, 8, 8 }, { 8, 0, 0, 8, 8 }, { 40, 0, 0, 40, 8 },
		{ 100, 0, 0, 104, 8 }, { 100, 64, 0, 128, 64 }, { 1000, 8, 0, 1000, 8 },
		{ 24, 0, GALLOC_CACHE_HWALIGN, 32, 32 },
		{ 8, 16, GALLOC_CACHE_HWALIGN, 16, 16 },
		{ 3000, 4096, 0, 4096, 4096 }, { 4104, 8, 0, 4104, 8 },
		{ 5000, 4096, 0, 8192, 4096 }, { 10008, 0, 0, 10008, 8 },
		{ GALLOC_MAX_SMALL, 0, 0, GALLOC_MAX_SMALL, 8 },
	};
	void *p[40];
	int i, n;

	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct galloc_cache *cache = make(test, shapes[i].size,
			&(struct galloc_cache_args) { .align = shapes[i].align,
						      .flags = shapes[i].flags });

		KUNIT_EXPECT_EQ(test, galloc_cache_size(cache), shapes[i].size);
		take(test, cache, p, ARRAY_SIZE(p));
		for (n = 0; n < ARRAY_SIZE(p); n++) {
			KUNIT_EXPECT_EQ(test, gsize(p[n]), shapes[i].real);
			KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p[n],
							   shapes[i].aligned));
			twin_fill(p[n], shapes[i].real, n);
		}
		for (n = 0; n < ARRAY_SIZE(p); n++)
			KUNIT_EXPECT_TRUE(test, twin_intact(p[n], shapes[i].real, n));
		KUNIT_EXPECT_EQ(test, rows_in_use(cache->set), ARRAY_SIZE(p));
		galloc_cache_free_bulk(cache, ARRAY_SIZE(p), p);
		KUNIT_EXPECT_EQ(test, rows_in_use(cache->set), 0);
		galloc_cache_destroy(cache);
	}
	KUNIT_EXPECT_TRUE(test, all_gone());
}

static void every_call_serves_its_cache(struct kunit *test)
{
	struct galloc_cache *cache = make(test, 200, NULL);
	void *p[64] = { };

	p[0] = galloc_cache_alloc(cache, GFP_ATOMIC);
	p[1] = galloc_cache_zalloc(cache, GFP_KERNEL);
	p[2] = galloc_cache_alloc_node(cache, GFP_KERNEL, gk_nid());
	p[3] = galloc_cache_alloc_node(cache, GFP_KERNEL, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, 4, galloc_cache_alloc_bulk(cache, GFP_KERNEL, 4, p + 4));
	KUNIT_EXPECT_EQ(test, rows_in_use(cache->set), 8);
	KUNIT_ASSERT_NOT_NULL(test, p[1]);
	KUNIT_EXPECT_TRUE(test, twin_all_zero(p[1], 200));
	galloc_cache_shrink(cache);
	galloc_cache_free(cache, p[0]);
	gfree(p[1]);
	galloc_cache_free(cache, NULL);
	galloc_cache_free_bulk(cache, ARRAY_SIZE(p) - 2, p + 2);
	KUNIT_EXPECT_EQ(test, rows_in_use(cache->set), 0);
	galloc_cache_destroy(cache);
	galloc_cache_destroy(NULL);
}

struct with_alignment {
	u8 bytes[3];
	u64 word;
};

static void the_macro_takes_size_and_alignment_of_a_struct(struct kunit *test)
{
	struct galloc_cache *cache = GALLOC_CACHE(with_alignment, GALLOC_CACHE_HWALIGN);

	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_EXPECT_STREQ(test, cache->set->args.name, "with_alignment");
	KUNIT_EXPECT_EQ(test, galloc_cache_size(cache), sizeof(struct with_alignment));
	galloc_cache_destroy(cache);
}

/* ---- constructor, TYPESAFE_BY_RCU ------------------------------------------------ */

static unsigned int constructed;

/* The first word is the constructor's, the second counts its runs. */
static void ctor(void *p)
{
	u64 *word = p;

	word[0] = (unsigned long)p;
	word[1] = 1;
	constructed++;
}

static void the_constructor_runs_once_for_each_object(struct kunit *test)
{
	static const struct galloc_cache_args args = { .ctor = ctor };
	struct galloc_cache *cache = make(test, 1000, &args);
	unsigned int n = span_objects(cache), i, round;
	void *p[16], *first;

	KUNIT_ASSERT_LE(test, n, ARRAY_SIZE(p));
	constructed = 0;
	/* The first one keeps the span. */
	take(test, cache, &first, 1);
	KUNIT_EXPECT_EQ(test, constructed, n);
	for (round = 1; round < 4; round++) {
		take(test, cache, p, n - 1);
		for (i = 0; i < n - 1; i++) {
			u64 *word = p[i];

			KUNIT_EXPECT_EQ(test, word[0], (u64)(unsigned long)p[i]);
			KUNIT_EXPECT_EQ(test, word[1]++, (u64)round);
		}
		galloc_cache_free_bulk(cache, n - 1, p);
	}
	KUNIT_EXPECT_EQ(test, constructed, n);
	galloc_cache_free(cache, first);
	galloc_cache_destroy(cache);
}

static void clearing_what_was_constructed_is_refused(struct kunit *test)
{
	static const struct galloc_cache_args args = { .ctor = ctor };
	struct galloc_cache *cache = make(test, 64, &args);
	void *p;

	gk_expect_warning(test, "__GFP_ZERO for cache");
	KUNIT_EXPECT_NULL(test, galloc_cache_zalloc(cache, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_cache_alloc_node(cache, GFP_KERNEL | __GFP_ZERO, 0));
	KUNIT_EXPECT_EQ(test, 0, galloc_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_ZERO,
							 1, &p));
	galloc_cache_destroy(cache);
}

/* Is the page of @p one of a span, or has it at least not been given to others? */
static bool page_is_kept(const void *p)
{
	struct mspan s;

	return map_span_around(p, &s) && mspan_state(&s) != MSPAN_FREE;
}

static void readers_may_look_at_freed_objects(struct kunit *test)
{
	static const struct galloc_cache_args args = {
		.flags = GALLOC_CACHE_TYPESAFE_BY_RCU,
	};
	struct galloc_cache *cache = make(test, 1000, &args);
	unsigned int n = span_objects(cache), i;
	void *p[16], *q;

	KUNIT_ASSERT_LE(test, n, ARRAY_SIZE(p));
	take(test, cache, p, n);
	for (i = 0; i < n; i++)
		twin_fill(p[i], 1000, i);
	rcu_read_lock();
	galloc_cache_free_bulk(cache, n, p);
	/* What would take the pages, if they were free. */
	release_runs(ULONG_MAX, false);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_TRUE(test, page_is_kept(p[i]));
		KUNIT_EXPECT_TRUE(test, twin_intact(p[i], 1000, i));
	}
	rcu_read_unlock();
	/* One that was used before is cleared if that is asked for. */
	q = galloc_cache_alloc(cache, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q);
	twin_fill(q, 1000, 0);
	galloc_cache_free(cache, q);
	q = galloc_cache_alloc(cache, GFP_KERNEL | __GFP_ZERO);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_TRUE(test, twin_all_zero(q, 1000));
	galloc_cache_free(cache, q);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!page_is_kept(p[0]), GK_PATIENCE_MS));
	galloc_cache_destroy(cache);
}

/* ---- limit, nodes --------------------------------------------------------------- */

#define MAX_OBJECTS	600

static void the_limit_is_never_exceeded(struct kunit *test)
{
	static const struct galloc_cache_args args = { .limit = 10 * PAGE_SIZE + 1 };
	struct galloc_cache *cache = make(test, 256, &args);
	void **p = kunit_kcalloc(test, MAX_OBJECTS, sizeof(*p), GFP_KERNEL);
	unsigned int n, round, first = 0;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (round = 0; round < 2; round++) {
		for (n = 0; n < MAX_OBJECTS; n++) {
			p[n] = galloc_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
			KUNIT_EXPECT_LE(test, atomic_long_read(&cache->account.bytes),
					(long)args.limit);
			if (!p[n])
				break;
		}
		KUNIT_EXPECT_EQ(test, atomic_long_read(&cache->account.refused), round + 1L);
		/* All that fits: what is left has no room for another span. */
		KUNIT_EXPECT_GT(test, n * 256 + PAGE_SIZE * cache->set->args.sc.span_pages,
				args.limit);
		KUNIT_EXPECT_EQ(test, n, round ? first : n);
		first = n;
		galloc_cache_free_bulk(cache, n, p);
		galloc_cache_shrink(cache);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&cache->account.bytes), 0);
	}
	gk_expect_warning(test, "__GFP_NOFAIL at the limit");
	take(test, cache, p, first);
	KUNIT_EXPECT_NULL(test, galloc_cache_alloc(cache, GFP_KERNEL | __GFP_NOFAIL));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&cache->account.refused), 3);
	galloc_cache_free_bulk(cache, first, p);
	galloc_cache_destroy(cache);
}

/*
 * Pages that only wait for readers count against the limit: whoever may sleep ends the wait,
 * and does not depend on the worker.
 */
static void readers_are_waited_for_at_the_limit(struct kunit *test)
{
	static const struct galloc_cache_args args = {
		.flags = GALLOC_CACHE_TYPESAFE_BY_RCU, .limit = 4 * PAGE_SIZE,
	};
	struct galloc_cache *cache = make(test, GK_SMALL(PAGE_SIZE), &args);
	unsigned int i;
	void *p;

	gk_quiet();
	for (i = 0; i < 20; i++) {
		p = galloc_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
		KUNIT_EXPECT_NOT_NULL_MSG(test, p, "object %u", i);
		gfree(p);
	}
	KUNIT_EXPECT_EQ(test, atomic_long_read(&cache->account.refused), 0);
	while ((p = galloc_cache_alloc(cache, GFP_NOWAIT | __GFP_NOWARN)))
		gfree(p);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&cache->account.waiting), 4);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&cache->account.refused), 1);
	gk_background();
	galloc_cache_destroy(cache);
}

/* The same where there is no memory for anybody. */
static void what_waits_for_readers_is_memory_for_others(struct kunit *test)
{
	static const struct galloc_cache_args args = { .flags = GALLOC_CACHE_TYPESAFE_BY_RCU };
	struct galloc_cache *cache = make(test, GK_SMALL(PAGE_SIZE), &args);
	void *p[64], *q;

	gk_quiet();
	take(test, cache, p, ARRAY_SIZE(p));
	gk_starve(test);
	galloc_cache_free_bulk(cache, ARRAY_SIZE(p), p);
	KUNIT_EXPECT_NULL(test, galloc(PAGE_SIZE, GFP_NOWAIT | __GFP_NOWARN));
	q = galloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, q);
	KUNIT_EXPECT_EQ(test, retire_pages(), 0);
	gfree(q);
	gk_feed();
	gk_unlimit(test);
	gk_background();
	galloc_cache_destroy(cache);
}

static void a_strict_cache_serves_no_other_node(struct kunit *test)
{
	static const struct galloc_cache_args args = { .flags = GALLOC_CACHE_NODE_STRICT };
	struct galloc_cache *strict = make(test, 64, &args), *other = make(test, 64, NULL);
	void *p = galloc_cache_alloc_node(strict, GFP_KERNEL, gk_nid());

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), gk_nid());
	galloc_cache_free(strict, p);
	/* A node that is not there. */
	KUNIT_EXPECT_NULL(test, galloc_cache_alloc_node(strict, GFP_KERNEL, 12345));
	p = galloc_cache_alloc_node(other, GFP_KERNEL, 12345);
	KUNIT_EXPECT_NOT_NULL(test, p);
	galloc_cache_free(other, p);
	galloc_cache_destroy(strict);
	galloc_cache_destroy(other);
}

/* ---- bad input ------------------------------------------------------------------- */

static void arguments_out_of_range_are_refused(struct kunit *test)
{
	static const struct {
		const char *name;
		size_t size;
		struct galloc_cache_args args;
	} bad[] = {
		{ NULL, 8 }, { "", 8 }, { "kunit", 0 }, { "kunit", GALLOC_MAX_SMALL + 1 },
		{ "kunit", SIZE_MAX }, { "kunit", 8, { .align = 24 } },
		{ "kunit", 8, { .align = 8192 } }, { "kunit", 8, { .flags = 0x80 } },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_NULL(test, galloc_cache_create(bad[i].name, bad[i].size,
							    &bad[i].args));
	KUNIT_EXPECT_EQ(test, caches_alive(), 0);
}

static void what_is_not_of_the_cache_is_not_freed(struct kunit *test)
{
	struct galloc_cache *one = make(test, 64, NULL), *two = make(test, 64, NULL);
	void *p[3], *q = galloc(64, GFP_KERNEL);

	take(test, one, p, 2);
	take(test, two, p + 2, 1);
	gk_expect_reports(test, FAULT_WRONG_CACHE);
	gk_expect_reports(test, FAULT_INTERIOR);
	galloc_cache_free(one, p[2]);
	galloc_cache_free(one, q);
	gk_expect_faults(test, FAULT_WRONG_CACHE, 2);
	galloc_cache_free(one, p[0] + 8);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	/* All others of a bulk are freed. */
	galloc_cache_free_bulk(one, 3, (void *[]) { p[0], p[2], p[1] });
	gk_expect_faults(test, FAULT_WRONG_CACHE, 1);
	KUNIT_EXPECT_EQ(test, rows_in_use(one->set), 0);
	KUNIT_EXPECT_EQ(test, rows_in_use(two->set), 1);
	galloc_cache_free(two, p[2]);
	gfree(q);
	galloc_cache_destroy(one);
	galloc_cache_destroy(two);
}

/* Nor what lies in no span of small objects: whole pages, and what has a page of its own. */
static void nor_is_what_is_of_no_span(struct kunit *test)
{
	const struct galloc_cache_args args = { .flags = GALLOC_CACHE_GUARD(1) };
	struct galloc_cache *one = make(test, 64, NULL), *guarded = make(test, 64, &args);
	void *p[2] = { galloc(100000, GFP_KERNEL) };
	unsigned int i;

	take(test, guarded, p + 1, 1);
	KUNIT_ASSERT_TRUE(test, p[0] && is_vmalloc_addr(p[1]));
	gk_expect_reports(test, FAULT_WRONG_CACHE);
	gk_expect_reports(test, FAULT_INTERIOR);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		galloc_cache_free(one, p[i]);
		gk_expect_faults(test, FAULT_WRONG_CACHE, 1);
		galloc_cache_free(one, p[i] + 8);
		gk_expect_faults(test, FAULT_INTERIOR, 1);
	}
	gfree(p[0]);
	galloc_cache_free(guarded, p[1]);
	galloc_cache_free(guarded, p[1]);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	galloc_cache_destroy(one);
	galloc_cache_destroy(guarded);
}

static void what_outlives_its_cache_stays_valid(struct kunit *test)
{
	static const struct galloc_cache_args args = { .ctor = ctor };
	struct galloc_cache *cache = make(test, 1000, &args);
	void *p[3], *q;
	int i;

	take(test, cache, p, ARRAY_SIZE(p));
	for (i = 0; i < ARRAY_SIZE(p); i++)
		twin_fill(p[i], 1000, i);
	gk_expect_reports(test, FAULT_LIVE);
	galloc_cache_destroy(cache);
	gk_expect_faults(test, FAULT_LIVE, 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "3 objects"), 1);
	constructed = 0;
	/* Nobody else gets its free objects. */
	q = galloc(1000, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		KUNIT_EXPECT_EQ(test, gsize(p[i]), 1000);
		KUNIT_EXPECT_TRUE(test, twin_intact(p[i], 1000, i));
		KUNIT_EXPECT_EQ(test, caches_alive(), 1);
		gfree(p[i]);
	}
	gfree(q);
	KUNIT_EXPECT_TRUE(test, all_gone());
	KUNIT_EXPECT_EQ(test, constructed, 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* ---- many ------------------------------------------------ */

static unsigned long many(void)
{
	return gk_slow() ? 300 : 10000;
}

static void creation_and_destruction_leak_nothing(struct kunit *test)
{
	unsigned long i;
	long meta = 0;

	for (i = 0; i < many(); i++) {
		struct galloc_cache *cache = make(test, 8 + i % 4000, NULL);
		void *p;

		take(test, cache, &p, 1);
		galloc_cache_free(cache, p);
		galloc_cache_destroy(cache);
		if (i == many() / 10) {
			KUNIT_EXPECT_TRUE(test, all_gone());
			KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
			gk_background();
			meta = arena_meta_bytes();
		}
	}
	gk_count_ops(2 * i);
	KUNIT_EXPECT_TRUE(test, all_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	/* Descriptors of the mheaps, and no more. */
	KUNIT_EXPECT_LE(test, arena_meta_bytes(), meta + 64 * 1024);
}

static void many_caches_may_be_alive(struct kunit *test)
{
	struct galloc_cache **cache = kvcalloc(many(), sizeof(*cache), GFP_KERNEL);
	unsigned long held, i;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	held = arena_held_bytes();
	for (i = 0; i < many(); i++)
		cache[i] = make(test, 8 + i % 4000, NULL);
	/* Alive and unused, a cache has no pages, and no CPU anything for it. */
	KUNIT_EXPECT_LE(test, (unsigned long)arena_held_bytes(), held + many() * 1024);
	KUNIT_EXPECT_EQ(test, caches_alive(), many());
	for (i = 0; i < many(); i++) {
		take(test, cache[i], &p, 1);
		galloc_cache_free(cache[i], p);
	}
	for (i = 0; i < many(); i++)
		galloc_cache_destroy(cache[i]);
	kvfree(cache);
	KUNIT_EXPECT_TRUE(test, all_gone());
}

static struct kunit_case cases[] = {
	KUNIT_CASE(objects_have_the_exact_size_and_the_alignment),
	KUNIT_CASE(every_call_serves_its_cache),
	KUNIT_CASE(the_macro_takes_size_and_alignment_of_a_struct),
	KUNIT_CASE(the_constructor_runs_once_for_each_object),
	KUNIT_CASE(clearing_what_was_constructed_is_refused),
	KUNIT_CASE(readers_may_look_at_freed_objects),
	KUNIT_CASE(the_limit_is_never_exceeded),
	KUNIT_CASE(readers_are_waited_for_at_the_limit),
	KUNIT_CASE(what_waits_for_readers_is_memory_for_others),
	KUNIT_CASE(a_strict_cache_serves_no_other_node),
	KUNIT_CASE(arguments_out_of_range_are_refused),
	KUNIT_CASE(what_is_not_of_the_cache_is_not_freed),
	KUNIT_CASE(nor_is_what_is_of_no_span),
	KUNIT_CASE(what_outlives_its_cache_stays_valid),
	KUNIT_CASE(creation_and_destruction_leak_nothing),
	KUNIT_CASE(many_caches_may_be_alive),
	{}
};

GK_SUITE(cache, gk_init_alive, gk_exit);
