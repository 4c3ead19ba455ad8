/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* rcu: the batches of gfree_rcu(), see rcu.c. */
#ifndef _GALLOC_CLIENT_RCU_H
#define _GALLOC_CLIENT_RCU_H

#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

/* An array takes that much, and is aligned to it. */
#define ARRAY_BYTES	2048
#define ARRAY_LEN	254

/**
 * struct rcu_array - pointers to objects that wait
 * @next: an older array of the same batch
 * @n: their number, unless it is the newest one of a CPU
 * @p: the objects
 */
struct rcu_array {
	struct rcu_array *next;
	unsigned long n;
	const void *p[ARRAY_LEN];
};

static_assert(sizeof(struct rcu_array) == ARRAY_BYTES);

/**
 * struct rcu_objects - objects that wait together
 * @arrays: most of them
 * @heads: those without a place in an array: rcu_head.next is the link, and
 *	rcu_head.func the object, see rcu_head_mark()
 * @n: their number
 * @bytes: their sizes
 */
struct rcu_objects {
	struct rcu_array *arrays;
	struct llist_node *heads;
	unsigned long n;
	unsigned long bytes;
};

/**
 * struct rcu_batch - objects that wait for the same grace period
 * @rcu: the callback
 * @c: whose it is
 * @flying: the callback is pending (set with the lock held)
 * @nr: number of the flight, see flights
 * @objects: none if they have been taken for freeing (the lock)
 */
struct rcu_batch {
	struct rcu_head rcu;
	struct rcu_cpu *c;
	bool flying;
	long nr;
	struct rcu_objects objects;
};

/* One that waits; another one that is being freed, or was ended early. */
#define NR_BATCHES	2

/**
 * struct rcu_cpu - what a CPU has queued
 * @lock: bit 0 protects everything up to @bytes, and @batch
 * @place: the next place in the newest array; its end if it is full, or NULL
 * @cpu: the CPU
 * @arrays: pointers queued since the last batch, newest array first
 * @n: their number in the full arrays
 * @bytes: sizes of the objects
 * @heads: objects queued without an array
 * @heads_n: their number
 * @heads_bytes: their sizes
 * @spare: an unused array; taken and given by xchg()
 * @batch: the batches
 * @frees: callbacks that are freeing objects
 * @freeing: held by tasks while they free a batch; sleeps
 * @work: frees the batches
 */
struct rcu_cpu {
	unsigned long lock;
	const void **place;
	struct rcu_array *arrays;
	unsigned long n;
	unsigned long bytes;
	struct rcu_array *spare;
	struct llist_head heads;
	atomic_long_t heads_n;
	atomic_long_t heads_bytes;
	int cpu;
	struct rcu_batch batch[NR_BATCHES];
	atomic_t frees;
	struct mutex freeing;	/* one task at a time frees what has waited */
	struct work_struct work;
};

/* Random, so that no client's data looks like a mark. */
extern unsigned long rcu_heads_secret;

/*
 * The object of a head, marked as one that waits: a second gfree_rcu() of it would
 * tie the list to a knot.
 */
static inline rcu_callback_t rcu_head_mark(const struct rcu_head *head, const void *p)
{
	return (rcu_callback_t)((unsigned long)p ^ (unsigned long)head ^
				READ_ONCE(rcu_heads_secret));
}

#endif /* _GALLOC_CLIENT_RCU_H */
