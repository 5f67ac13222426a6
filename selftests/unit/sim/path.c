// SPDX-License-Identifier: GPL-2.0
/* A link with a queue, and what goes wrong on it. */
#include "sim.h"

#define HEADERS		40u
#define BURST_US	300000u		/* one does not outlast a timeout for ever */

static struct sim_segment *copy(const struct sim_segment *seg)
{
	struct sim_segment *to = malloc(sizeof(*to));

	if (!to)
		abort();
	*to = *seg;
	if (seg->data) {
		to->data = malloc(seg->len ? seg->len : 1);
		if (!to->data)
			abort();
		memcpy(to->data, seg->data, seg->len);
	}
	return to;
}

void sim_segment_free(struct sim_segment *seg)
{
	free(seg->data);
	free(seg);
}

static bool lost(struct sim_path *p)
{
	struct sim *s = p->sim;

	if (s->now_us < p->burst_until_us) {
		if (sim_chance(s, SIM_PPM / p->c.burst_len))
			p->burst_until_us = 0;
		return true;
	}
	if (sim_chance(s, p->c.burst)) {
		p->burst_until_us = s->now_us + BURST_US;
		return true;
	}
	return sim_chance(s, p->c.loss);
}

/* When it leaves the link; 0: the queue is full. */
static u64 leaves(struct sim_path *p, u32 len)
{
	u64 now = p->sim->now_us, start = p->free_us > now ? p->free_us : now;

	if (!p->c.rate)
		return now;
	if ((start - now) * p->c.rate / 1000000 > p->c.queue)
		return 0;
	p->free_us = start + (u64)(len + HEADERS) * 1000000 / p->c.rate;
	return p->free_us;
}

static void come_out(struct sim_path *p, const struct sim_segment *seg, u64 at)
{
	struct sim_segment *out = copy(seg);

	if (out->field && sim_chance(p->sim, p->c.mark))
		out->field = WALTZ_CE;
	at += p->c.delay_us;
	if (sim_chance(p->sim, p->c.reorder))
		at += sim_between(p->sim, 1, p->c.reorder_us);
	sim_at(p->sim, at, p->deliver, p->to, out, 0);
}

static void complain(struct sim_path *p)
{
	struct sim_segment icmp = { .len = p->mss, .mtu = true };

	sim_at(p->sim, p->sim->now_us + p->c.delay_us, sim_sender_segment,
	       p->complain, copy(&icmp), 0);
}

void sim_path_send(struct sim_path *p, const struct sim_segment *seg)
{
	u64 at;

	p->sent++;
	if (p->mss && seg->len > p->mss) {
		p->dropped++;
		if (!p->silent)
			complain(p);
		return;
	}
	at = leaves(p, seg->len);
	if (!at || lost(p)) {
		p->dropped++;
		return;
	}
	come_out(p, seg, at);
	if (sim_chance(p->sim, p->c.duplicate))
		come_out(p, seg, at);
}
