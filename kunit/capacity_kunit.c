// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what a CPU may keep, and who gets it.
 */
#include "helpers.h"

/* Live objects of each class: the last one, which begins with the address of the one before. */
static void **objects[GALLOC_NR_CLASSES];

static bool may_hold(unsigned int class)
{
	void **p = galloc(sizeclasses[class].size, GFP_KERNEL | __GFP_NORETRY);

	if (!p)
		return false;
	*p = objects[class];
	objects[class] = p;
	return true;
}

static void hold(struct kunit *test, unsigned int class)
{
	KUNIT_ASSERT_TRUE(test, may_hold(class));
}

static void free_objects(void)
{
	unsigned int class;
	void **p;

	for_each_class(class) {
		while ((p = objects[class])) {
			objects[class] = *p;
			gfree(p);
		}
	}
}

static void exit_case(struct kunit *test)
{
	free_objects();
	gk_exit(test);
}

/* Has this CPU stacks?  A request that finds none asks for them. */
static bool cpu_has_stacks(void)
{
	gfree(galloc(8, GFP_KERNEL));
	return raw_cpu_ptr(&galloc_mcache)->stacks != empty_stacks;
}

/*
 * Have a stack of each class, and of those that have one a CACHED span.  Where an earlier suite
 * has failed all that is not a single page, stacks are not asked for again for a second.
 */
static void have_stacks(struct kunit *test)
{
	unsigned int class;

	KUNIT_ASSERT_TRUE(test, gk_wait_for(cpu_has_stacks(), GK_PATIENCE_MS));
	for_each_class(class) {
		gfree(galloc(sizeclasses[class].size, GFP_KERNEL));
		hold(test, class);
	}
}

/* And no object on a stack: all of its places are unused. */
static void have_empty_stacks(struct kunit *test)
{
	unsigned int class;

	have_stacks(test);
	for_each_class(class)
		while (gk_stacked(gk_stack(class)))
			hold(test, class);
}

/* Take all that can be taken, as a class does that wants much. */
static void steal_all(struct kunit *test)
{
	struct mcache *m;
	int i;

	for (i = 0; i < 20; i++) {
		m = mcache_enter();
		KUNIT_ASSERT_NOT_NULL(test, m);
		capacity_steal(m, 0, 2 * galloc_cpu_cache_bytes);
		mcache_leave(m);
	}
}

/* What has no room keeps nothing: a span there would serve nobody. */
static unsigned int kept_in_vain(void)
{
	unsigned int class, n = 0;

	for_each_class(class)
		n += gk_stack(class)->span && !gk_capacity(gk_stack(class));
	return n;
}

static void a_stack_without_room_keeps_no_span(struct kunit *test)
{
	unsigned int class, spans = 0;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	gk_pin(gk_cpu(0));
	have_empty_stacks(test);
	for_each_class(class)
		spans += !!gk_stack(class)->span;
	KUNIT_EXPECT_GT(test, spans, 10);
	steal_all(test);
	KUNIT_EXPECT_EQ(test, kept_in_vain(), 0);
	/* Nor does one that is used, and misses each time. */
	for_each_class(class) {
		void *p = galloc(sizeclasses[class].size, GFP_KERNEL);

		KUNIT_EXPECT_NOT_NULL(test, p);
		gfree(p);
	}
	KUNIT_EXPECT_EQ(test, kept_in_vain(), 0);
	free_objects();
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void a_smaller_budget_is_followed(struct kunit *test)
{
	static const unsigned long budgets[] = { 1UL << 20, 64 << 10 };
	unsigned int i;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	for (i = 0; i < ARRAY_SIZE(budgets); i++) {
		WRITE_ONCE(galloc_cpu_cache_bytes, 2UL << 20);
		have_stacks(test);
		free_objects();
		KUNIT_EXPECT_GT(test, raw_cpu_ptr(&galloc_mcache)->held, 64 << 10);
		WRITE_ONCE(galloc_cpu_cache_bytes, budgets[i]);
		drain_cpus();
		KUNIT_EXPECT_FALSE(test, capacity_beyond());
		KUNIT_EXPECT_EQ(test, kept_in_vain(), 0);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
}

/* A drain frees the places of its stacks; what is used again since has to give up some. */
static void a_cpu_at_work_follows_a_smaller_budget(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	size_t unused = 0;
	unsigned int class;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	have_empty_stacks(test);
	for_each_class(class)
		unused += gk_capacity(gk_stack(class)) * sizeclasses[class].size;
	WRITE_ONCE(galloc_cpu_cache_bytes, m->held - unused / 4);
	KUNIT_EXPECT_TRUE(test, capacity_beyond());
	/* The tick's: no stack is idle, and none has a surplus. */
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
	KUNIT_EXPECT_FALSE(test, capacity_beyond());
	KUNIT_EXPECT_EQ(test, kept_in_vain(), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* Another tick, and as many calls as it takes to follow that; one has 16 objects taken. */
static void follow_a_tick(bool with_interrupts)
{
	unsigned long flags;
	unsigned int i;

	drain_tick();
	for (i = 0; i < STACK_KS + GALLOC_NR_CLASSES + 256; i++) {
		if (!with_interrupts)
			local_irq_save(flags);
		drain_follow();
		if (!with_interrupts)
			local_irq_restore(flags);
	}
}

/*
 * No work item comes to an isolated CPU: its own calls give up the node that it has adopted.
 * Where there is one node, that one stands for it, and its own stacks for those.
 */
static void an_isolated_cpu_gives_up_the_adopted_node(struct kunit *test)
{
	const struct mcache_stack *stack;
	unsigned int class, left = 0;
	struct mcache *m;

	if (galloc_debug || !gk_smp() || !galloc_cpu_isolated(gk_cpu(1)))
		kunit_skip(test, "no isolated CPU, or no stacks");
	gk_pin(gk_cpu(1));
	have_stacks(test);
	free_objects();
	m = raw_cpu_ptr(&galloc_mcache);
	stack = gk_stack(sizeclass_of(64));
	follow_a_tick(true);
	/* It has been needed a moment ago; then nothing may be freed; then all may. */
	m->away = m->nid;
	m->away_tick = jiffies;
	follow_a_tick(true);
	KUNIT_EXPECT_EQ(test, m->away, m->nid);
	KUNIT_EXPECT_GT(test, gk_capacity(stack), 0);
	m->away_tick = jiffies - 3 * HZ;
	follow_a_tick(false);
	KUNIT_EXPECT_EQ(test, m->away, m->nid);
	KUNIT_EXPECT_GT(test, gk_capacity(stack), 0);
	follow_a_tick(true);
	KUNIT_EXPECT_EQ(test, m->away, NUMA_NO_NODE);
	for_each_class(class)
		left += gk_capacity(gk_stack(class)) || gk_stack(class)->span;
	KUNIT_EXPECT_EQ(test, left, 0);
	m->away = NUMA_NO_NODE;
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void run_work_item(struct mcache *m)
{
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
}

static bool gets_objects(const struct mcache_stack *stack)
{
	gfree(galloc(64, GFP_KERNEL));
	return gk_stacked(stack);
}

/*
 * A CPU whose calls come with interrupts off has its work item bring places as often as it
 * lacks some: a class that was not used since a moment ago is not idle.
 */
static void only_a_tick_takes_what_is_idle(struct kunit *test)
{
	const struct mcache_stack *stack;
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	unsigned int i, had;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	/* Before that the CPU has those of all, which are empty. */
	have_stacks(test);
	stack = gk_stack(sizeclass_of(64));
	free_objects();
	/* Places come when the CPU's work item has run. */
	KUNIT_ASSERT_TRUE(test, gk_wait_for(gets_objects(stack), GK_PATIENCE_MS));
	drain_tick();
	run_work_item(m);
	gfree(galloc(64, GFP_KERNEL));
	had = gk_stacked(stack);
	KUNIT_ASSERT_GT(test, had, 0);
	for (i = 0; i < 3; i++)
		run_work_item(m);
	KUNIT_EXPECT_EQ(test, gk_stacked(stack), had);
	/* The first one sees it in use. */
	for (i = 0; i < 2; i++) {
		drain_tick();
		run_work_item(m);
	}
	KUNIT_EXPECT_EQ(test, gk_stacked(stack), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* ---- what others lack --------------------------------------------------------------- */

/* The system has single pages only, on this CPU's node, and somebody has found that out. */
static void lack_short_runs(struct kunit *test)
{
	struct chunk chunk;
	int nid;

	gk_in_pieces(0);
	/* What costs nothing may fail on any machine. */
	KUNIT_ASSERT_FALSE(test, arena_get_spare_chunk(&chunk, gk_nid(), 2, GFP_KERNEL));
	KUNIT_EXPECT_FALSE(test, arena_lacks_short(gk_nid()));
	KUNIT_ASSERT_FALSE(test, arena_get_chunk(&chunk, gk_nid(), 2, GFP_NOWAIT));
	KUNIT_ASSERT_TRUE(test, arena_lacks_short(gk_nid()));
	/* However long this case takes; and no node has more to fail. */
	for_each_node_state(nid, N_MEMORY) {
		WRITE_ONCE(arena_scarce[nid].order, 0);
		WRITE_ONCE(arena_scarce[nid].until, jiffies + 600 * HZ);
	}
	WRITE_ONCE(arena_short_until, jiffies + 600 * HZ);
}

static void *take(struct kunit *test, unsigned int class)
{
	void *p = galloc(sizeclasses[class].size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

/* An object of each class that has a stack with room; and what is on the stack. */
static void hold_before_others_lack_any(struct kunit *test, void **p, unsigned int *had)
{
	unsigned int class;

	have_stacks(test);
	for_each_class(class) {
		/* With a free one on the stack, and places for more. */
		gfree(take(test, class));
		p[class] = take(test, class);
	}
	lack_short_runs(test);
	for_each_class(class)
		had[class] = gk_stacked(gk_stack(class));
}

/* A free object of more than a page is a run that others lack; of smaller ones CPUs keep some. */
static void what_others_lack_goes_to_its_span(struct kunit *test)
{
	static unsigned int had[GALLOC_NR_CLASSES];
	static void *p[GALLOC_NR_CLASSES];
	unsigned int class, kept = 0;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	hold_before_others_lack_any(test, p, had);
	for_each_class(class) {
		gfree(p[class]);
		if (sizeclasses[class].size > PAGE_SIZE)
			KUNIT_EXPECT_EQ_MSG(test, gk_stacked(gk_stack(class)), had[class],
					    "%u bytes", sizeclasses[class].size);
		else
			kept += gk_stacked(gk_stack(class)) > had[class];
	}
	KUNIT_EXPECT_GT(test, kept, 10);
	free_objects();
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* Take what the stack has, and one more: that one alone comes from its span, if there is any. */
static void only_what_is_wanted_comes_then(struct kunit *test)
{
	unsigned int class, served = 0;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	have_stacks(test);
	/* Their spans have free objects. */
	for_each_class(class)
		hold(test, class);
	lack_short_runs(test);
	free_objects();
	for_each_class(class) {
		const struct mcache_stack *stack = gk_stack(class);
		bool lacked = sizeclasses[class].size > PAGE_SIZE;
		unsigned int i;

		while (gk_stacked(stack))
			hold(test, class);
		for (i = 0; i < 3; i++) {
			served += may_hold(class) && lacked;
			KUNIT_EXPECT_EQ_MSG(test, !gk_capacity(stack), lacked, "%u bytes",
					    sizeclasses[class].size);
		}
	}
	KUNIT_EXPECT_GT(test, served, 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* Later they keep some again. */
	gk_whole();
	class = sizeclass_of(2 * PAGE_SIZE);
	gfree(take(test, class));
	KUNIT_EXPECT_GT(test, gk_stacked(gk_stack(class)), 0);
	KUNIT_EXPECT_FALSE(test, arena_short_lacked);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_stack_without_room_keeps_no_span),
	KUNIT_CASE(a_smaller_budget_is_followed),
	KUNIT_CASE(a_cpu_at_work_follows_a_smaller_budget),
	KUNIT_CASE(only_a_tick_takes_what_is_idle),
	KUNIT_CASE(an_isolated_cpu_gives_up_the_adopted_node),
	KUNIT_CASE(what_others_lack_goes_to_its_span),
	KUNIT_CASE(only_what_is_wanted_comes_then),
	{}
};

GK_SUITE(capacity, gk_init, exit_case);
