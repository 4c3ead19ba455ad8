// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: pages from the system, their accounting, and the address map.
 */
#include "helpers.h"

#include <linux/memory.h>
#include <linux/net.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* A chunk of the test: in the map, but in no mheap. */
static void chunk_take(struct kunit *test, struct chunk *chunk, unsigned int npages, gfp_t gfp)
{
	KUNIT_ASSERT_TRUE(test, arena_get_chunk(chunk, gk_nid(), npages, gfp));
}

static unsigned long chunk_start(const struct chunk *chunk)
{
	return (unsigned long)page_address(chunk->page);
}

static void chunk_give(const struct chunk *chunk)
{
	bool whole = chunk->npages == 1U << chunk->order;

	release_put_pages(chunk_start(chunk), chunk->npages, whole ? chunk->order : -1, true);
}

/* ---- the map ------------------------------------------------------------ */

/* Is every page found where it is, in a slot of its node? */
static bool pages_are_found(const struct chunk *chunk)
{
	unsigned int i, page;
	bool found = true;

	rcu_read_lock();
	for (i = 0; i < chunk->npages && found; i++) {
		unsigned long addr = chunk_start(chunk) + i * PAGE_SIZE;
		struct arena *arena = arena_of((void *)addr, &page);

		found = arena != &arena_none && arena->nid == chunk->nid &&
			arena->start + page * PAGE_SIZE == addr &&
			arena_page(arena, addr) == page &&
			arena_of((void *)(addr + PAGE_SIZE - 1), &page) == arena;
	}
	rcu_read_unlock();
	return found;
}

static bool is_ours(const void *p)
{
	struct arena *arena;
	unsigned int page;
	bool ours;

	rcu_read_lock();
	arena = arena_of(p, &page);
	ours = test_bit(page, arena->owned) || arena->stack[page] ||
	       arena_span(arena, page);
	rcu_read_unlock();
	return ours;
}

/* Is the address in no slot at all? */
static bool is_nowhere(const void *p)
{
	unsigned int page;
	bool nowhere;

	rcu_read_lock();
	nowhere = arena_of(p, &page) == &arena_none && page < ARENA_PAGES;
	rcu_read_unlock();
	return nowhere;
}

static void every_page_of_a_chunk_is_found(struct kunit *test)
{
	unsigned int npages;

	for (npages = 1; npages <= ARENA_PAGES; npages *= 8) {
		struct chunk chunk;

		chunk_take(test, &chunk, npages, GFP_KERNEL);
		KUNIT_EXPECT_GE(test, chunk.npages, npages);
		KUNIT_EXPECT_TRUE(test, pages_are_found(&chunk));
		chunk_give(&chunk);
	}
}

static void a_chunk_above_a_block_is_found_in_each_slot(struct kunit *test)
{
	unsigned int npages = ARENA_PAGES + ARENA_PAGES / 3;
	struct chunk chunk;

	if (npages > GALLOC_MAX_PAGES)
		kunit_skip(test, "no order above a block here");
	chunk_take(test, &chunk, npages, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, chunk.npages, roundup_pow_of_two(npages));
	KUNIT_EXPECT_TRUE(test, pages_are_found(&chunk));
	chunk_give(&chunk);
}

static void a_slot_leaves_the_map_with_its_last_page(struct kunit *test)
{
	unsigned long start;
	struct chunk chunk;

	chunk_take(test, &chunk, ARENA_PAGES, GFP_KERNEL);
	start = chunk_start(&chunk);
	release_put_pages(start, ARENA_PAGES - 1, -1, true);
	KUNIT_EXPECT_FALSE(test, is_nowhere((void *)start));
	release_put_pages(start + (ARENA_PAGES - 1) * PAGE_SIZE, 1, -1, true);
	KUNIT_EXPECT_TRUE(test, is_nowhere((void *)start));
}

static void a_slot_that_left_outlives_its_readers(struct kunit *test)
{
	unsigned long start;
	struct chunk chunk;
	long meta;

	chunk_take(test, &chunk, ARENA_PAGES, GFP_KERNEL);
	start = chunk_start(&chunk);
	rcu_barrier();
	meta = arena_meta_bytes();
	/* A reader may have looked it up here, and still use it. */
	rcu_read_lock();
	chunk_give(&chunk);
	KUNIT_EXPECT_TRUE(test, is_nowhere((void *)start));
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
	rcu_read_unlock();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(),
			meta - (long)(PAGE_SIZE / (PAGE_SIZE / sizeof(struct arena)) +
				      ARENA_SPAN_BYTES));
}

static int some_data = 1;

static void addresses_not_ours_find_nothing(struct kunit *test)
{
	const struct arena_map *map = READ_ONCE(arena_map);
	unsigned long end = map->base + (map->nr << ARENA_SHIFT);
	void *vmalloced = vmalloc(PAGE_SIZE);
	void *kmalloced = kmalloc(100, GFP_KERNEL);
	const void *addresses[] = {
		NULL, (void *)1, ZERO_SIZE_PTR, (void *)PAGE_SIZE,
		(void *)(map->base - 1), (void *)end, (void *)(end + ARENA_SIZE),
		(void *)LONG_MAX, (void *)(LONG_MAX + 1UL), (void *)-PAGE_SIZE,
		(void *)ULONG_MAX, vmalloced, is_nowhere,
	};
	/* These may share a slot with pages of ours. */
	const void *neighbours[] = { kmalloced, &some_data, vfree };
	int i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		KUNIT_EXPECT_TRUE_MSG(test, is_nowhere(addresses[i]), "%px", addresses[i]);
	for (i = 0; i < ARRAY_SIZE(neighbours); i++)
		KUNIT_EXPECT_FALSE_MSG(test, is_ours(neighbours[i]), "%px", neighbours[i]);
	kfree(kmalloced);
	vfree(vmalloced);
}

static void foreign_addresses_have_no_row(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, !memchr_inv(arena_none.stack, 0, sizeof(arena_none.stack)));
	KUNIT_EXPECT_TRUE(test, !memchr_inv(arena_none.span, 0, sizeof(arena_none.span)));
}

/* Single pages that come back to this CPU's list, to be the next that it gives. */
#define STRAYS		8

/* Does an address lie in a block of pages? */
static bool is_in_block(const struct page *block, unsigned long addr)
{
	return addr - (unsigned long)page_address(block) < ARENA_SIZE;
}

/*
 * The next pages of this CPU's list lie in a slot that is of another node, here of one
 * that there is not: so nobody may look at it meanwhile.
 */
static void expect_from_elsewhere(struct kunit *test, struct page *block,
				  struct page *strays, gfp_t gfp)
{
	unsigned long start = (unsigned long)page_address(block);
	unsigned int i;
	void *p;

	gk_take_free_runs(test);
	KUNIT_EXPECT_EQ(test, map_get_range(start, 1, gk_nid() + 1, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, map_get_range(start, 1, gk_nid(), GFP_KERNEL), -EXDEV);
	for (i = 0; i < STRAYS; i++)
		__free_page(strays + i);
	gk_in_pieces(0);
	p = galloc(PAGE_SIZE, gfp);
	gk_whole();
	map_put_range(start, 1);
	/* Where this one fails the next would not end. */
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_FALSE(test, is_in_block(block, (unsigned long)p));
	gfree(p);
}

/* Where two nodes meet within a slot, the slot is the first one's. */
static void pages_in_a_slot_of_another_node_are_skipped(struct kunit *test)
{
	struct page *block = alloc_pages(GFP_KERNEL, ARENA_ORDER);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, block);
	gk_pin(gk_cpu(0));
	split_page(block, ARENA_ORDER);
	expect_from_elsewhere(test, block, block + 1, GFP_NOWAIT);
	expect_from_elsewhere(test, block, block + 1 + STRAYS, GFP_KERNEL);
	/* Or it would be asked for these for ever. */
	expect_from_elsewhere(test, block, block + 1 + 2 * STRAYS, GFP_KERNEL | __GFP_NOFAIL);
	__free_page(block);
	for (i = 1 + 3 * STRAYS; i < ARENA_PAGES; i++)
		__free_page(block + i);
}

/* ---- charges ------------------------------------------------------------ */

static void a_charge_is_undone_exactly(struct kunit *test)
{
	long held, meta;

	/* The descriptors of slots that left before. */
	rcu_barrier();
	held = arena_held_bytes();
	meta = arena_meta_bytes();
	KUNIT_EXPECT_TRUE(test, arena_charge(12345));
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held + 12345);
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
	KUNIT_EXPECT_TRUE(test, arena_charge_meta(77));
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held + 12345 + 77);
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta + 77);
	arena_uncharge(12345);
	arena_uncharge_meta(77);
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
}

static void the_limit_holds_to_the_byte(struct kunit *test)
{
	long hits = gk_events(EVENT_LIMIT_HIT);
	long held;

	gk_limit_to(1000);
	held = arena_held_bytes();
	KUNIT_EXPECT_FALSE(test, arena_charge(1001));
	KUNIT_EXPECT_FALSE(test, arena_charge_meta(1001));
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_LIMIT_HIT), hits + 2);
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
	KUNIT_EXPECT_TRUE(test, arena_charge(1000));
	KUNIT_EXPECT_FALSE(test, arena_charge(1));
	arena_uncharge(1000);
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
}

#define RACING_ROOM	10

struct racing {
	atomic_t met;
	atomic_t started;
	atomic_long_t granted;
	atomic_long_t refused;
	atomic_long_t beyond;
};

static void charge_and_uncharge(void *arg)
{
	struct racing *r = arg;
	unsigned long i, n = gk_times(1000000);
	/* One charges pages, the other one metadata: the limit is for both. */
	bool meta = atomic_inc_return(&r->started) > 1;
	ktime_t end;

	gk_meet(&r->met, 2);
	end = gk_fight_end();
	for (i = 0; i < n && !gk_fight_over(i + 1, end); i++) {
		/* More than half, so that both together exceed it. */
		if (!(meta ? arena_charge_meta : arena_charge)(RACING_ROOM / 2 + 1)) {
			atomic_long_inc(&r->refused);
			continue;
		}
		if (atomic_long_inc_return(&r->granted) > 1)
			atomic_long_inc(&r->beyond);
		atomic_long_dec(&r->granted);
		(meta ? arena_uncharge_meta : arena_uncharge)(RACING_ROOM / 2 + 1);
	}
}

static void racing_charges_stay_within_the_limit(struct kunit *test)
{
	struct racing *r = kunit_kzalloc(test, sizeof(*r), GFP_KERNEL);
	struct gk_thread *a, *b;
	long held;

	KUNIT_ASSERT_NOT_NULL(test, r);
	gk_limit_to(RACING_ROOM);
	held = arena_held_bytes();
	a = gk_start(test, gk_cpu(0), charge_and_uncharge, r);
	b = gk_start(test, gk_cpu(1), charge_and_uncharge, r);
	gk_join(test, a);
	gk_join(test, b);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->beyond), 0);
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
	kunit_info(test, "%ld were refused", atomic_long_read(&r->refused));
}

static void a_chunk_is_charged_and_uncharged_exactly(struct kunit *test)
{
	unsigned int npages;

	gk_give_back();
	rcu_barrier();
	for (npages = 1; npages <= GK_MAX_PAGES; npages = npages * 3 + 1) {
		long held = arena_held_bytes();
		long meta = arena_meta_bytes();
		struct chunk chunk;

		chunk_take(test, &chunk, npages, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, arena_held_bytes() - held,
				((long)chunk.npages << PAGE_SHIFT) +
				arena_meta_bytes() - meta);
		chunk_give(&chunk);
		/* Its slots' descriptors are charged until then. */
		rcu_barrier();
		KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
		KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
	}
}

static void a_chunk_beyond_the_limit_is_refused_without_a_trace(struct kunit *test)
{
	struct chunk chunk;
	long held;

	gk_give_back();
	gk_limit_to(PAGE_SIZE - 1);
	held = arena_held_bytes();
	KUNIT_EXPECT_FALSE(test, arena_get_chunk(&chunk, gk_nid(), 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
	/* Room for the page, but not for its slot's descriptor. */
	gk_limit_to(PAGE_SIZE);
	if (arena_get_chunk(&chunk, gk_nid(), 1, GFP_KERNEL)) {
		/* Nor is one needed: there are other pages of galloc's in the slot. */
		KUNIT_EXPECT_EQ(test, arena_held_bytes(), held + (long)PAGE_SIZE);
		chunk_give(&chunk);
	}
	KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
}

/*
 * A chunk for one page when @bytes are held.  Of one with less than 1 << @order pages the system
 * may have had no more without effort: it is asked for them with some, and then galloc again.
 */
static void chunk_take_large(struct kunit *test, struct chunk *chunk, unsigned int order,
			     long bytes)
{
	unsigned int tries = 0;
	long more;

	for (;;) {
		more = max(bytes - arena_held_bytes(), 0L);
		KUNIT_ASSERT_TRUE(test, arena_charge(more));
		chunk_take(test, chunk, 1, GFP_KERNEL);
		arena_uncharge(more);
		if (chunk->order >= order || tries++ == 10)
			return;
		chunk_give(chunk);
		rcu_barrier();
		gk_whole();
		gk_system_has(order, GFP_KERNEL | __GFP_RETRY_MAYFAIL);
	}
}

static void near_the_limit_the_chunk_is_smaller(struct kunit *test)
{
	struct chunk chunk;

	gk_give_back();
	gk_grow_by_blocks();
	/* Half a block and its slot fit; a whole one does not. */
	gk_limit_to(ARENA_SIZE / 2 + ARENA_SIZE / 4);
	chunk_take_large(test, &chunk, ARENA_ORDER - 1, 0);
	KUNIT_EXPECT_EQ(test, chunk.order, (unsigned int)ARENA_ORDER - 1);
	chunk_give(&chunk);
}

static void a_sleeping_caller_gets_a_larger_chunk(struct kunit *test)
{
	struct chunk chunk;

	chunk_take_large(test, &chunk, !galloc_limit_bytes, 0);
	KUNIT_EXPECT_EQ(test, chunk.npages, 1U << chunk.order);
	if (!galloc_limit_bytes)
		KUNIT_EXPECT_GT(test, chunk.order, 0);
	chunk_give(&chunk);
	chunk_take(test, &chunk, 3, GFP_NOWAIT);
	KUNIT_EXPECT_EQ(test, chunk.order, 2);
	KUNIT_EXPECT_EQ(test, chunk.npages, 4);
	chunk_give(&chunk);
}

/* Of a chunk when @bytes are held, in bytes. */
static void expect_growth(struct kunit *test, long bytes, long size)
{
	struct chunk chunk;

	chunk_take_large(test, &chunk, get_order(size), bytes);
	KUNIT_EXPECT_EQ_MSG(test, (long)chunk.npages << PAGE_SHIFT, size, "%ld held", bytes);
	chunk_give(&chunk);
}

static void growth_is_a_small_part_of_what_is_held(struct kunit *test)
{
	long held;

	/* As if it had no reserve and no limit. */
	WRITE_ONCE(galloc_reserve_pages, 0);
	WRITE_ONCE(galloc_limit_bytes, 0);
	gk_give_back();
	for (held = 16L << 20; held <= 1L << 30; held *= 2)
		expect_growth(test, held, clamp(held / 128, 256L << 10, (long)ARENA_SIZE));
	/* Blocks, if the reserve is that large. */
	gk_grow_by_blocks();
	expect_growth(test, 64L << 20, ARENA_SIZE);
}

/* ---- pages -------------------------------------------------------------- */

static bool every_page_has_count(unsigned long start, unsigned int npages, int count)
{
	struct page *page = virt_to_page((void *)start);
	unsigned int i;

	for (i = 0; i < npages; i++)
		if (page_count(page + i) != count)
			return false;
	return true;
}

static void every_page_carries_many_references(struct kunit *test)
{
	unsigned int npages;

	/* More than code drops by mistake. */
	KUNIT_EXPECT_GE(test, ARENA_PAGE_REFS, 1000000);
	for (npages = 1; npages <= GK_MAX_PAGES; npages = npages * 2 + 1) {
		struct chunk chunk;

		chunk_take(test, &chunk, npages, GFP_KERNEL);
		KUNIT_EXPECT_TRUE(test, every_page_has_count(chunk_start(&chunk),
							     chunk.npages,
							     ARENA_PAGE_REFS));
		KUNIT_EXPECT_TRUE(test, release_pages_unshared(chunk_start(&chunk), chunk.npages));
		chunk_give(&chunk);
	}
}

static void a_shared_page_is_detected_anywhere_in_an_object(struct kunit *test)
{
	static const unsigned int places[] = { 0, 1, ARENA_PAGES / 7, ARENA_PAGES - 1 };
	struct chunk chunk;
	int i;

	chunk_take(test, &chunk, ARENA_PAGES, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct page *page = chunk.page + places[i];

		get_page(page);
		KUNIT_EXPECT_FALSE(test, release_pages_unshared(chunk_start(&chunk), chunk.npages));
		put_page(page);
		KUNIT_EXPECT_TRUE(test, release_pages_unshared(chunk_start(&chunk), chunk.npages));
	}
	chunk_give(&chunk);
}

static void any_page_of_an_object_can_be_spliced(struct kunit *test)
{
	static const size_t sizes[] = {
		8, 100, 2048, 4096, 8192, 16384, 32768, 40000, 100000, 1 << 20,
		(2 << 20) + 5000
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = galloc(sizes[i], GFP_KERNEL);
		size_t offset, real = gsize(p);
		bool ok = true;

		KUNIT_ASSERT_NOT_NULL(test, p);
		for (offset = 0; offset < real; offset += PAGE_SIZE)
			ok = ok && sendpage_ok(virt_to_page(p + offset));
		ok = ok && sendpage_ok(virt_to_page(p + real - 1));
		KUNIT_EXPECT_TRUE_MSG(test, ok, "%zu bytes", sizes[i]);
		gfree(p);
	}
}

static void a_shared_page_is_not_reused(struct kunit *test)
{
	u8 *p = galloc(3 * PAGE_SIZE + GALLOC_MAX_SMALL, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, p);
	/* As a network buffer does that sends the second page. */
	page = virt_to_page(p + PAGE_SIZE);
	get_page(page);
	memset(p, 0x5a, PAGE_SIZE * 2);
	gfree(p);
	worker_settle();
	/* Neither that page nor the rest of the object, before the reader is done. */
	KUNIT_EXPECT_TRUE(test, is_ours(p));
	KUNIT_EXPECT_TRUE(test, is_ours(p + PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, !memchr_inv(p, 0x5a, 2 * PAGE_SIZE));
	put_page(page);
	worker_settle();
	KUNIT_EXPECT_FALSE(test, is_ours(p));
	KUNIT_EXPECT_FALSE(test, is_ours(p + PAGE_SIZE));
}

/* These are reused themselves, but their page stays what it is. */
static void a_shared_page_of_small_objects_is_not_reused(struct kunit *test)
{
	u8 *p = galloc(PAGE_SIZE / 2, GFP_KERNEL);
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, p);
	page = virt_to_page(p);
	get_page(page);
	gfree(p);
	drain_cpus();
	worker_settle();
	KUNIT_EXPECT_TRUE(test, is_ours(p));
	put_page(page);
	worker_settle();
	KUNIT_EXPECT_FALSE(test, is_ours(p));
}

/* Whoever refers to any page of it refers to all, and the last one frees it. */
static void a_chunk_above_a_block_is_one_page_to_others(struct kunit *test)
{
	int bad = test_taint(TAINT_BAD_PAGE);
	unsigned int npages = 2 * ARENA_PAGES;
	struct chunk chunk;
	struct page *page;

	if (npages > GALLOC_MAX_PAGES)
		kunit_skip(test, "no order above a block here");
	chunk_take(test, &chunk, npages, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, compound_order(chunk.page), chunk.order);
	page = chunk.page + ARENA_PAGES + 7;
	get_page(page);
	KUNIT_EXPECT_EQ(test, page_count(chunk.page), ARENA_PAGE_REFS + 1);
	KUNIT_EXPECT_FALSE(test, release_pages_unshared(chunk_start(&chunk), npages));
	/* It goes all the same: then it is theirs. */
	chunk_give(&chunk);
	KUNIT_EXPECT_FALSE(test, is_ours(page_address(page)));
	KUNIT_EXPECT_EQ(test, page_count(chunk.page), 1);
	memset(page_address(chunk.page), 0x5a, (size_t)npages << PAGE_SHIFT);
	put_page(page);
	KUNIT_EXPECT_EQ(test, page_count(chunk.page), 0);
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_BAD_PAGE), bad);
}

static void dropped_references_are_restored(struct kunit *test)
{
	static const unsigned int places[] = { 0, 1, ARENA_PAGES / 7, ARENA_PAGES - 1 };
	struct chunk chunk;
	int i;

	chunk_take(test, &chunk, ARENA_PAGES, GFP_KERNEL);
	gk_expect_reports(test, FAULT_FOREIGN_REF);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		put_page(chunk.page + places[i]);
		KUNIT_EXPECT_TRUE(test, release_pages_unshared(chunk_start(&chunk), chunk.npages));
		gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
	}
	KUNIT_EXPECT_TRUE(test, every_page_has_count(chunk_start(&chunk),
						     chunk.npages,
						     ARENA_PAGE_REFS));
	/* One extra and one missing reference: neither shows before the put. */
	get_page(chunk.page);
	put_page(chunk.page);
	KUNIT_EXPECT_EQ(test, arena_mend_page(chunk.page), 0);
	/* A page that is returned without a check. */
	put_page(chunk.page + 3);
	chunk_give(&chunk);
	gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
}

#define HUGE_ROUNDS	16

static void pages_go_back_clean(struct kunit *test)
{
	int bad = test_taint(TAINT_BAD_PAGE);
	unsigned long had = global_zone_page_state(NR_FREE_PAGES);
	unsigned int order;

	for (order = 0; order <= GK_MAX_ORDER; order++) {
		struct chunk chunk;
		unsigned int i;

		/* In one piece, then page by page, which those above a block never do. */
		for (i = 0; i < (order > ARENA_ORDER ? HUGE_ROUNDS : 2); i++) {
			chunk_take(test, &chunk, 1U << order, GFP_KERNEL);
			memset(page_address(chunk.page), 0xff, (size_t)chunk.npages << PAGE_SHIFT);
			if (!i || order > ARENA_ORDER) {
				chunk_give(&chunk);
				continue;
			}
			release_put_pages(chunk_start(&chunk), chunk.npages, -1, true);
		}
	}
	/* The page allocator has checked each; it taints the kernel if one is bad. */
	KUNIT_EXPECT_EQ(test, test_taint(TAINT_BAD_PAGE), bad);
	/* All of them: of 16 huge ones more would be missing than others take meanwhile. */
	KUNIT_EXPECT_GT(test, global_zone_page_state(NR_FREE_PAGES) +
			HUGE_ROUNDS * ARENA_PAGES, had);
}

/* ---- the map grows ------------------------------------------------------ */

#define GROWTHS		12

static struct {
	atomic_t met;
	bool over;
	unsigned long chunks;
	unsigned long wrong;
} settler;

/* Allocate blocks, look them up, return them: slots change meanwhile. */
static void settle(void *arg)
{
	struct mspan *s;

	gk_meet(&settler.met, 2);
	while (!READ_ONCE(settler.over)) {
		s = mheap_alloc(gk_nid(), ARENA_PAGES, ARENA_PAGES, 0, GFP_KERNEL | __GFP_NOWARN);
		if (s) {
			settler.wrong += !is_ours((void *)s->start);
			settler.wrong += !is_ours((void *)(s->start + ARENA_SIZE - 1));
			settler.chunks++;
			mheap_free(s);
			release_runs(ARENA_PAGES, true);
		}
		cond_resched();
	}
}

static void a_map_that_grows_loses_and_invents_no_slot(struct kunit *test)
{
	unsigned long nr = map_nr_slots();
	long grown = gk_events(EVENT_MAP_GROWN);
	void *kept = galloc(64, GFP_KERNEL);
	struct gk_thread *t;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, kept);
	memset(&settler, 0, sizeof(settler));
	t = gk_start(test, gk_cpu(1), settle, NULL);
	gk_meet(&settler.met, 2);
	/* On a busy machine all would be over before it has done anything. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(settler.chunks), GK_PATIENCE_MS));
	for (i = 1; i <= GROWTHS; i++) {
		unsigned long last = arena_map->base + ((nr + i) << ARENA_SHIFT) - 1;

		KUNIT_EXPECT_EQ(test, map_grow(last), 0);
		KUNIT_EXPECT_EQ(test, map_nr_slots(), nr + i);
		/* An address that is covered changes nothing. */
		KUNIT_EXPECT_EQ(test, map_grow(last), 0);
		rcu_read_lock();
		KUNIT_EXPECT_PTR_EQ(test, map_slot(nr + i - 1), &arena_none);
		rcu_read_unlock();
		KUNIT_EXPECT_TRUE(test, is_ours(kept));
	}
	WRITE_ONCE(settler.over, true);
	gk_join(test, t);
	gfree(kept);
	KUNIT_EXPECT_EQ(test, settler.wrong, 0);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_MAP_GROWN), grown + GROWTHS);
}

static bool refuse(unsigned int order)
{
	return true;
}

/* Announce memory for @nr slots after the map. */
static int memory_comes(unsigned long nr)
{
	struct memory_notify mn = {
		.start_pfn = PHYS_PFN(__pa(arena_map->base)) +
			     (map_nr_slots() << ARENA_ORDER),
		.nr_pages = nr * ARENA_PAGES,
	};

	return map_memory_callback(NULL, MEM_GOING_ONLINE, &mn);
}

static void a_map_that_cannot_grow_stays(struct kunit *test)
{
	unsigned long nr = map_nr_slots();

	WRITE_ONCE(galloc_fail_hook, refuse);
	KUNIT_EXPECT_EQ(test, map_grow(arena_map->base + (nr << ARENA_SHIFT)), -ENOMEM);
	KUNIT_EXPECT_EQ(test, map_nr_slots(), nr);
	/* The memory goes online nevertheless, and the map covers it later. */
	KUNIT_EXPECT_EQ(test, memory_comes(1), NOTIFY_OK);
	KUNIT_EXPECT_EQ(test, map_nr_slots(), nr);
	WRITE_ONCE(galloc_fail_hook, NULL);
	map_catch_up();
	KUNIT_EXPECT_EQ(test, map_nr_slots(), nr + 1);
}

/* arm64 has its memory anywhere in the direct mapping. */
static void the_map_begins_with_the_memory(struct kunit *test)
{
	unsigned long nr = map_nr_slots(), first = ULONG_MAX, pfn;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		first = min(first, NODE_DATA(nid)->node_start_pfn);
	pfn = PHYS_PFN(__pa(arena_map->base));
	KUNIT_EXPECT_LE(test, pfn, first);
	KUNIT_EXPECT_GT(test, pfn + ARENA_PAGES, first);
	KUNIT_EXPECT_EQ(test, nr, DIV_ROUND_UP((unsigned long)high_memory - arena_map->base,
					       ARENA_SIZE));
	/* What comes before it later is left to others. */
	KUNIT_EXPECT_EQ(test, map_grow(arena_map->base - 1), -ERANGE);
	map_catch_up();
	KUNIT_EXPECT_EQ(test, map_nr_slots(), nr);
}

static long map_takes(void)
{
	return arena_meta_takes(arena_map, struct_size(arena_map, stacks, map_nr_slots()));
}

static void a_map_grows_at_the_limit(struct kunit *test)
{
	unsigned long nr = map_nr_slots();
	long held, takes = map_takes();

	gk_limit_to(0);
	held = arena_held_bytes();
	/* A map twice as large takes more, however the kernel rounds that. */
	KUNIT_EXPECT_EQ(test, memory_comes(nr), NOTIFY_OK);
	KUNIT_EXPECT_EQ(test, map_nr_slots(), 2 * nr);
	KUNIT_EXPECT_GT(test, map_takes(), takes);
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - held, map_takes() - takes);
	/* Its growth does not reduce the limit for others. */
	KUNIT_EXPECT_FALSE(test, arena_charge(1));
	arena_uncharge(8);
	KUNIT_EXPECT_TRUE(test, arena_charge(8));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_page_of_a_chunk_is_found),
	KUNIT_CASE(a_chunk_above_a_block_is_found_in_each_slot),
	KUNIT_CASE(a_slot_leaves_the_map_with_its_last_page),
	KUNIT_CASE(a_slot_that_left_outlives_its_readers),
	KUNIT_CASE(addresses_not_ours_find_nothing),
	KUNIT_CASE(foreign_addresses_have_no_row),
	KUNIT_CASE(pages_in_a_slot_of_another_node_are_skipped),
	KUNIT_CASE(a_charge_is_undone_exactly),
	KUNIT_CASE(the_limit_holds_to_the_byte),
	KUNIT_CASE(racing_charges_stay_within_the_limit),
	KUNIT_CASE(a_chunk_is_charged_and_uncharged_exactly),
	KUNIT_CASE(a_chunk_beyond_the_limit_is_refused_without_a_trace),
	KUNIT_CASE(near_the_limit_the_chunk_is_smaller),
	KUNIT_CASE(a_sleeping_caller_gets_a_larger_chunk),
	KUNIT_CASE(growth_is_a_small_part_of_what_is_held),
	KUNIT_CASE(every_page_carries_many_references),
	KUNIT_CASE(a_shared_page_is_detected_anywhere_in_an_object),
	KUNIT_CASE(any_page_of_an_object_can_be_spliced),
	KUNIT_CASE(a_shared_page_is_not_reused),
	KUNIT_CASE(a_shared_page_of_small_objects_is_not_reused),
	KUNIT_CASE(a_chunk_above_a_block_is_one_page_to_others),
	KUNIT_CASE(dropped_references_are_restored),
	KUNIT_CASE(pages_go_back_clean),
	KUNIT_CASE(the_map_begins_with_the_memory),
	KUNIT_CASE(a_map_that_grows_loses_and_invents_no_slot),
	KUNIT_CASE(a_map_that_cannot_grow_stays),
	KUNIT_CASE(a_map_grows_at_the_limit),
	{}
};

GK_SUITE(arena, gk_init, gk_exit);
