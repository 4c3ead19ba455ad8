// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: the spans of a row, and which of them is taken. */
#include "one_span.h"
#include "runs.h"

#include <linux/slab.h>

/* ---- which span is taken ------------------------------------------------ */

static void the_fullest_span_is_cached_first(struct kunit *test)
{
	static const unsigned int percent[] = { 10, 90, 40, 60 };
	static const unsigned int order[] = { 1, 3, 2, 0 };
	struct mspan *s[4];
	void **held[4];
	unsigned int n[4], i, j;

	one.row = one_row_of(64);
	for (i = 0; i < 4; i++) {
		s[i] = mcentral_cache_span(one.row->row, GFP_KERNEL);
		held[i] = kunit_kcalloc(test, MAX_OBJECTS, sizeof(void *),
					GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, s[i] && held[i]);
		n[i] = 0;
		while (n[i] < one.row->sc->objects * percent[i] / 100)
			n[i] += mspan_claim(s[i], held[i] + n[i], 1);
	}
	for (i = 0; i < 4; i++)
		mcentral_uncache_span(s[i]);
	KUNIT_EXPECT_EQ(test, one_listed(), 4);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_PTR_EQ(test, mcentral_cache_span(one.row->row, GFP_KERNEL),
				    s[order[i]]);
	KUNIT_EXPECT_EQ(test, one_listed(), 0);
	for (i = 0; i < 4; i++) {
		mcentral_uncache_span(s[i]);
		for (j = 0; j < n[i]; j++)
			mcentral_free(held[i][j]);
	}
	KUNIT_EXPECT_EQ(test, one_spans(), 0);
}

static void an_emptied_span_is_no_longer_first(struct kunit *test)
{
	struct mspan *first, *second;
	unsigned int i, n = 0;
	void **held;

	/* Two spans: one nearly full, one more than half. */
	first = one_cache_and_claim(test, 64);
	held = kunit_kcalloc(test, one.nr_objects, sizeof(*held), GFP_KERNEL);
	second = mcentral_cache_span(one.row->row, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, held && second);
	while (n < one.nr_objects * 6 / 10)
		n += mspan_claim(second, held + n, 1);
	one_free_object(0);
	one_uncache();
	mcentral_uncache_span(second);
	KUNIT_EXPECT_PTR_EQ(test, mcentral_cache_span(one.row->row, GFP_KERNEL), first);
	mcentral_uncache_span(first);
	/* Now the first empties, except one object; no freer moves it. */
	for (i = 1; i + 1 < one.nr_objects; i++)
		one_free_object(i);
	KUNIT_EXPECT_EQ(test, one_listed(), 2);
	KUNIT_EXPECT_PTR_EQ(test, mcentral_cache_span(one.row->row, GFP_KERNEL), second);
	KUNIT_EXPECT_EQ(test, one_listed(), 1);
	mcentral_uncache_span(second);
	while (n)
		mcentral_free(held[--n]);
	one_free_object(i);
	KUNIT_EXPECT_EQ(test, one_spans(), 0);
}

/* ---- what a span is ----------------------------------------------------- */

static void a_span_goes_from_full_to_partial_to_empty(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		unsigned int i;

		one_cache_and_claim(test, sizeclasses[class].size);
		one_expect_state(test, MSPAN_CACHED);
		one_uncache();
		one_expect_state(test, MSPAN_FULL);
		for (i = 0; i + 1 < one.nr_objects; i++) {
			one_free_object(i);
			if (i < 3 || i % 64 == 0)
				one_expect_state(test, MSPAN_PARTIAL);
		}
		one_free_object(i);
		one_expect_gone(test);
	}
}

/* And what is known of them. */
static long pages_not_free(void)
{
	return (arena_held_bytes() >> PAGE_SHIFT) - mheap_free_pages();
}

static void an_unused_span_is_returned_at_once(struct kunit *test)
{
	long pages = pages_not_free();
	unsigned int class;

	for_each_class(class) {
		one.row = one_row_of(sizeclasses[class].size);
		one.span = mcentral_cache_span(one.row->row, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, one.span);
		KUNIT_EXPECT_EQ(test, one_spans(), 1);
		one.objects[0] = (void *)one.span->start;
		mcentral_uncache_span(one.span);
		one_expect_gone(test);
	}
	/* The spans have several pages each. */
	KUNIT_EXPECT_LT(test, pages_not_free(), pages + GALLOC_NR_CLASSES);
}

/* As a stack gives them up: of several spans, and all but one of each, then the rest. */
static void objects_of_many_spans_are_freed_together(struct kunit *test)
{
	static const size_t sizes[] = {
		256, 1024, 2048, GK_SMALL(PAGE_SIZE), GK_SMALL(4 * PAGE_SIZE)
	};
	void *held[40], *batch[40];
	unsigned int i, j, n;

	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		struct mcentral *c = one_row_of(sizes[j]);
		void *other = mcentral_alloc(one_row_of(64)->row, GFP_KERNEL);
		long spans = atomic_long_read(&c->nr_spans);

		KUNIT_ASSERT_NOT_NULL(test, other);
		for (i = 0; i < ARRAY_SIZE(held); i++) {
			held[i] = mcentral_alloc(c->row, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, held[i]);
		}
		/* Every third, with one in between that was freed and is of another row. */
		for (i = 0, n = 0; i < ARRAY_SIZE(held); i += 3) {
			if (i == 9)
				batch[n++] = other;
			batch[n++] = held[i];
		}
		mcentral_free_batch(c->row, batch, n);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		for (i = 0, n = 0; i < ARRAY_SIZE(held); i++)
			if (i % 3)
				batch[n++] = held[i];
		mcentral_free_batch(c->row, batch, n);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), spans);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		/* They did not come from callers, to be counted as back. */
		atomic_add(ARRAY_SIZE(held), &c->back);
		atomic_inc(&one_row_of(64)->back);
	}
}

/* Before another one of its word and after it: it is not freed as the object it points into. */
static void a_pointer_into_an_object_of_a_batch_is_reported(struct kunit *test)
{
	static const size_t sizes[] = { 48, 192, 640, 1024 };
	void *held[3], *batch[4];
	unsigned int i, j;

	gk_expect_reports(test, FAULT_INTERIOR);
	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		struct mcentral *c = one_row_of(sizes[j]);

		for (i = 0; i < ARRAY_SIZE(held); i++) {
			held[i] = mcentral_alloc(c->row, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, held[i]);
		}
		batch[0] = held[0] + 16;
		batch[1] = held[1];
		batch[2] = held[0] + 16;
		batch[3] = held[2];
		mcentral_free_batch(c->row, batch, ARRAY_SIZE(batch));
		gk_expect_faults(test, FAULT_INTERIOR, 2);
		KUNIT_EXPECT_TRUE(test, mcentral_free(held[0]));
		KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), 0);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		/* Each report was one more. */
		atomic_add(ARRAY_SIZE(held) + 2, &c->back);
	}
}

static struct {
	const struct mcentral *c;
	unsigned int n;
} marks;

static void count_mark(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_FREE_MARKED && mspan_row(what) == marks.c->row)
		marks.n++;
}

/* Free a turn of objects.  Returns how many are left. */
static unsigned int free_turn(struct kunit *test, void **batch, unsigned int n,
			      unsigned int words)
{
	marks.n = 0;
	WRITE_ONCE(galloc_pause_hook, count_mark);
	n = mcentral_free_turn(marks.c->row, batch, n);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, marks.n, words);
	return n;
}

/* Every second one, in an order of their own: 16 words a turn, the others wait. */
static void objects_of_a_word_are_marked_at_once(struct kunit *test)
{
	static const size_t sizes[] = { 16, 32, 192, 640, 1024 };
	static void *held[2 * BITS_PER_LONG], *batch[BITS_PER_LONG];
	const unsigned int n = BITS_PER_LONG;
	unsigned int i, j, left;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		struct mcentral *c = one_row_of(sizes[j]);
		unsigned int word = min_t(unsigned int, BITS_PER_LONG, c->sc->objects);
		unsigned int words = DIV_ROUND_UP(2 * n, word), now = min(words, 16U);

		marks.c = c;
		for (i = 0; i < 2 * n; i++) {
			held[i] = mcentral_alloc(c->row, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, held[i]);
		}
		/* 27 and the number have no common divisor. */
		for (i = 0; i < n; i++)
			batch[i] = held[2 * (i * 27 % n)];
		left = free_turn(test, batch, n, now);
		KUNIT_EXPECT_EQ(test, left, now < words ? n - now * word / 2 : 0);
		if (left)
			left = free_turn(test, batch, left, words - now);
		KUNIT_EXPECT_EQ(test, left, 0);
		for (i = 0; i < n; i++)
			batch[i] = held[2 * i + 1];
		mcentral_free_batch(c->row, batch, n);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), 0);

		held[0] = mcentral_alloc(c->row, GFP_KERNEL);
		held[1] = held[0];
		KUNIT_EXPECT_EQ(test, free_turn(test, held, 2, 1), 0);
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		/* The double free was one more. */
		atomic_add(2 * n + 2, &c->back);
	}
}

/* Unlike a word of a span with several; and what gfree_nolock() has marked is noticed. */
static void a_span_leaves_with_all_its_objects(struct kunit *test)
{
	static const size_t sizes[] = { 64, 128, 256, 1024, 2048 };
	static void *held[2 * BITS_PER_LONG];
	unsigned int i, j, twice;
	struct object o;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	for (j = 0; j < 2 * ARRAY_SIZE(sizes); j++) {
		struct mcentral *c = one_row_of(sizes[j / 2]);
		unsigned int n = 4 * min(c->sc->objects, 16U), more = c->sc->objects > n ? n : 0;

		marks.c = c;
		for (i = 0; i < n + more; i++) {
			held[i] = mcentral_alloc(c->row, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, held[i]);
		}
		twice = j % 2;
		rcu_read_lock();
		if (twice && mspan_resolve(held[0], &o) == FOUND_OBJECT)
			mspan_release_bits(o.span, 0, BIT(o.index));
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, free_turn(test, held, n, !!more), 0);
		gk_expect_faults(test, FAULT_DOUBLE_FREE, twice);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), !!more);
		if (more)
			mcentral_free_batch(c->row, held + n, more);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), 0);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		atomic_add(n + more + twice, &c->back);
	}
}

static struct {
	u32 row;
	unsigned int n;
} claims;

static void count_claim(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_CLAIM_READ && mspan_row(what) == claims.row)
		claims.n++;
}

/* Its objects come with one claim, and the row, which has no span to offer, is not locked. */
static void a_new_span_costs_one_claim_and_no_lock_of_its_row(struct kunit *test)
{
	struct mcentral *c = one_row_of(64);
	unsigned long changes;
	void *p;

	/* The second time this CPU has a stack. */
	gfree(galloc(64, GFP_KERNEL));
	drain_cpus();
	KUNIT_ASSERT_EQ(test, atomic_long_read(&c->nr_spans), 0);
	KUNIT_EXPECT_FALSE(test, grow_has_partial(c));
	changes = c->changes;
	claims.row = c->row;
	claims.n = 0;
	WRITE_ONCE(galloc_pause_hook, count_claim);
	p = galloc(64, GFP_KERNEL);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, claims.n, 1);
	if (!galloc_debug)
		KUNIT_EXPECT_EQ(test, c->changes, changes);
	gfree(p);
	drain_cpus();
	KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), 0);
}

/* They are a small part of what the row has. */
static void spans_with_many_objects_come_together_where_there_are_many(struct kunit *test)
{
	struct mcentral *c = one_row_of(192);
	unsigned int i, n = 140 * c->sc->objects;
	void **held = kunit_kcalloc(test, n, sizeof(*held), GFP_KERNEL);
	long more, most = 0;

	KUNIT_ASSERT_NOT_NULL(test, held);
	if (galloc_debug || c->sc->objects <= 16 || c->sc->objects > 32)
		kunit_skip(test, "no stacks, or other pages");
	/* Those of single pages would serve one span each. */
	gk_take_free_runs(test);
	for (i = 0; i < n; i++) {
		long spans = atomic_long_read(&c->nr_spans);

		held[i] = galloc(192, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, held[i]);
		more = atomic_long_read(&c->nr_spans) - spans;
		KUNIT_EXPECT_LE(test, more, 1 + spans / 128);
		most = max(most, more);
	}
	KUNIT_EXPECT_GT(test, most, 1);
	gfree_bulk(n, held);
	drain_cpus();
	KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* Whoever takes the span has freed the object, also where another one has set its bit. */
static void an_object_with_a_span_of_its_own_is_freed_once(struct kunit *test)
{
	unsigned int second;
	struct mcentral *c;
	long spans;

	gk_needs_class(test, PAGE_SIZE);
	c = one_row_of(PAGE_SIZE);
	spans = atomic_long_read(&c->nr_spans);
	KUNIT_EXPECT_EQ(test, c->whole, c->sc->objects == 1);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	for (second = 0; second < 2; second++) {
		void *p = mcentral_alloc(c->row, GFP_KERNEL);
		bool owed = false;
		struct object o;

		KUNIT_ASSERT_NOT_NULL(test, p);
		/* As gfree_nolock() where the stacks are busy. */
		rcu_read_lock();
		KUNIT_EXPECT_EQ(test, mspan_resolve(p, &o), FOUND_OBJECT);
		KUNIT_EXPECT_TRUE(test, mcentral_mark_nolock(&o, &owed));
		KUNIT_EXPECT_TRUE(test, owed);
		if (second)
			KUNIT_EXPECT_FALSE(test, mcentral_free(p));
		else
			mcentral_look(o.span);
		rcu_read_unlock();
		KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), spans);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
}

/*
 * While a late free has found a descriptor, that becomes one of other pages, in the same
 * row and state: as if the second page of @lives.span had always been its first.
 */
static struct {
	struct mspan *span;
	void (*begin)(struct mspan *s);
	bool second;
} lives;

static void next_life(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_RESOLVE_FOUND || lives.second)
		return;
	lives.second = true;
	mspan_set_state(lives.span, MSPAN_TRANSIT);
	lives.span->start += PAGE_SIZE;
	lives.begin(lives.span);
}

static void begin_alone(struct mspan *s)
{
	mspan_cut(s, one.row->row);
	mspan_take_only(s);
}

static void begin_large(struct mspan *s)
{
	large_hand_out(s, 0, GFP_KERNEL);
}

/* Whether a late free of the object that began there leaves the next one as it is. */
static void one_life(struct kunit *test, void (*begin)(struct mspan *s), bool (*free)(void *p))
{
	struct mspan *s = mheap_alloc(gk_nid(), 2, 1, 0, GFP_KERNEL);
	void *first;
	u32 tag;

	KUNIT_ASSERT_NOT_NULL(test, s);
	lives.span = s;
	lives.begin = begin;
	lives.second = false;
	first = (void *)s->start;
	s->npages = 1;
	begin(s);
	tag = s->tag;
	rcu_read_lock();
	WRITE_ONCE(galloc_pause_hook, next_life);
	KUNIT_EXPECT_FALSE(test, free(first));
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_TRUE(test, lives.second);
	KUNIT_EXPECT_EQ(test, s->tag, tag);
	KUNIT_EXPECT_TRUE(test, free(first + PAGE_SIZE));
	rcu_read_unlock();
	/* Of both lives. */
	s->start -= PAGE_SIZE;
	s->npages = 2;
	mspan_cut(s, one.row->row);
	mspan_set_state(s, MSPAN_TRANSIT);
	mheap_free(s);
}

static bool detach(void *p)
{
	unsigned long strange = 0;
	struct mspan *s;

	return mspan_detach(one.row, &p, 1, &s, &strange);
}

static bool drop(void *p)
{
	return large_drop(p);
}

static void a_late_free_leaves_the_next_object_alone(struct kunit *test)
{
	gk_needs_class(test, PAGE_SIZE);
	one.row = one_row_of(PAGE_SIZE);
	if (one.row->whole)
		one_life(test, begin_alone, detach);
	one_life(test, begin_large, drop);
	count_event(EVENT_LARGE_FREE);
	count_event(EVENT_LARGE_FREE);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void an_object_freed_while_cached_goes_to_the_owner(struct kunit *test)
{
	void *obj;

	one_cache_and_claim(test, 64);
	one_free_object(5);
	one_expect_state(test, MSPAN_CACHED);
	KUNIT_EXPECT_EQ(test, mspan_claim(one.span, &obj, 1), 1);
	KUNIT_EXPECT_PTR_EQ(test, obj, one.objects[5]);
	set_bit(5, one.live);
	one_uncache();
	one_expect_state(test, MSPAN_FULL);
	one_free_rest(0);
	one_expect_gone(test);
}

static void a_span_is_aligned_wherever_free_pages_begin(struct kunit *test)
{
	unsigned int class, tried = 0;

	for_each_class(class) {
		unsigned long align = sizeclasses[class].align_pages;
		struct mspan *s;

		if (align == 1)
			continue;
		run_fresh_block(test);
		run_take(test, 1, 1);
		s = mcentral_cache_span(mcentral_row(gk_nid(), class), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_EQ(test, s->start % (align << PAGE_SHIFT), 0);
		mcentral_uncache_span(s);
		run_give_all(0);
		gk_feed();
		tried++;
	}
	KUNIT_EXPECT_GT(test, tried, 0);
}

static void single_objects_come_from_few_spans(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		unsigned int i, n = sizeclasses[class].objects;
		unsigned long singles;

		one.row = one_row_of(sizeclasses[class].size);
		singles = one.row->singles;
		one.single = true;
		for (i = 0; i < n; i++) {
			one.objects[i] = mcentral_alloc(one.row->row, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, one.objects[i]);
			set_bit(i, one.live);
		}
		one.nr_objects = n;
		KUNIT_EXPECT_EQ(test, one_spans(), 1);
		KUNIT_EXPECT_EQ(test, one_listed(), 0);
		KUNIT_EXPECT_EQ(test, one.row->singles, singles + n);
		one_free_rest(0);
		one_expect_gone(test);
	}
}

static void without_memory_there_is_no_span_and_no_object(struct kunit *test)
{
	long held;

	gk_starve(test);
	one.row = one_row_of(8192);
	held = arena_held_bytes() - arena_meta_bytes();
	KUNIT_EXPECT_NULL(test, mcentral_cache_span(one.row->row, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, mcentral_alloc(one.row->row, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(test, one_spans(), 0);
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - arena_meta_bytes(), held);
}

/* ---- two CPUs, left to themselves --------------------------------------- */

#define BOXES	64

/*
 * Objects are put into boxes; a thread that finds one there frees it.  So objects are
 * freed by both, while the spans they lie in are claimed from by both.
 */
struct market {
	unsigned int row;
	unsigned long n;
	bool by_span;
	atomic_t met;
	u64 rng;
	unsigned long failed;
	void *box[BOXES];
};

static void free_of(struct market *m, void *obj)
{
	if (m->by_span)
		mcentral_free(obj);
	else
		mcentral_free_single(obj);
}

static void put_in_box(struct market *m, u64 *rng, void *obj)
{
	void *old = xchg(&m->box[gk_below(rng, BOXES)], obj);

	if (old)
		free_of(m, old);
}

static void trade_objects(struct market *m, u64 *rng)
{
	void *obj = mcentral_alloc(m->row, GFP_KERNEL);

	if (obj)
		put_in_box(m, rng, obj);
	else
		m->failed++;
}

static void trade_spans(struct market *m, u64 *rng)
{
	struct mspan *s = mcentral_cache_span(m->row, GFP_KERNEL);
	void *out[8];
	unsigned int n;

	if (!s) {
		m->failed++;
		return;
	}
	n = mspan_claim(s, out, 1 + gk_below(rng, 8));
	mcentral_uncache_span(s);
	while (n)
		put_in_box(m, rng, out[--n]);
}

static void trade(void *arg)
{
	struct market *m = arg;
	u64 rng = m->rng ^ (u64)current->pid << 32;
	unsigned long i;
	ktime_t end;

	gk_meet(&m->met, 2);
	end = gk_fight_end();
	for (i = 0; i < m->n && !gk_fight_over(i + 1, end); i++) {
		if (m->by_span)
			trade_spans(m, &rng);
		else
			trade_objects(m, &rng);
		if (i % 16 == 0)
			put_in_box(m, &rng, NULL);
	}
	gk_count_ops(2 * i);
}

static void run_market(struct kunit *test, bool by_span, unsigned long n)
{
	static const size_t sizes[] = { 64, 1024, 4096, 32768 };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct market *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
		struct gk_thread *a, *b;

		KUNIT_ASSERT_NOT_NULL(test, m);
		one.row = one_row_of(sizes[i]);
		m->row = one.row->row;
		m->n = n;
		m->by_span = by_span;
		m->rng = gk_seed(test);
		a = gk_start(test, gk_cpu(0), trade, m);
		b = gk_start(test, gk_cpu(1), trade, m);
		gk_join(test, a);
		gk_join(test, b);
		for (j = 0; j < BOXES; j++)
			if (m->box[j])
				free_of(m, m->box[j]);
		KUNIT_EXPECT_EQ(test, m->failed, 0);
		KUNIT_EXPECT_EQ(test, one_spans(), 0);
		KUNIT_EXPECT_EQ(test, one_listed(), 0);
	}
}

static void two_cpus_take_and_free_single_objects(struct kunit *test)
{
	run_market(test, false, gk_times(300000));
}

static void two_cpus_cache_and_uncache_spans(struct kunit *test)
{
	run_market(test, true, gk_times(200000));
}

static void exit_case(struct kunit *test)
{
	run_give_all(0);
	one_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_fullest_span_is_cached_first),
	KUNIT_CASE(an_emptied_span_is_no_longer_first),
	KUNIT_CASE(a_span_goes_from_full_to_partial_to_empty),
	KUNIT_CASE(an_unused_span_is_returned_at_once),
	KUNIT_CASE(objects_of_many_spans_are_freed_together),
	KUNIT_CASE(a_pointer_into_an_object_of_a_batch_is_reported),
	KUNIT_CASE(objects_of_a_word_are_marked_at_once),
	KUNIT_CASE(a_span_leaves_with_all_its_objects),
	KUNIT_CASE(spans_with_many_objects_come_together_where_there_are_many),
	KUNIT_CASE(a_new_span_costs_one_claim_and_no_lock_of_its_row),
	KUNIT_CASE(an_object_with_a_span_of_its_own_is_freed_once),
	KUNIT_CASE(a_late_free_leaves_the_next_object_alone),
	KUNIT_CASE(an_object_freed_while_cached_goes_to_the_owner),
	KUNIT_CASE(a_span_is_aligned_wherever_free_pages_begin),
	KUNIT_CASE(single_objects_come_from_few_spans),
	KUNIT_CASE(without_memory_there_is_no_span_and_no_object),
	KUNIT_CASE(two_cpus_take_and_free_single_objects),
	KUNIT_CASE(two_cpus_cache_and_uncache_spans),
	{}
};

GK_SUITE(mcentral, one_init, exit_case);
