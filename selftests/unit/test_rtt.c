// SPDX-License-Identifier: GPL-2.0
/* rtt.c: RFC 6298. */
#include "unit.h"
#include "rtt.h"

#define MS	1000u
#define FLOOR	(200 * MS)

static u32 srtt(const struct waltz_rtt *r)
{
	return r->srtt8 / 8;
}

static void test_init(void)
{
	struct waltz_rtt r;

	waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
	CHECK(r.rto == 1000 * MS, "RFC 6298 2.1: %u", r.rto);
	CHECK(!r.srtt8 && !r.rttvar4, "nothing measured");
	CHECK(r.rto_min == FLOOR, "floor");
	CHECK(waltz_rtt_backoff(&r, 0) == 1000 * MS, "first timeout");
}

static void test_first(void)
{
	struct waltz_rtt r;

	waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
	waltz_rtt_sample(&r, 400 * MS);
	CHECK(srtt(&r) == 400 * MS, "SRTT is R: %u", srtt(&r));
	CHECK(r.rttvar4 == 4 * 200 * MS, "RTTVAR is R/2: %u", r.rttvar4);
	CHECK(r.rto == 1200 * MS, "R + 4 * R/2: %u", r.rto);
}

static void test_second(void)
{
	struct waltz_rtt r;

	/* RFC 6298 2.3, by hand */
	waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
	waltz_rtt_sample(&r, 400 * MS);
	waltz_rtt_sample(&r, 800 * MS);
	CHECK(r.rttvar4 == 4 * (150 * MS + 100 * MS),
	      "3/4 * 200 + 1/4 * |400 - 800|: %u", r.rttvar4);
	CHECK(srtt(&r) == 450 * MS, "7/8 * 400 + 1/8 * 800: %u", srtt(&r));
	CHECK(r.rto == 1450 * MS, "%u", r.rto);
	waltz_rtt_sample(&r, 50 * MS);
	CHECK(srtt(&r) == 400 * MS, "7/8 * 450 + 1/8 * 50: %u", srtt(&r));
	CHECK(r.rttvar4 == 4 * 287500, "3/4 * 250 + 1/4 * 400: %u", r.rttvar4);
}

static void test_converges(void)
{
	static const u32 rtts[] = {
		1, 7, 50, 999, 10 * MS, 80 * MS, 2000 * MS, 60000 * MS,
	};
	struct waltz_rtt r;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(rtts); i++) {
		waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
		waltz_rtt_sample(&r, 300 * MS);
		for (k = 0; k < 300; k++)
			waltz_rtt_sample(&r, rtts[i]);
		CHECK(srtt(&r) == rtts[i], "%u: SRTT %u", rtts[i], srtt(&r));
		CHECK(r.rttvar4 < 16, "%u: RTTVAR %u", rtts[i], r.rttvar4);
		CHECK(r.rto == rtts[i] + FLOOR, "%u: RTO %u", rtts[i], r.rto);
	}
}

static void test_bounds(void)
{
	static const u32 rtts[] = { 0, 1, WALTZ_RTO_MAX_US, 0xffffffff };
	struct waltz_rtt r;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(rtts); i++) {
		waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
		for (k = 0; k < 100; k++) {
			waltz_rtt_sample(&r, rtts[i]);
			CHECK(r.srtt8, "%u: never looks unmeasured", rtts[i]);
			CHECK(r.rto >= FLOOR && r.rto <= WALTZ_RTO_MAX_US,
			      "%u: RTO %u", rtts[i], r.rto);
		}
	}
}

static void test_random(void)
{
	struct waltz_rtt r;
	unsigned int i, shift;
	u32 rtt;

	unit_seed();
	waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
	for (i = 0; i < 200000; i++) {
		rtt = unit_random() >> unit_below(32);
		waltz_rtt_sample(&r, rtt);
		shift = unit_below(40);
		CHECK(r.srtt8 && srtt(&r) <= WALTZ_RTO_MAX_US, "SRTT %u",
		      srtt(&r));
		CHECK(r.rttvar4 <= 4 * WALTZ_RTO_MAX_US, "RTTVAR %u",
		      r.rttvar4);
		CHECK(r.rto >= FLOOR && r.rto <= WALTZ_RTO_MAX_US, "RTO %u",
		      r.rto);
		CHECK(r.rto > srtt(&r) || r.rto == WALTZ_RTO_MAX_US,
		      "RTO %u below SRTT %u", r.rto, srtt(&r));
		CHECK(waltz_rtt_backoff(&r, shift) >= r.rto &&
		      waltz_rtt_backoff(&r, shift) <= WALTZ_RTO_MAX_US,
		      "back-off %u", shift);
	}
}

static void test_floor(void)
{
	struct waltz_rtt r;
	unsigned int k;

	/* The floor is the variance's: SRTT and then at least that much. */
	waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
	for (k = 0; k < 100; k++)
		waltz_rtt_sample(&r, 150 * MS);
	CHECK(r.rto == 350 * MS, "%u", r.rto);

	/* A floor above the initial RTO holds before the first sample too. */
	waltz_rtt_init(&r, 5000 * MS, WALTZ_RTO_MAX_US);
	CHECK(waltz_rtt_backoff(&r, 0) == 5000 * MS, "%u",
	      waltz_rtt_backoff(&r, 0));
}

static void test_backoff(void)
{
	struct waltz_rtt r;
	u32 last = 0, now;
	unsigned int i;

	waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
	for (i = 0; i <= 6; i++)
		CHECK(waltz_rtt_backoff(&r, i) == (1000 * MS) << i,
		      "doubled %u times: %u", i, waltz_rtt_backoff(&r, i));
	CHECK(waltz_rtt_backoff(&r, 7) == WALTZ_RTO_MAX_US, "128 s is cut");
	for (i = 0; i < 300; i++) {
		now = waltz_rtt_backoff(&r, i);
		CHECK(now >= last && now <= WALTZ_RTO_MAX_US, "%u: %u", i,
		      now);
		last = now;
	}
	CHECK(waltz_rtt_backoff(&r, 0xffffffff) == WALTZ_RTO_MAX_US,
	      "saturates");
	CHECK(r.rto == 1000 * MS, "RTO itself is untouched");
}

static void test_ceiling(void)
{
	struct waltz_rtt r;

	waltz_rtt_init(&r, FLOOR, 2000 * MS);
	CHECK(waltz_rtt_backoff(&r, 0) == 1000 * MS, "below: %u",
	      waltz_rtt_backoff(&r, 0));
	CHECK(waltz_rtt_backoff(&r, 1) == 2000 * MS, "at: %u",
	      waltz_rtt_backoff(&r, 1));
	CHECK(waltz_rtt_backoff(&r, 2) == 2000 * MS, "cut: %u",
	      waltz_rtt_backoff(&r, 2));
	waltz_rtt_sample(&r, 60000 * MS);
	CHECK(srtt(&r) == 60000 * MS, "what is measured stays: %u", srtt(&r));
	CHECK(r.rto == 2000 * MS, "what is waited is cut: %u", r.rto);

	/* Of two that contradict each other it is the one that holds. */
	waltz_rtt_init(&r, 5000 * MS, 1000 * MS);
	CHECK(waltz_rtt_backoff(&r, 0) == 1000 * MS, "%u",
	      waltz_rtt_backoff(&r, 0));
}

static void test_syn_lost(void)
{
	struct waltz_rtt r;

	waltz_rtt_init(&r, FLOOR, WALTZ_RTO_MAX_US);
	waltz_rtt_syn_lost(&r);
	CHECK(r.rto == 3000 * MS, "RFC 6298 5.7: %u", r.rto);
	waltz_rtt_syn_lost(&r);
	CHECK(r.rto == 3000 * MS, "once: %u", r.rto);
	waltz_rtt_sample(&r, 100 * MS);
	CHECK(r.rto == 300 * MS, "forgotten when measured: %u", r.rto);

	/* Timestamps measured the handshake: Karn has no objection. */
	waltz_rtt_syn_lost(&r);
	CHECK(r.rto == 300 * MS, "a measurement is better: %u", r.rto);
}

static const struct unit_case cases[] = {
	{ "before any measurement", test_init },
	{ "first measurement", test_first },
	{ "second and third measurement", test_second },
	{ "converges", test_converges },
	{ "extreme measurements", test_bounds },
	{ "random measurements", test_random },
	{ "floor", test_floor },
	{ "back-off doubles and saturates", test_backoff },
	{ "ceiling", test_ceiling },
	{ "lost SYN", test_syn_lost },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
