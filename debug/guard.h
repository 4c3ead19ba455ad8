/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* guard: objects on pages of their own, see guard.c. */
#ifndef _GALLOC_GUARD_H
#define _GALLOC_GUARD_H

#include "galloc_internal.h"

/**
 * struct guard_rate - which allocations of a heap or cache are guarded
 * @every: one in so many, 0: none
 * @left: until the next one
 */
struct guard_rate {
	unsigned int every;
	atomic_t left;
};

struct galloc_heap;
struct notifier_block;

int guard_begin(struct guard_rate *rate, unsigned int every);
void guard_exit(void);
void *guard_make(struct guard_rate *rate, const void *owner, struct galloc_heap *heap,
		 size_t size, size_t align, gfp_t gfp);
bool guard_free(const void *p, bool any);
void guard_settle(void);
bool guard_has(const void *p);
bool guard_maps(const void *p);
bool guard_is_of(const void *p, const void *owner);
struct galloc_heap *guard_heap_of(const void *p);
bool guard_target(const void *p, struct target *t, enum mspan_found *found);
bool guard_judge(const void *p, enum galloc_fault *fault);
bool guard_print(const void *p);
size_t guard_live_of(const void *owner, bool print);
size_t guard_leave(const void *owner, bool release);
int guard_die(struct notifier_block *nb, unsigned long what, void *data);

/* Was anything ever guarded?  In the slow paths only. */
static inline bool guard_any(void)
{
	return unlikely(READ_ONCE(gate_watched) & BIT(GATE_GUARD));
}

/* An object, if it is its turn; or NULL. */
static inline void *guard_alloc(struct guard_rate *rate, const void *owner,
				struct galloc_heap *heap, size_t size, size_t align,
				gfp_t gfp)
{
	if (likely(!rate->every))
		return NULL;
	return guard_make(rate, owner, heap, size, align, gfp);
}

#endif /* _GALLOC_GUARD_H */
