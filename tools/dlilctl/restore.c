// SPDX-License-Identifier: GPL-2.0
/*
 * dlilctl restore: makes the running state equal to a file of dlilctl save, and changes
 * only what differs.  Filters that are the same keep their counters, and are moved if
 * necessary.  All changes of the filters of a device are one step.
 */
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

/* The state is read again if it has changed since, up to this limit. */
#define MAX_TRIES 16

/**
 * struct want - a filter as it shall be
 * @filter: the filter
 * @line: the line that says so
 * @nest: netlink attributes of the filter, allocated separately
 * @running: place among the running filters, or -1
 * @same: the running one is equal
 * @stays: the running one stays in its place, or the filter that replaces it gets that
 */
struct want {
	struct filter filter;
	unsigned int line;
	struct nlattr *nest;
	int running;
	bool same;
	bool stays;
};

/* A protocol that shall be plumbed or not. */
struct proto {
	const char *family;
	bool plumb;
};

/**
 * struct device - a device as it shall be
 * @name: its name
 * @line: the first line about it
 * @unmatched: DLIL_UNMATCHED_*
 * @packets: limit of the queue, or 0 if that is not said
 * @bytes: likewise
 * @arpll: for link-local ARP
 * @protos: protocols that are not as an attach leaves them
 * @n_protos: number of @protos
 * @wants: its filters of users, in order
 * @n: number of @wants
 */
struct device {
	const char *name;
	unsigned int line;
	uint32_t unmatched;
	uint32_t packets;
	uint32_t bytes;
	bool arpll;
	struct proto *protos;
	size_t n_protos;
	struct want *wants;
	size_t n;
};

static struct device *devices;
static size_t n_devices;

static void *grow(void *array, size_t n, size_t size)
{
	array = reallocarray(array, n + 1, size);
	if (!array)
		need(NULL);
	memset((char *)array + n * size, 0, size);
	return array;
}

static struct device *find_device(const char *name)
{
	size_t i;

	for (i = 0; i < n_devices; i++)
		if (!strcmp(devices[i].name, name))
			return &devices[i];
	return NULL;
}

/* Takes the name of a device that an earlier line attaches. */
static struct device *next_device(struct args *args)
{
	const char *name = next_dev(args);
	struct device *d = find_device(name);

	if (!d)
		usage_error("no earlier line attaches %s", name);
	return d;
}

static int take_attach(struct args *args)
{
	static const char *const keywords[] = { "unmatched", NULL };
	const char *name = next_dev(args);
	struct device *d;

	if (find_device(name))
		usage_error("%s is attached by a line above", name);
	devices = grow(devices, n_devices, sizeof(*devices));
	d = &devices[n_devices++];
	d->name = name;
	d->line = place.line;
	d->unmatched = DLIL_UNMATCHED_PASS;
	if (args->n) {
		next_choice(args, keywords, "unmatched");
		d->unmatched = next_unmatched(args);
	}
	no_more_words(args);
	return EXIT_SUCCESS;
}

static int take_set(struct args *args)
{
	static const char *const settings[] = { "unmatched", "queue", "arpll", NULL };
	static const char *const limits[] = { "packets", "bytes", NULL };
	static const char *const switches[] = { "off", "on", NULL };
	struct device *d = next_device(args);

	switch (next_choice(args, settings, "unmatched, queue or arpll")) {
	case 0:
		d->unmatched = next_unmatched(args);
		break;
	case 1:
		do {
			if (next_choice(args, limits, "packets or bytes"))
				d->bytes = next_number(args, "N");
			else
				d->packets = next_number(args, "N");
		} while (args->n);
		break;
	case 2:
		d->arpll = next_choice(args, switches, "on or off");
		break;
	}
	no_more_words(args);
	return EXIT_SUCCESS;
}

static int take_proto(struct args *args)
{
	static const char *const verbs[] = { "unplumb", "plumb", NULL };
	bool plumb = next_choice(args, verbs, "plumb or unplumb");
	struct device *d = next_device(args);

	d->protos = grow(d->protos, d->n_protos, sizeof(*d->protos));
	d->protos[d->n_protos].plumb = plumb;
	d->protos[d->n_protos++].family = next_name(args, "protocol", 31);
	no_more_words(args);
	return EXIT_SUCCESS;
}

static int take_filter(struct args *args)
{
	static const char *const verbs[] = { "add", NULL };
	struct filter filter;
	struct device *d;
	size_t i;

	next_choice(args, verbs, "add");
	parse_filter(args, &filter);
	d = find_device(filter.dev);
	if (!d)
		usage_error("no earlier line attaches %s", filter.dev);
	if (filter.place || filter.beside)
		usage_error("filters run in the order of the lines: leave out the place");
	for (i = 0; i < d->n; i++)
		if (!strcmp(d->wants[i].filter.name, filter.name))
			usage_error("filter %s is in line %u as well", filter.name,
				    d->wants[i].line);
	d->wants = grow(d->wants, d->n, sizeof(*d->wants));
	d->wants[d->n].filter = filter;
	d->wants[d->n++].line = place.line;
	return EXIT_SUCCESS;
}

static const struct command commands[] = {
	{ "attach", "DEV [ unmatched pass|drop ]", take_attach, NULL, true },
	{ "set", "DEV unmatched pass|drop | queue [ packets N ] [ bytes N ] | arpll on|off",
	  take_set, NULL, true },
	{ "proto", "plumb|unplumb DEV PROTOCOL", take_proto, NULL, true },
	{ "filter", "add DEV NAME ...", take_filter, NULL, true },
	{ NULL, NULL, NULL, NULL, false }
};

static void free_devices(void)
{
	size_t i, j;

	for (i = 0; i < n_devices; i++) {
		for (j = 0; j < devices[i].n; j++)
			free(devices[i].wants[j].nest);
		free(devices[i].wants);
		free(devices[i].protos);
	}
	free(devices);
	devices = NULL;
	n_devices = 0;
}

/* Finds a device by any of its names; NULL if it is not attached. */
static const json_t *find_ifnet(const json_t *ifnets, const char *name)
{
	uint32_t index = 0;
	json_t *ifnet;
	size_t i;

	json_array_foreach(ifnets, i, ifnet)
		if (!strcmp(text(ifnet, "ifname"), name) &&
		    !strcmp(text(ifnet, "state"), "attached"))
			return ifnet;
	index = device_index(name);
	json_array_foreach(ifnets, i, ifnet)
		if (index && number(ifnet, "ifindex") == index &&
		    !strcmp(text(ifnet, "state"), "attached"))
			return ifnet;
	return NULL;
}

static int attach(const struct device *d)
{
	struct outcome detached = { .event = "if-detached", .dev = d->name };
	struct nlmsghdr *nlh = genl_request(DLIL_CMD_IFNET_ATTACH, d->name);

	mnl_attr_put_u32(nlh, DLIL_A_UNMATCHED, d->unmatched);
	return genl_change_until(nlh, &detached);
}

static bool has_arpll(const json_t *ifnet)
{
	json_t *attr, *attrs = json_object_get(ifnet, "attrs");
	size_t i;

	json_array_foreach(attrs, i, attr)
		if (!strcmp(json_string_value(attr), "arpll"))
			return true;
	return false;
}

/* Sets in one request what differs. */
static int restore_settings(const struct device *d, const json_t *ifnet)
{
	const json_t *queue = json_object_get(ifnet, "queue");
	bool drop = d->unmatched == DLIL_UNMATCHED_DROP;
	struct nlmsghdr *nlh = genl_request_of(DLIL_CMD_IFNET_SET, ifnet);
	uint32_t empty = nlh->nlmsg_len, packets = 0, bytes = 0;
	struct nlattr *nest;

	if (drop != !strcmp(text(ifnet, "unmatched"), "drop"))
		mnl_attr_put_u32(nlh, DLIL_A_UNMATCHED, d->unmatched);
	if (d->packets && d->packets != number(queue, "max-packets"))
		packets = d->packets;
	if (d->bytes && d->bytes != number(queue, "max-bytes"))
		bytes = d->bytes;
	if (packets || bytes) {
		nest = mnl_attr_nest_start(nlh, DLIL_A_QUEUE);
		if (packets)
			mnl_attr_put_u32(nlh, DLIL_A_QUEUE_MAX_PACKETS, packets);
		if (bytes)
			mnl_attr_put_u32(nlh, DLIL_A_QUEUE_MAX_BYTES, bytes);
		mnl_attr_nest_end(nlh, nest);
	}
	if (d->arpll != has_arpll(ifnet)) {
		mnl_attr_put_u32(nlh, DLIL_A_ATTRS, d->arpll ? DLIL_ATTR_ARPLL : 0);
		mnl_attr_put_u32(nlh, DLIL_A_ATTRS_MASK, DLIL_ATTR_ARPLL);
	}
	return nlh->nlmsg_len == empty ? EXIT_SUCCESS : genl_change(nlh);
}

static int change_proto(const struct device *d, const char *family, bool plumb)
{
	struct outcome detached = {
		.event = "proto-detached", .key = "proto", .wait = true,
		.dev = d->name, .name = family,
	};
	struct nlmsghdr *nlh;
	struct nlattr *nest;

	nlh = genl_request(plumb ? DLIL_CMD_PROTO_PLUMB : DLIL_CMD_PROTO_UNPLUMB,
			   d->name);
	nest = mnl_attr_nest_start(nlh, DLIL_A_PROTOCOL);
	mnl_attr_put_strz(nlh, DLIL_A_PROTO_FAMILY, family);
	mnl_attr_nest_end(nlh, nest);
	return plumb ? genl_change(nlh) : genl_change_until(nlh, &detached);
}

/* Is the protocol plumbed, by anyone? */
static bool is_plumbed(const json_t *ifnet, const char *family)
{
	json_t *plumber, *plumbers = json_object_get(ifnet, "plumbers");
	size_t i;

	json_array_foreach(plumbers, i, plumber)
		if (!strcmp(text(plumber, "family"), family))
			return number(plumber, "count");
	return false;
}

static const struct proto *find_proto(const struct device *d, const char *family)
{
	size_t i;

	for (i = 0; i < d->n_protos; i++)
		if (!strcmp(d->protos[i].family, family))
			return &d->protos[i];
	return NULL;
}

/*
 * Protocols that no line is about become as an attach leaves them, if they are the
 * host's; others may be plumbed by modules.
 */
static int restore_protocols(const struct device *d, const json_t *ifnet)
{
	json_t *plumber, *plumbers = json_object_get(ifnet, "plumbers");
	int status = EXIT_SUCCESS;
	const char *family;
	size_t i;

	json_array_foreach(plumbers, i, plumber) {
		family = text(plumber, "family");
		if (status == EXIT_SUCCESS && is_own_protocol(family) &&
		    !find_proto(d, family) && !number(plumber, "count"))
			status = change_proto(d, family, true);
	}
	for (i = 0; i < d->n_protos && status == EXIT_SUCCESS; i++)
		if (d->protos[i].plumb != is_plumbed(ifnet, d->protos[i].family))
			status = change_proto(d, d->protos[i].family,
					      d->protos[i].plumb);
	return status;
}

/* Two filters are equal if this text of them is; to be freed. */
static char *words_of(const json_t *filter, bool seed)
{
	size_t size;
	char *words;
	FILE *f = open_memstream(&words, &size);

	if (!f)
		need(NULL);
	print_filter_words(f, filter, seed);
	/* The time that is left differs from moment to moment. */
	if (json_object_get(filter, "lifetime"))
		fputs(" for a time", f);
	if (fclose(f))
		need(NULL);
	return words;
}

/* The defaults of the kind, which a request leaves out. */
static void complete(json_t *filter)
{
	json_t *impair = json_object_get(filter, "impair"), *defaults;

	if (!impair)
		return;
	defaults = need(json_pack("{s:s, s:s, s:i}", "loss-model", "none",
				  "distribution", "uniform", "limit", 1000));
	if (json_object_update_missing(impair, defaults))
		need(NULL);
	json_decref(defaults);
}

static bool is_same(const struct want *want, const json_t *running)
{
	json_t *filter = decode_filter(want->nest);
	char *a, *b;
	bool seed, same;

	/* If the line has no seed, any seed will do. */
	seed = json_object_get(json_object_get(filter, "impair"), "seed");
	complete(filter);
	a = words_of(filter, seed);
	b = words_of(running, seed);
	same = !strcmp(a, b);
	free(a);
	free(b);
	json_decref(filter);
	return same;
}

/* Compiles the filters, before anything is changed. */
static int make_nests(struct device *d, const json_t *ifnet)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	struct want *want;
	int status;

	for (want = d->wants; want < d->wants + d->n; want++) {
		if (want->nest)
			continue;
		place.line = want->line;
		nlh = genl_request(DLIL_CMD_FILTER_ADD, NULL);
		nest = mnl_attr_nest_start(nlh, DLIL_A_FILTER);
		status = put_filter(nlh, &want->filter, ifnet);
		mnl_attr_nest_end(nlh, nest);
		if (status != EXIT_SUCCESS)
			return status;
		want->nest = malloc(nest->nla_len);
		if (!want->nest)
			need(NULL);
		memcpy(want->nest, nest, nest->nla_len);
	}
	return EXIT_SUCCESS;
}

/* Finds the filter among the running ones of users; -1 if it is not there. */
static int find_running(const json_t *running, const char *name)
{
	json_t *filter;
	size_t i;

	json_array_foreach(running, i, filter)
		if (!strcmp(text(filter, "name"), name))
			return i;
	return -1;
}

/*
 * Chooses the filters that stay in their places: as many as possible that are in the
 * right order already.
 */
static void choose_places(struct device *d)
{
	int *len = calloc(d->n + 1, sizeof(*len));
	int *prev = calloc(d->n + 1, sizeof(*prev));
	int i, j, best = -1;

	if (!len || !prev)
		need(NULL);
	for (i = 0; i < (int)d->n; i++) {
		d->wants[i].stays = false;
		if (d->wants[i].running < 0)
			continue;
		len[i] = 1;
		prev[i] = -1;
		for (j = 0; j < i; j++)
			if (d->wants[j].running >= 0 && len[j] + 1 > len[i] &&
			    d->wants[j].running < d->wants[i].running) {
				len[i] = len[j] + 1;
				prev[i] = j;
			}
		if (best < 0 || len[i] > len[best])
			best = i;
	}
	for (; best >= 0; best = prev[best])
		d->wants[best].stays = true;
	free(len);
	free(prev);
}

/* Adds a change to the step. */
static int add_change(const struct device *d, const struct want *want,
		      const struct filter *change)
{
	struct nlmsghdr *nlh;
	const json_t *ifnet;
	struct nlattr *nest;
	size_t len;
	int status;

	status = step_open(d->name, &nlh, &ifnet);
	if (status != EXIT_SUCCESS)
		return status;
	nest = mnl_attr_nest_start(nlh, DLIL_A_FILTER);
	put_change(nlh, change);
	if (change->change == DLIL_CHANGE_ADD ||
	    change->change == DLIL_CHANGE_REPLACE) {
		len = mnl_attr_get_payload_len(want->nest);
		memcpy(mnl_nlmsg_get_payload_tail(nlh),
		       mnl_attr_get_payload(want->nest), len);
		nlh->nlmsg_len += MNL_ALIGN(len);
	}
	mnl_attr_nest_end(nlh, nest);
	step_add();
	return EXIT_SUCCESS;
}

/* Removes the running filters that no line is about. */
static int remove_others(const struct device *d, const json_t *running)
{
	struct filter change = { .change = DLIL_CHANGE_DEL };
	int status = EXIT_SUCCESS;
	json_t *filter;
	size_t i, j;

	place.line = d->line;
	json_array_foreach(running, i, filter) {
		for (j = 0; j < d->n; j++)
			if (d->wants[j].running == (int)i)
				break;
		if (j < d->n || status != EXIT_SUCCESS)
			continue;
		change.name = text(filter, "name");
		status = add_change(d, NULL, &change);
	}
	return status;
}

/* Makes the @i-th filter as it shall be; those before it are. */
static int restore_filter(const struct device *d, size_t i, const char *first)
{
	const struct want *want = &d->wants[i];
	struct filter change = { .name = want->filter.name };

	if (want->same && want->stays)
		return EXIT_SUCCESS;
	place.line = want->line;
	change.change = want->running < 0 ? DLIL_CHANGE_ADD :
			want->same ? DLIL_CHANGE_MOVE : DLIL_CHANGE_REPLACE;
	if (!want->stays && i) {
		change.place = DLIL_PLACE_AFTER;
		change.beside = d->wants[i - 1].filter.name;
	} else if (!want->stays && first) {
		change.place = DLIL_PLACE_BEFORE;
		change.beside = first;
	}
	return add_change(d, want, &change);
}

/* Collects the changes of the filters that are necessary. */
static int collect(struct device *d, const json_t *running)
{
	const char *first = NULL;
	struct want *want;
	int status;
	size_t i;

	for (want = d->wants; want < d->wants + d->n; want++) {
		want->running = find_running(running, want->filter.name);
		want->same = want->running >= 0 &&
			     is_same(want, json_array_get(running, want->running));
	}
	choose_places(d);
	for (i = 0; i < d->n && !first; i++)
		if (d->wants[i].stays)
			first = d->wants[i].filter.name;
	status = remove_others(d, running);
	for (i = 0; i < d->n && status == EXIT_SUCCESS; i++)
		status = restore_filter(d, i, first);
	return status;
}

/* The running filters of users, which are all that can be changed; to be released. */
static json_t *users_of(const json_t *ifnet)
{
	json_t *filter, *filters = json_object_get(ifnet, "filters");
	json_t *running = need(json_array());
	size_t i;

	json_array_foreach(filters, i, filter)
		if (!json_object_get(filter, "of-module") &&
		    json_array_append(running, filter))
			need(NULL);
	return running;
}

static int restore_filters(struct device *d)
{
	json_t *ifnets, *running;
	const json_t *ifnet;
	bool stale = true;
	int status = EXIT_SUCCESS, try;

	for (try = 0; status == EXIT_SUCCESS && stale && try < MAX_TRIES; try++) {
		status = genl_query(d->name, &ifnets);
		if (status == EXIT_SUCCESS) {
			ifnet = json_array_get(ifnets, 0);
			running = users_of(ifnet);
			status = make_nests(d, ifnet);
			if (status == EXIT_SUCCESS)
				status = collect(d, running);
			stale = false;
			if (status == EXIT_SUCCESS)
				status = step_try(number(ifnet, "revision"),
						  &stale);
			json_decref(running);
		}
		step_drop();
		json_decref(ifnets);
	}
	if (status != EXIT_SUCCESS || !stale)
		return status;
	complain("Error", "the filters of %s kept changing, try again", d->name);
	return EXIT_REFUSED;
}

static int restore_device(struct device *d, const json_t *ifnets)
{
	const json_t *ifnet = find_ifnet(ifnets, d->name);
	json_t *attached = NULL;
	int status = EXIT_SUCCESS;

	place.line = d->line;
	if (!ifnet) {
		status = attach(d);
		if (status == EXIT_SUCCESS)
			status = genl_query(d->name, &attached);
		ifnet = json_array_get(attached, 0);
	}
	if (status == EXIT_SUCCESS)
		status = make_nests(d, ifnet);
	if (status == EXIT_SUCCESS)
		status = restore_settings(d, ifnet);
	if (status == EXIT_SUCCESS)
		status = restore_filters(d);
	place.line = d->line;
	if (status == EXIT_SUCCESS)
		status = restore_protocols(d, ifnet);
	json_decref(attached);
	return status;
}

/* Detaches the devices that no line is about. */
static int detach_others(const json_t *ifnets)
{
	struct outcome detached = { .event = "if-detached", .wait = true };
	int status = EXIT_SUCCESS;
	json_t *ifnet;
	size_t i, j;

	json_array_foreach(ifnets, i, ifnet) {
		for (j = 0; j < n_devices; j++)
			if (find_ifnet(ifnets, devices[j].name) == ifnet)
				break;
		if (j < n_devices || status != EXIT_SUCCESS ||
		    strcmp(text(ifnet, "state"), "attached"))
			continue;
		detached.dev = text(ifnet, "ifname");
		status = genl_change_until(genl_request(DLIL_CMD_IFNET_DETACH,
							detached.dev), &detached);
	}
	return status;
}

/* Reads all of the file first, so that a mistake in it changes nothing. */
int run_restore(struct args *args)
{
	static const char *const words[] = { "all", NULL };
	struct lines lines = {};
	struct args line;
	const char *file = next_word(args, "FILE");
	json_t *ifnets;
	bool all = args->n;
	int status;
	size_t i;

	if (all)
		next_choice(args, words, "all");
	no_more_words(args);
	if (!lines_open(&lines, file))
		return EXIT_REFUSED;
	lines.keep = true;
	while (lines_next(&lines, &line))
		run_command(commands, &line);
	status = genl_query(NULL, &ifnets);
	for (i = 0; i < n_devices && status == EXIT_SUCCESS; i++)
		status = restore_device(&devices[i], ifnets);
	if (status == EXIT_SUCCESS && all)
		status = detach_others(ifnets);
	json_decref(ifnets);
	free_devices();
	lines_close(&lines);
	return status;
}
