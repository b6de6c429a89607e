// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel played by the test: it stands in for libmnl's socket functions, so
 * that all of dlilctl runs with no module and no rights.
 *
 * It also stands in for libpcap where that would open a device.
 *
 * $FAKE lists what should happen, for instance "intr big"; see the uses of
 * scenario().  Each request is decoded into a line of the file $FAKE_LOG.
 */
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include "dlilctl.h"

#define FAMILY 0x1d
#define PORT 4711

/* The kernel makes no larger part of a dump. */
#define PART_SIZE (32 * 1024)

struct mnl_socket {
	int bus;
	unsigned int options;
	bool listens;
	bool traces;
	int step;
};

/* One datagram after the other. */
struct datagram {
	struct datagram *next;
	size_t len;
	char data[];
};

/* One that asks; a monitor has another one open meanwhile. */
static struct mnl_socket sockets[2];
static unsigned int open_sockets;
static struct datagram *first, **last = &first;
static _Alignas(struct nlmsghdr) char part[2 * PART_SIZE];
static size_t part_len;
static int receive_error;
static FILE *log_file;

/* The last request whose end is an event, or 0, and what it was about. */
static uint8_t under_way;
static char asked_dev[DEV_MAX_LEN + 1] = "veth0";
static char asked_name[64];

/* A device, and what it is also called. */
struct device {
	uint32_t index;
	const char *name;
	const char *altname;
};

static const struct device devices[] = {
	{ 4, "veth0", "port4" },
	{ 7, "veth7", "port-7-of-the-card-on-the-left" },
};

static const struct device *find_device(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (!strcmp(devices[i].name, name) ||
		    !strcmp(devices[i].altname, name))
			return &devices[i];
	return NULL;
}

static bool scenario(const char *word)
{
	const char *all = getenv("FAKE"), *at = all ? strstr(all, word) : NULL;
	size_t len = strlen(word);

	return at && (at == all || at[-1] == ' ') && (!at[len] || at[len] == ' ');
}

static void end_datagram(void)
{
	struct datagram *d;

	if (!part_len)
		return;
	d = malloc(sizeof(*d) + part_len);
	d->next = NULL;
	d->len = part_len;
	memcpy(d->data, part, part_len);
	*last = d;
	last = &d->next;
	part_len = 0;
}

static struct nlmsghdr *start(const struct nlmsghdr *req, uint16_t type,
			      uint16_t flags)
{
	struct nlmsghdr *nlh;

	if (part_len > PART_SIZE)
		end_datagram();
	nlh = mnl_nlmsg_put_header(part + part_len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = req->nlmsg_seq;
	nlh->nlmsg_pid = PORT;
	return nlh;
}

static void end(const struct nlmsghdr *nlh)
{
	part_len += MNL_ALIGN(nlh->nlmsg_len);
}

static bool is_open(const struct mnl_socket *nl)
{
	return open_sockets && nl == &sockets[open_sockets - 1];
}

/* Where in the request the attribute at fault is. */
static uint32_t at_fault = 20;

static void put_sentence(struct nlmsghdr *nlh, const char *sentence)
{
	if (!sentence ||
	    !(sockets[open_sockets - 1].options & 1 << NETLINK_EXT_ACK))
		return;
	nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
	mnl_attr_put_u32(nlh, NLMSGERR_ATTR_OFFS, at_fault);
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, sentence);
}

/* NLMSG_ERROR, after which there is nothing more. */
static void acknowledge(const struct nlmsghdr *req, int err,
			const char *sentence)
{
	struct nlmsghdr *nlh = start(req, NLMSG_ERROR, 0);
	size_t rest = req->nlmsg_len - sizeof(*req);
	struct nlmsgerr *msg;

	msg = mnl_nlmsg_put_extra_header(nlh, sizeof(*msg));
	msg->error = err;
	msg->msg = *req;
	if (err && scenario("uncapped"))
		memcpy(mnl_nlmsg_put_extra_header(nlh, rest), req + 1, rest);
	else
		nlh->nlmsg_flags |= NLM_F_CAPPED;
	put_sentence(nlh, sentence);
	end(nlh);
	end_datagram();
}

static void done(const struct nlmsghdr *req, int err, const char *sentence)
{
	struct nlmsghdr *nlh = start(req, NLMSG_DONE, NLM_F_MULTI);

	*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = err;
	put_sentence(nlh, sentence);
	end(nlh);
	end_datagram();
}

/* The tool has to ignore padding and attributes of a newer kernel. */
static struct nlattr *start_nest(struct nlmsghdr *nlh, uint16_t type)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, 1, 0, NULL);
	mnl_attr_put_u32(nlh, 99, 7);
	return nest;
}

static void put_protocol(struct nlmsghdr *nlh, const char *family,
			 uint32_t number, uint64_t packets)
{
	struct nlattr *nest = start_nest(nlh, DLIL_A_PROTOCOL);

	mnl_attr_put_strz(nlh, DLIL_A_PROTO_FAMILY, family);
	mnl_attr_put_u32(nlh, DLIL_A_PROTO_NUMBER, number);
	mnl_attr_put_u64(nlh, DLIL_A_PROTO_PACKETS, packets);
	mnl_attr_nest_end(nlh, nest);
}

static void put_plumber(struct nlmsghdr *nlh, const char *family,
			uint32_t number, uint32_t count)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_PLUMBER);

	mnl_attr_put_strz(nlh, DLIL_A_PLUMBER_FAMILY, family);
	mnl_attr_put_u32(nlh, DLIL_A_PLUMBER_NUMBER, number);
	mnl_attr_put_u32(nlh, DLIL_A_PLUMBER_COUNT, count);
	mnl_attr_nest_end(nlh, nest);
}

static void tell_filter(struct nlmsghdr *nlh, const char *name, const char *kind,
			uint32_t direction, const char *action, const char *expr)
{
	struct nlattr *nest = start_nest(nlh, DLIL_A_FILTER);

	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, name);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_KIND, kind);
	mnl_attr_put_u32(nlh, DLIL_A_FILTER_DIRECTION, direction);
	if (action)
		mnl_attr_put_strz(nlh, DLIL_A_FILTER_ACTION, action);
	if (expr)
		mnl_attr_put_strz(nlh, DLIL_A_FILTER_EXPR, expr);
	mnl_attr_put_u64(nlh, DLIL_A_FILTER_PACKETS, 960);
	mnl_attr_put_u64(nlh, DLIL_A_FILTER_MATCHED, 20);
	mnl_attr_nest_end(nlh, nest);
}

static void tell_module_filter(struct nlmsghdr *nlh)
{
	struct nlattr *nest = start_nest(nlh, DLIL_A_FILTER);

	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, "own");
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_KIND, "sample");
	mnl_attr_put_u32(nlh, DLIL_A_FILTER_DIRECTION, DLIL_DIRECTION_IN);
	mnl_attr_put(nlh, DLIL_A_FILTER_OF_MODULE, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static void put_share(struct nlmsghdr *nlh, uint16_t type, double percent)
{
	mnl_attr_put_u32(nlh, type, percent >= 100 ? UINT32_MAX :
				    (uint32_t)(percent * 42949672.96 + 0.5));
}

/* A filter of the kind impair, or of another one with attributes of its own. */
static void put_impair_filter(struct nlmsghdr *nlh, const char *kind)
{
	struct nlattr *counts, *data, *nest = start_nest(nlh, DLIL_A_FILTER);
	int i;

	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, "bad");
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_KIND, kind);
	mnl_attr_put_u32(nlh, DLIL_A_FILTER_DIRECTION, DLIL_DIRECTION_IN);
	mnl_attr_put_strz(nlh, DLIL_A_FILTER_EXPR, "tcp port 443");
	mnl_attr_put_u64(nlh, DLIL_A_FILTER_PACKETS, 960);
	mnl_attr_put_u64(nlh, DLIL_A_FILTER_MATCHED, 20);
	data = start_nest(nlh, DLIL_A_FILTER_DATA);
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_SEED, 7);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_LOSS_MODEL,
			 DLIL_IMPAIR_LOSS_GEMODEL);
	put_share(nlh, DLIL_A_IMPAIR_LOSS_P1, 1);
	put_share(nlh, DLIL_A_IMPAIR_LOSS_P2, 30);
	put_share(nlh, DLIL_A_IMPAIR_LOSS_P3, 100);
	put_share(nlh, DLIL_A_IMPAIR_LOSS_P4, 0.001);
	put_share(nlh, DLIL_A_IMPAIR_LOSS_P5, 0);
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_DELAY, 20000000);
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_JITTER, 1500000);
	put_share(nlh, DLIL_A_IMPAIR_CORRELATION, 25);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_DISTRIBUTION,
			 DLIL_IMPAIR_DISTRIBUTION_PARETO);
	put_share(nlh, DLIL_A_IMPAIR_DUPLICATE, 0.1);
	put_share(nlh, DLIL_A_IMPAIR_CORRUPT, 0.01);
	put_share(nlh, DLIL_A_IMPAIR_REORDER, 2);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_DISTANCE, 3);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_GAP, 5);
	mnl_attr_put_u64(nlh, DLIL_A_IMPAIR_RATE, 625000);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_OVERHEAD, (uint32_t)-4);
	mnl_attr_put_u32(nlh, DLIL_A_IMPAIR_LIMIT, 2000);
	counts = start_nest(nlh, DLIL_A_IMPAIR_IN);
	for (i = DLIL_A_IMPAIR_COUNTS_MATCHED; i <= DLIL_A_IMPAIR_COUNTS_MAX; i++)
		mnl_attr_put_u64(nlh, i, 1000 * i);
	mnl_attr_nest_end(nlh, counts);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, nest);
}

static void put_account(struct nlmsghdr *nlh, uint16_t type, uint64_t seen,
			uint64_t filtered)
{
	struct nlattr *drops, *account = start_nest(nlh, type);
	uint64_t under_way = scenario("moving") ? 2 : 0;
	uint64_t passed = type == DLIL_A_INPUT ? 60 : 0;

	mnl_attr_put_u64(nlh, DLIL_A_ACCOUNT_SEEN, seen + under_way);
	mnl_attr_put_u64(nlh, DLIL_A_ACCOUNT_DELIVERED,
			 seen - passed - filtered - 20);
	mnl_attr_put_u64(nlh, DLIL_A_ACCOUNT_PASSED, passed);
	mnl_attr_put_u64(nlh, DLIL_A_ACCOUNT_STOLEN, 10);
	mnl_attr_put_u64(nlh, DLIL_A_ACCOUNT_FREED, filtered + 10);
	drops = start_nest(nlh, DLIL_A_ACCOUNT_DROPS);
	mnl_attr_put_u64(nlh, DLIL_A_DROPS_FILTER, filtered);
	mnl_attr_put_u64(nlh, DLIL_A_DROPS_QUEUE_FULL, 10);
	mnl_attr_nest_end(nlh, drops);
	mnl_attr_nest_end(nlh, account);
}

static void put_stats(struct nlmsghdr *nlh)
{
	struct nlattr *nest = start_nest(nlh, DLIL_A_STATS);
	uint64_t base = scenario("huge") ? UINT64_MAX - 100 : 100;
	int i;

	for (i = DLIL_A_STATS_IPACKETS; i <= DLIL_A_STATS_MAX; i++)
		mnl_attr_put_u64(nlh, i, i == DLIL_A_STATS_IBYTES ?
				 base * 123456789 : base + i);
	if (scenario("short"))
		mnl_attr_put_u32(nlh, DLIL_A_STATS_NOPROTO, 1);
	mnl_attr_nest_end(nlh, nest);
}

static void put_class(struct nlmsghdr *nlh, uint16_t class)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, class);
	int i;

	mnl_attr_put(nlh, DLIL_A_CLASS_PAD, 0, NULL);
	for (i = DLIL_A_CLASS_IPACKETS; i <= DLIL_A_CLASS_OBYTES; i++)
		mnl_attr_put_u64(nlh, i, 10 * class + i);
	mnl_attr_nest_end(nlh, nest);
}

static void put_classes(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_CLASSES);

	put_class(nlh, DLIL_A_CLASSES_BACKGROUND);
	put_class(nlh, DLIL_A_CLASSES_VIDEO);
	put_class(nlh, DLIL_A_CLASSES_VOICE);
	mnl_attr_nest_end(nlh, nest);
}

static void put_queue(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_QUEUE);

	mnl_attr_put_u32(nlh, DLIL_A_QUEUE_MAX_PACKETS, 2048);
	mnl_attr_put_u32(nlh, DLIL_A_QUEUE_MAX_BYTES, 33554432);
	mnl_attr_put_u32(nlh, DLIL_A_QUEUE_PACKETS, 3);
	mnl_attr_put_u32(nlh, DLIL_A_QUEUE_BYTES, 2304);
	mnl_attr_nest_end(nlh, nest);
}

static void put_overdue(struct nlmsghdr *nlh)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_OVERDUE);

	mnl_attr_put_strz(nlh, DLIL_A_OVERDUE_PARTY, "filter");
	mnl_attr_put_strz(nlh, DLIL_A_OVERDUE_NAME, "slow");
	mnl_attr_put_strz(nlh, DLIL_A_OVERDUE_CALLBACK, "input");
	mnl_attr_put_u32(nlh, DLIL_A_OVERDUE_SECONDS, 12);
	mnl_attr_put_strz(nlh, DLIL_A_OVERDUE_TASK, "dlil/veth0");
	mnl_attr_put_u32(nlh, DLIL_A_OVERDUE_PID, 123);
	mnl_attr_nest_end(nlh, nest);
}

static void put_ifnet(const struct nlmsghdr *req, uint16_t flags,
		      uint32_t index, const char *name)
{
	struct nlmsghdr *nlh = start(req, FAMILY, flags);
	bool known = !scenario("unknown");
	struct genlmsghdr *genl;

	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = DLIL_CMD_IFNET_GET;
	mnl_attr_put_u32(nlh, DLIL_A_IFINDEX, index);
	if (scenario("unterminated"))
		mnl_attr_put(nlh, DLIL_A_IFNAME, 4, "eth0");
	else
		mnl_attr_put_strz(nlh, DLIL_A_IFNAME, name);
	mnl_attr_put_u32(nlh, DLIL_A_STATE,
			 !known ? 1000 :
			 scenario("leaving") && index == 7 ? DLIL_STATE_DETACHING :
							     DLIL_STATE_ATTACHED);
	mnl_attr_put_u32(nlh, DLIL_A_UNMATCHED, DLIL_UNMATCHED_DROP);
	mnl_attr_put_u32(nlh, DLIL_A_THREAD, 1234);
	put_queue(nlh);
	mnl_attr_put_u64(nlh, DLIL_A_REVISION, 17);
	if (!scenario("old")) {
		mnl_attr_put_u32(nlh, DLIL_A_ATTRS,
				 DLIL_ATTR_TSO4 | DLIL_ATTR_ARPLL);
		mnl_attr_put_u64(nlh, DLIL_A_LAST_CHANGE, 61005);
	}
	put_protocol(nlh, "inet", 2, 900);
	put_protocol(nlh, "vlan", 257, 0);
	put_plumber(nlh, "inet", 2, 1);
	put_plumber(nlh, "mpls", 258, 0);
	if (!scenario("bare") || index == 4) {
		tell_filter(nlh, "noping", "match", DLIL_DIRECTION_IN, "drop",
			    "icmp or arp");
		if (scenario("of-module"))
			tell_module_filter(nlh);
		else
			tell_filter(nlh, "own", "sample", known ? 3 : 0, NULL, NULL);
	}
	if (scenario("more-filters")) {
		tell_filter(nlh, "b", "match", 3, "count", "arp");
		tell_filter(nlh, "c d", "match", 2, "pass", "");
	}
	if (scenario("impair"))
		put_impair_filter(nlh, "impair");
	if (scenario("other-kind"))
		put_impair_filter(nlh, "other");
	if (scenario("overdue"))
		put_overdue(nlh);
	put_stats(nlh);
	if (scenario("classes"))
		put_classes(nlh);
	put_account(nlh, DLIL_A_INPUT, 1000, 20);
	put_account(nlh, DLIL_A_OUTPUT, 500, 5);
	if (!scenario("old"))
		mnl_attr_put_u32(nlh, DLIL_A_HEADER,
				 !known ? 1000 :
				 scenario("raw") ? DLIL_HEADER_NONE :
						   DLIL_HEADER_ETHERNET);
	mnl_attr_put_u32(nlh, 200, 1);
	end(nlh);
}

/* The rest of an ifnet that was too long for one message. */
static void put_rest(const struct nlmsghdr *req, uint32_t index)
{
	struct nlmsghdr *nlh;

	end_datagram();
	nlh = start(req, FAMILY, NLM_F_MULTI);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_u32(nlh, DLIL_A_IFINDEX, index);
	tell_filter(nlh, "last", "match", DLIL_DIRECTION_OUT, "count", "ip6");
	end(nlh);
}

static void dump(const struct nlmsghdr *req)
{
	static int dumps;
	bool intr = scenario("never-still") || (scenario("intr") && !dumps);
	uint16_t flags = NLM_F_MULTI | (intr ? NLM_F_DUMP_INTR : 0);
	char name[16];
	int i;

	if (scenario("lost") && !dumps)
		receive_error = ENOBUFS;
	dumps++;
	if (intr && scenario("latecomer")) {
		/* The change is only seen in the second part. */
		put_ifnet(req, NLM_F_MULTI, 3, "stale0");
		end_datagram();
	}
	if (scenario("big")) {
		for (i = 1; i <= 1000; i++) {
			snprintf(name, sizeof(name), "v%d", i);
			put_ifnet(req, flags, i, name);
		}
	} else if (!scenario("empty")) {
		put_ifnet(req, flags, 4, intr ? "stale0" : "veth0");
		if (scenario("split"))
			put_rest(req, 4);
		put_ifnet(req, flags, 7,
			  scenario("latin1") ? "stra\337e" : "veth7");
	}
	if (scenario("dump-refused"))
		done(req, -EMSGSIZE, "the list is too long");
	else
		done(req, 0, NULL);
}

/* Numbers of the groups: of the family's events, and of all families. */
enum { EVENTS_GROUP = 0x20, CTRL_GROUP = 0x10 };

static void put_groups(struct nlmsghdr *nlh)
{
	struct nlattr *group, *groups;

	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, 0x1f);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, "others");
	mnl_attr_nest_end(nlh, group);
	group = mnl_attr_nest_start(nlh, 2);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, EVENTS_GROUP);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, DLIL_MCGRP_EVENTS);
	mnl_attr_nest_end(nlh, group);
	mnl_attr_nest_end(nlh, groups);
}

/* Events: no request, so no number and nobody's answer. */

static const struct nlmsghdr no_request;

/* One of a device that is gone has the name by which it was asked for. */
#define GONE_INDEX 9

/* A device may be meant by any name: the event has its first one. */
static struct nlmsghdr *start_event(const char *dev)
{
	struct nlmsghdr *nlh = start(&no_request, FAMILY, 0);
	const struct device *found = find_device(dev);
	struct genlmsghdr *genl;

	nlh->nlmsg_pid = 0;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = DLIL_CMD_EVENT;
	mnl_attr_put_u32(nlh, DLIL_A_IFINDEX,
			 found ? found->index : GONE_INDEX);
	mnl_attr_put_strz(nlh, DLIL_A_IFNAME, found ? found->name : dev);
	return nlh;
}

static struct nlattr *start_details(struct nlmsghdr *nlh, uint32_t subclass,
				    uint32_t code)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_EVENT);

	/* An attribute of a newer kernel. */
	mnl_attr_put_u32(nlh, 99, 7);
	mnl_attr_put_u32(nlh, DLIL_A_EVENT_CLASS, DLIL_EVENT_CLASS_NETWORK);
	mnl_attr_put_u32(nlh, DLIL_A_EVENT_SUBCLASS, subclass);
	mnl_attr_put_u32(nlh, DLIL_A_EVENT_CODE, code);
	return nest;
}

static void end_event(struct nlmsghdr *nlh, struct nlattr *nest)
{
	mnl_attr_nest_end(nlh, nest);
	end(nlh);
	end_datagram();
}

static void plain_event(const char *dev, uint32_t code)
{
	struct nlmsghdr *nlh = start_event(dev);

	end_event(nlh, start_details(nlh, DLIL_EVENT_SUBCLASS_DL, code));
}

static void u32_event(uint32_t code, uint16_t type, uint32_t value)
{
	struct nlmsghdr *nlh = start_event("veth0");
	struct nlattr *nest;

	nest = start_details(nlh, DLIL_EVENT_SUBCLASS_DL, code);
	mnl_attr_put_u32(nlh, type, value);
	end_event(nlh, nest);
}

static void proto_event(uint32_t code, const char *family)
{
	struct nlmsghdr *nlh = start_event(asked_dev);
	struct nlattr *nest = start_nest(nlh, DLIL_A_PROTOCOL);

	mnl_attr_put_strz(nlh, DLIL_A_PROTO_FAMILY, family);
	mnl_attr_put_u32(nlh, DLIL_A_PROTO_NUMBER, 2);
	mnl_attr_nest_end(nlh, nest);
	nest = start_details(nlh, DLIL_EVENT_SUBCLASS_DL, code);
	mnl_attr_put_u32(nlh, DLIL_A_EVENT_PROTOCOLS, 5);
	end_event(nlh, nest);
}

static void filter_event(const char *name)
{
	struct nlmsghdr *nlh = start_event(asked_dev);
	struct nlattr *nest = start_nest(nlh, DLIL_A_FILTER);

	mnl_attr_put_strz(nlh, DLIL_A_FILTER_NAME, name);
	mnl_attr_nest_end(nlh, nest);
	end_event(nlh, start_details(nlh, DLIL_EVENT_SUBCLASS_FILTER,
				     DLIL_FILTER_EVENT_DETACHED));
}

static void node_event(uint32_t code, size_t len)
{
	static const uint8_t ip4[4] = { 10, 7, 0, 2 };
	static const uint8_t ip6[16] = { 0xfd, 0, 0, 7, [15] = 2 };
	static const uint8_t mac[6] = { 2, 0, 0, 0, 7, 0xab };
	struct nlmsghdr *nlh = start_event("veth0");
	struct nlattr *nest;

	nest = start_details(nlh, DLIL_EVENT_SUBCLASS_DL, code);
	mnl_attr_put(nlh, DLIL_A_EVENT_NODE, len, len == 4 ? ip4 : ip6);
	if (len == 4)
		mnl_attr_put(nlh, DLIL_A_EVENT_ADDRESS, sizeof(mac), mac);
	end_event(nlh, nest);
}

/* An event of a module that the tool does not know. */
static void foreign_event(void)
{
	struct nlmsghdr *nlh = start_event("veth7");
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_EVENT);

	mnl_attr_put_u32(nlh, DLIL_A_EVENT_CLASS, 77);
	mnl_attr_put_u32(nlh, DLIL_A_EVENT_SUBCLASS, 2);
	mnl_attr_put_u32(nlh, DLIL_A_EVENT_CODE, 13);
	mnl_attr_put(nlh, DLIL_A_EVENT_DATA, 3, "\1\2\377");
	end_event(nlh, nest);
}

/* A family is gone: another one, or ours. */
static void family_event(const char *name)
{
	struct nlmsghdr *nlh = start(&no_request, GENL_ID_CTRL, 0);
	struct genlmsghdr *genl;

	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = CTRL_CMD_DELFAMILY;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	end(nlh);
	end_datagram();
}

/* One event of each code, and of one that there is not; then likewise. */
static void next_code(struct mnl_socket *nl)
{
	if (++nl->step <= DLIL_EVENT_MASTER_ELECTED + 1)
		plain_event("veth0", nl->step);
	else
		family_event(DLIL_GENL_NAME);
}

/* A waiter for the end of a request hears events of others first. */
static void next_end(struct mnl_socket *nl)
{
	bool first_asked = find_device(asked_dev) == &devices[0];

	switch (nl->step++) {
	case 0:
		plain_event(devices[first_asked].name, DLIL_EVENT_IF_DETACHED);
		break;
	case 1:
		filter_event("noping");
		break;
	case 2:
		proto_event(DLIL_EVENT_PROTO_DETACHED, "inet");
		break;
	default:
		if (scenario("unloaded"))
			family_event(DLIL_GENL_NAME);
		else if (under_way == DLIL_CMD_FILTER_DEL)
			filter_event(asked_name);
		else if (under_way == DLIL_CMD_PROTO_UNPLUMB)
			proto_event(DLIL_EVENT_PROTO_DETACHED, asked_name);
		else
			plain_event(asked_dev, DLIL_EVENT_IF_DETACHED);
	}
}

/* A monitor hears these one after the other; then the module is unloaded. */
static void next_event(struct mnl_socket *nl)
{
	if (under_way) {
		next_end(nl);
		return;
	}
	if (scenario("codes")) {
		next_code(nl);
		return;
	}
	switch (nl->step++) {
	case 0:
		plain_event("veth0", DLIL_EVENT_IF_ATTACHED);
		break;
	case 1:
		u32_event(DLIL_EVENT_SIFMTU, DLIL_A_EVENT_MTU, 1400);
		break;
	case 2:
		u32_event(DLIL_EVENT_SIFFLAGS, DLIL_A_EVENT_FLAGS, 0x1043);
		break;
	case 3:
		proto_event(DLIL_EVENT_PROTO_ATTACHED, "inet");
		break;
	case 4:
		filter_event("noping");
		break;
	case 5:
		node_event(DLIL_EVENT_NODE_PRESENCE, 4);
		break;
	case 6:
		node_event(DLIL_EVENT_NODE_ABSENCE,
			   scenario("short") ? 5 : 16);
		break;
	case 7:
		foreign_event();
		break;
	case 8:
		family_event("others");
		break;
	case 9:
		u32_event(DLIL_EVENT_IFCAP_CHANGED, DLIL_A_EVENT_ATTRS,
			  DLIL_ATTR_LINEAR | DLIL_ATTR_ARPLL);
		break;
	case 10:
		plain_event("veth0", scenario("unknown") ? 1000 :
						DLIL_EVENT_MASTER_ELECTED);
		break;
	default:
		family_event(DLIL_GENL_NAME);
	}
}

/* Traces: dropped packets. */

#define MACS "\2\0\0\0\7\2\2\0\0\0\7\1"
#define IP4(proto) "\x45\0\0\x54\0\0\0\0\x40" proto "\0\0" \
	"\x0a\7\0\1\x0a\7\0\2"
#define IP6(next) "\x60\0\0\0\0\x20" next "\x40" \
	"\xfd\0\0\7\0\0\0\0\0\0\0\0\0\0\0\1" \
	"\xfd\0\0\7\0\0\0\0\0\0\0\0\0\0\0\2"
#define ARP(op) "\0\1\x08\0\6\4" op "\2\0\0\0\7\1\x0a\7\0\1" \
	"\0\0\0\0\0\0\x0a\7\0\2"

#define DROPPED(b, h, t) .bytes = (b), .n = sizeof(b) - 1, .header = (h), .type = (t)
#define FRAMED(b) DROPPED(MACS b, DLIL_HEADER_ETHERNET, 0)

static const struct drop {
	uint32_t dev;
	uint32_t direction;
	uint32_t reason;
	const char *filter;
	const char *protocol;
	uint32_t header;
	uint16_t type;
	uint16_t vlan;
	size_t n;
	const char *bytes;
} drops[] = {
	{ .direction = 1, .reason = DLIL_A_DROPS_FILTER, .filter = "noping",
	  FRAMED("\x08\0" IP4("\1") "\x08\0") },
	{ .direction = 2, .reason = DLIL_A_DROPS_NOPROTO, .vlan = 0x2005,
	  FRAMED("\x86\xdd" IP6("\x11") "\x12\x67\0\x35\0\x20\0\0") },
	{ .dev = 1, .direction = 1, .reason = DLIL_A_DROPS_PROTOCOL,
	  .protocol = "inet", FRAMED("\x08\6" ARP("\0\1")) },
	{ .dev = 1, .direction = 1, .reason = DLIL_A_DROPS_QUEUE_FULL,
	  FRAMED("\x08\6" ARP("\0\2")) },
	{ .dev = 1, .direction = 2, .reason = DLIL_A_DROPS_DRIVER },
	{ .direction = 2, .reason = DLIL_A_DROPS_POLICY,
	  DROPPED(IP4("\6") "\x9c\x40\0\x50\0\0\0\1\0\0\0\0\x50\x12\0\0\0\0\0\0",
		  DLIL_HEADER_NONE, 0x0800) },
	{ .direction = 2, .reason = DLIL_A_DROPS_FRAMER,
	  DROPPED("odd", DLIL_HEADER_NONE, 0x8847) },
	/* Packets cut short, or with headers of a newer kind. */
	{ .direction = 1, .reason = DLIL_A_DROPS_DEMUX, FRAMED("\x08\0\x45") },
	{ .direction = 1, .reason = DLIL_A_DROPS_DEMUX,
	  FRAMED("\x81\0\0\7\x08\0" IP4("\6") "\x9c") },
	{ .direction = 1, .reason = DLIL_A_DROPS_DEMUX,
	  FRAMED("\x86\xdd" IP6("\x2c") "\x3a\0\0\x10\0\0\0\1") },
	{ .direction = 1, .reason = DLIL_A_DROPS_DEMUX,
	  FRAMED("\x86\xdd" IP6("\0") "\x3a\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		 "\x87\0") },
	{ .direction = 1, .reason = 1000, FRAMED("\0\x26") },
	{ .direction = 1, .reason = DLIL_A_DROPS_TSO,
	  DROPPED("\2", DLIL_HEADER_ETHERNET, 0) },
};

static struct nlmsghdr *start_trace(void)
{
	struct nlmsghdr *nlh = start(&no_request, FAMILY, 0);
	struct genlmsghdr *genl;

	nlh->nlmsg_pid = 0;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = DLIL_CMD_TRACE;
	return nlh;
}

static void put_drop(struct nlmsghdr *nlh, const struct drop *drop, uint64_t i)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DLIL_A_TRACE);

	mnl_attr_put_u64(nlh, DLIL_A_TRACE_TIME, 1790000000123456789 + i * 1000000);
	mnl_attr_put_u32(nlh, DLIL_A_TRACE_IFINDEX, devices[drop->dev].index);
	if (!scenario("short"))
		mnl_attr_put_strz(nlh, DLIL_A_TRACE_IFNAME,
				  devices[drop->dev].name);
	mnl_attr_put_u32(nlh, DLIL_A_TRACE_DIRECTION, drop->direction);
	mnl_attr_put_u32(nlh, DLIL_A_TRACE_REASON, drop->reason);
	if (drop->filter)
		mnl_attr_put_strz(nlh, DLIL_A_TRACE_FILTER, drop->filter);
	if (drop->protocol)
		mnl_attr_put_strz(nlh, DLIL_A_TRACE_PROTOCOL, drop->protocol);
	if (drop->bytes) {
		mnl_attr_put_u32(nlh, DLIL_A_TRACE_LEN, drop->n + 40);
		mnl_attr_put_u32(nlh, DLIL_A_TRACE_HEADER, drop->header);
		mnl_attr_put_u16(nlh, DLIL_A_TRACE_TYPE, htons(drop->type));
		mnl_attr_put(nlh, DLIL_A_TRACE_BYTES, drop->n, drop->bytes);
	}
	if (drop->vlan) {
		mnl_attr_put_u16(nlh, DLIL_A_TRACE_VLAN_PROTO, htons(0x8100));
		mnl_attr_put_u16(nlh, DLIL_A_TRACE_VLAN_TCI, drop->vlan);
	}
	mnl_attr_nest_end(nlh, nest);
}

static void put_end(struct nlmsghdr *nlh)
{
	mnl_attr_put(nlh, DLIL_A_END, 0, NULL);
	mnl_attr_put_u64(nlh, DLIL_A_LOST, scenario("behind") ? 7 : 0);
}

/* The packets, in messages of two; some that are lost; and the end. */
static void next_trace(struct mnl_socket *nl)
{
	size_t i = 2 * nl->step++, last;
	struct nlmsghdr *nlh = start_trace();

	if (i < ARRAY_SIZE(drops))
		for (last = i + 2; i < last && i < ARRAY_SIZE(drops); i++)
			put_drop(nlh, &drops[i], i);
	else if (i < ARRAY_SIZE(drops) + 2)
		mnl_attr_put_u64(nlh, DLIL_A_LOST, 42);
	else
		put_end(nlh);
	end(nlh);
	end_datagram();
}

static void begin_trace(const struct nlmsghdr *req)
{
	sockets[open_sockets - 1].traces = true;
	acknowledge(req, 0, NULL);
}

static void get_family(const struct nlmsghdr *req)
{
	struct nlmsghdr *nlh;

	if (scenario("absent")) {
		acknowledge(req, -ENOENT, NULL);
		return;
	}
	nlh = start(req, GENL_ID_CTRL, 0);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, DLIL_GENL_NAME);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	put_groups(nlh);
	end(nlh);
	end_datagram();
	acknowledge(req, 0, NULL);
}

/* Refuse a step because of its second change. */
static void refuse_second(const struct nlmsghdr *req)
{
	const struct nlattr *attr;
	unsigned int n = 0;

	mnl_attr_for_each(attr, req, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == DLIL_A_FILTER && ++n == 2)
			at_fault = (const char *)attr - (const char *)req +
				   MNL_ATTR_HDRLEN;
	acknowledge(req, -EEXIST, "change 2: a filter of this name exists");
}

static void reply(const struct nlmsghdr *req, uint8_t cmd)
{
	static unsigned int attaches, attached, steps;

	if (cmd == DLIL_CMD_IFNET_DETACH || cmd == DLIL_CMD_FILTER_DEL ||
	    cmd == DLIL_CMD_PROTO_UNPLUMB || cmd == DLIL_CMD_IFNET_ATTACH)
		under_way = cmd;
	if (scenario("busy") && cmd == DLIL_CMD_IFNET_ATTACH &&
	    (!attaches++ || scenario("stuck"))) {
		acknowledge(req, -EAGAIN, "device is still being detached");
		return;
	}
	if (scenario("slow") && cmd == DLIL_CMD_IFNET_ATTACH)
		usleep(300000);
	if (scenario("lost") && !(req->nlmsg_flags & NLM_F_DUMP))
		receive_error = ENOBUFS;
	if (scenario("deaf"))
		receive_error = ECONNREFUSED;
	if (cmd == DLIL_CMD_FILTER_UPDATE && scenario("second")) {
		refuse_second(req);
	} else if (cmd == DLIL_CMD_FILTER_UPDATE && scenario("stale") &&
		   !steps++) {
		acknowledge(req, -ESTALE, "filters have changed");
	} else if (scenario("refused")) {
		acknowledge(req, -EBUSY, getenv("FAKE_SENTENCE") ?:
			    "dlil: veth0 is in a bridge: take it out first");
	} else if (scenario("second-refused") && cmd == DLIL_CMD_IFNET_ATTACH &&
		   ++attached == 2) {
		acknowledge(req, -EBUSY, "device has a receive handler");
	} else if (scenario("generic")) {
		acknowledge(req, -EINVAL, "integer out of range");
	} else if (scenario("wordless")) {
		acknowledge(req, -EPERM, NULL);
	} else if (scenario("warned")) {
		acknowledge(req, 0, "dlil: LRO is off now");
	} else if (cmd == DLIL_CMD_TRACE_START) {
		begin_trace(req);
	} else if (req->nlmsg_flags & NLM_F_DUMP) {
		dump(req);
	} else {
		if (cmd == DLIL_CMD_IFNET_GET)
			put_ifnet(req, 0, 4, "veth0");
		end_datagram();
		acknowledge(req, 0, NULL);
	}
}

static void put_link(const struct nlmsghdr *req, uint32_t index, const char *name)
{
	struct nlmsghdr *nlh = start(req, RTM_NEWLINK,
				     req->nlmsg_flags & NLM_F_DUMP ? NLM_F_MULTI : 0);
	struct ifinfomsg *link;

	link = mnl_nlmsg_put_extra_header(nlh, sizeof(*link));
	link->ifi_index = index;
	mnl_attr_put_u32(nlh, IFLA_MTU, 1500);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	end(nlh);
}

/* The devices of the namespace: those that are attached, and others. */
static void dump_links(const struct nlmsghdr *req)
{
	static int dumps;

	if (scenario("intr") && !dumps++) {
		put_link(req, 3, "stale0");
		((struct nlmsghdr *)part)->nlmsg_flags |= NLM_F_DUMP_INTR;
	}
	put_link(req, 1, "lo");
	put_link(req, 4, "veth0");
	put_link(req, 5, "veth1");
	put_link(req, 6, scenario("latin1") ? "veth\337" : "veth2");
	put_link(req, 7, "veth7");
	done(req, 0, NULL);
}

/*
 * rtnetlink is asked for nothing but a device, by a name of either kind, and for a list of
 * all.
 */
static void get_link(const struct nlmsghdr *req)
{
	const struct nlattr *attr = (const void *)(req + 1) +
				    sizeof(struct ifinfomsg);
	const struct device *found;

	if (req->nlmsg_type == RTM_GETLINK && req->nlmsg_flags & NLM_F_DUMP) {
		dump_links(req);
		return;
	}
	if (req->nlmsg_type != RTM_GETLINK ||
	    mnl_attr_get_type(attr) != IFLA_ALT_IFNAME ||
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		abort();
	found = find_device(mnl_attr_get_str(attr));
	if (!found) {
		acknowledge(req, -ENODEV, NULL);
		return;
	}
	put_link(req, found->index, found->name);
	end_datagram();
	acknowledge(req, 0, NULL);
}

/* A program was compiled as for a capture from a device. */
static bool live;

pcap_t *pcap_create(const char *device, char *errors)
{
	if (strcmp(device, "lo"))
		fprintf(log_file, "not lo ");
	*errors = 0;
	return pcap_open_dead(DLT_EN10MB, 0x40000);
}

int pcap_set_snaplen(pcap_t *pcap, int len)
{
	return pcap_snapshot(pcap) == len ? 0 : PCAP_ERROR_ACTIVATED;
}

int pcap_set_buffer_size(pcap_t *pcap, int size)
{
	(void)pcap;
	(void)size;
	return 0;
}

int pcap_activate(pcap_t *pcap)
{
	(void)pcap;
	if (scenario("nocapture"))
		return PCAP_ERROR_PERM_DENIED;
	live = true;
	return 0;
}

/* A frame of @type, with an IPv4 header of @proto where that fits. */
static void make_frame(uint8_t *frame, uint16_t type, uint8_t proto,
		       uint16_t port)
{
	memset(frame, 0, 64);
	frame[12] = type >> 8;
	frame[13] = type & 0xff;
	frame[14] = type == 0x86dd ? 0x60 : type == 0x0800 ? 0x45 : 0;
	frame[23] = proto;
	frame[36] = port >> 8;
	frame[37] = port & 0xff;
}

#define ETHER_LEN 14

/*
 * Which of some frames a program picks says whether it is the right one; of a raw
 * device they begin with what is behind the Ethernet header.
 */
static void log_program(const struct nlattr *attr)
{
	static const struct {
		const char *name;
		uint16_t type, port;
		uint8_t proto;
	} samples[] = {
		{ "icmp", 0x0800, 0, 1 }, { "http", 0x0800, 80, 6 },
		{ "dns", 0x0800, 53, 17 }, { "arp", 0x0806, 0, 0 },
		{ "ip6", 0x86dd, 0, 0 },
	};
	const struct bpf_insn *prog = mnl_attr_get_payload(attr);
	const char *separator = "";
	size_t i, skip = scenario("raw") ? ETHER_LEN : 0;
	uint8_t frame[64];

	if (!prog->code || mnl_attr_get_payload_len(attr) % sizeof(*prog))
		fprintf(log_file, "not a program ");
	fprintf(log_file, " program=%s", live ? "live:" : "");
	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		make_frame(frame, samples[i].type, samples[i].proto,
			   samples[i].port);
		if (!bpf_filter(prog, frame + skip, sizeof(frame) - skip,
				sizeof(frame) - skip))
			continue;
		fprintf(log_file, "%s%s", separator, samples[i].name);
		separator = ",";
	}
}

/* Strict, as the kernel: strings end with NUL, nests are marked. */
static void log_value(const char *name, const struct nlattr *attr, bool string)
{
	if (string && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0) {
		if (strcmp(name, "ifname"))
			snprintf(asked_name, sizeof(asked_name), "%s",
				 mnl_attr_get_str(attr));
		else
			snprintf(asked_dev, sizeof(asked_dev), "%s",
				 mnl_attr_get_str(attr));
		fprintf(log_file, " %s=%s", name, mnl_attr_get_str(attr));
	} else if (!string && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0) {
		fprintf(log_file, " %s=%u", name, mnl_attr_get_u32(attr));
	} else {
		fprintf(log_file, " %s malformed", name);
	}
}

/* The attributes of the kind impair, with the numbers of those without a name. */
static void log_impair(const struct nlattr *nest)
{
	static const char *const names[] = {
		[DLIL_A_IMPAIR_SEED] = "seed",
		[DLIL_A_IMPAIR_LOSS_MODEL] = "loss",
		[DLIL_A_IMPAIR_LOSS_P1] = "p1",
		[DLIL_A_IMPAIR_LOSS_P2] = "p2",
		[DLIL_A_IMPAIR_LOSS_P3] = "p3",
		[DLIL_A_IMPAIR_LOSS_P4] = "p4",
		[DLIL_A_IMPAIR_LOSS_P5] = "p5",
		[DLIL_A_IMPAIR_EVERY] = "every",
		[DLIL_A_IMPAIR_DELAY] = "delay",
		[DLIL_A_IMPAIR_JITTER] = "jitter",
		[DLIL_A_IMPAIR_CORRELATION] = "correlation",
		[DLIL_A_IMPAIR_DISTRIBUTION] = "distribution",
		[DLIL_A_IMPAIR_DUPLICATE] = "duplicate",
		[DLIL_A_IMPAIR_CORRUPT] = "corrupt",
		[DLIL_A_IMPAIR_REORDER] = "reorder",
		[DLIL_A_IMPAIR_DISTANCE] = "distance",
		[DLIL_A_IMPAIR_GAP] = "gap",
		[DLIL_A_IMPAIR_RATE] = "rate",
		[DLIL_A_IMPAIR_OVERHEAD] = "overhead",
		[DLIL_A_IMPAIR_LIMIT] = "limit",
	};
	const struct nlattr *attr;
	uint16_t type;

	mnl_attr_for_each_nested(attr, nest) {
		type = mnl_attr_get_type(attr);
		if (type >= ARRAY_SIZE(names) || !names[type])
			fprintf(log_file, " ?%u", type);
		else if (mnl_attr_get_payload_len(attr) == 8)
			fprintf(log_file, " %s=%" PRIu64, names[type],
				mnl_attr_get_u64(attr));
		else
			log_value(names[type], attr, false);
	}
}

static void log_filter(const struct nlattr *nest)
{
	static const char *const names[] = {
		[DLIL_A_FILTER_NAME] = "name",
		[DLIL_A_FILTER_KIND] = "kind",
		[DLIL_A_FILTER_DIRECTION] = "direction",
		[DLIL_A_FILTER_ACTION] = "action",
		[DLIL_A_FILTER_PROGRAM] = "program",
		[DLIL_A_FILTER_EXPR] = "expr",
		[DLIL_A_FILTER_WORDS] = "words",
		[DLIL_A_FILTER_LIFETIME] = "lifetime",
		[DLIL_A_FILTER_CHANGE] = "change",
		[DLIL_A_FILTER_PLACE] = "place",
		[DLIL_A_FILTER_BESIDE] = "beside",
	};
	const struct nlattr *attr;
	uint16_t type;

	mnl_attr_for_each_nested(attr, nest) {
		type = mnl_attr_get_type(attr);
		if (type == DLIL_A_FILTER_DATA)
			log_impair(attr);
		else if (type >= ARRAY_SIZE(names) || !names[type])
			fprintf(log_file, " ?%u", type);
		else if (type == DLIL_A_FILTER_PROGRAM)
			log_program(attr);
		else
			log_value(names[type], attr,
				  type != DLIL_A_FILTER_DIRECTION &&
				  type != DLIL_A_FILTER_CHANGE &&
				  type != DLIL_A_FILTER_PLACE &&
				  type != DLIL_A_FILTER_LIFETIME);
	}
}

static void log_queue(const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		log_value(mnl_attr_get_type(attr) == DLIL_A_QUEUE_MAX_PACKETS ?
			  "max-packets" :
			  mnl_attr_get_type(attr) == DLIL_A_QUEUE_MAX_BYTES ?
			  "max-bytes" : "?", attr, false);
}

static void log_bytes(const char *name, const struct nlattr *attr)
{
	const uint8_t *byte = mnl_attr_get_payload(attr);
	size_t i;

	fprintf(log_file, " %s=", name);
	for (i = 0; i < mnl_attr_get_payload_len(attr); i++)
		fprintf(log_file, "%02x", byte[i]);
}

static void log_attr(const struct nlattr *attr)
{
	bool nested = attr->nla_type & NLA_F_NESTED;

	switch (mnl_attr_get_type(attr)) {
	case DLIL_A_IFINDEX:
		log_value("ifindex", attr, false);
		break;
	case DLIL_A_IFNAME:
		log_value("ifname", attr, true);
		break;
	case DLIL_A_UNMATCHED:
		log_value("unmatched", attr, false);
		break;
	case DLIL_A_MTU:
		log_value("mtu", attr, false);
		break;
	case DLIL_A_FLAGS:
		log_value("flags", attr, false);
		break;
	case DLIL_A_FLAGS_MASK:
		log_value("mask", attr, false);
		break;
	case DLIL_A_ATTRS:
		log_value("attrs", attr, false);
		break;
	case DLIL_A_ATTRS_MASK:
		log_value("attrs-mask", attr, false);
		break;
	case DLIL_A_ADDRESS:
		log_bytes("address", attr);
		break;
	case DLIL_A_GROUP_ADD:
		log_bytes("add", attr);
		break;
	case DLIL_A_GROUP_DEL:
		log_bytes("del", attr);
		break;
	case DLIL_A_PROTOCOL:
		fputs(nested ? "" : " not nested", log_file);
		log_value("family", mnl_attr_get_payload(attr), true);
		break;
	case DLIL_A_QUEUE:
		fputs(nested ? "" : " not nested", log_file);
		log_queue(attr);
		break;
	case DLIL_A_FILTER:
		fputs(nested ? "" : " not nested", log_file);
		log_filter(attr);
		break;
	case DLIL_A_REVISION:
		fprintf(log_file, " revision=%" PRIu64, mnl_attr_get_u64(attr));
		break;
	default:
		fprintf(log_file, " ?%u", mnl_attr_get_type(attr));
	}
}

static void log_request(const struct nlmsghdr *req,
			const struct genlmsghdr *genl)
{
	static const char *const names[] = {
		[DLIL_CMD_IFNET_ATTACH] = "ifnet-attach",
		[DLIL_CMD_IFNET_DETACH] = "ifnet-detach",
		[DLIL_CMD_IFNET_SET] = "ifnet-set",
		[DLIL_CMD_IFNET_GET] = "ifnet-get",
		[DLIL_CMD_FILTER_ADD] = "filter-add",
		[DLIL_CMD_FILTER_DEL] = "filter-del",
		[DLIL_CMD_PROTO_PLUMB] = "proto-plumb",
		[DLIL_CMD_PROTO_UNPLUMB] = "proto-unplumb",
		[DLIL_CMD_CONTROL] = "control",
		[DLIL_CMD_FILTER_CHANGE] = "filter-change",
		[DLIL_CMD_FILTER_UPDATE] = "filter-update",
		[DLIL_CMD_TRACE_START] = "trace-start",
	};
	const struct nlattr *attr;
	char netns[64] = "";

	fprintf(log_file, "%s v%d", names[genl->cmd], genl->version);
	if (req->nlmsg_flags & NLM_F_DUMP)
		fputs(" dump", log_file);
	if (req->nlmsg_flags & NLM_F_ACK)
		fputs(" ack", log_file);
	mnl_attr_for_each(attr, req, sizeof(*genl))
		log_attr(attr);
	if (scenario("netns") &&
	    readlink("/proc/self/ns/net", netns, sizeof(netns) - 1) > 0)
		fprintf(log_file, " %s", netns);
	fputc('\n', log_file);
	fflush(log_file);
}

/* libmnl's functions from here on. */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	const char *path = getenv("FAKE_LOG");
	struct mnl_socket *nl = &sockets[open_sockets++];

	if (open_sockets > ARRAY_SIZE(sockets))
		abort();
	if ((bus != NETLINK_GENERIC && bus != NETLINK_ROUTE) ||
	    !(flags & SOCK_CLOEXEC))
		abort();
	if (!log_file)
		log_file = fopen(path ? path : "/dev/null", "a");
	*nl = (struct mnl_socket){ .bus = bus };
	return nl;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf,
			  socklen_t len)
{
	int value = *(int *)buf;

	if (!is_open(nl) || len != sizeof(value) || !value)
		abort();
	if (type != NETLINK_ADD_MEMBERSHIP) {
		sockets[open_sockets - 1].options |= 1 << type;
		return 0;
	}
	if (value != EVENTS_GROUP && value != CTRL_GROUP)
		abort();
	if (scenario("joins"))
		fprintf(log_file, "joins %#x\n", value);
	fflush(log_file);
	sockets[open_sockets - 1].listens = true;
	return 0;
}

int mnl_socket_bind(struct mnl_socket *nl, unsigned int groups, pid_t pid)
{
	if (!is_open(nl) || groups || pid != MNL_SOCKET_AUTOPID)
		abort();
	return 0;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *nl)
{
	return is_open(nl) ? PORT : 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *buf,
			  size_t len)
{
	const struct nlmsghdr *req = buf;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(req);
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* A system call has valgrind look for bytes that were never set. */
	if (!is_open(nl) || write(fd, buf, len) != (ssize_t)len)
		abort();
	close(fd);
	if (first || !mnl_nlmsg_ok(req, len))
		abort();
	if (nl->bus == NETLINK_ROUTE) {
		get_link(req);
	} else if (req->nlmsg_type == GENL_ID_CTRL) {
		get_family(req);
	} else {
		log_request(req, genl);
		reply(req, genl->cmd);
	}
	return len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t len)
{
	static bool interrupted;
	struct mnl_socket *own = &sockets[open_sockets - 1];
	struct datagram *d;

	if (!is_open(nl))
		abort();
	if (own->listens && under_way && scenario("deafened")) {
		errno = ENOBUFS;
		return -1;
	}
	if (own->listens && own->step == 3 && scenario("overrun")) {
		own->step++;
		errno = ENOBUFS;
		return -1;
	}
	if (own->traces && own->step == 3 && scenario("overrun")) {
		own->step++;
		errno = ENOBUFS;
		return -1;
	}
	if (own->listens)
		next_event(own);
	if (own->traces && !first)
		next_trace(own);
	d = first;
	/* To wait for what will not come would be to wait for ever. */
	if (!d || d->len > len)
		abort();
	interrupted = scenario("signals") && !interrupted;
	errno = interrupted ? EINTR : receive_error;
	if (errno)
		return -1;
	len = d->len;
	memcpy(buf, d->data, len);
	first = d->next;
	if (!first)
		last = &first;
	free(d);
	return len;
}

/* Always something to read, or with "stuck" never. */
int mnl_socket_get_fd(const struct mnl_socket *nl)
{
	static int ends[2];

	if (!is_open(nl))
		abort();
	if (!ends[1] && pipe(ends))
		abort();
	if (!scenario("stuck") && write(ends[1], "", 1) != 1)
		abort();
	return ends[0];
}

int mnl_socket_close(struct mnl_socket *nl)
{
	struct datagram *d;

	if (!is_open(nl))
		abort();
	open_sockets--;
	while ((d = first)) {
		first = d->next;
		free(d);
	}
	last = &first;
	receive_error = 0;
	return 0;
}
