/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * tags: what KASAN keeps of an object: addresses without the tag that KASAN may keep in
 * their top byte.
 *
 * The tag of a page and that of a pointer to it may differ, and a client may pass
 * either.  Each address from outside is untagged before it becomes the number of a slot,
 * a page or an object, and before it is put on a stack: in arena_of() and
 * arena_stack_of(), stack_push(), mcache_push_shareable() and push_slowly(), and, by
 * addr_of(), wherever it is compared with the start of a span.
 */
#ifndef _GALLOC_TAGS_H
#define _GALLOC_TAGS_H

#include <linux/kasan.h>
#include <linux/string.h>

#ifdef CONFIG_GALLOC_KUNIT
#include <linux/mm.h>

/* A test build has tags on every machine: any other top byte than the kernel's own. */
#define TAG_SHIFT	56
#define TAG_MASK	(0xffUL << TAG_SHIFT)

#define untag(p)							\
	((typeof(p))(((unsigned long)(p) & ~TAG_MASK) |			\
		     ((unsigned long)PAGE_OFFSET & TAG_MASK)))
#else
#define untag(p)	kasan_reset_tag(p)
#endif

/* Clear an object that is free, and may be marked so, see bytes.c. */
static inline void wipe_object(const void *p, size_t size)
{
	kasan_disable_current();
	memset((void *)p, 0, size);
	kasan_enable_current();
}

#endif /* _GALLOC_TAGS_H */
