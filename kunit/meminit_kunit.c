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

/* ---- galloc() -------------------------------------------------------------------- */

/* Every power of two, and a size that is none, up to the largest. */
static void memory_is_cleared_as_the_kernel_is_told(struct kunit *test)
{
	size_t size, wrong = 0;
	int i, zero;
	u8 *p;

	for (size = 8; size <= (1UL << 20); size = is_power_of_2(size) ? size + 3 : 2 * (size - 3))
		for (zero = 0; zero < 2; zero++)
			for (i = 0; i < 3; i++) {
				p = zero ? gzalloc(size, GFP_KERNEL) : galloc(size, GFP_KERNEL);
				KUNIT_ASSERT_NOT_NULL(test, p);
				if ((zero || kernel_clears()) && !twin_all_zero(p, size))
					wrong = size;
				memset(p, GARBAGE, size);
				gfree(p);
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

static void objects_of_caches_are_cleared_or_kept(struct kunit *test)
{
	u8 *copy = kunit_kmalloc(test, GALLOC_MAX_SMALL, GFP_KERNEL);
	unsigned int with, i, right = 0, tried = 0;
	size_t size;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (size = 8; size <= GALLOC_MAX_SMALL; size *= 4)
		for (with = 0; with < NR_WITH; with++) {
			struct galloc_cache *cache;

			if ((with & (WITH_CTOR | WITH_ZERO)) == (WITH_CTOR | WITH_ZERO))
				continue;
			cache = galloc_cache_create("meminit", size, &(struct galloc_cache_args) {
				.ctor = with & WITH_CTOR ? fill_ctor : NULL,
				.flags = with & WITH_RCU ? GALLOC_CACHE_TYPESAFE_BY_RCU : 0,
			});
			KUNIT_ASSERT_NOT_NULL(test, cache);
			for (i = 0; i < ROUNDS; i++, tried++)
				right += one_round(cache, size, with, copy);
			galloc_cache_destroy(cache);
		}
	KUNIT_EXPECT_EQ(test, right, tried);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(memory_is_cleared_as_the_kernel_is_told),
	KUNIT_CASE(objects_of_caches_are_cleared_or_kept),
	{}
};

GK_SUITE(meminit, gk_init_alive, gk_exit);
