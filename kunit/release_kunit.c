// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: memory returned to the system.
 */
#include "mheap.h"
#include "runs.h"

#include <linux/mmzone.h>
#include <linux/shrinker.h>
#include <linux/topology.h>

static void empty_blocks_are_returned_whole(struct kunit *test)
{
	unsigned int n = gk_slow() ? 40 : 400, base, i;
	long blocks, pages, had;
	u64 rng = gk_seed(test);

	gk_take_free_runs(test);
	/* All other memory is out of reach now. */
	gk_grow_by_blocks();
	base = run_nr_held;
	blocks = gk_events(EVENT_RELEASE_BLOCK);
	pages = gk_events(EVENT_RELEASE_PAGES);
	had = arena_held_bytes() - arena_meta_bytes();
	/* As growth tries no harder than costs nothing, it may get less than a block at a time. */
	for (i = 0; i <= n * 16 / ARENA_PAGES + 1; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	run_give_all(base);
	while (n--)
		run_take(test, 1 + gk_below(&rng, 16), 1);
	KUNIT_EXPECT_GT(test, arena_held_bytes() - arena_meta_bytes(), had);
	while (run_nr_held > base)
		run_give(run_held[base + gk_below(&rng, run_nr_held - base)]);
	WRITE_ONCE(galloc_reserve_pages, 0);
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - arena_meta_bytes(), had);
	/* Where each page has a tag it goes alone. */
	if (pages_leave_singly())
		return;
	KUNIT_EXPECT_GT(test, gk_events(EVENT_RELEASE_BLOCK), blocks);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_RELEASE_PAGES), pages);
}

/* Else processes would be killed for it. */
static void a_reserve_beyond_available_memory_is_refused(struct kunit *test)
{
	long grown = gk_events(EVENT_GROW);

	WRITE_ONCE(galloc_reserve_pages, si_mem_available() - 1);
	KUNIT_EXPECT_EQ(test, standby_reserve(), -ENOMEM);
	WRITE_ONCE(galloc_reserve_pages, totalram_pages());
	KUNIT_EXPECT_EQ(test, standby_reserve(), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_GROW), grown);
}

/* The kernel could have none of that, either. */
static void a_reserve_beyond_what_is_not_movable_is_refused(struct kunit *test)
{
	struct zone *movable = &NODE_DATA(numa_mem_id())->node_zones[ZONE_MOVABLE];
	long grown = gk_events(EVENT_GROW), many = si_mem_available();

	WRITE_ONCE(galloc_reserve_pages, max(many / 8, 1L));
	/* As if most of it were there. */
	atomic_long_add(many, &movable->vm_stat[NR_FREE_PAGES]);
	KUNIT_EXPECT_EQ(test, standby_reserve(), -ENOMEM);
	atomic_long_sub(many, &movable->vm_stat[NR_FREE_PAGES]);
	atomic_long_add(many, &movable->vm_stat[NR_ZONE_INACTIVE_FILE]);
	KUNIT_EXPECT_EQ(test, standby_reserve(), -ENOMEM);
	atomic_long_sub(many, &movable->vm_stat[NR_ZONE_INACTIVE_FILE]);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_GROW), grown);
}

static void a_block_in_use_returns_its_free_pages(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	struct mspan *a = run_take(test, 10, 1), *b = run_take(test, 10, 1);
	struct mspan *c = run_take(test, 10, 1), copy;
	long had = arena_held_bytes() - arena_meta_bytes();
	unsigned long gone;

	WRITE_ONCE(galloc_reserve_pages, 0);
	run_give(b);
	gone = release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, gone, ARENA_PAGES - 20);
	KUNIT_EXPECT_EQ(test, had - (arena_held_bytes() - arena_meta_bytes()),
			(long)(ARENA_PAGES - 20) << PAGE_SHIFT);
	/* It cannot go back in one piece any more. */
	KUNIT_EXPECT_FALSE(test, a->arena->whole);
	/* The rest is found, returned pages are not, and they do not join. */
	KUNIT_EXPECT_FALSE(test, map_span_around((void *)(block + 10 * PAGE_SIZE),
						 &copy));
	KUNIT_EXPECT_TRUE(test, map_span_around((void *)c->start, &copy));
	run_give(a);
	run_give(c);
	KUNIT_EXPECT_TRUE(test, run_is(block, 0, 10));
	KUNIT_EXPECT_TRUE(test, run_is(block, 20, 10));
}

/* Pages of galloc, objects apart. */
static unsigned long pages_held(void)
{
	/*
	 * The slots of blocks that have left are charged until then, some kB each, and
	 * held_bytes is read before meta_bytes: one that goes between looks like a page.
	 */
	rcu_barrier();
	return (arena_held_bytes() - arena_meta_bytes()) >> PAGE_SHIFT;
}

static void the_reserve_stays(struct kunit *test)
{
	unsigned long reserve;
	struct mspan *block[4];
	int i;

	/*
	 * The reserve of the parameters may lack some pages by now: earlier cases had
	 * shared some, which were returned nevertheless.
	 */
	gk_take_free_runs(test);
	reserve = pages_held() + 2 * ARENA_PAGES;
	for (i = 0; i < 4; i++)
		block[i] = run_take(test, ARENA_PAGES, ARENA_PAGES);
	WRITE_ONCE(galloc_reserve_pages, reserve);
	for (i = 0; i < 4; i++)
		run_give(block[i]);
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, pages_held(), reserve);
	/* No run is split for it: one that is too long stays as a whole. */
	WRITE_ONCE(galloc_reserve_pages, reserve - 1);
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, pages_held(), reserve);
}

/* Page by page it would take too long: the end of it, again and again. */
static void a_long_run_leaves_in_turns_without_sleep(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	unsigned int n = ARENA_PAGES - 1, turn;

	run_take(test, 1, 1);
	WRITE_ONCE(galloc_reserve_pages, 0);
	for (; n; n -= turn) {
		KUNIT_EXPECT_TRUE(test, run_is(block, 1, n));
		turn = min(n, (unsigned int)RELEASE_TURN);
		KUNIT_ASSERT_EQ(test, release_runs(ULONG_MAX, false), turn);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
	KUNIT_EXPECT_EQ(test, release_runs(ULONG_MAX, false), 0);
}

/* A node's descriptors that are not used, and those that are left in pages of others. */
static struct mspan *stock, *small;

/* There are a long run and no descriptor, at the limit.  Returns the heap of the node. */
static struct mheap *use_up_descriptors(struct kunit *test)
{
	unsigned long flags;
	unsigned int kind;
	struct mheap *h;
	struct mspan *s;

	run_fresh_block(test);
	run_take(test, 1, 1);
	WRITE_ONCE(galloc_reserve_pages, 0);
	h = mheap_of(gk_nid());
	galloc_lock(&h->lock, flags);
	for (kind = 0; kind < MSPAN_KINDS; kind++)
		while (h->nr_spare[kind]) {
			s = run_spare_pop(h, kind);
			s->next = stock;
			stock = s;
		}
	galloc_unlock(&h->lock, flags);
	gk_limit_to(0);
	small = gk_take_descriptors();
	return h;
}

static void give_descriptors(struct mheap *h)
{
	unsigned long flags;
	struct mspan *s;

	galloc_lock(&h->lock, flags);
	while (stock) {
		s = stock;
		stock = s->next;
		run_spare_push(h, s);
	}
	galloc_unlock(&h->lock, flags);
	gk_give_descriptors(small);
}

/* Free pages make room for what galloc needs beside them. */
static void who_cannot_sleep_gets_a_descriptor(struct kunit *test)
{
	struct mheap *h = use_up_descriptors(test);
	unsigned long had = pages_held();
	void *p = galloc_any(GALLOC_MAX_SMALL + 1, GFP_ATOMIC | __GFP_NOWARN);

	KUNIT_EXPECT_NOT_NULL(test, p);
	KUNIT_EXPECT_LT(test, pages_held(), had);
	gfree(p);
	give_descriptors(h);
}

/* Where interrupts are off the worker makes it. */
static void the_worker_makes_room_for_descriptors(struct kunit *test)
{
	struct mheap *h = use_up_descriptors(test);
	unsigned long flags;
	unsigned int kind;
	void *p;

	local_irq_save(flags);
	p = galloc_any(GALLOC_MAX_SMALL + 1, GFP_ATOMIC | __GFP_NOWARN);
	local_irq_restore(flags);
	KUNIT_EXPECT_NULL(test, p);
	release_turn();
	for (kind = 0; kind < MSPAN_KINDS; kind++)
		KUNIT_EXPECT_GE(test, h->nr_spare[kind], SPARES_NEEDED);
	give_descriptors(h);
}

/* What galloc asks the system for on this task. */
static struct {
	struct task_struct *who;
	gfp_t gfp;
	unsigned int n;
	unsigned int killing;
	unsigned int chunks;
	unsigned int reclaiming;
	unsigned long most_free;
} asked;

static void see_flags(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_ASK_SYSTEM || current != READ_ONCE(asked.who))
		return;
	asked.gfp = *(const gfp_t *)what;
	/* Metadata may be of any node. */
	asked.chunks += !!(asked.gfp & __GFP_THISNODE);
	asked.reclaiming += asked.gfp & __GFP_THISNODE && asked.gfp & __GFP_RECLAIM;
	if (!(asked.gfp & __GFP_DIRECT_RECLAIM))
		return;
	asked.n++;
	asked.killing += !(asked.gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL));
	asked.most_free = max(asked.most_free, mheap_free_pages());
}

/* There is nothing without reclaim. */
static bool fail_without_reclaim(unsigned int order)
{
	return current == READ_ONCE(asked.who) && !(asked.gfp & __GFP_DIRECT_RECLAIM);
}

/* Nobody has asked for that.  What is free makes room, before reclaim does. */
static void the_worker_kills_no_process_for_its_stock(struct kunit *test)
{
	struct mheap *h = use_up_descriptors(test);
	unsigned long free = mheap_free_pages();
	unsigned int n;

	memset(&asked, 0, sizeof(asked));
	asked.who = current;
	gk_unlimit(test);
	WRITE_ONCE(galloc_pause_hook, see_flags);
	WRITE_ONCE(galloc_fail_hook, fail_without_reclaim);
	release_turn();
	KUNIT_EXPECT_GT(test, asked.n, 0);
	KUNIT_EXPECT_LT(test, asked.most_free, free);
	n = asked.n;
	rows_forget_numbers();
	rows_reap();
	KUNIT_EXPECT_GT(test, asked.n, n);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_whole();
	KUNIT_EXPECT_EQ(test, asked.killing, 0);
	KUNIT_EXPECT_GE(test, h->nr_spare[0], SPARES_NEEDED);
	give_descriptors(h);
}

/* Nor for a chunk, of which it takes what there is. */
static void the_worker_fetches_what_there_is_without_reclaim(struct kunit *test)
{
	struct mheap *h = mheap_of(gk_nid());
	unsigned long had;

	gk_take_free_runs(test);
	memset(&asked, 0, sizeof(asked));
	asked.who = current;
	had = h->free_pages;
	gk_in_pieces(3);
	WRITE_ONCE(galloc_pause_hook, see_flags);
	WRITE_ONCE(h->want_chunk, true);
	release_turn();
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_whole();
	KUNIT_EXPECT_GT(test, asked.chunks, 1);
	KUNIT_EXPECT_EQ(test, asked.reclaiming, 0);
	KUNIT_EXPECT_GE(test, h->free_pages, had + 8);
}

static void no_more_is_returned_than_requested(struct kunit *test)
{
	unsigned long had, gone;
	int i;

	gk_take_free_runs(test);
	for (i = 0; i < 4; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	run_give_all(0);
	had = pages_held();
	gone = release_runs(1, true);
	KUNIT_EXPECT_EQ(test, gone, ARENA_PAGES);
	KUNIT_EXPECT_EQ(test, pages_held(), had - ARENA_PAGES);
}

static void excess_free_memory_is_returned(struct kunit *test)
{
	unsigned long max = 4 * ARENA_PAGES;
	long freed;
	int i;

	gk_take_free_runs(test);
	WRITE_ONCE(galloc_free_max_pages, max);
	freed = gk_events(EVENT_RELEASE_BLOCK);
	for (i = 0; i < 6; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	/* The worker's turns, since it does none here: it has seen that there is less. */
	release_turn();
	run_give_all(0);
	KUNIT_EXPECT_GT(test, mheap_free_pages(), max);
	/* A short swing across the mark moves nothing. */
	KUNIT_EXPECT_TRUE(test, release_turn());
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_RELEASE_BLOCK), freed);
	KUNIT_EXPECT_GT(test, mheap_free_pages(), max);
	if (gk_quick)
		return;
	gk_background();
	/* Staying above it does: down to 3/4, and not further than a block. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(mheap_free_pages() <= max / 4 * 3,
					    GK_PATIENCE_MS));
	KUNIT_EXPECT_GT(test, mheap_free_pages() + ARENA_PAGES, max / 4 * 3);
}

static void a_small_part_of_memory_may_stay_free(struct kunit *test)
{
	unsigned long held = arena_held_bytes(), part;

	WRITE_ONCE(galloc_free_max_pages, FREE_MAX_PART);
	WRITE_ONCE(galloc_reserve_pages, 0);
	WRITE_ONCE(galloc_limit_bytes, 0);
	part = release_free_max() << PAGE_SHIFT;
	KUNIT_EXPECT_GE(test, part, 256UL << 10);
	KUNIT_EXPECT_LE(test, part, (256UL << 10) + held / 32);
	/* As if galloc held much more. */
	KUNIT_ASSERT_TRUE(test, arena_charge(1L << 30));
	part = release_free_max() << PAGE_SHIFT;
	arena_uncharge(1L << 30);
	KUNIT_EXPECT_GE(test, part, (1UL << 30) / 64);
	KUNIT_EXPECT_LE(test, part, ((1UL << 30) + held) / 64);
	/* The reserve may stay free in addition. */
	part = release_free_max();
	WRITE_ONCE(galloc_reserve_pages, 1000);
	KUNIT_EXPECT_EQ(test, release_free_max(), part + 1000);
}

/* ---- the shrinker ------------------------------------------------------- */

/* As the kernel when memory is short: ask the shrinker for all it counts. */
static void shrink(struct kunit *test)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nid = gk_nid() };
	unsigned long count, n;

	count = galloc_shrinker->count_objects(galloc_shrinker, &sc);
	KUNIT_EXPECT_NE(test, count, SHRINK_EMPTY);
	while (count && count != SHRINK_EMPTY) {
		sc.nr_to_scan = min(count, 128UL);
		n = galloc_shrinker->scan_objects(galloc_shrinker, &sc);
		if (n == SHRINK_STOP)
			break;
		count -= min(n, count);
	}
}

static void the_shrinker_returns_all_but_the_reserve(struct kunit *test)
{
	unsigned long keep;
	int i;

	gk_take_free_runs(test);
	keep = pages_held() + 2 * ARENA_PAGES;
	for (i = 0; i < 8; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	run_give_all(0);
	WRITE_ONCE(galloc_reserve_pages, keep);
	KUNIT_EXPECT_EQ(test, pages_held(), keep + 6 * ARENA_PAGES);
	KUNIT_EXPECT_TRUE(test, galloc_shrinker->flags & SHRINKER_NUMA_AWARE);
	shrink(test);
	KUNIT_EXPECT_EQ(test, pages_held(), keep);
}

/* Pages of kept chunks, all nodes. */
static unsigned long kept_pages(void)
{
	unsigned long n = 0;
	int nid;

	for_each_node(nid)
		n += mheap_of(nid)->kept_pages;
	return n;
}

static void break_into_the_reserve(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_GROW_CHUNK)
		((struct chunk *)what)->reserve = true;
}

/* What leaves when it is freed is no part of it, though galloc holds it meanwhile. */
static void the_reserve_is_of_pages_that_stay(struct kunit *test)
{
	unsigned long reserve, more;
	struct mspan *s;
	void *huge[2];
	int i;

	if (GALLOC_MAX_PAGES <= ARENA_PAGES)
		kunit_skip(test, "no order above a block here");
	gk_take_free_runs(test);
	reserve = pages_held() + 2 * ARENA_PAGES;
	WRITE_ONCE(galloc_pause_hook, break_into_the_reserve);
	s = run_take(test, 5, 1);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_TRUE(test, s->reserve);
	for (i = 0; i < ARRAY_SIZE(huge); i++)
		huge[i] = galloc(ARENA_SIZE + 1, GFP_KERNEL);
	for (i = 0; i < 4; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	WRITE_ONCE(galloc_reserve_pages, reserve);
	run_give_all(1);
	release_runs(ULONG_MAX, true);
	more = s->npages + 2 * (gsize(huge[0]) >> PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, pages_held(), reserve + more);
	/* It keeps none of them, and says so. */
	run_give(s);
	for (i = 0; i < ARRAY_SIZE(huge); i++)
		gfree(huge[i]);
	worker_settle();
	KUNIT_EXPECT_GT(test, kept_pages(), 0);
	mheap_tell();
	KUNIT_EXPECT_EQ(test, gk_told_pages(), (long)kept_pages());
	shrink(test);
	KUNIT_EXPECT_EQ(test, kept_pages(), 0);
	KUNIT_EXPECT_EQ(test, gk_told_pages(), 0);
	KUNIT_EXPECT_EQ(test, pages_held(), reserve);
	/* Nor is anything missing now. */
	for (i = 0; i < 3; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	run_give_all(0);
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_EQ(test, pages_held(), reserve);
}

static void the_shrinker_has_stacks_drained(struct kunit *test)
{
	const size_t size = 4096;
	struct mcache_stack *stack;
	void *objects[16];
	int i;

	if (galloc_debug)
		return;
	gk_pin(gk_cpu(0));
	gk_take_free_runs(test);
	/* The last drain answers for a tenth of a second. */
	msleep(150);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = galloc(size, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		gfree(objects[i]);
	release_runs(ULONG_MAX, true);
	stack = gk_stack(sizeclass_of(size));
	KUNIT_EXPECT_GT(test, gk_stacked(stack), 0);
	/* Without the worker, whose tick would empty an idle stack some time. */
	KUNIT_EXPECT_FALSE(test, drain_is_behind());
	shrink(test);
	KUNIT_EXPECT_TRUE(test, drain_is_behind());
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!gk_stacked(stack),
					    GK_PATIENCE_MS));
}

/* Have @n objects of 500 bytes, or free them. */
static void *wave[2000];

static void wave_rises(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wave); i++) {
		wave[i] = galloc(500, GFP_KERNEL);
		KUNIT_EXPECT_NOT_NULL(test, wave[i]);
	}
}

static void wave_falls(void)
{
	gfree_bulk(ARRAY_SIZE(wave), wave);
}

static void what_is_being_used_up_stays(struct kunit *test)
{
	unsigned long held;
	int i;

	gk_take_free_runs(test);
	WRITE_ONCE(galloc_free_max_pages, 0);
	for (i = 0; i < 4; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	release_turn();
	shrinker_wake();
	run_give_all(0);
	held = pages_held();
	/* It gets less in the time for which it had to be too much. */
	KUNIT_EXPECT_TRUE(test, release_turn());
	for (i = 0; i < 2; i++)
		run_take(test, ARENA_PAGES, ARENA_PAGES);
	msleep(300);
	KUNIT_EXPECT_TRUE(test, release_turn());
	KUNIT_EXPECT_EQ(test, pages_held(), held);
	run_give_all(0);
	/* What cannot leave is not looked at for ever. */
	WRITE_ONCE(galloc_reserve_pages, LONG_MAX);
	release_turn();
	msleep(300);
	KUNIT_EXPECT_FALSE(test, release_turn());
	WRITE_ONCE(galloc_reserve_pages, 0);
	KUNIT_EXPECT_EQ(test, release_unused(1, 1), 1);
	KUNIT_EXPECT_EQ(test, release_unused(70, 100), 70);
	KUNIT_EXPECT_EQ(test, release_unused(100, 95), 95 - 80);
	KUNIT_EXPECT_EQ(test, release_unused(100, 94), 0);
}

/* As inodes do, which their file system frees through RCU. */
static void memory_freed_soon_after_reclaim_is_returned(struct kunit *test)
{
	unsigned int class = sizeclass_of(500);
	long before;
	int i, cpu;

	WRITE_ONCE(galloc_reserve_pages, 0);
	gk_give_back();
	before = arena_held_bytes();
	wave_rises(test);
	wave_falls();
	KUNIT_EXPECT_GT(test, arena_held_bytes(), before + 500000);
	gk_background();
	/* The first look sees a class in use; the others see that it no longer is. */
	for (i = 0; i < 4; i++) {
		shrinker_wake();
		for_each_online_cpu(cpu)
			flush_work(&per_cpu(galloc_mcache, cpu).work);
	}
	shrinker_wake();
	KUNIT_EXPECT_LT(test, arena_held_bytes(), before + 300000);
	/* As to the last objects: none is cached where it was freed. */
	KUNIT_EXPECT_EQ(test, gk_stacked(gk_stack(class)), 0);
	KUNIT_EXPECT_FALSE(test, transfer_holds(mcentral_row(gk_nid(), class)));
}

/* Spans of one page each; freeing every second one leaves as many runs. */
static void unused_descriptors_are_freed_after_a_release(struct kunit *test)
{
	struct mheap *h = mheap_of(gk_nid());
	unsigned int i, n;

	WRITE_ONCE(galloc_reserve_pages, 0);
	for (n = 0; n < ARRAY_SIZE(wave); n++) {
		wave[n] = galloc(4096, GFP_KERNEL);
		if (!wave[n])
			break;
	}
	for (i = 0; i < n; i += 2)
		gfree(wave[i]);
	drain_cpus();
	for (i = 1; i < n; i += 2)
		gfree(wave[i]);
	drain_cpus();
	KUNIT_EXPECT_GT(test, h->nr_spare[0], 500);
	release_runs(ULONG_MAX, true);
	KUNIT_EXPECT_LE(test, h->nr_spare[0], 128);
	KUNIT_EXPECT_LE(test, h->spare_bytes, 64U << 10);
}

static void memory_freed_after_reclaim_is_returned(struct kunit *test)
{
	gk_quiet();
	gk_background();
	WRITE_ONCE(galloc_reserve_pages, 0);
	/* While it runs it is not pending. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({
		wave_rises(test);
		wave_falls();
		shrink(test);
		worker_pending(WORKER_WAKE);
	}), GK_PATIENCE_MS));
}

/* Memory comes after a look that found none. */
static void a_wave(struct kunit *test)
{
	wave_rises(test);
	release_runs(ULONG_MAX, true);
	shrinker_wake();
	wave_falls();
	drain_cpus();
}

/* What RCU frees later than that, and then it ends. */
static void a_late_wave_is_followed(struct kunit *test)
{
	WRITE_ONCE(galloc_reserve_pages, 0);
	a_wave(test);
	shrink(test);
	/* What has become free until now is followed, too. */
	KUNIT_ASSERT_TRUE(test, gk_wait_for(!shrinker_wake(), GK_PATIENCE_MS));
	a_wave(test);
	KUNIT_EXPECT_TRUE(test, shrinker_wake());
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!shrinker_wake(), GK_PATIENCE_MS));
	/* Not without end, though there is always more. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({ a_wave(test); !shrinker_wake(); }),
					    GK_PATIENCE_MS / 2));
}

/* Each of its free runs may be in the way of a long one. */
static void all_is_returned_for_a_long_run(struct kunit *test)
{
	static const unsigned long pages[] = { 1, 8, 9, 256 };
	unsigned int i, n;

	WRITE_ONCE(galloc_reserve_pages, 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		for (n = 0; n < 3 * ARENA_PAGES; n++)
			wave[n] = galloc(4096, GFP_KERNEL);
		gfree_bulk(n, wave);
		drain_cpus();
		KUNIT_ASSERT_GT(test, mheap_free_pages(), 2 * ARENA_PAGES);
		relief_return(GFP_KERNEL, pages[i]);
		KUNIT_EXPECT_EQ(test, !mheap_free_pages(), pages[i] > 8);
	}
}

static void memory_is_returned_before_an_oom_kill(struct kunit *test)
{
	WRITE_ONCE(galloc_reserve_pages, 0);
	gk_give_back();
	KUNIT_EXPECT_EQ(test, shrinker_oom(), 0);
	wave_rises(test);
	wave_falls();
	gk_listen(test);
	KUNIT_EXPECT_GT(test, shrinker_oom(), 100);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "galloc: out of memory: "), 1);
	wave_rises(test);
	KUNIT_EXPECT_LT(test, shrinker_oom(), 100);
	wave_falls();
}

/* A request that no pages help must not be repeated for ever. */
static void no_process_is_spared_without_end(struct kunit *test)
{
	unsigned int i;

	WRITE_ONCE(galloc_reserve_pages, 0);
	gk_give_back();
	for (i = 0; i < 100; i++) {
		wave_rises(test);
		wave_falls();
		if (!shrinker_oom())
			break;
	}
	KUNIT_EXPECT_GT(test, i, 8);
	KUNIT_EXPECT_LT(test, i, 100);
	KUNIT_EXPECT_EQ(test, mheap_free_pages(), 0);
	/* One was enough, for now. */
	wave_rises(test);
	wave_falls();
	KUNIT_EXPECT_GT(test, shrinker_oom(), 0);
}

/* ---- a run on its way --------------------------------------------------- */

static unsigned long leaving;
static bool leaving_was_taken;

static void take_while_leaving(enum galloc_pause point, const void *what)
{
	struct mspan *s;

	if (point != PAUSE_RELEASE_TAKEN)
		return;
	WRITE_ONCE(galloc_pause_hook, NULL);
	leaving = (unsigned long)what;
	s = run_try(ARENA_PAGES, ARENA_PAGES, GFP_NOWAIT | __GFP_NOWARN);
	leaving_was_taken = s && s->start == leaving;
}

static void a_run_being_released_is_on_no_list(struct kunit *test)
{
	struct mspan copy;

	gk_take_free_runs(test);
	run_give(run_take(test, ARENA_PAGES, ARENA_PAGES));
	WRITE_ONCE(galloc_reserve_pages, 0);
	leaving = 0;
	WRITE_ONCE(galloc_pause_hook, take_while_leaving);
	KUNIT_EXPECT_EQ(test, release_runs(1, true), ARENA_PAGES);
	KUNIT_ASSERT_NE(test, leaving, 0);
	KUNIT_EXPECT_FALSE(test, leaving_was_taken);
	KUNIT_EXPECT_FALSE(test, map_span_around((void *)leaving, &copy));
}

#ifdef CONFIG_MEM_ALLOC_PROFILING
/* Where each page has a tag a block goes page by page, so in turns where nobody may sleep. */
static void a_block_of_tagged_pages_goes_in_turns(struct kunit *test)
{
	unsigned long had, gone;

	if (!pages_leave_singly())
		kunit_skip(test, "pages have no tags");
	run_fresh_block(test);
	WRITE_ONCE(galloc_reserve_pages, 0);
	had = pages_held();
	KUNIT_EXPECT_EQ(test, release_runs(1, false), RELEASE_TURN);
	gone = RELEASE_TURN + release_runs(1, true);
	KUNIT_EXPECT_EQ(test, gone, ARENA_PAGES);
	KUNIT_EXPECT_EQ(test, pages_held(), had - gone);
}
#endif

static struct kunit_case cases[] = {
	KUNIT_CASE(empty_blocks_are_returned_whole),
	KUNIT_CASE(a_reserve_beyond_available_memory_is_refused),
	KUNIT_CASE(a_reserve_beyond_what_is_not_movable_is_refused),
	KUNIT_CASE(a_block_in_use_returns_its_free_pages),
	KUNIT_CASE(the_reserve_stays),
	KUNIT_CASE(a_long_run_leaves_in_turns_without_sleep),
	KUNIT_CASE(who_cannot_sleep_gets_a_descriptor),
	KUNIT_CASE(the_worker_makes_room_for_descriptors),
	KUNIT_CASE(the_worker_kills_no_process_for_its_stock),
	KUNIT_CASE(the_worker_fetches_what_there_is_without_reclaim),
	KUNIT_CASE(no_more_is_returned_than_requested),
	KUNIT_CASE(excess_free_memory_is_returned),
	KUNIT_CASE(what_is_being_used_up_stays),
	KUNIT_CASE(a_small_part_of_memory_may_stay_free),
	KUNIT_CASE(the_shrinker_returns_all_but_the_reserve),
	KUNIT_CASE(the_reserve_is_of_pages_that_stay),
	KUNIT_CASE(the_shrinker_has_stacks_drained),
	KUNIT_CASE(memory_freed_soon_after_reclaim_is_returned),
	KUNIT_CASE(unused_descriptors_are_freed_after_a_release),
	KUNIT_CASE(memory_freed_after_reclaim_is_returned),
	KUNIT_CASE(a_late_wave_is_followed),
	KUNIT_CASE(all_is_returned_for_a_long_run),
	KUNIT_CASE(memory_is_returned_before_an_oom_kill),
	KUNIT_CASE(no_process_is_spared_without_end),
	KUNIT_CASE(a_run_being_released_is_on_no_list),
#ifdef CONFIG_MEM_ALLOC_PROFILING
	KUNIT_CASE(a_block_of_tagged_pages_goes_in_turns),
#endif
	{}
};

GK_SUITE(release, gk_init, run_exit);
