// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * port: source as tools/port/port.sh leaves it, with all forms of calls of which a kernel may
 * have one only.
 */
#include <galloc_port.h>
#include <linux/slab.h>

struct thing {
	int n;
	struct rcu_head rcu;
};

void use(struct thing **t, void **p, size_t n);
void use(struct thing **t, void **p, size_t n)
{
#ifdef DEFINE_FREE
	char *a __free(galloc_kfree) = galloc(n, GFP_KERNEL);
	char *b __free(galloc_kvfree) = galloc_kvmalloc(n, GFP_KERNEL);
	char *c __free(galloc_kfree_sensitive) = galloc(n, GFP_KERNEL);
	char *d __free(galloc_kvfree_atomic) = galloc_kvmalloc(n, GFP_KERNEL);

	p[9] = a && b && c && d ? NULL : p[9];
#endif
	galloc_kfree_rcu(t[0], rcu);
	galloc_kfree_rcu(t[1]);
	galloc_kvfree_rcu(t[2], rcu);
	galloc_kvfree_rcu(t[3]);
	galloc_kfree_rcu_mightsleep(t[4]);
	galloc_kvfree_rcu_mightsleep(t[5]);
	p[0] = galloc_kvrealloc(p[0], 1, n, GFP_KERNEL);
	p[1] = galloc_kvrealloc(p[1], n, GFP_KERNEL);
	p[2] = galloc_kvrealloc_node(p[2], n, GFP_KERNEL, NUMA_NO_NODE);
	p[3] = galloc_kvrealloc_node_align(p[3], n, 64, GFP_KERNEL, NUMA_NO_NODE);
	p[4] = galloc_krealloc_node(p[4], n, GFP_KERNEL, NUMA_NO_NODE);
	p[5] = galloc_krealloc_node_align(p[5], n, 64, GFP_KERNEL, NUMA_NO_NODE);
	p[6] = galloc_krealloc(p[6], n, GFP_KERNEL);
	galloc_kfree_nolock(p[7]);
	galloc_kvfree_atomic(p[8]);
}
