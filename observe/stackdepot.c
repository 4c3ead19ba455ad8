// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * stackdepot: call stacks, each of them once, by a number of 32 bits.
 *
 * The kernel's own depot is not used: it allocates its table, megabytes of it, when it is
 * first used, keeps that for ever, and needs the page allocator in any context.  Here a
 * stack takes what it is long, in pages that are charged like other metadata and go when
 * galloc is unloaded.
 *
 * Stacks stay until then, so they are found without a lock.  depot_lock protects the
 * pages.  Called by those who watch single objects.  Overview: galloc_mod.c.
 */
#include "observe/stackdepot.h"

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/stacktrace.h>

#include "galloc_internal.h"

/**
 * struct depot_stack - a call stack
 * @next: the next in its bucket; does not change
 * @hash: of its addresses
 * @n: their number
 * @at: the addresses, that of the caller first
 */
struct depot_stack {
	const struct depot_stack *next;
	u32 hash;
	u32 n;
	unsigned long at[];
};

#define DEPOT_BITS	10

/* More pages are not taken: 8 MiB, some 50,000 stacks, where they have 4 KiB. */
#define DEPOT_PAGES	2048

/* A handle is the number of a page and a place in it, in words; none is at place 0. */
#define DEPOT_SHIFT	(PAGE_SHIFT - 3)

static DEFINE_RAW_SPINLOCK(depot_lock);
static const struct depot_stack *depot_buckets[1 << DEPOT_BITS];
static void *depot_pages[DEPOT_PAGES];

/* Pages in use, and bytes of the last of them (depot_lock). */
static unsigned int depot_nr;
static unsigned int depot_used = PAGE_SIZE;

/* The next page: where it is needed none can be allocated, perhaps. */
static void *depot_spare;

/* ---- memory -------------------------------------------------------------------------- */

/* Keep a page in stock. */
static void depot_stock(void)
{
	unsigned long flags;
	void *page;

	/* data_race(): a page too many is freed again. */
	if (likely(data_race(depot_spare)) || !may_call_system())
		return;
	page = arena_meta_zalloc(PAGE_SIZE, NUMA_NO_NODE, GFP_NOWAIT | __GFP_NOWARN);
	if (!page)
		return;
	galloc_lock(&depot_lock, flags);
	if (!depot_spare)
		swap(depot_spare, page);
	galloc_unlock(&depot_lock, flags);
	arena_meta_free(page, PAGE_SIZE);
}

/* With @any there may be any lock of this CPU's, so nobody waits for this one. */
static bool depot_enter(bool any, unsigned long *flags)
{
	if (unlikely(any))
		return galloc_trylock(&depot_lock, *flags);
	galloc_lock(&depot_lock, *flags);
	return true;
}

/* Memory, zeroed and aligned to words; its handle, or 0 if there is none. */
static u32 depot_take(size_t bytes, void **p)
{
	lockdep_assert_held(&depot_lock);

	bytes = ALIGN(bytes, sizeof(u64));
	if (depot_used + bytes > PAGE_SIZE) {
		if (!depot_spare || depot_nr == DEPOT_PAGES)
			return 0;
		*(u64 *)depot_spare = depot_nr;
		/* Release: a reader of a handle finds its page. */
		smp_store_release(&depot_pages[depot_nr++], depot_spare);
		depot_spare = NULL;
		depot_used = sizeof(u64);
	}
	*p = depot_pages[depot_nr - 1] + depot_used;
	depot_used += bytes;
	return (depot_nr - 1) << DEPOT_SHIFT | (depot_used - bytes) / sizeof(u64);
}

/**
 * stackdepot_alloc() - memory that stays until galloc is unloaded
 * @bytes: less than half a page
 * @any: in an NMI, or where the caller may hold any lock
 *
 * Context: Any with @any; else no galloc lock held.
 * Return: The memory, zeroed; or NULL.
 */
void *stackdepot_alloc(size_t bytes, bool any)
{
	unsigned long flags;
	void *p = NULL;

	if (!any)
		depot_stock();
	if (!depot_enter(any, &flags))
		return NULL;
	depot_take(bytes, &p);
	galloc_unlock(&depot_lock, flags);
	return p;
}

/* ---- stacks -------------------------------------------------------------------------- */

static u32 depot_handle(const struct depot_stack *s)
{
	/* The first word of a page is its number. */
	const u64 *page = (const u64 *)((unsigned long)s & PAGE_MASK);

	return *page << DEPOT_SHIFT | ((const u64 *)s - page);
}

/* Search a bucket up to what has been searched before. */
static const struct depot_stack *depot_find(const struct depot_stack *from,
					    const struct depot_stack *to, u32 hash,
					    const unsigned long *at, unsigned int n)
{
	for (; from != to; from = from->next)
		if (from->hash == hash && from->n == n &&
		    !memcmp(from->at, at, n * sizeof(*at)))
			return from;
	return NULL;
}

/**
 * stackdepot_save() - keep a call stack
 * @at: its addresses
 * @n: their number, at most STACKDEPOT_DEPTH; a longer stack loses its last ones
 * @any: in an NMI, or where the caller may hold any lock
 *
 * Context: Any with @any; else no galloc lock held.
 * Return: Its handle, the same for the same stack; 0: there was no memory, or, with @any,
 * the lock was taken.
 */
u32 stackdepot_save(const unsigned long *at, unsigned int n, bool any)
{
	const struct depot_stack **bucket, *seen, *s;
	struct depot_stack *new = NULL;
	unsigned long flags;
	u32 hash;

	n = min_t(unsigned int, n, STACKDEPOT_DEPTH);
	hash = jhash2((const u32 *)at, n * (sizeof(*at) / sizeof(u32)), n);
	bucket = &depot_buckets[hash_32(hash, DEPOT_BITS)];
	/* Acquire: pairs with the release below. */
	seen = smp_load_acquire(bucket);
	s = depot_find(seen, NULL, hash, at, n);
	if (likely(s))
		return depot_handle(s);

	if (!any)
		depot_stock();
	if (!depot_enter(any, &flags))
		return 0;
	s = depot_find(*bucket, seen, hash, at, n);
	if (!s && depot_take(struct_size(new, at, n), (void **)&new)) {
		new->hash = hash;
		new->n = n;
		new->next = *bucket;
		memcpy(new->at, at, n * sizeof(*at));
		s = new;
		/* Release: whoever finds it finds its addresses. */
		smp_store_release(bucket, s);
	}
	galloc_unlock(&depot_lock, flags);
	return s ? depot_handle(s) : 0;
}

#ifdef CONFIG_STACKTRACE
/*
 * The kernel needs some 10,000 instructions to unwind 24 calls.  But most stacks have been
 * seen before, and whether that is so can be told from the words on the stack that may be
 * return addresses, see may_be_code().  These words depend on the calls, and on what earlier
 * calls have left between them.  Two chains that differ have different ones, and the same
 * hash of 44 bits once in 10^13 times; the same chain with other remains is unwound again,
 * and gets the handle that it had.
 *
 * An entry is the upper bits of the hash of the words and, below, the handle; being one
 * word, it is read and written whole, so no order is needed.
 */
#define DEPOT_WORDS	1024
#define PRINT_BITS	10
#define PRINT_MASK	(~0UL << PRINT_SHIFT)
#define PRINT_SHIFT	(ilog2(DEPOT_PAGES) + DEPOT_SHIFT)

static unsigned long depot_prints[1 << PRINT_BITS];

/*
 * A hash of the words from @at up that may be return addresses; 0: not known, because this
 * is not the task's stack, or it is a very long one.
 */
static unsigned long depot_print(const unsigned long *at)
{
	const unsigned long *end = task_stack_page(current) + THREAD_SIZE;
	unsigned long word, hash = 0;

	if (!object_is_on_stack(at) || end - at > DEPOT_WORDS)
		return 0;
	for (; at < end; at++) {
		/* Nor is what a sanitizer knows of it of interest. */
		word = READ_ONCE_NOCHECK(*at);
		if (may_be_code(word, depot_print))
			hash = (hash + word) * GOLDEN_RATIO_64;
	}
	return hash;
}

/*
 * The stack of whoever has called galloc, unwound.  @known: not only this time is 0 all that
 * can be told.
 */
static u32 depot_unwind(bool any, bool *known)
{
	unsigned long at[STACKDEPOT_DEPTH];
	unsigned int n = stack_trace_save(at, STACKDEPOT_DEPTH, 1), own = 0;
	u32 handle = 0;

	while (own < n && within_galloc(at[own]))
		own++;
	if (own < n)
		handle = stackdepot_save(at + own, n - own, any);
	*known = handle || own == n;
	return handle;
}
#endif

/**
 * stackdepot_save_here() - keep the stack of whoever has called galloc
 * @any: as for stackdepot_save()
 *
 * Context: As stackdepot_save().
 * Return: The handle of the stack without galloc's own functions; 0 also where the kernel
 * cannot tell.
 */
u32 stackdepot_save_here(bool any)
{
	u32 handle = 0;
#ifdef CONFIG_STACKTRACE
	unsigned long print = depot_print(__builtin_frame_address(0));
	unsigned long *entry = &depot_prints[hash_long(print, PRINT_BITS)];
	unsigned long seen = READ_ONCE(*entry);
	bool known;

	if (print && seen && !((seen ^ print) & PRINT_MASK))
		return seen & ~PRINT_MASK;
	galloc_pause(PAUSE_UNWIND, entry);
	handle = depot_unwind(any, &known);
	if (print && known)
		WRITE_ONCE(*entry, (print & PRINT_MASK) | handle);
#endif
	return handle;
}

/**
 * stackdepot_fetch() - the addresses of a stack
 * @handle: its handle, or 0
 * @at: set to them
 *
 * Context: Any.
 * Return: Their number; 0 for 0.
 */
unsigned int stackdepot_fetch(u32 handle, const unsigned long **at)
{
	const struct depot_stack *s;

	if (!handle)
		return 0;
	/* Acquire: pairs with depot_take(). */
	s = smp_load_acquire(&depot_pages[handle >> DEPOT_SHIFT]) +
	    (handle & (BIT(DEPOT_SHIFT) - 1)) * sizeof(u64);
	*at = s->at;
	return s->n;
}

/* Print a stack, a line for each address. */
void stackdepot_print(struct seq_file *m, u32 handle)
{
	const unsigned long *at;
	unsigned int i, n = stackdepot_fetch(handle, &at);

	for (i = 0; i < n; i++)
		seq_printf(m, "\t0x%lx %pS\n", at[i], (void *)at[i]);
}

/* After the last use of any handle. */
void stackdepot_exit(void)
{
	while (depot_nr)
		arena_meta_free(depot_pages[--depot_nr], PAGE_SIZE);
	arena_meta_free(depot_spare, PAGE_SIZE);
}
