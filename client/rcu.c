// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * rcu: objects freed after a grace period, in batches.
 *
 * gfree_rcu() writes the pointer to an array of its CPU, and that is all.  Everything
 * that was queued during one grace period is a batch, which takes one callback and begins
 * its own grace period when the previous batch of the CPU has had its.  So the waiting
 * memory is what is freed during two grace periods.  Where there is no place in an array,
 * because memory is short or an interrupt found the CPU queueing, the object is linked
 * through its rcu_head.
 *
 * A CPU's batches have a bit lock that nobody spins for in a section, with preemption off
 * while it is held.  So a callback on any CPU, and the worker, can take what an isolated
 * or dead CPU has queued.
 *
 * Called by clients, and by api.c, shrinker.c and worker.c when memory is short; calls
 * api.c to free the objects.  Overview: galloc_mod.c.
 */
#include "mcache.h"
#include "rcu.h"
#include "vmalloc.h"

#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/vmalloc.h>

static DEFINE_PER_CPU(struct rcu_cpu, rcu_cpus);

unsigned long rcu_heads_secret;

/* Batches so far: who reads it and then waits for a grace period may free up to that one. */
static atomic_long_t flights;

/* What the batches of all CPUs have, and the most that has waited. */
static atomic_long_t batch_objects, batch_bytes;
static atomic_long_t peak_objects, peak_bytes;

/* ---- the lock ------------------------------------------------------------------------- */

static __always_inline bool cpu_trylock(struct rcu_cpu *c)
{
	preempt_disable();
	if (likely(!test_and_set_bit_lock(0, &c->lock)))
		return true;
	preempt_enable();
	return false;
}

static __always_inline void cpu_unlock(struct rcu_cpu *c)
{
	/* Only the holder writes the word. */
	__clear_bit_unlock(0, &c->lock);
	preempt_enable();
}

/*
 * Only in a task that may sleep: nowhere else is it certain that this CPU does not hold
 * it.  The holder has preemption off, so it does not take long.
 */
static void cpu_lock(struct rcu_cpu *c)
{
	while (!cpu_trylock(c))
		cpu_relax();
}

/* The end of an array is where the next one would begin. */
static __always_inline bool place_is_end(const void **place)
{
	return !((unsigned long)place & (ARRAY_BYTES - 1));
}

/* Pointers in the newest array, of which @place is the next place. */
static unsigned long place_nr(const void **place)
{
	unsigned long off = (unsigned long)place & (ARRAY_BYTES - 1);

	if (!off)
		return place ? ARRAY_LEN : 0;
	return (off - offsetof(struct rcu_array, p)) / sizeof(*place);
}

/* ---- batches --------------------------------------------------------------------------- */

static bool objects_any(const struct rcu_objects *o)
{
	return o->arrays || o->heads;
}

static bool cpu_has_queued(const struct rcu_cpu *c)
{
	return c->arrays || !llist_empty(&c->heads);
}

static bool cpu_has_flying(const struct rcu_cpu *c)
{
	unsigned int i;

	for (i = 0; i < NR_BATCHES; i++)
		/* Acquire: pairs with the release in batch_landed(). */
		if (smp_load_acquire(&c->batch[i].flying))
			return true;
	return false;
}

/* Nothing is queued and nothing waits.  What has been taken is being freed. */
static bool cpu_is_idle(const struct rcu_cpu *c)
{
	unsigned int i;

	for (i = 0; i < NR_BATCHES; i++)
		if (objects_any(&c->batch[i].objects))
			return false;
	return !cpu_has_queued(c);
}

/*
 * Make a batch of what is queued, with the lock held, for batch_fly() in the same RCU read
 * section.  NULL if nothing is queued, or all batches are in use.
 */
static struct rcu_batch *batch_take(struct rcu_cpu *c)
{
	struct rcu_batch *b;
	unsigned int i;
	long n, bytes;

	if (!cpu_has_queued(c))
		return NULL;
	for (i = 0; i < NR_BATCHES; i++) {
		b = &c->batch[i];
		/* Acquire: pairs with the release in batch_landed(). */
		if (!smp_load_acquire(&b->flying) && !objects_any(&b->objects))
			goto found;
	}
	return NULL;
found:
	if (c->arrays)
		c->arrays->n = place_nr(c->place);
	b->objects.arrays = c->arrays;
	b->objects.n = c->n + place_nr(c->place);
	b->objects.bytes = c->bytes;
	/* The counts last: head_push() counts first, so none is left without its object. */
	b->objects.heads = llist_del_all(&c->heads);
	n = atomic_long_read(&c->heads_n);
	bytes = atomic_long_read(&c->heads_bytes);
	b->objects.n += n;
	b->objects.bytes += bytes;
	atomic_long_add(b->objects.n, &batch_objects);
	atomic_long_add(b->objects.bytes, &batch_bytes);
	/* Pairs with batches_add(): what waits is counted twice rather than not at all. */
	smp_mb__after_atomic();
	atomic_long_sub(n, &c->heads_n);
	atomic_long_sub(bytes, &c->heads_bytes);
	c->arrays = NULL;
	c->place = NULL;
	c->n = 0;
	c->bytes = 0;
	/* Full order: its objects were queued before. */
	b->nr = atomic_long_inc_return(&flights);
	WRITE_ONCE(b->flying, true);
	return b;
}

static void batch_landed(struct rcu_head *rcu);

/* Let a batch wait for its grace period.  Without the lock; not with interrupts off. */
static void batch_fly(struct rcu_batch *b)
{
	if (b)
		call_rcu_hurry(&b->rcu, batch_landed);
}

/*
 * Take the objects of a batch for freeing, with the lock held, if it has landed, or for
 * the batches up to number @waited the caller has waited.
 */
static bool batch_claim(struct rcu_batch *b, long waited, struct rcu_objects *o)
{
	if (!objects_any(&b->objects))
		return false;
	/* Acquire: pairs with the release in batch_landed(). */
	if (smp_load_acquire(&b->flying) && b->nr > waited)
		return false;
	*o = b->objects;
	atomic_long_sub(o->n, &batch_objects);
	atomic_long_sub(o->bytes, &batch_bytes);
	memset(&b->objects, 0, sizeof(b->objects));
	return true;
}

/* The CPU on which the work of a CPU is done: isolated ones are left alone. */
static int work_cpu(const struct rcu_cpu *c)
{
	int cpu = cpu_online(c->cpu) ? c->cpu : raw_smp_processor_id();

	if (likely(!galloc_cpu_isolated(cpu)))
		return cpu;
	for_each_online_cpu(cpu)
		if (!galloc_cpu_isolated(cpu))
			return cpu;
	return raw_smp_processor_id();
}

/* Have the worker free what has waited, and end what is queued.  Any context but NMI. */
static void cpu_kick(struct rcu_cpu *c)
{
	if (irqs_disabled())
		worker_kick(WORKER_RCU);
	else
		worker_queue(work_cpu(c), &c->work);
}

/* The same from the irq_work of this CPU. */
void rcu_batches_kick(void)
{
	worker_queue(work_cpu(raw_cpu_ptr(&rcu_cpus)), raw_cpu_ptr(&rcu_cpus.work));
}

/* ---- freeing ----------------------------------------------------------------------------- */

/* Keep an array for the next batch, or free it. */
static void array_keep(struct rcu_cpu *c, struct rcu_array *a)
{
	if (cmpxchg(&c->spare, NULL, a))
		arena_meta_free(a, sizeof(*a));
}

static void heads_free(struct llist_node *heads, bool may_sleep)
{
	unsigned int n = 0;

	while (heads) {
		struct rcu_head *head = (struct rcu_head *)heads;
		const void *p = (void *)rcu_head_mark(head, (void *)head->func);

		heads = heads->next;
		/* It may be queued again in its next life. */
		head->func = NULL;
		gfree(p);
		if (may_sleep && ++n % DRAIN_TURN == 0)
			cond_resched();
	}
}

/*
 * Heads come first: of an object that was queued both ways the second free must be that
 * of the pointer, which does not read the object.
 */
static void objects_free(struct rcu_cpu *c, struct rcu_objects *o, bool may_sleep)
{
	struct rcu_array *a;

	heads_free(o->heads, may_sleep);
	while ((a = o->arrays)) {
		o->arrays = a->next;
		gfree_bulk(a->n, (void **)a->p);
		array_keep(c, a);
		if (may_sleep)
			cond_resched();
	}
}

/* Free what has waited long enough on a CPU, see batch_claim().  Sleeps. */
static void cpu_free_landed(struct rcu_cpu *c, long waited)
{
	int own = report_own_begin();
	struct rcu_objects o;
	unsigned int i;
	bool claimed;

	mutex_lock(&c->freeing);
	for (i = 0; i < NR_BATCHES; i++) {
		cpu_lock(c);
		claimed = batch_claim(&c->batch[i], waited, &o);
		cpu_unlock(c);
		if (claimed)
			objects_free(c, &o, true);
	}
	mutex_unlock(&c->freeing);
	report_own_end(own);
}

/* Make a batch of what a CPU has queued.  Sleeps.  False if it has to wait for others. */
static bool cpu_end_batch(struct rcu_cpu *c)
{
	struct rcu_batch *b;
	bool all;

	rcu_read_lock();
	cpu_lock(c);
	b = batch_take(c);
	all = !cpu_has_queued(c);
	cpu_unlock(c);
	galloc_pause(PAUSE_RCU_TAKEN, b);
	batch_fly(b);
	rcu_read_unlock();
	return all;
}

static void cpu_work_fn(struct work_struct *work)
{
	struct rcu_cpu *c = container_of(work, struct rcu_cpu, work);

	cpu_free_landed(c, 0);
	cpu_end_batch(c);
}

/* Objects that a CPU has queued, and their bytes, are added.  Racy. */
static void cpu_add_queued(const struct rcu_cpu *c, unsigned long *n, unsigned long *bytes)
{
	/* Whoever queues writes them plainly, with the bit lock. */
	*n += mcache_racy(c->n) + place_nr(mcache_racy(c->place)) +
	      atomic_long_read(&c->heads_n);
	*bytes += mcache_racy(c->bytes) + atomic_long_read(&c->heads_bytes);
}

/* The same of the batches.  After the queues, from which they come. */
static void batches_add(unsigned long *n, unsigned long *bytes)
{
	/* Pairs with batch_take(). */
	smp_rmb();
	*n += atomic_long_read(&batch_objects);
	*bytes += atomic_long_read(&batch_bytes);
}

/* Objects that wait, and their bytes.  Racy.  Looks at all CPUs: only for tasks. */
void rcu_batches_waiting(unsigned long *n, unsigned long *bytes)
{
	int cpu;

	*n = 0;
	*bytes = 0;
	for_each_possible_cpu(cpu)
		cpu_add_queued(per_cpu_ptr(&rcu_cpus, cpu), n, bytes);
	galloc_pause(PAUSE_RCU_SUM, NULL);
	batches_add(n, bytes);
}

static unsigned long raise(atomic_long_t *peak, long value)
{
	long old = atomic_long_read(peak);

	while (value > old && !atomic_long_try_cmpxchg(peak, &old, value))
		;
	return max(value, old);
}

/* Of what waits now, the most that has: it grows until a batch has waited long enough. */
void rcu_batches_peak(unsigned long *n, unsigned long *bytes)
{
	*n = raise(&peak_objects, *n);
	*bytes = raise(&peak_bytes, *bytes);
}

/*
 * The callback of a batch, on any CPU.  Frees a few objects itself; if there are more
 * the worker does, so that no interrupt takes long.
 */
static void batch_landed(struct rcu_head *rcu)
{
	struct rcu_batch *b = container_of(rcu, struct rcu_batch, rcu), *next = NULL;
	struct rcu_cpu *c = b->c;
	struct rcu_objects o = { };
	unsigned long n = 0, bytes = 0;
	bool done = false;

	count_event(EVENT_RCU_BATCH);
	/* Not what others have queued: there may be thousands of CPUs. */
	cpu_add_queued(c, &n, &bytes);
	batches_add(&n, &bytes);
	rcu_batches_peak(&n, &bytes);
	/* Release: whoever sees it may free the objects, and use the batch again. */
	smp_store_release(&b->flying, false);
	/* This may be an interrupt of the holder: then the worker does all of it. */
	if (cpu_trylock(c)) {
		if (b->objects.n <= CALL_TURN && batch_claim(b, 0, &o))
			atomic_inc(&c->frees);
		done = !objects_any(&b->objects);
		next = batch_take(c);
		galloc_pause(PAUSE_RCU_LOCKED, NULL);
		cpu_unlock(c);
	}
	batch_fly(next);
	if (objects_any(&o)) {
		objects_free(c, &o, false);
		/* Full order: pairs with the read in all_idle(). */
		atomic_dec_return(&c->frees);
	}
	if (!done)
		cpu_kick(c);
}

/* ---- queueing ----------------------------------------------------------------------------- */

/* Write a pointer to a CPU's array, with the lock held. */
static bool array_push(struct rcu_cpu *c, const void *p, size_t bytes)
{
	struct rcu_array *a;

	if (place_is_end(c->place)) {
		a = xchg(&c->spare, NULL);
		if (!a)
			return false;
		c->n += place_nr(c->place);
		if (c->arrays)
			c->arrays->n = ARRAY_LEN;
		a->next = c->arrays;
		c->arrays = a;
		c->place = a->p;
	}
	*c->place++ = p;
	c->bytes += bytes;
	return true;
}

/* Queue an object without an array, with or without the lock. */
static bool head_push(struct rcu_cpu *c, const void *p, struct rcu_head *head,
		      size_t bytes)
{
	if (head->func == rcu_head_mark(head, p))
		return false;
	head->func = rcu_head_mark(head, p);
	count_event(EVENT_RCU_HEAD);
	/* First the counts, see batch_take(). */
	atomic_long_inc(&c->heads_n);
	atomic_long_add(bytes, &c->heads_bytes);
	llist_add((struct llist_node *)head, &c->heads);
	return true;
}

/* Allocate an array if this CPU has none and the context allows it. */
static void array_prepare(void)
{
	struct rcu_cpu *c = raw_cpu_ptr(&rcu_cpus);
	struct rcu_array *a;

	if (!place_is_end(mcache_racy(c->place)) || READ_ONCE(c->spare) || !may_call_system())
		return;
	a = arena_meta_alloc(sizeof(*a), numa_mem_id());
	/* kmalloc() aligns powers of two. */
	if (a && !WARN_ON_ONCE(!place_is_end((void *)a)))
		array_keep(c, a);
}

/*
 * Queue any object in any context; without a head (NULL) only if there is a place in an
 * array.  The first one lets the batch fly, unless one does already.
 */
static noinline bool queue_slowly(const void *p, struct rcu_head *head)
{
	struct rcu_batch *b = NULL;
	struct target t = { };
	bool locked, kick, queued, twice = false;
	struct rcu_cpu *c;

	/* Nothing is galloc's: gfree() says so. */
	if (!api_is_ready()) {
		gfree(p);
		return true;
	}
	if (unlikely(head && vmalloc_begins(p))) {
		vmalloc_queue_rcu(p, head);
		return true;
	}
	api_target_of(p, &t);
	array_prepare();
	preempt_disable();
	c = this_cpu_ptr(&rcu_cpus);
	locked = cpu_trylock(c);
	queued = locked && array_push(c, p, t.size);
	if (!queued && head) {
		queued = head_push(c, p, head, t.size);
		twice = !queued;
	}
	/* Whoever has the lock may have looked at the heads before. */
	kick = queued && !locked;
	if (queued && locked && !cpu_has_flying(c)) {
		/* With interrupts off the caller may hold any lock: call_rcu() may wake. */
		kick = irqs_disabled();
		if (!kick)
			b = batch_take(c);
	}
	if (locked) {
		galloc_pause(PAUSE_RCU_LOCKED, p);
		cpu_unlock(c);
	}
	batch_fly(b);
	if (kick)
		cpu_kick(c);
	preempt_enable();
	if (twice)
		report_fault(FAULT_DOUBLE_FREE, p);
	return queued;
}

/* Queue an object of a size class.  False if the array is full or locked. */
static __always_inline bool queue_fast(const void *p)
{
	bool queued = false;
	struct rcu_cpu *c;
	unsigned int size;

	preempt_disable();
	c = raw_cpu_ptr(&rcu_cpus);
	size = stack_size_at(arena_stack_of(p));
	if (likely(size) && likely(!test_and_set_bit_lock(0, &c->lock))) {
		if (likely(!place_is_end(c->place))) {
			*c->place++ = p;
			c->bytes += size;
			queued = true;
		}
		__clear_bit_unlock(0, &c->lock);
	}
	preempt_enable();
	return queued;
}

/**
 * galloc_queue_rcu() - free an object after a grace period
 * @p: the object; gfree_rcu() fills it in
 * @head: anywhere in it, used if there is no memory for an array of pointers
 *
 * Context: Any but NMI.
 */
void galloc_queue_rcu(const void *p, struct rcu_head *head)
{
	/* Not api_enter_ok(): as a tail call it saves the frame. */
	if (unlikely(in_nmi()))
		api_refuse_nmi();
	else if (unlikely(!queue_fast(p)))
		queue_slowly(p, head);
}
EXPORT_SYMBOL_GPL(galloc_queue_rcu);

/**
 * galloc_free_rcu() - free the object around an rcu_head after a grace period
 * @head: anywhere in the object
 *
 * As gfree_rcu(), if only the head is known; finds the object by its address.
 *
 * Context: Any but NMI.
 */
void galloc_free_rcu(struct rcu_head *head)
{
	enum mspan_found found;
	struct target t;

	if (!api_enter_ok())
		return;
	found = api_target_of(head, &t);
	galloc_queue_rcu(found == FOUND_OBJECT || found == FOUND_INTERIOR ?
			 t.start : head, head);
}
EXPORT_SYMBOL_GPL(galloc_free_rcu);

/* Queue an object without an rcu_head; false: there is no memory for that. */
bool rcu_batches_add(const void *p)
{
	return queue_fast(p) || queue_slowly(p, NULL);
}

/**
 * gfree_rcu_mightsleep() - free an object without an rcu_head after a grace period
 * @p: from any allocating function of galloc; NULL and ZERO_SIZE_PTR are fine
 *
 * Waits for a grace period only if there is no memory for an array of pointers, or if vmalloc()
 * had to serve gvmalloc().
 *
 * Context: Process.  May sleep.
 */
void gfree_rcu_mightsleep(const void *p)
{
	bool virtual;

	might_sleep();
	if (ZERO_OR_NULL_PTR(p) || !api_enter_ok())
		return;
	virtual = vmalloc_begins(p);
	if (!virtual && rcu_batches_add(p))
		return;
	synchronize_rcu();
	if (virtual)
		vfree(p);
	else
		gfree(p);
}
EXPORT_SYMBOL_GPL(gfree_rcu_mightsleep);

/* ---- when memory is short ------------------------------------------------------------------ */

/* All CPUs' queued objects begin their grace period.  False if some wait for earlier ones. */
bool rcu_batches_end(void)
{
	bool all = true;
	int cpu;

	for_each_possible_cpu(cpu)
		all &= cpu_end_batch(per_cpu_ptr(&rcu_cpus, cpu));
	return all;
}

static void free_landed(long waited)
{
	int cpu;

	for_each_possible_cpu(cpu)
		cpu_free_landed(per_cpu_ptr(&rcu_cpus, cpu), waited);
}

/* Free the unused arrays.  Sleeps. */
static void spares_free(void)
{
	struct rcu_array *a;
	int cpu;

	for_each_possible_cpu(cpu) {
		a = xchg(&per_cpu(rcu_cpus, cpu).spare, NULL);
		arena_meta_free(a, sizeof(*a));
	}
}

/* Does a CPU's worker, or somebody else, just free what has landed there? */
static bool cpu_is_freeing(struct rcu_cpu *c)
{
	return mutex_is_locked(&c->freeing) || atomic_read(&c->frees);
}

/* A request waits so long, in jiffies, for those who free now. */
#define FREEING_PATIENCE	DIV_ROUND_UP(HZ, 20)

/* Wait for them, but not without end.  Returns whether there were any.  Sleeps. */
static bool wait_for_freeing(void)
{
	unsigned long end = jiffies + FREEING_PATIENCE;
	bool any = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		while (cpu_is_freeing(per_cpu_ptr(&rcu_cpus, cpu)) && time_before(jiffies, end)) {
			schedule_timeout_uninterruptible(1);
			any = true;
		}
	}
	return any;
}

/*
 * A request with these flags found no memory.  A caller that may sleep waits for a grace
 * period, or for others before it, and frees all that has waited for one.  Any other ends the
 * batch of its CPU, and looks at no other; the worker ends those.  Any context but NMI.
 * Returns whether anything was waited for.
 */
bool rcu_batches_relieve(gfp_t gfp)
{
	struct rcu_cpu *c = raw_cpu_ptr(&rcu_cpus);
	unsigned long end = jiffies + FREEING_PATIENCE;
	struct rcu_batch *b = NULL;
	unsigned int rounds = 0;
	unsigned long n, bytes;
	long waited;
	bool all;

	if (gfpflags_allow_blocking(gfp)) {
		rcu_batches_waiting(&n, &bytes);
		if (!n)
			return wait_for_freeing();
		for (;;) {
			all = rcu_batches_end();
			waited = atomic_long_read(&flights);
			synchronize_rcu();
			free_landed(waited);
			if (all || (rounds++ && time_after(jiffies, end)))
				break;
			/* A CPU's batches are in use until their callbacks have run. */
			schedule_timeout_uninterruptible(1);
		}
		/* Callbacks may have taken some of that just now. */
		wait_for_freeing();
		spares_free();
		return true;
	}
	rcu_read_lock();
	if (!irqs_disabled() && cpu_trylock(c)) {
		b = batch_take(c);
		cpu_unlock(c);
	}
	batch_fly(b);
	rcu_read_unlock();
	return false;
}

/* Has all that was queued been freed?  Sleeps. */
static bool all_idle(void)
{
	bool idle = true;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rcu_cpu *c = per_cpu_ptr(&rcu_cpus, cpu);

		/* Whoever has taken a batch has freed it when we have the mutex. */
		mutex_lock(&c->freeing);
		cpu_lock(c);
		idle = idle && cpu_is_idle(c) && !atomic_read(&c->frees);
		cpu_unlock(c);
		mutex_unlock(&c->freeing);
	}
	return idle;
}

/*
 * Wait until all that was queued before has been freed, for an owner that goes; if nothing is
 * queued, for nothing.  As its callers it may run in a hotplug callback: neither it nor
 * rcu_barrier() takes the hotplug lock, nor does whoever holds a mutex that it takes.
 * Sleeps.
 */
void rcu_batches_settle(void)
{
	bool all = false;
	unsigned int i;

	/* A batch may have to wait for the two before, which are free after a round. */
	for (i = 0; i < NR_BATCHES && !all && !all_idle(); i++) {
		all = rcu_batches_end();
		/* Pairs with the read section from batch_take() to batch_fly(). */
		synchronize_rcu();
		/* Waits also for the callbacks that free objects themselves. */
		rcu_barrier();
		free_landed(0);
	}
}

/**
 * galloc_rcu_barrier() - wait until the objects queued before have been freed
 *
 * For those of gfree_rcu() and gfree_rcu_mightsleep(), on all CPUs.
 *
 * Context: Process, also a CPU hotplug callback.  Sleeps.
 */
void galloc_rcu_barrier(void)
{
	might_sleep();
	if (!api_is_ready())
		return;
	vmalloc_settle_rcu();
	rcu_batches_settle();
	spares_free();
}
EXPORT_SYMBOL_GPL(galloc_rcu_barrier);

/* ---- init and exit ------------------------------------------------------------------------- */

/* The gate is open again, or a CPU is dead: look at all that waits. */
void rcu_batches_catch_up(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rcu_cpu *c = per_cpu_ptr(&rcu_cpus, cpu);

		if (data_race(!cpu_is_idle(c))) /* the work looks with the lock */
			cpu_kick(c);
	}
}

void rcu_batches_init(void)
{
	int cpu, i;

	rcu_heads_secret = get_random_long();
	for_each_possible_cpu(cpu) {
		struct rcu_cpu *c = per_cpu_ptr(&rcu_cpus, cpu);

		c->cpu = cpu;
		mutex_init(&c->freeing);
		INIT_WORK(&c->work, cpu_work_fn);
		for (i = 0; i < NR_BATCHES; i++)
			c->batch[i].c = c;
	}
}

/*
 * At unload: free all objects, while everything that they may request still works.  Batches of
 * which a task has taken the objects may land later, and find nothing: mspan_exit() waits.
 */
void rcu_batches_exit(void)
{
	galloc_rcu_barrier();
}
