/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* heaps: see heaps.c. */
#ifndef _GALLOC_HEAPS_H
#define _GALLOC_HEAPS_H

struct dentry;
struct galloc_heap;
struct seq_file;

int heaps_table_show(struct seq_file *m, void *v);
int heaps_classes_show(struct seq_file *m, void *v);
unsigned long heaps_count(void);
unsigned long heaps_allocs(struct galloc_heap *heap);
void heaps_init(struct dentry *parent);
void heaps_show(struct galloc_heap *heap);
void heaps_hide(struct galloc_heap *heap);

#endif /* _GALLOC_HEAPS_H */
