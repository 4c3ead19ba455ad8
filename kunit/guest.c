// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * guest: what the suites get from the guest they run in, a module of its own that
 * is loaded before them.
 *
 * Their parameters: 6.1 runs the suites of a module before it reads the module's
 * own.  And panic_on_warn: insmod can open its file, the threads that KUnit runs
 * cases in do not see the guest's file systems on every kernel.
 */
#include "guest.h"

#include <linux/fs.h>
#include <linux/module.h>

unsigned long gk_ops = 200000;
module_param_named(ops, gk_ops, ulong, 0444);
MODULE_PARM_DESC(ops, "operations of all random sequences together");
EXPORT_SYMBOL_GPL(gk_ops);

unsigned long gk_first_seed;
module_param_named(seed, gk_first_seed, ulong, 0444);
MODULE_PARM_DESC(seed, "of the random sequences; 0: a new one for each");
EXPORT_SYMBOL_GPL(gk_first_seed);

char *gk_fuzz;
module_param_named(fuzz, gk_fuzz, charp, 0444);
MODULE_PARM_DESC(fuzz, "an input of fuzz_kunit.c in hex, to run instead of random ones");
EXPORT_SYMBOL_GPL(gk_fuzz);

unsigned long gk_fuzz_ops;
module_param_named(fuzz_ops, gk_fuzz_ops, ulong, 0444);
MODULE_PARM_DESC(fuzz_ops, "operations of its random ones; 0: in proportion to ops");
EXPORT_SYMBOL_GPL(gk_fuzz_ops);

bool gk_quick;
module_param_named(quick, gk_quick, bool, 0444);
MODULE_PARM_DESC(quick, "leave out what takes seconds and does not depend on galloc's parameters");
EXPORT_SYMBOL_GPL(gk_quick);

/* /proc/sys/kernel/panic_on_warn */
static struct file *file;

/**
 * gk_panic_on_warn() - say whether a warning is the end
 * @on: whether it is
 *
 * Return: whether it was.
 */
bool gk_panic_on_warn(bool on)
{
	char was = '0';
	loff_t pos = 0;

	if (!file)
		return false;
	kernel_read(file, &was, 1, &pos);
	pos = 0;
	kernel_write(file, on ? "1" : "0", 1, &pos);
	return was == '1';
}
EXPORT_SYMBOL_GPL(gk_panic_on_warn);

static int __init gk_guest_init(void)
{
	file = filp_open("/proc/sys/kernel/panic_on_warn", O_RDWR, 0);
	if (!IS_ERR(file))
		return 0;
#ifdef MODULE
	return PTR_ERR(file);
#else
	/* Built in, the suites run before any file system is mounted. */
	file = NULL;
	return 0;
#endif
}

static void __exit gk_guest_exit(void)
{
	filp_close(file, NULL);
}

module_init(gk_guest_init);
module_exit(gk_guest_exit);

MODULE_DESCRIPTION("The guest of galloc's KUnit suites");
MODULE_LICENSE("GPL");
