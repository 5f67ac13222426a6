// SPDX-License-Identifier: GPL-2.0
/* A transfer: both ends and both paths, from beginning to end. */
#include "world.h"

static void shrink_mtu(void *who, void *what, u64 mss)
{
	struct sim_path *p = who;

	(void)what;
	p->mss = (u32)mss;
}

static void connect_ends(struct world *w, const struct setup *u)
{
	struct sim_sender *d = &w->sender;

	w->there = (struct sim_path){
		.sim = &w->sim,
		.c = u->there,
		.deliver = sim_receiver_segment,
		.to = &w->receiver,
		.silent = u->mtu_silent,
		.complain = d,
	};
	w->back = (struct sim_path){
		.sim = &w->sim,
		.c = u->back,
		.deliver = sim_sender_segment,
		.to = d,
	};
	sim_receiver_init(&w->receiver, &w->sim, &w->back, &u->receiver,
			  u->iss);
	sim_sender_init(d, &w->sim, &w->there, u->ops, u->iss, u->mss,
			u->receiver.buffer, u->receiver.sack);
	d->total = u->total;
	d->ts = u->receiver.ts;
	if (u->receiver.ecn)
		waltz_ecn_accepted(&d->ecn);
	d->bytes = u->receiver.bytes;
	d->check = u->check;
	d->budget = 1000 + 100 * (u->total / 500 + 1);
}

/* All at once, or in pieces with pauses. */
static void plan_writes(struct world *w, const struct setup *u)
{
	u64 at = 1, left = u->total;

	while (left) {
		u32 n = u->idle ? sim_between(&w->sim, 1, 40000) : (u32)left;

		n = n < left ? n : (u32)left;
		sim_at(&w->sim, at, sim_sender_write, &w->sender, NULL, n);
		left -= n;
		at += sim_below(&w->sim, 300000);
	}
	if (!u->total)
		sim_at(&w->sim, at, sim_sender_write, &w->sender, NULL, 0);
}

/* Return: what went wrong; NULL: nothing. */
const char *world_run(struct world *w, const struct setup *u, u64 until_us)
{
	connect_ends(w, u);
	plan_writes(w, u);
	if (u->mtu_at)
		sim_at(&w->sim, u->mtu_at, shrink_mtu, &w->there, NULL,
		       u->mtu_mss);
	if (u->mtu_at && u->mtu_again)
		sim_at(&w->sim, u->mtu_again, shrink_mtu, &w->there, NULL, 0);
	sim_run(&w->sim, until_us);
	if (w->sim.failed || !u->check)
		return w->sim.failed;
	if (!w->sender.done)
		return "it does not end";
	if (!w->receiver.done || w->receiver.next != u->total)
		return "acknowledged, but not there";
	return NULL;
}

void world_finish(struct world *w)
{
	sim_sender_exit(&w->sender);
	sim_receiver_exit(&w->receiver);
	sim_exit(&w->sim);
}

void world_print_counts(const struct world *w)
{
	const struct sim_sender *d = &w->sender;

	printf(" sent=%llu dropped=%llu resent=%llu timeouts=%llu",
	       w->there.sent, w->there.dropped, d->resent, d->timeouts);
	printf(" recoveries=%llu undone=%llu probes=%llu", d->recoveries,
	       d->undone, d->probes);
	printf(" echoed=%llu held=%llu\n", d->echoed, d->held);
}
