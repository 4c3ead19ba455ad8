// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * mcache: per CPU, one stack of free objects for each row, without a lock.
 *
 * The slow paths of mcache.h: refill and flush; capacity.c has the set-up and growth of
 * stacks, drain.c the drains.  Called by api.c; calls mcentral.c.  Owns the stacks and
 * every span in state CACHED.  No lock: only its own CPU touches a stack, with the busy
 * byte set, or the hotplug teardown when the CPU is dead.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"
#include "observe/tracepoints.h"

#include <linux/cpuhotplug.h>
#include <linux/slab.h>
#include <linux/topology.h>

/* A refill from a span takes at most this many bytes, but at least some objects. */
#define REFILL_BYTES		16384
#define REFILL_MIN		4U

/* Larger objects go from the central list to the stack, without a cached span. */
#define CACHED_SPAN_MAX_SIZE	4096

/* Objects that overflowed a stack.  Returns whether any went to their spans. */
static bool mcache_flush_row(unsigned int row, void **batch, unsigned int n)
{
	bool spilt = transfer_flush(row, batch, n);

	if (unlikely(spilt && !may_call_system()))
		capacity_want_row(mcentral_of(row));
	return spilt;
}

static void refill_trace(unsigned int row, unsigned int objects, enum trace_refill from)
{
	if (trace_refill_enabled())
		trace_refill(mcentral_of(row)->class, mcentral_of(row)->nid, objects, from);
}

/* ---- refill --------------------------------------------------------------------------- */

static u64 mcache_random(struct mcache *m)
{
	/* xorshift64: needs no lock in any context, not even on RT. */
	m->rng ^= m->rng << 13;
	m->rng ^= m->rng >> 7;
	m->rng ^= m->rng << 17;
	return m->rng;
}

/* Objects on a stack in reverse, so that pops return ascending addresses; or shuffled. */
static void stack_order(struct mcache *m, void **p, unsigned int n)
{
	unsigned int i;

	if (IS_ENABLED(CONFIG_SLAB_FREELIST_RANDOM)) {
		u64 random = 0;

		/* 16 bits are enough for one of 64. */
		for (i = n; i > 1; i--, random >>= 16) {
			u32 j;

			if (!(random >> 16))
				random = mcache_random(m);
			j = ((random & U16_MAX) * i) >> 16;
			swap(p[i - 1], p[j]);
		}
	} else {
		for (i = 0; i < n / 2; i++)
			swap(p[i], p[n - 1 - i]);
	}
}

/*
 * Claim objects of one bitmap word onto a stack, as many as there is room for, but
 * not much memory.  A caller that only allocates has no use for a full stack.
 */
static unsigned int stack_claim(struct mcache *m, struct mcache_stack *stack,
				struct mspan *s)
{
	unsigned int size = mcentral_of(mspan_row(s))->sc->size;
	unsigned int most = max(REFILL_BYTES / size, REFILL_MIN);
	unsigned int n = mspan_claim(s, stack->top, min(stack_room(stack), most));

	stack_order(m, stack->top, n);
	stack->top += n;
	stack->moved += n;
	return n;
}

static void *stack_pop(struct mcache *m, struct mcache_stack *stack)
{
	if (stack->top == stack->base)
		return NULL;
	stack_count(m, stack, 1);
	return *--stack->top;
}

/**
 * struct refill - what refill_locally() leaves to its caller
 * @old: a detached, exhausted span, to be uncached
 * @grow_to: new capacity for the stack, 0 if it has enough
 * @want: number of objects to fetch
 * @claimed: number of objects that the CACHED span had
 */
struct refill {
	struct mspan *old;
	unsigned int grow_to;
	unsigned int want;
	unsigned int claimed;
};

/*
 * Serve from this CPU alone: from the stack, which an interrupt may have refilled, or
 * from its CACHED span.
 */
static void *refill_locally(struct mcache *m, struct mcache_stack *stack,
			    unsigned int size, struct refill *r)
{
	void *obj = stack_pop(m, stack);

	if (obj)
		return obj;
	stack->misses++;
	r->grow_to = capacity_wants_more(m, stack, size, WANTS_UNDERFLOW);
	r->want = capacity_batch(stack, WANTS_UNDERFLOW);
	if (!stack->span)
		return NULL;
	r->claimed = stack_claim(m, stack, stack->span);
	obj = stack_pop(m, stack);
	if (!obj && !mspan_has_free(stack->span)) {
		r->old = stack->span;
		stack->span = NULL;
		m->held -= span_bytes(r->old);
	}
	return obj;
}

/*
 * Do what refill_locally() left, without busy.  @swap: the caller wants a span of this row
 * unless there is a batch in the transfer, and gets it together with the return of the old
 * one; or NULL.
 */
static struct mspan *refill_settle(unsigned int row, const struct refill *r, bool swap)
{
	struct mspan *s = NULL;

	if (r->claimed)
		refill_trace(row, r->claimed, TRACE_REFILL_CACHED);
	if (r->old)
		s = mcentral_swap(r->old, swap && !transfer_holds(row));
	if (r->grow_to)
		capacity_grow(row, r->grow_to);
	return s;
}

/*
 * Put objects, after one more was handed out, on this CPU's stack while there is room.
 * @fresh: they are of new spans, and each of these has so many; otherwise 0.  Returns how
 * many are left over: the first ones.
 */
static unsigned int mcache_push_many(unsigned int row, void **batch,
				     unsigned int n, unsigned int fresh)
{
	struct mcache *m = mcache_enter();
	struct mcache_stack *stack;
	unsigned int fit, i, turn;

	if (!m)
		goto out;
	stack = row_stack_here(m, row);
	if (!stack) {
		mcache_leave(m);
		goto out;
	}
	fit = min(n, stack_room(stack));
	n -= fit;
	memcpy(stack->top, batch + n, fit * sizeof(*batch));
	/*
	 * They descend, so that they are freed in order, too.  Where the order is random it is
	 * so within a span: what is freed together empties it.
	 */
	for (i = 0; IS_ENABLED(CONFIG_SLAB_FREELIST_RANDOM) && fresh > 1 && i < fit; i += turn) {
		turn = min(fit - i, fresh - (n + i) % fresh);
		stack_order(m, stack->top + i, turn);
	}
	stack->top += fit;
	stack->moved += fit + 1;
	stack_count(m, stack, 1);
	mcache_leave(m);
	return n;
out:
	mcentral_count_single(row);
	return n;
}

/* The last of a batch is the caller's, the others are for this CPU's stack. */
static void *refill_from_batch(unsigned int row, void **batch, unsigned int n,
			       unsigned int fresh)
{
	void *obj = batch[--n];

	n = mcache_push_many(row, batch, n, fresh);
	if (unlikely(n))
		mcache_flush_row(row, batch, n);
	return obj;
}

/* The same for a large batch: from the transfer to the stack, with busy set. */
static void *refill_at_once(unsigned int row, unsigned int want)
{
	struct mcache *m = mcache_enter();
	struct mcache_stack *stack;
	unsigned int n = 0;
	void *obj = NULL;

	if (!m)
		return NULL;
	stack = row_stack_here(m, row);
	if (stack) {
		n = transfer_to_stack(stack, row, want);
		obj = stack_pop(m, stack);
	}
	mcache_leave(m);
	if (n)
		refill_trace(row, n, TRACE_REFILL_TRANSFER);
	return obj;
}

/* Refill from a batch that overflowed on another CPU. */
static void *refill_from_transfer(unsigned int row, unsigned int want)
{
	void *batch[DRAIN_TURN] __uninitialized;
	unsigned int n;

	if (want > DRAIN_TURN && transfer_holds(row)) {
		void *obj = refill_at_once(row, want);

		if (obj)
			return obj;
	}
	n = transfer_get(row, batch, min_t(unsigned int, want, DRAIN_TURN));
	if (!n)
		return NULL;
	galloc_pause(PAUSE_TRANSFER_GOT, NULL);
	refill_trace(row, n, TRACE_REFILL_TRANSFER);
	return refill_from_batch(row, batch, n, 0);
}

/* Objects of new spans that have few each: what a stack has room for, and one. */
static void *refill_from_runs(unsigned int row, unsigned int want, gfp_t gfp)
{
	void *batch[DRAIN_TURN] __uninitialized;
	unsigned int n;

	n = grow_objects(row, batch, min(2 * want, (unsigned int)DRAIN_TURN), gfp);
	if (!n)
		return NULL;
	refill_trace(row, n, TRACE_REFILL_RUNS);
	return refill_from_batch(row, batch, n, mcentral_of(row)->sc->objects);
}

/* One object of a span with free ones, which the caller owns, as if it were of a stack. */
static void *stack_bypass(struct mcache *m, struct mcache_stack *stack, struct mspan *s)
{
	void *obj = NULL;

	stack->moved += mspan_claim(s, &obj, 1);
	stack_count(m, stack, 1);
	return obj;
}

/*
 * Keep a span that the caller owns: put its objects on the stack while there is room,
 * and the span in the stack if the budget allows.  It was fetched for @cpu, which the
 * task may have left since.  One object is the caller's, *@obj: all come with one claim,
 * since of a new span the first needs no atomic operation.  False if the span was not kept
 * and the caller must uncache it; without an object if no stack can be used.
 */
static bool mcache_install(struct mspan *s, int cpu, void **obj)
{
	const struct mcentral *c = mcentral_of(mspan_row(s));
	struct mcache_stack *stack;
	struct mcache *m = mcache_enter();
	bool kept = false;
	bool migrated;

	if (!m)
		return false;
	/* This may be another CPU, and of another node; and a set may have lost its stacks. */
	stack = row_stack_here(m, c->row);
	if (stack) {
		stack_claim(m, stack, s);
		*obj = stack_pop(m, stack) ?: stack_bypass(m, stack, s);
		if (stack->span) {
			count_event(EVENT_INSTALL_LOST);
		} else if (c->sc->size <= CACHED_SPAN_MAX_SIZE && stack_capacity(stack) &&
			   !row_is_tight(c) &&
			   capacity_steal(m, mcentral_k(c), span_bytes(s))) {
			stack->span = s;
			m->held += span_bytes(s);
			kept = true;
		}
	}
	migrated = m->cpu != cpu;
	mcache_leave(m);
	if (migrated && !kept)
		count_event(EVENT_MIGRATED);
	return kept;
}

/* An object of a span that the caller owns and this CPU keeps if possible. */
static void *refill_from_span(struct mspan *s, int cpu)
{
	unsigned int row = mspan_row(s);
	void *obj = NULL;

	galloc_pause(PAUSE_REFILL_CACHED, s);
	if (trace_refill_enabled())
		refill_trace(mspan_row(s), mspan_count_free(s), TRACE_REFILL_SPAN);
	if (mcentral_of(row)->whole) {
		obj = mspan_take_only(s);
		return refill_from_batch(row, &obj, 1, 0);
	}
	if (mcache_install(s, cpu, &obj))
		return obj;
	if (!obj) {
		/* This request is served in any case. */
		mspan_claim(s, &obj, 1);
		mcentral_count_single(row);
	}
	mcentral_uncache_span(s);
	return obj;
}

/* ---- memory of another node, when the own one is used up ---------------------------- */

/*
 * Should memory of another node be used first?  Yes for a tick after the own node was
 * found to be used up; then the CPU tries its own node again.
 */
static bool away_first(struct mcache *m, unsigned int class, gfp_t gfp)
{
	const struct mcache_stack *stack;

	if (likely(m->away == NUMA_NO_NODE) || m->away_tick != (u32)jiffies ||
	    (gfp & __GFP_THISNODE))
		return false;
	stack = away_stack(m, class);
	return stack->top != stack->base || stack->span;
}

/*
 * The own node is used up, and a row of another one serves: adopt that node, so that
 * objects freed here are reused here.  One node at a time: objects of a third node use no
 * stack.  Returns how many objects to fetch.
 */
static unsigned int away_adopt(unsigned int row)
{
	const struct mcentral *c = mcentral_rows[row];
	struct refill r = { .want = 1 };
	struct mcache_stack *stack;
	struct mcache *m;

	m = mcache_enter();
	if (!m)
		return 1;
	if (m->stacks != empty_stacks && m->away == NUMA_NO_NODE &&
	    c->nid != m->nid && c->nid < nr_node_ids)
		m->away = c->nid;
	m->away_tick = jiffies;
	stack = row_stack_here(m, row);
	if (stack) {
		stack->misses++;
		r.grow_to = capacity_wants_more(m, stack, c->sc->size, WANTS_UNDERFLOW);
		r.want = capacity_batch(stack, WANTS_UNDERFLOW);
	}
	mcache_leave(m);
	refill_settle(row, &r, false);
	return r.want;
}

/* From this CPU's stacks of the adopted node. */
static void *refill_from_away(unsigned int class)
{
	struct refill r = { };
	struct mcache_stack *stack;
	unsigned int row = 0;
	struct mcache *m;
	void *obj = NULL;

	m = mcache_enter();
	if (!m)
		return NULL;
	if (m->away != NUMA_NO_NODE) {
		row = mcentral_row(m->away, class);
		stack = away_stack(m, class);
		m->away_tick = jiffies;
		/* If it is empty this is no miss yet: away_adopt() counts it. */
		if (stack->top != stack->base || stack->span)
			obj = refill_locally(m, stack, stack_size(class), &r);
	}
	mcache_leave(m);
	refill_settle(row, &r, false);
	return obj;
}

/* From galloc's memory on other nodes than that of @row, nearest first. */
static void *refill_from_others(unsigned int row, int cpu, gfp_t gfp)
{
	const struct mcentral *c = mcentral_rows[row];
	void *obj = refill_from_away(c->class);
	unsigned int i;
	int other;

	if (obj)
		return obj;
	for_each_near(i, other, c->nid) {
		unsigned int stray = mcentral_row(other, c->class);
		struct mspan *s;

		if (transfer_holds(stray)) {
			obj = refill_from_transfer(stray, away_adopt(stray));
			if (obj)
				return obj;
		}
		s = grow_stray(stray, gfp);
		if (s) {
			away_adopt(stray);
			return refill_from_span(s, cpu);
		}
	}
	return NULL;
}

/* From the central list, or from fresh pages. */
static void *refill_centrally(unsigned int row, int cpu, gfp_t gfp)
{
	struct mspan *s = mcentral_cache_span(row, gfp);
	void *obj;

	if (likely(s))
		return refill_from_span(s, cpu);
	if (!(gfp & __GFP_THISNODE)) {
		obj = refill_from_others(row, cpu, gfp);
		if (obj)
			return obj;
	}
	s = grow_any(mcentral_of(row), gfp);
	if (!s)
		return NULL;
	if (mspan_row(s) != row)
		away_adopt(mspan_row(s));
	return refill_from_span(s, cpu);
}

/* ---- allocation and free, slow paths --------------------------------------------------- */

/* Pop from the stack of a CPU of @nid; NULL if it is empty or this CPU is of another node. */
void *mcache_pop_node(unsigned int class, int nid)
{
	struct mcache *m = mcache_enter();
	void *obj = NULL;

	if (!m)
		return NULL;
	/* In one section with the pop: the task could migrate in between. */
	if (m->nid == nid)
		stack_serve(m, local_stack(m, class), 1, &obj);
	mcache_leave(m);
	return obj;
}

/* An object of this CPU alone, in any context: of its stack, or of its CACHED span. */
void *mcache_pop_nolock(unsigned int class)
{
	struct mcache *m = mcache_enter();
	struct mcache_stack *stack;
	void *obj;

	if (!m)
		return NULL;
	stack = local_stack(m, class);
	obj = stack_pop(m, stack);
	if (!obj && stack->span && stack_claim(m, stack, stack->span))
		obj = stack_pop(m, stack);
	mcache_leave(m);
	return obj;
}

/* An object of a node, NUMA_NO_NODE: this CPU's, bypassing the stacks. */
static void *alloc_single(unsigned int class, int nid, gfp_t gfp)
{
	if (nid == NUMA_NO_NODE)
		nid = capacity_node();
	return mcentral_alloc(mcentral_row(nid, class), gfp);
}

/**
 * mcache_alloc_slow() - allocate when the stack has nothing
 * @class: size class
 * @nid: node wanted, NUMA_NO_NODE: that of the current CPU
 * @gfp: flags
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and pages are needed.
 * Return: An object of @class, or NULL.
 */
void *mcache_alloc_slow(unsigned int class, int nid, gfp_t gfp)
{
	struct refill r = { .want = 1 };
	unsigned int row, from;
	struct mcache *m;
	struct mspan *s;
	void *obj = NULL;
	int cpu;

	m = mcache_enter();
	if (!m) {
		mcache_count_busy(EVENT_BUSY_ALLOC);
		return alloc_single(class, nid, gfp);
	}
	if (gate_bypasses(mcentral_row(m->nid, class))) {
		mcache_leave(m);
		gate_follow();
		return alloc_single(class, nid, gfp);
	}
	if (unlikely(m->stacks == empty_stacks)) {
		mcache_leave(m);
		m = capacity_setup(gfp) ? mcache_enter() : NULL;
		if (!m)
			return alloc_single(class, nid, gfp);
	}
	/* From here on the row determines the node, even if we migrate. */
	if (nid != NUMA_NO_NODE && nid != m->nid) {
		mcache_leave(m);
		return alloc_single(class, nid, gfp);
	}
	row = mcentral_row(m->nid, class);
	from = row;
	if (unlikely(away_first(m, class, gfp)))
		from = mcentral_row(m->away, class);
	if (likely(m->stacks != empty_stacks))
		obj = refill_locally(m, &m->stacks[mcentral_rows[from]->stack],
				     stack_size(class), &r);
	cpu = m->cpu;
	mcache_leave(m);

	s = refill_settle(from, &r, from == row);
	if (s)
		obj = refill_from_span(s, cpu);
	if (!obj)
		obj = refill_from_transfer(row, r.want);
	if (!obj && r.want > 1)
		obj = refill_from_runs(row, r.want, gfp);
	if (!obj)
		obj = refill_centrally(row, cpu, gfp);
	/* A failed request does a turn in drain_relieve(). */
	if (likely(obj))
		drain_follow();
	return obj;
}

/**
 * mcache_alloc_set() - the same for an object of a set
 * @set: the set
 * @nid: node wanted, NUMA_NO_NODE: that of the current CPU
 * @gfp: flags
 *
 * Context: As mcache_alloc_slow().
 * Return: An object; NULL if this CPU has no stack for it, or its node no memory: try
 * rows_alloc().
 */
void *mcache_alloc_set(struct rowset *set, int nid, gfp_t gfp)
{
	struct refill r = { .want = 1 };
	struct mcentral *c = NULL;
	struct mcache *m = NULL;
	unsigned int k;
	struct mspan *s;
	void *obj = NULL;
	int cpu;

	/* A guess, so that a CPU is not set up for nothing. */
	if (READ_ONCE(set->k) && !gate_bypasses(0))
		m = capacity_enter_setup(gfp);
	if (!m) {
		gate_follow();
		return NULL;
	}
	k = READ_ONCE(set->k);
	/* The caller holds the set, and it the row. */
	if (k && (nid == NUMA_NO_NODE || nid == m->nid))
		c = smp_load_acquire(&set->row[m->nid]); /* pairs with row_publish() */
	if (!c || gate_bypasses(c->row)) {
		mcache_leave(m);
		gate_follow();
		return NULL;
	}
	obj = refill_locally(m, local_stack(m, k), c->sc->size, &r);
	cpu = m->cpu;
	mcache_leave(m);

	s = refill_settle(c->row, &r, true);
	if (!obj && !s)
		obj = refill_from_transfer(c->row, r.want);
	if (!obj && !s)
		s = mcentral_cache_span(c->row, gfp);
	if (s)
		obj = refill_from_span(s, cpu);
	if (likely(obj))
		drain_follow();
	return obj;
}

/* Pop as many objects of a class, or a set, as the stack has, at most @nr and one turn. */
size_t mcache_pop_many(unsigned int class, const struct rowset *set, size_t nr, void **out)
{
	struct mcache *m = mcache_enter();
	size_t n;

	if (!m)
		return 0;
	n = stack_serve(m, local_stack(m, set ? READ_ONCE(set->k) : class), nr, out);
	mcache_leave(m);
	return n;
}

/* ---- flush ------------------------------------------------------------------------------- */

/* What to do with an object that the fast path did not push. */
enum free_how {
	FREE_PUSHED,		/* pushed after all */
	FREE_CENTRAL,		/* mcentral_free_single(), which validates it */
	FREE_TWICE,		/* it is on top of the stack */
};

static enum free_how push_slowly(struct mcache *m, struct mcache_stack *stack,
				 const struct mcentral *c, const void *p, void **batch,
				 unsigned int *n, unsigned int *grow_to)
{
	p = untag(p);
	if ((unsigned long)p & capacity_mask(c->sc->size))
		return FREE_CENTRAL;
	if (stack->top != stack->base && stack->top[-1] == p)
		return FREE_TWICE;
	if (unlikely(capacity_is_lacked(c)))
		return FREE_CENTRAL;
	if (stack->top == stack->end) {
		stack->overflows++;
		/* Frees alone do not justify a stack for another node. */
		if (!stack_capacity(stack) && c->nid != m->nid)
			return FREE_CENTRAL;
		*grow_to = capacity_wants_more(m, stack, c->sc->size, WANTS_OVERFLOW);
		if (!stack_capacity(stack))
			return FREE_CENTRAL;
		*n = capacity_batch(stack, WANTS_OVERFLOW);
		if (*n > DRAIN_TURN && transfer_from_stack(stack, c, *n)) {
			*n = 0;
		} else {
			*n = min_t(unsigned int, *n, DRAIN_TURN);
			/* Each span may be empty then, and the caller be in a section. */
			if (!transfer_has_room(c->row, *n))
				*n = min_t(unsigned int, *n, CALL_TURN * c->sc->objects);
			stack->top -= *n;
			stack->moved -= *n;
			memcpy(batch, stack->top, *n * sizeof(*batch));
		}
	}
	*stack->top++ = (void *)p;
	return FREE_PUSHED;
}

/*
 * The row of a small object, whose stack of this CPU it is for, with busy set.  Only now a
 * number is good for a section, and the object of a set is looked at for that.
 */
static struct mcentral *free_where(struct mcache *m, const void *p,
				   struct mcache_stack **stack)
{
	unsigned int number = arena_stack_of(p);
	struct mcentral *c = number < STACK_FIRST ? NULL : stack_central(number);
	struct object o;

	*stack = NULL;
	/* The page of a sampled object, or of the reserve, says nothing of the others on it. */
	if (number == STACK_WATCHED || (c && c->set)) {
		if (mspan_resolve(p, &o) != FOUND_OBJECT || (c && o.c != c) ||
		    mcentral_stack(o.c) < STACK_FIRST)
			return NULL;
		c = o.c;
	}
	if (!c)
		return NULL;
	*stack = row_stack_here(m, c->row);
	return c;
}

/**
 * mcache_free_slow() - free a small object that the fast path did not take
 * @p: what gfree() was called with
 * @number: stack number of the page that it lies in, a moment ago
 *
 * Context: Any but NMI.
 */
void mcache_free_slow(const void *p, unsigned int number)
{
	enum free_how how = FREE_CENTRAL;
	void *batch[DRAIN_TURN] __uninitialized;
	unsigned int grow_to = 0, n = 0;
	bool spilt = false;
	struct mcache_stack *stack;
	struct mcentral *c = NULL;
	struct mcache *m;

	/* Without the number of a class the size is not known yet. */
	if ((!stack_class(number) || capacity_shareable(stack_size(stack_class(number)))) &&
	    waiting_add(p, false))
		return;
	if (number < STACK_WATCHED) {
		mcentral_free_single(p);
		return;
	}
	m = mcache_enter();
	if (!m)
		mcache_count_busy(EVENT_BUSY_FREE);
	else
		c = free_where(m, p, &stack);
	if (c && m->stacks == empty_stacks && !gate_bypasses(c->row)) {
		mcache_leave(m);
		m = capacity_enter_setup(0);
		if (m)
			c = free_where(m, p, &stack);
	}
	if (!m) {
		mcentral_free_single(p);
		return;
	}
	if (stack && !gate_bypasses(c->row)) {
		how = push_slowly(m, stack, c, p, batch, &n, &grow_to);
		if (n || grow_to)
			haul_begin(c);
	}
	mcache_leave(m);

	if (how == FREE_CENTRAL)
		mcentral_free_single(p);
	else if (how == FREE_TWICE)
		report_fault(FAULT_DOUBLE_FREE, p);
	if (n)
		spilt = mcache_flush_row(c->row, batch, n);
	if (grow_to)
		capacity_grow(c->row, grow_to);
	if (n || grow_to)
		haul_end(c->set);
	/* At most one turn per call: its own flush, or a drain. */
	if (!spilt)
		drain_follow();
}

/* ---- init and exit --------------------------------------------------------------------- */

static int mcache_cpuhp_state;

static int mcache_cpu_prepare(unsigned int cpu)
{
	struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

	if (m->stacks == empty_stacks)
		m->nid = nodes_with_memory(cpu_to_mem(cpu));
	return 0;
}

int mcache_start(void)
{
	int state;

	state = galloc_fail(0) ? -ENOMEM :
		cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "mm/galloc:prepare",
				  mcache_cpu_prepare, drain_dead_cpu);
	if (state < 0)
		return state;
	mcache_cpuhp_state = state;
	return 0;
}

/* Stop draining dead CPUs.  Before worker_stop(): the teardown requests work. */
void mcache_stop(void)
{
	cpuhp_remove_state_nocalls(mcache_cpuhp_state);
}
