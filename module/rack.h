/* SPDX-License-Identifier: GPL-2.0 */
/* Loss detection by time: RACK-TLP, RFC 8985. Pure. */
#ifndef _WALTZ_RACK_H
#define _WALTZ_RACK_H

#include <linux/types.h>
#include "board.h"

#define WALTZ_DUPTHRESH		3	/* RFC 5681 3.2, RFC 6675 section 2 */
#define WALTZ_TS_TICK_US	1000u	/* RFC 7323 5.4: our timestamp clock */

/**
 * struct waltz_rack - state of RFC 8985, times in microseconds
 * @xmit_us: RACK.xmit_ts: when the segment was sent that was sent last of
 *	those delivered; 0: none was
 * @end_seq: RACK.end_seq: its end
 * @rtt_us: RACK.rtt: round trip of the segment delivered last
 * @fack: RACK.fack: end of the highest segment delivered
 * @srtt_us: SRTT, as last told
 * @min_us: the least round trips of this window of time and the one before
 * @min_since_us: when this window began
 * @dsack_round: RACK.dsack_round, when @in_dsack_round
 * @tlp_end_seq: TLP.end_seq, when @tlp_out
 * @mult: RACK.reo_wnd_mult
 * @persist: RACK.reo_wnd_persist
 * @reordering_seen: RACK.reordering_seen
 * @in_dsack_round: @dsack_round means something
 * @tlp_out: a loss probe was sent and not accounted for yet
 * @tlp_retrans: TLP.is_retrans: it was a retransmission
 */
struct waltz_rack {
	u64 xmit_us;
	u64 min_since_us;
	u32 min_us[2];
	u32 end_seq;
	u32 rtt_us;
	u32 fack;
	u32 srtt_us;
	u32 dsack_round;
	u32 tlp_end_seq;
	u8 mult;
	u8 persist;
	bool reordering_seen;
	bool in_dsack_round;
	bool tlp_out;
	bool tlp_retrans;
};

/* What an ACK means for a loss probe: RFC 8985 7.4. */
enum waltz_tlp {
	WALTZ_TLP_NOTHING,
	WALTZ_TLP_DONE,		/* no loss */
	WALTZ_TLP_REPAIRED,	/* the probe repaired a loss */
};

void waltz_rack_init(struct waltz_rack *k, u32 iss);
void waltz_rack_min_rtt(struct waltz_rack *k, u32 rtt_us, u64 now_us);
u32 waltz_rack_least(const struct waltz_rack *k);
void waltz_rack_delivered(struct waltz_rack *k, const struct waltz_record *rec,
			  u32 ts_rtt_us, u64 now_us);
void waltz_rack_dsack(struct waltz_rack *k, u32 nxt);
void waltz_rack_una(struct waltz_rack *k, u32 una);
void waltz_rack_recovered(struct waltz_rack *k);
u32 waltz_rack_reo_wnd(const struct waltz_rack *k, const struct waltz_board *b,
		       bool recovering);
u32 waltz_rack_detect(const struct waltz_rack *k, struct waltz_board *b,
		      bool recovering, u64 now_us);
void waltz_rack_timeout(const struct waltz_rack *k, struct waltz_board *b,
			u64 now_us);
u32 waltz_rack_pto(u32 srtt_us, u32 rto_us, u32 delack_us, bool one);
void waltz_rack_probed(struct waltz_rack *k, u32 nxt, bool retrans);
enum waltz_tlp waltz_rack_probe_acked(struct waltz_rack *k, u32 ack,
				      bool dsacked, bool pure_dup);

#endif /* _WALTZ_RACK_H */
