// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * allocinfo: the lines that galloc's callers have in /proc/allocinfo.
 *
 * Where the kernel profiles memory allocation, each call of galloc in a client is wrapped,
 * as each kmalloc() is, so that its tag is in current->alloc_tag: galloc_allocinfo.h.  While
 * that is on, all gates are closed for GATE_TAGS, and the tag of each object that is in use
 * is kept beside its span, in a table of some neighbouring objects; they are found by the
 * address of the span in a hash, and go when the span leaves its row.  The objects use
 * the stacks as ever.  Nothing of this exists while it is off.
 *
 * Nobody tells galloc when it is switched: an allocation finds out, in the fast path that it
 * is on, and in tags_alloc() that it is off.  Then the worker follows.
 * Objects count from when all CPUs have closed their gates, and those that were in use
 * before never do.  When it is switched off all that counted are subtracted again.
 *
 * A tag belongs to the owner of its object, and is exchanged, so that it is subtracted once.
 * As long as it is not, the counters of the tag are not 0, and the kernel keeps the tag when
 * its module goes.
 *
 * Called by gate.c, worker.c and galloc_mod.c; calls gate.c.  tags_lock protects the hash,
 * and is one of galloc's locks, a leaf; lookups take none: RCU.  watch_mutex is held while it
 * is switched.  Overview: galloc_mod.c.
 */
#include "observe/allocinfo.h"
#include "debug/watch.h"
#include "mcache.h"

#ifdef CALLERS_HAVE_TAGS
#include <linux/hash.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/sched.h>

/* Tags of a table: so that it takes the whole of a piece of the slab allocator's. */
#define TABLE_BYTES		2048
#define TABLE_TAGS							\
	((unsigned int)((TABLE_BYTES - sizeof(struct tag_table)) / sizeof(struct codetag *)))

/* Buckets of the hash: many where memory is to be had, or a page of them. */
#define BUCKETS_MANY		16384U
#define BUCKETS_FEW		(PAGE_SIZE / sizeof(struct hlist_head))

/**
 * struct tag_table - who allocated the objects of a span
 * @node: in the hash (tags_lock; RCU)
 * @gone: links those that wait for readers
 * @start: of the span
 * @row: of the span
 * @size: bytes of an object
 * @part: which TABLE_TAGS of the span's objects
 * @n: their number
 * @hashed: it is in the hash (tags_lock)
 * @tag: of each; NULL: it is free, or does not count
 */
struct tag_table {
	struct hlist_node node;
	struct llist_node gone;
	unsigned long start;
	u32 row;
	u32 size;
	u32 part;
	u16 n;
	bool hashed;
	struct codetag *tag[];
};

/* All gates are closed for this, or are about to be. */
bool allocinfo_on __read_mostly;

/* Objects count. */
static bool counting;

static struct hlist_head *tags_hash;
static unsigned int tags_buckets;
static LLIST_HEAD(tags_gone);
static DEFINE_RAW_SPINLOCK(tags_lock);

/* ---- tables -------------------------------------------------------------------------- */

static size_t table_bytes(unsigned int n)
{
	return sizeof(struct tag_table) + n * sizeof(struct codetag *);
}

static struct hlist_head *bucket_of(unsigned long start, unsigned int part)
{
	return &tags_hash[hash_64(start + part, 32) & (tags_buckets - 1)];
}

/* In an RCU read section, or with tags_lock. */
static struct tag_table *table_at(unsigned long start, unsigned int part)
{
	struct tag_table *t;

	hlist_for_each_entry_rcu(t, bucket_of(start, part), node, true)
		if (t->start == start && t->part == part)
			return t;
	return NULL;
}

/* Take back what a tag counts for an object. */
static void uncount(struct codetag *ct, size_t size)
{
	union codetag_ref ref = { .ct = ct };

	if (ct)
		alloc_tag_sub(&ref, size);
}

/* Out of the hash; readers may still have it.  False if it was not there. */
static bool table_unhash(struct tag_table *t)
{
	unsigned long flags;
	bool was;

	galloc_lock(&tags_lock, flags);
	was = t->hashed;
	if (was)
		hlist_del_rcu(&t->node);
	t->hashed = false;
	galloc_unlock(&tags_lock, flags);
	return was;
}

static void table_put_later(struct tag_table *t)
{
	llist_add(&t->gone, &tags_gone);
	worker_kick(WORKER_ROWS);
}

/* The objects of a table count no more, and it goes. */
static void table_drop(struct tag_table *t)
{
	unsigned int i;

	if (!table_unhash(t))
		return;
	for (i = 0; i < t->n; i++)
		uncount(xchg(&t->tag[i], NULL), t->size);
	table_put_later(t);
}

/* Put a new table into the hash, or find that somebody else has. */
static struct tag_table *table_insert(struct tag_table *new)
{
	struct tag_table *old;
	unsigned long flags;

	galloc_lock(&tags_lock, flags);
	old = table_at(new->start, new->part);
	if (!old) {
		hlist_add_head_rcu(&new->node, bucket_of(new->start, new->part));
		new->hashed = true;
	}
	galloc_unlock(&tags_lock, flags);
	if (!old)
		return new;
	table_put_later(new);
	return old;
}

static struct tag_table *table_new(const struct gate_object *o, unsigned int part)
{
	unsigned int n = min(o->objects - part * TABLE_TAGS, TABLE_TAGS);
	gfp_t gfp = context_gfp(GFP_NOWAIT) | __GFP_NOWARN;
	struct tag_table *t;

	t = may_grow() ? arena_meta_zalloc(table_bytes(n), NUMA_NO_NODE, gfp) : NULL;
	if (!t)
		return NULL;
	scan_hide(t);
	t->n = n;
	t->part = part;
	t->size = o->size;
	t->row = o->row;
	t->start = o->span;
	return table_insert(t);
}

/*
 * The table of an object, and its place there; NULL: there is none.  With @make one is made,
 * and one of another span, which has gone, is replaced.  RCU read section.
 */
static struct tag_table *table_of(const struct gate_object *o, bool make, unsigned int *nr)
{
	unsigned int part = o->index / TABLE_TAGS;
	struct tag_table *t;

	/* Acquire: pairs with hash_make(). */
	if (!smp_load_acquire(&tags_hash))
		return NULL;
	t = table_at(o->span, part);
	if (t && (t->row != o->row || t->size != o->size)) {
		if (make)
			table_drop(t);
		t = NULL;
	}
	if (!t && make)
		t = table_new(o, part);
	*nr = o->index % TABLE_TAGS;
	return t && t->size == o->size && *nr < t->n ? t : NULL;
}

/* ---- what is seen -------------------------------------------------------------------- */

/* In an RCU read section. */
static void tags_alloc(const struct gate_object *o)
{
	union codetag_ref ref = { };
	struct tag_table *t;
	unsigned int nr;

	if (unlikely(!mem_alloc_profiling_enabled()))
		worker_kick(WORKER_ALLOCINFO);
	if (unlikely(!READ_ONCE(counting)))
		return;
	t = table_of(o, !o->nolock && current->alloc_tag, &nr);
	if (!t)
		return;
	if (current->alloc_tag)
		alloc_tag_add(&ref, current->alloc_tag, t->size);
	/* Where the free of its last life was not seen, that counts until here. */
	uncount(xchg(&t->tag[nr], ref.ct), t->size);
}

static void tags_free(const struct gate_object *o)
{
	struct tag_table *t;
	unsigned int nr;

	/* Of a heap that is destroyed: allocinfo_left() sees to it. */
	if (!o->objects)
		return;
	t = table_of(o, false, &nr);
	if (t)
		uncount(xchg(&t->tag[nr], NULL), t->size);
}

static const struct gate_watcher tags_watcher = { .alloc = tags_alloc, .free = tags_free };

/**
 * allocinfo_left() - a span leaves its row
 * @s: the span, the caller's alone
 * @objects: it had so many
 * @size: bytes of each
 *
 * Context: Any but NMI, no galloc lock held.
 */
void allocinfo_left(const struct mspan *s, unsigned int objects, size_t size)
{
	struct tag_table *t;
	unsigned int part;

	/* Acquire: pairs with hash_make(). */
	if (!smp_load_acquire(&tags_hash))
		return;
	rcu_read_lock();
	for (part = 0; part < DIV_ROUND_UP(objects, TABLE_TAGS); part++) {
		t = table_at(s->start, part);
		if (t)
			table_drop(t);
	}
	rcu_read_unlock();
}

/**
 * allocinfo_reap() - free tables that nobody reads any more
 *
 * Context: Process.  Sleeps.
 * Return: True if there were any.
 */
bool allocinfo_reap(void)
{
	struct llist_node *gone = llist_del_all(&tags_gone);
	struct tag_table *t, *next;

	if (!gone)
		return false;
	/* Pairs with the read sections of table_of(). */
	synchronize_rcu();
	llist_for_each_entry_safe(t, next, gone, gone)
		arena_meta_free(t, table_bytes(t->n));
	return true;
}

/* ---- on and off ---------------------------------------------------------------------- */

/* It stays until unload.  Without memory for it nothing counts. */
static void hash_make(void)
{
	struct hlist_head *hash;

	if (tags_hash)
		return;
	tags_buckets = BUCKETS_MANY;
	hash = arena_meta_zalloc(tags_buckets * sizeof(*hash), NUMA_NO_NODE,
				 GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (!hash) {
		tags_buckets = BUCKETS_FEW;
		hash = arena_meta_zalloc(tags_buckets * sizeof(*hash), NUMA_NO_NODE,
					 GFP_KERNEL);
	}
	if (!hash)
		pr_warn("allocinfo: not enough memory to count the objects of each caller\n");
	/* Release: whoever finds the hash finds it empty, and its size. */
	smp_store_release(&tags_hash, hash);
}

static void drop_all(void)
{
	struct tag_table *t;
	unsigned int nr;

	for (nr = 0; tags_hash && nr < tags_buckets; nr++) {
		/* One that is dropped still has its successor. */
		rcu_read_lock();
		hlist_for_each_entry_rcu(t, &tags_hash[nr], node)
			table_drop(t);
		rcu_read_unlock();
		cond_resched();
	}
}

static void begin(void)
{
	bool asked = drain_ask_isolated;

	hash_make();
	WRITE_ONCE(allocinfo_on, true);
	/* Isolated CPUs, too: what they free would not be seen. */
	WRITE_ONCE(drain_ask_isolated, true);
	gate_close(GATE_TAGS, &tags_watcher, GATE_ALL_ROWS);
	gate_wait();
	WRITE_ONCE(drain_ask_isolated, asked);
	/* From here on each free is seen. */
	WRITE_ONCE(counting, true);
}

static void end(void)
{
	WRITE_ONCE(counting, false);
	/* Pairs with tags_alloc(): no tag comes after that. */
	synchronize_rcu();
	drop_all();
	gate_open(GATE_TAGS);
	WRITE_ONCE(allocinfo_on, false);
}

/**
 * allocinfo_follow() - do as the kernel does: count objects, or do not
 *
 * Complete when this returns.
 *
 * Context: Process, not in a hotplug callback.  Sleeps.
 */
void allocinfo_follow(void)
{
	mutex_lock(&watch_mutex);
	if (mem_alloc_profiling_enabled() && !allocinfo_on)
		begin();
	else if (!mem_alloc_profiling_enabled() && allocinfo_on)
		end();
	mutex_unlock(&watch_mutex);
}

static void follow_fn(struct work_struct *work)
{
	allocinfo_follow();
}

static DECLARE_WORK(follow_work, follow_fn);

/*
 * For worker.c.  Not with the works of CPUs, for which it waits; nor with the jobs, which may
 * not wait for the hotplug lock: a callback that has it may wait for them.
 */
void allocinfo_queue(void)
{
	schedule_work(&follow_work);
}

void allocinfo_cancel(void)
{
	cancel_work_sync(&follow_work);
}

/* At unload: nobody allocates or frees any more. */
void allocinfo_exit(void)
{
	drop_all();
	while (allocinfo_reap())
		;
	arena_meta_free(tags_hash, tags_buckets * sizeof(*tags_hash));
	tags_hash = NULL;
}
#endif
