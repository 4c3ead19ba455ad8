// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_mixed: requests of all sizes and flags, while memory is cut anew again and again.
 *
 * Some threads allocate, write, resize and free objects of 1 byte to 1 MiB, most of them
 * small, from galloc or, with use_kmalloc=1, from kmalloc(): the same program.  Each time
 * they have done a part of it they pause, all free memory is taken, and every other page
 * returned, so that a long run is only what objects leave.  A thread keeps few bytes: there is
 * memory, but in pieces.
 *
 * debugfs galloc_mixed has a line for each length of run:
 *
 *	PAGES ASKED SERVED
 *
 * and
 *
 *	ns N		of an operation, in all threads together
 *	wrong N		objects that were not as they had been left
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/rwsem.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <galloc.h>

#include "param.h"

PARAM(bool, use_kmalloc, false, "kmalloc() in place of galloc()");
PARAM(uint, ops, 60000, "operations of all threads together");
PARAM(uint, cuts, 4, "how often memory is cut");
PARAM(uint, free_mb, 24, "most memory that is free then");
PARAM(ulong, seed, 1, "of the random numbers");

#define THREADS		4
#define SLOTS		256
/* Bytes that a thread has at most. */
#define LIVE_BYTES	(2500UL << 10)
#define ORDERS		9

struct object {
	u8 *p;
	size_t size;
	u8 mark;
};

struct worker {
	struct object objects[SLOTS];
	size_t live;
	struct rnd_state rnd;
	struct task_struct *task;
};

static const gfp_t flags[] = {
	GFP_ATOMIC, GFP_NOWAIT, 0,
	GFP_KERNEL | __GFP_NORETRY, GFP_KERNEL | __GFP_RETRY_MAYFAIL,
	GFP_NOFS | __GFP_NORETRY, GFP_NOIO | __GFP_NORETRY,
	GFP_KERNEL | __GFP_ZERO | __GFP_NORETRY, GFP_KERNEL | __GFP_THISNODE | __GFP_NORETRY,
};

static struct worker *workers;
/* Nobody allocates while memory is cut: how long there is none depends on what else runs. */
static DECLARE_RWSEM(cut_sem);
static atomic_t done, wrong, asked[ORDERS], served[ORDERS];
static LIST_HEAD(taken);
static u64 nanoseconds;
static struct dentry *file;

static u32 random_below(struct worker *w, u32 n)
{
	return prandom_u32_state(&w->rnd) % n;
}

/* ---- objects ---------------------------------------------------------------------- */

static void write_object(struct worker *w, struct object *o)
{
	o->mark = random_below(w, 256);
	o->p[0] = o->mark;
	o->p[o->size / 2] = o->mark;
	o->p[o->size - 1] = o->mark;
}

static void check_object(const struct object *o)
{
	if (o->p[0] != o->mark || o->p[o->size / 2] != o->mark || o->p[o->size - 1] != o->mark)
		atomic_inc(&wrong);
}

static void free_object(struct worker *w, struct object *o)
{
	check_object(o);
	w->live -= o->size;
	if (use_kmalloc)
		kfree(o->p);
	else
		gfree(o->p);
	o->p = NULL;
}

/* Most are small; each power of two is as likely as the next. */
static size_t random_size(struct worker *w)
{
	u32 most = random_below(w, 16) ? random_below(w, 4) ? 12 : 16 : 20;

	return 1 + (prandom_u32_state(&w->rnd) & ((2UL << random_below(w, most)) - 1));
}

static void resize_object(struct worker *w, struct object *o)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	size_t size = 1 + random_below(w, SZ_16K);
	u8 *p = use_kmalloc ? krealloc(o->p, size, gfp) : grealloc(o->p, size, gfp);

	if (!p)
		return;
	if (p[0] != o->mark)
		atomic_inc(&wrong);
	w->live += size - o->size;
	o->p = p;
	o->size = size;
	write_object(w, o);
}

static void allocate_object(struct worker *w, struct object *o)
{
	size_t size = random_size(w);
	int order = min(get_order(size), ORDERS - 1);
	/* Nobody is to be killed; of a page kmalloc() fails for nobody who may sleep. */
	gfp_t gfp = flags[random_below(w, ARRAY_SIZE(flags))] | __GFP_NOWARN;

	atomic_inc(&asked[order]);
	o->p = use_kmalloc ? kmalloc(size, gfp) : galloc(size, gfp);
	if (!o->p)
		return;
	atomic_inc(&served[order]);
	o->size = size;
	w->live += size;
	write_object(w, o);
	if (!random_below(w, 8))
		resize_object(w, o);
}

static void operate(struct worker *w)
{
	struct object *o = &w->objects[random_below(w, SLOTS)];

	if (o->p || w->live > LIVE_BYTES) {
		while (!o->p)
			o = &w->objects[random_below(w, SLOTS)];
		free_object(w, o);
	} else {
		allocate_object(w, o);
	}
}

static int work(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	while (!kthread_should_stop()) {
		if (atomic_read(&done) >= ops) {
			usleep_range(500, 1000);
			continue;
		}
		down_read(&cut_sem);
		for (i = 0; i < 50; i++)
			operate(w);
		up_read(&cut_sem);
		atomic_add(i, &done);
		cond_resched();
	}
	for (i = 0; i < SLOTS; i++)
		if (w->objects[i].p)
			free_object(w, &w->objects[i]);
	return 0;
}

/* ---- memory in pieces ----------------------------------------------------------------- */

static void take_memory(void)
{
	struct page *page;
	unsigned int n = 0;

	while ((page = alloc_page(GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_NOWARN))) {
		list_add(&page->lru, &taken);
		if (++n % 256 == 0)
			cond_resched();
	}
}

/* Return every other page, or all. */
static void give_memory(bool all)
{
	unsigned long left = all ? ULONG_MAX : (unsigned long)free_mb << (20 - PAGE_SHIFT);
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &taken, lru) {
		if (!left || (!all && page_to_pfn(page) % 2 == 0))
			continue;
		list_del(&page->lru);
		__free_page(page);
		left--;
	}
}

static void cut_memory(void)
{
	down_write(&cut_sem);
	take_memory();
	give_memory(false);
	up_write(&cut_sem);
}

static void run(void)
{
	u64 begin, away = 0;
	unsigned int i, n = 0;

	cut_memory();
	begin = ktime_get_ns();
	for (i = 0; i < THREADS; i++)
		wake_up_process(workers[i].task);
	while (atomic_read(&done) < ops) {
		u64 now = ktime_get_ns();

		if (atomic_read(&done) / (ops / cuts) > n) {
			n++;
			cut_memory();
			away += ktime_get_ns() - now;
		}
		msleep(20);
	}
	nanoseconds = div_u64(ktime_get_ns() - begin - away, ops);
}

/* ---- load and unload ------------------------------------------------------------------ */

static int mixed_show(struct seq_file *m, void *v)
{
	int i;

	for (i = 0; i < ORDERS; i++)
		seq_printf(m, "%d %d %d\n", 1 << i, atomic_read(&asked[i]),
			   atomic_read(&served[i]));
	seq_printf(m, "ns %llu\nwrong %d\n", nanoseconds, atomic_read(&wrong));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mixed);

static void stop_workers(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		if (!IS_ERR_OR_NULL(workers[i].task))
			kthread_stop(workers[i].task);
}

static int __init mixed_init(void)
{
	unsigned int i;
	int err = 0;

	if (ops < cuts || !cuts)
		return -EINVAL;
	workers = vzalloc(array_size(THREADS, sizeof(*workers)));
	if (!workers)
		return -ENOMEM;
	for (i = 0; i < THREADS && !err; i++) {
		prandom_seed_state(&workers[i].rnd, seed * 1000 + i);
		workers[i].task = kthread_create(work, &workers[i], "galloc_mixed/%u", i);
		err = PTR_ERR_OR_ZERO(workers[i].task);
		if (!err)
			kthread_bind(workers[i].task, i % num_online_cpus());
	}
	if (!err)
		run();
	stop_workers();
	give_memory(true);
	vfree(workers);
	if (!err)
		file = debugfs_create_file("galloc_mixed", 0444, NULL, NULL, &mixed_fops);
	return err;
}

static void __exit mixed_exit(void)
{
	debugfs_remove(file);
}

module_init(mixed_init);
module_exit(mixed_exit);
MODULE_DESCRIPTION("requests of all kinds while memory is in pieces");
MODULE_LICENSE("GPL");
