// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * nodes: the fallback order of the nodes.
 *
 * A table made at load: for each node all others, nearest first.  Called by the layers
 * above.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmstat.h>

/* near_nodes[nid * nr_node_ids + i]: the i-th, NUMA_NO_NODE after the last. */
static s16 *near_nodes;

static size_t table_bytes(void)
{
	return (size_t)nr_node_ids * nr_node_ids * sizeof(*near_nodes);
}

/* Insert the others one by one, in order of distance, then of number. */
static void nodes_sort(int nid, s16 *list)
{
	unsigned int i, n = 0;
	int other;

	for_each_node(other) {
		if (other == nid)
			continue;
		for (i = n++; i && node_distance(nid, list[i - 1]) >
				  node_distance(nid, other); i--)
			list[i] = list[i - 1];
		list[i] = other;
	}
	list[n] = NUMA_NO_NODE;
}

/**
 * nodes_near() - find a node near another
 * @nid: the other node
 * @i: 0 for the nearest, and so on
 *
 * Return: The node, NUMA_NO_NODE if there are no more.
 */
int nodes_near(int nid, unsigned int i)
{
	return near_nodes[nid * nr_node_ids + i];
}

/* The node itself if it has memory for us, otherwise the nearest that has. */
int nodes_with_memory(int nid)
{
	unsigned int i;
	int other;

	if (node_has_pages(nid))
		return nid;
	for_each_near(i, other, nid)
		if (node_has_pages(other))
			return other;
	return nid;
}

/*
 * Pages that the system has free on a node for a request of ours; racy.  Not what only movable
 * pages can have: ZONE_MOVABLE, highmem, and CMA areas.
 */
unsigned long nodes_free_pages(int nid)
{
	unsigned long pages = 0, cma = 0;
	int i;

	for (i = 0; i <= ZONE_NORMAL; i++) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		pages += zone_page_state(zone, NR_FREE_PAGES);
		cma += zone_page_state(zone, NR_FREE_CMA_PAGES);
	}
	return pages - min(pages, cma);
}

/* For the suites: as if each node were used up. */
bool nodes_seem_used_up;

/*
 * Has a node so few pages free that the system keeps them from most requests?  What is
 * returned there nobody of ours gets again.  Racy.
 */
bool nodes_is_used_up(int nid)
{
	int i;

	for (i = 0; i <= ZONE_NORMAL; i++) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];
		unsigned long pages = zone_page_state(zone, NR_FREE_PAGES);

		/* data_race(): the marks change with what the administrator wants. */
		if (pages > zone_page_state(zone, NR_FREE_CMA_PAGES) +
			    data_race(zone->_watermark[WMARK_LOW]) +
			    data_race(zone->lowmem_reserve[ZONE_NORMAL]))
			return READ_ONCE(nodes_seem_used_up);
	}
	return true;
}

/*
 * Pages that si_mem_available() takes for available although no request of ours gets them, of
 * all nodes; racy.
 */
unsigned long nodes_movable_pages(void)
{
	unsigned long pages = 0;
	int nid, i;

	for_each_online_node(nid) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (i <= ZONE_NORMAL)
				pages += zone_page_state(zone, NR_FREE_CMA_PAGES);
			else
				pages += zone_page_state(zone, NR_FREE_PAGES) +
					 zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
					 zone_page_state(zone, NR_ZONE_ACTIVE_FILE);
		}
	}
	return pages;
}

int nodes_init(void)
{
	int nid;

	near_nodes = arena_meta_zalloc(table_bytes(), NUMA_NO_NODE, GFP_KERNEL);
	if (!near_nodes)
		return -ENOMEM;
	for_each_node(nid)
		nodes_sort(nid, near_nodes + nid * nr_node_ids);
	return 0;
}

void nodes_exit(void)
{
	arena_meta_free(near_nodes, table_bytes());
}
