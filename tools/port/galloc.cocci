// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/// galloc: a module's calls of the kernel's allocator become galloc's, name by name.
///
/// port.sh applies it, and undoes it with the signs of all lines exchanged: so each rule
/// changes one name and leaves its arguments, and no two end in the same one.  Those that
/// galloc.h does not have are in galloc_port.h.

@@
@@
(
- kmalloc
+ galloc
|
- kzalloc
+ gzalloc
|
- kmalloc_array
+ galloc_array
|
- kcalloc
+ gcalloc
|
- kmalloc_node
+ galloc_node
|
- kzalloc_node
+ gzalloc_node
|
- kmalloc_array_node
+ galloc_array_node
|
- kcalloc_node
+ gcalloc_node
|
- kmalloc_track_caller
+ galloc_any
|
- krealloc
+ galloc_krealloc
|
- krealloc_node
+ galloc_krealloc_node
|
- krealloc_node_align
+ galloc_krealloc_node_align
|
- krealloc_array
+ galloc_krealloc_array
|
- kmalloc_size_roundup
+ galloc_size_roundup
|
- kmalloc_obj
+ galloc_obj
|
- kzalloc_obj
+ gzalloc_obj
|
- kmalloc_objs
+ galloc_objs
|
- kzalloc_objs
+ gzalloc_objs
|
- kmalloc_flex
+ galloc_flex
|
- kzalloc_flex
+ gzalloc_flex
|
- ksize
+ galloc_ksize
|
- kfree
+ galloc_kfree
|
- kfree_sensitive
+ galloc_kfree_sensitive
|
- kfree_const
+ galloc_kfree_const
|
- kfree_link
+ galloc_kfree_link
|
- kfree_strarray
+ galloc_kfree_strarray
|
- kfree_bulk
+ galloc_kfree_bulk
|
- kfree_nolock
+ galloc_kfree_nolock
|
- kfree_rcu
+ galloc_kfree_rcu
|
- kfree_rcu_mightsleep
+ galloc_kfree_rcu_mightsleep
|
- kfree_rcu_nolock
+ galloc_kfree_rcu_nolock
|
- kvfree_rcu
+ galloc_kvfree_rcu
|
- kvfree_rcu_mightsleep
+ galloc_kvfree_rcu_mightsleep
|
- kvfree_rcu_barrier
+ galloc_kvfree_rcu_barrier
|
- kvmalloc
+ galloc_kvmalloc
|
- kvzalloc
+ galloc_kvzalloc
|
- kvmalloc_node
+ gvmalloc_node
|
- kvzalloc_node
+ gvzalloc_node
|
- kvmalloc_array
+ gvmalloc_array
|
- kvcalloc
+ gvcalloc
|
- kvrealloc
+ galloc_kvrealloc
|
- kvrealloc_node
+ galloc_kvrealloc_node
|
- kvrealloc_node_align
+ galloc_kvrealloc_node_align
|
- kvfree
+ galloc_kvfree
|
- kvfree_atomic
+ galloc_kvfree_atomic
|
- kvfree_sensitive
+ galloc_kvfree_sensitive
|
- kmemdup
+ gmemdup
|
- kmemdup_nul
+ gmemdup_nul
|
- kstrdup
+ gstrdup
|
- kstrndup
+ gstrndup
|
- kasprintf
+ gasprintf
|
- kvasprintf
+ gvasprintf
|
- set_cached_acl
+ galloc_set_cached_acl
|
- kmem_cache_create
+ galloc_slab_create
|
- kmem_cache_create_usercopy
+ galloc_slab_create_usercopy
|
- KMEM_CACHE
+ GALLOC_SLAB
|
- kmem_cache_destroy
+ galloc_slab_destroy
|
- kmem_cache_shrink
+ galloc_slab_shrink
|
- kmem_cache_size
+ galloc_cache_size
|
- kmem_cache_alloc
+ galloc_cache_alloc
|
- kmem_cache_zalloc
+ galloc_cache_zalloc
|
- kmem_cache_alloc_node
+ galloc_cache_alloc_node
|
- kmem_cache_alloc_bulk
+ galloc_cache_alloc_bulk
|
- kmem_cache_alloc_lru
+ galloc_slab_alloc_lru
|
- alloc_inode_sb
+ galloc_inode_sb
|
- kmem_cache_free
+ galloc_cache_free
|
- kmem_cache_free_bulk
+ galloc_cache_free_bulk
|
- kmem_cache_charge
+ galloc_kmem_cache_charge
|
- mempool_alloc_slab
+ galloc_pool_alloc
|
- mempool_free_slab
+ galloc_pool_free
|
- mempool_kmalloc
+ galloc_pool_galloc
|
- mempool_kfree
+ galloc_mempool_kfree
|
- mempool_init_slab_pool
+ galloc_pool_init
|
- mempool_create_slab_pool
+ galloc_pool_create
|
- mempool_init_kmalloc_pool
+ galloc_pool_init_sized
|
- mempool_create_kmalloc_pool
+ galloc_pool_create_sized
)

@@
@@
struct
- kmem_cache
+ galloc_cache
