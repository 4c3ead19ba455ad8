/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* heap: private heaps inside galloc, see heap.c. */
#ifndef _GALLOC_CLIENT_HEAP_H
#define _GALLOC_CLIENT_HEAP_H

#include "debug/guard.h"

#include <linux/mutex.h>
#include <linux/refcount.h>

/* The set of a heap's objects of whole pages. */
#define HEAP_LARGE	0

/**
 * struct galloc_heap - a private heap
 * @account: bytes of its pages, and its limit
 * @place: by size class, of @set, for the fast paths
 * @set: its rows by size class, [HEAP_LARGE] for whole pages; each is made on first use,
 *	and stays until the heap is destroyed
 * @refs: one for the client, one for each set and cache that still has objects, and one for
 *	whoever resizes a guarded object
 * @lock: protects @caches
 * @caches: caches in the heap, those that were destroyed as long as they have objects
 * @link: in the list of all heaps
 * @dir: in debugfs
 * @guard: how often an object gets a page of its own
 * @name: its name there: unique, unlike the one that the client gave it
 *
 * Freed with its last object, which may be long after galloc_heap_destroy().
 */
struct galloc_heap {
	struct row_account account;
	struct stack_place place[GALLOC_NR_CLASSES];
	struct rowset *set[GALLOC_NR_CLASSES];
	refcount_t refs;
	struct mutex lock;	/* protects caches */
	struct list_head caches;
	struct list_head link;
	struct dentry *dir;
	struct guard_rate guard;
	char name[];
};

/* The longest name that debugfs shows. */
#define NAME_MAX_SHOWN	52

/* A heap, with its name, a dot and a number. */
#define HEAP_BYTES	(sizeof(struct galloc_heap) + NAME_MAX_SHOWN + 12)

/* What is larger takes 2 KiB of kmalloc().  A mutex is larger where it is debugged, else 32. */
static_assert(HEAP_BYTES - sizeof(struct mutex) + 32 <= 1024);

struct galloc_cache;

/* What a set of rows has, see usage_sum(). */
struct heap_sums {
	unsigned long spans;
	unsigned long pages;
	unsigned long meta;	/* bytes */
	unsigned long free;	/* objects free in their spans */
	unsigned long taken;	/* all others but those that wait, see waiting.c */
	unsigned long in_use;	/* those of them that the client has */
	unsigned long cached;	/* and that stacks and transfer have */
};

/* Whole pages, a class, or a cache of a heap, see heap_each(). */
struct heap_line {
	const char *name;	/* of a cache */
	unsigned int class;
	struct rowset *set;
};

void *heap_zalloc(size_t bytes);
struct rowset *heap_rows(const struct rows_args *args, gfp_t gfp);
void heap_put(struct galloc_heap *heap);
void *heap_alloc(struct galloc_heap *heap, size_t size, size_t align, gfp_t gfp, int nid);
void heap_add_cache(struct galloc_heap *heap, struct galloc_cache *cache);
void heap_remove_cache(struct galloc_heap *heap, struct galloc_cache *cache);
bool heap_is_full(const struct galloc_heap *heap, size_t size);
bool heap_has(const struct galloc_heap *heap, const void *p);
void usage_sum(struct rowset *set, struct heap_sums *sums);
void heap_each(struct galloc_heap *heap,
	       void (*fn)(const struct heap_line *line, void *arg), void *arg);
void heap_walk(void (*fn)(struct galloc_heap *heap, void *arg), void *arg);

#endif /* _GALLOC_CLIENT_HEAP_H */
