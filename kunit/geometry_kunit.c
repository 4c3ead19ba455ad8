// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: spans for objects of any size. */
#include "helpers.h"

#include "client/geometry.h"

#define for_each_align(align)						\
	for ((align) = GEOMETRY_ALIGN_MIN; (align) <= GEOMETRY_ALIGN_MAX; (align) *= 2)

static u32 span_of(const struct sizeclass *sc)
{
	return sc->span_pages * (u32)PAGE_SIZE;
}

static bool is_right(const struct sizeclass *sc, size_t size, size_t align)
{
	u32 tail = span_of(sc) - sc->objects * sc->size;

	return sc->size == ALIGN(size, align) && sc->align_pages == 1 && sc->objects &&
	       sc->objects == span_of(sc) / sc->size && tail * 8 <= span_of(sc) &&
	       sc->objects <= SIZECLASS_MAX_OBJECTS && sc->span_pages <= ARENA_PAGES;
}

/* Odd sizes are only rounded up to 8: each multiple, and some between, will do. */
static void every_size_and_alignment_has_spans(struct kunit *test)
{
	size_t size, align, wrong = 0, step = gk_slow() ? 40 : 4;
	struct sizeclass sc;

	for_each_align(align)
		for (size = 8; size <= GALLOC_MAX_SMALL && !wrong; size += step)
			if (!geometry_make(&sc, size, align) ||
			    !is_right(&sc, size, align))
				wrong = size;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* Multiplication is monotonic: if an object's first and last byte are right, all are. */
static bool ends_are_right(const struct sizeclass *sc)
{
	u32 i;

	for (i = 0; i < sc->objects; i++)
		if (sizeclass_index(sc, i * sc->size) != i ||
		    sizeclass_index(sc, (i + 1) * sc->size - 1) != i)
			return false;
	return span_of(sc) == i * sc->size || sizeclass_index(sc, span_of(sc) - 1) == i;
}

static bool every_byte_is_right(const struct sizeclass *sc)
{
	u32 offset;

	for (offset = 0; offset < span_of(sc); offset++)
		if (sizeclass_index(sc, offset) != offset / sc->size)
			return false;
	return true;
}

static void every_offset_has_its_index(struct kunit *test)
{
	size_t size, wrong = 0, step = gk_slow() ? 25 * 8 : 8;
	struct sizeclass sc;

	for (size = 8; size <= GALLOC_MAX_SMALL && !wrong; size += step) {
		if (!geometry_make(&sc, size, 8) || !every_byte_is_right(&sc))
			wrong = size;
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* The reciprocal of any precision: the inequality holds if, and only if, it is exact. */
static void the_inequality_says_what_trying_says(struct kunit *test)
{
	unsigned int exact = 0, inexact = 0, less;
	size_t size, wrong = 0;

	for (size = 8; size <= GALLOC_MAX_SMALL && !wrong; size += 8 * 7) {
		struct sizeclass sc;

		KUNIT_ASSERT_TRUE(test, geometry_make(&sc, size, 8));
		for (less = 0; less < 12; less++) {
			bool says = geometry_is_exact(&sc);

			if (says != ends_are_right(&sc))
				wrong = size;
			exact += says;
			inexact += !says;
			/* As if it had been computed with fewer bits. */
			sc.recip += 1 << less;
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_GT(test, exact, 0);
	KUNIT_EXPECT_GT(test, inexact, 0);
}

static void sizes_and_alignments_out_of_range_have_none(struct kunit *test)
{
	static const struct { size_t size, align; bool ok; } tries[] = {
		{ 0, 8 }, { GALLOC_MAX_SMALL + 1, 8 }, { SIZE_MAX, 8 },
		{ 8, 2 * GEOMETRY_ALIGN_MAX }, { 8, 24 }, { 8, 4095 },
		{ 1, 0, true }, { 8, 1, true }, { GALLOC_MAX_SMALL, 4096, true },
		{ GALLOC_MAX_SMALL - 4095, 4096, true },
	};
	struct sizeclass sc;
	int i;

	for (i = 0; i < ARRAY_SIZE(tries); i++)
		KUNIT_EXPECT_EQ_MSG(test, geometry_make(&sc, tries[i].size, tries[i].align),
				    tries[i].ok, "%zu at %zu", tries[i].size, tries[i].align);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_size_and_alignment_has_spans),
	KUNIT_CASE(every_offset_has_its_index),
	KUNIT_CASE(the_inequality_says_what_trying_says),
	KUNIT_CASE(sizes_and_alignments_out_of_range_have_none),
	{}
};

GK_SUITE(geometry, gk_init, gk_exit);
