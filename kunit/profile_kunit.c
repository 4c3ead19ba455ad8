// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the heap profile, and the store of its stacks.
 */
#include "helpers.h"

#include <linux/percpu.h>
#include <linux/stacktrace.h>

#include "client/cache.h"
#include "observe/profile.h"
#include "observe/sample.h"
#include "observe/stackdepot.h"

/* ---- stacks ------------------------------------------------------------------ */

/* Addresses that no other stack has. */
static void make_stack(unsigned long *at, unsigned int n, unsigned long nr)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		at[i] = 0x1000 * nr + i;
}

static void expect_stack(struct kunit *test, u32 handle, unsigned int n, unsigned long nr)
{
	unsigned long want[STACKDEPOT_DEPTH];
	const unsigned long *at;

	make_stack(want, n, nr);
	KUNIT_ASSERT_EQ(test, stackdepot_fetch(handle, &at), n);
	KUNIT_EXPECT_EQ(test, memcmp(at, want, n * sizeof(*want)), 0);
}

/* More than a page of them. */
static void a_stack_is_kept_once(struct kunit *test)
{
	unsigned long at[STACKDEPOT_DEPTH + 1];
	static u32 handles[100];
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		n = i % STACKDEPOT_DEPTH + 1;
		make_stack(at, n, i);
		handles[i] = stackdepot_save(at, n, i % 2);
		/* In any context no page is allocated; elsewhere there is one more. */
		if (!handles[i])
			handles[i] = stackdepot_save(at, n, false);
		KUNIT_ASSERT_NE(test, handles[i], 0);
	}
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		n = i % STACKDEPOT_DEPTH + 1;
		make_stack(at, n, i);
		KUNIT_EXPECT_EQ(test, stackdepot_save(at, n, false), handles[i]);
		expect_stack(test, handles[i], n, i);
	}
	/* What is too long loses its end. */
	make_stack(at, ARRAY_SIZE(at), i);
	expect_stack(test, stackdepot_save(at, ARRAY_SIZE(at), false), STACKDEPOT_DEPTH, i);
	KUNIT_EXPECT_EQ(test, stackdepot_fetch(0, NULL), 0);
}

static bool refuse(unsigned int order)
{
	return true;
}

static void without_memory_a_stack_is_lost(struct kunit *test)
{
	unsigned long at[STACKDEPOT_DEPTH];
	unsigned int i;
	u32 handle = 1;

	WRITE_ONCE(galloc_fail_hook, refuse);
	for (i = 1000; handle && i < 1100; i++) {
		make_stack(at, STACKDEPOT_DEPTH, i);
		handle = stackdepot_save(at, STACKDEPOT_DEPTH, false);
	}
	KUNIT_EXPECT_EQ(test, handle, 0);
	KUNIT_EXPECT_NULL(test, stackdepot_alloc(STACKDEPOT_DEPTH * 8, false));
	WRITE_ONCE(galloc_fail_hook, NULL);
	handle = stackdepot_save(at, STACKDEPOT_DEPTH, false);
	expect_stack(test, handle, STACKDEPOT_DEPTH, i - 1);
	KUNIT_EXPECT_NOT_NULL(test, stackdepot_alloc(STACKDEPOT_DEPTH * 8, false));
}

static void a_lock_that_is_taken_is_not_waited_for(struct kunit *test)
{
	unsigned long at[STACKDEPOT_DEPTH];

	/* From here on there is memory for another one. */
	make_stack(at, STACKDEPOT_DEPTH, 2001);
	KUNIT_ASSERT_NE(test, stackdepot_save(at, STACKDEPOT_DEPTH, false), 0);
	make_stack(at, STACKDEPOT_DEPTH, 2000);
	preempt_disable();
	__this_cpu_write(galloc_lock_held, 1);
	KUNIT_EXPECT_EQ(test, stackdepot_save(at, STACKDEPOT_DEPTH, true), 0);
	__this_cpu_write(galloc_lock_held, 0);
	preempt_enable();
	KUNIT_EXPECT_NE(test, stackdepot_save(at, STACKDEPOT_DEPTH, true), 0);
}

#define CHAIN	6

static u32 by_left(unsigned int way, unsigned int calls, bool *same);
static u32 by_right(unsigned int way, unsigned int calls, bool *same);

/* Do both stacks go on in the same way from @from up, through all calls? */
static bool same_callers(const unsigned long *a, unsigned int na, const unsigned long *b,
			 unsigned int nb, unsigned long from)
{
	while (na && *a != from)
		a++, na--;
	while (nb && *b != from)
		b++, nb--;
	na = min(na, nb);
	return na >= CHAIN && !memcmp(a, b, na * sizeof(*a));
}

/* At the end of a chain: the handle of it, and whether that is what the kernel says. */
static noinline u32 chain_end(bool *same)
{
	unsigned long want[STACKDEPOT_DEPTH];
	unsigned int n = IS_ENABLED(CONFIG_STACKTRACE) ?
			 stack_trace_save(want, STACKDEPOT_DEPTH, 0) : 0;
	u32 handle = stackdepot_save_here(false);
	const unsigned long *at;

	unsigned int kept = stackdepot_fetch(handle, &at);

	/* User-mode Linux cannot tell. */
	if (!n)
		*same = !handle;
	else
		*same = same_callers(at, kept, want, n,
				     (unsigned long)__builtin_return_address(0));
	return handle;
}

/* A call of the function that the next bit of @way chooses. */
static __always_inline u32 chain(unsigned int way, unsigned int calls, bool *same)
{
	u32 handle;

	if (!calls)
		handle = chain_end(same);
	else if (way & 1)
		handle = by_left(way >> 1, calls - 1, same);
	else
		handle = by_right(way >> 1, calls - 1, same);
	/* No jump in place of a call. */
	barrier();
	return handle;
}

static noinline u32 by_left(unsigned int way, unsigned int calls, bool *same)
{
	return chain(way, calls, same);
}

static noinline u32 by_right(unsigned int way, unsigned int calls, bool *same)
{
	return chain(way, calls, same);
}

/* Chains that differ in a single call and are equally deep, each of them several times. */
static void each_chain_of_calls_has_its_handle(struct kunit *test)
{
	static u32 handles[1 << CHAIN];
	unsigned int i, round;
	bool same;
	u32 handle;

	for (round = 0; round < 3; round++)
		for (i = 0; i < ARRAY_SIZE(handles); i++) {
			handle = chain(i, CHAIN, &same);
			KUNIT_ASSERT_TRUE_MSG(test, same, "chain %x, round %u", i, round);
			if (round)
				KUNIT_EXPECT_EQ(test, handle, handles[i]);
			handles[i] = handle;
		}
}

static unsigned int unwound;

static void count_unwound(enum galloc_pause point, const void *p)
{
	unwound += point == PAUSE_UNWIND;
}

/* A stack that was seen before is not unwound again; nor is any, if the kernel cannot. */
static void a_known_stack_is_not_unwound(struct kunit *test)
{
	unsigned int i;
	bool same;

	unwound = 0;
	WRITE_ONCE(galloc_pause_hook, count_unwound);
	for (i = 0; i < 1000; i++)
		chain(i % 4, 2, &same);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_LE(test, unwound, 100);
}

/* The chain below a frame with these words in it, as if earlier calls had left them. */
static noinline u32 chain_above(unsigned int way, const unsigned long *words, bool *same)
{
	unsigned long left[STACKDEPOT_DEPTH];
	u32 handle;

	memcpy(left, words, sizeof(left));
	barrier_data(left);
	handle = chain(way, 2, same);
	barrier_data(left);
	return handle;
}

/* What is left of other calls does not matter, be it addresses of code or of this very chain. */
static void remains_on_a_stack_do_not_matter(struct kunit *test)
{
	static unsigned long words[STACKDEPOT_DEPTH];
	u32 handle, handles[4] = { };
	const unsigned long *at;
	unsigned int i, j, n;
	bool same;

	unwound = 0;
	for (i = 0; i < 1000; i++) {
		n = stackdepot_fetch(handles[i / 3 % 4], &at);
		for (j = 0; j < ARRAY_SIZE(words); j++)
			words[j] = (unsigned long)stack_trace_save + i * j;
		/*
		 * Some of one of the chains, each time in other places.  Not all: a stack of
		 * more places than are kept would not be remembered, whatever is made of it.
		 */
		for (j = 0; j < min(n, 4U) && i % 3; j++)
			words[(i + j) % ARRAY_SIZE(words)] = at[j];
		WRITE_ONCE(galloc_pause_hook, count_unwound);
		handle = chain_above(i % 4, words, &same);
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_ASSERT_TRUE_MSG(test, same, "turn %u", i);
		if (i >= 4)
			KUNIT_ASSERT_EQ(test, handle, handles[i % 4]);
		handles[i % 4] = handle;
	}
	KUNIT_EXPECT_LE(test, unwound, 200);
}

/* ---- what is sampled ----------------------------------------------------------- */

#define MAX_OBJECTS	12800

static void *objects[MAX_OBJECTS];

static unsigned long nr_live(void)
{
	struct profile_totals t;

	profile_totals(&t);
	return t.samples;
}

static unsigned long nr_sampled(void)
{
	struct profile_totals t;

	profile_totals(&t);
	return t.allocs;
}

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	/* Of others' objects nothing is left. */
	KUNIT_EXPECT_EQ(test, nr_live(), 0);
	return err;
}

static void exit_case(struct kunit *test)
{
	sample_set(0);
	KUNIT_EXPECT_EQ(test, nr_live(), 0);
	gk_exit(test);
}

static void a_sample_stands_for_others(struct kunit *test)
{
	static const struct {
		u64 size, mean, weight;
	} of[] = {
		/* 65536 / (1 - exp(-size / mean)) */
		{ 8, 524288, 4295000064 }, { 1000, 524288, 34392517 },
		{ 32768, 524288, 1081685 }, { 524288, 524288, 103676 },
		{ 1048576, 524288, 75794 }, { 3000000, 524288, 65751 },
		{ 4194304, 524288, 65558 }, { 64, 1024, 1081685 },
		{ 1000, 1024, 105127 }, { 4194304, 1024, 65536 },
	};
	unsigned int i;
	u64 weight;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		weight = sample_weight(of[i].size, of[i].mean);
		KUNIT_EXPECT_LE_MSG(test, abs((s64)(weight - of[i].weight)),
				    of[i].weight / 10000 + 1, "%llu of %llu: %llu",
				    of[i].size, of[i].mean, weight);
	}
}

/* Is a count within five standard deviations, which 1 in 1,700,000 is not? */
static void expect_near(struct kunit *test, s64 n, s64 expected, s64 variance, const char *what)
{
	KUNIT_EXPECT_LE_MSG(test, (n - expected) * (n - expected), 25 * variance,
			    "%s: %lld of %lld", what, n, expected);
}

static void distances_have_no_memory(struct kunit *test)
{
	/* Of 65536, so many are longer than 1, 2, 3, 4 halves of the mean. */
	static const long longer[] = { 39750, 24109, 14623, 8869 };
	const long mean = 64 << 10, draws = 65536;
	long n[ARRAY_SIZE(longer)] = { }, i;
	unsigned int j;
	u64 sum = 0;

	sample_set(mean >> 10);
	for (i = 0; i < draws; i++) {
		unsigned long gap = sample_gap();

		sum += gap;
		for (j = 0; j < ARRAY_SIZE(longer); j++)
			n[j] += gap >= mean * (j + 1) / 2;
	}
	/* The deviation of a sum is that of one distance, the mean, 256 times. */
	KUNIT_EXPECT_LE(test, abs((s64)(sum - (u64)mean * draws)), 5 * 256 * mean);
	for (j = 0; j < ARRAY_SIZE(longer); j++)
		expect_near(test, n[j], longer[j],
			    longer[j] * (65536 - longer[j]) / 65536, "longer");
}

static struct galloc_cache *cache;

/* Ways to allocate @n objects of a size; an object of whole pages has no stack. */
static void one_by_one(size_t size, unsigned int n)
{
	while (n--)
		objects[n] = galloc(size, n % 4 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO);
}

static void of_a_node(size_t size, unsigned int n)
{
	while (n--)
		objects[n] = galloc_node(size, GFP_KERNEL, gk_nid());
}

static void in_bulk(size_t size, unsigned int n)
{
	size_t part;

	for (; n; n -= part) {
		part = min(n, 100U);
		if (galloc_bulk(size, GFP_KERNEL, part, objects + n - part) != part)
			memset(objects + n - part, 0, part * sizeof(*objects));
	}
}

static void of_a_cache(size_t size, unsigned int n)
{
	unsigned int half = n / 2;

	/* Without a stack at first. */
	if (galloc_cache_alloc_bulk(cache, GFP_KERNEL, half, objects) != half)
		memset(objects, 0, half * sizeof(*objects));
	while (n-- > half)
		objects[n] = galloc_cache_alloc(cache, GFP_KERNEL);
}

static void in_any_context(size_t size, unsigned int n)
{
	while (n--)
		objects[n] = galloc_nolock(size, 0) ?: galloc(size, GFP_KERNEL);
}

static const struct way {
	const char *name;
	void (*alloc)(size_t size, unsigned int n);
} ways[] = {
	{ "one by one", one_by_one }, { "node", of_a_node }, { "bulk", in_bulk },
	{ "cache", of_a_cache }, { "nolock", in_any_context },
};

/* Ways to free. */
static void free_singly(void **p, unsigned int n)
{
	while (n--)
		gfree(*p++);
}

static void free_bulk(void **p, unsigned int n)
{
	gfree_bulk(n, p);
}

static void free_nolock(void **p, unsigned int n)
{
	while (n--)
		gfree_nolock(*p++);
	worker_settle();
}

static void free_later(void **p, unsigned int n)
{
	while (n--)
		gfree_rcu_mightsleep(*p++);
	galloc_rcu_barrier();
}

static void free_elsewhere_fn(void *unused)
{
	free_singly(objects, MAX_OBJECTS);
}

static void (*const frees[])(void **p, unsigned int n) = {
	free_singly, free_bulk, free_nolock, free_later,
};

/*
 * Estimates are near the truth, for each size and each way, and whatever way they are
 * freed, nothing is left.
 */
static void whatever_the_size_and_the_way(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1024, 4096, 8192, 65536, 1048576 };
	const unsigned long before = nr_sampled();
	unsigned int i, j, n, turn = 0;
	size_t takes, size;
	u64 weight, seen;

	sample_set(4);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		weight = sample_weight(size, 4096);
		n = min_t(size_t, MAX_OBJECTS, max((256 << 10) / size, 4));
		cache = galloc_cache_create("profiled", min(size, 8192), NULL);
		KUNIT_ASSERT_NOT_NULL(test, cache);
		for (j = 0; j < ARRAY_SIZE(ways); j++) {
			takes = ways[j].alloc == of_a_cache ? min(size, 8192) : size;
			weight = sample_weight(takes, 4096);
			seen = nr_sampled();
			ways[j].alloc(size, n);
			seen = nr_sampled() - seen;
			KUNIT_EXPECT_EQ(test, nr_live(), seen);
			/* Binomial: n * p * (1 - p), where p is 1 / weight; here times weight. */
			expect_near(test, seen * weight >> SAMPLE_SHIFT, n,
				    1 + ((n * (weight - 65536)) >> SAMPLE_SHIFT), ways[j].name);
			frees[turn++ % ARRAY_SIZE(frees)](objects, n);
			KUNIT_EXPECT_EQ(test, nr_live(), 0);
		}
		galloc_cache_destroy(cache);
	}
	KUNIT_EXPECT_GT(test, nr_sampled(), before);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* Of a page with a sampled object: the others still go to the stack. */
static void neighbours_are_not_sampled(struct kunit *test)
{
	struct mcache_stack *stack;
	unsigned int i, n = 0, at = 0;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	sample_set(1);
	for (i = 0; i < 512; i++) {
		objects[i] = galloc(64, GFP_KERNEL);
		if (arena_stack_of(objects[i]) == STACK_WATCHED && !n++)
			at = i;
	}
	KUNIT_ASSERT_GT(test, n, 0);
	n = nr_live();
	/* Its own free takes the mark away, if no other is on its page. */
	preempt_disable();
	stack = gk_stack(sizeclass_of(64));
	for (i = 0; i < 512; i++)
		if (i != at && (unsigned long)objects[i] >> PAGE_SHIFT ==
		    (unsigned long)objects[at] >> PAGE_SHIFT) {
			gfree(objects[i]);
			if (arena_stack_of(objects[at]) == STACK_WATCHED)
				KUNIT_EXPECT_PTR_EQ(test, stack->top[-1], objects[i]);
			objects[i] = NULL;
		}
	preempt_enable();
	KUNIT_EXPECT_GT(test, nr_live(), 0);
	gfree(objects[at]);
	KUNIT_EXPECT_EQ(test, arena_stack_of(objects[at]),
			stack_number(gk_nid(), sizeclass_of(64)));
	objects[at] = NULL;
	gfree_bulk(512, objects);
}

static void *neighbour;

static void sample_in_pause(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_UNWATCH && (unsigned long)what >> PAGE_SHIFT ==
				      (unsigned long)neighbour >> PAGE_SHIFT)
		profile_add(neighbour, 64, true);
}

/* Between the look for others on the page and the exchange that takes its mark. */
static void a_neighbour_that_is_sampled_meanwhile_keeps_its_mark(struct kunit *test)
{
	void *p = galloc(64, GFP_KERNEL), *others[64];
	unsigned int i, n = 0;

	if (galloc_debug) {
		gfree(p);
		kunit_skip(test, "no stacks");
	}
	do {
		neighbour = galloc(64, GFP_KERNEL);
		others[n++] = neighbour;
	} while (n < ARRAY_SIZE(others) &&
		 (unsigned long)neighbour >> PAGE_SHIFT != (unsigned long)p >> PAGE_SHIFT);
	/* None by itself. */
	sample_set(SAMPLE_MAX_KB);
	profile_add(p, 64, false);
	KUNIT_EXPECT_EQ(test, arena_stack_of(p), STACK_WATCHED);
	WRITE_ONCE(galloc_pause_hook, sample_in_pause);
	gfree(p);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, arena_stack_of(neighbour), STACK_WATCHED);
	KUNIT_EXPECT_EQ(test, nr_live(), 1);
	for (i = 0; i < n; i++)
		gfree(others[i]);
	KUNIT_EXPECT_EQ(test, nr_live(), 0);
	KUNIT_EXPECT_EQ(test, arena_stack_of(p), stack_number(gk_nid(), sizeclass_of(64)));
}

static void sample_and_free_in_pause(enum galloc_pause point, const void *what)
{
	void *p = neighbour;

	if (!neighbour || (unsigned long)what >> PAGE_SHIFT !=
			  (unsigned long)neighbour >> PAGE_SHIFT)
		return;
	if (point == PAUSE_UNWATCH)
		profile_add(neighbour, 64, true);
	if (point == PAUSE_UNWATCHED) {
		/* Its free comes here, too. */
		neighbour = NULL;
		gfree(p);
	}
}

/*
 * The same, and it is freed before the second look: its record stays.  The next that is
 * recorded at its address replaces it, or it goes with the span.
 */
static void a_record_that_is_left_goes_with_its_span(struct kunit *test)
{
	void *p, *q, *others[64];
	unsigned int turn, n = 0;

	if (galloc_debug || want_init_on_free())
		kunit_skip(test, "each free is seen");
	/* None by itself. */
	sample_set(SAMPLE_MAX_KB);
	p = galloc(64, GFP_KERNEL);
	do {
		q = galloc(64, GFP_KERNEL);
		others[n++] = q;
	} while (n < ARRAY_SIZE(others) &&
		 (unsigned long)q >> PAGE_SHIFT != (unsigned long)p >> PAGE_SHIFT);
	n--;
	for (turn = 0; turn < 2; turn++) {
		if (turn) {
			KUNIT_ASSERT_PTR_EQ(test, galloc(64, GFP_KERNEL), p);
			KUNIT_ASSERT_PTR_EQ(test, galloc(64, GFP_KERNEL), q);
			profile_add(q, 64, false);
			KUNIT_EXPECT_EQ(test, nr_live(), 1);
			gfree(q);
			KUNIT_ASSERT_PTR_EQ(test, galloc(64, GFP_KERNEL), q);
		}
		neighbour = q;
		profile_add(p, 64, false);
		WRITE_ONCE(galloc_pause_hook, sample_and_free_in_pause);
		gfree(p);
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_EXPECT_NULL(test, neighbour);
		KUNIT_EXPECT_EQ(test, nr_live(), 1);
	}
	gfree_bulk(n, others);
	gk_give_back();
	KUNIT_EXPECT_EQ(test, nr_live(), 0);
}

/* A row gets stacks and loses them while an object is sampled. */
static void marks_survive_new_numbers(struct kunit *test)
{
	void *p[200];
	unsigned int i;

	cache = galloc_cache_create("profiled", 256, NULL);
	KUNIT_ASSERT_NOT_NULL(test, cache);
	sample_set(1);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = galloc_cache_alloc(cache, GFP_KERNEL);
	KUNIT_EXPECT_GT(test, nr_live(), 0);
	KUNIT_EXPECT_TRUE(test, galloc_debug || stacks_give(cache->set));
	for (i = 0; i < ARRAY_SIZE(p) / 2; i++)
		galloc_cache_free(cache, p[i]);
	stacks_drain(cache->set);
	galloc_cache_free_bulk(cache, ARRAY_SIZE(p) / 2, p + ARRAY_SIZE(p) / 2);
	KUNIT_EXPECT_EQ(test, nr_live(), 0);
	galloc_cache_destroy(cache);
}

static void a_sweep_is_seen(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("profiled", NULL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	sample_set(1);
	for (i = 0; i < 200; i++)
		KUNIT_EXPECT_NOT_NULL(test, galloc_from(heap, i % 2 ? 100 : 40000, GFP_KERNEL));
	/* All of 40000 bytes, and of the others by chance. */
	for (i = 0; i < 10000 && nr_live() <= 100; i++)
		KUNIT_EXPECT_NOT_NULL(test, galloc_from(heap, 100, GFP_KERNEL));
	KUNIT_EXPECT_GT(test, nr_live(), 100);
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	KUNIT_EXPECT_EQ(test, nr_live(), 0);
}

/* The entries of a size, added up. */
static void add_up(size_t size, struct profile_line *sum)
{
	const void *entry = NULL;
	struct profile_line line;

	memset(sum, 0, sizeof(*sum));
	while ((entry = profile_next(entry))) {
		profile_read(entry, &line);
		if (line.size != size)
			continue;
		sum->live += line.live;
		sum->allocs += line.allocs;
		sum->peak += line.peak;
	}
}

static void the_peak_is_remembered(struct kunit *test)
{
	const size_t first = 3 << 20, second = 2 << 20;
	struct profile_totals before, after;
	struct profile_line was, line;
	void *p[8];

	add_up(first, &was);
	sample_set(1);
	profile_totals(&before);
	/* More than the peak of any case. */
	p[0] = galloc(first, GFP_KERNEL);
	p[1] = galloc(first, GFP_KERNEL);
	gfree(p[1]);
	p[1] = galloc(second, GFP_KERNEL);
	add_up(first, &line);
	/* A size of whole orders. */
	add_up(4 << 20, &line);
	KUNIT_EXPECT_EQ(test, line.live, 1);
	KUNIT_EXPECT_EQ(test, line.peak, 2);
	add_up(second, &line);
	KUNIT_EXPECT_EQ(test, line.live, 1);
	KUNIT_EXPECT_EQ(test, line.peak, 0);
	profile_totals(&after);
	KUNIT_EXPECT_EQ(test, after.live_bytes - before.live_bytes, (4 << 20) + second);
	KUNIT_EXPECT_EQ(test, after.peak_bytes, 8 << 20);
	gfree(p[0]);
	gfree(p[1]);
}

/* What was freed before is in no peak, however much that was. */
static void freed_objects_are_in_no_peak(struct kunit *test)
{
	struct profile_totals most, after;
	void *p[8];
	int i, round;

	sample_set(1);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(p); i++)
			p[i] = galloc(2 << 20, GFP_KERNEL);
		if (!round) {
			one_by_one(8192, 256);
			profile_totals(&most);
		}
		/* The small ones last, and so that nobody counts at once. */
		for (i = 0; i < ARRAY_SIZE(p); i++)
			gfree_nolock(p[i]);
		if (!round)
			free_nolock(objects, 256);
	}
	profile_totals(&after);
	KUNIT_EXPECT_EQ(test, most.peak_bytes, most.live_bytes);
	KUNIT_EXPECT_EQ(test, after.peak_bytes, most.peak_bytes);
}

/* Without memory an object is not recorded; there is one all the same. */
static void a_sample_may_be_lost(struct kunit *test)
{
	struct profile_totals before, after;
	unsigned int i;

	sample_set(1);
	one_by_one(4096, 64);
	free_singly(objects, 64);
	profile_totals(&before);
	/* Each of another size, and of another page: a record and an entry each. */
	for (i = 0; i < 1000; i++)
		objects[i] = galloc(4096, GFP_KERNEL);
	WRITE_ONCE(galloc_fail_hook, refuse);
	for (i = 0; i < 1000; i++) {
		gfree(objects[i]);
		objects[i] = galloc(4096 + 8 * (i % 3), GFP_NOWAIT);
	}
	WRITE_ONCE(galloc_fail_hook, NULL);
	profile_totals(&after);
	KUNIT_EXPECT_LE(test, after.samples, 1000);
	free_singly(objects, 1000);
}

static void pair_loop(void *arg)
{
	ktime_t end = gk_fight_end();
	unsigned long i = 0;
	void *p[8] = { };

	do {
		gfree(p[i % 8]);
		p[i % 8] = galloc(i % 16 ? 512 : 8192, GFP_KERNEL);
	} while (!gk_fight_over(++i, end));
	free_singly(p, 8);
}

/* It is switched on and off while others allocate. */
static void it_changes_under_traffic(struct kunit *test)
{
	struct gk_thread *t[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++)
		t[i] = gk_start(test, gk_cpu(i), pair_loop, NULL);
	for (i = 0; i < 30; i++) {
		sample_set(i % 3);
		usleep_range(1000, 2000);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++)
		gk_join(test, t[i]);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* What one CPU allocates another frees. */
static void a_free_elsewhere_is_seen(struct kunit *test)
{
	memset(objects, 0, sizeof(objects));
	sample_set(1);
	one_by_one(256, 1000);
	KUNIT_EXPECT_GT(test, nr_live(), 0);
	gk_join(test, gk_start(test, gk_cpu(1), free_elsewhere_fn, NULL));
	KUNIT_EXPECT_EQ(test, nr_live(), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_stack_is_kept_once),
	KUNIT_CASE(without_memory_a_stack_is_lost),
	KUNIT_CASE(a_lock_that_is_taken_is_not_waited_for),
	KUNIT_CASE(each_chain_of_calls_has_its_handle),
	KUNIT_CASE(a_known_stack_is_not_unwound),
	KUNIT_CASE(remains_on_a_stack_do_not_matter),
	KUNIT_CASE(a_sample_stands_for_others),
	KUNIT_CASE(the_peak_is_remembered),
	KUNIT_CASE(freed_objects_are_in_no_peak),
	KUNIT_CASE(distances_have_no_memory),
	KUNIT_CASE(whatever_the_size_and_the_way),
	KUNIT_CASE(neighbours_are_not_sampled),
	KUNIT_CASE(a_neighbour_that_is_sampled_meanwhile_keeps_its_mark),
	KUNIT_CASE(a_record_that_is_left_goes_with_its_span),
	KUNIT_CASE(marks_survive_new_numbers),
	KUNIT_CASE(a_sweep_is_seen),
	KUNIT_CASE(a_sample_may_be_lost),
	KUNIT_CASE(a_free_elsewhere_is_seen),
	KUNIT_CASE(it_changes_under_traffic),
	{}
};

GK_SUITE(profile, init_case, exit_case);
