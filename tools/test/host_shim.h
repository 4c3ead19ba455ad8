/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * The few kernel names that sizeclass.c needs, for the host tests.
 * PAGE_SHIFT comes from the compiler's command line.
 */
#ifndef _GALLOC_HOST_SHIM_H
#define _GALLOC_HOST_SHIM_H

#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE_SIZE	(1UL << PAGE_SHIFT)

#undef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))

#undef static_assert
#define static_assert(expr)	_Static_assert(expr, #expr)

#include "../../sizeclass.h"

#endif /* _GALLOC_HOST_SHIM_H */
