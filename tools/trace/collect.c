// SPDX-License-Identifier: GPL-2.0
/*
 * collect: writes what tracefs has recorded as a trace.dat, version 6.
 *
 *	collect TRACEFS FILE
 *
 * FILE may be a disk.  Prints how many bytes of it are the trace.dat.  The kernel
 * would take minutes to make text of a million events; raw pages take seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Room for all that is in front of the pages. */
#define HEADER_BYTES	(256 << 10)

static char header[HEADER_BYTES];
static size_t used;
static const char *tracefs;

static long must(long result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "collect: %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return result;
}

static void put(const void *bytes, size_t size)
{
	must(size <= HEADER_BYTES - used ? 0 : -1, "header");
	memcpy(header + used, bytes, size);
	used += size;
}

static void put_number(unsigned long number, size_t size)
{
	put(&number, size);
}

/* With the zero at its end. */
static void put_string(const char *string)
{
	put(string, strlen(string) + 1);
}

static int open_trace(const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tracefs, name);
	return open(path, O_RDONLY | flags);
}

/* The size of a file of tracefs, in @width bytes, and its contents. */
static void put_file(const char *name, size_t width)
{
	size_t at = used;
	unsigned long size;
	long got;
	int fd;

	put_number(0, width);
	fd = must(open_trace(name, 0), name);
	do {
		got = must(read(fd, header + used, HEADER_BYTES - used), name);
		used += got;
	} while (got);
	close(fd);
	size = used - at - width;
	memcpy(header + at, &size, width);
}

static void put_formats(void)
{
	static const char *const events[] = {
		"kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node", "kfree",
		"kmem_cache_free",
	};
	char path[128];
	unsigned int nr = 0;
	size_t i, at;
	int fd;

	put_number(1, 4);
	put_string("kmem");
	at = used;
	put_number(0, 4);
	for (i = 0; i < sizeof(events) / sizeof(*events); i++) {
		snprintf(path, sizeof(path), "events/kmem/%s/format", events[i]);
		fd = open_trace(path, 0);
		if (fd < 0)
			continue;
		close(fd);
		put_file(path, 8);
		nr++;
	}
	memcpy(header + at, &nr, 4);
}

static void put_options(void)
{
	struct utsname name;
	char line[256];

	put_string("options  ");
	put_number(4, 2);
	put_file("trace_clock", 4);
	must(uname(&name), "uname");
	snprintf(line, sizeof(line), "%s - %s %s", name.sysname, name.release, name.machine);
	put_number(5, 2);
	put_number(strlen(line) + 1, 4);
	put_string(line);
	put_number(0, 2);
}

/* The pages of one CPU to @at; returns their size, 0 also if there is no such CPU. */
static unsigned long copy_cpu(int to, int cpu, unsigned long at)
{
	static char page[1 << 16];
	size_t page_size = sysconf(_SC_PAGESIZE);
	unsigned long size = 0;
	char path[64];
	long got;
	int fd;

	snprintf(path, sizeof(path), "per_cpu/cpu%d/trace_pipe_raw", cpu);
	fd = open_trace(path, O_NONBLOCK);
	if (fd < 0)
		return 0;
	while ((got = read(fd, page, page_size)) > 0) {
		memset(page + got, 0, page_size - got);
		must(pwrite(to, page, page_size, at + size) - (long)page_size, "write");
		size += page_size;
	}
	must(got < 0 && errno != EAGAIN ? -1 : 0, path);
	close(fd);
	return size;
}

int main(int argc, char **argv)
{
	unsigned long size, at = HEADER_BYTES;
	int cpus, cpu, to;

	must(argc == 3 ? 0 : (errno = EINVAL, -1), "arguments");
	tracefs = argv[1];
	to = must(open(argv[2], O_WRONLY | O_CREAT, 0644), argv[2]);
	cpus = sysconf(_SC_NPROCESSORS_CONF);

	put("\x17\x08\x44tracing", 10);
	put_string("6");
	put_number(0, 1);
	put_number(sizeof(long), 1);
	put_number(sysconf(_SC_PAGESIZE), 4);
	put_string("header_page");
	put_file("events/header_page", 8);
	put_string("header_event");
	put_file("events/header_event", 8);
	put_number(0, 4);
	put_formats();
	put_number(0, 4);
	put_number(0, 4);
	put_number(0, 8);
	put_number(cpus, 4);
	put_options();
	put_string("flyrecord");
	for (cpu = 0; cpu < cpus; cpu++) {
		size = copy_cpu(to, cpu, at);
		put_number(at, 8);
		put_number(size, 8);
		at += size;
	}
	must(pwrite(to, header, HEADER_BYTES, 0) - HEADER_BYTES, "write");
	must(fsync(to), "fsync");
	printf("%lu\n", at);
	return 0;
}
