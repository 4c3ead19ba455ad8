// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_gap: for how long is a task kept off its CPU?
 *
 * On each CPU a thread of the highest priority sleeps for a millisecond, again and
 * again.  Where the kernel does not preempt it comes late by as long as whatever runs
 * there does not let others run.  The parameter `late_us` reads as the longest that one
 * was late, in microseconds, since it was last written to.
 *
 * A number written to `fill` is that of megabytes that are allocated in objects of
 * `size` bytes, and freed: that much is cached then.  With how=1 by kmalloc(); 2: of a cache
 * whose pages leave after a grace period; 3: by gfree_nolock(), which leaves most of it to
 * the worker.
 */
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <galloc.h>
#include <galloc_cache.h>

enum how { BY_GALLOC, BY_KMALLOC, FOR_READERS, BY_NOLOCK };

static uint how;
module_param(how, uint, 0644);
MODULE_PARM_DESC(how, "1: kmalloc(); 2: a cache with readers; 3: gfree_nolock()");

static unsigned int size = 4096;
module_param(size, uint, 0644);
MODULE_PARM_DESC(size, "of the objects that `fill` allocates");

#define PERIOD_NS	NSEC_PER_MSEC

/* Objects from one look at who else wants to run to the next. */
#define TURN		64

static struct task_struct **threads;
static s64 late_ns;		/* a race costs the smaller of two */

static int late_set(const char *val, const struct kernel_param *kp)
{
	WRITE_ONCE(late_ns, 0);
	return 0;
}

static int late_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%lld\n", div_s64(READ_ONCE(late_ns), NSEC_PER_USEC));
}

static const struct kernel_param_ops late_ops = { .set = late_set, .get = late_get };
module_param_cb(late_us, &late_ops, NULL, 0644);
MODULE_PARM_DESC(late_us, "how late the threads were at most; written: from now on");

static struct galloc_cache *cache;

static void *take(void)
{
	switch (how) {
	case BY_KMALLOC:
		return kmalloc(size, GFP_KERNEL);
	case FOR_READERS:
		return cache ? galloc_cache_alloc(cache, GFP_KERNEL) : NULL;
	default:
		return galloc(size, GFP_KERNEL);
	}
}

static void give_back(void *p)
{
	if (how == BY_KMALLOC)
		kfree(p);
	else if (how == BY_NOLOCK)
		gfree_nolock(p);
	else
		gfree(p);
}

static int fill_and_free(unsigned long n)
{
	void **object = vmalloc(array_size(n, sizeof(*object)));
	unsigned long i;
	int err = 0;

	if (!object)
		return -ENOMEM;
	if (how == FOR_READERS)
		cache = galloc_cache_create("gap", size, &(struct galloc_cache_args) {
			.flags = GALLOC_CACHE_TYPESAFE_BY_RCU });
	for (i = 0; i < n && !err; i++) {
		object[i] = take();
		if (!object[i])
			err = -ENOMEM;
		if (i % TURN == 0)
			cond_resched();
	}
	while (i--) {
		give_back(object[i]);
		if (i % TURN == 0)
			cond_resched();
	}
	galloc_cache_destroy(cache);
	cache = NULL;
	vfree(object);
	return err;
}

static int fill_set(const char *val, const struct kernel_param *kp)
{
	unsigned int mb;
	int err;

	err = kstrtouint(val, 0, &mb);
	if (err)
		return err;
	if (!size)
		return -EINVAL;
	return fill_and_free(((unsigned long)mb << 20) / size);
}

static const struct kernel_param_ops fill_ops = { .set = fill_set };
module_param_cb(fill, &fill_ops, NULL, 0200);
MODULE_PARM_DESC(fill, "megabytes to allocate and free");

static int thread_fn(void *unused)
{
	sched_set_fifo(current);
	while (!kthread_should_stop()) {
		ktime_t wanted = ktime_add_ns(ktime_get(), PERIOD_NS);
		ktime_t expires = wanted;
		s64 late;

		set_current_state(TASK_INTERRUPTIBLE);
		schedule_hrtimeout(&expires, HRTIMER_MODE_ABS);
		late = ktime_to_ns(ktime_sub(ktime_get(), wanted));
		if (late > READ_ONCE(late_ns))
			WRITE_ONCE(late_ns, late);
	}
	return 0;
}

static void threads_stop(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (threads[cpu])
			kthread_stop(threads[cpu]);
	kfree(threads);
}

static int __init gap_init(void)
{
	struct task_struct *task;
	int cpu;

	threads = kcalloc(nr_cpu_ids, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		task = kthread_create(thread_fn, NULL, "galloc_gap/%d", cpu);
		if (IS_ERR(task)) {
			threads_stop();
			return PTR_ERR(task);
		}
		kthread_bind(task, cpu);
		threads[cpu] = task;
		wake_up_process(task);
	}
	return 0;
}

static void __exit gap_exit(void)
{
	threads_stop();
}

module_init(gap_init);
module_exit(gap_exit);

MODULE_DESCRIPTION("Measures how late tasks come, to test galloc");
MODULE_LICENSE("GPL");
