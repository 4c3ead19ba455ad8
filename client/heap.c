// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * heap: private heaps.
 *
 * A heap has a set of rows (rows.c) for each size class that its client uses, one for
 * objects of whole pages, and those of its typed caches.  All of them share an account,
 * which has the limit.  So objects of two heaps never share a page, and gfree() needs no
 * heap: an object's span leads to its set, and that to the account.
 *
 * Exported to clients; calls api.c, cache.c and rows.c.  Owns the list of heaps and its
 * mutex.  Overview: galloc_mod.c.
 */
#include "cache.h"
#include "heap.h"
#include "debug/watch.h"
#include "mcache.h"
#include "observe/heaps.h"

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static LIST_HEAD(heaps);
static DEFINE_MUTEX(heaps_mutex);

/* ---- memory for owners ------------------------------------------------------------ */

/* Zeroed, for arena_meta_free().  What galloc has free makes room.  Sleeps. */
void *heap_zalloc(size_t bytes)
{
	void *p = arena_meta_zalloc(bytes, NUMA_NO_NODE, GFP_KERNEL);

	if (p)
		return p;
	relief_for(GFP_KERNEL, 1, NUMA_NO_NODE);
	return arena_meta_zalloc(bytes, NUMA_NO_NODE, GFP_KERNEL);
}

/* As rows_create(), and, as for any request, what galloc has free makes room. */
struct rowset *heap_rows(const struct rows_args *args, gfp_t gfp)
{
	struct rowset *set = rows_create(args, gfp_may_fail(gfp));

	if (set || gfp & GALLOC_GFP_ONCE)
		return set;
	relief_for(gfp, 1, NUMA_NO_NODE);
	return rows_create(args, gfp);
}

/* ---- lifetime ----------------------------------------------------------------- */

void heap_put(struct galloc_heap *heap)
{
	if (refcount_dec_and_test(&heap->refs))
		arena_meta_free(heap, HEAP_BYTES);
}

/* The last object of a class of a destroyed heap is gone. */
static void heap_set_gone(struct rowset *set)
{
	heap_put(set->args.owner);
}

/* Of a name without its number, of @len characters: 0 if it is another, 1 if it has none. */
static unsigned int name_number(const char *name, const char *plain, size_t len)
{
	unsigned int n;

	if (strncmp(name, plain, len))
		return 0;
	if (!name[len])
		return 1;
	/* A client may have asked for one that looks so. */
	if (name[len] != '.' || kstrtouint(name + len + 1, 10, &n) || n >= INT_MAX)
		return 0;
	return max(n, 2U);
}

/* isgraph() takes letters of Latin-1, too, of which files of UTF-8 have none. */
static bool may_be_in_name(char c)
{
	return isascii(c) && isgraph(c) && c != '/';
}

/*
 * Name a heap as its client wants, or, if another has that name, with a number behind
 * it.  The name is that of a directory and a column of a table.
 */
static void heap_name(struct galloc_heap *heap, const char *wanted)
{
	size_t len = strnlen(wanted, NAME_MAX_SHOWN), i;
	const struct galloc_heap *other;
	unsigned int n, most = 0;
	bool taken = false;

	for (i = 0; i < len; i++)
		heap->name[i] = may_be_in_name(wanted[i]) ? wanted[i] : '_';
	heap->name[len] = '\0';
	/* debugfs has none of dots only, "." and "..". */
	if (strspn(heap->name, ".") == len)
		heap->name[0] = '_';
	/* In one pass, since each of a thousand mounts may ask for the same one. */
	list_for_each_entry(other, &heaps, link) {
		n = name_number(other->name, heap->name, len);
		most = max(most, n);
		taken |= n == 1;
	}
	if (taken)
		sprintf(heap->name + len, ".%u", most + 1);
}

/**
 * galloc_heap_create() - create a private heap
 * @name: for debugfs and reports; copied.  Of two heaps with the same name the second is
 *	shown as NAME.2
 * @args: limit and flags; NULL for none
 *
 * Costs 1 KiB, and a directory with a file in debugfs, until it is used.
 *
 * Context: Process, also a CPU hotplug callback.  Sleeps.
 * Return: The heap; NULL if there is no memory, or, after a line in the log, if an
 * argument is wrong.
 */
struct galloc_heap *galloc_heap_create(const char *name,
				       const struct galloc_heap_args *args)
{
	struct galloc_heap *heap;

	might_sleep();
	if (!api_is_ready())
		return NULL;
	if (!name || !*name) {
		pr_err("a heap without a name\n");
		return NULL;
	}
	if (args && args->flags & U16_MAX) {
		pr_err("heap %s: unknown flags %#x\n", name, args->flags & U16_MAX);
		return NULL;
	}
	heap = heap_zalloc(HEAP_BYTES);
	if (!heap)
		return NULL;
	/* Its first objects may be wanted where nobody may sleep. */
	rows_reserve_numbers();
	refcount_set(&heap->refs, 1);
	mutex_init(&heap->lock);
	INIT_LIST_HEAD(&heap->caches);
	if (args && guard_begin(&heap->guard, args->flags >> 16)) {
		arena_meta_free(heap, HEAP_BYTES);
		return NULL;
	}
	if (args)
		account_set_limit(&heap->account, args->limit_bytes);
	mutex_lock(&heaps_mutex);
	heap_name(heap, name);
	list_add_tail(&heap->link, &heaps);
	mutex_unlock(&heaps_mutex);
	heaps_show(heap);
	return heap;
}
EXPORT_SYMBOL_GPL(galloc_heap_create);

/* The cache holds the heap until heap_remove_cache(). */
void heap_add_cache(struct galloc_heap *heap, struct galloc_cache *cache)
{
	refcount_inc(&heap->refs);
	mutex_lock(&heap->lock);
	list_add_tail(&cache->link, &heap->caches);
	mutex_unlock(&heap->lock);
}

/* Its last object is gone. */
void heap_remove_cache(struct galloc_heap *heap, struct galloc_cache *cache)
{
	mutex_lock(&heap->lock);
	list_del(&cache->link);
	mutex_unlock(&heap->lock);
	heap_put(heap);
}

/*
 * The next cache of a heap, or what is left of one that was destroyed; NULL after the last.
 * Holds it, and no longer @cache.  The lock is not held longer: the worker takes it, too.
 */
static struct galloc_cache *heap_next_cache(struct galloc_heap *heap, struct galloc_cache *cache)
{
	struct galloc_cache *next = cache;

	mutex_lock(&heap->lock);
	if (!next)
		next = list_entry(&heap->caches, struct galloc_cache, link);
	/* Those that cannot be held are there until heap_remove_cache(). */
	list_for_each_entry_continue(next, &heap->caches, link)
		if (rows_get(next->set))
			break;
	if (list_entry_is_head(next, &heap->caches, link))
		next = NULL;
	mutex_unlock(&heap->lock);
	if (cache)
		rows_put(cache->set);
	return next;
}

/**
 * galloc_heap_cache_create() - create a typed cache in a heap
 * @heap: the heap
 * @name: see galloc_cache_create()
 * @size: the same
 * @args: the same; its limit comes on top of the heap's
 *
 * What the cache holds counts as the heap's.  It may be destroyed before the heap, which
 * has the objects that are left then; galloc_heap_destroy() destroys the other caches.
 *
 * Context: As galloc_cache_create().
 * Return: As galloc_cache_create().
 */
struct galloc_cache *galloc_heap_cache_create(struct galloc_heap *heap,
					      const char *name, size_t size,
					      const struct galloc_cache_args *args)
{
	return cache_create(name, size, args, heap);
}
EXPORT_SYMBOL_GPL(galloc_heap_cache_create);

/* ---- allocation ---------------------------------------------------------------- */

/* For grealloc(): what grows stays in its heap. */
static void *heap_sibling(struct rowset *set, size_t size, size_t align, gfp_t gfp, int nid)
{
	return heap_alloc(set->args.owner, size, align, gfp, nid);
}

/* Make the set of a class, in any context that @gfp describes. */
static noinline struct rowset *heap_make_set(struct galloc_heap *heap,
					     unsigned int class, gfp_t gfp)
{
	const struct rows_args args = {
		.name = heap->name,
		.sc = sizeclasses[class],
		.account = &heap->account,
		.gone = heap_set_gone,
		.sibling = heap_sibling,
		.owner = heap,
		.place = &heap->place[class],
		.class = class,
	};
	struct rowset *set, *first;

	/* Here, as this is before api_alloc_row(), which asks for all others. */
	if (!api_alloc_ok(gfp))
		return NULL;
	set = heap_rows(&args, gfp);
	if (!set)
		return NULL;
	/* So that all allocations are seen here. */
	if (heap->guard.every)
		rows_set_gates(set, BIT(GATE_GUARD), true);
	refcount_inc(&heap->refs);
	/* Full order: whoever finds the set finds it complete. */
	first = cmpxchg(&heap->set[class], NULL, set);
	if (!first)
		return set;
	/* Another CPU was faster.  Nobody has seen ours: its end is heap_set_gone(). */
	rows_abandon(set);
	return first;
}

static struct rowset *heap_set(struct galloc_heap *heap, unsigned int class, gfp_t gfp)
{
	/* Acquire: pairs with the cmpxchg() in heap_make_set(). */
	return smp_load_acquire(&heap->set[class]) ?: heap_make_set(heap, class, gfp);
}

/* Memory of a heap, at an alignment that is a power of two, on a node. */
void *heap_alloc(struct galloc_heap *heap, size_t size, size_t align, gfp_t gfp, int nid)
{
	unsigned int class = sizeclass_of(size);
	struct rowset *set;

	if (!size)
		return ZERO_SIZE_PTR;
	if (align > 1)
		class = api_aligned_class(size, align);
	/* HEAP_LARGE, if it is of no class. */
	set = heap_set(heap, class, gfp);
	if (!set)
		return NULL;
	return class ? api_alloc_row(set, nid, gfp, size) :
	       api_alloc_large(set, size, max(align, size & -size), nid, gfp);
}

/* Of a class that the heap has. */
static noinline void *heap_clear(void *obj, struct galloc_heap *heap, size_t size)
{
	return api_clear_row(obj, heap->set[sizeclass_of(size)]);
}

/* The alignment that an object of a size has. */
static size_t heap_align(size_t size)
{
	unsigned int class = sizeclass_of(size);

	size = class ? sizeclasses[class].size : size;
	return size & -size;
}

static noinline void *galloc_from_slow(struct galloc_heap *heap, size_t size, gfp_t gfp)
{
	unsigned int class = sizeclass_of(size);
	/* Acquire: as in heap_set(). */
	struct rowset *set = smp_load_acquire(&heap->set[class]);
	void *guarded;

	guarded = guard_alloc(&heap->guard, heap, heap, size, heap_align(size), gfp);
	if (unlikely(guarded))
		return guarded;
	if (class && set)
		return api_alloc_set_slow(set, gfp, size);
	return heap_alloc(heap, size, 1, gfp, NUMA_NO_NODE);
}

/**
 * galloc_from() - allocate memory of a heap
 * @heap: the heap
 * @size: bytes wanted
 * @gfp: allocation flags
 *
 * As galloc(), with the heap's limit, which not even __GFP_NOFAIL exceeds.  Free it with
 * gfree().
 *
 * Context: Any but NMI.  Sleeps if @gfp allows it and galloc needs pages.
 * Return: As galloc(); NULL also if the limit is reached.
 */
void *galloc_from(struct galloc_heap *heap, size_t size, gfp_t gfp)
{
	void *obj;

	/* HEAP_LARGE has no stacks, nor has a class without a set. */
	if (unlikely(!mcache_alloc_from(&heap->place[sizeclass_of(size)], gfp, &obj)))
		return galloc_from_slow(heap, size, gfp);
	if (want_init_on_alloc(0))
		return heap_clear(obj, heap, size);
	return obj;
}
EXPORT_SYMBOL_GPL(galloc_from);

/**
 * galloc_from_node() - allocate memory of a heap on a node
 * @heap: the heap
 * @size: bytes wanted
 * @gfp: allocation flags
 * @nid: see galloc_node()
 *
 * Context: As galloc_from().
 * Return: As galloc_from().
 */
void *galloc_from_node(struct galloc_heap *heap, size_t size, gfp_t gfp, int nid)
{
	return heap_alloc(heap, size, 1, gfp, nid);
}
EXPORT_SYMBOL_GPL(galloc_from_node);

/**
 * galloc_from_aligned() - allocate memory of a heap at an alignment
 * @heap: the heap
 * @size: bytes wanted
 * @align: alignment in bytes, a power of two
 * @gfp: allocation flags
 *
 * Context: As galloc_from().
 * Return: As galloc_from(); NULL with one warning if @align is not a power of two.
 */
void *galloc_from_aligned(struct galloc_heap *heap, size_t size, size_t align, gfp_t gfp)
{
	if (!api_align_ok(align))
		return NULL;
	return heap_alloc(heap, size, align, gfp, NUMA_NO_NODE);
}
EXPORT_SYMBOL_GPL(galloc_from_aligned);

/* Does the limit refuse that much now? */
bool heap_is_full(const struct galloc_heap *heap, size_t size)
{
	unsigned int class = sizeclass_of(size);
	size_t takes = class ? (size_t)sizeclasses[class].span_pages << PAGE_SHIFT :
			       large_takes(size, size & -size);

	return account_refusing(&heap->account, takes);
}

/* Is a set one of the heap's, or of a cache in it? */
static bool heap_owns(const struct galloc_heap *heap, const struct rowset *set)
{
	const struct row_account *a = set->args.account;

	return a && (a == &heap->account || a->parent == &heap->account);
}

static bool set_is_in(const struct rowset *set, const void *heap)
{
	return heap_owns(heap, set);
}

/* The same, but for caches that were destroyed before. */
static bool set_is_left(const struct rowset *set, const void *heap)
{
	return heap_owns(heap, set) && !READ_ONCE(set->dead);
}

/* Is @p an object of the heap, or of a cache in it? */
bool heap_has(const struct galloc_heap *heap, const void *p)
{
	const struct rowset *set;
	bool has;

	rcu_read_lock();
	set = api_set_of(p);
	has = set && heap_owns(heap, set);
	rcu_read_unlock();
	return has || guard_is_of(p, heap);
}

/**
 * grealloc_from() - change the size of an object, in a heap
 * @heap: the heap that the object is to be in afterwards
 * @p: the object, also of another heap or of none; NULL and ZERO_SIZE_PTR: a new one
 * @size: bytes wanted; 0: free @p
 * @gfp: allocation flags, see grealloc()
 *
 * Context: As galloc_from().
 * Return: As grealloc().
 */
void *grealloc_from(struct galloc_heap *heap, const void *p, size_t size, gfp_t gfp)
{
	size_t have;
	void *new;

	if (!size ? !api_enter_ok() : !api_alloc_ok(gfp))
		return NULL;
	if (ZERO_OR_NULL_PTR(p) || !size) {
		if (size)
			return galloc_from(heap, size, gfp);
		gfree(p);
		return ZERO_SIZE_PTR;
	}
	have = resize_have(p);
	if (!have)
		return NULL;
	if (have >= size && heap_has(heap, p))
		return grealloc(p, size, gfp);
	new = galloc_from(heap, size, gfp);
	if (new) {
		memcpy(new, p, min(resize_kept(p, have), size));
		gfree(p);
	}
	return new;
}
EXPORT_SYMBOL_GPL(grealloc_from);

/**
 * galloc_from_bulk() - allocate many objects of a heap
 * @heap: the heap
 * @size: bytes of each
 * @gfp: allocation flags
 * @nr: number of objects
 * @p: filled with their addresses; free them with gfree_bulk()
 *
 * Context: As galloc_from().
 * Return: @nr, or 0 if not all were available; then none is allocated.
 */
size_t galloc_from_bulk(struct galloc_heap *heap, size_t size, gfp_t gfp, size_t nr,
			void **p)
{
	unsigned int class = sizeclass_of(size);
	struct rowset *set;
	size_t i;

	if (class) {
		set = heap_set(heap, class, gfp);
		return set ? api_alloc_row_bulk(set, NUMA_NO_NODE, gfp, size, nr, p) : 0;
	}
	for (i = 0; i < nr; i++) {
		p[i] = galloc_from(heap, size, gfp);
		if (!p[i]) {
			gfree_bulk(i, p);
			return 0;
		}
	}
	return nr;
}
EXPORT_SYMBOL_GPL(galloc_from_bulk);

/* ---- what it holds ----------------------------------------------------------------- */

/*
 * Call @fn for whole pages and each class, if used, and for each cache: also for one that was
 * destroyed, as long as it has objects.
 */
void heap_each(struct galloc_heap *heap,
	       void (*fn)(const struct heap_line *line, void *arg), void *arg)
{
	struct galloc_cache *cache = NULL;
	unsigned int class;

	for (class = 0; class < GALLOC_NR_CLASSES; class++) {
		const struct heap_line line = {
			.class = class,
			/* Acquire: as in heap_set(). */
			.set = smp_load_acquire(&heap->set[class]),
		};

		if (line.set)
			fn(&line, arg);
	}
	while ((cache = heap_next_cache(heap, cache))) {
		const struct heap_line line = {
			.class = GALLOC_NR_CLASSES,
			.name = cache->set->args.name,
			.set = cache->set,
		};

		fn(&line, arg);
	}
}

/* Call @fn for each heap, oldest first. */
void heap_walk(void (*fn)(struct galloc_heap *heap, void *arg), void *arg)
{
	struct galloc_heap *heap;

	mutex_lock(&heaps_mutex);
	list_for_each_entry(heap, &heaps, link)
		fn(heap, arg);
	mutex_unlock(&heaps_mutex);
}

static void drain_line(const struct heap_line *line, void *arg)
{
	stacks_drain(line->set);
}

/**
 * galloc_heap_trim() - give back what the CPUs keep of a heap
 * @heap: the heap
 *
 * Afterwards pages without an object in use are free memory of galloc's, and no longer
 * count against the limit; but for what isolated CPUs keep, which are not asked, and pages
 * of a cache with GALLOC_CACHE_TYPESAFE_BY_RCU, which count for a grace period more.
 *
 * Context: Process.  Sleeps; not in a CPU hotplug callback.
 */
void galloc_heap_trim(struct galloc_heap *heap)
{
	might_sleep();
	heap_each(heap, drain_line, NULL);
}
EXPORT_SYMBOL_GPL(galloc_heap_trim);

/* ---- destruction --------------------------------------------------------------------- */

/*
 * An owner of objects goes: galloc itself is to have none of them any more.  With @barrier
 * nor are batches of gfree_rcu() to have any; without it nothing is live.  Sleeps.
 */
void heap_settle(bool barrier)
{
	nolock_settle();
	if (barrier) {
		override_settle();
		rcu_batches_settle();
	}
	/* What these free may come into quarantine. */
	quarantine_settle();
	/* Last: all of that may wait, or have waited, until nobody refers to its pages. */
	if (waiting_nr())
		waiting_release();
}

/* Each LARGE span is an object.  Those of a cache that was destroyed have been reported. */
static unsigned long line_live(const struct heap_line *line)
{
	if (READ_ONCE(line->set->dead))
		return 0;
	return line->class == HEAP_LARGE ? rows_spans(line->set) : usage_live(line->set);
}

static void count_live(const struct heap_line *line, void *arg)
{
	*(size_t *)arg += line_live(line);
}

static void print_live(const struct heap_line *line, void *arg)
{
	unsigned long live = line_live(line);

	if (!live)
		return;
	if (line->name)
		pr_err("  %lu of cache %s (%u bytes)\n", live, line->name,
		       line->set->args.sc.size);
	else if (line->class == HEAP_LARGE)
		pr_err("  %lu of whole pages\n", live);
	else
		pr_err("  %lu of class %u (%u bytes)\n", live, line->class,
		       line->set->args.sc.size);
}

/* Is anything live, as far as one sees?  Guarded objects are in no span. */
static bool heap_may_have(struct galloc_heap *heap)
{
	struct galloc_cache *cache = NULL;
	size_t live = heap->guard.every;

	heap_each(heap, count_live, &live);
	while ((cache = heap_next_cache(heap, cache)))
		live += cache->guard.every;
	return live;
}

/* Objects that are live, with a report if there are any. */
static size_t heap_report(struct galloc_heap *heap)
{
	struct galloc_heap_usage usage;
	size_t live = 0;

	heap_each(heap, count_live, &live);
	live += guard_live_of(heap, false);
	if (live)
		galloc_heap_usage(heap, &usage);
	if (live && report_live("heap", heap->name, live, usage.spans)) {
		heap_each(heap, print_live, NULL);
		leaks_print("  live", set_is_left, heap);
		guard_live_of(heap, true);
	}
	guard_leave(heap, false);
	return live;
}

static size_t sweep_large(struct rowset *set)
{
	const void *p, *last = NULL;
	size_t n;

	/* The same twice: somebody frees it meanwhile, though nobody may. */
	for (n = 0; (p = rows_any_span(set)) && p != last; n++) {
		gfree(p);
		/* One that is watched may have been kept there. */
		quarantine_flush(true);
		last = p;
		cond_resched();
	}
	return n;
}

static void sweep_line(const struct heap_line *line, void *arg)
{
	*(size_t *)arg += line->class == HEAP_LARGE ? sweep_large(line->set) :
						      rows_sweep(line->set);
}

/* Take back everything that is live.  Returns how many objects that was. */
static size_t heap_sweep(struct galloc_heap *heap)
{
	size_t swept = 0;

	/* All at once: two grace periods.  What is not empty in time is swept later. */
	stacks_take(set_is_in, heap);
	heap_each(heap, sweep_line, &swept);
	return swept + guard_leave(heap, true);
}

/* Those that are left, all at once: one grace period for all of their constructors. */
static void heap_destroy_caches(struct galloc_heap *heap)
{
	struct galloc_cache *cache = NULL;
	bool wait = false;

	while ((cache = heap_next_cache(heap, cache))) {
		if (READ_ONCE(cache->set->dead))
			continue;
		cache->goes = true;
		wait |= rows_end_cuts(cache->set);
	}
	if (wait)
		rows_wait_for_ctors();
	while ((cache = heap_next_cache(heap, cache)))
		if (cache->goes)
			rows_leave(cache->set);
}

/**
 * galloc_heap_destroy_flags() - destroy a private heap
 * @heap: the heap, or NULL.  Nobody may allocate from it any more, nor from a cache in it
 * @flags: GALLOC_HEAP_RELEASE: take everything back, in one sweep of its pages.  Nobody
 *	may use an object of the heap any more, nor free one.  Otherwise 0
 *
 * Objects that gfree_rcu() still has are freed first.  Destroys the caches in the heap, too.
 * Without GALLOC_HEAP_RELEASE, objects that are then still allocated are reported, once, by
 * class, and stay valid until somebody frees them; those that galloc_cache_destroy() has
 * reported before are not reported again.
 *
 * A CPU that does not respond within half a second, and in a CPU hotplug callback an isolated
 * one, keeps objects on its stacks for longer: their spans are then taken back by the worker,
 * after the return.
 *
 * Context: Process, also a CPU hotplug callback.  Sleeps: waits for grace periods.
 * Return: The number of objects that were taken back, or reported.
 */
size_t galloc_heap_destroy_flags(struct galloc_heap *heap, unsigned int flags)
{
	unsigned int class;
	size_t live;

	might_sleep();
	if (!heap)
		return 0;
	heaps_hide(heap);
	/* After a sweep a late free would be of an object of somebody else. */
	heap_settle(flags & GALLOC_HEAP_RELEASE || heap_may_have(heap));
	mutex_lock(&heaps_mutex);
	list_del(&heap->link);
	mutex_unlock(&heaps_mutex);
	live = flags & GALLOC_HEAP_RELEASE ? heap_sweep(heap) : heap_report(heap);
	heap_destroy_caches(heap);
	for (class = 0; class < GALLOC_NR_CLASSES; class++)
		if (heap->set[class])
			rows_destroy(heap->set[class]);
	heap_put(heap);
	return live;
}
EXPORT_SYMBOL_GPL(galloc_heap_destroy_flags);

/* At unload, after rows_exit(): those that their clients have forgotten. */
void heap_exit(void)
{
	struct galloc_heap *heap, *next;

	list_for_each_entry_safe(heap, next, &heaps, link) {
		pr_err("heap %s was not destroyed\n", heap->name);
		list_del(&heap->link);
		/* None of its sets and caches is left. */
		heap_put(heap);
	}
}
