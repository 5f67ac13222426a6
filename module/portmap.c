// SPDX-License-Identifier: GPL-2.0
/*
 * Maps that spare connect() a search. When the range of ephemeral ports is
 * nearly full toward one destination, trying one port after the other costs
 * milliseconds; a bit for each port that was tried in vain, or that a record
 * keeps, makes it one scan of some hundred words, also when there is no free port
 * at all.
 *
 * A map is a memory of failures, never the truth: the tables are asked about
 * each port that it lets through. What matters is that no bit stays set for
 * names that are free. So a bit is set BEFORE the tables are asked, and cleared
 * AFTER the names have left them, whoever they belonged to: if the asker still
 * found them taken, the clearing is still to come. A bit that was cleared too
 * early costs one try.
 *
 * A destination gets its map when it is called often, or when a search begins to
 * be long, in a table where one that hashes to the same place drives it out. It
 * goes with its last bit.
 */
#include <linux/bitmap.h>
#include <linux/jhash.h>
#include <linux/slab.h>

#include "portmap.h"
#include "waltz.h"

#define MAPS	64u

/**
 * struct waltz_portmap - one destination
 * @laddr: the addresses and the peer's port; constant
 * @raddr: the peer's address
 * @rport: the peer's port
 * @low: the port of the first bit
 * @bits: how many there are
 * @set: how many are set; atomic
 * @rcu: when it has left the table
 * @map: a bit for each port known to be taken; atomic
 */
struct waltz_portmap {
	__be32 laddr;
	__be32 raddr;
	__be16 rport;
	u16 low;
	u32 bits;
	atomic_t set;
	struct rcu_head rcu;
	unsigned long map[];
};

/**
 * struct waltz_portmaps - those of one namespace
 * @count: maps there are; who releases names looks here first
 * @dest: the maps, RCU; changed by xchg() and cmpxchg() alone
 * @bound: ports that bind() has given away; the port bucket's lock
 */
struct waltz_portmaps {
	atomic_t count;
	struct waltz_portmap __rcu *dest[MAPS];
	DECLARE_BITMAP(bound, 65536);
};

static struct waltz_portmap __rcu **place_of(struct waltz_net *wn,
					     const struct waltz_key *key)
{
	u32 hash = jhash_3words((__force u32)key->laddr,
				(__force u32)key->raddr,
				(__force u32)key->rport, 0);

	return &wn->portmaps->dest[hash % MAPS];
}

/**
 * waltz_portmap_find() - the map of a destination
 * @wn: the namespace
 * @key: names; the local port does not count
 *
 * Context: RCU read lock held.
 * Return: the map, or NULL: there is none, so nothing is known.
 */
struct waltz_portmap *waltz_portmap_find(struct waltz_net *wn,
					 const struct waltz_key *key)
{
	struct waltz_portmap *map;

	if (!atomic_read(&wn->portmaps->count))
		return NULL;
	map = rcu_dereference(*place_of(wn, key));
	if (map && map->laddr == key->laddr && map->raddr == key->raddr &&
	    map->rport == key->rport)
		return map;
	return NULL;
}

/**
 * waltz_portmap_new() - what is taken is worth to be remembered
 * @wn: the namespace
 * @key: names; the local port does not count
 * @low: first port of the range that is searched
 * @high: the last one
 * @evict: instead of another destination's, if that is in its place
 *
 * Context: RCU read lock held.
 * Return: an empty map in the table, or NULL without memory or a place.
 */
struct waltz_portmap *waltz_portmap_new(struct waltz_net *wn,
					const struct waltz_key *key,
					u16 low, u16 high, bool evict)
{
	struct waltz_portmap __rcu **place = place_of(wn, key);
	u32 bits = high - low + 1;
	struct waltz_portmap *map, *old;

	if (!evict && rcu_access_pointer(*place))
		return NULL;
	map = kzalloc(struct_size(map, map, BITS_TO_LONGS(bits)),
		      GFP_ATOMIC | __GFP_NOWARN);
	if (!map)
		return NULL;
	map->laddr = key->laddr;
	map->raddr = key->raddr;
	map->rport = key->rport;
	map->low = low;
	map->bits = bits;
	/* The count first: who releases names meanwhile has to look. */
	atomic_inc(&wn->portmaps->count);
	old = unrcu_pointer(xchg(place, RCU_INITIALIZER(map)));
	if (old) {
		atomic_dec(&wn->portmaps->count);
		kfree_rcu(old, rcu);
	}
	return map;
}

/**
 * waltz_portmap_covers() - has the range grown since the map was made?
 * @map: the destination's map
 * @low: first port of the range
 * @high: the last one
 *
 * Return: true when the map has a bit for each port of the range.
 */
bool waltz_portmap_covers(const struct waltz_portmap *map, u16 low, u16 high)
{
	return low >= map->low && high - map->low < map->bits;
}

/**
 * waltz_portmap_next() - the next port that is worth a try
 * @map: the destination's map
 * @port: the first in question
 * @high: the last one
 *
 * Return: the port, or -1 when all of them are known to be taken.
 */
int waltz_portmap_next(const struct waltz_portmap *map, u16 port, u16 high)
{
	u32 end = min_t(u32, map->bits, high - map->low + 1);
	u32 bit;

	if (port < map->low || port - map->low >= map->bits)
		return port <= high ? port : -1;
	bit = find_next_zero_bit(map->map, end, port - map->low);
	if (bit < end)
		return (int)(map->low + bit);
	return map->low + end <= high ? (int)(map->low + end) : -1;
}

/**
 * waltz_portmap_taken() - the tables are going to be asked about a port
 * @map: the destination's map
 * @port: the port
 *
 * Before that, not after: see above.
 */
void waltz_portmap_taken(struct waltz_portmap *map, u16 port)
{
	u32 bit = port - map->low;

	if (port < map->low || bit >= map->bits)
		return;
	if (!test_and_set_bit(bit, map->map))
		atomic_inc(&map->set);
	/* Pairs with waltz_portmap_released(). */
	smp_mb__after_atomic();
}

/**
 * waltz_portmap_not_taken() - it was for another reason, that ends untold
 * @map: the destination's map
 * @port: the port
 */
void waltz_portmap_not_taken(struct waltz_portmap *map, u16 port)
{
	u32 bit = port - map->low;

	if (port >= map->low && bit < map->bits &&
	    test_and_clear_bit(bit, map->map))
		atomic_dec(&map->set);
}

/**
 * waltz_portmap_released() - names have left a table
 * @key: the names
 *
 * Context: any; after they have left.
 */
void waltz_portmap_released(const struct waltz_key *key)
{
	struct waltz_net *wn = waltz_net(key->net);
	struct waltz_portmap __rcu **place;
	struct waltz_portmap *map;
	u32 bit;

	/* They have left before we look. Pairs with waltz_portmap_taken(). */
	smp_mb();
	if (!atomic_read(&wn->portmaps->count))
		return;
	rcu_read_lock();
	map = waltz_portmap_find(wn, key);
	if (!map || ntohs(key->lport) < map->low)
		goto out;
	bit = ntohs(key->lport) - map->low;
	if (bit >= map->bits || !test_and_clear_bit(bit, map->map) ||
	    !atomic_dec_and_test(&map->set))
		goto out;
	place = place_of(wn, key);
	if (unrcu_pointer(cmpxchg(place, RCU_INITIALIZER(map), NULL)) == map) {
		atomic_dec(&wn->portmaps->count);
		kfree_rcu(map, rcu);
	}
out:
	rcu_read_unlock();
}

/**
 * waltz_portmap_bound() - bind() gives a port away, or gets it back
 * @wn: the namespace
 * @port: the port
 * @bound: which of the two
 *
 * Context: the port bucket's lock held.
 */
void waltz_portmap_bound(struct waltz_net *wn, u16 port, bool bound)
{
	/* Atomic, for the word has ports of other buckets. */
	if (bound)
		set_bit(port, wn->portmaps->bound);
	else
		clear_bit(port, wn->portmaps->bound);
}

/**
 * waltz_portmap_is_bound() - has bind() given a port away?
 * @wn: the namespace
 * @port: the port
 *
 * Context: any; only the port bucket's lock keeps the answer true.
 */
bool waltz_portmap_is_bound(const struct waltz_net *wn, u16 port)
{
	return test_bit(port, wn->portmaps->bound);
}

/**
 * waltz_portmaps_create() - for a new namespace
 *
 * Context: process.
 * Return: an empty table, or NULL without memory.
 */
struct waltz_portmaps *waltz_portmaps_create(void)
{
	return kvzalloc(sizeof(struct waltz_portmaps), GFP_KERNEL);
}

/**
 * waltz_portmaps_destroy() - the namespace goes
 * @maps: its table; nobody uses it any more
 *
 * Context: process, may sleep.
 */
void waltz_portmaps_destroy(struct waltz_portmaps *maps)
{
	unsigned int i;

	if (!maps)
		return;
	for (i = 0; i < MAPS; i++)
		kfree(rcu_dereference_protected(maps->dest[i], true));
	kvfree(maps);
}
