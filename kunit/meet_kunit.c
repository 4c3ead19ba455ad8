// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: races outside a span: while a CPU is set up, while a transfer
 * begins or ends, while objects move between the two, and over a grace period.
 *
 * The other party acts in the same thread, from within a pause point or an allocation,
 * as an interrupt would; or in another thread, if it has to wait.
 */
#include "helpers.h"

/* Objects of this size: their transfer has room for 512. */
#define SIZE		256
#define MAX_OBJECTS	2000

static void *objects[MAX_OBJECTS];
static unsigned int nr_objects;

static unsigned int class_here(void)
{
	return sizeclass_of(SIZE);
}

static struct transfer *transfer_here(void)
{
	return &mcentral_rows[mcentral_row(gk_nid(), class_here())]->transfer;
}

static void let_go(unsigned int n)
{
	while (n-- && nr_objects)
		gfree(objects[--nr_objects]);
}

static void exit_case(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	WRITE_ONCE(galloc_fail_hook, NULL);
	let_go(MAX_OBJECTS);
	gk_exit(test);
}

/* A pause must not sleep. */
static void hold(unsigned int n)
{
	while (n-- && nr_objects < MAX_OBJECTS) {
		/* The other party may hold some, and let them go, before this returns. */
		void *p = galloc(SIZE, GFP_NOWAIT);

		if (p)
			objects[nr_objects++] = p;
	}
}

/* The bytes in use, exactly: no object was lost or duplicated. */
static void expect_all_accounted(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)nr_objects * SIZE);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* ---- the other party -------------------------------------------------------------- */

static struct {
	struct task_struct *who;
	enum galloc_pause at;
	void (*act)(void);
	bool acted;
} other;

static void act_once(void)
{
	if (current != other.who || other.acted)
		return;
	other.acted = true;
	other.act();
}

static void act_in_pause(enum galloc_pause point, const void *what)
{
	if (point == other.at)
		act_once();
}

static bool act_in_request(unsigned int order)
{
	act_once();
	return false;
}

static void other_at(enum galloc_pause at, void (*act)(void))
{
	other.who = current;
	other.at = at;
	other.act = act;
	other.acted = false;
	WRITE_ONCE(galloc_pause_hook, act_in_pause);
}

/* At galloc's next allocation from the system. */
static void other_at_request(void (*act)(void))
{
	other.who = current;
	other.act = act;
	other.acted = false;
	WRITE_ONCE(galloc_fail_hook, act_in_request);
}

static void other_over(struct kunit *test)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_TRUE(test, other.acted);
}

/* ---- set-up ----------------------------------------------------------------------- */

static struct mcache_stack *stacks_of_the_first;

/* An interrupt sets up the CPU, and has objects on its stacks, before we do. */
static void be_first(void)
{
	hold(40);
	let_go(20);
	stacks_of_the_first = raw_cpu_ptr(&galloc_mcache)->stacks;
}

static void concurrent_set_ups_of_a_cpu_share_the_stacks(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	struct mcache_stack *had;

	had = gk_take_stacks_away(test);
	/* For both of them. */
	gk_make_room(get_order(stacks_bytes()) + 1);
	other_at_request(be_first);
	hold(1);
	other_over(test);
	KUNIT_EXPECT_PTR_NE(test, stacks_of_the_first, empty_stacks);
	KUNIT_EXPECT_PTR_EQ(test, m->stacks, stacks_of_the_first);
	gk_stacks_delete(had);
	expect_all_accounted(test);
}

/* ---- transfer --------------------------------------------------------------------- */

/* No transfer, and a stack that is about to overflow. */
static void without_transfer(struct kunit *test)
{
	struct galloc_totals t;

	KUNIT_ASSERT_TRUE(test, gk_rest(&t));
	KUNIT_ASSERT_NULL(test, transfer_here()->stack);
	hold(1000);
}

/* Another CPU's stack, here an interrupt's, overflows at the same time. */
static void overflow_first(void)
{
	while (nr_objects && !transfer_here()->n)
		let_go(1);
}

static void concurrent_overflows_share_the_transfer(struct kunit *test)
{
	unsigned int n;

	without_transfer(test);
	other_at_request(overflow_first);
	while (nr_objects && !other.acted)
		let_go(1);
	other_over(test);
	/* It has the objects of the first, and then those of the second. */
	n = transfer_here()->n;
	KUNIT_EXPECT_GT(test, n, 1);
	expect_all_accounted(test);
	let_go(MAX_OBJECTS);
	expect_all_accounted(test);
}

/* Memory is wanted: all objects go to their spans, and the stack to the system. */
static void give_transfer_up(void)
{
	transfer_drain();
}

static void objects_put_while_a_transfer_is_freed_are_free(struct kunit *test)
{
	without_transfer(test);
	while (nr_objects && !transfer_here()->n)
		let_go(1);
	KUNIT_ASSERT_NOT_NULL(test, transfer_here()->stack);
	other_at(PAUSE_TRANSFER_PUT, give_transfer_up);
	while (nr_objects && !other.acted)
		let_go(1);
	other_over(test);
	KUNIT_EXPECT_NULL(test, transfer_here()->stack);
	KUNIT_EXPECT_EQ(test, transfer_here()->n, 0);
	expect_all_accounted(test);
}

/* Put objects into the transfer, and leave none on this CPU. */
static void fill_transfer(struct kunit *test, unsigned int n)
{
	struct mcache_stack *stack = gk_stack(class_here());

	hold(MAX_OBJECTS);
	while (nr_objects && transfer_here()->n < n)
		let_go(1);
	while (gk_stacked(stack))
		hold(1);
	KUNIT_ASSERT_GE(test, transfer_here()->n, n);
	KUNIT_ASSERT_LT(test, nr_objects, MAX_OBJECTS);
}

/* An interrupt frees as many as fill the stack. */
static void fill_the_stack(void)
{
	struct mcache_stack *stack = gk_stack(class_here());

	while (nr_objects && stack->top != stack->end)
		let_go(1);
}

static void objects_beyond_a_full_stack_are_returned(struct kunit *test)
{
	struct mcache_stack *stack;

	fill_transfer(test, 128);
	stack = gk_stack(class_here());
	other_at(PAUSE_TRANSFER_GOT, fill_the_stack);
	while (nr_objects < MAX_OBJECTS && !other.acted)
		hold(1);
	other_over(test);
	KUNIT_EXPECT_LE(test, gk_stacked(stack), gk_capacity(stack));
	expect_all_accounted(test);
}

/* While the first part moves to the spans another CPU takes the rest. */
static void take_all_of_transfer(void)
{
	while (nr_objects < MAX_OBJECTS && transfer_here()->n)
		hold(1);
}

static void a_transfer_drain_skips_objects_taken_meanwhile(struct kunit *test)
{
	fill_transfer(test, 200);
	other_at(PAUSE_FREE_MARKED, take_all_of_transfer);
	drain_cpus();
	other_over(test);
	KUNIT_EXPECT_EQ(test, transfer_here()->n, 0);
	expect_all_accounted(test);
}

/* It takes as many as fit; the spans get the rest. */
static void objects_beyond_a_full_transfer_go_to_the_spans(struct kunit *test)
{
	hold(MAX_OBJECTS);
	let_go(MAX_OBJECTS - 10);
	KUNIT_EXPECT_EQ(test, transfer_here()->n, transfer_here()->max);
	expect_all_accounted(test);
}

/* ---- drains ----------------------------------------------------------------------- */

static atomic_t nr_marked;

/* Another drain is requested when the CPU's work item has begun. */
static void ask_again(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_FREE_MARKED && atomic_inc_return(&nr_marked) == 1)
		drain_kick();
}

static void a_drain_requested_during_another_is_still_due(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);

	hold(100);
	let_go(100);
	/* A request soon after another one is ignored. */
	msleep(200);
	atomic_set(&nr_marked, 0);
	WRITE_ONCE(galloc_pause_hook, ask_again);
	WRITE_ONCE(m->drain_all, true);
	queue_work_on(m->cpu, galloc_wq, &m->work);
	flush_work(&m->work);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_GT(test, atomic_read(&nr_marked), 1);
	/* Objects on a stack that the drain has passed would be forgotten. */
	KUNIT_EXPECT_TRUE(test, drain_is_behind());
	drain_cpus();
	KUNIT_EXPECT_FALSE(test, drain_is_behind());
}

/*
 * Asked again when the turns of a drain are past a class that has filled since.  A
 * request soon after another one asks nothing.
 */

/* Slow calls, each of which does one turn of a drain, until @cond. */
#define turn_until(cond)						\
({									\
	unsigned int __n;						\
									\
	for (__n = 0; __n < 4 * MAX_OBJECTS && !(cond); __n++)		\
		gfree(galloc_node(GALLOC_MAX_SMALL, GFP_ATOMIC |	\
				  __GFP_ZERO, gk_nid()));		\
	(cond);								\
})

static void a_second_request_drains_the_first_classes_again(struct kunit *test)
{
	struct mcache_stack *first, *last;
	unsigned int i;
	void *p[20];

	/* The turns are at the first class again. */
	msleep(200);
	drain_kick();
	KUNIT_ASSERT_TRUE(test, turn_until(!drain_is_behind()));
	/* In stacks that are this CPU's own by now. */
	first = gk_stack(sizeclass_of(64));
	last = gk_stack(class_here());

	hold(400);
	let_go(400);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = galloc(64, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p) / 2; i++)
		gfree(p[i]);
	msleep(200);
	drain_kick();
	KUNIT_ASSERT_TRUE(test, turn_until(!gk_stacked(first)));
	KUNIT_ASSERT_GT(test, gk_stacked(last), 0);
	for (; i < ARRAY_SIZE(p); i++)
		gfree(p[i]);
	KUNIT_ASSERT_GT(test, gk_stacked(first), 0);
	msleep(200);
	drain_kick();
	KUNIT_EXPECT_TRUE(test, turn_until(!drain_is_behind()));
	KUNIT_EXPECT_EQ(test, gk_stacked(first), 0);
}

/* ---- grace periods ------------------------------------------------------------------ */

/*
 * A grace period that began during a freer's lookup must not end before the
 * freer is done, or a descriptor that it still reads could be freed.
 */
static struct {
	struct task_struct *freer;
	struct completion begin;
	struct completion intrude;
	bool begun;
	bool ended;
	bool ended_too_soon;
} grace;

static void wait_for_grace(void *arg)
{
	wait_for_completion(&grace.begin);
	WRITE_ONCE(grace.begun, true);
	synchronize_rcu();
	WRITE_ONCE(grace.ended, true);
}

/* Preempts the freer, as a task of higher priority does, so that RCU sees its section. */
static void intrude(void *arg)
{
	sched_set_fifo(current);
	wait_for_completion(&grace.intrude);
}

static void grace_hook(enum galloc_pause point, const void *what)
{
	if (current != grace.freer)
		return;
	if (point == PAUSE_RESOLVE_FOUND && !grace.begun) {
		complete(&grace.begin);
		complete(&grace.intrude);
		gk_spin_for(READ_ONCE(grace.begun), GK_PATIENCE_MS);
		/* It is to have begun: how long that takes nobody tells. */
		mdelay(50);
	}
	if (point == PAUSE_FREE_DECIDED)
		grace.ended_too_soon = gk_spin_for(READ_ONCE(grace.ended), 300);
}

static void no_grace_period_ends_during_a_free(struct kunit *test)
{
	struct gk_thread *waiter, *intruder;
	void *p;

	if (!gk_smp())
		return;
	/* A free into the span. */
	p = mcentral_alloc(mcentral_row(gk_nid(), class_here()), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(&grace, 0, sizeof(grace));
	init_completion(&grace.begin);
	init_completion(&grace.intrude);
	grace.freer = current;
	waiter = gk_start(test, gk_cpu(1), wait_for_grace, NULL);
	intruder = gk_start(test, gk_cpu(0), intrude, NULL);
	/* It has run, and sleeps now. */
	msleep(20);
	WRITE_ONCE(galloc_pause_hook, grace_hook);
	mcentral_free_single(p);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_TRUE(test, grace.begun);
	KUNIT_EXPECT_FALSE(test, grace.ended_too_soon);
	gk_join(test, waiter);
	gk_join(test, intruder);
	KUNIT_EXPECT_TRUE(test, grace.ended);
}

/* A reader of the map, which grows meanwhile. */
static struct {
	bool in;
	bool go_on;
	bool gone_on;
} reader;

static void read_the_map(void *arg)
{
	rcu_read_lock();
	WRITE_ONCE(reader.in, true);
	gk_spin_for(READ_ONCE(reader.go_on), GK_PATIENCE_MS);
	WRITE_ONCE(reader.gone_on, true);
	rcu_read_unlock();
}

static void let_reader_go_on(struct timer_list *unused)
{
	WRITE_ONCE(reader.go_on, true);
}

static void a_replaced_map_outlives_its_readers(struct kunit *test)
{
	static struct timer_list timer;
	struct gk_thread *t;
	int err;

	if (!gk_smp())
		return;
	memset(&reader, 0, sizeof(reader));
	timer_setup(&timer, let_reader_go_on, 0);
	t = gk_start(test, gk_cpu(1), read_the_map, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(reader.in), GK_PATIENCE_MS));
	mod_timer(&timer, jiffies + HZ / 5);
	err = map_grow(arena_map->base + (map_nr_slots() << ARENA_SHIFT));
	KUNIT_EXPECT_EQ(test, err, 0);
	/* The old one has been freed. */
	KUNIT_EXPECT_TRUE(test, READ_ONCE(reader.gone_on));
	gk_join(test, t);
	timer_delete_sync(&timer);
}

/* A slot that comes and goes while the map is copied. */
static struct {
	unsigned long addr;
	bool over;
	unsigned long turns;
	unsigned long wrong;
} mover;

static bool slot_is_there(void)
{
	unsigned int page;
	bool there;

	rcu_read_lock();
	there = arena_of((void *)mover.addr, &page) != &arena_none;
	rcu_read_unlock();
	return there;
}

static void move_a_slot(void *arg)
{
	while (!READ_ONCE(mover.over) && !mover.wrong) {
		/* A whole block: whoever has one does not look at its pages. */
		if (map_get_range(mover.addr, ARENA_PAGES, gk_nid(), GFP_KERNEL))
			continue;
		mover.wrong += !slot_is_there();
		udelay(1);
		mover.wrong += !slot_is_there();
		/* Lost, it cannot be given back. */
		if (mover.wrong)
			break;
		map_put_range(mover.addr, ARENA_PAGES);
		mover.wrong += slot_is_there();
		WRITE_ONCE(mover.turns, mover.turns + 1);
		if (mover.turns % 64 == 0)
			cond_resched();
	}
}

/* Long enough that its copy takes a while, and begins with the slot. */
#define LONGER		2048UL
#define LONGER_TURNS	40

static void a_slot_that_moves_while_the_map_grows_is_kept(struct kunit *test)
{
	struct gk_thread *t;
	unsigned long nr;
	unsigned int i;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	memset(&mover, 0, sizeof(mover));
	nr = map_nr_slots();
	mover.addr = arena_map->base + (nr << ARENA_SHIFT);
	KUNIT_ASSERT_EQ(test, map_grow(mover.addr + (LONGER << ARENA_SHIFT)), 0);
	t = gk_start(test, gk_cpu(1), move_a_slot, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(mover.turns), GK_PATIENCE_MS));
	for (i = 0; i < LONGER_TURNS; i++)
		KUNIT_EXPECT_EQ(test, map_grow(arena_map->base +
					       (map_nr_slots() << ARENA_SHIFT)), 0);
	WRITE_ONCE(mover.over, true);
	gk_join(test, t);
	KUNIT_EXPECT_EQ(test, mover.wrong, 0);
	KUNIT_EXPECT_FALSE(test, slot_is_there());
}

static struct kunit_case cases[] = {
	KUNIT_CASE(concurrent_set_ups_of_a_cpu_share_the_stacks),
	KUNIT_CASE(concurrent_overflows_share_the_transfer),
	KUNIT_CASE(objects_put_while_a_transfer_is_freed_are_free),
	KUNIT_CASE(objects_beyond_a_full_stack_are_returned),
	KUNIT_CASE(a_transfer_drain_skips_objects_taken_meanwhile),
	KUNIT_CASE(objects_beyond_a_full_transfer_go_to_the_spans),
	KUNIT_CASE(a_drain_requested_during_another_is_still_due),
	KUNIT_CASE(a_second_request_drains_the_first_classes_again),
	KUNIT_CASE(no_grace_period_ends_during_a_free),
	KUNIT_CASE(a_replaced_map_outlives_its_readers),
	KUNIT_CASE(a_slot_that_moves_while_the_map_grows_is_kept),
	{}
};

GK_SUITE(meet, gk_init_stacks, exit_case);
