// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * twin: the naive allocator that galloc is compared with; see twin.h.
 */
#include "twin.h"

#include <kunit/test.h>
#include <linux/string.h>

#include "galloc.h"

/* ---- patterns ----------------------------------------------------------- */

/* No two words of an object are alike, nor those at one place of two objects. */
static u64 pattern(u32 stamp, size_t word)
{
	return (stamp + 1) * 0x9e3779b97f4a7c15ULL + word * 0xd1342543de82ef95ULL;
}

/* The bytes that do not fill a word any more. */
static void pattern_tail(u8 *tail, size_t size, u32 stamp)
{
	u64 word = pattern(stamp, size / 8);

	memcpy(tail, &word, size % 8);
}

void twin_fill(void *p, size_t size, u32 stamp)
{
	u64 *word = p;
	size_t i;

	for (i = 0; i < size / 8; i++)
		word[i] = pattern(stamp, i);
	pattern_tail((u8 *)(word + i), size, stamp);
}

bool twin_intact(const void *p, size_t size, u32 stamp)
{
	const u64 *word = p;
	u8 tail[8] = { };
	u64 differ = 0;
	size_t i;

	for (i = 0; i < size / 8; i++)
		differ |= word[i] ^ pattern(stamp, i);
	pattern_tail(tail, size, stamp);
	return !differ && !memcmp(word + i, tail, size % 8);
}

bool twin_all_zero(const void *p, size_t size)
{
	return !memchr_inv(p, 0, size);
}

/* ---- the array ---------------------------------------------------------- */

bool twin_init(struct kunit *test, struct twin *t, unsigned int max)
{
	memset(t, 0, sizeof(*t));
	t->objects = kunit_kcalloc(test, max, sizeof(*t->objects), GFP_KERNEL);
	t->max = max;
	return t->objects;
}

static bool overlap(const struct twin_object *a, const struct twin_object *b)
{
	return a->p < b->p + b->real && b->p < a->p + a->real;
}

static bool overlaps_another(const struct twin *t, const struct twin_object *o)
{
	unsigned int i;

	for (i = 0; i < t->nr; i++)
		if (&t->objects[i] != o && overlap(&t->objects[i], o))
			return true;
	return false;
}

/*
 * Take in an object that galloc has just handed out, and fill it.  @align is
 * what was promised; @sized: galloc(@size) would have served it.
 */
const char *twin_add(struct twin *t, void *p, size_t size, size_t align,
		     bool sized)
{
	struct twin_object *o = &t->objects[t->nr];

	if (t->nr == t->max)
		return "the twin is full";
	o->p = p;
	o->size = size;
	o->real = gsize(p);
	o->stamp = ++t->stamp;
	o->sized = sized;
	if ((unsigned long)p & (align - 1))
		return "not aligned as promised";
	if (o->real < size)
		return "smaller than asked for";
	if (sized && o->real != galloc_size_roundup(size))
		return "not of the size that galloc_size_roundup() foretold";
	if (overlaps_another(t, o))
		return "overlaps a live object";
	twin_fill(p, size, o->stamp);
	t->nr++;
	t->bytes += o->real;
	return NULL;
}

struct twin_object *twin_find(struct twin *t, const void *p)
{
	unsigned int i;

	for (i = 0; i < t->nr; i++)
		if (t->objects[i].p == p)
			return &t->objects[i];
	return NULL;
}

static const char *check(const struct twin_object *o)
{
	if (!twin_intact(o->p, o->size, o->stamp))
		return "somebody wrote to a live object";
	if (gsize(o->p) != o->real)
		return "a live object changed its size";
	return NULL;
}

/* Check an object that is about to be freed, and forget it. */
const char *twin_drop(struct twin *t, struct twin_object *o)
{
	const char *wrong = check(o);

	t->bytes -= o->real;
	*o = t->objects[--t->nr];
	return wrong;
}

const char *twin_check_all(struct twin *t)
{
	const char *wrong;
	unsigned int i;

	for (i = 0; i < t->nr; i++) {
		wrong = check(&t->objects[i]);
		if (wrong)
			return wrong;
		if (overlaps_another(t, &t->objects[i]))
			return "two live objects overlap";
	}
	return NULL;
}
