// SPDX-License-Identifier: GPL-2.0
/* cubic.c: RFC 9438. */
#include <math.h>

#include "unit.h"
#include "cong.h"

#define MSS	1000u
#define SECOND	1000000u

static void at(struct waltz_cong *c, u32 cwnd)
{
	waltz_cong_init(c, &waltz_cubic, MSS);
	c->cwnd = cwnd;
}

/* A round trip in which all of the window is acknowledged. */
static void round_trip(struct waltz_cong *c, u64 now, u32 rtt)
{
	struct waltz_cong_ack a = {
		.srtt_us = rtt, .rtt_us = rtt, .limited = true,
	};
	u32 left = c->cwnd / MSS, n = left;

	while (left--) {
		a.acked = MSS;
		a.now_us = now + (u64)(n - left) * rtt / n;
		waltz_cong_grow(c, &a);
	}
}

static void test_reduction(void)
{
	struct waltz_cong c;

	at(&c, 100 * MSS);
	CHECK(waltz_cong_loss(&c, 100 * MSS) / 100 == 700, "beta is 0.7: %u",
	      c.ssthresh);
	CHECK(c.cubic.w_max == 100 * MSS, "W_max: %u", c.cubic.w_max);
	waltz_cong_recovered(&c);
	/* Section 4.7: again, before the plateau is reached. */
	waltz_cong_loss(&c, c.cwnd);
	CHECK(c.cubic.w_max / 100 == 595, "0.85 * 70: %u", c.cubic.w_max);
	at(&c, 3 * MSS);
	CHECK(waltz_cong_loss(&c, 3 * MSS) >= 2 * MSS, "two segments at least");
	at(&c, 100 * MSS + MSS / 2);
	CHECK(waltz_cong_loss(&c, 100 * MSS) / 100 == 703, "it was full: %u", c.ssthresh);
	at(&c, 100 * MSS);
	CHECK(waltz_cong_loss(&c, 50 * MSS) / 100 == 350, "half of it was in use: %u",
	      c.ssthresh);
}

/* The window against RFC 9438 (1), where it is far above what Reno has. */
static void test_curve(void)
{
	double k = cbrt(1000 * 0.3 / 0.4), w, want;
	struct waltz_cong c;
	u64 start = 5 * (u64)SECOND, now = start;
	u32 rtt = 200000;

	at(&c, 1000 * MSS);
	waltz_cong_loss(&c, c.cwnd);
	waltz_cong_recovered(&c);
	while (now < start + 20 * (u64)SECOND) {
		round_trip(&c, now, rtt);
		now += rtt;
		w = c.cwnd / (double)MSS;
		want = 0.4 * pow((double)(now - start) / SECOND - k, 3) + 1000;
		CHECK(fabs(w - want) < 0.04 * want, "%.1f s: %.1f, not %.1f",
		      (double)(now - start) / SECOND, w, want);
	}
	CHECK(c.cwnd > 1200 * MSS, "past the plateau: %u", c.cwnd);
}

static void test_friendly(void)
{
	struct waltz_cong c, reno;
	u32 rtt = 10000, i;
	u64 now = SECOND;

	/* A short round trip and a small window: Reno's growth is faster. */
	at(&c, 20 * MSS);
	waltz_cong_loss(&c, c.cwnd);
	waltz_cong_recovered(&c);
	waltz_cong_init(&reno, &waltz_reno, MSS);
	reno.cwnd = c.cwnd;
	reno.ssthresh = c.cwnd;
	for (i = 0; i < 200; i++, now += rtt) {
		round_trip(&c, now, rtt);
		round_trip(&reno, now, rtt);
	}
	CHECK(c.cwnd > reno.cwnd * 9 / 10, "%u, Reno %u", c.cwnd, reno.cwnd);
	CHECK(c.cwnd < reno.cwnd * 11 / 10, "%u, Reno %u", c.cwnd, reno.cwnd);
}

/* Section 4.8: after a time-out the plateau is where the stage begins. */
static void test_timeout(void)
{
	struct waltz_cong c;
	u64 now = SECOND;
	u32 began;

	at(&c, 1000 * MSS);
	waltz_cong_timeout(&c, c.cwnd, true);
	CHECK(c.ssthresh / 1000 == 700, "beta is 0.7 for it, too: %u", c.ssthresh);
	waltz_cong_timeout(&c, c.cwnd, false);
	CHECK(c.ssthresh / 1000 == 700, "once: %u", c.ssthresh);
	while (waltz_cong_slow_start(&c)) {
		round_trip(&c, now, 200000);
		now += 200000;
	}
	began = c.cwnd;
	round_trip(&c, now, 200000);
	CHECK(!c.cubic.k_ms && c.cubic.origin / MSS == began / MSS, "K %u ms, W_max %u",
	      c.cubic.k_ms, c.cubic.origin);
}

static void test_pause(void)
{
	struct waltz_cong_ack a = { .acked = MSS, .srtt_us = 100000 };
	struct waltz_cong c;
	u64 now = SECOND;
	u32 before;

	at(&c, 100 * MSS);
	waltz_cong_loss(&c, c.cwnd);
	waltz_cong_recovered(&c);
	round_trip(&c, now, 100000);
	before = c.cwnd;
	a.now_us = now + 200000;
	waltz_cong_grow(&c, &a);
	CHECK(c.cwnd == before, "a window that is not in use does not grow");
	a.now_us = now + 100 * (u64)SECOND;
	a.limited = true;
	waltz_cong_grow(&c, &a);
	CHECK(c.cwnd < before + MSS, "nor is the time made up for: %u", c.cwnd);
}

/* A pause of 0.2 ms in which the millisecond changes. */
static void test_short_pause(void)
{
	struct waltz_cong_ack a = { .acked = MSS, .srtt_us = 50 };
	struct waltz_cong c;
	u32 before;

	at(&c, 100 * MSS);
	waltz_cong_loss(&c, c.cwnd);
	waltz_cong_recovered(&c);
	a.now_us = SECOND + 200;
	a.limited = true;
	waltz_cong_grow(&c, &a);
	before = c.cwnd;
	a.now_us = SECOND + 900;
	a.limited = false;
	waltz_cong_grow(&c, &a);
	a.now_us = SECOND + 1100;
	a.limited = true;
	waltz_cong_grow(&c, &a);
	CHECK(c.cwnd < before + MSS / 10, "no leap of time: %u, from %u", c.cwnd, before);
}

static void test_random(void)
{
	struct waltz_cong_ack a = { .srtt_us = 1 };
	struct waltz_cong c;
	u64 now = 1;
	u32 i;

	unit_seed();
	at(&c, 10 * MSS);
	for (i = 0; i < 300000; i++) {
		u32 before = c.cwnd;

		now += unit_below(1u << unit_below(28));
		a.acked = 1 + unit_below(1u << unit_below(24));
		a.now_us = now;
		a.srtt_us = unit_below(1u << unit_below(26));
		a.limited = unit_below(4);
		waltz_cong_grow(&c, &a);
		CHECK(c.cwnd >= before, "an ACK takes nothing away");
		CHECK(c.cwnd <= WALTZ_CWND_MAX, "%u", c.cwnd);
		if (!waltz_cong_first(&c) && before > 2 * MSS)
			CHECK(c.cwnd <= before + before / 2 + 2 * MSS,
			      "from %u to %u at once", before, c.cwnd);
		switch (unit_below(2000)) {
		case 0:
			CHECK(waltz_cong_loss(&c, unit_below(2 * c.cwnd)) >=
			      2 * MSS, "ssthresh");
			waltz_cong_recovered(&c);
			break;
		case 1:
			waltz_cong_timeout(&c, c.cwnd, true);
			break;
		case 2:
			waltz_cong_undo(&c);
			break;
		case 3:
			waltz_cong_idle(&c);
			break;
		}
		CHECK(c.cwnd >= MSS, "a segment at least: %u", c.cwnd);
	}
}

static const struct unit_case cases[] = {
	{ "reduction and fast convergence", test_reduction },
	{ "the cubic curve", test_curve },
	{ "Reno-friendly region", test_friendly },
	{ "a time-out: K is 0", test_timeout },
	{ "time in which the window is not in use", test_pause },
	{ "such a time, shorter than the clock's tick", test_short_pause },
	{ "random ACKs and losses", test_random },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
