// SPDX-License-Identifier: GPL-2.0
/*
 * The TIME_WAIT table. Documentation/timewait.rst argues why it is right;
 * this is how it is laid out:
 *
 * - A record is 32 bytes and has no timer. Records lie in chunks of 1 KiB; a
 *   chunk's first 32 bytes are its header, so slot 0 is no record and index
 *   0 can end a chain. An index is (chunk number << 5 | slot).
 * - The hash table grows and shrinks by one bucket at a time (linear
 *   hashing), so that no insertion ever pays for a rehash. A bucket is the
 *   index of its first record.
 * - A wheel of lists of chunks holds the time: all records of one chunk
 *   expire in the same tick of the wheel. Ticks are 1/16 to 1/64 of the
 *   lifetime, rounded up: a record lives at least its time. One timer for the
 *   whole table takes off a bounded batch.
 * - A slot is written once in the life of its chunk, and a chunk is freed
 *   after a grace period: who reads under RCU sees the names of a record
 *   never change. What does change is guarded by the stripe's lock.
 *
 * A restarted 2MSL only rewrites the expiry; when the old tick comes up, the
 * record is copied into a chunk of the right one.
 */
#include <linux/bitops.h>
#include <linux/hrtimer.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "timewait.h"

/* Bits of waltz_tw.link beside the index of the next record. */
#define LINK_INDEX	0x07ffffffu
#define LINK_HAS_TS	0x08000000u
#define LINK_FIN_WAIT2	0x10000000u
#define LINK_DEAD	0x20000000u

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
 * struct waltz_tw_chunk - 31 records that expire together
 * @list: in a list of the wheel; wheel lock
 * @rcu: after it has left the wheel
 * @number: in the table's array of chunks
 * @used: slots given out, slot 0 among them; wheel lock
 * @live: records not dead; wheel lock. The expiry that has taken the chunk
 *	off its list holds one more, so that nobody else frees it.
 * @record: slot 0 is the header above
 */
struct waltz_tw_chunk {
	union {
		struct {
			union {
				struct list_head list;
				struct rcu_head rcu;
			};
			u32 number;
			u16 used;
			u16 live;
		};
		struct waltz_tw record[CHUNK_SLOTS];
	};
};

static_assert(CHUNK_SLOTS == 1 << CHUNK_SHIFT);
static_assert(sizeof(struct waltz_tw_chunk) == 1024);
static_assert(offsetofend(struct waltz_tw_chunk, live) <=
	      sizeof(struct waltz_tw));

/* Ticks of 4, 16, 64, 256, 1024 and 4096 ms, 64 of each ahead. */
#define WHEEL_LEVELS	6
#define WHEEL_SLOTS	64u
#define LEVEL_SHIFT(l)	(2 + 2 * (l))

#define STRIPES		256u
#define BUCKETS_MIN	STRIPES
#define BUCKETS_MAX	0x1000000u
#define SEGMENT_SHIFT	10
#define SEGMENT_SIZE	1024u	/* 1 << SEGMENT_SHIFT */

/* One go of expiry: DESIGN's bounds, and the pause that lets others run. */
#define BATCH_RECORDS	64
#define BATCH_NS	(50 * NSEC_PER_USEC)
#define PAUSE_NS	(100 * NSEC_PER_USEC)

/* Records of one local port, for bind(): pages of counters, as needed. */
#define PORT_PAGES	64u
#define PORTS_PER_PAGE	1024u

struct waltz_tw_stripe {
	spinlock_t lock;		/* of its buckets and their records */
	seqcount_spinlock_t moved;	/* records changed buckets or chunks */
};

struct waltz_tw_segment {
	u32 head[SEGMENT_SIZE];		/* stripe lock to write */
	struct rcu_head rcu;
};

/**
 * struct waltz_tw_table - the table of one namespace
 * @wn: whose
 * @count: records that are not dead
 * @freed: chunks freed so far; read by who found nothing
 * @buckets: how many there are now; @resize to write
 * @warned: the limit was hit, and said so
 * @chunks: by number
 * @segments: of 1024 buckets each
 * @resize: one split or merge at a time
 * @wheel_lock: guards what follows
 * @wheel: chunks by the tick they expire in
 * @pending: which lists of a level are not empty
 * @clock: next tick of a level to look at
 * @timer: due at the first tick with a chunk
 * @armed: when @timer is due, ns; KTIME_MAX: not armed
 * @dying: no more insertions
 * @ports: records of each local port; the counters are atomic, a page once
 *	there stays
 * @stripe: locks of the buckets, by the low bits of the hash
 */
struct waltz_tw_table {
	struct waltz_net *wn;
	atomic_t count;
	atomic_t freed;
	u32 buckets;
	bool warned;
	struct xarray chunks;
	struct xarray segments;
	spinlock_t resize;		/* of the number of buckets */

	spinlock_t wheel_lock;		/* of what follows, and of chunks */
	struct list_head wheel[WHEEL_LEVELS][WHEEL_SLOTS];
	u64 pending[WHEEL_LEVELS];
	u32 clock[WHEEL_LEVELS];
	struct hrtimer timer;
	ktime_t armed;
	bool dying;

	atomic_t *ports[PORT_PAGES];
	struct waltz_tw_stripe stripe[STRIPES];
};

static struct kmem_cache *chunk_cache __read_mostly;

static u32 now_ms(void)
{
	return (u32)ktime_to_ms(ktime_get());
}

/* Milliseconds until a record expires; 0 or less: it has. */
static s32 time_left(u32 time, u32 now)
{
	u32 diff = (time - now) & TIME_MASK;

	return diff & TIME_SIGN ? (s32)(diff | ~TIME_MASK) : (s32)diff;
}

static struct waltz_tw_stripe *stripe_of(struct waltz_tw_table *tw, u32 hash)
{
	return &tw->stripe[hash % STRIPES];
}

/* Linear hashing: of 2^k < buckets <= 2^(k+1), those not split yet are found
 * with one bit less.
 */
static u32 bucket_of(u32 hash, u32 buckets)
{
	u32 mask = roundup_pow_of_two(buckets) - 1;
	u32 b = hash & mask;

	return b < buckets ? b : b & (mask >> 1);
}

static u32 *bucket_head(struct waltz_tw_table *tw, u32 bucket)
{
	struct waltz_tw_segment *seg;

	seg = xa_load(&tw->segments, bucket >> SEGMENT_SHIFT);
	return seg ? &seg->head[bucket & (SEGMENT_SIZE - 1)] : NULL;
}

static struct waltz_tw *record_at(struct waltz_tw_table *tw, u32 index)
{
	struct waltz_tw_chunk *chunk;

	chunk = xa_load(&tw->chunks, index >> CHUNK_SHIFT);
	return chunk ? &chunk->record[index & (CHUNK_SLOTS - 1)] : NULL;
}

/* The chunk a record lies in: chunks are aligned to their size. */
static struct waltz_tw_chunk *chunk_of(const struct waltz_tw *rec)
{
	return (void *)((unsigned long)rec &
			~(sizeof(struct waltz_tw_chunk) - 1));
}

static u32 index_of(const struct waltz_tw *rec)
{
	struct waltz_tw_chunk *chunk = chunk_of(rec);

	return chunk->number << CHUNK_SHIFT | (u32)(rec - chunk->record);
}

static void record_key(const struct waltz_tw_table *tw,
		       const struct waltz_tw *rec, struct waltz_key *key)
{
	waltz_key_init(key, tw->wn->net, rec->laddr, rec->lport, rec->raddr,
		       rec->rport);
}

static bool record_is(const struct waltz_tw *rec, const struct waltz_key *key)
{
	return rec->raddr == key->raddr && rec->rport == key->rport &&
	       rec->lport == key->lport && rec->laddr == key->laddr;
}

static void set_next(struct waltz_tw *rec, u32 next)
{
	WRITE_ONCE(rec->link, (rec->link & ~LINK_INDEX) | next);
}

static struct waltz_tw *walk_chain(struct waltz_tw_table *tw, u32 *head,
				   const struct waltz_key *key)
{
	u32 index = head ? READ_ONCE(*head) : 0;

	while (index) {
		struct waltz_tw *rec = record_at(tw, index);
		u32 link;

		if (!rec)
			return NULL;	/* freed behind us: the count tells */
		link = READ_ONCE(rec->link);
		if (!(link & LINK_DEAD) && record_is(rec, key))
			return rec;
		index = link & LINK_INDEX;
	}
	return NULL;
}

/* Context: RCU read lock. The record found may be dead by the time the
 * caller has the stripe's lock.
 */
static struct waltz_tw *find_rcu(struct waltz_tw_table *tw,
				 const struct waltz_key *key)
{
	struct waltz_tw_stripe *stripe = stripe_of(tw, key->hash);
	struct waltz_tw *rec;
	unsigned int seq;
	int freed;

	do {
		u32 buckets;

		seq = read_seqcount_begin(&stripe->moved);
		freed = atomic_read_acquire(&tw->freed);
		buckets = READ_ONCE(tw->buckets);
		rec = walk_chain(tw, bucket_head(tw, bucket_of(key->hash, buckets)),
				 key);
		/* read_seqcount_retry() orders the second look at freed. */
	} while (!rec && (read_seqcount_retry(&stripe->moved, seq) ||
			  freed != atomic_read(&tw->freed)));
	return rec;
}

/* Context: stripe lock held, BH off. */
static struct waltz_tw *find_locked(struct waltz_tw_table *tw,
				    const struct waltz_key *key)
{
	lockdep_assert_held(&stripe_of(tw, key->hash)->lock);
	return walk_chain(tw, bucket_head(tw, bucket_of(key->hash, tw->buckets)),
			  key);
}

/* A record found without the lock may have died, or been copied for its new
 * time, before the lock was had. Return: what there is now, or NULL.
 * Context: stripe lock held, RCU read lock held since the look-up.
 */
static struct waltz_tw *look_again(struct waltz_tw_table *tw,
				   const struct waltz_key *key,
				   struct waltz_tw *rec)
{
	return rec->link & LINK_DEAD ? find_locked(tw, key) : rec;
}

/* ---- how many records a local port has ---- */

static atomic_t *port_counter(const struct waltz_tw_table *tw, u16 port)
{
	atomic_t *page = READ_ONCE(tw->ports[port / PORTS_PER_PAGE]);

	return page ? &page[port % PORTS_PER_PAGE] : NULL;
}

static bool port_page_ready(struct waltz_tw_table *tw, u16 port)
{
	atomic_t **slot = &tw->ports[port / PORTS_PER_PAGE];
	atomic_t *page;

	if (READ_ONCE(*slot))
		return true;
	page = kcalloc(PORTS_PER_PAGE, sizeof(*page), GFP_ATOMIC);
	if (!page)
		return false;
	if (cmpxchg(slot, NULL, page))
		kfree(page);
	return true;
}

/* ---- the wheel ---- */

static struct waltz_tw_chunk *chunk_new(struct waltz_tw_table *tw)
{
	struct waltz_tw_chunk *chunk;

	chunk = kmem_cache_zalloc(chunk_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!chunk)
		return NULL;
	INIT_LIST_HEAD(&chunk->list);
	chunk->used = 1;
	chunk->live = 0;
	if (xa_alloc_bh(&tw->chunks, &chunk->number, chunk,
			XA_LIMIT(1, LINK_INDEX >> CHUNK_SHIFT),
			GFP_ATOMIC | __GFP_NOWARN)) {
		kmem_cache_free(chunk_cache, chunk);
		return NULL;
	}
	return chunk;
}

static void chunk_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(chunk_cache,
			container_of(rcu, struct waltz_tw_chunk, rcu));
}

/* Context: wheel lock held; the chunk has no live record. */
static void chunk_free(struct waltz_tw_table *tw, struct waltz_tw_chunk *chunk)
{
	lockdep_assert_held(&tw->wheel_lock);
	list_del(&chunk->list);
	/* The number may be given out again at once: who still follows it
	 * ends nowhere, or in another chain, and has to look again.
	 */
	atomic_inc(&tw->freed);
	smp_mb__after_atomic();	/* the count first: see above */
	xa_erase_bh(&tw->chunks, chunk->number);
	call_rcu(&chunk->rcu, chunk_free_rcu);
}

static void chunk_put_live(struct waltz_tw_table *tw,
			   struct waltz_tw_chunk *chunk)
{
	lockdep_assert_held(&tw->wheel_lock);
	if (!--chunk->live)
		chunk_free(tw, chunk);
}

/* The first list of a level, at or after its clock, that has a chunk.
 * Context: wheel lock held.
 */
static struct list_head *level_first(struct waltz_tw_table *tw,
				     unsigned int level, u32 *tick)
{
	u32 clock = tw->clock[level];

	lockdep_assert_held(&tw->wheel_lock);
	while (tw->pending[level]) {
		u64 ahead = ror64(tw->pending[level], clock % WHEEL_SLOTS);
		struct list_head *list;

		*tick = clock + (u32)__ffs64(ahead);
		list = &tw->wheel[level][*tick % WHEEL_SLOTS];
		if (!list_empty(list))
			return list;
		tw->pending[level] &= ~BIT_ULL(*tick % WHEEL_SLOTS);
	}
	return NULL;
}

/* Milliseconds until a tick is over; 0 or less: it is. */
static s32 tick_left(unsigned int level, u32 tick, u32 now)
{
	return (s32)((tick << LEVEL_SHIFT(level)) - now);
}

/* Arm the timer for the first tick that has a chunk, but not before
 * @earliest. Context: wheel lock held.
 */
static void wheel_arm(struct waltz_tw_table *tw, ktime_t earliest)
{
	ktime_t now = ktime_get(), due = KTIME_MAX;
	unsigned int level;
	u32 tick;

	lockdep_assert_held(&tw->wheel_lock);
	for (level = 0; level < WHEEL_LEVELS; level++) {
		s32 ms;

		if (!level_first(tw, level, &tick))
			continue;
		ms = tick_left(level, tick, (u32)ktime_to_ms(now));
		due = min(due, ktime_add_ms(now, max(ms, 0)));
	}
	if (due == KTIME_MAX || tw->dying)
		return;
	due = max(due, earliest);
	if (due >= tw->armed)
		return;
	tw->armed = due;
	hrtimer_start(&tw->timer, due, HRTIMER_MODE_ABS_SOFT);
}

/* The list for records with @left ms to live; 24 bits of a tick's time are
 * enough for every level, as for waltz_tw.time.
 */
static void wheel_place(struct waltz_tw_table *tw, u32 now, u32 left,
			unsigned int *level, u32 *tick)
{
	unsigned int l = 0;
	u32 first;

	while (l < WHEEL_LEVELS - 1 &&
	       left >> LEVEL_SHIFT(l) >= WHEEL_SLOTS - 2)
		l++;
	*level = l;
	*tick = (now + left + (1u << LEVEL_SHIFT(l)) - 1) >> LEVEL_SHIFT(l);
	/* A level's clock stands while nothing of it comes up: bring it to
	 * the present, so that its 64 lists mean the 64 ticks from now on.
	 */
	if (!level_first(tw, l, &first) || tick_left(l, first, now) > 0)
		tw->clock[l] = now >> LEVEL_SHIFT(l);
}

static void wheel_add(struct waltz_tw_table *tw, struct waltz_tw_chunk *chunk,
		      unsigned int level, u32 tick)
{
	list_add(&chunk->list, &tw->wheel[level][tick % WHEEL_SLOTS]);
	tw->pending[level] |= BIT_ULL(tick % WHEEL_SLOTS);
}

/* A free slot among those that expire in @left ms. Context: BH off. */
static struct waltz_tw *slot_new(struct waltz_tw_table *tw, u32 left)
{
	struct waltz_tw_chunk *chunk;
	struct waltz_tw *rec = NULL;
	struct list_head *list;
	unsigned int level;
	u32 tick;

	spin_lock(&tw->wheel_lock);
	if (tw->dying)
		goto out;
	wheel_place(tw, now_ms(), left, &level, &tick);
	list = &tw->wheel[level][tick % WHEEL_SLOTS];
	chunk = list_first_entry_or_null(list, struct waltz_tw_chunk, list);
	if (!chunk || chunk->used == CHUNK_SLOTS) {
		chunk = chunk_new(tw);
		if (!chunk)
			goto out;
		wheel_add(tw, chunk, level, tick);
		wheel_arm(tw, 0);
	}
	rec = &chunk->record[chunk->used];
	chunk->live++;
	rec->link = LINK_DEAD;
	/* Dead until it is linked, for who counts slots without the lock. */
	smp_store_release(&chunk->used, chunk->used + 1);
out:
	spin_unlock(&tw->wheel_lock);
	return rec;
}

/* ---- growing and shrinking, a bucket at a time ---- */

static void segment_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct waltz_tw_segment, rcu));
}

static bool segment_ready(struct waltz_tw_table *tw, u32 bucket, gfp_t gfp)
{
	unsigned long n = bucket >> SEGMENT_SHIFT;
	struct waltz_tw_segment *seg;

	if (xa_load(&tw->segments, n))
		return true;
	seg = kzalloc(sizeof(*seg), gfp | __GFP_NOWARN);
	if (!seg)
		return false;
	if (xa_err(xa_store_bh(&tw->segments, n, seg, gfp | __GFP_NOWARN))) {
		kfree(seg);
		return false;
	}
	return true;
}

/* Split the next bucket in turn. Half of its records, one on average, go to
 * the new last bucket; both are under the same stripe.
 */
static void table_grow(struct waltz_tw_table *tw)
{
	struct waltz_tw_stripe *stripe;
	u32 from, to, *link, *head;

	if (!spin_trylock(&tw->resize))
		return;		/* somebody else grows it */
	to = tw->buckets;
	if (to >= BUCKETS_MAX || atomic_read(&tw->count) <= to ||
	    !segment_ready(tw, to, GFP_ATOMIC))
		goto out;
	from = bucket_of(to, to);
	stripe = stripe_of(tw, to);
	head = bucket_head(tw, to);

	spin_lock(&stripe->lock);
	write_seqcount_begin(&stripe->moved);
	link = bucket_head(tw, from);
	while (*link & LINK_INDEX) {
		struct waltz_tw *rec = record_at(tw, *link & LINK_INDEX);
		struct waltz_key key;
		u32 index = *link & LINK_INDEX;

		record_key(tw, rec, &key);
		if (bucket_of(key.hash, to + 1) != to) {
			link = &rec->link;
			continue;
		}
		WRITE_ONCE(*link, (*link & ~LINK_INDEX) |
				  (rec->link & LINK_INDEX));
		set_next(rec, *head);
		WRITE_ONCE(*head, index);
	}
	WRITE_ONCE(tw->buckets, to + 1);
	write_seqcount_end(&stripe->moved);
	spin_unlock(&stripe->lock);
out:
	spin_unlock(&tw->resize);
}

/* The reverse: the last bucket's chain goes to the end of the one it came
 * from.
 */
static void table_shrink(struct waltz_tw_table *tw)
{
	struct waltz_tw_stripe *stripe;
	u32 last, into, *link, *head;

	if (!spin_trylock(&tw->resize))
		return;
	last = tw->buckets - 1;
	if (last < BUCKETS_MIN || (u32)atomic_read(&tw->count) >= last / 2)
		goto out;
	into = bucket_of(last, last);
	stripe = stripe_of(tw, last);

	spin_lock(&stripe->lock);
	write_seqcount_begin(&stripe->moved);
	head = bucket_head(tw, last);
	link = bucket_head(tw, into);
	while (*link & LINK_INDEX)
		link = &record_at(tw, *link & LINK_INDEX)->link;
	WRITE_ONCE(*link, (*link & ~LINK_INDEX) | *head);
	WRITE_ONCE(*head, 0);
	WRITE_ONCE(tw->buckets, last);
	write_seqcount_end(&stripe->moved);
	spin_unlock(&stripe->lock);

	if (!(last & (SEGMENT_SIZE - 1))) {
		struct waltz_tw_segment *seg;

		seg = xa_erase_bh(&tw->segments, last >> SEGMENT_SHIFT);
		if (seg)
			call_rcu(&seg->rcu, segment_free_rcu);
	}
out:
	spin_unlock(&tw->resize);
}

/* ---- linking and unlinking ---- */

/* Context: stripe lock held. */
static u32 *link_to(struct waltz_tw_table *tw, const struct waltz_key *key,
		    u32 index)
{
	u32 *link = bucket_head(tw, bucket_of(key->hash, tw->buckets));

	lockdep_assert_held(&stripe_of(tw, key->hash)->lock);
	while ((*link & LINK_INDEX) != index) {
		if (WARN_ON_ONCE(!(*link & LINK_INDEX)))
			return NULL;
		link = &record_at(tw, *link & LINK_INDEX)->link;
	}
	return link;
}

/* Context: stripe lock held; the record is alive. */
static void unlink_record(struct waltz_tw_table *tw,
			  const struct waltz_key *key, struct waltz_tw *rec)
{
	u32 *link = link_to(tw, key, index_of(rec));
	atomic_t *port = port_counter(tw, ntohs(rec->lport));

	if (link)
		WRITE_ONCE(*link, (*link & ~LINK_INDEX) |
				  (rec->link & LINK_INDEX));
	WRITE_ONCE(rec->link, rec->link | LINK_DEAD);
	atomic_dec(&tw->count);
	if (port)
		atomic_dec(port);
}

/* Take a record out before its time. Context: stripe lock held. */
static void kill_record(struct waltz_tw_table *tw,
			const struct waltz_key *key, struct waltz_tw *rec)
{
	unlink_record(tw, key, rec);
	spin_lock(&tw->wheel_lock);
	chunk_put_live(tw, chunk_of(rec));
	spin_unlock(&tw->wheel_lock);
}

static void link_record(struct waltz_tw_table *tw, const struct waltz_key *key,
			struct waltz_tw *rec, u32 flags)
{
	u32 *head = bucket_head(tw, bucket_of(key->hash, tw->buckets));

	rec->link = *head | flags;
	/* Complete before it can be seen. */
	smp_store_release(head, index_of(rec));
}

static void record_view(const struct waltz_tw *rec, struct waltz_tw_info *info)
{
	s32 left = time_left(rec->time, now_ms());

	info->view = (struct waltz_tw_view) {
		.snd_nxt = rec->snd_nxt,
		.rcv_nxt = rec->rcv_nxt,
		.ts_recent = rec->ts_recent,
		.has_ts = rec->link & LINK_HAS_TS,
		.fin_wait2 = rec->link & LINK_FIN_WAIT2,
	};
	info->left_ms = left > 0 ? left : 0;
}

static unsigned int record_state(const struct waltz_tw *rec)
{
	return rec->link & LINK_FIN_WAIT2 ? WALTZ_FIN_WAIT2 : WALTZ_TIME_WAIT;
}

/* ---- expiry ---- */

/* Copy a record whose time was moved into a chunk of its new tick. The copy
 * takes the old one's place in the chain in one store.
 * Context: stripe lock held.
 */
static bool requeue_record(struct waltz_tw_table *tw,
			   const struct waltz_key *key, struct waltz_tw *rec,
			   u32 left)
{
	struct waltz_tw *copy = slot_new(tw, left);
	u32 *link;

	if (!copy)
		return false;
	link = link_to(tw, key, index_of(rec));
	if (WARN_ON_ONCE(!link))
		return false;
	*copy = *rec;
	/* Who stands on the old one when it dies has passed the copy by. */
	write_seqcount_begin(&stripe_of(tw, key->hash)->moved);
	smp_wmb();	/* complete before it can be seen */
	WRITE_ONCE(*link, (*link & ~LINK_INDEX) | index_of(copy));
	WRITE_ONCE(rec->link, rec->link | LINK_DEAD);
	write_seqcount_end(&stripe_of(tw, key->hash)->moved);
	return true;
}

/* Expire a record, or move it if its time was moved; *@put counts those that
 * have left their chunk. Context: softirq, no locks.
 */
static void expire_record(struct waltz_tw_table *tw, struct waltz_tw *rec,
			  u32 *put)
{
	struct waltz_net *wn = tw->wn;
	struct waltz_tw_stripe *stripe;
	struct waltz_key key;
	unsigned int state;
	s32 left;

	if (READ_ONCE(rec->link) & LINK_DEAD)
		return;
	record_key(tw, rec, &key);
	stripe = stripe_of(tw, key.hash);

	spin_lock(&stripe->lock);
	if (rec->link & LINK_DEAD) {
		spin_unlock(&stripe->lock);
		return;
	}
	left = time_left(rec->time, now_ms());
	if (left > 0) {
		*put += requeue_record(tw, &key, rec, left);
		spin_unlock(&stripe->lock);
		return;
	}
	state = record_state(rec);
	unlink_record(tw, &key, rec);
	++*put;
	spin_unlock(&stripe->lock);

	WALTZ_INC(wn, TW_EXPIRED);
	waltz_record_event(&key, state, state == WALTZ_TIME_WAIT ?
			   WALTZ_EV_TWO_MSL : WALTZ_EV_TIMEOUT, NULL);
	table_shrink(tw);
}

/* Take the first chunk whose tick is over off the wheel. */
static struct waltz_tw_chunk *wheel_take(struct waltz_tw_table *tw, u32 now)
{
	struct waltz_tw_chunk *chunk = NULL;
	unsigned int level;

	spin_lock(&tw->wheel_lock);
	for (level = 0; level < WHEEL_LEVELS && !chunk; level++) {
		struct list_head *list;
		u32 tick;

		list = level_first(tw, level, &tick);
		if (!list || tick_left(level, tick, now) > 0)
			continue;
		tw->clock[level] = tick;
		chunk = list_first_entry(list, struct waltz_tw_chunk, list);
	}
	if (chunk) {
		list_del_init(&chunk->list);	/* takes no more */
		chunk->live++;
	}
	spin_unlock(&tw->wheel_lock);
	return chunk;
}

/* Expire what a chunk holds. Return: records looked at. */
static unsigned int expire_chunk(struct waltz_tw_table *tw,
				 struct waltz_tw_chunk *chunk)
{
	unsigned int level, i, used = chunk->used;
	u32 put = 0, tick;

	/* Off its list nobody adds to it; slots behind used hold garbage. */
	for (i = 1; i < used; i++)
		expire_record(tw, &chunk->record[i], &put);

	spin_lock(&tw->wheel_lock);
	chunk->live -= put;
	/* Something stays: a record that found no memory to move to its new
	 * time, or a slot given out and not linked yet. Look again soon.
	 */
	if (chunk->live > 1) {
		wheel_place(tw, now_ms(), MSEC_PER_SEC, &level, &tick);
		wheel_add(tw, chunk, level, tick);
	}
	chunk_put_live(tw, chunk);
	spin_unlock(&tw->wheel_lock);
	return used - 1;
}

static enum hrtimer_restart waltz_tw_timer(struct hrtimer *timer)
{
	struct waltz_tw_table *tw =
		container_of(timer, struct waltz_tw_table, timer);
	ktime_t start = ktime_get();
	unsigned int done = 0;

	lockdep_assert_in_softirq();
	do {
		struct waltz_tw_chunk *chunk = wheel_take(tw, now_ms());

		if (!chunk)
			break;
		done += expire_chunk(tw, chunk);
	} while (done < BATCH_RECORDS &&
		 ktime_to_ns(ktime_sub(ktime_get(), start)) < BATCH_NS);
	spin_lock(&tw->wheel_lock);
	tw->armed = KTIME_MAX;
	wheel_arm(tw, ktime_add_ns(ktime_get(), PAUSE_NS));
	spin_unlock(&tw->wheel_lock);
	return HRTIMER_NORESTART;
}

/* ---- the limit ---- */

/* The record that expires first, or one close to it. Context: wheel lock. */
static struct waltz_tw *oldest_record(struct waltz_tw_table *tw)
{
	struct waltz_tw_chunk *best = NULL;
	s32 best_ms = S32_MAX;
	unsigned int level, i;
	u32 now = now_ms();

	for (level = 0; level < WHEEL_LEVELS; level++) {
		struct list_head *list;
		u32 tick;

		list = level_first(tw, level, &tick);
		if (!list || tick_left(level, tick, now) >= best_ms)
			continue;
		best_ms = tick_left(level, tick, now);
		best = list_last_entry(list, struct waltz_tw_chunk, list);
	}
	for (i = 1; best && i < best->used; i++)
		if (!(READ_ONCE(best->record[i].link) & LINK_DEAD))
			return &best->record[i];
	return NULL;
}

/* Make room for one record. Never in silence: protection is lost.
 * Context: RCU read lock, BH off.
 */
static void evict_oldest(struct waltz_tw_table *tw)
{
	struct waltz_tw_stripe *stripe;
	struct waltz_key key;
	struct waltz_tw *rec;
	unsigned int state;
	bool alive;

	spin_lock(&tw->wheel_lock);
	rec = oldest_record(tw);
	spin_unlock(&tw->wheel_lock);
	if (!rec)
		return;

	record_key(tw, rec, &key);
	stripe = stripe_of(tw, key.hash);
	spin_lock(&stripe->lock);
	alive = !(rec->link & LINK_DEAD);
	state = record_state(rec);
	if (alive)
		kill_record(tw, &key, rec);
	spin_unlock(&stripe->lock);
	if (!alive)
		return;

	WALTZ_INC(tw->wn, TW_EVICTED);
	waltz_record_event(&key, state, WALTZ_EV_EVICTED, NULL);
	if (!xchg(&tw->warned, true))
		pr_warn("waltz: TIME_WAIT table full, oldest records go first (net.waltz.time_wait_max)\n");
}

/* ---- what others call ---- */

/**
 * waltz_tw_insert() - leave a record of a connection
 * @wn: the namespace
 * @key: the connection's names
 * @info: what to remember, and for how long
 *
 * The caller's socket must still be in the established table: at no instant
 * may a segment find neither.
 *
 * Context: any with BH off; takes the stripe and wheel locks. RFC 9293 3.6.1.
 * Return: 0, -ENOMEM, or -ESHUTDOWN when the namespace is going.
 */
int waltz_tw_insert(struct waltz_net *wn, const struct waltz_key *key,
		    const struct waltz_tw_info *info)
{
	struct waltz_tw_table *tw = wn->tw;
	u32 left = min_t(u32, info->left_ms, WALTZ_TIME_WAIT_MAX_MS);
	struct waltz_tw_stripe *stripe = stripe_of(tw, key->hash);
	struct waltz_tw *rec;
	unsigned int i;
	u32 flags = 0;

	if (READ_ONCE(tw->dying))
		return -ESHUTDOWN;
	/* Two for one, so that a limit that was lowered is reached at last. */
	rcu_read_lock();
	for (i = 0; i < 2 && atomic_read(&tw->count) >=
			     READ_ONCE(wn->sysctls.time_wait_max); i++)
		evict_oldest(tw);
	rcu_read_unlock();

	rec = port_page_ready(tw, ntohs(key->lport)) ? slot_new(tw, left) : NULL;
	if (!rec) {
		WALTZ_INC(wn, TW_NO_MEMORY);
		return -ENOMEM;
	}
	rec->laddr = key->laddr;
	rec->raddr = key->raddr;
	rec->lport = key->lport;
	rec->rport = key->rport;
	rec->snd_nxt = info->view.snd_nxt;
	rec->rcv_nxt = info->view.rcv_nxt;
	rec->ts_recent = info->view.ts_recent;
	rec->time = (now_ms() + left) & TIME_MASK;
	if (info->view.has_ts)
		flags |= LINK_HAS_TS;
	if (info->view.fin_wait2)
		flags |= LINK_FIN_WAIT2;

	spin_lock(&stripe->lock);
	link_record(tw, key, rec, flags);
	spin_unlock(&stripe->lock);
	atomic_inc(&tw->count);
	atomic_inc(port_counter(tw, ntohs(key->lport)));
	WALTZ_INC(wn, TW_INSERTED);
	table_grow(tw);
	return 0;
}

/* RFC 5961 7, per record: one challenge in challenge_ms. */
static bool challenge_allowed(const struct waltz_net *wn, struct waltz_tw *rec)
{
	u32 now = (now_ms() >> CHALLENGE_UNIT) % CHALLENGE_WRAP;
	u32 last = rec->time >> CHALLENGE_SHIFT;
	u32 wait = DIV_ROUND_UP(READ_ONCE(wn->sysctls.challenge_ms),
				1 << CHALLENGE_UNIT);

	if (last && (now + CHALLENGE_WRAP - (last - 1)) % CHALLENGE_WRAP < wait)
		return false;
	rec->time = (rec->time & TIME_MASK) | (now + 1) << CHALLENGE_SHIFT;
	return true;
}

/* 2MSL starts anew. Later than before, the record stays where it is and is
 * moved when its old tick comes up; earlier (it was FIN_WAIT2's time, or the
 * sysctl was lowered), nothing would look at it in time: it moves now. If
 * there is no memory for that it only lives longer.
 * Context: stripe lock held.
 */
static void restart(struct waltz_tw_table *tw, const struct waltz_key *key,
		    struct waltz_tw *rec, u32 ms)
{
	u32 now = now_ms();
	bool earlier = (s32)ms < time_left(rec->time, now);

	rec->time = (rec->time & ~TIME_MASK) | ((now + ms) & TIME_MASK);
	if (!earlier || !requeue_record(tw, key, rec, ms))
		return;
	spin_lock(&tw->wheel_lock);
	chunk_put_live(tw, chunk_of(rec));
	spin_unlock(&tw->wheel_lock);
}

/* Reach the verdict and do what it means for the record.
 * Context: stripe lock held.
 */
static void answer_segment(struct waltz_net *wn, const struct waltz_key *key,
			   struct waltz_tw *rec, const struct waltz_seg *seg,
			   struct waltz_tw_answer *answer)
{
	struct waltz_tw_table *tw = wn->tw;

	record_view(rec, &answer->info);
	answer->verdict = waltz_tw_verdict(&answer->info.view, seg);
	switch (answer->verdict) {
	case WALTZ_TW_FIN:
		/* The record becomes TIME_WAIT where it stands. */
		rec->rcv_nxt = seg->end_seq;
		WRITE_ONCE(rec->link, rec->link & ~LINK_FIN_WAIT2);
		fallthrough;
	case WALTZ_TW_FIN_AGAIN:
		if (seg->opts & WALTZ_OPT_TS)
			rec->ts_recent = seg->tsval;
		record_view(rec, &answer->info);
		restart(tw, key, rec, READ_ONCE(wn->sysctls.time_wait_ms));
		break;
	case WALTZ_TW_CHALLENGE:
		if (challenge_allowed(wn, rec)) {
			WALTZ_INC(wn, CHALLENGE_ACKS);
			break;
		}
		WALTZ_INC(wn, CHALLENGE_LIMITED);
		answer->verdict = WALTZ_TW_IGNORE;
		break;
	case WALTZ_TW_DATA:
	case WALTZ_TW_RESET:
		kill_record(tw, key, rec);
		break;
	case WALTZ_TW_IGNORE:
	case WALTZ_TW_IGNORE_RST:
	case WALTZ_TW_REOPEN:
		break;
	}
}

/**
 * waltz_tw_segment() - a segment came; is it for a record?
 * @wn: the namespace
 * @key: the segment's names
 * @seg: the segment
 * @answer: filled in when there is a record
 *
 * A record that may be reopened stays until the new one is in
 * (waltz_tw_remove()).
 *
 * Context: softirq, RCU read lock held.
 * Return: true when there is a record.
 */
bool waltz_tw_segment(struct waltz_net *wn, const struct waltz_key *key,
		      const struct waltz_seg *seg,
		      struct waltz_tw_answer *answer)
{
	struct waltz_tw_table *tw = wn->tw;
	struct waltz_tw_stripe *stripe = stripe_of(tw, key->hash);
	struct waltz_tw *rec = find_rcu(tw, key);

	if (!rec)
		return false;
	spin_lock(&stripe->lock);
	rec = look_again(tw, key, rec);
	if (rec)
		answer_segment(wn, key, rec, seg, answer);
	spin_unlock(&stripe->lock);
	return rec;
}

/**
 * waltz_tw_connect() - may connect() take over these names?
 * @wn: the namespace
 * @key: the names wanted
 * @isn_min: raised above the old connection's sequence numbers
 *
 * RFC 6191 seen from the client: the peer will accept our SYN by its newer
 * timestamp, as soon as our 1 ms clock has ticked since the record was made.
 *
 * Context: BH off.
 * Return: true when there is no record, or one that may be reused.
 */
bool waltz_tw_connect(struct waltz_net *wn, const struct waltz_key *key,
		      u32 *isn_min)
{
	struct waltz_tw_table *tw = wn->tw;
	struct waltz_tw_stripe *stripe = stripe_of(tw, key->hash);
	u32 two_msl = READ_ONCE(wn->sysctls.time_wait_ms);
	struct waltz_tw *rec;
	bool reusable = true;
	s32 age;

	rcu_read_lock();
	rec = find_rcu(tw, key);
	if (!rec)
		goto out;
	spin_lock(&stripe->lock);
	rec = look_again(tw, key, rec);
	if (rec) {
		age = (s32)two_msl - time_left(rec->time, now_ms());
		reusable = (rec->link & LINK_HAS_TS) &&
			   !(rec->link & LINK_FIN_WAIT2) && age > 1 &&
			   READ_ONCE(wn->sysctls.timestamps);
		/* Above all the old connection could have in flight. */
		*isn_min = rec->snd_nxt + 65535 + 2;
	}
	spin_unlock(&stripe->lock);
out:
	rcu_read_unlock();
	return reusable;
}

/**
 * waltz_tw_remove() - a new record has taken the names over
 * @wn: the namespace
 * @key: the names
 * @info: what the record said; may be NULL
 *
 * Call after the new socket or half-open record is in its table, and after
 * waltz_moved().
 *
 * Context: BH off.
 * Return: false when there was none.
 */
bool waltz_tw_remove(struct waltz_net *wn, const struct waltz_key *key,
		     struct waltz_tw_info *info)
{
	struct waltz_tw_table *tw = wn->tw;
	struct waltz_tw_stripe *stripe = stripe_of(tw, key->hash);
	struct waltz_tw *rec;

	rcu_read_lock();
	rec = find_rcu(tw, key);
	if (rec) {
		spin_lock(&stripe->lock);
		rec = look_again(tw, key, rec);
		if (rec && info)
			record_view(rec, info);
		if (rec)
			kill_record(tw, key, rec);
		spin_unlock(&stripe->lock);
	}
	rcu_read_unlock();
	return rec;
}

/**
 * waltz_tw_count() - records now
 * @wn: the namespace
 */
unsigned int waltz_tw_count(const struct waltz_net *wn)
{
	return atomic_read(&wn->tw->count);
}

/**
 * waltz_tw_port_count() - records that hold a local port
 * @wn: the namespace
 * @port: host order
 */
unsigned int waltz_tw_port_count(const struct waltz_net *wn, u16 port)
{
	atomic_t *counter = port_counter(wn->tw, port);

	return counter ? atomic_read(counter) : 0;
}

/**
 * waltz_tw_next() - walk over all records, in no order
 * @wn: the namespace
 * @pos: where to go on, moved behind the record found; begin with 0
 * @key: the record's names
 * @info: what it says
 *
 * Context: RCU read lock held.
 * Return: false at the end.
 */
bool waltz_tw_next(struct waltz_net *wn, u32 *pos, struct waltz_key *key,
		   struct waltz_tw_info *info)
{
	struct waltz_tw_table *tw = wn->tw;
	unsigned long number = *pos >> CHUNK_SHIFT;
	unsigned int slot = *pos & (CHUNK_SLOTS - 1);
	struct waltz_tw_chunk *chunk;

	chunk = xa_find(&tw->chunks, &number, ULONG_MAX, XA_PRESENT);
	while (chunk) {
		/* Pairs with slot_new(): a slot counted is a slot written. */
		unsigned int used = smp_load_acquire(&chunk->used);

		if (number != *pos >> CHUNK_SHIFT)
			slot = 0;
		for (slot = max(slot, 1u); slot < used; slot++) {
			struct waltz_tw *rec = &chunk->record[slot];

			if (READ_ONCE(rec->link) & LINK_DEAD)
				continue;
			record_key(tw, rec, key);
			record_view(rec, info);
			*pos = (u32)(number << CHUNK_SHIFT) + slot + 1;
			return true;
		}
		*pos = 0;
		chunk = xa_find_after(&tw->chunks, &number, ULONG_MAX,
				      XA_PRESENT);
	}
	return false;
}

/**
 * waltz_tw_create() - the table of a new namespace
 * @wn: the namespace
 *
 * Context: process.
 * Return: the table, or NULL without memory.
 */
struct waltz_tw_table *waltz_tw_create(struct waltz_net *wn)
{
	struct waltz_tw_table *tw;
	unsigned int level, i;

	tw = kzalloc(sizeof(*tw), GFP_KERNEL);
	if (!tw)
		return NULL;
	tw->wn = wn;
	tw->buckets = BUCKETS_MIN;
	tw->armed = KTIME_MAX;
	xa_init_flags(&tw->chunks, XA_FLAGS_ALLOC);
	xa_init(&tw->segments);
	spin_lock_init(&tw->resize);
	spin_lock_init(&tw->wheel_lock);
	for (level = 0; level < WHEEL_LEVELS; level++)
		for (i = 0; i < WHEEL_SLOTS; i++)
			INIT_LIST_HEAD(&tw->wheel[level][i]);
	for (i = 0; i < STRIPES; i++) {
		spin_lock_init(&tw->stripe[i].lock);
		seqcount_spinlock_init(&tw->stripe[i].moved,
				       &tw->stripe[i].lock);
	}
	waltz_hrtimer_setup(&tw->timer, waltz_tw_timer, CLOCK_MONOTONIC,
			    HRTIMER_MODE_ABS_SOFT);
	if (!segment_ready(tw, 0, GFP_KERNEL)) {
		kfree(tw);
		return NULL;
	}
	return tw;
}

/**
 * waltz_tw_destroy() - the namespace, or the module, goes
 * @tw: the table
 *
 * Nothing waits for 2MSL. The caller has made sure, by a grace period, that
 * no segment of the namespace is being received any more and that it has no
 * sockets left.
 *
 * Context: process.
 */
void waltz_tw_destroy(struct waltz_tw_table *tw)
{
	struct waltz_tw_segment *seg;
	struct waltz_tw_chunk *chunk;
	unsigned long n;
	unsigned int i;

	spin_lock_bh(&tw->wheel_lock);
	tw->dying = true;
	spin_unlock_bh(&tw->wheel_lock);
	hrtimer_cancel(&tw->timer);

	xa_for_each(&tw->chunks, n, chunk) {
		kmem_cache_free(chunk_cache, chunk);
		cond_resched();
	}
	xa_for_each(&tw->segments, n, seg)
		kfree(seg);
	xa_destroy(&tw->chunks);
	xa_destroy(&tw->segments);
	for (i = 0; i < PORT_PAGES; i++)
		kfree(tw->ports[i]);
	kfree(tw);
}

/**
 * waltz_tw_init() - the cache all tables share
 *
 * Return: 0 or -ENOMEM.
 */
int waltz_tw_init(void)
{
	/* Aligned to their size: chunk_of() counts on it. */
	chunk_cache = kmem_cache_create("waltz_tw_chunk",
					sizeof(struct waltz_tw_chunk),
					sizeof(struct waltz_tw_chunk), 0, NULL);
	return chunk_cache ? 0 : -ENOMEM;
}

/**
 * waltz_tw_exit() - after all tables, and an rcu_barrier()
 */
void waltz_tw_exit(void)
{
	kmem_cache_destroy(chunk_cache);
}
