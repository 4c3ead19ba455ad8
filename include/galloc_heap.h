/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_heap: private heaps: an allocator of one's own, with a limit.
 *
 * Included by galloc.h.  Documentation/heaps-and-caches.rst says when to use one.
 */
#ifndef _GALLOC_HEAP_H
#define _GALLOC_HEAP_H

#include <linux/gfp.h>
#include <linux/types.h>

#include "galloc_obj.h"

struct galloc_heap;
struct galloc_cache;
struct galloc_cache_args;

/* For galloc_heap_destroy(): free all objects that are still allocated. */
#define GALLOC_HEAP_RELEASE	0x1u

/*
 * Of galloc_heap_args: one in @n, 1 to 65535, objects of up to a page that galloc_from() and
 * grealloc_from() allocate has a page of its own, see Documentation/debugging.rst.  It is no
 * memory for DMA, and virt_to_page() is not for it.
 */
#define GALLOC_HEAP_GUARD(n)	((n) << 16)

/**
 * struct galloc_heap_args - what a heap may have beyond a name
 * @limit_bytes: most bytes of pages to hold, 0: no limit
 * @flags: GALLOC_HEAP_GUARD(n), or 0
 */
struct galloc_heap_args {
	size_t limit_bytes;
	unsigned int flags;
};

/**
 * struct galloc_heap_usage - what a heap holds
 * @limit: its limit in bytes, 0: none
 * @held: bytes of its pages: spans, and large objects
 * @in_use: bytes of objects that its client has
 * @cached: bytes of objects that were freed and stay on the CPUs' stacks or in transfer
 * @peak: the most that @held has been
 * @meta: bytes that galloc needs to describe it, which do not count against the limit
 * @refused: requests that the limit refused
 * @spans: runs of pages that its small objects lie in
 */
struct galloc_heap_usage {
	size_t limit;
	size_t held;
	size_t in_use;
	size_t cached;
	size_t peak;
	size_t meta;
	unsigned long refused;
	unsigned long spans;
};

struct galloc_heap *galloc_heap_create(const char *name,
				       const struct galloc_heap_args *args);
size_t galloc_heap_destroy_flags(struct galloc_heap *heap, unsigned int flags);

/**
 * galloc_heap_destroy() - destroy a private heap
 * @heap: the heap, or NULL
 * @...: flags; left out: 0
 *
 * galloc_heap_destroy_flags(), for callers that mostly have no flags.
 *
 * Context: As galloc_heap_destroy_flags().
 * Return: As galloc_heap_destroy_flags().
 */
#define galloc_heap_destroy(heap, ...)	\
	galloc_heap_destroy_flags(heap, __galloc_second(, ##__VA_ARGS__, 0))

struct galloc_cache *galloc_heap_cache_create(struct galloc_heap *heap,
					      const char *name, size_t size,
					      const struct galloc_cache_args *args);
void galloc_heap_usage(struct galloc_heap *heap, struct galloc_heap_usage *usage);
void galloc_heap_trim(struct galloc_heap *heap);

void *galloc_from(struct galloc_heap *heap, size_t size, gfp_t gfp)
	__malloc __alloc_size(2);
void *galloc_from_node(struct galloc_heap *heap, size_t size, gfp_t gfp, int nid)
	__malloc __alloc_size(2);
void *galloc_from_aligned(struct galloc_heap *heap, size_t size, size_t align, gfp_t gfp)
	__malloc __alloc_size(2);
void *grealloc_from(struct galloc_heap *heap, const void *p, size_t size, gfp_t gfp)
	__must_check __realloc_size(3);
size_t galloc_from_bulk(struct galloc_heap *heap, size_t size, gfp_t gfp, size_t nr,
			void **p);

/**
 * gzalloc_from() - allocate zeroed memory of a heap
 * @heap: the heap
 * @size: bytes wanted
 * @gfp: allocation flags
 *
 * Context: As galloc_from().
 * Return: As galloc_from(); all of the object is zero.
 */
static __always_inline __alloc_size(2) void *
gzalloc_from(struct galloc_heap *heap, size_t size, gfp_t gfp)
{
	return galloc_from(heap, size, gfp | __GFP_ZERO);
}

#endif /* _GALLOC_HEAP_H */
