// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command in a network namespace:
 *
 *	inns NAME COMMAND [ARG...]
 *
 * Like `ip netns exec`, it mounts the sysfs of that namespace.  Static and
 * small, because on an emulated processor ip itself needs more time to start
 * than most of the commands in the tests.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "inns: %s: %s\n", what, strerror(errno));
	exit(255);
}

int main(int argc, char **argv)
{
	char path[4096];
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: inns NAME COMMAND [ARG...]\n");
		return 255;
	}
	snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	if (unshare(CLONE_NEWNS) ||
	    mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) ||
	    umount2("/sys", MNT_DETACH) ||
	    mount(argv[1], "/sys", "sysfs", 0, NULL))
		die("/sys");
	execvp(argv[2], argv + 2);
	die(argv[2]);
}
