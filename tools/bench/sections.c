// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * sections: how long a build of galloc.ko with GALLOC_SECTIONS=y has kept others
 * off, see sections.h.
 *
 * A part of galloc.ko, not of galloc_bench.ko, which asks for it.  Under `qemu
 * -icount shift=0` a nanosecond is an instruction.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#include "sections.h"

/* Functions that end a section. */
#define MAX_FUNCS	96

static struct {
	const char *func;
	u64 longest;
	u64 ever;
} table[MAX_FUNCS];

/* The cost of the clock itself. */
static u64 nothing;

static DEFINE_RAW_SPINLOCK(table_lock);
static DEFINE_PER_CPU(u64, section_start);
static DEFINE_PER_CPU(unsigned long, section_flags);
static DEFINE_PER_CPU(unsigned int, section_depth);

/* Interrupts are off.  A lock that is taken in a section of an mcache is a part of that. */
void galloc_section_begin(void)
{
	if (__this_cpu_inc_return(section_depth) == 1)
		__this_cpu_write(section_start, ktime_get_ns());
}

void galloc_section_end(const char *func)
{
	u64 took = ktime_get_ns() - __this_cpu_read(section_start);
	unsigned int i;

	if (__this_cpu_dec_return(section_depth))
		return;
	raw_spin_lock(&table_lock);
	for (i = 0; i < MAX_FUNCS - 1; i++)
		if (!table[i].func || table[i].func == func)
			break;
	table[i].func = func;
	table[i].longest = max(table[i].longest, took);
	table[i].ever = max(table[i].ever, took);
	raw_spin_unlock(&table_lock);
}

void galloc_section_enter(void)
{
	unsigned long flags;

	local_irq_save(flags);
	__this_cpu_write(section_flags, flags);
	galloc_section_begin();
}

void galloc_section_leave(const char *func)
{
	galloc_section_end(func);
	local_irq_restore(__this_cpu_read(section_flags));
}

void galloc_sections_clear(void)
{
	unsigned long flags;
	unsigned int i;
	u64 start;

	raw_spin_lock_irqsave(&table_lock, flags);
	for (i = 0; i < MAX_FUNCS; i++)
		table[i].longest = 0;
	for (i = 0; i < 3; i++) {
		start = ktime_get_ns();
		nothing = ktime_get_ns() - start;
	}
	raw_spin_unlock_irqrestore(&table_lock, flags);
}
EXPORT_SYMBOL_GPL(galloc_sections_clear);

/* The longest section since then, and the function that it was in. */
u64 galloc_sections_longest(const char **func)
{
	unsigned long flags;
	unsigned int i;
	u64 longest = 0;

	*func = "none";
	raw_spin_lock_irqsave(&table_lock, flags);
	for (i = 0; i < MAX_FUNCS && table[i].func; i++) {
		if (table[i].longest <= longest)
			continue;
		longest = table[i].longest;
		*func = table[i].func;
	}
	raw_spin_unlock_irqrestore(&table_lock, flags);
	return longest - min(longest, nothing);
}
EXPORT_SYMBOL_GPL(galloc_sections_longest);

/* Into the kernel's log: the longest of each function so far. */
void galloc_sections_print(void)
{
	unsigned int i;

	for (i = 0; i < MAX_FUNCS && table[i].func; i++)
		pr_info("galloc: section of %s: %llu\n", table[i].func,
			table[i].ever - min(table[i].ever, nothing));
}
EXPORT_SYMBOL_GPL(galloc_sections_print);
