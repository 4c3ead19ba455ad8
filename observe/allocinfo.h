/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * allocinfo: the lines that galloc's callers have in /proc/allocinfo, see allocinfo.c.
 */
#ifndef _GALLOC_OBSERVE_ALLOCINFO_H
#define _GALLOC_OBSERVE_ALLOCINFO_H

#include "galloc_internal.h"

#ifdef CALLERS_HAVE_TAGS
#include <linux/alloc_tag.h>

extern bool allocinfo_on;

/*
 * Has allocation profiling been switched on, and galloc does not follow yet?  Then the slow
 * path is taken, which asks for that.  On the fast paths, a static key, as kmalloc() has it.
 */
static __always_inline bool allocinfo_is_due(void)
{
	return mem_alloc_profiling_enabled() && unlikely(!READ_ONCE(allocinfo_on));
}

/* In a slow path: have galloc follow.  Any context but NMI. */
static inline void allocinfo_see(void)
{
	if (allocinfo_is_due())
		worker_kick(WORKER_ALLOCINFO);
}

void allocinfo_follow(void);
void allocinfo_queue(void);
void allocinfo_cancel(void);
void allocinfo_left(const struct mspan *s, unsigned int objects, size_t size);
bool allocinfo_reap(void);
void allocinfo_exit(void);
#else
static __always_inline bool allocinfo_is_due(void) { return false; }
static inline void allocinfo_see(void) { }
static inline void allocinfo_follow(void) { }
static inline void allocinfo_queue(void) { }
static inline void allocinfo_cancel(void) { }
static inline void allocinfo_left(const struct mspan *s, unsigned int objects,
				  size_t size) { }
static inline bool allocinfo_reap(void) { return false; }
static inline void allocinfo_exit(void) { }
#endif

/* May a stack serve it at once, as far as its flags say? */
static __always_inline bool gfp_is_plain(gfp_t gfp)
{
	return likely(!(gfp & GALLOC_GFP_RARE)) && !allocinfo_is_due();
}

#endif /* _GALLOC_OBSERVE_ALLOCINFO_H */
