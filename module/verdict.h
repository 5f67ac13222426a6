/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a TIME_WAIT record, or a FIN_WAIT2 record without an owner, answers to
 * a segment. Pure.
 */
#ifndef _WALTZ_VERDICT_H
#define _WALTZ_VERDICT_H

#include <linux/types.h>
#include "wire.h"

/**
 * enum waltz_verdict - the answers
 * @WALTZ_TW_IGNORE: nothing to say; the segment told us nothing
 * @WALTZ_TW_IGNORE_RST: RFC 1337: a RST must not end TIME_WAIT
 * @WALTZ_TW_CHALLENGE: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, rate-limited
 * @WALTZ_TW_FIN_AGAIN: the peer has not seen our last ACK: again, 2MSL anew
 * @WALTZ_TW_REOPEN: a SYN that may open a new connection (RFC 6191)
 * @WALTZ_TW_FIN: FIN_WAIT2 only: the FIN it waits for
 * @WALTZ_TW_DATA: FIN_WAIT2 only: data that nobody will read
 * @WALTZ_TW_RESET: FIN_WAIT2 only: a RST at exactly RCV.NXT
 */
enum waltz_verdict {
	WALTZ_TW_IGNORE,
	WALTZ_TW_IGNORE_RST,
	WALTZ_TW_CHALLENGE,
	WALTZ_TW_FIN_AGAIN,
	WALTZ_TW_REOPEN,
	WALTZ_TW_FIN,
	WALTZ_TW_DATA,
	WALTZ_TW_RESET,
};

/**
 * struct waltz_tw_view - what a verdict is reached from
 * @snd_nxt: SND.NXT, behind our FIN
 * @rcv_nxt: RCV.NXT; in TIME_WAIT behind the peer's FIN
 * @ts_recent: TS.Recent
 * @has_ts: the connection used timestamps
 * @fin_wait2: still FIN_WAIT2
 */
struct waltz_tw_view {
	u32 snd_nxt;
	u32 rcv_nxt;
	u32 ts_recent;
	bool has_ts;
	bool fin_wait2;
};

enum waltz_verdict waltz_tw_verdict(const struct waltz_tw_view *tw,
				    const struct waltz_seg *seg);

bool waltz_tw_lost_fin(const struct waltz_seg *seg, u32 clock, u32 two_msl);

#endif /* _WALTZ_VERDICT_H */
