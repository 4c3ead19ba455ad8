// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* heap_other: the second file of galloc_override_heap. */
#include <linux/llist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "heap.h"

/* The other way of doing that, with the default in use until here. */
#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": other: " fmt

static LLIST_HEAD(stack);

char *other_text(void)
{
	return kasprintf(GFP_KERNEL, "of %s", KBUILD_MODNAME);
}

static bool push(struct llist_node *node)
{
	if (node)
		llist_add(node, &stack);
	return node;
}

bool other_push(size_t size)
{
	return push(kmalloc(size, GFP_KERNEL | __GFP_NOWARN));
}

bool other_push_nofail(size_t size)
{
	return push(kmalloc(size, GFP_KERNEL | __GFP_NOFAIL));
}

void other_pop_all(unsigned int but)
{
	struct llist_node *node, *next;

	say_how_many(but);
	llist_for_each_safe(node, next, llist_del_all(&stack))
		if (!but || !but--)
			kfree(node);
}
