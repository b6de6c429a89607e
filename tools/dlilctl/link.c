// SPDX-License-Identifier: GPL-2.0
/* dlilctl attach, detach and set. */
#include "dlilctl.h"

int run_attach(struct args *args)
{
	struct nlmsghdr *nlh;

	nlh = genl_request(DLIL_CMD_IFNET_ATTACH, next_dev(args));
	if (args->n)
		mnl_attr_put_u32(nlh, DLIL_A_UNMATCHED, next_unmatched(args));
	no_more_words(args);
	return genl_change(nlh);
}

int run_detach(struct args *args)
{
	struct nlmsghdr *nlh;

	nlh = genl_request(DLIL_CMD_IFNET_DETACH, next_dev(args));
	no_more_words(args);
	return genl_change(nlh);
}

int run_set(struct args *args)
{
	struct nlmsghdr *nlh;

	nlh = genl_request(DLIL_CMD_IFNET_SET, next_dev(args));
	mnl_attr_put_u32(nlh, DLIL_A_UNMATCHED, next_unmatched(args));
	no_more_words(args);
	return genl_change(nlh);
}
