// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * owns: is an object galloc's, or somebody else's?
 *
 * For code that frees pointers of more than one allocator.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"
#include "debug/guard.h"

#include <linux/module.h>

/*
 * What no stack has, by its page as arena_stack_at() takes it.  In a slot of lone pages all
 * others have the number of these, too.  Ends the caller's section.
 */
static noinline notrace bool owns_without_stack(unsigned long page,
						const struct arena_map *map)
{
	unsigned int number = arena_stack_at(map, page), in_slot;
	unsigned long off = page << PAGE_SHIFT;
	bool ours = number != STACK_NONE;

	if (unlikely(number == STACK_WATCHED) && arena_in(map, off, &in_slot)->lone)
		ours = map_lone_span((void *)(map->base + off));
	if (!ours && guard_any())
		ours = guard_has((void *)(map->base + off));
	preempt_enable();
	return ours;
}

/**
 * galloc_owns() - is an address in memory that galloc has handed out?
 * @p: any address
 *
 * True for every byte of a live object, and for free objects beside it.  For a pointer
 * that may be kmalloc()'s as well; see gfree_try().
 *
 * Context: Any.
 * Return: True if the byte is in galloc's pages, false for NULL too.
 */
notrace bool galloc_owns(const void *p)
{
	const struct arena_map *map;
	unsigned long page;

	/* A read section of RCU, for the slot. */
	preempt_disable();
	map = READ_ONCE(arena_map);
	page = (addr_of(p) - map->base) >> PAGE_SHIFT;
	/* The compiler would compute the slot from the address, and keep that. */
	OPTIMIZER_HIDE_VAR(page);
	if (unlikely(arena_stack_at(map, page) < STACK_FIRST))
		return owns_without_stack(page, map);
	preempt_enable();
	return true;
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
