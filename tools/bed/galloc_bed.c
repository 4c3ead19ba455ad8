// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_bed: proves that a guest is what its tests take it for.
 *
 * A test that finds nothing has shown something only if the kernel under it would
 * have found it.  kconfig drops options without a word, two nodes become one
 * without ACPI's tables, lockdep turns itself off at its first report: so each
 * check here makes the thing do its work once and looks at the result, without
 * provoking a report, for a report of KASAN would turn lockdep off.
 *
 * Prints "galloc-bed: ok - NAME" or "galloc-bed: not ok - NAME: WHY" for each.
 * insmod fails if one is not ok.  It stays loaded while the tests run; rmmod
 * looks at lockdep once more.  On purpose it leaks an object that says
 * "galloc-bed": who scans for leaks afterwards has to find just that one.
 */
#define pr_fmt(fmt) "galloc-bed: " fmt

#include <linux/cpumask.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/kasan.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "../stress/param.h"

PARAM(uint, cpus, 1, "processors that there should be");
PARAM(uint, nodes, 1, "nodes with memory that there should be");
PARAM(bool, faults, false, "page allocations that can be made to fail");
PARAM(bool, debug, false, "all that finds bugs should be there, and alive");
PARAM(bool, races, false, "races should be found; plants one");

static bool wrong;

/* One result; @why, a format, has the reason of a failure. */
static __printf(3, 4) void check(bool good, const char *name, const char *why, ...)
{
	struct va_format vaf = { .fmt = why };
	va_list args;

	if (good) {
		pr_info("ok - %s\n", name);
		return;
	}
	wrong = true;
	va_start(args, why);
	vaf.va = &args;
	pr_info("not ok - %s: %pV\n", name, &vaf);
	va_end(args);
}

/* ---- the machine -------------------------------------------------------- */

/* Each node must allocate its own pages with __GFP_THISNODE. */
static unsigned int nodes_with_pages(void)
{
	unsigned int n = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		struct page *page;

		page = alloc_pages_node(nid, GFP_KERNEL | __GFP_THISNODE, 0);
		if (!page)
			continue;
		n += page_to_nid(page) == nid;
		__free_page(page);
	}
	return n;
}

static unsigned int nodes_with_cpus(void)
{
	nodemask_t seen = NODE_MASK_NONE;
	int cpu;

	for_each_online_cpu(cpu)
		node_set(cpu_to_node(cpu), seen);
	return nodes_weight(seen);
}

static void check_machine(void)
{
	unsigned int n;

	n = num_online_cpus();
	check(n == cpus, "the processors are there", "%u, not %u", n, cpus);
	n = nodes_with_pages();
	check(n == nodes, "the nodes have memory", "%u, not %u", n, nodes);
	n = nodes_with_cpus();
	check(n == nodes, "the nodes have processors", "%u, not %u", n, nodes);
}

/* ---- what finds bugs ---------------------------------------------------- */

#ifdef CONFIG_KASAN_GENERIC
/*
 * The shadow has a byte for eight: 0 if all may be accessed, 1..7 if the first
 * ones may, negative if none.  It has itself no shadow.
 */
static noinline __no_sanitize_address s8 shadow_of(const char *p)
{
	return READ_ONCE(*(const s8 *)kasan_mem_to_shadow(p));
}

static const char *kasan_fault(void)
{
	char *p = kmalloc(13, GFP_KERNEL);
	s8 begin, end;

	if (!p)
		return "no memory";
	begin = shadow_of(p);
	end = shadow_of(p + 8);
	kfree(p);
	if (!__is_defined(__SANITIZE_ADDRESS__))
		return "modules are compiled without it";
	if (begin != 0 || end != 5)
		return "what lies behind an object may be accessed";
	if (shadow_of(p) >= 0)
		return "a freed object may be accessed";
	return NULL;
}
#else
static const char *kasan_fault(void)
{
	return "not in this kernel";
}
#endif

#ifdef CONFIG_PROVE_LOCKING
static const char *lockdep_fault(void)
{
	static DEFINE_SPINLOCK(lock);
	bool before, inside;

	if (!IS_ENABLED(CONFIG_PROVE_RAW_LOCK_NESTING))
		return "it does not know raw locks from others";
	if (!debug_locks)
		return "it has turned itself off";
	before = lockdep_is_held(&lock);
	spin_lock(&lock);
	inside = lockdep_is_held(&lock);
	spin_unlock(&lock);
	return !before && inside ? NULL : "it does not follow a lock";
}
#else
static const char *lockdep_fault(void)
{
	return "not in this kernel";
}
#endif

static void check_lockdep(const char *name)
{
	const char *fault = lockdep_fault();

	check(!fault, name, "%s", fault ?: "");
}

#ifdef CONFIG_FAULT_INJECTION
/* The next allocation of this task should fail; flags at which it may. */
static bool slab_fails(void)
{
	void *p;

	current->fail_nth = 1;
	p = kmalloc(64, GFP_NOWAIT | __GFP_NOWARN);
	current->fail_nth = 0;
	kfree(p);
	return !p;
}

/* Single pages are spared by default, see min-order in its folder. */
static bool page_fails(void)
{
	struct page *page;

	current->fail_nth = 1;
	page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 1);
	current->fail_nth = 0;
	if (page)
		__free_pages(page, 1);
	return !page;
}
#else
static bool slab_fails(void)
{
	return false;
}

static bool page_fails(void)
{
	return false;
}
#endif

static void check_debug(void)
{
	const char *fault = kasan_fault();

	check(!fault, "KASAN is alive", "%s", fault ?: "");
	check_lockdep("lockdep is alive");
	check(slab_fails(), "kmalloc can be made to fail", "it does not");
	check(IS_ENABLED(CONFIG_DEBUG_KMEMLEAK), "kmemleak is there", "it is not");
	check(IS_ENABLED(CONFIG_DEBUG_LIST), "broken lists are seen", "they are not");
	check(IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) && IS_ENABLED(CONFIG_PREEMPT),
	      "sleeping where one must not is seen", "it is not");
	check(IS_ENABLED(CONFIG_ACPI_HOTPLUG_MEMORY) &&
	      IS_ENABLED(CONFIG_HOTPLUG_CPU),
	      "memory can be added and processors removed", "they cannot");
}

#ifdef CONFIG_KCSAN
static unsigned long planted;

static int race_fn(void *unused)
{
	while (!kthread_should_stop()) {
		planted++;
		cond_resched();
	}
	return 0;
}

/* Two threads that KCSAN has to report, in a module of ours; the script looks for that. */
static void plant_race(void)
{
	struct task_struct *task[2];
	int i;

	for (i = 0; i < 2; i++)
		task[i] = kthread_run_on_cpu(race_fn, NULL, i, "galloc_bed/%u");
	msleep(2000);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(task[i]))
			kthread_stop(task[i]);
}
#else
static void plant_race(void) { }
#endif

static void check_races(void)
{
	check(IS_ENABLED(CONFIG_KCSAN_WEAK_MEMORY), "races are found, by the memory model",
	      "they are not");
	check(__is_defined(__SANITIZE_THREAD__), "in modules, too",
	      "they are compiled without it");
	check_lockdep("lockdep is alive");
	check(IS_ENABLED(CONFIG_KPROBES), "probes can be planted", "they cannot");
	plant_race();
}

/*
 * What nothing points to: kmemleak has to find it.  Whole pages, since recent kernels keep
 * free objects of a slab in arrays of each CPU, where the address of one that was taken out
 * stays until another comes in its place, and KASAN has those wait.
 */
static noinline void leak_an_object(void)
{
	char *p = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);

	if (p)
		strscpy(p, "galloc-bed", 64);
}

static int __init bed_init(void)
{
	check_machine();
	if (faults)
		check(page_fails(), "page allocations can be made to fail",
		      "they do not");
	if (debug) {
		check_debug();
		leak_an_object();
	}
	if (races)
		check_races();
	return wrong ? -ENODEV : 0;
}

static void __exit bed_exit(void)
{
	if (debug || races)
		check_lockdep("lockdep is alive to the end");
}

module_init(bed_init);
module_exit(bed_exit);

MODULE_DESCRIPTION("Proves that a guest is what its tests take it for");
MODULE_LICENSE("GPL");
