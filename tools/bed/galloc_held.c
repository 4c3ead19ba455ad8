// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_held: memory of the kernel's that only galloc's objects point to.
 *
 * kmemleak calls it leaked unless galloc has told it of its pages, or objects.  insmod makes
 * a chain through objects of every size class and a large one; rmmod frees it.  With lose=1
 * objects of each kind are lost, which say "galloc-bed lost", and others are freed, which
 * say "galloc-bed free": with kmemleak=1 of galloc the former, and no others, are found.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <galloc.h>

static bool lose;
module_param(lose, bool, 0444);
MODULE_PARM_DESC(lose, "lose some objects");

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
static struct galloc_cache *kept;

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

/* One of each kind; nothing points to them any more. */
static noinline void lose_objects(void)
{
	char *p[] = {
		galloc(100, GFP_KERNEL), galloc(70000, GFP_ATOMIC),
		kept ? galloc_cache_alloc(kept, GFP_KERNEL) : NULL,
		grealloc(galloc(8, GFP_KERNEL), 300, GFP_KERNEL),
		galloc(500, GFP_KERNEL), galloc(500, GFP_KERNEL), galloc(90000, GFP_KERNEL),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		if (p[i])
			strscpy(p[i], i < 4 ? "galloc-bed lost" : "galloc-bed free", 16);
	gfree(p[4]);
	gfree_nolock(p[5]);
	gfree(p[6]);
	memset(p, 0, sizeof(p));
	barrier_data(p);
}

/* So many that some old value anywhere, which hides an object for good, hides no kind. */
#define TIMES	40

static int __init held_init(void)
{
	size_t size;
	int i, err;

	for (size = sizeof(struct link); size <= MAX_SIZE; size += size / 8 + 8) {
		err = hold(size);
		if (err) {
			let_go();
			return err;
		}
	}
	if (lose) {
		kept = galloc_cache_create("lost", 200, NULL);
		for (i = 0; i < TIMES; i++)
			lose_objects();
	}
	return 0;
}

static void __exit held_exit(void)
{
	let_go();
	galloc_cache_destroy(kept);
}

module_init(held_init);
module_exit(held_exit);

MODULE_DESCRIPTION("Memory that only galloc's objects point to");
MODULE_LICENSE("GPL");
