// SPDX-License-Identifier: GPL-2.0
/*
 * wire.c: every header lives in memory of exactly its size, so that the
 * sanitizer sees the first byte read too many.
 */
#include "unit.h"
#include "wire.h"

#define OPTS_BUILT	(WALTZ_OPT_MSS | WALTZ_OPT_WSCALE | WALTZ_OPT_TS | \
			 WALTZ_OPT_SACK_OK)
#define OPTS_OF_SYN	(WALTZ_OPT_MSS | WALTZ_OPT_WSCALE | WALTZ_OPT_SACK_OK)

/* Parse a copy of @avail bytes that nothing readable follows. */
static enum waltz_drop parse(struct waltz_seg *seg, const u8 *hdr, u32 avail,
			     u32 total)
{
	u8 *exact = malloc(avail);
	enum waltz_drop why;

	if (avail)
		memcpy(exact, hdr, avail);
	memset(seg, 0xa5, sizeof(*seg));
	why = waltz_wire_parse(seg, exact, avail, total);
	free(exact);
	return why;
}

/* A header of @len bytes with @flags; its options are NOPs. */
static void plain(u8 *hdr, u8 len, u8 flags)
{
	memset(hdr, 0, WALTZ_HDR_LEN);
	memset(hdr + WALTZ_HDR_LEN, 1, len - WALTZ_HDR_LEN);
	hdr[0] = 0x12;
	hdr[1] = 0x34;
	hdr[2] = 0x56;
	hdr[3] = 0x78;
	hdr[12] = (u8)(len / 4 << 4);
	hdr[13] = flags;
}

static void random_hdr(struct waltz_hdr *h)
{
	*h = (struct waltz_hdr){
		.seq = unit_random(),
		.ack = unit_random(),
		.tsval = unit_random(),
		.tsecr = unit_random(),
		.sport = (u16)(1 + unit_below(65535)),
		.dport = (u16)(1 + unit_below(65535)),
		.wnd = (u16)unit_random(),
		.mss = (u16)(1 + unit_below(65535)),
		.wscale = (u8)unit_below(256),
	};
}

static void check_round_trip(const struct waltz_hdr *h, u32 payload)
{
	unsigned int len = waltz_wire_build_len(h);
	bool syn = h->flags & WALTZ_SYN;
	struct waltz_seg seg;
	u8 *buf = malloc(len);
	enum waltz_drop why;
	u8 opts = h->opts;

	CHECK(waltz_wire_build(buf, h) == len, "opts %x: length", h->opts);
	CHECK(len >= WALTZ_HDR_LEN && len <= WALTZ_HDR_MAX && !(len % 4),
	      "opts %x: length %u", h->opts, len);
	CHECK(waltz_wire_hdrlen(buf) == len, "opts %x: data offset", h->opts);
	CHECK(!buf[16] && !buf[17] && !buf[18] && !buf[19],
	      "checksum and urgent pointer");
	why = parse(&seg, buf, len, len + payload);
	free(buf);

	CHECK(why == WALTZ_DROP_NONE, "opts %x flags %x: dropped, %d", h->opts,
	      h->flags, why);
	CHECK(seg.sport == h->sport && seg.dport == h->dport, "ports");
	CHECK(seg.seq == h->seq, "SEQ");
	CHECK(seg.ack == (h->flags & WALTZ_ACK ? h->ack : 0), "ACK");
	CHECK(seg.wnd == h->wnd, "WND");
	CHECK(seg.flags == h->flags, "flags");
	CHECK(seg.hdrlen == len, "header length");
	CHECK(seg.len == payload, "payload");
	CHECK(seg.end_seq == h->seq + payload + (syn ? 1 : 0) +
			     (h->flags & WALTZ_FIN ? 1 : 0), "SEG.LEN");
	if (!syn)
		opts &= (u8)~OPTS_OF_SYN;
	CHECK(seg.opts == opts, "opts %x flags %x: read %x", h->opts,
	      h->flags, seg.opts);
	CHECK(seg.mss == (opts & WALTZ_OPT_MSS ? h->mss : WALTZ_MSS_DEFAULT),
	      "MSS %u", seg.mss);
	if (opts & WALTZ_OPT_WSCALE)
		CHECK(seg.wscale == (h->wscale > WALTZ_WSCALE_MAX ?
				     WALTZ_WSCALE_MAX : h->wscale),
		      "shift %u read as %u", h->wscale, seg.wscale);
	else
		CHECK(!seg.wscale, "no shift");
	if (opts & WALTZ_OPT_TS)
		CHECK(seg.tsval == h->tsval && seg.tsecr == h->tsecr,
		      "timestamps");
	CHECK(!seg.nsacks, "no SACK");
}

static void test_round_trip(void)
{
	static const u8 flags[] = {
		WALTZ_SYN, WALTZ_SYN | WALTZ_ACK, WALTZ_ACK, WALTZ_RST,
		WALTZ_RST | WALTZ_ACK, WALTZ_FIN | WALTZ_ACK, WALTZ_FIN,
		WALTZ_PSH | WALTZ_ACK, WALTZ_FIN | WALTZ_PSH | WALTZ_ACK,
		WALTZ_URG | WALTZ_ACK, WALTZ_SYN | WALTZ_FIN,
		WALTZ_SYN | WALTZ_ECE | WALTZ_CWR, WALTZ_CWR | WALTZ_ACK,
	};
	static const u32 payloads[] = { 0, 1, 1460, 65475 };
	struct waltz_hdr h;
	unsigned int f, p, k;
	u8 opts;

	unit_seed();
	for (opts = 0; opts <= OPTS_BUILT; opts++)
		for (f = 0; f < ARRAY_SIZE(flags); f++)
			for (p = 0; p < ARRAY_SIZE(payloads); p++)
				for (k = 0; k < 20; k++) {
					random_hdr(&h);
					h.opts = opts;
					h.flags = flags[f];
					check_round_trip(&h, payloads[p]);
				}
}

static void test_layout(void)
{
	static const u8 want[] = {
		0x30, 0x39, 0x00, 0x50, 0x01, 0x02, 0x03, 0x04,
		0x05, 0x06, 0x07, 0x08, 0xa0, 0x12, 0xfa, 0xf0,
		0x00, 0x00, 0x00, 0x00,
		2, 4, 0x05, 0xb4,
		4, 2,
		8, 10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
		1, 3, 3, 7,
	};
	struct waltz_hdr h = {
		.seq = 0x01020304, .ack = 0x05060708,
		.tsval = 0x11121314, .tsecr = 0x15161718,
		.sport = 12345, .dport = 80, .wnd = 64240, .mss = 1460,
		.flags = WALTZ_SYN | WALTZ_ACK, .wscale = 7,
		.opts = OPTS_BUILT,
	};
	u8 *buf = malloc(sizeof(want));

	CHECK(waltz_wire_build_len(&h) == sizeof(want), "length");
	CHECK(waltz_wire_build(buf, &h) == sizeof(want), "length");
	CHECK(!memcmp(buf, want, sizeof(want)), "bytes on the wire");
	h.flags = WALTZ_SYN;
	waltz_wire_build(buf, &h);
	CHECK(!buf[8] && !buf[9] && !buf[10] && !buf[11],
	      "no ACK flag, no number");
	free(buf);
}

static void test_hdrlen(void)
{
	u8 hdr[WALTZ_HDR_LEN] = { 0 };
	unsigned int i;

	for (i = 0; i < 256; i++) {
		hdr[12] = (u8)i;
		CHECK(waltz_wire_hdrlen(hdr) == i / 16 * 4, "%x", i);
	}
}

/* The first @avail bytes of a segment, for every avail and data offset. */
static void test_truncated(void)
{
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	enum waltz_drop why, want;
	u32 doff, avail, more;

	for (doff = 0; doff < 16; doff++)
		for (avail = 0; avail <= WALTZ_HDR_MAX; avail++)
			for (more = 0; more <= 1460; more += 730) {
				plain(hdr, WALTZ_HDR_MAX, WALTZ_ACK);
				hdr[12] = (u8)(doff << 4 | 0xf);
				why = parse(&seg, hdr, avail, avail + more);
				want = WALTZ_DROP_NONE;
				if (avail < WALTZ_HDR_LEN)
					want = WALTZ_DROP_SHORT;
				else if (doff < 5 || doff * 4 > avail)
					want = WALTZ_DROP_DOFF;
				CHECK(why == want,
				      "offset %u, %u bytes: %d, not %d", doff,
				      avail, why, want);
				if (why == WALTZ_DROP_NONE)
					CHECK(seg.len == avail + more - doff * 4,
					      "offset %u, %u bytes: payload %u",
					      doff, avail, seg.len);
			}

	plain(hdr, WALTZ_HDR_LEN, WALTZ_ACK);
	for (avail = 0; avail < WALTZ_HDR_LEN; avail++)
		CHECK(parse(&seg, hdr, WALTZ_HDR_LEN, avail) ==
		      WALTZ_DROP_SHORT, "total %u below what is there", avail);
}

/* Also when the segment is to be dropped, what a trace shows is true. */
static void test_traced(void)
{
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_LEN];

	plain(hdr, WALTZ_HDR_LEN, WALTZ_SYN | WALTZ_RST);
	hdr[7] = 9;
	hdr[15] = 5;
	CHECK(parse(&seg, hdr, 20, 20) == WALTZ_DROP_FLAGS, "dropped");
	CHECK(seg.sport == 0x1234 && seg.dport == 0x5678 && seg.seq == 9 &&
	      seg.wnd == 5 && seg.flags == (WALTZ_SYN | WALTZ_RST),
	      "fixed fields");
	CHECK(parse(&seg, hdr, 19, 19) == WALTZ_DROP_SHORT, "short");
	CHECK(!seg.sport && !seg.dport && !seg.seq && !seg.flags &&
	      !seg.opts && !seg.nsacks, "nothing of a segment too short");
}

static void test_ports(void)
{
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_LEN];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		plain(hdr, WALTZ_HDR_LEN, WALTZ_SYN);
		hdr[0] = i & 1;
		hdr[1] = i >> 1 & 1;
		hdr[2] = i >> 2 & 1;
		hdr[3] = i >> 3 & 1;
		CHECK(parse(&seg, hdr, 20, 20) ==
		      ((i & 3) && (i & 12) ? WALTZ_DROP_NONE : WALTZ_DROP_PORT),
		      "%x", i);
	}
}

static void test_flags(void)
{
	/* By FIN, SYN, RST (bits 0 to 2), without ACK and with it. */
	static const bool good[2][8] = {
		/* -    F     S     SF    R     RF     RS     RSF */
		{ false, true, true, true, true, false, false, false },
		{ true, true, true, true, true, false, false, false },
	};
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_LEN];
	unsigned int flags;
	enum waltz_drop why;

	/* The upper two bits are ECN's, and contradict nothing. */
	for (flags = 0; flags < 256; flags++) {
		plain(hdr, WALTZ_HDR_LEN, (u8)flags);
		why = parse(&seg, hdr, 20, 20);
		CHECK(why == (good[!!(flags & WALTZ_ACK)][flags & 7] ?
			      WALTZ_DROP_NONE : WALTZ_DROP_FLAGS),
		      "flags %02x: %d", flags, why);
		CHECK(seg.flags == flags, "flags %02x: kept as %02x",
		      flags, seg.flags);
	}
}

/* Size of a known option, 0: unknown; SACK by itself. */
static unsigned int option_size(u32 kind)
{
	switch (kind) {
	case 2:
		return 4;
	case 3:
		return 3;
	case 4:
		return 2;
	case 8:
		return 10;
	}
	return 0;
}

static bool option_good(u32 kind, u32 size, u32 room)
{
	if (size < 2 || size > room)
		return false;
	if (kind == 5)
		return size > 2 && !((size - 2) % 8);
	return !option_size(kind) || size == option_size(kind);
}

static void test_option_sizes(void)
{
	static const u8 flags[] = { WALTZ_SYN, WALTZ_ACK };
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	u32 hdrlen, f, kind, size;
	enum waltz_drop why;

	for (f = 0; f < ARRAY_SIZE(flags); f++)
		for (hdrlen = 24; hdrlen <= WALTZ_HDR_MAX; hdrlen += 12)
			for (kind = 2; kind < 256; kind++)
				for (size = 0; size < 256; size++) {
					plain(hdr, (u8)hdrlen, flags[f]);
					hdr[20] = (u8)kind;
					hdr[21] = (u8)size;
					why = parse(&seg, hdr, hdrlen, hdrlen);
					CHECK(why == (option_good(kind, size, hdrlen - 20) ?
						      WALTZ_DROP_NONE : WALTZ_DROP_OPTION),
					      "kind %u size %u of %u: %d", kind,
					      size, hdrlen - 20, why);
				}
}

/* An option whose last byte is one past the header, at every place. */
static void test_option_past_end(void)
{
	static const u8 kinds[] = { 2, 3, 4, 5, 8, 253 };
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	u32 k, at, size;

	for (k = 0; k < ARRAY_SIZE(kinds); k++)
		for (at = 20; at < WALTZ_HDR_MAX; at++) {
			size = WALTZ_HDR_MAX - at + 1;
			plain(hdr, WALTZ_HDR_MAX, WALTZ_SYN);
			hdr[at] = kinds[k];
			if (at + 1 < WALTZ_HDR_MAX)
				hdr[at + 1] = (u8)size;
			CHECK(parse(&seg, hdr, 60, 60) == WALTZ_DROP_OPTION,
			      "kind %u at %u", kinds[k], at);
			if (kinds[k] != 253 || size < 3)
				continue;
			hdr[at + 1]--;
			CHECK(parse(&seg, hdr, 60, 60) == WALTZ_DROP_NONE,
			      "kind %u at %u fits", kinds[k], at);
		}
}

static void test_option_end(void)
{
	static const u8 unaligned[20] = {
		3, 3, 2,			/* window scale */
		8, 10, 1, 2, 3, 4, 5, 6, 7, 8,	/* timestamps */
		254, 2,				/* unknown */
		2, 4, 0x05, 0xb4,		/* MSS */
		0,
	};
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];

	/* What follows the end of the list is padding, whatever it says. */
	plain(hdr, 28, WALTZ_SYN);
	hdr[20] = 0;
	memset(hdr + 21, 0xff, 7);
	CHECK(parse(&seg, hdr, 28, 28) == WALTZ_DROP_NONE, "padding");
	CHECK(!seg.opts, "nothing read from it");

	plain(hdr, 28, WALTZ_SYN);
	memcpy(hdr + 20, "\x02\x04\x02\x00\x00\x03\x03\x05", 8);
	CHECK(parse(&seg, hdr, 28, 28) == WALTZ_DROP_NONE, "MSS, then end");
	CHECK(seg.opts == WALTZ_OPT_MSS && seg.mss == 512 && !seg.wscale,
	      "window scale behind the end");

	/* Options with no alignment at all */
	plain(hdr, 40, WALTZ_SYN);
	memcpy(hdr + 20, unaligned, sizeof(unaligned));
	CHECK(parse(&seg, hdr, 40, 40) == WALTZ_DROP_NONE, "unaligned");
	CHECK(seg.wscale == 2 && seg.tsval == 0x01020304 &&
	      seg.tsecr == 0x05060708 && seg.mss == 1460, "unaligned values");
}

static void test_option_values(void)
{
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	unsigned int i;

	for (i = 0; i < 256; i++) {
		plain(hdr, 24, WALTZ_SYN);
		hdr[20] = 3;
		hdr[21] = 3;
		hdr[22] = (u8)i;
		CHECK(parse(&seg, hdr, 24, 24) == WALTZ_DROP_NONE, "%u", i);
		CHECK(seg.wscale == (i < 14 ? i : 14), "shift %u: %u", i,
		      seg.wscale);
	}
	for (i = 0; i < 65536; i++) {
		plain(hdr, 24, WALTZ_SYN | WALTZ_ACK);
		hdr[20] = 2;
		hdr[21] = 4;
		hdr[22] = (u8)(i >> 8);
		hdr[23] = (u8)i;
		CHECK(parse(&seg, hdr, 24, 24) == WALTZ_DROP_NONE, "%u", i);
		CHECK(seg.mss == (i ? i : WALTZ_MSS_DEFAULT), "MSS %u: %u", i,
		      seg.mss);
		CHECK(!!(seg.opts & WALTZ_OPT_MSS) == !!i, "MSS %u", i);
	}
}

/* The same option again: the last one counts, and nothing overflows. */
static void test_option_twice(void)
{
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	unsigned int i;

	plain(hdr, 28, WALTZ_SYN);
	memcpy(hdr + 20, "\x02\x04\x02\x00\x02\x04\x05\xb4", 8);
	CHECK(parse(&seg, hdr, 28, 28) == WALTZ_DROP_NONE, "MSS");
	CHECK(seg.mss == 1460, "MSS %u", seg.mss);

	plain(hdr, WALTZ_HDR_MAX, WALTZ_ACK);
	for (i = 0; i < 4; i++) {
		hdr[20 + i * 10] = 5;
		hdr[21 + i * 10] = 10;
		hdr[25 + i * 10] = (u8)i;
	}
	CHECK(parse(&seg, hdr, 60, 60) == WALTZ_DROP_NONE, "SACK");
	CHECK(seg.nsacks == 1 && seg.sack[0].start == 0x01010103,
	      "the last SACK option");
}

static void test_sack(void)
{
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	u32 n, i, hdrlen;

	for (n = 1; n <= WALTZ_SACKS_MAX; n++) {
		hdrlen = 20 + 2 + 2 + n * 8;
		plain(hdr, (u8)hdrlen, WALTZ_ACK);
		hdr[22] = 5;
		hdr[23] = (u8)(2 + n * 8);
		for (i = 0; i < n * 8; i++)
			hdr[24 + i] = (u8)i;
		CHECK(parse(&seg, hdr, hdrlen, hdrlen) == WALTZ_DROP_NONE,
		      "%u blocks", n);
		CHECK(seg.nsacks == n && seg.opts == WALTZ_OPT_SACK,
		      "%u blocks: %u", n, seg.nsacks);
		for (i = 0; i < n; i++)
			CHECK(seg.sack[i].start == 0x00010203 + i * 0x08080808 &&
			      seg.sack[i].end == 0x04050607 + i * 0x08080808,
			      "block %u", i);

		hdr[13] = WALTZ_SYN;
		CHECK(parse(&seg, hdr, hdrlen, hdrlen) == WALTZ_DROP_NONE,
		      "on a SYN");
		CHECK(!seg.nsacks && !seg.opts, "a SYN has nothing to SACK");
	}
}

static void test_build_sack(void)
{
	struct waltz_hdr h = {
		.sport = 1, .dport = 2, .flags = WALTZ_ACK,
		.sack = { { 1, 2 }, { 0xfffffff0, 5 }, { 7, 9 }, { 11, 12 } },
	};
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	u32 n, len;

	for (n = 1; n <= WALTZ_SACKS_MAX; n++) {
		h.nsacks = (u8)n;
		h.opts = n == WALTZ_SACKS_MAX ? WALTZ_OPT_SACK :
						WALTZ_OPT_SACK | WALTZ_OPT_TS;
		len = waltz_wire_build_len(&h);
		CHECK(len <= WALTZ_HDR_MAX, "%u blocks: %u bytes", n, len);
		CHECK(waltz_wire_build(hdr, &h) == len, "%u blocks: length", n);
		CHECK(parse(&seg, hdr, len, len) == WALTZ_DROP_NONE,
		      "%u blocks: read again", n);
		CHECK(seg.nsacks == n && seg.opts == h.opts, "%u blocks: %u", n,
		      seg.nsacks);
		CHECK(!memcmp(seg.sack, h.sack, n * sizeof(h.sack[0])),
		      "%u blocks: as they were", n);
	}
}

static void check_parsed(const struct waltz_seg *seg, u32 avail, u32 total)
{
	bool syn = seg->flags & WALTZ_SYN;

	CHECK(seg->hdrlen >= 20 && seg->hdrlen <= 60 && seg->hdrlen <= avail,
	      "header length %u", seg->hdrlen);
	CHECK(seg->len == total - seg->hdrlen, "payload %u", seg->len);
	CHECK(seg->end_seq - seg->seq == seg->len + (syn ? 1 : 0) +
					 (seg->flags & WALTZ_FIN ? 1 : 0),
	      "SEG.LEN");
	CHECK(seg->flags & WALTZ_ACK || !seg->ack, "ACK of none");
	CHECK(seg->sport && seg->dport, "port zero");
	CHECK(seg->mss, "MSS zero");
	CHECK(seg->wscale <= WALTZ_WSCALE_MAX, "shift %u", seg->wscale);
	CHECK(seg->nsacks <= WALTZ_SACKS_MAX, "%u blocks", seg->nsacks);
	CHECK(!seg->nsacks == !(seg->opts & WALTZ_OPT_SACK), "SACK");
	CHECK(seg->opts & WALTZ_OPT_MSS || seg->mss == WALTZ_MSS_DEFAULT,
	      "MSS from nowhere");
	CHECK(seg->opts & WALTZ_OPT_WSCALE || !seg->wscale,
	      "shift from nowhere");
	CHECK(seg->opts & WALTZ_OPT_TS || (!seg->tsval && !seg->tsecr),
	      "timestamps from nowhere");
	CHECK(!(seg->opts & (syn ? WALTZ_OPT_SACK : OPTS_OF_SYN)),
	      "options %x on flags %x", seg->opts, seg->flags);
	CHECK(!(seg->opts & ~(OPTS_BUILT | WALTZ_OPT_SACK)), "options %x",
	      seg->opts);
}

/* A header made of another differs in its number and in the flags taken away. */
static void test_patch(void)
{
	u8 hdr[WALTZ_HDR_MAX], before[WALTZ_HDR_MAX];
	unsigned int len, i;
	struct waltz_hdr h;
	u32 seq;
	u8 off;

	for (i = 0; i < 1000; i++) {
		random_hdr(&h);
		h.flags = (u8)unit_below(256);
		h.opts = WALTZ_OPT_TS;
		seq = unit_random();
		off = (u8)unit_below(256);
		len = waltz_wire_build(hdr, &h);
		memcpy(before, hdr, len);
		waltz_wire_patch(hdr, seq, off);
		CHECK(waltz_wire_seq(hdr) == seq, "seq %u", seq);
		CHECK(hdr[13] == (h.flags & (u8)~off), "flags 0x%02x less 0x%02x: 0x%02x",
		      h.flags, off, hdr[13]);
		CHECK(!memcmp(hdr, before, 4) && !memcmp(hdr + 8, before + 8, 5) &&
		      !memcmp(hdr + 14, before + 14, len - 14),
		      "the rest is not what it was");
	}
}

static void test_noise(void)
{
	unsigned int i, k, good = 0;
	struct waltz_seg seg;
	u8 hdr[64];
	u32 avail, total;
	enum waltz_drop why;

	unit_seed();
	for (i = 0; i < 200000; i++) {
		avail = unit_below(sizeof(hdr) + 1);
		total = avail + unit_below(65536);
		for (k = 0; k < avail; k++)
			hdr[k] = (u8)unit_random();
		why = parse(&seg, hdr, avail, total);
		CHECK(why == WALTZ_DROP_NONE || why == WALTZ_DROP_SHORT ||
		      why == WALTZ_DROP_DOFF || why == WALTZ_DROP_PORT ||
		      why == WALTZ_DROP_FLAGS || why == WALTZ_DROP_OPTION,
		      "reason %d", why);
		if (why == WALTZ_DROP_NONE) {
			check_parsed(&seg, avail, total);
			good++;
		}
	}
	CHECK(good, "noise alone never parsed");
	ksft_print_msg("%u of %u parsed\n", good, i);
}

/* Headers that are nearly right get further into the parser than noise. */
static void test_nearly(void)
{
	static const u8 likely[] = {
		0, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 8, 8, 10, 10, 18, 26, 34,
		7, 255,
	};
	unsigned int i, k, good = 0;
	struct waltz_seg seg;
	u8 hdr[WALTZ_HDR_MAX];
	enum waltz_drop why;
	u32 hdrlen, at, total;
	u8 kind;

	unit_seed();
	for (i = 0; i < 300000; i++) {
		hdrlen = 20 + 4 * unit_below(11);
		plain(hdr, (u8)hdrlen, (u8)unit_random());
		total = hdrlen + unit_below(1461);
		if (i & 1) {
			for (k = 20; k < hdrlen; k++)
				hdr[k] = likely[unit_below(ARRAY_SIZE(likely))];
		} else {
			/* A list of right options, then one byte flipped */
			for (at = 20; at < hdrlen; at += k) {
				kind = likely[unit_below(ARRAY_SIZE(likely))];
				k = kind == 5 ? 2 + 8 * (1 + unit_below(4)) :
				    option_size(kind);
				if (!k || at + k > hdrlen) {
					k = 1;
					continue;
				}
				hdr[at] = kind;
				hdr[at + 1] = (u8)k;
			}
			if (unit_below(2))
				hdr[unit_below(hdrlen)] = (u8)unit_random();
		}
		why = parse(&seg, hdr, hdrlen, total);
		if (why == WALTZ_DROP_NONE) {
			check_parsed(&seg, hdrlen, total);
			good++;
		}
	}
	CHECK(good, "none parsed");
	ksft_print_msg("%u of %u parsed\n", good, i);
}

/* The list of drop.h, as counters and tracepoint show it. */
static void test_drop_names(void)
{
	static const char * const names[] = {
		"none",
#define NAME(sym, name, text) name,
		WALTZ_DROP_REASONS(NAME)
#undef NAME
	};
	static const char * const texts[] = {
		"none",
#define TEXT(sym, name, text) text,
		WALTZ_DROP_REASONS(TEXT)
#undef TEXT
	};
	unsigned int i, k;

	CHECK(ARRAY_SIZE(names) == WALTZ_DROP_MAX, "one name a reason");
	for (i = 0; i < WALTZ_DROP_MAX; i++) {
		CHECK(*names[i] && *texts[i], "reason %u", i);
		CHECK(strspn(names[i], "abcdefghijklmnopqrstuvwxyz_") ==
		      strlen(names[i]), "%s", names[i]);
		for (k = 0; k < i; k++)
			CHECK(strcmp(names[i], names[k]), "%s twice",
			      names[i]);
	}
}

static const struct unit_case cases[] = {
	{ "what is built is read again", test_round_trip },
	{ "layout", test_layout },
	{ "data offset", test_hdrlen },
	{ "truncated at every length", test_truncated },
	{ "a dropped segment can be traced", test_traced },
	{ "port zero", test_ports },
	{ "flags, all of them", test_flags },
	{ "options of every kind and size", test_option_sizes },
	{ "option past the end", test_option_past_end },
	{ "end of the option list, alignment", test_option_end },
	{ "values of MSS and window scale", test_option_values },
	{ "options given twice", test_option_twice },
	{ "SACK blocks", test_sack },
	{ "SACK blocks are written", test_build_sack },
	{ "a header made of another", test_patch },
	{ "noise", test_noise },
	{ "nearly right headers", test_nearly },
	{ "names of the reasons", test_drop_names },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
