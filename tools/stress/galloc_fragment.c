// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_fragment: which requests succeed in fragmented memory?
 *
 * Takes all memory, and returns every other block of 2^order pages: no two of
 * those are buddies, and nothing larger is free.  Then objects of each size class,
 * and larger ones, are requested with each kind of flags, from galloc or, with
 * use_kmalloc=1, from kmalloc(); a few of each at a time, much less than is free.  With
 * during=1 many objects are there before, and half of them are freed afterwards.
 * Last, with fill=1, memory is filled with objects of some sizes, and with it full
 * come requests that may not fail.
 *
 * Requests for which kmalloc() would invoke the OOM killer are skipped, since such a
 * kill proves nothing.  They run in a kernel thread, which cannot be killed itself.
 * Other tasks that find no memory meanwhile get some, as from galloc_hog.
 *
 * debugfs galloc_fragment has a line for each size and flags:
 *
 *	SIZE FLAGS ORDER ASKED SERVED
 *
 * and, if the thread does not come to an end, "stuck SIZE FLAGS".
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/oom.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <galloc.h>

#include "param.h"

PARAM(bool, use_kmalloc, false, "kmalloc() in place of galloc()");
PARAM(uint, order, 0, "of the blocks that are free");
PARAM(bool, during, false, "allocate before memory is in pieces, too");
PARAM(bool, fill, false, "at the end, until there is none");
PARAM(uint, fill_size, 0, "bytes of the objects that fill memory; 0: some sizes");
PARAM(ulong, seed, 1, "of the random numbers");
PARAM(uint, patience, 60, "seconds after which it is stuck");

/* Bytes, and objects, requested at a time. */
#define BATCH_BYTES	SZ_512K
#define BATCH_MAX	100
#define BATCH_MIN	2

/* After so many NULLs there is no more of it. */
#define FAILURES	2

/* Bytes allocated before, with during=1, in objects of up to so many. */
#define BEFORE_BYTES	SZ_16M
#define BEFORE_SIZE	SZ_8K

/* Objects that are asked for when memory is full, where they may not fail. */
#define FULL_OBJECTS	40

/* With fill=1: the smallest object, lest it be millions. */
#define FILL_SIZE	512

struct flags {
	const char *name;
	gfp_t gfp;
};

static const struct flags flags[] = {
	{ "KERNEL", GFP_KERNEL },
	{ "ATOMIC", GFP_ATOMIC },
	{ "NOWAIT", GFP_NOWAIT },
	{ "NOFAIL", GFP_KERNEL | __GFP_NOFAIL },
	{ "NORETRY", GFP_KERNEL | __GFP_NORETRY },
	{ "RETRY_MAYFAIL", GFP_KERNEL | __GFP_RETRY_MAYFAIL },
};

/* For fill=1: none of them has anybody killed. */
static const struct flags fill_flags[] = {
	{ "fill-ATOMIC", GFP_ATOMIC },
	{ "fill-NOWAIT", GFP_NOWAIT },
	{ "fill-NORETRY", GFP_KERNEL | __GFP_NORETRY },
	{ "fill-RETRY_MAYFAIL", GFP_KERNEL | __GFP_RETRY_MAYFAIL },
};

struct result {
	size_t size;
	const struct flags *flags;
	unsigned long asked, served;
};

#define MAX_RESULTS	1024

static struct result results[MAX_RESULTS];
static unsigned int nr_results;
static struct result *now;		/* what the thread is at */
static struct task_struct *thread;
static struct dentry *file;
static bool over;
static struct rnd_state rnd;

/* ---- memory ------------------------------------------------------------------- */

/* Pages for others, and how many are given at a time. */
#define RELIEF_PAGES	2048
#define RELIEF_STEP	256

static LIST_HEAD(pages);		/* taken one by one */
static LIST_HEAD(relief);		/* the thread before, then who has oom_lock */
static struct list_head large[MAX_PAGE_ORDER + 1];

/* Reclaim what there is to reclaim, then go as deep as an interrupt might. */
static void take_all(void)
{
	static const gfp_t gfps[] = {
		GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
		(GFP_ATOMIC & ~__GFP_RECLAIM) | __GFP_NOWARN,
	};
	struct page *page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gfps); i++)
		while ((page = alloc_page(gfps[i]))) {
			list_add(&page->lru, &pages);
			cond_resched();
		}
}

static void give_every_other(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &pages, lru) {
		if (page_to_pfn(page) >> order & 1) {
			list_del(&page->lru);
			__free_page(page);
		}
		cond_resched();
	}
}

static void take_relief(void)
{
	struct page *page;
	unsigned int i;

	for (i = 0; i < RELIEF_PAGES; i++) {
		page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (!page)
			break;
		list_add(&page->lru, &relief);
	}
}

static unsigned long give_relief(unsigned int most)
{
	struct page *page, *next;
	unsigned long given = 0;

	list_for_each_entry_safe(page, next, &relief, lru) {
		if (given == most)
			break;
		list_del(&page->lru);
		__free_page(page);
		given++;
	}
	return given;
}

/* The thread's own requests get no help: an OOM kill is an OOM kill. */
static int fragment_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	if (current != READ_ONCE(thread))
		*(unsigned long *)freed += give_relief(RELIEF_STEP);
	return NOTIFY_OK;
}

static struct notifier_block fragment_oom_nb = {
	.notifier_call = fragment_oom,
};

/* Pages that were free all the time, or have been merged with those. */
static void take_larger(void)
{
	struct page *page;
	unsigned int i;

	for (i = MAX_PAGE_ORDER; i > order; i--) {
		INIT_LIST_HEAD(&large[i]);
		while ((page = alloc_pages((GFP_ATOMIC & ~__GFP_RECLAIM) | __GFP_NOWARN, i)))
			list_add(&page->lru, &large[i]);
	}
}

static void give_all(void)
{
	struct page *page, *next;
	unsigned int i;

	for (i = MAX_PAGE_ORDER; i > order; i--)
		list_for_each_entry_safe(page, next, &large[i], lru)
			__free_pages(page, i);
	list_for_each_entry_safe(page, next, &pages, lru) {
		__free_page(page);
		cond_resched();
	}
}

/* ---- objects, chained through themselves ------------------------------------------ */

static void *take(size_t size, gfp_t gfp)
{
	/* For more than two pages kmalloc() warns of it, and in fact never fails. */
	if (use_kmalloc && get_order(size) > 1)
		gfp &= ~__GFP_NOFAIL;
	return use_kmalloc ? kmalloc(size, gfp) : galloc(size, gfp);
}

static void give(void *p)
{
	if (use_kmalloc)
		kfree(p);
	else
		gfree(p);
}

static void give_chain(void *p)
{
	while (p) {
		void *next = *(void **)p;

		give(p);
		p = next;
		cond_resched();
	}
}

/* Would kmalloc() succeed, or return NULL, without an OOM kill? */
static bool may_ask(size_t size, gfp_t gfp)
{
	if (get_order(size) <= order)
		return !(gfp & __GFP_NOFAIL) || get_order(size) <= PAGE_ALLOC_COSTLY_ORDER;
	if (gfp & __GFP_NOFAIL)
		return false;
	return gfp != GFP_KERNEL || get_order(size) > PAGE_ALLOC_COSTLY_ORDER;
}

/* Ask for @nr objects, and free them. */
static void ask(size_t size, const struct flags *f, unsigned long nr)
{
	struct result *r = &results[nr_results];
	unsigned int failures = 0;
	void *chain = NULL;
	unsigned long i;

	if (nr_results == MAX_RESULTS)
		return;
	*r = (struct result){ size, f, nr, 0 };
	WRITE_ONCE(now, r);
	for (i = 0; i < nr && failures < FAILURES; i++) {
		void *p = take(size, f->gfp | __GFP_NOWARN);

		if (p) {
			*(void **)p = chain;
			chain = p;
			r->served++;
		} else {
			failures++;
		}
		cond_resched();
	}
	nr_results++;
	give_chain(chain);
}

static void ask_each_way(size_t size)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (may_ask(size, flags[i].gfp))
			ask(size, &flags[i],
			    clamp_t(unsigned long, BATCH_BYTES / size, BATCH_MIN, BATCH_MAX));
}

static void ask_each_size(void)
{
	static const size_t sizes[] = {
		33000, SZ_64K, 100000, SZ_256K, SZ_1M, 3 * SZ_1M
	};
	unsigned int i;
	size_t size;

	for (size = galloc_size_roundup(1); size <= SZ_32K; size = galloc_size_roundup(size + 1))
		ask_each_way(size);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		ask_each_way(sizes[i]);
}

static void ask_for_all(void)
{
	size_t most = min_t(size_t, PAGE_SIZE << order, SZ_32K);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fill_flags); i++)
		ask(fill_size ?: FILL_SIZE +
				 prandom_u32_state(&rnd) % (most - FILL_SIZE + 1),
		    &fill_flags[i], ULONG_MAX);
}

/*
 * Full, and filled by whoever asks: so it has no object or page left either.  What may not
 * fail then comes from the kernel's reserves.  Without __GFP_FS nobody can be killed for it.
 */
static void ask_when_full(void)
{
	static const struct flags nofail = { "full-NOFAIL", GFP_NOFS | __GFP_NOFAIL };
	static const size_t sizes[] = { 64, 640, SZ_4K };
	void *chain = NULL, *p;
	unsigned int i;

	take_all();
	while ((p = take(SZ_2K, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN))) {
		*(void **)p = chain;
		chain = p;
		cond_resched();
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		ask(sizes[i], &nofail, FULL_OBJECTS);
	give_chain(chain);
}

/* Two chains; the objects of one lie between those of the other. */
static void allocate_before(void *chains[2])
{
	size_t size, bytes;
	void *p;

	for (bytes = 0; bytes < BEFORE_BYTES; bytes += size) {
		size = sizeof(void *) + prandom_u32_state(&rnd) % (BEFORE_SIZE - sizeof(void *));
		p = take(size, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (p) {
			void **chain = &chains[prandom_u32_state(&rnd) % 2];

			*(void **)p = *chain;
			*chain = p;
		}
		cond_resched();
	}
}

static int thread_fn(void *unused)
{
	void *chains[2] = { NULL, NULL };

	if (during)
		allocate_before(chains);
	take_relief();
	register_oom_notifier(&fragment_oom_nb);
	take_all();
	give_every_other();
	take_larger();
	pr_info("galloc_fragment: %lu MB free in blocks of order %u\n",
		global_zone_page_state(NR_FREE_PAGES) >> (20 - PAGE_SHIFT), order);
	give_chain(chains[0]);
	ask_each_size();
	if (fill) {
		ask_for_all();
		ask_when_full();
	}
	give_chain(chains[1]);
	give_all();
	unregister_oom_notifier(&fragment_oom_nb);
	give_relief(RELIEF_PAGES);
	WRITE_ONCE(now, NULL);
	WRITE_ONCE(over, true);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static int results_show(struct seq_file *m, void *unused)
{
	struct result *r = READ_ONCE(now);
	unsigned int i;

	for (i = 0; i < nr_results; i++)
		seq_printf(m, "%zu %s %d %lu %lu\n", results[i].size, results[i].flags->name,
			   get_order(results[i].size), results[i].asked, results[i].served);
	if (r)
		seq_printf(m, "stuck %zu %s\n", r->size, r->flags->name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int __init fragment_init(void)
{
	unsigned int i;

	if (order >= MAX_PAGE_ORDER)
		return -EINVAL;
	prandom_seed_state(&rnd, seed);
	file = debugfs_create_file("galloc_fragment", 0400, NULL, NULL, &results_fops);
	thread = kthread_run(thread_fn, NULL, "galloc_fragment");
	if (IS_ERR(thread)) {
		debugfs_remove(file);
		return PTR_ERR(thread);
	}
	for (i = 0; i < 10 * patience && !READ_ONCE(over); i++)
		schedule_timeout_uninterruptible(HZ / 10);
	return 0;
}

/* Waits for the thread: do not call it if that hangs. */
static void __exit fragment_exit(void)
{
	kthread_stop(thread);
	debugfs_remove(file);
}

module_init(fragment_init);
module_exit(fragment_exit);

MODULE_DESCRIPTION("Asks for memory where there are only pieces, to test galloc");
MODULE_LICENSE("GPL");
