// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* notes: lines written to /sys/kernel/debug/notes, which shows the newest first. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define NOTES_MAX	1000

struct note {
	struct list_head list;
	struct rcu_head rcu;
	size_t len;
	char *text;
};

static struct kmem_cache *note_cache;
static LIST_HEAD(notes);
static DEFINE_MUTEX(notes_lock);
static unsigned int nr_notes;
static struct dentry *notes_file;

static void note_free(struct rcu_head *rcu)
{
	struct note *n = container_of(rcu, struct note, rcu);

	kfree(n->text);
	kmem_cache_free(note_cache, n);
}

static void notes_drop_oldest(void)
{
	struct note *n = list_last_entry(&notes, struct note, list);

	list_del_rcu(&n->list);
	nr_notes--;
	call_rcu(&n->rcu, note_free);
}

static ssize_t notes_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct note *n = kmem_cache_zalloc(note_cache, GFP_KERNEL);

	if (!n)
		return -ENOMEM;
	n->len = min_t(size_t, len, PAGE_SIZE);
	n->text = memdup_user_nul(buf, n->len);
	if (IS_ERR(n->text)) {
		int err = PTR_ERR(n->text);

		kmem_cache_free(note_cache, n);
		return err;
	}
	mutex_lock(&notes_lock);
	list_add_rcu(&n->list, &notes);
	if (++nr_notes > NOTES_MAX)
		notes_drop_oldest();
	mutex_unlock(&notes_lock);
	return n->len;
}

static int notes_show(struct seq_file *m, void *v)
{
	struct note *n;

	rcu_read_lock();
	list_for_each_entry_rcu(n, &notes, list)
		seq_write(m, n->text, n->len);
	rcu_read_unlock();
	return 0;
}

static int notes_open(struct inode *inode, struct file *file)
{
	return single_open(file, notes_show, NULL);
}

static const struct file_operations notes_fops = {
	.owner = THIS_MODULE,
	.open = notes_open,
	.read = seq_read,
	.write = notes_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int __init notes_init(void)
{
	note_cache = KMEM_CACHE(note, SLAB_HWCACHE_ALIGN);
	if (!note_cache)
		return -ENOMEM;
	notes_file = debugfs_create_file("notes", 0600, NULL, NULL, &notes_fops);
	return 0;
}

static void __exit notes_exit(void)
{
	debugfs_remove(notes_file);
	while (nr_notes)
		notes_drop_oldest();
	rcu_barrier();
	kmem_cache_destroy(note_cache);
}

module_init(notes_init);
module_exit(notes_exit);

MODULE_DESCRIPTION("Lines written to debugfs, the newest first");
MODULE_LICENSE("GPL");
