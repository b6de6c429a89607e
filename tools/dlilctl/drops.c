// SPDX-License-Identifier: GPL-2.0
/* dlilctl drops. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dlilctl.h"

/* Length of a tag that is not in the data of a packet. */
#define TAG_LEN 4

/* Name of the file that gets the packets, or NULL if they are printed. */
static const char *file_name;

/* That file, or NULL before the first packet. */
static FILE *file;

/* The file could not be opened; a message has been printed. */
static bool failed;

/* Packets that are still to come, if the user wants a limited number. */
static bool limited;
static uint32_t left;

/* Puts a tag in its place behind the addresses of an Ethernet header. */
static void put_tag(struct packet *packet, uint16_t proto, uint16_t tci)
{
	const uint8_t tag[TAG_LEN] = { proto >> 8, proto, tci >> 8, tci };
	const size_t at = 12;

	if (!proto || !packet->ethernet || packet->n < at)
		return;
	memmove(packet->bytes + at + TAG_LEN, packet->bytes + at,
		packet->n - at);
	memcpy(packet->bytes + at, tag, TAG_LEN);
	packet->n += TAG_LEN;
	packet->len += TAG_LEN;
}

static void get_packet(const json_t *drop, struct packet *packet)
{
	const char *hex = text(drop, "bytes"), *header = text(drop, "header");
	unsigned int byte;

	*packet = (struct packet){
		.ifindex = number(drop, "ifindex"),
		.ifname = text(drop, "ifname"),
		.time = number(drop, "time"),
		.out = !strcmp(text(drop, "direction"), "out"),
		.ethernet = header && !strcmp(header, "ethernet"),
		.type = number(drop, "type"),
		.len = number(drop, "len"),
	};
	while (hex && packet->n < PACKET_BYTES - TAG_LEN &&
	       sscanf(hex, "%2x", &byte) == 1) {
		packet->bytes[packet->n++] = byte;
		hex += 2;
	}
	put_tag(packet, number(drop, "vlan-proto"), number(drop, "vlan-tci"));
}

/* The reason, and who it was. */
static void describe_cause(const json_t *drop, char *buf, size_t size)
{
	const char *by = text(drop, "filter");

	if (!by)
		by = text(drop, "protocol");
	snprintf(buf, size, "%s%s%s", text(drop, "reason"), by ? " " : "",
		 by ? by : "");
}

static void print_time(uint64_t time)
{
	const char *format = options.timestamp ? "%Y-%m-%dT%H:%M:%S" : "%H:%M:%S";
	time_t seconds = time / 1000000000;
	struct tm tm;
	char buf[40];

	strftime(buf, sizeof(buf), format, localtime_r(&seconds, &tm));
	printf("%s.%06u ", buf, (unsigned int)(time % 1000000000 / 1000));
}

static void print_drop(const json_t *drop, const struct packet *packet,
		       const char *cause, const char *summary)
{
	print_time(packet->time);
	print_color(COLOR_IFNAME, packet->ifname);
	printf(" %s ", packet->out ? "out" : "in");
	print_color(COLOR_BAD, cause);
	if (json_object_get(drop, "bytes"))
		printf(": %s, length %u\n", summary, packet->len);
	else
		puts(": the packet is gone");
}

static void print_json(json_t *object)
{
	json_dumpf(object, stdout,
		   options.pretty ? JSON_INDENT(4) : JSON_COMPACT);
	putchar('\n');
}

static void take_drop(json_t *drop)
{
	char cause[128], summary[256];
	struct packet packet;

	get_packet(drop, &packet);
	describe_cause(drop, cause, sizeof(cause));
	if (file_name) {
		pcapng_packet(file, &packet, cause);
		return;
	}
	summarize(&packet, summary, sizeof(summary));
	if (!options.json) {
		print_drop(drop, &packet, cause, summary);
		return;
	}
	if (json_object_get(drop, "bytes") &&
	    json_object_set_new(drop, "summary", need(json_string(summary))))
		need(NULL);
	print_json(drop);
}

static void take_lost(json_int_t lost)
{
	json_t *object;

	if (!lost)
		return;
	if (options.json && !file_name) {
		object = need(json_pack("{s:I}", "lost", lost));
		print_json(object);
		json_decref(object);
		return;
	}
	/* In the order of the lines. */
	fflush(stdout);
	complain("Warning",
		 "%lld dropped packets were lost, because they were not read fast enough",
		 (long long)lost);
}

/* Readers must get each packet at once; otherwise end, which reports it. */
static bool is_flushed(void)
{
	FILE *f = file ? file : stdout;

	return !fflush(f) && !ferror(f);
}

/*
 * Opens the file, unless it is open, or there is none: not before the kernel has allowed the
 * trace, since that empties the file.
 */
static bool open_file(void)
{
	if (!file_name || file)
		return true;
	file = strcmp(file_name, "-") ? fopen(file_name, "we") : stdout;
	if (!file) {
		complain("Error", "cannot write \"%s\": %s", file_name,
			 strerror(errno));
		failed = true;
		return false;
	}
	pcapng_begin(file);
	return true;
}

static bool begun(void)
{
	/* A reader of the file waits for its header. */
	if (!open_file() || !is_flushed())
		return false;
	if (options.details)
		complain("Note", "dropped packets are told from now on");
	return true;
}

static int take_trace(json_t *trace)
{
	json_t *drop, *drops = json_object_get(trace, "drops");
	size_t i;

	if (!open_file())
		return MNL_CB_STOP;
	json_array_foreach(drops, i, drop) {
		take_drop(drop);
		if (limited && !--left)
			break;
	}
	take_lost(number(trace, "lost"));
	return !is_flushed() || (limited && !left) ? MNL_CB_STOP : MNL_CB_OK;
}

static bool is_option(const struct args *args)
{
	return args->n && (!strcmp(args->words[0], "count") ||
			   !strcmp(args->words[0], "-w"));
}

/* Everything written to a file must be there. */
static int close_file(int status)
{
	bool bad;

	if (failed)
		return EXIT_REFUSED;
	if (!file || file == stdout)
		return status;
	bad = ferror(file);
	if (!fclose(file) && !bad)
		return status;
	complain("Error", "cannot write the file: %s", strerror(errno));
	return EXIT_REFUSED;
}

int run_drops(struct args *args)
{
	const char *dev = NULL;
	int status;

	/* A batch may have this command several times. */
	file_name = NULL;
	file = NULL;
	failed = false;
	limited = false;
	left = 0;
	if (args->n && !is_option(args))
		dev = next_dev(args);
	while (is_option(args)) {
		if (*next_word(args, "option") == 'c') {
			limited = true;
			left = next_number(args, "N after count");
			if (!left)
				usage_error("count is at least 1");
		} else {
			file_name = next_word(args, "FILE after -w");
		}
	}
	no_more_words(args);
	status = genl_trace(dev, begun, take_trace);
	return close_file(status);
}
