// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * A row, one span of it, and all the span's objects: what the cases about spans
 * work with.
 */
#include "one_span.h"

struct one_span one;

struct mcentral *one_row_of(size_t size)
{
	return mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(size))];
}

/* A span of the row, CACHED and ours, all its objects claimed. */
struct mspan *one_cache_and_claim(struct kunit *test, size_t size)
{
	unsigned int n;

	one.row = one_row_of(size);
	KUNIT_ASSERT_EQ(test, atomic_long_read(&one.row->nr_spans), 0);
	one.span = mcentral_cache_span(one.row->row, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, one.span);
	one.is_ours = true;
	one.nr_objects = 0;
	while ((n = mspan_claim(one.span, one.objects + one.nr_objects, MAX_OBJECTS)))
		one.nr_objects += n;
	KUNIT_EXPECT_EQ(test, one.nr_objects, one.row->sc->objects);
	bitmap_set(one.live, 0, one.nr_objects);
	return one.span;
}

void one_uncache(void)
{
	one.is_ours = false;
	mcentral_uncache_span(one.span);
}

/* Those of mcentral_alloc() count as in use, those that were claimed by hand do not. */
static void free_object(void *p)
{
	if (one.single)
		mcentral_free_single(p);
	else
		mcentral_free(p);
}

void one_free_object(unsigned int i)
{
	clear_bit(i, one.live);
	free_object(one.objects[i]);
}

/* All from the @from-th on. */
void one_free_rest(unsigned int from)
{
	while (from < one.nr_objects)
		one_free_object(from++);
}

/* Spans on the row's lists. */
unsigned int one_listed(void)
{
	unsigned int b, n = 0;
	unsigned long flags;
	struct mspan *s;

	galloc_lock(&one.row->lock, flags);
	for (b = 0; b < MCENTRAL_BUCKETS; b++)
		list_for_each_entry(s, &one.row->partial[b], list)
			n++;
	galloc_unlock(&one.row->lock, flags);
	return n;
}

long one_spans(void)
{
	return atomic_long_read(&one.row->nr_spans);
}

void one_expect_state(struct kunit *test, enum mspan_state state)
{
	KUNIT_EXPECT_STREQ(test, mspan_state_name(mspan_state(one.span)),
			   mspan_state_name(state));
	KUNIT_EXPECT_EQ(test, mspan_row(one.span), (unsigned int)one.row->row);
	KUNIT_EXPECT_EQ(test, one_listed(), state == MSPAN_PARTIAL);
	KUNIT_EXPECT_EQ(test, one_spans(), 1);
}

void one_expect_gone_from_row(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, one_spans(), 0);
	KUNIT_EXPECT_EQ(test, one_listed(), 0);
}

/* The span has gone back to the mheap, once. */
void one_expect_gone(struct kunit *test)
{
	struct object o;

	one_expect_gone_from_row(test);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, mspan_resolve(one.objects[0], &o), FOUND_NO_SPAN);
	rcu_read_unlock();
}

int one_init(struct kunit *test)
{
	bitmap_zero(one.live, MAX_OBJECTS);
	one.is_ours = false;
	one.single = false;
	return gk_init(test);
}

void one_exit(struct kunit *test)
{
	unsigned int i;

	WRITE_ONCE(galloc_pause_hook, NULL);
	if (one.is_ours)
		one_uncache();
	for_each_set_bit(i, one.live, MAX_OBJECTS)
		free_object(one.objects[i]);
	gk_exit(test);
}
