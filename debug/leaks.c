// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * leaks: live objects of watched rows, by the stack that allocated them.
 *
 * In debugfs "leaks", and in the log when a heap or a cache is destroyed with live objects,
 * and at unload.  Reads the records of table.c.  Overview: galloc_mod.c.
 */
#include "watch.h"
#include "debug/table.h"
#include "observe/stackdepot.h"
#include "observe/sums.h"

#include <linux/debugfs.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>

/* Stacks that are told apart, a power of two; those that are printed into the log. */
#define LEAKS_SHIFT		12
#define LEAKS_MAX		(1U << LEAKS_SHIFT)
#define LEAKS_PRINTED		10

/**
 * struct leak - objects of one stack
 * @stack: the stack
 * @objects: their number; 0: there is no such stack
 * @bytes: that their clients have asked for
 * @since: when the oldest was allocated, in seconds since boot
 */
struct leak {
	u32 stack;
	u32 since;
	unsigned long objects;
	unsigned long bytes;
};

/**
 * struct leaks - all of them
 * @match: which sets are of interest; NULL: all rows
 * @arg: for @match
 * @others: objects of stacks for which there was no place
 * @n: stacks
 * @leak: the stacks, hashed; later sorted
 */
struct leaks {
	bool (*match)(const struct rowset *set, const void *arg);
	const void *arg;
	struct leak others;
	unsigned int n;
	struct leak leak[LEAKS_MAX];
};

/* The place of a stack; that of all others, if there is none. */
static struct leak *leak_of(struct leaks *all, u32 stack)
{
	unsigned int i = hash_32(stack, LEAKS_SHIFT);

	while (all->leak[i].objects && all->leak[i].stack != stack)
		i = (i + 1) % LEAKS_MAX;
	if (all->leak[i].objects)
		return &all->leak[i];
	/* One stays free, so that each search ends. */
	if (all->n == LEAKS_MAX - 1)
		return &all->others;
	all->n++;
	all->leak[i].stack = stack;
	return &all->leak[i];
}

static void leak_count(u32 row, size_t size, const struct record *r, void *arg)
{
	u32 since = READ_ONCE(r->since), asked = READ_ONCE(r->asked);
	struct leaks *all = arg;
	const struct rowset *set;
	struct leak *leak;

	if (all->match) {
		set = rows_of_row(row);
		if (!set || !all->match(set, all->arg))
			return;
	}
	leak = leak_of(all, READ_ONCE(r->stack[RECORD_ALLOC]));
	if (!leak->objects || since < leak->since)
		leak->since = since;
	leak->objects++;
	leak->bytes += asked ?: size;
}

static int leak_compare(const void *a, const void *b)
{
	const struct leak *x = a, *y = b;

	/* Unused places last. */
	if (!x->objects || !y->objects)
		return !x->objects - !y->objects;
	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

/* All live objects, most bytes first; NULL: no memory. */
static struct leaks *leaks_collect(bool (*match)(const struct rowset *set, const void *arg),
				   const void *arg)
{
	struct leaks *all;

	all = galloc_fail(get_order(sizeof(*all))) ? NULL :
	      kvzalloc(sizeof(*all), GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (!all)
		return NULL;
	all->match = match;
	all->arg = arg;
	table_walk(leak_count, all);
	sort(all->leak, LEAKS_MAX, sizeof(all->leak[0]), leak_compare, NULL);
	return all;
}

static unsigned long age_of(const struct leak *leak)
{
	return jiffies / HZ - leak->since;
}

int leaks_show(struct seq_file *m, void *v)
{
	struct leaks *all = leaks_collect(NULL, NULL);
	unsigned int i;

	if (!all)
		return -ENOMEM;
	seq_puts(m, "   objects          bytes   oldest_s stack\n");
	for (i = 0; i < all->n; i++) {
		const struct leak *leak = &all->leak[i];

		seq_printf(m, "%10lu %14lu %10lu\n", leak->objects, leak->bytes, age_of(leak));
		stackdepot_print(m, leak->stack);
	}
	if (all->others.objects)
		seq_printf(m, "%10lu %14lu %10lu (others)\n", all->others.objects,
			   all->others.bytes, age_of(&all->others));
	kvfree(all);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(leaks);

/**
 * leaks_print() - print live objects of watched rows into the log
 * @what: first word of each line
 * @match: true for sets that are of interest; NULL: all rows
 * @arg: for @match
 *
 * Prints nothing where nothing is watched.
 *
 * Context: Process.  Sleeps.
 */
void leaks_print(const char *what, bool (*match)(const struct rowset *set, const void *arg),
		 const void *arg)
{
	struct leaks *all;
	unsigned int i;

	if (!gate_has_tables())
		return;
	all = leaks_collect(match, arg);
	if (!all) {
		pr_err("%s: not enough memory to say who allocated them\n", what);
		return;
	}
	for (i = 0; i < min_t(unsigned int, all->n, LEAKS_PRINTED); i++) {
		const struct leak *leak = &all->leak[i];

		pr_err("%s: %lu objects, %lu bytes, the oldest %lu s ago, allocated by:\n",
		       what, leak->objects, leak->bytes, age_of(leak));
		report_stack(leak->stack);
	}
	if (all->n > LEAKS_PRINTED)
		pr_err("%s: and %u more stacks\n", what, all->n - LEAKS_PRINTED);
	kvfree(all);
}

void leaks_init(struct dentry *parent)
{
	debugfs_create_file("leaks", 0400, parent, NULL, &leaks_fops);
}
