// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the gate of background work, and callers with interrupts off.
 *
 * A case closes the gate to exclude background work, and opens it at its end.
 */
#include "helpers.h"

#include "galloc_override_calls.h"

#include <linux/irq_work.h>
#include <linux/irqflags.h>

/* Enough objects of 64 bytes that their stack is longer than a turn of a drain. */
#define MANY	(8 * DRAIN_TURN)

static void *objects[MANY];
static unsigned int nr_objects;

static void hold(struct kunit *test, size_t size, gfp_t gfp)
{
	void *p = galloc(size, gfp);

	KUNIT_EXPECT_NOT_NULL(test, p);
	if (p && nr_objects < MANY)
		objects[nr_objects++] = p;
}

static void let_go(void)
{
	while (nr_objects)
		gfree(objects[--nr_objects]);
}

static bool anything_pending(void)
{
	enum worker_job job;

	for (job = 0; job < NR_WORKER_JOBS; job++)
		if (worker_pending(job))
			return true;
	return false;
}

static void kick_all(void)
{
	enum worker_job job;

	for (job = 0; job < NR_WORKER_JOBS; job++)
		worker_kick(job);
}

/* ---- the gate ------------------------------------------------------------- */

/*
 * Requests a drain with interrupts off.  True if that queued an irq_work and no work
 * item: another CPU may request a drain at the same moment.
 */
static bool only_irq_work_is_queued(void)
{
	unsigned long flags;
	bool work, irq_work;

	gk_wait_for(!worker_pending(WORKER_DRAIN_LATER), GK_PATIENCE_MS);
	local_irq_save(flags);
	worker_kick(WORKER_DRAIN_LATER);
	work = worker_pending(WORKER_DRAIN_LATER);
	irq_work = worker_pending(WORKER_CPU);
	local_irq_restore(flags);
	return irq_work && !work;
}

static void with_interrupts_off_only_irq_work_is_queued(struct kunit *test)
{
	int tries = 20;

	/* All queued work has run, and the gate is open again. */
	worker_stop();
	worker_start();
	gk_wait_for(!worker_pending(WORKER_NOW), GK_PATIENCE_MS);

	while (!only_irq_work_is_queued() && --tries)
		;
	KUNIT_EXPECT_GT(test, tries, 0);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!worker_pending(WORKER_CPU),
					    GK_PATIENCE_MS));
}

static atomic_t irq_works_hard, irq_works_lazy;

static void look_at_irq_work(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_IRQ_WORK)
		return;
	if (irq_work_is_hard((struct irq_work *)what))
		atomic_inc(&irq_works_hard);
	else
		atomic_inc(&irq_works_lazy);
}

/* With PREEMPT_RT others would be left on a CPU that goes down. */
static void irq_works_are_of_hard_interrupts(struct kunit *test)
{
	void *p = galloc(64, GFP_KERNEL);
	unsigned long flags;

	KUNIT_ASSERT_NOT_NULL(test, p);
	atomic_set(&irq_works_hard, 0);
	atomic_set(&irq_works_lazy, 0);
	WRITE_ONCE(galloc_pause_hook, look_at_irq_work);
	local_irq_save(flags);
	worker_kick(WORKER_NOLOCK);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(atomic_read(&irq_works_hard), GK_PATIENCE_MS / 2));
	galloc_override_queue_rcu_nolock(p, p);
	galloc_override_rcu_barrier();
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&irq_works_lazy), 0);
}

static void work_requested_with_interrupts_off_is_done(struct kunit *test)
{
	long drains = gk_events(EVENT_DRAIN);
	unsigned long flags;

	gfree(galloc(64, GFP_KERNEL));
	local_irq_save(flags);
	worker_kick(WORKER_DRAIN);
	local_irq_restore(flags);
	if (!galloc_debug)
		KUNIT_EXPECT_TRUE(test,
				  gk_wait_for(gk_events(EVENT_DRAIN) != drains,
					      GK_PATIENCE_MS));
}

static void nothing_passes_a_closed_gate(struct kunit *test)
{
	unsigned long flags;

	worker_stop();
	kick_all();
	KUNIT_EXPECT_FALSE(test, anything_pending());
	local_irq_save(flags);
	kick_all();
	local_irq_restore(flags);
	KUNIT_EXPECT_FALSE(test, anything_pending());
	worker_start();
}

/* Nor does a CPU's own work item, which the tick and drains queue. */
static void no_cpu_drains_behind_a_closed_gate(struct kunit *test)
{
	unsigned int class = sizeclass_of(64), i;

	if (galloc_debug)
		return;
	worker_stop();
	gk_pin(gk_cpu(0));
	for (i = 0; i < 20; i++)
		hold(test, 64, GFP_KERNEL);
	let_go();
	KUNIT_EXPECT_GT(test, gk_stacked(gk_stack(class)), 0);
	/* As the tick does: the first look remembers, the second drains. */
	for (i = 0; i < 4; i++) {
		shrinker_wake();
		msleep(20);
	}
	KUNIT_EXPECT_GT(test, gk_stacked(gk_stack(class)), 0);
	worker_start();
}

static void closing_the_gate_leaves_nothing_behind(struct kunit *test)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < gk_times(50); i++) {
		kick_all();
		local_irq_save(flags);
		kick_all();
		local_irq_restore(flags);
		worker_stop();
		KUNIT_EXPECT_FALSE(test, anything_pending());
		worker_start();
	}
}

/* One job at a time: what another one hurries is waited for at the end anyway. */
static void closing_the_gate_leaves_no_job_pending(struct kunit *test)
{
	enum worker_job job;

	for (job = 0; job < NR_WORKER_JOBS; job++) {
		/* While that waits nothing that is in no hurry is queued beside it. */
		KUNIT_EXPECT_TRUE(test, gk_wait_for(!worker_pending(WORKER_NOW),
						    GK_PATIENCE_MS));
		worker_kick(job);
		worker_stop();
		KUNIT_EXPECT_FALSE(test, anything_pending());
		worker_start();
	}
}

/* A thread that has seen the gate open, and has not queued anything yet. */
static struct {
	struct task_struct *who;
	bool passed;
	bool go_on;
	bool gone_on;
	bool closed_behind;
} late;

static void late_hook(enum galloc_pause point, const void *what)
{
	/* Later steps would wait, too, on some kernels: irq_work_sync() for RCU. */
	if (point == PAUSE_GATE_CLOSED)
		late.closed_behind = READ_ONCE(late.gone_on);
	if (point != PAUSE_KICK_OPEN || current != READ_ONCE(late.who))
		return;
	WRITE_ONCE(late.passed, true);
	gk_spin_for(READ_ONCE(late.go_on), GK_PATIENCE_MS);
	WRITE_ONCE(late.gone_on, true);
}

static void kick_late(void *arg)
{
	WRITE_ONCE(late.who, current);
	worker_kick(WORKER_DRAIN_LATER);
}

/* An interrupt lets it continue while worker_stop() waits. */
static void let_late_go_on(struct timer_list *unused)
{
	WRITE_ONCE(late.go_on, true);
}

static void closing_the_gate_waits_for_earlier_requests(struct kunit *test)
{
	static struct timer_list timer;
	struct gk_thread *t;

	if (!gk_smp())
		return;
	memset(&late, 0, sizeof(late));
	timer_setup(&timer, let_late_go_on, 0);
	WRITE_ONCE(galloc_pause_hook, late_hook);
	t = gk_start(test, gk_cpu(1), kick_late, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(late.passed),
					    GK_PATIENCE_MS));
	mod_timer(&timer, jiffies + HZ / 5);
	worker_stop();
	KUNIT_EXPECT_TRUE(test, late.closed_behind);
	gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
	KUNIT_EXPECT_FALSE(test, anything_pending());
	timer_delete_sync(&timer);
	worker_start();
}

static bool was_behind;

static void look_fn(struct work_struct *work)
{
	was_behind = worker_pending(WORKER_NOW);
}

/*
 * A job that is queued again is behind what was queued since.  Unless another CPU has begun
 * it in between: then it is queued anew.
 */
static void what_is_queued_is_not_queued_again(struct kunit *test)
{
	struct work_struct look;
	unsigned int i;

	INIT_WORK_ONSTACK(&look, look_fn);
	gk_pin(gk_cpu(0));
	was_behind = true;
	for (i = 0; i < 100 && was_behind; i++) {
		worker_settle();
		preempt_disable();
		worker_kick(WORKER_NOW);
		queue_work(galloc_jobs_wq, &look);
		worker_kick(WORKER_NOW);
		preempt_enable();
		flush_work(&look);
	}
	KUNIT_EXPECT_FALSE(test, was_behind);
	destroy_work_on_stack(&look);
}

/* ---- a CPU that lets no task run --------------------------------------------- */

/* That long: no longer than a watchdog lets it pass. */
#define HOG_MS		8000

static struct {
	bool kicked;
	bool let_go;
} hog;

static const enum worker_job at_once[] = {
	WORKER_NOW, WORKER_DRAIN, WORKER_GATES, WORKER_ROWS, WORKER_NOLOCK
};

/* Like a thread of the highest priority, which never sleeps. */
static void kick_at_once_and_stay(void *unused)
{
	unsigned int i;

	preempt_disable();
	for (i = 0; i < ARRAY_SIZE(at_once); i++)
		worker_kick(at_once[i]);
	WRITE_ONCE(hog.kicked, true);
	gk_spin_for(READ_ONCE(hog.let_go), HOG_MS);
	preempt_enable();
}

/* Like one that runs where a thread runs the CPU's timers. */
static void kick_later_and_stay(void *unused)
{
	unsigned long flags;

	worker_kick(WORKER_WAKE);
	local_irq_save(flags);
	WRITE_ONCE(hog.kicked, true);
	gk_spin_for(READ_ONCE(hog.let_go), HOG_MS);
	local_irq_restore(flags);
}

/* Are the jobs that the second CPU asks for done while it does nothing else? */
static bool done_elsewhere(struct kunit *test, void (*fn)(void *arg),
			   const enum worker_job *jobs, unsigned int nr)
{
	struct gk_thread *t;
	bool done = true;
	unsigned int i;

	memset(&hog, 0, sizeof(hog));
	gk_pin(gk_cpu(0));
	for (i = 0; i < nr; i++)
		gk_wait_for(!worker_pending(jobs[i]), GK_PATIENCE_MS / 2);
	t = gk_start(test, gk_cpu(1), fn, NULL);
	gk_wait_for(READ_ONCE(hog.kicked), GK_PATIENCE_MS);
	for (i = 0; i < nr && done; i++)
		done = gk_wait_for(!worker_pending(jobs[i]), HOG_MS * 3 / 4);
	WRITE_ONCE(hog.let_go, true);
	gk_join(test, t);
	return done;
}

static void a_cpu_that_runs_no_tasks_holds_no_job_up(struct kunit *test)
{
	unsigned int i;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	/* On a busy machine the other CPU may be no quicker. */
	for (i = 0; i < 3; i++)
		if (done_elsewhere(test, kick_at_once_and_stay, at_once, ARRAY_SIZE(at_once)))
			return;
	KUNIT_FAIL(test, "a job waited for the CPU that asked for it");
}

/* As a thread of real-time priority that never sleeps, while a grace period may end. */
static void queue_word_and_stay(void *p)
{
	sched_set_fifo(current);
	galloc_override_queue_rcu_nolock(p, p);
	WRITE_ONCE(hog.kicked, true);
	__gk_wait(READ_ONCE(hog.let_go), HOG_MS, ({ cpu_relax(); cond_resched(); }));
	sched_set_normal(current, 0);
}

static void any_cpu_frees_what_is_queued_by_a_word(struct kunit *test)
{
	struct gk_thread *t;
	bool freed = false;
	unsigned int i;
	void *p;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	for (i = 0; i < 3 && !freed; i++) {
		memset(&hog, 0, sizeof(hog));
		/* Of whole pages: one sees without asking a CPU that it was freed. */
		p = galloc(1 << 20, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		gk_pin(gk_cpu(0));
		t = gk_start(test, gk_cpu(1), queue_word_and_stay, p);
		gk_wait_for(READ_ONCE(hog.kicked), GK_PATIENCE_MS);
		freed = gk_wait_for(!galloc_owns(p), HOG_MS * 3 / 4);
		WRITE_ONCE(hog.let_go, true);
		gk_join(test, t);
		galloc_override_rcu_barrier();
	}
	KUNIT_EXPECT_TRUE(test, freed);
}

static void an_isolated_cpu_has_no_timer_of_a_job(struct kunit *test)
{
	static const enum worker_job later[] = { WORKER_WAKE };
	unsigned int i;

	/* User-mode Linux has one. */
	if (!gk_smp() || !galloc_cpu_isolated(gk_cpu(1)))
		return;
	for (i = 0; i < 3; i++)
		if (done_elsewhere(test, kick_later_and_stay, later, ARRAY_SIZE(later)))
			return;
	KUNIT_FAIL(test, "a job waited for a timer of the CPU that asked for it");
}

/* No tick is due, nor was one for more than two seconds. */
static bool ticks_have_ended(void)
{
	unsigned int i;

	for (i = 0; i < 25; i++) {
		if (worker_pending(WORKER_TICK))
			return false;
		msleep(100);
	}
	return true;
}

/* What it caches ages by its own calls, and by a count for which nobody is woken. */
static void an_isolated_cpu_keeps_no_tick(struct kunit *test)
{
	/* Without stacks nothing is cached. */
	if (galloc_debug || !gk_smp() || !galloc_cpu_isolated(gk_cpu(1)))
		return;
	gk_background();
	gk_pin(gk_cpu(1));
	hold(test, 64, GFP_KERNEL);
	let_go();
	KUNIT_EXPECT_GT(test, raw_cpu_ptr(&galloc_mcache)->held, 0);
	gk_pin(gk_cpu(0));
	KUNIT_EXPECT_TRUE(test, gk_wait_for(ticks_have_ended(), GK_PATIENCE_MS));
}

/* ---- callers with interrupts off ------------------------------------------- */

static atomic_t nr_asked;

static bool count_requests(unsigned int order)
{
	atomic_inc(&nr_asked);
	return false;
}

static const size_t sizes[] = {
	8, 64, 500, 2048, 8192, 32768, 50000, 200000, 1 << 20, 3 << 20
};

/* As under the lock of a runqueue, which the system's allocators may want, too. */
static void a_free_with_interrupts_off_calls_no_system_allocator(struct kunit *test)
{
	unsigned long flags;
	unsigned int i, n;
	long left;

	worker_stop();
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (n = 0; n < (sizes[i] > 4096 ? 4 : 40); n++)
			hold(test, sizes[i], GFP_KERNEL);
	atomic_set(&nr_asked, 0);
	WRITE_ONCE(galloc_fail_hook, count_requests);
	/* Requests for all of that may have made the kernel call the shrinker. */
	left = gk_events(EVENT_RELEASE_PAGES) + gk_events(EVENT_RELEASE_BLOCK);
	local_irq_save(flags);
	let_go();
	local_irq_restore(flags);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_asked), 0);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_RELEASE_PAGES) +
			gk_events(EVENT_RELEASE_BLOCK), left);
	worker_start();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* What galloc has asked the system for on this task, and with what flags in all. */
static struct {
	struct task_struct *who;
	unsigned int n;
	gfp_t gfp;
} asked;

static void asked_hook(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_ASK_SYSTEM || current != asked.who)
		return;
	asked.n++;
	asked.gfp |= *(const gfp_t *)what;
}

/* Objects of all sizes, each of which takes fresh pages. */
static void ask_for_all_sizes(gfp_t gfp)
{
	unsigned int i;

	asked.n = 0;
	asked.gfp = 0;
	asked.who = current;
	WRITE_ONCE(galloc_pause_hook, asked_hook);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		objects[nr_objects] = galloc(sizes[i], gfp | __GFP_NOWARN);
		nr_objects += !!objects[nr_objects];
	}
	WRITE_ONCE(galloc_pause_hook, NULL);
}

/* Pages and descriptors are asked for without the flags that wake kswapd. */
static void with_interrupts_off_nothing_is_woken(struct kunit *test)
{
	unsigned long flags;

	gk_take_free_runs(test);
	local_irq_save(flags);
	ask_for_all_sizes(GFP_ATOMIC);
	local_irq_restore(flags);
	KUNIT_EXPECT_GT(test, asked.n, 2);
	KUNIT_EXPECT_FALSE(test, asked.gfp & __GFP_RECLAIM);
	let_go();

	/* It is not for want of flags. */
	gk_take_free_runs(test);
	ask_for_all_sizes(GFP_KERNEL);
	KUNIT_EXPECT_GT(test, asked.n, 2);
	KUNIT_EXPECT_TRUE(test, asked.gfp & __GFP_RECLAIM);
	let_go();
}

static void boost(bool on)
{
	int nid, i;

	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES; i++)
			assign_bit(ZONE_BOOSTED_WATERMARK,
				   &NODE_DATA(nid)->node_zones[i].flags, on);
}

static bool boosted(void)
{
	int nid, i;

	for_each_online_node(nid)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (!test_bit(ZONE_BOOSTED_WATERMARK,
				      &NODE_DATA(nid)->node_zones[i].flags))
				return false;
	return true;
}

/* As if a task that boosted the zones was preempted before it woke kswapd. */
static void with_interrupts_off_a_boosted_zone_wakes_nothing(struct kunit *test)
{
	bool had = false, still = false;
	unsigned long flags;
	void *p;
	int i;

	gk_take_free_runs(test);
	/* Others take pages, too, and that ends it, or leaves none of so many. */
	for (i = 0; i < 1000 && !(still && had); i++) {
		gk_make_room(get_order(100000));
		local_irq_save(flags);
		boost(true);
		p = galloc(100000, GFP_ATOMIC | __GFP_NOWARN);
		still = boosted();
		boost(false);
		local_irq_restore(flags);
		had = p;
		gfree(p);
		gk_take_free_runs(test);
	}
	KUNIT_EXPECT_TRUE(test, still);
	/* Nor is anybody refused for it. */
	KUNIT_EXPECT_TRUE(test, had);
	p = galloc(100000, GFP_KERNEL);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gfree(p);
}

static void call_with_interrupts_off(size_t size)
{
	unsigned long flags;

	local_irq_save(flags);
	gfree(galloc(size, GFP_ATOMIC));
	local_irq_restore(flags);
}

/* A CPU that calls only with interrupts off gets its stacks nevertheless. */
static void failed_allocations_are_made_up_later(struct kunit *test)
{
	unsigned int class = sizeclass_of(576);
	bool grown;

	if (galloc_debug)
		return;
	gk_pin(gk_cpu(0));
	/* An idle class without a stack. */
	drain_cpus();
	KUNIT_EXPECT_EQ(test, gk_capacity(gk_stack(class)), 0);
	/* First the array of stacks, if this CPU has none yet, and then its places. */
	grown = gk_wait_for(({
			call_with_interrupts_off(576);
			!!READ_ONCE(gk_stack(class)->base); }), GK_PATIENCE_MS);
	KUNIT_EXPECT_TRUE(test, grown);
}

/* ---- what a call does of a drain ------------------------------------------- */

static unsigned int stacked_on_all(void)
{
	unsigned int class, n = 0;

	for_each_class(class)
		n += gk_stacked(gk_stack(class));
	return n;
}

/* Have objects of several classes on this CPU's stacks, more than a turn of one. */
static void fill_stacks(struct kunit *test)
{
	unsigned int round, i;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < MANY - 200; i++)
			hold(test, 64, GFP_KERNEL);
		for (i = 0; i < 100; i++) {
			hold(test, 200, GFP_KERNEL);
			hold(test, 1000, GFP_KERNEL);
		}
		let_go();
	}
}

static void a_call_does_one_turn_of_a_drain(struct kunit *test)
{
	unsigned int before, after, calls = 0;
	bool behind;

	if (galloc_debug)
		return;
	gk_pin(gk_cpu(0));
	worker_stop();
	fill_stacks(test);
	before = stacked_on_all();
	KUNIT_EXPECT_GT(test, before, 2 * DRAIN_TURN);
	/* A request soon after another one does nothing. */
	gk_wait_for(({ drain_kick(); drain_is_behind(); }), GK_PATIENCE_MS);
	do {
		/* At most two of this size are on a stack: most are a slow path. */
		hold(test, GALLOC_MAX_SMALL, GFP_KERNEL);
		after = stacked_on_all();
		KUNIT_EXPECT_LE(test, before, after + 2 * CALL_TURN);
		before = after;
		behind = drain_is_behind();
	} while (behind && ++calls < MANY);
	KUNIT_EXPECT_FALSE(test, behind);
	let_go();
	worker_start();
}

static void an_atomic_request_does_one_turn(struct kunit *test)
{
	unsigned int before, after, i;

	if (galloc_debug)
		return;
	gk_pin(gk_cpu(0));
	worker_stop();
	fill_stacks(test);
	before = stacked_on_all();
	after = before;
	/* The turns of an earlier drain may have ended behind these stacks. */
	for (i = 0; i < 3 && after == before; i++) {
		drain_relieve(GFP_ATOMIC);
		after = stacked_on_all();
	}
	KUNIT_EXPECT_LT(test, after, before);
	KUNIT_EXPECT_LE(test, before, after + CALL_TURN);
	drain_relieve(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, stacked_on_all(), 0);
	worker_start();
}

static void fill_and_free(void *unused)
{
	void *p[100];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = galloc(64, GFP_KERNEL);
	while (i)
		gfree(p[--i]);
}

/* While a job runs it is not pending, and may ask for itself. */
static bool tick_has_ended(void)
{
	unsigned int i;

	for (i = 0; i < 10 && !worker_pending(WORKER_TICK); i++)
		msleep(50);
	return i == 10;
}

/* It wakes a CPU that is idle, or nothing would age, but not for ever. */
static void the_tick_goes_on_while_anything_is_cached(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, worker_tick_waits());
	gfree(galloc(64, GFP_KERNEL));
	worker_kick(WORKER_TICK);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(tick_has_ended(), GK_PATIENCE_MS));
}

/* So long a caller waits, see drain_wait(). */
#define WAIT		(HZ / 20 + 1)

/* What they cache is not missed, as far as they can be waited for. */
static void a_sleeping_caller_waits_for_other_cpus(struct kunit *test)
{
	/* The first one is never isolated. */
	const struct mcache *other = per_cpu_ptr(&galloc_mcache, gk_cpu(0));
	unsigned int i, seen[2] = { };
	unsigned long asked;

	if (galloc_debug || !gk_smp())
		kunit_skip(test, "nothing on another CPU");
	gk_pin(gk_cpu(1));
	for (i = 0; i < 16 && min(seen[0], seen[1]) < 4; i++) {
		/* The last drain answers for a tenth of a second. */
		msleep(150);
		gk_join(test, gk_start(test, gk_cpu(0), fill_and_free, NULL));
		/* The worker may have been there already. */
		if (!READ_ONCE(other->held))
			continue;
		seen[i % 2]++;
		asked = jiffies;
		/* Reclaim may have asked for the drain. */
		if (i % 2)
			drain_kick();
		drain_relieve(GFP_KERNEL | (i % 2 ? __GFP_NORETRY : 0));
		/* On a busy machine some take too long. */
		KUNIT_EXPECT_TRUE(test, !READ_ONCE(other->held) ||
				  time_after_eq(jiffies, asked + WAIT));
	}
	KUNIT_EXPECT_GE(test, min(seen[0], seen[1]), 4);
	gk_pin(gk_cpu(0));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(with_interrupts_off_only_irq_work_is_queued),
	KUNIT_CASE(irq_works_are_of_hard_interrupts),
	KUNIT_CASE(work_requested_with_interrupts_off_is_done),
	KUNIT_CASE(nothing_passes_a_closed_gate),
	KUNIT_CASE(no_cpu_drains_behind_a_closed_gate),
	KUNIT_CASE(closing_the_gate_leaves_nothing_behind),
	KUNIT_CASE(closing_the_gate_leaves_no_job_pending),
	KUNIT_CASE(closing_the_gate_waits_for_earlier_requests),
	KUNIT_CASE(what_is_queued_is_not_queued_again),
	KUNIT_CASE(a_cpu_that_runs_no_tasks_holds_no_job_up),
	KUNIT_CASE(any_cpu_frees_what_is_queued_by_a_word),
	KUNIT_CASE(an_isolated_cpu_has_no_timer_of_a_job),
	KUNIT_CASE(an_isolated_cpu_keeps_no_tick),
	KUNIT_CASE(a_free_with_interrupts_off_calls_no_system_allocator),
	KUNIT_CASE(with_interrupts_off_nothing_is_woken),
	KUNIT_CASE(with_interrupts_off_a_boosted_zone_wakes_nothing),
	KUNIT_CASE(failed_allocations_are_made_up_later),
	KUNIT_CASE(the_tick_goes_on_while_anything_is_cached),
	KUNIT_CASE(a_call_does_one_turn_of_a_drain),
	KUNIT_CASE(an_atomic_request_does_one_turn),
	KUNIT_CASE(a_sleeping_caller_waits_for_other_cpus),
	{}
};

GK_SUITE(worker, gk_init_alive, gk_exit);
