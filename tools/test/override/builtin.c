// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* builtin: where galloc-override.h is in no module. */
