// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the free page runs of a node.
 *
 * Most cases lay out runs in a block of their own: they return or take all free memory
 * first, so that the block is all that the mheap has and its next step is
 * predictable.
 */
#include "runs.h"

#include <linux/slab.h>

/* ---- which run is taken ------------------------------------------------- */

static void the_shortest_run_that_fits_is_taken(struct kunit *test)
{
	static const unsigned int lengths[] = { 20, 5, 300, 10 };
	unsigned long block = run_fresh_block_of(test, 512);
	struct mspan *run[4], *s;
	unsigned int page[4];
	int i;

	/* Holes of these lengths, a page between them. */
	for (i = 0; i < 4; i++) {
		run[i] = run_take(test, lengths[i], 1);
		page[i] = run_page(block, run[i]);
		run_take(test, 1, 1);
	}
	for (i = 0; i < 4; i++) {
		run_give(run[i]);
		KUNIT_EXPECT_TRUE(test, run_is(block, page[i], lengths[i]));
	}
	s = run_take(test, 4, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, s), page[1]);
	KUNIT_EXPECT_TRUE(test, run_is(block, page[1] + 4, 1));
	s = run_take(test, 7, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, s), page[3]);
	s = run_take(test, 3, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, s), page[3] + 7);
	s = run_take(test, 20, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, s), page[0]);
	/* Behind all this the block has 173 pages. */
	s = run_take(test, 171, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, s), page[3] + 10 + 1);
	s = run_take(test, 172, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, s), page[2]);
	s = run_take(test, 1, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, s), page[1] + 4);
}

static void aligned_runs_of_every_power_of_two(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	unsigned int align, n;

	for (align = 1; align <= ARENA_PAGES; align *= 2) {
		const unsigned int lengths[] = { 1, align / 2 + 1, align };

		for (n = 0; n < ARRAY_SIZE(lengths); n++) {
			struct mspan *first = NULL, *s;

			/* So that the run to carve from is not aligned. */
			if (align < ARENA_PAGES)
				first = run_take(test, 1, 1);
			s = run_take(test, lengths[n], align);
			KUNIT_EXPECT_EQ(test, s->npages, lengths[n]);
			KUNIT_EXPECT_EQ(test, s->start % (align * PAGE_SIZE), 0);
			KUNIT_EXPECT_EQ(test, mspan_state(s), MSPAN_TRANSIT);
			/* The block has room; nothing grew. */
			KUNIT_EXPECT_EQ(test, s->start - block, run_page(block, s) * PAGE_SIZE);
			KUNIT_EXPECT_LT(test, run_page(block, s), ARENA_PAGES);
			run_give(s);
			if (first)
				run_give(first);
			KUNIT_EXPECT_TRUE(test, run_is(block, 0, ARENA_PAGES));
		}
	}
}

static void an_aligned_run_is_found_where_it_just_fits(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	struct mspan *a, *b, *s;

	/* A hole of pages 3..16: 8 pages aligned to 8 fit at page 8 only. */
	run_take(test, 3, 1);
	a = run_take(test, 13, 1);
	b = run_take(test, 1, 1);
	KUNIT_EXPECT_EQ(test, run_page(block, b), 16);
	run_give(a);
	s = run_take(test, 8, 8);
	KUNIT_EXPECT_EQ(test, run_page(block, s), 8);
	KUNIT_EXPECT_TRUE(test, run_is(block, 3, 5));
}

/* A block laid out and all taken: a hole, used pages, the rest. */
struct layout {
	struct mspan *hole, *rest;
};

/* Nothing else is free when this is called, nor afterwards. */
static struct layout lay_out(struct kunit *test, unsigned int hole,
			     unsigned int used)
{
	struct layout l = { };

	run_give(run_take(test, ARENA_PAGES, ARENA_PAGES));
	l.hole = run_take(test, hole, 1);
	run_take(test, used, 1);
	if (hole + used < ARENA_PAGES)
		l.rest = run_take(test, ARENA_PAGES - hole - used, 1);
	return l;
}

/*
 * Of a hole of 8 pages in each of two blocks, the one in the block with more used
 * pages is taken first, in whatever order they were freed.
 */
static void expect_fuller_first(struct kunit *test, unsigned int less,
				unsigned int more)
{
	int i;

	gk_needs_pages(test, 512);
	for (i = 0; i < 2; i++) {
		struct layout a, b;
		unsigned long in_a, in_b;

		gk_take_free_runs(test);
		a = lay_out(test, 8, less);
		b = lay_out(test, 8, more);
		in_a = a.hole->start;
		in_b = b.hole->start;
		if (a.rest)
			run_give(a.rest);
		if (b.rest)
			run_give(b.rest);
		run_give(i ? a.hole : b.hole);
		run_give(i ? b.hole : a.hole);
		KUNIT_EXPECT_EQ(test, run_take(test, 8, 1)->start, in_b);
		KUNIT_EXPECT_EQ(test, run_take(test, 8, 1)->start, in_a);
		run_give_all(0);
	}
}

static void dense_blocks_are_used_before_sparse_ones(struct kunit *test)
{
	/* Sparse is below one half. */
	expect_fuller_first(test, ARENA_PAGES / 2 - 20, ARENA_PAGES * 7 / 8);
}

static void of_two_dense_blocks_the_fuller_is_used(struct kunit *test)
{
	expect_fuller_first(test, ARENA_PAGES * 7 / 8, ARENA_PAGES - 8);
}

static void a_block_that_empties_becomes_sparse(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	unsigned int quarter = ARENA_PAGES / 4;
	struct mspan *part[4], copy;
	int i;
	/* Dense at 3/4 and more, sparse below 1/2, in between as it was. */
	static const bool dense_after_taking[] = { false, false, true, true };
	static const bool dense_after_giving[] = { true, true, false, false };

	for (i = 0; i < 4; i++) {
		part[i] = run_take(test, quarter - (i == 3), 1);
		KUNIT_ASSERT_TRUE(test, map_span_around((void *)block, &copy));
		KUNIT_EXPECT_EQ(test, copy.arena->dense, dense_after_taking[i]);
		KUNIT_EXPECT_EQ(test, copy.arena->relist, ARENA_PAGES);
	}
	for (i = 0; i < 4; i++) {
		run_give(part[3 - i]);
		KUNIT_EXPECT_EQ(test, copy.arena->dense, dense_after_giving[i]);
	}
}

struct on_lists {
	unsigned int runs;	/* FREE ones of the block */
	unsigned int dense;	/* of them on the dense lists */
	const struct arena *arena;
};

static void count_dense(struct mspan *s, void *arg)
{
	struct on_lists *on = arg;

	if (mspan_state(s) != MSPAN_FREE || s->npages >= MHEAP_LISTS)
		return;
	on->arena = s->arena;
	on->runs++;
	on->dense += s->dense;
}

static struct on_lists on_lists(struct kunit *test, unsigned long block)
{
	struct on_lists on = { };

	map_walk_slot((block - arena_map->base) >> ARENA_SHIFT, count_dense, &on);
	KUNIT_ASSERT_NOT_NULL(test, on.arena);
	return on;
}

static void runs_change_lists_a_few_at_a_time(struct kunit *test)
{
	unsigned long block = run_fresh_block_of(test, 512);
	unsigned int i, turns, before;
	struct mspan **page, *s;
	struct on_lists on;

	page = kunit_kcalloc(test, ARENA_PAGES, sizeof(*page), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	for (i = 0; i < ARENA_PAGES; i++) {
		s = run_take(test, 1, 1);
		page[run_page(block, s)] = s;
		KUNIT_EXPECT_EQ(test, s->arena->relist, ARENA_PAGES);
	}
	/* Every second page is free: dense still. */
	for (i = 0; i < ARENA_PAGES; i += 2)
		run_give(page[i]);
	on = on_lists(test, block);
	KUNIT_ASSERT_EQ(test, on.runs, ARENA_PAGES / 2);
	KUNIT_EXPECT_EQ(test, on.dense, on.runs);

	/* One more makes it sparse: that turn moves some runs, not all. */
	run_give(page[1]);
	on = on_lists(test, block);
	KUNIT_EXPECT_FALSE(test, on.arena->dense);
	KUNIT_EXPECT_LT(test, on.dense, on.runs);
	KUNIT_EXPECT_GE(test, on.dense, on.runs * 3 / 4);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);

	/* Each time the block is touched it is some more. */
	for (turns = 0; on.dense && turns < 64; turns++) {
		before = on.dense;
		run_give(run_take(test, 1, 1));
		on = on_lists(test, block);
		KUNIT_EXPECT_LT(test, on.dense, before);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
	KUNIT_EXPECT_EQ(test, on.dense, 0);
}

/*
 * Runs of 2 to 12 pages that do not begin at a block, 4 of each length: all lie in
 * one block, whose first page is taken.
 */
#define UNALIGNED	(11 * 4)

static void make_unaligned(struct kunit *test)
{
	struct mspan *s[UNALIGNED];
	unsigned int i;

	run_give(run_take(test, ARENA_PAGES, ARENA_PAGES));
	run_take(test, 1, 1);
	for (i = 0; i < UNALIGNED; i++) {
		s[i] = run_take(test, 2 + i / 4, 1);
		/* One after it, so that it does not join the next. */
		run_take(test, 1, 1);
	}
	/* All at the end: free runs would be taken again. */
	for (i = 0; i < UNALIGNED; i++)
		run_give(s[i]);
}

static void an_aligned_run_is_found_behind_many_others(struct kunit *test)
{
	unsigned long block = run_fresh_block_of(test, 512);
	struct mspan *whole = run_take(test, ARENA_PAGES, ARENA_PAGES);
	struct mspan *s;

	/* In one block: several chunks could begin at one. */
	gk_grow_by_blocks();
	/* More than are examined, all shorter than a run that always fits. */
	make_unaligned(test);
	run_give(whole);
	s = run_take(test, 2, ARENA_PAGES);
	KUNIT_EXPECT_EQ(test, s->start, block);
}

static void unused_descriptors_are_freed_down_to_a_few(struct kunit *test)
{
	struct mheap *h;
	unsigned int i;

	run_fresh_block_of(test, 512);
	h = mheap_of(gk_nid());
	for (i = 0; i < ARENA_PAGES; i++)
		run_take(test, 1, 1);
	/* Each that joins another leaves its descriptor. */
	run_give_all(0);
	KUNIT_ASSERT_GT(test, h->nr_spare[0], 4 * 64);
	worker_settle();
	KUNIT_EXPECT_LE(test, h->nr_spare[0], 64);
}

/* ---- what runs join ----------------------------------------------------- */

#define NEIGHBOURS	4

static void count_run(struct mspan *s, void *arg)
{
	unsigned int *n = arg;

	*n += mspan_state(s) == MSPAN_FREE && s->arena->nid == gk_nid();
}

/* FREE runs of this node. */
static unsigned int nr_free_runs(void)
{
	unsigned int n = 0;
	unsigned long nr;

	for (nr = 0; nr < map_nr_slots(); nr++)
		map_walk_slot(nr, count_run, &n);
	return n;
}

/* Groups of neighbouring bits. */
static unsigned int groups(unsigned int mask)
{
	return hweight32(mask & ~(mask << 1));
}

static void neighbours_join_in_any_order(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	struct mspan *s[NEIGHBOURS], *guard;
	unsigned int order, i;

	/* Every order in which four can be freed, in base four. */
	for (order = 0; order < 256; order++) {
		unsigned int mask = 0, given = 0;

		for (i = 0; i < NEIGHBOURS; i++)
			mask |= BIT((order >> (2 * i)) & 3);
		if (mask != 0xf)
			continue;
		for (i = 0; i < NEIGHBOURS; i++)
			s[i] = run_take(test, 2 + i, 1);
		guard = run_take(test, 1, 1);
		for (i = 0; i < NEIGHBOURS; i++) {
			unsigned int which = (order >> (2 * i)) & 3;

			run_give(s[which]);
			given |= BIT(which);
			/* Besides them there is the rest of the block. */
			KUNIT_EXPECT_EQ(test, nr_free_runs(),
					groups(given) + 1);
		}
		KUNIT_EXPECT_TRUE(test, run_is(block, 0, 2 + 3 + 4 + 5));
		run_give(guard);
		KUNIT_EXPECT_TRUE(test, run_is(block, 0, ARENA_PAGES));
	}
}

static void runs_do_not_cross_blocks(struct kunit *test)
{
	struct mspan *block[6];
	unsigned long start[6];
	int i, j, side_by_side = 0;

	gk_take_free_runs(test);
	for (i = 0; i < 6; i++) {
		block[i] = run_take(test, ARENA_PAGES, ARENA_PAGES);
		start[i] = block[i]->start;
		for (j = 0; j < i; j++)
			side_by_side += start[j] + ARENA_SIZE == start[i] ||
					start[i] + ARENA_SIZE == start[j];
	}
	for (i = 0; i < 6; i++)
		run_give(block[i]);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_TRUE(test, run_is(start[i], 0, ARENA_PAGES));
	kunit_info(test, "%d pairs of blocks lay side by side", side_by_side);
}

static void runs_do_not_join_owned_pages(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(1024)];
	unsigned long block = run_fresh_block(test);
	enum mspan_state state;

	for (state = MSPAN_TRANSIT; state <= MSPAN_LARGE; state++) {
		struct mspan *left = run_take(test, 4, 1);
		struct mspan *owned = run_take(test, sc->span_pages, 1);
		struct mspan *right = run_take(test, 4, 1);
		struct mspan *guard = run_take(test, 1, 1);

		if (state == MSPAN_LARGE)
			mspan_set(owned, 0, MSPAN_LARGE);
		else if (state != MSPAN_TRANSIT)
			mspan_cut(owned, mcentral_row(gk_nid(),
						      sizeclass_of(1024)));
		if (state == MSPAN_PARTIAL || state == MSPAN_FULL)
			mspan_set_state(owned, state);
		run_give(left);
		run_give(right);
		KUNIT_EXPECT_TRUE(test, run_is(block, 0, 4));
		KUNIT_EXPECT_TRUE(test, run_is(block, 4 + sc->span_pages, 4));
		mspan_set_state(owned, MSPAN_TRANSIT);
		run_give(owned);
		KUNIT_EXPECT_TRUE(test, run_is(block, 0, 8 + sc->span_pages));
		run_give(guard);
		KUNIT_EXPECT_TRUE(test, run_is(block, 0, ARENA_PAGES));
	}
}

/* Have the mheap keep enough descriptors for the whole case. */
static void have_descriptors(struct kunit *test, unsigned int n)
{
	unsigned int base = run_nr_held;

	while (n--)
		run_take(test, 1, 1);
	run_give_all(base);
}

static void random_runs_never_overlap_and_all_come_back(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	unsigned long i, n = gk_times(500000);
	u64 rng = gk_seed(test);
	unsigned int base = run_nr_held;
	u8 *owner;

	owner = kunit_kzalloc(test, ARENA_PAGES, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, owner);
	/* No growth: a request that does not fit is refused. */
	have_descriptors(test, ARENA_PAGES);
	gk_limit_to(0);
	for (i = 0; i < n; i++) {
		unsigned int align = 1U << gk_below(&rng, 6);
		unsigned int length = 1 + gk_below(&rng, min(40U, ARENA_PAGES));
		struct mspan *s = NULL;
		unsigned int page;

		if (run_nr_held > base && gk_random(&rng) & 1) {
			s = run_held[base + gk_below(&rng, run_nr_held - base)];
			memset(owner + run_page(block, s), 0, s->npages);
			run_give(s);
			continue;
		}
		s = run_try(length, align, GFP_KERNEL | __GFP_NOWARN);
		if (!s)
			continue;
		page = run_page(block, s);
		if (s->start < block || page + length > ARENA_PAGES ||
		    s->npages != length || page % align ||
		    memchr_inv(owner + page, 0, length)) {
			KUNIT_FAIL(test, "operation %lu: %u pages at %u", i,
				   length, page);
			break;
		}
		memset(owner + page, 1, length);
		if (i % 1024 == 0)
			cond_resched();
	}
	gk_count_ops(i);
	run_give_all(base);
	KUNIT_EXPECT_TRUE(test, run_is(block, 0, ARENA_PAGES));
}

/* ---- memory reported to the kernel ----------------------------------------- */

static void meminfo_includes_reclaimable_memory(struct kunit *test)
{
	struct mheap *h = mheap_of(gk_nid());
	struct mspan *s;

	WRITE_ONCE(galloc_reserve_pages, 0);
	gk_take_free_runs(test);
	s = run_take(test, 5, 1);
	KUNIT_EXPECT_EQ(test, h->told_pages, (long)h->free_pages);
	run_give(s);
	KUNIT_EXPECT_GE(test, h->told_pages, 5);
	KUNIT_EXPECT_EQ(test, h->told_pages, (long)h->free_pages);
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, h->told_pages, (long)h->free_pages);
	KUNIT_EXPECT_EQ(test, h->told_pages, 0);
	/* Of a reserve nothing is given, be it free or not, and wherever it is. */
	s = run_take(test, 5, 1);
	WRITE_ONCE(galloc_reserve_pages, arena_spare_pages() - 2);
	mheap_tell();
	run_give(s);
	KUNIT_EXPECT_EQ(test, gk_told_pages(), 2);
	/* More of another node's, or a longer span, and no run has come or gone. */
	WRITE_ONCE(galloc_reserve_pages, galloc_reserve_pages - 1);
	mheap_tell();
	KUNIT_EXPECT_EQ(test, gk_told_pages(), 3);
	WRITE_ONCE(galloc_reserve_pages, 0);
	run_give(run_take(test, 5, 1));
	KUNIT_EXPECT_EQ(test, h->told_pages, (long)h->free_pages);
}

/* ---- growing ------------------------------------------------------------ */

static void growth_publishes_the_rest(struct kunit *test)
{
	struct mheap *h = mheap_of(gk_nid());
	long grown = gk_events(EVENT_GROW);
	unsigned long used;
	struct mspan *s;

	gk_take_free_runs(test);
	used = h->used_pages;
	s = run_take(test, 3, 1);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_GROW), grown + 1);
	KUNIT_EXPECT_EQ(test, h->used_pages, used + 3);
	KUNIT_EXPECT_GT(test, h->free_pages, 0);
	run_give(s);
	KUNIT_EXPECT_EQ(test, h->used_pages, used);
}

static void refused_growth_leaves_no_trace(struct kunit *test)
{
	struct mheap *h = mheap_of(gk_nid());
	unsigned long used;
	long system;

	gk_take_free_runs(test);
	used = h->used_pages;
	gk_limit_to(PAGE_SIZE / 2);
	/* Descriptors may stay with the mheap; pages may not. */
	system = arena_held_bytes() - arena_meta_bytes();
	KUNIT_EXPECT_NULL(test, run_try(1, 1, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, run_try(ARENA_PAGES, 1, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(test, h->used_pages, used);
	KUNIT_EXPECT_EQ(test, h->free_pages, 0);
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - arena_meta_bytes(), system);
}

static void a_caller_that_cannot_sleep_makes_the_worker_fetch_more(struct kunit *test)
{
	long grown, small = gk_events(EVENT_GROW_FALLBACK);
	struct mheap *h = mheap_of(gk_nid());
	unsigned long more = 1UL << arena_growth_order();

	/* What earlier cases were refused does not count. */
	gk_whole();
	gk_take_free_runs(test);
	gk_background();
	/* Something may have become free meanwhile. */
	grown = gk_events(EVENT_GROW);
	while (gk_events(EVENT_GROW) == grown)
		KUNIT_ASSERT_NOT_NULL(test, run_try(1, 1, GFP_NOWAIT));
	/* As much as the system has without reclaim: this one was the first that is smaller. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(h->free_pages) >= more ||
					    (READ_ONCE(h->free_pages) > 0 &&
					     gk_events(EVENT_GROW_FALLBACK) > small + 1),
					    GK_PATIENCE_MS));
}

/* Room for so many objects, and no more than it takes. */
static void expect_room(struct kunit *test, unsigned int n)
{
	struct mspan *s = mheap_alloc(gk_nid(), 2, 1, n, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_EXPECT_GE(test, s->nwords * BITS_PER_LONG, n);
	KUNIT_EXPECT_TRUE_MSG(test, s->nwords == 1 || s->nwords / 2 * BITS_PER_LONG < n,
			      "%u words for %u", s->nwords, n);
	mheap_free(s);
}

/* Whatever the run that it is made of had before. */
static void a_descriptor_is_large_enough(struct kunit *test)
{
	unsigned int n;

	run_fresh_block(test);
	for (n = 1; n < SIZECLASS_MAX_OBJECTS; n += 31)
		expect_room(test, n);
	for (n = SIZECLASS_MAX_OBJECTS; n >= BITS_PER_LONG; n /= 2) {
		expect_room(test, n);
		expect_room(test, n + 1 > SIZECLASS_MAX_OBJECTS ? n : n + 1);
		expect_room(test, n - 1);
	}
	expect_room(test, 1);
}

/* All of a block in runs, freed in one call and in whatever order. */
static void runs_freed_together_are_one(struct kunit *test)
{
	static const unsigned int steps[] = { 1, 31, 7 };
	struct mspan *s[32], *some[32];
	unsigned long block = run_fresh_block(test);
	unsigned int n = ARENA_PAGES / ARRAY_SIZE(s), i, j;

	for (j = 0; j < ARRAY_SIZE(steps); j++) {
		for (i = 0; i < ARRAY_SIZE(s); i++)
			s[i] = run_take(test, n, 1);
		for (i = 0; i < ARRAY_SIZE(s); i++) {
			run_forget(s[i]);
			some[i] = s[i * steps[j] % ARRAY_SIZE(s)];
		}
		mheap_free_spans(some, ARRAY_SIZE(some));
		KUNIT_EXPECT_TRUE(test, run_is(block, 0, ARENA_PAGES));
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
}

static void several_runs_are_taken_side_by_side(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[GALLOC_NR_CLASSES - 1];
	unsigned long block = run_fresh_block(test);
	struct mheap *h = mheap_of(gk_nid());
	unsigned int i, n = 0;
	struct mspan *s[4], *next;

	/* As many descriptors as one run needs: fewer than for four. */
	run_give(run_take(test, 1, 1));
	mheap_trim();
	KUNIT_EXPECT_EQ(test, h->nr_spare[0], 3);
	next = mheap_alloc_spans(h->nid, sc, 4, GFP_KERNEL);
	while (next) {
		s[n] = next;
		next = next->next;
		KUNIT_EXPECT_EQ(test, s[n]->start, block + n * sc->span_pages * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, s[n]->npages, sc->span_pages);
		KUNIT_EXPECT_EQ(test, mspan_state(s[n]), MSPAN_TRANSIT);
		n++;
	}
	KUNIT_EXPECT_EQ(test, n, 4);
	/* What is left begins behind them. */
	KUNIT_EXPECT_TRUE(test, run_is(block, n * sc->span_pages,
				       ARENA_PAGES - n * sc->span_pages));
	for (i = 0; i < n; i++)
		mheap_free(s[i]);
	KUNIT_EXPECT_TRUE(test, run_is(block, 0, ARENA_PAGES));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void pages_known_to_be_zero_are(struct kunit *test)
{
	bool by_system = want_init_on_alloc(0) || want_init_on_free();
	struct mspan *s, *t, *rest;
	unsigned long block;

	gk_take_free_runs(test);
	s = run_take(test, 8, ARENA_PAGES);
	block = s->start;
	/* Fresh pages: known only where the page allocator clears by itself. */
	KUNIT_EXPECT_EQ(test, !!s->zeroed, by_system);
	if (s->zeroed)
		KUNIT_EXPECT_TRUE(test, !memchr_inv((void *)block, 0,
						    8 * PAGE_SIZE));
	t = run_take(test, 8, 1);
	KUNIT_EXPECT_EQ(test, !!t->zeroed, by_system);
	/* As if it had, from here on. */
	rest = arena_span(t->arena, arena_page(t->arena, t->start) + t->npages);
	KUNIT_ASSERT_NOT_NULL(test, rest);
	KUNIT_ASSERT_EQ(test, rest->tag, MSPAN_TAG(0, MSPAN_FREE));
	rest->zeroed = true;
	s->zeroed = true;
	t->zeroed = true;
	run_give(s);
	/* The contents of these are unknown, and so are those of a run they join. */
	s = run_take(test, 8, ARENA_PAGES);
	KUNIT_EXPECT_EQ(test, s->start, block);
	KUNIT_EXPECT_FALSE(test, s->zeroed);
	run_give(s);
	run_give(t);
	s = run_take(test, ARENA_PAGES, 1);
	KUNIT_EXPECT_EQ(test, s->start, block);
	KUNIT_EXPECT_FALSE(test, s->zeroed);
}

/* ---- two at once -------------------------------------------------------- */

static struct mspan *taken_in_pause;

static void take_in_pause(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_GROW_CHUNK)
		return;
	WRITE_ONCE(galloc_pause_hook, NULL);
	taken_in_pause = run_try(3, 1, GFP_KERNEL);
}

static void two_that_grow_at_once_share_nothing(struct kunit *test)
{
	struct mspan *s, *t;

	gk_take_free_runs(test);
	taken_in_pause = NULL;
	/* While we hold an unpublished chunk, another thread grows, too. */
	WRITE_ONCE(galloc_pause_hook, take_in_pause);
	s = run_take(test, 3, 1);
	t = taken_in_pause;
	KUNIT_ASSERT_NOT_NULL(test, t);
	KUNIT_EXPECT_GE(test, max(s->start, t->start) - min(s->start, t->start),
			3 * PAGE_SIZE);
}

struct churn {
	struct kunit *test;
	atomic_t met;
	u64 rng;
	unsigned long n;
	unsigned long failed;
};

#define CHURN_RUNS	64

/* Allocate and free runs of all lengths; tests the lock and the accounting. */
static void churn_runs(void *arg)
{
	struct churn *c = arg;
	struct mspan **s = kcalloc(CHURN_RUNS, sizeof(*s), GFP_KERNEL);
	u64 rng = c->rng ^ (u64)current->pid << 32;
	unsigned long i;
	ktime_t end;

	if (!s)
		return;
	gk_meet(&c->met, 2);
	end = gk_fight_end();
	for (i = 0; i < c->n && !gk_fight_over(i + 1, end); i++) {
		struct mspan **one = &s[gk_below(&rng, CHURN_RUNS)];

		if (*one)
			mheap_free(*one);
		*one = mheap_alloc(gk_nid(), 1 + gk_below(&rng, 24),
				   1U << gk_below(&rng, 4), 0, GFP_KERNEL);
		if (!*one)
			c->failed++;
		if (i % 64 == 0)
			release_runs(1 + gk_below(&rng, 64), true);
	}
	gk_count_ops(2 * i);
	for (i = 0; i < CHURN_RUNS; i++)
		if (s[i])
			mheap_free(s[i]);
	kfree(s);
}

static void two_cpus_take_give_and_release(struct kunit *test)
{
	struct churn *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct gk_thread *a, *b;

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->rng = gk_seed(test);
	c->n = gk_times(200000);
	a = gk_start(test, gk_cpu(0), churn_runs, c);
	b = gk_start(test, gk_cpu(1), churn_runs, c);
	gk_join(test, a);
	gk_join(test, b);
	KUNIT_EXPECT_EQ(test, c->failed, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_shortest_run_that_fits_is_taken),
	KUNIT_CASE(aligned_runs_of_every_power_of_two),
	KUNIT_CASE(an_aligned_run_is_found_where_it_just_fits),
	KUNIT_CASE(dense_blocks_are_used_before_sparse_ones),
	KUNIT_CASE(a_block_that_empties_becomes_sparse),
	KUNIT_CASE(of_two_dense_blocks_the_fuller_is_used),
	KUNIT_CASE(runs_change_lists_a_few_at_a_time),
	KUNIT_CASE(an_aligned_run_is_found_behind_many_others),
	KUNIT_CASE(unused_descriptors_are_freed_down_to_a_few),
	KUNIT_CASE(neighbours_join_in_any_order),
	KUNIT_CASE(runs_do_not_cross_blocks),
	KUNIT_CASE(runs_do_not_join_owned_pages),
	KUNIT_CASE(random_runs_never_overlap_and_all_come_back),
	KUNIT_CASE(meminfo_includes_reclaimable_memory),
	KUNIT_CASE(growth_publishes_the_rest),
	KUNIT_CASE(refused_growth_leaves_no_trace),
	KUNIT_CASE(a_caller_that_cannot_sleep_makes_the_worker_fetch_more),
	KUNIT_CASE(a_descriptor_is_large_enough),
	KUNIT_CASE(runs_freed_together_are_one),
	KUNIT_CASE(several_runs_are_taken_side_by_side),
	KUNIT_CASE(pages_known_to_be_zero_are),
	KUNIT_CASE(two_that_grow_at_once_share_nothing),
	KUNIT_CASE(two_cpus_take_give_and_release),
	{}
};

GK_SUITE(mheap, gk_init, run_exit);
