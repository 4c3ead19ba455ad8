// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_heaps: a client with two heaps of one name and a typed cache.
 *
 * When it goes, one heap is released with all that is in it.  The other, and the cache, are
 * destroyed with live objects, and this module's constructor leaves with it.
 */
#include <linux/module.h>
#include <linux/sizes.h>

#include <galloc.h>

#define NR_SMALL	100
#define NR_LEFT		5

static struct galloc_heap *heap, *other;
static struct galloc_cache *inside, *lone;

static void construct(void *p)
{
	*(u64 *)p = (unsigned long)p;
}

/* Allocate @n times, and forget the objects. */
#define TAKE(n, call)						\
({								\
	unsigned int __i = 0;					\
								\
	while (__i < (n) && (call))				\
		__i++;						\
	__i == (n);						\
})

static bool __init take_all(void)
{
	return TAKE(NR_SMALL, galloc_from(heap, 64, GFP_KERNEL)) &&
	       TAKE(1, galloc_from(heap, SZ_1M, GFP_KERNEL)) &&
	       /* More than the limit leaves. */
	       !TAKE(1, galloc_from(heap, SZ_1M, GFP_KERNEL)) &&
	       TAKE(NR_SMALL, galloc_cache_alloc(inside, GFP_KERNEL)) &&
	       TAKE(NR_LEFT, galloc_from(other, 64, GFP_KERNEL)) &&
	       TAKE(NR_LEFT, galloc_cache_alloc(lone, GFP_KERNEL));
}

static void heaps_end(void)
{
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	galloc_heap_destroy(other);
	galloc_cache_destroy(lone);
}

static int __init heaps_init(void)
{
	heap = galloc_heap_create("guest", &(struct galloc_heap_args) {
					.limit_bytes = SZ_2M,
				  });
	other = galloc_heap_create("guest", NULL);
	inside = heap ? galloc_heap_cache_create(heap, "inside", 1000, NULL) : NULL;
	lone = galloc_cache_create("lone", 200, &(struct galloc_cache_args) {
						.ctor = construct,
				   });
	if (heap && other && inside && lone && take_all())
		return 0;
	heaps_end();
	return -ENOMEM;
}

static void __exit heaps_exit(void)
{
	heaps_end();
}

module_init(heaps_init);
module_exit(heaps_exit);

MODULE_DESCRIPTION("A client with heaps and a cache, which leaves objects behind");
MODULE_LICENSE("GPL");
