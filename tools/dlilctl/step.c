// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of the filters of one device that are sent together.  The kernel makes all of
 * them in one step, or none.
 */
#include <stdlib.h>
#include <string.h>

#include "dlilctl.h"

/* As many bytes as 4,096 changes of some size take, and the largest single change. */
#define STEP_SIZE (32 * 1024 * 1024)
#define CHANGE_SIZE (64 * 1024)

/* A change in the message, and the line that asks for it. */
struct change {
	uint32_t offset;
	unsigned int line;
};

static struct {
	bool on;
	char *dev;
	json_t *ifnets;
	struct nlmsghdr *nlh;
	struct change *changes;
	unsigned int n;
	uint32_t end;
	int status;
} step;

/* The status of steps that have failed although the file goes on (-force). */
int step_status(void)
{
	return step.status;
}

/* Are changes to be collected? */
bool step_is_on(void)
{
	return step.on;
}

/* Collects changes from now on. */
void step_begin(void)
{
	step.on = true;
}

/* Forgets the changes that have been collected. */
void step_drop(void)
{
	free(step.dev);
	step.dev = NULL;
	json_decref(step.ifnets);
	step.ifnets = NULL;
	free(step.nlh);
	step.nlh = NULL;
	free(step.changes);
	step.changes = NULL;
	step.n = 0;
}

static int start(const char *dev)
{
	int status = genl_query(dev, &step.ifnets);
	const json_t *ifnet = json_array_get(step.ifnets, 0);

	if (status == EXIT_SUCCESS) {
		step.dev = strdup(dev);
		/* libmnl does not clear the padding of strings. */
		step.nlh = calloc(1, STEP_SIZE);
		step.changes = calloc(DLIL_GENL_MAXCHANGES, sizeof(*step.changes));
		if (!step.dev || !step.nlh || !step.changes)
			need(NULL);
		genl_header(step.nlh, DLIL_CMD_FILTER_UPDATE);
		/* The index, because another device may have the name by then. */
		mnl_attr_put_u32(step.nlh, DLIL_A_IFINDEX, number(ifnet, "ifindex"));
	} else {
		step_drop();
	}
	return status;
}

/**
 * step_open() - prepare for a change of a device
 * @dev: the device; changes of another one are sent first
 * @nlh: set to the message to which the attribute of the change is to be appended
 * @ifnet: set to the device as it was when the step began
 *
 * step_add() must follow, unless the change is given up.
 *
 * Return: the exit status; errors have been printed.
 */
int step_open(const char *dev, struct nlmsghdr **nlh, const json_t **ifnet)
{
	int status = EXIT_SUCCESS;

	if (step.dev && strcmp(step.dev, dev))
		status = step_send();
	if (status == EXIT_SUCCESS && !step.dev)
		status = start(dev);
	if (status != EXIT_SUCCESS)
		return status;
	if (step.n == DLIL_GENL_MAXCHANGES ||
	    step.nlh->nlmsg_len + CHANGE_SIZE > STEP_SIZE) {
		complain("Error", "too many changes of %s in a row: a step has %d at most",
			 dev, DLIL_GENL_MAXCHANGES);
		return EXIT_REFUSED;
	}
	*nlh = step.nlh;
	*ifnet = json_array_get(step.ifnets, 0);
	return EXIT_SUCCESS;
}

/* The change has been appended to the message. */
void step_add(void)
{
	uint32_t offset = step.n ? step.end : MNL_NLMSG_HDRLEN;

	step.changes[step.n++] = (struct change){ offset, place.line };
	step.end = step.nlh->nlmsg_len;
}

/* Complain about the line that asked for the change at this place of the message. */
static void blame(uint32_t offset)
{
	unsigned int i;

	for (i = 0; i < step.n; i++)
		if (step.changes[i].offset <= offset)
			place.line = step.changes[i].line;
}

/**
 * step_try() - send the changes that have been collected
 * @revision: revision that the filters must have, or 0
 * @stale: if not NULL, set to whether they have another one, which is no error then
 *
 * Return: the exit status; errors have been printed.
 */
int step_try(uint64_t revision, bool *stale)
{
	unsigned int line = place.line;
	int status = EXIT_SUCCESS;

	if (step.n) {
		/* Errors of the whole are about its first line. */
		place.line = step.changes[0].line;
		if (revision)
			mnl_attr_put_u64(step.nlh, DLIL_A_REVISION, revision);
		status = genl_step(step.nlh, blame, stale);
		place.line = line;
	}
	step_drop();
	/* The line at hand, which belongs to no step or the next one, is run. */
	if (step.on && options.force && status != EXIT_SUCCESS) {
		step.status = status;
		status = EXIT_SUCCESS;
	}
	return status;
}

/* The same, whatever the revision. */
int step_send(void)
{
	return step_try(0, NULL);
}
