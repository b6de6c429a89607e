// SPDX-License-Identifier: GPL-2.0
/*
 * Parses the command line.  An error in it ends the program before anything has
 * been sent to the kernel.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <net/if.h>

#include "dlilctl.h"

/* The command being parsed, for the hint in usage errors. */
static const struct command *object;
static const struct command *command;

/* Where usage_error() goes in place of exiting, or NULL. */
jmp_buf *usage_trap;

static void print_line(FILE *f, const struct command *obj,
		       const struct command *cmd)
{
	static const char *label = "Usage:";

	fprintf(f, "%-6s dlilctl %s%s%s%s%s\n", label, obj ? obj->name : "",
		obj ? " " : "", cmd->name, *cmd->usage ? " " : "", cmd->usage);
	label = "";
}

/* Prints a line for each of @cmds, which belong to the object @obj, if any. */
void print_usage(FILE *f, const struct command *obj, const struct command *cmds)
{
	const struct command *cmd;

	for (cmd = cmds; cmd->name; cmd++) {
		if (cmd->sub)
			print_usage(f, cmd, cmd->sub);
		else if (cmd->usage)
			print_line(f, obj, cmd);
	}
}

/**
 * usage_error() - print an error in the command line and the usage, and exit
 * @fmt: the error
 *
 * In a file of commands, the next one may follow: see usage_trap.
 */
void usage_error(const char *fmt, ...)
{
	va_list ap;

	fputs("Error: ", stderr);
	if (place.file)
		fprintf(stderr, "%s:%u: ", place.file, place.line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (command)
		print_line(stderr, object, command);
	else if (object)
		print_usage(stderr, object, object->sub);
	else
		fputs("Usage: dlilctl help\n", stderr);
	if (usage_trap)
		longjmp(*usage_trap, 1);
	exit(EXIT_USAGE);
}

static bool same_command(const struct command *a, const struct command *b)
{
	return a->run == b->run && a->sub == b->sub;
}

/* The commands that @prefix may abbreviate. */
static const char *list_commands(const struct command *cmds, const char *prefix)
{
	static char list[256];
	size_t used = 0;

	for (; cmds->name && used < sizeof(list); cmds++)
		if (cmds->usage && !strncmp(cmds->name, prefix, strlen(prefix)))
			used += snprintf(list + used, sizeof(list) - used,
					 " %s", cmds->name);
	return list;
}

/* Abbreviations are allowed if they are unambiguous. */
static const struct command *find_command(const struct command *cmds,
					  const char *word)
{
	const struct command *cmd, *found = NULL;
	size_t len = strlen(word);
	bool ambiguous = false;

	for (cmd = cmds; len && cmd->name; cmd++) {
		if (strncmp(cmd->name, word, len))
			continue;
		if (!cmd->name[len])
			return cmd;
		if (found && !same_command(cmd, found))
			ambiguous = true;
		found = cmd;
	}
	if (!found)
		usage_error("unknown command \"%s\", expected one of:%s", word,
			    list_commands(cmds, ""));
	if (ambiguous)
		usage_error("ambiguous command \"%s\", may be:%s", word,
			    list_commands(cmds, word));
	return found;
}

/* Returns the command of an alias, which has the usage. */
static const struct command *unalias(const struct command *cmds,
				     const struct command *cmd)
{
	while (!cmds->usage || !same_command(cmds, cmd))
		cmds++;
	return cmds;
}

static bool is_help(const char *word)
{
	return *word && !strncmp("help", word, strlen(word));
}

static int run_leaf(const struct command *cmd, struct args *args)
{
	int status;

	command = cmd;
	/* Not abbreviated, because that could be a name or the word of an expression. */
	if (args->n && !strcmp(args->words[args->n - 1], "help")) {
		print_line(stdout, object, command);
		return EXIT_SUCCESS;
	}
	/* Changes that are collected come before this one. */
	if (!cmd->joins) {
		status = step_send();
		if (status != EXIT_SUCCESS)
			return status;
	}
	return cmd->run(args);
}

static int run_object(const struct command *obj, struct args *args)
{
	const struct command *cmds = obj->sub;
	const char *word;

	object = obj;
	if (!args->n)
		return run_leaf(&cmds[0], args);
	word = next_word(args, "command");
	if (is_help(word)) {
		print_usage(stdout, object, cmds);
		return EXIT_SUCCESS;
	}
	return run_leaf(unalias(cmds, find_command(cmds, word)), args);
}

/**
 * run_command() - run the command line
 * @cmds: all commands
 * @args: the command line behind the options, not empty
 *
 * Return: the exit status.
 */
int run_command(const struct command *cmds, struct args *args)
{
	const struct command *cmd;

	object = NULL;
	command = NULL;
	cmd = unalias(cmds, find_command(cmds, next_word(args, "command")));
	return cmd->sub ? run_object(cmd, args) : run_leaf(cmd, args);
}

/* Index of the choice that @word abbreviates, -1 for none or several. */
int find_choice(const char *const *choices, const char *word)
{
	size_t len = strlen(word);
	int i, found = -1;

	for (i = 0; len && choices[i]; i++) {
		if (strncmp(choices[i], word, len))
			continue;
		if (!choices[i][len])
			return i;
		if (found >= 0)
			return -1;
		found = i;
	}
	return found;
}

/* Takes the next word; @what is for the error message. */
const char *next_word(struct args *args, const char *what)
{
	if (!args->n)
		usage_error("%s is missing", what);
	args->n--;
	return *args->words++;
}

/* Takes a name of 1 to @max bytes. */
const char *next_name(struct args *args, const char *what, size_t max)
{
	const char *name = next_word(args, what);

	if (!*name || strlen(name) > max)
		usage_error("\"%s\" is not a valid %s, which has 1 to %zu characters",
			    name, what, max);
	return name;
}

/* Takes "DEV" or "dev DEV". */
const char *next_dev(struct args *args)
{
	if (args->n && args->words[0][0] == '-')
		usage_error("options such as \"%s\" go before the command",
			    args->words[0]);
	/* As in ip and tc; a device of this name is "dev dev". */
	if (args->n > 1 && !strcmp(args->words[0], "dev"))
		next_word(args, "DEV");
	/* The name may be an alternative one, as set by `ip link property add`. */
	return next_name(args, "DEV", DEV_MAX_LEN);
}

/* Takes one of the keywords in @choices; returns -1 if it is none of them. */
int next_choice(struct args *args, const char *const *choices, const char *what)
{
	const char *word = next_word(args, what);
	int choice = find_choice(choices, word);

	if (choice < 0)
		usage_error("expected %s, got \"%s\"", what, word);
	return choice;
}

/* Takes "pass|drop". */
int next_unmatched(struct args *args)
{
	static const char *const choices[] = {
		[DLIL_UNMATCHED_PASS] = "pass",
		[DLIL_UNMATCHED_DROP] = "drop",
		NULL
	};
	const char *word = next_word(args, "pass or drop");
	int choice;

	choice = find_choice(choices, word);
	if (choice < 0)
		usage_error("expected pass or drop, got \"%s\"", word);
	return choice;
}

/* Takes a decimal number. */
uint32_t next_number(struct args *args, const char *what)
{
	const char *word = next_word(args, what);
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(word, &end, 10);
	if (!isdigit((unsigned char)*word) || *end || errno ||
	    value > UINT32_MAX)
		usage_error("\"%s\" is not a number from 0 to %u", word,
			    UINT32_MAX);
	return value;
}

/* Takes bytes of one or two hexadecimal digits with colons between them. */
size_t next_lladdr(struct args *args, uint8_t *addr, size_t max)
{
	const char *word = next_word(args, "ADDR"), *at = word;
	size_t n = 0, digits;
	char byte[3] = "";

	do {
		digits = strspn(at, "0123456789abcdefABCDEF");
		if (n == max || digits < 1 || digits > 2 ||
		    (at[digits] && at[digits] != ':'))
			usage_error("\"%s\" is not a link address", word);
		memcpy(byte, at, digits);
		byte[digits] = 0;
		addr[n++] = strtoul(byte, NULL, 16);
		at += digits;
	} while (*at++);
	return n;
}

void no_more_words(const struct args *args)
{
	if (args->n)
		usage_error("unexpected argument \"%s\"", args->words[0]);
}
