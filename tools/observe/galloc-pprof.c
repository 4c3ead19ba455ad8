// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc-pprof: galloc's heap profile in the form that pprof reads; see galloc-pprof.8.
 *
 * That is a message of Protocol Buffers, profile.proto of github.com/google/pprof, through
 * gzip.  A field is its number and wire type, then a varint, or a length and that many
 * bytes; nothing else is needed.
 */
#include "profile.h"
#include "reader.h"

#include <errno.h>
#include <getopt.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static const char usage[] =
	"galloc-pprof [OPTION]... [heap | allocs | peak] >profile.pb.gz\n"
	"Writes galloc's heap profile for pprof: what is in use, what was allocated since\n"
	"galloc was loaded, or what was in use when that was the most.\n"
	"	--top		print who has the most instead, as text\n"
	"	--load FILE	read a copy of the file, - is standard input\n"
	"	--dir DIR	read the files there, not in " PROFILE_DIR "\n"
	"	--help\n"
	"	--version\n";

/* ---- messages ------------------------------------------------------------------------- */

struct message {
	unsigned char *bytes;
	size_t n;
	size_t room;
};

static void put_byte(struct message *m, unsigned char byte)
{
	if (m->n == m->room)
		m->bytes = reader_need(m->bytes, m->room = 2 * m->room + 256);
	m->bytes[m->n++] = byte;
}

static void put_varint(struct message *m, unsigned long long value)
{
	for (; value >= 0x80; value >>= 7)
		put_byte(m, value | 0x80);
	put_byte(m, value);
}

static void put_number(struct message *m, unsigned int field, unsigned long long value)
{
	if (!value)
		return;
	put_varint(m, field << 3);
	put_varint(m, value);
}

static void put_bytes(struct message *m, unsigned int field, const void *bytes, size_t n)
{
	put_varint(m, field << 3 | 2);
	put_varint(m, n);
	while (n--)
		put_byte(m, *(*(const unsigned char **)&bytes)++);
}

/* A message in a message; it is empty afterwards. */
static void put_message(struct message *m, unsigned int field, struct message *part)
{
	put_bytes(m, field, part->bytes, part->n);
	part->n = 0;
}

/* ---- things that are written once ------------------------------------------------------ */

/**
 * struct known - a string, a function, or a location, and its number
 * @name: the string, or the function's name with its module
 * @address: of a location
 * @id: the number
 */
struct known {
	const char *name;
	unsigned long long address;
	unsigned long long id;
};

static struct message out, part, inner;
static void *strings, *functions, *locations, *modules;
static unsigned long long nr_strings, nr_functions, nr_locations, nr_modules;

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->name, ((const struct known *)b)->name);
}

static int by_address(const void *a, const void *b)
{
	unsigned long long x = ((const struct known *)a)->address;
	unsigned long long y = ((const struct known *)b)->address;

	return x < y ? -1 : x > y;
}

/* What is known of a thing; *@new if it was not known before. */
static struct known *know(void **tree, const char *name, unsigned long long address,
			  bool *new)
{
	int (*by)(const void *, const void *) = name ? by_name : by_address;
	struct known key = { .name = name, .address = address }, *k;
	void *found = tfind(&key, tree, by);

	*new = !found;
	if (found)
		return *(struct known **)found;
	k = reader_need(NULL, sizeof(*k));
	*k = key;
	if (name && !(k->name = strdup(name)))
		reader_die("out of memory");
	if (!tsearch(k, tree, by))
		reader_die("out of memory");
	return k;
}

static unsigned long long string(const char *text)
{
	bool new;
	struct known *k = know(&strings, text, 0, &new);

	if (new) {
		k->id = nr_strings++;
		put_bytes(&out, 6, text, strlen(text));
	}
	return k->id;
}

/* ---- modules and their build ids --------------------------------------------------------- */

/* The build id in ELF notes, in hexadecimal; "" if there is none. */
static const char *build_id(const char *path)
{
	static char hex[129];
	unsigned int head[3], at = 0, i;
	unsigned char notes[4096];
	size_t n = 0;
	FILE *f = fopen(path, "re");

	hex[0] = 0;
	if (f) {
		n = fread(notes, 1, sizeof(notes), f);
		fclose(f);
	}
	while (at + sizeof(head) <= n) {
		/* Lengths of the name and of what it describes; a type. */
		memcpy(head, notes + at, sizeof(head));
		at += sizeof(head);
		if (head[0] > n || head[1] > n)
			break;
		if (head[2] == 3 && head[0] == 4 && head[1] <= 64 &&
		    at + 4 + head[1] <= n && !memcmp(notes + at, "GNU", 4))
			for (i = 0; i < head[1]; i++)
				snprintf(hex + 2 * i, 3, "%02x", notes[at + 4 + i]);
		at += (head[0] + 3) / 4 * 4 + (head[1] + 3) / 4 * 4;
	}
	return hex;
}

/* The number of the mapping of a module, or of the kernel itself (""). */
static unsigned long long module_id(const char *name, bool here)
{
	bool new;
	struct known *k = know(&modules, name, 0, &new);
	char path[512], file[300];

	if (!new)
		return k->id;
	k->id = ++nr_modules;
	snprintf(path, sizeof(path), "/sys/module/%s/notes/.note.gnu.build-id", name);
	snprintf(file, sizeof(file), "[%s]", *name ? name : "kernel.kallsyms");
	part.n = 0;
	put_number(&part, 1, k->id);
	put_number(&part, 5, string(file));
	if (here)
		put_number(&part, 6, string(build_id(*name ? path : "/sys/kernel/notes")));
	put_number(&part, 7, 1);
	put_message(&out, 3, &part);
	return k->id;
}

/* ---- samples --------------------------------------------------------------------------- */

/* "name+0x12/0x34 [module]": the name alone, and the module in @module. */
static char *function_of(const char *symbol, char *module, size_t room)
{
	const char *bracket = strchr(symbol, '[');
	size_t n = strcspn(symbol, "+ ");
	char *name = strndup(symbol, n);

	if (!name)
		reader_die("out of memory");
	snprintf(module, room, "%.*s", bracket ? (int)strcspn(bracket + 1, " ]") : 0,
		 bracket ? bracket + 1 : "");
	return name;
}

static unsigned long long function_id(const char *name, const char *module)
{
	char key[512];
	struct known *k;
	bool new;

	snprintf(key, sizeof(key), "%s %s", name, module);
	k = know(&functions, key, 0, &new);
	if (new) {
		k->id = ++nr_functions;
		part.n = 0;
		put_number(&part, 1, k->id);
		put_number(&part, 2, string(name));
		put_number(&part, 3, string(name));
		put_number(&part, 4, string(module));
		put_message(&out, 5, &part);
	}
	return k->id;
}

static unsigned long long location_id(const struct profile_frame *frame, bool here)
{
	unsigned long long mapping, function;
	char module[256], *name;
	struct known *k;
	bool new;

	k = know(&locations, NULL, frame->address, &new);
	if (!new)
		return k->id;
	k->id = ++nr_locations;
	name = function_of(frame->symbol, module, sizeof(module));
	mapping = module_id(module, here);
	function = function_id(name, module);
	free(name);
	part.n = 0;
	put_number(&part, 1, k->id);
	put_number(&part, 2, mapping);
	put_number(&part, 3, frame->address);
	inner.n = 0;
	put_number(&inner, 1, function);
	put_message(&part, 4, &inner);
	put_message(&out, 4, &part);
	return k->id;
}

static void put_entry(const struct profile *p, const struct profile_entry *e)
{
	unsigned long long *ids = reader_need(NULL, e->frames * sizeof(*ids));
	unsigned long long bytes = string("bytes");
	size_t i;

	for (i = 0; i < e->frames; i++)
		ids[i] = location_id(&e->frame[i], p->here);
	part.n = 0;
	for (i = 0; i < e->frames; i++)
		put_number(&part, 1, ids[i]);
	/* Packed, or a 0 would be left out. */
	inner.n = 0;
	put_varint(&inner, e->objects + 0.5);
	put_varint(&inner, e->bytes);
	put_message(&part, 2, &inner);
	put_number(&inner, 1, bytes);
	put_number(&inner, 3, e->size);
	put_number(&inner, 4, bytes);
	put_message(&part, 3, &inner);
	put_message(&out, 2, &part);
	free(ids);
}

static void put_type(unsigned int field, const char *type, const char *unit)
{
	unsigned long long type_id = string(type), unit_id = string(unit);

	part.n = 0;
	put_number(&part, 1, type_id);
	put_number(&part, 2, unit_id);
	put_message(&out, field, &part);
}

static void write_profile(const struct profile *p)
{
	bool allocs = !strcmp(p->kind, "allocs");
	size_t i;
	gzFile f;

	if (isatty(STDOUT_FILENO))
		reader_die("the profile is no text: write it to a file, galloc-pprof >profile.pb.gz, or give --top");
	string("");
	/* The first one gives the profile its name. */
	module_id("", p->here);
	put_type(1, allocs ? "alloc_objects" : "inuse_objects", "count");
	put_type(1, allocs ? "alloc_space" : "inuse_space", "bytes");
	for (i = 0; i < p->entries; i++)
		put_entry(p, &p->entry[i]);
	put_number(&out, 9, p->time * 1000000000ULL);
	put_type(11, "space", "bytes");
	put_number(&out, 12, p->sample_bytes);
	put_number(&out, 14, string(allocs ? "alloc_space" : "inuse_space"));
	f = gzdopen(dup(STDOUT_FILENO), "wb");
	if (!f)
		reader_die("out of memory");
	if (gzwrite(f, out.bytes, out.n) != (int)out.n || gzclose(f) != Z_OK)
		reader_die("cannot write to standard output: %s", strerror(errno));
}

/* ---- text ------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
	const struct profile_entry *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

static void print_top(const struct profile *p)
{
	unsigned long long all = 0;
	size_t i, j;

	for (i = 0; i < p->entries; i++)
		all += p->entry[i].bytes;
	qsort(p->entry, p->entries, sizeof(*p->entry), by_bytes);
	printf("%s: about %s in %zu places, of %llu samples\n", p->kind, reader_bytes(all),
	       p->entries, p->samples);
	for (i = 0; i < p->entries && i < 20; i++) {
		const struct profile_entry *e = &p->entry[i];

		printf("\n%5.1f%% %10s, %.0f objects of %llu bytes\n",
		       100.0 * e->bytes / all, reader_bytes(e->bytes), e->objects, e->size);
		for (j = 0; j < e->frames; j++)
			printf("\t%s\n", e->frame[j].symbol);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "top", no_argument, NULL, 't' },
		{ "load", required_argument, NULL, 'l' },
		{ "dir", required_argument, NULL, 'D' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ }
	};
	const char *dir = PROFILE_DIR, *load = NULL;
	struct profile *p;
	bool top = false;
	int c;

	reader_begin("galloc-pprof", NULL);
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		switch (c) {
		case 't': top = true; break;
		case 'l': load = optarg; break;
		case 'D': dir = optarg; break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			printf("galloc-pprof, for version %d of galloc's profiles\n",
			       PROFILE_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (argc > optind + 1 || (load && argc > optind))
		reader_die("too many words: type galloc-pprof --help");
	p = load ? profile_load(load) :
		   profile_read(dir, optind < argc ? argv[optind] : "heap");
	if (top)
		print_top(p);
	else
		write_profile(p);
	profile_free(p);
	reader_finish();
	return 0;
}
