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

/* Idle classes are looked for this often, while anything is cached. */
#define TICK_DELAY		HZ

/* All CPUs are asked to drain at most this often. */
#define DRAIN_INTERVAL		(HZ / 10)

/* For so long stacks of another node are kept when the own one is not used up. */
#define AWAY_KEPT		(2 * HZ)

/* Raised by who wants everything drained; owners follow in their slow paths. */
static atomic_t drain_gen = ATOMIC_INIT(0);

static int mcache_cpuhp_state;
static bool mcache_stopped;

static void mcache_tick_fn(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(mcache_tick, mcache_tick_fn);

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
		m->held -= class_span_bytes(class);
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
	if (haul->stack) {
		arena_uncharge_meta(*(size_t *)(haul->stack - 1));
		kfree(haul->stack - 1);
	}
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
	haul->row = slot - m->slots;
	haul->n = 0;
	haul->span = NULL;
	haul->stack = NULL;
	if ((u16)slot->misses != slot->seen_misses) {
		slot->seen_misses = slot->misses;
		return;
	}
	haul->span = slot->span;
	if (slot->span)
		m->held -= class_span_bytes(class);
	slot->span = NULL;

	haul->n = min((unsigned int)(slot->top - slot->base) / 2,
		      (unsigned int)DRAIN_TURN);
	memcpy(haul->batch, slot->base, haul->n * sizeof(void *));
	slot->top -= haul->n;
	slot->moved -= haul->n;
	memmove(slot->base, slot->base + haul->n,
		(slot->top - slot->base) * sizeof(void *));
}

/*
 * Drain a class on this CPU: all of it, or, unless it is idle, what it has too much.
 * Nothing is done on another CPU than @cpu, or in an interrupt of a busy one.
 */
static void mcache_visit(int cpu, unsigned int class, bool all)
{
	bool may_free = may_grow();
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
			more = slot_take(m, slot, class, may_grow(), &haul);
		else
			slot_take_surplus(m, slot, class, &haul);
		if (!more && ++class == GALLOC_NR_CLASSES)
			away_end(m);
		mcache_leave(m);
		haul_dispose(&haul);
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

static void mcache_work_fn(struct work_struct *work)
{
	struct mcache *m = container_of(work, struct mcache, work);
	bool all = xchg(&m->drain_all, false);
	unsigned int class;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		mcache_visit(m->cpu, class, all);
		cond_resched();
	}
	away_visit(m->cpu, all);
	stash_visit(m->cpu, all);
	if (all) {
		transfer_drain();
		count_event(EVENT_DRAIN);
	}
}

static void mcache_queue(int cpu, bool all)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

	if (all)
		WRITE_ONCE(m->drain_all, true);
	queue_work_on(cpu, galloc_wq, &m->work);
}

/* Something is cached: have an eye on it. */
void mcache_tick_start(void)
{
	if (!READ_ONCE(mcache_stopped) && !delayed_work_pending(&mcache_tick))
		queue_delayed_work(galloc_wq, &mcache_tick, TICK_DELAY);
}

/* Have each CPU look for its idle classes, as long as anything is cached. */
static void mcache_tick_fn(struct work_struct *work)
{
	bool again = transfer_age();
	int cpu;

	if (!cpus_read_trylock()) {
		again = true;
	} else {
		for_each_online_cpu(cpu) {
			if (!READ_ONCE(per_cpu(galloc_mcache, cpu).held))
				continue;
			mcache_queue(cpu, false);
			again = true;
		}
		cpus_read_unlock();
	}
	if (again && !READ_ONCE(mcache_stopped))
		queue_delayed_work(galloc_wq, &mcache_tick, TICK_DELAY);
}

/**
 * mcache_relieve() - make memory free that this CPU has cached
 * @gfp: flags of the request that found none; 0 to leave the other CPUs alone
 *
 * Context: Any but NMI, no galloc lock held.  Never waits.
 */
void mcache_relieve(gfp_t gfp)
{
	int cpu = raw_smp_processor_id();
	unsigned int class;

	for (class = 1; class < GALLOC_NR_CLASSES; class++)
		mcache_visit(cpu, class, true);
	away_visit(cpu, true);
	stash_visit(cpu, true);
	transfer_drain();
	if (gfp)
		mcache_shrink_async();
}

/* Everybody was asked to drain: do so, now that this CPU is in a slow path. */
void mcache_follow(void)
{
	struct mcache *m = mcache_enter();
	int gen = atomic_read(&drain_gen);
	bool follow;

	if (!m)
		return;
	follow = m->gen != gen;
	m->gen = gen;
	mcache_leave(m);
	if (unlikely(follow))
		mcache_relieve(0);
}

/*
 * Have all CPUs drained soon, without waiting and without the hotplug lock for
 * sure: CPUs are brought up under it by code that allocates.
 */
void mcache_shrink_async(void)
{
	static unsigned long last;
	unsigned long then = READ_ONCE(last);
	int cpu;

	/* Reclaim calls in bursts; one drain answers them all. */
	if (then && time_before(jiffies, then + DRAIN_INTERVAL))
		return;
	WRITE_ONCE(last, jiffies | 1);
	atomic_inc(&drain_gen);
	/* The trylock may only be tried where the lock's own code may run. */
	if (!preemptible() || READ_ONCE(mcache_stopped) || !cpus_read_trylock())
		return;
	for_each_online_cpu(cpu)
		if (READ_ONCE(per_cpu(galloc_mcache, cpu).held))
			mcache_queue(cpu, true);
	cpus_read_unlock();
}

/* Bytes the CPUs may hold, or have in transfer: what a drain sets free; racy. */
unsigned long mcache_held_bytes(void)
{
	unsigned long held = transfer_bytes();
	int cpu;

	for_each_possible_cpu(cpu)
		held += READ_ONCE(per_cpu(galloc_mcache, cpu).held);
	return held;
}

/* Drain all CPUs and wait.  Process context; takes the hotplug lock. */
void mcache_drain(void)
{
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		if (mcache_is_setup(cpu))
			mcache_queue(cpu, true);
	for_each_online_cpu(cpu)
		flush_work(&per_cpu(galloc_mcache, cpu).work);
	cpus_read_unlock();
	transfer_drain();
}

/* ---- a CPU's look at its own slots, for validate and statistics ------------------------------ */

static void look_fn(struct work_struct *work)
{
	struct mcache_look *look = container_of(work, struct mcache_look, work);

	look->fn(look);
	complete(&look->done);
	mcache_look_put(look);
}

/**
 * mcache_look_new() - prepare for a CPU's look at its own slots
 * @size: of a structure that begins with a struct mcache_look; it is zeroed
 *
 * Nobody else may follow what is on a stack: it can be replaced at any moment.
 *
 * Return: What to start, wait for and put; NULL if there is no memory.
 */
struct mcache_look *mcache_look_new(size_t size)
{
	struct mcache_look *look;

	look = galloc_fail(get_order(size)) ? NULL :
	       kvzalloc(size, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (look)
		refcount_set(&look->refs, 1);
	return look;
}

/**
 * mcache_look_start() - have a CPU look at its own slots
 * @look: from mcache_look_new(), the rest of it filled in
 * @cpu: the CPU, online as long as it is waited for
 * @fn: called on @cpu, in a task; enters the mcache a turn at a time
 */
void mcache_look_start(struct mcache_look *look, int cpu,
		       void (*fn)(struct mcache_look *look))
{
	INIT_WORK(&look->work, look_fn);
	init_completion(&look->done);
	look->fn = fn;
	/* The work's own. */
	refcount_inc(&look->refs);
	queue_work_on(cpu, galloc_wq, &look->work);
}

/**
 * mcache_look_wait() - wait for a look, but not for ever
 * @look: the look
 * @end: when to give up, in jiffies
 *
 * Return: False if the CPU has not come to it; what it may have found so far is
 * not to be read.
 */
bool mcache_look_wait(struct mcache_look *look, unsigned long end)
{
	long left = max((long)(end - jiffies), 1L);

	if (wait_for_completion_timeout(&look->done, left))
		return true;
	/* It has not begun: then it never will. */
	if (cancel_work(&look->work))
		mcache_look_put(look);
	return false;
}

void mcache_look_put(struct mcache_look *look)
{
	if (refcount_dec_and_test(&look->refs))
		kvfree(look);
}

/* A turn of a stack.  False if that was the last. */
static bool stack_turn(struct mcache_stacks *st, unsigned int class, bool away,
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

/* For mcache_look_start(): fill in a struct mcache_stacks. */
void mcache_look_at_stacks(struct mcache_look *look)
{
	struct mcache_stacks *st = container_of(look, struct mcache_stacks, look);
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
		m->nid = node_with_memory(cpu_to_mem(cpu));
	return 0;
}

static bool slot_was_used(const struct mcache_slot *slot)
{
	return slot->base || slot->span || slot->allocs || slot->moved;
}

/* The CPU is dead, or nobody calls galloc any more: its slots are ours. */
static int mcache_cpu_dead(unsigned int cpu)
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
		while (slot_take(m, &slots[row], c->class, true, &haul))
			haul_dispose(&haul);
		galloc_lock(&c->lock, flags);
		c->fast += slots[row].allocs;
		c->gone += slots[row].moved;
		galloc_unlock(&c->lock, flags);
	}
	m->away = NUMA_NO_NODE;
	while ((s = stash_take(m)))
		mheap_free(s);
	WRITE_ONCE(m->slots, empty_slots);
	m->local = empty_slots;
	kfree(slots);
	arena_uncharge_meta(slots_bytes());
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
		m->nid = node_with_memory(cpu_to_mem(cpu));
		m->away = NUMA_NO_NODE;
		m->rng = get_random_u64() | 1;
		INIT_WORK(&m->work, mcache_work_fn);
	}
	return 0;
}

int mcache_start(void)
{
	int state;

	state = galloc_fail(0) ? -ENOMEM :
		cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "mm/galloc:prepare",
				  mcache_cpu_prepare, mcache_cpu_dead);
	if (state < 0)
		return state;
	mcache_cpuhp_state = state;
	return 0;
}

/* No more work of ours, on any CPU.  Callers are gone already. */
void mcache_stop(void)
{
	int cpu;

	WRITE_ONCE(mcache_stopped, true);
	cancel_delayed_work_sync(&mcache_tick);
	cpuhp_remove_state_nocalls(mcache_cpuhp_state);
	for_each_possible_cpu(cpu)
		cancel_work_sync(&per_cpu(galloc_mcache, cpu).work);
}

/* Empty what the CPUs hold; nobody is left who could touch it. */
void mcache_empty(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		mcache_cpu_dead(cpu);
	transfer_drain();
}

/* After the last look at a CPU's slots. */
void mcache_exit(void)
{
	kvfree(empty_slots);
}
