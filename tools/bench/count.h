/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * count: for a build of galloc.ko that counts what CPUs contend for.
 *
 * Included in front of each of galloc's files, behind compat.h, when Kbuild is
 * told GALLOC_COUNT=y: each raw lock acquired and each atomic read-modify-write
 * in galloc's own code raises a per-CPU counter, by the same name in a macro; which
 * one, by file and function, says count.c.  Of a lock it counts, too, whether another CPU
 * had it.  Those in the kernel's functions and inlines are not galloc's and do not count.
 * Only for the newest kernel, whose raw_xchg() this uses, and with SMP.
 */
#ifndef _GALLOC_BENCH_COUNT_H
#define _GALLOC_BENCH_COUNT_H

/* All that galloc includes, so that no inline of the kernel's is counted. */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/kmemleak.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

void galloc_count(u8 *cause, const char *file, const char *func);
void galloc_count_lock(bool waited);
const char *galloc_count_of(unsigned int what, unsigned long *n);
unsigned long galloc_count_contended(void);

#define COUNTED(x)							\
({									\
	static u8 __cause;						\
									\
	galloc_count(&__cause, KBUILD_BASENAME, __func__);		\
	x;								\
})

/* Take a lock in the same way as @lock does, but see whether it is free. */
#define COUNTED_LOCK(l, lock)						\
({									\
	raw_spinlock_t *__lock = (l);					\
	bool __waits = !(_raw_spin_trylock)(__lock);			\
									\
	if (__waits)							\
		(lock)(__lock);						\
	galloc_count_lock(__waits);					\
})

/* Locks; in parentheses, or in its own macro, a name is the function. */
#define _raw_spin_lock(l)		COUNTED(COUNTED_LOCK(l, _raw_spin_lock))
#define _raw_spin_lock_irqsave(l)					\
COUNTED(({								\
	unsigned long __saved;						\
									\
	local_irq_save(__saved);					\
	COUNTED_LOCK(l, _raw_spin_lock);				\
	__saved;							\
}))
#define _raw_spin_trylock(l)		COUNTED(_raw_spin_trylock(l))

/* Bits. */
#define set_bit(...)			COUNTED(set_bit(__VA_ARGS__))
#define clear_bit(...)			COUNTED(clear_bit(__VA_ARGS__))
#define change_bit(...)			COUNTED(change_bit(__VA_ARGS__))
#define test_and_set_bit(...)		COUNTED(test_and_set_bit(__VA_ARGS__))
#define test_and_clear_bit(...)		COUNTED(test_and_clear_bit(__VA_ARGS__))
#define test_and_set_bit_lock(...)	COUNTED(test_and_set_bit_lock(__VA_ARGS__))
#define clear_bit_unlock(...)		COUNTED(clear_bit_unlock(__VA_ARGS__))

/* Words of any type; the kernel's are macros themselves. */
#undef xchg
#define xchg(...)			COUNTED(raw_xchg(__VA_ARGS__))
#undef cmpxchg
#define cmpxchg(...)			COUNTED(raw_cmpxchg(__VA_ARGS__))
#undef try_cmpxchg
#define try_cmpxchg(...)		COUNTED(raw_try_cmpxchg(__VA_ARGS__))

#define atomic_inc(...)			COUNTED(atomic_inc(__VA_ARGS__))
#define atomic_dec(...)			COUNTED(atomic_dec(__VA_ARGS__))
#define atomic_add(...)			COUNTED(atomic_add(__VA_ARGS__))
#define atomic_sub(...)			COUNTED(atomic_sub(__VA_ARGS__))
#define atomic_or(...)			COUNTED(atomic_or(__VA_ARGS__))
#define atomic_and(...)			COUNTED(atomic_and(__VA_ARGS__))
#define atomic_andnot(...)		COUNTED(atomic_andnot(__VA_ARGS__))
#define atomic_xchg(...)		COUNTED(atomic_xchg(__VA_ARGS__))
#define atomic_cmpxchg(...)		COUNTED(atomic_cmpxchg(__VA_ARGS__))
#define atomic_try_cmpxchg(...)		COUNTED(atomic_try_cmpxchg(__VA_ARGS__))
#define atomic_inc_return(...)		COUNTED(atomic_inc_return(__VA_ARGS__))
#define atomic_dec_return(...)		COUNTED(atomic_dec_return(__VA_ARGS__))
#define atomic_add_return(...)		COUNTED(atomic_add_return(__VA_ARGS__))
#define atomic_sub_return(...)		COUNTED(atomic_sub_return(__VA_ARGS__))
#define atomic_fetch_or(...)		COUNTED(atomic_fetch_or(__VA_ARGS__))
#define atomic_fetch_and(...)		COUNTED(atomic_fetch_and(__VA_ARGS__))
#define atomic_fetch_andnot(...)	COUNTED(atomic_fetch_andnot(__VA_ARGS__))
#define atomic_fetch_add(...)		COUNTED(atomic_fetch_add(__VA_ARGS__))
#define atomic_dec_and_test(...)	COUNTED(atomic_dec_and_test(__VA_ARGS__))
#define atomic_add_unless(...)		COUNTED(atomic_add_unless(__VA_ARGS__))
#define atomic_inc_not_zero(...)	COUNTED(atomic_inc_not_zero(__VA_ARGS__))

#define atomic_long_inc(...)		COUNTED(atomic_long_inc(__VA_ARGS__))
#define atomic_long_dec(...)		COUNTED(atomic_long_dec(__VA_ARGS__))
#define atomic_long_add(...)		COUNTED(atomic_long_add(__VA_ARGS__))
#define atomic_long_sub(...)		COUNTED(atomic_long_sub(__VA_ARGS__))
#define atomic_long_or(...)		COUNTED(atomic_long_or(__VA_ARGS__))
#define atomic_long_and(...)		COUNTED(atomic_long_and(__VA_ARGS__))
#define atomic_long_andnot(...)		COUNTED(atomic_long_andnot(__VA_ARGS__))
#define atomic_long_xchg(...)		COUNTED(atomic_long_xchg(__VA_ARGS__))
#define atomic_long_cmpxchg(...)	COUNTED(atomic_long_cmpxchg(__VA_ARGS__))
#define atomic_long_try_cmpxchg(...)	COUNTED(atomic_long_try_cmpxchg(__VA_ARGS__))
#define atomic_long_inc_return(...)	COUNTED(atomic_long_inc_return(__VA_ARGS__))
#define atomic_long_dec_return(...)	COUNTED(atomic_long_dec_return(__VA_ARGS__))
#define atomic_long_add_return(...)	COUNTED(atomic_long_add_return(__VA_ARGS__))
#define atomic_long_sub_return(...)	COUNTED(atomic_long_sub_return(__VA_ARGS__))
#define atomic_long_fetch_or(...)	COUNTED(atomic_long_fetch_or(__VA_ARGS__))
#define atomic_long_fetch_and(...)	COUNTED(atomic_long_fetch_and(__VA_ARGS__))
#define atomic_long_fetch_andnot(...)	COUNTED(atomic_long_fetch_andnot(__VA_ARGS__))
#define atomic_long_fetch_add(...)	COUNTED(atomic_long_fetch_add(__VA_ARGS__))
#define atomic_long_dec_and_test(...)	COUNTED(atomic_long_dec_and_test(__VA_ARGS__))
#define atomic_long_add_unless(...)	COUNTED(atomic_long_add_unless(__VA_ARGS__))

#endif /* _GALLOC_BENCH_COUNT_H */
