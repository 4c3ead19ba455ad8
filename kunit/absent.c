// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * absent: what clients get before galloc is there, and after a load that failed.
 *
 * Linked into galloc.ko by GALLOC_KUNIT=y, since a module has no clients then.  With
 * check_absent=1 galloc_init() calls all that clients can, in both states.
 */
#include "mcache.h"

#include "galloc_override_calls.h"

#include <linux/module.h>
#include <linux/slab.h>

static bool check_absent;
module_param(check_absent, bool, 0444);
MODULE_PARM_DESC(check_absent, "call galloc before it is there, and after it could not be loaded");

#define SIZE	64

/* The call is to have nothing: NULL, 0 or false. */
#define nothing(call)							\
	do {								\
		if (call)						\
			WARN(1, "galloc: absent, %s: %s\n", when, #call);	\
	} while (0)

/* Not a constant to the compiler. */
static size_t size_of(size_t size)
{
	OPTIMIZER_HIDE_VAR(size);
	return size;
}

static void check_galloc(const char *when)
{
	void *p[2];

	nothing(galloc(SIZE, GFP_KERNEL));
	nothing(gzalloc(SIZE, GFP_ATOMIC));
	nothing(galloc(100000, GFP_KERNEL));
	nothing(galloc(size_of(SIZE), GFP_KERNEL));
	nothing(galloc_class(size_of(1), GFP_KERNEL));
	nothing(galloc_node(SIZE, GFP_KERNEL, first_online_node));
	nothing(galloc_aligned(SIZE, 4096, GFP_KERNEL));
	nothing(grealloc(NULL, SIZE, GFP_KERNEL));
	nothing(galloc_bulk(SIZE, GFP_KERNEL, 1, p));
	nothing(galloc_bulk(SIZE, GFP_KERNEL, 2, p));
	nothing(galloc_nolock(SIZE, 0));
	nothing(galloc_nolock(100000, 0));
	nothing(gvmalloc(SIZE, GFP_KERNEL));
	nothing(gstrdup("absent", GFP_KERNEL));
	nothing(gmemdup("absent", 6, GFP_KERNEL));
	nothing(gasprintf(GFP_KERNEL, "%s", when));
	nothing(galloc_prefill(SIZE, 10, GFP_KERNEL));
	nothing(galloc_prefill(SIZE, 10000, GFP_KERNEL));
	nothing(mempool_galloc(GFP_KERNEL, (void *)SIZE));
	nothing(galloc_heap_create("absent", NULL));
	nothing(galloc_cache_create("absent", SIZE, NULL));
	galloc_heap_destroy(NULL);
	galloc_cache_destroy(NULL);
	galloc_rcu_barrier();
}

/* The kernel's own, which no call may touch. */
static void check_frees(const char *when, void *p)
{
	void *both[] = { p, NULL };

	nothing(galloc_owns(p));
	nothing(gfree_try(p));
	nothing(gsize(p));
	nothing(grealloc(p, 2 * SIZE, GFP_KERNEL));
	gfree(p);
	gfree_sized(p, SIZE);
	gfree_sensitive(p);
	gfree_bulk(ARRAY_SIZE(both), both);
	/* Reported later, when @p may be anybody's. */
	gfree_nolock(&check_absent);
	gvfree(p);
	gfree_rcu_mightsleep(p);
	galloc_queue_rcu(p, p);
	galloc_free_rcu(p);
	gfree(NULL);
	gfree(ZERO_SIZE_PTR);
}

/* An overridden module has what is the kernel's, too. */
static void check_override(const char *when)
{
	const struct galloc_kmem_args args = { };
	struct kmem_cache *cache;
	struct galloc_heap *heap;

	nothing(galloc_override_alloc(NULL, SIZE, GFP_KERNEL, NUMA_NO_NODE));
	nothing(galloc_override_valloc(NULL, SIZE, 1, GFP_KERNEL, NUMA_NO_NODE));
	nothing(galloc_override_realloc(NULL, NULL, SIZE, 1, GFP_KERNEL, NUMA_NO_NODE));
	nothing(!galloc_override_begin(&heap, "absent", 0));
	cache = galloc_kmem_cache_create("absent", SIZE, &args);
	nothing(!cache);
	galloc_kmem_cache_free(cache, galloc_kmem_cache_alloc(cache, GFP_KERNEL));
	galloc_kmem_cache_destroy(cache);
	galloc_kfree(kmalloc(SIZE, GFP_KERNEL));
	galloc_override_rcu_barrier();
}

/* Nobody finds memory that galloc has returned. */
static void check_pointers(const char *when)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		nothing(per_cpu(galloc_mcache, cpu).local != empty_stacks);
		nothing(per_cpu(galloc_mcache, cpu).stacks != empty_stacks);
	}
	nothing(map_nr_slots());
}

/**
 * galloc_check_absent() - check that all calls do without galloc
 * @when: which state this is
 *
 * Context: Process, in galloc_init().
 */
void galloc_check_absent(const char *when)
{
	void *p;

	if (!check_absent)
		return;
	check_pointers(when);
	p = kmalloc(SIZE, GFP_KERNEL);
	check_galloc(when);
	if (p) {
		memset(p, 0x5a, SIZE);
		check_frees(when, p);
		nothing(memchr_inv(p, 0x5a, SIZE));
	}
	kfree(p);
	check_override(when);
	pr_info("absent, %s: checked\n", when);
}
