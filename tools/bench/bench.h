/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * bench: what the files of galloc_bench.ko share.
 *
 *	main.c		parameters, debugfs, what a kernel must not have
 *	measure.c	repetitions, medians, the results
 *	allocators.h	the operations of each allocator
 *	loops.c		cases on one CPU, without an interrupt
 *	burst.c		cases with very many objects out at once
 *	threads.c	cases on several CPUs
 *	memory.c	cases that count bytes
 *	irq.c		cases in interrupts
 *	latency.c	for how long galloc keeps others off
 *	plan.c		a trace, and the plan of its replay
 *	replay.c	the case that replays it
 */
#ifndef _GALLOC_BENCH_H
#define _GALLOC_BENCH_H

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/types.h>

#define SEED		20090612
#define LIST_LEN	2048	/* sizes in a list */
#define MAX_SLOTS	4096	/* objects a loop has out at a time */
#define MAX_REPS	101

/* The last two are galloc's, in what way "release" takes a heap back. */
enum allocator {
	NONE, GALLOC, KMALLOC, KMEM_CACHE, PAGES, GCACHE, GHEAP, SWEEP, GFREE, NR_ALLOCATORS
};

extern const char * const allocator_names[NR_ALLOCATORS];

struct ring;
struct replay_event;
struct turns;

/**
 * struct run - what one thread of a case works on with one allocator
 * @ops: pairs of alloc and free in a repetition
 * @out: objects out at a time
 * @live: slots that hold an object between repetitions
 * @size: of the objects, where the compiler must not know it
 * @sizes: LIST_LEN sizes to take in turn
 * @order: the order in which slots are freed
 * @slot: objects that are out
 * @cache: for KMEM_CACHE
 * @gcache: for GCACHE
 * @gheap: for GHEAP
 * @to: batches of objects go there
 * @from: and come from there
 * @event: @ops events of a trace
 * @step: replays those
 * @cpu: that it does the part of
 * @turns: the replay that it takes part in
 * @ns: what all steps took
 * @failed: an allocation failed, or a wait took too long: no figure
 */
struct run {
	unsigned int ops;
	unsigned int out;
	unsigned int live;
	size_t size;
	const u16 *sizes;
	const u16 *order;
	void **slot;
	struct kmem_cache *cache;
	struct galloc_cache *gcache;
	struct galloc_heap *gheap;
	struct ring *to;
	struct ring *from;
	const struct replay_event *event;
	void (*step)(struct run *run);
	unsigned int cpu;
	struct turns *turns;
	u64 ns;
	bool failed;
};

typedef void run_fn(struct run *run);

/* A loop, compiled for each allocator that can do it; NULL for the others. */
struct case_fns {
	void (*by[NR_ALLOCATORS])(struct run *run);
};

/**
 * struct bench_case - a row of the tables of cases
 * @name: of the case
 * @variant: with its qualifiers
 * @measure: does it all, results included; 0 or -errno
 * @fns: the loop
 * @ops: pairs in a repetition, before the parameter "scale"
 * @out: objects out at a time
 * @size: of each object; 0 if @sizes has it
 * @sizes: list to take sizes from
 * @order: order of freeing
 */
struct bench_case {
	const char *name;
	const char *variant;
	int (*measure)(const struct bench_case *c);
	const struct case_fns *fns;
	unsigned int ops;
	unsigned int out;
	unsigned int size;
	const u16 *sizes;
	const u16 *order;
};

/* ---- main.c ----------------------------------------------------------------- */

extern unsigned int reps;
extern unsigned int scale;
extern char *metric;
extern bool count_bytes;

/* "instr": the clock counts instructions, and one CPU runs at a time. */
bool clock_counts_instructions(void);
/* "locks_per_kop": it counts locks and atomics of galloc, on all CPUs. */
bool clock_counts_locks(void);
u64 bench_clock(void);

/* Counters of a galloc.ko that counts: their names and sums. */
#define MAX_COUNTS	12
struct counts {
	unsigned int n;
	const char *name[MAX_COUNTS];
	unsigned long sum[MAX_COUNTS];
};

struct bench_case;
void counts_read(struct counts *counts);
int counts_report(const struct bench_case *c, unsigned int cpus, unsigned int ops,
		  const struct counts *before, bool sum);

/* ---- loops.c ---------------------------------------------------------------- */

int measure_loop(const struct bench_case *c);
u64 time_loop(run_fn *fn, struct run *run);

/* ---- measure.c -------------------------------------------------------------- */

/* Thousandths of what the metric counts. */
struct figure {
	s64 value;
	s64 min;
	s64 max;
};

extern u64 took[NR_ALLOCATORS][MAX_REPS];
extern u16 sizes_log8192[LIST_LEN];
extern u16 sizes_uniform2048[LIST_LEN];
extern u16 sizes_larson[LIST_LEN];
extern u16 order_fifo[MAX_SLOTS];
extern u16 order_lifo[MAX_SLOTS];
extern u16 order_larson[LIST_LEN];

int measure_init(void);
void measure_exit(void);
void results_clear(void);
struct seq_file;
void results_show(struct seq_file *m);
int result_add(const struct bench_case *c, enum allocator a, unsigned int cpus,
	       const char *what, const struct figure *figure);
__printf(3, 4)
int not_judged(const struct bench_case *c, int err, const char *fmt, ...);
bool is_judged(const struct bench_case *c);
int report_times(const struct bench_case *c, unsigned int cpus,
		 unsigned int ops, unsigned int n);
int report_runs(const struct bench_case *c, struct run *run, int err);
struct rnd_state;
u32 draw_uniform(struct rnd_state *rnd, u32 lo, u32 hi);
u32 draw_log8192(struct rnd_state *rnd);
u64 median_of(u64 *values, unsigned int n);
int run_prepare(struct run *run, const struct bench_case *c, enum allocator a);
void run_cleanup(struct run *run, enum allocator a);
void object_free(struct run *run, enum allocator a, void *p);
const u16 *shuffled(unsigned int out);

/* ---- threads.c -------------------------------------------------------------- */

#define MAX_THREADS	32

int measure_scale(const struct bench_case *c);
unsigned int team_cpus(void);
unsigned long team_patience(unsigned long wait);
u64 team_run(run_fn *fn, struct run *run, unsigned int n, int cpu);

/* ---- memory.c --------------------------------------------------------------- */

/* Where the shell writes a number to, which is then here. */
#define BENCH_SYSTEM	"/sys/kernel/debug/galloc_bench/system"
extern s64 galloc_system;

s64 free_bytes(void);
void settle(void);
int bench_shell(char *command);
int read_galloc_system(void);
int give_back(enum allocator a);

/* ---- replay.c --------------------------------------------------------------- */

int replay_load(const char *path);
void replay_exit(void);

/* ---- the tables, each ends with a row without a name ------------------------- */

extern const struct bench_case loop_cases[];
extern const struct bench_case burst_cases[];
extern const struct bench_case thread_cases[];
extern const struct bench_case irq_cases[];
extern const struct bench_case memory_cases[];
extern const struct bench_case replay_cases[];
extern const struct bench_case latency_cases[];
extern const struct bench_case client_cases[];

#endif /* _GALLOC_BENCH_H */
