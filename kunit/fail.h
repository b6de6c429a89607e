/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failure injection for the KUnit suites.  The compiler includes this header in
 * front of every source of the module if the suites are built, and never
 * otherwise.
 *
 * A test makes the n-th call of a function that may fail (for lack of memory,
 * or because another part refuses) fail in its own task; see
 * kunit/dlil_fail_kunit.c.  So it can run through all error paths one by one.
 */
#ifndef _DLIL_FAIL_H
#define _DLIL_FAIL_H

#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/filter.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/percpu-refcount.h>
#include <linux/preempt.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/dsa.h>
#include <net/dsa.h>
#include <net/genetlink.h>
#include <net/netlink.h>

bool dlil_fails(void);
void dlil_fail_begin(unsigned int nth);
bool dlil_fail_end(void);

/* Something that may take long: a thread is created, or memory per processor. */
enum dlil_slow {
	DLIL_SLOW_THREAD,
	DLIL_SLOW_PERCPU,
};

void dlil_slow(enum dlil_slow what, int node);
void dlil_slow_begin(void (*hook)(enum dlil_slow what, int node));
void dlil_slow_end(void);

/* The memory node that a device is said to be on. */
int dlil_dev_node(struct device *dev);
void dlil_dev_set_node(struct device *dev, int node);

/* Called, if it is set, before a delayed work is cancelled. */
extern void (*dlil_cancel_hook)(struct delayed_work *work);

void dlil_cancelling(struct delayed_work *work);

/* The reason with which the module has freed the last packet. */
extern enum skb_drop_reason dlil_freed_why;

/* All devices are said to lead to a switch. */
extern bool dlil_fake_dsa;

static inline bool dlil_uses_dsa(const struct net_device *dev)
{
	return dlil_fake_dsa || netdev_uses_dsa(dev);
}

/*
 * Code that must not be preempted asserts that.  Count the assertions, and those that
 * fail.  A kernel that is never preempted, such as User Mode Linux, does not count
 * how often preemption was disabled, so that is done here.
 */
extern unsigned int dlil_preempt_asserts;
extern unsigned int dlil_preempt_faults;

bool dlil_is_preemptible(void);

#ifndef CONFIG_PREEMPT_COUNT
extern int dlil_preempt_off;

#undef preempt_disable
#undef preempt_enable
#define preempt_disable()						\
do {									\
	dlil_preempt_off++;						\
	barrier();							\
} while (0)
#define preempt_enable()						\
do {									\
	barrier();							\
	dlil_preempt_off--;						\
} while (0)
#endif

#undef lockdep_assert_preemption_disabled
#define lockdep_assert_preemption_disabled()				\
do {									\
	dlil_preempt_asserts++;						\
	if (WARN_ON_ONCE(dlil_is_preemptible()))			\
		dlil_preempt_faults++;					\
} while (0)

/*
 * Newer kernels have macros of these names, so wrap the real functions before
 * the names are redefined.
 */
static inline void *dlil_real_kzalloc(size_t size, gfp_t gfp)
{
	return kzalloc(size, gfp);
}

static inline void *dlil_real_kmalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp);
}

static inline void *dlil_real_kvzalloc(size_t size, gfp_t gfp)
{
	return kvzalloc(size, gfp);
}

static inline void *dlil_real_kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvcalloc(n, size, gfp);
}

static inline void *dlil_real_kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc_array(n, size, gfp);
}

static inline void *dlil_real_kmem_cache_zalloc(struct kmem_cache *cache,
						gfp_t gfp)
{
	return kmem_cache_zalloc(cache, gfp);
}

static inline char *dlil_real_kstrdup(const char *s, gfp_t gfp)
{
	return kstrdup(s, gfp);
}

static inline void __percpu *dlil_real_alloc_percpu(size_t size, size_t align)
{
	return __alloc_percpu(size, align);
}

static inline bool dlil_real_alloc_cpumask_var(cpumask_var_t *mask, gfp_t gfp)
{
	return alloc_cpumask_var(mask, gfp);
}

#undef kzalloc
#undef kmalloc
#undef kvzalloc
#undef kvcalloc
#undef kvmalloc_array
#undef kmem_cache_zalloc
#undef kstrdup
#undef alloc_percpu
#undef alloc_percpu_gfp
#undef alloc_cpumask_var

#define DLIL_OR_NULL(real)	(dlil_fails() ? NULL : (real))
#define DLIL_OR(err, real)	(dlil_fails() ? (err) : (real))

#define kzalloc(size, gfp)	DLIL_OR_NULL(dlil_real_kzalloc(size, gfp))
#define kmalloc(size, gfp)	DLIL_OR_NULL(dlil_real_kmalloc(size, gfp))
#define kvzalloc(size, gfp)	DLIL_OR_NULL(dlil_real_kvzalloc(size, gfp))
#define kvcalloc(n, size, gfp)	DLIL_OR_NULL(dlil_real_kvcalloc(n, size, gfp))
#define kvmalloc_array(n, size, gfp) \
	DLIL_OR_NULL(dlil_real_kvmalloc_array(n, size, gfp))
#define kmem_cache_zalloc(cache, gfp) \
	DLIL_OR_NULL(dlil_real_kmem_cache_zalloc(cache, gfp))
#define kstrdup(s, gfp)		DLIL_OR_NULL(dlil_real_kstrdup(s, gfp))
#define alloc_percpu(type) \
	((typeof(type) __percpu *)(dlil_slow(DLIL_SLOW_PERCPU, NUMA_NO_NODE), \
		DLIL_OR_NULL(dlil_real_alloc_percpu(sizeof(type), __alignof__(type)))))
/* netdev_alloc_pcpu_stats() calls this one. */
#define alloc_percpu_gfp(type, gfp)	alloc_percpu(type)
#define alloc_cpumask_var(mask, gfp) \
	(!dlil_fails() && dlil_real_alloc_cpumask_var(mask, gfp))

/* Functions in all kernel versions. */
#define kthread_create_on_node(fn, data, node, ...) \
	(dlil_slow(DLIL_SLOW_THREAD, node),				\
	 DLIL_OR(ERR_PTR(-ENOMEM), kthread_create_on_node(fn, data, node, __VA_ARGS__)))
#define dev_to_node(dev)	dlil_dev_node(dev)
#define netdev_uses_dsa(dev)	dlil_uses_dsa(dev)
#define kfree_skb_reason(skb, why)					\
do {									\
	enum skb_drop_reason __why = (why);				\
									\
	WRITE_ONCE(dlil_freed_why, __why);				\
	kfree_skb_reason(skb, __why);					\
} while (0)
#define cancel_delayed_work_sync(work) \
	(dlil_cancelling(work), cancel_delayed_work_sync(work))
#define skb_linearize(skb)	DLIL_OR(-ENOMEM, skb_linearize(skb))
#define percpu_ref_init(ref, release, flags, gfp) \
	DLIL_OR(-ENOMEM, percpu_ref_init(ref, release, flags, gfp))
#define xa_alloc_cyclic(xa, id, entry, limit, next, gfp) \
	DLIL_OR(-ENOMEM, xa_alloc_cyclic(xa, id, entry, limit, next, gfp))
#define bpf_prog_create(prog, fprog) \
	DLIL_OR(-ENOMEM, bpf_prog_create(prog, fprog))
#define nf_register_net_hook(net, ops) \
	DLIL_OR(-ENOMEM, nf_register_net_hook(net, ops))
#define sysfs_create_group(kobj, group) \
	DLIL_OR(-ENOMEM, sysfs_create_group(kobj, group))
#define netdev_rx_handler_register(dev, handler, data) \
	DLIL_OR(-EBUSY, netdev_rx_handler_register(dev, handler, data))

#endif /* _DLIL_FAIL_H */
