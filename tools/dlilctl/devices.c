// SPDX-License-Identifier: GPL-2.0
/*
 * Several devices in one command: their names, shell patterns, or all.
 *
 * A pattern means the devices of the namespace that are not attached yet, or for a detach
 * those that are attached.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

/**
 * struct devices - the devices that a command is about
 * @all: the devices that patterns may mean, each with its ifname and ifindex
 * @attached: the ifnets; used by an attach only
 * @chosen: those that are to be changed, in order
 * @n: number of @chosen
 * @failed: a pattern means no device
 */
struct devices {
	json_t *all;
	json_t *attached;
	struct target *chosen;
	size_t n;
	bool failed;
};

/* One that is being detached can be attached again in a moment. */
static bool is_attached(const json_t *ifnets, json_int_t ifindex)
{
	json_t *ifnet;
	size_t i;

	json_array_foreach(ifnets, i, ifnet)
		if (number(ifnet, "ifindex") == ifindex)
			return strcmp(text(ifnet, "state"), "detaching");
	return false;
}

static void choose(struct devices *d, const char *name, uint32_t ifindex)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (!strcmp(d->chosen[i].name, name))
			return;
	d->chosen = reallocarray(d->chosen, d->n + 1, sizeof(*d->chosen));
	if (!d->chosen)
		need(NULL);
	d->chosen[d->n++] = (struct target){ name, ifindex };
}

/* A name may have these characters, too: then it means that device. */
static bool is_pattern(const char *word)
{
	return !strcmp(word, "all") || (strpbrk(word, "*?[") && !device_index(word));
}

static int list_devices(struct devices *d, bool attach)
{
	int status;

	if (d->all)
		return EXIT_SUCCESS;
	if (!attach)
		return genl_query(NULL, &d->all);
	status = genl_query(NULL, &d->attached);
	return status == EXIT_SUCCESS ? genl_devices(&d->all) : status;
}

/* Chooses what the pattern means; one that means no device is an error. */
static void choose_by_pattern(struct devices *d, const char *pattern, bool attach)
{
	bool all = !strcmp(pattern, "all"), found = all;
	json_t *link;
	size_t i;

	json_array_foreach(d->all, i, link) {
		if (!all && fnmatch(pattern, text(link, "ifname"), 0))
			continue;
		found = true;
		if (is_attached(attach ? d->attached : d->all,
				number(link, "ifindex")) != attach)
			choose(d, text(link, "ifname"), number(link, "ifindex"));
	}
	if (found)
		return;
	complain("Error", "%s: no %s has such a name", pattern,
		 attach ? "device" : "attached device");
	d->failed = true;
}

static int choose_devices(struct devices *d, struct args *args, bool attach)
{
	const char *word;
	int status;

	do {
		word = next_dev(args);
		if (!is_pattern(word)) {
			choose(d, word, 0);
			continue;
		}
		status = list_devices(d, attach);
		if (status != EXIT_SUCCESS)
			return status;
		choose_by_pattern(d, word, attach);
	} while (args->n);
	return EXIT_SUCCESS;
}

/**
 * for_devices() - change each device that the user names
 * @args: { DEV | PATTERN | all }...
 * @attach: patterns mean devices that are not attached, otherwise those that are
 * @change: changes one; returns the exit status
 * @arg: for @change
 *
 * A device that refuses does not stop the others.
 *
 * Return: the exit status; errors have been printed, with the name of their device if
 * there are several.
 */
int for_devices(struct args *args, bool attach,
		int (*change)(const struct target *target, const void *arg),
		const void *arg)
{
	long long since = now_ms();
	struct devices d = {};
	int status;
	size_t i;

	status = choose_devices(&d, args, attach);
	if (status != EXIT_SUCCESS)
		d.n = 0;
	else if (d.failed)
		status = EXIT_REFUSED;
	for (i = 0; i < d.n; i++) {
		show_progress(since, i, d.n);
		if (d.all || d.n > 1)
			subject = d.chosen[i].name;
		if (change(&d.chosen[i], arg) != EXIT_SUCCESS)
			status = EXIT_REFUSED;
	}
	subject = NULL;
	hide_progress();
	free(d.chosen);
	json_decref(d.all);
	json_decref(d.attached);
	return status;
}
