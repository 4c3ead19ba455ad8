/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mcache: the two fast paths, inlined into the exported functions.
 *
 * Budget: 60 instructions for an alloc + free pair, all tests in it.  No lock,
 * no atomic, one cold branch; everything rare hides behind "the stack is empty"
 * or "full", because a slot that must not be used has no room at all.
 */
#ifndef _GALLOC_MCACHE_H
#define _GALLOC_MCACHE_H

#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "galloc_internal.h"

/**
 * struct mcache_slot - one CPU's stack of free objects of one row
 * @top: next place to push to
 * @base: first place; base[-1] is the stack's size in bytes, no object
 * @end: behind the last place; base == end when the slot has no capacity
 * @allocs: objects served from the stack
 * @span: the CACHED span that refills it, or NULL
 * @mask: bits that are 0 in the address of every object of the row
 * @misses: allocations that found the stack empty
 * @overflows: frees that found it full
 * @seen_ops: @allocs and @overflows when mcache_visit() last looked, low bits
 * @seen_misses: @misses then, low bits
 * @wants: how it last ran against its ends, see slot_wants_more()
 *
 * Written by its CPU only, with busy set.  Others read for statistics.
 */
struct mcache_slot {
	void **top;
	void **base;
	void **end;
	unsigned long allocs;
	struct mspan *span;
	u32 mask;
	u32 misses;
	u32 overflows;
	u16 seen_ops;
	u16 seen_misses;
	u8 wants;
};

static_assert(sizeof(struct mcache_slot) == 64);

/**
 * struct mcache - what a CPU has
 * @local: the slots of the CPU's own node, by size class
 * @slots: all slots, by row; a shared array of empty ones until first used
 * @busy: the slots are being worked on; an interrupt keeps off
 * @cpu: the CPU
 * @nid: its node, that of @local
 * @gen: the drain generation it has followed
 * @held: bytes the capacities and the CACHED spans may hold at most
 * @rng: state of the xorshift that shuffles claimed objects
 * @hand: slot whose capacity is looked at next when another wants more
 * @drain_all: @work is to empty the slots, not to look for idle ones
 * @work: runs on this CPU
 *
 * The busy byte: set before any stack pointer is loaded, cleared after the last
 * one is stored, with preemption off in between, so only an interrupt of the
 * same CPU can come between, and it runs to its end there.  barrier() keeps
 * the compiler from moving accesses across; the CPU sees its own in order.
 */
struct mcache {
	struct mcache_slot *local;
	struct mcache_slot *slots;
	u8 busy;
	int cpu;
	int nid;
	int gen;
	unsigned long held;
	u64 rng;
	unsigned int hand;
	bool drain_all;
	struct work_struct work;
};

DECLARE_PER_CPU(struct mcache, galloc_mcache);

/*
 * Pop an object of a class from this CPU's stack.  False if there is none, or
 * an interrupt got here while the slots are being worked on.
 */
static __always_inline bool mcache_pop(unsigned int class, void **obj)
{
	struct mcache_slot *slot;
	void **top;

	preempt_disable();
	if (likely(!cpu_byte_is_set(galloc_mcache.busy))) {
		__this_cpu_write(galloc_mcache.busy, 1);
		barrier();
		slot = cpu_array(galloc_mcache.local, class);
		top = slot->top;
		if (likely(top != slot->base)) {
			*obj = top[-1];
			barrier();
			slot->top--;
			slot->allocs++;
			barrier();
			__this_cpu_write(galloc_mcache.busy, 0);
			preempt_enable();
			return true;
		}
		barrier();
		__this_cpu_write(galloc_mcache.busy, 0);
	}
	preempt_enable();
	return false;
}

/*
 * Push an object on this CPU's stack of its row.  False if that cannot be:
 * not a small object, of another node, full, or not freed for the first time
 * as far as one look tells.  mcache_free_slow() finds out which.
 */
static __always_inline bool mcache_push(const void *p)
{
	struct mcache_slot *slot;
	void **top;

	preempt_disable();
	if (likely(!cpu_byte_is_set(galloc_mcache.busy))) {
		__this_cpu_write(galloc_mcache.busy, 1);
		barrier();
		slot = cpu_array(galloc_mcache.slots, arena_row_of(p));
		top = slot->top;
		if (likely(top != slot->end) && likely(top[-1] != p) &&
		    likely(!((u32)(unsigned long)p & slot->mask))) {
			*top = (void *)p;
			barrier();
			slot->top++;
			barrier();
			__this_cpu_write(galloc_mcache.busy, 0);
			preempt_enable();
			return true;
		}
		barrier();
		__this_cpu_write(galloc_mcache.busy, 0);
	}
	preempt_enable();
	return false;
}

/* ---- for mcache.c and drain.c ------------------------------------------------ */

extern struct mcache_slot *empty_slots;

/* This CPU's slots, preemption off and busy set; NULL if they are busy. */
static inline struct mcache *mcache_enter(void)
{
	struct mcache *m;

	preempt_disable();
	m = this_cpu_ptr(&galloc_mcache);
	if (unlikely(m->busy)) {
		preempt_enable();
		return NULL;
	}
	m->busy = 1;
	barrier();
	return m;
}

static inline void mcache_leave(struct mcache *m)
{
	barrier();
	m->busy = 0;
	preempt_enable();
}

static inline struct mcache_slot *local_slot(struct mcache *m, unsigned int class)
{
	return &m->local[class];
}

static inline unsigned int slot_capacity(const struct mcache_slot *slot)
{
	return slot->end - slot->base;
}

static inline unsigned int slot_room(const struct mcache_slot *slot)
{
	return slot->end - slot->top;
}

static inline size_t class_span_bytes(unsigned int class)
{
	return (size_t)sizeclasses[class].span_pages << PAGE_SHIFT;
}

/* What the slots of a CPU take. */
static inline size_t slots_bytes(void)
{
	return (size_t)nr_rows * sizeof(struct mcache_slot);
}

static inline bool mcache_is_setup(int cpu)
{
	return READ_ONCE(per_cpu(galloc_mcache, cpu).slots) != empty_slots;
}

/* mcache.c */

void *mcache_alloc_slow(unsigned int class, gfp_t gfp);
void mcache_free_slow(const void *p);
size_t mcache_pop_many(unsigned int class, size_t nr, void **out);
void mcache_flush(void **batch, unsigned int n);

/* drain.c */

int mcache_init(void);
int mcache_start(void);
void mcache_stop(void);
void mcache_empty(void);
void mcache_exit(void);
void mcache_tick_start(void);
void mcache_follow(void);
void mcache_relieve(gfp_t gfp);
void mcache_drain(void);
void mcache_shrink_async(void);
unsigned long mcache_held_bytes(void);

#endif /* _GALLOC_MCACHE_H */
