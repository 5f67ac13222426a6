/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows kernels apart. WALTZ_HAVE_* come from Kbuild,
 * which looks into the headers: stable kernels take over newer interfaces, so
 * a version number says little.
 */
#ifndef _WALTZ_COMPAT_H
#define _WALTZ_COMPAT_H

#include <linux/bpf-cgroup.h>
#include <linux/hrtimer.h>
#include <linux/net.h>
#include <linux/sysctl.h>
#include <linux/timer.h>
#include <net/sock.h>
#ifdef WALTZ_HAVE_PROTO_MEMORY
#include <net/proto_memory.h>
#endif

#ifdef WALTZ_HAVE_NET_GSO_H
#include <net/gso.h>
#endif

/* Parts of sock.h once */
#ifdef WALTZ_HAVE_PROTO_MEMORY
#include <net/proto_memory.h>
#endif

#ifndef WALTZ_HAVE_TIMER_DELETE
#define timer_delete		del_timer
#define timer_delete_sync	del_timer_sync
#endif

#ifdef WALTZ_HAVE_HRTIMER_SETUP
#define waltz_hrtimer_setup	hrtimer_setup
#else
static inline void
waltz_hrtimer_setup(struct hrtimer *timer,
		    enum hrtimer_restart (*fn)(struct hrtimer *),
		    clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

/* proto.accept; waltz_accept_args() declares the arguments beside sk. */
#ifdef WALTZ_HAVE_PROTO_ACCEPT_ARG
#define WALTZ_ACCEPT_PARAMS	struct proto_accept_arg *arg
#define WALTZ_ACCEPT_FLAGS	(arg->flags)
#define WALTZ_ACCEPT_ERR	(arg->err)
#else
#define WALTZ_ACCEPT_PARAMS	int flags, int *errp, bool kern
#define WALTZ_ACCEPT_FLAGS	flags
#define WALTZ_ACCEPT_ERR	(*errp)
#endif

/* A control group's programs may rewrite the length of an address, once there
 * were addresses of which that makes sense.
 */
#ifdef WALTZ_HAVE_CGROUP_UADDRLEN
#define waltz_cgroup_connect(sk, uaddr, len) \
	BPF_CGROUP_RUN_PROG_INET4_CONNECT(sk, uaddr, &(len))
#else
#define waltz_cgroup_connect(sk, uaddr, len) \
	BPF_CGROUP_RUN_PROG_INET4_CONNECT(sk, uaddr)
#endif

/* proto.ioctl */
#ifdef WALTZ_HAVE_PROTO_IOCTL_INTP
#define waltz_ioctl_t	int *
#define waltz_ioctl_answer(arg, v)	({ *(arg) = (v); 0; })
#else
#define waltz_ioctl_t	unsigned long
#define waltz_ioctl_answer(arg, v)	put_user((v), (int __user *)(arg))
#endif

/* sysctl tables ended with an empty entry once. */
#ifdef WALTZ_HAVE_SYSCTL_SZ
#define WALTZ_SYSCTL_SENTINEL
#define waltz_register_sysctl(net, path, table, n) \
	register_net_sysctl_sz(net, path, table, n)
#else
#define WALTZ_SYSCTL_SENTINEL	{ }
#define waltz_register_sysctl(net, path, table, n) \
	register_net_sysctl(net, path, table)
#endif

#ifdef WALTZ_HAVE_CONST_CTL_TABLE
#define waltz_ctl_table		const struct ctl_table
#else
#define waltz_ctl_table		struct ctl_table
#endif

#ifdef WALTZ_HAVE_INET_TEST_BIT
#define waltz_recverr(sk)	inet_test_bit(RECVERR, sk)
#else
#define waltz_recverr(sk)	(inet_sk(sk)->recverr)
#endif

/* struct inet_diag_handler pins its module by itself now. */
#ifdef WALTZ_HAVE_DIAG_OWNER
#define WALTZ_DIAG_OWNER	.owner = THIS_MODULE,
#else
#define WALTZ_DIAG_OWNER
#endif

/* sendfile() says by it that more pages follow, where it calls sendpage(). */
#ifdef WALTZ_HAVE_SENDPAGE
#define WALTZ_MSG_MORE	(MSG_MORE | MSG_SENDPAGE_NOTLAST)
#else
#define WALTZ_MSG_MORE	MSG_MORE
#endif

/* The filter of struct inet_diag_dump_data */
#ifdef WALTZ_HAVE_DIAG_BC_DATA
#define waltz_diag_bc_sk(data, sk)	inet_diag_bc_sk(data, sk)
#else
#define waltz_diag_bc_sk(data, sk) \
	inet_diag_bc_sk((data)->inet_diag_nla_bc, sk)
#endif

#endif /* _WALTZ_COMPAT_H */
