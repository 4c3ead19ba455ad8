// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * guard: one in N objects of a heap or cache that asked for it has a page of its own.
 *
 * The page is mapped where vmap() finds room, with nothing mapped on either side.  The object
 * lies at its end or at its beginning, in turns, so that an access behind it or before it
 * faults; the rest of the page is filled, and compared when the object is freed.  Then the
 * worker unmaps the page, so that an access to the object faults, too.  Of the last objects
 * the page is kept, unused: a CPU may still have the mapping in its TLB.  A die notifier
 * says in the oops whose object it was, behind the registers.
 *
 * A slot is owned by whoever has made it BUSY, by cmpxchg(); @owner and @heap are taken away by
 * cmpxchg(), too, when those go.  There is no lock, but for a mutex when the first heap or cache
 * asks.  Called by heap.c and cache.c, and wherever an address is looked up or freed.
 * Overview: galloc_mod.c.
 */
#include "guard.h"
#include "observe/stackdepot.h"

#include <linux/kdebug.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/* Objects that are guarded, or were lately. */
#define GUARD_MAX		256

/* What the rest of the page is filled with, and a freed object; SLUB's values. */
#define BYTE_REST		0xcc
#define BYTE_FREE		0x6b

enum guard_state {
	GUARD_NONE,		/* never used */
	GUARD_BUSY,		/* of the task that makes or ends it */
	GUARD_LIVE,
	GUARD_FREED,		/* still mapped */
	GUARD_GONE,		/* not mapped any more; its page is kept */
};

/**
 * struct guard - an object on a page of its own
 * @state: see enum guard_state
 * @size: bytes that were asked for
 * @turn: the later of two has the greater one
 * @area: where the page is, or was, mapped
 * @p: the object
 * @page: the page
 * @owner: the cache or heap; NULL: destroyed
 * @heap: for grealloc(): the heap, or NULL
 * @stack: where it was allocated and freed
 * @task: who did so
 */
struct guard {
	u32 state;
	u32 size;
	u32 turn;
	void *area;
	void *p;
	struct page *page;
	const void *owner;
	struct galloc_heap *heap;
	u32 stack[2];
	pid_t task[2];
};

static struct guard *guards;
static unsigned int guard_next;

/* ---- lookup ------------------------------------------------------------------------- */

/* How far is an address from an object?  0: it is in it. */
static unsigned long guard_distance(const struct guard *g, unsigned long addr)
{
	unsigned long start = (unsigned long)READ_ONCE(g->p), end = start + READ_ONCE(g->size);

	return addr < start ? start - addr : addr < end ? 0 : addr - end + 1;
}

/*
 * Is an address rather about @g than about @than?  It may have been another's before, or be
 * beside another's: with @near the nearer object, else, and of two equally near, the live one, or
 * the later one.  One that has become another's meanwhile is none.
 */
static bool guard_rather(const struct guard *g, const struct guard *than, unsigned long addr,
			 bool near)
{
	unsigned long here = near ? guard_distance(g, addr) : 0;
	unsigned long there = near ? guard_distance(than, addr) : 0;
	u32 state = READ_ONCE(g->state), other = READ_ONCE(than->state);

	if (state < GUARD_LIVE || other < GUARD_LIVE)
		return other < GUARD_LIVE;
	if (here != there)
		return here < there;
	if (state != other)
		return state < other;
	return (s32)(READ_ONCE(g->turn) - READ_ONCE(than->turn)) > 0;
}

/*
 * Has another's page the place of a slot's since, or a part of it?  vmap() gives out a page and
 * the one behind it, and later the same addresses again: there an address is about the later
 * object, however much nearer the earlier one was.
 */
static bool guard_is_past(const struct guard *all, const struct guard *g)
{
	long area = (long)READ_ONCE(g->area);
	unsigned int i;

	for (i = 0; i < GUARD_MAX; i++)
		if (&all[i] != g &&
		    abs((long)READ_ONCE(all[i].area) - area) < 2 * (long)PAGE_SIZE &&
		    guard_rather(&all[i], g, 0, false))
			return true;
	return false;
}

/* The slot whose page, or, with @near, the one before or behind it, has an address. */
static struct guard *guard_of(const void *p, bool near)
{
	unsigned long addr = addr_of(p), margin = near ? PAGE_SIZE : 0;
	/* Acquire: pairs with guard_begin(). */
	struct guard *all = smp_load_acquire(&guards);
	struct guard *found = NULL;
	unsigned int i;

	for (i = 0; all && i < GUARD_MAX; i++) {
		struct guard *g = &all[i];
		unsigned long area;

		galloc_pause(PAUSE_GUARD_LOOK, g->area);
		/* Acquire: pairs with guard_make(). */
		if (smp_load_acquire(&g->state) < GUARD_LIVE)
			continue;
		area = (unsigned long)READ_ONCE(g->area);
		if (addr + margin < area || addr >= area + PAGE_SIZE + margin)
			continue;
		if (near && guard_is_past(all, g))
			continue;
		if (!found || guard_rather(g, found, addr, near))
			found = g;
	}
	return found;
}

/*
 * The object whose page has an address, live, or in a state up to @last in which the page is
 * mapped.  Nobody else's page is there then, so those that were there before are not looked
 * at: their slots may be changing hands.
 */
static struct guard *guard_at(const void *p, u32 last)
{
	/* Acquire: pairs with guard_begin(). */
	struct guard *all = guard_any() && is_vmalloc_addr(p) ? smp_load_acquire(&guards) : NULL;
	unsigned int i;

	for (i = 0; all && i < GUARD_MAX; i++) {
		u32 state;

		galloc_pause(PAUSE_GUARD_LOOK, all[i].area);
		/* Acquire: pairs with guard_make(). */
		state = smp_load_acquire(&all[i].state);
		if (state >= GUARD_LIVE && state <= last &&
		    addr_of(p) - (unsigned long)READ_ONCE(all[i].area) < PAGE_SIZE)
			return &all[i];
	}
	return NULL;
}

static struct guard *guard_live(const void *p)
{
	return guard_at(p, GUARD_LIVE);
}

bool guard_has(const void *p)
{
	return guard_live(p);
}

/* Is the page there a guarded object's, even if that was freed? */
bool guard_maps(const void *p)
{
	return guard_at(p, GUARD_FREED);
}

/* Is it one of a cache, or of a heap and its caches? */
bool guard_is_of(const void *p, const void *owner)
{
	const struct guard *g = guard_live(p);

	return g && (g->owner == owner || g->heap == owner);
}

/* The heap of an object, or NULL.  It stays in an RCU read section: see guard_leave(). */
struct galloc_heap *guard_heap_of(const void *p)
{
	const struct guard *g = guard_live(p);

	return g ? READ_ONCE(g->heap) : NULL;
}

/* For api_target_of().  False if it is no guarded object. */
bool guard_target(const void *p, struct target *t, enum mspan_found *found)
{
	const struct guard *g = guard_live(p);

	if (!g)
		return false;
	t->start = g->p;
	t->size = g->size;
	/* What was asked for, not what galloc_size_roundup() says. */
	t->padded = true;
	*found = p == g->p ? FOUND_OBJECT : FOUND_INTERIOR;
	return true;
}

/* ---- reports -------------------------------------------------------------------------- */

/* What is wrong with a free of an address in the page of an object, if that is not freed. */
static enum galloc_fault guard_fault(const struct guard *g, const void *p)
{
	return p == g->p ? FAULT_DOUBLE_FREE : FAULT_INTERIOR;
}

static void print_guard(const struct guard *g)
{
	pr_err("  allocated by task %d, %u bytes:\n", g->task[0], g->size);
	report_stack(g->stack[0]);
	if (READ_ONCE(g->state) < GUARD_FREED)
		return;
	pr_err("  freed by task %d:\n", g->task[1]);
	report_stack(g->stack[1]);
}

/* Of a guarded object that is, or was, there: what guard_free() would report. */
bool guard_judge(const void *p, enum galloc_fault *fault)
{
	const struct guard *g = guard_any() ? guard_live(p) ?: guard_of(p, false) : NULL;

	if (!g)
		return false;
	*fault = guard_fault(g, p);
	return true;
}

/* For reports: what is known of an address.  False if it is no guarded object's. */
bool guard_print(const void *p)
{
	const struct guard *g = guard_any() ? guard_of(p, false) : NULL;

	if (!g)
		return false;
	pr_err("  a guarded object, offset %ld\n", (long)(p - g->p));
	print_guard(g);
	return true;
}

/* Objects that one cache or heap is told of. */
#define GUARDS_PRINTED		10

/*
 * Live objects of a cache, or of a heap and its caches; with @print say who has allocated the
 * first of them.
 */
size_t guard_live_of(const void *owner, bool print)
{
	unsigned int i;
	size_t n = 0;

	for (i = 0; guards && i < GUARD_MAX; i++) {
		const struct guard *g = &guards[i];
		const void *of;

		/* Acquire: pairs with guard_make(). */
		if (smp_load_acquire(&g->state) != GUARD_LIVE)
			continue;
		/* What a cache has left was told when that went. */
		of = READ_ONCE(g->owner);
		if (of != owner && (!of || READ_ONCE(g->heap) != owner))
			continue;
		if (print && n < GUARDS_PRINTED) {
			pr_err("  live: a guarded object\n");
			print_guard(g);
		}
		n++;
	}
	return n;
}

/* Is an address that a slot has, or has beside it, one that nobody may use? */
static bool guard_forbids(const struct guard *g, unsigned long addr)
{
	return READ_ONCE(g->state) >= GUARD_FREED || guard_distance(g, addr);
}

/*
 * The slot that an oops is about, and the address.  Printing the oops may have caused another
 * fault: where the code is at the very beginning of a module, that before it is printed, too.
 * So registers are looked at as well, as words; of those that nobody may use the one that is
 * nearest to an object.  Otherwise the first: the access may have had an offset.
 */
static const struct guard *guard_of_oops(const struct pt_regs *regs, unsigned long *addr)
{
	const unsigned long *word = (const unsigned long *)regs;
	unsigned long away, least = ULONG_MAX;
	const struct guard *g, *found;
	unsigned int i;

	*addr = oops_address();
	found = *addr ? guard_of((void *)*addr, true) : NULL;
	if (found || !regs)
		return found;
	for (i = 0; i < sizeof(*regs) / sizeof(*word); i++) {
		g = guard_of((void *)word[i], true);
		if (!g)
			continue;
		away = guard_forbids(g, word[i]) ? guard_distance(g, word[i]) : ULONG_MAX;
		if (found && away >= least)
			continue;
		found = g;
		least = away;
		*addr = word[i];
	}
	return found;
}

/* An oops has begun.  Any context. */
int guard_die(struct notifier_block *nb, unsigned long what, void *data)
{
	const struct die_args *args = data;
	const struct guard *g;
	unsigned long addr;

	g = what == DIE_OOPS ? guard_of_oops(args->regs, &addr) : NULL;
	if (!g)
		return NOTIFY_DONE;
	if (READ_ONCE(g->state) >= GUARD_FREED)
		pr_err("guard: use after free, %ld bytes from the start of the object\n",
		       (long)addr - (long)g->p);
	else if (addr < (unsigned long)g->p)
		pr_err("guard: access %lu bytes before an object\n",
		       (unsigned long)g->p - addr);
	else if (addr >= (unsigned long)g->p + g->size)
		pr_err("guard: access %lu bytes behind an object\n",
		       addr - (unsigned long)g->p - g->size);
	else
		pr_err("guard: a register points %lu bytes into an object\n",
		       addr - (unsigned long)g->p);
	print_guard(g);
	return NOTIFY_DONE;
}

static struct notifier_block guard_block = { .notifier_call = guard_die };

/* ---- objects ---------------------------------------------------------------------------- */

static void guard_page_free(struct guard *g)
{
	if (!g->page)
		return;
	__free_page(g->page);
	arena_uncharge_meta(PAGE_SIZE);
	g->page = NULL;
}

/* A slot without an object, BUSY; or NULL. */
static struct guard *guard_claim(void)
{
	unsigned int turn;

	for (turn = 0; turn < GUARD_MAX; turn++) {
		/* Those that were used longest ago first; races cost nothing but that. */
		unsigned int i = data_race(guard_next++) % GUARD_MAX;
		u32 state = READ_ONCE(guards[i].state);

		if ((state == GUARD_NONE || state == GUARD_GONE) &&
		    cmpxchg(&guards[i].state, state, GUARD_BUSY) == state)
			return &guards[i];
	}
	return NULL;
}

/* Map a page of its own for a slot. */
static bool guard_map(struct guard *g)
{
	void *area;

	guard_page_free(g);
	if (!arena_charge_meta(PAGE_SIZE))
		return false;
	g->page = galloc_fail(0) ? NULL : alloc_page(GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (!g->page) {
		arena_uncharge_meta(PAGE_SIZE);
		return false;
	}
	area = galloc_fail(0) ? NULL : vmap(&g->page, 1, VM_MAP, PAGE_KERNEL);
	/* Without KASAN's tag: so it is looked up. */
	g->area = area ? untag(area) : NULL;
	if (!area)
		guard_page_free(g);
	return area;
}

/**
 * guard_make() - allocate an object on a page of its own, if it is its turn
 * @rate: of its heap or cache
 * @owner: that heap or cache
 * @heap: the heap, or NULL
 * @size: bytes wanted
 * @align: alignment in bytes, a power of two
 * @gfp: the caller's flags; all but GFP_KERNEL, and its own, are left to others
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it.
 * Return: The object, or NULL: it is not its turn, or there is no room.
 */
void *guard_make(struct guard_rate *rate, const void *owner, struct galloc_heap *heap,
		 size_t size, size_t align, gfp_t gfp)
{
	struct guard *g;

	if (atomic_dec_return(&rate->left) > 0)
		return NULL;
	if (!size || size > PAGE_SIZE || (gfp & GFP_KERNEL) != GFP_KERNEL ||
	    gfp & (GALLOC_GFP_ZONES | __GFP_THISNODE) || !may_call_system())
		return NULL;
	atomic_set(&rate->left, rate->every);
	g = guard_claim();
	if (!g)
		return NULL;
	if (!guard_map(g)) {
		WRITE_ONCE(g->state, GUARD_NONE);
		return NULL;
	}
	memset(g->area, BYTE_REST, PAGE_SIZE);
	g->p = g->area;
	/* Of two at once either may be the later one. */
	g->turn = data_race(guard_next);
	/* At the end, and every other time at the beginning. */
	if (g->turn & 1)
		g->p += PAGE_SIZE - ALIGN(size, align);
	g->size = size;
	g->owner = owner;
	g->heap = heap;
	g->task[0] = current->pid;
	g->stack[0] = stackdepot_save_here(false);
	if (want_init_on_alloc(gfp))
		memset(g->p, 0, size);
	/* Release: whoever finds it live finds all of it. */
	smp_store_release(&g->state, GUARD_LIVE);
	return g->p;
}

/* Report what was written beside an object. */
static void guard_compare(const struct guard *g)
{
	const u8 *end = g->area + PAGE_SIZE, *at;

	at = memchr_inv(g->area, BYTE_REST, g->p - g->area);
	if (!at)
		at = memchr_inv(g->p + g->size, BYTE_REST, end - (u8 *)(g->p + g->size));
	if (unlikely(at))
		report_damage(FAULT_OVERRUN, g->p, at - (u8 *)g->p, BYTE_REST);
}

/**
 * guard_free() - free an object if it is guarded
 * @p: any address
 * @any: the call may be in any context: no lock, no report
 *
 * Context: Any with @any; else any but NMI, no galloc lock held.
 * Return: False if it is none, or, with @any, if a report is owed.
 */
bool guard_free(const void *p, bool any)
{
	struct guard *g;

	if (!is_vmalloc_addr(p))
		return false;
	g = guard_live(p) ?: guard_of(p, false);
	if (!g)
		return false;
	if (p != g->p || cmpxchg(&g->state, GUARD_LIVE, GUARD_BUSY) != GUARD_LIVE) {
		if (!any)
			report_fault(guard_fault(g, p), p);
		return !any;
	}
	g->task[1] = current->pid;
	g->stack[1] = stackdepot_save_here(any);
	if (!any)
		guard_compare(g);
	memset(g->p, want_init_on_free() ? 0 : BYTE_FREE, g->size);
	/* Release: pairs with guard_settle(). */
	smp_store_release(&g->state, GUARD_FREED);
	worker_kick(WORKER_ROWS);
	return true;
}

/* Unmap what was freed.  The worker; sleeps. */
void guard_settle(void)
{
	unsigned int i;

	for (i = 0; guards && i < GUARD_MAX; i++) {
		struct guard *g = &guards[i];

		/* Full order: pairs with guard_free(). */
		if (cmpxchg(&g->state, GUARD_FREED, GUARD_BUSY) != GUARD_FREED)
			continue;
		vunmap(g->area);
		/* Release: whoever claims the slot finds it unmapped. */
		smp_store_release(&g->state, GUARD_GONE);
	}
}

/**
 * guard_leave() - a heap or cache is destroyed
 * @owner: the heap or cache
 * @release: free its objects
 *
 * Others may free its objects meanwhile, and slots go to objects of others then: those have
 * another owner, and lie elsewhere.
 *
 * Context: Process.  Sleeps.
 * Return: The number of objects that were live.
 */
size_t guard_leave(const void *owner, bool release)
{
	size_t live = 0;
	unsigned int i;

	for (i = 0; guards && i < GUARD_MAX; i++) {
		struct guard *g = &guards[i];
		const void *p, *whose;
		bool ours;

		/* Acquire: pairs with guard_make(). */
		if (smp_load_acquire(&g->state) != GUARD_LIVE)
			continue;
		p = READ_ONCE(g->p);
		galloc_pause(PAUSE_GUARD_LEAVE, p);
		/*
		 * Nobody allocates from @owner any more: who has it now is one of its objects.
		 * A heap takes its caches along, whose memory may soon be another cache's.
		 */
		whose = READ_ONCE(g->owner);
		ours = cmpxchg(&g->heap, (struct galloc_heap *)owner, NULL) == owner;
		if (ours || whose == owner)
			ours |= cmpxchg(&g->owner, whose, NULL) == owner;
		if (!ours)
			continue;
		live++;
		if (release)
			guard_free(p, false);
	}
	/* Pairs with the read section of those who have found @owner by an object. */
	if (live)
		synchronize_rcu();
	return live;
}

/* ---- init and exit -------------------------------------------------------------------------- */

static DEFINE_MUTEX(guard_mutex);

/**
 * guard_begin() - guard some objects of a heap or cache
 * @rate: the heap's or cache's
 * @every: one in so many; 0: none
 *
 * Context: Process.  Sleeps.
 * Return: 0 or -ENOMEM.
 */
int guard_begin(struct guard_rate *rate, unsigned int every)
{
	struct guard *all;

	if (likely(!every))
		return 0;
	mutex_lock(&guard_mutex);
	if (!guards) {
		all = arena_meta_zalloc(GUARD_MAX * sizeof(*all), NUMA_NO_NODE, GFP_KERNEL);
		if (!all) {
			mutex_unlock(&guard_mutex);
			return -ENOMEM;
		}
		/* Release: pairs with guard_of(). */
		smp_store_release(&guards, all);
		register_die_notifier(&guard_block);
		gate_look_for_frees(GATE_GUARD);
	}
	mutex_unlock(&guard_mutex);
	rate->every = every;
	atomic_set(&rate->left, every);
	return 0;
}

/* At unload: nobody allocates or frees any more. */
void guard_exit(void)
{
	unsigned int i;

	if (!guards)
		return;
	unregister_die_notifier(&guard_block);
	guard_settle();
	for (i = 0; i < GUARD_MAX; i++) {
		struct guard *g = &guards[i];

		if (g->state == GUARD_LIVE)
			vunmap(g->area);
		guard_page_free(g);
	}
	arena_meta_free(guards, GUARD_MAX * sizeof(*guards));
	guards = NULL;
}
