// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * runs: page runs that a case takes from the mheap by hand; see runs.h.
 */
#include "runs.h"

struct mspan *run_held[RUN_MAX_HELD];
unsigned int run_nr_held;

/* ---- taking and giving -------------------------------------------------- */

struct mspan *run_try(unsigned int npages, unsigned int align, gfp_t gfp)
{
	struct mspan *s;

	if (run_nr_held == RUN_MAX_HELD)
		return NULL;
	s = mheap_alloc(gk_nid(), npages, align, 0, gfp);
	if (s)
		run_held[run_nr_held++] = s;
	return s;
}

struct mspan *run_take(struct kunit *test, unsigned int npages,
		       unsigned int align)
{
	/* The kernel tries less hard for a costly order. */
	bool costly = npages > 1U << PAGE_ALLOC_COSTLY_ORDER;
	struct mspan *s = run_try(npages, align,
				  GFP_KERNEL | (costly ? __GFP_RETRY_MAYFAIL : 0));

	KUNIT_ASSERT_NOT_NULL(test, s);
	return s;
}

/* The caller has passed it on. */
void run_forget(struct mspan *s)
{
	unsigned int i;

	for (i = 0; i < run_nr_held; i++) {
		if (run_held[i] != s)
			continue;
		run_held[i] = run_held[--run_nr_held];
		return;
	}
}

void run_give(struct mspan *s)
{
	run_forget(s);
	mheap_free(s);
}

/* All but the first ones. */
void run_give_all(unsigned int but)
{
	while (run_nr_held > but)
		mheap_free(run_held[--run_nr_held]);
}

void run_exit(struct kunit *test)
{
	run_give_all(0);
	gk_exit(test);
}

/* ---- looking ------------------------------------------------------------ */

/* Is there a FREE run of exactly @npages that begins @page pages into a block? */
bool run_is(unsigned long block, unsigned int page, unsigned int npages)
{
	unsigned long start = block + page * PAGE_SIZE;
	struct mspan s;

	return map_span_around((void *)start, &s) &&
	       mspan_state(&s) == MSPAN_FREE && s.start == start &&
	       s.npages == npages;
}

unsigned int run_page(unsigned long block, const struct mspan *s)
{
	return (s->start - block) >> PAGE_SHIFT;
}

/* A block of our own is all that is free.  Returns its address. */
unsigned long run_fresh_block(struct kunit *test)
{
	unsigned long block;
	struct mspan *s;

	gk_take_free_runs(test);
	s = run_take(test, ARENA_PAGES, ARENA_PAGES);
	block = s->start;
	/* It may have come from another node: then that is where to be. */
	if (s->arena->nid != gk_nid())
		gk_pin(cpumask_any(cpumask_of_node(s->arena->nid)));
	run_give(s);
	KUNIT_ASSERT_TRUE(test, run_is(block, 0, ARENA_PAGES));
	return block;
}
