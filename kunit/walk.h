/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* walk: see walk.c. */
#ifndef _GALLOC_KUNIT_WALK_H
#define _GALLOC_KUNIT_WALK_H

#include "twin.h"

struct galloc_cache;
struct galloc_heap;
struct kunit;

/**
 * struct walk - a random sequence
 * @twin: what should be live
 * @rng: state of the random numbers
 * @in: if not NULL, what takes their place: the next of some bytes
 * @in_end: behind the last of them
 * @wrong: what is, first of all; ends the walk
 * @op: number of the operation
 * @name: its name
 * @in_rcu: objects given to gfree_rcu() since the last barrier
 * @refused: allocations that failed and were allowed to
 * @hungry: memory is so short that any of them may fail
 * @order: what needs more pages in a row than 1 << this may fail, too
 * @heap: a heap to allocate from
 * @cache: caches to allocate from, the second in @heap
 */
struct walk {
	struct twin twin;
	struct galloc_heap *heap;
	struct galloc_cache *cache[2];
	u64 rng;
	const u8 *in;
	const u8 *in_end;
	const char *wrong;
	unsigned long op;
	const char *name;
	unsigned int in_rcu;
	unsigned long refused;
	bool hungry;
	unsigned int order;
};

bool walk_init(struct kunit *test, struct walk *w, u64 rng);
bool walk_open(struct walk *w);
bool walk_close(struct walk *w);
void walk_some(struct walk *w, unsigned long n);
void walk_end(struct kunit *test, struct walk *w);
void walk_report(struct kunit *test, const struct walk *w);
void walk_expect(struct walk *w, const char *wrong);
u32 walk_below(struct walk *w, u32 n);
struct twin_object *walk_object(struct walk *w);

#endif /* _GALLOC_KUNIT_WALK_H */
