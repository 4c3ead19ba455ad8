// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_many: a client with very many caches and heaps, and an object of each of them.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

#include <galloc.h>

#include "param.h"

PARAM(uint, caches, 10000, "typed caches");
PARAM(uint, heaps, 1000, "private heaps");

struct one {
	struct galloc_cache *cache;
	struct galloc_heap *heap;
	void *object;
};

static struct one *all;

static int __init make(struct one *one, unsigned int i)
{
	char name[16];

	snprintf(name, sizeof(name), "%s-%05u", i < caches ? "many" : "heap", i);
	if (i < caches) {
		one->cache = galloc_cache_create(name, 100, NULL);
		one->object = one->cache ? galloc_cache_alloc(one->cache, GFP_KERNEL) : NULL;
	} else {
		one->heap = galloc_heap_create(name, NULL);
		one->object = one->heap ? galloc_from(one->heap, 64, GFP_KERNEL) : NULL;
	}
	return one->object ? 0 : -ENOMEM;
}

static void many_end(void)
{
	unsigned int i;

	for (i = 0; i < caches + heaps; i++) {
		gfree(all[i].object);
		if (all[i].cache)
			galloc_cache_destroy(all[i].cache);
		if (all[i].heap)
			galloc_heap_destroy(all[i].heap);
		cond_resched();
	}
	kvfree(all);
}

static int __init many_init(void)
{
	unsigned int i;
	int err = 0;

	all = kvcalloc(caches + heaps, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	for (i = 0; i < caches + heaps && !err; i++) {
		err = make(&all[i], i);
		cond_resched();
	}
	if (err)
		many_end();
	return err;
}

static void __exit many_exit(void)
{
	many_end();
}

module_init(many_init);
module_exit(many_exit);

MODULE_DESCRIPTION("A client with very many caches and heaps");
MODULE_LICENSE("GPL");
