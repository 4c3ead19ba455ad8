/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* walk: see walk.c. */
#ifndef _GALLOC_KUNIT_WALK_H
#define _GALLOC_KUNIT_WALK_H

#include "twin.h"

/* Objects of a call that takes or frees several. */
#define WALK_MAX_BULK	16

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

/* For walk_calls.c, which has some of the calls. */
size_t walk_size(struct walk *w);
gfp_t walk_gfp(struct walk *w);
size_t walk_natural(size_t size);
void walk_expect_zero(struct walk *w, const void *p);
void walk_got(struct walk *w, void *p, size_t size, size_t align, gfp_t gfp, bool sized);

void walk_nolock(struct walk *w);
void walk_prefill(struct walk *w);
void walk_vmalloc(struct walk *w);
void walk_string(struct walk *w);
void walk_memdup(struct walk *w);
void walk_realloc(struct walk *w);
void walk_realloc_aligned(struct walk *w);
void walk_vrealloc(struct walk *w);
void walk_free_nolock(struct walk *w);
void walk_vfree(struct walk *w);

#endif /* _GALLOC_KUNIT_WALK_H */
