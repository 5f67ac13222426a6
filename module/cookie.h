/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SYN cookies (RFC 4987 section 3.6): where in our sequence number and our
 * timestamp a handshake travels. Pure.
 *
 *	ISS	mss:4 | epoch:1 | mac:27
 *	TSval	clock:26 | ecn:1 | sack:1 | wscale:4 (15: no window scale)
 *
 * The peer gives both back: the first in its ACK, the second in TSecr. Without
 * timestamps only the first.
 */
#ifndef _WALTZ_COOKIE_H
#define _WALTZ_COOKIE_H

#include <linux/types.h>

#define WALTZ_COOKIE_MAC_BITS	27
#define WALTZ_COOKIE_MSS_BITS	4
#define WALTZ_COOKIE_TS_BITS	6	/* 64 ms: the clock's remaining step */

unsigned int waltz_cookie_mss_index(u16 mss);
u16 waltz_cookie_mss(unsigned int index);

u32 waltz_cookie_isn(unsigned int mss_index, unsigned int epoch, u32 mac);
unsigned int waltz_cookie_isn_mss(u32 isn);
unsigned int waltz_cookie_isn_epoch(u32 isn);
bool waltz_cookie_isn_mac_is(u32 isn, u32 mac);

u8 waltz_cookie_options(u8 opts, u8 wscale, bool ecn);
u32 waltz_cookie_tsval(u32 clock, u8 options);
u8 waltz_cookie_tsval_options(u32 tsval);
u8 waltz_cookie_opts(u8 options, u8 *wscale, bool *ecn);

#endif /* _WALTZ_COOKIE_H */
