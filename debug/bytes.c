// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * bytes: what nobody should touch of watched objects: red zones, and all that is free.
 *
 * Both are filled with a known byte, which shows later that somebody has written there.
 * On a kernel with CONFIG_KASAN_GENERIC they are marked in KASAN's shadow as well, so that it
 * reports the access itself, a read too.  A mark must be gone before somebody gets the
 * bytes for whom no record is kept: when an object is taken, its span leaves its row, or its
 * table is dropped.
 *
 * Called by table.c, which has the records; owns no lock.  Overview: galloc_mod.c.
 */
#include "table.h"

#include <linux/kasan-checks.h>
#include <linux/string.h>

/* Bytes behind the requested ones that are filled. */
#define ZONE_MAX		PAGE_SIZE

/* SLUB's value. */
#define BYTE_FREE		0x6b

/* ---- marks -------------------------------------------------------------------------- */

#ifdef CONFIG_KASAN_GENERIC

/* KASAN's own, so that its report has the right title. */
#define MARK_ZONE		0xfc	/* slab-out-of-bounds */
#define MARK_FREE		0xfb	/* slab-use-after-free */

/* Bytes that have a byte of shadow. */
#define GRANULE			8U

/* A suite that misuses objects itself clears it. */
bool bytes_marked = true;

/**
 * bytes_open() - all bytes may be used
 * @p: an object, or several
 * @size: bytes, a multiple of 8
 *
 * Context: Any.
 */
void bytes_open(const void *p, size_t size)
{
	kasan_poison(p, size, 0, false);
}

/* The shadow has no shadow. */
static noinline __no_sanitize_address void mark_last(const void *p, u8 bytes)
{
	WRITE_ONCE(*(u8 *)kasan_mem_to_shadow(p), bytes);
}

/* Of @size bytes only the first @asked may be used.  The same. */
static void mark_zone(const void *p, size_t asked, size_t size)
{
	size_t from = round_up(asked, GRANULE);

	if (!bytes_marked)
		return;
	if (from < size)
		kasan_poison(p + from, size - from, MARK_ZONE, false);
	if (asked % GRANULE)
		mark_last(p + round_down(asked, GRANULE), asked % GRANULE);
}

/* None may be used.  The same. */
static void mark_free(const void *p, size_t size)
{
	if (bytes_marked)
		kasan_poison(p, size, MARK_FREE, false);
}

/* A free counts as an access: KASAN reports that of an object that is marked. */
void bytes_touch(const void *p)
{
	if (bytes_marked)
		__kasan_check_write(p, 1);
}

#ifdef CONFIG_GALLOC_KUNIT
/* The mark of a byte, and its neighbours. */
noinline __no_sanitize_address u8 bytes_mark_of(const void *p)
{
	return READ_ONCE(*(const u8 *)kasan_mem_to_shadow(p));
}
#endif

#else
static void mark_zone(const void *p, size_t asked, size_t size) { }
static void mark_free(const void *p, size_t size) { }
#endif

/* ---- fillings ------------------------------------------------------------------------- */

/* What a free object is filled with: with init_on_free it is cleared afterwards. */
u8 bytes_of_free(void)
{
	return want_init_on_free() ? 0 : BYTE_FREE;
}

/* The red zone of an object; its length, 0 if it has none. */
size_t bytes_zone(const struct record *r, size_t size)
{
	u32 asked = READ_ONCE(r->asked);

	if (!asked || asked >= size || READ_ONCE(r->whole))
		return 0;
	return min_t(size_t, size - asked, ZONE_MAX);
}

/**
 * bytes_fill_zone() - give an object its red zone
 * @p: the object, all of its bytes open
 * @r: its record
 * @size: its bytes
 *
 * Context: Any; the object is the caller's.
 */
void bytes_fill_zone(const void *p, const struct record *r, size_t size)
{
	size_t n = bytes_zone(r, size);

	if (!n)
		return;
	memset((void *)p + r->asked, BYTES_ZONE, n);
	mark_zone(p, r->asked, size);
}

/* May others look at a free object?  They may refer to whole pages. */
static bool is_seen(const struct gate_object *o)
{
	if (o->set && (o->set->args.flags & ROWS_RCU))
		return true;
	return o->size > PAGE_SIZE &&
	       !release_pages_unshared(addr_of(o->p), PFN_UP(offset_in_page(o->p) + o->size));
}

/**
 * bytes_fill_free() - fill an object that is free from now on
 * @o: the object
 *
 * Where the contents outlive the object, and in any context, it is only marked.
 *
 * Context: Any with @o->nolock; else any but NMI.
 * Return: True if it is filled.
 */
bool bytes_fill_free(const struct gate_object *o)
{
	bool fill = !o->nolock && !(o->set && o->set->args.flags & ROWS_KEEP);

	if (is_seen(o))
		return false;
	if (fill) {
		bytes_open(o->p, o->size);
		memset((void *)o->p, bytes_of_free(), o->size);
	}
	mark_free(o->p, o->size);
	return fill;
}

/* ---- comparison ------------------------------------------------------------------------- */

/* The first of @n bytes that is not @byte; its offset from @p, or -1. */
long bytes_damage(const void *p, size_t from, size_t n, u8 byte)
{
	const void *at;

	/* KASAN should not report this access. */
	kasan_disable_current();
	at = n ? memchr_inv(p + from, byte, n) : NULL;
	kasan_enable_current();
	return at ? at - p : -1;
}

/* Report an object whose red zone has been written to. */
void bytes_check_zone(const void *p, const struct record *r, size_t size)
{
	long at = bytes_damage(p, r->asked, bytes_zone(r, size), BYTES_ZONE);

	if (unlikely(at >= 0))
		report_damage(FAULT_OVERRUN, p, at, BYTES_ZONE);
}

/* False, and reported, if a free object has been written to. */
bool bytes_check_free(const void *p, const struct record *r, size_t size)
{
	long at;

	if (READ_ONCE(r->state) != RECORD_POISONED)
		return true;
	at = bytes_damage(p, 0, size, bytes_of_free());
	if (likely(at < 0))
		return true;
	report_damage(FAULT_LATE_WRITE, p, at, bytes_of_free());
	return false;
}
