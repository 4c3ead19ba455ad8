/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * runs: page runs that a case takes directly from the mheap.
 *
 * run_exit() frees what a case still holds when it ends, or aborts; use it instead
 * of gk_exit().
 */
#ifndef _GALLOC_KUNIT_RUNS_H
#define _GALLOC_KUNIT_RUNS_H

#include "helpers.h"

#define RUN_MAX_HELD	4096

/* Spans in TRANSIT, in the order in which they were taken until one is given. */
extern struct mspan *run_held[RUN_MAX_HELD];
extern unsigned int run_nr_held;

struct mspan *run_try(unsigned int npages, unsigned int align, gfp_t gfp);
struct mspan *run_take(struct kunit *test, unsigned int npages,
		       unsigned int align);
void run_forget(struct mspan *s);
void run_give(struct mspan *s);
void run_give_all(unsigned int but);
void run_exit(struct kunit *test);

bool run_is(unsigned long block, unsigned int page, unsigned int npages);
unsigned int run_page(unsigned long block, const struct mspan *s);
unsigned long run_fresh_block(struct kunit *test);

/* For cases that lay out so many pages, which a block of large ones has not. */
static inline unsigned long run_fresh_block_of(struct kunit *test, unsigned int npages)
{
	gk_needs_pages(test, npages);
	return run_fresh_block(test);
}

#endif /* _GALLOC_KUNIT_RUNS_H */
