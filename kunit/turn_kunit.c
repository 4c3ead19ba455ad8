// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: operations on a stack of 2,048 objects are done in turns of 64, or, without an
 * array of their own, 256.
 *
 * Each turn is a section with preemption off, and most have an array of 64 pointers on
 * the kernel's stack, which a longer turn would overflow.
 */
#include "helpers.h"

/* The smallest class has the longest stacks, and a transfer as long. */
#define SIZE		8
#define LONGEST		2048
#define MAX_OBJECTS	(3 * LONGEST)

static void *objects[MAX_OBJECTS];
static unsigned int nr_objects;

static struct mcache_stack *stack_here(void)
{
	return gk_stack(sizeclass_of(SIZE));
}

static unsigned int in_transfer(void)
{
	return mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(SIZE))]->transfer.n;
}

static void let_go(unsigned int n)
{
	while (n-- && nr_objects)
		gfree(objects[--nr_objects]);
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	let_go(MAX_OBJECTS);
	gk_exit(test);
}

static void hold(struct kunit *test, unsigned int n)
{
	KUNIT_ASSERT_LE(test, nr_objects + n, MAX_OBJECTS);
	while (n--) {
		objects[nr_objects] = galloc(SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, objects[nr_objects]);
		nr_objects++;
	}
}

/* The longest stack there is, full, and as many more in transfer. */
static void fill(struct kunit *test)
{
	unsigned int i;

	WRITE_ONCE(galloc_cpu_cache_bytes, 4UL << 20);
	for (i = 0; i < 64 && gk_capacity(stack_here()) < LONGEST; i++) {
		gk_make_room(get_order(LONGEST * sizeof(void *)));
		hold(test, MAX_OBJECTS);
		let_go(MAX_OBJECTS);
	}
	KUNIT_ASSERT_EQ(test, gk_capacity(stack_here()), LONGEST);
	gk_make_room(get_order(LONGEST * sizeof(void *)));
	hold(test, MAX_OBJECTS);
	let_go(MAX_OBJECTS);
	/* An overflow has made room for a turn. */
	KUNIT_ASSERT_GT(test, gk_stacked(stack_here()), LONGEST - 2 * DRAIN_TURN);
	KUNIT_ASSERT_EQ(test, in_transfer(), LONGEST);
}

/* The tick's work on each CPU. */
static void look_for_idle_classes(void)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);

	drain_tick();
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
}

static void the_surplus_goes_in_a_turn(struct kunit *test)
{
	unsigned int had;

	fill(test);
	/* It has missed since the last look, and now it does not. */
	look_for_idle_classes();
	gfree(galloc(SIZE, GFP_KERNEL));
	had = gk_stacked(stack_here());
	look_for_idle_classes();
	KUNIT_EXPECT_EQ(test, gk_stacked(stack_here()), had - DRAIN_TURN);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void a_drain_takes_turns(struct kunit *test)
{
	unsigned int before, after = 0, i;

	fill(test);
	/* One turn of it, as a request that may not sleep does; others may be due first. */
	before = gk_stacked(stack_here());
	for (i = 0; i < 3; i++) {
		drain_relieve(GFP_ATOMIC);
		after = gk_stacked(stack_here());
		if (after != before)
			break;
	}
	KUNIT_EXPECT_EQ(test, after, before - CALL_TURN);
	drain_cpus();
	KUNIT_EXPECT_EQ(test, gk_stacked(stack_here()), 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void transfer_is_emptied_in_turns(struct kunit *test)
{
	fill(test);
	drain_cpus();
	KUNIT_EXPECT_EQ(test, in_transfer(), 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void a_stack_is_filled_and_emptied_in_turns(struct kunit *test)
{
	unsigned int before, after, first = 0, most = 0;

	fill(test);
	/* All of the stack, what a span has, and then of transfer: that it often ran empty. */
	while (nr_objects < 2 * LONGEST) {
		before = in_transfer();
		hold(test, 1);
		most = max(most, before - in_transfer());
	}
	KUNIT_EXPECT_EQ(test, most, BATCH_MAX);
	/* And back: the first free that finds it full moves a turn, since it never did. */
	most = 0;
	while (nr_objects) {
		before = gk_stacked(stack_here());
		let_go(1);
		after = gk_stacked(stack_here());
		if (after > before)
			continue;
		first = first ?: before + 1 - after;
		most = max(most, before + 1 - after);
	}
	KUNIT_EXPECT_EQ(test, first, DRAIN_TURN);
	KUNIT_EXPECT_EQ(test, most, BATCH_MAX);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static size_t pushed, most_pushed;

static void count_pushed(enum galloc_pause point, const void *what)
{
	size_t n;

	if (point != PAUSE_PUSHED_RUN)
		return;
	n = *(const size_t *)what;
	pushed += n;
	most_pushed = max(most_pushed, n);
}

static void many_are_popped_and_pushed_in_turns(struct kunit *test)
{
	size_t n;

	fill(test);
	n = mcache_pop_many(sizeclass_of(SIZE), NULL, LONGEST, objects);
	KUNIT_EXPECT_EQ(test, n, DRAIN_TURN);
	nr_objects = n;
	n = gk_stacked(stack_here());
	nr_objects += galloc_bulk(SIZE, GFP_KERNEL, n, objects + nr_objects);
	KUNIT_ASSERT_EQ(test, gk_stacked(stack_here()), 0);

	pushed = 0;
	most_pushed = 0;
	WRITE_ONCE(galloc_pause_hook, count_pushed);
	gfree_bulk(nr_objects, objects);
	WRITE_ONCE(galloc_pause_hook, NULL);
	/* What is cleared when it is freed is freed one by one. */
	if (!want_init_on_free()) {
		KUNIT_EXPECT_GT(test, pushed, (size_t)LONGEST / 2);
		KUNIT_EXPECT_EQ(test, most_pushed, DRAIN_TURN);
	}
	nr_objects = 0;
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_surplus_goes_in_a_turn),
	KUNIT_CASE(a_drain_takes_turns),
	KUNIT_CASE(transfer_is_emptied_in_turns),
	KUNIT_CASE(a_stack_is_filled_and_emptied_in_turns),
	KUNIT_CASE(many_are_popped_and_pushed_in_turns),
	{}
};

GK_SUITE(turn, gk_init_stacks, exit_case);
