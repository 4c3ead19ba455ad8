// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: allocation failures.
 *
 * Each call is repeated with its n-th allocation failing, n = 1, 2, ..., until a run
 * completes without a failure, alone or with all later ones; then allocations fail at
 * random under load, and those of larger orders only.  They are made to fail by
 * galloc's own hook, galloc_fail(), and, where available, by the kernel's fault
 * injection, which reaches inside alloc_pages() and kmalloc().  In all cases the
 * accounting afterwards must be as before.  tools/guest/faults.sh tests failures
 * during load.
 */
#include "helpers.h"

#include <linux/jhash.h>
#include <linux/slab.h>

#include "galloc_override_calls.h"
#include "twin.h"

/* More than the allocations of any call. */
#define MAX_POINTS	5000

/* What makes an allocation fail. */
enum injector { GALLOC, KERNEL };

/* Which allocations fail. */
static struct {
	enum injector who;
	struct task_struct *task;
	unsigned int nth;
	bool all_after;
	unsigned int asked;
	bool met;
	unsigned int percent;
	unsigned int order;
	atomic_t calls;
	atomic_t failed;
} plan;

static bool fail_nth(unsigned int order)
{
	if (current != plan.task || ++plan.asked < plan.nth)
		return false;
	plan.met = true;
	return plan.all_after || plan.asked == plan.nth;
}

static bool fail_percent(unsigned int order)
{
	/* Not a plain product, of which no three consecutive ones are below a half. */
	u32 r = jhash_1word(atomic_inc_return(&plan.calls), 0);

	if (((u64)r * 100) >> 32 >= plan.percent)
		return false;
	atomic_inc(&plan.failed);
	return true;
}

static bool fail_orders(unsigned int order)
{
	return order >= plan.order;
}

static void kernel_fail(unsigned int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = nth;
#endif
}

static bool kernel_failed(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return !current->fail_nth;
#else
	return false;
#endif
}

/* From here to end() the planned request of this task fails. */
static void begin(void)
{
	plan.task = current;
	plan.asked = 0;
	plan.met = false;
	if (plan.who == KERNEL)
		kernel_fail(plan.nth);
	else
		WRITE_ONCE(galloc_fail_hook, fail_nth);
}

static void end(void)
{
	if (plan.who == KERNEL) {
		plan.met = kernel_failed();
		kernel_fail(0);
	} else {
		WRITE_ONCE(galloc_fail_hook, NULL);
	}
}

/* ---- each call, its n-th request failing -------------------------------- */

#define QUIET	(GFP_KERNEL | __GFP_NOWARN)

/* Check and free an object allocated between begin() and end(). */
static bool served(void *p, size_t size)
{
	bool good = p && gsize(p) >= size;

	if (good)
		memset(p, 0x5a, size);
	gfree(p);
	return good;
}

#define ALLOCATION(name, size, call)					\
static bool name(void)							\
{									\
	void *p;							\
									\
	begin();							\
	p = call;							\
	end();								\
	return served(p, size);						\
}

ALLOCATION(small, 64, galloc(64, QUIET))
ALLOCATION(smallest, 8, galloc(8, QUIET))
ALLOCATION(largest_class, 32768, galloc(32768, QUIET))
ALLOCATION(zeroed, 5000, gzalloc(5000, QUIET))
ALLOCATION(array, 1200, galloc_array(3, 400, QUIET))
ALLOCATION(zeroed_array, 9000, gcalloc(3, 3000, QUIET))
ALLOCATION(on_node, 100, galloc_node(100, QUIET, gk_nid()))
ALLOCATION(aligned, 100, galloc_aligned(100, 4096, QUIET))
ALLOCATION(not_sleeping, 256, galloc(256, GFP_NOWAIT | __GFP_NOWARN))
ALLOCATION(atomic, 2048, gzalloc(2048, GFP_ATOMIC | __GFP_NOWARN))
ALLOCATION(large, 50000, galloc(50000, QUIET))
ALLOCATION(larger, 1 << 20, gzalloc(1 << 20, QUIET))
ALLOCATION(huge, (2 << 20) + 1, galloc((2 << 20) + 1, QUIET))
ALLOCATION(from_nothing, 700, grealloc(NULL, 700, QUIET))
/* Must succeed, and does, a little later. */
ALLOCATION(nofail, 512, galloc(512, GFP_KERNEL | __GFP_NOFAIL))

/* A new cache, and its first objects. */
static bool in_a_cache(void)
{
	struct galloc_cache *cache;
	void *p[40] = { };
	size_t n = 0;

	begin();
	cache = galloc_cache_create("kunit", 1000, NULL);
	if (cache) {
		p[0] = galloc_cache_alloc(cache, QUIET);
		n = galloc_cache_alloc_bulk(cache, QUIET, 39, p + 1);
	}
	end();
	gfree_bulk(n ? 40 : 1, p);
	galloc_cache_destroy(cache);
	return p[0] && n;
}

/* The same in a heap, and the first of a class and of whole pages. */
static bool in_a_heap(void)
{
	struct galloc_heap *heap;
	void *p[3] = { };

	begin();
	heap = galloc_heap_create("kunit", NULL);
	if (heap) {
		struct galloc_cache *cache = galloc_heap_cache_create(heap, "kunit", 72, NULL);

		p[0] = galloc_from(heap, 100, QUIET);
		p[1] = galloc_from(heap, 50000, QUIET);
		p[2] = cache ? galloc_cache_alloc(cache, QUIET) : NULL;
	}
	end();
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	return p[0] && p[1] && p[2];
}

/* A cache of an overridden module, which is the kernel's where galloc has no memory. */
static bool in_a_kmem_cache(void)
{
	const struct galloc_kmem_args args = { .align = 8 };
	struct kmem_cache *s;
	void *p = NULL;

	begin();
	s = galloc_kmem_cache_create("kunit", 1000, &args);
	if (s)
		p = galloc_kmem_cache_alloc(s, QUIET);
	end();
	if (p)
		galloc_kmem_cache_free(s, p);
	galloc_kmem_cache_destroy(s);
	return p;
}

static bool grown(size_t from, size_t to)
{
	void *p = galloc(from, GFP_KERNEL), *q;

	if (!p)
		return false;
	twin_fill(p, from, to);
	begin();
	q = grealloc(p, to, QUIET);
	end();
	/* If it failed, the old one is unchanged. */
	if (!twin_intact(q ?: p, from, to))
		return false;
	gfree(q ?: p);
	return q;
}

static bool grown_small(void)
{
	return grown(64, 3000);
}

static bool grown_large(void)
{
	return grown(3000, 300000);
}

#define NR_BULK	1000

static void *bulk_objects[NR_BULK];

static bool bulk(void)
{
	size_t n;

	begin();
	n = galloc_bulk(96, QUIET, NR_BULK, bulk_objects);
	end();
	gfree_bulk(n, bulk_objects);
	return n;
}

/* A free allocates only to enlarge the stack, which is optional. */
static bool freed(void)
{
	size_t n = galloc_bulk(128, GFP_KERNEL, NR_BULK, bulk_objects), i;

	begin();
	for (i = 0; i < n; i += 4) {
		gfree(bulk_objects[i]);
		gfree_sized(bulk_objects[i + 1], 128);
		gfree_sensitive(bulk_objects[i + 2]);
		galloc_free_rcu(bulk_objects[i + 3]);
	}
	end();
	galloc_rcu_barrier();
	return n;
}

/* Objects with room for one word, which then wait by that. */
static bool freed_by_words(void)
{
	size_t n = galloc_bulk(128, GFP_KERNEL, NR_BULK, bulk_objects), i;

	begin();
	for (i = 0; i < n; i++)
		galloc_override_queue_rcu(bulk_objects[i], bulk_objects[i] + i % 16 * 8);
	end();
	galloc_override_rcu_barrier();
	return n;
}

static bool freed_large(void)
{
	void *p = galloc(50000, GFP_KERNEL), *q = galloc(3 << 20, QUIET);
	bool had = p && q;

	begin();
	gfree(p);
	gfree(q);
	end();
	return had;
}

static const struct {
	const char *name;
	bool (*call)(void);
	bool always;		/* always succeeds, but see nofail */
	bool slow_too;		/* also where each run takes long */
} calls[] = {
	{ "galloc(64)", small, false, true },
	{ "galloc(8)", smallest },
	{ "galloc(32768)", largest_class },
	{ "gzalloc(5000)", zeroed },
	{ "galloc_array(3, 400)", array },
	{ "gcalloc(3, 3000)", zeroed_array },
	{ "galloc_node(100)", on_node },
	{ "galloc_aligned(100, 4096)", aligned },
	{ "galloc(256) that may not sleep", not_sleeping },
	{ "gzalloc(2048), atomic", atomic, false, true },
	{ "galloc(50000)", large },
	{ "gzalloc(1 MiB)", larger },
	{ "galloc(2 MiB + 1)", huge, false, true },
	{ "grealloc(NULL, 700)", from_nothing },
	{ "galloc(512), nofail", nofail, true },
	{ "grealloc(64 to 3000)", grown_small, false, true },
	{ "grealloc(3000 to 300000)", grown_large },
	{ "galloc_bulk(1000 of 96)", bulk },
	{ "galloc_cache_create, 40 objects", in_a_cache, false, true },
	{ "galloc_heap_create, 3 objects", in_a_heap, false, true },
	{ "kmem_cache_create of a client", in_a_kmem_cache },
	{ "gfree and its kin, 1000 of 128", freed, true, true },
	{ "kfree_rcu of a client, 1000 of 128", freed_by_words, true },
	{ "gfree of whole pages", freed_large, true },
};

/* Pages that galloc holds after returning all free memory. */
static long pages_held(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	release_runs(ULONG_MAX, true);
	/* Descriptors of removed slots. */
	rcu_barrier();
	return arena_held_bytes() - arena_meta_bytes();
}

/*
 * kmemleak asks for memory for each page of a block, so that the kernel has a
 * thousand points there: where each run takes long, not all of them are tried.
 */
static unsigned int next_point(void)
{
	if (gk_slow() && plan.nth >= 8)
		return plan.nth * 3 / 2;
	return plan.nth + 1;
}

/* Repeat a call until no allocation fails.  Returns how many there were. */
static unsigned int fail_each(struct kunit *test, unsigned int i)
{
	unsigned int refused = 0;
	long reserve = galloc_reserve_pages << PAGE_SHIFT;
	long pages = pages_held(test), most;
	bool good = false;

	for (plan.nth = 1; plan.nth < MAX_POINTS; plan.nth = next_point()) {
		gk_soak(test);
		good = calls[i].call();
		gk_feed();
		/* With a reserve, what it does not fill may keep a part of a block. */
		most = pages;
		if (galloc_reserve_pages)
			most = max(most, reserve + (long)ARENA_SIZE - 1);
		pages = pages_held(test);
		KUNIT_EXPECT_LE_MSG(test, pages, most,
				    "%s: pages held after request %u failed",
				    calls[i].name, plan.nth);
		if (!plan.met)
			break;
		refused += !good;
	}
	KUNIT_EXPECT_TRUE_MSG(test, good, "%s: nothing failed", calls[i].name);
	KUNIT_EXPECT_LT(test, plan.nth, MAX_POINTS);
	if (calls[i].always)
		KUNIT_EXPECT_EQ(test, refused, 0);
	kunit_info(test, "%s: %s%u points, %u of those tried make it fail",
		   calls[i].name, gk_slow() && plan.nth > 8 ? "below " : "",
		   plan.nth - 1, refused);
	return plan.nth - 1;
}

static void fail_each_of_all(struct kunit *test, enum injector who,
			     bool all_after)
{
	unsigned int i, tried = 0, points = 0;
	long meta;

	plan.who = who;
	plan.all_after = all_after;
	gk_pin(gk_cpu(0));
	gfree(galloc(64, GFP_KERNEL));
	/* A row keeps the stack of its transfer: use rows that overflow here. */
	plan.nth = UINT_MAX;
	bulk();
	freed();
	pages_held(test);
	meta = arena_meta_bytes();
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		/* It would retry for ever. */
		if (all_after && calls[i].call == nofail)
			continue;
		if (gk_slow() && !calls[i].slow_too)
			continue;
		points += fail_each(test, i);
		tried++;
	}
	/* A cold call allocates pages and a map slot; which of these can fail? */
	KUNIT_EXPECT_GT(test, points, who == GALLOC ? 3 * tried / 2 : 0);
	/*
	 * Some descriptors stay for the next time, and nothing else, unless there
	 * is a reserve: that may be in smaller pieces now, in more map slots.
	 */
	pages_held(test);
	if (!galloc_reserve_pages)
		KUNIT_EXPECT_LE(test, arena_meta_bytes() - meta, 2048);
	kunit_info(test, "%u points in all", points);
}

static void each_request_of_galloc_may_fail(struct kunit *test)
{
	fail_each_of_all(test, GALLOC, false);
}

static void each_request_of_galloc_and_all_after_it_may_fail(struct kunit *test)
{
	fail_each_of_all(test, GALLOC, true);
}

#ifdef CONFIG_FAULT_INJECTION
static void each_request_in_the_kernel_may_fail(struct kunit *test)
{
	struct page *page;

	/* The first set of parameters shows it. */
	if (gk_quick)
		return;
	kernel_fail(1);
	page = alloc_page(QUIET);
	kernel_fail(0);
	if (page)
		__free_page(page);
	if (page)
		kunit_skip(test, "fail_page_alloc spares it: tools/guest/faults.sh setup");
	fail_each_of_all(test, KERNEL, false);
}
#endif

/* ---- many, at random ---------------------------------------------------- */

#define NR_CHURN	256

/* A thread's load, and what came of it. */
struct churn {
	struct twin_object objects[NR_CHURN];
	u64 rng;
	bool kernel;
	unsigned long ops, served, refused;
	const char *wrong;
};

static void churn_free(struct churn *c, struct twin_object *o)
{
	if (!twin_intact(o->p, o->size, o->stamp))
		c->wrong = "an object has changed";
	gfree(o->p);
	o->p = NULL;
}

static size_t churn_size(struct churn *c)
{
	size_t size = gk_random_size(&c->rng);

	return gk_below(&c->rng, 20) ? size : 8 * size + GALLOC_MAX_SMALL;
}

/* One operation on one of the objects. */
static void churn_one(struct churn *c)
{
	struct twin_object *o = &c->objects[gk_below(&c->rng, NR_CHURN)];
	gfp_t gfp = gk_below(&c->rng, 4) ? QUIET : GFP_NOWAIT | __GFP_NOWARN;
	size_t size = churn_size(c);
	u8 *p;

	if (o->p && gk_below(&c->rng, 3)) {
		churn_free(c, o);
		return;
	}
	if (!o->p)
		p = galloc(size, gfp);
	else
		p = grealloc(o->p, size, gfp);
	if (!p) {
		/* The old object is intact: checked when it is freed. */
		c->refused++;
		return;
	}
	if (o->p && !twin_intact(p, min(size, o->size), o->stamp))
		c->wrong = "grealloc() lost what was there";
	c->served++;
	o->p = p;
	o->size = size;
	o->stamp = gk_random(&c->rng);
	twin_fill(p, size, o->stamp);
}

/* A slow machine may be through before galloc has asked for anything. */
static bool churn_wants_more(const struct churn *c, ktime_t late)
{
	return !c->kernel && plan.percent == 50 && !atomic_read(&plan.failed) &&
	       ktime_before(ktime_get(), late);
}

static void churn(void *arg)
{
	ktime_t late = ktime_add_ms(ktime_get(), GK_PATIENCE_MS / 2);
	ktime_t stop = gk_fight_end();
	struct churn *c = arg;
	unsigned int i;

	do {
		if (c->kernel)
			kernel_fail(1 + gk_below(&c->rng, 200 / plan.percent));
		churn_one(c);
		/* So that there is something to allocate again. */
		if (!gk_below(&c->rng, 100))
			release_runs(ULONG_MAX, true);
		if (c->kernel)
			kernel_fail(0);
	} while ((!gk_fight_over(++c->ops, stop) || churn_wants_more(c, late)) && !c->wrong);
	for (i = 0; i < NR_CHURN; i++)
		if (c->objects[i].p)
			churn_free(c, &c->objects[i]);
}

static void churn_with(struct kunit *test, unsigned int percent,
		       enum injector who)
{
	struct churn *c = kunit_kcalloc(test, 2, sizeof(*c), GFP_KERNEL);
	struct gk_thread *t[2];
	u64 seed = gk_seed(test);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, c);
	plan.percent = percent;
	atomic_set(&plan.failed, 0);
	gk_background();
	if (who == GALLOC)
		WRITE_ONCE(galloc_fail_hook, fail_percent);
	for (i = 0; i < 2; i++) {
		c[i].rng = seed + i;
		c[i].kernel = who == KERNEL;
		t[i] = gk_start(test, gk_cpu(i), churn, &c[i]);
	}
	for (i = 0; i < 2; i++)
		gk_join(test, t[i]);
	WRITE_ONCE(galloc_fail_hook, NULL);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_NULL_MSG(test, c[i].wrong, "%s", c[i].wrong);
		KUNIT_EXPECT_GT(test, c[i].served, 0);
		gk_count_ops(c[i].ops);
		kunit_info(test, "%u %%: %lu operations, %lu served, %lu refused",
			   percent, c[i].ops, c[i].served, c[i].refused);
	}
	if (percent == 50 && who == GALLOC)
		KUNIT_EXPECT_GT(test, atomic_read(&plan.failed), 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void requests_fail_at_random_under_load(struct kunit *test)
{
	churn_with(test, 1, GALLOC);
	churn_with(test, 10, GALLOC);
	churn_with(test, 50, GALLOC);
}

#ifdef CONFIG_FAULT_INJECTION
static void requests_in_the_kernel_fail_at_random_under_load(struct kunit *test)
{
	churn_with(test, 1, KERNEL);
	churn_with(test, 10, KERNEL);
	churn_with(test, 50, KERNEL);
}
#endif

static void nofail_is_served_although_half_of_all_fails(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1000, 20000, 32768 };
	int i;

	plan.percent = 50;
	gk_take_free_runs(test);
	WRITE_ONCE(galloc_fail_hook, fail_percent);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_TRUE(test,
				  served(galloc(sizes[i], GFP_KERNEL | __GFP_NOFAIL),
					 sizes[i]));
	WRITE_ONCE(galloc_fail_hook, NULL);
}

/* ---- fragmented memory ---------------------------------------------------- */

/*
 * Only pieces below 2^order pages are left: of what fits in them, one object is
 * served.  One class for each order that an object needs, and some more.
 */
static void only_fragmented_memory_serves_what_fits(struct kunit *test)
{
	unsigned int class, least, wrong = 0;
	unsigned long tried = 0;
	long fallbacks;
	void *p;

	gk_grow_by_blocks();
	for (plan.order = 1; plan.order <= ARENA_ORDER; plan.order++) {
		tried = 0;
		for_each_class(class) {
			least = get_order(sizeclasses[class].size);
			if (__test_and_set_bit(least, &tried) && class % 7)
				continue;
			gk_take_free_runs(test);
			fallbacks = gk_events(EVENT_GROW_FALLBACK);
			WRITE_ONCE(galloc_fail_hook, fail_orders);
			p = galloc(sizeclasses[class].size, QUIET);
			WRITE_ONCE(galloc_fail_hook, NULL);
			fallbacks = gk_events(EVENT_GROW_FALLBACK) - fallbacks;
			wrong += !!p != (least < plan.order) ||
				 !!p != (fallbacks > 0);
			gfree(p);
			gk_feed();
			/* Or there would be more to take away each time. */
			WRITE_ONCE(galloc_reserve_pages, 0);
			gk_give_back();
			gk_grow_by_blocks();
		}
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "orders below %u", plan.order);
	}
	/* And when memory is available again. */
	KUNIT_EXPECT_TRUE(test, served(galloc(64, GFP_KERNEL), 64));
}

/* ---- contention at the limit ----------------------------------------------- */

/* A client that accepts failures. */
struct greedy {
	atomic_t *met;
	void *chain;
	unsigned long had, refused, begun;
	long most;
	bool again;
	u64 rng;
};

static void greedy_free(struct greedy *g)
{
	while (g->chain) {
		void *next = *(void **)g->chain;

		gfree(g->chain);
		g->chain = next;
	}
}

static void take_all(void *arg)
{
	ktime_t stop = ktime_add_ms(ktime_get(), GK_PATIENCE_MS / 2);
	struct greedy *g = arg;
	unsigned long i = 0;

	gk_meet(g->met, 2);
	do {
		void **p = galloc(gk_random_size(&g->rng) + 7, QUIET);

		g->most = max(g->most, arena_held_bytes());
		if (p) {
			*p = g->chain;
			g->chain = p;
			g->had++;
		} else {
			g->refused++;
			/* Now and then it frees everything and starts again. */
			if (g->refused % 20 == 0) {
				greedy_free(g);
				g->begun++;
			}
		}
	} while (g->begun < 3 && !gk_fight_over(++i, stop));
	greedy_free(g);
	g->again = served(galloc(5000, QUIET), 5000);
}

static void at_the_limit_requests_fail_without_damage(struct kunit *test)
{
	struct greedy *g = kunit_kcalloc(test, 2, sizeof(*g), GFP_KERNEL);
	long failed = gk_events(EVENT_ALLOC_FAILED);
	long hits = gk_events(EVENT_LIMIT_HIT);
	u8 *other = galloc(1000, GFP_KERNEL);
	atomic_t met = ATOMIC_INIT(0);
	u64 seed = gk_seed(test);
	struct gk_thread *t[2];
	int i;

	KUNIT_ASSERT_TRUE(test, g && other);
	twin_fill(other, 1000, 1);
	/* An earlier case may have returned it, or fragmented it. */
	gk_give_back();
	KUNIT_EXPECT_EQ(test, standby_reserve(), 0);
	gk_limit_to(3 << 20);
	for (i = 0; i < 2; i++) {
		g[i].met = &met;
		g[i].rng = seed + i;
		t[i] = gk_start(test, gk_cpu(i), take_all, &g[i]);
	}
	for (i = 0; i < 2; i++)
		gk_join(test, t[i]);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_GT(test, g[i].had, 0);
		KUNIT_EXPECT_EQ(test, g[i].begun, 3);
		/* The count includes what others allocate and free at once. */
		KUNIT_EXPECT_LE(test, g[i].most,
				(long)galloc_limit_bytes + 2 * (long)ARENA_SIZE);
	}
	/* Each NULL is counted, and there was no other. */
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_ALLOC_FAILED) - failed,
			(long)(g[0].refused + g[1].refused + !g[0].again + !g[1].again));
	KUNIT_EXPECT_GT(test, gk_events(EVENT_LIMIT_HIT), hits);
	KUNIT_EXPECT_TRUE(test, twin_intact(other, 1000, 1));
	/* All memory is returned, including what the other CPU caches. */
	KUNIT_EXPECT_TRUE(test, served(galloc(5000, QUIET), 5000));
	drain_cpus();
	KUNIT_EXPECT_TRUE(test, served(galloc(1 << 20, QUIET), 1 << 20));
	/* A map that has grown does not count. */
	KUNIT_EXPECT_LE(test, arena_limited_bytes(), (long)galloc_limit_bytes);
	gfree(other);
	gk_unlimit(test);
}

/* Before NULL, free memory of the other nodes serves. */
static void at_the_limit_another_node_serves(struct kunit *test)
{
	int nid, other = NUMA_NO_NODE;
	void *p;

	/* From here on "this node" is one and the same. */
	gk_pin(raw_smp_processor_id());
	for_each_node_state(nid, N_MEMORY)
		if (nid != gk_nid())
			other = nid;
	if (other == NUMA_NO_NODE) {
		/* Nothing to test: all free memory is on this node. */
		gk_starve(test);
		KUNIT_EXPECT_NULL(test, galloc(1 << 18, QUIET));
		return;
	}
	/* A part of a chunk: what is left of it has a descriptor too many with it. */
	p = galloc_node(3 << 18, GFP_KERNEL | __GFP_THISNODE, other);
	KUNIT_ASSERT_NOT_NULL(test, p);
	gk_soak(test);
	gfree(p);
	gk_limit_to(0);
	p = galloc(1 << 18, QUIET);
	KUNIT_EXPECT_NOT_NULL(test, p);
	if (p)
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), other);
	gfree(p);
	gk_unlimit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(each_request_of_galloc_may_fail),
	KUNIT_CASE(each_request_of_galloc_and_all_after_it_may_fail),
	KUNIT_CASE(requests_fail_at_random_under_load),
	KUNIT_CASE(nofail_is_served_although_half_of_all_fails),
	KUNIT_CASE(only_fragmented_memory_serves_what_fits),
	KUNIT_CASE(at_the_limit_requests_fail_without_damage),
	KUNIT_CASE(at_the_limit_another_node_serves),
#ifdef CONFIG_FAULT_INJECTION
	KUNIT_CASE(each_request_in_the_kernel_may_fail),
	KUNIT_CASE(requests_in_the_kernel_fail_at_random_under_load),
#endif
	{}
};

GK_SUITE(fault, gk_init_alive, gk_exit);
