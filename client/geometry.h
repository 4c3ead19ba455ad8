/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* geometry: see geometry.c. */
#ifndef _GALLOC_GEOMETRY_H
#define _GALLOC_GEOMETRY_H

#include "sizeclass.h"

/* The objects of a typed cache: multiples of the smallest, aligned to a page at most. */
#define GEOMETRY_ALIGN_MIN	8u
#define GEOMETRY_ALIGN_MAX	4096u

bool geometry_make(struct sizeclass *sc, size_t size, size_t align);
bool geometry_is_exact(const struct sizeclass *sc);

#endif /* _GALLOC_GEOMETRY_H */
