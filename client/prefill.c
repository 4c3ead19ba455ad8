// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * prefill: objects allocated ahead, for callers that must not fail; and mempools.
 *
 * Above api.c, whose calls it uses.  A prefill is an array of objects and one atomic
 * index, which only grows: so whoever interrupts whom, an NMI too, takes the next.
 * Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/module.h>

/**
 * struct galloc_prefill - objects allocated ahead
 * @taken: number of those handed out, from the first on
 * @n: number of all
 * @object: the objects; constant from galloc_prefill() on
 */
struct galloc_prefill {
	atomic_long_t taken;
	long n;
	void *object[];
};

static struct galloc_prefill *prefill_new(size_t n, gfp_t gfp)
{
	struct galloc_prefill *pf;
	size_t bytes = struct_size(pf, object, n);

	/* There are not so many objects, either. */
	if (n > LONG_MAX || bytes == SIZE_MAX)
		return NULL;
	pf = gvmalloc(bytes, gfp & ~__GFP_ZERO);
	if (!pf)
		return NULL;
	atomic_long_set(&pf->taken, 0);
	pf->n = n;
	return pf;
}

/* With as many objects as there are now. */
static struct galloc_prefill *prefill_done(struct galloc_prefill *pf, size_t got)
{
	if (got == pf->n)
		return pf;
	gvfree(pf);
	return NULL;
}

/**
 * galloc_prefill() - allocate objects ahead
 * @size: bytes of each
 * @n: their number
 * @gfp: allocation flags.  With __GFP_ZERO the objects are zero
 *
 * The objects count as in use from here on, and with them an array of @n pointers.
 * Each is an object of galloc(@size): free it with gfree(), in the contexts of that.
 *
 * Context: As galloc().
 * Return: What galloc_prefill_alloc() takes, or NULL if not all could be allocated.
 */
struct galloc_prefill *galloc_prefill(size_t size, size_t n, gfp_t gfp)
{
	struct galloc_prefill *pf = prefill_new(n, gfp);

	return pf ? prefill_done(pf, galloc_bulk(size, gfp, n, pf->object)) : NULL;
}
EXPORT_SYMBOL_GPL(galloc_prefill);

/**
 * galloc_prefill_from_cache() - allocate objects of a typed cache ahead
 * @cache: the cache; stays until all objects are freed
 * @n: their number
 * @gfp: allocation flags
 *
 * As galloc_prefill(); the objects are of galloc_cache_alloc(), and the array of pointers
 * is not of the cache.
 *
 * Context: As galloc_cache_alloc().
 * Return: What galloc_prefill_alloc() takes, or NULL if not all could be allocated.
 */
struct galloc_prefill *galloc_prefill_from_cache(struct galloc_cache *cache, size_t n,
						 gfp_t gfp)
{
	struct galloc_prefill *pf = prefill_new(n, gfp);

	return pf ? prefill_done(pf, galloc_cache_alloc_bulk(cache, gfp, n, pf->object)) :
		    NULL;
}
EXPORT_SYMBOL_GPL(galloc_prefill_from_cache);

/**
 * galloc_prefill_from_heap() - allocate objects of a private heap ahead
 * @heap: the heap; stays until all objects are freed
 * @size: bytes of each
 * @n: their number
 * @gfp: allocation flags
 *
 * As galloc_prefill(); the objects are of galloc_from() and count against the heap's
 * limit, the array of pointers does not.
 *
 * Context: As galloc_from().
 * Return: What galloc_prefill_alloc() takes, or NULL if not all could be allocated.
 */
struct galloc_prefill *galloc_prefill_from_heap(struct galloc_heap *heap, size_t size,
						size_t n, gfp_t gfp)
{
	struct galloc_prefill *pf = prefill_new(n, gfp);

	return pf ? prefill_done(pf, galloc_from_bulk(heap, size, gfp, n, pf->object)) :
		    NULL;
}
EXPORT_SYMBOL_GPL(galloc_prefill_from_heap);

/**
 * galloc_prefill_alloc() - take one of the objects
 * @pf: from galloc_prefill()
 *
 * Never waits, and touches nothing else of galloc: it cannot fail before the objects
 * are used up, however little memory there is.
 *
 * Context: Any, NMI too, any number of CPUs at once.
 * Return: An object, @n times; then NULL.
 */
void *galloc_prefill_alloc(struct galloc_prefill *pf)
{
	long i = atomic_long_fetch_add_unless(&pf->taken, 1, pf->n);

	return i < pf->n ? pf->object[i] : NULL;
}
EXPORT_SYMBOL_GPL(galloc_prefill_alloc);

/**
 * galloc_prefill_left() - how many objects have not been taken
 * @pf: from galloc_prefill()
 *
 * Context: Any.
 * Return: Their number; others may be taking them.
 */
size_t galloc_prefill_left(const struct galloc_prefill *pf)
{
	return pf->n - atomic_long_read(&pf->taken);
}
EXPORT_SYMBOL_GPL(galloc_prefill_left);

/**
 * galloc_prefill_release() - free the objects that were not taken
 * @pf: from galloc_prefill(), or NULL; not to be used any more
 *
 * Those that were taken stay as they are.
 *
 * Context: As gvfree().
 */
void galloc_prefill_release(struct galloc_prefill *pf)
{
	long i;

	if (!pf)
		return;
	i = atomic_long_xchg(&pf->taken, pf->n);
	gfree_bulk(pf->n - i, pf->object + i);
	gvfree(pf);
}
EXPORT_SYMBOL_GPL(galloc_prefill_release);

/**
 * mempool_galloc() - allocate an element of a mempool
 * @gfp: allocation flags
 * @pool_data: its bytes, as a pointer
 *
 * What mempool_create_galloc() passes to mempool_create(); also for mempools of
 * another making.
 *
 * Context: As galloc().
 * Return: As galloc().
 */
void *mempool_galloc(gfp_t gfp, void *pool_data)
{
	return galloc_any((size_t)pool_data, gfp);
}
EXPORT_SYMBOL_GPL(mempool_galloc);

/**
 * mempool_gfree() - free an element of a mempool
 * @element: from mempool_galloc()
 * @pool_data: not used
 *
 * Context: As gfree().
 */
void mempool_gfree(void *element, void *pool_data)
{
	gfree(element);
}
EXPORT_SYMBOL_GPL(mempool_gfree);
