// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: a bad free leads to one report, and nothing else.
 *
 * The guarantees, which the cases test: a foreign pointer, or one into a free page, is
 * reported at once; a double free at once if the object is on top of the stack,
 * otherwise when the copy is flushed; an interior pointer at once if its low bits show
 * it, otherwise when it is flushed; in debug mode all of them at once.
 */
#include "helpers.h"

#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "twin.h"

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	if (err)
		return err;
	gk_pin(gk_cpu(0));
	return 0;
}

static void exit_case(struct kunit *test)
{
	gk_exit(test);
}

/* Flush the stacks now. */
static void flush(void)
{
	drain_cpus();
}

/* ---- the text ----------------------------------------------------------- */

static void a_report_has_the_fault_and_its_location(struct kunit *test)
{
	void *p = galloc(100, GFP_KERNEL);
	void *keep = galloc(100, GFP_KERNEL);
	char text[64];

	KUNIT_ASSERT_TRUE(test, p && keep);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gfree(p);
	gk_listen(test);
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_EQ(test, 1,
			gk_heard(test, "galloc: double_free: object is already free: "));
	snprintf(text, sizeof(text), "class %u of %u bytes",
		 sizeclass_of(100), sizeclasses[sizeclass_of(100)].size);
	KUNIT_EXPECT_EQ(test, gk_heard(test, text), 1);
	KUNIT_EXPECT_GE(test, gk_heard(test, "a_report_has_the_fault_and_its_location"), 1);
	gfree(keep);
}

/* The line about the object that lies at @p, or what else there is. */
static void expect_where(struct kunit *test, const void *p, const char *state,
			 unsigned int offset)
{
	struct mspan s;
	char text[96];

	KUNIT_ASSERT_TRUE(test, map_span_around(p, &s));
	if (mspan_row(&s)) {
		const struct sizeclass *sc = mcentral_rows[mspan_row(&s)]->sc;

		snprintf(text, sizeof(text), "class %u of %u bytes, span of %u pages at ",
			 mcentral_rows[mspan_row(&s)]->class, sc->size, s.npages);
		KUNIT_EXPECT_EQ(test, gk_heard(test, text), 1);
		snprintf(text, sizeof(text), ", object %lu + %u",
			 ((unsigned long)p - s.start) / sc->size, offset);
	} else {
		snprintf(text, sizeof(text), "%s, offset %lu", state,
			 (unsigned long)p - s.start);
	}
	KUNIT_EXPECT_EQ_MSG(test, gk_heard(test, text), 1, "%s", text);
	KUNIT_EXPECT_EQ(test, gk_heard(test, GK_CALL_TRACE), 1);
}

static void a_report_of_a_foreign_pointer_says_so(struct kunit *test)
{
	void *p = kmalloc(100, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	gk_expect_reports(test, FAULT_NOT_OURS);
	memset(p, 0xa5, 100);
	gk_listen(test);
	gfree(p);
	gk_expect_faults(test, FAULT_NOT_OURS, 1);
	KUNIT_EXPECT_EQ(test, 1,
			gk_heard(test, "galloc: not_ours: pointer does not belong to galloc: "));
	KUNIT_EXPECT_EQ(test, gk_heard(test, "no span: the page does not belong"), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, GK_CALL_TRACE), 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(p, 0xa5, 100));
	kfree(p);
}

static void a_report_of_a_free_page_has_its_location(struct kunit *test)
{
	u8 *p = galloc(50000, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	gk_expect_reports(test, FAULT_NO_OBJECT);
	gfree(p);
	flush();
	gk_listen(test);
	gfree(p + PAGE_SIZE);
	gk_expect_faults(test, FAULT_NO_OBJECT, 1);
	KUNIT_EXPECT_EQ(test, 1,
			gk_heard(test, "galloc: no_object: address is in no live object: "));
	expect_where(test, p + PAGE_SIZE, "free", 0);
}

static void a_report_of_a_wrong_size_has_class_span_and_index(struct kunit *test)
{
	void *p[5];
	int i;

	gk_expect_reports(test, FAULT_WRONG_SIZE);
	for (i = 0; i < 5; i++)
		p[i] = galloc(200, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p[4]);
	gk_listen(test);
	gfree_sized(p[3], 300);
	gk_expect_faults(test, FAULT_WRONG_SIZE, 1);
	KUNIT_EXPECT_EQ(test, 1,
			gk_heard(test, "galloc: wrong_size: object has a different size: "));
	expect_where(test, p[3], NULL, 0);
	gfree_bulk(5, p);
}

static void a_report_of_an_interior_pointer_has_class_span_index_and_offset(struct kunit *test)
{
	u8 *p = galloc(200, GFP_KERNEL), *q = galloc(50000, GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, p && q);
	gk_expect_reports(test, FAULT_INTERIOR);
	gk_listen(test);
	gfree(p + 7);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	KUNIT_EXPECT_EQ(test, 1,
			gk_heard(test, "galloc: interior: pointer into an object: "));
	expect_where(test, p + 7, NULL, 7);
	gk_listen(test);
	gfree(q + 8000);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	expect_where(test, q + 8000, "large", 0);
	gfree(p);
	gfree(q);
}

static void every_fault_is_printed_with_its_name(struct kunit *test)
{
	unsigned int i;
	char text[64];

	for (i = 0; i < NR_GALLOC_FAULTS; i++) {
		gk_expect_reports(test, i);
		report_fault(i, test);
		gk_expect_faults(test, i, 1);
		snprintf(text, sizeof(text), "galloc: %s: ", report_fault_name(i));
		KUNIT_EXPECT_EQ(test, gk_heard(test, text), 1);
	}
}

static void a_flood_of_reports_is_counted_but_not_printed(struct kunit *test)
{
	void *p = galloc(64, GFP_KERNEL), *keep = galloc(64, GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, p && keep);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gfree(p);
	for (i = 0; i < 1000; i++)
		gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1000);
	KUNIT_EXPECT_LE(test, gk_heard(test, "galloc: double_free: "),
			2 * GALLOC_REPORT_BURST);
	gfree(keep);
}

/* ---- pointers that are not ours ----------------------------------------- */

static int some_data = 1;

static void a_pointer_that_is_not_ours_is_reported_at_once(struct kunit *test)
{
	const struct arena_map *map = READ_ONCE(arena_map);
	void *kmalloced = kmalloc(100, GFP_KERNEL);
	void *vmalloced = vmalloc(100);
	void *page = (void *)__get_free_page(GFP_KERNEL);
	const void *bad[] = {
		(void *)PAGE_SIZE, (void *)1234567, kmalloced, vmalloced, page,
		page + 8, &map, &some_data, vfree, gk_init,
		(void *)(map->base + (map->nr << ARENA_SHIFT)), (void *)LONG_MAX,
		(void *)-4096L, (void *)ULONG_MAX,
	};
	int i;

	gk_expect_reports(test, FAULT_NOT_OURS);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		gfree(bad[i]);
		gk_expect_faults(test, FAULT_NOT_OURS, 1);
		gfree_sized(bad[i], 8);
		gk_expect_faults(test, FAULT_NOT_OURS, 1);
		KUNIT_EXPECT_EQ(test, gsize(bad[i]), 0);
		gk_expect_faults(test, FAULT_NOT_OURS, 1);
		KUNIT_EXPECT_NULL(test, grealloc(bad[i], 100, GFP_KERNEL));
		gk_expect_faults(test, FAULT_NOT_OURS, 1);
		cond_resched();
	}
	free_page((unsigned long)page);
	vfree(vmalloced);
	kfree(kmalloced);
}

static void a_free_of_a_free_page_is_reported_at_once(struct kunit *test)
{
	static const size_t sizes[] = { 64, 4096, 32768, 50000, 1 << 20 };
	int i;

	gk_expect_reports(test, FAULT_NO_OBJECT);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = galloc(sizes[i], GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		gfree(p);
		/* A small one's span is empty then, and a free run. */
		flush();
		gfree(p);
		gk_expect_faults(test, FAULT_NO_OBJECT, 1);
		KUNIT_EXPECT_EQ(test, gsize(p), 0);
		gk_expect_faults(test, FAULT_NO_OBJECT, 1);
		gfree_sized(p, sizes[i]);
		gk_expect_faults(test, FAULT_NO_OBJECT, 1);
		gk_take_free_runs(test);
	}
}

static void a_page_that_left_galloc_is_not_ours(struct kunit *test)
{
	static const size_t sizes[] = { 64, 50000, 3 << 20 };
	int i;

	gk_expect_reports(test, FAULT_NOT_OURS);
	if (galloc_reserve_pages)
		WRITE_ONCE(galloc_reserve_pages, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p;

		gk_soak(test);
		p = galloc(sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		gfree(p);
		gk_give_back();
		gfree(p);
		gk_expect_faults(test, FAULT_NOT_OURS, 1);
	}
}

/* ---- pointers into objects ---------------------------------------------- */

/* Free every kind of wrong address in an object of @size; it must not change. */
static void free_inside(struct kunit *test, size_t size)
{
	u8 *p = galloc(size, GFP_KERNEL);
	size_t real = gsize(p);
	const size_t offsets[] = { 1, 4, 8, real / 2, real - 8, real - 1 };
	int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	twin_fill(p, real, size);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		u8 *bad = p + offsets[i];

		/* An odd offset of a class of one word. */
		if (!offsets[i] || offsets[i] >= real)
			continue;
		gfree(bad);
		/* No allocation in between: see the top of this file. */
		flush();
		gk_expect_faults(test, FAULT_INTERIOR, 1);
		KUNIT_EXPECT_EQ(test, gsize(bad), 0);
		gk_expect_faults(test, FAULT_INTERIOR, 1);
		KUNIT_EXPECT_NULL(test, grealloc(bad, 10, GFP_KERNEL));
		gk_expect_faults(test, FAULT_INTERIOR, 1);
		gfree_sensitive(bad);
		flush();
		gk_expect_faults(test, FAULT_INTERIOR, 1);
	}
	KUNIT_EXPECT_TRUE(test, twin_intact(p, real, size));
	KUNIT_EXPECT_EQ(test, gsize(p), real);
	gfree(p);
}

static void a_pointer_into_a_small_object_is_reported(struct kunit *test)
{
	unsigned int class;

	gk_expect_reports(test, FAULT_INTERIOR);
	for_each_class(class) {
		/* Every offset of every class takes seconds there. */
		if (gk_slow() && class % 5)
			continue;
		free_inside(test, sizeclasses[class].size);
		cond_resched();
	}
}

static void a_pointer_into_a_large_object_is_reported(struct kunit *test)
{
	gk_expect_reports(test, FAULT_INTERIOR);
	free_inside(test, 32769);
	free_inside(test, 1 << 20);
}

static void a_pointer_into_a_huge_object_is_reported(struct kunit *test)
{
	if (GALLOC_MAX_PAGES <= ARENA_PAGES)
		kunit_skip(test, "no order above a block here");
	gk_expect_reports(test, FAULT_INTERIOR);
	free_inside(test, 3 << 20);
	free_inside(test, 4 << 20);
}

static void misaligned_pointers_are_reported_at_once(struct kunit *test)
{
	unsigned int class;

	gk_expect_reports(test, FAULT_INTERIOR);
	for_each_class(class) {
		size_t size = sizeclasses[class].size;
		u8 *p = galloc(size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		gfree(p + 1);
		gk_expect_faults(test, FAULT_INTERIOR, 1);
		gfree(p + min_t(size_t, size & -size, PAGE_SIZE) / 2);
		gk_expect_faults(test, FAULT_INTERIOR, 1);
		gfree(p);
	}
}

static void the_tail_of_a_span_is_no_object(struct kunit *test)
{
	unsigned int class;

	gk_expect_reports(test, FAULT_INTERIOR);
	for_each_class(class) {
		const struct sizeclass *sc = &sizeclasses[class];
		u8 *p = galloc(sc->size, GFP_KERNEL), *tail;
		struct mspan s;

		KUNIT_ASSERT_TRUE(test, map_span_around(p, &s));
		tail = (u8 *)s.start + (size_t)sc->objects * sc->size;
		if (tail < (u8 *)s.start + sc->span_pages * PAGE_SIZE) {
			gfree(tail);
			flush();
			gk_expect_faults(test, FAULT_INTERIOR, 1);
			KUNIT_EXPECT_EQ(test, gsize(tail), 0);
			gk_expect_faults(test, FAULT_INTERIOR, 1);
		}
		gfree(p);
	}
}

/* ---- double free -------------------------------------------------------- */

static void freeing_the_last_freed_again_is_reported_at_once(struct kunit *test)
{
	unsigned int class;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gk_expect_reports(test, FAULT_NO_OBJECT);
	for_each_class(class) {
		/* The other keeps the span in use. */
		bool alone = sizeclasses[class].objects == 1;
		void *keep, *p;

		/* Or the budget may be used up, and there is no stack. */
		flush();
		keep = galloc(sizeclasses[class].size, GFP_KERNEL);
		p = galloc(sizeclasses[class].size, GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, keep && p);
		gfree(p);
		gfree(p);
		gk_expect_faults(test, galloc_debug && alone ?
				 FAULT_NO_OBJECT : FAULT_DOUBLE_FREE, 1);
		gfree(keep);
	}
}

GK_SIZES(earlier, 8, 24, 64, 100, 512, 1024);

/* A B A: the copies meet when they are flushed, in debug mode at once. */
static void freeing_an_earlier_one_again_is_reported_when_flushed(struct kunit *test)
{
	size_t size = gk_size(test);
	void *keep = galloc(size, GFP_KERNEL);
	void *a = galloc(size, GFP_KERNEL);
	void *b = galloc(size, GFP_KERNEL);

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	KUNIT_ASSERT_TRUE(test, keep && a && b);
	gfree(a);
	gfree(b);
	gfree(a);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, galloc_debug);
	flush();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, !galloc_debug);
	gfree(keep);
}

/* How often the object at @p is found among many that are allocated now. */
static unsigned int handed_out(const void *p, size_t size)
{
	static void *q[600];
	unsigned int i, same = 0;

	for (i = 0; i < ARRAY_SIZE(q); i++) {
		q[i] = galloc(size, GFP_KERNEL);
		same += q[i] == p;
	}
	gfree_bulk(ARRAY_SIZE(q), q);
	return same;
}

GK_SIZES(drained, 8, 24, 64, 100, 512, 1024);

/* A, drain, A: the second is detected as soon as it leaves the stack. */
static void freeing_again_after_a_drain_is_reported_when_flushed(struct kunit *test)
{
	size_t size = gk_size(test);
	void *keep = galloc(size, GFP_KERNEL);
	void *a = galloc(size, GFP_KERNEL);
	long early;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	KUNIT_ASSERT_TRUE(test, keep && a);
	gfree(a);
	flush();
	/* A stack without room, as after a drain, passes it on at once. */
	early = gk_faults(FAULT_DOUBLE_FREE);
	gfree(a);
	early = gk_faults(FAULT_DOUBLE_FREE) - early;
	if (galloc_debug)
		KUNIT_EXPECT_EQ(test, early, 1);
	flush();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_EQ(test, handed_out(a, size), 1);
	gfree(keep);
	flush();
}

static void after_a_report_at_the_flush_the_object_is_free_once(struct kunit *test)
{
	void *keep = galloc(64, GFP_KERNEL);
	void *a = galloc(64, GFP_KERNEL), *b = galloc(64, GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, keep && a && b);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gfree(a);
	gfree(b);
	gfree(a);
	flush();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_EQ(test, handed_out(a, 64), 1);
	flush();
	KUNIT_EXPECT_EQ(test, handed_out(b, 64), 1);
	flush();
	gfree(keep);
}

static void free_here(void *p)
{
	gfree(p);
}

static void freeing_on_two_cpus_is_reported_when_flushed(struct kunit *test)
{
	void *keep = galloc(64, GFP_KERNEL), *p = galloc(64, GFP_KERNEL);

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	KUNIT_ASSERT_TRUE(test, keep && p);
	gfree(p);
	gk_join(test, gk_start(test, gk_cpu(1), free_here, p));
	if (galloc_debug || !gk_smp())
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	flush();
	if (!galloc_debug && gk_smp())
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_EQ(test, handed_out(p, 64), 1);
	gfree(keep);
}

static void every_way_to_free_finds_a_double_free(struct kunit *test)
{
	void *keep = galloc(64, GFP_KERNEL), *p = galloc(64, GFP_KERNEL);
	void *both[2] = { p, p };

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	KUNIT_ASSERT_TRUE(test, keep && p);
	gfree_bulk(2, both);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gfree_sized(p, 64);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gfree_sensitive(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_PTR_EQ(test, grealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	galloc_free_rcu(p);
	galloc_rcu_barrier();
	flush();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	mcentral_free(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gfree(keep);
}

/* The stack that held two copies gives the object to one caller at a time. */
static void after_the_report_the_object_is_free_once(struct kunit *test)
{
	void *keep = galloc(64, GFP_KERNEL), *p = galloc(64, GFP_KERNEL);
	void *q[200];
	unsigned int i, same = 0;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	KUNIT_ASSERT_TRUE(test, keep && p);
	gfree(p);
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	for (i = 0; i < ARRAY_SIZE(q); i++) {
		q[i] = galloc(64, GFP_KERNEL);
		same += q[i] == p;
	}
	KUNIT_EXPECT_EQ(test, same, 1);
	gfree_bulk(ARRAY_SIZE(q), q);
	gfree(keep);
}

/* ---- wrong size --------------------------------------------------------- */

static void a_wrong_size_frees_nothing(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1000, 32768, 40000, 1 << 20 };
	int i, j;

	gk_expect_reports(test, FAULT_WRONG_SIZE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t real = galloc_size_roundup(sizes[i]);
		const size_t wrong[] = {
			0, real + 1, real * 2, sizes[i] / 2, SIZE_MAX
		};
		u8 *p = galloc(sizes[i], GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		twin_fill(p, real, i);
		for (j = 0; j < ARRAY_SIZE(wrong); j++) {
			if (galloc_size_roundup(wrong[j]) == real)
				continue;
			gfree_sized(p, wrong[j]);
			gk_expect_faults(test, FAULT_WRONG_SIZE, 1);
		}
		flush();
		KUNIT_EXPECT_TRUE(test, twin_intact(p, real, i));
		KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)real);
		gfree_sized(p, sizes[i]);
	}
}

/* ---- anything at all ---------------------------------------------------- */

#define NR_LIVE		64

static bool starts_an_object(const void *p)
{
	enum mspan_found found;
	struct object o;
	struct mspan s;

	rcu_read_lock();
	found = mspan_resolve(p, &o);
	rcu_read_unlock();
	return found == FOUND_OBJECT ||
	       (map_span_around(p, &s) && mspan_state(&s) == MSPAN_LARGE &&
		s.start == addr_of(p));
}

/* A value that is no object, and with luck only nearly none. */
static const void *wild_value(u64 *rng, void **live)
{
	for (;;) {
		u64 r = (u64)gk_random(rng) << 32 | gk_random(rng);
		unsigned long p = (unsigned long)live[gk_below(rng, NR_LIVE)];

		switch (gk_below(rng, 6)) {
		case 0:			/* anything */
			p = r;
			break;
		case 1:			/* some memory */
			p = arena_map->base + r % (map_nr_slots() << ARENA_SHIFT);
			break;
		case 2:			/* a little off */
			p += (long)(r % 129) - 64;
			break;
		case 3:			/* one bit is wrong */
			p ^= BIT(r % 64);
			break;
		case 4:			/* another page, or its end */
			p = (p & PAGE_MASK) + ((r >> 8) % 64) * PAGE_SIZE - (r & 1);
			break;
		default:		/* a small number */
			p = r % PAGE_SIZE;
		}
		if (!ZERO_OR_NULL_PTR((void *)p) && !starts_an_object((void *)p))
			return (void *)p;
	}
}

static void wild_pointers_are_harmless(struct kunit *test)
{
	unsigned int n = gk_slow() ? 10000 : 100000, i, wrong = 0, said = 0;
	ktime_t start = ktime_get();
	u64 rng = gk_seed(test);
	void *live[NR_LIVE];
	size_t size[NR_LIVE];
	char text[64];

	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		gk_expect_reports(test, i);
	for (i = 0; i < NR_LIVE; i++) {
		size[i] = gk_random_size(&rng) * (i % 16 ? 1 : 16);
		live[i] = galloc(size[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, live[i]);
		twin_fill(live[i], size[i], i);
	}
	gk_listen(test);
	for (i = 0; i < n; i++) {
		gfree(wild_value(&rng, live));
		wrong += gsize(wild_value(&rng, live)) != 0;
		wrong += !!grealloc(wild_value(&rng, live), 100, GFP_KERNEL);
		if (i % 256 == 0)
			cond_resched();
	}
	/* Those that lie on a stack are judged now: each has its one report. */
	flush();
	gk_expect_any_faults(test, 3L * n);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	for (i = 0; i < NR_GALLOC_FAULTS; i++) {
		snprintf(text, sizeof(text), "galloc: %s: ", report_fault_name(i));
		said += gk_heard(test, text);
	}
	KUNIT_EXPECT_GE(test, said, 1);
	KUNIT_EXPECT_LE(test, said, GALLOC_REPORT_BURST *
			(2 + (unsigned int)ktime_ms_delta(ktime_get(), start) / 5000));
	for (i = 0; i < NR_LIVE; i++) {
		KUNIT_EXPECT_TRUE(test, twin_intact(live[i], size[i], i));
		gfree_sized(live[i], size[i]);
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	gk_expect_any_faults(test, 0);
}

static void faults_have_names(struct kunit *test)
{
	unsigned int i, j;

	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_STRNEQ(test, report_fault_name(i),
					    report_fault_name(j));
}

static unsigned int would_end, would_go_on;

/* The task is to go on here. */
static void do_not_end(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_REPORT_END)
		return;
	if (*(const bool *)what)
		would_end++;
	else
		would_go_on++;
	*(bool *)what = false;
}

/* Of one that is on no stack: known at once. */
static void *freed(struct kunit *test)
{
	void *p = galloc(100000, GFP_KERNEL);

	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
	return p;
}

/* With fault=oops.  Not for what it finds while it does galloc's work, with mutexes. */
static void a_task_ends_for_its_own_call_only(struct kunit *test)
{
	void *a = galloc(64, GFP_KERNEL), *b = galloc(64, GFP_KERNEL);
	void *keep = galloc(64, GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, keep && a && b);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gk_expect_reports(test, FAULT_NO_OBJECT);
	would_end = 0;
	would_go_on = 0;
	WRITE_ONCE(galloc_pause_hook, do_not_end);
	galloc_fault_then = REPORT_OOPS;
	gfree(freed(test));
	KUNIT_EXPECT_EQ(test, would_end, 1);
	KUNIT_EXPECT_EQ(test, would_go_on, 0);
	/* What comes off a stack. */
	gfree(a);
	gfree(b);
	gfree(a);
	KUNIT_EXPECT_EQ(test, would_end, 1 + galloc_debug);
	drain_relieve(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, would_go_on, !galloc_debug);
	/* What has waited for a grace period. */
	would_go_on = 0;
	gfree_rcu_mightsleep(freed(test));
	rcu_batches_relieve(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, would_go_on, 1);
	/* What was freed where nothing is reported. */
	gfree_nolock(freed(test));
	nolock_settle();
	KUNIT_EXPECT_EQ(test, would_go_on, 2);
	KUNIT_EXPECT_EQ(test, would_end, 1 + galloc_debug);
	galloc_fault_then = REPORT_ONLY;
	WRITE_ONCE(galloc_pause_hook, NULL);
	gk_expect_any_faults(test, 4);
	gfree(keep);
	flush();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_report_has_the_fault_and_its_location),
	KUNIT_CASE(a_report_of_a_foreign_pointer_says_so),
	KUNIT_CASE(a_report_of_a_free_page_has_its_location),
	KUNIT_CASE(a_report_of_a_wrong_size_has_class_span_and_index),
	KUNIT_CASE(a_report_of_an_interior_pointer_has_class_span_index_and_offset),
	KUNIT_CASE(every_fault_is_printed_with_its_name),
	KUNIT_CASE(a_flood_of_reports_is_counted_but_not_printed),
	KUNIT_CASE(a_pointer_that_is_not_ours_is_reported_at_once),
	KUNIT_CASE(a_free_of_a_free_page_is_reported_at_once),
	KUNIT_CASE(a_page_that_left_galloc_is_not_ours),
	KUNIT_CASE(a_pointer_into_a_small_object_is_reported),
	KUNIT_CASE(a_pointer_into_a_large_object_is_reported),
	KUNIT_CASE(a_pointer_into_a_huge_object_is_reported),
	KUNIT_CASE(misaligned_pointers_are_reported_at_once),
	KUNIT_CASE(the_tail_of_a_span_is_no_object),
	KUNIT_CASE(freeing_the_last_freed_again_is_reported_at_once),
	KUNIT_CASE_PARAM(freeing_an_earlier_one_again_is_reported_when_flushed, earlier_gen_params),
	KUNIT_CASE_PARAM(freeing_again_after_a_drain_is_reported_when_flushed, drained_gen_params),
	KUNIT_CASE(freeing_on_two_cpus_is_reported_when_flushed),
	KUNIT_CASE(every_way_to_free_finds_a_double_free),
	KUNIT_CASE(after_the_report_the_object_is_free_once),
	KUNIT_CASE(after_a_report_at_the_flush_the_object_is_free_once),
	KUNIT_CASE(a_wrong_size_frees_nothing),
	KUNIT_CASE(wild_pointers_are_harmless),
	KUNIT_CASE(a_task_ends_for_its_own_call_only),
	KUNIT_CASE(faults_have_names),
	{}
};

GK_SUITE(report, init_case, exit_case);
