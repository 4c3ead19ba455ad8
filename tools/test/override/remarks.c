// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * remarks: the calls of which the compiler warns with galloc-override.h, each beside the
 * kernel's own declaration.
 *
 * To be compiled only; see external.sh.
 */
#include <linux/clkdev.h>
#include <linux/debugfs.h>
#include <linux/devcoredump.h>
#include <linux/dma-fence-array.h>
#include <linux/gameport.h>
#include <linux/input.h>
#include <linux/libata.h>
#include <linux/lru_cache.h>
#include <linux/serio.h>
#include <linux/skbuff.h>
#include <drm/drm_file.h>
#include <net/xfrm.h>

#define X(call, args)							\
	void of_##call(void);						\
	void of_##call(void)						\
	{								\
		(void)call args;					\
	}

X(build_skb, (NULL, 0))
X(__build_skb, (NULL, 0))
X(napi_build_skb, (NULL, 0))
X(build_skb_around, (NULL, NULL, 0))
X(drm_event_reserve_init, (NULL, NULL, NULL, NULL))
X(drm_event_reserve_init_locked, (NULL, NULL, NULL, NULL))
X(xfrm_state_alloc, (NULL))
X(input_ff_create_memless, (NULL, NULL, NULL))
X(input_ff_create, (NULL, 1))
X(clkdev_add, (NULL))
X(ata_host_init, (NULL, NULL, NULL))
X(__serio_register_port, (NULL, NULL))
#if IS_REACHABLE(CONFIG_GAMEPORT)
X(__gameport_register_port, (NULL, NULL))
#endif
#ifdef CONFIG_DEV_COREDUMP
X(dev_coredumpsg, (NULL, NULL, 0, GFP_KERNEL))
#endif
#ifdef CONFIG_DEBUG_FS
X(debugfs_create_str, (NULL, 0, NULL, NULL))
#endif
X(lc_create, (NULL, NULL, 1, 1, 1, 0))

/* Of five arguments, or of four in newer kernels. */
static inline struct dma_fence_array *
not_five(int n, struct dma_fence **fences, u64 context, unsigned int seqno, bool any)
{
	return NULL;
}

static inline struct dma_fence_array *
not_four(int n, struct dma_fence **fences, u64 context, unsigned int seqno)
{
	return NULL;
}

#define FIVE	_Generic(dma_fence_array_create,			\
			 typeof(&not_five) : dma_fence_array_create, default : not_five)
#define FOUR	_Generic(dma_fence_array_create,			\
			 typeof(&not_four) : dma_fence_array_create, default : not_four)
void of_dma_fence_array_create(void);
void of_dma_fence_array_create(void)
{
	WARN_ON(FIVE(1, NULL, 0, 0, false) || FOUR(1, NULL, 0, 0));
}
