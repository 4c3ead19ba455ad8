// SPDX-License-Identifier: GPL-2.0
/*
 * api: the functions that galloc exports.
 *
 * Checks a request, picks its class, and tries again when memory is short; what
 * it takes to serve or free an object is the business of the layers below.
 * Calls mcache.c, stash.c, large.c and mcentral.c; owns no lock.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/log2.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

/* ---- allocation ---------------------------------------------------------------------- */

static __always_inline void *init_object(void *obj, size_t size, gfp_t gfp)
{
	if (want_init_on_alloc(gfp))
		memset(obj, 0, size);
	return obj;
}

/* Out of line, so that the size is only looked up where it is needed. */
static noinline void *clear_object(void *obj, unsigned int class)
{
	return memset(obj, 0, sizeclasses[class].size);
}

static noinline void clear_objects(void **p, size_t n, unsigned int class)
{
	while (n--)
		clear_object(*p++, class);
}

/* May the request be served at all?  What may not is warned about once. */
static bool gfp_acceptable(gfp_t gfp, unsigned int npages)
{
	if (WARN_ONCE(gfp & GALLOC_GFP_ZONES,
		      "galloc: no memory of a zone: gfp %#x\n",
		      (__force unsigned int)gfp))
		return false;
	if (!(gfp & __GFP_NOFAIL))
		return true;
	return !WARN_ONCE(npages > 1U << PAGE_ALLOC_COSTLY_ORDER ||
			  !gfpflags_allow_blocking(gfp),
			  "galloc: __GFP_NOFAIL refused for %u pages, gfp %#x\n",
			  npages, (__force unsigned int)gfp);
}

/*
 * The second chance of an allocation: give it what caches and lists hold.
 * @npages and more go back to the system so that they count against the limit no
 * more, and can be had in another shape.
 */
static void relieve(gfp_t gfp, unsigned long npages)
{
	mcache_relieve(gfp);
	if (may_grow())
		mheap_release(max_t(unsigned long, npages, ARENA_PAGES),
			      RELEASE_ALL);
}

/* An object when the stack had none. */
static noinline void *alloc_slow(unsigned int class, gfp_t gfp)
{
	bool nofail = gfp & __GFP_NOFAIL;
	void *obj;

	might_alloc(gfp);
	if (WARN_ONCE(in_nmi(), "galloc: called from an NMI\n"))
		return NULL;
	gfp &= ~__GFP_NOFAIL;

	for (;;) {
		obj = mcache_alloc_slow(class, gfp | __GFP_NOWARN);
		if (likely(obj))
			break;
		relieve(gfp, 0);
		obj = mcache_alloc_slow(class, gfp);
		if (obj)
			break;
		count_event(EVENT_ALLOC_FAILED);
		if (!nofail)
			return NULL;
		memalloc_retry_wait(gfp);
	}
	return init_object(obj, sizeclasses[class].size, gfp);
}

/* An object when the flags ask for more than the fast path looks at. */
static noinline void *alloc_rare(unsigned int class, gfp_t gfp)
{
	void *obj;

	/* A span is grown whole, but an object is what must not fail. */
	if (!gfp_acceptable(gfp, 1))
		return NULL;
	if (!mcache_pop(class, &obj))
		return alloc_slow(class, gfp);
	return init_object(obj, sizeclasses[class].size, gfp);
}

/*
 * Only one of these flags is not rare: of what a kernel allocates, near half is to be
 * zero, and most of that is small.
 */
static noinline void *alloc_flagged(unsigned int class, gfp_t gfp)
{
	void *obj;

	if (unlikely((gfp & GALLOC_GFP_RARE) != __GFP_ZERO))
		return alloc_rare(class, gfp);
	if (unlikely(!mcache_pop(class, &obj)))
		return alloc_slow(class, gfp);
	return memset(obj, 0, sizeclasses[class].size);
}

static __always_inline void *alloc_class(unsigned int class, gfp_t gfp)
{
	void *obj;

	if (IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_alloc(gfp);
	if (unlikely(gfp & GALLOC_GFP_RARE))
		return alloc_flagged(class, gfp);
	if (unlikely(!mcache_pop(class, &obj)))
		return alloc_slow(class, gfp);
	if (want_init_on_alloc(0))
		return clear_object(obj, class);
	return obj;
}

/**
 * galloc_class() - allocate an object of a size class
 * @class: from galloc_size_class_const(); galloc() fills it in
 * @gfp: allocation flags
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: The object, or NULL.
 */
void *galloc_class(unsigned int class, gfp_t gfp)
{
	return alloc_class(class, gfp);
}
EXPORT_SYMBOL_GPL(galloc_class);

static void *get_large(size_t size, size_t align, int nid, gfp_t gfp)
{
	struct mspan *s = stash_alloc(PAGE_ALIGN(size) >> PAGE_SHIFT,
				      max(align, PAGE_SIZE) >> PAGE_SHIFT, nid);

	return s ? mheap_hand_out(s, gfp) :
		   mheap_alloc_large(size, align, nid, gfp);
}

static void *alloc_large(size_t size, size_t align, int nid, gfp_t gfp)
{
	bool nofail = gfp & __GFP_NOFAIL;
	void *p;

	might_alloc(gfp);
	if (WARN_ONCE(in_nmi(), "galloc: called from an NMI\n"))
		return NULL;
	if (size > (size_t)GALLOC_MAX_PAGES << PAGE_SHIFT ||
	    align > (size_t)GALLOC_MAX_PAGES << PAGE_SHIFT) {
		WARN_ONCE(!(gfp & __GFP_NOWARN),
			  "galloc: %zu bytes are beyond the largest order\n",
			  size);
		return NULL;
	}
	if (!gfp_acceptable(gfp, PAGE_ALIGN(size) >> PAGE_SHIFT))
		return NULL;
	gfp &= ~__GFP_NOFAIL;

	for (;;) {
		p = get_large(size, align, nid, gfp | __GFP_NOWARN);
		if (likely(p))
			return p;
		relieve(gfp, max(size, align) >> PAGE_SHIFT);
		p = get_large(size, align, nid, gfp);
		if (p)
			return p;
		count_event(EVENT_ALLOC_FAILED);
		if (!nofail)
			return NULL;
		memalloc_retry_wait(gfp);
	}
}

/* The alignment kmalloc() promises a size: its largest power-of-two divisor. */
static size_t natural_align(size_t size)
{
	return size & -size;
}

/**
 * galloc_large() - allocate more than GALLOC_MAX_SMALL bytes
 * @size: bytes wanted; whole pages are given
 * @gfp: allocation flags
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it.
 * Return: The object, or NULL; NULL with one warning if @size is beyond the
 * largest order of the page allocator.
 */
void *galloc_large(size_t size, gfp_t gfp)
{
	return alloc_large(size, natural_align(size), numa_mem_id(), gfp);
}
EXPORT_SYMBOL_GPL(galloc_large);

/**
 * galloc_any() - allocate an object whose size is not a constant
 * @size: bytes wanted
 * @gfp: allocation flags
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: The object, ZERO_SIZE_PTR for 0, or NULL.
 */
void *galloc_any(size_t size, gfp_t gfp)
{
	unsigned int class = sizeclass_of(size);

	if (unlikely(!class))
		return size ? galloc_large(size, gfp) : ZERO_SIZE_PTR;
	return alloc_class(class, gfp);
}
EXPORT_SYMBOL_GPL(galloc_any);

static bool node_usable(int nid)
{
	return nid >= 0 && nid < nr_node_ids && node_state(nid, N_MEMORY);
}

/**
 * galloc_node() - allocate on a node
 * @size: bytes wanted
 * @gfp: allocation flags; __GFP_THISNODE: of no other node
 * @nid: node, or NUMA_NO_NODE.  One without memory is treated as
 *	NUMA_NO_NODE, unless __GFP_THISNODE insists on it
 *
 * Another node than the CPU's own has no stack here: that is a slow path.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: As galloc().
 */
void *galloc_node(size_t size, gfp_t gfp, int nid)
{
	unsigned int class = sizeclass_of(size);
	void *obj;

	if (nid != NUMA_NO_NODE && !node_usable(nid)) {
		if (gfp & __GFP_THISNODE)
			return NULL;
		nid = NUMA_NO_NODE;
	}
	if (nid == NUMA_NO_NODE || nid == numa_mem_id() || !size)
		return galloc_any(size, gfp);
	if (!class)
		return alloc_large(size, natural_align(size), nid, gfp);

	might_alloc(gfp);
	if (!gfp_acceptable(gfp, 1))
		return NULL;
	for (;;) {
		gfp_t once = gfp & ~__GFP_NOFAIL;

		obj = mcentral_alloc(mcentral_row(nid, class), once);
		if (obj)
			return init_object(obj, sizeclasses[class].size, gfp);
		relieve(gfp, 0);
		obj = mcentral_alloc(mcentral_row(nid, class), once);
		if (obj)
			return init_object(obj, sizeclasses[class].size, gfp);
		count_event(EVENT_ALLOC_FAILED);
		if (!(gfp & __GFP_NOFAIL))
			return NULL;
		memalloc_retry_wait(gfp);
	}
}
EXPORT_SYMBOL_GPL(galloc_node);

/* The smallest class that holds @size and aligns it to @align; 0 if none. */
static unsigned int aligned_class(size_t size, size_t align)
{
	unsigned int class;

	for (class = sizeclass_of(size); class && class < GALLOC_NR_CLASSES;
	     class++)
		if (natural_align(sizeclasses[class].size) >= align)
			return class;
	return 0;
}

/**
 * galloc_aligned() - allocate at an alignment
 * @size: bytes wanted
 * @align: alignment in bytes, a power of two
 * @gfp: allocation flags
 *
 * The object may be of a larger class than @size alone would get; free it with
 * gfree(), not with gfree_sized().
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: As galloc(); NULL with one warning if @align is no power of two.
 */
void *galloc_aligned(size_t size, size_t align, gfp_t gfp)
{
	unsigned int class;

	if (WARN_ONCE(!is_power_of_2(align),
		      "galloc: alignment %zu is not a power of two\n", align))
		return NULL;
	if (!size)
		return ZERO_SIZE_PTR;
	class = aligned_class(size, align);
	if (class)
		return alloc_class(class, gfp);
	return alloc_large(size, max(align, natural_align(size)), numa_mem_id(),
			   gfp);
}
EXPORT_SYMBOL_GPL(galloc_aligned);

/* ---- free ------------------------------------------------------------------------------ */

/*
 * Bytes of the object at @p; 0 if it is none, without a report.  *@reserve: they
 * are more than the size asked for led to.
 */
static size_t object_size(const void *p, bool *reserve)
{
	enum mspan_found found;
	struct object o;

	*reserve = false;
	rcu_read_lock();
	found = mspan_resolve(p, &o);
	rcu_read_unlock();
	if (found == FOUND_OBJECT)
		return mcentral_rows[o.row]->sc->size;
	return found == FOUND_NO_SPAN ? mheap_large_size(p, reserve) : 0;
}

static noinline void free_slow(const void *p)
{
	if (WARN_ONCE(in_nmi(), "galloc: called from an NMI\n"))
		return;
	mcache_free_slow(p);
}

/* gfree() on a kernel that clears what is freed. */
static noinline void free_wiped(const void *p)
{
	bool reserve;
	size_t size = ZERO_OR_NULL_PTR(p) ? 0 : object_size(p, &reserve);

	if (size)
		memset((void *)p, 0, size);
	if (!mcache_push(p))
		free_slow(p);
}

/**
 * gfree() - free an object
 * @p: from any allocating function of galloc; NULL and ZERO_SIZE_PTR are fine
 *
 * Context: Any but NMI.
 */
void gfree(const void *p)
{
	if (want_init_on_free())
		free_wiped(p);
	else if (unlikely(!mcache_push(p)))
		free_slow(p);
}
EXPORT_SYMBOL_GPL(gfree);

/**
 * gfree_sized() - free an object whose size is known
 * @p: from galloc() and its like
 * @size: what was asked for
 *
 * A size that galloc() would not have served with this object is reported, and
 * nothing freed.  Not for objects of galloc_aligned(), or that grealloc() has
 * shrunk in place: their class does not follow from their size.
 *
 * Context: Any but NMI.
 */
void gfree_sized(const void *p, size_t size)
{
	bool reserve;
	size_t have;

	if (ZERO_OR_NULL_PTR(p))
		return;
	have = object_size(p, &reserve);
	if (have && !reserve && have != galloc_size_roundup(size)) {
		galloc_report(FAULT_WRONG_SIZE, p);
		return;
	}
	gfree(p);
}
EXPORT_SYMBOL_GPL(gfree_sized);

/**
 * gfree_sensitive() - clear an object and free it
 * @p: from any allocating function of galloc; NULL and ZERO_SIZE_PTR are fine
 *
 * All bytes of the object are cleared, those beyond what was asked for too.
 *
 * Context: Any but NMI.
 */
void gfree_sensitive(const void *p)
{
	bool reserve;
	size_t size;

	if (ZERO_OR_NULL_PTR(p))
		return;
	size = object_size(p, &reserve);
	if (size)
		memzero_explicit((void *)p, size);
	gfree(p);
}
EXPORT_SYMBOL_GPL(gfree_sensitive);

/* ---- size -------------------------------------------------------------------------------- */

/**
 * gsize() - bytes an object really has
 * @p: from any allocating function of galloc
 *
 * All of them may be used.
 *
 * Context: Any but NMI.
 * Return: Bytes; 0 for NULL, ZERO_SIZE_PTR, and, reported, for what is not the
 * start of an object.
 */
size_t gsize(const void *p)
{
	enum mspan_found found;
	struct object o;
	bool reserve;
	size_t size;

	if (ZERO_OR_NULL_PTR(p))
		return 0;
	size = object_size(p, &reserve);
	if (size)
		return size;
	rcu_read_lock();
	found = mspan_resolve(p, &o);
	rcu_read_unlock();
	galloc_report_free(p, found);
	return 0;
}
EXPORT_SYMBOL_GPL(gsize);

/**
 * galloc_size_roundup() - bytes a request would get
 * @size: bytes of the request
 *
 * Return: What gsize() will say of an object of galloc(@size); @size itself if
 * it is beyond the largest request.
 */
size_t galloc_size_roundup(size_t size)
{
	unsigned int class = sizeclass_of(size);

	if (class)
		return sizeclasses[class].size;
	if (size > (size_t)GALLOC_MAX_PAGES << PAGE_SHIFT)
		return size;
	return PAGE_ALIGN(size);
}
EXPORT_SYMBOL_GPL(galloc_size_roundup);

/**
 * grealloc() - change the size of an object
 * @p: the object; NULL and ZERO_SIZE_PTR: a new one is allocated
 * @size: bytes wanted; 0: @p is freed
 * @gfp: allocation flags.  With __GFP_ZERO (or init_on_alloc) what lies beyond
 *	the old size reads as zero, if every call for this object had it
 *
 * Stays in place when the object is large enough.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it.
 * Return: The object, ZERO_SIZE_PTR if @size is 0, or NULL; then @p is as it
 * was.
 */
void *grealloc(const void *p, size_t size, gfp_t gfp)
{
	size_t have;
	void *new;

	if (ZERO_OR_NULL_PTR(p))
		return galloc_any(size, gfp);
	if (!size) {
		gfree(p);
		return ZERO_SIZE_PTR;
	}
	have = gsize(p);
	if (!have)
		return NULL;
	if (have >= size) {
		/* So that growing again in place finds zeroes there. */
		if (want_init_on_alloc(gfp))
			memset((void *)p + size, 0, have - size);
		return (void *)p;
	}
	new = galloc_any(size, gfp);
	if (new) {
		memcpy(new, p, have);
		gfree(p);
	}
	return new;
}
EXPORT_SYMBOL_GPL(grealloc);

/* ---- many at once, and later ------------------------------------------------------------- */

/**
 * gfree_bulk() - free many objects
 * @nr: number of pointers
 * @p: pointers, NULL and ZERO_SIZE_PTR among them are fine
 *
 * Context: Any but NMI.
 */
void gfree_bulk(size_t nr, void **p)
{
	while (nr) {
		size_t n = want_init_on_free() ? 0 : mcache_push_run(p, nr);

		/* Whatever stopped the run, gfree() knows what to do with it. */
		if (n < nr)
			gfree(p[n++]);
		p += n;
		nr -= n;
	}
}
EXPORT_SYMBOL_GPL(gfree_bulk);

/**
 * galloc_bulk() - allocate many objects of one size
 * @size: bytes of each
 * @gfp: allocation flags
 * @nr: number of objects
 * @p: filled with their addresses
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: @nr, or 0 if not all could be had; then none is held.
 */
size_t galloc_bulk(size_t size, gfp_t gfp, size_t nr, void **p)
{
	unsigned int class = sizeclass_of(size);
	size_t i = 0, n;

	while (i < nr) {
		n = 0;
		if (class && !(gfp & GALLOC_GFP_ZONES))
			n = mcache_pop_many(class, nr - i, p + i);
		if (want_init_on_alloc(gfp))
			clear_objects(p + i, n, class);
		i += n;
		if (i == nr)
			break;
		p[i] = galloc_any(size, gfp);
		if (!p[i]) {
			gfree_bulk(i, p);
			return 0;
		}
		i++;
	}
	return nr;
}
EXPORT_SYMBOL_GPL(galloc_bulk);

/* The object an address lies in, NULL if there is none. */
static void *object_around(const void *p)
{
	enum mspan_found found;
	struct object o;
	struct mspan s;
	void *obj = NULL;

	rcu_read_lock();
	found = mspan_resolve(p, &o);
	if (found == FOUND_OBJECT || found == FOUND_INTERIOR)
		obj = mspan_object(o.span, o.index);
	rcu_read_unlock();
	if (!obj && mheap_span_around(p, &s) && mspan_state(&s) == MSPAN_LARGE)
		obj = (void *)s.start;
	return obj;
}

static void free_rcu_callback(struct rcu_head *head)
{
	void *obj = object_around(head);

	gfree(obj ?: head);
}

/**
 * galloc_free_rcu() - free an object after a grace period
 * @head: anywhere in the object; gfree_rcu() fills it in
 *
 * Context: Any but NMI.
 */
void galloc_free_rcu(struct rcu_head *head)
{
	call_rcu(head, free_rcu_callback);
}
EXPORT_SYMBOL_GPL(galloc_free_rcu);
