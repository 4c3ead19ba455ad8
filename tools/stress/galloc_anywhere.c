// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_anywhere: galloc_nolock() and gfree_nolock() at any point of galloc's own code.
 *
 * Kprobes on the end of each section of galloc with a lock held, whichever lock, and on the
 * functions that work on stacks and bitmaps; a hard timer on each CPU; and NMIs: of the
 * performance counter where there is one, and of each timer to all CPUs.  Each of them
 * exchanges marked objects in a table, as do two threads on each CPU, by the usual calls.
 *
 * insmod runs it to its end: 0 if all marks were intact, -EIO otherwise.
 */
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

#include <galloc.h>

#include "param.h"

PARAM(uint, seconds, 4, "how long");
PARAM(uint, us, 200, "between two timers of a CPU");

#define PLACES	1024

/* galloc's code is no further than that from any of its functions. */
#define TEXT_REACH	SZ_512K

enum where { IN_LOCK, IN_STACK, IN_TIMER, IN_NMI, IN_TASK, NR_WHERE };

static const char * const where_names[] = { "under a lock", "in a span", "timer", "NMI", "task" };

static atomic_long_t served[NR_WHERE], failed[NR_WHERE];
static void *table[PLACES];
static atomic_t turn, errors;

struct mark {
	u32 size;
	u32 sum;
};

static u32 sum_of(const struct mark *m)
{
	return (m->size * 2654435761U) ^ (u32)(unsigned long)m;
}

static void give_back(struct mark *m, bool anywhere)
{
	if (!m)
		return;
	if (m->sum != sum_of(m))
		atomic_inc(&errors);
	else if (anywhere)
		gfree_nolock(m);
	else
		gfree(m);
}

/* No state of a generator: it may be interrupted anywhere, by itself. */
static void exchange_one(enum where where)
{
	u32 dice = atomic_inc_return(&turn) * 2654435761U;
	u32 place = (dice >> 8) % PLACES;
	bool anywhere = where != IN_TASK;
	u32 size = 8 << (dice % 13);
	struct mark *m = NULL;

	size += (dice >> 20) % size;
	if (dice >> 29)
		m = anywhere ? galloc_nolock(size, 0) : galloc(size, GFP_KERNEL | __GFP_NOWARN);
	if (dice >> 29)
		atomic_long_inc(m ? &served[where] : &failed[where]);
	if (m) {
		m->size = size;
		m->sum = sum_of(m);
	}
	give_back(xchg(&table[place], m), anywhere);
}

/* ---- probes ------------------------------------------------------------------------- */

#ifdef CONFIG_SMP
static int on_unlock(struct kprobe *kp, struct pt_regs *regs)
{
	unsigned long caller = *(unsigned long *)kernel_stack_pointer(regs);

	if (caller - (unsigned long)gfree + TEXT_REACH < 2 * TEXT_REACH)
		exchange_one(IN_LOCK);
	return 0;
}

#else
static int on_run(struct kprobe *kp, struct pt_regs *regs)
{
	exchange_one(IN_LOCK);
	return 0;
}
#endif

static int on_span(struct kprobe *kp, struct pt_regs *regs)
{
	exchange_one(IN_STACK);
	return 0;
}

static struct kprobe probes[] = {
#ifdef CONFIG_SMP
	{ .symbol_name = "_raw_spin_unlock_irqrestore", .pre_handler = on_unlock },
#else
	/* No function unlocks; a run enters the map under the lock of its node. */
	{ .symbol_name = "mheap_run_map", .pre_handler = on_run },
#endif
	{ .symbol_name = "mspan_claim", .pre_handler = on_span },
	{ .symbol_name = "mspan_release_bits", .pre_handler = on_span },
	{ .symbol_name = "mspan_has_free", .pre_handler = on_span },
	{ .symbol_name = "mspan_cut", .pre_handler = on_span },
};

static bool probed[ARRAY_SIZE(probes)];

/* ---- timers, NMIs, threads -------------------------------------------------------- */

static DEFINE_PER_CPU(struct hrtimer, timers);
static DEFINE_PER_CPU(struct perf_event *, counters);
static struct task_struct **threads;
static bool over;

#ifdef CONFIG_X86_LOCAL_APIC
/* An NMI was sent and has not come: only then another one is, which would be the same. */
static DEFINE_PER_CPU(atomic_t, nmi_due);

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!atomic_xchg(this_cpu_ptr(&nmi_due), 0))
		return NMI_DONE;
	exchange_one(IN_NMI);
	return NMI_HANDLED;
}

static void send_nmis(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (!atomic_xchg(per_cpu_ptr(&nmi_due, cpu), 1))
			apic->send_IPI(cpu, NMI_VECTOR);
}

static int nmis_begin(void)
{
	return register_nmi_handler(NMI_LOCAL, on_nmi, 0, "galloc_anywhere");
}

/* Nobody else would know what an NMI is that comes later. */
static void nmis_end(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		while (atomic_read(per_cpu_ptr(&nmi_due, cpu)))
			schedule_timeout_uninterruptible(1);
	unregister_nmi_handler(NMI_LOCAL, "galloc_anywhere");
}
#else
static void send_nmis(void) { }
static int nmis_begin(void) { return 0; }
static void nmis_end(void) { }
#endif

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	exchange_one(IN_TIMER);
	send_nmis();
	if (READ_ONCE(over))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime((u64)us * NSEC_PER_USEC));
	return HRTIMER_RESTART;
}

static void arm_timer(void *unused)
{
	struct hrtimer *timer = this_cpu_ptr(&timers);

	hrtimer_setup(timer, on_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(timer, ns_to_ktime((u64)us * NSEC_PER_USEC), HRTIMER_MODE_REL_PINNED_HARD);
}

static void on_overflow(struct perf_event *event, struct perf_sample_data *data,
			struct pt_regs *regs)
{
	if (in_nmi())
		exchange_one(IN_NMI);
}

static void arm_counter(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES,
		.size = sizeof(attr), .pinned = 1, .sample_period = 200000,
	};
	struct perf_event *event;

	event = perf_event_create_kernel_counter(&attr, cpu, NULL, on_overflow, NULL);
	per_cpu(counters, cpu) = IS_ERR(event) ? NULL : event;
}

static int thread_fn(void *unused)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < 64; i++)
			exchange_one(IN_TASK);
		cond_resched();
	}
	return 0;
}

static void run_thread(unsigned int i)
{
	struct task_struct *task;

	if (!cpu_online(i / 2))
		return;
	task = kthread_create(thread_fn, NULL, "galloc_anywhere/%u", i);
	if (IS_ERR(task))
		return;
	kthread_bind(task, i / 2);
	threads[i] = task;
	wake_up_process(task);
}

static int __init anywhere_init(void)
{
	unsigned long end = jiffies + seconds * HZ;
	unsigned int i;
	int cpu, err;

	threads = kcalloc(2 * nr_cpu_ids, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	err = nmis_begin();
	if (err) {
		kfree(threads);
		return err;
	}
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		probed[i] = !register_kprobe(&probes[i]);
	for_each_online_cpu(cpu)
		arm_counter(cpu);
	on_each_cpu(arm_timer, NULL, 1);
	for (i = 0; i < 2 * nr_cpu_ids; i++)
		run_thread(i);
	while (time_before(jiffies, end) && !signal_pending(current))
		schedule_timeout_interruptible(HZ / 10);

	for (i = 0; i < 2 * nr_cpu_ids; i++)
		if (threads[i])
			kthread_stop(threads[i]);
	WRITE_ONCE(over, true);
	for_each_online_cpu(cpu) {
		hrtimer_cancel(per_cpu_ptr(&timers, cpu));
		if (per_cpu(counters, cpu))
			perf_event_release_kernel(per_cpu(counters, cpu));
	}
	nmis_end();
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probed[i])
			unregister_kprobe(&probes[i]);
	for (i = 0; i < PLACES; i++)
		give_back(table[i], true);
	kfree(threads);
	for (i = 0; i < NR_WHERE; i++)
		pr_info("galloc_anywhere: %s: %ld served, %ld failed\n", where_names[i],
			atomic_long_read(&served[i]), atomic_long_read(&failed[i]));
	return atomic_read(&errors) ? -EIO : 0;
}

static void __exit anywhere_exit(void)
{
}

module_init(anywhere_init);
module_exit(anywhere_exit);

MODULE_DESCRIPTION("Allocates and frees within galloc's own sections, to test it");
MODULE_LICENSE("GPL");
