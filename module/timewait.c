// SPDX-License-Identifier: GPL-2.0
/*
 * The TIME_WAIT table: what its records mean to segments, to connect() and to
 * new connections, and how many there may be. How they are kept is in
 * tw_table.h.
 */
#include <linux/slab.h>

#include "portmap.h"
#include "trace.h"
#include "tw_table.h"

/* Our timestamp clock has certainly ticked when more than that has passed. */
#define TS_TICKED_MS	1

/* Take a record out before its time. Context: stripe lock held. */
static void kill_record(struct waltz_tw_table *tw,
			const struct waltz_key *key, struct waltz_tw *rec)
{
	tw_unlink(tw, key, rec);
	tw_slot_put(tw, rec);
}

static void record_view(const struct waltz_tw *rec, struct waltz_tw_info *info)
{
	s32 left = tw_time_left(rec->time, tw_now_ms());

	info->view = (struct waltz_tw_view) {
		.snd_nxt = rec->snd_nxt,
		.rcv_nxt = rec->rcv_nxt,
		.ts_recent = rec->ts_recent,
		.has_ts = rec->link & LINK_HAS_TS,
		.fin_wait2 = rec->link & LINK_FIN_WAIT2,
	};
	info->left_ms = left > 0 ? left : 0;
	info->reuseaddr = rec->link & LINK_REUSEADDR;
	info->reuseport = rec->link & LINK_REUSEPORT;
	info->dif = tw_chunk_of(rec)->dif;
}

static void trace_evict(const struct waltz_key *key, const struct waltz_tw *rec)
{
	struct waltz_tw_info info;

	record_view(rec, &info);
	trace_timewait_evict(key, &info);
}

static void trace_reuse(const struct waltz_key *key, const struct waltz_tw *rec,
			enum waltz_reuse_why by)
{
	struct waltz_tw_info info;

	record_view(rec, &info);
	trace_timewait_reuse(key, &info, by);
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

	rec = tw_oldest(tw);
	if (!rec)
		return;

	tw_record_key(tw, rec, &key);
	stripe = tw_stripe_of(tw, key.hash);
	spin_lock(&stripe->lock);
	alive = !(rec->link & LINK_DEAD);
	state = tw_record_state(rec);
	if (alive && trace_timewait_evict_enabled())
		trace_evict(&key, rec);
	if (alive)
		kill_record(tw, &key, rec);
	spin_unlock(&stripe->lock);
	if (!alive)
		return;

	tw_shrink(tw, 1);
	WRITE_ONCE(tw->lost, tw_now_ms() | 1);
	WALTZ_INC(tw->wn, TW_EVICTED);
	waltz_record_event(&key, state, WALTZ_EV_EVICTED, NULL);
	/* Namespaces come and go, and whoever makes them must not fill the log. */
	if (!xchg(&tw->warned, true))
		net_warn_ratelimited("waltz: TIME_WAIT table full, oldest records go first (net.waltz.time_wait_max)\n");
}

static void raise_peak(struct waltz_tw_table *tw)
{
	int now = atomic_read(&tw->count), peak = atomic_read(&tw->peak);

	while (now > peak && !atomic_try_cmpxchg(&tw->peak, &peak, now))
		;
}

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
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
	struct waltz_tw *rec = NULL;
	unsigned int gone = 0;
	u32 flags = 0;

	if (READ_ONCE(tw->dying))
		return -ESHUTDOWN;
	rcu_read_lock();
	while (gone++ < tw_full(tw))
		evict_oldest(tw);
	rcu_read_unlock();

	if (tw_ports_ready(tw, ntohs(key->lport)))
		rec = tw_slot_new(tw, left, info->dif);
	if (!rec) {
		WRITE_ONCE(tw->lost, tw_now_ms() | 1);
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
	rec->time = (tw_now_ms() + left) & TIME_MASK;
	if (info->view.has_ts)
		flags |= LINK_HAS_TS;
	if (info->view.fin_wait2)
		flags |= LINK_FIN_WAIT2;
	if (info->reuseaddr)
		flags |= LINK_REUSEADDR;
	if (info->reuseport)
		flags |= LINK_REUSEPORT;

	spin_lock(&stripe->lock);
	tw_link(tw, key, rec, flags);
	spin_unlock(&stripe->lock);
	raise_peak(tw);
	WALTZ_INC(wn, TW_INSERTED);
	trace_timewait_insert(key, info);
	tw_grow(tw);
	return 0;
}

/* RFC 5961 7, per record: one challenge in challenge_ms. */
static bool challenge_allowed(const struct waltz_net *wn, struct waltz_tw *rec)
{
	u32 now = (tw_now_ms() >> CHALLENGE_UNIT) % CHALLENGE_WRAP;
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
	u32 now = tw_now_ms();
	bool earlier = (s32)ms < tw_time_left(rec->time, now);

	rec->time = (rec->time & ~TIME_MASK) | ((now + ms) & TIME_MASK);
	if (earlier && tw_requeue(tw, key, rec, ms))
		tw_slot_put(tw, rec);
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
		/* connect() may take them from now on. */
		if (rec->link & LINK_HAS_TS)
			waltz_portmap_released(key);
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
	trace_timewait_hit(key, seg, answer);
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
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
	struct waltz_tw *rec = tw_find(tw, key);

	if (!rec)
		return false;
	spin_lock(&stripe->lock);
	rec = tw_look_again(tw, key, rec);
	if (rec)
		answer_segment(wn, key, rec, seg, answer);
	spin_unlock(&stripe->lock);
	if (rec && READ_ONCE(rec->link) & LINK_DEAD)
		tw_shrink(tw, 1);
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
 * Return: 0 when there is no record, or one that may be reused; -EAGAIN when
 * it may be in a moment; -EADDRNOTAVAIL when it may not.
 */
int waltz_tw_connect(struct waltz_net *wn, const struct waltz_key *key,
		     u32 *isn_min)
{
	struct waltz_tw_table *tw = wn->tw;
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
	s32 two_msl = READ_ONCE(wn->sysctls.time_wait_ms);
	struct waltz_tw *rec;
	int err = 0;

	rcu_read_lock();
	rec = tw_find(tw, key);
	if (!rec)
		goto out;
	spin_lock(&stripe->lock);
	rec = tw_look_again(tw, key, rec);
	if (rec) {
		s32 left = tw_time_left(rec->time, tw_now_ms());
		/* With more than 2MSL left it was made when that was longer. */
		bool young = left <= two_msl && left >= two_msl - TS_TICKED_MS;

		if (!(rec->link & LINK_HAS_TS) || rec->link & LINK_FIN_WAIT2)
			err = -EADDRNOTAVAIL;
		else if (young || !READ_ONCE(wn->sysctls.timestamps))
			err = -EAGAIN;
		/* Above all the old connection could have in flight. */
		*isn_min = rec->snd_nxt + 65535 + 2;
	}
	spin_unlock(&stripe->lock);
out:
	rcu_read_unlock();
	return err;
}

/**
 * waltz_tw_remove() - a new record has taken the names over
 * @wn: the namespace
 * @key: the names
 * @by: what the new one is of, for the trace
 * @info: what the record said; may be NULL
 *
 * Call after the new socket or half-open record is in its table, and after
 * waltz_moved().
 *
 * Context: BH off.
 * Return: false when there was none.
 */
bool waltz_tw_remove(struct waltz_net *wn, const struct waltz_key *key,
		     enum waltz_reuse_why by, struct waltz_tw_info *info)
{
	struct waltz_tw_table *tw = wn->tw;
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
	struct waltz_tw *rec;

	rcu_read_lock();
	rec = tw_find(tw, key);
	if (rec) {
		spin_lock(&stripe->lock);
		rec = tw_look_again(tw, key, rec);
		if (rec && info)
			record_view(rec, info);
		if (rec && trace_timewait_reuse_enabled())
			trace_reuse(key, rec, by);
		if (rec)
			kill_record(tw, key, rec);
		spin_unlock(&stripe->lock);
	}
	if (rec)
		tw_shrink(tw, 1);
	rcu_read_unlock();
	return rec;
}

/**
 * waltz_tw_get() - what a record says
 * @wn: the namespace
 * @key: its names
 * @info: filled in
 *
 * Context: process.
 * Return: false when there is none.
 */
bool waltz_tw_get(struct waltz_net *wn, const struct waltz_key *key,
		  struct waltz_tw_info *info)
{
	struct waltz_tw_table *tw = wn->tw;
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
	struct waltz_tw *rec;

	rcu_read_lock();
	rec = tw_find(tw, key);
	if (rec) {
		spin_lock_bh(&stripe->lock);
		rec = tw_look_again(tw, key, rec);
		if (rec)
			record_view(rec, info);
		spin_unlock_bh(&stripe->lock);
	}
	rcu_read_unlock();
	return rec;
}

/**
 * waltz_tw_kill() - an administrator does not want the record
 * @wn: the namespace
 * @key: its names
 * @snd_nxt: and its SND.NXT, so that it is no other one
 *
 * Its protection is lost, as he wanted.
 *
 * Context: process.
 * Return: false when it has gone.
 */
bool waltz_tw_kill(struct waltz_net *wn, const struct waltz_key *key,
		   u32 snd_nxt)
{
	struct waltz_tw_table *tw = wn->tw;
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
	unsigned int state = WALTZ_TIME_WAIT;
	struct waltz_tw *rec;

	rcu_read_lock();
	local_bh_disable();
	rec = tw_find(tw, key);
	if (rec) {
		spin_lock(&stripe->lock);
		rec = tw_look_again(tw, key, rec);
		if (rec && rec->snd_nxt != snd_nxt)
			rec = NULL;
		if (rec) {
			state = tw_record_state(rec);
			kill_record(tw, key, rec);
		}
		spin_unlock(&stripe->lock);
	}
	if (rec) {
		tw_shrink(tw, 1);
		WALTZ_INC(wn, TW_KILLED);
		waltz_record_event(key, state, WALTZ_EV_EVICTED, NULL);
	}
	local_bh_enable();
	rcu_read_unlock();
	return rec;
}

/**
 * waltz_tw_lost() - could a segment that belongs to nothing be of a record
 * that had to go before its time?
 * @wn: the namespace
 * @key: the segment's names
 * @seg: the segment
 *
 * Without the record this is all that is known, so it is asked for 2MSL after
 * a loss only; Documentation/timewait.rst says what it proves.
 *
 * Context: any.
 */
bool waltz_tw_lost(const struct waltz_net *wn, const struct waltz_key *key,
		   const struct waltz_seg *seg)
{
	u32 two_msl = READ_ONCE(wn->sysctls.time_wait_ms);
	u32 lost = READ_ONCE(wn->tw->lost);

	return unlikely(lost) && tw_now_ms() + 1 - lost <= two_msl &&
	       waltz_tw_lost_fin(seg, waltz_ts_clock(waltz_secure_ts_offset(key)),
				 two_msl);
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
 * waltz_tw_peak() - the most records there ever were
 * @wn: the namespace
 */
unsigned int waltz_tw_peak(const struct waltz_net *wn)
{
	return atomic_read(&wn->tw->peak);
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
		/* Pairs with tw_slot_new(): a slot counted is a slot written. */
		unsigned int used = smp_load_acquire(&chunk->used);

		if (number != *pos >> CHUNK_SHIFT)
			slot = 0;
		for (slot = max(slot, 1u); slot < used; slot++) {
			struct waltz_tw *rec = &chunk->record[slot];

			/* Pairs with tw_link(). */
			if (smp_load_acquire(&rec->link) & LINK_DEAD)
				continue;
			tw_record_key(tw, rec, key);
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
	struct waltz_tw_table *tw = kzalloc(sizeof(*tw), GFP_KERNEL);

	if (!tw)
		return NULL;
	tw->wn = wn;
	tw_wheel_init(tw);
	if (tw_hash_init(tw)) {
		tw_hash_free(tw);
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
 * Context: process, may sleep.
 */
void waltz_tw_destroy(struct waltz_tw_table *tw)
{
	tw_wheel_free(tw);
	tw_hash_free(tw);
	tw_ports_free(tw);
	kfree(tw);
}

/**
 * waltz_tw_init() - what all tables share
 *
 * Return: 0 or -ENOMEM.
 */
int waltz_tw_init(void)
{
	tw_reclaim_init();
	return tw_wheel_cache_init();
}

/**
 * waltz_tw_exit() - after all tables
 */
void waltz_tw_exit(void)
{
	tw_reclaim_exit();
	tw_wheel_cache_exit();
}
