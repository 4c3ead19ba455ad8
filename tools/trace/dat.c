// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * dat: has trace-cmd make text of its trace.dat, for text.c to read.
 *
 * Not by libtracecmd: its header offers neither the clock nor the kernel of a recording,
 * and what a damaged file ends is another process than ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "recording.h"
#include "tool.h"

#define DAT_MAGIC	"\x17\x08\x44tracing"

bool dat_is(const struct input *in)
{
	return in->size > strlen(DAT_MAGIC) && !memcmp(in->bytes, DAT_MAGIC, strlen(DAT_MAGIC));
}

/* The output of a shell command, in which $DAT is the file. */
static void output_of(struct input *out, const char *command)
{
	FILE *file = popen(command, "r");
	int status;

	if (!file)
		die("out of memory");
	read_all(out, fileno(file));
	status = pclose(file);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		die("trace-cmd cannot be started: install trace-cmd");
	if (status)
		die("%s: trace-cmd cannot read it", out->name);
}

/* "local [mono] x86-tsc", or just the name: of some clocks nobody knows the unit. */
static bool counts_nanoseconds(const char *clock)
{
	static const char known[][12] = {
		"local", "global", "mono", "mono_raw", "boot", "tai", "perf",
	};
	size_t length = strcspn(clock, "\n"), i;
	const char *open = memchr(clock, '[', length);

	if (open) {
		clock = open + 1;
		length = strcspn(clock, "]\n");
	}
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i]) == length && !strncmp(known[i], clock, length))
			return true;
	return false;
}

/* "Linux HOST RELEASE MACHINE": the name of the host is private. */
static void take_release(struct recording *r, const char *uname)
{
	const char *host = uname ? strchr(uname, ' ') : NULL;
	const char *release = host ? strchr(host + 1, ' ') : NULL;

	if (release && !r->name[0])
		record_name(r, release + 1, strlen(release + 1));
}

void dat_to_text(struct recording *r, struct input *in)
{
	struct input options = { .name = in->name };
	const char *text, *clock;

	if (setenv("DAT", in->name, 1))
		die("out of memory");
	output_of(&options, "exec trace-cmd dump --options \"$DAT\" 2>/dev/null && printf '\\0'");
	text = (const char *)options.bytes;
	clock = strstr(text, "Option TRACECLOCK");
	clock = clock ? strchr(clock, '\n') : NULL;
	if (clock && !counts_nanoseconds(clock + 1))
		die("%s: its clock does not count nanoseconds: record with -C mono", in->name);
	take_release(r, strstr(text, "\nLinux "));
	free(options.bytes);

	free(in->bytes);
	*in = (struct input) { .name = in->name };
	/* The fields as they are: what it prints for people differs between kernels. */
	output_of(in, "exec trace-cmd report -t -R \"$DAT\" 2>/dev/null");
}
