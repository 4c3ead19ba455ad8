// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: galloc's own arrays when only single pages are available.
 *
 * Arrays above a page only serve speed: they may be smaller, or be allocated later,
 * and no request waits for them.
 */
#include "helpers.h"

#include <linux/cpuset.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/* What tools/bench/page.py says of metadata: a slot and its table, spans, a CPU's stacks. */
#if defined(CONFIG_X86_64) && !defined(__CHECKER__)
static_assert(PAGE_SIZE / (PAGE_SIZE / sizeof(struct arena)) + ARENA_SPAN_BYTES == 5461);
static_assert(sizeof(struct mspan) + sizeof(long) == 56);
static_assert(sizeof(struct mspan) + MSPAN_MAX_WORDS * sizeof(long) == 176);
static_assert(STACK_PLACES * (sizeof(struct mcache_stack) + sizeof(struct stack_rest)) == 16320);
static_assert(STACK_STRIDE * (sizeof(struct mcache_stack) + sizeof(struct stack_rest)) == 20480);
#endif

#define LOAD	1500

static void **objects;

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	if (err)
		return err;
	/* So that the CPU has stacks. */
	gfree(galloc(64, GFP_KERNEL));
	objects = kunit_kcalloc(test, LOAD, sizeof(*objects), GFP_KERNEL);
	return objects ? 0 : -ENOMEM;
}

static void exit_case(struct kunit *test)
{
	gk_whole();
	gk_exit(test);
}

/* All out, and all back.  Returns how many were refused. */
static unsigned int load(size_t size)
{
	unsigned int i, refused = 0;

	for (i = 0; i < LOAD; i++) {
		objects[i] = galloc(size, GFP_KERNEL);
		refused += !objects[i];
	}
	for (i = 0; i < LOAD; i++)
		gfree(objects[i]);
	return refused;
}

/* ---- a CPU's stacks --------------------------------------------------------------- */

/* With what flags an array of stacks was asked for where that may sleep, first of all. */
static gfp_t array_gfp;

static void see_array_gfp(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_ASK_SYSTEM && !array_gfp &&
	    raw_cpu_ptr(&galloc_mcache)->stacks == empty_stacks)
		array_gfp = *(const gfp_t *)what;
}

/* It comes in single pages at once: nobody is killed, nor reclaims and compacts, for more. */
static void expect_easy(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, array_gfp & __GFP_DIRECT_RECLAIM);
	KUNIT_EXPECT_TRUE(test, array_gfp & __GFP_NORETRY);
	KUNIT_EXPECT_FALSE(test, array_gfp & __GFP_RETRY_MAYFAIL);
}

static void a_cpu_without_memory_for_stacks_gets_them_from_its_worker(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	unsigned int i, refused = 0;
	struct mcache_stack *had;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	had = gk_take_stacks_away(test);
	gk_in_pieces(0);
	if (stacks_bytes() > PAGE_SIZE) {
		for (i = 0; i < 100; i++) {
			objects[i] = galloc(64, GFP_KERNEL);
			refused += !objects[i];
		}
		while (i)
			gfree(objects[--i]);
		KUNIT_EXPECT_EQ(test, refused, 0);
		/* The tick may have run before. */
		if (m->stacks == empty_stacks)
			KUNIT_EXPECT_TRUE(test, test_bit(0, m->wants));
	}
	/* One request was enough, and not because of the node's last failure. */
	gk_whole();
	gk_in_pieces(0);
	set_bit(0, m->wants);
	/* However slow this machine is: the next try is far away. */
	WRITE_ONCE(m->asked, jiffies + GK_PATIENCE_MS * HZ);
	gfree(galloc(64, GFP_KERNEL));
	if (m->stacks == empty_stacks)
		KUNIT_EXPECT_EQ(test, gk_pieces_asked(), 0);
	set_bit(0, m->wants);
	array_gfp = 0;
	WRITE_ONCE(galloc_pause_hook, see_array_gfp);
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
	WRITE_ONCE(galloc_pause_hook, NULL);
	if (stacks_bytes() > PAGE_SIZE)
		expect_easy(test);
	KUNIT_EXPECT_PTR_NE(test, m->stacks, empty_stacks);
	KUNIT_EXPECT_FALSE(test, test_bit(0, m->wants));
	gk_whole();
	/* And they work. */
	KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_GT(test, gk_capacity(gk_stack(sizeclass_of(64))), 0);
	gk_stacks_delete(had);
}

/* Else each slow call without memory would have the worker reclaim for them. */
static void stacks_that_are_not_to_be_had_are_not_asked_for_at_once(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	struct mcache_stack *had;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	had = gk_take_stacks_away(test);
	gk_limit_to(0);
	WRITE_ONCE(m->asked, jiffies + GK_PATIENCE_MS * HZ);
	set_bit(0, m->wants);
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
	KUNIT_EXPECT_PTR_EQ(test, m->stacks, empty_stacks);
	KUNIT_EXPECT_TRUE(test, test_bit(0, m->wants));
	gk_unlimit(test);
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
	KUNIT_EXPECT_PTR_NE(test, m->stacks, empty_stacks);
	KUNIT_EXPECT_FALSE(test, test_bit(0, m->wants));
	gk_stacks_delete(had);
}

/*
 * Nobody has heard that the CPU wants stacks: an isolated one gets no work item, and who
 * migrates may have asked for that of another CPU.
 */
static void a_cpu_that_nobody_has_heard_gets_stacks(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	struct mcache_stack *had;
	unsigned long flags;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	had = gk_take_stacks_away(test);
	/* It asks the system once at a time, and without reclaim. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({
			gk_make_room(get_order(stacks_bytes()));
			set_bit(0, m->wants);
			WRITE_ONCE(m->asked, jiffies - 10 * HZ);
			gfree(galloc(64, GFP_KERNEL));
			m->stacks != empty_stacks; }), GK_PATIENCE_MS / 2));
	gk_stacks_delete(had);

	/* Where the system may not be called, the work item is asked for once more. */
	had = gk_take_stacks_away(test);
	gk_background();
	set_bit(0, m->wants);
	WRITE_ONCE(m->asked, jiffies - 10 * HZ);
	local_irq_save(flags);
	gfree(galloc(64, GFP_NOWAIT));
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(m->stacks != empty_stacks, GK_PATIENCE_MS));
	KUNIT_EXPECT_FALSE(test, test_bit(0, m->wants));
	gk_quiet();
	gk_stacks_delete(had);
}

/* No work item comes to an isolated CPU: its calls that may sleep wait for single pages. */
static void an_isolated_cpu_gets_stacks_in_pieces(struct kunit *test)
{
	static const gfp_t gfps[] = { GFP_KERNEL, GFP_NOFS, GFP_NOIO };
	struct mcache_stack *had;
	struct mcache *m;
	unsigned int i;

	if (galloc_debug || !gk_smp() || !galloc_cpu_isolated(gk_cpu(1)) ||
	    stacks_bytes() <= PAGE_SIZE)
		kunit_skip(test, "no isolated CPU, or no stacks");
	gk_pin(gk_cpu(1));
	m = raw_cpu_ptr(&galloc_mcache);
	for (i = 0; i < ARRAY_SIZE(gfps); i++) {
		had = gk_take_stacks_away(test);
		gk_in_pieces(0);
		/* Not who cannot sleep, nor twice in a second, however slow this machine is. */
		WRITE_ONCE(m->slept, jiffies - 10 * HZ);
		gfree(galloc(64, GFP_NOWAIT));
		KUNIT_EXPECT_PTR_EQ(test, m->stacks, empty_stacks);
		WRITE_ONCE(m->slept, jiffies + GK_PATIENCE_MS * HZ);
		gfree(galloc(64, gfps[i]));
		KUNIT_EXPECT_PTR_EQ(test, m->stacks, empty_stacks);
		/* But at once, though the others have just asked for them. */
		WRITE_ONCE(m->slept, jiffies - 10 * HZ);
		array_gfp = 0;
		WRITE_ONCE(galloc_pause_hook, see_array_gfp);
		gfree(galloc(64, gfps[i]));
		WRITE_ONCE(galloc_pause_hook, NULL);
		expect_easy(test);
		/* Nor does reclaim on their behalf enter what they must not. */
		KUNIT_EXPECT_EQ(test, array_gfp & GFP_KERNEL, gfps[i] & GFP_KERNEL);
		KUNIT_EXPECT_PTR_NE(test, m->stacks, empty_stacks);
		gk_whole();
		KUNIT_EXPECT_EQ(test, load(64), 0);
		KUNIT_EXPECT_GT(test, gk_capacity(gk_stack(sizeclass_of(64))), 0);
		gk_stacks_delete(had);
	}
}

/* ---- stacks ------------------------------------------------------------------------ */

static void a_stack_falls_back_to_a_page(struct kunit *test)
{
	unsigned int page = PAGE_SIZE / sizeof(void *) - 1;
	unsigned int class = sizeclass_of(64);
	int i;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	gk_in_pieces(0);
	for (i = 0; i < 60; i++)
		KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_LE(test, gk_capacity(gk_stack(class)), page);
	/* Not the last step before it. */
	KUNIT_EXPECT_GT(test, gk_capacity(gk_stack(class)), page - page / 16);
	gk_whole();
	for (i = 0; i < 60; i++)
		KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_GT(test, gk_capacity(gk_stack(class)), page);
}

static void a_transfer_falls_back_to_a_page(struct kunit *test)
{
	struct transfer *t =
		&mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(64))]->transfer;
	unsigned int page = PAGE_SIZE / sizeof(void *);

	if (galloc_debug)
		kunit_skip(test, "nothing overflows");
	/* One of full length may be left. */
	KUNIT_ASSERT_TRUE(test, gk_wait_for(({
		drain_cpus();
		transfer_age();
		!t->stack;
	}), GK_PATIENCE_MS));
	gk_in_pieces(0);
	KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	KUNIT_EXPECT_NOT_NULL(test, t->stack);
	KUNIT_EXPECT_EQ(test, t->max, page);
	KUNIT_EXPECT_LE(test, t->n, page);
	/* It is given up as any other is, and then one of full length is made. */
	drain_cpus();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({
		transfer_age();
		!t->stack;
	}), GK_PATIENCE_MS));
	gk_whole();
	KUNIT_EXPECT_EQ(test, load(64), 0);
	KUNIT_EXPECT_GT(test, t->max, page);
}

/* ---- what they count as -------------------------------------------------------------- */

static void tables_are_charged_by_their_real_size(struct kunit *test)
{
	static const size_t sizes[] = { 1, 8, 100, 2050, 4096, 4100, 8384, 40000 };
	long meta, held;
	void *p;
	int i;

	gk_unlimit(test);
	/* Slots that have left are counted until then. */
	rcu_barrier();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		meta = arena_meta_bytes();
		held = arena_held_bytes();
		p = arena_meta_alloc(sizes[i], gk_nid());
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, arena_meta_bytes() - meta, (long)ksize(p));
		KUNIT_EXPECT_EQ(test, arena_held_bytes() - held, (long)ksize(p));
		arena_meta_free(p, sizes[i]);
		KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
		p = arena_meta_zalloc(sizes[i], gk_nid(), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, arena_meta_bytes() - meta, (long)ksize(p));
		arena_meta_free(p, sizes[i]);
		KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
		KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
	}
	/* Beyond what kmalloc() has, it is the pages of vmalloc(). */
	p = vmalloc(3 * PAGE_SIZE + 1);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, arena_meta_takes(p, 3 * PAGE_SIZE + 1), 4L * PAGE_SIZE);
	vfree(p);
}

/* As the kernel sees a table: 0 for none. */
static long takes(const void *p, size_t bytes)
{
	return !p ? 0 : is_vmalloc_addr(p) ? PAGE_ALIGN(bytes) : ksize(p);
}

static void all_tables_count(struct kunit *test)
{
	long sum = takes(arena_map, struct_size(arena_map, stacks, map_nr_slots()));
	struct galloc_totals t;
	struct arena *arena;
	unsigned long nr;
	unsigned int row;
	int nid, cpu;

	gk_give_back();
	rcu_barrier();
	sum += takes(mcentral_rows, nr_rows * sizeof(*mcentral_rows));
	for (row = 0; row < nr_rows; row++) {
		struct mcentral *c = mcentral_rows[row];

		sum += takes(c, sizeof(*c));
		if (c)
			sum += takes(c->transfer.stack, c->transfer.max * sizeof(void *));
	}
	sum += takes(empty_stacks, stacks_bytes());
	for_each_node(nid)
		sum += takes(mheap_of(nid), sizeof(struct mheap)) +
		       mheap_of(nid)->nr_spare[0] * (sizeof(struct mspan) + sizeof(long));
	for (nr = 0; nr < map_nr_slots(); nr++) {
		rcu_read_lock();
		arena = map_slot(nr);
		if (arena != &arena_none)
			sum += ksize(arena) + (arena->span ? ARENA_SPAN_BYTES : 0);
		rcu_read_unlock();
	}
	for_each_possible_cpu(cpu)
		if (mcache_is_setup(cpu))
			sum += takes(per_cpu(galloc_mcache, cpu).stacks, stacks_bytes());
	stats_totals(&t);
	/* Beside these there are descriptors, stacks, what is by node. */
	KUNIT_EXPECT_GE(test, t.meta, sum);
}

/* The slab allocator has objects as large in runs of eight pages. */
static void the_spans_of_a_slot_are_a_page_of_their_own(struct kunit *test)
{
	unsigned int slots = 0, slabs = 0;
	const struct arena *arena;
	unsigned long nr;
	void *p;

	if (ARENA_SPAN_BYTES < PAGE_SIZE)
		kunit_skip(test, "they are less than a page here");
	gk_make_room(ARENA_ORDER);
	gk_grow_by_blocks();
	gk_take_free_runs(test);
	p = galloc(64, GFP_KERNEL);
	for (nr = 0; nr < map_nr_slots(); nr++) {
		rcu_read_lock();
		arena = map_slot(nr);
		if (arena != &arena_none && !arena->lone && arena->span) {
			slots++;
			slabs += PageSlab(virt_to_head_page(arena->span));
		}
		rcu_read_unlock();
	}
	KUNIT_EXPECT_GT(test, slots, 0);
	KUNIT_EXPECT_EQ(test, slabs, 0);
	gfree(p);
}

/* ---- all of it ------------------------------------------------------------------------ */

/* Every class and all that comes with it, from single pages alone. */
static void single_pages_serve_every_request(struct kunit *test)
{
	unsigned int class;

	gk_give_back();
	gk_in_pieces(0);
	for_each_class(class) {
		size_t size = sizeclasses[class].size;

		if (size <= PAGE_SIZE && (!gk_slow() || class % 8 == 0))
			KUNIT_EXPECT_EQ_MSG(test, load(size), 0, "size %zu", size);
	}
	gk_whole();
}

static unsigned int nr_asked;

static bool count_requests(unsigned int order)
{
	nr_asked++;
	return false;
}

/* What the system did not have a moment ago is not asked for again, and is later. */
static void an_order_that_was_not_there_is_not_asked_for(struct kunit *test)
{
	struct arena_scarce *scarce = &arena_scarce[gk_nid()];
	size_t bytes = 4 * PAGE_SIZE;
	unsigned int i;
	void *p;

	for (i = 0; i < 2; i++) {
		WRITE_ONCE(scarce->order, i ? MAX_PAGE_ORDER : 1);
		WRITE_ONCE(scarce->until, jiffies + HZ * 60);
		nr_asked = 0;
		WRITE_ONCE(galloc_fail_hook, count_requests);
		p = arena_meta_alloc(bytes, gk_nid());
		WRITE_ONCE(galloc_fail_hook, NULL);
		KUNIT_EXPECT_EQ(test, !p, !i);
		KUNIT_EXPECT_EQ(test, nr_asked, i);
		arena_meta_free(p, bytes);
	}
}

/*
 * A node that only this task may not have.  Nothing sleeps meanwhile: without cpusets this
 * is what all tasks have.
 */
static void ask_in_vain(bool may_have)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	int nid = gk_nid();
	struct mspan *s;

	if (!may_have)
		node_clear(nid, cpuset_current_mems_allowed);
	arena_meta_free(arena_meta_alloc(4 * PAGE_SIZE, nid), 4 * PAGE_SIZE);
	s = mheap_alloc_spans(nid, &sizeclasses[sizeclass_of(GALLOC_MAX_SMALL)], 1, gfp);
	if (s)
		mheap_free(s);
	gfree(galloc(16 * PAGE_SIZE, gfp));
	node_set(nid, cpuset_current_mems_allowed);
}

/* What a cpuset lacks others may have. */
static void a_cpuset_makes_no_node_scarce(struct kunit *test)
{
	const struct arena_scarce *scarce = &arena_scarce[gk_nid()];
	const struct mheap *h = mheap_of(gk_nid());
	int may_have;

	for (may_have = 0; may_have < 2; may_have++) {
		gk_take_free_runs(test);
		gk_in_pieces(0);
		ask_in_vain(may_have);
		KUNIT_EXPECT_EQ(test, scarce->order == MAX_PAGE_ORDER, !may_have);
		KUNIT_EXPECT_EQ(test, h->spent_pages == UINT_MAX, !may_have);
		gk_whole();
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_cpu_without_memory_for_stacks_gets_them_from_its_worker),
	KUNIT_CASE(stacks_that_are_not_to_be_had_are_not_asked_for_at_once),
	KUNIT_CASE(a_cpu_that_nobody_has_heard_gets_stacks),
	KUNIT_CASE(an_isolated_cpu_gets_stacks_in_pieces),
	KUNIT_CASE(a_stack_falls_back_to_a_page),
	KUNIT_CASE(a_transfer_falls_back_to_a_page),
	KUNIT_CASE(tables_are_charged_by_their_real_size),
	KUNIT_CASE(all_tables_count),
	KUNIT_CASE(the_spans_of_a_slot_are_a_page_of_their_own),
	KUNIT_CASE(single_pages_serve_every_request),
	KUNIT_CASE(an_order_that_was_not_there_is_not_asked_for),
	KUNIT_CASE(a_cpuset_makes_no_node_scarce),
	{}
};

GK_SUITE(meta, init_case, exit_case);
