// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the output of `dlilctl -j -s show` and prints what is wrong with it, a
 * line each (STA-3): every packet that was seen must have exactly one end, and
 * every freed packet one reason.
 *
 * A program of its own, since every test uses it, and jq takes a quarter of a
 * second to start on an emulated processor.
 */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

static const char *const directions[] = { "input", "output" };

/* A missing counter is an error, too; otherwise this check could never fail. */
static json_int_t number(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value)) {
		printf("no counter %s\n", key);
		return -1;
	}
	return json_integer_value(value);
}

static json_int_t sum(json_t *drops)
{
	json_int_t all = 0;
	const char *reason;
	json_t *value;

	json_object_foreach(drops, reason, value)
		all += json_integer_value(value);
	return all;
}

static void complain(const char *dev, const char *what, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	printf("%s %s: %s\n", dev, what, text ? text : "nothing");
	free(text);
}

static void check_account(const char *dev, const char *direction, json_t *account)
{
	json_int_t freed = number(account, "freed");
	json_int_t ends = number(account, "delivered") + number(account, "passed") +
			  number(account, "stolen") + freed;

	if (number(account, "seen") != ends ||
	    freed != sum(json_object_get(account, "drops")))
		complain(dev, direction, account);
}

/* The reasons of both directions together. */
static void check_drops(const char *dev, json_t *drops, json_t *flows)
{
	json_int_t both;
	const char *reason;
	json_t *value, *d;
	size_t i;

	if (!json_object_size(drops))
		printf("%s: no drops\n", dev);
	json_object_foreach(drops, reason, value) {
		both = 0;
		for (i = 0; i < 2; i++) {
			d = json_object_get(json_object_get(flows,
							    directions[i]),
					    "drops");
			both += number(d, reason);
		}
		if (json_integer_value(value) != both)
			complain(dev, reason, value);
	}
}

int main(void)
{
	json_t *all, *ifnet, *flows;
	json_error_t error;
	const char *dev;
	size_t i, j;

	all = json_loadf(stdin, 0, &error);
	if (!json_is_array(all)) {
		printf("not JSON: %s\n", error.text);
		return 1;
	}
	json_array_foreach(all, i, ifnet) {
		dev = json_string_value(json_object_get(ifnet, "ifname"));
		flows = json_object_get(ifnet, "account");
		for (j = 0; j < 2; j++)
			check_account(dev, directions[j],
				      json_object_get(flows, directions[j]));
		check_drops(dev, json_object_get(ifnet, "drops"), flows);
	}
	return 0;
}
