/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connection's life as one table: [state][event] -> next state, actions.
 * Pure: no skb, no socket, no lock. What is not in the table cannot happen.
 *
 * The same table names the states and events of the waltz:state tracepoint,
 * counts transitions in /proc/net/waltz_fsm, and draws the diagram in
 * Documentation/state-machine.rst.
 */
#ifndef _WALTZ_FSM_H
#define _WALTZ_FSM_H

#include <linux/types.h>

/*
 * The kernel's TCP_* numbers, so that tools that know those read ours.
 * apply.c checks at build time that they agree.
 *
 * HALF_OPEN and TIME_WAIT are never the state of a full socket: records hold
 * them. FIN_WAIT2 may be either.
 */
enum waltz_state {
	WALTZ_ESTABLISHED = 1,
	WALTZ_SYN_SENT,
	WALTZ_SYN_RECV,		/* active side, simultaneous open */
	WALTZ_FIN_WAIT1,
	WALTZ_FIN_WAIT2,
	WALTZ_TIME_WAIT,
	WALTZ_CLOSED,
	WALTZ_CLOSE_WAIT,
	WALTZ_LAST_ACK,
	WALTZ_LISTEN,
	WALTZ_CLOSING,
	WALTZ_HALF_OPEN,	/* SYN_RECV on the passive side */
	WALTZ_STATES
};

/* EVENT(symbol, name, description) */
#define WALTZ_EVENTS(EVENT)						       \
	EVENT(USER_LISTEN, "listen", "listen() called")			       \
	EVENT(USER_CONNECT, "connect", "connect() called; to a record: its names are taken over") \
	EVENT(USER_CLOSE, "close", "close() or shutdown(SHUT_WR): our FIN follows the data") \
	EVENT(USER_ABORT, "abort", "data unread, SO_LINGER 0, disconnect, listener gone") \
	EVENT(USER_ORPHAN, "orphan", "close() when our FIN has been acknowledged already") \
	EVENT(RCV_SYN, "SYN", "acceptable SYN")				       \
	EVENT(RCV_SYN_ACK, "SYN-ACK", "SYN that acknowledges ours")	       \
	EVENT(RCV_ACK_OF_SYN, "ACK-of-SYN", "our SYN is acknowledged")	       \
	EVENT(RCV_ACK_OF_FIN, "ACK-of-FIN", "our FIN is acknowledged")	       \
	EVENT(RCV_FIN, "FIN", "the peer's FIN, at RCV.NXT")		       \
	EVENT(RCV_FIN_AGAIN, "FIN-again", "the peer's FIN once more")	       \
	EVENT(RCV_RST, "RST", "RST that passed RFC 5961's test")	       \
	EVENT(RCV_AFTER_CLOSE, "data-after-close", "data that nobody will read") \
	EVENT(OLD_DUPLICATE, "old-duplicate", "the SYN that reopened TIME_WAIT proved old") \
	EVENT(UNREACHABLE, "unreachable", "hard ICMP error during the handshake") \
	EVENT(TIMEOUT, "timeout", "R2, user timeout, keepalive or FIN_WAIT2 time over") \
	EVENT(TWO_MSL, "2MSL", "2MSL over")				       \
	EVENT(EVICTED, "evicted", "record removed: table full, or killed by an administrator")

enum waltz_event {
#define WALTZ_EVENT_ENUM(sym, name, text) WALTZ_EV_##sym,
	WALTZ_EVENTS(WALTZ_EVENT_ENUM)
#undef WALTZ_EVENT_ENUM
	WALTZ_EVENT_MAX
};

/*
 * What apply.c does beside writing the state, in this order. ACTION(symbol,
 * description)
 */
#define WALTZ_ACTIONS(ACTION)						       \
	ACTION(SYNCHRONISED, "both sides agree: start the stream, wake connect()") \
	ACTION(SEND_SYN, "send SYN, start its retransmission")		       \
	ACTION(SEND_SYN_ACK, "send SYN-ACK, start its retransmission")	       \
	ACTION(TAKE_FIN, "count the peer's FIN, end of file for the reader")   \
	ACTION(SEND_ACK, "acknowledge at once")				       \
	ACTION(QUEUE_FIN, "our FIN takes its place behind the data")	       \
	ACTION(SEND_RST, "tell the peer the connection is gone")	       \
	ACTION(RESTART_2MSL, "2MSL starts anew")			       \
	ACTION(TO_RECORD, "leave a record in the TIME_WAIT table")	       \
	ACTION(CLEAR, "throw away what is queued for the peer")		       \
	ACTION(REFUSED, "error ECONNREFUSED")				       \
	ACTION(RESET, "error ECONNRESET, or EPIPE after the peer's FIN")       \
	ACTION(TIMED_OUT, "error ETIMEDOUT")				       \
	ACTION(NOTIFY, "wake whoever sleeps on the state")		       \
	ACTION(DONE, "leave the tables; free it if nobody owns it")

enum waltz_action_bit {
#define WALTZ_ACTION_ENUM(sym, text) WALTZ_ACT_##sym##_BIT,
	WALTZ_ACTIONS(WALTZ_ACTION_ENUM)
#undef WALTZ_ACTION_ENUM
	WALTZ_ACT_BITS
};

#define WALTZ_ACT(sym)	(1u << WALTZ_ACT_##sym##_BIT)

/**
 * struct waltz_transition - one entry of the table
 * @state: enum waltz_state it starts from
 * @event: enum waltz_event
 * @next: enum waltz_state it leads to
 * @actions: WALTZ_ACT() bits
 */
struct waltz_transition {
	u8 state;
	u8 event;
	u8 next;
	u32 actions;
};

#define WALTZ_TRANSITIONS_MAX	80

extern const struct waltz_transition waltz_transitions[];
extern const unsigned int waltz_transitions_count;

const struct waltz_transition *waltz_fsm(unsigned int state,
					 enum waltz_event event);
void waltz_fsm_init(void);
const char *waltz_state_name(unsigned int state);
const char *waltz_event_name(unsigned int event);

static inline unsigned int waltz_transition_id(const struct waltz_transition *t)
{
	return (unsigned int)(t - waltz_transitions);
}

#endif /* _WALTZ_FSM_H */
