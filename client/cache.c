// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * cache: typed caches.
 *
 * A cache is a set of rows of its own (rows.c): the same spans, stacks and free path as
 * the size classes have, for one exact object size, with a name and, if wanted, a
 * constructor and a limit.  This file checks what a client asks for and what it frees.
 * Exported to clients; calls api.c, heap.c and rows.c.  Owns no lock.  Overview: galloc_mod.c.
 */
#include "cache.h"
#include "geometry.h"
#include "heap.h"
#include "debug/watch.h"
#include "mcache.h"

#include <linux/cache.h>
#include <linux/module.h>
#include <linux/slab.h>

#define CACHE_FLAGS	(GALLOC_CACHE_HWALIGN | GALLOC_CACHE_TYPESAFE_BY_RCU |	\
			 GALLOC_CACHE_NODE_STRICT)

/* ---- creation --------------------------------------------------------------- */

/* With HWALIGN: a cache line, or the part of one that the size needs, as SLUB does. */
static size_t cache_align(size_t size, const struct galloc_cache_args *args)
{
	size_t line = cache_line_size();

	if (!(args->flags & GALLOC_CACHE_HWALIGN))
		return args->align;
	while (size <= line / 2)
		line /= 2;
	return max_t(size_t, line, args->align);
}

static bool cache_args_ok(const char *name, size_t size,
			  const struct galloc_cache_args *args)
{
	if (!name || !*name)
		pr_err("a cache without a name\n");
	else if (!size || size > GALLOC_MAX_SMALL)
		pr_err("cache %s: size %zu is out of range: 1 to %u\n", name, size,
		       GALLOC_MAX_SMALL);
	else if (args->align & (args->align - 1) || args->align > GEOMETRY_ALIGN_MAX)
		pr_err("cache %s: alignment %u is no power of two up to %u\n", name,
		       args->align, GEOMETRY_ALIGN_MAX);
	else if (args->flags & U16_MAX & ~CACHE_FLAGS)
		pr_err("cache %s: unknown flags %#x\n", name,
		       args->flags & U16_MAX & ~CACHE_FLAGS);
	else if (args->flags >> 16 && (args->ctor || args->flags & GALLOC_CACHE_TYPESAFE_BY_RCU))
		pr_err("cache %s: its objects cannot be guarded\n", name);
	else
		return true;
	return false;
}

/* The last object of a destroyed cache is gone; or galloc is, and its client forgot it. */
static void cache_gone(struct rowset *set)
{
	struct galloc_cache *cache = set->args.owner;

	/* Those in a heap go with that, which heap_exit() names. */
	if (!set->dead && !cache->heap)
		pr_err("cache %s was not destroyed\n", set->args.name);
	if (cache->heap)
		heap_remove_cache(cache->heap, cache);
	arena_meta_free(cache, sizeof(*cache));
}

/* For grealloc(): what grows leaves the cache, but not its heap. */
static void *cache_sibling(struct rowset *set, size_t size, size_t align, gfp_t gfp, int nid)
{
	const struct galloc_cache *cache = set->args.owner;

	return heap_alloc(cache->heap, size, align, gfp, nid);
}

static unsigned int cache_row_flags(const struct galloc_cache_args *args)
{
	unsigned int flags = 0;

	if (args->flags & GALLOC_CACHE_TYPESAFE_BY_RCU)
		flags |= ROWS_RCU;
	if (args->flags & GALLOC_CACHE_NODE_STRICT)
		flags |= ROWS_THISNODE;
	return flags;
}

/* See galloc_cache_create() and galloc_heap_cache_create(); @heap may be NULL. */
struct galloc_cache *cache_create(const char *name, size_t size,
				  const struct galloc_cache_args *args,
				  struct galloc_heap *heap)
{
	static const struct galloc_cache_args no_args;
	struct rows_args rows = { .gone = cache_gone };
	struct galloc_cache *cache;

	might_sleep();
	args = args ?: &no_args;
	if (!api_is_ready() || !cache_args_ok(name, size, args) ||
	    !geometry_make(&rows.sc, size, cache_align(size, args)))
		return NULL;
	cache = heap_zalloc(sizeof(*cache));
	if (!cache)
		return NULL;
	cache->size = size;
	cache->has_ctor = args->ctor;
	account_set_limit(&cache->account, args->limit);
	static_assert(GALLOC_MAX_SMALL <= U16_MAX);
	rows.asked = size;
	rows.name = name;
	rows.ctor = args->ctor;
	rows.flags = cache_row_flags(args);
	rows.account = &cache->account;
	rows.owner = cache;
	rows.place = &cache->place;
	if (heap) {
		cache->account.parent = &heap->account;
		rows.sibling = cache_sibling;
	}
	if (!guard_begin(&cache->guard, args->flags >> 16))
		cache->set = heap_rows(&rows, GFP_KERNEL);
	if (!cache->set) {
		arena_meta_free(cache, sizeof(*cache));
		return NULL;
	}
	if (cache->guard.every)
		rows_set_gates(cache->set, BIT(GATE_GUARD), true);
	if (heap) {
		cache->heap = heap;
		heap_add_cache(heap, cache);
	}
	return cache;
}

/**
 * galloc_cache_create() - create a typed cache
 * @name: for debugfs and reports; copied.  Several caches may have the same
 * @size: bytes of an object, 1 to GALLOC_MAX_SMALL
 * @args: alignment, constructor, flags, limit; NULL for none
 *
 * Costs no CPU any memory until it is used, and is never merged with another cache.
 *
 * Context: Process, also a CPU hotplug callback.  Sleeps.
 * Return: The cache; NULL if there is no memory, or, after a line in the log that says
 * which, if an argument is out of range.
 */
struct galloc_cache *galloc_cache_create(const char *name, size_t size,
					 const struct galloc_cache_args *args)
{
	return cache_create(name, size, args, NULL);
}
EXPORT_SYMBOL_GPL(galloc_cache_create);

static bool set_is(const struct rowset *set, const void *other)
{
	return set == other;
}

/**
 * galloc_cache_destroy() - destroy a typed cache
 * @cache: the cache, or NULL.  Nobody may allocate from it any more
 *
 * Objects that gfree_rcu() still has are freed first.  Others that are still allocated are
 * reported, once, and stay valid: free them with gfree(), since @cache is gone.  The
 * constructor is not called any more, so the module that it is in may be unloaded.
 * The heap of a cache has such objects until they are freed: it counts them, and takes them
 * back with GALLOC_HEAP_RELEASE.
 * A second time, also after its heap, gets one warning, if there still are objects of it.
 *
 * Context: Process, also a CPU hotplug callback.  Sleeps: waits for grace periods.
 */
void galloc_cache_destroy(struct galloc_cache *cache)
{
	unsigned long live;

	might_sleep();
	if (!cache)
		return;
	/* It is there as long as it has objects, but no longer its client's. */
	if (WARN_ONCE(READ_ONCE(cache->set->dead), "galloc: cache %s was destroyed before\n",
		      cache->set->args.name))
		return;
	heap_settle(cache->guard.every || usage_live(cache->set));
	live = usage_live(cache->set) + guard_live_of(cache, false);
	if (live && report_live("cache", cache->set->args.name, live, rows_spans(cache->set))) {
		leaks_print("  live", set_is, cache->set);
		guard_live_of(cache, true);
	}
	guard_leave(cache, false);
	/* After rows_destroy() the last free, by anybody, frees the cache. */
	rows_destroy(cache->set);
}
EXPORT_SYMBOL_GPL(galloc_cache_destroy);

/* ---- allocation -------------------------------------------------------------- */

/* Out of line: some kernels warn once for each copy of a WARN_ONCE(). */
static noinline __cold bool refuse_zero(const struct galloc_cache *cache)
{
	WARN_ONCE(1, "galloc: __GFP_ZERO for cache %s with a constructor\n",
		  cache->set->args.name);
	return false;
}

/* Clearing an object would undo what its constructor did. */
static bool cache_gfp_ok(const struct galloc_cache *cache, gfp_t gfp)
{
	return likely(!(gfp & __GFP_ZERO)) || likely(!cache->has_ctor) ||
	       refuse_zero(cache);
}

static noinline void *cache_alloc_slow(struct galloc_cache *cache, gfp_t gfp)
{
	size_t align = cache->set->args.sc.size & -cache->set->args.sc.size;
	void *guarded;

	if (unlikely(!cache_gfp_ok(cache, gfp)))
		return NULL;
	guarded = guard_alloc(&cache->guard, cache, cache->heap, cache->size, align, gfp);
	return guarded ?: api_alloc_set_slow(cache->set, gfp, cache->size);
}

/**
 * galloc_cache_alloc() - allocate an object of a cache
 * @cache: the cache
 * @gfp: allocation flags; __GFP_ZERO is only for caches without a constructor
 *
 * Free it with galloc_cache_free(), or with gfree(), which needs no cache.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: The object; NULL if there is no memory, or the limit is reached; NULL with one
 * warning for __GFP_ZERO and a constructor.
 */
void *galloc_cache_alloc(struct galloc_cache *cache, gfp_t gfp)
{
	void *obj;

	if (unlikely(!mcache_alloc_from(&cache->place, gfp, &obj)))
		return cache_alloc_slow(cache, gfp);
	if (want_init_on_alloc(0))
		return api_clear_row(obj, cache->set);
	return obj;
}
EXPORT_SYMBOL_GPL(galloc_cache_alloc);

/**
 * galloc_cache_alloc_node() - allocate an object of a cache on a node
 * @cache: the cache
 * @gfp: allocation flags; __GFP_THISNODE: on no other node
 * @nid: node, or NUMA_NO_NODE; see galloc_node()
 *
 * Context: As galloc_cache_alloc().
 * Return: As galloc_cache_alloc().
 */
void *galloc_cache_alloc_node(struct galloc_cache *cache, gfp_t gfp, int nid)
{
	if (unlikely(!cache_gfp_ok(cache, gfp)))
		return NULL;
	return api_alloc_row(cache->set, nid, gfp, cache->size);
}
EXPORT_SYMBOL_GPL(galloc_cache_alloc_node);

/**
 * galloc_cache_alloc_bulk() - allocate many objects of a cache
 * @cache: the cache
 * @gfp: allocation flags
 * @nr: number of objects
 * @p: filled with their addresses
 *
 * Context: As galloc_cache_alloc().
 * Return: @nr, or 0 if not all were available; then none is allocated.
 */
size_t galloc_cache_alloc_bulk(struct galloc_cache *cache, gfp_t gfp, size_t nr,
			       void **p)
{
	if (unlikely(!cache_gfp_ok(cache, gfp)))
		return 0;
	return api_alloc_row_bulk(cache->set, NUMA_NO_NODE, gfp, cache->size, nr, p);
}
EXPORT_SYMBOL_GPL(galloc_cache_alloc_bulk);

/* ---- free -------------------------------------------------------------------- */

static bool cache_has(const struct galloc_cache *cache, const void *p)
{
	bool has;

	rcu_read_lock();
	has = rows_of(p) == cache->set;
	rcu_read_unlock();
	return has || guard_is_of(p, cache);
}

/* Not an object of the cache: report it, and free nothing. */
static noinline __cold void free_foreign(const void *p)
{
	enum mspan_found found;
	struct target t;

	if (ZERO_OR_NULL_PTR(p))
		return;
	found = api_target_of(p, &t);
	if (found == FOUND_OBJECT)
		report_fault(FAULT_WRONG_CACHE, p);
	else
		report_free(p, found);
}

static noinline void cache_free_slow(struct galloc_cache *cache, const void *p)
{
	/* gfree() refuses an NMI. */
	if (likely(cache_has(cache, p) || in_nmi()))
		gfree(p);
	else
		free_foreign(p);
}

/**
 * galloc_cache_free() - free an object of a cache
 * @cache: the cache that it is from
 * @p: the object; NULL is fine
 *
 * Like gfree(), but an object of another cache, or of none, is reported and not freed.
 *
 * Context: Any but NMI.
 */
void galloc_cache_free(struct galloc_cache *cache, const void *p)
{
	if (want_init_on_free() || unlikely(!mcache_push_place(&cache->place, p)))
		cache_free_slow(cache, p);
}
EXPORT_SYMBOL_GPL(galloc_cache_free);

/**
 * galloc_cache_free_bulk() - free many objects of a cache
 * @cache: the cache that they are from
 * @nr: number of pointers
 * @p: the pointers; NULL is fine
 *
 * Those that are not of @cache are reported, as by galloc_cache_free().
 *
 * Context: Any but NMI.
 */
void galloc_cache_free_bulk(struct galloc_cache *cache, size_t nr, void **p)
{
	while (nr) {
		size_t n = want_init_on_free() ? 0 : mcache_push_run(&cache->place, p, nr);

		/* What stopped the run. */
		if (n < nr)
			cache_free_slow(cache, p[n++]);
		p += n;
		nr -= n;
	}
}
EXPORT_SYMBOL_GPL(galloc_cache_free_bulk);

/* ---- the rest ---------------------------------------------------------------- */

/**
 * galloc_cache_shrink() - give back what the CPUs keep of a cache
 * @cache: the cache
 *
 * Moves free objects from the CPUs, but for isolated ones, to their spans; pages without an
 * object in use become free memory of galloc's, with GALLOC_CACHE_TYPESAFE_BY_RCU after a
 * grace period.
 *
 * Context: Process.  Sleeps; not in a CPU hotplug callback.
 */
void galloc_cache_shrink(struct galloc_cache *cache)
{
	might_sleep();
	stacks_drain(cache->set);
}
EXPORT_SYMBOL_GPL(galloc_cache_shrink);

/**
 * galloc_cache_size() - bytes of an object
 * @cache: the cache
 *
 * gsize() of an object may be more, because of the alignment.
 *
 * Context: Any.
 * Return: What galloc_cache_create() was called with.
 */
unsigned int galloc_cache_size(const struct galloc_cache *cache)
{
	return cache->size;
}
EXPORT_SYMBOL_GPL(galloc_cache_size);
