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

/* Bytes that are compared at a time. */
#define CHECK_TURN		PAGE_SIZE

/* Objects that read as zero get no red zones for now. */
static bool zones_end;

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
 * bytes_give_zone() - give an object its red zone
 * @p: the object, all of its bytes open, and zero if it reads so
 * @r: its record
 * @size: its bytes
 *
 * Context: RCU read section; the object is the caller's.
 */
void bytes_give_zone(const void *p, struct record *r, size_t size)
{
	size_t n;

	/* Pairs with the grace period of bytes_clear_zones(). */
	WRITE_ONCE(r->whole, r->zero && READ_ONCE(zones_end));
	n = bytes_zone(r, size);
	if (!n)
		return;
	memset((void *)p + r->asked, BYTES_ZONE, n);
	mark_zone(p, r->asked, size);
}

/* May others look at a free object?  They may refer to whole pages. */
static bool is_seen(const struct gate_object *o)
{
	unsigned int npages = PFN_UP(offset_in_page(o->p) + o->size);

	if (o->set && (o->set->args.flags & ROWS_RCU))
		return true;
	if (o->size <= PAGE_SIZE)
		return false;
	/* A report of missing references takes locks. */
	return o->nolock ? !release_pages_untouched(addr_of(o->p), npages) :
			   !release_pages_unshared(addr_of(o->p), npages);
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
static long bytes_damage(const void *p, size_t from, size_t n, u8 byte)
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

/*
 * Compare a turn of an object's bytes, for table_visit().  Its owner may be changing them: then
 * they say nothing.
 */
static size_t check_turn(struct visited *v)
{
	u32 seq = READ_ONCE(v->r->seq), state;
	size_t n, next = 0;

	/* Acquire: pairs with record_done(). */
	state = smp_load_acquire(&v->r->state);
	if (state == RECORD_POISONED) {
		v->fault = FAULT_LATE_WRITE;
		v->byte = bytes_of_free();
		n = min_t(size_t, v->size - v->from, CHECK_TURN);
		v->at = bytes_damage(v->p, v->from, n, v->byte);
		if (v->at < 0 && v->from + n < v->size)
			next = v->from + n;
	} else if (state == RECORD_LIVE) {
		v->fault = FAULT_OVERRUN;
		v->byte = BYTES_ZONE;
		v->at = bytes_damage(v->p, v->r->asked, bytes_zone(v->r, v->size), v->byte);
	}
	/* Pairs with record_change(). */
	smp_rmb();
	if (v->at >= 0 && (READ_ONCE(v->r->seq) != seq || READ_ONCE(v->r->state) != state ||
			   !gate_is_recorded(v->row)))
		v->at = -1;
	return next;
}

/**
 * bytes_check() - compare all bytes that should not have changed
 *
 * Reports each object that has been written to.
 *
 * Context: Process.  Sleeps.
 * Return: Their number.
 */
unsigned int bytes_check(void)
{
	return table_visit(check_turn, NULL);
}

/* ---- the end of a watch --------------------------------------------------------------------- */

/**
 * struct clearing - whose zones end
 * @match: true for their rows
 * @arg: for @match
 */
struct clearing {
	bool (*match)(u32 row, const void *arg);
	const void *arg;
};

/* Clear the red zone of an object that reads as zero behind its bytes, for table_visit(). */
static size_t clear_zone(struct visited *v)
{
	const struct clearing *c = v->arg;
	struct record *r = v->r;
	size_t zone;

	if (READ_ONCE(r->state) != RECORD_LIVE || !c->match(v->row, c->arg))
		return 0;
	/* Full order: pairs with record_claim() and table_see_free(). */
	if (cmpxchg(&r->state, RECORD_LIVE, RECORD_CLEARING) != RECORD_LIVE)
		return 0;
	zone = r->zero ? bytes_zone(r, v->size) : 0;
	if (zone) {
		v->fault = FAULT_OVERRUN;
		v->byte = BYTES_ZONE;
		v->at = bytes_damage(v->p, r->asked, zone, BYTES_ZONE);
		WRITE_ONCE(r->seq, r->seq + 1);
		bytes_open(v->p, v->size);
		galloc_pause(PAUSE_ZONE_CLEARING, v->p);
		memset(v->p + r->asked, 0, zone);
		WRITE_ONCE(r->whole, true);
	}
	/* Release: whoever finds it in use finds the zeroes. */
	smp_store_release(&r->state, RECORD_LIVE);
	return 0;
}

/**
 * bytes_clear_zones() - some rows will not be watched any more
 * @match: true for these
 * @arg: for @match
 *
 * What krealloc() promises of a zeroed object has to be true of one that was watched, when
 * nobody knows any more where its red zone began: from here on all of its bytes are its
 * client's.  Zeroed objects of other rows, too, get no zone before bytes_zones_again().
 *
 * Context: Process, one at a time.  Sleeps.
 */
void bytes_clear_zones(bool (*match)(u32 row, const void *arg), const void *arg)
{
	const struct clearing c = { match, arg };

	WRITE_ONCE(zones_end, true);
	/* Whoever has not seen it has made its zone.  Pairs with bytes_give_zone(). */
	synchronize_rcu();
	table_visit(clear_zone, &c);
	galloc_pause(PAUSE_ZONES_CLEARED, NULL);
}

/* Those that are watched get zones again. */
void bytes_zones_again(void)
{
	WRITE_ONCE(zones_end, false);
}

/* Are zones being cleared?  Who cannot wait must not free an object.  RCU read section. */
bool bytes_zones_end(void)
{
	return unlikely(READ_ONCE(zones_end));
}
