// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * load: work for a kernel that is being recorded, as far as a shell does not do it.
 *
 *	load tcp CONNECTIONS	over loopback, some of them open at a time, each with a
 *				few messages of all sizes both ways
 *	load processes NUMBER	fork, exec, a pipe between them, exit
 *	load files DIR NUMBER	in one folder: written, renamed, linked, cut, removed
 *	load yes		what `processes` executes
 *
 * Its actions are the same each time: the only random numbers are its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN_CONNECTIONS	120
#define OPEN_PROCESSES		8
#define LARGEST_MESSAGE		(32 << 10)

static unsigned int seed = 1;
static char buffer[LARGEST_MESSAGE];

static unsigned int random_below(unsigned int limit)
{
	seed = seed * 1664525 + 1013904223;
	return (unsigned long)seed * limit >> 32;
}

/* Small ones are frequent, large ones rare: the logarithm is uniform. */
static size_t random_size(size_t largest)
{
	size_t size = largest >> random_below(12);

	return size / 2 + random_below(size / 2 + 1) + 1;
}

static long must(long result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
		exit(1);
	}
	return result;
}

static void write_all(int fd, size_t size)
{
	size_t done = 0;

	while (done < size)
		done += must(write(fd, buffer, size - done), "write");
}

static void read_all(int fd, size_t size)
{
	size_t done = 0;
	long got;

	while (done < size) {
		got = must(read(fd, buffer, size - done), "read");
		if (!got)
			return;
		done += got;
	}
}

/* ---- tcp ------------------------------------------------------------------------------- */

static struct sockaddr_in address = { .sin_family = AF_INET };

/* Echo all data, on all connections, until the client closes its last one. */
static void serve(int listener)
{
	static struct pollfd fds[OPEN_CONNECTIONS + 2];
	nfds_t nr = 1, i;
	bool ending = false;
	long got;

	fds[0] = (struct pollfd) { .fd = listener, .events = POLLIN };
	while (!ending || nr > 1) {
		must(poll(fds, nr, -1), "poll");
		if (fds[0].revents && nr < OPEN_CONNECTIONS + 2)
			fds[nr++] = (struct pollfd) {
				.fd = must(accept(listener, NULL, NULL), "accept"),
				.events = POLLIN,
			};
		for (i = nr - 1; i > 0; i--) {
			if (!fds[i].revents)
				continue;
			got = read(fds[i].fd, buffer, sizeof(buffer));
			if (got > 0) {
				/* A byte of 1 in front is the last connection's word. */
				ending |= buffer[0] == 1;
				buffer[0] = 0;
				write_all(fds[i].fd, got);
			} else {
				close(fds[i].fd);
				fds[i] = fds[--nr];
			}
		}
	}
	exit(0);
}

static int open_connection(void)
{
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	/* No TIME_WAIT: there are not ports enough for all of them. */
	struct linger now = { .l_onoff = 1 };

	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), "setsockopt");
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

static void tcp(long connections)
{
	socklen_t length = sizeof(address);
	int fds[OPEN_CONNECTIONS], listener, slot, status;
	size_t size;
	long i;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(listen(listener, 64), "listen");
	must(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	if (!must(fork(), "fork"))
		serve(listener);

	for (slot = 0; slot < OPEN_CONNECTIONS; slot++)
		fds[slot] = open_connection();
	for (i = OPEN_CONNECTIONS; i < connections; i++) {
		slot = random_below(OPEN_CONNECTIONS);
		do {
			size = random_size(LARGEST_MESSAGE);
			write_all(fds[slot], size);
			read_all(fds[slot], size);
		} while (random_below(4));
		close(fds[slot]);
		fds[slot] = open_connection();
	}
	buffer[0] = 1;
	write_all(fds[0], 1);
	read_all(fds[0], 1);
	for (slot = 0; slot < OPEN_CONNECTIONS; slot++)
		close(fds[slot]);
	must(wait(&status), "wait");
	must(status ? -1 : 0, "server");
}

/* ---- processes ------------------------------------------------------------------------- */

static void processes(long number)
{
	int to[OPEN_PROCESSES] = { 0 }, ends[2], slot, status;
	size_t size;
	long i;

	for (i = 0; i < number + OPEN_PROCESSES; i++) {
		slot = i % OPEN_PROCESSES;
		if (to[slot]) {
			size = random_size(sizeof(buffer));
			write_all(to[slot], size);
			close(to[slot]);
			must(wait(&status), "wait");
			must(status ? -1 : 0, "process");
			to[slot] = 0;
		}
		if (i >= number)
			continue;
		must(pipe2(ends, O_CLOEXEC), "pipe2");
		if (!must(fork(), "fork")) {
			must(dup2(ends[0], STDIN_FILENO), "dup2");
			execl("/proc/self/exe", "load", "yes", NULL);
			must(-1, "execl");
		}
		close(ends[0]);
		to[slot] = ends[1];
	}
}

static void yes(void)
{
	while (must(read(STDIN_FILENO, buffer, sizeof(buffer)), "read"))
		;
}

/* ---- files ----------------------------------------------------------------------------- */

static void files(const char *dir, long number)
{
	char from[64], to[64];
	long i;
	int fd;

	must(chdir(dir), "chdir");
	for (i = 0; i < number; i++) {
		snprintf(from, sizeof(from), "written-%ld", i);
		fd = must(open(from, O_CREAT | O_RDWR | O_TRUNC, 0644), "open");
		write_all(fd, random_size(LARGEST_MESSAGE));
		if (!random_below(8))
			must(ftruncate(fd, random_size(LARGEST_MESSAGE)), "ftruncate");
		if (!random_below(32))
			must(fsync(fd), "fsync");
		close(fd);
		snprintf(to, sizeof(to), "a-file-with-a-name-too-long-for-its-dentry-%ld", i);
		if (random_below(2))
			must(rename(from, to), "rename");
		else
			must(link(from, to), "link");
		if (random_below(2)) {
			snprintf(from, sizeof(from), "symbolic-%ld", i);
			must(symlink(to, from), "symlink");
		}
	}
	for (i = 0; i < number; i++) {
		snprintf(from, sizeof(from), "written-%ld", i);
		unlink(from);
		snprintf(from, sizeof(from), "symbolic-%ld", i);
		unlink(from);
		snprintf(to, sizeof(to), "a-file-with-a-name-too-long-for-its-dentry-%ld", i);
		must(unlink(to), "unlink");
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "tcp"))
		tcp(atol(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "processes"))
		processes(atol(argv[2]));
	else if (argc == 4 && !strcmp(argv[1], "files"))
		files(argv[2], atol(argv[3]));
	else if (argc == 2 && !strcmp(argv[1], "yes"))
		yes();
	else
		must((errno = EINVAL, -1), "arguments");
	return 0;
}
