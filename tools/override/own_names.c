// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * own_names: what a module for several kernels defines where an old one lacks it.
 *
 * To be compiled only.
 */
#include <linux/slab.h>
#include <linux/string.h>

#ifndef GALLOC_KMEM_CACHE_ARGS
static void __maybe_unused *kvmemdup(const void *src, size_t len)
{
	void *p = kvmalloc(len, GFP_KERNEL);

	return p ? memcpy(p, src, len) : NULL;
}

static void __maybe_unused *kmemdup_array(const void *src, size_t n, size_t size, gfp_t gfp)
{
	return kmemdup(src, n * size, gfp);
}

static void __maybe_unused *kvcalloc_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	return kvzalloc_node(n * size, gfp, nid);
}

static void __maybe_unused kvfree_rcu_barrier(void)
{
	rcu_barrier();
}
#endif

#ifndef kmalloc_nolock
static void __maybe_unused kfree_nolock(const void *p)
{
	kfree(p);
}

static void __maybe_unused kvfree_atomic(const void *p)
{
	kvfree(p);
}

static void __maybe_unused *krealloc_node(const void *p, size_t size, gfp_t gfp, int nid)
{
	return krealloc(p, size, gfp);
}
#endif
