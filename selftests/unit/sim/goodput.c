// SPDX-License-Identifier: GPL-2.0
/* What of a path's capacity is used: 100 Mbit/s, a queue of a round trip. */
#include "world.h"

#define RATE	12500000u	/* bytes a second */

/**
 * struct cell - one line of the result
 * @cc: congestion control
 * @ops: the same
 * @sack: the peer has SACK
 * @loss: ppm
 * @reorder: ppm that a segment is late, by a quarter of a round trip at most
 * @rtt_ms: round trip
 */
struct cell {
	const char *cc;
	const struct waltz_cong_ops *ops;
	bool sack;
	u32 loss;
	u32 reorder;
	u32 rtt_ms;
};

static void setup_of(struct setup *u, const struct cell *c, u64 seconds)
{
	u32 bdp = RATE / 1000 * c->rtt_ms;
	struct sim_path_config path = {
		.rate = RATE,
		.delay_us = c->rtt_ms * 500,
		.queue = bdp > 100000 ? bdp : 100000,
	};

	*u = (struct setup){
		.there = path,
		.back = path,
		.receiver = {
			.buffer = 8u << 20,
			.delack_us = 40000,
			.sack = c->sack,
			.ts = true,
		},
		.ops = c->ops,
		.total = RATE * seconds * 2,
		.mss = 1448,
	};
	u->there.loss = c->loss;
	u->there.reorder = c->reorder;
	u->there.reorder_us = c->rtt_ms * 250;
}

static int measure(const struct cell *c, u64 seed, u64 seconds)
{
	static struct world w;
	const char *wrong;
	struct setup u;

	setup_of(&u, c, seconds);
	sim_init(&w.sim, seed);
	wrong = world_run(&w, &u, seconds * 1000000);
	printf("goodput cc=%s sack=%u loss_ppm=%u reorder_ppm=%u rtt_ms=%u",
	       c->cc, c->sack, c->loss, c->reorder, c->rtt_ms);
	printf(" share=%.3f", (double)w.receiver.next /
	       (double)(RATE * seconds));
	world_print_counts(&w);
	if (wrong)
		printf("# %s\n", wrong);
	world_finish(&w);
	return !!wrong;
}

static int measure_grid(struct cell c, u64 seed, u64 seconds)
{
	static const u32 losses[] = { 0, 1000, 10000, 30000 };
	static const u32 rtts[] = { 2, 20, 100 };
	unsigned int i, k;
	int wrong = 0;

	for (i = 0; i < ARRAY_SIZE(losses); i++)
		for (k = 0; k < ARRAY_SIZE(rtts); k++) {
			c.loss = losses[i];
			c.rtt_ms = rtts[k];
			wrong |= measure(&c, seed, seconds);
		}
	c.loss = 0;
	c.reorder = 10000;
	for (k = 0; k < ARRAY_SIZE(rtts); k++) {
		c.rtt_ms = rtts[k];
		wrong |= measure(&c, seed, seconds);
	}
	return wrong;
}

/* Return: 0, or 1 when something went wrong. */
int goodput(u64 seed, u64 seconds)
{
	static const struct cell cells[] = {
		{ .cc = "cubic", .ops = &waltz_cubic, .sack = true },
		{ .cc = "reno", .ops = &waltz_reno, .sack = true },
		{ .cc = "cubic", .ops = &waltz_cubic, .sack = false },
		{ .cc = "reno", .ops = &waltz_reno, .sack = false },
	};
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < ARRAY_SIZE(cells); i++)
		wrong |= measure_grid(cells[i], seed, seconds);
	return wrong;
}
