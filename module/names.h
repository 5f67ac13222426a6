/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers in tracepoints, and what they are called. Pure.
 *
 * One list each: it makes the enum, if no other header has it, the names that
 * are printed and that the event's format file shows, the tables of
 * scripts/bpftrace, and Documentation/tracepoints.rst. Scripts know the
 * numbers: append only. Events of the state machine are in fsm.h, reasons of
 * drops in drop.h; of those the names are stable, not the numbers.
 * NAME(enumerator, name, description)
 */
#ifndef _WALTZ_NAMES_H
#define _WALTZ_NAMES_H

/* enum waltz_state; a half-open record is what the RFC calls SYN-RECEIVED */
#define WALTZ_STATE_NAMES(NAME)						       \
	NAME(WALTZ_ESTABLISHED, "ESTABLISHED", "")			       \
	NAME(WALTZ_SYN_SENT, "SYN_SENT", "")				       \
	NAME(WALTZ_SYN_RECV, "SYN_RECV", "both sides connect")		       \
	NAME(WALTZ_FIN_WAIT1, "FIN_WAIT1", "")				       \
	NAME(WALTZ_FIN_WAIT2, "FIN_WAIT2", "")				       \
	NAME(WALTZ_TIME_WAIT, "TIME_WAIT", "")				       \
	NAME(WALTZ_CLOSED, "CLOSED", "")				       \
	NAME(WALTZ_CLOSE_WAIT, "CLOSE_WAIT", "")			       \
	NAME(WALTZ_LAST_ACK, "LAST_ACK", "")				       \
	NAME(WALTZ_LISTEN, "LISTEN", "")				       \
	NAME(WALTZ_CLOSING, "CLOSING", "")				       \
	NAME(WALTZ_HALF_OPEN, "SYN_RECV", "a half-open record, on the passive side")

/* enum waltz_verdict */
#define WALTZ_VERDICT_NAMES(NAME)					       \
	NAME(WALTZ_TW_IGNORE, "ignore", "nothing is said; also a challenge over the limit") \
	NAME(WALTZ_TW_IGNORE_RST, "ignore_rst", "a RST does not end TIME_WAIT (RFC 1337)") \
	NAME(WALTZ_TW_CHALLENGE, "challenge", "answered by an ACK")	       \
	NAME(WALTZ_TW_FIN_AGAIN, "fin_again", "the peer's FIN again: acknowledged, 2MSL anew") \
	NAME(WALTZ_TW_REOPEN, "reopen", "a SYN that may open a new connection (RFC 6191)") \
	NAME(WALTZ_TW_FIN, "fin", "the FIN that a FIN_WAIT2 record waits for") \
	NAME(WALTZ_TW_DATA, "data", "data for a FIN_WAIT2 record: RST, and it goes") \
	NAME(WALTZ_TW_RESET, "reset", "a RST for a FIN_WAIT2 record, which goes")

/* enum waltz_recovery_state */
#define WALTZ_CA_NAMES(NAME)						       \
	NAME(WALTZ_CA_OPEN, "open", "all is well")			       \
	NAME(WALTZ_CA_DISORDER, "disorder", "something is SACKed, nothing thought lost") \
	NAME(WALTZ_CA_CWR, "cwr", "the window was reduced, nothing is lost")   \
	NAME(WALTZ_CA_RECOVERY, "recovery", "fast recovery")		       \
	NAME(WALTZ_CA_LOSS, "loss", "after a retransmission timeout")

/* Why a segment is sent again */
#define WALTZ_AGAIN_NAMES(NAME)						       \
	NAME(WALTZ_AGAIN_RTO, "rto", "the retransmission timer expired (RFC 6298)") \
	NAME(WALTZ_AGAIN_RACK, "rack", "lost: what was sent later has arrived (RFC 8985)") \
	NAME(WALTZ_AGAIN_DUPACK, "dupack", "lost, by duplicate ACKs: no SACK (RFC 6582)") \
	NAME(WALTZ_AGAIN_PROBE, "loss_probe", "the last one again, to draw an ACK (RFC 8985)") \
	NAME(WALTZ_AGAIN_REFUSED, "refused", "no room for it there, or too long for the path") \
	NAME(WALTZ_AGAIN_SYN, "syn", "no answer to our SYN")		       \
	NAME(WALTZ_AGAIN_SYN_ACK, "syn_ack", "no ACK of it, or the peer's SYN came again") \
	NAME(WALTZ_AGAIN_FIN, "fin", "the same, of our FIN alone") \
	NAME(WALTZ_AGAIN_WINDOW_PROBE, "window_probe", "the window is shut: is it still?") \
	NAME(WALTZ_AGAIN_KEEPALIVE, "keepalive", "long silence: is the peer there?")

/* Why congestion control changes state */
#define WALTZ_CONG_NAMES(NAME)						       \
	NAME(WALTZ_CONG_ACK, "ack", "something is SACKed, or not any longer") \
	NAME(WALTZ_CONG_LOST, "lost", "something is thought lost")	       \
	NAME(WALTZ_CONG_RTO, "rto", "the retransmission timer expired")	       \
	NAME(WALTZ_CONG_ECN, "ecn", "the peer echoes congestion (RFC 3168)")   \
	NAME(WALTZ_CONG_PROBE, "loss_probe", "a loss probe repaired a loss (RFC 8985 7.4)") \
	NAME(WALTZ_CONG_RECOVERED, "recovered", "what was outstanding then is acknowledged") \
	NAME(WALTZ_CONG_UNDONE, "undone", "it was needless (RFC 3522, 3708, 5682)")

/* What becomes of a connection that waits for accept() */
#define WALTZ_QUEUE_NAMES(NAME)						       \
	NAME(WALTZ_QUEUE_ENQUEUED, "enqueued", "the handshake is complete")    \
	NAME(WALTZ_QUEUE_ACCEPTED, "accepted", "accept() took it")	       \
	NAME(WALTZ_QUEUE_OVERFLOW, "overflow", "a SYN, or a last ACK, finds it full") \
	NAME(WALTZ_QUEUE_PURGED, "purged", "the listener has gone: it is reset")

/* What becomes of a SYN cookie */
#define WALTZ_COOKIE_NAMES(NAME)					       \
	NAME(WALTZ_COOKIE_SENT, "sent", "in a SYN-ACK")			       \
	NAME(WALTZ_COOKIE_ACCEPTED, "accepted", "it came back: a connection")  \
	NAME(WALTZ_COOKIE_ECHO, "refused_echo", "the echo is too old, or of the future") \
	NAME(WALTZ_COOKIE_SEAL, "refused_seal", "the seal is broken: forged, or of another SYN")

/* Who takes over the names of a TIME_WAIT record */
#define WALTZ_REUSE_NAMES(NAME)						       \
	NAME(WALTZ_REUSE_CONNECT, "connect", "connect() of ours")	       \
	NAME(WALTZ_REUSE_SYN, "syn", "the peer's SYN (RFC 6191)")

#define WALTZ_NAME_ENUM(sym, name, text) sym,
enum waltz_again_why { WALTZ_AGAIN_NONE, WALTZ_AGAIN_NAMES(WALTZ_NAME_ENUM) };
enum waltz_cong_why { WALTZ_CONG_NONE, WALTZ_CONG_NAMES(WALTZ_NAME_ENUM) };
enum waltz_queue_why { WALTZ_QUEUE_NONE, WALTZ_QUEUE_NAMES(WALTZ_NAME_ENUM) };
enum waltz_cookie_why { WALTZ_COOKIE_NONE, WALTZ_COOKIE_NAMES(WALTZ_NAME_ENUM) };
enum waltz_reuse_why { WALTZ_REUSE_NONE, WALTZ_REUSE_NAMES(WALTZ_NAME_ENUM) };
#undef WALTZ_NAME_ENUM

#endif /* _WALTZ_NAMES_H */
