// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* KUnit: heaps and caches are made and destroyed in callbacks of CPU hotplug. */
#include "helpers.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>

#include "client/cache.h"
#include "client/heap.h"

#define NR_OBJECTS	40
#define LARGE		(5 * PAGE_SIZE + GALLOC_MAX_SMALL)

/* ---- a life ------------------------------------------------------------------------ */

/* A cache with stacks, of a heap or by itself.  The destruction waits for the last object. */
static bool use_a_cache(struct galloc_heap *heap)
{
	struct galloc_cache *cache = heap ? galloc_heap_cache_create(heap, "plug", 72, NULL) :
					    galloc_cache_create("plug", 72, NULL);
	void *p[NR_OBJECTS];
	bool had;

	if (!cache)
		return false;
	stacks_give(cache->set);
	had = galloc_cache_alloc_bulk(cache, GFP_KERNEL, NR_OBJECTS, p) == NR_OBJECTS;
	if (had) {
		galloc_cache_free_bulk(cache, NR_OBJECTS - 1, p);
		galloc_free_rcu(p[NR_OBJECTS - 1]);
	}
	galloc_cache_destroy(cache);
	return had;
}

/* A heap, which takes back what is live. */
static bool use_a_heap(void)
{
	struct galloc_heap *heap = galloc_heap_create("plug", NULL);
	bool had;
	void *p;

	if (!heap)
		return false;
	had = galloc_from(heap, 72, GFP_KERNEL) && galloc_from(heap, LARGE, GFP_KERNEL);
	p = galloc_from(heap, 100, GFP_KERNEL);
	had = had && p && use_a_cache(heap);
	if (p)
		galloc_free_rcu(p);
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	return had;
}

/* ---- callbacks --------------------------------------------------------------------- */

static atomic_t callbacks, refusals;

static int use_both(unsigned int cpu)
{
	atomic_inc(&callbacks);
	if (!use_a_cache(NULL) || !use_a_heap())
		atomic_inc(&refusals);
	return 0;
}

/* On the CPU itself, in its hotplug thread; and on another one, while it is down. */
static const enum cpuhp_state kinds[] = { CPUHP_AP_ONLINE_DYN, CPUHP_BP_PREPARE_DYN };
static int states[ARRAY_SIZE(kinds)];

static void callbacks_begin(struct kunit *test, bool calls)
{
	unsigned int i;

	atomic_set(&callbacks, 0);
	atomic_set(&refusals, 0);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		states[i] = __cpuhp_setup_state(kinds[i], "galloc-kunit:plug", calls, use_both,
						use_both, false);
		KUNIT_EXPECT_GE(test, states[i], 0);
	}
}

static void callbacks_end(struct kunit *test, bool calls, int expected)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (states[i] >= 0)
			__cpuhp_remove_state(states[i], calls);
	KUNIT_EXPECT_EQ(test, atomic_read(&callbacks), expected);
	KUNIT_EXPECT_EQ(test, atomic_read(&refusals), 0);
}

static void callbacks_may_create_and_destroy(struct kunit *test)
{
	callbacks_begin(test, true);
	callbacks_end(test, true, 2 * ARRAY_SIZE(kinds) * num_online_cpus());
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

#ifdef CONFIG_HOTPLUG_CPU

static bool over;
static unsigned int lives;

static void live_beside(void *unused)
{
	while (!READ_ONCE(over)) {
		if (!use_a_cache(NULL) || !use_a_heap())
			atomic_inc(&refusals);
		WRITE_ONCE(lives, lives + 1);
		cond_resched();
	}
}

/* One more life than now begins and ends. */
static void wait_for_lives(struct kunit *test)
{
	unsigned int from = READ_ONCE(lives);

	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(lives) > from + 1, GK_PATIENCE_MS));
}

/* Another CPU is away all the time, and a task does the same meanwhile. */
static void a_cpu_that_comes_and_goes_may(struct kunit *test)
{
	int away, cpu, gone;
	struct gk_thread *t;

	if (num_online_cpus() < 4)
		kunit_skip(test, "fewer than four CPUs");
	away = gk_cpu(num_possible_cpus());
	gk_pin(gk_cpu(0));
	if (remove_cpu(away))
		kunit_skip(test, "no CPU can be taken away");
	cpu = gk_cpu(num_possible_cpus());
	over = false;
	lives = 0;
	callbacks_begin(test, false);
	t = gk_start(test, gk_cpu(1), live_beside, NULL);
	wait_for_lives(test);
	gone = remove_cpu(cpu);
	wait_for_lives(test);
	if (!gone)
		KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	/* It was away when the callbacks came. */
	KUNIT_EXPECT_EQ(test, add_cpu(away), 0);
	wait_for_lives(test);
	WRITE_ONCE(over, true);
	gk_join(test, t);
	KUNIT_EXPECT_EQ(test, gone, 0);
	callbacks_end(test, false, 3 * ARRAY_SIZE(kinds));
	KUNIT_EXPECT_TRUE(test, gk_sets_gone());
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

#endif /* CONFIG_HOTPLUG_CPU */

static struct kunit_case cases[] = {
	KUNIT_CASE(callbacks_may_create_and_destroy),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(a_cpu_that_comes_and_goes_may),
#endif
	{}
};

GK_SUITE(plug, gk_init_alive, gk_exit);
