// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* kernels: the calls of body.h, without galloc-override.h. */
#include <linux/slab.h>
#ifdef kmem_cache_create
#define CACHE_ARGS
#endif
#define OURS			false
#define CALLS			calls_of_kernel
#include "body.h"
