// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: does validate_all() detect corruption?
 *
 * Every other suite relies on it: each of their cases ends with a call.  Here the
 * cases corrupt the state of each layer, one entry at a time, and restore it before
 * galloc uses it.
 */
#include "debug/look.h"
#include "helpers.h"
#include "one_span.h"
#include "runs.h"

/* Make an lvalue wrong for the time of one validation, which has to notice. */
#define expect_seen(test, entry, wrong)					\
do {									\
	typeof(entry) __right = (entry);				\
									\
	(entry) = (wrong);						\
	KUNIT_EXPECT_GT_MSG(test, validate_all(), 0,			\
			    #entry " is " #wrong);			\
	(entry) = __right;						\
} while (0)

static void consistent_state_passes(struct kunit *test)
{
	one_cache_and_claim(test, 64);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	one_uncache();
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	one_free_object(0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void a_wrong_bit_is_seen(struct kunit *test)
{
	struct mspan *s = one_cache_and_claim(test, 48);

	one_uncache();
	/* FULL, and one is free. */
	expect_seen(test, s->free[0], BIT(7));
	/* Free, and there is no such object. */
	KUNIT_ASSERT_NE(test, s->objects % BITS_PER_LONG, 0);
	expect_seen(test, s->free[s->objects / BITS_PER_LONG],
		    BIT(BITS_PER_LONG - 1));
	one_free_object(0);
	/* PARTIAL, and none is free. */
	expect_seen(test, s->free[0], 0);
}

/* Where the map has the span of a page, in a bare slot as well. */
static struct mspan **span_entry(const struct arena *arena, unsigned int page)
{
	return arena->span ? &arena->span[page] :
	       (struct mspan **)&arena_page_at(arena, page)->private;
}

static void a_wrong_map_entry_is_seen(struct kunit *test)
{
	struct mspan *s = one_cache_and_claim(test, 1280);
	unsigned int page = arena_page(s->arena, s->start);

	KUNIT_ASSERT_GT(test, s->npages, 1);
	expect_seen(test, s->arena->stack[page + 1], 0);
	expect_seen(test, s->arena->stack[page + 1], one.row->stack + 1);
	expect_seen(test, *span_entry(s->arena, page + 1), NULL);
	expect_seen(test, s->objects, s->objects - 1);
	expect_seen(test, s->arena->nr_owned, s->arena->nr_owned + 1);
	expect_seen(test, s->arena->refs, s->arena->refs - 1);
	expect_seen(test, s->arena->nr_used, ARENA_PAGES + 1);
}

static void a_wrong_list_is_seen(struct kunit *test)
{
	struct mspan *s = one_cache_and_claim(test, 64);
	struct mcentral *c = one.row;

	one_uncache();
	one_free_object(0);
	expect_seen(test, s->bucket, s->bucket ^ 1);
	expect_seen(test, s->tag, MSPAN_TAG(c->row, MSPAN_CACHED));
	expect_seen(test, s->tag, MSPAN_TAG(c->row, MSPAN_FULL));
	atomic_long_inc(&c->nr_spans);
	KUNIT_EXPECT_GT(test, validate_all(), 0);
	atomic_long_dec(&c->nr_spans);
}

static void a_wrong_run_is_seen(struct kunit *test)
{
	unsigned long block = run_fresh_block(test);
	struct mheap *h = mheap_of(gk_nid());
	struct arena *arena;
	struct mspan *s, *lost;
	unsigned int page;

	/* A run on a list, and the rest of its block in the tree. */
	run_take(test, 8, 1);
	s = run_take(test, 8, 1);
	run_take(test, 8, 1);
	lost = run_take(test, 8, 1);
	run_take(test, 8, 1);
	run_give(s);
	arena = arena_of((void *)block, &page);
	page = arena_page(arena, s->start);
	s = arena_span(arena, page);
	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, s->tag, MSPAN_TAG(0, MSPAN_FREE));
	expect_seen(test, arena->stack[page + 3], 1);
	expect_seen(test, *span_entry(arena, page + 3), s);
	expect_seen(test, *span_entry(arena, page + 7), NULL);
	expect_seen(test, s->npages, 7);
	expect_seen(test, s->tag, MSPAN_TAG(0, MSPAN_LARGE));
	expect_seen(test, h->nonempty[0], h->nonempty[0] & ~BIT(8));
	expect_seen(test, h->free_pages, h->free_pages + 1);
	expect_seen(test, h->used_pages, h->used_pages - 1);
	expect_seen(test, arena->dense, !arena->dense);
	/* Far from both ends of the rest, which is examined in turns. */
	page = ARENA_PAGES - ARENA_PAGES / 4;
	KUNIT_ASSERT_GE(test, arena_span(arena, ARENA_PAGES - 1)->npages, ARENA_PAGES / 2);
	expect_seen(test, arena->stack[page], 1);
	expect_seen(test, *span_entry(arena, page), s);
	/* Free, and on no list. */
	h->used_pages -= lost->npages;
	expect_seen(test, lost->tag, MSPAN_TAG(0, MSPAN_FREE));
	h->used_pages += lost->npages;
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void a_wrong_stack_is_seen(struct kunit *test)
{
	unsigned int class = sizeclass_of(64);
	struct mcache_stack *stack;
	struct mcache *m;
	void *p, *q, *other;

	gk_pin(gk_cpu(0));
	p = galloc(64, GFP_KERNEL);
	q = galloc(64, GFP_KERNEL);
	other = galloc(128, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p && q && other);
	gfree(p);
	gfree(q);
	if (galloc_debug)
		goto out;
	m = raw_cpu_ptr(&galloc_mcache);
	stack = gk_stack(class);
	KUNIT_ASSERT_GE(test, gk_stacked(stack), 2);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* The middle of an object, none at all, one of another class. */
	expect_seen(test, stack->top[-1], p + 8);
	expect_seen(test, stack->top[-1], (void *)test);
	expect_seen(test, stack->top[-1], other);
	expect_seen(test, m->held, m->held + 8);
	expect_seen(test, stack->top, stack->base - 1);
	KUNIT_ASSERT_NOT_NULL(test, stack->span);
	expect_seen(test, stack->span->tag,
		    MSPAN_TAG(mspan_row(stack->span), MSPAN_PARTIAL));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
out:
	gfree(other);
}

static void a_wrong_stash_is_seen(struct kunit *test)
{
	void *p[2];
	struct mcache *m;
	int i;

	for (i = 0; i < 2; i++)
		p[i] = galloc(100000, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p[0] && p[1]);
	for (i = 0; i < 2; i++)
		gfree(p[i]);
	if (galloc_debug)
		return;
	m = raw_cpu_ptr(&galloc_mcache);
	KUNIT_ASSERT_EQ(test, m->nr_runs, 2);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	expect_seen(test, m->nr_runs, 1);
	expect_seen(test, m->runs_bytes, m->runs_bytes + PAGE_SIZE);
	expect_seen(test, m->runs[0]->tag, MSPAN_TAG(0, MSPAN_LARGE));
	/* Cached, but in no stack. */
	m->held -= m->runs_bytes / 2;
	m->runs_bytes /= 2;
	expect_seen(test, m->nr_runs, 1);
	m->runs_bytes *= 2;
	m->held += m->runs_bytes / 2;
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* ---- while others work --------------------------------------------------- */

struct others {
	atomic_t met;
	bool stop;
	u64 rng;
};

/* All that moves anything: all sizes, in and out, drains, releases. */
static void work(void *arg)
{
	struct others *o = arg;
	void **p = kcalloc(256, sizeof(*p), GFP_KERNEL);
	u64 rng = o->rng ^ (u64)current->pid << 32;
	unsigned long i;

	if (!p)
		return;
	for (i = 0; !READ_ONCE(o->stop); i++) {
		if (i == 1024)
			atomic_inc(&o->met);
		void **one = &p[gk_below(&rng, 256)];

		gfree(*one);
		*one = galloc(gk_random_size(&rng), GFP_KERNEL);
		if (i % 1024 == 0)
			release_runs(64, true);
		if (i % 256 == 0)
			cond_resched();
	}
	gk_count_ops(i);
	for (i = 0; i < 256; i++)
		gfree(p[i]);
	kfree(p);
}

static struct others *others_start(struct kunit *test, struct gk_thread **t)
{
	struct others *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->rng = gk_seed(test);
	t[0] = gk_start(test, gk_cpu(0), work, o);
	t[1] = gk_start(test, gk_cpu(1), work, o);
	/* They are at it, and not still to be scheduled. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(atomic_read(&o->met) == 2,
					    GK_PATIENCE_MS));
	return o;
}

static void others_stop(struct kunit *test, struct others *o,
			struct gk_thread **t)
{
	WRITE_ONCE(o->stop, true);
	gk_join(test, t[0]);
	gk_join(test, t[1]);
}

static void concurrent_validation_finds_no_violation(struct kunit *test)
{
	struct gk_thread *t[2];
	struct others *o = others_start(test, t);
	struct galloc_verdict v;
	unsigned int i;

	for (i = 0; i < (gk_slow() ? 5 : 10); i++) {
		validate_verdict(&v);
		KUNIT_EXPECT_EQ(test, v.errors, 0);
		KUNIT_EXPECT_EQ(test, v.cpus_missed, 0);
	}
	others_stop(test, o, t);
	validate_verdict(&v);
	KUNIT_EXPECT_EQ(test, v.errors, 0);
	KUNIT_EXPECT_FALSE(test, v.racy);
}

static struct galloc_verdict in_pause;

static void validate_in_pause(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_GROW_CHUNK)
		return;
	WRITE_ONCE(galloc_pause_hook, NULL);
	validate_verdict(&in_pause);
}

static void pages_in_motion_are_no_violation(struct kunit *test)
{
	run_fresh_block(test);
	run_take(test, ARENA_PAGES, 1);
	in_pause = (struct galloc_verdict) { .errors = 1 };
	/* In the map, but not owned yet. */
	WRITE_ONCE(galloc_pause_hook, validate_in_pause);
	run_take(test, 1, 1);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, in_pause.errors, 0);
	KUNIT_EXPECT_TRUE(test, in_pause.racy);
	validate_verdict(&in_pause);
	KUNIT_EXPECT_FALSE(test, in_pause.racy);
}

/* A wrong count is no error while it keeps changing; at rest it is one. */
static void concurrent_changes_are_no_violation(struct kunit *test)
{
	struct mheap *h = mheap_of(gk_nid());
	struct gk_thread *t[2];
	struct galloc_verdict v;
	unsigned long flags;
	struct others *o;
	int looks = 0;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	o = others_start(test, t);
	galloc_lock(&h->lock, flags);
	h->used_pages++;
	galloc_unlock(&h->lock, flags);
	/* Where nobody gets to run while it looks, nothing changes, and it is an error. */
	do {
		cond_resched();
		validate_verdict(&v);
	} while (!v.racy && ++looks < 100);
	KUNIT_EXPECT_EQ(test, v.errors, 0);
	KUNIT_EXPECT_TRUE(test, v.racy);
	others_stop(test, o, t);
	validate_verdict(&v);
	KUNIT_EXPECT_GT(test, v.errors, 0);
	galloc_lock(&h->lock, flags);
	h->used_pages--;
	galloc_unlock(&h->lock, flags);
}

/* More spans on a list than a turn allows: the rest is checked, too. */
static void a_long_list_is_checked_to_its_end(struct kunit *test)
{
	struct mcentral *c = mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(2048))];
	unsigned int i, n = 200 * c->sc->objects;
	struct mspan *last = NULL;
	void **p;
	int b;

	p = kunit_kcalloc(test, n, sizeof(*p), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	for (i = 0; i < n; i++)
		p[i] = galloc(2048, GFP_KERNEL);
	/* One of each stays: all are in one bucket. */
	for (i = 0; i < n; i++) {
		if ((unsigned long)p[i] % (c->sc->span_pages << PAGE_SHIFT)) {
			gfree(p[i]);
			p[i] = NULL;
		}
	}
	drain_cpus();
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	for (b = 0; b < MCENTRAL_BUCKETS; b++)
		if (!list_empty(&c->partial[b]))
			last = list_last_entry(&c->partial[b], struct mspan, list);
	KUNIT_ASSERT_NOT_NULL(test, last);
	KUNIT_EXPECT_GT(test, atomic_long_read(&c->nr_spans), 2 * 64);
	expect_seen(test, last->bucket, last->bucket ^ 1);
	for (i = 0; i < n; i++)
		gfree(p[i]);
}

static struct completion hold;

static void look_and_wait(struct look *look)
{
	wait_for_completion(&hold);
}

static void no_waiter_is_left_behind(struct kunit *test)
{
	struct look *look;

	init_completion(&hold);
	look = look_new(sizeof(*look));
	KUNIT_ASSERT_NOT_NULL(test, look);
	look_start(look, gk_cpu(0), look_and_wait);
	KUNIT_EXPECT_FALSE(test, look_wait(look, jiffies));
	/* The last user frees it: nothing is left to do. */
	complete_all(&hold);
	look_put(look);
	look = look_new(sizeof(*look));
	KUNIT_ASSERT_NOT_NULL(test, look);
	look_start(look, gk_cpu(0), look_and_wait);
	KUNIT_EXPECT_TRUE(test, look_wait(look, jiffies + 60 * HZ));
	look_put(look);
}

static enum galloc_pause validate_at;
static unsigned int validated, found;

static void validate_there(enum galloc_pause point, const void *s)
{
	if (point != validate_at)
		return;
	validated++;
	found += validate_all();
}

/* Its tag changes without the lock of the list that it is on. */
static void an_object_of_a_heap_that_comes_or_goes_is_no_violation(struct kunit *test)
{
	static const enum galloc_pause at[] = { PAUSE_LARGE_LISTED, PAUSE_LARGE_LEAVES };
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	unsigned int i;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		validated = 0;
		found = 0;
		validate_at = at[i];
		WRITE_ONCE(galloc_pause_hook, validate_there);
		p = galloc_from(heap, 100000, GFP_KERNEL);
		gfree(p);
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_EXPECT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, validated, 1);
		KUNIT_EXPECT_EQ(test, found, 0);
	}
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, 0), 0);
}

static struct {
	struct galloc_heap *heap;
	void *object;
	bool stands_by, listed, walked, there;
} newcomer;

static void let_it_come(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_LARGE_LISTED && !READ_ONCE(newcomer.listed)) {
		WRITE_ONCE(newcomer.listed, true);
		gk_wait_for(READ_ONCE(newcomer.walked), GK_PATIENCE_MS);
	} else if (point == PAUSE_SLOTS_CHECKED && !READ_ONCE(newcomer.walked)) {
		WRITE_ONCE(newcomer.walked, true);
		gk_wait_for(READ_ONCE(newcomer.there), GK_PATIENCE_MS);
	}
}

static void come(void *unused)
{
	newcomer.object = galloc_from(newcomer.heap, 100000, GFP_KERNEL);
	WRITE_ONCE(newcomer.there, true);
}

/* It is no object when it is looked for in the map, and one when the lists are looked at. */
static void nor_is_one_that_comes_in_between(struct kunit *test)
{
	struct gk_thread *t;

	memset(&newcomer, 0, sizeof(newcomer));
	/* The module may have one of its own. */
	newcomer.stands_by = !galloc_standby_pages;
	if (newcomer.stands_by) {
		WRITE_ONCE(galloc_standby_pages, 16);
		KUNIT_ASSERT_EQ(test, standby_init(), 0);
	}
	newcomer.heap = galloc_heap_create("kunit", NULL);
	KUNIT_ASSERT_NOT_NULL(test, newcomer.heap);
	WRITE_ONCE(galloc_pause_hook, let_it_come);
	t = gk_start(test, gk_cpu(1), come, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(newcomer.listed), GK_PATIENCE_MS));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	WRITE_ONCE(newcomer.walked, true);
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_NOT_NULL(test, newcomer.object);
	gfree(newcomer.object);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(newcomer.heap, 0), 0);
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	if (newcomer.stands_by) {
		standby_exit();
		WRITE_ONCE(galloc_standby_pages, 0);
		newcomer.stands_by = false;
	}
	run_give_all(0);
	one_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(consistent_state_passes),
	KUNIT_CASE(a_wrong_bit_is_seen),
	KUNIT_CASE(a_wrong_map_entry_is_seen),
	KUNIT_CASE(a_wrong_list_is_seen),
	KUNIT_CASE(a_wrong_run_is_seen),
	KUNIT_CASE(a_wrong_stack_is_seen),
	KUNIT_CASE(a_wrong_stash_is_seen),
	KUNIT_CASE(concurrent_validation_finds_no_violation),
	KUNIT_CASE(pages_in_motion_are_no_violation),
	KUNIT_CASE(concurrent_changes_are_no_violation),
	KUNIT_CASE(a_long_list_is_checked_to_its_end),
	KUNIT_CASE(an_object_of_a_heap_that_comes_or_goes_is_no_violation),
	KUNIT_CASE(nor_is_one_that_comes_in_between),
	KUNIT_CASE(no_waiter_is_left_behind),
	{}
};

GK_SUITE(validate, one_init, exit_case);
