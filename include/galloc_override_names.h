/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_override_names: the kernel's names, which from here on mean galloc's.
 *
 * The last part of galloc-override.h.  They have no arguments where the kernel's can be
 * passed as functions.  Only the names that a kernel has: modules for several kernels
 * define what an old one lacks by themselves.  What no macro tells is left to the kernel,
 * whose objects are freed as its own.
 */
#ifndef _GALLOC_OVERRIDE_NAMES_H
#define _GALLOC_OVERRIDE_NAMES_H

/* ---- what frees, measures or resizes: always, since it takes objects of both ---------- */

#define kfree			galloc_kfree
#define kfree_sensitive		galloc_kfree_sensitive
#define kfree_const		galloc_kfree_const
#define kfree_link		galloc_kfree_link
#define kfree_strarray		galloc_kfree_strarray
#define kfree_bulk		galloc_kfree_bulk
#ifdef kmalloc_nolock
#define kfree_nolock		galloc_kfree_nolock
#endif
#define kvfree			galloc_kvfree
#ifdef kvmalloc_node_align
#define kvfree_atomic		galloc_kvfree_atomic
#endif
#define kvfree_sensitive	galloc_kvfree_sensitive
#define ksize			galloc_ksize
#define mempool_kfree		galloc_mempool_kfree

#undef kfree_rcu
#define kfree_rcu		galloc_kfree_rcu
#undef kvfree_rcu
#define kvfree_rcu		galloc_kfree_rcu
#undef kfree_rcu_mightsleep
#define kfree_rcu_mightsleep	galloc_kfree_rcu_mightsleep
#undef kvfree_rcu_mightsleep
#define kvfree_rcu_mightsleep	galloc_kfree_rcu_mightsleep
#ifdef kfree_rcu_nolock
#undef kfree_rcu_nolock
#define kfree_rcu_nolock	galloc_kfree_rcu_nolock
#endif

/* The kernel's first: within its own expansion the name means that. */
#ifdef GALLOC_KMEM_CACHE_ARGS
#define kvfree_rcu_barrier()	(kvfree_rcu_barrier(), galloc_override_rcu_barrier())
#endif

#define register_filesystem	galloc_register_filesystem
#define unregister_filesystem	galloc_unregister_filesystem
#ifdef CONFIG_FS_POSIX_ACL
#define set_cached_acl		galloc_set_cached_acl
#endif
#ifdef CONFIG_NETPOLL
#define __netpoll_free		galloc_netpoll_free
#endif
#ifdef CONFIG_KEYS
#define register_key_type	galloc_register_key_type
#endif
#ifdef CONFIG_XFRM
#define xfrm_state_walk_init	galloc_xfrm_state_walk_init
#endif
#ifdef CONFIG_NET_CLS_ACT
#define tcf_exts_destroy	galloc_tcf_exts_destroy
#define tcf_exts_change		galloc_tcf_exts_change
#endif
#ifdef CONFIG_NET_EMATCH
#define tcf_em_register		galloc_tcf_em_register
#endif
#if IS_BUILTIN(CONFIG_CRYPTO_HASH2)
#define shash_free_singlespawn_instance	galloc_shash_free_singlespawn_instance
#define ahash_free_singlespawn_instance	galloc_ahash_free_singlespawn_instance
#endif

#define dma_fence_free		__galloc_dma_fence_free

/* In later kernels a macro.  The kernel frees it, after a grace period. */
#ifdef dma_fence_chain_alloc
#undef dma_fence_chain_alloc
#define dma_fence_chain_alloc()						\
	((struct dma_fence_chain *)					\
	 __galloc_kernel_kmalloc(sizeof(struct dma_fence_chain), GFP_KERNEL))
#endif

/* __free(kfree): the name is pasted before anything is replaced in it. */
#ifdef DEFINE_FREE
DEFINE_FREE(galloc_kfree, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kfree(_T))
#define __free_kfree		__free_galloc_kfree
/* slab.h has the others since 6.7, 6.13 and 6.18; what came with them, or soon after, tells. */
#ifdef scoped_cond_guard
DEFINE_FREE(galloc_kvfree, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kvfree(_T))
#define __free_kvfree		__free_galloc_kvfree
#endif
#ifdef __DEFINE_CLASS_IS_CONDITIONAL
DEFINE_FREE(galloc_kfree_sensitive, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kfree_sensitive(_T))
#define __free_kfree_sensitive	__free_galloc_kfree_sensitive
#endif
#ifdef krealloc_node_align
DEFINE_FREE(galloc_kvfree_atomic, void *, if (!IS_ERR_OR_NULL(_T)) galloc_kvfree_atomic(_T))
#define __free_kvfree_atomic	__free_galloc_kvfree_atomic
#endif
#endif

#ifdef krealloc_node_align
#define GALLOC_KREALLOC_NODE
#endif
#undef krealloc
#undef krealloc_node
#undef krealloc_node_align
#undef krealloc_array
#undef kvrealloc
#undef kvrealloc_node
#undef kvrealloc_node_align

#if GALLOC_OVERRIDE_KMALLOC && !defined(GALLOC_NO_OVERRIDE)

#define krealloc		__galloc_krealloc
#define krealloc_array		__galloc_krealloc_array
#ifdef GALLOC_KREALLOC_NODE
#define krealloc_node		__galloc_krealloc_node
#define krealloc_node_align	__galloc_krealloc_node_align
#define kvrealloc_node		__galloc_kvrealloc_node
#define kvrealloc_node_align	__galloc_kvrealloc_node_align
#endif
#define kvrealloc(...)							\
	__galloc_fifth(__VA_ARGS__, __galloc_kvrealloc_from, __galloc_kvrealloc, )(__VA_ARGS__)

/* ---- what allocates --------------------------------------------------------------------- */

#undef kmalloc
#define kmalloc			__galloc_kmalloc
#undef kzalloc
#define kzalloc			__galloc_kzalloc
#undef kmalloc_array
#define kmalloc_array		__galloc_kmalloc_array
#undef kcalloc
#define kcalloc			__galloc_kcalloc
#undef kmalloc_node
#define kmalloc_node		__galloc_kmalloc_node
#undef kzalloc_node
#define kzalloc_node		__galloc_kzalloc_node
#undef kmalloc_array_node
#define kmalloc_array_node	__galloc_kmalloc_array_node
#undef kcalloc_node
#define kcalloc_node		__galloc_kcalloc_node
#undef kmalloc_track_caller
#define kmalloc_track_caller	__galloc_kmalloc
#undef kmalloc_node_track_caller
#define kmalloc_node_track_caller	__galloc_kmalloc_node
#define __kmalloc		__galloc_kmalloc
#define __kmalloc_node		__galloc_kmalloc_node
#define kmalloc_size_roundup	galloc_size_roundup

#undef kvmalloc
#define kvmalloc		__galloc_kvmalloc
#undef kvzalloc
#define kvzalloc		__galloc_kvzalloc
#undef kvmalloc_array
#define kvmalloc_array		__galloc_kvmalloc_array
#undef kvcalloc
#define kvcalloc		__galloc_kvcalloc
#undef kvmalloc_node
#define kvmalloc_node		__galloc_kvmalloc_node
#ifdef kvmalloc_node_align
#undef kvmalloc_node_align
#define kvmalloc_node_align	__galloc_kvmalloc_node_align
#endif
#undef kvzalloc_node
#define kvzalloc_node		__galloc_kvzalloc_node
#ifdef kvcalloc_node
#undef kvcalloc_node
#define kvcalloc_node		__galloc_kvcalloc_node
#endif

#undef kmemdup
#define kmemdup			__galloc_kmemdup
#ifdef GALLOC_KMEM_CACHE_ARGS
#define kmemdup_array		__galloc_kmemdup_array
#define kvmemdup		__galloc_kvmemdup
#endif
#define kmemdup_nul		__galloc_kmemdup_nul
#define kstrdup			__galloc_kstrdup
#define kstrndup		__galloc_kstrndup
#define kasprintf		__galloc_kasprintf
#define kvasprintf		__galloc_kvasprintf
#define memdup_user		__galloc_memdup_user
#define vmemdup_user		__galloc_vmemdup_user
#define memdup_user_nul		__galloc_memdup_user_nul
#define strndup_user		__galloc_strndup_user
#define memdup_array_user	__galloc_memdup_array_user
#define vmemdup_array_user	__galloc_vmemdup_array_user

#define mempool_kmalloc		__galloc_mempool_kmalloc
#undef mempool_init_kmalloc_pool
#define mempool_init_kmalloc_pool	__galloc_mempool_init_kmalloc_pool
#undef mempool_create_kmalloc_pool
#define mempool_create_kmalloc_pool	__galloc_mempool_create_kmalloc_pool

#else

/* They take objects of both allocators, and a new one is the kernel's. */
#define krealloc		__galloc_either_krealloc
#define krealloc_array		__galloc_either_krealloc_array
#define kvrealloc		__galloc_either_kvrealloc
#ifdef GALLOC_KREALLOC_NODE
#define krealloc_node		__galloc_either_krealloc_node
#define krealloc_node_align	__galloc_either_krealloc_node_align
#define kvrealloc_node		__galloc_either_kvrealloc_node
#define kvrealloc_node_align	__galloc_either_kvrealloc_node_align
#endif

#endif

/* ---- caches -------------------------------------------------------------------------------- */

#if GALLOC_OVERRIDE_CACHES && !defined(GALLOC_NO_OVERRIDE)
#ifdef GALLOC_KMEM_CACHE_ARGS
#undef kmem_cache_create
#define kmem_cache_create(name, size, args, ...)			\
	_Generic((args),						\
		 struct kmem_cache_args *: __galloc_kmem_cache_create_args,	\
		 void *: __galloc_kmem_cache_create_args,		\
		 default: __galloc_kmem_cache_create)(name, size, args, __VA_ARGS__)
#else
#define kmem_cache_create	__galloc_kmem_cache_create
#endif
#define kmem_cache_create_usercopy	__galloc_kmem_cache_create_usercopy
#define __kmem_cache_create_args	__galloc_kmem_cache_create_args
#endif

/* What they take may be of either allocator: another file of the module has made it. */
#undef kmem_cache_alloc
#define kmem_cache_alloc	galloc_kmem_cache_alloc
#undef kmem_cache_zalloc
#define kmem_cache_zalloc	__galloc_kmem_cache_zalloc
#undef kmem_cache_alloc_lru
#define kmem_cache_alloc_lru	galloc_kmem_cache_alloc_lru
#undef kmem_cache_alloc_node
#define kmem_cache_alloc_node	galloc_kmem_cache_alloc_node
#undef kmem_cache_alloc_bulk
#define kmem_cache_alloc_bulk	galloc_kmem_cache_alloc_bulk
#define kmem_cache_free		galloc_kmem_cache_free
#define kmem_cache_free_bulk	galloc_kmem_cache_free_bulk
#define kmem_cache_destroy	galloc_kmem_cache_destroy
#define kmem_cache_shrink	galloc_kmem_cache_shrink
#define kmem_cache_size		galloc_kmem_cache_size
#ifdef GALLOC_KMEM_CACHE_ARGS
#define kmem_cache_charge	galloc_kmem_cache_charge
/* Within a function that is itself called by alloc_hooks(). */
#define kmem_cache_alloc_noprof		galloc_kmem_cache_alloc
#define kmem_cache_alloc_lru_noprof	galloc_kmem_cache_alloc_lru
#define kmem_cache_alloc_node_noprof	galloc_kmem_cache_alloc_node
#define kmem_cache_alloc_bulk_noprof	galloc_kmem_cache_alloc_bulk
#endif
#define mempool_alloc_slab	galloc_mempool_alloc_slab
#define mempool_free_slab	galloc_mempool_free_slab
#undef mempool_init_slab_pool
#define mempool_init_slab_pool	__galloc_mempool_init_slab_pool
#undef mempool_create_slab_pool
#define mempool_create_slab_pool	__galloc_mempool_create_slab_pool

#endif /* _GALLOC_OVERRIDE_NAMES_H */
