// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * heap: an allocator of one's own, an example of a galloc client.
 *
 *	insmod heap.ko keys=2000
 *
 * Builds a tree of keys and their names, of many sizes, in a private heap.  The heap has a
 * limit, knows what it holds without anybody counting, and takes everything back at once:
 * so nothing walks the tree when it ends.  Shows galloc_heap_create(), galloc_from(),
 * galloc_heap_usage() and galloc_heap_destroy().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/string.h>

#include <galloc.h>

static unsigned int keys = 2000;
module_param(keys, uint, 0444);
MODULE_PARM_DESC(keys, "keys in the tree");

struct tree_key {
	struct rb_node node;
	char *name;
};

static struct galloc_heap *heap;
static struct rb_root tree = RB_ROOT;

static bool key_less(struct rb_node *a, const struct rb_node *b)
{
	return strcmp(rb_entry(a, struct tree_key, node)->name,
		      rb_entry(b, struct tree_key, node)->name) < 0;
}

static int key_add(unsigned int i)
{
	struct tree_key *key = galloc_from(heap, sizeof(*key), GFP_KERNEL);
	size_t len = 10 + i % 300;

	if (!key)
		return -ENOMEM;
	key->name = galloc_from(heap, len, GFP_KERNEL);
	/* A key without a name is the heap's to free, too. */
	if (!key->name)
		return -ENOMEM;
	snprintf(key->name, len, "%u", i * 7919);
	rb_add(&key->node, &tree, key_less);
	return 0;
}

static int __init heap_init(void)
{
	struct galloc_heap_usage usage;
	unsigned int i;
	int err = 0;

	heap = galloc_heap_create("sample", &(struct galloc_heap_args) {
		.limit_bytes = 8 << 20,
	});
	if (!heap)
		return -ENOMEM;
	for (i = 0; i < keys && !err; i++)
		err = key_add(i);
	if (err) {
		galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
		return err;
	}
	galloc_heap_usage(heap, &usage);
	pr_info("%zu bytes of pages, %zu at most, %lu spans\n", usage.held, usage.limit,
		usage.spans);
	/* What galloc counts as in use. */
	pr_info("%zu bytes held\n", usage.in_use);
	return 0;
}

static void __exit heap_exit(void)
{
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
}

module_init(heap_init);
module_exit(heap_exit);

MODULE_DESCRIPTION("Sample client of galloc: a private heap");
MODULE_LICENSE("GPL");
