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

#include <setjmp.h>
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
 * @joins: in a file of commands it is one step with its neighbours
 */
struct command {
	const char *name;
	const char *usage;
	int (*run)(struct args *args);
	const struct command *sub;
	bool joins;
};

extern jmp_buf *usage_trap;

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

struct nlmsghdr *genl_header(void *buf, uint8_t cmd);
struct nlmsghdr *genl_request(uint8_t cmd, const char *dev);
struct nlmsghdr *genl_request_of(uint8_t cmd, const json_t *ifnet);
void genl_set_command(struct nlmsghdr *nlh, uint8_t cmd);
int genl_change(struct nlmsghdr *nlh);
int genl_step(struct nlmsghdr *nlh, void (*blame)(uint32_t offset), bool *stale);
int genl_query(const char *dev, json_t **ifnets);
int genl_devices(json_t **links);

/* The one of several devices that refusals are about, or NULL. */
extern const char *subject;

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
 * @late: called once, when the time of -w is over; may be NULL
 *
 * All return MNL_CB_OK, or MNL_CB_ERROR to end.
 */
struct watcher {
	int (*event)(json_t *event);
	int (*lost)(void);
	int (*late)(void);
};

int genl_monitor(const struct watcher *watcher);

int genl_trace(const char *dev, bool (*begun)(void), int (*take)(json_t *trace));

uint32_t device_index(const char *dev);

/* devices.c: several devices at once */

/**
 * struct target - a device that a command is about
 * @name: its name
 * @ifindex: its index, or 0 if only the user's name for it is known
 */
struct target {
	const char *name;
	uint32_t ifindex;
};

int for_devices(struct args *args, bool attach,
		int (*change)(const struct target *target, const void *arg),
		const void *arg);

/* decode.c: from netlink to JSON */

int decode_ifnet(const struct nlmsghdr *nlh, json_t *ifnets);
json_t *decode_event(const struct nlmsghdr *nlh);
json_t *decode_string(const char *s);
json_t *decode_trace(const struct nlmsghdr *nlh);
json_t *need(json_t *json);

json_t *decode_filter(const struct nlattr *nest);

/* print.c */

/**
 * struct place - the command of a file that complaints are about
 * @file: the file, or NULL
 * @line: number of the line
 */
struct place {
	const char *file;
	unsigned int line;
};

extern struct place place;

/**
 * struct options - options of several commands
 * @limited: @wait is a limit; otherwise there is none
 * @wait: longest time to wait for callbacks, in seconds
 * @force: errors do not end a file of commands
 * @revision: revision that filters must have to be changed, or 0
 * @brief: one line for each ifnet or filter, with the most important only
 * @oneline: one line for each ifnet, with backslashes where lines would end
 */
struct options {
	bool limited;
	uint32_t wait;
	bool force;
	uint64_t revision;
	bool json;
	bool pretty;
	bool brief;
	bool oneline;
	bool stats;
	bool details;
	bool timestamp;
	bool color;
};

extern struct options options;

enum color { COLOR_IFNAME, COLOR_GOOD, COLOR_BAD };

void print_color(enum color color, const char *text);
long long now_ms(void);
void show_progress(long long since, size_t done, size_t n);
void hide_progress(void);
void complain(const char *what, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
json_int_t number(const json_t *object, const char *key);
const char *text(const json_t *object, const char *key);

/* step.c: changes of filters that are sent together */

bool step_is_on(void);
void step_begin(void);
int step_open(const char *dev, struct nlmsghdr **nlh, const json_t **ifnet);
void step_add(void);
int step_send(void);
int step_status(void);
int step_try(uint64_t revision, bool *stale);
void step_drop(void);

/* lines.c: files of commands */

/**
 * struct lines - a file of commands that is being read
 * @file: name of the file, for complaints
 * @f: the file
 * @line: number of the last line read
 * @words: words of the last command; they stay if @keep is set
 * @keep: the words of all commands stay until lines_close()
 */
struct lines {
	const char *file;
	FILE *f;
	unsigned int line;
	bool keep;
	char **words;
	char **kept;
	size_t n_kept;
};

bool lines_open(struct lines *lines, const char *file);
bool lines_next(struct lines *lines, struct args *args);
void lines_close(struct lines *lines);
void print_word(FILE *f, const char *word);

/* view.c: ifnets, as -j or as text */

/**
 * struct view - one way to show ifnets
 * @keys: keys that -j prints of each; NULL at the end
 * @stats_keys: further keys that -j -s prints; may be NULL
 * @print: prints one ifnet without -j
 * @brief: does so with -br
 * @is_empty: an ifnet that is left out of a list; may be NULL
 */
struct view {
	const char *const *keys;
	const char *const *stats_keys;
	void (*print)(const json_t *ifnet);
	void (*brief)(const json_t *ifnet);
	bool (*is_empty)(const json_t *ifnet);
};

void pick(json_t *to, const json_t *from, const char *const *keys);
int show_ifnets(const struct view *view, struct args *args);
void print_record(void (*print)(const json_t *ifnet), const json_t *ifnet);
void print_heading(const json_t *ifnet);
void print_brief_name(const json_t *ifnet);

/* filter.c */

/* Longest strings that the kernel accepts. */
#define NAME_MAX_LEN 31
#define EXPR_MAX_LEN 1023
#define WORDS_MAX_LEN 255
#define DATA_MAX_LEN 1024

/**
 * struct filter - a filter to be added, or a change of one
 * @change: DLIL_CHANGE_*
 * @dev: device
 * @name: name, unique on that device
 * @place: DLIL_PLACE_*
 * @beside: name of the filter that it is to stand before or after, or NULL
 * @direction: DLIL_DIRECTION_* flags
 * @kind: kind of filter, or NULL
 * @action: action for packets that match, or NULL
 * @words: arguments of the kind, or ""
 * @data: a message with the attributes of the kind impair
 * @expr: condition for a match
 * @has_expr: there is a condition
 * @lifetime: milliseconds after which it is removed, or 0
 */
struct filter {
	uint32_t change;
	const char *dev;
	const char *name;
	uint32_t place;
	const char *beside;
	uint32_t direction;
	const char *kind;
	const char *action;
	char words[WORDS_MAX_LEN + 1];
	struct nlmsghdr data[DATA_MAX_LEN / sizeof(struct nlmsghdr)];
	char expr[EXPR_MAX_LEN + 1];
	bool has_expr;
	uint32_t lifetime;
};

void parse_filter(struct args *args, struct filter *filter);
int put_filter(struct nlmsghdr *nlh, const struct filter *filter,
	       const json_t *ifnet);
void put_change(struct nlmsghdr *nlh, const struct filter *filter);
void print_filter_words(FILE *f, const json_t *filter, bool seed);

/* batch.c, save.c, restore.c */

int run_batch(const char *file, const struct command *cmds);
int run_save(struct args *args);
bool is_own_protocol(const char *family);
int run_restore(struct args *args);

/* packet.c, pcapng.c: packets */

/* The first bytes of a packet, and a tag among them. */
#define PACKET_BYTES (128 + 4)

/**
 * struct packet - a packet, or what is known of it
 * @ifindex: index of its device
 * @ifname: name of its device
 * @time: nanoseconds since 1970
 * @out: it was being sent
 * @ethernet: @bytes begin with an Ethernet header
 * @type: EtherType, unless the header says that
 * @len: its length
 * @n: number of @bytes
 * @bytes: its first bytes
 */
struct packet {
	uint32_t ifindex;
	const char *ifname;
	uint64_t time;
	bool out;
	bool ethernet;
	uint16_t type;
	uint32_t len;
	size_t n;
	uint8_t bytes[PACKET_BYTES];
};

void summarize(const struct packet *packet, char *text, size_t size);
void pcapng_begin(FILE *f);
void pcapng_packet(FILE *f, const struct packet *packet, const char *comment);

/* Each noun has its own file. */

extern const struct command filter_commands[];
extern const struct command proto_commands[];

int run_attach(struct args *args);
int run_detach(struct args *args);
int run_set(struct args *args);
int run_show(struct args *args);
int run_stats(struct args *args);
int run_monitor(struct args *args);
int run_drops(struct args *args);

void show_ifnet(const json_t *ifnet);

void print_filters(const json_t *ifnet);
void print_protocols(const json_t *ifnet);
void print_families_list(const json_t *families);

void put_impair(struct args *args, struct nlmsghdr *nlh);
void print_impair(FILE *f, const json_t *impair, bool seed);
void print_impair_counts(const json_t *impair);

int compile_expr(const char *expr, int dlt, struct bpf_program *prog);
void free_expr(struct bpf_program *prog);

/* fault.c */

void show_fault(const char *expr, const char *message,
		const char *(*compile)(const char *expr));

#endif /* DLILCTL_H */
