// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what the files in debugfs say of heaps and caches.
 */
#include "helpers.h"

#include <linux/slab.h>
#include <linux/string.h>

#include "client/cache.h"
#include "client/heap.h"
#include "debug/watch.h"
#include "observe/heaps.h"
#include "observe/metrics.h"

#define TIMES		1000
#define FILE_BYTES	(128 * 1024)

/* One that is not a word, and how it is shown. */
#define NAME		"my cache,\\ \"\n\xff"
#define NAME_SHOWN	"my\\040cache,\\134\\040\"\\012\\377"

/* A file of debugfs as its reader sees it. */
static const char *show(struct kunit *test, int (*fn)(struct seq_file *m, void *v),
			void *private)
{
	struct seq_file m = { .size = FILE_BYTES, .private = private };

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	mutex_init(&m.lock);
	KUNIT_EXPECT_EQ(test, fn(&m, NULL), 0);
	return m.buf;
}

/* How often a text is in another. */
static unsigned int count(const char *in, const char *text)
{
	unsigned int n = 0;

	for (; (in = strstr(in, text)); in++)
		n++;
	return n;
}

static bool set_is_of(const struct rowset *set, const void *heap)
{
	return set->args.owner == heap;
}

/* ---- stats ------------------------------------------------------------------------------- */

/* Programs that draw the map of another machine ask. */
static void stats_has_the_size_of_a_page(struct kunit *test)
{
	char line[48];

	snprintf(line, sizeof(line), "\npage_bytes           %lu\n", PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, count(show(test, stats_show, NULL), line), 1);
}

/* ---- heaps ------------------------------------------------------------------------------- */

static void take_and_free(struct kunit *test, struct galloc_heap *heap)
{
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		void *p = galloc_from(heap, 64, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		gfree(p);
	}
}

/* Each that was allocated counts, with stacks and without, and once. */
static void a_heap_counts_its_small_objects(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	struct galloc_cache *cache;
	struct rowset *set;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 0);
	take_and_free(test, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), TIMES);
	set = heap->set[sizeclass_of(64)];
	stacks_give(set);
	take_and_free(test, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 2 * TIMES);
	stacks_take(set_is_of, heap);
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 2 * TIMES);
	/* What classes has. */
	cache = galloc_heap_cache_create(heap, "kunit", 64, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	galloc_cache_free(cache, galloc_cache_alloc(cache, GFP_KERNEL));
	gfree(galloc_from(heap, 100000, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, heaps_allocs(heap), 2 * TIMES);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
}

/* ---- caches ------------------------------------------------------------------------------ */

/* It is one word, which ends where the next column begins. */
static void any_name_of_a_cache_is_a_word(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	struct galloc_cache *cache;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	cache = galloc_heap_cache_create(heap, NAME, 200, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_EXPECT_EQ(test, count(show(test, stats_classes_show, NULL),
				    "\n" NAME_SHOWN "        200 "), 1);
	KUNIT_EXPECT_EQ(test, count(show(test, heaps_classes_show, heap),
				    "\n" NAME_SHOWN "        200 "), 1);
	galloc_cache_destroy(cache);
	/* A short one is padded where the column is wide. */
	cache = galloc_heap_cache_create(heap, "a b", 200, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_EXPECT_EQ(test, count(show(test, heaps_classes_show, heap),
				    "\na\\040b                      200 "), 1);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
}

static bool is_watched(const struct galloc_cache *cache)
{
	return READ_ONCE(cache->set->gates) & BIT(GATE_TABLE);
}

/* Watch by a name, and not. */
static int watch(struct kunit *test, const char *name, const char *how)
{
	char *text = kunit_kzalloc(test, strlen(name) + 16, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	sprintf(text, "cache=%s %s", name, how);
	return watch_command(text);
}

/* As it was created, as classes shows it, or in part. */
static void a_cache_is_watched_by_any_name(struct kunit *test)
{
	static const char * const names[] = {
		NAME, NAME_SHOWN, "my\\040cache\\054\\134 \"\n\377",
	};
	struct galloc_cache *cache = galloc_cache_create(NAME, 200, NULL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		KUNIT_EXPECT_EQ(test, watch(test, names[i], "on"), 0);
		KUNIT_EXPECT_TRUE_MSG(test, is_watched(cache), "%s", names[i]);
		KUNIT_EXPECT_STREQ(test, show(test, watch_show, NULL),
				   "cache=" NAME_SHOWN "\n");
		KUNIT_EXPECT_EQ(test, watch(test, NAME_SHOWN, " off "), 0);
		KUNIT_EXPECT_FALSE(test, is_watched(cache));
	}
	KUNIT_EXPECT_EQ(test, watch(test, "my", "cache on"), 0);
	KUNIT_EXPECT_FALSE(test, is_watched(cache));
	KUNIT_EXPECT_EQ(test, watch(test, "my cache", "off"), 0);
	KUNIT_EXPECT_EQ(test, watch(test, "my\\000cache", "on"), -EINVAL);
	galloc_cache_destroy(cache);
}

static void names_may_be_long(struct kunit *test)
{
	char *name = kunit_kzalloc(test, 1025, GFP_KERNEL);
	struct galloc_cache *cache;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, name);
	memset(name, ' ', 255);
	cache = galloc_cache_create(name, 200, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	for (i = 0; i < 255; i++)
		memcpy(name + 4 * i, "\\040", 4);
	KUNIT_EXPECT_EQ(test, watch(test, name, "on"), 0);
	KUNIT_EXPECT_TRUE(test, is_watched(cache));
	KUNIT_EXPECT_EQ(test, watch(test, name, "off"), 0);
	name[4 * i] = 'x';
	KUNIT_EXPECT_EQ(test, watch(test, name, "on"), -EINVAL);
	galloc_cache_destroy(cache);
}

/* ---- metrics ------------------------------------------------------------------------------ */

/* No series is there twice, and none is missing. */
static void caches_of_one_name_are_added_up(struct kunit *test)
{
	static const char * const names[] = { "kunit", NAME, "kunit", "kunit" };
	struct galloc_cache *cache[ARRAY_SIZE(names)];
	void *p[ARRAY_SIZE(names)];
	const char *text;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cache[i] = galloc_cache_create(names[i], 200 + 8 * i, NULL);
		KUNIT_ASSERT_NOT_NULL(test, cache[i]);
		p[i] = galloc_cache_alloc(cache[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
	text = show(test, metrics_show, NULL);
	KUNIT_EXPECT_EQ(test, count(text, "{cache=\"kunit\"} "), 5);
	KUNIT_EXPECT_EQ(test, count(text, "\ngalloc_cache_in_use_objects{cache=\"kunit\"} 3\n"), 1);
	KUNIT_EXPECT_EQ(test, count(text, "\ngalloc_cache_allocs_total{cache=\"kunit\"} 3\n"), 1);
	KUNIT_EXPECT_EQ(test, count(text, "\ngalloc_cache_allocs_total{cache=\"my\\\\040cache,"
				    "\\\\134\\\\040\\\"\\\\012\\\\377\"} 1\n"), 1);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		galloc_cache_free(cache[i], p[i]);
		galloc_cache_destroy(cache[i]);
	}
}

/* Whole pages are in classes, and so they are here. */
static void whole_pages_have_metrics(struct kunit *test)
{
	void *p = galloc(100000, GFP_KERNEL);
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	char line[96];

	KUNIT_ASSERT_TRUE(test, p && heap);
	gfree(galloc_from(heap, 64, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, count(show(test, metrics_show, NULL),
				    "\ngalloc_class_in_use_objects{size=\"large\"} 1\n"), 1);
	snprintf(line, sizeof(line), "\ngalloc_class_allocs_total{size=\"large\"} %ld\n",
		 gk_events(EVENT_LARGE_ALLOC));
	KUNIT_EXPECT_EQ(test, count(show(test, metrics_show, NULL), line), 1);
	KUNIT_EXPECT_EQ(test, count(show(test, metrics_show, NULL),
				    "\ngalloc_heap_allocs_total{heap=\"kunit\"} 1\n"), 1);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	gfree(p);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(stats_has_the_size_of_a_page),
	KUNIT_CASE(a_heap_counts_its_small_objects),
	KUNIT_CASE(any_name_of_a_cache_is_a_word),
	KUNIT_CASE(a_cache_is_watched_by_any_name),
	KUNIT_CASE(names_may_be_long),
	KUNIT_CASE(caches_of_one_name_are_added_up),
	KUNIT_CASE(whole_pages_have_metrics),
	{}
};

GK_SUITE(files, gk_init, gk_exit);
