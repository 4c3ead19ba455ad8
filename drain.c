// SPDX-License-Identifier: GPL-2.0
/*
 * drain: objects and spans on their way out of the mcaches.
 *
 * Three ways: on a live CPU by that CPU itself, from a work item or in its slow
 * path; from a dead CPU by the hotplug teardown; at unload, when nobody calls
 * galloc any more.  Nobody touches another live CPU's slots.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/topology.h>

/* All CPUs are asked to drain at most this often. */
#define DRAIN_INTERVAL		(HZ / 10)

/* For so long stacks of another node are kept when the own one is not used up. */
#define AWAY_KEPT		(2 * HZ)

/* More turns than this empty no stack. */
#define DRAIN_MAX_TURNS	32

/* Raised by who wants everything drained; owners follow in their slow paths. */
static atomic_t drain_gen = ATOMIC_INIT(0);

/* Counts the ticks, for CPUs that look for idle classes in their slow paths. */
static atomic_t tick_gen = ATOMIC_INIT(0);

static int mcache_cpuhp_state;

/* Pointers of a stack that are moved down in one turn. */
#define MOST_MOVED		1024

/* What one turn took out of a slot. */
struct haul {
	void *batch[DRAIN_TURN];
	unsigned int n;
	unsigned int row;
	struct mspan *span;
	void **stack;
};

/*
 * Take a turn's worth out of a slot: pointers, the span, and, when no pointer
 * is left, the stack, if it @may_free it.  False if there was nothing.
 */
static bool slot_take(struct mcache *m, struct mcache_slot *slot,
		      unsigned int class, bool may_free, struct haul *haul)
{
	haul->row = slot - m->slots;
	haul->n = min((unsigned int)(slot->top - slot->base),
		      (unsigned int)DRAIN_TURN);
	slot->top -= haul->n;
	slot->moved -= haul->n;
	memcpy(haul->batch, slot->top, haul->n * sizeof(void *));

	haul->span = slot->span;
	if (slot->span)
		m->held -= span_bytes(slot->span);
	slot->span = NULL;

	haul->stack = NULL;
	if (may_free && slot->base && slot->top == slot->base) {
		haul->stack = slot->base;
		m->held -= (size_t)slot_capacity(slot) * sizeclasses[class].size;
		slot->top = NULL;
		slot->base = NULL;
		slot->end = NULL;
	}
	return haul->n || haul->span || haul->stack;
}

static void haul_dispose(struct haul *haul)
{
	mcentral_free_batch(haul->row, haul->batch, haul->n);
	if (haul->span)
		mcentral_uncache_span(haul->span);
	if (haul->stack)
		arena_meta_free(haul->stack - 1, *(size_t *)(haul->stack - 1));
}

/* Has the class been used since the last look?  Remembers for the next. */
static bool slot_is_idle(struct mcache_slot *slot)
{
	u16 ops = slot->allocs + slot->misses + slot->overflows;
	bool idle = ops == slot->seen_ops;

	slot->seen_ops = ops;
	return idle;
}

/*
 * A class that its stack alone has served since the last look has no use for a span,
 * and of its objects for half at most: should it miss them, that is one refill in a
 * tick.  Those that came first go.
 */
static void slot_take_surplus(struct mcache *m, struct mcache_slot *slot,
			      unsigned int class, struct haul *haul)
{
	u16 misses = slot->misses & (BIT(SEEN_MISSES_BITS) - 1);

	haul->row = slot - m->slots;
	haul->n = 0;
	haul->span = NULL;
	haul->stack = NULL;
	if (misses != slot->seen_misses) {
		slot->seen_misses = misses;
		return;
	}
	haul->span = slot->span;
	if (slot->span)
		m->held -= span_bytes(slot->span);
	slot->span = NULL;

	haul->n = min((unsigned int)(slot->top - slot->base) / 2,
		      (unsigned int)DRAIN_TURN);
	memcpy(haul->batch, slot->base, haul->n * sizeof(void *));
	slot->top -= haul->n;
	slot->moved -= haul->n;
	if (slot->top - slot->base <= MOST_MOVED)
		memmove(slot->base, slot->base + haul->n,
			(slot->top - slot->base) * sizeof(void *));
	else
		/* Too long a section: the last that came take their places. */
		memcpy(slot->base, slot->top, haul->n * sizeof(void *));
}

/*
 * Drain a class on this CPU: all of it, or, unless it is idle, what it has too much.
 * Nothing is done on another CPU than @cpu, or in an interrupt of a busy one.
 * Sleeps.
 */
static void drain_visit(int cpu, unsigned int class, bool all)
{
	bool may_free = may_call_system();
	struct haul haul;
	bool more;

	do {
		struct mcache *m = mcache_enter();
		struct mcache_slot *slot;

		if (!m)
			return;
		if (m->cpu != cpu || m->slots == empty_slots) {
			mcache_leave(m);
			return;
		}
		slot = local_slot(m, class);
		if (!all && !slot_is_idle(slot)) {
			slot_take_surplus(m, slot, class, &haul);
			more = false;
		} else {
			all = true;
			more = slot_take(m, slot, class, may_free, &haul);
		}
		mcache_leave(m);
		haul_dispose(&haul);
		cond_resched();
	} while (more);
}

/* Nothing is left of the node that stood in for the CPU's own: it is let go. */
static void away_end(struct mcache *m)
{
	unsigned int class;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		const struct mcache_slot *slot = away_slot(m, class);

		if (slot->base || slot->span)
			return;
	}
	m->away = NUMA_NO_NODE;
}

/*
 * The same for the rows of another node that this CPU has stacks for.  They are
 * drained as a whole when the own node has had pages for a while.
 */
static void away_visit(int cpu, bool all)
{
	unsigned int class = 1;
	struct haul haul;

	while (class < GALLOC_NR_CLASSES) {
		struct mcache *m = mcache_enter();
		struct mcache_slot *slot;
		bool more = false;

		if (!m)
			return;
		if (m->cpu != cpu || m->slots == empty_slots ||
		    m->away == NUMA_NO_NODE) {
			mcache_leave(m);
			return;
		}
		slot = away_slot(m, class);
		if (all || (u32)jiffies - m->away_tick > AWAY_KEPT ||
		    slot_is_idle(slot))
			more = slot_take(m, slot, class, may_call_system(),
					 &haul);
		else
			slot_take_surplus(m, slot, class, &haul);
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

/*
 * This CPU's work item has done what the tick wants of a slow path, and, with @gen,
 * what everybody was asked to before that generation.
 */
static void drain_followed(int cpu, const int *gen)
{
	struct mcache *m = mcache_enter();

	if (!m)
		return;
	if (m->cpu == cpu) {
		m->age = atomic_read(&tick_gen);
		if (gen)
			m->gen = *gen;
	}
	mcache_leave(m);
}

static void drain_work_fn(struct work_struct *work)
{
	struct mcache *m = container_of(work, struct mcache, work);
	int gen = atomic_read(&drain_gen);
	bool all = xchg(&m->drain_all, false);
	unsigned int class;

	capacity_catch_up(m->cpu);
	for (class = 1; class < GALLOC_NR_CLASSES; class++)
		drain_visit(m->cpu, class, all);
	away_visit(m->cpu, all);
	stash_visit(m->cpu, all);
	drain_followed(m->cpu, all ? &gen : NULL);
	if (all)
		count_event(EVENT_DRAIN);
}

/*
 * Does a CPU hold anything?  One that is to be left alone gets no work all the
 * same: it follows in its own slow path.
 */
static bool drain_holds(int cpu)
{
	return READ_ONCE(per_cpu(galloc_mcache, cpu).held);
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
 * drain_tick() - have each CPU look for its idle classes
 *
 * Context: The worker.
 * Return: True as long as anything is cached: look again.
 */
bool drain_tick(void)
{
	bool again = transfer_age();
	int cpu;

	atomic_inc(&tick_gen);
	if (!cpus_read_trylock())
		return true;
	for_each_online_cpu(cpu) {
		if (!drain_holds(cpu))
			continue;
		drain_queue(cpu, false);
		again = true;
	}
	cpus_read_unlock();
	return again;
}

/**
 * drain_async() - have each CPU drain all it has, without waiting for it
 *
 * The hotplug lock is only tried: the worker is also needed by whoever brings a
 * CPU up under it, and is short of memory.
 *
 * Context: The worker.
 * Return: False if a CPU is on its way up or down: try again.
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
 * The slots of a CPU as turns go over them: those of its own node by class, and then
 * those of the node that stands in for it.  NULL behind the last; 0 is none.
 */
static struct mcache_slot *turn_slot(struct mcache *m, unsigned int nr,
				     unsigned int *class)
{
	*class = nr;
	if (nr < GALLOC_NR_CLASSES)
		return local_slot(m, nr);
	*class = nr - GALLOC_NR_CLASSES + 1;
	if (*class >= GALLOC_NR_CLASSES || m->away == NUMA_NO_NODE)
		return NULL;
	return away_slot(m, *class);
}

/*
 * The next slot of this CPU that has anything to drain, after the last one that a
 * turn was at; NULL if there is none up to the last.
 */
static struct mcache_slot *turn_next(struct mcache *m, unsigned int *class)
{
	struct mcache_slot *slot;

	while ((slot = turn_slot(m, ++m->drain_class, class)))
		if (slot->top != slot->base || slot->span)
			return slot;
	m->drain_class = 0;
	return NULL;
}

/*
 * One turn of a drain, within somebody's call: at most DRAIN_TURN objects and a
 * span of a class, and a run of pages.  With @gen only as long as this CPU has not
 * drained since it became that: once over all classes, however fast they fill again.
 */
static void drain_turn(const int *gen)
{
	struct mcache_slot *slot = NULL;
	struct mspan *run = NULL;
	struct haul haul;
	unsigned int class;
	struct mcache *m;

	m = mcache_enter();
	if (!m)
		return;
	if (!gen || m->gen != *gen) {
		if (m->slots != empty_slots)
			slot = turn_next(m, &class);
		if (slot)
			slot_take(m, slot, class, false, &haul);
		/* A full turn: there may be more, but no more than a full stack. */
		if (slot && haul.n == DRAIN_TURN &&
		    ++m->drain_turns < DRAIN_MAX_TURNS)
			m->drain_class--;
		else
			m->drain_turns = 0;
		run = stash_take(m);
		if (gen && !slot)
			m->gen = *gen;
	}
	mcache_leave(m);

	if (slot)
		haul_dispose(&haul);
	if (run)
		mheap_free(run);
}

/*
 * What the tick has a work item do, a slot a call, on a CPU that gets none.  After
 * the last come the runs of pages.
 */
static void drain_age_turn(int age)
{
	struct mcache_slot *slot = NULL;
	struct mspan *run = NULL;
	struct haul haul;
	unsigned int class;
	struct mcache *m;

	m = mcache_enter();
	if (!m)
		return;
	if (m->age != age && m->slots != empty_slots) {
		slot = turn_slot(m, ++m->age_class, &class);
		if (!slot) {
			m->age = age;
			m->age_class = 0;
			if (!m->runs_used)
				run = stash_take(m);
			m->runs_used = false;
		} else if (slot_is_idle(slot)) {
			slot_take(m, slot, class, false, &haul);
		} else {
			slot_take_surplus(m, slot, class, &haul);
		}
	}
	mcache_leave(m);

	if (slot)
		haul_dispose(&haul);
	if (run)
		mheap_free(run);
}

/**
 * drain_relieve() - make memory free that CPUs have cached
 * @gfp: flags of the request that found none
 *
 * A caller that may sleep drains its CPU and the transfer.  Another one does a turn
 * of that: it may have interrupts off, and the worker does the rest.
 *
 * Context: Any but NMI, no galloc lock held.  Never waits for other CPUs.
 */
void drain_relieve(gfp_t gfp)
{
	int cpu = raw_smp_processor_id();
	unsigned int class;

	if (gfpflags_allow_blocking(gfp)) {
		for (class = 1; class < GALLOC_NR_CLASSES; class++)
			drain_visit(cpu, class, true);
		away_visit(cpu, true);
		stash_visit(cpu, true);
		transfer_drain();
	} else {
		drain_turn(NULL);
	}
	drain_kick();
}

/* A glance at this CPU, or the one we were on: the turns look again. */
bool drain_is_behind(void)
{
	/* data_race(): an old value costs a turn that finds nothing to do. */
	return data_race(raw_cpu_ptr(&galloc_mcache)->gen) !=
	       atomic_read(&drain_gen);
}

/*
 * Everybody was asked to drain: do a turn of it, now that this CPU is in a slow
 * path.  What the work item does not do, on a CPU that gets none for example, the
 * next calls do.
 */
void drain_follow(void)
{
	int age = atomic_read(&tick_gen);

	/* data_race() below: as in drain_is_behind(). */
	if (unlikely(drain_is_behind())) {
		int gen = atomic_read(&drain_gen);

		drain_turn(&gen);
	} else if (unlikely(data_race(raw_cpu_ptr(&galloc_mcache)->age) != age) &&
		   galloc_cpu_isolated(raw_smp_processor_id())) {
		drain_age_turn(age);
	}
}

/* Have all CPUs drained soon, without waiting.  Any context but NMI. */
void drain_kick(void)
{
	static unsigned long last;
	unsigned long then = READ_ONCE(last);

	/* Reclaim calls in bursts; one drain answers them all. */
	if (then && time_before(jiffies, then + DRAIN_INTERVAL))
		return;
	WRITE_ONCE(last, jiffies | 1);
	atomic_inc(&drain_gen);
	worker_kick(WORKER_DRAIN);
}

/* Bytes the CPUs may hold, or have in transfer: what a drain sets free; racy. */
unsigned long drain_held_bytes(void)
{
	unsigned long held = transfer_bytes();
	int cpu;

	for_each_possible_cpu(cpu)
		held += READ_ONCE(per_cpu(galloc_mcache, cpu).held);
	return held;
}

/**
 * drain_cpus() - drain all CPUs and wait
 *
 * Those that are to be left alone follow later, in their own calls.
 *
 * Context: Process.  Sleeps, takes the hotplug lock.
 */
void drain_cpus(void)
{
	int cpu;

	/* For those who get no work. */
	atomic_inc(&drain_gen);
	cpus_read_lock();
	for_each_online_cpu(cpu)
		if (drain_may_ask(cpu)) {
			WRITE_ONCE(per_cpu(galloc_mcache, cpu).drain_all, true);
			queue_work_on(cpu, galloc_wq,
				      &per_cpu(galloc_mcache, cpu).work);
		}
	for_each_online_cpu(cpu)
		flush_work(&per_cpu(galloc_mcache, cpu).work);
	cpus_read_unlock();
	transfer_drain();
}

/* ---- a CPU's look at its own slots, for validate and statistics ------------------------------ */

static void look_fn(struct work_struct *work)
{
	struct look *look = container_of(work, struct look, work);

	look->fn(look);
	complete(&look->done);
	look_put(look);
}

/* For the self-test and the suites: CPUs that are to be left alone are not. */
bool drain_ask_isolated;

/* May a CPU be given a work item, for which somebody waits? */
bool drain_may_ask(int cpu)
{
	return mcache_is_setup(cpu) &&
	       (READ_ONCE(drain_ask_isolated) || !galloc_cpu_isolated(cpu));
}

/**
 * look_new() - prepare for a CPU's look at its own slots
 * @size: of a structure that begins with a struct look; it is zeroed
 *
 * Nobody else may follow what is on a stack: it can be replaced at any moment.
 *
 * Return: What to start, wait for and put; NULL if there is no memory.
 */
struct look *look_new(size_t size)
{
	struct look *look;

	look = galloc_fail(get_order(size)) ? NULL :
	       kvzalloc(size, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (look)
		refcount_set(&look->refs, 1);
	return look;
}

/**
 * look_start() - have a CPU look at its own slots
 * @look: from look_new(), the rest of it filled in
 * @cpu: the CPU, online as long as it is waited for
 * @fn: called on @cpu, in a task; enters the mcache a turn at a time
 */
void look_start(struct look *look, int cpu,
		void (*fn)(struct look *look))
{
	INIT_WORK(&look->work, look_fn);
	init_completion(&look->done);
	look->fn = fn;
	/* The work's own. */
	refcount_inc(&look->refs);
	queue_work_on(cpu, galloc_wq, &look->work);
}

/**
 * look_wait() - wait for a look, but not for ever
 * @look: the look
 * @end: when to give up, in jiffies
 *
 * Return: False if the CPU has not come to it; what it may have found so far is
 * not to be read.
 */
bool look_wait(struct look *look, unsigned long end)
{
	long left = max((long)(end - jiffies), 1L);

	if (wait_for_completion_timeout(&look->done, left))
		return true;
	/* It has not begun: then it never will. */
	if (cancel_work(&look->work))
		look_put(look);
	return false;
}

void look_put(struct look *look)
{
	if (refcount_dec_and_test(&look->refs))
		kvfree(look);
}

/* A turn of a stack.  False if that was the last. */
static bool stack_turn(struct look_stacks *st, unsigned int class, bool away,
		       unsigned int *from)
{
	struct mcache *m = mcache_enter();
	const struct mcache_slot *slot;
	unsigned int row;
	long n, end;

	if (!m) {
		st->missed = true;
		return false;
	}
	slot = class_slot(m, class, away);
	row = slot ? slot - m->slots : 0;
	n = slot ? slot->top - slot->base : 0;
	end = min(n, (long)*from + STACK_TURN);
	for (; *from < end; ++*from) {
		if (!mspan_is_taken(slot->base[*from], row))
			continue;
		if (st->n == st->max) {
			st->missed = true;
			break;
		}
		st->object[st->n++] = slot->base[*from];
		st->in_class[class]++;
	}
	mcache_leave(m);
	return end < n && !st->missed;
}

/* For look_start(): fill in a struct look_stacks. */
void look_at_stacks(struct look *look)
{
	struct look_stacks *st = container_of(look, struct look_stacks, look);
	unsigned int class, from;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		from = 0;
		while (stack_turn(st, class, false, &from))
			cond_resched();
		from = 0;
		while (stack_turn(st, class, true, &from))
			cond_resched();
		cond_resched();
	}
}

/* ---- CPUs come and go ------------------------------------------------------------------------ */

static int mcache_cpu_prepare(unsigned int cpu)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

	if (m->slots == empty_slots)
		m->nid = nodes_with_memory(cpu_to_mem(cpu));
	return 0;
}

static bool slot_was_used(const struct mcache_slot *slot)
{
	return slot->base || slot->span || slot->allocs || slot->moved;
}

/* The CPU is dead, or nobody calls galloc any more: its slots are ours. */
static int drain_dead_cpu(unsigned int cpu)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	struct mcache_slot *slots = m->slots;
	struct haul haul;
	unsigned int row;
	struct mspan *s;

	if (slots == empty_slots)
		return 0;
	/* Those of other nodes, too, which have stood in for its own. */
	for (row = 0; row < RESERVE_SLOT; row++) {
		struct mcentral *c = mcentral_rows[row];
		unsigned long flags;

		if (!c || !slot_was_used(&slots[row]))
			continue;
		while (slot_take(m, &slots[row], c->class, true, &haul)) {
			haul_dispose(&haul);
			cond_resched();
		}
		galloc_lock(&c->lock, flags);
		c->fast += slots[row].allocs;
		c->gone += slots[row].moved;
		galloc_unlock(&c->lock, flags);
	}
	m->away = NUMA_NO_NODE;
	while ((s = stash_take(m)))
		mheap_free(s);
	WRITE_ONCE(m->local, empty_slots);
	WRITE_ONCE(m->slots, empty_slots);
	bitmap_zero(m->wants, GALLOC_NR_CLASSES);
	arena_meta_free(slots, slots_bytes());
	count_event(EVENT_DEAD_CPU);
	return 0;
}

/* ---- init and exit ------------------------------------------------------------ */

int mcache_init(void)
{
	int cpu;

	empty_slots = galloc_fail(0) ? NULL :
		      kvcalloc(nr_slots, sizeof(*empty_slots), GFP_KERNEL);
	if (!empty_slots)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

		m->slots = empty_slots;
		m->local = empty_slots;
		m->cpu = cpu;
		m->nid = nodes_with_memory(cpu_to_mem(cpu));
		m->away = NUMA_NO_NODE;
		m->rng = get_random_u64() | 1;
		INIT_WORK(&m->work, drain_work_fn);
	}
	return 0;
}

int mcache_start(void)
{
	int state;

	state = galloc_fail(0) ? -ENOMEM :
		cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "mm/galloc:prepare",
				  mcache_cpu_prepare, drain_dead_cpu);
	if (state < 0)
		return state;
	mcache_cpuhp_state = state;
	return 0;
}

/* CPUs that go are no longer drained.  Before worker_stop(): the teardown kicks. */
void mcache_stop(void)
{
	cpuhp_remove_state_nocalls(mcache_cpuhp_state);
}

/* Empty what the CPUs hold; nobody is left who could touch it. */
void drain_everything(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		drain_dead_cpu(cpu);
	transfer_drain();
}

/* After the last look at a CPU's slots. */
void mcache_exit(void)
{
	kvfree(empty_slots);
}
