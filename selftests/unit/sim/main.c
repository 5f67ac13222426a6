// SPDX-License-Identifier: GPL-2.0
/*
 * Usage: transfers		random transfers; SEEDS of them, from SEED on
 *        transfers goodput	what of a path's capacity is used
 *        transfers -v SEED	one transfer, and what happened in it
 *
 * The first reports in KTAP, the second in lines of name=value.
 */
#include <time.h>
#include "unit.h"
#include "world.h"

#define SEEDS		3000u
#define HOUR_US		3600000000ull

/* Mostly none, sometimes much. */
static u32 some(struct sim *s, u32 ppm_max)
{
	switch (sim_below(s, 4)) {
	case 0:
		return sim_below(s, ppm_max + 1);
	case 1:
		return sim_below(s, ppm_max / 10 + 1);
	default:
		return 0;
	}
}

static struct sim_path_config random_path(struct sim *s)
{
	return (struct sim_path_config){
		.rate = sim_below(s, 4) ? sim_between(s, 50000, 12500000) : 0,
		.delay_us = sim_between(s, 1, sim_below(s, 2) ? 1000 : 150000),
		.queue = sim_between(s, 5000, 200000),
		.loss = some(s, 200000),
		.burst = some(s, 20000),
		.burst_len = sim_between(s, 1, 20),
		.reorder = some(s, 300000),
		.reorder_us = sim_between(s, 1, sim_below(s, 2) ? 2000 : 300000),
		.duplicate = some(s, 100000),
	};
}

static void random_setup(struct sim *s, struct setup *u)
{
	static const u16 sizes[] = { 500, 536, 1000, 1448, 1460, 8948 };

	*u = (struct setup){
		.there = random_path(s),
		.back = random_path(s),
		.receiver = {
			.buffer = sim_between(s, 3000, 300000),
			.delack_us = sim_below(s, 4) ? 40000 : 0,
			.read_rate = sim_below(s, 3) ?
				     0 : sim_between(s, 20000, 5000000),
			.pause = some(s, 20000),
			.renege = some(s, 20000),
			.sack = sim_below(s, 4),
			.ts = sim_below(s, 2),
			.bytes = true,
		},
		.ops = sim_below(s, 2) ? &waltz_cubic : &waltz_reno,
		.total = sim_below(s, 4) ? sim_below(s, 200000) :
					   sim_below(s, 5000),
		.mss = sizes[sim_below(s, ARRAY_SIZE(sizes))],
		.idle = !sim_below(s, 3),
		.check = true,
	};
	/* Half of them wrap. */
	u->iss = sim_below(s, 2) ? sim_random(s) :
				   0u - sim_below(s, (u32)u->total + 2);
	u->receiver.ecn = sim_below(s, 2);
	u->there.mark = sim_below(s, 8) ? some(s, 300000) : SIM_PPM;
	if (!sim_below(s, 5)) {
		u->mtu_at = sim_between(s, 1, 2000000);
		u->mtu_silent = sim_below(s, 2);
		/* A small segment is not cut unless a router says so. */
		u->mtu_mss = sim_between(s, !u->mtu_silent ? 200 :
					    u->mss < WALTZ_PLPMTU_SMALL ? u->mss :
					    WALTZ_PLPMTU_SMALL, u->mss);
		if (sim_below(s, 2))
			u->mtu_again = u->mtu_at + sim_between(s, 1, 60000000);
	}
}

static void tell(const struct world *w, const struct setup *u,
		 const char *wrong)
{
	printf("# %s\n", wrong ? wrong : "right");
	printf("# bytes=%llu mss=%u sack=%u ts=%u buffer=%u mtu_mss=%u silent=%u\n",
	       u->total, u->mss, u->receiver.sack, u->receiver.ts,
	       u->receiver.buffer, u->mtu_mss, u->mtu_silent);
	printf("# ecn=%u mark=%u\n", u->receiver.ecn, u->there.mark);
	printf("# rate=%llu delay_us=%u,%u loss=%u,%u burst=%u,%u",
	       u->there.rate, u->there.delay_us, u->back.delay_us,
	       u->there.loss, u->back.loss, u->there.burst, u->back.burst);
	printf(" reorder=%u,%u duplicate=%u,%u renege=%u\n",
	       u->there.reorder, u->back.reorder, u->there.duplicate,
	       u->back.duplicate, u->receiver.renege);
	printf("# us=%llu", w->sim.now_us);
	world_print_counts(w);
}

static const char *random_transfer(u64 seed, bool verbose)
{
	static struct world w;
	const char *wrong;
	struct setup u;

	sim_init(&w.sim, seed);
	random_setup(&w.sim, &u);
	wrong = world_run(&w, &u, HOUR_US * 24);
	if (verbose)
		tell(&w, &u, wrong);
	world_finish(&w);
	return wrong;
}

static u64 number_of(const char *name, u64 otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

static int random_transfers(void)
{
	u64 first = number_of("SEED", (u64)time(NULL) << 20);
	u64 i, n = number_of("SEEDS", SEEDS), failed = 0;

	ksft_print_header();
	ksft_set_plan(1);
	ksft_print_msg("SEED=%llu SEEDS=%llu\n", first, n);
	for (i = 0; i < n; i++) {
		const char *wrong = random_transfer(first + i, false);

		if (wrong && ++failed <= UNIT_COMPLAINTS_MAX)
			ksft_print_msg("SEED=%llu SEEDS=1: %s\n", first + i,
				       wrong);
	}
	ksft_print_msg("%llu of %llu failed\n", failed, n);
	ksft_test_result(!failed, "random transfers over bad paths end, and are right\n");
	ksft_finished();
	return KSFT_FAIL;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "goodput"))
		return goodput(number_of("SEED", 1),
			       number_of("SECONDS", 20));
	if (argc > 2 && !strcmp(argv[1], "-v"))
		return !!random_transfer(strtoull(argv[2], NULL, 0), true);
	return random_transfers();
}
