// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: random sequences of every call, checked against the naive twin.
 *
 * A failure names the seed and the number of the operation: the same sequence
 * comes again with seed=.
 */
#include "helpers.h"
#include "walk.h"

static void every_call_agrees_with_the_twin(struct kunit *test)
{
	struct walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned long n = gk_times(1500000) / 8;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_TRUE(test, walk_init(test, w, gk_seed(test)));
	for (i = 0; i < 8 && !w->wrong; i++) {
		walk_some(w, n);
		walk_expect(w, twin_check_all(&w->twin));
		galloc_rcu_barrier();
		KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)w->twin.bytes);
	}
	walk_report(test, w);
	walk_end(test, w);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* The same with so little memory that much is refused. */
static void every_call_agrees_with_the_twin_when_memory_is_short(struct kunit *test)
{
	struct walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned long n = gk_times(300000) / 8;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_TRUE(test, walk_init(test, w, gk_seed(test)));
	w->hungry = true;
	gk_take_free_runs(test);
	for (i = 0; i < 8 && !w->wrong; i++) {
		gk_limit_to((i % 4) * (256L << 10));
		walk_some(w, n);
		walk_expect(w, twin_check_all(&w->twin));
	}
	gk_unlimit(test);
	walk_report(test, w);
	walk_end(test, w);
	KUNIT_EXPECT_GT(test, w->refused, 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/*
 * The same in fragmented memory, of another order now and then, and sometimes of single
 * pages: runs for one object are available, longer ones are not.
 */
static void every_call_agrees_with_the_twin_when_memory_is_in_pieces(struct kunit *test)
{
	struct walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	unsigned long n = gk_times(300000) / 64;
	struct galloc_totals t;
	long most = 0;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_TRUE(test, walk_init(test, w, gk_seed(test)));
	for (i = 0; i < 64 && !w->wrong; i++) {
		/* So that pages must be allocated. */
		if (i % 4 == 0)
			gk_give_back();
		w->order = walk_below(w, 2) ? 0 : walk_below(w, ARENA_ORDER);
		gk_in_pieces(w->order);
		walk_some(w, n);
		gk_whole();
		walk_expect(w, twin_check_all(&w->twin));
		stats_totals(&t);
		most = max(most, t.short_spans);
	}
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)w->twin.bytes);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* A reserve has runs of full length. */
	if (!galloc_reserve_pages)
		KUNIT_EXPECT_GT(test, most, 0);
	walk_report(test, w);
	walk_end(test, w);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void *walk_desk[16];

struct walker {
	struct walk w;
	unsigned long n;
	atomic_t *met;
};

/*
 * Objects are exchanged with the other thread over a desk: one puts an object
 * there, stamped, and frees what lay there.
 */
static void exchange(struct walk *w)
{
	void **place = &walk_desk[walk_below(w, ARRAY_SIZE(walk_desk))];
	struct twin_object *o = walk_object(w);
	u64 *p = NULL, *q;

	if (o && o->real >= 16) {
		p = (u64 *)o->p;
		w->name = "exchange";
		walk_expect(w, twin_drop(&w->twin, o));
		p[0] = (unsigned long)p ^ 0x5eed;
		p[1] = gsize(p);
	}
	q = xchg(place, p);
	if (!q)
		return;
	if (q[0] != ((unsigned long)q ^ 0x5eed) || q[1] != gsize(q))
		walk_expect(w, "what was exchanged has changed");
	gfree(q);
}

static void walk_thread(void *arg)
{
	struct walker *walker = arg;
	struct walk *w = &walker->w;
	ktime_t end;

	gk_meet(walker->met, 2);
	end = ktime_add_ms(ktime_get(), 4 * GK_FIGHT_MS);
	do {
		walk_some(w, 7);
		exchange(w);
		w->op++;
	} while (w->op < walker->n && !w->wrong && !gk_fight_over(w->op, end));
	walk_expect(&walker->w, twin_check_all(&walker->w.twin));
}

static void two_cpus_agree_with_their_twins(struct kunit *test)
{
	struct walker *walker = kunit_kcalloc(test, 2, sizeof(*walker), GFP_KERNEL);
	struct gk_thread *t[2];
	u64 rng = gk_seed(test);
	atomic_t met = ATOMIC_INIT(0);
	long live = 0;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, walker);
	memset(walk_desk, 0, sizeof(walk_desk));
	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_TRUE(test, walk_init(test, &walker[i].w, rng + i));
		walker[i].n = gk_times(1000000);
		walker[i].met = &met;
	}
	for (i = 0; i < 2; i++)
		t[i] = gk_start(test, gk_cpu(i), walk_thread, &walker[i]);
	for (i = 0; i < 2; i++)
		gk_join(test, t[i]);
	for (i = 0; i < ARRAY_SIZE(walk_desk); i++)
		gfree(walk_desk[i]);
	galloc_rcu_barrier();
	for (i = 0; i < 2; i++) {
		live += walker[i].w.twin.bytes;
		walk_report(test, &walker[i].w);
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), live);
	for (i = 0; i < 2; i++)
		walk_end(test, &walker[i].w);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_call_agrees_with_the_twin),
	KUNIT_CASE(every_call_agrees_with_the_twin_when_memory_is_short),
	KUNIT_CASE(every_call_agrees_with_the_twin_when_memory_is_in_pieces),
	KUNIT_CASE(two_cpus_agree_with_their_twins),
	{}
};

GK_SUITE(twin, gk_init_alive, gk_exit);
