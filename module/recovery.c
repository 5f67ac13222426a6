// SPDX-License-Identifier: GPL-2.0
/*
 * Loss recovery of a sender. An ACK goes through it in this order: what it
 * acknowledges and SACKs (take_*), whether the last recovery was needless
 * (undo_*), what is lost now (find_lost), and what that means for the
 * congestion window (advance).
 */
#include "recovery.h"
#include "seq.h"

/**
 * struct run - one ACK on its way through here
 * @in: as the caller gave it
 * @out: what the caller will see
 * @sack: its blocks, looked through
 * @newest_us: when the segment was sent that was sent last of those delivered
 *	that were sent once; 0: none
 * @first_us: when what is acknowledged first was first sent; 0: nothing is
 * @retrans_acked: something retransmitted is acknowledged
 * @now_acked: ... that was retransmitted in this recovery
 * @orig: something was delivered that a timeout took for lost, and that was
 *	not sent again
 */
struct run {
	const struct waltz_ack_in *in;
	struct waltz_ack_out *out;
	struct waltz_sack_ack sack;
	u64 newest_us;
	u64 first_us;
	bool retrans_acked;
	bool now_acked;
	bool orig;
};

static u32 min32(u32 a, u32 b)
{
	return a < b ? a : b;
}

static u32 max32(u32 a, u32 b)
{
	return a > b ? a : b;
}

static u32 outstanding(const struct waltz_recovery *r)
{
	return r->nxt - r->una;
}

/**
 * waltz_recovery_init() - a connection begins
 * @r: loss recovery
 * @ops: the congestion control
 * @mss: SMSS in bytes
 * @iss: our initial sequence number; the SYN is not of our concern
 * @sack_ok: the peer has SACK
 *
 * The ring has no memory yet: waltz_board_grow().
 */
void waltz_recovery_init(struct waltz_recovery *r,
			 const struct waltz_cong_ops *ops, u16 mss, u32 iss,
			 bool sack_ok)
{
	*r = (struct waltz_recovery){
		.una = iss + 1,
		.nxt = iss + 1,
		.high_seq = iss,
		.sack_ok = sack_ok,
	};
	waltz_board_init(&r->board, NULL, 0);
	waltz_rack_init(&r->rack, iss + 1);
	waltz_cong_init(&r->cong, ops, mss);
}

/* ---- how much ---- */

/**
 * waltz_recovery_pipe() - what is on its way
 * @r: loss recovery
 *
 * Return: bytes: RFC 6675's pipe.
 */
u32 waltz_recovery_pipe(const struct waltz_recovery *r)
{
	const struct waltz_board *b = &r->board;

	return outstanding(r) - b->sacked - b->lost + b->retrans -
	       r->dup_bytes;
}

/**
 * waltz_recovery_allows() - may a segment be sent?
 * @r: loss recovery
 * @len: its bytes; more than SMSS are to be cut to that, or it is with a FIN
 *
 * Limited transmit (RFC 3042) is a part of it: what is SACKed is no longer on
 * its way. Nothing may while a window of one segment is echoed (RFC 3168 6.1.2).
 */
bool waltz_recovery_allows(const struct waltz_recovery *r, u32 len)
{
	u32 pipe = waltz_recovery_pipe(r);

	return !r->held &&
	       (!pipe || pipe + min32(len, r->cong.mss) <= r->cong.cwnd);
}

/* The pace of fast recovery: RFC 9937. */
static void pace(struct waltz_recovery *r, u32 delivered, bool safe)
{
	u32 pipe = waltz_recovery_pipe(r);
	u32 more = waltz_prr_ack(&r->prr, r->cong.ssthresh, pipe, delivered,
				 safe, r->cong.mss);

	r->cong.cwnd = max32(pipe + more, r->cong.mss);
}

/* ---- what is sent ---- */

/**
 * waltz_recovery_sent() - new data was sent
 * @r: loss recovery; the ring is not full
 * @seq: its first sequence number: SND.NXT
 * @end_seq: its end, the new SND.NXT; a FIN counts one
 * @data: the caller's, given back when it is acknowledged
 * @now_us: now; not 0
 */
void waltz_recovery_sent(struct waltz_recovery *r, u32 seq, u32 end_seq,
			 void *data, u64 now_us)
{
	waltz_board_append(&r->board, seq, end_seq, data, now_us);
	r->nxt = end_seq;
	if (r->state == WALTZ_CA_RECOVERY)
		waltz_prr_sent(&r->prr, end_seq - seq);
}

/**
 * waltz_recovery_next() - what is to be sent again now
 * @r: loss recovery
 *
 * Whether it may be is for waltz_recovery_allows() to say.
 *
 * Return: the record, or NULL: new data may follow.
 */
struct waltz_record *waltz_recovery_next(struct waltz_recovery *r)
{
	/* RFC 5682 2.1 (2b): new data shows whether the old was lost. */
	return r->frto == 2 ? NULL : waltz_board_next_lost(&r->board);
}

/**
 * waltz_recovery_no_new() - nothing new may be sent now
 * @r: loss recovery
 *
 * RFC 5682 2.1 (2b): then what is lost is sent again at once.
 *
 * Return: true when waltz_recovery_next() has changed its mind.
 */
bool waltz_recovery_no_new(struct waltz_recovery *r)
{
	/* Since the time-out something new was sent: it will show. */
	if (r->frto != 2 || seq_gt(r->nxt, r->high_seq))
		return false;
	r->frto = 0;
	return true;
}

/**
 * waltz_recovery_resent() - a record was sent again
 * @r: loss recovery
 * @rec: the record
 * @now_us: now
 */
void waltz_recovery_resent(struct waltz_recovery *r, struct waltz_record *rec,
			   u64 now_us)
{
	u32 len = rec->end_seq - rec->seq;

	waltz_board_resent(&r->board, rec, now_us);
	if (!waltz_recovery_active(r))
		return;
	if (r->state == WALTZ_CA_RECOVERY)
		waltz_prr_sent(&r->prr, len);
	r->undo_left += len;
	if (!r->retrans_us)
		r->retrans_us = now_us;
}

/* ---- what an ACK acknowledges ---- */

/* It is new that this arrived. */
static void deliver(struct waltz_recovery *r, struct run *run,
		    const struct waltz_record *rec)
{
	run->out->delivered += rec->end_seq - rec->seq;
	waltz_rack_delivered(&r->rack, rec, run->in->ts_rtt_us,
			     run->in->now_us);
	if (rec->flags & WALTZ_SEG_EVER_RETRANS)
		return;
	if (rec->sent_us > run->newest_us)
		run->newest_us = rec->sent_us;
	if (r->state == WALTZ_CA_LOSS && seq_leq(rec->end_seq, r->high_seq))
		run->orig = true;
}

static void take_record(struct waltz_recovery *r, struct run *run,
			const struct waltz_record *rec)
{
	if (!run->first_us)
		run->first_us = rec->first_us;
	if (rec->flags & WALTZ_SEG_EVER_RETRANS) {
		run->retrans_acked = true;
		if (r->retrans_us && rec->sent_us >= r->retrans_us)
			run->now_acked = true;
	}
	if (!(rec->flags & WALTZ_SEG_SACKED))
		deliver(r, run, rec);
	waltz_board_ack(&r->board);
}

static void take_ack(struct waltz_recovery *r, struct run *run)
{
	const struct waltz_record *rec;
	u32 ack = run->in->ack;

	while ((rec = waltz_board_first(&r->board)) &&
	       seq_leq(rec->end_seq, ack))
		take_record(r, run, rec);
	if (rec && seq_lt(rec->seq, ack)) {
		if (!run->first_us)
			run->first_us = rec->first_us;
		if (!(rec->flags & WALTZ_SEG_SACKED))
			run->out->delivered += ack - rec->seq;
		waltz_board_trim(&r->board, ack);
	}
	run->out->acked = ack - r->una;
	r->una = ack;
	if (r->mtu_probe == WALTZ_MTU_PROBE_OUT && seq_geq(ack, r->probe_end))
		r->mtu_probe = WALTZ_MTU_PROBE_PASSED;
	waltz_rack_una(&r->rack, ack);
	/* Karn: what was waiting behind a hole does not tell either. */
	if (run->retrans_acked)
		run->newest_us = 0;

	/* It must not be left behind by half the sequence space. */
	if (seq_gt(ack - 1, r->high_seq))
		r->high_seq = ack - 1;
	/* A round trip after its end a recovery stays what it was. */
	if (!waltz_recovery_active(r) && seq_gt(ack, r->undo_end)) {
		r->may_undo = false;
		r->undone = false;
	}
}

static void take_block(struct waltz_recovery *r, struct run *run,
		       const struct waltz_sack *block)
{
	struct waltz_board *b = &r->board;
	u32 pos = waltz_board_find(b, block->start);

	while ((pos = waltz_board_skip(b, pos)) != b->tail) {
		const struct waltz_record *rec = waltz_board_at(b, pos);

		if (seq_gt(rec->end_seq, block->end))
			return;
		if (seq_geq(rec->seq, block->start)) {
			run->out->sacked += rec->end_seq - rec->seq;
			deliver(r, run, rec);
			waltz_board_mark_sacked(b, pos);
		}
		pos++;
	}
}

static bool is_probe(const struct waltz_recovery *r,
		     const struct waltz_sack *dsack)
{
	u32 after = r->rack.tlp_end_seq - dsack->end;

	/* A FIN is a number, but not text that can be held. */
	return r->rack.tlp_out && r->rack.tlp_retrans && after <= 1;
}

static void take_dsack(struct waltz_recovery *r, struct run *run)
{
	const struct waltz_sack *d = &run->sack.dsack;

	run->out->dsack = true;
	if (is_probe(r, d))
		return;
	waltz_rack_dsack(&r->rack, r->nxt);
	/* RFC 3708: a retransmission was needless. */
	if (r->may_undo && seq_geq(d->start, r->undo_seq) &&
	    (waltz_recovery_active(r) || seq_leq(d->end, r->undo_end)))
		r->undo_left -= min32(r->undo_left, d->end - d->start);
}

static void take_sacks(struct waltz_recovery *r, struct run *run)
{
	const struct waltz_ack_in *in = run->in;
	unsigned int i;

	waltz_sack_check(&run->sack, in->sack, in->nsack, in->ack, r->una,
			 r->nxt);
	for (i = 0; i < run->sack.n; i++)
		take_block(r, run, &run->sack.block[i]);
	if (run->sack.has_dsack)
		take_dsack(r, run);
}

/* ---- without SACK ---- */

/* As many may have been delivered behind the hole: Linux does the same. */
static void limit_dup_bytes(struct waltz_recovery *r)
{
	const struct waltz_record *rec = waltz_board_first(&r->board);
	u32 holes = rec ? max32(rec->end_seq - rec->seq, r->board.lost) : 0;

	/* Lost and sent again it is on its way, too. */
	r->dup_bytes = min32(r->dup_bytes, outstanding(r) - holes);
}

/* Duplicate ACKs have told already of a part of what is acknowledged now. */
static void settle_dup_bytes(struct waltz_recovery *r, struct run *run)
{
	u32 acked = run->out->acked, mss = r->cong.mss;

	r->dupacks = 0;
	run->out->delivered = acked > r->dup_bytes ? acked - r->dup_bytes :
						     min32(acked, mss);
	if (r->state == WALTZ_CA_RECOVERY)
		r->dup_bytes -= min32(r->dup_bytes, acked - min32(acked, mss));
	else
		r->dup_bytes = 0;
	limit_dup_bytes(r);
}

static void take_dup(struct waltz_recovery *r, struct run *run)
{
	u32 before = r->dup_bytes;

	if (r->dupacks < 255)
		r->dupacks++;
	if (r->state == WALTZ_CA_LOSS)
		return;
	r->dup_bytes += r->cong.mss;
	limit_dup_bytes(r);
	if (r->dup_bytes > before)
		run->out->delivered += r->dup_bytes - before;
}

static void take_without_sack(struct waltz_recovery *r, struct run *run)
{
	if (run->out->acked)
		settle_dup_bytes(r, run);
	else if (run->in->dup && outstanding(r))
		take_dup(r, run);
}

static void mark_first(struct waltz_recovery *r)
{
	struct waltz_record *rec = waltz_board_first(&r->board);

	if (rec && !(rec->flags & WALTZ_SEG_RETRANS))
		waltz_board_mark_lost(&r->board, rec);
	limit_dup_bytes(r);
}

/* RFC 6582 3.2, steps 2 and 3. */
static void find_lost_without_sack(struct waltz_recovery *r,
				   const struct run *run)
{
	if (r->state == WALTZ_CA_RECOVERY) {
		if (run->out->acked && seq_lt(r->una, r->high_seq))
			mark_first(r);
	} else if (r->dupacks >= WALTZ_DUPTHRESH && r->state != WALTZ_CA_LOSS &&
		   (r->state == WALTZ_CA_CWR || seq_gt(r->una, r->high_seq))) {
		mark_first(r);
	}
}

/* ---- the round trip ---- */

static void measure(struct waltz_recovery *r, struct run *run)
{
	const struct waltz_ack_in *in = run->in;
	u64 rtt = 0;

	if (run->newest_us)
		rtt = in->now_us - run->newest_us;
	else if (run->out->acked && in->ts_rtt_us && run->first_us &&
		 in->ts_rtt_us <= in->now_us - run->first_us + WALTZ_TS_TICK_US)
		rtt = in->ts_rtt_us;	/* RFC 7323 4 */
	else
		return;
	run->out->rtt_us = rtt < 1 ? 1 : rtt > 0x7fffffff ? 0x7fffffff :
							    (u32)rtt;
	/* The echo is too coarse for this. */
	if (run->newest_us)
		waltz_rack_min_rtt(&r->rack, run->out->rtt_us, in->now_us);
}

/* ---- needless recoveries ---- */

static void open_up(struct waltz_recovery *r)
{
	r->state = r->board.nsacked || r->dup_bytes ? WALTZ_CA_DISORDER :
						      WALTZ_CA_OPEN;
	r->frto = 0;
}

static void end_recovery(struct waltz_recovery *r, struct run *run)
{
	run->out->ended = true;
	waltz_rack_recovered(&r->rack);
	r->undo_end = r->nxt;
	r->dup_bytes = 0;
	open_up(r);
}

static void undo(struct waltz_recovery *r, struct run *run)
{
	run->out->spurious = true;
	r->undone = true;
	r->undone_seq = r->una;
	r->may_undo = false;
	r->eifel = false;
	run->out->restored = waltz_cong_undo(&r->cong);
	if (!waltz_recovery_active(r))
		return;
	if (r->state == WALTZ_CA_RECOVERY)
		r->rack.reordering_seen = true;
	waltz_board_unmark_lost(&r->board);
	end_recovery(r, run);
}

/* RFC 3522: does the first ACK for something sent again echo an earlier
 * transmission? Without an echo nobody knows.
 */
static bool undo_by_echo(struct waltz_recovery *r, const struct run *run)
{
	const struct waltz_ack_in *in = run->in;

	if (!r->eifel || !run->out->acked || !run->now_acked || !in->ts_rtt_us)
		return false;
	r->eifel = false;
	r->frto = 0;
	return in->now_us + WALTZ_TS_TICK_US <= r->retrans_us + in->ts_rtt_us;
}

/* RFC 5682: steps 2 and 3 of sections 2.1 and 3.1. */
static bool undo_by_new_data(struct waltz_recovery *r, const struct run *run)
{
	const struct waltz_ack_out *out = run->out;
	bool dup = !out->acked && (run->in->dup || out->sacked);

	if (r->state != WALTZ_CA_LOSS || (!out->acked && !dup))
		return false;
	if (r->frto == 2) {
		r->frto = 0;
		return run->orig;
	}
	if (!r->frto || (dup && r->sack_ok))
		return false;
	r->frto = !dup && run->in->can_send_new &&
		  seq_lt(r->una, r->high_seq) ? 2 : 0;
	return false;
}

static void check_undo(struct waltz_recovery *r, struct run *run)
{
	bool needless = run->out->dsack && r->may_undo && r->retrans_us &&
			!r->undo_left;

	if (waltz_recovery_active(r))
		needless |= undo_by_echo(r, run) || undo_by_new_data(r, run);
	if (needless && r->may_undo)
		undo(r, run);
}

/* ---- what is lost ---- */

/* To undo costs as much as is outstanding, and it is the peer who tells us to:
 * a part of that is to be acknowledged before it is done again.
 */
static bool undone_lately(const struct waltz_recovery *r)
{
	return r->undone && r->una - r->undone_seq <= outstanding(r) / 16;
}

/* A reduction begins; it may prove needless. */
static void begin(struct waltz_recovery *r, u8 state, bool may_undo)
{
	may_undo &= !undone_lately(r);
	r->state = state;
	r->high_seq = r->nxt;
	r->undo_seq = r->una;
	r->undo_left = 0;
	r->retrans_us = 0;
	r->may_undo = may_undo;
	r->eifel = may_undo;
	r->frto = 0;
	r->rack.tlp_out = false;
}

/* What the window was in use for, before an ACK delivered so much. */
static u32 flight_before(const struct waltz_recovery *r, u32 delivered)
{
	return outstanding(r) - r->board.sacked - r->dup_bytes + delivered;
}

/* @may_undo: it may prove needless */
static void begin_recovery(struct waltz_recovery *r, u32 delivered, bool may_undo)
{
	u32 flight = flight_before(r, delivered);

	if (r->state == WALTZ_CA_CWR)
		may_undo = false;
	else
		waltz_cong_loss(&r->cong, flight);
	begin(r, WALTZ_CA_RECOVERY, may_undo);
	waltz_prr_begin(&r->prr, flight);
}

/* RFC 5681 4.3: what was sent again, after the reduction, is lost again. */
static bool retransmission_lost(const struct waltz_recovery *r)
{
	return waltz_recovery_active(r) && r->retrans_us &&
	       r->board.lost_again_us >= r->retrans_us;
}

/* Then it goes on from a smaller window, and nobody can say any more which of the
 * reductions was needless.
 */
static void reduce_again(struct waltz_recovery *r, u32 delivered)
{
	u32 flight;

	/* What PRR has made of it is no window. */
	if (r->state == WALTZ_CA_RECOVERY)
		r->cong.cwnd = max32(r->cong.cwnd, r->cong.ssthresh);
	flight = min32(flight_before(r, delivered), r->cong.cwnd);
	waltz_cong_loss(&r->cong, flight);
	waltz_cong_keep(&r->cong);
	begin(r, r->state, false);
	if (r->state == WALTZ_CA_RECOVERY)
		waltz_prr_begin(&r->prr, flight);
	else
		r->cong.cwnd = min32(r->cong.cwnd, r->cong.ssthresh);
}

/* What was marked lost now is not to reduce the window, neither at once nor when the
 * recovery ends: it goes with this one.
 */
static void lost_without_congestion(struct waltz_recovery *r)
{
	r->board.lost_again_us = 0;
	if (waltz_recovery_active(r))
		r->high_seq = r->nxt;
}

/* RFC 4821 7.5: that a probe is lost tells of its size, not of congestion.
 * Return: its bytes, when it is just found to be.
 */
static u32 lost_probe(struct waltz_recovery *r)
{
	const struct waltz_record *rec;

	if (r->mtu_probe != WALTZ_MTU_PROBE_OUT)
		return 0;
	rec = waltz_board_at(&r->board,
			     waltz_board_find(&r->board, r->probe_end - 1));
	if (!(rec->flags & WALTZ_SEG_LOST))
		return 0;
	r->mtu_probe = WALTZ_MTU_PROBE_LOST;
	return rec->end_seq - rec->seq;
}

/* Return: bytes newly thought lost; and when to look again. */
static u32 find_lost(struct waltz_recovery *r, const struct run *run,
		     u64 now_us, u32 *again_us)
{
	u32 before = r->board.resend;

	*again_us = 0;
	if (r->sack_ok)
		*again_us = waltz_rack_detect(&r->rack, &r->board,
					      waltz_recovery_active(r), now_us);
	else if (run)
		find_lost_without_sack(r, run);
	return r->board.resend - before - lost_probe(r);
}

/**
 * waltz_recovery_reorder() - the reordering timer has expired
 * @r: loss recovery
 * @now_us: now
 *
 * RFC 8985 6.2, step 5. Then send what may be sent; @r->state tells whether
 * fast recovery has begun.
 *
 * Return: microseconds to arm it with again; 0: not.
 */
u32 waltz_recovery_reorder(struct waltz_recovery *r, u64 now_us)
{
	u32 again_us;

	if (!find_lost(r, NULL, now_us, &again_us))
		return again_us;
	if (!waltz_recovery_active(r))
		begin_recovery(r, 0, true);
	else if (retransmission_lost(r))
		reduce_again(r, 0);
	if (r->state == WALTZ_CA_RECOVERY)
		pace(r, 0, false);
	return again_us;
}

/* ---- what it means for the window ---- */

static void grow(struct waltz_recovery *r, const struct run *run, u32 before)
{
	const struct waltz_cong_ack a = {
		.acked = run->out->acked,
		.now_us = run->in->now_us,
		.rtt_us = run->out->rtt_us,
		.srtt_us = run->in->srtt_us,
		.una = r->una,
		.nxt = r->nxt,
		/* RFC 7661's aim: the window was in use. */
		.limited = before >= r->cong.cwnd / 2,
	};

	if (a.acked)
		waltz_cong_grow(&r->cong, &a);
}

static void reduce(struct waltz_recovery *r, struct run *run, bool echoed)
{
	u32 flight = outstanding(r) + run->out->acked;

	run->out->reduced = true;
	run->out->echoed = echoed;
	if (echoed) {
		/* RFC 3168 6.1.2: less than one segment in a round trip is
		 * one for each RTO.
		 */
		run->out->held = r->cong.cwnd <= r->cong.mss;
		r->held |= run->out->held;
		waltz_cong_ecn(&r->cong, flight);
	} else {
		waltz_cong_cwr(&r->cong, flight);
	}
	begin(r, WALTZ_CA_CWR, false);
}

/* RFC 3168 6.1.2: once for a window. Before anything is acknowledged that was
 * sent after a reduction, whatever that was for, the peer cannot know of it,
 * and goes on about the same congestion.
 */
static bool congestion_is_new(const struct waltz_recovery *r)
{
	return !waltz_recovery_active(r) && seq_gt(r->una, r->high_seq);
}

/* RFC 8985 7.4, RFC 3168 6.1.2. */
static void check_reduction(struct waltz_recovery *r, struct run *run)
{
	const struct waltz_ack_out *out = run->out;
	bool dsacked = out->dsack && is_probe(r, &run->sack.dsack);
	bool repaired = waltz_rack_probe_acked(&r->rack, r->una, dsacked,
					       run->in->dup && !out->sacked) ==
			WALTZ_TLP_REPAIRED;

	if (run->in->ece && congestion_is_new(r))
		reduce(r, run, true);
	else if (repaired && r->state < WALTZ_CA_CWR)
		reduce(r, run, false);
}

static void advance(struct waltz_recovery *r, struct run *run, u32 before)
{
	struct waltz_ack_out *out = run->out;
	bool later;

	if (r->state >= WALTZ_CA_CWR && seq_geq(r->una, r->high_seq)) {
		if (r->state == WALTZ_CA_RECOVERY)
			waltz_cong_recovered(&r->cong);
		if (waltz_recovery_active(r))
			end_recovery(r, run);
		open_up(r);
	}
	/* RFC 5681 4.3: what was sent since the reduction, and was found lost before its
	 * recovery ended, is another window's. It was sent again in that recovery, so
	 * nothing can show any more that this one was needless.
	 */
	later = out->ended && !out->spurious && r->board.lost;
	if ((out->lost || later) && r->state < WALTZ_CA_RECOVERY) {
		out->reduced |= r->state != WALTZ_CA_CWR;
		begin_recovery(r, out->delivered, !later);
		out->began = true;
	} else if (retransmission_lost(r)) {
		out->reduced = true;
		reduce_again(r, out->delivered);
	}
	if (r->state == WALTZ_CA_RECOVERY) {
		pace(r, out->delivered, out->acked && !out->lost);
		/* RFC 6582 3.2, step 3: at once. */
		if (!r->sack_ok && out->lost)
			r->cong.cwnd = max32(r->cong.cwnd,
					     waltz_recovery_pipe(r) +
					     r->cong.mss);
		return;
	}
	if (r->state < WALTZ_CA_CWR)
		open_up(r);
	/* RFC 3168 6.1.2: it grows with ACKs "without the ECN-Echo". */
	if (r->state != WALTZ_CA_CWR && !run->in->ece)
		grow(r, run, before);
}

/**
 * waltz_recovery_ack() - an ACK came
 * @r: loss recovery
 * @in: the ACK, not above SND.NXT; one below SND.UNA tells by its blocks only
 * @out: what came of it
 */
void waltz_recovery_ack(struct waltz_recovery *r,
			const struct waltz_ack_in *in,
			struct waltz_ack_out *out)
{
	struct run run = { .in = in, .out = out };
	u32 before = outstanding(r);

	*out = (struct waltz_ack_out){};
	r->rack.srtt_us = in->srtt_us;
	if (seq_gt(in->ack, r->una))
		take_ack(r, &run);
	if (r->sack_ok)
		take_sacks(r, &run);
	else
		take_without_sack(r, &run);
	measure(r, &run);
	/* Then a reduction was not needless, whatever it was made for. */
	if (in->ece)
		waltz_cong_keep(&r->cong);
	check_undo(r, &run);
	check_reduction(r, &run);
	if (in->ece)
		r->delivered_ce += (out->delivered + r->cong.mss - 1) /
				   r->cong.mss;
	out->lost = find_lost(r, &run, in->now_us, &out->reorder_us);
	advance(r, &run, before);
}

/* ---- timers ---- */

static void mark_all(struct waltz_board *b)
{
	struct waltz_record *rec;

	while ((rec = waltz_board_oldest(b)))
		waltz_board_mark_lost(b, rec);
}

/**
 * waltz_recovery_timeout() - the retransmission timer has expired
 * @r: loss recovery; something is outstanding
 * @first: for the first time since SND.UNA moved
 * @now_us: now
 *
 * RFC 6298 5.4, RFC 5681 3.1, RFC 8985 6.3. The first segment is to be sent
 * again then; for that there is room.
 */
void waltz_recovery_timeout(struct waltz_recovery *r, bool first, u64 now_us)
{
	const struct waltz_record *rec = waltz_board_first(&r->board);
	/* What was SACKed long ago is outstanding, but fills no pipe. */
	u32 flight = min32(outstanding(r), r->cong.cwnd);
	bool fresh = !waltz_recovery_active(r);

	/* RFC 2018 section 8: it is there, and is not acknowledged? */
	if (rec && (rec->flags & WALTZ_SEG_SACKED))
		waltz_board_forget_sacked(&r->board);
	if (r->sack_ok)
		waltz_rack_timeout(&r->rack, &r->board, now_us);
	else
		mark_all(&r->board);
	/* That is this time-out's congestion, and RFC 5681 3.1 says what it is worth. */
	r->board.lost_again_us = 0;
	r->dup_bytes = 0;
	r->dupacks = 0;
	r->held = false;
	if (r->mtu_probe == WALTZ_MTU_PROBE_OUT)
		r->mtu_probe = WALTZ_MTU_PROBE_LOST;

	waltz_cong_timeout(&r->cong, flight, first);
	/* What is too young to be lost does not keep the first one back. */
	r->cong.cwnd = waltz_recovery_pipe(r) + r->cong.mss;
	if (first) {
		begin(r, WALTZ_CA_LOSS, fresh);
		r->frto = fresh;
	} else if (r->frto == 2) {
		r->frto = 0;
	}
	r->state = WALTZ_CA_LOSS;
	r->high_seq = r->nxt;
}

/**
 * waltz_recovery_refused() - the peer had no room for what is outstanding
 * @r: loss recovery
 *
 * It had taken back what it offered (RFC 9293 3.8.6), and offers it again: all
 * of it is to be sent again, and no congestion.
 */
void waltz_recovery_refused(struct waltz_recovery *r)
{
	mark_all(&r->board);
	lost_without_congestion(r);
	r->dup_bytes = 0;
	r->dupacks = 0;
	/* That says nothing of a probe's size. */
	if (r->mtu_probe == WALTZ_MTU_PROBE_OUT)
		r->mtu_probe = WALTZ_MTU_PROBE_NONE;
}

static bool may_probe(const struct waltz_recovery *r)
{
	const struct waltz_board *b = &r->board;

	return r->sack_ok && !waltz_recovery_active(r) && !r->rack.tlp_out &&
	       !r->held && !waltz_board_empty(b) && !b->nsacked && !b->lost;
}

/**
 * waltz_recovery_probe_after() - arm the timer of a loss probe?
 * @r: loss recovery
 * @srtt_us: SRTT; 0: not known
 * @rto_us: what is left of the RTO
 * @delack_us: the longest that the peer may delay an ACK
 *
 * RFC 8985 7.2; whenever new data is sent or SND.UNA moves.
 *
 * Return: microseconds; 0: no probe, but the RTO.
 */
u32 waltz_recovery_probe_after(const struct waltz_recovery *r, u32 srtt_us,
			       u32 rto_us, u32 delack_us)
{
	const struct waltz_board *b = &r->board;

	if (!may_probe(r))
		return 0;
	return waltz_rack_pto(srtt_us, rto_us, delack_us,
			      b->tail - b->head == 1);
}

/**
 * waltz_recovery_probe() - the timer of the loss probe has expired
 * @r: loss recovery
 * @can_send_new: there is unsent data, and room in the peer's window
 *
 * Return: what to send, RFC 8985 7.3.
 */
enum waltz_probe waltz_recovery_probe(const struct waltz_recovery *r,
				      bool can_send_new)
{
	if (!may_probe(r))
		return WALTZ_PROBE_NONE;
	return can_send_new ? WALTZ_PROBE_NEW : WALTZ_PROBE_LAST;
}

/**
 * waltz_recovery_probe_sent() - a loss probe was sent
 * @r: loss recovery
 * @again: it was waltz_board_last(); otherwise waltz_recovery_sent() knows
 * @now_us: now
 */
void waltz_recovery_probe_sent(struct waltz_recovery *r, bool again, u64 now_us)
{
	if (again)
		waltz_recovery_resent(r, waltz_board_last(&r->board), now_us);
	waltz_rack_probed(&r->rack, r->nxt, again);
}

/**
 * waltz_recovery_mtu() - the segment size has changed
 * @r: loss recovery
 * @mss: new SMSS
 *
 * What is larger will not arrive (RFC 1191 6.5); that is no congestion. The
 * caller splits what it sends again.
 */
void waltz_recovery_mtu(struct waltz_recovery *r, u16 mss)
{
	struct waltz_board *b = &r->board;
	u32 pos;

	waltz_cong_mss(&r->cong, mss);
	for (pos = b->head; pos != b->tail; pos++) {
		struct waltz_record *rec = waltz_board_at(b, pos);

		if (rec->end_seq - rec->seq > mss + 1u)
			waltz_board_mark_lost(b, rec);
	}
	lost_without_congestion(r);
	lost_probe(r);
	limit_dup_bytes(r);
}

/**
 * waltz_recovery_mtu_probe() - what was sent last is a probe of the path MTU
 * @r: loss recovery
 *
 * Larger than SMSS, and all that is lost of it is itself (RFC 4821 7.5).
 */
void waltz_recovery_mtu_probe(struct waltz_recovery *r)
{
	r->probe_end = r->nxt;
	r->mtu_probe = WALTZ_MTU_PROBE_OUT;
}
