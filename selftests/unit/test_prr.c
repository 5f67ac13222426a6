// SPDX-License-Identifier: GPL-2.0
/* prr.c: RFC 6937. */
#include "unit.h"
#include "prr.h"

#define MSS	1000u

static void test_first(void)
{
	struct waltz_prr p;

	waltz_prr_begin(&p, 20 * MSS);
	CHECK(waltz_prr_ack(&p, 10 * MSS, 19 * MSS, 0, false, MSS) == MSS,
	      "the first retransmission is never held back");
}

/* RFC 6937 section 4's first figure: one of twenty is lost, ssthresh is half. */
static void test_half(void)
{
	u32 pipe = 19 * MSS, sent = 0, allowed, i;
	struct waltz_prr p;

	waltz_prr_begin(&p, 20 * MSS);
	for (i = 0; i < 19; i++) {
		pipe -= MSS;
		allowed = waltz_prr_ack(&p, 10 * MSS, pipe, MSS, true, MSS);
		CHECK(allowed <= 2 * MSS, "ACK %u: no burst: %u", i, allowed);
		while (allowed >= MSS) {
			waltz_prr_sent(&p, MSS);
			pipe += MSS;
			sent += MSS;
			allowed -= MSS;
		}
	}
	CHECK(sent == 10 * MSS, "half of what was delivered: %u", sent);
	CHECK(pipe == 10 * MSS, "ssthresh is outstanding: %u", pipe);
}

static void test_bounds(void)
{
	struct waltz_prr p;

	/* Most of the window is lost: pipe is below ssthresh. */
	waltz_prr_begin(&p, 20 * MSS);
	waltz_prr_sent(&p, MSS);
	CHECK(waltz_prr_ack(&p, 10 * MSS, 4 * MSS, MSS, false, MSS) == MSS,
	      "conservative: what is delivered");
	waltz_prr_sent(&p, MSS);
	CHECK(waltz_prr_ack(&p, 10 * MSS, 4 * MSS, MSS, true, MSS) == 2 * MSS,
	      "slow start: one more");
	CHECK(waltz_prr_ack(&p, 10 * MSS, 10 * MSS, MSS, true, MSS) == 0,
	      "ssthresh is the end");
}

static void test_random(void)
{
	u32 round, i;

	unit_seed();
	for (round = 0; round < 2000; round++) {
		u32 flight = (2 + unit_below(500)) * MSS;
		u32 ssthresh = MSS + unit_below(flight);
		u32 lost = unit_below(flight / MSS) * MSS;
		u32 pipe = flight - lost, before = 0;
		struct waltz_prr p;

		waltz_prr_begin(&p, flight);
		for (i = 0; pipe && i < 2 * flight / MSS; i++) {
			bool safe = unit_below(2);
			u32 came = MSS, allowed;

			pipe -= came;
			allowed = waltz_prr_ack(&p, ssthresh, pipe, came, safe,
						MSS);
			CHECK(!p.out || pipe + allowed <= ssthresh + MSS ||
			      allowed <= 2 * MSS, "pipe %u, %u more", pipe,
			      allowed);
			CHECK(p.out >= before, "nothing is taken back");
			before = p.out;
			while (allowed >= MSS) {
				waltz_prr_sent(&p, MSS);
				pipe += MSS;
				allowed -= MSS;
			}
		}
		CHECK(pipe <= ssthresh + MSS || i < flight / MSS,
		      "flight %u, ssthresh %u, lost %u: pipe %u", flight,
		      ssthresh, lost, pipe);
	}
}

static const struct unit_case cases[] = {
	{ "the first retransmission", test_first },
	{ "one loss, half the window", test_half },
	{ "both reduction bounds", test_bounds },
	{ "random recoveries", test_random },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
