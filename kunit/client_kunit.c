// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what clients get beyond the calls of api.c: strings, typed allocation, memory
 * that may come from vmalloc(), and grealloc() with alignment.
 */
#include "helpers.h"

#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "client/kcache.h"
#include "galloc_override_calls.h"
#include "twin.h"

#define QUIET	(GFP_KERNEL | __GFP_NOWARN)

/* ---- strings ------------------------------------------------------------ */

static const struct {
	const char *s;
	size_t max;
	const char *copy;
} copies[] = {
	{ "", 0, "" },
	{ "", 5, "" },
	{ "abc", 0, "" },
	{ "abc", 2, "ab" },
	{ "abc", 3, "abc" },
	{ "seven..", 100, "seven.." },
	{ "eight...", SIZE_MAX, "eight..." },
	{ NULL, 3, NULL },
};

static void expect_string(struct kunit *test, char *p, const char *want)
{
	if (want && p)
		KUNIT_EXPECT_STREQ(test, p, want);
	else
		KUNIT_EXPECT_EQ(test, !p, !want);
	if (p)
		KUNIT_EXPECT_EQ(test, gsize(p), galloc_size_roundup(strlen(want) + 1));
	gfree(p);
}

static void strings_are_copied(struct kunit *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(copies); i++) {
		const char *s = copies[i].s, *want = copies[i].copy;
		void *p;

		expect_string(test, gstrndup(s, copies[i].max, GFP_KERNEL), want);
		expect_string(test, gstrdup(s, GFP_KERNEL), s);
		/* No NUL is read: the characters end where they should. */
		expect_string(test, gmemdup_nul(s, want ? strlen(want) : 9, GFP_KERNEL), want);
		p = gmemdup(want ?: "", want ? strlen(want) : 0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		if (ZERO_OR_NULL_PTR(p))
			KUNIT_EXPECT_TRUE(test, !want || !*want);
		else
			KUNIT_EXPECT_EQ(test, memcmp(p, want, strlen(want)), 0);
		gfree(p);
	}
	KUNIT_EXPECT_NULL(test, gmemdup_nul("x", SIZE_MAX, GFP_KERNEL));
}

static void strings_are_formatted(struct kunit *test)
{
	expect_string(test, gasprintf(GFP_KERNEL, "%s", ""), "");
	expect_string(test, gasprintf(GFP_KERNEL, "%s-%d", "eth", 7), "eth-7");
	expect_string(test, gasprintf(GFP_ATOMIC, "%05u%c", 42, '%'), "00042%");
}

/* ---- types -------------------------------------------------------------- */

struct item {
	u64 key;
	u32 value;
};

struct table {
	unsigned int n;
	u16 row[] __counted_by(n);
};

static void objects_are_allocated_by_type(struct kunit *test)
{
	size_t n = 10, many = SIZE_MAX / sizeof(struct item) + 2;
	struct item *one = galloc_obj(*one), *same = gzalloc_obj(struct item, GFP_NOWAIT);
	struct item *array = gzalloc_objs(*array, n, GFP_KERNEL);
	struct table *t = gzalloc_flex(*t, row, n), *v = gvzalloc_flex(*t, row, n);

	OPTIMIZER_HIDE_VAR(many);
	KUNIT_EXPECT_EQ(test, gsize(one), galloc_size_roundup(sizeof(*one)));
	KUNIT_EXPECT_EQ(test, gsize(same), gsize(one));
	KUNIT_EXPECT_EQ(test, gsize(array), galloc_size_roundup(n * sizeof(*array)));
	KUNIT_EXPECT_EQ(test, gsize(t), galloc_size_roundup(struct_size(t, row, n)));
	KUNIT_EXPECT_EQ(test, gsize(v), gsize(t));
	KUNIT_EXPECT_TRUE(test, twin_all_zero((u8 *)same, sizeof(*same)));
	KUNIT_EXPECT_TRUE(test, twin_all_zero((u8 *)array, n * sizeof(*array)));
	KUNIT_EXPECT_TRUE(test, t && (t->n == 0 || t->n == n));
	KUNIT_EXPECT_NULL(test, galloc_objs(*array, many));
	KUNIT_EXPECT_NULL(test, gvmalloc_objs(*array, many, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, galloc_flex(*t, row, many * 8));
	gfree(one);
	gfree(same);
	gfree(array);
	gfree(t);
	gvfree(v);
}

#ifdef DEFINE_FREE
static long scope(struct kunit *test, bool keep, void **kept)
{
	struct item *a __free(gfree) = galloc_obj(*a);
	void *b __free(gvfree) = gvmalloc(100, GFP_KERNEL);
	void *c __free(gfree) = ERR_PTR(-EIO);

	KUNIT_EXPECT_TRUE(test, a && b && IS_ERR(c));
	if (keep)
		*kept = no_free_ptr(a);
	return gk_in_use(test);
}

static void the_end_of_a_scope_frees(struct kunit *test)
{
	long before = gk_in_use(test);
	void *kept = NULL;

	KUNIT_EXPECT_GT(test, scope(test, false, NULL), before);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), before);
	scope(test, true, &kept);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), before + (long)gsize(kept));
	gfree(kept);
}
#endif

/* ---- realloc with alignment --------------------------------------------- */

static void realloc_aligns_as_asked(struct kunit *test)
{
	static const struct {
		size_t from, align, to, to_align;
	} cases[] = {
		{ 100, 8, 100, 4096 },		/* large enough, not aligned */
		{ 100, 4096, 5000, 4096 },
		{ 100, 4096, 5000, 1 },
		{ 5000, 1, 64, 8192 },
		{ 50000, 4096, 200000, 65536 },
		{ 20000, 8, 300, 32768 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t to = cases[i].to, align = cases[i].to_align;
		size_t both = min(cases[i].from, to);
		/* Of two neighbours only one can be aligned further by chance. */
		u8 *p = galloc_aligned(cases[i].from, cases[i].align, GFP_KERNEL), *q;
		u8 *r = galloc_aligned(cases[i].from, cases[i].align, GFP_KERNEL);

		KUNIT_ASSERT_TRUE(test, p && r);
		if (IS_ALIGNED((unsigned long)p, align))
			swap(p, r);
		twin_fill(p, both, 7);
		q = grealloc_aligned(p, to, align, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, q);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)q, align));
		KUNIT_EXPECT_GE(test, gsize(q), to);
		KUNIT_EXPECT_TRUE(test, twin_intact(q, both, 7));
		KUNIT_EXPECT_PTR_EQ(test, grealloc_aligned(q, to, align, GFP_KERNEL), (void *)q);
		gfree(q);
		gfree(r);
	}
}

/* Eight neighbours, not all of which can be aligned by chance. */
static void shrink_some(struct kunit *test, size_t from, size_t to, bool starve)
{
	void *p[8], *spare[8];
	long failed;
	int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = galloc(from, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		twin_fill(p[i], to, i);
	}
	/* What shrinks moves only to what is at hand. */
	for (i = 0; i < ARRAY_SIZE(spare); i++)
		spare[i] = starve ? NULL : galloc(to, GFP_KERNEL);
	gfree_bulk(ARRAY_SIZE(spare), spare);
	if (starve)
		gk_starve(test);
	failed = gk_events(EVENT_ALLOC_FAILED);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		/* The atomic reserve is not taken for it. */
		KUNIT_EXPECT_PTR_EQ(test, grealloc(p[i], to, GFP_ATOMIC), p[i]);
		p[i] = grealloc(p[i], to, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		KUNIT_EXPECT_TRUE(test, starve || IS_ALIGNED((unsigned long)p[i], to));
		KUNIT_EXPECT_TRUE(test, twin_intact(p[i], to, i));
	}
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_ALLOC_FAILED), failed);
	gk_feed();
	gk_unlimit(test);
	gfree_bulk(ARRAY_SIZE(p), p);
}

/* A smaller size may have a higher alignment.  Without memory it stays where it is. */
static void realloc_aligns_what_it_shrinks(struct kunit *test)
{
	int starve;

	for (starve = 0; starve < 2; starve++) {
		shrink_some(test, 300, 256, starve);
		shrink_some(test, 5000, 4096, starve);
		shrink_some(test, 100000, 65536, starve);
	}
}

static void realloc_that_moves_is_as_galloc_of_that_size(struct kunit *test)
{
	void *p = galloc_aligned(100, 4096, GFP_KERNEL), *q = grealloc(p, 5000, GFP_KERNEL);

	KUNIT_EXPECT_EQ(test, gsize(q), galloc_size_roundup(5000));
	gk_expect_warning(test, "is not a power of two");
	KUNIT_EXPECT_NULL(test, grealloc_aligned(q, 10, 3, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, grealloc_array(q, SIZE_MAX, 2, GFP_KERNEL));
	KUNIT_EXPECT_PTR_EQ(test, grealloc_array(q, 10, 9, GFP_KERNEL), q);
	KUNIT_EXPECT_PTR_EQ(test, grealloc_aligned(q, 0, 64, GFP_KERNEL), ZERO_SIZE_PTR);
	KUNIT_EXPECT_PTR_EQ(test, grealloc_aligned(NULL, 0, 64, GFP_KERNEL), ZERO_SIZE_PTR);
}

static void realloc_moves_to_the_node_that_it_must(struct kunit *test)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		u8 *p = galloc(100, GFP_KERNEL), *q, *r;

		KUNIT_ASSERT_NOT_NULL(test, p);
		twin_fill(p, 100, 3);
		r = grealloc_node_aligned(p, 100, 1, GFP_KERNEL, nid);
		KUNIT_EXPECT_PTR_EQ(test, r, p);
		q = grealloc_node_aligned(r, 100, 64, GFP_KERNEL | __GFP_THISNODE, nid);
		KUNIT_ASSERT_NOT_NULL(test, q);
		KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(q)), nid);
		KUNIT_EXPECT_TRUE(test, twin_intact(q, 100, 3));
		gfree(q);
	}
}

/* ---- vmalloc ------------------------------------------------------------ */

static void *gvmalloc_here(size_t size, gfp_t gfp)
{
	return gvmalloc_node(size, gfp, gk_nid());
}

static void *gvmalloc_rows(size_t size, gfp_t gfp)
{
	return gvmalloc_array(size / 100, 100, gfp);
}

static void *gvrealloc_none(size_t size, gfp_t gfp)
{
	return gvrealloc(NULL, size, gfp);
}

static void *(*const gv_calls[])(size_t size, gfp_t gfp) = {
	gvmalloc, gvzalloc, gvmalloc_here, gvmalloc_rows, gvrealloc_none,
};

static void vmalloc_serves_what_galloc_cannot(struct kunit *test)
{
	const size_t size = 50000;
	unsigned int i;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(gv_calls); i++) {
		/* It makes less effort than galloc(), which then has a run of that length. */
		gfree(galloc(size, GFP_KERNEL));
		p = gv_calls[i](size, QUIET);
		KUNIT_EXPECT_GE(test, gsize(p), size);
		gvfree(p);
		gk_starve(test);
		p = gv_calls[i](size, QUIET);
		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
		if (gv_calls[i] == gvzalloc && p)
			KUNIT_EXPECT_TRUE(test, twin_all_zero(p, size));
		if (p)
			memset(p, 0xa5, size);
		gvfree_sensitive(p, p ? size : 0);
		gk_feed();
		gk_unlimit(test);
	}
}

/* galloc() would have to exceed the limit, or to wait for a run of that length. */
static void vmalloc_serves_what_must_not_fail(struct kunit *test)
{
	void *p;

	gk_starve(test);
	p = gvmalloc(50000, GFP_KERNEL | __GFP_NOFAIL);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
	gvfree(p);
	p = gvmalloc(50000, GFP_KERNEL | __GFP_NOFAIL | __GFP_RETRY_MAYFAIL);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
	gvfree(p);
	/* Where it may not, galloc() does. */
	p = gvmalloc_node(2 * PAGE_SIZE, GFP_KERNEL | __GFP_NOFAIL | __GFP_THISNODE, gk_nid());
	KUNIT_EXPECT_TRUE(test, p && !is_vmalloc_addr(p));
	gvfree(p);
}

/* As kvmalloc() does: many CPUs' caches are worth more than a run. */
static void vmalloc_is_asked_before_caches_are_emptied(struct kunit *test)
{
	static const gfp_t flags[] = { QUIET, QUIET | __GFP_RETRY_MAYFAIL };
	const unsigned int class = sizeclass_of(64);
	unsigned int i, before, after;
	void *p;

	gk_take_free_runs(test);
	gk_in_pieces(2);
	/* Whoever insists is worth it. */
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		migrate_disable();
		gfree(galloc(64, GFP_KERNEL));
		before = gk_stacked(gk_stack(class));
		p = gvmalloc(50000, flags[i]);
		after = gk_stacked(gk_stack(class));
		migrate_enable();
		KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
		gvfree(p);
		/* In debug mode nothing is cached. */
		if (before)
			KUNIT_EXPECT_EQ(test, after, i ? 0 : before);
		else
			KUNIT_EXPECT_TRUE(test, galloc_debug);
	}
	gk_whole();
}

static gfp_t asked;

static void note_flags(enum galloc_pause point, const void *gfp)
{
	if (point == PAUSE_ASK_SYSTEM)
		asked |= *(const gfp_t *)gfp;
}

/* Nor is more tried than kvmalloc() of this kernel tries. */
static void before_vmalloc_there_is_no_more_reclaim_than_for_kvmalloc(struct kunit *test)
{
	void *p;

	gk_take_free_runs(test);
	gk_in_pieces(2);
	asked = 0;
	WRITE_ONCE(galloc_pause_hook, note_flags);
	p = gvmalloc(50000, QUIET);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_whole();
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
	gvfree(p);
	asked &= KVMALLOC_GFP_LACKS | __GFP_RETRY_MAYFAIL | GALLOC_GFP_ONCE;
	KUNIT_EXPECT_EQ(test, (__force unsigned int)asked, 0);
}

/* The old object does: nothing is reclaimed for a better aligned one. */
static void what_shrinks_is_moved_without_reclaim(struct kunit *test)
{
	void *p[8], *q;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = galloc(100000, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
	gk_take_free_runs(test);
	asked = 0;
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		WRITE_ONCE(galloc_pause_hook, note_flags);
		q = grealloc(p[i], 65536, GFP_KERNEL);
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_ASSERT_NOT_NULL(test, q);
		p[i] = q;
	}
	KUNIT_EXPECT_EQ(test, (__force unsigned int)(asked & __GFP_RECLAIM), 0);
	gfree_bulk(ARRAY_SIZE(p), p);
}

/* Two flags of a client, which mean something to the kernel, mean no more here. */
static void a_client_cannot_ask_for_less_effort(struct kunit *test)
{
	unsigned int before, after;
	void *p;

	gk_take_free_runs(test);
	gk_in_pieces(2);
	migrate_disable();
	gfree(galloc(64, GFP_KERNEL));
	before = gk_stacked(gk_stack(sizeclass_of(64)));
	p = galloc(50000, QUIET | __GFP_NORETRY | __GFP_WRITE);
	after = gk_stacked(gk_stack(sizeclass_of(64)));
	migrate_enable();
	gk_whole();
	KUNIT_EXPECT_NULL(test, p);
	KUNIT_EXPECT_TRUE(test, before || galloc_debug);
	KUNIT_EXPECT_EQ(test, after, 0);
}

/* Of which kvmalloc() does not warn, either; and with those the node is asked for, too. */
static void vmalloc_takes_all_flags(struct kunit *test)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_KERNEL_ACCOUNT, GFP_USER, GFP_NOFS, GFP_NOIO,
		QUIET | __GFP_ZERO, GFP_KERNEL | __GFP_COMP, GFP_KERNEL | __GFP_MOVABLE,
		GFP_KERNEL | __GFP_RECLAIMABLE, GFP_KERNEL | __GFP_WRITE,
		GFP_KERNEL | __GFP_MEMALLOC, GFP_KERNEL | __GFP_NOMEMALLOC,
		GFP_KERNEL | __GFP_HIGH, GFP_KERNEL | __GFP_NORETRY, GFP_KERNEL | __GFP_NOFAIL,
	};
	unsigned int i, j;
	void *p;

	gk_starve(test);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		for (j = 0; j < 2; j++) {
			p = gvmalloc_node(50000, flags[i], j ? gk_nid() : NUMA_NO_NODE);
			KUNIT_EXPECT_TRUE_MSG(test, is_vmalloc_addr(p), "flags %u", i);
			if (p && flags[i] & __GFP_ZERO)
				KUNIT_EXPECT_TRUE(test, twin_all_zero(p, 50000));
			gvfree(p);
		}
	}
}

static void vmalloc_serves_nothing_else(struct kunit *test)
{
	gk_starve(test);
	KUNIT_EXPECT_NULL(test, gvmalloc(PAGE_SIZE, QUIET));
	KUNIT_EXPECT_NULL(test, gvmalloc(50000, GFP_ATOMIC | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, gvmalloc(50000, GFP_NOWAIT | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, gvmalloc_node(50000, QUIET | __GFP_THISNODE, gk_nid()));
	KUNIT_EXPECT_NULL(test, gvmalloc((size_t)INT_MAX + 1, QUIET));
	KUNIT_EXPECT_NULL(test, gvcalloc(SIZE_MAX / 2, 3, QUIET));
	KUNIT_EXPECT_PTR_EQ(test, gvmalloc(0, QUIET), ZERO_SIZE_PTR);
	gvfree(NULL);
	gvfree(ZERO_SIZE_PTR);
	gvfree_sensitive(NULL, 0);
}

struct virtual {
	u8 before[20000];
	struct rcu_head rcu;
	u8 behind[20000];
};

/* After the grace period, and once. */
static void vmalloc_memory_is_freed_after_a_grace_period(struct kunit *test)
{
	struct virtual *p, *q;
	struct page *page;
	void **mark;

	gk_starve(test);
	p = gvzalloc(sizeof(*p), QUIET);
	q = gvzalloc(sizeof(*q), QUIET);
	gk_feed();
	gk_unlimit(test);
	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(p) && is_vmalloc_addr(q));
	/* So that one sees what is left there. */
	page = vmalloc_to_page(&p->rcu.func);
	get_page(page);
	mark = page_address(page) + offset_in_page(&p->rcu.func);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	rcu_read_lock();
	gfree_rcu(p, rcu);
	KUNIT_EXPECT_NOT_NULL(test, READ_ONCE(*mark));
	gfree_rcu(p, rcu);
	KUNIT_EXPECT_NOT_NULL(test, vmalloc_to_page(p));
	rcu_read_unlock();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gfree_rcu_mightsleep(q);
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(q));
	galloc_rcu_barrier();
	KUNIT_EXPECT_NULL(test, vmalloc_to_page(p));
	/* The next who has that page there frees it for the first time. */
	KUNIT_EXPECT_NULL(test, READ_ONCE(*mark));
	put_page(page);
	gk_expect_any_faults(test, 0);
}

static void gvrealloc_keeps_the_contents_wherever_they_are(struct kunit *test)
{
	static const size_t steps[] = { 100, 20000, 20400, 90000, 300000, 50000 };
	size_t i, had = 0;
	u8 *p = NULL, *q;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		/* The second half is vmalloc()'s. */
		if (i == 3)
			gk_starve(test);
		q = gvrealloc(p, steps[i], QUIET | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, q);
		KUNIT_EXPECT_EQ(test, is_vmalloc_addr(q), i >= 3);
		had = min(had, steps[i]);
		KUNIT_EXPECT_TRUE(test, twin_intact(q, had, 5));
		KUNIT_EXPECT_TRUE(test, twin_all_zero(q + had, steps[i] - had));
		p = q;
		had = steps[i];
		twin_fill(p, had, 5);
	}
	KUNIT_EXPECT_PTR_EQ(test, gvrealloc(p, 0, QUIET), ZERO_SIZE_PTR);
}

/* ---- failures ----------------------------------------------------------- */

static bool fail_all(unsigned int order)
{
	return true;
}

/* gk_exit() checks that none of them leaks anything. */
static void each_call_may_fail(struct kunit *test)
{
	void *p = gvmalloc(100, GFP_KERNEL), *v;
	unsigned int i;

	gk_starve(test);
	v = gvmalloc(50000, QUIET);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(v));
	WRITE_ONCE(galloc_fail_hook, fail_all);
	KUNIT_EXPECT_NULL(test, gmemdup("abc", 4, QUIET));
	KUNIT_EXPECT_NULL(test, gmemdup_nul("abc", 3, QUIET));
	KUNIT_EXPECT_NULL(test, gstrdup("abc", QUIET));
	KUNIT_EXPECT_NULL(test, gasprintf(QUIET, "%d", 3));
	KUNIT_EXPECT_NULL(test, galloc_obj(struct item, QUIET));
	KUNIT_EXPECT_NULL(test, galloc_flex(struct table, row, 3, QUIET));
	KUNIT_EXPECT_NULL(test, grealloc_aligned(p, 5000, 8192, QUIET));
	KUNIT_EXPECT_NULL(test, gvrealloc(p, 50000, QUIET));
	KUNIT_EXPECT_NULL(test, gvrealloc(v, 100000, QUIET));
	for (i = 0; i < ARRAY_SIZE(gv_calls); i++)
		KUNIT_EXPECT_NULL(test, gv_calls[i](50000, QUIET));
	WRITE_ONCE(galloc_fail_hook, NULL);
	gvfree(v);
	gvfree(p);
}

/* An object of the kernel that shrinks and grows again: what it has then is as krealloc()'s. */
static void kvrealloc_leaves_the_kernels_object_to_it(struct kunit *test)
{
	void *p = kmalloc(128, GFP_KERNEL), *q = kmalloc(128, GFP_KERNEL);
	static const size_t steps[] = { 16, 128 };
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, q);
	memset(p, 0xff, 128);
	memset(q, 0xff, 128);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		p = galloc_override_vrealloc(NULL, p, steps[i], 1, GFP_KERNEL | __GFP_ZERO,
					     NUMA_NO_NODE);
		q = krealloc(q, steps[i], GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_ASSERT_NOT_NULL(test, q);
	}
	KUNIT_EXPECT_EQ(test, memcmp(p, q, 128), 0);
	KUNIT_EXPECT_FALSE(test, galloc_owns(p));
	kfree(p);
	kfree(q);
}

/* krealloc() of an object of a full heap, and where one cannot wait, does not fail, either. */
static void krealloc_serves_what_must_not_fail(struct kunit *test)
{
	static const gfp_t flags[] = { GFP_KERNEL | __GFP_NOFAIL, GFP_NOWAIT | __GFP_NOFAIL };
	const struct galloc_heap_args args = { .limit_bytes = 2 * PAGE_SIZE };
	struct galloc_heap *heap = galloc_heap_create("kunit", &args);
	unsigned int i;
	char *p, *q;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		p = galloc_override_alloc(heap, 64, GFP_KERNEL, NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p);
		memset(p, 7, 64);
		q = galloc_override_realloc(heap, p, 2 * PAGE_SIZE, 1, flags[i], NUMA_NO_NODE);
		KUNIT_EXPECT_NOT_NULL_MSG(test, q, "flags %u", i);
		KUNIT_EXPECT_NULL(test, memchr_inv(q ?: p, 7, 64));
		galloc_kfree(q ?: p);
	}
	galloc_heap_destroy(heap);
}

/* Memory of vmalloc() that moves keeps the alignment that is asked for. */
static void kvrealloc_aligns_what_moves(struct kunit *test)
{
	unsigned int i;
	void *p[8];

	/* One page and two, and one behind each: not all are aligned by chance. */
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = vmalloc((1 + i % 2) * PAGE_SIZE - 100);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		memset(p[i], 7, PAGE_SIZE - 100);
	}
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = galloc_override_vrealloc(NULL, p[i], PAGE_SIZE + 8, 2 * PAGE_SIZE,
						GFP_KERNEL, NUMA_NO_NODE);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p[i], 2 * PAGE_SIZE));
		KUNIT_EXPECT_NULL(test, memchr_inv(p[i], 7, PAGE_SIZE - 100));
	}
	for (i = 0; i < ARRAY_SIZE(p); i++)
		galloc_kvfree(p[i]);
}

/* What core code is to free becomes the kernel's, or stays as it is if there is no memory. */
static void an_object_is_handed_over(struct kunit *test)
{
	char *p = gstrdup("what it says", GFP_KERNEL), *q;

	KUNIT_ASSERT_NOT_NULL(test, p);
	WRITE_ONCE(galloc_fail_hook, fail_all);
	KUNIT_EXPECT_NULL(test, galloc_hand_over(p, QUIET));
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_STREQ(test, p, "what it says");
	q = galloc_hand_over(p, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_FALSE(test, galloc_owns(q));
	KUNIT_EXPECT_STREQ(test, q, "what it says");
	KUNIT_EXPECT_PTR_EQ(test, galloc_hand_over(q, GFP_KERNEL), (void *)q);
	KUNIT_EXPECT_NULL(test, galloc_hand_over(NULL, GFP_KERNEL));
	kfree(q);
}

static int contexts;

static void end_context(struct fs_context *fc)
{
	contexts--;
}

static const struct fs_context_operations context_ops = { .free = end_context };

static int begin_context(struct fs_context *fc)
{
	contexts++;
	fc->ops = &context_ops;
	fc->source = gstrdup("//somewhere/else", GFP_KERNEL);
	return fc->source ? 0 : -ENOMEM;
}

/* The kernel frees the source of a context, which the file system allocated. */
static void a_file_system_has_a_source(struct kunit *test)
{
	struct file_system_type type = {
		.owner = THIS_MODULE, .name = "galloc_kunit", .init_fs_context = begin_context,
	};
	struct fs_context *fc;

	WRITE_ONCE(galloc_fail_hook, fail_all);
	KUNIT_EXPECT_EQ(test, galloc_register_filesystem(&type), -ENOMEM);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_ASSERT_EQ(test, galloc_register_filesystem(&type), 0);
	KUNIT_EXPECT_EQ(test, galloc_register_filesystem(&type), -EBUSY);
	fc = fs_context_for_mount(&type, 0);
	KUNIT_EXPECT_FALSE(test, IS_ERR(fc));
	if (!IS_ERR(fc)) {
		KUNIT_EXPECT_EQ(test, contexts, 1);
		put_fs_context(fc);
	}
	KUNIT_EXPECT_EQ(test, contexts, 0);
	KUNIT_EXPECT_EQ(test, galloc_unregister_filesystem(&type), 0);
	KUNIT_EXPECT_TRUE(test, type.init_fs_context == begin_context);
	KUNIT_EXPECT_EQ(test, galloc_unregister_filesystem(&type), -EINVAL);
}

static int others;

static void end_other(struct fs_context *fc)
{
	others--;
}

static const struct fs_context_operations other_ops = { .free = end_other };

static int begin_other(struct fs_context *fc)
{
	others++;
	fc->ops = &other_ops;
	return 0;
}

/* A context ends as what it began as, whatever its type is then, as nfs and gfs2meta have it. */
static void a_mount_changes_its_type(struct kunit *test)
{
	struct file_system_type types[] = {
		{ .owner = THIS_MODULE, .name = "galloc_kunit", .init_fs_context = begin_context },
		{ .owner = THIS_MODULE, .name = "galloc_kunit2", .init_fs_context = begin_other },
	};
	struct fs_context *fc[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		KUNIT_ASSERT_EQ(test, galloc_register_filesystem(&types[i]), 0);
		fc[i] = fs_context_for_mount(&types[i], 0);
		KUNIT_EXPECT_FALSE(test, IS_ERR(fc[i]));
	}
	KUNIT_EXPECT_EQ(test, contexts, 1);
	KUNIT_EXPECT_EQ(test, others, 1);
	if (!IS_ERR(fc[0])) {
		/* One reference to this module is as good as another. */
		fc[0]->fs_type = &types[1];
		put_fs_context(fc[0]);
	}
	KUNIT_EXPECT_EQ(test, contexts, 0);
	KUNIT_EXPECT_EQ(test, others, 1);
	if (!IS_ERR(fc[1]))
		put_fs_context(fc[1]);
	KUNIT_EXPECT_EQ(test, others, 0);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		KUNIT_EXPECT_EQ(test, galloc_unregister_filesystem(&types[i]), 0);
}

#define TOP_BYTE(addr, top)	(((addr) & ~KCACHE_NO_TAG) | (top) << KCACHE_TAG_SHIFT)

/* With software tags in the whole top byte, and otherwise perhaps in its lower half. */
static void the_address_of_a_cache_tells_whose_it_is(struct kunit *test)
{
	const unsigned long addr = PAGE_OFFSET + 0x12345678;
	unsigned long top, at, marked, wrong = 0;

	for (top = 0; top < 256; top++) {
		at = TOP_BYTE(addr, top);
		marked = kcache_mark(at, true);
		wrong += kcache_is_marked(at, true) != (top == 0xfe);
		wrong += !kcache_is_marked(marked, true);
		wrong += kcache_unmark(marked, true) != TOP_BYTE(addr, 0xffUL);
		at = addr ^ (top & 15) << KCACHE_TAG_SHIFT;
		marked = kcache_mark(at, false);
		wrong += kcache_is_marked(at, false);
		wrong += !kcache_is_marked(marked, false);
		wrong += kcache_unmark(marked, false) != at;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_FALSE(test, kcache_is_marked(0, true));
	KUNIT_EXPECT_FALSE(test, kcache_is_marked(0, false));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(strings_are_copied),
	KUNIT_CASE(strings_are_formatted),
	KUNIT_CASE(objects_are_allocated_by_type),
#ifdef DEFINE_FREE
	KUNIT_CASE(the_end_of_a_scope_frees),
#endif
	KUNIT_CASE(realloc_aligns_as_asked),
	KUNIT_CASE(realloc_aligns_what_it_shrinks),
	KUNIT_CASE(realloc_that_moves_is_as_galloc_of_that_size),
	KUNIT_CASE(realloc_moves_to_the_node_that_it_must),
	KUNIT_CASE(vmalloc_serves_what_galloc_cannot),
	KUNIT_CASE(vmalloc_serves_what_must_not_fail),
	KUNIT_CASE(vmalloc_is_asked_before_caches_are_emptied),
	KUNIT_CASE(before_vmalloc_there_is_no_more_reclaim_than_for_kvmalloc),
	KUNIT_CASE(what_shrinks_is_moved_without_reclaim),
	KUNIT_CASE(a_client_cannot_ask_for_less_effort),
	KUNIT_CASE(vmalloc_takes_all_flags),
	KUNIT_CASE(vmalloc_serves_nothing_else),
	KUNIT_CASE(vmalloc_memory_is_freed_after_a_grace_period),
	KUNIT_CASE(gvrealloc_keeps_the_contents_wherever_they_are),
	KUNIT_CASE(kvrealloc_leaves_the_kernels_object_to_it),
	KUNIT_CASE(krealloc_serves_what_must_not_fail),
	KUNIT_CASE(kvrealloc_aligns_what_moves),
	KUNIT_CASE(an_object_is_handed_over),
	KUNIT_CASE(a_file_system_has_a_source),
	KUNIT_CASE(a_mount_changes_its_type),
	KUNIT_CASE(each_call_may_fail),
	KUNIT_CASE(the_address_of_a_cache_tells_whose_it_is),
	{ }
};

GK_SUITE(client, gk_init_alive, gk_exit);
