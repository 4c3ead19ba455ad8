/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* guest: what the suites get from the guest they run in; see guest.c. */
#ifndef _GALLOC_KUNIT_GUEST_H
#define _GALLOC_KUNIT_GUEST_H

#include <linux/types.h>

extern unsigned long gk_ops;
extern unsigned long gk_first_seed;
extern bool gk_quick;
extern char *gk_fuzz;
extern unsigned long gk_fuzz_ops;

bool gk_panic_on_warn(bool on);

#endif /* _GALLOC_KUNIT_GUEST_H */
