// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: private heaps. */
#include "helpers.h"

#include <linux/slab.h>
#include <linux/seq_file.h>

#include "client/cache.h"
#include "client/heap.h"
#include "debug/watch.h"
#include "observe/heaps.h"
#include "twin.h"

#define LARGE	(5 * PAGE_SIZE + GALLOC_MAX_SMALL)

/* ---- helpers ------------------------------------------------------------------ */

static struct galloc_heap *make(struct kunit *test, size_t limit)
{
	struct galloc_heap *heap =
		galloc_heap_create("kunit", &(struct galloc_heap_args) {
					.limit_bytes = limit,
				   });

	KUNIT_ASSERT_NOT_NULL(test, heap);
	return heap;
}

static size_t held(struct galloc_heap *heap)
{
	struct galloc_heap_usage u;

	galloc_heap_usage(heap, &u);
	return u.held;
}

static void *take(struct kunit *test, struct galloc_heap *heap, size_t size)
{
	void *p = galloc_from(heap, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static void count_heap(struct galloc_heap *heap, void *arg)
{
	++*(unsigned int *)arg;
}

static unsigned int heaps_alive(void)
{
	unsigned int n = 0;

	heap_walk(count_heap, &n);
	return n;
}

/* ---- allocation ---------------------------------------------------------------- */

static void every_call_serves_its_heap(struct kunit *test)
{
	struct galloc_heap *heap = make(test, 0);
	struct galloc_heap_usage u;
	void *p[16], *q;
	int i;

	p[0] = galloc_from(heap, 100, GFP_KERNEL);
	p[1] = gzalloc_from(heap, 3000, GFP_KERNEL);
	p[2] = galloc_from_node(heap, 24, GFP_KERNEL, gk_nid());
	p[3] = galloc_from_aligned(heap, 40, 512, GFP_KERNEL);
	p[4] = galloc_from(heap, LARGE, GFP_KERNEL);
	p[5] = galloc_from_aligned(heap, LARGE, 16 * PAGE_SIZE, GFP_KERNEL);
	p[6] = galloc_from(heap, (2 << 20) + 1, GFP_KERNEL);
	p[7] = galloc_from_node(heap, LARGE, GFP_KERNEL, gk_nid());
	gk_expect_warning(test, "is not a power of two");
	KUNIT_EXPECT_NULL(test, galloc_from_aligned(heap, 40, 3, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 4, galloc_from_bulk(heap, 64, GFP_KERNEL, 4, p + 8));
	KUNIT_EXPECT_EQ(test, 2, galloc_from_bulk(heap, LARGE, GFP_KERNEL, 2, p + 12));
	p[14] = grealloc_from(heap, NULL, 8, GFP_KERNEL);
	p[15] = grealloc_from(heap, galloc(200, GFP_KERNEL), 100, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		KUNIT_EXPECT_TRUE(test, heap_has(heap, p[i]));
		memset(p[i], i, gsize(p[i]));
	}
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p[3], 512));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p[5], 16 * PAGE_SIZE));
	KUNIT_EXPECT_PTR_EQ(test, galloc_from(heap, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	/* It grows in its heap, whoever is asked. */
	for (i = 0; i < 2; i++) {
		q = i ? grealloc(p[8 + i], 5000, GFP_KERNEL) :
		    grealloc_from(heap, p[8 + i], 5000, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, q);
		KUNIT_EXPECT_NULL(test, memchr_inv(q, 8 + i, 64));
		KUNIT_EXPECT_TRUE(test, heap_has(heap, q));
		p[8 + i] = q;
	}
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_GE(test, u.held, u.in_use + u.cached);
	KUNIT_EXPECT_GE(test, u.in_use, 4UL << 20);
	KUNIT_EXPECT_GE(test, u.peak, u.held);
	gfree_bulk(ARRAY_SIZE(p), p);
	galloc_heap_trim(heap);
	KUNIT_EXPECT_EQ(test, held(heap), 0);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	galloc_heap_destroy(NULL);
}

static void the_first_of_a_class_may_be_wanted_in_an_interrupt(struct kunit *test)
{
	struct galloc_heap *heap = make(test, 0);
	unsigned long flags;
	void *p[2];

	local_irq_save(flags);
	p[0] = galloc_from(heap, 48, GFP_ATOMIC | __GFP_NOWARN);
	p[1] = galloc_from(heap, LARGE, GFP_ATOMIC | __GFP_NOWARN);
	gfree_bulk(2, p);
	local_irq_restore(flags);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT)) {
		KUNIT_EXPECT_NOT_NULL(test, p[0]);
		KUNIT_EXPECT_NOT_NULL(test, p[1]);
	}
	galloc_heap_destroy(heap);
}

static void a_large_object_is_uncharged_before_it_is_kept(struct kunit *test)
{
	struct galloc_heap *heap = make(test, LARGE + PAGE_SIZE);
	void *p = take(test, heap, LARGE), *q;

	KUNIT_EXPECT_EQ(test, held(heap), LARGE);
	KUNIT_EXPECT_NULL(test, galloc_from(heap, LARGE, GFP_KERNEL | __GFP_NOWARN));
	/* Nothing but the next request takes it from where it is kept. */
	gk_quiet();
	gfree(p);
	KUNIT_EXPECT_EQ(test, held(heap), 0);
	q = galloc(LARGE, GFP_KERNEL);
	if (!galloc_debug)
		KUNIT_EXPECT_PTR_EQ(test, q, p);
	gfree(q);
	KUNIT_EXPECT_EQ(test, held(heap), 0);
	p = take(test, heap, LARGE);
	KUNIT_EXPECT_EQ(test, held(heap), LARGE);
	gfree(p);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
}

/* ---- the limit -------------------------------------------------------------------- */

#define RACERS		4
#define RACE_OBJECTS	4096

struct race {
	struct galloc_heap *heap;
	atomic_t ready;
	unsigned int limit;
	unsigned long above;
	void *object[RACERS][RACE_OBJECTS];
	unsigned int n[RACERS];
};

struct racer {
	struct race *race;
	unsigned int id;
};

/* Take until there is no more, and look whether that was too much at any time. */
static void race_take(struct race *race, unsigned int id)
{
	unsigned int n = race->n[id];

	while (n < RACE_OBJECTS) {
		void *p = galloc_from(race->heap, 1024, GFP_KERNEL | __GFP_NOWARN);

		if (atomic_long_read(&race->heap->account.bytes) > race->limit)
			race->above++;
		if (!p)
			break;
		race->object[id][n++] = p;
	}
	race->n[id] = n;
}

static void race_fn(void *arg)
{
	struct racer *racer = arg;

	gk_meet(&racer->race->ready, RACERS);
	race_take(racer->race, racer->id);
}

static void racing_cpus_share_the_last_span(struct kunit *test)
{
	struct race *race = kvzalloc(sizeof(*race), GFP_KERNEL);
	struct gk_thread *thread[RACERS];
	unsigned int i, round, sum, most;
	struct racer racer[RACERS];

	KUNIT_ASSERT_NOT_NULL(test, race);
	for (round = 0; round < 5; round++) {
		/* Not a whole number of spans; in the last two with stacks. */
		most = round < 3 ? 64 + round : 64 * num_possible_cpus();
		race->limit = most * PAGE_SIZE + 100;
		race->heap = make(test, race->limit);
		gfree(galloc_from(race->heap, 1024, GFP_KERNEL));
		if (round >= 3)
			KUNIT_EXPECT_TRUE(test, stacks_give(race->heap->set[sizeclass_of(1024)]));
		atomic_set(&race->ready, 0);
		memset(race->n, 0, sizeof(race->n));
		for (i = 0; i < RACERS; i++) {
			racer[i] = (struct racer) { race, i };
			thread[i] = gk_start(test, gk_cpu(i), race_fn, &racer[i]);
		}
		for (i = 0; i < RACERS; i++)
			gk_join(test, thread[i]);
		/* Others were refused what a CPU has only taken off its stack by now. */
		if (round >= 3) {
			empty_flush();
			race_take(race, 0);
		}
		for (i = 0, sum = 0; i < RACERS; i++)
			sum += race->n[i];
		KUNIT_EXPECT_EQ(test, race->above, 0);
		KUNIT_EXPECT_EQ(test, held(race->heap), most * PAGE_SIZE);
		KUNIT_EXPECT_GE(test, sum, most * PAGE_SIZE / 1024);
		KUNIT_EXPECT_GE(test, atomic_long_read(&race->heap->account.refused), RACERS);
		for (i = 0; i < RACERS; i++)
			gfree_bulk(race->n[i], race->object[i]);
		galloc_heap_trim(race->heap);
		KUNIT_EXPECT_EQ(test, held(race->heap), 0);
		KUNIT_EXPECT_EQ(test, galloc_heap_destroy(race->heap), 0);
	}
	kvfree(race);
}

/* Takes what is left just when another request has seen that it is enough. */
static struct {
	struct galloc_heap *heap;
	size_t size;
	void *object;
} faster;

static void be_faster(enum galloc_pause point, const void *what)
{
	size_t size = faster.size;

	if (point != PAUSE_CHARGE || what != &faster.heap->account || !size)
		return;
	faster.size = 0;
	faster.object = galloc_from(faster.heap, size, GFP_ATOMIC | __GFP_NOWARN);
}

static void what_was_left_is_charged_once(struct kunit *test)
{
	static const size_t sizes[] = { 1024, LARGE };
	struct galloc_heap_usage u;
	unsigned int i;
	void *p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		faster.heap = make(test, 0);
		/* The set is made, and how much it takes is known. */
		p = take(test, faster.heap, sizes[i]);
		faster.heap->account.limit = held(faster.heap);
		gfree(p);
		galloc_heap_trim(faster.heap);
		KUNIT_ASSERT_EQ(test, held(faster.heap), 0);
		faster.size = sizes[i];
		WRITE_ONCE(galloc_pause_hook, be_faster);
		p = galloc_from(faster.heap, sizes[i], GFP_ATOMIC | __GFP_NOWARN);
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_EXPECT_NOT_NULL(test, faster.object);
		galloc_heap_usage(faster.heap, &u);
		KUNIT_EXPECT_LE(test, u.peak, (size_t)faster.heap->account.limit);
		/* Of a span that the other has, there may be more. */
		if (sizes[i] == LARGE)
			KUNIT_EXPECT_NULL(test, p);
		gfree(p);
		gfree(faster.object);
		galloc_heap_trim(faster.heap);
		KUNIT_EXPECT_EQ(test, galloc_heap_destroy(faster.heap), 0);
	}
}

static void not_even_nofail_exceeds_the_limit(struct kunit *test)
{
	struct galloc_heap *heap = make(test, 4 * PAGE_SIZE);
	static const size_t sizes[] = { 1024, LARGE };
	void *p[4 * PAGE_SIZE / 1024];
	int i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = take(test, heap, 1024);
	gk_expect_warning(test, "__GFP_NOFAIL at the limit");
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_NULL(test, galloc_from(heap, sizes[i], GFP_KERNEL | __GFP_NOFAIL));
	KUNIT_EXPECT_LE(test, held(heap), 4 * PAGE_SIZE);
	gfree_bulk(ARRAY_SIZE(p), p);
	galloc_heap_destroy(heap);
}

static void a_limit_beyond_all_memory_is_none(struct kunit *test)
{
	const struct galloc_cache_args args = { .limit = SIZE_MAX };
	struct galloc_heap *heap = make(test, SIZE_MAX);
	struct galloc_cache *cache = galloc_heap_cache_create(heap, "kunit", 64, &args);

	KUNIT_ASSERT_NOT_NULL(test, cache);
	gfree(take(test, heap, 64));
	gfree(take(test, heap, LARGE));
	galloc_cache_free(cache, galloc_cache_alloc(cache, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heap->account.refused), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&cache->account.refused), 0);
	galloc_heap_destroy(heap);
}

static void a_cache_counts_in_its_heap(struct kunit *test)
{
	struct galloc_heap *heap = make(test, 8 * PAGE_SIZE);
	const struct galloc_cache_args args = { .limit = 2 * PAGE_SIZE };
	struct galloc_cache *small, *big;
	struct galloc_heap_usage u;
	void *p[64];
	int n = 0;

	small = galloc_heap_cache_create(heap, "kunit", PAGE_SIZE / 2, &args);
	big = galloc_heap_cache_create(heap, "kunit", PAGE_SIZE / 2, NULL);
	KUNIT_ASSERT_TRUE(test, small && big);
	while ((p[n] = galloc_cache_alloc(small, GFP_KERNEL | __GFP_NOWARN)))
		n++;
	KUNIT_EXPECT_EQ(test, n, 4);
	KUNIT_EXPECT_EQ(test, held(heap), 2 * PAGE_SIZE);
	while (n < 63 && (p[n] = galloc_cache_alloc(big, GFP_KERNEL | __GFP_NOWARN)))
		n++;
	KUNIT_EXPECT_EQ(test, n, 16);
	KUNIT_EXPECT_NULL(test, galloc_from(heap, 8, GFP_KERNEL | __GFP_NOWARN));
	galloc_heap_usage(heap, &u);
	KUNIT_EXPECT_EQ(test, u.held, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, u.in_use, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, u.spans, 8);
	KUNIT_EXPECT_EQ(test, u.refused, 2);
	gfree_bulk(n, p);
	galloc_cache_destroy(small);
	/* It takes the other one with it. */
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
}

/* ---- destruction -------------------------------------------------------------------- */

/* Nanoseconds that many heaps take, of one name or of a name each. */
static u64 make_many(struct kunit *test, struct galloc_heap **heap, unsigned int n, bool one)
{
	u64 start = ktime_get_ns(), ns;
	unsigned int i;
	char name[16];

	for (i = 0; i < n; i++) {
		sprintf(name, "many-%u", one ? 0 : i);
		heap[i] = galloc_heap_create(name, NULL);
		KUNIT_ASSERT_NOT_NULL(test, heap[i]);
	}
	ns = ktime_get_ns() - start;
	sprintf(name, one ? "many-0.%u" : "many-%u", one ? n : n - 1);
	KUNIT_EXPECT_STREQ(test, heap[n - 1]->name, name);
	while (n--)
		galloc_heap_destroy(heap[n]);
	return ns;
}

static void many_may_have_one_name(struct kunit *test)
{
	struct galloc_heap **heap = kunit_kcalloc(test, 1000, sizeof(*heap), GFP_KERNEL);
	u64 apart = U64_MAX, one = U64_MAX;
	unsigned int tries = 0;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	/* The least of each: on a busy machine either may take any time. */
	do {
		apart = min(apart, make_many(test, heap, 1000, false));
		one = min(one, make_many(test, heap, 1000, true));
	} while (one > 4 * apart + 100 * NSEC_PER_MSEC && ++tries < 10);
	KUNIT_EXPECT_LE(test, one, 4 * apart + 100 * NSEC_PER_MSEC);
}

static void names_are_told_apart(struct kunit *test)
{
	struct galloc_heap *heap[3] = { make(test, 0), make(test, 0) };

	KUNIT_EXPECT_STREQ(test, heap[0]->name, "kunit");
	KUNIT_EXPECT_STREQ(test, heap[1]->name, "kunit.2");
	galloc_heap_destroy(heap[0]);
	heap[0] = make(test, 0);
	KUNIT_EXPECT_STREQ(test, heap[0]->name, "kunit");
	/* What a client has named like the third of another. */
	heap[2] = galloc_heap_create("kunit.3", NULL);
	KUNIT_ASSERT_NOT_NULL(test, heap[2]);
	galloc_heap_destroy(heap[1]);
	heap[1] = make(test, 0);
	KUNIT_EXPECT_STREQ(test, heap[1]->name, "kunit.4");
	galloc_heap_destroy(heap[2]);
	heap[2] = galloc_heap_create("a/b c", NULL);
	KUNIT_ASSERT_NOT_NULL(test, heap[2]);
	KUNIT_EXPECT_STREQ(test, heap[2]->name, "a_b_c");
	galloc_heap_destroy(heap[2]);
	heap[2] = galloc_heap_create("caf\xc3\xa9\x7f~", NULL);
	KUNIT_ASSERT_NOT_NULL(test, heap[2]);
	KUNIT_EXPECT_STREQ(test, heap[2]->name, "caf___~");
	galloc_heap_destroy(heap[0]);
	galloc_heap_destroy(heap[1]);
	galloc_heap_destroy(heap[2]);
	KUNIT_EXPECT_NULL(test, galloc_heap_create("", NULL));
	KUNIT_EXPECT_NULL(test, galloc_heap_create(NULL, NULL));
	KUNIT_EXPECT_NULL(test, galloc_heap_create("kunit",
						   &(struct galloc_heap_args) { .flags = 8 }));
	KUNIT_EXPECT_EQ(test, heaps_alive(), 0);
}

/* A file of debugfs as its reader sees it, with single blanks. */
static char *show(struct kunit *test, int (*fn)(struct seq_file *m, void *v), void *private)
{
	struct seq_file m = { .size = PAGE_SIZE, .private = private };
	char *from, *to;

	m.buf = kunit_kzalloc(test, m.size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	mutex_init(&m.lock);
	KUNIT_EXPECT_EQ(test, fn(&m, NULL), 0);
	for (from = to = m.buf; *from; from++)
		if (*from != ' ' || to == m.buf || to[-1] != ' ')
			*to++ = *from;
	*to = '\0';
	return m.buf;
}

static void debugfs_has_a_line_for_each(struct kunit *test)
{
	struct galloc_heap *heap[2] = { make(test, 123 * PAGE_SIZE), make(test, 0) };
	struct galloc_cache *cache = galloc_heap_cache_create(heap[1], "lines", 1000, NULL);
	struct galloc_heap_usage u;
	char line[160], *text;
	void *p[3];

	KUNIT_ASSERT_NOT_NULL(test, cache);
	p[0] = take(test, heap[1], 64);
	p[1] = take(test, heap[1], LARGE);
	p[2] = galloc_cache_alloc(cache, GFP_KERNEL);
	galloc_heap_usage(heap[1], &u);
	text = show(test, heaps_table_show, NULL);
	snprintf(line, sizeof(line), "\nkunit %zu 0 0 0 0 ", 123 * PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, line), "%s", text);
	snprintf(line, sizeof(line), "\nkunit.2 0 %zu %zu 0 %zu %zu 0 2 1\n", u.held,
		 (size_t)64 + LARGE + 1000, u.peak, u.meta);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, line), "%s%s", text, line);
	text = show(test, heaps_classes_show, heap[1]);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, "\nlarge 0 1 0 0 1 "), "%s", text);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, "\n6 64 1 0 127 1 2\n"), "%s", text);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, "\nlines 1000 1 0 3 1 1\n"), "%s", text);
	gfree_bulk(ARRAY_SIZE(p), p);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap[0]), 0);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap[1]), 0);
}

static void what_outlives_its_heap_stays_valid(struct kunit *test)
{
	static const size_t sizes[] = { 64, 64, 1000, LARGE };
	struct galloc_heap *heap = make(test, 0);
	void *p[ARRAY_SIZE(sizes)];
	int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = take(test, heap, sizes[i]);
		twin_fill(p[i], sizes[i], i);
	}
	gk_expect_reports(test, FAULT_LIVE);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), ARRAY_SIZE(p));
	gk_expect_faults(test, FAULT_LIVE, 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "2 of class 6 (64 bytes)"), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "1 of whole pages"), 1);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		KUNIT_EXPECT_TRUE(test, twin_intact(p[i], sizes[i], i));
		gfree(p[i]);
	}
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void a_sweep_takes_everything_back(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1000, 5000, LARGE, (2 << 20) + 1 };
	struct galloc_heap *heap = make(test, 0);
	struct galloc_cache *cache = galloc_heap_cache_create(heap, "kunit", 72, NULL);
	unsigned int i, n = 0, round = gk_slow() ? 20 : 200;
	void *last[ARRAY_SIZE(sizes)], *q;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	for (i = 0; i < round * 4; i++, n++) {
		last[i % 4] = take(test, heap, sizes[i % 4]);
		/* Some are free, on stacks or in their spans. */
		if (i % 7 == 0 && i < round * 3) {
			gfree(last[i % 4]);
			n--;
		}
	}
	for (i = 4; i < ARRAY_SIZE(sizes); i++, n++)
		last[i] = take(test, heap, sizes[i]);
	q = galloc_cache_alloc(cache, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, q);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), n + 1);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* No object any more, nor, in the last case, any page. */
	gk_expect_reports(test, FAULT_NO_OBJECT);
	gk_expect_reports(test, FAULT_NOT_OURS);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		gfree(last[i]);
	gfree(q);
	gk_expect_any_faults(test, ARRAY_SIZE(sizes) + 1);
}

/* ---- many ------------------------------------------------- */

static void creation_and_destruction_leak_nothing(struct kunit *test)
{
	unsigned long i, n = gk_slow() ? 50 : 1000;
	long meta = 0;
	void *p[3];

	for (i = 0; i < n; i++) {
		struct galloc_heap *heap = make(test, 0);

		p[0] = take(test, heap, 16 + i);
		p[1] = take(test, heap, 64);
		p[2] = take(test, heap, LARGE);
		gfree_bulk(i % 2 ? 3 : 0, p);
		galloc_heap_destroy(heap, i % 2 ? 0 : GALLOC_HEAP_RELEASE);
		if (i != n / 10)
			continue;
		KUNIT_EXPECT_TRUE(test, gk_sets_gone());
		KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
		gk_background();
		meta = arena_meta_bytes();
	}
	gk_count_ops(6 * n);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_LE(test, arena_meta_bytes(), meta + 64 * 1024);
}

/* ---- what galloc itself has yet to do with an object ---------------------------------- */

static struct {
	bool there, go_on;
} ender;

static void wait_there(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_WAIT_ENDS)
		return;
	WRITE_ONCE(ender.there, true);
	/* It lets others run: the sweep waits for grace periods. */
	gk_yield_for(READ_ONCE(ender.go_on), GK_PATIENCE_MS / 3);
}

static void end_waits(void *unused)
{
	waiting_release();
}

/* It was freed, others had its page, and a worker is about to free it at last. */
static void an_object_that_waits_is_not_swept(struct kunit *test)
{
	struct galloc_heap *heap = make(test, 0);
	void *p = galloc_from(heap, 5000, GFP_KERNEL), *other[64];
	struct gk_thread *t;
	struct page *page;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	if (!gk_smp()) {
		galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
		kunit_skip(test, "one CPU");
	}
	page = virt_to_page(p);
	get_page(page);
	gfree(p);
	memset(&ender, 0, sizeof(ender));
	WRITE_ONCE(galloc_pause_hook, wait_there);
	/* From here on the worker may be the one that frees it. */
	put_page(page);
	t = gk_start(test, gk_cpu(1), end_waits, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(ender.there), GK_PATIENCE_MS / 3));
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), 0);
	for (i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = galloc(5000, GFP_KERNEL);
	WRITE_ONCE(ender.go_on, true);
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	for (i = 0; i < ARRAY_SIZE(other); i++)
		gfree(other[i]);
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* Its span stays until then; nobody is to free its neighbours. */
static void the_neighbours_of_what_waits_are_swept(struct kunit *test)
{
	struct galloc_heap *heap = make(test, 0);
	struct page *page;
	void *p[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = galloc_from(heap, 5000, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
	page = virt_to_page(p[3]);
	get_page(page);
	gfree(p[3]);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE),
			ARRAY_SIZE(p) - 1);
	put_page(page);
	waiting_release();
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* The worker takes what gfree_nolock() freed apart, and has not done so. */
static void what_the_worker_has_to_free_is_not_swept(struct kunit *test)
{
	struct galloc_heap *heap = make(test, 0);
	void *p[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = galloc_from(heap, 100000, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
	}
	/* Nor does it before that. */
	gk_quiet();
	gfree_nolock(p[2]);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE), 2);
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void watch(const char *what)
{
	char text[40];

	strscpy(text, what, sizeof(text));
	WARN_ON_ONCE(watch_command(text));
}

/* Those that are large go one by one, and into quarantine. */
static void what_is_watched_is_swept(struct kunit *test)
{
	struct galloc_heap *swept;
	unsigned int i;

	watch("heap=swept on");
	swept = galloc_heap_create("swept", NULL);
	KUNIT_ASSERT_NOT_NULL(test, swept);
	quarantine_kb = 1024;
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_NOT_NULL(test, galloc_from(swept, 40000, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(swept, GALLOC_HEAP_RELEASE), 3);
	quarantine_kb = 0;
	watch("heap=swept off");
	KUNIT_EXPECT_EQ(test, quarantine_bytes(), 0);
}

static struct {
	bool taken, destroys;
} unparked;

/* As a task that is preempted right there. */
static void unpark_slowly(enum galloc_pause point, const void *p)
{
	if (point != PAUSE_UNPARKED || READ_ONCE(unparked.taken))
		return;
	WRITE_ONCE(unparked.taken, true);
	gk_spin_for(READ_ONCE(unparked.destroys), GK_PATIENCE_MS / 3);
	mdelay(200);
}

static void flush_quarantine(void *unused)
{
	quarantine_flush(true);
}

/* Another task has taken it out, and has not freed it. */
static void what_was_in_quarantine_is_waited_for(struct kunit *test)
{
	struct galloc_heap *gone;
	struct gk_thread *t;

	watch("heap=gone on");
	gone = galloc_heap_create("gone", NULL);
	KUNIT_ASSERT_NOT_NULL(test, gone);
	quarantine_kb = 1024;
	memset(&unparked, 0, sizeof(unparked));
	gfree(galloc_from(gone, 100, GFP_KERNEL));
	KUNIT_EXPECT_GT(test, quarantine_bytes(), 0);
	if (gk_smp()) {
		WRITE_ONCE(galloc_pause_hook, unpark_slowly);
		t = gk_start(test, gk_cpu(1), flush_quarantine, NULL);
		KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(unparked.taken),
						    GK_PATIENCE_MS / 3));
		WRITE_ONCE(unparked.destroys, true);
	}
	/* Nothing is said to be live, either. */
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(gone, 0), 0);
	if (gk_smp())
		gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	quarantine_kb = 0;
	watch("heap=gone off");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_call_serves_its_heap),
	KUNIT_CASE(the_first_of_a_class_may_be_wanted_in_an_interrupt),
	KUNIT_CASE(a_large_object_is_uncharged_before_it_is_kept),
	KUNIT_CASE(racing_cpus_share_the_last_span),
	KUNIT_CASE(what_was_left_is_charged_once),
	KUNIT_CASE(not_even_nofail_exceeds_the_limit),
	KUNIT_CASE(a_limit_beyond_all_memory_is_none),
	KUNIT_CASE(a_cache_counts_in_its_heap),
	KUNIT_CASE(names_are_told_apart),
	KUNIT_CASE(many_may_have_one_name),
	KUNIT_CASE(debugfs_has_a_line_for_each),
	KUNIT_CASE(what_outlives_its_heap_stays_valid),
	KUNIT_CASE(a_sweep_takes_everything_back),
	KUNIT_CASE(creation_and_destruction_leak_nothing),
	KUNIT_CASE(an_object_that_waits_is_not_swept),
	KUNIT_CASE(the_neighbours_of_what_waits_are_swept),
	KUNIT_CASE(what_the_worker_has_to_free_is_not_swept),
	KUNIT_CASE(what_is_watched_is_swept),
	KUNIT_CASE(what_was_in_quarantine_is_waited_for),
	{}
};

GK_SUITE(heap, gk_init_alive, gk_exit);
