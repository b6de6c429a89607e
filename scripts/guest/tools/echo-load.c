// SPDX-License-Identifier: GPL-2.0
/*
 * Requests that wait for their answers, over UDP:
 *
 *	echo-load serve PORT N			N servers, on ports from PORT on, until
 *						it is killed
 *	echo-load ask ADDRESS PORT N MS		N clients, one for each of them
 *
 * A client sends 64 bytes and blocks until they have come back.  After so many
 * milliseconds the clients print, as the rest of a JSON object, how many requests
 * were answered, how many were lost, how many answers came in a second, and the
 * median of the time that an answer took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 64
#define BYTES 64
#define SLOT_NS 500	/* in the histogram */
#define SLOTS 200000

/* Counts of one client, in memory that all processes share. */
struct count {
	uint64_t answers, lost;
	uint32_t took[SLOTS];
};

static void die(const char *what)
{
	fprintf(stderr, "echo-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void serve(int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(port),
	};
	int fd = open_socket();
	char buf[BYTES];

	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind");
	for (;;) {
		socklen_t len = sizeof(addr);
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0,
				     (struct sockaddr *)&addr, &len);

		if (n < 0 || sendto(fd, buf, n, 0, (struct sockaddr *)&addr,
				    len) < 0)
			die("echo");
	}
}

static void ask(const char *host, int port, uint64_t end, struct count *c)
{
	const struct timeval limit = { .tv_usec = 200000 };
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(port),
	};
	uint64_t before, slot, buf[BYTES / 8] = {}, back[BYTES / 8];
	int fd = open_socket();

	if (inet_pton(AF_INET, host, &addr.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		die(host);
	while ((before = now_ns()) < end) {
		buf[0]++;
		if (send(fd, buf, sizeof(buf), 0) < 0)
			die("send");
		do {
			if (recv(fd, back, sizeof(back), 0) < 0) {
				c->lost++;
				break;
			}
		} while (back[0] != buf[0]);
		if (back[0] != buf[0])
			continue;
		slot = (now_ns() - before) / SLOT_NS;
		c->took[slot < SLOTS ? slot : SLOTS - 1]++;
		c->answers++;
	}
	exit(0);
}

/* In microseconds. */
static double median(const struct count *c, int n, uint64_t answers)
{
	uint64_t below = 0;
	int slot, i;

	for (slot = 0; slot < SLOTS; slot++) {
		for (i = 0; i < n; i++)
			below += c[i].took[slot];
		if (below * 2 >= answers)
			break;
	}
	return (slot + 0.5) * SLOT_NS / 1000;
}

static void sum_up(const struct count *c, int n, int ms)
{
	uint64_t answers = 0, lost = 0;
	int i;

	for (i = 0; i < n; i++) {
		answers += c[i].answers;
		lost += c[i].lost;
	}
	printf("\"clients\":%d,\"answers\":%llu,\"lost\":%llu,\"rate\":%llu,\"p50_us\":%.1f\n",
	       n, (unsigned long long)answers, (unsigned long long)lost,
	       (unsigned long long)(answers * 1000 / ms),
	       median(c, n, answers));
}

static int run_clients(const char *host, int port, int n, int ms)
{
	uint64_t end = now_ns() + ms * 1000000ULL;
	int i, status, failed = 0;
	struct count *c;

	c = mmap(NULL, n * sizeof(*c), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		die("mmap");
	for (i = 0; i < n; i++)
		if (!fork())
			ask(host, port + i, end, &c[i]);
	while (wait(&status) > 0)
		failed |= status;
	sum_up(c, n, ms);
	return !!failed;
}

static void run_servers(int port, int n)
{
	int i;

	for (i = 1; i < n; i++)
		if (!fork()) {
			/* The servers end together with the first one. */
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			break;
		}
	serve(port + i % n);
}

int main(int argc, char **argv)
{
	int n = argc > 3 ? atoi(argv[argc == 4 ? 3 : 4]) : 0;

	if (n < 1 || n > CLIENTS_MAX)
		return 2;
	if (argc == 4 && !strcmp(argv[1], "serve"))
		run_servers(atoi(argv[2]), n);
	if (argc == 6 && !strcmp(argv[1], "ask"))
		return run_clients(argv[2], atoi(argv[3]), n, atoi(argv[5]));
	return 2;
}
