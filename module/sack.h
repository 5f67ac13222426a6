/* SPDX-License-Identifier: GPL-2.0 */
/* Selective acknowledgments: RFC 2018 and RFC 2883. Pure. */
#ifndef _WALTZ_SACK_H
#define _WALTZ_SACK_H

#include <linux/types.h>
#include "wire.h"

/**
 * struct waltz_sack_rcv - what the receiver reports
 * @dsack: came twice, not reported yet; empty when there is none
 * @recent: ranges that came out of order, the last changed first; disjoint
 * @n: of @recent
 */
struct waltz_sack_rcv {
	struct waltz_sack dsack;
	struct waltz_sack recent[WALTZ_SACKS_MAX];
	u8 n;
};

void waltz_sack_rcv_init(struct waltz_sack_rcv *s);
void waltz_sack_rcv_hole(struct waltz_sack_rcv *s, u32 start, u32 end);
void waltz_sack_rcv_advance(struct waltz_sack_rcv *s, u32 rcv_nxt);
void waltz_sack_rcv_duplicate(struct waltz_sack_rcv *s, u32 start, u32 end);
void waltz_sack_rcv_cut(struct waltz_sack_rcv *s, u32 from);
void waltz_sack_rcv_purge(struct waltz_sack_rcv *s);
unsigned int waltz_sack_rcv_fill(struct waltz_sack_rcv *s,
				 struct waltz_sack *out, unsigned int max);

/* Would waltz_sack_rcv_fill() report anything? */
static inline bool waltz_sack_rcv_any(const struct waltz_sack_rcv *s)
{
	return s->n || s->dsack.start != s->dsack.end;
}

/**
 * struct waltz_sack_ack - the blocks of one ACK, looked through
 * @block: valid ones, in order of sequence
 * @dsack: the D-SACK block, when @has_dsack
 * @n: of @block
 * @has_dsack: there was one (RFC 2883)
 */
struct waltz_sack_ack {
	struct waltz_sack block[WALTZ_SACKS_MAX];
	struct waltz_sack dsack;
	u8 n;
	bool has_dsack;
};

void waltz_sack_check(struct waltz_sack_ack *out, const struct waltz_sack *in,
		      unsigned int n, u32 ack, u32 una, u32 nxt);

#endif /* _WALTZ_SACK_H */
