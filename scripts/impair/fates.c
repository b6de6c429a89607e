// SPDX-License-Identifier: GPL-2.0
/*
 * fates COUNT [NAME=NUMBER]...: prints the fates of packets, one line for each: lost,
 * delay, duplicated, number of the wrong bit or -1, reordered.  Names are those of
 * struct impair_params; loss0 to loss4; way; and len, the length of all packets, or 0
 * for lengths that differ.  The file is a part of the program that the kernel's code
 * becomes outside of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../impair/impair_fate.c"

static struct impair_params params;
static u32 way, length;

static const struct {
	const char *name;
	void *value;
	size_t size;
} names[] = {
#define NAME(field) { #field, &params.field, sizeof(params.field) }
	NAME(seed), NAME(loss_model), NAME(every), NAME(delay), NAME(jitter),
	NAME(correlation), NAME(distribution), NAME(duplicate), NAME(corrupt),
	NAME(reorder), NAME(gap), NAME(distance), NAME(rate), NAME(overhead),
	NAME(limit),
	{ "loss0", &params.loss[0], 4 }, { "loss1", &params.loss[1], 4 },
	{ "loss2", &params.loss[2], 4 }, { "loss3", &params.loss[3], 4 },
	{ "loss4", &params.loss[4], 4 }, { "way", &way, 4 }, { "len", &length, 4 },
};

static void set(const char *word)
{
	const char *equals = strchr(word, '=');
	size_t i;

	for (i = 0; equals && i < sizeof(names) / sizeof(names[0]); i++) {
		u64 number = strtoull(equals + 1, NULL, 0);

		if (strlen(names[i].name) != (size_t)(equals - word) ||
		    strncmp(names[i].name, word, equals - word))
			continue;
		if (names[i].size == 8)
			*(u64 *)names[i].value = number;
		else
			*(u32 *)names[i].value = (u32)number;
		return;
	}
	fprintf(stderr, "fates: unknown: %s\n", word);
	exit(2);
}

int main(int argc, char **argv)
{
	struct impair_state state;
	struct impair_fate fate;
	const char *error;
	u64 i, n;
	int arg;

	if (argc < 2)
		return 2;
	n = strtoull(argv[1], NULL, 0);
	for (arg = 2; arg < argc; arg++)
		set(argv[arg]);
	error = impair_params_check(&params);
	if (error) {
		fprintf(stderr, "fates: %s\n", error);
		return 1;
	}
	impair_state_init(&state, params.seed, way);
	for (i = 0; i < n; i++) {
		u32 len = length ? length : 40 + (u32)(i * 7919 % 1461);

		impair_fate(&params, &state, len, &fate);
		printf("%d %" PRIu64 " %d %d %d\n", fate.lost, fate.delay,
		       fate.duplicated, fate.corrupted ? (int)fate.bit : -1,
		       fate.reordered);
	}
	return 0;
}
