// SPDX-License-Identifier: GPL-2.0
/* cong.c and reno.c: RFC 5681, RFC 3465, RFC 6928. */
#include "unit.h"
#include "cong.h"

#define MSS	1000u

static void ack(struct waltz_cong *c, u32 acked)
{
	struct waltz_cong_ack a = {
		.acked = acked, .now_us = 1000, .limited = true,
	};

	waltz_cong_grow(c, &a);
}

static void test_initial(void)
{
	static const struct { u16 mss; u32 window; } rfc6928[] = {
		{ 536, 5360 }, { 1000, 10000 }, { 1460, 14600 },
		{ 4000, 14600 }, { 9000, 18000 },
	};
	struct waltz_cong c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rfc6928); i++) {
		waltz_cong_init(&c, &waltz_reno, rfc6928[i].mss);
		CHECK(c.cwnd == rfc6928[i].window, "MSS %u: %u", rfc6928[i].mss,
		      c.cwnd);
	}
	waltz_cong_syn_lost(&c);
	CHECK(c.cwnd == 9000, "a SYN was lost: one segment");
}

static void test_find(void)
{
	CHECK(waltz_cong_find("reno") == &waltz_reno, "reno");
	CHECK(waltz_cong_find("cubic") == &waltz_cubic, "cubic");
	CHECK(!waltz_cong_find("cubi") && !waltz_cong_find("cubics") &&
	      !waltz_cong_find(""), "and no other");
}

static void test_slow_start(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, MSS);
	ack(&c, MSS);
	CHECK(c.cwnd == 11 * MSS, "what is acknowledged: %u", c.cwnd);
	ack(&c, 100 * MSS);
	CHECK(c.cwnd == 19 * MSS, "RFC 9406's L, eight segments: %u", c.cwnd);
	c.ssthresh = 30 * MSS;
	ack(&c, 100 * MSS);
	CHECK(c.cwnd == 21 * MSS, "later RFC 3465's, two: %u", c.cwnd);
	c.ssthresh = 22 * MSS;
	ack(&c, 2 * MSS);
	CHECK(c.cwnd == 22 * MSS, "not past ssthresh: %u", c.cwnd);
}

static void test_avoidance(void)
{
	struct waltz_cong c;
	u32 i;

	waltz_cong_init(&c, &waltz_reno, MSS);
	c.ssthresh = c.cwnd;
	for (i = 0; i < 9; i++)
		ack(&c, MSS);
	CHECK(c.cwnd == 10 * MSS, "not yet: %u", c.cwnd);
	ack(&c, MSS);
	CHECK(c.cwnd == 11 * MSS, "a segment for a window: %u", c.cwnd);
}

static void test_loss(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, MSS);
	c.cwnd = 40 * MSS;
	CHECK(waltz_cong_loss(&c, 36 * MSS) == 18 * MSS, "half of FlightSize");
	CHECK(c.cwnd == 40 * MSS, "cwnd is somebody else's");
	waltz_cong_recovered(&c);
	CHECK(c.cwnd == 18 * MSS, "in the end it is ssthresh");
	CHECK(waltz_cong_loss(&c, MSS) == 2 * MSS, "two segments at least");
}

static void test_timeout(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, MSS);
	c.cwnd = 40 * MSS;
	waltz_cong_timeout(&c, 40 * MSS, true);
	CHECK(c.cwnd == MSS && c.ssthresh == 20 * MSS, "cwnd %u, ssthresh %u",
	      c.cwnd, c.ssthresh);
	waltz_cong_timeout(&c, 40 * MSS, false);
	CHECK(c.ssthresh == 20 * MSS, "once");
	waltz_cong_undo(&c);
	CHECK(c.cwnd == 40 * MSS && c.ssthresh == WALTZ_SSTHRESH_INIT,
	      "undone: cwnd %u, ssthresh %u", c.cwnd, c.ssthresh);
	c.cwnd = 5 * MSS;
	waltz_cong_undo(&c);
	CHECK(c.cwnd == 5 * MSS, "and only once: %u", c.cwnd);
}

static void test_cwr(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, MSS);
	c.cwnd = 40 * MSS;
	waltz_cong_cwr(&c, 40 * MSS);
	CHECK(c.cwnd == 20 * MSS && c.ssthresh == 20 * MSS, "at once: %u",
	      c.cwnd);
}

static void test_idle(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, MSS);
	c.cwnd = 40 * MSS;
	c.ssthresh = 20 * MSS;
	waltz_cong_idle(&c);
	CHECK(c.cwnd == 10 * MSS, "restart window: %u", c.cwnd);
	CHECK(c.ssthresh == 30 * MSS, "what it was is not forgotten: %u",
	      c.ssthresh);
	c.cwnd = 2 * MSS;
	waltz_cong_idle(&c);
	CHECK(c.cwnd == 2 * MSS, "never more than before");
}

static void test_mss(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, 500);
	c.cwnd = 500;
	c.ssthresh = 1000;
	waltz_cong_mss(&c, 1400);
	CHECK(c.cwnd == 1400 && c.ssthresh == 2800, "a segment: %u, %u",
	      c.cwnd, c.ssthresh);
}

static void test_switch(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, MSS);
	c.cwnd = 40 * MSS;
	c.ssthresh = 20 * MSS;
	waltz_cong_switch(&c, &waltz_cubic);
	CHECK(c.ops == &waltz_cubic && c.cwnd == 40 * MSS &&
	      c.ssthresh == 20 * MSS, "the window stays");
}

static void test_pacing(void)
{
	struct waltz_cong c;

	waltz_cong_init(&c, &waltz_reno, MSS);
	CHECK(waltz_cong_pacing_rate(&c, 0) == ~0ull, "nothing is known yet");
	CHECK(waltz_cong_pacing_rate(&c, 100000) == 200 * MSS,
	      "twice the window in slow start");
	c.ssthresh = c.cwnd;
	CHECK(waltz_cong_pacing_rate(&c, 100000) == 120 * MSS, "a fifth more");
}

static const struct unit_case cases[] = {
	{ "initial window", test_initial },
	{ "names", test_find },
	{ "slow start", test_slow_start },
	{ "congestion avoidance", test_avoidance },
	{ "loss", test_loss },
	{ "timeout, and undone", test_timeout },
	{ "congestion without loss", test_cwr },
	{ "idle", test_idle },
	{ "segment size", test_mss },
	{ "another algorithm", test_switch },
	{ "pacing rate", test_pacing },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
