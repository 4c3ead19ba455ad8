// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * absent: what callers find before galloc is there, and after it has gone.
 *
 * Its clients are loaded after a module, and unloaded before it.  Built in, one of an earlier
 * initcall calls before galloc_init(), and all do after one that failed.  They then find
 * stacks without objects and room, and a map in which no address is galloc's: so each call
 * comes to its slow path, which asks api_is_ready(), and returns NULL; or what is freed is
 * reported as not galloc's.  The fast paths ask nothing.
 * Called by galloc_mod.c, capacity.c and map.c.  Owns no lock.  Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/cache.h>

bool galloc_ready __read_mostly;

/*
 * Those of the classes: no address has a stack number, and no set a place, so that of the
 * others none is looked at.
 */
static struct mcache_stack no_stacks[GALLOC_NR_CLASSES];

DEFINE_PER_CPU(struct mcache, galloc_mcache) = { .local = no_stacks, .stacks = no_stacks };

struct mcache_stack *empty_stacks = no_stacks;

static struct arena_map no_map;

struct arena_map *arena_map = &no_map;

/*
 * No CPU has stacks.  At the beginning, too: older kernels, such as 6.1, do not relocate what
 * is in a module's per-CPU section, and its pointers are none.
 */
void absent_begin(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);

		WRITE_ONCE(m->local, no_stacks);
		WRITE_ONCE(m->stacks, no_stacks);
	}
}

/*
 * From here on no CPU has stacks, which are all empty_stacks by now, and nobody looks into
 * those.  Sleeps.
 */
void absent_stacks(void)
{
	absent_begin();
	empty_stacks = no_stacks;
	/* Pairs with the sections of mcache_pop() and others, which have preemption off. */
	synchronize_rcu();
}

/* The same for the map, which is returned: no address is galloc's.  Sleeps. */
struct arena_map *absent_map(void)
{
	struct arena_map *map = arena_map;

	WRITE_ONCE(arena_map, &no_map);
	/* Pairs with the read sections of arena_of(). */
	synchronize_rcu();
	return map;
}
