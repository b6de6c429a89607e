// SPDX-License-Identifier: GPL-2.0
/* Requests to the generic netlink family dlil, and their answers. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include "dlilctl.h"

/* The longest program (BPF_MAXINSNS) has 32 KiB. */
#define REQUEST_SIZE (64 * 1024)

/* A reply about one ifnet has all its filters. */
#define ANSWER_SIZE (4 * 1024 * 1024)

/* A list that changes while it is read is read again, up to this limit. */
#define MAX_TRIES 16

/**
 * struct answer - answer of the kernel
 * @ifnets: array that receives ifnets; may be NULL
 * @family: number of the family, if requested
 * @group: number of its multicast group for events, if requested
 * @links: array that receives the names and indices of devices; may be NULL
 * @err: 0 or a negative errno
 * @sentence: error message, or NULL; valid until the next request
 * @offset: where in the request the attribute at fault is, or 0
 * @take: called for each message of a trace; may be NULL
 * @over: @take wants no more
 */
struct answer {
	json_t *ifnets;
	uint16_t family;
	uint32_t group;
	json_t *links;
	int err;
	const char *sentence;
	uint32_t offset;
	int (*take)(json_t *trace);
	bool over;
};

static struct nlmsghdr *put_header(void *buf, uint8_t cmd, uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return nlh;
}

/* Starts a request in memory of the caller's, which has no attributes yet. */
struct nlmsghdr *genl_header(void *buf, uint8_t cmd)
{
	return put_header(buf, cmd, DLIL_GENL_VERSION);
}

/**
 * genl_request() - start a request
 * @cmd: DLIL_CMD_*
 * @dev: device that it is about, NULL for all
 *
 * Return: the message, with room for any attributes; there is only one at a
 * time.
 */
struct nlmsghdr *genl_request(uint8_t cmd, const char *dev)
{
	static _Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct nlmsghdr *nlh = put_header(buf, cmd, DLIL_GENL_VERSION);

	if (dev)
		mnl_attr_put_strz(nlh, DLIL_A_IFNAME, dev);
	return nlh;
}

/**
 * genl_request_of() - start a request about a device that was queried before
 * @cmd: DLIL_CMD_*
 * @ifnet: the answer to that query
 *
 * Uses the index, because another device may have the name by now.
 *
 * Return: as genl_request().
 */
struct nlmsghdr *genl_request_of(uint8_t cmd, const json_t *ifnet)
{
	struct nlmsghdr *nlh = genl_request(cmd, NULL);

	mnl_attr_put_u32(nlh, DLIL_A_IFINDEX, number(ifnet, "ifindex"));
	return nlh;
}

/* Makes it a request for something else. */
void genl_set_command(struct nlmsghdr *nlh, uint8_t cmd)
{
	struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	genl->cmd = cmd;
}

/* Parse one multicast group of the family. */
static void take_group(const struct nlattr *nest, struct answer *answer)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			id = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, DLIL_MCGRP_EVENTS))
		answer->group = id;
}

static void take_groups(const struct nlattr *nest, struct answer *answer)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		take_group(attr, answer);
}

static int on_data(const struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != GENL_ID_CTRL)
		return answer->ifnets ? decode_ifnet(nlh, answer->ifnets) :
					MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			answer->family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			take_groups(attr, answer);
	}
	return MNL_CB_OK;
}

static void find_fault(const struct nlmsghdr *nlh, size_t offset,
		       struct answer *answer)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, offset) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			answer->sentence = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			answer->offset = mnl_attr_get_u32(attr);
	}
}

/* Parse the last message of an answer: NLMSG_ERROR or NLMSG_DONE. */
static int on_end(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *end = mnl_nlmsg_get_payload(nlh);
	bool done = nlh->nlmsg_type == NLMSG_DONE;
	size_t size = done ? sizeof(end->error) : sizeof(*end);
	struct answer *answer = data;

	if (mnl_nlmsg_get_payload_len(nlh) < size) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	answer->err = end->error;
	/* The request precedes the attributes, unless the message is capped. */
	if (!done && !(nlh->nlmsg_flags & NLM_F_CAPPED))
		size += end->msg.nlmsg_len - sizeof(end->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		find_fault(nlh, size, answer);
	return MNL_CB_STOP;
}

/*
 * Sends a request and reads until its answer is complete; @on_message gets each
 * message before the last one.  Returns a negative errno if there is no answer,
 * -EINTR if the list has changed meanwhile.
 */
static int exchange(struct mnl_socket *nl, struct nlmsghdr *nlh,
		    mnl_cb_t on_message, struct answer *answer)
{
	static mnl_cb_t ends[NLMSG_MIN_TYPE] = {
		[NLMSG_ERROR] = on_end,
		[NLMSG_DONE] = on_end,
	};
	static _Alignas(struct nlmsghdr) char buf[ANSWER_SIZE];
	unsigned int port = mnl_socket_get_portid(nl);
	static uint32_t seq;
	ssize_t len;
	int ret;

	nlh->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		do
			len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		while (len < 0 && errno == EINTR);
		if (len < 0)
			return -errno;
		ret = mnl_cb_run2(buf, len, nlh->nlmsg_seq, port, on_message,
				  answer, ends, ARRAY_SIZE(ends));
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

/* Get the number of the family, or a negative errno; @group may be NULL. */
static int find_family(struct mnl_socket *nl, uint32_t *group)
{
	/* libmnl does not clear the padding of a string. */
	_Alignas(struct nlmsghdr) char buf[128] = {};
	struct answer answer = {};
	struct nlmsghdr *nlh;
	int ret;

	nlh = put_header(buf, CTRL_CMD_GETFAMILY, 1);
	nlh->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, DLIL_GENL_NAME);
	ret = exchange(nl, nlh, on_data, &answer);
	if (!ret)
		ret = answer.err;
	if (group)
		*group = answer.group;
	if (ret == -ENOENT)
		return -EPROTONOSUPPORT;
	return ret ? ret : answer.family;
}

static struct mnl_socket *open_socket_of(int bus)
{
	static const int settings[] = {
		NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK
	};
	struct mnl_socket *nl;
	int on = 1;
	size_t i;

	nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl)
		return NULL;
	/*
	 * Without these options, answers are longer or less clear, but still
	 * answers.
	 */
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		mnl_socket_setsockopt(nl, settings[i], &on, sizeof(on));
	if (!mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
		return nl;
	mnl_socket_close(nl);
	return NULL;
}

static struct mnl_socket *open_socket(void)
{
	return open_socket_of(NETLINK_GENERIC);
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(nlh);
	const struct answer *answer = data;
	const struct nlattr *attr;
	const char *name = "";

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*link))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*link))
		if (mnl_attr_get_type(attr) == IFLA_IFNAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			name = mnl_attr_get_str(attr);
	if (json_array_append_new(answer->links,
				  need(json_pack("{s:o,s:i}", "ifname",
						 need(decode_string(name)),
						 "ifindex", link->ifi_index))))
		need(NULL);
	return MNL_CB_OK;
}

static int ask_links(struct nlmsghdr *nlh, struct answer *answer)
{
	struct mnl_socket *nl = open_socket_of(NETLINK_ROUTE);
	int ret;

	if (!nl)
		return -errno;
	ret = exchange(nl, nlh, on_link, answer);
	mnl_socket_close(nl);
	return ret;
}

/**
 * device_index() - find a device by name
 * @dev: its name, or an alternative one
 *
 * if_nametoindex() does not accept names longer than a first name may be.
 *
 * Return: its index, 0 if there is none, or on an error.
 */
uint32_t device_index(const char *dev)
{
	/* libmnl does not clear the padding of a string. */
	_Alignas(struct nlmsghdr) char buf[256] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct answer answer = { .links = need(json_array()) };
	uint32_t index = 0;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	/* The kernel searches names of both kinds. */
	mnl_attr_put_strz(nlh, IFLA_ALT_IFNAME, dev);
	if (!ask_links(nlh, &answer))
		index = number(json_array_get(answer.links, 0), "ifindex");
	json_decref(answer.links);
	return index;
}

/* The kernel takes longer messages from administrators only. */
static void make_room(struct mnl_socket *nl, size_t len)
{
	int size = len;

	if (len > REQUEST_SIZE)
		setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_SNDBUFFORCE,
			   &size, sizeof(size));
}

/* Sends one request on a socket of its own, which has no older answers. */
static int ask(struct nlmsghdr *nlh, struct answer *answer)
{
	struct mnl_socket *nl = open_socket();
	int ret;

	if (!nl)
		return -errno;
	make_room(nl, nlh->nlmsg_len);
	ret = find_family(nl, NULL);
	if (ret >= 0) {
		nlh->nlmsg_type = ret;
		ret = exchange(nl, nlh, on_data, answer);
	}
	mnl_socket_close(nl);
	return ret;
}

const char *subject;

/*
 * Prints the sentence of the kernel.  Where it says that somebody refused something, and
 * has no reason, there is still the number of the error.
 */
static void complain_of_sentence(const char *what, const struct answer *answer)
{
	static const char refused[] = "refused it";
	const char *sentence = answer->sentence, *rest;
	bool bare;

	rest = strstr(sentence, refused);
	rest = rest ? rest + strlen(refused) : sentence + strlen(sentence);
	bare = strstr(sentence, refused) && *rest != ':';
	complain(what, "%s%s%s%.*s%s%s%s", subject ? subject : "",
		 subject ? ": " : "", strncmp(sentence, "dlil: ", 6) ? "dlil: " : "",
		 (int)(rest - sentence), sentence, bare ? ": " : "",
		 bare ? strerror(-answer->err) : "", rest);
}

/* Prints the error; returns the exit status. */
static int judge(int ret, const struct answer *answer)
{
	const char *what = answer->err ? "Error" : "Warning";

	switch (ret) {
	case 0:
		break;
	case -EPROTONOSUPPORT:
		complain("Error",
			 "the dlil module is not loaded: try modprobe dlil");
		return EXIT_REFUSED;
	case -EINTR:
		complain("Error",
			 "the list kept changing while it was read, try again");
		return EXIT_REFUSED;
	case -ENOBUFS:
		complain("Error",
			 "the answer was lost, check the result with show");
		return EXIT_REFUSED;
	default:
		complain("Error", "request failed: %s",
			 strerror(-ret));
		return EXIT_REFUSED;
	}
	if (answer->sentence)
		complain_of_sentence(what, answer);
	else if (answer->err)
		complain(what, "%s%s%s", subject ? subject : "",
			 subject ? ": " : "", strerror(-answer->err));
	return answer->err ? EXIT_REFUSED : EXIT_SUCCESS;
}

/**
 * genl_change() - send a request for a change
 * @nlh: the request
 *
 * Return: the exit status; errors have been printed.
 */
int genl_change(struct nlmsghdr *nlh)
{
	struct answer answer = {};

	return judge(ask(nlh, &answer), &answer);
}

/* The sentence about a change of a step, without its number. */
static const char *behind_number(const char *sentence)
{
	unsigned int number;
	int len = 0;

	if (sentence && sscanf(sentence, "change %u: %n", &number, &len) == 1 && len)
		return sentence + len;
	return sentence;
}

/**
 * genl_step() - send a request for several changes
 * @nlh: the request
 * @blame: called with the place of the attribute at fault in the request, before the
 *	error is printed
 * @stale: if not NULL, set to whether another change has come first, which is no error
 *	then
 *
 * Return: the exit status; errors have been printed.
 */
int genl_step(struct nlmsghdr *nlh, void (*blame)(uint32_t offset), bool *stale)
{
	struct answer answer = {};
	int ret = ask(nlh, &answer);

	if (stale) {
		*stale = !ret && answer.err == -ESTALE;
		if (*stale)
			return EXIT_SUCCESS;
	}
	if (answer.offset)
		blame(answer.offset);
	/* The user knows lines, or has asked for a single change. */
	answer.sentence = behind_number(answer.sentence);
	return judge(ret, &answer);
}

/**
 * genl_query() - query ifnets
 * @dev: the only device to query, or NULL for all
 * @ifnets: set to an array of them, to be released by json_decref()
 *
 * Return: the exit status; errors have been printed.
 */
int genl_query(const char *dev, json_t **ifnets)
{
	struct nlmsghdr *nlh = genl_request(DLIL_CMD_IFNET_GET, dev);
	struct answer answer;
	int ret, try = 0;

	if (!dev)
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*ifnets = need(json_array());
	do {
		json_array_clear(*ifnets);
		answer = (struct answer){ .ifnets = *ifnets };
		ret = ask(nlh, &answer);
	} while ((ret == -EINTR || ret == -ENOBUFS) && ++try < MAX_TRIES);
	return judge(ret, &answer);
}

/**
 * genl_devices() - list the network devices of the namespace
 * @links: set to an array of their names and indices, to be released by json_decref()
 *
 * Return: the exit status; errors have been printed.
 */
int genl_devices(json_t **links)
{
	_Alignas(struct nlmsghdr) char buf[64] = {};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct answer answer;
	int ret, try = 0;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	*links = need(json_array());
	do {
		json_array_clear(*links);
		answer = (struct answer){ .links = *links };
		ret = ask_links(nlh, &answer);
	} while ((ret == -EINTR || ret == -ENOBUFS) && ++try < MAX_TRIES);
	return judge(ret, &answer);
}

/* The group in which generic netlink reports new and removed families. */
#define CTRL_GROUP GENL_ID_CTRL

/* Has our family been removed? */
static bool is_end_of_family(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != GENL_ID_CTRL ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 &&
		    !strcmp(mnl_attr_get_str(attr), DLIL_GENL_NAME))
			return true;
	return false;
}

static int on_event(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct watcher *watcher = data;
	json_t *event;
	int ret;

	if (is_end_of_family(nlh)) {
		errno = EPROTONOSUPPORT;
		return MNL_CB_ERROR;
	}
	if (nlh->nlmsg_type == GENL_ID_CTRL ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != DLIL_CMD_EVENT)
		return MNL_CB_OK;
	event = decode_event(nlh);
	if (!event) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	ret = watcher->event(event);
	json_decref(event);
	return ret;
}

/* Waits for an event, but not beyond @until.  Returns false if none came. */
static bool wait_for_event(struct mnl_socket *nl, long long until)
{
	struct pollfd fd = { .fd = mnl_socket_get_fd(nl), .events = POLLIN };
	long long left = until - now_ms();

	return left > 0 && poll(&fd, 1, left > INT32_MAX ? INT32_MAX : left) > 0;
}

/*
 * Returns a negative errno when it cannot continue, and 0 if a callback has ended it and
 * said why.
 */
static int watch(struct mnl_socket *nl, const struct watcher *watcher)
{
	static _Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	long long until = now_ms() + options.wait * 1000LL;
	bool late = !watcher->late;
	ssize_t len;
	int ret;

	do {
		while (!late && !wait_for_event(nl, until)) {
			if (now_ms() < until)
				continue;
			late = true;
			if (watcher->late() == MNL_CB_ERROR)
				return 0;
		}
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (len >= 0)
			ret = mnl_cb_run(buf, len, 0, 0, on_event,
					 (void *)watcher);
		else if (errno == ENOBUFS)
			ret = watcher->lost();
		else
			ret = errno == EINTR ? MNL_CB_OK : MNL_CB_ERROR;
	} while (ret > MNL_CB_ERROR);
	return -errno;
}

static int join(struct mnl_socket *nl, uint32_t group)
{
	return mnl_socket_setsockopt(nl, NETLINK_ADD_MEMBERSHIP, &group,
				     sizeof(group)) ? -errno : 0;
}

/*
 * Query the kernel once after joining the group.  The kernel tracks some
 * changes only while there is a listener, for which it polls once a second and
 * before it answers a query.  The answer does not matter.
 */
static void announce(void)
{
	struct nlmsghdr *nlh = genl_request(DLIL_CMD_IFNET_GET, NULL);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ask(nlh, &(struct answer){});
}

/*
 * Listen to events of the family, and of its removal.  With @announced, no
 * event is missed from here on.  Returns a negative errno.
 */
static int listen_to_events(struct mnl_socket *nl, bool announced)
{
	uint32_t group = 0;
	int ret = find_family(nl, &group);

	if (ret >= 0)
		ret = join(nl, group);
	if (!ret && announced)
		announce();
	return ret ? ret : join(nl, CTRL_GROUP);
}

/**
 * genl_monitor() - watch events until an error occurs
 * @watcher: callbacks for events
 *
 * Return: the exit status; errors have been printed.
 */
int genl_monitor(const struct watcher *watcher)
{
	struct mnl_socket *nl = open_socket();
	int ret;

	if (!nl) {
		ret = -errno;
	} else {
		ret = listen_to_events(nl, true);
		if (!ret) {
			ret = watch(nl, watcher);
			if (ret == -EPROTONOSUPPORT)
				complain("Error", "the dlil module was unloaded");
			if (!ret || ret == -EPROTONOSUPPORT) {
				mnl_socket_close(nl);
				return EXIT_REFUSED;
			}
		}
		mnl_socket_close(nl);
	}
	/* The end of the program reports output that cannot be written. */
	return ferror(stdout) ? EXIT_REFUSED : judge(ret, &(struct answer){});
}

/* Takes a message of a trace; the last one says that the module is being unloaded. */
static int on_trace(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct answer *answer = data;
	json_t *trace;
	int ret;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != DLIL_CMD_TRACE)
		return MNL_CB_OK;
	trace = decode_trace(nlh);
	if (!trace) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	ret = answer->take(trace);
	if (ret == MNL_CB_STOP)
		answer->over = true;
	if (ret == MNL_CB_OK && json_object_get(trace, "end")) {
		errno = EPROTONOSUPPORT;
		ret = MNL_CB_ERROR;
	}
	json_decref(trace);
	return ret;
}

/*
 * Reads messages until the trace is over.  Returns 0, or a negative errno.  No message of a
 * trace is lost in the socket, so ENOBUFS would be about something else.
 */
static int read_traces(struct mnl_socket *nl, struct answer *answer)
{
	static _Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	ssize_t len;

	while (!answer->over) {
		len = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (len < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (len >= 0 && mnl_cb_run(buf, len, 0, 0, on_trace, answer) < 0)
			return -errno;
	}
	return 0;
}

/* Room for some thousand packets, beside those that the kernel keeps. */
#define TRACE_ROOM (1024 * 1024)

/**
 * genl_trace() - be told of dropped packets
 * @dev: the device, or NULL for all
 * @begun: called when packets are told; returns whether to go on
 * @take: called for each message, which may come before that; returns MNL_CB_OK, or
 *	MNL_CB_STOP to end
 *
 * Return: the exit status; errors have been printed, except those of the callbacks.
 */
int genl_trace(const char *dev, bool (*begun)(void), int (*take)(json_t *trace))
{
	struct nlmsghdr *nlh = genl_request(DLIL_CMD_TRACE_START, dev);
	struct answer answer = { .take = take };
	struct mnl_socket *nl = open_socket();
	int room = TRACE_ROOM, ret;
	bool started;

	if (!nl)
		return judge(-errno, &answer);
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &room,
		   sizeof(room));
	ret = find_family(nl, NULL);
	if (ret >= 0) {
		nlh->nlmsg_type = ret;
		ret = exchange(nl, nlh, on_trace, &answer);
	}
	started = !ret && !answer.err;
	if (started && !answer.over && begun())
		ret = read_traces(nl, &answer);
	mnl_socket_close(nl);
	if (started && ret == -EPROTONOSUPPORT) {
		complain("Error", "the dlil module was unloaded");
		return EXIT_REFUSED;
	}
	/* The end of the program reports output that cannot be written. */
	return ferror(stdout) ? EXIT_REFUSED : judge(ret, &answer);
}

/* After this time, the user is told why the command waits. */
#define PATIENCE 2000

/*
 * An attach is repeated after this many milliseconds, twice as many each time.
 * The event of a detach comes shortly before its end, and may be in another
 * namespace.
 */
#define RETRY_MIN 10
#define RETRY_MAX 1000

/**
 * struct wait - waiting for the event that reports the end of a change
 * @nl: socket that receives events
 * @outcome: the event
 * @ifindex: index of the device, because events have only its first name; 0 if
 *	it is unknown
 * @over: the event has come, or the module was unloaded
 * @lost: events were lost, possibly this one
 */
struct wait {
	struct mnl_socket *nl;
	const struct outcome *outcome;
	uint32_t ifindex;
	bool over;
	bool lost;
};

static bool is_outcome(const struct wait *w, const json_t *event)
{
	const struct outcome *o = w->outcome;

	if (strcmp(text(event, "event"), o->event))
		return false;
	if (o->key && strcmp(text(event, o->key), o->name))
		return false;
	return w->ifindex ? number(event, "ifindex") == w->ifindex :
			    !strcmp(text(event, "ifname"), o->dev);
}

static int on_wait(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct wait *w = data;
	json_t *event;

	if (is_end_of_family(nlh)) {
		w->over = true;
		return MNL_CB_STOP;
	}
	if (nlh->nlmsg_type == GENL_ID_CTRL ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != DLIL_CMD_EVENT)
		return MNL_CB_OK;
	event = decode_event(nlh);
	if (event && is_outcome(w, event))
		w->over = true;
	json_decref(event);
	return MNL_CB_OK;
}

/*
 * Reads events until it is over or @until has come; false if it is not over
 * then.
 */
static bool wait_until(struct wait *w, long long until)
{
	static _Alignas(struct nlmsghdr) char buf[REQUEST_SIZE];
	struct pollfd fd = { .events = POLLIN };
	ssize_t len;
	long long left;

	fd.fd = mnl_socket_get_fd(w->nl);
	while (!w->over && !w->lost) {
		left = until - now_ms();
		if (left <= 0)
			return false;
		if (poll(&fd, 1, left > INT32_MAX ? INT32_MAX : left) <= 0)
			continue;
		len = mnl_socket_recvfrom(w->nl, buf, sizeof(buf));
		if (len >= 0)
			mnl_cb_run(buf, len, 0, 0, on_wait, w);
		else if (errno != EINTR)
			w->lost = true;
	}
	return true;
}

/* Waits as long as the user wants; returns the exit status. */
static int wait_over(struct wait *w)
{
	uint32_t limit = options.limited ? options.wait : UINT32_MAX;
	long long start = now_ms();

	if (limit * 1000LL > PATIENCE && !wait_until(w, start + PATIENCE))
		complain("Note",
			 "%s: waiting for callbacks to return; the detach completes even if you interrupt this",
			 w->outcome->dev);
	if (!wait_until(w, start + limit * 1000LL)) {
		complain("Error",
			 "%s: callbacks have not returned within %u s; the detach completes when they have",
			 w->outcome->dev, limit);
		return EXIT_REFUSED;
	}
	if (!w->lost)
		return EXIT_SUCCESS;
	complain("Error",
		 "%s: events were lost, so callbacks may still be running; the detach completes when they have returned",
		 w->outcome->dev);
	return EXIT_REFUSED;
}

/* Sends the request, and repeats it while the device is being detached. */
static int change_and_wait(struct wait *w, struct nlmsghdr *nlh)
{
	long long start = now_ms(), delay = RETRY_MIN;
	struct answer answer;
	int ret, status;

	for (;;) {
		answer = (struct answer){};
		ret = ask(nlh, &answer);
		if (ret || answer.err != -EAGAIN ||
		    (options.limited &&
		     now_ms() - start >= options.wait * 1000LL))
			break;
		/*
		 * The event shortens the wait once, because the end is near
		 * then.
		 */
		if (wait_until(w, now_ms() + delay))
			delay = RETRY_MIN;
		else if (delay < RETRY_MAX)
			delay *= 2;
		w->over = false;
		w->lost = false;
	}
	status = judge(ret, &answer);
	if (status != EXIT_SUCCESS || !w->outcome->wait)
		return status;
	return wait_over(w);
}

/**
 * genl_change_until() - request a change, and wait until it is over
 * @nlh: the request
 * @outcome: the event that reports its end
 *
 * The kernel answers when no new callback can start; callbacks in flight may
 * take long.
 *
 * Return: the exit status; errors have been printed.
 */
int genl_change_until(struct nlmsghdr *nlh, const struct outcome *outcome)
{
	struct wait w = {
		.outcome = outcome,
	};
	int ret;

	if (options.limited && !options.wait)
		return genl_change(nlh);
	w.ifindex = device_index(outcome->dev);
	w.nl = open_socket();
	ret = w.nl ? listen_to_events(w.nl, false) : -errno;
	if (ret)
		ret = judge(ret, &(struct answer){});
	else
		ret = change_and_wait(&w, nlh);
	if (w.nl)
		mnl_socket_close(w.nl);
	return ret;
}
