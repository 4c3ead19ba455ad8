// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: calls from an NMI, at any point.
 *
 * Each exported function is called while the CPU is within one of galloc's sections:
 * with a lock held, or with the stacks busy.  The NMI is a breakpoint on a variable
 * that is written there, or a pause point where there are no breakpoints.  A call that
 * took a lock there would never return.
 */
#include "helpers.h"

#include <linux/hw_breakpoint.h>
#include <linux/irqflags.h>
#include <linux/perf_event.h>
#include <linux/preempt.h>

#include "galloc_override_calls.h"
#include "twin.h"

#define LARGE		100000
#define GFP		(GFP_ATOMIC | __GFP_NOWARN)

/* NMIs of a case that do it; the others only pass. */
#define MOST_NMIS	8

/* Calls of which each is refused. */
#define REFUSED		45

struct client {
	struct rcu_head rcu;
	u8 data[48];
};

static struct {
	struct client *small;	/* live before and after, and not touched */
	struct client *spare;	/* for a free that the stack may serve */
	void *large;
	struct galloc_prefill *ahead;
	struct galloc_heap *heap;
	struct galloc_cache *cache;
	void *cached;	/* of the cache */
	void *due[MOST_NMIS];	/* what was taken of it, one in each NMI */
	void *got[MOST_NMIS * 2];	/* what the stack served */
	unsigned int nr_got;
	unsigned int nmis;
	unsigned int wrong;	/* line of the first call that ended otherwise */
} nmi;

#define refused(cond)							\
do {									\
	if (!(cond) && !nmi.wrong)					\
		nmi.wrong = __LINE__;					\
	/* Continuing could hang. */					\
	if (nmi.wrong)							\
		return;							\
} while (0)

/* The stack may serve it; then it is ours. */
static void keep(void *p)
{
	if (p)
		nmi.got[nmi.nr_got++] = p;
}

/* Of a heap that has no set for the size yet, and of a cache that has no stacks. */
static void call_heaps_and_caches(void)
{
	void *p[4] = { nmi.cached };

	refused(!galloc_from(nmi.heap, 300, GFP));
	refused(!galloc_from(nmi.heap, LARGE, GFP));
	refused(!galloc_from_node(nmi.heap, 300, GFP, gk_nid()));
	refused(!galloc_from_aligned(nmi.heap, 300, 64, GFP));
	refused(!galloc_from_bulk(nmi.heap, 300, GFP, 4, p + 1));
	refused(!grealloc_from(nmi.heap, nmi.cached, 1000, GFP));
	refused(!galloc_cache_alloc(nmi.cache, GFP));
	refused(!galloc_cache_alloc_node(nmi.cache, GFP, gk_nid()));
	refused(!galloc_cache_alloc_bulk(nmi.cache, GFP, 3, p + 1));
	galloc_cache_free(nmi.cache, nmi.cached);
	galloc_cache_free_bulk(nmi.cache, 1, p);
}

/* Of an object of whole pages: its span is looked up with a lock. */
static void call_with_a_large_object(void)
{
	const gfp_t nofail = GFP | __GFP_NOFAIL;

	refused(!grealloc(nmi.large, 2 * LARGE, GFP));
	refused(!grealloc_from(nmi.heap, nmi.large, 2 * LARGE, GFP));
	refused(!gvrealloc(nmi.large, 2 * LARGE, GFP));
	refused(!gvrealloc(nmi.large, 100, GFP));
	refused(!gvmalloc(LARGE, GFP_KERNEL));
	refused(!galloc_override_realloc(NULL, nmi.large, 2 * LARGE, 1, GFP | GFP_DMA, -1));
	refused(!galloc_override_realloc(NULL, nmi.large, 2 * LARGE, 1, nofail, -1));
	refused(!galloc_override_vrealloc(NULL, nmi.large, 2 * LARGE, 1, GFP, -1));
	refused(!galloc_hand_over(nmi.large, GFP));
	refused(!galloc_ksize(nmi.large));
	galloc_override_queue_rcu(nmi.large, nmi.large);
	galloc_free_rcu(nmi.large);
}

static void call_everything(void)
{
	void *both[2] = { nmi.small, nmi.large };
	long refusals = gk_events(EVENT_NMI);
	void *bulk[4], *p;

	if (nmi.nmis >= MOST_NMIS || nmi.wrong)
		return;
	nmi.nmis++;
	/* Those that would not hang in any section but one come first. */
	refused(!gsize(nmi.small));
	refused(!gsize(nmi.large));
	refused(!galloc_bulk(64, GFP, 4, bulk));
	refused(!galloc_bulk(LARGE, GFP, 2, bulk));
	refused(!grealloc(nmi.small, 8, GFP));
	refused(!grealloc(nmi.small, 10000, GFP));
	refused(!grealloc(NULL, 64, GFP));
	/* Not ZERO_SIZE_PTR: it has not been freed. */
	refused(!grealloc(nmi.small, 0, GFP));
	refused(!galloc_node(64, GFP, gk_nid()));
	refused(!galloc_node(LARGE, GFP, gk_nid()));
	refused(!galloc_node(64, GFP, NUMA_NO_NODE));
	refused(!galloc_aligned(64, 64, GFP));
	refused(!galloc_aligned(64, 8192, GFP));
	refused(!galloc(LARGE, GFP));
	refused(!galloc_large(1 << 20, GFP));
	gfree_sized(nmi.small, sizeof(*nmi.small));
	gfree_sized(nmi.large, LARGE);
	gfree_sensitive(nmi.small);
	gfree_sensitive(nmi.large);
	gfree_bulk(2, both);
	gfree_rcu(nmi.small, rcu);
	gfree(nmi.large);
	call_heaps_and_caches();
	call_with_a_large_object();
	refused(gk_events(EVENT_NMI) - refusals == REFUSED);

	/* These may be served by the stack, and by nothing else. */
	gfree(nmi.spare);
	p = galloc(sizeof(*nmi.spare), GFP);
	if (p != nmi.spare)
		keep(p);
	keep(gzalloc(sizeof(*nmi.spare), GFP));
	refused(galloc_size_roundup(1) == 8);

	/* This one is for NMIs. */
	nmi.due[nmi.nmis - 1] = galloc_prefill_alloc(nmi.ahead);
	refused(nmi.due[nmi.nmis - 1]);
}

static void begin(struct kunit *test)
{
	memset(&nmi, 0, sizeof(nmi));
	nmi.small = galloc(sizeof(*nmi.small), GFP_KERNEL);
	nmi.spare = galloc(sizeof(*nmi.spare), GFP_KERNEL);
	nmi.large = galloc(LARGE, GFP_KERNEL);
	nmi.ahead = galloc_prefill(LARGE, MOST_NMIS, GFP_KERNEL);
	nmi.heap = galloc_heap_create("nmi", NULL);
	nmi.cache = galloc_cache_create("nmi", 200, NULL);
	KUNIT_ASSERT_TRUE(test, nmi.small && nmi.spare && nmi.large && nmi.ahead &&
			  nmi.heap && nmi.cache);
	nmi.cached = galloc_cache_alloc(nmi.cache, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, nmi.cached);
	/* The stack has something, and so has room. */
	gfree(galloc(sizeof(*nmi.small), GFP_KERNEL));
	twin_fill(nmi.small, sizeof(*nmi.small), 1);
	twin_fill(nmi.large, LARGE, 2);
	gk_expect_warning(test, "galloc: called from an NMI");
}

static void end(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, nmi.nmis, 0);
	KUNIT_EXPECT_EQ_MSG(test, nmi.wrong, 0, "line of a call that ended otherwise");
	KUNIT_EXPECT_TRUE(test, twin_intact((u8 *)nmi.small, sizeof(*nmi.small), 1));
	KUNIT_EXPECT_TRUE(test, twin_intact(nmi.large, LARGE, 2));
	while (nmi.nr_got)
		gfree(nmi.got[--nmi.nr_got]);
	gfree(nmi.small);
	gfree(nmi.spare);
	gfree(nmi.large);
	galloc_prefill_release(nmi.ahead);
	gfree_bulk(ARRAY_SIZE(nmi.due), nmi.due);
	galloc_cache_free(nmi.cache, nmi.cached);
	galloc_cache_destroy(nmi.cache);
	galloc_heap_destroy(nmi.heap);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* ---- as if -------------------------------------------------------------------- */

static void as_if_in_an_nmi(void)
{
	unsigned long flags;

	local_irq_save(flags);
	__preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	call_everything();
	__preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	local_irq_restore(flags);
}

static void every_call_is_refused(struct kunit *test)
{
	begin(test);
	as_if_in_an_nmi();
	end(test);
}

static void every_call_is_refused_while_the_stacks_are_busy(struct kunit *test)
{
	begin(test);
	preempt_disable();
	this_cpu_write(galloc_mcache.busy, 1);
	as_if_in_an_nmi();
	this_cpu_write(galloc_mcache.busy, 0);
	preempt_enable();
	/* Not even the stack serves it. */
	KUNIT_EXPECT_EQ(test, nmi.nr_got, 0);
	end(test);
}

static struct task_struct *paused;

static void pause_in_claim(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_CLAIM_READ && current == paused)
		as_if_in_an_nmi();
}

static void every_call_is_refused_while_a_row_is_locked(struct kunit *test)
{
	unsigned int row = mcentral_row(gk_nid(), sizeclass_of(64));
	void *first, *second;

	begin(test);
	first = mcentral_alloc(row, GFP_KERNEL);
	paused = current;
	WRITE_ONCE(galloc_pause_hook, pause_in_claim);
	/* Out of the same span, under the lock. */
	second = mcentral_alloc(row, GFP_KERNEL);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gfree(first);
	gfree(second);
	end(test);
}

static void every_call_is_refused_while_a_node_is_locked(struct kunit *test)
{
	struct mheap *h = mheap_of(gk_nid());
	unsigned long flags;

	begin(test);
	galloc_lock(&h->lock, flags);
	as_if_in_an_nmi();
	galloc_unlock(&h->lock, flags);
	end(test);
}

/* ---- real ones ------------------------------------------------------------------ */

#ifdef CONFIG_HAVE_HW_BREAKPOINT

static unsigned int not_in_nmi;

static void on_write(struct perf_event *bp, struct perf_sample_data *data,
		     struct pt_regs *regs)
{
	if (in_nmi())
		call_everything();
	else
		not_in_nmi++;
}

static struct perf_event * __percpu *watch(void *what, int len)
{
	struct perf_event * __percpu *events;
	struct perf_event_attr attr;

	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)what;
	attr.bp_len = len == 8 ? HW_BREAKPOINT_LEN_8 : HW_BREAKPOINT_LEN_4;
	attr.bp_type = HW_BREAKPOINT_W;
	not_in_nmi = 0;
	events = register_wide_hw_breakpoint(&attr, on_write, NULL);
	return IS_ERR((void __force *)events) ? NULL : events;
}

static void many_objects(void)
{
	static void *objects[2000];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = galloc(64, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		gfree(objects[i]);
	drain_cpus();
}

/* While one of these is written in @work. */
static void hit(struct kunit *test, void *what, int len, void (*work)(void))
{
	struct perf_event * __percpu *events;

	begin(test);
	events = watch(what, len);
	if (events) {
		work();
		unregister_wide_hw_breakpoint(events);
	}
	if (events && !not_in_nmi) {
		end(test);
		return;
	}
	nmi.nmis = 1;
	end(test);
	kunit_skip(test, "no breakpoint that comes as an NMI is to be had");
}

/* Not by way of a stack: the first is of a new span, or both are taken from one. */
static void single_objects(void)
{
	unsigned int row = mcentral_row(gk_nid(), sizeclass_of(64));
	void *p = mcentral_alloc(row, GFP_KERNEL);
	void *q = mcentral_alloc(row, GFP_KERNEL);

	gfree(p);
	gfree(q);
}

static void an_nmi_hits_a_locked_row(struct kunit *test)
{
	unsigned int row = mcentral_row(gk_nid(), sizeclass_of(64));

	hit(test, &mcentral_rows[row]->singles, 8, single_objects);
}

static void an_nmi_hits_a_transfer(struct kunit *test)
{
	unsigned int row = mcentral_row(gk_nid(), sizeclass_of(64));

	if (galloc_debug)
		return;
	many_objects();
	hit(test, &mcentral_rows[row]->transfer.n, 4, many_objects);
}

static void large_objects(void)
{
	void *p = galloc(LARGE, GFP_KERNEL), *q = galloc(2 * LARGE, GFP_KERNEL);

	gfree(q);
	gfree(p);
	drain_cpus();
}

static void an_nmi_hits_a_locked_heap(struct kunit *test)
{
	gk_give_back();
	hit(test, &mheap_of(gk_nid())->free_pages, 8, large_objects);
}

static void *huge;

static void free_huge(void)
{
	gfree(huge);
	/* The node keeps its chunk for a while otherwise. */
	release_runs(ULONG_MAX, true);
	worker_settle();
}

static void an_nmi_hits_the_locked_map(struct kunit *test)
{
	struct arena *arena;
	unsigned int page;

	huge = galloc(4 << 20, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, huge);
	rcu_read_lock();
	arena = arena_of(huge, &page);
	rcu_read_unlock();
	hit(test, &arena->refs, 4, free_huge);
}

static void an_nmi_hits_a_busy_stack(struct kunit *test)
{
	if (galloc_debug)
		return;
	many_objects();
	gfree(galloc(64, GFP_KERNEL));
	hit(test, &gk_stack(sizeclass_of(64))->top, 8, many_objects);
}

#endif /* CONFIG_HAVE_HW_BREAKPOINT */

static struct kunit_case cases[] = {
	KUNIT_CASE(every_call_is_refused),
	KUNIT_CASE(every_call_is_refused_while_the_stacks_are_busy),
	KUNIT_CASE(every_call_is_refused_while_a_row_is_locked),
	KUNIT_CASE(every_call_is_refused_while_a_node_is_locked),
#ifdef CONFIG_HAVE_HW_BREAKPOINT
	KUNIT_CASE(an_nmi_hits_a_locked_row),
	KUNIT_CASE(an_nmi_hits_a_transfer),
	KUNIT_CASE(an_nmi_hits_a_locked_heap),
	KUNIT_CASE(an_nmi_hits_the_locked_map),
	KUNIT_CASE(an_nmi_hits_a_busy_stack),
#endif
	{}
};

GK_SUITE(nmi, gk_init, gk_exit);
