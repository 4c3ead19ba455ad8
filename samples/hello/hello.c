// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * hello: the first steps with galloc, an example of a galloc client.
 *
 *	insmod hello.ko names=world,moon
 *
 * Makes a greeting for each name, prints them with what they take, and frees them when it
 * is unloaded.  Shows galloc_obj(), gasprintf(), gsize() and gfree().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/module.h>

#include <galloc.h>

static char *names[8] = { "world" };
static int nr_names = 1;
module_param_array(names, charp, &nr_names, 0444);
MODULE_PARM_DESC(names, "whom to greet");

struct greeting {
	struct list_head list;
	char *text;
};

static LIST_HEAD(greetings);

static int greet(const char *name)
{
	struct greeting *g = galloc_obj(*g);

	if (!g)
		return -ENOMEM;
	g->text = gasprintf(GFP_KERNEL, "hello, %s", name);
	if (!g->text) {
		gfree(g);
		return -ENOMEM;
	}
	list_add_tail(&g->list, &greetings);
	return 0;
}

static void forget_all(void)
{
	struct greeting *g, *next;

	list_for_each_entry_safe(g, next, &greetings, list) {
		gfree(g->text);
		gfree(g);
	}
}

static int __init hello_init(void)
{
	struct greeting *g;
	size_t bytes = 0;
	int i, err;

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
		bytes += gsize(g) + gsize(g->text);
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

MODULE_DESCRIPTION("Sample client of galloc: objects and strings");
MODULE_LICENSE("GPL");
