// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * override: what galloc-override.h puts in the place of the kernel's own calls.
 *
 * Objects of both allocators meet here.  What is allocated is galloc's, unless only the
 * kernel has such memory; what is freed or resized goes to the allocator it is from.
 * Exported to clients; calls api.c, its neighbours, and the kernel's allocator.  Owns no
 * lock.  Overview: galloc_mod.c.
 */
#include "debug/guard.h"
#include "heap.h"
#include "mcache.h"
#include "vmalloc.h"

#include <linux/irq_work.h>
#include <linux/kasan.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "galloc_override_calls.h"

/* What is the kernel's counts for the caller. */
#include "galloc_allocinfo_none.h"

/* ---- allocation --------------------------------------------------------------- */

/* How much to take for @size bytes that a device may write to, see __GALLOC_DMA_ALIGN. */
static size_t dma_size(size_t size)
{
	if (__GALLOC_DMA_ALIGN > 8 && size < __GALLOC_DMA_KNOWN)
		return kmalloc_size_roundup(size);
	return __galloc_dma_size(size);
}

static __always_inline void *alloc_here(struct galloc_heap *heap, size_t size, size_t align,
					gfp_t gfp, int nid)
{
	void *p;

	if (heap) {
		p = heap_alloc(heap, size, align,
			       gfp & __GFP_NOFAIL ? gfp_may_fail(gfp) : gfp, nid);
		if (p || !(gfp & __GFP_NOFAIL))
			return p;
		/* What must not fail is not refused by the limit of the heap. */
		account_lift(&heap->account, 1);
		p = heap_alloc(heap, size, align, gfp, nid);
		account_lift(&heap->account, -1);
		if (p)
			return p;
	}
	return align > 1 ? galloc_node_aligned(size, align, gfp, nid) :
			   galloc_node(size, gfp, nid);
}

/* The kernel's, at an alignment. */
static __always_inline void *alloc_there(size_t size, size_t align, gfp_t gfp, int nid)
{
	return align > 1 ? krealloc_node_align(NULL, size, align, gfp, nid) :
			   kmalloc_node(size, gfp, nid);
}

static __always_inline void *alloc_either(struct galloc_heap *heap, size_t size,
					  size_t align, gfp_t gfp, int nid)
{
	void *p;

	if (unlikely(gfp & GALLOC_GFP_ZONES))
		return alloc_there(size, align, gfp, nid);
	size = dma_size(size);
	if (likely(!(gfp & __GFP_NOFAIL)) || gfpflags_allow_blocking(gfp))
		return alloc_here(heap, size, align, gfp, nid);
	/* It cannot wait: it gets what there is, and the kernel says what it says. */
	p = alloc_here(heap, size, align, (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN, nid);
	return p ?: alloc_there(size, align, gfp, nid);
}

/**
 * galloc_override_alloc() - kmalloc_node() of an overridden module
 * @heap: the module's heap, or NULL
 * @size: bytes wanted
 * @gfp: any flags of kmalloc().  Those for a zone get memory of the kernel's.
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: As kmalloc().
 * Return: As kmalloc().
 */
void *galloc_override_alloc(struct galloc_heap *heap, size_t size, gfp_t gfp, int nid)
{
	return alloc_either(heap, size, 1, gfp, nid);
}
EXPORT_SYMBOL_GPL(galloc_override_alloc);

/* As gvmalloc_node(): not hard, since there is vmalloc(). */
static gfp_t first_gfp(size_t size, gfp_t gfp)
{
	if (size > PAGE_SIZE && !(gfp & __GFP_RETRY_MAYFAIL))
		gfp |= __GFP_NORETRY;
	return (gfp | __GFP_NOWARN) & ~__GFP_NOFAIL;
}

/**
 * galloc_override_valloc() - kvmalloc_node() of an overridden module
 * @heap: the module's heap, or NULL; what vmalloc() serves is not in it
 * @size: bytes wanted
 * @align: alignment in bytes, a power of two
 * @gfp: any flags of kvmalloc()
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: As kvmalloc().
 * Return: As kvmalloc().
 */
void *galloc_override_valloc(struct galloc_heap *heap, size_t size, size_t align,
			     gfp_t gfp, int nid)
{
	gfp_t first;
	void *p;

	if (unlikely((gfp & GALLOC_GFP_ZONES) || align > ARCH_KMALLOC_MINALIGN ||
		     size > KMALLOC_MAX_SIZE))
		return kvmalloc_node_align(size, align, gfp, nid);
	/* Of which there is nothing of vmalloc(). */
	if (size <= PAGE_SIZE)
		return galloc_override_alloc(heap, size, gfp, nid);
	size = dma_size(size);
	first = vmalloc_first_gfp(size, gfp);
	if (vmalloc_serves(size, gfp)) {
		/* It does beyond the limit, and without a refusal. */
		if (heap && heap_is_full(heap, size))
			first |= GALLOC_GFP_ONCE;
		p = alloc_here(heap, size, 1, first, nid);
		return p ?: vmalloc_instead(size, gfp, nid);
	}
	p = alloc_here(heap, size, 1, first, nid);
	if (p || (heap && !(gfp & __GFP_NOFAIL) && heap_is_full(heap, size)))
		return p;
	/* Whether vmalloc() takes such flags depends on the kernel. */
	return kvmalloc_node_align(size, align, gfp, nid);
}
EXPORT_SYMBOL_GPL(galloc_override_valloc);

/* ---- free ----------------------------------------------------------------------- */

static noinline void free_either(const void *p)
{
	if (ZERO_OR_NULL_PTR(p) || galloc_owns(p))
		gfree(p);
	else
		kfree(p);
}

/**
 * galloc_kfree() - kfree() of an overridden module
 * @p: an object of galloc() or of kmalloc(), or of a cache of either
 *
 * Costs what gfree() does for an object of galloc.
 *
 * Context: As kfree().
 */
void galloc_kfree(const void *p)
{
	if (want_init_on_free() || unlikely(!mcache_push(p)))
		free_either(p);
}
EXPORT_SYMBOL_GPL(galloc_kfree);

/**
 * galloc_kfree_sensitive() - kfree_sensitive() of an overridden module
 * @p: an object of either allocator
 *
 * Context: As kfree().
 */
void galloc_kfree_sensitive(const void *p)
{
	if (galloc_owns(p))
		gfree_sensitive(p);
	else
		kfree_sensitive(p);
}
EXPORT_SYMBOL_GPL(galloc_kfree_sensitive);

/**
 * galloc_kfree_const() - kfree_const() of an overridden module
 * @p: of kstrdup_const() or kstrdup(), of either allocator
 *
 * Context: As kfree().
 */
void galloc_kfree_const(const void *p)
{
	if (!gfree_try(p))
		kfree_const(p);
}
EXPORT_SYMBOL_GPL(galloc_kfree_const);

/**
 * galloc_kfree_link() - kfree_link() of an overridden module
 * @p: the body of a symbolic link, of either allocator
 *
 * File systems give its address to the VFS, which calls it later.
 *
 * Context: As kfree().
 */
void galloc_kfree_link(void *p)
{
	galloc_kfree(p);
}
EXPORT_SYMBOL_GPL(galloc_kfree_link);

/**
 * galloc_kfree_strarray() - kfree_strarray() of an overridden module
 * @array: strings, and their array, of either allocator; or NULL
 * @n: number of strings
 *
 * Context: As kfree().
 */
void galloc_kfree_strarray(char **array, size_t n)
{
	size_t i;

	if (!array)
		return;
	for (i = 0; i < n; i++)
		galloc_kfree(array[i]);
	galloc_kfree(array);
}
EXPORT_SYMBOL_GPL(galloc_kfree_strarray);

/**
 * galloc_kfree_bulk() - kfree_bulk() of an overridden module
 * @nr: number of pointers
 * @p: objects of either allocator
 *
 * Context: As kfree().
 */
void galloc_kfree_bulk(size_t nr, void **p)
{
	size_t n;

	while (nr) {
		for (n = 0; n < nr && galloc_owns(p[n]); n++)
			;
		gfree_bulk(n, p);
		if (n < nr)
			kfree(p[n++]);
		p += n;
		nr -= n;
	}
}
EXPORT_SYMBOL_GPL(galloc_kfree_bulk);

/**
 * galloc_kfree_nolock() - kfree_nolock() of an overridden module
 * @p: an object of either allocator
 *
 * Context: Any.
 */
void galloc_kfree_nolock(const void *p)
{
	if (galloc_owns(p))
		gfree_nolock(p);
	else
		kfree_nolock(p);
}
EXPORT_SYMBOL_GPL(galloc_kfree_nolock);

/**
 * galloc_kvfree() - kvfree() of an overridden module
 * @p: memory of either allocator, or of vmalloc()
 *
 * Context: As kvfree().
 */
void galloc_kvfree(const void *p)
{
	if (vmalloc_has(p))
		vfree(p);
	else
		galloc_kfree(p);
}
EXPORT_SYMBOL_GPL(galloc_kvfree);

/**
 * galloc_kvfree_atomic() - kvfree_atomic() of an overridden module
 * @p: memory of either allocator, or of vmalloc()
 *
 * Context: As kvfree_atomic(): also where one must not sleep.
 */
void galloc_kvfree_atomic(const void *p)
{
	if (vmalloc_has(p))
		kvfree_atomic(p);
	else
		galloc_kfree(p);
}
EXPORT_SYMBOL_GPL(galloc_kvfree_atomic);

/**
 * galloc_kvfree_sensitive() - kvfree_sensitive() of an overridden module
 * @p: memory of either allocator, or of vmalloc()
 * @len: bytes to clear, unless it is an object of galloc, which is cleared as a whole
 *
 * Context: As kvfree().
 */
void galloc_kvfree_sensitive(const void *p, size_t len)
{
	if (galloc_owns(p))
		gfree_sensitive(p);
	else
		kvfree_sensitive(p, len);
}
EXPORT_SYMBOL_GPL(galloc_kvfree_sensitive);

/* ---- kfree_rcu() without room for an rcu_head ---------------------------------------- */

/* By the words that newer kernels have for kfree_rcu() in an object. */
static LLIST_HEAD(waiting_words);

/* Whoever has it has freed what others have taken before. */
static DEFINE_MUTEX(words_mutex);

static void free_words(struct work_struct *work)
{
	int own = report_own_begin();
	enum mspan_found found;
	struct llist_node *word;
	struct target t;

	mutex_lock(&words_mutex);
	word = llist_del_all(&waiting_words);
	if (word)
		synchronize_rcu();
	while (word) {
		const void *p = word;

		word = word->next;
		found = api_target_of(p, &t);
		if (found == FOUND_OBJECT || found == FOUND_INTERIOR)
			gfree(t.start);
		cond_resched();
	}
	mutex_unlock(&words_mutex);
	report_own_end(own);
}

static DECLARE_WORK(words_work, free_words);

static void words_irq_fn(struct irq_work *irq_work)
{
	galloc_pause(PAUSE_IRQ_WORK, irq_work);
	queue_work(galloc_jobs_wq, &words_work);
}

/* As those of worker.c: it is not left on a CPU that goes down. */
static struct irq_work words_irq = IRQ_WORK_INIT_HARD(words_irq_fn);

/**
 * galloc_override_queue_rcu_nolock() - kfree_rcu_nolock() of an object of galloc
 * @p: the object
 * @word: a word of it that nobody uses any more
 *
 * Context: Any.
 */
void galloc_override_queue_rcu_nolock(const void *p, void *word)
{
	if (llist_add(word, &waiting_words))
		irq_work_queue(&words_irq);
}
EXPORT_SYMBOL_GPL(galloc_override_queue_rcu_nolock);

/**
 * galloc_override_queue_rcu() - kfree_rcu() of an object without an rcu_head
 * @p: the object, of galloc
 * @word: a word of it that nobody uses any more
 *
 * Context: Any but NMI.
 */
void galloc_override_queue_rcu(const void *p, void *word)
{
	if (api_enter_ok() && !rcu_batches_add(p))
		galloc_override_queue_rcu_nolock(p, word);
}
EXPORT_SYMBOL_GPL(galloc_override_queue_rcu);

/* Wait until all that was queued so has been freed. */
void override_settle(void)
{
	/* Another task may be about to queue the work for those that were queued after its own. */
	free_words(NULL);
	irq_work_sync(&words_irq);
	flush_work(&words_work);
}

/**
 * galloc_override_rcu_barrier() - wait for kfree_rcu() of objects of galloc
 *
 * Context: Process.  Sleeps.
 */
void galloc_override_rcu_barrier(void)
{
	override_settle();
	galloc_rcu_barrier();
}
EXPORT_SYMBOL_GPL(galloc_override_rcu_barrier);

/* ---- size ------------------------------------------------------------------------- */

/**
 * galloc_ksize() - ksize() of an overridden module
 * @p: an object of either allocator
 *
 * Context: Any but NMI.
 * Return: The bytes that may be used.
 */
size_t galloc_ksize(const void *p)
{
	return galloc_owns(p) ? gsize(p) : ksize(p);
}
EXPORT_SYMBOL_GPL(galloc_ksize);

/* An object of galloc moves to @new, or stays if that is NULL. */
static void *move_object(const void *p, void *new, size_t size)
{
	if (!new)
		return NULL;
	memcpy(new, p, min(resize_kept(p, resize_have(p)), size));
	gfree(p);
	return new;
}

/* An object of galloc is to be where only the kernel has memory. */
static void *move_to_kernel(const void *p, size_t size, gfp_t gfp, int nid)
{
	if (resize_have(p) >= size) {
		if (gate_has_tables())
			gate_see_resized(p, size, false);
		return (void *)p;
	}
	return move_object(p, kmalloc_node(size, gfp, nid), size);
}

/* It must not fail: galloc_override_alloc() knows who serves it where its heap does not. */
static void *move_nofail(struct galloc_heap *heap, const void *p, size_t size, size_t align,
			 gfp_t gfp, int nid)
{
	void *new = grealloc_node_aligned(p, size, align,
					  gfp_may_fail(gfp), nid);

	if (new)
		return new;
	if (gfpflags_allow_blocking(gfp))
		return move_object(p, alloc_here(heap, size, align, gfp, nid), size);
	return move_object(p, krealloc_node_align(NULL, size, align, gfp, nid), size);
}

/**
 * galloc_override_realloc() - krealloc_node_align() of an overridden module
 * @heap: the module's heap, or NULL
 * @p: an object of either allocator, NULL or ZERO_SIZE_PTR
 * @size: bytes wanted; 0: free @p
 * @align: alignment in bytes, a power of two
 * @gfp: any flags of kmalloc()
 * @nid: node, or NUMA_NO_NODE
 *
 * An object of the kernel stays one, since it may be the kernel that frees it.
 *
 * Context: As krealloc().
 * Return: As krealloc().
 */
void *galloc_override_realloc(struct galloc_heap *heap, const void *p, size_t size,
			      size_t align, gfp_t gfp, int nid)
{
	size_t full;
	void *new;

	if (ZERO_OR_NULL_PTR(p))
		return align <= ARCH_KMALLOC_MINALIGN ?
		       galloc_override_alloc(heap, size, gfp, nid) :
		       alloc_either(heap, size, align, gfp, nid);
	if (!galloc_owns(p))
		return krealloc_node_align(p, size, align, gfp, nid);
	/* Before anything looks at the object, whoever serves this; a free does not sleep. */
	if (!size ? !api_enter_ok() : !api_alloc_ok(gfp))
		return NULL;
	if (!size) {
		gfree(p);
		return ZERO_SIZE_PTR;
	}
	if (unlikely(gfp & GALLOC_GFP_ZONES))
		return move_to_kernel(p, size, gfp, nid);
	full = dma_size(size);
	if (unlikely(gfp & __GFP_NOFAIL))
		new = move_nofail(heap, p, full, align, gfp, nid);
	else
		new = grealloc_node_aligned(p, full, align, gfp, nid);
	/* As it does beyond @full, so that growing again in place finds zeroes. */
	if (new && full > size && want_init_on_alloc(gfp))
		memset(new + size, 0, full - size);
	return new;
}
EXPORT_SYMBOL_GPL(galloc_override_realloc);

/* Memory of the kernel's: does it resize that, as its own files do? */
static bool kernel_resizes(const void *p, size_t align)
{
	return !vmalloc_has(p) ||
	       (KVREALLOC_KNOWS_SIZES && IS_ALIGNED((unsigned long)p, align));
}

/*
 * May it be used to its end where it is?  KASAN has marks behind what was asked of vmalloc(),
 * which only the kernel's own call moves.
 */
static bool fits_in_place(const void *p, size_t have, size_t size, size_t align)
{
	return have >= size && IS_ALIGNED((unsigned long)p, align) &&
	       !(IS_ENABLED(CONFIG_KASAN_VMALLOC) && vmalloc_has(p));
}

/* Of memory of the kernel's also what KASAN has marks on. */
static void copy_over(void *to, const void *p, size_t bytes, bool ours)
{
	if (ours) {
		memcpy(to, p, bytes);
		return;
	}
	kasan_disable_current();
	memcpy(to, kasan_reset_tag(p), bytes);
	kasan_enable_current();
}

/**
 * galloc_override_vrealloc() - kvrealloc_node_align() of an overridden module
 * @heap: the module's heap, or NULL
 * @p: memory of either allocator or of vmalloc(), NULL or ZERO_SIZE_PTR
 * @size: bytes wanted; 0: free @p
 * @align: alignment in bytes, a power of two
 * @gfp: any flags of kvmalloc()
 * @nid: node, or NUMA_NO_NODE
 *
 * Context: As kvrealloc().
 * Return: As kvrealloc() of Linux 6.12 and later.
 */
void *galloc_override_vrealloc(struct galloc_heap *heap, const void *p, size_t size,
			       size_t align, gfp_t gfp, int nid)
{
	size_t have;
	void *new;
	bool ours;

	if (!api_enter_ok())
		return NULL;
	if (ZERO_OR_NULL_PTR(p))
		return galloc_override_valloc(heap, size, align, gfp, nid);
	if (!size) {
		galloc_kvfree(p);
		return ZERO_SIZE_PTR;
	}
	ours = galloc_owns(p);
	if (!ours && kernel_resizes(p, align)) {
		/* Only the kernel knows how much of its memory was asked for. */
		new = kernel_kvrealloc(p, size, align,
				       KVREALLOC_KNOWS_SIZES ? gfp : first_gfp(size, gfp), nid);
		if (new || KVREALLOC_KNOWS_SIZES)
			return new;
	}
	have = vmalloc_has(p) ? vmalloc_bytes(p) : galloc_ksize(p);
	if (fits_in_place(p, have, size, align)) {
		/* So that growing again in place finds zeroes. */
		if (want_init_on_alloc(gfp) && (ours || vmalloc_has(p)))
			memset((void *)p + size, 0, have - size);
		return (void *)p;
	}
	new = galloc_override_valloc(heap, size, align, gfp, nid);
	if (new) {
		copy_over(new, p, min(have, size), ours);
		galloc_kvfree(p);
	}
	return new;
}
EXPORT_SYMBOL_GPL(galloc_override_vrealloc);

/**
 * galloc_override_vrealloc_from() - kvrealloc() with four arguments, as it was until 6.11
 * @heap: the module's heap, or NULL
 * @p: memory of either allocator or of vmalloc(), or NULL
 * @old: bytes to keep
 * @size: bytes wanted; no more than @old: nothing is done
 * @gfp: any flags of kvmalloc()
 *
 * Context: As kvmalloc() and kvfree().
 * Return: The memory, or NULL; @p is unchanged in the latter case.
 */
void *galloc_override_vrealloc_from(struct galloc_heap *heap, const void *p, size_t old,
				    size_t size, gfp_t gfp)
{
	void *new;

	if (old >= size)
		return (void *)p;
	new = galloc_override_valloc(heap, size, 1, gfp, NUMA_NO_NODE);
	if (new) {
		memcpy(new, p, old);
		galloc_kvfree(p);
	}
	return new;
}
EXPORT_SYMBOL_GPL(galloc_override_vrealloc_from);

/* ---- the module's heap --------------------------------------------------------------- */

/**
 * galloc_override_begin() - make the heap of an overridden module
 * @heap: where its files find it
 * @name: the module's name
 * @limit_mb: most MB that it may hold; 0: no limit
 *
 * Context: Process.  Sleeps.
 * Return: 0, or -ENOMEM.
 */
int galloc_override_begin(struct galloc_heap **heap, const char *name, unsigned int limit_mb)
{
	const struct galloc_heap_args args = { .limit_bytes = (size_t)limit_mb << 20 };
	struct galloc_heap *new = galloc_heap_create(name, &args);

	WRITE_ONCE(*heap, new);
	return new ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_GPL(galloc_override_begin);

/**
 * galloc_override_end() - destroy the heap of an overridden module
 * @heap: where its files find it
 *
 * What the module has given to call_rcu() and kfree_rcu() is freed first; what is then
 * still allocated is reported.
 *
 * Context: Process.  Sleeps.
 */
void galloc_override_end(struct galloc_heap **heap)
{
	struct galloc_heap *old = *heap;

	WRITE_ONCE(*heap, NULL);
	rcu_barrier(); /* for call_rcu() */
	galloc_override_rcu_barrier();
	galloc_heap_destroy(old);
}
EXPORT_SYMBOL_GPL(galloc_override_end);
