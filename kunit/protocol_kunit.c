// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the span protocol.
 *
 * The cases force each race: pause points in galloc stop one party at each of its
 * lock-free steps while the other acts.  Mostly the other acts in the same thread, from
 * within the pause; if the first holds a lock it must be another thread on another
 * CPU.
 */
#include "one_span.h"

/* ---- interleavings, in one thread --------------------------------------- */

/* At the first pause of this kind, this thread becomes the other party. */
static struct {
	enum galloc_pause at;
	void (*act)(void);
	struct task_struct *who;
	bool acted;
} play;

static void play_hook(enum galloc_pause point, const void *what)
{
	if (point != play.at || current != play.who || play.acted)
		return;
	play.acted = true;
	play.act();
}

static void play_at(enum galloc_pause at, void (*act)(void))
{
	play.at = at;
	play.act = act;
	play.who = current;
	play.acted = false;
	WRITE_ONCE(galloc_pause_hook, play_hook);
}

static void play_over(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_TRUE(test, play.acted);
}

/* A freer sets its bit and has not looked yet; the owner uncaches. */
static void uncache_after_the_bit(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	play_at(PAUSE_FREE_MARKED, one_uncache);
	one_free_object(0);
	play_over(test);
	one_expect_state(test, MSPAN_PARTIAL);
	one_free_rest(1);
	one_expect_gone(test);
}

/* A freer has seen CACHED, so it leaves everything to the owner, which uncaches now. */
static void uncache_after_the_freer_decided(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	play_at(PAUSE_FREE_DECIDED, one_uncache);
	one_free_object(0);
	play_over(test);
	/* Only the rescan can have seen the object. */
	one_expect_state(test, MSPAN_PARTIAL);
	one_free_rest(1);
	one_expect_gone(test);
}

/* The same with the last object in use: only this can retire the span. */
static void uncache_after_the_last_freer_decided(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	one_free_rest(1);
	play_at(PAUSE_FREE_DECIDED, one_uncache);
	one_free_object(0);
	play_over(test);
	one_expect_gone(test);
}

static void set_bit_0(void)
{
	clear_bit(0, one.live);
	mspan_release_bit(one.span, 0);
}

/* FULL is stored, the words not rescanned: the bit comes in between. */
static void a_bit_set_while_uncaching_is_seen(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	play_at(PAUSE_UNCACHE_STORED, set_bit_0);
	one_uncache();
	play_over(test);
	one_expect_state(test, MSPAN_PARTIAL);
	one_free_rest(1);
	one_expect_gone(test);
}

static void the_last_bit_set_while_uncaching_retires_the_span(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	one_free_rest(1);
	play_at(PAUSE_UNCACHE_STORED, set_bit_0);
	one_uncache();
	play_over(test);
	one_expect_gone(test);
}

/* Two freers see FULL; the second is through before the first has the lock. */
static void free_1(void)
{
	one_free_object(1);
}

static void two_freers_of_a_full_span_list_it_once(struct kunit *test)
{
	long won, lost;

	one_cache_and_claim(test, 1024);
	one_uncache();
	one_expect_state(test, MSPAN_FULL);
	won = gk_events(EVENT_FULL_WON);
	lost = gk_events(EVENT_FULL_LOST);
	play_at(PAUSE_FREE_DECIDED, free_1);
	one_free_object(0);
	play_over(test);
	one_expect_state(test, MSPAN_PARTIAL);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_FULL_WON), won + 1);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_FULL_LOST), lost + 1);
	one_free_rest(2);
	one_expect_gone(test);
}

/* The others free all the rest: the span is gone when the first gets the lock. */
static void free_all_but_0(void)
{
	one_free_rest(1);
}

static void a_late_freer_finds_the_span_gone(struct kunit *test)
{
	long changed;

	one_cache_and_claim(test, 1024);
	one_uncache();
	changed = gk_events(EVENT_ROW_CHANGED);
	play_at(PAUSE_FREE_DECIDED, free_all_but_0);
	one_free_object(0);
	play_over(test);
	one_expect_gone(test);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_ROW_CHANGED), changed + 1);
}

static void one_of_two_last_freers_retires_the_span(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	one_uncache();
	one_free_rest(2);
	one_expect_state(test, MSPAN_PARTIAL);
	play_at(PAUSE_FREE_MARKED, free_1);
	one_free_object(0);
	play_over(test);
	one_expect_gone(test);

	one_cache_and_claim(test, 1024);
	one_uncache();
	one_free_rest(2);
	play_at(PAUSE_FREE_DECIDED, free_1);
	one_free_object(0);
	play_over(test);
	one_expect_gone(test);
}

/* The span is freed, and its pages serve another row before the first continues. */
static void *other_objects[MAX_OBJECTS];
static unsigned int nr_other;
static unsigned int other_row;

static void recut(void)
{
	struct mspan *s;
	unsigned int n;

	one_free_rest(1);
	nr_other = 0;
	s = mcentral_cache_span(other_row, GFP_NOWAIT);
	if (!s)
		return;
	while ((n = mspan_claim(s, other_objects + nr_other, MAX_OBJECTS)))
		nr_other += n;
	mcentral_uncache_span(s);
}

static void expect_recut_is_untouched(struct kunit *test)
{
	struct mspan s;
	unsigned int i;

	KUNIT_ASSERT_GT(test, nr_other, 0);
	KUNIT_ASSERT_TRUE(test, map_span_around(other_objects[0], &s));
	KUNIT_EXPECT_EQ(test, mspan_row(&s), other_row);
	KUNIT_EXPECT_EQ(test, mspan_state(&s), MSPAN_FULL);
	for (i = 0; i < nr_other; i++)
		mcentral_free(other_objects[i]);
	if (map_span_around(other_objects[0], &s))
		KUNIT_EXPECT_EQ(test, mspan_row(&s), 0);
}

static void a_late_freer_leaves_a_recut_span_alone(struct kunit *test)
{
	static const size_t sizes[] = { 8, 1024, 2048, 4096 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long start;

		one_cache_and_claim(test, 1024);
		start = one.span->start;
		one_uncache();
		other_row = mcentral_row(gk_nid(), sizeclass_of(sizes[i]));
		play_at(PAUSE_FREE_DECIDED, recut);
		one_free_object(0);
		play_over(test);
		/* Most likely the same run, as intended. */
		if ((unsigned long)other_objects[0] != start)
			kunit_info(test, "another run was cut");
		expect_recut_is_untouched(test);
	}
}

/* The same while an object of the new span is on its way back, too. */
static void recut_and_set_bit(void)
{
	struct object o;

	recut();
	if (nr_other && mspan_resolve(other_objects[0], &o) == FOUND_OBJECT)
		mspan_release_bit(o.span, o.index);
}

static void a_late_freer_lists_no_span_of_another_row(struct kunit *test)
{
	struct mcentral *other;
	unsigned int i;

	one_cache_and_claim(test, 1024);
	one_uncache();
	other = one_row_of(512);
	other_row = other->row;
	play_at(PAUSE_FREE_DECIDED, recut_and_set_bit);
	one_free_object(0);
	play_over(test);
	KUNIT_ASSERT_GT(test, nr_other, 1);
	/* It is FULL, has a free object, and waits for the freer of that bit. */
	one_expect_gone_from_row(test);
	for (i = 1; i < nr_other; i++)
		mcentral_free(other_objects[i]);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&other->nr_spans), 0);
}

/* A freer stops before it reads the state; the span is emptied and reused. */
static void a_slow_freer_finds_the_span_reused(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	one_uncache();
	other_row = mcentral_row(gk_nid(), sizeclass_of(1024));
	play_at(PAUSE_FREE_MARKED, recut);
	one_free_object(0);
	play_over(test);
	expect_recut_is_untouched(test);
}

static void cache_again(void)
{
	one.is_ours = mcentral_cache_span(one.row->row, GFP_NOWAIT) == one.span;
}

/* PARTIAL when the freer looked, CACHED when it would act. */
static void a_freer_leaves_a_span_that_was_cached_meanwhile(struct kunit *test)
{
	long lost = gk_events(EVENT_EMPTY_LOST);

	one_cache_and_claim(test, 1024);
	one_uncache();
	one_free_rest(1);
	play_at(PAUSE_FREE_DECIDED, cache_again);
	one_free_object(0);
	play_over(test);
	KUNIT_ASSERT_TRUE(test, one.is_ours);
	one_expect_state(test, MSPAN_CACHED);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_EMPTY_LOST), lost + 1);
	one_uncache();
	one_expect_gone(test);
}

/* A single object is taken out of a PARTIAL span while one is freed into it. */
static void taking_one_and_freeing_one_at_once(struct kunit *test)
{
	void *obj;

	one_cache_and_claim(test, 1024);
	one_uncache();
	one_free_object(1);
	play_at(PAUSE_UNCACHE_STORED, set_bit_0);
	obj = mcentral_alloc(one.row->row, GFP_KERNEL);
	play_over(test);
	KUNIT_EXPECT_PTR_EQ(test, obj, one.objects[1]);
	/* Freed as one that was claimed by hand, as the others. */
	atomic_inc(&one.row->back);
	set_bit(1, one.live);
	one_expect_state(test, MSPAN_PARTIAL);
	one_free_rest(1);
	one_expect_gone(test);
}

static void free_the_last_and_the_one_taken(void)
{
	mspan_release_bit(one.span, 0);
	mspan_release_bit(one.span, 1);
}

/*
 * The last object is freed while one is taken, and the one taken is freed by a stale
 * pointer: all objects are free, and the span must not get lost.
 */
static void a_double_free_while_one_is_taken_loses_no_span(struct kunit *test)
{
	one_cache_and_claim(test, 1024);
	one_uncache();
	one_free_rest(1);
	play_at(PAUSE_UNCACHE_STORED, free_the_last_and_the_one_taken);
	KUNIT_EXPECT_PTR_EQ(test, mcentral_alloc(one.row->row, GFP_KERNEL),
			    one.objects[1]);
	play_over(test);
	atomic_inc(&one.row->back);
	clear_bit(0, one.live);
	one_expect_gone(test);
}

/* The owner has read a word, and is about to take some of its bits. */
static void a_bit_set_between_the_two_halves_of_a_claim_stays(struct kunit *test)
{
	long raced = gk_events(EVENT_CLAIM_RACED);
	void *obj;

	one_cache_and_claim(test, 1024);
	one_free_object(1);
	play_at(PAUSE_CLAIM_READ, set_bit_0);
	KUNIT_EXPECT_EQ(test, mspan_claim(one.span, &obj, 1), 1);
	play_over(test);
	KUNIT_EXPECT_PTR_EQ(test, obj, one.objects[1]);
	set_bit(1, one.live);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_CLAIM_RACED), raced + 1);
	KUNIT_EXPECT_EQ(test, mspan_count_free(one.span), 1);
	one_uncache();
	one_expect_state(test, MSPAN_PARTIAL);
	one_free_rest(1);
	one_expect_gone(test);
}

/* A word that is all free is claimed without an atomic: a second free of its object is late. */
static void a_late_free_while_a_free_word_is_claimed_changes_nothing(struct kunit *test)
{
	unsigned int free;
	void *obj;

	one_cache_and_claim(test, 1024);
	one_free_rest(0);
	free = mspan_count_free(one.span);
	play_at(PAUSE_CLAIM_READ, set_bit_0);
	KUNIT_EXPECT_EQ(test, mspan_claim(one.span, &obj, 1), 1);
	play_over(test);
	KUNIT_EXPECT_PTR_EQ(test, obj, one.objects[0]);
	KUNIT_EXPECT_EQ(test, mspan_count_free(one.span), free - 1);
	set_bit(0, one.live);
	one_uncache();
	one_expect_state(test, MSPAN_PARTIAL);
	one_free_object(0);
	one_expect_gone(test);
}

/* ---- interleavings that take two CPUs ----------------------------------- */

static struct {
	atomic_t go;
	atomic_t decided;
	unsigned int index;
	bool late;
} duel;

/*
 * The owner, with the lock held and FULL stored, waits until the freer has
 * looked and is about to wait for the lock.
 */
static void duel_hook(enum galloc_pause point, const void *what)
{
	if (what != one.span)
		return;
	if (point == PAUSE_UNCACHE_STORED && !atomic_read(&duel.go)) {
		atomic_set(&duel.go, 1);
		duel.late = !gk_spin_for(atomic_read(&duel.decided), GK_PATIENCE_MS);
	}
	if (point == PAUSE_FREE_DECIDED)
		atomic_set(&duel.decided, 1);
}

static void duel_free(void *arg)
{
	if (gk_spin_for(atomic_read(&duel.go), GK_PATIENCE_MS))
		one_free_object(duel.index);
}

static void fight(struct kunit *test, unsigned int index)
{
	struct gk_thread *t;

	gk_pin(gk_cpu(0));
	atomic_set(&duel.go, 0);
	atomic_set(&duel.decided, 0);
	duel.index = index;
	duel.late = false;
	t = gk_start(test, gk_cpu(1), duel_free, NULL);
	WRITE_ONCE(galloc_pause_hook, duel_hook);
	one_uncache();
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_FALSE(test, duel.late);
}

static void a_freer_that_saw_full_while_uncaching(struct kunit *test)
{
	if (!gk_smp())
		kunit_skip(test, "one CPU");
	one_cache_and_claim(test, 1024);
	fight(test, 0);
	one_expect_state(test, MSPAN_PARTIAL);
	one_free_rest(1);
	one_expect_gone(test);
}

static void the_last_freer_saw_full_while_uncaching(struct kunit *test)
{
	if (!gk_smp())
		kunit_skip(test, "one CPU");
	one_cache_and_claim(test, 1024);
	one_free_rest(1);
	fight(test, 0);
	one_expect_gone(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(uncache_after_the_bit),
	KUNIT_CASE(uncache_after_the_freer_decided),
	KUNIT_CASE(uncache_after_the_last_freer_decided),
	KUNIT_CASE(a_bit_set_while_uncaching_is_seen),
	KUNIT_CASE(the_last_bit_set_while_uncaching_retires_the_span),
	KUNIT_CASE(two_freers_of_a_full_span_list_it_once),
	KUNIT_CASE(a_late_freer_finds_the_span_gone),
	KUNIT_CASE(one_of_two_last_freers_retires_the_span),
	KUNIT_CASE(a_late_freer_leaves_a_recut_span_alone),
	KUNIT_CASE(a_late_freer_lists_no_span_of_another_row),
	KUNIT_CASE(a_slow_freer_finds_the_span_reused),
	KUNIT_CASE(a_freer_leaves_a_span_that_was_cached_meanwhile),
	KUNIT_CASE(taking_one_and_freeing_one_at_once),
	KUNIT_CASE(a_double_free_while_one_is_taken_loses_no_span),
	KUNIT_CASE(a_bit_set_between_the_two_halves_of_a_claim_stays),
	KUNIT_CASE(a_late_free_while_a_free_word_is_claimed_changes_nothing),
	KUNIT_CASE(a_freer_that_saw_full_while_uncaching),
	KUNIT_CASE(the_last_freer_saw_full_while_uncaching),
	{}
};

GK_SUITE(protocol, one_init, one_exit);
