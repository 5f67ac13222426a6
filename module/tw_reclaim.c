// SPDX-License-Identifier: GPL-2.0
/*
 * What TIME_WAIT tables need no longer, and readers may be on yet: chunks without
 * records, pages without buckets. A worker frees them after a grace period.
 *
 * Not the timer that expires records, and no callback of RCU's: pages that are freed
 * gather at a CPU, and with one of them the page allocator may take back thousands at
 * once. That took 2.6 million instructions, and is nothing for a softirq.
 */
#include <linux/mm.h>
#include <linux/workqueue.h>

#include "tw_table.h"

/* Of all tables, so that a namespace that goes need not wait. */
static DEFINE_SPINLOCK(reclaim_lock);

/* Found by no reader who begins now; reclaim_lock. */
static LIST_HEAD(chunks);
static LIST_HEAD(pages);

/* The same when the grace period that @work waits for began: the worker's, or, while
 * there is none, under reclaim_lock.
 */
static LIST_HEAD(old_chunks);
static LIST_HEAD(old_pages);

static struct rcu_work work;
static bool working;			/* reclaim_lock */

static void begin_grace_period(void)
{
	lockdep_assert_held(&reclaim_lock);
	working = !list_empty(&chunks) || !list_empty(&pages);
	if (!working)
		return;
	list_splice_init(&chunks, &old_chunks);
	list_splice_init(&pages, &old_pages);
	queue_rcu_work(system_unbound_wq, &work);
}

static void free_old(struct work_struct *unused)
{
	struct waltz_tw_chunk *chunk, *next;
	struct page *page, *next_page;

	list_for_each_entry_safe(chunk, next, &old_chunks, list) {
		tw_chunk_free(chunk);
		cond_resched();
	}
	INIT_LIST_HEAD(&old_chunks);
	list_for_each_entry_safe(page, next_page, &old_pages, lru) {
		__free_page(page);
		cond_resched();
	}
	INIT_LIST_HEAD(&old_pages);

	spin_lock_bh(&reclaim_lock);
	begin_grace_period();
	spin_unlock_bh(&reclaim_lock);
}

static void reclaim(struct list_head *entry, struct list_head *list)
{
	spin_lock(&reclaim_lock);
	list_add(entry, list);
	if (!working)
		begin_grace_period();
	spin_unlock(&reclaim_lock);
}

/**
 * tw_reclaim_chunk() - free a chunk when nobody reads it any more
 * @chunk: in no list, and not in its table's array
 *
 * Context: BH off.
 */
void tw_reclaim_chunk(struct waltz_tw_chunk *chunk)
{
	reclaim(&chunk->list, &chunks);
}

/**
 * tw_reclaim_page() - free a page of buckets when nobody reads it any more
 * @page: the table has it no longer
 *
 * Context: BH off.
 */
void tw_reclaim_page(struct page *page)
{
	reclaim(&page->lru, &pages);
}

/**
 * tw_reclaim_init() - before all tables
 */
void tw_reclaim_init(void)
{
	INIT_RCU_WORK(&work, free_old);
}

/**
 * tw_reclaim_exit() - after all tables: free what is left
 *
 * Context: process, may sleep.
 */
void tw_reclaim_exit(void)
{
	/* It may have begun anew; and what said that it has not may still run. */
	do {
		flush_rcu_work(&work);
	} while (READ_ONCE(working));
}
