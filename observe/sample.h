/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * sample: which allocations the heap profile records, and what each stands for.
 */
#ifndef _GALLOC_SAMPLE_H
#define _GALLOC_SAMPLE_H

#include <linux/compiler.h>
#include <linux/types.h>

struct rowset;

/* The most that sample_kb may be. */
#define SAMPLE_MAX_KB	(1UL << 20)

/* Binary places of sample_weight(). */
#define SAMPLE_SHIFT	16

extern unsigned long sample_mean;

/* Are allocations sampled?  In the slow paths only. */
static inline bool sample_is_on(void)
{
	return likely(READ_ONCE(sample_mean));
}

void sample_init(void);
int sample_set(unsigned long kb);
unsigned long sample_gap(void);
long sample_credit(unsigned int size);
u64 sample_weight(u64 size, u64 mean);
bool sample_by_bytes(size_t size);
bool sample_is_due(unsigned int class, const struct rowset *set, int nid, size_t size,
		   void **obj);

#endif /* _GALLOC_SAMPLE_H */
