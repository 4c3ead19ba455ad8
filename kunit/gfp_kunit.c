// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the effect of each allocation flag and each context, as in the table of
 * include/galloc.h.
 *
 * Cases do not rely on warnings that appear once per load; they check what
 * the caller gets.
 */
#include "helpers.h"

#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>

#include "twin.h"

/* One of each kind: small, several classes, whole pages, above a block. */
static const size_t sizes[] = {
	1, 8, 9, 24, 64, 100, 1000, 1024, 2560, 4096, 5000, 8192, 20000,
	GALLOC_MAX_SMALL, GALLOC_MAX_SMALL + 1, 100000, 1 << 20,
	(2 << 20) + 1, 4 << 20
};

/*
 * Is it the system that has no piece so long?  Without reclaim it may have none, however much
 * is free.  Asked in the same context as galloc has asked: never for pages that can move.
 */
static bool is_excused(size_t size, gfp_t gfp)
{
	unsigned int order = get_order(size);

	gfp &= ~(__GFP_MOVABLE | __GFP_RECLAIMABLE);
	return order > PAGE_ALLOC_COSTLY_ORDER && !gk_system_has(order, gfp);
}

/* ---- flags -------------------------------------------------------------- */

static void zone_flags_are_refused(struct kunit *test)
{
	static const gfp_t zones[] = {
		__GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM, __GFP_DMA | __GFP_ZERO,
		__GFP_HIGHMEM | __GFP_NOWARN
	};
	u8 *p = galloc(64, GFP_KERNEL);
	void *bulk[3];
	int i, j;

	KUNIT_ASSERT_NOT_NULL(test, p);
	/* The stack has an object, but not for these requests. */
	gfree(galloc(64, GFP_KERNEL));
	twin_fill(p, 64, 1);
	gk_expect_warning(test, "galloc: zone flags are not supported");
	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		gfp_t gfp = GFP_KERNEL | zones[i];

		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			KUNIT_EXPECT_NULL(test, galloc(sizes[j], gfp));
			KUNIT_EXPECT_NULL(test, galloc_node(sizes[j], gfp, gk_nid()));
			KUNIT_EXPECT_NULL(test, galloc_aligned(sizes[j], 64, gfp));
			KUNIT_EXPECT_EQ(test, galloc_bulk(sizes[j], gfp, 3, bulk), 0);
		}
		KUNIT_EXPECT_NULL(test, galloc(64, gfp));
		KUNIT_EXPECT_NULL(test, gzalloc(64, gfp));
		KUNIT_EXPECT_NULL(test, gcalloc(8, 8, gfp));
		KUNIT_EXPECT_NULL(test, grealloc(NULL, 64, gfp));
		KUNIT_EXPECT_NULL(test, grealloc(p, 1000, gfp));
	}
	KUNIT_EXPECT_TRUE(test, twin_intact(p, 64, 1));
	gfree(p);
}

static void flags_that_change_nothing_are_accepted(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_NOWAIT, GFP_ATOMIC, GFP_NOFS, GFP_NOIO,
		GFP_KERNEL_ACCOUNT, GFP_KERNEL | __GFP_THISNODE,
		GFP_KERNEL | __GFP_NOWARN, GFP_KERNEL | __GFP_NORETRY,
		GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_KERNEL | __GFP_COMP,
		GFP_KERNEL | __GFP_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE,
		GFP_KERNEL | __GFP_HARDWALL, GFP_KERNEL | __GFP_WRITE,
		GFP_USER, GFP_KERNEL | __GFP_NOMEMALLOC,
		GFP_KERNEL | __GFP_MEMALLOC,
	};
	int i, j;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			u8 *p;

			/* kmemleak registers each of a thousand pages. */
			if (gk_slow() && sizes[j] > 1 << 20 && i % 6)
				continue;
			/* Cold: flags that reach the page allocator. */
			if (gk_slow() ? j == i % ARRAY_SIZE(sizes) : j % 5 == 0)
				gk_give_back();
			p = galloc(sizes[j], flags[i]);
			if (!p && is_excused(sizes[j], flags[i]))
				continue;
			KUNIT_EXPECT_NOT_NULL_MSG(test, p, "%zu bytes, flags %d",
						  sizes[j], i);
			KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(sizes[j]));
			gfree(p);
		}
	}
}

static void nofail_is_served_where_possible(struct kunit *test)
{
	static const size_t served[] = {
		8, 64, 4096, 32768, 8 * PAGE_SIZE, 100000, 1 << 20, 4 << 20
	};
	gfp_t nofail = GFP_KERNEL | __GFP_NOFAIL;
	int i;

	for (i = 0; i < ARRAY_SIZE(served); i++) {
		void *p = galloc(served[i], nofail);

		KUNIT_EXPECT_NOT_NULL(test, p);
		gfree(p);
		p = galloc_node(served[i], nofail, gk_nid());
		KUNIT_EXPECT_NOT_NULL(test, p);
		gfree(p);
		p = gzalloc(served[i], nofail);
		KUNIT_EXPECT_TRUE(test, p && twin_all_zero(p, gsize(p)));
		gfree(p);
	}
	gk_expect_warning(test, "galloc: __GFP_NOFAIL without");
	KUNIT_EXPECT_NULL(test, galloc(64, GFP_ATOMIC | __GFP_NOFAIL));
	KUNIT_EXPECT_NULL(test, galloc(64, GFP_NOWAIT | __GFP_NOFAIL));
	KUNIT_EXPECT_NULL(test, galloc(40000, GFP_NOWAIT | __GFP_NOFAIL));
}

struct patient {
	size_t size;
	void *p;
	struct galloc_heap *heaps[4];
	unsigned int served;
};

static void wait_for_memory(void *arg)
{
	struct patient *who = arg;

	WRITE_ONCE(who->p, galloc(who->size, GFP_KERNEL | __GFP_NOFAIL));
}

static bool fail_all(unsigned int order)
{
	return true;
}

GK_SIZES(waiting, 64, 6912, 33000, 1 << 20);

static void nofail_waits_until_there_is_memory(struct kunit *test)
{
	size_t size = gk_size(test);
	struct patient *who = kunit_kzalloc(test, sizeof(*who), GFP_KERNEL);
	long failed = gk_events(EVENT_ALLOC_FAILED);
	struct gk_thread *t;

	KUNIT_ASSERT_NOT_NULL(test, who);
	who->size = size;
	gk_take_free_runs(test);
	WRITE_ONCE(galloc_fail_hook, fail_all);
	t = gk_start(test, gk_cpu(1), wait_for_memory, who);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(gk_events(EVENT_ALLOC_FAILED) >
					    failed, GK_PATIENCE_MS));
	KUNIT_EXPECT_NULL(test, READ_ONCE(who->p));
	WRITE_ONCE(galloc_fail_hook, NULL);
	gk_join(test, t);
	KUNIT_EXPECT_NOT_NULL(test, who->p);
	gfree(who->p);
	gk_feed();
}

GK_SIZES(beyond, 8, 64, 1024, 6912, 32768, 100000, 1 << 20);

/* Requests that must not fail exceed the limit, all others are refused there. */
static void nofail_exceeds_the_limit(struct kunit *test)
{
	size_t size = gk_size(test);
	struct patient *who = kunit_kzalloc(test, sizeof(*who), GFP_KERNEL);
	long over = gk_events(EVENT_OVER_LIMIT);
	struct gk_thread *t;

	KUNIT_ASSERT_NOT_NULL(test, who);
	who->size = size;
	gk_starve(test);
	KUNIT_EXPECT_NULL(test, galloc(size, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_OVER_LIMIT), over);
	t = gk_start(test, gk_cpu(1), wait_for_memory, who);
	KUNIT_EXPECT_TRUE_MSG(test, gk_wait_for(READ_ONCE(who->p),
						GK_PATIENCE_MS),
			      "%zu bytes", size);
	KUNIT_EXPECT_GT(test, gk_events(EVENT_OVER_LIMIT), over);
	KUNIT_EXPECT_GT(test, arena_held_bytes(), galloc_limit_bytes);
	gk_feed();
	gk_unlimit(test);
	gk_join(test, t);
	KUNIT_EXPECT_NOT_NULL(test, who->p);
	gfree(who->p);
}

/* So do the numbers of rows: of these heaps there are more than are in stock. */
static void first_uses(void *arg)
{
	struct patient *who = arg;
	unsigned int h, class;

	for (h = 0; h < ARRAY_SIZE(who->heaps); h++)
		for (class = 1; class < GALLOC_NR_CLASSES; class++) {
			gfree(galloc_from(who->heaps[h], sizeclasses[class].size,
					  GFP_KERNEL | __GFP_NOFAIL));
			WRITE_ONCE(who->served, who->served + 1);
		}
}

static void nofail_gets_a_row_at_the_limit(struct kunit *test)
{
	struct patient *who = kunit_kzalloc(test, sizeof(*who), GFP_KERNEL);
	struct gk_thread *t;
	unsigned int h;

	KUNIT_ASSERT_NOT_NULL(test, who);
	for (h = 0; h < ARRAY_SIZE(who->heaps); h++) {
		who->heaps[h] = galloc_heap_create("kunit", NULL);
		KUNIT_ASSERT_NOT_NULL(test, who->heaps[h]);
	}
	gk_limit_to(0);
	t = gk_start(test, gk_cpu(1), first_uses, who);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(who->served) == ARRAY_SIZE(who->heaps) *
					    (GALLOC_NR_CLASSES - 1), GK_PATIENCE_MS));
	gk_unlimit(test);
	gk_join(test, t);
	for (h = 0; h < ARRAY_SIZE(who->heaps); h++)
		galloc_heap_destroy(who->heaps[h]);
}

/* The descriptors of such a request exceed the limit, too. */
static void nofail_gets_its_descriptors_at_the_limit(struct kunit *test)
{
	struct mspan *small;
	unsigned int kind;

	gk_limit_to(0);
	small = gk_take_descriptors();
	for (kind = 0; kind < MSPAN_KINDS; kind++) {
		struct mspan *s = mspan_new(kind, GFP_KERNEL | __GFP_NOWARN);

		KUNIT_EXPECT_NULL(test, s);
		s = mspan_new(kind, GFP_KERNEL | __GFP_NOFAIL);
		KUNIT_EXPECT_NOT_NULL(test, s);
		if (s)
			mspan_delete(s);
	}
	gk_give_descriptors(small);
}

/* ---- what the system is asked for ------------------------------------------------- */

/* Requests for pages, all of which fail. */
static struct {
	const gfp_t *now;
	unsigned int n;
	struct {
		unsigned int order;
		gfp_t gfp;
	} asked[64];
} requests;

static void note_flags(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_ASK_SYSTEM)
		requests.now = what;
}

static bool note_and_fail(unsigned int order)
{
	/* What is no chunk has not said its flags. */
	if (requests.now && requests.n < ARRAY_SIZE(requests.asked)) {
		requests.asked[requests.n].order = order;
		requests.asked[requests.n++].gfp = *requests.now;
	}
	requests.now = NULL;
	return true;
}

static void ask_in_vain(struct kunit *test, size_t size, gfp_t gfp)
{
	memset(&requests, 0, sizeof(requests));
	WRITE_ONCE(galloc_pause_hook, note_flags);
	WRITE_ONCE(galloc_fail_hook, note_and_fail);
	KUNIT_EXPECT_NULL(test, galloc(size, gfp));
	WRITE_ONCE(galloc_pause_hook, NULL);
	/* What was not to be had a moment ago is asked for again. */
	gk_whole();
	msleep(20);
}

/* A node that is used up gets pages again if kswapd hears of it, as kmalloc() has it. */
static void kswapd_is_woken_for_what_is_needed(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, GFP_ATOMIC | __GFP_NOWARN,
		GFP_NOWAIT | __GFP_NOWARN, GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
		__GFP_HIGH | __GFP_NOWARN,
	};
	static const size_t some[] = { 64, 1408, 4096, 6912 };
	unsigned int f, i, j, woken;

	gk_pin(gk_cpu(0));
	for (f = 0; f < ARRAY_SIZE(flags); f++) {
		for (i = 0; i < ARRAY_SIZE(some); i++) {
			gk_take_free_runs(test);
			ask_in_vain(test, some[i], flags[f]);
			for (j = woken = 0; j < requests.n; j++) {
				gfp_t gfp = requests.asked[j].gfp;

				/* For itself, of the own node only, it costs nothing. */
				woken += (gfp & __GFP_THISNODE) && (gfp & __GFP_KSWAPD_RECLAIM);
				if (gfp & __GFP_THISNODE)
					KUNIT_EXPECT_FALSE(test, gfp & __GFP_DIRECT_RECLAIM);
				if (requests.asked[j].order > get_order(some[i]))
					KUNIT_EXPECT_FALSE(test, gfp & __GFP_RECLAIM);
			}
			KUNIT_EXPECT_EQ_MSG(test, !!woken, !!(flags[f] & __GFP_KSWAPD_RECLAIM),
					    "size %zu, flags %u", some[i], f);
			gk_feed();
		}
	}
}

/*
 * Without __GFP_NOFAIL, and without a flag that lets it give up, the page allocator may never
 * return, or has one process killed after the other.
 */
static struct {
	struct task_struct *who;
	unsigned int n, endless;
} nofail_asks;

static void count_endless(enum galloc_pause point, const void *what)
{
	gfp_t gfp;

	if (point != PAUSE_ASK_SYSTEM || READ_ONCE(nofail_asks.who) != current)
		return;
	gfp = *(const gfp_t *)what;
	if (!(gfp & __GFP_DIRECT_RECLAIM))
		return;
	nofail_asks.endless += !(gfp & (__GFP_NOFAIL | __GFP_RETRY_MAYFAIL | __GFP_NORETRY));
	WRITE_ONCE(nofail_asks.n, nofail_asks.n + 1);
}

static void wait_and_be_counted(void *arg)
{
	WRITE_ONCE(nofail_asks.who, current);
	wait_for_memory(arg);
	WRITE_ONCE(nofail_asks.who, NULL);
}

static void the_first_try_of_nofail_ends(struct kunit *test)
{
	size_t size = gk_size(test);
	struct patient *who = kunit_kzalloc(test, sizeof(*who), GFP_KERNEL);
	struct gk_thread *t;

	KUNIT_ASSERT_NOT_NULL(test, who);
	who->size = size;
	memset(&nofail_asks, 0, sizeof(nofail_asks));
	gk_take_free_runs(test);
	WRITE_ONCE(galloc_pause_hook, count_endless);
	WRITE_ONCE(galloc_fail_hook, fail_all);
	t = gk_start(test, gk_cpu(1), wait_and_be_counted, who);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(nofail_asks.n) > 4, GK_PATIENCE_MS));
	WRITE_ONCE(galloc_fail_hook, NULL);
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, nofail_asks.endless, 0);
	KUNIT_EXPECT_NOT_NULL(test, who->p);
	gfree(who->p);
	gk_feed();
}

/* Of the task that asks: the worker fetches descriptors, too. */
static void note_my_flags(enum galloc_pause point, const void *what)
{
	if (READ_ONCE(nofail_asks.who) == current)
		note_flags(point, what);
}

/* All is served but single pages for who does not sleep: so descriptors are not in stock. */
static bool note_and_serve(unsigned int order)
{
	bool fails;

	if (READ_ONCE(nofail_asks.who) != current)
		return false;
	fails = !order && requests.now && !(*requests.now & __GFP_DIRECT_RECLAIM);
	note_and_fail(order);
	return fails;
}

/* Sleeping requests for single pages, which are for metadata, and those that may kill. */
static unsigned int metadata_asks(unsigned int *kill)
{
	unsigned int i, n = 0;

	for (i = 0; i < requests.n; i++) {
		gfp_t gfp = requests.asked[i].gfp;

		if (requests.asked[i].order || !(gfp & __GFP_DIRECT_RECLAIM))
			continue;
		n++;
		*kill += !(gfp & (__GFP_RETRY_MAYFAIL | __GFP_NORETRY));
	}
	return n;
}

/* Nobody is killed for metadata where nobody would be for the pages: a costly order. */
static void metadata_kills_nobody_whom_pages_do_not(struct kunit *test)
{
	unsigned int kill = 0, asks = 0, n = 0;
	void **p, **chain = NULL;

	WRITE_ONCE(galloc_limit_bytes, 0);
	WRITE_ONCE(nofail_asks.who, current);
	WRITE_ONCE(galloc_pause_hook, note_my_flags);
	WRITE_ONCE(galloc_fail_hook, note_and_serve);
	/* Until no descriptor is in stock. */
	while (asks < 2) {
		memset(&requests, 0, sizeof(requests));
		p = galloc(33000, GFP_KERNEL | __GFP_NOWARN);
		if (!p)
			break;
		*p = chain;
		chain = p;
		n++;
		asks += metadata_asks(&kill);
	}
	WRITE_ONCE(galloc_fail_hook, NULL);
	WRITE_ONCE(galloc_pause_hook, NULL);
	WRITE_ONCE(nofail_asks.who, NULL);
	KUNIT_EXPECT_GE_MSG(test, asks, 2, "%u objects", n);
	KUNIT_EXPECT_EQ(test, kill, 0);
	while (chain) {
		p = *chain;
		gfree(chain);
		chain = p;
	}
	gk_unlimit(test);
}

/* All flags of what the system is asked for, and those of requests that may reclaim. */
static gfp_t all_asked;
static unsigned int may_reclaim;

static void gather_flags(enum galloc_pause point, const void *what)
{
	gfp_t gfp = point == PAUSE_ASK_SYSTEM ? *(const gfp_t *)what : 0;

	all_asked |= gfp;
	may_reclaim += !!(gfp & __GFP_DIRECT_RECLAIM);
}

/* The rows of a heap have numbers, for which the system is asked, too. */
static void the_flags_hold_for_rows_that_are_made(struct kunit *test)
{
	static const size_t some[] = { 64, 640, 6400 };
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	all_asked = 0;
	may_reclaim = 0;
	WRITE_ONCE(galloc_pause_hook, gather_flags);
	for (i = 0; i < ARRAY_SIZE(some); i++)
		gfree(galloc_from(heap, some[i], GFP_NOFS));
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_GT(test, may_reclaim, 0);
	KUNIT_EXPECT_FALSE(test, all_asked & __GFP_FS);
	galloc_heap_destroy(heap);
}

static void without_memory_the_answer_is_null(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL | __GFP_NOWARN, GFP_NOWAIT | __GFP_NOWARN,
		GFP_ATOMIC | __GFP_NOWARN, GFP_NOFS | __GFP_NOWARN,
		GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
		GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN,
	};
	long failed = gk_events(EVENT_ALLOC_FAILED);
	void *bulk[2];
	int i, j;

	gk_starve(test);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			KUNIT_EXPECT_NULL(test, galloc(sizes[j], flags[i]));
			KUNIT_EXPECT_NULL(test, galloc_node(sizes[j], flags[i],
							    gk_nid()));
			KUNIT_EXPECT_NULL(test, galloc_aligned(sizes[j], 16,
							       flags[i]));
			KUNIT_EXPECT_EQ(test, galloc_bulk(sizes[j], flags[i], 2,
							  bulk), 0);
		}
	}
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_ALLOC_FAILED) - failed,
			(long)(4 * ARRAY_SIZE(flags) * ARRAY_SIZE(sizes)));
}

/* Memory cached for another size is released when memory is short. */
static void caches_are_released_under_pressure(struct kunit *test)
{
	void *keep, *p[32];
	int i;

	gk_pin(gk_cpu(0));
	gk_take_free_runs(test);
	keep = galloc(8, GFP_KERNEL);
	for (i = 0; i < 10; i++)
		gfree_bulk(galloc_bulk(1024, GFP_KERNEL, 32, p), p);
	/* Now the only free memory is objects of 1024 bytes on the stack. */
	gk_soak(test);
	gk_limit_to(0);
	p[0] = galloc(512, GFP_KERNEL | __GFP_NOWARN);
	/* In debug mode there are no stacks. */
	KUNIT_EXPECT_EQ(test, !p[0], galloc_debug);
	gfree(p[0]);
	gfree(keep);
}

/* ---- contexts ----------------------------------------------------------- */

/* One of each, in atomic context.  Returns the number of failures. */
static unsigned int serve_all(gfp_t gfp)
{
	unsigned int i, failed = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = galloc(sizes[i], gfp);

		if (!p) {
			failed += !is_excused(sizes[i], gfp);
			continue;
		}
		p[0] = 1;
		p[sizes[i] - 1] = 1;
		gfree(p);
	}
	return failed;
}

static void interrupts_may_be_off(struct kunit *test)
{
	unsigned long flags;
	unsigned int failed;

	if (!may_grow())
		kunit_skip(test, "no page may be allocated there");
	gk_give_back();
	local_irq_save(flags);
	failed = serve_all(GFP_ATOMIC);
	failed += serve_all(GFP_NOWAIT);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, failed, 0);
}

static void a_spinlock_may_be_held(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	unsigned int failed;

	gk_give_back();
	spin_lock(&lock);
	failed = serve_all(GFP_ATOMIC);
	spin_unlock(&lock);
	local_bh_disable();
	failed += serve_all(GFP_ATOMIC);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, failed, 0);
}

/* Lockdep must not be told of the reclaim that the caller knows to do no harm. */
static void nolockdep_is_honoured(struct kunit *test)
{
	static DEFINE_MUTEX(lock);
	unsigned int failed;

	fs_reclaim_acquire(GFP_KERNEL);
	mutex_lock(&lock);
	mutex_unlock(&lock);
	fs_reclaim_release(GFP_KERNEL);
	gk_give_back();
	mutex_lock(&lock);
	failed = serve_all(GFP_KERNEL | __GFP_NOLOCKDEP);
	mutex_unlock(&lock);
	KUNIT_EXPECT_EQ(test, failed, 0);
}

static void memalloc_scopes_are_honoured(struct kunit *test)
{
	unsigned int scope, failed = 0;

	gk_give_back();
	scope = memalloc_nofs_save();
	failed += serve_all(GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, current->flags & PF_MEMALLOC_NOFS);
	memalloc_nofs_restore(scope);
	gk_give_back();
	scope = memalloc_noio_save();
	failed += serve_all(GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, current->flags & PF_MEMALLOC_NOIO);
	memalloc_noio_restore(scope);
	gk_give_back();
	scope = memalloc_noreclaim_save();
	failed += serve_all(GFP_KERNEL);
	memalloc_noreclaim_restore(scope);
	KUNIT_EXPECT_EQ(test, failed, 0);
}

/* Reclaim may hold what the map's growth waits for, and the task what reclaim waits for. */
static void the_map_does_not_grow_in_a_memalloc_scope(struct kunit *test)
{
	unsigned long nr = map_nr_slots();
	struct page *page = pfn_to_page(PHYS_PFN(__pa(arena_map->base)) + (nr << ARENA_ORDER));
	unsigned int scope;

	scope = memalloc_nofs_save();
	KUNIT_EXPECT_FALSE(test, map_covers(page, 1, GFP_KERNEL));
	memalloc_nofs_restore(scope);
	scope = memalloc_noio_save();
	KUNIT_EXPECT_FALSE(test, map_covers(page, 1, GFP_KERNEL));
	memalloc_noio_restore(scope);
	KUNIT_EXPECT_EQ(test, map_nr_slots(), nr);
	KUNIT_EXPECT_TRUE(test, map_covers(page, 1, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, map_nr_slots(), nr + 1);
	/* What the first two have left to the worker is done. */
	map_catch_up();
	KUNIT_EXPECT_EQ(test, map_nr_slots(), nr + 1);
}

static struct {
	struct irq_work irq_work;
	struct tasklet_struct tasklet;
	atomic_t done;
} visit;

/* Allocate and free an object, in any context. */
static void visit_once(void)
{
	void *p = galloc(64, GFP_ATOMIC);

	gfree(p);
	atomic_add(p ? 1 : 100, &visit.done);
}

static void visit_in_hardirq(struct irq_work *work)
{
	visit_once();
}

static void visit_in_softirq(struct tasklet_struct *t)
{
	visit_once();
}

static void calls_that_find_the_stacks_busy_are_served_and_counted(struct kunit *test)
{
	long hard = gk_events(EVENT_BUSY_HARDIRQ);
	long soft = gk_events(EVENT_BUSY_SOFTIRQ);
	long task = gk_events(EVENT_BUSY_TASK);
	bool in_hardirq, in_softirq;

	gfree(galloc(64, GFP_KERNEL));
	init_irq_work(&visit.irq_work, visit_in_hardirq);
	tasklet_setup(&visit.tasklet, visit_in_softirq);
	atomic_set(&visit.done, 0);

	/* As if the stacks were busy. */
	preempt_disable();
	this_cpu_write(galloc_mcache.busy, 1);
	irq_work_queue(&visit.irq_work);
	in_hardirq = gk_spin_for(atomic_read(&visit.done) == 1, GK_PATIENCE_MS);
	/* At the end of the next interrupt, such as that of the clock. */
	tasklet_schedule(&visit.tasklet);
	in_softirq = gk_spin_for(atomic_read(&visit.done) == 2, GK_PATIENCE_MS);
	visit_once();
	this_cpu_write(galloc_mcache.busy, 0);
	preempt_enable();
	irq_work_sync(&visit.irq_work);
	tasklet_kill(&visit.tasklet);

	KUNIT_EXPECT_TRUE(test, in_hardirq);
	KUNIT_EXPECT_TRUE(test, in_softirq);
	KUNIT_EXPECT_EQ(test, atomic_read(&visit.done), 3);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_BUSY_HARDIRQ), hard + 2);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_BUSY_SOFTIRQ), soft + 2);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_BUSY_TASK), task + 2);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(zone_flags_are_refused),
	KUNIT_CASE(flags_that_change_nothing_are_accepted),
	KUNIT_CASE(nofail_is_served_where_possible),
	KUNIT_CASE_PARAM(nofail_waits_until_there_is_memory, waiting_gen_params),
	KUNIT_CASE_PARAM(nofail_exceeds_the_limit, beyond_gen_params),
	KUNIT_CASE(nofail_gets_its_descriptors_at_the_limit),
	KUNIT_CASE(nofail_gets_a_row_at_the_limit),
	KUNIT_CASE_PARAM(the_first_try_of_nofail_ends, waiting_gen_params),
	KUNIT_CASE(metadata_kills_nobody_whom_pages_do_not),
	KUNIT_CASE(kswapd_is_woken_for_what_is_needed),
	KUNIT_CASE(the_flags_hold_for_rows_that_are_made),
	KUNIT_CASE(without_memory_the_answer_is_null),
	KUNIT_CASE(caches_are_released_under_pressure),
	KUNIT_CASE(interrupts_may_be_off),
	KUNIT_CASE(a_spinlock_may_be_held),
	KUNIT_CASE(calls_that_find_the_stacks_busy_are_served_and_counted),
	KUNIT_CASE(nolockdep_is_honoured),
	KUNIT_CASE(memalloc_scopes_are_honoured),
	KUNIT_CASE(the_map_does_not_grow_in_a_memalloc_scope),
	{}
};

GK_SUITE(gfp, gk_init, gk_exit);
