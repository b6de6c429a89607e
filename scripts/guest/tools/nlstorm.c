// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes the generic netlink family dlil:
 *
 *	nlstorm [-n COUNT] [-s SEED] [-j WORKERS] [-u] DEV...
 *
 * Sends COUNT messages about these devices, and about some that there are not.
 * They are made from the specification, by way of nl-table.h: most begin as
 * what the kernel would take and are then spoilt in one way or several, some
 * are noise.  The workers are processes with a socket each, and a stream of
 * messages each, the same for the same SEED.
 *
 * It fails when
 *  - a message is accepted that the specification does not allow for certain;
 *  - with -u, one that changes anything is accepted at all;
 *  - one is not answered, or with an error that user space has no name for, or
 *    is refused without a sentence;
 *  - an answer is not as specified;
 *  - nothing of some kind was accepted or refused at all: then the fuzzer, not
 *    the kernel, is broken.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>

#include <linux/dlil.h>

#define MSG_SPACE	(128 * 1024)	/* length of the longest message */
#define BATCH_SPACE	(64 * 1024)	/* a batch ends when it is longer */
#define BATCH_MAX	24
#define NODES_MAX	256
#define NAMES		32		/* filters called so many names */
#define WORKERS_MAX	16

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum nl_kind { NL_U32, NL_U64, NL_STRING, NL_BINARY, NL_NEST, NL_PAD };

/**
 * struct nl_attr - an attribute of the specification
 * @name: name
 * @type: number
 * @kind: kind of payload
 * @request: allowed in requests
 * @min: smallest number
 * @max: largest number
 * @max_len: largest length of a string
 * @set: attributes in a nest
 */
struct nl_attr {
	const char *name;
	uint16_t type;
	enum nl_kind kind;
	bool request;
	uint32_t min;
	uint32_t max;
	uint16_t max_len;
	const struct nl_set *set;
};

struct nl_set {
	const char *name;
	const struct nl_attr *attrs;
	unsigned int n;
};

/**
 * struct nl_cmd - a command of the specification
 * @name: name
 * @cmd: number
 * @admin: changes something and needs a privilege
 * @dump: has a dump as well
 * @set: attribute set
 * @attrs: attributes of a request
 * @n: number of @attrs
 */
struct nl_cmd {
	const char *name;
	uint8_t cmd;
	bool admin;
	bool dump;
	const struct nl_set *set;
	uint16_t attrs[32];
	unsigned int n;
};

#include "nl-table.h"

#define N_CMDS	ARRAY_SIZE(nl_cmds)

/* Facts that the specification has only in prose. */
static const struct {
	const char *attr;
	const char *values[6];
} words[] = {
	{ "family", { "inet", "inet6", "vlan", "mpls", "pppoe" } },
	{ "kind", { "match" } },
	{ "action", { "drop", "count", "pass" } },
};

/* Probability of an optional attribute, in percent; the others are always there. */
static const struct {
	const char *attr;
	unsigned int percent;
} optional[] = {
	{ "direction", 50 }, { "expr", 30 }, { "number", 5 },
	{ "packets", 5 }, { "matched", 5 }, { "unmatched", 80 }, { "queue", 20 },
	{ "attrs", 20 }, { "attrs-mask", 20 }, { "words", 5 }, { "data", 5 },
	{ "lifetime", 5 }, { "place", 20 }, { "beside", 10 }, { "revision", 5 },
};

/* A request has the attributes of one of these sets. */
static const struct {
	const char *attr;
	unsigned int choice;
} choices[] = {
	{ "mtu", 0 }, { "address", 1 }, { "flags", 2 }, { "flags-mask", 2 },
	{ "group-add", 3 }, { "group-del", 4 },
};

#define N_CHOICES	(choices[ARRAY_SIZE(choices) - 1].choice + 1)

/*
 * Weight of a command, 40 by default.  Some wait for grace periods of the
 * kernel, and attached devices should mostly stay attached.
 */
static const struct {
	const char *cmd;
	unsigned int weight;
} weights[] = {
	{ "ifnet-attach", 8 }, { "ifnet-detach", 1 },
	{ "filter-add", 60 }, { "proto-unplumb", 4 }, { "control", 10 },
};

static const char *const strange_names[] = {
	"lo", "no-such-device", "..", "a/b", "%s%n", "all", "dl0 ", "\xff\xfe",
};

/**
 * struct node - an attribute of a message in the making
 * @attr: its specification, or NULL
 * @type: type in the message, flags included
 * @claim: length in its header, or 0 for the correct one
 * @data: payload
 * @len: length of @data
 * @child: attributes inside, instead of @data
 * @next: next attribute
 */
struct node {
	const struct nl_attr *attr;
	uint16_t type;
	uint16_t claim;
	void *data;
	uint32_t len;
	struct node *child;
	struct node *next;
};

/**
 * struct request - state of a message until it is answered
 * @cmd: the command, or NULL
 * @wrong: the kernel must refuse it
 * @plain: at most its attributes are wrong
 * @waits: it must be answered
 * @offset: position in the batch
 * @answered: it has been answered
 */
struct request {
	const struct nl_cmd *cmd;
	bool wrong;
	bool plain;
	bool waits;
	size_t offset;
	bool answered;
};

/* Shared by the workers, which count atomically. */
static struct shared {
	uint64_t sent;
	uint64_t said;
	uint64_t accepted[N_CMDS];
	uint64_t refused[N_CMDS];
	uint64_t wrong;
	uint64_t interrupted;
	uint64_t overruns;
	uint64_t errors[134];
} *shared;

static struct {
	uint64_t count;
	uint64_t seed;
	unsigned int workers;
	bool unprivileged;
	char **devices;
	unsigned int n_devices;
	uint32_t *indexes;
} opt = { .count = 200000, .seed = 1, .workers = 4 };

/* The state of this worker. */
static unsigned int worker;
static uint64_t rng;
static int sock;
static uint16_t family;
static uint32_t seq;
static struct node nodes[NODES_MAX];
static unsigned int n_nodes;
static char arena[MSG_SPACE];
static size_t arena_used;
static char batch[BATCH_SPACE + MSG_SPACE];
static size_t batch_len;
static struct request requests[BATCH_MAX];
static unsigned int n_requests;

static uint64_t count(uint64_t *counter)
{
	return __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

/* Random numbers: xorshift64* */

static uint64_t rnd64(void)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return rng * 0x2545f4914f6cdd1dULL;
}

static uint32_t rnd(uint32_t below)
{
	return (rnd64() >> 32) % below;
}

static bool percent(unsigned int chance)
{
	return rnd(100) < chance;
}

/* Numbers at which behaviour changes, and random ones. */
static uint32_t rnd_number(const struct nl_attr *attr)
{
	static const uint32_t special[] = {
		0, 1, 2, 3, 4, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff,
		0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};

	switch (rnd(4)) {
	case 0:
		return attr->min - 1 + rnd(3);
	case 1:
		return attr->max - 1 + rnd(3);
	case 2:
		return special[rnd(ARRAY_SIZE(special))];
	default:
		return rnd64() >> (32 + rnd(32));
	}
}

static uint32_t rnd_len(void)
{
	switch (rnd(8)) {
	case 0:
		return rnd(4096);
	case 1:
		return percent(10) ? rnd(65532) : rnd(1100);
	case 2:
		return rnd(64);
	default:
		return rnd(9);
	}
}

static __attribute__((format(printf, 2, 3), noreturn))
void fail(const struct request *req, const char *fmt, ...)
{
	const struct nlmsghdr *nlh;
	va_list args;
	size_t i;

	flockfile(stdout);
	printf("failed (seed %llu, worker %u): ",
	       (unsigned long long)opt.seed, worker);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	if (req) {
		nlh = (void *)(batch + req->offset);
		printf("; it was %s, of %u bytes:", req->cmd ? req->cmd->name :
		       "noise", nlh->nlmsg_len);
		for (i = 0; i < nlh->nlmsg_len && i < 512 &&
		     req->offset + i < batch_len; i++)
			printf("%s%02x", i % 4 ? "" : " ",
			       (uint8_t)batch[req->offset + i]);
	}
	printf("\n");
	fflush(stdout);
	_exit(1);
}

/* Attributes in the making */

static void *room(size_t len)
{
	void *p = arena + arena_used;

	if (arena_used + len > sizeof(arena))
		fail(NULL, "a message is too long for the fuzzer");
	arena_used += NLA_ALIGN(len);
	return p;
}

static struct node *new_node(const struct nl_attr *attr, uint16_t type)
{
	struct node *node = &nodes[n_nodes++];

	if (n_nodes > NODES_MAX)
		fail(NULL, "a message has too many attributes for the fuzzer");
	*node = (struct node){ .attr = attr, .type = type };
	return node;
}

static void set_data(struct node *node, const void *data, uint32_t len)
{
	node->data = room(len);
	node->len = len;
	node->child = NULL;
	if (data)
		memcpy(node->data, data, len);
}

static void set_noise(struct node *node, uint32_t len)
{
	uint8_t *data;
	uint32_t i;

	if (len > sizeof(arena) - arena_used - 4096)
		len %= 64;
	set_data(node, NULL, len);
	data = node->data;
	for (i = 0; i < len; i++)
		data[i] = rnd64() >> 56;
}

static void set_text(struct node *node, const char *text)
{
	set_data(node, text, strlen(text) + 1);
}

static void append(struct node **list, struct node *node)
{
	while (*list)
		list = &(*list)->next;
	node->next = *list;
	*list = node;
}

/* A valid jump, load, ... with @left instructions behind it. */
static struct sock_filter rnd_insn(unsigned int left)
{
	static const uint16_t loads[] = {
		BPF_LD | BPF_W | BPF_ABS, BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_H | BPF_IND, BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_W | BPF_LEN, BPF_LDX | BPF_W | BPF_LEN,
		BPF_LDX | BPF_B | BPF_MSH, BPF_LD | BPF_IMM, BPF_LDX | BPF_IMM,
		BPF_MISC | BPF_TAX, BPF_MISC | BPF_TXA, BPF_ST, BPF_STX,
	};
	static const uint16_t ops[] = {
		BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD, BPF_AND, BPF_OR,
		BPF_XOR, BPF_LSH, BPF_RSH, BPF_NEG,
	};
	static const uint16_t jumps[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	struct sock_filter insn = { .k = rnd(64) };

	switch (rnd(8)) {
	case 0: /* data beside the packet: its type, tag, processor, ... */
		insn.code = BPF_LD | BPF_W | BPF_ABS;
		insn.k = SKF_AD_OFF + 4 * rnd(SKF_AD_MAX / 4 + 1);
		break;
	case 1: /* far out, and relative to the headers */
		insn.code = loads[rnd(6)];
		insn.k = percent(50) ? rnd64() :
			 (percent(50) ? SKF_NET_OFF : SKF_LL_OFF) + rnd(64);
		break;
	case 2:
	case 3:
		insn.code = BPF_ALU | ops[rnd(ARRAY_SIZE(ops))] |
			    (percent(30) ? BPF_X : BPF_K);
		insn.k = 1 + rnd(31);
		break;
	case 4:
	case 5:
		if (left > 1) {
			insn.code = BPF_JMP | jumps[rnd(ARRAY_SIZE(jumps))];
			insn.jt = rnd(left);
			insn.jf = rnd(left);
			break;
		}
		/* fall through */
	default:
		insn.code = loads[rnd(ARRAY_SIZE(loads))];
		if (BPF_CLASS(insn.code) == BPF_ST ||
		    BPF_CLASS(insn.code) == BPF_STX)
			insn.k = rnd(BPF_MEMWORDS);
		break;
	}
	return insn;
}

static void set_program(struct node *node)
{
	unsigned int n = 1 + (percent(5) ? rnd(200) : rnd(12)), i;
	struct sock_filter *insns;

	set_data(node, NULL, n * sizeof(*insns));
	insns = node->data;
	for (i = 0; i < n - 1; i++)
		insns[i] = rnd_insn(n - 1 - i);
	/* Half of them match nothing, so that some traffic is left. */
	insns[i] = (struct sock_filter){
		percent(30) ? BPF_RET | BPF_A : BPF_RET | BPF_K, 0, 0, rnd(2)
	};
}

/* A program that the kernel must refuse. */
static void spoil_program(struct node *node)
{
	struct sock_filter *insns;
	unsigned int i;

	switch (rnd(6)) {
	case 0: /* half an instruction */
		set_noise(node, rnd(8) * sizeof(*insns) + 1 + rnd(7));
		return;
	case 1: /* none */
		set_data(node, NULL, 0);
		return;
	case 2: /* more than a program may have */
		set_data(node, NULL, (BPF_MAXINSNS + 1) * sizeof(*insns));
		insns = node->data;
		for (i = 0; i <= BPF_MAXINSNS; i++)
			insns[i] = (struct sock_filter)
				BPF_STMT(BPF_RET | BPF_K, 0);
		return;
	}
	set_program(node);
	insns = node->data;
	i = rnd(node->len / sizeof(*insns));
	switch (rnd(3)) {
	case 0: /* no such instruction */
		insns[i].code = 0x8000 | rnd(0x8000);
		break;
	case 1: /* jumps out of the program */
		insns[i] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JA, 10000 + rnd(1 << 30), 0, 0);
		break;
	case 2: /* does not end */
		i = node->len / sizeof(*insns) - 1;
		insns[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 1);
		break;
	}
}

static const char *rnd_name(void)
{
	if (percent(3))
		return strange_names[rnd(ARRAY_SIZE(strange_names))];
	return opt.devices[rnd(opt.n_devices)];
}

static uint32_t rnd_index(void)
{
	if (percent(3))
		return 1 + rnd(1000);
	return opt.indexes[rnd(opt.n_devices)];
}

static void set_string(struct node *node)
{
	char text[1024] = "";
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].attr, node->attr->name))
			continue;
		for (len = 0; words[i].values[len]; len++)
			;
		set_text(node, words[i].values[rnd(len)]);
		return;
	}
	if (!strcmp(node->attr->name, "ifname")) {
		snprintf(text, sizeof(text), "%s", rnd_name());
	} else if (!strcmp(node->attr->name, "name")) {
		snprintf(text, sizeof(text), "f%u", rnd(NAMES));
	} else {
		len = rnd(node->attr->max_len + 1);
		for (i = 0; i < len; i++)
			text[i] = 1 + rnd(255);
	}
	set_text(node, text);
}

static void set_number(struct node *node)
{
	const struct nl_attr *attr = node->attr;
	uint32_t value;

	if (!strcmp(attr->name, "ifindex"))
		value = rnd_index();
	else if (!strcmp(attr->name, "mtu") && percent(90))
		value = 1280 + rnd(400);
	else if (!strncmp(attr->name, "flags", 5) && percent(90))
		value = IFF_UP | (rnd64() & (IFF_PROMISC | IFF_ALLMULTI));
	else
		value = attr->min + rnd64() % (1ULL + attr->max - attr->min);
	set_data(node, &value, sizeof(value));
}

static void set_lladdr(struct node *node)
{
	bool group = strcmp(node->attr->name, "address");
	uint8_t *addr;

	/* Few different groups, so that some of them have been joined. */
	set_noise(node, 6);
	addr = node->data;
	if (group)
		memcpy(addr, (uint8_t[]){ 0x33, 0x33, 0, 0, 1, rnd(8) }, 6);
	else
		addr[0] = (addr[0] & ~1) | 2;
}

static bool left_out(const struct nl_attr *attr)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(optional); i++)
		if (!strcmp(optional[i].attr, attr->name))
			return !percent(optional[i].percent);
	return attr->kind == NL_PAD;
}

/* A valid attribute. */
static struct node *right_node(const struct nl_attr *attr)
{
	struct node *node = new_node(attr, attr->type);
	uint64_t value = rnd64();
	unsigned int i;

	switch (attr->kind) {
	case NL_U32:
		set_number(node);
		break;
	case NL_U64:
		set_data(node, &value, sizeof(value));
		break;
	case NL_STRING:
		set_string(node);
		break;
	case NL_BINARY:
		if (strcmp(attr->name, "program"))
			set_lladdr(node);
		else
			set_program(node);
		break;
	case NL_PAD:
		break;
	case NL_NEST:
		node->type |= NLA_F_NESTED;
		for (i = 0; i < attr->set->n; i++)
			if (!left_out(&attr->set->attrs[i]))
				append(&node->child,
				       right_node(&attr->set->attrs[i]));
		break;
	}
	return node;
}

static const struct nl_attr *find_attr(const struct nl_set *set, uint16_t type)
{
	unsigned int i;

	for (i = 0; i < set->n; i++)
		if (set->attrs[i].type == type)
			return &set->attrs[i];
	return NULL;
}

static bool not_chosen(const struct nl_attr *attr, unsigned int choice)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(choices); i++)
		if (!strcmp(choices[i].attr, attr->name))
			return choices[i].choice != choice;
	return false;
}

static struct node *right_request(const struct nl_cmd *cmd)
{
	unsigned int by = rnd(4), choice = rnd(N_CHOICES), i;
	const struct nl_attr *attr;
	struct node *list = NULL;

	for (i = 0; i < cmd->n; i++) {
		attr = find_attr(cmd->set, cmd->attrs[i]);
		/* The device by its index, its name or both. */
		if (!strcmp(attr->name, "ifindex") && by == 0)
			continue;
		if (!strcmp(attr->name, "ifname") && by > 1)
			continue;
		/* A request for all parties has no protocol. */
		if (!strcmp(cmd->name, "control") && attr->kind == NL_NEST &&
		    percent(80))
			continue;
		if (!not_chosen(attr, choice) && !left_out(attr))
			append(&list, right_node(attr));
	}
	return list;
}

/*
 * Ways to spoil an attribute.  Each returns whether the kernel must refuse the
 * message because of it.
 */

static bool spoil_value(struct node *node)
{
	const struct nl_attr *attr = node->attr;
	uint32_t value, len;

	switch (attr->kind) {
	case NL_U32:
		value = rnd_number(attr);
		set_data(node, &value, sizeof(value));
		return value < attr->min || value > attr->max;
	case NL_STRING:
		if (percent(30)) {
			len = rnd(ARRAY_SIZE(strange_names));
			set_text(node, strange_names[len]);
			return strlen(node->data) > attr->max_len;
		}
		/* Without a NUL, too long, or empty. */
		len = percent(50) ? rnd(attr->max_len + 2) :
				    attr->max_len + 1u + rnd(2000);
		set_data(node, NULL, len + 1);
		memset(node->data, 1 + rnd(255), len);
		((char *)node->data)[len] = percent(50);
		return len > attr->max_len || ((char *)node->data)[len];
	case NL_BINARY:
		if (strcmp(attr->name, "program"))
			set_noise(node, rnd(40));
		else
			spoil_program(node);
		return false;
	default:
		set_noise(node, rnd_len());
		return false;
	}
}

static bool spoil_length(struct node *node)
{
	uint32_t len = rnd_len();

	set_noise(node, len);
	switch (node->attr->kind) {
	case NL_U32:
		return len != sizeof(uint32_t);
	case NL_U64:
		return len != sizeof(uint64_t);
	case NL_STRING:
		return len == 0 || len > node->attr->max_len + 1u;
	case NL_NEST:
		return len > 0 && len < NLA_HDRLEN;
	default:
		return false;
	}
}

static bool spoil_nesting(struct node *node)
{
	bool nested = node->type & NLA_F_NESTED;
	struct node *inner;
	unsigned int depth;

	if (percent(50)) {
		node->type ^= NLA_F_NESTED;
		return true;
	}
	/* The attribute nested in itself, repeatedly. */
	for (depth = 1 + rnd(percent(10) ? 60 : 3); depth; depth--) {
		inner = new_node(node->attr, node->type);
		inner->data = node->data;
		inner->len = node->len;
		inner->child = node->child;
		node->child = inner;
		node->type |= NLA_F_NESTED;
	}
	return !nested;
}

/* An unknown attribute, or one that only answers have. */
static bool spoil_unknown(struct node *node, const struct nl_set *set)
{
	const struct nl_attr *attr = &set->attrs[rnd(set->n)];
	uint16_t flags = node->type & NLA_F_NESTED;
	struct node *other;

	if (percent(50) && !attr->request) {
		other = right_node(attr);
		node->data = other->data;
		node->len = other->len;
		node->child = other->child;
		node->type = other->type;
	} else if (percent(20)) {
		node->type = flags;
	} else {
		node->type = flags | (set->n + 1 +
				      rnd(percent(50) ? 5 : 0x3fff - set->n));
	}
	return true;
}

static bool spoil_claim(struct node *node)
{
	switch (rnd(3)) {
	case 0: /* longer than any message that we send */
		node->claim = 0xffff;
		return true;
	case 1: /* shorter than its header; 0 stands for the truth */
		node->claim = 1 + rnd(NLA_HDRLEN - 1);
		return true;
	default: /* a little more or less */
		node->claim = NLA_HDRLEN + node->len + rnd(9) - 4;
		return false;
	}
}

static bool spoil_twice(struct node *node)
{
	struct node *copy = new_node(node->attr, node->type);

	if (percent(50) && node->attr)
		copy = right_node(node->attr);
	else
		*copy = *node;
	copy->next = node->next;
	node->next = copy;
	return false;
}

static bool spoil_bytes(struct node *node)
{
	uint8_t *data = node->data;
	unsigned int n;

	for (n = 1 + rnd(4); n && node->len; n--)
		data[rnd(node->len)] ^= 1 << rnd(8);
	return false;
}

static unsigned int count_nodes(const struct node *node)
{
	unsigned int n = 0;

	for (; node; node = node->next)
		n += 1 + count_nodes(node->child);
	return n;
}

/* Spoil the @nth attribute of a list; returns less if there is none. */
static bool spoil_nth(struct node *node, const struct nl_set *set, int *nth,
		      bool *wrong)
{
	for (; node; node = node->next) {
		if ((*nth)--) {
			if (spoil_nth(node->child, node->attr &&
				      node->attr->set ? node->attr->set : set,
				      nth, wrong))
				return true;
			continue;
		}
		switch (rnd(node->attr ? 7 : 4)) {
		case 0:
			*wrong = spoil_claim(node);
			break;
		case 1:
			*wrong = spoil_twice(node);
			break;
		case 2:
			*wrong = spoil_bytes(node);
			break;
		case 3:
			*wrong = spoil_unknown(node, set);
			node->attr = NULL;
			break;
		case 4:
			*wrong = spoil_value(node);
			break;
		case 5:
			*wrong = spoil_length(node);
			break;
		case 6:
			*wrong = spoil_nesting(node);
			break;
		}
		return true;
	}
	return false;
}

/* Messages */

static size_t size_of_nodes(const struct node *node)
{
	size_t size = 0;

	for (; node; node = node->next)
		size += NLA_HDRLEN + (node->child ? size_of_nodes(node->child) :
						    NLA_ALIGN(node->len));
	return size;
}

static char *write_nodes(char *at, const struct node *node)
{
	struct nlattr *nla;
	char *end;

	for (; node; node = node->next) {
		nla = (void *)at;
		at += NLA_HDRLEN;
		if (node->child) {
			end = write_nodes(at, node->child);
		} else {
			end = at + node->len;
			if (node->len)
				memcpy(at, node->data, node->len);
			memset(end, 0, NLA_ALIGN(node->len) - node->len);
		}
		nla->nla_type = node->type;
		nla->nla_len = node->claim ?: end - (char *)nla;
		at += NLA_ALIGN(end - at);
	}
	return at;
}

static struct nlmsghdr *begin_msg(uint8_t cmd)
{
	struct nlmsghdr *nlh = (void *)(batch + batch_len);
	struct genlmsghdr *genl = NLMSG_DATA(nlh);

	memset(nlh, 0, NLMSG_LENGTH(GENL_HDRLEN));
	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	nlh->nlmsg_seq = seq + n_requests;
	genl->cmd = cmd;
	genl->version = DLIL_GENL_VERSION;
	requests[n_requests] = (struct request){
		.waits = true,
		.offset = batch_len,
	};
	return nlh;
}

static void end_msg(struct nlmsghdr *nlh, const char *end)
{
	nlh->nlmsg_len = end - (char *)nlh;
	batch_len += NLMSG_ALIGN(nlh->nlmsg_len);
	n_requests++;
}

/* Spoil what surrounds the attributes.  Returns the new end of the message. */
static char *spoil_msg(struct request *req, struct nlmsghdr *nlh, char *end)
{
	struct genlmsghdr *genl = NLMSG_DATA(nlh);
	char *start = (char *)genl + GENL_HDRLEN;
	unsigned int n;

	req->plain = false;
	switch (rnd(6)) {
	case 0: /* no such command */
		genl->cmd = percent(20) ? 0 :
			    NL_LAST_CMD + 1 + rnd(255 - NL_LAST_CMD);
		req->wrong = true;
		req->cmd = NULL;
		break;
	case 1: /* flags, a dump of what cannot be dumped among them */
		if (percent(50))
			nlh->nlmsg_flags |= 1 << rnd(16);
		else
			nlh->nlmsg_flags = rnd(65536);
		req->wrong = false;
		req->waits = (nlh->nlmsg_flags & NLM_F_ACK);
		break;
	case 2:
		genl->version = rnd(256);
		genl->reserved = percent(50) ? rnd(65536) : 0;
		break;
	case 3: /* cut off */
		if (end > start)
			end -= 1 + rnd(end - start);
		req->wrong = false;
		break;
	case 4: /* more than there should be */
		for (n = 1 + rnd(3); n; n--)
			*end++ = rnd(256);
		req->wrong = true;
		break;
	case 5: /* not for the family; its numbers are all others below 16 */
		nlh->nlmsg_type = rnd(NLMSG_MIN_TYPE);
		req->wrong = false;
		req->cmd = NULL;
		break;
	}
	return end;
}

static const struct nl_cmd *some_cmd(void)
{
	unsigned int i, j, total = 0, weight[N_CMDS];

	for (i = 0; i < N_CMDS; i++) {
		weight[i] = 40;
		for (j = 0; j < ARRAY_SIZE(weights); j++)
			if (!strcmp(weights[j].cmd, nl_cmds[i].name))
				weight[i] = weights[j].weight;
		total += weight[i];
	}
	total = rnd(total);
	for (i = 0; total >= weight[i]; i++)
		total -= weight[i];
	return &nl_cmds[i];
}

/* A message of the specification, valid or spoilt. */
static void make_msg(void)
{
	struct request *req = &requests[n_requests];
	unsigned int spoil = 0, i;
	const struct nl_cmd *cmd;
	struct nlmsghdr *nlh;
	struct node *list;
	bool wrong;
	char *end;
	int nth;

	if (percent(70))
		spoil = percent(70) ? 1 : 2 + rnd(3);
	cmd = some_cmd();

	n_nodes = 0;
	arena_used = 0;
	nlh = begin_msg(cmd->cmd);
	req->cmd = cmd;
	req->plain = true;
	list = right_request(cmd);
	if (cmd->dump && percent(30)) {
		nlh->nlmsg_flags |= NLM_F_DUMP;
		/*
		 * A request about all devices, which succeeds even if none is
		 * attached.
		 */
		if (percent(50))
			list = NULL;
	}
	for (i = 0; i < spoil && list; i++) {
		wrong = false;
		nth = rnd(count_nodes(list));
		spoil_nth(list, cmd->set, &nth, &wrong);
		/* Two mistakes may cancel each other. */
		req->wrong = wrong && spoil == 1;
	}
	if (size_of_nodes(list) > MSG_SPACE - 64) {
		list = NULL;
		req->wrong = false;
	}
	end = write_nodes((char *)NLMSG_DATA(nlh) + GENL_HDRLEN, list);
	if (spoil && percent(15))
		end = spoil_msg(req, nlh, end);
	end_msg(nlh, end);
}

/* Random bytes behind a header. */
static void make_noise(void)
{
	struct nlmsghdr *nlh = begin_msg(percent(80) ? 1 + rnd(N_CMDS) :
						       rnd(256));
	char *end = (char *)NLMSG_DATA(nlh) + GENL_HDRLEN;
	struct node node = {};

	arena_used = 0;
	if (percent(20)) {
		end -= rnd(GENL_HDRLEN + 1);
	} else {
		set_noise(&node, percent(3) ? rnd(60000) : rnd(300));
		memcpy(end, node.data, node.len);
		end += node.len;
	}
	end_msg(nlh, end);
}

/*
 * A header with a wrong length.  The kernel cannot find the next message, so
 * this is the last one of its batch.
 */
static void make_liar(void)
{
	struct nlmsghdr *nlh;

	make_msg();
	n_requests--;
	nlh = (void *)(batch + requests[n_requests].offset);
	if (percent(50))
		nlh->nlmsg_len += 1 + rnd(100000);
	else
		nlh->nlmsg_len = rnd(NLMSG_HDRLEN);
	requests[n_requests] = (struct request){
		.offset = requests[n_requests].offset,
	};
	n_requests++;
}

/* Answers */

static void check_attrs(const struct request *req, const struct nl_set *set,
			const char *at, size_t len)
{
	const struct nl_attr *attr;
	const struct nlattr *nla;
	size_t payload;

	while (len >= NLA_HDRLEN) {
		nla = (const void *)at;
		if (nla->nla_len < NLA_HDRLEN || nla->nla_len > len)
			break;
		attr = find_attr(set, nla->nla_type & NLA_TYPE_MASK);
		if (!attr)
			fail(req, "answer with attribute %u of %s",
			     nla->nla_type, set->name);
		payload = nla->nla_len - NLA_HDRLEN;
		if ((attr->kind == NL_U32 && payload != sizeof(uint32_t)) ||
		    (attr->kind == NL_U64 && payload != sizeof(uint64_t)) ||
		    (attr->kind == NL_PAD && payload) ||
		    (attr->kind == NL_STRING &&
		     strnlen((const char *)(nla + 1), payload) != payload - 1))
			fail(req, "answer with a malformed %s", attr->name);
		if (attr->kind == NL_NEST)
			check_attrs(req, attr->set, (const char *)(nla + 1),
				    payload);
		if ((size_t)NLA_ALIGN(nla->nla_len) >= len)
			return;
		len -= NLA_ALIGN(nla->nla_len);
		at += NLA_ALIGN(nla->nla_len);
	}
	if (len)
		fail(req, "answer with %zu bytes that are no attribute", len);
}

static void accepted(struct request *req)
{
	if (req->wrong)
		fail(req, "wrong message was accepted");
	if (!req->cmd || !req->plain)
		return;
	if (opt.unprivileged && req->cmd->admin)
		fail(req, "change by the unprivileged was accepted");
	count(&shared->accepted[req->cmd - nl_cmds]);
}

static bool has_sentence(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = NLMSG_DATA(nlh);
	const char *at = (const char *)(err + 1);
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *nla;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return false;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		at += err->msg.nlmsg_len - NLMSG_HDRLEN;
	while (at + NLA_HDRLEN <= end) {
		nla = (const void *)at;
		if (nla->nla_type == NLMSGERR_ATTR_MSG)
			return nla->nla_len > NLA_HDRLEN + 1;
		at += NLA_ALIGN(nla->nla_len);
	}
	return false;
}

/* Errors of generic netlink itself, which come without a message. */
static bool speaks_for_itself(int err)
{
	return err == EPERM || err == ENOMEM || err == EOPNOTSUPP ||
	       err == EBUSY || err == ENOBUFS;
}

static void refused(struct request *req, int err, const struct nlmsghdr *nlh)
{
	if (err < 0 || (size_t)err >= ARRAY_SIZE(shared->errors))
		fail(req, "answered with error %d", err);
	count(&shared->errors[err]);
	if (req->plain && nlh->nlmsg_type == NLMSG_ERROR &&
	    !speaks_for_itself(err) && !has_sentence(nlh))
		fail(req, "refused with error %d (%s) and no sentence", err,
		     strerror(err));
	if (req->cmd)
		count(&shared->refused[req->cmd - nl_cmds]);
	if (req->wrong)
		count(&shared->wrong);
}

static void take_answer(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = NLMSG_DATA(nlh);
	struct request *req;
	int err;

	/* Messages of a trace are no answers. */
	if (nlh->nlmsg_type == family && !nlh->nlmsg_seq &&
	    genl->cmd == DLIL_CMD_TRACE)
		return;
	if (nlh->nlmsg_seq - seq >= n_requests)
		fail(NULL, "answer to what was not asked: type %u, sequence %u",
		     nlh->nlmsg_type, nlh->nlmsg_seq);
	req = &requests[nlh->nlmsg_seq - seq];
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		err = *(int *)NLMSG_DATA(nlh);
		if (req->answered)
			fail(req, "answered twice");
		req->answered = true;
		if (err)
			refused(req, -err, nlh);
		else
			accepted(req);
		break;
	default:
		if (nlh->nlmsg_type != family)
			fail(req, "answer of type %u", nlh->nlmsg_type);
		if (req->wrong)
			fail(req, "wrong message was accepted");
		check_attrs(req, nl_cmds[0].set,
			    (char *)NLMSG_DATA(nlh) + GENL_HDRLEN,
			    nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
	}
}

/* Milliseconds after which no answer is expected any more. */
#define PATIENCE 20000

/* Are there messages without an answer, and does one come in time? */
static bool more_comes(void)
{
	struct pollfd fd = { .fd = sock, .events = POLLIN };
	unsigned int i;

	for (i = 0; i < n_requests; i++)
		if (requests[i].waits && !requests[i].answered)
			return poll(&fd, 1, PATIENCE) > 0;
	return false;
}

/*
 * The kernel has processed a message when send() returns, so that all answers
 * are there, except those of dumps, which continue as they are read, and of
 * control requests, which a work answers.
 */
static void take_answers(void)
{
	static char buf[1024 * 1024];
	const struct nlmsghdr *nlh;
	bool overrun = false;
	unsigned int i;
	ssize_t len;

	for (;;) {
		len = recv(sock, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
		if (len < 0 && errno == ENOBUFS) {
			count(&shared->overruns);
			overrun = true;
			continue;
		}
		if (len < 0 && errno == EAGAIN) {
			if (!overrun && more_comes())
				continue;
			break;
		}
		if (len <= 0 || (size_t)len > sizeof(buf))
			fail(NULL, "recv: %zd, %s", len, strerror(errno));
		for (nlh = (void *)buf; NLMSG_OK(nlh, len);
		     nlh = NLMSG_NEXT(nlh, len))
			take_answer(nlh);
	}
	for (i = 0; i < n_requests && !overrun; i++)
		if (requests[i].waits && !requests[i].answered)
			fail(&requests[i], "not answered");
}

static int open_socket(int rcvbuf)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), one = 1;

	if (fd < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)))
		fail(NULL, "netlink socket: %s", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	return fd;
}

static void send_batch(void)
{
	if (send(sock, batch, batch_len, 0) < 0)
		fail(NULL, "send of %zu bytes: %s", batch_len, strerror(errno));
	take_answers();
	seq += n_requests;
	n_requests = 0;
	batch_len = 0;
}

/* A dump that is not read to its end, on a socket with a small buffer. */
static void interrupted_dump(void)
{
	const struct nl_cmd *cmd;
	struct nlmsghdr *nlh;
	char buf[4096];
	unsigned int n;
	int fd;

	do
		cmd = &nl_cmds[rnd(N_CMDS)];
	while (!cmd->dump);
	fd = open_socket(percent(50) ? 0 : 8192);
	for (n = 1 + rnd(2); n; n--) {
		nlh = begin_msg(cmd->cmd);
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		if (send(fd, nlh, nlh->nlmsg_len, 0) < 0)
			fail(NULL, "send of a dump: %s", strerror(errno));
	}
	/* A small buffer loses the rest of a message. */
	for (n = rnd(4); n; n--)
		recv(fd, buf, 1 + rnd(sizeof(buf)), MSG_DONTWAIT);
	close(fd);
	count(&shared->interrupted);
}

static void find_family(void)
{
	struct nlmsghdr *nlh = begin_msg(CTRL_CMD_GETFAMILY);
	struct node name = { .type = CTRL_ATTR_FAMILY_NAME };
	const struct nlattr *attr;
	char buf[8192];
	ssize_t len;

	set_text(&name, DLIL_GENL_NAME);
	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_len = write_nodes((char *)NLMSG_DATA(nlh) + GENL_HDRLEN,
				     &name) - (char *)nlh;
	if (send(sock, nlh, nlh->nlmsg_len, 0) < 0)
		fail(NULL, "send: %s", strerror(errno));
	len = recv(sock, buf, sizeof(buf), 0);
	nlh = (void *)buf;
	if (len < 0 || nlh->nlmsg_type != GENL_ID_CTRL)
		fail(NULL, "there is no family %s", DLIL_GENL_NAME);
	attr = (void *)((char *)NLMSG_DATA(nlh) + GENL_HDRLEN);
	len -= NLMSG_LENGTH(GENL_HDRLEN);
	while (len >= NLA_HDRLEN && attr->nla_type != CTRL_ATTR_FAMILY_ID) {
		len -= NLA_ALIGN(attr->nla_len);
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	}
	memcpy(&family, attr + 1, sizeof(family));
}

/* Report each tenth of the run. */
static void say_progress(uint64_t sent)
{
	uint64_t said = __atomic_load_n(&shared->said, __ATOMIC_RELAXED);

	if (sent * 10 / opt.count <= said ||
	    !__atomic_compare_exchange_n(&shared->said, &said, said + 1, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	printf("# %llu of %llu messages\n", (unsigned long long)sent,
	       (unsigned long long)opt.count);
	fflush(stdout);
}

/* Filters of the kind match, which are all that there are, cannot be changed. */
static bool is_always_refused(const struct nl_cmd *cmd)
{
	return !strcmp(cmd->name, "filter-change");
}

/* Has every kind of message been accepted, and refused? */
static bool is_enough(void)
{
	bool enough = shared->wrong && shared->interrupted;
	unsigned int i;
	uint64_t ok;

	for (i = 0; i < N_CMDS; i++) {
		ok = shared->accepted[i];
		enough = enough && shared->refused[i] &&
			 (is_always_refused(&nl_cmds[i]) ? !ok :
			  ok || (opt.unprivileged && nl_cmds[i].admin));
	}
	return enough && (!opt.unprivileged || shared->errors[EPERM]);
}

/*
 * Rare messages may not have been accepted yet.  They are when more of them are sent, but
 * this many times what was asked for at most.
 */
#define SENT_MAX 20

static bool wants_more(void)
{
	return !is_enough() && shared->sent < SENT_MAX * opt.count;
}

/* Messages of a worker that is through, while they are not enough. */
#define MORE 20

static void work(void)
{
	uint64_t left = opt.count / opt.workers;
	unsigned int sort;
	bool last;

	if (!worker)
		left += opt.count % opt.workers;
	/* Independent streams. */
	rng = (opt.seed + 1) * 0x9e3779b97f4a7c15ULL ^
	      (worker + 1) * 0xbf58476d1ce4e5b9ULL;
	for (sort = 0; sort < 8; sort++)
		rnd64();
	sock = open_socket(8 * 1024 * 1024);
	find_family();
	while (left || wants_more()) {
		left = left ?: MORE;
		last = false;
		sort = rnd(200);
		if (sort == 0) {
			interrupted_dump();
			last = true;
		} else if (sort < 4) {
			make_liar();
			last = true;
		} else if (sort < 24) {
			make_noise();
		} else {
			make_msg();
		}
		left--;
		say_progress(count(&shared->sent));
		if (n_requests &&
		    (last || !left || n_requests == BATCH_MAX ||
		     batch_len > BATCH_SPACE || percent(10)))
			send_batch();
	}
}

/* Returns whether the messages were enough. */
static bool report(void)
{
	bool good = is_enough();
	unsigned int i;

	for (i = 0; i < N_CMDS; i++)
		printf("# %s: %llu accepted, %llu refused\n", nl_cmds[i].name,
		       (unsigned long long)shared->accepted[i],
		       (unsigned long long)shared->refused[i]);
	printf("# %llu surely wrong, %llu dumps interrupted, %llu overruns\n",
	       (unsigned long long)shared->wrong,
	       (unsigned long long)shared->interrupted,
	       (unsigned long long)shared->overruns);
	for (i = 1; i < ARRAY_SIZE(shared->errors); i++)
		if (shared->errors[i])
			printf("# %s: %llu\n", strerror(i),
			       (unsigned long long)shared->errors[i]);
	if (!good)
		printf("failed: too little was accepted, or refused, to say anything\n");
	return good;
}

static void usage(void)
{
	fprintf(stderr,
		"usage: nlstorm [-n COUNT] [-s SEED] [-j WORKERS] [-u] DEV...\n");
	exit(2);
}

static void parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "n:s:j:u")) != -1) {
		switch (c) {
		case 'n':
			opt.count = strtoull(optarg, NULL, 0);
			break;
		case 's':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			opt.workers = strtoul(optarg, NULL, 0);
			break;
		case 'u':
			opt.unprivileged = true;
			break;
		default:
			usage();
		}
	}
	opt.devices = argv + optind;
	opt.n_devices = argc - optind;
	if (!opt.count || !opt.workers || opt.workers > WORKERS_MAX ||
	    !opt.n_devices)
		usage();
}

int main(int argc, char **argv)
{
	bool good = true;
	unsigned int i;
	int status;

	parse_options(argc, argv);
	opt.indexes = calloc(opt.n_devices, sizeof(*opt.indexes));
	for (i = 0; opt.indexes && i < opt.n_devices; i++)
		opt.indexes[i] = if_nametoindex(opt.devices[i]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !opt.indexes) {
		perror("memory");
		return 1;
	}
	for (; worker < opt.workers; worker++) {
		switch (fork()) {
		case -1:
			perror("fork");
			return 1;
		case 0:
			work();
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		good = good && status == 0;
	return report() && good ? 0 : 1;
}
