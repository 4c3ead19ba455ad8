/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * totals: where every byte is.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_TOTALS_H
#define _GALLOC_TOTALS_H

/*
 * The parts of the memory that galloc holds: one list defines the structure, the sum,
 * the lines of debugfs/galloc/stats, and all checks.  Documentation/stats.rst describes
 * them.
 */
#define GALLOC_TOTALS(X)	\
	X(in_use)		\
	X(cached)		\
	X(central)		\
	X(tail)			\
	X(lost)			\
	X(deferred)		\
	X(free)			\
	X(atomic_reserve)	\
	X(meta)

/*
 * All that galloc holds is counted when it is allocated and returned, each part
 * computed for itself.  At rest the sum of the parts is @system.
 */
struct galloc_totals {
	long system;
#define X(name) long name;
	GALLOC_TOTALS(X)
#undef X
	long short_spans;	/* no bytes: spans shorter than others of their class */
	bool unsure;		/* the stacks could not be checked, or not completely */
};

/* The sum of the parts. */
static inline long totals_sum(const struct galloc_totals *t)
{
#define X(name) + t->name
	return 0 GALLOC_TOTALS(X);
#undef X
}

/* Is every byte accounted for? */
static inline bool totals_exact(const struct galloc_totals *t)
{
	return !t->unsure && t->system == totals_sum(t);
}

#endif /* _GALLOC_TOTALS_H */
