/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * lock: what a context allows, and how galloc locks.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_LOCK_H
#define _GALLOC_LOCK_H

#include <linux/percpu.h>

/*
 * May pages be allocated or freed here?  On PREEMPT_RT the page allocator's locks sleep,
 * so not with preemption or interrupts off.  Otherwise everywhere except in an NMI.
 */
static inline bool may_grow(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return preemptible();
	return !in_nmi();
}

/*
 * May a free, or deferrable work, call the page and the slab allocator here?  Not with
 * interrupts off: the caller may hold any lock of the kernel, including those that
 * they take.  The worker does what is left undone.
 */
static inline bool may_call_system(void)
{
	return may_grow() && !irqs_disabled();
}

static_assert(!((__force unsigned int)(GALLOC_GFP_ONCE & __GFP_BITS_MASK)));

/* What is only taken if it is at hand: the caller has something else. */
#define GALLOC_GFP_AT_HAND	(GALLOC_GFP_ONCE | __GFP_NOMEMALLOC | __GFP_WRITE)

/*
 * The flags of a request that this context allows.  With interrupts off galloc must
 * not wake anything, not even kswapd: the caller may hold the lock of a runqueue.
 */
static inline gfp_t context_gfp(gfp_t gfp)
{
	if ((gfp & GALLOC_GFP_AT_HAND) == GALLOC_GFP_AT_HAND)
		gfp &= ~__GFP_RECLAIM;
	return irqs_disabled() ? gfp & ~__GFP_RECLAIM : gfp;
}

/*
 * The flags of a try that may fail.  Without __GFP_NOFAIL alone the page allocator would
 * still not return for a short run: it kills one process after the other, or, without
 * __GFP_FS, waits for ever, and no longer gives what it has in reserve for such requests.
 */
static inline gfp_t gfp_may_fail(gfp_t gfp)
{
	if ((gfp & (__GFP_NOFAIL | __GFP_NORETRY)) == __GFP_NOFAIL)
		gfp |= __GFP_RETRY_MAYFAIL;
	return (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN;
}

/*
 * Flags for galloc's own metadata: reclaim and reserves as for the caller, for whom @npages
 * are asked for, too, 0 if that does not matter.  No process is killed for metadata where
 * none would be for the pages.
 */
static inline gfp_t meta_gfp(gfp_t gfp, unsigned long npages)
{
	bool kills = npages <= 1UL << PAGE_ALLOC_COSTLY_ORDER && !(gfp & __GFP_THISNODE);

	gfp = context_gfp(gfp) & (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HIGH |
				  __GFP_ATOMIC | __GFP_MEMALLOC | __GFP_NOMEMALLOC |
				  __GFP_NORETRY | __GFP_RETRY_MAYFAIL | __GFP_NOFAIL |
				  __GFP_NOLOCKDEP);
	if (!kills && !(gfp & (__GFP_NORETRY | __GFP_NOFAIL)))
		gfp |= __GFP_RETRY_MAYFAIL;
	return gfp | __GFP_NOWARN;
}

/*
 * What the worker allocates, for later: it may reclaim, but kills no process and takes no
 * reserves for what nobody has asked for.
 */
#define WORKER_GFP	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_NOWARN)

/*
 * Every galloc lock is a raw spinlock taken through these two.  A debug build
 * counts the depth and warns at 2: no two are ever held together.
 */
#ifdef CONFIG_GALLOC_DEBUG
void galloc_lock_acquired(void);
void galloc_lock_released(void);
#else
static inline void galloc_lock_acquired(void) { }
static inline void galloc_lock_released(void) { }
#endif

/* A build that measures sections uses tools/bench/sections.h instead. */
#ifndef GALLOC_SECTIONS
static inline void galloc_section_begin(void) { }
static inline void galloc_section_end(const char *func) { }
#endif

/*
 * This CPU holds a lock of galloc: so what interrupts it, an NMI or a probe, must not even
 * try one.  Without SMP a trylock always succeeds.  Set before what the lock protects is
 * read or written, and cleared after that; barrier() orders a CPU against its own NMIs.
 */
DECLARE_PER_CPU(u8, galloc_lock_held);

#define galloc_lock_hold(set)				\
do {							\
	barrier();					\
	__this_cpu_write(galloc_lock_held, set);	\
	barrier();					\
} while (0)

#define galloc_lock(lock, flags)			\
do {							\
	raw_spin_lock_irqsave(lock, flags);		\
	galloc_lock_hold(1);				\
	galloc_lock_acquired();				\
	galloc_section_begin();				\
} while (0)

/* True if it has been taken: at once, and in any context. */
#define galloc_trylock(lock, flags)			\
({							\
	bool __taken;					\
							\
	local_irq_save(flags);				\
	__taken = !__this_cpu_read(galloc_lock_held) &&	\
		  raw_spin_trylock(lock);		\
	if (__taken) {					\
		galloc_lock_hold(1);			\
		galloc_lock_acquired();			\
		galloc_section_begin();			\
	} else {					\
		local_irq_restore(flags);		\
	}						\
	__taken;					\
})

#define galloc_unlock(lock, flags)			\
do {							\
	galloc_section_end(__func__);			\
	galloc_lock_hold(0);				\
	galloc_lock_released();				\
	raw_spin_unlock_irqrestore(lock, flags);	\
} while (0)

#endif /* _GALLOC_LOCK_H */
