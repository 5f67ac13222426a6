// SPDX-License-Identifier: GPL-2.0
/*
 * Local ports: bind(), and who may share one. A port in use has a structure
 * with the sockets that hold it; TIME_WAIT records hold their ports by the
 * counters of tw_ports.c. The port that connect() chooses is in ephemeral.c.
 */
#include <linux/bitmap.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <net/ip.h>

#include "portmap.h"
#include "timewait.h"
#include "waltz.h"

#define PORT_BUCKETS	1024u

/**
 * struct waltz_port - a local port in use
 * @node: in its bucket
 * @net: namespace
 * @number: host order
 * @exclusive: owners that did not get it by connect()
 * @owners: by sk_bind_node
 *
 * All guarded by the bucket's lock.
 */
struct waltz_port {
	struct hlist_node node;
	struct net *net;
	u16 number;
	unsigned int exclusive;
	struct hlist_head owners;
};

struct port_bucket {
	spinlock_t lock;	/* of the list, and of the ports in it */
	struct hlist_head head;
};

static struct port_bucket buckets[PORT_BUCKETS];
static struct kmem_cache *port_cache __read_mostly;

static struct port_bucket *bucket_of(const struct net *net, u16 number)
{
	return &buckets[(number + net_hash_mix(net)) % PORT_BUCKETS];
}

static struct waltz_port *find_port(struct port_bucket *b,
				    const struct net *net, u16 number)
{
	struct waltz_port *port;

	lockdep_assert_held(&b->lock);
	hlist_for_each_entry(port, &b->head, node)
		if (port->number == number && net_eq(port->net, net))
			return port;
	return NULL;
}

static struct waltz_port *new_port(struct port_bucket *b, struct net *net,
				   u16 number)
{
	struct waltz_port *port;

	lockdep_assert_held(&b->lock);
	port = kmem_cache_alloc(port_cache, GFP_ATOMIC);
	if (!port)
		return NULL;
	port->net = net;
	port->number = number;
	port->exclusive = 0;
	INIT_HLIST_HEAD(&port->owners);
	hlist_add_head(&port->node, &b->head);
	return port;
}

static void free_port_if_unused(struct waltz_port *port)
{
	if (!hlist_empty(&port->owners))
		return;
	hlist_del(&port->node);
	kmem_cache_free(port_cache, port);
}

static void add_owner(struct waltz_port *port, struct sock *sk, bool shared)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->port = port;
	ws->port_shared = shared;
	if (!shared && !port->exclusive++)
		waltz_portmap_bound(waltz_net(port->net), port->number, true);
	sk_add_bind_node(sk, &port->owners);
}

/* What a socket that binds may share a port with. */
enum share {
	SHARE_NOTHING,		/* with nobody, whatever the address */
	SHARE_DISTINCT,		/* who has another address or device */
	SHARE_IDLE,		/* and SO_REUSEADDR: ip_autobind_reuse */
	SHARE_GROUP,		/* and SO_REUSEPORT: the port was asked for */
};

/* TCP's rules (inet_csk_bind_conflict()). */
static bool owners_conflict(const struct sock *sk, const struct sock *other,
			    enum share how)
{
	__be32 a = inet_sk(sk)->inet_rcv_saddr;
	__be32 b = inet_sk(other)->inet_rcv_saddr;
	int dev = READ_ONCE(sk->sk_bound_dev_if);
	int other_dev = READ_ONCE(other->sk_bound_dev_if);
	bool group;

	if (sk == other)
		return false;
	if (how == SHARE_NOTHING)
		return true;
	if (dev && other_dev && dev != other_dev)
		return false;
	if (a && b && a != b)
		return false;
	if (how == SHARE_DISTINCT)
		return true;
	group = sk->sk_reuseport && other->sk_reuseport &&
		uid_eq(sock_i_uid((struct sock *)sk),
		       sock_i_uid((struct sock *)other));
	if (group)
		return how != SHARE_GROUP;
	return !sk->sk_reuse || !other->sk_reuse ||
	       other->sk_state == TCP_LISTEN;
}

static bool port_conflict(const struct waltz_port *port, const struct sock *sk,
			  enum share how)
{
	struct sock *other;

	sk_for_each_bound(other, &port->owners)
		if (owners_conflict(sk, other, how))
			return true;
	return false;
}

static int try_bind(struct sock *sk, u16 number, enum share how)
{
	struct net *net = sock_net(sk);
	struct port_bucket *b = bucket_of(net, number);
	struct waltz_port *port;
	int err = -EADDRINUSE;

	spin_lock_bh(&b->lock);
	port = find_port(b, net, number);
	if (port && port_conflict(port, sk, how))
		goto out;
	if (!port) {
		port = new_port(b, net, number);
		err = -ENOBUFS;
		if (!port)
			goto out;
	}
	add_owner(port, sk, false);
	inet_sk(sk)->inet_num = number;
	err = 0;
out:
	spin_unlock_bh(&b->lock);
	return err;
}

/* A socket that left the port while we looked at its owners may have left a
 * record first: so records come last.
 */
static int bind_port(struct sock *sk, u16 number, enum share how)
{
	int err = try_bind(sk, number, how);

	if (!err && waltz_tw_address_held(sk, number)) {
		waltz_put_port(sk);
		err = -EADDRINUSE;
	}
	return err;
}

/* One round over the range. @held: ports that records keep from the socket,
 * or NULL: those where there is a record that does, of whatever address.
 */
static int bind_in_range(struct sock *sk, enum share how,
			 const unsigned long *held)
{
	struct net *net = sock_net(sk);
	struct waltz_net *wn = waltz_net(net);
	u32 start = get_random_u32();
	int low, high, n, i, err;

	inet_sk_get_local_port_range(sk, &low, &high);
	n = high - low + 1;
	for (i = 0; i < n; i++) {
		int number = low + (int)((start + i) % n);

		if (inet_is_local_reserved_port(net, number) ||
		    (how == SHARE_NOTHING &&
		     waltz_portmap_is_bound(wn, number)))
			continue;
		if (held ? test_bit(number, held) :
			   waltz_tw_port_held(sk, number))
			continue;
		err = bind_port(sk, number, how);
		if (err != -EADDRINUSE)
			return err;
		if (!(i % 64))
			cond_resched();
	}
	return -EADDRINUSE;
}

/* A port nobody has; if there is none, one that is free at this address. As
 * with TCP, the options share a port that was not asked for only if
 * ip_autobind_reuse says so: no server is to find itself in another's group.
 */
static int bind_ephemeral(struct sock *sk)
{
	unsigned long *held = NULL;
	int err;

	err = bind_in_range(sk, SHARE_NOTHING, NULL);
	if (err != -EADDRINUSE)
		return err;
	/* To look through the records for each port would take too long. */
	if (inet_sk(sk)->inet_rcv_saddr || READ_ONCE(sk->sk_bound_dev_if)) {
		held = bitmap_zalloc(65536, GFP_KERNEL);
		if (!held)
			return -ENOBUFS;
		waltz_tw_ports_held(sk, held);
	}
	err = bind_in_range(sk, SHARE_DISTINCT, held);
	if (err == -EADDRINUSE &&
	    READ_ONCE(sock_net(sk)->ipv4.sysctl_ip_autobind_reuse))
		err = bind_in_range(sk, SHARE_IDLE, held);
	bitmap_free(held);
	return err;
}

/**
 * waltz_get_port() - proto.get_port: bind a local port
 * @sk: the socket; its address is set
 * @snum: the port wanted, host order; 0: any
 *
 * Also called by listen() on a socket that has its port already: then the
 * rules are checked again, now as a listener's.
 *
 * Context: process, socket lock held.
 * Return: 0, -EADDRINUSE or -ENOBUFS.
 */
int waltz_get_port(struct sock *sk, unsigned short snum)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct port_bucket *b;
	int err;

	if (!ws->port && !snum)
		return bind_ephemeral(sk);
	/* To look through the records may take long, and nobody should find the port
	 * taken meanwhile by a bind() that fails: so they come first, too.
	 */
	if (!ws->port)
		return waltz_tw_address_held(sk, snum) ? -EADDRINUSE :
		       bind_port(sk, snum, SHARE_GROUP);

	b = bucket_of(sock_net(sk), ws->port->number);
	spin_lock_bh(&b->lock);
	err = port_conflict(ws->port, sk, SHARE_GROUP) ? -EADDRINUSE : 0;
	spin_unlock_bh(&b->lock);
	if (!err && waltz_tw_address_held(sk, snum))
		err = -EADDRINUSE;
	return err;
}

/**
 * waltz_put_port() - give the local port back, if there is one
 * @sk: the socket
 *
 * Context: any; socket lock held.
 */
void waltz_put_port(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct port_bucket *b;

	if (!ws->port)
		return;
	b = bucket_of(sock_net(sk), inet_sk(sk)->inet_num);
	spin_lock_bh(&b->lock);
	__sk_del_bind_node(sk);
	if (!ws->port_shared && !--ws->port->exclusive)
		waltz_portmap_bound(waltz_net(sock_net(sk)), ws->port->number,
				    false);
	free_port_if_unused(ws->port);
	ws->port = NULL;
	inet_sk(sk)->inet_num = 0;
	spin_unlock_bh(&b->lock);
}

/**
 * waltz_inherit_port() - a child shares its listener's port
 * @sk: the listener
 * @child: the new socket, not hashed yet
 *
 * Context: softirq.
 * Return: 0, or -ENOENT when the listener has given the port back.
 */
int waltz_inherit_port(struct sock *sk, struct sock *child)
{
	struct port_bucket *b = bucket_of(sock_net(sk),
					  inet_sk(child)->inet_num);
	struct waltz_port *port;
	int err = -ENOENT;

	spin_lock(&b->lock);
	/* By number: the listener may have another port by now, which is not
	 * of this bucket.
	 */
	port = find_port(b, sock_net(sk), inet_sk(child)->inet_num);
	if (port && port == READ_ONCE(waltz_sk(sk)->port)) {
		add_owner(port, child, false);
		err = 0;
	}
	spin_unlock(&b->lock);
	return err;
}

/**
 * waltz_port_share() - connect() uses a port beside others, if it can
 * @sk: the socket
 * @number: the port, host order
 * @claim: called with the port locked; 0: the names are the socket's, and so
 *	is the port
 * @arg: for @claim
 *
 * Context: BH off, socket lock held.
 * Return: what @claim returned; -EAGAIN when somebody asked for the port by
 * bind(), and it is his; -ENOBUFS.
 */
int waltz_port_share(struct sock *sk, u16 number,
		     int (*claim)(struct sock *sk, void *arg), void *arg)
{
	struct port_bucket *b = bucket_of(sock_net(sk), number);
	struct waltz_port *port;
	int err = -EAGAIN;

	spin_lock(&b->lock);
	port = find_port(b, sock_net(sk), number);
	if (port && port->exclusive)
		goto out;
	err = -ENOBUFS;
	if (!port)
		port = new_port(b, sock_net(sk), number);
	if (!port)
		goto out;
	err = claim(sk, arg);
	if (err)
		free_port_if_unused(port);
	else
		add_owner(port, sk, true);
out:
	spin_unlock(&b->lock);
	return err;
}

/**
 * waltz_ports_init() - the buckets
 *
 * Return: 0 or -ENOMEM.
 */
int waltz_ports_init(void)
{
	unsigned int i;

	for (i = 0; i < PORT_BUCKETS; i++) {
		spin_lock_init(&buckets[i].lock);
		INIT_HLIST_HEAD(&buckets[i].head);
	}
	port_cache = KMEM_CACHE(waltz_port, 0);
	return port_cache ? 0 : -ENOMEM;
}

/**
 * waltz_ports_exit() - no port is in use any more
 */
void waltz_ports_exit(void)
{
	kmem_cache_destroy(port_cache);
}
