// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of all sockets together: what of it there may be (net.waltz.mem), what a
 * socket gets all the same, what goes when there is none, and who pays for it.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/swap.h>

#include "memory.h"
#include "waltz.h"

/* Of the whole system, as for TCP: memory is the machine's. */
struct percpu_counter waltz_sockets_allocated;
atomic_long_t waltz_memory_allocated;
DEFINE_PER_CPU(int, waltz_memory_fw_alloc);
unsigned long waltz_memory_pressure;	/* jiffies when it began; 0: none */
long waltz_sysctl_mem[3];		/* pages; net.waltz.mem */

/* What the kernel would grant each socket under pressure. It knows one number
 * for all namespaces; we have one for each, so it is waltz_rmem_schedule() and
 * waltz_wmem_schedule() that grant it.
 */
int waltz_no_minimum[1];

/**
 * waltz_memory_init() - how much there may be
 *
 * Return: 0 or -ENOMEM.
 */
int waltz_memory_init(void)
{
	unsigned long pages = clamp(nr_free_buffer_pages() / 16, 128ul,
				    1ul << 29);

	waltz_sysctl_mem[0] = pages / 4 * 3;
	waltz_sysctl_mem[1] = pages;
	waltz_sysctl_mem[2] = waltz_sysctl_mem[0] * 2;
	return percpu_counter_init(&waltz_sockets_allocated, 0, GFP_KERNEL);
}

/**
 * waltz_memory_exit() - no socket is left
 */
void waltz_memory_exit(void)
{
	percpu_counter_destroy(&waltz_sockets_allocated);
}

/* ---- pressure ---- */

/**
 * waltz_enter_memory_pressure() - proto.enter_memory_pressure
 * @sk: who found that there is more than the second number of net.waltz.mem
 *
 * Until there is less than the first: windows no longer grow
 * (waltz_rcv_space()), and no socket gets more than its share.
 *
 * Context: any.
 */
void waltz_enter_memory_pressure(struct sock *sk)
{
	if (READ_ONCE(waltz_memory_pressure))
		return;
	if (!cmpxchg(&waltz_memory_pressure, 0, jiffies ?: 1))
		WALTZ_INC(waltz_net(sock_net(sk)), MEMORY_PRESSURES);
}

/**
 * waltz_leave_memory_pressure() - proto.leave_memory_pressure
 * @sk: who found it
 *
 * Called whenever there is little memory in use: most often there is nothing to
 * do, and nothing is written.
 *
 * Context: any.
 */
void waltz_leave_memory_pressure(struct sock *sk)
{
	if (READ_ONCE(waltz_memory_pressure))
		WRITE_ONCE(waltz_memory_pressure, 0);
}

/**
 * waltz_memory_pages() - what all sockets hold
 *
 * Return: pages, as exact as the parts that each CPU keeps back allow.
 */
long waltz_memory_pages(void)
{
	return proto_memory_allocated(&waltz_prot);
}

/* More than the third number, and it has something worth giving up. */
static bool out_of_memory(struct sock *sk)
{
	return sk->sk_wmem_queued > SOCK_MIN_SNDBUF &&
	       sk_memory_allocated(sk) > sk_prot_mem_limits(sk, 2);
}

/**
 * waltz_must_go() - too many orphans, or out of memory?
 * @sk: a socket that nobody owns
 * @shift: so many times two it counts: the less is to be expected of its peer
 *
 * Context: socket lock held.
 */
bool waltz_must_go(struct sock *sk, unsigned int shift)
{
	const struct waltz_net *wn = waltz_net(sock_net(sk));

	return atomic_read(&wn->orphans) >
	       READ_ONCE(wn->sysctls.max_orphans) >> shift ||
	       out_of_memory(sk);
}

/* ---- the least that a socket gets ---- */

/**
 * waltz_rmem_schedule() - may a segment be charged to the receive buffer?
 * @sk: the socket
 * @skb: the segment
 *
 * If there is no memory it may up to rmem[0], as a debt: it is counted with the
 * next that finds some.
 *
 * Context: socket lock held.
 */
bool waltz_rmem_schedule(struct sock *sk, struct sk_buff *skb)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;

	return sk_rmem_schedule(sk, skb, skb->truesize) ||
	       atomic_read(&sk->sk_rmem_alloc) < READ_ONCE(s->rmem[0]);
}

/**
 * waltz_wmem_schedule() - what may be charged to the send buffer
 * @sk: the socket
 * @size: what is wanted
 *
 * If there is no memory it is what is left of wmem[0], as a debt.
 *
 * Context: socket lock held.
 * Return: @size, or less.
 */
int waltz_wmem_schedule(struct sock *sk, int size)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;

	if (likely(sk_wmem_schedule(sk, size)))
		return size;
	return clamp(READ_ONCE(s->wmem[0]) - sk->sk_wmem_queued, 0, size);
}

/* ---- control groups ---- */

#ifdef CONFIG_MEMCG
/* mem_cgroup_sk_alloc() is not for modules. The root pays for nothing, and groups
 * of the first version count sockets in another way, which is going.
 */
static void join_memcg(struct sock *sk)
{
	struct mem_cgroup *memcg;

	if (!mem_cgroup_sockets_enabled ||
	    !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return;
	rcu_read_lock();
	memcg = mem_cgroup_from_task(current);
	if (memcg && parent_mem_cgroup(memcg) && css_tryget(&memcg->css))
		sk->sk_memcg = memcg;
	rcu_read_unlock();
}

/**
 * waltz_charge_accepted() - who accepts a connection pays for it from now on
 * @child: the socket
 *
 * It was made in softirq, for nobody in particular. What it holds is given back
 * and taken anew; what its group has no room for is a debt, which the next
 * segments pay, or go.
 *
 * Context: process, no socket lock held.
 */
void waltz_charge_accepted(struct sock *child)
{
	int size;

	if (!mem_cgroup_sockets_enabled)
		return;
	lock_sock(child);
	if (child->sk_memcg)
		goto out;
	size = sk_mem_pages(child->sk_forward_alloc + child->sk_wmem_queued +
			    atomic_read(&child->sk_rmem_alloc)) << PAGE_SHIFT;
	if (size > 0)
		__sk_mem_reclaim(child, size);
	join_memcg(child);
	if (size > 0)
		__sk_mem_schedule(child, size, SK_MEM_RECV);
out:
	release_sock(child);
}
#else
void waltz_charge_accepted(struct sock *child)
{
}
#endif
