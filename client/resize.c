// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * resize: how large an object is, making it larger or smaller, and frees that ask for it.
 *
 * An object that moves stays in its heap.  Overview: galloc_mod.c.
 */
#include "client/heap.h"
#include "debug/guard.h"

#include <linux/log2.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/* The same as gsize(), for those who do not use all of them. */
size_t resize_have(const void *p)
{
	enum mspan_found found;
	struct target t;

	found = api_target_of(p, &t);
	/* One that lies in quarantine is an object still. */
	if (found == FOUND_OBJECT && !(gate_has_tables() && gate_is_freed(p)))
		return t.size;
	report_free(p, found);
	return 0;
}

/* Of @have bytes of an object, those that its client has written, as far as known. */
size_t resize_kept(const void *p, size_t have)
{
	return gate_has_tables() ? gate_kept(p, have) : have;
}

/* An object of @have bytes stays where it is, and @size of them are its client's. */
void resize_in_place(const void *p, size_t size, size_t have, gfp_t gfp)
{
	bool zero = want_init_on_alloc(gfp);

	if (gate_has_tables() && gate_see_resized(p, size, zero))
		return;
	/* So that growing again in place finds zeroes. */
	if (zero)
		memset((void *)p + size, 0, have - size);
}

/**
 * gsize() - usable bytes of an object
 * @p: from any allocating function of galloc
 *
 * All of them may be used.
 *
 * Context: Any but NMI.
 * Return: Bytes; 0 for NULL, ZERO_SIZE_PTR, and, with a report, for a pointer that is
 * not the start of an object.
 */
size_t gsize(const void *p)
{
	size_t size;

	if (ZERO_OR_NULL_PTR(p) || !api_enter_ok())
		return 0;
	size = resize_have(p);
	if (size && gate_has_tables())
		gate_see_sized(p);
	return size;
}
EXPORT_SYMBOL_GPL(gsize);

/**
 * galloc_size_roundup() - usable bytes that a request would get
 * @size: bytes of the request
 *
 * Context: Any.
 * Return: The gsize() of an object of galloc(@size); @size itself if it exceeds the
 * largest request.
 */
size_t galloc_size_roundup(size_t size)
{
	unsigned int class = sizeclass_of(size);

	if (class)
		return sizeclasses[class].size;
	if (size > GALLOC_MAX_BYTES)
		return size;
	/* Above a block an object has its whole order, as with kmalloc(). */
	return size > ARENA_SIZE ? roundup_pow_of_two(size) : PAGE_ALIGN(size);
}
EXPORT_SYMBOL_GPL(galloc_size_roundup);

/* Memory in the heap that an object is in, *@new.  False: it is in none, or that is destroyed. */
bool resize_in_heap(const void *p, size_t size, size_t align, gfp_t gfp, int nid, void **new)
{
	struct galloc_heap *heap;
	struct rowset *set;

	rcu_read_lock();
	set = api_set_of(p);
	if (set && (!set->args.sibling || READ_ONCE(set->dead) || !rows_get(set)))
		set = NULL;
	heap = set ? NULL : guard_heap_of(p);
	/* It may be as good as gone. */
	if (unlikely(heap) && !refcount_inc_not_zero(&heap->refs))
		heap = NULL;
	rcu_read_unlock();
	if (unlikely(heap)) {
		*new = heap_alloc(heap, size, align, gfp, nid);
		heap_put(heap);
		return true;
	}
	if (likely(!set))
		return false;
	*new = set->args.sibling(set, size, align, gfp, nid);
	rows_put(set);
	return true;
}

/* Memory for an object that moves. */
static void *alloc_beside(const void *p, size_t size, size_t align, gfp_t gfp, int nid)
{
	void *new;

	if (unlikely(resize_in_heap(p, size, align, gfp, nid, &new)))
		return new;
	return galloc_node_aligned(size, align, gfp, nid);
}

/* One that is guarded is mapped elsewhere. */
static int node_of(const void *p)
{
	return page_to_nid(is_vmalloc_addr(p) ? vmalloc_to_page(p) : virt_to_page(p));
}

/*
 * For what can do without it: no reserves, no effort, and no refusal is counted.  The caller may
 * sleep: what is set aside for those that cannot is not for it.
 */
static gfp_t gfp_at_hand(gfp_t gfp)
{
	gfp &= ~(__GFP_HIGH | __GFP_MEMALLOC | __GFP_RETRY_MAYFAIL | __GFP_NOFAIL);
	return gfp | __GFP_NOWARN | __GFP_NORETRY | GALLOC_GFP_AT_HAND;
}

/**
 * grealloc_node_aligned() - change the size of an object, with alignment and node
 * @p: the object; NULL and ZERO_SIZE_PTR: allocate a new one
 * @size: bytes wanted; 0: free @p
 * @align: alignment in bytes, a power of two; 1: that of galloc(@size) where it moves
 * @gfp: allocation flags.  With __GFP_ZERO (or init_on_alloc) the bytes beyond the old
 *	size read as zero, if every call for this object had it
 * @nid: node, or NUMA_NO_NODE
 *
 * Stays in place if the object is large enough and so aligned.  One on another node
 * than @nid moves only with __GFP_THISNODE, or to grow.  One that is not aligned as that
 * of galloc(@size) moves if @gfp allows to sleep and memory is at hand, and else stays.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it.
 * Return: The object, ZERO_SIZE_PTR if @size is 0, or NULL; @p is unchanged in the
 * latter case.  NULL with one warning if @align is not a power of two.
 */
void *grealloc_node_aligned(const void *p, size_t size, size_t align, gfp_t gfp,
			    int nid)
{
	bool fits, aligned;
	size_t have;
	void *new;

	if (!api_alloc_ok(gfp) || !api_align_ok(align))
		return NULL;
	if (ZERO_OR_NULL_PTR(p))
		return galloc_node_aligned(size, align, gfp, nid);
	if (!size) {
		gfree(p);
		return ZERO_SIZE_PTR;
	}
	have = resize_have(p);
	if (!have)
		return NULL;
	fits = have >= size && IS_ALIGNED(addr_of(p), align) &&
	       (!(gfp & __GFP_THISNODE) || nid == NUMA_NO_NODE ||
		node_of(p) == nid);
	/* The atomic reserve is not for that. */
	aligned = IS_ALIGNED(addr_of(p), size & -size) || !gfpflags_allow_blocking(gfp);
	new = fits && aligned ? NULL :
	      alloc_beside(p, size, align, fits ? gfp_at_hand(gfp) : gfp, nid);
	if (new) {
		memcpy(new, p, min(resize_kept(p, have), size));
		gfree(p);
	} else if (fits) {
		resize_in_place(p, size, have, gfp);
		return (void *)p;
	}
	return new;
}
EXPORT_SYMBOL_GPL(grealloc_node_aligned);

/**
 * grealloc() - change the size of an object
 * @p: the object; NULL and ZERO_SIZE_PTR: allocate a new one
 * @size: bytes wanted; 0: free @p
 * @gfp: allocation flags, as for grealloc_node_aligned()
 *
 * Stays in place or not as grealloc_node_aligned() does.  One that moves is as galloc(@size)
 * returns it: it has neither the alignment that galloc_aligned() nor the node that
 * galloc_node() gave the old one.  grealloc_aligned() and grealloc_node_aligned() take
 * them again.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it.
 * Return: The object, ZERO_SIZE_PTR if @size is 0, or NULL; @p is unchanged in the
 * latter case.
 */
void *grealloc(const void *p, size_t size, gfp_t gfp)
{
	return grealloc_node_aligned(p, size, 1, gfp, NUMA_NO_NODE);
}
EXPORT_SYMBOL_GPL(grealloc);

/* ---- frees that look at the size ---------------------------------------------------- */

/* May it be the size that an object was requested with? */
static bool size_fits(const struct target *t, size_t size)
{
	if (t->asked)
		return size >= t->asked && size <= t->size;
	return t->padded || t->size == galloc_size_roundup(size);
}

/**
 * gfree_sized() - free an object whose size is known
 * @p: from galloc() or another allocating function
 * @size: the requested size; that of its cache
 *
 * Reports a size for which galloc() would have returned an object of another size, and
 * frees nothing; where the object is watched, any other size.  Of an object of a typed cache
 * it may be anything from galloc_cache_size() to gsize().  Not for objects of galloc_aligned()
 * and galloc_from_aligned(), or that grealloc() has shrunk in place: their class does not
 * follow from their size.
 *
 * Context: Any but NMI.
 */
void gfree_sized(const void *p, size_t size)
{
	bool known = false;
	struct target t;

	if (ZERO_OR_NULL_PTR(p) || !api_enter_ok())
		return;
	if (gate_has_tables() && gate_size_is(p, size, &known)) {
		gfree(p);
		return;
	}
	if (known || (api_target_of(p, &t) == FOUND_OBJECT && !size_fits(&t, size))) {
		report_fault(FAULT_WRONG_SIZE, p);
		return;
	}
	gfree(p);
}
EXPORT_SYMBOL_GPL(gfree_sized);

/**
 * gfree_sensitive() - clear an object and free it
 * @p: from any allocating function of galloc; NULL and ZERO_SIZE_PTR are fine
 *
 * Clears all bytes of the object, including those beyond the requested size.
 *
 * Context: Any but NMI.
 */
void gfree_sensitive(const void *p)
{
	struct target t;

	if (ZERO_OR_NULL_PTR(p) || !api_enter_ok())
		return;
	if (api_target_of(p, &t) == FOUND_OBJECT &&
	    (!gate_has_tables() || gate_see_sized(p)))
		memzero_explicit((void *)p, t.size);
	gfree(p);
}
EXPORT_SYMBOL_GPL(gfree_sensitive);
