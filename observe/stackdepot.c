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
	/* Samples have addresses. */
	scan_hide(page);
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
 * seen before.  Of one that was unwound depot_chains remembers the places of its return
 * addresses on the stack, and a hash of them.  A stack that has the same words in the same
 * places is one of the same calls: the first is that of stackdepot_save_here(), and each
 * says which function it returns to, and so how large that one's frame is and where the
 * next address lies.  What earlier calls have left in the frames is not looked at.
 *
 * Such a remainder may be equal to one of the addresses.  Then both places are remembered,
 * and if the same calls are unwound again, with another remainder, only those that agree.
 */
#define CHAIN_PLACES	30
#define CHAIN_WAYS	4
#define CHAIN_BITS	6

/* After so many stacks of which the kernel told nothing it is not asked any more. */
#define BLIND_MOST	64

/**
 * struct depot_chain - where the return addresses of a stack are
 * @seq: odd while the others change
 * @handle: of the stack
 * @hash: of the words in all places
 * @low: of the word in the first place, which is that of the first caller of galloc
 * @calls: hash of the addresses themselves, of galloc's functions, too
 * @depth: words up to the end of the stack; 0: there is no chain here
 * @n: number of places
 * @place: their distances from the frame of stackdepot_save_here(), in words
 */
struct depot_chain {
	u32 seq;
	u32 handle;
	u64 hash;
	u32 low;
	u32 calls;
	u16 depth;
	u16 n;
	u16 place[CHAIN_PLACES];
};

static struct depot_chain depot_chains[1 << CHAIN_BITS][CHAIN_WAYS];
static unsigned int depot_blind;

/* Some machines keep a signature in the upper bits of a return address. */
static bool same_code(unsigned long a, unsigned long b)
{
	return !((a ^ b) << 16);
}

/* A word of the own stack; what a sanitizer knows of it is of no interest. */
static __always_inline unsigned long chain_word(const unsigned long *base, unsigned long place)
{
	return READ_ONCE_NOCHECK(base[place]);
}

static __always_inline u64 hash_add(u64 hash, unsigned long word)
{
	return (hash + (word << 16)) * GOLDEN_RATIO_64;
}

/* Words from a frame to the end of the task's stack; 0: it is not on that. */
static unsigned int chain_depth(const unsigned long *base)
{
	const unsigned long *end = task_stack_page(current) + THREAD_SIZE;

	return object_is_on_stack(base) ? end - base : 0;
}

/* Is this the stack of a chain?  It may change meanwhile, so each place is checked. */
static bool chain_matches(const struct depot_chain *e, const unsigned long *base,
			  unsigned int depth, u32 *handle)
{
	/* Acquire: pairs with the release in chain_store(). */
	u32 seq = smp_load_acquire(&e->seq);
	const u16 *at, *end;
	unsigned int place;
	u64 hash = 0;

	if (READ_ONCE(e->depth) != depth)
		return false;
	place = READ_ONCE(e->place[0]);
	if (place >= depth || (u32)chain_word(base, place) != READ_ONCE(e->low))
		return false;
	for (at = e->place, end = at + READ_ONCE(e->n); at != end; at++) {
		place = READ_ONCE(*at);
		if (place >= depth)
			return false;
		hash = hash_add(hash, chain_word(base, place));
	}
	if (hash != READ_ONCE(e->hash))
		return false;
	*handle = READ_ONCE(e->handle);
	/* Pairs with the cmpxchg() in chain_store(). */
	smp_rmb();
	return !(seq & 1) && READ_ONCE(e->seq) == seq;
}

/* Another chain in place of this one, unless somebody else changes it. */
static void chain_store(struct depot_chain *e, const struct depot_chain *new)
{
	u32 seq = READ_ONCE(e->seq);
	unsigned int i;

	/* Full order: odd before what follows. */
	if (seq & 1 || cmpxchg(&e->seq, seq, seq + 1) != seq)
		return;
	WRITE_ONCE(e->handle, new->handle);
	WRITE_ONCE(e->hash, new->hash);
	WRITE_ONCE(e->low, new->low);
	WRITE_ONCE(e->calls, new->calls);
	WRITE_ONCE(e->depth, new->depth);
	WRITE_ONCE(e->n, new->n);
	for (i = 0; i < new->n; i++)
		WRITE_ONCE(e->place[i], new->place[i]);
	/* Release: pairs with chain_matches() and chain_same(). */
	smp_store_release(&e->seq, seq + 2);
}

/*
 * Is this the chain of the same calls?  Their frames are as large, so the places of the
 * addresses are the same.  Leaves a copy.
 */
static bool chain_same(const struct depot_chain *e, const struct depot_chain *new,
		       struct depot_chain *copy)
{
	/* Acquire: pairs with the release in chain_store(). */
	u32 seq = smp_load_acquire(&e->seq);
	unsigned int i;

	if (READ_ONCE(e->depth) != new->depth || READ_ONCE(e->calls) != new->calls ||
	    READ_ONCE(e->handle) != new->handle)
		return false;
	copy->n = READ_ONCE(e->n);
	for (i = 0; i < copy->n; i++)
		copy->place[i] = READ_ONCE(e->place[i]);
	/* Pairs with the cmpxchg() in chain_store(). */
	smp_rmb();
	return !(seq & 1) && READ_ONCE(e->seq) == seq;
}

static bool chain_has(const struct depot_chain *of, unsigned int place)
{
	unsigned int i;

	for (i = 0; i < of->n; i++)
		if (of->place[i] == place)
			return true;
	return false;
}

/*
 * The places of return addresses on the stack, if @of is not NULL of those that it has.  The
 * first address may be that of stackdepot_save_here() itself, below its frame.  False if
 * another one has no place, since a tracer has replaced it, or if there are too many.
 */
static bool chain_make(struct depot_chain *new, const struct depot_chain *of,
		       const unsigned long *base, const unsigned long *at, unsigned int n,
		       unsigned int own)
{
	unsigned int place, i, first = 0;
	unsigned long likely_ones = 0, found = 1;

	for (i = 0; i < n; i++)
		likely_ones |= BIT(at[i] % BITS_PER_LONG);
	new->n = 0;
	for (place = 1; place < new->depth; place++) {
		unsigned long word = chain_word(base, place), is = 0;

		if (place > 1 && !(likely_ones >> word % BITS_PER_LONG & 1))
			continue;
		for (i = 0; i < n; i++)
			if (same_code(word, at[i]))
				is |= BIT(i);
		if (place > 1 && (!is || (of && !chain_has(of, place))))
			continue;
		if (new->n == CHAIN_PLACES)
			return false;
		if (is >> own & 1 && !first)
			first = new->n;
		found |= is;
		new->place[new->n++] = place;
	}
	if (found != BIT(n) - 1)
		return false;
	swap(new->place[0], new->place[first]);
	new->low = chain_word(base, new->place[0]);
	new->hash = 0;
	for (i = 0; i < new->n; i++)
		new->hash = hash_add(new->hash, chain_word(base, new->place[i]));
	return true;
}

/* Remember a stack: where the same calls with other remainders are, if they are known. */
static void chain_remember(struct depot_chain *ways, struct depot_chain *new,
			   const unsigned long *base, const unsigned long *at, unsigned int n,
			   unsigned int own)
{
	static unsigned int hand;
	/* data_race(): any will do. */
	struct depot_chain *e = &ways[data_race(hand++) % CHAIN_WAYS];
	struct depot_chain same;
	unsigned int i;

	new->calls = jhash2((const u32 *)at, n * (sizeof(*at) / sizeof(u32)), n);
	for (i = 0; i < CHAIN_WAYS; i++) {
		if (chain_same(&ways[i], new, &same)) {
			if (chain_make(new, &same, base, at, n, own)) {
				chain_store(&ways[i], new);
				return;
			}
			e = &ways[i];
			break;
		}
		if (!READ_ONCE(ways[i].depth))
			e = &ways[i];
	}
	if (chain_make(new, NULL, base, at, n, own))
		chain_store(e, new);
}

/* The stack of whoever has called galloc, unwound. */
static noinline u32 depot_unwind(const unsigned long *base, struct depot_chain *ways,
				 unsigned int depth, bool any)
{
	struct depot_chain new = { .depth = depth };
	unsigned long at[STACKDEPOT_DEPTH];
	unsigned int n = stack_trace_save(at, STACKDEPOT_DEPTH, 1), own = 0;

	/* User-mode Linux cannot tell of any stack.  data_race(): some more or less. */
	if (!n || data_race(depot_blind)) {
		data_race(depot_blind = n ? 0 : depot_blind + 1);
		if (!n)
			return 0;
	}
	while (own < n && within_galloc(at[own]))
		own++;
	if (own < n)
		new.handle = stackdepot_save(at + own, n - own, any);
	/* What else is nothing but galloc's stays so: the kernel can tell no more. */
	if (depth && (new.handle || own == n))
		chain_remember(ways, &new, base, at, n, own);
	return new.handle;
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
noinline u32 stackdepot_save_here(bool any)
{
	u32 handle = 0;
#ifdef CONFIG_STACKTRACE
	const unsigned long *base = __builtin_frame_address(0);
	unsigned int depth = chain_depth(base), i;
	struct depot_chain *ways = depot_chains[hash_32(depth, CHAIN_BITS)];

	for (i = 0; depth && i < CHAIN_WAYS; i++)
		if (chain_matches(&ways[i], base, depth, &handle))
			return handle;
	/* data_race(): as there. */
	if (unlikely(data_race(depot_blind) >= BLIND_MOST))
		return 0;
	galloc_pause(PAUSE_UNWIND, ways);
	handle = depot_unwind(base, ways, depth, any);
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
