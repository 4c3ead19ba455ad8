/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_cache: typed caches, galloc's kmem_cache.
 *
 * Included by galloc.h.  Documentation/heaps-and-caches.rst says when to use one.
 */
#ifndef _GALLOC_CACHE_H
#define _GALLOC_CACHE_H

#include <linux/gfp.h>
#include <linux/types.h>

struct galloc_cache;

/**
 * DOC: flags of a typed cache
 *
 * GALLOC_CACHE_HWALIGN
 *	objects begin at a cache line; those of half a line and less share one evenly, as
 *	with SLAB_HWCACHE_ALIGN
 * GALLOC_CACHE_TYPESAFE_BY_RCU
 *	as SLAB_TYPESAFE_BY_RCU: who finds an object under rcu_read_lock() may look at it
 *	after it was freed; it may be reused at once as another object of this cache, but its
 *	page stays one of this cache until a grace period after its last object was freed
 * GALLOC_CACHE_NODE_STRICT
 *	an object is on the node that was asked for, or NULL: each request counts as one with
 *	__GFP_THISNODE
 *
 * GALLOC_CACHE_GUARD(n)
 *	as GALLOC_HEAP_GUARD(n), for objects of galloc_cache_alloc(); not with a constructor or
 *	GALLOC_CACHE_TYPESAFE_BY_RCU
 */
#define GALLOC_CACHE_HWALIGN		0x1u
#define GALLOC_CACHE_TYPESAFE_BY_RCU	0x2u
#define GALLOC_CACHE_NODE_STRICT	0x4u
#define GALLOC_CACHE_GUARD(n)		((n) << 16)

/**
 * struct galloc_cache_args - what a cache may have beyond a name and a size
 * @align: alignment of each object in bytes, a power of two up to 4096; 0: 8
 * @ctor: called once for each object when the pages it lies in are taken, never again for
 *	that object; or NULL.  What it has written survives gfree() and the next
 *	allocation.  It may run in any context, within an RCU read section: it must not sleep,
 *	nor use this cache
 * @flags: flags of the names GALLOC_CACHE_*
 * @limit: most bytes of pages to hold, 0: no limit
 */
struct galloc_cache_args {
	unsigned int align;
	void (*ctor)(void *object);
	unsigned int flags;
	size_t limit;
};

struct galloc_cache *galloc_cache_create(const char *name, size_t size,
					 const struct galloc_cache_args *args);
void galloc_cache_destroy(struct galloc_cache *cache);
void *galloc_cache_alloc(struct galloc_cache *cache, gfp_t gfp) __malloc;
void *galloc_cache_alloc_node(struct galloc_cache *cache, gfp_t gfp, int nid)
	__malloc;
size_t galloc_cache_alloc_bulk(struct galloc_cache *cache, gfp_t gfp, size_t nr,
			       void **p);
void galloc_cache_free(struct galloc_cache *cache, const void *p);
void galloc_cache_free_bulk(struct galloc_cache *cache, size_t nr, void **p);
void galloc_cache_shrink(struct galloc_cache *cache);
unsigned int galloc_cache_size(const struct galloc_cache *cache);

/**
 * galloc_cache_zalloc() - allocate a zeroed object of a cache
 * @cache: the cache, without a constructor
 * @gfp: allocation flags
 *
 * Context: As galloc_cache_alloc().
 * Return: As galloc_cache_alloc(); all of the object is zero.
 */
static __always_inline void *galloc_cache_zalloc(struct galloc_cache *cache, gfp_t gfp)
{
	return galloc_cache_alloc(cache, gfp | __GFP_ZERO);
}

/**
 * GALLOC_CACHE() - a cache for a struct
 * @__struct: its tag, which becomes the cache's name
 * @__flags: flags of the names GALLOC_CACHE_*
 *
 * In the manner of KMEM_CACHE().  Objects have the alignment of the struct.
 *
 * Context: As galloc_cache_create().
 * Return: As galloc_cache_create().
 */
#define GALLOC_CACHE(__struct, __flags)						\
	galloc_cache_create(#__struct, sizeof(struct __struct),			\
			    &(struct galloc_cache_args) {			\
				.align = __alignof__(struct __struct),		\
				.flags = (__flags),				\
			    })

#endif /* _GALLOC_CACHE_H */
