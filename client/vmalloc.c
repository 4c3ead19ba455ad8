// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * vmalloc: memory of galloc(), or of vmalloc() where galloc() has none.
 *
 * Above api.c, whose calls it uses.  What vmalloc() serves is not galloc's: it does not
 * count against limit_mb and is in none of the statistics.  Owns the mutex of those who
 * free it after a grace period.  Overview: galloc_mod.c.
 */
#include "vmalloc.h"
#include "debug/guard.h"
#include "rcu.h"

#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/* What is the kernel's counts for the caller. */
#include "galloc_allocinfo_none.h"

#define MAX_BYTES	((size_t)GALLOC_MAX_PAGES << PAGE_SHIFT)

/* Flags about the pages of an object, of which vmalloc() has none. */
#define PAGES_GFP	(__GFP_COMP | __GFP_MOVABLE | __GFP_RECLAIMABLE | __GFP_WRITE)

/* May vmalloc() be asked where galloc() has none?  Of a page or less it is not. */
bool vmalloc_serves(size_t size, gfp_t gfp)
{
	return size > PAGE_SIZE && gfpflags_allow_blocking(gfp) &&
	       !(gfp & (GALLOC_GFP_ZONES | __GFP_THISNODE));
}

/*
 * The flags of the first attempt.  Only a page or less is worth all that the caller
 * allows: for longer runs there is vmalloc(), which needs single pages only.  Where that may
 * be asked, no CPU is drained and no free run given back before.
 */
gfp_t vmalloc_first_gfp(size_t size, gfp_t gfp)
{
	if (size <= PAGE_SIZE)
		return gfp;
	if (!(gfp & __GFP_RETRY_MAYFAIL))
		gfp |= vmalloc_serves(size, gfp) ? __GFP_NORETRY | GALLOC_GFP_ONCE :
						   __GFP_NORETRY;
	return (gfp | __GFP_NOWARN) & ~__GFP_NOFAIL;
}

/* Whole pages, so that gvrealloc() may use the last to its end, whatever watches it. */
void *vmalloc_instead(size_t size, gfp_t gfp, int nid)
{
	if (size > INT_MAX) {
		WARN_ONCE(!(gfp & __GFP_NOWARN), "galloc: gvmalloc of %zu bytes\n", size);
		return NULL;
	}
	if (galloc_fail(0))
		return NULL;
	size = PAGE_ALIGN(size);
	gfp &= ~PAGES_GFP;
	return vmalloc_node_gfp(size, gfp, nid);
}

/* Must galloc() not fail, since vmalloc() may not be asked, and the caller can wait? */
static bool vmalloc_leaves(size_t size, gfp_t gfp)
{
	return gfp & __GFP_NOFAIL && gfpflags_allow_blocking(gfp) && !vmalloc_serves(size, gfp);
}

/**
 * gvmalloc_node() - allocate on a node, of galloc() or else of vmalloc()
 * @size: bytes wanted; at most INT_MAX
 * @gfp: allocation flags.  One that does not allow to sleep gets what galloc() has,
 *	and nothing of vmalloc()
 * @nid: node, or NUMA_NO_NODE.  Where vmalloc() takes no node with flags, until Linux 6.17,
 *	it honours it for GFP_KERNEL with or without __GFP_ZERO, and with others the flags.
 *	__GFP_THISNODE gets nothing of vmalloc(), and galloc() tries all the harder with
 *	__GFP_NOFAIL
 *
 * A request of more than a page does not make galloc() reclaim hard, unless @gfp has
 * __GFP_RETRY_MAYFAIL.  Memory of vmalloc() is of whole pages and cannot be passed to the
 * DMA API.
 *
 * Context: As galloc().
 * Return: Memory for gvfree(), ZERO_SIZE_PTR for 0, or NULL; NULL with one warning if
 * @size is more than INT_MAX.
 */
void *gvmalloc_node(size_t size, gfp_t gfp, int nid)
{
	void *p = NULL;

	/* It is not vmalloc() that should find out. */
	if (!api_enter_ok())
		return NULL;
	if (size <= MAX_BYTES)
		p = galloc_node(size, vmalloc_leaves(size, gfp) ? gfp :
				vmalloc_first_gfp(size, gfp), nid);
	return p || !vmalloc_serves(size, gfp) ? p : vmalloc_instead(size, gfp, nid);
}
EXPORT_SYMBOL_GPL(gvmalloc_node);

/* Is it memory of vmalloc(), and no page of a guarded object, live or just freed? */
bool vmalloc_has(const void *p)
{
	return is_vmalloc_addr(p) && !guard_maps(p);
}

/* Is it the start of such memory, as far as one sees?  Any context but NMI. */
bool vmalloc_begins(const void *p)
{
	return !offset_in_page(p) && vmalloc_has(p) && vmalloc_to_page(p);
}

/**
 * gvfree() - free memory of gvmalloc(), galloc() or vmalloc()
 * @p: the memory; NULL and ZERO_SIZE_PTR are fine
 *
 * Context: Any but NMI.  Sleeps if it is memory of vmalloc(), unless in an interrupt.
 */
void gvfree(const void *p)
{
	if (vmalloc_has(p))
		vfree(p);
	else
		gfree(p);
}
EXPORT_SYMBOL_GPL(gvfree);

/**
 * gvfree_sensitive() - clear memory of gvmalloc() and free it
 * @p: the memory; NULL and ZERO_SIZE_PTR are fine
 * @len: bytes to clear of memory of vmalloc(); of an object of galloc() all are
 *
 * Context: As gvfree().
 */
void gvfree_sensitive(const void *p, size_t len)
{
	if (!vmalloc_has(p)) {
		gfree_sensitive(p);
		return;
	}
	memzero_explicit((void *)p, len);
	vfree(p);
}
EXPORT_SYMBOL_GPL(gvfree_sensitive);

/*
 * The bytes that vmalloc() has at @p.  No exported function knows them; behind each
 * area is a page that is never mapped.
 */
size_t vmalloc_bytes(const void *p)
{
	size_t bytes = 0;

	while (is_vmalloc_addr(p + bytes) && vmalloc_to_page(p + bytes))
		bytes += PAGE_SIZE;
	return bytes;
}

/**
 * gvrealloc() - change the size of memory of gvmalloc()
 * @p: the memory; NULL and ZERO_SIZE_PTR: allocate new memory
 * @size: bytes wanted; 0: free @p
 * @gfp: allocation flags.  With __GFP_ZERO (or init_on_alloc) the bytes beyond the old
 *	size read as zero, if every call for this memory had it
 *
 * Stays in place if the memory is large enough.  Keeps neither the node that
 * gvmalloc_node() was asked for nor more alignment than gvmalloc() promises.  What is in a
 * heap grows there, as with grealloc(): vmalloc() serves none of that.
 *
 * Context: As gvmalloc_node(), and as gvfree() if it moves.
 * Return: The memory, ZERO_SIZE_PTR if @size is 0, or NULL; @p is unchanged in the
 * latter case.
 */
void *gvrealloc(const void *p, size_t size, gfp_t gfp)
{
	size_t have;
	void *new;

	if (!size ? !api_enter_ok() : !api_alloc_ok(gfp))
		return NULL;
	if (ZERO_OR_NULL_PTR(p))
		return gvmalloc(size, gfp);
	if (!size) {
		gvfree(p);
		return ZERO_SIZE_PTR;
	}
	have = vmalloc_has(p) ? vmalloc_bytes(p) : resize_have(p);
	if (!have)
		return NULL;
	if (have >= size) {
		resize_in_place(p, size, have, gfp);
		return (void *)p;
	}
	if (vmalloc_has(p) || !resize_in_heap(p, size, 1, gfp, NUMA_NO_NODE, &new))
		new = gvmalloc(size, gfp);
	if (new) {
		memcpy(new, p, resize_kept(p, have));
		gvfree(p);
	}
	return new;
}
EXPORT_SYMBOL_GPL(gvrealloc);

/* ---- after a grace period --------------------------------------------------------------- */

/* Memory of vmalloc() that gfree_rcu() was called with, by its heads. */
static LLIST_HEAD(waiting_heads);

/* Whoever has it has freed what others have taken before. */
static DEFINE_MUTEX(waiting_mutex);

/* Only those who may sleep free it. */
static void free_waiting(struct work_struct *work)
{
	struct llist_node *node;

	mutex_lock(&waiting_mutex);
	node = llist_del_all(&waiting_heads);
	if (node)
		synchronize_rcu();
	while (node) {
		struct rcu_head *head = (struct rcu_head *)node;
		const void *p = (void *)rcu_head_mark(head, (void *)head->func);

		node = node->next;
		/* The page may be there again, uncleared, in the next life of the address. */
		head->func = NULL;
		vfree(p);
		cond_resched();
	}
	mutex_unlock(&waiting_mutex);
}

static DECLARE_WORK(waiting_work, free_waiting);

static void waiting_irq_fn(struct irq_work *irq_work)
{
	queue_work(galloc_jobs_wq, &waiting_work);
}

/* As those of worker.c: it is not left on a CPU that goes down. */
static struct irq_work waiting_irq = IRQ_WORK_INIT_HARD(waiting_irq_fn);

/* For gfree_rcu(): free memory of vmalloc(), with a head in it.  Any context but NMI. */
void vmalloc_queue_rcu(const void *p, struct rcu_head *head)
{
	if (head->func == rcu_head_mark(head, p)) {
		report_fault(FAULT_DOUBLE_FREE, p);
		return;
	}
	head->func = rcu_head_mark(head, p);
	if (llist_add((struct llist_node *)head, &waiting_heads))
		irq_work_queue(&waiting_irq);
}

/* Wait until all that was queued so has been freed.  Sleeps. */
void vmalloc_settle_rcu(void)
{
	/* Another task may be about to queue the work for those that were queued after its own. */
	free_waiting(NULL);
	irq_work_sync(&waiting_irq);
	flush_work(&waiting_work);
}
