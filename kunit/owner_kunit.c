// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: what private heaps and typed caches have in common. */
#include "helpers.h"

#include <linux/slab.h>

#include "client/cache.h"
#include "client/heap.h"

/* ---- helpers ------------------------------------------------------------------ */

static struct galloc_heap *make_heap(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("owner", NULL);

	KUNIT_ASSERT_NOT_NULL(test, heap);
	return heap;
}

static struct galloc_cache *make_cache(struct kunit *test, struct galloc_heap *heap, size_t size)
{
	struct galloc_cache *cache = heap ? galloc_heap_cache_create(heap, "owner", size, NULL) :
					    galloc_cache_create("owner", size, NULL);

	KUNIT_ASSERT_NOT_NULL(test, cache);
	return cache;
}

/* ---- objects that others refer to ------------------------------------------------- */

/* Free an object while others refer to it; they still do, or nobody has looked since. */
static struct page *free_shared(void *p, bool held)
{
	struct page *page = virt_to_page(p);

	get_page(page);
	gfree(p);
	if (!held)
		put_page(page);
	return page;
}

/* With that of a neighbour, which its client has. */
static void what_waits_is_not_its_clients(struct kunit *test)
{
	const size_t size = 2 * PAGE_SIZE;
	struct galloc_heap_usage u;
	struct galloc_cache *cache;
	struct galloc_heap *heap;
	struct page *page[2];
	void *p[4];
	int i;

	gk_needs_class(test, size);
	heap = make_heap(test);
	cache = make_cache(test, heap, size);
	gk_quiet();
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = i % 2 ? galloc_cache_alloc(cache, GFP_KERNEL) :
			       galloc_from(heap, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
	for (i = 0; i < 2; i++)
		page[i] = free_shared(p[i], true);
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_EQ(test, u.in_use, 2 * size);
	KUNIT_EXPECT_EQ(test, u.cached, 0);
	KUNIT_EXPECT_GE(test, u.held, 4 * size);
	gfree_bulk(2, p + 2);
	galloc_heap_trim(heap);
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_EQ(test, u.in_use, 0);
	KUNIT_EXPECT_EQ(test, waiting_nr(), 2);
	for (i = 0; i < 2; i++)
		put_page(page[i]);
	gk_background();
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

static void nor_is_it_reported_as_live(struct kunit *test)
{
	const size_t size = 2 * PAGE_SIZE;
	struct galloc_cache *cache;
	struct galloc_heap *heap;
	struct page *page[2];
	int held, i;

	gk_needs_class(test, size);
	for (held = 0; held < 2; held++) {
		gk_quiet();
		heap = make_heap(test);
		cache = make_cache(test, NULL, size);
		page[0] = free_shared(galloc_from(heap, size, GFP_KERNEL), held);
		page[1] = free_shared(galloc_cache_alloc(cache, GFP_KERNEL), held);
		KUNIT_EXPECT_EQ(test, waiting_nr(), 2);
		KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
		galloc_cache_destroy(cache);
		KUNIT_EXPECT_EQ(test, waiting_nr(), held ? 2 : 0);
		for (i = 0; held && i < 2; i++)
			put_page(page[i]);
		gk_background();
		waiting_release();
		/* Unless the worker has begun to: it frees them then. */
		KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting_nr(), GK_PATIENCE_MS));
		KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	}
	gk_expect_any_faults(test, 0);
}

/* With init_on_free, as in one of the guests, pages are cleared that no free has cleared. */
static void what_is_swept_is_not_cleared_under_readers(struct kunit *test)
{
	static const size_t sizes[] = { 64, 1000, GK_SMALL(2 * PAGE_SIZE) };
	struct galloc_heap *heap;
	struct page *page;
	unsigned int i;
	void *p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		heap = make_heap(test);
		p = galloc_from(heap, sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 0x5a, sizes[i]);
		page = virt_to_page(p);
		get_page(page);
		galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
		KUNIT_EXPECT_TRUE_MSG(test, !want_init_on_free() || !memchr_inv(p, 0x5a, sizes[i]),
				      "%zu bytes", sizes[i]);
		put_page(page);
		waiting_release();
		KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	}
}

static atomic_t frees_seen;

static void see_alloc(const struct gate_object *o)
{
}

static void see_free(const struct gate_object *o)
{
	atomic_inc(&frees_seen);
}

/* Its span stays when its heap is swept; they are freed nevertheless, and seen. */
static void the_neighbours_of_what_waits_are_seen(struct kunit *test)
{
	static const struct gate_watcher watcher = { .alloc = see_alloc, .free = see_free };
	struct galloc_heap *heap;
	struct page *page;
	unsigned int i;
	void *p[8];

	gk_needs_class(test, 2 * PAGE_SIZE);
	heap = make_heap(test);
	gk_quiet();
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = galloc_from(heap, 5000, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
	page = free_shared(p[3], true);
	atomic_set(&frees_seen, 0);
	gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), ARRAY_SIZE(p) - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&frees_seen), ARRAY_SIZE(p) - 1);
	put_page(page);
	gk_background();
	waiting_release();
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, atomic_read(&frees_seen), ARRAY_SIZE(p) - 1);
	gate_open(GATE_TRACE);
}

/* As galloc's unload, when no worker is left, and others still refer to an object. */
static void the_last_to_wait_leaves_no_span_to_readers(struct kunit *test)
{
	static const struct galloc_cache_args args = { .flags = GALLOC_CACHE_TYPESAFE_BY_RCU };
	const size_t size = 2 * PAGE_SIZE;
	struct galloc_cache *cache;
	struct page *page;

	gk_needs_class(test, size);
	cache = galloc_cache_create("owner", size, &args);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	gk_quiet();
	page = free_shared(galloc_cache_alloc(cache, GFP_KERNEL), true);
	galloc_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, waiting_nr(), 1);
	put_page(page);
	waiting_settle();
	KUNIT_EXPECT_EQ(test, waiting_nr(), 0);
	KUNIT_EXPECT_EQ(test, retire_pages(), 0);
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	gk_expect_any_faults(test, 0);
}

/* ---- destroyed twice ---------------------------------------------------------------- */

/* Its objects keep it, and the first of them that is freed is not the last. */
static void a_cache_destroyed_twice_stays_for_its_objects(struct kunit *test)
{
	struct galloc_heap *heap = make_heap(test);
	struct galloc_cache *cache[2] = { make_cache(test, NULL, 64), make_cache(test, heap, 64) };
	void *p[2];
	int i;

	for (i = 0; i < 2; i++) {
		p[i] = galloc_cache_alloc(cache[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		memset(p[i], i, 64);
	}
	gk_expect_reports(test, FAULT_LIVE);
	gk_expect_warning(test, "was destroyed before");
	galloc_cache_destroy(cache[0]);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 1);
	gk_expect_faults(test, FAULT_LIVE, 2);
	for (i = 0; i < 2; i++) {
		/* A set that has no reference left is gone then. */
		galloc_cache_destroy(cache[i]);
		KUNIT_EXPECT_GE(test, atomic_long_read(&cache[i]->set->refs), 1);
	}
	KUNIT_EXPECT_TRUE(test, gk_any_set());
	gk_expect_any_faults(test, 0);
	gfree_bulk(2, p);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* ---- a cache that goes before its heap ------------------------------------------------ */

#define LEFT	100

/* Two caches with objects, one of them with stacks; destroyed, and reported. */
static void leave_objects(struct kunit *test, struct galloc_heap *heap, void **p)
{
	struct galloc_cache *cache;
	unsigned int i, n;

	gk_expect_reports(test, FAULT_LIVE);
	for (i = 0; i < 2; i++) {
		cache = make_cache(test, heap, i ? 5000 : 72);
		if (!i && !galloc_debug)
			KUNIT_EXPECT_TRUE(test, stacks_give(cache->set));
		for (n = 0; n < LEFT; n++) {
			p[n] = galloc_cache_alloc(cache, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, p[n]);
		}
		p += LEFT;
		galloc_cache_destroy(cache);
		gk_expect_faults(test, FAULT_LIVE, 1);
	}
}

static void a_heap_has_what_its_caches_left(struct kunit *test)
{
	struct galloc_heap *heap = make_heap(test);
	struct galloc_heap_usage u;
	void *p[2 * LEFT];

	leave_objects(test, heap, p);
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_EQ(test, u.in_use, LEFT * (72 + 5000));
	KUNIT_EXPECT_GE(test, u.held, u.in_use);
	KUNIT_EXPECT_GT(test, u.spans, 0);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), 2 * LEFT);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* They stay then, until they are freed. */
static void and_reports_none_of_it_again(struct kunit *test)
{
	struct galloc_heap *heap = make_heap(test);
	void *p[2 * LEFT];

	leave_objects(test, heap, p);
	/* Whoever looks at the heap meanwhile. */
	gfree_bulk(LEFT, p);
	galloc_heap_trim(heap);
	gk_background();
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	gk_expect_any_faults(test, 0);
	memset(p[LEFT], 0x5a, 5000);
	/* One object alone holds it. */
	gfree_bulk(LEFT - 1, p + LEFT + 1);
	drain_cpus();
	worker_kick(WORKER_ROWS);
	worker_settle();
	KUNIT_EXPECT_TRUE(test, gk_any_set());
	gfree(p[LEFT]);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static unsigned int ctor_waits;

static void count_waits(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_CTORS_GONE)
		ctor_waits++;
}

static void construct(void *p)
{
}

static void its_caches_wait_for_one_grace_period(struct kunit *test)
{
	const struct galloc_cache_args args = { .ctor = construct };
	struct galloc_heap *heap = make_heap(test);
	struct galloc_cache *cache;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		cache = galloc_heap_cache_create(heap, "owner", 64, i ? &args : NULL);
		KUNIT_ASSERT_NOT_NULL(test, cache);
		galloc_cache_free(cache, galloc_cache_alloc(cache, GFP_KERNEL));
	}
	ctor_waits = 0;
	WRITE_ONCE(galloc_pause_hook, count_waits);
	galloc_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, ctor_waits, 1);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	KUNIT_EXPECT_EQ(test, ctor_waits, 2);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* ---- frees that look at the size ---------------------------------------------------- */

static void the_size_of_a_cache_is_that_of_its_objects(struct kunit *test)
{
	static const size_t sizes[] = { 1, 100, 1160, 5000, GALLOC_MAX_SMALL };
	struct galloc_heap *heap = make_heap(test);
	struct galloc_prefill *pf;
	struct galloc_cache *cache;
	unsigned int i;
	void *p;

	gk_expect_reports(test, FAULT_WRONG_SIZE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		cache = make_cache(test, i % 2 ? heap : NULL, sizes[i]);
		gfree_sized(galloc_cache_alloc(cache, GFP_KERNEL), sizes[i]);
		p = galloc_cache_alloc(cache, GFP_KERNEL);
		gfree_sized(p, sizes[i] - 1);
		gfree_sized(p, gsize(p) + 1);
		gk_expect_faults(test, FAULT_WRONG_SIZE, 2);
		gfree_sized(p, gsize(p));
		pf = galloc_prefill_from_cache(cache, 2, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, pf);
		gfree_sized(galloc_prefill_alloc(pf), sizes[i]);
		galloc_prefill_release(pf);
		galloc_cache_destroy(cache);
		gfree_sized(galloc_from(heap, sizes[i], GFP_KERNEL), sizes[i]);
	}
	gk_expect_any_faults(test, 0);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* ---- resizing ----------------------------------------------------------------------- */

/* Of the heap, of a cache in it, and guarded; with a limit that is not exceeded. */
static void gvrealloc_stays_in_the_heap(struct kunit *test)
{
	const struct galloc_heap_args args[2] = {
		{ .limit_bytes = 1 << 20 },
		{ .limit_bytes = 1 << 20, .flags = GALLOC_HEAP_GUARD(1) },
	};
	struct galloc_cache *cache, *alone = make_cache(test, NULL, 1160);
	struct galloc_heap *heap;
	void *p[2], *q;
	int i, guarded;

	for (guarded = 0; guarded < 2; guarded++) {
		heap = galloc_heap_create("owner", &args[guarded]);
		KUNIT_ASSERT_NOT_NULL(test, heap);
		cache = make_cache(test, heap, 1160);
		p[0] = galloc_from(heap, 1000, GFP_KERNEL);
		p[1] = galloc_cache_alloc(cache, GFP_KERNEL);
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			KUNIT_ASSERT_NOT_NULL(test, p[i]);
			memset(p[i], 0x5a, 1000);
			q = gvrealloc(p[i], 100000, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, q);
			KUNIT_EXPECT_TRUE(test, heap_has(heap, q));
			KUNIT_EXPECT_NULL(test, memchr_inv(q, 0x5a, 1000));
			KUNIT_EXPECT_NULL(test, gvrealloc(q, 2 << 20, GFP_KERNEL | __GFP_NOWARN));
		}
		/* The last one goes with its heap. */
		gvfree(q);
		KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), 1);
	}
	/* There is none to stay in. */
	q = gvrealloc(galloc_cache_alloc(alone, GFP_KERNEL), 2000, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, q);
	galloc_cache_destroy(alone);
	gvfree(q);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* ---- at the limit of galloc -------------------------------------------------------- */

/* From here on all that galloc may have is what is free in it. */
static void fill(struct kunit *test)
{
	gk_unlimit(test);
	gfree(galloc(1 << 20, GFP_KERNEL));
	gk_limit_to(0);
}

static void what_is_free_makes_room_for_an_owner(struct kunit *test)
{
	struct galloc_cache *cache, *inside;
	struct galloc_heap *heap;
	void *p[4];

	gk_quiet();
	WRITE_ONCE(galloc_reserve_pages, 0);
	fill(test);
	heap = make_heap(test);
	fill(test);
	p[0] = galloc_from(heap, 96, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p[0]);
	fill(test);
	p[1] = galloc_from(heap, 100000, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p[1]);
	fill(test);
	cache = make_cache(test, NULL, 1160);
	fill(test);
	inside = make_cache(test, heap, 1160);
	fill(test);
	p[2] = galloc_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p[2]);
	fill(test);
	p[3] = galloc_cache_alloc(inside, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p[3]);
	gk_unlimit(test);
	gfree_bulk(ARRAY_SIZE(p), p);
	gk_background();
	galloc_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* ---- bulk, and what CPUs keep --------------------------------------------------------- */

#define NR	40

static void bulk_is_all_or_nothing(struct kunit *test)
{
	static const size_t sizes[] = { 2000, 100000 };
	struct galloc_heap *heap;
	struct galloc_cache *cache;
	void *p[NR];
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		/* Fewer than that. */
		heap = galloc_heap_create("owner", &(struct galloc_heap_args) {
						.limit_bytes = sizes[i] * (NR - 10),
					  });
		KUNIT_ASSERT_NOT_NULL(test, heap);
		KUNIT_EXPECT_EQ(test, 0, galloc_from_bulk(heap, sizes[i],
							  GFP_KERNEL | __GFP_NOWARN, NR, p));
		KUNIT_EXPECT_EQ(test, NR / 2, galloc_from_bulk(heap, sizes[i], GFP_KERNEL,
							       NR / 2, p));
		gfree_bulk(NR / 2, p);
		cache = make_cache(test, heap, 2000);
		KUNIT_EXPECT_EQ(test, NR / 2, galloc_cache_alloc_bulk(cache, GFP_KERNEL,
								      NR / 2, p));
		galloc_cache_free_bulk(cache, NR / 2, p);
		KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	}
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* Of a heap, or of a cache alone. */
static void what_cpus_keep_is_given_back(struct kunit *test)
{
	struct galloc_cache *cache = make_cache(test, NULL, 64);
	struct galloc_heap *heap = make_heap(test);
	struct galloc_heap_usage u;
	void *p[NR];
	int i;

	if (!galloc_debug) {
		gfree(galloc_from(heap, 64, GFP_KERNEL));
		KUNIT_EXPECT_TRUE(test, stacks_give(heap->set[sizeclass_of(64)]));
		KUNIT_EXPECT_TRUE(test, stacks_give(cache->set));
	}
	/* Nothing of it goes by itself. */
	gk_quiet();
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, NR, i ? galloc_from_bulk(heap, 64, GFP_KERNEL, NR, p) :
				galloc_cache_alloc_bulk(cache, GFP_KERNEL, NR, p));
		gfree_bulk(NR, p);
	}
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_EQ(test, u.in_use, 0);
	KUNIT_EXPECT_EQ(test, u.cached > 0, !galloc_debug);
	galloc_heap_trim(heap);
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_EQ(test, u.cached, 0);
	KUNIT_EXPECT_EQ(test, u.held, 0);
	KUNIT_EXPECT_GT(test, u.peak, 0);
	KUNIT_EXPECT_EQ(test, rows_spans(cache->set) > 0, !galloc_debug);
	gk_background();
	galloc_cache_shrink(cache);
	KUNIT_EXPECT_EQ(test, rows_spans(cache->set), 0);
	galloc_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* ---- names ------------------------------------------------------------------------------ */

static void each_name_is_one_of_a_directory(struct kunit *test)
{
	static const char * const names[][2] = {
		{ ".", "_" }, { "..", "_." }, { "...", "_.." }, { ".a", ".a" }, { "a.", "a." },
		{ "a b/c\n\x01", "a_b_c__" }, { " ", "_" },
	};
	struct galloc_heap *heap;
	char longer[100], *at;
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		heap = galloc_heap_create(names[i][0], NULL);
		KUNIT_ASSERT_NOT_NULL(test, heap);
		KUNIT_EXPECT_STREQ(test, heap->name, names[i][1]);
		if (heap->dir != ERR_PTR(-ENODEV))
			KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(heap->dir));
		galloc_heap_destroy(heap);
	}
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	heap = galloc_heap_create(longer, NULL);
	KUNIT_ASSERT_NOT_NULL(test, heap);
	at = heap->name + strspn(heap->name, "x");
	KUNIT_EXPECT_EQ(test, *at, '\0');
	KUNIT_EXPECT_EQ(test, at - heap->name, 52);
	galloc_heap_destroy(heap);
}

/* ---- what they cost ------------------------------------------------------------------ */

/* By the books of galloc, which have whole objects of kmalloc(). */
static void a_heap_tells_what_it_takes(struct kunit *test)
{
	struct galloc_heap_usage u;
	struct galloc_heap *heap;
	long before;

	/* The numbers of rows are there. */
	galloc_heap_destroy(make_heap(test));
	/* And what other cases have left to the worker and to a grace period is gone. */
	rcu_barrier();
	gk_background();
	gk_quiet();
	rcu_barrier();
	before = arena_meta_bytes();
	heap = make_heap(test);
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_EQ(test, u.meta, arena_meta_bytes() - before);
	galloc_heap_destroy(heap);
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(), before);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(what_waits_is_not_its_clients),
	KUNIT_CASE(nor_is_it_reported_as_live),
	KUNIT_CASE(what_is_swept_is_not_cleared_under_readers),
	KUNIT_CASE(the_neighbours_of_what_waits_are_seen),
	KUNIT_CASE(the_last_to_wait_leaves_no_span_to_readers),
	KUNIT_CASE(a_cache_destroyed_twice_stays_for_its_objects),
	KUNIT_CASE(a_heap_has_what_its_caches_left),
	KUNIT_CASE(and_reports_none_of_it_again),
	KUNIT_CASE(its_caches_wait_for_one_grace_period),
	KUNIT_CASE(the_size_of_a_cache_is_that_of_its_objects),
	KUNIT_CASE(gvrealloc_stays_in_the_heap),
	KUNIT_CASE(what_is_free_makes_room_for_an_owner),
	KUNIT_CASE(bulk_is_all_or_nothing),
	KUNIT_CASE(what_cpus_keep_is_given_back),
	KUNIT_CASE(each_name_is_one_of_a_directory),
	KUNIT_CASE(a_heap_tells_what_it_takes),
	{}
};

GK_SUITE(owner, gk_init_alive, gk_exit);
