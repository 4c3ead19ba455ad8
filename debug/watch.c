// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * watch: which objects are watched for their clients' bugs.
 *
 * By the parameter debug, and at run time by debugfs "debug": all of them, those of whole
 * pages, of a size class, of a cache or of a heap.  Caches and heaps may be named before
 * they exist.  Their gates close: objects bypass the stacks, so that the bitmaps know of
 * each; and once no stack has one any more, what is known of each is recorded, see table.c.
 * It ends in the reverse order.
 *
 * Called by galloc_mod.c, rows.c, kcache.c and debugfs; calls gate.c and table.c.  watch_mutex is
 * held while rows are switched, watch_lock, one of galloc's locks, protects the list.
 * Overview: galloc_mod.c.
 */
#include "watch.h"
#include "client/heap.h"
#include "debug/table.h"
#include "mcache.h"
#include "observe/shown.h"

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define WATCH_MAX		16

enum watch_kind { WATCH_ALL, WATCH_LARGE, WATCH_CLASS, WATCH_CACHE, WATCH_HEAP };

/**
 * struct watch - some rows
 * @kind: of what
 * @class: WATCH_CLASS: the class
 * @name: WATCH_CACHE, WATCH_HEAP: the name
 */
struct watch {
	enum watch_kind kind;
	unsigned int class;
	char name[WATCH_NAME];
};

static struct watch watches[WATCH_MAX];
static unsigned int nr_watches;
static DEFINE_RAW_SPINLOCK(watch_lock);

/* Held while rows are switched. */
DEFINE_MUTEX(watch_mutex);

/* ---- text ------------------------------------------------------------------------------ */

/* That of a cache as classes shows it, and as it is.  False: there is none, or too much. */
static bool watch_take_name(struct watch *w, const char *text)
{
	unsigned int i;

	for (i = 0; *text; i++) {
		if (i == WATCH_NAME - 1)
			return false;
		w->name[i] = w->kind == WATCH_CACHE ? shown_byte(&text) : *text++;
		if (!w->name[i])
			return false;
	}
	return i;
}

/* One of them; false: it is none. */
static bool watch_parse(struct watch *w, const char *text)
{
	const char *value = strchr(text, '=');

	memset(w, 0, sizeof(*w));
	if (!strcmp(text, "all")) {
		w->kind = WATCH_ALL;
		return true;
	}
	if (!strcmp(text, "large")) {
		w->kind = WATCH_LARGE;
		return true;
	}
	if (!value++)
		return false;
	if (str_has_prefix(text, "class=")) {
		w->kind = WATCH_CLASS;
		return !kstrtouint(value, 10, &w->class) && w->class &&
		       w->class < GALLOC_NR_CLASSES;
	}
	w->kind = str_has_prefix(text, "cache=") ? WATCH_CACHE : WATCH_HEAP;
	return (w->kind == WATCH_CACHE || str_has_prefix(text, "heap=")) &&
	       watch_take_name(w, value);
}

static void watch_print(struct seq_file *m, const struct watch *w)
{
	static const char * const kinds[] = {
		[WATCH_ALL] = "all", [WATCH_LARGE] = "large", [WATCH_CLASS] = "class",
		[WATCH_CACHE] = "cache", [WATCH_HEAP] = "heap",
	};

	seq_puts(m, kinds[w->kind]);
	if (w->kind == WATCH_CLASS)
		seq_printf(m, "=%u", w->class);
	else if (w->name[0])
		seq_putc(m, '=');
	if (w->kind == WATCH_CACHE)
		shown_print(m, w->name, 0);
	else
		seq_puts(m, w->name);
	seq_putc(m, '\n');
}

/* ---- rows ------------------------------------------------------------------------------- */

/* A set of a heap's class, or of its whole pages, has the heap's name; a cache its own. */
static bool set_is_cache(const struct rowset *set)
{
	return set->args.sc.size && !set->args.class;
}

static const char *heap_name_of(const struct rowset *set)
{
	const struct row_account *a = set->args.account;

	if (!set_is_cache(set))
		return set->args.name;
	return a && a->parent ? container_of(a->parent, struct galloc_heap, account)->name :
				"";
}

/* For gate_watch(). */
static bool watch_matches(const struct rowset *set, unsigned int class, const void *arg)
{
	const struct watch *w = arg;

	switch (w->kind) {
	case WATCH_ALL:
		return true;
	case WATCH_LARGE:
		return !set && !class;
	case WATCH_CLASS:
		return !set && class == w->class;
	case WATCH_CACHE:
		return set && set_is_cache(set) && !strcmp(set->args.name, w->name);
	case WATCH_HEAP:
		return set && !strcmp(heap_name_of(set), w->name);
	}
	return false;
}

/* The same, unless another one in the list matches, too; "all" has a place of its own. */
static bool watch_alone_matches(const struct rowset *set, unsigned int class, const void *arg)
{
	unsigned int i;

	lockdep_assert_held(&watch_mutex);
	if (!watch_matches(set, class, arg))
		return false;
	for (i = 0; i < nr_watches; i++)
		if (watches[i].kind != WATCH_ALL && watch_matches(set, class, &watches[i]))
			return false;
	return true;
}

/**
 * watch_set() - let a new set follow what is watched
 * @set: the set, which those who switch may see already; it has no row yet
 *
 * Context: Any but NMI.
 */
void watch_set(struct rowset *set)
{
	unsigned long flags;
	unsigned int i;
	bool on = false;

	if (likely(!READ_ONCE(nr_watches)))
		return;
	/* watch_end() waits for this section before it looks at all sets. */
	rcu_read_lock();
	galloc_lock(&watch_lock, flags);
	for (i = 0; i < nr_watches; i++)
		on |= watches[i].kind != WATCH_ALL && watch_matches(set, 0, &watches[i]);
	galloc_unlock(&watch_lock, flags);
	if (on)
		rows_set_gates(set, BIT(GATE_DEBUG) | BIT(GATE_TABLE), true);
	rcu_read_unlock();
}

/* The place of a watch in the list, nr_watches if it is not there. */
static unsigned int watch_place(const struct watch *w)
{
	unsigned int i;

	lockdep_assert_held(&watch_mutex);
	for (i = 0; i < nr_watches; i++)
		if (!memcmp(&watches[i], w, sizeof(*w)))
			break;
	return i;
}

static void watch_list(const struct watch *w, unsigned int place, bool add)
{
	unsigned long flags;

	galloc_lock(&watch_lock, flags);
	if (add)
		watches[nr_watches++] = *w;
	else
		watches[place] = watches[--nr_watches];
	galloc_unlock(&watch_lock, flags);
}

/* Switch a reason for the rows of a watch; complete when this returns. */
static void watch_switch(const struct watch *w, enum gate_reason why, bool on)
{
	/* With debug=1 all objects go on to bypass the stacks. */
	if (galloc_debug && why == GATE_DEBUG && !on)
		return;
	if (gate_watch(w->kind == WATCH_ALL ? NULL : on ? watch_matches : watch_alone_matches,
		       w, why, on))
		gate_wait();
}

static int watch_begin(const struct watch *w)
{
	bool asked = drain_ask_isolated;
	int err;

	if (watch_place(w) < nr_watches)
		return 0;
	if (nr_watches == WATCH_MAX)
		return -ENOSPC;
	err = table_enable();
	if (err)
		return err;
	/* A set that is made while the list has this one is recorded at once. */
	gate_tables_begin();
	watch_list(w, 0, true);
	galloc_pause(PAUSE_WATCH_LISTED, w);
	/* Isolated CPUs, too: what is on their stacks would not be known. */
	WRITE_ONCE(drain_ask_isolated, true);
	watch_switch(w, GATE_DEBUG, true);
	WRITE_ONCE(drain_ask_isolated, asked);
	/* From here on no object comes from a stack, or goes to one. */
	watch_switch(w, GATE_TABLE, true);
	return 0;
}

/* For bytes_clear_zones(): is a row one that nobody watches when this watch has ended? */
static bool is_ending(u32 row, const void *arg)
{
	const struct rowset *set = rows_of_row(row);
	const struct watch *w = arg;
	unsigned int i, class = 0;

	/* Its set has gone, and its objects. */
	if (!set && row >= nr_rows)
		return false;
	for (i = 0; i < nr_watches; i++)
		if (watches[i].kind == WATCH_ALL)
			return false;
	if (!set && row && mcentral_rows[row])
		class = mcentral_rows[row]->class;
	return watch_alone_matches(set, class, w);
}

/* For table_drop(): it is in an RCU read section. */
static bool is_unwatched(u32 row, const void *arg)
{
	return !gate_is_recorded(row);
}

static int watch_end(const struct watch *w)
{
	unsigned int place = watch_place(w);

	if (place == nr_watches)
		return -ENOENT;
	watch_list(w, place, false);
	/* Pairs with watch_set(). */
	synchronize_rcu();
	bytes_clear_zones(is_ending, w);
	watch_switch(w, GATE_TABLE, false);
	bytes_zones_again();
	quarantine_flush(true);
	table_drop(is_unwatched, NULL);
	if (!nr_watches)
		gate_tables_end();
	watch_switch(w, GATE_DEBUG, false);
	return 0;
}

/* ---- load, and debugfs --------------------------------------------------------------------- */

/* One word of the parameter debug.  False: it is none. */
static bool __init watch_take(const char *word)
{
	struct watch w;
	bool bypass;

	if (!*word)
		return true;
	/* The bitmaps alone: no memory, and little is known. */
	if (!kstrtobool(word, &bypass)) {
		galloc_debug |= bypass;
		return true;
	}
	if (nr_watches == WATCH_MAX || !watch_parse(&w, word))
		return false;
	if (watch_place(&w) == nr_watches)
		watches[nr_watches++] = w;
	return true;
}

/**
 * watch_check() - take the parameter debug
 * @text: what to watch, with commas between
 *
 * Return: 0, or -EINVAL after a line with what is wrong.
 */
int __init watch_check(const char *text)
{
	char *copy, *rest;
	const char *word;
	int err = 0;

	copy = galloc_fail(0) ? NULL : kstrdup(text, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	mutex_lock(&watch_mutex);
	while (!err && (word = strsep(&rest, ", ")))
		err = watch_take(word) ? 0 : -EINVAL;
	mutex_unlock(&watch_mutex);
	if (err) {
		pr_err("debug=%s: 0, 1, all, large, class=1 to %d, cache=NAME or heap=NAME, at most %d\n",
		       text, GALLOC_NR_CLASSES - 1, WATCH_MAX);
		nr_watches = 0;
		galloc_debug = false;
	}
	kfree(copy);
	return err;
}

/* The rows of the classes are there, and nobody allocates yet. */
void __init watch_start(void)
{
	unsigned int i;

	if (nr_watches && table_enable())
		pr_warn("not enough memory to record what is watched\n");
	if (nr_watches)
		gate_tables_begin();
	mutex_lock(&watch_mutex);
	for (i = 0; i < nr_watches; i++) {
		watch_switch(&watches[i], GATE_DEBUG, true);
		watch_switch(&watches[i], GATE_TABLE, true);
	}
	mutex_unlock(&watch_mutex);
}

int watch_show(struct seq_file *m, void *v)
{
	unsigned int i;

	mutex_lock(&watch_mutex);
	for (i = 0; i < nr_watches; i++)
		watch_print(m, &watches[i]);
	mutex_unlock(&watch_mutex);
	return 0;
}

/**
 * watch_command() - begin or end watching
 * @text: what, and "on" or "off", as in "class=15 on"; changed
 *
 * Context: Process, not in a hotplug callback.  Sleeps.
 * Return: 0; -EINVAL, -ENOSPC, -ENOMEM; -ENOENT: what is to end has not begun.
 */
int watch_command(char *text)
{
	char *how;
	struct watch w;
	bool on;
	int err;

	/* The last word: a name may have blanks. */
	text = strim(text);
	how = strrchr(text, ' ');
	if (!how)
		return -EINVAL;
	*how++ = '\0';
	on = !strcmp(how, "on");
	if ((!on && strcmp(how, "off")) || !watch_parse(&w, strim(text)))
		return -EINVAL;
	mutex_lock(&watch_mutex);
	err = on ? watch_begin(&w) : watch_end(&w);
	mutex_unlock(&watch_mutex);
	return err;
}

/**
 * watch_cache() - as "cache=NAME on" and "cache=NAME off" do
 * @name: of the cache
 * @on: begin
 *
 * Context: Process, not in a hotplug callback.  Sleeps.
 * Return: True if this call began or ended it.
 */
bool watch_cache(const char *name, bool on)
{
	struct watch w = { .kind = WATCH_CACHE };
	bool was;
	int err;

	if (strscpy(w.name, name, sizeof(w.name)) < 0)
		return false;
	mutex_lock(&watch_mutex);
	was = watch_place(&w) < nr_watches;
	err = on ? watch_begin(&w) : watch_end(&w);
	mutex_unlock(&watch_mutex);
	return !err && was != on;
}

static ssize_t watch_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char *text;
	int err;

	if (len > SHOWN_BYTES * WATCH_NAME + 16)
		return -EINVAL;
	text = galloc_fail(0) ? ERR_PTR(-ENOMEM) : memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = watch_command(text);
	kfree(text);
	return err ?: len;
}

static int watch_open(struct inode *inode, struct file *file)
{
	return single_open(file, watch_show, NULL);
}

static const struct file_operations watch_fops = {
	.owner = THIS_MODULE,
	.open = watch_open,
	.read = seq_read,
	.write = watch_write,
	.llseek = seq_lseek,
	.release = single_release,
};

void watch_init(struct dentry *parent)
{
	debugfs_create_file("debug", 0600, parent, NULL, &watch_fops);
}
