// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the heap profile, and the store of its stacks.
 */
#include "helpers.h"

#include "observe/stackdepot.h"

/* ---- stacks ------------------------------------------------------------------ */

/* Addresses that no other stack has. */
static void make_stack(unsigned long *at, unsigned int n, unsigned long nr)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		at[i] = 0x1000 * nr + i;
}

static void expect_stack(struct kunit *test, u32 handle, unsigned int n, unsigned long nr)
{
	unsigned long want[STACKDEPOT_DEPTH];
	const unsigned long *at;

	make_stack(want, n, nr);
	KUNIT_ASSERT_EQ(test, stackdepot_fetch(handle, &at), n);
	KUNIT_EXPECT_EQ(test, memcmp(at, want, n * sizeof(*want)), 0);
}

/* More than a page of them. */
static void a_stack_is_kept_once(struct kunit *test)
{
	unsigned long at[STACKDEPOT_DEPTH + 1];
	static u32 handles[100];
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		n = i % STACKDEPOT_DEPTH + 1;
		make_stack(at, n, i);
		handles[i] = stackdepot_save(at, n, i % 2);
		/* In any context no page is allocated; elsewhere there is one more. */
		if (!handles[i])
			handles[i] = stackdepot_save(at, n, false);
		KUNIT_ASSERT_NE(test, handles[i], 0);
	}
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		n = i % STACKDEPOT_DEPTH + 1;
		make_stack(at, n, i);
		KUNIT_EXPECT_EQ(test, stackdepot_save(at, n, false), handles[i]);
		expect_stack(test, handles[i], n, i);
	}
	/* What is too long loses its end. */
	make_stack(at, ARRAY_SIZE(at), i);
	expect_stack(test, stackdepot_save(at, ARRAY_SIZE(at), false), STACKDEPOT_DEPTH, i);
	KUNIT_EXPECT_EQ(test, stackdepot_fetch(0, NULL), 0);
}

static bool refuse(unsigned int order)
{
	return true;
}

static void without_memory_a_stack_is_lost(struct kunit *test)
{
	unsigned long at[STACKDEPOT_DEPTH];
	unsigned int i;
	u32 handle = 1;

	WRITE_ONCE(galloc_fail_hook, refuse);
	for (i = 1000; handle && i < 1100; i++) {
		make_stack(at, STACKDEPOT_DEPTH, i);
		handle = stackdepot_save(at, STACKDEPOT_DEPTH, false);
	}
	KUNIT_EXPECT_EQ(test, handle, 0);
	KUNIT_EXPECT_NULL(test, stackdepot_alloc(STACKDEPOT_DEPTH * 8, false));
	WRITE_ONCE(galloc_fail_hook, NULL);
	handle = stackdepot_save(at, STACKDEPOT_DEPTH, false);
	expect_stack(test, handle, STACKDEPOT_DEPTH, i - 1);
	KUNIT_EXPECT_NOT_NULL(test, stackdepot_alloc(STACKDEPOT_DEPTH * 8, false));
}

static void a_lock_that_is_taken_is_not_waited_for(struct kunit *test)
{
	unsigned long at[STACKDEPOT_DEPTH];

	make_stack(at, STACKDEPOT_DEPTH, 2000);
	preempt_disable();
	__this_cpu_write(galloc_lock_held, 1);
	KUNIT_EXPECT_EQ(test, stackdepot_save(at, STACKDEPOT_DEPTH, true), 0);
	__this_cpu_write(galloc_lock_held, 0);
	preempt_enable();
	KUNIT_EXPECT_NE(test, stackdepot_save(at, STACKDEPOT_DEPTH, true), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_stack_is_kept_once),
	KUNIT_CASE(without_memory_a_stack_is_lost),
	KUNIT_CASE(a_lock_that_is_taken_is_not_waited_for),
	{}
};

GK_SUITE(profile, gk_init, gk_exit);
