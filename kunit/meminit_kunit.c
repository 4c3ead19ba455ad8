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

static bool one_round(struct galloc_cache *cache, size_t size, unsigned int with, u8 *copy)
{
	size_t first = with & WITH_CTOR ? CTOR_BYTES : 0;
	gfp_t gfp = with & WITH_ZERO ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL;
	void *p[10];
	bool right = true;
	int i;

	if (galloc_cache_alloc_bulk(cache, gfp, 10, p) != 10)
		return false;
	for (i = 0; i < 10; i++) {
		right = right && object_is_right(p[i], size, with);
		memset(p[i] + first, GARBAGE, size - first);
	}
	galloc_cache_free_bulk(cache, 9, p);
	if (with & WITH_RCU)
		return kept_for_readers(cache, p[9], size, copy) && right;
	galloc_cache_free(cache, p[9]);
	return right;
}

/* Ten rounds of a cache, with each call of its own. */
static bool cache_is_right(size_t size, unsigned int with, u8 *copy)
{
	struct galloc_cache *cache = galloc_cache_create("meminit", size,
		&(struct galloc_cache_args) {
			.ctor = with & WITH_CTOR ? fill_ctor : NULL,
			.flags = with & WITH_RCU ? GALLOC_CACHE_TYPESAFE_BY_RCU : 0,
		});
	unsigned int i, right = 0;

	for (i = 0; cache && i < ROUNDS; i++)
		right += one_round(cache, size, with, copy);
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

/*
 * What that tests, with galloc's calls: pages of 11 orders, 20 sizes of memory twice, 10
 * caches with 6 kinds of objects, those in bulk, and those that readers look at.
 */
static void what_the_kernel_tests_passes(struct kunit *test)
{
	u8 *copy = kunit_kmalloc(test, GALLOC_MAX_SMALL, GFP_KERNEL);
	unsigned int i, with, tried = 0, right = 0;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (i = 0; i <= 10; i++, tried++)
		right += memory_is_right(by_galloc, by_gfree, PAGE_SIZE << i);
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
		right += cache_is_right(8 << i, 0, copy);
		right += cache_is_right(8 << i, WITH_RCU, copy);
		tried += 2;
	}
	KUNIT_EXPECT_EQ(test, tried, 131);
	KUNIT_EXPECT_EQ(test, right, tried);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(memory_is_cleared_as_the_kernel_is_told),
	KUNIT_CASE(objects_of_caches_are_cleared_or_kept),
	KUNIT_CASE(what_the_kernel_tests_passes),
	{}
};

GK_SUITE(meminit, gk_init_alive, gk_exit);
