// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc-trace: makes traces of recorded allocations, checks and shows them.
 *
 * The format is in trace.h, how to record in Documentation/traces.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording.h"
#include "tool.h"

static const char usage[] =
	"galloc-trace convert [-n EVENTS] [-k KERNEL] IN OUT\n"
	"	IN is the text of tracefs' trace or of trace-cmd report, or a trace.dat, which\n"
	"	takes trace-cmd; OUT becomes a trace.  -n keeps the first EVENTS of IN, -k says which kernel\n"
	"	it was, where IN does not.\n"
	"galloc-trace check FILE\n"
	"	reads all of a trace; exit status 1 if it is none.\n"
	"galloc-trace print FILE\n"
	"	what it consists of.\n"
	"galloc-trace events FILE\n"
	"	its events, one a line.\n"
	"galloc-trace plot FILE DIR\n"
	"	pictures of it, by gnuplot.\n"
	"FILE and IN may be -, standard input: xz -dc X.trace.xz | galloc-trace print -\n"
	"galloc-trace --help\n"
	"galloc-trace --version\n";

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "galloc-trace: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void bad_input(const struct input *in, const char *unit, u64 at, const char *reason)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s %llu: %s\n", in->name, unit, at, reason);
	exit(1);
}

static __attribute__((noreturn)) void wrong_usage(void)
{
	fputs(usage, stderr);
	exit(2);
}

/* ---- files ----------------------------------------------------------------------------- */

void read_all(struct input *in, int fd)
{
	u64 room = 0;
	ssize_t got;

	do {
		if (in->size == room) {
			room = room ? 2 * room : 1 << 20;
			in->bytes = need(in->bytes, room);
		}
		got = read(fd, in->bytes + in->size, room - in->size);
		if (got < 0)
			die("%s: %s", in->name, strerror(errno));
		in->size += got;
	} while (got);
}

static void read_input(struct input *in, const char *name)
{
	bool standard = !strcmp(name, "-");
	int fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);

	*in = (struct input) { .name = standard ? "standard input" : name };
	if (fd < 0)
		die("%s: %s", name, strerror(errno));
	read_all(in, fd);
	if (!standard)
		close(fd);
}

/* Beside its place, and renamed: what is there is a whole trace or an old one. */
static void write_output(const char *name, const u8 *bytes, u64 size)
{
	char *beside;
	FILE *file;

	if (asprintf(&beside, "%s.tmp", name) < 0)
		die("out of memory");
	file = fopen(beside, "w");
	if (!file)
		die("%s: %s", beside, strerror(errno));
	if (fwrite(bytes, 1, size, file) != size || fclose(file) || rename(beside, name)) {
		int error = errno;

		unlink(beside);
		die("%s: %s", name, strerror(error));
	}
	free(beside);
}

/* Read all of a trace, and leave if anything is wrong with it. */
static void check_trace(const struct input *in, struct trace_reader *r)
{
	struct trace_event e;

	if (trace_open(r, in->bytes, in->size)) {
		r->live = need_zeroes(trace_live_bytes(r));
		while (trace_read(r, &e))
			;
		free(r->live);
	}
	if (r->error)
		bad_input(in, "byte", r->error_at, r->error);
}

/* ---- commands -------------------------------------------------------------------------- */

static u64 number_of(const char *text)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !number)
		die("%s: not a number of events", text);
	return number;
}

static void print_drops(const struct recording *rec, const struct trace_reader *r)
{
	const struct trace_header *h = &r->header;

	printf("%llu events recorded, %llu in the trace, of %llu objects and %u kinds\n",
	       rec->nr_events, h->events, h->allocs, h->kinds);
	printf("lost by the recorder %llu; not in the trace: frees of unknown objects %llu, ",
	       h->lost, h->unknown_frees);
	printf("missed frees %llu, never freed %llu, too large %u\n", h->missed_frees,
	       h->never_freed, h->too_large);
}

static void convert_command(int argc, char **argv)
{
	struct recording *rec = need_zeroes(sizeof(*rec));
	struct input in, out = { .name = "the trace" };
	struct trace_reader r;
	u64 limit = UINT64_MAX;
	int opt;

	while ((opt = getopt(argc, argv, "n:k:")) != -1) {
		if (opt == 'n')
			limit = number_of(optarg);
		else if (opt == 'k')
			record_name(rec, optarg, strlen(optarg));
		else
			wrong_usage();
	}
	if (argc - optind != 2)
		wrong_usage();

	read_input(&in, argv[optind]);
	if (dat_is(&in))
		dat_to_text(rec, &in);
	if (!text_read(rec, in.bytes, in.size))
		bad_input(&in, "line", rec->error_at, rec->error);
	free(in.bytes);
	if (record_end(rec, limit))
		out.bytes = convert(rec, &out.size);
	/* Of the recording as a whole. */
	if (rec->error)
		die("%s: %s", in.name, rec->error);
	/* An error here is a bug in convert(). */
	check_trace(&out, &r);
	write_output(argv[optind + 1], out.bytes, out.size);
	print_drops(rec, &r);
	free(out.bytes);
	record_drop(rec);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	struct trace_reader r;
	struct input in;

	if (!strcmp(command, "convert")) {
		convert_command(argc - 1, argv + 1);
		return 0;
	}
	if (argc == 2 && (!strcmp(command, "--help") || !strcmp(command, "-h"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(command, "--version")) {
		printf("galloc-trace, for version %d of traces\n", TRACE_VERSION);
		return 0;
	}
	if (argc == 3 && !strcmp(command, "check")) {
		read_input(&in, argv[2]);
		check_trace(&in, &r);
	} else if (argc == 3 && !strcmp(command, "print")) {
		read_input(&in, argv[2]);
		print_trace(&in);
	} else if (argc == 3 && !strcmp(command, "events")) {
		read_input(&in, argv[2]);
		print_events(&in);
	} else if (argc == 4 && !strcmp(command, "plot")) {
		read_input(&in, argv[2]);
		plot_trace(&in, argv[3]);
	} else {
		wrong_usage();
	}
	free(in.bytes);
	return 0;
}
