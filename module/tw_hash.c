// SPDX-License-Identifier: GPL-2.0
/*
 * The TIME_WAIT table's hash: chains of record indices, in buckets of 4
 * bytes. Readers hold no lock; what can hide a record from them, or carry
 * them along, they notice by a count, and look again.
 */
#include <linux/gfp.h>
#include <linux/prefetch.h>
#include <linux/slab.h>
#include <net/inet_sock.h>

#include "portmap.h"
#include "tw_table.h"

/* With so few records for each bucket the table shrinks, when nearly all merges
 * touch none; and so many merges after one record has gone: with less the table
 * would keep buckets when it is empty. A few more make up for those that a
 * trylock has prevented.
 */
#define SHRINK		4

/* Linear hashing: of 2^k < buckets <= 2^(k+1), those not split yet are found
 * with one bit less.
 */
static u32 bucket_of(u32 hash, u32 buckets)
{
	u32 mask = roundup_pow_of_two(buckets) - 1;
	u32 b = hash & mask;

	return b < buckets ? b : b & (mask >> 1);
}

/* Where the segment of a bucket is; NULL: there never was one near it. */
static u32 **segment_of(struct waltz_tw_table *tw, u32 bucket)
{
	u32 n = bucket >> SEGMENT_SHIFT;
	u32 **page = READ_ONCE(tw->segments[n >> SEGMENTS_SHIFT]);

	return page ? &page[n & (SEGMENTS_SIZE - 1)] : NULL;
}

static u32 *bucket_head(struct waltz_tw_table *tw, u32 bucket)
{
	u32 **place = segment_of(tw, bucket);
	u32 *segment = place ? READ_ONCE(*place) : NULL;

	return segment ? &segment[bucket & (SEGMENT_SIZE - 1)] : NULL;
}

static struct waltz_tw *record_at(struct waltz_tw_table *tw, u32 index)
{
	struct waltz_tw_chunk *chunk;

	chunk = xa_load(&tw->chunks, index >> CHUNK_SHIFT);
	return chunk ? &chunk->record[index & (CHUNK_SLOTS - 1)] : NULL;
}

static u32 index_of(const struct waltz_tw *rec)
{
	struct waltz_tw_chunk *chunk = tw_chunk_of(rec);

	return chunk->number << CHUNK_SHIFT | (u32)(rec - chunk->record);
}

static bool record_is(const struct waltz_tw *rec, const struct waltz_key *key)
{
	return rec->raddr == key->raddr && rec->rport == key->rport &&
	       rec->lport == key->lport && rec->laddr == key->laddr &&
	       inet_sk_bound_dev_eq(key->net, tw_chunk_of(rec)->dif, key->dif,
				    key->sdif);
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

/**
 * tw_find() - the record of these names
 * @tw: the table
 * @key: the names
 *
 * Context: RCU read lock. The record found may be dead by the time the caller
 * has the stripe's lock: tw_look_again().
 * Return: the record, or NULL.
 */
struct waltz_tw *tw_find(struct waltz_tw_table *tw,
			 const struct waltz_key *key)
{
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
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

/* The head of the names' chain. How many buckets there are may change under the
 * lock of another stripe, but not which one is theirs.
 * Context: stripe lock held, BH off.
 */
static u32 *chain_of(struct waltz_tw_table *tw, const struct waltz_key *key)
{
	lockdep_assert_held(&tw_stripe_of(tw, key->hash)->lock);
	return bucket_head(tw, bucket_of(key->hash, READ_ONCE(tw->buckets)));
}

/**
 * tw_look_again() - the record that was found, now that the lock is held
 * @tw: the table
 * @key: its names
 * @rec: what tw_find() said
 *
 * It may have died, or been copied for its new time, before the lock was had.
 *
 * Context: stripe lock held, RCU read lock held since tw_find().
 * Return: what there is now, or NULL.
 */
struct waltz_tw *tw_look_again(struct waltz_tw_table *tw,
			       const struct waltz_key *key,
			       struct waltz_tw *rec)
{
	return rec->link & LINK_DEAD ?
	       walk_chain(tw, chain_of(tw, key), key) : rec;
}

/* ---- growing and shrinking, a bucket at a time ---- */

/* Context: resize lock held, or nobody else knows the table. */
static bool segment_ready(struct waltz_tw_table *tw, u32 bucket, gfp_t gfp)
{
	u32 **place = segment_of(tw, bucket);
	void *page;

	BUILD_BUG_ON(SEGMENT_SIZE * sizeof(u32) > PAGE_SIZE);
	BUILD_BUG_ON(SEGMENTS_SIZE * sizeof(u32 *) > PAGE_SIZE);
	gfp |= __GFP_NOWARN;
	if (!place) {
		page = (void *)get_zeroed_page(gfp);
		if (!page)
			return false;
		/* Empty before it can be seen. */
		smp_store_release(&tw->segments[bucket >> (SEGMENT_SHIFT +
							   SEGMENTS_SHIFT)],
				  page);
		place = segment_of(tw, bucket);
	}
	if (*place)
		return true;
	page = (void *)get_zeroed_page(gfp);
	if (!page)
		return false;
	/* The same. */
	smp_store_release(place, page);
	return true;
}

/**
 * tw_grow() - a record was added: split the next bucket in turn, if it is time
 * @tw: the table
 *
 * Half of the bucket's records, one on average, go to the new last bucket;
 * both are under the same stripe.
 *
 * Context: BH off, no lock of the table held.
 */
void tw_grow(struct waltz_tw_table *tw)
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
	stripe = tw_stripe_of(tw, to);
	head = bucket_head(tw, to);

	spin_lock(&stripe->lock);
	write_seqcount_begin(&stripe->moved);
	link = bucket_head(tw, from);
	while (*link & LINK_INDEX) {
		struct waltz_tw *rec = record_at(tw, *link & LINK_INDEX);
		struct waltz_key key;
		u32 index = *link & LINK_INDEX;

		tw_record_key(tw, rec, &key);
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
 * from. Context: resize lock held.
 */
static void merge_last(struct waltz_tw_table *tw)
{
	u32 last = tw->buckets - 1, into = bucket_of(last, last);
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, last);
	u32 *link, *head, **place;

	lockdep_assert_held(&tw->resize);
	spin_lock(&stripe->lock);
	write_seqcount_begin(&stripe->moved);
	head = bucket_head(tw, last);
	/* Empty is what most of them are when it comes to this. */
	if (*head) {
		link = bucket_head(tw, into);
		while (*link & LINK_INDEX)
			link = &record_at(tw, *link & LINK_INDEX)->link;
		WRITE_ONCE(*link, (*link & ~LINK_INDEX) | *head);
		WRITE_ONCE(*head, 0);
	}
	WRITE_ONCE(tw->buckets, last);
	write_seqcount_end(&stripe->moved);
	spin_unlock(&stripe->lock);

	if (last & (SEGMENT_SIZE - 1))
		return;
	/* It was this page's first bucket. */
	place = segment_of(tw, last);
	WRITE_ONCE(*place, NULL);
	tw_reclaim_page(virt_to_page(head));
}

static bool too_large(const struct waltz_tw_table *tw)
{
	u32 buckets = READ_ONCE(tw->buckets);

	return buckets > BUCKETS_MIN &&
	       (u32)atomic_read(&tw->count) < buckets / SHRINK;
}

/**
 * tw_shrink() - records have gone: merge a few buckets, if it is time
 * @tw: the table
 * @records: how many
 *
 * Context: BH off, no lock of the table held.
 */
void tw_shrink(struct waltz_tw_table *tw, unsigned int records)
{
	unsigned int i;

	if (!too_large(tw) || !spin_trylock(&tw->resize))
		return;
	for (i = 0; i < SHRINK * (records + 1) && too_large(tw); i++)
		merge_last(tw);
	spin_unlock(&tw->resize);
}

/* ---- linking and unlinking ---- */

/* Context: stripe lock held. */
static u32 *link_to(struct waltz_tw_table *tw, const struct waltz_key *key,
		    u32 index)
{
	u32 *link = chain_of(tw, key);

	while ((*link & LINK_INDEX) != index) {
		if (WARN_ON_ONCE(!(*link & LINK_INDEX)))
			return NULL;
		link = &record_at(tw, *link & LINK_INDEX)->link;
	}
	return link;
}

/**
 * tw_prefetch_bucket() - a record is going to be unlinked: its bucket
 * @tw: the table
 * @hash: of its names
 *
 * Context: RCU read lock.
 */
void tw_prefetch_bucket(struct waltz_tw_table *tw, u32 hash)
{
	prefetchw(bucket_head(tw, bucket_of(hash, READ_ONCE(tw->buckets))));
}

/**
 * tw_prefetch_first() - and the record that comes before it in its chain
 * @tw: the table
 * @hash: given to tw_prefetch_bucket() some time ago
 * @rec: the record
 *
 * Context: RCU read lock.
 */
void tw_prefetch_first(struct waltz_tw_table *tw, u32 hash,
		       const struct waltz_tw *rec)
{
	u32 *head = bucket_head(tw, bucket_of(hash, READ_ONCE(tw->buckets)));
	u32 index = head ? READ_ONCE(*head) : 0;

	if (index && index != index_of(rec))
		prefetchw(record_at(tw, index));
}

/**
 * tw_link() - a complete record is seen from now on
 * @tw: the table
 * @key: its names
 * @rec: the record
 * @flags: LINK_*
 *
 * Context: stripe lock held.
 */
void tw_link(struct waltz_tw_table *tw, const struct waltz_key *key,
	     struct waltz_tw *rec, u32 flags)
{
	u32 *head = chain_of(tw, key);

	/* Complete before it can be seen: by who goes through chunks, and by
	 * who goes through chains.
	 */
	smp_store_release(&rec->link, *head | flags);
	atomic_inc(&tw->count);
	tw_ports_add(tw, rec, 1);
	/* The second of them. */
	smp_store_release(head, index_of(rec));
}

/**
 * tw_unlink() - a record is one no longer
 * @tw: the table
 * @key: its names
 * @rec: the record, alive
 *
 * Its slot is still to be given back: tw_slot_put() or tw_wheel_done().
 *
 * Context: stripe lock held.
 */
void tw_unlink(struct waltz_tw_table *tw, const struct waltz_key *key,
	       struct waltz_tw *rec)
{
	u32 *link = link_to(tw, key, index_of(rec));

	if (link)
		WRITE_ONCE(*link, (*link & ~LINK_INDEX) |
				  (rec->link & LINK_INDEX));
	WRITE_ONCE(rec->link, rec->link | LINK_DEAD);
	atomic_dec(&tw->count);
	tw_ports_add(tw, rec, -1);
	waltz_portmap_released(key);
}

/**
 * tw_replace() - a copy takes a record's place in the chain, in one store
 * @tw: the table
 * @key: its names
 * @rec: the record; dead then
 * @copy: written here
 *
 * Context: stripe lock held.
 * Return: false when the record is in no chain, which is a bug.
 */
bool tw_replace(struct waltz_tw_table *tw, const struct waltz_key *key,
		struct waltz_tw *rec, struct waltz_tw *copy)
{
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
	u32 *link = link_to(tw, key, index_of(rec));

	if (WARN_ON_ONCE(!link))
		return false;
	copy->laddr = rec->laddr;
	copy->raddr = rec->raddr;
	copy->lport = rec->lport;
	copy->rport = rec->rport;
	copy->snd_nxt = rec->snd_nxt;
	copy->rcv_nxt = rec->rcv_nxt;
	copy->ts_recent = rec->ts_recent;
	copy->time = rec->time;
	/* Complete before it is alive, as in tw_link(). */
	smp_store_release(&copy->link, rec->link);
	/* Who stands on the old one when it dies has passed the copy by. */
	write_seqcount_begin(&stripe->moved);
	smp_wmb();	/* complete before it can be seen */
	WRITE_ONCE(*link, (*link & ~LINK_INDEX) | index_of(copy));
	WRITE_ONCE(rec->link, rec->link | LINK_DEAD);
	write_seqcount_end(&stripe->moved);
	return true;
}

/**
 * tw_hash_init() - the first buckets
 * @tw: the table
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int tw_hash_init(struct waltz_tw_table *tw)
{
	unsigned int i;

	tw->buckets = BUCKETS_MIN;
	spin_lock_init(&tw->resize);
	for (i = 0; i < STRIPES; i++) {
		spin_lock_init(&tw->stripe[i].lock);
		seqcount_spinlock_init(&tw->stripe[i].moved,
				       &tw->stripe[i].lock);
	}
	return segment_ready(tw, 0, GFP_KERNEL) ? 0 : -ENOMEM;
}

/**
 * tw_hash_free() - the buckets; nobody reads them any more
 * @tw: the table
 */
void tw_hash_free(struct waltz_tw_table *tw)
{
	unsigned int i, k;

	for (i = 0; i < SEGMENT_PAGES; i++) {
		u32 **page = tw->segments[i];

		for (k = 0; page && k < SEGMENTS_SIZE; k++)
			free_page((unsigned long)page[k]);
		free_page((unsigned long)page);
		cond_resched();
	}
}
