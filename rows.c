// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * rows: all rows, and sets of them that are made and taken away at run time.
 *
 * A set is what a typed cache, or a class of a private heap, consists of: objects of one
 * size, in a row for each node, made when a span of that node is first wanted.  The rows
 * of the 67 classes are no set: they are there from load to unload.
 *
 * A row is found by its number, in an RCU read section.  The numbers are in an xarray,
 * whose nodes are allocated only where that may sleep; elsewhere a row takes one that was
 * reserved before.  A set goes when it has been destroyed and its last span has left:
 * the worker takes its rows out of the xarray, waits for a grace period, and only then
 * frees the rows and their numbers.  So whoever has found a row, or read its number from
 * a span, does not meet another row with that number within the same read section.
 *
 * Called by api.c and the worker, and by mcentral.c for each span of a set.
 * Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/xarray.h>

/* Rows have 24 bits of a tag. */
#define ROWS_MAX		((1U << 24) - 1)

/* Numbers in reserve, for rows made where the xarray cannot grow. */
#define ROWS_SPARE		128

/* Spans of a row that one turn passes. */
#define ROWS_TURN		16

/* What the kernel's xarray takes for a number. */
#define ROWS_NUMBER_TAKES	(sizeof(struct xa_node) / XA_CHUNK_SIZE)

static DEFINE_XARRAY_FLAGS(rows_numbers, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ);

/* Protects what follows.  Raw, irq-safe, leaf. */
static DEFINE_RAW_SPINLOCK(rows_lock);
static LIST_HEAD(rows_sets);
unsigned long rows_nr_sets;
static u32 spare_numbers[ROWS_SPARE];
static unsigned int nr_spare_numbers;

/* One was wanted where there was none. */
static bool numbers_wanted;

/* One more than the highest number so far. */
static unsigned int rows_top;

/* Sets without references. */
static LLIST_HEAD(rows_gone);

/* ---- numbers ------------------------------------------------------------------------- */

/* Forget a number. */
static void number_erase(u32 number)
{
	unsigned long flags;

	xa_lock_irqsave(&rows_numbers, flags);
	__xa_erase(&rows_numbers, number);
	xa_unlock_irqrestore(&rows_numbers, flags);
	arena_uncharge_meta(ROWS_NUMBER_TAKES);
}

/* Reserve numbers, where that may sleep: for a request with these flags. */
static void numbers_fill(gfp_t gfp)
{
	unsigned long flags;
	u32 number;

	gfp = meta_gfp(gfp, 0);
	while (READ_ONCE(nr_spare_numbers) < ROWS_SPARE) {
		bool kept = false;

		/* One is needed, and a request may not fail for it; the others are for later. */
		if (READ_ONCE(nr_spare_numbers))
			gfp = (gfp & ~(__GFP_NOFAIL | __GFP_RETRY_MAYFAIL)) | __GFP_NORETRY;
		if (!arena_charge_meta_for(ROWS_NUMBER_TAKES, gfp))
			return;
		galloc_pause(PAUSE_ASK_SYSTEM, &gfp);
		if (galloc_fail(0) ||
		    xa_alloc_irq(&rows_numbers, &number, NULL,
				 XA_LIMIT(nr_rows, ROWS_MAX), gfp) < 0) {
			arena_uncharge_meta(ROWS_NUMBER_TAKES);
			return;
		}
		galloc_lock(&rows_lock, flags);
		if (nr_spare_numbers < ROWS_SPARE) {
			spare_numbers[nr_spare_numbers] = number;
			WRITE_ONCE(nr_spare_numbers, nr_spare_numbers + 1);
			WRITE_ONCE(rows_top, max(rows_top, number + 1));
			kept = true;
		}
		galloc_unlock(&rows_lock, flags);
		if (!kept)
			number_erase(number);
	}
}

/* Reserve the first numbers: who takes them may not sleep.  Sleeps. */
void rows_reserve_numbers(void)
{
	numbers_fill(GFP_KERNEL);
}

/* A reserved number, 0 if there is none. */
static u32 number_take(void)
{
	unsigned long flags;
	u32 number = 0;

	galloc_lock(&rows_lock, flags);
	if (nr_spare_numbers)
		number = spare_numbers[nr_spare_numbers - 1];
	WRITE_ONCE(nr_spare_numbers, nr_spare_numbers - !!number);
	galloc_unlock(&rows_lock, flags);
	if (!number)
		WRITE_ONCE(numbers_wanted, true);
	return number;
}

#ifdef CONFIG_GALLOC_KUNIT
/* As if none had been reserved yet. */
void rows_forget_numbers(void)
{
	u32 number;

	while ((number = number_take()))
		number_erase(number);
}
#endif

/* Give back a number that nobody has seen, or not for a grace period. */
static void number_put(u32 number)
{
	unsigned long flags;
	bool kept = false;

	galloc_lock(&rows_lock, flags);
	if (nr_spare_numbers < ROWS_SPARE) {
		spare_numbers[nr_spare_numbers] = number;
		WRITE_ONCE(nr_spare_numbers, nr_spare_numbers + 1);
		kept = true;
	}
	galloc_unlock(&rows_lock, flags);
	if (!kept)
		number_erase(number);
}

/* One more than the highest number of a row. */
unsigned int rows_end(void)
{
	return max(READ_ONCE(rows_top), nr_rows);
}

/* The number of the newest set (rows_lock). */
static u32 last_set;

/* The row of a number of no class.  In an RCU read section, or while it cannot go. */
struct mcentral *rows_find(unsigned int row)
{
	return xa_load(&rows_numbers, row);
}

/* ---- rows ------------------------------------------------------------------------------ */

/*
 * Make @c the row of @nid, with a number that is reserved already, so that nothing is
 * allocated under the lock.  False if there is one meanwhile.
 */
static bool row_publish(struct rowset *set, int nid, struct mcentral *c)
{
	unsigned long flags;
	bool first;

	xa_lock_irqsave(&rows_numbers, flags);
	first = !set->row[nid];
	if (first) {
		/* With the lock of rows_set_gates(): nobody has seen it yet. */
		c->gates = set->gates;
		__xa_store(&rows_numbers, c->row, c, 0);
		/* Release: whoever finds the row in the set finds it complete. */
		smp_store_release(&set->row[nid], c);
	}
	xa_unlock_irqrestore(&rows_numbers, flags);
	return first;
}

/* Reasons to watch the objects of a set, those of rows that it has and will have. */
void rows_set_gates(struct rowset *set, u8 why, bool on)
{
	unsigned long flags;
	int nid;

	xa_lock_irqsave(&rows_numbers, flags);
	set->gates = on ? set->gates | why : set->gates & ~why;
	for (nid = 0; nid <= nr_node_ids; nid++) {
		struct mcentral *c = set->row[nid];

		if (c)
			WRITE_ONCE(c->gates, on ? c->gates | why : c->gates & ~why);
	}
	xa_unlock_irqrestore(&rows_numbers, flags);
}

static struct mcentral *row_new(struct rowset *set, int nid, gfp_t gfp)
{
	bool may_sleep = gfpflags_allow_blocking(gfp) && may_call_system();
	struct mcentral *c;

	if (!may_grow())
		return NULL;
	if (may_sleep)
		numbers_fill(gfp);
	c = arena_meta_zalloc(sizeof(*c), nid < nr_node_ids && node_online(nid) ?
			      nid : NUMA_NO_NODE, meta_gfp(gfp, 0));
	if (!c)
		return NULL;
	mcentral_setup(c, &set->args.sc, nid);
	c->set = set;
	c->stack = nid == nr_node_ids ? STACK_WATCHED : STACK_WITHOUT;
	c->row = number_take();
	if (READ_ONCE(nr_spare_numbers) < ROWS_SPARE / 2)
		worker_kick(WORKER_ROWS);
	if (c->row && row_publish(set, nid, c))
		return c;
	if (c->row)
		number_put(c->row);
	arena_meta_free(c, sizeof(*c));
	return READ_ONCE(set->row[nid]);
}

/* The row of a node, made if necessary; NULL: no memory. */
struct mcentral *rows_row(struct rowset *set, int nid, gfp_t gfp)
{
	/* Acquire: pairs with row_publish(). */
	return smp_load_acquire(&set->row[nid]) ?: row_new(set, nid, gfp);
}

/* ---- sets ------------------------------------------------------------------------------ */

static size_t set_bytes(const char *name)
{
	return offsetof(struct rowset, row) +
	       (nr_node_ids + 1) * sizeof(struct mcentral *) + strlen(name) + 1;
}

/**
 * rows_create() - make a set of rows
 * @args: what it is like
 * @gfp: flags
 *
 * Takes memory for the set alone; rows follow when they are used.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it.
 * Return: The set, or NULL.
 */
struct rowset *rows_create(const struct rows_args *args, gfp_t gfp)
{
	size_t bytes = set_bytes(args->name);
	struct rowset *set;
	unsigned long flags;
	char *name;

	if (!may_grow())
		return NULL;
	set = arena_meta_zalloc(bytes, NUMA_NO_NODE, meta_gfp(gfp, 0));
	if (!set)
		return NULL;
	if (gfpflags_allow_blocking(gfp) && may_call_system())
		numbers_fill(gfp);
	set->args = *args;
	if (args->ctor || args->flags & ROWS_RCU)
		set->args.flags |= ROWS_KEEP;
	set->place = args->place ?: &set->own_place;
	name = (char *)&set->row[nr_node_ids + 1];
	strcpy(name, args->name);
	set->args.name = name;
	atomic_long_set(&set->refs, 1);
	galloc_lock(&rows_lock, flags);
	last_set += 1 + (last_set == U32_MAX);
	set->nr = last_set;
	list_add_tail_rcu(&set->list, &rows_sets);
	WRITE_ONCE(rows_nr_sets, rows_nr_sets + 1);
	galloc_unlock(&rows_lock, flags);
	/* Now whoever switches sees it, or it sees what was switched. */
	watch_set(set);
	return set;
}

/* Hold a set, in an RCU read section.  False if it is about to be freed. */
bool rows_get(struct rowset *set)
{
	return atomic_long_inc_not_zero(&set->refs);
}

/* Any context but NMI. */
void rows_put(struct rowset *set)
{
	if (!atomic_long_dec_and_test(&set->refs))
		return;
	llist_add(&set->gone, &rows_gone);
	worker_kick(WORKER_ROWS);
}

/* The second step of rows_destroy(), for all sets whose first was done.  Sleeps. */
void rows_wait_for_ctors(void)
{
	synchronize_rcu();
	galloc_pause(PAUSE_CTORS_GONE, NULL);
}

/* The last.  True if no object was live. */
bool rows_leave(struct rowset *set)
{
	bool none = !rows_in_use(set);

	stacks_release(set);
	rows_put(set);
	return none;
}

/* Objects that were allocated and not freed; exact if nobody does so meanwhile. */
unsigned long rows_in_use(const struct rowset *set)
{
	u32 n = 0;
	int nid;

	for (nid = 0; nid <= nr_node_ids; nid++) {
		const struct mcentral *c = READ_ONCE(set->row[nid]);

		if (c)
			n += stacks_in_use(c);
	}
	return n;
}

/* Its spans, in any state; racy. */
unsigned long rows_spans(const struct rowset *set)
{
	unsigned long n = 0;
	int nid;

	for (nid = 0; nid <= nr_node_ids; nid++) {
		const struct mcentral *c = READ_ONCE(set->row[nid]);

		if (c)
			n += atomic_long_read(&c->nr_spans);
	}
	return n;
}

/* A number for tags of what is no span of the set, but its owner's; 0: no memory. */
unsigned int rows_number(struct rowset *set, gfp_t gfp)
{
	const struct mcentral *c = rows_row(set, first_node(node_possible_map), gfp);

	return c ? c->row : 0;
}

/**
 * rows_alloc() - allocate objects of a set, without a stack
 * @set: the set
 * @nid: node wanted, NUMA_NO_NODE: the CPU's own
 * @gfp: flags
 * @max: the most objects to allocate
 * @out: filled with them
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 * Return: Their number: as many as one span had, 0 if there is no memory.
 */
unsigned int rows_alloc(struct rowset *set, int nid, gfp_t gfp, unsigned int max,
			void **out)
{
	struct mcentral *c;
	unsigned int n;

	if (nid == NUMA_NO_NODE)
		nid = nodes_with_memory(numa_mem_id());
	if (set->args.flags & ROWS_THISNODE)
		gfp |= __GFP_THISNODE;
	c = rows_row(set, nid, gfp);
	n = c ? mcentral_alloc_many(c, gfp, max, out) : 0;
	stacks_used(set, n);
	return n;
}

/* ---- spans ------------------------------------------------------------------------------ */

/*
 * A span is about to be cut for a set: construct its objects.  In one read section with
 * the cut.  False if the set was destroyed meanwhile.
 */
bool rows_prepare(struct rowset *set, struct mspan *s)
{
	unsigned int i, n = sizeclass_objects(&set->args.sc, s->npages);

	if (READ_ONCE(set->dead))
		return false;
	atomic_long_inc(&set->refs);
	for (i = 0; set->args.ctor && i < n; i++)
		set->args.ctor((void *)(s->start + (size_t)i * set->args.sc.size));
	return true;
}

/**
 * rows_sweep() - take all spans of a set away
 * @set: the set, destroyed or about to be
 *
 * Its stacks are empty by then, or it is done when they are.  Objects that wait because
 * others refer to their pages stay, with their spans.
 *
 * Context: Process.  Sleeps.
 * Return: Objects that were live.
 */
unsigned long rows_sweep(struct rowset *set)
{
	unsigned long n = 0;
	int nid;

	set->swept = true;
	if (unlikely(stacks_sweep_later(set)))
		return rows_in_use(set);
	for (nid = 0; nid <= nr_node_ids; nid++)
		if (READ_ONCE(set->row[nid]))
			n += sweep_row(set->row[nid]);
	return n;
}

/* A turn of a walk from @at on, which is a mark in the list.  False: that was the last. */
static bool walk_turn(struct mcentral *c, struct list_head *head, struct mspan *at,
		      void (*fn)(struct mspan *s, void *arg), void *arg)
{
	unsigned int turn = ROWS_TURN;
	unsigned long flags;

	galloc_lock(&c->lock, flags);
	c->changes++;
	if (list_empty(&at->list))
		list_add(&at->list, head);
	while (turn && !list_is_last(&at->list, head)) {
		struct mspan *s = list_next_entry(at, list);

		list_move(&at->list, &s->list);
		/* The mark of another walk has no pages. */
		if (s->npages)
			fn(s, arg);
		turn--;
	}
	if (turn)
		list_del(&at->list);
	galloc_unlock(&c->lock, flags);
	return !turn;
}

/**
 * rows_walk() - call a function for each span of a set
 * @set: the set, which the caller holds
 * @fn: called with the row's lock held
 * @arg: for @fn
 *
 * A span whose state changes meanwhile may be passed twice, or not at all.
 *
 * Context: Process.  Sleeps.
 */
void rows_walk(struct rowset *set, void (*fn)(struct mspan *s, void *arg), void *arg)
{
	unsigned int nr;
	int nid;

	for (nid = 0; nid <= nr_node_ids; nid++) {
		/* Acquire: pairs with row_publish(). */
		struct mcentral *c = smp_load_acquire(&set->row[nid]);

		for (nr = 0; c && nr < MCENTRAL_LISTS; nr++) {
			struct mspan at = { .npages = 0 };

			INIT_LIST_HEAD(&at.list);
			while (walk_turn(c, mcentral_list(c, nr), &at, fn, arg))
				cond_resched();
		}
	}
}

/**
 * rows_add_span() - put a LARGE span into a row of a set without objects
 * @row: its number, which the span's tag has or will have
 * @s: the span, its caller's own
 *
 * It holds the set until rows_del_span().
 *
 * Context: Any but NMI, no galloc lock held.
 */
void rows_add_span(unsigned int row, struct mspan *s)
{
	struct mcentral *c = mcentral_of(row);
	unsigned long flags;

	atomic_long_inc(&c->set->refs);
	galloc_lock(&c->lock, flags);
	c->changes++;
	/* With the list, for validate. */
	atomic_long_inc(&c->nr_spans);
	list_add(&s->list, &c->full);
	galloc_unlock(&c->lock, flags);
}

/* The reverse, when the span is in TRANSIT. */
void rows_del_span(unsigned int row, struct mspan *s)
{
	struct mcentral *c = mcentral_of(row);
	unsigned long flags;

	galloc_lock(&c->lock, flags);
	c->changes++;
	list_del_init(&s->list);
	atomic_long_dec(&c->nr_spans);
	galloc_unlock(&c->lock, flags);
	rows_put(c->set);
}

/* The address of any span of such a row, NULL if there is none. */
const void *rows_any_span(struct rowset *set)
{
	const void *found = NULL;
	unsigned long flags;
	int nid;

	for (nid = 0; nid <= nr_node_ids && !found; nid++) {
		/* Acquire: pairs with row_publish(). */
		struct mcentral *c = smp_load_acquire(&set->row[nid]);
		const struct mspan *s;

		if (!c)
			continue;
		galloc_lock(&c->lock, flags);
		list_for_each_entry(s, &c->full, list) {
			/* The mark of a walk has no pages. */
			found = s->npages ? (void *)s->start : NULL;
			if (found)
				break;
		}
		galloc_unlock(&c->lock, flags);
	}
	return found;
}

/* Bytes that describe a set, without its spans: what they take. */
size_t rows_meta(const struct rowset *set)
{
	size_t bytes = arena_meta_takes(set, set_bytes(set->args.name));
	int nid;

	for (nid = 0; nid <= nr_node_ids; nid++)
		if (READ_ONCE(set->row[nid]))
			bytes += arena_meta_takes(set->row[nid], sizeof(struct mcentral));
	return bytes;
}

/* ---- walks over rows -------------------------------------------------------------------- */

/* The next set, NULL after the last; holds it, and no longer @set. */
struct rowset *rows_next_set(struct rowset *set)
{
	struct rowset *next = set;

	rcu_read_lock();
	if (!next)
		next = list_entry(&rows_sets, struct rowset, list);
	list_for_each_entry_continue_rcu(next, &rows_sets, list)
		if (rows_get(next))
			goto out;
	next = NULL;
out:
	rcu_read_unlock();
	if (set)
		rows_put(set);
	return next;
}

/*
 * The next row of a walk: those of the classes, then those of all sets, or of those that
 * @next returns, held.  It stays until the next call.  Any context but NMI.
 */
struct mcentral *rows_next_by(struct row_walk *w, struct rowset *(*next)(struct row_walk *w))
{
	struct mcentral *c;

	while (w->row < nr_rows) {
		c = mcentral_rows[w->row++];
		if (c)
			return c;
	}
	for (;;) {
		while (w->set && w->nid <= nr_node_ids) {
			/* Acquire: pairs with row_publish(). */
			c = smp_load_acquire(&w->set->row[w->nid++]);
			if (c)
				return c;
		}
		w->set = next ? next(w) : rows_next_set(w->set);
		w->nid = 0;
		if (!w->set)
			return NULL;
	}
}

/* The same for the rows of all sets; NULL after the last. */
struct mcentral *rows_next(struct row_walk *w)
{
	return rows_next_by(w, NULL);
}

/* A walk that ends before its last row. */
void rows_walk_end(struct row_walk *w)
{
	if (w->set)
		rows_put(w->set);
	w->set = NULL;
}

/* ---- the end of a set --------------------------------------------------------------------- */

/* Nobody finds the set or its rows from here on, but some may have. */
static void set_hide(struct rowset *set)
{
	unsigned long flags;
	int nid;

	galloc_lock(&rows_lock, flags);
	list_del_rcu(&set->list);
	WRITE_ONCE(rows_nr_sets, rows_nr_sets - 1);
	galloc_unlock(&rows_lock, flags);
	for (nid = 0; nid <= nr_node_ids; nid++) {
		if (!set->row[nid])
			continue;
		/* The number stays taken. */
		xa_lock_irqsave(&rows_numbers, flags);
		__xa_store(&rows_numbers, set->row[nid]->row, XA_ZERO_ENTRY, 0);
		xa_unlock_irqrestore(&rows_numbers, flags);
	}
}

static void set_free(struct rowset *set)
{
	int nid;

	if (set->args.gone)
		set->args.gone(set);
	for (nid = 0; nid <= nr_node_ids; nid++) {
		struct mcentral *c = set->row[nid];

		if (!c)
			continue;
		number_put(c->row);
		stacks_free_row(c);
		arena_meta_free(c, sizeof(*c));
	}
	arena_meta_free(set, set_bytes(set->args.name));
}

/**
 * rows_reap() - free sets without references, and pages that waited for readers
 *
 * All that is there now waits for one grace period.
 *
 * Context: Process.  Sleeps.
 * Return: True if there was anything.
 */
bool rows_reap(void)
{
	bool any = stacks_reap();
	struct llist_node *gone = llist_del_all(&rows_gone);
	struct llist_node *later = retire_take();
	struct rowset *set, *next;

	/* As soon as somebody took one: where nobody sleeps they may all be used up. */
	if ((READ_ONCE(rows_top) || READ_ONCE(numbers_wanted)) &&
	    READ_ONCE(nr_spare_numbers) < ROWS_SPARE / 2)
		numbers_fill(WORKER_GFP);
	if (!gone && !later)
		return any;
	llist_for_each_entry(set, gone, gone)
		set_hide(set);
	/* Pairs with the read sections of mspan_resolve(), and of readers of objects. */
	synchronize_rcu();
	retire_end(later);
	llist_for_each_entry_safe(set, next, gone, gone) {
		set_free(set);
		cond_resched();
	}
	return true;
}

/* At unload: those that their owners have forgotten go, too.  No spans are left. */
static void sets_exit(void)
{
	struct rowset *set, *next;

	while (rows_reap())
		;
	list_for_each_entry_safe(set, next, &rows_sets, list) {
		set_hide(set);
		set_free(set);
	}
	while (nr_spare_numbers)
		number_erase(spare_numbers[--nr_spare_numbers]);
	xa_destroy(&rows_numbers);
}

/* ---- init and exit ---------------------------------------------------------------- */

static struct mcentral *row_of_class(int nid, unsigned int class)
{
	struct mcentral *c;

	c = arena_meta_zalloc(sizeof(*c), nid < nr_node_ids && node_online(nid) ?
			      nid : NUMA_NO_NODE, GFP_KERNEL);
	if (!c)
		return NULL;
	mcentral_setup(c, &sizeclasses[class], nid);
	c->row = mcentral_row(nid, class);
	c->class = class;
	c->stack = nid == nr_node_ids ? STACK_WATCHED : stack_number(nid, class);
	c->whole = nid != nr_node_ids && c->sc->objects == 1;
	return c;
}

static int rows_init_node(int nid)
{
	unsigned int class;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		struct mcentral *c = row_of_class(nid, class);

		if (!c)
			return -ENOMEM;
		mcentral_rows[c->row] = c;
	}
	return 0;
}

static size_t rows_bytes(void)
{
	return nr_rows * sizeof(*mcentral_rows);
}

/* The rows of the classes. */
int rows_init(void)
{
	int nid, err;

	/* One more node: the emergency reserve. */
	nr_rows = mcentral_row(nr_node_ids + 1, 0);
	if (nr_node_ids > STACK_NODES) {
		pr_err("%u nodes are too many: at most %u\n", nr_node_ids, STACK_NODES);
		return -ENODEV;
	}
	nr_stacks = (nr_node_ids - 1) * STACK_STRIDE + STACK_PLACES;
	mcentral_rows = arena_meta_zalloc(rows_bytes(), NUMA_NO_NODE, GFP_KERNEL);
	if (!mcentral_rows)
		return -ENOMEM;
	err = rows_init_node(nr_node_ids);
	for_each_node(nid)
		err = err ?: rows_init_node(nid);
	if (err)
		rows_exit();
	return err;
}

void rows_exit(void)
{
	unsigned int row;

	sets_exit();
	for (row = 0; row < nr_rows; row++)
		arena_meta_free(mcentral_rows[row], sizeof(struct mcentral));
	arena_meta_free(mcentral_rows, rows_bytes());
	mcentral_rows = NULL;
}
