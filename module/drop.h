/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a segment was thrown away. Pure.
 *
 * One list: it makes the enum, the names seen in the waltz:drop tracepoint,
 * the drop_* counters in /proc/net/waltz_stat and Documentation/mib.rst.
 * DROP(symbol, name, description)
 */
#ifndef _WALTZ_DROP_H
#define _WALTZ_DROP_H

#define WALTZ_DROP_REASONS(DROP)					       \
	DROP(SHORT, "short", "shorter than its header")			       \
	DROP(DOFF, "data_offset", "data offset below 5 or past the end")       \
	DROP(CHECKSUM, "checksum", "wrong checksum")			       \
	DROP(OPTION, "option", "option of length 0 or 1, past the end, or of the wrong size") \
	DROP(FLAGS, "flags", "flags that contradict each other, or none at all") \
	DROP(PORT, "port_zero", "source or destination port is zero")	       \
	DROP(ADDRESS, "address", "broadcast, multicast or not for this host")  \
	DROP(NO_SOCKET, "no_socket", "nobody here has this connection or port") \
	DROP(FILTER, "filter", "refused by a socket filter, policy or minimum TTL") \
	DROP(BACKLOG, "backlog", "socket busy and its backlog full")	       \
	DROP(LISTEN_RST, "listen_rst", "RST for a listener")		       \
	DROP(LISTEN_NOACK, "listen_noack", "FIN or data without SYN or ACK for a listener") \
	DROP(LISTEN_ACK, "listen_ack", "ACK for a listener of what it never sent") \
	DROP(LISTEN_OVERFLOW, "listen_overflow", "accept queue full")	       \
	DROP(LISTEN_HALFOPEN, "listen_halfopen", "half-open table full")       \
	DROP(NO_ROUTE, "no_route", "no route back to the sender")	       \
	DROP(NO_MEMORY, "no_memory", "allocation failed")		       \
	DROP(PAWS, "paws", "timestamp older than TS.Recent (RFC 7323)")	       \
	DROP(NO_TIMESTAMP, "no_timestamp", "timestamps were agreed and the segment has none") \
	DROP(OUT_OF_WINDOW, "out_of_window", "no part of it in the receive window") \
	DROP(RST_WINDOW, "rst_window", "RST not at RCV.NXT (RFC 5961)")	       \
	DROP(SYN_CHALLENGE, "syn_challenge", "SYN on a synchronised connection (RFC 5961)") \
	DROP(NO_ACK, "no_ack", "segment without ACK on a synchronised connection") \
	DROP(ACK_RANGE, "ack_range", "ACK of what was never sent, or too old (RFC 5961)") \
	DROP(SYN_SENT, "syn_sent", "neither SYN nor acceptable ACK while SYN_SENT") \
	DROP(SYN_RECV, "syn_recv", "not the ACK a half-open connection waits for") \
	DROP(DEFERRED, "deferred", "the handshake's ACK brings no data (TCP_DEFER_ACCEPT)") \
	DROP(OLD_DATA, "old_data", "all of its data was received before")      \
	DROP(RCVBUF, "rcvbuf", "receive buffer full")			       \
	DROP(OOO_FULL, "ooo_full", "receive buffer full, and nothing in it is further ahead") \
	DROP(AFTER_CLOSE, "after_close", "data for a socket nobody reads any more") \
	DROP(TIME_WAIT, "time_wait", "old segment of a connection in TIME_WAIT") \
	DROP(TIME_WAIT_RST, "time_wait_rst", "RST for a connection in TIME_WAIT (RFC 1337)") \
	DROP(CLOSED, "closed", "connection closed while the segment waited")  \
	DROP(NETNS, "netns", "network namespace going away")

enum waltz_drop {
	WALTZ_DROP_NONE,
#define WALTZ_DROP_ENUM(sym, name, text) WALTZ_DROP_##sym,
	WALTZ_DROP_REASONS(WALTZ_DROP_ENUM)
#undef WALTZ_DROP_ENUM
	WALTZ_DROP_MAX
};

#endif /* _WALTZ_DROP_H */
