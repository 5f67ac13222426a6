/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters. One list gives the enum, the names in /proc/net/waltz_stat and
 * Documentation/mib.rst; the drop reasons of drop.h follow it as drop_*.
 * COUNTER(symbol, name, description)
 */
#ifndef _WALTZ_MIB_H
#define _WALTZ_MIB_H

#include <linux/types.h>
#include "drop.h"
#include "fsm.h"

#define WALTZ_COUNTERS(COUNTER)						       \
	COUNTER(IN_SEGS, "in_segs", "segments received, bad ones too")	       \
	COUNTER(OUT_SEGS, "out_segs", "segments sent, retransmissions too")    \
	COUNTER(RETRANS_SEGS, "retrans_segs", "segments sent again")	       \
	COUNTER(RETRANS_SYN, "retrans_syn", "SYN and SYN-ACK sent again")      \
	COUNTER(RETRANS_FAST, "retrans_fast", "fast retransmits begun")	       \
	COUNTER(RETRANS_TIMEOUT, "retrans_timeout", "retransmission timeouts") \
	COUNTER(LOSS_PROBES, "loss_probes", "loss probes sent (RFC 8985)")     \
	COUNTER(SPURIOUS, "spurious", "recoveries that were needless, and undone") \
	COUNTER(DSACKS, "dsacks", "duplicates that peers reported (RFC 2883)") \
	COUNTER(PROBES, "probes", "zero-window probes sent")		       \
	COUNTER(KEEPALIVES, "keepalives", "keepalive probes sent")	       \
	COUNTER(OUT_RSTS, "out_rsts", "RST sent")			       \
	COUNTER(IN_RSTS, "in_rsts", "RST that ended a connection")	       \
	COUNTER(ACTIVE_OPENS, "active_opens", "connections opened by connect()") \
	COUNTER(PASSIVE_OPENS, "passive_opens", "connections opened by a peer") \
	COUNTER(CHALLENGE_ACKS, "challenge_acks", "challenge ACKs sent (RFC 5961)") \
	COUNTER(CHALLENGE_LIMITED, "challenge_limited", "challenge ACKs held back by the limit") \
	COUNTER(OOO_QUEUED, "ooo_queued", "segments received out of order")    \
	COUNTER(OOO_COLLAPSED, "ooo_collapsed", "of these, small ones that were copied together") \
	COUNTER(OOO_PRUNED, "ooo_pruned", "of these, thrown away later to make room") \
	COUNTER(MTU_BLACK_HOLES, "mtu_black_holes", "times segments became smaller (RFC 4821)") \
	COUNTER(MTU_PROBES, "mtu_probes", "probes for a larger path MTU (RFC 4821)") \
	COUNTER(MTU_PROBES_PASSED, "mtu_probes_passed", "of these, acknowledged") \
	COUNTER(MEMORY_PRESSURES, "memory_pressures", "memory pressure began (net.waltz.mem)") \
	COUNTER(DELAYED_ACKS, "delayed_acks", "delayed ACKs sent")	       \
	COUNTER(ECN_OPENS, "ecn_opens", "connections opened with ECN (RFC 3168)") \
	COUNTER(ECN_FALLBACKS, "ecn_fallbacks", "SYN and SYN-ACK sent again without ECN") \
	COUNTER(CE_RECEIVED, "ce_received", "segments received with a mark: congestion") \
	COUNTER(ECN_REDUCTIONS, "ecn_reductions", "windows reduced for marks that were echoed") \
	COUNTER(COOKIES_SENT, "cookies_sent", "SYNs answered by a SYN cookie")  \
	COUNTER(COOKIES_ACCEPTED, "cookies_accepted", "SYN cookies that came back: connections") \
	COUNTER(COOKIES_REFUSED, "cookies_refused", "ACKs that were of no valid SYN cookie") \
	COUNTER(ABORT_DATA, "abort_data", "closed with data unread: RST")      \
	COUNTER(ABORT_LINGER, "abort_linger", "closed with SO_LINGER 0: RST")  \
	COUNTER(ABORT_TIMEOUT, "abort_timeout", "given up: the peer does not answer") \
	COUNTER(ABORT_ORPHAN, "abort_orphan", "orphans ended: too many, or out of memory") \
	COUNTER(ABORT_KILLED, "abort_killed", "sockets aborted by an administrator (ss -K)") \
	COUNTER(ABORT_OVERFLOW, "abort_overflow", "reset because the accept queue was full") \
	COUNTER(TW_INSERTED, "tw_inserted", "records put into the TIME_WAIT table") \
	COUNTER(TW_EXPIRED, "tw_expired", "records whose time was over")       \
	COUNTER(TW_REUSED_SYN, "tw_reused_syn", "records reopened by a SYN (RFC 6191)") \
	COUNTER(TW_REUSED_CONNECT, "tw_reused_connect", "records taken over by connect()") \
	COUNTER(TW_REVIVED, "tw_revived", "records brought back: the SYN was an old duplicate") \
	COUNTER(TW_EVICTED, "tw_evicted", "records removed before their time: table full") \
	COUNTER(TW_KILLED, "tw_killed", "records removed by an administrator (ss -K)") \
	COUNTER(TW_LOST_FIN, "tw_lost_fin", "FINs acknowledged for a record that had to go") \
	COUNTER(TW_NO_MEMORY, "tw_no_memory", "records that found no memory")  \
	COUNTER(TW_FIN_AGAIN, "tw_fin_again", "FINs acknowledged again, 2MSL restarted") \
	COUNTER(LOOKUP_RETRIES, "lookup_retries", "look-ups repeated because a connection moved") \
	COUNTER(FSM_ILLEGAL, "fsm_illegal", "events the table has no entry for: a bug")

enum waltz_mib_counter {
#define WALTZ_MIB_ENUM(sym, name, text) WALTZ_MIB_##sym,
	WALTZ_COUNTERS(WALTZ_MIB_ENUM)
#undef WALTZ_MIB_ENUM
	WALTZ_MIB_DROP_FIRST,
	WALTZ_MIB_MAX = WALTZ_MIB_DROP_FIRST + WALTZ_DROP_MAX - 1
};

struct waltz_mib {
	unsigned long count[WALTZ_MIB_MAX];
};

struct waltz_transition_counts {
	unsigned long count[WALTZ_TRANSITIONS_MAX];
};

const char *waltz_mib_name(unsigned int counter);

#endif /* _WALTZ_MIB_H */
