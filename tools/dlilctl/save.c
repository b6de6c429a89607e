// SPDX-License-Identifier: GPL-2.0
/* dlilctl save: the running state as commands, which restore and -batch take. */
#include <string.h>

#include "dlilctl.h"

/* The protocols that an attach plumbs by itself. */
static const char *const own_protocols[] = {
	"inet", "inet6", "vlan", "mpls", "pppoe", NULL
};

/* Does an attach plumb it by itself? */
bool is_own_protocol(const char *family)
{
	int i;

	for (i = 0; own_protocols[i]; i++)
		if (!strcmp(own_protocols[i], family))
			return true;
	return false;
}

static void print_command(const char *command, const json_t *ifnet)
{
	printf("%s ", command);
	print_word(stdout, text(ifnet, "ifname"));
}

static void save_settings(const json_t *ifnet)
{
	json_t *attr, *attrs = json_object_get(ifnet, "attrs");
	const json_t *queue = json_object_get(ifnet, "queue");
	const char *unmatched = text(ifnet, "unmatched");
	size_t i;

	print_command("attach", ifnet);
	/* An ifnet that is no network device has none. */
	if (strcmp(unmatched, "unknown"))
		printf(" unmatched %s", unmatched);
	putchar('\n');
	print_command("set", ifnet);
	printf(" queue packets %lld bytes %lld\n", number(queue, "max-packets"),
	       number(queue, "max-bytes"));
	json_array_foreach(attrs, i, attr)
		if (!strcmp(json_string_value(attr), "arpll")) {
			print_command("set", ifnet);
			puts(" arpll on");
		}
}

/* Only what differs from an attach. */
static void save_protocols(const json_t *ifnet)
{
	json_t *plumber, *plumbers = json_object_get(ifnet, "plumbers");
	const char *family;
	size_t i;

	json_array_foreach(plumbers, i, plumber) {
		family = text(plumber, "family");
		if (is_own_protocol(family) == !!number(plumber, "count"))
			continue;
		print_command(is_own_protocol(family) ? "proto unplumb" :
							"proto plumb", ifnet);
		putchar(' ');
		print_word(stdout, family);
		putchar('\n');
	}
}

/* The filter of a module is a comment, since users cannot add it. */
static void save_filters(const json_t *ifnet)
{
	json_t *filter, *filters = json_object_get(ifnet, "filters");
	size_t i;

	json_array_foreach(filters, i, filter) {
		if (json_object_get(filter, "of-module"))
			fputs("# of a module: ", stdout);
		print_command("filter add", ifnet);
		putchar(' ');
		print_word(stdout, text(filter, "name"));
		putchar(' ');
		print_filter_words(stdout, filter, true);
		if (json_object_get(filter, "lifetime"))
			printf(" for %lldms", number(filter, "lifetime"));
		putchar('\n');
	}
}

int run_save(struct args *args)
{
	const char *dev = args->n ? next_dev(args) : NULL;
	json_t *ifnet, *ifnets;
	int status;
	size_t i;

	no_more_words(args);
	status = genl_query(dev, &ifnets);
	if (status == EXIT_SUCCESS)
		json_array_foreach(ifnets, i, ifnet) {
			save_settings(ifnet);
			save_protocols(ifnet);
			save_filters(ifnet);
		}
	json_decref(ifnets);
	return status;
}
