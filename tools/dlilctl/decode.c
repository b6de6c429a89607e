// SPDX-License-Identifier: GPL-2.0
/*
 * From netlink attributes to JSON.  The tables mirror the attribute sets of
 * Documentation/netlink/specs/dlil.yaml, indexed by attribute.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/genetlink.h>

#include "dlilctl.h"

enum type { TYPE_NONE, TYPE_U32, TYPE_U64, TYPE_STRING, TYPE_ENUM, TYPE_FLAGS,
	    TYPE_LLADDR, TYPE_INET, TYPE_NEST, TYPE_LIST, TYPE_SHARE,
	    TYPE_S32, TYPE_KIND, TYPE_FLAG, TYPE_U16, TYPE_BE16, TYPE_REASON,
	    TYPE_HEX };

struct set;

/**
 * struct field - an attribute
 * @key: its name in JSON
 * @type: TYPE_LIST is a nest that may occur many times; TYPE_SHARE a probability in
 *	multiples of 2^-32, in JSON a percentage; TYPE_KIND a nest that depends on the
 *	kind of the filter; TYPE_FLAG an attribute without a value; TYPE_REASON the
 *	number of an attribute of drops
 * @set: what is in a nest
 * @names: of the values of an enumeration, or of flags; NULL at the end
 * @optional: it is left out if it is absent
 */
struct field {
	const char *key;
	enum type type;
	const struct set *set;
	const char *const *names;
	bool optional;
};

/**
 * struct set - a set of attributes, indexed by attribute
 * @fields: the attributes
 * @n: how many
 * @sparse: those that are absent are left out
 */
struct set {
	const struct field *fields;
	size_t n;
	bool sparse;
};

#define U32(k) { .key = (k), .type = TYPE_U32 }
#define OPTIONAL_U32(k) { .key = (k), .type = TYPE_U32, .optional = true }
#define U64(k) { .key = (k), .type = TYPE_U64 }
#define S32(k) { .key = (k), .type = TYPE_S32 }
#define SHARE(k) { .key = (k), .type = TYPE_SHARE }
#define STRING(k) { .key = (k), .type = TYPE_STRING }
#define ENUM(k, v) { .key = (k), .type = TYPE_ENUM, .names = (v) }
#define FLAGS(k, v) { .key = (k), .type = TYPE_FLAGS, .names = (v) }
#define LLADDR(k) { .key = (k), .type = TYPE_LLADDR }
#define INET(k) { .key = (k), .type = TYPE_INET }
#define NEST(k, s) { .key = (k), .type = TYPE_NEST, .set = &(s) }
#define LIST(k, s) { .key = (k), .type = TYPE_LIST, .set = &(s) }

#define DEFINE_SET(name, ...) \
	static const struct set name##_set = { \
		.fields = name##_fields, \
		.n = ARRAY_SIZE(name##_fields), \
		__VA_ARGS__ \
	}

static const char *const states[] = {
	[DLIL_STATE_ACQUIRED] = "acquired",
	[DLIL_STATE_ATTACHED] = "attached",
	[DLIL_STATE_DETACHING] = "detaching",
	NULL
};

static const char *const policies[] = {
	[DLIL_UNMATCHED_PASS] = "pass",
	[DLIL_UNMATCHED_DROP] = "drop",
	NULL
};

static const char *const headers[] = {
	[DLIL_HEADER_ETHERNET] = "ethernet",
	[DLIL_HEADER_NONE] = "none",
	NULL
};

static const char *const directions[] = {
	[0] = "none",
	[DLIL_DIRECTION_IN] = "in",
	[DLIL_DIRECTION_OUT] = "out",
	[DLIL_DIRECTION_IN | DLIL_DIRECTION_OUT] = "both",
	NULL
};

static const struct field protocol_fields[] = {
	[DLIL_A_PROTO_FAMILY] = STRING("family"),
	[DLIL_A_PROTO_NUMBER] = U32("number"),
	[DLIL_A_PROTO_PACKETS] = U64("packets"),
};

DEFINE_SET(protocol);

static const struct field plumber_fields[] = {
	[DLIL_A_PLUMBER_FAMILY] = STRING("family"),
	[DLIL_A_PLUMBER_NUMBER] = U32("number"),
	[DLIL_A_PLUMBER_COUNT] = U32("count"),
};

DEFINE_SET(plumber);

static const char *const loss_models[] = {
	[DLIL_IMPAIR_LOSS_NONE] = "none",
	[DLIL_IMPAIR_LOSS_RANDOM] = "random",
	[DLIL_IMPAIR_LOSS_EVERY] = "every",
	[DLIL_IMPAIR_LOSS_STATE] = "state",
	[DLIL_IMPAIR_LOSS_GEMODEL] = "gemodel",
	NULL
};

static const char *const distributions[] = {
	[DLIL_IMPAIR_DISTRIBUTION_UNIFORM] = "uniform",
	[DLIL_IMPAIR_DISTRIBUTION_NORMAL] = "normal",
	[DLIL_IMPAIR_DISTRIBUTION_PARETO] = "pareto",
	[DLIL_IMPAIR_DISTRIBUTION_PARETONORMAL] = "paretonormal",
	NULL
};

static const struct field impair_counts_fields[] = {
	[DLIL_A_IMPAIR_COUNTS_MATCHED] = U64("matched"),
	[DLIL_A_IMPAIR_COUNTS_PASSED] = U64("passed"),
	[DLIL_A_IMPAIR_COUNTS_LOST] = U64("lost"),
	[DLIL_A_IMPAIR_COUNTS_DUPLICATED] = U64("duplicated"),
	[DLIL_A_IMPAIR_COUNTS_CORRUPTED] = U64("corrupted"),
	[DLIL_A_IMPAIR_COUNTS_REORDERED] = U64("reordered"),
	[DLIL_A_IMPAIR_COUNTS_LIMITED] = U64("limited"),
	[DLIL_A_IMPAIR_COUNTS_FAILED] = U64("failed"),
	[DLIL_A_IMPAIR_COUNTS_HELD] = U64("held"),
	[DLIL_A_IMPAIR_COUNTS_BYTES] = U64("bytes"),
	[DLIL_A_IMPAIR_COUNTS_LATE_MEAN] = U64("late-mean"),
	[DLIL_A_IMPAIR_COUNTS_LATE_MAX] = U64("late-max"),
};

DEFINE_SET(impair_counts);

static const struct field impair_fields[] = {
	[DLIL_A_IMPAIR_SEED] = U64("seed"),
	[DLIL_A_IMPAIR_LOSS_MODEL] = ENUM("loss-model", loss_models),
	[DLIL_A_IMPAIR_LOSS_P1] = SHARE("loss-p1"),
	[DLIL_A_IMPAIR_LOSS_P2] = SHARE("loss-p2"),
	[DLIL_A_IMPAIR_LOSS_P3] = SHARE("loss-p3"),
	[DLIL_A_IMPAIR_LOSS_P4] = SHARE("loss-p4"),
	[DLIL_A_IMPAIR_LOSS_P5] = SHARE("loss-p5"),
	[DLIL_A_IMPAIR_EVERY] = U32("every"),
	[DLIL_A_IMPAIR_DELAY] = U64("delay"),
	[DLIL_A_IMPAIR_JITTER] = U64("jitter"),
	[DLIL_A_IMPAIR_CORRELATION] = SHARE("correlation"),
	[DLIL_A_IMPAIR_DISTRIBUTION] = ENUM("distribution", distributions),
	[DLIL_A_IMPAIR_DUPLICATE] = SHARE("duplicate"),
	[DLIL_A_IMPAIR_CORRUPT] = SHARE("corrupt"),
	[DLIL_A_IMPAIR_REORDER] = SHARE("reorder"),
	[DLIL_A_IMPAIR_DISTANCE] = U32("distance"),
	[DLIL_A_IMPAIR_GAP] = U32("gap"),
	[DLIL_A_IMPAIR_RATE] = U64("rate"),
	[DLIL_A_IMPAIR_OVERHEAD] = S32("overhead"),
	[DLIL_A_IMPAIR_LIMIT] = U32("limit"),
	[DLIL_A_IMPAIR_IN] = NEST("in", impair_counts_set),
	[DLIL_A_IMPAIR_OUT] = NEST("out", impair_counts_set),
};

DEFINE_SET(impair, .sparse = true);

/* Nobody reads the program: the kernel keeps the expression for that. */
static const struct field filter_fields[] = {
	[DLIL_A_FILTER_NAME] = STRING("name"),
	[DLIL_A_FILTER_KIND] = STRING("kind"),
	[DLIL_A_FILTER_DIRECTION] = ENUM("direction", directions),
	[DLIL_A_FILTER_ACTION] = STRING("action"),
	[DLIL_A_FILTER_EXPR] = STRING("expr"),
	[DLIL_A_FILTER_PACKETS] = U64("packets"),
	[DLIL_A_FILTER_MATCHED] = U64("matched"),
	[DLIL_A_FILTER_LIFETIME] = OPTIONAL_U32("lifetime"),
	/* Only in requests: the arguments of a kind that takes them in words. */
	[DLIL_A_FILTER_WORDS] = { .key = "words", .type = TYPE_STRING,
				  .optional = true },
	[DLIL_A_FILTER_OF_MODULE] = { .key = "of-module", .type = TYPE_FLAG,
				      .optional = true },
	[DLIL_A_FILTER_DATA] = { .key = "impair", .type = TYPE_KIND,
				 .set = &impair_set, .optional = true },
};

DEFINE_SET(filter);

static const struct field stats_fields[] = {
	[DLIL_A_STATS_IPACKETS] = U64("ipackets"),
	[DLIL_A_STATS_IBYTES] = U64("ibytes"),
	[DLIL_A_STATS_IERRORS] = U64("ierrors"),
	[DLIL_A_STATS_OPACKETS] = U64("opackets"),
	[DLIL_A_STATS_OBYTES] = U64("obytes"),
	[DLIL_A_STATS_OERRORS] = U64("oerrors"),
	[DLIL_A_STATS_COLLISIONS] = U64("collisions"),
	[DLIL_A_STATS_IMCASTS] = U64("imcasts"),
	[DLIL_A_STATS_OMCASTS] = U64("omcasts"),
	[DLIL_A_STATS_IQDROPS] = U64("iqdrops"),
	[DLIL_A_STATS_NOPROTO] = U64("noproto"),
};

DEFINE_SET(stats);

static const struct field class_fields[] = {
	[DLIL_A_CLASS_IPACKETS] = U64("ipackets"),
	[DLIL_A_CLASS_IBYTES] = U64("ibytes"),
	[DLIL_A_CLASS_OPACKETS] = U64("opackets"),
	[DLIL_A_CLASS_OBYTES] = U64("obytes"),
};

DEFINE_SET(class);

static const struct field classes_fields[] = {
	[DLIL_A_CLASSES_BACKGROUND] = NEST("background", class_set),
	[DLIL_A_CLASSES_VIDEO] = NEST("video", class_set),
	[DLIL_A_CLASSES_VOICE] = NEST("voice", class_set),
};

DEFINE_SET(classes, .sparse = true);

static const struct field drops_fields[] = {
	[DLIL_A_DROPS_DETACHED] = U64("detached"),
	[DLIL_A_DROPS_DEMUX] = U64("demux"),
	[DLIL_A_DROPS_FILTER] = U64("filter"),
	[DLIL_A_DROPS_PROMISCUOUS] = U64("promiscuous"),
	[DLIL_A_DROPS_NOPROTO] = U64("noproto"),
	[DLIL_A_DROPS_PROTOCOL] = U64("protocol"),
	[DLIL_A_DROPS_QUEUE_FULL] = U64("queue-full"),
	[DLIL_A_DROPS_NOMEM] = U64("nomem"),
	[DLIL_A_DROPS_FRAMER] = U64("framer"),
	[DLIL_A_DROPS_RECURSION] = U64("recursion"),
	[DLIL_A_DROPS_DRIVER] = U64("driver"),
	[DLIL_A_DROPS_SANITY] = U64("sanity"),
	[DLIL_A_DROPS_POLICY] = U64("policy"),
	[DLIL_A_DROPS_TSO] = U64("tso"),
};

DEFINE_SET(drops);

static const struct field account_fields[] = {
	[DLIL_A_ACCOUNT_SEEN] = U64("seen"),
	[DLIL_A_ACCOUNT_DELIVERED] = U64("delivered"),
	[DLIL_A_ACCOUNT_PASSED] = U64("passed"),
	[DLIL_A_ACCOUNT_STOLEN] = U64("stolen"),
	[DLIL_A_ACCOUNT_FREED] = U64("freed"),
	[DLIL_A_ACCOUNT_DROPS] = NEST("drops", drops_set),
};

DEFINE_SET(account);

static const struct field queue_fields[] = {
	[DLIL_A_QUEUE_MAX_PACKETS] = U32("max-packets"),
	[DLIL_A_QUEUE_MAX_BYTES] = U32("max-bytes"),
	[DLIL_A_QUEUE_PACKETS] = U32("packets"),
	[DLIL_A_QUEUE_BYTES] = U32("bytes"),
};

DEFINE_SET(queue);

static const struct field overdue_fields[] = {
	[DLIL_A_OVERDUE_PARTY] = STRING("party"),
	[DLIL_A_OVERDUE_CALLBACK] = STRING("callback"),
	[DLIL_A_OVERDUE_NAME] = STRING("name"),
	[DLIL_A_OVERDUE_SECONDS] = U32("seconds"),
	[DLIL_A_OVERDUE_PID] = U32("pid"),
	[DLIL_A_OVERDUE_TASK] = STRING("task"),
};

DEFINE_SET(overdue);

/* By bit. */
static const char *const attrs[] = { "linear", "tso4", "tso6", "arpll", NULL };

static const struct field ifnet_fields[] = {
	[DLIL_A_IFINDEX] = U32("ifindex"),
	[DLIL_A_IFNAME] = STRING("ifname"),
	[DLIL_A_STATE] = ENUM("state", states),
	[DLIL_A_UNMATCHED] = ENUM("unmatched", policies),
	[DLIL_A_THREAD] = U32("thread"),
	[DLIL_A_PROTOCOL] = LIST("protocols", protocol_set),
	[DLIL_A_FILTER] = LIST("filters", filter_set),
	[DLIL_A_STATS] = NEST("stats", stats_set),
	[DLIL_A_INPUT] = NEST("input", account_set),
	[DLIL_A_OUTPUT] = NEST("output", account_set),
	[DLIL_A_HEADER] = ENUM("header", headers),
	[DLIL_A_QUEUE] = NEST("queue", queue_set),
	[DLIL_A_OVERDUE] = LIST("overdue", overdue_set),
	[DLIL_A_ATTRS] = FLAGS("attrs", attrs),
	[DLIL_A_LAST_CHANGE] = U64("last-change"),
	[DLIL_A_CLASSES] = NEST("classes", classes_set),
	[DLIL_A_PLUMBER] = LIST("plumbers", plumber_set),
	[DLIL_A_REVISION] = U64("revision"),
};

DEFINE_SET(ifnet);

/* By bit, in the words of ip(8). */
static const char *const device_flags[] = {
	"UP", "BROADCAST", "DEBUG", "LOOPBACK", "POINTOPOINT", "NOTRAILERS",
	"RUNNING", "NOARP", "PROMISC", "ALLMULTI", "MASTER", "SLAVE",
	"MULTICAST", "PORTSEL", "AUTOMEDIA", "DYNAMIC", "LOWER_UP", "DORMANT",
	"ECHO", NULL
};

static const char *const event_codes[] = {
	[0] = "unknown",
	[DLIL_EVENT_SIFFLAGS] = "sifflags",
	[DLIL_EVENT_SIFMETRICS] = "sifmetrics",
	[DLIL_EVENT_SIFMTU] = "sifmtu",
	[DLIL_EVENT_SIFPHYS] = "sifphys",
	[DLIL_EVENT_SIFMEDIA] = "sifmedia",
	[DLIL_EVENT_SIFGENERIC] = "sifgeneric",
	[DLIL_EVENT_ADDMULTI] = "addmulti",
	[DLIL_EVENT_DELMULTI] = "delmulti",
	[DLIL_EVENT_IF_ATTACHED] = "if-attached",
	[DLIL_EVENT_IF_DETACHING] = "if-detaching",
	[DLIL_EVENT_IF_DETACHED] = "if-detached",
	[DLIL_EVENT_LINK_OFF] = "link-off",
	[DLIL_EVENT_LINK_ON] = "link-on",
	[DLIL_EVENT_PROTO_ATTACHED] = "proto-attached",
	[DLIL_EVENT_PROTO_DETACHED] = "proto-detached",
	[DLIL_EVENT_LINK_ADDRESS_CHANGED] = "link-address-changed",
	[DLIL_EVENT_WAKEFLAGS_CHANGED] = "wakeflags-changed",
	[DLIL_EVENT_IF_IDLE_ROUTE_REFCNT] = "if-idle-route-refcnt",
	[DLIL_EVENT_IFCAP_CHANGED] = "ifcap-changed",
	[DLIL_EVENT_LINK_QUALITY_METRIC_CHANGED] =
		"link-quality-metric-changed",
	[DLIL_EVENT_NODE_PRESENCE] = "node-presence",
	[DLIL_EVENT_NODE_ABSENCE] = "node-absence",
	[DLIL_EVENT_MASTER_ELECTED] = "master-elected",
	NULL
};

static const char *const filter_events[] = {
	[0] = "unknown",
	[DLIL_FILTER_EVENT_ATTACHED] = "filter-attached",
	[DLIL_FILTER_EVENT_DETACHED] = "filter-detached",
	[DLIL_FILTER_EVENT_MOVED] = "filter-moved",
	[DLIL_FILTER_EVENT_CHANGED] = "filter-changed",
	NULL
};

static const struct field event_fields[] = {
	[DLIL_A_EVENT_CLASS] = U32("class"),
	[DLIL_A_EVENT_SUBCLASS] = U32("subclass"),
	[DLIL_A_EVENT_CODE] = U32("code"),
	[DLIL_A_EVENT_FLAGS] = FLAGS("flags", device_flags),
	[DLIL_A_EVENT_MTU] = U32("mtu"),
	[DLIL_A_EVENT_NODE] = INET("addr"),
	[DLIL_A_EVENT_ADDRESS] = LLADDR("lladdr"),
	[DLIL_A_EVENT_PROTOCOLS] = U32("protocols"),
	[DLIL_A_EVENT_ATTRS] = FLAGS("attrs", attrs),
	[DLIL_A_EVENT_DATA] = LLADDR("data"),
};

DEFINE_SET(event, .sparse = true);

/* The object that an event is about. */
static const struct field proto_name_fields[] = {
	[DLIL_A_PROTO_FAMILY] = STRING("proto"),
	[DLIL_A_PROTO_NUMBER] = U32("number"),
};

DEFINE_SET(proto_name);

static const struct field filter_name_fields[] = {
	[DLIL_A_FILTER_NAME] = STRING("filter"),
};

DEFINE_SET(filter_name);

static const struct field notice_fields[] = {
	[DLIL_A_IFINDEX] = U32("ifindex"),
	[DLIL_A_IFNAME] = STRING("ifname"),
	[DLIL_A_PROTOCOL] = NEST("protocol", proto_name_set),
	[DLIL_A_FILTER] = NEST("filter", filter_name_set),
	[DLIL_A_EVENT] = NEST("event", event_set),
};

DEFINE_SET(notice, .sparse = true);

static const struct field trace_fields[] = {
	[DLIL_A_TRACE_TIME] = U64("time"),
	[DLIL_A_TRACE_IFINDEX] = U32("ifindex"),
	[DLIL_A_TRACE_IFNAME] = STRING("ifname"),
	[DLIL_A_TRACE_DIRECTION] = ENUM("direction", directions),
	[DLIL_A_TRACE_REASON] = { .key = "reason", .type = TYPE_REASON },
	[DLIL_A_TRACE_FILTER] = STRING("filter"),
	[DLIL_A_TRACE_PROTOCOL] = STRING("protocol"),
	[DLIL_A_TRACE_LEN] = U32("len"),
	[DLIL_A_TRACE_HEADER] = ENUM("header", headers),
	[DLIL_A_TRACE_TYPE] = { .key = "type", .type = TYPE_BE16 },
	[DLIL_A_TRACE_VLAN_PROTO] = { .key = "vlan-proto", .type = TYPE_BE16 },
	[DLIL_A_TRACE_VLAN_TCI] = { .key = "vlan-tci", .type = TYPE_U16 },
	[DLIL_A_TRACE_BYTES] = { .key = "bytes", .type = TYPE_HEX },
};

DEFINE_SET(trace, .sparse = true);

static const struct field traces_fields[] = {
	[DLIL_A_TRACE] = LIST("drops", trace_set),
	[DLIL_A_LOST] = U64("lost"),
	[DLIL_A_END] = { .key = "end", .type = TYPE_FLAG, .optional = true },
};

DEFINE_SET(traces);

/* There is no way on without memory. */
json_t *need(json_t *json)
{
	if (json)
		return json;
	complain("Error", "out of memory");
	exit(EXIT_REFUSED);
}

static void set_new(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, need(value)))
		need(NULL);
}

static void append_new(json_t *array, json_t *value)
{
	if (json_array_append_new(array, need(value)))
		need(NULL);
}

/* JSON is UTF-8, a device's name may be any bytes: take others as Latin-1. */
json_t *decode_string(const char *s)
{
	json_t *json = json_string(s);
	char *utf8, *p;

	if (json)
		return json;
	utf8 = malloc(2 * strlen(s) + 1);
	if (!utf8)
		return NULL;
	for (p = utf8; *s; s++) {
		if (*s & 0x80)
			*p++ = 0xc0 | (unsigned char)*s >> 6;
		*p++ = *s & 0x80 ? 0x80 | (*s & 0x3f) : *s;
	}
	*p = 0;
	json = json_string(utf8);
	free(utf8);
	return json;
}

/* Integers are signed in jansson; no counter gets that far. */
static json_t *u64_json(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : value);
}

static json_t *enum_json(const char *const *names, uint32_t value)
{
	uint32_t i;

	for (i = 0; names[i]; i++)
		if (i == value)
			return json_string(names[i]);
	return json_string("unknown");
}

static json_t *reason_json(uint32_t attr)
{
	const char *key = attr < drops_set.n ? drops_fields[attr].key : NULL;

	return json_string(key ? key : "unknown");
}

static json_t *share_json(uint32_t value)
{
	uint64_t rounded = value * 1e9 / 4294967296.0 + 0.5;

	return json_real(value == UINT32_MAX ? 100 : rounded / 1e7);
}

static json_t *flags_json(const char *const *names, uint32_t value)
{
	json_t *flags = need(json_array());
	uint32_t i;

	for (i = 0; names[i]; i++)
		if (value & 1 << i)
			append_new(flags, json_string(names[i]));
	return flags;
}

/* Hexadecimal, with a separator of at most one character between bytes. */
static json_t *hex_json(const struct nlattr *attr, const char *separator)
{
	const unsigned char *byte = mnl_attr_get_payload(attr);
	size_t i, len = mnl_attr_get_payload_len(attr);
	char *s = malloc(3 * len + 1), *at = s;
	json_t *json;

	if (!s)
		return NULL;
	*s = 0;
	for (i = 0; i < len; i++)
		at += sprintf(at, "%s%02x", i ? separator : "", byte[i]);
	json = json_string(s);
	free(s);
	return json;
}

/* NULL unless it is an IPv4 or IPv6 address. */
static json_t *inet_json(const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);
	char s[INET6_ADDRSTRLEN];

	if (len != 4 && len != 16)
		return NULL;
	inet_ntop(len == 4 ? AF_INET : AF_INET6, mnl_attr_get_payload(attr), s,
		  sizeof(s));
	return need(json_string(s));
}

static json_t *decode(const struct set *set, const void *data, size_t len);

/* The value of an attribute that is not there, since every key always is. */
static json_t *absent(const struct field *field)
{
	switch (field->type) {
	case TYPE_STRING:
		return json_string("");
	case TYPE_ENUM:
		return json_string("unknown");
	case TYPE_NEST:
		return decode(field->set, NULL, 0);
	case TYPE_FLAGS:
	case TYPE_LIST:
		return json_array();
	default:
		return json_integer(0);
	}
}

static bool valid(const struct field *field, const struct nlattr *attr)
{
	static const enum mnl_attr_data_type types[] = {
		[TYPE_U32] = MNL_TYPE_U32,
		[TYPE_U64] = MNL_TYPE_U64,
		[TYPE_STRING] = MNL_TYPE_NUL_STRING,
		[TYPE_ENUM] = MNL_TYPE_U32,
		[TYPE_FLAGS] = MNL_TYPE_U32,
		[TYPE_LLADDR] = MNL_TYPE_BINARY,
		[TYPE_INET] = MNL_TYPE_BINARY,
		[TYPE_NEST] = MNL_TYPE_NESTED,
		[TYPE_LIST] = MNL_TYPE_NESTED,
		[TYPE_SHARE] = MNL_TYPE_U32,
		[TYPE_S32] = MNL_TYPE_U32,
		[TYPE_KIND] = MNL_TYPE_NESTED,
		[TYPE_FLAG] = MNL_TYPE_FLAG,
		[TYPE_U16] = MNL_TYPE_U16,
		[TYPE_BE16] = MNL_TYPE_U16,
		[TYPE_REASON] = MNL_TYPE_U32,
		[TYPE_HEX] = MNL_TYPE_BINARY,
	};

	return mnl_attr_validate(attr, types[field->type]) >= 0;
}

/* NULL if @attr, or something in it, is malformed. */
static json_t *present(const struct field *field, const struct nlattr *attr)
{
	if (!valid(field, attr))
		return NULL;
	switch (field->type) {
	case TYPE_U32:
		return need(json_integer(mnl_attr_get_u32(attr)));
	case TYPE_S32:
		return need(json_integer((int32_t)mnl_attr_get_u32(attr)));
	case TYPE_SHARE:
		return need(share_json(mnl_attr_get_u32(attr)));
	case TYPE_U64:
		return need(u64_json(mnl_attr_get_u64(attr)));
	case TYPE_STRING:
		return need(decode_string(mnl_attr_get_str(attr)));
	case TYPE_ENUM:
		return need(enum_json(field->names, mnl_attr_get_u32(attr)));
	case TYPE_FLAGS:
		return flags_json(field->names, mnl_attr_get_u32(attr));
	case TYPE_LLADDR:
		return need(hex_json(attr, ":"));
	case TYPE_HEX:
		return need(hex_json(attr, ""));
	case TYPE_U16:
		return need(json_integer(mnl_attr_get_u16(attr)));
	case TYPE_BE16:
		return need(json_integer(ntohs(mnl_attr_get_u16(attr))));
	case TYPE_REASON:
		return need(reason_json(mnl_attr_get_u32(attr)));
	case TYPE_INET:
		return inet_json(attr);
	case TYPE_FLAG:
		return json_true();
	default:
		return decode(field->set, mnl_attr_get_payload(attr),
			      mnl_attr_get_payload_len(attr));
	}
}

/* NULL if an attribute is malformed.  Unknown ones are left out. */
static json_t *decode(const struct set *set, const void *data, size_t len)
{
	json_t *value, *object = need(json_object());
	const struct field *field;
	const struct nlattr *attr;
	size_t i;

	for (i = 0; i < set->n && !set->sparse; i++)
		if (set->fields[i].key && !set->fields[i].optional)
			set_new(object, set->fields[i].key,
				absent(&set->fields[i]));

	mnl_attr_for_each_payload(data, len) {
		i = mnl_attr_get_type(attr);
		if (i >= set->n || !set->fields[i].key)
			continue;
		field = &set->fields[i];
		/* The kind comes first. */
		if (field->type == TYPE_KIND &&
		    strcmp(field->key, text(object, "kind")))
			continue;
		value = present(field, attr);
		if (!value) {
			json_decref(object);
			return NULL;
		}
		if (field->type == TYPE_LIST)
			append_new(json_object_get(object, field->key), value);
		else
			set_new(object, field->key, value);
	}
	return object;
}

/* The reasons of both directions in one. */
static json_t *sum_drops(const json_t *in, const json_t *out)
{
	json_t *sum = need(json_object());
	const char *key;
	size_t i;

	in = json_object_get(in, "drops");
	out = json_object_get(out, "drops");
	for (i = 0; i < drops_set.n; i++) {
		key = drops_fields[i].key;
		if (key)
			set_new(sum, key, u64_json((uint64_t)number(in, key) +
						   number(out, key)));
	}
	return sum;
}

/* Filters that did not fit come in further messages about the same ifnet. */
static bool continues(const json_t *ifnet, const json_t *ifnets)
{
	json_t *last;

	if (!json_array_size(ifnets))
		return false;
	last = json_array_get(ifnets, json_array_size(ifnets) - 1);
	if (number(last, "ifindex") != number(ifnet, "ifindex"))
		return false;
	if (json_array_extend(json_object_get(last, "filters"),
			      json_object_get(ifnet, "filters")))
		need(NULL);
	return true;
}

static void add_sums(json_t *ifnet)
{
	json_t *out = json_object_get(ifnet, "output");
	json_t *in = json_object_get(ifnet, "input");

	set_new(ifnet, "drops", sum_drops(in, out));
	set_new(ifnet, "account", json_pack("{s:O, s:O}", "input", in,
					    "output", out));
}

static json_t *decode_message(const struct set *set, const struct nlmsghdr *nlh)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);

	if (len < GENL_HDRLEN)
		return NULL;
	return decode(set, mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN),
		      len - GENL_HDRLEN);
}

/**
 * decode_ifnet() - take in the description of one ifnet
 * @nlh: the message
 * @ifnets: array to add it to
 *
 * Return: MNL_CB_OK; MNL_CB_ERROR with errno set if it is malformed.
 */
int decode_ifnet(const struct nlmsghdr *nlh, json_t *ifnets)
{
	json_t *ifnet = decode_message(&ifnet_set, nlh);

	if (!ifnet) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (continues(ifnet, ifnets)) {
		json_decref(ifnet);
	} else {
		add_sums(ifnet);
		append_new(ifnets, ifnet);
	}
	return MNL_CB_OK;
}

/* Decode a filter of a request to add it, as if a reply had it. */
json_t *decode_filter(const struct nlattr *nest)
{
	return need(decode(&filter_set, mnl_attr_get_payload(nest),
			   mnl_attr_get_payload_len(nest)));
}

static json_t *event_name(const json_t *event)
{
	const char *const *names = event_codes;
	json_int_t subclass = number(event, "subclass");

	if (subclass == DLIL_EVENT_SUBCLASS_FILTER)
		names = filter_events;
	else if (subclass != DLIL_EVENT_SUBCLASS_DL)
		return json_string("unknown");
	if (number(event, "class") != DLIL_EVENT_CLASS_NETWORK)
		return json_string("unknown");
	return enum_json(names, number(event, "code"));
}

/**
 * decode_event() - what has happened
 * @nlh: the message
 *
 * Return: an object with ifname, ifindex, event, and what else there is to say;
 * NULL if the message is malformed.
 */
json_t *decode_event(const struct nlmsghdr *nlh)
{
	json_t *event, *object, *notice = decode_message(&notice_set, nlh);

	event = json_object_get(notice, "event");
	if (!event || !text(notice, "ifname")) {
		json_decref(notice);
		return NULL;
	}
	object = need(json_pack("{s:O, s:I, s:o}", "ifname",
				json_object_get(notice, "ifname"), "ifindex",
				number(notice, "ifindex"), "event",
				need(event_name(event))));
	/* NULL, if there is no such thing, updates nothing. */
	json_object_update(object, json_object_get(notice, "protocol"));
	json_object_update(object, json_object_get(notice, "filter"));
	if (json_object_update(object, event))
		need(NULL);
	json_decref(notice);
	return object;
}

/**
 * decode_trace() - packets that were dropped
 * @nlh: the message
 *
 * Return: an object with drops, lost, and end if it is that; NULL if the message
 * is malformed.
 */
json_t *decode_trace(const struct nlmsghdr *nlh)
{
	json_t *drop, *trace = decode_message(&traces_set, nlh);
	size_t i;

	json_array_foreach(json_object_get(trace, "drops"), i, drop)
		if (!text(drop, "ifname") || !text(drop, "direction") ||
		    !text(drop, "reason")) {
			json_decref(trace);
			return NULL;
		}
	return trace;
}
