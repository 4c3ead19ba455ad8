// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * fortify: does FORTIFY_SOURCE see a write beyond an object, for each call, and a read
 * beyond what is copied?
 *
 * external.sh compiles it, with BEYOND a byte too far, which must be an error in each
 * function; it is never loaded.  The length that is not known until run time must be
 * compared there.  kmalloc() and kmemdup() are the control, and with galloc-override.h
 * galloc's.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <galloc.h>

#include "fortify_calls.h"

#ifdef BEYOND
#define LENGTH	(n + 1)
#else
#define LENGTH	n
#endif

static const char fortify_source[64];
static struct galloc_heap *fortify_heap;

#define fortify_kmalloc(n)	kmalloc(n, GFP_KERNEL)

#define CHECKS(name, call)						\
void early_##name(void);						\
void early_##name(void)							\
{									\
	const size_t __maybe_unused n = 60;				\
	void *p = call;							\
									\
	memset(p, 0, LENGTH);						\
	gvfree(p);							\
}									\
									\
void late_##name(size_t length);					\
void late_##name(size_t length)						\
{									\
	const size_t __maybe_unused n = 60;				\
	void *p = call;							\
									\
	memset(p, 0, length);						\
	gvfree(p);							\
}

FORTIFY_CALLS(CHECKS)
FORTIFY_COMPILED(CHECKS)

/* A read beyond the source. */
#define READS(name)							\
void early_read_##name(void);						\
void early_read_##name(void)						\
{									\
	const size_t n = sizeof(fortify_source);			\
									\
	gvfree(name(fortify_source, LENGTH, GFP_KERNEL));		\
}									\
									\
void late_read_##name(size_t length);					\
void late_read_##name(size_t length)					\
{									\
	gvfree(name(fortify_source, length, GFP_KERNEL));		\
}

READS(gmemdup)
READS(kmemdup)

MODULE_DESCRIPTION("compiled only");
MODULE_LICENSE("GPL");
