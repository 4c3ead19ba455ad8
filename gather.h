/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * gather: objects of a batch, sorted by the words of the bitmaps that they are in.
 *
 * What fills a stack was mostly freed in an order of its own: of 16 objects in a row, 4 are
 * of the same word, of 64 objects, 7.  So a turn that frees objects into their spans looks
 * at 64, and marks those of a word by one atomic operation.
 *
 * Included by mcentral.c only.
 */
#ifndef _GALLOC_GATHER_H
#define _GALLOC_GATHER_H

#include <linux/hash.h>

#include "galloc_internal.h"

/* Words in which one turn marks objects; each may be that of a span that becomes empty. */
#define GATHER_WORDS		16U

/* Objects of a turn: as many as a mask has bits. */
#define GATHER_MOST		((unsigned int)BITS_PER_LONG)

/* Places of the hash, twice as many. */
#define GATHER_BITS		7

/**
 * struct cover - objects of one word of a span of a row
 * @span: the span
 * @start: its start
 * @mask: their bits in the word; when they are marked, of those that were free already
 * @length: the span's length in bytes
 * @objects: the number of its objects
 * @word: of the bitmap
 */
struct cover {
	struct mspan *span;
	unsigned long start;
	unsigned long mask;
	u32 length;
	u16 objects;
	u16 word;
};

/**
 * struct gathered - the objects of a batch, and a bit for each in the masks
 * @twice: those that another one in the batch is equal to
 * @strange: those that are no objects of the row
 * @later: those of further words, for which there was no room
 * @n: length of @cover
 * @cover: the words of all others
 * @at: by a hash of their addresses, the places in @cover and 1
 */
struct gathered {
	unsigned long twice;
	unsigned long strange;
	unsigned long later;
	unsigned int n;
	struct cover cover[GATHER_WORDS];
	u8 at[1 << GATHER_BITS];
};

/*
 * The span of a row at an address, and what it is cut into; false if there is none.  The
 * loads and barriers are those of mspan_resolve().
 */
static bool gather_span(const struct mcentral *c, const void *p, struct cover *at)
{
	unsigned int page, objects;
	unsigned long start, length;
	struct arena *arena;
	struct mspan *s;

	arena = arena_of(p, &page);
	/* Depends: pairs with the releases of mspan_cut() and mheap_run_map(). */
	s = arena_span(arena, page);
	if (unlikely(!s || !mspan_tag_is_cut(READ_ONCE(s->tag), c->row)))
		return false;
	galloc_pause(PAUSE_RESOLVE_FOUND, s);
	/* Pairs with the release in mspan_cut(): orders tag before the geometry. */
	smp_rmb();
	start = READ_ONCE(s->start);
	length = (unsigned long)READ_ONCE(s->npages) << PAGE_SHIFT;
	objects = READ_ONCE(s->objects);
	/* Orders the loads above before the second reads of map and tag. */
	smp_rmb();
	if (unlikely(arena_span(arena, page) != s || addr_of(p) - start >= length ||
		     !mspan_tag_is_cut(READ_ONCE(s->tag), c->row)))
		return false;
	at->span = s;
	at->start = start;
	at->length = length;
	at->objects = min_t(unsigned int, objects, s->nwords * BITS_PER_LONG);
	return true;
}

/*
 * Is an object of a word at an address, and which of the span?  An offset beyond the span is
 * not that of an object of the span, either.
 */
static __always_inline bool cover_has(const struct cover *at, const struct sizeclass *sc,
				      unsigned long addr, u32 *index)
{
	unsigned long offset = addr - at->start;

	*index = sizeclass_index(sc, offset);
	return *index < at->objects && *index * sc->size == offset &&
	       *index / BITS_PER_LONG == at->word;
}

/* The word of the object at an address, without its bit; NULL: there is none. */
static struct cover *gather_new(const struct mcentral *c, const void *p, unsigned int shift,
				struct gathered *g, u32 *index)
{
	struct cover *at = &g->cover[g->n], *same = at;
	unsigned long offset;

	if (unlikely(!gather_span(c, p, at)))
		return NULL;
	offset = addr_of(p) - at->start;
	*index = sizeclass_index(c->sc, offset);
	if (unlikely(*index >= at->objects || *index * c->sc->size != offset))
		return NULL;
	at->word = *index / BITS_PER_LONG;
	at->mask = 0;
	/* The hash has another place for another part of it. */
	if ((at->start ^ (at->start + at->length - 1)) >> shift)
		same = g->cover;
	while (same->span != at->span || same->word != at->word)
		same++;
	g->n += same == at;
	/* One found by a late double free may be cut otherwise by now. */
	return likely(same == at) || cover_has(same, c->sc, addr_of(p), index) ? same : NULL;
}

/*
 * The same, one that is known if possible.  @shift: parts of memory as large as that are
 * told apart.  NULL: @later if it may be an object, but of one word too many.
 */
static struct cover *gather_find(const struct mcentral *c, const void *p, unsigned int shift,
				 struct gathered *g, u32 *index, bool *later)
{
	unsigned int h = hash_long(addr_of(p) >> shift, GATHER_BITS);
	struct cover *at;

	/* Twice as many places as objects: there is an end. */
	for (; g->at[h]; h = (h + 1) % ARRAY_SIZE(g->at)) {
		at = &g->cover[g->at[h] - 1];
		if (cover_has(at, c->sc, addr_of(p), index))
			return at;
	}
	*later = g->n == GATHER_WORDS;
	if (*later)
		return NULL;
	at = gather_new(c, p, shift, g, index);
	if (at)
		g->at[h] = at - g->cover + 1;
	return at;
}

/**
 * gather_objects() - sort objects of a row by the words of their spans
 * @c: the row
 * @p: the objects
 * @n: their number, at most GATHER_MOST
 * @g: filled in
 *
 * Each span is looked up once.  A live object that lies in it, as it was a moment ago, is an
 * object of it: no page is in two spans.  Of other pointers mspan_resolve() says no more,
 * either.
 *
 * Context: As mspan_resolve(), in the section in which they are freed.
 */
static void gather_objects(const struct mcentral *c, void **p, unsigned int n,
			   struct gathered *g)
{
	const struct sizeclass *sc = c->sc;
	/* As large as a word, so one is in two parts of memory at most, and one has few. */
	unsigned int shift = fls_long(min((unsigned long)sc->size * BITS_PER_LONG,
					  (unsigned long)sc->span_pages << PAGE_SHIFT) - 1);
	const struct cover none = { };
	const struct cover *last = &none;
	struct cover *at = NULL;
	unsigned int i;

	g->twice = 0;
	g->strange = 0;
	g->later = 0;
	g->n = 0;
	memset(g->at, 0, sizeof(g->at));
	for (i = 0; i < n; i++) {
		bool later = false;
		unsigned long bit;
		u32 index;

		if (!cover_has(last, sc, addr_of(p[i]), &index)) {
			at = gather_find(c, p[i], shift, g, &index, &later);
			if (unlikely(!at)) {
				*(later ? &g->later : &g->strange) |= BIT(i);
				last = &none;
				continue;
			}
			last = at;
		}
		bit = BIT(index % BITS_PER_LONG);
		if (unlikely(at->mask & bit))
			g->twice |= BIT(i);
		at->mask |= bit;
	}
}

/* Which of @n objects have their bit of a word in @was: a bit for each. */
static unsigned long gather_which(const struct mcentral *c, const struct cover *at,
				  void **p, unsigned int n, unsigned long was)
{
	unsigned long which = 0;
	unsigned int i;
	u32 index;

	for (i = 0; i < n; i++)
		if (cover_has(at, c->sc, addr_of(p[i]), &index) &&
		    was >> index % BITS_PER_LONG & 1)
			which |= BIT(i);
	return which;
}

/* Spans of a turn of frees: one for each word, or each object that has a span of its own. */
#define FREE_TURN		GATHER_WORDS

/**
 * struct freed - what a turn of frees leaves to be done
 * @span: spans that may have to change lists
 * @all: all their objects, to be marked free when that is done; NULL: they are
 * @saw: the state in which each was seen
 * @n: how many
 */
struct freed {
	struct mspan *span[FREE_TURN];
	struct cover *all[FREE_TURN];
	u8 saw[FREE_TURN];
	unsigned int n;
};

static __always_inline void freed_add(struct freed *freed, struct mspan *s, struct cover *all,
				      enum mspan_state saw)
{
	freed->span[freed->n] = s;
	freed->all[freed->n] = all;
	freed->saw[freed->n++] = saw;
}

/* Are these all objects of a span that is on no CPU? */
static __always_inline bool cover_is_all(const struct cover *at)
{
	return at->objects <= BITS_PER_LONG && at->mask == ~0UL >> (BITS_PER_LONG - at->objects) &&
	       mspan_state(at->span) == MSPAN_FULL;
}

#endif /* _GALLOC_GATHER_H */
