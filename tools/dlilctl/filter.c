// SPDX-License-Identifier: GPL-2.0
/* dlilctl filter. */
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

/* Longest strings that the kernel accepts. */
#define NAME_MAX_LEN 31
#define EXPR_MAX_LEN 1023

static const char *const directions[] = { "in", "out", "both", NULL };
static const char *const kinds[] = { "match", NULL };
static const char *const actions[] = { "drop", "count", "pass", NULL };

/**
 * struct filter - a filter to be added
 * @dev: device
 * @name: name, unique on that device
 * @direction: DLIL_DIRECTION_* flags
 * @kind: kind of filter
 * @action: action for packets that match
 * @expr: condition for a match
 */
struct filter {
	const char *dev;
	const char *name;
	uint32_t direction;
	const char *kind;
	const char *action;
	char expr[EXPR_MAX_LEN + 1];
};

/* Prints it in the words in which it was added, with its counters. */
static void print_filter(const json_t *filter)
{
	printf("    filter %s %s %s", text(filter, "name"),
	       text(filter, "direction"), text(filter, "kind"));
	/* Filters of modules may have neither. */
	if (*text(filter, "expr"))
		printf(" \"%s\"", text(filter, "expr"));
	if (*text(filter, "action"))
		printf(" %s", text(filter, "action"));
	printf(" packets %lld matched %lld\n", number(filter, "packets"),
	       number(filter, "matched"));
}

void print_filters(const json_t *ifnet)
{
	json_t *filter, *filters = json_object_get(ifnet, "filters");
	size_t i;

	json_array_foreach(filters, i, filter)
		print_filter(filter);
}

static void print_ifnet(const json_t *ifnet)
{
	print_heading(ifnet);
	putchar('\n');
	print_filters(ifnet);
}

static int run_filter_show(struct args *args)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "filters", NULL
	};
	static const struct view view = { keys, NULL, print_ifnet };

	return show_ifnets(&view, args);
}

/* Joins the words of an expression as tcpdump does. */
static void next_expr(struct args *args, char *expr)
{
	size_t len, used = 0;
	const char *word;

	do {
		word = next_word(args, "EXPR");
		len = strlen(word);
		if (used + len > EXPR_MAX_LEN)
			usage_error("EXPR has at most %d characters",
				    EXPR_MAX_LEN);
		memcpy(expr + used, word, len);
		used += len;
		expr[used++] = ' ';
	} while (args->n);
	expr[used - 1] = 0;
}

/* The action is the last word, not abbreviated, so that it cannot be mistaken. */
static const char *last_action(struct args *args)
{
	const char *word;
	int i;

	if (!args->n)
		usage_error("EXPR is missing");
	word = args->words[--args->n];
	for (i = 0; actions[i]; i++)
		if (!strcmp(word, actions[i]))
			return actions[i];
	usage_error("expected drop, count or pass at the end, got \"%s\"", word);
}

static void parse_filter(struct args *args, struct filter *filter)
{
	const char *word;
	int i;

	filter->dev = next_dev(args);
	filter->name = next_name(args, "NAME", NAME_MAX_LEN);
	filter->direction = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT;
	word = next_word(args, "match");
	i = find_choice(directions, word);
	if (i >= 0) {
		filter->direction = i + 1;
		word = next_word(args, "match");
	}
	i = find_choice(kinds, word);
	if (i < 0 && !strcmp(filter->name, "match"))
		usage_error("NAME is missing in front of match");
	if (i < 0)
		usage_error("expected match, got \"%s\"", word);
	filter->kind = kinds[i];
	filter->action = last_action(args);
	next_expr(args, filter->expr);
}

static struct nlmsghdr *filter_request(const struct filter *filter,
				       const json_t *ifnet,
				       const struct bpf_program *prog)
{
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	nlh = genl_request_of(DLIL_CMD_FILTER_ADD, ifnet);
	nest = mnl_attr_nest_start(nlh, DLIL_A_FILTER);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, filter->name);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_KIND, filter->kind);
	mnl_attr_put_u32(nlh, DLIL_A_FILTER_DIRECTION, filter->direction);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_ACTION, filter->action);
	mnl_attr_put(nlh, DLIL_A_FILTER_PROGRAM,
		     prog->bf_len * sizeof(*prog->bf_insns), prog->bf_insns);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_EXPR, filter->expr);
	mnl_attr_nest_end(nlh, nest);
	return nlh;
}

static int dlt_of(const json_t *ifnet)
{
	const char *header = text(ifnet, "header");

	if (header && !strcmp(header, "ethernet"))
		return DLT_EN10MB;
	if (header && !strcmp(header, "none"))
		return DLT_RAW;
	complain("Error",
		 "dlilctl and the module have different versions: dlilctl does not know the header format of this device");
	return -1;
}

static int add_to(const json_t *ifnet, const struct filter *filter)
{
	struct bpf_program prog;
	int dlt = dlt_of(ifnet);
	int status;

	if (dlt < 0 || compile_expr(filter->expr, dlt, &prog))
		return EXIT_REFUSED;
	status = genl_change(filter_request(filter, ifnet, &prog));
	free_expr(&prog);
	return status;
}

/* The program depends on the header of the device's packets. */
static int run_filter_add(struct args *args)
{
	struct filter filter;
	json_t *ifnets;
	int status;

	parse_filter(args, &filter);
	status = genl_query(filter.dev, &ifnets);
	if (status == EXIT_SUCCESS)
		status = add_to(json_array_get(ifnets, 0), &filter);
	json_decref(ifnets);
	return status;
}

static int run_filter_del(struct args *args)
{
	struct outcome detached = {
		.event = "filter-detached", .key = "filter", .wait = true,
	};
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	detached.dev = next_dev(args);
	detached.name = next_name(args, "NAME", NAME_MAX_LEN);
	no_more_words(args);
	nlh = genl_request(DLIL_CMD_FILTER_DEL, detached.dev);
	nest = mnl_attr_nest_start(nlh, DLIL_A_FILTER);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, detached.name);
	mnl_attr_nest_end(nlh, nest);
	return genl_change_until(nlh, &detached);
}

const struct command filter_commands[] = {
	{ "show", "[ DEV ]", run_filter_show, NULL },
	{ "list", NULL, run_filter_show, NULL },
	{ "ls", NULL, run_filter_show, NULL },
	{ "add", "DEV NAME [ in|out|both ] match EXPR drop|count|pass",
	  run_filter_add, NULL },
	{ "del", "DEV NAME", run_filter_del, NULL },
	{ "delete", NULL, run_filter_del, NULL },
	{ NULL, NULL, NULL, NULL }
};
