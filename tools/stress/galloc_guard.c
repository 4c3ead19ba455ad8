// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_guard: an access beyond a guarded object, in a thread, which the oops ends.
 *
 * The heap has every object guarded.  The thread makes one, and touches what is behind it,
 * before it, or, a moment after it was freed, the object itself.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/sched/task.h>
#include <linux/vmalloc.h>

#include <galloc.h>

static char *what = "behind";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "behind, before or after");

static struct galloc_heap *heap;
static bool touched;

static noinline u8 *guard_birth(void)
{
	u8 *p = galloc_from(heap, 64, GFP_KERNEL);

	WRITE_ONCE(touched, false);
	return p;
}

static noinline void guard_burial(u8 *p)
{
	gfree(p);
	WRITE_ONCE(touched, false);
}

static noinline void guard_touch(u8 *p)
{
	WRITE_ONCE(*p, 1);
	WRITE_ONCE(touched, true);
}

static int guard_fn(void *arg)
{
	/* Of two one is at the beginning of its page, the other at the end. */
	u8 *first = guard_birth(), *second = guard_birth();
	bool at_end = offset_in_page(first);

	if (!strcmp(what, "behind")) {
		guard_touch((at_end ? first : second) + 64);
	} else if (!strcmp(what, "before")) {
		guard_touch((at_end ? second : first) - 1);
	} else {
		guard_burial(first);
		/* The worker unmaps it; no CPU remembers where it was mapped. */
		while (vmalloc_to_page(first))
			msleep(20);
		vm_unmap_aliases();
		guard_touch(first);
	}
	/* Not reached. */
	return 0;
}

static int __init guard_init(void)
{
	const struct galloc_heap_args args = { .flags = GALLOC_HEAP_GUARD(1) };
	struct task_struct *task;

	heap = galloc_heap_create("oops", &args);
	if (!heap)
		return -ENOMEM;
	task = kthread_create(guard_fn, NULL, "galloc-guard");
	if (IS_ERR(task)) {
		galloc_heap_destroy(heap);
		return PTR_ERR(task);
	}
	get_task_struct(task);
	wake_up_process(task);
	while (!READ_ONCE(touched) && !READ_ONCE(task->exit_state))
		msleep(20);
	put_task_struct(task);
	return 0;
}

static void __exit guard_exit(void)
{
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
}

module_init(guard_init);
module_exit(guard_exit);

MODULE_DESCRIPTION("Touches what lies beside a guarded object");
MODULE_LICENSE("GPL");
