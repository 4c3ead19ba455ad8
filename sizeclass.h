/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * sizeclass: which class serves a request, and what its spans look like.
 *
 * The tables are constant; tools/gen-sizeclasses makes them for each PAGE_SIZE.
 * The host tests compile this file too, so it includes nothing of the kernel.
 */
#ifndef _GALLOC_SIZECLASS_INTERNAL_H
#define _GALLOC_SIZECLASS_INTERNAL_H

#include "galloc_sizeclass.h"

/* Entries of the two lookup tables, for sizes up to and above 1024. */
#define SIZECLASS_NR_8		((1024 >> 3) + 1)
#define SIZECLASS_NR_128	(2 * ((GALLOC_MAX_SMALL - 1024) >> 7))

/* The most objects in a span: the 8-byte class, whose spans are 8 KiB or a page. */
#define SIZECLASS_MAX_OBJECTS	((PAGE_SIZE > 8192 ? PAGE_SIZE : 8192) / 8)

/* Fraction bits of struct sizeclass.recip; 32 would be wrong for one class. */
#define SIZECLASS_RECIP_SHIFT	34

struct sizeclass {
	u32 size;		/* bytes of an object */
	u32 recip;		/* see sizeclass_index() */
	u16 objects;		/* per span of full length */
	u16 span_pages;		/* the full length */
	u16 align_pages;	/* the span's start alignment, in pages, power of two */
	u16 pad;
};

extern const struct sizeclass sizeclasses[GALLOC_NR_CLASSES];
extern const u8 sizeclass_8[SIZECLASS_NR_8];
extern const u8 sizeclass_128[SIZECLASS_NR_128];

/*
 * The smallest class that holds @size and aligns it to the largest power of two
 * that divides it; 0 for 0 and for more than GALLOC_MAX_SMALL.
 *
 * Above 1024 the sum of the two shifts is odd for a multiple of 128, which may
 * have a class of its own, and even for all sizes between two multiples.
 */
static __always_inline unsigned int sizeclass_of(size_t size)
{
	if (size <= 1024)
		return sizeclass_8[(size + 7) >> 3];
	if (size > GALLOC_MAX_SMALL)
		return 0;
	return sizeclass_128[((size - 1) >> 7) + (size >> 7) - 16];
}

/*
 * The index of the object that the byte at @offset of a span belongs to; in the
 * tail it is c->objects.  Exact for every offset within the span.
 */
static __always_inline u32 sizeclass_index(const struct sizeclass *c, u32 offset)
{
	return ((u64)offset * c->recip) >> SIZECLASS_RECIP_SHIFT;
}

/* Objects that @npages pages hold; c->objects if that is the full length. */
static __always_inline u32 sizeclass_objects(const struct sizeclass *c, u32 npages)
{
	return npages * (u32)PAGE_SIZE / c->size;
}

/*
 * The pages that a span takes of @npages: the full length, or, if there are fewer, up to
 * the page in which the last object ends.
 */
static __always_inline u32 sizeclass_pages(const struct sizeclass *c, u32 npages)
{
	u32 bytes = sizeclass_objects(c, npages) * c->size;

	if (npages >= c->span_pages)
		return c->span_pages;
	return (bytes + (u32)PAGE_SIZE - 1) / (u32)PAGE_SIZE;
}

#endif /* _GALLOC_SIZECLASS_INTERNAL_H */
