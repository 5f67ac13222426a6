/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A path's MTU where no ICMP error tells of it: RFC 4821. Pure. Sizes are those
 * of a segment's text and options: the MTU without both headers.
 */
#ifndef _WALTZ_PLPMTU_H
#define _WALTZ_PLPMTU_H

#include <linux/types.h>

#define WALTZ_PLPMTU_FLOOR	48u	/* no path is worse: RFC 791's 68 bytes */
#define WALTZ_PLPMTU_SMALL	536u	/* RFC 1122 3.3.2: all take 576 bytes */
#define WALTZ_PLPMTU_STEP	16u	/* known to within this: the search ends */
#define WALTZ_PLPMTU_AGAIN_S	600u	/* RFC 4821 7.7: and begins anew */

/**
 * struct waltz_plpmtu - the search of one connection
 * @low: what passes, as far as is known; 0: nothing is searched for
 * @high: what may pass at most
 * @probe: size of the probe on its way; 0: there is none
 * @since: when the search ended; 16 bits of seconds
 */
struct waltz_plpmtu {
	u16 low;
	u16 high;
	u16 probe;
	u16 since;
};

void waltz_plpmtu_begin(struct waltz_plpmtu *p, u16 base, u16 most);
u16 waltz_plpmtu_lower(const struct waltz_plpmtu *p, u16 base, u16 most,
		       u32 sent);
void waltz_plpmtu_lowered(struct waltz_plpmtu *p, u16 size, u16 most);
u16 waltz_plpmtu_next(struct waltz_plpmtu *p, u16 most, u32 now_s);
void waltz_plpmtu_sent(struct waltz_plpmtu *p, u16 size);
void waltz_plpmtu_passed(struct waltz_plpmtu *p, u32 now_s);
void waltz_plpmtu_lost(struct waltz_plpmtu *p, u32 now_s);

#endif /* _WALTZ_PLPMTU_H */
