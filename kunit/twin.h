/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * twin: the naive allocator that galloc is compared with.
 *
 * It keeps live objects in an array that it searches linearly, and fills every object
 * with its own pattern.  It is too simple to be wrong, and shares no code with
 * galloc.
 *
 * Functions return an error text, or NULL.
 */
#ifndef _GALLOC_KUNIT_TWIN_H
#define _GALLOC_KUNIT_TWIN_H

#include <linux/types.h>

struct kunit;

/**
 * struct twin_object - an object that should be live
 * @p: its address
 * @size: requested bytes, all filled with the pattern
 * @real: bytes it really has
 * @stamp: what the pattern is made of
 * @sized: its size follows from @size alone, so gfree_sized() may be used
 */
struct twin_object {
	u8 *p;
	size_t size;
	size_t real;
	u32 stamp;
	bool sized;
};

/**
 * struct twin - all objects that should be live
 * @objects: in no order
 * @nr: how many
 * @max: room for so many
 * @bytes: sum of their real sizes
 * @stamp: of the last object
 */
struct twin {
	struct twin_object *objects;
	unsigned int nr;
	unsigned int max;
	size_t bytes;
	u32 stamp;
};

bool twin_init(struct kunit *test, struct twin *t, unsigned int max);
const char *twin_add(struct twin *t, void *p, size_t size, size_t align,
		     bool sized);
struct twin_object *twin_find(struct twin *t, const void *p);
const char *twin_drop(struct twin *t, struct twin_object *o);
const char *twin_check_all(struct twin *t);

void twin_fill(void *p, size_t size, u32 stamp);
bool twin_intact(const void *p, size_t size, u32 stamp);
bool twin_all_zero(const void *p, size_t size);

#endif /* _GALLOC_KUNIT_TWIN_H */
