/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc-override: a module's own calls of the kernel's allocator become galloc's.
 *
 * One line in the Kbuild of an unmodified module:
 *
 *	ccflags-y += -I$(GALLOC_INCLUDE) -include galloc-override.h
 *
 * What it allocates is galloc's; what it frees or resizes goes to the allocator it is
 * from.  Documentation/porting.rst has each call, and what core code must not free.
 *
 * GALLOC_OVERRIDE_KMALLOC=0	kmalloc(), kvmalloc() and what copies stay the kernel's
 * GALLOC_OVERRIDE_CACHES=0	so are the caches that it makes
 * GALLOC_OVERRIDE_HEAP=1	the module has a private heap, named for it, and a parameter
 *				galloc_heap_limit_mb
 * GALLOC_NO_OVERRIDE		of one file (CFLAGS_name.o := -DGALLOC_NO_OVERRIDE): it
 *				allocates from the kernel, and frees what is of either
 * GALLOC_OVERRIDE_PR_FMT	of one file that defines pr_fmt(): no warning that it does
 * GALLOC_OVERRIDE_QUIET	no compiler warning where a call hands memory to core code
 *				that frees it
 *
 * And galloc_not_here(kmalloc)(size, gfp) is the kernel's kmalloc(), for one call.
 */
#ifndef _GALLOC_OVERRIDE_H
#define _GALLOC_OVERRIDE_H

/* Files in assembler have ccflags-y, too, in some modules. */
#ifndef __ASSEMBLY__

#ifdef _LINUX_SLAB_H
#error "galloc-override.h must be the first header: put its -include before all others"
#endif
#ifdef _GALLOC_COMPAT_H
#error "galloc-override.h is for clients of galloc, not for galloc itself"
#endif
#ifndef MODULE
#error "galloc-override.h is for modules: built-in code runs before galloc is loaded"
#endif

#ifndef GALLOC_OVERRIDE_KMALLOC
#define GALLOC_OVERRIDE_KMALLOC	1
#endif
#ifndef GALLOC_OVERRIDE_CACHES
#define GALLOC_OVERRIDE_CACHES	1
#endif
#ifndef GALLOC_OVERRIDE_HEAP
#define GALLOC_OVERRIDE_HEAP	0
#endif

/*
 * All that declares what is replaced, and nothing else that has functions of its own which
 * allocate: these are to be compiled with the names below.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/mempool.h>
#include <linux/rcupdate.h>
#include <linux/kernel.h>

/* These allocate what core code frees; and the array's is not declared alike everywhere. */
#include <linux/dma-fence-array.h>
#include <linux/dma-fence-chain.h>
#include <linux/generic-radix-tree.h>
#include <linux/textsearch.h>

#include <galloc_override_calls.h>

/* Does the kernel describe a cache by a struct, as it does since 6.12? */
#ifdef kmem_cache_create
#define GALLOC_KMEM_CACHE_ARGS
#endif

#if GALLOC_OVERRIDE_HEAP
#include <galloc_override_heap.h>
#else
#define GALLOC_HERE	((struct galloc_heap *)NULL)
#endif

#pragma push_macro("alloc_hooks")
#include <galloc_allocinfo_none.h>

/* ---- the kernel's own ------------------------------------------------------------ */

#define galloc_not_here(call)	__galloc_kernel_##call

#define __GALLOC_KERNEL(ret, call, params, args)			\
	static __always_inline ret __galloc_kernel_##call params	\
	{								\
		return call args;					\
	}

__GALLOC_KERNEL(void *, kmalloc, (size_t size, gfp_t gfp), (size, gfp))
__GALLOC_KERNEL(void *, kzalloc, (size_t size, gfp_t gfp), (size, gfp))
__GALLOC_KERNEL(void *, kmalloc_array, (size_t n, size_t size, gfp_t gfp), (n, size, gfp))
__GALLOC_KERNEL(void *, kcalloc, (size_t n, size_t size, gfp_t gfp), (n, size, gfp))
__GALLOC_KERNEL(void *, kmalloc_node, (size_t size, gfp_t gfp, int nid), (size, gfp, nid))
__GALLOC_KERNEL(void *, kzalloc_node, (size_t size, gfp_t gfp, int nid), (size, gfp, nid))
__GALLOC_KERNEL(void *, kvmalloc, (size_t size, gfp_t gfp), (size, gfp))
__GALLOC_KERNEL(void *, kvzalloc, (size_t size, gfp_t gfp), (size, gfp))
__GALLOC_KERNEL(void *, kvmalloc_array, (size_t n, size_t size, gfp_t gfp), (n, size, gfp))
__GALLOC_KERNEL(void *, kvcalloc, (size_t n, size_t size, gfp_t gfp), (n, size, gfp))
__GALLOC_KERNEL(void *, kmemdup, (const void *src, size_t n, gfp_t gfp), (src, n, gfp))
__GALLOC_KERNEL(char *, kmemdup_nul, (const char *s, size_t n, gfp_t gfp), (s, n, gfp))
__GALLOC_KERNEL(char *, kstrdup, (const char *s, gfp_t gfp), (s, gfp))
__GALLOC_KERNEL(char *, kstrndup, (const char *s, size_t n, gfp_t gfp), (s, n, gfp))
__GALLOC_KERNEL(void *, memdup_user, (const void __user *src, size_t n), (src, n))
__GALLOC_KERNEL(void *, vmemdup_user, (const void __user *src, size_t n), (src, n))
__GALLOC_KERNEL(void *, memdup_user_nul, (const void __user *src, size_t n), (src, n))
__GALLOC_KERNEL(char *, strndup_user, (const char __user *s, long n), (s, n))
__GALLOC_KERNEL(struct kmem_cache *, kmem_cache_create,
		(const char *name, unsigned int size, unsigned int align,
		 slab_flags_t flags, void (*ctor)(void *)),
		(name, size, align, flags, ctor))

#ifdef GALLOC_KMEM_CACHE_ARGS
__GALLOC_KERNEL(struct kmem_cache *, __kmem_cache_create_args,
		(const char *name, unsigned int size, struct kmem_cache_args *args,
		 slab_flags_t flags),
		(name, size, args, flags))
#define __galloc_kernel_kmem_cache_create(name, size, args, ...)	\
	_Generic((args),						\
		 struct kmem_cache_args *: __galloc_kernel___kmem_cache_create_args,	\
		 void *: __galloc_kernel___kmem_cache_create_args,	\
		 default: __galloc_kernel_kmem_cache_create)(name, size, args, __VA_ARGS__)
#endif
#define __galloc_kernel_KMEM_CACHE(__struct, __flags)			\
	__galloc_kernel_kmem_cache_create(#__struct, sizeof(struct __struct),	\
					  __alignof__(struct __struct), __flags, NULL)

#ifdef kmalloc_obj
#define __galloc_kernel_kmalloc_obj(P, ...)				\
	__alloc_objs(__galloc_kernel_kmalloc, default_gfp(__VA_ARGS__), typeof(P), 1)
#define __galloc_kernel_kmalloc_objs(P, COUNT, ...)			\
	__alloc_objs(__galloc_kernel_kmalloc, default_gfp(__VA_ARGS__), typeof(P), COUNT)
#define __galloc_kernel_kmalloc_flex(P, FAM, COUNT, ...)		\
	__alloc_flex(__galloc_kernel_kmalloc, default_gfp(__VA_ARGS__), typeof(P), FAM, COUNT)
#define __galloc_kernel_kzalloc_obj(P, ...)				\
	__alloc_objs(__galloc_kernel_kzalloc, default_gfp(__VA_ARGS__), typeof(P), 1)
#define __galloc_kernel_kzalloc_objs(P, COUNT, ...)			\
	__alloc_objs(__galloc_kernel_kzalloc, default_gfp(__VA_ARGS__), typeof(P), COUNT)
#define __galloc_kernel_kzalloc_flex(P, FAM, COUNT, ...)		\
	__alloc_flex(__galloc_kernel_kzalloc, default_gfp(__VA_ARGS__), typeof(P), FAM, COUNT)
#endif

static inline __printf(2, 0) char *
__galloc_kernel_kvasprintf(gfp_t gfp, const char *fmt, va_list args)
{
	return kvasprintf(gfp, fmt, args);
}

static inline __printf(2, 3) char *
__galloc_kernel_kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	p = kvasprintf(gfp, fmt, args);
	va_end(args);
	return p;
}

/* ---- kmalloc() ---------------------------------------------------------------------- */

/* Can galloc() serve this by itself?  It must be known how far DMA wants it rounded up. */
static __always_inline bool __galloc_plain(size_t size, gfp_t gfp)
{
	return !GALLOC_OVERRIDE_HEAP &&
	       (__GALLOC_DMA_ALIGN <= 8 ||
		(__builtin_constant_p(size) && size >= __GALLOC_DMA_KNOWN)) &&
	       likely(!(gfp & (__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_NOFAIL)));
}

static __always_inline __alloc_size(1) void *__galloc_kmalloc(size_t size, gfp_t gfp)
{
	if (__galloc_plain(size, gfp))
		return galloc(__galloc_dma_size(size), gfp);
	return galloc_override_alloc(GALLOC_HERE, size, gfp, NUMA_NO_NODE);
}

static __always_inline __alloc_size(1) void *
__galloc_kmalloc_node(size_t size, gfp_t gfp, int nid)
{
	if (__galloc_plain(size, gfp))
		return galloc_node(__galloc_dma_size(size), gfp, nid);
	return galloc_override_alloc(GALLOC_HERE, size, gfp, nid);
}

static __always_inline __alloc_size(1) void *__galloc_kzalloc(size_t size, gfp_t gfp)
{
	return __galloc_kmalloc(size, gfp | __GFP_ZERO);
}

static __always_inline __alloc_size(1) void *
__galloc_kzalloc_node(size_t size, gfp_t gfp, int nid)
{
	return __galloc_kmalloc_node(size, gfp | __GFP_ZERO, nid);
}

static __always_inline __alloc_size(1, 2) void *
__galloc_kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return __galloc_kmalloc(bytes, gfp);
}

static __always_inline __alloc_size(1, 2) void *
__galloc_kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return __galloc_kmalloc_array(n, size, gfp | __GFP_ZERO);
}

static __always_inline __alloc_size(1, 2) void *
__galloc_kmalloc_array_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return __galloc_kmalloc_node(bytes, gfp, nid);
}

static __always_inline __alloc_size(1, 2) void *
__galloc_kcalloc_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	return __galloc_kmalloc_array_node(n, size, gfp | __GFP_ZERO, nid);
}

static inline __realloc_size(2) void * __must_check
__galloc_krealloc(const void *p, size_t size, gfp_t gfp)
{
	return galloc_override_realloc(GALLOC_HERE, p, size, 1, gfp, NUMA_NO_NODE);
}

static inline __realloc_size(2) void * __must_check
__galloc_krealloc_node(const void *p, size_t size, gfp_t gfp, int nid)
{
	return galloc_override_realloc(GALLOC_HERE, p, size, 1, gfp, nid);
}

static inline __realloc_size(2) void * __must_check
__galloc_krealloc_node_align(const void *p, size_t size, unsigned long align, gfp_t gfp,
			     int nid)
{
	return galloc_override_realloc(GALLOC_HERE, p, size, align, gfp, nid);
}

static inline __realloc_size(2, 3) void * __must_check
__galloc_krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return __galloc_krealloc(p, bytes, gfp);
}

/* For a file that allocates from the kernel: what is NULL is the kernel's, too. */
static inline __realloc_size(2) void * __must_check
__galloc_either_krealloc(const void *p, size_t size, gfp_t gfp)
{
	return galloc_owns(p) ? __galloc_krealloc(p, size, gfp) : krealloc(p, size, gfp);
}

static inline __realloc_size(2, 3) void * __must_check
__galloc_either_krealloc_array(void *p, size_t n, size_t size, gfp_t gfp)
{
	return galloc_owns(p) ? __galloc_krealloc_array(p, n, size, gfp) :
				krealloc_array(p, n, size, gfp);
}

#ifdef krealloc_node_align
static inline __realloc_size(2) void * __must_check
__galloc_either_krealloc_node_align(const void *p, size_t size, unsigned long align,
				    gfp_t gfp, int nid)
{
	return galloc_owns(p) ? __galloc_krealloc_node_align(p, size, align, gfp, nid) :
				krealloc_node_align(p, size, align, gfp, nid);
}

static inline __realloc_size(2) void * __must_check
__galloc_either_krealloc_node(const void *p, size_t size, gfp_t gfp, int nid)
{
	return __galloc_either_krealloc_node_align(p, size, 1, gfp, nid);
}
#endif

/* ---- kvmalloc() ----------------------------------------------------------------------- */

static inline __alloc_size(1) void *
__galloc_kvmalloc_node_align(size_t size, unsigned long align, gfp_t gfp, int nid)
{
	return galloc_override_valloc(GALLOC_HERE, size, align, gfp, nid);
}

static inline __alloc_size(1) void *
__galloc_kvmalloc_node(size_t size, gfp_t gfp, int nid)
{
	return galloc_override_valloc(GALLOC_HERE, size, 1, gfp, nid);
}

static inline __alloc_size(1) void *__galloc_kvmalloc(size_t size, gfp_t gfp)
{
	return __galloc_kvmalloc_node(size, gfp, NUMA_NO_NODE);
}

static inline __alloc_size(1) void *__galloc_kvzalloc(size_t size, gfp_t gfp)
{
	return __galloc_kvmalloc(size, gfp | __GFP_ZERO);
}

static inline __alloc_size(1) void *
__galloc_kvzalloc_node(size_t size, gfp_t gfp, int nid)
{
	return __galloc_kvmalloc_node(size, gfp | __GFP_ZERO, nid);
}

static inline __alloc_size(1, 2) void *
__galloc_kvmalloc_array_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return __galloc_kvmalloc_node(bytes, gfp, nid);
}

static inline __alloc_size(1, 2) void *
__galloc_kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return __galloc_kvmalloc_array_node(n, size, gfp, NUMA_NO_NODE);
}

static inline __alloc_size(1, 2) void *
__galloc_kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return __galloc_kvmalloc_array(n, size, gfp | __GFP_ZERO);
}

static inline __alloc_size(1, 2) void *
__galloc_kvcalloc_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	return __galloc_kvmalloc_array_node(n, size, gfp | __GFP_ZERO, nid);
}

static inline __realloc_size(2) void * __must_check
__galloc_kvrealloc(const void *p, size_t size, gfp_t gfp)
{
	return galloc_override_vrealloc(GALLOC_HERE, p, size, 1, gfp, NUMA_NO_NODE);
}

static inline __realloc_size(2) void * __must_check
__galloc_kvrealloc_node(const void *p, size_t size, gfp_t gfp, int nid)
{
	return galloc_override_vrealloc(GALLOC_HERE, p, size, 1, gfp, nid);
}

static inline __realloc_size(2) void * __must_check
__galloc_kvrealloc_node_align(const void *p, size_t size, unsigned long align, gfp_t gfp,
			      int nid)
{
	return galloc_override_vrealloc(GALLOC_HERE, p, size, align, gfp, nid);
}

/* With the old size, as it was until 6.11. */
static inline __realloc_size(3) void *
__galloc_kvrealloc_from(const void *p, size_t old, size_t size, gfp_t gfp)
{
	return galloc_override_vrealloc_from(GALLOC_HERE, p, old, size, gfp);
}

/* As above. */
#ifdef kvrealloc_node_align
static inline __realloc_size(2) void * __must_check
__galloc_either_kvrealloc_node_align(const void *p, size_t size, unsigned long align,
				     gfp_t gfp, int nid)
{
	return galloc_owns(p) ? __galloc_kvrealloc_node_align(p, size, align, gfp, nid) :
				kvrealloc_node_align(p, size, align, gfp, nid);
}

static inline __realloc_size(2) void * __must_check
__galloc_either_kvrealloc_node(const void *p, size_t size, gfp_t gfp, int nid)
{
	return __galloc_either_kvrealloc_node_align(p, size, 1, gfp, nid);
}
#endif

#ifdef GALLOC_KMEM_CACHE_ARGS
static inline __realloc_size(2) void * __must_check
__galloc_either_kvrealloc(const void *p, size_t size, gfp_t gfp)
{
	return galloc_owns(p) ? __galloc_kvrealloc(p, size, gfp) : kvrealloc(p, size, gfp);
}
#else
static inline __realloc_size(3) void *
__galloc_either_kvrealloc(const void *p, size_t old, size_t size, gfp_t gfp)
{
	return galloc_owns(p) ? __galloc_kvrealloc_from(p, old, size, gfp) :
				kvrealloc(p, old, size, gfp);
}
#endif

/* ---- copies ----------------------------------------------------------------------------- */

static __always_inline __realloc_size(2) void *
__galloc_kmemdup(const void * const src, size_t len, gfp_t gfp)
{
	__galloc_may_read(src, len);
	return galloc_override_memdup(GALLOC_HERE, src, len, gfp);
}

static inline __realloc_size(2) void *
__galloc_kvmemdup(const void *src, size_t len, gfp_t gfp)
{
	return galloc_override_vmemdup(GALLOC_HERE, src, len, gfp);
}

static __always_inline __realloc_size(2, 3) void *
__galloc_kmemdup_array(const void * const src, size_t n, size_t size, gfp_t gfp)
{
	return __galloc_kmemdup(src, size_mul(n, size), gfp);
}

static inline char *__galloc_kmemdup_nul(const char *s, size_t len, gfp_t gfp)
{
	return galloc_override_memdup_nul(GALLOC_HERE, s, len, gfp);
}

static inline char *__galloc_kstrdup(const char *s, gfp_t gfp)
{
	return s ? __galloc_kmemdup_nul(s, strlen(s), gfp) : NULL;
}

static inline char *__galloc_kstrndup(const char *s, size_t max, gfp_t gfp)
{
	return s ? __galloc_kmemdup_nul(s, strnlen(s, max), gfp) : NULL;
}

static inline __printf(2, 0) char *
__galloc_kvasprintf(gfp_t gfp, const char *fmt, va_list args)
{
	return galloc_override_vasprintf(GALLOC_HERE, gfp, fmt, args);
}

static inline __printf(2, 3) char *__galloc_kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	p = __galloc_kvasprintf(gfp, fmt, args);
	va_end(args);
	return p;
}

static inline __realloc_size(2) void *
__galloc_memdup_user(const void __user *src, size_t len)
{
	return galloc_override_memdup_user(GALLOC_HERE, src, len);
}

static inline __realloc_size(2) void *
__galloc_vmemdup_user(const void __user *src, size_t len)
{
	return galloc_override_vmemdup_user(GALLOC_HERE, src, len);
}

static inline void *__galloc_memdup_user_nul(const void __user *src, size_t len)
{
	return galloc_override_memdup_user_nul(GALLOC_HERE, src, len);
}

static inline char *__galloc_strndup_user(const char __user *s, long max)
{
	return galloc_override_strndup_user(GALLOC_HERE, s, max);
}

static inline void *
__galloc_memdup_array_user(const void __user *src, size_t n, size_t size)
{
	size_t bytes;

	if (check_mul_overflow(n, size, &bytes))
		return ERR_PTR(-EOVERFLOW);
	return __galloc_memdup_user(src, bytes);
}

static inline void *
__galloc_vmemdup_array_user(const void __user *src, size_t n, size_t size)
{
	size_t bytes;

	if (check_mul_overflow(n, size, &bytes))
		return ERR_PTR(-EOVERFLOW);
	return __galloc_vmemdup_user(src, bytes);
}

/* ---- caches and pools -------------------------------------------------------------------- */

static inline struct kmem_cache *
__galloc_kmem_cache_create_usercopy(const char *name, unsigned int size, unsigned int align,
				    slab_flags_t flags, unsigned int useroffset,
				    unsigned int usersize, void (*ctor)(void *))
{
	const struct galloc_kmem_args args = {
		.align = align, .useroffset = useroffset, .usersize = usersize,
		.flags = flags, .ctor = ctor, .heap = GALLOC_HERE,
	};

	return galloc_kmem_cache_create(name, size, &args);
}

static inline struct kmem_cache *
__galloc_kmem_cache_create(const char *name, unsigned int size, unsigned int align,
			   slab_flags_t flags, void (*ctor)(void *))
{
	return __galloc_kmem_cache_create_usercopy(name, size, align, flags, 0, 0, ctor);
}

static inline struct kmem_cache *
__galloc_kmem_cache_create_args(const char *name, unsigned int size,
				struct kmem_cache_args *kernels, slab_flags_t flags)
{
	const struct galloc_kmem_args args = {
		.flags = flags, .args = kernels, .heap = GALLOC_HERE,
	};

	return galloc_kmem_cache_create(name, size, &args);
}

static inline void *__galloc_kmem_cache_zalloc(struct kmem_cache *s, gfp_t gfp)
{
	return galloc_kmem_cache_alloc(s, gfp | __GFP_ZERO);
}

static inline void *__galloc_mempool_kmalloc(gfp_t gfp, void *size)
{
	return __galloc_kmalloc((size_t)size, gfp);
}

static inline int
__galloc_mempool_init_slab_pool(mempool_t *pool, int min_nr, struct kmem_cache *s)
{
	return mempool_init(pool, min_nr, galloc_mempool_alloc_slab,
			    galloc_mempool_free_slab, s);
}

static inline mempool_t *
__galloc_mempool_create_slab_pool(int min_nr, struct kmem_cache *s)
{
	return mempool_create(min_nr, galloc_mempool_alloc_slab, galloc_mempool_free_slab,
			      s);
}

static inline int
__galloc_mempool_init_kmalloc_pool(mempool_t *pool, int min_nr, size_t size)
{
	return mempool_init(pool, min_nr, __galloc_mempool_kmalloc, galloc_mempool_kfree,
			    (void *)size);
}

static inline mempool_t *__galloc_mempool_create_kmalloc_pool(int min_nr, size_t size)
{
	return mempool_create(min_nr, __galloc_mempool_kmalloc, galloc_mempool_kfree,
			      (void *)size);
}

/* ---- kfree_rcu() --------------------------------------------------------------------------- */

/* The driver's own fence, which its function that releases fences ends with. */
static inline void __galloc_dma_fence_free(struct dma_fence *fence)
{
	galloc_kfree_rcu(fence, rcu);
}

/* ---- calls that hand memory to core code which frees it ---------------------------------- */

#if GALLOC_OVERRIDE_KMALLOC && !defined(GALLOC_OVERRIDE_QUIET)
#define __galloc_remark	\
	__compiletime_warning("the kernel frees what it is given by its own kfree(): allocate that by galloc_not_here(kmalloc), see porting.rst")

struct ata_host;
struct ata_port_operations;
struct clk_lookup;
struct dentry;
struct device;
struct drm_device;
struct drm_event;
struct drm_file;
struct drm_pending_event;
struct ff_effect;
struct gameport;
struct input_dev;
struct net;
struct scatterlist;
struct serio;
struct sk_buff;
struct xfrm_state;

/* If the argument frag_size is 0. */
struct sk_buff *build_skb(void *data, unsigned int frag_size) __galloc_remark;
struct sk_buff *__build_skb(void *data, unsigned int frag_size) __galloc_remark;
struct sk_buff *napi_build_skb(void *data, unsigned int frag_size) __galloc_remark;
struct sk_buff *build_skb_around(struct sk_buff *skb, void *data, unsigned int frag_size)
	__galloc_remark;
struct sk_buff *slab_build_skb(void *data) __galloc_remark;
void drmm_add_final_kfree(struct drm_device *dev, void *container) __galloc_remark;
/* The event. */
int drm_event_reserve_init(struct drm_device *dev, struct drm_file *file_priv,
			   struct drm_pending_event *p, struct drm_event *e) __galloc_remark;
int drm_event_reserve_init_locked(struct drm_device *dev, struct drm_file *file_priv,
				  struct drm_pending_event *p, struct drm_event *e)
	__galloc_remark;
/* Its algorithms. */
struct xfrm_state *xfrm_state_alloc(struct net *net) __galloc_remark;
int input_ff_create_memless(struct input_dev *dev, void *data,
			    int (*play_effect)(struct input_dev *, void *, struct ff_effect *))
	__galloc_remark;
/* Its ->private. */
int input_ff_create(struct input_dev *dev, unsigned int max_effects) __galloc_remark;
typeof(dma_fence_array_create) dma_fence_array_create __galloc_remark;
void clkdev_add(struct clk_lookup *cl) __galloc_remark;
void ata_host_init(struct ata_host *host, struct device *dev, struct ata_port_operations *ops)
	__galloc_remark;
void __serio_register_port(struct serio *serio, struct module *owner) __galloc_remark;
void __gameport_register_port(struct gameport *gameport, struct module *owner) __galloc_remark;
#ifdef CONFIG_DEV_COREDUMP
void dev_coredumpsg(struct device *dev, struct scatterlist *table, size_t datalen, gfp_t gfp)
	__galloc_remark;
#endif
#ifdef CONFIG_DEBUG_FS
/* The text, once the file has been written. */
void debugfs_create_str(const char *name, umode_t mode, struct dentry *parent, char **value)
	__galloc_remark;
#endif
#endif

#if GALLOC_OVERRIDE_CACHES && !defined(GALLOC_OVERRIDE_QUIET)
#define __galloc_remark_cache	\
	__compiletime_warning("the kernel allocates from that cache: make it by galloc_not_here(kmem_cache_create), see porting.rst")

struct lru_cache;

struct lru_cache *lc_create(const char *name, struct kmem_cache *cache,
			    unsigned int max_pending_changes, unsigned int e_count,
			    size_t e_size, size_t e_off) __galloc_remark_cache;
#endif

#pragma pop_macro("alloc_hooks")
#include <galloc_allocinfo.h>
#include <galloc_override_names.h>
#include <galloc_override_allocinfo.h>

/* printk.h has given it a default, and the file is about to define its own. */
#ifdef GALLOC_OVERRIDE_PR_FMT
#undef pr_fmt
#endif

#endif /* __ASSEMBLY__ */
#endif /* _GALLOC_OVERRIDE_H */
