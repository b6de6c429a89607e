// SPDX-License-Identifier: GPL-2.0
/*
 * Asks DLIL what only modules can ask, for tests.  Each is a parameter; ifnets are named
 * as in the network namespace of whoever writes it.
 *
 *   arp      DEV TARGET [SENDER]: send an ARP request for the IPv4 address TARGET; the
 *	      error of the write is the answer
 */
#include <linux/if_arp.h>
#include <linux/in.h>
#include <linux/inet.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/string.h>
#include <net/dlil.h>
#include <net/net_namespace.h>

/* The next word of *@words, cut off there, or NULL. */
static char *next_word(char **words)
{
	char *word;

	do {
		word = strsep(words, " \n");
	} while (word && !*word);
	return word;
}

static struct dlil_ifnet *next_ifnet(char **words)
{
	char *name = next_word(words);

	if (!name)
		return NULL;
	return dlil_ifnet_by_name(current->nsproxy->net_ns, name);
}

/* False if there is no such word, or it is no IPv4 address. */
static bool next_ipv4(char **words, struct sockaddr_in *sin)
{
	char *word = next_word(words);

	*sin = (struct sockaddr_in){ .sin_family = AF_INET };
	return word && in4_pton(word, -1, (u8 *)&sin->sin_addr, -1, NULL);
}

static int send_arp(const char *val, const struct kernel_param *kp)
{
	char buf[64], *words = buf;
	struct sockaddr_in target, sender;
	struct dlil_ifnet *ifp;
	int err = -EINVAL;

	if (strscpy(buf, val, sizeof(buf)) < 0)
		return -EINVAL;
	ifp = next_ifnet(&words);
	if (!ifp)
		return -ENODEV;
	if (next_ipv4(&words, &target))
		err = dlil_send_arp(ifp, ARPOP_REQUEST, NULL,
				    next_ipv4(&words, &sender) ?
					    (struct sockaddr *)&sender : NULL,
				    NULL, (struct sockaddr *)&target);
	dlil_ifnet_put(ifp);
	return err;
}

static const struct kernel_param_ops arp_ops = {
	.set = send_arp,
};
module_param_cb(arp, &arp_ops, NULL, 0200);

static int __init asker_init(void)
{
	return 0;
}

static void __exit asker_exit(void)
{
}

module_init(asker_init);
module_exit(asker_exit);

MODULE_DESCRIPTION("Asks DLIL what modules can ask");
MODULE_LICENSE("GPL");
