/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * allocators: the operations of each allocator, and how a loop gets them.
 *
 * A loop is written once, as an inline function over two operations.  For each
 * allocator it is compiled with those of that allocator put in, so that a
 * constant size stays constant and no indirect call is measured.
 */
#ifndef _GALLOC_BENCH_ALLOCATORS_H
#define _GALLOC_BENCH_ALLOCATORS_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <galloc.h>

#include "bench.h"

typedef void *(alloc_fn)(struct run *run, size_t size, gfp_t gfp);
typedef void (free_fn)(struct run *run, void *p);

static __always_inline void *none_alloc(struct run *run, size_t size, gfp_t gfp)
{
	/* The size must be in a register, as for the others. */
	OPTIMIZER_HIDE_VAR(size);
	return ZERO_SIZE_PTR;
}

static __always_inline void none_free(struct run *run, void *p)
{
	OPTIMIZER_HIDE_VAR(p);
}

static __always_inline void *galloc_alloc(struct run *run, size_t size, gfp_t gfp)
{
	return galloc(size, gfp);
}

static __always_inline void galloc_free(struct run *run, void *p)
{
	gfree(p);
}

static __always_inline void *kmalloc_alloc(struct run *run, size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

static __always_inline void kmalloc_free(struct run *run, void *p)
{
	kfree(p);
}

static __always_inline void *kmem_cache_alloc_one(struct run *run, size_t size,
						  gfp_t gfp)
{
	return kmem_cache_alloc(run->cache, gfp);
}

static __always_inline void kmem_cache_free_one(struct run *run, void *p)
{
	kmem_cache_free(run->cache, p);
}

static __always_inline void *gcache_alloc(struct run *run, size_t size, gfp_t gfp)
{
	return galloc_cache_alloc(run->gcache, gfp);
}

static __always_inline void gcache_free(struct run *run, void *p)
{
	galloc_cache_free(run->gcache, p);
}

static __always_inline void *gheap_alloc(struct run *run, size_t size, gfp_t gfp)
{
	return galloc_from(run->gheap, size, gfp);
}

static __always_inline void *pages_alloc(struct run *run, size_t size, gfp_t gfp)
{
	return (void *)__get_free_pages(gfp, get_order(size));
}

static __always_inline void pages_free(struct run *run, void *p)
{
	free_pages((unsigned long)p, get_order(run->size));
}

/*
 * LOOP(fn, allocator, alloc, free, body, ...): the function fn_allocator(), which
 * is body(run, alloc, free, ...).
 */
#define LOOP(fn, a, alloc, free, body, ...)				\
static noinline void fn##_##a(struct run *run)				\
{									\
	body(run, alloc, free, ##__VA_ARGS__);				\
}

/* DEFINE_LOOP(fn, body, ...): those functions, and fn, the table of them. */
#define DEFINE_LOOP(fn, body, ...)					\
	LOOP(fn, none, none_alloc, none_free, body, ##__VA_ARGS__)	\
	LOOP(fn, galloc, galloc_alloc, galloc_free, body, ##__VA_ARGS__) \
	LOOP(fn, kmalloc, kmalloc_alloc, kmalloc_free, body, ##__VA_ARGS__) \
	LOOP(fn, kmem_cache, kmem_cache_alloc_one, kmem_cache_free_one,	\
	     body, ##__VA_ARGS__)					\
	static const struct case_fns fn = {					\
		.by[NONE] = fn##_none,					\
		.by[GALLOC] = fn##_galloc,				\
		.by[KMALLOC] = fn##_kmalloc,				\
		.by[KMEM_CACHE] = fn##_kmem_cache,			\
	}

/* The same for sizes that differ, which a kmem_cache cannot do. */
#define DEFINE_LOOP_SIZES(fn, body, ...)				\
	LOOP(fn, none, none_alloc, none_free, body, ##__VA_ARGS__)	\
	LOOP(fn, galloc, galloc_alloc, galloc_free, body, ##__VA_ARGS__) \
	LOOP(fn, kmalloc, kmalloc_alloc, kmalloc_free, body, ##__VA_ARGS__) \
	static const struct case_fns fn = {					\
		.by[NONE] = fn##_none,					\
		.by[GALLOC] = fn##_galloc,				\
		.by[KMALLOC] = fn##_kmalloc,				\
	}

/*
 * What a client does with a new object: write its first 64 bytes.  Eight stores
 * for any size, without a branch; no allocator's object has less than 8
 * bytes.
 */
static __always_inline void touch_object(void *p, size_t size)
{
	size_t last = clamp_t(size_t, size, 8, 64) - 8;
	size_t i;

#pragma GCC unroll 8
	for (i = 0; i < 64; i += 8)
		WRITE_ONCE(*(u64 *)(p + min(i, last)), i);
}

/*
 * Allocate as a client would, with @touch as in the case.  The empty loop has no
 * object to write to.
 */
static __always_inline void *get_object(struct run *run, alloc_fn *alloc,
					size_t size, gfp_t gfp, bool touch)
{
	void *p = alloc(run, size, gfp);

	/* The compiler must not know that it is unused. */
	OPTIMIZER_HIDE_VAR(p);
	if (unlikely(!p))
		run->failed = true;
	else if (touch && alloc != none_alloc)
		touch_object(p, size);
	return p;
}

#endif /* _GALLOC_BENCH_ALLOCATORS_H */
