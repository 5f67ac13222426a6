// SPDX-License-Identifier: GPL-2.0
/*
 * The TIME_WAIT table's time: chunks of records that expire together, in a
 * wheel of six levels. Slots are given out and come back here.
 */
#include <linux/bitops.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "tw_table.h"

#define LEVEL_SHIFT(l)	(2 + 2 * (l))

static struct kmem_cache *chunk_cache __read_mostly;

/* Chunks of a tick that are looked at for one of a certain device. With more
 * devices than that records begin to lie one in a chunk; tw_full() sees to it.
 */
#define OF_OTHERS	32

/**
 * tw_chunk_free() - a chunk that nobody reads
 * @chunk: the chunk
 *
 * Context: any.
 */
void tw_chunk_free(struct waltz_tw_chunk *chunk)
{
	kmem_cache_free(chunk_cache, chunk);
}

static struct waltz_tw_chunk *chunk_new(struct waltz_tw_table *tw, int dif)
{
	struct waltz_tw_chunk *chunk;

	chunk = kmem_cache_zalloc(chunk_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!chunk)
		return NULL;
	INIT_LIST_HEAD(&chunk->list);
	chunk->used = 1;
	chunk->live = 0;
	chunk->dif = dif;
	if (xa_alloc_bh(&tw->chunks, &chunk->number, chunk,
			XA_LIMIT(1, LINK_INDEX >> CHUNK_SHIFT),
			GFP_ATOMIC | __GFP_NOWARN)) {
		tw_chunk_free(chunk);
		return NULL;
	}
	WRITE_ONCE(tw->nr_chunks, tw->nr_chunks + 1);
	return chunk;
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

/* The wheel's clock, ms: each table's ticks are at times of their own, so that not
 * all namespaces' records expire in the same milliseconds.
 */
static u32 wheel_clock(const struct waltz_tw_table *tw, ktime_t now)
{
	return (u32)ktime_to_ms(now) + tw->phase;
}

/* Milliseconds until a tick is over; 0 or less: it is. */
static s32 tick_left(unsigned int level, u32 tick, u32 now)
{
	return (s32)((tick << LEVEL_SHIFT(level)) - now);
}

/* The timer is due at the first tick that has a chunk, but not before @earliest.
 * Context: wheel lock held.
 */
static void arm(struct waltz_tw_table *tw, ktime_t earliest)
{
	ktime_t now = ktime_get(), due = KTIME_MAX;
	unsigned int level;
	u32 tick;

	lockdep_assert_held(&tw->wheel_lock);
	for (level = 0; level < WHEEL_LEVELS; level++) {
		s32 ms;

		if (!level_first(tw, level, &tick))
			continue;
		ms = tick_left(level, tick, wheel_clock(tw, now));
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

/* Readers may still be on it.
 * Context: wheel lock held; the chunk has no live record.
 */
static void chunk_dead(struct waltz_tw_table *tw, struct waltz_tw_chunk *chunk)
{
	lockdep_assert_held(&tw->wheel_lock);
	/* The number may be given out again at once: who still follows it
	 * ends nowhere, or in another chain, and has to look again.
	 */
	atomic_inc(&tw->freed);
	smp_mb__after_atomic();	/* the count first: see above */
	xa_erase_bh(&tw->chunks, chunk->number);
	WRITE_ONCE(tw->nr_chunks, tw->nr_chunks - 1);
	list_del(&chunk->list);
	tw_reclaim_chunk(chunk);
}

static void chunk_put_live(struct waltz_tw_table *tw,
			   struct waltz_tw_chunk *chunk)
{
	lockdep_assert_held(&tw->wheel_lock);
	if (!--chunk->live)
		chunk_dead(tw, chunk);
}

/* The list for records with @left ms to live; 24 bits of a tick's time are
 * enough for every level, as for waltz_tw.time.
 */
static void wheel_place(struct waltz_tw_table *tw, u32 left,
			unsigned int *level, u32 *tick)
{
	u32 now = wheel_clock(tw, ktime_get());
	unsigned int l = 0;
	u32 first, ahead;

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
	/* Or something is overdue, and a list must not mean two ticks, of which
	 * the first would never end: then look early, when all that has gone.
	 */
	ahead = (*tick - tw->clock[l]) << LEVEL_SHIFT(l) >> LEVEL_SHIFT(l);
	if (ahead >= WHEEL_SLOTS)
		*tick = tw->clock[l] + WHEEL_SLOTS - 1;
}

static void wheel_add(struct waltz_tw_table *tw, struct waltz_tw_chunk *chunk,
		      unsigned int level, u32 tick)
{
	list_add(&chunk->list, &tw->wheel[level][tick % WHEEL_SLOTS]);
	tw->pending[level] |= BIT_ULL(tick % WHEEL_SLOTS);
}

/* The chunk of a tick that takes another record of this device, or NULL: the
 * newest of the device is full, if there is one. Context: wheel lock held.
 */
static struct waltz_tw_chunk *chunk_with_room(struct list_head *list, int dif)
{
	struct waltz_tw_chunk *chunk;
	unsigned int n = 0;

	list_for_each_entry(chunk, list, list) {
		if (chunk->dif == dif)
			return chunk->used < CHUNK_SLOTS ? chunk : NULL;
		if (++n == OF_OTHERS)
			break;
	}
	return NULL;
}

/**
 * tw_slot_new() - a free slot among those that expire at the same time
 * @tw: the table
 * @left: ms from now
 * @dif: the device its socket was bound to, or 0
 *
 * Context: BH off.
 * Return: the slot, dead until it is linked; NULL: no memory, or the
 * namespace is going.
 */
struct waltz_tw *tw_slot_new(struct waltz_tw_table *tw, u32 left, int dif)
{
	struct waltz_tw_chunk *chunk;
	struct waltz_tw *rec = NULL;
	struct list_head *list;
	unsigned int level;
	u32 tick;

	spin_lock(&tw->wheel_lock);
	if (tw->dying)
		goto out;
	wheel_place(tw, left, &level, &tick);
	list = &tw->wheel[level][tick % WHEEL_SLOTS];
	chunk = chunk_with_room(list, dif);
	if (!chunk) {
		chunk = chunk_new(tw, dif);
		if (!chunk)
			goto out;
		wheel_add(tw, chunk, level, tick);
		arm(tw, 0);
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

/**
 * tw_requeue() - move a record whose time was moved to the right tick
 * @tw: the table
 * @key: its names
 * @rec: the record; dead when a copy has its place
 * @left: ms to live
 *
 * Its slot is still to be given back: tw_slot_put() or tw_wheel_done().
 *
 * Context: stripe lock held.
 * Return: false when there was no memory; it stays.
 */
bool tw_requeue(struct waltz_tw_table *tw, const struct waltz_key *key,
		struct waltz_tw *rec, u32 left)
{
	struct waltz_tw *copy = tw_slot_new(tw, left, tw_chunk_of(rec)->dif);

	return copy && tw_replace(tw, key, rec, copy);
}

/**
 * tw_wheel_take() - take the first chunk whose tick is over off the wheel
 * @tw: the table
 *
 * Nobody adds to it, and nobody frees it, before tw_wheel_done().
 *
 * Context: BH off.
 * Return: the chunk, or NULL.
 */
struct waltz_tw_chunk *tw_wheel_take(struct waltz_tw_table *tw)
{
	u32 now = wheel_clock(tw, ktime_get());
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

/**
 * tw_wheel_done() - a chunk has been gone through
 * @tw: the table
 * @chunk: from tw_wheel_take()
 * @put: records that have left it
 *
 * Context: BH off.
 */
void tw_wheel_done(struct waltz_tw_table *tw, struct waltz_tw_chunk *chunk,
		   unsigned int put)
{
	unsigned int level;
	u32 tick;

	spin_lock(&tw->wheel_lock);
	chunk->live -= put;
	/* Something stays: a record that found no memory to move to its new
	 * time, or a slot given out and not linked yet. Look again soon.
	 */
	if (chunk->live > 1) {
		wheel_place(tw, MSEC_PER_SEC, &level, &tick);
		wheel_add(tw, chunk, level, tick);
	}
	chunk_put_live(tw, chunk);
	spin_unlock(&tw->wheel_lock);
}

/**
 * tw_wheel_arm() - the timer has run; when again?
 * @tw: the table
 * @earliest: not before that
 *
 * Context: BH off.
 */
void tw_wheel_arm(struct waltz_tw_table *tw, ktime_t earliest)
{
	spin_lock(&tw->wheel_lock);
	tw->armed = KTIME_MAX;
	arm(tw, earliest);
	spin_unlock(&tw->wheel_lock);
}

/**
 * tw_slot_put() - a record is dead: give its slot back
 * @tw: the table
 * @rec: the record
 *
 * Context: BH off.
 */
void tw_slot_put(struct waltz_tw_table *tw, struct waltz_tw *rec)
{
	spin_lock(&tw->wheel_lock);
	chunk_put_live(tw, tw_chunk_of(rec));
	spin_unlock(&tw->wheel_lock);
}

/**
 * tw_full() - has the table as many records as it may have, or as much memory?
 * @tw: the table
 *
 * Records that leave it one by one, or are of many devices, leave chunks that hold
 * few. Half of a chunk's records is what they must hold on average, and a chunk for
 * each tick is free.
 *
 * Context: any.
 * Return: how many records may have to go before there is room for one; 0: there is.
 */
unsigned int tw_full(const struct waltz_tw_table *tw)
{
	u32 max = READ_ONCE(tw->wn->sysctls.time_wait_max);

	if (READ_ONCE(tw->nr_chunks) >
	    max / (CHUNK_SLOTS / 2) + WHEEL_LEVELS * WHEEL_SLOTS)
		return CHUNK_SLOTS - 1;
	/* Two for one, so that a limit that was lowered is reached at last. */
	return (u32)atomic_read(&tw->count) >= max ? 2 : 0;
}

/**
 * tw_oldest() - the record that expires first, or one close to it
 * @tw: the table
 *
 * Context: BH off, RCU read lock: the record may be dead by then.
 * Return: the record, or NULL.
 */
struct waltz_tw *tw_oldest(struct waltz_tw_table *tw)
{
	struct waltz_tw_chunk *best = NULL;
	s32 best_ms = S32_MAX;
	unsigned int level, i;
	u32 now = wheel_clock(tw, ktime_get());
	struct waltz_tw *rec = NULL;

	spin_lock(&tw->wheel_lock);
	for (level = 0; level < WHEEL_LEVELS; level++) {
		struct list_head *list;
		u32 tick;

		list = level_first(tw, level, &tick);
		if (!list || tick_left(level, tick, now) >= best_ms)
			continue;
		best_ms = tick_left(level, tick, now);
		best = list_last_entry(list, struct waltz_tw_chunk, list);
	}
	for (i = 1; best && !rec && i < best->used; i++) {
		/* Pairs with tw_link(): only then has it names. */
		if (!(smp_load_acquire(&best->record[i].link) & LINK_DEAD))
			rec = &best->record[i];
	}
	spin_unlock(&tw->wheel_lock);
	return rec;
}

/**
 * tw_wheel_init() - an empty wheel
 * @tw: the table
 */
void tw_wheel_init(struct waltz_tw_table *tw)
{
	unsigned int level, i;

	xa_init_flags(&tw->chunks, XA_FLAGS_ALLOC);
	spin_lock_init(&tw->wheel_lock);
	for (level = 0; level < WHEEL_LEVELS; level++)
		for (i = 0; i < WHEEL_SLOTS; i++)
			INIT_LIST_HEAD(&tw->wheel[level][i]);
	tw->phase = get_random_u32() % (1u << LEVEL_SHIFT(WHEEL_LEVELS - 1));
	tw->armed = KTIME_MAX;
	waltz_hrtimer_setup(&tw->timer, tw_expire, CLOCK_MONOTONIC,
			    HRTIMER_MODE_ABS_SOFT);
}

/**
 * tw_wheel_free() - no more insertions, no more expiry, no more records
 * @tw: the table; nobody reads it any more
 *
 * Context: process, may sleep.
 */
void tw_wheel_free(struct waltz_tw_table *tw)
{
	struct waltz_tw_chunk *chunk;
	unsigned long n;

	spin_lock_bh(&tw->wheel_lock);
	tw->dying = true;
	spin_unlock_bh(&tw->wheel_lock);
	hrtimer_cancel(&tw->timer);

	xa_for_each(&tw->chunks, n, chunk) {
		tw_chunk_free(chunk);
		cond_resched();
	}
	xa_destroy(&tw->chunks);
}

/**
 * tw_wheel_cache_init() - the cache of chunks that all tables share
 *
 * Return: 0 or -ENOMEM.
 */
int tw_wheel_cache_init(void)
{
	/* Aligned to their size: tw_chunk_of() counts on it. */
	chunk_cache = kmem_cache_create("waltz_tw_chunk",
					sizeof(struct waltz_tw_chunk),
					sizeof(struct waltz_tw_chunk), 0, NULL);
	return chunk_cache ? 0 : -ENOMEM;
}

/**
 * tw_wheel_cache_exit() - after all tables
 */
void tw_wheel_cache_exit(void)
{
	kmem_cache_destroy(chunk_cache);
}
