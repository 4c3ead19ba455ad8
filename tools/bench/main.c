// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_bench: what an allocation costs, in galloc and in its peers.
 *
 *	echo mixed:1024 >/sys/kernel/debug/galloc_bench/run
 *	cat /sys/kernel/debug/galloc_bench/results
 *
 * "run" takes the name of a case, with or without the beginning of a variant
 * behind a colon, and returns when it is done.  A line of "results" has the
 * columns case, variant, allocator, cpus, metric, value, min and max, separated
 * by tabs.  The value is the median over the repetitions, less that of the same
 * loop without allocator; that loop, the allocator "none", is shown unchanged.  A
 * case that could not be measured has a line "!", case, variant, why; the write to
 * "run" then fails, but those behind it are measured.
 * "trace" takes the path of what the case "replay" replays, see replay.c.
 *
 * Under `qemu -icount shift=0` the clock advances 1 ns an instruction; then the
 * metric is "instr".  With a galloc.ko built with GALLOC_COUNT=y, the metric
 * "locks_per_kop" takes its counter for a clock: what is reported then is how
 * many locks and atomics of galloc a thousand pairs take, not a time; replays report
 * what these are for, too.
 *
 * To add an allocator: its operations and a place in DEFINE_LOOP(), see
 * allocators.h.  To add a case: an inline function, DEFINE_LOOP() and a row in
 * loop_cases[] or thread_cases[].
 */
#include "bench.h"

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

unsigned int reps = 21;
module_param(reps, uint, 0444);
MODULE_PARM_DESC(reps, "repetitions of each measurement (3..101, default 21)");

unsigned int scale = 1;
module_param(scale, uint, 0444);
MODULE_PARM_DESC(scale, "makes each repetition so many times longer (default 1)");

char *metric = "ns";
module_param(metric, charp, 0444);
MODULE_PARM_DESC(metric, "what is counted: ns (default), instr, locks_per_kop");

bool count_bytes = true;
module_param_named(bytes, count_bytes, bool, 0444);
MODULE_PARM_DESC(bytes, "replay: measure held memory, too, which nobody else may use");

/* One case at a time. */
static DEFINE_MUTEX(bench_lock);
static struct dentry *dir;

bool clock_counts_instructions(void)
{
	return !strcmp(metric, "instr");
}

/* Of a galloc.ko that counts, see count.c; others do not have them. */
extern unsigned long galloc_count_contended(void);
extern const char *galloc_count_of(unsigned int what, unsigned long *n);
static unsigned long (*count_contended)(void);
static const char *(*count_of)(unsigned int what, unsigned long *n);

bool clock_counts_locks(void)
{
	return count_contended;
}

u64 bench_clock(void)
{
	return count_contended ? count_contended() : ktime_get_ns();
}

/* What is counted apart, so far. */
void counts_read(struct counts *counts)
{
	while (counts->n < MAX_COUNTS &&
	       (counts->name[counts->n] = count_of(counts->n, &counts->sum[counts->n])))
		counts->n++;
}

/*
 * Counts since @before, for a thousand of @ops.  The last two are the locks that were
 * acquired, and those that another CPU had: that is a part of the former.  @sum: all
 * together, too, which is the metric.
 */
int counts_report(const struct bench_case *c, unsigned int cpus, unsigned int ops,
		  const struct counts *before, bool sum)
{
	struct counts now = {};
	unsigned long last = 0;
	unsigned int i;
	int err = 0;

	counts_read(&now);
	for (i = 0; i < now.n && !err; i++) {
		unsigned long n = now.sum[i] - before->sum[i];
		struct figure figure;

		if (!sum && !strcmp(now.name[i], metric))
			continue;
		figure.value = i + 1 < now.n ? div_u64(1000000ULL * n, ops) :
			       last ? div64_u64(100000ULL * n, last) : 0;
		figure.min = figure.value;
		figure.max = figure.value;
		err = result_add(c, GALLOC, cpus, now.name[i], &figure);
		last = n;
	}
	return err;
}

/* ---- run -------------------------------------------------------------------------- */

static const struct bench_case * const tables[] = {
	loop_cases, burst_cases, thread_cases, irq_cases, memory_cases,
	replay_cases, latency_cases, client_cases
};

/* Is the case meant by "name" or "name:beginning of a variant"? */
static bool is_meant(const struct bench_case *c, const char *what)
{
	size_t n = strlen(c->name);

	if (strncmp(what, c->name, n))
		return false;
	what += n;
	return !*what ||
	       (*what == ':' && !strncmp(c->variant, what + 1, strlen(what + 1)));
}

static int run_cases(const char *what)
{
	const struct bench_case *c;
	bool found = false;
	int err, first = 0;
	unsigned int i;

	mutex_lock(&bench_lock);
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		for (c = tables[i]; c->name; c++) {
			if (!is_meant(c, what))
				continue;
			found = true;
			err = c->measure(c);
			/* A replay without a trace is none. */
			if (err && *c->variant && is_judged(c))
				not_judged(c, err, "error %d", err);
			first = first ?: err;
		}
	}
	mutex_unlock(&bench_lock);
	return found ? first : -EINVAL;
}

static ssize_t run_write(struct file *file, const char __user *text,
			 size_t len, loff_t *ppos)
{
	char what[48];
	int err;

	if (len >= sizeof(what))
		return -EINVAL;
	if (copy_from_user(what, text, len))
		return -EFAULT;
	what[len] = '\0';
	err = run_cases(strim(what));
	return err ? err : len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.write = run_write,
};

static ssize_t trace_write(struct file *file, const char __user *text,
			   size_t len, loff_t *ppos)
{
	char path[256];
	int err;

	if (len >= sizeof(path))
		return -ENAMETOOLONG;
	if (copy_from_user(path, text, len))
		return -EFAULT;
	path[len] = '\0';
	mutex_lock(&bench_lock);
	err = replay_load(strim(path));
	mutex_unlock(&bench_lock);
	return err ? err : len;
}

static const struct file_operations trace_fops = {
	.owner = THIS_MODULE,
	.write = trace_write,
};

static int all_results_show(struct seq_file *m, void *v)
{
	mutex_lock(&bench_lock);
	results_show(m);
	mutex_unlock(&bench_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(all_results);

/* galloc's own statistics, see memory.c, which waits for them. */
static int system_set(void *data, u64 bytes)
{
	galloc_system = bytes;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(system_fops, NULL, system_set, "%llu\n");

/* ---- load ------------------------------------------------------------------------- */

/*
 * What makes an allocator slow on purpose.  Checks that were chosen at boot are
 * found by what they do to a slab: each makes room beside the objects.
 */
static const char *what_spoils_it(void)
{
	static const char * const options[] = {
		IS_ENABLED(CONFIG_KASAN) ? "CONFIG_KASAN" : NULL,
		IS_ENABLED(CONFIG_LOCKDEP) ? "CONFIG_LOCKDEP" : NULL,
		IS_ENABLED(CONFIG_SLUB_TINY) ? "CONFIG_SLUB_TINY" : NULL,
		IS_ENABLED(CONFIG_SLUB_STATS) ? "CONFIG_SLUB_STATS" : NULL,
		IS_ENABLED(CONFIG_SLUB_DEBUG_ON) ? "CONFIG_SLUB_DEBUG_ON" : NULL,
		IS_ENABLED(CONFIG_DEBUG_PAGEALLOC) ? "CONFIG_DEBUG_PAGEALLOC" : NULL,
	};
	unsigned long closest = PAGE_SIZE;
	unsigned int i, j;
	void *p[32];

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i])
			return options[i];

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = kmalloc(64, GFP_KERNEL);
		for (j = 0; p[i] && j < i; j++)
			closest = min_t(unsigned long, closest,
					abs((long)p[i] - (long)p[j]));
	}
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kfree(p[i]);
	return closest == 64 ? NULL : "slab debugging";
}

static void counts_put(void)
{
	if (count_contended)
		symbol_put(galloc_count_contended);
	if (count_of)
		symbol_put(galloc_count_of);
}

static int __init galloc_bench_init(void)
{
	const char *spoilt = what_spoils_it();
	int err;

	if (spoilt) {
		pr_err("this kernel has %s: no figure would mean anything\n",
		       spoilt);
		return -EOPNOTSUPP;
	}
	if (reps < 3 || reps > MAX_REPS) {
		pr_err("reps=%u is not in 3..%d\n", reps, MAX_REPS);
		return -EINVAL;
	}
	if (!scale || scale > 1000) {
		pr_err("scale=%u is not in 1..1000\n", scale);
		return -EINVAL;
	}
	if (!strcmp(metric, "locks_per_kop")) {
		count_contended = symbol_get(galloc_count_contended);
		count_of = symbol_get(galloc_count_of);
		if (!count_contended || !count_of) {
			pr_err("metric=locks_per_kop: this galloc.ko does not count\n");
			err = -EINVAL;
			goto err_symbol;
		}
	} else if (strcmp(metric, "ns") && strcmp(metric, "instr")) {
		pr_err("metric=%s is unknown: ns, instr or locks_per_kop\n", metric);
		return -EINVAL;
	}
	err = measure_init();
	if (err)
		goto err_symbol;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(dir)) {
		err = PTR_ERR(dir);
		pr_err("no debugfs (%d)\n", err);
		goto err_measure;
	}
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("trace", 0200, dir, NULL, &trace_fops);
	debugfs_create_file_unsafe("system", 0200, dir, NULL, &system_fops);
	debugfs_create_file("results", 0400, dir, NULL, &all_results_fops);
	return 0;

err_measure:
	measure_exit();
err_symbol:
	counts_put();
	return err;
}

static void __exit galloc_bench_exit(void)
{
	debugfs_remove(dir);
	replay_exit();
	measure_exit();
	counts_put();
}

module_init(galloc_bench_init);
module_exit(galloc_bench_exit);

MODULE_DESCRIPTION("What an allocation costs, in galloc and in its peers");
MODULE_LICENSE("GPL");
