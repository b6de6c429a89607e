// SPDX-License-Identifier: GPL-2.0
/* dlilctl monitor. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dlilctl.h"

/* The device that is watched, as the user calls it, or NULL for all. */
static const char *watched;

/* Index of the device when it was last looked up, or 0. */
static uint32_t watched_index;

static void find_watched(void)
{
	watched_index = watched ? device_index(watched) : 0;
}

/*
 * Events have only the first name of their device, so compare the index as
 * well.  Compare the name, too, because the device may be gone when its events
 * are read.
 */
static bool is_watched(const json_t *object)
{
	return !watched || !strcmp(text(object, "ifname"), watched) ||
	       (watched_index && number(object, "ifindex") == watched_index);
}

/* Same as ip -ts. */
static void now(char *buf, size_t size)
{
	struct timespec ts;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &ts);
	len = strftime(buf, size, "%Y-%m-%dT%H:%M:%S",
		       localtime_r(&ts.tv_sec, &tm));
	snprintf(buf + len, size - len, ".%06ld", ts.tv_nsec / 1000);
}

static void print_timestamp(void)
{
	char time[40];

	if (!options.timestamp)
		return;
	now(time, sizeof(time));
	printf("[%s] ", time);
}

/* Readers must get each line at once; otherwise end. */
static int flush_line(void)
{
	return fflush(stdout) || ferror(stdout) ? MNL_CB_ERROR : MNL_CB_OK;
}

/* Prints an object per line, or pretty. */
static int print_object(json_t *object)
{
	size_t flags = options.pretty ? JSON_INDENT(4) : JSON_COMPACT;
	char time[40];

	if (options.timestamp) {
		now(time, sizeof(time));
		if (json_object_set_new(object, "timestamp",
					need(json_string(time))))
			need(NULL);
	}
	json_dumpf(object, stdout, flags);
	putchar('\n');
	return flush_line();
}

/* Prints a value of an event behind its name. */
static void print_value(const char *key, json_t *value)
{
	const char *separator = "<";
	json_t *flag;
	size_t i;

	if (json_is_integer(value)) {
		printf(" %s %lld", key, json_integer_value(value));
	} else if (json_is_string(value)) {
		printf(" %s %s", key, json_string_value(value));
	} else if (json_is_array(value)) {
		printf(" %s ", key);
		json_array_foreach(value, i, flag) {
			printf("%s%s", separator, json_string_value(flag));
			separator = ",";
		}
		fputs(json_array_size(value) ? ">" : "<>", stdout);
	}
}

/* Keys that every event has; the first three form the heading. */
static bool is_common(const char *key)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "event", "class", "subclass", "code"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return i < 3 || !options.details;
	return false;
}

static int print_event(json_t *event)
{
	const char *key;
	json_t *value;

	/* The name may have been given to another device. */
	if (!watched_index || !strcmp(text(event, "event"), "if-attached"))
		find_watched();
	if (!is_watched(event))
		return MNL_CB_OK;
	if (options.json)
		return print_object(event);
	print_timestamp();
	print_heading(event);
	printf(" %s", text(event, "event"));
	json_object_foreach(event, key, value)
		if (!is_common(key))
			print_value(key, value);
	putchar('\n');
	return flush_line();
}

/* Prints everything attached, in place of the events that were lost. */
static int print_ifnets(json_t *ifnets)
{
	static const char *const keys[] = {
		"ifname", "ifindex", "state", "unmatched", "header",
		"protocols", "filters", NULL
	};
	json_t *ifnet, *object;
	int ret = MNL_CB_OK;
	size_t i;

	json_array_foreach(ifnets, i, ifnet) {
		if (!is_watched(ifnet))
			continue;
		if (!options.json) {
			print_record(show_ifnet, ifnet);
			continue;
		}
		object = need(json_pack("{s:s}", "event", "resync"));
		pick(object, ifnet, keys);
		ret = print_object(object);
		json_decref(object);
		if (ret != MNL_CB_OK)
			return ret;
	}
	return flush_line();
}

/* Events were lost: start again with the present state. */
static int resync(void)
{
	json_t *lost, *ifnets;
	int ret;

	if (options.json) {
		lost = need(json_pack("{s:s}", "event", "lost"));
		print_object(lost);
		json_decref(lost);
	} else {
		print_timestamp();
		puts("events were lost; attached now:");
	}
	find_watched();
	ret = genl_query(NULL, &ifnets) == EXIT_SUCCESS ?
	      print_ifnets(ifnets) : MNL_CB_ERROR;
	json_decref(ifnets);
	return ret;
}

/* The time for which the user waits for the device is over: is it there? */
static int check_watched(void)
{
	find_watched();
	if (watched_index)
		return MNL_CB_OK;
	complain("Error", "%s: no such device within %u s", watched, options.wait);
	return MNL_CB_ERROR;
}

static const struct watcher watcher = {
	.event = print_event,
	.lost = resync,
};

/* The same, for a device that may still come. */
static const struct watcher waiting_watcher = {
	.event = print_event,
	.lost = resync,
	.late = check_watched,
};

int run_monitor(struct args *args)
{
	watched = args->n ? next_dev(args) : NULL;
	no_more_words(args);
	find_watched();
	if (!watched || watched_index)
		return genl_monitor(&watcher);
	if (options.limited && options.wait)
		return genl_monitor(&waiting_watcher);
	complain("Error", "%s: no such device", watched);
	return EXIT_REFUSED;
}
