// SPDX-License-Identifier: GPL-2.0
/* dlilctl filter. */
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

/* Longest strings that the kernel accepts. */
#define NAME_MAX_LEN 31
#define EXPR_MAX_LEN 1023
#define KIND_MAX_LEN 15
#define WORDS_MAX_LEN 255
#define DATA_MAX_LEN 1024

static const char *const directions[] = { "in", "out", "both", NULL };
static const char *const matches[] = { "match", NULL };
static const char *const actions[] = { "drop", "count", "pass", NULL };

/**
 * struct filter - a filter to be added
 * @dev: device
 * @name: name, unique on that device
 * @direction: DLIL_DIRECTION_* flags
 * @kind: kind of filter
 * @action: action for packets that match, or NULL
 * @words: arguments of the kind, or ""
 * @data: a message with the attributes of the kind impair
 * @expr: condition for a match
 * @has_expr: there is a condition
 * @lifetime: milliseconds after which it is removed, or 0
 */
struct filter {
	const char *dev;
	const char *name;
	uint32_t direction;
	const char *kind;
	const char *action;
	char words[WORDS_MAX_LEN + 1];
	struct nlmsghdr data[DATA_MAX_LEN / sizeof(struct nlmsghdr)];
	char expr[EXPR_MAX_LEN + 1];
	bool has_expr;
	uint32_t lifetime;
};

/* Adds the attributes of the kind. */
static void put_data(const struct filter *filter, struct nlmsghdr *nlh)
{
	const struct nlmsghdr *data = filter->data;

	if (*filter->words)
		mnl_attr_put_strz(nlh, DLIL_A_FILTER_WORDS, filter->words);
	if (data->nlmsg_len)
		mnl_attr_put(nlh, DLIL_A_FILTER_DATA,
			     mnl_nlmsg_get_payload_len(data),
			     mnl_nlmsg_get_payload(data));
}

static void print_lifetime(long long ms)
{
	if (ms < 100000)
		printf(" for %.3gs", ms / 1000.0);
	else
		printf(" for %llds", ms / 1000);
}

/* Prints it in the words in which it was added, with its counters. */
static void print_filter(const json_t *filter)
{
	const json_t *impair = json_object_get(filter, "impair");
	bool match = !strcmp(text(filter, "kind"), "match");

	printf("    filter %s %s", text(filter, "name"),
	       text(filter, "direction"));
	/* Filters of modules may have neither. */
	if (match || *text(filter, "expr"))
		printf(" match \"%s\"", text(filter, "expr"));
	if (!match)
		printf(" %s", text(filter, "kind"));
	if (*text(filter, "action"))
		printf(" %s", text(filter, "action"));
	if (impair)
		print_impair(impair);
	if (json_object_get(filter, "lifetime"))
		print_lifetime(number(filter, "lifetime"));
	printf(" packets %lld matched %lld\n", number(filter, "packets"),
	       number(filter, "matched"));
	if (impair && options.stats)
		print_impair_counts(impair);
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

/* Joins all further words, as tcpdump does with those of an expression. */
static void join_words(struct args *args, const char *what, char *to, size_t max)
{
	size_t len, used = 0;
	const char *word;

	do {
		word = next_word(args, what);
		len = strlen(word);
		if (used + len > max)
			usage_error("%s has at most %zu characters", what, max);
		memcpy(to + used, word, len);
		used += len;
		to[used++] = ' ';
	} while (args->n);
	to[used - 1] = 0;
}

/*
 * Takes the last word if it is an action.  An action cannot be abbreviated, so that it
 * cannot be mistaken.
 */
static const char *last_action(struct args *args)
{
	const char *word = args->n ? args->words[args->n - 1] : "";
	int i;

	for (i = 0; actions[i]; i++)
		if (!strcmp(word, actions[i])) {
			args->n--;
			return actions[i];
		}
	return NULL;
}

/* Takes "for TIME" from the end, and returns the time in milliseconds, or 0. */
static uint32_t last_lifetime(struct args *args)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {
		{ "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", 60e3 },
		{ "h", 3600e3 }, { "d", 86400e3 },
	};
	const char *word;
	double time;
	size_t i;
	char *end;

	if (args->n < 2 || strcmp(args->words[args->n - 2], "for"))
		return 0;
	word = args->words[args->n - 1];
	time = strtod(word, &end);
	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (end != word && !strcmp(end, units[i].unit))
			break;
	if (i == sizeof(units) / sizeof(*units))
		usage_error("\"%s\" is not a time, such as 500ms, 60s, 5m or 2h",
			    word);
	time *= units[i].ms;
	if (!(time >= 1 && time <= INT32_MAX))
		usage_error("a filter can stay for 1ms to 24d, or without \"for\"");
	args->n -= 2;
	return time;
}

static bool is_impair(const struct filter *filter)
{
	return !strcmp(filter->kind, "impair");
}

static void parse_kind(struct args *args, const char *kind, struct filter *filter)
{
	if (strlen(kind) > KIND_MAX_LEN)
		usage_error("KIND has at most %d characters", KIND_MAX_LEN);
	filter->kind = kind;
	if (is_impair(filter))
		put_impair(args, mnl_nlmsg_put_header(filter->data));
	else if (args->n)
		join_words(args, "ARG", filter->words, WORDS_MAX_LEN);
}

/*
 * Parses the words behind "match": a condition, and an action or a kind.  In front of a
 * kind the condition is one word, since only its end tells where the kind begins.
 */
static void parse_match(struct args *args, struct filter *filter)
{
	const char *word;

	if (!args->n)
		usage_error("EXPR is missing");
	filter->has_expr = true;
	filter->action = last_action(args);
	if (filter->action) {
		filter->kind = "match";
		join_words(args, "EXPR", filter->expr, EXPR_MAX_LEN);
		return;
	}
	word = next_word(args, "EXPR");
	if (strlen(word) > EXPR_MAX_LEN)
		usage_error("EXPR has at most %d characters", EXPR_MAX_LEN);
	strcpy(filter->expr, word);
	if (!args->n || find_choice(actions, args->words[args->n - 1]) >= 0)
		usage_error("expected drop, count or pass at the end, got \"%s\"",
			    args->n ? args->words[args->n - 1] : word);
	parse_kind(args, next_word(args, "KIND"), filter);
}

static void parse_filter(struct args *args, struct filter *filter)
{
	const char *word;
	int i;

	*filter = (struct filter){};

	filter->dev = next_dev(args);
	filter->name = next_name(args, "NAME", NAME_MAX_LEN);
	filter->direction = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT;
	filter->lifetime = last_lifetime(args);
	word = next_word(args, "match");
	i = find_choice(directions, word);
	if (i >= 0) {
		filter->direction = i + 1;
		word = next_word(args, "match");
	}
	if (find_choice(matches, word) >= 0) {
		parse_match(args, filter);
		return;
	}
	if (!strcmp(filter->name, "match"))
		usage_error("NAME is missing in front of match");
	if (last_action(args))
		usage_error("expected match, got \"%s\"", word);
	parse_kind(args, word, filter);
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
	if (filter->action)
		mnl_attr_put_strz(nlh, DLIL_A_FILTER_ACTION, filter->action);
	put_data(filter, nlh);
	if (filter->lifetime)
		mnl_attr_put_u32(nlh, DLIL_A_FILTER_LIFETIME, filter->lifetime);
	if (prog) {
		mnl_attr_put(nlh, DLIL_A_FILTER_PROGRAM,
			     prog->bf_len * sizeof(*prog->bf_insns),
			     prog->bf_insns);
		mnl_attr_put_strz(nlh, DLIL_A_FILTER_EXPR, filter->expr);
	}
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

	if (!filter->has_expr)
		return genl_change(filter_request(filter, ifnet, NULL));
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

static int run_filter_change(struct args *args)
{
	const char *dev = next_dev(args);
	struct filter filter = {};
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	filter.name = next_name(args, "NAME", NAME_MAX_LEN);
	parse_kind(args, next_word(args, "KIND"), &filter);
	nlh = genl_request(DLIL_CMD_FILTER_CHANGE, dev);
	nest = mnl_attr_nest_start(nlh, DLIL_A_FILTER);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, filter.name);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_KIND, filter.kind);
	put_data(&filter, nlh);
	mnl_attr_nest_end(nlh, nest);
	return genl_change(nlh);
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
	{ "add",
	  "DEV NAME [ in|out|both ] { match EXPR drop|count|pass | [ match EXPR ] KIND [ ARG... ] } [ for TIME ]",
	  run_filter_add, NULL },
	{ "change", "DEV NAME KIND [ ARG... ]", run_filter_change, NULL },
	{ "del", "DEV NAME", run_filter_del, NULL },
	{ "delete", NULL, run_filter_del, NULL },
	{ NULL, NULL, NULL, NULL }
};
