/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * profile: one of galloc's heap profiles in debugfs, or a copy of the file.
 */
#ifndef _GALLOC_OBSERVE_PROFILE_H
#define _GALLOC_OBSERVE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "reader.h"

#define PROFILE_VERSION	1
#define PROFILE_DIR	READER_DIR "/profile"

struct profile_frame {
	unsigned long long address;
	const char *symbol;
};

/**
 * struct profile_entry - objects of one size and one stack
 * @objects: estimate of their number
 * @bytes: and of their bytes
 * @size: bytes of each
 * @frame: the stack, the caller of galloc first
 * @frames: its length
 */
struct profile_entry {
	double objects;
	unsigned long long bytes;
	unsigned long long size;
	struct profile_frame *frame;
	size_t frames;
};

/**
 * struct profile - a profile
 * @kind: heap, allocs or peak
 * @sample_bytes: mean distance of samples
 * @samples: their number
 * @time: when it was read, seconds since 1970
 * @here: it is of the kernel that runs
 * @entry: the entries
 * @entries: their number
 * @text: what the strings are part of
 */
struct profile {
	char kind[16];
	unsigned long long sample_bytes;
	unsigned long long samples;
	unsigned long long time;
	bool here;
	struct profile_entry *entry;
	size_t entries;
	char *text;
};

/* Each prints one line that says what to do, and ends the program, if it cannot be done. */
struct profile *profile_parse(char *text, size_t size, const char *from);
struct profile *profile_read(const char *dir, const char *kind);
struct profile *profile_load(const char *path);
void profile_free(struct profile *p);

#endif /* _GALLOC_OBSERVE_PROFILE_H */
