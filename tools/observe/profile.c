// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * profile: see profile.h.
 */
#include "profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#define PROFILE_END	"\nend\n"

/* "key value" at the beginning of a line, of the head.  Valid until the next call. */
static const char *head_value(const char *text, const char *key)
{
	static char value[128];
	size_t n = strlen(key);
	const char *line;

	for (line = text; strncmp(line, "entry ", 6); line++) {
		if (!strncmp(line, key, n) && line[n] == ' ') {
			line += n + 1;
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\n"), line);
			return value;
		}
		line = strchr(line, '\n');
		if (!line)
			break;
	}
	return NULL;
}

static unsigned long long head_number(const char *text, const char *key)
{
	const char *value = head_value(text, key);

	return value ? strtoull(value, NULL, 10) : 0;
}

static void check(const char *text, size_t size, const char *from)
{
	bool is_profile = strlen(text) == size && head_value(text, "kind");
	const char *version = head_value(text, "version");

	if (!is_profile || !version)
		reader_die("%s is no profile: take a copy of a file of %s", from, PROFILE_DIR);
	if (atoi(version) != PROFILE_VERSION)
		reader_die("%s has version %s and this program reads %d: use the one that came with that galloc",
			   from, version, PROFILE_VERSION);
	if (size < strlen(PROFILE_END) ||
	    strcmp(text + size - strlen(PROFILE_END), PROFILE_END))
		reader_die("%s is truncated: copy it again", from);
}

static void add_entry(struct profile *p, const char *line, const char *from)
{
	struct profile_entry *e;

	if (!(p->entries & (p->entries + 1)))
		p->entry = reader_need(p->entry, (2 * p->entries + 2) * sizeof(*p->entry));
	e = &p->entry[p->entries++];
	memset(e, 0, sizeof(*e));
	if (sscanf(line, "entry %lf %llu %llu", &e->objects, &e->bytes, &e->size) != 3)
		reader_die("%s is damaged: \"%.40s\"", from, line);
}

static void add_frame(struct profile *p, char *line, const char *from)
{
	struct profile_entry *e = p->entries ? &p->entry[p->entries - 1] : NULL;
	struct profile_frame *f;
	char *end = line;

	if (e) {
		if (!(e->frames & (e->frames + 1)))
			e->frame = reader_need(e->frame, (2 * e->frames + 2) * sizeof(*f));
		f = &e->frame[e->frames++];
		f->address = strtoull(line, &end, 16);
		f->symbol = *end ? end + 1 : end;
	}
	if (end == line)
		reader_die("%s is damaged: \"%.40s\"", from, line);
}

/* The text is the profile's from then on. */
struct profile *profile_parse(char *text, size_t size, const char *from)
{
	struct profile *p = reader_need(NULL, sizeof(*p));
	struct utsname name;
	char *line, *next;

	check(text, size, from);
	memset(p, 0, sizeof(*p));
	p->text = text;
	p->sample_bytes = head_number(text, "sample_bytes");
	p->time = time(NULL);
	p->here = !uname(&name) && !strcmp(head_value(text, "kernel") ?: "", name.release);
	snprintf(p->kind, sizeof(p->kind), "%s", head_value(text, "kind"));
	p->samples = head_number(text, strcmp(p->kind, "allocs") ? "live_samples" :
								  "alloc_samples");
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		if (!strncmp(line, "entry ", 6))
			add_entry(p, line, from);
		else if (*line == '\t')
			add_frame(p, line + 1, from);
	}
	return p;
}

struct profile *profile_read(const char *dir, const char *kind)
{
	char path[4096], *text;
	size_t size;

	if (strcmp(kind, "heap") && strcmp(kind, "allocs") && strcmp(kind, "peak"))
		reader_die("%s is no profile: give heap, allocs or peak", kind);
	snprintf(path, sizeof(path), "%s/%s", dir, kind);
	text = reader_text(path, &size);
	if (!text && (errno == EACCES || errno == EPERM))
		reader_die("%s: only root can read it: use sudo", path);
	if (!text && errno == ENOENT && !strcmp(dir, PROFILE_DIR))
		reader_die("%s is not there: is galloc loaded (modprobe galloc), and debugfs mounted (mount -t debugfs none /sys/kernel/debug)?",
			   dir);
	if (!text)
		reader_die("%s: %s", path, strerror(errno));
	return profile_parse(text, size, path);
}

struct profile *profile_load(const char *path)
{
	size_t size;
	char *text = reader_text(strcmp(path, "-") ? path : "/dev/stdin", &size);

	if (!text)
		reader_die("%s: %s", path, strerror(errno));
	return profile_parse(text, size, path);
}

void profile_free(struct profile *p)
{
	size_t i;

	for (i = 0; i < p->entries; i++)
		free(p->entry[i].frame);
	free(p->entry);
	free(p->text);
	free(p);
}
