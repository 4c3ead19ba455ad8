/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * stacks: the stack numbers of sets of rows, see stacks.c.
 *
 * Included by galloc_internal.h.  In what follows k is the place of a stack in
 * mcache->local: a size class, or, from GALLOC_NR_CLASSES on, what a set has for a while.
 */
#ifndef _GALLOC_CLIENT_STACKS_H
#define _GALLOC_CLIENT_STACKS_H

/* There are so many k. */
#define STACK_KS	(STACK_PLACES - STACK_WATCHED)

/* By k: the set that has it, from before it is published until its stacks are empty. */
extern struct rowset *stack_sets[STACK_STRIDE];

/* By the number in its node: bytes of an object of a size class or set; 0: no stack. */
extern u32 stack_sizes[STACK_STRIDE + STACK_WATCHED];

/* The same: the most objects that a CPU may keep there. */
extern u16 stack_places_most[STACK_STRIDE + STACK_WATCHED];

/* By k: nobody gives it to pages or stacks any more, but some may not be empty. */
extern unsigned long stacks_taken[BITS_TO_LONGS(STACK_STRIDE)];

/* No CPU looks at its stacks of such a k, see empty.c.  With preemption off. */
static inline bool stack_is_taken(unsigned int k)
{
	return k >= GALLOC_NR_CLASSES && test_bit(k, stacks_taken);
}

/* No k from here on has been used yet. */
extern unsigned int stack_end;

/* The k of a stack number; STACK_KS and more: none. */
static inline unsigned int stack_k(unsigned int number)
{
	return (number - STACK_WATCHED) % STACK_STRIDE;
}

/* Bytes of an object on the stacks of @k. */
static inline unsigned int stack_size(unsigned int k)
{
	return READ_ONCE(stack_sizes[k + STACK_WATCHED]);
}

/* The same of a stack number, which may be any; 0: no stack. */
static inline unsigned int stack_size_at(unsigned int number)
{
	return READ_ONCE(stack_sizes[number % STACK_STRIDE]);
}

/* Objects that a CPU may keep on the stack of a number. */
static inline unsigned int stack_most(unsigned int number)
{
	return READ_ONCE(stack_places_most[number % STACK_STRIDE]);
}

/* Does a limit bound what CPUs keep of a row? */
static inline bool row_is_tight(const struct mcentral *c)
{
	return c->set && READ_ONCE(c->set->tight);
}

/*
 * The k that a row has now, 0 if none.  For a section of this CPU with preemption off, or
 * an RCU read section, and not to be used after it.
 */
static inline unsigned int mcentral_k(const struct mcentral *c)
{
	/* Acquire: pairs with stacks_give(), for readers of stack_sets[]. */
	return likely(!c->set) ? c->class : smp_load_acquire(&c->set->k);
}

/* The same for the number of its pages. */
static inline unsigned int mcentral_stack(const struct mcentral *c)
{
	unsigned int k;

	if (likely(!c->set) || mcentral_is_reserve(c))
		return c->stack;
	k = mcentral_k(c);
	return k ? stack_number(c->nid, k) : STACK_WITHOUT;
}

/* The row of a stack number from STACK_FIRST on; NULL if nobody has it.  The same. */
static inline struct mcentral *stack_central(unsigned int number)
{
	unsigned int k = stack_k(number);
	const struct rowset *set;

	if (likely(k < GALLOC_NR_CLASSES))
		return k ? mcentral_rows[stack_row(number)] : NULL;
	set = READ_ONCE(stack_sets[k]);
	return set ? READ_ONCE(set->row[number / STACK_STRIDE]) : NULL;
}

/*
 * Objects of a set leave a stack or the transfer, for their spans: from when the section in
 * which that happens begins until they are there.  The set stays meanwhile.
 */
static inline void haul_begin(const struct mcentral *c)
{
	/* Full order: whoever finds the stack empty finds the haul.  Pairs with ks_empty(). */
	if (unlikely(c->set))
		atomic_inc_return(&c->set->hauls);
}

static inline void haul_end(struct rowset *set)
{
	/* Full order: so whoever finds no haul finds the objects in their spans. */
	if (unlikely(set))
		atomic_dec_return(&set->hauls);
}

/* stacks.c */

void stacks_used(struct rowset *set, unsigned int n);
bool stacks_give(struct rowset *set);
bool stacks_take(bool (*match)(const struct rowset *set, const void *arg), const void *arg);
void stacks_release(struct rowset *set);
bool stacks_sweep_later(struct rowset *set);
void stacks_drain(struct rowset *set);
bool stacks_relieve(const struct row_account *a, gfp_t gfp);
u32 stacks_in_use(const struct mcentral *c);
unsigned long stacks_allocs(const struct mcentral *c);
struct mcentral *stacks_next(struct row_walk *w);
void stacks_free_row(struct mcentral *c);
void stacks_turn(void);
bool stacks_reap(void);
bool stacks_pending(void);
void stacks_init(void);
void stacks_exit(void);

/* empty.c */

extern bool empty_none_asked;

void empty_ask(int cpu, unsigned int k);
bool empty_for(int cpu, unsigned int k);
bool empty_is_clear(int cpu, unsigned int k);
bool empty_has_any(int cpu, unsigned int k);
bool empty_is_done(const unsigned long *ks);
void empty_flush(void);
unsigned int empty_seen(void);
void empty_wait(unsigned int seen, long ticks);
void empty_init(void);

#endif /* _GALLOC_CLIENT_STACKS_H */
