// SPDX-License-Identifier: GPL-2.0
/* dlilctl show and stats. */
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

/* A number and its heading. */
struct cell {
	const char *head;
	const char *key;
};

#define MAX_CELLS 6

static int max(int a, int b)
{
	return a > b ? a : b;
}

static void widen(int *widths, const struct cell *cells, const json_t *stats)
{
	int i, digits;

	for (i = 0; i < MAX_CELLS && cells[i].key; i++) {
		digits = snprintf(NULL, 0, "%lld", number(stats, cells[i].key));
		widths[i] = max(widths[i], max(digits, strlen(cells[i].head)));
	}
}

static void print_cells(const char *label, const struct cell *cells,
			const int *widths, const json_t *stats)
{
	int i;

	printf("    %s", label);
	for (i = 0; i < MAX_CELLS && cells[i].key; i++)
		printf(" %*s", widths[i], cells[i].head);
	printf("\n    %*s", (int)strlen(label), "");
	for (i = 0; i < MAX_CELLS && cells[i].key; i++)
		printf(" %*lld", widths[i], number(stats, cells[i].key));
	putchar('\n');
}

static void print_drops(const json_t *ifnet)
{
	json_t *value, *drops = json_object_get(ifnet, "drops");
	const char *reason;
	bool none = true;

	fputs("    drops:", stdout);
	json_object_foreach(drops, reason, value) {
		if (!json_integer_value(value) && !options.details)
			continue;
		printf(" %s %lld", reason, json_integer_value(value));
		none = false;
	}
	puts(none ? " none" : "");
}

/* As in ip -s link, both directions in the same columns. */
static void print_stats_lines(const json_t *ifnet)
{
	static const struct cell rx[MAX_CELLS] = {
		{ "bytes", "ibytes" }, { "packets", "ipackets" },
		{ "errors", "ierrors" }, { "mcasts", "imcasts" },
		{ "iqdrops", "iqdrops" }, { "noproto", "noproto" },
	};
	static const struct cell tx[MAX_CELLS] = {
		{ "bytes", "obytes" }, { "packets", "opackets" },
		{ "errors", "oerrors" }, { "mcasts", "omcasts" },
		{ "collsns", "collisions" },
	};
	const json_t *stats = json_object_get(ifnet, "stats");
	int widths[MAX_CELLS] = {};

	widen(widths, rx, stats);
	widen(widths, tx, stats);
	print_cells("RX:", rx, widths, stats);
	print_cells("TX:", tx, widths, stats);
	print_drops(ifnet);
}

/* Packets and bytes in the queue, and its limits. */
static void print_queue(const json_t *queue)
{
	printf("    queue packets %lld of %lld bytes %lld of %lld\n",
	       number(queue, "packets"), number(queue, "max-packets"),
	       number(queue, "bytes"), number(queue, "max-bytes"));
}

/* The attributes of a device, and the time of the last change of state. */
static void print_attrs(const json_t *ifnet)
{
	json_t *attr, *list = json_object_get(ifnet, "attrs");
	json_int_t ms = number(ifnet, "last-change");
	size_t i;

	fputs("    attrs", stdout);
	json_array_foreach(list, i, attr)
		printf(" %s", json_string_value(attr));
	printf("%s; last change %lld.%03lld s ago\n",
	       json_array_size(list) ? "" : " none", ms / 1000, ms % 1000);
}

/* Callbacks that have not returned for some seconds. */
static void print_overdue(const json_t *ifnet)
{
	json_t *list = json_object_get(ifnet, "overdue"), *o;
	size_t i;

	json_array_foreach(list, i, o) {
		fputs("    overdue: ", stdout);
		print_color(COLOR_BAD, text(o, "party"));
		if (*text(o, "name"))
			printf(" %s", text(o, "name"));
		printf(" %s %lld s (%s, pid %lld)\n", text(o, "callback"),
		       number(o, "seconds"), text(o, "task"), number(o, "pid"));
	}
}

void show_ifnet(const json_t *ifnet)
{
	const char *state = text(ifnet, "state");

	print_heading(ifnet);
	fputs(" state ", stdout);
	print_color(strcmp(state, "attached") ? COLOR_BAD : COLOR_GOOD, state);
	printf(" unmatched %s header %s", text(ifnet, "unmatched"),
	       text(ifnet, "header"));
	/* Kernel threads have no process id in a container. */
	if (number(ifnet, "thread"))
		printf(" thread %lld", number(ifnet, "thread"));
	putchar('\n');
	if (options.details) {
		print_queue(json_object_get(ifnet, "queue"));
		print_attrs(ifnet);
	}
	print_protocols(ifnet);
	print_filters(ifnet);
	print_overdue(ifnet);
	if (options.stats)
		print_stats_lines(ifnet);
}

/* State, setting of unmatched, protocols, and number of filters. */
static void show_brief(const json_t *ifnet)
{
	const char *state = text(ifnet, "state");

	print_brief_name(ifnet);
	print_color(strcmp(state, "attached") ? COLOR_BAD : COLOR_GOOD, state);
	printf("%*s %-7s ", max(0, 9 - (int)strlen(state)), "",
	       text(ifnet, "unmatched"));
	print_families_list(json_object_get(ifnet, "protocols"));
	printf(" filters %zu\n", json_array_size(json_object_get(ifnet, "filters")));
}

int run_show(struct args *args)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "state", "unmatched", "header", "thread",
		"queue", "attrs", "last-change", "protocols", "filters",
		"overdue", NULL
	};
	static const char *const stats_keys[] = {
		"stats", "classes", "drops", "account", NULL
	};
	static const struct view view = {
		.keys = keys, .stats_keys = stats_keys, .print = show_ifnet,
		.brief = show_brief,
	};

	return show_ifnets(&view, args);
}

/* A row of the table; "-" for a counter that does not exist. */
static void print_row(const char *name, const json_t *in, const char *in_key,
		      const json_t *out, const char *out_key)
{
	printf("    %-19s", name);
	if (in_key)
		printf(" %20lld", number(in, in_key));
	else
		printf(" %20s", "-");
	if (out_key)
		printf(" %20lld\n", number(out, out_key));
	else
		printf(" %20s\n", "-");
}

static void print_drop_rows(const json_t *in, const json_t *out)
{
	json_t *value, *out_drops = json_object_get(out, "drops");
	json_t *in_drops = json_object_get(in, "drops");
	const char *reason;
	char name[32];

	json_object_foreach(in_drops, reason, value) {
		if (!options.details && !json_integer_value(value) &&
		    !number(out_drops, reason))
			continue;
		snprintf(name, sizeof(name), "drop %s", reason);
		print_row(name, in_drops, reason, out_drops, reason);
	}
}

/* The traffic classes; nothing if the kernel has never counted them. */
static void print_class_rows(const json_t *ifnet)
{
	json_t *class, *classes = json_object_get(ifnet, "classes");
	const char *name;
	char row[32];

	json_object_foreach(classes, name, class) {
		snprintf(row, sizeof(row), "%s packets", name);
		print_row(row, class, "ipackets", class, "opackets");
		snprintf(row, sizeof(row), "%s bytes", name);
		print_row(row, class, "ibytes", class, "obytes");
	}
}

/* The two sides differ by the packets in flight (STA-3). */
static void print_account(const char *label, const json_t *account)
{
	json_int_t rest = number(account, "seen") - number(account, "delivered") -
		number(account, "passed") - number(account, "stolen") -
		number(account, "freed");

	printf("    %-7s seen %lld = delivered %lld + passed %lld + stolen %lld + freed %lld",
	       label, number(account, "seen"), number(account, "delivered"),
	       number(account, "passed"), number(account, "stolen"),
	       number(account, "freed"));
	if (rest)
		printf(" %c %lld in flight", rest < 0 ? '-' : '+', llabs(rest));
	putchar('\n');
}

static void print_stats(const json_t *ifnet)
{
	static const struct {
		const char *name;
		const char *in_key;
		const char *out_key;
	} rows[] = {
		{ "packets", "ipackets", "opackets" },
		{ "bytes", "ibytes", "obytes" },
		{ "errors", "ierrors", "oerrors" },
		{ "mcasts", "imcasts", "omcasts" },
		{ "collisions", NULL, "collisions" },
		{ "iqdrops", "iqdrops", NULL },
		{ "noproto", "noproto", NULL },
	};
	const json_t *stats = json_object_get(ifnet, "stats");
	const json_t *out = json_object_get(ifnet, "output");
	const json_t *in = json_object_get(ifnet, "input");
	size_t i;

	print_heading(ifnet);
	printf("\n    %-19s %20s %20s\n", "", "input", "output");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		print_row(rows[i].name, stats, rows[i].in_key, stats,
			  rows[i].out_key);
	print_class_rows(ifnet);
	print_drop_rows(in, out);
	if (options.details) {
		print_account("input:", in);
		print_account("output:", out);
	}
}

/* Packets and bytes in, packets and bytes out, and all drops. */
static void print_brief_stats(const json_t *ifnet)
{
	const json_t *stats = json_object_get(ifnet, "stats");
	json_t *value, *drops = json_object_get(ifnet, "drops");
	json_int_t dropped = 0;
	const char *reason;

	json_object_foreach(drops, reason, value)
		dropped += json_integer_value(value);
	print_brief_name(ifnet);
	printf("RX %lld %lld TX %lld %lld drops %lld\n", number(stats, "ipackets"),
	       number(stats, "ibytes"), number(stats, "opackets"),
	       number(stats, "obytes"), dropped);
}

int run_stats(struct args *args)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "stats", "classes", "drops", "account", NULL
	};
	static const struct view view = {
		.keys = keys, .print = print_stats, .brief = print_brief_stats,
	};

	return show_ifnets(&view, args);
}
