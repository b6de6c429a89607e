// SPDX-License-Identifier: GPL-2.0
/* Options, and what follows them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dlilctl.h"

#define NETNS_DIR "/run/netns"

static int run_help(struct args *args);

static const struct command commands[] = {
	{ "attach", "{ DEV | PATTERN | all }... [ unmatched pass|drop ]", run_attach, NULL, false },
	{ "detach", "{ DEV | PATTERN | all }...", run_detach, NULL, false },
	{ "set",
	  "DEV { unmatched pass|drop | queue [ packets N ] [ bytes N ] | arpll on|off | mtu N | lladdr ADDR | up | down | multicast add|del ADDR }...",
	  run_set, NULL, false },
	{ "show", "[ DEV ]", run_show, NULL, false },
	{ "list", NULL, run_show, NULL, false },
	{ "ls", NULL, run_show, NULL, false },
	{ "stats", "[ DEV ]", run_stats, NULL, false },
	{ "monitor", "[ DEV ]", run_monitor, NULL, false },
	{ "drops", "[ DEV ] [ count N ] [ -w FILE ]", run_drops, NULL, false },
	{ "filter", "", NULL, filter_commands, false },
	{ "proto", "", NULL, proto_commands, false },
	{ "save", "[ DEV ]", run_save, NULL, false },
	{ "restore", "FILE|- [ all ]", run_restore, NULL, false },
	{ "help", "", run_help, NULL, false },
	{ NULL, NULL, NULL, NULL, false }
};

static void help(FILE *f)
{
	print_usage(f, NULL, commands);
	fputs("       dlilctl -batch FILE|-\n", f);
	fputs("OPTIONS go before the command:\n"
	      "       -j[son] -p[retty] -jp -s[tatistics] -d[etails] -t[imestamp] -br[ief] -o[neline]\n"
	      "       -b[atch] FILE|- -f[orce] -r[evision] NUMBER\n"
	      "       -n[etns] NETNS -w[ait] SECONDS -c[olor][=always|auto|never] -V[ersion] -h[elp]\n"
	      "EXPR is a tcpdump expression, see pcap-filter(7).\n", f);
}

static int run_help(struct args *args)
{
	no_more_words(args);
	help(stdout);
	return EXIT_SUCCESS;
}

/* Output that could not be written, for instance on a full disk, is an error. */
static int finish(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	complain("Error", "cannot write: %s", strerror(errno));
	return EXIT_REFUSED;
}

static bool want_color(const char *when)
{
	static const char *const choices[] = { "always", "auto", "never", NULL };
	const char *no = getenv("NO_COLOR");

	switch (find_choice(choices, when)) {
	case 0:
		return true;
	case 1:
		return isatty(STDOUT_FILENO) && !(no && *no);
	case 2:
		return false;
	default:
		usage_error("-color expects always, auto or never, got \"%s\"",
			    when);
	}
}

static int enter_netns(const char *name)
{
	char path[4096];
	int fd, ret;

	/* As in ip: a name with a slash is a path. */
	snprintf(path, sizeof(path), "%s%s",
		 strchr(name, '/') ? "" : NETNS_DIR "/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = fd < 0 ? -1 : setns(fd, CLONE_NEWNET);
	if (ret)
		complain("Error", "cannot enter network namespace \"%s\": %s",
			 name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ret;
}

/*
 * The option that @word abbreviates, as a letter; 0 for none.  The first one wins: -b is
 * -batch, as in ip.
 */
static char option_letter(const char *word, size_t len)
{
	static const struct {
		const char *name;
		char letter;
	} names[] = {
		{ "json", 'j' }, { "jp", 'J' }, { "pretty", 'p' },
		{ "statistics", 's' }, { "stats", 's' }, { "details", 'd' },
		{ "timestamp", 't' }, { "netns", 'n' }, { "color", 'c' },
		{ "wait", 'w' }, { "batch", 'b' }, { "brief", 'B' },
		{ "oneline", 'o' }, { "force", 'f' }, { "revision", 'r' },
		{ "Version", 'V' }, { "version", 'V' }, { "help", 'h' },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (len && !strncmp(names[i].name, word, len))
			return names[i].letter;
	return 0;
}

static uint64_t next_revision(struct args *args)
{
	const char *word = next_word(args, "NUMBER after -revision");
	size_t digits = strspn(word, "0123456789");
	uint64_t revision = strtoull(word, NULL, 10);

	if (!revision || word[digits] || digits > 18)
		usage_error("\"%s\" is not a revision, as filter show prints it",
			    word);
	return revision;
}

static void parse_option(const char *option, struct args *args,
			 const char **netns, const char **batch)
{
	const char *word = option + strspn(option, "-");
	size_t len = strcspn(word, "=");
	char letter = option_letter(word, len);

	if (word[len] && letter != 'c')
		letter = 0;
	switch (letter) {
	case 'j':
		options.json = true;
		break;
	case 'J':
		options.json = true;
		options.pretty = true;
		break;
	case 'B':
		options.brief = true;
		break;
	case 'o':
		options.oneline = true;
		break;
	case 'p':
		options.pretty = true;
		break;
	case 's':
		options.stats = true;
		break;
	case 'd':
		options.details = true;
		break;
	case 't':
		options.timestamp = true;
		break;
	case 'n':
		*netns = next_word(args, "NETNS after -netns");
		break;
	case 'w':
		options.limited = true;
		options.wait = next_number(args, "SECONDS after -wait");
		break;
	case 'b':
		*batch = next_word(args, "FILE after -batch");
		break;
	case 'f':
		options.force = true;
		break;
	case 'r':
		options.revision = next_revision(args);
		break;
	case 'c':
		options.color = want_color(word[len] ? word + len + 1 : "always");
		break;
	case 'V':
		puts("dlilctl " DLILCTL_VERSION);
		exit(finish(EXIT_SUCCESS));
	case 'h':
		help(stdout);
		exit(finish(EXIT_SUCCESS));
	default:
		usage_error("unknown option \"%s\"", option);
	}
}

static int run(struct args *args)
{
	const char *option, *netns = NULL, *batch = NULL;

	options.color = want_color("auto");
	while (args->n && args->words[0][0] == '-') {
		option = next_word(args, "option");
		if (!strcmp(option, "--"))
			break;
		parse_option(option, args, &netns, &batch);
	}
	if (batch)
		no_more_words(args);
	if (batch && options.revision)
		usage_error("-revision is for a single change, not for a file");
	if (!args->n && !batch) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (netns && enter_netns(netns))
		return EXIT_REFUSED;
	if (batch)
		return run_batch(batch, commands);
	return run_command(commands, args);
}

int main(int argc, char **argv)
{
	struct args args = { .n = argc - 1, .words = argv + 1 };

	return finish(run(&args));
}
