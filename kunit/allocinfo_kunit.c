// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: callers of galloc in /proc/allocinfo, where the kernel has it.
 *
 * Each call is in a function of its own, so that the name of the function is that of its
 * line.  Profiling is switched here, not by /proc/sys, where a thread of the kernel cannot.
 */
#include "helpers.h"

#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "client/cache.h"
#include "galloc_cache.h"
#include "galloc_heap.h"
#include "galloc_nolock.h"
#include "galloc_prefill.h"
#include "galloc_rcu.h"
#include "observe/allocinfo.h"

#ifdef CALLERS_HAVE_TAGS

/* As in a client. */
#include "galloc_allocinfo.h"

#define NR		16

static struct galloc_cache *cache;
static struct galloc_heap *heap;

/* ---- lines --------------------------------------------------------------------------- */

/* A thread of the kernel cannot read the file, of which each tag is a line. */
extern struct alloc_tag __start_alloc_tags[], __stop_alloc_tags[];

/* The sum of the lines of a function. */
static struct alloc_tag_counters counted(struct kunit *test, const char *function)
{
	struct alloc_tag_counters sum = { }, line;
	unsigned int lines = 0;
	struct alloc_tag *t;

	for (t = __start_alloc_tags; t < __stop_alloc_tags; t++) {
		if (strcmp(t->ct.function, function))
			continue;
		line = alloc_tag_read(t);
		sum.bytes += line.bytes;
		sum.calls += line.calls;
		lines++;
	}
	KUNIT_EXPECT_EQ_MSG(test, lines, 1, "lines of %s", function);
	return sum;
}

static void expect_counted(struct kunit *test, const char *function, long long bytes,
			   unsigned long long calls)
{
	struct alloc_tag_counters c = counted(test, function);

	KUNIT_EXPECT_EQ_MSG(test, c.bytes, bytes, "bytes of %s", function);
	KUNIT_EXPECT_EQ_MSG(test, c.calls, calls, "calls of %s", function);
}

/* ---- the switch ------------------------------------------------------------------------- */

static void profile(bool on)
{
	if (on)
		static_branch_enable(&mem_alloc_profiling_key);
	else
		static_branch_disable(&mem_alloc_profiling_key);
}

static void profile_now(bool on)
{
	profile(on);
	allocinfo_follow();
}

/* ---- lines that allocate ---------------------------------------------------------------- */

static void *many[NR];
static struct galloc_prefill *pf;
static mempool_t *pool;
static int seven = 7;

#define SITE(name, call)						\
	static noinline void *site_##name(void) { return call; }

SITE(constant, galloc(60, GFP_KERNEL))
SITE(zeroed, gzalloc(60, GFP_KERNEL))
SITE(any, galloc(READ_ONCE(seven) * 100, GFP_KERNEL))
SITE(class, galloc_class(6, GFP_KERNEL))
SITE(class_checked, galloc_class(READ_ONCE(seven) - 1, GFP_KERNEL))
SITE(pages, galloc(70000, GFP_KERNEL))
SITE(huge, galloc(3UL << 20, GFP_KERNEL | __GFP_NOWARN))
SITE(array, galloc_array(3, 20, GFP_KERNEL))
SITE(zeroed_array, gcalloc(3, 20, GFP_KERNEL))
SITE(node, galloc_node(60, GFP_KERNEL, gk_nid()))
SITE(aligned, galloc_aligned(60, 256, GFP_KERNEL))
SITE(node_aligned, galloc_node_aligned(60, 256, GFP_KERNEL, gk_nid()))
SITE(atomic, galloc(60, GFP_ATOMIC))
SITE(resized, grealloc(NULL, 60, GFP_KERNEL))
SITE(resized_aligned, grealloc_aligned(NULL, 60, 256, GFP_KERNEL))
SITE(resized_array, grealloc_array(NULL, 3, 20, GFP_KERNEL))
SITE(nolock, galloc_nolock(60, 0))
SITE(memdup, gmemdup("0123456", 8, GFP_KERNEL))
SITE(memdup_nul, gmemdup_nul("0123456", 7, GFP_KERNEL))
SITE(strdup, gstrdup("0123456", GFP_KERNEL))
SITE(strndup, gstrndup("0123456", 7, GFP_KERNEL))
SITE(printed, gasprintf(GFP_KERNEL, "%07d", seven))
SITE(virtual, gvmalloc(60, GFP_KERNEL))
SITE(virtual_zeroed, gvzalloc(60, GFP_KERNEL))
SITE(virtual_node, gvmalloc_node(60, GFP_KERNEL, gk_nid()))
SITE(virtual_array, gvmalloc_array(3, 20, GFP_KERNEL))
SITE(virtual_zeroed_array, gvcalloc(3, 20, GFP_KERNEL))
SITE(virtual_resized, gvrealloc(NULL, 60, GFP_KERNEL))
SITE(cached, galloc_cache_alloc(cache, GFP_KERNEL))
SITE(cached_zeroed, galloc_cache_zalloc(cache, GFP_KERNEL))
SITE(cached_node, galloc_cache_alloc_node(cache, GFP_KERNEL, gk_nid()))
SITE(from, galloc_from(heap, 60, GFP_KERNEL))
SITE(from_zeroed, gzalloc_from(heap, 60, GFP_KERNEL))
SITE(from_node, galloc_from_node(heap, 60, GFP_KERNEL, gk_nid()))
SITE(from_aligned, galloc_from_aligned(heap, 60, 256, GFP_KERNEL))
SITE(from_pages, galloc_from(heap, 70000, GFP_KERNEL))
SITE(from_resized, grealloc_from(heap, NULL, 60, GFP_KERNEL))
SITE(one_of_type, galloc_obj(struct gk_ring))
SITE(some_of_type, gzalloc_objs(struct gk_ring, 5))

/* What they count, one call each.  0: the bytes of the object. */
static const struct site {
	const char *name;
	void *(*call)(void);
	size_t bytes;
} sites[] = {
#define S(name, bytes)	{ "site_" #name, site_##name, bytes }
	S(constant, 64), S(zeroed, 64), S(any, 704), S(class, 64), S(class_checked, 64),
	S(pages, 0), S(huge, 4UL << 20), S(array, 64), S(zeroed_array, 64), S(node, 64),
	S(aligned, 256), S(node_aligned, 256), S(atomic, 64), S(resized, 64),
	S(resized_aligned, 256), S(resized_array, 64), S(nolock, 64), S(memdup, 8),
	S(memdup_nul, 8), S(strdup, 8), S(strndup, 8), S(printed, 8), S(virtual, 64),
	S(virtual_zeroed, 64), S(virtual_node, 64), S(virtual_array, 64),
	S(virtual_zeroed_array, 64), S(virtual_resized, 64), S(cached, 0),
	S(cached_zeroed, 0), S(cached_node, 0), S(from, 64), S(from_zeroed, 64),
	S(from_node, 64), S(from_aligned, 256), S(from_pages, 0), S(from_resized, 64),
	S(one_of_type, 0), S(some_of_type, 0),
#undef S
};

static size_t bytes_of(const struct site *site, const void *p)
{
	return site->bytes ?: gsize(p);
}

static void free_late(void *p)
{
	gfree_rcu_mightsleep(p);
	galloc_rcu_barrier();
}

static void free_sensitive(void *p)
{
	gfree_sensitive(p);
}

static void free_any(void *p)
{
	gfree_bulk(1, &p);
}

static void free_virtual(void *p)
{
	gvfree(p);
}

static void free_nolock(void *p)
{
	gfree_nolock(p);
	worker_settle();
}

static void free_plain(void *p)
{
	gfree(p);
}

/* Each kind of call counts at its line until its object is freed, in any way. */
static void each_call_has_its_line(struct kunit *test)
{
	static void (* const frees[])(void *p) = {
		free_plain, free_any, free_sensitive, free_virtual, free_nolock, free_late,
	};
	unsigned int i;
	void *p;

	profile_now(true);
	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		expect_counted(test, sites[i].name, 0, 0);
		/* The first of its row may have no table without a lock. */
		if (sites[i].call == site_nolock)
			gfree(galloc(60, GFP_KERNEL));
		p = sites[i].call();
		if (!p && (sites[i].call == site_huge || sites[i].call == site_nolock))
			continue;
		KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%s", sites[i].name);
		expect_counted(test, sites[i].name, bytes_of(&sites[i], p), 1);
		frees[i % ARRAY_SIZE(frees)](p);
		expect_counted(test, sites[i].name, 0, 0);
	}
}

static noinline size_t site_bulk(void)
{
	return galloc_bulk(60, GFP_KERNEL, NR, many);
}

static noinline size_t site_bulk_of_cache(void)
{
	return galloc_cache_alloc_bulk(cache, GFP_KERNEL, NR, many);
}

static noinline size_t site_bulk_of_heap(void)
{
	return galloc_from_bulk(heap, 60, GFP_KERNEL, NR, many);
}

/* So do calls that allocate many. */
static void many_at_once(struct kunit *test)
{
	profile_now(true);
	KUNIT_ASSERT_EQ(test, site_bulk(), NR);
	expect_counted(test, "site_bulk", NR * 64, NR);
	gfree_bulk(NR, many);
	expect_counted(test, "site_bulk", 0, 0);
	KUNIT_ASSERT_EQ(test, site_bulk_of_cache(), NR);
	expect_counted(test, "site_bulk_of_cache", NR * gsize(many[0]), NR);
	galloc_cache_free_bulk(cache, NR, many);
	expect_counted(test, "site_bulk_of_cache", 0, 0);
	KUNIT_ASSERT_EQ(test, site_bulk_of_heap(), NR);
	expect_counted(test, "site_bulk_of_heap", NR * 64, NR);
	gfree_bulk(NR, many);
	expect_counted(test, "site_bulk_of_heap", 0, 0);
}

static noinline void site_prefill(void)
{
	pf = galloc_prefill(60, 4, GFP_KERNEL);
}

static noinline void site_pool(void)
{
	pool = mempool_create_galloc(3, 60);
}

static noinline void *site_of_pool(void)
{
	return mempool_alloc(pool, GFP_KERNEL);
}

/* Objects allocated ahead count at the line that did so. */
static void ahead(struct kunit *test)
{
	struct alloc_tag_counters c;
	void *p;

	profile_now(true);
	site_prefill();
	KUNIT_ASSERT_NOT_NULL(test, pf);
	/* With the array of their addresses. */
	expect_counted(test, "site_prefill", 4 * 64 + 48, 5);
	p = galloc_prefill_alloc(pf);
	galloc_prefill_release(pf);
	expect_counted(test, "site_prefill", 64, 1);
	gfree(p);
	expect_counted(test, "site_prefill", 0, 0);

	site_pool();
	KUNIT_ASSERT_NOT_NULL(test, pool);
	/* With what is the kernel's. */
	c = counted(test, "site_pool");
	KUNIT_EXPECT_GE(test, c.calls, 3);
	p = site_of_pool();
	expect_counted(test, "site_of_pool", 64, 1);
	mempool_free(p, pool);
	expect_counted(test, "site_of_pool", 0, 0);
	mempool_destroy(pool);
	expect_counted(test, "site_pool", 0, 0);
}

static noinline void *site_vmalloc(void)
{
	return gvmalloc(5UL << 20, GFP_KERNEL);
}

/* What vmalloc() has is counted by the kernel, at the same line. */
static void of_vmalloc(struct kunit *test)
{
	struct alloc_tag_counters c;
	void *p;

	profile_now(true);
	p = site_vmalloc();
	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(p));
	c = counted(test, "site_vmalloc");
	KUNIT_EXPECT_GE(test, c.bytes, 5LL << 20);
	KUNIT_EXPECT_LT(test, c.bytes, 6LL << 20);
	gvfree(p);
	expect_counted(test, "site_vmalloc", 0, 0);
}

static noinline void *site_resize(void *p, size_t size)
{
	return grealloc(p, size, GFP_KERNEL);
}

/* Who resizes an object in place leaves it where it was counted; one that moves is new. */
static void resized(struct kunit *test)
{
	void *p;

	profile_now(true);
	p = site_constant();
	KUNIT_ASSERT_PTR_EQ(test, site_resize(p, 50), p);
	expect_counted(test, "site_constant", 64, 1);
	expect_counted(test, "site_resize", 0, 0);
	p = site_resize(p, 500);
	KUNIT_ASSERT_NOT_NULL(test, p);
	expect_counted(test, "site_constant", 0, 0);
	expect_counted(test, "site_resize", 512, 1);
	KUNIT_EXPECT_PTR_EQ(test, site_resize(p, 0), ZERO_SIZE_PTR);
	expect_counted(test, "site_resize", 0, 0);
}

/* Without a tag nothing counts, not even what was counted there before. */
static void without_a_tag(struct kunit *test)
{
	void *p;

	profile_now(true);
	gfree(site_constant());
	p = (galloc)(60, GFP_KERNEL);
	expect_counted(test, "site_constant", 0, 0);
	gfree(p);
	expect_counted(test, "site_constant", 0, 0);
}

/* Objects from before it was switched on do not count, and none do when it is off. */
static void from_on_to_off(struct kunit *test)
{
	void *before = site_constant(), *p, *large;

	expect_counted(test, "site_constant", 0, 0);
	profile_now(true);
	expect_counted(test, "site_constant", 0, 0);
	p = site_constant();
	large = site_pages();
	expect_counted(test, "site_constant", 64, 1);
	gfree(before);
	expect_counted(test, "site_constant", 64, 1);
	profile_now(false);
	expect_counted(test, "site_constant", 0, 0);
	expect_counted(test, "site_pages", 0, 0);
	KUNIT_EXPECT_EQ(test, gate_all & BIT(GATE_TAGS), 0);
	profile_now(true);
	/* Freed, they do not count less than nothing. */
	gfree(p);
	gfree(large);
	expect_counted(test, "site_constant", 0, 0);
	expect_counted(test, "site_pages", 0, 0);
	p = site_constant();
	expect_counted(test, "site_constant", 64, 1);
	gfree(p);
	expect_counted(test, "site_constant", 0, 0);
}

/* Off, an allocation is on the stack's fast path as ever, and nothing is recorded. */
static void off_costs_nothing(struct kunit *test)
{
	long meta;

	profile_now(true);
	gfree(site_constant());
	profile_now(false);
	/* Its span has a descriptor. */
	gfree(site_constant());
	worker_settle();
	while (allocinfo_reap())
		;
	rcu_barrier();
	meta = arena_meta_bytes();
	gfree(site_constant());
	gfree(site_constant());
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
	KUNIT_EXPECT_EQ(test, gate_watched & BIT(GATE_TAGS), 0);
}

/* On and off again, by allocations alone. */
static void expect_followed(struct kunit *test, const char *name, void *(*call)(void))
{
	/* From here on a stack has what is asked for. */
	gfree(call());
	profile(true);
	gfree(call());
	KUNIT_ASSERT_TRUE_MSG(test, gk_wait_for(READ_ONCE(allocinfo_on), GK_PATIENCE_MS),
			      "%s: on", name);
	/* Until the worker has done all of it. */
	allocinfo_follow();
	expect_counted(test, name, 0, 0);
	many[0] = call();
	KUNIT_EXPECT_EQ(test, counted(test, name).calls, 1);
	profile(false);
	gfree(call());
	KUNIT_ASSERT_TRUE_MSG(test, gk_wait_for(!READ_ONCE(allocinfo_on), GK_PATIENCE_MS),
			      "%s: off", name);
	expect_counted(test, name, 0, 0);
	gfree(many[0]);
}

/* The first allocation after the switch has the worker follow, of whatever kind it is. */
static void galloc_follows_by_itself(struct kunit *test)
{
	static const struct site alone[] = {
		{ "site_constant", site_constant }, { "site_zeroed", site_zeroed },
		{ "site_any", site_any }, { "site_node", site_node },
		{ "site_pages", site_pages }, { "site_cached", site_cached },
		{ "site_cached_zeroed", site_cached_zeroed }, { "site_from", site_from },
	};
	unsigned int i;

	/* So that a stack serves it. */
	stacks_give(cache->set);
	gk_background();
	for (i = 0; i < ARRAY_SIZE(alone); i++)
		expect_followed(test, alone[i].name, alone[i].call);
}

/* So does one of many at once. */
static void many_at_once_are_followed(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, site_bulk(), NR);
	gfree_bulk(NR, many);
	gk_background();
	profile(true);
	KUNIT_ASSERT_EQ(test, site_bulk(), NR);
	gfree_bulk(NR, many);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(allocinfo_on), GK_PATIENCE_MS));
}

#define LOTS	5000

static noinline void *site_lots(void)
{
	return galloc(8, GFP_KERNEL);
}

static void free_some(void *arg)
{
	void **p = arg;
	unsigned int i;

	for (i = 0; i < LOTS; i += 2)
		gfree(p[i]);
}

/* The sum is exact with many tables, of which another CPU frees half; their spans leave. */
static void sums_are_exact(struct kunit *test)
{
	void **p = kvcalloc(LOTS, sizeof(*p), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	profile_now(true);
	for (i = 0; i < LOTS; i++)
		p[i] = site_lots();
	expect_counted(test, "site_lots", LOTS * 8, LOTS);
	gk_join(test, gk_start(test, gk_cpu(1), free_some, p));
	expect_counted(test, "site_lots", LOTS / 2 * 8, LOTS / 2);
	for (i = 0; i < LOTS; i += 2)
		p[i] = site_lots();
	expect_counted(test, "site_lots", LOTS * 8, LOTS);
	for (i = 0; i < LOTS; i++)
		gfree(p[i]);
	expect_counted(test, "site_lots", 0, 0);
	gk_give_back();
	expect_counted(test, "site_lots", 0, 0);
	kvfree(p);
}

static noinline void *site_of_dead_heap(struct galloc_heap *h, size_t size)
{
	return galloc_from(h, size, GFP_KERNEL);
}

/* What a heap still has when it goes does not count any more. */
static void a_heap_takes_its_objects_along(struct kunit *test)
{
	struct galloc_heap *h = galloc_heap_create("gone", NULL);

	KUNIT_ASSERT_NOT_NULL(test, h);
	profile_now(true);
	KUNIT_EXPECT_NOT_NULL(test, site_of_dead_heap(h, 60));
	KUNIT_EXPECT_NOT_NULL(test, site_of_dead_heap(h, 70000));
	KUNIT_EXPECT_EQ(test, counted(test, "site_of_dead_heap").calls, 2);
	galloc_heap_destroy(h, GALLOC_HEAP_RELEASE);
	expect_counted(test, "site_of_dead_heap", 0, 0);
}

/* A free that galloc does not see counts until its object is used again. */
static void a_free_that_was_missed(struct kunit *test)
{
	/* Its span stays. */
	void *keep = (galloc)(60, GFP_KERNEL), *p;
	unsigned int i;

	profile_now(true);
	p = site_constant();
	expect_counted(test, "site_constant", 64, 1);
	/* As by an isolated CPU that does not follow yet. */
	WRITE_ONCE(gate_all, gate_all & ~BIT(GATE_TAGS));
	gfree(p);
	WRITE_ONCE(gate_all, gate_all | BIT(GATE_TAGS));
	expect_counted(test, "site_constant", 64, 1);
	for (i = 0; i < NR; i++)
		many[i] = site_zeroed();
	for (i = 0; i < NR && many[i] != p; i++)
		;
	KUNIT_EXPECT_LT_MSG(test, i, NR, "it was not used again");
	expect_counted(test, "site_constant", 0, 0);
	expect_counted(test, "site_zeroed", NR * 64, NR);
	gfree_bulk(NR, many);
	expect_counted(test, "site_zeroed", 0, 0);
	gfree(keep);
}

static bool over;

static noinline void *site_traffic(size_t size)
{
	return galloc(size, GFP_KERNEL);
}

static void traffic(void *arg)
{
	u64 seed = (unsigned long)arg * 7 + 1;
	void *p[NR] = { };
	unsigned int i;

	while (!READ_ONCE(over)) {
		i = gk_below(&seed, NR);
		gfree(p[i]);
		p[i] = site_traffic(gk_random_size(&seed));
		cond_resched();
	}
	for (i = 0; i < NR; i++)
		gfree(p[i]);
}

/* Switched on and off while others allocate and free, the sum is exact in the end. */
static void switched_meanwhile(struct kunit *test)
{
	struct gk_thread *t[2];
	unsigned int i;

	over = false;
	for (i = 0; i < 2; i++)
		t[i] = gk_start(test, gk_cpu(i), traffic, (void *)(unsigned long)i);
	for (i = 0; i < 20; i++) {
		profile_now(!(i % 2));
		usleep_range(500, 3000);
	}
	expect_counted(test, "site_traffic", 0, 0);
	profile_now(true);
	usleep_range(5000, 10000);
	WRITE_ONCE(over, true);
	for (i = 0; i < 2; i++)
		gk_join(test, t[i]);
	expect_counted(test, "site_traffic", 0, 0);
}

/* ---- cost ------------------------------------------------------------------------------- */

/* With debug=1 each takes a span and returns it. */
#define ROUNDS	(galloc_debug ? 1000 : 100000)

static u64 pairs_ns(void)
{
	unsigned int i;
	u64 begin = ktime_get_ns();

	for (i = 0; i < ROUNDS; i++)
		gfree(site_constant());
	return (ktime_get_ns() - begin) / (ROUNDS / 1000);
}

static noinline void *site_kmalloc(void)
{
	return kmalloc(60, GFP_KERNEL);
}

static u64 kmalloc_ns(void)
{
	unsigned int i;
	u64 begin = ktime_get_ns();

	for (i = 0; i < ROUNDS; i++)
		kfree(site_kmalloc());
	return (ktime_get_ns() - begin) / (ROUNDS / 1000);
}

/* Prints what a pair costs; another test's figures are not worth a failure. */
static void what_it_costs(struct kunit *test)
{
	u64 off, on, kernel_off, kernel_on;

	pairs_ns();
	off = pairs_ns();
	kernel_off = kmalloc_ns();
	profile_now(true);
	on = pairs_ns();
	kernel_on = kmalloc_ns();
	kunit_info(test, "a pair in ps: galloc off %llu, on %llu; kmalloc off %llu, on %llu\n",
		   off, on, kernel_off, kernel_on);
}

/* ---- the suite -------------------------------------------------------------------------- */

static bool was_on;

static int allocinfo_init(struct kunit *test)
{
	int err;

	/* Then the counters of modules do not exist. */
	if (!__start_alloc_tags->counters) {
		kunit_skip(test, "no /proc/allocinfo: boot with sysctl.vm.mem_profiling=0");
		return 0;
	}
	err = gk_init(test);
	if (err)
		return err;
	was_on = mem_alloc_profiling_enabled();
	profile_now(false);
	cache = galloc_cache_create("allocinfo", 100, NULL);
	heap = galloc_heap_create("allocinfo", NULL);
	return cache && heap ? 0 : -ENOMEM;
}

static void allocinfo_exit_case(struct kunit *test)
{
	if (!test->priv)
		return;
	galloc_cache_destroy(cache);
	galloc_heap_destroy(heap);
	profile_now(was_on);
	gk_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(each_call_has_its_line),
	KUNIT_CASE(many_at_once),
	KUNIT_CASE(ahead),
	KUNIT_CASE(of_vmalloc),
	KUNIT_CASE(resized),
	KUNIT_CASE(without_a_tag),
	KUNIT_CASE(from_on_to_off),
	KUNIT_CASE(off_costs_nothing),
	KUNIT_CASE(galloc_follows_by_itself),
	KUNIT_CASE(many_at_once_are_followed),
	KUNIT_CASE(sums_are_exact),
	KUNIT_CASE(a_heap_takes_its_objects_along),
	KUNIT_CASE(a_free_that_was_missed),
	KUNIT_CASE(switched_meanwhile),
	KUNIT_CASE(what_it_costs),
	{}
};

GK_SUITE(allocinfo, allocinfo_init, allocinfo_exit_case);
#endif
