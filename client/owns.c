// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * owns: is an object galloc's, or somebody else's?
 *
 * For code that frees pointers of more than one allocator.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/module.h>

/*
 * Numbers of the emergency reserve: in a slot of lone pages all other pages have it, too.
 * With preemption off.
 */
static noinline bool owns_watched(const void *p)
{
	unsigned int page;

	return !arena_of(p, &page)->lone || map_lone_span(p);
}

/**
 * galloc_owns() - is an address in memory that galloc has handed out?
 * @p: any address
 *
 * True for every byte of a live object, and for free objects beside it.  For a pointer
 * that may be kmalloc()'s as well; see gfree_try().
 *
 * Context: Any.
 */
bool galloc_owns(const void *p)
{
	unsigned int number;
	bool ours;

	/* A read section of RCU, for the slot. */
	preempt_disable();
	number = arena_stack_of(p);
	ours = number != STACK_NONE;
	if (unlikely(number == STACK_WATCHED))
		ours = owns_watched(p);
	preempt_enable();
	return ours;
}
EXPORT_SYMBOL_GPL(galloc_owns);

/**
 * gfree_try() - free an object if it is galloc's
 * @p: any pointer
 *
 * Context: Any but NMI.
 * Return: False, without a report, if galloc does not own it, as with NULL.
 */
bool gfree_try(const void *p)
{
	if (!galloc_owns(p))
		return false;
	gfree(p);
	return true;
}
EXPORT_SYMBOL_GPL(gfree_try);
