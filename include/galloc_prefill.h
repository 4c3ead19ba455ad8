/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_prefill: allocations that cannot fail, in any context.
 *
 *	pf = galloc_prefill(sizeof(struct event), 64, GFP_KERNEL);
 *	...
 *	event = galloc_prefill_alloc(pf);	in an NMI, too; 64 times
 *	...
 *	galloc_prefill_release(pf);		what was not taken
 *
 * Included by galloc.h.
 */
#ifndef _GALLOC_PREFILL_H
#define _GALLOC_PREFILL_H

#include <linux/mempool.h>

struct galloc_cache;
struct galloc_heap;
struct galloc_prefill;

struct galloc_prefill *galloc_prefill(size_t size, size_t n, gfp_t gfp) __must_check;
struct galloc_prefill *galloc_prefill_from_cache(struct galloc_cache *cache, size_t n,
						 gfp_t gfp) __must_check;
struct galloc_prefill *galloc_prefill_from_heap(struct galloc_heap *heap, size_t size,
						size_t n, gfp_t gfp) __must_check;
void *galloc_prefill_alloc(struct galloc_prefill *pf);
size_t galloc_prefill_left(const struct galloc_prefill *pf);
void galloc_prefill_release(struct galloc_prefill *pf);

void *mempool_galloc(gfp_t gfp, void *pool_data);
void mempool_gfree(void *element, void *pool_data);

#pragma push_macro("alloc_hooks")
#include "galloc_allocinfo_none.h"

/**
 * mempool_create_galloc() - create a mempool of objects of galloc()
 * @min_nr: objects it keeps
 * @size: bytes of each
 *
 * For mempool_alloc(), mempool_free() and mempool_destroy() of the kernel.
 *
 * Context: Sleeps.
 * Return: The pool, or NULL.
 */
static inline mempool_t *mempool_create_galloc(int min_nr, size_t size)
{
	return mempool_create(min_nr, mempool_galloc, mempool_gfree, (void *)size);
}

/**
 * mempool_init_galloc() - the same with a mempool that the caller has
 * @pool: for mempool_exit()
 * @min_nr: objects it keeps
 * @size: bytes of each
 *
 * Context: Sleeps.
 * Return: 0, or -ENOMEM.
 */
static inline int mempool_init_galloc(mempool_t *pool, int min_nr, size_t size)
{
	return mempool_init(pool, min_nr, mempool_galloc, mempool_gfree, (void *)size);
}

#pragma pop_macro("alloc_hooks")

#endif /* _GALLOC_PREFILL_H */
