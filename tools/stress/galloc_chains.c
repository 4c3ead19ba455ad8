// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_chains: a client that allocates in five call chains, and leaks in one of them.
 *
 * A number written to the parameter `seed` frees all, and fills anew: each chain keeps half
 * a MiB, and that with the number seed % 5 two MiB.  `held` then has the bytes that each
 * keeps.  The sizes are random, and all chains free as much as they keep.
 */
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <galloc.h>

#define CHAINS		5
#define MAX_OBJECTS	65536

static void **objects;
static unsigned int nr_objects;
static unsigned int held[CHAINS];
module_param_array(held, uint, NULL, 0444);
MODULE_PARM_DESC(held, "bytes that each chain keeps");

static struct rnd_state rnd;

/* Of the sizes that are in use together; a power of two more often than others. */
static noinline void *some_object(void)
{
	u32 r = prandom_u32_state(&rnd);
	size_t size = 16U << r % 10;

	if (r & BIT(20))
		size -= (r >> 8) % (size / 2);
	return galloc(size, GFP_KERNEL);
}

/*
 * No tail call: each has its place on the stack.  And each is different, or the compiler
 * would make one function of all.
 */
#define CHAIN(name, nr)					\
static noinline void *name(void)			\
{							\
	void *p = some_object();			\
							\
	asm volatile("" : : "i" (nr) : "memory");	\
	return p;					\
}

CHAIN(chain_a, 0)
CHAIN(chain_b, 1)
CHAIN(chain_c, 2)
CHAIN(chain_d, 3)
CHAIN(chain_e, 4)

static void *(*const chains[CHAINS])(void) = { chain_a, chain_b, chain_c, chain_d, chain_e };

static void free_all(void)
{
	gfree_bulk(nr_objects, objects);
	nr_objects = 0;
	memset(held, 0, sizeof(held));
}

static int fill(unsigned int chain, unsigned int bytes)
{
	bool keep = true;
	void *p;

	while (held[chain] < bytes) {
		p = chains[chain]();
		if (!p || nr_objects == MAX_OBJECTS) {
			gfree(p);
			return -ENOMEM;
		}
		if (keep) {
			held[chain] += gsize(p);
			objects[nr_objects++] = p;
		} else {
			gfree(p);
		}
		keep = !keep;
	}
	return 0;
}

static int set_seed(const char *val, const struct kernel_param *kp)
{
	unsigned int seed, i;
	int err = kstrtouint(val, 0, &seed);

	if (err || !objects)
		return err;
	free_all();
	prandom_seed_state(&rnd, seed);
	for (i = 0; i < CHAINS && !err; i++)
		err = fill(i, i == seed % CHAINS ? SZ_2M : SZ_512K);
	return err;
}

static const struct kernel_param_ops seed_ops = { .set = set_seed };
module_param_cb(seed, &seed_ops, NULL, 0200);
MODULE_PARM_DESC(seed, "free all and allocate anew, with this seed");

static int __init chains_init(void)
{
	objects = kvcalloc(MAX_OBJECTS, sizeof(*objects), GFP_KERNEL);
	return objects ? 0 : -ENOMEM;
}

static void __exit chains_exit(void)
{
	free_all();
	kvfree(objects);
}

module_init(chains_init);
module_exit(chains_exit);

MODULE_DESCRIPTION("Allocates in five call chains, to test galloc's heap profile");
MODULE_LICENSE("GPL");
