// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_widen: makes moments long in which two things must not meet.
 *
 * Kprobes stop the CPU for some milliseconds, and change nothing:
 *
 *	where=queue	galloc is about to queue work, or an irq_work, out of an RCU
 *			callback or another softirq: until rmmod is in rcu_barrier(),
 *			which waits for just that
 *	where=unload	rmmod calls a function that unloading may be made of
 *
 * Skips the first `skip` times, and all after the next `times`.  The parameter
 * `hits` counts the times a CPU was stopped; it is incremented before that.
 */
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "param.h"

static char *where = "queue";
module_param(where, charp, 0444);
MODULE_PARM_DESC(where, "queue or unload");

PARAM(uint, ms, 1000, "for how long, at most");
PARAM(int, skip, 0, "how often not, at first");
PARAM(int, times, 1, "how often");
PARAM(int, hits, 0, "how often it did");

/* Written when the observed part begins. */
static bool armed;
module_param(armed, bool, 0644);
MODULE_PARM_DESC(armed, "stop from now on");

static atomic_t seen = ATOMIC_INIT(0);
static bool rmmod_waits;

/* The function that a work item, or an irq_work, is to call; the argument that it is. */
static unsigned long fn_of_irq_work(struct pt_regs *regs)
{
	return (unsigned long)((struct irq_work *)regs_get_kernel_argument(regs, 0))->func;
}

static unsigned long fn_of_work(struct pt_regs *regs)
{
	return (unsigned long)((struct work_struct *)regs_get_kernel_argument(regs, 2))->func;
}

static unsigned long fn_of_delayed_work(struct pt_regs *regs)
{
	return (unsigned long)((struct delayed_work *)regs_get_kernel_argument(regs, 2))->work.func;
}

static bool is_of_galloc(unsigned long fn)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol(name, fn);
	return strstr(name, " [galloc]");
}

static void stop_here(void)
{
	unsigned int i;
	int n;

	if (!READ_ONCE(armed))
		return;
	n = atomic_inc_return(&seen);
	if (n <= skip || n > skip + times)
		return;
	WRITE_ONCE(hits, hits + 1);
	for (i = 0; i < ms && !READ_ONCE(rmmod_waits); i++)
		mdelay(1);
}

/*
 * Softirqs are threads on PREEMPT_RT; those of RCU are called rcuc.  in_task() says
 * nothing here, for a probe may be an exception that counts as an NMI.
 */
static bool in_callback(void)
{
	return in_serving_softirq() || !strncmp(current->comm, "rcuc/", 5);
}

static int queue_irq_work(struct kprobe *p, struct pt_regs *regs)
{
	if (in_callback() && is_of_galloc(fn_of_irq_work(regs)))
		stop_here();
	return 0;
}

static int queue_work_item(struct kprobe *p, struct pt_regs *regs)
{
	if (in_callback() && is_of_galloc(fn_of_work(regs)))
		stop_here();
	return 0;
}

static int queue_delayed(struct kprobe *p, struct pt_regs *regs)
{
	if (in_callback() && is_of_galloc(fn_of_delayed_work(regs)))
		stop_here();
	return 0;
}

static int unload_waits(struct kprobe *p, struct pt_regs *regs)
{
	if (READ_ONCE(armed) && !strcmp(current->comm, "rmmod"))
		WRITE_ONCE(rmmod_waits, true);
	return 0;
}

static int unload_step(struct kprobe *p, struct pt_regs *regs)
{
	if (!in_serving_softirq() && !strcmp(current->comm, "rmmod"))
		stop_here();
	return 0;
}

static struct kprobe queue_probes[] = {
	{ .symbol_name = "irq_work_queue", .pre_handler = queue_irq_work },
	{ .symbol_name = "queue_work_on", .pre_handler = queue_work_item },
	{ .symbol_name = "queue_delayed_work_on", .pre_handler = queue_delayed },
	{ .symbol_name = "mod_delayed_work_on", .pre_handler = queue_delayed },
	{ .symbol_name = "rcu_barrier", .pre_handler = unload_waits },
};

static struct kprobe unload_probes[] = {
	{ .symbol_name = "rcu_barrier", .pre_handler = unload_step },
	{ .symbol_name = "synchronize_rcu", .pre_handler = unload_step },
	{ .symbol_name = "cancel_work_sync", .pre_handler = unload_step },
	{ .symbol_name = "cancel_delayed_work_sync", .pre_handler = unload_step },
	{ .symbol_name = "flush_work", .pre_handler = unload_step },
	{ .symbol_name = "flush_delayed_work", .pre_handler = unload_step },
	{ .symbol_name = "irq_work_sync", .pre_handler = unload_step },
	{ .symbol_name = "__flush_workqueue", .pre_handler = unload_step },
	{ .symbol_name = "destroy_workqueue", .pre_handler = unload_step },
	{ .symbol_name = "unregister_shrinker", .pre_handler = unload_step },
	{ .symbol_name = "shrinker_free", .pre_handler = unload_step },
	{ .symbol_name = "__cpuhp_remove_state", .pre_handler = unload_step },
	{ .symbol_name = "unregister_memory_notifier", .pre_handler = unload_step },
	{ .symbol_name = "kmem_cache_destroy", .pre_handler = unload_step },
};

static struct kprobe *probes;
static unsigned int nr_probes;

static int __init widen_init(void)
{
	unsigned int i, n = 0;

	if (!strcmp(where, "queue")) {
		probes = queue_probes;
		nr_probes = ARRAY_SIZE(queue_probes);
	} else if (!strcmp(where, "unload")) {
		probes = unload_probes;
		nr_probes = ARRAY_SIZE(unload_probes);
	} else {
		return -EINVAL;
	}
	/* Not each kernel has each of them. */
	for (i = 0; i < nr_probes; i++) {
		if (register_kprobe(&probes[i]))
			probes[i].addr = NULL;
		else
			n++;
	}
	return n ? 0 : -ENOENT;
}

static void __exit widen_exit(void)
{
	unsigned int i;

	for (i = 0; i < nr_probes; i++)
		if (probes[i].addr)
			unregister_kprobe(&probes[i]);
}

module_init(widen_init);
module_exit(widen_exit);

MODULE_DESCRIPTION("Makes short moments long, to test galloc");
MODULE_LICENSE("GPL");
