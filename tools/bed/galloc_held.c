// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_held: memory of the kernel's that only galloc's objects point to.
 *
 * kmemleak calls it leaked unless galloc has told it of its pages.  insmod makes
 * a chain through objects of every size class and a large one; rmmod frees it.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include <galloc.h>

/**
 * struct link - one object of galloc's
 * @held: memory of the kernel's
 * @next: the next one
 */
struct link {
	void *held;
	struct link *next;
};

/* The sizes that are tried: each class but those that are too small for a link. */
#define MAX_SIZE	(256 * 1024)

static struct link *first;

static int hold(size_t size)
{
	struct link *l = galloc(size, GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	/* Of a size that nothing else in a small guest has by the hundred. */
	l->held = kmalloc(72, GFP_KERNEL);
	l->next = first;
	first = l;
	return l->held ? 0 : -ENOMEM;
}

static void let_go(void)
{
	while (first) {
		struct link *l = first;

		first = l->next;
		kfree(l->held);
		gfree(l);
	}
}

static int __init held_init(void)
{
	size_t size;
	int err;

	for (size = sizeof(struct link); size <= MAX_SIZE; size += size / 8 + 8) {
		err = hold(size);
		if (err) {
			let_go();
			return err;
		}
	}
	return 0;
}

static void __exit held_exit(void)
{
	let_go();
}

module_init(held_init);
module_exit(held_exit);

MODULE_DESCRIPTION("Memory that only galloc's objects point to");
MODULE_LICENSE("GPL");
