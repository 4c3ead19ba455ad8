// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: pages of heaps and caches are nobody else's.
 *
 * What a client has is compared with all pages that galloc has, whoever owns them.
 */
#include "helpers.h"

#include <linux/slab.h>
#include <linux/sort.h>

#include "client/cache.h"
#include "client/heap.h"

#define NR_OBJECTS	1500
#define LARGE		(5 * PAGE_SIZE + GALLOC_MAX_SMALL)

/* Whose an object is.  All but the last count in an account of their own. */
enum whose { HEAP, OTHER_HEAP, CACHE_OF_HEAP, CACHE, NOBODY, NR_OWNERS };

/**
 * struct held - a page with an object that we have
 * @pfn: its number
 * @owner: of the object
 * @walked: how often the walk came to it
 */
struct held {
	unsigned long pfn;
	enum whose owner;
	unsigned int walked;
};

/**
 * struct apart - objects of all owners, and what a walk over all pages found
 * @heap: two heaps
 * @cache: a cache in the second of them, and one by itself
 * @object: what is allocated, of owner i % NR_OWNERS
 * @page: their pages, sorted
 * @nr_pages: length of @page
 * @live: objects of each owner
 * @found: objects in use, by the bitmaps of each owner's spans
 * @walked: pages that galloc has
 * @wrong: pages of an owner that have an object of another
 */
struct apart {
	struct galloc_heap *heap[2];
	struct galloc_cache *cache[2];
	void *object[NR_OBJECTS];
	struct held *page;
	unsigned int nr_pages;
	unsigned long live[NR_OWNERS];
	unsigned long found[NR_OWNERS];
	unsigned long walked;
	unsigned long wrong;
};

static int by_page(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->pfn < y->pfn ? -1 : x->pfn > y->pfn;
}

static void *take_as(const struct apart *a, enum whose owner, u64 *rng)
{
	size_t size = gk_below(rng, 32) ? gk_random_size(rng) : LARGE;

	switch (owner) {
	case HEAP:
	case OTHER_HEAP:
		return galloc_from(a->heap[owner - HEAP], size, GFP_KERNEL);
	case CACHE_OF_HEAP:
	case CACHE:
		return galloc_cache_alloc(a->cache[owner - CACHE_OF_HEAP], GFP_KERNEL);
	default:
		return galloc(size, GFP_KERNEL);
	}
}

/* NR_OWNERS: not one of ours. */
static enum whose owner_of(const struct apart *a, const struct mspan *s)
{
	const struct rowset *set = mspan_row(s) ? rows_of_row(mspan_row(s)) : NULL;
	unsigned int i;

	for (i = 0; set && i < 2; i++) {
		if (set->args.account == &a->heap[i]->account)
			return HEAP + i;
		if (set->args.account == &a->cache[i]->account)
			return CACHE_OF_HEAP + i;
	}
	return set ? NR_OWNERS : NOBODY;
}

/* All that we have of a page is of that owner. */
static void see_page(struct apart *a, unsigned long pfn, enum whose owner)
{
	unsigned int low = 0, high = a->nr_pages, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (a->page[mid].pfn < pfn)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < a->nr_pages && a->page[low].pfn == pfn; low++) {
		a->page[low].walked++;
		a->wrong += a->page[low].owner != owner;
	}
}

static void see_span(struct mspan *s, void *arg)
{
	struct apart *a = arg;
	enum whose owner = owner_of(a, s);
	unsigned int i;

	if (s->arena->lone)
		return;
	a->walked += s->npages;
	for (i = 0; i < s->npages; i++)
		see_page(a, (__pa(s->start) >> PAGE_SHIFT) + i, owner);
	if (owner >= NOBODY)
		return;
	if (mspan_state(s) == MSPAN_LARGE)
		a->found[owner]++;
	else if (mspan_has_objects(s))
		a->found[owner] += s->objects - mspan_count_free(s);
}

static unsigned long pages_owned(unsigned long nr)
{
	const struct arena *arena;
	unsigned long n;

	rcu_read_lock();
	arena = map_slot(nr);
	n = arena == &arena_none || arena->lone ? 0 : arena->nr_owned;
	rcu_read_unlock();
	return n;
}

static void list_pages(struct kunit *test, struct apart *a)
{
	unsigned int i;

	a->nr_pages = 0;
	memset(a->live, 0, sizeof(a->live));
	for (i = 0; i < NR_OBJECTS; i++) {
		unsigned long at = (unsigned long)a->object[i], end = at + gsize(a->object[i]);

		if (!a->object[i])
			continue;
		a->live[i % NR_OWNERS]++;
		for (at = ALIGN_DOWN(at, PAGE_SIZE); at < end; at += PAGE_SIZE)
			a->page[a->nr_pages++] = (struct held) {
				__pa(at) >> PAGE_SHIFT, i % NR_OWNERS
			};
	}
	sort(a->page, a->nr_pages, sizeof(*a->page), by_page, NULL);
}

/* At rest, so that nothing is on a stack and no span changes meanwhile. */
static void walk_all_pages(struct kunit *test, struct apart *a)
{
	unsigned long nr, owned = 0;
	struct galloc_totals t;
	unsigned int i;

	KUNIT_EXPECT_TRUE(test, gk_rest(&t));
	list_pages(test, a);
	memset(a->found, 0, sizeof(a->found));
	a->walked = 0;
	a->wrong = 0;
	for (nr = 0; nr < map_nr_slots(); nr++) {
		map_walk_slot(nr, see_span, a);
		owned += pages_owned(nr);
	}
	KUNIT_EXPECT_EQ(test, a->wrong, 0);
	KUNIT_EXPECT_EQ(test, a->walked, owned);
	for (i = 0; i < a->nr_pages; i++)
		if (a->page[i].walked != 1)
			break;
	KUNIT_EXPECT_EQ(test, i, a->nr_pages);
	/* Nor has anybody else an object there. */
	for (i = 0; i < NOBODY; i++)
		KUNIT_EXPECT_EQ_MSG(test, a->found[i], a->live[i], "owner %u", i);
	gk_background();
}

static bool owners_begin(struct apart *a)
{
	a->heap[0] = galloc_heap_create("kunit", NULL);
	a->heap[1] = galloc_heap_create("kunit", NULL);
	a->cache[0] = a->heap[1] ? galloc_heap_cache_create(a->heap[1], "kunit", 1000, NULL) : NULL;
	a->cache[1] = galloc_cache_create("kunit", 1000, NULL);
	return a->heap[0] && a->cache[0] && a->cache[1];
}

/* CPUs have stacks for what is about to be freed, so that it is used again from there. */
static void owners_get_stacks(const struct apart *a)
{
	static const size_t sizes[] = { 24, 100, 1000, 5000 };
	unsigned int i, j, class;

	for (i = 0; i < 2; i++) {
		stacks_give(a->cache[i]->set);
		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			if (a->heap[i]->set[sizeclass_of(sizes[j])])
				stacks_give(a->heap[i]->set[sizeclass_of(sizes[j])]);
		galloc_cache_free(a->cache[i], galloc_cache_alloc(a->cache[i], GFP_KERNEL));
	}
	for_each_class(class) {
		gfree(galloc(sizeclasses[class].size, GFP_KERNEL));
		for (i = 0; i < 2; i++)
			gfree(galloc_from(a->heap[i], sizeclasses[class].size, GFP_KERNEL));
	}
}

static void no_page_has_objects_of_two_owners(struct kunit *test)
{
	struct apart *a = kvzalloc(sizeof(*a), GFP_KERNEL);
	unsigned int i, round;
	u64 rng = gk_seed(test);

	KUNIT_ASSERT_NOT_NULL(test, a);
	a->page = kvcalloc(NR_OBJECTS * (LARGE / PAGE_SIZE + 2), sizeof(*a->page), GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, a->page && owners_begin(a));
	for (round = 0; round < 3; round++) {
		for (i = 0; i < NR_OBJECTS; i++) {
			a->object[i] = a->object[i] ?: take_as(a, i % NR_OWNERS, &rng);
			KUNIT_EXPECT_NOT_NULL(test, a->object[i]);
		}
		walk_all_pages(test, a);
		owners_get_stacks(a);
		/* On the last round the neighbours of what stays are free. */
		for (i = 0; i < NR_OBJECTS; i++) {
			if (gk_below(&rng, 2))
				continue;
			gfree(a->object[i]);
			a->object[i] = NULL;
		}
	}
	walk_all_pages(test, a);
	gfree_bulk(NR_OBJECTS, a->object);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, galloc_heap_destroy(a->heap[i]), 0);
	galloc_cache_destroy(a->cache[1]);
	kvfree(a->page);
	kvfree(a);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_page_has_objects_of_two_owners),
	{}
};

GK_SUITE(apart, gk_init_alive, gk_exit);
