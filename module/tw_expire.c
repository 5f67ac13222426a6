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
	tw_record_key(tw, rec, &key);
	stripe = tw_stripe_of(tw, key.hash);

	spin_lock(&stripe->lock);
	if (rec->link & LINK_DEAD) {
		spin_unlock(&stripe->lock);
		return;
	}
	left = tw_time_left(rec->time, tw_now_ms());
	if (left > 0) {
		*put += tw_requeue(tw, &key, rec, left);
		spin_unlock(&stripe->lock);
		return;
	}
	state = tw_record_state(rec);
	tw_unlink(tw, &key, rec);
	++*put;
	spin_unlock(&stripe->lock);

	WALTZ_INC(wn, TW_EXPIRED);
	waltz_record_event(&key, state, state == WALTZ_TIME_WAIT ?
			   WALTZ_EV_TWO_MSL : WALTZ_EV_TIMEOUT, NULL);
	tw_shrink(tw);
}

/* Expire what a chunk holds. Return: records looked at. */
static unsigned int expire_chunk(struct waltz_tw_table *tw,
				 struct waltz_tw_chunk *chunk)
{
	unsigned int i, used = chunk->used;
	u32 put = 0;

	/* Off its list nobody adds to it; slots behind used hold garbage. */
	for (i = 1; i < used; i++)
		expire_record(tw, &chunk->record[i], &put);
	tw_wheel_done(tw, chunk, put);
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
