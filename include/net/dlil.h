/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DLIL, the Data Link Interface Layer: API for drivers, filters and protocols.
 *
 * Row ids such as FLT-5 name the rows of Documentation/semantics.rst.
 *
 * The kernel-doc of a function, with its contexts and errors, is at its definition;
 * `git grep -n "dlil_filter_reinject -"` finds it.  Documentation/dlil.rst explains how to
 * write drivers, filters and protocols, and has tables of contexts, locks and owners.
 */

/**
 * DOC: Words, life of an ifnet, contexts and errors
 *
 * Words
 * -----
 *
 * ifnet
 *	DLIL's object for one interface.  It need not have a network device; one that has a
 *	network device is made by DLIL's own driver, when a user attaches the device.
 * driver
 *	The owner of an ifnet: it passes received packets in, and sends packets.
 * interface family
 *	A sort of links, such as Ethernet.  Its *demux* finds the protocol family of a
 *	received packet, its *framer* adds the link header to a sent one.
 * protocol family
 *	A number, such as DLIL_PF_INET.  0 means "all" in a filter and "none" in a packet.
 * filter
 *	Callbacks that see, change, keep or drop the packets of an ifnet, in an order.
 * filter kind
 *	A name by which users add filters, such as "match", and the functions behind it.
 *	Other kinds are named with their noun: the kind of a demux descriptor.
 * protocol
 *	The receiver, behind the filters, of the packets of a protocol family on an ifnet.
 * plumber
 *	Functions by which users and other modules attach (plumb) and detach (unplumb) a
 *	protocol that they know by its name or family only.
 * host
 *	The kernel's own network stack above a network device.
 * input thread
 *	The kernel thread that runs demux, input filters and protocols, one callback of an
 *	ifnet at a time.  It serves one ifnet, or as dlil/main several.
 * batch
 *	Up to 64 received packets that the input thread processes together.  Filters and
 *	protocols that a batch may call stay in memory until the batch ends.
 * stolen
 *	A packet that a callback has taken over, by returning DLIL_STOLEN.
 * life-time reference
 *	Keeps an ifnet in memory: dlil_ifnet_get(), dlil_ifnet_put(), and look-ups.
 * I/O reference
 *	Keeps filters, protocols and driver in place, since the final detach waits for it:
 *	dlil_ifnet_io_begin(), which returns false unless the ifnet is attached, and
 *	dlil_ifnet_io_end().
 * final detach
 *	The second half of a detach, in a worker, see below.
 *
 * Return values
 * -------------
 *
 * Functions return 0 or a negative errno.  A callback that gets a packet or a request
 * returns 0, a negative errno or DLIL_STOLEN, "I own the packet now, this is not an
 * error"; the verdict of a filter may also be DLIL_SKIP.  Other callbacks return nothing,
 * a bool or a pointer, as declared.  dlil_filter_output() returns the DLIL_STOLEN of a
 * callback as it is; all other functions turn it into 0.  -ENOTSUPP from a callback
 * becomes -EOPNOTSUPP.
 *
 * Packets
 * -------
 *
 * A received packet has skb->data at the payload and skb_mac_header() at its link header.
 * A packet that is being sent has skb->data at its link header once it is framed.  Packets
 * in a &struct sk_buff_head are private to its owner; the lock of the list is never used.
 * Every function that takes packets to queue, send or deliver consumes them, whatever it
 * returns.  Only dlil_filter_output() leaves the packet to its caller if it returns 0.
 *
 * Life of an ifnet
 * ----------------
 *
 * 1. dlil_ifnet_acquire() gives the driver the ifnet of an id, new or used before, and
 *    dlil_ifnet_init() sets its operations, name, index and namespace.
 * 2. dlil_ifnet_attach() starts the input thread and makes the ifnet visible.  The
 *    callbacks of the driver may be called before it returns.
 * 3. dlil_ifnet_detach() waits for nothing.  When it returns, no look-up finds the ifnet,
 *    nobody gets an I/O reference, and new calls of input, output and attach functions
 *    return -ENXIO.  Callbacks that run go on, output in flight included; packets that are
 *    queued behind the batch in flight are dropped as detached.
 * 4. The final detach follows when the last I/O reference is gone, an RCU grace period is
 *    over, and so is the batch.  No callback for packets, events or requests runs any more.
 *    It calls the `detached` of each filter, then of each protocol, puts inert operations
 *    in the place of the driver's, and calls the driver's `free`, the last call of all.
 * 5. dlil_ifnet_wait_detached() waits until `free` has returned.
 * 6. dlil_ifnet_release(), in `free` or at any other time, ends the driver's use: the
 *    ifnet is kept for the next acquire of its id.  Instead `free` may attach it again.
 *
 * Contexts of the functions
 * -------------------------
 *
 * A
 *	Any context but hard interrupts, with interrupts on; bottom halves may be off, and
 *	locks, RTNL included, may be held.
 * S
 *	Process context; may sleep, but waits for no callback.  RTNL may be held.
 * C
 *	Process context; may sleep, and runs callbacks before it returns.  The caller must
 *	hold no lock that these take; DLIL's driver of network devices takes RTNL.
 * W
 *	Process context; waits until callbacks have returned.  The caller must hold no lock
 *	that any callback on the ifnet may take, so never RTNL.  In a callback -EDEADLK.
 *
 * ===============================================  =  =========================================
 * function                                         .  errors besides -EINVAL, -ENOMEM
 * ===============================================  =  =========================================
 * dlil_input(), _one(), _one_rcu() [1]             A  -ENXIO, -ENOBUFS
 * dlil_output()                                    A  -ENXIO, -ELOOP, -EMSGSIZE, others'
 * dlil_filter_output() [1], bottom halves off      A  -ELOOP, others'
 * dlil_filter_reinject(), dlil_filter_inject()     A  -ENXIO, -ENOBUFS, -ELOOP, others'
 * dlil_proto_input(), dlil_proto_inject()          A  -ENOENT, -ENOBUFS
 * dlil_send_arp()                                  A  -EOPNOTSUPP, -EADDRNOTAVAIL, -ENETDOWN
 * dlil_event_post(), dlil_event_post_class()       A  -ENOBUFS
 * dlil_filter_detach_async()                       A
 * dlil_stats_add(), functions _refused()           A
 * dlil_ifnet_acquire(), dlil_ifnet_init()          S  -EBUSY
 * dlil_ifnet_attach()                              S  -EEXIST, -ENODEV
 * dlil_ifnet_detach(), dlil_ifnet_release()        S  -ENXIO
 * dlil_filter_attach()                             S  -ENXIO, -ENOENT, -ENODEV, -ENOSPC
 * dlil_filter_update()                             S  the same, and -EPERM, -ESTALE
 * dlil_proto_attach(), _v2()                       S  -ENXIO, -EEXIST, -ENODEV, -EADDRINUSE
 * dlil_proto_detach_async()                        S  -ENXIO, -EDEADLK [2]
 * dlil_set_tap()                                   S  -ENXIO, -EBUSY, -EOPNOTSUPP, -ENODEV
 * dlil_output_set_policy()                         S  -EBUSY
 * dlil_filter_register_kind(), _unregister_kind()  S  -EEXIST
 * dlil_proto_register_plumber(), _input()          S  -EEXIST
 * dlil_proto_unregister_plumber()                  S  -ENXIO, -EBUSY
 * dlil_ioctl(), dlil_resolve_multi()               C  -EOPNOTSUPP, others'
 * dlil_multi_join(), dlil_multi_leave()            C  -EDEADLK, -ERESTARTSYS, others'
 * dlil_proto_plumb(), dlil_proto_unplumb()         C  -ENXIO, -EADDRINUSE, -EDEADLK, others'
 * dlil_stats_read(), dlil_stats_classes() [3]      S
 * dlil_filter_detach()                             W  -EDEADLK, -ERESTARTSYS
 * dlil_proto_detach()                              W  -ENXIO, -EDEADLK [2], -ERESTARTSYS
 * dlil_input_flush(), dlil_ifnet_wait_detached()   W  -ENXIO, -EDEADLK, -ERESTARTSYS
 * dlil_proto_unregister_input()                    W  -ENXIO, -EDEADLK
 * ===============================================  =  =========================================
 *
 * [1] dlil_input_one_rcu() and dlil_filter_output(): RCU read lock held.  [2] -EDEADLK in
 * output callbacks; in other callbacks dlil_proto_detach() starts the detach, and returns
 * 0 without waiting.  [3] Under traffic each counter was true at some time; the sums agree
 * when no packet is in flight.  "others'" are the errors that callbacks return.
 *
 * Look-ups by index, dlil_ifnet_get(), _put(), _io_begin(), _io_end() and the functions
 * that read a field of an ifnet may be called anywhere, even in hard interrupts.
 *
 * Errors
 * ------
 *
 * -EADDRINUSE
 *	A demux descriptor belongs to another protocol; or a module attached, without the
 *	plumber, the protocol that is to be plumbed.
 * -EBUSY
 *	In use: the id of an ifnet that was not released, or is still being detached; an
 *	attached ifnet that is to be initialised; there is another tap, or a transmit policy;
 *	a plumber that has plumbed something.
 * -EDEADLK
 *	The caller would wait for itself: it is in a callback of any ifnet, or the callback
 *	is handling a change of groups of this ifnet.
 * -EEXIST
 *	There is one: the ifnet is attached, or its name or index is taken in the namespace;
 *	the protocol family, filter kind, plumber or input is registered.
 * -EINVAL
 *	Bad arguments; the reference of a filter that is gone or is being detached.
 * -ELOOP
 *	Output is nested more than 8 deep.
 * -EMSGSIZE
 *	A GSO packet that the driver does not support, which stops the packets behind it.
 * -ENETDOWN
 *	The network device is down.
 * -ENOBUFS
 *	The queue is full, and the packets that did not fit were dropped; or an event was
 *	lost, because too many are queued.
 * -ENODEV
 *	The module of the operations is being unloaded; or an interface family lacks
 *	add_proto or del_proto.
 * -ENOENT
 *	There is no filter of this name; no input is registered for the family.
 * -ENOSPC
 *	The ifnet has 64 different callbacks for packets of one direction.
 * -ENXIO
 *	The ifnet, the protocol, or for packets handed back the filter, is not attached, or is
 *	being detached.
 * -EOPNOTSUPP
 *	The request is one that no filter, no protocol and no driver answers; for requests
 *	and ARP also: the ifnet is not attached.
 * -EPERM
 *	The name is that of a filter that belongs to a module.
 * -ERESTARTSYS
 *	The caller was killed while it waited; a detach finishes without it.
 * -ESTALE
 *	The filters have another revision than the caller expects.
 */
#ifndef _NET_DLIL_H
#define _NET_DLIL_H

#include <linux/dlil.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/types.h>
#include <net/dst.h>
#include <net/dst_metadata.h>

struct dlil_filter_bundle_ops;
struct device;
struct dlil_ifnet;
struct in6_addr;
struct module;

/** define DLIL_STOLEN - the callee owns the packet now; XNU's EJUSTRETURN */
#define DLIL_STOLEN 1

/** define DLIL_SKIP - filters only: skip all later filters with the same callback */
#define DLIL_SKIP 2

/** define DLIL_NAME_MAX - size of the name of a filter or protocol, with NUL */
#define DLIL_NAME_MAX 32

/** define DLIL_ID_MAX - longest unique id of an ifnet, in bytes (IFN-1) */
#define DLIL_ID_MAX 64

/**
 * enum dlil_ifnet_family - interface family of an ifnet
 * @DLIL_IFNET_ANY: none in particular
 * @DLIL_IFNET_LOOPBACK: the link returns sent packets
 * @DLIL_IFNET_ETHERNET: Ethernet headers; has an input thread of its own
 *	(INP-2)
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
 * Protocol families. 0 means "all" in a filter and "none" in a packet.  Other
 * modules use numbers from DLIL_PF_PRIVATE on.
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
 * @DLIL_DROP_PROMISC: a unicast frame for another station
 * @DLIL_DROP_NOPROTO: no attached protocol takes it
 * @DLIL_DROP_PROTOCOL: the protocol returned an error
 * @DLIL_DROP_QUEUE_FULL: the input queue had no room for it (INP-12)
 * @DLIL_DROP_NOMEM: no memory, for instance for a private copy
 * @DLIL_DROP_FRAMER: no link header could be built
 * @DLIL_DROP_RECURSION: output was nested too deeply (OUT-10)
 * @DLIL_DROP_DRIVER: the driver refused to send it
 * @DLIL_DROP_SANITY: queued for another ifnet, or miscounted (INP-11)
 * @DLIL_DROP_POLICY: the transmit policy refused it (OUT-3)
 * @DLIL_DROP_TSO: a GSO packet that the driver does not support; it stops its
 *	dlil_output(), so the packets behind it are dropped, too (OUT-7)
 * @DLIL_DROP_MAX: number of reasons
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
 * struct dlil_stats - counters of an ifnet (STA-1), or increments for them
 * @ipackets: packets received
 * @ibytes: bytes received, link headers included
 * @ierrors: receive errors
 * @opackets: packets sent
 * @obytes: bytes sent, link headers included
 * @oerrors: transmit errors
 * @collisions: collisions
 * @imcasts: multicast and broadcast packets received
 * @omcasts: multicast and broadcast packets sent
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
 * struct dlil_account - account of all packets of one direction (STA-3)
 * @seen: packets that entered DLIL
 * @delivered: packets that a protocol accepted; on output, the driver
 * @passed: received packets that no protocol accepted, and that the driver's
 *	`unmatched` took; that of a network device gives them to the host (LNX-5)
 * @stolen: packets that a filter, protocol or family kept (DLIL_STOLEN)
 * @freed: packets freed by DLIL; the sum of @drops
 * @drops: packets freed, by reason
 *
 * When no packet is in flight, @seen is the sum of @delivered, @passed, @stolen
 * and @freed.
 */
struct dlil_account {
	u64 seen;
	u64 delivered;
	u64 passed;
	u64 stolen;
	u64 freed;
	u64 drops[DLIL_DROP_MAX];
};

/**
 * enum dlil_class - traffic classes that are counted (STA-2)
 * @DLIL_CLASS_BACKGROUND: background traffic, which may wait
 * @DLIL_CLASS_VIDEO: video
 * @DLIL_CLASS_VOICE: voice, and network control
 * @DLIL_CLASS_MAX: number of classes; best effort is not counted
 *
 * A packet is classified by skb->priority, or if that is 0 by its DSCP, which is
 * looked at only if skb->protocol says that the packet is IP.
 */
enum dlil_class {
	DLIL_CLASS_BACKGROUND,
	DLIL_CLASS_VIDEO,
	DLIL_CLASS_VOICE,
	DLIL_CLASS_MAX
};

/**
 * struct dlil_traffic - counters of one direction by traffic class (STA-2)
 * @packets: number of packets; a GSO packet counts as one
 * @bytes: bytes of these packets, link headers included
 */
struct dlil_traffic {
	u64 packets[DLIL_CLASS_MAX];
	u64 bytes[DLIL_CLASS_MAX];
};

/**
 * enum dlil_desc_kind - the header fields that a demux descriptor compares
 * @DLIL_DESC_ETYPE: EtherType, 2 bytes, network order
 * @DLIL_DESC_SAP: 802.2 DSAP, SSAP and control, 3 bytes
 * @DLIL_DESC_SNAP: SNAP organisation and type, 5 bytes
 */
enum dlil_desc_kind {
	DLIL_DESC_ETYPE = 1,
	DLIL_DESC_SAP,
	DLIL_DESC_SNAP,
};

/** define DLIL_DESC_MAX - longest descriptor, in bytes */
#define DLIL_DESC_MAX 5

/**
 * struct dlil_demux_desc - recognises frames of a protocol (PRO-6)
 * @kind: header fields that @data is compared with, enum dlil_desc_kind
 * @len: number of bytes used in @data
 * @data: value of the header fields
 */
struct dlil_demux_desc {
	enum dlil_desc_kind kind;
	u8 len;
	u8 data[DLIL_DESC_MAX];
};

/**
 * struct dlil_frame - contents of the link header that the framer builds
 * @type: EtherType, network order
 * @dest: destination link address, with the address length of the ifnet
 */
struct dlil_frame {
	__be16 type;
	u8 dest[MAX_ADDR_LEN];
};

/** define DLIL_EVENT_DATA_MAX - longest data of an event, in bytes (EVT-1) */
#define DLIL_EVENT_DATA_MAX 512

/**
 * struct dlil_event - report of a change of an ifnet (EVT-1)
 * @class: DLIL_EVENT_CLASS_NETWORK, or a number of your own
 * @subclass: subject; enum dlil_event_subclass in the class network
 * @code: the change; enum dlil_event_code in DLIL_EVENT_SUBCLASS_DL
 * @family: interface family of the ifnet, enum dlil_ifnet_family
 * @unit: index of the ifnet
 * @name: name of the ifnet
 * @len: length of @data
 * @data: details, NULL if @len is 0: a u32 for SIFFLAGS and SIFMTU; a u32 of
 *	DLIL_ATTR_* for IFCAP_CHANGED from dlil_ifnet_set_attrs(); the link
 *	address for LINK_ADDRESS_CHANGED, ADDMULTI and DELMULTI; a struct
 *	dlil_event_proto for PROTO_ATTACHED and PROTO_DETACHED; a struct
 *	dlil_event_node for NODE_PRESENCE and NODE_ABSENCE; a struct
 *	dlil_event_filter in DLIL_EVENT_SUBCLASS_FILTER
 *
 * The event and its data are valid only until the callback returns.
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
 * @family: family of the protocol
 * @count: number of attached protocols afterwards
 * @name: name of the protocol, or ""
 */
struct dlil_event_proto {
	u32 family;
	u32 count;
	char name[DLIL_NAME_MAX];
};

/**
 * struct dlil_event_filter - a filter was attached, detached, moved or changed
 * @name: name of the filter
 */
struct dlil_event_filter {
	char name[DLIL_NAME_MAX];
};

/**
 * struct dlil_event_node - a neighbour appeared or disappeared (LNX-7)
 * @family: AF_INET or AF_INET6
 * @addr: network address of the neighbour, 4 or 16 bytes
 * @lladdr_len: length of @lladdr, 0 if it is unknown
 * @lladdr: link address of the neighbour
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
 * @DLIL_IOC_ADDMULTI: join a group: struct dlil_ioc_lladdr; or restore all
 *	memberships: NULL (IFN-12)
 * @DLIL_IOC_DELMULTI: leave a group: struct dlil_ioc_lladdr
 * @DLIL_IOC_PRIVATE: codes from here on are for other modules
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
 * struct dlil_ioc_flags - change of flags of a device
 * @flags: new values, IFF_*
 * @mask: flags to change
 */
struct dlil_ioc_flags {
	u32 flags;
	u32 mask;
};

/**
 * struct dlil_ioc_lladdr - a link address
 * @len: length of @addr
 * @addr: the address
 */
struct dlil_ioc_lladdr {
	u32 len;
	u8 addr[MAX_ADDR_LEN];
};

int dlil_ioctl(struct dlil_ifnet *ifp, u32 family, u32 code, void *arg);

/**
 * enum dlil_tap_mode - packets that a tap sees (TAP-1)
 * @DLIL_TAP_OFF: none
 * @DLIL_TAP_INPUT: received packets, before the filters
 * @DLIL_TAP_OUTPUT: sent packets, after the filters
 * @DLIL_TAP_BOTH: both
 */
enum dlil_tap_mode {
	DLIL_TAP_OFF,
	DLIL_TAP_INPUT = BIT(0),
	DLIL_TAP_OUTPUT = BIT(1),
	DLIL_TAP_BOTH = DLIL_TAP_INPUT | DLIL_TAP_OUTPUT,
};

/**
 * struct dlil_tap - a callback that sees the packets of an ifnet (TAP-1)
 *
 * The struct must stay valid until @detached is called.  Without @detached, it
 * must stay until dlil_set_tap() has turned the tap off or the final detach is
 * over.
 */
struct dlil_tap {
	/** @owner: module that is pinned while the tap is set */
	struct module *owner;
	/**
	 * @packet: called for each received (@way is DLIL_TAP_INPUT) or sent
	 * (DLIL_TAP_OUTPUT) packet, with skb->data and skb_mac_header() as in
	 * all callbacks.  The driver still owns the packet: the tap may clone
	 * it, but must not change, keep or free it.  Bottom halves off, RCU
	 * read lock held; must not sleep; runs on several processors in
	 * parallel.  Required.
	 */
	void (*packet)(void *cookie, struct dlil_ifnet *ifp,
		       enum dlil_tap_mode way, const struct sk_buff *skb);
	/**
	 * @detached: called exactly once for a tap that was set, by the
	 * dlil_set_tap() that turns it off or by the final detach, when @packet
	 * is not in flight and will not be called again.  Process context, no
	 * lock of DLIL held; may sleep, but must not wait for the final detach.
	 * Optional.
	 */
	void (*detached)(void *cookie, struct dlil_ifnet *ifp);
	/** @cookie: argument of both callbacks */
	void *cookie;
};

/* Set @tap, or change its mode, or with DLIL_TAP_OFF remove it; an ifnet has one at most. */
int dlil_set_tap(struct dlil_ifnet *ifp, u32 mode, const struct dlil_tap *tap);

/**
 * struct dlil_driver_ops - operations of a driver
 *
 * The final detach replaces all of them by inert operations, since holders of a reference
 * may still call them: output frees the packet, the others do nothing or return an error
 * (IFN-6).  Behind that, only @free of these is called.
 */
struct dlil_driver_ops {
	/**
	 * @owner: module that is pinned from the attach of an ifnet until @free
	 * has returned (IFN-3, IFN-5).  A driver without an owner must itself
	 * keep its module loaded for as long.
	 */
	struct module *owner;
	/**
	 * @output: send one framed packet.  Consumes the packet, even on error;
	 * after an error the core counts it as freed by the driver.  Bottom
	 * halves off, RCU read lock held; must not sleep.  Required.
	 */
	int (*output)(struct dlil_ifnet *ifp, struct sk_buff *skb);
	/**
	 * @output_list: replaces @output; called once with all packets of a
	 * dlil_output(), at least one, in order.  Takes packets off @list,
	 * which is private to it.  It must not change packets that it leaves in
	 * @list; those are freed and counted as refused by the driver.  Returns 0, or an error that
	 * dlil_output() returns.  Context as for @output.  Optional (OUT-8).
	 */
	int (*output_list)(struct dlil_ifnet *ifp, struct sk_buff_head *list);
	/**
	 * @tag_in_data: @skb, which is about to be passed to @output, has a
	 * VLAN tag beside its data.  Returns true if the driver will move the
	 * tag into the data of the sent packet; `match` filters then see it
	 * there.  Must not change @skb.  Bottom halves off, RCU read lock held;
	 * must not sleep.  Optional: without it the tag stays beside the data
	 * (FLT-18).
	 */
	bool (*tag_in_data)(struct dlil_ifnet *ifp, struct sk_buff *skb);
	/**
	 * @cuts_gso: @skb, which is about to be passed to @output, is a GSO
	 * packet.  Returns true if the device will get it in segments; `match`
	 * filters then see these, and they are passed to @output one by one.
	 * Must not change @skb.  Bottom halves off, RCU read lock held; must not
	 * sleep.  Optional: without it `match` filters see the GSO packet
	 * (FLT-18).
	 */
	bool (*cuts_gso)(struct dlil_ifnet *ifp, struct sk_buff *skb);
	/**
	 * @unmatched: called with consecutive received packets that the core is
	 * about to free, all for the reason @why (demux, promiscuous or no
	 * protocol).  The driver keeps packets by taking them off @list; the
	 * rest is freed and counted as @why.  Input thread; may sleep.
	 * Optional (LNX-5).
	 */
	void (*unmatched)(struct dlil_ifnet *ifp, struct sk_buff_head *list,
			  enum dlil_drop_reason why);
	/**
	 * @dropped: @n packets of @direction (DLIL_DIRECTION_IN or _OUT) were
	 * dropped, for any reason except a refusal by the driver itself.
	 * Called once per batch, and only while the ifnet is attached.  Bottom
	 * halves off; must not sleep; runs on several processors in parallel.
	 * Optional (LNX-14).
	 */
	void (*dropped)(struct dlil_ifnet *ifp, u32 direction, u64 n);
	/**
	 * @stats: add to @stats the errors and collisions that the hardware has
	 * counted since the attach, which the core cannot see.  Values must not
	 * decrease.  Called for each query of the counters, and for the last
	 * time when the detach begins, then with bottom halves off and locks
	 * held.  RCU read lock held; must not sleep, nor call
	 * dlil_stats_read(); runs on several processors in parallel.  Optional
	 * (STA-7).
	 */
	void (*stats)(struct dlil_ifnet *ifp, struct dlil_stats *stats);
	/**
	 * @event: an event of the ifnet, after filters and protocols have got
	 * it.  The ifnet's event work, no lock held; may sleep, but must not
	 * wait for the detach of an ifnet.  Optional (EVT-1).
	 */
	void (*event)(struct dlil_ifnet *ifp, const struct dlil_event *event);
	/**
	 * @ioctl: a control request that neither filter nor protocol has
	 * refused.  Returns -EOPNOTSUPP for unknown codes.  Process context, no
	 * lock held except the caller's; may sleep.  Optional (IOC-1).
	 */
	int (*ioctl)(struct dlil_ifnet *ifp, u32 code, void *arg);
	/**
	 * @set_tap: call @tap for the packets of @mode from now on: for
	 * received packets before they are queued, for sent packets before they
	 * are sent, inside an RCU read section.  If @tap is set already, only
	 * its mode changes.  DLIL_TAP_OFF comes with @tap NULL and cannot fail:
	 * stop calling the tap that was set, which stays valid for another
	 * grace period.  May sleep.  Calls for one ifnet are serialised by a lock that others
	 * take under RTNL: must neither take RTNL nor attach or detach
	 * anything.  Optional: without it the ifnet has no taps (TAP-1).
	 */
	int (*set_tap)(struct dlil_ifnet *ifp, u32 mode,
		       const struct dlil_tap *tap);
	/**
	 * @route: look up the route to @to, a struct sockaddr_in or sockaddr_in6,
	 * that leads out of the ifnet.  Returns the route with a reference, or
	 * an error pointer.  Sets *@cookie, which is 0 before, to the value that
	 * dst_check() takes for this route.  RCU read lock held; must not sleep;
	 * runs on several processors in parallel.  Optional (RTC-1).
	 */
	struct dst_entry *(*route)(struct dlil_ifnet *ifp,
				   const struct sockaddr *to, u32 *cookie);
	/**
	 * @free: the last call: no operation of the driver is in flight or will be
	 * called, unless this attaches the ifnet again.  It may free the driver's
	 * data, and release the ifnet.  Worker, no lock held; may sleep.
	 * Optional (IFN-5).
	 */
	void (*free)(struct dlil_ifnet *ifp);
};

/**
 * struct dlil_family_ops - operations of an interface family
 */
struct dlil_family_ops {
	/**
	 * @demux: find the protocol family of a received packet, and set
	 * skb->pkt_type.  Returns 0 with @family set; DLIL_STOLEN; -ENOENT if
	 * no descriptor matches; another error if the frame cannot be read.
	 * RCU read lock held; must not sleep.  Required (PRO-7).
	 */
	int (*demux)(struct dlil_ifnet *ifp, struct sk_buff *skb, u32 *family);
	/**
	 * @by_protocol: set this if @demux decides about Ethernet II frames
	 * from skb->protocol alone, and looks at the header only to see that
	 * there is one.  It applies to frames without a VLAN tag beside the
	 * data, of a driver that sets skb->pkt_type (DLIL_ATTR_CLASSIFIED).  The
	 * core then calls @demux only for the first
	 * of consecutive frames with the same skb->protocol.  The result may
	 * change from one batch to the next.
	 */
	bool by_protocol;
	/**
	 * @framer: prepend the link header.  On an error the caller frees
	 * *@skb; a framer that has consumed the packet sets *@skb to NULL.
	 * Bottom halves off; must not sleep.  Optional (OUT-4).
	 */
	int (*framer)(struct dlil_ifnet *ifp, struct sk_buff **skb,
		      const struct dlil_frame *frame);
	/**
	 * @add_proto: recognise @descs as @family from now on; all or none.
	 * Returns -EINVAL for a wrong length, -EOPNOTSUPP for unknown fields,
	 * -EADDRINUSE for a descriptor that is in use.  May sleep.  Calls for
	 * one ifnet are serialised by a lock that others take under RTNL: must
	 * neither take RTNL nor attach or detach anything.  Required (PRO-1,
	 * PRO-6).
	 */
	int (*add_proto)(struct dlil_ifnet *ifp, u32 family,
			 const struct dlil_demux_desc *descs, unsigned int n);
	/**
	 * @del_proto: remove all descriptors of @family.  Must not fail for
	 * lack of memory.  May sleep; serialised with @add_proto.  Required.
	 */
	int (*del_proto)(struct dlil_ifnet *ifp, u32 family);
	/**
	 * @check_multi: is @addr the link address of a group?  A link address
	 * is a struct sockaddr_ll.  Returns 0; -EADDRNOTAVAIL if it is not a
	 * group; -EAFNOSUPPORT for other address families.  Process context,
	 * with an I/O reference; may sleep.  Optional: without it the protocol
	 * decides (MUL-1).
	 */
	int (*check_multi)(struct dlil_ifnet *ifp, const struct sockaddr *addr);
};

/*
 * Attributes.  Those of enum dlil_attr (linux/dlil.h) may change while the ifnet is attached,
 * see dlil_ifnet_set_attrs(); the others may not.
 */

/** define DLIL_ATTRS_SETTABLE - attributes that may change (IFN-15) */
#define DLIL_ATTRS_SETTABLE	(DLIL_ATTR_LINEAR | DLIL_ATTR_TSO4 | \
				 DLIL_ATTR_TSO6 | DLIL_ATTR_ARPLL)

/** define DLIL_ATTR_COUNT_INPUT - the core counts ipackets and ibytes itself */
#define DLIL_ATTR_COUNT_INPUT	BIT(16)

/** define DLIL_ATTR_CLASSIFIED - received packets have skb->pkt_type set */
#define DLIL_ATTR_CLASSIFIED	BIT(17)

/**
 * struct dlil_ifnet_params - arguments of dlil_ifnet_init()
 * @driver: operations of the driver; must outlive the attachment
 * @family: operations of the interface family; must outlive the attachment
 * @priv: for the driver, see dlil_ifnet_priv()
 * @net: network namespace of the ifnet (IFN-10); no reference is taken
 * @name: name of the ifnet; copied
 * @ifindex: index of the ifnet in @net; 0: DLIL chooses an index that no netdev can
 *	have, and the ifnet keeps it when it is attached again (IFN-13)
 * @attrs: DLIL_ATTR_*
 * @addr_len: length of a link address, at most MAX_ADDR_LEN
 * @broadcast: broadcast link address, or NULL
 * @device: the hardware, or NULL; no reference is taken.  The input thread is
 *	created on its NUMA node (INP-4)
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
 * struct dlil_lladdr - link address of an ifnet (IFN-9)
 * @ifindex: index of the ifnet
 * @family: interface family of the ifnet
 * @len: number of bytes used in @addr
 * @name: name of the ifnet
 * @addr: the address; at least 8 bytes can be read
 */
struct dlil_lladdr {
	int ifindex;
	enum dlil_ifnet_family family;
	u8 len;
	char name[IFNAMSIZ];
	u8 addr[] __aligned(8);
};

/** define DLIL_IDLE_NOTIFY - post an event when no looked-up route is held (IFN-11) */
#define DLIL_IDLE_NOTIFY	BIT(0)

int dlil_ifnet_acquire(enum dlil_ifnet_family family, const void *id,
		       size_t len, struct dlil_ifnet **out);
/*
 * Returns the ifnet of this id with a reference if it is being detached, so that the caller
 * can wait for it after -EBUSY; otherwise NULL.
 */
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
/* All attached ifnets of @family, each referenced, and NULL behind the last one. */
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
void dlil_ifnet_set_name(struct dlil_ifnet *ifp, const char *name);
void dlil_ifnet_set_lladdr(struct dlil_ifnet *ifp, const u8 *lladdr);
void __rcu **dlil_ifnet_family_data(struct dlil_ifnet *ifp);

int dlil_ifnet_set_idle_flags(struct dlil_ifnet *ifp, u32 flags, u32 mask);
u32 dlil_ifnet_idle_flags(const struct dlil_ifnet *ifp);
unsigned int dlil_ifnets_flagged(void);

/*
 * Routes, each with a reference.  Put one of IPv4 before the `detached` of the filter or
 * protocol that asked for it returns, and one of IPv6 in the RCU read section in which you
 * asked for it (RTC-3).
 */
struct dst_entry *dlil_rtlookup_inet(struct dlil_ifnet *ifp, __be32 source);
struct dst_entry *dlil_rtlookup_inet6(struct dlil_ifnet *ifp,
				      const struct in6_addr *source);
void dlil_route_put(struct dlil_ifnet *ifp, struct dst_entry *dst);

/*
 * Memberships of groups by their link addresses.  They survive a detach, and are restored
 * when the ifnet is attached again (IFN-12).  @fn must neither join nor leave nor take RTNL.
 */
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
		     struct dlil_account *in, struct dlil_account *out);

bool dlil_stats_classes(struct dlil_ifnet *ifp, struct dlil_traffic *in,
			struct dlil_traffic *out);

/*
 * Queue received packets for the input thread, and return: demux, filters and protocols run
 * there, later.  Any context but hard interrupts; softirq is usual.  A driver without
 * DLIL_ATTR_COUNT_INPUT passes the packets and bytes to count in @inc.
 */
int dlil_input(struct dlil_ifnet *ifp, struct sk_buff_head *list,
	       const struct dlil_stats *inc);
int dlil_input_one(struct dlil_ifnet *ifp, struct sk_buff *skb);
int dlil_input_one_rcu(struct dlil_ifnet *ifp, struct sk_buff *skb);
int dlil_input_flush(struct dlil_ifnet *ifp);
/* Count a received packet that the driver could not queue; the driver frees the packet. */
void dlil_input_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why);

/* Flags of filters.  A filter without flags sees all packets of its family. */

/**
 * define DLIL_FILTER_NO_VLAN - packets with a VLAN tag beside their data skip
 * this filter (FLT-9), except those with a priority tag (VLAN id 0)
 */
#define DLIL_FILTER_NO_VLAN	BIT(0)

/**
 * define DLIL_FILTER_SEGMENTS - GSO packets are segmented before this filter,
 * so that no packet it sees is larger than the MTU (FLT-10)
 */
#define DLIL_FILTER_SEGMENTS	BIT(1)

/**
 * define DLIL_FILTER_REINJECTS - the filter may hand back packets that it has kept,
 * by dlil_filter_reinject() (FLT-14)
 *
 * While it keeps a packet, it leaves the first %DLIL_FILTER_CB_KEPT bytes of
 * skb->cb as they are.  The rest of skb->cb is for the filter.  Such a filter must have
 * `detached`, which stops its timers: when that returns, no call of
 * dlil_filter_reinject() may be in flight.
 */
#define DLIL_FILTER_REINJECTS	BIT(2)
#define DLIL_FILTER_CB_KEPT	8

/**
 * typedef dlil_filter_t - a reference to an attached filter, never 0
 *
 * It is a number, not a pointer, and keeps nothing in place.  Once the detach of the filter
 * has begun, for instance with its ifnet, functions return an error for it, so it may be kept
 * for as long as you like.  The owner of a filter need not hold a reference to the ifnet.
 */
typedef u32 dlil_filter_t;

/**
 * struct dlil_filter_info - description of a filter for users
 * @kind: name of the filter kind, or a word for filters of a module, such as "match"
 * @action: action of the filter on packets that match, such as "drop", or ""
 * @expr: condition for a match, or ""
 * @packets: number of packets that the filter has checked
 * @matched: number of packets that matched
 */
struct dlil_filter_info {
	const char *kind;
	const char *action;
	const char *expr;
	u64 packets;
	u64 matched;
};

/**
 * struct dlil_filter_ops - operations of an interface filter
 *
 * Verdicts of @input and @output (FLT-5): 0 passes the packet to the next
 * filter.  DLIL_SKIP makes the packet skip all later filters with the same
 * function in this direction; other filters still see it.  DLIL_STOLEN means that
 * the filter has kept the packet.  An error makes the caller free it.  @input_list
 * returns nothing: packets that it leaves in @list go on, those in @drop are freed,
 * and the missing ones are stolen.
 *
 * The data of a packet may be shared with clones, for instance of a tap: call
 * skb_ensure_writable() before you write to it.
 *
 * A filter may replace the packet: it frees or keeps the one that it got, and
 * stores another one in *@skb.  If it returns 0 or DLIL_SKIP, *@skb must not be
 * NULL.  A filter that leaves NULL is buggy: DLIL counts the packet as refused, but
 * without CONFIG_DEBUG_NET it may call a later filter with NULL first.
 *
 * A filter that reads nothing but headers needs no flags: a GSO packet,
 * skb_is_gso(), has the headers that its segments will have, and
 * skb_vlan_tag_get() is the tag of a packet with a VLAN tag beside its data.
 * With DLIL_FILTER_SEGMENTS, GSO packets are segmented before the filter, and
 * stay segmented behind it.  A filter that replaces a packet by a GSO packet
 * must itself see to it that later filters can take that (FLT-10).
 */
struct dlil_filter_ops {
	/** @owner: module that is pinned while the filter is attached (FLT-1) */
	struct module *owner;
	/**
	 * @input: called for a received packet of @family (0 if demux failed).
	 * Input thread, no lock held; may sleep.  skb->dev is blackhole_netdev,
	 * because a network device may go meanwhile; set skb->dev before you
	 * give a packet to the stack.  Optional.
	 */
	int (*input)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff **skb);
	/**
	 * @input_list: replaces @input; called for 1 to 64 consecutive received
	 * packets of @family.  @list is private to the filter during the call.
	 * Packets that stay in @list go on, and must stay in order.  Packets
	 * moved to @drop, which is empty at first, are freed and counted as
	 * refused by a filter, see dlil_filter_drop().  The filter owns packets
	 * that are in neither list; they count as stolen.  A filter may replace
	 * packets; if it leaves more than it got, the surplus counts as
	 * received.  Otherwise the same as @input.  Optional (FLT-12).
	 */
	void (*input_list)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			   struct sk_buff_head *list,
			   struct sk_buff_head *drop);
	/**
	 * @output: called for a packet of @family that is being sent, with its
	 * link header.  Bottom halves off, RCU read lock held; must not sleep;
	 * runs on several processors in parallel.  To keep the packet, call
	 * dlil_packet_keep(), return DLIL_STOLEN, and free or send it in
	 * @detached at the latest.  Others wait for the references that
	 * dlil_packet_keep() drops (LNX-13, LNX-15).  skb->dev is the device for
	 * packets of the host, blackhole_netdev for those that another filter has
	 * handed back, and maybe NULL for those of dlil_output().  Optional.
	 */
	int (*output)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      struct sk_buff **skb);
	/**
	 * @event: called for each event of the ifnet, whatever the family of
	 * the filter (FLT-4).  The ifnet's event work, no lock held; may sleep,
	 * take RTNL, attach and detach anything.  A call that would wait for a
	 * detach returns -EDEADLK.  Optional (EVT-1, EVT-2).
	 */
	void (*event)(void *cookie, struct dlil_ifnet *ifp,
		      const struct dlil_event *event);
	/**
	 * @ioctl: called for a control request of the filter's family, or for
	 * all if that is 0.  Returns -EOPNOTSUPP for no opinion; another error
	 * to refuse the request; DLIL_STOLEN to end it with success; or 0, which
	 * becomes the answer although protocol and driver are still asked.
	 * Process context, no lock held except the caller's; may sleep, attach
	 * and detach anything.  A call that would wait for a detach returns
	 * -EDEADLK.  Optional (IOC-1).
	 */
	int (*ioctl)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     u32 code, void *arg);
	/**
	 * @detached: called exactly once, when no callback of this filter is in
	 * flight or will be called again; free what @cookie points to here.
	 * Process context, no lock held; may sleep.  Optional.
	 */
	void (*detached)(void *cookie, struct dlil_ifnet *ifp);
	/**
	 * @describe: fill in @info.  The strings in it must live as long as the
	 * filter and have less than 1024 bytes in total.  Process context, the
	 * ifnet's lock and the RCU read lock held: must not sleep, nor attach or
	 * detach anything.  Optional.
	 */
	void (*describe)(void *cookie, struct dlil_filter_info *info);
	/**
	 * @kind: the filter kind, if users have added the filter (FLT-16) and may
	 * remove it; NULL if it belongs to a module
	 */
	const struct dlil_filter_kind *kind;
	/** @bundle: NULL; reserved for filters of the core */
	const struct dlil_filter_bundle_ops *bundle;
};

/**
 * struct dlil_filter_params - arguments of dlil_filter_attach()
 * @ops: callbacks of the filter; must outlive the filter
 * @name: name shown to users; copied
 * @cookie: argument of every callback
 * @family: protocol family that the filter sees, 0 for all (FLT-4)
 * @flags: DLIL_FILTER_*, or 0
 * @lifetime: milliseconds after which the filter is detached by itself, at most
 *	INT_MAX; 0 for never (FLT-17)
 * @place: place among the filters of the ifnet (FLT-13); 0 for the last one, or for that
 *	of the filter that it replaces
 * @beside: with DLIL_PLACE_BEFORE and DLIL_PLACE_AFTER, the name of the other filter.
 *	Several filters may have the same name if at most one is a user's: then that one
 *	is meant, or else any of them
 */
struct dlil_filter_params {
	const struct dlil_filter_ops *ops;
	const char *name;
	void *cookie;
	u32 family;
	u32 flags;
	u32 lifetime;
	enum dlil_filter_place place;
	const char *beside;
};

/**
 * struct dlil_filter_change - one of several changes that are one step (FLT-13)
 * @change: DLIL_CHANGE_ADD, DLIL_CHANGE_DEL, DLIL_CHANGE_REPLACE or DLIL_CHANGE_MOVE;
 *	DLIL_CHANGE_FLUSH, which removes all filters of users, needs nothing else
 * @old: the filter to be removed, replaced or moved, unless @name is set
 * @name: instead of @old, the name of a filter that a user has added
 * @params: the filter to be added, or to replace @old, and its place
 * @ref: set to the reference of that filter before its first callback can run
 * @place: place to which @old is moved; the others ignore it
 * @beside: with DLIL_PLACE_BEFORE and DLIL_PLACE_AFTER, the name of the other filter.
 *	Several filters may have the same name if at most one is a user's: then that one
 *	is meant, or else any of them
 */
struct dlil_filter_change {
	enum dlil_filter_what change;
	dlil_filter_t old;
	const char *name;
	const struct dlil_filter_params *params;
	dlil_filter_t *ref;
	enum dlil_filter_place place;
	const char *beside;
};

int dlil_filter_attach(struct dlil_ifnet *ifp,
		       const struct dlil_filter_params *params,
		       dlil_filter_t *ref);
/*
 * Up to DLIL_GENL_MAXCHANGES changes in one step: all or nothing, and no packet meets a part
 * of them.  With a @revision other than 0 they are refused if the filters have another one.
 */
int dlil_filter_update(struct dlil_ifnet *ifp,
		       const struct dlil_filter_change *changes, unsigned int n,
		       u64 revision);
u64 dlil_filter_revision(struct dlil_ifnet *ifp);
/*
 * The first one waits until `detached` has returned, so RTNL must not be held, nor any lock
 * that a callback on the ifnet takes; it returns -EDEADLK in callbacks.  The second one does
 * not wait: it may be called under RTNL, in callbacks, and with bottom halves off.
 */
int dlil_filter_detach(dlil_filter_t ref);
int dlil_filter_detach_async(dlil_filter_t ref);
/*
 * Show a packet that the host is about to send, with its link header, to the output filters.
 * After 0 the caller sends it; after DLIL_STOLEN and errors it was consumed.
 */
int dlil_filter_output(struct dlil_ifnet *ifp, u32 family, struct sk_buff *skb);

/**
 * dlil_filter_drop - drop a packet in an `input_list` callback
 * @skb: the packet
 * @list: the list that contains it
 * @drop: the argument @drop of the callback
 *
 * The core frees and counts the packet after the callback has returned.
 *
 * Context: any.
 */
static inline void dlil_filter_drop(struct sk_buff *skb,
				    struct sk_buff_head *list,
				    struct sk_buff_head *drop)
{
	__skb_unlink(skb, list);
	__skb_queue_tail(drop, skb);
}

/**
 * dlil_packet_keep_owned - the same as dlil_packet_keep(), except that the socket stays
 * @skb: the packet
 *
 * For a filter that keeps packets for so short a time that their senders should see
 * them as not sent yet, as TCP small queues do.  The netns of the socket waits for
 * such a packet.  Rows LNX-13, LNX-15.
 *
 * Context: bottom halves off, RCU read lock held.
 */
static inline void dlil_packet_keep_owned(struct sk_buff *skb)
{
	nf_reset_ct(skb);
	/* Metadata, such as the key of a tunnel, stay: nobody waits for them. */
	if (skb_valid_dst(skb))
		skb_dst_drop(skb);
	skb->dev = NULL;
}

/**
 * dlil_packet_keep - prepare a packet for being kept by an output filter
 * @skb: the packet
 *
 * A filter that returns DLIL_STOLEN and does not free the packet at once calls
 * this.  Drops all references that others may wait for: the sender's socket,
 * with its send buffer and netns; the route; the conntrack entry; and the
 * device.  Set skb->dev again before you send the packet, but not for
 * dlil_filter_reinject().  Rows LNX-13, LNX-15.
 *
 * Context: bottom halves off, RCU read lock held.
 */
static inline void dlil_packet_keep(struct sk_buff *skb)
{
	skb_orphan(skb);
	dlil_packet_keep_owned(skb);
}

struct dlil_condition;
struct netlink_ext_ack;
struct nla_policy;
struct nlattr;

/**
 * struct dlil_filter_args - arguments of a user's request for a filter (FLT-16)
 * @ifp: ifnet
 * @name: name of the filter
 * @direction: DLIL_DIRECTION_*, at least one
 * @action: action for packets that match, such as "drop", or NULL
 * @words: arguments of the filter kind in words, or NULL
 * @cond: packets that the filter is for, NULL for all
 * @tb: attributes of the filter kind, indexed by type up to its @maxattr; NULL if the request
 *	has none
 * @extack: receives a message on errors
 */
struct dlil_filter_args {
	struct dlil_ifnet *ifp;
	const char *name;
	u32 direction;
	const char *action;
	const char *words;
	struct dlil_condition *cond;
	struct nlattr **tb;
	struct netlink_ext_ack *extack;
};

/* Parts of a request that a kind may use, beside its attributes. */
#define DLIL_KIND_ACTION	BIT(0)
#define DLIL_KIND_WORDS		BIT(1)
#define DLIL_KIND_CONDITION	BIT(2)

/**
 * struct dlil_filter_kind - a filter kind: users add its filters by name (FLT-16)
 *
 * A module registers its filter kind at the end of its init function, and has the alias
 * dlil-filter-NAME, so that it is loaded when a user first names the kind.  It unregisters
 * the kind in its exit function: each filter pins @owner from the request for it until
 * its `detached` has returned, so no filter of the kind is left then.
 */
struct dlil_filter_kind {
	/** @name: up to 15 lower-case letters, digits, hyphens and underscores */
	const char *name;
	/** @owner: module of the kind */
	struct module *owner;
	/** @uses: DLIL_KIND_*; requests with other parts are refused */
	u32 uses;
	/** @maxattr: the largest attribute of the kind, 0 if it has none */
	unsigned int maxattr;
	/** @policy: netlink policy of these attributes, 0 to @maxattr */
	const struct nla_policy *policy;
	/**
	 * @fill_size: upper limit of what @fill puts into a message, at most 1024
	 * bytes; if @fill needs more, users do not see the attributes
	 */
	size_t fill_size;
	/**
	 * @create: create a filter.  Fills in the operations of @params, whose @kind
	 * and @owner are those of this kind, its cookie and its flags; the caller
	 * sets the name.  May set *@ref to a variable of the filter, where DLIL
	 * stores the reference before the first callback.  After success the filter
	 * owns @args->cond, which it frees by dlil_condition_free() at its end.  The
	 * strings and @args->tb live during the call only.  Process context; may
	 * allocate memory, but must not wait for anything else: packets,
	 * callbacks, RTNL or user space.
	 */
	int (*create)(const struct dlil_filter_args *args,
		      struct dlil_filter_params *params, dlil_filter_t **ref);
	/**
	 * @destroy: free a filter that could not be attached, and its condition;
	 * none of its callbacks has been called.  Process context.
	 */
	void (*destroy)(void *cookie);
	/**
	 * @change: change a filter in place, without losing its state: @args has
	 * the attributes, words and action to be changed, and no condition.  On
	 * errors nothing has changed.  Process context, the ifnet's lock held; may
	 * allocate memory, but must not wait for anything else, nor attach or
	 * detach anything.  Callbacks of the filter may run meanwhile.  Optional.
	 */
	int (*change)(void *cookie, const struct dlil_filter_args *args);
	/**
	 * @fill: put the attributes of a filter into a message.  Same context as
	 * `describe` of the filter.  Returns 0 or -EMSGSIZE.  Optional.
	 */
	int (*fill)(void *cookie, struct sk_buff *msg);
};

int dlil_filter_register_kind(const struct dlil_filter_kind *kind);
void dlil_filter_unregister_kind(const struct dlil_filter_kind *kind);

bool dlil_condition_holds(const struct dlil_condition *cond,
			  struct dlil_ifnet *ifp, u32 direction,
			  struct sk_buff *skb);
const char *dlil_condition_expr(const struct dlil_condition *cond);
void dlil_condition_free(struct dlil_condition *cond);

/*
 * Hand back packets that a filter has kept, or hand on packets that it has made, such as
 * copies.  They go on behind the filter.  The first ones count no longer as stolen; the
 * second ones count as seen, as if they had just come.  From there on both count by
 * what becomes of them.  From any context but hard interrupts; @list is consumed, even on
 * error.  Once the detach of the filter has begun, the packets are freed as detached.
 */
int dlil_filter_reinject(dlil_filter_t ref, u32 direction, u32 family,
			 struct sk_buff_head *list);
int dlil_filter_inject(dlil_filter_t ref, u32 direction, u32 family,
		       struct sk_buff_head *list);

/* Count a packet of the host that must not be sent, and that the caller frees. */
void dlil_output_refused(struct dlil_ifnet *ifp, enum dlil_drop_reason why);

/**
 * struct dlil_proto_ops - operations of a protocol
 */
struct dlil_proto_ops {
	/** @owner: module that is pinned while the protocol is attached */
	struct module *owner;
	/**
	 * @input: version 1: called for one received packet.  With 0 and
	 * DLIL_STOLEN the protocol has consumed the packet.  On an error the
	 * caller frees it, and counts it as detached after -ENXIO, otherwise as
	 * refused by the protocol.  Input thread, no lock held; may sleep
	 * (INP-10).
	 */
	int (*input)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     struct sk_buff *skb);
	/**
	 * @input_list: version 2: called with up to 64 consecutive received
	 * packets.  The protocol owns packets that it takes off @list; the
	 * caller frees the rest, and counts it as for @input.  Input thread, no
	 * lock held; may sleep (INP-10).
	 */
	int (*input_list)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff_head *list);
	/**
	 * @pre_output: fill in @frame for packets to @dest.  Called with the
	 * first packet of a list.  With 0, @frame applies to the whole list.
	 * With DLIL_STOLEN the protocol has consumed this packet, and is asked
	 * about the next one.  On an error the whole list is dropped.  The
	 * host's inet and inet6 need no @dest for a packet that has a route,
	 * skb_dst(), of their family and out of this device: they send it to
	 * the next hop of the route (OUT-11).  Bottom halves off, RCU read lock
	 * held; must not sleep; runs on several processors in parallel.
	 * Required for protocols that send anything but raw frames (OUT-2).
	 */
	int (*pre_output)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			  struct sk_buff *skb, const struct sockaddr *dest,
			  struct dlil_frame *frame);
	/**
	 * @event: called for each event of the ifnet, after the filters.
	 * Context as for &dlil_filter_ops.event.  Optional (EVT-1).
	 */
	void (*event)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		      const struct dlil_event *event);
	/**
	 * @ioctl: called for a control request of this family that no filter
	 * has refused or done.  Return values and context as for
	 * &dlil_filter_ops.ioctl.  Optional (IOC-1).
	 */
	int (*ioctl)(void *cookie, struct dlil_ifnet *ifp, u32 family,
		     u32 code, void *arg);
	/**
	 * @resolve_multi: set @link to the link address of the group @addr,
	 * which is of this family.  Returns 0; -EADDRNOTAVAIL if it is not a
	 * group; -EOPNOTSUPP for no opinion.  Context as for @ioctl.  Optional
	 * (MUL-1).
	 */
	int (*resolve_multi)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			     const struct sockaddr *addr,
			     struct dlil_ioc_lladdr *link);
	/**
	 * @send_arp: send an ARP packet with the operation @op (ARPOP_*).  @sender and
	 * @target are addresses of this family.  If @sender is NULL, use an
	 * address of the ifnet, or return -EADDRNOTAVAIL if there is none.  If
	 * @sender_hw is NULL, use the ifnet's link address; if @target_hw is
	 * NULL, broadcast.  Returns -EOPNOTSUPP if the link has no ARP.  Bottom
	 * halves off, RCU read lock held; must not sleep; runs on several
	 * processors in parallel.  Optional (ARP-1).
	 */
	int (*send_arp)(void *cookie, struct dlil_ifnet *ifp, u32 family,
			u16 op, const u8 *sender_hw,
			const struct sockaddr *sender, const u8 *target_hw,
			const struct sockaddr *target);
	/**
	 * @detached: called exactly once, when no callback of this protocol is
	 * in flight or will be called again; free what @cookie points to here.
	 * Process context, no lock held; may sleep.  Optional.
	 */
	void (*detached)(void *cookie, struct dlil_ifnet *ifp, u32 family);
};

/**
 * define DLIL_PROTO_ATOMIC - the input of the protocol never sleeps, so DLIL need
 * not watch for calls of it that do not return
 */
#define DLIL_PROTO_ATOMIC	BIT(0)

/**
 * struct dlil_proto_params - arguments of dlil_proto_attach()
 * @ops: callbacks of the protocol; must outlive the protocol
 * @name: name shown to users; copied
 * @cookie: argument of every callback
 * @descs: demux descriptors of the protocol; copied by the interface family
 * @n_descs: number of descriptors
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

/**
 * define DLIL_PLUMBER_PROMPT - the plumber's callbacks neither sleep for long nor take
 * RTNL, so that a user's request need not leave them to a worker
 */
#define DLIL_PLUMBER_PROMPT	BIT(0)

/**
 * struct dlil_plumber_params - how a known protocol is brought up and taken down (PRO-5)
 *
 * Calls for one family and ifnet come one at a time, each @detach after its @attach,
 * with an I/O reference or from the final detach.  Process context, no lock held except
 * the caller's; may sleep, attach and detach anything.  A detach inside these callbacks
 * does not wait.
 */
struct dlil_plumber_params {
	/** @owner: module that is pinned while the protocol is plumbed */
	struct module *owner;
	/**
	 * @name: name by which users plumb the protocol.  @attach must attach the
	 * protocol under the same name, because dlilctl waits for the event of the
	 * detach.  Copied
	 */
	const char *name;
	/**
	 * @attach: attach the protocol of @family to @ifp.  Returns -EOPNOTSUPP if it
	 * cannot serve the driver of @ifp, which may be any driver of the interface
	 * family.  Required.
	 */
	int (*attach)(struct dlil_ifnet *ifp, u32 family);
	/**
	 * @detach: detach the protocol.  Afterwards the family counts as not plumbed,
	 * whatever this returns.  If this leaves the protocol attached, the final
	 * detach detaches it.  Required.
	 */
	int (*detach)(struct dlil_ifnet *ifp, u32 family);
	/** @flags: DLIL_PLUMBER_* */
	u32 flags;
};

int dlil_proto_register_plumber(u32 family, enum dlil_ifnet_family kind,
				const struct dlil_plumber_params *params);
int dlil_proto_unregister_plumber(u32 family, enum dlil_ifnet_family kind);
int dlil_proto_plumb(struct dlil_ifnet *ifp, u32 family);
int dlil_proto_unplumb(struct dlil_ifnet *ifp, u32 family);

/**
 * struct dlil_input_params - callbacks for packets that come without an ifnet (PRO-8)
 *
 * Set either @input or @input_list.  Bottom halves are off and the RCU read lock is held
 * in both; they must not sleep.  dlil_proto_input() calls them on several processors in
 * parallel.
 */
struct dlil_input_params {
	/**
	 * @input: called for one packet.  If it returns 0 or DLIL_STOLEN, it has consumed
	 * the packet; on an error the caller frees the packet.
	 */
	int (*input)(void *cookie, u32 family, struct sk_buff *skb);
	/**
	 * @input_list: called for several packets, in order.  The caller frees packets
	 * that it leaves in @list.
	 */
	void (*input_list)(void *cookie, u32 family, struct sk_buff_head *list);
	/**
	 * @detached: called once, by dlil_proto_unregister_input(), when no other
	 * callback is in flight or will be called again.  No lock held; may sleep.
	 * Optional.
	 */
	void (*detached)(void *cookie, u32 family);
	/** @cookie: argument of the callbacks */
	void *cookie;
};

/*
 * Packets of a protocol family that come without an ifnet go to the callbacks that are
 * registered for the family, past demux and filters.  dlil_proto_input() calls these before
 * it returns; dlil_proto_inject() queues the packets, up to rcvq_limit of them, and the main
 * input thread calls them later.  No ifnet counts these packets, the file dlil/input in
 * debugfs does.
 */
int dlil_proto_register_input(u32 family,
			      const struct dlil_input_params *params);
int dlil_proto_unregister_input(u32 family);
int dlil_proto_input(u32 family, struct sk_buff_head *list);
int dlil_proto_inject(u32 family, struct sk_buff_head *list);

/** define DLIL_OUTPUT_RAW - packets have link headers: skip protocol and framer (OUT-1) */
#define DLIL_OUTPUT_RAW		BIT(0)

/**
 * define DLIL_OUTPUT_LOOP - the framer loops packets back as well
 *
 * Row OUT-5.  While the framer has a broadcast, skb->skb_iif is the index of the ifnet,
 * as in a received packet.
 */
#define DLIL_OUTPUT_LOOP	BIT(1)

/*
 * Send packets, before this returns: protocol, framer, output filters and driver run in the
 * context of the caller, with bottom halves off.  An output may begin inside a callback of
 * another one; DLIL counts how deep, for dlil_output(), packets that callbacks send through
 * the host's stack, and dlil_filter_reinject().  An output nested in eight others drops its
 * packets (DLIL_DROP_RECURSION) and returns -ELOOP (OUT-10).
 */
int dlil_output(struct dlil_ifnet *ifp, u32 family, struct sk_buff_head *list,
		const struct sockaddr *dest, u32 flags);

/**
 * struct dlil_output_policy - a check that may refuse packets to send (OUT-3)
 */
struct dlil_output_policy {
	/**
	 * @check: may @skb, a packet of @family, be sent on @ifp?  @type is
	 * SOCK_STREAM for TCP, SOCK_DGRAM for UDP, and SOCK_RAW for everything
	 * else, for raw frames, and for later fragments of IPv6; IPv6 extension
	 * headers are skipped.  Must not change, keep or free @skb.  A packet of
	 * the host begins with its link header, and has its network header at
	 * skb_network_header().  A packet of dlil_output() begins with its
	 * network header, or with its link header if it is raw.  Called once
	 * for each dlil_output(), with the first packet, and once for each
	 * packet of the host; a GSO packet is one packet.  Returns 0, or an
	 * error to have the packet freed, with all others of its dlil_output(),
	 * which returns the error.  Bottom halves off, RCU read lock held; must
	 * not sleep; runs on several processors in parallel.  Required.
	 */
	int (*check)(void *cookie, struct dlil_ifnet *ifp, u32 family, int type,
		     const struct sk_buff *skb);
	/** @cookie: argument of @check */
	void *cookie;
};

int dlil_output_set_policy(const struct dlil_output_policy *p);
int dlil_send_arp(struct dlil_ifnet *ifp, u16 op, const u8 *sender_hw,
		  const struct sockaddr *sender, const u8 *target_hw,
		  const struct sockaddr *target);

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
