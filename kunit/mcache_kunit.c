// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the per-CPU stacks of free objects.
 *
 * A case runs pinned to one CPU, so that it can inspect the stacks it uses.  In debug
 * mode there are none, which the cases check then.
 */
#include "helpers.h"

/* Objects that a case may hold at once. */
#define MAX_OBJECTS	4096

static void **objects;
static unsigned int nr_objects;

static struct mcache *this_mcache(void)
{
	return raw_cpu_ptr(&galloc_mcache);
}

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	nr_objects = 0;
	objects = kunit_kcalloc(test, MAX_OBJECTS, sizeof(*objects), GFP_KERNEL);
	return err ?: objects ? 0 : -ENOMEM;
}

static void free_objects(void)
{
	while (nr_objects)
		gfree(objects[--nr_objects]);
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	free_objects();
	gk_exit(test);
}

static void *hold(struct kunit *test, size_t size)
{
	void *p = galloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_LT(test, nr_objects, MAX_OBJECTS);
	objects[nr_objects++] = p;
	return p;
}

/* Hold objects until the next one would not come from the stack. */
static void empty_the_stack(struct kunit *test, unsigned int class)
{
	do {
		hold(test, sizeclasses[class].size);
	} while (gk_stacked(gk_stack(class)));
}

/* Has the class neither stack nor span on this CPU? */
static bool stack_is_empty(unsigned int class)
{
	struct mcache_stack *stack = gk_stack(class);

	return stack->top == stack->base && stack->base == stack->end && !stack->span;
}

static bool all_stacks_are_empty(void)
{
	unsigned int class;

	for_each_class(class)
		if (!stack_is_empty(class))
			return false;
	return true;
}

/* In debug mode nothing a case did may have left anything on a stack. */
static bool debug_keeps_nothing(struct kunit *test)
{
	if (!galloc_debug)
		return false;
	KUNIT_EXPECT_TRUE(test, all_stacks_are_empty());
	KUNIT_EXPECT_FALSE(test, mcache_is_setup(raw_smp_processor_id()));
	KUNIT_EXPECT_EQ(test, this_mcache()->held, 0);
	return true;
}

/* ---- what a stack does -------------------------------------------------- */

static void the_last_freed_is_the_next_allocated(struct kunit *test)
{
	unsigned int class, i;

	for_each_class(class) {
		size_t size = sizeclasses[class].size;
		void *p[2];

		/* Or the budget may be used up. */
		drain_cpus();
		for (i = 0; i < 2; i++)
			p[i] = hold(test, size);
		nr_objects -= 2;
		if (!galloc_debug)
			empty_the_stack(test, class);
		gfree(p[0]);
		gfree(p[1]);
		if (!galloc_debug) {
			KUNIT_EXPECT_PTR_EQ(test, hold(test, size), p[1]);
			KUNIT_EXPECT_PTR_EQ(test, hold(test, size), p[0]);
		}
		free_objects();
	}
	debug_keeps_nothing(test);
}

static void an_unused_class_costs_nothing(struct kunit *test)
{
	unsigned int class, used;

	for_each_class(used) {
		size_t size = sizeclasses[used].size;
		unsigned long held = 0;

		drain_cpus();
		KUNIT_EXPECT_TRUE(test, all_stacks_are_empty());
		KUNIT_EXPECT_EQ(test, this_mcache()->held, 0);
		hold(test, size);
		for_each_class(class)
			if (class != used)
				KUNIT_EXPECT_TRUE(test, stack_is_empty(class));
		if (gk_stack(used)->span)
			held = span_bytes(gk_stack(used)->span);
		held += gk_capacity(gk_stack(used)) * size;
		KUNIT_EXPECT_EQ(test, this_mcache()->held, held);
		if (!galloc_debug)
			KUNIT_EXPECT_GT(test, held, 0);
		/* Spans of large objects would hold too much. */
		if (size > 4096)
			KUNIT_EXPECT_NULL(test, gk_stack(used)->span);
		free_objects();
	}
	debug_keeps_nothing(test);
}

static void a_cpu_that_never_allocates_costs_little(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, sizeof(struct mcache), 8192);
}

static void bits_that_no_address_has_are_in_the_mask(struct kunit *test)
{
	unsigned int class;

	hold(test, 64);
	if (debug_keeps_nothing(test))
		return;
	for_each_class(class) {
		unsigned long mask = gk_stack(class)->mask;
		void *p = hold(test, sizeclasses[class].size);

		/* Each free of an object above a page checks its pages. */
		KUNIT_EXPECT_EQ(test, mask == ULONG_MAX,
				sizeclasses[class].size > PAGE_SIZE);
		if (mask == ULONG_MAX)
			continue;
		KUNIT_EXPECT_EQ(test, mask & (mask + 1), 0);
		KUNIT_EXPECT_GE(test, mask, 7);
		KUNIT_EXPECT_EQ(test, sizeclasses[class].size & mask, 0);
		KUNIT_EXPECT_EQ(test, (unsigned long)p & mask, 0);
	}
}

/* Allocate, tell each object from the others, free; more than a stack holds. */
static void flush_and_refill_conserve_each_object(struct kunit *test)
{
	unsigned int class, round, i;

	for_each_class(class) {
		size_t size = sizeclasses[class].size;
		unsigned int n = min(clamp(gk_ops / 2000, 10UL, 2500UL),
				     (2UL << 20) / size);
		unsigned int wrong = 0;

		for (round = 0; round < 3; round++) {
			for (i = 0; i < n; i++)
				*(unsigned long *)hold(test, size) = i;
			for (i = 0; i < n; i++)
				wrong += *(unsigned long *)objects[i] != i;
			free_objects();
			gk_count_ops(2 * n);
		}
		KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "class %u", class);
		cond_resched();
	}
	debug_keeps_nothing(test);
}

/* One for one at first, then a few, of what the class has and the stack takes a small part. */
static void objects_with_a_span_each_come_several_at_once(struct kunit *test)
{
	unsigned int class = sizeclass_of(GK_SMALL(PAGE_SIZE)), most = 0, i;

	class = sizeclasses[class].objects > 1 ? GALLOC_NR_CLASSES - 1 : class;
	if (sizeclasses[class].objects > 1 || galloc_debug)
		return;
	/* Those of single pages would serve one each. */
	gk_take_free_runs(test);
	for (i = 0; i < 100; i++) {
		const atomic_long_t *n = &mcentral_rows[mcentral_row(gk_nid(), class)]->nr_spans;
		long had = atomic_long_read(n), more;

		/* Not if the node had no long run a moment ago. */
		WRITE_ONCE(arena_scarce[gk_nid()].order, MAX_PAGE_ORDER);
		hold(test, sizeclasses[class].size);
		more = atomic_long_read(n) - had;
		KUNIT_EXPECT_LE(test, more, 1 + had / 8);
		most = max_t(unsigned int, most, max(more, 0L));
	}
	KUNIT_EXPECT_LE(test, most, 16);
	KUNIT_EXPECT_TRUE(test, most > 1 || gk_capacity(gk_stack(class)) < 4);
	free_objects();
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static void many_objects_are_popped_at_once(struct kunit *test)
{
	void *out[2 * DRAIN_TURN], **top;
	unsigned int class = sizeclass_of(64);
	struct mcache_stack *stack;
	unsigned int i, n;

	for (i = 0; i < 300; i++)
		hold(test, 64);
	free_objects();
	stack = gk_stack(class);
	if (debug_keeps_nothing(test)) {
		KUNIT_EXPECT_EQ(test, mcache_pop_many(class, NULL, 10, out), 0);
		return;
	}
	top = stack->top;
	KUNIT_ASSERT_GT(test, gk_stacked(stack), 16);
	KUNIT_EXPECT_EQ(test, mcache_pop_many(class, NULL, 10, out), 10);
	KUNIT_EXPECT_PTR_EQ(test, stack->top, top - 10);
	KUNIT_EXPECT_TRUE(test, !memcmp(out, stack->top, 10 * sizeof(*out)));
	for (i = 0; i < 10; i++)
		objects[nr_objects++] = out[i];
	/* At most a turn, and at most as many as there are. */
	while ((n = mcache_pop_many(class, NULL, ARRAY_SIZE(out), out))) {
		KUNIT_EXPECT_LE(test, n, DRAIN_TURN);
		KUNIT_ASSERT_LE(test, nr_objects + n, MAX_OBJECTS);
		for (i = 0; i < n; i++)
			objects[nr_objects++] = out[i];
	}
	KUNIT_EXPECT_EQ(test, gk_stacked(stack), 0);
	/* Each exactly once. */
	for (i = 0; i < nr_objects; i++)
		*(unsigned long *)objects[i] = i;
	for (i = 0; i < nr_objects; i++)
		KUNIT_EXPECT_EQ(test, *(unsigned long *)objects[i], (unsigned long)i);
}

/* ---- capacity and budget ------------------------------------------------ */

static void capacity_follows_a_load_of_a_thousand(struct kunit *test)
{
	struct mcache_stack *stack = gk_stack(sizeclass_of(64));
	unsigned int most = clamp_t(unsigned long,
				    galloc_cpu_cache_bytes / 8 / 64, 2, 2048);
	unsigned int start, round, i;
	u32 misses = 0, overflows = 0;

	hold(test, 64);
	stack = gk_stack(sizeclass_of(64));
	start = gk_capacity(stack);
	for (round = 0; round < 20; round++) {
		misses = stack->misses;
		overflows = stack->overflows;
		for (i = 0; i < 1000; i++)
			hold(test, 64);
		free_objects();
		KUNIT_EXPECT_LE(test, gk_capacity(stack), most);
	}
	if (debug_keeps_nothing(test))
		return;
	KUNIT_EXPECT_GT(test, start, 0);
	KUNIT_EXPECT_GE(test, gk_capacity(stack), min(1000U, most));
	if (most < 1000)
		return;
	/* It has grown into the load: none runs against an end any more. */
	KUNIT_EXPECT_EQ(test, stack->misses, misses);
	KUNIT_EXPECT_EQ(test, stack->overflows, overflows);
}

/* The tick's work on each CPU. */
static void look_for_idle_classes(void)
{
	drain_tick();
	queue_work_on(this_mcache()->cpu, galloc_wq, &this_mcache()->work);
	flush_work(&this_mcache()->work);
}

static void an_idle_class_is_drained_and_a_busy_one_is_not(struct kunit *test)
{
	unsigned int idle = sizeclass_of(64), busy = sizeclass_of(256), i;

	for (i = 0; i < 100; i++) {
		hold(test, 64);
		hold(test, 256);
	}
	free_objects();
	if (debug_keeps_nothing(test))
		return;
	/* The first look only remembers. */
	look_for_idle_classes();
	KUNIT_EXPECT_FALSE(test, stack_is_empty(idle));
	for (i = 0; i < 5; i++)
		gfree(hold(test, 256));
	nr_objects = 0;
	look_for_idle_classes();
	KUNIT_EXPECT_TRUE(test, stack_is_empty(idle));
	KUNIT_EXPECT_GT(test, gk_stacked(gk_stack(busy)), 0);
	/* Its stack was enough: it needs no span. */
	KUNIT_EXPECT_NULL(test, gk_stack(busy)->span);
	look_for_idle_classes();
	KUNIT_EXPECT_TRUE(test, stack_is_empty(busy));
	KUNIT_EXPECT_EQ(test, this_mcache()->held, 0);
}

static void an_oversized_stack_loses_half(struct kunit *test)
{
	struct mcache_stack *stack;
	unsigned int had, i;
	void *top;

	for (i = 0; i < 100; i++)
		hold(test, 256);
	free_objects();
	if (debug_keeps_nothing(test))
		return;
	stack = gk_stack(sizeclass_of(256));
	/* It has missed: all that is there may be wanted. */
	had = gk_stacked(stack);
	KUNIT_ASSERT_GT(test, had, 10);
	look_for_idle_classes();
	KUNIT_EXPECT_EQ(test, gk_stacked(stack), had);
	for (; had > 1; had -= had / 2) {
		gfree(hold(test, 256));
		nr_objects = 0;
		top = stack->top[-1];
		look_for_idle_classes();
		KUNIT_EXPECT_EQ(test, gk_stacked(stack), had - had / 2);
		/* The one that was used last is still warm. */
		KUNIT_EXPECT_PTR_EQ(test, stack->top[-1], top);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
	}
}

static void an_idle_cpu_is_drained(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		hold(test, 128);
	free_objects();
	if (debug_keeps_nothing(test) || gk_quick)
		return;
	KUNIT_EXPECT_GT(test, this_mcache()->held, 0);
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!READ_ONCE(this_mcache()->held),
					    GK_PATIENCE_MS));
	KUNIT_EXPECT_TRUE(test, all_stacks_are_empty());
}

/* Is the accounting of this CPU consistent and within the budget? */
static bool budget_is_kept(void)
{
	unsigned long may_hold = 0, holds = 0;
	struct mcache *m;
	unsigned int class;
	bool kept;

	preempt_disable();
	m = this_mcache();
	for_each_class(class) {
		struct mcache_stack *stack = &m->local[class];
		size_t size = sizeclasses[class].size;

		may_hold += gk_capacity(stack) * size;
		holds += gk_stacked(stack) * size;
		if (!stack->span)
			continue;
		may_hold += span_bytes(stack->span);
		holds += mspan_count_free(stack->span) * size;
	}
	kept = may_hold == m->held && holds <= m->held &&
	       m->held <= galloc_cpu_cache_bytes;
	preempt_enable();
	return kept;
}

static void the_budget_is_kept_under_any_load(struct kunit *test)
{
	const unsigned long budgets[] = { 65536, galloc_cpu_cache_bytes };
	unsigned long i, n = gk_times(1000000);
	u64 rng = gk_seed(test);
	unsigned int b;

	for (b = 0; b < ARRAY_SIZE(budgets); b++) {
		WRITE_ONCE(galloc_cpu_cache_bytes, budgets[b]);
		for (i = 0; i < n; i++) {
			unsigned int half = 256 + 256 * (i / 5000 % 2);

			/* Now many objects, now few. */
			if (nr_objects < gk_below(&rng, 2 * half)) {
				hold(test, gk_random_size(&rng));
			} else if (nr_objects) {
				u32 which = gk_below(&rng, nr_objects);

				gfree(objects[which]);
				objects[which] = objects[--nr_objects];
			}
			if (i % 32)
				continue;
			cond_resched();
			if (budget_is_kept())
				continue;
			KUNIT_FAIL(test, "operation %lu: held %lu of %lu", i,
				   this_mcache()->held, galloc_cpu_cache_bytes);
			return;
		}
		gk_count_ops(n);
		free_objects();
		drain_cpus();
	}
}

/* ---- drains ------------------------------------------------------------- */

static void cache_something(struct kunit *test)
{
	u64 rng = 1;
	unsigned int i;

	for (i = 0; i < 300; i++)
		hold(test, gk_random_size(&rng));
	free_objects();
	KUNIT_EXPECT_EQ(test, all_stacks_are_empty(), galloc_debug);
}

static void a_drain_leaves_nothing_cached(struct kunit *test)
{
	unsigned int n, i;

	for (n = 0; n < 2; n++) {
		gk_pin(gk_cpu(n));
		cache_something(test);
		/* One stack takes more than a turn. */
		for (i = 0; i < 4000; i++) {
			hold(test, 32);
			if (nr_objects == 1000)
				free_objects();
		}
		if (!galloc_debug)
			KUNIT_EXPECT_GT(test, gk_stacked(gk_stack(sizeclass_of(32))),
					DRAIN_TURN);
	}
	drain_cpus();
	for (n = 0; n < 2; n++) {
		gk_pin(gk_cpu(n));
		KUNIT_EXPECT_TRUE(test, all_stacks_are_empty());
		KUNIT_EXPECT_EQ(test, this_mcache()->held, 0);
	}
	/* No span is left without an owner: with the last object all are returned. */
	free_objects();
	drain_cpus();
	for_each_class(n) {
		const struct mcentral *c = mcentral_rows[mcentral_row(gk_nid(), n)];

		KUNIT_EXPECT_EQ(test, atomic_long_read(&c->nr_spans), 0);
	}
}

static void an_asynchronous_drain_happens(struct kunit *test)
{
	cache_something(test);
	gk_background();
	/* A request soon after another one does nothing. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({
		drain_kick();
		!READ_ONCE(this_mcache()->held);
	}), GK_PATIENCE_MS));
	gk_quiet();
	KUNIT_EXPECT_TRUE(test, all_stacks_are_empty());
}

/* ---- interrupts --------------------------------------------------------- */

/* As if we were an interrupt that came while the stacks were worked on. */
static void stacks_are_busy(bool busy)
{
	if (busy)
		preempt_disable();
	this_mcache()->busy = busy;
	if (!busy)
		preempt_enable();
}

static void an_interrupt_takes_one_object_and_leaves_the_stack_alone(struct kunit *test)
{
	unsigned int class = sizeclass_of(64), i;
	struct mcentral *row = mcentral_rows[mcentral_row(gk_nid(), class)];
	long allocs = gk_events(EVENT_BUSY_ALLOC);
	long frees = gk_events(EVENT_BUSY_FREE);
	struct mcache_stack *stack, before, after;
	unsigned long singles;
	void *p[3], *bulk[5];
	size_t n;

	for (i = 0; i < 20; i++)
		hold(test, 64);
	free_objects();
	singles = row->singles;

	stacks_are_busy(true);
	stack = gk_stack(class);
	before = *stack;
	for (i = 0; i < 3; i++)
		p[i] = galloc(64, GFP_ATOMIC);
	n = galloc_bulk(64, GFP_ATOMIC, 5, bulk);
	for (i = 0; i < 3; i++)
		gfree(p[i]);
	gfree_bulk(n, bulk);
	after = *stack;
	stacks_are_busy(false);

	KUNIT_EXPECT_EQ(test, n, 5);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_NOT_NULL(test, p[i]);
	KUNIT_EXPECT_TRUE(test, !memcmp(&before, &after, sizeof(before)));
	KUNIT_EXPECT_EQ(test, row->singles, singles + 8);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_BUSY_ALLOC), allocs + 8);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_BUSY_FREE), frees + 8);
	if (!galloc_debug)
		KUNIT_EXPECT_GT(test, gk_stacked(gk_stack(class)), 0);
}

/* ---- at a pause --------------------------------------------------------- */

static struct task_struct *paused;
static void *taken_in_pause;
static bool pause_over;

static bool our_pause(enum galloc_pause point)
{
	if (point != PAUSE_REFILL_CACHED || current != paused || pause_over)
		return false;
	pause_over = true;
	return true;
}

static void pause_with(void (*hook)(enum galloc_pause, const void *))
{
	paused = current;
	pause_over = false;
	taken_in_pause = NULL;
	WRITE_ONCE(galloc_pause_hook, hook);
}

static void take_one_in_pause(enum galloc_pause point, const void *what)
{
	if (our_pause(point))
		taken_in_pause = galloc(64, GFP_KERNEL);
}

/* While a task brings a span, another one of the same CPU installs its own. */
static void the_latecomer_uncaches_its_span(struct kunit *test)
{
	struct mcentral *row = mcentral_rows[mcentral_row(gk_nid(), sizeclass_of(64))];
	long lost = gk_events(EVENT_INSTALL_LOST);
	void *p;

	pause_with(take_one_in_pause);
	p = hold(test, 64);
	WRITE_ONCE(galloc_pause_hook, NULL);
	if (debug_keeps_nothing(test))
		return;
	KUNIT_ASSERT_NOT_NULL(test, taken_in_pause);
	objects[nr_objects++] = taken_in_pause;
	KUNIT_EXPECT_PTR_NE(test, p, taken_in_pause);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_INSTALL_LOST), lost + 1);
	KUNIT_EXPECT_NOT_NULL(test, gk_stack(row->class)->span);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&row->nr_spans), 2);
	KUNIT_EXPECT_TRUE(test, budget_is_kept());
}

static void migrate_in_pause(enum galloc_pause point, const void *what)
{
	if (our_pause(point))
		gk_pin(gk_cpu(1));
}

/* A task that grows may go on elsewhere: it must not touch the old CPU's stacks. */
static void a_migrating_task_installs_its_span_on_the_new_cpu(struct kunit *test)
{
	unsigned int class = sizeclass_of(64);
	struct mcache_stack *old;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	/* Both CPUs have stacks. */
	gk_pin(gk_cpu(1));
	hold(test, 1024);
	gk_pin(gk_cpu(0));
	hold(test, 1024);
	old = gk_stack(class);
	pause_with(migrate_in_pause);
	hold(test, 64);
	WRITE_ONCE(galloc_pause_hook, NULL);
	if (debug_keeps_nothing(test))
		return;
	KUNIT_EXPECT_EQ(test, raw_smp_processor_id(), gk_cpu(1));
	KUNIT_EXPECT_NULL(test, old->span);
	KUNIT_EXPECT_EQ(test, gk_stacked(old), 0);
	KUNIT_EXPECT_TRUE(test, budget_is_kept());
}

static void a_migrating_task_returns_a_surplus_span(struct kunit *test)
{
	unsigned int class = sizeclass_of(64);
	long returned = gk_events(EVENT_MIGRATED);
	struct mspan *there;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	gk_pin(gk_cpu(1));
	hold(test, 64);
	there = gk_stack(class)->span;
	gk_pin(gk_cpu(0));
	hold(test, 1024);
	pause_with(migrate_in_pause);
	hold(test, 64);
	WRITE_ONCE(galloc_pause_hook, NULL);
	if (debug_keeps_nothing(test))
		return;
	KUNIT_EXPECT_NOT_NULL(test, there);
	KUNIT_EXPECT_PTR_EQ(test, gk_stack(class)->span, there);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_MIGRATED), returned + 1);
	KUNIT_EXPECT_TRUE(test, budget_is_kept());
}

static void drain_in_pause(enum galloc_pause point, const void *what)
{
	if (our_pause(point))
		drain_cpus();
}

static void a_drain_skips_a_span_being_installed(struct kunit *test)
{
	hold(test, 64);
	free_objects();
	drain_cpus();
	pause_with(drain_in_pause);
	hold(test, 64);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, pause_over, !galloc_debug);
	KUNIT_EXPECT_TRUE(test, budget_is_kept());
}

/* ---- without memory ----------------------------------------------------- */

static void without_memory_for_a_stack_objects_are_served(struct kunit *test)
{
	struct mspan *run[8];
	unsigned int i;

	gk_take_free_runs(test);
	/* Pages there are, and descriptors, but nothing more for galloc. */
	for (i = 0; i < ARRAY_SIZE(run); i++) {
		run[i] = mheap_alloc(gk_nid(), 2, 1, 0, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, run[i]);
	}
	for (i = 0; i < ARRAY_SIZE(run); i++)
		mheap_free(run[i]);
	gk_limit_to(0);
	for (i = 0; i < 10; i++)
		hold(test, 64);
	KUNIT_EXPECT_TRUE(test, all_stacks_are_empty());
	free_objects();
	KUNIT_EXPECT_TRUE(test, all_stacks_are_empty());
}

/* ---- from one CPU to another -------------------------------------------- */

#define BATCH	32
#define RING	16

struct belt {
	atomic_t met;
	unsigned long batches;
	unsigned long wrong;
	struct gk_ring ring;
	void *place[RING][BATCH];
};

static void produce(void *arg)
{
	struct belt *b = arg;
	unsigned long i;
	unsigned int j;
	ktime_t end;

	gk_meet(&b->met, 2);
	end = ktime_add_ms(ktime_get(), 4 * GK_FIGHT_MS);
	for (i = 0; i < b->batches && !gk_fight_over(i + 1, end); i++) {
		void **batch = b->place[i % RING];

		if (!gk_yield_for(gk_ring_has_room(&b->ring, RING),
				  GK_PATIENCE_MS / 2))
			break;
		for (j = 0; j < BATCH; j++) {
			batch[j] = galloc(64 + 64 * (j & 1), GFP_KERNEL);
			if (batch[j])
				*(unsigned long *)batch[j] = i * BATCH + j;
		}
		gk_ring_put(&b->ring);
	}
	gk_ring_close(&b->ring);
}

static void consume(void *arg)
{
	struct belt *b = arg;
	unsigned long i;
	unsigned int j;

	gk_meet(&b->met, 2);
	for (i = 0; ; i++) {
		void **batch = b->place[i % RING];

		gk_yield_for(gk_ring_has_any(&b->ring) || gk_ring_closed(&b->ring),
			     GK_PATIENCE_MS / 2);
		if (!gk_ring_has_any(&b->ring))
			return;
		for (j = 0; j < BATCH; j++) {
			b->wrong += !batch[j] ||
				    *(unsigned long *)batch[j] != i * BATCH + j;
			gfree(batch[j]);
		}
		gk_ring_take(&b->ring);
	}
}

static void objects_made_on_one_cpu_are_freed_on_another(struct kunit *test)
{
	struct belt *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct gk_thread *from, *to;

	KUNIT_ASSERT_NOT_NULL(test, b);
	gk_background();
	b->batches = gk_times(10000000) / BATCH;
	from = gk_start(test, gk_cpu(0), produce, b);
	to = gk_start(test, gk_cpu(1), consume, b);
	gk_join(test, from);
	gk_join(test, to);
	gk_count_ops(2UL * b->ring.tail * BATCH);
	KUNIT_EXPECT_GT(test, b->ring.head, 0);
	KUNIT_EXPECT_EQ(test, b->ring.tail, b->ring.head);
	KUNIT_EXPECT_EQ(test, b->wrong, 0);
	debug_keeps_nothing(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_last_freed_is_the_next_allocated),
	KUNIT_CASE(an_unused_class_costs_nothing),
	KUNIT_CASE(a_cpu_that_never_allocates_costs_little),
	KUNIT_CASE(bits_that_no_address_has_are_in_the_mask),
	KUNIT_CASE(flush_and_refill_conserve_each_object),
	KUNIT_CASE(objects_with_a_span_each_come_several_at_once),
	KUNIT_CASE(many_objects_are_popped_at_once),
	KUNIT_CASE(capacity_follows_a_load_of_a_thousand),
	KUNIT_CASE(an_idle_class_is_drained_and_a_busy_one_is_not),
	KUNIT_CASE(an_oversized_stack_loses_half),
	KUNIT_CASE(an_idle_cpu_is_drained),
	KUNIT_CASE(the_budget_is_kept_under_any_load),
	KUNIT_CASE(a_drain_leaves_nothing_cached),
	KUNIT_CASE(an_asynchronous_drain_happens),
	KUNIT_CASE(an_interrupt_takes_one_object_and_leaves_the_stack_alone),
	KUNIT_CASE(the_latecomer_uncaches_its_span),
	KUNIT_CASE(a_migrating_task_installs_its_span_on_the_new_cpu),
	KUNIT_CASE(a_migrating_task_returns_a_surplus_span),
	KUNIT_CASE(a_drain_skips_a_span_being_installed),
	KUNIT_CASE(without_memory_for_a_stack_objects_are_served),
	KUNIT_CASE(objects_made_on_one_cpu_are_freed_on_another),
	{}
};

GK_SUITE(mcache, init_case, exit_case);
