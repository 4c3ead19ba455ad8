/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * mcache: the two fast paths, inlined into the exported functions.
 *
 * Budget: 60 instructions for an alloc + free pair, including all tests.  No lock,
 * no atomic, one cold branch; all rare cases look like "the stack is empty"
 * or "full", because a stack that must not be used has no capacity.
 */
#ifndef _GALLOC_MCACHE_H
#define _GALLOC_MCACHE_H

#include <linux/page_ref.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "observe/allocinfo.h"
#include "observe/sample.h"

/*
 * Pointers that a call takes off a stack and puts into their spans: it may be made in a
 * section of its caller's, and each may empty a span, whose pages are joined with others.
 */
#define CALL_TURN		16

/**
 * struct mcache_stack - one CPU's stack of free objects of one row
 * @top: next place to push to
 * @base: first place; base[-1] is the stack's size in bytes, no object
 * @end: after the last place; base == end when the stack has no capacity
 * @credit: objects that the fast path may still serve; 0 while each is watched
 * @mask: bits that are 0 in the address of every object of the row; all ones while
 *	@gates has a bit
 * @span: the CACHED span that refills it, or NULL
 * @misses: allocations that found the stack empty
 * @overflows: frees that found it full
 * @moved: objects that moved from spans and transfer to this stack, or past it to a
 *	caller, less those that moved back: the objects on the stack or in use,
 *	modulo 2^32 and summed over all CPUs
 * @gates: the reasons to watch each object that it has followed, see gate.h; and
 *	GATE_PAGES for objects above a page: all take mcache_push_shareable()
 * @seq: odd while @credit and stack_rest->issued change together
 * @wants: at which end it last ran out, see capacity_wants_more()
 * @samples: the credit is the distance to the next sample, see observe/sample.c
 * @run: times in a row that it ran empty, or, negative, full, see capacity_batch()
 *
 * What a pair of calls needs is in this one cache line; struct stack_rest has the
 * remainder.  Written by its CPU only, with busy set.  Others read for statistics.
 */
struct mcache_stack {
	void **top;
	void **base;
	void **end;
	long credit;
	unsigned long mask;
	struct mspan *span;
	u32 misses;
	u32 overflows;
	u32 moved;
	u8 gates;
	u8 seq;
	u8 wants : 2;
	bool samples : 1;
	s8 run;
};

/* sparse believes that a bit of a bool needs more room. */
#ifndef __CHECKER__
static_assert(sizeof(struct mcache_stack) == 64);
#endif

/**
 * struct stack_rest - what only gates, drains and statistics need of a stack
 * @issued: all credit it was given; less @credit: the objects served from the stack
 * @seen_ops: objects served, misses and overflows at the last drain_visit(), low bits
 * @seen_misses: misses then, low bits
 *
 * A second array, behind that of the stacks: its place is stack_rest().
 */
struct stack_rest {
	unsigned long issued;
	u16 seen_ops;
	u16 seen_misses;
};

/* Runs of pages that a CPU keeps for large objects. */
#define STASH_RUNS	8

/**
 * struct mcache - the caches of a CPU
 * @local: the stacks of the CPU's own node, by k: a size class, or one of a set's
 * @stacks: all stacks, by stack number; a shared array of empty ones until first used
 * @busy: the stacks are in use; an interrupt must not touch them
 * @cpu: the CPU
 * @nid: its node, that of @local; the nearest with memory if it has none
 * @away: the adopted node, whose stacks it has as well: its own was used up; NUMA_NO_NODE: none
 * @away_tick: when the own node was last found to be used up, in jiffies
 * @gen: the drain generation it has followed
 * @age: the tick it has followed
 * @held: bytes that the capacities and the CACHED spans may hold
 * @unheld: what others have taken of that, see drain_stack_of()
 * @gates_gen: the generation of gates it has followed
 * @gates_from: the generation that it is following
 * @gates_row: the next row of that
 * @rng: state of the xorshift that shuffles claimed objects
 * @hand: stack to take capacity from next when another needs more
 * @runs: runs of pages for large objects, see stash.c; the newest is last
 * @nr_runs: their number
 * @runs_used: one was handed out since the last drain_visit()
 * @missed: so many requests for @missed_pages found none, and none came since
 * @missed_pages: the length of the run that was missed last
 * @runs_bytes: their bytes, which count in @held
 * @runs_changes: incremented when a run enters or leaves; for validate
 * @drain_from: the drain generation at which the turns of a drain began
 * @drain_nr: stack at which the last turn of a drain stopped, see turn_stack()
 * @drain_turns: consecutive turns spent on that
 * @drain_runs: turns since the last stack
 * @age_nr: stack at which the tick's work stopped, on a CPU without work items
 * @wants: k without places, bit 0: without stacks.  Set by the CPU, busy; cleared by @work
 * @asked: when bit 0 of them was set, or the array was last asked for in vain, in jiffies
 * @slept: when a call last waited for the array, on a CPU without work items, in jiffies
 * @drain_all: @work empties the stacks, instead of looking for idle ones
 * @work: runs on this CPU
 *
 * The busy byte is set before any stack pointer is loaded and cleared after the last
 * one is stored, with preemption off, so only an interrupt of the same CPU can come
 * in between, and it completes before the interrupted code continues.  barrier() keeps
 * the compiler from moving accesses across; the CPU sees its own in order.
 */
struct mcache {
	struct mcache_stack *local;
	struct mcache_stack *stacks;
	u8 busy;
	int cpu;
	int nid;
	int away;
	u32 away_tick;
	int gen;
	int age;
	int drain_from;
	unsigned long held;
	atomic_long_t unheld;
	int gates_gen;
	int gates_from;
	unsigned int gates_row;
	u64 rng;
	unsigned int hand;
	u8 nr_runs;
	u8 drain_runs;
	u16 drain_nr;
	u16 age_nr;
	u16 drain_turns;
	bool runs_used;
	bool drain_all;
	u8 missed;
	u16 missed_pages;
	unsigned long runs_bytes;
	unsigned long runs_changes;
	struct mspan *runs[STASH_RUNS];
	DECLARE_BITMAP(wants, STACK_KS);
	unsigned long asked;
	unsigned long slept;
	struct work_struct work;
};

DECLARE_PER_CPU(struct mcache, galloc_mcache);

/*
 * Where an access to a CPU's own variable is one instruction, the fast paths use
 * that; elsewhere they compute the address of the mcache once.
 */
#ifdef GALLOC_CPU_OPS
#define fast_mcache()		((struct mcache *)NULL)
#define fast_busy(m)		((void)(m), cpu_byte_is_set(galloc_mcache.busy))
#define fast_set_busy(m, val)	__this_cpu_write(galloc_mcache.busy, val)
#define fast_stack(m, array, i)	cpu_array(galloc_mcache.array, i)
#define fast_local_at(m, bytes)	cpu_array_at(galloc_mcache.local, bytes)
#define fast_local(m)		__this_cpu_read(galloc_mcache.local)
#else
#define fast_mcache()		raw_cpu_ptr(&galloc_mcache)
#define fast_busy(m)		READ_ONCE((m)->busy)
#define fast_set_busy(m, val)	WRITE_ONCE((m)->busy, val)
#define fast_stack(m, array, i)	((m)->array + (i))
#define fast_local_at(m, bytes)	((struct mcache_stack *)((char *)(m)->local + (bytes)))
#define fast_local(m)		((m)->local)
#endif

/*
 * Pop an object of a class, or, @of_set, of the set that has @place, from this CPU's
 * stack.  False if there is none, if each one is watched, or if the stacks are busy,
 * because this is an interrupt.
 */
static __always_inline bool mcache_pop_from(unsigned int class, bool of_set,
					    const struct stack_place *place, void **obj)
{
	struct mcache_stack *stack;
	struct mcache *m;
	void **top;

	preempt_disable();
	m = fast_mcache();
	if (likely(!fast_busy(m))) {
		fast_set_busy(m, 1);
		barrier();
		/*
		 * Only here: a set's place does not outlive the section.  0 has no objects.
		 * data_race(): plain, as in arena_stack_in(); the barriers keep it here.
		 */
		stack = of_set ? fast_local_at(m, data_race(place->at)) :
				 fast_stack(m, local, class);
		top = stack->top;
		if (likely(top != stack->base)) {
			if (likely(!credit_used_up(stack->credit))) {
				/*
				 * In this order the address of the stack is not
				 * needed any more, and gcc loads the object into
				 * the register that it is returned in.
				 */
				stack->top--;
				barrier();
				*obj = top[-1];
				barrier();
				fast_set_busy(m, 0);
				preempt_enable();
				return true;
			}
			/* The slow path counts it. */
			stack->credit++;
		}
		barrier();
		fast_set_busy(m, 0);
	}
	preempt_enable();
	return false;
}

static __always_inline bool mcache_pop(unsigned int class, void **obj)
{
	return mcache_pop_from(class, false, NULL, obj);
}

static __always_inline bool mcache_pop_place(const struct stack_place *place, void **obj)
{
	return mcache_pop_from(0, true, place, obj);
}

/*
 * The tests and the push itself, with busy set.  The mask is tested in 64 bits: all ones
 * must let no address pass, not even one at a boundary of 4 GiB.
 */
static __always_inline bool stack_push(struct mcache_stack *stack, const void *p)
{
	void **top = stack->top;

	/* KASAN: the stack holds the pointers that galloc handed out, without tags. */
	p = untag(p);
	if (likely(top != stack->end) && likely(top[-1] != p) &&
	    likely(!bits_in_common(p, stack->mask))) {
		*top = (void *)p;
		barrier();
		stack->top++;
		return true;
	}
	return false;
}

/*
 * Push an object on the stack of its page's number.  False if that is impossible:
 * not a small object, of another node, stack full, or a double free that one
 * comparison detects.  mcache_free_slow() finds out which.
 */
static __always_inline bool mcache_push(const void *p)
{
	struct mcache_stack *stack;
	struct mcache *m;

	preempt_disable();
	m = fast_mcache();
	if (likely(!fast_busy(m))) {
		fast_set_busy(m, 1);
		barrier();
		stack = fast_stack(m, stacks, arena_stack_of(p));
		if (likely(stack_push(stack, p))) {
			barrier();
			fast_set_busy(m, 0);
			preempt_enable();
			return true;
		}
		barrier();
		fast_set_busy(m, 0);
	}
	preempt_enable();
	return false;
}

/*
 * Is a page's stack number that of a set now?  No other set's page has it in the same
 * section; the low byte is 0 only in numbers that have no room.
 */
static __always_inline bool number_is_of(const struct stack_place *place,
					 unsigned long number)
{
	/* data_race(): as in mcache_pop_from(). */
	return (u8)number == data_race(place->number);
}

/* The same as mcache_push() for an object of the set that has @place, and of no other. */
static __always_inline bool mcache_push_place(const struct stack_place *place, const void *p)
{
	struct mcache *m;
	unsigned long number;

	preempt_disable();
	m = fast_mcache();
	if (likely(!fast_busy(m))) {
		fast_set_busy(m, 1);
		barrier();
		number = arena_stack_of(p);
		if (likely(number_is_of(place, number)) &&
		    likely(stack_push(fast_stack(m, stacks, number), p))) {
			barrier();
			fast_set_busy(m, 0);
			preempt_enable();
			return true;
		}
		barrier();
		fast_set_busy(m, 0);
	}
	preempt_enable();
	return false;
}

/* A stack that several objects are being pushed on, with busy set. */
struct pushing {
	struct mcache_stack *stack;	/* or NULL */
	void **top;			/* stored at the end */
	unsigned long last;		/* the object there */
	unsigned long far;		/* bits in which the next one may not differ from it */
};

static __always_inline void pushing_end(const struct pushing *to)
{
	if (to->stack && to->top != to->stack->top)
		to->stack->top = to->top;
}

/* Go on with another stack.  Returns how many objects it has room for. */
static __always_inline size_t pushing_begin(struct pushing *to, struct mcache_stack *stack)
{
	size_t room = stack->end - stack->top;

	pushing_end(to);
	to->stack = stack;
	to->top = stack->top;
	to->far = PAGE_MASK | stack->mask;
	if (likely(room))
		to->last = (unsigned long)to->top[-1];
	return room;
}

/*
 * Push objects, if @place is not NULL only of the set that has it, until one cannot be
 * pushed; at most DRAIN_TURN of them, to keep the section short.  Returns the number pushed.
 *
 * The tests are those of stack_push().  What was freed together mostly was allocated
 * together: an object in the same page as the one before is for the same stack, and
 * aligned if that was.
 */
static inline size_t mcache_push_run(const struct stack_place *place, void **p, size_t nr)
{
	struct pushing to = { .far = ULONG_MAX };
	struct mcache_stack *stacks;
	struct mcache *m;
	size_t n = 0, end;

	preempt_disable();
	m = fast_mcache();
	if (likely(!fast_busy(m))) {
		fast_set_busy(m, 1);
		barrier();
		stacks = fast_stack(m, stacks, 0);
		nr = min_t(size_t, nr, DRAIN_TURN);
		for (end = nr; n < end; n++) {
			unsigned long obj = addr_of(p[n]);

			if (unlikely((obj ^ to.last) & to.far)) {
				unsigned int number = arena_stack_of(p[n]);

				if (place && unlikely(!number_is_of(place, number)))
					break;
				if (to.stack != stacks + number)
					end = min(nr, n + pushing_begin(&to, stacks + number));
				if (unlikely(n == end) || unlikely(obj & to.stack->mask))
					break;
			}
			if (unlikely(obj == to.last))
				break;
			*to.top++ = (void *)obj;
			to.last = obj;
		}
		pushing_end(&to);
		barrier();
		fast_set_busy(m, 0);
	}
	preempt_enable();
	galloc_pause(PAUSE_PUSHED_RUN, &n);
	return n;
}

/*
 * The fast path of an allocation from the set that has @place.  False:
 * api_alloc_set_slow(); otherwise api_clear_row() where the kernel clears what it allocates.
 * The caller ends with one of these calls, so that it need not save registers.
 */
static __always_inline bool mcache_alloc_from(const struct stack_place *place, gfp_t gfp,
					      void **obj)
{
	if (IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_alloc(gfp);
	return gfp_is_plain(gfp) && likely(mcache_pop_place(place, obj));
}

/* ---- for mcache.c and drain.c ------------------------------------------------ */

extern struct mcache_stack *empty_stacks;

/* This CPU's stacks, preemption off and busy set; NULL if they are busy. */
static inline struct mcache *mcache_enter(void)
{
	struct mcache *m;

	preempt_disable();
	m = this_cpu_ptr(&galloc_mcache);
	if (unlikely(READ_ONCE(m->busy))) {
		preempt_enable();
		return NULL;
	}
	WRITE_ONCE(m->busy, 1);
	barrier();
	return m;
}

static inline void mcache_leave(struct mcache *m)
{
	barrier();
	WRITE_ONCE(m->busy, 0);
	preempt_enable();
}

#ifdef GALLOC_SECTIONS
#define mcache_enter()						\
({								\
	struct mcache *__m = mcache_enter();			\
								\
	if (__m)						\
		galloc_section_enter();				\
	__m;							\
})

#define mcache_leave(m)						\
({								\
	galloc_section_leave(__func__);				\
	mcache_leave(m);					\
})
#endif

/*
 * The stacks are busy.  Their user is the code that this interrupt interrupted, since
 * preemption is off there.  In a task this cannot happen, unless the byte was left
 * set.
 */
static inline void mcache_count_busy(enum galloc_event what)
{
	count_event(what);
	count_event(in_hardirq() ? EVENT_BUSY_HARDIRQ :
		    in_serving_softirq() ? EVENT_BUSY_SOFTIRQ : EVENT_BUSY_TASK);
}

static inline struct mcache_stack *local_stack(struct mcache *m, unsigned int k)
{
	return &m->local[k];
}

static inline struct mcache_stack *away_stack(struct mcache *m, unsigned int class)
{
	return &m->stacks[stack_number(m->away, class)];
}

/*
 * This CPU's stack of a k, of its own node or @away; NULL if there is none.  Sets have
 * stacks of the own node only.
 */
static inline struct mcache_stack *k_stack(struct mcache *m, unsigned int k, bool away)
{
	if (!away)
		return local_stack(m, k);
	return m->away == NUMA_NO_NODE || k >= GALLOC_NR_CLASSES ? NULL : away_stack(m, k);
}

/* This CPU's stack of a row, of its own node or the adopted one; NULL for any other. */
static inline struct mcache_stack *row_stack_here(struct mcache *m, unsigned int row)
{
	const struct mcentral *c = mcentral_of(row);
	unsigned int number;

	if (m->stacks == empty_stacks || !c ||
	    (c->nid != m->nid && (c->set || c->nid != m->away)))
		return NULL;
	number = mcentral_stack(c);
	return number < STACK_FIRST ? NULL : &m->stacks[number];
}

/* Is this what was freed last on this CPU?  Then freeing it is a double free. */
static inline bool mcache_is_top(const void *p, unsigned int row)
{
	struct mcache *m = mcache_enter();
	const struct mcache_stack *stack;
	bool top;

	if (!m)
		return false;
	stack = row_stack_here(m, row);
	top = stack && stack->top != stack->base && stack->top[-1] == untag(p);
	mcache_leave(m);
	return top;
}

/* The row of a stack; NULL if nobody has its number, so that nothing is on it. */
static inline struct mcentral *mcache_central(const struct mcache *m,
					      const struct mcache_stack *stack)
{
	return stack_central(stack - m->stacks);
}

static inline unsigned int stack_capacity(const struct mcache_stack *stack)
{
	return stack->end - stack->base;
}

/*
 * Number of entries on a stack.  Its CPU may be working on it: top and base are read
 * one after the other, and an inconsistent pair counts as nothing.
 */
static inline unsigned long stack_places(const struct mcache_stack *stack)
{
	long n = mcache_racy(stack->top) - mcache_racy(stack->base);

	return n > 0 && n <= mcache_racy(stack->end) - mcache_racy(stack->base) ? n : 0;
}

static inline unsigned int stack_room(const struct mcache_stack *stack)
{
	return stack->end - stack->top;
}

/* Bytes of objects of a span, which may be shorter than others of its class. */
static inline size_t span_bytes(const struct mspan *s)
{
	return (size_t)s->npages << PAGE_SHIFT;
}

/* Size of the stacks of a CPU, and of their rest. */
static inline size_t stacks_bytes(void)
{
	return (size_t)nr_stacks *
	       (sizeof(struct mcache_stack) + sizeof(struct stack_rest));
}

static inline struct stack_rest *stack_rest(const struct mcache_stack *stacks,
					    unsigned int number)
{
	return (struct stack_rest *)(stacks + nr_stacks) + number;
}

/* Objects served from a stack, for its CPU with busy set, or if it is dead. */
static inline unsigned long stack_allocs(const struct mcache_stack *stacks,
					 unsigned int number)
{
	return stack_rest(stacks, number)->issued - stacks[number].credit;
}

/*
 * Objects served from a stack, of any CPU.  In a task: an interrupt may be in between the
 * two changes, and would wait for ever.
 */
static inline unsigned long mcache_allocs(const struct mcache_stack *stacks,
					  unsigned int number)
{
	const struct mcache_stack *stack = &stacks[number];
	unsigned long n;
	u8 seq;

	for (;;) {
		/* Pairs with the release of capacity_set_gates(). */
		seq = smp_load_acquire(&stack->seq);
		n = READ_ONCE(stack_rest(stacks, number)->issued) -
		    mcache_racy(stack->credit);
		/* Pairs with its smp_wmb(). */
		smp_rmb();
		if (!(seq & 1) && READ_ONCE(stack->seq) == seq)
			return n;
		galloc_pause(PAUSE_ALLOCS_ODD, stack);
		cpu_relax();
	}
}

/* Count objects that a slow path serves from a stack, as the fast path does. */
static inline void stack_count(struct mcache *m, struct mcache_stack *stack,
			       unsigned int n)
{
	struct stack_rest *rest;

	/* sample_is_due() has taken it off the distance. */
	if (likely(stack->credit >= (long)n && !stack->samples)) {
		WRITE_ONCE(stack->credit, stack->credit - n);
		return;
	}
	rest = stack_rest(m->stacks, stack - m->stacks);
	WRITE_ONCE(rest->issued, rest->issued + n);
}

/*
 * Take objects off a stack, as the fast path might have: up to the next sample; none while
 * somebody else watches, too, and each is to be looked at.
 */
static inline size_t stack_serve(struct mcache *m, struct mcache_stack *stack, size_t nr,
				 void **out)
{
	size_t n = min3(nr, (size_t)(stack->top - stack->base), (size_t)DRAIN_TURN);

	if (stack->samples)
		n = min_t(size_t, n, stack->credit);
	else if (unlikely(stack->gates & GATE_REASONS) && sample_is_on())
		return 0;
	if (!n)
		return 0;
	if (stack->samples)
		WRITE_ONCE(stack->credit, stack->credit - n);
	else
		stack_count(m, stack, n);
	stack->top -= n;
	memcpy(out, stack->top, n * sizeof(*out));
	return n;
}

static inline bool mcache_is_setup(int cpu)
{
	return READ_ONCE(per_cpu(galloc_mcache, cpu).stacks) != empty_stacks;
}

/*
 * Does galloc certainly hold the only references to all pages of an object from offset
 * @off from the base of the map up to @last?  An invalid pointer may seem to be an object
 * that extends beyond its slot of the map, where there need not be pages.
 */
static __always_inline bool object_is_ours(const struct arena_map *map,
					   unsigned long off, unsigned long last)
{
	const struct page *page, *end;

	if (unlikely((off ^ last) >> ARENA_SHIFT))
		return false;
	page = arena_map_page(map, off);
	end = arena_map_page(map, last);
	do {
		if (unlikely(page_ref_count(page) != ARENA_PAGE_REFS))
			return false;
	} while (++page <= end);
	return true;
}

/*
 * The fast path of objects above a page, which mcache_push() does not take: the same, plus
 * a check of their pages, and not while others lack them, see capacity_is_lacked().  False
 * if it does not take this one, either; @number is the stack number of its page.
 */
static __always_inline bool mcache_push_shareable(const void *p, unsigned int *number)
{
	const struct arena_map *map;
	struct mcache_stack *stack;
	struct mcache *m;
	unsigned long off;
	unsigned int size;

	p = untag(p);
	preempt_disable();
	map = READ_ONCE(arena_map);
	off = (unsigned long)p - map->base;
	*number = arena_stack_in(map, off);
	m = fast_mcache();
	if (unlikely(fast_busy(m)))
		goto out;
	fast_set_busy(m, 1);
	barrier();
	stack = fast_stack(m, stacks, *number);
	if (unlikely(READ_ONCE(arena_short_lacked)) || stack->gates != GATE_PAGES ||
	    stack->top == stack->end || stack->top[-1] == p)
		goto not_pushed;
	size = stack_size_at(*number);
	if (!(offset_in_page(off) & ((size & -size) - 1)) &&
	    object_is_ours(map, off, off + size - 1)) {
		*stack->top = (void *)p;
		barrier();
		stack->top++;
		barrier();
		fast_set_busy(m, 0);
		preempt_enable();
		return true;
	}
not_pushed:
	barrier();
	fast_set_busy(m, 0);
out:
	preempt_enable();
	return false;
}

/* capacity.c */

/* The most that a stack holds, and the least that it has places for. */
#define CAPACITY_MAX		2048
#define CAPACITY_MIN		2

/* The most objects of a batch: what is copied with interrupts off. */
#define BATCH_MAX		256U

int capacity_init(void);
void capacity_exit(void);
void capacity_set_gates(struct mcache_stack *stacks, unsigned int number);
void capacity_add_credit(struct mcache_stack *stacks, unsigned int number, long by);

/* stack->wants */
enum { WANTS_UNDERFLOW = 1, WANTS_OVERFLOW = 2 };

unsigned long capacity_mask(unsigned int size);
bool capacity_shareable(unsigned long size);
bool capacity_is_lacked(const struct mcentral *c);
void capacity_want(unsigned int k);
void capacity_want_row(const struct mcentral *c);
void capacity_catch_up(int cpu);
struct mcache *capacity_enter_setup(gfp_t gfp);
bool capacity_steal(struct mcache *m, unsigned int for_k, size_t bytes);
void capacity_trim(int cpu);
bool capacity_beyond(void);
bool capacity_setup(gfp_t gfp);
void capacity_grow(unsigned int row, unsigned int capacity);
unsigned int capacity_batch(struct mcache_stack *stack, unsigned int how);
unsigned int capacity_max(unsigned int size);
unsigned int capacity_wants_more(struct mcache *m, struct mcache_stack *stack,
				 unsigned int size, unsigned int how);

/* mcache.c */

int mcache_start(void);
void mcache_stop(void);
void *mcache_pop_node(unsigned int class, int nid);
void *mcache_pop_nolock(unsigned int class);
void *mcache_alloc_slow(unsigned int class, int nid, gfp_t gfp);
void *mcache_alloc_set(struct rowset *set, int nid, gfp_t gfp);
void mcache_free_slow(const void *p, unsigned int number);
size_t mcache_pop_many(unsigned int class, const struct rowset *set, size_t nr, void **out);

/* transfer.c */

bool transfer_from_stack(struct mcache_stack *stack, const struct mcentral *c, unsigned int n);
unsigned int transfer_to_stack(struct mcache_stack *stack, unsigned int row, unsigned int want);

/* stash.c */

struct mspan *stash_alloc(unsigned int npages, unsigned int align, int nid);
struct mspan *stash_refill(unsigned int npages, unsigned int align, int nid, gfp_t gfp);
bool stash_free(struct mspan *s);
struct mspan *stash_take(struct mcache *m);

/* drain.c */

extern bool drain_ask_isolated;
bool drain_may_ask(int cpu);
void drain_work_fn(struct work_struct *work);
int drain_dead_cpu(unsigned int cpu);
void drain_everything(void);
void drain_stack(int cpu, unsigned int k, bool fold);
void drain_stack_of(int cpu, unsigned int k);
bool drain_stack_is_clear(const struct mcache_stack *stacks, unsigned int number);
bool drain_holds(int cpu);
bool drain_tick(void);
bool drain_async(void);
void drain_begin(struct mcache *m);
bool drain_is_behind(void);
void drain_follow(void);
void drain_relieve(gfp_t gfp);
void drain_cpus(void);
bool drain_kick(void);

bool relief_for(gfp_t gfp, unsigned long npages, int nid);
void relief_over(unsigned long npages, int nid, bool waited, bool served);
void relief_forget(void);
void relief_return(gfp_t gfp, unsigned long npages);

#endif /* _GALLOC_MCACHE_H */
