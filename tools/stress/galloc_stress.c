// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_stress: every context at once, handing objects to each other.
 *
 * A table of pointers is shared by a thread a CPU, work items, timers (softirq)
 * and hrtimers (hard interrupt).  Each operation allocates an object, marks all
 * of it, exchanges it for the one in a random place of the table, checks that
 * one's marks and frees it: so nearly every object is freed in another context
 * than it was allocated in.  An object handed out twice, or freed under its owner,
 * loses its marks.
 *
 * Two more threads are driven from CPU to CPU in the midst of their work.  CPUs may
 * go offline and come back meanwhile: their threads move away and return.
 *
 * insmod runs it to its end: 0 if all marks were intact and each object that was to be
 * of one node was, -EIO otherwise.  Each context prints its number of operations, and
 * how many got no memory.
 */
#include <linux/cpu.h>
#include <linux/hrtimer.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <galloc.h>

#include "param.h"

PARAM(ulong, ops, 1000000, "operations in all");
PARAM(uint, live, 4096, "objects out at a time");
PARAM(uint, min_size, 16, "smallest object, in bytes");
PARAM(uint, max_size, 9000, "largest object, in bytes; sizes are log-uniform");

PARAM(uint, huge, 4096, "one operation in so many is of megabytes; 0: none");

PARAM(bool, shares, true, "go on until each context has done its share");

PARAM(ulong, seed, 0, "of the random numbers; 0: draw one");

/* Contexts an operation is done in. */
enum { IN_TASK, IN_WORK, IN_SOFTIRQ, IN_HARDIRQ, NR_CONTEXTS };

static const char * const context_names[NR_CONTEXTS] = {
	"task", "work", "softirq", "hardirq"
};

/*
 * Hard interrupts everywhere: on PREEMPT_RT that requires a flag; elsewhere
 * asking for it would make lockdep expect a context that may not allocate.
 */
#define HRTIMER_MODE	(IS_ENABLED(CONFIG_PREEMPT_RT) ?		\
			 HRTIMER_MODE_REL_PINNED_HARD : HRTIMER_MODE_REL_PINNED)

/* The least time between two of them. */
#define HRTIMER_NS	(100ULL * NSEC_PER_USEC)

/* Operations of one interrupt or work item. */
#define BURST	16

/* Threads without a CPU of their own. */
#define ROAMERS	2

/* One operation in so many is of the rarer kind. */
#define RARELY	16

/* One operation in so many, at least, is done in each context. */
#define SHARE	1000

/* How long the others go on for a context that has not done its share, in seconds. */
#define SHARE_SECONDS	60

/* The flags of the sleeping contexts: may sleep, but no OOM kill. */
#define GFP_STRESS	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/* At the front of each object. */
struct mark {
	u32 size;
	u32 key;
};

struct worker {
	struct task_struct *task;
	struct work_struct work;
	struct timer_list timer;
	struct hrtimer hrtimer;
	struct rnd_state rnd[NR_CONTEXTS];
	unsigned long done[NR_CONTEXTS];
	unsigned long failed[NR_CONTEXTS];
	int cpu;			/* -1: a roamer */
};

static struct worker *workers;		/* one a CPU, then the roamers */
static unsigned int nr_workers;
static void **table;
static atomic_long_t left;
static atomic_t errors;
static const void *highest;		/* address that was handed out; racy */
static bool stop;

static u32 key_of(const void *p, u32 size)
{
	return (u32)((unsigned long)p >> 3) * 2654435761U ^ size;
}

/* Mark the object's first and last bytes and one in each 256 between. */
static void mark_object(void *p, u32 size)
{
	u32 key = key_of(p, size);
	u32 i;

	for (i = sizeof(struct mark); i < size; i += 256)
		((u8 *)p)[i] = key;
	((u8 *)p)[size - 1] = key;
	*(struct mark *)p = (struct mark){ size, key };
}

static bool mark_intact(const void *p)
{
	struct mark m = *(struct mark *)p;
	u32 i;

	if (m.key != key_of(p, m.size) || m.size > gsize(p))
		return false;
	for (i = sizeof(struct mark); i < m.size; i += 256)
		if (((u8 *)p)[i] != (u8)m.key)
			return false;
	return m.size == sizeof(m) || ((u8 *)p)[m.size - 1] == (u8)m.key;
}

static bool one_in(struct rnd_state *rnd, u32 n)
{
	return n && prandom_u32_state(rnd) % n == 0;
}

static u32 draw_size(struct rnd_state *rnd)
{
	u32 low = ilog2(min_size);
	u32 bits = low + prandom_u32_state(rnd) % (ilog2(max_size) - low + 1);
	u32 size = (1U << bits) + prandom_u32_state(rnd) % (1U << bits);

	/* Above a block, and not of a whole order. */
	if (one_in(rnd, huge))
		return SZ_2M + PAGE_SIZE + prandom_u32_state(rnd) % SZ_1M;
	return clamp(size, min_size, max_size);
}

static void give_back(struct rnd_state *rnd, void *p)
{
	if (!p)
		return;
	if (!mark_intact(p)) {
		if (atomic_inc_return(&errors) <= 10)
			pr_err("galloc_stress: marks lost, size %u\n",
			       ((struct mark *)p)->size);
		return;
	}
	if (one_in(rnd, RARELY))
		galloc_free_rcu(p);
	else
		gfree(p);
}

/* __GFP_THISNODE returns memory of the node, or NULL, even if the task migrates. */
static void *take_of_node(struct rnd_state *rnd, u32 size, gfp_t gfp)
{
	int nid = prandom_u32_state(rnd) % nr_node_ids;
	void *p;

	if (one_in(rnd, 2))
		return galloc_node(size, gfp, nid);
	p = galloc_node(size, gfp | __GFP_THISNODE, nid);
	if (p && page_to_nid(virt_to_page(p)) != nid &&
	    atomic_inc_return(&errors) <= 10)
		pr_err("galloc_stress: %u bytes of another node than %d\n", size, nid);
	return p;
}

static void *take(struct rnd_state *rnd, u32 size, gfp_t gfp)
{
	if (one_in(rnd, RARELY))
		return take_of_node(rnd, size, gfp);
	return galloc(size, gfp);
}

static void exchange_one(struct worker *w, int context, gfp_t gfp)
{
	struct rnd_state *rnd = &w->rnd[context];
	u32 size = draw_size(rnd);
	void *p = NULL;

	/* One in eight only frees, so that the table breathes. */
	if (!one_in(rnd, 8)) {
		p = take(rnd, size, gfp);
		if (p > READ_ONCE(highest))
			WRITE_ONCE(highest, p);
		if (p)
			mark_object(p, size);
		else
			w->failed[context]++;
	}
	give_back(rnd, xchg(&table[prandom_u32_state(rnd) % live], p));
	/* Pairs with the READ_ONCE() in enough(), which may miss the last few. */
	WRITE_ONCE(w->done[context], w->done[context] + 1);
}

/*
 * All is done, and each context has done its share.  How fast the contexts are, beside
 * each other, is up to the machine: a work item that waits for memory may take so long
 * that it would not have its turn.
 */
static bool enough(void)
{
	unsigned int i, k;

	if (atomic_long_read(&left) >= 0)
		return false;
	for (i = 0; shares && i < NR_CONTEXTS; i++) {
		unsigned long done = 0;

		for (k = 0; k < nr_workers; k++)
			done += READ_ONCE(workers[k].done[i]);
		if (done < ops / SHARE)
			return false;
	}
	return true;
}

static bool burst(struct worker *w, int context, gfp_t gfp)
{
	unsigned int i;

	if (READ_ONCE(stop))
		return false;
	if (atomic_long_sub_return(BURST, &left) < 0 && enough())
		return false;
	for (i = 0; i < BURST; i++)
		exchange_one(w, context, gfp);
	return true;
}

static void work_fn(struct work_struct *work)
{
	burst(container_of(work, struct worker, work), IN_WORK, GFP_STRESS);
}

static void timer_fn(struct timer_list *t)
{
	struct worker *w = container_of(t, struct worker, timer);

	if (burst(w, IN_SOFTIRQ, GFP_ATOMIC | __GFP_NOWARN))
		mod_timer(&w->timer, jiffies + 1);
}

static enum hrtimer_restart hrtimer_fn(struct hrtimer *t)
{
	struct worker *w = container_of(t, struct worker, hrtimer);
	u64 start = ktime_get_ns();
	u64 took;

	if (!burst(w, IN_HARDIRQ, GFP_ATOMIC | __GFP_NOWARN))
		return HRTIMER_NORESTART;
	/* Leave the CPU most of its time, however slow the kernel is. */
	took = ktime_get_ns() - start;
	hrtimer_forward_now(t, ns_to_ktime(max(HRTIMER_NS, 3 * took)));
	return HRTIMER_RESTART;
}

static void timers_start(struct worker *w)
{
	mod_timer(&w->timer, jiffies + 1);
	hrtimer_start(&w->hrtimer, ns_to_ktime(HRTIMER_NS), HRTIMER_MODE);
}

static void timers_stop(struct worker *w)
{
	hrtimer_cancel(&w->hrtimer);
	timer_delete_sync(&w->timer);
}

/*
 * Move a task to a CPU; false if that is offline.  Not while CPUs come or go: sent
 * to one that is just dying, a task stays where it is not allowed, and on PREEMPT_RT
 * the scheduler warns at its next migrate_enable(), or waits for ever.
 */
static bool move_to(struct task_struct *task, int cpu)
{
	bool moved;

	cpus_read_lock();
	moved = cpu_online(cpu) && !set_cpus_allowed_ptr(task, cpumask_of(cpu));
	cpus_read_unlock();
	return moved;
}

/* The CPU was offline and is back: so are its thread and its timers. */
static void come_home(struct worker *w)
{
	if (raw_smp_processor_id() == w->cpu || !move_to(current, w->cpu))
		return;
	timers_stop(w);
	timers_start(w);
}

static int thread_fn(void *arg)
{
	struct worker *w = arg;
	bool roams = w->cpu < 0;
	unsigned int n = 0;

	if (!roams)
		timers_start(w);
	while (burst(w, IN_TASK, GFP_STRESS)) {
		if (!roams && ++n % 16 == 0) {
			come_home(w);
			schedule_work(&w->work);
		}
		cond_resched();
	}
	/* Wait to be stopped, so that the task can be. */
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void worker_start(struct worker *w, int cpu)
{
	int i;

	w->cpu = cpu;
	for (i = 0; i < NR_CONTEXTS; i++)
		prandom_seed_state(&w->rnd[i],
				   seed + (w - workers) * NR_CONTEXTS + i);
	INIT_WORK(&w->work, work_fn);
	timer_setup(&w->timer, timer_fn, TIMER_PINNED);
	hrtimer_setup(&w->hrtimer, hrtimer_fn, CLOCK_MONOTONIC, HRTIMER_MODE);
	w->task = kthread_create(thread_fn, w, "galloc_stress/%d", cpu);
	if (IS_ERR(w->task)) {
		w->task = NULL;
		return;
	}
	if (cpu >= 0)
		kthread_bind(w->task, cpu);
	wake_up_process(w->task);
}

/* Drive the roamers on, wherever in an allocation they may be. */
static void herd(struct rnd_state *rnd)
{
	unsigned int i;

	for (i = nr_cpu_ids; i < nr_workers; i++) {
		if (workers[i].task)
			move_to(workers[i].task, prandom_u32_state(rnd) % nr_cpu_ids);
	}
}

static void workers_run(struct rnd_state *rnd)
{
	unsigned long end = jiffies + SHARE_SECONDS * HZ;
	unsigned int i;
	int cpu;

	for_each_online_cpu(cpu)
		worker_start(&workers[cpu], cpu);
	for (i = nr_cpu_ids; i < nr_workers; i++)
		worker_start(&workers[i], -1);
	while (!enough() && !signal_pending(current)) {
		if (atomic_long_read(&left) >= 0)
			end = jiffies + SHARE_SECONDS * HZ;
		else if (time_after(jiffies, end))
			break;
		schedule_timeout_interruptible(1);
		herd(rnd);
	}
	WRITE_ONCE(stop, true);
	for (i = 0; i < nr_workers; i++) {
		struct worker *w = &workers[i];

		if (!w->task)
			continue;
		kthread_stop(w->task);
		timers_stop(w);
		cancel_work_sync(&w->work);
	}
}

static void report(void)
{
	unsigned long done, failed;
	unsigned int i, k;

	for (i = 0; i < NR_CONTEXTS; i++) {
		done = 0;
		failed = 0;
		for (k = 0; k < nr_workers; k++) {
			done += workers[k].done[i];
			failed += workers[k].failed[i];
		}
		pr_info("galloc_stress: %s: %lu operations, %lu failed allocations\n",
			context_names[i], done, failed);
	}
	if (highest)
		pr_info("galloc_stress: memory up to %llu MB was used\n",
			(u64)virt_to_phys((void *)highest) >> 20);
	pr_info("galloc_stress: %d errors, seed %lu\n", atomic_read(&errors),
		seed);
}

static int __init stress_init(void)
{
	struct rnd_state rnd;
	unsigned int i;

	if (!live || !ops || min_size < sizeof(struct rcu_head) ||
	    max_size < min_size) {
		pr_err("galloc_stress: live and ops above 0, sizes from %zu up\n",
		       sizeof(struct rcu_head));
		return -EINVAL;
	}
	if (!seed)
		seed = get_random_u32();
	nr_workers = nr_cpu_ids + ROAMERS;
	workers = kvcalloc(nr_workers, sizeof(*workers), GFP_KERNEL);
	table = kvcalloc(live, sizeof(*table), GFP_KERNEL);
	if (!workers || !table) {
		kvfree(workers);
		kvfree(table);
		return -ENOMEM;
	}
	atomic_long_set(&left, ops);
	prandom_seed_state(&rnd, seed);
	workers_run(&rnd);
	for (i = 0; i < live; i++) {
		give_back(&rnd, table[i]);
		cond_resched();
	}
	report();
	kvfree(table);
	kvfree(workers);
	return atomic_read(&errors) ? -EIO : 0;
}

static void __exit stress_exit(void)
{
}

module_init(stress_init);
module_exit(stress_exit);

MODULE_DESCRIPTION("Stress test of galloc");
MODULE_LICENSE("GPL");
