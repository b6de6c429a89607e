// SPDX-License-Identifier: GPL-2.0
/*
 * Has every memory allocation fail in turn that the kernel makes for a command:
 *
 *	faulty WHERE COMMAND [UNDO...]
 *
 * The N-th one fails, for N from 1 until the command needs fewer than N.  Each time
 * the command is either refused for want of memory, and then has changed nothing
 * and works when it is given again (modules, which take long, only now and then);
 * or it works although an allocation failed.  The UNDOs take back what it did.
 * Allocations of which kind, WHERE says:
 *
 *	netlink   in requests to dlil, and in reading their answers
 *	sysfs     in writing to files below /sys
 *	module    in loading dlil, from its own first function on
 *	kthreadd  in the thread that makes threads
 *	kworkers  in the workers that end what was detached
 *
 * The first two by tracing: /proc/PID/fail-nth is set when the system call is
 * entered, and read back when it returns, so that nothing else of what the command
 * does fails.  The third with the help of kunit/dlil_planted.c.
 *
 * A command is one argument.  `dlilctl ...` is part of this program, and
 * `write PATH TEXT` as well, since starting a program takes an emulated processor
 * as long as all the rest; anything else is started.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/ptrace.h>

#define STATE_SIZE	(256 * 1024)
#define OUTPUT_SIZE	(256 * 1024)
#define PATIENCE	10	/* seconds until a state is there */

#define LOAD_FAILS	"/sys/module/dlil_planted/parameters/load_fails"

/* Renamed main() of tools/dlilctl. */
int dlilctl_main(int argc, char **argv);

/* The number of missing allocations for the N-th to fail, 0 if it failed. */
static unsigned int left;

/* The errno of the last such system call. */
static int error;

/* The command being traced. */
static pid_t child;

/* The output of the command. */
static int output;

static __attribute__((noreturn, format(printf, 1, 2)))
void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "faulty: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

/* /proc/PID/fail-nth */

static bool set_fail_nth(pid_t pid, unsigned int n)
{
	char path[64], text[16];
	int fd, len, ret;

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;
	len = snprintf(text, sizeof(text), "%u", n);
	ret = write(fd, text, len);
	close(fd);
	return ret == len;
}

/* Workers come and go: no allocation has failed in those that have ended. */
static unsigned int get_fail_nth(pid_t pid)
{
	unsigned int n = UINT_MAX;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	file = fopen(path, "r");
	if (!file)
		return n;
	if (fscanf(file, "%u", &n) != 1)
		n = UINT_MAX;
	fclose(file);
	return n;
}

/* Which system calls */

static void peek(void *to, uint64_t from, size_t len)
{
	struct iovec local = { to, len };
	struct iovec remote = { (void *)(uintptr_t)from, len };

	if (process_vm_readv(child, &local, 1, &remote, 1, 0) != (ssize_t)len)
		die("cannot read memory of the command");
}

/* Looking up the family's number is a request, too, but not to dlil. */
static bool is_netlink(const struct ptrace_syscall_info *info)
{
	static uint64_t asked_fd = UINT64_MAX;
	uint64_t fd = info->entry.args[0];
	struct nlmsghdr nlh;

	switch (info->entry.nr) {
	case SYS_sendto:
		peek(&nlh, info->entry.args[1], sizeof(nlh));
		asked_fd = nlh.nlmsg_type == GENL_ID_CTRL ? UINT64_MAX : fd;
		return fd == asked_fd;
	case SYS_recvmsg:
		return fd == asked_fd;
	}
	return false;
}

static bool is_sysfs(const struct ptrace_syscall_info *info)
{
	char link[64], path[PATH_MAX];
	ssize_t len;

	if (info->entry.nr != SYS_write)
		return false;
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", child,
		 (int)info->entry.args[0]);
	len = readlink(link, path, sizeof(path));
	return len > 5 && !memcmp(path, "/sys/", 5);
}

static bool is_module(const struct ptrace_syscall_info *info)
{
	return info->entry.nr == SYS_finit_module;
}

static const struct {
	const char *name;
	bool (*wants)(const struct ptrace_syscall_info *info);
} kinds[] = {
	{ "netlink", is_netlink },
	{ "sysfs", is_sysfs },
};

/* Commands */

/* Same as echo. */
static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0 && dprintf(fd, "%s\n", text) > 0)
		return 0;
	perror(path);
	return 1;
}

static __attribute__((noreturn)) void become(const char *command)
{
	wordexp_t words;

	if (wordexp(command, &words, WRDE_NOCMD) || !words.we_wordc)
		die("cannot understand: %s", command);
	if (!strcmp(words.we_wordv[0], "dlilctl"))
		exit(dlilctl_main(words.we_wordc, words.we_wordv));
	if (!strcmp(words.we_wordv[0], "write") && words.we_wordc == 3)
		exit(write_file(words.we_wordv[1], words.we_wordv[2]));
	execvp(words.we_wordv[0], words.we_wordv);
	die("cannot run %s: %s", words.we_wordv[0], strerror(errno));
}

/* @out: where its output goes */
static pid_t start(const char *command, int out, bool traced)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid)
		return pid;
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (traced) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
	}
	become(command);
}

static int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* Run a command that must succeed. */
static void must(const char *command)
{
	int status;

	if (ftruncate(output, 0) || lseek(output, 0, SEEK_SET))
		die("cannot empty the output: %s", strerror(errno));
	waitpid(start(command, output, false), &status, 0);
	if (status)
		die("exit status %d of %s", exit_status(status), command);
}

/* The output of the last command. */
static void read_output(char *text)
{
	ssize_t n = pread(output, text, OUTPUT_SIZE - 1, 0);

	if (n < 0)
		die("cannot read the output: %s", strerror(errno));
	text[n] = '\0';
}

/* With a failure in its system calls */

/* The errno in the message that recvmsg() has stored at @msg, if it is the last. */
static int answered(uint64_t msg)
{
	struct { struct nlmsghdr nlh; int error; } end;
	struct msghdr hdr;
	struct iovec iov;

	peek(&hdr, msg, sizeof(hdr));
	peek(&iov, (uintptr_t)hdr.msg_iov, sizeof(iov));
	peek(&end, (uintptr_t)iov.iov_base, sizeof(end));
	if (end.nlh.nlmsg_type != NLMSG_ERROR &&
	    end.nlh.nlmsg_type != NLMSG_DONE)
		return 0;
	return -end.error;
}

/* A system call that may be one of them; @entry describes the last entry. */
static void on_stop(bool (*wants)(const struct ptrace_syscall_info *info))
{
	static struct ptrace_syscall_info entry;
	static bool armed;
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) < 0)
		die("cannot read the system call: %s", strerror(errno));
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		entry = info;
		armed = wants(&info);
		if (armed && left && !set_fail_nth(child, left))
			die("cannot set fail-nth: %s", strerror(errno));
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && armed) {
		if (left) {
			left = get_fail_nth(child);
			set_fail_nth(child, 0);
		}
		if (info.exit.is_error)
			error = -info.exit.rval;
		else
			error = entry.entry.nr == SYS_recvmsg ?
				answered(entry.entry.args[1]) : 0;
		armed = false;
	}
}

static int run_traced(const char *command,
		      bool (*wants)(const struct ptrace_syscall_info *info),
		      unsigned int n)
{
	int status, sig = 0;

	left = n;
	error = 0;
	if (ftruncate(output, 0) || lseek(output, 0, SEEK_SET))
		die("cannot empty the output: %s", strerror(errno));
	child = start(command, output, true);
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		die("the command did not start");
	if (ptrace(PTRACE_SETOPTIONS, child, 0,
		   PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD))
		die("cannot trace: %s", strerror(errno));
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, child, 0, sig))
			die("cannot trace: %s", strerror(errno));
		if (waitpid(child, &status, 0) != child)
			die("waitpid: %s", strerror(errno));
		if (!WIFSTOPPED(status))
			return exit_status(status);
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80))
			on_stop(wants);
		if (sig == (SIGTRAP | 0x80) || sig == SIGTRAP)
			sig = 0;
	}
}

/* With a failure in the tasks that work for it */

/* Processes whose name begins with @prefix; the list ends with 0. */
static void find_tasks(const char *prefix, pid_t *pids, size_t max)
{
	char comm[32];
	size_t i, n = 0;
	FILE *file;
	glob_t g;

	glob("/proc/[0-9]*/comm", 0, NULL, &g);
	for (i = 0; i < g.gl_pathc && n < max - 1; i++) {
		file = fopen(g.gl_pathv[i], "r");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) &&
		    !strncmp(comm, prefix, strlen(prefix)))
			pids[n++] = atoi(g.gl_pathv[i] + strlen("/proc/"));
		fclose(file);
	}
	pids[n] = 0;
	globfree(&g);
}

static int run_helped(const char *command, const char *prefix, unsigned int n)
{
	pid_t pids[256], *pid;
	int status;

	find_tasks(prefix, pids, 256);
	left = n;
	for (pid = pids; *pid; pid++)
		set_fail_nth(*pid, n);
	/* Without a failure, because its output is needed. */
	status = run_traced(command, is_netlink, 0);
	left = n;
	for (pid = pids; *pid; pid++) {
		if (!get_fail_nth(*pid))
			left = 0;
		set_fail_nth(*pid, 0);
	}
	return status;
}

/* kunit/dlil_planted.c makes the allocation fail. */
static int run_loading(const char *command, unsigned int n)
{
	char text[16];
	int status;
	FILE *file;

	snprintf(text, sizeof(text), "%u", n);
	if (write_file(LOAD_FAILS, text))
		die("is dlil_planted loaded?");
	status = run_traced(command, is_module, 0);
	file = fopen(LOAD_FAILS, "r");
	if (!file || fscanf(file, "%u", &left) != 1)
		die("cannot read %s", LOAD_FAILS);
	fclose(file);
	write_file(LOAD_FAILS, "0");
	return status;
}

static int run_faulted(const char *where, const char *command, unsigned int n)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, where))
			return run_traced(command, kinds[i].wants, n);
	if (!strcmp(where, "module"))
		return run_loading(command, n);
	if (!strcmp(where, "kthreadd"))
		return run_helped(command, "kthreadd", n);
	if (!strcmp(where, "kworkers"))
		return run_helped(command, "kworker/u", n);
	die("unknown: %s", where);
}

/* All that a command may change */

static size_t add_file(char *state, size_t len, const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return len;
	n = read(fd, state + len, STATE_SIZE - 1 - len);
	close(fd);
	return n > 0 ? len + n : len;
}

/* The output of dlilctl without the parts that differ with each attach. */
static size_t add_shown(char *state, size_t len)
{
	static const char *const volatiles[] = {
		"\"thread\":", "\"packets\":", "\"matched\":", "\"last-change\":",
	};
	int fd[2], status;
	size_t i, begin = len;
	pid_t pid;
	ssize_t n;
	char *p;

	if (pipe(fd))
		die("pipe: %s", strerror(errno));
	pid = start("dlilctl -j show", fd[1], false);
	close(fd[1]);
	while ((n = read(fd[0], state + len, STATE_SIZE - 1 - len)) > 0)
		len += n;
	close(fd[0]);
	waitpid(pid, &status, 0);
	state[len] = '\0';
	for (i = 0; i < sizeof(volatiles) / sizeof(*volatiles); i++)
		for (p = state + begin; (p = strstr(p, volatiles[i]));) {
			p += strlen(volatiles[i]);
			n = strspn(p, "0123456789");
			memmove(p, p + n, strlen(p + n) + 1);
		}
	return strlen(state);
}

static void read_state(char *state)
{
	size_t i, len;
	glob_t g;

	len = add_shown(state, 0);
	len = add_file(state, len, "/sys/class/net/dlil_ifnets");
	len = add_file(state, len, "/sys/module/dlil_sample/parameters/dev");
	glob("/sys/class/net/*/dlil", 0, NULL, &g);
	for (i = 0; i < g.gl_pathc; i++)
		len += snprintf(state + len, STATE_SIZE - len, "%s\n",
				g.gl_pathv[i]);
	globfree(&g);
	state[len] = '\0';
}

static bool is_state(const char *wanted)
{
	static char state[STATE_SIZE];

	read_state(state);
	return !strcmp(state, wanted);
}

/* A detached device may not have ended yet. */
static void wait_for_state(const char *wanted, const char *when, unsigned int n)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	time_t end = time(NULL) + PATIENCE;
	static char state[STATE_SIZE];

	while (!is_state(wanted)) {
		if (time(NULL) > end) {
			read_state(state);
			die("%s allocation %u it is\n%s\nand not\n%s", when, n,
			    state, wanted);
		}
		nanosleep(&pause, NULL);
	}
}

/* The command may warn that an optional part failed. */
static const char *behind_warnings(const char *said)
{
	static const char warning[] = "Warning: ";
	const char *end;

	while (!left && !strncmp(said, warning, strlen(warning))) {
		end = strchr(said, '\n');
		said = end ? end + 1 : "";
	}
	return said;
}

/* ENOMEM; EAGAIN of fork; ENOBUFS of netlink, whose answer is lost. */
static bool is_want_of_memory(int err)
{
	return err == ENOMEM || err == EAGAIN || err == ENOBUFS;
}

int main(int argc, char **argv)
{
	static char before[STATE_SIZE], after[STATE_SIZE];
	static char good[OUTPUT_SIZE], said[OUTPUT_SIZE];
	/* A signal for each stop would be an allocation in the command. */
	const struct sigaction quiet = {
		.sa_handler = SIG_DFL,
		.sa_flags = SA_NOCLDSTOP,
	};
	unsigned int n, refused = 0;
	const char *where, *command;
	int status, i;
	bool slow;

	if (argc < 3)
		die("usage: faulty WHERE COMMAND [UNDO...]");
	where = argv[1];
	command = argv[2];
	slow = !strcmp(where, "module");
	sigaction(SIGCHLD, &quiet, NULL);
	output = memfd_create("output", MFD_CLOEXEC);
	if (output < 0)
		die("memfd_create: %s", strerror(errno));

	read_state(before);
	must(command);
	read_output(good);
	read_state(after);
	for (i = 3; i < argc; i++)
		must(argv[i]);
	wait_for_state(before, "without a failing", 0);
	for (n = 1;; n++) {
		status = run_faulted(where, command, n);
		read_output(said);
		if (!status && strcmp(behind_warnings(said), good))
			die("at allocation %u it says\n%s\nand not\n%s", n, said,
			    good);
		if (status) {
			refused++;
			if (left || !is_want_of_memory(error))
				die("at allocation %u: %s", n, strerror(error));
			/* If an answer is lost, the request may have succeeded. */
			if (error != ENOBUFS || argc == 3 || !is_state(after)) {
				wait_for_state(before, "after", n);
				/* The next attempt would show the same. */
				if (slow && n % 16)
					continue;
				must(command);
			}
		}
		wait_for_state(after, "in spite of", n);
		for (i = 3; i < argc; i++)
			must(argv[i]);
		if (!status && left)
			break;
	}
	wait_for_state(before, "in the end, after", n);
	if (!refused && strcmp(where, "kworkers"))
		die("no allocation of %s has failed", command);
	printf("%s (%s): %u allocations failed, %u times refused\n", command,
	       where, n - 1, refused);
	return 0;
}
