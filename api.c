// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * api: the functions that galloc exports.
 *
 * Checks a request, picks its class, and retries when memory is short; the layers below
 * allocate and free the objects.  Calls mcache.c for small ones and large.c for those of
 * whole pages; owns no lock.  Overview: galloc_mod.c.
 */
#include "debug/guard.h"
#include "mcache.h"
#include "observe/profile.h"
#include "observe/tracepoints.h"

#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/string.h>

/* ---- checks on entry ------------------------------------------------------------------ */

noinline __cold bool api_refuse_nmi(void)
{
	count_event(EVENT_NMI);
	WARN_ONCE(1, "galloc: called from an NMI\n");
	return false;
}

static __always_inline void *init_object(void *obj, size_t size, gfp_t gfp)
{
	if (want_init_on_alloc(gfp))
		memset(obj, 0, size);
	return obj;
}

/* Out of line, so that the size is looked up only if it is needed. */
static noinline void *clear_object(void *obj, unsigned int class)
{
	return memset(obj, 0, sizeclasses[class].size);
}

static noinline void clear_objects(void **p, size_t n, unsigned int class)
{
	while (n--)
		clear_object(*p++, class);
}

static void *init_row_object(const struct rowset *set, void *obj, gfp_t gfp)
{
	/* Whoever asks has made sure that there is no constructor. */
	if (set->args.flags & ROWS_KEEP)
		return gfp & __GFP_ZERO ? memset(obj, 0, set->args.sc.size) : obj;
	return init_object(obj, set->args.sc.size, gfp);
}

/* ---- requests that the stack cannot serve --------------------------------------------- */

/**
 * struct request - an allocation in its slow path
 * @class: size class; 0: whole pages
 * @set: set of rows, or NULL
 * @size: bytes wanted, for whole pages; 0 for an object of a set
 * @align: alignment in bytes, a power of two, for whole pages
 * @nid: node wanted, NUMA_NO_NODE: the CPU's own
 * @gfp: the caller's flags
 * @asked: bytes that the caller asked for, for those who watch; 0: not known
 */
struct request {
	unsigned int class;
	struct rowset *set;
	size_t size;
	size_t align;
	int nid;
	gfp_t gfp;
	size_t asked;
};

/* Is the request valid?  Warns once if it is not: out of line, as api_align_ok(). */
static noinline bool request_ok(const struct request *r)
{
	gfp_t gfp = r->gfp;

	if (WARN_ONCE(gfp & GALLOC_GFP_ZONES,
		      "galloc: zone flags are not supported: gfp %#x\n",
		      (__force unsigned int)gfp))
		return false;
	if (WARN_ONCE((gfp & __GFP_NOFAIL) && !gfpflags_allow_blocking(gfp),
		      "galloc: __GFP_NOFAIL without __GFP_DIRECT_RECLAIM: gfp %#x\n",
		      (__force unsigned int)gfp))
		return false;
	if (likely(r->class || !r->size))
		return true;
	if (likely(r->size <= GALLOC_MAX_BYTES && r->align <= GALLOC_MAX_BYTES))
		return true;
	WARN_ONCE(!(gfp & __GFP_NOWARN),
		  "galloc: %zu bytes exceed the largest order\n",
		  max(r->size, r->align));
	return false;
}

/* A small object for a request.  Its bytes are still those that it was freed with. */
static void *request_init(const struct request *r, void *obj, gfp_t gfp)
{
	if (gate_has_tables())
		gate_see_taken(obj, false);
	if (r->class)
		return init_object(obj, sizeclasses[r->class].size, gfp);
	return init_row_object(r->set, obj, gfp);
}

static void *get_once(const struct request *r, gfp_t gfp)
{
	void *obj;

	if (unlikely(r->set && !r->size)) {
		obj = mcache_alloc_set(r->set, r->nid, gfp);
		if (!obj && !rows_alloc(r->set, r->nid, gfp, 1, &obj))
			return NULL;
	} else if (r->class) {
		obj = mcache_alloc_slow(r->class, r->nid, gfp);
	} else {
		return large_alloc(r->set, r->size, r->align, r->nid, gfp);
	}
	return likely(obj) ? request_init(r, obj, gfp) : NULL;
}

/* The account whose limit refuses a request of a set now; or NULL. */
static struct row_account *refused_by(const struct request *r)
{
	if (likely(!r->set))
		return NULL;
	return account_refused_by(r->set, r->size ? large_takes(r->size, r->align) : 0);
}

/*
 * Is a request of a set refused by its owner's limit?  That is counted, then.  Out of line:
 * some kernels warn once for each copy of a WARN_ONCE().
 */
static noinline bool over_limit(const struct request *r, bool waited)
{
	struct row_account *a = refused_by(r);

	if (likely(!a))
		return false;
	account_refused(a, waited);
	if (trace_heap_limit_enabled())
		trace_heap_limit(r->set, a, r->size ?: r->set->args.sc.size, trace_caller());
	WARN_ONCE(r->gfp & __GFP_NOFAIL,
		  "galloc: __GFP_NOFAIL at the limit of cache or heap %s\n",
		  r->set->args.name);
	return true;
}

/* The bytes of the object that a request gets. */
static size_t request_takes(const struct request *r)
{
	if (r->size && !r->class)
		return large_takes(r->size, r->align);
	return r->class ? sizeclasses[r->class].size : r->set->args.sc.size;
}

/* The pages that it needs in one piece. */
static unsigned long request_pages(const struct request *r)
{
	return max(PFN_UP(request_takes(r)), r->align >> PAGE_SHIFT);
}

/* Is its object to be sampled?  Then the bytes, else 0; @obj as for sample_is_due(). */
static noinline size_t request_sampled(const struct request *r, void **obj)
{
	size_t takes = request_takes(r);
	bool due = r->class || !r->size ?
		sample_is_due(r->class, r->set, r->nid, takes, obj) : sample_by_bytes(takes);

	return due ? takes : 0;
}

/*
 * Serve any request that the fast path does not.  The first try is silent; before the
 * second, galloc's caches are released.  Only the second uses __GFP_NOFAIL, if the
 * caller gave it: it exceeds the limit, and can fail only if it needs a longer run than
 * the page allocator guarantees.  The first has nobody killed for it then.
 */
static void *serve(const struct request *r)
{
	bool sleeps = gfpflags_allow_blocking(r->gfp), settled = false, waited = false, owed, eased;
	struct row_account *a;
	unsigned long npages;
	gfp_t gfp = r->gfp;
	void *obj = NULL;
	size_t sampled;

	if (!api_alloc_ok(gfp) || !request_ok(r))
		return NULL;
	allocinfo_see();
	sampled = sample_is_on() ? request_sampled(r, &obj) : 0;
	if (obj)
		obj = request_init(r, obj, gfp);
	while (!obj) {
		obj = get_once(r, gfp_may_fail(gfp));
		if (likely(obj))
			break;
		if (gfp & GALLOC_GFP_ONCE)
			return NULL;
		/* What was freed, and is not yet free; once: more may come all the time. */
		if (!settled) {
			settled = true;
			owed = nolock_relieve(gfp);
			/* Last: it may keep what the other has freed. */
			if (quarantine_flush(sleeps) || owed)
				continue;
		}
		/* Memory of others would not help, but what CPUs keep of the owner's may. */
		a = refused_by(r);
		if (unlikely(a)) {
			if (stacks_relieve(a, gfp))
				obj = get_once(r, gfp_may_fail(gfp));
			if (!obj && account_relieve(a, gfp, &waited))
				obj = get_once(r, gfp_may_fail(gfp));
			if (obj)
				break;
			if (over_limit(r, waited))
				return NULL;
		}
		npages = request_pages(r);
		eased = relief_for(gfp, npages, r->nid);
		obj = get_once(r, gfp);
		relief_over(npages, r->nid, eased, obj);
		if (obj)
			break;
		count_event(EVENT_ALLOC_FAILED);
		if (over_limit(r, false) || !(gfp & __GFP_NOFAIL))
			return NULL;
		gfp |= __GFP_NOWARN;
		memalloc_retry_wait(gfp);
	}
	if (gate_is_watched())
		gate_see_alloc(obj, r->asked, r->gfp);
	if (unlikely(sampled))
		profile_add(obj, sampled, false);
	return obj;
}

/* The stack is empty, or the flags need more than the fast path checks. */
static noinline void *alloc_slow(unsigned int class, gfp_t gfp, size_t asked)
{
	const struct request r = { .class = class, .nid = NUMA_NO_NODE, .asked = asked,
				   .gfp = gfp };

	return serve(&r);
}

static noinline void *alloc_large(size_t size, size_t align, int nid, gfp_t gfp)
{
	const struct request r = { .size = size, .align = align, .nid = nid, .gfp = gfp,
				   .asked = size };

	return serve(&r);
}

/* ---- allocation ---------------------------------------------------------------------- */

/* Only one of these flags is not rare: nearly half of a kernel's allocations are zeroed. */
static noinline void *alloc_flagged(unsigned int class, gfp_t gfp, size_t asked)
{
	void *obj;

	if (unlikely((gfp & GALLOC_GFP_RARE) != __GFP_ZERO) || allocinfo_is_due() ||
	    unlikely(!mcache_pop(class, &obj)))
		return alloc_slow(class, gfp, asked);
	return memset(obj, 0, sizeclasses[class].size);
}

/* @asked: bytes that the caller asked for; 0: not known.  Only the slow path reads it. */
static __always_inline void *alloc_class(unsigned int class, gfp_t gfp, size_t asked)
{
	void *obj;

	if (IS_ENABLED(CONFIG_LOCKDEP) || IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		might_alloc(gfp);
	if (!gfp_is_plain(gfp))
		return alloc_flagged(class, gfp, asked);
	if (unlikely(!mcache_pop(class, &obj)))
		return alloc_slow(class, gfp, asked);
	if (want_init_on_alloc(0))
		return clear_object(obj, class);
	return obj;
}

/* galloc_class() of a constant class; the number is not checked. */
#ifdef __GALLOC_SIZED
void *galloc_class_abi2(unsigned int class, gfp_t gfp, size_t size)
{
	return alloc_class(class, gfp, size);
}
#else
void *galloc_class_abi2(unsigned int class, gfp_t gfp)
{
	return alloc_class(class, gfp, 0);
}
#endif
EXPORT_SYMBOL_GPL(galloc_class_abi2);

/**
 * galloc_class_checked() - galloc_class() with any number
 * @class: any number
 * @gfp: allocation flags
 *
 * Context: As galloc_class().
 * Return: The object, or NULL; NULL with one warning if @class is not a class.
 */
void *galloc_class_checked(unsigned int class, gfp_t gfp)
{
	if (WARN_ONCE(!class || class >= GALLOC_NR_CLASSES,
		      "galloc: %u is not a size class\n", class))
		return NULL;
	return alloc_class(class, gfp, 0);
}
EXPORT_SYMBOL_GPL(galloc_class_checked);

/* The alignment kmalloc() promises a size: its largest power-of-two divisor. */
static size_t natural_align(size_t size)
{
	return size & -size;
}

/**
 * galloc_large() - allocate more than GALLOC_MAX_SMALL bytes
 * @size: bytes wanted; served as whole pages, above 2 MiB as a whole order.  A smaller
 *	size is served as by galloc_any()
 * @gfp: allocation flags
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it.
 * Return: The object, or NULL; NULL with one warning if @size is beyond the
 * largest order of the page allocator.
 */
void *galloc_large(size_t size, gfp_t gfp)
{
	if (unlikely(size <= GALLOC_MAX_SMALL))
		return galloc_any(size, gfp);
	return alloc_large(size, natural_align(size), NUMA_NO_NODE, gfp);
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

	if (likely(class))
		return alloc_class(class, gfp, size);
	if (!size)
		return ZERO_SIZE_PTR;
	return alloc_large(size, natural_align(size), NUMA_NO_NODE, gfp);
}
EXPORT_SYMBOL_GPL(galloc_any);

/* A node without memory is none, or a reason to refuse. */
static bool node_choose(int *nid, gfp_t gfp)
{
	if (*nid == NUMA_NO_NODE || (*nid >= 0 && *nid < nr_node_ids && node_has_pages(*nid)))
		return true;
	*nid = NUMA_NO_NODE;
	return !(gfp & __GFP_THISNODE);
}

/* Serve a request for a node. */
static void *serve_node(const struct request *r)
{
	void *obj;

	galloc_pause(PAUSE_NODE_CHOSEN, r);
	if (r->class && gfp_is_plain(r->gfp)) {
		obj = mcache_pop_node(r->class, r->nid);
		if (obj) {
			request_init(r, obj, r->gfp);
			if (gate_is_watched())
				gate_see_alloc(obj, r->asked, r->gfp);
			return obj;
		}
	}
	return serve(r);
}

/**
 * galloc_node() - allocate on a node
 * @size: bytes wanted
 * @gfp: allocation flags; __GFP_THISNODE: on no other node
 * @nid: node, or NUMA_NO_NODE.  A node without memory is treated as
 *	NUMA_NO_NODE, unless @gfp has __GFP_THISNODE
 *
 * Another node than the CPU's own has no stack here and takes a slow path.  The CPU is
 * the one that takes the object: a task may migrate until then.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: As galloc().
 */
void *galloc_node(size_t size, gfp_t gfp, int nid)
{
	struct request r = {
		.class = sizeclass_of(size), .size = size,
		.align = natural_align(size), .nid = nid, .gfp = gfp, .asked = size,
	};

	if (!api_alloc_ok(gfp))
		return NULL;
	if (!size)
		return ZERO_SIZE_PTR;
	if (!node_choose(&r.nid, gfp))
		return NULL;
	return r.nid == NUMA_NO_NODE ? galloc_any(size, gfp) : serve_node(&r);
}
EXPORT_SYMBOL_GPL(galloc_node);

/* The smallest class that holds @size and aligns it to @align; 0 if there is none. */
unsigned int api_aligned_class(size_t size, size_t align)
{
	unsigned int class;

	for (class = sizeclass_of(size); class && class < GALLOC_NR_CLASSES;
	     class++)
		if (natural_align(sizeclasses[class].size) >= align)
			return class;
	return 0;
}

/* Out of line, for all callers: some kernels warn once for each copy of a WARN_ONCE(). */
noinline bool api_align_ok(size_t align)
{
	return !WARN_ONCE(!is_power_of_2(align),
			  "galloc: alignment %zu is not a power of two\n", align);
}

/**
 * galloc_node_aligned() - allocate at an alignment, on a node
 * @size: bytes wanted
 * @align: alignment in bytes, a power of two
 * @gfp: allocation flags
 * @nid: as for galloc_node()
 *
 * The object may be of a larger class than @size alone would need; free it with
 * gfree(), not with gfree_sized().
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: As galloc_node(); NULL with one warning if @align is not a power of two.
 */
void *galloc_node_aligned(size_t size, size_t align, gfp_t gfp, int nid)
{
	struct request r = {
		.class = api_aligned_class(size, align), .size = size,
		.align = max(align, natural_align(size)), .nid = nid, .gfp = gfp,
		.asked = size,
	};

	if (!api_alloc_ok(gfp) || !api_align_ok(align))
		return NULL;
	if (!size)
		return ZERO_SIZE_PTR;
	if (!node_choose(&r.nid, gfp))
		return NULL;
	if (r.nid != NUMA_NO_NODE)
		return serve_node(&r);
	return r.class ? alloc_class(r.class, gfp, size) : serve(&r);
}
EXPORT_SYMBOL_GPL(galloc_node_aligned);

/**
 * galloc_aligned() - allocate at an alignment
 * @size: bytes wanted
 * @align: alignment in bytes, a power of two
 * @gfp: allocation flags
 *
 * As galloc_node_aligned() for no particular node.
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: As galloc(); NULL with one warning if @align is not a power of two.
 */
void *galloc_aligned(size_t size, size_t align, gfp_t gfp)
{
	return galloc_node_aligned(size, align, gfp, NUMA_NO_NODE);
}
EXPORT_SYMBOL_GPL(galloc_aligned);

/* ---- objects of sets of rows ------------------------------------------------------------ */

/* As init_row_object(), out of line. */
void *api_clear_row(void *obj, const struct rowset *set)
{
	return init_row_object(set, obj, 0);
}

/* What api_alloc_set() leaves. */
noinline void *api_alloc_set_slow(struct rowset *set, gfp_t gfp, size_t asked)
{
	void *obj;

	if (likely((gfp & GALLOC_GFP_RARE) == __GFP_ZERO) && !allocinfo_is_due() &&
	    likely(mcache_pop_place(set->place, &obj)))
		return init_row_object(set, obj, gfp);
	return api_alloc_row(set, NUMA_NO_NODE, gfp, asked);
}

/**
 * api_alloc_row() - allocate an object of a set of rows
 * @set: the set
 * @nid: node, or NUMA_NO_NODE
 * @gfp: flags
 * @asked: bytes that the caller asked for
 *
 * Context: As galloc_node().
 * Return: The object, or NULL.
 */
void *api_alloc_row(struct rowset *set, int nid, gfp_t gfp, size_t asked)
{
	struct request r = { .set = set, .nid = nid, .gfp = gfp, .asked = asked };

	if (set->args.flags & ROWS_THISNODE)
		r.gfp |= __GFP_THISNODE;
	return node_choose(&r.nid, r.gfp) ? serve(&r) : NULL;
}

/* The same for an object of whole pages, @size bytes that begin at an alignment. */
void *api_alloc_large(struct rowset *set, size_t size, size_t align, int nid, gfp_t gfp)
{
	struct request r = { .set = set, .size = size, .align = align, .nid = nid,
			     .gfp = gfp, .asked = size };

	return node_choose(&r.nid, gfp) ? serve(&r) : NULL;
}

/* The same for @nr of them, filled into @p; @nr, or 0 if not all were available. */
size_t api_alloc_row_bulk(struct rowset *set, int nid, gfp_t gfp, size_t asked, size_t nr,
			  void **p)
{
	const struct request r = { .set = set, .nid = nid, .gfp = gfp, .asked = asked };
	size_t i = 0, n, j;

	if (!api_alloc_ok(gfp) || !request_ok(&r))
		return 0;
	allocinfo_see();
	while (i < nr) {
		n = 0;
		if (nid == NUMA_NO_NODE)
			n = mcache_pop_many(0, set, nr - i, p + i);
		/* Without a stack a span gives as many as it has; with one, serve() fills that. */
		if (!n && !READ_ONCE(set->k)) {
			n = rows_alloc(set, nid, gfp_may_fail(gfp),
				       min_t(size_t, nr - i, BITS_PER_LONG), p + i);
			if (sample_is_on())
				profile_add_bulk(p + i, n, set->args.sc.size);
		}
		if (!n) {
			p[i] = serve(&r);
			if (!p[i]) {
				gfree_bulk(i, p);
				return 0;
			}
			i++;
			continue;
		}
		if (want_init_on_alloc(gfp) || gate_has_tables())
			for (j = i; j < i + n; j++)
				request_init(&r, p[j], gfp);
		if (gate_is_watched())
			gate_see_alloc_bulk(p + i, n, asked, gfp);
		i += n;
	}
	return nr;
}

/* ---- free ------------------------------------------------------------------------------ */

/*
 * Find the object at a pointer: the only place that checks the spans of both small and
 * large objects.  Fills in @t for FOUND_OBJECT and FOUND_INTERIOR.
 */
enum mspan_found api_target_of(const void *p, struct target *t)
{
	enum mspan_found found;
	struct object o;
	struct mspan s;

	*t = (struct target) { };
	rcu_read_lock();
	found = mspan_resolve(p, &o);
	if (found == FOUND_OBJECT || found == FOUND_INTERIOR) {
		t->start = (void *)(addr_of(p) - o.within);
		t->size = o.sc->size;
		t->kept = rows_keep_contents(o.c);
		t->asked = o.c->set ? o.c->set->args.asked : 0;
	}
	rcu_read_unlock();
	if (found == FOUND_NO_SPAN && guard_any() && guard_target(p, t, &found))
		return found;
	if (found != FOUND_NO_SPAN || !map_span_around(p, &s) ||
	    mspan_state(&s) != MSPAN_LARGE)
		return found;
	t->start = (void *)s.start;
	t->size = (size_t)s.npages << PAGE_SHIFT;
	t->padded = s.reserve;
	return addr_of(p) == s.start ? FOUND_OBJECT : FOUND_INTERIOR;
}

/* The set that an object belongs to, small or of whole pages; NULL: none.  Under RCU. */
struct rowset *api_set_of(const void *p)
{
	struct rowset *set = rows_of(p);
	struct mspan s;

	if (!set && map_span_around(p, &s) && mspan_state(&s) == MSPAN_LARGE)
		set = rows_of_row(mspan_row(&s));
	return set;
}

/* Free an object that no stack accepted.  @number is the stack number of its page. */
static noinline void free_seen(const void *p, unsigned int number)
{
	/* The mark of a page goes with the last object there that is sampled: this one, perhaps. */
	if (number == STACK_WATCHED && (mcache_push(p) || mcache_push_shareable(p, &number)))
		return;
	if (number > STACK_LARGE)
		mcache_free_slow(p, number);
	else if (!large_free(p, false))
		report_free(p, FOUND_NO_SPAN);
}

/* The same, checked, and seen by those who watch. */
static noinline void free_checked(const void *p, unsigned int number)
{
	if (ZERO_OR_NULL_PTR(p) || !api_enter_ok())
		return;
	if (!gate_has_watchers() || gate_see_free(p))
		free_seen(p, number);
}

/* A function of its own, so that it has no frame. */
static noinline void free_slow(const void *p)
{
	unsigned int number;

	if (unlikely(!mcache_push_shareable(p, &number)))
		free_checked(p, number);
}

/* The stack number of the page at an address. */
static unsigned int number_of(const void *p)
{
	unsigned int number;

	rcu_read_lock();
	number = arena_stack_of(p);
	rcu_read_unlock();
	return number;
}

/* Clear an object, if there is one, and free it. */
static void wipe_and_free(const void *p)
{
	struct target t;
	bool found = api_target_of(p, &t) == FOUND_OBJECT;

	/* If others refer to it, it is cleared when the last reference is gone. */
	if (found && (t.size > PAGE_SIZE || t.padded) &&
	    !release_pages_unshared(addr_of(p),
				    PFN_UP(offset_in_page(p) + t.size))) {
		if (!waiting_add(p, true) && !large_free(p, true))
			free_seen(p, number_of(p));
		return;
	}
	if (found && !t.kept)
		wipe_object(p, t.size);
	if (!mcache_push(p))
		free_seen(p, number_of(p));
}

/* gfree() on a kernel that clears what is freed. */
static noinline void free_wiped(const void *p)
{
	if (ZERO_OR_NULL_PTR(p) || !api_enter_ok())
		return;
	p = untag(p);
	if (!gate_has_watchers() || gate_see_free(p))
		wipe_and_free(p);
}

/* An object that comes from quarantine: those who watch have seen its free.  As gfree(). */
void api_free_parked(const void *p)
{
	gate_see_parked(p);
	if (want_init_on_free())
		wipe_and_free(p);
	else
		free_seen(p, number_of(p));
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

/* ---- bulk -------------------------------------------------------------------------------- */

static noinline void free_many(size_t nr, void **p)
{
	if (!api_enter_ok())
		return;
	while (nr) {
		size_t n = want_init_on_free() ? 0 : mcache_push_run(NULL, p, nr);

		/* gfree() handles whatever stopped the run. */
		if (n < nr)
			gfree(p[n++]);
		p += n;
		nr -= n;
	}
}

/**
 * gfree_bulk() - free many objects
 * @nr: number of pointers
 * @p: pointers; NULL and ZERO_SIZE_PTR are fine
 *
 * Context: Any but NMI.
 */
void gfree_bulk(size_t nr, void **p)
{
	if (nr == 1)
		gfree(*p);
	else
		free_many(nr, p);
}
EXPORT_SYMBOL_GPL(gfree_bulk);

static noinline size_t alloc_many(size_t size, gfp_t gfp, size_t nr, void **p)
{
	unsigned int class = sizeclass_of(size);
	size_t i = 0, n;

	if (!api_alloc_ok(gfp))
		return 0;
	allocinfo_see();
	while (i < nr) {
		n = 0;
		if (class && !(gfp & GALLOC_GFP_ZONES))
			n = mcache_pop_many(class, NULL, nr - i, p + i);
		if (want_init_on_alloc(gfp))
			clear_objects(p + i, n, class);
		if (gate_is_watched())
			gate_see_alloc_bulk(p + i, n, size, gfp);
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

/**
 * galloc_bulk() - allocate many objects of one size
 * @size: bytes of each
 * @gfp: allocation flags
 * @nr: number of objects
 * @p: filled with their addresses
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: @nr, or 0 if not all were available; then none is allocated.
 */
size_t galloc_bulk(size_t size, gfp_t gfp, size_t nr, void **p)
{
	if (nr != 1)
		return alloc_many(size, gfp, nr, p);
	*p = galloc_any(size, gfp);
	return !!*p;
}
EXPORT_SYMBOL_GPL(galloc_bulk);
