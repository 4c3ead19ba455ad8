// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * depth: how many galloc locks this CPU holds.
 *
 * Linked in only by GALLOC_DEBUG=y.  No two are ever held together, so a depth of two
 * gives a warning.
 */
#include "galloc_internal.h"

static DEFINE_PER_CPU(int, lock_depth);

void galloc_lock_acquired(void)
{
	WARN_ONCE(__this_cpu_inc_return(lock_depth) > 1,
		  "galloc: two locks held together\n");
}

void galloc_lock_released(void)
{
	__this_cpu_dec(lock_depth);
}
