// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* ours: the calls of body.h, with galloc-override.h. */
#ifdef GALLOC_KMEM_CACHE_ARGS
#define CACHE_ARGS
#endif
#define OURS			true
#define CALLS			calls_of_galloc
#include "body.h"
