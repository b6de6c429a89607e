// SPDX-License-Identifier: GPL-2.0
/* dlilctl proto. */
#include "dlilctl.h"

/* The longest name of a family that the kernel takes. */
#define FAMILY_MAX 31

void print_protocols(const json_t *ifnet)
{
	json_t *proto, *protocols = json_object_get(ifnet, "protocols");
	size_t i;

	json_array_foreach(protocols, i, proto) {
		printf("    proto %s", text(proto, "family"));
		if (options.details)
			printf(" number %lld", number(proto, "number"));
		printf(" packets %lld\n", number(proto, "packets"));
	}
}

static void print_ifnet(const json_t *ifnet)
{
	print_heading(ifnet);
	putchar('\n');
	print_protocols(ifnet);
}

static int run_proto_show(struct args *args)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "protocols", NULL
	};
	static const struct view view = { keys, NULL, print_ifnet };

	return show_ifnets(&view, args);
}

/* Which families there are is the kernel's business. */
static int change(uint8_t cmd, struct args *args)
{
	struct nlmsghdr *nlh = genl_request(cmd, next_dev(args));
	const char *family = next_name(args, "protocol", FAMILY_MAX);
	struct nlattr *nest;

	no_more_words(args);
	nest = mnl_attr_nest_start(nlh, DLIL_A_PROTOCOL);
	mnl_attr_put_strz(nlh, DLIL_A_PROTO_FAMILY, family);
	mnl_attr_nest_end(nlh, nest);
	return genl_change(nlh);
}

static int run_plumb(struct args *args)
{
	return change(DLIL_CMD_PROTO_PLUMB, args);
}

static int run_unplumb(struct args *args)
{
	return change(DLIL_CMD_PROTO_UNPLUMB, args);
}

#define FAMILIES "inet|inet6|vlan|mpls|pppoe"

const struct command proto_commands[] = {
	{ "show", "[ DEV ]", run_proto_show, NULL },
	{ "list", NULL, run_proto_show, NULL },
	{ "ls", NULL, run_proto_show, NULL },
	{ "plumb", "DEV " FAMILIES, run_plumb, NULL },
	{ "unplumb", "DEV " FAMILIES, run_unplumb, NULL },
	{ NULL, NULL, NULL, NULL }
};
