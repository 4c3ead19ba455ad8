// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what is zero, and what is kept, with and without init_on_alloc and
 * init_on_free.  What lib/test_meminit.c asks of the kernel's allocators, of galloc's.
 */
#include "helpers.h"

#include <linux/mm.h>

#include "twin.h"

#define ROUNDS		10
#define GARBAGE		0xaa
#define CTOR_BYTES	8
#define CTOR_PATTERN	0x41

/* Until an object comes again, at most. */
#define MOST_OBJECTS	1024

static void *objects[MOST_OBJECTS];

enum { WITH_CTOR = 1, WITH_RCU = 2, WITH_ZERO = 4, NR_WITH = 8 };

static bool kernel_clears(void)
{
	return want_init_on_alloc(0) || want_init_on_free();
}

static void fill_ctor(void *p)
{
	memset(p, CTOR_PATTERN, CTOR_BYTES);
}

/* ---- memory ---------------------------------------------------------------------- */

/* Two objects one after another: of the second, what the first has left is seen. */
static bool memory_is_right(void *(*alloc)(size_t size), void (*free)(const void *p),
			    size_t size)
{
	bool right = true;
	int i;
	u8 *p;

	for (i = 0; i < 2; i++) {
		p = alloc(size);
		if (!p)
			return false;
		right = right && (!kernel_clears() || twin_all_zero(p, size));
		memset(p, GARBAGE, size);
		free(p);
	}
	return right;
}

static void *by_galloc(size_t size)
{
	return galloc(size, GFP_KERNEL);
}

static void *by_gvmalloc(size_t size)
{
	return gvmalloc(size, GFP_KERNEL);
}

static void by_gfree(const void *p)
{
	gfree(p);
}

static void by_gvfree(const void *p)
{
	gvfree(p);
}

/* Every power of two, and a size that is none, up to the largest. */
static void memory_is_cleared_as_the_kernel_is_told(struct kunit *test)
{
	size_t size, wrong = 0;
	int i;
	u8 *p;

	for (size = 8; size <= (1UL << 20);
	     size = is_power_of_2(size) ? size + 3 : 2 * (size - 3)) {
		if (!memory_is_right(by_galloc, by_gfree, size))
			wrong = size;
		for (i = 0; i < 3; i++) {
			p = gzalloc(size, GFP_KERNEL);
			KUNIT_ASSERT_NOT_NULL(test, p);
			if (!twin_all_zero(p, size))
				wrong = size;
			memset(p, GARBAGE, size);
			gfree(p);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* ---- caches ---------------------------------------------------------------------- */

static bool object_is_right(const u8 *p, size_t size, unsigned int with)
{
	bool cleared = with & WITH_ZERO ||
		       (!(with & (WITH_CTOR | WITH_RCU)) && kernel_clears());

	if (with & WITH_CTOR && memchr_inv(p, CTOR_PATTERN, CTOR_BYTES))
		return false;
	return !cleared || twin_all_zero(p, size);
}

/* Free an object, and see that a reader may still look at it. */
static bool kept_for_readers(struct galloc_cache *cache, u8 *p, size_t size, u8 *copy)
{
	bool same;

	rcu_read_lock();
	memcpy(copy, p, size);
	galloc_cache_free(cache, p);
	same = !memcmp(copy, p, size);
	rcu_read_unlock();
	return same;
}

/* Objects in bulk are as they should be, and are left full of garbage. */
static bool bulk_is_right(struct galloc_cache *cache, size_t size, unsigned int with,
			  unsigned int n)
{
	size_t first = with & WITH_CTOR ? CTOR_BYTES : 0;
	gfp_t gfp = with & WITH_ZERO ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL;
	bool right = true;
	unsigned int i;

	if (galloc_cache_alloc_bulk(cache, gfp, n, objects) != n)
		return false;
	for (i = 0; i < n; i++) {
		right = right && object_is_right(objects[i], size, with);
		memset(objects[i] + first, GARBAGE, size - first);
	}
	galloc_cache_free_bulk(cache, n, objects);
	return right;
}

static bool one_is_right(struct galloc_cache *cache, size_t size, unsigned int with, u8 *copy)
{
	size_t first = with & WITH_CTOR ? CTOR_BYTES : 0;
	u8 *p = galloc_cache_alloc(cache, with & WITH_ZERO ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL);
	bool right = p && object_is_right(p, size, with);

	if (!p)
		return false;
	memset(p + first, GARBAGE, size - first);
	if (with & WITH_RCU)
		return kept_for_readers(cache, p, size, copy) && right;
	galloc_cache_free(cache, p);
	return right;
}

static struct galloc_cache *cache_with(size_t size, size_t align, unsigned int with)
{
	return galloc_cache_create("meminit", size,
		&(struct galloc_cache_args) {
			.align = align,
			.ctor = with & WITH_CTOR ? fill_ctor : NULL,
			.flags = with & WITH_RCU ? GALLOC_CACHE_TYPESAFE_BY_RCU : 0,
		});
}

/* Ten rounds of a cache. */
static bool cache_is_right(size_t size, unsigned int with, u8 *copy)
{
	struct galloc_cache *cache = cache_with(size, 1, with);
	unsigned int n = gk_slow() ? 10 : 100, i, right = 0;

	for (i = 0; cache && i < ROUNDS; i++)
		right += bulk_is_right(cache, size, with, n) &&
			 one_is_right(cache, size, with, copy);
	galloc_cache_destroy(cache);
	return right == ROUNDS;
}

static bool ctor_with_zero(unsigned int with)
{
	return (with & (WITH_CTOR | WITH_ZERO)) == (WITH_CTOR | WITH_ZERO);
}

static void objects_of_caches_are_cleared_or_kept(struct kunit *test)
{
	u8 *copy = kunit_kmalloc(test, GALLOC_MAX_SMALL, GFP_KERNEL);
	size_t size, wrong = 0;
	unsigned int with;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (size = 8; size <= GALLOC_MAX_SMALL; size *= 4)
		for (with = 0; with < NR_WITH; with++)
			if (!ctor_with_zero(with) && !cache_is_right(size, with, copy))
				wrong = size;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* ---- lib/test_meminit.c ------------------------------------------------------------ */

/* Many rounds of ten objects in bulk. */
static bool many_bulks_are_right(size_t size)
{
	struct galloc_cache *cache = cache_with(size, size, 0);
	unsigned int i, n = gk_slow() ? 64 : 1024;
	bool right = cache;

	for (i = 0; right && i < n; i++)
		right = bulk_is_right(cache, size, 0, 10);
	galloc_cache_destroy(cache);
	return right;
}

/*
 * What was written to an object is still there when it is allocated again.  A neighbour keeps
 * its span, or else readers do: pages that have left, and come again, may be zero.
 */
static bool contents_survive(size_t size, unsigned int *again)
{
	struct galloc_cache *cache = cache_with(size, size, WITH_RCU);
	void *neighbour = cache ? galloc_cache_alloc(cache, GFP_KERNEL) : NULL;
	u8 *p = neighbour ? galloc_cache_alloc(cache, GFP_KERNEL) : NULL;
	bool right = p;
	unsigned int n = 0;

	if (!p)
		goto out;
	memset(p, GARBAGE, size);
	rcu_read_lock();
	galloc_cache_free(cache, p);
	/* If it does not come again in time there is nothing to see, as in the kernel. */
	for (; n < MOST_OBJECTS; n++) {
		objects[n] = galloc_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN);
		if (!objects[n])
			break;
		if (objects[n] != p)
			continue;
		right = !memchr_inv(p, GARBAGE, size);
		++*again;
		n++;
		break;
	}
	rcu_read_unlock();
	galloc_cache_free_bulk(cache, n, objects);
out:
	if (neighbour)
		galloc_cache_free(cache, neighbour);
	galloc_cache_destroy(cache);
	return right;
}

/*
 * What that tests, and as often, with galloc's calls: pages of 11 orders; 20 sizes of memory,
 * also as vmalloc() would give it; 10 caches with 6 kinds of objects, by one and in bulk, many
 * of these in bulk, and with contents that survive.  "all 131 tests passed!", says the kernel.
 */
static void what_the_kernel_tests_passes(struct kunit *test)
{
	u8 *copy = kunit_kmalloc(test, GALLOC_MAX_SMALL, GFP_KERNEL);
	unsigned int i, with, tried = 0, right = 0, again = 0;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (i = 0; i <= 10; i++, tried++) {
		gk_make_room(i);
		right += memory_is_right(by_galloc, by_gfree, PAGE_SIZE << i);
	}
	for (i = 0; i < 20; i++, tried += 2) {
		right += memory_is_right(by_galloc, by_gfree, 1UL << i);
		right += memory_is_right(by_gvmalloc, by_gvfree, 1UL << i);
	}
	for (i = 0; i < 10; i++) {
		for (with = 0; with < NR_WITH; with++) {
			if (ctor_with_zero(with))
				continue;
			right += cache_is_right(8 << i, with, copy);
			tried++;
		}
		right += many_bulks_are_right(8 << i);
		right += contents_survive(8 << i, &again);
		tried += 2;
	}
	KUNIT_EXPECT_EQ(test, tried, 131);
	KUNIT_EXPECT_EQ(test, right, tried);
	/* Most objects come again at once: so that has been seen. */
	KUNIT_EXPECT_GE(test, again, 5);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(memory_is_cleared_as_the_kernel_is_told),
	KUNIT_CASE(objects_of_caches_are_cleared_or_kept),
	KUNIT_CASE(what_the_kernel_tests_passes),
	{}
};

GK_SUITE(meminit, gk_init_alive, gk_exit);
