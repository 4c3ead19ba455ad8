// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * replay: the case that does again what a kernel was seen to allocate and free.
 *
 *	echo /some/where/name.trace >/sys/kernel/debug/galloc_bench/trace
 *	echo replay >/sys/kernel/debug/galloc_bench/run
 *
 * A thread on each CPU waits for its turn, follows its segment of the plan (plan.c)
 * and hands over to the next.  Only the segments are timed, each on its own CPU: so
 * the way of the turn is in no figure, and what it costs to free an object that
 * another CPU has allocated is.  The empty loop follows the same plan.
 *
 * Times are taken as fast as it goes.  Held memory is another replay, with the pauses
 * that the trace has: an allocator may keep memory for a second before it returns it.
 */
#include "allocators.h"

#include <linux/bits.h>
#include <linux/err.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "replay.h"

/* Times, until so many events have been replayed, but never fewer than this. */
#define TIMED_EVENTS	(64U << 20)
#define MIN_TIMES	3

#define SPIN_NS		(50 * NSEC_PER_USEC)
#define WAIT_TURN	(10 * HZ)

/* Samples of the held bytes in a replay, besides those after each pause. */
#define SAMPLES		1500

/* A longer trace has its pauses made shorter. */
#define PACED_MS	(120 * MSEC_PER_SEC)

/* Memory that the shell that asks galloc may leave behind. */
#define OTHERS_BYTES	(64 << 10)

static struct plan *plan;
static char variant[TRACE_NAME_LEN];
static char variant_touch[TRACE_NAME_LEN + sizeof("/touch")];

/* ---- one replay ---------------------------------------------------------------------- */

static __always_inline gfp_t event_gfp(u32 what)
{
	gfp_t gfp = what & EVENT_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;

	/* We report a failure once. */
	gfp |= __GFP_NOWARN;
	return what & EVENT_ZERO ? gfp | __GFP_ZERO : gfp;
}

/* The next @run->ops events. */
static __always_inline void follow(struct run *run, alloc_fn *alloc, free_fn *free,
				   bool touch)
{
	const struct replay_event *e = run->event, *end = e + run->ops;

	for (; e < end; e++) {
		void **slot = &run->slot[e->slot];

		if (e->what) {
			gfp_t gfp = event_gfp(e->what);

			/*
			 * The empty loop has to make them, too, and to branch: which
			 * event comes next no processor can foresee.
			 */
			asm volatile("" : "+r" (gfp));
			*slot = get_object(run, alloc, e->what & EVENT_SIZE, gfp, touch);
		} else {
			free(run, *slot);
			*slot = NULL;
		}
	}
}

DEFINE_LOOP_SIZES(replay, follow, false);
DEFINE_LOOP_SIZES(replay_touch, follow, true);

/**
 * struct turns - a replay that is under way
 * @queue: those who wait for their turn
 * @slot: the live objects, where several replay one plan
 * @next: the segment whose turn it is
 * @end: the replay ends in front of this segment
 * @step: events that are done at a time
 * @sampling: sample the held bytes after each step
 * @paced: at the pace of the trace
 * @began: in jiffies
 * @before: free bytes when it began
 * @system_before: what galloc held then
 * @held: at the last sample
 * @at: when that was, nanoseconds
 * @sum: of what was held, KiB times nanoseconds
 * @ns: so many
 * @peak: the most that was held
 * @peak_end: behind the segment in which it was
 */
struct turns {
	wait_queue_head_t queue;
	void **slot;
	u32 next;
	u32 end;
	u32 step;
	bool sampling;
	bool paced;
	unsigned long began;
	s64 before;
	s64 system_before;
	s64 held;
	u64 at;
	s64 sum;
	u64 ns;
	s64 peak;
	u32 peak_end;
};

static struct turns turns;
static struct run threads[MAX_THREADS];

/* Between two samples what was held changes evenly, as far as anybody knows. */
static void sample(u32 segment)
{
	s64 held = turns.before - free_bytes();
	u64 now = ktime_get_ns();

	/* In KiB: in bytes, it could overflow. */
	turns.sum += ((turns.held + held) >> 11) * (s64)(now - turns.at);
	turns.ns += now - turns.at;
	turns.held = held;
	turns.at = now;
	if (held > turns.peak) {
		turns.peak = held;
		turns.peak_end = segment + 1;
	}
}

static void follow_segment(struct run *run, u32 segment)
{
	const struct segment *s = &plan->segment[segment];
	u32 at;

	for (at = 0; at < s->events; at += run->ops) {
		u64 start;

		cond_resched();
		run->event = &plan->event[s->first + at];
		run->ops = min(run->turns->step, s->events - at);
		start = bench_clock();
		run->step(run);
		run->ns += bench_clock() - start;
		if (run->turns->sampling)
			sample(segment);
	}
}

static bool is_turn(const struct turns *t, u32 segment)
{
	/* Pairs with hand_over(): what other CPUs did in front of this segment is seen. */
	return smp_load_acquire(&t->next) == segment;
}

/*
 * Spin while another CPU is at work, but not for long: where CPUs are threads of a
 * busy machine, the other may be waiting for ours.
 */
static bool wait_turn(struct run *run, u32 segment)
{
	u64 until = ktime_get_ns() + SPIN_NS;

	while (!is_turn(run->turns, segment) && !need_resched() && ktime_get_ns() < until)
		cpu_relax();
	if (!wait_event_timeout(run->turns->queue, is_turn(run->turns, segment),
				team_patience(WAIT_TURN)))
		run->failed = true;
	return !run->failed;
}

/* Until the trace has come so far. */
static void pause(const struct segment *s)
{
	u32 whole = plan->segment[plan->segments - 1].ms;
	u32 ms = whole > PACED_MS ? mul_u64_u32_div(s->ms, PACED_MS, whole) : s->ms;
	long left = turns.began + msecs_to_jiffies(ms) - jiffies;

	if (left > 0)
		schedule_timeout_uninterruptible(left);
}

static void hand_over(struct turns *t, u32 segment)
{
	/* Pairs with is_turn(). */
	smp_store_release(&t->next, segment + 1);
	if (wq_has_sleeper(&t->queue))
		wake_up_all(&t->queue);
}

/* A thread runs all segments of its CPU, each in its turn. */
static void take_turns(struct run *run)
{
	u32 i;

	for (i = 0; i < run->turns->end; i++) {
		if (plan->segment[i].cpu != run->cpu)
			continue;
		/* A thread ahead of us does not pause longer than we do. */
		if (run->turns->paced)
			pause(&plan->segment[i]);
		if (!wait_turn(run, i))
			return;
		if (run->turns->sampling)
			sample(i);
		follow_segment(run, i);
		hand_over(run->turns, i);
	}
}

/* Replay, up to turns.end; adds up in @ns what the segments took. */
static int replay_once(const struct bench_case *c, enum allocator a, u64 *ns)
{
	bool failed = false;
	unsigned int i;

	for (i = 0; i < plan->cpus; i++)
		threads[i] = (struct run) {
			.slot = plan->slot,
			.step = c->fns->by[a],
			.cpu = i,
			.turns = &turns,
		};
	turns.next = 0;
	init_waitqueue_head(&turns.queue);
	team_run(take_turns, threads, plan->cpus, 0);
	*ns = 0;
	for (i = 0; i < plan->cpus; i++) {
		*ns += threads[i].ns;
		failed |= threads[i].failed;
	}
	if (!failed && turns.next == turns.end)
		return 0;
	return not_judged(c, -ENOMEM,
			  "%s gave no memory, or a wait took too long, before event %u",
			  allocator_names[a], turns.next < plan->segments ?
			  plan->segment[turns.next].first : plan->events);
}

/* Free live objects, untimed: the trace may end with some. */
static void slots_empty_of(enum allocator a, void **slot)
{
	u32 i;

	for (i = 0; i < plan->slots; i++) {
		object_free(&threads[0], a, slot[i]);
		slot[i] = NULL;
		if (i % WINDOW == 0)
			cond_resched();
	}
}

static void slots_empty(enum allocator a)
{
	slots_empty_of(a, plan->slot);
}

static int check_loaded(const struct bench_case *c)
{
	if (plan)
		return 0;
	pr_err("%s: which trace? type: echo PATH >/sys/kernel/debug/%s/trace\n",
	       c->name, KBUILD_MODNAME);
	return -ENOENT;
}

/* ---- times --------------------------------------------------------------------------- */

/* Once more, to say what the locks and atomics were for. */
static int report_counts(const struct bench_case *c)
{
	struct counts before = {};
	u64 ns;
	int err;

	counts_read(&before);
	err = replay_once(c, GALLOC, &ns);
	err = err ?: counts_report(c, plan->cpus, plan->events, &before, false);
	slots_empty(GALLOC);
	return err;
}

static int measure_replay(const struct bench_case *c)
{
	unsigned int a, n;
	int i, err = check_loaded(c);

	if (err)
		return err;
	turns = (struct turns) { .end = plan->segments, .step = WINDOW };
	n = clamp(TIMED_EVENTS / plan->events, (unsigned int)MIN_TIMES, reps);
	/* The first is not counted. */
	for (i = -1; i < (int)n && !err; i++) {
		for (a = 0; a < NR_ALLOCATORS && !err; a++) {
			if (!c->fns->by[a])
				continue;
			err = replay_once(c, a, &took[a][max(i, 0)]);
			slots_empty(a);
		}
	}
	err = err ?: report_times(c, plan->cpus, plan->events, n);
	return err || !clock_counts_locks() ? err : report_counts(c);
}

/* ---- many CPUs at once --------------------------------------------------------------- */

/* Of the plan, so that as many replays at once need not have all of its peak. */
#define CPUS_PART	4

/* A replay of the plan's beginning for each group of as many CPUs as it is for, at once. */
static int replay_copies(const struct bench_case *c, struct turns *copy, unsigned int copies)
{
	unsigned int i, n = copies * plan->cpus;
	bool failed = false;

	for (i = 0; i < copies; i++) {
		copy[i].next = 0;
		copy[i].step = WINDOW;
		copy[i].end = plan->segments / CPUS_PART;
		init_waitqueue_head(&copy[i].queue);
	}
	for (i = 0; i < n; i++)
		threads[i] = (struct run) {
			.slot = copy[i / plan->cpus].slot,
			.step = c->fns->by[GALLOC],
			.cpu = i % plan->cpus,
			.turns = &copy[i / plan->cpus],
		};
	team_run(take_turns, threads, n, 0);
	for (i = 0; i < n; i++)
		failed |= threads[i].failed;
	for (i = 0; i < copies; i++)
		slots_empty_of(GALLOC, copy[i].slot);
	return failed ? not_judged(c, -ENOMEM, "no memory, or a wait took too long") : 0;
}

/* The first time is not counted. */
static int measure_copies(const struct bench_case *c, struct turns *copy,
			  unsigned int copies)
{
	const struct segment *end = &plan->segment[plan->segments / CPUS_PART];
	struct counts before = {};
	int err = replay_copies(c, copy, copies);

	counts_read(&before);
	err = err ?: replay_copies(c, copy, copies);
	return err ?: counts_report(c, copies * plan->cpus, copies * end->first, &before, true);
}

static int measure_cpus_replay(const struct bench_case *c)
{
	unsigned int i, copies;
	struct turns *copy;
	int err = check_loaded(c);

	if (err || !clock_counts_locks())
		return err;
	copies = team_cpus() / plan->cpus;
	copy = kcalloc(copies, sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	for (i = 0; i < copies && !err; i++) {
		copy[i].slot = vzalloc(plan->slots * sizeof(*copy[i].slot));
		if (!copy[i].slot)
			err = -ENOMEM;
	}
	err = err ?: measure_copies(c, copy, copies);
	for (i = 0; i < copies; i++)
		vfree(copy[i].slot);
	kfree(copy);
	return err;
}

/* ---- held bytes ---------------------------------------------------------------------- */

/* Begin after the allocators have returned what they can. */
static int held_begin(enum allocator a, u32 end, bool paced)
{
	if (give_back(GALLOC) || give_back(KMALLOC) || read_galloc_system())
		return -EIO;
	turns = (struct turns) {
		.end = end,
		.step = clamp(plan->events / SAMPLES, 1U, (u32)WINDOW),
		.sampling = true,
		.paced = paced,
		.system_before = galloc_system,
	};
	settle();
	turns.before = free_bytes();
	turns.began = jiffies;
	turns.at = ktime_get_ns();
	return 0;
}

static int report_held(const struct bench_case *c, enum allocator a, const char *what,
		       s64 bytes)
{
	struct figure figure = { bytes * 1000, bytes * 1000, bytes * 1000 };

	return result_add(c, a, plan->cpus, what, &figure);
}

/* Again up to the peak: galloc's own statistics must agree to 1 %. */
static int check_system(const struct bench_case *c)
{
	int err = held_begin(GALLOC, turns.peak_end, false);
	bool agree = false;
	s64 held, says;
	u64 ns;
	int i;

	err = err ?: replay_once(c, GALLOC, &ns);
	/* Between the two looks galloc's worker may have given something back. */
	for (i = 0; i < 3 && !err && !agree; i++) {
		settle();
		held = turns.before - free_bytes();
		err = read_galloc_system();
		says = galloc_system - turns.system_before;
		agree = abs(held - says) <= held / 100 + OTHERS_BYTES;
	}
	slots_empty(GALLOC);
	if (err || agree)
		return err;
	return not_judged(c, -EIO, "the system has lost %lld bytes, and galloc has %lld",
			  held, says);
}

static int measure_held_of(const struct bench_case *c, enum allocator a)
{
	int err = held_begin(a, plan->segments, true);
	u64 ns;

	err = err ?: replay_once(c, a, &ns);
	slots_empty(a);
	err = err ?: report_held(c, a, "mean_bytes", div64_s64(turns.sum, turns.ns) << 10);
	err = err ?: report_held(c, a, "peak_bytes", turns.peak);
	return err ?: a == GALLOC ? check_system(c) : 0;
}

static int measure_held(const struct bench_case *c)
{
	int err = check_loaded(c);

	if (err || !count_bytes)
		return err;
	return measure_held_of(c, GALLOC) ?: measure_held_of(c, KMALLOC);
}

/* ---- the trace ----------------------------------------------------------------------- */

/* The former one goes first, good as the new one may be: two may be too many. */
int replay_load(const char *path)
{
	replay_exit();
	plan = plan_make(path, team_cpus());
	if (IS_ERR(plan)) {
		int err = PTR_ERR(plan);

		plan = NULL;
		return err;
	}
	snprintf(variant, sizeof(variant), "%s", plan->name);
	snprintf(variant_touch, sizeof(variant_touch), "%s/touch", plan->name);
	return 0;
}

void replay_exit(void)
{
	plan_free(plan);
	plan = NULL;
	variant[0] = '\0';
	variant_touch[0] = '\0';
}

const struct bench_case replay_cases[] = {
	{ "replay", variant, measure_replay, &replay },
	{ "replay", variant_touch, measure_replay, &replay_touch },
	{ "replay", variant, measure_held, &replay },
	{ "cpus", "replay", measure_cpus_replay, &replay },
	{}
};
