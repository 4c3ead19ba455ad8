// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the atomic reserve.
 */
#include "helpers.h"
#include "mheap.h"
#include "observe/sums.h"

#include <linux/sched/mm.h>

#define QUIET		(GFP_KERNEL | __GFP_NOWARN)
#define ATOMIC		(GFP_ATOMIC | __GFP_NOWARN)

/* A quarter of a MB, where a page has 4 KiB. */
#define RESERVE_PAGES	64

/* Objects of a case, each with the address of the one before. */
static void **objects;

static int init_case(struct kunit *test)
{
	objects = NULL;
	return gk_init(test);
}

static void free_objects(void)
{
	while (objects) {
		void **p = objects;

		objects = *p;
		gfree(p);
	}
}

static void take_away(void)
{
	standby_exit();
	WRITE_ONCE(galloc_standby_pages, 0);
}

static void exit_case(struct kunit *test)
{
	gk_quiet();
	WRITE_ONCE(galloc_fail_hook, NULL);
	free_objects();
	take_away();
	gk_feed();
	gk_exit(test);
}

static void set_up(struct kunit *test)
{
	WRITE_ONCE(galloc_standby_pages, RESERVE_PAGES);
	KUNIT_ASSERT_EQ(test, standby_init(), 0);
	KUNIT_ASSERT_EQ(test, standby_pages(), RESERVE_PAGES);
}

static bool refill(void)
{
	bool full = true;
	int nid;

	for_each_online_node(nid)
		full &= standby_fill(mheap_of(nid));
	return full;
}

static bool fail_all(unsigned int order)
{
	return true;
}

/* Nothing is left, and interrupts are off: how many objects are there? */
static unsigned long count_served(size_t size)
{
	unsigned long n = 0, flags;
	void **p;

	local_irq_save(flags);
	while ((p = galloc_any(size, ATOMIC))) {
		*p = objects;
		objects = p;
		n++;
	}
	local_irq_restore(flags);
	return n;
}

GK_SIZES(served_sizes, 8, 16, 64, 1000, 4096, 5120, 9216, 32768, 50000);

static void a_burst_of_that_size_is_served(struct kunit *test)
{
	size_t real = galloc_size_roundup(gk_size(test));
	unsigned long bytes = RESERVE_PAGES << PAGE_SHIFT, n;

	set_up(test);
	gk_starve(test);
	WRITE_ONCE(galloc_fail_hook, fail_all);
	KUNIT_EXPECT_NULL(test, galloc_any(50001, QUIET));
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES);
	n = count_served(gk_size(test));
	/* The rest of each span, and what is shorter than an object. */
	KUNIT_EXPECT_GE(test, n * real, bytes - bytes / 8 - real);
	/* Pages that do not lie side by side are of no use for a longer object. */
	KUNIT_EXPECT_LE(test, standby_pages(), real > PAGE_SIZE ? 1 << get_order(real) :
						real >> PAGE_SHIFT);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	free_objects();
}

static void it_is_filled_again_at_the_limit(struct kunit *test)
{
	struct galloc_totals t;

	set_up(test);
	gk_starve(test);
	KUNIT_EXPECT_GT(test, count_served(4096), 0);
	KUNIT_EXPECT_FALSE(test, refill());
	free_objects();
	gk_rest(&t);
	/* Room for the descriptors, but not for the pages. */
	gk_limit_to(RESERVE_PAGES * 128);
	KUNIT_EXPECT_TRUE(test, refill());
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES);
}

/* A reserve whose descriptors have been freed is of no use, whatever pages it has. */
static void it_keeps_its_descriptors(struct kunit *test)
{
	struct galloc_totals t;

	set_up(test);
	gk_starve(test);
	KUNIT_EXPECT_GT(test, count_served(4096), 0);
	free_objects();
	/* Trims the node's stock. */
	gk_rest(&t);
	/* No room for any other. */
	gk_limit_to(0);
	KUNIT_EXPECT_TRUE(test, refill());
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES);
	KUNIT_EXPECT_EQ(test, count_served(4096), RESERVE_PAGES << PAGE_SHIFT >> 12);
}

static unsigned int nth, asked;

static bool fail_from_nth(unsigned int order)
{
	return ++asked >= nth;
}

/* There are free pages, but of descriptors only the few of the node's stock. */
static void it_has_no_page_without_a_descriptor(struct kunit *test)
{
	struct mspan *s = mheap_alloc(gk_nid(), RESERVE_PAGES, 1, 0, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	mheap_free(s);
	WRITE_ONCE(galloc_standby_pages, RESERVE_PAGES);
	asked = 0;
	nth = 2;
	WRITE_ONCE(galloc_fail_hook, fail_from_nth);
	KUNIT_EXPECT_NE(test, standby_init(), 0);
	KUNIT_EXPECT_LT(test, standby_pages(), RESERVE_PAGES / 4);
	WRITE_ONCE(galloc_fail_hook, NULL);
	take_away();
	set_up(test);
}

static void the_worker_fills_it_again(struct kunit *test)
{
	struct want w = { .npages = 5, .least = 5, .align = 1 };
	struct mspan *s;

	set_up(test);
	s = standby_take(gk_nid(), &w, ATOMIC);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES - 5);
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(standby_pages() == RESERVE_PAGES,
					    GK_PATIENCE_MS));
	mheap_free(s);
}

/* What is asked for on this task: pages side by side, and with which flags. */
static struct {
	struct task_struct *who;
	gfp_t gfp;
	unsigned int longer;
	unsigned int reclaiming;
	unsigned int killing;
} flags_seen;

static void see_flags(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_ASK_SYSTEM || current != READ_ONCE(flags_seen.who))
		return;
	flags_seen.gfp = *(const gfp_t *)what;
	flags_seen.killing += flags_seen.gfp & __GFP_DIRECT_RECLAIM &&
			      !(flags_seen.gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL));
}

static bool see_order(unsigned int order)
{
	if (current != READ_ONCE(flags_seen.who))
		return false;
	flags_seen.longer += !!order;
	flags_seen.reclaiming += order && flags_seen.gfp & __GFP_RECLAIM;
	return order > 2;
}

/* Others' memory is not moved so that its pages lie side by side, nor a process killed. */
static void it_takes_the_runs_that_there_are(struct kunit *test)
{
	gk_take_free_runs(test);
	memset(&flags_seen, 0, sizeof(flags_seen));
	flags_seen.who = current;
	gk_whole();
	WRITE_ONCE(galloc_pause_hook, see_flags);
	WRITE_ONCE(galloc_fail_hook, see_order);
	set_up(test);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_whole();
	KUNIT_EXPECT_GT(test, flags_seen.longer, 1);
	KUNIT_EXPECT_EQ(test, flags_seen.reclaiming, 0);
	KUNIT_EXPECT_EQ(test, flags_seen.killing, 0);
}

static void who_may_sleep_gets_none(struct kunit *test)
{
	unsigned long i;

	set_up(test);
	gk_starve(test);
	for (i = 0; i < 100000; i++) {
		void **p = galloc_any(4096, QUIET);

		if (!p)
			break;
		*p = objects;
		objects = p;
	}
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES);
	KUNIT_EXPECT_NULL(test, galloc_any(4096, QUIET));
	KUNIT_EXPECT_NOT_NULL(test, objects = galloc_any(4096, ATOMIC));
	if (objects)
		*objects = NULL;
	KUNIT_EXPECT_LT(test, standby_pages(), RESERVE_PAGES);
}

static void break_into_the_reserve(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_GROW_CHUNK)
		((struct chunk *)what)->reserve = true;
}

/* Nor who may use the emergency reserve, be there pages of that or not. */
static void who_frees_memory_by_it_gets_none(struct kunit *test)
{
	unsigned int scope;
	void **p;

	set_up(test);
	gk_take_free_runs(test);
	WRITE_ONCE(galloc_pause_hook, break_into_the_reserve);
	scope = memalloc_noreclaim_save();
	p = galloc_any(4096, QUIET);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_limit_to(0);
	for (; p; p = galloc_any(4096, QUIET)) {
		*p = objects;
		objects = p;
	}
	memalloc_noreclaim_restore(scope);
	KUNIT_ASSERT_NOT_NULL(test, objects);
	KUNIT_EXPECT_TRUE(test, mcentral_is_reserve(mcentral_of(gk_row_at(objects))));
	KUNIT_EXPECT_NULL(test, galloc_any(4096, QUIET | __GFP_MEMALLOC));
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES);
	/* Who cannot sleep does. */
	p = galloc_any(4096, ATOMIC | __GFP_MEMALLOC);
	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_LT(test, standby_pages(), RESERVE_PAGES);
	gfree(p);
}

static void it_is_a_part_of_what_is_held(struct kunit *test)
{
	struct galloc_totals before, t;
	unsigned long flags;
	void *p;

	KUNIT_ASSERT_TRUE(test, gk_rest(&before));
	set_up(test);
	KUNIT_EXPECT_TRUE(test, gk_rest(&t));
	KUNIT_EXPECT_EQ(test, t.atomic_reserve, (long)RESERVE_PAGES << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, t.deferred, before.deferred);
	/* Neither the shrinker nor a failing request gives it back. */
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES);
	gk_starve(test);
	local_irq_save(flags);
	p = galloc_any(20000, ATOMIC);
	local_irq_restore(flags);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gk_feed();
	gk_unlimit(test);
	KUNIT_EXPECT_TRUE(test, gk_rest(&t));
	KUNIT_EXPECT_LT(test, t.atomic_reserve, (long)RESERVE_PAGES << PAGE_SHIFT);
	gfree(p);
	take_away();
	KUNIT_EXPECT_TRUE(test, gk_rest(&t));
	KUNIT_EXPECT_EQ(test, t.atomic_reserve, 0);
}

/* It comes back while somebody counts. */
static void what_comes_meanwhile_is_not_counted(struct kunit *test)
{
	struct galloc_totals before, t;
	unsigned long flags;
	struct sums *sums;
	void *p;

	KUNIT_ASSERT_TRUE(test, gk_rest(&before));
	set_up(test);
	gk_starve(test);
	local_irq_save(flags);
	p = galloc_any(20000, ATOMIC);
	local_irq_restore(flags);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gk_feed();
	gk_unlimit(test);
	sums = sums_collect();
	KUNIT_ASSERT_NOT_NULL(test, sums);
	KUNIT_EXPECT_TRUE(test, refill());
	stats_totals_of(sums, &t);
	sums_free(sums);
	KUNIT_EXPECT_TRUE(test, t.unsure);
	KUNIT_EXPECT_GE(test, t.deferred, 0);
	gfree(p);
}

static void an_aligned_run_leaves_the_rest(struct kunit *test)
{
	struct want w = { .npages = 4, .least = 4, .align = 4 };
	struct mspan *s[RESERVE_PAGES / 4], *lone;
	unsigned int n = 0;
	struct want one = { .npages = 1, .least = 1, .align = 1 };

	set_up(test);
	/* An odd end, so that alignment leaves something behind it. */
	lone = standby_take(gk_nid(), &one, ATOMIC);
	KUNIT_ASSERT_NOT_NULL(test, lone);
	while (n < ARRAY_SIZE(s) && (s[n] = standby_take(gk_nid(), &w, ATOMIC))) {
		KUNIT_EXPECT_EQ(test, s[n]->npages, 4);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(s[n]->start, 4 << PAGE_SHIFT));
		n++;
	}
	KUNIT_EXPECT_GE(test, n, RESERVE_PAGES / 4 - 8);
	KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES - 1 - 4 * n);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	mheap_free(lone);
	while (n)
		mheap_free(s[--n]);
}

/* Two runs are left of one, again and again: none is without a descriptor. */
static void aligned_requests_leave_no_page_behind(struct kunit *test)
{
	static const struct want wants[] = {
		{ .npages = 2, .least = 2, .align = 4 },
		{ .npages = 1, .least = 1, .align = 2 },
		{ .npages = 1, .least = 1, .align = 1 },
	};
	struct mspan *s[RESERVE_PAGES + 1];
	unsigned int n = 0, pages = 0, i;

	set_up(test);
	for (i = 0; i < ARRAY_SIZE(wants); i++)
		while (n < ARRAY_SIZE(s)) {
			s[n] = standby_take(gk_nid(), &wants[i], ATOMIC);
			if (!s[n])
				break;
			KUNIT_EXPECT_EQ(test, s[n]->npages, wants[i].npages);
			pages += s[n++]->npages;
			KUNIT_EXPECT_EQ(test, standby_pages(), RESERVE_PAGES - pages);
		}
	KUNIT_EXPECT_EQ(test, pages, RESERVE_PAGES);
	while (n)
		mheap_free(s[--n]);
}

/* ---- failures ----------------------------------------------------------- */

static bool fail_nth(unsigned int order)
{
	return ++asked == nth;
}

static void each_request_of_load_may_fail(struct kunit *test)
{
	bool done = false;

	gk_give_back();
	for (nth = 1; nth < 1000 && !done; nth += nth < 8 ? 1 : nth / 4) {
		asked = 0;
		WRITE_ONCE(galloc_standby_pages, RESERVE_PAGES);
		WRITE_ONCE(galloc_fail_hook, fail_nth);
		standby_init();
		WRITE_ONCE(galloc_fail_hook, NULL);
		done = asked < nth;
		KUNIT_EXPECT_LE(test, standby_pages(), RESERVE_PAGES);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		take_away();
		gk_give_back();
	}
	KUNIT_EXPECT_TRUE(test, done);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(a_burst_of_that_size_is_served, served_sizes_gen_params),
	KUNIT_CASE(it_is_filled_again_at_the_limit),
	KUNIT_CASE(it_keeps_its_descriptors),
	KUNIT_CASE(it_has_no_page_without_a_descriptor),
	KUNIT_CASE(the_worker_fills_it_again),
	KUNIT_CASE(it_takes_the_runs_that_there_are),
	KUNIT_CASE(who_may_sleep_gets_none),
	KUNIT_CASE(who_frees_memory_by_it_gets_none),
	KUNIT_CASE(it_is_a_part_of_what_is_held),
	KUNIT_CASE(what_comes_meanwhile_is_not_counted),
	KUNIT_CASE(an_aligned_run_leaves_the_rest),
	KUNIT_CASE(aligned_requests_leave_no_page_behind),
	KUNIT_CASE(each_request_of_load_may_fail),
	{ }
};

GK_SUITE(standby, init_case, exit_case);
