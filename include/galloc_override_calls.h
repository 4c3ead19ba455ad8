/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_override_calls: the functions that galloc-override.h puts in the place of the
 * kernel's.  Not for clients to call by themselves.
 */
#ifndef _GALLOC_OVERRIDE_CALLS_H
#define _GALLOC_OVERRIDE_CALLS_H

#include <linux/align.h>
#include <linux/cache.h>
#include <linux/stdarg.h>

#include <galloc.h>

struct ahash_instance;
struct file_system_type;
struct inode;
struct key_type;
struct kmem_cache_args;
struct list_lru;
struct netpoll;
struct posix_acl;
struct shash_instance;
struct tcf_ematch_ops;
struct tcf_exts;
struct xfrm_address_filter;
struct xfrm_state_walk;

/* All that caches are made of.  @args: the kernel's own, which then is all but @flags. */
struct galloc_kmem_args {
	unsigned int align;
	unsigned int useroffset;
	unsigned int usersize;
	slab_flags_t flags;
	void (*ctor)(void *object);
	struct kmem_cache_args *args;
	struct galloc_heap *heap;
};

void *galloc_override_alloc(struct galloc_heap *heap, size_t size, gfp_t gfp, int nid)
	__malloc __alloc_size(2);
void *galloc_override_valloc(struct galloc_heap *heap, size_t size, size_t align,
			     gfp_t gfp, int nid) __malloc __alloc_size(2);
void *galloc_override_realloc(struct galloc_heap *heap, const void *p, size_t size,
			      size_t align, gfp_t gfp, int nid)
	__must_check __realloc_size(3);
void *galloc_override_vrealloc(struct galloc_heap *heap, const void *p, size_t size,
			       size_t align, gfp_t gfp, int nid)
	__must_check __realloc_size(3);
void *galloc_override_vrealloc_from(struct galloc_heap *heap, const void *p, size_t old,
				    size_t size, gfp_t gfp) __realloc_size(4);
void *galloc_override_memdup(struct galloc_heap *heap, const void *src, size_t len,
			     gfp_t gfp) __realloc_size(3);
char *galloc_override_memdup_nul(struct galloc_heap *heap, const char *s, size_t len,
				 gfp_t gfp);
void *galloc_override_vmemdup(struct galloc_heap *heap, const void *src, size_t len,
			      gfp_t gfp) __realloc_size(3);
char *galloc_override_vasprintf(struct galloc_heap *heap, gfp_t gfp, const char *fmt,
				va_list args) __printf(3, 0);
void *galloc_override_memdup_user(struct galloc_heap *heap, const void __user *src,
				  size_t len) __realloc_size(3);
void *galloc_override_vmemdup_user(struct galloc_heap *heap, const void __user *src,
				   size_t len) __realloc_size(3);
void *galloc_override_memdup_user_nul(struct galloc_heap *heap, const void __user *src,
				      size_t len);
char *galloc_override_strndup_user(struct galloc_heap *heap, const char __user *s, long max);

void galloc_kfree(const void *p);
void galloc_kfree_sensitive(const void *p);
void galloc_kfree_const(const void *p);
void galloc_kfree_link(void *p);
void galloc_kfree_strarray(char **array, size_t n);
void galloc_kfree_bulk(size_t nr, void **p);
void galloc_kfree_nolock(const void *p);
void galloc_kvfree(const void *p);
void galloc_kvfree_atomic(const void *p);
void galloc_kvfree_sensitive(const void *p, size_t len);
size_t galloc_ksize(const void *p);

int galloc_override_begin(struct galloc_heap **heap, const char *name, unsigned int limit_mb);
void galloc_override_end(struct galloc_heap **heap);
void galloc_override_queue_rcu(const void *p, void *head);
void galloc_override_queue_rcu_nolock(const void *p, void *head);
void galloc_override_rcu_barrier(void);

struct kmem_cache *galloc_kmem_cache_create(const char *name, unsigned int size,
					    const struct galloc_kmem_args *args);
void galloc_kmem_cache_destroy(struct kmem_cache *s);
void *galloc_kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp) __malloc;
void *galloc_kmem_cache_alloc_lru(struct kmem_cache *s, struct list_lru *lru, gfp_t gfp)
	__malloc;
void *galloc_kmem_cache_alloc_node(struct kmem_cache *s, gfp_t gfp, int nid) __malloc;
int galloc_kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t nr, void **p);
void galloc_kmem_cache_free(struct kmem_cache *s, void *p);
void galloc_kmem_cache_free_bulk(struct kmem_cache *s, size_t nr, void **p);
int galloc_kmem_cache_shrink(struct kmem_cache *s);
unsigned int galloc_kmem_cache_size(struct kmem_cache *s);
bool galloc_kmem_cache_charge(void *p, gfp_t gfp);

void *galloc_mempool_alloc_slab(gfp_t gfp, void *cache);
void galloc_mempool_free_slab(void *p, void *cache);
void galloc_mempool_kfree(void *p, void *size);

void *galloc_hand_over(const void *p, gfp_t gfp) __must_check;
void galloc_set_cached_acl(struct inode *inode, int type, struct posix_acl *acl);
int galloc_register_filesystem(struct file_system_type *type);
int galloc_unregister_filesystem(struct file_system_type *type);
void galloc_tcf_exts_destroy(struct tcf_exts *exts);
void galloc_tcf_exts_change(struct tcf_exts *dst, struct tcf_exts *src);
int galloc_tcf_em_register(struct tcf_ematch_ops *ops);
void galloc_shash_free_singlespawn_instance(struct shash_instance *inst);
void galloc_ahash_free_singlespawn_instance(struct ahash_instance *inst);
void galloc_netpoll_free(struct netpoll *np);
int galloc_register_key_type(struct key_type *type);
void galloc_xfrm_state_walk_init(struct xfrm_state_walk *walk, u8 proto,
				 struct xfrm_address_filter *filter);

/*
 * A device that is not coherent may write to memory of kmalloc(), which then must share no
 * line of the processor's cache with anything else.  Where that takes more than a word, either
 * all of kmalloc() is aligned to ARCH_DMA_MINALIGN; or the kernel relies on it from twice that
 * size, and below only where its own object has whole lines, and copies all else.
 *
 * An object of galloc is aligned as its size: it is enough to round that up, to
 * __GALLOC_DMA_ALIGN; below __GALLOC_DMA_KNOWN only the kernel knows to what.
 */
#ifdef ARCH_DMA_MINALIGN
#define __GALLOC_DMA_LINE	((size_t)ARCH_DMA_MINALIGN)
#else
#define __GALLOC_DMA_LINE	((size_t)ARCH_KMALLOC_MINALIGN)
#endif
#define __GALLOC_DMA_ALIGN						\
	(ARCH_KMALLOC_MINALIGN >= __GALLOC_DMA_LINE ? (size_t)ARCH_KMALLOC_MINALIGN :	\
						      __GALLOC_DMA_LINE)
#define __GALLOC_DMA_KNOWN						\
	(ARCH_KMALLOC_MINALIGN >= __GALLOC_DMA_LINE ? 0 : 2 * __GALLOC_DMA_LINE)

/* For a size of __GALLOC_DMA_KNOWN or more.  Of a constant it is one. */
static __always_inline size_t __galloc_dma_size(size_t size)
{
	if (__GALLOC_DMA_ALIGN <= 8 || size > KMALLOC_MAX_SIZE)
		return size;
	return ALIGN(size, __GALLOC_DMA_ALIGN);
}

/* The third, and the fifth, of some arguments: of what follows them, which one is for so many. */
#define __galloc_third(a, b, c, ...)		c
#define __galloc_fifth(a, b, c, d, e, ...)	e

/* kfree_rcu_mightsleep(p), and kfree_rcu(p) of older kernels. */
#define galloc_kfree_rcu_mightsleep(ptr)				\
do {									\
	typeof(ptr) __galloc_p = (ptr);					\
									\
	if (galloc_owns(__galloc_p))					\
		gfree_rcu_mightsleep(__galloc_p);			\
	else								\
		kvfree_rcu_arg_1(__galloc_p);				\
} while (0)

/*
 * kfree_rcu(p, head).  The kernel's macro, for what is the kernel's, also checks where the
 * head is.  It may be of a type of the kernel's own, which is smaller than an rcu_head.
 */
#define __galloc_kfree_rcu_head(ptr, head)				\
do {									\
	typeof(ptr) __galloc_p = (ptr);					\
									\
	if (!galloc_owns(__galloc_p))					\
		kvfree_rcu_arg_2(__galloc_p, head);			\
	else if (sizeof(__galloc_p->head) >= sizeof(struct rcu_head))	\
		galloc_queue_rcu(__galloc_p, (void *)&__galloc_p->head);	\
	else								\
		galloc_override_queue_rcu(__galloc_p, (void *)&__galloc_p->head);	\
} while (0)

/* Either, by the number of its arguments. */
#define galloc_kfree_rcu(...)						\
	__galloc_third(__VA_ARGS__, __galloc_kfree_rcu_head,		\
		       galloc_kfree_rcu_mightsleep)(__VA_ARGS__)

/* kfree_rcu_nolock(p, head), of newer kernels. */
#define galloc_kfree_rcu_nolock(ptr, head)				\
do {									\
	typeof(ptr) __galloc_p = (ptr);					\
									\
	if (galloc_owns(__galloc_p))					\
		galloc_override_queue_rcu_nolock(__galloc_p, (void *)&__galloc_p->head);	\
	else if (__galloc_p)						\
		kfree_call_rcu_nolock(&__galloc_p->head, (void *)__galloc_p);	\
} while (0)

#endif /* _GALLOC_OVERRIDE_CALLS_H */
