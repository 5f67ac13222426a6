// SPDX-License-Identifier: GPL-2.0
/*
 * The end of TIME_WAIT: one timer for the table takes chunks whose tick is
 * over off the wheel, in softirq, a bounded number of records at a time.
 */
#include "tw_table.h"

/* One go, and the pause that lets others run. */
#define BATCH_RECORDS	64u
#define BATCH_NS	(50 * NSEC_PER_USEC)
#define PAUSE_NS	(100 * NSEC_PER_USEC)

#define AHEAD		8u

/* Expire a record, or move it if its time was moved. Context: softirq, no
 * locks. Return: true when it has left its chunk.
 */
static bool expire_record(struct waltz_tw_table *tw, struct waltz_tw *rec,
			  const struct waltz_key *key, u32 now)
{
	struct waltz_tw_stripe *stripe = tw_stripe_of(tw, key->hash);
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
		moved = tw_requeue(tw, key, rec, left);
		spin_unlock(&stripe->lock);
		return moved;
	}
	state = tw_record_state(rec);
	tw_unlink(tw, key, rec);
	spin_unlock(&stripe->lock);

	WALTZ_INC(tw->wn, TW_EXPIRED);
	waltz_record_event(key, state, state == WALTZ_TIME_WAIT ?
			   WALTZ_EV_TWO_MSL : WALTZ_EV_TIMEOUT, NULL);
	return true;
}

/* Where a million records are, each bucket is a cache miss: some of them at a
 * time. Return: records that have left their chunk.
 */
static unsigned int expire_some(struct waltz_tw_table *tw,
				struct waltz_tw *rec, unsigned int n)
{
	struct waltz_tw *alive[AHEAD];
	struct waltz_key key[AHEAD];
	u32 *head[AHEAD];
	unsigned int i, put = 0, found = 0;
	u32 now = tw_now_ms();

	for (i = 0; i < n; i++) {
		/* Pairs with tw_link(): only then has it names. */
		if (smp_load_acquire(&rec[i].link) & LINK_DEAD)
			continue;
		tw_record_key(tw, &rec[i], &key[found]);
		head[found] = tw_prefetch(tw, key[found].hash);
		alive[found++] = &rec[i];
	}
	for (i = 0; i < found; i++)
		tw_prefetch_first(tw, head[i], alive[i]);
	for (i = 0; i < found; i++)
		put += expire_record(tw, alive[i], &key[i], now);
	return put;
}

/* Expire what a chunk holds. Return: records looked at. */
static unsigned int expire_chunk(struct waltz_tw_table *tw,
				 struct waltz_tw_chunk *chunk)
{
	unsigned int i, used = chunk->used, put = 0;

	/* Off its list nobody adds to it; slots behind used hold garbage. */
	rcu_read_lock();
	for (i = 1; i < used; i += AHEAD)
		put += expire_some(tw, &chunk->record[i],
				   min(AHEAD, used - i));
	rcu_read_unlock();
	tw_wheel_done(tw, chunk, put);
	tw_shrink(tw, put);
	return used - 1;
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
	ktime_t end = ktime_add_ns(ktime_get(), BATCH_NS);
	unsigned int done = 0;

	lockdep_assert_in_softirq();
	/* As long as another whole chunk fits. */
	while (done + CHUNK_SLOTS - 1 <= BATCH_RECORDS) {
		struct waltz_tw_chunk *chunk = tw_wheel_take(tw, tw_now_ms());

		if (!chunk)
			break;
		done += expire_chunk(tw, chunk);
		if (ktime_after(ktime_get(), end))
			break;
	}
	tw_wheel_arm(tw, ktime_add_ns(ktime_get(), PAUSE_NS));
	return HRTIMER_NORESTART;
}
