// SPDX-License-Identifier: GPL-2.0
/* The scoreboard's counters and list against a count from nothing. */
#include "sim.h"

struct count {
	u32 bytes;
	u32 sacked;
	u32 lost;
	u32 retrans;
	u32 resend;
	u32 nsacked;
	u32 listed;
};

static bool listed(u8 flags)
{
	return !(flags & WALTZ_SEG_SACKED) &&
	       (flags & (WALTZ_SEG_LOST | WALTZ_SEG_RETRANS)) != WALTZ_SEG_LOST;
}

static void count(struct count *c, const struct waltz_record *rec)
{
	u32 len = rec->end_seq - rec->seq;

	c->bytes += len;
	c->listed += listed(rec->flags);
	if (rec->flags & WALTZ_SEG_SACKED) {
		c->sacked += len;
		c->nsacked++;
	}
	if (rec->flags & WALTZ_SEG_LOST) {
		c->lost += len;
		if (!(rec->flags & WALTZ_SEG_RETRANS))
			c->resend += len;
	}
	if (rec->flags & WALTZ_SEG_RETRANS)
		c->retrans += len;
}

static const char *check_list(const struct waltz_board *b)
{
	u32 i, pos = b->oldest;

	for (i = 0; i < b->listed; i++) {
		const struct waltz_record *rec = waltz_board_at(b, pos);

		if (pos - b->head >= b->tail - b->head)
			return "the list leaves the ring";
		if (!listed(rec->flags))
			return "one is in the list that should not be";
		if (waltz_board_at(b, rec->newer)->older != pos)
			return "the list is broken";
		pos = rec->newer;
	}
	return b->listed && pos != b->oldest ? "the list is no circle" : NULL;
}

static const char *check_record(const struct waltz_record *rec, u32 seq)
{
	if (rec->seq != seq)
		return "records are not next to each other";
	if (seq_leq(rec->end_seq, rec->seq))
		return "an empty record";
	if ((rec->flags & WALTZ_SEG_SACKED) &&
	    (rec->flags & (WALTZ_SEG_LOST | WALTZ_SEG_RETRANS)))
		return "SACKED, and lost or on its way";
	if ((rec->flags & WALTZ_SEG_RETRANS) &&
	    !(rec->flags & WALTZ_SEG_EVER_RETRANS))
		return "RETRANS, but never";
	return NULL;
}

static const char *check_counters(const struct waltz_recovery *r,
				  const struct count *c)
{
	const struct waltz_board *b = &r->board;
	u32 pipe = c->bytes - c->sacked - c->lost + c->retrans;

	if (c->sacked != b->sacked || c->nsacked != b->nsacked)
		return "sacked";
	if (c->lost != b->lost)
		return "lost";
	if (c->retrans != b->retrans)
		return "retrans";
	if (c->resend != b->resend)
		return "resend";
	if (c->listed != b->listed)
		return "listed";
	if (r->dup_bytes > pipe)
		return "more duplicates than are on their way";
	if (waltz_recovery_pipe(r) != pipe - r->dup_bytes)
		return "pipe";
	if (r->sack_ok && r->dup_bytes)
		return "duplicates counted beside SACK";
	if (!r->cong.cwnd || r->cong.cwnd > 0x7fffffff)
		return "cwnd";
	if (b->resend && r->state < WALTZ_CA_RECOVERY && !r->cong.mss)
		return "mss";
	return NULL;
}

const char *sim_recount(const struct waltz_recovery *r)
{
	const struct waltz_board *b = &r->board;
	struct count c = {};
	const char *wrong;
	u32 pos, seq = r->una;

	for (pos = b->head; pos != b->tail; pos++) {
		const struct waltz_record *rec = waltz_board_at(b, pos);

		wrong = check_record(rec, seq);
		if (wrong)
			return wrong;
		if (rec->flags & WALTZ_SEG_LOST &&
		    !(rec->flags & WALTZ_SEG_RETRANS) &&
		    pos - b->head < b->hint - b->head)
			return "the hint is beyond what is to be sent again";
		count(&c, rec);
		seq = rec->end_seq;
	}
	if (seq != r->nxt)
		return "records do not end at SND.NXT";
	wrong = check_counters(r, &c);
	return wrong ? wrong : check_list(b);
}
