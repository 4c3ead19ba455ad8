/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_port: what converted source calls, beyond galloc.h.
 *
 * tools/port/port.sh writes these names into a module that was written for kmalloc() and
 * kmem_cache.  Each stands for one call of the kernel's and takes its arguments, so that a
 * conversion can be undone.  Frees take objects of both allocators; where an object is
 * certainly galloc's, gfree() and galloc_cache_create() say so.
 */
#ifndef _GALLOC_PORT_H
#define _GALLOC_PORT_H

#include <linux/mempool.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <galloc.h>
#include <galloc_override_calls.h>

struct super_block;

#pragma push_macro("alloc_hooks")
#include <galloc_allocinfo_none.h>

/* ---- kmalloc() --------------------------------------------------------------------- */

static inline void *gzalloc_node(size_t size, gfp_t gfp, int nid)
{
	return (galloc_node)(size, gfp | __GFP_ZERO, nid);
}

static inline void *galloc_array_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return (galloc_node)(bytes, gfp, nid);
}

static inline void *gcalloc_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	return galloc_array_node(n, size, gfp | __GFP_ZERO, nid);
}

/* krealloc() and krealloc_array(): an object of the kernel's stays one. */
static inline void * __must_check galloc_krealloc(const void *p, size_t size, gfp_t gfp)
{
	return galloc_override_realloc(NULL, p, size, 1, gfp, NUMA_NO_NODE);
}

static inline void * __must_check
galloc_krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return galloc_override_realloc(NULL, p, bytes, 1, gfp, NUMA_NO_NODE);
}

static inline void * __must_check
galloc_krealloc_node_align(const void *p, size_t size, unsigned long align, gfp_t gfp, int nid)
{
	return galloc_override_realloc(NULL, p, size, align, gfp, nid);
}

static inline void * __must_check
galloc_krealloc_node(const void *p, size_t size, gfp_t gfp, int nid)
{
	return galloc_override_realloc(NULL, p, size, 1, gfp, nid);
}

/* kvmalloc() with __GFP_NOFAIL too. */
static inline void *galloc_kvmalloc(size_t size, gfp_t gfp)
{
	return galloc_override_valloc(NULL, size, 1, gfp, NUMA_NO_NODE);
}

static inline void *galloc_kvzalloc(size_t size, gfp_t gfp)
{
	return galloc_kvmalloc(size, gfp | __GFP_ZERO);
}

static inline void * __must_check
galloc_kvrealloc_node_align(const void *p, size_t size, unsigned long align, gfp_t gfp, int nid)
{
	return galloc_override_vrealloc(NULL, p, size, align, gfp, nid);
}

static inline void * __must_check
galloc_kvrealloc_node(const void *p, size_t size, gfp_t gfp, int nid)
{
	return galloc_override_vrealloc(NULL, p, size, 1, gfp, nid);
}

/* kvrealloc(): with the old size until 6.11, without it later. */
static inline void *galloc_kvrealloc(const void *p, size_t size, gfp_t gfp)
{
	return galloc_override_vrealloc(NULL, p, size, 1, gfp, NUMA_NO_NODE);
}

static inline void *
galloc_kvrealloc_from(const void *p, size_t old, size_t size, gfp_t gfp)
{
	return galloc_override_vrealloc_from(NULL, p, old, size, gfp);
}

#define __galloc_port_kvrealloc(...)					\
	__galloc_fifth(__VA_ARGS__, galloc_kvrealloc_from,		\
		       (galloc_kvrealloc), )(__VA_ARGS__)

/* They take an object of either kind. */
#define galloc_kvfree_rcu(...)			galloc_kfree_rcu(__VA_ARGS__)
#define galloc_kvfree_rcu_mightsleep(ptr)	galloc_kfree_rcu_mightsleep(ptr)
#define galloc_kvfree_rcu_barrier()		\
	(kvfree_rcu_barrier(), galloc_override_rcu_barrier())

#ifdef DEFINE_FREE
DEFINE_FREE(galloc_kfree, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kfree(_T))
DEFINE_FREE(galloc_kfree_sensitive, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kfree_sensitive(_T))
DEFINE_FREE(galloc_kvfree, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kvfree(_T))
DEFINE_FREE(galloc_kvfree_atomic, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kvfree_atomic(_T))
#endif

/* ---- kmem_cache ---------------------------------------------------------------------- */

/*
 * kmem_cache_create(): of the flags, SLAB_HWCACHE_ALIGN and SLAB_TYPESAFE_BY_RCU have a
 * meaning.
 */
static inline struct galloc_cache *
galloc_slab_create(const char *name, unsigned int size, unsigned int align,
		   slab_flags_t flags, void (*ctor)(void *))
{
	const struct galloc_cache_args args = {
		.align = align, .ctor = ctor,
		.flags = (flags & SLAB_HWCACHE_ALIGN ? GALLOC_CACHE_HWALIGN : 0) |
			 (flags & SLAB_TYPESAFE_BY_RCU ? GALLOC_CACHE_TYPESAFE_BY_RCU : 0),
	};

	return galloc_cache_create(name, size, &args);
}

static inline struct galloc_cache *
galloc_slab_create_usercopy(const char *name, unsigned int size, unsigned int align,
			    slab_flags_t flags, unsigned int useroffset,
			    unsigned int usersize, void (*ctor)(void *))
{
	return galloc_slab_create(name, size, align, flags, ctor);
}

#define GALLOC_SLAB(__struct, __flags)					\
	galloc_slab_create(#__struct, sizeof(struct __struct),		\
			   __alignof__(struct __struct), __flags, NULL)

/* kmem_cache_destroy() waits for objects that kfree_rcu() still has. */
static inline void galloc_slab_destroy(struct galloc_cache *cache)
{
	galloc_override_rcu_barrier();
	galloc_cache_destroy(cache);
}

static inline int galloc_slab_shrink(struct galloc_cache *cache)
{
	galloc_cache_shrink(cache);
	return 0;
}

static inline void *
galloc_slab_alloc_lru(struct galloc_cache *cache, struct list_lru *lru, gfp_t gfp)
{
	return (galloc_cache_alloc)(cache, gfp);
}

/* alloc_inode_sb() */
static inline void *
galloc_inode_sb(struct super_block *sb, struct galloc_cache *cache, gfp_t gfp)
{
	return (galloc_cache_alloc)(cache, gfp);
}

/* ---- mempools -------------------------------------------------------------------------- */

static inline void *galloc_pool_alloc(gfp_t gfp, void *cache)
{
	return (galloc_cache_alloc)(cache, gfp);
}

static inline void galloc_pool_free(void *p, void *cache)
{
	galloc_cache_free(cache, p);
}

static inline void *galloc_pool_galloc(gfp_t gfp, void *size)
{
	return (galloc)((size_t)size, gfp);
}

static inline int
galloc_pool_init(mempool_t *pool, int min_nr, struct galloc_cache *cache)
{
	return mempool_init(pool, min_nr, galloc_pool_alloc, galloc_pool_free, cache);
}

static inline mempool_t *galloc_pool_create(int min_nr, struct galloc_cache *cache)
{
	return mempool_create(min_nr, galloc_pool_alloc, galloc_pool_free, cache);
}

static inline int galloc_pool_init_sized(mempool_t *pool, int min_nr, size_t size)
{
	return mempool_init(pool, min_nr, galloc_pool_galloc, galloc_mempool_kfree,
			    (void *)size);
}

static inline mempool_t *galloc_pool_create_sized(int min_nr, size_t size)
{
	return mempool_create(min_nr, galloc_pool_galloc, galloc_mempool_kfree, (void *)size);
}

#pragma pop_macro("alloc_hooks")

/* ---- lines in /proc/allocinfo --------------------------------------------------------- */

#ifdef GALLOC_ALLOCINFO
#define gzalloc_node(...)		alloc_hooks(gzalloc_node(__VA_ARGS__))
#define galloc_array_node(...)		alloc_hooks(galloc_array_node(__VA_ARGS__))
#define gcalloc_node(...)		alloc_hooks(gcalloc_node(__VA_ARGS__))
#define galloc_krealloc(...)		alloc_hooks(galloc_krealloc(__VA_ARGS__))
#define galloc_krealloc_node(...)	alloc_hooks(galloc_krealloc_node(__VA_ARGS__))
#define galloc_krealloc_node_align(...) \
	alloc_hooks(galloc_krealloc_node_align(__VA_ARGS__))
#define galloc_krealloc_array(...)	alloc_hooks(galloc_krealloc_array(__VA_ARGS__))
#define galloc_kvmalloc(...)		alloc_hooks(galloc_kvmalloc(__VA_ARGS__))
#define galloc_kvzalloc(...)		alloc_hooks(galloc_kvzalloc(__VA_ARGS__))
#define galloc_kvrealloc(...)		alloc_hooks(__galloc_port_kvrealloc(__VA_ARGS__))
#define galloc_kvrealloc_node(...)	alloc_hooks(galloc_kvrealloc_node(__VA_ARGS__))
#define galloc_kvrealloc_node_align(...) \
	alloc_hooks(galloc_kvrealloc_node_align(__VA_ARGS__))
#define galloc_slab_alloc_lru(...)	alloc_hooks(galloc_slab_alloc_lru(__VA_ARGS__))
#define galloc_inode_sb(...)		alloc_hooks(galloc_inode_sb(__VA_ARGS__))
#define galloc_pool_init(...)		alloc_hooks(galloc_pool_init(__VA_ARGS__))
#define galloc_pool_create(...)		alloc_hooks(galloc_pool_create(__VA_ARGS__))
#define galloc_pool_init_sized(...)	alloc_hooks(galloc_pool_init_sized(__VA_ARGS__))
#define galloc_pool_create_sized(...)	alloc_hooks(galloc_pool_create_sized(__VA_ARGS__))
#else
#define galloc_kvrealloc(...)		__galloc_port_kvrealloc(__VA_ARGS__)
#endif

#endif /* _GALLOC_PORT_H */
