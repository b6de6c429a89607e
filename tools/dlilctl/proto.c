// SPDX-License-Identifier: GPL-2.0
/* dlilctl proto. */
#include "dlilctl.h"

/* The longest name of a family that the kernel takes. */
#define FAMILY_MAX 31

/* A line for each element of an array of families, which has one counter. */
static void print_families(const json_t *families, const char *what,
			   const char *counter)
{
	json_t *family;
	size_t i;

	json_array_foreach(families, i, family) {
		printf("    %s %s", what, text(family, "family"));
		if (options.details)
			printf(" number %lld", number(family, "number"));
		printf(" %s %lld\n", counter, number(family, counter));
	}
}

void print_protocols(const json_t *ifnet)
{
	print_families(json_object_get(ifnet, "protocols"), "proto", "packets");
}

/* Their names, with commas between them. */
void print_families_list(const json_t *families)
{
	json_t *family;
	size_t i;

	json_array_foreach(families, i, family)
		printf("%s%s", i ? "," : "", text(family, "family"));
	if (!json_array_size(families))
		putchar('-');
}

/* The protocols that are attached, on one line. */
static void print_brief(const json_t *ifnet)
{
	print_brief_name(ifnet);
	print_families_list(json_object_get(ifnet, "protocols"));
	putchar('\n');
}

static void print_ifnet(const json_t *ifnet)
{
	print_heading(ifnet);
	putchar('\n');
	print_protocols(ifnet);
	/* All that can be plumbed, and how often each of them is. */
	print_families(json_object_get(ifnet, "plumbers"), "plumber", "count");
}

static int run_proto_show(struct args *args)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "protocols", "plumbers", NULL
	};
	static const struct view view = {
		.keys = keys, .print = print_ifnet, .brief = print_brief,
	};

	return show_ifnets(&view, args);
}

/* The kernel knows which families there are. */
static struct nlmsghdr *request(uint8_t cmd, const char *dev,
				const char *family)
{
	struct nlmsghdr *nlh = genl_request(cmd, dev);
	struct nlattr *nest;

	nest = mnl_attr_nest_start(nlh, DLIL_A_PROTOCOL);
	mnl_attr_put_strz(nlh, DLIL_A_PROTO_FAMILY, family);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

static int run_plumb(struct args *args)
{
	const char *dev = next_dev(args);
	const char *family = next_name(args, "protocol", FAMILY_MAX);

	no_more_words(args);
	return genl_change(request(DLIL_CMD_PROTO_PLUMB, dev, family));
}

static int run_unplumb(struct args *args)
{
	struct outcome detached = {
		.event = "proto-detached", .key = "proto", .wait = true,
	};

	detached.dev = next_dev(args);
	detached.name = next_name(args, "protocol", FAMILY_MAX);
	no_more_words(args);
	return genl_change_until(request(DLIL_CMD_PROTO_UNPLUMB, detached.dev,
					 detached.name), &detached);
}

#define FAMILIES "inet|inet6|vlan|mpls|pppoe|PROTOCOL"

const struct command proto_commands[] = {
	{ "show", "[ DEV ]", run_proto_show, NULL, false },
	{ "list", NULL, run_proto_show, NULL, false },
	{ "ls", NULL, run_proto_show, NULL, false },
	{ "plumb", "DEV " FAMILIES, run_plumb, NULL, false },
	{ "unplumb", "DEV " FAMILIES, run_unplumb, NULL, false },
	{ NULL, NULL, NULL, NULL, false }
};
