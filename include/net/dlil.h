/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DLIL, the Data Link Interface Layer: what drivers, filters and protocols use.
 *
 * Row ids such as FLT-5 name the rows of Documentation/semantics.rst.
 *
 * Conventions of every callback and function here:
 *  - they return 0, a negative errno, or DLIL_STOLEN: "I own the packet now,
 *    this is not an error".  Functions turn DLIL_STOLEN into 0 before they
 *    return, but for dlil_filter_output(); -ENOTSUPP from a callback becomes
 *    -EOPNOTSUPP;
 *  - a received packet has skb->data at the payload and skb_mac_header() at its
 *    link header; a packet on its way out has skb->data at its link header once
 *    it is framed;
 *  - packets in a &struct sk_buff_head are private to its holder: its lock is
 *    never used.
 */
#ifndef _NET_DLIL_H
#define _NET_DLIL_H

#include <linux/dlil.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <net/dst.h>

struct dlil_filter_bundle_ops;
struct device;
struct dlil_ifnet;
struct module;

/** define DLIL_STOLEN - the callee owns the packet now; XNU's EJUSTRETURN */
#define DLIL_STOLEN 1

/** define DLIL_SKIP - filters only: go on behind the later ones of my kind */
#define DLIL_SKIP 2

/** define DLIL_NAME_MAX - room for the name of a filter or protocol, with NUL */
#define DLIL_NAME_MAX 32

/** define DLIL_ID_MAX - longest unique id of an ifnet, in bytes (IFN-1) */
#define DLIL_ID_MAX 64

/**
 * enum dlil_ifnet_family - what kind of link an ifnet is
 * @DLIL_IFNET_ANY: none in particular
 * @DLIL_IFNET_LOOPBACK: loops back what is sent
 * @DLIL_IFNET_ETHERNET: Ethernet headers; has an input thread of its own (INP-2)
 * @DLIL_IFNET_CELLULAR: cellular; has an input thread of its own (INP-2)
 * @DLIL_IFNET_RAW: no link header
 */
enum dlil_ifnet_family {
	DLIL_IFNET_ANY,
	DLIL_IFNET_LOOPBACK,
	DLIL_IFNET_ETHERNET,
	DLIL_IFNET_CELLULAR,
	DLIL_IFNET_RAW,
};

/*
 * Protocol families.  0 stands for "all" in a filter and "none" in a packet.
 * Modules of your own take a number from DLIL_PF_PRIVATE on.
 */
#define DLIL_PF_INET	AF_INET
#define DLIL_PF_INET6	AF_INET6
#define DLIL_PF_VLAN	0x101
#define DLIL_PF_MPLS	0x102
#define DLIL_PF_PPPOE	0x103
#define DLIL_PF_PRIVATE	0x10000

/**
 * enum dlil_drop_reason - why a packet was freed (STA-4)
 * @DLIL_DROP_DETACHED: the ifnet is not attached, or is being detached
 * @DLIL_DROP_DEMUX: the family's demux could not read the frame
 * @DLIL_DROP_FILTER: a filter refused it
 * @DLIL_DROP_PROMISC: a unicast frame for somebody else
 * @DLIL_DROP_NOPROTO: no attached protocol takes it
 * @DLIL_DROP_PROTOCOL: the protocol returned an error
 * @DLIL_DROP_QUEUE_FULL: the input queue had no room for it (INP-12)
 * @DLIL_DROP_NOMEM: no memory, for instance for a private copy
 * @DLIL_DROP_FRAMER: no link header could be built
 * @DLIL_DROP_RECURSION: output nested too deep (OUT-10)
 * @DLIL_DROP_DRIVER: the driver refused to send it
 * @DLIL_DROP_SANITY: queued for another ifnet, or not counted (INP-11)
 * @DLIL_DROP_POLICY: the transmit policy refused it (OUT-3)
 * @DLIL_DROP_TSO: a GSO packet that the driver does not take, or one behind it in
 *	the list (OUT-7)
 * @DLIL_DROP_MAX: how many there are
 */
enum dlil_drop_reason {
	DLIL_DROP_DETACHED,
	DLIL_DROP_DEMUX,
	DLIL_DROP_FILTER,
	DLIL_DROP_PROMISC,
	DLIL_DROP_NOPROTO,
	DLIL_DROP_PROTOCOL,
	DLIL_DROP_QUEUE_FULL,
	DLIL_DROP_NOMEM,
	DLIL_DROP_FRAMER,
	DLIL_DROP_RECURSION,
	DLIL_DROP_DRIVER,
	DLIL_DROP_SANITY,
	DLIL_DROP_POLICY,
	DLIL_DROP_TSO,
	DLIL_DROP_MAX
};

/**
 * struct dlil_stats - the counters of an ifnet (STA-1), and increments of them
 * @ipackets: packets received
 * @ibytes: their bytes, link header included
 * @ierrors: receive errors
 * @opackets: packets sent
 * @obytes: their bytes, link header included
 * @oerrors: transmit errors
 * @collisions: collisions
 * @imcasts: group addressed packets received
 * @omcasts: group addressed packets sent
 * @iqdrops: received packets dropped before they were queued or processed
 * @noproto: received packets that no attached protocol takes
 */
struct dlil_stats {
	u64 ipackets;
	u64 ibytes;
	u64 ierrors;
	u64 opackets;
	u64 obytes;
	u64 oerrors;
	u64 collisions;
	u64 imcasts;
	u64 omcasts;
	u64 iqdrops;
	u64 noproto;
};

/**
 * struct dlil_flow - where the packets of one direction went (STA-3)
 * @seen: packets that entered DLIL
 * @delivered: handed to a protocol, which took them; on output, to the driver
 * @passed: received, claimed by no protocol, taken by the driver (LNX-5)
 * @stolen: kept by a filter, protocol or family that returned DLIL_STOLEN
 * @freed: freed by DLIL; the sum of @drops
 * @drops: freed, by reason
 *
 * At rest @seen is the sum of @delivered, @passed, @stolen and @freed.
 */
struct dlil_flow {
	u64 seen;
	u64 delivered;
	u64 passed;
	u64 stolen;
	u64 freed;
	u64 drops[DLIL_DROP_MAX];
};

/**
 * enum dlil_desc_kind - how a demux descriptor tells a protocol's frames
 * @DLIL_DESC_ETYPE: Ethernet II type, 2 bytes, network order
 * @DLIL_DESC_SAP: 802.2 DSAP, SSAP and control, 3 bytes
 * @DLIL_DESC_SNAP: SNAP organisation and type, 5 bytes
 */
enum dlil_desc_kind {
	DLIL_DESC_ETYPE = 1,
	DLIL_DESC_SAP,
	DLIL_DESC_SNAP,
};

/** define DLIL_DESC_MAX - the longest descriptor, in bytes */
#define DLIL_DESC_MAX 5

/**
 * struct dlil_demux_desc - one way to recognise a protocol's frames (PRO-6)
 * @kind: what @data is
 * @len: bytes used of @data
 * @data: the value to look for
 */
struct dlil_demux_desc {
	enum dlil_desc_kind kind;
	u8 len;
	u8 data[DLIL_DESC_MAX];
};

/**
 * struct dlil_frame - what the framer puts in the link header
 * @type: Ethernet II type, network order
 * @dest: destination link address, of the ifnet's address length
 */
struct dlil_frame {
	__be16 type;
	u8 dest[MAX_ADDR_LEN];
};

/** define DLIL_EVENT_DATA_MAX - longest data of an event, in bytes (EVT-1) */
#define DLIL_EVENT_DATA_MAX 512

/**
 * struct dlil_event - something has happened to an ifnet (EVT-1)
 * @class: who speaks; DLIL_EVENT_CLASS_NETWORK, or a number of your own
 * @subclass: of what; enum dlil_event_subclass in that class
 * @code: what has happened; enum dlil_event_code in DLIL_EVENT_SUBCLASS_DL
 * @family: interface family of the ifnet, enum dlil_ifnet_family
 * @unit: index of the ifnet
 * @name: name of the ifnet
 * @len: length of @data
 * @data: more about it, NULL if @len is 0: for SIFFLAGS and SIFMTU a u32; for
 *	IFCAP_CHANGED, if it comes of dlil_ifnet_set_attrs(), a u32, DLIL_ATTR_*; for
 *	LINK_ADDRESS_CHANGED, ADDMULTI and DELMULTI the link address; for
 *	PROTO_ATTACHED and PROTO_DETACHED a struct dlil_event_proto; for
 *	NODE_PRESENCE and NODE_ABSENCE a struct dlil_event_node; for the
 *	subclass DLIL_EVENT_SUBCLASS_FILTER a struct dlil_event_filter
 *
 * All of it is gone when the callback returns.
 */
struct dlil_event {
	u32 class;
	u32 subclass;
	u32 code;
	u32 family;
	int unit;
	char name[IFNAMSIZ];
	size_t len;
	const void *data;
};

/**
 * struct dlil_event_proto - a protocol was attached or detached (PRO-1, PRO-3)
 * @family: its family
 * @count: protocols that are attached now
 * @name: its name, or ""
 */
struct dlil_event_proto {
	u32 family;
	u32 count;
	char name[DLIL_NAME_MAX];
};

/**
 * struct dlil_event_filter - a filter was attached or detached
 * @name: its name
 */
struct dlil_event_filter {
	char name[DLIL_NAME_MAX];
};

/**
 * struct dlil_event_node - a neighbour can be reached, or cannot (LNX-7)
 * @family: of @addr: AF_INET or AF_INET6
 * @addr: its network address, 4 or 16 bytes
 * @lladdr_len: length of @lladdr, 0 if that is not known
 * @lladdr: its link address
 */
struct dlil_event_node {
	u32 family;
	u8 addr[16];
	u32 lladdr_len;
	u8 lladdr[MAX_ADDR_LEN];
};

int dlil_event_post(struct dlil_ifnet *ifp, u32 code, const void *data,
		    size_t len);
int dlil_event_post_class(struct dlil_ifnet *ifp, u32 class, u32 subclass,
			  u32 code, const void *data, size_t len);

/**
 * enum dlil_ioctl_code - control requests, and their arguments (IOC-1)
 * @DLIL_IOC_SIFFLAGS: change flags of the device: struct dlil_ioc_flags
 * @DLIL_IOC_SIFMTU: set the MTU: u32
 * @DLIL_IOC_SIFLLADDR: set the link address: struct dlil_ioc_lladdr
 * @DLIL_IOC_ADDMULTI: receive a group: struct dlil_ioc_lladdr; or restore all
 *	memberships: NULL (IFN-12)
 * @DLIL_IOC_DELMULTI: receive a group no more: struct dlil_ioc_lladdr
 * @DLIL_IOC_PRIVATE: numbers from here on are for modules of your own
 */
enum dlil_ioctl_code {
	DLIL_IOC_SIFFLAGS = 1,
	DLIL_IOC_SIFMTU,
	DLIL_IOC_SIFLLADDR,
	DLIL_IOC_ADDMULTI,
	DLIL_IOC_DELMULTI,
	DLIL_IOC_PRIVATE = 0x10000,
};

/**
 * struct dlil_ioc_flags - flags of a device, and which of them are to change
 * @flags: their values, IFF_*
 * @mask: which
 */
struct dlil_ioc_flags {
	u32 flags;
	u32 mask;
};

/**
 * struct dlil_ioc_lladdr - a link address
 * @len: its length
 * @addr: the address
 */
struct dlil_ioc_lladdr {
	u32 len;
	u8 addr[MAX_ADDR_LEN];
};

int dlil_ioctl(struct dlil_ifnet *ifp, u32 family, u32 code, void *arg);

/**
 * enum dlil_tap_mode - which packets a tap sees (TAP-1)
 * @DLIL_TAP_OFF: none
 * @DLIL_TAP_INPUT: those received, before the filters
 * @DLIL_TAP_OUTPUT: those sent, after the filters
 * @DLIL_TAP_BOTH: both
 */
enum dlil_tap_mode {
	DLIL_TAP_OFF,
	DLIL_TAP_INPUT = BIT(0),
	DLIL_TAP_OUTPUT = BIT(1),
	DLIL_TAP_BOTH = DLIL_TAP_INPUT | DLIL_TAP_OUTPUT,
};

/**
 * struct dlil_tap - who looks at what goes by on an ifnet (TAP-1)
 *
 * It has to stay until @detached was called, or, without that, until
 * dlil_set_tap() has turned it off or the final detach is over.
 */
struct dlil_tap {
	/** @owner: pinned while the tap is set */
	struct module *owner;
	/**
	 * @packet: a packet, received or sent, with skb->data and
	 * skb_mac_header() as everywhere; still the driver's: not to be
	 * changed, kept or freed, though it may be cloned.  @way is
	 * DLIL_TAP_INPUT or DLIL_TAP_OUTPUT.  Bottom halves off, RCU read lock
	 * held; must not sleep; on all processors at once.  Required.
	 */
	void (*packet)(void *cookie, struct dlil_ifnet *ifp,
		       enum dlil_tap_mode way, const struct sk_buff *skb);
	/**
	 * @detached: the tap is off, @packet does not run now and will not.
	 * Called exactly once after it was set, by dlil_set_tap() or the final
	 * detach; process context, no lock of DLIL held; may sleep, not wait
	 * for the final detach.  Optional.
	 */
	void (*detached)(void *cookie, struct dlil_ifnet *ifp);
	/** @cookie: handed to both */
	void *cookie;
};

int dlil_set_tap(struct dlil_ifnet *ifp, u32 mode, const struct dlil_tap *tap);

/**
 * struct dlil_driver_ops - the driver's vector
 *
 * Once the ifnet is detached inert versions stand in for all of them (IFN-6).
 */
struct dlil_driver_ops {
	/**
	 * @owner: pinned from the attach of an ifnet until @free has returned
	 * (IFN-3, IFN-5).  A driver without one sees to it that its module
	 * stays for as long.
	 */
	struct module *owner;
	/**
	 * @output: send one framed packet.  Takes the packet whatever it
	 * returns; after an error the core counts it as freed by the driver.
	 * Bottom halves off, RCU read lock held; must not sleep.  Required.
	 */
	int (*output)(struct dlil_ifnet *ifp, struct sk_buff *skb);
	/**
	 * @output_list: instead of @output, once for all that one call of
	 * dlil_output() sends, be it one packet: at least one, in order.  Takes
	 * packets off @list, which is private to it; those that it leaves, as
	 * they were, are freed and counted as refused by the driver.  0, or an
	 * error that dlil_output() returns.  Context as for @output.  Optional
	 * (OUT-8).
	 */
	int (*output_list)(struct dlil_ifnet *ifp, struct sk_buff_head *list);
	/**
	 * @tag_in_data: @skb, on its way to @output, has a VLAN tag beside its
	 * data: will the tag be in the data of the packet that leaves?  Then
	 * `match` filters see it there.  Leaves @skb as it is.  Bottom halves
	 * off, RCU read lock held; must not sleep.  Optional: without it the
	 * tag stays beside the data (FLT-18).
	 */
	bool (*tag_in_data)(struct dlil_ifnet *ifp, struct sk_buff *skb);
	/**
	 * @unmatched: consecutive received packets that the core is about to
	 * free, all for the reason @why (demux, promiscuous or no protocol).
	 * Take packets off @list to keep them; what is left is freed, counted
	 * as @why.  Input thread; may sleep.  Optional (LNX-5).
	 */
	void (*unmatched)(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			  enum dlil_drop_reason why);
	/**
	 * @dropped: @n packets of @direction (DLIL_DIRECTION_IN or _OUT) were
	 * dropped, for whatever reason but that the driver itself refused them.
	 * Called once for a batch; not while the ifnet is not attached.  Bottom
	 * halves off; must not sleep; on all processors at once.  Optional
	 * (LNX-14).
	 */
	void (*dropped)(struct dlil_ifnet *ifp, u32 direction, u64 n);
	/**
	 * @event: something has happened to the ifnet; filters and protocols
	 * know already.  The ifnet's event work, no lock held; may sleep, not
	 * wait for an ifnet to be detached.  Optional (EVT-1).
	 */
	void (*event)(struct dlil_ifnet *ifp, const struct dlil_event *event);
	/**
	 * @ioctl: a control request, which neither filter nor protocol has
	 * refused.  -EOPNOTSUPP for a code that is not known.  Process context,
	 * no lock held but the caller's; may sleep.  Optional (IOC-1).
	 */
	int (*ioctl)(struct dlil_ifnet *ifp, u32 code, void *arg);
	/**
	 * @set_tap: from now on show @tap, which may be the one that is set
	 * already, the packets of @mode: those received before they are handed
	 * in, those to be sent before they are, each inside an RCU read
	 * section.  With DLIL_TAP_OFF @tap is NULL: show them to nobody, which
	 * cannot fail; a grace period goes by before the tap is gone.  May
	 * sleep; calls for one ifnet are serialised by a lock that others take
	 * under RTNL: must neither take RTNL nor attach or detach anything.
	 * Optional: without it there are no taps (TAP-1).
	 */
	int (*set_tap)(struct dlil_ifnet *ifp, u32 mode,
		       const struct dlil_tap *tap);
	/**
	 * @free: the final detach is over, nothing calls the driver any more.
	 * Worker; may sleep.  Optional (IFN-5).
	 */
	void (*free)(struct dlil_ifnet *ifp);
};

/**
 * struct dlil_family_ops - the vector of an interface family
 */
struct dlil_family_ops {
	/**
	 * @demux: tell the protocol family of a received packet, and set
	 * skb->pkt_type.  0 with @family set; DLIL_STOLEN; -ENOENT when no
	 * descriptor matches; another error when the frame cannot be read.
	 * RCU read lock held; must not sleep.  Required (PRO-7).
	 */
	int (*demux)(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family);
	/**
	 * @by_protocol: @demux tells frames of Ethernet II without a tag beside
	 * them by skb->protocol alone, if the driver has set skb->pkt_type
	 * (DLIL_ATTR_CLASSIFIED), and needs their header but to see that it is
	 * there.  Of consecutive frames that have the same skb->protocol it is
	 * asked for the first one only.  Its answers may change from one batch
	 * to the next.
	 */
	bool by_protocol;
	/**
	 * @framer: put the link header on.  On an error the caller frees *@skb;
	 * a framer that lost the packet sets it to NULL.  Bottom halves off;
	 * must not sleep.  Optional (OUT-4).
	 */
	int (*framer)(struct dlil_ifnet *ifp, struct sk_buff **skb,
		      const struct dlil_frame *frame);
	/**
	 * @add_proto: from now on recognise @descs as @family; all or none.
	 * -EINVAL for a wrong length, -EOPNOTSUPP for an unknown kind,
	 * -EADDRINUSE for one that is taken.  May sleep; calls for one ifnet
	 * are serialised by a lock that others take under RTNL: must neither
	 * take RTNL nor attach or detach anything.  Required (PRO-1, PRO-6).
	 */
	int (*add_proto)(struct dlil_ifnet *ifp, u32 family,
			 const struct dlil_demux_desc *descs, unsigned int n);
	/**
	 * @del_proto: forget all descriptors of @family.  Cannot fail for want
	 * of memory.  May sleep; serialised with @add_proto.  Required.
	 */
	int (*del_proto)(struct dlil_ifnet *ifp, u32 family);
	/**
	 * @check_multi: is @addr, a struct sockaddr_ll if it is a link address,
	 * that of a group?  0; -EADDRNOTAVAIL if it is not; -EAFNOSUPPORT for
	 * other families.  Process context, with an I/O reference; may sleep.
	 * Optional: without it the protocol's word is the last (MUL-1).
	 */
	int (*check_multi)(struct dlil_ifnet *ifp, const struct sockaddr *addr);
};

/*
 * Attributes: those of enum dlil_attr may change while the ifnet is attached, see
 * dlil_ifnet_set_attrs(); the others may not.
 */

/** define DLIL_ATTRS_SETTABLE - the attributes that may change (IFN-15) */
#define DLIL_ATTRS_SETTABLE	(DLIL_ATTR_LINEAR | DLIL_ATTR_TSO4 | \
				 DLIL_ATTR_TSO6 | DLIL_ATTR_ARPLL)

/** define DLIL_ATTR_COUNT_INPUT - the core counts ipackets and ibytes itself */
#define DLIL_ATTR_COUNT_INPUT	BIT(16)

/** define DLIL_ATTR_CLASSIFIED - received packets come with skb->pkt_type set */
#define DLIL_ATTR_CLASSIFIED	BIT(17)

/**
 * struct dlil_ifnet_params - what dlil_ifnet_init() makes of an ifnet
 * @driver: the driver's vector; must outlive the attachment
 * @family: the family's vector; must outlive the attachment
 * @priv: for the driver, see dlil_ifnet_priv()
 * @net: network namespace it is seen in (IFN-10); not held
 * @name: its name; copied
 * @ifindex: its index in @net, not 0
 * @attrs: DLIL_ATTR_*
 * @addr_len: length of a link address, at most MAX_ADDR_LEN
 * @broadcast: broadcast link address, or NULL
 * @device: the hardware, or NULL; not held.  An input thread is made in its memory
 *	node (INP-4)
 */
struct dlil_ifnet_params {
	const struct dlil_driver_ops *driver;
	const struct dlil_family_ops *family;
	void *priv;
	struct net *net;
	const char *name;
	int ifindex;
	u32 attrs;
	u8 addr_len;
	const u8 *broadcast;
	struct device *device;
};

/**
 * struct dlil_lladdr - a link address, and whose it is (IFN-9)
 * @ifindex: index of the ifnet
 * @family: its interface family
 * @len: bytes used of @addr
 * @name: its name
 * @addr: the address, with at least 8 bytes that can be read
 */
struct dlil_lladdr {
	int ifindex;
	enum dlil_ifnet_family family;
	u8 len;
	char name[IFNAMSIZ];
	u8 addr[] __aligned(8);
};

/** define DLIL_IDLE_NOTIFY - post an event when no route is left (IFN-11) */
#define DLIL_IDLE_NOTIFY	BIT(0)

int dlil_ifnet_acquire(enum dlil_ifnet_family family, const void *id,
		       size_t len, struct dlil_ifnet **out);
struct dlil_ifnet *dlil_ifnet_going(enum dlil_ifnet_family family,
				    const void *id, size_t len);
void dlil_ifnet_release(struct dlil_ifnet *ifp);
int dlil_ifnet_init(struct dlil_ifnet *ifp,
		    const struct dlil_ifnet_params *params);
int dlil_ifnet_attach(struct dlil_ifnet *ifp, const u8 *lladdr, size_t len);
int dlil_ifnet_detach(struct dlil_ifnet *ifp);
int dlil_ifnet_wait_detached(struct dlil_ifnet *ifp);

struct dlil_ifnet *dlil_ifnet_get(struct dlil_ifnet *ifp);
void dlil_ifnet_put(struct dlil_ifnet *ifp);
bool dlil_ifnet_io_begin(struct dlil_ifnet *ifp);
void dlil_ifnet_io_end(struct dlil_ifnet *ifp);
struct dlil_ifnet *dlil_ifnet_by_index(struct net *net, int ifindex);
struct dlil_ifnet *dlil_ifnet_by_name(struct net *net, const char *name);
struct dlil_ifnet **dlil_ifnet_list_get(struct net *net,
					enum dlil_ifnet_family family,
					unsigned int *n);
void dlil_ifnet_list_put(struct dlil_ifnet **list);

void *dlil_ifnet_priv(const struct dlil_ifnet *ifp);
const struct dlil_driver_ops *
dlil_ifnet_driver(const struct dlil_ifnet *ifp);
const char *dlil_ifnet_name(const struct dlil_ifnet *ifp);
int dlil_ifnet_index(const struct dlil_ifnet *ifp);
u32 dlil_ifnet_attrs(const struct dlil_ifnet *ifp);
int dlil_ifnet_set_attrs(struct dlil_ifnet *ifp, u32 attrs, u32 mask);
u64 dlil_ifnet_last_change(const struct dlil_ifnet *ifp);
const u8 *dlil_ifnet_broadcast(const struct dlil_ifnet *ifp);
u8 dlil_ifnet_addr_len(const struct dlil_ifnet *ifp);
const u8 *dlil_ifnet_lladdr(const struct dlil_ifnet *ifp);
const struct dlil_lladdr *dlil_ifnet_link(const struct dlil_ifnet *ifp);
bool dlil_ifnet_reachable(const struct dlil_ifnet *ifp);
bool dlil_ifnet_caches_routes(const struct dlil_ifnet *ifp);
void dlil_ifnet_set_name(struct dlil_ifnet *ifp, const char *name);
void dlil_ifnet_set_lladdr(struct dlil_ifnet *ifp, const u8 *lladdr);
void __rcu **dlil_ifnet_family_data(struct dlil_ifnet *ifp);

int dlil_ifnet_set_idle_flags(struct dlil_ifnet *ifp, u32 flags, u32 mask);
u32 dlil_ifnet_idle_flags(const struct dlil_ifnet *ifp);
unsigned int dlil_ifnets_flagged(void);
void dlil_ifnet_route_get(struct dlil_ifnet *ifp);
void dlil_ifnet_route_put(struct dlil_ifnet *ifp);

int dlil_multi_join(struct dlil_ifnet *ifp, const u8 *addr, size_t len);
int dlil_multi_leave(struct dlil_ifnet *ifp, const u8 *addr, size_t len);
int dlil_multi_for_each(struct dlil_ifnet *ifp,
			int (*fn)(const u8 *addr, size_t len, void *arg),
			void *arg);
unsigned int dlil_multi_suspended(const struct dlil_ifnet *ifp);
int dlil_resolve_multi(struct dlil_ifnet *ifp, const struct sockaddr *addr,
		       struct dlil_ioc_lladdr *link);

void dlil_stats_add(struct dlil_ifnet *ifp, const struct dlil_stats *inc);
void dlil_stats_read(struct dlil_ifnet *ifp, struct dlil_stats *stats,
		     struct dlil_flow *in, struct dlil_flow *out);

int dlil_input(struct dlil_ifnet *ifp, struct sk_buff_head *list,
	       const struct dlil_stats *inc);
int dlil_input_one(struct dlil_ifnet *ifp, struct sk_buff *skb);
int dlil_input_one_rcu(struct dlil_ifnet *ifp, struct sk_buff *skb);
int dlil_input_flush(struct dlil_ifnet *ifp);
void dlil_input_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why);

/*
 * A filter sees all packets of its family and direction unless it has one of
 * these flags.
 */

/**
 * define DLIL_FILTER_NO_VLAN - packets with a VLAN tag beside their data go past
 * this filter (FLT-9); a tag without a VLAN, which carries a priority only, is none
 */
#define DLIL_FILTER_NO_VLAN	BIT(0)

/**
 * define DLIL_FILTER_SEGMENTS - GSO packets are segmented in front of this
 * filter, so that it sees none that is larger than the MTU (FLT-10)
 */
#define DLIL_FILTER_SEGMENTS	BIT(1)

/** typedef dlil_filter_t - a reference to an attached filter, never 0 */
typedef u32 dlil_filter_t;

/**
 * struct dlil_filter_info - how a filter describes itself to users
 * @kind: what sort of filter it is
 * @action: what it does to a packet that it picks, or ""
 * @expr: how it picks packets, or ""
 * @packets: packets it has looked at
 * @matched: packets it has picked
 */
struct dlil_filter_info {
	const char *kind;
	const char *action;
	const char *expr;
	u64 packets;
	u64 matched;
};

/**
 * struct dlil_filter_ops - what an interface filter does
 *
 * Verdicts of @input and @output (FLT-5): 0 lets the packet go on to the next
 * filter, DLIL_SKIP past all later filters that have the same callback,
 * DLIL_STOLEN keeps it, an error has it freed.  A filter that frees or keeps
 * the packet it was given and puts another one in *@skb has replaced it.  With 0 and
 * DLIL_SKIP it has to leave one there: NULL behind the last filter counts as an
 * error, and in front of another one only if CONFIG_DEBUG_NET is set.
 * @input_list has no verdict: where it leaves a packet is what it says of it.
 *
 * A filter of headers needs no flags: skb_is_gso() packets have the headers that
 * their segments will have, and skb_vlan_tag_get() is the tag of a packet that
 * has one beside its data.  For a filter with DLIL_FILTER_SEGMENTS such packets
 * are segmented first, and stay that for all that comes behind.  A filter that
 * puts a GSO packet in the place of one that was none answers for that (FLT-10).
 */
struct dlil_filter_ops {
	/** @owner: pinned while the filter is attached (FLT-1) */
	struct module *owner;
	/**
	 * @input: a received packet of @family (0 if demux failed).  Input
	 * thread, no lock held; may sleep.  On a network device skb->dev is
	 * blackhole_netdev: set it before you give a packet to the stack.
	 * Optional.
	 */
	int (*input)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff **skb);
	/**
	 * @input_list: instead of @input, once for a batch: consecutive received
	 * packets, all of @family.  At least one, and private to the filter
	 * while it runs.  Those that stay in @list go on, and are to stay in
	 * their order; those moved to @drop, which is empty at first, are freed,
	 * counted as refused by a filter, see dlil_filter_drop(); those in
	 * neither are the filter's, counted as stolen.  A packet put in the
	 * place of another replaces it; more packets than there were count as
	 * received, too.  Input thread, no lock held; may sleep.  Optional
	 * (FLT-12).
	 */
	void (*input_list)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff_head *list,
			   struct sk_buff_head *drop);
	/**
	 * @output: a packet on its way out, with its link header.  Bottom
	 * halves off, RCU read lock held; must not sleep.  To keep the packet
	 * longer than that takes dlil_packet_keep(), which lets go of what
	 * others wait for, the device too (LNX-13, LNX-15); let go of the
	 * packet in @detached.  Optional.
	 */
	int (*output)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb);
	/**
	 * @event: something has happened to the ifnet, whatever the filter's
	 * family (FLT-4).  The ifnet's event work, no lock held; may sleep, take
	 * RTNL, attach and detach anything, but not wait for a detach: that is
	 * -EDEADLK.  Optional (EVT-1, EVT-2).
	 */
	void (*event)(void *cookie, struct dlil_ifnet *ifp,
		      const struct dlil_event *event);
	/**
	 * @ioctl: a control request of @family, or of any if the filter's is 0.
	 * -EOPNOTSUPP is no opinion; another error refuses it; 0 is the answer
	 * that its maker gets, and the rest is asked all the same; DLIL_STOLEN:
	 * it is done, nobody further is asked.  Process context, no lock held
	 * but the caller's; may sleep, attach and detach anything, but not wait
	 * for a detach: that is -EDEADLK.  Optional (IOC-1).
	 */
	int (*ioctl)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     u32 code, void *arg);
	/**
	 * @detached: no callback of this filter runs now or will.  Called
	 * exactly once, process context, no lock held; may sleep.  Optional.
	 */
	void (*detached)(void *cookie, struct dlil_ifnet *ifp);
	/**
	 * @describe: fill in @info; its strings must live as long as the
	 * filter and be shorter than 1024 bytes in all.  Process context, RCU
	 * read lock held; must not sleep, since requests of users wait for it,
	 * nor attach or detach anything.  Optional.
	 */
	void (*describe)(void *cookie, struct dlil_filter_info *info);
	/** @bundle: NULL; for filters of the core's own */
	const struct dlil_filter_bundle_ops *bundle;
};

/**
 * struct dlil_filter_params - a filter to be attached
 * @ops: its callbacks; must outlive the filter
 * @name: shown to users; copied
 * @cookie: handed to every callback
 * @family: protocol family it sees, 0 for all (FLT-4)
 * @flags: DLIL_FILTER_*; 0: it sees every packet, as it is
 */
struct dlil_filter_params {
	const struct dlil_filter_ops *ops;
	const char *name;
	void *cookie;
	u32 family;
	u32 flags;
};

int dlil_filter_attach(struct dlil_ifnet *ifp,
		       const struct dlil_filter_params *params,
		       dlil_filter_t *ref);
int dlil_filter_detach(dlil_filter_t ref);
int dlil_filter_detach_async(dlil_filter_t ref);
int dlil_filter_output(struct dlil_ifnet *ifp, u32 family, struct sk_buff *skb);

/**
 * dlil_filter_drop - have a packet freed and counted, from within `input_list`
 * @skb: the packet
 * @list: where it is
 * @drop: the callback's argument of this name
 *
 * Any context; the packet is not freed before the callback returns.
 */
static inline void dlil_filter_drop(struct sk_buff *skb,
				    struct sk_buff_head *list,
				    struct sk_buff_head *drop)
{
	__skb_unlink(skb, list);
	__skb_queue_tail(drop, skb);
}

/**
 * dlil_packet_keep - make a packet of an output callback one that may be kept
 * @skb: the packet
 *
 * For a filter that is about to return DLIL_STOLEN and does not free the packet at
 * once.  The packet lets go of all that others might wait for: of the sender's
 * socket, whose send buffer it fills and whose namespace it holds, of its route and
 * its connection tracking entry, and of its device.  Whoever sends it later sets
 * skb->dev again.  Rows LNX-13, LNX-15.
 *
 * Context: bottom halves off, RCU read lock held.
 */
static inline void dlil_packet_keep(struct sk_buff *skb)
{
	skb_orphan(skb);
	nf_reset_ct(skb);
	skb_dst_drop(skb);
	skb->dev = NULL;
}

void dlil_output_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why);

/**
 * struct dlil_proto_ops - what a protocol does
 */
struct dlil_proto_ops {
	/** @owner: pinned while the protocol is attached */
	struct module *owner;
	/**
	 * @input: version 1, one received packet.  On an error other than
	 * DLIL_STOLEN the caller frees it, counted as refused by the protocol,
	 * after -ENXIO as detached; 0 means it was taken.  Input thread, no
	 * lock held; may sleep (INP-10).
	 */
	int (*input)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff *skb);
	/**
	 * @input_list: version 2, consecutive packets.  Those that it takes
	 * off @list are its own; those left are freed, counted as with @input.
	 * Input thread, no lock held; may sleep (INP-10).
	 */
	int (*input_list)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff_head *list);
	/**
	 * @pre_output: fill in @frame for packets to @dest.  Called with the
	 * first packet of a list: 0 serves all of the list; DLIL_STOLEN took
	 * this packet, and the next one is tried; an error fails the list.
	 * A packet may have a route, skb_dst(): the inet and inet6 of a network
	 * device then send to the next hop of that, if it is a route of their
	 * family over the device, and need no @dest (OUT-11).  Bottom halves off, RCU read lock held; must not sleep.  Required of
	 * protocols that send anything but raw frames (OUT-2).
	 */
	int (*pre_output)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff *skb, const struct sockaddr *dest,
			  struct dlil_frame *frame);
	/**
	 * @event: something has happened to the ifnet; the filters know
	 * already.  Context as in &dlil_filter_ops.event.  Optional (EVT-1).
	 */
	void (*event)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      const struct dlil_event *event);
	/**
	 * @ioctl: a control request of this family, which no filter has
	 * refused.  Returns and context as in &dlil_filter_ops.ioctl.
	 * Optional (IOC-1).
	 */
	int (*ioctl)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     u32 code, void *arg);
	/**
	 * @resolve_multi: set @link to the link address of the group @addr,
	 * which is of this family.  0; -EADDRNOTAVAIL if it is not a group;
	 * -EOPNOTSUPP is no opinion.  Context as for @ioctl.  Optional (MUL-1).
	 */
	int (*resolve_multi)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			     const struct sockaddr *addr,
			     struct dlil_ioc_lladdr *link);
	/**
	 * @detached: no callback of this protocol runs now or will.  Called
	 * exactly once, process context, no lock held; may sleep.  Optional.
	 */
	void (*detached)(void *cookie, struct dlil_ifnet *ifp, u32 family);
};

/** define DLIL_PROTO_ATOMIC - the input of the protocol does not sleep */
#define DLIL_PROTO_ATOMIC	BIT(0)

/**
 * struct dlil_proto_params - a protocol to be attached
 * @ops: its callbacks; must outlive the protocol
 * @name: shown to users; copied
 * @cookie: handed to every callback
 * @descs: its demux descriptors; copied by the family
 * @n_descs: how many
 * @flags: DLIL_PROTO_*
 */
struct dlil_proto_params {
	const struct dlil_proto_ops *ops;
	const char *name;
	void *cookie;
	const struct dlil_demux_desc *descs;
	unsigned int n_descs;
	u32 flags;
};

int dlil_proto_attach(struct dlil_ifnet *ifp, u32 family,
		      const struct dlil_proto_params *params);
int dlil_proto_attach_v2(struct dlil_ifnet *ifp, u32 family,
			 const struct dlil_proto_params *params);
int dlil_proto_detach(struct dlil_ifnet *ifp, u32 family);
int dlil_proto_detach_async(struct dlil_ifnet *ifp, u32 family);
bool dlil_proto_is_attached(struct dlil_ifnet *ifp, u32 family);

/** define DLIL_OUTPUT_RAW - packets are framed; no protocol is asked (OUT-1) */
#define DLIL_OUTPUT_RAW		BIT(0)

/*
 * With the next flag the framer, and nobody else, sees a broadcast whose skb->skb_iif
 * is the index of this ifnet, as if the packet had been received here.
 */
/** define DLIL_OUTPUT_LOOP - the framer loops packets back as well (OUT-5) */
#define DLIL_OUTPUT_LOOP	BIT(1)

int dlil_output(struct dlil_ifnet *ifp, u32 family, struct sk_buff_head *list,
		const struct sockaddr *dest, u32 flags);

/**
 * struct dlil_output_policy - who may refuse what is to be sent (OUT-3)
 */
struct dlil_output_policy {
	/**
	 * @check: may @skb, a packet of @family that is to be sent on @ifp, be
	 * sent?  @type is SOCK_STREAM for TCP, SOCK_DGRAM for UDP, SOCK_RAW for
	 * all others and for raw frames; extension headers of IPv6 are skipped,
	 * and a later fragment of IPv6 is of SOCK_RAW.  @skb is not to be
	 * changed, kept or freed.  A packet of the host's is framed, and has its
	 * network header at skb_network_header(); one of dlil_output() begins
	 * with that, or is framed if it is raw.  0, or an error: then it is freed, and with it all packets of
	 * its dlil_output(), which returns the error.  A GSO packet is one
	 * packet.  Bottom halves off, RCU read lock held; must not sleep; on
	 * all processors at once.  Required.
	 */
	int (*check)(void *cookie, struct dlil_ifnet *ifp, u32 family, int type,
		     const struct sk_buff *skb);
	/** @cookie: handed to it */
	void *cookie;
};

int dlil_output_set_policy(const struct dlil_output_policy *p);

extern const struct dlil_family_ops dlil_ether_family_ops;
int dlil_ether_demux(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family);
int dlil_ether_demux_protocol(struct dlil_ifnet *ifp, struct sk_buff *skb,
			      u32 *family);
int dlil_ether_add_proto(struct dlil_ifnet *ifp, u32 family,
			 const struct dlil_demux_desc *descs, unsigned int n);
int dlil_ether_del_proto(struct dlil_ifnet *ifp, u32 family);
int dlil_ether_find_type(struct dlil_ifnet *ifp, __be16 type, u32 *family);
int dlil_ether_check_multi(struct dlil_ifnet *ifp,
			   const struct sockaddr *addr);
int dlil_ether_resolve_multi(const struct sockaddr *addr,
			     struct dlil_ioc_lladdr *link);

extern const struct dlil_family_ops dlil_raw_family_ops;
int dlil_raw_type(const struct sk_buff *skb, __be16 *type);
int dlil_raw_demux(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family);
int dlil_raw_add_proto(struct dlil_ifnet *ifp, u32 family,
		       const struct dlil_demux_desc *descs, unsigned int n);

#endif /* _NET_DLIL_H */
