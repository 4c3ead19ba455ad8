// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_used_up: how far does memory go that hardly anybody may have?
 *
 * With node=N: count objects of a node, whose memory another module has taken, and
 * what free memory they cost; by a task, by interrupts, and by a task of another
 * node; with kmalloc=1 of kmalloc(), to compare with.  Without: as many objects as a
 * task gets that may have pages of the kernel's emergency reserve, once there are no
 * others, of kmalloc() and then, of the same pages, of galloc.  With huge=1: as many as a
 * task with interrupts off gets right after it freed a huge one, all other memory being
 * in use.  With atomic=1 or 2: what is left with interrupts off when a task has used up
 * everything else.
 */
#include <galloc.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <linux/topology.h>

#include "param.h"

PARAM(int, node, NUMA_NO_NODE, "the node that is used up; -1: ask for the emergency reserve");

PARAM(uint, size, 64, "bytes of an object");
PARAM(uint, count, 20000, "objects");
PARAM(bool, irq, false, "interrupts allocate, with GFP_ATOMIC");
PARAM(bool, elsewhere, false, "a CPU of another node asks for the node");

PARAM(uint, atomic, 0, "ask with interrupts off: 1: at galloc's limit, 2: without a free page");
PARAM(bool, huge, false, "free a huge object, then ask with interrupts off");

static bool use_kmalloc;
module_param_named(kmalloc, use_kmalloc, bool, 0444);
MODULE_PARM_DESC(kmalloc, "ask kmalloc()");

/* Objects that one interrupt allocates. */
#define IRQ_TURN	64

/* Objects, each with the address of the one before: so they need no list. */
static void **objects;
static unsigned int nr_objects;

/* Pages withheld from all users. */
static LIST_HEAD(taken);

/* Objects of what is kept back: of galloc [0], of kmalloc() [1]. */
static unsigned int nr_reserve[2];

static bool alloc_one(gfp_t gfp)
{
	void **p;

	if (elsewhere)
		p = use_kmalloc ? kmalloc_node(size, gfp, node) :
				  galloc_node(size, gfp, node);
	else
		p = use_kmalloc ? kmalloc(size, gfp) : galloc_any(size, gfp);
	if (!p)
		return false;
	*p = objects;
	objects = p;
	nr_objects++;
	return true;
}

static void free_all(void)
{
	while (objects) {
		void **p = objects;

		objects = *p;
		if (use_kmalloc)
			kfree(p);
		else
			gfree(p);
	}
	nr_objects = 0;
}

/* ---- a node ------------------------------------------------------------------ */

static void alloc_turn(struct irq_work *work)
{
	unsigned int i;

	for (i = 0; i < IRQ_TURN && nr_objects < count; i++)
		if (!alloc_one(GFP_ATOMIC | __GFP_NOWARN))
			break;
}

static void alloc_by_interrupts(void)
{
	struct irq_work work;
	unsigned int before;

	init_irq_work(&work, alloc_turn);
	do {
		before = nr_objects;
		irq_work_queue(&work);
		irq_work_sync(&work);
		cond_resched();
	} while (nr_objects < count && nr_objects != before);
}

static long free_kb(void)
{
	return global_zone_page_state(NR_FREE_PAGES) << (PAGE_SHIFT - 10);
}

/* A CPU of the node, or of any other. */
static int cpu_to_run_on(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if ((cpu_to_node(cpu) == node) != elsewhere)
			return cpu;
	return raw_smp_processor_id();
}

static void ask_for_node(void)
{
	long before;

	set_cpus_allowed_ptr(current, cpumask_of(cpu_to_run_on()));
	before = free_kb();
	if (irq)
		alloc_by_interrupts();
	else
		while (nr_objects < count &&
		       alloc_one(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN))
			cond_resched();
	pr_info("galloc_used_up: %u objects of %u cost %ld kB\n", nr_objects, size,
		before - free_kb());
}

/* ---- the emergency reserve ------------------------------------------------------ */

#define LITTLE	(GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC)

/* Large orders first: so it does not take long. */
static void take_all_pages(gfp_t gfp)
{
	struct page *page;
	int order;

	for (order = MAX_PAGE_ORDER; order >= 0; order--) {
		while ((page = alloc_pages(gfp, order))) {
			page->private = order;
			list_add(&page->lru, &taken);
		}
	}
}

static void give_all_pages(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &taken, lru) {
		unsigned int order = page->private;

		list_del(&page->lru);
		page->private = 0;
		__free_pages(page, order);
	}
}

/*
 * Single pages, in the lists of this CPU as well: kmalloc() leaves longer runs there, which
 * nobody gets who asks for less.
 */
static void split_all_pages(void)
{
	struct page *page, *next;
	LIST_HEAD(split);
	int order;

	for (order = PAGE_ALLOC_COSTLY_ORDER; order > 0; order--) {
		while ((page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, order))) {
			page->private = order;
			list_add(&page->lru, &split);
		}
	}
	list_for_each_entry_safe(page, next, &split, lru) {
		unsigned int i, n = 1U << page->private;

		list_del(&page->lru);
		split_page(page, page->private);
		page->private = 0;
		for (i = 0; i < n; i++)
			__free_page(page + i);
	}
}

static unsigned int objects_of_reserve(void)
{
	unsigned int scope, before;

	scope = memalloc_noreclaim_save();
	split_all_pages();
	memalloc_noreclaim_restore(scope);
	/* Number of objects available to ordinary requests. */
	while (nr_objects < count && alloc_one(LITTLE))
		;
	before = nr_objects;
	scope = memalloc_noreclaim_save();
	while (alloc_one(GFP_NOWAIT | __GFP_NOWARN))
		;
	memalloc_noreclaim_restore(scope);
	before = nr_objects - before;
	free_all();
	return before;
}

/*
 * All other CPUs are stopped meanwhile: no other task needs a page, so that none is
 * killed for want of one, and both find the same.  galloc comes last, since what it has
 * had leaves when its worker runs.  Of kmalloc() the second time counts: some of what it
 * has freed stays on lists of this CPU for pages of another mobility, where nobody gets it
 * who comes later, and the longer the system has been up, the more.
 */
static int ask_for_reserve(void *unused)
{
	int turn;

	take_all_pages(LITTLE);
	for (turn = 2; turn >= 0; turn--) {
		use_kmalloc = turn;
		nr_reserve[use_kmalloc] = objects_of_reserve();
	}
	give_all_pages();
	return 0;
}

/* ---- after a huge object ---------------------------------------------------------- */

/* A huge object, larger than a block of galloc's. */
#define HUGE_ORDER	MAX_PAGE_ORDER

static void *huge_object(bool by_kmalloc)
{
	size_t bytes = PAGE_SIZE << HUGE_ORDER;
	gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;

	return by_kmalloc ? kmalloc(bytes, gfp) : galloc_any(bytes, gfp);
}

/* Not for long: other tasks may need a page.  Returns how many objects there were. */
static unsigned int objects_after_huge(void)
{
	struct page *page;
	unsigned long flags;
	unsigned int n;
	void *p;

	take_all_pages(LITTLE);
	list_for_each_entry(page, &taken, lru)
		if (page->private == HUGE_ORDER)
			break;
	if (list_entry_is_head(page, &taken, lru)) {
		give_all_pages();
		return 0;
	}
	list_del(&page->lru);
	page->private = 0;
	__free_pages(page, HUGE_ORDER);
	p = huge_object(use_kmalloc);
	if (use_kmalloc)
		kfree(p);
	else
		gfree(p);
	local_irq_save(flags);
	while (p && nr_objects < count && alloc_one(GFP_ATOMIC | __GFP_NOWARN))
		;
	local_irq_restore(flags);
	n = nr_objects;
	free_all();
	give_all_pages();
	return n;
}

/* ---- the atomic reserve ---------------------------------------------------------- */

static unsigned int objects_with_irqs_off(void)
{
	unsigned int before = nr_objects;
	unsigned long flags;

	local_irq_save(flags);
	while (alloc_one(GFP_ATOMIC | __GFP_NOWARN))
		;
	local_irq_restore(flags);
	return nr_objects - before;
}

/* As ask_for_reserve(), but the emergency reserve is used up, too. */
static int ask_without_a_page(void *unused)
{
	unsigned int scope = memalloc_noreclaim_save();
	int by;

	take_all_pages(GFP_NOWAIT | __GFP_NOWARN);
	memalloc_noreclaim_restore(scope);
	for (by = 1; by >= 0; by--) {
		use_kmalloc = by;
		nr_reserve[by] = objects_with_irqs_off();
		free_all();
	}
	give_all_pages();
	return 0;
}

static void ask_for_atomic(void)
{
	if (atomic == 2) {
		stop_machine(ask_without_a_page, NULL, NULL);
	} else {
		/* Loaded with limit_mb: so nobody is killed for it. */
		while (alloc_one(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN))
			cond_resched();
		nr_reserve[0] = objects_with_irqs_off();
	}
	pr_info("galloc_used_up: %u objects of %u with interrupts off, kmalloc() %u\n",
		nr_reserve[0], size, nr_reserve[1]);
}

static int __init used_up_init(void)
{
	if (size < sizeof(void *))
		return -EINVAL;
	if (atomic) {
		ask_for_atomic();
		return 0;
	}
	if (huge) {
		pr_info("galloc_used_up: %u objects of %u after a huge one\n",
			objects_after_huge(), size);
		return 0;
	}
	if (node != NUMA_NO_NODE) {
		ask_for_node();
		return 0;
	}
	stop_machine(ask_for_reserve, NULL, NULL);
	pr_info("galloc_used_up: %u objects of %u of the reserve, kmalloc() %u\n",
		nr_reserve[0], size, nr_reserve[1]);
	return 0;
}

static void __exit used_up_exit(void)
{
	free_all();
}

module_init(used_up_init);
module_exit(used_up_exit);

MODULE_DESCRIPTION("Counts what galloc makes of memory that is nearly used up");
MODULE_LICENSE("GPL");
