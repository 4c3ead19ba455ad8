/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_allocinfo: the lines of galloc's callers in /proc/allocinfo.
 *
 * On a kernel with CONFIG_MEM_ALLOC_PROFILING each call below is wrapped, as kmalloc() is
 * there: while profiling is on, the tag of its line is where galloc finds it.  While it is
 * off that is a static key.  A name without arguments is the function, and what that
 * allocates counts for whoever calls it, if he is wrapped.
 *
 * Included by galloc.h, as its last.
 */
#ifndef _GALLOC_ALLOCINFO_H
#define _GALLOC_ALLOCINFO_H

#ifdef GALLOC_ALLOCINFO

/* galloc.h */
#define galloc_class(...)		alloc_hooks(galloc_class(__VA_ARGS__))
#define galloc_class_checked(...)	alloc_hooks(galloc_class_checked(__VA_ARGS__))
#define galloc(...)			alloc_hooks(galloc(__VA_ARGS__))
#define gzalloc(...)			alloc_hooks(gzalloc(__VA_ARGS__))
#define galloc_array(...)		alloc_hooks(galloc_array(__VA_ARGS__))
#define gcalloc(...)			alloc_hooks(gcalloc(__VA_ARGS__))
#define galloc_large(...)		alloc_hooks(galloc_large(__VA_ARGS__))
#define galloc_any(...)			alloc_hooks(galloc_any(__VA_ARGS__))
#define galloc_node(...)		alloc_hooks(galloc_node(__VA_ARGS__))
#define galloc_aligned(...)		alloc_hooks(galloc_aligned(__VA_ARGS__))
#define galloc_node_aligned(...)	alloc_hooks(galloc_node_aligned(__VA_ARGS__))
#define grealloc(...)			alloc_hooks(grealloc(__VA_ARGS__))
#define grealloc_aligned(...)		alloc_hooks(grealloc_aligned(__VA_ARGS__))
#define grealloc_node_aligned(...)	alloc_hooks(grealloc_node_aligned(__VA_ARGS__))
#define grealloc_array(...)		alloc_hooks(grealloc_array(__VA_ARGS__))
#define galloc_bulk(...)		alloc_hooks(galloc_bulk(__VA_ARGS__))

/* galloc_nolock.h, galloc_string.h */
#define galloc_nolock(...)		alloc_hooks(galloc_nolock(__VA_ARGS__))
#define gmemdup(...)			alloc_hooks(gmemdup(__VA_ARGS__))
#define gmemdup_nul(...)		alloc_hooks(gmemdup_nul(__VA_ARGS__))
#define gstrdup(...)			alloc_hooks(gstrdup(__VA_ARGS__))
#define gstrndup(...)			alloc_hooks(gstrndup(__VA_ARGS__))
#define gvasprintf(...)			alloc_hooks(gvasprintf(__VA_ARGS__))
#define gasprintf(...)			alloc_hooks(gasprintf(__VA_ARGS__))

/* galloc_vmalloc.h */
#define gvmalloc(...)			alloc_hooks(gvmalloc(__VA_ARGS__))
#define gvzalloc(...)			alloc_hooks(gvzalloc(__VA_ARGS__))
#define gvmalloc_node(...)		alloc_hooks(gvmalloc_node(__VA_ARGS__))
#define gvzalloc_node(...)		alloc_hooks(gvzalloc_node(__VA_ARGS__))
#define gvmalloc_array(...)		alloc_hooks(gvmalloc_array(__VA_ARGS__))
#define gvmalloc_array_node(...)	alloc_hooks(gvmalloc_array_node(__VA_ARGS__))
#define gvcalloc(...)			alloc_hooks(gvcalloc(__VA_ARGS__))
#define gvcalloc_node(...)		alloc_hooks(gvcalloc_node(__VA_ARGS__))
#define gvrealloc(...)			alloc_hooks(gvrealloc(__VA_ARGS__))

/* galloc_prefill.h */
#define galloc_prefill(...)		alloc_hooks(galloc_prefill(__VA_ARGS__))
#define galloc_prefill_from_cache(...)	alloc_hooks(galloc_prefill_from_cache(__VA_ARGS__))
#define galloc_prefill_from_heap(...)	alloc_hooks(galloc_prefill_from_heap(__VA_ARGS__))
#define mempool_create_galloc(...)	alloc_hooks(mempool_create_galloc(__VA_ARGS__))
#define mempool_init_galloc(...)	alloc_hooks(mempool_init_galloc(__VA_ARGS__))

/* galloc_cache.h, galloc_heap.h */
#define galloc_cache_alloc(...)		alloc_hooks(galloc_cache_alloc(__VA_ARGS__))
#define galloc_cache_zalloc(...)	alloc_hooks(galloc_cache_zalloc(__VA_ARGS__))
#define galloc_cache_alloc_node(...)	alloc_hooks(galloc_cache_alloc_node(__VA_ARGS__))
#define galloc_cache_alloc_bulk(...)	alloc_hooks(galloc_cache_alloc_bulk(__VA_ARGS__))
#define galloc_from(...)		alloc_hooks(galloc_from(__VA_ARGS__))
#define gzalloc_from(...)		alloc_hooks(gzalloc_from(__VA_ARGS__))
#define galloc_from_node(...)		alloc_hooks(galloc_from_node(__VA_ARGS__))
#define galloc_from_aligned(...)	alloc_hooks(galloc_from_aligned(__VA_ARGS__))
#define galloc_from_bulk(...)		alloc_hooks(galloc_from_bulk(__VA_ARGS__))
#define grealloc_from(...)		alloc_hooks(grealloc_from(__VA_ARGS__))

#endif /* GALLOC_ALLOCINFO */
#endif /* _GALLOC_ALLOCINFO_H */
