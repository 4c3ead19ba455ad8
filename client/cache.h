/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* cache: typed caches inside galloc, see cache.c. */
#ifndef _GALLOC_CLIENT_CACHE_H
#define _GALLOC_CLIENT_CACHE_H

#include "galloc_internal.h"

/**
 * struct galloc_cache - a typed cache
 * @set: its rows
 * @account: bytes of its spans, and its limit
 * @size: bytes of an object, as asked for
 * @has_ctor: objects have been through a constructor
 *
 * Freed with the last object, which may be long after galloc_cache_destroy().
 */
struct galloc_cache {
	struct rowset *set;
	struct row_account account;
	unsigned int size;
	bool has_ctor;
};

#endif /* _GALLOC_CLIENT_CACHE_H */
