// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_batches: how many callbacks of RCU the frees of gfree_rcu() take.
 *
 * A thread on each CPU allocates objects and passes all of them to gfree_rcu(), or, with
 * use_kmalloc=1, to kfree_rcu().  A probe of call_rcu() counts by the function that is to be
 * called: batch_landed() is galloc's, rcu_work_rcufn() that of the kernel's own batches.
 *
 * insmod runs it to its end.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <galloc.h>

#include "param.h"

PARAM(ulong, nr, 1000000, "objects, of all CPUs together");
PARAM(bool, use_kmalloc, false, "kmalloc() and kfree_rcu(): the reference");

struct late {
	struct late *next;
	u8 data[24];
	struct rcu_head rcu;
};

static struct task_struct **threads;
static atomic_t running, refused;

/* ---- callbacks ---------------------------------------------------------------------- */

/* By the function that is called; more than there are in a kernel that runs. */
static struct {
	atomic_long_t func;
	atomic_long_t n;
} callbacks[256];

static int on_call_rcu(struct kprobe *kp, struct pt_regs *regs)
{
	unsigned long func = regs_get_kernel_argument(regs, 1), i, at;
	long old;

	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		at = (func / 16 + i) % ARRAY_SIZE(callbacks);
		old = atomic_long_cmpxchg(&callbacks[at].func, 0, func);
		if (!old || old == func) {
			atomic_long_inc(&callbacks[at].n);
			break;
		}
	}
	return 0;
}

/* The second is there only with CONFIG_RCU_LAZY, from Linux 6.2 on. */
static struct kprobe probes[] = {
	{ .symbol_name = "call_rcu", .pre_handler = on_call_rcu },
	{ .symbol_name = "call_rcu_hurry", .pre_handler = on_call_rcu },
};

static long callbacks_of(const char *func)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i;
	long n = 0;

	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		if (!atomic_long_read(&callbacks[i].func))
			continue;
		sprint_symbol_no_offset(name, atomic_long_read(&callbacks[i].func));
		/* With the module's name behind it. */
		if (strstarts(name, func))
			n += atomic_long_read(&callbacks[i].n);
	}
	return n;
}

/* ---- objects -------------------------------------------------------------------------- */

static struct late *fill(unsigned long n)
{
	struct late *first = NULL, *p;

	for (; n; n--) {
		p = use_kmalloc ? kmalloc(sizeof(*p), GFP_KERNEL) :
				  galloc(sizeof(*p), GFP_KERNEL);
		if (!p) {
			atomic_inc(&refused);
			break;
		}
		p->next = first;
		first = p;
		if (n % 1024 == 0)
			cond_resched();
	}
	return first;
}

static int thread_fn(void *unused)
{
	struct late *p = fill(nr / num_online_cpus()), *next;
	unsigned long n;

	for (n = 0; p; p = next, n++) {
		next = p->next;
		if (use_kmalloc)
			kfree_rcu(p, rcu);
		else
			gfree_rcu(p, rcu);
		if (n % 1024 == 0)
			cond_resched();
	}
	atomic_dec(&running);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

static void run_threads(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct task_struct *task;

		task = kthread_create(thread_fn, NULL, "galloc_batches/%d", cpu);
		if (IS_ERR(task)) {
			atomic_inc(&refused);
			continue;
		}
		kthread_bind(task, cpu);
		threads[cpu] = task;
		atomic_inc(&running);
		wake_up_process(task);
	}
	while (atomic_read(&running))
		schedule_timeout_uninterruptible(1);
	for_each_possible_cpu(cpu)
		if (threads[cpu])
			kthread_stop(threads[cpu]);
}

/* Grace periods from one state of get_state_synchronize_rcu() to another: two bits are others. */
static unsigned long periods(unsigned long from, unsigned long to)
{
	return (to - from) >> 2;
}

static int __init batches_init(void)
{
	unsigned long state;
	int err, hurry;

	threads = kcalloc(nr_cpu_ids, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	err = register_kprobe(&probes[0]);
	if (err)
		goto out;
	hurry = register_kprobe(&probes[1]);
	state = get_state_synchronize_rcu();
	run_threads();
	galloc_rcu_barrier();
	/* The kernel's own may begin their grace period five seconds later. */
	if (use_kmalloc)
		schedule_timeout_uninterruptible(6 * HZ);
	state = periods(state, get_state_synchronize_rcu());
	unregister_kprobe(&probes[0]);
	if (!hurry)
		unregister_kprobe(&probes[1]);
	pr_info("galloc_batches: %lu objects, %ld callbacks, %lu grace periods, %d refused\n",
		nr / num_online_cpus() * num_online_cpus(),
		callbacks_of(use_kmalloc ? "rcu_work_rcufn" : "batch_landed"), state,
		atomic_read(&refused));
out:
	kfree(threads);
	return err;
}

static void __exit batches_exit(void)
{
	rcu_barrier();
}

module_init(batches_init);
module_exit(batches_exit);

MODULE_DESCRIPTION("Frees by RCU and counts the callbacks, to test galloc");
MODULE_LICENSE("GPL");
