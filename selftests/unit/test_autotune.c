// SPDX-License-Identifier: GPL-2.0
/* autotune.c: buffers that follow what is read, and the congestion window. */
#include "unit.h"
#include "autotune.h"

#define MSS	1448u
#define MS	1000u
#define SLACK	(16 * MSS)
#define MOST	(6u << 20)
#define LARGE	0x10000000u		/* a promise that is not reached */

static void begin(struct waltz_rcv_tune *t, u32 seq, u32 now)
{
	waltz_rcv_tune_init(t, seq, 65535, MSS, now);
}

static u32 read_to(struct waltz_rcv_tune *t, u32 seq, u32 now)
{
	return waltz_rcv_tune_read(t, seq, LARGE, MSS, true, now);
}

/* ---- the round trip ---- */

static void test_echo(void)
{
	struct waltz_rcv_tune t;
	u32 i;

	begin(&t, 1, 0);
	CHECK(!waltz_rcv_tune_rtt(&t), "nothing is known");
	waltz_rcv_tune_echo(&t, 7, 100 * MS);
	CHECK(waltz_rcv_tune_rtt(&t) == 100 * MS, "the first one counts whole");
	waltz_rcv_tune_echo(&t, 8, 180 * MS);
	CHECK(waltz_rcv_tune_rtt(&t) == 110 * MS, "more counts an eighth: %u",
	      waltz_rcv_tune_rtt(&t));
	for (i = 0; i < 100; i++)
		waltz_rcv_tune_echo(&t, 8, 5000 * MS);
	CHECK(waltz_rcv_tune_rtt(&t) == 110 * MS, "the same echo counts once");
	waltz_rcv_tune_echo(&t, 9, 20 * MS);
	CHECK(waltz_rcv_tune_rtt(&t) == 20 * MS, "less counts whole");
}

static void test_echo_tells_nothing(void)
{
	struct waltz_rcv_tune t;

	begin(&t, 1, 0);
	waltz_rcv_tune_echo(&t, 7, 0);
	waltz_rcv_tune_echo(&t, 8, 1 * MS);
	CHECK(!waltz_rcv_tune_rtt(&t), "a tick of the clock is too coarse");
	waltz_rcv_tune_echo(&t, 9, 0xffffffff);
	CHECK(!waltz_rcv_tune_rtt(&t), "no path is so long");
}

static void test_windows(void)
{
	struct waltz_rcv_tune t;

	begin(&t, 0xfffff000, 1000);
	waltz_rcv_tune_read(&t, 0xfffff000 + 65535, 65536, MSS, true, 3000);
	CHECK(!waltz_rcv_tune_rtt(&t), "not yet a window");
	waltz_rcv_tune_read(&t, 0xfffff000 + 65536, 65536, MSS, true, 5000);
	CHECK(waltz_rcv_tune_rtt(&t) == 4000, "it took so long: %u",
	      waltz_rcv_tune_rtt(&t));
	waltz_rcv_tune_read(&t, 0xfffff000 + 2 * 65536, 65536, MSS, true, 25000);
	CHECK(waltz_rcv_tune_rtt(&t) == 4000, "the reader was late");
	waltz_rcv_tune_read(&t, 0xfffff000 + 3 * 65536, 65536, MSS, true, 25000);
	CHECK(waltz_rcv_tune_rtt(&t) == 1, "no time at all is some");
}

/* ---- the receive buffer ---- */

static void test_unknown(void)
{
	struct waltz_rcv_tune t;
	u32 i;

	begin(&t, 1, 0);
	for (i = 1; i < 100; i++)
		CHECK(!read_to(&t, 1 + i * 10000, i * 1000 * MS),
		      "without a round trip nothing is done");
}

/* Slow start: the sender doubles, and is never kept waiting. What is read in a
 * round trip was sent in the one before, by what was promised before that.
 */
static void test_slow_start(void)
{
	u32 seq = 0xffff0000, now = 0xfffe0000, flight = 10 * MSS, round;
	u32 promise = 65536, wnd;
	struct waltz_rcv_tune t;

	begin(&t, seq, now);
	for (round = 0; round < 8; round++) {
		waltz_rcv_tune_echo(&t, 1 + round, 100 * MS);
		CHECK(flight <= promise, "round %u: %u of %u", round, flight,
		      promise);
		seq += flight;
		now += 100 * MS;
		wnd = read_to(&t, seq, now);
		promise = wnd > promise ? wnd : promise;
		CHECK(4 * flight <= promise, "round %u: 4 * %u of %u", round,
		      flight, promise);
		flight *= 2;
	}
}

static void test_steady(void)
{
	u32 seq = 1, now = 0, i, wnd;
	struct waltz_rcv_tune t;

	begin(&t, seq, now);
	waltz_rcv_tune_echo(&t, 1, 100 * MS);
	seq += 15000;
	now += 100 * MS;
	wnd = read_to(&t, seq, now);
	CHECK(wnd >= 2 * 15000 + SLACK && wnd < 3 * 15000 + 2 * SLACK,
	      "twice, and a little: %u", wnd);
	for (i = 0; i < 100; i++) {
		seq += 15000;
		now += 100 * MS;
		wnd = read_to(&t, seq, now);
		CHECK(!wnd, "the same again wants no more: %u", wnd);
	}
}

/* A round trip is seen as a whole, however often it is read. */
static void test_small_reads(void)
{
	u32 seq = 1, now = 0, i, most = 0, wnd;
	struct waltz_rcv_tune t;

	begin(&t, seq, now);
	waltz_rcv_tune_echo(&t, 1, 100 * MS);
	for (i = 0; i < 10000; i++) {
		seq += 100;
		now += MS;
		wnd = read_to(&t, seq, now);
		most = wnd > most ? wnd : most;
	}
	CHECK(!most, "10000 a round trip fit: %u", most);
}

/* A reader that slept and reads all at once is no faster a sender: the window is
 * some times what it read, whatever that was.
 */
static void test_bound(void)
{
	u32 round;

	unit_seed();
	for (round = 0; round < 2000; round++) {
		u32 seq = unit_random(), now = unit_random(), most = 0, i;
		u32 space = 10 * MSS;
		struct waltz_rcv_tune t;

		begin(&t, seq, now);
		for (i = 0; i < 50; i++) {
			u32 n = unit_below(1u << unit_below(22));
			u32 us = unit_below(1u << unit_below(24)), wnd;

			waltz_rcv_tune_echo(&t, i, unit_below(200 * MS));
			seq += n;
			now += us;
			wnd = read_to(&t, seq, now);
			most += n;	/* since the last one */
			if (t.seq == seq)
				space = most > space ? most : space;
			CHECK(wnd <= 6 * space + 3 * SLACK, "%u for %u", wnd,
			      space);
			if (t.seq == seq)
				most = 0;
		}
	}
}

/* The numbers of a peer that never stops do not overflow. */
static void test_extremes(void)
{
	struct waltz_rcv_tune t;
	u32 wnd;

	waltz_rcv_tune_init(&t, 0, 0, 0, 0);
	CHECK(t.space == 1, "there is something to compare with");
	waltz_rcv_tune_echo(&t, 1, 2 * MS);
	wnd = waltz_rcv_tune_read(&t, 0xffffffff, LARGE, 65535, true, 10 * MS);
	CHECK(wnd == 0x40000000, "a window is not larger: %#x", wnd);
	CHECK(waltz_rcvbuf(wnd, 14, 0, 0x7fffffff) == 2 * (65535u << 14),
	      "nor a buffer");
}

/* What may not grow is asked again, when it may. */
static void test_held_back(void)
{
	struct waltz_rcv_tune t;
	u32 i;

	begin(&t, 1, 0);
	waltz_rcv_tune_echo(&t, 1, 10 * MS);
	for (i = 1; i < 10; i++)
		CHECK(!waltz_rcv_tune_read(&t, 1 + i * 100000, LARGE, MSS, false,
					   i * 10 * MS), "not now");
	CHECK(waltz_rcv_tune_read(&t, 1 + i * 100000, LARGE, MSS, true,
				  i * 10 * MS) >= 200000, "but now");
}

static void test_rcvbuf(void)
{
	CHECK(waltz_rcvbuf(100000, 7, 0, MOST) == 200000, "two for each byte");
	CHECK(waltz_rcvbuf(100000, 7, 30000, MOST) == 60000, "the user's clamp");
	CHECK(waltz_rcvbuf(100000, 0, 0, MOST) == 131070, "no scale");
	CHECK(waltz_rcvbuf(100000000, 14, 0, MOST) == MOST, "the limit");
	CHECK(!waltz_rcvbuf(0, 7, 0, MOST), "nothing");
}

/* ---- the send buffer ---- */

static void test_sndbuf(void)
{
	CHECK(waltz_sndbuf(2 * MSS, MSS, 1000, MOST) == 20 * (MSS + 1000),
	      "the initial window, twice");
	CHECK(waltz_sndbuf(100 * MSS, MSS, 1000, MOST) ==
	      2 * 101 * (MSS + 1000), "a larger one, twice");
	CHECK(waltz_sndbuf(0x40000000, 48, 1000, MOST) == MOST, "the limit");
}

static const struct unit_case cases[] = {
	{ "the round trip, by echoes", test_echo },
	{ "echoes that tell nothing", test_echo_tells_nothing },
	{ "the round trip, by windows", test_windows },
	{ "no round trip, no larger buffer", test_unknown },
	{ "slow start is never kept waiting", test_slow_start },
	{ "a steady sender wants twice", test_steady },
	{ "small reads are added up", test_small_reads },
	{ "never more than some times what was read", test_bound },
	{ "extreme numbers", test_extremes },
	{ "what may not grow is asked again", test_held_back },
	{ "the receive buffer for a window", test_rcvbuf },
	{ "the send buffer for a congestion window", test_sndbuf },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
