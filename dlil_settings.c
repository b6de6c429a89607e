// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of an ifnet: those that its own fields keep, and those that a control request
 * (LNX-10) asks filters, protocols and the device for.
 *
 * A request may have several settings.  All of it is checked before anything is changed.
 * Control requests come first, since any of them may be refused: then those before it are
 * undone, the last one first, by control requests for the previous values.  Attributes
 * that set fields come last, because they can hardly fail.
 */
#include <net/genetlink.h>

#include "dlil_export.h"
#include "dlil_ifnet.h"
#include "dlil_netdev.h"
#include "dlil_netlink.h"
#include "dlil_netlink_gen.h"
#include "dlil_party.h"
#include "dlil_settings.h"

/* Is the attribute absent, or its value within the range? */
static bool is_within(const struct nlattr *attr, u32 min, u32 max)
{
	return !attr || (nla_get_u32(attr) >= min && nla_get_u32(attr) <= max);
}

static int parse_queue(struct dlil_settings *s, struct genl_info *info)
{
	struct nlattr *tb[DLIL_A_QUEUE_MAX + 1];
	int err;

	err = nla_parse_nested(tb, DLIL_A_QUEUE_MAX, info->attrs[DLIL_A_QUEUE],
			       dlil_queue_nl_policy, info->extack);
	if (!err)
		err = dlil_netlink_only(tb, DLIL_A_QUEUE_MAX,
					BIT(DLIL_A_QUEUE_MAX_PACKETS) |
					BIT(DLIL_A_QUEUE_MAX_BYTES), info->extack);
	if (err)
		return err;
	if (!tb[DLIL_A_QUEUE_MAX_PACKETS] && !tb[DLIL_A_QUEUE_MAX_BYTES]) {
		NL_SET_ERR_MSG(info->extack,
			       "give the queue max-packets, max-bytes, or both");
		return -EINVAL;
	}
	if (!is_within(tb[DLIL_A_QUEUE_MAX_PACKETS], 1,
		       DLIL_INQ_PACKETS_MAX)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[DLIL_A_QUEUE_MAX_PACKETS],
				    "a queue holds 1 to 1048576 packets");
		return -ERANGE;
	}
	if (!is_within(tb[DLIL_A_QUEUE_MAX_BYTES], DLIL_INQ_BYTES_MIN,
		       DLIL_INQ_BYTES_MAX)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[DLIL_A_QUEUE_MAX_BYTES],
				    "a queue holds 1048576 to 1073741824 bytes");
		return -ERANGE;
	}
	if (tb[DLIL_A_QUEUE_MAX_PACKETS])
		s->max_packets = nla_get_u32(tb[DLIL_A_QUEUE_MAX_PACKETS]);
	if (tb[DLIL_A_QUEUE_MAX_BYTES])
		s->max_bytes = nla_get_u32(tb[DLIL_A_QUEUE_MAX_BYTES]);
	return 0;
}

/* Row IFN-15: users may change one of the attributes only. */
static int parse_attrs(struct dlil_settings *s, struct genl_info *info)
{
	struct nlattr **a = info->attrs;

	if (!a[DLIL_A_ATTRS] || !a[DLIL_A_ATTRS_MASK]) {
		NL_SET_ERR_MSG(info->extack,
			       "attrs and attrs-mask are required together");
		return -EINVAL;
	}
	s->attrs = nla_get_u32(a[DLIL_A_ATTRS]);
	s->attrs_mask = nla_get_u32(a[DLIL_A_ATTRS_MASK]);
	if (!s->attrs_mask || s->attrs & ~s->attrs_mask) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[DLIL_A_ATTRS],
				    "attrs-mask must include all attributes in attrs");
		return -EINVAL;
	}
	if (s->attrs_mask & ~DLIL_ATTR_ARPLL) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[DLIL_A_ATTRS_MASK],
				    "the driver decides this attribute: only arpll can be set");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Settings that the fields of the ifnet keep. */
static int parse_fields(struct dlil_settings *s, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	int err = 0;

	if (a[DLIL_A_UNMATCHED]) {
		s->has_unmatched = true;
		s->unmatched = nla_get_u32(a[DLIL_A_UNMATCHED]);
	}
	if (a[DLIL_A_ATTRS] || a[DLIL_A_ATTRS_MASK])
		err = parse_attrs(s, info);
	if (!err && a[DLIL_A_QUEUE])
		err = parse_queue(s, info);
	return err;
}

static bool has_fields(const struct dlil_settings *s)
{
	return s->has_unmatched || s->attrs_mask || s->max_packets || s->max_bytes;
}

static int parse_address(struct dlil_settings *s, u32 code,
			 const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct dlil_control *c = &s->controls[s->n];

	if (!attr)
		return 0;
	if (!nla_len(attr) || nla_len(attr) > MAX_ADDR_LEN) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a link address must have 1 to 32 bytes");
		return -EINVAL;
	}
	c->code = code;
	c->arg.lladdr.len = nla_len(attr);
	nla_memcpy(c->arg.lladdr.addr, attr, MAX_ADDR_LEN);
	s->n++;
	return 0;
}

/* A device is set down in front of all other changes, which may need that, or up last. */
static int parse_flags(struct dlil_settings *s, struct genl_info *info, bool up)
{
	struct nlattr **a = info->attrs;
	struct dlil_control *c = &s->controls[s->n];

	if (!a[DLIL_A_FLAGS] && !a[DLIL_A_FLAGS_MASK])
		return 0;
	if (!a[DLIL_A_FLAGS] || !a[DLIL_A_FLAGS_MASK]) {
		NL_SET_ERR_MSG(info->extack,
			       "flags and flags-mask are required together");
		return -EINVAL;
	}
	if (!!(nla_get_u32(a[DLIL_A_FLAGS]) & IFF_UP) != up)
		return 0;
	c->code = DLIL_IOC_SIFFLAGS;
	c->arg.flags.flags = nla_get_u32(a[DLIL_A_FLAGS]);
	c->arg.flags.mask = nla_get_u32(a[DLIL_A_FLAGS_MASK]);
	s->n++;
	return 0;
}

static void parse_mtu(struct dlil_settings *s, const struct nlattr *attr)
{
	if (!attr)
		return;
	s->controls[s->n].code = DLIL_IOC_SIFMTU;
	s->controls[s->n].arg.mtu = nla_get_u32(attr);
	s->n++;
}

static int parse_controls(struct dlil_settings *s, struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	int err;

	err = parse_flags(s, info, false);
	if (!err)
		err = parse_address(s, DLIL_IOC_SIFLLADDR, a[DLIL_A_ADDRESS],
				    info->extack);
	if (err)
		return err;
	parse_mtu(s, a[DLIL_A_MTU]);
	err = parse_address(s, DLIL_IOC_ADDMULTI, a[DLIL_A_GROUP_ADD], info->extack);
	if (!err)
		err = parse_address(s, DLIL_IOC_DELMULTI, a[DLIL_A_GROUP_DEL],
				    info->extack);
	return err ?: parse_flags(s, info, true);
}

/**
 * dlil_settings_parse - check the settings of a request
 * @s: set to them
 * @info: the request ifnet-set, or control
 *
 * Return: 0, or -errno with a message.
 */
int dlil_settings_parse(struct dlil_settings *s, struct genl_info *info)
{
	int err;

	*s = (struct dlil_settings){};
	err = parse_fields(s, info);
	if (err || info->genlhdr->cmd == DLIL_CMD_IFNET_SET) {
		if (err || has_fields(s))
			return err;
		NL_SET_ERR_MSG(info->extack,
			       "nothing to set: give unmatched, queue or attrs");
		return -EINVAL;
	}
	err = parse_controls(s, info);
	if (err || s->n)
		return err;
	NL_SET_ERR_MSG(info->extack,
		       "nothing to ask for: give mtu, address, flags, group-add or group-del");
	return -EINVAL;
}

/* Set those limits of the queue that are given. */
static void limit_queue(struct dlil_ifnet *ifp, const struct dlil_settings *s)
{
	mutex_lock(&ifp->lock);
	dlil_inq_limit(ifp, s->max_packets ?: ifp->inq.max_packets,
		       s->max_bytes ?: ifp->inq.max_bytes);
	mutex_unlock(&ifp->lock);
}

static const char no_device[] = "device is being detached, or is not a network device";

/* Only network devices have the setting of unmatched. */
static bool can_set_fields(struct dlil_ifnet *ifp, const struct dlil_settings *s)
{
	struct dlil_netdev *nd;

	if (!s->has_unmatched)
		return true;
	nd = dlil_netdev_begin(ifp);
	if (nd)
		dlil_ifnet_io_end(ifp);
	return nd;
}

/* Set what fields keep; what may fail comes first. */
static int set_fields(struct dlil_ifnet *ifp, const struct dlil_settings *s,
		      const char **why)
{
	struct dlil_netdev *nd = NULL;
	int err = 0;

	if (s->has_unmatched) {
		nd = dlil_netdev_begin(ifp);
		if (!nd) {
			*why = no_device;
			return -ENXIO;
		}
	}
	if (s->attrs_mask)
		err = dlil_ifnet_set_attrs(ifp, s->attrs, s->attrs_mask);
	if (err)
		*why = err == -ENOMEM ? "out of memory" : "device is being detached";
	if (!err && nd)
		dlil_change_unmatched(nd, s->unmatched);
	if (!err && (s->max_packets || s->max_bytes))
		limit_queue(ifp, s);
	if (nd)
		dlil_ifnet_io_end(ifp);
	return err;
}

int dlil_nl_ifnet_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const char *why = NULL;
	struct dlil_settings s;
	struct dlil_ifnet *ifp;
	int err;

	err = dlil_settings_parse(&s, info);
	if (err)
		return err;
	ifp = dlil_netlink_ifnet(info);
	if (IS_ERR(ifp))
		return PTR_ERR(ifp);
	if (dlil_ifnet_io_begin(ifp)) {
		err = set_fields(ifp, &s, &why);
		dlil_ifnet_io_end(ifp);
	} else {
		why = "device is being detached";
		err = -ENXIO;
	}
	if (info->extack && why)
		info->extack->_msg = why;
	dlil_ifnet_put(ifp);
	return err;
}

static const char *name_of(u32 code)
{
	switch (code) {
	case DLIL_IOC_SIFFLAGS:
		return "flags";
	case DLIL_IOC_SIFMTU:
		return "mtu";
	case DLIL_IOC_SIFLLADDR:
		return "address";
	case DLIL_IOC_ADDMULTI:
		return "group-add";
	default:
		return "group-del";
	}
}

/* Say who refused it, and why if that is known. */
static void describe(const struct dlil_ioctl_why *why, char *sentence, size_t size)
{
	const char *colon = why->text[0] ? ": " : "";

	if (why->by == DLIL_ASKED_FILTER)
		snprintf(sentence, size, "filter %s refused it", why->name);
	else if (why->by == DLIL_ASKED_PROTO)
		snprintf(sentence, size, "protocol %s refused it", why->name);
	else if (why->by == DLIL_ASKED_DRIVER || why->text[0])
		snprintf(sentence, size, "the device refused it%s%s", colon, why->text);
	else
		strscpy(sentence,
			"request not supported by the device, or device is being detached",
			size);
}

/* Undo the first @n control requests.  Returns the one that cannot be undone, or -1. */
static int undo(struct dlil_ifnet *ifp, u32 family, struct dlil_control *back, int n)
{
	int failed = -1;

	while (n--)
		if (!back[n].code ||
		    dlil_ioctl(ifp, family, back[n].code, &back[n].arg))
			failed = n;
	return failed;
}

static bool is_up(const struct dlil_control *c)
{
	return c->code == DLIL_IOC_SIFFLAGS &&
	       c->arg.flags.flags & c->arg.flags.mask & IFF_UP;
}

/* Have the first @n requests, which @back undoes, set the device down? */
static bool was_down(const struct dlil_control *done, const struct dlil_control *back,
		     unsigned int n)
{
	while (n--)
		if (is_up(&back[n]) && !is_up(&done[n]))
			return true;
	return false;
}

/* Name the setting that was refused, and say whether the earlier ones were undone. */
static void describe_place(const char *refused, const struct dlil_control *kept,
			   bool was_down, const char *reason, char *sentence,
			   size_t size)
{
	if (kept)
		snprintf(sentence, size, "%s: %s (%s was changed, and could not be undone)",
			 refused, reason, name_of(kept->code));
	else if (was_down)
		snprintf(sentence, size,
			 "%s: %s (put back, but the device was down, which removes routes and IPv6 addresses)",
			 refused, reason);
	else
		snprintf(sentence, size, "%s: %s (nothing was changed)", refused, reason);
}

/**
 * dlil_settings_run - set all of it, or nothing
 * @ifp: ifnet, with an I/O reference
 * @s: what to set
 * @sentence: set to a message on errors
 * @size: size of @sentence
 *
 * Row LNX-10.
 *
 * Context: process; may sleep, as dlil_ioctl().
 * Return: 0, or the answer to the control request that was refused.
 */
int dlil_settings_run(struct dlil_ifnet *ifp, const struct dlil_settings *s,
		      char *sentence, size_t size)
{
	struct dlil_control back[DLIL_CONTROLS_MAX] = {}, c;
	const char *refused = "attrs", *text = "";
	char reason[DLIL_WHY_MAX + 64];
	struct dlil_ioctl_why why;
	unsigned int i;
	int err = 0;
	int kept;

	if (!can_set_fields(ifp, s)) {
		strscpy(sentence, no_device, size);
		return -ENXIO;
	}
	for (i = 0; i < s->n; i++) {
		/* A filter may change the argument. */
		c = s->controls[i];
		back[i] = c;
		dlil_change_invert(ifp, &back[i]);
		err = dlil_ioctl_ask(ifp, s->family, c.code, &c.arg, &why);
		if (err)
			break;
	}
	if (err) {
		describe(&why, reason, sizeof(reason));
		refused = name_of(s->controls[i].code);
	} else {
		err = set_fields(ifp, s, &text);
		if (!err)
			return 0;
		strscpy(reason, text, sizeof(reason));
		if (text == no_device)
			refused = "unmatched";
	}
	if (s->n == 1 && !has_fields(s)) {
		strscpy(sentence, reason, size);
		return err;
	}
	kept = undo(ifp, s->family, back, i);
	describe_place(refused, kept < 0 ? NULL : &s->controls[kept],
		       was_down(s->controls, back, i), reason, sentence, size);
	return err;
}
EXPORT_SYMBOL_FOR_TEST(dlil_settings_run);
