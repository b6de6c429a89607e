// SPDX-License-Identifier: GPL-2.0
/*
 * Sends wrong messages to the generic netlink family dlil, each wrong in one of
 * many ways, and expects an error for each:
 *
 *	nlfuzz IFINDEX COUNT
 *	nlfuzz --denied IFINDEX
 *
 * IFINDEX is that of an attached device, so that errors are often found late.
 * The messages are the same every time.  First, each command gets each
 * attribute that it does not use, and must refuse it by name.  Every error must
 * come with a message.  With --denied, every command except the one that shows
 * must fail for lack of a capability.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <linux/dlil.h>

static struct {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	char attrs[128 * 1024];
} msg;

static uint32_t seq;
static uint64_t state = 0x444c494c;

static uint32_t rnd(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 32) % below;
}

static void *end_of_msg(void)
{
	return (char *)&msg + NLMSG_ALIGN(msg.nlh.nlmsg_len);
}

static void begin(uint16_t type, uint8_t cmd)
{
	memset(&msg, 0, sizeof(msg.nlh) + sizeof(msg.genl));
	msg.nlh.nlmsg_len = sizeof(msg.nlh) + sizeof(msg.genl);
	msg.nlh.nlmsg_type = type;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	msg.nlh.nlmsg_seq = ++seq;
	msg.genl.cmd = cmd;
	msg.genl.version = 1;
}

static struct nlattr *put(uint16_t type, const void *data, uint16_t len)
{
	struct nlattr *attr = end_of_msg();

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memset(attr + 1, 0, NLA_ALIGN(len));
	if (len)
		memcpy(attr + 1, data, len);
	msg.nlh.nlmsg_len = (char *)attr - (char *)&msg +
			    NLA_ALIGN(attr->nla_len);
	return attr;
}

static void put_u32(uint16_t type, uint32_t value)
{
	put(type, &value, sizeof(value));
}

static void put_str(uint16_t type, const char *text)
{
	put(type, text, strlen(text) + 1);
}

static struct nlattr *nest(uint16_t type)
{
	return put(type | NLA_F_NESTED, NULL, 0);
}

static void end_nest(struct nlattr *attr)
{
	attr->nla_len = (char *)end_of_msg() - (char *)attr;
}

static void put_noise(uint16_t type, uint16_t len)
{
	char noise[4096];
	uint16_t i;

	for (i = 0; i < len; i++)
		noise[i] = rnd(256);
	put(type, noise, len);
}

/* Does the answer have an error message? */
static bool has_sentence(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = NLMSG_DATA(nlh);
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *tlv = (const void *)(err + 1);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return false;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		tlv = (const void *)((const char *)tlv +
				     NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN);
	while ((const char *)(tlv + 1) <= end && tlv->nla_len >= NLA_HDRLEN) {
		if (tlv->nla_type == NLMSGERR_ATTR_MSG)
			return tlv->nla_len > NLA_HDRLEN + 1;
		tlv = (const void *)((const char *)tlv +
				     NLA_ALIGN(tlv->nla_len));
	}
	return false;
}

/* Returns the error of the answer, 0 for none, 1 for no answer. */
static int talk(int fd, bool *said)
{
	char buf[64 * 1024];
	struct nlmsghdr *nlh;
	ssize_t len;

	if (send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0)
		return -errno;
	len = recv(fd, buf, sizeof(buf), 0);
	for (nlh = (void *)buf; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len))
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			*said = has_sentence(nlh);
			return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
		}
	return 1;
}

static uint16_t find_family(int fd)
{
	char buf[4096];
	struct nlmsghdr *nlh = (void *)buf;
	struct nlattr *attr;
	uint16_t id = 0;
	ssize_t len;

	begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	msg.nlh.nlmsg_flags = NLM_F_REQUEST;
	put_str(CTRL_ATTR_FAMILY_NAME, DLIL_GENL_NAME);
	if (send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0)
		return 0;
	len = recv(fd, buf, sizeof(buf), 0);
	if (len < 0 || nlh->nlmsg_type != GENL_ID_CTRL)
		return 0;
	attr = (void *)((char *)NLMSG_DATA(nlh) + GENL_HDRLEN);
	len = nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	while (len >= NLA_HDRLEN && attr->nla_len <= len) {
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&id, attr + 1, sizeof(id));
		len -= NLA_ALIGN(attr->nla_len);
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	}
	return id;
}

/* An attribute that no command accepts, whatever else the message has. */
static void put_wrong_attr(void)
{
	struct nlattr *attr;

	switch (rnd(9)) {
	case 0: /* not known */
		put_noise(DLIL_A_MAX + 1 + rnd(1000), rnd(64));
		break;
	case 1: /* too short for what it is */
		put_noise(DLIL_A_UNMATCHED, rnd(4));
		break;
	case 2: /* out of range */
		put_u32(DLIL_A_UNMATCHED, DLIL_UNMATCHED_DROP + 1 + rnd(1000));
		break;
	case 3: /* longer than any name */
		put_noise(DLIL_A_IFNAME, 17 + rnd(1000));
		break;
	case 4: /* longer than the message */
		attr = put(DLIL_A_UNMATCHED, "", 1);
		attr->nla_len += 5 + rnd(60000);
		break;
	case 5: /* shorter than its header */
		attr = put(DLIL_A_UNMATCHED, "", 1);
		attr->nla_len = rnd(NLA_HDRLEN);
		break;
	case 6: /* out of range */
		put_u32(DLIL_A_IFINDEX, 0);
		break;
	case 7: /* unknown inside a nest */
		attr = nest(DLIL_A_FILTER);
		put_noise(DLIL_A_FILTER_MAX + 1 + rnd(100), rnd(64));
		end_nest(attr);
		break;
	case 8: /* not a nest */
		put_noise(DLIL_A_PROTOCOL | NLA_F_NESTED, 1 + rnd(3));
		break;
	}
}

/* A filter with one mistake, or one of several changes of a step. */
static void put_wrong_filter(bool step)
{
	struct sock_filter insns[8] = {
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	uint16_t n = 1, len = sizeof(insns[0]);
	const char *name = "fuzz", *kind = "match", *action = "drop";
	uint32_t direction = 1 + rnd(3);
	struct nlattr *attr;
	uint16_t i;

	attr = nest(DLIL_A_FILTER);
	if (step)
		put_u32(DLIL_A_FILTER_CHANGE,
			rnd(2) ? DLIL_CHANGE_ADD : DLIL_CHANGE_REPLACE);
	switch (rnd(10)) {
	case 0: /* random instructions; an unknown one is always among them */
		n = 1 + rnd(8);
		for (i = 0; i < n; i++)
			insns[i] = (struct sock_filter){
				rnd(65536) | 0x8000, rnd(256), rnd(256),
				rnd(1 << 30) };
		len = n * sizeof(insns[0]);
		break;
	case 1: /* does not end */
		insns[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 1);
		break;
	case 2: /* jumps out of the program */
		insns[0] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JA, 1 + rnd(1 << 30), 0, 0);
		break;
	case 3: /* divides by zero */
		insns[0] = (struct sock_filter)
			BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0);
		insns[1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
		len = 2 * sizeof(insns[0]);
		break;
	case 4: /* half an instruction */
		len = rnd(sizeof(insns[0]));
		break;
	case 5:
		kind = "mismatch";
		break;
	case 6:
		action = "explode";
		break;
	case 7:
		direction = rnd(2) ? 0 : 4 + rnd(1000);
		break;
	case 8:
		name = "";
		break;
	case 9:
		name = NULL;
		break;
	}
	if (name)
		put_str(DLIL_A_FILTER_NAME, name);
	put_str(DLIL_A_FILTER_KIND, kind);
	put_str(DLIL_A_FILTER_ACTION, action);
	put_u32(DLIL_A_FILTER_DIRECTION, direction);
	put(DLIL_A_FILTER_PROGRAM, insns, len);
	end_nest(attr);
}

/* More instructions than a program may have. */
static void put_long_filter(void)
{
	static struct sock_filter insns[BPF_MAXINSNS + 1];
	struct nlattr *attr = nest(DLIL_A_FILTER);
	size_t i;

	for (i = 0; i < sizeof(insns) / sizeof(insns[0]); i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 1);
	put_str(DLIL_A_FILTER_NAME, "long");
	put_str(DLIL_A_FILTER_KIND, "match");
	put_str(DLIL_A_FILTER_ACTION, "drop");
	put(DLIL_A_FILTER_PROGRAM, insns, sizeof(insns));
	end_nest(attr);
}

/* A control request with one mistake. */
static void put_wrong_control(void)
{
	struct nlattr *attr;

	switch (rnd(9)) {
	case 0: /* nothing is asked for */
		break;
	case 1: /* several things at once, of which the second is impossible */
		put_u32(DLIL_A_UNMATCHED, 1);
		put_u32(DLIL_A_MTU, 1400);
		put(DLIL_A_GROUP_ADD, "\2\0\0\0\0\1", 6);
		break;
	case 2: /* longer or shorter than any link address */
		put_noise(DLIL_A_ADDRESS, rnd(2) ? 0 : 33 + rnd(1000));
		break;
	case 3: /* not as long as the device's */
		put_noise(DLIL_A_GROUP_ADD, 7 + rnd(20));
		break;
	case 4: /* not a group */
		put(DLIL_A_GROUP_ADD, "\2\0\0\0\0\1", 6);
		break;
	case 5: /* half of a pair */
		put_u32(rnd(2) ? DLIL_A_FLAGS : DLIL_A_FLAGS_MASK, 1);
		break;
	case 6: /* flags that cannot be changed, or none */
		put_u32(DLIL_A_FLAGS, rnd(1 << 30));
		put_u32(DLIL_A_FLAGS_MASK, rnd(2) ? 0 : 0x10000 << rnd(15));
		break;
	case 7: /* a family without its number */
		put_u32(DLIL_A_MTU, 1400);
		attr = nest(DLIL_A_PROTOCOL);
		put_str(DLIL_A_PROTO_FAMILY, "inet");
		end_nest(attr);
		break;
	case 8: /* more than any device takes */
		put_u32(DLIL_A_MTU, 0x7fffffff + rnd(1000));
		break;
	}
}

/* Attributes of an ifnet that cannot be set, or not to this value. */
static void put_wrong_attrs(void)
{
	uint32_t bits = 1u << rnd(3);

	switch (rnd(4)) {
	case 0: /* half of a pair */
		put_u32(rnd(2) ? DLIL_A_ATTRS : DLIL_A_ATTRS_MASK,
			DLIL_ATTR_ARPLL);
		break;
	case 1: /* one that the driver decides */
		put_u32(DLIL_A_ATTRS, rnd(2) ? bits : 0);
		put_u32(DLIL_A_ATTRS_MASK, bits | rnd(16));
		break;
	case 2: /* a value that is not to change */
		put_u32(DLIL_A_ATTRS, DLIL_ATTR_ARPLL | bits);
		put_u32(DLIL_A_ATTRS_MASK, rnd(2) ? DLIL_ATTR_ARPLL : 0);
		break;
	case 3: /* one that there is not */
		put_u32(DLIL_A_ATTRS, 0);
		put_u32(DLIL_A_ATTRS_MASK, 0x10u << rnd(28));
		break;
	}
}

/* Add a filter, so that the rest of a step would leave something. */
static void put_good_change(void)
{
	struct nlattr *attr = nest(DLIL_A_FILTER);

	put_u32(DLIL_A_FILTER_CHANGE, DLIL_CHANGE_ADD);
	put_str(DLIL_A_FILTER_NAME, "left");
	put_str(DLIL_A_FILTER_KIND, "match");
	put_str(DLIL_A_FILTER_ACTION, "drop");
	put(DLIL_A_FILTER_PROGRAM,
	    &(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 1),
	    sizeof(struct sock_filter));
	end_nest(attr);
}

/* A step that must be refused because of one of its changes, or as a whole (FLT-13). */
static void put_wrong_step(void)
{
	struct nlattr *attr;

	switch (rnd(8)) {
	case 0: /* empty */
		break;
	case 1: /* stale */
		put(DLIL_A_REVISION, &(uint64_t){ 1 }, sizeof(uint64_t));
		put_good_change();
		break;
	case 2: /* one that is wrong by itself */
		put_good_change();
		put_wrong_filter(true);
		break;
	case 3: /* the same name twice */
		put_good_change();
		put_good_change();
		break;
	case 4: /* a filter that is not there */
		put_good_change();
		attr = nest(DLIL_A_FILTER);
		put_u32(DLIL_A_FILTER_CHANGE, DLIL_CHANGE_DEL);
		put_str(DLIL_A_FILTER_NAME, "nobody");
		end_nest(attr);
		break;
	case 5: /* to a place that is not there */
		put_good_change();
		attr = nest(DLIL_A_FILTER);
		put_u32(DLIL_A_FILTER_CHANGE, DLIL_CHANGE_MOVE);
		put_str(DLIL_A_FILTER_NAME, "left");
		put_u32(DLIL_A_FILTER_PLACE, rnd(5) ? 3 + rnd(2) : 0);
		if (rnd(2))
			put_str(DLIL_A_FILTER_BESIDE, rnd(2) ? "left" : "nobody");
		end_nest(attr);
		break;
	case 6: /* without a change */
		put_good_change();
		attr = nest(DLIL_A_FILTER);
		put_str(DLIL_A_FILTER_NAME, "fuzz");
		end_nest(attr);
		break;
	case 7: /* a change that there is not */
		put_good_change();
		attr = nest(DLIL_A_FILTER);
		put_u32(DLIL_A_FILTER_CHANGE, DLIL_CHANGE_FLUSH + 1 + rnd(1000));
		put_str(DLIL_A_FILTER_NAME, "fuzz");
		end_nest(attr);
		break;
	}
}

static void make(uint16_t family, uint32_t ifindex, uint32_t i)
{
	static const char *const names[] = { "", "no-such-dev", "..", "a/b" };
	uint8_t cmd = 1 + rnd(DLIL_CMD_MAX);

	switch (i % 10) {
	case 0: /* one attribute is wrong, the device is right */
		begin(family, cmd);
		put_u32(DLIL_A_IFINDEX, ifindex);
		put_wrong_attr();
		break;
	case 1: /* the same in the other order */
		begin(family, cmd);
		put_wrong_attr();
		put_u32(DLIL_A_IFINDEX, ifindex);
		break;
	case 2:
		begin(family, DLIL_CMD_FILTER_ADD);
		put_u32(DLIL_A_IFINDEX, ifindex);
		put_wrong_filter(false);
		break;
	case 3: /* noise */
		begin(family, cmd);
		put_noise(rnd(65536), rnd(4000));
		put_noise(rnd(65536), rnd(4000));
		break;
	case 4: /* no such command */
		begin(family, DLIL_CMD_MAX + 1 + rnd(200));
		put_u32(DLIL_A_IFINDEX, ifindex);
		break;
	case 5: /* no such device, or none, or two */
		begin(family, cmd);
		/* A trace may do without a device. */
		if (cmd == DLIL_CMD_TRACE_START || rnd(3))
			put_str(DLIL_A_IFNAME, names[rnd(4)]);
		if (rnd(2))
			put_u32(DLIL_A_IFINDEX, 0x7fffffff);
		break;
	case 6:
		begin(family, DLIL_CMD_FILTER_ADD);
		put_u32(DLIL_A_IFINDEX, ifindex);
		put_long_filter();
		break;
	case 7:
		begin(family, DLIL_CMD_CONTROL);
		put_u32(DLIL_A_IFINDEX, ifindex);
		put_wrong_control();
		break;
	case 9:
		begin(family, DLIL_CMD_FILTER_UPDATE);
		put_u32(DLIL_A_IFINDEX, ifindex);
		put_wrong_step();
		break;
	case 8:
		begin(family, DLIL_CMD_IFNET_SET);
		put_u32(DLIL_A_IFINDEX, ifindex);
		put_wrong_attrs();
		break;
	}
}

/* The attributes that each command uses, at the top and in its nest. */
#define ATTR(name)	(1u << (DLIL_A_##name))
#define DEV_ATTRS	(ATTR(IFINDEX) | ATTR(IFNAME))

static const struct use {
	uint8_t cmd;
	uint32_t attrs;
	uint16_t nest;
	uint16_t nest_max;
	uint32_t nest_attrs;
} uses[] = {
	{ DLIL_CMD_IFNET_ATTACH, DEV_ATTRS | ATTR(UNMATCHED), 0, 0, 0 },
	{ DLIL_CMD_IFNET_DETACH, DEV_ATTRS, 0, 0, 0 },
	{ DLIL_CMD_IFNET_SET, DEV_ATTRS | ATTR(UNMATCHED) | ATTR(ATTRS) |
	  ATTR(ATTRS_MASK), 0, 0, 0 },
	{ DLIL_CMD_IFNET_GET, DEV_ATTRS, 0, 0, 0 },
	{ DLIL_CMD_TRACE_START, DEV_ATTRS, 0, 0, 0 },
	{ DLIL_CMD_FILTER_ADD, DEV_ATTRS | ATTR(FILTER) | ATTR(REVISION),
	  DLIL_A_FILTER, DLIL_A_FILTER_MAX,
	  ATTR(FILTER_NAME) | ATTR(FILTER_KIND) | ATTR(FILTER_DIRECTION) |
	  ATTR(FILTER_ACTION) | ATTR(FILTER_PROGRAM) | ATTR(FILTER_EXPR) |
	  ATTR(FILTER_WORDS) | ATTR(FILTER_DATA) | ATTR(FILTER_LIFETIME) |
	  ATTR(FILTER_PLACE) | ATTR(FILTER_BESIDE) },
	{ DLIL_CMD_FILTER_CHANGE, DEV_ATTRS | ATTR(FILTER) | ATTR(REVISION),
	  DLIL_A_FILTER, DLIL_A_FILTER_MAX,
	  ATTR(FILTER_NAME) | ATTR(FILTER_KIND) | ATTR(FILTER_ACTION) |
	  ATTR(FILTER_WORDS) | ATTR(FILTER_DATA) },
	{ DLIL_CMD_FILTER_DEL, DEV_ATTRS | ATTR(FILTER) | ATTR(REVISION),
	  DLIL_A_FILTER, DLIL_A_FILTER_MAX, ATTR(FILTER_NAME) },
	/* With the change del. */
	{ DLIL_CMD_FILTER_UPDATE, DEV_ATTRS | ATTR(FILTER) | ATTR(REVISION),
	  DLIL_A_FILTER, DLIL_A_FILTER_MAX,
	  ATTR(FILTER_NAME) | ATTR(FILTER_CHANGE) },
	{ DLIL_CMD_PROTO_PLUMB, DEV_ATTRS | ATTR(PROTOCOL),
	  DLIL_A_PROTOCOL, DLIL_A_PROTO_MAX, ATTR(PROTO_FAMILY) },
	{ DLIL_CMD_PROTO_UNPLUMB, DEV_ATTRS | ATTR(PROTOCOL),
	  DLIL_A_PROTOCOL, DLIL_A_PROTO_MAX, ATTR(PROTO_FAMILY) },
	{ DLIL_CMD_CONTROL, DEV_ATTRS | ATTR(PROTOCOL) | ATTR(UNMATCHED) |
	  ATTR(ATTRS) | ATTR(ATTRS_MASK) | ATTR(MTU) |
	  ATTR(ADDRESS) | ATTR(FLAGS) | ATTR(FLAGS_MASK) | ATTR(GROUP_ADD) |
	  ATTR(GROUP_DEL), DLIL_A_PROTOCOL, DLIL_A_PROTO_MAX,
	  ATTR(PROTO_NUMBER) },
};

/* A well-formed attribute. */
static struct nlattr *put_right(uint16_t type)
{
	struct nlattr *attr;

	switch (type) {
	case DLIL_A_IFNAME:
		return put(type, "dl0", 4);
	case DLIL_A_PROTOCOL:
		attr = nest(type);
		put_str(DLIL_A_PROTO_FAMILY, "mpls");
		end_nest(attr);
		return attr;
	case DLIL_A_FILTER:
		attr = nest(type);
		put_str(DLIL_A_FILTER_NAME, "nobody");
		end_nest(attr);
		return attr;
	case DLIL_A_ADDRESS:
	case DLIL_A_GROUP_ADD:
	case DLIL_A_GROUP_DEL:
		return put(type, "\1\0\x5e\1\2\3", 6);
	case DLIL_A_REVISION:
		return put(type, &(uint64_t){ 1 }, sizeof(uint64_t));
	default:
		return put(type, &(uint32_t){ 1 }, sizeof(uint32_t));
	}
}

static struct nlattr *put_right_in_filter(uint16_t type)
{
	static const uint64_t number = 1;

	switch (type) {
	case DLIL_A_FILTER_PACKETS:
	case DLIL_A_FILTER_MATCHED:
		return put(type, &number, sizeof(number));
	case DLIL_A_FILTER_DIRECTION:
	case DLIL_A_FILTER_LIFETIME:
	case DLIL_A_FILTER_CHANGE:
	case DLIL_A_FILTER_PLACE:
		return put(type, &number, sizeof(uint32_t));
	case DLIL_A_FILTER_OF_MODULE:
		return put(type, "", 0);
	case DLIL_A_FILTER_PROGRAM:
		return put(type, &(struct sock_filter)
				 BPF_STMT(BPF_RET | BPF_K, 1),
			   sizeof(struct sock_filter));
	case DLIL_A_FILTER_KIND:
		return put(type, "match", 6);
	default:
		return put(type, "drop", 5);
	}
}

static struct nlattr *put_right_in_proto(uint16_t type)
{
	static const uint64_t number = 2;

	switch (type) {
	case DLIL_A_PROTO_FAMILY:
		return put(type, "mpls", 5);
	case DLIL_A_PROTO_PACKETS:
		return put(type, &number, sizeof(number));
	default:
		return put(type, &number, sizeof(uint32_t));
	}
}

/* The answer must be -EINVAL with a message, and point to @attr. */
static bool blames(int fd, const struct nlattr *attr)
{
	uint32_t where = (const char *)attr - (const char *)&msg, offset;
	struct nlmsghdr *nlh;
	bool sentence = false, pointed = false;
	const struct nlattr *tlv;
	struct nlmsgerr *err;
	char buf[64 * 1024];
	ssize_t len;
	char *end;

	if (send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0)
		return false;
	len = recv(fd, buf, sizeof(buf), 0);
	nlh = (void *)buf;
	if (len < (ssize_t)NLMSG_LENGTH(sizeof(*err)) ||
	    nlh->nlmsg_type != NLMSG_ERROR ||
	    !(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return false;
	err = NLMSG_DATA(nlh);
	end = buf + len;
	tlv = (void *)(err + 1);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		tlv = (void *)((char *)tlv + err->msg.nlmsg_len - NLMSG_HDRLEN);
	while ((char *)(tlv + 1) <= end && tlv->nla_len >= NLA_HDRLEN) {
		if (tlv->nla_type == NLMSGERR_ATTR_MSG)
			sentence = tlv->nla_len > NLA_HDRLEN + 1;
		if (tlv->nla_type == NLMSGERR_ATTR_OFFS) {
			memcpy(&offset, tlv + 1, sizeof(offset));
			pointed = offset == where;
		}
		tlv = (void *)((char *)tlv + NLA_ALIGN(tlv->nla_len));
	}
	return err->error == -EINVAL && sentence && pointed;
}

static int fail_foreign(const struct use *use, uint16_t type)
{
	fprintf(stderr, "command %u: attribute %u was not blamed\n", use->cmd,
		type);
	return 1;
}

/* All attributes that a command does not use. */
static int try_foreign(int fd, uint16_t family, uint32_t ifindex,
		       const struct use *use)
{
	struct nlattr *attr, *outer;
	uint16_t type;

	for (type = 1; type <= DLIL_A_MAX; type++) {
		if (use->attrs & 1u << type)
			continue;
		begin(family, use->cmd);
		put_u32(DLIL_A_IFINDEX, ifindex);
		attr = put_right(type);
		if (!blames(fd, attr))
			return fail_foreign(use, type);
	}
	for (type = 2; type <= use->nest_max; type++) {
		if (use->nest_attrs & 1u << type)
			continue;
		begin(family, use->cmd);
		put_u32(DLIL_A_IFINDEX, ifindex);
		if (use->cmd == DLIL_CMD_CONTROL)
			put_u32(DLIL_A_MTU, 1500);
		outer = nest(use->nest);
		if (use->nest == DLIL_A_FILTER) {
			put_str(DLIL_A_FILTER_NAME, "nobody");
			if (use->cmd == DLIL_CMD_FILTER_UPDATE)
				put_u32(DLIL_A_FILTER_CHANGE, DLIL_CHANGE_DEL);
			attr = put_right_in_filter(type);
		} else {
			attr = put_right_in_proto(type);
		}
		end_nest(outer);
		if (!blames(fd, attr))
			return fail_foreign(use, use->nest << 8 | type);
	}
	return 0;
}

/* Generic netlink itself refuses unknown commands, without a message. */
static bool is_request(uint8_t cmd)
{
	return cmd >= 1 && cmd <= DLIL_CMD_MAX && cmd != DLIL_CMD_EVENT &&
	       cmd != DLIL_CMD_TRACE;
}

/* Every command fails except the one that shows. */
static int try_denied(int fd, uint16_t family, uint32_t ifindex)
{
	uint32_t cmd;
	bool said;
	int ret;

	for (cmd = 1; cmd <= DLIL_CMD_MAX; cmd++) {
		if (!is_request(cmd) || cmd == DLIL_CMD_IFNET_GET)
			continue;
		begin(family, cmd);
		put_u32(DLIL_A_IFINDEX, ifindex);
		ret = talk(fd, &said);
		if (ret == -EPERM)
			continue;
		fprintf(stderr, "command %u: the answer was %d\n", cmd, ret);
		return 1;
	}
	printf("%u commands, all denied\n", cmd - 1);
	return 0;
}

int main(int argc, char **argv)
{
	struct timeval timeout = { .tv_sec = 10 };
	uint32_t i, count, ifindex;
	bool denied = argc == 3 && !strcmp(argv[1], "--denied");
	int fd, ret, on = 1;
	uint16_t family;
	bool said;

	if (argc != 3) {
		fprintf(stderr, "usage: nlfuzz IFINDEX COUNT\n"
			"       nlfuzz --denied IFINDEX\n");
		return 2;
	}
	ifindex = strtoul(argv[denied ? 2 : 1], NULL, 10);
	count = strtoul(argv[2], NULL, 10);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
				 sizeof(timeout))) {
		perror("netlink");
		return 1;
	}
	family = find_family(fd);
	if (!family) {
		fprintf(stderr, "there is no family dlil\n");
		return 1;
	}
	if (denied)
		return try_denied(fd, family, ifindex);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	for (i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (try_foreign(fd, family, ifindex, &uses[i]))
			return 1;
	for (i = 0; i < count; i++) {
		make(family, ifindex, i);
		ret = talk(fd, &said);
		if (ret < 0 && (said || ret == -EPERM || ret == -ENOMEM ||
				!is_request(msg.genl.cmd)))
			continue;
		fprintf(stderr, "message %u, command %u, was %s (%d):", i,
			msg.genl.cmd, ret < 0 ? "refused without a sentence" :
			ret ? "not answered" : "accepted", ret);
		for (i = 0; i < msg.nlh.nlmsg_len && i < 128; i++)
			fprintf(stderr, " %02x", ((unsigned char *)&msg)[i]);
		fputc('\n', stderr);
		return 1;
	}
	printf("%u messages, all refused\n", count);
	return 0;
}
