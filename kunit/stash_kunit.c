// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: runs of pages that a CPU keeps for the next large object. */
#include "helpers.h"

#include <linux/mm.h>

#define LARGE	(GALLOC_MAX_SMALL + PAGE_SIZE)

static struct mcache *this_mcache(void)
{
	return raw_cpu_ptr(&galloc_mcache);
}

static void *take(struct kunit *test, size_t size)
{
	void *p = galloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

/* The stash after a drain; and in debug mode at any time. */
static void expect_empty(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 0);
	KUNIT_EXPECT_EQ(test, this_mcache()->runs_bytes, 0);
}

static void the_pages_of_a_large_object_serve_the_next(struct kunit *test)
{
	size_t size;

	for (size = LARGE; size <= ARENA_SIZE / 2; size += 19 * PAGE_SIZE) {
		void *p = take(test, size), *q;
		struct mspan s;

		gfree(p);
		if (galloc_debug) {
			expect_empty(test);
			continue;
		}
		KUNIT_EXPECT_TRUE(test, map_span_around(p, &s));
		KUNIT_EXPECT_EQ(test, s.tag, MSPAN_TAG(0, MSPAN_CACHED));
		q = take(test, size);
		KUNIT_EXPECT_PTR_EQ(test, q, p);
		KUNIT_EXPECT_EQ(test, gsize(q), PAGE_ALIGN(size));
		gfree(q);
		drain_cpus();
		expect_empty(test);
	}
}

static void each_run_serves_one_object(struct kunit *test)
{
	void *p[3] = { take(test, LARGE), take(test, LARGE) };
	int i;

	gfree(p[0]);
	gfree(p[1]);
	if (!galloc_debug)
		KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 2);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = take(test, LARGE);
	expect_empty(test);
	KUNIT_EXPECT_PTR_NE(test, p[0], p[1]);
	KUNIT_EXPECT_PTR_NE(test, p[1], p[2]);
	KUNIT_EXPECT_PTR_NE(test, p[2], p[0]);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		gfree(p[i]);
}

static void runs_serve_only_their_own_length(struct kunit *test)
{
	static const int more[] = { -1, 1, 7 };
	int i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		size_t size = LARGE + PAGE_SIZE * (1 + more[i]);
		void *p = take(test, LARGE + PAGE_SIZE), *q;

		gfree(p);
		q = take(test, size);
		KUNIT_EXPECT_EQ(test, gsize(q), size);
		if (!galloc_debug)
			KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 1);
		gfree(q);
		drain_cpus();
	}
}

static void runs_serve_only_alignments_that_they_have(struct kunit *test)
{
	void *p = take(test, LARGE), *q = take(test, LARGE), *r;

	/* One of two that is not at the start of a block. */
	if (IS_ALIGNED((unsigned long)p, ARENA_SIZE))
		swap(p, q);
	gfree(p);
	r = galloc_aligned(LARGE, ARENA_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)r, ARENA_SIZE));
	gfree(q);
	gfree(r);
}

static void old_contents_are_not_visible(struct kunit *test)
{
	void *p = take(test, LARGE), *q;

	memset(p, 0x5a, LARGE);
	gfree(p);
	q = gzalloc(LARGE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_NULL(test, memchr_inv(q, 0, gsize(q)));
	gfree(q);
}

/* Free runs of many lengths.  Returns how many are kept in the end. */
static unsigned int keep_many(struct kunit *test)
{
	void *p[3 * STASH_RUNS];
	size_t size = LARGE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++, size += PAGE_SIZE)
		p[i] = take(test, size);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		gfree(p[i]);
		KUNIT_ASSERT_LE(test, this_mcache()->nr_runs, STASH_RUNS);
		KUNIT_EXPECT_LE(test, this_mcache()->runs_bytes,
				galloc_cpu_cache_bytes / 2);
		KUNIT_EXPECT_LE(test, this_mcache()->held, galloc_cpu_cache_bytes);
	}
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	i = this_mcache()->nr_runs;
	drain_cpus();
	return i;
}

static void the_stash_stays_within_the_budget(struct kunit *test)
{
	/* The budget is the limit, and where that is large, the places are. */
	WRITE_ONCE(galloc_cpu_cache_bytes, 1UL << 20);
	KUNIT_EXPECT_EQ(test, keep_many(test) > 1, !galloc_debug);
	WRITE_ONCE(galloc_cpu_cache_bytes, 64UL << 20);
	KUNIT_EXPECT_EQ(test, keep_many(test), galloc_debug ? 0 : STASH_RUNS);
}

#define IN_A_ROW	32

/* Take objects with none freed in between.  The most runs that the CPU had meanwhile. */
static unsigned int take_in_a_row(struct kunit *test, void **p)
{
	unsigned int i, most = 0;

	drain_cpus();
	gfree(take(test, LARGE));
	drain_cpus();
	for (i = 0; i < IN_A_ROW; i++) {
		p[i] = take(test, LARGE);
		most = max_t(unsigned int, most, this_mcache()->nr_runs);
		if (i < 3)
			KUNIT_EXPECT_EQ(test, most, 0);
	}
	return most;
}

static void free_in_a_row(void **p)
{
	unsigned int i;

	for (i = 0; i < IN_A_ROW; i++)
		gfree(p[i]);
}

/* What nobody frees in between is asked for again. */
static void requests_in_a_row_are_served_several_at_a_time(struct kunit *test)
{
	unsigned int most, tries = 5;
	void *p[IN_A_ROW];

	if (galloc_debug)
		return;
	WRITE_ONCE(galloc_cpu_cache_bytes, 2UL << 20);
	/* The free runs that others have left may be too short for two. */
	gk_take_free_runs(test);
	gk_make_room(ARENA_ORDER);
	gk_grow_by_blocks();
	/* Others may free on this CPU. */
	while (!(most = take_in_a_row(test, p)) && --tries)
		free_in_a_row(p);
	KUNIT_EXPECT_GT(test, most, 0);
	KUNIT_EXPECT_LT(test, most, 6);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* Now one was: the next is alone. */
	drain_cpus();
	gfree(p[0]);
	drain_cpus();
	p[0] = take(test, LARGE);
	KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 0);
	free_in_a_row(p);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void the_newest_runs_stay(struct kunit *test)
{
	void *p[2 * STASH_RUNS], *q;
	unsigned int i;

	if (galloc_debug)
		return;
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = take(test, LARGE + i * PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		gfree(p[i]);
	q = take(test, LARGE + (i - 1) * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, q, p[i - 1]);
	gfree(q);
	/* One that fills all its part alone: two at a time make room for it. */
	for (i = 0; i < STASH_RUNS; i++) {
		q = take(test, ARENA_SIZE / 2);
		gfree(q);
	}
	KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 1);
	KUNIT_EXPECT_PTR_EQ(test, galloc(ARENA_SIZE / 2, GFP_KERNEL), q);
	gfree(q);
}

static void a_run_that_can_never_fit_evicts_none(struct kunit *test)
{
	void *small, *big, *again;

	if (galloc_debug)
		return;
	small = take(test, LARGE);
	big = take(test, 128 * PAGE_SIZE);
	gfree(small);
	WRITE_ONCE(galloc_cpu_cache_bytes, 128 * PAGE_SIZE);
	gfree(big);
	KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 1);
	again = take(test, LARGE);
	KUNIT_EXPECT_PTR_EQ(test, again, small);
	gfree(again);
}

/* Each that is pushed out is joined with its neighbours: two in a call. */
static void a_long_run_evicts_two(struct kunit *test)
{
	void *small[8], *big;
	int i;

	if (galloc_debug)
		return;
	/* There is room for those, and for no more. */
	WRITE_ONCE(galloc_cpu_cache_bytes, 2 * ARRAY_SIZE(small) * LARGE);
	for (i = 0; i < ARRAY_SIZE(small); i++)
		small[i] = take(test, LARGE);
	big = take(test, 4 * LARGE);
	/* What these requests got in addition is not meant. */
	drain_cpus();
	for (i = 0; i < ARRAY_SIZE(small); i++)
		gfree(small[i]);
	KUNIT_ASSERT_EQ(test, this_mcache()->nr_runs, 8);
	gfree(big);
	KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 6);
	for (i = 0; i < 2; i++) {
		big = take(test, 4 * LARGE);
		gfree(big);
	}
	/* Another one as long finds room, and serves the next. */
	KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 5);
	KUNIT_EXPECT_EQ(test, this_mcache()->runs_bytes, 8 * LARGE);
}

static void a_cpu_at_its_budget_keeps_none(struct kunit *test)
{
	void *p = take(test, LARGE);

	/* As if its stacks were full. */
	this_mcache()->held += galloc_cpu_cache_bytes;
	gfree(p);
	this_mcache()->held -= galloc_cpu_cache_bytes;
	expect_empty(test);
}

static void a_drain_empties_the_stash(struct kunit *test)
{
	void *p = take(test, LARGE);
	struct mspan s;

	gfree(p);
	drain_cpus();
	expect_empty(test);
	if (map_span_around(p, &s))
		KUNIT_EXPECT_EQ(test, s.tag, MSPAN_TAG(0, MSPAN_FREE));

	gfree(take(test, LARGE));
	drain_relieve(GFP_KERNEL);
	expect_empty(test);
}

/*
 * A CPU that empties its stacks in its own calls, as one without work items, or that loops;
 * however full the last of them was.
 */
static void a_cpu_follows_when_its_stash_is_empty(struct kunit *test)
{
	static const unsigned int stacked[] = { 0, 1, 16, 64, 128 };
	void *p[STASH_RUNS], *objects[128];
	unsigned int i, j;

	WRITE_ONCE(galloc_cpu_cache_bytes, 64UL << 20);
	for (j = 0; j < ARRAY_SIZE(stacked); j++) {
		for (i = 0; i < stacked[j]; i++)
			objects[i] = take(test, 64);
		for (i = 0; i < ARRAY_SIZE(p); i++)
			p[i] = take(test, LARGE + i * PAGE_SIZE);
		for (i = 0; i < stacked[j]; i++)
			gfree(objects[i]);
		for (i = 0; i < ARRAY_SIZE(p); i++)
			gfree(p[i]);
		if (!galloc_debug)
			KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, STASH_RUNS);
		KUNIT_EXPECT_TRUE(test, gk_wait_for(drain_kick(), GK_PATIENCE_MS / 3));
		for (i = 0; i < 1000 && drain_is_behind(); i++)
			drain_follow();
		KUNIT_EXPECT_FALSE(test, drain_is_behind());
		expect_empty(test);
	}
}

/* Nor does it go on for ever, if there are more runs after each turn. */
static void a_cpu_follows_though_its_stash_fills(struct kunit *test)
{
	unsigned int i;

	gfree(take(test, 64));
	KUNIT_EXPECT_TRUE(test, gk_wait_for(drain_kick(), GK_PATIENCE_MS / 3));
	for (i = 0; i < 1000 && drain_is_behind(); i++) {
		gfree(take(test, LARGE));
		gfree(take(test, 2 * LARGE));
		drain_follow();
	}
	KUNIT_EXPECT_LT(test, i, 1000);
	drain_cpus();
	expect_empty(test);
}

/* The tick's work on this CPU. */
static void look_for_idle_runs(void)
{
	drain_tick();
	queue_work_on(raw_smp_processor_id(), galloc_wq, &this_mcache()->work);
	flush_work(&this_mcache()->work);
}

static void idle_runs_are_returned(struct kunit *test)
{
	gfree(take(test, LARGE));
	gfree(take(test, LARGE));
	look_for_idle_runs();
	if (!galloc_debug)
		KUNIT_EXPECT_EQ(test, this_mcache()->nr_runs, 1);
	look_for_idle_runs();
	expect_empty(test);
}

static void stashed_runs_count_as_cached(struct kunit *test)
{
	struct galloc_totals before, after;
	void *p = take(test, LARGE);

	if (galloc_debug) {
		gfree(p);
		return;
	}
	stats_totals(&before);
	gfree(p);
	stats_totals(&after);
	KUNIT_EXPECT_EQ(test, after.in_use, before.in_use - (long)LARGE);
	KUNIT_EXPECT_EQ(test, after.cached, before.cached + (long)LARGE);
}

static void a_double_free_of_a_cached_run_is_reported(struct kunit *test)
{
	void *p = take(test, LARGE);

	gk_expect_reports(test, FAULT_NO_OBJECT);
	gfree(p);
	gfree(p);
	gk_expect_faults(test, FAULT_NO_OBJECT, 1);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void a_shared_run_is_not_kept(struct kunit *test)
{
	void *p = take(test, LARGE);
	struct page *page = virt_to_page(p);

	get_page(page);
	gfree(p);
	expect_empty(test);
	put_page(page);
	worker_settle();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_pages_of_a_large_object_serve_the_next),
	KUNIT_CASE(each_run_serves_one_object),
	KUNIT_CASE(runs_serve_only_their_own_length),
	KUNIT_CASE(runs_serve_only_alignments_that_they_have),
	KUNIT_CASE(old_contents_are_not_visible),
	KUNIT_CASE(the_stash_stays_within_the_budget),
	KUNIT_CASE(the_newest_runs_stay),
	KUNIT_CASE(requests_in_a_row_are_served_several_at_a_time),
	KUNIT_CASE(a_run_that_can_never_fit_evicts_none),
	KUNIT_CASE(a_long_run_evicts_two),
	KUNIT_CASE(a_cpu_at_its_budget_keeps_none),
	KUNIT_CASE(a_drain_empties_the_stash),
	KUNIT_CASE(a_cpu_follows_when_its_stash_is_empty),
	KUNIT_CASE(a_cpu_follows_though_its_stash_fills),
	KUNIT_CASE(idle_runs_are_returned),
	KUNIT_CASE(stashed_runs_count_as_cached),
	KUNIT_CASE(a_double_free_of_a_cached_run_is_reported),
	KUNIT_CASE(a_shared_run_is_not_kept),
	{}
};

GK_SUITE(stash, gk_init, gk_exit);
