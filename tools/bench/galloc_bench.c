// SPDX-License-Identifier: GPL-2.0
/*
 * galloc_bench: what an allocation costs, in galloc and in its peers.
 *
 *	echo all >/sys/kernel/debug/galloc_bench/run
 *	cat /sys/kernel/debug/galloc_bench/results
 *
 * "run" takes the name of a case or "all" and returns when it is done. A line
 * of "results" has the columns case, variant, allocator, cpus, metric, value,
 * min and max, separated by tabs, per pair of alloc and free. The value is the
 * median over the repetitions, less that of the same loop without allocator;
 * that loop, the allocator "none", is shown as it is.
 *
 * Every case is written once, as an inline function over two operations. For
 * each allocator it is compiled with those of that allocator put in, so that a
 * constant size stays constant and no indirect call is measured. To add an
 * allocator: its two inline functions, a row in allocators[] and a line in
 * DEFINE_CASE(). To add a case: an inline function, DEFINE_CASE() and a row in
 * cases[].
 *
 * Under `qemu -icount shift=0` the clock advances 1 ns an instruction; then the
 * metric is "instr". There a repetition is the same number of instructions each
 * time, unless the timer tick falls into it. So it begins with cond_resched(),
 * because a pending reschedule sends each preempt_enable() into its slow path,
 * it is much shorter than a tick, and it is repeated when a tick fell into it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <galloc.h>

#define SEED		20090612
#define LIST_LEN	2048	/* sizes in the list of a mixed case */
#define MAX_SLOTS	1024	/* objects a case has out at a time */
#define MAX_REPS	101
#define MAX_TRIES	8	/* for a repetition without a tick */

static unsigned int reps = 21;
module_param(reps, uint, 0444);
MODULE_PARM_DESC(reps, "repetitions of each measurement (3..101, default 21)");

static char *metric = "ns";
module_param(metric, charp, 0444);
MODULE_PARM_DESC(metric, "what a nanosecond of the clock stands for: ns (default), instr");

/* What a case works on; the same for all allocators. */
struct run {
	unsigned int ops;		/* pairs in a repetition */
	bool failed;			/* an allocation failed: no figure */
	const u16 *size;		/* LIST_LEN sizes, from the seed */
	void **slot;			/* objects that are out */
};

/* The allocators */

enum allocator { NONE, GALLOC, KMALLOC, NR_ALLOCATORS };

typedef void *(alloc_fn)(size_t size);
typedef void (free_fn)(void *p);

static __always_inline void *none_alloc(size_t size)
{
	/* The size must be in a register, as for the others. */
	OPTIMIZER_HIDE_VAR(size);
	return ZERO_SIZE_PTR;
}

static __always_inline void none_free(void *p)
{
	OPTIMIZER_HIDE_VAR(p);
}

static __always_inline void *galloc_alloc(size_t size)
{
	return galloc(size, GFP_KERNEL);
}

static __always_inline void galloc_free(void *p)
{
	gfree(p);
}

static __always_inline void *kmalloc_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static __always_inline void kmalloc_free(void *p)
{
	kfree(p);
}

static const struct {
	const char *name;
	free_fn *free;
} allocators[NR_ALLOCATORS] = {
	[NONE]		= { "none",	none_free },
	[GALLOC]	= { "galloc",	galloc_free },
	[KMALLOC]	= { "kmalloc",	kmalloc_free },
};

/* The cases */

/* One case, compiled for each allocator. */
struct case_fns {
	void (*by[NR_ALLOCATORS])(struct run *run);
};

/*
 * DEFINE_CASE(fn, body, ...): for each allocator a function fn_allocator() that
 * is body(run, its alloc, its free, ...), and fn, the table of them.
 */
#define DEFINE_CASE_FN(fn, a, body, ...)				\
static noinline void fn##_##a(struct run *run)				\
{									\
	body(run, a##_alloc, a##_free, ##__VA_ARGS__);			\
}

#define DEFINE_CASE(fn, body, ...)					\
	DEFINE_CASE_FN(fn, none, body, ##__VA_ARGS__)			\
	DEFINE_CASE_FN(fn, galloc, body, ##__VA_ARGS__)			\
	DEFINE_CASE_FN(fn, kmalloc, body, ##__VA_ARGS__)		\
	static const struct case_fns fn = {				\
		.by[NONE] = fn##_none,					\
		.by[GALLOC] = fn##_galloc,				\
		.by[KMALLOC] = fn##_kmalloc,				\
	}

/* Allocate, free. */
static __always_inline void pair(struct run *run, alloc_fn *alloc,
				 free_fn *free, size_t size)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		void *p = alloc(size);

		/* The compiler must not know that nobody uses it. */
		OPTIMIZER_HIDE_VAR(p);
		if (unlikely(!p)) {
			run->failed = true;
			return;
		}
		free(p);
	}
}

DEFINE_CASE(pair_64c, pair, 64);

/* @out objects are out; the oldest goes, one of the next size comes. */
static __always_inline void mixed(struct run *run, alloc_fn *alloc,
				  free_fn *free, unsigned int out)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		void **slot = &run->slot[i % out];
		void *p;

		free(*slot);
		p = alloc(run->size[i % LIST_LEN]);
		OPTIMIZER_HIDE_VAR(p);
		*slot = p;
		if (unlikely(!p)) {
			run->failed = true;
			return;
		}
	}
}

DEFINE_CASE(mixed_32, mixed, 32);

static const struct bench_case {
	const char *name;
	const char *variant;
	const struct case_fns *fns;
	unsigned int ops;	/* pairs in a repetition, some 500000 instructions */
} cases[] = {
	{ "pair",	"64c",	&pair_64c,	2048 },
	{ "mixed",	"32",	&mixed_32,	LIST_LEN },
};

/* The instrument */

/* In tenths of a nanosecond for each pair. */
struct figure {
	s64 median;
	s64 min;
	s64 max;
};

/* Protects all that follows. */
static DEFINE_MUTEX(bench_lock);
static struct figure results[ARRAY_SIZE(cases)][NR_ALLOCATORS];
static bool measured[ARRAY_SIZE(cases)];
static u64 took[NR_ALLOCATORS][MAX_REPS];
static u16 sizes[LIST_LEN];
static void *slots[NR_ALLOCATORS][MAX_SLOTS];

static struct dentry *dir;

/* 2^(i/16), times 2^16. */
static const u32 pow2_16th[] = {
	65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752, 92682,
	96785, 101070, 105545, 110218, 115098, 120194, 125515, 131072,
};

/* Sizes of 1..8192, as many in each octave: 2^x for an even x in [0, 13). */
static void make_sizes(void)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < LIST_LEN; i++) {
		u32 r = prandom_u32_state(&rnd);
		u32 x = ((u64)r * 13) >> 16;	/* 16 bits after the point */
		u32 lo = pow2_16th[(x >> 12) & 15];
		u32 hi = pow2_16th[((x >> 12) & 15) + 1];
		u32 frac = lo + (((hi - lo) * (x & 0xfff)) >> 12);

		sizes[i] = ((u64)frac << (x >> 16)) >> 16;
	}
}

static u64 measure_once(const struct bench_case *c, enum allocator a,
			struct run *run)
{
	unsigned int try;
	u64 start, ns;

	for (try = 0; try < MAX_TRIES; try++) {
		unsigned long tick;

		cond_resched();
		tick = jiffies;
		start = ktime_get_ns();
		c->fns->by[a](run);
		ns = ktime_get_ns() - start;
		if (!time_after(jiffies, tick))
			break;
	}
	return ns;
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void evaluate(const struct bench_case *c, struct figure *figure)
{
	unsigned int a;
	u64 none;

	for (a = 0; a < NR_ALLOCATORS; a++)
		sort(took[a], reps, sizeof(took[a][0]), compare_u64, NULL);

	none = took[NONE][reps / 2];
	for (a = 0; a < NR_ALLOCATORS; a++) {
		s64 off = a == NONE ? 0 : none;

		figure[a].median = div_s64(10 * (s64)(took[a][reps / 2] - off),
					   c->ops);
		figure[a].min = div_s64(10 * (s64)(took[a][0] - off), c->ops);
		figure[a].max = div_s64(10 * (s64)(took[a][reps - 1] - off),
					c->ops);
	}
}

/* The allocators take turns, so that a drift of the machine hits them all. */
static int measure(const struct bench_case *c)
{
	struct run run[NR_ALLOCATORS];
	unsigned int a, i;
	int err = 0;

	for (a = 0; a < NR_ALLOCATORS; a++) {
		run[a] = (struct run) {
			.ops = c->ops,
			.size = sizes,
			.slot = slots[a],
		};
		/* Not counted: fills the slots, warms the caches. */
		c->fns->by[a](&run[a]);
	}
	for (i = 0; i < reps; i++) {
		for (a = 0; a < NR_ALLOCATORS; a++)
			took[a][i] = measure_once(c, a, &run[a]);
	}
	for (a = 0; a < NR_ALLOCATORS; a++) {
		for (i = 0; i < MAX_SLOTS; i++) {
			allocators[a].free(slots[a][i]);
			slots[a][i] = NULL;
		}
		if (run[a].failed) {
			pr_err("%s %s: %s gave no memory\n", c->name,
			       c->variant, allocators[a].name);
			err = -ENOMEM;
		}
	}
	return err;
}

/* run */

static int run_cases(const char *name)
{
	bool all = !strcmp(name, "all"), found = false;
	unsigned int i;
	int err = 0;

	mutex_lock(&bench_lock);
	for (i = 0; i < ARRAY_SIZE(cases) && !err; i++) {
		if (!all && strcmp(name, cases[i].name))
			continue;
		found = true;
		measured[i] = false;
		err = measure(&cases[i]);
		if (!err) {
			evaluate(&cases[i], results[i]);
			measured[i] = true;
		}
	}
	mutex_unlock(&bench_lock);
	return found ? err : -EINVAL;
}

static ssize_t run_write(struct file *file, const char __user *text,
			 size_t len, loff_t *ppos)
{
	char name[32];
	int err;

	if (len >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, text, len))
		return -EFAULT;
	name[len] = '\0';
	err = run_cases(strim(name));
	return err ? err : len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.write = run_write,
};

/* results */

static void show_tenths(struct seq_file *m, s64 tenths)
{
	u64 n = abs(tenths);
	u32 rest;

	n = div_u64_rem(n, 10, &rest);
	seq_printf(m, "\t%s%llu.%u", tenths < 0 ? "-" : "", n, rest);
}

static int results_show(struct seq_file *m, void *v)
{
	unsigned int i, a;

	mutex_lock(&bench_lock);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (a = 0; a < NR_ALLOCATORS && measured[i]; a++) {
			const struct figure *f = &results[i][a];

			seq_printf(m, "%s\t%s\t%s\t1\t%s", cases[i].name,
				   cases[i].variant, allocators[a].name,
				   metric);
			show_tenths(m, f->median);
			show_tenths(m, f->min);
			show_tenths(m, f->max);
			seq_putc(m, '\n');
		}
	}
	mutex_unlock(&bench_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int __init galloc_bench_init(void)
{
	if (reps < 3 || reps > MAX_REPS) {
		pr_err("reps=%u is not in 3..%d\n", reps, MAX_REPS);
		return -EINVAL;
	}
	if (strcmp(metric, "ns") && strcmp(metric, "instr")) {
		pr_err("metric=%s is neither ns nor instr\n", metric);
		return -EINVAL;
	}
	make_sizes();

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(dir)) {
		pr_err("no debugfs (%ld)\n", PTR_ERR(dir));
		return PTR_ERR(dir);
	}
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, dir, NULL, &results_fops);
	return 0;
}

static void __exit galloc_bench_exit(void)
{
	debugfs_remove(dir);
}

module_init(galloc_bench_init);
module_exit(galloc_bench_exit);

MODULE_DESCRIPTION("What an allocation costs, in galloc and in its peers");
MODULE_LICENSE("GPL");
