/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between supported kernel versions.  The sources are written for
 * the newest one; this file adapts older ones.
 */
#ifndef _DLIL_COMPAT_H
#define _DLIL_COMPAT_H

#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/percpu-refcount.h>
#include <linux/stacktrace.h>
#include <linux/topology.h>
#include <linux/version.h>
/* mac_pton() is declared here, in newer kernels.  Kbuild looks for the headers. */
#ifdef COMPAT_HEX_H
#include <linux/hex.h>
#endif
#ifdef COMPAT_IPV6_STUBS_H
#include <net/ipv6_stubs.h>
#else
#include <net/ipv6.h>
#include <net/ndisc.h>
#endif

/*
 * Before 6.1.75, packets queued by a bridge hold their device without a
 * reference.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 75)
#error "DLIL needs Linux 6.1.75 or later"
#endif

#if !IS_ENABLED(CONFIG_NET_CLS_ACT) || !IS_ENABLED(CONFIG_NETFILTER_EGRESS)
#error "DLIL needs a kernel with CONFIG_NET_CLS_ACT and CONFIG_NETFILTER_EGRESS"
#endif

/* Segmentation was moved to its own header in 6.5. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

/* Class attributes took const pointers in 6.4. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define compat_class_const
#else
#define compat_class_const const
#endif

/*
 * Since 6.16, link addresses are set from a struct sockaddr_storage.  The
 * variant for user requests takes the lock that protects readers without RTNL
 * from seeing a partial address.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define compat_set_mac_address(dev, ss, extack) \
	dev_set_mac_address_user(dev, (struct sockaddr *)(ss), extack)
#else
#define compat_set_mac_address(dev, ss, extack) \
	dev_set_mac_address_user(dev, ss, extack)
#endif

/* Attributes of a dump request; a macro, since only some files dump. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define compat_dump_attrs(cb) (genl_dumpit_info(cb)->attrs)
#else
#define compat_dump_attrs(cb) (genl_info_dump(cb)->attrs)
#endif

/* Since 6.13, the function of a timer is set together with the timer. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void compat_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*fn)(struct hrtimer *),
					clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#else
#define compat_hrtimer_setup hrtimer_setup
#endif

#ifdef DLIL_TESTED
extern bool dlil_without_ipv6;
#endif

/*
 * The table of IPv6 neighbours; or NULL if the kernel has no IPv6, has not loaded it, or
 * was told to do without.  IPv6 is no module any more since 7.2 or earlier, and has no
 * table of stubs.
 */
static inline struct neigh_table *compat_nd_tbl(void)
{
#ifdef DLIL_TESTED
	if (READ_ONCE(dlil_without_ipv6))
		return NULL;
#endif
#ifdef COMPAT_IPV6_STUBS_H
	return READ_ONCE(ipv6_stub)->nd_tbl;
#elif IS_ENABLED(CONFIG_IPV6)
	return ipv6_mod_enabled() ? &nd_tbl : NULL;
#else
	return NULL;
#endif
}

/* Look up an IPv6 route, unless compat_nd_tbl() is NULL. */
static inline struct dst_entry *compat_ip6_route(struct net *net, struct flowi6 *fl6)
{
#ifdef COMPAT_IPV6_STUBS_H
	return READ_ONCE(ipv6_stub)->ipv6_dst_lookup_flow(net, NULL, fl6, NULL);
#else
	return ip6_dst_lookup_flow(net, NULL, fl6, NULL);
#endif
}

/* Flags of a device as user space sees them; the name is new in 6.17. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define compat_get_flags dev_get_flags
#else
#define compat_get_flags netif_get_flags
#endif

/* The namespace of a class attribute: struct net, or since 7.2 or earlier its part @ns. */
typedef void (compat_class_fn)(const struct class_attribute *, const void *);
#define compat_class_ns(net) \
	__builtin_choose_expr(__builtin_types_compatible_p( \
				      typeof(netdev_class_remove_file_ns), \
				      compat_class_fn), \
			      net, &(net)->ns)

/* Addresses in calls of sockets have a type of their own since 6.19. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define compat_sockaddr sockaddr
#else
#define compat_sockaddr sockaddr_unsized
#endif

/*
 * The completion of zero-copy pages has been in a structure of operations since 6.10.  An
 * initialiser, for tests.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define COMPAT_UBUF_INFO(fn) { .callback = (fn) }
#else
#define COMPAT_UBUF_INFO(fn) \
	{ .ops = &(const struct ubuf_info_ops){ .complete = (fn) } }
#endif

/* Routes are made with one reference since 6.7, without being asked. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define compat_dst_alloc(ops, dev, obsolete, flags) \
	dst_alloc(ops, dev, 1, obsolete, flags)
#else
#define compat_dst_alloc dst_alloc
#endif

/* The caller's stack trace without its first @skip entries, if supported. */
static inline unsigned int compat_stack_trace(unsigned long *entries,
					      unsigned int n,
					      unsigned int skip)
{
#ifdef CONFIG_STACKTRACE
	return stack_trace_save(entries, n, skip);
#else
	return 0;
#endif
}

/* Number of references left after percpu_ref_kill(), for messages. */
static inline long compat_ref_count(const struct percpu_ref *ref)
{
	return atomic_long_read(&ref->data->count);
}

/*
 * The processors that share the last level cache of @cpu.  Modules can get them
 * only on x86 since 6.7; elsewhere this is the package within its NUMA node.
 */
static inline void compat_llc_mask(unsigned int cpu, struct cpumask *mask)
{
	cpumask_and(mask, topology_core_cpumask(cpu),
		    cpumask_of_node(cpu_to_node(cpu)));
#if defined(CONFIG_X86) && !defined(CONFIG_UML) && \
	LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	unsigned int other;

	for_each_cpu(other, mask)
		if (cpu_data(other).topo.llc_id != cpu_data(cpu).topo.llc_id)
			cpumask_clear_cpu(other, mask);
#endif
}

#endif /* _DLIL_COMPAT_H */
