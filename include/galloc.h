/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc: a Go/tcmalloc-style memory allocator for kernel modules.
 *
 * This header is the contract.  Documentation/api.rst renders it and adds what
 * concerns several functions: which call works in which context, and what happens
 * when a galloc pointer is passed to other kernel APIs.
 *
 * All functions follow the conventions of kmalloc():
 *
 *  - a request of 0 bytes returns ZERO_SIZE_PTR, which every function accepts;
 *  - gfree(NULL) does nothing;
 *  - an object of a power-of-two size is aligned to that size, any other to
 *    the largest power of two that divides the requested size (at least 8);
 *  - the largest request is what alloc_pages() can serve in one piece
 *    (4 MiB on x86-64); larger ones return NULL, with one warning.
 *
 * The effect of each GFP flag:
 *
 * ====================== =====================================================
 * GFP_KERNEL, GFP_NOWAIT,
 * GFP_ATOMIC             as for kmalloc(): whether the call may sleep, reclaim
 *                        and dip into reserves when galloc needs new pages
 * GFP_NOFS, GFP_NOIO,
 * memalloc scopes        honoured, and never widened
 * __GFP_ZERO             clears the whole object, not only the requested bytes
 * __GFP_THISNODE         pages of the requested node, or NULL
 * __GFP_NOWARN           no page allocation failure report
 * __GFP_NOFAIL           retried until it succeeds, beyond limit_mb if necessary;
 *                        from a context that cannot sleep: NULL, with one
 *                        warning
 * __GFP_ACCOUNT          accepted and ignored: galloc memory is not charged to
 *                        a memory cgroup (its pages are shared by all callers)
 * __GFP_DMA, __GFP_DMA32,
 * __GFP_HIGHMEM          refused: NULL, with one warning
 * __GFP_COMP, __GFP_MOVABLE,
 * __GFP_RECLAIMABLE,
 * __GFP_HARDWALL, __GFP_WRITE
 *                        ignored: they apply to pages, not to objects
 * __GFP_MEMALLOC,
 * __GFP_NOMEMALLOC       honoured; pages of the emergency reserve serve only
 *                        requests that may use them, and return to the system
 *                        when they are empty
 * ====================== =====================================================
 */
#ifndef _GALLOC_H
#define _GALLOC_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <linux/types.h>

#ifndef CONFIG_64BIT
#error "galloc needs a 64-bit kernel"
#endif

#include "galloc_sizeclass.h"

/*
 * Callers have lines of their own in /proc/allocinfo, see galloc_allocinfo.h.  Not with
 * GALLOC_NO_ALLOCINFO: a client may have members or macros of these names.
 */
#if defined(CONFIG_MEM_ALLOC_PROFILING) && defined(ALLOC_TAG_SECTION_NAME) && \
	!defined(GALLOC_NO_ALLOCINFO)
#define GALLOC_ALLOCINFO
#endif

/*
 * The version, defined only here: modinfo and the log show it, and GALLOC_VERSION is
 * for #if, such as GALLOC_VERSION >= GALLOC_VERSION_OF(1, 2, 0).
 */
#define GALLOC_MAJOR	0
#define GALLOC_MINOR	9
#define GALLOC_PATCH	0
#define GALLOC_VERSION_OF(major, minor, patch) \
	(((major) << 16) + ((minor) << 8) + (patch))
#define GALLOC_VERSION	GALLOC_VERSION_OF(GALLOC_MAJOR, GALLOC_MINOR, GALLOC_PATCH)
#define GALLOC_VERSION_STRING \
	__stringify(GALLOC_MAJOR) "." __stringify(GALLOC_MINOR) "." __stringify(GALLOC_PATCH)

/*
 * Class numbers are compiled into clients, so they are ABI.  The version is
 * part of the symbol's name: a client built against another table does not find
 * the symbol and fails to load.
 */
#if defined(CONFIG_FORTIFY_SOURCE) || defined(CONFIG_KASAN)
/* For the compiler, which checks accesses to the object, and for those who watch it. */
#define __GALLOC_SIZED		1
#endif

#ifdef __GALLOC_SIZED
void *galloc_class_abi2(unsigned int class, gfp_t gfp, size_t size)
	__malloc __alloc_size(3);
#else
void *galloc_class_abi2(unsigned int class, gfp_t gfp) __malloc;
#endif
void *galloc_class_checked(unsigned int class, gfp_t gfp) __malloc;
void *galloc_large(size_t size, gfp_t gfp) __malloc __alloc_size(1);
void *galloc_any(size_t size, gfp_t gfp) __malloc __alloc_size(1);
void *galloc_node(size_t size, gfp_t gfp, int nid) __malloc __alloc_size(1);
void *galloc_aligned(size_t size, size_t align, gfp_t gfp)
	__malloc __alloc_size(1);
void *galloc_node_aligned(size_t size, size_t align, gfp_t gfp, int nid)
	__malloc __alloc_size(1);
void *grealloc(const void *p, size_t size, gfp_t gfp)
	__must_check __realloc_size(2);
void *grealloc_node_aligned(const void *p, size_t size, size_t align, gfp_t gfp,
			    int nid) __must_check __realloc_size(2);
void gfree(const void *p);
bool galloc_owns(const void *p);
bool gfree_try(const void *p);
void gfree_sized(const void *p, size_t size);
void gfree_sensitive(const void *p);
size_t gsize(const void *p);
size_t galloc_size_roundup(size_t size);
size_t __must_check galloc_bulk(size_t size, gfp_t gfp, size_t nr, void **p);
void gfree_bulk(size_t nr, void **p);

/* Not for clients: an object of a class that is a constant, for @size bytes. */
static __always_inline void *
__galloc_class_for(unsigned int class, size_t size, gfp_t gfp)
{
#ifdef __GALLOC_SIZED
	return galloc_class_abi2(class, gfp, size);
#else
	return galloc_class_abi2(class, gfp);
#endif
}

/**
 * galloc_class() - allocate an object of a size class
 * @class: from galloc_size_class_const(); galloc() fills it in
 * @gfp: allocation flags
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: The object, or NULL; NULL with one warning if @class is not a class.
 */
static __always_inline void *galloc_class(unsigned int class, gfp_t gfp)
{
	if (__builtin_constant_p(class) && class && class < GALLOC_NR_CLASSES)
		return __galloc_class_for(class, galloc_class_size_const(class), gfp);
	return galloc_class_checked(class, gfp);
}

/**
 * galloc() - allocate memory
 * @size: bytes wanted
 * @gfp: allocation flags, see the table at the top of this header
 *
 * A constant @size picks its size class at compile time.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: Memory of at least @size bytes, ZERO_SIZE_PTR for 0, or NULL.
 */
static __always_inline __alloc_size(1) void *galloc(size_t size, gfp_t gfp)
{
	if (__builtin_constant_p(size) && size) {
		if (size > GALLOC_MAX_SMALL)
			return galloc_large(size, gfp);
		return __galloc_class_for(galloc_size_class_const(size), size, gfp);
	}
	return galloc_any(size, gfp);
}

/**
 * gzalloc() - allocate zeroed memory
 * @size: bytes wanted
 * @gfp: allocation flags
 *
 * Context: As galloc().
 * Return: As galloc(); all of the object is zero.
 */
static __always_inline __alloc_size(1) void *gzalloc(size_t size, gfp_t gfp)
{
	return galloc(size, gfp | __GFP_ZERO);
}

/**
 * galloc_array() - allocate an array
 * @n: number of elements
 * @size: bytes of one element
 * @gfp: allocation flags
 *
 * Context: As galloc().
 * Return: As galloc(); NULL if @n * @size overflows.
 */
static __always_inline __alloc_size(1, 2) void *
galloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return galloc(bytes, gfp);
}

/**
 * gcalloc() - allocate a zeroed array
 * @n: number of elements
 * @size: bytes of one element
 * @gfp: allocation flags
 *
 * Context: As galloc().
 * Return: As galloc_array(); all of it is zero.
 */
static __always_inline __alloc_size(1, 2) void *
gcalloc(size_t n, size_t size, gfp_t gfp)
{
	return galloc_array(n, size, gfp | __GFP_ZERO);
}

/**
 * grealloc_aligned() - change the size of an object, with alignment
 * @p: the object; NULL and ZERO_SIZE_PTR: allocate a new one
 * @size: bytes wanted; 0: free @p
 * @align: alignment in bytes, a power of two
 * @gfp: allocation flags
 *
 * Context: As grealloc().
 * Return: As grealloc(); NULL with one warning if @align is not a power of two.
 */
static inline void * __must_check
grealloc_aligned(const void *p, size_t size, size_t align, gfp_t gfp)
{
	return grealloc_node_aligned(p, size, align, gfp, NUMA_NO_NODE);
}

/**
 * grealloc_array() - change the number of elements of an array
 * @p: the array; NULL and ZERO_SIZE_PTR: allocate a new one
 * @n: number of elements wanted
 * @size: bytes of one element
 * @gfp: allocation flags
 *
 * Context: As grealloc().
 * Return: As grealloc(); NULL if @n * @size overflows, and @p is unchanged.
 */
static inline void * __must_check
grealloc_array(const void *p, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return grealloc(p, bytes, gfp);
}

#include "galloc_rcu.h"
#include "galloc_nolock.h"
#include "galloc_string.h"
#include "galloc_vmalloc.h"
#include "galloc_obj.h"
#include "galloc_prefill.h"
#include "galloc_cache.h"
#include "galloc_heap.h"

/* Not in galloc itself, and with galloc-override.h at its end. */
#if !defined(_GALLOC_COMPAT_H) && !defined(_GALLOC_OVERRIDE_H)
#include "galloc_allocinfo.h"
#endif

#endif /* _GALLOC_H */
