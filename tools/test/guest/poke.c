// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * poke: system calls on debugfs files that a shell cannot do, or not fast enough.
 *
 *	poke read FILE BYTES		one read(); prints its result
 *	poke write FILE BYTES		one write() of garbage; prints its result
 *	poke load FILE PARAMETERS	finit_module(), once; busybox's insmod tries
 *					again by other means when it is refused
 *	poke storm DIR FLAG SEED REST LEAST
 *					until FLAG exists, and LEAST calls are done:
 *					open files of DIR in any
 *					mode, read and write garbage of any size;
 *					fails if a result is none of the documented.
 *					Between two files it rests REST times as long
 *					as the last one took
 *
 * A result is the number of bytes or the name of an error.  More than what fits
 * in the buffer is written from memory that is not there: the file may look at
 * the length, and never at the bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BUFFER	0x100000

/* More than write() takes at once. */
#define HUGE	0x80000000UL

static const char * const readable[] = {
	"stats", "events", "classes", "mheap", "mcache", "spans", "heaps", "profile/heap",
	"profile/peak"
};

static const char * const writable[] = { "shrink", "validate" };

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static char *buffer;

static const char *error_name(int error)
{
	switch (error) {
	case EINVAL: return "EINVAL";
	case EIO: return "EIO";
	case ENOENT: return "ENOENT";
	case ENXIO: return "ENXIO";
	case EACCES: return "EACCES";
	case EFAULT: return "EFAULT";
	case ENOMEM: return "ENOMEM";
	}
	return strerror(error);
}

static void print_result(ssize_t result)
{
	if (result < 0)
		puts(error_name(errno));
	else
		printf("%zd\n", result);
}

static int one_call(const char *how, const char *file, size_t bytes)
{
	int writes = !strcmp(how, "write");
	int fd = open(file, writes ? O_WRONLY : O_RDONLY);

	if (fd < 0)
		print_result(fd);
	else if (writes)
		print_result(write(fd, buffer, bytes));
	else
		print_result(read(fd, buffer, bytes));
	return 0;
}

static int load(const char *file, const char *parameters)
{
	int fd = open(file, O_RDONLY);

	print_result(fd < 0 ? fd : syscall(SYS_finit_module, fd, parameters, 0));
	return 0;
}

/* 1 if the result is one of those that stats.rst and usage.rst allow. */
static int documented(const char *name, int is_writable, int writes, size_t bytes,
		      ssize_t result)
{
	/* What the last write came to can be read there. */
	if (writes != is_writable && (writes || strcmp(name, "validate")))
		return result < 0 && errno == EINVAL;
	if (!writes)
		return result >= 0;
	/* A write is done whatever it holds; validate may find something. */
	if (result < 0)
		return errno == EIO;
	return result == (ssize_t)bytes || (bytes >= HUGE && result > 0);
}

static size_t any_size(void)
{
	switch (rand() % 4) {
	case 0: return 0;
	case 1: return 1 + rand() % 16;
	case 2: return 1 + rand() % BUFFER;
	}
	return HUGE;
}

static int storm_once(const char *dir, unsigned long *calls)
{
	int is_writable = rand() % 4 == 0;
	int writes = rand() % 4 == 0 ? !is_writable : is_writable;
	const char *name = is_writable ? writable[rand() % COUNT(writable)] :
					 readable[rand() % COUNT(readable)];
	char path[256];
	int times = 1 + rand() % 4;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, writes ? O_WRONLY : O_RDONLY);
	if (fd < 0) {
		/* galloc is being unloaded, or has been. */
		if (errno == ENOENT || errno == ENXIO)
			return 0;
		printf("%s: open: %s\n", name, error_name(errno));
		return 1;
	}
	while (times--) {
		size_t bytes = writes ? any_size() : any_size() % BUFFER;
		ssize_t result = writes ? write(fd, buffer, bytes) :
					  read(fd, buffer, bytes);

		if (!documented(name, is_writable, writes, bytes, result)) {
			printf("%s: %s of %zu bytes: %s\n", name,
			       writes ? "write" : "read", bytes,
			       result < 0 ? error_name(errno) : "another number");
			close(fd);
			return 1;
		}
		++*calls;
	}
	close(fd);
	return 0;
}

static unsigned long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000UL + t.tv_nsec / 1000;
}

static int storm(const char *dir, const char *flag, unsigned int seed,
		 unsigned int rest, unsigned long least)
{
	unsigned long calls = 0, late = 0;
	unsigned long start;

	srand(seed);
	/* Who comes late to it works on for a while; not for ever. */
	while (access(flag, F_OK) || (calls < least && late++ < 100000)) {
		start = now_us();
		if (storm_once(dir, &calls))
			return 1;
		usleep(rest * (now_us() - start));
	}
	printf("%lu calls\n", calls);
	return 0;
}

int main(int argc, char **argv)
{
	/* Room for the address of a huge write; only its start is ever there. */
	buffer = mmap(NULL, HUGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (buffer == MAP_FAILED) {
		perror("poke");
		return 1;
	}
	if (argc == 4 && !strcmp(argv[1], "load"))
		return load(argv[2], argv[3]);
	if (argc == 7 && !strcmp(argv[1], "storm"))
		return storm(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]),
			     strtoul(argv[6], NULL, 0));
	memcpy(buffer, "garbage\n\377%n%s", 12);
	if (argc == 4)
		return one_call(argv[1], argv[2], strtoul(argv[3], NULL, 0));
	fprintf(stderr, "see the top of poke.c\n");
	return 1;
}
