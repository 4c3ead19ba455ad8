// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the size classes, and which of them serves a request.
 */
#include "helpers.h"

/* The alignment that kmalloc() guarantees, see include/galloc.h. */
static size_t promised_align(size_t size)
{
	return max_t(size_t, size & -size, 8);
}

/* The alignment of every object of a class: of its spans, and of its size. */
static size_t class_align(unsigned int class)
{
	const struct sizeclass *sc = &sizeclasses[class];

	return min_t(size_t, sc->size & -sc->size,
		     (size_t)sc->align_pages << PAGE_SHIFT);
}

static unsigned int smallest_class(size_t size)
{
	unsigned int class;

	for_each_class(class)
		if (sizeclasses[class].size >= size &&
		    class_align(class) >= promised_align(size))
			return class;
	return 0;
}

static void every_size_gets_the_smallest_class_that_aligns_it(struct kunit *test)
{
	size_t size, wrong = 0;

	for (size = 1; size <= GALLOC_MAX_SMALL && !wrong; size++)
		if (sizeclass_of(size) != smallest_class(size))
			wrong = size;
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "class %u instead of %u",
			    sizeclass_of(wrong), smallest_class(wrong));
}

static void const_and_table_agree(struct kunit *test)
{
	size_t size, wrong = 0;

	for (size = 0; size <= GALLOC_MAX_SMALL + 1 && !wrong; size++)
		if (sizeclass_of(size) != galloc_size_class_const(size))
			wrong = size;
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "constant %u, table %u",
			    galloc_size_class_const(wrong), sizeclass_of(wrong));
}

static void zero_and_oversized_requests_have_no_class(struct kunit *test)
{
	static const size_t sizes[] = {
		0, GALLOC_MAX_SMALL + 1, GALLOC_MAX_SMALL + 128, 1UL << 20,
		1UL << 32, SIZE_MAX - 127, SIZE_MAX
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_EQ(test, sizeclass_of(sizes[i]), 0);
		KUNIT_EXPECT_EQ(test, galloc_size_class_const(sizes[i]), 0);
	}
}

static void spans_hold_their_objects(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		const struct sizeclass *sc = &sizeclasses[class];
		size_t bytes = (size_t)sc->span_pages << PAGE_SHIFT;
		size_t tail = bytes - (size_t)sc->objects * sc->size;

		KUNIT_EXPECT_GT(test, sc->size, sizeclasses[class - 1].size);
		KUNIT_EXPECT_EQ(test, sc->size % 8, 0);
		KUNIT_EXPECT_GT(test, (unsigned int)sc->objects, 0);
		KUNIT_EXPECT_LE(test, (size_t)sc->objects * sc->size, bytes);
		KUNIT_EXPECT_LT(test, tail, (size_t)sc->size);
		KUNIT_EXPECT_LE(test, tail * 8, bytes);
		KUNIT_EXPECT_LE(test, (unsigned int)sc->span_pages, ARENA_PAGES);
		KUNIT_EXPECT_LE(test, (size_t)sc->objects,
				(size_t)SIZECLASS_MAX_OBJECTS);
		KUNIT_EXPECT_EQ(test, sc->align_pages & (sc->align_pages - 1), 0);
		/* Where an object is as aligned as kmalloc() would have it. */
		KUNIT_EXPECT_GE(test, (size_t)sc->align_pages << PAGE_SHIFT,
				(size_t)(sc->size & -sc->size));
	}
	KUNIT_EXPECT_EQ(test, sizeclasses[GALLOC_NR_CLASSES - 1].size,
			GALLOC_MAX_SMALL);
}

static void every_offset_has_its_index(struct kunit *test)
{
	unsigned int class;

	for_each_class(class) {
		const struct sizeclass *sc = &sizeclasses[class];
		u32 bytes = (u32)sc->span_pages << PAGE_SHIFT;
		u32 wrong = bytes;
		u32 offset;

		for (offset = 0; offset < bytes && wrong == bytes; offset++)
			if (sizeclass_index(sc, offset) != offset / sc->size)
				wrong = offset;
		KUNIT_EXPECT_EQ_MSG(test, wrong, bytes, "class %u", class);
	}
}

static void every_size_is_served_as_promised(struct kunit *test)
{
	size_t size, wrong = 0, step = gk_slow() ? 31 : 1;

	for (size = 1; size <= GALLOC_MAX_SMALL && !wrong; size += step) {
		void *p = galloc(size, GFP_KERNEL);
		size_t real = gsize(p);

		if (!p || (unsigned long)p & (promised_align(size) - 1) ||
		    real < size || real != sizeclasses[smallest_class(size)].size ||
		    real != galloc_size_roundup(size))
			wrong = size;
		gfree(p);
		cond_resched();
	}
	gk_count_ops(2 * size / step);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_size_gets_the_smallest_class_that_aligns_it),
	KUNIT_CASE(const_and_table_agree),
	KUNIT_CASE(zero_and_oversized_requests_have_no_class),
	KUNIT_CASE(spans_hold_their_objects),
	KUNIT_CASE(every_offset_has_its_index),
	KUNIT_CASE(every_size_is_served_as_promised),
	{}
};

GK_SUITE(sizeclass, gk_init, gk_exit);
