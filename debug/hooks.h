/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * hooks: the hooks of a test build: pause points and fail points, both in
 * inject.c.  Empty in other builds.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_HOOKS_H
#define _GALLOC_HOOKS_H

/*
 * Pause points: a test build can stop a thread at each lock-free step and
 * run another, to force an interleaving.  Empty in other builds.
 */
enum galloc_pause {
	PAUSE_FREE_MARKED,	/* mcentral_free: bit set, state not yet read */
	PAUSE_FREE_ALL,		/* mcentral_free_turn: of a FULL span, lock not taken */
	PAUSE_FREE_DECIDED,	/* mcentral_free: state read, lock not taken */
	PAUSE_CLAIM_READ,	/* mspan_claim: word read, bits not yet cleared */
	PAUSE_RESOLVE_FOUND,	/* mspan_resolve: has the span, not its geometry */
	PAUSE_UNCACHE_STORED,	/* uncache: state stored, words not rescanned */
	PAUSE_NODE_CHOSEN,	/* galloc_node: node known, no CPU chosen yet */
	PAUSE_REFILL_CACHED,	/* mcache: got a span, not yet installed */
	PAUSE_GROW_CHUNK,	/* mheap: has a chunk, not yet published */
	PAUSE_RELEASE_TAKEN,	/* mheap: run off the lists, not yet returned */
	PAUSE_KICK_OPEN,	/* worker_kick: gate seen open, nothing queued yet */
	PAUSE_GATE_CLOSED,	/* worker_stop: whoever had passed has queued */
	PAUSE_TRANSFER_PUT,	/* transfer_put: has seen a stack, no lock taken yet */
	PAUSE_TRANSFER_GOT,	/* mcache: has objects from transfer, not yet pushed */
	PAUSE_PUSHED_RUN,	/* gfree_bulk: so many in one section: size_t */
	PAUSE_ALLOCS_ODD,	/* mcache_allocs: a stack's two numbers do not match */
	PAUSE_STACKS_READY,	/* mcache: has stacks, not yet published */
	PAUSE_ASK_SYSTEM,	/* pages or a descriptor, with what flags: gfp_t */
	PAUSE_GOT_PAGES,	/* arena: has pages, not in the map yet: struct page */
	PAUSE_UNPARKED,		/* quarantine: an object was taken out, and is about to be freed */
	PAUSE_LARGE_LISTED,	/* large: a span is on its row's list, and no object yet */
	PAUSE_LARGE_LEAVES,	/* large: an object was freed, its span is still on that list */
	PAUSE_WAIT_BEGINS,	/* an object is about to wait, and is counted */
	PAUSE_WAIT_ENDS,	/* an object that waits is unshared, and about to be free */
	PAUSE_RCU_TAKEN,	/* gfree_rcu: a batch (or NULL) was taken, and does not fly yet */
	PAUSE_RCU_LOCKED,	/* gfree_rcu, or its callback (NULL): batches locked */
	PAUSE_RCU_SUM,		/* rcu_batches_waiting: all CPUs have been looked at */
	PAUSE_CTORS_GONE,	/* rows: constructors of destroyed sets run no more (NULL) */
	PAUSE_READERS_GONE,	/* retire_end: pages waited for them, and are about to go */
	PAUSE_CUT_NUMBER,	/* span_publish: has the number of the row, gave it to no page */
	PAUSE_STACKS_HIDDEN,	/* stacks: nobody has the k any more, but for pages */
	PAUSE_STACKS_RELABELLED,	/* stacks: no page has the number any more */
	PAUSE_EMPTYING,		/* empty: about to empty stacks of a CPU: int */
	PAUSE_UNWATCH,		/* page_unwatch: no sampled object on the page, still marked */
	PAUSE_UNWATCHED,	/* page_unwatch: the mark is taken, not yet looked again */
	PAUSE_GUARD_LOOK,	/* guard: a lookup comes to a slot: the page that it has, or had */
	PAUSE_GUARD_LEAVE,	/* guard_leave: a slot is live, not yet asked whose it is */
	PAUSE_ZONE_CLEARING,	/* clear_zone: an object's zone is about to be cleared */
	PAUSE_ZONES_CLEARED,	/* bytes_clear_zones: all are, and the watch goes on (NULL) */
	PAUSE_WATCH_LISTED,	/* watch_begin: in the list, no row is switched yet */
	PAUSE_SLOTS_CHECKED,	/* validate: the map is walked, lists are not */
	PAUSE_SCAN_TELL,	/* scan_alloc: kmemleak is about to be told of an object */
	PAUSE_REPORT_END,	/* report_end: whether the task is about to end: bool */
	PAUSE_SUMS_WALK,	/* sums_collect: rows and stacks are counted, spans are not */
	PAUSE_SAMPLE_SET,	/* sample_set: the mean is set, the stacks do not follow it yet */
	PAUSE_UNWIND,		/* stackdepot_save_here: a stack is unwound */
	PAUSE_CHARGE,		/* charge_one: within the limit, not charged: struct row_account */
	PAUSE_IRQ_WORK,		/* an irq_work of galloc's runs: struct irq_work */
	NR_GALLOC_PAUSES
};

#ifdef CONFIG_GALLOC_KUNIT
extern void (*galloc_pause_hook)(enum galloc_pause point, const void *what);
static inline void galloc_pause(enum galloc_pause point, const void *what)
{
	void (*hook)(enum galloc_pause point, const void *what) =
		READ_ONCE(galloc_pause_hook);

	if (unlikely(hook))
		hook(point, what);
}
#else
static inline void galloc_pause(enum galloc_pause point, const void *what) { }
#endif

/* In the kernel's image, so that clients do not need a load that succeeds. */
#ifdef MODULE
#define GALLOC_BUILT_IN		false
#else
#define GALLOC_BUILT_IN		true
#endif

/*
 * Fail points: each of galloc's allocations from the kernel checks first whether it
 * should fail; only in a test build it may.
 */
#ifdef CONFIG_GALLOC_KUNIT
extern bool (*galloc_fail_hook)(unsigned int order);
bool galloc_fail(unsigned int order);
bool inject_check_fails(const char *check);
void galloc_fail_begin(void);
void galloc_fail_end(void);
void inject_forget(void);
void galloc_check_absent(const char *when);
bool inject_built_in(void);
#else
static inline bool galloc_fail(unsigned int order) { return false; }
static inline bool inject_check_fails(const char *check) { return false; }
static inline void galloc_fail_begin(void) { }
static inline void galloc_fail_end(void) { }
static inline void inject_forget(void) { }
static inline void galloc_check_absent(const char *when) { }
static inline bool inject_built_in(void) { return GALLOC_BUILT_IN; }
#endif

#endif /* _GALLOC_HOOKS_H */
