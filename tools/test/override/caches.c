// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* caches: a file with GALLOC_OVERRIDE_CACHES=0. */
#include "calls.h"
