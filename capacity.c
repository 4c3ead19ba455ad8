// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * capacity: how much a CPU may cache, and where.
 *
 * Sets up a CPU's array of stacks when it first allocates, and their places, which grow
 * when they are too small and shrink when others need the room.  Called by
 * mcache.c, stash.c and drain.c.  No lock: see mcache.h.  Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/topology.h>

/* A CPU's slow paths ask for its array of stacks again after this long. */
#define STACKS_AGAIN	HZ

/* A class's capacity starts at this many bytes, and is limited to this part of all. */
#define CAPACITY_START_BYTES	4096
#define CAPACITY_MAX_PART	8

/* Below this, where half a stack is no full turn yet, a miss alone makes it grow. */
#define CAPACITY_EASY		(2 * DRAIN_TURN)

/* Up to so many bytes a capacity doubles, beyond that it grows by an eighth. */
#define CAPACITY_DOUBLE_BYTES	16384

/* Other stacks that may be asked for capacity with preemption off. */
#define CAPACITY_TURN		192U

/* Times in a row that a stack ran out at one end only, before it moves large batches. */
#define RUN_LONG		4

/* ---- set-up, the first time a CPU allocates -------------------------------------- */

/* Bits that are 0 in every object's address: all are multiples of the size. */
unsigned long capacity_mask(unsigned int size)
{
	return min_t(unsigned long, size & -size, PAGE_SIZE) - 1;
}

/*
 * Others may refer to the pages of an object above a page after it was freed, and it
 * must not be reused while they do: each free of such an object checks its pages.
 */
bool capacity_shareable(unsigned long size)
{
	return size > PAGE_SIZE;
}

/* Change what the fast path may still serve; what it has served stays. */
void capacity_add_credit(struct mcache_stack *stacks, unsigned int number, long by)
{
	struct stack_rest *rest = stack_rest(stacks, number);
	struct mcache_stack *stack = &stacks[number];

	WRITE_ONCE(stack->seq, stack->seq + 1);
	/* Orders the odd number before; pairs with mcache_allocs(). */
	smp_wmb();
	WRITE_ONCE(rest->issued, rest->issued + by);
	WRITE_ONCE(stack->credit, stack->credit + by);
	/* Release: orders both before the even number; pairs with the same. */
	smp_store_release(&stack->seq, stack->seq + 1);
}

/**
 * capacity_set_gates() - let a stack follow the reasons to watch its row
 * @stacks: stacks of this CPU, with busy set, or of none yet
 * @number: its stack number
 *
 * Context: RCU read section.
 */
void capacity_set_gates(struct mcache_stack *stacks, unsigned int number)
{
	struct mcache_stack *stack = &stacks[number];
	const struct mcentral *c = stack_central(number);
	unsigned int size = c ? c->sc->size : 0;
	u8 why = gate_reasons(c ? c->row : 0);
	long credit = GATE_CREDIT;

	/* If that is the only reason, the fast path serves what is not sampled. */
	stack->samples = why == BIT(GATE_SAMPLE) && size;
	if (stack->samples)
		credit = sample_credit(size);
	else if (why & ~BIT(GATE_SAMPLE))
		credit = 0;
	if (why == BIT(GATE_SAMPLE))
		why = 0;
	capacity_add_credit(stacks, number, credit - stack->credit);
	if (capacity_shareable(size))
		why |= GATE_PAGES;
	stack->gates = why;
	stack->mask = why ? ULONG_MAX : capacity_mask(size);
}

/*
 * Places for a k, or the array of stacks (0), cannot be allocated here: let this CPU's work
 * item do it.
 */
void capacity_want(unsigned int k)
{
	struct mcache *m = mcache_enter();
	bool wanted;

	if (!m)
		return;
	wanted = __test_and_set_bit(k, m->wants);
	if (!k) {
		WRITE_ONCE(m->asked, jiffies);
		wanted = false;
	}
	mcache_leave(m);
	if (!wanted)
		worker_kick(WORKER_CPU);
}

/* The same for the row, if it has a k. */
void capacity_want_row(const struct mcentral *c)
{
	unsigned int k = mcentral_k(c);

	if (k)
		capacity_want(k);
}

/*
 * The node that this CPU allocates from: that of what it keeps, which stays when nodes gain or
 * lose memory.  numa_mem_id() has memory only where the architecture sees to that, which x86
 * and arm64 do not.
 */
int capacity_node(void)
{
	const struct mcache *m = raw_cpu_ptr(&galloc_mcache);

	if (likely(READ_ONCE(m->stacks) != empty_stacks))
		return READ_ONCE(m->nid);
	return nodes_with_memory(numa_mem_id());
}

/* Give this CPU stacks, all zero.  False if it was busy. */
static bool capacity_give_stacks(struct mcache_stack *stacks)
{
	struct mcache *m;
	unsigned int number;
	int gen;

again:
	/* Acquire: pairs with the barrier of gate_changed(). */
	gen = atomic_read_acquire(&gate_gen);
	rcu_read_lock();
	for (number = 0; number < nr_stacks; number++)
		capacity_set_gates(stacks, number);
	rcu_read_unlock();
	galloc_pause(PAUSE_STACKS_READY, NULL);

	m = mcache_enter();
	if (!m)
		goto err;
	if (m->stacks != empty_stacks) {
		/* An interrupt, or a task on the CPU we migrated to, was faster. */
		mcache_leave(m);
		arena_meta_free(stacks, stacks_bytes());
		return true;
	}
	/* The CPU's work item may have run already, and found no stacks. */
	if (unlikely(gen != atomic_read(&gate_gen))) {
		mcache_leave(m);
		goto again;
	}
	m->gates_gen = gen;
	/* It may have got memory since, or lost it. */
	WRITE_ONCE(m->nid, capacity_node());
	drain_begin(m);
	/*
	 * Release: statistics on other CPUs must see initialised stacks.  Pairs with
	 * the dependent loads behind their READ_ONCE().
	 */
	smp_store_release(&m->stacks, stacks);
	/* Release: the same for readers of the CPU's own node only. */
	smp_store_release(&m->local, stacks + stack_number(m->nid, 0));
	mcache_leave(m);
	return true;

err:
	arena_meta_free(stacks, stacks_bytes());
	return false;
}

/*
 * An array of stacks, where sleeping is allowed, in single pages if need be.  Without
 * __GFP_RETRY_MAYFAIL: with that kvmalloc() reclaims and compacts for a longer run first.
 */
static struct mcache_stack *stacks_in_pieces(int nid, gfp_t gfp)
{
	galloc_pause(PAUSE_ASK_SYSTEM, &gfp);
	return arena_meta_zalloc(stacks_bytes(), nid, gfp);
}

/* May this request wait for the array?  Where a work item does so it need not. */
static bool setup_may_wait(const struct mcache *m, gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) && may_call_system() && galloc_cpu_isolated(m->cpu) &&
	       time_after_eq(jiffies, READ_ONCE(m->slept) + STACKS_AGAIN);
}

/*
 * Allocate this CPU's own stacks.  False if there is no memory for them: after one try
 * the CPU's work item allocates them, and until then the CPU has none.  It may never run:
 * an isolated CPU gets none, and a caller that has migrated has asked that of another.  So
 * both are tried again after a while; and on an isolated CPU a request that may sleep, as its
 * flags say, waits for them, since that may be in pieces.
 */
bool capacity_setup(gfp_t gfp)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	bool wait = setup_may_wait(m, gfp);
	struct mcache_stack *stacks;

	/* Of any CPU: this is only a hint. */
	if (!wait && test_bit(0, m->wants) &&
	    time_before(jiffies, READ_ONCE(m->asked) + STACKS_AGAIN))
		return false;
	stacks = may_call_system() ?
		arena_meta_alloc(stacks_bytes(), numa_mem_id()) : NULL;
	if (stacks) {
		memset(stacks, 0, stacks_bytes());
	} else if (wait) {
		/* First: reclaim may allocate, too. */
		WRITE_ONCE(m->slept, jiffies);
		stacks = stacks_in_pieces(READ_ONCE(m->nid), WORKER_GFP & (gfp | ~GFP_KERNEL));
	}
	if (!stacks) {
		capacity_want(0);
		return false;
	}
	return capacity_give_stacks(stacks);
}

/* As mcache_enter(), with stacks of its own; NULL if they are busy or not available. */
struct mcache *capacity_enter_setup(gfp_t gfp)
{
	struct mcache *m = mcache_enter();

	if (!m || likely(m->stacks != empty_stacks))
		return m;
	mcache_leave(m);
	if (!capacity_setup(gfp))
		return NULL;
	m = mcache_enter();
	if (m && m->stacks == empty_stacks) {
		/* We are on another CPU now. */
		mcache_leave(m);
		m = NULL;
	}
	return m;
}

/* ---- capacity ---------------------------------------------------------------------- */

static unsigned int capacity_start(unsigned int size)
{
	return clamp_t(unsigned int, CAPACITY_START_BYTES / size, CAPACITY_MIN,
		       DRAIN_TURN / 2);
}

/* The most places of a stack for objects of a size. */
unsigned int capacity_max(unsigned int size)
{
	return clamp_t(unsigned long, galloc_cpu_cache_bytes / CAPACITY_MAX_PART / size,
		       CAPACITY_MIN, CAPACITY_MAX);
}

static size_t stack_bytes(unsigned int capacity)
{
	/* One more in front, which the test of the top may read. */
	return (capacity + 1) * sizeof(void *);
}

/*
 * Make room in the budget: the clock hand passes the other stacks once, or so many as a
 * section may, and takes up to half of each capacity, as far as it is unused.  Those of an
 * adopted node follow the own ones.
 */
bool capacity_steal(struct mcache *m, unsigned int for_k, size_t bytes)
{
	unsigned int own = READ_ONCE(stack_end) - 1;
	unsigned int all = own + (m->away == NUMA_NO_NODE ? 0 : GALLOC_NR_CLASSES - 1);
	unsigned int i, turn = min(all, CAPACITY_TURN);

	if (unlikely(atomic_long_read(&m->unheld)))
		m->held -= atomic_long_xchg(&m->unheld, 0);
	for (i = 0; i < turn; i++) {
		struct mcache_stack *stack;
		unsigned int k, give;
		bool away;

		if (m->held + bytes <= galloc_cpu_cache_bytes)
			return true;
		/* No division, with preemption off. */
		m->hand = m->hand < all ? m->hand + 1 : 1;
		away = m->hand > own;
		k = away ? m->hand - own : m->hand;
		stack = k_stack(m, k, away);
		if (k == for_k || !stack || stack_is_taken(k))
			continue;
		give = min(stack_capacity(stack) / 2, stack_room(stack));
		if (!give)
			continue;
		stack->end -= give;
		m->held -= (size_t)give * stack_size(k);
	}
	return m->held + bytes <= galloc_cpu_cache_bytes;
}

/*
 * Take unused places from this CPU's stacks until it holds no more than it may: that has
 * become less.  Does nothing on another CPU.
 */
void capacity_trim(int cpu)
{
	unsigned int number, end, turn = 0;
	struct mcache_stack *stack;
	struct mcache *m;

	for (number = STACK_FIRST; number < nr_stacks; number = end) {
		end = min(number + CAPACITY_TURN, nr_stacks);
		m = mcache_enter();
		if (!m)
			return;
		m->held -= atomic_long_xchg(&m->unheld, 0);
		turn = m->cpu == cpu && m->stacks != empty_stacks &&
		       m->held > galloc_cpu_cache_bytes ? end - number : 0;
		for (stack = &m->stacks[number]; turn && m->held > galloc_cpu_cache_bytes;
		     turn--, stack++) {
			unsigned int k = stack_k(stack - m->stacks);
			unsigned int room = stack_room(stack);

			if (stack_is_taken(k))
				continue;
			/* A span would serve nobody without a place. */
			if (stack->span && stack->top == stack->base && room)
				room--;
			stack->end -= room;
			m->held -= (size_t)room * stack_size(k);
		}
		mcache_leave(m);
		cond_resched();
	}
}

/* Does any CPU hold more than it may? */
bool capacity_beyond(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (mcache_racy(per_cpu(galloc_mcache, cpu).held) > galloc_cpu_cache_bytes)
			return true;
	return false;
}

/* A stack of *@capacity, or of a page if no more is available; or NULL. */
static void **stack_new(unsigned int *capacity)
{
	void **array = arena_meta_alloc(stack_bytes(*capacity), numa_mem_id());

	if (!array && stack_bytes(*capacity) > PAGE_SIZE) {
		*capacity = PAGE_SIZE / sizeof(void *) - 1;
		array = arena_meta_alloc(stack_bytes(*capacity), numa_mem_id());
	}
	scan_hide(array);
	/* Its size, for the code that frees it; no pointer is that small. */
	if (array)
		array[0] = (void *)stack_bytes(*capacity);
	return array;
}

/* Grow this CPU's stack of a row to @capacity, if memory and budget allow. */
void capacity_grow(unsigned int row, unsigned int capacity)
{
	const struct mcentral *c = mcentral_of(row);
	struct mcache_stack *stack;
	void **array, **old;
	struct mcache *m;
	unsigned int had;
	size_t extra;

	if (!may_call_system()) {
		capacity_want_row(c);
		return;
	}
	array = stack_new(&capacity);
	if (!array)
		return;

	m = mcache_enter();
	if (!m)
		goto err_stack;
	stack = row_stack_here(m, row);
	had = stack ? stack_capacity(stack) : capacity;
	extra = (size_t)(capacity - had) * c->sc->size;
	/* Memory is fragmented: do not retry before it has run empty and full again. */
	if (stack && had >= capacity)
		stack->wants = 0;
	if (had >= capacity || !capacity_steal(m, mcentral_k(c), extra)) {
		mcache_leave(m);
		goto err_stack;
	}
	memcpy(array + 1, stack->base,
	       (stack->top - stack->base) * sizeof(void *));
	old = stack->base;
	stack->top = array + 1 + (stack->top - stack->base);
	stack->base = array + 1;
	stack->end = stack->base + capacity;
	stack->wants = 0;
	m->held += extra;
	/* Its number may have been another set's. */
	if (unlikely(c->set) && !old)
		capacity_set_gates(m->stacks, stack - m->stacks);
	mcache_leave(m);

	if (old)
		arena_meta_free(old - 1, *(size_t *)(old - 1));
	worker_kick(WORKER_TICK);
	return;

err_stack:
	arena_meta_free(array, stack_bytes(capacity));
}

/**
 * capacity_is_lacked() - are the pages of free objects of a row for others?
 * @c: the row
 *
 * What a CPU keeps of objects above a page are runs that a request of another size, or of
 * another CPU, cannot have; kmalloc() keeps none above two pages.  Where somebody was refused a
 * short run a moment ago each such object goes to its span when it is freed, and only the one
 * that is wanted comes from there.
 *
 * Context: Any but NMI.
 * Return: True if they are.
 */
bool capacity_is_lacked(const struct mcentral *c)
{
	/* A span of a TYPESAFE_BY_RCU set serves nobody else for a grace period. */
	return capacity_shareable(c->sc->size) && arena_lacks_short(c->nid) &&
	       !(c->set && c->set->args.flags & ROWS_RCU);
}

/* A stack that is empty loses its places, until it grows again. */
static void capacity_give_up(struct mcache *m, struct mcache_stack *stack, unsigned int size)
{
	if (stack->top != stack->base)
		return;
	m->held -= (size_t)stack_capacity(stack) * size;
	stack->end = stack->base;
}

/*
 * Capacity follows misses: a small stack grows each time it runs empty, a larger
 * one only when it runs empty after it ran full or vice versa, since only then would
 * more room have helped.  A large step takes room from classes that use it, so large
 * stacks grow in small steps.  None does while its objects are for others.  Returns the
 * capacity to grow to, or 0.
 */
unsigned int capacity_wants_more(struct mcache *m, struct mcache_stack *stack,
				 unsigned int size, unsigned int how)
{
	unsigned int capacity = stack_capacity(stack);
	unsigned int max = min(capacity_max(size), stack_most(stack - m->stacks));
	const struct mcentral *c = mcache_central(m, stack);

	stack->wants |= how;
	if (c && unlikely(capacity_is_lacked(c))) {
		capacity_give_up(m, stack, size);
		max = 0;
	}
	if (capacity >= max)
		return 0;
	if (!capacity)
		return min(capacity_start(size), max);
	if (capacity >= CAPACITY_EASY &&
	    stack->wants != (WANTS_UNDERFLOW | WANTS_OVERFLOW))
		return 0;
	if (capacity * size < CAPACITY_DOUBLE_BYTES)
		return min(2 * capacity, max);
	return min(capacity + capacity / 8 + 1, max);
}

/*
 * The number of objects that move between a stack and the transfer, now that it ran out at
 * an end: half of it, so that it is as far from either end, and at most a turn.  A large one
 * that again and again ran out at this end only moves all that it has room for: its CPU
 * only allocates, or only frees, and needs no room for the opposite.
 */
unsigned int capacity_batch(struct mcache_stack *stack, unsigned int how)
{
	unsigned int capacity = stack_capacity(stack);
	s8 run = stack->run;

	if (how == WANTS_UNDERFLOW)
		run = run < 0 ? 1 : min(run + 1, RUN_LONG);
	else
		run = run > 0 ? -1 : max(run - 1, -RUN_LONG);
	stack->run = run;
	if (capacity >= CAPACITY_EASY && abs(run) == RUN_LONG)
		return min(capacity, BATCH_MAX);
	return clamp_t(unsigned int, (capacity + 1) / 2, 1, DRAIN_TURN);
}

/* Allocate the stack that a k could not get, if it still needs one. */
static void capacity_catch_up_k(int cpu, unsigned int k)
{
	struct mcache *m = mcache_enter();
	struct mcentral *c = NULL;
	unsigned int grow_to = 0;

	if (!m)
		return;
	if (m->cpu == cpu && m->stacks != empty_stacks) {
		struct mcache_stack *stack = local_stack(m, k);

		__clear_bit(k, m->wants);
		c = mcache_central(m, stack);
		/* What a set is about to lose must not grow. */
		if (c && !row_stack_here(m, c->row))
			c = NULL;
		if (c) {
			grow_to = capacity_wants_more(m, stack, c->sc->size, stack->wants);
			haul_begin(c);
		}
	}
	mcache_leave(m);
	if (!c)
		return;
	if (grow_to)
		capacity_grow(c->row, grow_to);
	transfer_prepare(c->row);
	haul_end(c->set);
}

/**
 * capacity_catch_up() - allocate what this CPU could not with interrupts off
 * @cpu: the CPU
 *
 * Context: The CPU's work item.
 */
void capacity_catch_up(int cpu)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	struct mcache_stack *stacks;
	unsigned int k;
	bool ready;

	/* data_race(): an old value is fine, since setting a bit queues the work again. */
	if (likely(data_race(bitmap_empty(m->wants, STACK_KS))))
		return;
	if (test_bit(0, m->wants) && m->stacks == empty_stacks) {
		stacks = stacks_in_pieces(m->nid, WORKER_GFP);
		if (stacks)
			capacity_give_stacks(stacks);
	}
	m = mcache_enter();
	if (!m)
		return;
	/* If there is no memory for them, a slow call asks again after a while. */
	if (m->cpu == cpu && m->stacks != empty_stacks)
		__clear_bit(0, m->wants);
	ready = m->cpu == cpu && m->stacks != empty_stacks;
	mcache_leave(m);
	if (!ready)
		return;
	for (k = 1; k < STACK_KS; k++)
		if (test_bit(k, per_cpu(galloc_mcache, cpu).wants))
			capacity_catch_up_k(cpu, k);
}

/* ---- init and exit ------------------------------------------------------------------ */

int capacity_init(void)
{
	struct mcache_stack *stacks;
	int cpu;

	stacks = arena_meta_zalloc(stacks_bytes(), NUMA_NO_NODE, GFP_KERNEL);
	if (!stacks)
		return -ENOMEM;
	empty_stacks = stacks;
	for_each_possible_cpu(cpu) {
		struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

		m->stacks = empty_stacks;
		m->local = empty_stacks;
		m->cpu = cpu;
		m->nid = nodes_with_memory(cpu_to_mem(cpu));
		m->away = NUMA_NO_NODE;
		m->rng = get_random_u64() | 1;
		INIT_WORK(&m->work, drain_work_fn);
	}
	return 0;
}

/* After the last access to a CPU's stacks. */
void capacity_exit(void)
{
	struct mcache_stack *stacks;

	stacks = empty_stacks;
	absent_stacks();
	arena_meta_free(stacks, stacks_bytes());
}
