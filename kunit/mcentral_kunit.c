// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: the spans of a row, and the protocol by which they change hands.
 *
 * The protocol's races are not waited for: pause points in galloc stop one
 * party at each of its lock-free steps and let the other act.  Mostly the other
 * acts in the very same thread, from within the pause; where the first holds a
 * lock it has to be another thread on another CPU.
 */
#include "helpers.h"

#include <linux/slab.h>

#define MAX_OBJECTS	SIZECLASS_MAX_OBJECTS

/* What a case works with: a row, one span of it, and all the span's objects. */
static struct mcentral *row;
static struct mspan *span;
static void *objects[MAX_OBJECTS];
static unsigned int nr_objects;

/* Objects that are still to be freed are freed at the end of a case. */
static DECLARE_BITMAP(live, MAX_OBJECTS);
static bool span_is_ours;

static struct mcentral *row_of(size_t size)
{
	return mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(size))];
}

/* A span of the row, CACHED and ours, all its objects claimed. */
static struct mspan *cache_and_claim(struct kunit *test, size_t size)
{
	unsigned int n;

	row = row_of(size);
	KUNIT_ASSERT_EQ(test, atomic_long_read(&row->nr_spans), 0);
	span = mcentral_cache_span(row->row, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, span);
	span_is_ours = true;
	nr_objects = 0;
	while ((n = mspan_claim(span, objects + nr_objects, MAX_OBJECTS)))
		nr_objects += n;
	KUNIT_EXPECT_EQ(test, nr_objects, row->sc->objects);
	bitmap_set(live, 0, nr_objects);
	return span;
}

static void uncache(void)
{
	span_is_ours = false;
	mcentral_uncache_span(span);
}

static void free_object(unsigned int i)
{
	clear_bit(i, live);
	mcentral_free(objects[i]);
}

/* All from the @from-th on. */
static void free_rest(unsigned int from)
{
	while (from < nr_objects)
		free_object(from++);
}

/* Spans on the row's lists. */
static unsigned int listed(void)
{
	unsigned int b, n = 0;
	unsigned long flags;
	struct mspan *s;

	galloc_lock(&row->lock, flags);
	for (b = 0; b < MCENTRAL_BUCKETS; b++)
		list_for_each_entry(s, &row->partial[b], list)
			n++;
	galloc_unlock(&row->lock, flags);
	return n;
}

static long spans(void)
{
	return atomic_long_read(&row->nr_spans);
}

static void expect_state(struct kunit *test, enum mspan_state state)
{
	KUNIT_EXPECT_STREQ(test, mspan_state_name(mspan_state(span)),
			   mspan_state_name(state));
	KUNIT_EXPECT_EQ(test, mspan_row(span), (unsigned int)row->row);
	KUNIT_EXPECT_EQ(test, listed(), state == MSPAN_PARTIAL);
	KUNIT_EXPECT_EQ(test, spans(), 1);
}

static void expect_gone_from_row(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, spans(), 0);
	KUNIT_EXPECT_EQ(test, listed(), 0);
}

/* The span has gone back to the mheap, once. */
static void expect_gone(struct kunit *test)
{
	struct object o;

	expect_gone_from_row(test);
	rcu_read_lock();
	KUNIT_EXPECT_EQ(test, mspan_resolve(objects[0], &o), FOUND_NO_SPAN);
	rcu_read_unlock();
}

static int init_case(struct kunit *test)
{
	bitmap_zero(live, MAX_OBJECTS);
	span_is_ours = false;
	return gk_init(test);
}

static void exit_case(struct kunit *test)
{
	unsigned int i;

	WRITE_ONCE(galloc_pause_hook, NULL);
	if (span_is_ours)
		uncache();
	for_each_set_bit(i, live, MAX_OBJECTS)
		mcentral_free(objects[i]);
	gk_exit(test);
}

/* ---- which span is taken ------------------------------------------------ */

static void the_fullest_span_is_cached_first(struct kunit *test)
{
	static const unsigned int percent[] = { 10, 90, 40, 60 };
	static const unsigned int order[] = { 1, 3, 2, 0 };
	struct mspan *s[4];
	void **held[4];
	unsigned int n[4], i, j;

	row = row_of(64);
	for (i = 0; i < 4; i++) {
		s[i] = mcentral_cache_span(row->row, GFP_KERNEL);
		held[i] = kunit_kcalloc(test, MAX_OBJECTS, sizeof(void *),
					GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, s[i] && held[i]);
		n[i] = 0;
		while (n[i] < row->sc->objects * percent[i] / 100)
			n[i] += mspan_claim(s[i], held[i] + n[i], 1);
	}
	for (i = 0; i < 4; i++)
		mcentral_uncache_span(s[i]);
	KUNIT_EXPECT_EQ(test, listed(), 4);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_PTR_EQ(test, mcentral_cache_span(row->row, GFP_KERNEL),
				    s[order[i]]);
	KUNIT_EXPECT_EQ(test, listed(), 0);
	for (i = 0; i < 4; i++) {
		mcentral_uncache_span(s[i]);
		for (j = 0; j < n[i]; j++)
			mcentral_free(held[i][j]);
	}
	KUNIT_EXPECT_EQ(test, spans(), 0);
}

static void a_span_that_has_emptied_since_is_no_longer_first(struct kunit *test)
{
	struct mspan *first, *second;
	unsigned int i, n = 0;
	void **held;

	/* Two spans: one nearly full, one more than half. */
	first = cache_and_claim(test, 64);
	held = kunit_kcalloc(test, nr_objects, sizeof(*held), GFP_KERNEL);
	second = mcentral_cache_span(row->row, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, held && second);
	while (n < nr_objects * 6 / 10)
		n += mspan_claim(second, held + n, 1);
	free_object(0);
	uncache();
	mcentral_uncache_span(second);
	KUNIT_EXPECT_PTR_EQ(test, mcentral_cache_span(row->row, GFP_KERNEL), first);
	mcentral_uncache_span(first);
	/* Now the first empties, all but one object; nobody moves it. */
	for (i = 1; i + 1 < nr_objects; i++)
		free_object(i);
	KUNIT_EXPECT_EQ(test, listed(), 2);
	KUNIT_EXPECT_PTR_EQ(test, mcentral_cache_span(row->row, GFP_KERNEL), second);
	KUNIT_EXPECT_EQ(test, listed(), 1);
	mcentral_uncache_span(second);
	while (n)
		mcentral_free(held[--n]);
	free_object(i);
	KUNIT_EXPECT_EQ(test, spans(), 0);
}

/* ---- what a span is ----------------------------------------------------- */

static void a_span_goes_from_full_to_partial_to_empty(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		unsigned int i;

		cache_and_claim(test, sizeclasses[class].size);
		expect_state(test, MSPAN_CACHED);
		uncache();
		expect_state(test, MSPAN_FULL);
		for (i = 0; i + 1 < nr_objects; i++) {
			free_object(i);
			if (i < 3 || i % 64 == 0)
				expect_state(test, MSPAN_PARTIAL);
		}
		free_object(i);
		expect_gone(test);
	}
}

static void a_span_nobody_used_goes_back_at_once(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		row = row_of(sizeclasses[class].size);
		span = mcentral_cache_span(row->row, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, span);
		KUNIT_EXPECT_EQ(test, spans(), 1);
		objects[0] = (void *)span->start;
		mcentral_uncache_span(span);
		expect_gone(test);
	}
}

static void an_object_freed_while_cached_is_the_owners(struct kunit *test)
{
	void *obj;

	cache_and_claim(test, 64);
	free_object(5);
	expect_state(test, MSPAN_CACHED);
	KUNIT_EXPECT_EQ(test, mspan_claim(span, &obj, 1), 1);
	KUNIT_EXPECT_PTR_EQ(test, obj, objects[5]);
	set_bit(5, live);
	uncache();
	expect_state(test, MSPAN_FULL);
	free_rest(0);
	expect_gone(test);
}

static void single_objects_come_from_as_few_spans_as_can_be(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		unsigned int i, n = sizeclasses[class].objects;
		unsigned long singles;

		row = row_of(sizeclasses[class].size);
		singles = row->singles;
		for (i = 0; i < n; i++) {
			objects[i] = mcentral_alloc(row->row, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, objects[i]);
			set_bit(i, live);
		}
		nr_objects = n;
		KUNIT_EXPECT_EQ(test, spans(), 1);
		KUNIT_EXPECT_EQ(test, listed(), 0);
		KUNIT_EXPECT_EQ(test, row->singles, singles + n);
		free_rest(0);
		expect_gone(test);
	}
}

static void without_memory_there_is_no_span_and_no_object(struct kunit *test)
{
	long held;

	gk_starve(test);
	row = row_of(8192);
	held = arena_held_bytes() - arena_meta_bytes();
	KUNIT_EXPECT_NULL(test, mcentral_cache_span(row->row, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_NULL(test, mcentral_alloc(row->row, GFP_KERNEL | __GFP_NOWARN));
	KUNIT_EXPECT_EQ(test, spans(), 0);
	KUNIT_EXPECT_EQ(test, arena_held_bytes() - arena_meta_bytes(), held);
}

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
	cache_and_claim(test, 1024);
	play_at(PAUSE_FREE_MARKED, uncache);
	free_object(0);
	play_over(test);
	expect_state(test, MSPAN_PARTIAL);
	free_rest(1);
	expect_gone(test);
}

/* A freer has seen CACHED, so it leaves all to the owner, who uncaches now. */
static void uncache_after_the_freer_decided(struct kunit *test)
{
	cache_and_claim(test, 1024);
	play_at(PAUSE_FREE_DECIDED, uncache);
	free_object(0);
	play_over(test);
	/* Nobody but the rescan can have noticed the object. */
	expect_state(test, MSPAN_PARTIAL);
	free_rest(1);
	expect_gone(test);
}

/* The same with the last object that is out: nobody else would retire it. */
static void uncache_after_the_last_freer_decided(struct kunit *test)
{
	cache_and_claim(test, 1024);
	free_rest(1);
	play_at(PAUSE_FREE_DECIDED, uncache);
	free_object(0);
	play_over(test);
	expect_gone(test);
}

static void set_bit_0(void)
{
	clear_bit(0, live);
	mspan_release_bit(span, 0);
}

/* FULL is stored, the words not rescanned: the bit comes in between. */
static void a_bit_set_while_uncaching_is_seen(struct kunit *test)
{
	cache_and_claim(test, 1024);
	play_at(PAUSE_UNCACHE_STORED, set_bit_0);
	uncache();
	play_over(test);
	expect_state(test, MSPAN_PARTIAL);
	free_rest(1);
	expect_gone(test);
}

static void the_last_bit_set_while_uncaching_retires_the_span(struct kunit *test)
{
	cache_and_claim(test, 1024);
	free_rest(1);
	play_at(PAUSE_UNCACHE_STORED, set_bit_0);
	uncache();
	play_over(test);
	expect_gone(test);
}

/* Two freers see FULL; the second is through before the first has the lock. */
static void free_1(void)
{
	free_object(1);
}

static void two_freers_of_a_full_span_list_it_once(struct kunit *test)
{
	cache_and_claim(test, 1024);
	uncache();
	expect_state(test, MSPAN_FULL);
	play_at(PAUSE_FREE_DECIDED, free_1);
	free_object(0);
	play_over(test);
	expect_state(test, MSPAN_PARTIAL);
	free_rest(2);
	expect_gone(test);
}

/* The others free all the rest: the span is gone when the first gets the lock. */
static void free_all_but_0(void)
{
	free_rest(1);
}

static void a_late_freer_finds_the_span_gone(struct kunit *test)
{
	long changed;

	cache_and_claim(test, 1024);
	uncache();
	changed = gk_events(EVENT_ROW_CHANGED);
	play_at(PAUSE_FREE_DECIDED, free_all_but_0);
	free_object(0);
	play_over(test);
	expect_gone(test);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_ROW_CHANGED), changed + 1);
}

static void of_two_freers_of_the_last_objects_one_retires(struct kunit *test)
{
	cache_and_claim(test, 1024);
	uncache();
	free_rest(2);
	expect_state(test, MSPAN_PARTIAL);
	play_at(PAUSE_FREE_MARKED, free_1);
	free_object(0);
	play_over(test);
	expect_gone(test);

	cache_and_claim(test, 1024);
	uncache();
	free_rest(2);
	play_at(PAUSE_FREE_DECIDED, free_1);
	free_object(0);
	play_over(test);
	expect_gone(test);
}

/* The span is gone, and its pages serve another row before the first goes on. */
static void *other_objects[MAX_OBJECTS];
static unsigned int nr_other;
static unsigned int other_row;

static void recut(void)
{
	struct mspan *s;
	unsigned int n;

	free_rest(1);
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
	KUNIT_ASSERT_TRUE(test, mheap_span_around(other_objects[0], &s));
	KUNIT_EXPECT_EQ(test, mspan_row(&s), other_row);
	KUNIT_EXPECT_EQ(test, mspan_state(&s), MSPAN_FULL);
	for (i = 0; i < nr_other; i++)
		mcentral_free(other_objects[i]);
	if (mheap_span_around(other_objects[0], &s))
		KUNIT_EXPECT_EQ(test, mspan_row(&s), 0);
}

static void a_late_freer_leaves_a_recut_span_alone(struct kunit *test)
{
	static const size_t sizes[] = { 8, 1024, 2048, 4096 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long start;

		cache_and_claim(test, 1024);
		start = span->start;
		uncache();
		other_row = mcentral_row(gk_nid(), sizeclass_of(sizes[i]));
		play_at(PAUSE_FREE_DECIDED, recut);
		free_object(0);
		play_over(test);
		/* That it was the same run is likely, and what is meant. */
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

	cache_and_claim(test, 1024);
	uncache();
	other = row_of(512);
	other_row = other->row;
	play_at(PAUSE_FREE_DECIDED, recut_and_set_bit);
	free_object(0);
	play_over(test);
	KUNIT_ASSERT_GT(test, nr_other, 1);
	/* It is FULL, has a free object, and waits for whoever set that bit. */
	expect_gone_from_row(test);
	for (i = 1; i < nr_other; i++)
		mcentral_free(other_objects[i]);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&other->nr_spans), 0);
}

/* A freer before its look at the state; the span is emptied and given away. */
static void a_slow_freer_finds_the_span_given_away(struct kunit *test)
{
	cache_and_claim(test, 1024);
	uncache();
	other_row = mcentral_row(gk_nid(), sizeclass_of(1024));
	play_at(PAUSE_FREE_MARKED, recut);
	free_object(0);
	play_over(test);
	expect_recut_is_untouched(test);
}

static void cache_again(void)
{
	span_is_ours = mcentral_cache_span(row->row, GFP_NOWAIT) == span;
}

/* PARTIAL when the freer looked, CACHED when it would act. */
static void a_freer_leaves_a_span_that_was_cached_meanwhile(struct kunit *test)
{
	cache_and_claim(test, 1024);
	uncache();
	free_rest(1);
	play_at(PAUSE_FREE_DECIDED, cache_again);
	free_object(0);
	play_over(test);
	KUNIT_ASSERT_TRUE(test, span_is_ours);
	expect_state(test, MSPAN_CACHED);
	uncache();
	expect_gone(test);
}

/* A single object is taken out of a PARTIAL span while one is freed into it. */
static void taking_one_and_freeing_one_at_once(struct kunit *test)
{
	void *obj;

	cache_and_claim(test, 1024);
	uncache();
	free_object(1);
	play_at(PAUSE_UNCACHE_STORED, set_bit_0);
	obj = mcentral_alloc(row->row, GFP_KERNEL);
	play_over(test);
	KUNIT_EXPECT_PTR_EQ(test, obj, objects[1]);
	set_bit(1, live);
	expect_state(test, MSPAN_PARTIAL);
	free_rest(1);
	expect_gone(test);
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
	if (what != span)
		return;
	if (point == PAUSE_UNCACHE_STORED && !atomic_read(&duel.go)) {
		atomic_set(&duel.go, 1);
		duel.late = !gk_spin_for(atomic_read(&duel.decided), 5000);
	}
	if (point == PAUSE_FREE_DECIDED)
		atomic_set(&duel.decided, 1);
}

static void duel_free(void *arg)
{
	if (gk_spin_for(atomic_read(&duel.go), 5000))
		free_object(duel.index);
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
	uncache();
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_FALSE(test, duel.late);
}

static void a_freer_that_saw_full_while_uncaching(struct kunit *test)
{
	if (!gk_smp())
		kunit_skip(test, "one CPU");
	cache_and_claim(test, 1024);
	fight(test, 0);
	expect_state(test, MSPAN_PARTIAL);
	free_rest(1);
	expect_gone(test);
}

static void the_last_freer_saw_full_while_uncaching(struct kunit *test)
{
	if (!gk_smp())
		kunit_skip(test, "one CPU");
	cache_and_claim(test, 1024);
	free_rest(1);
	fight(test, 0);
	expect_gone(test);
}

/* ---- two CPUs, left to themselves --------------------------------------- */

#define BOXES	64

/*
 * Objects are put into boxes; whoever finds one there frees it.  So objects are
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

static void put_in_box(struct market *m, u64 *rng, void *obj)
{
	void *old = xchg(&m->box[gk_below(rng, BOXES)], obj);

	if (old)
		mcentral_free(old);
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
		row = row_of(sizes[i]);
		m->row = row->row;
		m->n = n;
		m->by_span = by_span;
		m->rng = gk_seed(test);
		a = gk_start(test, gk_cpu(0), trade, m);
		b = gk_start(test, gk_cpu(1), trade, m);
		gk_join(test, a);
		gk_join(test, b);
		for (j = 0; j < BOXES; j++)
			if (m->box[j])
				mcentral_free(m->box[j]);
		KUNIT_EXPECT_EQ(test, m->failed, 0);
		KUNIT_EXPECT_EQ(test, spans(), 0);
		KUNIT_EXPECT_EQ(test, listed(), 0);
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

static struct kunit_case cases[] = {
	KUNIT_CASE(the_fullest_span_is_cached_first),
	KUNIT_CASE(a_span_that_has_emptied_since_is_no_longer_first),
	KUNIT_CASE(a_span_goes_from_full_to_partial_to_empty),
	KUNIT_CASE(a_span_nobody_used_goes_back_at_once),
	KUNIT_CASE(an_object_freed_while_cached_is_the_owners),
	KUNIT_CASE(single_objects_come_from_as_few_spans_as_can_be),
	KUNIT_CASE(without_memory_there_is_no_span_and_no_object),
	KUNIT_CASE(uncache_after_the_bit),
	KUNIT_CASE(uncache_after_the_freer_decided),
	KUNIT_CASE(uncache_after_the_last_freer_decided),
	KUNIT_CASE(a_bit_set_while_uncaching_is_seen),
	KUNIT_CASE(the_last_bit_set_while_uncaching_retires_the_span),
	KUNIT_CASE(two_freers_of_a_full_span_list_it_once),
	KUNIT_CASE(a_late_freer_finds_the_span_gone),
	KUNIT_CASE(of_two_freers_of_the_last_objects_one_retires),
	KUNIT_CASE(a_late_freer_leaves_a_recut_span_alone),
	KUNIT_CASE(a_late_freer_lists_no_span_of_another_row),
	KUNIT_CASE(a_slow_freer_finds_the_span_given_away),
	KUNIT_CASE(a_freer_leaves_a_span_that_was_cached_meanwhile),
	KUNIT_CASE(taking_one_and_freeing_one_at_once),
	KUNIT_CASE(a_freer_that_saw_full_while_uncaching),
	KUNIT_CASE(the_last_freer_saw_full_while_uncaching),
	KUNIT_CASE(two_cpus_take_and_free_single_objects),
	KUNIT_CASE(two_cpus_cache_and_uncache_spans),
	{}
};

static struct kunit_suite suite = {
	.name = "galloc_mcentral",
	.init = init_case,
	.exit = exit_case,
	.test_cases = cases,
};

kunit_test_suite(suite);
