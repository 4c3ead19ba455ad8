// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: pages that others refer to, and pages that others freed by mistake.
 *
 * The cases play the network: get_page() as for a buffer that an
 * object was spliced into, put_page() as when it has been sent.  A stray kfree()
 * drops a reference, so put_page() has the same effect.
 */
#include "helpers.h"

#include <linux/delay.h>

#define PATTERN		0x5a

/* Objects allocated to check whether they get a page that must not be reused. */
#define NR_TAKERS	64
#define TAKEN_BYTES	(4UL << 20)

static bool intact(const void *p, size_t size)
{
	return !memchr_inv(p, PATTERN, size);
}

/* An object, marked. */
static u8 *take(struct kunit *test, size_t size)
{
	u8 *p = galloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return memset(p, PATTERN, gsize(p));
}

static long deferred(struct kunit *test)
{
	struct galloc_totals t;

	KUNIT_EXPECT_TRUE(test, gk_rest(&t));
	return t.deferred;
}

/*
 * Take and clear memory of galloc and of the system, and give it back: more than once
 * what is at stake, since what was freed last is what is found first.
 */
static void others_use_memory(size_t size)
{
	unsigned int n = clamp(TAKEN_BYTES / size, 4UL, (unsigned long)NR_TAKERS), i;
	static void *takers[2 * NR_TAKERS];

	for (i = 0; i < NR_TAKERS; i++) {
		takers[i] = i < n ? galloc(size, GFP_KERNEL | __GFP_NOWARN) : NULL;
		takers[NR_TAKERS + i] = (void *)__get_free_page(GFP_KERNEL);
		if (takers[i])
			memset(takers[i], 0, size);
		if (takers[NR_TAKERS + i])
			clear_page(takers[NR_TAKERS + i]);
	}
	for (i = 0; i < NR_TAKERS; i++) {
		gfree(takers[i]);
		free_page((unsigned long)takers[NR_TAKERS + i]);
	}
}

/* ---- objects that others refer to ---------------------------------------- */

/* Sizes above a page: of classes, runs, blocks, and beyond. */
static const size_t shared_sizes[] = {
	PAGE_SIZE + 1, 2 * PAGE_SIZE, 10000, 12288, 4 * PAGE_SIZE, 20480, 27264,
	32768, 40000, 65536, 300000, 1 << 20, 3 << 20,
};

/* Freed while others refer to @page of it, and not reused until they do not. */
static void share_page(struct kunit *test, size_t size, unsigned int page,
		       void (*free)(void *p, size_t size))
{
	u8 *p = take(test, size);
	size_t real = gsize(p);
	struct page *held;

	held = virt_to_page(p + min_t(size_t, (size_t)page << PAGE_SHIFT, real - 1));
	get_page(held);
	free(p, size);
	KUNIT_EXPECT_EQ_MSG(test, deferred(test), (long)real, "%zu bytes, page %u",
			    size, page);
	others_use_memory(size);
	KUNIT_EXPECT_TRUE_MSG(test, intact(p, real), "%zu bytes, page %u", size, page);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	put_page(held);
	KUNIT_EXPECT_EQ_MSG(test, deferred(test), 0, "%zu bytes, page %u", size, page);
	KUNIT_EXPECT_EQ(test, waiting_pages(), 0);
}

static void free_plainly(void *p, size_t size)
{
	gfree(p);
}

static void no_page_of_a_shared_object_is_reused_or_returned(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(shared_sizes); i++) {
		size_t size = shared_sizes[i];

		if (size <= PAGE_SIZE)
			continue;
		share_page(test, size, 0, free_plainly);
		share_page(test, size, 1, free_plainly);
		share_page(test, size, UINT_MAX, free_plainly);
	}
}

static void free_sized(void *p, size_t size)
{
	gfree_sized(p, size);
}

static void free_in_bulk(void *p, size_t size)
{
	void *some[3] = { galloc(size, GFP_KERNEL), p, galloc(size, GFP_KERNEL) };

	gfree_bulk(3, some);
}

static void free_later(void *p, size_t size)
{
	galloc_free_rcu((struct rcu_head *)(p + 64));
	galloc_rcu_barrier();
	/* The callback used 16 bytes of it. */
	memset(p + 64, PATTERN, sizeof(struct rcu_head));
}

static void free_by_realloc(void *p, size_t size)
{
	gfree(grealloc(p, 2 * gsize(p), GFP_KERNEL));
}

static void free_with_irqs_off(void *p, size_t size)
{
	unsigned long flags;

	local_irq_save(flags);
	gfree(p);
	local_irq_restore(flags);
}

static void every_way_to_free_a_shared_object_waits(struct kunit *test)
{
	static void (* const ways[])(void *p, size_t size) = {
		free_sized, free_in_bulk, free_later, free_by_realloc,
		free_with_irqs_off,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		share_page(test, 2 * PAGE_SIZE, 1, ways[i]);
		share_page(test, max(32768UL, 4 * PAGE_SIZE), 3, ways[i]);
		share_page(test, 100000, 0, ways[i]);
	}
}

static void a_waiting_object_is_not_freed_again(struct kunit *test)
{
	static const size_t sizes[] = { 2 * PAGE_SIZE, 32768 };
	unsigned int i;

	gk_needs_class(test, 2 * PAGE_SIZE);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = take(test, sizes[i]);
		struct page *page = virt_to_page(p + PAGE_SIZE);

		get_page(page);
		gfree(p);
		gfree(p);
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
		KUNIT_EXPECT_EQ(test, deferred(test), (long)gsize(p));
		put_page(page);
		KUNIT_EXPECT_EQ(test, deferred(test), 0);
	}
}

/* Neighbours in one span: those that are not shared are used again, and at once. */
static void only_the_shared_object_waits(struct kunit *test)
{
	const size_t size = 2 * PAGE_SIZE;
	u8 *p[8], *again;
	struct page *page;
	unsigned int i;

	gk_needs_class(test, size);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = take(test, size);
	page = virt_to_page(p[3]);
	get_page(page);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		gfree(p[i]);
	KUNIT_EXPECT_EQ(test, waiting_nr(), 1);
	again = galloc(size, GFP_KERNEL);
	KUNIT_EXPECT_PTR_NE(test, again, p[3]);
	gfree(again);
	put_page(page);
	KUNIT_EXPECT_EQ(test, deferred(test), 0);
}

static void a_waiting_object_is_cleared_before_reuse(struct kunit *test)
{
	const size_t size = 4 * PAGE_SIZE;
	struct page *page;
	u8 *p;

	/* One of the guests is booted so. */
	if (!want_init_on_free())
		return;
	p = take(test, size);
	page = virt_to_page(p);
	get_page(page);
	gfree(p);
	KUNIT_EXPECT_TRUE(test, intact(p, size));
	put_page(page);
	KUNIT_EXPECT_EQ(test, deferred(test), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, size));
}

static void the_worker_checks_shared_pages(struct kunit *test)
{
	u8 *p = take(test, 2 * PAGE_SIZE), *q = take(test, 100000);
	struct page *pages[] = { virt_to_page(p), virt_to_page(q + PAGE_SIZE) };

	gk_background();
	get_page(pages[0]);
	get_page(pages[1]);
	gfree(p);
	gfree(q);
	KUNIT_EXPECT_GT(test, waiting_pages(), 0);
	put_page(pages[0]);
	put_page(pages[1]);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting_pages(), GK_PATIENCE_MS));
}

/* Runs that others refer to, and the turn in which reclaim looks at them. */
#define NR_DEFERRED	80
#define DEFERRED_TURN	32

/* There may be thousands; who is at the head does not keep others from being seen. */
static void reclaim_looks_at_a_turn_of_deferred_runs(struct kunit *test)
{
	static struct page *pages[NR_DEFERRED];
	unsigned long npages;
	unsigned int i;
	u8 *p;

	for (i = 0; i < NR_DEFERRED; i++) {
		p = galloc(GALLOC_MAX_SMALL + 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		pages[i] = virt_to_page(p);
		get_page(pages[i]);
		gfree(p);
	}
	npages = waiting_pages() / NR_DEFERRED;
	KUNIT_EXPECT_EQ(test, waiting_pages(), NR_DEFERRED * npages);
	for (i = DEFERRED_TURN; i < NR_DEFERRED; i++)
		put_page(pages[i]);
	/* The first are still shared, and come last then. */
	KUNIT_EXPECT_EQ(test, waiting_release_of(gk_nid()), 0);
	KUNIT_EXPECT_EQ(test, waiting_release_of(gk_nid()), DEFERRED_TURN * npages);
	KUNIT_EXPECT_EQ(test, waiting_release_of(gk_nid()),
			(NR_DEFERRED - 2 * DEFERRED_TURN) * npages);
	KUNIT_EXPECT_EQ(test, waiting_pages(), DEFERRED_TURN * npages);
	for (i = 0; i < DEFERRED_TURN; i++)
		put_page(pages[i]);
	for (i = 0; i < NR_DEFERRED; i++) {
		p = galloc(GALLOC_MAX_SMALL + 1, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		pages[i] = virt_to_page(p);
		get_page(pages[i]);
		gfree(p);
		put_page(pages[i]);
	}
	/* The worker, unload, and who is to fail look at all. */
	waiting_release_all();
	KUNIT_EXPECT_EQ(test, waiting_pages(), 0);
}

static void the_shrinker_checks_shared_pages(struct kunit *test)
{
	u8 *p = take(test, 2 << 20);
	struct page *page = virt_to_page(p + 5 * PAGE_SIZE);

	WRITE_ONCE(galloc_reserve_pages, 0);
	get_page(page);
	gfree(p);
	put_page(page);
	waiting_release();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting_pages(), GK_PATIENCE_MS));
}

#ifdef CONFIG_PAGE_OWNER

/* Whoever looks for an owner finds that of the page, not of the block that it was got with. */
static void page_owner_sees_single_pages(struct kunit *test)
{
	u8 *p = take(test, 1 << 20);

	gk_listen(test);
	dump_page(virt_to_page(p + 5 * PAGE_SIZE), "galloc_kunit");
	gfree(p);
	if (!gk_heard(test, "page_owner tracks the page as allocated"))
		kunit_skip(test, "not with page_owner=on");
	KUNIT_EXPECT_EQ(test, gk_heard(test, "page last allocated via order 0,"), 1);
}

#endif

/* ---- references that others dropped --------------------------------------- */

static void dropped_references_of_a_small_object_are_found_by_a_scan(struct kunit *test)
{
	static const size_t sizes[] = { 8, 100, 1000, GK_SMALL(PAGE_SIZE),
					GK_SMALL(2 * PAGE_SIZE) };
	unsigned int i;

	gk_expect_reports(test, FAULT_FOREIGN_REF);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = take(test, sizes[i]), *neighbour = take(test, sizes[i]);
		struct mspan s;

		put_page(virt_to_page(p));
		mend_all();
		gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
		KUNIT_EXPECT_EQ(test, page_count(virt_to_page(p)), ARENA_PAGE_REFS);
		KUNIT_EXPECT_TRUE(test, map_span_around(p, &s));
		KUNIT_EXPECT_EQ(test, s.dropped, 1);
		/* Found once. */
		mend_all();
		gk_expect_faults(test, FAULT_FOREIGN_REF, 0);
		KUNIT_EXPECT_TRUE(test, intact(neighbour, sizes[i]));
		gfree(p);
		gfree(neighbour);
	}
}

static void dropped_references_of_a_large_object_are_found_at_its_free(struct kunit *test)
{
	static const size_t sizes[] = { 2 * PAGE_SIZE, PAGE_SIZE + 40000, 1 << 20, 3 << 20 };
	unsigned int i;

	gk_expect_reports(test, FAULT_FOREIGN_REF);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = take(test, sizes[i]);

		put_page(virt_to_page(p + PAGE_SIZE));
		gfree(p);
		gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
		KUNIT_EXPECT_EQ(test, deferred(test), 0);
	}
}

static void validate_finds_dropped_references(struct kunit *test)
{
	u8 *p = take(test, 200);

	gk_expect_reports(test, FAULT_FOREIGN_REF);
	put_page(virt_to_page(p));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
	gfree(p);
}

static bool found;

/* Its timer has the CPU look at all others. */
static void wake_now_and_then(void *unused)
{
	while (!READ_ONCE(found))
		msleep(10);
}

static void the_worker_finds_dropped_references(struct kunit *test)
{
	long faults = gk_faults(FAULT_FOREIGN_REF);
	u8 *p = take(test, 200);
	struct gk_thread *t[64];
	unsigned int n = 0;
	int cpu;

	gk_expect_reports(test, FAULT_FOREIGN_REF);
	gk_background();
	put_page(virt_to_page(p));
	/* That of the work wakes no CPU, and the one that has it may be idle for ever. */
	found = false;
	for_each_online_cpu(cpu)
		if (n < ARRAY_SIZE(t))
			t[n++] = gk_start(test, cpu, wake_now_and_then, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(gk_faults(FAULT_FOREIGN_REF) > faults,
					    GK_PATIENCE_MS));
	WRITE_ONCE(found, true);
	while (n)
		gk_join(test, t[--n]);
	gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
	gfree(p);
}

static void many_dropped_references_are_counted_and_reported(struct kunit *test)
{
	u8 *p = take(test, 64);
	unsigned int i;

	gk_expect_reports(test, FAULT_FOREIGN_REF);
	gk_listen(test);
	for (i = 0; i < 40000; i++)
		put_page(virt_to_page(p));
	mend_all();
	gk_expect_faults(test, FAULT_FOREIGN_REF, 40000);
	KUNIT_EXPECT_GE(test, gk_heard(test, " of its references dropped, by a stray kfree()"), 1);
	KUNIT_EXPECT_EQ(test, page_count(virt_to_page(p)), ARENA_PAGE_REFS);
	gfree(p);
}

/* Two objects of a slot each, the second one behind the first. */
static bool take_two_slots(struct kunit *test, u8 *two[2])
{
	u8 *some[8], *p;
	unsigned int i, j;

	two[0] = NULL;
	for (i = 0; i < ARRAY_SIZE(some); i++)
		some[i] = galloc(ARENA_SIZE, GFP_KERNEL | __GFP_NOWARN);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		for (j = 0; j < ARRAY_SIZE(some); j++) {
			p = some[i];
			if (two[0] || !p || some[j] != p + ARENA_SIZE)
				continue;
			two[0] = p;
			two[1] = some[j];
			some[i] = NULL;
			some[j] = NULL;
		}
	}
	gfree_bulk(ARRAY_SIZE(some), (void **)some);
	return two[0];
}

/*
 * A turn ends where as many pages as one report has lack references, so that the last turn of
 * the slot begins anywhere.  It does not take an object that waits for a page of the next slot.
 */
static void a_turn_ends_with_its_slot(struct kunit *test)
{
	const unsigned int last = 62;
	struct arena *arena;
	struct page *page[2];
	unsigned int i, at;
	u8 *two[2];

	gk_make_room(ARENA_ORDER + 1);
	if (!take_two_slots(test, two))
		kunit_skip(test, "no two blocks side by side");
	gk_expect_reports(test, FAULT_FOREIGN_REF);
	for (i = 0; i < 2; i++)
		page[i] = virt_to_page(two[i]);
	rcu_read_lock();
	arena = arena_of(two[0], &at);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, at, 0);
	for (i = 0; i < ARENA_MENDED; i++)
		put_page(page[0] + last - i);
	put_page(page[1] + 3);
	/* As if an object waited there: the bits lie behind those of the pages. */
	__set_bit(3, arena->waiting);
	mend_slot(((unsigned long)two[0] - arena_map->base) >> ARENA_SHIFT);
	__clear_bit(3, arena->waiting);
	gk_expect_faults(test, FAULT_FOREIGN_REF, ARENA_MENDED);
	mend_slot(((unsigned long)two[1] - arena_map->base) >> ARENA_SHIFT);
	gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
	gfree_bulk(2, (void **)two);
}

/* An object that is @n times freed by somebody else's kfree(). */
static void expect_slab_bytes(struct kunit *test, size_t size, unsigned int n)
{
	u8 *p = take(test, size);
	long want = n << compound_order(virt_to_page(p));
	long before;
	unsigned int i;

	if (!KFREE_UNCOUNTS_ANY_PAGE)
		want = 0;
	for (i = 0; i < n; i++)
		put_page(virt_to_page(p));
	before = global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
	mend_all();
	gk_expect_faults(test, FAULT_FOREIGN_REF, n);
	/* Others allocate, too, KASAN frees late, and a CPU's part is added now and then. */
	before = global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) - before;
	KUNIT_EXPECT_LE(test, abs(before - want), 450);
	gfree(p);
}

static void the_slab_allocator_gets_its_bytes_back(struct kunit *test)
{
	gk_expect_reports(test, FAULT_FOREIGN_REF);
	expect_slab_bytes(test, 64, 1000);
	/* As kfree() takes them off for a compound page. */
	expect_slab_bytes(test, 3 << 20, 3);
}

/* Leaks and the leak report: an object passed to kfree() is still allocated. */
static void the_leak_report_counts_dropped_references(struct kunit *test)
{
	u8 *p = take(test, 300);

	gk_expect_reports(test, FAULT_FOREIGN_REF);
	put_page(virt_to_page(p));
	drain_cpus();
	gk_listen(test);
	KUNIT_EXPECT_EQ(test, stats_report_leaks(), 1);
	gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "galloc: leak: 1 of these may have been freed by"),
			1);
	gfree(p);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_page_of_a_shared_object_is_reused_or_returned),
	KUNIT_CASE(every_way_to_free_a_shared_object_waits),
	KUNIT_CASE(a_waiting_object_is_not_freed_again),
	KUNIT_CASE(only_the_shared_object_waits),
	KUNIT_CASE(a_waiting_object_is_cleared_before_reuse),
	KUNIT_CASE(the_worker_checks_shared_pages),
	KUNIT_CASE(reclaim_looks_at_a_turn_of_deferred_runs),
	KUNIT_CASE(the_shrinker_checks_shared_pages),
#ifdef CONFIG_PAGE_OWNER
	KUNIT_CASE(page_owner_sees_single_pages),
#endif
	KUNIT_CASE(dropped_references_of_a_small_object_are_found_by_a_scan),
	KUNIT_CASE(dropped_references_of_a_large_object_are_found_at_its_free),
	KUNIT_CASE(validate_finds_dropped_references),
	KUNIT_CASE(the_worker_finds_dropped_references),
	KUNIT_CASE(many_dropped_references_are_counted_and_reported),
	KUNIT_CASE(a_turn_ends_with_its_slot),
	KUNIT_CASE(the_slab_allocator_gets_its_bytes_back),
	KUNIT_CASE(the_leak_report_counts_dropped_references),
	{}
};

GK_SUITE(shared, gk_init, gk_exit);
