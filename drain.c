// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * drain: moving objects and spans out of the mcaches.
 *
 * There are three ways: a live CPU drains itself, from a work item or in its slow path; the
 * hotplug teardown drains a dead CPU; unload drains all, when no caller is left.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/cpu.h>
#include <linux/slab.h>

/* A request without memory waits this long for the other CPUs to drain. */
#define DRAIN_PATIENCE		(HZ / 20 + 1)

/* All CPUs are asked to drain at most this often. */
#define DRAIN_INTERVAL		(HZ / 10)

/* In jiffies, when all CPUs were last asked to drain; 0: not yet. */
static unsigned long drain_last;

/* Stacks of another node are kept this long after the own node has pages again. */
#define AWAY_KEPT		(2 * HZ)

/* A drain gives a stack up after so many turns: others refill it meanwhile. */
#define DRAIN_MAX_TURNS		(CAPACITY_MAX / CALL_TURN)

/* Incremented to have everything drained; CPUs follow in their slow paths. */
static atomic_t drain_gen = ATOMIC_INIT(0);

/* Counts the ticks, for CPUs that look for idle classes in their slow paths. */
static atomic_t tick_gen = ATOMIC_INIT(0);

/* Pointers of a stack that one turn moves down. */
#define MOST_MOVED		1024

/* What one turn took from a stack. */
struct haul {
	void *batch[DRAIN_TURN];
	unsigned int n;
	struct mcentral *c;
	struct mspan *span;
	void **array;
	unsigned long held;	/* bytes by which the CPU holds less */
};

/* Nothing yet, of this stack.  False if nothing can be on it. */
static bool haul_of(struct haul *haul, const struct mcache *m, const struct mcache_stack *stack)
{
	haul->n = 0;
	haul->held = 0;
	haul->span = NULL;
	haul->array = NULL;
	haul->c = stack->base || stack->span ? mcache_central(m, stack) : NULL;
	if (!haul->c)
		return false;
	haul_begin(haul->c);
	return true;
}

/*
 * Take a turn's worth from a stack: @most pointers, the span, and, when no pointer is
 * left, the stack, if it @may_free it.  False if there was nothing.
 */
static bool stack_take_of(const struct mcache *m, struct mcache_stack *stack,
			  unsigned int most, bool may_free, struct haul *haul)
{
	if (!haul_of(haul, m, stack))
		return false;
	haul->n = min((unsigned int)(stack->top - stack->base), most);
	stack->top -= haul->n;
	stack->moved -= haul->n;
	memcpy(haul->batch, stack->top, haul->n * sizeof(void *));

	haul->span = stack->span;
	if (stack->span)
		haul->held += span_bytes(stack->span);
	stack->span = NULL;

	if (may_free && stack->base && stack->top == stack->base) {
		haul->array = stack->base;
		haul->held += (size_t)stack_capacity(stack) * haul->c->sc->size;
		stack->top = NULL;
		stack->base = NULL;
		stack->end = NULL;
	}
	return haul->n || haul->span || haul->array;
}

/* The same for its CPU, with busy set, or if that is dead. */
static bool stack_take(struct mcache *m, struct mcache_stack *stack, unsigned int most,
		       bool may_free, struct haul *haul)
{
	bool any = stack_take_of(m, stack, most, may_free, haul);

	m->held -= haul->held;
	return any;
}

static void haul_dispose(struct haul *haul)
{
	if (!haul->c)
		return;
	mcentral_free_batch(haul->c->row, haul->batch, haul->n);
	if (haul->span)
		mcentral_uncache_span(haul->span);
	if (haul->array)
		arena_meta_free(haul->array - 1, *(size_t *)(haul->array - 1));
	haul_end(haul->c->set);
}

/* Was the class unused since the last call?  Records the counters for the next. */
static bool stack_is_idle(struct mcache *m, struct mcache_stack *stack)
{
	unsigned int row = stack - m->stacks;
	struct stack_rest *rest = stack_rest(m->stacks, row);
	u16 ops = stack_allocs(m->stacks, row) + stack->misses + stack->overflows;
	bool idle = ops == rest->seen_ops;

	rest->seen_ops = ops;
	return idle;
}

/*
 * If a class did not miss since the last tick, take its span and the older half of its
 * stack; a wrong guess costs one refill per tick.
 */
static void stack_take_surplus(struct mcache *m, struct mcache_stack *stack,
			       unsigned int most, struct haul *haul)
{
	struct stack_rest *rest = stack_rest(m->stacks, stack - m->stacks);
	u16 misses = stack->misses;

	if (!haul_of(haul, m, stack))
		return;
	if (misses != rest->seen_misses) {
		rest->seen_misses = misses;
		return;
	}
	haul->span = stack->span;
	if (stack->span)
		m->held -= span_bytes(stack->span);
	stack->span = NULL;

	haul->n = min((unsigned int)(stack->top - stack->base) / 2, most);
	memcpy(haul->batch, stack->base, haul->n * sizeof(void *));
	stack->top -= haul->n;
	stack->moved -= haul->n;
	if (stack->top - stack->base <= MOST_MOVED)
		memmove(stack->base, stack->base + haul->n,
			(stack->top - stack->base) * sizeof(void *));
	else
		/* Moving all would take too long: the newest fill the gap. */
		memcpy(stack->base, stack->top, haul->n * sizeof(void *));
}

/*
 * Drain a stack on this CPU: everything, or, unless it is idle, only the surplus.
 * Does nothing on another CPU than @cpu, or in an interrupt of a busy one; nor, unless
 * @taken, of a k that is taken.  Sleeps.
 */
static void drain_visit(int cpu, unsigned int k, bool all, bool taken)
{
	bool may_free = may_call_system();
	struct haul haul;
	bool more;

	do {
		struct mcache *m = mcache_enter();
		struct mcache_stack *stack;

		if (!m)
			return;
		if (m->cpu != cpu || m->stacks == empty_stacks || (!taken && stack_is_taken(k))) {
			mcache_leave(m);
			return;
		}
		stack = local_stack(m, k);
		if (!all && !stack_is_idle(m, stack)) {
			stack_take_surplus(m, stack, DRAIN_TURN, &haul);
			more = false;
		} else {
			all = true;
			more = stack_take(m, stack, DRAIN_TURN, may_free, &haul);
		}
		mcache_leave(m);
		haul_dispose(&haul);
		cond_resched();
	} while (more);
}

/* Were the stacks of the adopted node not needed for a while? */
static bool away_is_over(const struct mcache *m)
{
	return (u32)jiffies - m->away_tick > AWAY_KEPT;
}

/* Release the adopted node, if nothing of it is left. */
static void away_end(struct mcache *m)
{
	unsigned int class;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		const struct mcache_stack *stack = away_stack(m, class);

		if (stack->base || stack->span)
			return;
	}
	m->away = NUMA_NO_NODE;
}

/*
 * The same for the rows of the adopted node.  They are drained completely when the own
 * node has had pages for a while.
 */
static void away_visit(int cpu, bool all)
{
	bool may_free = may_call_system();
	unsigned int class = 1;
	struct haul haul;

	while (class < GALLOC_NR_CLASSES) {
		struct mcache *m = mcache_enter();
		struct mcache_stack *stack;
		bool more = false;

		if (!m)
			return;
		if (m->cpu != cpu || m->stacks == empty_stacks || m->away == NUMA_NO_NODE) {
			mcache_leave(m);
			return;
		}
		stack = away_stack(m, class);
		if (all || away_is_over(m) || stack_is_idle(m, stack))
			more = stack_take(m, stack, DRAIN_TURN, may_free, &haul);
		else
			stack_take_surplus(m, stack, DRAIN_TURN, &haul);
		if (!more && ++class == GALLOC_NR_CLASSES)
			away_end(m);
		mcache_leave(m);
		haul_dispose(&haul);
		cond_resched();
	}
}

/* The same for the runs of pages. */
static void stash_visit(int cpu, bool all)
{
	struct mspan *s;

	do {
		struct mcache *m = mcache_enter();

		if (!m)
			return;
		s = NULL;
		if (m->cpu == cpu && (all || !m->runs_used)) {
			s = stash_take(m);
			all = true;
		}
		if (m->cpu == cpu)
			m->runs_used = false;
		mcache_leave(m);
		if (s)
			mheap_free(s);
	} while (s);
}

/* This CPU's work item has done the work of tick @age, and, with @gen, the drains up to that. */
static void drain_followed(int cpu, int age, const int *gen)
{
	struct mcache *m = mcache_enter();

	if (!m)
		return;
	if (m->cpu == cpu) {
		m->age = age;
		if (gen)
			m->gen = *gen;
	}
	mcache_leave(m);
}

/* The work item of a CPU.  More often than at each tick no class would seem to be in use. */
void drain_work_fn(struct work_struct *work)
{
	struct mcache *m = container_of(work, struct mcache, work);
	int gen = atomic_read(&drain_gen), age = atomic_read(&tick_gen);
	bool all = xchg(&m->drain_all, false), due = all || mcache_racy(m->age) != age;
	unsigned int k;

	capacity_catch_up(m->cpu);
	for (k = 1; due && k < READ_ONCE(stack_end); k++)
		drain_visit(m->cpu, k, all, false);
	if (due) {
		away_visit(m->cpu, all);
		stash_visit(m->cpu, all);
	}
	capacity_trim(m->cpu);
	drain_followed(m->cpu, age, all ? &gen : NULL);
	if (all)
		count_event(EVENT_DRAIN);
}

/* Does a CPU hold anything?  Racy.  Isolated CPUs get no work items; they drain themselves. */
bool drain_holds(int cpu)
{
	return (long)mcache_racy(per_cpu(galloc_mcache, cpu).held) >
	       atomic_long_read(&per_cpu(galloc_mcache, cpu).unheld);
}

static void drain_queue(int cpu, bool all)
{
	if (galloc_cpu_isolated(cpu))
		return;
	if (all)
		WRITE_ONCE(per_cpu(galloc_mcache, cpu).drain_all, true);
	worker_kick_cpu(cpu);
}

/**
 * drain_tick() - make each CPU look for idle classes
 *
 * Context: The worker.
 * Return: True while anything is cached: call again.
 */
bool drain_tick(void)
{
	bool again = transfer_age();
	int cpu;

	atomic_inc(&tick_gen);
	if (!cpus_read_trylock())
		return true;
	for_each_online_cpu(cpu) {
		/* What an isolated one holds need not wake anybody: refs_fn(). */
		if (drain_holds(cpu) && !galloc_cpu_isolated(cpu)) {
			drain_queue(cpu, false);
			again = true;
		}
	}
	cpus_read_unlock();
	return again;
}

/**
 * drain_async() - make each CPU drain everything, without waiting
 *
 * Only tries the hotplug lock: code that brings up a CPU holds it, and may need this
 * worker when memory is short.
 *
 * Context: The worker.
 * Return: False if a CPU is coming up or going down: try again.
 */
bool drain_async(void)
{
	int cpu;

	if (!cpus_read_trylock())
		return false;
	for_each_online_cpu(cpu)
		if (drain_holds(cpu))
			drain_queue(cpu, true);
	cpus_read_unlock();
	transfer_drain();
	return true;
}

/*
 * The next stack of a CPU in the order of turns after the one that *@nr stands for: those
 * of its own node by k, then those of the adopted node, from STACK_KS on.  NULL after the
 * last; 0 is none.
 */
static struct mcache_stack *turn_stack(struct mcache *m, u16 *nr)
{
	unsigned int class;

	do {
		++*nr;
		/* Those that no set has had yet. */
		if (*nr >= READ_ONCE(stack_end) && *nr < STACK_KS)
			*nr = STACK_KS;
	} while (*nr < STACK_KS && stack_is_taken(*nr));
	if (*nr < STACK_KS)
		return local_stack(m, *nr);
	class = *nr - STACK_KS + 1;
	if (class >= GALLOC_NR_CLASSES || m->away == NUMA_NO_NODE)
		return NULL;
	return away_stack(m, class);
}

/* The next stack of this CPU with anything to drain, NULL if none is left. */
static struct mcache_stack *turn_next(struct mcache *m)
{
	struct mcache_stack *stack;

	while (m->stacks != empty_stacks && (stack = turn_stack(m, &m->drain_nr)))
		if (stack->top != stack->base || stack->span)
			return stack;
	m->drain_nr += m->stacks == empty_stacks;
	return NULL;
}

/*
 * One turn of a drain, within another call: at most CALL_TURN objects and a span of a class,
 * and a run of pages.  With @gen until this CPU has followed that generation: once over all
 * classes and runs, however fast there are more, and once more for who has asked meanwhile.
 */
static void drain_turn(const int *gen)
{
	struct mcache *m = mcache_enter();
	struct mcache_stack *stack = NULL;
	struct mspan *run = NULL;
	struct haul haul;

	if (!m)
		return;
	if (!gen || m->gen != *gen) {
		/* Who asks later means the stacks behind us, too. */
		if (!m->drain_nr) {
			m->drain_from = atomic_read(&drain_gen);
			m->drain_runs = 0;
		}
		stack = turn_next(m);
		if (stack)
			stack_take(m, stack, CALL_TURN, false, &haul);
		/* A full turn: there may be more, but at most a full stack. */
		if (stack && haul.n == CALL_TURN && ++m->drain_turns < DRAIN_MAX_TURNS)
			m->drain_nr--;
		else
			m->drain_turns = 0;
		run = stash_take(m);
		/* After the last stack the runs that are left, but at most a full stash. */
		if (!stack && (!m->nr_runs || ++m->drain_runs >= STASH_RUNS)) {
			m->drain_nr = 0;
			if (gen)
				m->gen = m->drain_from;
		}
	}
	mcache_leave(m);

	if (stack)
		haul_dispose(&haul);
	if (run)
		mheap_free(run);
}

/*
 * The tick's work, one stack per call, on a CPU without work items.  The runs of pages
 * come after the last stack.  Nobody else frees the stacks of an adopted node.
 */
static void drain_age_turn(int age)
{
	bool over, may_free = may_call_system();
	struct mcache *m = mcache_enter();
	struct mcache_stack *stack = NULL;
	struct mspan *run = NULL;
	struct haul haul;

	if (!m)
		return;
	if (m->age != age && m->stacks != empty_stacks) {
		stack = turn_stack(m, &m->age_nr);
		over = m->age_nr >= STACK_KS && away_is_over(m);
		if (!stack) {
			m->age = age;
			m->age_nr = 0;
			if (m->away != NUMA_NO_NODE)
				away_end(m);
			if (!m->runs_used)
				run = stash_take(m);
			m->runs_used = false;
		} else if (over || stack_is_idle(m, stack)) {
			stack_take(m, stack, CALL_TURN, over && may_free, &haul);
			/* The rest in the next call. */
			if (haul.n == CALL_TURN)
				m->age_nr--;
		} else {
			stack_take_surplus(m, stack, CALL_TURN, &haul);
		}
	}
	mcache_leave(m);

	if (stack)
		haul_dispose(&haul);
	if (run)
		mheap_free(run);
}

/* Does another CPU still hold anything, after it was asked to drain? */
static bool drain_others_behind(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (cpu != raw_smp_processor_id() && !galloc_cpu_isolated(cpu) &&
		    drain_holds(cpu) &&
		    mcache_racy(per_cpu(galloc_mcache, cpu).gen) != atomic_read(&drain_gen))
			return true;
	return false;
}

/*
 * The work items of the other CPUs take no locks of others, so they run soon; but one
 * may have to wait for memory itself, and the caller may hold what it waits for.  With
 * __GFP_NORETRY, too: it may sleep, and NULL while another CPU has free objects would be
 * galloc's fault, not the system's.  So long since the drain began, whoever asked for it:
 * often that is reclaim on behalf of the same request.
 */
static void drain_wait(void)
{
	unsigned long end = READ_ONCE(drain_last) + DRAIN_PATIENCE;

	while (worker_is_open() && drain_others_behind() && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
}

/**
 * drain_relieve() - free memory that CPUs have cached
 * @gfp: flags of the request that found none
 *
 * A caller that may sleep drains its CPU and the transfer, and waits for the other CPUs,
 * though not for long.  Any other does one turn of that, since it may have interrupts
 * off, and leaves the rest to the worker.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void drain_relieve(gfp_t gfp)
{
	int cpu = raw_smp_processor_id();
	unsigned int k;

	if (!gfpflags_allow_blocking(gfp)) {
		drain_turn(NULL);
		drain_kick();
		return;
	}
	for (k = 1; k < READ_ONCE(stack_end); k++)
		drain_visit(cpu, k, true, false);
	away_visit(cpu, true);
	stash_visit(cpu, true);
	drain_kick();
	drain_wait();
	transfer_drain();
}

/* A CPU with new stacks holds nothing that an earlier drain is about.  Busy. */
void drain_begin(struct mcache *m)
{
	m->gen = atomic_read(&drain_gen);
}

/* Lockless, and possibly for a CPU that we have left: the turns check again. */
bool drain_is_behind(void)
{
	/* data_race(): an old value costs a turn that finds nothing to do. */
	return data_race(raw_cpu_ptr(&galloc_mcache)->gen) != atomic_read(&drain_gen);
}

/*
 * All CPUs were asked to drain: do one turn, now that this CPU is in a slow path.
 * The next calls do the rest, unless the work item does.
 */
void drain_follow(void)
{
	int age = atomic_read(&tick_gen);

	gate_follow();
	if (unlikely(drain_is_behind())) {
		int gen = atomic_read(&drain_gen);

		drain_turn(&gen);
		return;
	}
	/* data_race(): as in drain_is_behind(). */
	if (unlikely(data_race(raw_cpu_ptr(&galloc_mcache)->age) != age) &&
	    galloc_cpu_isolated(raw_smp_processor_id()))
		drain_age_turn(age);
}

/*
 * Have all CPUs drain soon, without waiting.  Any context but NMI.  False if they were
 * asked to a moment ago.
 */
bool drain_kick(void)
{
	unsigned long then = READ_ONCE(drain_last);

	/* Reclaim calls in bursts; one drain serves them all. */
	if (then && time_before(jiffies, then + DRAIN_INTERVAL))
		return false;
	WRITE_ONCE(drain_last, jiffies | 1);
	atomic_inc(&drain_gen);
	worker_kick(WORKER_DRAIN);
	return true;
}

/* For the self-test and the suites: treat isolated CPUs like others. */
bool drain_ask_isolated;

/* May the caller queue a work item on a CPU and wait for it? */
bool drain_may_ask(int cpu)
{
	return mcache_is_setup(cpu) &&
	       (READ_ONCE(drain_ask_isolated) || !galloc_cpu_isolated(cpu));
}

/**
 * drain_cpus() - drain all CPUs and wait
 *
 * Isolated CPUs follow later, in their own calls.
 *
 * Context: Process.  Sleeps, takes the hotplug lock.
 */
void drain_cpus(void)
{
	int cpu;

	/* For CPUs that get no work item. */
	atomic_inc(&drain_gen);
	cpus_read_lock();
	for_each_online_cpu(cpu)
		if (drain_may_ask(cpu)) {
			WRITE_ONCE(per_cpu(galloc_mcache, cpu).drain_all, true);
			queue_work_on(cpu, galloc_wq, &per_cpu(galloc_mcache, cpu).work);
		}
	for_each_online_cpu(cpu)
		flush_work(&per_cpu(galloc_mcache, cpu).work);
	cpus_read_unlock();
	transfer_drain();
}

/* ---- CPUs come and go ------------------------------------------------------------------------ */

/* Its CPU has used it, or uses it: what it has counted is not its row's yet. */
static bool stack_was_used(const struct mcache_stack *stacks, unsigned int number)
{
	const struct mcache_stack *stack = &stacks[number];

	return mcache_racy(stack->base) || mcache_racy(stack->span) ||
	       mcache_racy(stack->moved) || mcache_allocs(stacks, number);
}

/*
 * Is nothing of a stack left, for good if its row has lost the number?  Any CPU's, in an
 * RCU read section.
 */
bool drain_stack_is_clear(const struct mcache_stack *stacks, unsigned int number)
{
	bool used = stack_was_used(stacks, number);

	/* Orders this before what is read of hauls.  Pairs with haul_begin(). */
	smp_rmb();
	return !used;
}

/*
 * Give what a stack, which is empty, has counted to its row.  For its CPU with busy set, or
 * if it is dead.
 */
static void stack_fold(struct mcache_stack *stacks, unsigned int number,
		       struct mcentral *c)
{
	struct stack_rest *rest = stack_rest(stacks, number);
	struct mcache_stack *stack = &stacks[number];
	unsigned long flags;

	galloc_lock(&c->lock, flags);
	/* Whoever adds both up sees either none or all of it moved. */
	write_seqcount_begin(&c->folds);
	c->fast += stack_allocs(stacks, number);
	c->gone += stack->moved;
	WRITE_ONCE(stack->moved, 0);
	WRITE_ONCE(rest->issued, stack->credit);
	write_seqcount_end(&c->folds);
	galloc_unlock(&c->lock, flags);
	stack->misses = 0;
	stack->overflows = 0;
	stack->wants = 0;
	stack->run = 0;
}

/*
 * Empty this CPU's stack of a k; nothing on another CPU than @cpu.  @fold: its set has lost
 * it: the counters go to its row.  Sleeps.
 */
void drain_stack(int cpu, unsigned int k, bool fold)
{
	struct mcache_stack *stack;
	struct mcentral *c;
	struct mcache *m;

	drain_visit(cpu, k, true, true);
	if (!fold)
		return;
	m = mcache_enter();
	if (!m)
		return;
	stack = local_stack(m, k);
	c = m->cpu == cpu && m->stacks != empty_stacks ? mcache_central(m, stack) : NULL;
	if (c && !stack->base && !stack->span)
		stack_fold(m->stacks, stack - m->stacks, c);
	mcache_leave(m);
}

/*
 * Empty a stack that nobody else looks at, and give what it has counted to its row.
 * Returns by how many bytes its CPU holds less.
 */
static unsigned long stack_empty_out(const struct mcache *m, unsigned int number)
{
	struct mcache_stack *stacks = m->stacks;
	unsigned long held = 0;
	struct mcentral *c;
	struct haul haul;

	while (stack_take_of(m, &stacks[number], DRAIN_TURN, true, &haul)) {
		held += haul.held;
		haul_dispose(&haul);
		cond_resched();
	}
	/* The set goes a grace period after the last CPU has done this. */
	rcu_read_lock();
	c = stack_central(number);
	if (c)
		stack_fold(stacks, number, c);
	rcu_read_unlock();
	return held;
}

/* The same for a k that is taken, of any CPU, with the hotplug lock, see empty.c.  Sleeps. */
void drain_stack_of(int cpu, unsigned int k)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

	/* Acquire: pairs with capacity_give_stacks(). */
	if (smp_load_acquire(&m->stacks) != empty_stacks)
		atomic_long_add(stack_empty_out(m, stack_number(READ_ONCE(m->nid), k)), &m->unheld);
}

/*
 * Empty all stacks of a CPU that is dead, or at unload.  Returns its array, which whoever
 * looks at the stacks of others may still read; or NULL.
 */
static struct mcache_stack *drain_cpu(unsigned int cpu)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	struct mcache_stack *stacks = m->stacks;
	unsigned int number;
	struct mspan *s;

	/* What it queued with interrupts off may have been left. */
	rcu_batches_catch_up();
	/* Its work item may have run elsewhere, where it could not help it. */
	bitmap_zero(m->wants, STACK_KS);
	if (stacks == empty_stacks)
		return NULL;
	/* Including those of nodes that it has adopted. */
	for (number = STACK_FIRST; number < nr_stacks; number++)
		if (stack_was_used(stacks, number))
			m->held -= stack_empty_out(m, number);
	m->held -= atomic_long_xchg(&m->unheld, 0);
	m->away = NUMA_NO_NODE;
	while ((s = stash_take(m)))
		mheap_free(s);
	WRITE_ONCE(m->local, empty_stacks);
	WRITE_ONCE(m->stacks, empty_stacks);
	count_event(EVENT_DEAD_CPU);
	return stacks;
}

/* The CPU is dead: we may access its stacks. */
int drain_dead_cpu(unsigned int cpu)
{
	struct mcache_stack *stacks = drain_cpu(cpu);

	if (!stacks)
		return 0;
	/* Pairs with the read sections of those who look at the stacks of sets. */
	synchronize_rcu();
	arena_meta_free(stacks, stacks_bytes());
	return 0;
}

/* Empty all CPUs' caches at unload: nothing else can access them. */
void drain_everything(void)
{
	struct mcache_stack *stacks;
	int cpu;

	for_each_possible_cpu(cpu) {
		stacks = drain_cpu(cpu);
		if (stacks)
			arena_meta_free(stacks, stacks_bytes());
	}
	transfer_drain();
}
