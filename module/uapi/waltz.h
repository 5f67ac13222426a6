/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What a program may include to use Waltz sockets:
 *
 *	fd = socket(AF_INET, SOCK_STREAM, IPPROTO_WALTZ);
 *
 * Everything else about the socket is what the program knows from TCP; the
 * options of level IPPROTO_TCP are accepted at that level, and at level
 * IPPROTO_WALTZ, with TCP's names, values and units.
 */
#ifndef _UAPI_WALTZ_H
#define _UAPI_WALTZ_H

#include <linux/types.h>

/* RFC 3692: 253 and 254 are for experiments. */
#ifndef IPPROTO_WALTZ
#define IPPROTO_WALTZ	253
#endif

/* Options of our own, at either level: above all of TCP's. */
#define WALTZ_INFO		256	/* struct waltz_info; read only */

/* sock_diag: what comes with INET_DIAG_INFO (a struct tcp_info) and is a
 * struct waltz_info; and the multicast group of NETLINK_SOCK_DIAG that hears
 * of each socket that is destroyed.
 */
#define WALTZ_DIAG_INFO		253
#define WALTZ_DIAG_DESTROYED	32

/* waltz_info.wi_flags */
#define WALTZ_INFO_NODELAY	0x0001	/* TCP_NODELAY */
#define WALTZ_INFO_CORK		0x0002	/* TCP_CORK */
#define WALTZ_INFO_FIN_QUEUED	0x0004	/* our FIN waits behind data */
#define WALTZ_INFO_FIN_SENT	0x0008	/* our FIN was sent */
#define WALTZ_INFO_FIN_RCVD	0x0010	/* the peer's FIN came */
#define WALTZ_INFO_ACK_PENDING	0x0020	/* received, not acknowledged yet */
#define WALTZ_INFO_ORPHAN	0x0040	/* nobody owns the socket */
#define WALTZ_INFO_STALLED	0x0080	/* what is outstanding does not move */

/* waltz_info.wi_timer_ms */
enum {
	WALTZ_INFO_RETRANSMIT,		/* SYN, SYN-ACK, data, FIN */
	WALTZ_INFO_REORDER,		/* RFC 8985: late, or lost? */
	WALTZ_INFO_LOSS_PROBE,		/* RFC 8985 */
	WALTZ_INFO_PROBE,		/* zero window */
	WALTZ_INFO_DELACK,
	WALTZ_INFO_KEEPALIVE,
	WALTZ_INFO_TIMERS
};

#define WALTZ_INFO_OFF		(~0u)

/*
 * What struct tcp_info has no place for. It only grows: a program gets as much
 * as it knows, or as the module has, and the length says how much that was.
 * Without a unit in their comment: bytes.
 */
struct waltz_info {
	__u32 wi_flags;			/* WALTZ_INFO_* */
	__u32 wi_timer_ms[WALTZ_INFO_TIMERS];	/* left; WALTZ_INFO_OFF */
	__u32 wi_cwnd;
	__u32 wi_ssthresh;		/* WALTZ_INFO_OFF: none yet */
	__u32 wi_in_flight;		/* sent and not acknowledged */
	__u32 wi_sacked;		/* of these: the peer has them, */
	__u32 wi_lost;			/* are thought lost, */
	__u32 wi_retrans;		/* were sent again */
	__u32 wi_snd_wnd;		/* the peer's window, */
	__u32 wi_max_wnd;		/* and the largest it ever offered */
	__u32 wi_rcv_wnd;		/* ours */
	__u32 wi_unread;		/* may be read */
	__u32 wi_user_timeout_ms;	/* TCP_USER_TIMEOUT; 0: by count */
	__u32 wi_quickacks;		/* ACKs still sent at once */
	__u32 wi_probes;		/* in a row, without an answer */
};

#endif /* _UAPI_WALTZ_H */
