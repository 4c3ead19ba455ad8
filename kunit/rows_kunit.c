// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: rows that are made and taken away at run time.
 */
#include "helpers.h"

#include <linux/delay.h>
#include <linux/slab.h>

/* Objects of a case. */
#define MAX_OBJECTS	600

/* What the cases work with. */
static struct {
	struct rowset *set;
	void *objects[MAX_OBJECTS];
	unsigned int nr;
	unsigned int constructed;
	unsigned int gone;
	struct row_account account;
	struct row_account parent;
	struct rows_args args;
	bool fail;
	bool reap;
	bool reaping;
	struct completion call;
	bool ready;
	bool over;
	unsigned int called;
	unsigned int came;
	unsigned int kept_off;
	unsigned int walked;
	unsigned int walked_objects;
} r;

static void on_gone(struct rowset *set)
{
	r.gone++;
}

static void construct(void *obj)
{
	memset(obj, 0xc5, r.args.sc.size);
	r.constructed++;
}

/* A size that is no class's, in spans of @pages. */
static void set_size(unsigned int size, unsigned int pages)
{
	r.args.sc = (struct sizeclass) {
		.size = size,
		.recip = DIV_ROUND_UP_ULL(1ULL << SIZECLASS_RECIP_SHIFT, size),
		.objects = (pages << PAGE_SHIFT) / size,
		.span_pages = pages,
		.align_pages = 1,
	};
}

static void create(struct kunit *test)
{
	r.set = rows_create(&r.args, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r.set);
}

static void take(struct kunit *test, unsigned int n)
{
	while (n--) {
		void *p = api_alloc_row(r.set, NUMA_NO_NODE, GFP_KERNEL, 0);

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

static bool destroy(void)
{
	bool none = rows_destroy(r.set);

	r.set = NULL;
	reap();
	return none;
}

static void objects_of_any_size_are_allocated_and_freed(struct kunit *test)
{
	static const unsigned int sizes[] = { 8, 24, 72, 1000, 4096, 4104, 12320 };
	unsigned int i, n, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		set_size(sizes[i], sizes[i] == 8 ? 1 : 4);
		create(test);
		n = min(r.args.sc.objects + 1U, 600U);
		take(test, n);
		KUNIT_EXPECT_EQ(test, rows_in_use(r.set), n);
		for (j = 0; j < n; j++) {
			KUNIT_ASSERT_EQ(test, gsize(r.objects[j]), sizes[i]);
			memset(r.objects[j], j, sizes[i]);
			KUNIT_ASSERT_TRUE(test, galloc_owns(r.objects[j]));
			KUNIT_ASSERT_GE(test, gk_row_at(r.objects[j]), nr_rows);
		}
		for (j = 0; j < n; j++)
			KUNIT_ASSERT_NULL(test, memchr_inv(r.objects[j], j, sizes[i]));
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		give_back(0);
		KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 0);
		KUNIT_EXPECT_EQ(test, rows_spans(r.set), 0);
		KUNIT_EXPECT_TRUE(test, destroy());
		KUNIT_EXPECT_EQ(test, r.gone, i + 1);
	}
}

static void many_are_allocated_and_freed_at_once(struct kunit *test)
{
	set_size(72, 1);
	create(test);
	KUNIT_ASSERT_EQ(test, api_alloc_row_bulk(r.set, NUMA_NO_NODE, GFP_KERNEL | __GFP_ZERO,
						 0, 500, r.objects), 500);
	r.nr = 500;
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 500);
	while (r.nr) {
		KUNIT_ASSERT_NULL(test, memchr_inv(r.objects[r.nr - 1], 0, 72));
		gfree(r.objects[--r.nr]);
	}
	KUNIT_EXPECT_TRUE(test, destroy());
}

static void the_books_know_a_set(struct kunit *test)
{
	struct galloc_totals before, t;

	KUNIT_ASSERT_TRUE(test, gk_rest(&before));
	set_size(1000, 1);
	create(test);
	take(test, 10);
	stats_totals(&t);
	KUNIT_EXPECT_TRUE(test, totals_exact(&t));
	KUNIT_EXPECT_EQ(test, t.in_use - before.in_use, 10000);
	give_back(0);
	KUNIT_EXPECT_TRUE(test, destroy());
}

static void objects_are_constructed_once(struct kunit *test)
{
	unsigned int i;

	set_size(200, 1);
	r.args.ctor = construct;
	create(test);
	take(test, 2);
	KUNIT_EXPECT_EQ(test, r.constructed, r.args.sc.objects);
	for (i = 0; i < 2 * r.args.sc.objects; i++) {
		KUNIT_ASSERT_NULL(test, memchr_inv(r.objects[1], 0xc5, 200));
		give_back(1);
		take(test, 1);
	}
	KUNIT_EXPECT_EQ(test, r.constructed, r.args.sc.objects);
	give_back(0);
	KUNIT_EXPECT_TRUE(test, destroy());
}

static void live_objects_keep_a_destroyed_set(struct kunit *test)
{
	struct rowset *set;
	void *p;

	set_size(1000, 1);
	create(test);
	take(test, 9);
	set = r.set;
	KUNIT_EXPECT_FALSE(test, destroy());
	KUNIT_EXPECT_EQ(test, r.gone, 0);
	KUNIT_EXPECT_EQ(test, rows_spans(set), 3);
	/* No more spans; objects of those it has could still be had. */
	r.set = set;
	while (r.nr < 99) {
		p = api_alloc_row(r.set, NUMA_NO_NODE, GFP_KERNEL | __GFP_NOWARN, 0);
		if (!p)
			break;
		r.objects[r.nr++] = p;
	}
	r.set = NULL;
	KUNIT_EXPECT_EQ(test, r.nr, 12);
	KUNIT_EXPECT_EQ(test, gsize(r.objects[0]), 1000);
	give_back(1);
	reap();
	KUNIT_EXPECT_EQ(test, r.gone, 0);
	give_back(0);
	reap();
	KUNIT_EXPECT_EQ(test, r.gone, 1);
}

static void pages_leave_after_readers(struct kunit *test)
{
	struct object o;

	set_size(1000, 1);
	r.args.flags = ROWS_RCU;
	create(test);
	take(test, 1);
	rcu_read_lock();
	give_back(0);
	/* Nobody else gets the page while we read it. */
	KUNIT_EXPECT_TRUE(test, galloc_owns(r.objects[0]));
	KUNIT_EXPECT_EQ(test, (int)mspan_resolve(r.objects[0], &o), (int)FOUND_NO_SPAN);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, rows_spans(r.set), 1);
	reap();
	KUNIT_EXPECT_EQ(test, rows_spans(r.set), 0);
	KUNIT_EXPECT_FALSE(test, galloc_owns(r.objects[0]));
	KUNIT_EXPECT_TRUE(test, destroy());
}

/* A task that comes before all others of its CPU whenever it is called. */
static void come_first(void *arg)
{
	sched_set_fifo(current);
	WRITE_ONCE(r.ready, true);
	for (;;) {
		wait_for_completion(&r.call);
		if (READ_ONCE(r.over))
			break;
		WRITE_ONCE(r.came, r.came + 1);
	}
}

/* Call it each time that a span is about to go; it has come since the last time. */
static void call_it(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_READERS_GONE)
		return;
	r.kept_off += READ_ONCE(r.came) != r.called;
	r.called++;
	complete(&r.call);
}

/* Others run in between, also where the kernel does not preempt. */
static void pages_that_waited_keep_nobody_off(struct kunit *test)
{
	struct gk_thread *other;

	set_size(PAGE_SIZE / 4, 1);
	r.args.flags = ROWS_RCU;
	create(test);
	take(test, 80);
	give_back(0);
	KUNIT_EXPECT_EQ(test, rows_spans(r.set), 20);
	init_completion(&r.call);
	other = gk_start(test, gk_cpu(0), come_first, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(r.ready), GK_PATIENCE_MS));
	WRITE_ONCE(galloc_pause_hook, call_it);
	reap();
	WRITE_ONCE(galloc_pause_hook, NULL);
	WRITE_ONCE(r.over, true);
	complete(&r.call);
	gk_join(test, other);
	KUNIT_EXPECT_EQ(test, r.called, 20);
	KUNIT_EXPECT_EQ(test, r.kept_off, 0);
	KUNIT_EXPECT_EQ(test, rows_spans(r.set), 0);
	KUNIT_EXPECT_TRUE(test, destroy());
}

static void a_limit_counts_spans(struct kunit *test)
{
	set_size(1000, 2);
	r.parent.limit = 5 * PAGE_SIZE;
	r.account.limit = 100 * PAGE_SIZE;
	r.account.parent = &r.parent;
	r.args.account = &r.account;
	create(test);
	take(test, 16);
	KUNIT_EXPECT_NULL(test, api_alloc_row(r.set, NUMA_NO_NODE, GFP_KERNEL, 0));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r.account.bytes), 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r.parent.bytes), 4 * PAGE_SIZE);
	give_back(0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r.account.bytes), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r.parent.bytes), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r.parent.peak), 4 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, destroy());
}

static void count_span(struct mspan *s, void *arg)
{
	r.walked++;
	r.walked_objects += s->objects - mspan_count_free(s);
}

static void a_walk_passes_all_spans(struct kunit *test)
{
	set_size(1000, 1);
	create(test);
	take(test, 600);
	/* Some FULL, some PARTIAL. */
	swap(r.objects[0], r.objects[597]);
	swap(r.objects[4], r.objects[598]);
	swap(r.objects[8], r.objects[599]);
	give_back(597);
	rows_walk(r.set, count_span, NULL);
	KUNIT_EXPECT_EQ(test, r.walked, 150);
	KUNIT_EXPECT_EQ(test, r.walked_objects, 597);
	give_back(0);
	KUNIT_EXPECT_TRUE(test, destroy());
}

static void a_sweep_takes_all_spans(struct kunit *test)
{
	struct galloc_totals before, after;

	KUNIT_ASSERT_TRUE(test, gk_rest(&before));
	set_size(1000, 1);
	create(test);
	take(test, 600);
	give_back(555);
	KUNIT_EXPECT_EQ(test, rows_sweep(r.set), 555);
	KUNIT_EXPECT_EQ(test, rows_spans(r.set), 0);
	KUNIT_EXPECT_EQ(test, rows_in_use(r.set), 0);
	gk_expect_reports(test, FAULT_NO_OBJECT);
	gfree(r.objects[0]);
	gk_expect_faults(test, FAULT_NO_OBJECT, 1);
	r.nr = 0;
	KUNIT_EXPECT_TRUE(test, destroy());
	KUNIT_EXPECT_TRUE(test, gk_rest(&after));
	KUNIT_EXPECT_EQ(test, after.in_use, before.in_use);
}

static void reap_here(void *arg)
{
	while (!READ_ONCE(r.reap))
		cond_resched();
	WRITE_ONCE(r.reaping, true);
	reap();
}

static void a_row_found_stays_for_the_section(struct kunit *test)
{
	struct gk_thread *t;
	struct mcentral *c;
	unsigned int row;

	set_size(1000, 1);
	create(test);
	take(test, 1);
	row = gk_row_at(r.objects[0]);
	/* Not in the section: this sleeps. */
	t = gk_start(test, gk_cpu(1), reap_here, NULL);
	rcu_read_lock();
	c = rows_find(row);
	KUNIT_EXPECT_NOT_NULL(test, c);
	give_back(0);
	rows_destroy(r.set);
	r.set = NULL;
	/* Whoever has found it may use it until the section ends, whoever reaps. */
	WRITE_ONCE(r.reap, true);
	gk_spin_for(r.reaping, 50);
	mdelay(2);
	KUNIT_EXPECT_EQ(test, r.gone, 0);
	KUNIT_EXPECT_EQ(test, c->sc->size, 1000);
	KUNIT_EXPECT_EQ(test, c->row, row);
	rcu_read_unlock();
	gk_join(test, t);
	KUNIT_EXPECT_NULL(test, rows_find(row));
	KUNIT_EXPECT_EQ(test, r.gone, 1);
	create(test);
	take(test, 1);
	KUNIT_EXPECT_EQ(test, gk_row_at(r.objects[0]), row);
	give_back(0);
	KUNIT_EXPECT_TRUE(test, destroy());
}

static void a_thousand_sets_leave_nothing(struct kunit *test)
{
	enum { N = 1000 };
	struct rowset **sets = kunit_kzalloc(test, N * sizeof(*sets), GFP_KERNEL);
	struct rowset *set = NULL;
	long meta = arena_meta_bytes();
	unsigned int i, n = 0;

	KUNIT_ASSERT_NOT_NULL(test, sets);
	set_size(40, 1);
	for (i = 0; i < N; i++) {
		sets[i] = rows_create(&r.args, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, sets[i]);
		if (i % 4)
			gfree(api_alloc_row(sets[i], NUMA_NO_NODE, GFP_KERNEL, 0));
	}
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	while ((set = rows_next_set(set)))
		n++;
	KUNIT_EXPECT_EQ(test, n, N);
	for (i = 0; i < N; i++)
		rows_abandon(sets[i]);
	reap();
	KUNIT_EXPECT_EQ(test, r.gone, N);
	/* Numbers in reserve, and descriptors. */
	KUNIT_EXPECT_LE(test, arena_meta_bytes(), meta + 2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, rows_next_set(NULL));
}

/* Where nobody may sleep rows take numbers that were reserved, until there are none. */
static void the_worker_reserves_numbers_again(struct kunit *test)
{
	enum { N = 200 };
	struct rowset **sets = kunit_kzalloc(test, N * sizeof(*sets), GFP_KERNEL);
	gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	unsigned int n = 0;

	KUNIT_ASSERT_NOT_NULL(test, sets);
	set_size(4000, 1);
	create(test);
	do {
		KUNIT_ASSERT_LT(test, n, N);
		sets[n] = rows_create(&r.args, gfp);
		KUNIT_ASSERT_NOT_NULL(test, sets[n]);
		r.objects[r.nr] = api_alloc_row(sets[n++], NUMA_NO_NODE, gfp, 0);
	} while (r.objects[r.nr] && ++r.nr < MAX_OBJECTS);
	KUNIT_EXPECT_LT(test, r.nr, n);
	reap();
	r.objects[r.nr] = api_alloc_row(sets[n - 1], NUMA_NO_NODE, gfp, 0);
	KUNIT_EXPECT_NOT_NULL(test, r.objects[r.nr]);
	r.nr += !!r.objects[r.nr];
	give_back(0);
	while (n)
		rows_abandon(sets[--n]);
}

/* The first object of a heap may be wanted in an interrupt, before anybody has taken numbers. */
static void a_heap_begins_where_nobody_may_sleep(struct kunit *test)
{
	struct galloc_heap *heap;
	unsigned long flags;
	void *p;

	rows_forget_numbers();
	heap = galloc_heap_create("kunit", NULL);
	KUNIT_ASSERT_NOT_NULL(test, heap);
	local_irq_save(flags);
	p = galloc_from(heap, 64, GFP_ATOMIC);
	local_irq_restore(flags);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
	galloc_heap_destroy(heap);
	reap();
}

static unsigned int row_before, row_after;

/* The set goes, and the next one has its number. */
static void exchange_sets(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_SUMS_WALK)
		return;
	WRITE_ONCE(galloc_pause_hook, NULL);
	row_before = gk_row_at(r.objects[0]);
	give_back(0);
	destroy();
	set_size(4096, 1);
	r.set = rows_create(&r.args, GFP_KERNEL);
	r.objects[0] = api_alloc_row(r.set, NUMA_NO_NODE, GFP_KERNEL, 0);
	r.nr = !!r.objects[0];
	row_after = r.nr ? gk_row_at(r.objects[0]) : 0;
}

static void two_sets_of_one_number_are_not_added_up(struct kunit *test)
{
	struct galloc_totals t;

	set_size(8, 1);
	create(test);
	take(test, 1);
	stats_totals(&t);
	KUNIT_EXPECT_FALSE(test, t.unsure);
	WRITE_ONCE(galloc_pause_hook, exchange_sets);
	stats_totals(&t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_ASSERT_EQ(test, row_after, row_before);
	KUNIT_EXPECT_TRUE(test, t.unsure);
	stats_totals(&t);
	KUNIT_EXPECT_FALSE(test, t.unsure);
	give_back(0);
	destroy();
}

/* Two CPUs allocate from a set and free each other's objects. */
struct swap {
	atomic_t met;
	void *box[64];
	unsigned long n;
	unsigned int failed;
};

static void swap_objects(void *arg)
{
	struct swap *w = arg;
	u64 rng = 1 + (unsigned long)current->pid;
	unsigned long i;
	ktime_t end;

	gk_meet(&w->met, 2);
	end = gk_fight_end();
	for (i = 0; i < w->n && !gk_fight_over(i + 1, end); i++) {
		void *p = api_alloc_row(r.set, NUMA_NO_NODE, GFP_KERNEL, 0);

		w->failed += !p;
		gfree(xchg(&w->box[gk_below(&rng, ARRAY_SIZE(w->box))], p));
	}
	gk_count_ops(2 * i);
}

static void two_cpus_share_a_set(struct kunit *test)
{
	static const unsigned int sizes[] = { 72, 2000, 5000 };
	struct swap *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned int i, j;

	KUNIT_ASSERT_NOT_NULL(test, w);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct gk_thread *a, *b;

		set_size(sizes[i], 4);
		create(test);
		atomic_set(&w->met, 0);
		w->n = gk_times(50000);
		a = gk_start(test, gk_cpu(0), swap_objects, w);
		b = gk_start(test, gk_cpu(1), swap_objects, w);
		gk_join(test, a);
		gk_join(test, b);
		for (j = 0; j < ARRAY_SIZE(w->box); j++)
			gfree(xchg(&w->box[j], NULL));
		KUNIT_EXPECT_EQ(test, w->failed, 0);
		KUNIT_EXPECT_TRUE(test, destroy());
		KUNIT_EXPECT_EQ(test, r.gone, i + 1);
	}
}

static void what_galloc_owns_is_told_from_the_rest(struct kunit *test)
{
	static const size_t sizes[] = { 1, 4096, 32768, 100000, SZ_2M, SZ_4M };
	void *p, *k = kunit_kmalloc(test, 64, GFP_KERNEL);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = galloc(sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, galloc_owns(p));
		KUNIT_EXPECT_TRUE(test, galloc_owns(p + sizes[i] - 1));
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		KUNIT_EXPECT_TRUE(test, gfree_try(p));
		if (sizes[i] > GALLOC_MAX_SMALL) {
			KUNIT_EXPECT_FALSE(test, galloc_owns(p));
			KUNIT_EXPECT_FALSE(test, galloc_owns(p + sizes[i] - 1));
		}
	}
	KUNIT_EXPECT_FALSE(test, gfree_try(k));
	KUNIT_EXPECT_FALSE(test, gfree_try(NULL));
	KUNIT_EXPECT_FALSE(test, gfree_try(ZERO_SIZE_PTR));
	KUNIT_EXPECT_FALSE(test, gfree_try(&i));
	KUNIT_EXPECT_FALSE(test, galloc_owns((void *)-1UL));
}

static bool fail_all(unsigned int order)
{
	return r.fail;
}

static void without_memory_no_set_and_no_row(struct kunit *test)
{
	set_size(1000, 1);
	r.fail = true;
	WRITE_ONCE(galloc_fail_hook, fail_all);
	KUNIT_EXPECT_NULL(test, rows_create(&r.args, GFP_KERNEL));
	r.fail = false;
	create(test);
	r.fail = true;
	KUNIT_EXPECT_NULL(test, api_alloc_row(r.set, NUMA_NO_NODE,
					      GFP_KERNEL | __GFP_NOWARN, 0));
	KUNIT_EXPECT_EQ(test, rows_number(r.set, GFP_KERNEL), 0);
	r.fail = false;
	take(test, 1);
	give_back(0);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_TRUE(test, destroy());
}

static int init_case(struct kunit *test)
{
	memset(&r, 0, sizeof(r));
	r.args.name = "rows kunit";
	r.args.gone = on_gone;
	return gk_init(test);
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_fail_hook, NULL);
	give_back(0);
	if (r.set)
		rows_abandon(r.set);
	reap();
	gk_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(objects_of_any_size_are_allocated_and_freed),
	KUNIT_CASE(many_are_allocated_and_freed_at_once),
	KUNIT_CASE(the_books_know_a_set),
	KUNIT_CASE(objects_are_constructed_once),
	KUNIT_CASE(live_objects_keep_a_destroyed_set),
	KUNIT_CASE(pages_leave_after_readers),
	KUNIT_CASE(pages_that_waited_keep_nobody_off),
	KUNIT_CASE(a_limit_counts_spans),
	KUNIT_CASE(a_walk_passes_all_spans),
	KUNIT_CASE(a_sweep_takes_all_spans),
	KUNIT_CASE(a_row_found_stays_for_the_section),
	KUNIT_CASE(a_thousand_sets_leave_nothing),
	KUNIT_CASE(the_worker_reserves_numbers_again),
	KUNIT_CASE(a_heap_begins_where_nobody_may_sleep),
	KUNIT_CASE(two_cpus_share_a_set),
	KUNIT_CASE(what_galloc_owns_is_told_from_the_rest),
	KUNIT_CASE(without_memory_no_set_and_no_row),
	KUNIT_CASE(two_sets_of_one_number_are_not_added_up),
	{}
};

GK_SUITE(rows, init_case, exit_case);
