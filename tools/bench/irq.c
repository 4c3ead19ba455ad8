// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * irq: allocate and free, as `pair` does, in interrupts.
 *
 * A timer for softirq context, an hrtimer for hard interrupts; each repetition is
 * one of its calls.
 */
#include "allocators.h"

#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/timer.h>

/* Hard interrupts everywhere: on PREEMPT_RT that requires a flag. */
#define HRTIMER_MODE	(IS_ENABLED(CONFIG_PREEMPT_RT) ?		\
			 HRTIMER_MODE_REL_PINNED_HARD : HRTIMER_MODE_REL_PINNED)

/* Behind the tick, which it must not be mixed with. */
#define HRTIMER_NS	(NSEC_PER_SEC / HZ + 100 * NSEC_PER_USEC)

static __always_inline void pair(struct run *run, alloc_fn *alloc, free_fn *free)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		void *p = get_object(run, alloc, 64, GFP_ATOMIC, false);

		if (unlikely(!p))
			return;
		free(run, p);
	}
}

DEFINE_LOOP(pair_atomic, pair);

/* The interrupt's task, and its result. */
static struct {
	run_fn *fn;
	struct run *run;
	u64 ns;
	struct completion done;
	struct timer_list timer;
	struct hrtimer hrtimer;
} job;

static void do_job(void)
{
	u64 start = bench_clock();

	job.fn(job.run);
	job.ns = bench_clock() - start;
	complete(&job.done);
}

static void in_softirq_context(struct timer_list *timer)
{
	do_job();
}

static enum hrtimer_restart in_hardirq_context(struct hrtimer *timer)
{
	do_job();
	return HRTIMER_NORESTART;
}

static u64 time_in_interrupt(run_fn *fn, struct run *run, bool hard)
{
	job.fn = fn;
	job.run = run;
	reinit_completion(&job.done);
	if (hard)
		hrtimer_start(&job.hrtimer, ns_to_ktime(HRTIMER_NS), HRTIMER_MODE);
	else
		mod_timer(&job.timer, jiffies + 1);
	wait_for_completion(&job.done);
	/* Its function may not have returned yet. */
	if (hard)
		hrtimer_cancel(&job.hrtimer);
	else
		timer_delete_sync(&job.timer);
	return job.ns;
}

static int measure_interrupt(const struct bench_case *c)
{
	bool hard = !strcmp(c->variant, "hrtimer");
	struct run run[NR_ALLOCATORS] = {};
	unsigned int a;
	int i, err = 0;

	init_completion(&job.done);
	timer_setup(&job.timer, in_softirq_context, TIMER_PINNED);
	hrtimer_setup(&job.hrtimer, in_hardirq_context, CLOCK_MONOTONIC,
		      HRTIMER_MODE);
	for (a = 0; a < NR_ALLOCATORS && !err; a++)
		if (c->fns->by[a])
			err = run_prepare(&run[a], c, a);
	/* Two are not counted. */
	for (i = -2; i < (int)reps && !err; i++) {
		for (a = 0; a < NR_ALLOCATORS && !err; a++) {
			if (!c->fns->by[a])
				continue;
			took[a][max(i, 0)] =
				time_in_interrupt(c->fns->by[a], &run[a], hard);
		}
	}
	return report_runs(c, run, err);
}

const struct bench_case irq_cases[] = {
	{ "irq", "softirq", measure_interrupt, &pair_atomic, .ops = 1024, .size = 64 },
	{ "irq", "hrtimer", measure_interrupt, &pair_atomic, .ops = 1024, .size = 64 },
	{}
};
