/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loss recovery of a sender: what is outstanding, what of it is lost, what is
 * to be sent again, and how much may be. RFC 6675 and RFC 8985 for a peer with
 * SACK, RFC 6582 without; RFC 9937 for the pace, RFC 5682 and RFC 3522 for
 * losses that were none. Pure; sequence numbers, bytes and microseconds.
 *
 * An ACK, and what is to be done about it:
 *
 *	waltz_recovery_ack(r, &in, &out);
 *	while (waltz_recovery_pop(r, &data))
 *		free(data);
 *	while ((rec = waltz_recovery_next(r)) &&
 *	       waltz_recovery_allows(r, rec->end_seq - rec->seq)) {
 *		send(rec->data);
 *		waltz_recovery_resent(r, rec, now);
 *	}
 *	if (!rec)
 *		while (unsent && window && waltz_recovery_allows(r, len)) {
 *			if (waltz_board_full(&r->board))
 *				old = waltz_board_grow(&r->board, new, 2 * n);
 *			send(skb);
 *			waltz_recovery_sent(r, seq, end_seq, skb, now);
 *		}
 *
 * then the timers: out.reorder_us of the reordering timer (0: stop it),
 * waltz_recovery_probe_after() and the RTO of the retransmission timer.
 */
#ifndef _WALTZ_RECOVERY_H
#define _WALTZ_RECOVERY_H

#include <linux/types.h>
#include "board.h"
#include "cong.h"
#include "prr.h"
#include "rack.h"
#include "sack.h"

/* Linux' TCP_CA_*, for waltz_info.tcpi_ca_state */
enum waltz_recovery_state {
	WALTZ_CA_OPEN,
	WALTZ_CA_DISORDER,	/* something is SACKed, nothing thought lost */
	WALTZ_CA_CWR,		/* the window was reduced, nothing is lost */
	WALTZ_CA_RECOVERY,	/* fast recovery */
	WALTZ_CA_LOSS,		/* after a retransmission timeout */
};

/* What became of a probe for a larger path MTU (RFC 4821) */
enum waltz_mtu_probe {
	WALTZ_MTU_PROBE_NONE,
	WALTZ_MTU_PROBE_OUT,
	WALTZ_MTU_PROBE_PASSED,
	WALTZ_MTU_PROBE_LOST,
};

/**
 * struct waltz_recovery - loss recovery of one connection
 * @board: what is outstanding; its ring is the caller's
 * @rack: when it is lost
 * @delivered_ce: segments delivered, as an ACK with ECE said
 * @probe_end: end of the probe of the path MTU, if @mtu_probe says there is one
 * @cong: how much may be outstanding
 * @retrans_us: when the first retransmission of this recovery was sent; 0:
 *	none was
 * @prr: how much may be sent while losses are repaired
 * @una: SND.UNA
 * @nxt: SND.NXT
 * @high_seq: SND.NXT when the recovery, or the reduction, began (RFC 6582's
 *	recover)
 * @undo_seq: SND.UNA then, when @may_undo
 * @undo_end: SND.NXT when the recovery ended
 * @undone_seq: SND.UNA when a reduction was undone last
 * @undo_left: bytes retransmitted since and not reported as duplicates
 * @dup_bytes: without SACK: delivered, as duplicate ACKs let one think
 * @state: enum waltz_recovery_state
 * @dupacks: in a row, without SACK
 * @frto: step of RFC 5682: 0 none, 1 waiting for an ACK, 2 new data was sent
 * @sack_ok: the peer has SACK
 * @may_undo: the reduction is undone when all retransmissions prove needless
 * @undone: @undone_seq means something
 * @eifel: no ACK of a retransmission came yet (RFC 3522)
 * @held: nothing goes before the retransmission timer has expired
 * @mtu_probe: enum waltz_mtu_probe; the caller takes note of what became of it
 */
struct waltz_recovery {
	struct waltz_board board;
	struct waltz_rack rack;
	u32 delivered_ce;
	u32 probe_end;
	struct waltz_cong cong;
	u64 retrans_us;
	struct waltz_prr prr;
	u32 una;
	u32 nxt;
	u32 high_seq;
	u32 undo_seq;
	u32 undo_end;
	u32 undone_seq;
	u32 undo_left;
	u32 dup_bytes;
	u8 state;
	u8 dupacks;
	u8 frto;
	u8 mtu_probe;
	bool sack_ok:1;
	bool may_undo:1;
	bool undone:1;
	bool eifel:1;
	bool held:1;
};

/**
 * struct waltz_ack_in - an ACK that came; SEG.ACK is not above SND.NXT
 * @sack: its SACK blocks
 * @now_us: now
 * @ack: SEG.ACK
 * @srtt_us: SRTT; 0: not known
 * @ts_rtt_us: time since the TSval that it echoes, 1 or more; 0: no echo
 * @nsack: of @sack
 * @dup: a duplicate ACK by RFC 5681 section 2
 * @ece: the peer echoes congestion (RFC 3168); not of an ACK below SND.UNA
 * @can_send_new: there is unsent data, and room for it in the peer's window
 */
struct waltz_ack_in {
	const struct waltz_sack *sack;
	u64 now_us;
	u32 ack;
	u32 srtt_us;
	u32 ts_rtt_us;
	u8 nsack;
	bool dup;
	bool ece;
	bool can_send_new;
};

/**
 * struct waltz_ack_out - what came of it
 * @acked: bytes that SND.UNA advanced
 * @sacked: bytes newly SACKed
 * @delivered: bytes of which it is new that they arrived
 * @lost: bytes newly thought lost
 * @rtt_us: a round trip for RFC 6298; 0: none
 * @reorder_us: arm the reordering timer with this; 0: stop it
 * @began: fast recovery began
 * @ended: a recovery ended
 * @spurious: the last recovery was needless, and is undone
 * @restored: ... and the congestion window is what it was
 * @reduced: the congestion window was reduced
 * @echoed: ... for ECN
 * @held: ... to the time of the retransmission timer, which is to be armed,
 *	also when nothing is outstanding: see waltz_recovery_release()
 * @dsack: the peer reports a duplicate
 */
struct waltz_ack_out {
	u32 acked;
	u32 sacked;
	u32 delivered;
	u32 lost;
	u32 rtt_us;
	u32 reorder_us;
	bool began;
	bool ended;
	bool spurious;
	bool restored;
	bool reduced;
	bool echoed;
	bool held;
	bool dsack;
};

/* What a loss probe is (RFC 8985 7.3) */
enum waltz_probe {
	WALTZ_PROBE_NONE,
	WALTZ_PROBE_NEW,	/* one segment of new data, whatever cwnd */
	WALTZ_PROBE_LAST,	/* waltz_board_last() again */
};

void waltz_recovery_init(struct waltz_recovery *r,
			 const struct waltz_cong_ops *ops, u16 mss, u32 iss,
			 bool sack_ok);
void waltz_recovery_sent(struct waltz_recovery *r, u32 seq, u32 end_seq,
			 void *data, u64 now_us);
void waltz_recovery_ack(struct waltz_recovery *r,
			const struct waltz_ack_in *in,
			struct waltz_ack_out *out);
struct waltz_record *waltz_recovery_next(struct waltz_recovery *r);
bool waltz_recovery_no_new(struct waltz_recovery *r);
void waltz_recovery_resent(struct waltz_recovery *r, struct waltz_record *rec,
			   u64 now_us);
void waltz_recovery_timeout(struct waltz_recovery *r, bool first, u64 now_us);
void waltz_recovery_refused(struct waltz_recovery *r);
u32 waltz_recovery_reorder(struct waltz_recovery *r, u64 now_us);
u32 waltz_recovery_probe_after(const struct waltz_recovery *r, u32 srtt_us,
			       u32 rto_us, u32 delack_us);
enum waltz_probe waltz_recovery_probe(const struct waltz_recovery *r,
				      bool can_send_new);
void waltz_recovery_probe_sent(struct waltz_recovery *r, bool again,
			       u64 now_us);
void waltz_recovery_mtu(struct waltz_recovery *r, u16 mss);
void waltz_recovery_mtu_probe(struct waltz_recovery *r);
u32 waltz_recovery_pipe(const struct waltz_recovery *r);
bool waltz_recovery_allows(const struct waltz_recovery *r, u32 len);

/* The data of a record that is acknowledged, for the caller to free; false:
 * no more of them.
 */
static inline bool waltz_recovery_pop(struct waltz_recovery *r, void **data)
{
	return waltz_board_pop(&r->board, data);
}

/* A record is cut in two at @seq; @data is that of the second. There is room
 * in the ring for it. @rec is the first then; pointers to others are void.
 */
static inline void waltz_recovery_split(struct waltz_recovery *r,
					struct waltz_record **rec, u32 seq,
					void *data)
{
	*rec = waltz_board_split(&r->board, *rec, seq, data);
}

/* The retransmission timer has expired, and nothing is outstanding. Return: it
 * was waited for.
 */
static inline bool waltz_recovery_release(struct waltz_recovery *r)
{
	bool held = r->held;

	r->held = false;
	return held;
}

/* Is something repaired, after a fast retransmit or a timeout? */
static inline bool waltz_recovery_active(const struct waltz_recovery *r)
{
	return r->state >= WALTZ_CA_RECOVERY;
}

#endif /* _WALTZ_RECOVERY_H */
