/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * worker: jobs that the layers request to be done in the background.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_WORKER_H
#define _GALLOC_WORKER_H

/* worker.c */

/* What a CPU does with what it has; and what any may do, but for isolated ones. */
extern struct workqueue_struct *galloc_wq;
extern struct workqueue_struct *galloc_jobs_wq;

/**
 * enum worker_job - background jobs
 * @WORKER_TICK: look for idle classes, in a second
 * @WORKER_RELEASE: check whether too much is free, in a quarter of a second
 * @WORKER_SHARED: check whether others still refer to freed pages, soon
 * @WORKER_REFS: the same, and look for dropped references, in a second
 * @WORKER_NOW: return pages that wait for the worker, and stock descriptors
 * @WORKER_DRAIN: make every CPU drain
 * @WORKER_DRAIN_LATER: the same, after a pause
 * @WORKER_WAKE: look for memory freed soon after a call by reclaim
 * @WORKER_GATES: have all CPUs close or open their gates
 * @WORKER_GATES_LATER: the same, after a pause
 * @WORKER_CPU: let this CPU do what it could not do with interrupts off
 * @WORKER_ROWS: free sets of rows that have gone, and pages that waited for readers
 * @WORKER_RCU: look at the batches of gfree_rcu() of this CPU
 * @WORKER_NOLOCK: do what gfree_nolock() has left
 * @WORKER_ALLOCINFO: begin or end to count objects for the kernel, as it does
 * @NR_WORKER_JOBS: number of jobs
 */
enum worker_job {
	WORKER_TICK,
	WORKER_RELEASE,
	WORKER_SHARED,
	WORKER_REFS,
	WORKER_NOW,
	WORKER_DRAIN,
	WORKER_DRAIN_LATER,
	WORKER_WAKE,
	WORKER_GATES,
	WORKER_GATES_LATER,
	WORKER_CPU,
	WORKER_ROWS,
	WORKER_RCU,
	WORKER_NOLOCK,
	WORKER_ALLOCINFO,
	NR_WORKER_JOBS
};

int worker_init(void);
void worker_start(void);
void worker_stop(void);
void worker_exit(void);
void worker_kick(enum worker_job job);
void worker_kick_cpu(int cpu);
void worker_queue(int cpu, struct work_struct *work);
bool worker_is_open(void);
bool worker_pending(enum worker_job job);
bool worker_tick_waits(void);
void worker_settle(void);

#endif /* _GALLOC_WORKER_H */
