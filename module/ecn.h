/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Explicit congestion notification, RFC 3168: what two SYNs agree on, what a
 * receiver echoes, what a sender marks. Pure. What an echo means for the
 * congestion window is for recovery.c to say.
 */
#ifndef _WALTZ_ECN_H
#define _WALTZ_ECN_H

#include <linux/types.h>
#include "wire.h"

/* net.waltz.ecn; the numbers are those of net.ipv4.tcp_ecn */
enum {
	WALTZ_ECN_OFF,
	WALTZ_ECN_ASK,		/* ask for it, and agree to it */
	WALTZ_ECN_ACCEPT,	/* agree to it */
};

/* The ECN field of an IP header: RFC 3168 section 5 */
enum {
	WALTZ_NOT_ECT,
	WALTZ_ECT_1,
	WALTZ_ECT_0,
	WALTZ_CE,
};

/**
 * struct waltz_ecn - ECN on one connection
 * @asked: our SYN or SYN-ACK said that we have it, and no SYN that came that
 *	the peer has not
 * @fell_back: our SYN or SYN-ACK was sent again, without
 * @marks: what is marked is echoed: we have said so
 * @ect: what is sent may be marked: both have said so
 * @seen: text came as ECT or CE
 * @echo: ACKs say ECE, until the peer says CWR
 * @cwr: the next new data says CWR
 */
struct waltz_ecn {
	bool asked:1;
	bool fell_back:1;
	bool marks:1;
	bool ect:1;
	bool seen:1;
	bool echo:1;
	bool cwr:1;
};

bool waltz_ecn_setup(u8 flags, u8 field);
void waltz_ecn_open(struct waltz_ecn *e, int mode);
u8 waltz_ecn_syn(const struct waltz_ecn *e);
u8 waltz_ecn_syn_ack(const struct waltz_ecn *e);
void waltz_ecn_agree(struct waltz_ecn *e, u8 flags, u8 field);
void waltz_ecn_accepted(struct waltz_ecn *e);
bool waltz_ecn_fall_back(struct waltz_ecn *e);
u8 waltz_ecn_send(struct waltz_ecn *e, bool new_data, u8 *flags);
bool waltz_ecn_receive(struct waltz_ecn *e, u8 flags, u8 field, bool text);
void waltz_ecn_reduced(struct waltz_ecn *e);
void waltz_ecn_restored(struct waltz_ecn *e);

/* Does an ACK say that something we sent was marked? */
static inline bool waltz_ecn_echoed(const struct waltz_ecn *e, u8 flags)
{
	return e->ect && flags & WALTZ_ECE;
}

#endif /* _WALTZ_ECN_H */
