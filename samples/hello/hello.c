// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * hello: the first steps with galloc, an example of a galloc client.
 *
 *	insmod hello.ko names=world,moon
 *
 * Makes a greeting for each name, prints them with what they take, and frees them when it
 * is unloaded.  They are in a heap of its own, by which galloc says whose they are, in
 * /sys/kernel/debug/galloc/heaps.  Shows galloc_heap_create(), galloc_from(), gsize(),
 * gfree() and galloc_heap_destroy().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/module.h>
#include <linux/overflow.h>

#include <galloc.h>

static char *names[8] = { "world" };
static int nr_names = 1;
module_param_array(names, charp, &nr_names, 0444);
MODULE_PARM_DESC(names, "whom to greet");

struct greeting {
	struct list_head list;
	char text[];
};

static struct galloc_heap *heap;
static LIST_HEAD(greetings);

static int greet(const char *name)
{
	size_t len = snprintf(NULL, 0, "hello, %s", name) + 1;
	struct greeting *g = galloc_from(heap, struct_size(g, text, len), GFP_KERNEL);

	if (!g)
		return -ENOMEM;
	snprintf(g->text, len, "hello, %s", name);
	list_add_tail(&g->list, &greetings);
	return 0;
}

/* What is still allocated then would be reported, by the name of the heap. */
static void forget_all(void)
{
	struct greeting *g, *next;

	list_for_each_entry_safe(g, next, &greetings, list)
		gfree(g);
	galloc_heap_destroy(heap);
}

static int __init hello_init(void)
{
	struct greeting *g;
	size_t bytes = 0;
	int i, err;

	heap = galloc_heap_create("hello", NULL);
	if (!heap)
		return -ENOMEM;
	for (i = 0; i < nr_names; i++) {
		err = greet(names[i]);
		if (err) {
			forget_all();
			return err;
		}
	}
	list_for_each_entry(g, &greetings, list) {
		pr_info("%s\n", g->text);
		/* What galloc counts as in use. */
		bytes += gsize(g);
	}
	pr_info("%zu bytes held\n", bytes);
	return 0;
}

static void __exit hello_exit(void)
{
	forget_all();
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_DESCRIPTION("Sample client of galloc: a heap and its objects");
MODULE_LICENSE("GPL");
