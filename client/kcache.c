// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * kcache: the kernel's caches for overridden modules, see galloc-override.h.
 *
 * A module that was built with it has typed caches of galloc where it asks for a
 * struct kmem_cache, and, where the kernel made one, or only the kernel can, that.  What
 * it holds is marked, see kcache.h: so each call sees whose it is, and code of the kernel's
 * that is handed one faults at its first look, or with KASAN's software tags is reported.
 * Exported to clients; calls cache.c, watch.c and the kernel's caches.  Owns no lock.
 */
#include "cache.h"

#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "debug/watch.h"
#include "galloc_override_calls.h"
#include "geometry.h"
#include "kcache.h"

/* What is the kernel's counts for the caller. */
#include "galloc_allocinfo_none.h"

#define TAGS		IS_ENABLED(CONFIG_KASAN_SW_TAGS)

/* Memory that galloc does not have. */
#define KERNEL_ONLY	(SLAB_CACHE_DMA | SLAB_CACHE_DMA32)

/* Any of these has what the parameter debug has of a cache: red zones, poison, stacks. */
#define FOR_DEBUG	(SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | SLAB_CONSISTENCY_CHECKS)

static __always_inline bool kcache_is_ours(const struct kmem_cache *s)
{
	return kcache_is_marked((unsigned long)s, TAGS);
}

static __always_inline struct galloc_cache *kcache_of(const struct kmem_cache *s)
{
	return (struct galloc_cache *)kcache_unmark((unsigned long)s, TAGS);
}

/* ---- creation --------------------------------------------------------------------- */

static bool kcache_can_be_ours(const char *name, unsigned int size,
			       const struct galloc_kmem_args *args)
{
	return name && *name && size && size <= GALLOC_MAX_SMALL &&
	       !(args->flags & KERNEL_ONLY) && args->align <= GEOMETRY_ALIGN_MAX &&
	       (!args->align || is_power_of_2(args->align));
}

static struct kmem_cache *kcache_of_kernel(const char *name, unsigned int size,
					   const struct galloc_kmem_args *args)
{
	if (args->args)
		return __kmem_cache_create_args(name, size, args->args, args->flags);
	return kmem_cache_create_usercopy(name, size, args->align, args->flags,
					  args->useroffset, args->usersize, args->ctor);
}

/**
 * galloc_kmem_cache_create() - kmem_cache_create() of an overridden module
 * @name: see kmem_cache_create(); copied
 * @size: bytes of an object
 * @args: the rest.  SLAB_HWCACHE_ALIGN and SLAB_TYPESAFE_BY_RCU are galloc's, too;
 *	with SLAB_PANIC the kernel decides what a failure means.  With a flag for debugging
 *	caches of this name are watched, see watch.c, until this one is destroyed.  What
 *	else @args.flags has is for accounting, and does nothing
 *
 * What galloc has no cache for is one of the kernel's: memory for DMA, objects of more
 * than GALLOC_MAX_SMALL bytes, an alignment above a page.
 *
 * Context: Process.  Sleeps.
 * Return: The cache, or NULL.
 */
struct kmem_cache *galloc_kmem_cache_create(const char *name, unsigned int size,
					    const struct galloc_kmem_args *args)
{
	struct galloc_kmem_args full = *args;
	struct galloc_cache_args ours = { };
	struct galloc_cache *cache = NULL;
	bool watched;

	if (args->args) {
		full.align = args->args->align;
		full.ctor = args->args->ctor;
	}
	if (kcache_can_be_ours(name, size, &full)) {
		ours.align = max_t(unsigned int, full.align, ARCH_SLAB_MINALIGN);
		ours.ctor = full.ctor;
		if (full.flags & SLAB_HWCACHE_ALIGN)
			ours.flags |= GALLOC_CACHE_HWALIGN;
		if (full.flags & SLAB_TYPESAFE_BY_RCU)
			ours.flags |= GALLOC_CACHE_TYPESAFE_BY_RCU;
		/* Before there is an object that nobody has recorded. */
		watched = full.flags & FOR_DEBUG && watch_cache(name, true);
		cache = cache_create(name, size, &ours, full.heap);
		if (cache)
			cache->watched = watched;
		else if (watched)
			watch_cache(name, false);
	}
	if (!cache)
		return kcache_of_kernel(name, size, args);
	return (struct kmem_cache *)kcache_mark((unsigned long)cache, TAGS);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_create);

/* What is still live has been reported, with who allocated it. */
static noinline void destroy_watched(struct galloc_cache *cache)
{
	char name[WATCH_NAME];

	strscpy(name, cache->set->args.name, sizeof(name));
	galloc_cache_destroy(cache);
	watch_cache(name, false);
}

/**
 * galloc_kmem_cache_destroy() - kmem_cache_destroy() of an overridden module
 * @s: a cache of either allocator, or NULL
 *
 * Objects that kfree_rcu() still has are freed first.
 *
 * Context: Process.  Sleeps.
 */
void galloc_kmem_cache_destroy(struct kmem_cache *s)
{
	if (!kcache_is_ours(s)) {
		kmem_cache_destroy(s);
		return;
	}
	galloc_override_rcu_barrier();
	if (kcache_of(s)->watched)
		destroy_watched(kcache_of(s));
	else
		galloc_cache_destroy(kcache_of(s));
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_destroy);

/* ---- allocation -------------------------------------------------------------------- */

/* Flags that galloc refuses, see alloc_flagged(). */
static bool gfp_is_refused(const struct galloc_cache *cache, gfp_t gfp)
{
	return gfp & (GALLOC_GFP_ZONES | __GFP_NOFAIL) ||
	       (gfp & __GFP_ZERO && cache->has_ctor);
}

/*
 * Flags that galloc refuses and the kernel does not: those for a zone, which a cache has
 * or has not; NOFAIL from where one cannot wait, which gets what there is, and elsewhere
 * beyond the limit of the heap, if need be; and to clear an object that was constructed.
 */
static noinline void *alloc_flagged(struct galloc_cache *cache, gfp_t gfp, int nid)
{
	bool clear = cache->has_ctor && (gfp & __GFP_ZERO);
	gfp_t first;
	void *p;

	gfp &= ~GALLOC_GFP_ZONES;
	if (!gfpflags_allow_blocking(gfp))
		gfp &= ~__GFP_NOFAIL;
	if (clear)
		gfp &= ~__GFP_ZERO;
	first = gfp & __GFP_NOFAIL ? gfp_may_fail(gfp) : gfp;
	p = galloc_cache_alloc_node(cache, first, nid);
	if (!p && (gfp & __GFP_NOFAIL)) {
		account_lift(&cache->account, 1);
		p = galloc_cache_alloc_node(cache, gfp, nid);
		account_lift(&cache->account, -1);
	}
	return p && clear ? memset(p, 0, cache->size) : p;
}

/**
 * galloc_kmem_cache_alloc() - kmem_cache_alloc() of an overridden module
 * @s: a cache of either allocator
 * @gfp: any flags
 *
 * Context: As kmem_cache_alloc().
 * Return: The object, or NULL.
 */
void *galloc_kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	if (unlikely(!kcache_is_ours(s)))
		return kmem_cache_alloc(s, gfp);
	if (unlikely(gfp & GALLOC_GFP_RARE) && unlikely(gfp_is_refused(kcache_of(s), gfp)))
		return alloc_flagged(kcache_of(s), gfp, NUMA_NO_NODE);
	return galloc_cache_alloc(kcache_of(s), gfp);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_alloc);

/**
 * galloc_kmem_cache_alloc_lru() - kmem_cache_alloc_lru() of an overridden module
 * @s: a cache of either allocator
 * @lru: list that the object will be on.  Those of galloc are on that of the root
 * @gfp: any flags
 *
 * Context: As kmem_cache_alloc().
 * Return: The object, or NULL.
 */
void *galloc_kmem_cache_alloc_lru(struct kmem_cache *s, struct list_lru *lru, gfp_t gfp)
{
	if (unlikely(!kcache_is_ours(s)))
		return kmem_cache_alloc_lru(s, lru, gfp);
	return galloc_kmem_cache_alloc(s, gfp);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_alloc_lru);

/**
 * galloc_kmem_cache_alloc_node() - kmem_cache_alloc_node() of an overridden module
 * @s: a cache of either allocator
 * @gfp: any flags
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: As kmem_cache_alloc().
 * Return: The object, or NULL.
 */
void *galloc_kmem_cache_alloc_node(struct kmem_cache *s, gfp_t gfp, int nid)
{
	if (unlikely(!kcache_is_ours(s)))
		return kmem_cache_alloc_node(s, gfp, nid);
	return alloc_flagged(kcache_of(s), gfp, nid);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_alloc_node);

/**
 * galloc_kmem_cache_alloc_bulk() - kmem_cache_alloc_bulk() of an overridden module
 * @s: a cache of either allocator
 * @gfp: any flags
 * @nr: number of objects
 * @p: filled with their addresses
 *
 * Context: As kmem_cache_alloc().
 * Return: @nr; or 0: none is allocated.
 */
int galloc_kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t nr, void **p)
{
	struct galloc_cache *cache = kcache_of(s);
	size_t i;

	if (unlikely(!kcache_is_ours(s)))
		return kmem_cache_alloc_bulk(s, gfp, nr, p) ? nr : 0;
	if (likely(!gfp_is_refused(cache, gfp)))
		return galloc_cache_alloc_bulk(cache, gfp, nr, p);
	for (i = 0; i < nr; i++) {
		p[i] = alloc_flagged(cache, gfp, NUMA_NO_NODE);
		if (!p[i]) {
			galloc_cache_free_bulk(cache, i, p);
			return 0;
		}
	}
	return nr;
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_alloc_bulk);

/* ---- free ----------------------------------------------------------------------------- */

/**
 * galloc_kmem_cache_free() - kmem_cache_free() of an overridden module
 * @s: a cache of either allocator
 * @p: an object of it
 *
 * Context: As kmem_cache_free().
 */
void galloc_kmem_cache_free(struct kmem_cache *s, void *p)
{
	if (likely(kcache_is_ours(s)))
		galloc_cache_free(kcache_of(s), p);
	else
		kmem_cache_free(s, p);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_free);

/**
 * galloc_kmem_cache_free_bulk() - kmem_cache_free_bulk() of an overridden module
 * @s: a cache of either allocator; NULL: objects of any, see galloc_kfree_bulk()
 * @nr: number of pointers
 * @p: the objects
 *
 * Context: As kmem_cache_free().
 */
void galloc_kmem_cache_free_bulk(struct kmem_cache *s, size_t nr, void **p)
{
	if (!s)
		galloc_kfree_bulk(nr, p);
	else if (kcache_is_ours(s))
		galloc_cache_free_bulk(kcache_of(s), nr, p);
	else
		kmem_cache_free_bulk(s, nr, p);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_free_bulk);

/* ---- the rest --------------------------------------------------------------------------- */

/**
 * galloc_kmem_cache_shrink() - kmem_cache_shrink() of an overridden module
 * @s: a cache of either allocator
 *
 * Context: Process.  Sleeps.
 * Return: 0 if all its pages could be given back.
 */
int galloc_kmem_cache_shrink(struct kmem_cache *s)
{
	if (!kcache_is_ours(s))
		return kmem_cache_shrink(s);
	galloc_cache_shrink(kcache_of(s));
	return rows_in_use(kcache_of(s)->set) ? 1 : 0;
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_shrink);

/**
 * galloc_kmem_cache_size() - kmem_cache_size() of an overridden module
 * @s: a cache of either allocator
 *
 * Context: Any.
 * Return: Bytes of an object.
 */
unsigned int galloc_kmem_cache_size(struct kmem_cache *s)
{
	return kcache_is_ours(s) ? galloc_cache_size(kcache_of(s)) : kmem_cache_size(s);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_size);

/**
 * galloc_kmem_cache_charge() - kmem_cache_charge() of an overridden module
 * @p: an object of either allocator
 * @gfp: flags
 *
 * Context: As kmem_cache_charge().
 * Return: True: objects of galloc are charged to nobody.
 */
bool galloc_kmem_cache_charge(void *p, gfp_t gfp)
{
	return galloc_owns(p) || kmem_cache_charge(p, gfp);
}
EXPORT_SYMBOL_GPL(galloc_kmem_cache_charge);

/**
 * galloc_mempool_alloc_slab() - mempool_alloc_slab() of an overridden module
 * @gfp: any flags
 * @cache: a cache of either allocator
 *
 * Context: As kmem_cache_alloc().
 * Return: The object, or NULL.
 */
void *galloc_mempool_alloc_slab(gfp_t gfp, void *cache)
{
	return galloc_kmem_cache_alloc(cache, gfp);
}
EXPORT_SYMBOL_GPL(galloc_mempool_alloc_slab);

/**
 * galloc_mempool_free_slab() - mempool_free_slab() of an overridden module
 * @p: the object
 * @cache: its cache
 *
 * Context: As kmem_cache_free().
 */
void galloc_mempool_free_slab(void *p, void *cache)
{
	galloc_kmem_cache_free(cache, p);
}
EXPORT_SYMBOL_GPL(galloc_mempool_free_slab);

/**
 * galloc_mempool_kfree() - mempool_kfree() of an overridden module
 * @p: an object of either allocator
 * @size: its size
 *
 * Context: As kfree().
 */
void galloc_mempool_kfree(void *p, void *size)
{
	galloc_kfree(p);
}
EXPORT_SYMBOL_GPL(galloc_mempool_kfree);
