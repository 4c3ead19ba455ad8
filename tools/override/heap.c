// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_override_heap: a module of two files, with a heap of its own.
 *
 * Says what it could allocate within the heap's limit, and leaves @leak objects behind.  The
 * last object is freed by call_rcu(), after its exit function, or its init function, which
 * fails with @fail, has returned.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "heap.h"

static unsigned int leak;
module_param(leak, uint, 0444);

static bool fail;
module_param(fail, bool, 0444);

static struct kmem_cache *cache;
static struct item *last, *more[500];

/* Pages of them: the heap is full, and nobody looks for NULL. */
static bool more_nofail(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		more[i] = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOFAIL);
		if (!more[i])
			return false;
	}
	return true;
}

static void free_item(struct rcu_head *rcu)
{
	struct item *item = container_of(rcu, struct item, rcu);

	kfree(item->text);
	kfree(item);
}

static int __init init(void)
{
	struct item *late;
	unsigned int n = 0;

	if (fail) {
		late = kzalloc(sizeof(*late), GFP_KERNEL);
		if (late)
			call_rcu(&late->rcu, free_item);
		return late ? -ENODEV : -ENOMEM;
	}
	cache = KMEM_CACHE(item, 0);
	last = cache ? kmem_cache_zalloc(cache, GFP_KERNEL) : NULL;
	if (!last)
		return -ENOMEM;
	last->text = other_text();
	while (n < 10000 && other_push(1000))
		n++;
	pr_info("%u of 10000, text %s, no failure %d\n", n, last->text,
		other_push_nofail(1000) && more_nofail());
	return 0;
}

static void __exit fini(void)
{
	struct item *late = kzalloc(sizeof(*late), GFP_KERNEL);
	unsigned int i;

	if (late)
		call_rcu(&late->rcu, free_item);
	other_pop_all(leak);
	for (i = 0; i < ARRAY_SIZE(more); i++)
		kmem_cache_free(cache, more[i]);
	kfree(last->text);
	kfree_rcu(last, rcu);
	kmem_cache_destroy(cache);
}

module_init(init);
module_exit(fini);

MODULE_DESCRIPTION("A module with galloc-override.h and a heap of its own");
MODULE_LICENSE("GPL");
