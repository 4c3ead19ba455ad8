/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* calls: what kmalloc.c and caches.c call, each with a switch of its own. */
#include <linux/slab.h>

void use(size_t size);
void use(size_t size)
{
	struct kmem_cache *c = kmem_cache_create("c", size, 0, 0, NULL);
	void *p[3];

	p[0] = kmalloc(size, GFP_KERNEL);
	p[1] = kmem_cache_alloc(c, GFP_KERNEL);
	p[2] = kmem_cache_alloc(c, GFP_KERNEL);
	kfree(p[0]);
	kmem_cache_free(c, p[1]);
	kmem_cache_free_bulk(NULL, 1, p + 2);
	kmem_cache_destroy(c);
}
