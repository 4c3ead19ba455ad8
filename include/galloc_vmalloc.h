/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_vmalloc: memory of galloc(), or of vmalloc() where galloc() has none.
 *
 * As kvmalloc(): for sizes of many pages that need not be contiguous.  Included by
 * galloc.h.
 */
#ifndef _GALLOC_VMALLOC_H
#define _GALLOC_VMALLOC_H

void gvfree(const void *p);
void gvfree_sensitive(const void *p, size_t len);
void *gvmalloc_node(size_t size, gfp_t gfp, int nid) __malloc __alloc_size(1);
void *gvrealloc(const void *p, size_t size, gfp_t gfp)
	__must_check __realloc_size(2);

/**
 * gvmalloc() - allocate memory that need not be physically contiguous
 * @size: bytes wanted
 * @gfp: allocation flags
 *
 * Context: As gvmalloc_node().
 * Return: As gvmalloc_node().
 */
static inline __alloc_size(1) void *gvmalloc(size_t size, gfp_t gfp)
{
	return gvmalloc_node(size, gfp, NUMA_NO_NODE);
}

/**
 * gvzalloc() - the same, zeroed
 * @size: bytes wanted
 * @gfp: allocation flags
 *
 * Context: As gvmalloc_node().
 * Return: As gvmalloc_node(); all of it is zero.
 */
static inline __alloc_size(1) void *gvzalloc(size_t size, gfp_t gfp)
{
	return gvmalloc(size, gfp | __GFP_ZERO);
}

/**
 * gvzalloc_node() - the same on a node
 * @size: bytes wanted
 * @gfp: allocation flags
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: As gvmalloc_node().
 * Return: As gvmalloc_node(); all of it is zero.
 */
static inline __alloc_size(1) void *
gvzalloc_node(size_t size, gfp_t gfp, int nid)
{
	return gvmalloc_node(size, gfp | __GFP_ZERO, nid);
}

/**
 * gvmalloc_array_node() - allocate an array on a node
 * @n: number of elements
 * @size: bytes of one element
 * @gfp: allocation flags
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: As gvmalloc_node().
 * Return: As gvmalloc_node(); NULL if @n * @size overflows.
 */
static inline __alloc_size(1, 2) void *
gvmalloc_array_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	size_t bytes;

	if (unlikely(check_mul_overflow(n, size, &bytes)))
		return NULL;
	return gvmalloc_node(bytes, gfp, nid);
}

/**
 * gvmalloc_array() - allocate an array
 * @n: number of elements
 * @size: bytes of one element
 * @gfp: allocation flags
 *
 * Context: As gvmalloc_node().
 * Return: As gvmalloc_array_node().
 */
static inline __alloc_size(1, 2) void *
gvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return gvmalloc_array_node(n, size, gfp, NUMA_NO_NODE);
}

/**
 * gvcalloc_node() - allocate a zeroed array on a node
 * @n: number of elements
 * @size: bytes of one element
 * @gfp: allocation flags
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: As gvmalloc_node().
 * Return: As gvmalloc_array_node(); all of it is zero.
 */
static inline __alloc_size(1, 2) void *
gvcalloc_node(size_t n, size_t size, gfp_t gfp, int nid)
{
	return gvmalloc_array_node(n, size, gfp | __GFP_ZERO, nid);
}

/**
 * gvcalloc() - allocate a zeroed array
 * @n: number of elements
 * @size: bytes of one element
 * @gfp: allocation flags
 *
 * Context: As gvmalloc_node().
 * Return: As gvmalloc_array_node(); all of it is zero.
 */
static inline __alloc_size(1, 2) void *
gvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return gvcalloc_node(n, size, gfp, NUMA_NO_NODE);
}

#endif /* _GALLOC_VMALLOC_H */
