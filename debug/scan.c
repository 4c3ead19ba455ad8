// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * scan: kmemleak follows single objects, and so finds those that clients leak.
 *
 * Otherwise it only knows galloc's pages, in which it looks for pointers to other memory,
 * but which it never reports.  It cannot do both, since what it knows must not overlap; so
 * this is decided at load.  Then all gates are closed, and what is on a stack, in transfer
 * or in a span is unknown to it, since nobody has it.
 *
 * kmemleak takes locks, and memory from the slab allocator.  So an object of galloc_nolock()
 * is unknown to it, and what gfree_nolock() frees goes by way of the worker.  Unknown are
 * also objects that were allocated where that allocator cannot be called: on PREEMPT_RT with
 * interrupts or preemption off.
 *
 * Called by gate.c, arena.c and nolock.c; owns no lock.  Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/kmemleak.h>
#include <linux/moduleparam.h>

#ifdef CONFIG_DEBUG_KMEMLEAK
bool scan_on __read_mostly = !IS_ENABLED(CONFIG_DEBUG_KMEMLEAK_DEFAULT_OFF);
module_param_named(kmemleak, scan_on, bool, 0444);
MODULE_PARM_DESC(kmemleak, "have kmemleak follow single objects, not pages; by default where it is on by default");

/* An object was freed that kmemleak still knows. */
static bool missed;

/* In an RCU read section, so that it must not sleep. */
static void scan_alloc(const struct gate_object *o)
{
	if (o->nolock)
		return;
	if (unlikely(READ_ONCE(missed)))
		kmemleak_free(o->p);
	if (!may_grow())
		return;
	galloc_pause(PAUSE_SCAN_TELL, o->p);
	kmemleak_alloc(o->p, o->size, 1, context_gfp(GFP_ATOMIC | __GFP_NOWARN));
}

static void scan_free(const struct gate_object *o)
{
	if (!o->nolock)
		kmemleak_free(o->p);
}

const struct gate_watcher *scan_watcher(void)
{
	static const struct gate_watcher watcher = { .alloc = scan_alloc, .free = scan_free };

	return &watcher;
}

/* An object is free of which kmemleak could not be told.  Any context. */
void scan_miss(void)
{
	WRITE_ONCE(missed, true);
}

/**
 * scan_hide() - let kmemleak not look for pointers in memory of galloc's own
 * @p: memory of the slab allocator or of vmalloc(), or NULL
 *
 * It has addresses of objects: of those on a stack, or where a span begins.  A client that
 * has lost such an object has lost it all the same.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void scan_hide(const void *p)
{
	if (!p || !scan_on)
		return;
	kmemleak_not_leak(p);
	kmemleak_no_scan(p);
}

/**
 * scan_left() - a span leaves its row
 * @s: the span, the caller's alone
 * @size: bytes of an object
 *
 * Context: Any but NMI, no galloc lock held.
 */
void scan_left(const struct mspan *s, size_t size)
{
	size_t at;

	if (likely(!READ_ONCE(missed)))
		return;
	for (at = 0; at + size <= span_bytes(s); at += size)
		kmemleak_free((void *)(s->start + at));
}
#endif
