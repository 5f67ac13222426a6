// SPDX-License-Identifier: GPL-2.0
/*
 * The tables of live sockets: established (every state that has a peer) and
 * listeners. Readers hold no lock: sockets are freed after a grace period
 * (SOCK_RCU_FREE), and the lists end in a number that tells a reader who was
 * carried to another list by a socket that moved (a disconnect can rehash
 * within a grace period).
 *
 * Never sends.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rculist_nulls.h>
#include <linux/siphash.h>
#include <net/inet_hashtables.h>
#include <net/ip.h>
#include <net/route.h>

#include "portmap.h"
#include "waltz.h"

static unsigned int ehash_buckets;
module_param(ehash_buckets, uint, 0444);
MODULE_PARM_DESC(ehash_buckets,
		 "buckets of the established table (default: by memory)");

#define LISTEN_BUCKETS	256u
#define LOCKS_MAX	4096u

static struct hlist_nulls_head *ehash __read_mostly;
static spinlock_t *ehash_locks __read_mostly;
static unsigned int ehash_mask __read_mostly;
static unsigned int ehash_lock_mask __read_mostly;

static struct hlist_nulls_head lhash[LISTEN_BUCKETS];
static DEFINE_SPINLOCK(lhash_lock);

/* One secret for each use, so that none tells about another. */
static siphash_key_t hash_secret __read_mostly;
static siphash_key_t isn_secret __read_mostly;
static siphash_key_t ts_secret __read_mostly;
static siphash_key_t cookie_secret __read_mostly;

static u32 key_siphash(const struct waltz_key *key, const siphash_key_t *secret)
{
	return (u32)siphash_3u32((__force u32)key->laddr,
				 (__force u32)key->raddr,
				 (__force u32)key->lport << 16 |
				 (__force u32)key->rport, secret);
}

/**
 * waltz_key_init() - name a connection and hash the name
 * @key: filled in
 * @net: namespace
 * @laddr: our address
 * @lport: our port
 * @raddr: the peer's address
 * @rport: the peer's port
 *
 * Context: any.
 */
void waltz_key_init(struct waltz_key *key, struct net *net, __be32 laddr,
		    __be16 lport, __be32 raddr, __be16 rport)
{
	*key = (struct waltz_key) {
		.net = net,
		.laddr = laddr,
		.raddr = raddr,
		.lport = lport,
		.rport = rport,
	};
	key->hash = key_siphash(key, &hash_secret) ^ net_hash_mix(net);
}

/**
 * waltz_key_device() - where a packet came in: who is bound to a device wants to
 *	know
 * @key: its device is filled in
 * @skb: the packet, with its route
 *
 * Within a host packets come in by lo; the route tells the device that has the
 * address.
 *
 * Context: any.
 */
void waltz_key_device(struct waltz_key *key, const struct sk_buff *skb)
{
	key->dif = inet_iif(skb);
	key->sdif = inet_sdif(skb);
}

/**
 * waltz_sock_key() - the names of a socket that has a peer
 * @key: filled in
 * @sk: the socket
 *
 * Context: any; the names of a hashed socket do not change.
 */
void waltz_sock_key(struct waltz_key *key, const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);

	waltz_key_init(key, sock_net(sk), inet->inet_rcv_saddr,
		       inet->inet_sport, inet->inet_daddr, inet->inet_dport);
	key->dif = sk->sk_bound_dev_if;
}

/**
 * waltz_secure_isn() - an initial sequence number
 * @key: the connection's names
 *
 * RFC 9293 3.4.1 and RFC 6528: a clock, of 64 ns here, plus a keyed hash of
 * the names: it rises for successors of a connection, and nobody else can
 * compute it.
 */
u32 waltz_secure_isn(const struct waltz_key *key)
{
	return key_siphash(key, &isn_secret) + (u32)(ktime_get_ns() >> 6);
}

/**
 * waltz_secure_ts_offset() - where a pair of hosts' timestamp clock starts
 * @key: the connection's names
 *
 * RFC 7323 7.1 wants it hidden, RFC 6191 wants it to be one clock for all
 * incarnations of a connection: so it depends on the addresses alone.
 */
u32 waltz_secure_ts_offset(const struct waltz_key *key)
{
	return (u32)siphash_3u32((__force u32)key->laddr,
				 (__force u32)key->raddr,
				 net_hash_mix(key->net), &ts_secret);
}

/**
 * waltz_record_cookie() - tells a record from others with the same names
 * @key: its names
 * @seq: a sequence number that is its own, and that nobody learns by this
 *
 * A socket has such a number in it; a record has no room, so it is made of what
 * never changes.
 */
u64 waltz_record_cookie(const struct waltz_key *key, u32 seq)
{
	return siphash_4u32((__force u32)key->laddr, (__force u32)key->raddr,
			    (__force u32)key->lport << 16 |
			    (__force u32)key->rport, seq, &cookie_secret);
}

/**
 * waltz_generation() - taken before a look-up that may find nothing
 * @key: the names looked up
 *
 * A connection moves between tables: into its new place first, then out of
 * the old one. Against the order of look-up (established, half-open,
 * TIME_WAIT) a reader can miss both; then this number has changed.
 */
u32 waltz_generation(const struct waltz_key *key)
{
	struct waltz_net *wn = waltz_net(key->net);

	/* Pairs with waltz_moved(): a reader who does not find the old place
	 * any more sees the number that was raised before.
	 */
	smp_rmb();
	return atomic_read_acquire(&wn->generation[key->hash %
						   WALTZ_GENERATIONS]);
}

/**
 * waltz_moved() - a connection is in its new place, and leaves the old one
 * @key: its names
 *
 * Context: any; between the insertion and the removal.
 */
void waltz_moved(const struct waltz_key *key)
{
	struct waltz_net *wn = waltz_net(key->net);

	/* atomic_inc_return() orders both ways. */
	(void)atomic_inc_return(&wn->generation[key->hash % WALTZ_GENERATIONS]);
}

static bool sk_matches(const struct sock *sk, const struct waltz_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);

	return sk->sk_hash == key->hash && inet->inet_daddr == key->raddr &&
	       inet->inet_rcv_saddr == key->laddr &&
	       inet->inet_dport == key->rport &&
	       inet->inet_sport == key->lport &&
	       net_eq(sock_net(sk), key->net) &&
	       inet_sk_bound_dev_eq(key->net, READ_ONCE(sk->sk_bound_dev_if),
				    key->dif, key->sdif);
}

static spinlock_t *ehash_lock(u32 hash)
{
	return &ehash_locks[hash & ehash_lock_mask];
}

/**
 * waltz_lookup_established() - the socket of a connection
 * @key: the names
 *
 * Context: RCU read lock held.
 * Return: the socket with a reference taken, or NULL.
 */
struct sock *waltz_lookup_established(const struct waltz_key *key)
{
	unsigned int slot = key->hash & ehash_mask;
	struct hlist_nulls_node *node;
	struct sock *sk;

again:
	sk_nulls_for_each_rcu(sk, node, &ehash[slot]) {
		if (!sk_matches(sk, key))
			continue;
		if (!refcount_inc_not_zero(&sk->sk_refcnt))
			return NULL;
		if (likely(sk_matches(sk, key)))
			return sk;
		sock_put(sk);
		goto again;
	}
	if (get_nulls_value(node) != slot)
		goto again;
	return NULL;
}

static int listener_score(const struct sock *sk, const struct waltz_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);
	int score = 1;

	if (inet->inet_num != ntohs(key->lport) ||
	    READ_ONCE(sk->sk_state) != TCP_LISTEN ||
	    !net_eq(sock_net(sk), key->net) ||
	    !inet_sk_bound_dev_eq(key->net, READ_ONCE(sk->sk_bound_dev_if),
				  key->dif, key->sdif))
		return 0;
	if (inet->inet_rcv_saddr) {
		if (inet->inet_rcv_saddr != key->laddr)
			return 0;
		score += 2;
	}
	if (READ_ONCE(sk->sk_bound_dev_if))
		score++;
	return score;
}

static unsigned int listen_slot(const struct net *net, u16 port)
{
	return (port + net_hash_mix(net)) % LISTEN_BUCKETS;
}

/**
 * waltz_lookup_listener() - who listens for a segment
 * @key: the segment's names
 *
 * The most specific address wins; among equals, those of an SO_REUSEPORT
 * group, the connection's hash decides.
 *
 * Context: RCU read lock held; the socket is good as long as that is.
 * Return: the socket, without a reference, or NULL.
 */
struct sock *waltz_lookup_listener(const struct waltz_key *key)
{
	unsigned int slot = listen_slot(key->net, ntohs(key->lport));
	struct hlist_nulls_node *node;
	struct sock *sk, *best;
	int score, best_score;
	u32 equals, random;

again:
	best = NULL;
	best_score = 0;
	equals = 0;
	random = key->hash;
	sk_nulls_for_each_rcu(sk, node, &lhash[slot]) {
		score = listener_score(sk, key);
		if (score > best_score) {
			best = sk;
			best_score = score;
			equals = 1;
		} else if (score && score == best_score) {
			/* The n-th takes over with a chance of 1/n. */
			equals++;
			if (reciprocal_scale(random, equals) == 0)
				best = sk;
			random = random * 1664525u + 1013904223u;
		}
	}
	/* A listener that left for the established table took us along. */
	if (get_nulls_value(node) != slot + LISTENING_NULLS_BASE)
		goto again;
	return best;
}

/**
 * waltz_hash_established() - make a socket with a peer known
 * @sk: the socket; its names are set
 * @key: the same names, hashed
 * @unique: refuse when the names are taken
 *
 * Context: BH off.
 * Return: false when they are.
 */
bool waltz_hash_established(struct sock *sk, const struct waltz_key *key,
			    bool unique)
{
	struct hlist_nulls_head *head = &ehash[key->hash & ehash_mask];
	spinlock_t *lock = ehash_lock(key->hash);
	const struct hlist_nulls_node *node;
	struct sock *other;

	spin_lock(lock);
	if (unique) {
		sk_nulls_for_each(other, node, head) {
			if (sk_matches(other, key)) {
				spin_unlock(lock);
				return false;
			}
		}
	}
	sk->sk_hash = key->hash;
	waltz_sk(sk)->hash_lock = lock;
	sk_nulls_add_node_rcu(sk, head);
	spin_unlock(lock);
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, 1);
	return true;
}

/**
 * waltz_hash_listener() - make a listener known
 * @sk: the socket; its port is bound
 *
 * Context: process, socket lock held.
 */
void waltz_hash_listener(struct sock *sk)
{
	unsigned int slot = listen_slot(sock_net(sk), inet_sk(sk)->inet_num);

	spin_lock_bh(&lhash_lock);
	waltz_sk(sk)->hash_lock = &lhash_lock;
	sk_nulls_add_node_rcu(sk, &lhash[slot]);
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, 1);
	spin_unlock_bh(&lhash_lock);
}

/* connect() may want them. */
static void names_released(const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct waltz_key key = {
		.net = sock_net(sk),
		.laddr = inet->inet_rcv_saddr,
		.raddr = inet->inet_daddr,
		.lport = inet->inet_sport,
		.rport = inet->inet_dport,
	};

	waltz_portmap_released(&key);
}

/**
 * waltz_unhash() - take a socket out of its table, if it is in one
 * @sk: the socket
 *
 * Context: any; socket lock held.
 */
void waltz_unhash(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	spinlock_t *lock = ws->hash_lock;

	if (!lock)
		return;
	spin_lock_bh(lock);
	ws->hash_lock = NULL;
	if (sk_nulls_del_node_init_rcu(sk))
		sock_prot_inuse_add(sock_net(sk), sk->sk_prot, -1);
	spin_unlock_bh(lock);
	if (lock != &lhash_lock)
		names_released(sk);
}

/**
 * waltz_rehash() - the socket has another device (SO_BINDTODEVICE)
 * @sk: the socket
 *
 * It stays where it is, for names are hashed without their device; but as those of
 * no device, or of another, they may be free now.
 *
 * Context: process, socket lock held.
 */
void waltz_rehash(struct sock *sk)
{
	spinlock_t *lock = waltz_sk(sk)->hash_lock;

	if (lock && lock != &lhash_lock)
		names_released(sk);
}

/**
 * waltz_buckets() - for waltz_walk_bucket(): the listeners' and the others
 */
unsigned int waltz_buckets(void)
{
	return LISTEN_BUCKETS + ehash_mask + 1;
}

/**
 * waltz_listen_buckets() - the first of them are the listeners'
 */
unsigned int waltz_listen_buckets(void)
{
	return LISTEN_BUCKETS;
}

/**
 * waltz_walk_bucket() - visit the sockets of one bucket
 * @bucket: below waltz_buckets()
 * @fn: called with the bucket's lock held and BH off; not 0: stop
 * @arg: for @fn
 *
 * Return: what @fn returned last, or 0.
 */
int waltz_walk_bucket(unsigned int bucket, waltz_sock_walker fn, void *arg)
{
	bool listen = bucket < LISTEN_BUCKETS;
	unsigned int slot = listen ? bucket : bucket - LISTEN_BUCKETS;
	struct hlist_nulls_head *head = listen ? &lhash[slot] : &ehash[slot];
	spinlock_t *lock = listen ? &lhash_lock : ehash_lock(slot);
	const struct hlist_nulls_node *node;
	struct sock *sk;
	int ret = 0;

	if (hlist_nulls_empty(head))
		return 0;
	spin_lock_bh(lock);
	sk_nulls_for_each(sk, node, head) {
		ret = fn(sk, arg);
		if (ret)
			break;
	}
	spin_unlock_bh(lock);
	return ret;
}

/**
 * waltz_lookup_init() - allocate the tables, draw the secrets
 *
 * Return: 0 or -ENOMEM.
 */
int waltz_lookup_init(void)
{
	unsigned int n = ehash_buckets, locks, i;

	if (!n)
		n = clamp(totalram_pages() / 32, 1024ul, 524288ul);
	n = roundup_pow_of_two(clamp(n, 64u, 1u << 22));
	locks = min(n, LOCKS_MAX);
	ehash = kvmalloc_array(n, sizeof(*ehash), GFP_KERNEL);
	ehash_locks = kvmalloc_array(locks, sizeof(*ehash_locks), GFP_KERNEL);
	if (!ehash || !ehash_locks) {
		waltz_lookup_exit();
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		INIT_HLIST_NULLS_HEAD(&ehash[i], i);
	for (i = 0; i < locks; i++)
		spin_lock_init(&ehash_locks[i]);
	for (i = 0; i < LISTEN_BUCKETS; i++)
		INIT_HLIST_NULLS_HEAD(&lhash[i], i + LISTENING_NULLS_BASE);
	ehash_mask = n - 1;
	ehash_lock_mask = locks - 1;
	ehash_buckets = n;

	get_random_bytes(&hash_secret, sizeof(hash_secret));
	get_random_bytes(&isn_secret, sizeof(isn_secret));
	get_random_bytes(&ts_secret, sizeof(ts_secret));
	get_random_bytes(&cookie_secret, sizeof(cookie_secret));
	return 0;
}

/**
 * waltz_lookup_exit() - free the tables; they are empty
 */
void waltz_lookup_exit(void)
{
	kvfree(ehash);
	kvfree(ehash_locks);
}
