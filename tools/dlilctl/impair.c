// SPDX-License-Identifier: GPL-2.0
/* Arguments of the filter kind `impair`, and its parameters and counters as text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dlilctl.h"

#define NS_PER_SECOND 1e9
#define MAX_NS 100e9
/* A probability of 1; others are multiples of 2^-32. */
#define CERTAIN 0xffffffffU
#define LOSS_PARAMS 5

static const char *const models[] = { "random", "every", "state", "gemodel", NULL };
static const char *const distributions[] = {
	[DLIL_IMPAIR_DISTRIBUTION_UNIFORM] = "uniform",
	[DLIL_IMPAIR_DISTRIBUTION_NORMAL] = "normal",
	[DLIL_IMPAIR_DISTRIBUTION_PARETO] = "pareto",
	[DLIL_IMPAIR_DISTRIBUTION_PARETONORMAL] = "paretonormal",
	NULL
};

/* A unit, and how many of the smallest one it is. */
struct unit {
	const char *name;
	double factor;
};

static const struct unit times[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { NULL, 0 }
};

/* Other names that tc knows. */
static const struct unit long_times[] = {
	{ "nsec", 1 }, { "usec", 1e3 }, { "msec", 1e6 }, { "sec", 1e9 },
	{ "nsecs", 1 }, { "usecs", 1e3 }, { "msecs", 1e6 }, { "secs", 1e9 },
	{ NULL, 0 }
};

static const struct unit rates[] = {
	{ "bit", 1 }, { "kbit", 1e3 }, { "mbit", 1e6 }, { "gbit", 1e9 },
	{ "bps", 8 }, { "kbps", 8e3 }, { "mbps", 8e6 }, { "gbps", 8e9 },
	{ NULL, 0 }
};

static const struct unit percents[] = { { "%", 0.01 }, { NULL, 0 } };

/* Returns @word, a number and one of @units, in the smallest unit; else -1. */
static double measure(const char *word, const struct unit *units)
{
	size_t digits = strspn(word, "0123456789.");
	char *end;
	double value = strtod(word, &end);

	if (!isdigit((unsigned char)*word) || end != word + digits)
		return -1;
	for (; units->name; units++)
		if (!strcasecmp(end, units->name))
			return value * units->factor;
	return -1;
}

/* Avoids a library that would be needed for this alone. */
static uint64_t rounded(double value)
{
	return value + 0.5;
}

static uint64_t to_time(const char *word)
{
	double ns = strcmp(word, "0") ? measure(word, times) : 0;

	if (ns < 0)
		ns = measure(word, long_times);
	if (ns < 0 || ns > MAX_NS)
		usage_error("\"%s\" is not a time from 0 to 100s, such as 20ms or 1.5s",
			    word);
	return rounded(ns);
}

static uint32_t to_share(const char *word)
{
	double share = measure(word, percents) * 4294967296.0;

	if (share < 0 || share > 4294967296.0)
		usage_error("\"%s\" is not a percentage from 0%% to 100%%, such as 0.1%%",
			    word);
	if (share > 0 && !rounded(share))
		usage_error("\"%s\" is too small: the smallest percentage is 0.00000002%%",
			    word);
	return share > CERTAIN ? CERTAIN : (uint32_t)rounded(share);
}

/* Does the next word begin with a digit?  Then it belongs to the effect before. */
static bool has_value(const struct args *args)
{
	return args->n && isdigit((unsigned char)args->words[0][0]);
}

static uint32_t next_share(struct args *args, const char *what)
{
	return to_share(next_word(args, what));
}

/* Takes up to @max percentages; returns how many there are, at least one. */
static unsigned int next_shares(struct args *args, const char *what,
				uint32_t *shares, unsigned int max)
{
	unsigned int n = 0;

	do
		shares[n++] = next_share(args, what);
	while (n < max && has_value(args));
	return n;
}

static uint32_t at_least(struct args *args, const char *what, uint32_t min)
{
	uint32_t value = next_number(args, what);

	if (value < min)
		usage_error("%s must be at least %u", what, min);
	return value;
}

static void put_loss(struct nlmsghdr *nlh, uint32_t model, const uint32_t *p)
{
	uint16_t i;

	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_LOSS_MODEL, model);
	for (i = 0; i < LOSS_PARAMS; i++)
		mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_LOSS_P1 + i, p[i]);
}

/* Absent parameters are those of the simpler models that they contain, as with netem. */
static void parse_loss(struct args *args, struct nlmsghdr *nlh)
{
	uint32_t p[LOSS_PARAMS] = { 0 };
	int model = 0;
	unsigned int n;

	if (!has_value(args))
		model = next_choice(args, models,
				    "P% or random, every, state or gemodel");
	if (model == 1)
		mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_EVERY,
				 at_least(args, "the number of packets", 1));
	else
		n = next_shares(args, "the probability of loss", p,
				model == 0 ? 1 : model == 2 ? 5 : 4);
	if (model == 2) {
		if (n < 2)
			p[1] = CERTAIN - p[0];
		if (n < 4)
			p[3] = CERTAIN;
	} else if (model == 3) {
		if (n < 2)
			p[1] = CERTAIN - p[0];
		if (n < 3)
			p[2] = CERTAIN;
	}
	put_loss(nlh, DLIL_IMPAIR_LOSS_RANDOM + model, p);
}

static void parse_delay(struct args *args, struct nlmsghdr *nlh)
{
	uint64_t delay = to_time(next_word(args, "the delay")), jitter = 0;
	uint32_t correlation = 0;

	if (has_value(args)) {
		jitter = to_time(next_word(args, "the jitter"));
		if (has_value(args))
			correlation = next_share(args, "the correlation");
	}
	if (jitter > delay)
		usage_error("the jitter must not exceed the delay");
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_DELAY, delay);
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_JITTER, jitter);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_CORRELATION, correlation);
}

static void parse_distribution(struct args *args, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_DISTRIBUTION,
			 next_choice(args, distributions,
				     "uniform, normal, pareto or paretonormal"));
}

static void parse_duplicate(struct args *args, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_DUPLICATE,
			 next_share(args, "the probability of a copy"));
}

static void parse_corrupt(struct args *args, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_CORRUPT,
			 next_share(args, "the probability of a bit error"));
}

static void parse_reorder(struct args *args, struct nlmsghdr *nlh)
{
	static const char *const gap[] = { "gap", NULL };

	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_REORDER,
			 next_share(args, "the probability of reordering"));
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_DISTANCE,
			 has_value(args) ? at_least(args, "the distance", 1) : 1);
	if (args->n && find_choice(gap, args->words[0]) >= 0) {
		next_word(args, "gap");
		mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_GAP,
				 at_least(args, "the gap", 1));
	} else {
		mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_GAP, 0);
	}
}

/* A rate in bytes per second; "none" takes the bound away. */
static void parse_rate(struct args *args, struct nlmsghdr *nlh)
{
	const char *word = next_word(args, "the rate");
	double bits = measure(word, rates);

	if (!strcmp(word, "none"))
		bits = 0;
	else if (bits < 8 || bits > 1e13)
		usage_error("\"%s\" is not a rate from 8bit to 10000gbit, or none",
			    word);
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_RATE, rounded(bits / 8));
}

static void parse_overhead(struct args *args, struct nlmsghdr *nlh)
{
	const char *word = next_word(args, "the overhead");
	char *end;
	long bytes = strtol(word, &end, 10);

	if (!*word || *end || bytes < -64 || bytes > 1024)
		usage_error("\"%s\" is not an overhead from -64 to 1024 bytes", word);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_OVERHEAD, (uint32_t)bytes);
}

static void parse_limit(struct args *args, struct nlmsghdr *nlh)
{
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_LIMIT,
			 at_least(args, "the limit", 1));
}

static void parse_seed(struct args *args, struct nlmsghdr *nlh)
{
	const char *word = next_word(args, "the seed");
	size_t digits = strspn(word, "0123456789");
	uint64_t seed = strtoull(word, NULL, 10);

	if (!digits || word[digits] || digits > 18)
		usage_error("\"%s\" is not a seed: it has 1 to 18 digits", word);
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_SEED, seed);
}

static const struct {
	const char *name;
	void (*parse)(struct args *args, struct nlmsghdr *nlh);
} effects[] = {
	{ "loss", parse_loss }, { "delay", parse_delay },
	{ "distribution", parse_distribution },
	{ "duplicate", parse_duplicate }, { "corrupt", parse_corrupt },
	{ "reorder", parse_reorder }, { "rate", parse_rate },
	{ "overhead", parse_overhead }, { "limit", parse_limit },
	{ "seed", parse_seed },
};

#define EFFECTS \
	"loss, delay, distribution, duplicate, corrupt, reorder, rate, overhead, limit or seed"

/* Finds an effect by its name, or by an abbreviation of it. */
static size_t find_effect(const char *word)
{
	size_t i, n = 0, found = 0;

	for (i = 0; i < ARRAY_SIZE(effects); i++) {
		if (!strcmp(effects[i].name, word))
			return i;
		if (*word && !strncmp(effects[i].name, word, strlen(word))) {
			found = i;
			n++;
		}
	}
	if (n == 1)
		return found;
	usage_error("expected " EFFECTS ", got \"%s\"", word);
}

/* Appends the attributes of the kind to @nlh. */
void put_impair(struct args *args, struct nlmsghdr *nlh)
{
	bool seen[ARRAY_SIZE(effects)] = { false };
	size_t i;

	if (!args->n)
		usage_error("an effect is missing, such as loss or delay");
	while (args->n) {
		i = find_effect(next_word(args, "an effect"));
		if (seen[i])
			usage_error("%s is given twice", effects[i].name);
		seen[i] = true;
		effects[i].parse(args, nlh);
	}
}

/* Where parameters are printed. */
static FILE *to;

/* Prints a number with as many decimals as it needs. */
static void print_number(double value, int decimals)
{
	char s[64];
	char *end;

	snprintf(s, sizeof(s), "%.*f", decimals, value);
	end = s + strlen(s);
	if (strchr(s, '.'))
		while (end[-1] == '0')
			*--end = 0;
	if (end[-1] == '.')
		end[-1] = 0;
	fputs(s, to);
}

/* Prints a value in the largest unit of which it is at least one. */
static void print_unit(double value, const struct unit *units, size_t n)
{
	while (n > 1 && value < units[n - 1].factor)
		n--;
	fputc(' ', to);
	print_number(value / units[n - 1].factor, 6);
	fputs(units[n - 1].name, to);
}

static void print_time(json_int_t ns)
{
	if (ns)
		print_unit(ns, times, 4);
	else
		fputs(" 0", to);
}

static double percent(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void print_percent(const json_t *impair, const char *key)
{
	fputc(' ', to);
	print_number(percent(impair, key), 6);
	fputc('%', to);
}

static void print_loss(const json_t *impair)
{
	static const char *const keys[] = {
		"loss-p1", "loss-p2", "loss-p3", "loss-p4", "loss-p5",
	};
	const char *model = text(impair, "loss-model");
	size_t i, n = 1;

	if (!strcmp(model, "none"))
		return;
	fprintf(to, " loss");
	if (!strcmp(model, "every")) {
		fprintf(to, " every %lld", number(impair, "every"));
		return;
	}
	if (strcmp(model, "random")) {
		fprintf(to, " %s", model);
		n = strcmp(model, "state") ? 4 : 5;
	}
	for (i = 0; i < n; i++)
		print_percent(impair, keys[i]);
}

static void print_delay(const json_t *impair)
{
	json_int_t delay = number(impair, "delay");
	json_int_t jitter = number(impair, "jitter");

	if (!delay)
		return;
	fprintf(to, " delay");
	print_time(delay);
	if (!jitter)
		return;
	print_time(jitter);
	if (percent(impair, "correlation") > 0)
		print_percent(impair, "correlation");
	fprintf(to, " distribution %s", text(impair, "distribution"));
}

static void print_share(const json_t *impair, const char *key)
{
	if (percent(impair, key) <= 0)
		return;
	fprintf(to, " %s", key);
	print_percent(impair, key);
}

/* Prints the parameters in the words in which they can be given; @seed may be left out. */
void print_impair(FILE *f, const json_t *impair, bool seed)
{
	to = f;
	print_loss(impair);
	print_delay(impair);
	print_share(impair, "duplicate");
	print_share(impair, "corrupt");
	if (percent(impair, "reorder") > 0) {
		print_share(impair, "reorder");
		fprintf(to, " %lld", number(impair, "distance"));
		if (number(impair, "gap"))
			fprintf(to, " gap %lld", number(impair, "gap"));
	}
	if (number(impair, "rate")) {
		fprintf(to, " rate");
		print_unit(8.0 * number(impair, "rate"), rates, 4);
		if (number(impair, "overhead"))
			fprintf(to, " overhead %lld", number(impair, "overhead"));
	}
	fprintf(to, " limit %lld", number(impair, "limit"));
	if (seed)
		fprintf(to, " seed %lld", number(impair, "seed"));
}

static void print_way(const json_t *impair, const char *way)
{
	static const char *const keys[] = {
		"passed", "lost", "duplicated", "corrupted", "reordered",
		"limited", "failed", "held", "bytes",
	};
	const json_t *counts = json_object_get(impair, way);
	size_t i;

	if (!counts)
		return;
	printf("        %s matched %lld", way, number(counts, "matched"));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		printf(" %s %lld", keys[i], number(counts, keys[i]));
	to = stdout;
	printf(" late");
	print_time(number(counts, "late-mean"));
	printf(" max");
	print_time(number(counts, "late-max"));
	putchar('\n');
}

/* Prints the counters, a line for each direction. */
void print_impair_counts(const json_t *impair)
{
	print_way(impair, "in");
	print_way(impair, "out");
}
