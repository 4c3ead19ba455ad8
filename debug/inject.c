// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * inject: fail points and pause points, for tests.
 *
 * Linked in only by GALLOC_KUNIT=y.  The suites choose through galloc_fail_hook which
 * allocation fails.  During load they cannot run yet, so there are parameters; a script
 * loads with 1, 2, ... until no allocation fails.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sched.h>

static int fail_nth;
module_param(fail_nth, int, 0444);
MODULE_PARM_DESC(fail_nth, "fail galloc's n-th allocation while it loads");

static unsigned int fail_wait_ms;
module_param(fail_wait_ms, uint, 0444);
MODULE_PARM_DESC(fail_wait_ms, "wait so long before that one; not with selftest=1");

static int fail_kernel_nth;
module_param(fail_kernel_nth, int, 0444);
MODULE_PARM_DESC(fail_kernel_nth, "make the kernel's n-th failable allocation fail");

/* One that has gone halfway, with objects that it has allocated. */
#define FAIL_CHECK_NTH	4

static char *fail_check;
module_param(fail_check, charp, 0444);
MODULE_PARM_DESC(fail_check, "with selftest=1: of this check the fourth condition fails");

static bool forget;
module_param(forget, bool, 0444);
MODULE_PARM_DESC(forget, "make a heap and caches at load, and forget them, as a client may");

static bool built_in = GALLOC_BUILT_IN;
module_param(built_in, bool, 0444);
MODULE_PARM_DESC(built_in, "take parameters as if galloc was in the kernel's image");

bool (*galloc_fail_hook)(unsigned int order);
void (*galloc_pause_hook)(enum galloc_pause point, const void *what);

/* The task that loads galloc, during load. */
static struct task_struct *loader;
static int nr_requests;

/**
 * galloc_fail() - should this allocation fail?
 * @order: of the pages it asks for, 0 for an object of the slab allocator
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: True if it should.
 */
bool galloc_fail(unsigned int order)
{
	bool (*hook)(unsigned int order) = READ_ONCE(galloc_fail_hook);

	if (unlikely(hook))
		return hook(order);
	if (current != READ_ONCE(loader) || ++nr_requests != fail_nth)
		return false;
	/* What has been set going by then comes to run. */
	if (fail_wait_ms) {
		pr_info("fail_nth=%d: waits\n", fail_nth);
		msleep(fail_wait_ms);
	}
	return true;
}

/* Of the self-test: should a condition of this check fail? */
bool inject_check_fails(const char *check)
{
	static unsigned int nr;

	return fail_check && !strcmp(check, fail_check) && ++nr == FAIL_CHECK_NTH;
}

bool inject_built_in(void)
{
	return built_in;
}

/* galloc is there. */
void inject_forget(void)
{
	struct galloc_heap *heap;

	if (!forget)
		return;
	heap = galloc_heap_create("forgotten", NULL);
	galloc_cache_create("forgotten_cache", 100, NULL);
	if (heap) {
		galloc_heap_cache_create(heap, "inside", 100, NULL);
		gfree(galloc_from(heap, 100, GFP_KERNEL));
	}
}

static void kernel_fail_set(int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = nth;
#endif
}

/* Is the kernel's failure still pending? */
static bool kernel_fail_pending(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return current->fail_nth;
#else
	return true;
#endif
}

void galloc_fail_begin(void)
{
	WRITE_ONCE(loader, current);
	if (fail_kernel_nth)
		kernel_fail_set(fail_kernel_nth);
}

/* Loaded: print whether an allocation failed nevertheless. */
void galloc_fail_end(void)
{
	if (fail_nth)
		pr_info("fail_nth=%d: %s of %d\n", fail_nth,
			nr_requests < fail_nth ? "none failed" : "one failed",
			nr_requests);
	if (fail_kernel_nth)
		pr_info("fail_kernel_nth=%d: %s\n", fail_kernel_nth,
			kernel_fail_pending() ? "none failed" : "one failed");
	kernel_fail_set(0);
	WRITE_ONCE(loader, NULL);
}
