// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* quiet: the calls of remarks.c, in a file with GALLOC_OVERRIDE_QUIET. */
#include "remarks.c"
