// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* kernels: the calls of remarks.c, in a file that leaves both families to the kernel. */
#include "remarks.c"
