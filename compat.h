/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * compat: every difference between kernel versions, and only here.
 *
 * Kbuild includes it before each file.  The code reads like 7.3; a shim below has
 * the new name and states until which version it is needed, so that it can be
 * deleted when the oldest supported version changes.
 */
#ifndef _GALLOC_COMPAT_H
#define _GALLOC_COMPAT_H

#include <linux/version.h>
#include <linux/mmzone.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "galloc needs Linux 6.1 or newer"
#endif

/* Until 6.10 it had cmpxchg() and xchg() of 4 and 8 bytes only. */
#if defined(CONFIG_RISCV) && LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#error "galloc needs Linux 6.10 or newer on riscv"
#endif

#ifndef CONFIG_64BIT
#error "galloc needs a 64-bit kernel"
#endif

/* Is this one of galloc's functions?  Built into the kernel they cannot be told from others. */
#ifdef MODULE
#define within_galloc(at)	within_module_core(at, THIS_MODULE)
#else
#define within_galloc(at)	((void)(at), false)
#endif

/* Until 6.8: MAX_ORDER, exclusive up to 6.3 and inclusive from 6.4. */
#ifndef MAX_PAGE_ORDER
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#else
#define MAX_PAGE_ORDER	MAX_ORDER
#endif
#endif

/* Until 6.5; 6.1.176 lacks it, 6.1.192 has it. */
#include <linux/compiler.h>
#ifndef __counted_by
#define __counted_by(member)
#endif

/*
 * Until 6.2: no callback was lazy.  Since then those of call_rcu() wait up to ten seconds
 * on CPUs that leave theirs to others, with CONFIG_RCU_LAZY, however much memory they have.
 */
#include <linux/rcupdate.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define call_rcu_hurry(head, func)	call_rcu(head, func)
#endif

/* Until 6.3: the flag that identified GFP_ATOMIC.  Zero where it no longer exists. */
#include <linux/gfp.h>
#ifndef __GFP_ATOMIC
#define __GFP_ATOMIC	((__force gfp_t)0)
#endif

/* Until 6.13: a bare word named the namespace of a symbol. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define GALLOC_IMPORT_KUNIT_NS() MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#else
#define GALLOC_IMPORT_KUNIT_NS() MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#endif

/* Until 6.7: shrinkers were embedded and registered in one step. */
#include <linux/shrinker.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <linux/slab.h>

static inline struct shrinker *galloc_shrinker_alloc(void)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker)
		shrinker->flags = SHRINKER_NUMA_AWARE;
	return shrinker;
}

static inline int galloc_shrinker_register(struct shrinker *shrinker)
{
	return register_shrinker(shrinker, "galloc");
}

/* Free a shrinker that could not be registered. */
static inline void galloc_shrinker_abandon(struct shrinker *shrinker)
{
	kfree(shrinker);
}

static inline void galloc_shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#else
static inline struct shrinker *galloc_shrinker_alloc(void)
{
	return shrinker_alloc(SHRINKER_NUMA_AWARE, "galloc");
}

static inline int galloc_shrinker_register(struct shrinker *shrinker)
{
	shrinker_register(shrinker);
	return 0;
}

static inline void galloc_shrinker_abandon(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}

static inline void galloc_shrinker_free(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#endif

/* Until 6.4: reclaim progress was reported through current->reclaim_state. */
#include <linux/swap.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline void mm_account_reclaimed_pages(unsigned long pages)
{
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += pages;
}
#endif

/*
 * netpoll_teardown(): what undoes __netpoll_setup() is no longer exported by itself, but in a
 * function from 6.12 that drops a reference to the device, too.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define netpoll_teardown(np)	__netpoll_cleanup(np)
#else
#define netpoll_teardown(np)						\
({									\
	struct netpoll *__np = (np);					\
									\
	netdev_hold(__np->dev, &__np->dev_tracker, GFP_KERNEL);		\
	do_netpoll_cleanup(__np);					\
})
#endif

/* sock_splice_page(): until 6.5 there was a function for it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define sock_splice_page(sock, page, offset, size, flags)		\
	kernel_sendpage(sock, page, offset, size, flags)
#else
#define sock_splice_page(sock, page, offset, size, flags)		\
({									\
	struct msghdr __msg = { .msg_flags = (flags) | MSG_SPLICE_PAGES };	\
	struct bio_vec __vec;						\
									\
	bvec_set_page(&__vec, page, size, offset);			\
	iov_iter_bvec(&__msg.msg_iter, ITER_SOURCE, &__vec, 1, size);	\
	sock_sendmsg(sock, &__msg);					\
})
#endif

/*
 * Until 6.18: every workqueue was per CPU unless it had WQ_UNBOUND.  An enum where it
 * exists, so only the version can tell; 6.12 backported it, but does not require
 * it.
 */
#include <linux/workqueue.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define WQ_PERCPU	0
#endif

/*
 * Is a CPU isolated, by isolcpus=, nohz_full= or a cpuset?  6.1 got
 * cpu_is_isolated() only in a stable release; until 6.13 both masks must be checked.
 * In 7.3 a cpuset may replace the first, and frees the old one after a grace period.
 */
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
static inline bool galloc_cpu_isolated(int cpu)
{
	bool isolated;

	rcu_read_lock();
	isolated = !housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN) ||
		   !housekeeping_test_cpu(cpu, HK_TYPE_TICK);
	rcu_read_unlock();
	return isolated;
}

/*
 * kswapd_hush(): until 6.5 (eb2e2b425c69) an allocation from a zone whose watermark was
 * just boosted woke kswapd, regardless of its flags.  With interrupts off the caller may
 * hold a runqueue's lock, which would deadlock.  So the marks of the zones are removed
 * around such a call; kswapd_unhush() restores them, and the next allocation wakes
 * kswapd.
 */
#include <linux/nodemask.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define HUSHED_ZONES	8

struct kswapd_hush {
	struct zone *zone[HUSHED_ZONES];
	unsigned int n;
};

static inline void kswapd_hush(struct kswapd_hush *hush)
{
	int nid, i;

	hush->n = 0;
	if (likely(!irqs_disabled()))
		return;
	for_each_node_state(nid, N_MEMORY) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			/* If there are more, kswapd is woken another time. */
			if (test_bit(ZONE_BOOSTED_WATERMARK, &zone->flags) &&
			    populated_zone(zone) &&
			    test_and_clear_bit(ZONE_BOOSTED_WATERMARK, &zone->flags) &&
			    hush->n < HUSHED_ZONES)
				hush->zone[hush->n++] = zone;
		}
	}
}

static inline void kswapd_unhush(struct kswapd_hush *hush)
{
	while (hush->n)
		set_bit(ZONE_BOOSTED_WATERMARK, &hush->zone[--hush->n]->flags);
}
#else
struct kswapd_hush { };
static inline void kswapd_hush(struct kswapd_hush *hush) { }
static inline void kswapd_unhush(struct kswapd_hush *hush) { }
#endif

/*
 * Until 6.15: kfree() of a page outside the slab allocator dropped a reference to it,
 * and subtracted its size from the node's slab counter.  Now it warns.
 */
#define KFREE_UNCOUNTS_ANY_PAGE	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0))

/* What the first attempt of kvmalloc() for more than a page lacks: since 6.15 it only looks. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define KVMALLOC_GFP_LACKS	0
#else
#define KVMALLOC_GFP_LACKS	__GFP_DIRECT_RECLAIM
#endif

/*
 * CALLERS_HAVE_TAGS: galloc counts the objects of each line that allocates, for
 * /proc/allocinfo.  Until 6.14 it was not exported to modules whether the kernel does.
 *
 * pages_leave_singly(): does the kernel have a tag on each page of a split chunk?
 * Freeing the chunk in one piece would remove only the first.  Allocation profiling
 * came with 6.10.
 */
#if defined(CONFIG_MEM_ALLOC_PROFILING) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#include <linux/alloc_tag.h>
#define CALLERS_HAVE_TAGS
#define pages_leave_singly()	mem_alloc_profiling_enabled()
#elif defined(CONFIG_MEM_ALLOC_PROFILING)
#define pages_leave_singly()	true
#else
#define pages_leave_singly()	false
#endif

/*
 * split_is_recorded(): does split_page() do anything but give each page a reference?  It
 * tells page_owner and allocation profiling that the pages are single ones from then on.
 */
#define split_is_recorded()					\
	(IS_ENABLED(CONFIG_PAGE_OWNER) || IS_ENABLED(CONFIG_MEM_ALLOC_PROFILING))

/*
 * Does page_owner count the pages of each stack that has allocated some?  When a piece is
 * freed it takes all of its pages off the stack of the first, but galloc's pieces may be
 * of more than one allocation.  Since 6.9, and whether it is on no exported symbol tells.
 */
#define PIECES_LEAVE_SINGLY						\
	(IS_ENABLED(CONFIG_PAGE_OWNER) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0))

/* Until 6.10: the source of a tracepoint's string was named twice. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define galloc_assign_str(dst, src)	__assign_str(dst, src)
#else
#define galloc_assign_str(dst, src)	__assign_str(dst)
#endif

/* Until 6.13: an hrtimer was given its function by assignment. */
#include <linux/hrtimer.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

/*
 * GALLOC_CPU_OPS: an access to a variable of this CPU is one instruction.  Then
 *
 * cpu_byte_is_set(): a byte of this CPU is not 0
 * cpu_array(): the address of an element of the array this CPU points to
 * cpu_array_at(): the same, so many bytes from its begin
 *
 * exist.  Until 6.8 x86 compilers did not know what this_cpu_read() does, so its value
 * went through a register before it was compared or added.
 */
#include <linux/percpu.h>
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define GALLOC_CPU_OPS
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define cpu_byte_is_set(var)	(__this_cpu_read(var) != 0)
#define cpu_array(ptr, index)	(__this_cpu_read(ptr) + (index))
#define cpu_array_at(ptr, bytes)	((typeof(ptr))((char *)__this_cpu_read(ptr) + (bytes)))
#else
#define cpu_byte_is_set(var)						\
({									\
	bool __set;							\
									\
	asm volatile("cmpb $0, " __percpu_arg(1)			\
		     : "=@ccnz" (__set) : "m" (var) : "memory");	\
	__set;								\
})

#define cpu_array(ptr, index)	cpu_array_at(ptr, (index) * sizeof(*(ptr)))
#define cpu_array_at(ptr, bytes)					\
({									\
	unsigned long __at = (bytes);					\
									\
	asm volatile("addq " __percpu_arg(1) ", %0"			\
		     : "+r" (__at) : "m" (ptr) : "cc", "memory");	\
	(typeof(ptr))__at;						\
})
#endif
#endif

/*
 * credit_used_up(): one less, and was there none left?
 * bits_in_common(): has a value any bit of a mask in memory?
 *
 * Each is one instruction, and the jump that looks at its flags; compilers take two for
 * 64 bits in memory.
 */
#if defined(CONFIG_X86_64)
#define credit_used_up(credit)						\
({									\
	bool __none;							\
									\
	asm volatile("subq $1, %0"					\
		     : "+m" (credit), "=@ccs" (__none) : : "memory");	\
	__none;								\
})

#define bits_in_common(value, mask)					\
({									\
	bool __some;							\
									\
	asm("testq %1, %2"						\
	    : "=@ccnz" (__some) : "r" ((u64)(value)), "m" (mask));	\
	__some;								\
})
#else
#define credit_used_up(credit)		(--(credit) < 0)
#define bits_in_common(value, mask)	(!!((unsigned long)(value) & (mask)))
#endif

/*
 * What client/override.c hands to the kernel.  Where the kernel has no such call, no client
 * has asked for an alignment, and no memory is from the missing one.
 */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#ifndef krealloc_node_align
#define krealloc_node_align(p, size, align, gfp, nid)	krealloc(p, size, gfp)
#define kvmalloc_node_align(size, align, gfp, nid)	kvmalloc_node(size, gfp, nid)
#define kvfree_atomic(p)				kvfree(p)
#define kfree_nolock(p)					kfree(p)
#endif

/*
 * kernel_kvrealloc(): since 6.12 kvrealloc() is not told how much of its memory was asked for,
 * and takes that of vmalloc(), too; until then krealloc() knows it of objects.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define KVREALLOC_KNOWS_SIZES	0
#define kernel_kvrealloc(p, size, align, gfp, nid)	krealloc(p, size, gfp)
#else
#define KVREALLOC_KNOWS_SIZES	1
#ifdef kvrealloc_node_align
#define kernel_kvrealloc(p, size, align, gfp, nid)	\
	kvrealloc_node_align(p, size, align, gfp, nid)
#else
#define kernel_kvrealloc(p, size, align, gfp, nid)	kvrealloc(p, size, gfp)
#endif
#endif

/*
 * vmalloc_node_gfp(): until 6.17 no exported function took flags and a node.  Since 6.19
 * __vmalloc() warns of flags that kvmalloc() takes; what resizes nothing does not.
 */
#ifdef vrealloc_node_align
#define vmalloc_node_gfp(size, gfp, nid)	vrealloc_node_align(NULL, size, 1, gfp, nid)
#else
#define vmalloc_node_gfp(size, gfp, nid)				\
	((nid) == NUMA_NO_NODE || ((gfp) & ~__GFP_ZERO) != GFP_KERNEL ?	\
	 __vmalloc(size, gfp) :						\
	 (gfp) & __GFP_ZERO ? vzalloc_node(size, nid) : vmalloc_node(size, nid))
#endif

/* The address that caused an oops of which a die notifier learns; 0: not known. */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define oops_address()					native_read_cr2()
#else
#define oops_address()					0UL
#endif

/* KASAN's marks: exported to modules, and declared in no public header. */
#ifdef CONFIG_KASAN_GENERIC
void kasan_poison(const void *addr, size_t size, u8 value, bool init);
#endif

/* Until 6.12: a cache was described by five arguments, or seven. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
struct kmem_cache_args {
	unsigned int align;
	unsigned int useroffset;
	unsigned int usersize;
	void (*ctor)(void *object);
};

static inline struct kmem_cache *
__kmem_cache_create_args(const char *name, unsigned int size,
			 struct kmem_cache_args *args, slab_flags_t flags)
{
	return kmem_cache_create_usercopy(name, size, args->align, flags,
					  args->useroffset, args->usersize, args->ctor);
}

static inline bool kmem_cache_charge(void *p, gfp_t gfp) { return true; }
#endif

/*
 * KERNEL_ADDRESS_TOP: the two highest bits of an address in the direct mapping.  On x86
 * PAGE_OFFSET is a variable.
 */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#define KERNEL_ADDRESS_TOP	3UL
#else
#define KERNEL_ADDRESS_TOP	((unsigned long)PAGE_OFFSET >> 62)
#endif

#endif /* _GALLOC_COMPAT_H */
