// SPDX-License-Identifier: GPL-2.0
/* dlilctl filter. */
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

#define KIND_MAX_LEN 15

static const char *const directions[] = { "in", "out", "both", NULL };
static const char *const matches[] = { "match", NULL };
static const char *const actions[] = { "drop", "count", "pass", NULL };

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

/* Prints what follows its name, in the words in which it was added. */
static void print_words(const json_t *filter)
{
	const json_t *impair = json_object_get(filter, "impair");
	bool match = !strcmp(text(filter, "kind"), "match");

	/* Filters of modules may have neither. */
	if (match || *text(filter, "expr"))
		printf(" match \"%s\"", text(filter, "expr"));
	if (!match)
		printf(" %s", text(filter, "kind"));
	if (*text(filter, "action"))
		printf(" %s", text(filter, "action"));
	if (impair)
		print_impair(stdout, impair, true);
	if (json_object_get(filter, "lifetime"))
		print_lifetime(number(filter, "lifetime"));
}

static void print_filter(const json_t *filter)
{
	const json_t *impair = json_object_get(filter, "impair");

	printf("    filter %s %s", text(filter, "name"),
	       text(filter, "direction"));
	print_words(filter);
	printf(" packets %lld matched %lld\n", number(filter, "packets"),
	       number(filter, "matched"));
	if (impair && options.stats)
		print_impair_counts(impair);
}

/**
 * print_filter_words() - print how a filter can be added, from its direction on
 * @f: the file
 * @filter: the filter
 * @seed: print its seed as well
 */
void print_filter_words(FILE *f, const json_t *filter, bool seed)
{
	const json_t *impair = json_object_get(filter, "impair");
	bool match = !strcmp(text(filter, "kind"), "match");
	const char *words = text(filter, "words");

	fputs(text(filter, "direction"), f);
	if (match || *text(filter, "expr")) {
		fputs(" match ", f);
		print_word(f, text(filter, "expr"));
	}
	if (!match) {
		putc(' ', f);
		print_word(f, text(filter, "kind"));
	}
	if (!words)
		words = text(filter, "action");
	if (*words) {
		putc(' ', f);
		print_word(f, words);
	}
	if (impair)
		print_impair(f, impair, seed);
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
	printf(" revision %lld\n", number(ifnet, "revision"));
	print_filters(ifnet);
}

/* A line for each filter. */
static void print_brief(const json_t *ifnet)
{
	json_t *filter, *filters = json_object_get(ifnet, "filters");
	size_t i;

	json_array_foreach(filters, i, filter) {
		print_brief_name(ifnet);
		printf("%-16s %-4s", text(filter, "name"), text(filter, "direction"));
		print_words(filter);
		putchar('\n');
	}
}

static bool has_no_filter(const json_t *ifnet)
{
	return !json_array_size(json_object_get(ifnet, "filters"));
}

static int run_filter_show(struct args *args)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "revision", "filters", NULL
	};
	static const struct view view = {
		.keys = keys, .print = print_ifnet, .brief = print_brief,
		.is_empty = has_no_filter,
	};

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
		usage_error("\"for\" takes 1ms to 24d: leave it out to keep the filter");
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

/* Takes a place, if there is one.  It is not abbreviated: a kind may begin with it. */
static bool parse_place(struct args *args, struct filter *filter)
{
	static const struct {
		const char *word;
		uint32_t place;
		bool beside;
	} places[] = {
		{ "first", DLIL_PLACE_FIRST, false },
		{ "last", DLIL_PLACE_LAST, false },
		{ "before", DLIL_PLACE_BEFORE, true },
		{ "after", DLIL_PLACE_AFTER, true },
	};
	size_t i;

	for (i = 0; args->n && i < ARRAY_SIZE(places); i++) {
		if (strcmp(args->words[0], places[i].word))
			continue;
		next_word(args, "the place");
		filter->place = places[i].place;
		if (places[i].beside)
			filter->beside = next_name(args, "NAME of another filter",
						   NAME_MAX_LEN);
		return true;
	}
	return false;
}

/**
 * parse_filter() - take a filter to be added
 * @args: DEV NAME and what follows
 * @filter: set to the filter
 */
void parse_filter(struct args *args, struct filter *filter)
{
	const char *word;
	int i;

	*filter = (struct filter){ .change = DLIL_CHANGE_ADD };

	filter->dev = next_dev(args);
	filter->name = next_name(args, "NAME", NAME_MAX_LEN);
	if (!strcmp(filter->name, "help"))
		usage_error("no filter can be called help, which prints the usage");
	filter->direction = DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT;
	filter->lifetime = last_lifetime(args);
	parse_place(args, filter);
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

static void put_place(struct nlmsghdr *nlh, const struct filter *filter)
{
	if (filter->place)
		mnl_attr_put_u32(nlh, DLIL_A_FILTER_PLACE, filter->place);
	if (filter->beside)
		mnl_attr_put_strz(nlh, DLIL_A_FILTER_BESIDE, filter->beside);
}

static void put_parts(struct nlmsghdr *nlh, const struct filter *filter,
		      const struct bpf_program *prog)
{
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

/**
 * put_filter() - append what there is to say of a new filter, except its place
 * @nlh: the message, in which the nest of the filter has begun
 * @filter: the filter
 * @ifnet: the device, whose headers decide about the program
 *
 * Return: the exit status; errors have been printed.
 */
int put_filter(struct nlmsghdr *nlh, const struct filter *filter,
	       const json_t *ifnet)
{
	struct bpf_program prog;
	int dlt;

	if (!filter->has_expr) {
		put_parts(nlh, filter, NULL);
		return EXIT_SUCCESS;
	}
	dlt = dlt_of(ifnet);
	if (dlt < 0 || compile_expr(filter->expr, dlt, &prog))
		return EXIT_REFUSED;
	put_parts(nlh, filter, &prog);
	free_expr(&prog);
	return EXIT_SUCCESS;
}

static bool is_new(const struct filter *filter)
{
	return filter->change == DLIL_CHANGE_ADD ||
	       filter->change == DLIL_CHANGE_REPLACE;
}

/* Appends the part of a change of a step that needs no look at the device. */
void put_change(struct nlmsghdr *nlh, const struct filter *filter)
{
	mnl_attr_put_u32(nlh, DLIL_A_FILTER_CHANGE, filter->change);
	if (filter->name && !is_new(filter))
		mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, filter->name);
	put_place(nlh, filter);
}

static void put_revision(struct nlmsghdr *nlh)
{
	if (options.revision)
		mnl_attr_put_u64(nlh, DLIL_A_REVISION, options.revision);
}

/* Appends a change; on an error the message is as before. */
static int put_nest(struct nlmsghdr *nlh, const struct filter *filter,
		    const json_t *ifnet, bool step)
{
	uint32_t len = nlh->nlmsg_len;
	int status = EXIT_SUCCESS;
	struct nlattr *nest;

	nest = mnl_attr_nest_start(nlh, DLIL_A_FILTER);
	if (step)
		put_change(nlh, filter);
	else
		put_place(nlh, filter);
	if (is_new(filter))
		status = put_filter(nlh, filter, ifnet);
	mnl_attr_nest_end(nlh, nest);
	if (status != EXIT_SUCCESS)
		nlh->nlmsg_len = len;
	return status;
}

/* In a file of commands, a change is sent together with its neighbours. */
static int collect(const struct filter *filter)
{
	struct nlmsghdr *nlh;
	const json_t *ifnet;
	int status;

	status = step_open(filter->dev, &nlh, &ifnet);
	if (status == EXIT_SUCCESS)
		status = put_nest(nlh, filter, ifnet, true);
	if (status == EXIT_SUCCESS)
		step_add();
	return status;
}

static void blame_none(uint32_t offset)
{
	(void)offset;
}

/* Sends a single change: an addition, or a step of one. */
static int send_change(const struct filter *filter, const json_t *ifnet)
{
	bool add = filter->change == DLIL_CHANGE_ADD;
	struct nlmsghdr *nlh;
	int status;

	if (ifnet)
		nlh = genl_request_of(add ? DLIL_CMD_FILTER_ADD :
					    DLIL_CMD_FILTER_UPDATE, ifnet);
	else
		nlh = genl_request(DLIL_CMD_FILTER_UPDATE, filter->dev);
	put_revision(nlh);
	status = put_nest(nlh, filter, ifnet, !add);
	if (status != EXIT_SUCCESS)
		return status;
	return add ? genl_change(nlh) : genl_step(nlh, blame_none, NULL);
}

/* The program of a new filter depends on the header of the device's packets. */
static int run_change(const struct filter *filter)
{
	json_t *ifnets = NULL;
	int status;

	if (step_is_on())
		return collect(filter);
	if (!is_new(filter))
		return send_change(filter, NULL);
	status = genl_query(filter->dev, &ifnets);
	if (status == EXIT_SUCCESS)
		status = send_change(filter, json_array_get(ifnets, 0));
	json_decref(ifnets);
	return status;
}

static int run_filter_add(struct args *args)
{
	struct filter filter;

	parse_filter(args, &filter);
	return run_change(&filter);
}

static int run_filter_replace(struct args *args)
{
	struct filter filter;

	parse_filter(args, &filter);
	filter.change = DLIL_CHANGE_REPLACE;
	return run_change(&filter);
}

static int run_filter_move(struct args *args)
{
	struct filter filter = { .change = DLIL_CHANGE_MOVE };

	filter.dev = next_dev(args);
	filter.name = next_name(args, "NAME", NAME_MAX_LEN);
	if (!parse_place(args, &filter))
		usage_error("expected first, last, before or after%s%s%s",
			    args->n ? ", got \"" : "",
			    args->n ? args->words[0] : "", args->n ? "\"" : "");
	no_more_words(args);
	return run_change(&filter);
}

static int run_filter_flush(struct args *args)
{
	struct filter filter = { .change = DLIL_CHANGE_FLUSH };

	filter.dev = next_dev(args);
	no_more_words(args);
	return run_change(&filter);
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
	put_revision(nlh);
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
	struct filter filter = { .change = DLIL_CHANGE_DEL };
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	filter.dev = next_dev(args);
	filter.name = next_name(args, "NAME", NAME_MAX_LEN);
	no_more_words(args);
	if (step_is_on())
		return collect(&filter);
	detached.dev = filter.dev;
	detached.name = filter.name;
	nlh = genl_request(DLIL_CMD_FILTER_DEL, detached.dev);
	put_revision(nlh);
	nest = mnl_attr_nest_start(nlh, DLIL_A_FILTER);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, detached.name);
	mnl_attr_nest_end(nlh, nest);
	return genl_change_until(nlh, &detached);
}

#define PLACE "first|last|before NAME|after NAME"
#define KINDS "{ match EXPR drop|count|pass | [ match EXPR ] KIND [ ARG... ] }"
#define FILTER "[ " PLACE " ] [ in|out|both ] " KINDS " [ for TIME ]"

const struct command filter_commands[] = {
	{ "show", "[ DEV ]", run_filter_show, NULL, false },
	{ "list", NULL, run_filter_show, NULL, false },
	{ "ls", NULL, run_filter_show, NULL, false },
	{ "add", "DEV NAME " FILTER, run_filter_add, NULL, true },
	{ "replace", "DEV NAME " FILTER, run_filter_replace, NULL, true },
	{ "change", "DEV NAME KIND [ ARG... ]", run_filter_change, NULL, false },
	{ "move", "DEV NAME " PLACE, run_filter_move, NULL, true },
	{ "del", "DEV NAME", run_filter_del, NULL, true },
	{ "delete", NULL, run_filter_del, NULL, true },
	{ "flush", "DEV", run_filter_flush, NULL, true },
	{ NULL, NULL, NULL, NULL, false }
};
