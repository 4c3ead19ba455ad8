// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: stacks of rows made at run time: numbers that are given, and taken back.
 */
#include "helpers.h"

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/slab.h>

#include "client/cache.h"
#include "client/heap.h"

#define MAX_OBJECTS	600

static struct {
	struct rowset *set;
	void *objects[MAX_OBJECTS];
	unsigned int nr;
	unsigned int gone;
	unsigned int constructed;
	struct rows_args args;
	unsigned int old;
	unsigned int labels;
	unsigned int strange;
	int at;
	int reached;
} r;

static void on_gone(struct rowset *set)
{
	r.gone++;
}

static struct rowset *make(struct kunit *test, unsigned int size, unsigned int pages)
{
	struct rowset *set;

	r.args.sc = (struct sizeclass) {
		.size = size,
		.recip = DIV_ROUND_UP_ULL(1ULL << SIZECLASS_RECIP_SHIFT, size),
		.objects = (pages << PAGE_SHIFT) / size,
		.span_pages = pages, .align_pages = 1,
	};
	set = rows_create(&r.args, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, set);
	return set;
}

static void *alloc(struct rowset *set, gfp_t gfp)
{
	void *obj;

	return mcache_alloc_from(set->place, gfp, &obj) ? obj : api_alloc_set_slow(set, gfp, 0);
}

static void take(struct kunit *test, unsigned int n)
{
	while (n--) {
		void *p = alloc(r.set, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		r.objects[r.nr++] = p;
	}
}

static void give_back(unsigned int keep)
{
	while (r.nr > keep)
		gfree(r.objects[--r.nr]);
}

static void reap(void)
{
	while (rows_reap())
		;
}

static void destroy(struct kunit *test)
{
	unsigned int gone = r.gone;

	stacks_drain(r.set);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 0);
	KUNIT_EXPECT_EQ(test, rows_spans(r.set), 0);
	KUNIT_EXPECT_TRUE(test, rows_destroy(r.set));
	r.set = NULL;
	gk_wait_for(({ reap(); r.gone > gone; }), GK_PATIENCE_MS / 2);
	KUNIT_EXPECT_EQ(test, r.gone, gone + 1);
}

/* A set with stacks. */
static void begin(struct kunit *test, unsigned int size, unsigned int pages)
{
	r.set = make(test, size, pages);
	KUNIT_ASSERT_TRUE(test, stacks_give(r.set));
	KUNIT_ASSERT_GE(test, r.set->k, GALLOC_NR_CLASSES);
}

static struct mcache_stack *stack_here(void)
{
	return gk_stack(r.set->had);
}

static bool is_set(const struct rowset *set, const void *arg)
{
	return set == arg;
}

static bool is_any(const struct rowset *set, const void *arg)
{
	return true;
}

/* A CPU may be slow to respond: the next call waits for what was taken by the last. */
static bool take_back(bool (*match)(const struct rowset *set, const void *arg), const void *arg)
{
	return gk_wait_for(stacks_take(match, arg), GK_PATIENCE_MS / 2);
}

/* Count the pages that have the number of now, and those that do not. */
static void look_at_labels(struct mspan *s, void *arg)
{
	unsigned int i, first = arena_page(s->arena, s->start);
	const struct mcentral *c = mcentral_of(mspan_row(s));

	for (i = 0; i < s->npages; i++)
		if (s->arena->stack[first + i] == mcentral_stack(c))
			r.labels++;
		else
			r.strange++;
}

static void expect_labels(struct kunit *test, unsigned int pages)
{
	r.labels = 0;
	r.strange = 0;
	rows_walk(r.set, look_at_labels, NULL);
	KUNIT_EXPECT_EQ(test, r.strange, 0);
	KUNIT_EXPECT_EQ(test, r.labels, pages);
}

/* Is nothing of a k on any CPU, in its counters neither? */
static void expect_clear(struct kunit *test, unsigned int k)
{
	int cpu;

	KUNIT_EXPECT_NULL(test, stack_sets[k]);
	for_each_possible_cpu(cpu) {
		const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

		KUNIT_EXPECT_TRUE(test, m->stacks == empty_stacks ||
				  drain_stack_is_clear(m->stacks, stack_number(m->nid, k)));
	}
}

/* ---- use ---------------------------------------------------------------------------- */

GK_SIZES(sizes, 8, 72, 1000, 4096, 5000, 12320);

static void a_set_with_stacks_uses_them(struct kunit *test)
{
	unsigned int i, n, size = gk_size(test);
	unsigned long allocs;
	void *p, *q;

	begin(test, size, size == 8 ? 1 : 4);
	n = min(3U * r.args.sc.objects, 600U);
	take(test, n);
	KUNIT_EXPECT_GT(test, gk_capacity(stack_here()), 0);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), n);
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, gsize(r.objects[i]), size);
		memset(r.objects[i], i, size);
	}
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_NULL(test, memchr_inv(r.objects[i], (u8)i, size));
	give_back(1);
	KUNIT_EXPECT_GT(test, gk_stacked(stack_here()), 0);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 1);
	/* What was freed last comes first. */
	p = alloc(r.set, GFP_KERNEL);
	allocs = mcache_allocs(raw_cpu_ptr(&galloc_mcache)->stacks,
			       stack_number(gk_nid(), r.set->k));
	gfree(p);
	q = alloc(r.set, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_PTR_EQ(test, p, q);
	KUNIT_EXPECT_NULL(test, memchr_inv(q, 0, size));
	KUNIT_EXPECT_EQ(test, mcache_allocs(raw_cpu_ptr(&galloc_mcache)->stacks,
					    stack_number(gk_nid(), r.set->k)), allocs + 1);
	gfree(q);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	give_back(0);
	destroy(test);
}

static void many_come_and_go_at_once(struct kunit *test)
{
	struct galloc_cache *cache = galloc_cache_create("kunit", 72, NULL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_ASSERT_TRUE(test, stacks_give(cache->set));
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, galloc_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_ZERO,
							      500, r.objects), 500);
		KUNIT_EXPECT_EQ(test, rows_in_use(cache->set), 500);
		galloc_cache_free_bulk(cache, 499, r.objects);
		KUNIT_EXPECT_EQ(test, rows_in_use(cache->set), 1);
		/* One of another set is none of this. */
		gk_expect_reports(test, FAULT_WRONG_CACHE);
		r.objects[0] = galloc(72, GFP_KERNEL);
		galloc_cache_free_bulk(cache, 1, r.objects);
		gk_expect_faults(test, FAULT_WRONG_CACHE, 1);
		gfree(r.objects[0]);
		galloc_cache_free(cache, r.objects[499]);
	}
	galloc_cache_destroy(cache);
	reap();
}

static void construct(void *obj)
{
	memset(obj, 0xc5, r.args.sc.size);
	r.constructed++;
}

static void what_was_constructed_stays(struct kunit *test)
{
	unsigned int i;

	r.args.ctor = construct;
	r.args.flags = ROWS_RCU;
	begin(test, 200, 1);
	for (i = 0; i < 3; i++) {
		take(test, 100);
		KUNIT_EXPECT_NULL(test, memchr_inv(r.objects[r.nr - 1], 0xc5, 200));
		give_back(0);
	}
	KUNIT_EXPECT_LE(test, r.constructed, 7 * r.args.sc.objects);
	stacks_drain(r.set);
	reap();
	destroy(test);
}

/* ---- numbers ------------------------------------------------------------------------- */

static void older_spans_are_relabelled(struct kunit *test)
{
	r.set = make(test, 1000, 2);
	take(test, 8 * 20);
	/* FULL, PARTIAL and empty ones. */
	swap(r.objects[3], r.objects[159]);
	give_back(155);
	expect_labels(test, 40);
	KUNIT_ASSERT_TRUE(test, stacks_give(r.set));
	KUNIT_EXPECT_FALSE(test, stacks_give(r.set));
	expect_labels(test, 40);
	KUNIT_EXPECT_EQ(test, arena_stack_of(r.objects[0]), stack_number(gk_nid(), r.set->k));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	KUNIT_EXPECT_TRUE(test, take_back(is_set, r.set));
	KUNIT_EXPECT_EQ(test, r.set->k, 0);
	expect_labels(test, 40);
	KUNIT_EXPECT_EQ(test, arena_stack_of(r.objects[0]), STACK_WITHOUT);
	give_back(0);
	destroy(test);
}

static void either_number_frees(struct kunit *test)
{
	unsigned int i, page;

	begin(test, 1000, 1);
	take(test, 200);
	for (i = 0; i < 200; i += 2)
		WRITE_ONCE(arena_of(r.objects[i], &page)->stack[page], STACK_WITHOUT);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	give_back(0);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 0);
	destroy(test);
}

/* Leave objects on this CPU's stacks, and some in transfer. */
static void leave_some(void *arg)
{
	unsigned int from = r.nr, i;
	void *p[64];

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = alloc(r.set, GFP_KERNEL);
	gfree_bulk(ARRAY_SIZE(p), p);
	/* For the caller. */
	for (i = 0; i < 5; i++)
		r.objects[from + i] = alloc(r.set, GFP_KERNEL);
	r.nr = from + i;
}

static void leave_some_everywhere(struct kunit *test)
{
	int i;

	for (i = 0; i < 2; i++)
		gk_join(test, gk_start(test, gk_cpu(i), leave_some, NULL));
}

static void a_number_taken_back_leaves_nothing(struct kunit *test)
{
	struct rowset *first;
	unsigned int k, i;
	void *p;

	begin(test, 200, 1);
	k = r.set->k;
	leave_some_everywhere(test);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 10);
	KUNIT_EXPECT_TRUE(test, take_back(is_set, r.set));
	expect_clear(test, k);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 10);
	/* All that is free is in spans. */
	KUNIT_EXPECT_LE(test, rows_spans(r.set), 10);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* The next one's objects are larger. */
	first = r.set;
	begin(test, 5000, 4);
	KUNIT_EXPECT_EQ(test, r.set->k, k);
	take(test, 40);
	for (i = 10; i < r.nr; i++)
		KUNIT_EXPECT_EQ(test, gsize(r.objects[i]), 5000);
	leave_some_everywhere(test);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 50);
	/* They are not the first one's any more. */
	p = alloc(first, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, gsize(p), 200);
	gfree(p);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	give_back(10);
	destroy(test);
	r.set = first;
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 10);
	give_back(0);
	KUNIT_EXPECT_TRUE(test, stacks_give(r.set));
	take(test, 100);
	give_back(0);
	destroy(test);
}

/*
 * Whoever waits for other CPUs goes on when they are done, not with the next tick.  A tick
 * is soon over on a busy machine, so the waits here may last as long as anybody is patient.
 */
static void no_tick_is_waited_for(struct kunit *test)
{
	unsigned long start, switches, longest = 0, patience = msecs_to_jiffies(GK_PATIENCE_MS);
	unsigned int i, seen, slept = 0;

	begin(test, 200, 1);
	for (i = 0; i < 1000 && slept < 10 && longest < patience; i++) {
		seen = empty_seen();
		start = jiffies;
		switches = current->nvcsw;
		empty_ask(gk_cpu(i % 2), r.set->k);
		empty_wait(seen, patience);
		/* It may be done before anybody waits. */
		slept += current->nvcsw != switches;
		longest = max(longest, jiffies - start);
	}
	KUNIT_EXPECT_LT(test, longest, patience);
	destroy(test);
}

/* An isolated CPU runs nothing for that, and learns later what it no longer holds. */
static void an_isolated_cpu_is_emptied_by_others(struct kunit *test)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, gk_cpu(1));
	unsigned int k, i;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	begin(test, 200, 1);
	k = r.set->k;
	for (i = 0; i < 2; i++) {
		leave_some_everywhere(test);
		WRITE_ONCE(empty_none_asked, true);
		KUNIT_ASSERT_TRUE(test, take_back(is_set, r.set));
		WRITE_ONCE(empty_none_asked, false);
		expect_clear(test, k);
		KUNIT_EXPECT_GT(test, atomic_long_read(&m->unheld), 0);
		KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 10);
		KUNIT_EXPECT_LE(test, rows_spans(r.set), 10);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		give_back(0);
		KUNIT_EXPECT_TRUE(test, stacks_give(r.set));
		KUNIT_EXPECT_EQ(test, r.set->k, k);
	}
	leave_some_everywhere(test);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&m->unheld), 0);
	give_back(0);
	destroy(test);
}

static void nobody_else_looks_at_what_is_taken(struct kunit *test)
{
	unsigned int k, n, i;

	begin(test, 200, 1);
	k = r.set->k;
	take(test, 100);
	give_back(0);
	n = gk_stacked(stack_here());
	KUNIT_EXPECT_GT(test, n, 0);
	set_bit(k, stacks_taken);
	drain_relieve(GFP_KERNEL);
	for (i = 0; i < 2 * STACK_KS; i++)
		drain_relieve(GFP_NOWAIT);
	KUNIT_EXPECT_EQ(test, gk_stacked(stack_here()), n);
	clear_bit(k, stacks_taken);
	drain_relieve(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, gk_stacked(stack_here()), 0);
	destroy(test);
}

static void destroyed_sets_give_theirs_back(struct kunit *test)
{
	unsigned int k;

	begin(test, 200, 1);
	k = r.set->k;
	leave_some_everywhere(test);
	KUNIT_EXPECT_FALSE(test, rows_destroy(r.set));
	gk_wait_for(({ reap(); !stack_sets[k]; }), GK_PATIENCE_MS / 2);
	expect_clear(test, k);
	KUNIT_EXPECT_EQ(test, r.gone, 0);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 10);
	KUNIT_EXPECT_FALSE(test, stacks_give(r.set));
	give_back(0);
	gk_wait_for(({ reap(); r.gone; }), GK_PATIENCE_MS / 2);
	r.set = NULL;
	KUNIT_EXPECT_EQ(test, r.gone, 1);
}

static void a_sweep_takes_what_is_on_stacks(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);

	KUNIT_ASSERT_NOT_NULL(test, heap);
	gfree(galloc_from(heap, 192, GFP_KERNEL));
	r.set = heap->set[sizeclass_of(192)];
	KUNIT_ASSERT_TRUE(test, stacks_give(r.set));
	leave_some_everywhere(test);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), 10);
	r.set = NULL;
	r.nr = 0;
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({ reap(); !gk_any_set(); }), GK_PATIENCE_MS / 2));
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* ---- limits ---------------------------------------------------------------------------- */

/* So that a CPU may keep @n objects of 1024 bytes. */
static size_t limit_for(unsigned int n)
{
	return 64UL * num_possible_cpus() * n * 1024;
}

static void a_limit_bounds_stacks(struct kunit *test)
{
	struct row_account parent = { }, account = { .parent = &parent };
	struct rowset *sets[5];
	unsigned int i;

	r.args.account = &account;
	r.set = make(test, 1024, 1);
	parent.limit = limit_for(2) - 1;
	KUNIT_EXPECT_FALSE(test, stacks_give(r.set));
	parent.limit = limit_for(8);
	KUNIT_EXPECT_TRUE(test, stacks_give(r.set));
	take(test, 200);
	give_back(0);
	KUNIT_EXPECT_GT(test, gk_capacity(stack_here()), 0);
	KUNIT_EXPECT_LE(test, gk_capacity(stack_here()), 8);
	KUNIT_EXPECT_NULL(test, stack_here()->span);
	KUNIT_EXPECT_NULL(test, r.set->row[gk_nid()]->transfer.stack);
	/* Four of them keep what all may. */
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		sets[i] = make(test, 1024, 1);
		KUNIT_EXPECT_EQ(test, stacks_give(sets[i]), i < 3);
	}
	destroy(test);
	KUNIT_EXPECT_TRUE(test, stacks_give(sets[4]));
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		r.set = sets[i];
		destroy(test);
	}
}

static void the_least_used_makes_way(struct kunit *test)
{
	struct rowset *sets[STACK_KS], *busy;
	unsigned int n = 0, i;

	do {
		sets[n] = make(test, 200, 1);
	} while (stacks_give(sets[n]) && ++n);
	KUNIT_EXPECT_EQ(test, n, STACK_KS - GALLOC_NR_CLASSES);
	busy = sets[n];
	/* All but one are used. */
	for (i = 0; i < n; i++) {
		r.set = sets[i];
		take(test, i == 7 ? 1 : 100);
		give_back(0);
	}
	r.set = busy;
	WRITE_ONCE(busy->uses, 1 << 24);
	WRITE_ONCE(busy->since, jiffies);
	stacks_used(busy, 64);
	stacks_turn();
	/* A CPU may be slow; a second pass of the clock would find all of them unused. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({ reap(); !stacks_pending(); }), GK_PATIENCE_MS / 2));
	stacks_used(busy, 64);
	stacks_turn();
	KUNIT_EXPECT_NE(test, busy->k, 0);
	KUNIT_EXPECT_EQ(test, sets[7]->k, 0);
	take(test, 100);
	give_back(0);
	for (i = 0; i <= n; i++) {
		r.set = sets[i];
		KUNIT_EXPECT_EQ(test, !r.set->k, i == 7);
		KUNIT_EXPECT_TRUE(test, rows_destroy(r.set));
	}
	r.set = NULL;
	gk_wait_for(({ reap(); r.gone > n; }), GK_PATIENCE_MS / 2);
	KUNIT_EXPECT_EQ(test, r.gone, n + 1);
}

/* ---- races ---------------------------------------------------------------------------- */

static void take_here(void *arg)
{
	take_back(is_set, r.set);
}

/* Note how far the taker is; at r.at wait until the case goes on. */
static void note_taker(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_STACKS_HIDDEN || point == PAUSE_STACKS_RELABELLED)
		WRITE_ONCE(r.reached, point);
	if (point == PAUSE_STACKS_HIDDEN && r.at)
		gk_wait_for(READ_ONCE(r.at) < 0, GK_PATIENCE_MS);
}

/* A cutter that has read the number: the taker must not go on before the label is there. */
static void cut_slowly(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_CUT_NUMBER || r.at) {
		note_taker(point, what);
		return;
	}
	r.at = 1;
	gk_spin_for(!READ_ONCE(r.set->k), GK_PATIENCE_MS);
	mdelay(3);
	r.constructed = r.reached;
	r.at = 0;
	WRITE_ONCE(r.old, 1);
}

static void cut_here(void *arg)
{
	r.objects[r.nr++] = alloc(r.set, GFP_KERNEL);
}

static void a_cutter_with_the_number_is_waited_for(struct kunit *test)
{
	unsigned int k;
	struct gk_thread *t;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	begin(test, 200, 1);
	k = r.set->k;
	WRITE_ONCE(galloc_pause_hook, cut_slowly);
	t = gk_start(test, gk_cpu(1), cut_here, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(r.at), GK_PATIENCE_MS));
	take_here(NULL);
	KUNIT_EXPECT_EQ(test, r.old, 1);
	KUNIT_EXPECT_EQ(test, r.constructed, 0);
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	expect_clear(test, k);
	expect_labels(test, 1);
	give_back(0);
	destroy(test);
}

/* A free that has read the number of its page, and pushes after the pages have others. */
static void a_free_with_the_number_is_waited_for(struct kunit *test)
{
	struct gk_thread *t;
	struct mcache *m;
	unsigned int k, number;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	begin(test, 200, 1);
	k = r.set->k;
	take(test, 20);
	give_back(10);
	r.at = 1;
	WRITE_ONCE(galloc_pause_hook, note_taker);
	t = gk_start(test, gk_cpu(1), take_here, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(r.reached), GK_PATIENCE_MS));
	m = mcache_enter();
	number = arena_stack_of(r.objects[9]);
	KUNIT_EXPECT_EQ(test, number, stack_number(m->nid, k));
	WRITE_ONCE(r.at, -1);
	gk_spin_for(READ_ONCE(arena_of(r.objects[9], &r.old)->stack[r.old]) == STACK_WITHOUT,
		    GK_PATIENCE_MS);
	mdelay(3);
	KUNIT_EXPECT_EQ(test, r.reached, PAUSE_STACKS_HIDDEN);
	KUNIT_EXPECT_TRUE(test, stack_push(&m->stacks[number], r.objects[9]));
	mcache_leave(m);
	r.nr--;
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, r.reached, PAUSE_STACKS_RELABELLED);
	expect_clear(test, k);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 9);
	give_back(0);
	destroy(test);
}

/* Spans that change lists while the walk passes are relabelled all the same. */
static void move_a_span(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_STACKS_HIDDEN)
		return;
	/* Into its span, which was FULL. */
	preempt_disable();
	this_cpu_write(galloc_mcache.busy, 1);
	gfree(r.objects[0]);
	this_cpu_write(galloc_mcache.busy, 0);
	preempt_enable();
	WRITE_ONCE(r.labels, arena_stack_of(r.objects[0]));
	r.objects[0] = r.objects[--r.nr];
}

static void a_span_that_moves_is_relabelled(struct kunit *test)
{
	begin(test, 1000, 1);
	take(test, 40);
	WRITE_ONCE(galloc_pause_hook, move_a_span);
	take_here(NULL);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, r.labels, STACK_WITHOUT);
	give_back(0);
	destroy(test);
}

static struct {
	void *box[64];
	atomic_t met;
	unsigned int failed;
	unsigned long turns;
} w;

static void swap_objects(void *arg)
{
	u64 rng = 1 + (unsigned long)current->pid;
	unsigned long i;
	ktime_t end;

	gk_meet(&w.met, 2);
	end = gk_fight_end();
	for (i = 0; !gk_fight_over(i + 1, end); i++) {
		u32 *p = alloc(r.set, GFP_KERNEL);
		u32 *q;

		w.failed += !p;
		if (p)
			*p = i;
		q = xchg(&w.box[gk_below(&rng, ARRAY_SIZE(w.box))], p);
		if (i % 2 && q && !mcache_push_place(r.set->place, q))
			gfree(q);
		else if (!(i % 2))
			gfree(q);
	}
	gk_count_ops(2 * i);
}

static void numbers_change_hands_under_load(struct kunit *test)
{
	static const unsigned int of[] = { 72, 1000, 5000 };
	struct gk_thread *a, *b;
	struct rowset *other;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		memset(&w, 0, sizeof(w));
		other = make(test, 24, 1);
		r.set = make(test, of[i], 4);
		a = gk_start(test, gk_cpu(0), swap_objects, NULL);
		b = gk_start(test, gk_cpu(1), swap_objects, NULL);
		while (!completion_done(&a->done) || !completion_done(&b->done)) {
			struct rowset *next = w.turns++ % 3 == 2 ? other : r.set;

			KUNIT_EXPECT_TRUE(test, stacks_give(next));
			usleep_range(2000, 4000);
			gfree(alloc(other, GFP_KERNEL));
			/* Now by each CPU, now as from isolated ones. */
			WRITE_ONCE(empty_none_asked, w.turns % 2);
			KUNIT_EXPECT_TRUE(test, take_back(is_any, NULL));
		}
		gk_join(test, a);
		gk_join(test, b);
		KUNIT_EXPECT_EQ(test, w.failed, 0);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		for (j = 0; j < ARRAY_SIZE(w.box); j++)
			gfree(xchg(&w.box[j], NULL));
		destroy(test);
		r.set = other;
		destroy(test);
	}
	kunit_info(test, "changed hands %lu times", w.turns);
}

#ifdef CONFIG_HOTPLUG_CPU
static void a_dead_cpu_keeps_nothing(struct kunit *test)
{
	int cpu = gk_cpu(num_possible_cpus());
	DECLARE_BITMAP(ks, STACK_STRIDE) = { };

	begin(test, 200, 1);
	gk_join(test, gk_start(test, cpu, leave_some, NULL));
	if (cpu == gk_cpu(0) || remove_cpu(cpu)) {
		give_back(0);
		destroy(test);
		kunit_skip(test, "no CPU to take away");
	}
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 5);
	/* Whoever has seen it before it went may ask it, and nobody waits for that. */
	__set_bit(r.set->k, ks);
	empty_ask(cpu, r.set->k);
	KUNIT_EXPECT_TRUE(test, take_back(is_set, r.set));
	add_cpu(cpu);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(empty_is_done(ks), GK_PATIENCE_MS / 2));
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 5);
	give_back(0);
	destroy(test);
}
#endif

/* ---- the suite -------------------------------------------------------------------------- */

static int init_case(struct kunit *test)
{
	memset(&r, 0, sizeof(r));
	r.args.name = "stacks kunit";
	r.args.gone = on_gone;
	return gk_init_stacks(test);
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	WRITE_ONCE(empty_none_asked, false);
	give_back(0);
	if (r.set)
		rows_destroy(r.set);
	reap();
	gk_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(a_set_with_stacks_uses_them, sizes_gen_params),
	KUNIT_CASE(many_come_and_go_at_once),
	KUNIT_CASE(what_was_constructed_stays),
	KUNIT_CASE(older_spans_are_relabelled),
	KUNIT_CASE(either_number_frees),
	KUNIT_CASE(a_number_taken_back_leaves_nothing),
	KUNIT_CASE(no_tick_is_waited_for),
	KUNIT_CASE(an_isolated_cpu_is_emptied_by_others),
	KUNIT_CASE(nobody_else_looks_at_what_is_taken),
	KUNIT_CASE(destroyed_sets_give_theirs_back),
	KUNIT_CASE(a_sweep_takes_what_is_on_stacks),
	KUNIT_CASE(a_limit_bounds_stacks),
	KUNIT_CASE(the_least_used_makes_way),
	KUNIT_CASE(a_cutter_with_the_number_is_waited_for),
	KUNIT_CASE(a_free_with_the_number_is_waited_for),
	KUNIT_CASE(a_span_that_moves_is_relabelled),
	KUNIT_CASE(numbers_change_hands_under_load),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(a_dead_cpu_keeps_nothing),
#endif
	{}
};

GK_SUITE(stacks, init_case, exit_case);
