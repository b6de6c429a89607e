/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dlilctl: control of the Data Link Interface Layer.
 *
 * decode.c converts a reply of the kernel to a JSON object.  With -j, parts of
 * it are printed unchanged; without -j, tables are printed from it, so that
 * both outputs always agree.
 */
#ifndef DLILCTL_H
#define DLILCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>
#include <libmnl/libmnl.h>
#include <pcap/pcap.h>

#include <linux/dlil.h>

#define DLILCTL_VERSION "0.1"

/* Longest name of a device, see ALTIFNAMSIZ. */
#define DEV_MAX_LEN 127

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit statuses, besides EXIT_SUCCESS. */
enum {
	EXIT_REFUSED = 1,	/* by the kernel, or nothing was sent to it */
	EXIT_USAGE = 2,
};

/* args.c: the words of the command line */

struct args {
	int n;
	char **words;
};

/**
 * struct command - a word of the command line, and its function
 * @name: the word; NULL ends a table
 * @usage: usage of its arguments; NULL for an alias
 * @run: runs the command, returns the exit status
 * @sub: instead of @run, the commands of an object; the first one is the
 *	default
 */
struct command {
	const char *name;
	const char *usage;
	int (*run)(struct args *args);
	const struct command *sub;
};

void print_usage(FILE *f, const struct command *obj,
		 const struct command *cmds);
int run_command(const struct command *cmds, struct args *args);

void usage_error(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

int find_choice(const char *const *choices, const char *word);
const char *next_word(struct args *args, const char *what);
const char *next_name(struct args *args, const char *what, size_t max);
const char *next_dev(struct args *args);
int next_choice(struct args *args, const char *const *choices,
		const char *what);
int next_unmatched(struct args *args);
uint32_t next_number(struct args *args, const char *what);
size_t next_lladdr(struct args *args, uint8_t *addr, size_t max);
void no_more_words(const struct args *args);

/* genl.c: requests to the kernel */

struct nlmsghdr *genl_request(uint8_t cmd, const char *dev);
struct nlmsghdr *genl_request_of(uint8_t cmd, const json_t *ifnet);
int genl_change(struct nlmsghdr *nlh);
int genl_query(const char *dev, json_t **ifnets);

/**
 * struct outcome - the event that reports the end of a change
 * @event: name of the event
 * @dev: the device, as the user calls it
 * @key: key of the filter or protocol in the event; NULL if it is about the
 *	device
 * @name: the filter or protocol
 * @wait: wait for it after the change, not only when the change must be
 *	repeated
 */
struct outcome {
	const char *event;
	const char *dev;
	const char *key;
	const char *name;
	bool wait;
};

int genl_change_until(struct nlmsghdr *nlh, const struct outcome *outcome);

/**
 * struct watcher - callbacks for events
 * @event: called for each event
 * @lost: called if events were lost
 *
 * Both return MNL_CB_OK, or MNL_CB_ERROR to end.
 */
struct watcher {
	int (*event)(json_t *event);
	int (*lost)(void);
};

int genl_monitor(const struct watcher *watcher);

uint32_t device_index(const char *dev);

/* decode.c: from netlink to JSON */

int decode_ifnet(const struct nlmsghdr *nlh, json_t *ifnets);
json_t *decode_event(const struct nlmsghdr *nlh);
json_t *need(json_t *json);

/* print.c */

/**
 * struct options - options of several commands
 * @limited: @wait is a limit; otherwise there is none
 * @wait: longest time to wait for callbacks, in seconds
 */
struct options {
	bool limited;
	uint32_t wait;
	bool json;
	bool pretty;
	bool stats;
	bool details;
	bool timestamp;
	bool color;
};

extern struct options options;

enum color { COLOR_IFNAME, COLOR_GOOD, COLOR_BAD };

void print_color(enum color color, const char *text);
void complain(const char *what, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
json_int_t number(const json_t *object, const char *key);
const char *text(const json_t *object, const char *key);

/* view.c: ifnets, as -j or as text */

/**
 * struct view - one way to show ifnets
 * @keys: keys that -j prints of each; NULL at the end
 * @stats_keys: further keys that -j -s prints; may be NULL
 * @print: prints one ifnet without -j
 */
struct view {
	const char *const *keys;
	const char *const *stats_keys;
	void (*print)(const json_t *ifnet);
};

void pick(json_t *to, const json_t *from, const char *const *keys);
int show_ifnets(const struct view *view, struct args *args);
void print_heading(const json_t *ifnet);

/* Each noun has its own file. */

extern const struct command filter_commands[];
extern const struct command proto_commands[];

int run_attach(struct args *args);
int run_detach(struct args *args);
int run_set(struct args *args);
int run_show(struct args *args);
int run_stats(struct args *args);
int run_monitor(struct args *args);

void show_ifnet(const json_t *ifnet);

void print_filters(const json_t *ifnet);
void print_protocols(const json_t *ifnet);

void put_impair(struct args *args, struct nlmsghdr *nlh);
void print_impair(const json_t *impair);
void print_impair_counts(const json_t *impair);

int compile_expr(const char *expr, int dlt, struct bpf_program *prog);
void free_expr(struct bpf_program *prog);

#endif /* DLILCTL_H */
