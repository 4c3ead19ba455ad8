/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * profile: who holds memory, and who has asked for it, by samples.
 */
#ifndef _GALLOC_PROFILE_H
#define _GALLOC_PROFILE_H

#include <linux/types.h>

struct dentry;

/**
 * struct profile_totals - the profile as a whole
 * @samples: sampled objects in use
 * @allocs: objects that have been sampled
 * @lost: those for which there was no memory, or no lock in an NMI
 * @live_bytes: bytes in use, as the samples say
 * @peak_bytes: the most there have been
 */
struct profile_totals {
	unsigned long samples;
	unsigned long allocs;
	unsigned long lost;
	u64 live_bytes;
	u64 peak_bytes;
};

/**
 * struct profile_line - what the profile knows of objects of one size, mean and stack
 * @stack: the handle of the stack, 0: not known
 * @size: bytes of each object
 * @mean: mean distance of samples in bytes
 * @live: sampled objects that are in use
 * @allocs: all that have been sampled
 * @peak: those in use when the most bytes were
 */
struct profile_line {
	u32 stack;
	size_t size;
	unsigned long mean;
	unsigned long live;
	unsigned long allocs;
	unsigned long peak;
};

void profile_add(const void *p, size_t size, bool any);
void profile_add_bulk(void **p, size_t n, size_t size);
void profile_forget(const void *p, bool any);
void profile_forget_pages(unsigned long start, unsigned int npages);
void profile_totals(struct profile_totals *t);
const void *profile_next(const void *entry);
void profile_read(const void *entry, struct profile_line *line);

/* profile_show.c */

void profile_show_init(struct dentry *parent);

#endif /* _GALLOC_PROFILE_H */
