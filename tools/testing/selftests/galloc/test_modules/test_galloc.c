// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * test_galloc: the cases of functionality.sh and regressions.sh.
 *
 * The parameters of these names list the cases; one whose name is written to `run` is run.
 * If the write fails, `why` has what was not true.
 */
#include <linux/irqflags.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/topology.h>

#include <galloc.h>

#define PATTERN		0x5a
#define NR_BULK		64
#define NR_PREFILLED	50
#define NR_IN_FLIGHT	5000
#define NR_ON_NODE	1000

static char why[160];

static bool expect(bool good, int line, const char *what)
{
	if (!good && !why[0])
		scnprintf(why, sizeof(why), "line %d: %s", line, what);
	return good;
}

#define EXPECT(condition)	expect(condition, __LINE__, #condition)

/* Of all kinds: objects of a class, whole pages, and more than a page's worth of them. */
static const size_t sizes[] = {
	1, 8, 24, 100, 128, 1000, SZ_4K, 5000, SZ_32K, 40000, SZ_1M,
};

static bool all_are(const void *p, u8 value, size_t size)
{
	return p && !memchr_inv(p, value, size);
}

/* ---- functionality -------------------------------------------------------------------- */

static void any_size(void)
{
	u8 *p[ARRAY_SIZE(sizes)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p[i] = galloc(sizes[i], GFP_KERNEL);
		if (!EXPECT(p[i]))
			continue;
		EXPECT(gsize(p[i]) >= sizes[i]);
		EXPECT(!is_power_of_2(sizes[i]) || IS_ALIGNED((unsigned long)p[i], sizes[i]));
		memset(p[i], i, sizes[i]);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT(all_are(p[i], i, sizes[i]));
		gfree(p[i]);
	}
}

static void zeroed(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = galloc(sizes[i], GFP_KERNEL);

		if (EXPECT(p))
			memset(p, PATTERN, sizes[i]);
		gfree(p);
		p = gzalloc(sizes[i], GFP_KERNEL);
		EXPECT(all_are(p, 0, sizes[i]));
		gfree(p);
	}
}

static void resized(void)
{
	static const size_t steps[] = { 5000, 100000, 64 };
	u8 *p = galloc(64, GFP_KERNEL), *q;
	unsigned int i;

	if (EXPECT(p))
		memset(p, PATTERN, 64);
	for (i = 0; p && i < ARRAY_SIZE(steps); i++) {
		q = grealloc(p, steps[i], GFP_KERNEL);
		if (EXPECT(q))
			p = q;
		EXPECT(all_are(p, PATTERN, 64));
	}
	gfree(p);
}

static void in_bulk(void)
{
	static void *p[NR_BULK];
	size_t n = galloc_bulk(200, GFP_KERNEL, NR_BULK, p), i;

	EXPECT(n == NR_BULK);
	for (i = 0; i < n; i++)
		memset(p[i], i, 200);
	for (i = 0; i < n; i++)
		EXPECT(all_are(p[i], i, 200));
	gfree_bulk(n, p);
}

static void strings(void)
{
	char *copy = gstrdup("galloc", GFP_KERNEL);
	char *printed = gasprintf(GFP_KERNEL, "%s-%d", "galloc", 42);

	EXPECT(copy && !strcmp(copy, "galloc"));
	EXPECT(printed && !strcmp(printed, "galloc-42"));
	gfree(copy);
	gfree(printed);
}

static void constructor(void *object)
{
	memset(object, PATTERN, 300);
}

static void cache(void)
{
	struct galloc_cache_args args = { .ctor = constructor };
	struct galloc_cache *cache = galloc_cache_create("test_galloc", 300, &args);
	unsigned int i;

	if (!EXPECT(cache))
		return;
	for (i = 0; i < 2; i++) {
		void *p = galloc_cache_alloc(cache, GFP_KERNEL);

		EXPECT(all_are(p, PATTERN, 300));
		galloc_cache_free(cache, p);
	}
	galloc_cache_destroy(cache);
}

/* It is limited, and takes all of its objects with it. */
static void heap(void)
{
	struct galloc_heap_args args = { .limit_bytes = SZ_256K };
	struct galloc_heap *heap = galloc_heap_create("test_galloc", &args);
	struct galloc_heap_usage usage;
	size_t n = 0;

	if (!EXPECT(heap))
		return;
	while (n <= SZ_256K / 1000 && galloc_from(heap, 1000, GFP_KERNEL | __GFP_NOWARN))
		n++;
	galloc_heap_usage(heap, &usage);
	EXPECT(n && n < SZ_256K / 1000 + 1);
	EXPECT(usage.held <= usage.limit && usage.refused);
	EXPECT(galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE) == n);
}

static void prefilled(void)
{
	struct galloc_prefill *ahead = galloc_prefill(500, NR_PREFILLED, GFP_KERNEL);
	static void *p[NR_PREFILLED];
	unsigned long flags;
	unsigned int i;

	if (!EXPECT(ahead))
		return;
	local_irq_save(flags);
	for (i = 0; i < NR_PREFILLED; i++)
		p[i] = galloc_prefill_alloc(ahead);
	local_irq_restore(flags);
	EXPECT(galloc_prefill_left(ahead) == 0);
	galloc_prefill_release(ahead);
	for (i = 0; i < NR_PREFILLED; i++) {
		EXPECT(p[i]);
		gfree(p[i]);
	}
}

/* It may give NULL, but not wait. */
static void without_locks(void)
{
	unsigned long flags;
	void *p;

	local_irq_save(flags);
	p = galloc_nolock(100, 0);
	gfree_nolock(p);
	local_irq_restore(flags);
	EXPECT(!p || galloc_size_roundup(100) >= 100);
}

static void larger_than_any_page(void)
{
	u8 *p = gvmalloc(SZ_16M, GFP_KERNEL);

	if (EXPECT(p)) {
		p[0] = PATTERN;
		p[SZ_16M - 1] = PATTERN;
	}
	gvfree(p);
}

static void owned(void)
{
	void *ours = galloc(100, GFP_KERNEL), *theirs = kmalloc(100, GFP_KERNEL);

	EXPECT(galloc_owns(ours));
	EXPECT(!galloc_owns(theirs));
	EXPECT(!gfree_try(theirs));
	EXPECT(gfree_try(ours));
	kfree(theirs);
}

/* ---- regressions ---------------------------------------------------------------------- */

struct wide {
	u8 data[5000];
	struct rcu_head rcu;
};

static void rcu_in_flight(void)
{
	unsigned int i;

	for (i = 0; i < NR_IN_FLIGHT; i++) {
		struct rcu_head *p = galloc(sizeof(*p), GFP_KERNEL);

		if (EXPECT(p))
			galloc_queue_rcu(p, p);
	}
}

/* With an rcu_head that lies far from the beginning. */
static void rcu_of_a_wide_object(void)
{
	struct wide *p = galloc(sizeof(*p), GFP_KERNEL);

	EXPECT(p);
	gfree_rcu(p, rcu);
	galloc_rcu_barrier();
}

static void nothing(void)
{
	void *p = galloc_large(0, GFP_KERNEL | __GFP_NOWARN);

	EXPECT(ZERO_OR_NULL_PTR(p));
	EXPECT(galloc(0, GFP_KERNEL) == ZERO_SIZE_PTR);
	EXPECT(gsize(ZERO_SIZE_PTR) == 0 && gsize(NULL) == 0);
	gfree(p);
	gfree(NULL);
	gfree(ZERO_SIZE_PTR);
}

static void more_than_there_is(void)
{
	size_t n = READ_ONCE(sizes[10]) << 33;

	EXPECT(!galloc(SZ_1G, GFP_KERNEL | __GFP_NOWARN));
	EXPECT(!galloc_array(n, n, GFP_KERNEL));
}

static void resized_and_aligned(void)
{
	void *p = galloc_aligned(100, SZ_4K, GFP_KERNEL), *q;

	q = grealloc_aligned(p, 300, SZ_4K, GFP_KERNEL);
	EXPECT(p && q && IS_ALIGNED((unsigned long)q, SZ_4K));
	gfree(q ?: p);
}

static void freed_with_interrupts_off(void)
{
	void *p = galloc(3 * SZ_1M, GFP_KERNEL);
	unsigned long flags;

	local_irq_save(flags);
	gfree(p);
	gfree(galloc(64, GFP_ATOMIC));
	local_irq_restore(flags);
	EXPECT(p);
}

/* A page that somebody else refers to, as the network does, stays as it is. */
static void freed_while_shared(void)
{
	static void *others[NR_BULK];
	u8 *p = galloc(SZ_64K, GFP_KERNEL);
	struct page *page;
	unsigned int i;

	if (!EXPECT(p))
		return;
	memset(p, PATTERN, SZ_64K);
	page = virt_to_page(p + SZ_32K);
	get_page(page);
	gfree(p);
	for (i = 0; i < NR_BULK; i++)
		others[i] = gzalloc(SZ_64K, GFP_KERNEL);
	EXPECT(all_are(page_address(page), PATTERN, PAGE_SIZE));
	for (i = 0; i < NR_BULK; i++)
		gfree(others[i]);
	put_page(page);
}

static void of_this_node_only(void)
{
	static void *p[NR_ON_NODE];
	unsigned int i;
	int nid = numa_mem_id();

	for (i = 0; i < NR_ON_NODE; i++) {
		p[i] = galloc_node(500, GFP_KERNEL | __GFP_THISNODE, nid);
		EXPECT(!p[i] || page_to_nid(virt_to_page(p[i])) == nid);
	}
	for (i = 0; i < NR_ON_NODE; i++)
		gfree(p[i]);
}

/* ---- the parameters ------------------------------------------------------------------- */

struct test_case {
	const char *name;
	void (*run)(void);
};

#define CASE(function)	{ #function, function }

static const struct test_case functionality[] = {
	CASE(any_size),
	CASE(zeroed),
	CASE(resized),
	CASE(in_bulk),
	CASE(strings),
	CASE(cache),
	CASE(heap),
	CASE(prefilled),
	CASE(without_locks),
	CASE(larger_than_any_page),
	CASE(owned),
	{ }
};

/* The second also waits for what the first leaves. */
static const struct test_case regressions[] = {
	CASE(rcu_in_flight),
	CASE(rcu_of_a_wide_object),
	CASE(nothing),
	CASE(more_than_there_is),
	CASE(resized_and_aligned),
	CASE(freed_with_interrupts_off),
	CASE(freed_while_shared),
	CASE(of_this_node_only),
	{ }
};

static int list_get(char *buffer, const struct kernel_param *kp)
{
	const struct test_case *c;
	int n = 0;

	for (c = kp->arg; c->name; c++)
		n += sysfs_emit_at(buffer, n, "%s\n", c->name);
	return n;
}

static int run_set(const char *name, const struct kernel_param *kp)
{
	static const struct test_case *const groups[] = { functionality, regressions };
	const struct test_case *c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		for (c = groups[i]; c->name; c++) {
			if (!sysfs_streq(name, c->name))
				continue;
			why[0] = 0;
			c->run();
			return why[0] ? -EIO : 0;
		}
	}
	return -ENOENT;
}

static const struct kernel_param_ops list_ops = { .get = list_get };
static const struct kernel_param_ops run_ops = { .set = run_set };

module_param_cb(functionality, &list_ops, (void *)functionality, 0444);
module_param_cb(regressions, &list_ops, (void *)regressions, 0444);
module_param_cb(run, &run_ops, NULL, 0200);
module_param_string(why, why, sizeof(why), 0444);

static int __init test_init(void)
{
	return 0;
}

static void __exit test_exit(void)
{
}

module_init(test_init);
module_exit(test_exit);

MODULE_DESCRIPTION("Cases of galloc's kselftest");
MODULE_LICENSE("GPL");
