// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: galloc_nolock() and gfree_nolock(), at any point of galloc's own code.
 *
 * The calls are made as if in an NMI, while the CPU's stacks are busy, while it holds the
 * lock of a row, or both.  What then waits for the worker is done by worker_settle().
 */
#include "helpers.h"

#include <linux/irqflags.h>
#include <linux/preempt.h>

#include "client/heap.h"
#include "debug/table.h"
#include "debug/watch.h"

#define FEW	4

static const struct situation {
	const char *name;
	bool busy;
	bool locked;
} situations[] = {
	{ "at rest" },
	{ "stacks busy", .busy = true },
	{ "row locked", .locked = true },
	{ "both", .busy = true, .locked = true },
};

static void describe(const struct situation *s, char *text)
{
	strscpy(text, s->name, KUNIT_PARAM_DESC_SIZE);
}
KUNIT_ARRAY_PARAM(situations, situations, describe);

static const struct situation *here(struct kunit *test)
{
	return test->param_value;
}

static struct task_struct *paused;
static void (*called)(void);

static void call_as_if_in_an_nmi(bool busy)
{
	unsigned long flags;
	u8 was;

	local_irq_save(flags);
	was = this_cpu_read(galloc_mcache.busy);
	if (busy)
		this_cpu_write(galloc_mcache.busy, 1);
	__preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	called();
	__preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	this_cpu_write(galloc_mcache.busy, was);
	local_irq_restore(flags);
}

static bool hook_busy;

static void call_in_claim(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_CLAIM_READ || current != paused)
		return;
	WRITE_ONCE(galloc_pause_hook, NULL);
	call_as_if_in_an_nmi(hook_busy);
}

/* Call @fn once in that situation. */
static void call_in(struct kunit *test, const struct situation *s, void (*fn)(void))
{
	unsigned int row = mcentral_row(gk_nid(), sizeclass_of(64));
	void *first, *second;

	called = fn;
	if (!s->locked) {
		preempt_disable();
		call_as_if_in_an_nmi(s->busy);
		preempt_enable();
		return;
	}
	/* The second is of the same span, taken under the lock. */
	first = mcentral_alloc(row, GFP_KERNEL);
	paused = current;
	hook_busy = s->busy;
	WRITE_ONCE(galloc_pause_hook, call_in_claim);
	second = mcentral_alloc(row, GFP_KERNEL);
	KUNIT_EXPECT_NULL(test, (void *)READ_ONCE(galloc_pause_hook));
	WRITE_ONCE(galloc_pause_hook, NULL);
	gfree(first);
	gfree(second);
}

static void *got[FEW], *given[FEW];

static void get_some(void)
{
	unsigned int i;

	for (i = 0; i < FEW; i++)
		got[i] = galloc_nolock(64, __GFP_ZERO);
}

static void give_some(void)
{
	unsigned int i;

	for (i = 0; i < FEW; i++)
		gfree_nolock(given[i]);
}

static void an_object_is_had_unless_it_takes_a_lock(struct kunit *test)
{
	bool none = here(test)->locked && (here(test)->busy || galloc_debug);
	void *more[64];
	unsigned int i;

	/* So that a stack and a span have some. */
	KUNIT_ASSERT_TRUE(test, galloc_bulk(64, GFP_KERNEL, ARRAY_SIZE(more), more));
	gfree_bulk(ARRAY_SIZE(more) - 2, more);
	gfree(mcentral_alloc(mcentral_row(gk_nid(), sizeclass_of(64)), GFP_KERNEL));
	call_in(test, here(test), get_some);
	for (i = 0; i < FEW; i++) {
		KUNIT_EXPECT_EQ(test, !got[i], none);
		if (got[i])
			KUNIT_EXPECT_NULL(test, memchr_inv(got[i], 0, 64));
		gfree(got[i]);
	}
	gfree_bulk(2, more + ARRAY_SIZE(more) - 2);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* Without SMP a trylock succeeds, whoever holds the lock: so it is another row's here. */
static void get_other(void)
{
	got[0] = galloc_nolock(2048, 0);
}

static void no_lock_is_tried_by_a_holder(struct kunit *test)
{
	void *p = mcentral_alloc(mcentral_row(gk_nid(), sizeclass_of(2048)), GFP_KERNEL);

	call_in(test, &situations[3], get_other);
	KUNIT_EXPECT_NULL(test, got[0]);
	call_in(test, &situations[1], get_other);
	KUNIT_EXPECT_NOT_NULL(test, got[0]);
	gfree(got[0]);
	gfree(p);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

GK_SIZES(sizes, 8, 64, 1000, 4096, 9472, 32768, 100000, 3 << 20);

/* The worker does what was left; nothing is lost, whatever the situation. */
static void an_object_of_every_size_is_freed(struct kunit *test)
{
	unsigned int i, j;

	for (j = 0; j < ARRAY_SIZE(situations); j++) {
		for (i = 0; i < FEW; i++) {
			given[i] = galloc(gk_size(test), GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, given[i]);
		}
		call_in(test, &situations[j], give_some);
		KUNIT_EXPECT_EQ_MSG(test, gk_in_use(test), 0, "%s", situations[j].name);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
}

/* A full span has an object again: only the look that is owed makes it known. */
static void a_full_span_is_looked_at(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(4096)];
	unsigned int row = mcentral_row(gk_nid(), sizeclass_of(4096)), i, n = 4 * sc->objects;
	void **objects = kunit_kcalloc(test, n, sizeof(*objects), GFP_KERNEL);
	long owed = gk_events(EVENT_NOLOCK_OWED);

	KUNIT_ASSERT_NOT_NULL(test, objects);
	for (i = 0; i < n; i++) {
		objects[i] = mcentral_alloc(row, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, objects[i]);
	}
	for (i = 0; i < FEW; i++)
		given[i] = objects[i * sc->objects];
	call_in(test, &situations[1], give_some);
	KUNIT_EXPECT_GE(test, gk_events(EVENT_NOLOCK_OWED) - owed, FEW);
	nolock_settle();
	for (i = 0; i < n; i++)
		if (i % sc->objects || i / sc->objects >= FEW)
			gfree(objects[i]);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	gk_give_back();
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mcentral_rows[row]->nr_spans), 0);
}

static void give_one(void)
{
	gfree_nolock(given[0]);
}

static void give_twice(void)
{
	gfree_nolock(given[0]);
	gfree_nolock(given[0]);
}

static void freed_twice_is_reported_by_the_worker(struct kunit *test)
{
	static const size_t some[] = { 64, 100000 };
	unsigned int i;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gk_expect_reports(test, FAULT_NO_OBJECT);
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		given[0] = galloc(some[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, given[0]);
		call_in(test, &situations[1], give_twice);
		nolock_settle();
	}
	gk_expect_any_faults(test, ARRAY_SIZE(some));
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* A heap's: its span has a row, and no objects that could be counted. */
static void what_waits_for_the_worker_is_one_object(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	struct galloc_totals before, after;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	stats_totals(&before);
	given[0] = galloc_from(heap, 100000, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, given[0]);
	call_in(test, &situations[1], give_one);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	stats_totals(&after);
	KUNIT_EXPECT_EQ(test, after.tail, before.tail);
	KUNIT_EXPECT_EQ(test, after.deferred, before.deferred + PAGE_ALIGN(100000));
	gfree(given[0]);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	call_in(test, &situations[1], give_one);
	nolock_settle();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, 0), 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void free_from_an_nmi(struct kunit *test)
{
	call_in(test, &situations[1], give_one);
}

static void free_after_a_grace_period(struct kunit *test)
{
	gfree_rcu_mightsleep(given[0]);
}

static void free_what_others_have(struct kunit *test)
{
	struct page *page = virt_to_page(given[0]);

	get_page(page);
	gfree(given[0]);
	put_page(page);
}

/* Whatever still keeps it from being free is done by a request that the limit refuses. */
static void a_heap_at_its_limit_gets_what_was_freed(struct kunit *test)
{
	static void (*const ways[])(struct kunit *test) = {
		free_from_an_nmi, free_after_a_grace_period, free_what_others_have,
	};
	static const size_t some[] = { GALLOC_MAX_SMALL, 200000 };
	struct galloc_heap_args args = { .limit_bytes = 1 << 20 };
	char on[] = "heap=kunit on", off[] = "heap=kunit off";
	void **all = kunit_kcalloc(test, 128, sizeof(*all), GFP_KERNEL);
	struct galloc_heap *heap;
	unsigned int i, way, n;

	KUNIT_ASSERT_NOT_NULL(test, all);
	for (i = 0; i < 2 * ARRAY_SIZE(some) * ARRAY_SIZE(ways); i++) {
		size_t size = some[i % ARRAY_SIZE(some)];

		way = i / ARRAY_SIZE(some) % ARRAY_SIZE(ways);
		if (i == ARRAY_SIZE(some) * ARRAY_SIZE(ways)) {
			/* The same once more, and what is freed goes into quarantine. */
			KUNIT_EXPECT_EQ(test, watch_command(on), 0);
			quarantine_kb = 1024;
		}
		heap = galloc_heap_create("kunit", &args);
		KUNIT_ASSERT_NOT_NULL(test, heap);
		for (n = 0; n < 127; n++) {
			all[n] = galloc_from(heap, size, GFP_KERNEL | __GFP_NOWARN);
			if (!all[n])
				break;
		}
		KUNIT_EXPECT_TRUE(test, n && n < 127);
		/* It may have waited for others' objects, in vain. */
		heap->account.spared = 0;
		given[0] = all[0];
		ways[way](test);
		all[0] = galloc_from(heap, size, GFP_KERNEL | __GFP_NOWARN);
		KUNIT_EXPECT_NOT_NULL_MSG(test, all[0], "%zu bytes, way %u, %u", size, way, i);
		gfree_bulk(n, all);
		KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, 0), 0);
	}
	quarantine_kb = 0;
	KUNIT_EXPECT_EQ(test, watch_command(off), 0);
	/* Cases that come later free where these objects were. */
	table_forget();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* Nor need the first heap that is made when all is used up wait for the worker. */
static void a_heap_is_made_of_what_was_freed(struct kunit *test)
{
	struct galloc_heap *heap;
	void *p[2];

	p[0] = galloc(1 << 20, GFP_KERNEL);
	p[1] = galloc(1 << 20, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p[0] && p[1]);
	WRITE_ONCE(galloc_reserve_pages, 0);
	gk_starve(test);
	KUNIT_EXPECT_NULL(test, galloc_heap_create("kunit", NULL));
	gfree_nolock(p[0]);
	heap = galloc_heap_create("kunit", NULL);
	KUNIT_EXPECT_NOT_NULL(test, heap);
	gfree_nolock(p[1]);
	gk_unlimit(test);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, 0), 0);
	nolock_settle();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* One that drops what is too much does not wait for others' objects each time. */
static void in_vain_a_heap_waits_now_and_then(struct kunit *test)
{
	struct galloc_heap_args args = { .limit_bytes = 1 << 20 };
	struct galloc_heap *heap = galloc_heap_create("kunit", &args);
	void *p, *others;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	p = galloc_from(heap, 1 << 20, GFP_KERNEL);
	others = galloc(64, GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, p && others);
	heap->account.spared = 0;
	/* Who cannot sleep has waited for nothing. */
	KUNIT_EXPECT_NULL(test, galloc_from(heap, 1 << 20, GFP_ATOMIC | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(test, heap->account.spared, 0);
	/* On a busy machine a grace period may end before anybody waits for it. */
	for (i = 0; i < 10 && !heap->account.spared; i++) {
		gfree_rcu_mightsleep(others);
		KUNIT_EXPECT_NULL(test, galloc_from(heap, 1 << 20, GFP_KERNEL | __GFP_NOWARN));
		others = galloc(64, GFP_KERNEL);
	}
	gfree(others);
	KUNIT_EXPECT_NE(test, heap->account.spared, 0);
	/* Just now in vain: not again, though this time it would help.  Or it is long ago. */
	for (i = 0; i < 10 && p; i++) {
		heap->account.spared = (u32)(jiffies + DIV_ROUND_UP(HZ, 10)) | 1;
		gfree_rcu_mightsleep(p);
		p = galloc_from(heap, 1 << 20, GFP_KERNEL | __GFP_NOWARN);
	}
	KUNIT_EXPECT_NULL(test, p);
	/* Long ago, so that it looks as if it were still to come. */
	heap->account.spared = ((u32)jiffies + S32_MAX) | 1;
	p = p ?: galloc_from(heap, 1 << 20, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, 0), 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void whole_pages_come_from_the_stash(struct kunit *test)
{
	void *p;

	if (galloc_debug)
		return;
	gfree(galloc(100000, GFP_KERNEL));
	p = galloc_nolock(100000, 0);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree_nolock(p);
	KUNIT_EXPECT_NULL(test, galloc_nolock(64 << 20, 0));
	KUNIT_EXPECT_PTR_EQ(test, galloc_nolock(0, 0), ZERO_SIZE_PTR);
	gfree_nolock(NULL);
	gfree_nolock(ZERO_SIZE_PTR);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/*
 * Others have dropped a reference of its pages.  It is reported, under locks, by the worker,
 * and not where the interrupted code may hold them.
 */
static void missing_references_are_left_to_the_worker(struct kunit *test)
{
	char on[16], off[16];
	unsigned int watched;
	long faults;
	void *p;

	gk_needs_class(test, PAGE_SIZE + 1);
	gk_expect_reports(test, FAULT_FOREIGN_REF);
	snprintf(on, sizeof(on), "class=%u on", sizeclass_of(GALLOC_MAX_SMALL));
	snprintf(off, sizeof(off), "class=%u off", sizeclass_of(GALLOC_MAX_SMALL));
	for (watched = 0; watched < 2; watched++) {
		if (watched)
			KUNIT_EXPECT_EQ(test, watch_command(on), 0);
		faults = gk_faults(FAULT_FOREIGN_REF);
		p = galloc(GALLOC_MAX_SMALL, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		put_page(virt_to_page(p));
		given[0] = p;
		called = give_one;
		preempt_disable();
		call_as_if_in_an_nmi(true);
		preempt_enable();
		KUNIT_EXPECT_EQ(test, gk_faults(FAULT_FOREIGN_REF), faults);
		waiting_release();
		gk_expect_faults(test, FAULT_FOREIGN_REF, 1);
	}
	KUNIT_EXPECT_EQ(test, watch_command(off), 0);
	table_forget();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* Nobody settles but the worker. */
static void the_worker_does_what_is_left(struct kunit *test)
{
	void *p = galloc(100000, GFP_KERNEL);
	long frees = gk_events(EVENT_LARGE_FREE);

	KUNIT_ASSERT_NOT_NULL(test, p);
	gfree_nolock(p);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_LARGE_FREE), frees);
	/* Requests that came while the gate was closed are not forgotten. */
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(gk_events(EVENT_LARGE_FREE) > frees,
					    GK_PATIENCE_MS / 3));
	p = galloc(100000, GFP_KERNEL);
	gfree_nolock(p);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(gk_events(EVENT_LARGE_FREE) > frees + 1,
					    GK_PATIENCE_MS / 3));
	gk_quiet();
}

static void give_twice_at_rest(struct kunit *test)
{
	called = give_twice;
	call_as_if_in_an_nmi(false);
	nolock_settle();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
}

/* The second time it lies on top of the stack, where no bit says so. */
static void freed_twice_on_the_stack_is_freed_once(struct kunit *test)
{
	void *other = galloc(64, GFP_KERNEL);

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	given[0] = galloc(64, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, other && given[0]);
	give_twice_at_rest(test);
	/* A report is owed once. */
	nolock_settle();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 0);
	gfree(other);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* An object whose pages others read waits for them, and is freed once. */
static void what_others_read_waits_for_them(struct kunit *test)
{
	struct page *page;

	gk_needs_class(test, 2 * PAGE_SIZE);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	given[0] = galloc(2 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, given[0]);
	page = virt_to_page(given[0] + PAGE_SIZE);
	get_page(page);
	give_twice_at_rest(test);
	KUNIT_EXPECT_EQ(test, waiting_nr(), 1);
	put_page(page);
	waiting_release();
	KUNIT_EXPECT_EQ(test, waiting_nr(), 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static unsigned long counted;
static bool again;

static void free_it_there(enum galloc_pause point, const void *p)
{
	if (point != PAUSE_WAIT_BEGINS)
		return;
	WRITE_ONCE(galloc_pause_hook, NULL);
	counted = waiting_nr();
	if (again)
		gfree_nolock(p);
}

/*
 * An object that is to wait is counted before anybody can find it.  If somebody else frees it
 * just then, that is reported by the worker, too.
 */
static void two_may_free_what_others_read(struct kunit *test)
{
	struct page *page;
	unsigned int i;

	gk_needs_class(test, 2 * PAGE_SIZE);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	for (i = 0; i < 2; i++) {
		long faults = gk_faults(FAULT_DOUBLE_FREE);

		again = i;
		counted = 0;
		given[0] = galloc(2 * PAGE_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, given[0]);
		page = virt_to_page(given[0] + PAGE_SIZE);
		get_page(page);
		called = give_one;
		WRITE_ONCE(galloc_pause_hook, free_it_there);
		preempt_disable();
		call_as_if_in_an_nmi(true);
		preempt_enable();
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_EXPECT_EQ(test, counted, 1);
		KUNIT_EXPECT_EQ(test, waiting_nr(), 1);
		KUNIT_EXPECT_EQ(test, gk_faults(FAULT_DOUBLE_FREE), faults);
		nolock_settle();
		gk_expect_faults(test, FAULT_DOUBLE_FREE, i);
		put_page(page);
		waiting_release();
		KUNIT_EXPECT_EQ(test, waiting_nr(), 0);
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* Nor are there pages for one of which only the lower half of the number is small. */
static void a_size_beyond_all_memory_is_refused(struct kunit *test)
{
	static const size_t wild[] = { BIT(32 + PAGE_SHIFT) + 100000, SIZE_MAX, SIZE_MAX / 2 };
	unsigned int i;

	/* What the CPU keeps of that length. */
	gfree(galloc(100000, GFP_KERNEL));
	for (i = 0; i < ARRAY_SIZE(wild); i++)
		KUNIT_EXPECT_NULL(test, galloc_nolock(wild[i], 0));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(an_object_is_had_unless_it_takes_a_lock, situations_gen_params),
	KUNIT_CASE(no_lock_is_tried_by_a_holder),
	KUNIT_CASE_PARAM(an_object_of_every_size_is_freed, sizes_gen_params),
	KUNIT_CASE(a_full_span_is_looked_at),
	KUNIT_CASE(freed_twice_is_reported_by_the_worker),
	KUNIT_CASE(what_waits_for_the_worker_is_one_object),
	KUNIT_CASE(a_heap_at_its_limit_gets_what_was_freed),
	KUNIT_CASE(a_heap_is_made_of_what_was_freed),
	KUNIT_CASE(in_vain_a_heap_waits_now_and_then),
	KUNIT_CASE(whole_pages_come_from_the_stash),
	KUNIT_CASE(missing_references_are_left_to_the_worker),
	KUNIT_CASE(the_worker_does_what_is_left),
	KUNIT_CASE(freed_twice_on_the_stack_is_freed_once),
	KUNIT_CASE(what_others_read_waits_for_them),
	KUNIT_CASE(two_may_free_what_others_read),
	KUNIT_CASE(a_size_beyond_all_memory_is_refused),
	{}
};

GK_SUITE(nolock, gk_init, gk_exit);
