// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what galloc-override.h puts in the place of the kernel's calls, where memory is
 * short or a heap is full, and what becomes of the flags of a cache.
 *
 * tools/override has each call beside the kernel's own.
 */
#include "helpers.h"

#include <linux/irq_work.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "client/cache.h"
#include "client/heap.h"
#include "client/kcache.h"
#include "debug/watch.h"
#include "galloc_override_calls.h"
#include "galloc_port.h"

#define QUIET	(GFP_KERNEL | __GFP_NOWARN)
#define NOFAIL	(GFP_NOWAIT | __GFP_NOWARN | __GFP_NOFAIL)

/* ---- what must not fail --------------------------------------------------------------- */

/* From where one cannot sleep it gets what there is: of galloc, and then of the kernel. */
static void nofail_gets_what_there_is(struct kunit *test)
{
	void *p[3];
	unsigned int i, ours;

	for (ours = 2; ours--;) {
		if (!ours)
			gk_starve(test);
		p[0] = galloc_override_alloc(NULL, 100, NOFAIL, NUMA_NO_NODE);
		p[1] = galloc_override_valloc(NULL, 100, 1, NOFAIL, NUMA_NO_NODE);
		p[2] = galloc_override_realloc(NULL, NULL, 100, 64, NOFAIL, NUMA_NO_NODE);
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			KUNIT_EXPECT_NOT_NULL_MSG(test, p[i], "call %u", i);
			if (p[i])
				KUNIT_EXPECT_EQ_MSG(test, galloc_owns(p[i]), ours, "call %u", i);
			galloc_kfree(p[i]);
		}
	}
}

/* krealloc() of nothing, at an alignment, is an allocation of the module's heap. */
static void an_aligned_object_is_of_the_heap(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	size_t align;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	for (align = 1; align <= 2 * PAGE_SIZE; align *= 2) {
		p = galloc_override_realloc(heap, NULL, 200, align, QUIET, NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, heap_has(heap, p));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, align));
		galloc_kfree(p);
	}
	galloc_heap_destroy(heap);
}

/* ---- the limit of the heap ------------------------------------------------------------ */

static struct galloc_heap *full_heap(struct kunit *test, void **only)
{
	const struct galloc_heap_args args = { .limit_bytes = 32 * PAGE_SIZE };
	struct galloc_heap *heap = galloc_heap_create("kunit", &args);

	KUNIT_ASSERT_NOT_NULL(test, heap);
	*only = galloc_from(heap, 32 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, *only);
	return heap;
}

static long refusals(const struct galloc_heap *heap)
{
	return atomic_long_read(&heap->account.refused);
}

/* Instead of the heap, not galloc for all: that would have no end. */
static void vmalloc_serves_what_a_limit_refuses(struct kunit *test)
{
	static const gfp_t flags[] = {
		QUIET, QUIET | __GFP_RETRY_MAYFAIL, QUIET | __GFP_NOFAIL, GFP_NOIO | __GFP_ZERO,
	};
	static const size_t sizes[] = { PAGE_SIZE + 1, 8 * PAGE_SIZE, 20 * PAGE_SIZE };
	struct galloc_heap *heap;
	unsigned int i, j;
	void *p, *only;

	heap = full_heap(test, &only);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			p = galloc_override_valloc(heap, sizes[j], 1, flags[i], NUMA_NO_NODE);
			KUNIT_EXPECT_TRUE_MSG(test, is_vmalloc_addr(p), "flags %u, %zu bytes",
					      i, sizes[j]);
			galloc_kvfree(p);
		}
	}
	KUNIT_EXPECT_EQ(test, refusals(heap), 0);
	gfree(only);
	galloc_heap_destroy(heap);
}

/* What vmalloc() does not serve is refused, but for what must not fail. */
static void the_limit_holds_for_kvmalloc(struct kunit *test)
{
	struct galloc_heap *heap;
	void *p, *only;
	long seen;

	heap = full_heap(test, &only);
	KUNIT_EXPECT_NULL(test, galloc_override_valloc(heap, 100, 1, QUIET, NUMA_NO_NODE));
	seen = refusals(heap);
	KUNIT_EXPECT_GT(test, seen, 0);
	KUNIT_EXPECT_NULL(test, galloc_override_valloc(heap, 8 * PAGE_SIZE, 1,
						       GFP_NOWAIT | __GFP_NOWARN, NUMA_NO_NODE));
	KUNIT_EXPECT_GT(test, refusals(heap), seen);
	KUNIT_EXPECT_NULL(test, galloc_override_valloc(heap, 8 * PAGE_SIZE, 1,
						       QUIET | __GFP_THISNODE, gk_nid()));
	p = galloc_override_valloc(heap, 100, 1, QUIET | __GFP_NOFAIL, NUMA_NO_NODE);
	KUNIT_EXPECT_TRUE(test, heap_has(heap, p));
	p = galloc_override_realloc(heap, p, 5000, 1, QUIET | __GFP_NOFAIL, NUMA_NO_NODE);
	KUNIT_EXPECT_TRUE(test, heap_has(heap, p));
	galloc_kvfree(p);
	p = galloc_override_valloc(heap, 2 * PAGE_SIZE, 1, NOFAIL, NUMA_NO_NODE);
	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_FALSE(test, heap_has(heap, p));
	galloc_kvfree(p);
	gfree(only);
	quarantine_flush(true);
	p = galloc_override_valloc(heap, 8 * PAGE_SIZE, 1, QUIET, NUMA_NO_NODE);
	KUNIT_EXPECT_TRUE(test, heap_has(heap, p));
	galloc_kvfree(p);
	galloc_heap_destroy(heap);
}

static void free_late(struct rcu_head *rcu)
{
	gfree(rcu);
}

/* What a module frees by call_rcu() as it goes is not live, and its function is still there. */
static void a_heap_ends_after_all_callbacks(struct kunit *test)
{
	struct galloc_heap *heap;
	struct rcu_head *late;

	KUNIT_ASSERT_EQ(test, galloc_override_begin(&heap, "kunit", 0), 0);
	late = galloc_from(heap, sizeof(*late), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, late);
	call_rcu(late, free_late);
	galloc_override_end(&heap);
	KUNIT_EXPECT_NULL(test, heap);
	gk_expect_any_faults(test, 0);
	rcu_barrier();
}

/* ---- memory of the kernel's ----------------------------------------------------------- */

/* What one of its own files resizes later has all its bytes, also those that came in place. */
static void the_kernel_resizes_its_memory(struct kunit *test)
{
	const size_t had = PAGE_SIZE + 100, grown = PAGE_SIZE + 3000, most = 5 * PAGE_SIZE;
	char *p = vmalloc(had), *q;

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 1, had);
	q = galloc_override_vrealloc(NULL, p, grown, 1, GFP_KERNEL, NUMA_NO_NODE);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_NULL(test, memchr_inv(q, 1, had));
	memset(q + had, 2, grown - had);
	/* Until 6.11 only its caller knows how much there is. */
	if (KVREALLOC_KNOWS_SIZES) {
		p = kernel_kvrealloc(q, most, 1, GFP_KERNEL, NUMA_NO_NODE);
		KUNIT_EXPECT_NOT_NULL(test, p);
		q = p ?: q;
		KUNIT_EXPECT_NULL(test, memchr_inv(q, 1, had));
		KUNIT_EXPECT_NULL(test, memchr_inv(q + had, 2, grown - had));
	}
	galloc_kvfree(q);
}

/* An object that becomes longer than objects are: all that was asked for is copied. */
static void an_object_becomes_vmallocs(struct kunit *test)
{
	char *p, *q;

	/* Large pages have large orders. */
	if (KMALLOC_MAX_SIZE > SZ_16M)
		kunit_skip(test, "objects may have %lu MB", KMALLOC_MAX_SIZE >> 20);
	p = kmalloc(100, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 3, 100);
	q = galloc_override_vrealloc(NULL, p, KMALLOC_MAX_SIZE + 1, 1, GFP_KERNEL, NUMA_NO_NODE);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(q));
	KUNIT_EXPECT_NULL(test, memchr_inv(q ?: p, 3, 100));
	galloc_kvfree(q ?: p);
}

/* ---- caches --------------------------------------------------------------------------- */

static struct galloc_cache *cache_of(const struct kmem_cache *s)
{
	return (struct galloc_cache *)kcache_unmark((unsigned long)s,
						    IS_ENABLED(CONFIG_KASAN_SW_TAGS));
}

/* Those of the kernel's flags that galloc has, too; none without. */
static void flags_of_slab_are_gallocs(struct kunit *test)
{
	static const slab_flags_t flags[] = { 0, SLAB_HWCACHE_ALIGN, SLAB_TYPESAFE_BY_RCU };
	const size_t line = cache_line_size();
	const struct rowset *set;
	struct kmem_cache *s;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		const struct galloc_kmem_args args = { .flags = flags[i] };

		s = galloc_kmem_cache_create("kunit", line + 8, &args);
		KUNIT_ASSERT_NOT_NULL(test, s);
		set = cache_of(s)->set;
		KUNIT_EXPECT_EQ(test, IS_ALIGNED(set->args.sc.size, line),
				flags[i] == SLAB_HWCACHE_ALIGN);
		KUNIT_EXPECT_EQ(test, !!(set->args.flags & ROWS_RCU),
				flags[i] == SLAB_TYPESAFE_BY_RCU);
		galloc_kmem_cache_destroy(s);
	}
}

/* Is what is allocated from a cache recorded? */
static bool is_recorded(struct kunit *test, struct kmem_cache *s)
{
	void *p = galloc_kmem_cache_alloc(s, GFP_KERNEL);
	const struct rowset *set = cache_of(s)->set;
	bool recorded = false;
	unsigned int nid;

	KUNIT_EXPECT_NOT_NULL(test, p);
	for (nid = 0; nid <= nr_node_ids; nid++)
		recorded |= set->row[nid] && set->row[nid]->gates & BIT(GATE_TABLE);
	galloc_kmem_cache_free(s, p);
	return recorded;
}

/* As long as the cache is there, and as the parameter debug does it. */
static void flags_for_debugging_watch_a_cache(struct kunit *test)
{
	static const slab_flags_t flags[] = {
		SLAB_RED_ZONE, SLAB_POISON, SLAB_STORE_USER, SLAB_CONSISTENCY_CHECKS, 0,
	};
	struct kmem_cache *s;
	char off[] = "cache=kunit off";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		const struct galloc_kmem_args args = { .flags = flags[i] };

		s = galloc_kmem_cache_create("kunit", 100, &args);
		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_EQ(test, is_recorded(test, s), flags[i] != 0);
		galloc_kmem_cache_destroy(s);
	}
	/* It has ended with the cache; but one that was asked for stays. */
	KUNIT_EXPECT_EQ(test, watch_command(off), -ENOENT);
	KUNIT_EXPECT_TRUE(test, watch_cache("kunit", true));
	s = galloc_kmem_cache_create("kunit", 100,
				     &(struct galloc_kmem_args) { .flags = SLAB_POISON });
	KUNIT_ASSERT_NOT_NULL(test, s);
	galloc_kmem_cache_destroy(s);
	KUNIT_EXPECT_TRUE(test, watch_cache("kunit", false));
}

/* Nearly half of all allocations are zeroed: they go the way of galloc_cache_alloc(). */
static void zeroed_objects_go_the_usual_way(struct kunit *test)
{
	const struct galloc_kmem_args args = { };
	struct galloc_cache *cache;
	struct kmem_cache *s;
	void *p;

	s = galloc_kmem_cache_create("kunit", 100, &args);
	KUNIT_ASSERT_NOT_NULL(test, s);
	cache = cache_of(s);
	/* That way asks whether the object is to be guarded, and no other does. */
	cache->guard.every = 1000;
	atomic_set(&cache->guard.left, 1000);
	p = galloc_kmem_cache_alloc(s, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->guard.left), 999);
	cache->guard.every = 0;
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 100));
	galloc_kmem_cache_free(s, p);
	galloc_kmem_cache_destroy(s);
}

/* ---- kfree_rcu() without room for an rcu_head ------------------------------------------ */

static bool no_array(unsigned int order)
{
	return true;
}

static atomic_t irq_works;

/* Not those of the worker. */
static void count_irq_works(enum galloc_pause point, const void *what)
{
	const struct irq_work *work = what;
	char name[40];

	if (point != PAUSE_IRQ_WORK)
		return;
	snprintf(name, sizeof(name), "%ps", work->func);
	if (strstarts(name, "words_"))
		atomic_inc(&irq_works);
}

/* Where the lock of the runqueue may be held nobody is woken. */
static void a_word_wakes_nobody_with_interrupts_off(struct kunit *test)
{
	void *p = galloc(1 << 20, GFP_KERNEL);
	unsigned long flags;

	KUNIT_ASSERT_NOT_NULL(test, p);
	galloc_rcu_barrier();
	atomic_set(&irq_works, 0);
	WRITE_ONCE(galloc_pause_hook, count_irq_works);
	WRITE_ONCE(galloc_fail_hook, no_array);
	local_irq_save(flags);
	galloc_override_queue_rcu(p, p);
	KUNIT_EXPECT_EQ(test, atomic_read(&irq_works), 0);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!galloc_owns(p), GK_PATIENCE_MS));
	WRITE_ONCE(galloc_fail_hook, NULL);
	galloc_override_rcu_barrier();
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_GT(test, atomic_read(&irq_works), 0);
}

/* ---- sizes ---------------------------------------------------------------------------- */

/* As the kernel's calls: more than there can be is NULL, and nothing is printed. */
static void what_overflows_is_silent(struct kunit *test)
{
	const void __user *nowhere = (void __user *)8;
	size_t n = SIZE_MAX / 2;

	OPTIMIZER_HIDE_VAR(n);
	KUNIT_EXPECT_NULL(test, galloc_array_node(n, 3, GFP_KERNEL, gk_nid()));
	KUNIT_EXPECT_NULL(test, gcalloc_node(n, 3, GFP_KERNEL, NUMA_NO_NODE));
	KUNIT_EXPECT_NULL(test, galloc_krealloc_array(NULL, n, 3, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, PTR_ERR(galloc_override_memdup_user_nul(NULL, nowhere, n)),
			-ENOMEM);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(nofail_gets_what_there_is),
	KUNIT_CASE(an_aligned_object_is_of_the_heap),
	KUNIT_CASE(vmalloc_serves_what_a_limit_refuses),
	KUNIT_CASE(the_limit_holds_for_kvmalloc),
	KUNIT_CASE(a_heap_ends_after_all_callbacks),
	KUNIT_CASE(the_kernel_resizes_its_memory),
	KUNIT_CASE(an_object_becomes_vmallocs),
	KUNIT_CASE(flags_of_slab_are_gallocs),
	KUNIT_CASE(flags_for_debugging_watch_a_cache),
	KUNIT_CASE(zeroed_objects_go_the_usual_way),
	KUNIT_CASE(a_word_wakes_nobody_with_interrupts_off),
	KUNIT_CASE(what_overflows_is_silent),
	{ }
};

GK_SUITE(override, gk_init_alive, gk_exit);
