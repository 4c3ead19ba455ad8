/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * kcache: how the address of a cache tells whose it is.
 *
 * Included by kcache.c and by its suite.
 */
#ifndef _GALLOC_KCACHE_H
#define _GALLOC_KCACHE_H

#include <linux/bits.h>
#include <linux/compiler.h>

/*
 * One of galloc's has bit 62 changed.  With KASAN's software tags the whole top byte of an
 * address of the kernel's may be anything, but for the tag of memory that nobody may use.
 */
#define KCACHE_MARK		BIT(62)
#define KCACHE_TAG_SHIFT	56
#define KCACHE_TAG		(0xfeUL << KCACHE_TAG_SHIFT)
#define KCACHE_NO_TAG		(0xffUL << KCACHE_TAG_SHIFT)

static __always_inline unsigned long kcache_mark(unsigned long addr, bool tags)
{
	return tags ? (addr & ~KCACHE_NO_TAG) | KCACHE_TAG : addr ^ KCACHE_MARK;
}

static __always_inline bool kcache_is_marked(unsigned long addr, bool tags)
{
	return tags ? (addr & KCACHE_NO_TAG) == KCACHE_TAG :
		      (addr >> 62 ^ KERNEL_ADDRESS_TOP) == 1;
}

/* With tags: one that fits any memory. */
static __always_inline unsigned long kcache_unmark(unsigned long addr, bool tags)
{
	return tags ? addr | KCACHE_NO_TAG : addr ^ KCACHE_MARK;
}

#endif /* _GALLOC_KCACHE_H */
