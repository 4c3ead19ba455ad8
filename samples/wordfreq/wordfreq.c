// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * wordfreq: count the words of a text, an example of a galloc client.
 *
 *	cat book.txt >/sys/kernel/debug/wordfreq/text
 *	cat /sys/kernel/debug/wordfreq/top
 *
 * A word is a run of ASCII letters, lower-cased; every other byte separates
 * words, so that any file can be fed, a binary as well.
 *
 *	text	 write: the text, in pieces of any size; what is written through
 *		 one open file is one text, its last word ends at the close
 *	words	 read: "count word" a line, in the order of first appearance
 *	top	 read: the ten most frequent, ties in alphabetical order
 *	summary	 read: "key value" a line
 *	reset	 write: forget all words (a word still being written is kept)
 *
 * What of galloc it shows:
 *
 *	all of the table	a heap, which has a line in galloc's file "heaps"
 *	a struct per word	galloc_from() with a constant size
 *	its letters		galloc_from() with a variable size
 *	the hash buckets	gzalloc_from()
 *	the unfinished word	grealloc_from(), doubled as it grows
 *	an open file		gzalloc(), beside the heap
 *	what that comes to	gsize()
 *
 * When memory runs out, write() consumes less than it was given or fails with
 * -ENOMEM, and nothing is lost: writing the rest again goes on from there.
 * A word longer than 2 MiB is refused with -EFBIG.
 *
 * Locks: writer->lock, then table_lock; both are mutexes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <galloc.h>

#define MIN_BUCKETS	64
#define MAX_BUCKETS	(SZ_2M / sizeof(struct hlist_head))
#define MIN_LETTERS	64
#define MAX_LETTERS	SZ_2M
#define TOP_WORDS	10

struct word {
	struct hlist_node chain;	/* in its bucket */
	struct list_head order;		/* in table.order */
	u64 count;
	char *letters;			/* not terminated */
	u32 len;
	u32 hash;
};

/* A text that is being written, one for each open file. */
struct writer {
	struct mutex lock;		/* threads can share an open file */
	struct word *spare;		/* there when the last word ends */
	char *letters;			/* the word not yet ended */
	size_t len;
	size_t size;			/* of @letters */
	char chunk[2048];		/* text on its way in from user space */
};

/* The position of a reader of "words". */
struct reader {
	struct list_head *at;
	loff_t pos;			/* of @at, for seq_file */
	unsigned long generation;	/* @at is gone once this is outdated */
};

/* The words, and what they are looked up by. */
static struct galloc_heap *heap;

static DEFINE_MUTEX(table_lock);

/* All the words. Protected by table_lock, but for the seed. */
static struct {
	struct hlist_head *bucket;
	size_t buckets;			/* a power of two */
	struct list_head order;		/* all words, oldest first */
	u64 distinct;			/* words in @order */
	u64 total;			/* sum of their counts */
	size_t bytes;			/* held by words, letters, buckets */
	unsigned long generation;	/* raised by each reset */
	u32 seed;			/* no text can be made to collide */
} table;

static struct dentry *dir;

/* The table */

static struct word *table_find(const char *letters, size_t len, u32 hash)
{
	struct word *word;

	lockdep_assert_held(&table_lock);

	hlist_for_each_entry(word, &table.bucket[hash & (table.buckets - 1)],
			     chain) {
		if (word->hash == hash && word->len == len &&
		    !memcmp(word->letters, letters, len))
			return word;
	}
	return NULL;
}

static void table_link(struct word *word)
{
	hlist_add_head(&word->chain,
		       &table.bucket[word->hash & (table.buckets - 1)]);
}

static struct hlist_head *new_buckets(size_t n, gfp_t gfp)
{
	return gzalloc_from(heap, n * sizeof(struct hlist_head), gfp);
}

/* A table that cannot grow is slower, and still right: no error. */
static void table_grow(void)
{
	size_t buckets = table.buckets * 2;
	struct hlist_head *bucket;
	struct word *word;

	if (buckets > MAX_BUCKETS)
		return;
	bucket = new_buckets(buckets, GFP_KERNEL | __GFP_NOWARN);
	if (!bucket)
		return;

	table.bytes += gsize(bucket);
	table.bytes -= gsize(table.bucket);
	gfree(table.bucket);
	table.bucket = bucket;
	table.buckets = buckets;
	list_for_each_entry(word, &table.order, order)
		table_link(word);
}

/* Put in a word that is not there; @word and @letters belong to the table. */
static void table_insert(struct word *word, char *letters, size_t len, u32 hash)
{
	lockdep_assert_held(&table_lock);

	*word = (struct word) {
		.count = 1,
		.letters = letters,
		.len = len,
		.hash = hash,
	};
	table_link(word);
	list_add_tail(&word->order, &table.order);
	table.bytes += gsize(word) + gsize(letters);
	table.distinct++;
	table.total++;
	if (table.distinct > table.buckets)
		table_grow();
}

static void free_words(struct list_head *words)
{
	struct word *word, *next;

	list_for_each_entry_safe(word, next, words, order) {
		gfree(word->letters);
		gfree(word);
	}
}

static int table_init(void)
{
	INIT_LIST_HEAD(&table.order);
	table.seed = get_random_u32();
	table.buckets = MIN_BUCKETS;
	heap = galloc_heap_create(KBUILD_MODNAME, NULL);
	if (!heap)
		return -ENOMEM;
	table.bucket = new_buckets(MIN_BUCKETS, GFP_KERNEL);
	if (!table.bucket) {
		galloc_heap_destroy(heap);
		return -ENOMEM;
	}
	table.bytes = gsize(table.bucket);
	return 0;
}

/* It frees memory, so it must not fail for lack of it. */
static void table_reset(void)
{
	struct hlist_head *bucket, *old = NULL;
	LIST_HEAD(words);

	bucket = new_buckets(MIN_BUCKETS, GFP_KERNEL | __GFP_NOWARN);

	mutex_lock(&table_lock);
	if (bucket) {
		old = table.bucket;
		table.bucket = bucket;
		table.buckets = MIN_BUCKETS;
	} else {
		memset(table.bucket, 0, table.buckets * sizeof(*table.bucket));
	}
	list_splice_init(&table.order, &words);
	table.distinct = 0;
	table.total = 0;
	table.bytes = gsize(table.bucket);
	table.generation++;
	mutex_unlock(&table_lock);

	/* There can be many: do not make other tasks wait. */
	free_words(&words);
	gfree(old);
}

static void table_exit(void)
{
	free_words(&table.order);
	gfree(table.bucket);
	galloc_heap_destroy(heap);
}

/* text */

/* Count the word that @w has collected, and make room for the next. */
static int end_word(struct writer *w, bool closing)
{
	u32 hash = jhash(w->letters, w->len, table.seed);
	struct word *word = table_find(w->letters, w->len, hash);
	char *letters;

	if (word) {
		word->count++;
		table.total++;
		w->len = 0;
		return 0;
	}

	letters = galloc_from(heap, w->len, GFP_KERNEL);
	if (letters) {
		memcpy(letters, w->letters, w->len);
	} else if (closing) {
		/* There is no retry: use the buffer itself. */
		letters = w->letters;
		w->letters = NULL;
		w->size = 0;
	} else {
		return -ENOMEM;
	}
	table_insert(w->spare, letters, w->len, hash);
	w->spare = NULL;
	w->len = 0;
	return 0;
}

/* Allocate what end_word() needs here, where an error can be reported. */
static int add_letter(struct writer *w, char letter)
{
	if (!w->spare) {
		w->spare = galloc_from(heap, sizeof(*w->spare), GFP_KERNEL);
		if (!w->spare)
			return -ENOMEM;
	}
	if (w->len == w->size) {
		size_t size = w->size ? w->size * 2 : MIN_LETTERS;
		char *letters;

		if (size > MAX_LETTERS)
			return -EFBIG;
		letters = grealloc_from(heap, w->letters, size, GFP_KERNEL);
		if (!letters)
			return -ENOMEM;
		w->letters = letters;
		w->size = size;
	}
	w->letters[w->len++] = letter;
	return 0;
}

/* Take in @len bytes of w->chunk, or as many as there is memory for. */
static int take_chunk(struct writer *w, size_t len, size_t *taken)
{
	size_t i;
	int err = 0;

	lockdep_assert_held(&w->lock);

	mutex_lock(&table_lock);
	for (i = 0; i < len; i++) {
		/* Not isalpha(): it knows the letters of Latin-1, too. */
		char lower = w->chunk[i] | 0x20;

		if (lower >= 'a' && lower <= 'z')
			err = add_letter(w, lower);
		else if (w->len)
			err = end_word(w, false);
		if (err)
			break;
	}
	mutex_unlock(&table_lock);

	*taken = i;
	return err;
}

static ssize_t text_write(struct file *file, const char __user *text,
			  size_t len, loff_t *ppos)
{
	struct writer *w = file->private_data;
	size_t done = 0;
	int err = 0;

	if (mutex_lock_killable(&w->lock))
		return -EINTR;
	while (done < len && !err) {
		size_t n = min(len - done, sizeof(w->chunk));
		size_t taken = 0;

		if (fatal_signal_pending(current))
			err = -EINTR;
		else if (copy_from_user(w->chunk, text + done, n))
			err = -EFAULT;
		else
			err = take_chunk(w, n, &taken);
		done += taken;
	}
	mutex_unlock(&w->lock);
	return done ? done : err;
}

static int text_open(struct inode *inode, struct file *file)
{
	struct writer *w = gzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return -ENOMEM;
	mutex_init(&w->lock);
	file->private_data = w;
	return stream_open(inode, file);
}

static int text_release(struct inode *inode, struct file *file)
{
	struct writer *w = file->private_data;

	/* The last reference to the file: no need for w->lock. */
	mutex_lock(&table_lock);
	if (w->len)
		end_word(w, true);
	mutex_unlock(&table_lock);

	gfree(w->spare);
	gfree(w->letters);
	gfree(w);
	return 0;
}

static const struct file_operations text_fops = {
	.owner = THIS_MODULE,
	.open = text_open,
	.write = text_write,
	.release = text_release,
};

/*
 * words
 *
 * The lock is held while one buffer is filled, not from the first word to the
 * last: writers can get in between. Words are only ever added at the end, so
 * that each is shown once, with the count of that moment; after a reset the
 * listing ends.
 */

static void *words_start(struct seq_file *m, loff_t *pos)
{
	struct reader *r = m->private;

	mutex_lock(&table_lock);
	if (*pos == 0)
		r->generation = table.generation;
	else if (r->generation != table.generation)
		return NULL;

	/* Mostly we go on where we were; after a seek count from the start. */
	if (*pos == 0 || *pos != r->pos || !r->at) {
		r->at = seq_list_start(&table.order, *pos);
		r->pos = *pos;
	}
	return r->at;
}

static void *words_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct reader *r = m->private;

	r->at = seq_list_next(v, &table.order, pos);
	r->pos = *pos;
	return r->at;
}

static void words_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&table_lock);
}

static void show_word(struct seq_file *m, const struct word *word)
{
	seq_printf(m, "%llu ", word->count);
	seq_write(m, word->letters, word->len);
	seq_putc(m, '\n');
}

static int words_show(struct seq_file *m, void *v)
{
	show_word(m, list_entry(v, struct word, order));
	return 0;
}

static const struct seq_operations words_ops = {
	.start = words_start,
	.next = words_next,
	.stop = words_stop,
	.show = words_show,
};

static int words_open(struct inode *inode, struct file *file)
{
	struct reader *r = gzalloc(sizeof(*r), GFP_KERNEL);
	struct seq_file *m;
	int err;

	if (!r)
		return -ENOMEM;
	err = seq_open(file, &words_ops);
	if (err) {
		gfree(r);
		return err;
	}
	m = file->private_data;
	m->private = r;
	return 0;
}

static int words_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	gfree(m->private);
	return seq_release(inode, file);
}

static const struct file_operations words_fops = {
	.owner = THIS_MODULE,
	.open = words_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = words_release,
};

/* top */

static bool ranks_above(const struct word *a, const struct word *b)
{
	int cmp;

	if (a->count != b->count)
		return a->count > b->count;
	cmp = memcmp(a->letters, b->letters, min(a->len, b->len));
	return cmp ? cmp < 0 : a->len < b->len;
}

static int top_show(struct seq_file *m, void *v)
{
	struct word *top[TOP_WORDS], *word;
	int n = 0, i;

	mutex_lock(&table_lock);
	list_for_each_entry(word, &table.order, order) {
		if (n == TOP_WORDS && !ranks_above(word, top[n - 1]))
			continue;
		if (n < TOP_WORDS)
			n++;
		for (i = n - 1; i > 0 && ranks_above(word, top[i - 1]); i--)
			top[i] = top[i - 1];
		top[i] = word;
	}
	for (i = 0; i < n; i++)
		show_word(m, top[i]);
	mutex_unlock(&table_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(top);

/* summary */

static int summary_show(struct seq_file *m, void *v)
{
	mutex_lock(&table_lock);
	seq_printf(m, "distinct_words %llu\n", table.distinct);
	seq_printf(m, "total_words %llu\n", table.total);
	seq_printf(m, "bytes_held %zu\n", table.bytes);
	mutex_unlock(&table_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(summary);

/* reset */

static ssize_t reset_write(struct file *file, const char __user *text,
			   size_t len, loff_t *ppos)
{
	table_reset();
	return len;
}

static const struct file_operations reset_fops = {
	.owner = THIS_MODULE,
	.write = reset_write,
};

static int __init wordfreq_init(void)
{
	int err;

	err = table_init();
	if (err)
		return err;

	dir = debugfs_create_dir(KBUILD_MODNAME, NULL);
	if (IS_ERR(dir)) {
		/* Without its files this module is of no use. */
		err = PTR_ERR(dir);
		pr_err("no debugfs (%d)\n", err);
		table_exit();
		return err;
	}
	debugfs_create_file("text", 0200, dir, NULL, &text_fops);
	debugfs_create_file("words", 0400, dir, NULL, &words_fops);
	debugfs_create_file("top", 0400, dir, NULL, &top_fops);
	debugfs_create_file("summary", 0400, dir, NULL, &summary_fops);
	debugfs_create_file("reset", 0200, dir, NULL, &reset_fops);
	return 0;
}

/* An open file holds the module, so no file is in use by now. */
static void __exit wordfreq_exit(void)
{
	debugfs_remove(dir);
	table_exit();
}

module_init(wordfreq_init);
module_exit(wordfreq_exit);

MODULE_DESCRIPTION("Count the words of a text, an example of a galloc client");
MODULE_LICENSE("GPL");
