// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * heaps: private heaps in debugfs.
 *
 * "heaps" has a line for each, "heap/NAME/classes" one for each class and cache of it.
 * Documentation/stats.rst defines the columns.  Takes no hotplug lock: a heap may be
 * destroyed, and its file closed, in a hotplug callback.
 */
#include "heaps.h"

#include <linux/debugfs.h>
#include <linux/module.h>

#include "client/heap.h"
#include "observe/shown.h"
#include "observe/sums.h"

static struct dentry *heaps_dir;

static void add_allocs(const struct heap_line *line, void *arg)
{
	int nid;

	/* The others are in classes: of whole pages with all of those, of a cache with its name. */
	if (line->class == HEAP_LARGE || line->name)
		return;
	for (nid = 0; nid <= nr_node_ids; nid++) {
		const struct mcentral *c = READ_ONCE(line->set->row[nid]);

		if (c)
			*(unsigned long *)arg += stacks_allocs(c);
	}
}

/* Small objects that were allocated from a heap, but for those of its caches. */
unsigned long heaps_allocs(struct galloc_heap *heap)
{
	unsigned long n = 0;

	heap_each(heap, add_allocs, &n);
	return n;
}

static void heap_print(struct galloc_heap *heap, void *arg)
{
	struct galloc_heap_usage u;

	galloc_heap_usage(heap, &u);
	seq_printf(arg, "%-20s %11zu %10zu %12zu %12zu %10zu %10zu %7lu %6lu %10lu\n",
		   heap->name, u.limit, u.held, u.in_use, u.cached, u.peak, u.meta,
		   u.refused, u.spans, heaps_allocs(heap));
}

int heaps_table_show(struct seq_file *m, void *v)
{
	seq_puts(m, "name                 limit_bytes held_bytes in_use_bytes cached_bytes peak_bytes meta_bytes refused  spans     allocs\n");
	heap_walk(heap_print, m);
	return 0;
}

static void heap_count(struct galloc_heap *heap, void *arg)
{
	++*(unsigned long *)arg;
}

/* How many there are now. */
unsigned long heaps_count(void)
{
	unsigned long n = 0;

	heap_walk(heap_count, &n);
	return n;
}

SUMS_SHOW_SIZED(heaps_table, (heaps_count() + 2) * SUMS_LINE_BYTES);

static void line_print(const struct heap_line *line, void *arg)
{
	struct heap_sums sums;
	struct seq_file *m = arg;

	usage_sum(line->set, &sums);
	if (line->name)
		shown_print(m, line->name, 20);
	else if (line->class == HEAP_LARGE)
		seq_printf(m, "%-20s", "large");
	else
		seq_printf(m, "%-20u", line->class);
	seq_printf(m, " %10u %14lu %14lu %15lu %6lu %6lu\n", line->set->args.sc.size,
		   line->class == HEAP_LARGE ? sums.spans : sums.in_use, sums.cached,
		   sums.free, sums.spans, sums.pages);
}

int heaps_classes_show(struct seq_file *m, void *v)
{
	seq_puts(m, "class                size_bytes in_use_objects cached_objects central_objects  spans  pages\n");
	heap_each(m->private, line_print, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heaps_classes);

/* For diagnosis only: a heap works without. */
void heaps_show(struct galloc_heap *heap)
{
	heap->dir = debugfs_create_dir(heap->name, heaps_dir);
	debugfs_create_file("classes", 0400, heap->dir, heap, &heaps_classes_fops);
}

/* Waits for readers. */
void heaps_hide(struct galloc_heap *heap)
{
	debugfs_remove(heap->dir);
}

void heaps_init(struct dentry *parent)
{
	debugfs_create_file("heaps", 0400, parent, NULL, &heaps_table_fops);
	heaps_dir = debugfs_create_dir("heap", parent);
}
