// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: while somebody watches, each allocation and free is seen, and none afterwards.
 */
#include "helpers.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

#include "client/cache.h"
#include "observe/profile.h"
#include "observe/sample.h"

#define NR	40

/**
 * struct hand - a thread that allocates and frees all the time
 * @task: the thread
 * @cpu: where
 * @passes: pairs of calls
 * @on: this one is to be seen
 * @pairs: those that were
 * @allocs: allocations that the watcher saw of them
 * @frees: frees
 */
struct hand {
	struct task_struct *task;
	int cpu;
	unsigned long passes;
	bool on;
	unsigned long pairs;
	unsigned long allocs;
	unsigned long frees;
};

static struct hand hands[3];
static atomic_t nr_allocs, nr_frees, nr_late;
static bool to_be_seen, over, hands_stop;

static struct hand *hand_of_current(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hands); i++)
		if (hands[i].task == current)
			return hands[i].on ? &hands[i] : NULL;
	return NULL;
}

static struct gate_object seen;

static void see_alloc(const struct gate_object *o)
{
	struct hand *hand = hand_of_current();

	if (hand)
		hand->allocs++;
	seen = *o;
	atomic_inc(&nr_allocs);
	if (READ_ONCE(over))
		atomic_inc(&nr_late);
}

static void see_free(const struct gate_object *o)
{
	struct hand *hand = hand_of_current();

	if (hand)
		hand->frees++;
	seen = *o;
	atomic_inc(&nr_frees);
	if (READ_ONCE(over))
		atomic_inc(&nr_late);
}

static const struct gate_watcher watcher = { .alloc = see_alloc, .free = see_free };

static void start_counting(void)
{
	atomic_set(&nr_allocs, 0);
	atomic_set(&nr_frees, 0);
	atomic_set(&nr_late, 0);
	WRITE_ONCE(over, false);
}

/* End a reason; in debug mode the objects go on to bypass the stacks. */
static void stop_watching(struct kunit *test, enum gate_reason why)
{
	KUNIT_EXPECT_EQ(test, gate_open(why), 0);
	WRITE_ONCE(over, true);
	if (why == GATE_DEBUG && galloc_debug)
		gate_close(why, NULL, GATE_ALL_ROWS);
}

/* All allocations that galloc has counted. */
static unsigned long counted_allocs(void)
{
	unsigned long n = gk_events(EVENT_LARGE_ALLOC);
	unsigned int row;
	int cpu;

	for (row = 0; row < nr_rows; row++)
		if (mcentral_rows[row])
			n += mcentral_rows[row]->singles + mcentral_rows[row]->fast;
	for_each_online_cpu(cpu)
		for (row = 0; row < nr_stacks; row++)
			n += mcache_allocs(per_cpu(galloc_mcache, cpu).stacks, row);
	return n;
}

/* ---- every kind of call ------------------------------------------------------- */

static void pairs_of(size_t size, gfp_t gfp)
{
	void *p[NR];
	unsigned int i;

	for (i = 0; i < NR; i++)
		p[i] = galloc(size, gfp);
	for (i = 0; i < NR; i++)
		gfree(p[i]);
}

static void constant_size(void)
{
	gfree(galloc(64, GFP_KERNEL));
	gfree_sized(galloc(64, GFP_KERNEL), 64);
}

static void small(void)
{
	pairs_of(64, GFP_KERNEL);
	pairs_of(1000, GFP_KERNEL | __GFP_ZERO);
}

static void above_a_page(void)
{
	pairs_of(8192, GFP_KERNEL);
}

static void whole_pages(void)
{
	pairs_of(70000, GFP_KERNEL);
}

static void of_a_node(void)
{
	gfree(galloc_node(64, GFP_KERNEL, gk_nid()));
	gfree_sensitive(galloc_aligned(100, 256, GFP_KERNEL));
}

static void resized(void)
{
	void *p = grealloc(NULL, 64, GFP_KERNEL);

	/* In place the second time. */
	p = grealloc(p, 500, GFP_KERNEL);
	p = grealloc(p, 400, GFP_KERNEL);
	p = grealloc(p, 0, GFP_KERNEL);
}

static void in_bulk(void)
{
	void *p[NR];

	gfree_bulk(galloc_bulk(64, GFP_KERNEL, NR, p), p);
	gfree_bulk(galloc_bulk(70000, GFP_KERNEL, 3, p), p);
}

static void in_an_interrupt(void)
{
	void *p;

	preempt_disable();
	this_cpu_write(galloc_mcache.busy, 1);
	p = galloc(64, GFP_ATOMIC);
	gfree(p);
	this_cpu_write(galloc_mcache.busy, 0);
	preempt_enable();
}

static void without_a_lock(void)
{
	void *p = galloc(64, GFP_KERNEL);
	void *large = galloc(70000, GFP_KERNEL);
	unsigned long flags;

	gfree_nolock(galloc_nolock(64, 0));
	local_irq_save(flags);
	__preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	gfree_nolock(galloc_nolock(64, 0));
	gfree_nolock(large);
	__preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	local_irq_restore(flags);
	worker_settle();
	gfree(p);
}

static const struct {
	void (*fn)(void);
	int pairs;
} calls[] = {
	{ constant_size, 2 },
	{ small, 2 * NR },
	{ above_a_page, NR },
	{ whole_pages, NR },
	{ of_a_node, 2 },
	{ resized, 2 },
	{ in_bulk, NR + 3 },
	{ in_an_interrupt, 1 },
	{ without_a_lock, 4 },
};

static void every_kind_of_call_is_seen(struct kunit *test)
{
	enum gate_reason why;
	unsigned long before;
	unsigned int i, all;

	for (why = 0; why < GATE_TABLE; why++) {
		/* Sees only some, see profile_kunit.c. */
		if (why == GATE_SAMPLE)
			continue;
		for (i = 0; i < ARRAY_SIZE(calls); i++)
			calls[i].fn();
		KUNIT_ASSERT_EQ(test, gate_close(why, &watcher, GATE_ALL_ROWS), 0);
		before = counted_allocs();
		for (all = 0, i = 0; i < ARRAY_SIZE(calls); i++) {
			start_counting();
			calls[i].fn();
			KUNIT_EXPECT_EQ_MSG(test, atomic_read(&nr_allocs), calls[i].pairs,
					    "reason %u, call %u", why, i);
			KUNIT_EXPECT_EQ_MSG(test, atomic_read(&nr_frees), calls[i].pairs,
					    "reason %u, call %u", why, i);
			all += calls[i].pairs;
		}
		KUNIT_EXPECT_EQ(test, counted_allocs() - before, all);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		stop_watching(test, why);
		for (i = 0; i < ARRAY_SIZE(calls); i++)
			calls[i].fn();
		KUNIT_EXPECT_EQ(test, atomic_read(&nr_late), 0);
		KUNIT_EXPECT_EQ(test, counted_allocs() - before, 2 * all);
		if (!galloc_debug)
			KUNIT_EXPECT_GT(test, gk_stack(sizeclass_of(64))->credit, 0);
	}
}

static void a_single_row_is_watched(struct kunit *test)
{
	start_counting();
	gate_close(GATE_TRACE, &watcher, mcentral_row(gk_nid(), sizeclass_of(64)));
	pairs_of(64, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), NR);
	pairs_of(128, GFP_KERNEL);
	whole_pages();
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), NR);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_frees), NR);
	/* Of two reasons one ends. */
	gate_close(GATE_TAGS, &watcher, GATE_ALL_ROWS);
	stop_watching(test, GATE_TAGS);
	WRITE_ONCE(over, false);
	pairs_of(64, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), 2 * NR);
	stop_watching(test, GATE_TRACE);
}

static void expect_seen(struct kunit *test, size_t size, size_t asked, unsigned int class,
			const char *name)
{
	KUNIT_EXPECT_EQ(test, seen.size, size);
	KUNIT_EXPECT_EQ(test, seen.asked, asked);
	KUNIT_EXPECT_EQ(test, seen.class, class);
	KUNIT_EXPECT_EQ(test, seen.nid, gk_nid());
	KUNIT_EXPECT_STREQ(test, seen.set ? seen.set->args.name : "", name);
}

/* Those that are live when their heap is destroyed, too; and what is known of each. */
static void it_is_told_what_an_object_is(struct kunit *test)
{
	struct galloc_cache *cache = galloc_cache_create("gate", 104, NULL);
	struct galloc_heap *heap = galloc_heap_create("gate", NULL);
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_ASSERT_NOT_NULL(test, heap);
	start_counting();
	gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
	p = galloc_any(60, GFP_KERNEL | __GFP_ZERO);
	expect_seen(test, 64, 60, sizeclass_of(64), "");
	KUNIT_EXPECT_TRUE(test, seen.gfp == (GFP_KERNEL | __GFP_ZERO));
	KUNIT_EXPECT_PTR_EQ(test, seen.p, (const void *)p);
	gfree(p);
	expect_seen(test, 64, 0, sizeclass_of(64), "");
	gfree(galloc_cache_alloc(cache, GFP_KERNEL));
	expect_seen(test, 104, 0, 0, "gate");
	galloc_cache_destroy(cache);
	p = galloc_from(heap, 70000, GFP_KERNEL);
	expect_seen(test, PAGE_ALIGN(70000), 70000, 0, "gate");
	gfree(galloc_from(heap, 60, GFP_KERNEL));
	p = galloc_from(heap, 60, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_frees), 3);
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_frees), 5);
	expect_seen(test, 64, 0, sizeclass_of(64), "gate");
	KUNIT_EXPECT_PTR_EQ(test, seen.p, (const void *)p);
	stop_watching(test, GATE_TRACE);
}

/* Rows made at run time have stacks, too, once they are used often. */
static void a_cache_with_stacks_is_watched(struct kunit *test)
{
	struct galloc_cache *cache = galloc_cache_create("gate", 104, NULL);
	void *p[NR];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_ASSERT_TRUE(test, stacks_give(cache->set));
	for (i = 0; i < 3; i++) {
		start_counting();
		if (i == 1)
			gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
		KUNIT_ASSERT_EQ(test, galloc_cache_alloc_bulk(cache, GFP_KERNEL, NR, p), NR);
		gfree_bulk(NR, p);
		gfree(galloc_cache_alloc(cache, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), i == 1 ? NR + 1 : 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&nr_frees), i == 1 ? NR + 1 : 0);
		if (i == 1)
			stop_watching(test, GATE_TRACE);
	}
	galloc_cache_destroy(cache);
}

static void what_is_no_free_is_not_seen(struct kunit *test)
{
	void *p, *keep, *large;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gk_expect_reports(test, FAULT_INTERIOR);
	start_counting();
	gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
	p = galloc(64, GFP_KERNEL);
	/* So that the span stays. */
	keep = galloc(64, GFP_KERNEL);
	large = galloc(70000, GFP_KERNEL);
	gfree(NULL);
	gfree(ZERO_SIZE_PTR);
	gfree(p + 8);
	gfree(large + 4096);
	gk_expect_faults(test, FAULT_INTERIOR, 2);
	gfree(p);
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	gfree(large);
	gfree(keep);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_frees), 3);
	stop_watching(test, GATE_TRACE);
}

/* ---- the two gates ------------------------------------------------------------------ */

static void a_closed_mask_lets_no_address_pass(struct kunit *test)
{
	void *places[4] = { };
	struct mcache_stack stack = {
		.top = places + 1, .base = places + 1, .end = places + 4,
		.mask = ULONG_MAX,
	};

	KUNIT_EXPECT_FALSE(test, stack_push(&stack, (void *)(PAGE_OFFSET | SZ_4G)));
	KUNIT_EXPECT_FALSE(test, stack_push(&stack, (void *)SZ_4G));
	KUNIT_EXPECT_PTR_EQ(test, stack.top, places + 1);
	stack.mask = 63;
	KUNIT_EXPECT_TRUE(test, stack_push(&stack, (void *)SZ_4G));
}

static struct mcache_stack *changing;

/* The second change. */
static void change_the_rest(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_ALLOCS_ODD || what != changing)
		return;
	WRITE_ONCE(changing->credit, 1000);
	/* Release: as in capacity_add_credit(). */
	smp_store_release(&changing->seq, changing->seq + 1);
}

/* A reader in between the two changes waits for the second. */
static void statistics_see_both_changes_or_none(struct kunit *test)
{
	unsigned int number = stack_number(gk_nid(), sizeclass_of(64));
	struct mcache_stack *stacks = kunit_kzalloc(test, stacks_bytes(), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stacks);
	changing = &stacks[number];
	changing->seq = 1;
	stack_rest(stacks, number)->issued = 1000;
	WRITE_ONCE(galloc_pause_hook, change_the_rest);
	/* Neither has it served anything. */
	KUNIT_EXPECT_TRUE(test, drain_stack_is_clear(stacks, number));
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, changing->seq, 2);
}

/* ---- other CPUs --------------------------------------------------------------------- */

static void work(void *arg)
{
	struct hand *hand = arg;

	hand->task = current;
	while (!READ_ONCE(hands_stop)) {
		hand->on = READ_ONCE(to_be_seen);
		/* Release: whoever waits for the pass knows what it took for true. */
		smp_store_release(&hand->passes, hand->passes + 1);
		gfree(galloc(hand->passes % 7 ? 64 : 70000, GFP_KERNEL));
		hand->pairs += hand->on;
		hand->on = false;
		if (hand->passes % 16 == 0)
			cond_resched();
	}
}

/* Wait until each hand has begun two more passes, so that an old one is over. */
static void wait_for_hands(struct kunit *test, unsigned int nr)
{
	unsigned long from;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		from = READ_ONCE(hands[i].passes);
		KUNIT_EXPECT_TRUE(test, gk_yield_for(READ_ONCE(hands[i].passes) > from + 2,
						     GK_PATIENCE_MS));
	}
}

static bool hotplug(void)
{
	bool gone = false;

#ifdef CONFIG_HOTPLUG_CPU
	int cpu = gk_cpu(num_possible_cpus());

	gone = cpu > gk_cpu(1) && !remove_cpu(cpu);
	if (gone)
		add_cpu(cpu);
#endif
	return gone;
}

static void other_cpus_are_watched_from_the_return_on(struct kunit *test)
{
	struct gk_thread *thread[ARRAY_SIZE(hands)];
	unsigned int i, nr = ARRAY_SIZE(hands) - 1;
	enum gate_reason why;

	memset(hands, 0, sizeof(hands));
	WRITE_ONCE(hands_stop, false);
	for (i = 0; i < nr; i++)
		thread[i] = gk_start(test, gk_cpu(i), work, &hands[i]);
	wait_for_hands(test, nr);
	for (why = 0; why < GATE_TABLE; why++) {
		if (why == GATE_SAMPLE)
			continue;
		start_counting();
		KUNIT_EXPECT_EQ(test, gate_close(why, &watcher, GATE_ALL_ROWS), 0);
		WRITE_ONCE(to_be_seen, true);
		wait_for_hands(test, nr);
		if (why == GATE_TRACE)
			hotplug();
		wait_for_hands(test, nr);
		WRITE_ONCE(to_be_seen, false);
		wait_for_hands(test, nr);
		stop_watching(test, why);
		wait_for_hands(test, nr);
		KUNIT_EXPECT_EQ(test, atomic_read(&nr_late), 0);
	}
	WRITE_ONCE(hands_stop, true);
	for (i = 0; i < nr; i++) {
		gk_join(test, thread[i]);
		hands[i].task = NULL;
		KUNIT_EXPECT_GT(test, hands[i].pairs, 0);
		KUNIT_EXPECT_EQ(test, hands[i].allocs, hands[i].pairs);
		KUNIT_EXPECT_EQ(test, hands[i].frees, hands[i].pairs);
	}
}

static atomic_t held_up, let_go;

/* Lets nothing else run on its CPU, not even a work item. */
static void hold_up(void *unused)
{
	pairs_of(64, GFP_KERNEL);
	preempt_disable();
	atomic_set(&held_up, 1);
	mdelay(50);
	atomic_set(&let_go, 1);
	preempt_enable();
}

static void closing_waits_for_each_cpu(struct kunit *test)
{
	struct gk_thread *thread;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	atomic_set(&held_up, 0);
	atomic_set(&let_go, 0);
	thread = gk_start(test, gk_cpu(1), hold_up, NULL);
	KUNIT_EXPECT_TRUE(test, gk_yield_for(atomic_read(&held_up), GK_PATIENCE_MS));
	gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
	if (!galloc_debug)
		KUNIT_EXPECT_EQ(test, atomic_read(&let_go), 1);
	stop_watching(test, GATE_TRACE);
	gk_join(test, thread);
}

/* ---- CPUs that were not there -------------------------------------------------------- */

static void close_in_pause(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_STACKS_READY || READ_ONCE(gate_all) & BIT(GATE_TRACE))
		return;
	gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
}

static void stacks_made_meanwhile_are_closed(struct kunit *test)
{
	struct mcache_stack *had;

	if (galloc_debug)
		return;
	had = gk_take_stacks_away(test);
	start_counting();
	WRITE_ONCE(galloc_pause_hook, close_in_pause);
	KUNIT_EXPECT_TRUE(test, capacity_setup(0));
	WRITE_ONCE(galloc_pause_hook, NULL);
	/* Before any slow path could close it. */
	KUNIT_EXPECT_EQ(test, gk_stack(sizeclass_of(64))->credit, 0);
	start_counting();
	pairs_of(64, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), NR);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_frees), NR);
	stop_watching(test, GATE_TRACE);
	gk_stacks_delete(had);
}

/* As an isolated CPU does, which gets no work item. */
static void a_cpu_follows_in_its_slow_paths(struct kunit *test)
{
	const struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	unsigned int i;

	pairs_of(64, GFP_KERNEL);
	WRITE_ONCE(gate_all, gate_all | BIT(GATE_TAGS));
	atomic_inc(&gate_gen);
	for (i = 0; m->gates_gen != atomic_read(&gate_gen) && i < nr_stacks; i++)
		gfree(galloc(8, GFP_KERNEL | __GFP_NOFAIL));
	KUNIT_EXPECT_EQ(test, m->gates_gen, atomic_read(&gate_gen));
	if (!galloc_debug)
		KUNIT_EXPECT_EQ(test, gk_stack(sizeclass_of(64))->credit, 0);
	gate_open(GATE_TAGS);
}

#ifdef CONFIG_HOTPLUG_CPU

static int from_callback;
static bool worker_knows;

/* While this lasts the worker tries again and again; whoever drains meanwhile follows, too. */
static int close_in_callback(unsigned int cpu)
{
	from_callback = gate_close(GATE_TRACE, &watcher, GATE_ALL_ROWS);
	worker_knows = gk_wait_for(worker_pending(WORKER_GATES), GK_PATIENCE_MS);
	return 0;
}

static void a_hotplug_callback_leaves_it_to_the_worker(struct kunit *test)
{
	int cpu = gk_cpu(num_possible_cpus());
	int state, gone;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	gk_background();
	/* That has asked, too. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!worker_pending(WORKER_GATES), GK_PATIENCE_MS));
	start_counting();
	state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "galloc:kunit",
					  close_in_callback, NULL);
	KUNIT_ASSERT_GT(test, state, 0);
	gone = remove_cpu(cpu);
	if (!gone)
		KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	cpuhp_remove_state_nocalls(state);
	if (gone)
		kunit_skip(test, "no CPU can be taken away");
	KUNIT_EXPECT_EQ(test, from_callback, -EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, worker_knows);
	if (!galloc_debug)
		KUNIT_EXPECT_TRUE(test, gk_wait_for(({
			gfree(galloc(64, GFP_KERNEL));
			!READ_ONCE(gk_stack(sizeclass_of(64))->credit);
		}), GK_PATIENCE_MS));
	gate_wait();
	start_counting();
	pairs_of(64, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_allocs), NR);
	stop_watching(test, GATE_TRACE);
}

#endif

static bool slow_in, slow_told, slow_out;

/* Others of this CPU are let run, also where no interrupt makes that happen. */
static void see_slowly(const struct gate_object *o)
{
	WRITE_ONCE(slow_in, true);
	__gk_wait(READ_ONCE(slow_told), GK_PATIENCE_MS, ({
		preempt_disable();
		cpu_relax();
		preempt_enable();
	}));
	WRITE_ONCE(slow_out, true);
}

static const struct gate_watcher slow_watcher = { .alloc = see_slowly, .free = see_slowly };

static void one_pair(void *unused)
{
	gfree(galloc(64, GFP_KERNEL));
}

static void tell_the_slow(struct timer_list *unused)
{
	WRITE_ONCE(slow_told, true);
}

static void opening_waits_for_the_watcher(struct kunit *test)
{
	static struct timer_list timer;
	struct gk_thread *thread;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	slow_in = false;
	slow_told = false;
	slow_out = false;
	timer_setup(&timer, tell_the_slow, 0);
	gate_close(GATE_TRACE, &slow_watcher, GATE_ALL_ROWS);
	thread = gk_start(test, gk_cpu(1), one_pair, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(slow_in), GK_PATIENCE_MS));
	mod_timer(&timer, jiffies + HZ / 5);
	gate_open(GATE_TRACE);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(slow_out));
	gk_join(test, thread);
	timer_delete_sync(&timer);
}

/* A CPU that is not done with one change begins anew with the next. */
static void a_change_in_between_reaches_all_stacks(struct kunit *test)
{
	const struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	unsigned int i;
	void *p;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	pairs_of(64, GFP_KERNEL);
	WRITE_ONCE(gate_all, gate_all | BIT(GATE_TAGS));
	atomic_inc(&gate_gen);
	p = galloc(8, GFP_KERNEL | __GFP_NOFAIL);
	KUNIT_EXPECT_GT(test, m->gates_row, sizeclass_of(64));
	KUNIT_EXPECT_EQ(test, gk_stack(sizeclass_of(64))->credit, 0);
	WRITE_ONCE(gate_all, gate_all & ~BIT(GATE_TAGS));
	atomic_inc(&gate_gen);
	for (i = 0; m->gates_gen != atomic_read(&gate_gen) && i < nr_stacks; i++)
		gfree(galloc(8, GFP_KERNEL | __GFP_NOFAIL));
	KUNIT_EXPECT_EQ(test, m->gates_gen, atomic_read(&gate_gen));
	KUNIT_EXPECT_GT(test, gk_stack(sizeclass_of(64))->credit, 0);
	gfree(p);
	gate_open(GATE_TAGS);
}

static int init_case(struct kunit *test)
{
	gk_tags_off();
	return gk_init(test);
}

static void exit_case(struct kunit *test)
{
	gk_exit(test);
	gk_tags_back();
}

#ifdef CONFIG_DEBUG_KMEMLEAK
static const void *told_of;
static unsigned int nr_told;

static void count_told(enum galloc_pause point, const void *what)
{
	nr_told += point == PAUSE_SCAN_TELL && what == told_of;
}

/* It takes memory from the slab allocator for each object. */
static void kmemleak_is_told_where_it_may_allocate(struct kunit *test)
{
	const struct gate_watcher *scan = scan_watcher();
	struct gate_object o = { .size = 64 };
	struct page *page;
	unsigned long flags;

	KUNIT_ASSERT_NOT_NULL(test, scan);
	/* Memory that it does not know yet. */
	page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	o.p = page_address(page);
	told_of = o.p;
	nr_told = 0;
	WRITE_ONCE(galloc_pause_hook, count_told);
	scan->alloc(&o);
	scan->free(&o);
	KUNIT_EXPECT_EQ(test, nr_told, 1);
	/* As in an NMI: on PREEMPT_RT it is the same wherever interrupts are off. */
	local_irq_save(flags);
	__preempt_count_add(NMI_OFFSET);
	scan->alloc(&o);
	__preempt_count_sub(NMI_OFFSET);
	local_irq_restore(flags);
	scan->free(&o);
	KUNIT_EXPECT_EQ(test, nr_told, 1);
	WRITE_ONCE(galloc_pause_hook, NULL);
	__free_page(page);
}
#endif

static void sample_and_free(enum galloc_pause point, const void *what)
{
	unsigned int i;

	if (point != PAUSE_SAMPLE_SET)
		return;
	for (i = 0; i < 16; i++)
		gfree(galloc(100000, GFP_KERNEL));
}

/* Whatever is sampled is forgotten when it is freed, from the first one on. */
static void the_first_samples_are_forgotten(struct kunit *test)
{
	struct profile_totals before, after;

	profile_totals(&before);
	KUNIT_ASSERT_EQ(test, before.samples, 0);
	/* As if nothing had ever been sampled. */
	WRITE_ONCE(gate_watched, gate_watched & ~BIT(GATE_SAMPLE));
	WRITE_ONCE(galloc_pause_hook, sample_and_free);
	sample_set(1);
	WRITE_ONCE(galloc_pause_hook, NULL);
	profile_totals(&after);
	sample_set(0);
	KUNIT_EXPECT_GT(test, after.allocs, before.allocs);
	KUNIT_EXPECT_EQ(test, after.samples, 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_kind_of_call_is_seen),
	KUNIT_CASE(a_single_row_is_watched),
	KUNIT_CASE(it_is_told_what_an_object_is),
	KUNIT_CASE(a_cache_with_stacks_is_watched),
	KUNIT_CASE(what_is_no_free_is_not_seen),
	KUNIT_CASE(a_closed_mask_lets_no_address_pass),
	KUNIT_CASE(statistics_see_both_changes_or_none),
	KUNIT_CASE(other_cpus_are_watched_from_the_return_on),
	KUNIT_CASE(closing_waits_for_each_cpu),
	KUNIT_CASE(stacks_made_meanwhile_are_closed),
	KUNIT_CASE(a_cpu_follows_in_its_slow_paths),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(a_hotplug_callback_leaves_it_to_the_worker),
#endif
	KUNIT_CASE(opening_waits_for_the_watcher),
	KUNIT_CASE(a_change_in_between_reaches_all_stacks),
#ifdef CONFIG_DEBUG_KMEMLEAK
	KUNIT_CASE(kmemleak_is_told_where_it_may_allocate),
#endif
	KUNIT_CASE(the_first_samples_are_forgotten),
	{}
};

GK_SUITE(gate, init_case, exit_case);
