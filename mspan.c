// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * mspan: one run of pages, and the objects it is cut into.
 *
 * Called by mcentral.c and mcache.c for objects, by mheap.c for descriptors; knows of
 * neither.
 * Has no lock: the bitmap is the only truth about objects, its bits are set by
 * any freer and cleared by the span's one owner.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

/* Descriptors, by kind, except the smallest. */
static struct kmem_cache *mspan_caches[MSPAN_KINDS];

/* Where single pages are spans it is most of what they cost.  For sparse see mcache.h. */
#ifndef __CHECKER__
static_assert(sizeof(struct mspan) == 48);
#endif
static_assert(1 << (MSPAN_KINDS - 1) == MSPAN_MAX_WORDS && MSPAN_MAX_WORDS <= U8_MAX);

static const char * const state_names[] = {
	[MSPAN_FREE] = "free",
	[MSPAN_TRANSIT] = "transit",
	[MSPAN_CACHED] = "cached",
	[MSPAN_PARTIAL] = "partial",
	[MSPAN_FULL] = "full",
	[MSPAN_LARGE] = "large",
	[MSPAN_DEFERRED] = "deferred",
	[MSPAN_DROPPED] = "dropped",
};

static_assert(ARRAY_SIZE(state_names) == NR_MSPAN_STATES);

const char *mspan_state_name(unsigned int state)
{
	return state < NR_MSPAN_STATES ? state_names[state] : "?";
}

/* ---- descriptors ---------------------------------------------------------- */

static size_t mspan_size(unsigned int kind)
{
	return sizeof(struct mspan) + (sizeof(long) << kind);
}

static void mspan_setup(struct mspan *s, unsigned int kind)
{
	/* Not cleared as a whole: late freers may read it, and rely on nwords. */
	s->nwords = 1 << kind;
	mspan_set(s, 0, MSPAN_TRANSIT);
	WRITE_ONCE(s->objects, 0);
	s->zeroed = false;
	s->dense = false;
	s->huge = false;
	s->reserve = false;
	s->chunk_order = -1;
	s->dropped = 0;
}

/*
 * A page of descriptors of the smallest kind, which follow.  In a burst of small spans each
 * takes one: from the slab allocator that is a hundred instructions, here it is twenty.
 */
struct mspan_page {
	struct list_head list;	/* of those that have unused ones */
	struct mspan *unused;	/* that have been used, linked by @next */
	unsigned int fresh;	/* never used: the first ones */
	unsigned int nr;	/* of both */
};

#define MSPAN_BYTES	(sizeof(struct mspan) + sizeof(long))
#define PAGE_MSPANS	((PAGE_SIZE - sizeof(struct mspan_page)) / MSPAN_BYTES)

/* The pages with unused ones; the number of all; what protects both. */
static LIST_HEAD(mspan_pages);
unsigned long mspan_nr_pages;
static DEFINE_RAW_SPINLOCK(mspan_pages_lock);

/* Take up to @n unused descriptors, after adding a page of them, if @page is not NULL. */
static unsigned int pages_take(struct mspan **out, unsigned int n, struct mspan_page *page)
{
	unsigned int i, got;
	unsigned long flags;
	struct mspan *s;

	galloc_lock(&mspan_pages_lock, flags);
	if (page) {
		list_add(&page->list, &mspan_pages);
		mspan_nr_pages++;
	}
	for (i = 0; i < n && !list_empty(&mspan_pages);) {
		page = list_first_entry(&mspan_pages, struct mspan_page, list);
		for (got = i, s = page->unused; s && i < n; s = s->next)
			out[i++] = s;
		page->unused = s;
		for (; page->fresh && i < n; i++)
			out[i] = (void *)(page + 1) + MSPAN_BYTES * --page->fresh;
		page->nr -= i - got;
		if (!page->nr)
			list_del(&page->list);
	}
	galloc_unlock(&mspan_pages_lock, flags);
	return i;
}

/* Give some back, linked by @next, a turn's worth; a page goes with its last. */
static void pages_put(struct mspan *s)
{
	struct mspan_page *page, *next_page;
	unsigned long flags;
	struct mspan *next;
	LIST_HEAD(empty);

	galloc_lock(&mspan_pages_lock, flags);
	for (; s; s = next) {
		next = s->next;
		page = (void *)((unsigned long)s & PAGE_MASK);
		s->next = page->unused;
		page->unused = s;
		if (!page->nr++)
			list_add(&page->list, &mspan_pages);
		if (page->nr == PAGE_MSPANS)
			list_move(&page->list, &empty);
		mspan_nr_pages -= page->nr == PAGE_MSPANS;
	}
	galloc_unlock(&mspan_pages_lock, flags);
	list_for_each_entry_safe(page, next_page, &empty, list)
		arena_meta_cache_free(NULL, page, PAGE_SIZE);
}

/* Get all of @n descriptors; false: none.  More than are @needed only if that is easy. */
static bool pages_get(struct mspan **out, unsigned int n, bool needed, gfp_t gfp)
{
	unsigned int got = pages_take(out, n, NULL);

	while (got < n) {
		struct mspan_page *page = arena_meta_page(needed, gfp);

		if (!page) {
			while (got) {
				out[--got]->next = NULL;
				pages_put(out[got]);
			}
			return false;
		}
		*page = (struct mspan_page) { .fresh = PAGE_MSPANS, .nr = PAGE_MSPANS };
		got += pages_take(out + got, n - got, page);
	}
	return true;
}

/* A descriptor, charged to the limit; NULL if none is available. */
struct mspan *mspan_new(unsigned int kind, gfp_t gfp)
{
	struct mspan *s = NULL;

	if (kind)
		s = arena_meta_cache_alloc(mspan_caches[kind], mspan_size(kind), gfp);
	else
		pages_get(&s, 1, true, gfp);
	if (kind)
		scan_hide(s);
	if (s)
		mspan_setup(s, kind);
	return s;
}

/**
 * mspan_new_many() - allocate several of the smallest descriptors in one call
 * @out: filled with them
 * @n: their number
 * @gfp: flags
 *
 * Context: Where may_call_system() says so, no galloc lock held.
 * Return: False if they are not to be had easily: then there are none.
 */
bool mspan_new_many(struct mspan **out, unsigned int n, gfp_t gfp)
{
	unsigned int i;

	if (!pages_get(out, n, false, gfp))
		return false;
	for (i = 0; i < n; i++)
		mspan_setup(out[i], 0);
	return true;
}

static void mspan_free_rcu(struct rcu_head *head)
{
	struct mspan *s = container_of(head, struct mspan, rcu);
	unsigned int kind = mspan_kind(s);
	struct mspan *next;

	s->next = s->rest;
	if (!kind) {
		pages_put(s);
		return;
	}
	for (; s; s = next) {
		next = s->next;
		arena_meta_cache_free(mspan_caches[kind], s, mspan_size(kind));
	}
}

/*
 * Late freers may still read it: it stays an mspan, with the same bitmap, until they are
 * done.  So the caches need not be SLAB_TYPESAFE_BY_RCU, which costs 8 bytes an object:
 * the slab allocator may write its link into a free one.  They are charged until then.
 * Context: process; call_rcu() may wake a task, so never with interrupts off.
 */
void mspan_delete(struct mspan *s)
{
	s->rest = NULL;
	call_rcu_hurry(&s->rcu, mspan_free_rcu);
}

/* The same for a list of the same kind, a turn's worth: one callback for all. */
void mspan_delete_list(struct list_head *list)
{
	struct mspan *first = list_first_entry_or_null(list, struct mspan, list);
	struct mspan *s, *next, *rest = NULL;

	if (!first)
		return;
	list_del(&first->list);
	list_for_each_entry_safe(s, next, list, list) {
		s->next = rest;
		rest = s;
	}
	/* No late freer reads these fields. */
	first->rest = rest;
	call_rcu_hurry(&first->rcu, mspan_free_rcu);
}

/* ---- the bitmap ------------------------------------------------------------ */

static unsigned int nr_words(const struct mspan *s)
{
	return BITS_TO_LONGS(s->objects);
}

/* The value of word @word when all its objects are free. */
static unsigned long full_word(const struct mspan *s, unsigned int word)
{
	unsigned int left = s->objects - word * BITS_PER_LONG;

	return left >= BITS_PER_LONG ? ~0UL : BIT(left) - 1;
}

/*
 * The bits of a word that stand for objects.  A double free that races with the span
 * being cut for larger objects may set one beyond them, which must never be
 * allocated.
 */
static unsigned long free_bits(const struct mspan *s, unsigned int word)
{
	return READ_ONCE(s->free[word]) & full_word(s, word);
}

bool mspan_has_free(const struct mspan *s)
{
	unsigned int i, words = nr_words(s);

	for (i = 0; i < words; i++)
		if (free_bits(s, i))
			return true;
	return false;
}

bool mspan_word_all_free(const struct mspan *s, unsigned int word)
{
	return free_bits(s, word) == full_word(s, word);
}

bool mspan_all_free(const struct mspan *s)
{
	const unsigned long *word = s->free;
	unsigned int left = s->objects;

	for (; left >= BITS_PER_LONG; left -= BITS_PER_LONG)
		if (~READ_ONCE(*word++))
			return false;
	return !left || !(~READ_ONCE(*word) & (BIT(left) - 1));
}

unsigned int mspan_count_free(const struct mspan *s)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr_words(s); i++)
		n += hweight_long(free_bits(s, i));
	return n;
}

/**
 * mspan_claim() - claim free objects of a span
 * @s: span that the caller owns: detached, or of this CPU's slot with busy set,
 *	or PARTIAL with the mcentral's lock held
 * @out: filled with pointers, ascending
 * @max: most objects to claim
 *
 * Scans words from @s->hint on and claims from the first that has any: at most
 * BITS_PER_LONG objects, to keep sections with preemption off short.
 *
 * Only the owner clears bits, so the bits read are still set when they are
 * cleared; freers may set others meanwhile.  The acquire pairs with the RMW
 * of mspan_release_bits(): the freer's writes to the object come first.
 *
 * Return: Number of objects claimed; 0 if none is free.
 */
unsigned int mspan_claim(struct mspan *s, void **out, unsigned int max)
{
	size_t size = mcentral_of(mspan_row(s))->sc->size;
	unsigned int words = nr_words(s);
	unsigned int i, n = 0;

	for (i = 0; i < words; i++) {
		unsigned int word = s->hint + i;
		unsigned long bits, seen, first, taken = 0;

		if (word >= words)
			word -= words;
		/* Acquire: see above, the freer's writes come first. */
		seen = smp_load_acquire(&s->free[word]) & full_word(s, word);
		if (!seen)
			continue;
		bits = seen;
		first = s->start + word * BITS_PER_LONG * size;
		while (bits && n < max) {
			unsigned int bit = __ffs(bits);

			bits &= bits - 1;
			taken |= BIT(bit);
			out[n++] = (void *)(first + bit * size);
		}
		galloc_pause(PAUSE_CLAIM_READ, s);
		/*
		 * If all of the word's objects are free, nobody has one to free, and who
		 * frees one twice sets no bit that is not set: a store will do.
		 */
		if (seen == full_word(s, word))
			WRITE_ONCE(s->free[word], seen & ~taken);
		else
			atomic_long_andnot(taken, (atomic_long_t *)&s->free[word]);
		/* A freer set a bit meanwhile, which is still set. */
		if (unlikely(free_bits(s, word) & ~seen))
			count_event(EVENT_CLAIM_RACED);
		s->hint = word;
		break;
	}
	return n;
}

/**
 * mspan_release_bits() - mark objects of a span free
 * @s: the span
 * @word: word of the bitmap they are in
 * @mask: their bits in it
 *
 * Full order: the freer's accesses to the objects come before, its read of the span's
 * state after.  It is the freer's last write to the span.
 *
 * Return: The bits of those that were free already, or that the span does not have, since
 * it was cut again.
 */
unsigned long mspan_release_bits(struct mspan *s, unsigned int word, unsigned long mask)
{
	unsigned int end = word * BITS_PER_LONG + __fls(mask);

	if (unlikely(end >= READ_ONCE(s->objects)))
		return mask;
	return atomic_long_fetch_or(mask, (atomic_long_t *)&s->free[word]) & mask;
}

/* Objects of a span that wait until others no longer refer to their pages. */
unsigned int mspan_count_waiting(const struct mspan *s)
{
	unsigned int page = arena_page(s->arena, s->start);

	/* No object of a lone page is larger than that. */
	if (!mspan_has_objects(s) || s->arena->lone)
		return 0;
	/* data_race(): of those that come and go meanwhile either is right. */
	return data_race(bitmap_weight(s->arena->waiting, page + s->npages)) -
	       data_race(bitmap_weight(s->arena->waiting, page));
}

/* ---- addresses ------------------------------------------------------------- */

/* Address of an object; the caller has an object of the span. */
void *mspan_object(const struct mspan *s, unsigned int index)
{
	return (void *)(s->start +
			(size_t)index * mcentral_of(mspan_row(s))->sc->size);
}

/* The span of a page; that of a lone page has a list of its own. */
static struct mspan *span_at(const struct arena *arena, unsigned int page, const void *p)
{
	struct mspan *s = arena_span(arena, page);

	if (likely(s) || READ_ONCE(arena->stack[page]) != STACK_WATCHED)
		return s;
	return map_lone_span(p);
}

/**
 * mspan_resolve() - find the small object at an address
 * @p: any address
 * @o: span, row, index and offset, for FOUND_OBJECT and FOUND_INTERIOR
 *
 * For a live object the span is the object's, and nothing that is read here changes,
 * except for the state, among CACHED, PARTIAL and FULL.  For a pointer that was freed
 * before, the span may be any other, and shorter than the object's.  So start, length
 * and objects are those of the span, never of its class, and map and tag are read again
 * after them.  The span may still change afterwards, but @o->index is within its bitmap,
 * and mcentral_free() checks again under the lock.
 *
 * The page's stack number is not asked: a live object may have either of two while its
 * span is being relabelled.
 *
 * Context: RCU read section or preemption disabled, which keeps the descriptor
 * an mspan, and the row a row with the same number.  With a galloc lock held only for
 * what is in no lone page.
 * Return: What is at @p.
 */
enum mspan_found mspan_resolve(const void *p, struct object *o)
{
	unsigned long offset, length;
	unsigned int page, objects;
	struct arena *arena;
	u32 tag;

	arena = arena_of(p, &page);
	/* Depends: pairs with the releases of mspan_cut() and mheap_run_map(). */
	o->span = span_at(arena, page, p);
	if (!o->span)
		return FOUND_NO_SPAN;
	tag = READ_ONCE(o->span->tag);
	o->row = tag >> 8;
	if (!o->row || !mspan_tag_is_cut(tag, o->row))
		return FOUND_NO_SPAN;
	o->c = mcentral_of(o->row);
	if (!o->c)
		return FOUND_NO_SPAN;
	galloc_pause(PAUSE_RESOLVE_FOUND, o->span);
	/* Pairs with the release in mspan_cut(): orders tag before the geometry. */
	smp_rmb();
	offset = addr_of(p) - READ_ONCE(o->span->start);
	length = (unsigned long)READ_ONCE(o->span->npages) << PAGE_SHIFT;
	objects = READ_ONCE(o->span->objects);
	/* Orders the loads above before the second reads of map and tag. */
	smp_rmb();
	if (span_at(arena, page, p) != o->span ||
	    !mspan_tag_is_cut(READ_ONCE(o->span->tag), o->row) || offset >= length)
		return FOUND_NO_SPAN;

	o->sc = o->c->sc;
	o->index = sizeclass_index(o->sc, offset);
	if (o->index >= min_t(unsigned int, objects,
			      o->span->nwords * BITS_PER_LONG))
		return FOUND_TAIL;
	o->within = offset - o->index * o->sc->size;
	return o->within ? FOUND_INTERIOR : FOUND_OBJECT;
}

/**
 * mspan_detach() - take the spans of objects that have one of their own each
 * @c: their row, with @whole set
 * @p: the objects
 * @n: their number, at most BITS_PER_LONG
 * @out: filled with the spans, in TRANSIT and the caller's
 * @strange: bits are set for those that are not live objects
 *
 * A span of such a row is FULL from the moment its object is handed out until it is freed:
 * whoever makes it TRANSIT has freed the object.  No lock is needed, since nobody who holds
 * the row's does anything to it, except whole_recheck(), which makes the same exchange.
 *
 * Context: As mspan_resolve().
 * Return: The number of spans.
 */
unsigned int mspan_detach(const struct mcentral *c, void **p, unsigned int n,
			  struct mspan **out, unsigned long *strange)
{
	const u32 full = MSPAN_TAG(c->row, MSPAN_FULL);
	const u32 transit = MSPAN_TAG(c->row, MSPAN_TRANSIT);
	const struct arena_map *map = READ_ONCE(arena_map);
	unsigned int i, found = 0;

	for (i = 0; i < n; i++) {
		unsigned long addr = addr_of(p[i]);
		struct arena *arena;
		unsigned int page;
		struct mspan *s;
		u64 word;

		arena = arena_in(map, addr - map->base, &page);
		s = arena_span(arena, page);
		if (unlikely(!s)) {
			*strange |= BIT(i);
			continue;
		}
		/* Acquire: pairs with whoever published the span; its start is of this life. */
		word = smp_load_acquire(&s->word);
		if (unlikely(mspan_word_tag(word) != full) ||
		    unlikely(READ_ONCE(s->start) != addr)) {
			*strange |= BIT(i);
			continue;
		}
		galloc_pause(PAUSE_RESOLVE_FOUND, s);
		if (likely(mspan_exchange(s, word, transit)))
			out[found++] = s;
		else
			*strange |= BIT(i);
	}
	return found;
}

/*
 * Is @p an object of a row, and allocated in its span?  True for every entry of a stack
 * or a transfer.
 */
bool mspan_is_taken(const void *p, unsigned int row)
{
	unsigned int page;
	struct object o;
	struct arena *arena;
	bool taken;

	rcu_read_lock();
	arena = arena_of(p, &page);
	/* No stack has objects of lone pages; and the callers hold locks. */
	taken = arena_span(arena, page) &&
		mspan_resolve(p, &o) == FOUND_OBJECT && o.row == row &&
		!test_bit(o.index, o.span->free);
	rcu_read_unlock();
	return taken;
}

/*
 * Publish a span: its tag, and the span and the stack number of each of its pages.  In an
 * RCU read section: the number is that of the row in it.
 */
static void span_publish(struct mspan *s, unsigned int row, enum mspan_state state)
{
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int number = mcentral_stack(mcentral_of(row));
	unsigned int i, n = s->npages;

	INIT_LIST_HEAD(&s->list);
	WRITE_ONCE(s->life, s->life + 1);
	/* Release: a reader of the tag finds the geometry of that tag. */
	smp_store_release(&s->tag, MSPAN_TAG(row, state));
	/* A lone page is in the map already, and has its row. */
	if (unlikely(s->arena->lone))
		return;
	for (i = 0; i < n; i++)
		arena_span_set(s->arena, first + i, s);
	galloc_pause(PAUSE_CUT_NUMBER, s);
	/*
	 * Full barrier, where numbers change hands: whoever finds this one in a page finds
	 * the set that it has now.  Pairs with stacks_give().
	 */
	if (unlikely(row >= nr_rows))
		smp_mb(); /* as said above */
	arena_set_stack(s->arena, first, n, number);
}

/* A page with a sampled object keeps its mark. */
static void pages_relabel(struct arena *arena, unsigned int first, unsigned int n,
			  unsigned int number)
{
	for (; n--; first++)
		if (arena->stack[first] != STACK_WATCHED)
			WRITE_ONCE(arena->stack[first], number);
}

/*
 * Give the pages of a span of a set another stack number, with the lock of its row.  Its
 * objects may be freed meanwhile: by either number they go where they belong.
 */
void mspan_relabel(struct mspan *s, unsigned int number)
{
	unsigned int first = arena_page(s->arena, s->start);

	if (!s->arena->lone && s->arena->stack[first] != number)
		pages_relabel(s->arena, first, s->npages, number);
}

/* All that is of the reserve is watched anyway. */
static bool watch_is_apart(const struct mcentral *c, const struct mspan *s)
{
	/* In rows of sets pages are relabelled. */
	if (c->set)
		lockdep_assert_held(&c->lock);
	return mspan_row(s) == c->row && !mcentral_is_reserve(c);
}

/*
 * Mark the page of an object, so that its free takes the slow path; of a set with the lock of
 * its row.  It is in use, so its span stays; but if it is freed twice at the same time,
 * which a @fresh one is not, another may be there, whose pages must not be marked.
 */
void mspan_watch(const struct mcentral *c, struct mspan *s, const void *p, bool fresh)
{
	u16 *number = &s->arena->stack[arena_page(s->arena, addr_of(p))];

	if (!watch_is_apart(c, s))
		return;
	/* A page of a set may have another number than the row. */
	if (fresh || c->set)
		WRITE_ONCE(*number, STACK_WATCHED);
	else
		cmpxchg(number, mcentral_stack(c), STACK_WATCHED);
}

/* Take the mark away, in full order.  False if there was none. */
bool mspan_unwatch(const struct mcentral *c, struct mspan *s, const void *p)
{
	struct arena *arena = s->arena;
	u16 *number = &arena->stack[arena_page(arena, addr_of(p))];
	bool marked;

	if (!watch_is_apart(c, s))
		return false;
	marked = cmpxchg(number, STACK_WATCHED, mcentral_stack(c)) == STACK_WATCHED;
	/* The first page must not tell the others' next relabelling that it is done. */
	if (c->set)
		pages_relabel(arena, arena_page(arena, s->start), s->npages, mcentral_stack(c));
	return marked;
}

/**
 * mspan_cut_taken() - cut runs of pages into objects of a row, all of them taken
 * @s: runs in TRANSIT, side by side and linked by @next, of the class's length, with at most
 *	a word of objects each
 * @row: the row
 * @out: filled with the objects, descending: so they leave a stack by ascending address
 *
 * The state is FULL, and gfree() finds them.
 *
 * Context: RCU read section, see mspan_cut().
 * Return: Their number.
 */
unsigned int mspan_cut_taken(struct mspan *s, unsigned int row, void **out)
{
	const struct mcentral *c = mcentral_of(row);
	const u32 size = c->sc->size, objects = c->sc->objects;
	struct arena *arena = s->arena;
	unsigned int first = arena_page(arena, s->start), page = first;
	unsigned int n = 0;
	struct mspan *next;

	for (next = s; next; next = next->next)
		n += objects;
	out += n;
	for (; s; s = next) {
		unsigned long p = s->start;
		unsigned int i;

		next = s->next;
		INIT_LIST_HEAD(&s->list);
		s->hint = 0;
		WRITE_ONCE(s->objects, objects);
		WRITE_ONCE(s->free[0], 0);
		WRITE_ONCE(s->life, s->life + 1);
		/* Release: as in span_publish(), and for the next one. */
		smp_store_release(&s->tag, MSPAN_TAG(row, MSPAN_FULL));
		for (i = 0; i < s->npages; i++)
			arena_span_set(arena, page++, s);
		for (i = 0; i < objects; i++, p += size)
			*--out = (void *)p;
	}
	arena_set_stack(arena, first, page - first, c->stack);
	return n;
}

/**
 * mspan_take_only() - hand out the only object of a span
 * @s: CACHED span of a row with @whole set, just cut, the caller's
 *
 * Return: The object.
 */
void *mspan_take_only(struct mspan *s)
{
	WRITE_ONCE(s->free[0], 0);
	/* Release: pairs with whole_recheck(). */
	smp_store_release(&s->tag, MSPAN_TAG(mspan_row(s), MSPAN_FULL));
	return (void *)s->start;
}

/**
 * mspan_cut() - cut a run of pages into the objects of a row
 * @s: run in TRANSIT, its descriptor large enough; of the class's length, or a
 *	shorter one that has room for an object
 * @row: the row
 *
 * Afterwards all objects are free, the state is CACHED, and gfree() finds them.
 *
 * Context: RCU read section: the stack number is that of the row in it.
 */
void mspan_cut(struct mspan *s, unsigned int row)
{
	const struct sizeclass *sc = mcentral_of(row)->sc;
	unsigned int i;

	s->hint = 0;
	WRITE_ONCE(s->objects, sizeclass_objects(sc, s->npages));
	for (i = 0; i < nr_words(s); i++)
		WRITE_ONCE(s->free[i], full_word(s, i));
	span_publish(s, row, MSPAN_CACHED);
}

/* ---- init and exit ---------------------------------------------------------- */

static const char * const cache_names[] = {
	NULL, "galloc_mspan_128", "galloc_mspan_256", "galloc_mspan_512",
	"galloc_mspan_1024", "galloc_mspan_2048", "galloc_mspan_4096", "galloc_mspan_8192",
};

static_assert(MSPAN_KINDS <= ARRAY_SIZE(cache_names));

int mspan_init(void)
{
	unsigned int kind;

	for (kind = 1; kind < MSPAN_KINDS; kind++) {
		mspan_caches[kind] = galloc_fail(0) ? NULL :
			kmem_cache_create(cache_names[kind], mspan_size(kind), 0, 0, NULL);
		if (!mspan_caches[kind])
			goto err;
	}
	return 0;
err:
	mspan_exit();
	return -ENOMEM;
}

void mspan_exit(void)
{
	unsigned int kind;

	/*
	 * For mspan_free_rcu(), and for all other callbacks of galloc's: those that free arenas,
	 * and those of batches without objects.
	 */
	rcu_barrier();
	WARN_ON_ONCE(mspan_nr_pages);
	for (kind = 1; kind < MSPAN_KINDS; kind++) {
		kmem_cache_destroy(mspan_caches[kind]);
		mspan_caches[kind] = NULL;
	}
}
