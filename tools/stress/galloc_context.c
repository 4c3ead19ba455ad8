// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_context: allocate and free where the kernel holds locks of its own.
 *
 * Probes on tracepoints of the scheduler, of timers, interrupts, page faults and
 * workqueues run wherever those are, under rq->lock, under a timer base's lock,
 * with interrupts off.  Each of them, for some seconds, allocates an object of
 * 8 bytes to 3 MiB, marks it, exchanges it for one in a random place of a table,
 * checks that one's marks and frees it: so an object is freed in another place
 * than it was allocated.  Threads do the same with GFP_KERNEL and sleep in
 * between, so that there is something to trace.  Some objects are of a heap, whose first
 * request for a size comes from anywhere, some of caches; some are freed after a grace
 * period.
 *
 * An allocation may be NULL; nothing may hang, and all freed objects are free.
 * With threads_only=1 there are no probes, and the threads keep allocating and freeing
 * 3 MiB: other tasks get a CPU only by preemption.
 * With use_kmalloc=1 kmalloc() and kfree() do it, which shows what can be had.
 *
 * insmod runs it to its end: 0 if all marks were intact, -EIO otherwise.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>

#include <galloc.h>
#include <galloc_cache.h>
#include <galloc_heap.h>

#include "param.h"

PARAM(bool, use_kmalloc, false, "kmalloc() in place of galloc()");
PARAM(bool, threads_only, false, "no tracepoints; threads that never sleep, 3 MiB each");

PARAM(uint, each, 1, "threads on each CPU");
PARAM(uint, seconds, 4, "how long");
PARAM(ulong, seed, 0, "of the random numbers; 0: draw one");

#define MIN_SIZE	8
#define MAX_SMALL	SZ_32K
#define MAX_LARGE	(3 * SZ_1M)

/* Objects out at a time, and how many of them may be larger than 32 KiB. */
#define PLACES		2048
#define LARGE_PLACES	8

/* One operation in so many is of the larger kind. */
#define RARELY		32

/* The longest rest behind an operation: one may contain a second that the host gave others. */
#define REST_NS		(200 * NSEC_PER_MSEC)

/* The flags of the threads: may sleep, but no OOM kill. */
#define GFP_TASK	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

struct point {
	const char *name;
	struct tracepoint *tp;
	atomic_long_t served, failed;
	bool probed;
};

static struct point points[] = {
	{ "sched_switch" }, { "sched_wakeup" }, { "sched_waking" },
	{ "timer_start" }, { "timer_expire_entry" },
	{ "hrtimer_start" }, { "hrtimer_expire_entry" },
	{ "irq_handler_entry" }, { "softirq_entry" }, { "softirq_raise" },
	{ "page_fault_user" }, { "page_fault_kernel" },
	{ "workqueue_queue_work" }, { "workqueue_activate_work" },
};

static struct point in_task = { "task" };

/* One of each for tasks, softirqs and hard interrupts, which interrupt each other. */
struct here {
	bool busy[3];
	u64 rest_until[3];
	struct rnd_state rnd[3];
};

static DEFINE_PER_CPU(struct here, here);

/* At the front of each object. */
struct mark {
	u32 size;
	u32 key;
};

static void **table;			/* PLACES small ones, then the others */
static struct task_struct **threads;
static atomic_t errors;

static u32 key_of(const void *p, u32 size)
{
	return (u32)((unsigned long)p >> 3) * 2654435761U ^ size;
}

/* Bytes from one mark to the next: of megabytes only some of each page. */
static u32 stride_of(u32 size)
{
	return size > MAX_SMALL ? SZ_1K : 64;
}

static void mark_object(void *p, u32 size)
{
	u32 key = key_of(p, size);
	u32 i;

	for (i = sizeof(struct mark); i < size; i += stride_of(size))
		((u8 *)p)[i] = key;
	*(struct mark *)p = (struct mark){ size, key };
}

static bool mark_intact(const void *p)
{
	struct mark m = *(struct mark *)p;
	u32 i;

	if (m.key != key_of(p, m.size) || m.size > MAX_LARGE)
		return false;
	for (i = sizeof(struct mark); i < m.size; i += stride_of(m.size))
		if (((u8 *)p)[i] != (u8)m.key)
			return false;
	return true;
}

static struct galloc_heap *heap;
static const u32 cache_sizes[] = { 56, 1000, 5000 };
static struct galloc_cache *caches[ARRAY_SIZE(cache_sizes)];

static void *take_cached(u32 size, gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(caches); i++)
		if (size <= cache_sizes[i])
			return galloc_cache_alloc(caches[i], gfp);
	return galloc(size, gfp);
}

static void *take(u32 size, gfp_t gfp, u32 kind)
{
	void *p = NULL;

	if (use_kmalloc)
		return kmalloc(size, gfp);
	switch (kind % 4) {
	case 0:
		return galloc_from(heap, size, gfp);
	case 1:
		return take_cached(size, gfp);
	case 2:
		/* What may fail at any time. */
		p = galloc_nolock(size, 0);
	}
	return p ?: galloc(size, gfp);
}

/* One in four each by another call; in which place is no matter. */
static void free_somehow(void *p, const struct mark *m)
{
	if (m->key % 4 == 0 && m->size >= sizeof(*m) + sizeof(struct rcu_head))
		galloc_free_rcu(p + sizeof(*m));
	else if (m->key % 4 == 1)
		gfree_nolock(p);
	else
		gfree(p);
}

static void give_back(void *p)
{
	if (!p)
		return;
	if (!mark_intact(p)) {
		/* Printed at the end: printk() is not for all of these places. */
		atomic_inc(&errors);
		return;
	}
	if (use_kmalloc)
		kfree(p);
	else
		free_somehow(p, p);
}

static u32 draw_between(struct rnd_state *rnd, u32 min, u32 max)
{
	u32 bits = ilog2(min) + prandom_u32_state(rnd) % (ilog2(max) - ilog2(min) + 1);
	u32 size = (1U << bits) + prandom_u32_state(rnd) % (1U << bits);

	return clamp(size, min, max);
}

static void exchange_one(struct rnd_state *rnd, gfp_t gfp, struct point *point)
{
	bool large = threads_only || prandom_u32_state(rnd) % RARELY == 0;
	u32 size, place;
	void *p = NULL;

	if (large) {
		size = threads_only ? MAX_LARGE : draw_between(rnd, MAX_SMALL + 1, MAX_LARGE);
		place = PLACES + prandom_u32_state(rnd) % LARGE_PLACES;
	} else {
		size = draw_between(rnd, MIN_SIZE, MAX_SMALL);
		place = prandom_u32_state(rnd) % PLACES;
	}
	/* One in eight only frees, so that the table breathes. */
	if (prandom_u32_state(rnd) % 8) {
		p = take(size, gfp, prandom_u32_state(rnd));
		if (p)
			mark_object(p, size);
		atomic_long_inc(p ? &point->served : &point->failed);
	}
	give_back(xchg(&table[place], p));
}

/*
 * kmalloc() must not wake kswapd where rq->lock is held, so it is not asked to.
 * galloc sees for itself that it cannot.
 */
static gfp_t probe_gfp(struct rnd_state *rnd)
{
	gfp_t gfp = (prandom_u32_state(rnd) & 1 ? GFP_ATOMIC : GFP_NOWAIT) | __GFP_NOWARN;

	return use_kmalloc ? gfp & ~__GFP_RECLAIM : gfp;
}

static unsigned int level_here(void)
{
	if (in_hardirq())
		return 2;
	return in_serving_softirq() ? 1 : 0;
}

/*
 * For all these tracepoints: ignores their arguments except @data.  Ignores tracepoints
 * within an operation, and rests twice as long as it worked, up to REST_NS, because memory is
 * cleared in places where all others wait.
 */
static void probe(void *data)
{
	struct here *h = this_cpu_ptr(&here);
	unsigned int level;
	u64 start, end;

	if (in_nmi())
		return;
	level = level_here();
	start = ktime_get_mono_fast_ns();
	if (h->busy[level] || start < h->rest_until[level])
		return;
	h->busy[level] = true;
	barrier();
	exchange_one(&h->rnd[level], probe_gfp(&h->rnd[level]), data);
	barrier();
	h->busy[level] = false;
	end = ktime_get_mono_fast_ns();
	h->rest_until[level] = end + min_t(u64, 2 * (end - start), REST_NS);
}

static int thread_fn(void *arg)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, seed - 1 - (long)arg);
	while (!kthread_should_stop()) {
		for (i = 0; i < 16; i++)
			exchange_one(&rnd, GFP_TASK, &in_task);
		if (threads_only)
			cond_resched();
		else
			usleep_range(50, 200);
	}
	return 0;
}

static void find_point(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (!strcmp(tp->name, points[i].name))
			points[i].tp = tp;
}

static int probes_start(void)
{
	unsigned int i;
	int err;

	for_each_kernel_tracepoint(find_point, NULL);
	for (i = 0; i < ARRAY_SIZE(points); i++) {
		if (!points[i].tp) {
			pr_err("galloc_context: there is no tracepoint %s\n", points[i].name);
			return -ENOENT;
		}
		err = tracepoint_probe_register(points[i].tp, probe, &points[i]);
		if (err)
			return err;
		points[i].probed = true;
	}
	return 0;
}

static void probes_stop(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i].probed)
			tracepoint_probe_unregister(points[i].tp, probe, &points[i]);
	tracepoint_synchronize_unregister();
}

static void threads_start(void)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < each * nr_cpu_ids; i++) {
		if (!cpu_online(i % nr_cpu_ids))
			continue;
		task = kthread_create(thread_fn, (void *)(long)i, "galloc_context/%u", i);
		if (IS_ERR(task))
			continue;
		kthread_bind(task, i % nr_cpu_ids);
		threads[i] = task;
		wake_up_process(task);
	}
}

static void threads_stop(void)
{
	unsigned int i;

	for (i = 0; i < each * nr_cpu_ids; i++)
		if (threads[i])
			kthread_stop(threads[i]);
}

static bool owners_start(void)
{
	bool all = true;
	unsigned int i;

	heap = galloc_heap_create("context", NULL);
	for (i = 0; i < ARRAY_SIZE(caches); i++) {
		caches[i] = galloc_cache_create("context", cache_sizes[i], NULL);
		all = all && caches[i];
	}
	return all && heap;
}

/* How many objects of the heap are still live; of a cache galloc reports them. */
static size_t owners_stop(void)
{
	unsigned int i;

	galloc_rcu_barrier();
	for (i = 0; i < ARRAY_SIZE(caches); i++)
		galloc_cache_destroy(caches[i]);
	return galloc_heap_destroy(heap);
}

static void report(struct point *point)
{
	pr_info("galloc_context: %s: %ld served, %ld failed\n", point->name,
		atomic_long_read(&point->served), atomic_long_read(&point->failed));
}

static void wait_for_the_end(void)
{
	unsigned long end = jiffies + seconds * HZ;

	while (time_before(jiffies, end) && !signal_pending(current))
		schedule_timeout_interruptible(HZ / 10);
}

static int __init context_init(void)
{
	unsigned int i;
	int cpu, err;

	if (!seed)
		seed = get_random_u32();
	table = kvcalloc(PLACES + LARGE_PLACES, sizeof(*table), GFP_KERNEL);
	threads = kcalloc(array_size(each, nr_cpu_ids), sizeof(*threads), GFP_KERNEL);
	if (!table || !threads) {
		kvfree(table);
		kfree(threads);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
		for (i = 0; i < 3; i++)
			prandom_seed_state(&per_cpu(here, cpu).rnd[i], seed + 3 * cpu + i);
	err = owners_start() ? 0 : -ENOMEM;
	if (!err && !threads_only)
		err = probes_start();
	if (!err) {
		threads_start();
		wait_for_the_end();
	}
	threads_stop();
	probes_stop();
	for (i = 0; i < PLACES + LARGE_PLACES; i++)
		give_back(table[i]);
	atomic_add(owners_stop(), &errors);
	kvfree(table);
	kfree(threads);
	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i].probed)
			report(&points[i]);
	report(&in_task);
	pr_info("galloc_context: %d errors, seed %lu\n", atomic_read(&errors), seed);
	if (!err && atomic_read(&errors))
		err = -EIO;
	return err;
}

static void __exit context_exit(void)
{
}

module_init(context_init);
module_exit(context_exit);

MODULE_DESCRIPTION("Allocates in tracepoints, to test galloc");
MODULE_LICENSE("GPL");
