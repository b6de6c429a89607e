// SPDX-License-Identifier: GPL-2.0
/* The parts that all commands which show ifnets share. */
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
	if (status == EXIT_SUCCESS && options.json)
		print_json(view, ifnets);
	else if (status == EXIT_SUCCESS)
		json_array_foreach(ifnets, i, ifnet)
			view->print(ifnet);
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
