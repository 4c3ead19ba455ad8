/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * helpers: functions shared by the suites.
 *
 * Every suite calls gk_init() and gk_exit() around each case: galloc does
 * no background work meanwhile, unless the case calls gk_background(); gk_exit()
 * restores galloc's settings, and checks that all memory is free again and that
 * all layers are consistent.
 */
#ifndef _GALLOC_KUNIT_HELPERS_H
#define _GALLOC_KUNIT_HELPERS_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kmsg_dump.h>
#include <linux/ktime.h>
#include <linux/sched.h>

#include "mcache.h"
#include "guest.h"

/* The longest wait for a thread to finish or a condition to become true. */
#define GK_PATIENCE_MS		60000

/*
 * Two CPUs that contend for a lock may take any time, where they are threads
 * that a host schedules: such a load ends after this time, complete or not.
 */
#define GK_FIGHT_MS		250

/* Most kinds of reports that a case may announce. */
#define GK_MAX_REPORTS		16

/* Length of the text of one. */
#define GK_REPORT_TEXT		64

/**
 * struct gk_report - reports that a case has announced
 * @text: part of the first line of each
 * @fault: of galloc, of that kind; NR_GALLOC_FAULTS: a warning of the kernel
 * @n: how many warnings
 */
struct gk_report {
	char text[GK_REPORT_TEXT];
	enum galloc_fault fault;
	unsigned int n;
};

/**
 * struct gk - the state at the start of a case
 * @in_use: bytes of live objects
 * @faults: reports that are accounted for, by the count galloc keeps
 * @first: the same before the case
 * @announced: the resource "galloc-reports", there once a report is announced
 * @report: what was announced
 * @nr_reports: length of @report
 * @begin: end of the kernel's log before the first announcement
 * @listen: end of the log at the last gk_listen()
 * @limit_bytes: settings before the case
 * @reserve_pages: same
 * @free_max_pages: same
 * @cpu_cache_bytes: same
 */
struct gk {
	long in_use;
	long faults[NR_GALLOC_FAULTS];
	long first[NR_GALLOC_FAULTS];
	struct kunit_resource announced;
	struct gk_report report[GK_MAX_REPORTS];
	unsigned int nr_reports;
	struct kmsg_dump_iter begin;
	struct kmsg_dump_iter listen;
	unsigned long limit_bytes;
	unsigned long reserve_pages;
	unsigned long free_max_pages;
	unsigned long cpu_cache_bytes;
};

/* Sizes, each of which becomes a run of a case: KUNIT_CASE_PARAM(case, NAME_gen_params). */
#define GK_SIZES(_name, ...)					\
	static const size_t _name[] = { __VA_ARGS__ };		\
	KUNIT_ARRAY_PARAM(_name, _name, gk_describe_size)

static inline void gk_describe_size(const size_t *size, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%zu bytes", *size);
}

static inline size_t gk_size(const struct kunit *test)
{
	return *(const size_t *)test->param_value;
}

/* The suite galloc_NAME, which consists of the array "cases". */
#define GK_SUITE(_name, _init, _exit)		\
	static struct kunit_suite suite = {	\
		.name = "galloc_" #_name,	\
		.init = _init,			\
		.exit = _exit,			\
		.suite_exit = gk_suite_exit,	\
		.test_cases = cases,		\
	};					\
	kunit_test_suite(suite)

int gk_init(struct kunit *test);
int gk_init_alive(struct kunit *test);
int gk_init_stacks(struct kunit *test);
void gk_quiet(void);
void gk_background(void);
void gk_exit(struct kunit *test);
void gk_suite_exit(struct kunit_suite *suite);

/* ---- galloc's state ------------------------------------------------------- */

bool gk_rest(struct galloc_totals *t);
bool gk_any_set(void);
bool gk_sets_gone(void);
long gk_in_use(struct kunit *test);
unsigned int gk_row_at(const void *p);
long gk_told_pages(void);
void gk_give_back(void);
void gk_grow_by_blocks(void);
void gk_limit_to(long bytes);
void gk_unlimit(struct kunit *test);
void gk_soak(struct kunit *test);
void gk_take_free_runs(struct kunit *test);
void gk_starve(struct kunit *test);
void gk_feed(void);
void gk_in_pieces(unsigned int order);
unsigned int gk_pieces_asked(void);
void gk_whole(void);
void gk_make_room(unsigned int order);
bool gk_system_has(unsigned int order, gfp_t gfp);
struct mcache_stack *gk_take_stacks_away(struct kunit *test);
void gk_stacks_delete(struct mcache_stack *stacks);

static inline long gk_events(enum galloc_event event)
{
	return stats_events(event);
}

static inline long gk_faults(enum galloc_fault fault)
{
	return atomic_long_read(&galloc_faults[fault]);
}

/* This CPU's stack of a class; the caller is pinned. */
static inline struct mcache_stack *gk_stack(unsigned int class)
{
	return &raw_cpu_ptr(&galloc_mcache)->local[class];
}

static inline unsigned int gk_stacked(const struct mcache_stack *stack)
{
	return stack->top - stack->base;
}

static inline unsigned int gk_capacity(const struct mcache_stack *stack)
{
	return stack->end - stack->base;
}

/* The node that this CPU allocates from. */
static inline int gk_nid(void)
{
	return numa_mem_id();
}

#define for_each_class(class)						\
	for ((class) = 1; (class) < GALLOC_NR_CLASSES; (class)++)

/* ---- expected reports ---------------------------------------------------- */

/*
 * A case announces each report that it provokes: of galloc about a bad free, or
 * of the kernel, a warning.  At its end those announced must have appeared, and no
 * others; kunit.awk fails the run for any other report.
 *
 *	gk_expect_reports(test, FAULT_DOUBLE_FREE);
 *	gfree(p);
 *	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
 */
void gk_expect_reports(struct kunit *test, enum galloc_fault fault);
void gk_expect_faults(struct kunit *test, enum galloc_fault fault, long n);
void gk_expect_any_faults(struct kunit *test, long n);
void gk_expect_warning(struct kunit *test, const char *text);
void gk_tags_off(void);
void gk_tags_back(void);
void gk_listen(struct kunit *test);
unsigned int gk_heard(struct kunit *test, const char *text);

/* ---- CPUs and threads --------------------------------------------------- */

/**
 * struct gk_thread - a thread of a case, on a CPU of its own
 * @task: the thread; stays until gk_join()
 * @done: @fn has returned
 * @fn: its function; must end by itself
 * @arg: for @fn
 */
struct gk_thread {
	struct task_struct *task;
	struct completion done;
	void (*fn)(void *arg);
	void *arg;
};

int gk_cpu(unsigned int n);
void gk_pin(int cpu);
struct gk_thread *gk_start(struct kunit *test, int cpu, void (*fn)(void *arg),
			   void *arg);
struct mspan *gk_take_descriptors(void);
void gk_give_descriptors(struct mspan *all);
void gk_join(struct kunit *test, struct gk_thread *t);

/* How dump_stack() begins. */
#define GK_CALL_TRACE	(IS_ENABLED(CONFIG_ARM64) ? "Call trace:" : "Call Trace:")

/* The largest order that cases ask for: with large pages the largest of all is half a GB. */
#define GK_MAX_ORDER	(MAX_PAGE_ORDER < 25 - PAGE_SHIFT ? MAX_PAGE_ORDER : 25 - PAGE_SHIFT)
#define GK_MAX_PAGES	(1U << GK_MAX_ORDER)

/* The class of so many bytes, or the largest: a page may have more. */
#define GK_SMALL(size)	((size) < GALLOC_MAX_SMALL ? (size) : GALLOC_MAX_SMALL)

/* Some cases lay out more runs in a block than it has large pages. */
static inline void gk_needs_pages(struct kunit *test, unsigned int npages)
{
	if (npages > ARENA_PAGES)
		kunit_skip(test, "a block has fewer than %u pages", npages);
}

/* Nor are there objects of spans for each number of pages. */
static inline void gk_needs_class(struct kunit *test, size_t size)
{
	if (size > GALLOC_MAX_SMALL)
		kunit_skip(test, "no class has %zu bytes", size);
}

static inline bool gk_smp(void)
{
	return gk_cpu(0) != gk_cpu(1);
}

bool gk_meet(atomic_t *count, int n);

/* Sleep until @cond; false if it did not become true in @ms. */
#define gk_wait_for(cond, ms)						\
	__gk_wait(cond, ms, usleep_range(500, 1000))

/* The same in atomic context: another CPU must make it true. */
#define gk_spin_for(cond, ms)						\
	__gk_wait(cond, ms, cpu_relax())

/*
 * The same for a task that another one will not let wait for long.  It sleeps
 * now and then: the other may be waiting for this very CPU, and neither does
 * every kernel preempt, nor, as user-mode Linux, from an interrupt.
 */
#define gk_yield_for(cond, ms)						\
	__gk_wait(cond, ms, ({						\
		if (++__turns % 128)					\
			cpu_relax();					\
		else							\
			usleep_range(20, 50);				\
	}))

#define __gk_wait(cond, ms, pause)					\
({									\
	unsigned int __maybe_unused __turns = 0;			\
	bool __met = (cond);						\
									\
	if (!__met) {							\
		ktime_t __end = ktime_add_ms(ktime_get(), (ms));	\
									\
		do {							\
			pause;						\
			__met = (cond);					\
		} while (!__met && ktime_before(ktime_get(), __end));	\
	}								\
	__met;								\
})

/* ---- passing objects between threads -------------------------------------- */

/**
 * struct gk_ring - indices of a ring with one putter and one taker
 * @head: entries put so far; written by the putter
 * @tail: entries taken so far; written by the taker
 * @closed: no more are put
 *
 * The places themselves are the caller's array: place i is [i % its length].
 */
struct gk_ring {
	unsigned int head;
	unsigned int tail;
	bool closed;
};

static inline bool gk_ring_has_room(struct gk_ring *r, unsigned int length)
{
	/* Acquire: the taker has read the place that is written to next. */
	return r->head - smp_load_acquire(&r->tail) < length;
}

static inline void gk_ring_put(struct gk_ring *r)
{
	/* Release: what was written to the place comes first. */
	smp_store_release(&r->head, r->head + 1);
}

static inline void gk_ring_close(struct gk_ring *r)
{
	/* Release: the last put comes first. */
	smp_store_release(&r->closed, true);
}

static inline bool gk_ring_closed(struct gk_ring *r)
{
	/* Acquire: gk_ring_has_any() then tells whether any is left. */
	return smp_load_acquire(&r->closed);
}

static inline bool gk_ring_has_any(struct gk_ring *r)
{
	/* Acquire: what was written to the place is there. */
	return smp_load_acquire(&r->head) != r->tail;
}

static inline void gk_ring_take(struct gk_ring *r)
{
	/* Release: the place has been read. */
	smp_store_release(&r->tail, r->tail + 1);
}

/* ---- random numbers, number of operations -------------------------------- */

u64 gk_seed(struct kunit *test);
void gk_count_ops(unsigned long n);
unsigned long gk_ops_done(void);

unsigned long gk_times(unsigned long n);

static inline ktime_t gk_fight_end(void)
{
	return ktime_add_ms(ktime_get(), GK_FIGHT_MS);
}

/* Reschedule once in a while; true when it is time to end. */
static inline bool gk_fight_over(unsigned long i, ktime_t end)
{
	if (i % 128)
		return false;
	cond_resched();
	return ktime_after(ktime_get(), end);
}

/* Is each operation slow, as under KASAN in an emulator? */
static inline bool gk_slow(void)
{
	return gk_ops < 1000000;
}

/* xorshift64*; the state must not be 0. */
static inline u32 gk_random(u64 *state)
{
	u64 x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return (x * 0x2545f4914f6cdd1dULL) >> 32;
}

/* A number below @n. */
static inline u32 gk_below(u64 *state, u32 n)
{
	return ((u64)gk_random(state) * n) >> 32;
}

/* Log-uniform from 1 to 32 KiB, as sizes of real clients roughly are. */
static inline size_t gk_random_size(u64 *state)
{
	u32 r = gk_random(state);
	unsigned int shift = (r >> 24) % 15;

	return (1UL << shift) + (r & ((1UL << shift) - 1));
}

/* One object of a span; false if it was free. */
static inline bool mspan_release_bit(struct mspan *s, unsigned int index)
{
	return !mspan_release_bits(s, index / BITS_PER_LONG, BIT(index % BITS_PER_LONG));
}

#endif /* _GALLOC_KUNIT_HELPERS_H */
