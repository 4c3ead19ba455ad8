/* SPDX-License-Identifier: GPL-2.0 */
/*
 * worker: what the layers ask to be done in the background.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_WORKER_H
#define _GALLOC_WORKER_H

/* worker.c */

extern struct workqueue_struct *galloc_wq;

/**
 * enum worker_job - what the layers ask to be done in the background
 * @WORKER_TICK: look for idle classes, in a second
 * @WORKER_RELEASE: see whether too much lies free, in a quarter of a second
 * @WORKER_SHARED: see whether others still refer to what was freed, soon
 * @WORKER_REFS: the same, and look for references that others dropped, in a second
 * @WORKER_NOW: let pages go that wait for it, and stock descriptors
 * @WORKER_DRAIN: have every CPU drain
 * @WORKER_DRAIN_LATER: the same, after a pause
 * @WORKER_WAKE: look for what was freed in the wake of reclaim
 * @WORKER_CPU: let this CPU see to what it could not do with interrupts off
 * @NR_WORKER_JOBS: how many there are
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
	WORKER_CPU,
	NR_WORKER_JOBS
};

int worker_init(void);
void worker_start(void);
void worker_stop(void);
void worker_exit(void);
void worker_kick(enum worker_job job);
void worker_kick_cpu(int cpu);
bool worker_pending(enum worker_job job);
void worker_flush(void);

#endif /* _GALLOC_WORKER_H */
