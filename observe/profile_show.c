// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * profile_show: the heap profile in debugfs.
 *
 * profile/heap has what is in use, profile/allocs what was allocated since galloc was
 * loaded, profile/peak what was in use when that was the most.  All numbers of objects and
 * bytes are estimates: a sample stands for as many as it was probable.  Called by debugfs.
 * Documentation/stats.rst describes the lines.
 */
#include "observe/profile.h"
#include "galloc_internal.h"
#include "observe/sample.h"
#include "observe/stackdepot.h"

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/utsname.h>

/* Which of the counters, by the name of the file. */
static unsigned long line_live(const struct profile_line *line)
{
	return line->live;
}

static unsigned long line_allocs(const struct profile_line *line)
{
	return line->allocs;
}

static unsigned long line_peak(const struct profile_line *line)
{
	return line->peak;
}

static const struct profile_kind {
	const char *name;
	unsigned long (*samples)(const struct profile_line *line);
} kinds[] = {
	{ "heap", line_live },
	{ "allocs", line_allocs },
	{ "peak", line_peak },
};

/* After the last entry, so that a copy that is cut off shows. */
static char profile_end;

static void head_show(struct seq_file *m, const struct profile_kind *kind)
{
	struct profile_totals t;

	profile_totals(&t);
	seq_printf(m, "version 1\nkind %s\nkernel %s\nsample_bytes %lu\n", kind->name,
		   init_utsname()->release, READ_ONCE(sample_mean));
	seq_printf(m, "live_samples %lu\nalloc_samples %lu\nlost_samples %lu\n", t.samples,
		   t.allocs, t.lost);
	seq_printf(m, "live_bytes %llu\npeak_bytes %llu\n", t.live_bytes, t.peak_bytes);
	seq_puts(m, "# entry objects bytes object_bytes sample_bytes samples\n");
}

static int profile_show(struct seq_file *m, void *v)
{
	const struct profile_kind *kind = m->private;
	struct profile_line line;
	unsigned long n;
	u64 weight;

	if (v == SEQ_START_TOKEN) {
		head_show(m, kind);
		return 0;
	}
	if (v == &profile_end) {
		seq_puts(m, "end\n");
		return 0;
	}
	profile_read(v, &line);
	n = kind->samples(&line);
	if (!n)
		return 0;
	weight = sample_weight(line.size, line.mean);
	seq_printf(m, "entry %llu.%03llu %llu %zu %lu %lu\n", n * weight >> SAMPLE_SHIFT,
		   (n * weight & (BIT(SAMPLE_SHIFT) - 1)) * 1000 >> SAMPLE_SHIFT,
		   n * (weight * line.size >> SAMPLE_SHIFT), line.size, line.mean, n);
	stackdepot_print(m, line.stack);
	return 0;
}

static const void *after(const void *v)
{
	if (v == &profile_end)
		return NULL;
	return profile_next(v == SEQ_START_TOKEN ? NULL : v) ?: &profile_end;
}

static void *profile_start(struct seq_file *m, loff_t *pos)
{
	const void *v = SEQ_START_TOKEN;
	loff_t i;

	for (i = 0; v && i < *pos; i++)
		v = after(v);
	return (void *)v;
}

static void *profile_seq_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return (void *)after(v);
}

static void profile_stop(struct seq_file *m, void *v)
{
}

static const struct seq_operations profile_ops = {
	.start = profile_start,
	.next = profile_seq_next,
	.stop = profile_stop,
	.show = profile_show,
};

static int profile_open(struct inode *inode, struct file *file)
{
	int err = seq_open(file, &profile_ops);

	if (!err)
		((struct seq_file *)file->private_data)->private = inode->i_private;
	return err;
}

static const struct file_operations profile_fops = {
	.owner = THIS_MODULE,
	.open = profile_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release,
};

void profile_show_init(struct dentry *parent)
{
	struct dentry *dir = debugfs_create_dir("profile", parent);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		debugfs_create_file(kinds[i].name, 0400, dir, (void *)&kinds[i],
				    &profile_fops);
}
