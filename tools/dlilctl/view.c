// SPDX-License-Identifier: GPL-2.0
/* The parts that all commands which show ifnets share. */
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

/* Copy the members named in @keys from one object to another. */
void pick(json_t *to, const json_t *from, const char *const *keys)
{
	for (; keys && *keys; keys++)
		if (json_object_set(to, *keys, json_object_get(from, *keys)))
			need(NULL);
}

static void print_json(const struct view *view, const json_t *ifnets)
{
	size_t flags = options.pretty ? JSON_INDENT(4) : JSON_COMPACT;
	json_t *ifnet, *part, *array = need(json_array());
	size_t i;

	json_array_foreach(ifnets, i, ifnet) {
		part = need(json_object());
		pick(part, ifnet, view->keys);
		if (options.stats)
			pick(part, ifnet, view->stats_keys);
		if (json_array_append_new(array, part))
			need(NULL);
	}
	/* Percentages are the only numbers that are not whole. */
	json_dumpf(array, stdout, flags | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(array);
}

/*
 * Prints what @print prints of an ifnet as one line, as ip -o does.  All functions print
 * to stdout, so this is a buffer meanwhile.
 */
static void print_oneline(void (*print)(const json_t *ifnet), const json_t *ifnet)
{
	FILE *to = stdout;
	size_t i, size = 0;
	char *text = NULL;

	stdout = open_memstream(&text, &size);
	if (!stdout)
		need(NULL);
	print(ifnet);
	fclose(stdout);
	stdout = to;
	for (i = 0; i < size; i++)
		putchar(text[i] == '\n' && i + 1 < size ? '\\' : text[i]);
	free(text);
}

/**
 * print_record() - print an ifnet as text, with -o on one line
 * @print: prints it on as many lines as it wants
 * @ifnet: the ifnet
 */
void print_record(void (*print)(const json_t *ifnet), const json_t *ifnet)
{
	if (options.oneline)
		print_oneline(print, ifnet);
	else
		print(ifnet);
}

/* Leave out empty devices, unless the user has named a device. */
static void leave_out_empty(const struct view *view, json_t *ifnets)
{
	size_t i = 0;

	while (i < json_array_size(ifnets))
		if (view->is_empty(json_array_get(ifnets, i)))
			json_array_remove(ifnets, i);
		else
			i++;
}

/**
 * show_ifnets() - print one ifnet, or all
 * @view: the way to show them
 * @args: [ DEV ]
 *
 * Return: the exit status.
 */
int show_ifnets(const struct view *view, struct args *args)
{
	const char *dev = args->n ? next_dev(args) : NULL;
	json_t *ifnet, *ifnets;
	int status;
	size_t i;

	no_more_words(args);
	status = genl_query(dev, &ifnets);
	if (!dev && view->is_empty)
		leave_out_empty(view, ifnets);
	if (status == EXIT_SUCCESS && options.json)
		print_json(view, ifnets);
	else if (status == EXIT_SUCCESS)
		json_array_foreach(ifnets, i, ifnet)
			print_record(options.brief ? view->brief : view->print, ifnet);
	json_decref(ifnets);
	return status;
}

/* The first line of a device, as in ip(8). */
void print_heading(const json_t *ifnet)
{
	printf("%lld: ", number(ifnet, "ifindex"));
	print_color(COLOR_IFNAME, text(ifnet, "ifname"));
	putchar(':');
}

/* The first column of -br; names that are longer push the others. */
void print_brief_name(const json_t *ifnet)
{
	const char *name = text(ifnet, "ifname");

	print_color(COLOR_IFNAME, name);
	printf("%*s ", strlen(name) < 16 ? 16 - (int)strlen(name) : 0, "");
}
