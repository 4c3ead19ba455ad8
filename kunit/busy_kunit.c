// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: a CPU's stacks are accessed only with its busy byte set.
 *
 * The window in which an interrupt would do harm is a few instructions long, so
 * random tests rarely hit it.  Here the processor watches: a breakpoint on the stack
 * pointer of a stack checks the busy byte at each access.  Omitted where there are no
 * breakpoints, as in user-mode Linux.
 */
#include "helpers.h"

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>

static unsigned int accesses;
static unsigned int idle_accesses;

static void on_access(struct perf_event *bp, struct perf_sample_data *data,
		      struct pt_regs *regs)
{
	accesses++;
	if (!raw_cpu_read(galloc_mcache.busy))
		idle_accesses++;
}

static struct perf_event * __percpu *watch(struct kunit *test, void *what)
{
	struct perf_event * __percpu *events;
	struct perf_event_attr attr;

	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)what;
	attr.bp_len = HW_BREAKPOINT_LEN_8;
	attr.bp_type = HW_BREAKPOINT_RW;
	accesses = 0;
	idle_accesses = 0;
	events = register_wide_hw_breakpoint(&attr, on_access, NULL);
	if (IS_ERR((void __force *)events))
		kunit_skip(test, "no breakpoint is to be had");
	return events;
}

/* Pinned, with something on the stack of 64 bytes. */
static struct mcache_stack *warm_stack(struct kunit *test)
{
	gk_pin(gk_cpu(0));
	gfree(galloc(64, GFP_KERNEL));
	gfree(galloc(64, GFP_KERNEL));
	return gk_stack(sizeclass_of(64));
}

static void the_fast_paths_access_the_stack_with_busy_set(struct kunit *test)
{
	struct mcache_stack *stack = warm_stack(test);
	struct perf_event * __percpu *events;
	unsigned int after_alloc, after_free, after_second;
	void *p[2];

	if (galloc_debug)
		return;
	KUNIT_ASSERT_GT(test, gk_stacked(stack), 1);
	events = watch(test, &stack->top);
	p[0] = galloc(64, GFP_KERNEL);
	after_alloc = accesses;
	gfree(p[0]);
	after_free = accesses;
	KUNIT_EXPECT_EQ(test, galloc_bulk(64, GFP_KERNEL, 2, p), 2);
	after_second = accesses;
	/* A single one takes the way of gfree(). */
	gfree_bulk(2, p);
	unregister_wide_hw_breakpoint(events);
	/* Each reads the pointer and writes it. */
	KUNIT_EXPECT_GE(test, after_alloc, 2);
	KUNIT_EXPECT_GE(test, after_free - after_alloc, 2);
	KUNIT_EXPECT_GE(test, after_second - after_free, 2);
	KUNIT_EXPECT_GE(test, accesses - after_second, 2);
	KUNIT_EXPECT_EQ(test, idle_accesses, 0);
}

static void the_slow_paths_access_the_stack_with_busy_set(struct kunit *test)
{
	const unsigned int n = 500;
	void **objects = kunit_kcalloc(test, n, sizeof(*objects), GFP_KERNEL);
	struct mcache_stack *stack = warm_stack(test);
	struct perf_event * __percpu *events;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, objects);
	if (galloc_debug)
		return;
	events = watch(test, &stack->top);
	for (i = 0; i < n; i++)
		objects[i] = galloc(64, GFP_KERNEL);
	for (i = 0; i < n; i++)
		gfree(objects[i]);
	drain_cpus();
	unregister_wide_hw_breakpoint(events);
	KUNIT_EXPECT_GE(test, accesses, 2 * n);
	KUNIT_EXPECT_EQ(test, idle_accesses, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_fast_paths_access_the_stack_with_busy_set),
	KUNIT_CASE(the_slow_paths_access_the_stack_with_busy_set),
	{}
};

GK_SUITE(busy, gk_init, gk_exit);
