// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: which of a node's free runs a request gets.
 */
#include "runs.h"

#define QUIET	(GFP_ATOMIC | __GFP_NOWARN)

static bool fail_all(unsigned int order)
{
	return true;
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_fail_hook, NULL);
	run_exit(test);
}

/* Memory is in pieces: one of @n pages is aligned, and all others that long are not. */
static void take_apart(struct kunit *test, unsigned long block, unsigned int n)
{
	static struct mspan *pages[128];
	unsigned int i, page;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = run_take(test, 1, 1);
	/* Nothing else is free. */
	run_take(test, ARENA_PAGES - ARRAY_SIZE(pages), 1);
	KUNIT_ASSERT_EQ(test, run_page(block, pages[8]), 8);
	/* First the one that fits: so it is the last of its list. */
	for (page = 8; page < 8 + n; page++)
		run_give(pages[page]);
	for (i = 25; i + n < ARRAY_SIZE(pages); i += 16)
		for (page = i; page < i + n; page++)
			run_give(pages[page]);
}

/* The system has none: what fits is found, however many lie in front of it. */
static void an_aligned_run_is_found_behind_those_that_are_not(struct kunit *test)
{
	unsigned long block = run_fresh_block_of(test, 512);
	unsigned int n, had = run_nr_held;
	struct mspan *s;

	for (n = 2; n <= 8; n *= 2) {
		take_apart(test, block, n);
		WRITE_ONCE(galloc_fail_hook, fail_all);
		s = run_try(n, n, QUIET);
		WRITE_ONCE(galloc_fail_hook, NULL);
		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_EQ(test, run_page(block, s), 8);
		run_give_all(had);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(an_aligned_run_is_found_behind_those_that_are_not),
	{}
};

GK_SUITE(run, gk_init, exit_case);
