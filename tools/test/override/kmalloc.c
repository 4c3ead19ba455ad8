// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* kmalloc: a file with GALLOC_OVERRIDE_KMALLOC=0. */
#include "calls.h"
