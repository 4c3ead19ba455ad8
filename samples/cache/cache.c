// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * cache: objects of one type from a cache of their own, an example of a galloc client.
 *
 *	insmod cache.ko conns=1000
 *
 * The objects take just their size, and keep what the constructor did once: a connection
 * that is freed has its lock free and its list empty, so the next one need not do that
 * again.  The cache is in a heap, with the requests of the connections, and the heap has a
 * limit for both.  Shows galloc_heap_cache_create(), galloc_cache_alloc(),
 * galloc_cache_free() and galloc_cache_size().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include <galloc.h>

static unsigned int conns = 1000;
module_param(conns, uint, 0444);
MODULE_PARM_DESC(conns, "connections to open");

struct request {
	struct list_head list;
};

struct conn {
	struct list_head list;
	spinlock_t lock;
	struct list_head requests;
	u32 id;
	char peer[108];
};

static struct galloc_heap *heap;
static struct galloc_cache *cache;
static LIST_HEAD(open_conns);
static unsigned int nr_open;

/* Once for each object, however often it is allocated. */
static void conn_init_once(void *object)
{
	struct conn *c = object;

	spin_lock_init(&c->lock);
	INIT_LIST_HEAD(&c->requests);
}

static int conn_open(u32 id)
{
	struct conn *c = galloc_cache_alloc(cache, GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	c->id = id;
	snprintf(c->peer, sizeof(c->peer), "peer %u", id);
	list_add(&c->list, &open_conns);
	nr_open++;
	return 0;
}

/* As it was when it was allocated: the lock free, the list empty. */
static void conn_close(struct conn *c)
{
	struct request *r, *next;

	spin_lock(&c->lock);
	list_for_each_entry_safe(r, next, &c->requests, list) {
		list_del(&r->list);
		gfree(r);
	}
	spin_unlock(&c->lock);
	list_del(&c->list);
	nr_open--;
	galloc_cache_free(cache, c);
}

/* A request of each fourth connection is still there when it is closed. */
static int conn_request(struct conn *c)
{
	struct request *r;

	if (c->id % 4)
		return 0;
	r = galloc_from(heap, sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	spin_lock(&c->lock);
	list_add(&r->list, &c->requests);
	spin_unlock(&c->lock);
	return 0;
}

/* The cache goes with its heap. */
static void close_all(void)
{
	struct conn *c, *next;

	list_for_each_entry_safe(c, next, &open_conns, list)
		conn_close(c);
	galloc_heap_destroy(heap);
}

/* Of 16 MiB at most, connections and requests together. */
static int make_cache(void)
{
	heap = galloc_heap_create("sample-conn", &(struct galloc_heap_args) {
		.limit_bytes = 16 << 20,
	});
	if (!heap)
		return -ENOMEM;
	cache = galloc_heap_cache_create(heap, "conn", sizeof(struct conn),
					 &(struct galloc_cache_args) {
						.ctor = conn_init_once,
					 });
	if (!cache) {
		galloc_heap_destroy(heap);
		return -ENOMEM;
	}
	return 0;
}

static int __init cache_init(void)
{
	struct conn *c, *next;
	unsigned int i;
	int err = make_cache();

	if (err)
		return err;
	for (i = 0; i < conns && !err; i++)
		err = conn_open(i);
	list_for_each_entry(c, &open_conns, list)
		err = err ?: conn_request(c);
	if (err) {
		close_all();
		return err;
	}
	/* Half of them end; those with a request among them. */
	list_for_each_entry_safe(c, next, &open_conns, list)
		if (c->id % 2 == 0)
			conn_close(c);
	pr_info("%u connections of %u bytes are open\n", nr_open, galloc_cache_size(cache));
	/* What galloc counts as in use. */
	pr_info("%zu bytes held\n", (size_t)nr_open * galloc_cache_size(cache));
	return 0;
}

static void __exit cache_exit(void)
{
	close_all();
}

module_init(cache_init);
module_exit(cache_exit);

MODULE_DESCRIPTION("Sample client of galloc: a typed cache in a heap");
MODULE_LICENSE("GPL");
