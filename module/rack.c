// SPDX-License-Identifier: GPL-2.0
/* Loss detection by time: RACK-TLP, RFC 8985. Pure. */
#include "rack.h"
#include "seq.h"

#define MIN_RTT_WINDOW_US	60000000u
#define PERSIST			16	/* 6.2, step 4 */
#define PTO_INIT_US		1000000u	/* 7.2 */

static u32 min32(u32 a, u32 b)
{
	return a < b ? a : b;
}

/**
 * waltz_rack_init() - nothing was delivered yet
 * @k: RACK's state
 * @iss: our initial sequence number
 */
void waltz_rack_init(struct waltz_rack *k, u32 iss)
{
	*k = (struct waltz_rack){ .fack = iss, .mult = 1 };
}

/* ---- the least round trip ---- */

/**
 * waltz_rack_min_rtt() - a round trip was measured
 * @k: RACK's state
 * @rtt_us: the round trip, 1 or more
 * @now_us: now
 *
 * 6.2, step 1: the least of the last one to two minutes.
 */
void waltz_rack_min_rtt(struct waltz_rack *k, u32 rtt_us, u64 now_us)
{
	u64 age = now_us - k->min_since_us;

	if (!k->min_us[0] || age >= 2u * MIN_RTT_WINDOW_US) {
		k->min_us[0] = rtt_us;
		k->min_us[1] = rtt_us;
		k->min_since_us = now_us;
	} else if (age >= MIN_RTT_WINDOW_US) {
		k->min_us[1] = k->min_us[0];
		k->min_us[0] = rtt_us;
		k->min_since_us = now_us;
	}
	k->min_us[0] = min32(k->min_us[0], rtt_us);
}

/**
 * waltz_rack_least() - RACK.min_RTT
 * @k: RACK's state
 *
 * Return: microseconds; 0: not known.
 */
u32 waltz_rack_least(const struct waltz_rack *k)
{
	return min32(k->min_us[0], k->min_us[1]);
}

/* ---- what is delivered ---- */

static bool sent_after(u64 t1, u32 end1, u64 t2, u32 end2)
{
	return t1 > t2 || (t1 == t2 && seq_gt(end1, end2));
}

/* 6.2, step 2: the ACK is for an earlier transmission than the last one. */
static bool ambiguous(const struct waltz_rack *k,
		      const struct waltz_record *rec, u32 rtt, u32 ts_rtt_us)
{
	if (!(rec->flags & WALTZ_SEG_EVER_RETRANS))
		return false;
	return rtt < waltz_rack_least(k) ||
	       (ts_rtt_us && ts_rtt_us >= (u64)rtt + WALTZ_TS_TICK_US);
}

/**
 * waltz_rack_delivered() - a segment is newly acknowledged or SACKed
 * @k: RACK's state
 * @rec: the segment; those of one ACK in order of sequence
 * @ts_rtt_us: time since the TSval that the ACK echoes; 0: no echo
 * @now_us: now
 *
 * 6.2, steps 2 and 3.
 */
void waltz_rack_delivered(struct waltz_rack *k, const struct waltz_record *rec,
			  u32 ts_rtt_us, u64 now_us)
{
	u64 age = now_us - rec->sent_us;
	u32 rtt = age < 1 ? 1 : age > 0x7fffffff ? 0x7fffffff : (u32)age;

	if (seq_gt(rec->end_seq, k->fack))
		k->fack = rec->end_seq;
	else if (seq_lt(rec->end_seq, k->fack) &&
		 !(rec->flags & WALTZ_SEG_EVER_RETRANS))
		k->reordering_seen = true;

	if (ambiguous(k, rec, rtt, ts_rtt_us))
		return;
	if (!k->rtt_us || sent_after(rec->sent_us, rec->end_seq, k->xmit_us,
				     k->end_seq)) {
		k->xmit_us = rec->sent_us;
		k->end_seq = rec->end_seq;
	}
	k->rtt_us = rtt;
}

/* ---- the reordering window ---- */

/**
 * waltz_rack_dsack() - the peer reports a duplicate
 * @k: RACK's state
 * @nxt: SND.NXT
 *
 * 6.2, step 4: perhaps the window was too small; once a round trip.
 */
void waltz_rack_dsack(struct waltz_rack *k, u32 nxt)
{
	if (k->in_dsack_round)
		return;
	k->in_dsack_round = true;
	k->dsack_round = nxt;
	if (k->mult < 255)
		k->mult++;
	k->persist = PERSIST;
}

/**
 * waltz_rack_una() - SND.UNA has moved
 * @k: RACK's state
 * @una: SND.UNA
 */
void waltz_rack_una(struct waltz_rack *k, u32 una)
{
	if (k->in_dsack_round && seq_geq(una, k->dsack_round))
		k->in_dsack_round = false;
}

/**
 * waltz_rack_recovered() - a recovery, fast or by RTO, ends
 * @k: RACK's state
 *
 * 6.2, step 4: after 16 of them without a duplicate the window is small again.
 */
void waltz_rack_recovered(struct waltz_rack *k)
{
	if (k->persist)
		k->persist--;
	if (!k->persist)
		k->mult = 1;
}

/**
 * waltz_rack_reo_wnd() - how late a segment may be
 * @k: RACK's state
 * @b: the scoreboard
 * @recovering: in recovery, fast or by RTO
 *
 * 6.2, step 4.
 *
 * Return: RACK.reo_wnd in microseconds.
 */
u32 waltz_rack_reo_wnd(const struct waltz_rack *k, const struct waltz_board *b,
		       bool recovering)
{
	u64 wnd;

	if (!k->reordering_seen &&
	    (recovering || b->nsacked >= WALTZ_DUPTHRESH))
		return 0;
	wnd = (u64)waltz_rack_least(k) * k->mult / 4;
	return k->srtt_us && wnd > k->srtt_us ? k->srtt_us : (u32)wnd;
}

/* ---- what is lost ---- */

/**
 * waltz_rack_detect() - mark as lost what should have arrived
 * @k: RACK's state
 * @b: the scoreboard
 * @recovering: in recovery, fast or by RTO
 * @now_us: now
 *
 * 6.2, step 5: what was sent before something that was delivered, and is late
 * by more than the reordering window.
 *
 * Return: microseconds after which to look again, when all that is late now is
 * lost; 0: nothing is late.
 */
u32 waltz_rack_detect(const struct waltz_rack *k, struct waltz_board *b,
		      bool recovering, u64 now_us)
{
	u64 wait = (u64)k->rtt_us + waltz_rack_reo_wnd(k, b, recovering);
	struct waltz_record *rec;

	if (!k->rtt_us)
		return 0;
	while ((rec = waltz_board_oldest(b))) {
		if (!sent_after(k->xmit_us, k->end_seq, rec->sent_us,
				rec->end_seq))
			return 0;
		if (rec->sent_us + wait > now_us)
			return (u32)(k->xmit_us + wait - now_us);
		waltz_board_mark_lost(b, rec);
	}
	return 0;
}

/**
 * waltz_rack_timeout() - the retransmission timer has expired
 * @k: RACK's state
 * @b: the scoreboard
 * @now_us: now
 *
 * 6.3: lost are the first segment, and what is not too young to judge.
 */
void waltz_rack_timeout(const struct waltz_rack *k, struct waltz_board *b,
			u64 now_us)
{
	u64 wait = (u64)k->rtt_us + waltz_rack_reo_wnd(k, b, false);
	struct waltz_record *rec = waltz_board_first(b);

	if (rec)
		waltz_board_mark_lost(b, rec);
	while ((rec = waltz_board_oldest(b)) && rec->sent_us + wait <= now_us)
		waltz_board_mark_lost(b, rec);
}

/* ---- tail loss probe ---- */

/**
 * waltz_rack_pto() - when to probe
 * @srtt_us: SRTT; 0: not known
 * @rto_us: what is left of the RTO
 * @delack_us: the longest that the peer may delay an ACK
 * @one: a single segment is outstanding
 *
 * Return: PTO in microseconds, 7.2.
 */
u32 waltz_rack_pto(u32 srtt_us, u32 rto_us, u32 delack_us, bool one)
{
	u64 pto = srtt_us ? 2 * (u64)srtt_us : PTO_INIT_US;

	if (one)
		pto += delack_us;
	return pto < rto_us ? (u32)pto : rto_us;
}

/**
 * waltz_rack_probed() - a loss probe was sent
 * @k: RACK's state
 * @nxt: SND.NXT, the probe sent
 * @retrans: it was sent before
 */
void waltz_rack_probed(struct waltz_rack *k, u32 nxt, bool retrans)
{
	k->tlp_out = true;
	k->tlp_retrans = retrans;
	k->tlp_end_seq = nxt;
}

/**
 * waltz_rack_probe_acked() - what an ACK says of the probe
 * @k: RACK's state
 * @ack: SEG.ACK, not below SND.UNA
 * @dsacked: the probe was reported as a duplicate
 * @pure_dup: the ACK acknowledges nothing new, and carries nothing
 *
 * Return: what it means, 7.4.2.
 */
enum waltz_tlp waltz_rack_probe_acked(struct waltz_rack *k, u32 ack,
				      bool dsacked, bool pure_dup)
{
	if (!k->tlp_out || seq_lt(ack, k->tlp_end_seq))
		return WALTZ_TLP_NOTHING;
	if (!k->tlp_retrans || dsacked) {
		k->tlp_out = false;
		return WALTZ_TLP_DONE;
	}
	if (seq_gt(ack, k->tlp_end_seq)) {
		k->tlp_out = false;
		return WALTZ_TLP_REPAIRED;
	}
	/* Both it and what it repeats have come. */
	if (!pure_dup)
		return WALTZ_TLP_NOTHING;
	k->tlp_out = false;
	return WALTZ_TLP_DONE;
}
