// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * empty: ask CPUs to empty their stacks of sets.
 *
 * A CPU empties its own stacks, in a work item.  An isolated one is left alone: what it has
 * of a k that is taken back is emptied by whoever takes it.  That is possible because that
 * CPU looks at no stack of such a k any more: its set has no number since a grace period,
 * and all who pass all stacks leave out those of stack_is_taken() since another.  Except its
 * work item: a CPU that is isolated now may have been asked before, and the reverse.  So
 * both do it with the CPU's mutex.
 *
 * Called by stacks.c, for one that is taken back, at a limit, or because a client wants that.
 * Owns those mutexes.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/wait.h>

/* For the suites: treat all CPUs like isolated ones. */
bool empty_none_asked;

/* What a CPU is asked to empty. */
struct empty_cpu {
	DECLARE_BITMAP(ks, STACK_STRIDE);
	struct work_struct work;
	struct mutex mutex;	/* one at a time empties its stacks */
	unsigned int turns;	/* odd while it works */
	int cpu;
};

static DEFINE_PER_CPU(struct empty_cpu, empty_cpus);

/* Work items that have ended, and those who wait for one. */
static atomic_t empty_ended = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(empty_waiters);

static void empty_work_fn(struct work_struct *work)
{
	struct empty_cpu *ec = container_of(work, struct empty_cpu, work);
	unsigned int k;

	/* Ordered before the bit is cleared, in full order.  Pairs with cpu_is_done(). */
	WRITE_ONCE(ec->turns, ec->turns + 1);
	mutex_lock(&ec->mutex);
	galloc_pause(PAUSE_EMPTYING, &ec->cpu);
	for_each_set_bit(k, ec->ks, STACK_STRIDE)
		if (test_and_clear_bit(k, ec->ks))
			drain_stack(ec->cpu, k, test_bit(k, stacks_taken));
	mutex_unlock(&ec->mutex);
	/* Release: what was on the stacks is in its spans.  Pairs with the same. */
	smp_store_release(&ec->turns, ec->turns + 1);
	atomic_inc(&empty_ended);
	/* Its full barrier pairs with the one of whoever queues there in empty_wait(). */
	if (wq_has_sleeper(&empty_waiters))
		wake_up_all(&empty_waiters);
}

/* For empty_wait(): read it before the look at the stacks. */
unsigned int empty_seen(void)
{
	return atomic_read(&empty_ended);
}

/* Wait for the end of a work item, of those since @seen was read, but no more than @ticks. */
void empty_wait(unsigned int seen, long ticks)
{
	wait_event_timeout(empty_waiters, empty_seen() != seen, ticks);
}

static bool cpu_is_apart(int cpu)
{
	return (galloc_cpu_isolated(cpu) && !READ_ONCE(drain_ask_isolated)) ||
	       READ_ONCE(empty_none_asked);
}

/*
 * Ask a CPU to empty its stack of a k.  If it is dead, or dies, its teardown does that; an
 * isolated one is not asked.  A bit without a work item to clear it would be waited for, each
 * time when the CPU is online again, see empty_is_done().
 */
void empty_ask(int cpu, unsigned int k)
{
	struct empty_cpu *ec = per_cpu_ptr(&empty_cpus, cpu);

	if (cpu_is_apart(cpu))
		return;
	/* No CPU goes down meanwhile; the work items of one that does later run elsewhere. */
	preempt_disable();
	if (cpu_online(cpu)) {
		/* Ordered before the look of the work by queue_work_on(). */
		set_bit(k, ec->ks);
		queue_work_on(cpu, galloc_wq, &ec->work);
	}
	preempt_enable();
}

/*
 * Empty an isolated CPU's stack of a k that is taken, and on which step 4 has passed.  False
 * if it is not isolated, or just does that itself, or may be going down, which empties it;
 * the caller tries again.
 */
bool empty_for(int cpu, unsigned int k)
{
	struct empty_cpu *ec = per_cpu_ptr(&empty_cpus, cpu);
	bool done = false;

	if (likely(!cpu_is_apart(cpu)) || !cpus_read_trylock())
		return false;
	if (cpu_online(cpu) && mutex_trylock(&ec->mutex)) {
		galloc_pause(PAUSE_EMPTYING, &cpu);
		drain_stack_of(cpu, k);
		mutex_unlock(&ec->mutex);
		done = true;
	}
	cpus_read_unlock();
	return done;
}

/* Has a CPU nothing of a k, on its own node's stack? */
bool empty_is_clear(int cpu, unsigned int k)
{
	const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	const struct mcache_stack *stacks;
	bool clear;

	/* Pairs with drain_dead_cpu(). */
	rcu_read_lock();
	/* Acquire: pairs with capacity_give_stacks(). */
	stacks = smp_load_acquire(&m->stacks);
	clear = stacks == empty_stacks ||
		drain_stack_is_clear(stacks, stack_number(READ_ONCE(m->nid), k));
	rcu_read_unlock();
	return clear;
}

/* Does a CPU keep objects of a k now?  What its stack has counted does not matter. */
bool empty_has_any(int cpu, unsigned int k)
{
	const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	const struct mcache_stack *stack;
	bool any;

	/* Pairs with drain_dead_cpu(). */
	rcu_read_lock();
	/* Acquire: pairs with capacity_give_stacks(). */
	stack = smp_load_acquire(&m->stacks);
	if (stack != empty_stacks)
		stack += stack_number(READ_ONCE(m->nid), k);
	any = stack_places(stack) || mcache_racy(stack->span);
	rcu_read_unlock();
	return any;
}

static bool cpu_is_done(int cpu, const unsigned long *ks)
{
	const struct empty_cpu *ec = per_cpu_ptr(&empty_cpus, cpu);

	if (bitmap_intersects(ec->ks, ks, STACK_STRIDE))
		return false;
	/* Pairs with empty_work_fn(): the turn in which it was cleared, or a later one. */
	smp_rmb();
	/* Acquire: pairs with the same. */
	return !(smp_load_acquire(&ec->turns) & 1);
}

/* Have all CPUs done what they were asked to for some k? */
bool empty_is_done(const unsigned long *ks)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (!cpu_is_done(cpu, ks))
			return false;
	return true;
}

/* Wait until they have done it for all.  Sleeps. */
void empty_flush(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		flush_work(&per_cpu(empty_cpus, cpu).work);
}

void empty_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct empty_cpu *ec = per_cpu_ptr(&empty_cpus, cpu);

		ec->cpu = cpu;
		mutex_init(&ec->mutex);
		INIT_WORK(&ec->work, empty_work_fn);
	}
}
