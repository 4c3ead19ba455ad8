// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_anywhere: galloc_nolock() and gfree_nolock() at any point of galloc's own code.
 *
 * Kprobes on the end of each section of galloc with a lock held, whichever lock, and on
 * functions that are called within such sections, or work on stacks and bitmaps; a hard timer
 * on each CPU; and NMIs: of the performance counter where there is one, and of each timer to
 * all CPUs.  Each of them exchanges marked objects in a table, as do two threads on each CPU,
 * by the usual calls.
 *
 * It ends when each probe has served an object, but not before seconds=, nor after patience=
 * seconds more: how far a guest gets in a second is nothing to rely on.  What was not
 * planted, or has served nothing by then, is named in a line "missing: ...".
 *
 * insmod runs it to its end: 0 if all marks were intact and nothing is missing, else -EIO.
 */
#include <linux/hrtimer.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

#include <galloc.h>

#include "param.h"

PARAM(uint, seconds, 4, "how long");
PARAM(uint, patience, 300, "how much longer, in seconds, until each probe has served an object");
PARAM(uint, us, 200, "between two timers of a CPU");

#define PLACES	1024

/* galloc's code is no further than that from any of its functions. */
#define TEXT_REACH	SZ_512K

enum where { IN_LOCK, IN_STACK, IN_TIMER, IN_NMI, IN_COUNTER, IN_TASK, NR_WHERE };

static const char * const where_names[] = {
	"under a lock", "in a span", "timer", "NMI", "counter", "task"
};

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

/* Returns whether galloc has served it.  No state of a generator: it may interrupt itself. */
static bool exchange_one(enum where where)
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
	return m;
}

/* ---- probes ------------------------------------------------------------------------- */

/**
 * struct point - a probe
 * @kp: its function; the same probe may stand for several parts
 * @part: of galloc, in a section of which the function is called
 * @where: what kind of section that is
 * @hits: how often it was reached
 * @served: how often it got an object
 * @err: why it was not planted
 */
struct point {
	struct kprobe kp;
	const char *part;
	enum where where;
	atomic_long_t hits;
	atomic_long_t served;
	int err;
};

static int on_function(struct kprobe *kp, struct pt_regs *regs)
{
	struct point *p = container_of(kp, struct point, kp);

	atomic_long_inc(&p->hits);
	if (exchange_one(p->where))
		atomic_long_inc(&p->served);
	return 0;
}

#define POINT(_function, _part, _where) \
	{ { .symbol_name = _function, .pre_handler = on_function }, _part, _where }

/* All of them are called from another file of galloc's, so no compiler makes them vanish. */
static struct point points[] = {
	POINT("capacity_wants_more", "mcache", IN_STACK),
	POINT("mspan_claim", "mcache", IN_STACK),
	POINT("mspan_has_free", "mcache", IN_STACK),
	POINT("mspan_release_bits", "mspan", IN_STACK),
	POINT("mspan_cut", "mspan", IN_STACK),
	POINT("mspan_all_free", "mcentral", IN_LOCK),
	POINT("run_serve", "mheap", IN_LOCK),
	POINT("mheap_run_map", "mheap", IN_LOCK),
	POINT("mheap_disown", "arena", IN_LOCK),
};

#ifdef CONFIG_SMP
/* Where galloc has unlocked: the address after the call, as it is met. */
static struct site {
	atomic_long_t at;
	atomic_long_t hits;
	atomic_long_t served;
} sites[256];

static struct site *site_of(unsigned long at)
{
	struct site *s;
	unsigned int i;
	long old;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		s = &sites[(at + i) % ARRAY_SIZE(sites)];
		old = atomic_long_cmpxchg(&s->at, 0, at);
		if (!old || old == at)
			return s;
	}
	return NULL;
}

static int on_unlock(struct kprobe *kp, struct pt_regs *regs)
{
	unsigned long caller = *(unsigned long *)kernel_stack_pointer(regs);
	struct site *s;
	bool served;

	if (caller - (unsigned long)gfree + TEXT_REACH >= 2 * TEXT_REACH)
		return 0;
	served = exchange_one(IN_LOCK);
	s = site_of(caller);
	if (s)
		atomic_long_inc(&s->hits);
	if (s && served)
		atomic_long_inc(&s->served);
	return 0;
}

/* Static functions are named after what they do, or are inlined; many have such a name. */
static const struct {
	const char *part;
	const char *prefix[2];
} parts[] = {
	{ "mcentral", { "mcentral_", "mcentral_" } },
	{ "transfer", { "transfer_", "transfer_" } },
	{ "mheap", { "mheap_", "run_" } },
	{ "arena", { "arena_", "map_" } },
};

static struct kprobe unlock = {
	.symbol_name = "_raw_spin_unlock_irqrestore", .pre_handler = on_unlock,
};

static void part_sum(unsigned int part, long *hits, long *served)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(sites); i++) {
		unsigned long at = atomic_long_read(&sites[i].at);
		bool is = false;

		if (!at)
			continue;
		sprint_symbol_no_offset(name, at - 1);
		for (j = 0; j < ARRAY_SIZE(parts[part].prefix); j++)
			is |= strstarts(name, parts[part].prefix[j]);
		*hits += is ? atomic_long_read(&sites[i].hits) : 0;
		*served += is ? atomic_long_read(&sites[i].served) : 0;
	}
}
#else
/* No function unlocks; of the transfer, which calls none under its lock, nothing is probed. */
static struct kprobe unlock;
static const struct { const char *part; } parts[] = { };
static void part_sum(unsigned int part, long *hits, long *served) { }
#endif

static int unlock_err;

static void probes_begin(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		points[i].err = register_kprobe(&points[i].kp);
	if (ARRAY_SIZE(parts))
		unlock_err = register_kprobe(&unlock);
}

static void probes_end(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (!points[i].err)
			unregister_kprobe(&points[i].kp);
	if (ARRAY_SIZE(parts) && !unlock_err)
		unregister_kprobe(&unlock);
}

/* Is that probe all right?  Says what it has done, if asked to. */
static bool probe_served(const char *name, const char *part, int err, long hits, long served,
			 bool say)
{
	if (say && !err)
		pr_info("galloc_anywhere: probe of %s (%s): %ld hits, %ld served\n", name,
			part, hits, served);
	if (say && !served)
		pr_info("galloc_anywhere: missing: %s (%s) %s\n", name, part,
			err ? "was not planted" : hits ? "served nothing" : "was not reached");
	return served;
}

static bool probes_served(bool say)
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		all &= probe_served(points[i].kp.symbol_name, points[i].part, points[i].err,
				    atomic_long_read(&points[i].hits),
				    atomic_long_read(&points[i].served), say);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		long hits = 0, served = 0;

		part_sum(i, &hits, &served);
		all &= probe_served("unlock", parts[i].part, unlock_err, hits, served, say);
	}
	return all;
}

/* One that is not there is not waited for. */
static bool probes_planted(void)
{
	bool all = !unlock_err;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		all &= !points[i].err;
	return all;
}

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
		exchange_one(IN_COUNTER);
}

/* One that has not got a counter of the processor is there, and never active. */
static bool counts(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (per_cpu(counters, cpu) &&
		    READ_ONCE(per_cpu(counters, cpu)->state) == PERF_EVENT_STATE_ACTIVE)
			return true;
	return false;
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

static void run_for(unsigned long ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	while (time_before(jiffies, end) && !signal_pending(current))
		schedule_timeout_interruptible(HZ / 10);
}

static void all_begin(void)
{
	unsigned int i;
	int cpu;

	probes_begin();
	for_each_online_cpu(cpu)
		arm_counter(cpu);
	if (!counts())
		pr_info("galloc_anywhere: there is no counter that sends NMIs\n");
	on_each_cpu(arm_timer, NULL, 1);
	for (i = 0; i < 2 * nr_cpu_ids; i++)
		run_thread(i);
}

static void all_end(void)
{
	unsigned int i;
	int cpu;

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
	probes_end();
	for (i = 0; i < PLACES; i++)
		give_back(table[i], true);
}

static int __init anywhere_init(void)
{
	unsigned int i;
	bool all;
	int err;

	threads = kcalloc(2 * nr_cpu_ids, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;
	err = nmis_begin();
	if (err) {
		kfree(threads);
		return err;
	}
	all_begin();
	run_for(seconds * MSEC_PER_SEC);
	for (i = 0; i < patience && probes_planted() && !probes_served(false); i++)
		run_for(MSEC_PER_SEC);
	all_end();
	kfree(threads);
	for (i = 0; i < NR_WHERE; i++)
		pr_info("galloc_anywhere: %s: %ld served, %ld failed\n", where_names[i],
			atomic_long_read(&served[i]), atomic_long_read(&failed[i]));
	pr_info("galloc_anywhere: %d marks were lost\n", atomic_read(&errors));
	all = probes_served(true);
	return all && !atomic_read(&errors) ? 0 : -EIO;
}

static void __exit anywhere_exit(void)
{
}

module_init(anywhere_init);
module_exit(anywhere_exit);

MODULE_DESCRIPTION("Allocates and frees within galloc's own sections, to test it");
MODULE_LICENSE("GPL");
