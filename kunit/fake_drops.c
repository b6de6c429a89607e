// SPDX-License-Identifier: GPL-2.0
/* A tracer that counts drops, and compares its sums with the counters (STA-6). */
#include <linux/moduleparam.h>

#include "fake.h"

/*
 * The tests whose ifnets are traced: none (0), all (1), or those with a name of an odd
 * length (2), so that both ways through the filters are tested.
 */
static int traced = 2;
module_param(traced, int, 0);

static int take(struct dlil_tracer *t, const struct dlil_trace_record *records,
		unsigned int *n, u64 lost)
{
	struct fake_drops *d = container_of(t, struct fake_drops, tracer);
	unsigned int i;

	if (d->refusals && d->refusals--)
		return d->refusal;
	if (d->most)
		*n = min(*n, d->most);
	for (i = 0; i < *n; i++) {
		const struct dlil_trace_record *r = &records[i];

		d->n[r->direction == DLIL_DIRECTION_OUT][r->why]++;
		d->last = *r;
	}
	d->sum += *n;
	d->lost += lost;
	d->calls++;
	return 0;
}

/* Count the drops of an ifnet from now on.  Returns an errno. */
int fake_drops_start(struct fake_drops *d, struct fake *fake)
{
	int err;

	d->fake = fake;
	d->tracer.net_cookie = init_net.net_cookie;
	d->tracer.ifindex = fake->params.ifindex;
	d->tracer.send = take;
	err = dlil_trace_start(&d->tracer);
	d->on = !err;
	return err;
}

void fake_drops_end(struct fake_drops *d)
{
	if (d->on)
		d->untold = dlil_trace_end(&d->tracer);
	d->on = false;
}

/* Have all drops been recorded that fake_read() has found?  Ends the count. */
void fake_drops_compare(struct fake_drops *d)
{
	struct fake *fake = d->fake;
	int i;

	fake_drops_end(d);
	for (i = 0; i < DLIL_DROP_MAX && !d->lost && !d->untold; i++) {
		KUNIT_EXPECT_EQ_MSG(fake->test, d->n[0][i], fake->in.drops[i],
				    "records of input, reason %d", i);
		KUNIT_EXPECT_EQ_MSG(fake->test, d->n[1][i], fake->out.drops[i],
				    "records of output, reason %d", i);
	}
	KUNIT_EXPECT_EQ(fake->test, d->sum + d->lost + d->untold,
			fake->in.freed + fake->out.freed);
}

/* Same as fake_drops_start(), from an attach on, if this test is to be traced. */
void fake_drops_attached(struct fake *fake)
{
	struct fake_drops *d = &fake->drops;

	if (!traced || (traced == 2 && strlen(fake->test->name) % 2 == 0))
		return;
	fake_drops_end(d);
	memset(d, 0, sizeof(*d));
	/* A test may have more ifnets than there may be tracers. */
	if (fake_drops_start(d, fake) == -ENOSPC)
		kunit_info(fake->test, "%s is not traced", fake->name);
}

void fake_drops_destroyed(struct fake *fake)
{
	if (fake->drops.on)
		fake_drops_compare(&fake->drops);
}
