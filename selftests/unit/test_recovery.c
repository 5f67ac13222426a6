// SPDX-License-Identifier: GPL-2.0
/*
 * recovery.c: scenarios of RFC 6675, 8985, 6582, 5682, 3522, 3708 and 2018,
 * told segment by segment; and a peer that acknowledges at random.
 */
#include "unit.h"
#include "recovery.h"
#include "seq.h"
#include "sim/sim.h"

#define MSS	1000u
#define ISS	0xfffff000u	/* wraps within the fifth segment */
#define RTT	40000u		/* microseconds */
#define RING	64u

static struct waltz_recovery r;
static struct waltz_ack_out out;
static struct waltz_record ring[RING];
static u64 now;

/* Sequence number of segment @i. */
static u32 seq_of(u32 i)
{
	return ISS + 1 + i * MSS;
}

static struct waltz_record *segment(u32 i)
{
	return waltz_board_at(&r.board,
			      waltz_board_find(&r.board, seq_of(i)));
}

static bool lost(u32 i)
{
	return segment(i)->flags & WALTZ_SEG_LOST;
}

static void check_counts(void)
{
	const char *wrong = sim_recount(&r);

	CHECK(!wrong, "%s", wrong);
}

static void start(bool sack)
{
	memset(ring, 0, sizeof(ring));
	waltz_recovery_init(&r, &waltz_reno, MSS, ISS, sack);
	waltz_board_grow(&r.board, ring, RING);
	r.cong.cwnd = 10 * MSS;
	r.cong.ssthresh = 10 * MSS;
	now = 1000000;
}

static void send(u32 n)
{
	while (n--)
		waltz_recovery_sent(&r, r.nxt, r.nxt + MSS, NULL, now++);
}

/* As many as the window allows. Return: how many. */
static u32 send_allowed(void)
{
	u32 n = 0;

	while (waltz_recovery_allows(&r, MSS) && n < 40) {
		send(1);
		n++;
	}
	return n;
}

/* Send again what is to be. Return: how many. */
static u32 resend(void)
{
	struct waltz_record *rec;
	u32 n = 0;

	while ((rec = waltz_recovery_next(&r)) &&
	       waltz_recovery_allows(&r, MSS)) {
		waltz_recovery_resent(&r, rec, now++);
		n++;
	}
	return n;
}

static void take(struct waltz_ack_in *in)
{
	void *data;

	in->now_us = now;
	in->srtt_us = RTT;
	waltz_recovery_ack(&r, in, &out);
	while (waltz_recovery_pop(&r, &data))
		;
	check_counts();
}

/* An ACK up to segment @i, without blocks. */
static void ack(u32 i)
{
	struct waltz_ack_in in = {
		.ack = seq_of(i),
		.dup = seq_of(i) == r.una && r.una != r.nxt,
	};

	take(&in);
}

static void ack_bytes(u32 seq)
{
	struct waltz_ack_in in = { .ack = seq };

	take(&in);
}

static void ack_echo(u32 i, u64 echo_us)
{
	struct waltz_ack_in in = {
		.ack = seq_of(i),
		.ts_rtt_us = (u32)(now - echo_us) ? (u32)(now - echo_us) : 1,
	};

	take(&in);
}

/* ... with one block, of the segments from @s to before @e. */
static void sack(u32 i, u32 s, u32 e)
{
	struct waltz_sack block = { seq_of(s), seq_of(e) };
	struct waltz_ack_in in = {
		.ack = seq_of(i),
		.sack = &block,
		.nsack = 1,
		.dup = seq_of(i) == r.una && r.una != r.nxt,
	};

	take(&in);
}

/* ... with a block of the segments from @s to before @e, which came twice. */
static void sack_twice(u32 i, u32 s, u32 e)
{
	struct waltz_sack blocks[] = {
		{ seq_of(s), seq_of(e) }, { seq_of(s), seq_of(e) },
	};
	struct waltz_ack_in in = {
		.ack = seq_of(i),
		.sack = blocks,
		.nsack = 2,
	};

	take(&in);
}

/* Ten are sent, the first is lost, three others are SACKed. */
static void lose_first(void)
{
	start(true);
	send(10);
	now += RTT;
	sack(0, 1, 2);
	sack(0, 1, 3);
	sack(0, 1, 4);
}

/* Ten are sent; the first and @i are lost, the others SACKed. */
static void lose_first_and(u32 i)
{
	struct waltz_sack blocks[] = {
		{ seq_of(i + 1), seq_of(10) }, { seq_of(1), seq_of(i) },
	};
	struct waltz_ack_in in = {
		.ack = seq_of(0), .sack = blocks, .nsack = 2,
	};

	start(true);
	send(10);
	now += RTT;
	take(&in);
}

/* Ten are sent, and none is acknowledged in time. */
static void time_out(bool sack_ok)
{
	start(sack_ok);
	send(10);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
}

/* ---- fast recovery ---- */

static void test_in_order(void)
{
	start(true);
	r.cong.cwnd = MSS;
	CHECK(waltz_recovery_allows(&r, 2 * MSS), "one, however large");
	r.cong.cwnd = 10 * MSS;
	send(10);
	CHECK(!waltz_recovery_allows(&r, 1), "the window is used up");
	now += RTT;
	ack(2);
	CHECK(out.acked == 2 * MSS && out.delivered == 2 * MSS, "two");
	CHECK(out.rtt_us >= RTT && out.rtt_us < RTT + 10, "%u", out.rtt_us);
	CHECK(r.state == WALTZ_CA_OPEN && !out.lost && !out.reorder_us, "open");
	CHECK(send_allowed() == 2, "two more");
	CHECK(!waltz_recovery_allows(&r, 1), "no more");
	CHECK(waltz_recovery_pipe(&r) == 10 * MSS, "pipe");
}

static void test_fast_retransmit(void)
{
	u32 cwnd;

	start(true);
	cwnd = r.cong.cwnd;
	send(10);
	now += RTT;
	sack(0, 1, 2);
	CHECK(r.state == WALTZ_CA_DISORDER && out.sacked == MSS, "one");
	CHECK(out.reorder_us, "it may only be late");
	CHECK(send_allowed() == 1, "RFC 3042");
	sack(0, 1, 3);
	CHECK(send_allowed() == 1, "RFC 3042, again");
	CHECK(!waltz_recovery_next(&r), "not lost yet");
	sack(0, 1, 4);
	CHECK(out.began && out.lost == MSS && r.state == WALTZ_CA_RECOVERY,
	      "the third");
	CHECK(r.cong.ssthresh < cwnd && r.cong.ssthresh >= cwnd / 2,
	      "reduced: %u", r.cong.ssthresh);
	CHECK(waltz_recovery_pipe(&r) == 8 * MSS, "12 - 3 SACKed - 1 lost: %u",
	      waltz_recovery_pipe(&r));
	CHECK(waltz_recovery_next(&r) == segment(0), "the first");
	CHECK(resend() == 1, "is sent again at once");
	CHECK(waltz_recovery_pipe(&r) == 9 * MSS, "and is on its way");
}

static void test_recovery_ends(void)
{
	u32 i, sent = 0;

	lose_first();
	CHECK(resend() == 1, "the first");
	for (i = 5; i <= 10; i++) {
		sack(0, 1, i);
		sent += send_allowed();
	}
	/* Ten were on their way, half of them shall be. */
	CHECK(waltz_recovery_pipe(&r) == r.cong.ssthresh, "%u, not %u",
	      waltz_recovery_pipe(&r), r.cong.ssthresh);
	CHECK(sent >= 3 && sent <= 5, "RFC 9937 spreads it: %u", sent);
	CHECK(r.prr.out == (1 + sent) * MSS, "both kinds count");
	now += RTT;
	ack(10);
	CHECK(out.ended && !out.spurious && r.state == WALTZ_CA_OPEN, "over");
	CHECK(r.cong.cwnd >= r.cong.ssthresh &&
	      r.cong.cwnd <= r.cong.ssthresh + MSS, "cwnd %u", r.cong.cwnd);
	CHECK(!out.rtt_us, "Karn");
}

/* RFC 6675: holes are repaired in order of sequence, lost ones only. */
static void test_holes(void)
{
	struct waltz_sack blocks[] = {
		{ seq_of(6), seq_of(10) }, { seq_of(2), seq_of(4) },
		{ seq_of(1), seq_of(2) },
	};
	struct waltz_ack_in in = {
		.ack = seq_of(0), .sack = blocks, .nsack = 3,
	};

	start(true);
	send(10);
	now += RTT;
	take(&in);
	CHECK(out.sacked == 7 * MSS && out.lost == 3 * MSS && out.began,
	      "0, 4 and 5 are lost");
	CHECK(!r.rack.reordering_seen, "blocks are looked at in order");
	CHECK(waltz_recovery_next(&r) == segment(0), "first 0");
	waltz_recovery_resent(&r, segment(0), now);
	CHECK(waltz_recovery_next(&r) == segment(4), "then 4");
	waltz_recovery_resent(&r, segment(4), now);
	CHECK(waltz_recovery_next(&r) == segment(5), "then 5");
	waltz_recovery_resent(&r, segment(5), now);
	CHECK(!waltz_recovery_next(&r), "no more");
	now += RTT;
	ack(4);
	CHECK(r.state == WALTZ_CA_RECOVERY && out.acked == 4 * MSS &&
	      out.delivered == MSS, "partial");
	ack(10);
	CHECK(out.ended, "over");
}

/* A block that covers a record in part does not make it SACKED. */
static void test_part_of_record(void)
{
	struct waltz_sack block = { seq_of(1) + 1, seq_of(4) - 1 };
	struct waltz_ack_in in = {
		.ack = seq_of(0), .sack = &block, .nsack = 1,
	};

	start(true);
	send(10);
	now += RTT;
	take(&in);
	CHECK(out.sacked == MSS && segment(2)->flags == WALTZ_SEG_SACKED &&
	      !segment(1)->flags && !segment(3)->flags, "only the whole one");
}

static void test_lost_retransmission(void)
{
	u32 ssthresh;

	lose_first();
	ssthresh = r.cong.ssthresh;
	resend();
	send(1);
	now += RTT;
	/* What was sent after the retransmission comes, it does not. */
	sack(0, 1, 11);
	CHECK(out.lost >= MSS && waltz_recovery_next(&r) == segment(0),
	      "lost again: %u", out.lost);
	CHECK(out.reduced && r.cong.ssthresh < ssthresh, "RFC 5681 4.3: reduced again");
	ssthresh = r.cong.ssthresh;
	sack(0, 1, 11);
	CHECK(!out.reduced && r.cong.ssthresh == ssthresh, "once");
	CHECK(resend() && !waltz_recovery_next(&r), "and sent again");
	now += RTT;
	ack(11);
	CHECK(out.ended && !out.spurious && r.state == WALTZ_CA_OPEN, "over");
	CHECK(r.cong.cwnd >= ssthresh && r.cong.cwnd <= ssthresh + MSS,
	      "%u, not %u", r.cong.cwnd, ssthresh);
}

/* Two retransmissions of one round trip tell of one congestion. */
static void test_lost_retransmissions(void)
{
	u32 ssthresh;

	lose_first_and(2);
	CHECK(out.lost == 2 * MSS && resend() == 2, "0 and 2 are lost, and sent again");
	send(2);
	now += RTT;
	sack(0, 10, 11);
	CHECK(out.lost == 2 * MSS && out.reduced, "both again");
	ssthresh = r.cong.ssthresh;
	sack(0, 10, 12);
	CHECK(!out.reduced && r.cong.ssthresh == ssthresh, "reduced once");
	CHECK(r.state == WALTZ_CA_RECOVERY, "it goes on");
}

static void test_lost_after_timeout(void)
{
	u32 ssthresh;

	time_out(true);
	ssthresh = r.cong.ssthresh;
	CHECK(resend() == 1, "the first");
	now += RTT;
	ack(1);
	CHECK(resend() == 2 && r.state == WALTZ_CA_LOSS, "slow start");
	now += RTT;
	sack(1, 2, 3);
	now += RTT;
	sack(1, 2, 3);
	resend();
	now += RTT;
	sack(1, 3, 4);
	CHECK(r.state == WALTZ_CA_LOSS && out.reduced && r.cong.ssthresh < ssthresh,
	      "sent again after a time-out, and lost: %u, before %u", r.cong.ssthresh,
	      ssthresh);
}

/* RFC 5681 4.3: what was sent in a recovery, and is known to be lost before it ends. */
static void test_second_window(void)
{
	u32 ssthresh;

	lose_first_and(5);
	ssthresh = r.cong.ssthresh;
	CHECK(out.lost == 2 * MSS, "0 and 5 are lost");
	waltz_recovery_resent(&r, segment(0), now++);
	send(6);
	now += RTT / 2;
	waltz_recovery_resent(&r, segment(5), now++);
	now += RTT / 2;
	/* The second one is on its way yet. 10 is lost, what follows comes. */
	sack(5, 11, 16);
	CHECK(lost(10) && !lost(11) && r.state == WALTZ_CA_RECOVERY &&
	      r.cong.ssthresh == ssthresh, "that does not matter yet");
	CHECK(resend() == 1, "it is sent again");
	now += RTT / 2;
	sack(10, 11, 16);
	CHECK(out.ended && out.began && out.reduced, "a recovery ends, and another begins");
	CHECK(r.state == WALTZ_CA_RECOVERY && r.cong.ssthresh < ssthresh,
	      "the window is reduced twice: %u", r.cong.ssthresh);
	CHECK(!r.may_undo, "and stays so");
	now += RTT;
	ack(16);
	CHECK(out.ended && !out.began && r.state == WALTZ_CA_OPEN, "over");
}

/* PRR's window is as small as what is on its way; what is reduced is another one. */
static void test_lost_after_burst(void)
{
	start(true);
	r.cong.cwnd = 50 * MSS;
	send(50);
	now += RTT;
	sack(0, 45, 50);
	CHECK(out.lost == 45 * MSS && r.cong.ssthresh == 25 * MSS, "a burst: %u",
	      r.cong.ssthresh);
	waltz_recovery_resent(&r, segment(0), now++);
	send(1);
	now += RTT;
	sack(0, 50, 51);
	CHECK(out.reduced && r.cong.ssthresh / MSS == 12, "half of the half: %u",
	      r.cong.ssthresh);
}

/* What is too large for the path now, or was refused, is lost, but not to congestion. */
static void test_lost_without_congestion(bool refused)
{
	u32 ssthresh;

	lose_first();
	ssthresh = r.cong.ssthresh;
	resend();
	send(2);
	if (refused)
		waltz_recovery_refused(&r);
	else
		waltz_recovery_mtu(&r, MSS / 2);
	CHECK(r.board.lost > MSS, "lost");
	now += RTT;
	ack(10);
	CHECK(!out.began && !out.reduced && r.cong.ssthresh == ssthresh,
	      "no other reduction: %u, before %u", r.cong.ssthresh, ssthresh);
	now += RTT;
	ack(12);
	CHECK(out.ended && !out.began && r.state == WALTZ_CA_OPEN, "over");
}

static void test_lost_for_other_reasons(void)
{
	test_lost_without_congestion(false);
	test_lost_without_congestion(true);
}

/* RFC 5681 3.1: the second expiry leaves ssthresh alone, and so does what comes then. */
static void test_timeout_twice(bool sack_ok)
{
	struct waltz_ack_in in = { .can_send_new = true };
	u32 ssthresh;

	time_out(sack_ok);
	ssthresh = r.cong.ssthresh;
	resend();
	now += 2000000;
	waltz_recovery_timeout(&r, false, now);
	resend();
	now += RTT;
	in.ack = seq_of(1);
	take(&in);
	CHECK(!out.reduced && r.cong.ssthresh == ssthresh, "%u, before %u",
	      r.cong.ssthresh, ssthresh);
	CHECK(!waltz_recovery_next(&r), "RFC 5682: new data first");
}

static void test_timeout_ssthresh(void)
{
	test_timeout_twice(true);
	test_timeout_twice(false);
}

/* RFC 8985 3.4 */
static void test_example(void)
{
	start(true);
	send(4);				/* 1: P1 to P3 are dropped */
	now += RTT;
	ack(1);					/* 2 */
	CHECK(waltz_recovery_probe_after(&r, RTT, 1000000, 0) == 2 * RTT,
	      "3a: in two round trips");
	now += 2 * RTT;
	CHECK(waltz_recovery_probe(&r, false) == WALTZ_PROBE_LAST, "3a");
	waltz_recovery_probe_sent(&r, true, now);
	CHECK(!waltz_recovery_probe_after(&r, RTT, 1000000, 0), "one probe");
	now += RTT + 10;
	sack(1, 3, 4);				/* 4, 5a */
	CHECK(lost(1) && lost(2) && out.began, "5b");
	r.cong.cwnd = 10 * MSS;			/* it leaves out RFC 9937 */
	CHECK(resend() == 2, "5c: P1 is dropped");
	now += RTT + 10;
	sack(1, 2, 4);				/* 6 */
	CHECK(out.lost == MSS && lost(1), "7a");
	r.cong.cwnd = 10 * MSS;
	CHECK(resend() == 1, "7b");
	now += RTT;
	ack(4);					/* 8 */
	CHECK(out.ended && r.una == r.nxt, "all is there");
}

/* Two SACKed do not make a loss, but time does. */
static void test_reorder_timer(void)
{
	u32 wait;

	start(true);
	send(3);
	now += RTT;
	waltz_rack_min_rtt(&r.rack, RTT, now);
	sack(0, 1, 3);
	wait = out.reorder_us;
	CHECK(wait >= RTT / 4 && wait <= RTT / 4 + 5, "%u", wait);
	now += wait / 2;
	CHECK(waltz_recovery_reorder(&r, now) && r.state == WALTZ_CA_DISORDER,
	      "too early");
	now += wait / 2 + 1;
	CHECK(!waltz_recovery_reorder(&r, now) &&
	      r.state == WALTZ_CA_RECOVERY, "it is late");
	CHECK(r.cong.cwnd < 10 * MSS, "RFC 9937: cwnd %u", r.cong.cwnd);
	CHECK(resend() == 1, "sent again at once");
	check_counts();
}

static void test_late(void)
{
	start(true);
	send(3);
	now += RTT;
	sack(0, 1, 3);
	CHECK(out.reorder_us, "late");
	ack(3);
	CHECK(!out.reorder_us && r.state == WALTZ_CA_OPEN &&
	      r.rack.reordering_seen, "but not lost");
}

/* ---- without SACK ---- */

static void test_newreno(void)
{
	start(false);
	send(10);
	now += RTT;
	ack(0);
	CHECK(r.state == WALTZ_CA_DISORDER && send_allowed() == 1, "RFC 3042");
	ack(0);
	CHECK(!out.began && send_allowed() == 1, "RFC 3042, again");
	ack(0);
	CHECK(out.began && out.lost == MSS && resend() == 1, "the third");
	CHECK(!waltz_recovery_next(&r), "one only");
	now += RTT;
	ack(4);
	CHECK(r.state == WALTZ_CA_RECOVERY && out.lost == MSS &&
	      waltz_recovery_next(&r) == segment(4), "RFC 6582: partial");
	CHECK(waltz_recovery_pipe(&r) == 7 * MSS, "8, and one lost: %u",
	      waltz_recovery_pipe(&r));
	CHECK(resend() == 1, "sent again");
	ack(4);
	CHECK(!out.lost, "one that is on its way is not lost");
	ack_bytes(seq_of(4) + 300);
	CHECK(!out.lost && out.acked == 300, "nor when a part of it comes");
	now += RTT;
	ack(12);
	CHECK(out.ended && r.state == WALTZ_CA_OPEN, "over");
}

/* RFC 6582 3.2, step 1: what was sent needlessly draws duplicate ACKs. */
static void test_newreno_again(void)
{
	u32 i;

	start(false);
	send(10);
	for (i = 0; i < 3; i++)
		ack(0);
	resend();
	ack(10);
	CHECK(out.ended, "over");
	send(4);
	for (i = 0; i < 4; i++)
		ack(10);
	CHECK(r.state != WALTZ_CA_RECOVERY, "not for the same window");
	now += RTT;
	ack(11);
	for (i = 0; i < 3; i++)
		ack(11);
	CHECK(r.state == WALTZ_CA_RECOVERY, "for the next one");
}

/* ... however far the sequence numbers have gone since the last loss. */
static void test_newreno_far(void)
{
	u32 i;

	start(false);
	for (i = 0; i < 3; i++) {
		waltz_recovery_sent(&r, r.nxt, r.nxt + 0x30000000, NULL, now);
		now += RTT;
		ack_bytes(r.nxt);
	}
	waltz_recovery_sent(&r, r.nxt, r.nxt + MSS, NULL, now);
	waltz_recovery_sent(&r, r.nxt, r.nxt + MSS, NULL, now);
	for (i = 0; i < 3; i++) {
		struct waltz_ack_in in = { .ack = r.una, .dup = true };

		take(&in);
	}
	CHECK(out.began, "fast retransmit");
}

static void test_newreno_pipe(void)
{
	u32 i;

	start(false);
	send(4);
	for (i = 0; i < 100; i++)
		ack(0);
	CHECK(waltz_recovery_pipe(&r) == 0, "no more than there are: %u",
	      waltz_recovery_pipe(&r));
	resend();
	CHECK(waltz_recovery_pipe(&r) == MSS, "the retransmission");

	/* After a timeout they tell of what was sent again needlessly. */
	start(false);
	send(8);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	resend();
	ack(4);
	resend();
	r.cong.cwnd = 20 * MSS;
	resend();
	send(3);
	i = waltz_recovery_pipe(&r);
	CHECK(i > 3 * MSS, "something is on its way");
	ack(4);
	ack(4);
	CHECK(waltz_recovery_pipe(&r) == i, "still");
}

/* ---- timeouts ---- */

static void test_timeout(void)
{
	time_out(true);
	check_counts();
	CHECK(r.state == WALTZ_CA_LOSS && r.board.lost == 10 * MSS, "all lost");
	CHECK(r.cong.cwnd == MSS && r.cong.ssthresh < 10 * MSS, "cwnd %u",
	      r.cong.cwnd);
	CHECK(waltz_recovery_next(&r) == segment(0) && resend() == 1, "one");
	now += RTT;
	ack(1);
	CHECK(r.state == WALTZ_CA_LOSS && resend() == 2, "slow start");
	now += RTT;
	ack(3);
	CHECK(resend() >= 2, "and on");
	now += RTT;
	ack(10);
	CHECK(out.ended && r.state == WALTZ_CA_OPEN && !out.spurious, "over");
}

static void test_timeout_young(void)
{
	start(true);
	send(2);
	now += RTT;
	ack(1);
	now += 1000000;
	send(5);
	now += 10;
	waltz_recovery_timeout(&r, true, now);
	CHECK(r.board.lost == MSS && waltz_recovery_pipe(&r) == 5 * MSS,
	      "five have not had their time");
	CHECK(resend() == 1, "the first goes nevertheless");
	check_counts();
}

/* A full segment with a FIN is longer by one than the room that is made. */
static void test_timeout_fin(void)
{
	start(true);
	send(2);
	now += RTT;
	ack(2);
	waltz_recovery_sent(&r, r.nxt, r.nxt + MSS + 1, NULL, now);
	now += 1000000;
	send(1);
	waltz_recovery_timeout(&r, true, now);
	CHECK(waltz_recovery_pipe(&r) == MSS, "one is young");
	CHECK(waltz_recovery_next(&r) == waltz_board_first(&r.board) &&
	      waltz_recovery_allows(&r, MSS + 1), "it may go");
}

static void test_timeout_again(void)
{
	u32 ssthresh;

	time_out(true);
	ssthresh = r.cong.ssthresh;
	resend();
	now += 2000000;
	waltz_recovery_timeout(&r, false, now);
	CHECK(waltz_recovery_next(&r) == segment(0) && resend() == 1, "again");
	CHECK(r.cong.ssthresh == ssthresh, "RFC 5681 3.1");
	check_counts();
}

/* In fast recovery: the losses are true, so nothing is tried out or undone. */
static void test_timeout_in_recovery(void)
{
	struct waltz_ack_in in = { .ack = seq_of(1), .can_send_new = true };
	u32 cwnd;

	lose_first();
	resend();
	cwnd = r.cong.cwnd;
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	check_counts();
	CHECK(r.cong.ssthresh < cwnd && r.cong.ssthresh < 5 * MSS,
	      "what is SACKed fills no pipe: %u", r.cong.ssthresh);
	CHECK(resend() == 1, "the first, again");
	now += RTT;
	in.ts_rtt_us = 500000;
	take(&in);
	CHECK(!out.spurious && r.state == WALTZ_CA_LOSS, "not undone");
	CHECK(waltz_recovery_next(&r) == segment(4), "no new data before");
}

/* RFC 2018 section 8 */
static void test_renege(void)
{
	start(true);
	send(6);
	now += RTT;
	sack(0, 2, 6);
	resend();
	now += RTT;
	ack(2);
	CHECK(segment(2)->flags & WALTZ_SEG_SACKED, "SACKed before");
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	CHECK(!r.board.sacked && r.board.lost == 4 * MSS, "all forgotten");
	CHECK(waltz_recovery_next(&r) == segment(2), "and sent again");
	check_counts();
}

/* ---- needless recoveries ---- */

static void test_eifel_timeout(void)
{
	u64 sent;
	u32 cwnd;

	start(true);
	cwnd = r.cong.cwnd;
	sent = now;
	send(10);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	resend();
	now += RTT;
	ack_echo(1, sent);
	CHECK(out.spurious && out.ended && r.state == WALTZ_CA_OPEN, "RFC 3522");
	CHECK(r.cong.cwnd >= cwnd && !r.board.lost, "undone");
	CHECK(!waltz_recovery_next(&r), "nothing to send again");
	CHECK(waltz_board_oldest(&r.board) == segment(1), "all on their way");
}

static void test_eifel_true_timeout(void)
{
	struct waltz_ack_in in = { .ack = seq_of(1), .can_send_new = true };

	time_out(true);
	resend();
	now += RTT;
	in.ts_rtt_us = RTT;
	take(&in);
	CHECK(!out.spurious && waltz_recovery_next(&r), "a true loss");
	/* Later ones tell nothing. */
	ack_echo(2, 1000000);
	CHECK(!out.spurious, "not any more");
}

/* The first of two retransmissions came. */
static void test_eifel_second(void)
{
	u64 resent;

	time_out(true);
	resent = now;
	resend();
	now += 2000000;
	waltz_recovery_timeout(&r, false, now);
	resend();
	now += 5000;
	ack_echo(1, resent);
	CHECK(!out.spurious, "the first timeout was right");
}

static void test_eifel_fast(void)
{
	u64 sent = 1000000;
	u32 cwnd;

	lose_first();
	cwnd = 10 * MSS;
	now += 2000;
	resend();
	now += 2000;
	ack_echo(4, sent);
	CHECK(out.spurious && r.cong.cwnd >= cwnd, "it was only late");
	CHECK(r.rack.reordering_seen, "that is reordering");
	CHECK(r.state == WALTZ_CA_OPEN, "and no loss");
}

static void test_frto(bool sack_ok, bool spurious)
{
	struct waltz_ack_in in = { .can_send_new = true };
	u32 cwnd;

	start(sack_ok);
	cwnd = r.cong.cwnd;
	send(10);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	resend();
	now += RTT;
	in.ack = seq_of(1);
	take(&in);
	CHECK(!out.spurious && !waltz_recovery_next(&r), "new data first");
	CHECK(send_allowed() == 2, "two segments");
	now += 100;
	if (spurious) {
		in.ack = seq_of(2);
		take(&in);
		CHECK(out.spurious && r.state == WALTZ_CA_OPEN &&
		      r.cong.cwnd >= cwnd, "the next one came: RFC 5682");
		return;
	}
	if (sack_ok)
		sack(1, 10, 11);
	else
		ack(1);
	CHECK(!out.spurious && r.state == WALTZ_CA_LOSS, "it did not");
	CHECK(waltz_recovery_next(&r) == segment(1), "so it is sent again");
}

static void test_frto_all(void)
{
	struct waltz_ack_in in = { .ack = seq_of(1), .can_send_new = true };

	/* A duplicate ACK before tells nothing. */
	time_out(true);
	resend();
	sack(0, 8, 9);
	take(&in);
	CHECK(!waltz_recovery_next(&r), "new data first");
	/* Without SACK it tells that the loss was true: RFC 5682 2.1 (2a). */
	time_out(false);
	resend();
	ack(0);
	take(&in);
	CHECK(waltz_recovery_next(&r), "old data first");

	test_frto(true, true);
	test_frto(true, false);
	test_frto(false, true);
	test_frto(false, false);
}

static void test_frto_no_data(void)
{
	time_out(true);
	resend();
	now += RTT;
	ack(1);
	CHECK(waltz_recovery_next(&r) == segment(1), "nothing new to send");
	resend();
	ack(2);
	CHECK(!out.spurious, "no proof");
}

/* There is some, but Nagle or the peer's window does not let it go. */
static void test_frto_not_now(void)
{
	struct waltz_ack_in in = { .can_send_new = true };

	start(true);
	CHECK(!waltz_recovery_no_new(&r), "nothing is decided");
	send(10);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	resend();
	now += RTT;
	in.ack = seq_of(1);
	take(&in);
	CHECK(!waltz_recovery_next(&r), "new data first");
	CHECK(waltz_recovery_no_new(&r), "which does not go");
	CHECK(waltz_recovery_next(&r) == segment(1), "so it is sent again");
	CHECK(!waltz_recovery_no_new(&r), "that is that");

	time_out(true);
	resend();
	now += RTT;
	take(&in);
	send(1);
	CHECK(!waltz_recovery_no_new(&r) && !waltz_recovery_next(&r),
	      "one is enough to tell");
}

/* RFC 3708: the duplicate is reported when the recovery is over. */
static void test_dsack_undo(void)
{
	lose_first();
	resend();
	now += 1000;
	ack(10);
	CHECK(out.ended && r.cong.cwnd >= r.cong.ssthresh &&
	      r.cong.cwnd <= r.cong.ssthresh + MSS, "over, and reduced");
	now += RTT;
	sack(10, 0, 1);
	CHECK(out.dsack && out.spurious && r.cong.cwnd >= 10 * MSS, "undone");
	CHECK(r.rack.mult == 2, "RFC 8985: a larger window");
	sack(10, 0, 1);
	CHECK(!out.spurious, "once");
}

/* What is sent later is doubled by others. */
static void test_dsack_late(void)
{
	lose_first();
	resend();
	now += RTT;
	ack(10);
	send(4);
	now += RTT;
	sack(14, 13, 14);
	CHECK(out.dsack && !out.spurious, "not of the recovery");
	sack(14, 0, 1);
	CHECK(!out.spurious, "that is long over");

	/* Neither of what was sent before it, nor after it. */
	start(true);
	send(8);
	now += RTT;
	ack(4);
	sack(4, 5, 8);
	resend();
	sack(4, 0, 1);
	CHECK(out.dsack && !out.spurious, "before");
	now += RTT;
	ack(8);
	send(4);
	now += RTT;
	sack_twice(8, 9, 10);
	CHECK(out.dsack && !out.spurious, "after");
	sack(8, 4, 5);
	CHECK(out.spurious, "this is it");
}

/* A peer must not have us mark and unmark for ever. */
static void test_dsack_once(void)
{
	u32 i, undone = 0;

	start(true);
	send(20);
	now += RTT;
	sack(0, 10, 20);
	for (i = 0; i < 8; i++) {
		CHECK(r.state == WALTZ_CA_RECOVERY, "lost again at once");
		waltz_recovery_resent(&r, waltz_recovery_next(&r), now++);
		now += RTT;
		sack_twice(0, 10, 20);
		undone += out.spurious;
	}
	CHECK(undone == 1, "%u times", undone);
	ack(20);
	send(10);
	now += RTT;
	ack(30);
	CHECK(r.state == WALTZ_CA_OPEN, "open");
	send(10);
	now += RTT;
	sack(30, 31, 40);
	now += 2 * RTT;
	waltz_recovery_reorder(&r, now);
	resend();
	now += RTT;
	sack_twice(30, 31, 40);
	CHECK(out.spurious, "the next window");
}

static void test_dsack_part(void)
{
	lose_first();
	resend();
	now += RTT;
	sack(0, 1, 5);
	sack(5, 6, 10);			/* 5 is lost, too */
	resend();
	now += RTT;
	ack(10);
	CHECK(out.ended, "over");
	sack(10, 0, 1);
	CHECK(!out.spurious, "one of two was needless");
	sack(10, 5, 6);
	CHECK(out.spurious, "both were");
}

/* ---- probes ---- */

static void test_probe_repairs(void)
{
	start(true);
	send(4);
	now += RTT;
	ack(3);
	now += 2 * RTT;
	CHECK(waltz_recovery_probe(&r, false) == WALTZ_PROBE_LAST, "the last");
	waltz_recovery_probe_sent(&r, true, now);
	check_counts();
	CHECK(waltz_recovery_probe(&r, false) == WALTZ_PROBE_NONE, "once");
	now += RTT;
	ack(4);
	CHECK(!out.reduced, "who knows which of them came");
	send(1);
	now += RTT;
	ack(5);
	CHECK(out.reduced && r.cong.cwnd < 10 * MSS, "only one: RFC 8985 7.4");
}

static void test_probe_needless(void)
{
	start(true);
	send(4);
	now += RTT;
	ack(3);
	now += 2 * RTT;
	waltz_recovery_probe_sent(&r, true, now);
	ack(4);
	sack(4, 3, 4);
	CHECK(out.dsack && r.rack.mult == 1, "no sign of reordering");
	send(1);
	now += RTT;
	ack(5);
	CHECK(!out.reduced && r.cong.cwnd >= 10 * MSS, "no loss");
}

static void test_probe_and_timeout(void)
{
	start(true);
	send(4);
	now += 2 * RTT;
	waltz_recovery_probe_sent(&r, true, now);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	resend();
	now += RTT;
	ack(4);
	send(1);
	now += RTT;
	ack(5);
	CHECK(!out.reduced, "not for the same loss");
}

static void test_probe_when(void)
{
	start(true);
	CHECK(!waltz_recovery_probe_after(&r, RTT, 1000000, 0), "of nothing");
	send(1);
	CHECK(waltz_recovery_probe_after(&r, RTT, 1000000, 50000) ==
	      2 * RTT + 50000, "one: its ACK may be delayed");
	send(1);
	CHECK(waltz_recovery_probe_after(&r, RTT, 1000000, 50000) == 2 * RTT,
	      "two");
	CHECK(waltz_recovery_probe(&r, true) == WALTZ_PROBE_NEW, "new data");
	send(1);
	waltz_recovery_probe_sent(&r, false, now);
	CHECK(!waltz_recovery_probe_after(&r, RTT, 1000000, 0), "one probe");
	now += RTT;
	ack(3);
	send(3);
	CHECK(waltz_recovery_probe_after(&r, RTT, 1000000, 0), "the next");
	now += RTT;
	sack(3, 4, 5);
	CHECK(!waltz_recovery_probe_after(&r, RTT, 1000000, 0),
	      "not with anything SACKed");
	start(false);
	send(3);
	CHECK(!waltz_recovery_probe_after(&r, RTT, 1000000, 0), "not for all");
}

/* ---- other things ---- */

/* An ACK up to segment @i that echoes a mark. */
static void ack_ece(u32 i)
{
	struct waltz_ack_in in = { .ack = seq_of(i), .ece = true };

	take(&in);
}

static void test_ece(void)
{
	u32 cwnd;

	start(true);
	send(10);
	now += RTT;
	ack_ece(1);
	CHECK(out.reduced && out.echoed && r.state == WALTZ_CA_CWR, "RFC 3168");
	cwnd = r.cong.cwnd;
	CHECK(cwnd == 5 * MSS, "%u", cwnd);
	ack_ece(2);
	CHECK(!out.reduced && r.cong.cwnd == cwnd, "once a window");
	/* A loss in the same window is no reason to reduce again. */
	sack(2, 3, 6);
	CHECK(out.began && !out.reduced && r.cong.ssthresh == cwnd, "%u",
	      r.cong.ssthresh);
	resend();
	now += RTT;
	ack(10);
	CHECK(r.state == WALTZ_CA_OPEN, "over");
	CHECK(r.delivered_ce == 2, "%u", r.delivered_ce);
}

/* All of the window echoes, and goes on until it hears of the reduction. */
static void test_ece_once(void)
{
	u32 cwnd, i;

	start(true);
	send(10);
	now += RTT;
	ack_ece(1);
	cwnd = r.cong.cwnd;
	for (i = 2; i <= 10; i++) {
		ack_ece(i);
		CHECK(!out.reduced, "segment %u", i);
	}
	ack_ece(10);
	CHECK(!out.reduced && r.cong.cwnd >= cwnd, "nothing new was sent");
	send(5);
	ack_ece(10);
	CHECK(!out.reduced, "nor has arrived");
	now += RTT;
	ack_ece(11);
	CHECK(out.echoed, "another window");
	/* Both at once: what ends the one window, and a mark of the next. */
	ack(15);
	send(2);
	now += RTT;
	ack_ece(16);
	CHECK(out.echoed && r.state == WALTZ_CA_CWR, "and another");
	send(2);
	now += RTT;
	ack_ece(19);
	CHECK(out.echoed, "that ends with one");
}

static void test_ece_after_loss(void)
{
	u32 ssthresh;

	start(true);
	send(10);
	now += RTT;
	sack(0, 1, 5);
	CHECK(out.began && out.reduced, "a loss");
	ssthresh = r.cong.ssthresh;
	resend();
	ack_ece(1);
	CHECK(!out.reduced && r.cong.ssthresh == ssthresh, "is the reason");
	now += RTT;
	ack_ece(10);
	CHECK(out.ended && !out.reduced, "recovered");
	ack_ece(10);
	CHECK(!out.reduced && r.cong.ssthresh == ssthresh,
	      "the peer knows nothing of it yet");

	time_out(true);
	ssthresh = r.cong.ssthresh;
	resend();
	now += RTT;
	ack_ece(1);
	CHECK(!out.reduced && r.cong.ssthresh == ssthresh, "a timeout");
}

/* What an echo confirms is not undone, though nothing was lost. */
static void test_ece_keeps(void)
{
	struct waltz_sack dup;
	struct waltz_ack_in in = { .sack = &dup, .nsack = 1 };
	u32 cwnd, ece;

	for (ece = 0; ece < 2; ece++) {
		start(true);
		send(10);
		now += RTT;
		sack(0, 1, 5);
		resend();
		now += RTT;
		if (ece)
			ack_ece(10);
		else
			ack(10);
		CHECK(out.ended, "recovered");
		cwnd = r.cong.cwnd;
		dup = (struct waltz_sack){ seq_of(0), seq_of(1) };
		in.ack = seq_of(10);
		take(&in);
		CHECK(out.spurious && out.restored == !ece, "ECE %u", ece);
		CHECK(ece ? r.cong.cwnd == cwnd : r.cong.cwnd > cwnd, "cwnd %u",
		      r.cong.cwnd);
	}
}

/* RFC 3168 6.1.2: from two segments to one, and from one to the timer. */
static void test_ece_held(void)
{
	u32 i;

	start(true);
	r.cong.cwnd = 3 * MSS;
	r.cong.ssthresh = 2 * MSS;
	send(3);
	now += RTT;
	for (i = 1; i <= 3; i++)
		ack_ece(i);
	CHECK(r.cong.cwnd == 2 * MSS && !r.held, "two: %u", r.cong.cwnd);
	CHECK(send_allowed() == 2, "are sent");
	now += RTT;
	ack_ece(5);
	CHECK(out.echoed && r.cong.cwnd == MSS && !out.held, "one");
	CHECK(send_allowed() == 1, "is sent");
	now += RTT;
	ack_ece(6);
	CHECK(out.echoed && out.held && r.cong.cwnd == MSS, "none");
	CHECK(!waltz_recovery_allows(&r, MSS), "is sent");
	ack_ece(6);
	CHECK(!out.held && r.held, "said once");
	CHECK(waltz_recovery_release(&r), "the timer expires");
	CHECK(!waltz_recovery_release(&r), "once");
	CHECK(send_allowed() == 1, "one is sent");
	now += RTT;
	ack(7);
	CHECK(send_allowed() == 2, "without echo it grows");

	/* Small ones are outstanding: it is their timer, too. */
	start(true);
	r.cong.cwnd = MSS;
	waltz_recovery_sent(&r, r.nxt, r.nxt + 100, NULL, now++);
	waltz_recovery_sent(&r, r.nxt, r.nxt + 100, NULL, now++);
	now += RTT;
	take(&(struct waltz_ack_in){ .ack = seq_of(0) + 100, .ece = true });
	CHECK(out.held && !waltz_recovery_allows(&r, 100), "no third one");
	CHECK(!waltz_recovery_probe_after(&r, RTT, 1000000, 0), "no probe");
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	CHECK(!r.held && resend() == 1, "a timeout");
}

static void test_rtt(void)
{
	start(true);
	send(2);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	resend();
	now += RTT;
	ack(1);
	CHECK(!out.rtt_us, "Karn");
	resend();
	now += RTT;
	ack_echo(2, now - RTT);
	CHECK(out.rtt_us == RTT, "RFC 7323: %u", out.rtt_us);
	send(1);
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	resend();
	now += RTT;
	ack_echo(3, 1);
	CHECK(!out.rtt_us, "an echo from before it was sent");

	/* It waited behind a hole: nobody knows how long. */
	start(false);
	send(10);
	now += RTT;
	ack(0);
	ack(0);
	ack(0);
	resend();
	now += RTT;
	ack(10);
	CHECK(!out.rtt_us, "Karn, for what was behind a hole");
}

static void test_trim(void)
{
	start(true);
	send(2);
	now += RTT;
	ack_bytes(seq_of(0) + 300);
	CHECK(out.acked == 300 && r.board.tail - r.board.head == 2, "a part");
	CHECK(waltz_recovery_pipe(&r) == 2 * MSS - 300, "pipe");
	ack(2);
	CHECK(out.acked == 2 * MSS - 300 && r.una == r.nxt, "the rest");
}

static void test_fin(void)
{
	u32 fin;

	start(true);
	send(1);
	fin = r.nxt;
	waltz_recovery_sent(&r, fin, fin + 1, NULL, now);
	CHECK(waltz_recovery_pipe(&r) == MSS + 1, "it counts");
	now += RTT;
	ack(1);
	CHECK(waltz_board_first(&r.board)->seq == fin, "it alone");
	now += 1000000;
	waltz_recovery_timeout(&r, true, now);
	CHECK(waltz_recovery_next(&r)->end_seq == fin + 1 && resend() == 1,
	      "again");
	check_counts();
}

static void test_mtu(void)
{
	struct waltz_record *rec;
	u32 ssthresh;

	start(true);
	send(5);
	ssthresh = r.cong.ssthresh;
	waltz_recovery_mtu(&r, 600);
	CHECK(r.board.lost == 5 * MSS && r.state == WALTZ_CA_OPEN,
	      "all too large");
	CHECK(r.cong.ssthresh == ssthresh, "no congestion");
	rec = waltz_recovery_next(&r);
	waltz_recovery_split(&r, &rec, rec->seq + 600, NULL);
	CHECK(rec->seq == seq_of(0) && rec->end_seq == rec->seq + 600,
	      "its first part");
	check_counts();
	waltz_recovery_resent(&r, rec, now);
	rec = waltz_recovery_next(&r);
	CHECK(rec->seq == seq_of(0) + 600 && rec->end_seq == seq_of(1),
	      "its second part");
	check_counts();
}

static void send_mtu_probe(void)
{
	waltz_recovery_sent(&r, r.nxt, r.nxt + 2 * MSS, NULL, now);
	waltz_recovery_mtu_probe(&r);
}

/* RFC 4821 7.5: a probe that is lost alone tells of its size. */
static void test_mtu_probe(void)
{
	u32 cwnd, ssthresh;

	start(true);
	send(2);
	send_mtu_probe();
	send(4);
	now += RTT;
	ack(2);
	cwnd = r.cong.cwnd;
	ssthresh = r.cong.ssthresh;
	sack(2, 4, 8);
	CHECK(r.mtu_probe == WALTZ_MTU_PROBE_LOST, "found to be lost");
	CHECK(!out.began && r.cong.cwnd >= cwnd && r.cong.ssthresh == ssthresh,
	      "no congestion");
	CHECK(r.board.lost == 2 * MSS && waltz_recovery_next(&r),
	      "to be sent again");
	check_counts();

	start(true);
	send_mtu_probe();
	send(4);
	now += RTT;
	ack(1);
	CHECK(r.mtu_probe == WALTZ_MTU_PROBE_OUT, "a part of it: not yet");
	ack(2);
	CHECK(r.mtu_probe == WALTZ_MTU_PROBE_PASSED, "it passed");

	/* Something else is lost, too. */
	start(true);
	send(1);
	send_mtu_probe();
	send(4);
	now += RTT;
	sack(0, 3, 7);
	CHECK(r.mtu_probe == WALTZ_MTU_PROBE_LOST && out.began,
	      "the other one counts");
	check_counts();

	start(false);
	send_mtu_probe();
	send(4);
	now += RTT;
	waltz_recovery_timeout(&r, true, now);
	CHECK(r.mtu_probe == WALTZ_MTU_PROBE_LOST, "a time-out");
}

/* Who else marks it as lost has found it: no ACK does so again. */
static void test_mtu_probe_marked(void)
{
	start(true);
	send(1);
	send_mtu_probe();
	send(1);
	now += RTT;
	waltz_recovery_refused(&r);
	CHECK(r.mtu_probe == WALTZ_MTU_PROBE_NONE, "a shut window is no verdict");
	ack(1);
	CHECK(!out.lost && !out.began, "refused: %u lost", out.lost);

	start(true);
	send(1);
	send_mtu_probe();
	send(1);
	now += RTT;
	waltz_recovery_mtu(&r, MSS);
	CHECK(r.mtu_probe == WALTZ_MTU_PROBE_LOST, "a router says less");
	ack(1);
	CHECK(!out.lost && !out.began, "a router: %u lost", out.lost);
}

/* An ACK that comes late tells by its blocks. */
static void test_old_ack(void)
{
	start(true);
	send(6);
	now += RTT;
	ack(2);
	sack(1, 4, 5);
	CHECK(!out.acked && out.sacked == MSS && r.una == seq_of(2), "old");
}

/* ---- a peer that does what it likes ---- */

static u32 wild_seq(void)
{
	u32 span = r.nxt - r.una;

	return unit_below(8) ? r.una + unit_below(span + 1) :
	       unit_below(2) ? r.una - 2000 + unit_below(span + 4000) :
			       unit_random();
}

static void wild_ack(void)
{
	struct waltz_sack blocks[WALTZ_SACKS_MAX];
	struct waltz_ack_in in = {
		.sack = blocks,
		.nsack = (u8)unit_below(WALTZ_SACKS_MAX + 1),
		.ack = unit_below(3) ? r.una : wild_seq(),
		.dup = unit_below(2),
		.ece = !unit_below(20),
		.can_send_new = unit_below(2),
		.ts_rtt_us = unit_below(2) ? 0 : unit_below(3 * RTT),
	};
	unsigned int i;

	for (i = 0; i < in.nsack; i++) {
		blocks[i].start = wild_seq();
		blocks[i].end = unit_below(4) ?
				blocks[i].start + unit_below(5 * MSS) :
				wild_seq();
	}
	if (seq_gt(in.ack, r.nxt))
		in.ack = r.una;
	in.dup &= in.ack == r.una && r.una != r.nxt;
	take(&in);
}

static void wild_step(void)
{
	struct waltz_record *rec;
	u32 len = 1 + unit_below(MSS);

	now += unit_below(RTT / 4);
	switch (unit_below(12)) {
	case 0:
		if (r.una == r.nxt)
			break;
		waltz_recovery_timeout(&r, unit_below(2), now);
		CHECK(waltz_recovery_next(&r) == waltz_board_first(&r.board),
		      "the first is not sent again after a timeout");
		CHECK(waltz_recovery_allows(&r, r.cong.mss), "no room for it");
		break;
	case 1:
		waltz_recovery_reorder(&r, now);
		break;
	case 2:
		if (waltz_recovery_probe(&r, false) == WALTZ_PROBE_LAST)
			waltz_recovery_probe_sent(&r, true, now);
		break;
	case 3:
		rec = waltz_recovery_next(&r);
		if (rec && rec->end_seq - rec->seq > 1 &&
		    !waltz_board_full(&r.board))
			waltz_recovery_split(&r, &rec, rec->seq + 1, NULL);
		break;
	case 4:
		if (!unit_below(20))
			waltz_recovery_mtu(&r, (u16)(200 + unit_below(MSS)));
		break;
	case 5:
	case 6:
		while ((rec = waltz_recovery_next(&r)) &&
		       waltz_recovery_allows(&r, rec->end_seq - rec->seq))
			waltz_recovery_resent(&r, rec, now);
		break;
	case 7:
	case 8:
		while (!waltz_board_full(&r.board) &&
		       waltz_recovery_allows(&r, len))
			waltz_recovery_sent(&r, r.nxt, r.nxt + len, NULL, now);
		break;
	default:
		wild_ack();
	}
	check_counts();
}

static void test_wild(void)
{
	u32 rounds, i;

	for (rounds = 0; rounds < 2000 && !unit_failures; rounds++) {
		start(unit_below(4));
		r.cong.cwnd = MSS * (1 + unit_below(50));
		for (i = 0; i < 200 && !unit_failures; i++)
			wild_step();
	}
}

static const struct unit_case cases[] = {
	{ "nothing lost", test_in_order },
	{ "fast retransmit", test_fast_retransmit },
	{ "fast recovery ends", test_recovery_ends },
	{ "RFC 6675: several holes", test_holes },
	{ "a record SACKed in part", test_part_of_record },
	{ "a retransmission is lost", test_lost_retransmission },
	{ "two retransmissions are lost", test_lost_retransmissions },
	{ "a retransmission is lost after a timeout", test_lost_after_timeout },
	{ "a retransmission is lost after a burst", test_lost_after_burst },
	{ "losses in two windows in a row", test_second_window },
	{ "what is lost for other reasons", test_lost_for_other_reasons },
	{ "RFC 8985 3.4: tail loss and lost retransmission", test_example },
	{ "the reordering timer", test_reorder_timer },
	{ "late, not lost", test_late },
	{ "without SACK: RFC 6582", test_newreno },
	{ "without SACK: not twice for a window", test_newreno_again },
	{ "without SACK: far from the last loss", test_newreno_far },
	{ "without SACK: what duplicate ACKs tell", test_newreno_pipe },
	{ "timeout", test_timeout },
	{ "timeout: what is young", test_timeout_young },
	{ "timeout: with a FIN", test_timeout_fin },
	{ "timeout: twice", test_timeout_again },
	{ "timeout: twice, and then an ACK", test_timeout_ssthresh },
	{ "timeout: in fast recovery", test_timeout_in_recovery },
	{ "reneging", test_renege },
	{ "RFC 3522: needless timeout", test_eifel_timeout },
	{ "RFC 3522: true timeout", test_eifel_true_timeout },
	{ "RFC 3522: needless second timeout", test_eifel_second },
	{ "RFC 3522: needless fast retransmit", test_eifel_fast },
	{ "RFC 5682: with and without SACK", test_frto_all },
	{ "RFC 5682: nothing new to send", test_frto_no_data },
	{ "RFC 5682: nothing new that may be sent", test_frto_not_now },
	{ "RFC 3708: all retransmissions were needless", test_dsack_undo },
	{ "RFC 3708: some were", test_dsack_part },
	{ "RFC 3708: not again without progress", test_dsack_once },
	{ "RFC 3708: other duplicates", test_dsack_late },
	{ "a probe repairs a loss", test_probe_repairs },
	{ "a needless probe", test_probe_needless },
	{ "a probe before a timeout", test_probe_and_timeout },
	{ "when to probe", test_probe_when },
	{ "RFC 3168: congestion echoed", test_ece },
	{ "RFC 3168: once for a window", test_ece_once },
	{ "RFC 3168: not after a loss in the same window", test_ece_after_loss },
	{ "RFC 3168: then nothing is undone", test_ece_keeps },
	{ "RFC 3168: a window of one segment", test_ece_held },
	{ "round trips", test_rtt },
	{ "a segment acknowledged in part", test_trim },
	{ "a FIN alone", test_fin },
	{ "the MTU fell", test_mtu },
	{ "RFC 4821: a probe for a larger MTU", test_mtu_probe },
	{ "a probe of the path MTU that is marked", test_mtu_probe_marked },
	{ "an old ACK", test_old_ack },
	{ "a peer that acknowledges at random", test_wild },
};

int main(void)
{
	unit_seed();
	return unit_main(cases, ARRAY_SIZE(cases));
}
