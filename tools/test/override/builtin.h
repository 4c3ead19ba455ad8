/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* builtin: what makes a file one that is built into the kernel. */
#undef MODULE
