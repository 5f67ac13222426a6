/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A segment on the wire: RFC 9293's header and options. Pure.
 */
#ifndef _WALTZ_WIRE_H
#define _WALTZ_WIRE_H

#include <linux/types.h>
#include "drop.h"

#define WALTZ_FIN	0x01
#define WALTZ_SYN	0x02
#define WALTZ_RST	0x04
#define WALTZ_PSH	0x08
#define WALTZ_ACK	0x10
#define WALTZ_URG	0x20
#define WALTZ_ECE	0x40	/* RFC 3168 6.1 */
#define WALTZ_CWR	0x80

#define WALTZ_HDR_LEN		20	/* without options */
#define WALTZ_HDR_MAX		60
#define WALTZ_HDR_CHECKSUM	16	/* where it is */
#define WALTZ_OPT_TS_LEN	12	/* timestamps, with two NOPs */
#define WALTZ_MSS_DEFAULT	536	/* RFC 9293 3.7.1 */
#define WALTZ_MSS_MIN		88	/* less is an attack, not a path */
#define WALTZ_WSCALE_MAX	14	/* RFC 7323 2.3 */
#define WALTZ_SACKS_MAX		4
/* A SACK option with two NOPs */
#define WALTZ_OPT_SACK_LEN(n)	(4u + 8u * (n))

/* Bits of waltz_seg.opts and waltz_hdr.opts: which options are there. */
#define WALTZ_OPT_MSS		0x01
#define WALTZ_OPT_WSCALE	0x02
#define WALTZ_OPT_TS		0x04
#define WALTZ_OPT_SACK_OK	0x08
#define WALTZ_OPT_SACK		0x10

/**
 * struct waltz_sack - one SACK block
 * @start: first sequence number held
 * @end: one past the last
 */
struct waltz_sack {
	u32 start;
	u32 end;
};

/**
 * struct waltz_seg - a received segment, parsed; everything in host order
 * @seq: SEG.SEQ
 * @end_seq: SEG.SEQ + SEG.LEN, SYN and FIN counted
 * @ack: SEG.ACK; zero when the segment carries none
 * @len: bytes of payload
 * @tsval: TSval, when @opts has WALTZ_OPT_TS
 * @tsecr: TSecr, likewise
 * @sport: source port
 * @dport: destination port
 * @wnd: SEG.WND as it stands, before scaling
 * @mss: the MSS option; WALTZ_MSS_DEFAULT without one
 * @flags: WALTZ_FIN...WALTZ_CWR
 * @hdrlen: bytes of header, options included
 * @wscale: shift count of the window scale option, clamped to 14
 * @opts: WALTZ_OPT_* present
 * @nsacks: SACK blocks present
 * @ecn: the ECN field of its IP header, which who has that fills in
 * @sack: the blocks
 */
struct waltz_seg {
	u32 seq;
	u32 end_seq;
	u32 ack;
	u32 len;
	u32 tsval;
	u32 tsecr;
	u16 sport;
	u16 dport;
	u16 wnd;
	u16 mss;
	u8 flags;
	u8 hdrlen;
	u8 wscale;
	u8 opts;
	u8 nsacks;
	u8 ecn;
	struct waltz_sack sack[WALTZ_SACKS_MAX];
};

/**
 * struct waltz_hdr - a header to be built; everything in host order
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @tsval: TSval
 * @tsecr: TSecr
 * @sport: source port
 * @dport: destination port
 * @wnd: SEG.WND, already scaled
 * @mss: for WALTZ_OPT_MSS
 * @flags: WALTZ_FIN...
 * @wscale: for WALTZ_OPT_WSCALE
 * @opts: WALTZ_OPT_* to write
 * @nsacks: blocks, for WALTZ_OPT_SACK; with timestamps 3 have room
 * @sack: the blocks
 */
struct waltz_hdr {
	u32 seq;
	u32 ack;
	u32 tsval;
	u32 tsecr;
	u16 sport;
	u16 dport;
	u16 wnd;
	u16 mss;
	u8 flags;
	u8 wscale;
	u8 opts;
	u8 nsacks;
	struct waltz_sack sack[WALTZ_SACKS_MAX];
};

unsigned int waltz_wire_hdrlen(const u8 *hdr);
u32 waltz_wire_seq(const u8 *hdr);
void waltz_wire_patch(u8 *hdr, u32 seq, u8 clear);
enum waltz_drop waltz_wire_parse(struct waltz_seg *seg, const u8 *hdr,
				 u32 avail, u32 total);
unsigned int waltz_wire_build_len(const struct waltz_hdr *h);
unsigned int waltz_wire_build(u8 *to, const struct waltz_hdr *h);

#endif /* _WALTZ_WIRE_H */
