// SPDX-License-Identifier: GPL-2.0
/*
 * Headers and options: parse what came, build what goes. Pure: bytes in,
 * numbers out; nothing here knows an skb. Bytes are read one at a time, so
 * that no alignment is assumed of a hostile segment.
 */
#include "wire.h"

enum {
	OPT_EOL		= 0,
	OPT_NOP		= 1,
	OPT_MSS		= 2,	/* RFC 9293 3.7.1 */
	OPT_WSCALE	= 3,	/* RFC 7323 2 */
	OPT_SACK_OK	= 4,	/* RFC 2018 2 */
	OPT_SACK	= 5,	/* RFC 2018 3 */
	OPT_TS		= 8,	/* RFC 7323 3 */
};

static u16 get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static u32 get32(const u8 *p)
{
	return (u32)get16(p) << 16 | get16(p + 2);
}

static u8 *put16(u8 *p, u16 v)
{
	*p++ = (u8)(v >> 8);
	*p++ = (u8)v;
	return p;
}

static u8 *put32(u8 *p, u32 v)
{
	return put16(put16(p, (u16)(v >> 16)), (u16)v);
}

/* One option that is whole. Those of a SYN are ignored elsewhere (RFC 9293
 * 3.1), and a known kind of the wrong size spoils the segment: a peer that
 * cannot write its options cannot be trusted to have meant the rest.
 */
static bool parse_option(struct waltz_seg *seg, u8 kind, const u8 *val,
			 unsigned int len)
{
	bool syn = seg->flags & WALTZ_SYN;
	unsigned int i;

	switch (kind) {
	case OPT_MSS:
		if (len != 2)
			return false;
		/* RFC 9293 MUST-15 allows any value; 0 means nothing. */
		if (syn && get16(val)) {
			seg->mss = get16(val);
			seg->opts |= WALTZ_OPT_MSS;
		}
		break;
	case OPT_WSCALE:
		if (len != 1)
			return false;
		if (syn) {
			/* RFC 7323 2.3: above 14 is to be used as 14. */
			seg->wscale = val[0] > WALTZ_WSCALE_MAX ?
				      WALTZ_WSCALE_MAX : val[0];
			seg->opts |= WALTZ_OPT_WSCALE;
		}
		break;
	case OPT_SACK_OK:
		if (len != 0)
			return false;
		if (syn)
			seg->opts |= WALTZ_OPT_SACK_OK;
		break;
	case OPT_SACK:
		if (!len || len % 8)
			return false;
		if (syn)
			break;
		seg->nsacks = 0;
		for (i = 0; i + 8 <= len && seg->nsacks < WALTZ_SACKS_MAX; i += 8) {
			seg->sack[seg->nsacks].start = get32(val + i);
			seg->sack[seg->nsacks++].end = get32(val + i + 4);
		}
		seg->opts |= WALTZ_OPT_SACK;
		break;
	case OPT_TS:
		if (len != 8)
			return false;
		seg->tsval = get32(val);
		seg->tsecr = get32(val + 4);
		seg->opts |= WALTZ_OPT_TS;
		break;
	}
	return true;	/* RFC 9293 MUST-6: unknown kinds are skipped */
}

static bool parse_options(struct waltz_seg *seg, const u8 *p, unsigned int len)
{
	while (len) {
		if (*p == OPT_EOL)
			return true;
		if (*p == OPT_NOP) {
			p++;
			len--;
			continue;
		}
		/* RFC 9293 MUST-7: an illegal length must not crash us. */
		if (len < 2 || p[1] < 2 || p[1] > len)
			return false;
		if (!parse_option(seg, p[0], p + 2, p[1] - 2u))
			return false;
		len -= p[1];
		p += p[1];
	}
	return true;
}

/* Combinations no conforming peer sends in any state. SYN+FIN is not among
 * them here: what it means depends on the state (RFC 9293 3.10.7).
 */
static bool flags_nonsense(u8 flags)
{
	u8 f = flags & (WALTZ_FIN | WALTZ_SYN | WALTZ_RST | WALTZ_ACK);

	return !f || (f & (WALTZ_SYN | WALTZ_RST)) == (WALTZ_SYN | WALTZ_RST) ||
	       (f & (WALTZ_FIN | WALTZ_RST)) == (WALTZ_FIN | WALTZ_RST);
}

/**
 * waltz_wire_hdrlen() - what the data offset claims
 * @hdr: at least WALTZ_HDR_LEN bytes
 *
 * Return: bytes, 0 to 60; not checked against anything.
 */
unsigned int waltz_wire_hdrlen(const u8 *hdr)
{
	return (hdr[12] >> 4) * 4u;
}

/**
 * waltz_wire_seq() - SEG.SEQ, of a header that may be cut short behind it
 * @hdr: at least 8 bytes: as much as an ICMP error must quote
 */
u32 waltz_wire_seq(const u8 *hdr)
{
	return get32(hdr + 4);
}

/**
 * waltz_wire_patch() - turn a copy of a header into another segment's
 * @hdr: at least WALTZ_HDR_LEN bytes; the checksum is left to the caller
 * @seq: SEG.SEQ
 * @clear: flags that are not its
 */
void waltz_wire_patch(u8 *hdr, u32 seq, u8 clear)
{
	put32(hdr + 4, seq);
	hdr[13] &= ~clear;
}

/**
 * waltz_wire_parse() - read a segment's header and options
 * @seg: filled in
 * @hdr: the header
 * @avail: bytes readable at @hdr; the whole header with its options must be
 * @total: bytes of the whole segment, payload included
 *
 * RFC 9293 sections 3.1 and 3.2. The checksum is the caller's.
 *
 * Context: any; pure.
 * Return: WALTZ_DROP_NONE, or why the segment is to be dropped. The fixed
 * fields of @seg are set even then (unless it is shorter than them), so that
 * the drop can be traced.
 */
enum waltz_drop waltz_wire_parse(struct waltz_seg *seg, const u8 *hdr,
				 u32 avail, u32 total)
{
	*seg = (struct waltz_seg){ .mss = WALTZ_MSS_DEFAULT };

	if (avail < WALTZ_HDR_LEN || total < avail)
		return WALTZ_DROP_SHORT;

	seg->sport = get16(hdr);
	seg->dport = get16(hdr + 2);
	seg->seq = get32(hdr + 4);
	seg->ack = get32(hdr + 8);
	seg->hdrlen = (u8)waltz_wire_hdrlen(hdr);
	seg->flags = hdr[13];
	seg->wnd = get16(hdr + 14);
	if (!(seg->flags & WALTZ_ACK))
		seg->ack = 0;

	if (seg->hdrlen < WALTZ_HDR_LEN || seg->hdrlen > avail)
		return WALTZ_DROP_DOFF;

	seg->len = total - seg->hdrlen;
	seg->end_seq = seg->seq + seg->len + !!(seg->flags & WALTZ_SYN) +
		       !!(seg->flags & WALTZ_FIN);
	if (!seg->sport || !seg->dport)
		return WALTZ_DROP_PORT;
	if (flags_nonsense(seg->flags))
		return WALTZ_DROP_FLAGS;
	if (!parse_options(seg, hdr + WALTZ_HDR_LEN,
			   seg->hdrlen - WALTZ_HDR_LEN))
		return WALTZ_DROP_OPTION;
	return WALTZ_DROP_NONE;
}

/**
 * waltz_wire_build_len() - bytes waltz_wire_build() will write
 * @h: what will be written
 *
 * Return: header length, a multiple of 4.
 */
unsigned int waltz_wire_build_len(const struct waltz_hdr *h)
{
	unsigned int len = WALTZ_HDR_LEN;
	u8 opts = h->opts;

	if (opts & WALTZ_OPT_MSS)
		len += 4;
	if (opts & (WALTZ_OPT_TS | WALTZ_OPT_SACK_OK))
		len += opts & WALTZ_OPT_TS ? WALTZ_OPT_TS_LEN : 4;
	if (opts & WALTZ_OPT_WSCALE)
		len += 4;
	if (opts & WALTZ_OPT_SACK)
		len += WALTZ_OPT_SACK_LEN(h->nsacks);
	return len;
}

/**
 * waltz_wire_build() - write a header with its options
 * @to: room for waltz_wire_build_len() bytes
 * @h: what to write
 *
 * The checksum and the urgent pointer are written as zero.
 *
 * Context: any; pure.
 * Return: bytes written.
 */
unsigned int waltz_wire_build(u8 *to, const struct waltz_hdr *h)
{
	unsigned int len = waltz_wire_build_len(h), i;
	u8 *p = to;

	p = put16(p, h->sport);
	p = put16(p, h->dport);
	p = put32(p, h->seq);
	p = put32(p, h->flags & WALTZ_ACK ? h->ack : 0);
	*p++ = (u8)(len / 4 << 4);
	*p++ = h->flags;
	p = put16(p, h->wnd);
	p = put32(p, 0);	/* checksum, urgent pointer */

	if (h->opts & WALTZ_OPT_MSS) {
		*p++ = OPT_MSS;
		*p++ = 4;
		p = put16(p, h->mss);
	}
	/* SACK-permitted takes the place of the two NOPs that would
	 * otherwise align the timestamps.
	 */
	if (h->opts & (WALTZ_OPT_TS | WALTZ_OPT_SACK_OK)) {
		bool sack_ok = h->opts & WALTZ_OPT_SACK_OK;

		*p++ = sack_ok ? OPT_SACK_OK : OPT_NOP;
		*p++ = sack_ok ? 2 : OPT_NOP;
		if (h->opts & WALTZ_OPT_TS) {
			*p++ = OPT_TS;
			*p++ = 10;
			p = put32(p, h->tsval);
			p = put32(p, h->tsecr);
		} else {
			*p++ = OPT_NOP;
			*p++ = OPT_NOP;
		}
	}
	if (h->opts & WALTZ_OPT_WSCALE) {
		*p++ = OPT_NOP;
		*p++ = OPT_WSCALE;
		*p++ = 3;
		*p++ = h->wscale;
	}
	if (h->opts & WALTZ_OPT_SACK) {
		*p++ = OPT_NOP;
		*p++ = OPT_NOP;
		*p++ = OPT_SACK;
		*p++ = (u8)(2 + 8 * h->nsacks);
		for (i = 0; i < h->nsacks; i++) {
			p = put32(p, h->sack[i].start);
			p = put32(p, h->sack[i].end);
		}
	}
	return (unsigned int)(p - to);
}
