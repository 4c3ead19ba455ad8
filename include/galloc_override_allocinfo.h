/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_override_allocinfo: the lines of an overridden module in /proc/allocinfo.
 *
 * As galloc_allocinfo.h, for what the kernel's names mean.  The last part of
 * galloc-override.h.
 */
#ifndef _GALLOC_OVERRIDE_ALLOCINFO_H
#define _GALLOC_OVERRIDE_ALLOCINFO_H

#ifdef GALLOC_ALLOCINFO
#define __galloc_kmalloc(...) \
	alloc_hooks(__galloc_kmalloc(__VA_ARGS__))
#define __galloc_kzalloc(...) \
	alloc_hooks(__galloc_kzalloc(__VA_ARGS__))
#define __galloc_kmalloc_array(...) \
	alloc_hooks(__galloc_kmalloc_array(__VA_ARGS__))
#define __galloc_kcalloc(...) \
	alloc_hooks(__galloc_kcalloc(__VA_ARGS__))
#define __galloc_kmalloc_node(...) \
	alloc_hooks(__galloc_kmalloc_node(__VA_ARGS__))
#define __galloc_kzalloc_node(...) \
	alloc_hooks(__galloc_kzalloc_node(__VA_ARGS__))
#define __galloc_kmalloc_array_node(...) \
	alloc_hooks(__galloc_kmalloc_array_node(__VA_ARGS__))
#define __galloc_kcalloc_node(...) \
	alloc_hooks(__galloc_kcalloc_node(__VA_ARGS__))
#define __galloc_krealloc(...) \
	alloc_hooks(__galloc_krealloc(__VA_ARGS__))
#define __galloc_krealloc_node(...) \
	alloc_hooks(__galloc_krealloc_node(__VA_ARGS__))
#define __galloc_krealloc_node_align(...) \
	alloc_hooks(__galloc_krealloc_node_align(__VA_ARGS__))
#define __galloc_krealloc_array(...) \
	alloc_hooks(__galloc_krealloc_array(__VA_ARGS__))
#define __galloc_kvmalloc(...) \
	alloc_hooks(__galloc_kvmalloc(__VA_ARGS__))
#define __galloc_kvzalloc(...) \
	alloc_hooks(__galloc_kvzalloc(__VA_ARGS__))
#define __galloc_kvmalloc_array(...) \
	alloc_hooks(__galloc_kvmalloc_array(__VA_ARGS__))
#define __galloc_kvcalloc(...) \
	alloc_hooks(__galloc_kvcalloc(__VA_ARGS__))
#define __galloc_kvmalloc_node(...) \
	alloc_hooks(__galloc_kvmalloc_node(__VA_ARGS__))
#define __galloc_kvmalloc_node_align(...) \
	alloc_hooks(__galloc_kvmalloc_node_align(__VA_ARGS__))
#define __galloc_kvzalloc_node(...) \
	alloc_hooks(__galloc_kvzalloc_node(__VA_ARGS__))
#define __galloc_kvmalloc_array_node(...) \
	alloc_hooks(__galloc_kvmalloc_array_node(__VA_ARGS__))
#define __galloc_kvcalloc_node(...) \
	alloc_hooks(__galloc_kvcalloc_node(__VA_ARGS__))
#define __galloc_kvrealloc(...) \
	alloc_hooks(__galloc_kvrealloc(__VA_ARGS__))
#define __galloc_kvrealloc_node(...) \
	alloc_hooks(__galloc_kvrealloc_node(__VA_ARGS__))
#define __galloc_kvrealloc_node_align(...) \
	alloc_hooks(__galloc_kvrealloc_node_align(__VA_ARGS__))
#define __galloc_kvrealloc_from(...) \
	alloc_hooks(__galloc_kvrealloc_from(__VA_ARGS__))
#define __galloc_kmemdup(...) \
	alloc_hooks(__galloc_kmemdup(__VA_ARGS__))
#define __galloc_kmemdup_array(...) \
	alloc_hooks(__galloc_kmemdup_array(__VA_ARGS__))
#define __galloc_kmemdup_nul(...) \
	alloc_hooks(__galloc_kmemdup_nul(__VA_ARGS__))
#define __galloc_kvmemdup(...) \
	alloc_hooks(__galloc_kvmemdup(__VA_ARGS__))
#define __galloc_kstrdup(...) \
	alloc_hooks(__galloc_kstrdup(__VA_ARGS__))
#define __galloc_kstrndup(...) \
	alloc_hooks(__galloc_kstrndup(__VA_ARGS__))
#define __galloc_kasprintf(...) \
	alloc_hooks(__galloc_kasprintf(__VA_ARGS__))
#define __galloc_kvasprintf(...) \
	alloc_hooks(__galloc_kvasprintf(__VA_ARGS__))
#define __galloc_memdup_user(...) \
	alloc_hooks(__galloc_memdup_user(__VA_ARGS__))
#define __galloc_vmemdup_user(...) \
	alloc_hooks(__galloc_vmemdup_user(__VA_ARGS__))
#define __galloc_memdup_user_nul(...) \
	alloc_hooks(__galloc_memdup_user_nul(__VA_ARGS__))
#define __galloc_strndup_user(...) \
	alloc_hooks(__galloc_strndup_user(__VA_ARGS__))
#define __galloc_memdup_array_user(...) \
	alloc_hooks(__galloc_memdup_array_user(__VA_ARGS__))
#define __galloc_vmemdup_array_user(...) \
	alloc_hooks(__galloc_vmemdup_array_user(__VA_ARGS__))
#define __galloc_kmem_cache_zalloc(...) \
	alloc_hooks(__galloc_kmem_cache_zalloc(__VA_ARGS__))
#define __galloc_mempool_init_slab_pool(...) \
	alloc_hooks(__galloc_mempool_init_slab_pool(__VA_ARGS__))
#define __galloc_mempool_create_slab_pool(...) \
	alloc_hooks(__galloc_mempool_create_slab_pool(__VA_ARGS__))
#define __galloc_mempool_init_kmalloc_pool(...) \
	alloc_hooks(__galloc_mempool_init_kmalloc_pool(__VA_ARGS__))
#define __galloc_mempool_create_kmalloc_pool(...) \
	alloc_hooks(__galloc_mempool_create_kmalloc_pool(__VA_ARGS__))
#define galloc_kmem_cache_alloc(...) \
	alloc_hooks(galloc_kmem_cache_alloc(__VA_ARGS__))
#define galloc_kmem_cache_alloc_lru(...) \
	alloc_hooks(galloc_kmem_cache_alloc_lru(__VA_ARGS__))
#define galloc_kmem_cache_alloc_node(...) \
	alloc_hooks(galloc_kmem_cache_alloc_node(__VA_ARGS__))
#define galloc_kmem_cache_alloc_bulk(...) \
	alloc_hooks(galloc_kmem_cache_alloc_bulk(__VA_ARGS__))
#define __galloc_either_krealloc(...) \
	alloc_hooks(__galloc_either_krealloc(__VA_ARGS__))
#define __galloc_either_krealloc_node(...) \
	alloc_hooks(__galloc_either_krealloc_node(__VA_ARGS__))
#define __galloc_either_krealloc_node_align(...) \
	alloc_hooks(__galloc_either_krealloc_node_align(__VA_ARGS__))
#define __galloc_either_krealloc_array(...) \
	alloc_hooks(__galloc_either_krealloc_array(__VA_ARGS__))
#define __galloc_either_kvrealloc(...) \
	alloc_hooks(__galloc_either_kvrealloc(__VA_ARGS__))
#define __galloc_either_kvrealloc_node(...) \
	alloc_hooks(__galloc_either_kvrealloc_node(__VA_ARGS__))
#define __galloc_either_kvrealloc_node_align(...) \
	alloc_hooks(__galloc_either_kvrealloc_node_align(__VA_ARGS__))
#define __galloc_kernel_kmalloc(...) \
	alloc_hooks(__galloc_kernel_kmalloc(__VA_ARGS__))
#define __galloc_kernel_kzalloc(...) \
	alloc_hooks(__galloc_kernel_kzalloc(__VA_ARGS__))
#define __galloc_kernel_kmalloc_array(...) \
	alloc_hooks(__galloc_kernel_kmalloc_array(__VA_ARGS__))
#define __galloc_kernel_kcalloc(...) \
	alloc_hooks(__galloc_kernel_kcalloc(__VA_ARGS__))
#define __galloc_kernel_kmalloc_node(...) \
	alloc_hooks(__galloc_kernel_kmalloc_node(__VA_ARGS__))
#define __galloc_kernel_kzalloc_node(...) \
	alloc_hooks(__galloc_kernel_kzalloc_node(__VA_ARGS__))
#define __galloc_kernel_kvmalloc(...) \
	alloc_hooks(__galloc_kernel_kvmalloc(__VA_ARGS__))
#define __galloc_kernel_kvzalloc(...) \
	alloc_hooks(__galloc_kernel_kvzalloc(__VA_ARGS__))
#define __galloc_kernel_kvmalloc_array(...) \
	alloc_hooks(__galloc_kernel_kvmalloc_array(__VA_ARGS__))
#define __galloc_kernel_kvcalloc(...) \
	alloc_hooks(__galloc_kernel_kvcalloc(__VA_ARGS__))
#define __galloc_kernel_kmemdup(...) \
	alloc_hooks(__galloc_kernel_kmemdup(__VA_ARGS__))
#endif

#endif /* _GALLOC_OVERRIDE_ALLOCINFO_H */
