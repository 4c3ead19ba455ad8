/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * sums.h: what a walk over everything has counted.
 */
#ifndef _GALLOC_SUMS_H
#define _GALLOC_SUMS_H

#include "mcache.h"

/* One size class on all nodes; [0] is LARGE objects. */
struct class_sums {
	unsigned long spans;
	unsigned long pages;
	unsigned long shorts;	/* spans shorter than the class's length */
	unsigned long taken;	/* objects not free in their span */
	unsigned long free;	/* objects free in their span */
	unsigned long waiting;	/* those freed while others refer to them */
	unsigned long stacked;	/* entries of stacks and transfer */
	u32 out;		/* on stacks and in use, by the layers' counters */
	u32 transfer;		/* entries of the transfer */
	unsigned long cached;	/* valid objects among these, each counted once */
	unsigned long dropped;	/* references of its pages that others dropped */
	unsigned long allocs;
	unsigned long size;	/* of an object, in a row made at run time */
	u32 set_nr;		/* whose row that is */
};

struct sums {
	struct class_sums class[GALLOC_NR_CLASSES];
	struct class_sums *made;	/* by rows made at run time */
	struct class_sums late;		/* and since the walk began */
	unsigned int nr_made;
	unsigned long free_pages;
	unsigned long deferred_pages;
	unsigned long transit_pages;
	unsigned long stashed_pages;
	struct seen *seen;
	bool unsure;		/* not all of the stacks were checked */
	bool failed;		/* for lack of memory something is missing */
};

/*
 * The operations of a file that NAME_show() prints in one go.  Its buffer has room for
 * @bytes: were it too small, seq_file would double it and print, and walk, all again.
 */
#define SUMS_SHOW_SIZED(name, bytes)						\
static int name##_open(struct inode *inode, struct file *file)			\
{										\
	return single_open_size(file, name##_show, inode->i_private, bytes);	\
}										\
										\
static const struct file_operations name##_fops = {				\
	.owner = THIS_MODULE,							\
	.open = name##_open,							\
	.read = seq_read,							\
	.llseek = seq_lseek,							\
	.release = single_release,						\
}

/* More than a line of a table takes, unless a name is very long. */
#define SUMS_LINE_BYTES		160

static inline unsigned long class_size(unsigned int class)
{
	return sizeclasses[class].size;
}

void stats_totals_of(const struct sums *sums, struct galloc_totals *t);
struct sums *sums_collect(void);
struct sums *sums_collect_some(void);
void sums_free(struct sums *sums);
long sums_in_use_or_less(const struct class_sums *cs);
unsigned long sums_in_use(const struct class_sums *cs);
unsigned long sums_tail(const struct class_sums *cs, unsigned long size);
void sums_of_set(const struct sums *sums, const struct rowset *set,
		 struct class_sums *sum);

#endif /* _GALLOC_SUMS_H */
