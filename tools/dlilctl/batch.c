// SPDX-License-Identifier: GPL-2.0
/* dlilctl -batch. */
#include "dlilctl.h"

/* Runs a command.  Consecutive changes of the filters of a device are only collected. */
static int run_line(const struct command *cmds, struct args *args)
{
	jmp_buf trap;
	int status;

	if (setjmp(trap)) {
		usage_trap = NULL;
		return EXIT_USAGE;
	}
	usage_trap = &trap;
	status = run_command(cmds, args);
	usage_trap = NULL;
	return status;
}

static bool next(struct lines *lines, struct args *args, int *status)
{
	jmp_buf trap;
	bool more;

	if (setjmp(trap)) {
		usage_trap = NULL;
		*status = EXIT_USAGE;
		args->n = 0;
		return true;
	}
	usage_trap = &trap;
	more = lines_next(lines, args);
	usage_trap = NULL;
	return more;
}

/**
 * run_batch() - run the commands of a file
 * @file: the file, or "-"
 * @cmds: all commands
 *
 * An error ends it, and gives up the step that the line belongs to; with -force the
 * next line is run all the same.
 *
 * Return: the exit status; errors have been printed.
 */
int run_batch(const char *file, const struct command *cmds)
{
	int first = EXIT_SUCCESS, status;
	struct lines lines;
	struct args args;

	if (!lines_open(&lines, file))
		return EXIT_REFUSED;
	step_begin();
	for (;;) {
		status = EXIT_SUCCESS;
		if (!next(&lines, &args, &status))
			break;
		if (status == EXIT_SUCCESS)
			status = run_line(cmds, &args);
		if (status == EXIT_SUCCESS)
			continue;
		step_drop();
		if (first == EXIT_SUCCESS)
			first = status;
		if (!options.force)
			break;
	}
	if (first == EXIT_SUCCESS || options.force)
		status = step_send();
	lines_close(&lines);
	if (first == EXIT_SUCCESS)
		first = status;
	return first == EXIT_SUCCESS ? step_status() : first;
}
