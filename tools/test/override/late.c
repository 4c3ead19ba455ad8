// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* late: where galloc-override.h comes after another header. */
