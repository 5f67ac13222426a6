// SPDX-License-Identifier: GPL-2.0
/*
 * A socket's life as its owner sees it: open, connect, listen, accept,
 * shutdown, close. Process context only. Reading and writing are in
 * stream_user.c, options in options.c.
 */
#include <linux/inetdevice.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/route.h>

#include "memory.h"
#include "request.h"
#include "trace.h"
#include "user.h"
#include "waltz.h"

/* What an event needs around it in process context. */
static void event_bh(struct sock *sk, enum waltz_event event)
{
	local_bh_disable();
	waltz_event(sk, event, NULL);
	local_bh_enable();
}

static void waltz_sock_destruct(struct sock *sk)
{
	sk_sockets_allocated_dec(sk);
	kfree(rcu_dereference_protected(waltz_sk(sk)->listener, true));
	inet_sock_destruct(sk);
}

/* Everything of the stream, as it is before a connection. */
static void reset_stream(struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	struct waltz_sock *ws = waltz_sk(sk);

	ws->snd_una = 0;
	ws->syn_acked = false;
	ws->snd_nxt = 0;
	ws->snd_wnd = 0;
	ws->max_wnd = 0;
	ws->write_seq = 0;
	ws->rcv_nxt = 0;
	ws->rcv_wnd = 0;
	ws->rcv_wup = 0;
	ws->rcv_adv = 0;
	ws->copied_seq = 0;
	ws->ts_recent = 0;
	ws->ts_recent_sec = 0;
	ws->challenge_sent = 0;
	ws->send_head = NULL;
	ws->ooo = RB_ROOT;
	ws->ooo_fresh = 0;
	waltz_sack_rcv_init(&ws->sack);
	ws->rcv_tune = (struct waltz_rcv_tune){};
	ws->stalled_since = 0;
	ws->last_sent = jiffies;
	ws->last_rcvd = jiffies;
	ws->last_text = jiffies;
	ws->retrans_total = 0;
	ws->backoff = 0;
	ws->probes_sent = 0;
	ws->mss = 0;
	ws->pmtu = 0;
	ws->plpmtu = (struct waltz_plpmtu){};
	ws->peer_mss = 0;
	ws->adv_mss = 0;
	ws->rcv_mss = WALTZ_MSS_DEFAULT;
	ws->snd_wscale = 0;
	ws->rcv_wscale = 0;
	ws->quickacks = 0;
	ws->ack_pending = false;
	ws->ts_ok = false;
	ws->wscale_ok = false;
	ws->sack_ok = false;
	ws->fin_queued = false;
	ws->fin_sent = false;
	ws->rcv_fin = false;
	ws->timer_deferred = false;
	ws->mtu_reduced = false;
	ws->retransmitted = false;
	ws->ecn = (struct waltz_ecn){ };
	waltz_rtt_init(&ws->rtt, READ_ONCE(s->rto_min_ms) * USEC_PER_MSEC,
		       READ_ONCE(s->rto_max_ms) * USEC_PER_MSEC);
	waltz_recovery_init(&ws->rec, ws->rec.cong.ops, WALTZ_MSS_DEFAULT, 0,
			    false);
}

static int waltz_init_sock(struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	struct waltz_sock *ws = waltz_sk(sk);

	INIT_LIST_HEAD(&ws->accept_node);
	ws->rec.cong.ops = &waltz_cubic;
	reset_stream(sk);
	waltz_timers_init(sk);
	/* Readers of the tables hold nothing but the RCU read lock. */
	sock_set_flag(sk, SOCK_RCU_FREE);
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	sk->sk_destruct = waltz_sock_destruct;
	sk_sockets_allocated_inc(sk);	/* of a child: sk_clone_lock() */
	sk->sk_write_space = waltz_write_space;
	sk->sk_gso_type = SKB_GSO_SCTP;	/* see offload.c */
	WRITE_ONCE(sk->sk_sndbuf, READ_ONCE(s->wmem[1]));
	WRITE_ONCE(sk->sk_rcvbuf, READ_ONCE(s->rmem[1]));
	return 0;
}

/**
 * waltz_init_child() - make a socket of its own out of a listener's clone
 * @child: what sk_clone_lock() gave
 *
 * Options are inherited, but for those of listeners; nothing else is.
 *
 * Context: softirq, child locked and known to nobody.
 */
void waltz_init_child(struct sock *child)
{
	struct waltz_sock *ws = waltz_sk(child);

	child->sk_state = TCP_CLOSE;
	RCU_INIT_POINTER(ws->listener, NULL);
	ws->port = NULL;
	ws->hash_lock = NULL;
	ws->port_shared = false;
	ws->orphan = false;
	ws->defer_accept = 0;
	INIT_LIST_HEAD(&ws->accept_node);
	child->sk_ack_backlog = 0;
	child->sk_max_ack_backlog = 0;
	RCU_INIT_POINTER(inet_sk(child)->inet_opt, NULL);
	RCU_INIT_POINTER(inet_sk(child)->mc_list, NULL);
	sk_set_txhash(child);
	reset_stream(child);
	waltz_timers_init(child);
}

/* ---- connect ---- */

/* The route, and with it the addresses. That of the peer is what a route of the
 * user's choice (IP_OPTIONS) ends in, not the next hop.
 */
static int route_connect(struct sock *sk, const struct sockaddr_in *to,
			 struct flowi4 *fl4, struct rtable **rtp)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options_rcu *opt;
	__be32 nexthop = to->sin_addr.s_addr;
	struct rtable *rt;

	opt = rcu_dereference_protected(inet->inet_opt,
					lockdep_sock_is_held(sk));
	if (opt && opt->opt.srr) {
		if (!nexthop)
			return -EINVAL;
		nexthop = opt->opt.faddr;
	}
	rt = ip_route_connect(fl4, nexthop, inet->inet_saddr,
			      sk->sk_bound_dev_if, waltz_protocol,
			      inet->inet_sport, to->sin_port, sk);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	if (rt->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST)) {
		ip_rt_put(rt);
		return -ENETUNREACH;
	}
	if (!inet->inet_saddr) {
		inet->inet_saddr = fl4->saddr;
		inet->inet_rcv_saddr = fl4->saddr;
	}
	inet->inet_daddr = opt && opt->opt.srr ? to->sin_addr.s_addr :
						 fl4->daddr;
	inet->inet_dport = to->sin_port;
	*rtp = rt;
	return 0;
}

static void start_stream(struct sock *sk, const struct waltz_key *key,
			 u32 isn_min)
{
	const struct waltz_sysctls *s = &waltz_net(key->net)->sysctls;
	struct waltz_sock *ws = waltz_sk(sk);

	reset_stream(sk);
	WRITE_ONCE(sk->sk_err, 0);	/* of a disconnect() before */
	ws->iss = waltz_secure_isn(key);
	if (isn_min)
		ws->iss = seq_max(ws->iss, isn_min);
	ws->snd_una = ws->iss;
	ws->snd_nxt = ws->iss;
	ws->write_seq = ws->iss + 1;
	ws->ts_offset = waltz_secure_ts_offset(key);
	ws->ts_ok = READ_ONCE(s->timestamps);
	ws->wscale_ok = READ_ONCE(s->window_scaling);
	ws->sack_ok = READ_ONCE(s->sack);
	waltz_ecn_open(&ws->ecn, waltz_ecn_mode(key->net, __sk_dst_get(sk)));
	ws->rcv_wscale = ws->wscale_ok ?
			 waltz_choose_wscale(key->net, sk->sk_rcvbuf) : 0;
	ws->rcv_wnd = min_t(u32, waltz_rcv_space(sk), 65535);
}

/* A control group's program may refuse the address, or write another one; it sees
 * no more of it than the caller gave.
 */
static int waltz_pre_connect(struct sock *sk, struct sockaddr *uaddr,
			     int addr_len)
{
	waltz_owned_by_me(sk);
	if (addr_len < (int)sizeof(struct sockaddr_in))
		return -EINVAL;
	return waltz_cgroup_connect(sk, uaddr, addr_len);
}

static int waltz_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	struct sockaddr_in *to = (struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	__be32 old_saddr = inet->inet_saddr;
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;
	struct waltz_key key;
	struct rtable *rt;
	u32 isn_min;
	int err;

	waltz_owned_by_me(sk);
	if (addr_len < (int)sizeof(*to))
		return -EINVAL;
	if (to->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	err = route_connect(sk, to, fl4, &rt);
	if (err)
		return err;
	waltz_key_init(&key, sock_net(sk), inet->inet_saddr, 0,
		       inet->inet_daddr, inet->inet_dport);
	key.dif = sk->sk_bound_dev_if;

	err = waltz_connect_port(sk, &key, &isn_min);
	if (err)
		goto failed;
	sk_set_txhash(sk);
	rt = ip_route_newports(fl4, rt, 0, to->sin_port, inet->inet_sport,
			       inet->inet_dport, sk);
	if (IS_ERR(rt)) {
		err = PTR_ERR(rt);
		rt = NULL;
		waltz_unhash(sk);
		if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			waltz_put_port(sk);
		goto failed;
	}
	sk_setup_caps(sk, &rt->dst);
	start_stream(sk, &key, isn_min);
	waltz_current_mss(sk);
	WALTZ_INC(waltz_net(key.net), ACTIVE_OPENS);
	local_bh_disable();
	waltz_connect_reuse(&key);
	waltz_event(sk, WALTZ_EV_USER_CONNECT, NULL);
	local_bh_enable();
	return 0;

failed:
	ip_rt_put(rt);
	inet->inet_saddr = old_saddr;
	inet->inet_rcv_saddr = old_saddr;
	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	sk->sk_route_caps = 0;
	return err;
}

/* connect(AF_UNSPEC), shutdown() of a listener, and connect() that failed. */
static int waltz_disconnect(struct sock *sk, int flags)
{
	struct inet_sock *inet = inet_sk(sk);
	unsigned int old = sk->sk_state;

	waltz_owned_by_me(sk);
	if (old != TCP_CLOSE) {
		event_bh(sk, WALTZ_EV_USER_ABORT);
		if (old != TCP_LISTEN)
			WRITE_ONCE(sk->sk_err, ECONNRESET);
	}
	waltz_timers_stop(sk);
	__skb_queue_purge(&sk->sk_receive_queue);
	waltz_purge_ooo(sk);
	waltz_purge_write_queue(sk);
	inet->inet_dport = 0;
	inet->inet_daddr = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet->inet_saddr = 0;
		inet->inet_rcv_saddr = 0;
	}
	WRITE_ONCE(sk->sk_shutdown, 0);
	WRITE_ONCE(sk->sk_err_soft, 0);
	sock_reset_flag(sk, SOCK_DONE);
	/* As TCP: of the options, these two are a connection's. */
	waltz_sk(sk)->user_mss = 0;
	WRITE_ONCE(waltz_sk(sk)->window_clamp, 0);
	reset_stream(sk);
	__sk_dst_reset(sk);
	WARN_ON_ONCE(inet->inet_num && !waltz_sk(sk)->port);
	sk_error_report(sk);
	return 0;
}

/* ---- listen and accept ---- */

/**
 * waltz_listen() - proto_ops.listen
 * @sock: the socket
 * @backlog: how many connections may wait for accept()
 *
 * Return: 0 or a negative error, as for TCP.
 */
int waltz_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct inet_sock *inet = inet_sk(sk);
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED)
		goto out;
	if (sk->sk_state == TCP_LISTEN) {
		WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
		err = 0;
		goto out;
	}
	if (sk->sk_state != TCP_CLOSE)
		goto out;
	err = waltz_listener_start(sk);
	if (err)
		goto out;
	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	sk->sk_ack_backlog = 0;
	/* The port's rules are a listener's from here on: state first. */
	event_bh(sk, WALTZ_EV_USER_LISTEN);
	err = sk->sk_prot->get_port(sk, inet->inet_num);
	if (err) {
		event_bh(sk, WALTZ_EV_USER_ABORT);
		WRITE_ONCE(sk->sk_shutdown, 0);
		goto out;
	}
	inet->inet_sport = htons(inet->inet_num);
	sk_dst_reset(sk);
	waltz_hash_listener(sk);
out:
	release_sock(sk);
	return err;
}

static struct sock *wait_for_child(struct sock *sk, long timeo, int *err)
{
	struct sock *child;
	DEFINE_WAIT(wait);

	for (;;) {
		child = waltz_accept_dequeue(sk);
		if (child)
			break;
		*err = -EAGAIN;
		if (!timeo)
			break;
		prepare_to_wait_exclusive(sk_sleep(sk), &wait,
					  TASK_INTERRUPTIBLE);
		release_sock(sk);
		if (!sk->sk_ack_backlog)
			timeo = schedule_timeout(timeo);
		sched_annotate_sleep();
		lock_sock(sk);
		finish_wait(sk_sleep(sk), &wait);
		*err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			break;
		*err = sock_intr_errno(timeo);
		if (signal_pending(current) && !sk->sk_ack_backlog)
			break;
	}
	if (child && trace_accept_queue_enabled())
		waltz_trace_queue(sk, child, WALTZ_QUEUE_ACCEPTED);
	return child;
}

static struct sock *waltz_accept(struct sock *sk, WALTZ_ACCEPT_PARAMS)
{
	bool nonblock = WALTZ_ACCEPT_FLAGS & O_NONBLOCK;
	struct sock *child = NULL;
	int err = -EINVAL;

	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN)
		child = wait_for_child(sk, sock_rcvtimeo(sk, nonblock), &err);
	release_sock(sk);
	if (child)
		waltz_charge_accepted(child);
	else
		WALTZ_ACCEPT_ERR = err;
	return child;
}

/* ---- shutdown and close ---- */

#define CAN_SEND_FIN	(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_SYN_RECV)

static void waltz_shutdown(struct sock *sk, int how)
{
	waltz_owned_by_me(sk);
	if ((how & SEND_SHUTDOWN) && ((1 << sk->sk_state) & CAN_SEND_FIN))
		event_bh(sk, WALTZ_EV_USER_CLOSE);
}

/* Throw away what was received. Return: true when some of it was not read. */
static bool purge_unread(struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *skb;
	bool unread = false;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue))) {
		unread |= seq_gt(WALTZ_CB(skb)->end_seq, ws->copied_seq);
		__kfree_skb(skb);
	}
	return unread;
}

static void close_stream(struct sock *sk)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	bool unread = purge_unread(sk);

	if (sk->sk_state == TCP_CLOSE)
		return;
	if (sk->sk_state != TCP_LISTEN && unread) {
		/* RFC 9293 3.6.1: what was sent is lost, and the peer must
		 * know that.
		 */
		WALTZ_INC(wn, ABORT_DATA);
		event_bh(sk, WALTZ_EV_USER_ABORT);
	} else if (sk->sk_state != TCP_LISTEN && sock_flag(sk, SOCK_LINGER) &&
		   !sk->sk_lingertime) {
		WALTZ_INC(wn, ABORT_LINGER);
		event_bh(sk, WALTZ_EV_USER_ABORT);
	} else if ((1 << sk->sk_state) &
		   (CAN_SEND_FIN | TCPF_SYN_SENT | TCPF_LISTEN)) {
		event_bh(sk, WALTZ_EV_USER_CLOSE);
	}
}

/* What becomes of a socket whose owner has gone. Context: BH off, locked. */
static void without_owner(struct sock *sk)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));

	if (sk->sk_state == TCP_FIN_WAIT2) {
		waltz_event(sk, waltz_sk(sk)->linger2 < 0 ?
			    WALTZ_EV_USER_ABORT : WALTZ_EV_USER_ORPHAN, NULL);
	} else if (waltz_must_go(sk, 0)) {
		WALTZ_INC(wn, ABORT_ORPHAN);
		waltz_event(sk, WALTZ_EV_USER_ABORT, NULL);
	}
}

static void waltz_close(struct sock *sk, long timeout)
{
	struct waltz_net *wn = waltz_net(sock_net(sk));
	unsigned int state;

	lock_sock(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	close_stream(sk);
	sk_stream_wait_close(sk, timeout);

	state = sk->sk_state;
	sock_hold(sk);
	sock_orphan(sk);
	waltz_sk(sk)->orphan = true;
	atomic_inc(&wn->orphans);
	/* What waits in the backlog is processed, and may bring the end; so may
	 * sock_diag, which can own the socket in between.
	 */
	release_sock(sk);

	lock_sock(sk);
	local_bh_disable();
	if (state == TCP_CLOSE)
		waltz_destroy(sk);
	else if (sk->sk_state != TCP_CLOSE)
		without_owner(sk);
	local_bh_enable();
	release_sock(sk);
	sock_put(sk);
}

/* RFC 9293 3.10.5, ABORT, but not by the user, who learns of it by an error.
 * Context: BH off, socket lock held.
 */
static void abort_with_error(struct sock *sk, int err)
{
	WRITE_ONCE(sk->sk_err, err);
	smp_wmb();	/* pairs with the barrier of waltz_poll() */
	WALTZ_INC(waltz_net(sock_net(sk)), ABORT_KILLED);
	waltz_event(sk, WALTZ_EV_USER_ABORT, NULL);
	if (sock_flag(sk, SOCK_DEAD))
		return;
	sk_error_report(sk);
	sk->sk_state_change(sk);
}

/* proc.diag_destroy: an administrator wants the socket to end. */
static int waltz_abort(struct sock *sk, int err)
{
	int ret = 0;

	lock_sock(sk);
	local_bh_disable();
	if (sk->sk_state == TCP_LISTEN) {
		abort_with_error(sk, err);
	} else {
		/* waltz_listener_stop() ends a child that nobody accepted
		 * without asking whether somebody owns it.
		 */
		bh_lock_sock(sk);
		if (sk->sk_state != TCP_CLOSE)
			abort_with_error(sk, err);
		else
			ret = -ENOENT;
		bh_unlock_sock(sk);
	}
	local_bh_enable();
	release_sock(sk);
	return ret;
}

/* The user lets go: timers and ICMP errors that could not wait longer. */
static void waltz_release_cb(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	if (ws->timer_deferred) {
		ws->timer_deferred = false;
		sock_hold(sk);
		waltz_timers_run(sk);
		__sock_put(sk);
	}
	if (ws->mtu_reduced) {
		ws->mtu_reduced = false;
		if (sk->sk_state != TCP_CLOSE && sk->sk_state != TCP_LISTEN)
			waltz_mtu_reduced(sk);
	}
}

/* ---- registration ---- */

struct proto waltz_prot = {
	.name			= "WALTZ",
	.owner			= THIS_MODULE,
	.close			= waltz_close,
	.pre_connect		= waltz_pre_connect,
	.connect		= waltz_connect,
	.disconnect		= waltz_disconnect,
	.accept			= waltz_accept,
	.ioctl			= waltz_ioctl,
	.init			= waltz_init_sock,
	.shutdown		= waltz_shutdown,
	.setsockopt		= waltz_setsockopt,
	.getsockopt		= waltz_getsockopt,
	.keepalive		= waltz_set_keepalive,
	.diag_destroy		= waltz_abort,
	.sendmsg		= waltz_sendmsg,
	.recvmsg		= waltz_recvmsg,
	.backlog_rcv		= waltz_backlog_rcv,
	.release_cb		= waltz_release_cb,
	.get_port		= waltz_get_port,
	.put_port		= waltz_put_port,
	.enter_memory_pressure	= waltz_enter_memory_pressure,
	.leave_memory_pressure	= waltz_leave_memory_pressure,
	.sockets_allocated	= &waltz_sockets_allocated,
	.memory_allocated	= &waltz_memory_allocated,
	.per_cpu_fw_alloc	= &waltz_memory_fw_alloc,
	.memory_pressure	= &waltz_memory_pressure,
	.sysctl_mem		= waltz_sysctl_mem,
	.sysctl_wmem		= waltz_no_minimum,
	.sysctl_rmem		= waltz_no_minimum,
	.max_header		= MAX_HEADER + sizeof(struct iphdr) + WALTZ_HDR_MAX,
	.obj_size		= sizeof(struct waltz_sock),
	.stream_memory_free	= waltz_memory_free,
#ifdef WALTZ_HAVE_SPLICE_EOF
	.splice_eof		= waltz_splice_eof,
#endif
	/* sk_common_release() asks for it, of a socket that a program of a
	 * control group refuses.
	 */
	.unhash			= waltz_unhash,
	.rehash			= waltz_rehash,
	.no_autobind		= true,
};

const struct proto_ops waltz_stream_ops = {
	.family			= PF_INET,
	.owner			= THIS_MODULE,
	.release		= inet_release,
	.bind			= inet_bind,
	.connect		= inet_stream_connect,
	.socketpair		= sock_no_socketpair,
	.accept			= inet_accept,
	.getname		= inet_getname,
	.poll			= waltz_poll,
	.ioctl			= inet_ioctl,
	.gettstamp		= sock_gettstamp,
	.listen			= waltz_listen,
	.shutdown		= inet_shutdown,
	.setsockopt		= sock_common_setsockopt,
	.getsockopt		= sock_common_getsockopt,
	.sendmsg		= inet_sendmsg,
	.recvmsg		= inet_recvmsg,
	.mmap			= sock_no_mmap,
	.set_peek_off		= sk_set_peek_off,
	.set_rcvlowat		= waltz_set_rcvlowat,
#ifdef WALTZ_HAVE_SPLICE_EOF
	.splice_eof		= inet_splice_eof,
#endif
#ifdef WALTZ_HAVE_SENDPAGE
	.sendpage		= sock_no_sendpage,
#endif
};

/**
 * waltz_sock_init() - the protocol, and memory for it
 *
 * Return: 0 or a negative error.
 */
int waltz_sock_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct waltz_cb) >
		     sizeof_field(struct sk_buff, cb));
	/* The aim for a live connection, where locks are only locks: two
	 * thirds of a TCP socket's 2,304 bytes, and what ECN, black holes and
	 * buffers that grow want. 20 of them fill 32 KB.
	 */
	BUILD_BUG_ON(!IS_ENABLED(CONFIG_LOCKDEP) &&
		     sizeof(struct waltz_sock) > 1600);
	err = waltz_memory_init();
	if (err)
		return err;
	err = proto_register(&waltz_prot, 1);
	if (err)
		waltz_memory_exit();
	return err;
}

/**
 * waltz_sock_exit() - no socket is left
 */
void waltz_sock_exit(void)
{
	proto_unregister(&waltz_prot);
	waltz_memory_exit();
}
