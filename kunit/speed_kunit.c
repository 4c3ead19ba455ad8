// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: long random sequences at speed, from tasks, softirqs and interrupts of
 * two CPUs.
 *
 * A lean form of the twin: no array to search, but a stamp in the first and the last
 * word of each object.  Overlapping objects overwrite each other's stamps.
 */
#include "helpers.h"

#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/smp.h>

#define LEAN_SIZES	256
#define LEAN_OBJECTS	512

struct lean {
	u64 rng;
	u32 size[LEAN_SIZES];
	u64 *object[LEAN_OBJECTS];
	u32 words[LEAN_OBJECTS];
	unsigned long ops;
	unsigned long refused;
	const char *wrong;
	gfp_t gfp;
};

static void lean_init(struct lean *l, u64 rng, gfp_t gfp)
{
	unsigned int i;

	memset(l, 0, sizeof(*l));
	l->rng = rng;
	l->gfp = gfp;
	for (i = 0; i < LEAN_SIZES; i++) {
		u32 size = gk_random_size(&l->rng);

		/* Mostly small, some to 32 KiB, one of whole pages. */
		if (i % 16)
			size %= 1024;
		else if (!i && gfpflags_allow_blocking(gfp))
			size += GALLOC_MAX_SMALL;
		l->size[i] = max(size, 8U);
	}
}

static __always_inline u64 lean_stamp(const u64 *p, u32 words)
{
	return (unsigned long)p * 0x9e3779b97f4a7c15ULL + words;
}

static __always_inline bool lean_alloc(struct lean *l, u32 which, u32 size)
{
	u64 *p = galloc(size, l->gfp);
	u32 words = size / 8;

	if (!p) {
		l->refused++;
		return false;
	}
	if ((unsigned long)p & 7)
		l->wrong = "not aligned";
	p[0] = lean_stamp(p, words);
	p[words - 1] = lean_stamp(p, words);
	l->object[which] = p;
	l->words[which] = words;
	return true;
}

static __always_inline void lean_free(struct lean *l, u32 which)
{
	u64 *p = l->object[which];
	u32 words = l->words[which];

	if (p[0] != lean_stamp(p, words) || p[words - 1] != p[0])
		l->wrong = "somebody wrote to a live object";
	l->object[which] = NULL;
	gfree(p);
}

static __always_inline void lean_op(struct lean *l)
{
	u32 r = gk_random(&l->rng);
	u32 which = r % LEAN_OBJECTS;

	if (l->object[which])
		lean_free(l, which);
	else
		lean_alloc(l, which, l->size[(r >> 16) % LEAN_SIZES]);
	l->ops++;
}

static void lean_some(struct lean *l, unsigned long n)
{
	while (n-- && !l->wrong) {
		lean_op(l);
		if (n % 256 == 0)
			cond_resched();
	}
}

/* No two overlap: naively, each with each. */
static void lean_check(struct lean *l)
{
	unsigned int i, j;

	for (i = 0; i < LEAN_OBJECTS; i++) {
		u64 *p = l->object[i];

		for (j = 0; p && j < i; j++) {
			u64 *q = l->object[j];

			if (q && p < q + l->words[j] && q < p + l->words[i])
				l->wrong = "two live objects overlap";
		}
	}
}

static size_t lean_bytes(const struct lean *l)
{
	size_t bytes = 0;
	unsigned int i;

	for (i = 0; i < LEAN_OBJECTS; i++)
		bytes += gsize(l->object[i]);
	return bytes;
}

static void lean_end(struct lean *l)
{
	unsigned int i;

	for (i = 0; i < LEAN_OBJECTS; i++)
		if (l->object[i])
			lean_free(l, i);
}

static void lean_report(struct kunit *test, const struct lean *l)
{
	KUNIT_EXPECT_NULL_MSG(test, l->wrong, "operation %lu: %s", l->ops,
			      l->wrong ?: "");
	if (gfpflags_allow_blocking(l->gfp))
		KUNIT_EXPECT_EQ(test, l->refused, 0);
	gk_count_ops(l->ops);
}

/* ---- two CPUs at speed -------------------------------------------------- */

#define PARCELS	64

/* Either CPU opens a parcel; so half of the frees are on the other CPU. */
static u64 *parcels[PARCELS];

struct sender {
	struct lean l;
	unsigned long n;
	atomic_t *met;
};

static __always_inline const char *parcel_open(u64 *p)
{
	u32 words;

	if (!p)
		return NULL;
	words = p[1];
	if (p[0] != lean_stamp(p, words) || p[words - 1] != p[0])
		return "a parcel has been opened";
	gfree(p);
	return NULL;
}

static void send_and_receive(void *arg)
{
	struct sender *s = arg;
	struct lean *l = &s->l;
	unsigned long turn = 0;
	ktime_t end;

	gk_meet(s->met, 2);
	end = ktime_add_ms(ktime_get(), 4 * GK_FIGHT_MS);
	while (l->ops < s->n && !l->wrong && !gk_fight_over(++turn, end)) {
		u32 r = gk_random(&l->rng);
		u32 words = max(l->size[(r >> 16) % LEAN_SIZES] / 8, 3U);
		u64 *p = galloc(8 * words, GFP_KERNEL);

		if (!p) {
			l->refused++;
			continue;
		}
		p[words - 1] = lean_stamp(p, words);
		p[0] = lean_stamp(p, words);
		p[1] = words;
		/* Release and acquire: the stamps go with the parcel. */
		l->wrong = parcel_open(xchg(&parcels[r % PARCELS], p));
		/* Between two of them, some of our own. */
		lean_op(l);
		lean_op(l);
		l->ops += 2;
	}
}

static void two_cpus_exchange_objects_at_speed(struct kunit *test)
{
	struct sender *s = kunit_kcalloc(test, 2, sizeof(*s), GFP_KERNEL);
	u64 rng = gk_seed(test);
	struct gk_thread *t[2];
	atomic_t met = ATOMIC_INIT(0);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	memset(parcels, 0, sizeof(parcels));
	for (i = 0; i < 2; i++) {
		lean_init(&s[i].l, rng + i, GFP_KERNEL);
		s[i].n = gk_times(10000000);
		s[i].met = &met;
	}
	for (i = 0; i < 2; i++)
		t[i] = gk_start(test, gk_cpu(i), send_and_receive, &s[i]);
	for (i = 0; i < 2; i++)
		gk_join(test, t[i]);
	for (i = 0; i < PARCELS; i++)
		KUNIT_EXPECT_NULL(test, parcel_open(parcels[i]));
	for (i = 0; i < 2; i++) {
		lean_check(&s[i].l);
		lean_end(&s[i].l);
		lean_report(test, &s[i].l);
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* ---- interrupts --------------------------------------------------------- */

/*
 * On one CPU a task, the interrupts that another CPU sends it, and the softirqs
 * that these raise; each with objects of its own.
 */
struct storm {
	struct lean task;
	struct lean softirq;
	struct lean hardirq;
	struct irq_work irq_work;
	struct tasklet_struct tasklet;
	unsigned long interrupts;
	bool task_done;
	atomic_t met;
};

#define STORM_TURN	8

static void storm_in_softirq(struct tasklet_struct *t)
{
	struct storm *s = container_of(t, struct storm, tasklet);
	int i;

	for (i = 0; i < STORM_TURN; i++)
		lean_op(&s->softirq);
}

static void storm_in_hardirq(struct irq_work *work)
{
	struct storm *s = container_of(work, struct storm, irq_work);
	int i;

	s->interrupts++;
	for (i = 0; i < STORM_TURN; i++)
		lean_op(&s->hardirq);
	tasklet_schedule(&s->tasklet);
}

static void storm_task(void *arg)
{
	struct storm *s = arg;
	ktime_t end;

	gk_meet(&s->met, 2);
	end = gk_fight_end();
	while (!s->task.wrong && !gk_fight_over(0, end))
		lean_some(&s->task, 100);
	WRITE_ONCE(s->task_done, true);
}

/*
 * PROVE_RAW_LOCK_NESTING forbids allocations in an interrupt that PREEMPT_RT
 * would not turn into a thread; irq_work is one that it would.
 */
static void storm_from_afar(void *arg)
{
	struct storm *s = arg;

	if (IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING))
		irq_work_queue(&s->irq_work);
	else
		storm_in_hardirq(&s->irq_work);
}

/* Interrupt the task's CPU for as long as it works; never less than once. */
static void storm_sender(void *arg)
{
	ktime_t end = ktime_add_ms(ktime_get(), GK_PATIENCE_MS / 2);
	struct storm *s = arg;

	gk_meet(&s->met, 2);
	do {
		smp_call_function_single(gk_cpu(0), storm_from_afar, s, true);
		irq_work_sync(&s->irq_work);
		cond_resched();
	} while (!READ_ONCE(s->task_done) &&
		 ktime_before(ktime_get(), end));
}

static void interrupts_and_softirqs_of_a_busy_cpu(struct kunit *test)
{
	struct storm *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	long busy = gk_events(EVENT_BUSY_ALLOC) + gk_events(EVENT_BUSY_FREE);
	u64 rng = gk_seed(test);
	struct gk_thread *task, *sender;

	KUNIT_ASSERT_NOT_NULL(test, s);
	lean_init(&s->task, rng, GFP_KERNEL);
	lean_init(&s->softirq, rng + 1, GFP_ATOMIC | __GFP_NOWARN);
	lean_init(&s->hardirq, rng + 2, GFP_ATOMIC | __GFP_NOWARN);
	init_irq_work(&s->irq_work, storm_in_hardirq);
	tasklet_setup(&s->tasklet, storm_in_softirq);
	task = gk_start(test, gk_cpu(0), storm_task, s);
	sender = gk_start(test, gk_cpu(1), storm_sender, s);
	gk_join(test, task);
	gk_join(test, sender);
	tasklet_kill(&s->tasklet);
	lean_check(&s->task);
	lean_check(&s->softirq);
	lean_check(&s->hardirq);
	lean_end(&s->task);
	lean_end(&s->softirq);
	lean_end(&s->hardirq);
	lean_report(test, &s->task);
	lean_report(test, &s->softirq);
	lean_report(test, &s->hardirq);
	KUNIT_EXPECT_GT(test, s->interrupts, 0);
	KUNIT_EXPECT_GT(test, s->softirq.ops, 0);
	kunit_info(test, "%lu interrupts, %ld found the stacks busy", s->interrupts,
		   gk_events(EVENT_BUSY_ALLOC) + gk_events(EVENT_BUSY_FREE) - busy);
}

/* Comes last: the rest of the requested operations. */
static void mixed_sizes_at_speed(struct kunit *test)
{
	struct lean *l = kunit_kzalloc(test, sizeof(*l), GFP_KERNEL);
	unsigned long n = gk_ops - min(gk_ops, gk_ops_done());
	int i;

	KUNIT_ASSERT_NOT_NULL(test, l);
	lean_init(l, gk_seed(test), GFP_KERNEL);
	for (i = 0; i < 4 && !l->wrong; i++) {
		gk_background();
		lean_some(l, DIV_ROUND_UP(n, 4));
		lean_check(l);
		KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)lean_bytes(l));
	}
	lean_end(l);
	lean_report(test, l);
}

static void tell_operations(struct kunit_suite *suite)
{
	printk(KERN_INFO "galloc-kunit: %lu operations\n", gk_ops_done());
}

static struct kunit_case cases[] = {
	KUNIT_CASE(two_cpus_exchange_objects_at_speed),
	KUNIT_CASE(interrupts_and_softirqs_of_a_busy_cpu),
	KUNIT_CASE(mixed_sizes_at_speed),
	{}
};

static struct kunit_suite suite = {
	.name = "galloc_speed",
	.suite_exit = tell_operations,
	.init = gk_init_alive,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
