// SPDX-License-Identifier: GPL-2.0
/* Selective acknowledgments: RFC 2018 and RFC 2883. Pure. */
#include "sack.h"
#include "seq.h"

static bool empty(const struct waltz_sack *b)
{
	return b->start == b->end;
}

/* They overlap, or one begins where the other ends. */
static bool touch(const struct waltz_sack *b, u32 start, u32 end)
{
	return seq_leq(b->start, end) && seq_leq(start, b->end);
}

static bool inside(const struct waltz_sack *b, u32 start, u32 end)
{
	return seq_leq(b->start, start) && seq_leq(end, b->end);
}

/* ---- the receiver ---- */

/**
 * waltz_sack_rcv_init() - all came in order
 * @s: what to report
 */
void waltz_sack_rcv_init(struct waltz_sack_rcv *s)
{
	*s = (struct waltz_sack_rcv){};
}

/* The block at @i goes to the front. */
static void to_front(struct waltz_sack_rcv *s, unsigned int i)
{
	struct waltz_sack b = s->recent[i];

	for (; i; i--)
		s->recent[i] = s->recent[i - 1];
	s->recent[0] = b;
}

/**
 * waltz_sack_rcv_hole() - text came behind a hole
 * @s: what to report
 * @start: its beginning
 * @end: its end
 *
 * RFC 2018 section 4: the block of the segment that came is first, then those
 * reported last. Blocks that it touches become one with it; those forgotten
 * since do not.
 */
void waltz_sack_rcv_hole(struct waltz_sack_rcv *s, u32 start, u32 end)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->n; i++) {
		const struct waltz_sack b = s->recent[i];

		if (touch(&b, start, end)) {
			start = seq_lt(b.start, start) ? b.start : start;
			end = seq_max(b.end, end);
		} else {
			s->recent[n++] = b;
		}
	}
	if (n == WALTZ_SACKS_MAX)
		n--;
	s->recent[n] = (struct waltz_sack){ .start = start, .end = end };
	s->n = (u8)(n + 1);
	to_front(s, n);
}

/**
 * waltz_sack_rcv_advance() - RCV.NXT has moved
 * @s: what to report
 * @rcv_nxt: RCV.NXT
 *
 * RFC 2018 section 4: only what is above it.
 */
void waltz_sack_rcv_advance(struct waltz_sack_rcv *s, u32 rcv_nxt)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->n; i++)
		if (seq_gt(s->recent[i].start, rcv_nxt))
			s->recent[n++] = s->recent[i];
	s->n = (u8)n;
}

/**
 * waltz_sack_rcv_duplicate() - text came that was there already
 * @s: what to report
 * @start: its beginning
 * @end: its end
 *
 * RFC 2883 section 4: reported once, first of all; followed by the block that
 * it is a part of, if it is not below RCV.NXT.
 */
void waltz_sack_rcv_duplicate(struct waltz_sack_rcv *s, u32 start, u32 end)
{
	unsigned int i;

	if (!empty(&s->dsack) && touch(&s->dsack, start, end)) {
		if (seq_lt(start, s->dsack.start))
			s->dsack.start = start;
		s->dsack.end = seq_max(s->dsack.end, end);
	} else {
		s->dsack.start = start;
		s->dsack.end = end;
	}
	for (i = 0; i < s->n; i++)
		if (inside(&s->recent[i], start, end))
			to_front(s, i);
}

/**
 * waltz_sack_rcv_cut() - what came furthest ahead was thrown away
 * @s: what to report
 * @from: nothing from here on is held any more
 *
 * RFC 2018 section 8: the sender keeps what it was told of, so it may.
 */
void waltz_sack_rcv_cut(struct waltz_sack_rcv *s, u32 from)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->n; i++) {
		struct waltz_sack b = s->recent[i];

		if (seq_geq(b.start, from))
			continue;
		if (seq_gt(b.end, from))
			b.end = from;
		s->recent[n++] = b;
	}
	s->n = (u8)n;
}

/**
 * waltz_sack_rcv_purge() - what came out of order was thrown away
 * @s: what to report
 */
void waltz_sack_rcv_purge(struct waltz_sack_rcv *s)
{
	s->n = 0;
}

/**
 * waltz_sack_rcv_fill() - the blocks of an ACK that is sent now
 * @s: what to report; the duplicate is done with
 * @out: the blocks
 * @max: how many have room in the header, at most WALTZ_SACKS_MAX
 *
 * Return: how many there are.
 */
unsigned int waltz_sack_rcv_fill(struct waltz_sack_rcv *s,
				 struct waltz_sack *out, unsigned int max)
{
	unsigned int i, n = 0;

	if (max && !empty(&s->dsack)) {
		out[n++] = s->dsack;
		s->dsack.end = s->dsack.start;
	}
	for (i = 0; i < s->n && n < max; i++)
		out[n++] = s->recent[i];
	return n;
}

/* ---- the sender ---- */

/* RFC 2883 section 5: the first block is below the ACK, or in the second. No
 * duplicate can be of what was never sent.
 */
static bool is_dsack(const struct waltz_sack *in, unsigned int n, u32 ack,
		     u32 nxt)
{
	if (!seq_lt(in[0].start, in[0].end) || seq_gt(in[0].end, nxt))
		return false;
	return seq_leq(in[0].end, ack) ||
	       (n > 1 && inside(&in[1], in[0].start, in[0].end));
}

static void insert(struct waltz_sack_ack *out, struct waltz_sack b)
{
	unsigned int i = out->n++;

	for (; i && seq_lt(b.start, out->block[i - 1].start); i--)
		out->block[i] = out->block[i - 1];
	out->block[i] = b;
}

/**
 * waltz_sack_check() - which blocks of an ACK tell anything
 * @out: the result
 * @in: blocks as they came
 * @n: how many, at most WALTZ_SACKS_MAX
 * @ack: SEG.ACK
 * @una: SND.UNA, this ACK taken
 * @nxt: SND.NXT
 *
 * A block is above SND.UNA, as what follows it is missing, and not above
 * SND.NXT. Old ones, and such as make no sense, are ignored.
 */
void waltz_sack_check(struct waltz_sack_ack *out, const struct waltz_sack *in,
		      unsigned int n, u32 ack, u32 una, u32 nxt)
{
	unsigned int i = 0;

	out->n = 0;
	out->has_dsack = n && is_dsack(in, n, ack, nxt);
	if (out->has_dsack)
		out->dsack = in[i++];
	for (; i < n; i++)
		if (seq_gt(in[i].start, una) && seq_lt(in[i].start, in[i].end) &&
		    seq_leq(in[i].end, nxt))
			insert(out, in[i]);
}
