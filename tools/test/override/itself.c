// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* itself: where galloc-override.h is in galloc itself. */
