// SPDX-License-Identifier: GPL-2.0
/*
 * Which local ports TIME_WAIT records hold, for bind(): counters by port, and
 * by what the old connection allowed its successors.
 */
#include <linux/prefetch.h>
#include <linux/slab.h>

#include "tw_table.h"

#define REUSEADDR	1u
#define REUSEPORT	2u

static struct waltz_tw_port *port_of(const struct waltz_tw_table *tw, u16 port)
{
	struct waltz_tw_port *page = READ_ONCE(tw->ports[port / PORTS_PER_PAGE]);

	return page ? &page[port % PORTS_PER_PAGE] : NULL;
}

static unsigned int class_of(u32 link)
{
	return (link & LINK_REUSEADDR ? REUSEADDR : 0) |
	       (link & LINK_REUSEPORT ? REUSEPORT : 0);
}

/* TCP's rule: both have to want it; whose SO_REUSEPORT it was does not count. */
static bool class_conflicts(unsigned int class, const struct sock *sk)
{
	return !(sk->sk_reuse && (class & REUSEADDR)) &&
	       !(sk->sk_reuseport && (class & REUSEPORT));
}

/**
 * tw_ports_ready() - a place for a port's counters
 * @tw: the table
 * @port: host order
 *
 * Context: any.
 * Return: false without memory.
 */
bool tw_ports_ready(struct waltz_tw_table *tw, u16 port)
{
	struct waltz_tw_port **slot = &tw->ports[port / PORTS_PER_PAGE];
	struct waltz_tw_port *page;

	if (READ_ONCE(*slot))
		return true;
	page = kcalloc(PORTS_PER_PAGE, sizeof(*page), GFP_ATOMIC | __GFP_NOWARN);
	if (!page)
		return false;
	if (cmpxchg(slot, NULL, page))
		kfree(page);
	return true;
}

/**
 * tw_ports_add() - a record comes, or goes
 * @tw: the table
 * @rec: the record
 * @n: 1 or -1
 *
 * Context: any; tw_ports_ready() was true.
 */
void tw_ports_add(struct waltz_tw_table *tw, const struct waltz_tw *rec, int n)
{
	struct waltz_tw_port *port = port_of(tw, ntohs(rec->lport));

	if (!WARN_ON_ONCE(!port))
		atomic_add(n, &port->count[class_of(rec->link)]);
}

/**
 * tw_ports_prefetch() - a record is going to be unlinked: its port's counters
 * @tw: the table
 * @rec: the record
 *
 * Context: any.
 */
void tw_ports_prefetch(const struct waltz_tw_table *tw,
		       const struct waltz_tw *rec)
{
	prefetchw(port_of(tw, ntohs(rec->lport)));
}

/**
 * tw_ports_free() - the namespace goes
 * @tw: the table
 */
void tw_ports_free(struct waltz_tw_table *tw)
{
	unsigned int i;

	for (i = 0; i < PORT_PAGES; i++)
		kfree(tw->ports[i]);
}

/**
 * waltz_tw_port_held() - do records keep this socket from a local port?
 * @sk: who wants to bind it
 * @number: the port, host order
 *
 * Whatever their local address and device: waltz_tw_address_held() is exact.
 *
 * Context: any.
 */
bool waltz_tw_port_held(const struct sock *sk, u16 number)
{
	struct waltz_tw_port *port = port_of(waltz_net(sock_net(sk))->tw,
					     number);
	unsigned int class;

	for (class = 0; port && class < ARRAY_SIZE(port->count); class++)
		if (atomic_read(&port->count[class]) > 0 &&
		    class_conflicts(class, sk))
			return true;
	return false;
}

/* Is there a record that keeps the socket from @number, or, if @map, which
 * ports do they keep from it? Looks through all of them.
 */
static bool look_through(const struct sock *sk, u16 number, unsigned long *map)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	__be32 addr = inet_sk(sk)->inet_rcv_saddr;
	int dif = READ_ONCE(sk->sk_bound_dev_if);
	struct waltz_tw_info info;
	struct waltz_key key;
	unsigned int class;
	u32 pos = 0, n;

	do {
		rcu_read_lock();
		for (n = 0; n < 1024; n++) {
			if (!waltz_tw_next(wn, &pos, &key, &info))
				break;
			class = (info.reuseaddr ? REUSEADDR : 0) |
				(info.reuseport ? REUSEPORT : 0);
			if ((addr && key.laddr != addr) ||
			    (dif && info.dif && info.dif != dif) ||
			    !class_conflicts(class, sk))
				continue;
			if (map) {
				__set_bit(ntohs(key.lport), map);
			} else if (ntohs(key.lport) == number) {
				rcu_read_unlock();
				return true;
			}
		}
		rcu_read_unlock();
		cond_resched();
	} while (n == 1024);
	return false;
}

static bool any_address(const struct sock *sk)
{
	return !inet_sk(sk)->inet_rcv_saddr && !READ_ONCE(sk->sk_bound_dev_if);
}

/**
 * waltz_tw_address_held() - the same, of the socket's own address and device
 * @sk: who wants to bind it
 * @number: the port, host order
 *
 * Looks through all records if there are any on the port and the socket has a
 * certain address or device: rare, and never short.
 *
 * Context: process, may sleep.
 */
bool waltz_tw_address_held(const struct sock *sk, u16 number)
{
	if (!waltz_tw_port_held(sk, number))
		return false;
	return any_address(sk) || look_through(sk, number, NULL);
}

/**
 * waltz_tw_ports_held() - the same, of all ports
 * @sk: who wants to bind one
 * @map: 65536 bits, clear; set for those it is kept from
 *
 * Context: process, may sleep.
 */
void waltz_tw_ports_held(const struct sock *sk, unsigned long *map)
{
	look_through(sk, 0, map);
}
