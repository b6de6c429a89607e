// SPDX-License-Identifier: GPL-2.0
/* dlilctl attach, detach and set. */
#include <linux/if.h>

#include "dlilctl.h"

/* Longest link address of the kernel. */
#define LLADDR_MAX 32

/* The index is better, because another device may have the name by now. */
static struct nlmsghdr *request(uint8_t cmd, const struct target *target)
{
	struct nlmsghdr *nlh;

	if (!target->ifindex)
		return genl_request(cmd, target->name);
	nlh = genl_request(cmd, NULL);
	mnl_attr_put_u32(nlh, DLIL_A_IFINDEX, target->ifindex);
	return nlh;
}

/* Attaches a device, with a policy or that of the kernel. */
static int attach(const struct target *target, const void *unmatched)
{
	struct outcome detached = {
		.event = "if-detached", .dev = target->name,
	};
	struct nlmsghdr *nlh = request(DLIL_CMD_IFNET_ATTACH, target);

	if (unmatched)
		mnl_attr_put_u32(nlh, DLIL_A_UNMATCHED,
				 *(const uint32_t *)unmatched);
	return genl_change_until(nlh, &detached);
}

/* Takes "unmatched pass|drop" from the end, behind at least one device. */
static bool last_unmatched(struct args *args, uint32_t *unmatched)
{
	static const char *const keywords[] = { "unmatched", NULL };
	struct args end = { .n = 2 };

	if (args->n == 2 && !find_choice(keywords, args->words[1]))
		end.n = 1;
	else if (args->n < 3 ||
		 find_choice(keywords, args->words[args->n - 2]) < 0)
		return false;
	end.words = args->words + args->n - end.n;
	args->n -= end.n;
	next_choice(&end, keywords, "unmatched");
	*unmatched = next_unmatched(&end);
	return true;
}

int run_attach(struct args *args)
{
	uint32_t unmatched;
	bool given = last_unmatched(args, &unmatched);

	return for_devices(args, true, attach, given ? &unmatched : NULL);
}

static int detach(const struct target *target, const void *unused)
{
	struct outcome detached = {
		.event = "if-detached", .dev = target->name, .wait = true,
	};

	(void)unused;
	return genl_change_until(request(DLIL_CMD_IFNET_DETACH, target), &detached);
}

int run_detach(struct args *args)
{
	return for_devices(args, false, detach, NULL);
}

static void put_lladdr(struct nlmsghdr *nlh, uint16_t type, struct args *args)
{
	uint8_t addr[LLADDR_MAX];
	size_t len = next_lladdr(args, addr, sizeof(addr));

	mnl_attr_put(nlh, type, len, addr);
}

static void put_up(struct nlmsghdr *nlh, bool up)
{
	mnl_attr_put_u32(nlh, DLIL_A_FLAGS, up ? IFF_UP : 0);
	mnl_attr_put_u32(nlh, DLIL_A_FLAGS_MASK, IFF_UP);
}

static void put_group(struct nlmsghdr *nlh, struct args *args)
{
	static const char *const verbs[] = { "add", "del", NULL };
	bool del = next_choice(args, verbs, "add or del");

	put_lladdr(nlh, del ? DLIL_A_GROUP_DEL : DLIL_A_GROUP_ADD, args);
}

/* One limit of the queue, or both. */
static void put_queue(struct nlmsghdr *nlh, struct args *args)
{
	static const char *const limits[] = { "packets", "bytes", NULL };
	static const uint16_t types[] = {
		DLIL_A_QUEUE_MAX_PACKETS, DLIL_A_QUEUE_MAX_BYTES
	};
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_QUEUE);
	bool given[2] = {};
	int which;

	do {
		which = next_choice(args, limits, "packets or bytes");
		if (given[which])
			usage_error("%s is given twice", limits[which]);
		given[which] = true;
		mnl_attr_put_u32(nlh, types[which], next_number(args, "N"));
	} while (args->n && find_choice(limits, args->words[0]) >= 0);
	mnl_attr_nest_end(nlh, nest);
}

static void put_attr(struct nlmsghdr *nlh, uint32_t attr, struct args *args)
{
	static const char *const choices[] = { "off", "on", NULL };
	bool on = next_choice(args, choices, "on or off");

	mnl_attr_put_u32(nlh, DLIL_A_ATTRS, on ? attr : 0);
	mnl_attr_put_u32(nlh, DLIL_A_ATTRS_MASK, attr);
}

/*
 * The kernel applies the first three; filters and the device decide about the
 * others.
 */
static const char *const settings[] = {
	"unmatched", "queue", "arpll", "mtu", "lladdr", "up", "down",
	"multicast", NULL
};

enum { UNMATCHED, QUEUE, ARPLL, MTU, LLADDR, UP, DOWN, MULTICAST, N_SETTINGS };

static void put_setting(struct nlmsghdr *nlh, int what, struct args *args)
{
	switch (what) {
	case UNMATCHED:
		mnl_attr_put_u32(nlh, DLIL_A_UNMATCHED, next_unmatched(args));
		break;
	case QUEUE:
		put_queue(nlh, args);
		break;
	case ARPLL:
		put_attr(nlh, DLIL_ATTR_ARPLL, args);
		break;
	case MTU:
		mnl_attr_put_u32(nlh, DLIL_A_MTU, next_number(args, "N"));
		break;
	case LLADDR:
		put_lladdr(nlh, DLIL_A_ADDRESS, args);
		break;
	case UP:
	case DOWN:
		put_up(nlh, what == UP);
		break;
	case MULTICAST:
		put_group(nlh, args);
		break;
	}
}

/* All settings are one request, so that the kernel sets all of them, or none. */
int run_set(struct args *args)
{
	struct nlmsghdr *nlh = genl_request(DLIL_CMD_IFNET_SET, next_dev(args));
	bool given[N_SETTINGS] = {};
	int what;

	do {
		what = next_choice(args, settings,
				   "unmatched, queue, arpll, mtu, lladdr, up, down or multicast");
		if (given[what])
			usage_error("%s is given twice", settings[what]);
		given[what] = true;
		put_setting(nlh, what, args);
		if (what > ARPLL)
			genl_set_command(nlh, DLIL_CMD_CONTROL);
	} while (args->n);
	if (given[UP] && given[DOWN])
		usage_error("up and down exclude each other");
	return genl_change(nlh);
}
