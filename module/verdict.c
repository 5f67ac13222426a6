// SPDX-License-Identifier: GPL-2.0
/*
 * TIME_WAIT's answers: RFC 9293 section 3.10.7.4 with RFC 1337, RFC 5961,
 * RFC 6191 and RFC 7323. Pure.
 */
#include "verdict.h"
#include "seq.h"

/* What a peer may still have in flight towards a closed receiver: a window
 * that was never scaled. Only decides between a challenge and silence.
 */
#define TW_RCV_WND	65535u
#define TW_ACK_RANGE	0x40000000u	/* the largest window there is */

static bool paws_failure(const struct waltz_tw_view *tw,
			 const struct waltz_seg *seg)
{
	return tw->has_ts && (seg->opts & WALTZ_OPT_TS) &&
	       seq_lt(seg->tsval, tw->ts_recent);
}

/* RFC 7323 3.2: once agreed, timestamps are in every segment but RST. */
static bool no_timestamp(const struct waltz_tw_view *tw,
			 const struct waltz_seg *seg)
{
	return tw->has_ts && !(seg->opts & WALTZ_OPT_TS);
}

/* RFC 6191 section 2. A connection without an old duplicate in sight may be
 * reopened: proved by a newer timestamp, or by a sequence number above all
 * the old connection's.
 */
static enum waltz_verdict verdict_syn(const struct waltz_tw_view *tw,
				      const struct waltz_seg *seg)
{
	bool seq_above = seq_gt(seg->seq, tw->rcv_nxt);
	bool seg_ts = seg->opts & WALTZ_OPT_TS;

	/* RFC 5961 4.2: SYN-ACK answers nothing we asked; a FIN on a SYN is
	 * no honest attempt to open.
	 */
	if (seg->flags & (WALTZ_ACK | WALTZ_FIN))
		return WALTZ_TW_CHALLENGE;

	if (tw->has_ts && seg_ts) {
		if (seq_gt(seg->tsval, tw->ts_recent))
			return WALTZ_TW_REOPEN;
		if (seg->tsval == tw->ts_recent && seq_above)
			return WALTZ_TW_REOPEN;
		return WALTZ_TW_CHALLENGE;
	}
	/* The old connection had none and this one has: it is another. */
	if (seg_ts)
		return WALTZ_TW_REOPEN;
	return seq_above ? WALTZ_TW_REOPEN : WALTZ_TW_CHALLENGE;
}

static enum waltz_verdict verdict_time_wait(const struct waltz_tw_view *tw,
					    const struct waltz_seg *seg)
{
	if (seg->flags & WALTZ_RST)
		return WALTZ_TW_IGNORE_RST;
	if (seg->flags & WALTZ_SYN)
		return verdict_syn(tw, seg);
	if (!(seg->flags & WALTZ_ACK) || no_timestamp(tw, seg))
		return WALTZ_TW_IGNORE;
	/* "The only thing that can arrive in this state is a retransmission
	 * of the remote FIN." One with an old timestamp is an old copy: it
	 * is answered, but proves nothing about what the peer knows.
	 */
	if ((seg->flags & WALTZ_FIN) && seg->end_seq == tw->rcv_nxt &&
	    !seq_gt(seg->ack, tw->snd_nxt) && !paws_failure(tw, seg))
		return WALTZ_TW_FIN_AGAIN;
	if (seg->seq == tw->rcv_nxt && seg->end_seq == seg->seq &&
	    !seq_gt(seg->ack, tw->snd_nxt))
		return WALTZ_TW_IGNORE;
	return WALTZ_TW_CHALLENGE;
}

static enum waltz_verdict verdict_fin_wait2(const struct waltz_tw_view *tw,
					    const struct waltz_seg *seg)
{
	if (seg->flags & WALTZ_RST) {
		if (seg->seq == tw->rcv_nxt)
			return WALTZ_TW_RESET;
		/* RFC 5961 3.2 */
		return seg->seq - tw->rcv_nxt < TW_RCV_WND ?
		       WALTZ_TW_CHALLENGE : WALTZ_TW_IGNORE;
	}
	if (seg->flags & WALTZ_SYN)
		return WALTZ_TW_CHALLENGE;
	if (!(seg->flags & WALTZ_ACK) || no_timestamp(tw, seg))
		return WALTZ_TW_IGNORE;
	if (paws_failure(tw, seg) ||
	    !seq_acceptable(seg->seq, seg->end_seq, tw->rcv_nxt, TW_RCV_WND))
		return WALTZ_TW_CHALLENGE;
	/* Our FIN has been acknowledged: only SND.NXT is a true ACK now, and
	 * an older one is a duplicate, which may still carry the FIN.
	 */
	if (!seq_between(seg->ack, tw->snd_nxt - TW_ACK_RANGE, tw->snd_nxt))
		return WALTZ_TW_CHALLENGE;
	if (seg->len && seq_gt(seg->seq + seg->len, tw->rcv_nxt))
		return WALTZ_TW_DATA;
	if ((seg->flags & WALTZ_FIN) && seg->end_seq - 1 == tw->rcv_nxt)
		return WALTZ_TW_FIN;
	if (seg->flags & WALTZ_FIN)
		return WALTZ_TW_CHALLENGE;
	return seg->len ? WALTZ_TW_CHALLENGE : WALTZ_TW_IGNORE;
}

/**
 * waltz_tw_lost_fin() - a FIN for a record that had to go before its time?
 * @seg: a segment that belongs to nothing
 * @clock: our timestamp clock toward its sender
 * @two_msl: ms
 *
 * A FIN that comes again acknowledges something, brings nothing else, and
 * echoes a timestamp that we sent within 2MSL. Only the host we sent it to
 * knows such a one: the clock's offset is a secret of the two.
 *
 * Context: any; pure.
 */
bool waltz_tw_lost_fin(const struct waltz_seg *seg, u32 clock, u32 two_msl)
{
	const u8 flags = WALTZ_FIN | WALTZ_ACK | WALTZ_SYN | WALTZ_RST;

	return (seg->flags & flags) == (WALTZ_FIN | WALTZ_ACK) && !seg->len &&
	       (seg->opts & WALTZ_OPT_TS) && clock - seg->tsecr <= two_msl;
}

/**
 * waltz_tw_verdict() - what a record answers to a segment
 * @tw: the record
 * @seg: the segment
 *
 * Context: any; pure.
 * Return: the verdict.
 */
enum waltz_verdict waltz_tw_verdict(const struct waltz_tw_view *tw,
				    const struct waltz_seg *seg)
{
	return tw->fin_wait2 ? verdict_fin_wait2(tw, seg) :
			       verdict_time_wait(tw, seg);
}
