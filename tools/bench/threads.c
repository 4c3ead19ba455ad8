// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * threads: the cases in which several CPUs allocate and free at once.
 *
 * A team is a thread for each CPU, bound to it.  They meet at a counter that all
 * raise, so that nobody has to be scheduled to start them, and each takes its
 * own time.  Every wait ends.
 */
#include "allocators.h"

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#define WAIT_OTHER	(5 * HZ)
#define WAIT_TEAM	(30 * HZ)

#define RING_BATCH	64	/* pointers handed over at a time */
#define RING_MAX	32	/* batches in a ring */
#define RING_LEN	16	/* those used if the two ends run at once */

/* ---- teams ------------------------------------------------------------------------ */

struct worker {
	struct task_struct *task;
	struct run *run;
	run_fn *fn;
	u64 ns;
};

static struct team {
	struct worker worker[MAX_THREADS];
	unsigned int n;
	atomic_t arrived;
	atomic_t working;
	struct completion done;
} team;

/* Where CPUs are more than the machine has, each is the slower for it. */
unsigned long team_patience(unsigned long wait)
{
	return wait * max(1U, team.n / 4);
}

/* For a loop that waits for another CPU: false, and failed, after a while. */
static bool keep_waiting(struct run *run, unsigned long *until)
{
	/* User-mode Linux does not preempt a spinning task. */
	if (need_resched())
		schedule();
	cpu_relax();
	if (!*until)
		*until = jiffies + team_patience(WAIT_OTHER);
	if (time_before(jiffies, *until))
		return true;
	run->failed = true;
	return false;
}

static int worker_thread(void *data)
{
	struct worker *w = data;
	unsigned long until = 0;
	u64 start;

	cond_resched();
	/*
	 * Begin right behind a tick: where one CPU runs at a time, and the clock
	 * counts instructions, no other falls into the repetition then.
	 */
	if (clock_counts_instructions())
		schedule_timeout_uninterruptible(1);
	atomic_inc(&team.arrived);
	while (atomic_read(&team.arrived) < team.n &&
	       keep_waiting(w->run, &until))
		;
	start = bench_clock();
	w->fn(w->run);
	w->ns = bench_clock() - start;
	if (atomic_dec_and_test(&team.working))
		complete(&team.done);

	set_current_state(TASK_INTERRUPTIBLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_INTERRUPTIBLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/*
 * Worker i, on CPU @cpu + i, does @fn(@run[i]).  Returns the time of the slowest,
 * 0 if there was no memory for threads.
 */
u64 team_run(run_fn *fn, struct run *run, unsigned int n, int cpu)
{
	unsigned int i, started = 0;
	u64 ns = 0, start = bench_clock();

	team.n = n;
	atomic_set(&team.arrived, 0);
	atomic_set(&team.working, n);
	init_completion(&team.done);
	for (i = 0; i < n; i++) {
		struct worker *w = &team.worker[i];

		w->run = &run[i];
		w->fn = fn;
		w->task = kthread_create(worker_thread, w, "bench/%u", i);
		if (IS_ERR(w->task))
			goto stop;
		kthread_bind(w->task, cpu + i);
		started++;
	}
	/* The one on our own CPU last: it may take our place at once. */
	for (i = n; i-- > 0;)
		wake_up_process(team.worker[i].task);
	/* A thread that takes too long reports that itself; it must still end. */
	while (!wait_for_completion_timeout(&team.done, WAIT_TEAM))
		pr_err("a thread does not come to its end\n");
	for (i = 0; i < n; i++)
		ns = max(ns, team.worker[i].ns);
	/* A counter for all CPUs: of the team's, each worker has its part. */
	if (clock_counts_locks())
		ns = (bench_clock() - start) / n;
stop:
	for (i = 0; i < started; i++)
		kthread_stop(team.worker[i].task);
	return ns;
}

/* CPUs that take part: the first ones, without a gap. */
unsigned int team_cpus(void)
{
	unsigned int n = 0;

	while (n < MAX_THREADS && n < nr_cpu_ids && cpu_online(n))
		n++;
	return n;
}

/* A team's runs for each allocator that can do it; @n is at least 1. */
struct team_runs {
	struct run of[NR_ALLOCATORS][MAX_THREADS];
};

static int team_prepare(struct team_runs *runs, const struct bench_case *c,
			unsigned int n)
{
	unsigned int a, i;
	int err;

	for (a = 0; a < NR_ALLOCATORS; a++) {
		if (!c->fns->by[a])
			continue;
		for (i = 0; i < n; i++) {
			err = run_prepare(&runs->of[a][i], c, i ? GALLOC : a);
			if (err)
				return err;
			runs->of[a][i].cache = runs->of[a][0].cache;
		}
	}
	return 0;
}

static void team_cleanup(struct team_runs *runs, unsigned int n)
{
	unsigned int a, i;

	for (a = 0; a < NR_ALLOCATORS; a++) {
		/* The first has the cache, and goes last. */
		for (i = n; i-- > 0;) {
			if (i)
				runs->of[a][i].cache = NULL;
			run_cleanup(&runs->of[a][i], a);
		}
	}
}

static int team_failed(const struct team_runs *runs, const struct bench_case *c)
{
	unsigned int a, i;

	for (a = 0; a < NR_ALLOCATORS; a++) {
		for (i = 0; i < MAX_THREADS; i++) {
			if (!runs->of[a][i].failed)
				continue;
			return not_judged(c, -EIO,
					  "%s gave no memory, or a wait took too long",
					  allocator_names[a]);
		}
	}
	return 0;
}

/*
 * Prepare, measure with @rep(), report.  @rep returns the time of one
 * repetition with one allocator; two are not counted.
 */
static int measure_team(const struct bench_case *c, unsigned int n,
			u64 (*rep)(const struct bench_case *c, struct run *run,
				   enum allocator a, unsigned int n))
{
	struct team_runs *runs = kzalloc(sizeof(*runs), GFP_KERNEL);
	unsigned int a;
	int i, err;

	if (!runs)
		return -ENOMEM;
	err = team_prepare(runs, c, n);
	for (i = -2; i < (int)reps && !err; i++) {
		for (a = 0; a < NR_ALLOCATORS && !err; a++) {
			if (!c->fns->by[a])
				continue;
			took[a][max(i, 0)] = rep(c, runs->of[a], a, n);
			err = team_failed(runs, c);
		}
	}
	if (!err)
		err = report_times(c, n, runs->of[NONE][0].ops, reps);
	team_cleanup(runs, n);
	kfree(runs);
	return err;
}

/* ---- remote ----------------------------------------------------------------------- */

/* One writer, one reader; batches of pointers, so that its own cost is small. */
struct ring {
	unsigned int len;
	unsigned int head ____cacheline_aligned_in_smp;	/* the writer's */
	unsigned int tail ____cacheline_aligned_in_smp;	/* the reader's */
	void *batch[RING_MAX][RING_BATCH] ____cacheline_aligned_in_smp;
};

static struct ring rings[MAX_THREADS];

/* Where the next batch goes, NULL if there is no room. */
static __always_inline void **ring_room(struct ring *ring)
{
	/* Pairs with ring_taken(): the reader is done with that batch. */
	if (ring->head - smp_load_acquire(&ring->tail) == ring->len)
		return NULL;
	return ring->batch[ring->head % ring->len];
}

static __always_inline void ring_filled(struct ring *ring)
{
	/* Pairs with ring_batch(). */
	smp_store_release(&ring->head, ring->head + 1);
}

/* The oldest batch, NULL if there is none. */
static __always_inline void **ring_batch(struct ring *ring)
{
	/* Pairs with ring_filled(): the batch has all its pointers. */
	if (smp_load_acquire(&ring->head) == ring->tail)
		return NULL;
	return ring->batch[ring->tail % ring->len];
}

static __always_inline void ring_taken(struct ring *ring)
{
	/* Pairs with ring_room(). */
	smp_store_release(&ring->tail, ring->tail + 1);
}

/*
 * Allocate @run->ops objects and send them @run->to another CPU; free as many that
 * come @run->from another.  Either may be NULL.
 */
static __always_inline void exchange(struct run *run, alloc_fn *alloc,
				     free_fn *free, size_t size)
{
	unsigned int sent = run->to ? 0 : run->ops;
	unsigned int got = run->from ? 0 : run->ops;
	unsigned int i;
	unsigned long until = 0;

	while (sent < run->ops || got < run->ops) {
		void **room = sent < run->ops ? ring_room(run->to) : NULL;
		void **batch;

		if (room) {
			for (i = 0; i < RING_BATCH; i++)
				room[i] = get_object(run, alloc, size, GFP_KERNEL,
						     false);
			ring_filled(run->to);
			sent += RING_BATCH;
		}
		batch = got < run->ops ? ring_batch(run->from) : NULL;
		if (batch) {
			for (i = 0; i < RING_BATCH; i++)
				if (likely(batch[i]))
					free(run, batch[i]);
			ring_taken(run->from);
			got += RING_BATCH;
		}
		if (room || batch)
			until = 0;
		else if (!keep_waiting(run, &until))
			return;
	}
}

DEFINE_LOOP(remote, exchange, 64);

static void rings_reset(struct run *run, enum allocator a, unsigned int n,
			unsigned int len)
{
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		struct ring *ring = &rings[i];
		void **batch;

		/* Only after a failure something is left. */
		while (ring->len && (batch = ring_batch(ring))) {
			for (j = 0; j < RING_BATCH; j++)
				object_free(run, a, batch[j]);
			ring_taken(ring);
		}
		ring->len = len;
		ring->head = 0;
		ring->tail = 0;
	}
}

/*
 * All CPUs at once.  In "pipe" CPU 0 sends and CPU 1 frees, in "all" each sends
 * to the next one and frees what comes from the one before.
 */
static u64 remote_at_once(const struct bench_case *c, struct run *run,
			  enum allocator a, unsigned int n)
{
	bool pipe = !strcmp(c->variant, "pipe");
	unsigned int i;
	u64 ns;

	rings_reset(run, a, n, RING_LEN);
	for (i = 0; i < n; i++) {
		run[i].to = pipe && i ? NULL : &rings[i];
		run[i].from = pipe && !i ? NULL : &rings[(i + n - 1) % n];
	}
	ns = team_run(c->fns->by[a], run, n, 0);
	rings_reset(run, a, n, RING_LEN);
	/* Of a pipe, only one of the two sends. */
	return pipe && clock_counts_locks() ? n * ns : ns;
}

/*
 * The same in turns, for a machine that runs one CPU at a time: a ring that
 * holds it all is filled by one CPU, then emptied by another.  What the turns
 * took is added up; the way from one to the other is not in it.
 */
static u64 remote_in_turns(const struct bench_case *c, struct run *run,
			   enum allocator a, unsigned int n)
{
	unsigned int senders = !strcmp(c->variant, "pipe") ? 1 : n;
	unsigned int i;
	u64 ns = 0;

	rings_reset(run, a, n, RING_MAX);
	for (i = 0; i < senders; i++) {
		run[i].to = &rings[i];
		run[i].from = NULL;
		ns += team_run(c->fns->by[a], &run[i], 1, i);
	}
	for (i = 0; i < senders; i++) {
		unsigned int next = (i + 1) % n;

		run[next].to = NULL;
		run[next].from = &rings[i];
		ns += team_run(c->fns->by[a], &run[next], 1, next);
	}
	rings_reset(run, a, n, RING_MAX);
	return ns / senders;
}

static int measure_remote(const struct bench_case *c)
{
	unsigned int n = team_cpus();

	/* One more CPU does not make a pipe faster. */
	if (!strcmp(c->variant, "pipe"))
		n = min(n, 2U);
	if (n < 2)
		return 0;
	return measure_team(c, n, clock_counts_instructions() ?
			    remote_in_turns : remote_at_once);
}

/* ---- many CPUs at once ------------------------------------------------------------ */

#define CPUS_ROUNDS	8

/*
 * Each CPU with an even number allocates what the next one frees: all CPUs of a node want
 * the lock of one row.  In "remote/node" the second half of the CPUs frees what the first
 * has allocated, on other nodes.
 */
static int measure_cpus_remote(const struct bench_case *c)
{
	bool across = strcmp(c->variant, "remote");
	struct run *run = kcalloc(MAX_THREADS, sizeof(*run), GFP_KERNEL);
	unsigned int n = rounddown(team_cpus(), 2), i, round;
	struct counts before = {};
	int err = 0;

	if (!run)
		return -ENOMEM;
	if (!clock_counts_locks() || !n)
		goto out;
	rings_reset(run, GALLOC, n, RING_LEN);
	for (i = 0; i < n; i++) {
		bool sends = across ? i < n / 2 : !(i % 2);
		unsigned int ring = across ? i % (n / 2) : i / 2;

		run[i].ops = c->ops;
		run[i].to = sends ? &rings[ring] : NULL;
		run[i].from = sends ? NULL : &rings[ring];
	}
	/* The first is not counted. */
	for (round = 0; round <= CPUS_ROUNDS && !err; round++) {
		if (round == 1)
			counts_read(&before);
		team_run(c->fns->by[GALLOC], run, n, 0);
		for (i = 0; i < n && !err; i++)
			if (run[i].failed)
				err = not_judged(c, -EIO, "no memory, or a wait took too long");
	}
	err = err ?: counts_report(c, n, CPUS_ROUNDS * c->ops * (n / 2), &before, true);
	rings_reset(run, GALLOC, n, RING_LEN);
out:
	kfree(run);
	return err;
}

/* ---- share ------------------------------------------------------------------------- */

#define SHARE_ROUNDS	50
#define SHARE_OUT	10000

DEFINE_LOOP_SIZES(exchanges, exchange, run->size);

/* As many objects as a slot array has places for, kept. */
static __always_inline void keep(struct run *run, alloc_fn *alloc, free_fn *free)
{
	for (run->live = 0; run->live < SHARE_OUT; run->live++)
		run->slot[run->live] = get_object(run, alloc, run->size, GFP_KERNEL,
						  false);
}

DEFINE_LOOP_SIZES(keeps, keep);

static int compare_lines(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Cache lines in which there are objects of both. */
static unsigned int shared_lines(const struct run *run, u64 *line)
{
	unsigned int i, n = 0, shared = 0;
	u64 counted = U64_MAX;

	for (i = 0; i < 2 * SHARE_OUT; i++) {
		unsigned long p = (unsigned long)run[i / SHARE_OUT].slot[i % SHARE_OUT];

		line[n++] = (u64)(p / SMP_CACHE_BYTES) << 1 | i / SHARE_OUT;
	}
	sort(line, n, sizeof(*line), compare_lines, NULL);
	for (i = 1; i < n; i++) {
		if (line[i] == (line[i - 1] ^ 1) && line[i] >> 1 != counted) {
			counted = line[i] >> 1;
			shared++;
		}
	}
	return shared;
}

/*
 * Two CPUs free for a while what the other one has allocated; then each takes
 * objects that it keeps.  Those of two CPUs in one cache line slow each other down.
 */
static int share_of(const struct bench_case *c, struct run *run, enum allocator a, u64 *line)
{
	struct figure figure;
	unsigned int i, j;

	for (i = 0; i < SHARE_ROUNDS; i++) {
		rings_reset(run, a, 2, RING_LEN);
		for (j = 0; j < 2; j++) {
			run[j].to = &rings[j];
			run[j].from = &rings[!j];
		}
		team_run(exchanges.by[a], run, 2, 0);
	}
	rings_reset(run, a, 2, RING_LEN);
	team_run(keeps.by[a], run, 2, 0);
	if (run[0].failed || run[1].failed)
		return not_judged(c, -EIO, "%s gave no memory, or a wait took too long",
				  allocator_names[a]);
	figure.value = 1000LL * shared_lines(run, line);
	figure.min = figure.value;
	figure.max = figure.value;
	return result_add(c, a, 2, "lines", &figure);
}

static int measure_share(const struct bench_case *c)
{
	static const enum allocator each[] = { GALLOC, KMALLOC };
	u64 *line = vmalloc(2 * SHARE_OUT * sizeof(*line));
	unsigned int i, j, k;
	int err = line ? 0 : -ENOMEM;

	if (team_cpus() < 2 || clock_counts_instructions() || clock_counts_locks())
		goto out;
	for (i = 0; i < ARRAY_SIZE(each) && !err; i++) {
		struct run run[2] = {};

		for (j = 0; j < 2; j++) {
			run[j].ops = c->ops;
			run[j].size = c->size;
			run[j].slot = vzalloc(SHARE_OUT * sizeof(*run[j].slot));
			if (!run[j].slot)
				err = -ENOMEM;
		}
		if (!err)
			err = share_of(c, run, each[i], line);
		for (j = 0; j < 2; j++) {
			for (k = 0; k < run[j].live; k++)
				object_free(&run[j], each[i], run[j].slot[k]);
			vfree(run[j].slot);
		}
	}
out:
	vfree(line);
	return err;
}

/* ---- larson ------------------------------------------------------------------------ */

#define LARSON_SLOTS	1000

/* Random ones of the slots get a new object of a random size. */
static __always_inline void replace(struct run *run, alloc_fn *alloc, free_fn *free)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		void **slot = &run->slot[run->order[i % LIST_LEN]];

		free(run, *slot);
		*slot = get_object(run, alloc, run->sizes[i % LIST_LEN],
				   GFP_KERNEL, false);
		if (unlikely(!*slot))
			return;
	}
}

DEFINE_LOOP_SIZES(larson, replace);

/* As in Larson's server, a thread's survivors are its successor's, elsewhere. */
static u64 larson_rep(const struct bench_case *c, struct run *run,
		      enum allocator a, unsigned int n)
{
	u64 ns = team_run(c->fns->by[a], run, n, 0);
	unsigned int i;

	for (i = 1; i < n; i++)
		swap(run[0].slot, run[i].slot);
	return ns;
}

static int measure_larson(const struct bench_case *c)
{
	unsigned int n = team_cpus();

	if (n < 2 || clock_counts_instructions())
		return 0;
	return measure_team(c, n, larson_rep);
}

/* ---- scale ------------------------------------------------------------------------- */

/* Thousandths of a million operations a second, all CPUs together. */
static s64 milli_mops(u64 ops, u64 ns)
{
	return ns ? div64_u64(ops * 1000 * 1000, ns) : 0;
}

static int report_mops(const struct bench_case *c, enum allocator a,
		       unsigned int cpus, u64 ops, u64 *ns)
{
	struct figure figure;

	figure.value = milli_mops(ops, median_of(ns, reps));
	figure.min = milli_mops(ops, ns[reps - 1]);
	figure.max = milli_mops(ops, ns[0]);
	return result_add(c, a, cpus, "mops", &figure);
}

/* The same loop on one CPU and on all, in turn. */
int measure_scale(const struct bench_case *c)
{
	static u64 took_all[NR_ALLOCATORS][MAX_REPS];
	struct team_runs *runs = kzalloc(sizeof(*runs), GFP_KERNEL);
	unsigned int n = team_cpus(), a;
	u64 ops;
	int i, err;

	if (!runs)
		return -ENOMEM;
	err = clock_counts_instructions() ? 0 : team_prepare(runs, c, n);
	if (err || clock_counts_instructions())
		goto out;
	ops = runs->of[NONE][0].ops;
	for (i = -2; i < (int)reps && !err; i++) {
		for (a = 0; a < NR_ALLOCATORS && !err; a++) {
			if (!c->fns->by[a])
				continue;
			took[a][max(i, 0)] =
				team_run(c->fns->by[a], runs->of[a], 1, 0);
			took_all[a][max(i, 0)] =
				team_run(c->fns->by[a], runs->of[a], n, 0);
			err = team_failed(runs, c);
		}
	}
	for (a = 0; a < NR_ALLOCATORS && !err; a++) {
		if (!c->fns->by[a])
			continue;
		err = report_mops(c, a, 1, ops, took[a]);
		if (!err && n > 1)
			err = report_mops(c, a, n, n * ops, took_all[a]);
	}
out:
	team_cleanup(runs, n);
	kfree(runs);
	return err;
}

const struct bench_case thread_cases[] = {
	{ "remote", "pipe", measure_remote, &remote,
	  .ops = RING_MAX * RING_BATCH, .size = 64 },
	{ "remote", "all", measure_remote, &remote,
	  .ops = RING_MAX * RING_BATCH, .size = 64 },
	{ "cpus", "remote", measure_cpus_remote, &remote, .ops = RING_MAX * RING_BATCH },
	{ "cpus", "remote/node", measure_cpus_remote, &remote, .ops = RING_MAX * RING_BATCH },
	{ "share", "8", measure_share, .ops = RING_MAX * RING_BATCH, .size = 8 },
	{ "share", "16", measure_share, .ops = RING_MAX * RING_BATCH, .size = 16 },
	{ "share", "32", measure_share, .ops = RING_MAX * RING_BATCH, .size = 32 },
	{ "larson", "default", measure_larson, &larson,
	  .ops = LIST_LEN, .out = LARSON_SLOTS, .sizes = sizes_larson,
	  .order = order_larson },
	{}
};
