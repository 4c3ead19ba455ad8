// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * walk_calls: calls of walk.c that stand for several, or need more than one to be checked:
 * those that resize, those of any context, prefills, gvmalloc() and its kin, and strings.
 */
#include "walk.h"
#include "helpers.h"

#include <linux/string.h>

#include "client/heap.h"

/* ---- gvmalloc() -------------------------------------------------------------------- */

/* Memory of vmalloc() is not galloc's, nor the twin's: it is looked at, and freed. */
static void got_virtual(struct walk *w, void *p, size_t size)
{
	if (!IS_ALIGNED((unsigned long)p, PAGE_SIZE))
		walk_expect(w, "memory of vmalloc() does not begin with a page");
	twin_fill(p, size, ++w->twin.stamp);
	if (!twin_intact(p, size, w->twin.stamp))
		walk_expect(w, "memory of vmalloc() has changed");
	gvfree(p);
}

static void got_either(struct walk *w, void *p, size_t size, gfp_t gfp)
{
	if (p && !galloc_owns(p))
		got_virtual(w, p, size);
	/* Single pages are enough, if the caller waits for them. */
	else if (!p)
		walk_got(w, NULL, min(size, PAGE_SIZE), 8, gfp, true);
	else
		walk_got(w, p, size, walk_natural(size), gfp, true);
}

void walk_vmalloc(struct walk *w)
{
	unsigned int how = walk_below(w, 4);
	size_t size = walk_size(w);
	gfp_t gfp = walk_gfp(w);
	void *p;

	switch (how) {
	case 0:
		p = gvzalloc(size, gfp);
		break;
	case 1:
		size = ALIGN(size, 8);
		p = gvcalloc(size / 8, 8, gfp);
		break;
	case 2:
		p = gvmalloc_node(size, gfp, walk_below(w, 2) ? NUMA_NO_NODE : 0);
		break;
	default:
		p = gvmalloc(size, gfp);
		break;
	}
	if (p && how < 2 && !twin_all_zero(p, size))
		walk_expect(w, "not zero");
	got_either(w, p, size, gfp);
}

void walk_vfree(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	size_t size = o ? o->size : 0;
	void *p = o ? o->p : NULL;

	if (o)
		walk_expect(w, twin_drop(&w->twin, o));
	if (walk_below(w, 4))
		gvfree(p);
	else
		gvfree_sensitive(p, size);
}

/* ---- another size -------------------------------------------------------------------- */

enum resize { PLAIN, ALIGNED, VIRTUAL };

static void *resize(enum resize how, void *p, size_t size, size_t align, gfp_t gfp)
{
	switch (how) {
	case ALIGNED:
		return grealloc_aligned(p, size, align, gfp);
	case VIRTUAL:
		return gvrealloc(p, size, gfp);
	default:
		return grealloc(p, size, gfp);
	}
}

/* What lies at @q is what lay at @old, as far as that fits, and zero behind that if asked for. */
static void expect_resized(struct walk *w, const struct twin_object *old, u8 *q, size_t size,
			   bool zero)
{
	if (!twin_intact(q, min(old->size, size), old->stamp))
		walk_expect(w, "lost its contents");
	if (zero && size > old->real && !twin_all_zero(q + old->real, size - old->real))
		walk_expect(w, "grown part is not zero");
	if (zero && size <= old->real && !twin_all_zero(q + size, gsize(q) - size))
		walk_expect(w, "part behind the end is not zero");
}

/* Resize an object to what is at least aligned so. */
static void resize_one(struct walk *w, enum resize how, size_t align)
{
	struct twin_object *o = walk_object(w), old;
	bool zero = walk_below(w, 2), in_heap, stays;
	size_t size = walk_size(w);
	gfp_t gfp = walk_gfp(w);
	u8 *q;

	if (!o)
		return;
	old = *o;
	in_heap = heap_has(w->heap, old.p);
	stays = size <= old.real && IS_ALIGNED((unsigned long)old.p, align) &&
		(how == VIRTUAL || IS_ALIGNED((unsigned long)old.p, size & -size));
	q = resize(how, old.p, size, align, zero ? gfp | __GFP_ZERO : gfp);
	if (!q) {
		/* The old one stays, and its pattern is checked later on. */
		walk_got(w, NULL, size, align, gfp, false);
		return;
	}
	if (q != old.p && stays)
		walk_expect(w, "moved without need");
	expect_resized(w, &old, q, size, zero);
	w->twin.bytes -= old.real;
	*o = w->twin.objects[--w->twin.nr];
	if (!galloc_owns(q)) {
		if (how != VIRTUAL || in_heap)
			walk_expect(w, "is of vmalloc() now");
		got_virtual(w, q, size);
		return;
	}
	if (heap_has(w->heap, q) != in_heap)
		walk_expect(w, "left its heap, or came into it");
	/* Shrunk in place it keeps its class, and its class's alignment. */
	walk_got(w, q, size, max(align, q == old.p ? 8 : walk_natural(size)), gfp,
		 how != ALIGNED && (q != old.p || galloc_size_roundup(size) == old.real));
}

void walk_realloc(struct walk *w)
{
	resize_one(w, PLAIN, 1);
}

void walk_realloc_aligned(struct walk *w)
{
	resize_one(w, ALIGNED, 1UL << walk_below(w, walk_below(w, 8) ? 13 : 19));
}

void walk_vrealloc(struct walk *w)
{
	resize_one(w, VIRTUAL, 1);
}

/* ---- any context ----------------------------------------------------------------------- */

/* 0: in a task, 1: with interrupts off, 2: as an NMI, as far as the caller sees. */
static void context_begin(unsigned int which, unsigned long *flags)
{
	if (which)
		local_irq_save(*flags);
	if (which > 1)
		__preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
}

static void context_end(unsigned int which, unsigned long flags)
{
	if (which > 1)
		__preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	if (which)
		local_irq_restore(flags);
}

void walk_nolock(struct walk *w)
{
	bool zero = walk_below(w, 2);
	unsigned int which = walk_below(w, 3);
	size_t size = walk_size(w);
	unsigned long flags;
	void *p;

	context_begin(which, &flags);
	p = galloc_nolock(size, zero ? __GFP_ZERO : 0);
	context_end(which, flags);
	if (p && zero)
		walk_expect_zero(w, p);
	walk_got(w, p, size, walk_natural(size), 0, true);
}

void walk_free_nolock(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	unsigned int which = walk_below(w, 3);
	void *p = o ? o->p : NULL;
	unsigned long flags;

	if (o)
		walk_expect(w, twin_drop(&w->twin, o));
	context_begin(which, &flags);
	gfree_nolock(p);
	context_end(which, flags);
}

/* ---- prefills ---------------------------------------------------------------------------- */

/* Allocate ahead, of anything, take some, and give the others back. */
void walk_prefill(struct walk *w)
{
	unsigned int n = 1 + walk_below(w, WALK_MAX_BULK), take = walk_below(w, n + 1), i;
	unsigned int of = walk_below(w, 3);
	size_t size = 1 + walk_below(w, GALLOC_MAX_SMALL);
	gfp_t gfp = walk_gfp(w);
	struct galloc_prefill *pf;
	size_t align;

	if (of == 2)
		size = galloc_cache_size(w->cache[0]);
	align = of == 2 ? 8 : walk_natural(size);
	if (of == 0)
		pf = galloc_prefill(size, n, gfp);
	else if (of == 1)
		pf = galloc_prefill_from_heap(w->heap, size, n, gfp);
	else
		pf = galloc_prefill_from_cache(w->cache[0], n, gfp);
	if (!pf) {
		walk_got(w, NULL, size, align, gfp, of < 2);
		return;
	}
	for (i = 0; i < take; i++)
		walk_got(w, galloc_prefill_alloc(pf), size, align, gfp, of < 2);
	if (galloc_prefill_left(pf) != n - take)
		walk_expect(w, "has another number of objects left");
	galloc_prefill_release(pf);
}

/* ---- strings ------------------------------------------------------------------------------- */

static const char text[] =
	"All strings of this walk begin or end somewhere in this line, also with all of it.";

/* The first characters of the text, by each call that makes such a string. */
void walk_string(struct walk *w)
{
	size_t len = walk_below(w, sizeof(text));
	const char *s = text + sizeof(text) - 1 - len;
	gfp_t gfp = walk_gfp(w);
	char *p;

	switch (walk_below(w, 4)) {
	case 0:
		p = gstrdup(s, gfp);
		break;
	case 1:
		s = text;
		p = gstrndup(s, len, gfp);
		break;
	case 2:
		s = text;
		p = gmemdup_nul(s, len, gfp);
		break;
	default:
		p = gasprintf(gfp, "%s", s);
		break;
	}
	if (p && (memcmp(p, s, len) || p[len]))
		walk_expect(w, "another string");
	walk_got(w, p, len + 1, walk_natural(len + 1), gfp, true);
}

void walk_memdup(struct walk *w)
{
	const struct twin_object *o = walk_object(w);
	size_t size = o ? o->size : 0;
	gfp_t gfp = walk_gfp(w);
	void *p = gmemdup(o ? o->p : NULL, size, gfp);

	if (!o) {
		if (p != ZERO_SIZE_PTR)
			walk_expect(w, "a copy of nothing is something");
		return;
	}
	if (p && !twin_intact(p, size, o->stamp))
		walk_expect(w, "another copy");
	walk_got(w, p, size, walk_natural(size), gfp, true);
}
