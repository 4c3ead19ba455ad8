// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: crimes of clients, and the report that each has to have.
 *
 * Every kind of object is a victim of every crime that it can be a victim of, while its
 * rows are watched: see debug/table.c.
 */
#include "helpers.h"

#include <linux/stacktrace.h>
#ifdef CONFIG_KASAN_GENERIC
#include <trace/events/error_report.h>
#endif

#include "debug/table.h"
#include "debug/watch.h"
#include "galloc_cache.h"
#include "galloc_heap.h"
#include "galloc_nolock.h"
#include "galloc_prefill.h"
#include "galloc_rcu.h"

/* More than a span of any victim has. */
#define MANY		256

static struct galloc_cache *cache;
static struct galloc_heap *heap;
static struct galloc_prefill *prefill;

/* ---- victims -------------------------------------------------------------------------- */

struct victim {
	const char *name;
	void *(*alloc)(size_t size);
	void (*free)(void *p);
	size_t size;
	bool alone;		/* its span has no other object, and goes with it */
};

/* Written after each call, so that each is on the stack, and no two functions are one. */
static int fate;

static noinline void *victim_born(const struct victim *v)
{
	void *p = v->alloc(v->size);

	WRITE_ONCE(fate, 1);
	return p;
}

static noinline void victim_buried(const struct victim *v, void *p)
{
	v->free(p);
	WRITE_ONCE(fate, 2);
}

static noinline void victim_exhumed(const struct victim *v, void *p)
{
	v->free(p);
	WRITE_ONCE(fate, 3);
}

static void *small_alloc(size_t size)
{
	return galloc_any(size, GFP_KERNEL);
}

static void *zeroed_alloc(size_t size)
{
	return gzalloc(size, GFP_KERNEL);
}

static void *bulk_alloc(size_t size)
{
	void *p = NULL;

	return galloc_bulk(size, GFP_KERNEL, 1, &p) ? p : NULL;
}

static void bulk_free(void *p)
{
	gfree_bulk(1, &p);
}

static void *node_alloc(size_t size)
{
	return galloc_node(size, GFP_KERNEL, gk_nid());
}

static void *cache_alloc(size_t size)
{
	return galloc_cache_alloc(cache, GFP_KERNEL);
}

static void cache_free(void *p)
{
	galloc_cache_free(cache, p);
}

static void *heap_alloc_one(size_t size)
{
	return galloc_from(heap, size, GFP_KERNEL);
}

static void *prefill_alloc(size_t size)
{
	return galloc_prefill_alloc(prefill);
}

static void *nolock_alloc(size_t size)
{
	/* There may be none without a lock. */
	void *keep = galloc_any(size, GFP_KERNEL), *p = galloc_nolock(size, 0);

	gfree(keep);
	return p ?: galloc_any(size, GFP_KERNEL);
}

static void *grown_alloc(size_t size)
{
	/* In place. */
	return grealloc(galloc_any(size - 5, GFP_KERNEL), size, GFP_KERNEL);
}

static void *moved_alloc(size_t size)
{
	return grealloc(galloc_any(8, GFP_KERNEL), size, GFP_KERNEL);
}

static void free_nolock(void *p)
{
	gfree_nolock(p);
	worker_settle();
}

static void free_rcu_one(void *p)
{
	gfree_rcu_mightsleep(p);
	galloc_rcu_barrier();
}

static void free_any(void *p)
{
	gfree(p);
}

static const struct victim victims[] = {
	{ "small", small_alloc, free_any, 60 },
	{ "zeroed", zeroed_alloc, free_any, 90 },
	{ "bulk", bulk_alloc, bulk_free, 200 },
	{ "of a node", node_alloc, free_any, 500 },
	{ "alone in its span", small_alloc, free_any, 4000, true },
	{ "above a page", small_alloc, free_any, 8100, true },
	{ "large", small_alloc, free_any, 70000, true },
	{ "cached", cache_alloc, cache_free, 99 },
	{ "heap", heap_alloc_one, free_any, 60 },
	{ "heap, large", heap_alloc_one, free_any, 70000, true },
	{ "prefilled", prefill_alloc, free_any, 100 },
	{ "nolock", nolock_alloc, free_any, 300 },
	{ "grown", grown_alloc, free_any, 60 },
	{ "moved", moved_alloc, free_any, 700 },
	{ "freed without a lock", small_alloc, free_nolock, 60 },
	{ "freed by RCU", small_alloc, free_rcu_one, 60 },
};

/* ---- crimes ---------------------------------------------------------------------------- */

static void expect_text(struct kunit *test, const char *text, unsigned int n)
{
	KUNIT_EXPECT_GE_MSG(test, gk_heard(test, text), n, "%s", text);
}

/* The same for a function of a saved stack, which not every kernel can tell. */
static void expect_caller(struct kunit *test, const char *text)
{
	unsigned long at[4];

	if (stack_trace_save(at, ARRAY_SIZE(at), 0))
		expect_text(test, text, 1);
}

/* A prefilled object was allocated before. */
static void expect_born(struct kunit *test, const struct victim *v)
{
	if (v->alloc != prefill_alloc)
		expect_caller(test, "victim_born");
}

static void expect_damage(struct kunit *test, const struct victim *v,
			  enum galloc_fault fault, size_t at)
{
	char text[64];

	gk_expect_faults(test, fault, 1);
	snprintf(text, sizeof(text), "first damaged byte: %zu,", at);
	expect_text(test, text, 1);
	expect_born(test, v);
}

static void double_free(struct kunit *test, const struct victim *v, u8 *p)
{
	victim_buried(v, p);
	gk_listen(test);
	victim_exhumed(v, p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	expect_text(test, "allocated by task", 1);
	expect_born(test, v);
	expect_text(test, "freed by task", 1);
	if (v->free == free_any) {
		expect_caller(test, "victim_buried");
		expect_text(test, "victim_exhumed", 1);
	}
}

static void overrun_found_at_free(struct kunit *test, const struct victim *v, u8 *p)
{
	p[v->size + 1] = 1;
	gk_listen(test);
	victim_buried(v, p);
	if (v->free == free_nolock)
		gk_expect_faults(test, FAULT_OVERRUN, 0);
	else
		expect_damage(test, v, FAULT_OVERRUN, v->size + 1);
}

static void overrun_found_by_validate(struct kunit *test, const struct victim *v, u8 *p)
{
	u8 was = p[v->size];

	p[v->size] = 1;
	gk_listen(test);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	expect_damage(test, v, FAULT_OVERRUN, v->size);
	p[v->size] = was;
	victim_buried(v, p);
}

static void overrun_found_when_resized(struct kunit *test, const struct victim *v, u8 *p)
{
	p[v->size] = 1;
	gk_listen(test);
	p = grealloc(p, v->size - 1, GFP_KERNEL);
	expect_damage(test, v, FAULT_OVERRUN, v->size);
	victim_buried(v, p);
}

static void late_write_found_at_reuse(struct kunit *test, const struct victim *v, u8 *p)
{
	void **others;
	unsigned int n = 0;

	others = kunit_kzalloc(test, MANY * sizeof(*others), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, others);
	victim_buried(v, p);
	p[5] = 1;
	gk_listen(test);
	do {
		others[n] = v->size == 99 ? cache_alloc(99) :
			    v->alloc == heap_alloc_one ? heap_alloc_one(v->size) :
			    small_alloc(v->size);
	} while (others[n++] != p && n < MANY);
	KUNIT_EXPECT_PTR_EQ(test, (u8 *)others[n - 1], p);
	if (v->free == free_nolock)
		gk_expect_faults(test, FAULT_LATE_WRITE, 0);
	else
		expect_damage(test, v, FAULT_LATE_WRITE, 5);
	gfree_bulk(n, others);
}

static void late_write_found_by_validate(struct kunit *test, const struct victim *v, u8 *p)
{
	u8 was;

	victim_buried(v, p);
	was = p[7];
	p[7] = 1;
	gk_listen(test);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	if (v->free == free_nolock)
		gk_expect_faults(test, FAULT_LATE_WRITE, 0);
	else
		expect_damage(test, v, FAULT_LATE_WRITE, 7);
	p[7] = was;
}

/* Its span goes with it, but in quarantine it is kept. */
static void late_write_found_in_quarantine(struct kunit *test, const struct victim *v, u8 *p)
{
	quarantine_kb = 256;
	victim_buried(v, p);
	p[9] = 1;
	gk_listen(test);
	/* Not yet: it lies there. */
	gk_expect_faults(test, FAULT_LATE_WRITE, 0);
	quarantine_flush(true);
	quarantine_kb = 0;
	if (v->free == free_nolock)
		gk_expect_faults(test, FAULT_LATE_WRITE, 0);
	else
		expect_damage(test, v, FAULT_LATE_WRITE, 9);
}

/* A second free while it lies there. */
static void double_free_in_quarantine(struct kunit *test, const struct victim *v, u8 *p)
{
	quarantine_kb = 256;
	double_free(test, v, p);
	quarantine_flush(true);
	quarantine_kb = 0;
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 0);
}

static void wrong_size(struct kunit *test, const struct victim *v, u8 *p)
{
	gk_listen(test);
	gfree_sized(p, v->size - 1);
	gk_expect_faults(test, FAULT_WRONG_SIZE, 1);
	expect_born(test, v);
	gfree_sized(p, v->size);
	gk_expect_faults(test, FAULT_WRONG_SIZE, 0);
}

static void leak(struct kunit *test, const struct victim *v, u8 *p)
{
	gk_listen(test);
	leaks_print("leak", NULL, NULL);
	expect_born(test, v);
	expect_text(test, "leak: ", 1);
	victim_buried(v, p);
}

static const struct crime {
	const char *name;
	void (*commit)(struct kunit *test, const struct victim *v, u8 *p);
	enum galloc_fault fault;
	bool to_free;		/* not of an object whose span goes with it */
} crimes[] = {
	{ "double free", double_free, FAULT_DOUBLE_FREE },
	{ "overrun, free", overrun_found_at_free, FAULT_OVERRUN },
	{ "overrun, validate", overrun_found_by_validate, FAULT_OVERRUN },
	{ "overrun, resize", overrun_found_when_resized, FAULT_OVERRUN },
	{ "late write, reuse", late_write_found_at_reuse, FAULT_LATE_WRITE, true },
	{ "late write, validate", late_write_found_by_validate, FAULT_LATE_WRITE, true },
	{ "late write, quarantine", late_write_found_in_quarantine, FAULT_LATE_WRITE },
	{ "double free, quarantine", double_free_in_quarantine, FAULT_DOUBLE_FREE },
	{ "wrong size", wrong_size, FAULT_WRONG_SIZE },
	{ "leak", leak, NR_GALLOC_FAULTS },
};

static void watch(const char *what)
{
	char text[40];

	strscpy(text, what, sizeof(text));
	WARN_ON_ONCE(watch_command(text));
}

/* Each report is found: nothing else, where prefill has allocated. */
static void commit_all(struct kunit *test, const struct crime *crime)
{
	const struct victim *v;
	void *keep;
	u8 *p;

	if (crime->fault < NR_GALLOC_FAULTS)
		gk_expect_reports(test, crime->fault);
	for (v = victims; v < victims + ARRAY_SIZE(victims); v++) {
		if (crime->to_free && v->alone)
			continue;
		prefill = galloc_prefill(100, 2, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, prefill);
		/* The other keeps the span. */
		keep = v->alloc == prefill_alloc ? small_alloc(100) : v->alloc(v->size);
		p = victim_born(v);
		KUNIT_ASSERT_TRUE_MSG(test, p && keep, "%s", v->name);
		crime->commit(test, v, p);
		gfree(keep);
		galloc_prefill_release(prefill);
	}
}

static void each_crime_has_its_report(struct kunit *test)
{
	unsigned int i;

	watch("all on");
	for (i = 0; i < ARRAY_SIZE(crimes); i++) {
		kunit_info(test, "%s\n", crimes[i].name);
		commit_all(test, &crimes[i]);
	}
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	watch("all off");
}

/* ---- what is watched ------------------------------------------------------------------- */

/* Is the second free of an earlier object reported at once? */
static bool is_watched(void *(*alloc)(size_t size), size_t size)
{
	long before = gk_faults(FAULT_OVERRUN);
	u8 *keep = alloc(size), *p = alloc(size);

	p[size] = p[size] + 1;
	gfree(p);
	gfree(keep);
	return gk_faults(FAULT_OVERRUN) > before;
}

/* What each of these watches: small 60, small 500, cache, heap, large. */
static void only_what_was_named_is_watched(struct kunit *test)
{
	static const struct {
		const char *what;
		const char *watched;
	} cases[] = {
		{ "class=6", "10000" }, { "cache=crimes", "00100" },
		{ "heap=crimes", "00010" }, { "large", "00001" }, { "all", "11111" },
		{ "class=68", "error" }, { "class=0", "error" }, { "cache=", "error" },
		{ "nothing", "error" },
	};
	char text[40];
	unsigned int i;

	gk_expect_reports(test, FAULT_OVERRUN);
	KUNIT_ASSERT_EQ(test, sizeclass_of(60), 6);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char is[6] = "error";

		snprintf(text, sizeof(text), "%s on", cases[i].what);
		if (!watch_command(text)) {
			is[0] = '0' + is_watched(small_alloc, 60);
			is[1] = '0' + is_watched(small_alloc, 500);
			is[2] = '0' + is_watched(cache_alloc, 99);
			is[3] = '0' + is_watched(heap_alloc_one, 60);
			is[4] = '0' + is_watched(small_alloc, 70000);
			snprintf(text, sizeof(text), "%s off", cases[i].what);
			KUNIT_EXPECT_EQ(test, watch_command(text), 0);
			KUNIT_EXPECT_FALSE(test, is_watched(small_alloc, 60));
		}
		KUNIT_EXPECT_STREQ_MSG(test, is, cases[i].watched, "%s", cases[i].what);
	}
	gk_expect_any_faults(test, 9);
}

/* It was free already: whoever frees it once more is told so at once. */
static void what_lay_on_a_stack_is_free_when_watching_begins(struct kunit *test)
{
	u8 *keep = small_alloc(60), *p = small_alloc(60), *last = small_alloc(60);

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gfree(p);
	/* So that it is not on top. */
	gfree(last);
	watch("class=6 on");
	KUNIT_EXPECT_EQ(test, gk_stacked(gk_stack(6)), 0);
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gfree(keep);
	KUNIT_EXPECT_EQ(test, gk_stacked(gk_stack(6)), 0);
	watch("class=6 off");
}

/* Caches and heaps of a name that is watched already. */
static void what_is_made_later_is_watched(struct kunit *test)
{
	struct galloc_heap *had_heap = heap;
	struct galloc_cache *had = cache;

	gk_expect_reports(test, FAULT_OVERRUN);
	watch("cache=later on");
	watch("heap=later on");
	cache = galloc_cache_create("later", 99, NULL);
	heap = galloc_heap_create("later", NULL);
	KUNIT_ASSERT_TRUE(test, cache && heap);
	KUNIT_EXPECT_TRUE(test, is_watched(cache_alloc, 99));
	KUNIT_EXPECT_TRUE(test, is_watched(heap_alloc_one, 60));
	KUNIT_EXPECT_TRUE(test, is_watched(heap_alloc_one, 70000));
	watch("cache=later off");
	watch("heap=later off");
	KUNIT_EXPECT_FALSE(test, is_watched(heap_alloc_one, 70000));
	galloc_cache_destroy(cache);
	galloc_heap_destroy(heap, 0);
	cache = had;
	heap = had_heap;
	gk_expect_any_faults(test, 3);
}

/* A cache in a heap: as long as one of them is named its objects are recorded, unseen never. */
static void two_may_watch_the_same(struct kunit *test)
{
	struct galloc_cache *had = cache;

	cache = galloc_heap_cache_create(heap, "both", 99, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	gk_expect_reports(test, FAULT_OVERRUN);
	watch("heap=crimes on");
	watch("cache=both on");
	watch("heap=crimes off");
	KUNIT_EXPECT_TRUE(test, is_watched(cache_alloc, 99));
	KUNIT_EXPECT_FALSE(test, is_watched(heap_alloc_one, 60));
	watch("cache=both off");
	KUNIT_EXPECT_FALSE(test, is_watched(cache_alloc, 99));
	galloc_cache_destroy(cache);
	cache = had;
	gk_expect_any_faults(test, 1);
}

/* ---- honest clients ---------------------------------------------------------------------- */

static bool traffic_over;

/* Allocates, checks, resizes and frees, until it is told to end. */
static void traffic(void *arg)
{
	u64 seed = 1 + (unsigned long)arg;
	u8 *p[64] = { };
	unsigned int i;

	while (!READ_ONCE(traffic_over)) {
		i = gk_below(&seed, ARRAY_SIZE(p));
		if (p[i]) {
			p[i] = grealloc(p[i], 40 + gk_below(&seed, 80), GFP_KERNEL);
			gfree(p[i]);
			p[i] = NULL;
		} else {
			size_t size = 40 + gk_below(&seed, 60);

			p[i] = galloc_any(size, GFP_KERNEL);
			if (p[i])
				memset(p[i], i, size);
		}
		if (!(gk_random(&seed) % 64))
			usleep_range(20, 50);
	}
	gfree_bulk(ARRAY_SIZE(p), (void **)p);
}

/* The rows are switched while they are used: no report, and nothing is lost. */
static void switching_disturbs_no_traffic(struct kunit *test)
{
	static const char * const what[] = { "all", "class=6", "class=8" };
	struct gk_thread *t[2];
	unsigned int i;
	char text[40];

	WRITE_ONCE(traffic_over, false);
	for (i = 0; i < 2; i++)
		t[i] = gk_start(test, gk_cpu(i), traffic, (void *)(unsigned long)i);
	for (i = 0; i < 2 * ARRAY_SIZE(what) * 3; i++) {
		snprintf(text, sizeof(text), "%s %s", what[i / 2 % ARRAY_SIZE(what)],
			 i % 2 ? "off" : "on");
		watch(text);
		usleep_range(1000, 2000);
		if (i % 6 == 4)
			KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
	WRITE_ONCE(traffic_over, true);
	for (i = 0; i < 2; i++)
		gk_join(test, t[i]);
	gk_expect_any_faults(test, 0);
}

static unsigned int fail_from;

static bool fail_some(unsigned int order)
{
	return fail_from && fail_from++ % 2;
}

/* A table that cannot be had costs nothing but what it would have told. */
static void without_memory_nothing_is_recorded_and_all_is_served(struct kunit *test)
{
	static void *p[MANY];
	unsigned int i;

	watch("all on");
	for (i = 0; i < MANY; i++)
		p[i] = small_alloc(60 + i % 2 * 500);
	gfree_bulk(MANY, p);
	fail_from = 1;
	WRITE_ONCE(galloc_fail_hook, fail_some);
	for (i = 0; i < MANY; i++)
		p[i] = small_alloc(60 + i % 2 * 500);
	gfree_bulk(MANY, p);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	watch("all off");
	gk_expect_any_faults(test, 0);
}

static bool fail_all(unsigned int order)
{
	return true;
}

/* Nor is it kept: a second free would be, too, and whoever has the object by then lose it. */
static void without_memory_nothing_comes_into_quarantine(struct kunit *test)
{
	void *keep = small_alloc(60), *p = small_alloc(60);

	KUNIT_ASSERT_TRUE(test, keep && p);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	watch("all on");
	quarantine_kb = 256;
	WRITE_ONCE(galloc_fail_hook, fail_all);
	gfree(p);
	KUNIT_EXPECT_EQ(test, quarantine_bytes(), 0);
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_FALSE(test, quarantine_flush(true));
	quarantine_kb = 0;
	watch("all off");
	gfree(keep);
	gk_expect_any_faults(test, 0);
}

/* gsize() says how many bytes there are, and all may be used. */
static void who_asks_for_the_size_may_use_it(struct kunit *test)
{
	u8 *p;

	watch("all on");
	p = galloc_any(60, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 1, gsize(p));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	gfree_sized(p, 60);
	/* What grows again in place is zero where it is new. */
	p = gzalloc(60, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	p = grealloc(p, 50, GFP_KERNEL | __GFP_ZERO);
	p = grealloc(p, 64, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 64));
	p = grealloc(p, 50, GFP_KERNEL | __GFP_ZERO);
	p = grealloc(p, 500, GFP_KERNEL | __GFP_ZERO);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0, 500));
	gfree(p);
	watch("all off");
	gk_expect_any_faults(test, 0);
}

/* Who may not sleep has a turn of it freed. */
static void quarantine_goes_in_turns(struct kunit *test)
{
	size_t before;
	unsigned int i;

	watch("all on");
	quarantine_kb = 1024;
	for (i = 0; i < 3 * DRAIN_TURN; i++)
		gfree(small_alloc(1000));
	before = quarantine_bytes();
	KUNIT_EXPECT_GE(test, before, 3 * DRAIN_TURN * 1000);
	KUNIT_EXPECT_TRUE(test, quarantine_flush(false));
	KUNIT_EXPECT_EQ(test, before - quarantine_bytes(), DRAIN_TURN * 1024);
	KUNIT_EXPECT_TRUE(test, quarantine_flush(true));
	KUNIT_EXPECT_EQ(test, quarantine_bytes(), 0);
	KUNIT_EXPECT_FALSE(test, quarantine_flush(false));
	quarantine_kb = 0;
	watch("all off");
}

/* The tables of the last spans are kept, and no more. */
static void tables_of_spans_that_left_are_few(struct kunit *test)
{
	unsigned int i, round;
	long first = 0;

	watch("all on");
	for (round = 0; round < 10; round++) {
		for (i = 0; i < 150; i++)
			gfree(small_alloc(4000));
		worker_settle();
		while (table_reap())
			;
		if (round == 1)
			first = arena_meta_bytes();
	}
	KUNIT_EXPECT_LT(test, arena_meta_bytes() - first, 32768);
	watch("all off");
}

/* ---- KASAN ------------------------------------------------------------------------------- */

#ifdef CONFIG_KASAN_GENERIC
/* What KASAN goes by, and what follows its reports; galloc_crimes.ko has those. */
static void kasan_knows_each_byte(struct kunit *test)
{
	static const struct {
		size_t size, at;
		u8 mark;
	} marks[] = {
		{ 50, 0, 0 }, { 50, 40, 0 }, { 50, 48, 2 }, { 50, 56, 0xfc },
		{ 41, 32, 0 }, { 41, 40, 1 }, { 41, 48, 0xfc }, { 64, 56, 0 },
	};
	static void *others[MANY];
	void *keep, *p;
	unsigned int i, n = 0;

	bytes_marked = true;
	watch("heap=crimes on");
	keep = heap_alloc_one(50);
	p = heap_alloc_one(50);
	KUNIT_ASSERT_TRUE(test, keep && p);
	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		p = grealloc(p, marks[i].size, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, bytes_mark_of(p + marks[i].at), marks[i].mark,
				    "%u", i);
	}
	p = grealloc(p, 41, GFP_KERNEL);
	memset(p, 1, gsize(p));
	gfree_sized(p, 41);
	KUNIT_EXPECT_EQ(test, bytes_mark_of(p), 0xfb);
	KUNIT_EXPECT_EQ(test, bytes_mark_of(p + 56), 0xfb);
	gk_listen(test);
	trace_error_report_end(ERROR_DETECTOR_KASAN, (unsigned long)p + 3);
	expect_text(test, "allocated by task", 1);
	expect_text(test, "freed by task", 1);
	expect_caller(test, "kasan_knows_each_byte");
	/* Zeroed and used again, without a report. */
	do {
		others[n] = galloc_from(heap, 64, GFP_KERNEL | __GFP_ZERO);
		KUNIT_EXPECT_EQ(test, bytes_mark_of(others[n]), 0);
	} while (others[n++] != p && n < MANY);
	KUNIT_EXPECT_PTR_EQ(test, others[n - 1], p);
	gfree(p);
	KUNIT_EXPECT_EQ(test, bytes_mark_of(p), 0xfb);
	/* Whoever gets it from here on is not seen. */
	watch("heap=crimes off");
	KUNIT_EXPECT_EQ(test, bytes_mark_of(p), 0);
	KUNIT_EXPECT_EQ(test, bytes_mark_of(keep + 56), 0);
	gfree_bulk(n - 1, others);
	gfree(keep);
}
#endif

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	if (err)
		return err;
	gk_pin(gk_cpu(0));
#ifdef CONFIG_KASAN_GENERIC
	/* What is done here KASAN should not report. */
	bytes_marked = false;
#endif
	cache = galloc_cache_create("crimes", 99, NULL);
	heap = galloc_heap_create("crimes", NULL);
	return cache && heap ? 0 : -ENOMEM;
}

static void exit_case(struct kunit *test)
{
	galloc_cache_destroy(cache);
	galloc_heap_destroy(heap, 0);
#ifdef CONFIG_KASAN_GENERIC
	bytes_marked = true;
#endif
	gk_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(each_crime_has_its_report),
	KUNIT_CASE(only_what_was_named_is_watched),
	KUNIT_CASE(what_lay_on_a_stack_is_free_when_watching_begins),
	KUNIT_CASE(what_is_made_later_is_watched),
	KUNIT_CASE(two_may_watch_the_same),
	KUNIT_CASE(switching_disturbs_no_traffic),
	KUNIT_CASE(without_memory_nothing_is_recorded_and_all_is_served),
	KUNIT_CASE(without_memory_nothing_comes_into_quarantine),
	KUNIT_CASE(who_asks_for_the_size_may_use_it),
	KUNIT_CASE(quarantine_goes_in_turns),
	KUNIT_CASE(tables_of_spans_that_left_are_few),
#ifdef CONFIG_KASAN_GENERIC
	KUNIT_CASE(kasan_knows_each_byte),
#endif
	{}
};

GK_SUITE(crimes, init_case, exit_case);
