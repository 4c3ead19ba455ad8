/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * validate.h: findings of a walk, printed once it is certain that they are errors.
 */
#ifndef _GALLOC_VALIDATE_H
#define _GALLOC_VALIDATE_H

#include "galloc_internal.h"

/* Findings that are printed; all are counted. */
#define MAX_FINDINGS	20

struct finding {
	const char *what;
	unsigned long a;
	unsigned long b;
};

struct findings {
	unsigned int nr;
	struct finding list[MAX_FINDINGS];
};

static inline void complain(struct findings *f, const char *what, unsigned long a,
			    unsigned long b)
{
	if (f->nr++ < MAX_FINDINGS)
		f->list[f->nr - 1] = (struct finding) { what, a, b };
}

#define check_eq(f, a, b)						\
do {									\
	unsigned long __a = (a), __b = (b);				\
									\
	if (__a != __b)							\
		complain(f, #a " != " #b, __a, __b);			\
} while (0)

#define check_that(f, cond)						\
do {									\
	if (!(cond))							\
		complain(f, "check failed: " #cond, 0, 0);		\
} while (0)

static inline void findings_move(struct findings *to, struct findings *from)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, from->nr, MAX_FINDINGS); i++)
		complain(to, from->list[i].what, from->list[i].a,
			 from->list[i].b);
	if (from->nr > MAX_FINDINGS)
		to->nr += from->nr - MAX_FINDINGS;
	from->nr = 0;
}

static inline void findings_print(const struct findings *f)
{
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, f->nr, MAX_FINDINGS); i++)
		pr_err("validate: %s: %lu, %lu\n", f->list[i].what,
		       f->list[i].a, f->list[i].b);
}

/*
 * Counters of changes.  Each is incremented where the change is made, under the same
 * lock or on the CPU that makes it.
 */
struct changes {
	unsigned long rows;	/* lists, and states PARTIAL and FULL */
	unsigned long spans;	/* of all rows: one more for each that is cut */
	unsigned long heaps;	/* free runs, and pages owned */
	unsigned long arenas;	/* references of map slots */
	unsigned long runs;	/* in stashes */
};

/**
 * struct run_part - a part of a run that is examined next
 * @s: the run
 * @tag: its state
 * @first: its first page in its slot
 * @end: the page after its last one, or the end of the slot
 * @from: the first page of that part
 */
struct run_part {
	const struct mspan *s;
	u32 tag;
	unsigned int first;
	unsigned int end;
	unsigned int from;
};

/* One walk: what it has counted, and its findings. */
struct check {
	struct findings sure;		/* always errors */
	struct findings maybe;		/* errors if nothing has changed */
	struct findings refs;		/* and if no pages are in motion */
	bool missed;			/* a list changed, or there was no memory */
	unsigned int cpus_missed;
	struct changes before;
	unsigned int nr_rows;		/* length of the arrays by row */
	unsigned long *free_pages;	/* by node */
	unsigned long *used_pages;	/* by node */
	unsigned long *nr_spans;	/* by row */
	unsigned long *nr_partial;	/* by row */
	unsigned long nr_moving;	/* spans without a row that somebody has detached */
	unsigned long *nr_transit;	/* by row: returning to the mheap */
	struct run_part rest[8];	/* long runs of a slot */
	unsigned int nr_rest;
	unsigned long owned;		/* pages */
	unsigned long stashed_pages;	/* in spans, less in stashes */
};

/* validate_cpus.c */

void validate_cpus_transfer(struct check *c, struct mcentral *mc);
void validate_cpus_all(struct check *c);

#endif /* _GALLOC_VALIDATE_H */
