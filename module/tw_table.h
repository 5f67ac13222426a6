/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the TIME_WAIT table: what timewait.c and the tw_*.c files share, and
 * nobody else. Documentation/timewait.rst argues why it is right; this is how
 * it is laid out:
 *
 * - A record is 32 bytes and has no timer. Records lie in chunks of 1 KiB; a
 *   chunk's first 32 bytes are its header, so slot 0 is no record and index
 *   0 can end a chain. An index is (chunk number << 5 | slot).
 * - The hash table grows and shrinks by one bucket at a time (linear
 *   hashing), so that no insertion ever pays for a rehash. A bucket is the
 *   index of its first record. tw_hash.c
 * - A wheel of lists of chunks holds the time: all records of one chunk
 *   expire in the same tick of the wheel. Ticks are 1/16 to 1/64 of the
 *   lifetime, rounded up: a record lives at least its time. tw_wheel.c. One
 *   timer for the whole table takes off a bounded batch. tw_expire.c
 * - A slot is written once in the life of its chunk, and a chunk is freed
 *   after a grace period: who reads under RCU sees the names of a record
 *   never change. What does change is guarded by the stripe's lock.
 *   tw_reclaim.c
 *
 * A restarted 2MSL only rewrites the expiry; when the old tick comes up, the
 * record is copied into a chunk of the right one.
 */
#ifndef _WALTZ_TW_TABLE_H
#define _WALTZ_TW_TABLE_H

#include <linux/hrtimer.h>
#include <linux/seqlock.h>
#include <linux/xarray.h>

#include "timewait.h"

/* Bits of waltz_tw.link beside the index of the next record. */
#define LINK_INDEX	0x07ffffffu
#define LINK_HAS_TS	0x08000000u
#define LINK_FIN_WAIT2	0x10000000u
#define LINK_DEAD	0x20000000u
#define LINK_REUSEADDR	0x40000000u
#define LINK_REUSEPORT	0x80000000u

/* waltz_tw.time: expiry in ms, 24 bits of serial arithmetic, and above them
 * when the last challenge was sent, in units of 128 ms plus 1; 0: never.
 */
#define TIME_MASK	0x00ffffffu
#define TIME_SIGN	0x00800000u
#define CHALLENGE_SHIFT	24
#define CHALLENGE_UNIT	7
#define CHALLENGE_WRAP	255u

/**
 * struct waltz_tw - a record
 * @link: index of the next record of the bucket, and LINK_*; stripe lock to
 *	write, READ_ONCE to walk
 * @laddr: our address. Names never change.
 * @raddr: the peer's
 * @lport: our port
 * @rport: the peer's
 * @snd_nxt: SND.NXT; constant
 * @rcv_nxt: RCV.NXT; stripe lock
 * @ts_recent: TS.Recent; stripe lock
 * @time: expiry and last challenge; stripe lock
 */
struct waltz_tw {
	u32 link;
	__be32 laddr;
	__be32 raddr;
	__be16 lport;
	__be16 rport;
	u32 snd_nxt;
	u32 rcv_nxt;
	u32 ts_recent;
	u32 time;
};

static_assert(sizeof(struct waltz_tw) == 32);

#define CHUNK_SHIFT	5
#define CHUNK_SLOTS	32u

/**
 * struct waltz_tw_chunk - 31 records that expire together, of one device
 * @list: in a list of the wheel; wheel lock. When it is dead, tw_reclaim.c's
 * @number: in the table's array of chunks
 * @used: slots given out, slot 0 among them; wheel lock
 * @live: records not dead; wheel lock. The expiry that has taken the chunk
 *	off its list holds one more, so that nobody else frees it.
 * @dif: the device that their sockets were bound to, or 0; constant
 * @record: slot 0 is the header above
 */
struct waltz_tw_chunk {
	union {
		struct {
			struct list_head list;
			u32 number;
			u16 used;
			u16 live;
			int dif;
		};
		struct waltz_tw record[CHUNK_SLOTS];
	};
};

static_assert(CHUNK_SLOTS == 1 << CHUNK_SHIFT);
static_assert(sizeof(struct waltz_tw_chunk) == 1024);
static_assert(offsetofend(struct waltz_tw_chunk, dif) <=
	      sizeof(struct waltz_tw));

/* Ticks of 4, 16, 64, 256, 1024 and 4096 ms, 64 of each ahead. */
#define WHEEL_LEVELS	6
#define WHEEL_SLOTS	64u

#define STRIPES		256u
#define BUCKETS_MIN	STRIPES
#define BUCKETS_MAX	0x1000000u

/* Of buckets in a page, and of pointers to such pages in one. */
#define SEGMENT_SHIFT	10
#define SEGMENT_SIZE	1024u	/* 1 << SEGMENT_SHIFT */
#define SEGMENTS_SHIFT	9
#define SEGMENTS_SIZE	512u	/* 1 << SEGMENTS_SHIFT */
#define SEGMENT_PAGES	(BUCKETS_MAX >> (SEGMENT_SHIFT + SEGMENTS_SHIFT))

/* Records of one local port, for bind(): pages of counters, as needed. */
#define PORT_PAGES	256u
#define PORTS_PER_PAGE	256u

struct waltz_tw_stripe {
	spinlock_t lock;		/* of its buckets and their records */
	seqcount_spinlock_t moved;	/* records changed buckets or chunks */
};

/**
 * struct waltz_tw_port - records of one local port
 * @count: by whether SO_REUSEADDR (1) and SO_REUSEPORT (2) were set; atomic
 */
struct waltz_tw_port {
	atomic_t count[4];
};

/**
 * struct waltz_tw_table - the table of one namespace
 * @wn: whose
 * @count: records that are not dead
 * @peak: the most there ever were
 * @freed: chunks whose numbers are free again, so far; read by who found nothing
 * @buckets: how many there are now; @resize to write
 * @warned: the limit was hit, and said so
 * @lost: when a record last had to go before its time, or found no memory:
 *	tw_now_ms() and 1 in the lowest bit; 0: never
 * @chunks: by number
 * @nr_chunks: how many those are; wheel lock to write
 * @phase: of the wheel's ticks, ms; constant
 * @segments: pages of pointers to pages of 1024 buckets each; RCU. The first
 *	ones stay, the others go with their last bucket; @resize to write
 * @resize: one split or merge at a time
 * @wheel_lock: guards what follows
 * @wheel: chunks by the tick they expire in
 * @pending: which lists of a level are not empty
 * @clock: next tick of a level to look at
 * @timer: due at the first tick with a chunk
 * @armed: when @timer is due, ns; KTIME_MAX: not armed
 * @turn: @timer waits for the turn that a CPU has given it; of the timer alone
 * @dying: no more insertions
 * @ports: records of each local port; a page once there stays
 * @stripe: locks of the buckets, by the low bits of the hash
 */
struct waltz_tw_table {
	struct waltz_net *wn;
	atomic_t count;
	atomic_t peak;
	atomic_t freed;
	u32 buckets;
	bool warned;
	u32 lost;
	struct xarray chunks;
	u32 nr_chunks;
	u32 phase;
	u32 **segments[SEGMENT_PAGES];
	spinlock_t resize;		/* of the number of buckets */

	spinlock_t wheel_lock;		/* of what follows, and of chunks */
	struct list_head wheel[WHEEL_LEVELS][WHEEL_SLOTS];
	u64 pending[WHEEL_LEVELS];
	u32 clock[WHEEL_LEVELS];
	struct hrtimer timer;
	ktime_t armed;
	bool turn;
	bool dying;

	struct waltz_tw_port *ports[PORT_PAGES];
	struct waltz_tw_stripe stripe[STRIPES];
};

static inline u32 tw_now_ms(void)
{
	return (u32)ktime_to_ms(ktime_get());
}

/* Milliseconds until a record expires; 0 or less: it has. */
static inline s32 tw_time_left(u32 time, u32 now)
{
	u32 diff = (time - now) & TIME_MASK;

	return diff & TIME_SIGN ? (s32)(diff | ~TIME_MASK) : (s32)diff;
}

static inline struct waltz_tw_stripe *tw_stripe_of(struct waltz_tw_table *tw,
						   u32 hash)
{
	return &tw->stripe[hash % STRIPES];
}

/* The chunk a record lies in: chunks are aligned to their size. */
static inline struct waltz_tw_chunk *tw_chunk_of(const struct waltz_tw *rec)
{
	return (void *)((unsigned long)rec &
			~(sizeof(struct waltz_tw_chunk) - 1));
}

static inline void tw_record_key(const struct waltz_tw_table *tw,
				 const struct waltz_tw *rec,
				 struct waltz_key *key)
{
	waltz_key_init(key, tw->wn->net, rec->laddr, rec->lport, rec->raddr,
		       rec->rport);
}

static inline unsigned int tw_record_state(const struct waltz_tw *rec)
{
	return rec->link & LINK_FIN_WAIT2 ? WALTZ_FIN_WAIT2 : WALTZ_TIME_WAIT;
}

/* tw_hash.c */
int tw_hash_init(struct waltz_tw_table *tw);
void tw_hash_free(struct waltz_tw_table *tw);
struct waltz_tw *tw_find(struct waltz_tw_table *tw,
			 const struct waltz_key *key);
struct waltz_tw *tw_look_again(struct waltz_tw_table *tw,
			       const struct waltz_key *key,
			       struct waltz_tw *rec);
void tw_link(struct waltz_tw_table *tw, const struct waltz_key *key,
	     struct waltz_tw *rec, u32 flags);
void tw_unlink(struct waltz_tw_table *tw, const struct waltz_key *key,
	       struct waltz_tw *rec);
bool tw_replace(struct waltz_tw_table *tw, const struct waltz_key *key,
		struct waltz_tw *rec, struct waltz_tw *copy);
void tw_grow(struct waltz_tw_table *tw);
void tw_shrink(struct waltz_tw_table *tw, unsigned int records);
void tw_prefetch_bucket(struct waltz_tw_table *tw, u32 hash);
void tw_prefetch_first(struct waltz_tw_table *tw, u32 hash,
		       const struct waltz_tw *rec);

/* tw_wheel.c */
int tw_wheel_cache_init(void);
void tw_wheel_cache_exit(void);
void tw_wheel_init(struct waltz_tw_table *tw);
void tw_wheel_free(struct waltz_tw_table *tw);
struct waltz_tw *tw_slot_new(struct waltz_tw_table *tw, u32 left, int dif);
void tw_slot_put(struct waltz_tw_table *tw, struct waltz_tw *rec);
bool tw_requeue(struct waltz_tw_table *tw, const struct waltz_key *key,
		struct waltz_tw *rec, u32 left);
struct waltz_tw_chunk *tw_wheel_take(struct waltz_tw_table *tw);
void tw_wheel_done(struct waltz_tw_table *tw, struct waltz_tw_chunk *chunk,
		   unsigned int put);
void tw_wheel_arm(struct waltz_tw_table *tw, ktime_t earliest);
unsigned int tw_full(const struct waltz_tw_table *tw);
struct waltz_tw *tw_oldest(struct waltz_tw_table *tw);
void tw_chunk_free(struct waltz_tw_chunk *chunk);

/* tw_expire.c */
enum hrtimer_restart tw_expire(struct hrtimer *timer);

/* tw_reclaim.c */
void tw_reclaim_init(void);
void tw_reclaim_exit(void);
void tw_reclaim_chunk(struct waltz_tw_chunk *chunk);
void tw_reclaim_page(struct page *page);

/* tw_ports.c */
bool tw_ports_ready(struct waltz_tw_table *tw, u16 port);
void tw_ports_add(struct waltz_tw_table *tw, const struct waltz_tw *rec,
		  int n);
void tw_ports_prefetch(const struct waltz_tw_table *tw,
		       const struct waltz_tw *rec);
void tw_ports_free(struct waltz_tw_table *tw);

#endif /* _WALTZ_TW_TABLE_H */
