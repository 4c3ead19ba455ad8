/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* cache: typed caches inside galloc, see cache.c. */
#ifndef _GALLOC_CLIENT_CACHE_H
#define _GALLOC_CLIENT_CACHE_H

#include "debug/guard.h"

struct galloc_heap;

/**
 * struct galloc_cache - a typed cache
 * @place: of @set, for the fast paths
 * @set: its rows
 * @account: bytes of its spans, and its limit; a part of the heap's if it is in one
 * @size: bytes of an object, as asked for
 * @has_ctor: objects have been through a constructor
 * @goes: it is destroyed together with its heap
 * @watched: its name is watched until it is destroyed, see kcache.c
 * @heap: the heap that it is in, or NULL
 * @link: in the heap's list of caches (the heap's lock), until cache_gone()
 * @guard: how often an object gets a page of its own
 *
 * Freed with the last object, which may be long after galloc_cache_destroy().
 */
struct galloc_cache {
	struct stack_place place;
	struct rowset *set;
	struct row_account account;
	unsigned int size;
	bool has_ctor;
	bool goes;
	bool watched;
	struct galloc_heap *heap;
	struct list_head link;
	struct guard_rate guard;
};

struct galloc_cache *cache_create(const char *name, size_t size,
				  const struct galloc_cache_args *args,
				  struct galloc_heap *heap);

#endif /* _GALLOC_CLIENT_CACHE_H */
