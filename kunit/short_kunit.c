// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: spans shorter than those of their class, in fragmented memory.
 *
 * Larger orders fail by galloc's own hook, as where only single pages are free.
 */
#include "one_span.h"

#include <linux/sizes.h>
#include <linux/slab.h>

/* The order that kmalloc() would ask for, for one object. */
static unsigned int least_order(const struct sizeclass *sc)
{
	return get_order(sc->size);
}

static unsigned int least_pages(const struct sizeclass *sc)
{
	return sizeclass_pages(sc, min_t(unsigned int, sc->span_pages,
					       1U << least_order(sc)));
}

static bool can_be_short(const struct sizeclass *sc)
{
	return least_pages(sc) < sc->span_pages;
}

/* The shortest span of a class, CACHED and ours. */
static struct mspan *cache_short(struct kunit *test, const struct sizeclass *sc)
{
	one.row = one_row_of(sc->size);
	gk_take_free_runs(test);
	gk_in_pieces(least_order(sc));
	one.span = mcentral_cache_span(one.row->row, GFP_KERNEL);
	gk_whole();
	KUNIT_ASSERT_NOT_NULL(test, one.span);
	one.is_ours = true;
	return one.span;
}

static void claim_all(void)
{
	unsigned int n;

	one.nr_objects = 0;
	while ((n = mspan_claim(one.span, one.objects + one.nr_objects, MAX_OBJECTS)))
		one.nr_objects += n;
	bitmap_set(one.live, 0, one.nr_objects);
}

static enum mspan_found resolve(const void *p, struct object *o)
{
	enum mspan_found found;

	rcu_read_lock();
	found = mspan_resolve(p, o);
	rcu_read_unlock();
	return found;
}

/* ---- what a short span is ---------------------------------------------------- */

static void check_measures(struct kunit *test, const struct sizeclass *sc)
{
	struct mspan *s = one.span;
	unsigned int i, wrong = 0;
	struct galloc_totals t;
	struct object o;

	KUNIT_EXPECT_EQ(test, s->npages, least_pages(sc));
	KUNIT_EXPECT_EQ(test, (unsigned int)s->objects,
			s->npages * (unsigned int)PAGE_SIZE / sc->size);
	KUNIT_EXPECT_EQ(test, mspan_count_free(s), (unsigned int)s->objects);
	for (i = 0; i < s->objects; i++)
		wrong += resolve((u8 *)s->start + i * sc->size, &o) != FOUND_OBJECT ||
			 o.span != s || o.index != i;
	KUNIT_EXPECT_EQ(test, wrong, 0);
	/* Later objects of a longer one are tail here, or not on its pages. */
	if ((size_t)i * sc->size < s->npages * PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, resolve((u8 *)s->start + i * sc->size, &o),
				FOUND_TAIL);
	if (resolve((u8 *)s->start + s->npages * PAGE_SIZE, &o) != FOUND_NO_SPAN)
		KUNIT_EXPECT_PTR_NE(test, o.span, s);
	stats_totals(&t);
	KUNIT_EXPECT_EQ(test, t.short_spans, 1);
	KUNIT_EXPECT_EQ(test, t.system, totals_sum(&t));
}

static void a_short_span_is_filled_with_objects(struct kunit *test)
{
	unsigned int class, tried = 0;

	for_each_class(class) {
		const struct sizeclass *sc = &sizeclasses[class];

		if (!can_be_short(sc))
			continue;
		cache_short(test, sc);
		check_measures(test, sc);
		claim_all();
		KUNIT_EXPECT_EQ(test, one.nr_objects, (unsigned int)one.span->objects);
		one_uncache();
		one_expect_state(test, MSPAN_FULL);
		one_free_rest(0);
		one_expect_gone(test);
		gk_feed();
		tried++;
	}
	KUNIT_EXPECT_GT(test, tried, 40);
}

/* No class needs more pages in a row than kmalloc() for one object. */
static void every_class_is_served_from_the_order_of_one_object(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT | __GFP_NOWARN,
		GFP_KERNEL | __GFP_NORETRY, GFP_KERNEL | __GFP_NOFAIL,
	};
	unsigned int class, f;

	for_each_class(class) {
		const struct sizeclass *sc = &sizeclasses[class];

		for (f = 0; f < ARRAY_SIZE(flags); f++) {
			void *p;

			gk_take_free_runs(test);
			gk_make_room(least_order(sc));
			gk_in_pieces(least_order(sc));
			p = galloc(sc->size, flags[f]);
			gk_whole();
			KUNIT_EXPECT_NOT_NULL_MSG(test, p, "size %u, flags %u",
						  sc->size, f);
			gfree(p);
			gk_feed();
			/* If it has failed the last of them would hang. */
			if (!p || (gk_slow() && class % 8))
				break;
		}
	}
}

/* ---- when there is one ------------------------------------------------------- */

static void no_span_is_short_if_memory_is_not_fragmented(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(1408)];
	struct mspan *run, *s;

	gk_take_free_runs(test);
	/* A run that would do for one that is short. */
	run = mheap_alloc(gk_nid(), sc->span_pages - 1, 1, 0, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, run);
	gk_soak(test);
	mheap_free(run);
	gk_make_room(get_order((unsigned long)sc->span_pages << PAGE_SHIFT));
	s = mheap_alloc_span(gk_nid(), sc, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->npages, (unsigned int)sc->span_pages);
	mheap_free(s);
}

/* Pages between the runs of free_runs(); theirs until the end of the case. */
static struct mspan *between[8];
static unsigned int nr_between;

/* Free runs of 1, 2, ... @n pages, none beside another, and no others. */
static void free_runs(struct kunit *test, unsigned int n)
{
	struct mspan *run[ARRAY_SIZE(between)];
	unsigned int i;

	KUNIT_ASSERT_LE(test, n, ARRAY_SIZE(between));
	gk_take_free_runs(test);
	for (i = 0; i < n; i++) {
		run[i] = mheap_alloc(gk_nid(), i + 1, 1, 0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, run[i]);
		between[i] = mheap_alloc(gk_nid(), 1, 1, 0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, between[i]);
		nr_between++;
	}
	gk_soak(test);
	for (i = 0; i < n; i++)
		mheap_free(run[i]);
	gk_limit_to(0);
}

static void the_longest_free_run_is_taken_before_others(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(1408)];
	struct mspan *s[4];
	int i;

	free_runs(test, 5);
	for (i = 0; i < 4; i++) {
		s[i] = mheap_alloc_span(gk_nid(), sc, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, s[i]);
		KUNIT_EXPECT_EQ(test, s[i]->npages, sizeclass_pages(sc, 5 - i));
	}
	while (i)
		mheap_free(s[--i]);
}

static void pages_after_the_last_object_stay_free(struct kunit *test)
{
	/* Of four pages one object takes three. */
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(9728)];
	unsigned long free;
	struct mspan *s;

	gk_take_free_runs(test);
	free = mheap_free_pages();
	gk_in_pieces(least_order(sc));
	s = mheap_alloc_span(gk_nid(), sc, GFP_KERNEL);
	gk_whole();
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_EQ(test, s->npages, least_pages(sc));
	KUNIT_EXPECT_EQ(test, mheap_free_pages() - free,
			(1UL << least_order(sc)) - s->npages);
	mheap_free(s);
}

/* An order that was not available is not requested again at each step. */
static void a_failed_order_is_not_requested_again(struct kunit *test)
{
	enum { SPANS = 200 };
	struct mspan **s = kunit_kcalloc(test, SPANS, sizeof(*s), GFP_KERNEL);
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(64)];
	unsigned long began = jiffies, waves;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	gk_take_free_runs(test);
	gk_in_pieces(0);
	for (i = 0; i < SPANS; i++) {
		s[i] = mheap_alloc_span(gk_nid(), sc, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, s[i]);
	}
	/* Each tenth of a second once, each order; and the worker. */
	waves = (jiffies - began) / (HZ / 10) + 2;
	KUNIT_EXPECT_LE(test, (unsigned long)gk_pieces_asked(),
			waves * (MAX_PAGE_ORDER + 1));
	gk_whole();
	while (i)
		mheap_free(s[--i]);
}

/* ---- memory in pieces ----------------------------------------------------------- */

/* As if longer runs than 1 << @order pages had just been asked for in vain. */
static void say_scarce(unsigned int order)
{
	struct arena_scarce *scarce = &arena_scarce[gk_nid()];

	WRITE_ONCE(scarce->order, order);
	WRITE_ONCE(scarce->until, jiffies + HZ * 60);
}

/* The system has single pages: a long run of ours is for who needs one. */
static void a_long_run_is_not_cut_for_a_page(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(PAGE_SIZE)];
	enum { RUN = 64, SPANS = 8 };
	struct mspan *s[SPANS], *run;
	unsigned long start;
	unsigned int i, cut = 0;

	gk_take_free_runs(test);
	run = mheap_alloc(gk_nid(), RUN, 1, 0, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, run);
	start = run->start;
	gk_soak(test);
	mheap_free(run);
	say_scarce(0);
	for (i = 0; i < SPANS; i++) {
		s[i] = mheap_alloc_span(gk_nid(), sc, GFP_KERNEL);
		cut += s[i] && s[i]->start - start < RUN * PAGE_SIZE;
	}
	gk_whole();
	KUNIT_EXPECT_EQ(test, cut, 0);
	while (i--)
		if (s[i])
			mheap_free(s[i]);
}

/* Not more, and the rest of an order would not join it again. */
static void in_pieces_a_run_is_as_long_as_for_kmalloc(struct kunit *test)
{
	static const size_t sizes[] = { 64, 1408, 2688, 12288, 20480, 24576 };
	struct sizeclass own;
	struct mspan *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		gk_take_free_runs(test);
		gk_make_room(get_order(sizes[i]));
		say_scarce(get_order(sizes[i]));
		s = mheap_alloc_span(gk_nid(), &sizeclasses[sizeclass_of(sizes[i])], GFP_KERNEL);
		gk_whole();
		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_EQ_MSG(test, (unsigned int)s->npages, 1U << get_order(sizes[i]),
				    "size %zu", sizes[i]);
		mheap_free(s);

		/* Of a set it is no longer than what its owner is charged. */
		own = sizeclasses[sizeclass_of(sizes[i])];
		say_scarce(get_order(sizes[i]));
		s = mheap_alloc_span(gk_nid(), &own, GFP_KERNEL);
		gk_whole();
		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_LE(test, (unsigned int)s->npages, (unsigned int)own.span_pages);
		mheap_free(s);
	}
}

static void a_longer_run_says_nothing_of_shorter_ones(struct kunit *test)
{
	size_t bytes = PAGE_SIZE << 2;

	gk_in_pieces(1);
	KUNIT_EXPECT_NULL(test, arena_meta_alloc(bytes, gk_nid()));
	KUNIT_EXPECT_TRUE(test, arena_is_scarce(gk_nid(), 4));
	WRITE_ONCE(arena_scarce[gk_nid()].until, jiffies + HZ * 60);
	gk_take_free_runs(test);
	KUNIT_EXPECT_NULL(test, mheap_alloc(gk_nid(), ARENA_PAGES, 1, 0,
					    GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	KUNIT_EXPECT_TRUE(test, arena_is_scarce(gk_nid(), 4));
	gk_whole();
}

/* For a moment the system has none that are long.  Is memory in pieces then? */
static bool is_in_pieces_without_long_runs(void)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_MEMALLOC | __GFP_THISNODE | __GFP_NOWARN;
	int order, nid = gk_nid();
	struct page *page, *next;
	LIST_HEAD(pages);
	bool few;

	/* Nor does what an earlier case has missed say so. */
	gk_whole();
	for (order = MAX_PAGE_ORDER; order >= get_order(SZ_256K); order--) {
		while ((page = alloc_pages_node(nid, gfp, order))) {
			page->private = order;
			list_add(&page->lru, &pages);
		}
	}
	few = !arena_likely_order(nid);
	list_for_each_entry_safe(page, next, &pages, lru) {
		order = page->private;
		page->private = 0;
		__free_pages(page, order);
	}
	return few;
}

static void few_long_runs_are_pieces(struct kunit *test)
{
	unsigned int tries = 10;

	/* kswapd may free some meanwhile. */
	while (!is_in_pieces_without_long_runs() && --tries)
		;
	KUNIT_EXPECT_GT(test, tries, 0);
}

/* The next request for as many pages finds it, where single ones would go one by one. */
static void a_short_run_is_returned_whole(struct kunit *test)
{
	enum { ORDER = 3, TRIES = 20 };
	unsigned int i, whole = 0;

	if (pages_leave_singly() || PIECES_LEAVE_SINGLY)
		kunit_skip(test, "pages are returned one by one");
	if (galloc_reserve_pages)
		kunit_skip(test, "the reserve stays");
	gk_pin(gk_cpu(0));
	for (i = 0; i < TRIES && !whole; i++) {
		struct mspan *run;
		struct page *page;
		unsigned long start;

		gk_take_free_runs(test);
		run = mheap_alloc(gk_nid(), 1 << ORDER, 1 << ORDER, 0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, run);
		start = run->start;
		gk_soak(test);
		mheap_free(run);
		release_runs(1 << ORDER, true);
		page = alloc_pages_node(gk_nid(), GFP_KERNEL | __GFP_NORETRY, ORDER);
		whole += page && addr_of(page_address(page)) == start;
		if (page)
			__free_pages(page, ORDER);
		gk_feed();
	}
	KUNIT_EXPECT_GT(test, whole, 0);
}

/* ---- beside spans of full length ---------------------------------------------- */

static void at_equal_fill_the_long_span_is_taken(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(64)];
	struct mspan *full, *s;
	void *a, *b;
	int turn;

	for (turn = 0; turn < 2; turn++) {
		cache_short(test, sc);
		full = mcentral_cache_span(one.row->row, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, full);
		KUNIT_ASSERT_EQ(test, full->npages, (unsigned int)sc->span_pages);
		mspan_claim(one.span, &a, 1);
		mspan_claim(full, &b, 1);
		/* Whichever comes back first. */
		if (turn)
			mcentral_uncache_span(full);
		one_uncache();
		if (!turn)
			mcentral_uncache_span(full);
		KUNIT_EXPECT_EQ(test, one.span->bucket, full->bucket);
		s = mcentral_cache_span(one.row->row, GFP_KERNEL);
		KUNIT_EXPECT_PTR_EQ(test, s, full);
		mcentral_uncache_span(s);
		mcentral_free(a);
		mcentral_free(b);
		one_expect_gone_from_row(test);
		gk_feed();
	}
}

static void a_short_span_is_charged_by_its_objects(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(1408)];
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	unsigned int class = sizeclass_of(1408);
	unsigned long held;
	void *p, *q;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	/* So that there is a stack. */
	gfree(galloc(1408, GFP_KERNEL));
	gk_take_free_runs(test);
	gfree(galloc(64, GFP_KERNEL));
	drain_cpus();
	gk_in_pieces(0);
	p = galloc(1408, GFP_KERNEL);
	q = galloc(1408, GFP_KERNEL);
	gk_whole();
	held = gk_capacity(gk_stack(class)) * sc->size;
	if (gk_stack(class)->span)
		held += PAGE_SIZE;
	KUNIT_EXPECT_NOT_NULL(test, gk_stack(class)->span);
	KUNIT_EXPECT_LE(test, held, m->held);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	gfree(p);
	gfree(q);
	drain_cpus();
	KUNIT_EXPECT_EQ(test, m->held, 0);
}

/* ---- late frees ----------------------------------------------------------------- */

/* The run of the span becomes a short span of the same row, in the same place. */
static void cut_again_short(void)
{
	struct mspan *s = one.span;
	unsigned int row = one.row->row;

	mspan_set_state(s, MSPAN_TRANSIT);
	mheap_free(s);
	one.span = mheap_alloc(gk_nid(), 1, 1, 0, GFP_KERNEL);
	if (one.span)
		mspan_cut(one.span, row);
}

static bool late_act_done;

static void late_hook(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_RESOLVE_FOUND || late_act_done)
		return;
	late_act_done = true;
	cut_again_short();
}

/*
 * A double free finds its span; before it reads the length, the span is freed and cut
 * again, in the same place and for the same row, but short.
 */
static void late_free(struct kunit *test, unsigned int index,
		      enum galloc_fault fault)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(1408)];
	struct mspan *before;
	unsigned long bits;
	void *p;

	gk_take_free_runs(test);
	one.row = one_row_of(sc->size);
	one.span = mheap_alloc_span(gk_nid(), sc, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, one.span);
	gk_soak(test);
	mspan_cut(one.span, one.row->row);
	before = one.span;
	p = mspan_object(before, index);
	late_act_done = false;
	WRITE_ONCE(galloc_pause_hook, late_hook);
	mcentral_free(p);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_expect_faults(test, fault, 1);
	KUNIT_ASSERT_TRUE(test, late_act_done && one.span);
	/* Otherwise the map would have detected it. */
	KUNIT_EXPECT_PTR_EQ(test, one.span, before);
	bits = one.span->free[0];
	KUNIT_EXPECT_EQ(test, bits, BIT(one.span->objects) - 1);
	mspan_set_state(one.span, MSPAN_TRANSIT);
	mheap_free(one.span);
	gk_feed();
}

static void a_late_free_beyond_a_short_span_is_reported(struct kunit *test)
{
	gk_expect_reports(test, FAULT_INTERIOR);
	gk_expect_reports(test, FAULT_NO_OBJECT);
	/* On the page, but it holds two now. */
	late_free(test, 2, FAULT_INTERIOR);
	/* On a page that is not the span's any more. */
	late_free(test, 10, FAULT_NO_OBJECT);
}

static void bits_beyond_the_last_object_are_never_set(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(96)];
	struct mspan *s = cache_short(test, sc);
	unsigned int i;

	KUNIT_EXPECT_LT(test, s->objects, s->nwords * BITS_PER_LONG);
	for (i = s->objects; i < s->nwords * BITS_PER_LONG; i++) {
		/* Of an earlier life of the descriptor. */
		clear_bit(i, s->free);
		KUNIT_EXPECT_FALSE(test, mspan_release_bit(s, i));
		KUNIT_EXPECT_FALSE(test, test_bit(i, s->free));
	}
}

static void exit_case(struct kunit *test)
{
	gk_whole();
	while (nr_between)
		mheap_free(between[--nr_between]);
	one_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_short_span_is_filled_with_objects),
	KUNIT_CASE(every_class_is_served_from_the_order_of_one_object),
	KUNIT_CASE(no_span_is_short_if_memory_is_not_fragmented),
	KUNIT_CASE(the_longest_free_run_is_taken_before_others),
	KUNIT_CASE(pages_after_the_last_object_stay_free),
	KUNIT_CASE(a_failed_order_is_not_requested_again),
	KUNIT_CASE(a_long_run_is_not_cut_for_a_page),
	KUNIT_CASE(in_pieces_a_run_is_as_long_as_for_kmalloc),
	KUNIT_CASE(a_longer_run_says_nothing_of_shorter_ones),
	KUNIT_CASE(few_long_runs_are_pieces),
	KUNIT_CASE(a_short_run_is_returned_whole),
	KUNIT_CASE(at_equal_fill_the_long_span_is_taken),
	KUNIT_CASE(a_short_span_is_charged_by_its_objects),
	KUNIT_CASE(a_late_free_beyond_a_short_span_is_reported),
	KUNIT_CASE(bits_beyond_the_last_object_are_never_set),
	{}
};

GK_SUITE(short, one_init, exit_case);
