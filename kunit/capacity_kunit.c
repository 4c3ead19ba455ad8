// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what a CPU may keep, and who gets it.
 */
#include "helpers.h"

/* Live objects of each class: the last one, which begins with the address of the one before. */
static void **objects[GALLOC_NR_CLASSES];

static void hold(struct kunit *test, unsigned int class)
{
	void **p = galloc(sizeclasses[class].size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	*p = objects[class];
	objects[class] = p;
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

static struct kunit_case cases[] = {
	KUNIT_CASE(a_stack_without_room_keeps_no_span),
	KUNIT_CASE(a_smaller_budget_is_followed),
	KUNIT_CASE(a_cpu_at_work_follows_a_smaller_budget),
	KUNIT_CASE(only_a_tick_takes_what_is_idle),
	KUNIT_CASE(an_isolated_cpu_gives_up_the_adopted_node),
	{}
};

GK_SUITE(capacity, gk_init, exit_case);
