// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what CPUs keep at a limit; who empties their stacks; and more caches than there are
 * stack numbers, under load.
 */
#include "helpers.h"

#include <linux/delay.h>

#include "client/cache.h"
#include "client/heap.h"

static void reap(void)
{
	while (rows_reap())
		;
}

static struct galloc_heap *limited;

/* Leave free objects on a CPU's stack. */
static void leave_in_heap(void *arg)
{
	void *p[64];

	if (galloc_from_bulk(limited, 1024, GFP_KERNEL, ARRAY_SIZE(p), p))
		gfree_bulk(ARRAY_SIZE(p), p);
}

/* Tries of a request that other CPUs may not answer in time. */
#define TAKE_TRIES	4

/*
 * What another CPU keeps is waited for only for a moment, and a busy machine may not run its
 * work item by then: a request for less than the limit tries again, after that.  Only what was
 * asked of the CPU is done meanwhile.  Counts what was refused.
 */
static void *take_limited(size_t size, gfp_t gfp, bool has_room, long *refused)
{
	unsigned int tries;
	void *p = NULL;

	for (tries = 0; !p && tries < (has_room ? TAKE_TRIES : 1); tries++) {
		if (tries)
			empty_flush();
		p = galloc_from(limited, size, gfp | __GFP_NOWARN);
		*refused += !p;
	}
	return p;
}

/* Rounds in which a request that may sleep waits for others; in one of them that is enough. */
#define TAKE_ROUNDS	10

static void at_a_limit_others_give_what_they_keep(struct kunit *test)
{
	unsigned int rounds = 0, in_time = 0;
	const struct galloc_heap_args args = {
		.limit_bytes = 64UL * num_possible_cpus() * 4 * 1024,
	};
	unsigned int n, most = args.limit_bytes / 1024;
	long refused = 0, late;
	gfp_t gfp = GFP_NOWAIT;
	void **p = kunit_kcalloc(test, most + 1, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	limited = galloc_heap_create("kunit", &args);
	KUNIT_ASSERT_NOT_NULL(test, limited);
	gfree(galloc_from(limited, 1024, GFP_KERNEL));
	KUNIT_ASSERT_TRUE(test, stacks_give(limited->set[sizeclass_of(1024)]));
	do {
		gk_join(test, gk_start(test, gk_cpu(1), leave_in_heap, NULL));
		late = -refused;
		for (n = 0; n <= most; n++) {
			p[n] = take_limited(1024, gfp, gfp == GFP_KERNEL && n < most, &refused);
			KUNIT_ASSERT_LE(test, atomic_long_read(&limited->account.bytes),
					(long)args.limit_bytes);
			if (!p[n])
				break;
		}
		/* But for the one that is too much. */
		late += refused - 1;
		KUNIT_EXPECT_LE(test, n, most);
		KUNIT_EXPECT_GE(test, n, gfp == GFP_KERNEL ? most : most * 7 / 8);
		in_time += gfp == GFP_KERNEL && !late;
		gfree_bulk(n, p);
		/* Of another size: what this CPU keeps makes way, too. */
		p[0] = take_limited(args.limit_bytes, GFP_KERNEL, true, &refused);
		KUNIT_EXPECT_NOT_NULL(test, p[0]);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&limited->account.refused), refused);
		gfree(p[0]);
		gfp = GFP_KERNEL;
	} while (!in_time && rounds++ < TAKE_ROUNDS);
	KUNIT_EXPECT_GT(test, in_time, 0);
	galloc_heap_destroy(limited);
	reap();
}

/* ---- who empties a stack --------------------------------------------------------------- */

/* How long the second is waited for, which must not come. */
#define SECOND_MS	100

static struct {
	struct galloc_cache *cache;
	struct task_struct *taker;
	atomic_t inside;
	int most;
	bool waited;
	bool taken;
} e;

static bool is_this(const struct rowset *set, const void *arg)
{
	return set == arg;
}

static void leave_in_cache(void *arg)
{
	void *p[64];

	if (galloc_cache_alloc_bulk(e.cache, GFP_KERNEL, ARRAY_SIZE(p), p))
		gfree_bulk(ARRAY_SIZE(p), p);
}

/* The CPU is asked while it is not isolated. */
static void ask_before(void)
{
	WRITE_ONCE(empty_none_asked, false);
	empty_ask(gk_cpu(1), READ_ONCE(e.cache->set->had));
	WRITE_ONCE(empty_none_asked, true);
}

/* The first to come to the CPU's stacks has the other come, too. */
static void count_inside(enum galloc_pause point, const void *what)
{
	int n;

	if (point == PAUSE_STACKS_RELABELLED)
		WRITE_ONCE(e.taken, true);
	if (point != PAUSE_EMPTYING || *(const int *)what != gk_cpu(1))
		return;
	n = atomic_inc_return(&e.inside);
	WRITE_ONCE(e.most, max(e.most, n));
	if (n == 1 && !xchg(&e.waited, true)) {
		if (current == e.taker)
			ask_before();
		else
			gk_wait_for(READ_ONCE(e.taken), GK_PATIENCE_MS);
		gk_wait_for(atomic_read(&e.inside) > 1, SECOND_MS);
	}
	atomic_dec(&e.inside);
}

/* A CPU that becomes isolated may have been asked already. */
static void one_at_a_time_empties_a_stack(struct kunit *test)
{
	int asked_first;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	for (asked_first = 0; asked_first < 2; asked_first++) {
		memset(&e, 0, sizeof(e));
		e.cache = galloc_cache_create("kunit", 200, NULL);
		KUNIT_ASSERT_NOT_NULL(test, e.cache);
		KUNIT_ASSERT_TRUE(test, stacks_give(e.cache->set));
		gk_join(test, gk_start(test, gk_cpu(1), leave_in_cache, NULL));
		e.taker = current;
		WRITE_ONCE(galloc_pause_hook, count_inside);
		if (asked_first) {
			ask_before();
			KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(e.waited), GK_PATIENCE_MS));
		}
		WRITE_ONCE(empty_none_asked, true);
		/* If the CPU is slow to respond the next call waits on. */
		KUNIT_EXPECT_TRUE(test, gk_wait_for(stacks_take(is_this, e.cache->set),
						    GK_PATIENCE_MS / 2));
		WRITE_ONCE(empty_none_asked, false);
		/* That of the work item, too. */
		KUNIT_EXPECT_TRUE(test, gk_wait_for(!atomic_read(&e.inside), GK_PATIENCE_MS));
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_EXPECT_TRUE(test, e.waited);
		KUNIT_EXPECT_EQ(test, e.most, 1);
		KUNIT_EXPECT_EQ(test, rows_in_use(e.cache->set), 0);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		galloc_cache_destroy(e.cache);
		reap();
	}
}

/* ---- a crowd --------------------------------------------------------------------------- */

/* More caches than there are numbers. */
#define CROWD	(STACK_KS - GALLOC_NR_CLASSES + 20)

static struct galloc_cache *crowd[CROWD];

static struct {
	void *box[64];
	atomic_t met;
	unsigned int failed;
} w;

static bool is_any(const struct rowset *set, const void *arg)
{
	return true;
}

/* At the limit of the set of parameters there may be no memory. */
static void *from_crowd(u64 *rng)
{
	long refused = gk_events(EVENT_LIMIT_HIT);
	void *p = galloc_cache_alloc(crowd[gk_below(rng, CROWD)], GFP_KERNEL | __GFP_NOWARN);

	w.failed += !p && gk_events(EVENT_LIMIT_HIT) == refused;
	return p;
}

/* One that comes and goes. */
static void pass_by(void)
{
	struct galloc_cache *cache = galloc_cache_create("kunit", 40, NULL);
	void *p[64];

	if (!cache)
		return;
	if (galloc_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_NOWARN, ARRAY_SIZE(p), p))
		galloc_cache_free_bulk(cache, ARRAY_SIZE(p), p);
	galloc_cache_destroy(cache);
}

/* An object that two have, or that has left its cache, loses what was written to it. */
static void swap_in_crowd(void *arg)
{
	u64 rng = 1 + (unsigned long)current->pid;
	unsigned long i, *p;
	ktime_t end;

	gk_meet(&w.met, 2);
	end = gk_fight_end();
	for (i = 0; !gk_fight_over(i + 1, end); i++) {
		p = from_crowd(&rng);
		if (p) {
			p[0] = (unsigned long)p;
			p[2] = ~p[0];
		}
		p = xchg(&w.box[gk_below(&rng, ARRAY_SIZE(w.box))], (void *)p);
		if (p) {
			w.failed += p[0] != (unsigned long)p || p[2] != ~p[0];
			p[0] = 0;
			gfree(p);
		}
		if (i % 4096 == 0)
			pass_by();
	}
	gk_count_ops(2 * i);
}

/* What may happen to stacks, in turns. */
static void disturb_crowd(unsigned int i)
{
	WRITE_ONCE(empty_none_asked, i % 16 > 8);
	stacks_turn();
	galloc_cache_shrink(crowd[i % CROWD]);
	if (i % 8 == 3)
		gate_close(GATE_TAGS, NULL, GATE_ALL_ROWS);
	if (i % 8 == 5)
		gate_open(GATE_TAGS);
	if (i % 8 == 7)
		stacks_take(is_any, NULL);
	rows_reap();
	usleep_range(1000, 2000);
}

static void a_crowd_of_caches_keeps_its_objects(struct kunit *test)
{
	struct gk_thread *a, *b;
	unsigned int i;

	memset(&w, 0, sizeof(w));
	for (i = 0; i < CROWD; i++) {
		crowd[i] = galloc_cache_create("kunit", 24 + 24 * i, NULL);
		KUNIT_ASSERT_NOT_NULL(test, crowd[i]);
		/* Most begin with stacks. */
		stacks_give(crowd[i]->set);
	}
	a = gk_start(test, gk_cpu(0), swap_in_crowd, NULL);
	b = gk_start(test, gk_cpu(1), swap_in_crowd, NULL);
	for (i = 0; !completion_done(&a->done) || !completion_done(&b->done); i++)
		disturb_crowd(i);
	gk_join(test, a);
	gk_join(test, b);
	gate_open(GATE_TAGS);
	WRITE_ONCE(empty_none_asked, false);
	KUNIT_EXPECT_EQ(test, w.failed, 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	for (i = 0; i < ARRAY_SIZE(w.box); i++)
		gfree(xchg(&w.box[i], NULL));
	for (i = 0; i < CROWD; i++) {
		KUNIT_EXPECT_EQ(test, rows_in_use(crowd[i]->set), 0);
		galloc_cache_destroy(crowd[i]);
	}
	reap();
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static int init_case(struct kunit *test)
{
	gk_tags_off();
	return gk_init_stacks(test);
}

static void exit_case(struct kunit *test)
{
	gk_exit(test);
	gk_tags_back();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(at_a_limit_others_give_what_they_keep),
	KUNIT_CASE(one_at_a_time_empties_a_stack),
	KUNIT_CASE(a_crowd_of_caches_keeps_its_objects),
	{}
};

GK_SUITE(crowd, init_case, exit_case);
