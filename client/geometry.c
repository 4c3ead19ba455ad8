// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * geometry: what the spans of a typed cache look like.
 *
 * At run time what tools/gen-sizeclasses does for the size classes, for any object size:
 * how long a span is, and the reciprocal that turns an offset in it into the index of an
 * object.  Arithmetic only.  Called by cache.c.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"
#include "geometry.h"

/* The rules of tools/gen-sizeclasses.c, which gives the reasons. */
#define TAIL_AIM_PERCENT	2
#define TAIL_AIM_PERCENT_PAGE	4
#define SHORT_SPAN		4096
#define SPAN_PAGES_MAX		8
#define SPAN_PAGES_MAX_BIG	16
#define BIG_OBJECT		4096
#define TINY_OBJECT		128
#define TINY_SPAN		8192

static void geometry_set_pages(struct sizeclass *sc, unsigned int pages)
{
	sc->span_pages = pages;
	sc->objects = sizeclass_objects(sc, pages);
}

/*
 * Is sizeclass_index() right at every offset of a span?
 *
 * With recip * size = 2^SHIFT + e, e >= 0, the byte @r of object @q has offset * recip =
 * q * 2^SHIFT + q * e + r * recip.  That gives @q as long as the sum of the last two is
 * below 2^SHIFT = recip * size - e.  For the last byte of the last object that is
 * objects * e < recip.  The tail is shorter than an object; it follows for that:
 * objects * e + (tail - 1) * recip < tail * recip <= (size - 1) * recip < 2^SHIFT.
 */
bool geometry_is_exact(const struct sizeclass *sc)
{
	u64 e = (u64)sc->recip * sc->size - (1ULL << SIZECLASS_RECIP_SHIFT);

	return sc->objects * e < sc->recip;
}

/* Is the tail of @a a smaller part of the span than that of @b? */
static bool less_tail(const struct sizeclass *a, const struct sizeclass *b)
{
	u64 tail_a = a->span_pages * (u32)PAGE_SIZE % a->size;
	u64 tail_b = b->span_pages * (u32)PAGE_SIZE % b->size;

	return tail_a * b->span_pages < tail_b * a->span_pages;
}

static bool tail_is_fine(const struct sizeclass *sc)
{
	u32 span = sc->span_pages * (u32)PAGE_SIZE;
	u32 aim = span <= SHORT_SPAN ? TAIL_AIM_PERCENT_PAGE : TAIL_AIM_PERCENT;

	return span % sc->size * 100 <= span * aim;
}

/**
 * geometry_make() - spans for objects of exactly one size
 * @sc: filled in
 * @size: bytes of an object, 1 to GALLOC_MAX_SMALL
 * @align: alignment in bytes, a power of two up to GEOMETRY_ALIGN_MAX; less than
 *	GEOMETRY_ALIGN_MIN counts as that
 *
 * The distance between two objects is @size, rounded up to @align.  The span is the
 * shortest with little enough of a tail, else that with the least.
 *
 * Return: False if @size or @align is out of range.
 */
bool geometry_make(struct sizeclass *sc, size_t size, size_t align)
{
	struct sizeclass try = { .align_pages = 1 };
	unsigned int pages, most;

	if (align < GEOMETRY_ALIGN_MIN)
		align = GEOMETRY_ALIGN_MIN;
	if (!size || size > GALLOC_MAX_SMALL || align > GEOMETRY_ALIGN_MAX ||
	    !is_power_of_2(align))
		return false;
	try.size = ALIGN(size, align);
	try.recip = DIV_ROUND_UP_ULL(1ULL << SIZECLASS_RECIP_SHIFT, try.size);
	most = try.size > BIG_OBJECT ? SPAN_PAGES_MAX_BIG : SPAN_PAGES_MAX;
	*sc = (struct sizeclass) { };
	for (pages = 1; pages <= most; pages++) {
		geometry_set_pages(&try, pages);
		if (!try.objects || !geometry_is_exact(&try) ||
		    (try.size < TINY_OBJECT && pages * PAGE_SIZE < TINY_SPAN))
			continue;
		if (tail_is_fine(&try) || !sc->objects || less_tail(&try, sc))
			*sc = try;
		if (tail_is_fine(&try))
			break;
	}
	return sc->objects;
}
