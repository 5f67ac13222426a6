// SPDX-License-Identifier: GPL-2.0
/* rack.c: RFC 8985, sections 6.2, 6.3, 7.2 and 7.4. */
#include "unit.h"
#include "rack.h"

#define LEN	1000u
#define ISS	0xfffffc00u	/* wraps within the second segment */
#define RTT	40000u		/* microseconds */
#define N	16u

static struct waltz_record ring[N];
static struct waltz_board b;
static struct waltz_rack k;

static u32 seq_of(u32 i)
{
	return ISS + i * LEN;
}

/* @n segments, sent 1 ms apart from 1 s on. */
static void init(u32 n)
{
	u32 i;

	memset(ring, 0, sizeof(ring));
	waltz_board_init(&b, ring, N);
	waltz_rack_init(&k, ISS);
	for (i = 0; i < n; i++)
		waltz_board_append(&b, seq_of(i), seq_of(i + 1), NULL,
				   1000000 + 1000 * i);
	waltz_rack_min_rtt(&k, RTT, 1000000);
	k.srtt_us = RTT;
}

/* The time at which segment @i is SACKed, if it takes one round trip. */
static u64 due(u32 i)
{
	return 1000000 + 1000 * i + RTT;
}

static void sack(u32 i, u64 now)
{
	waltz_rack_delivered(&k, waltz_board_at(&b, i), 0, now);
	waltz_board_mark_sacked(&b, i);
}

static bool lost(u32 i)
{
	return waltz_board_at(&b, i)->flags & WALTZ_SEG_LOST;
}

/* ---- 6.2 ---- */

static void test_min_rtt(void)
{
	u64 now = 5000000;

	waltz_rack_init(&k, ISS);
	CHECK(!waltz_rack_least(&k), "not known");
	waltz_rack_min_rtt(&k, 300, now);
	waltz_rack_min_rtt(&k, 200, now);
	waltz_rack_min_rtt(&k, 400, now);
	CHECK(waltz_rack_least(&k) == 200, "%u", waltz_rack_least(&k));
	/* What is one to two minutes old is forgotten. */
	waltz_rack_min_rtt(&k, 400, now + 61000000);
	CHECK(waltz_rack_least(&k) == 200, "%u", waltz_rack_least(&k));
	waltz_rack_min_rtt(&k, 500, now + 122000000);
	CHECK(waltz_rack_least(&k) == 400, "%u", waltz_rack_least(&k));
	waltz_rack_min_rtt(&k, 600, now + 400000000);
	CHECK(waltz_rack_least(&k) == 600, "%u", waltz_rack_least(&k));
}

static void test_delivered(void)
{
	init(4);
	sack(1, due(1));
	CHECK(k.xmit_us == 1001000 && k.end_seq == seq_of(2) && k.rtt_us == RTT,
	      "the first one");
	sack(3, due(3));
	CHECK(k.xmit_us == 1003000 && k.end_seq == seq_of(4), "a later one");
	CHECK(!k.reordering_seen, "in order, with holes");
	sack(2, due(3));
	CHECK(k.xmit_us == 1003000 && k.fack == seq_of(4), "an earlier one");
	CHECK(k.reordering_seen, "is reordering");
}

/* Step 2: an ACK too soon is of the transmission before. */
static void test_ambiguous(void)
{
	struct waltz_record *rec;

	init(2);
	rec = waltz_board_first(&b);
	waltz_board_mark_lost(&b, rec);
	waltz_board_resent(&b, rec, due(0));
	waltz_rack_delivered(&k, rec, 0, due(0) + RTT - 1);
	CHECK(!k.rtt_us, "sooner than the least round trip");
	waltz_rack_delivered(&k, rec, RTT + 2000, due(0) + RTT + 500);
	CHECK(!k.rtt_us, "the echo is older");
	waltz_rack_delivered(&k, rec, RTT, due(0) + RTT + 500);
	CHECK(k.rtt_us == RTT + 500 && k.xmit_us == due(0), "this is it");
	CHECK(!k.reordering_seen, "of a retransmission nobody knows");
}

static void test_reo_wnd(void)
{
	u32 i;

	init(8);
	CHECK(waltz_rack_reo_wnd(&k, &b, false) == RTT / 4, "a quarter");
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == 0, "none in recovery");
	for (i = 1; i <= WALTZ_DUPTHRESH; i++) {
		CHECK(waltz_rack_reo_wnd(&k, &b, false) == RTT / 4, "still");
		sack(i, due(i));
	}
	CHECK(waltz_rack_reo_wnd(&k, &b, false) == 0, "three are SACKed");
	k.reordering_seen = true;
	CHECK(waltz_rack_reo_wnd(&k, &b, false) == RTT / 4, "reordering");
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == RTT / 4, "in recovery");
	for (i = 0; i < 300; i++) {
		waltz_rack_dsack(&k, seq_of(8));
		waltz_rack_una(&k, seq_of(8));
	}
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == RTT, "not above SRTT");
}

static void test_dsack_rounds(void)
{
	u32 i;

	init(8);
	k.reordering_seen = true;
	waltz_rack_dsack(&k, seq_of(8));
	waltz_rack_dsack(&k, seq_of(9));
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == RTT / 2, "once a round");
	waltz_rack_una(&k, seq_of(7));
	waltz_rack_dsack(&k, seq_of(9));
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == RTT / 2, "the same round");
	waltz_rack_una(&k, seq_of(8));
	waltz_rack_dsack(&k, seq_of(9));
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == RTT / 4 * 3, "the next");
	for (i = 0; i < 15; i++)
		waltz_rack_recovered(&k);
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == RTT / 4 * 3, "15 recoveries");
	waltz_rack_recovered(&k);
	CHECK(waltz_rack_reo_wnd(&k, &b, true) == RTT / 4, "16 recoveries");
}

static void test_detect(void)
{
	u32 again;

	init(4);
	CHECK(!waltz_rack_detect(&k, &b, false, due(9)), "nothing delivered");
	sack(2, due(2));
	again = waltz_rack_detect(&k, &b, false, due(2));
	CHECK(!lost(0) && !lost(1), "within the window");
	CHECK(again == RTT / 4, "look again after %u", again);
	/* 2 ms and 1 ms earlier than the third they were sent. */
	again = waltz_rack_detect(&k, &b, false, due(2) + RTT / 4 - 2000);
	CHECK(lost(0) && !lost(1) && again == 2000, "the first: %u", again);
	again = waltz_rack_detect(&k, &b, false, due(2) + RTT / 4);
	CHECK(lost(1) && !again, "the second");
	CHECK(!lost(3), "sent after what was delivered");
}

static void test_detect_dupthresh(void)
{
	init(5);
	sack(1, due(1));
	sack(2, due(2));
	CHECK(waltz_rack_detect(&k, &b, false, due(2)) && !lost(0), "two");
	sack(3, due(3));
	CHECK(!waltz_rack_detect(&k, &b, false, due(3)) && lost(0), "three");
	CHECK(!lost(4), "sent after");
}

/* A retransmission is judged like any other. */
static void test_detect_retransmission(void)
{
	struct waltz_record *rec;

	init(6);
	sack(1, due(1));
	sack(2, due(2));
	sack(3, due(3));
	waltz_rack_detect(&k, &b, false, due(3));
	rec = waltz_board_first(&b);
	waltz_board_resent(&b, rec, due(3));
	sack(4, due(4));
	waltz_rack_detect(&k, &b, true, due(4));
	CHECK(rec->flags & WALTZ_SEG_RETRANS, "sent after");
	/* Another sent after it comes. */
	waltz_board_append(&b, seq_of(6), seq_of(7), NULL, due(3) + 1);
	sack(6, due(3) + 1 + RTT);
	waltz_rack_detect(&k, &b, true, due(3) + 1 + RTT);
	CHECK(!(rec->flags & WALTZ_SEG_RETRANS) && lost(0), "lost again");
	CHECK(lost(5) && b.resend == 2 * LEN, "and the last one");
}

/* Sent in the same microsecond: the order of sequence decides. */
static void test_detect_same_time(void)
{
	u32 i;

	waltz_board_init(&b, ring, N);
	waltz_rack_init(&k, ISS);
	for (i = 0; i < 4; i++)
		waltz_board_append(&b, seq_of(i), seq_of(i + 1), NULL, 1000000);
	k.srtt_us = RTT;
	waltz_rack_min_rtt(&k, RTT, 1000000);
	sack(2, 1000000 + RTT);
	waltz_rack_detect(&k, &b, true, 1000000 + RTT);
	CHECK(lost(0) && lost(1) && !lost(3), "before it, not after it");
}

/* ---- 6.3 ---- */

static void test_timeout(void)
{
	init(4);
	waltz_rack_timeout(&k, &b, due(9));
	CHECK(lost(0) && lost(1) && lost(2) && lost(3), "nothing delivered");

	init(5);
	sack(1, due(1));
	/* 3 and 4 are too young. */
	waltz_rack_timeout(&k, &b, due(2) + RTT / 4);
	CHECK(lost(0) && !lost(1) && lost(2) && !lost(3) && !lost(4), "young");

	/* The first one is lost, however young. */
	init(3);
	k.rtt_us = RTT;
	waltz_rack_timeout(&k, &b, 1002000);
	CHECK(lost(0) && !lost(1) && !lost(2), "the first");
}

/* ---- 7 ---- */

static void test_pto(void)
{
	u32 pto;

	CHECK(waltz_rack_pto(RTT, 1000000, 200000, false) == 2 * RTT, "2 SRTT");
	pto = waltz_rack_pto(RTT, 1000000, 200000, true);
	CHECK(pto == 2 * RTT + 200000, "an ACK may be delayed: %u", pto);
	CHECK(waltz_rack_pto(RTT, 50000, 200000, true) == 50000, "the RTO");
	CHECK(waltz_rack_pto(0, 3000000, 200000, false) == 1000000, "no SRTT");
	CHECK(waltz_rack_pto(0xffffffff, 120000000, 0, true) == 120000000,
	      "no overflow");
}

static void test_probe_new(void)
{
	init(0);
	CHECK(waltz_rack_probe_acked(&k, 100, false, false) ==
	      WALTZ_TLP_NOTHING, "no probe");
	waltz_rack_probed(&k, 100, false);
	CHECK(waltz_rack_probe_acked(&k, 99, false, false) ==
	      WALTZ_TLP_NOTHING && k.tlp_out, "below it");
	CHECK(waltz_rack_probe_acked(&k, 100, false, false) == WALTZ_TLP_DONE &&
	      !k.tlp_out, "it came");
}

static void test_probe_again(void)
{
	init(0);
	waltz_rack_probed(&k, 100, true);
	CHECK(waltz_rack_probe_acked(&k, 100, false, false) ==
	      WALTZ_TLP_NOTHING && k.tlp_out, "one of both came");
	CHECK(waltz_rack_probe_acked(&k, 100, false, true) == WALTZ_TLP_DONE &&
	      !k.tlp_out, "and the other");

	waltz_rack_probed(&k, 100, true);
	CHECK(waltz_rack_probe_acked(&k, 100, true, false) == WALTZ_TLP_DONE,
	      "reported as a duplicate");

	waltz_rack_probed(&k, 100, true);
	waltz_rack_probe_acked(&k, 100, false, false);
	CHECK(waltz_rack_probe_acked(&k, 101, false, false) ==
	      WALTZ_TLP_REPAIRED && !k.tlp_out, "only one of them came");
}

static const struct unit_case cases[] = {
	{ "6.2 step 1: the least round trip", test_min_rtt },
	{ "6.2 steps 2, 3: what is delivered", test_delivered },
	{ "6.2 step 2: which transmission", test_ambiguous },
	{ "6.2 step 4: the reordering window", test_reo_wnd },
	{ "6.2 step 4: rounds with duplicates", test_dsack_rounds },
	{ "6.2 step 5: lost by time", test_detect },
	{ "6.2 step 5: lost by three SACKed", test_detect_dupthresh },
	{ "6.2 step 5: a retransmission is lost", test_detect_retransmission },
	{ "6.2 step 5: sent at the same time", test_detect_same_time },
	{ "6.3: timeout", test_timeout },
	{ "7.2: when to probe", test_pto },
	{ "7.4: a probe with new data", test_probe_new },
	{ "7.4: a probe with old data", test_probe_again },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
