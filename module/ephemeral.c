// SPDX-License-Identifier: GPL-2.0
/*
 * The names of a connecting socket: the local port that connect() chooses
 * (RFC 6056), and what TIME_WAIT left of an earlier connection of these names
 * (RFC 6191).
 */
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <net/ip.h>
#include <net/netns/hash.h>

#include "portmap.h"
#include "request.h"
#include "timewait.h"
#include "waltz.h"

/* RFC 6056 3.3.4, double-hash: destinations are spread over counters, so
 * that one destination's count tells little of another's. With few counters one who
 * can have a host call many destinations finds which share one, and that tells the
 * host from others (CVE-2022-32296).
 */
#define PERTURB_SLOTS	65536u
static atomic_t perturb[PERTURB_SLOTS];
static siphash_key_t port_secret __read_mostly;

/* A search that has failed that often is worth a map. */
#define LONG_SEARCH	8
/* So is a destination that is called so often, before its range is full: then
 * a search has to try no more ports than that.
 */
#define MAP_EVERY	256u
/* One that has failed that often lets others run. */
#define SEARCH_BATCH	64

/* Hash the socket under these names, unless they are taken. A record of them that
 * may be reused stays. Return: 0, -EADDRNOTAVAIL, or -EAGAIN when that may change
 * untold.
 */
static int claim(struct sock *sk, struct waltz_key *key, u32 *isn_min)
{
	struct waltz_net *wn = waltz_net(key->net);
	int err;

	err = waltz_tw_connect(wn, key, isn_min);
	if (err)
		goto taken;
	/* Into the table: now no other socket of these names can leave a
	 * record behind the one that is judged, so look again.
	 */
	err = -EADDRNOTAVAIL;
	if (!waltz_hash_established(sk, key, true))
		goto taken;
	/* A half-open one has no note in any map, and its end tells none. */
	err = waltz_request_exists(key) ? -EAGAIN :
					  waltz_tw_connect(wn, key, isn_min);
	if (!err)
		return 0;
	waltz_unhash(sk);
taken:
	*isn_min = 0;
	return err;
}

static void name_port(struct sock *sk, struct waltz_key *key, u16 number)
{
	int dif = key->dif;

	inet_sk(sk)->inet_num = number;
	inet_sk(sk)->inet_sport = htons(number);
	waltz_key_init(key, key->net, key->laddr, htons(number), key->raddr,
		       key->rport);
	key->dif = dif;
}

/* A search for a port, and how it went so far. */
struct search {
	struct sock *sk;
	struct waltz_key *key;
	u32 *isn_min;
	int low;		/* the whole range */
	int high;
	u16 number;		/* tried now */
	unsigned int failed;	/* tries */
};

static int claim_port(struct sock *sk, void *arg)
{
	struct search *s = arg;

	name_port(sk, s->key, s->number);
	return claim(sk, s->key, s->isn_min);
}

/* Try the first port from @number to @end that may be worth it. Return: as
 * waltz_port_share(); -ENOENT: there was none.
 */
static int try_next(struct search *s, int number, int end)
{
	struct waltz_net *wn = waltz_net(s->key->net);
	struct waltz_portmap *map = NULL;
	int err;

	/* The same names may be free on one device and taken on another. */
	if (!s->key->dif)
		map = waltz_portmap_find(wn, s->key);

	for (;; number++) {
		/* Before the map: it does not know a port above 65535. */
		if (number > end)
			return -ENOENT;
		if (map)
			number = waltz_portmap_next(map, number, end);
		if (number < 0)
			return -ENOENT;
		if (!inet_is_local_reserved_port(s->key->net, number) &&
		    !waltz_portmap_is_bound(wn, number))
			break;
	}
	if (map)
		waltz_portmap_taken(map, number);
	s->number = (u16)number;
	err = waltz_port_share(s->sk, s->number, claim_port, s);
	if (!err)
		return 0;
	if (map && err != -EADDRNOTAVAIL)
		waltz_portmap_not_taken(map, number);
	if (++s->failed == LONG_SEARCH && !s->key->dif &&
	    (!map || !waltz_portmap_covers(map, s->low, s->high)))
		waltz_portmap_new(wn, s->key, s->low, s->high, true);
	return err;
}

/* Ports from @number to @end. Return: 0 and the port is the socket's;
 * -EADDRNOTAVAIL, -ENOBUFS.
 */
static int search_range(struct search *s, int number, int end)
{
	int err;

	for (; number <= end; number = s->number + 1) {
		local_bh_disable();
		rcu_read_lock();
		err = try_next(s, number, end);
		rcu_read_unlock();
		local_bh_enable();
		if (err == -ENOENT)
			break;
		if (err != -EADDRNOTAVAIL && err != -EAGAIN)
			return err;
		if (!(s->failed % SEARCH_BATCH))
			cond_resched();
	}
	return -EADDRNOTAVAIL;
}

/* Toward a destination that is called often: remember from now on. */
static void remember(const struct search *s, u32 count, u32 before)
{
	struct waltz_net *wn = waltz_net(s->key->net);

	if (s->key->dif || count / MAP_EVERY == before / MAP_EVERY)
		return;
	rcu_read_lock();
	waltz_portmap_new(wn, s->key, s->low, s->high, false);
	rcu_read_unlock();
}

/* RFC 6056: the first port tried is a keyed hash of the destination plus a
 * counter, so successive connections walk the range and outsiders cannot.
 */
static int connect_ephemeral(struct sock *sk, struct waltz_key *key,
			     u32 *isn_min)
{
	struct search s = { .sk = sk, .key = key, .isn_min = isn_min };
	int start, n, step, err;
	atomic_t *count;
	u64 offset;
	u32 now;

	inet_sk_get_local_port_range(sk, &s.low, &s.high);
	n = s.high - s.low + 1;
	/* Namespaces often have the same addresses, and different owners. */
	offset = siphash_4u32((__force u32)key->laddr, (__force u32)key->raddr,
			      (__force u32)key->rport, net_hash_mix(key->net),
			      &port_secret);
	count = &perturb[(u32)(offset >> 32) % PERTURB_SLOTS];
	start = s.low + (int)(((u32)offset + (u32)atomic_read(count)) % n);

	err = search_range(&s, start, s.high);
	if (err == -EADDRNOTAVAIL)
		err = search_range(&s, s.low, start - 1);
	if (err)
		return err;
	step = (inet_sk(sk)->inet_num - start + n) % n + 1;
	now = atomic_add_return(step, count);
	remember(&s, now, now - step);
	return 0;
}

/**
 * waltz_connect_port() - names and table entry of a connecting socket
 * @sk: the socket; addresses and the peer's port are set
 * @key: the same; completed with the local port and the hash
 * @isn_min: what the ISN must not be below; 0: anything goes
 *
 * Takes the names of a TIME_WAIT record where RFC 6191 lets it; the record stays
 * until waltz_connect_reuse(), for connect() may still fail.
 *
 * Context: process, socket lock held.
 * Return: 0, -EADDRNOTAVAIL or -ENOBUFS.
 */
int waltz_connect_port(struct sock *sk, struct waltz_key *key, u32 *isn_min)
{
	struct inet_sock *inet = inet_sk(sk);
	int err;

	*isn_min = 0;
	if (waltz_sk(sk)->port) {
		name_port(sk, key, inet->inet_num);
		local_bh_disable();
		err = claim(sk, key, isn_min) ? -EADDRNOTAVAIL : 0;
		local_bh_enable();
		return err;
	}
	err = connect_ephemeral(sk, key, isn_min);
	if (err) {
		inet->inet_num = 0;
		inet->inet_sport = 0;
	}
	return err;
}

/**
 * waltz_connect_reuse() - nothing keeps connect() from its names: what TIME_WAIT
 * left of them goes
 * @key: the names; the socket is in its table
 *
 * Context: BH off.
 */
void waltz_connect_reuse(const struct waltz_key *key)
{
	struct waltz_net *wn = waltz_net(key->net);

	waltz_moved(key);
	if (!waltz_tw_remove(wn, key, WALTZ_REUSE_CONNECT, NULL))
		return;
	WALTZ_INC(wn, TW_REUSED_CONNECT);
	waltz_record_event(key, WALTZ_TIME_WAIT, WALTZ_EV_USER_CONNECT, NULL);
}

/**
 * waltz_connect_kept() - a record has the names that a socket had
 * @key: the names; the socket has left its table
 *
 * If connect() may not take them, it need not try to, either: where there is a
 * map they are marked as a search would do it, and the record's end unmarks them.
 *
 * Context: BH off.
 */
void waltz_connect_kept(const struct waltz_key *key)
{
	struct waltz_net *wn = waltz_net(key->net);
	u16 port = ntohs(key->lport);
	struct waltz_portmap *map;
	u32 isn_min;

	if (key->dif)
		return;
	rcu_read_lock();
	map = waltz_portmap_find(wn, key);
	if (map) {
		waltz_portmap_taken(map, port);
		if (waltz_tw_connect(wn, key, &isn_min) != -EADDRNOTAVAIL)
			waltz_portmap_not_taken(map, port);
	}
	rcu_read_unlock();
}

/**
 * waltz_ephemeral_init() - start the counters where nobody knows
 */
void waltz_ephemeral_init(void)
{
	get_random_bytes(&port_secret, sizeof(port_secret));
	get_random_bytes(perturb, sizeof(perturb));
}
