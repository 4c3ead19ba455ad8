// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * account: what the sets of a typed cache or a private heap hold, and its limit.
 *
 * Charged before the pages are asked for and uncharged when they have left, so a limit
 * holds while several CPUs race for the last span.  A cache in a heap charges both.
 *
 * Called by grow.c, rows.c and large.c.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"
#include "rows.h"

#include <linux/jiffies.h>

/* 0: none.  One beyond all memory is none, either. */
void account_set_limit(struct row_account *a, size_t bytes)
{
	a->limit = min_t(size_t, bytes, LONG_MAX);
}

/*
 * Suspend the limits of an account and of those above it, 1, or no longer, -1: for a request
 * of an overridden module that must not fail.  The kernel's callers do not look for NULL then.
 */
void account_lift(struct row_account *a, int by)
{
	for (; a; a = a->parent)
		atomic_add(by, &a->lifted);
}

/* Would that be beyond the limit? */
static bool exceeds(const struct row_account *a, long bytes)
{
	return a->limit && bytes > a->limit && !atomic_read(&a->lifted);
}

/* Charge one account: never more than its limit, not for a moment, unless that is lifted. */
static bool charge_one(struct row_account *a, long bytes)
{
	long had = atomic_long_read(&a->bytes), peak;

	do {
		if (exceeds(a, had + bytes))
			return false;
		galloc_pause(PAUSE_CHARGE, a);
	} while (!atomic_long_try_cmpxchg(&a->bytes, &had, had + bytes));
	peak = atomic_long_read(&a->peak);
	while (had + bytes > peak &&
	       !atomic_long_try_cmpxchg(&a->peak, &peak, had + bytes))
		;
	return true;
}

/**
 * account_charge() - charge an account and those above it
 * @a: the account, or NULL
 * @bytes: how much
 *
 * Context: Any.
 * Return: False if a limit refuses it; then none is charged.
 */
bool account_charge(struct row_account *a, long bytes)
{
	struct row_account *at;

	for (at = a; at; at = at->parent)
		if (!charge_one(at, bytes))
			goto undo;
	return true;
undo:
	for (; a != at; a = a->parent)
		atomic_long_sub(bytes, &a->bytes);
	return false;
}

void account_uncharge(struct row_account *a, long bytes)
{
	for (; a; a = a->parent)
		atomic_long_sub(bytes, &a->bytes);
}

static long span_length(int npages)
{
	return (long)npages * (long)PAGE_SIZE;
}

/* Charge for a span that is about to be allocated. */
bool account_charge_span(struct rowset *set)
{
	return account_charge(set->args.account, span_length(set->args.sc.span_pages));
}

/* There is none, or it is @npages shorter; if negative, longer. */
void account_uncharge_span(struct rowset *set, int npages)
{
	account_uncharge(set->args.account, span_length(npages));
}

/* The first of an account and those above it whose limit would refuse so much; or NULL. */
const struct row_account *account_refusing(const struct row_account *a, size_t bytes)
{
	while (a && !exceeds(a, atomic_long_read(&a->bytes) + (long)bytes))
		a = a->parent;
	return a;
}

/* The account whose limit would refuse another span, or @bytes of whole pages; or NULL. */
struct row_account *account_refused_by(const struct rowset *set, size_t bytes)
{
	if (set->args.sc.size)
		bytes = span_length(set->args.sc.span_pages);
	return (struct row_account *)account_refusing(set->args.account, bytes);
}

/* An owner whom it did not help waits for others' objects again after so long, in jiffies. */
#define RELIEF_PAUSE	DIV_ROUND_UP(HZ, 10)

/**
 * account_relieve() - a limit refuses a request: free what was freed, and counts there still
 * @a: the account with the limit
 * @gfp: flags of the request
 * @waited: set if it waited for a grace period, or for others who free; for account_refused()
 *
 * What waits for a grace period, or for others to drop its pages.  Nobody counts whose that is.
 * An owner may use his limit to drop what is too much for him: then not each of his requests
 * is to wait for the objects of others.
 *
 * Context: Any but NMI, no galloc lock held.  Does nothing where the caller cannot sleep.
 * Return: Whether it makes sense to try again: all of this may just have come by itself, too.
 */
bool account_relieve(const struct row_account *a, gfp_t gfp, bool *waited)
{
	u32 spared = READ_ONCE(a->spared);

	if (!gfpflags_allow_blocking(gfp) || !may_call_system())
		return false;
	/* Not by their order, which turns round when jiffies have gone on for long enough. */
	if (!spared || spared - (u32)jiffies > RELIEF_PAUSE + 1)
		*waited = rcu_batches_relieve(gfp);
	/* What of that is watched. */
	quarantine_flush(true);
	if (waiting_nr())
		waiting_release();
	/* It may be on the stacks of other CPUs, or in spans that wait for readers. */
	stacks_relieve(a, gfp);
	return true;
}

/* A request was refused, and has @waited in vain. */
void account_refused(struct row_account *a, bool waited)
{
	atomic_long_inc(&a->refused);
	if (waited)
		WRITE_ONCE(a->spared, (u32)(jiffies + RELIEF_PAUSE) | 1);
}
