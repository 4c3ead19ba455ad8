/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * rows: sets of rows that are made at run time, one row a node.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_ROWS_H
#define _GALLOC_ROWS_H

#include <linux/llist.h>

struct rowset;

/**
 * struct stack_place - where the stacks of a set are, for the fast paths
 * @at: bytes from mcache->local to that of a CPU's own node; 0: none
 * @number: low byte of the stack numbers of its pages; 0: none
 *
 * Not to be used after the section in which it was read, as rowset->k.
 */
struct stack_place {
	u16 at;
	u8 number;
};

/**
 * struct row_account - what some sets of rows hold, and may hold
 * @limit: the most bytes; 0: no limit
 * @bytes: of whole spans, and of what else its owner charges
 * @peak: the most that @bytes has been
 * @refused: requests that @limit refused
 * @waiting: pages that count, but only wait for readers, see client/retire.c
 * @lifted: requests for which @limit does not hold now, see account_lift()
 * @spared: waits for no grace period until then, in jiffies; 0: it does, see account_relieve()
 * @parent: another that is charged, too; or NULL
 */
struct row_account {
	long limit;
	atomic_long_t bytes;
	atomic_long_t peak;
	atomic_long_t refused;
	atomic_long_t waiting;
	atomic_t lifted;
	u32 spared;
	struct row_account *parent;
};

/* Flags of a set. */
#define ROWS_RCU	BIT(0)	/* the pages of a span leave after a grace period */
#define ROWS_KEEP	BIT(1)	/* what is in an object outlives it: never cleared */
#define ROWS_THISNODE	BIT(2)	/* pages of the requested node, or none */

/**
 * struct rows_args - what a set of rows is like
 * @name: for statistics and reports; copied
 * @sc: size of the objects and length of the spans.  @sc.recip must be exact for each
 *	offset in a span.  Size 0: a set without objects, for LARGE spans
 * @ctor: called for each object when its span is cut, by whoever allocates; or NULL
 * @flags: ROWS_...; with @ctor or ROWS_RCU the set has ROWS_KEEP, too
 * @account: charged for each span; or NULL.  Stays until @gone
 * @gone: the set is about to be freed: it was destroyed, and its last span has left.
 *	Called by the worker; or NULL
 * @sibling: allocates for grealloc() what an object of the set is to be moved to; or NULL:
 *	galloc() does
 * @asked: bytes of an object that the owner of a typed cache asked for; else 0
 * @owner: for whoever made it
 * @place: where the fast paths of the owner look, stays until @gone; or NULL
 * @class: as @owner, at most U8_MAX
 */
struct rows_args {
	const char *name;
	struct sizeclass sc;
	void (*ctor)(void *obj);
	unsigned int flags;
	struct row_account *account;
	void (*gone)(struct rowset *set);
	void *(*sibling)(struct rowset *set, size_t size, size_t align, gfp_t gfp, int nid);
	void *owner;
	struct stack_place *place;
	u16 asked;
	u8 class;
};

/**
 * struct rowset - rows of objects of one size, one a node
 * @k: of its stacks, 0: none.  Not to be used after the section in which it was read,
 *	see client/stacks.c
 * @had: the same, until all stacks are empty (stacks_mutex)
 * @place: the same as @k; its owner's, or @own_place
 * @own_place: the place of a set whose owner has none
 * @wants: it is on the list of those that want one
 * @tight: a limit bounds what CPUs keep of it; fixed while it has a k
 * @sweep_due: it is to be swept when its stacks are empty (stacks_mutex)
 * @gates: reasons to watch each object of its rows, see gate.h (the lock of their numbers)
 * @uses: allocations without a stack; racy
 * @since: when @uses was 0, in jiffies
 * @not_before: when it may ask for a k again, in jiffies, after limits had no room; or 0
 * @hauls: batches that are on their way from its stacks to its spans
 * @want: links those that want a k
 * @args: as it was made
 * @refs: of the handle, until it is destroyed; of each span; and of walkers
 * @dead: destroyed: no more spans are cut
 * @swept: its spans are being taken away, with what is live
 * @nr: not 0; no other set of the last four billion has it, unlike the numbers of rows
 * @list: all sets (rows_lock; RCU)
 * @gone: links those without references
 * @row: by node, made when first used; the last is that of the emergency reserve
 */
struct rowset {
	u16 k;
	u16 had;
	struct stack_place *place;
	struct stack_place own_place;
	bool wants;
	bool tight;
	bool sweep_due;
	u8 gates;
	u32 uses;
	unsigned long since;
	unsigned long not_before;
	atomic_t hauls;
	struct llist_node want;
	struct rows_args args;
	atomic_long_t refs;
	bool dead;
	bool swept;
	u32 nr;
	struct list_head list;
	struct llist_node gone;
	struct mcentral *row[];
};

/**
 * struct row_walk - a walk over all rows, of the classes and of the sets
 * @row: the next row of a class; after those, whatever finds the sets counts there
 * @set: the set that it has come to, held
 * @nid: the next row of that
 *
 * Begins as all zero.
 */
struct row_walk {
	unsigned int row;
	struct rowset *set;
	unsigned int nid;
};

/* All sets, used or not (rows_lock; read without it by statistics). */
extern unsigned long rows_nr_sets;

struct rowset *rows_create(const struct rows_args *args, gfp_t gfp);
void rows_reserve_numbers(void);
void rows_forget_numbers(void);
void rows_wait_for_ctors(void);
bool rows_leave(struct rowset *set);
bool rows_get(struct rowset *set);
void rows_put(struct rowset *set);
unsigned int rows_alloc(struct rowset *set, int nid, gfp_t gfp, unsigned int max,
			void **out);
unsigned int rows_number(struct rowset *set, gfp_t gfp);
void rows_set_gates(struct rowset *set, u8 why, bool on);
unsigned long rows_in_use(const struct rowset *set);
unsigned long rows_spans(const struct rowset *set);
const void *rows_any_span(struct rowset *set);
size_t rows_meta(const struct rowset *set);
unsigned long rows_sweep(struct rowset *set);
void rows_add_span(unsigned int row, struct mspan *s);
void rows_del_span(unsigned int row, struct mspan *s);
void rows_walk(struct rowset *set, void (*fn)(struct mspan *s, void *arg), void *arg);
struct rowset *rows_next_set(struct rowset *set);
struct mcentral *rows_next_by(struct row_walk *w, struct rowset *(*next)(struct row_walk *w));
struct mcentral *rows_next(struct row_walk *w);
void rows_walk_end(struct row_walk *w);
unsigned int rows_end(void);
bool rows_reap(void);
int rows_init(void);
void rows_exit(void);

/* For mcentral.c. */
struct mcentral *rows_find(unsigned int row);
struct mcentral *rows_row(struct rowset *set, int nid, gfp_t gfp);
bool rows_prepare(struct rowset *set, struct mspan *s);

/* The set of a row, NULL for a class.  In an RCU read section. */
static inline struct rowset *rows_of_row(unsigned int row)
{
	const struct mcentral *c = row < nr_rows ? NULL : rows_find(row);

	return c ? c->set : NULL;
}

/* The set of the small object at an address, NULL if it is of none.  The same. */
static inline struct rowset *rows_of(const void *p)
{
	struct object o;

	return mspan_resolve(p, &o) == FOUND_OBJECT ? o.c->set : NULL;
}

/* A set that nobody has allocated from: any context but NMI. */
static inline void rows_abandon(struct rowset *set)
{
	WRITE_ONCE(set->dead, true);
	rows_put(set);
}

/* The first step of rows_destroy().  True if rows_wait_for_ctors() has to follow. */
static inline bool rows_end_cuts(struct rowset *set)
{
	/* Pairs with rows_prepare(), in a read section. */
	WRITE_ONCE(set->dead, true);
	return set->args.ctor;
}

/**
 * rows_destroy() - destroy a set
 * @set: the set; nobody allocates from it any more
 *
 * What is live stays valid, and the set goes with the last object.  With a constructor
 * it waits for a grace period: afterwards that is not called, and its code may go.
 *
 * Context: Process, a hotplug callback too.  Sleeps.
 * Return: True if no object was live.
 */
static inline bool rows_destroy(struct rowset *set)
{
	if (rows_end_cuts(set))
		rows_wait_for_ctors();
	return rows_leave(set);
}

/* Must an object of a row not be cleared? */
#define rows_keep_contents(c)	((c)->set && ((c)->set->args.flags & ROWS_KEEP))

/* client/retire.c */
void retire_span(struct mcentral *c, struct mspan *s);
struct llist_node *retire_take(void);
void retire_end(struct llist_node *spans);
unsigned long retire_pages(void);
bool retire_relieve(const struct row_account *a, gfp_t gfp);

/* client/account.c */
void account_set_limit(struct row_account *a, size_t bytes);
void account_lift(struct row_account *a, int by);
bool account_charge(struct row_account *a, long bytes);
void account_uncharge(struct row_account *a, long bytes);
bool account_charge_span(struct rowset *set);
void account_uncharge_span(struct rowset *set, int npages);
const struct row_account *account_refusing(const struct row_account *a, size_t bytes);
struct row_account *account_refused_by(const struct rowset *set, size_t bytes);
bool account_relieve(const struct row_account *a, gfp_t gfp, bool *waited);
void account_refused(struct row_account *a, bool waited);

#endif /* _GALLOC_ROWS_H */
