// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * sample: which allocations the heap profile records, and what each stands for.
 *
 * Bytes that are allocated are points in time of a Poisson process: the distances between
 * samples are exponential with a mean of sample_kb, and have no memory.  So each stack can
 * have distances of its own, and each CPU one for what comes from no stack, and an object
 * of n bytes is sampled with the probability 1 - exp(-n / mean), whoever allocates it,
 * whatever was allocated before.  A sample stands for the inverse of that.
 *
 * A stack's distance is its credit, in objects, see gate.c: the fast path does not know
 * whether that is finite.  Overview: galloc_mod.c.
 */
#include "observe/sample.h"
#include "mcache.h"

#include <linux/percpu.h>
#include <linux/random.h>

/* The mean distance in bytes; 0: nothing is sampled. */
unsigned long sample_mean;

/* Binary places of a logarithm; parts of an octave in the table of them. */
#define LOG_SHIFT	20
#define LOG_BITS	6
#define LOG_PARTS	(1U << LOG_BITS)

/* ln(2), with SAMPLE_SHIFT places. */
#define LN2		45426

/**
 * struct sample_cpu - of a CPU
 * @left: bytes up to its next sample, for objects that come from no stack
 * @seed: state of its random numbers
 */
struct sample_cpu {
	long left;
	unsigned long seed;
};

static DEFINE_PER_CPU(struct sample_cpu, sample_cpus);

/*
 * splitmix64: the state is a counter, which one instruction advances, so an interrupt or
 * an NMI in between gets another number.
 */
static u64 sample_random(void)
{
	u64 x = this_cpu_add_return(sample_cpus.seed, 0x9e3779b97f4a7c15UL);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* log2() of 1 and each 64th up to 2, with LOG_SHIFT places. */
static u32 log_table[LOG_PARTS + 1];

/* The fraction of log2() of a number whose highest bit is bit 31, a digit after the other. */
static u32 log_exact(u64 x)
{
	u32 log = 0;
	unsigned int i;

	for (i = 0; i < LOG_SHIFT; i++) {
		x = x * x >> 31;
		log <<= 1;
		if (x >> 32) {
			x >>= 1;
			log |= 1;
		}
	}
	return log;
}

static void log_init(void)
{
	unsigned int i;

	for (i = 0; i < LOG_PARTS; i++)
		log_table[i] = log_exact((u64)(LOG_PARTS + i) << (31 - LOG_BITS));
	log_table[i] = 1U << LOG_SHIFT;
}

/*
 * -log2() of a random number between 0 and 1.  Between two of the table it is taken for a
 * line: that is wrong by 1 in 20,000 of an octave at most, and by 1 in 90,000 on average.
 */
static u64 random_log(void)
{
	u64 x = sample_random() | 1;
	unsigned int octave = fls64(x) - 1;
	const u32 *at;
	u64 log;

	/* Without the highest bit: the part, then what is between two. */
	x = x << (63 - octave) << 1;
	at = &log_table[x >> (64 - LOG_BITS)];
	log = at[0] + ((at[1] - at[0]) * (x << LOG_BITS >> 32) >> 32);
	return (64ULL << LOG_SHIFT) - ((u64)octave << LOG_SHIFT) - log;
}

static unsigned long gap_of_mean(unsigned long mean)
{
	return (mean * random_log() >> LOG_SHIFT) * LN2 >> SAMPLE_SHIFT;
}

/**
 * sample_gap() - a distance to the next sample
 *
 * Context: Any.
 * Return: Bytes: random, exponential with a mean of sample_kb.
 */
unsigned long sample_gap(void)
{
	return gap_of_mean(READ_ONCE(sample_mean));
}

/* The same in objects of @size bytes: those before the one that is sampled. */
long sample_credit(unsigned int size)
{
	return sample_gap() / size;
}

/* 1 / (1 - exp(-size / mean)) for size <= mean: 1/x + 1/2 + x/12 - x^3/720 + ... */
static u64 weight_of_small(u64 size, u64 mean)
{
	u64 x = (size << SAMPLE_SHIFT) / mean;

	return (mean << SAMPLE_SHIFT) / size + (1U << (SAMPLE_SHIFT - 1)) + x / 12 -
		(x * x >> SAMPLE_SHIFT) * x / 720 / (1U << SAMPLE_SHIFT);
}

/**
 * sample_weight() - how many objects a sample stands for
 * @size: bytes of each
 * @mean: mean distance of samples, in bytes
 *
 * Context: Any.
 * Return: The inverse of the probability to sample one, with SAMPLE_SHIFT binary places.
 */
u64 sample_weight(u64 size, u64 mean)
{
	unsigned int halves = 0;
	u64 p;

	while (size > mean << halves)
		halves++;
	p = weight_of_small(size, mean << halves);
	if (!halves)
		return p;
	p = (1ULL << 47) / p;
	/* Two of half the size: p + p - p * p, here with 31 places. */
	while (halves--)
		p = p * ((2ULL << 31) - p) >> 31;
	return (1ULL << 47) / p;
}

/**
 * sample_by_bytes() - is an object sampled that comes from no stack?
 * @size: its bytes
 *
 * Context: Any.
 * Return: True if it is.
 */
bool sample_by_bytes(size_t size)
{
	if (likely(this_cpu_sub_return(sample_cpus.left, (long)size) >= 0))
		return false;
	this_cpu_write(sample_cpus.left, sample_gap());
	return true;
}

/*
 * Take an object off the credit of a stack.  True if it is the one to be sampled: then nothing
 * but that has kept the fast path from serving it, perhaps, so it is served at once.
 */
static bool credit_take(struct mcache *m, struct mcache_stack *stack, size_t size, void **obj)
{
	bool due = stack->credit <= 0;

	/* What is served is counted when it is, by stack_count(). */
	capacity_add_credit(m->stacks, stack - m->stacks, due ? sample_credit(size) : -1);
	if (due && stack->top != stack->base) {
		stack_count(m, stack, 1);
		*obj = *--stack->top;
	}
	return due;
}

/**
 * sample_is_due() - is the object to be sampled that a slow path is about to allocate?
 * @class: its size class; 0: none
 * @set: its set of rows; NULL: none
 * @nid: the node wanted, or NUMA_NO_NODE
 * @size: its bytes
 * @obj: set to the object, if it is to be sampled and this CPU's stack has one
 *
 * Counts it where the fast path would have counted it.  Not for objects that
 * mcache_pop_node() and mcache_pop_many() find, nor for those of whole pages.
 *
 * Context: Any but NMI.
 * Return: True if it is.
 */
bool sample_is_due(unsigned int class, const struct rowset *set, int nid, size_t size,
		   void **obj)
{
	struct mcache *m = mcache_enter();
	struct mcache_stack *stack;
	bool due = false, here = false;
	unsigned int k;

	if (m) {
		k = set ? READ_ONCE(set->k) : class;
		stack = local_stack(m, k);
		here = k && stack->samples && (nid == NUMA_NO_NODE || nid == m->nid);
		if (here)
			due = credit_take(m, stack, size, obj);
		mcache_leave(m);
	}
	return here ? due : sample_by_bytes(size);
}

/**
 * sample_set() - set the mean distance of samples
 * @kb: in KiB; 0: nothing is sampled.  At most SAMPLE_MAX_KB
 *
 * What has been sampled is still seen when it is freed.
 *
 * Context: Process.  Sleeps.
 * Return: As gate_close().
 */
int sample_set(unsigned long kb)
{
	int err = 0;
	int cpu;

	if (kb)
		gate_look_for_frees(GATE_SAMPLE);
	else
		err = gate_open(GATE_SAMPLE);
	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu(sample_cpus.left, cpu), gap_of_mean(kb << 10));
	/* Release: who is sampled by this is seen when it is freed, on any CPU. */
	smp_store_release(&sample_mean, kb << 10);
	galloc_pause(PAUSE_SAMPLE_SET, NULL);
	/* Each stack gets a new distance, too. */
	return kb ? gate_close(GATE_SAMPLE, NULL, GATE_ALL_ROWS) : err;
}

/* Before anything is allocated, and before gate_init(). */
void sample_init(void)
{
	int cpu;

	log_init();
	for_each_possible_cpu(cpu) {
		per_cpu(sample_cpus.seed, cpu) = get_random_u64();
		per_cpu(sample_cpus.left, cpu) = sample_gap();
	}
}
