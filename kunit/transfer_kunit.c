// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: objects on their way from one CPU's stack to another's. */
#include "helpers.h"

#include <linux/slab.h>

#define OBJECTS		2000

static void **objects;
static unsigned int nr_objects;

static struct mcentral *row_of(size_t size)
{
	return mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(size))];
}

static unsigned int in_transfer(size_t size)
{
	return READ_ONCE(row_of(size)->transfer.n);
}

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	if (err)
		return err;
	nr_objects = 0;
	objects = kunit_kcalloc(test, OBJECTS, sizeof(*objects), GFP_KERNEL);
	return objects ? 0 : -ENOMEM;
}

static void free_objects(void)
{
	while (nr_objects)
		gfree(objects[--nr_objects]);
}

static void exit_case(struct kunit *test)
{
	free_objects();
	gk_exit(test);
}

static void hold(struct kunit *test, size_t size, unsigned int n)
{
	while (n--) {
		void *p = galloc(size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		objects[nr_objects++] = p;
	}
}

/* In debug mode there is no stack that could overflow. */
static bool debug_has_none(struct kunit *test, size_t size)
{
	if (!galloc_debug)
		return false;
	hold(test, size, 200);
	free_objects();
	KUNIT_EXPECT_EQ(test, in_transfer(size), 0);
	return true;
}

/* A class's overflow is put where the next CPU in need of it finds it. */
static void the_surplus_of_one_cpu_serves_another(struct kunit *test)
{
	unsigned long misses, spans;
	unsigned int n, i;

	if (debug_has_none(test, 256))
		return;
	if (!gk_smp())
		kunit_skip(test, "one CPU");
	hold(test, 256, 600);
	free_objects();
	n = in_transfer(256);
	KUNIT_ASSERT_GT(test, n, 64);

	gk_pin(gk_cpu(1));
	spans = atomic_long_read(&row_of(256)->nr_spans);
	hold(test, 256, n);
	misses = gk_stack(sizeclass_of(256))->misses;
	KUNIT_EXPECT_EQ(test, in_transfer(256), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&row_of(256)->nr_spans), spans);
	/* They came in batches. */
	KUNIT_EXPECT_LT(test, misses, n / 4);
	/* And each of them once. */
	for (i = 0; i < nr_objects; i++)
		*(void **)objects[i] = objects[i];
	for (i = 0; i < nr_objects; i++)
		KUNIT_EXPECT_PTR_EQ(test, *(void **)objects[i], objects[i]);
}

/*
 * Whoever returns an exhausted span takes no other one while there is a batch, and the span
 * is the row's again.
 */
static void a_batch_comes_before_another_span(struct kunit *test)
{
	const struct mcache_stack *stack;
	const struct mspan *span;
	const size_t size = 64;
	unsigned int i;

	if (debug_has_none(test, size))
		return;
	/* Every second one goes back: each span has a part of its objects. */
	hold(test, size, OBJECTS);
	stack = gk_stack(sizeclass_of(size));
	for (i = 0; i < OBJECTS / 2; i++)
		swap(objects[i], objects[2 * i]);
	while (nr_objects > OBJECTS / 2)
		gfree(objects[--nr_objects]);
	drain_cpus();
	/* One of these spans is this CPU's, and what overflows its stack then is a batch. */
	hold(test, size, 1);
	span = stack->span;
	while (nr_objects > OBJECTS / 8 && !in_transfer(size))
		gfree(objects[--nr_objects]);
	KUNIT_ASSERT_NOT_NULL(test, span);
	KUNIT_ASSERT_PTR_EQ(test, stack->span, span);
	KUNIT_ASSERT_TRUE(test, grow_has_partial(row_of(size)));
	while (in_transfer(size) && stack->span == span)
		hold(test, size, 1);
	KUNIT_EXPECT_NULL(test, stack->span);
	KUNIT_EXPECT_EQ(test, (int)mspan_state(span), (int)MSPAN_FULL);
}

static void it_stays_within_its_limit(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 512, 4096, 32768 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		hold(test, sizes[i], min_t(size_t, OBJECTS, (8 << 20) / sizes[i]));
		free_objects();
		KUNIT_EXPECT_LE(test, in_transfer(sizes[i]) * sizes[i],
				max_t(size_t, 128 << 10, 2 * sizes[i]));
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
}

/* Objects on the stack and in the transfer. */
static unsigned int in_cache(size_t size)
{
	return gk_stacked(gk_stack(sizeclass_of(size))) + in_transfer(size);
}

/* A call that frees: objects in the cache with its own, and, of it, words and the most off. */
static struct {
	size_t size;
	unsigned int had;
	unsigned int marks;
	unsigned int off;
} call;

static void count_mark(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_FREE_MARKED && point != PAUSE_FREE_ALL)
		return;
	call.marks++;
	call.off = max(call.off, call.had - in_cache(call.size));
}

/*
 * Free what is held, but for @left: the most words of spans that one call marks objects of.
 * All that it does not free stays on the stack, and no more leaves that than may go.
 */
static unsigned int most_in_a_call(struct kunit *test, size_t size, unsigned int left)
{
	unsigned int after, most = 0;

	call.size = size;
	call.off = 0;
	WRITE_ONCE(galloc_pause_hook, count_mark);
	while (nr_objects > left) {
		call.had = in_cache(size) + 1;
		call.marks = 0;
		gfree(objects[--nr_objects]);
		after = in_cache(size);
		most = max(most, call.marks);
		if (!call.marks || call.had - after > DRAIN_TURN)
			KUNIT_EXPECT_EQ(test, call.had, after);
	}
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_LE(test, call.off, CALL_TURN * row_of(size)->sc->objects);
	return most;
}

/* Where a CPU may keep little it has less than that. */
static void expect_one_turn(struct kunit *test, size_t size, unsigned int most)
{
	KUNIT_EXPECT_EQ(test, gk_in_use(test), nr_objects * size);
	KUNIT_EXPECT_GT(test, most, 0);
	KUNIT_EXPECT_LE(test, most, CALL_TURN);
}

/* Objects of a span are not freed one after the other any more. */
static void scatter(void)
{
	unsigned int i;

	for (i = 0; i < nr_objects; i++)
		swap(objects[i], objects[i * 37 % nr_objects]);
}

/* The caller may be in a section of its own, and each may empty a span. */
static void a_full_transfer_passes_few_objects_to_the_spans(struct kunit *test)
{
	const size_t size = 2048;

	if (debug_has_none(test, size))
		return;
	hold(test, size, OBJECTS);
	scatter();
	expect_one_turn(test, size, most_in_a_call(test, size, 1));
}

/* Nor does a call do a turn of a drain that was asked for, besides. */
static void these_are_the_turn_of_the_call(struct kunit *test)
{
	const size_t size = 2048;

	if (debug_has_none(test, size))
		return;
	hold(test, size, OBJECTS);
	most_in_a_call(test, size, OBJECTS / 2);
	KUNIT_ASSERT_FALSE(test, transfer_has_room(row_of(size)->row, CALL_TURN));
	/* A request soon after another one does nothing. */
	gk_wait_for(({ drain_kick(); drain_is_behind(); }), GK_PATIENCE_MS);
	expect_one_turn(test, size, most_in_a_call(test, size, 1));
}

/* It was given up, and with interrupts off there is no memory for a new one. */
static void without_a_transfer_few_objects_go_to_their_spans(struct kunit *test)
{
	const size_t size = 2048;
	unsigned long flags;
	unsigned int most;

	if (debug_has_none(test, size))
		return;
	hold(test, size, OBJECTS);
	free_objects();
	hold(test, size, OBJECTS);
	scatter();
	transfer_drain();
	transfer_age();
	transfer_age();
	KUNIT_ASSERT_NULL(test, row_of(size)->transfer.stack);
	local_irq_save(flags);
	most = most_in_a_call(test, size, 0);
	local_irq_restore(flags);
	KUNIT_EXPECT_NULL(test, row_of(size)->transfer.stack);
	expect_one_turn(test, size, most);
}

static void a_drain_empties_it(struct kunit *test)
{
	if (debug_has_none(test, 256))
		return;
	hold(test, 256, 600);
	free_objects();
	KUNIT_EXPECT_GT(test, in_transfer(256), 0);
	drain_cpus();
	KUNIT_EXPECT_EQ(test, in_transfer(256), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&row_of(256)->nr_spans), 0);
}

static void a_failing_allocation_empties_it(struct kunit *test)
{
	if (debug_has_none(test, 256))
		return;
	hold(test, 256, 600);
	free_objects();
	KUNIT_EXPECT_GT(test, in_transfer(256), 0);
	drain_relieve(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, in_transfer(256), 0);
	/* Its stack is memory, too. */
	KUNIT_EXPECT_NULL(test, row_of(256)->transfer.stack);
}

static void it_counts_as_cached(struct kunit *test)
{
	struct galloc_totals before, after;

	if (debug_has_none(test, 256))
		return;
	hold(test, 256, 600);
	stats_totals(&before);
	free_objects();
	KUNIT_EXPECT_GT(test, in_transfer(256), 0);
	stats_totals(&after);
	KUNIT_EXPECT_EQ(test, after.in_use, before.in_use - 600 * 256);
	KUNIT_EXPECT_GE(test, after.cached,
			before.cached + (long)in_transfer(256) * 256);
	KUNIT_EXPECT_GE(test, transfer_bytes(row_of(256)->nid), in_transfer(256) * 256UL);
}

static void unused_objects_move_on_to_their_spans(struct kunit *test)
{
	unsigned int n;

	if (debug_has_none(test, 256))
		return;
	hold(test, 256, 600);
	free_objects();
	transfer_age();
	n = in_transfer(256);
	KUNIT_ASSERT_GT(test, n, 0);
	/* Some are fetched, and come back; as many are kept. */
	hold(test, 256, 300);
	free_objects();
	KUNIT_EXPECT_TRUE(test, transfer_age());
	KUNIT_EXPECT_LE(test, in_transfer(256), n);
	KUNIT_EXPECT_GT(test, in_transfer(256), 0);
	/* No CPU fetches any. */
	KUNIT_EXPECT_FALSE(test, transfer_age());
	KUNIT_EXPECT_EQ(test, in_transfer(256), 0);
}

static void an_unused_stack_is_freed(struct kunit *test)
{
	long meta;

	if (debug_has_none(test, 256))
		return;
	hold(test, 256, 600);
	free_objects();
	KUNIT_ASSERT_NOT_NULL(test, row_of(256)->transfer.stack);
	meta = arena_meta_bytes();
	/* It was in use since the last look, and then not. */
	transfer_age();
	KUNIT_ASSERT_NOT_NULL(test, row_of(256)->transfer.stack);
	transfer_age();
	transfer_age();
	KUNIT_EXPECT_EQ(test, in_transfer(256), 0);
	KUNIT_EXPECT_NULL(test, row_of(256)->transfer.stack);
	KUNIT_EXPECT_LT(test, arena_meta_bytes(), meta);
	/* And there is another when it is wanted. */
	hold(test, 256, 600);
	free_objects();
	KUNIT_EXPECT_GT(test, in_transfer(256), 0);
}

static void without_a_transfer_objects_go_to_their_spans(struct kunit *test)
{
	struct mcentral *row = row_of(448);

	if (debug_has_none(test, 448))
		return;
	drain_cpus();
	KUNIT_ASSERT_NULL(test, row->transfer.stack);
	hold(test, 448, 500);
	gk_limit_to(0);
	free_objects();
	KUNIT_EXPECT_NULL(test, row->transfer.stack);
	KUNIT_EXPECT_EQ(test, in_transfer(448), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(an_unused_stack_is_freed),
	KUNIT_CASE(without_a_transfer_objects_go_to_their_spans),
	KUNIT_CASE(the_surplus_of_one_cpu_serves_another),
	KUNIT_CASE(a_batch_comes_before_another_span),
	KUNIT_CASE(it_stays_within_its_limit),
	KUNIT_CASE(a_full_transfer_passes_few_objects_to_the_spans),
	KUNIT_CASE(these_are_the_turn_of_the_call),
	KUNIT_CASE(without_a_transfer_few_objects_go_to_their_spans),
	KUNIT_CASE(a_drain_empties_it),
	KUNIT_CASE(a_failing_allocation_empties_it),
	KUNIT_CASE(it_counts_as_cached),
	KUNIT_CASE(unused_objects_move_on_to_their_spans),
	{}
};

GK_SUITE(transfer, init_case, exit_case);
