// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what watching finds, and what is left of it when it has ended.
 */
#include "helpers.h"

#include <linux/kasan.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/timer.h>

#include "debug/table.h"
#include "debug/watch.h"
#include "galloc_cache.h"
#include "galloc_heap.h"
#include "galloc_nolock.h"

static void watch(const char *what)
{
	char text[40];

	strscpy(text, what, sizeof(text));
	WARN_ON_ONCE(watch_command(text));
}

/* The same for the class of a size. */
static void watch_class(size_t size, const char *how)
{
	char text[40];

	snprintf(text, sizeof(text), "class=%u %s", sizeclass_of(size), how);
	watch(text);
}

static int init_case(struct kunit *test)
{
#ifdef CONFIG_KASAN_GENERIC
	/* It would report what is to be found here. */
	bytes_marked = false;
#endif
	return gk_init(test);
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	quarantine_kb = 0;
	quarantine_flush(true);
#ifdef CONFIG_KASAN_GENERIC
	bytes_marked = true;
#endif
	gk_exit(test);
}

static void *zeroed(size_t size)
{
	return galloc_any(size, GFP_KERNEL | __GFP_ZERO);
}

/* ---- red zones ----------------------------------------------------------------------------- */

/*
 * Its client grows an object that was watched, in place and elsewhere: what is new is zero, as
 * it would be if nobody had watched it.
 */
static void a_zeroed_object_grows_with_zeroes(struct kunit *test)
{
	unsigned int i;
	u8 *p;

	for (i = 0; i < 4; i++) {
		watch_class(100, "on");
		if (i % 2)
			watch("all on");
		p = zeroed(100);
		KUNIT_ASSERT_NOT_NULL(test, p);
		if (i % 2)
			watch("all off");
		watch_class(100, "off");
		p = grealloc(p, i < 2 ? 110 : 500, GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, i < 2 ? 110 : 500));
		gfree(p);
	}
	/* Whole pages, of which a part is filled. */
	watch("large on");
	p = zeroed(40000);
	KUNIT_ASSERT_NOT_NULL(test, p);
	watch("large off");
	p = grealloc(p, 40960, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 40960));
	gfree(p);
	gk_expect_any_faults(test, 0);
}

/* Its bytes are looked at once more before they are its client's. */
static void an_overrun_is_found_at_the_end(struct kunit *test)
{
	u8 *p;

	gk_expect_reports(test, FAULT_OVERRUN);
	watch("all on");
	p = zeroed(100);
	KUNIT_ASSERT_NOT_NULL(test, p);
	p[100] = 0;
	watch("all off");
	gk_expect_faults(test, FAULT_OVERRUN, 1);
	gfree(p);
	gk_expect_any_faults(test, 0);
}

/* When a heap takes back what is live. */
static void an_overrun_is_found_by_a_sweep(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("swept", NULL);
	u8 *p, *q;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	gk_expect_reports(test, FAULT_OVERRUN);
	watch("heap=swept on");
	p = galloc_from(heap, 100, GFP_KERNEL);
	q = galloc_from(heap, 100, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p && q && galloc_from(heap, 100, GFP_KERNEL));
	p[103] = 1;
	/* Found already. */
	q[102] = 1;
	gfree(q);
	gk_expect_faults(test, FAULT_OVERRUN, 1);
	gk_listen(test);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), 2);
	gk_expect_faults(test, FAULT_OVERRUN, 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "first damaged byte: 103,"), 1);
	watch("heap=swept off");
}

/* The byte of an object behind those that its client has asked for. */
static u8 behind(const u8 *p, size_t asked)
{
	u8 byte;

	/* KASAN should not report this access. */
	kasan_disable_current();
	byte = p[asked];
	kasan_enable_current();
	return byte;
}

/* What others watch keeps its zone. */
static void others_keep_their_zones(struct kunit *test)
{
	u8 *p, *q;

	watch_class(100, "on");
	watch_class(500, "on");
	p = zeroed(100);
	q = zeroed(500);
	KUNIT_ASSERT_TRUE(test, p && q);
	watch_class(100, "off");
	KUNIT_EXPECT_EQ(test, behind(p, 100), 0);
	KUNIT_EXPECT_EQ(test, behind(q, 500), BYTES_ZONE);
	gfree(p);
	gfree(q);
	/* And get new ones. */
	q = zeroed(500);
	KUNIT_EXPECT_EQ(test, behind(q, 500), BYTES_ZONE);
	gfree(q);
	/* So does what is watched twice. */
	q = zeroed(500);
	watch("all on");
	watch("all off");
	KUNIT_EXPECT_EQ(test, behind(q, 500), BYTES_ZONE);
	watch("all on");
	watch_class(500, "off");
	KUNIT_EXPECT_EQ(test, behind(q, 500), BYTES_ZONE);
	watch("all off");
	KUNIT_EXPECT_EQ(test, behind(q, 500), 0);
	gfree(q);
	gk_expect_any_faults(test, 0);
}

static u8 *freed_meanwhile, *taken_meanwhile;

/* In a section of table_lock, where who frees it cannot wait; and after that. */
static void free_and_take(enum galloc_pause point, const void *p)
{
	if (point == PAUSE_ZONES_CLEARED)
		taken_meanwhile = zeroed(100);
	if (point != PAUSE_ZONE_CLEARING || p != freed_meanwhile)
		return;
	freed_meanwhile = NULL;
	gfree_nolock(p);
}

/* In any context one may be freed, also if its zone is being cleared, and another one taken. */
static void one_comes_and_one_goes_meanwhile(struct kunit *test)
{
	u8 *p;

	watch("all on");
	p = zeroed(100);
	KUNIT_ASSERT_NOT_NULL(test, p);
	freed_meanwhile = p;
	taken_meanwhile = NULL;
	WRITE_ONCE(galloc_pause_hook, free_and_take);
	watch("all off");
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_NULL(test, freed_meanwhile);
	worker_settle();
	gk_expect_any_faults(test, 0);
	/* Nobody would clear its zone any more. */
	KUNIT_ASSERT_NOT_NULL(test, taken_meanwhile);
	p = grealloc(taken_meanwhile, 110, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 110));
	gfree(p);
}

static struct {
	u8 *p;
	bool go, gone, early;
} other;

static void free_other(void *arg)
{
	/* Whoever ends the watch may wait for this CPU first. */
	gk_yield_for(READ_ONCE(other.go), GK_PATIENCE_MS);
	gfree(other.p);
	WRITE_ONCE(other.gone, true);
}

/* Long enough for a free that does not wait. */
static void have_it_freed(enum galloc_pause point, const void *p)
{
	if (point != PAUSE_ZONE_CLEARING || p != other.p)
		return;
	WRITE_ONCE(other.go, true);
	mdelay(20);
	other.early = READ_ONCE(other.gone);
}

/* Another CPU frees one whose zone is being cleared: it waits for that. */
static void a_free_waits_until_its_zone_is_cleared(struct kunit *test)
{
	struct gk_thread *t;
	void *neighbour;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	memset(&other, 0, sizeof(other));
	watch("all on");
	/* So that its span stays, whose table would be waited for. */
	neighbour = galloc_any(100, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, neighbour);
	other.p = zeroed(100);
	KUNIT_ASSERT_NOT_NULL(test, other.p);
	gk_pin(gk_cpu(0));
	t = gk_start(test, gk_cpu(1), free_other, NULL);
	WRITE_ONCE(galloc_pause_hook, have_it_freed);
	watch("all off");
	WRITE_ONCE(galloc_pause_hook, NULL);
	WRITE_ONCE(other.go, true);
	gk_join(test, t);
	KUNIT_EXPECT_FALSE(test, other.early);
	gfree(neighbour);
	/* It is free, and once. */
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	gk_expect_any_faults(test, 0);
}

struct growth {
	atomic_t stop;
	unsigned int wrong;
};

/* Clients go on resizing and freeing while watching begins and ends. */
static void grow(void *arg)
{
	struct growth *g = arg;
	u8 *p;

	while (!atomic_read(&g->stop)) {
		p = zeroed(100);
		if (!p)
			continue;
		cond_resched();
		p = grealloc(p, 110, GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL);
		g->wrong += !!memchr_inv(p, 0, 110);
		p = grealloc(p, 500, GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL);
		g->wrong += !!memchr_inv(p, 0, 500);
		gfree(p);
	}
}

static void clients_grow_meanwhile(struct kunit *test)
{
	struct growth g = { .stop = ATOMIC_INIT(0) };
	unsigned int i;
	struct gk_thread *a, *b;

	a = gk_start(test, gk_cpu(0), grow, &g);
	b = gk_start(test, gk_cpu(1), grow, &g);
	for (i = 0; i < 20; i++) {
		watch_class(100, "on");
		msleep(1);
		watch_class(100, "off");
	}
	atomic_set(&g.stop, 1);
	gk_join(test, a);
	gk_join(test, b);
	KUNIT_EXPECT_EQ(test, g.wrong, 0);
	gk_expect_any_faults(test, 0);
}

static void see_nothing(const struct gate_object *o)
{
}

static struct galloc_heap *first;

/* A client makes what is about to be watched, and another watcher sees its objects. */
static void make_and_grow(enum galloc_pause point, const void *what)
{
	u8 *p;

	if (point != PAUSE_WATCH_LISTED || first)
		return;
	first = galloc_heap_create("first", NULL);
	p = first ? galloc_from(first, 100, GFP_KERNEL) : NULL;
	p = p ? grealloc(p, 110, GFP_KERNEL) : NULL;
	if (p)
		memset(p, 0x11, 110);
	gfree(p);
}

static void what_is_recorded_first_is_kept_true(struct kunit *test)
{
	static const struct gate_watcher watcher = {
		.alloc = see_nothing, .free = see_nothing,
	};

	first = NULL;
	gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
	WRITE_ONCE(galloc_pause_hook, make_and_grow);
	watch("heap=first on");
	WRITE_ONCE(galloc_pause_hook, NULL);
	gate_open(GATE_TRACE);
	KUNIT_EXPECT_NOT_NULL(test, first);
	galloc_heap_destroy(first, GALLOC_HEAP_RELEASE);
	watch("heap=first off");
	gk_expect_any_faults(test, 0);
}

/* ---- reports -------------------------------------------------------------------------------- */

/* Where another object is now, nobody is blamed for what was there before. */
static void a_report_is_about_who_is_there(struct kunit *test)
{
	const size_t size = 1000, had = 4096;
	unsigned int i;
	u8 *p, *q = NULL;

	gk_expect_reports(test, FAULT_INTERIOR);
	watch_class(had, "on");
	p = galloc_any(had, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	gfree(p);
	watch_class(had, "off");
	worker_settle();
	/* Its pages are in use again. */
	for (i = 0; i < 4096 && addr_of(q) - addr_of(p) >= had - size; i++) {
		void **next = galloc_any(size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, next);
		*next = q;
		q = (u8 *)next;
	}
	KUNIT_EXPECT_LT(test, i, 4096);
	gk_listen(test);
	gfree(q + 8);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "allocated by task"), 0);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "freed by task"), 0);
	while (q) {
		p = q;
		q = *(void **)q;
		gfree(p);
	}
}

static struct {
	struct timer_list timer;
	void *p;
	bool over;
} idle;

static void take_over_idle(struct timer_list *unused)
{
	if (is_idle_task(current))
		idle.p = galloc_any(100, GFP_ATOMIC);
	WRITE_ONCE(idle.over, true);
}

/* Who has allocated it is known, also if that was an interrupt over the idle task, number 0. */
static void an_interrupt_of_the_idle_task_is_named(struct kunit *test)
{
	unsigned int i;

	gk_expect_reports(test, FAULT_INTERIOR);
	idle.p = NULL;
	timer_setup(&idle.timer, take_over_idle, 0);
	watch_class(100, "on");
	for (i = 0; i < 100 && !idle.p; i++) {
		WRITE_ONCE(idle.over, false);
		mod_timer(&idle.timer, jiffies + 2);
		KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(idle.over), GK_PATIENCE_MS));
	}
	timer_delete_sync(&idle.timer);
	if (idle.p) {
		gk_listen(test);
		gfree(idle.p + 8);
		gk_expect_faults(test, FAULT_INTERIOR, 1);
		KUNIT_EXPECT_EQ(test, gk_heard(test, "allocated by task 0,"), 1);
		KUNIT_EXPECT_EQ(test, gk_heard(test, "freed by task"), 0);
		gfree(idle.p);
	}
	watch_class(100, "off");
	if (!idle.p)
		kunit_skip(test, "no CPU is idle");
}

/* ---- quarantine ------------------------------------------------------------------------------ */

static struct galloc_heap *dying;
static size_t left_there;
static void *its;

/* What is freed now is left to the worker, and what that frees to the quarantine. */
static void free_and_destroy(enum galloc_pause point, const void *p)
{
	if (point != PAUSE_ZONES_CLEARED || !dying)
		return;
	gfree_nolock(its);
	galloc_heap_destroy(dying, GALLOC_HEAP_RELEASE);
	dying = NULL;
	left_there = quarantine_bytes();
}

/* Nothing of a heap is kept there when it is gone. */
static void a_heap_leaves_nothing_there(struct kunit *test)
{
	dying = galloc_heap_create("dying", NULL);
	KUNIT_ASSERT_NOT_NULL(test, dying);
	watch("heap=dying on");
	watch("all on");
	quarantine_kb = 64;
	its = galloc_from(dying, 100, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, its);
	WRITE_ONCE(galloc_pause_hook, free_and_destroy);
	watch("all off");
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_NULL(test, dying);
	KUNIT_EXPECT_EQ(test, left_there, 0);
	watch("heap=dying off");
	gk_expect_any_faults(test, 0);
}

/* Who resizes what lies there, or asks for its size, gets nothing, and changes nothing. */
static void what_lies_there_has_no_size(struct kunit *test)
{
	static const size_t sizes[] = { 100, 4000, 70000 };
	unsigned int i;
	u8 *p;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	watch("all on");
	quarantine_kb = 1024;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = zeroed(sizes[i]);
		KUNIT_ASSERT_NOT_NULL(test, p);
		gfree(p);
		KUNIT_EXPECT_EQ(test, gsize(p), 0);
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
		KUNIT_EXPECT_NULL(test, grealloc(p, 50, GFP_KERNEL | __GFP_ZERO));
		KUNIT_EXPECT_NULL(test, grealloc(p, 2 * sizes[i], GFP_KERNEL));
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 2);
		KUNIT_EXPECT_NULL(test, gvrealloc(p, 50, GFP_KERNEL | __GFP_ZERO));
		KUNIT_EXPECT_NULL(test, gvrealloc(p, 2 * sizes[i], GFP_KERNEL));
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 2);
	}
	/* Nothing of it was cleared. */
	quarantine_flush(true);
	gk_expect_any_faults(test, 0);
	quarantine_kb = 0;
	watch("all off");
}

/* With a lower limit what is beyond it goes, also if nothing more is kept. */
static void a_lower_limit_empties_it(struct kunit *test)
{
	unsigned int i;

	watch("all on");
	quarantine_kb = 64;
	for (i = 0; i < 100; i++)
		gfree(galloc_any(1000, GFP_KERNEL));
	KUNIT_EXPECT_GT(test, quarantine_bytes(), 32768);
	quarantine_kb = 4;
	for (i = 0; i < 100; i++)
		gfree(galloc_any(8192, GFP_KERNEL));
	KUNIT_EXPECT_LE(test, quarantine_bytes(), 4096);
	quarantine_kb = 0;
	gfree(galloc_any(1000, GFP_KERNEL));
	gfree(galloc_any(1000, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, quarantine_bytes(), 0);
	watch("all off");
}

static unsigned int came;
static bool nested;

/* As another CPU that frees one for each that is taken out. */
static void free_another(enum galloc_pause point, const void *p)
{
	if (point != PAUSE_UNPARKED || nested)
		return;
	nested = true;
	if (++came < 1000)
		gfree(galloc_any(1000, GFP_ATOMIC));
	nested = false;
}

static void what_comes_meanwhile_is_not_waited_for(struct kunit *test)
{
	unsigned int i;

	watch("all on");
	quarantine_kb = 1024;
	for (i = 0; i < 10; i++)
		gfree(galloc_any(1000, GFP_KERNEL));
	came = 0;
	WRITE_ONCE(galloc_pause_hook, free_another);
	KUNIT_EXPECT_TRUE(test, quarantine_flush(true));
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, came, 10);
	KUNIT_EXPECT_GT(test, quarantine_bytes(), 0);
	quarantine_flush(true);
	KUNIT_EXPECT_EQ(test, quarantine_bytes(), 0);
	watch("all off");
}

/* ---- leaks ----------------------------------------------------------------------------------- */

/* Written after each call, so that each is on the stack. */
static int born;

static noinline void *born_small(size_t size)
{
	void *p = galloc_any(size, GFP_KERNEL);

	WRITE_ONCE(born, 1);
	return p;
}

static noinline void *born_large(size_t size)
{
	void *p = galloc_any(size, GFP_KERNEL);

	WRITE_ONCE(born, 2);
	return p;
}

static noinline void *born_in_heap(struct galloc_heap *heap)
{
	void *p = galloc_from(heap, 60, GFP_KERNEL);

	WRITE_ONCE(born, 3);
	return p;
}

static noinline void *born_in_cache(struct galloc_cache *cache)
{
	void *p = galloc_cache_alloc(cache, GFP_KERNEL);

	WRITE_ONCE(born, 4);
	return p;
}

static bool has_stacks(void)
{
	unsigned long at[4];

	return stack_trace_save(at, ARRAY_SIZE(at), 0);
}

/* That of so many bytes was allocated long ago. */
static void make_older(u32 row, size_t size, const struct record *r, void *asked)
{
	if (r->asked == *(u32 *)asked)
		((struct record *)r)->since -= 1000;
}

/* The line of leaks that begins with objects and bytes, and the age in it; NULL: none. */
static const char *leak_line(const char *text, unsigned int objects, unsigned int bytes,
			     unsigned long *age)
{
	const char *line;
	char head[40];

	snprintf(head, sizeof(head), "\n%10u %14u ", objects, bytes);
	line = strstr(text, head);
	return line && sscanf(line + strlen(head), "%lu", age) == 1 ? line : NULL;
}

/* By stack, most bytes first: how many, what was asked for, and the age of the oldest. */
static void leaks_are_told_by_stack(struct kunit *test)
{
	struct seq_file m = { .size = 64 * 1024 };
	const char *few, *most;
	unsigned int i, n = 4;
	unsigned long age = 0;
	u32 asked = 90;
	void *p[5];

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	mutex_init(&m.lock);
	watch("all on");
	/* One call, whose loop is left as it is. */
	OPTIMIZER_HIDE_VAR(n);
	for (i = 0; i < n; i++)
		p[i] = born_small(i == 1 ? asked : 100);
	p[i] = born_large(70000);
	table_walk(make_older, &asked);
	gfree(p[3]);
	KUNIT_EXPECT_EQ(test, leaks_show(&m, NULL), 0);
	/* Where the kernel tells no stacks all are of one. */
	few = has_stacks() ? leak_line(m.buf, 3, 290, &age) : leak_line(m.buf, 4, 70290, &age);
	KUNIT_EXPECT_NOT_NULL(test, few);
	KUNIT_EXPECT_GE(test, age, 1000);
	KUNIT_EXPECT_LT(test, age, 1000 + GK_PATIENCE_MS / 1000);
	if (has_stacks()) {
		most = leak_line(m.buf, 1, 70000, &age);
		KUNIT_EXPECT_NOT_NULL(test, most);
		KUNIT_EXPECT_LT(test, age, 1000);
		KUNIT_EXPECT_TRUE(test, most < few);
	}
	gfree_bulk(3, p);
	gfree(p[4]);
	watch("all off");
}

/* Only what its own heap or cache leaves, when that is destroyed. */
static void leaks_are_told_when_their_owner_goes(struct kunit *test)
{
	struct galloc_cache *cache = galloc_cache_create("owner", 99, NULL);
	struct galloc_heap *heap = galloc_heap_create("owner", NULL);
	void *p[3];

	KUNIT_ASSERT_TRUE(test, heap && cache);
	gk_expect_reports(test, FAULT_LIVE);
	watch("all on");
	p[0] = born_small(100);
	p[1] = born_in_heap(heap);
	p[2] = born_in_cache(cache);
	KUNIT_ASSERT_TRUE(test, p[0] && p[1] && p[2]);
	gk_listen(test);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "live: 1 objects, 60 bytes, the oldest "), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "allocated by:"), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "born_in_heap"), has_stacks());
	gk_listen(test);
	galloc_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "live: 1 objects, 99 bytes, the oldest "), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "allocated by:"), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "born_in_cache"), has_stacks());
	gk_expect_faults(test, FAULT_LIVE, 2);
	gfree_bulk(ARRAY_SIZE(p), p);
	watch("all off");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_zeroed_object_grows_with_zeroes),
	KUNIT_CASE(an_overrun_is_found_at_the_end),
	KUNIT_CASE(an_overrun_is_found_by_a_sweep),
	KUNIT_CASE(others_keep_their_zones),
	KUNIT_CASE(one_comes_and_one_goes_meanwhile),
	KUNIT_CASE(a_free_waits_until_its_zone_is_cleared),
	KUNIT_CASE(clients_grow_meanwhile),
	KUNIT_CASE(what_is_recorded_first_is_kept_true),
	KUNIT_CASE(a_report_is_about_who_is_there),
	KUNIT_CASE(an_interrupt_of_the_idle_task_is_named),
	KUNIT_CASE(a_heap_leaves_nothing_there),
	KUNIT_CASE(what_lies_there_has_no_size),
	KUNIT_CASE(a_lower_limit_empties_it),
	KUNIT_CASE(what_comes_meanwhile_is_not_waited_for),
	KUNIT_CASE(leaks_are_told_by_stack),
	KUNIT_CASE(leaks_are_told_when_their_owner_goes),
	{}
};

GK_SUITE(watch, init_case, exit_case);
