/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which local ports are known to be of no use to connect(): those that bind()
 * has given away, and for a destination where many are taken, a map of them.
 */
#ifndef _WALTZ_PORTMAP_H
#define _WALTZ_PORTMAP_H

#include <linux/types.h>

struct waltz_key;
struct waltz_net;
struct waltz_portmap;

struct waltz_portmaps *waltz_portmaps_create(void);
void waltz_portmaps_destroy(struct waltz_portmaps *maps);

void waltz_portmap_bound(struct waltz_net *wn, u16 port, bool bound);
bool waltz_portmap_is_bound(const struct waltz_net *wn, u16 port);

struct waltz_portmap *waltz_portmap_find(struct waltz_net *wn,
					 const struct waltz_key *key);
struct waltz_portmap *waltz_portmap_new(struct waltz_net *wn,
					const struct waltz_key *key,
					u16 low, u16 high, bool evict);
bool waltz_portmap_covers(const struct waltz_portmap *map, u16 low, u16 high);
int waltz_portmap_next(const struct waltz_portmap *map, u16 port, u16 high);
void waltz_portmap_taken(struct waltz_portmap *map, u16 port);
void waltz_portmap_not_taken(struct waltz_portmap *map, u16 port);
void waltz_portmap_released(const struct waltz_key *key);

#endif /* _WALTZ_PORTMAP_H */
