// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: one run of pages and the objects it is cut into, for each size class.
 */
#include "helpers.h"
#include "runs.h"

#include <linux/slab.h>

/* The span of the case, cut and owned by it; NULL if there is none. */
static struct mspan *cut;

static struct mspan *span_cut(struct kunit *test, unsigned int class)
{
	const struct sizeclass *sc = &sizeclasses[class];

	cut = mheap_alloc(gk_nid(), sc->span_pages, sc->align_pages,
			  sc->objects, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, cut);
	mspan_cut(cut, mcentral_row(cut->arena->nid, class));
	return cut;
}

static void span_give(void)
{
	if (!cut)
		return;
	mspan_set_state(cut, MSPAN_TRANSIT);
	mheap_free(cut);
	cut = NULL;
}

static void exit_case(struct kunit *test)
{
	span_give();
	run_give_all(0);
	gk_exit(test);
}

static unsigned int index_of(const struct mspan *s, const void *p,
			     const struct sizeclass *sc)
{
	return ((unsigned long)p - s->start) / sc->size;
}

static enum mspan_found resolve(const void *p, struct object *o)
{
	enum mspan_found found;

	rcu_read_lock();
	found = mspan_resolve(p, o);
	rcu_read_unlock();
	return found;
}

/* ---- cutting ------------------------------------------------------------ */

static void a_fresh_span_has_each_object_free(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		const struct sizeclass *sc = &sizeclasses[class];
		struct mspan *s = span_cut(test, class);
		unsigned int i, bits = 0;

		KUNIT_EXPECT_EQ(test, mspan_state(s), MSPAN_CACHED);
		KUNIT_EXPECT_EQ(test, mspan_row(s),
				mcentral_row(s->arena->nid, class));
		KUNIT_EXPECT_EQ(test, (unsigned int)s->objects, sc->objects);
		KUNIT_EXPECT_TRUE(test, mspan_has_free(s));
		KUNIT_EXPECT_TRUE(test, mspan_all_free(s));
		KUNIT_EXPECT_EQ(test, mspan_count_free(s), sc->objects);
		/* No bit beyond the last object, in the last word either. */
		for (i = 0; i < BITS_TO_LONGS(sc->objects); i++)
			bits += hweight_long(s->free[i]);
		KUNIT_EXPECT_EQ(test, bits, sc->objects);
		span_give();
	}
}

static void a_freed_span_has_no_objects(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		struct mspan *s = span_cut(test, class);
		void *first = mspan_object(s, 0);
		void *last = mspan_object(s, s->objects - 1);
		struct object o;

		span_give();
		KUNIT_EXPECT_EQ(test, resolve(first, &o), FOUND_NO_SPAN);
		KUNIT_EXPECT_EQ(test, resolve(last, &o), FOUND_NO_SPAN);
	}
}

/* ---- claiming ----------------------------------------------------------- */

/* Check the objects of one claim; marks them in @seen. */
static const char *claim_wrong(const struct mspan *s, void **out,
			       unsigned int n, unsigned long *seen)
{
	const struct sizeclass *sc = mcentral_rows[mspan_row(s)]->sc;
	unsigned int i;

	for (i = 0; i < n; i++) {
		unsigned int index = index_of(s, out[i], sc);

		if (out[i] != (void *)(s->start + (size_t)index * sc->size))
			return "not the start of an object";
		if (index >= sc->objects)
			return "behind the last object";
		if (i && out[i] <= out[i - 1])
			return "not ascending";
		if (i && index / BITS_PER_LONG !=
			 index_of(s, out[0], sc) / BITS_PER_LONG)
			return "from more than one word";
		if (test_and_set_bit(index, seen))
			return "claimed twice";
		if (test_bit(index, s->free))
			return "claimed and free";
	}
	return NULL;
}

static void claiming_takes_each_object_once_and_ascending(struct kunit *test)
{
	static const unsigned int most[] = { 1, 7, BITS_PER_LONG, 1000 };
	void *out[BITS_PER_LONG];
	unsigned int class, m;

	for_each_class(class) {
		for (m = 0; m < ARRAY_SIZE(most); m++) {
			DECLARE_BITMAP(seen, SIZECLASS_MAX_OBJECTS) = { };
			struct mspan *s = span_cut(test, class);
			unsigned int n, total = 0;
			const char *wrong = NULL;

			while ((n = mspan_claim(s, out, most[m]))) {
				wrong = wrong ?: claim_wrong(s, out, n, seen);
				if (n > min_t(unsigned int, most[m], BITS_PER_LONG))
					wrong = "more than asked for";
				total += n;
			}
			KUNIT_EXPECT_NULL_MSG(test, wrong, "class %u: %s", class,
					      wrong ?: "");
			KUNIT_EXPECT_EQ(test, total, (unsigned int)s->objects);
			KUNIT_EXPECT_FALSE(test, mspan_has_free(s));
			KUNIT_EXPECT_EQ(test, mspan_count_free(s), 0);
			span_give();
		}
	}
}

static void claiming_nothing_changes_nothing(struct kunit *test)
{
	struct mspan *s = span_cut(test, 1);
	void *out[1] = { };

	KUNIT_EXPECT_EQ(test, mspan_claim(s, out, 0), 0);
	KUNIT_EXPECT_TRUE(test, mspan_all_free(s));
	KUNIT_EXPECT_NULL(test, out[0]);
}

static void an_object_freed_behind_the_claim_is_found(struct kunit *test)
{
	void *out[BITS_PER_LONG];
	unsigned int class;

	for_each_class(class) {
		struct mspan *s = span_cut(test, class);
		unsigned int i;

		while (mspan_claim(s, out, BITS_PER_LONG))
			;
		/* The search starts where the last claim ended, and wraps around. */
		for (i = 0; i < s->objects; i++) {
			KUNIT_EXPECT_TRUE(test, mspan_release_bit(s, i));
			KUNIT_EXPECT_EQ(test, mspan_claim(s, out, BITS_PER_LONG), 1);
			KUNIT_EXPECT_PTR_EQ(test, out[0], mspan_object(s, i));
			if (i > 10 && gk_slow())
				i += 97;
		}
		span_give();
	}
}

/* ---- freeing ------------------------------------------------------------ */

static void a_second_release_of_an_object_is_detected(struct kunit *test)
{
	void *out[BITS_PER_LONG];
	unsigned int class;

	for_each_class(class) {
		struct mspan *s = span_cut(test, class);
		unsigned int last = s->objects - 1;

		KUNIT_EXPECT_FALSE(test, mspan_release_bit(s, 0));
		KUNIT_EXPECT_FALSE(test, mspan_release_bit(s, last));
		while (mspan_claim(s, out, BITS_PER_LONG))
			;
		KUNIT_EXPECT_TRUE(test, mspan_release_bit(s, last));
		KUNIT_EXPECT_FALSE(test, mspan_release_bit(s, last));
		KUNIT_EXPECT_EQ(test, mspan_count_free(s), 1);
		span_give();
	}
}

static void all_free_is_seen_with_the_last_object(struct kunit *test)
{
	void *out[BITS_PER_LONG];
	unsigned int class;

	for_each_class(class) {
		struct mspan *s = span_cut(test, class);
		unsigned int i, early = 0, n = s->objects;

		while (mspan_claim(s, out, BITS_PER_LONG))
			;
		for (i = 0; i < n; i++) {
			early += mspan_all_free(s);
			early += mspan_word_all_free(s, i / BITS_PER_LONG);
			mspan_release_bit(s, i);
			KUNIT_EXPECT_TRUE(test, mspan_has_free(s));
		}
		KUNIT_EXPECT_EQ(test, early, 0);
		KUNIT_EXPECT_TRUE(test, mspan_all_free(s));
		for (i = 0; i < BITS_TO_LONGS(n); i++)
			KUNIT_EXPECT_TRUE(test, mspan_word_all_free(s, i));
		/* One missing in any word is seen, the partial last one too. */
		for (i = 0; i < n; i += BITS_PER_LONG) {
			clear_bit(n - 1 - i, s->free);
			KUNIT_EXPECT_FALSE(test, mspan_all_free(s));
			set_bit(n - 1 - i, s->free);
		}
		span_give();
	}
}

/* ---- addresses ---------------------------------------------------------- */

/* How many addresses of a span resolve to something else than they should. */
static unsigned int resolve_errors(const struct mspan *s, unsigned int class)
{
	const struct sizeclass *sc = &sizeclasses[class];
	u32 bytes = (u32)sc->span_pages << PAGE_SHIFT;
	/* Every byte of every object takes a while: some, and all edges. */
	u32 step = gk_slow() ? 509 : 7;
	unsigned int errors = 0;
	u32 offset;

	for (offset = 0; offset < bytes; offset++) {
		u32 index = offset / sc->size, in = offset % sc->size;
		enum mspan_found want = FOUND_OBJECT;
		struct object o;

		if (in > 1 && in + 1 < sc->size && offset % step)
			continue;
		if (index >= sc->objects)
			want = FOUND_TAIL;
		else if (in)
			want = FOUND_INTERIOR;
		if (resolve((void *)(s->start + offset), &o) != want)
			errors++;
		else if (want != FOUND_TAIL &&
			 (o.span != s || o.row != mspan_row(s) || o.index != index))
			errors++;
	}
	return errors;
}

/* As a late double free may leave one, from when the objects were smaller. */
static void a_bit_after_the_last_object_is_never_allocated(struct kunit *test)
{
	void *out[BITS_PER_LONG];
	unsigned int class;

	for_each_class(class) {
		struct mspan *s = span_cut(test, class);
		unsigned int stray = s->objects, i;

		if (stray % BITS_PER_LONG) {
			while (mspan_claim(s, out, BITS_PER_LONG))
				;
			set_bit(stray, s->free);
			KUNIT_EXPECT_FALSE(test, mspan_has_free(s));
			KUNIT_EXPECT_EQ(test, mspan_count_free(s), 0);
			KUNIT_EXPECT_EQ(test, mspan_claim(s, out, BITS_PER_LONG), 0);
			for (i = 0; i < s->objects; i++)
				mspan_release_bit(s, i);
			KUNIT_EXPECT_TRUE(test, mspan_all_free(s));
			clear_bit(stray, s->free);
		}
		span_give();
	}
}

static void every_address_of_a_span_resolves(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		const struct sizeclass *sc = &sizeclasses[class];
		struct mspan *s = span_cut(test, class);
		struct object o;

		KUNIT_EXPECT_EQ_MSG(test, resolve_errors(s, class), 0,
				    "class %u", class);
		/* The pages before and after do not belong to it. */
		if (resolve((void *)(s->start - 1), &o) != FOUND_NO_SPAN)
			KUNIT_EXPECT_PTR_NE(test, o.span, s);
		if (resolve((void *)(s->start + sc->span_pages * PAGE_SIZE),
			    &o) != FOUND_NO_SPAN)
			KUNIT_EXPECT_PTR_NE(test, o.span, s);
		span_give();
		cond_resched();
	}
}

static void pages_without_objects_resolve_to_no_span(struct kunit *test)
{
	struct mspan *run = mheap_alloc(gk_nid(), 4, 1, 0, GFP_KERNEL);
	u8 *large = galloc(5 * PAGE_SIZE + GALLOC_MAX_SMALL, GFP_KERNEL);
	struct object o;

	KUNIT_ASSERT_NOT_NULL(test, run);
	KUNIT_EXPECT_EQ(test, resolve((void *)run->start, &o), FOUND_NO_SPAN);
	KUNIT_EXPECT_EQ(test, resolve(large, &o), FOUND_NO_SPAN);
	KUNIT_EXPECT_EQ(test, resolve(large + PAGE_SIZE, &o), FOUND_NO_SPAN);
	KUNIT_EXPECT_EQ(test, resolve(NULL, &o), FOUND_NO_SPAN);
	KUNIT_EXPECT_EQ(test, resolve(&o, &o), FOUND_NO_SPAN);
	gfree(large);
	mheap_free(run);
}

/* A late free may meet the tag of a row that has gone. */
static void a_row_that_is_none_resolves_to_no_span(struct kunit *test)
{
	struct mspan *s = span_cut(test, 1);
	unsigned int row = mspan_row(s);
	struct object o;

	mspan_set(s, rows_end() + 1, MSPAN_CACHED);
	KUNIT_EXPECT_EQ(test, resolve((void *)s->start, &o), FOUND_NO_SPAN);
	mspan_set(s, row, MSPAN_CACHED);
	KUNIT_EXPECT_EQ(test, resolve((void *)s->start, &o), FOUND_OBJECT);
}

/* ---- descriptors -------------------------------------------------------- */

static void descriptors_are_charged_and_uncharged(struct kunit *test)
{
	unsigned int kind;

	rcu_barrier();
	for (kind = 0; kind < MSPAN_KINDS; kind++) {
		long meta = arena_meta_bytes(), held = arena_held_bytes();
		struct mspan *s = mspan_new(kind, GFP_KERNEL);
		long charged = arena_meta_bytes() - meta;

		KUNIT_ASSERT_NOT_NULL(test, s);
		KUNIT_EXPECT_EQ(test, mspan_kind(s), kind);
		KUNIT_EXPECT_EQ(test, (unsigned int)s->nwords, 1U << kind);
		/* The smallest are charged by the page, in which there may have been one. */
		if (kind)
			KUNIT_EXPECT_GE(test, charged, (long)(sizeof(*s) + s->nwords * 8));
		else
			KUNIT_EXPECT_EQ(test, charged % PAGE_SIZE, 0);
		KUNIT_EXPECT_EQ(test, arena_held_bytes() - held, charged);
		KUNIT_EXPECT_EQ(test, mspan_state(s), MSPAN_TRANSIT);
		KUNIT_EXPECT_EQ(test, mspan_row(s), 0);
		KUNIT_EXPECT_FALSE(test, s->huge);
		KUNIT_EXPECT_FALSE(test, s->reserve);
		/* Charged as long as it is there. */
		rcu_read_lock();
		mspan_delete(s);
		KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta + charged);
		rcu_read_unlock();
		rcu_barrier();
		KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
		KUNIT_EXPECT_EQ(test, arena_held_bytes(), held);
	}
}

static void expect_apart(struct kunit *test, struct mspan **s, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		s[i]->start = i;
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, s[i]->start, i);
		KUNIT_EXPECT_EQ(test, (unsigned int)s[i]->nwords, 1);
	}
}

/* They are apart, in few pages, of which each goes with its last one. */
static void small_descriptors_share_pages(struct kunit *test)
{
	unsigned int i, n = 2 * PAGE_SIZE / sizeof(struct mspan);
	struct mspan **s = kunit_kcalloc(test, n, sizeof(*s), GFP_KERNEL);
	unsigned long pages;
	LIST_HEAD(list);
	long meta;

	KUNIT_ASSERT_NOT_NULL(test, s);
	rcu_barrier();
	pages = mspan_nr_pages;
	meta = arena_meta_bytes();
	gk_limit_to(3 * PAGE_SIZE);
	KUNIT_ASSERT_TRUE(test, mspan_new_many(s, n, GFP_KERNEL));
	KUNIT_EXPECT_LE(test, mspan_nr_pages - pages, 3);
	KUNIT_EXPECT_EQ(test, arena_meta_bytes() - meta,
			(mspan_nr_pages - pages) * PAGE_SIZE);
	expect_apart(test, s, n);
	for (i = 2; i < n; i++)
		mspan_delete(s[i]);
	rcu_barrier();
	KUNIT_EXPECT_LE(test, mspan_nr_pages, pages + 2);
	/* Used ones, again. */
	KUNIT_ASSERT_TRUE(test, mspan_new_many(s + 2, n - 2, GFP_KERNEL));
	expect_apart(test, s, n);
	/* All of them: more than have room in a page that was there before. */
	for (i = 0; i < n; i++)
		list_add(&s[i]->list, &list);
	mspan_delete_list(&list);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, mspan_nr_pages, pages);
	KUNIT_EXPECT_EQ(test, arena_meta_bytes(), meta);
}

/* A late freer may look at one that is gone, as long as it is in its read section. */
static void a_descriptor_outlives_its_readers(struct kunit *test)
{
	struct mspan *s = mspan_new(0, GFP_KERNEL), *two[2], *t;
	LIST_HEAD(list);
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_TRUE(test, mspan_new_many(two, 2, GFP_KERNEL));
	list_add(&two[0]->list, &list);
	list_add(&two[1]->list, &list);
	rcu_read_lock();
	mspan_delete(s);
	mspan_delete_list(&list);
	for (n = 0; n < 2 * PAGE_SIZE / sizeof(*s); n++) {
		t = mspan_new(0, GFP_NOWAIT);
		if (!t)
			break;
		/* Here it would be another one already. */
		KUNIT_EXPECT_TRUE(test, t != s && t != two[0] && t != two[1]);
		mspan_delete(t);
	}
	KUNIT_EXPECT_EQ(test, mspan_state(s), MSPAN_TRANSIT);
	rcu_read_unlock();
	rcu_barrier();
}

static void no_descriptor_beyond_the_limit(struct kunit *test)
{
	unsigned long pages = mspan_nr_pages;
	unsigned int longest = MSPAN_KINDS - 1;
	struct mspan *small;

	gk_limit_to(sizeof(struct mspan) - 1);
	KUNIT_EXPECT_NULL(test, mspan_new(longest, GFP_KERNEL));
	/* Of the smallest, what is there already, and no page more. */
	small = gk_take_descriptors();
	KUNIT_EXPECT_LE(test, mspan_nr_pages, pages);
	gk_give_descriptors(small);
}

/* ---- a claimer and a freer at once -------------------------------------- */

#define RING	256

struct pipe {
	struct mspan *s;
	atomic_t met;
	unsigned long n;
	unsigned long claimed;
	unsigned long released;
	unsigned long refused;
	struct gk_ring ring;
	void *place[RING];
};

static void claimer(void *arg)
{
	struct pipe *p = arg;
	struct gk_ring *r = &p->ring;
	unsigned long turn = 0;
	void *out[16];
	unsigned int i, n;
	ktime_t end;

	gk_meet(&p->met, 2);
	end = gk_fight_end();
	while (p->claimed < p->n && !gk_fight_over(++turn, end)) {
		n = mspan_claim(p->s, out, 16);
		for (i = 0; i < n; i++) {
			if (!gk_yield_for(gk_ring_has_room(r, RING), GK_PATIENCE_MS))
				goto out;
			p->place[r->head % RING] = out[i];
			gk_ring_put(r);
		}
		p->claimed += n;
	}
out:
	gk_ring_close(r);
}

static void freer(void *arg)
{
	const struct sizeclass *sc;
	struct pipe *p = arg;
	struct gk_ring *r = &p->ring;
	bool closed;

	sc = mcentral_rows[mspan_row(p->s)]->sc;
	gk_meet(&p->met, 2);
	do {
		closed = gk_ring_closed(r);
		while (gk_ring_has_any(r)) {
			void *obj = p->place[r->tail % RING];

			if (mspan_release_bit(p->s, index_of(p->s, obj, sc)))
				p->released++;
			else
				p->refused++;
			gk_ring_take(r);
		}
		gk_yield_for(gk_ring_has_any(r) || gk_ring_closed(r), GK_PATIENCE_MS);
	} while (!closed);
}

static void no_bit_is_lost_between_a_claimer_and_a_freer(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1024 };
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct pipe *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
		struct gk_thread *a, *b;

		KUNIT_ASSERT_NOT_NULL(test, p);
		p->s = span_cut(test, sizeclass_of(sizes[i]));
		p->n = gk_times(1000000);
		a = gk_start(test, gk_cpu(0), claimer, p);
		b = gk_start(test, gk_cpu(1), freer, p);
		gk_join(test, a);
		gk_join(test, b);
		gk_count_ops(p->claimed + p->released);
		KUNIT_EXPECT_GT(test, p->claimed, 0);
		KUNIT_EXPECT_EQ(test, p->released, p->claimed);
		KUNIT_EXPECT_EQ(test, p->refused, 0);
		KUNIT_EXPECT_TRUE(test, mspan_all_free(p->s));
		span_give();
	}
}

/* Where every page is a span, descriptors are what galloc takes more than kmalloc(). */
static void descriptors_take_little_of_a_page(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(PAGE_SIZE)];
	struct mspan *s[8], *many[4096 / 57];
	long meta;
	int i;

	gk_needs_class(test, PAGE_SIZE);
	run_fresh_block(test);
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i] = mheap_alloc_span(gk_nid(), sc, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, s[i]);
		KUNIT_EXPECT_EQ(test, (unsigned int)s[i]->nwords, 1);
	}
	while (i)
		mheap_free(s[--i]);
	/* Of 56 bytes: at most one more page has so many, whatever was unused before. */
	meta = arena_meta_bytes();
	for (i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = mspan_new(0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, many[i]);
	}
	/* 1.4 % of 4 KiB; a slot with every second page takes 0.5 more. */
	KUNIT_EXPECT_LE(test, arena_meta_bytes() - meta, 4096);
	while (i)
		mspan_delete(many[--i]);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_fresh_span_has_each_object_free),
	KUNIT_CASE(a_freed_span_has_no_objects),
	KUNIT_CASE(claiming_takes_each_object_once_and_ascending),
	KUNIT_CASE(claiming_nothing_changes_nothing),
	KUNIT_CASE(an_object_freed_behind_the_claim_is_found),
	KUNIT_CASE(a_second_release_of_an_object_is_detected),
	KUNIT_CASE(all_free_is_seen_with_the_last_object),
	KUNIT_CASE(a_bit_after_the_last_object_is_never_allocated),
	KUNIT_CASE(every_address_of_a_span_resolves),
	KUNIT_CASE(pages_without_objects_resolve_to_no_span),
	KUNIT_CASE(a_row_that_is_none_resolves_to_no_span),
	KUNIT_CASE(descriptors_are_charged_and_uncharged),
	KUNIT_CASE(small_descriptors_share_pages),
	KUNIT_CASE(descriptors_take_little_of_a_page),
	KUNIT_CASE(a_descriptor_outlives_its_readers),
	KUNIT_CASE(no_descriptor_beyond_the_limit),
	KUNIT_CASE(no_bit_is_lost_between_a_claimer_and_a_freer),
	{}
};

GK_SUITE(mspan, gk_init, exit_case);
