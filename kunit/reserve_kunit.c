// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: small objects in pages of the kernel's emergency reserve.
 *
 * The cases pretend, for a chunk at a time, that alloc_pages() used the reserve.  The
 * page allocator's rule decides which requests may use it.
 */
#include "helpers.h"

#include <linux/irq_work.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>

#define QUIET	(GFP_KERNEL | __GFP_NOWARN)

/* From one object a page to hundreds a span; a descriptor of each size. */
static const size_t sizes[] = { 8, 64, 1000, 1408, 4096, 5000, 20000, 32768 };

/* Objects of one span, at most. */
static void *objects[SIZECLASS_MAX_OBJECTS + 1];

static void break_into_the_reserve(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_GROW_CHUNK)
		((struct chunk *)what)->reserve = true;
}

/* As a task that frees memory for others by allocating. */
static void *alloc_as_memalloc(size_t size, gfp_t gfp)
{
	unsigned int scope = memalloc_noreclaim_save();
	void *p = galloc(size, gfp);

	memalloc_noreclaim_restore(scope);
	return p;
}

/* An object in pages of the reserve; afterwards nothing else is available. */
static void *first_of_the_reserve(struct kunit *test, size_t size)
{
	void *p;

	gk_take_free_runs(test);
	WRITE_ONCE(galloc_pause_hook, break_into_the_reserve);
	p = alloc_as_memalloc(size, QUIET);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	gk_limit_to(0);
	return p;
}

static long reserve_spans(size_t size)
{
	unsigned int row = mcentral_reserve_row(sizeclass_of(size));

	return atomic_long_read(&mcentral_rows[row]->nr_spans);
}

static void a_span_of_the_reserve_serves_until_it_is_used_up(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned int class = sizeclass_of(sizes[i]), n = 1;
		struct mspan span;

		objects[0] = first_of_the_reserve(test, sizes[i]);
		KUNIT_ASSERT_TRUE(test, map_span_around(objects[0], &span));
		KUNIT_EXPECT_LE(test, span.npages, sizeclasses[class].span_pages);
		while (n <= span.objects) {
			objects[n] = alloc_as_memalloc(sizes[i], QUIET);
			if (!objects[n])
				break;
			KUNIT_EXPECT_EQ(test, gk_row_at(objects[n]),
					mcentral_reserve_row(class));
			KUNIT_EXPECT_EQ(test, gsize(objects[n]), sizeclasses[class].size);
			n++;
		}
		KUNIT_EXPECT_EQ(test, n, (unsigned int)span.objects);
		KUNIT_EXPECT_EQ(test, reserve_spans(sizes[i]), 1);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		while (n > 1)
			gfree_sized(objects[--n], sizes[i]);
		KUNIT_EXPECT_EQ(test, reserve_spans(sizes[i]), 1);
		gfree(objects[0]);
		/* Its pages leave with the last of them. */
		KUNIT_EXPECT_EQ(test, reserve_spans(sizes[i]), 0);
		worker_settle();
		KUNIT_EXPECT_FALSE(test, map_span_around((void *)span.start, &span));
		gk_feed();
		gk_unlimit(test);
	}
}

static void ask_in_hardirq(struct irq_work *work)
{
	objects[1] = galloc(64, GFP_ATOMIC | __GFP_NOWARN);
	/* Release: gk_spin_for() then sees the answer. */
	smp_store_release(&objects[2], work);
}

static void ordinary_requests_get_nothing_from_the_reserve(struct kunit *test)
{
	struct irq_work *work = kunit_kzalloc(test, sizeof(*work), GFP_KERNEL);
	unsigned int scope;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, work);
	objects[0] = first_of_the_reserve(test, 64);
	KUNIT_EXPECT_NULL(test, galloc(64, QUIET));
	KUNIT_EXPECT_NULL(test, galloc(64, GFP_ATOMIC | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, alloc_as_memalloc(64, QUIET | __GFP_NOMEMALLOC));
	/* The flag allows it in any task. */
	p = galloc(64, QUIET | __GFP_MEMALLOC);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
	KUNIT_EXPECT_NULL(test, galloc(64, QUIET | __GFP_MEMALLOC | __GFP_NOMEMALLOC));
	/* A freed object is not on a stack, where it would serve any request. */
	KUNIT_EXPECT_NULL(test, galloc(64, QUIET));
	/* An interrupt of such a task is not entitled. */
	init_irq_work(work, ask_in_hardirq);
	objects[2] = NULL;
	scope = memalloc_noreclaim_save();
	preempt_disable();
	irq_work_queue(work);
	/* Acquire: pairs with ask_in_hardirq(). */
	KUNIT_EXPECT_TRUE(test, gk_spin_for(smp_load_acquire(&objects[2]), GK_PATIENCE_MS));
	preempt_enable();
	irq_work_sync(work);
	memalloc_noreclaim_restore(scope);
	KUNIT_EXPECT_NULL(test, objects[1]);
	gfree(objects[0]);
}

static void ordinary_pages_come_before_the_reserve(struct kunit *test)
{
	void *p;

	objects[0] = first_of_the_reserve(test, 64);
	gk_unlimit(test);
	p = alloc_as_memalloc(64, QUIET);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_FALSE(test, mcentral_is_reserve(mcentral_of(gk_row_at(p))));
	gfree(objects[0]);
	gfree(p);
}

static void thisnode_gets_no_other_node(struct kunit *test)
{
	unsigned int row = mcentral_row(gk_nid(), sizeclass_of(64));
	unsigned int scope;
	void *p;
	int nid;

	objects[0] = first_of_the_reserve(test, 64);
	scope = memalloc_noreclaim_save();
	p = mcentral_alloc(row, QUIET | __GFP_THISNODE);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
	for_each_node_state(nid, N_MEMORY) {
		if (nid == gk_nid())
			continue;
		row = mcentral_row(nid, sizeclass_of(64));
		KUNIT_EXPECT_NULL(test, mcentral_alloc(row, QUIET | __GFP_THISNODE));
		p = mcentral_alloc(row, QUIET);
		KUNIT_EXPECT_NOT_NULL(test, p);
		gfree(p);
	}
	memalloc_noreclaim_restore(scope);
	gfree(objects[0]);
}

static void a_second_free_is_detected_there_too(struct kunit *test)
{
	void *p;

	objects[0] = first_of_the_reserve(test, 64);
	p = alloc_as_memalloc(64, QUIET);
	KUNIT_ASSERT_NOT_NULL(test, p);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gk_expect_reports(test, FAULT_INTERIOR);
	gfree(p);
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gfree(objects[0] + 8);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	gfree(objects[0]);
}

/* Neither a request that may use the reserve, nor where the system has no long runs. */
static void no_more_than_is_needed_where_memory_is_scarce(struct kunit *test)
{
	static void *held[300];
	struct mcentral *c = mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(32768))];
	struct arena_scarce *scarce = &arena_scarce[gk_nid()];
	unsigned int i, n = 0;
	bool several = false;
	struct mspan *room;

	/* Those that are not as long as two objects would serve one each. */
	gk_take_free_runs(test);
	room = mheap_alloc(gk_nid(), ARENA_PAGES / 2, 1, 0, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, room);
	for (i = 0; i < ARRAY_SIZE(held); i++) {
		long spans = atomic_long_read(&c->nr_spans);

		/* Ordinary ones, those of the reserve, those where it is scarce. */
		if (i == 200)
			mheap_free(room);
		WRITE_ONCE(scarce->order, i < 200 ? MAX_PAGE_ORDER : 0);
		WRITE_ONCE(scarce->until, jiffies + HZ * 60);
		held[n] = i / 100 == 1 ? alloc_as_memalloc(32768, QUIET) : galloc(32768, QUIET);
		n += !!held[n];
		several |= atomic_long_read(&c->nr_spans) > spans + 1;
		KUNIT_EXPECT_TRUE(test, i < 100 || atomic_long_read(&c->nr_spans) <= spans + 1);
	}
	KUNIT_EXPECT_NE(test, several, galloc_debug);
	WRITE_ONCE(scarce->order, MAX_PAGE_ORDER);
	while (n)
		gfree(held[--n]);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* ---- lone pages --------------------------------------------------------------- */

/* Objects that fit into a page: a lone page for each. */
static const size_t small[] = { 8, 16, 64, 128, 512, 1000, 2048, 4096 };

static void get_pages_of_the_reserve(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_GOT_PAGES)
		set_page_pfmemalloc((struct page *)what);
}

/* Pages of a slot that the caller keeps: more would not fit on a CPU's list. */
#define PAGES_KEPT	(ARENA_PAGES - 64)

/* The others, which were split, in pieces. */
static void give_pieces(struct page *page, unsigned int order)
{
	unsigned int i, j;

	for (i = PAGES_KEPT; i < ARENA_PAGES; i += 1U << order) {
		for (j = 1; j < 1U << order; j++)
			set_page_count(page + i + j, 0);
		__free_pages(page + i, order);
	}
}

static void give_rest(struct page *page)
{
	unsigned int i;

	for (i = 0; i < PAGES_KEPT; i++)
		__free_page(page + i);
}

/*
 * Objects of pieces of 1 << @order pages in a slot that galloc has nothing in; most of its
 * pages are the caller's.  Returns how many of objects[], which come first.
 */
static unsigned int try_pieces(struct kunit *test, struct page **page, unsigned int order,
			       void (*got)(enum galloc_pause point, const void *what))
{
	unsigned int i, n = 0;
	unsigned long start;

	gk_take_free_runs(test);
	*page = alloc_pages(GFP_KERNEL, ARENA_ORDER);
	KUNIT_ASSERT_NOT_NULL(test, *page);
	start = (unsigned long)page_address(*page);
	split_page(*page, ARENA_ORDER);
	/* The next of that order that anybody gets on this CPU. */
	give_pieces(*page, order);
	gk_in_pieces(order);
	WRITE_ONCE(galloc_pause_hook, got);
	for (i = 0; i < ARRAY_SIZE(small); i++) {
		objects[i] = alloc_as_memalloc(small[i], QUIET);
		if (!objects[i] || (unsigned long)objects[i] - start >= ARENA_SIZE)
			continue;
		swap(objects[i], objects[n]);
		n++;
	}
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_whole();
	while (i > n)
		gfree(objects[--i]);
	return n;
}

/* Others may have freed pieces on this CPU meanwhile, which come first. */
static unsigned int objects_of_pieces(struct kunit *test, struct page **page,
				      unsigned int order,
				      void (*got)(enum galloc_pause point, const void *what))
{
	unsigned int tries, n = try_pieces(test, page, order, got);

	for (tries = 0; n < 3 && tries < 10; tries++) {
		while (n)
			gfree(objects[--n]);
		give_rest(*page);
		n = try_pieces(test, page, order, got);
	}
	if (n < 3 && !gk_smp()) {
		while (n)
			gfree(objects[--n]);
		give_rest(*page);
		kunit_skip(test, "without SMP other pages come first");
	}
	return n;
}

static struct arena *arena_at(const void *p)
{
	unsigned int page;

	return arena_of(p, &page);
}

static void lone_pages_share_tables(struct kunit *test)
{
	struct page *page;
	unsigned int i, n;
	long meta;
	void *p;

	n = objects_of_pieces(test, &page, 0, get_pages_of_the_reserve);
	KUNIT_ASSERT_GE(test, n, 3);
	p = page_address(page);
	KUNIT_EXPECT_TRUE(test, arena_at(p)->lone);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* What else is in the slot is not galloc's. */
	KUNIT_EXPECT_TRUE(test, galloc_owns(objects[0]));
	KUNIT_EXPECT_FALSE(test, gfree_try(p));
	gk_expect_reports(test, FAULT_NOT_OURS);
	gfree(p);
	gk_expect_faults(test, FAULT_NOT_OURS, 1);
	gk_expect_reports(test, FAULT_FOREIGN_REF);
	put_page(virt_to_page(objects[0]));
	mend_all();
	gk_expect_faults(test, FAULT_FOREIGN_REF, 1);

	/* Another page of the slot comes to galloc, as if allocated, and goes. */
	/* No slot that has left goes meanwhile. */
	rcu_barrier();
	meta = arena_meta_bytes();
	KUNIT_ASSERT_EQ(test, map_get_range((unsigned long)p, 1, page_to_nid(page),
					    GFP_KERNEL), 0);
	KUNIT_EXPECT_GE(test, arena_meta_bytes() - meta, (long)ARENA_SPAN_BYTES);
	KUNIT_EXPECT_FALSE(test, arena_at(p)->lone);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_TRUE(test, mcentral_is_reserve(mcentral_of(gk_row_at(objects[i]))));
	gfree(objects[--n]);
	KUNIT_EXPECT_EQ(test, gk_row_at(objects[n]), 0);
	map_put_range((unsigned long)p, 1);
	KUNIT_EXPECT_TRUE(test, arena_at(p)->lone);

	for (i = 0; i < n; i++)
		KUNIT_EXPECT_GT(test, gsize(objects[i]), 0);
	while (n)
		gfree(objects[--n]);
	KUNIT_EXPECT_PTR_EQ(test, arena_at(p), &arena_none);
	gfree(objects[0]);
	gk_expect_faults(test, FAULT_NOT_OURS, 1);
	give_rest(page);
}

/* With the map's lock held, as in a probe of its sections. */
static void free_all_nolock(struct mspan *s, void *arg)
{
	unsigned int *n = arg;

	while (*n)
		gfree_nolock(objects[--*n]);
}

static void lone_pages_are_freed_without_a_lock(struct kunit *test)
{
	struct page *page;
	unsigned int n;
	void *p;

	n = objects_of_pieces(test, &page, 0, get_pages_of_the_reserve);
	KUNIT_ASSERT_GE(test, n, 3);
	p = page_address(page);
	map_walk_slot(((unsigned long)p - arena_map->base) >> ARENA_SHIFT,
		      free_all_nolock, &n);
	KUNIT_EXPECT_EQ(test, n, 0);
	KUNIT_EXPECT_TRUE(test, arena_at(p)->lone);
	/* Their pages leave when the worker has looked. */
	worker_settle();
	KUNIT_EXPECT_PTR_EQ(test, arena_at(p), &arena_none);
	give_rest(page);
}

/* ---- bare slots --------------------------------------------------------------- */

/* A descriptor that is nobody's, and pages that still had it when they left. */
static struct mspan stale;
static unsigned int dirty;

static void get_pages_with_something(enum galloc_pause point, const void *what)
{
	struct page *page = (struct page *)what;
	const struct arena *arena;
	unsigned int i;

	/* What fails here is a reason for bare slots, but not to ask for single pages. */
	if (point == PAUSE_ASK_SYSTEM) {
		WRITE_ONCE(arena_scarce[gk_nid()].order, get_order(SZ_256K));
		WRITE_ONCE(arena_scarce[gk_nid()].until, jiffies + HZ * 60);
	}
	if (point != PAUSE_GOT_PAGES || arena_node_in_pieces(gk_nid()))
		return;
	/* In another slot, where the page allocator may have some as well, the field is not used. */
	arena = arena_at(page_address(page));
	if (arena != &arena_none && arena->span)
		return;
	/* Of four, but for the first, whose field the page allocator clears. */
	for (i = 1; i < 4; i++)
		if (!page_count(page + i) && !PageBuddy(page + i))
			set_page_private(page + i, (unsigned long)&stale);
}

static void see_what_leaves(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_RELEASE_TAKEN && page_private(virt_to_page(what)))
		dirty++;
}

/* Does galloc take what @page->private says for the span of the page? */
static bool is_believed(struct page *page)
{
	enum mspan_found found;
	struct object o;

	stale.start = (unsigned long)page_address(page);
	stale.npages = 1;
	stale.objects = 1;
	stale.nwords = 1;
	mspan_set(&stale, mcentral_row(gk_nid(), sizeclass_of(4096)), MSPAN_FULL);
	set_page_private(page, (unsigned long)&stale);
	rcu_read_lock();
	found = mspan_resolve(page_address(page), &o);
	rcu_read_unlock();
	mspan_set(&stale, 0, MSPAN_FREE);
	return found != FOUND_NO_SPAN;
}

static void slots_are_bare_where_memory_is_in_pieces(struct kunit *test)
{
	struct page *page, *q;
	struct arena *arena;
	unsigned int i, n;
	unsigned long span;
	bool long_ones;
	u32 gone;
	void *p;

	/* Pieces of 4 pages; in the 4 of a page the tables would be more than half. */
	n = objects_of_pieces(test, &page, 2, get_pages_with_something);
	long_ones = n >= 3;
	if (!long_ones) {
		/* The page allocator did not keep these pieces. */
		while (n)
			gfree(objects[--n]);
		give_rest(page);
		n = objects_of_pieces(test, &page, 0, NULL);
	}
	KUNIT_ASSERT_GE(test, n, 3);
	p = page_address(page);
	arena = arena_at(objects[0]);
	KUNIT_EXPECT_NULL(test, arena->span);
	/*
	 * A page of a new piece: of the three that stay free one is between the others.
	 * As a rule that is in the same slot; which piece it is the page allocator chooses.
	 */
	drain_cpus();
	gk_take_free_runs(test);
	gk_in_pieces(long_ones ? 2 : 0);
	WRITE_ONCE(galloc_pause_hook, long_ones ? get_pages_with_something : NULL);
	objects[n] = galloc(4096, QUIET);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_whole();
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	gfree(objects[n]);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, gk_row_at(objects[i]),
				mcentral_row(gk_nid(), sizeclass_of(gsize(objects[i]))));
	/* A page that others have freed by mistake may be the next owner's. */
	q = virt_to_page(objects[0]);
	span = page_private(q);
	page_ref_sub(q, ARENA_PAGE_REFS - 2);
	KUNIT_EXPECT_FALSE(test, is_believed(q));
	KUNIT_EXPECT_EQ(test, arena_mend_page(q), 0);
	KUNIT_EXPECT_EQ(test, page_count(q), 2);
	set_page_private(q, span);
	page_ref_add(q, ARENA_PAGE_REFS - 2);
	/* What others keep in the field of theirs is not looked at, many as they may be. */
	page_ref_add(page, ARENA_PAGE_REFS);
	KUNIT_EXPECT_FALSE(test, is_believed(page));
	gk_expect_reports(test, FAULT_NOT_OURS);
	gfree(p);
	gk_expect_faults(test, FAULT_NOT_OURS, 1);
	KUNIT_EXPECT_NULL(test, arena_span(arena, arena_page(arena, (unsigned long)p)));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	page_ref_sub(page, ARENA_PAGE_REFS);
	set_page_private(page, 0);

	WRITE_ONCE(galloc_reserve_pages, 0);
	gone = arena->gone;
	for (i = 0; i < n - 1; i++)
		gfree(objects[i]);
	drain_cpus();
	WRITE_ONCE(galloc_pause_hook, see_what_leaves);
	dirty = 0;
	release_runs(ULONG_MAX, true);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, dirty, 0);
	KUNIT_EXPECT_NE(test, arena->gone, gone);
	gfree(objects[0]);
	gk_expect_faults(test, FAULT_NOT_OURS, 1);
	gfree(objects[n - 1]);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	give_rest(page);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_more_than_is_needed_where_memory_is_scarce),
	KUNIT_CASE(a_span_of_the_reserve_serves_until_it_is_used_up),
	KUNIT_CASE(ordinary_requests_get_nothing_from_the_reserve),
	KUNIT_CASE(ordinary_pages_come_before_the_reserve),
	KUNIT_CASE(thisnode_gets_no_other_node),
	KUNIT_CASE(a_second_free_is_detected_there_too),
	KUNIT_CASE(lone_pages_share_tables),
	KUNIT_CASE(slots_are_bare_where_memory_is_in_pieces),
	KUNIT_CASE(lone_pages_are_freed_without_a_lock),
	{}
};

GK_SUITE(reserve, gk_init, gk_exit);
