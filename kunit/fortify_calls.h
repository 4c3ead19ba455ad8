/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * fortify_calls: each call that allocates, for n bytes, a multiple of 4.
 *
 * For kunit/fortify_kunit.c and tools/test/fortify.c, which compare what the compiler
 * knows about the object.  tools/test/run.sh has that none is missing.
 */
#ifndef _FORTIFY_CALLS_H
#define _FORTIFY_CALLS_H

#define FORTIFY_CALLS(X)						\
	X(galloc, galloc(n, GFP_KERNEL))				\
	X(gzalloc, gzalloc(n, GFP_KERNEL))				\
	X(galloc_array, galloc_array(n / 4, 4, GFP_KERNEL))		\
	X(gcalloc, gcalloc(n / 4, 4, GFP_KERNEL))			\
	X(galloc_any, galloc_any(n, GFP_KERNEL))			\
	X(galloc_large, galloc_large(n, GFP_KERNEL))			\
	X(galloc_node, galloc_node(n, GFP_KERNEL, NUMA_NO_NODE))	\
	X(galloc_aligned, galloc_aligned(n, 32, GFP_KERNEL))		\
	X(galloc_node_aligned,						\
	  galloc_node_aligned(n, 32, GFP_KERNEL, NUMA_NO_NODE))		\
	X(grealloc, grealloc(NULL, n, GFP_KERNEL))			\
	X(grealloc_aligned, grealloc_aligned(NULL, n, 32, GFP_KERNEL))	\
	X(grealloc_array, grealloc_array(NULL, n / 4, 4, GFP_KERNEL))	\
	X(grealloc_node_aligned,					\
	  grealloc_node_aligned(NULL, n, 32, GFP_KERNEL, NUMA_NO_NODE))	\
	X(galloc_from, galloc_from(fortify_heap, n, GFP_KERNEL))	\
	X(gzalloc_from, gzalloc_from(fortify_heap, n, GFP_KERNEL))	\
	X(galloc_from_node,						\
	  galloc_from_node(fortify_heap, n, GFP_KERNEL, NUMA_NO_NODE))	\
	X(galloc_from_aligned,						\
	  galloc_from_aligned(fortify_heap, n, 32, GFP_KERNEL))		\
	X(grealloc_from, grealloc_from(fortify_heap, NULL, n, GFP_KERNEL))	\
	X(gmemdup, gmemdup(fortify_source, n, GFP_KERNEL))		\
	X(galloc_objs, galloc_objs(u32, n / 4))				\
	X(gzalloc_objs, gzalloc_objs(u32, n / 4))			\
	X(gvmalloc_objs, gvmalloc_objs(u32, n / 4))			\
	X(gvzalloc_objs, gvzalloc_objs(u32, n / 4))			\
	X(galloc_flex, galloc_flex(struct fortify_flex, data, n - 4))	\
	X(gzalloc_flex, gzalloc_flex(struct fortify_flex, data, n - 4))	\
	X(gvmalloc_flex, gvmalloc_flex(struct fortify_flex, data, n - 4))	\
	X(gvzalloc_flex, gvzalloc_flex(struct fortify_flex, data, n - 4))	\
	X(gvmalloc, gvmalloc(n, GFP_KERNEL))				\
	X(gvzalloc, gvzalloc(n, GFP_KERNEL))				\
	X(gvmalloc_node, gvmalloc_node(n, GFP_KERNEL, NUMA_NO_NODE))	\
	X(gvzalloc_node, gvzalloc_node(n, GFP_KERNEL, NUMA_NO_NODE))	\
	X(gvmalloc_array, gvmalloc_array(n / 4, 4, GFP_KERNEL))		\
	X(gvmalloc_array_node,						\
	  gvmalloc_array_node(n / 4, 4, GFP_KERNEL, NUMA_NO_NODE))	\
	X(gvcalloc, gvcalloc(n / 4, 4, GFP_KERNEL))			\
	X(gvcalloc_node, gvcalloc_node(n / 4, 4, GFP_KERNEL, NUMA_NO_NODE))	\
	X(gvrealloc, gvrealloc(NULL, n, GFP_KERNEL))			\
	X(kmalloc, fortify_kmalloc(n))

/* Compiled only: one of a type of constant size, and what may find none. */
#define FORTIFY_COMPILED(X)						\
	X(galloc_obj, galloc_obj(char [60]))				\
	X(gzalloc_obj, gzalloc_obj(char [60]))				\
	X(gvmalloc_obj, gvmalloc_obj(char [60]))			\
	X(gvzalloc_obj, gvzalloc_obj(char [60]))			\
	X(galloc_nolock, galloc_nolock(n, 0))

struct fortify_flex {
	u32 n;
	char data[];
};

#endif /* _FORTIFY_CALLS_H */
