// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * worker: background work, and the gate that it passes.
 *
 * Every layer requests background work with worker_kick(), in any context but NMI.
 * A caller with interrupts off may hold any lock of the kernel, such as a runqueue's,
 * under which it can neither arm a timer nor wake a task: there only an irq_work is
 * queued, which requests the work again from its own interrupt.
 *
 * A job is done by whichever CPU has time (galloc_jobs_wq): the one that asks may be isolated,
 * or run a thread of high priority that leaves it to nobody, and all CPUs would miss the job.
 * Only what a CPU does with its own stacks, and batches of gfree_rcu(), is done there (galloc_wq).
 *
 * At unload, and while a KUnit suite checks results, the gate is closed: worker_stop().
 * Called by mheap.c, release.c, mcache.c, drain.c, gate.c and shrinker.c; calls them to do the
 * work.  Has no lock.  Overview: galloc_mod.c.
 */
#include "debug/guard.h"
#include "debug/table.h"
#include "mcache.h"
#include "observe/allocinfo.h"

#include <linux/irq_work.h>

/* Interval of the search for idle classes, while anything is cached. */
#define TICK_DELAY		HZ

/* Delay of the first check of pages that others refer to. */
#define SHARED_DELAY		(HZ / 50 + 1)

/* Interval of the search for dropped references. */
#define REFS_DELAY		HZ

/* Free memory must have exceeded the mark for this long before any is returned. */
#define RELEASE_DELAY		(HZ / 4)

/* Interval of the search for newly freed memory after a call by reclaim. */
#define WAKE_DELAY		(HZ / 4)

/* A job that found a CPU coming up or going down is retried after this long. */
#define DRAIN_RETRY_DELAY	(HZ / 10)

struct workqueue_struct *galloc_wq;
struct workqueue_struct *galloc_jobs_wq;

/*
 * The gate.  Read within RCU read sections only: after worker_stop() has closed it
 * and waited for a grace period, no reader is between the test and the queueing.
 */
static bool worker_open;

/*
 * Jobs requested on a CPU with interrupts off, until its irq_work has run.  That is one of
 * hard interrupts with PREEMPT_RT, too: others are run there by a thread of the CPU, which a
 * thread of higher priority keeps waiting, and which has stopped when the CPU goes down: what
 * is queued after that stays queued, and worker_stop() would wait for it for ever.
 */
struct worker_cpu {
	struct irq_work irq_work;
	unsigned long asked;
};

static DEFINE_PER_CPU(struct worker_cpu, worker_cpus);

/* Lockless: are requests accepted now? */
bool worker_is_open(void)
{
	return READ_ONCE(worker_open);
}

static void tick_fn(struct work_struct *work)
{
	if (drain_tick())
		worker_kick(WORKER_TICK);
	worker_kick(WORKER_REFS);
	if (stacks_pending())
		worker_kick(WORKER_ROWS);
}

static void drain_fn(struct work_struct *work)
{
	rcu_batches_end();
	if (!drain_async())
		worker_kick(WORKER_DRAIN_LATER);
}

static void wake_fn(struct work_struct *work)
{
	if (shrinker_wake())
		worker_kick(WORKER_WAKE);
}

static void gates_fn(struct work_struct *work)
{
	if (!gate_async())
		worker_kick(WORKER_GATES_LATER);
}

static void release_fn(struct work_struct *work)
{
	map_catch_up();
	waiting_release_all();
	/* refs_fn() does not look while its CPU is idle. */
	if (release_turn() || waiting_pages())
		worker_kick(WORKER_RELEASE);
}

/* Does an isolated CPU hold anything?  That ages with its own calls, by the tick's count. */
static bool isolated_hold(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (drain_holds(cpu) && galloc_cpu_isolated(cpu))
			return true;
	return false;
}

static void refs_fn(struct work_struct *work)
{
	mend_some();
	mheap_tell();
	waiting_release_all();
	map_catch_up();
	/* Counts as a tick, which would wake a CPU, and this with it, again and again. */
	if (isolated_hold() && !worker_pending(WORKER_TICK) && drain_tick())
		worker_kick(WORKER_TICK);
	worker_kick(WORKER_REFS);
}

static void rows_fn(struct work_struct *work)
{
	stacks_turn();
	rows_reap();
	table_reap();
	allocinfo_reap();
	guard_settle();
}

/*
 * Not deferrable: the CPU that has its timer may be idle for hours, and no other CPU's classes
 * would age meanwhile.  It ends when nothing is cached.
 */
static DECLARE_DELAYED_WORK(tick_work, tick_fn);
/* Deferrable: does not wake an idle CPU, since it never ends. */
static DECLARE_DEFERRABLE_WORK(refs_work, refs_fn);
static DECLARE_DELAYED_WORK(drain_work, drain_fn);
static DECLARE_DELAYED_WORK(release_work, release_fn);
static DECLARE_DELAYED_WORK(wake_work, wake_fn);
static DECLARE_DELAYED_WORK(gates_work, gates_fn);
static DECLARE_WORK(rows_work, rows_fn);

static void nolock_fn(struct work_struct *work)
{
	nolock_settle();
}

static DECLARE_WORK(nolock_work, nolock_fn);

#ifdef CONFIG_GALLOC_KUNIT
/* Does the tick wait while the CPU of its timer is idle? */
bool worker_tick_waits(void)
{
	return tick_work.timer.flags & TIMER_DEFERRABLE;
}
#endif

/*
 * Have a job run now, though it may be waiting for its time.  If it is on its way already it
 * is left alone: without memory each request that fails wants it, on all CPUs at once, and
 * to take it out of the list and put it back they fight for it.  One that is just being
 * queued with a delay by somebody else looks the same, and comes after that.  The barrier of
 * worker_kick(), or the xchg() of worker_irq_fn(), comes before the test.
 */
static void hurry(struct delayed_work *work)
{
	if (!work_pending(&work->work) || timer_pending(&work->timer))
		mod_delayed_work(galloc_jobs_wq, work, 0);
}

/*
 * The CPU of which a job's timer is.  An isolated one is not to be interrupted, and where a
 * thread runs its timers (PREEMPT_RT) that may never have its turn.  With nohz_full= the
 * kernel chooses in the same way, with isolcpus= it does not.
 */
static int timer_cpu(void)
{
	int cpu;

	if (likely(!galloc_cpu_isolated(raw_smp_processor_id())))
		return WORK_CPU_UNBOUND;
	for_each_online_cpu(cpu)
		if (!galloc_cpu_isolated(cpu))
			return cpu;
	return WORK_CPU_UNBOUND;
}

static void queue_later(struct delayed_work *work, unsigned long delay)
{
	/* The CPU does not go before it has the timer, which it then leaves to another. */
	preempt_disable();
	queue_delayed_work_on(timer_cpu(), galloc_jobs_wq, work, delay);
	preempt_enable();
}

static void queue_job(enum worker_job job)
{
	switch (job) {
	case WORKER_TICK:
		queue_later(&tick_work, TICK_DELAY);
		break;
	case WORKER_RELEASE:
		queue_later(&release_work, RELEASE_DELAY);
		break;
	case WORKER_SHARED:
		queue_later(&release_work, SHARED_DELAY);
		break;
	case WORKER_REFS:
		queue_later(&refs_work, REFS_DELAY);
		break;
	case WORKER_NOW:
		hurry(&release_work);
		break;
	case WORKER_DRAIN:
		hurry(&drain_work);
		break;
	case WORKER_DRAIN_LATER:
		queue_later(&drain_work, DRAIN_RETRY_DELAY);
		break;
	case WORKER_WAKE:
		queue_later(&wake_work, WAKE_DELAY);
		break;
	case WORKER_GATES:
		hurry(&gates_work);
		break;
	case WORKER_GATES_LATER:
		queue_later(&gates_work, DRAIN_RETRY_DELAY);
		break;
	case WORKER_CPU:
		/* If we migrate meanwhile, the other CPU's work finds nothing to do. */
		if (!galloc_cpu_isolated(raw_smp_processor_id()))
			queue_work_on(raw_smp_processor_id(), galloc_wq,
				      &raw_cpu_ptr(&galloc_mcache)->work);
		break;
	case WORKER_ROWS:
		queue_work(galloc_jobs_wq, &rows_work);
		break;
	case WORKER_NOLOCK:
		queue_work(galloc_jobs_wq, &nolock_work);
		break;
	case WORKER_ALLOCINFO:
		allocinfo_queue();
		break;
	case WORKER_RCU:
		rcu_batches_kick();
		break;
	case NR_WORKER_JOBS:
		break;
	}
}

/*
 * Runs with the bit of irq_work_queue() already clear, so that a request after the
 * xchg() queues it again.  It need not check the gate: worker_stop() waits for it
 * before it cancels what it queues.  With PREEMPT_RT this is a hard interrupt, too: workqueues
 * and timers have raw locks.
 */
static void worker_irq_fn(struct irq_work *irq_work)
{
	struct worker_cpu *w = container_of(irq_work, struct worker_cpu, irq_work);
	unsigned long asked = xchg(&w->asked, 0);
	enum worker_job job;

	galloc_pause(PAUSE_IRQ_WORK, irq_work);
	for (job = 0; job < NR_WORKER_JOBS; job++)
		if (asked & BIT(job))
			queue_job(job);
}

/* Is this job pending?  WORKER_CPU: or an irq_work on any CPU; WORKER_DRAIN: or running. */
bool worker_pending(enum worker_job job)
{
	bool pending = false;
	int cpu;

	switch (job) {
	case WORKER_TICK:
		return delayed_work_pending(&tick_work);
	case WORKER_REFS:
		return delayed_work_pending(&refs_work);
	case WORKER_RELEASE:
	case WORKER_SHARED:
	case WORKER_NOW:
		return delayed_work_pending(&release_work);
	case WORKER_DRAIN:
	case WORKER_DRAIN_LATER:
		return work_busy(&drain_work.work);
	case WORKER_WAKE:
		return delayed_work_pending(&wake_work);
	case WORKER_GATES:
	case WORKER_GATES_LATER:
		return delayed_work_pending(&gates_work);
	case WORKER_ROWS:
		return work_pending(&rows_work);
	case WORKER_NOLOCK:
		return work_pending(&nolock_work);
	default:
		for_each_possible_cpu(cpu)
			pending = pending ||
				work_pending(&per_cpu(galloc_mcache, cpu).work) ||
				irq_work_is_busy(&per_cpu(worker_cpus, cpu).irq_work);
		return pending;
	}
}

/**
 * worker_kick() - request background work
 * @job: the job
 *
 * Queues nothing once worker_stop() has begun.
 *
 * Context: Any; in an NMI, and wherever interrupts are off, it sets a bit and queues an
 * irq_work.  Any lock of the kernel may be held, but none of galloc.
 */
void worker_kick(enum worker_job job)
{
	/*
	 * Full barrier: the caller stored what the job should find, and we test
	 * whether it is pending; the job stops being pending, and then looks.
	 * Pairs with the barrier of the workqueue between the two.  Without it
	 * both could see the other's old state, and the store would be missed.
	 */
	smp_mb();
	/* The common case; jobs that run at once must be hurried even if pending. */
	if (job == WORKER_TICK && delayed_work_pending(&tick_work))
		return;
	if (job == WORKER_RELEASE && delayed_work_pending(&release_work))
		return;
	rcu_read_lock();
	if (READ_ONCE(worker_open)) {
		galloc_pause(PAUSE_KICK_OPEN, NULL);
		if (irqs_disabled()) {
			struct worker_cpu *w = this_cpu_ptr(&worker_cpus);

			set_bit(job, &w->asked);
			irq_work_queue(&w->irq_work);
		} else {
			queue_job(job);
		}
	}
	rcu_read_unlock();
}

/**
 * worker_kick_cpu() - make a CPU work on its own mcache
 * @cpu: the CPU, online; its hotplug lock is held
 *
 * Context: Process.
 */
void worker_kick_cpu(int cpu)
{
	worker_queue(cpu, &per_cpu(galloc_mcache, cpu).work);
}

/**
 * worker_queue() - queue a work item of another file
 * @cpu: the CPU, preferably online
 * @work: the work, whose stores and tests are ordered by a lock
 *
 * Context: Any but with interrupts off, no galloc lock held.
 */
void worker_queue(int cpu, struct work_struct *work)
{
	rcu_read_lock();
	if (READ_ONCE(worker_open))
		queue_work_on(cpu, galloc_wq, work);
	rcu_read_unlock();
}

/*
 * Do immediately what the release worker would do, and wait.  With bounded work: others may
 * make more of it all the time.
 */
void worker_settle(void)
{
	unsigned int i;

	flush_delayed_work(&release_work);
	flush_work(&rows_work);
	flush_work(&nolock_work);
	nolock_settle();
	/* Stacks, what comes off them, the spans of that, and the set. */
	for (i = 0; i < 4 && rows_reap(); i++)
		;
	waiting_release_all();
	mheap_trim();
}

/* Open the gate, after everything that the jobs use has been set up. */
void worker_start(void)
{
	WRITE_ONCE(worker_open, true);
	/* For requests that were dropped before. */
	worker_kick(WORKER_NOW);
	worker_kick(WORKER_TICK);
	worker_kick(WORKER_GATES);
	rcu_batches_catch_up();
	worker_kick(WORKER_NOLOCK);
}

/**
 * worker_stop() - close the gate, and wait for all work
 *
 * The order matters: first no request may pass the gate any more, then the earlier ones
 * must have queued their work, then the irq_works have run, which queue works, then the
 * works, which no longer queue anything.
 *
 * Context: Process.  Sleeps.  Not under the hotplug lock.
 */
void worker_stop(void)
{
	enum worker_job job;
	int cpu;

	WRITE_ONCE(worker_open, false);
	/* Pairs with the read sections of worker_kick() and others. */
	synchronize_rcu();
	galloc_pause(PAUSE_GATE_CLOSED, NULL);
	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu(worker_cpus, cpu).irq_work);
	cancel_delayed_work_sync(&tick_work);
	cancel_delayed_work_sync(&refs_work);
	cancel_delayed_work_sync(&drain_work);
	cancel_delayed_work_sync(&release_work);
	cancel_delayed_work_sync(&wake_work);
	cancel_delayed_work_sync(&gates_work);
	cancel_work_sync(&rows_work);
	cancel_work_sync(&nolock_work);
	allocinfo_cancel();
	for_each_possible_cpu(cpu)
		cancel_work_sync(&per_cpu(galloc_mcache, cpu).work);
	/* What others have queued there; then a check of validate that nobody waited for. */
	flush_workqueue(galloc_jobs_wq);
	flush_workqueue(galloc_wq);
	for (job = 0; job < NR_WORKER_JOBS; job++)
		WARN(worker_pending(job), "galloc: job %d is still pending\n", job);
}

int worker_init(void)
{
	int cpu;

	galloc_wq = galloc_fail(0) ? NULL :
		    alloc_workqueue("galloc", WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!galloc_wq)
		return -ENOMEM;
	galloc_jobs_wq = galloc_fail(0) ? NULL :
			 alloc_workqueue("galloc_jobs", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!galloc_jobs_wq) {
		destroy_workqueue(galloc_wq);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
		per_cpu(worker_cpus, cpu).irq_work = IRQ_WORK_INIT_HARD(worker_irq_fn);
	rcu_batches_init();
	return 0;
}

/* After worker_stop(). */
void worker_exit(void)
{
	destroy_workqueue(galloc_jobs_wq);
	destroy_workqueue(galloc_wq);
}
