// SPDX-License-Identifier: GPL-2.0
/* cong.c: RFC 5681, RFC 6582, RFC 3042, RFC 3465, RFC 6928. */
#include "unit.h"
#include "cong.h"

#define MSS	1000u
#define ISS	0xfffffff0u		/* wraps within the first window */
#define WINDOW_MAX	0x40000000u	/* no peer offers more */

static void init(struct waltz_cong *c)
{
	waltz_cong_init(c, MSS, ISS);
}

/* In congestion avoidance with a window of @segments. */
static void init_avoidance(struct waltz_cong *c, u32 segments)
{
	init(c);
	c->cwnd = segments * MSS;
	c->ssthresh = segments * MSS;
}

/* Three duplicate ACKs for the segment at @una; @nxt and all is in flight. */
static bool lose(struct waltz_cong *c, u32 una, u32 nxt)
{
	CHECK(!waltz_cong_dupack(c, una, nxt, nxt - una), "first");
	CHECK(!waltz_cong_dupack(c, una, nxt, nxt - una), "second");
	return waltz_cong_dupack(c, una, nxt, nxt - una);
}

static void test_init(void)
{
	struct waltz_cong c;

	init(&c);
	CHECK(c.cwnd == 10 * MSS, "RFC 6928: %u", c.cwnd);
	CHECK(c.ssthresh > WINDOW_MAX, "ssthresh is arbitrarily high: %u",
	      c.ssthresh);
	CHECK(!c.recovering && !c.dupacks, "no loss yet");
	CHECK(waltz_cong_window(&c) == c.cwnd, "window");
}

static void test_init_sizes(void)
{
	static const u16 sizes[] = {
		88, 536, 1024, 1440, 1460, 1461, 2190, 4312, 7300, 8960, 65495,
	};
	struct waltz_cong c;
	u32 want, least;
	unsigned int i;

	/* RFC 6928 (1): min(10 * MSS, max(2 * MSS, 14600)) */
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		least = 2u * sizes[i] > 14600 ? 2u * sizes[i] : 14600;
		want = 10u * sizes[i] < least ? 10u * sizes[i] : least;
		waltz_cong_init(&c, sizes[i], ISS);
		CHECK(c.cwnd == want, "MSS %u: %u, not %u", sizes[i], c.cwnd,
		      want);
		c.cwnd = WINDOW_MAX;
		waltz_cong_idle(&c);
		CHECK(c.cwnd == want, "MSS %u, restart: %u, not %u", sizes[i],
		      c.cwnd, want);
	}
}

static void test_syn_lost(void)
{
	struct waltz_cong c;

	init(&c);
	waltz_cong_syn_lost(&c);
	CHECK(c.cwnd == MSS, "RFC 5681 3.1: %u", c.cwnd);
	CHECK(c.ssthresh > WINDOW_MAX, "no congestion known: %u", c.ssthresh);
}

static void test_slow_start(void)
{
	struct waltz_cong c;
	unsigned int i, n;
	u32 una = ISS + 1;

	init(&c);
	/* One ACK a segment: a round trip doubles the window. */
	for (n = c.cwnd / MSS, i = 0; i < n; i++) {
		una += MSS;
		CHECK(!waltz_cong_ack(&c, una, MSS, 9 * MSS, true), "resent");
	}
	CHECK(c.cwnd == 20 * MSS, "doubled: %u", c.cwnd);

	/* A part of a segment earns a part. */
	waltz_cong_ack(&c, una + 1, 1, 9 * MSS, true);
	CHECK(c.cwnd == 20 * MSS + 1, "one byte: %u", c.cwnd);

	/* Who did not use the window has not shown that the path bears it. */
	waltz_cong_ack(&c, una + 1 + MSS, MSS, 0, false);
	CHECK(c.cwnd == 20 * MSS + 1, "not limited: %u", c.cwnd);
}

static void test_abc_limit(void)
{
	struct waltz_cong c;

	init(&c);
	waltz_cong_ack(&c, ISS + 1 + 2 * MSS, 2 * MSS, 0, true);
	CHECK(c.cwnd == 12 * MSS, "a delayed ACK: %u", c.cwnd);
	waltz_cong_ack(&c, ISS + 1 + 10 * MSS, 8 * MSS, 0, true);
	CHECK(c.cwnd == 14 * MSS, "RFC 3465 L=2: %u", c.cwnd);
	waltz_cong_ack(&c, ISS + 1 + 10 * MSS + WINDOW_MAX, WINDOW_MAX, 0,
		       true);
	CHECK(c.cwnd == 16 * MSS, "a whole window at once: %u", c.cwnd);
}

/* RFC 3465 2.3: an ACK after go-back-N says little of what left the network. */
static void test_abc_after_timeout(void)
{
	u32 nxt = ISS + 1 + 20 * MSS;
	struct waltz_cong c;

	init(&c);
	waltz_cong_timeout(&c, nxt, 20 * MSS, true);
	CHECK(c.cwnd == MSS, "%u", c.cwnd);
	waltz_cong_ack(&c, ISS + 1 + 4 * MSS, 4 * MSS, 16 * MSS, true);
	CHECK(c.cwnd == 2 * MSS, "L=1 after a timeout: %u", c.cwnd);

	/* Past the timeout's SND.NXT that is over. */
	c.ssthresh = WINDOW_MAX;
	waltz_cong_ack(&c, nxt + 2 * MSS, 18 * MSS, 0, true);
	c.cwnd = 4 * MSS;
	waltz_cong_ack(&c, nxt + 4 * MSS, 2 * MSS, 0, true);
	CHECK(c.cwnd == 6 * MSS, "L=2 later: %u", c.cwnd);
}

static void test_avoidance(void)
{
	struct waltz_cong c;
	unsigned int i, round;
	u32 una = ISS + 1, cwnd;

	init_avoidance(&c, 20);
	for (round = 0; round < 30; round++) {
		cwnd = c.cwnd;
		for (i = 0; i < cwnd / MSS; i++) {
			CHECK(c.cwnd == cwnd, "grows within the round: %u",
			      c.cwnd);
			una += MSS;
			waltz_cong_ack(&c, una, MSS, cwnd, true);
		}
		CHECK(c.cwnd == cwnd + MSS, "a segment each round: %u, %u",
		      cwnd, c.cwnd);
	}

	/* Stretch ACKs count their bytes, and are never worth more. */
	init_avoidance(&c, 20);
	waltz_cong_ack(&c, una, 10 * MSS, 0, true);
	CHECK(c.cwnd == 20 * MSS, "half a window: %u", c.cwnd);
	waltz_cong_ack(&c, una, 10 * MSS, 0, true);
	CHECK(c.cwnd == 21 * MSS, "a window: %u", c.cwnd);
	waltz_cong_ack(&c, una, 21 * MSS, 0, false);
	CHECK(c.cwnd == 21 * MSS, "not limited: %u", c.cwnd);

	/* What is left over counts for the next round. */
	init_avoidance(&c, 20);
	waltz_cong_ack(&c, una, 15 * MSS, 0, true);
	waltz_cong_ack(&c, una, 10 * MSS, 0, true);
	waltz_cong_ack(&c, una, 15 * MSS, 0, true);
	CHECK(c.cwnd == 21 * MSS, "20 of 21 left: %u", c.cwnd);
	waltz_cong_ack(&c, una, MSS, 0, true);
	CHECK(c.cwnd == 22 * MSS, "21 of 21: %u", c.cwnd);
}

static void test_fast_retransmit(void)
{
	u32 una = ISS + 1, nxt = una + 20 * MSS;
	struct waltz_cong c;

	init_avoidance(&c, 20);
	CHECK(lose(&c, una, nxt), "the third begins it");
	CHECK(c.recovering, "recovering");
	CHECK(c.ssthresh == 10 * MSS, "half of what is in flight: %u",
	      c.ssthresh);
	CHECK(c.cwnd == 13 * MSS, "and the three that left: %u", c.cwnd);
	CHECK(c.recover == nxt, "until all of it is acknowledged");
	CHECK(!waltz_cong_dupack(&c, una, nxt, 20 * MSS), "once only");
	CHECK(c.cwnd == 14 * MSS, "one more left: %u", c.cwnd);

	/* Never less than two segments. */
	init(&c);
	lose(&c, una, una + MSS);
	CHECK(c.ssthresh == 2 * MSS, "RFC 5681 (4): %u", c.ssthresh);
}

static void test_dupacks_counted(void)
{
	u32 una = ISS + 1, nxt = una + 20 * MSS;
	struct waltz_cong c;

	init_avoidance(&c, 20);
	waltz_cong_dupack(&c, una, nxt, 20 * MSS);
	waltz_cong_dupack(&c, una, nxt, 20 * MSS);
	waltz_cong_ack(&c, una + MSS, MSS, 19 * MSS, true);
	CHECK(!c.dupacks, "an ACK starts the count anew");
	waltz_cong_dupack(&c, una + MSS, nxt, 19 * MSS);
	CHECK(!waltz_cong_dupack(&c, una + MSS, nxt, 19 * MSS), "not in a row");
	CHECK(!c.recovering && c.cwnd >= 20 * MSS, "nothing was lost");
	CHECK(waltz_cong_dupack(&c, una + MSS, nxt, 19 * MSS), "now they are");
}

static void test_limited_transmit(void)
{
	u32 una = ISS + 1, nxt = una + 20 * MSS;
	struct waltz_cong c;

	init_avoidance(&c, 20);
	waltz_cong_dupack(&c, una, nxt, 20 * MSS);
	CHECK(waltz_cong_window(&c) == 21 * MSS, "RFC 3042, first: %u",
	      waltz_cong_window(&c));
	waltz_cong_dupack(&c, una, nxt, 20 * MSS);
	CHECK(waltz_cong_window(&c) == 22 * MSS, "second: %u",
	      waltz_cong_window(&c));
	CHECK(c.cwnd == 20 * MSS, "cwnd itself stays: %u", c.cwnd);
	waltz_cong_dupack(&c, una, nxt, 20 * MSS);
	CHECK(waltz_cong_window(&c) == c.cwnd, "then it is recovery: %u",
	      waltz_cong_window(&c));
	waltz_cong_ack(&c, nxt, 20 * MSS, 0, true);
	CHECK(waltz_cong_window(&c) == c.cwnd, "and over: %u",
	      waltz_cong_window(&c));
}

static void test_partial_ack(void)
{
	u32 una = ISS + 1, nxt = una + 20 * MSS;
	struct waltz_cong c;
	u32 cwnd;

	init_avoidance(&c, 20);
	lose(&c, una, nxt);

	cwnd = c.cwnd;
	una += 5 * MSS;
	CHECK(waltz_cong_ack(&c, una, 5 * MSS, 15 * MSS, true),
	      "the next hole is sent again");
	CHECK(c.recovering, "still recovering");
	CHECK(c.cwnd == cwnd - 5 * MSS + MSS, "RFC 6582 3.2 step 3: %u",
	      c.cwnd);

	/* Less than a segment is not added back. */
	cwnd = c.cwnd;
	una += MSS - 1;
	CHECK(waltz_cong_ack(&c, una, MSS - 1, 14 * MSS, true), "again");
	CHECK(c.cwnd == cwnd - MSS + 1, "%u", c.cwnd);

	/* More than cwnd: a segment remains. */
	una = nxt - 1;
	CHECK(waltz_cong_ack(&c, una, 14 * MSS, 1, true), "one byte short");
	CHECK(c.cwnd >= MSS && c.cwnd <= 2 * MSS, "%u", c.cwnd);
	CHECK(c.ssthresh == 10 * MSS, "cut once: %u", c.ssthresh);
}

static void test_full_ack(void)
{
	u32 una = ISS + 1, nxt = una + 20 * MSS;
	struct waltz_cong c;

	init_avoidance(&c, 20);
	lose(&c, una, nxt);
	CHECK(!waltz_cong_ack(&c, nxt, 20 * MSS, 0, true), "nothing to resend");
	CHECK(!c.recovering && !c.dupacks, "over");
	CHECK(c.cwnd == 2 * MSS, "RFC 6582 3.2 step 3 (1): no burst: %u",
	      c.cwnd);

	init_avoidance(&c, 20);
	lose(&c, una, nxt);
	waltz_cong_ack(&c, nxt + 5 * MSS, 25 * MSS, 15 * MSS, true);
	CHECK(c.cwnd == 10 * MSS, "at most ssthresh: %u", c.cwnd);
}

/* RFC 5681 3.1: no more than a segment a round trip, from the very first. */
static void test_after_recovery(void)
{
	u32 una = ISS + 1, nxt;
	struct waltz_cong c;
	u32 cwnd, acked;

	init_avoidance(&c, 20);
	waltz_cong_ack(&c, una + 19 * MSS, 19 * MSS, 20 * MSS, true);
	una += 19 * MSS;
	nxt = una + 20 * MSS;
	lose(&c, una, nxt);
	waltz_cong_ack(&c, nxt, 20 * MSS, 10 * MSS, true);
	cwnd = c.cwnd;
	CHECK(cwnd == 10 * MSS, "%u", cwnd);
	una = nxt;
	for (acked = 0; acked < cwnd; acked += MSS) {
		una += MSS;
		waltz_cong_ack(&c, una, MSS, 9 * MSS, true);
	}
	CHECK(c.cwnd <= cwnd + MSS, "one round trip: %u, %u", cwnd, c.cwnd);
}

static void test_one_cut_a_window(void)
{
	u32 una = ISS + 1, nxt = una + 20 * MSS;
	struct waltz_cong c;
	u32 cwnd, ssthresh;

	/* Duplicates of what recovery itself sent again, RFC 6582 3.2 step 1 */
	init_avoidance(&c, 20);
	lose(&c, una, nxt);
	waltz_cong_ack(&c, nxt, 20 * MSS, 0, true);
	cwnd = c.cwnd;
	ssthresh = c.ssthresh;
	CHECK(!lose(&c, nxt, nxt + 2 * MSS), "the same window's losses");
	CHECK(c.cwnd == cwnd && c.ssthresh == ssthresh, "no second cut");

	/* Above it, it is another window. */
	waltz_cong_ack(&c, nxt + MSS, MSS, 3 * MSS, true);
	CHECK(lose(&c, nxt + MSS, nxt + 9 * MSS), "another window's loss");
	CHECK(c.ssthresh == 4 * MSS, "another cut: %u", c.ssthresh);

	/* After a timeout likewise. */
	init_avoidance(&c, 20);
	waltz_cong_timeout(&c, nxt, 20 * MSS, true);
	CHECK(!lose(&c, una + MSS, nxt), "go-back-N's duplicates");
	CHECK(c.ssthresh == 10 * MSS && c.cwnd == MSS, "%u %u", c.ssthresh,
	      c.cwnd);
}

static void test_first_segment_lost(void)
{
	struct waltz_cong c;

	init(&c);
	CHECK(lose(&c, ISS + 1, ISS + 1 + 10 * MSS),
	      "the first byte of all can be lost as well");
}

/* Gigabytes without a loss, and then one: it must be repaired as any other. */
static void test_long_run(void)
{
	struct waltz_cong c;
	u32 una = ISS + 1;
	unsigned int i, k;

	for (i = 1; i <= 16; i++) {
		init_avoidance(&c, 1000);
		una = ISS + 1;
		for (k = 0; k < i; k++) {
			una += 0x10000000;
			waltz_cong_ack(&c, una, 0x10000000, 0, k & 1);
		}
		CHECK(lose(&c, una, una + 1000 * MSS),
		      "a loss after %u MB is not repaired", i * 256);
	}
}

static void test_timeout(void)
{
	u32 una = ISS + 1, nxt = una + 20 * MSS;
	struct waltz_cong c;

	init_avoidance(&c, 20);
	waltz_cong_dupack(&c, una, nxt, 20 * MSS);
	waltz_cong_timeout(&c, nxt, 20 * MSS, true);
	CHECK(c.cwnd == MSS, "loss window: %u", c.cwnd);
	CHECK(c.ssthresh == 10 * MSS, "RFC 5681 (4): %u", c.ssthresh);
	CHECK(!c.dupacks && !c.recovering, "forgotten");
	CHECK(waltz_cong_window(&c) == MSS, "window");

	/* The same segment again: ssthresh stays. */
	waltz_cong_timeout(&c, nxt, MSS, false);
	waltz_cong_timeout(&c, nxt, MSS, false);
	CHECK(c.cwnd == MSS && c.ssthresh == 10 * MSS, "again: %u %u", c.cwnd,
	      c.ssthresh);

	/* Out of recovery too. */
	init_avoidance(&c, 20);
	lose(&c, una, nxt);
	waltz_cong_timeout(&c, nxt, 16 * MSS, true);
	CHECK(c.cwnd == MSS && c.ssthresh == 8 * MSS && !c.recovering,
	      "in recovery: %u %u", c.cwnd, c.ssthresh);

	/* And slow start takes it up to ssthresh. */
	waltz_cong_ack(&c, una + MSS, MSS, 0, true);
	CHECK(c.cwnd == 2 * MSS, "slow start: %u", c.cwnd);
}

static void test_idle(void)
{
	struct waltz_cong c;

	init_avoidance(&c, 100);
	c.ssthresh = 20 * MSS;
	waltz_cong_idle(&c);
	CHECK(c.cwnd == 10 * MSS, "RFC 5681 4.1: %u", c.cwnd);
	CHECK(c.ssthresh == 75 * MSS, "remembers where it was: %u",
	      c.ssthresh);

	init_avoidance(&c, 4);
	waltz_cong_idle(&c);
	CHECK(c.cwnd == 4 * MSS, "never grows by it: %u", c.cwnd);
	CHECK(c.ssthresh == 4 * MSS, "nor shrinks ssthresh: %u", c.ssthresh);
}

static void test_mss(void)
{
	u32 una = ISS + 1;
	struct waltz_cong c;

	init(&c);
	waltz_cong_mss(&c, 500);
	CHECK(c.mss == 500 && c.cwnd == 10 * MSS, "smaller: %u", c.cwnd);
	c.cwnd = 500;
	waltz_cong_mss(&c, 1460);
	CHECK(c.cwnd == 1460, "at least one: %u", c.cwnd);

	/* The threshold of small segments, and then large ones */
	waltz_cong_init(&c, 88, ISS);
	lose(&c, una, una + 264);
	waltz_cong_mss(&c, 1460);
	waltz_cong_ack(&c, una + 264, 264, 0, true);
	CHECK(c.cwnd >= c.mss, "cwnd %u below a segment", c.cwnd);
}

/* A peer may send duplicates for ever: cwnd is bounded, and does not wrap. */
static void test_dupack_flood(void)
{
	u32 una = ISS + 1, nxt = una + 20 * 65495u, last;
	struct waltz_cong c;
	unsigned int i;

	waltz_cong_init(&c, 65495, ISS);
	lose(&c, una, nxt);
	for (i = 0; i < 200000; i++) {
		last = c.cwnd;
		waltz_cong_dupack(&c, una, nxt, nxt - una);
		CHECK(c.cwnd >= last, "duplicate %u: %u after %u", i, c.cwnd,
		      last);
	}
	CHECK(c.cwnd <= 2 * WINDOW_MAX, "%u", c.cwnd);
	waltz_cong_ack(&c, una + 1, 1, nxt - una - 1, true);
	CHECK(c.cwnd >= c.mss, "%u", c.cwnd);
}

/**
 * struct sender - the numbers a real sender would have
 * @c: what is tested
 * @una: SND.UNA
 * @nxt: SND.NXT
 * @acked_all: bytes acknowledged in all
 */
struct sender {
	struct waltz_cong c;
	u32 una;
	u32 nxt;
	u64 acked_all;
};

static void sender_step(struct sender *s)
{
	u32 flight = s->nxt - s->una, window, acked;
	struct waltz_cong *c = &s->c, before = *c;
	bool resend;

	switch (unit_below(16)) {
	case 0 ... 3:		/* send what may be sent, or a part of it */
		window = waltz_cong_window(c);
		if (window > WINDOW_MAX)
			window = WINDOW_MAX;
		if (window > flight)
			s->nxt += unit_below(2) ? window - flight :
				  unit_below(window - flight + 1);
		break;
	case 4 ... 9:		/* an ACK of something */
		if (!flight)
			break;
		acked = 1 + unit_below(flight);
		if (unit_below(2) && flight >= c->mss)
			acked = c->mss;
		s->una += acked;
		s->acked_all += acked;
		resend = waltz_cong_ack(c, s->una, acked, s->nxt - s->una,
					unit_below(4));
		CHECK(!resend || c->recovering, "resent out of recovery");
		CHECK(!c->dupacks, "an ACK ends a row of duplicates");
		CHECK(c->ssthresh == before.ssthresh, "an ACK cut ssthresh");
		CHECK(c->cwnd <= before.cwnd + 2u * c->mss,
		      "an ACK of %u: %u after %u", acked, c->cwnd,
		      before.cwnd);
		break;
	case 10 ... 13:		/* duplicate ACKs */
		if (!flight)
			break;
		resend = waltz_cong_dupack(c, s->una, s->nxt, flight);
		CHECK(!resend || (c->recovering && !before.recovering),
		      "fast retransmit out of turn");
		if (resend)
			CHECK(c->ssthresh <= (flight / 2 > 2u * c->mss ?
					      flight / 2 : 2u * c->mss),
			      "RFC 5681 (4): %u of %u", c->ssthresh, flight);
		break;
	case 14:
		if (!flight || unit_below(4))
			break;
		waltz_cong_timeout(c, s->nxt, flight, unit_below(2));
		CHECK(c->cwnd == c->mss && !c->recovering && !c->dupacks,
		      "timeout: %u", c->cwnd);
		break;
	case 15:
		if (unit_below(8))
			break;
		if (!flight)
			waltz_cong_idle(c);
		else
			waltz_cong_mss(c, (u16)(88 + unit_below(c->mss - 87)));
		CHECK(c->cwnd <= before.cwnd, "%u after %u", c->cwnd,
		      before.cwnd);
		break;
	}
}

static void test_random(void)
{
	unsigned int run, i;
	struct sender s;
	u32 window;

	unit_seed();
	for (run = 0; run < 200; run++) {
		s.una = unit_random();
		s.acked_all = 0;
		waltz_cong_init(&s.c, (u16)(88 + unit_below(65536 - 88)),
				s.una);
		s.nxt = ++s.una;
		if (!unit_below(4))
			waltz_cong_syn_lost(&s.c);
		for (i = 0; i < 10000; i++) {
			sender_step(&s);
			window = waltz_cong_window(&s.c);
			CHECK(s.c.cwnd >= s.c.mss, "cwnd %u, MSS %u",
			      s.c.cwnd, s.c.mss);
			CHECK(s.c.cwnd <= 3 * WINDOW_MAX, "cwnd %u", s.c.cwnd);
			CHECK(s.c.ssthresh >= 2u * s.c.mss, "ssthresh %u",
			      s.c.ssthresh);
			CHECK(window >= s.c.cwnd &&
			      window - s.c.cwnd <= 2u * s.c.mss,
			      "window %u, cwnd %u", window, s.c.cwnd);
			CHECK(!s.c.recovering ||
			      (s32)(s.c.recover - s.una) > 0,
			      "recovering what has been acknowledged");
		}
	}
}

static const struct unit_case cases[] = {
	{ "initial window", test_init },
	{ "initial and restart window of any segment size", test_init_sizes },
	{ "lost SYN", test_syn_lost },
	{ "slow start", test_slow_start },
	{ "slow start: limit of byte counting", test_abc_limit },
	{ "slow start after a timeout", test_abc_after_timeout },
	{ "congestion avoidance", test_avoidance },
	{ "three duplicate ACKs", test_fast_retransmit },
	{ "duplicate ACKs not in a row", test_dupacks_counted },
	{ "limited transmit", test_limited_transmit },
	{ "partial ACK", test_partial_ack },
	{ "full ACK", test_full_ack },
	{ "growth after recovery", test_after_recovery },
	{ "one cut for the losses of one window", test_one_cut_a_window },
	{ "loss of the first segment", test_first_segment_lost },
	{ "loss after gigabytes without one", test_long_run },
	{ "timeout, first and again", test_timeout },
	{ "idle", test_idle },
	{ "segment size changes", test_mss },
	{ "duplicate ACKs without end", test_dupack_flood },
	{ "random senders", test_random },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
