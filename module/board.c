// SPDX-License-Identifier: GPL-2.0
/*
 * The scoreboard. What each operation costs: to find a logarithm of what is
 * outstanding; to clear marks all of it, to split up to a half; the others
 * nothing that grows.
 */
#include "board.h"
#include "seq.h"

static u32 length(const struct waltz_record *rec)
{
	return rec->end_seq - rec->seq;
}

static u32 position(const struct waltz_board *b, const struct waltz_record *rec)
{
	u32 index = (u32)(rec - b->ring);

	return b->head + ((index - b->head) & (b->capacity - 1));
}

/* A transmission of it may still be on its way: it is in the list. */
static bool listed(const struct waltz_record *rec)
{
	return !(rec->flags & WALTZ_SEG_SACKED) &&
	       (rec->flags & (WALTZ_SEG_LOST | WALTZ_SEG_RETRANS)) !=
	       WALTZ_SEG_LOST;
}

/* ---- the list in order of transmission ---- */

/* Between the one at @older and the one after it. */
static void link_after(struct waltz_board *b, u32 pos, u32 older)
{
	struct waltz_record *rec = waltz_board_at(b, pos);
	struct waltz_record *prev = waltz_board_at(b, older);

	rec->older = older;
	rec->newer = prev->newer;
	waltz_board_at(b, rec->newer)->older = pos;
	prev->newer = pos;
	b->listed++;
}

static void link_newest(struct waltz_board *b, u32 pos)
{
	struct waltz_record *rec = waltz_board_at(b, pos);

	if (b->listed) {
		link_after(b, pos, waltz_board_oldest(b)->older);
		return;
	}
	rec->older = pos;
	rec->newer = pos;
	b->oldest = pos;
	b->listed = 1;
}

static void link_oldest(struct waltz_board *b, u32 pos)
{
	link_newest(b, pos);
	b->oldest = pos;
}

static void unlink_record(struct waltz_board *b, u32 pos)
{
	const struct waltz_record *rec = waltz_board_at(b, pos);

	waltz_board_at(b, rec->older)->newer = rec->newer;
	waltz_board_at(b, rec->newer)->older = rec->older;
	if (b->oldest == pos)
		b->oldest = rec->newer;
	b->listed--;
}

/* ---- counters ---- */

/* Take @len bytes of a record out of the counters. */
static void uncount(struct waltz_board *b, u8 flags, u32 len)
{
	if (flags & WALTZ_SEG_SACKED)
		b->sacked -= len;
	if (flags & WALTZ_SEG_LOST)
		b->lost -= len;
	if (flags & WALTZ_SEG_RETRANS)
		b->retrans -= len;
	else if (flags & WALTZ_SEG_LOST)
		b->resend -= len;
}

/* ---- the ring ---- */

/**
 * waltz_board_init() - nothing is outstanding
 * @b: the scoreboard
 * @memory: of the ring; may be NULL when @capacity is 0
 * @capacity: records, a power of two, or 0
 */
void waltz_board_init(struct waltz_board *b, struct waltz_record *memory,
		      u32 capacity)
{
	*b = (struct waltz_board){ .ring = memory, .capacity = capacity };
}

/**
 * waltz_board_grow() - move to other memory
 * @b: the scoreboard
 * @memory: of the new ring
 * @capacity: records, a power of two, not less than are there
 *
 * Pointers to records are void, positions are not.
 *
 * Return: the old ring's memory.
 */
struct waltz_record *waltz_board_grow(struct waltz_board *b,
				      struct waltz_record *memory,
				      u32 capacity)
{
	struct waltz_record *old = b->ring;
	u32 pos;

	for (pos = b->base; pos != b->tail; pos++)
		memory[pos & (capacity - 1)] = *waltz_board_at(b, pos);
	b->ring = memory;
	b->capacity = capacity;
	return old;
}

/**
 * waltz_board_append() - a segment is sent for the first time
 * @b: the scoreboard, not full
 * @seq: its first sequence number, the end of the last record
 * @end_seq: its end
 * @data: the caller's
 * @now_us: now
 *
 * Return: the record.
 */
struct waltz_record *waltz_board_append(struct waltz_board *b, u32 seq,
					u32 end_seq, void *data, u64 now_us)
{
	u32 pos = b->tail++;
	struct waltz_record *rec = waltz_board_at(b, pos);

	*rec = (struct waltz_record){
		.sent_us = now_us,
		.first_us = now_us,
		.data = data,
		.seq = seq,
		.end_seq = end_seq,
	};
	link_newest(b, pos);
	return rec;
}

/**
 * waltz_board_find() - the record of a sequence number
 * @b: the scoreboard
 * @seq: sequence number
 *
 * Return: position of the first one that ends above @seq; @b->tail: none.
 */
u32 waltz_board_find(const struct waltz_board *b, u32 seq)
{
	u32 low = 0, high = b->tail - b->head;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (seq_gt(waltz_board_at(b, b->head + mid)->end_seq, seq))
			high = mid;
		else
			low = mid + 1;
	}
	return b->head + low;
}

/**
 * waltz_board_skip() - pass over what is SACKED
 * @b: the scoreboard
 * @pos: a position
 *
 * Halves the way for the next one who comes along (disjoint sets), so that a
 * peer that repeats its blocks gains no work by it.
 *
 * Return: the first position from @pos on that is not SACKED; @b->tail: none.
 */
u32 waltz_board_skip(struct waltz_board *b, u32 pos)
{
	while (pos != b->tail) {
		struct waltz_record *rec = waltz_board_at(b, pos), *next;

		if (!(rec->flags & WALTZ_SEG_SACKED))
			break;
		if (pos + rec->skip != b->tail) {
			next = waltz_board_at(b, pos + rec->skip);
			if (next->flags & WALTZ_SEG_SACKED)
				rec->skip += next->skip;
		}
		pos += rec->skip;
	}
	return pos;
}

/**
 * waltz_board_ack() - the first record is acknowledged as a whole
 * @b: the scoreboard, not empty
 *
 * It stays in the ring until it is popped.
 */
void waltz_board_ack(struct waltz_board *b)
{
	const struct waltz_record *rec = waltz_board_first(b);

	uncount(b, rec->flags, length(rec));
	if (rec->flags & WALTZ_SEG_SACKED)
		b->nsacked--;
	if (listed(rec))
		unlink_record(b, b->head);
	if (b->hint == b->head)
		b->hint++;
	b->head++;
}

/**
 * waltz_board_trim() - the first record is acknowledged in part
 * @b: the scoreboard, not empty
 * @seq: inside the record; it begins here now
 */
void waltz_board_trim(struct waltz_board *b, u32 seq)
{
	struct waltz_record *rec = waltz_board_first(b);

	uncount(b, rec->flags, seq - rec->seq);
	rec->seq = seq;
}

/**
 * waltz_board_pop() - take back the data of an acknowledged record
 * @b: the scoreboard
 * @data: what was given to waltz_board_append()
 *
 * Return: false when there is no such record.
 */
bool waltz_board_pop(struct waltz_board *b, void **data)
{
	if (b->base == b->head)
		return false;
	*data = waltz_board_at(b, b->base)->data;
	b->base++;
	return true;
}

/* ---- marks ---- */

/**
 * waltz_board_mark_sacked() - the peer has all of a record
 * @b: the scoreboard
 * @pos: its position; not SACKED yet
 */
void waltz_board_mark_sacked(struct waltz_board *b, u32 pos)
{
	struct waltz_record *rec = waltz_board_at(b, pos);

	if (listed(rec))
		unlink_record(b, pos);
	uncount(b, rec->flags, length(rec));
	rec->flags &= (u8)~(WALTZ_SEG_LOST | WALTZ_SEG_RETRANS);
	rec->flags |= WALTZ_SEG_SACKED;
	rec->skip = 1;
	b->sacked += length(rec);
	b->nsacked++;
}

/**
 * waltz_board_mark_lost() - the last transmission of a record is lost
 * @b: the scoreboard
 * @rec: the record
 *
 * Return: false when that was known, or it is not true: it is SACKED.
 */
bool waltz_board_mark_lost(struct waltz_board *b, struct waltz_record *rec)
{
	u32 pos = position(b, rec);

	if (!listed(rec))
		return false;
	if ((rec->flags & WALTZ_SEG_RETRANS) && rec->sent_us > b->lost_again_us)
		b->lost_again_us = rec->sent_us;
	unlink_record(b, pos);
	uncount(b, rec->flags, length(rec));
	rec->flags &= (u8)~WALTZ_SEG_RETRANS;
	rec->flags |= WALTZ_SEG_LOST;
	b->lost += length(rec);
	b->resend += length(rec);
	if (pos - b->head < b->hint - b->head)
		b->hint = pos;
	return true;
}

/**
 * waltz_board_resent() - a record is sent again
 * @b: the scoreboard
 * @rec: the record, not SACKED
 * @now_us: now
 */
void waltz_board_resent(struct waltz_board *b, struct waltz_record *rec,
			u64 now_us)
{
	u32 pos = position(b, rec);

	if (listed(rec))
		unlink_record(b, pos);
	uncount(b, rec->flags & (WALTZ_SEG_RETRANS | WALTZ_SEG_LOST),
		length(rec));
	if (rec->flags & WALTZ_SEG_LOST)
		b->lost += length(rec);
	b->retrans += length(rec);
	rec->flags |= WALTZ_SEG_RETRANS | WALTZ_SEG_EVER_RETRANS;
	rec->sent_us = now_us;
	link_newest(b, pos);
}

/**
 * waltz_board_next_lost() - what is to be sent again first
 * @b: the scoreboard
 *
 * Return: the first record that is LOST and not RETRANS; NULL: none.
 */
struct waltz_record *waltz_board_next_lost(struct waltz_board *b)
{
	u32 pos = b->hint;

	if (!b->resend)
		return NULL;
	while (pos != b->tail) {
		struct waltz_record *rec = waltz_board_at(b, pos);

		if (rec->flags & WALTZ_SEG_SACKED) {
			pos = waltz_board_skip(b, pos);
			continue;
		}
		if (!listed(rec)) {
			b->hint = pos;
			return rec;
		}
		pos++;
	}
	return NULL;			/* not reached: @resend says so */
}

/**
 * waltz_board_unmark_lost() - nothing was lost
 * @b: the scoreboard
 *
 * Those not sent again since go to the old end of the list, in order of
 * sequence; that is the order of their transmission, except for some that
 * were sent more than once.
 */
void waltz_board_unmark_lost(struct waltz_board *b)
{
	u32 pos = b->tail;

	while (pos-- != b->head) {
		struct waltz_record *rec = waltz_board_at(b, pos);
		bool was = listed(rec);

		rec->flags &= (u8)~WALTZ_SEG_LOST;
		if (!was && listed(rec))
			link_oldest(b, pos);
	}
	b->lost = 0;
	b->resend = 0;
}

/**
 * waltz_board_forget_sacked() - the peer has thrown away what it SACKed
 * @b: the scoreboard
 *
 * RFC 2018 section 8. What was SACKED counts as lost.
 */
void waltz_board_forget_sacked(struct waltz_board *b)
{
	u32 pos;

	for (pos = b->head; pos != b->tail; pos++) {
		struct waltz_record *rec = waltz_board_at(b, pos);

		if (!(rec->flags & WALTZ_SEG_SACKED))
			continue;
		rec->flags &= (u8)~WALTZ_SEG_SACKED;
		rec->flags |= WALTZ_SEG_LOST;
		b->lost += length(rec);
		b->resend += length(rec);
	}
	b->sacked = 0;
	b->nsacked = 0;
	b->hint = b->head;
}

/* ---- splitting ---- */

/* A record goes to another position, which nobody has. */
static void move_record(struct waltz_board *b, u32 from, u32 to)
{
	struct waltz_record *rec = waltz_board_at(b, to);

	*rec = *waltz_board_at(b, from);
	/* Links of what was acknowledged mean nothing. */
	if (from - b->head >= b->tail - b->head || !listed(rec))
		return;
	if (b->oldest == from)
		b->oldest = to;
	if (rec->older == from) {	/* it is alone */
		rec->older = to;
		rec->newer = to;
		return;
	}
	waltz_board_at(b, rec->older)->newer = to;
	waltz_board_at(b, rec->newer)->older = to;
}

/* Move those up to @pos down by one. */
static void shift_down(struct waltz_board *b, u32 pos)
{
	u32 i;

	for (i = b->base; i != pos + 1; i++)
		move_record(b, i, i - 1);
	if (b->hint - b->head <= pos - b->head)
		b->hint--;
	b->base--;
	b->head--;
}

/* Move those behind @pos up by one. */
static void shift_up(struct waltz_board *b, u32 pos)
{
	u32 i;

	for (i = b->tail; i != pos + 1; i--)
		move_record(b, i - 1, i);
	b->tail++;
}

/**
 * waltz_board_split() - one record becomes two
 * @b: the scoreboard, not full
 * @rec: the record
 * @seq: inside of it
 * @data: of what begins at @seq; what is before keeps its own
 *
 * Both have its marks and times. Pointers to records are void, and positions.
 * The cost is that of the way to the nearer end.
 *
 * Return: the first of the two.
 */
struct waltz_record *waltz_board_split(struct waltz_board *b,
				       struct waltz_record *rec, u32 seq,
				       void *data)
{
	u32 pos = position(b, rec);
	struct waltz_record *second;

	if (pos - b->base < b->tail - pos)
		shift_down(b, pos--);
	else
		shift_up(b, pos);
	rec = waltz_board_at(b, pos);
	second = waltz_board_at(b, pos + 1);
	*second = *rec;
	second->seq = seq;
	second->data = data;
	rec->end_seq = seq;
	if (listed(rec))
		link_after(b, pos + 1, pos);
	if (rec->flags & WALTZ_SEG_SACKED)
		b->nsacked++;
	return rec;
}
