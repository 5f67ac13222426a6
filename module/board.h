/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scoreboard: a record of each segment that was sent and is not
 * acknowledged (RFC 6675 section 3). Pure.
 *
 * Records lie in a ring, in order of sequence. A position is absolute, a count
 * of all records that ever were, so it stays what it is when the ring grows;
 * only a split moves them.
 * Records of which a transmission may still be on its way are also in a list,
 * in order of their last transmission, for RFC 8985.
 */
#ifndef _WALTZ_BOARD_H
#define _WALTZ_BOARD_H

#include <linux/types.h>

#define WALTZ_SEG_SACKED	0x01	/* the peer has all of it */
#define WALTZ_SEG_LOST		0x02	/* its first transmission is lost */
#define WALTZ_SEG_RETRANS	0x04	/* a retransmission is on its way */
#define WALTZ_SEG_EVER_RETRANS	0x08	/* was sent more than once (Karn) */

/**
 * struct waltz_record - one segment; 48 bytes
 * @sent_us: when it was last sent
 * @first_us: when it was first sent
 * @data: the caller's: its bytes; NULL for a FIN alone
 * @seq: first sequence number not acknowledged
 * @end_seq: one past its last; a FIN counts one
 * @older: position of the one sent before it; the list is a circle
 * @newer: position of the one sent after it
 * @skip: if SACKED: so many records from here on are SACKED, or more
 * @flags: WALTZ_SEG_*
 */
struct waltz_record {
	u64 sent_us;
	u64 first_us;
	void *data;
	u32 seq;
	u32 end_seq;
	u32 older;
	u32 newer;
	u32 skip;
	u8 flags;
};

/**
 * struct waltz_board - the scoreboard; lengths in bytes of sequence space
 * @ring: memory for records, the caller's
 * @capacity: of @ring, in records: a power of two, or 0
 * @base: position of the first record not popped
 * @head: position of the first record not acknowledged
 * @tail: position of the next record
 * @oldest: position of the one sent first of all in the list
 * @listed: records in the list
 * @hint: no record before this position waits to be sent again
 * @sacked: SACKED
 * @lost: LOST, sent again or not
 * @retrans: RETRANS
 * @resend: LOST and not RETRANS: to be sent again
 * @nsacked: records SACKED
 * @lost_again_us: when the retransmission was sent that is the last known to be lost
 */
struct waltz_board {
	struct waltz_record *ring;
	u32 capacity;
	u32 base;
	u32 head;
	u32 tail;
	u32 oldest;
	u32 listed;
	u32 hint;
	u32 sacked;
	u32 lost;
	u32 retrans;
	u32 resend;
	u32 nsacked;
	u64 lost_again_us;
};

static inline bool waltz_board_empty(const struct waltz_board *b)
{
	return b->head == b->tail;
}

/* There is no room for another record: waltz_board_grow(). */
static inline bool waltz_board_full(const struct waltz_board *b)
{
	return b->tail - b->base == b->capacity;
}

static inline struct waltz_record *waltz_board_at(const struct waltz_board *b,
						  u32 pos)
{
	return &b->ring[pos & (b->capacity - 1)];
}

/* The first one not acknowledged; NULL: none. */
static inline struct waltz_record *
waltz_board_first(const struct waltz_board *b)
{
	return waltz_board_empty(b) ? NULL : waltz_board_at(b, b->head);
}

/* The last one sent, by sequence; NULL: none. */
static inline struct waltz_record *waltz_board_last(const struct waltz_board *b)
{
	return waltz_board_empty(b) ? NULL : waltz_board_at(b, b->tail - 1);
}

/* The one whose last transmission is the oldest on its way; NULL: none. */
static inline struct waltz_record *
waltz_board_oldest(const struct waltz_board *b)
{
	return b->listed ? waltz_board_at(b, b->oldest) : NULL;
}

void waltz_board_init(struct waltz_board *b, struct waltz_record *memory,
		      u32 capacity);
struct waltz_record *waltz_board_grow(struct waltz_board *b,
				      struct waltz_record *memory,
				      u32 capacity);
struct waltz_record *waltz_board_append(struct waltz_board *b, u32 seq,
					u32 end_seq, void *data, u64 now_us);
u32 waltz_board_find(const struct waltz_board *b, u32 seq);
u32 waltz_board_skip(struct waltz_board *b, u32 pos);
void waltz_board_ack(struct waltz_board *b);
void waltz_board_trim(struct waltz_board *b, u32 seq);
bool waltz_board_pop(struct waltz_board *b, void **data);
void waltz_board_mark_sacked(struct waltz_board *b, u32 pos);
bool waltz_board_mark_lost(struct waltz_board *b, struct waltz_record *rec);
void waltz_board_resent(struct waltz_board *b, struct waltz_record *rec,
			u64 now_us);
struct waltz_record *waltz_board_next_lost(struct waltz_board *b);
void waltz_board_unmark_lost(struct waltz_board *b);
void waltz_board_forget_sacked(struct waltz_board *b);
struct waltz_record *waltz_board_split(struct waltz_board *b,
				       struct waltz_record *rec, u32 seq,
				       void *data);

#endif /* _WALTZ_BOARD_H */
