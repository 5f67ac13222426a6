// SPDX-License-Identifier: GPL-2.0
/*
 * The end of TIME_WAIT: one timer for the table takes chunks whose tick is
 * over off the wheel, in softirq, a bounded number of records at a time.
 */
#include <linux/bitmap.h>

#include "trace.h"
#include "tw_table.h"

/* One go, and the pause that lets others run. */
#define BATCH_RECORDS	64u
#define BATCH_NS	(50 * NSEC_PER_USEC)
#define PAUSE_NS	(100 * NSEC_PER_USEC)

/* When this CPU may expire records again, of whatever table. */
static DEFINE_PER_CPU(ktime_t, next_turn);

/* Expire a record, or move it if its time was moved. Context: softirq, no
 * locks. Return: true when it has left its chunk.
 */
static bool expire_record(struct waltz_tw_table *tw, struct waltz_tw *rec,
			  u32 hash, u32 now)
{
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, hash);
	const struct waltz_key key = {
		.net = tw->wn->net,
		.laddr = rec->laddr,
		.raddr = rec->raddr,
		.lport = rec->lport,
		.rport = rec->rport,
		.hash = hash,
	};
	unsigned int state;
	bool moved;
	s32 left;

	spin_lock(&stripe->lock);
	if (rec->link & LINK_DEAD) {
		spin_unlock(&stripe->lock);
		return false;
	}
	left = tw_time_left(rec->time, now);
	if (left > 0) {
		moved = tw_requeue(tw, &key, rec, left);
		spin_unlock(&stripe->lock);
		return moved;
	}
	state = tw_record_state(rec);
	tw_unlink(tw, &key, rec);
	spin_unlock(&stripe->lock);

	WALTZ_INC(tw->wn, TW_EXPIRED);
	waltz_record_event(&key, state, state == WALTZ_TIME_WAIT ?
			   WALTZ_EV_TWO_MSL : WALTZ_EV_TIMEOUT, NULL);
	return true;
}

/* What has to be fetched for a chunk's records, a step for all of them at a
 * time: where a million records are, each step is a cache miss, and those of one
 * step wait together. Return: the slots that are records.
 */
static u32 fetch_ahead(struct waltz_tw_table *tw, struct waltz_tw_chunk *chunk,
		       u32 *hash)
{
	unsigned long alive = 0;
	struct waltz_key key;
	unsigned int i;

	/* Off its list nobody adds to it; slots behind used hold garbage. */
	for (i = 1; i < chunk->used; i++) {
		struct waltz_tw *rec = &chunk->record[i];

		/* Pairs with tw_link(): only then has it names. */
		if (smp_load_acquire(&rec->link) & LINK_DEAD)
			continue;
		tw_record_key(tw, rec, &key);
		hash[i] = key.hash;
		tw_prefetch_bucket(tw, hash[i]);
		tw_ports_prefetch(tw, rec);
		alive |= BIT(i);
	}
	for_each_set_bit(i, &alive, CHUNK_SLOTS)
		tw_prefetch_first(tw, hash[i], &chunk->record[i]);
	return alive;
}

/* Expire what a chunk holds. Return: records looked at; @gone is raised by
 * those that have left it.
 */
static unsigned int expire_chunk(struct waltz_tw_table *tw,
				 struct waltz_tw_chunk *chunk,
				 unsigned int *gone)
{
	u32 hash[CHUNK_SLOTS], now = tw_now_ms();
	unsigned int i, used = chunk->used, put = 0;
	unsigned long alive;

	rcu_read_lock();
	alive = fetch_ahead(tw, chunk, hash);
	for_each_set_bit(i, &alive, CHUNK_SLOTS)
		put += expire_record(tw, &chunk->record[i], hash[i], now);
	rcu_read_unlock();
	tw_wheel_done(tw, chunk, put);
	tw_shrink(tw, put);
	*gone += put;
	return used - 1;
}

/* The timers of many namespaces may be due at once, and softirqs run them one after
 * the other, without a pause: so tables take turns, each with a go and a pause of its
 * own. Return: when it is this one's turn; @now: it is.
 */
static ktime_t take_turn(struct waltz_tw_table *tw, ktime_t now)
{
	ktime_t turn;

	lockdep_assert_in_softirq();
	/* It was given one, and has waited for it. */
	if (tw->turn) {
		tw->turn = false;
		return now;
	}
	turn = max(__this_cpu_read(next_turn), now);
	__this_cpu_write(next_turn, ktime_add_ns(turn, PAUSE_NS));
	tw->turn = turn > now;
	return turn;
}

/**
 * tw_expire() - the table's timer
 * @timer: of the table
 *
 * Context: softirq.
 * Return: HRTIMER_NORESTART; it arms itself.
 */
enum hrtimer_restart tw_expire(struct hrtimer *timer)
{
	struct waltz_tw_table *tw =
		container_of(timer, struct waltz_tw_table, timer);
	ktime_t now = ktime_get(), end = ktime_add_ns(now, BATCH_NS);
	ktime_t turn = take_turn(tw, now);
	unsigned int done = 0, gone = 0;

	if (turn > now) {
		tw_wheel_arm(tw, turn);
		return HRTIMER_NORESTART;
	}
	/* As long as another whole chunk fits. */
	while (done + CHUNK_SLOTS - 1 <= BATCH_RECORDS) {
		struct waltz_tw_chunk *chunk = tw_wheel_take(tw);

		if (!chunk)
			break;
		done += expire_chunk(tw, chunk, &gone);
		if (ktime_after(ktime_get(), end))
			break;
	}
	if (trace_timewait_expire_enabled() && done)
		trace_timewait_expire(tw->wn, done, gone, BATCH_NS +
				      ktime_to_ns(ktime_sub(ktime_get(), end)));
	tw_wheel_arm(tw, ktime_add_ns(ktime_get(), PAUSE_NS));
	return HRTIMER_NORESTART;
}
