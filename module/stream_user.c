// SPDX-License-Identifier: GPL-2.0
/*
 * The byte stream as the system calls see it: send, receive, poll, and how
 * much waits. Process context.
 */
#include <linux/poll.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/inet_common.h>

#include <asm/ioctls.h>

#include "memory.h"
#include "stream.h"
#include "user.h"

/* ---- send ---- */

/* Room in the last segment, when it has not been sent yet. */
static struct sk_buff *open_tail(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	struct sk_buff *tail = skb_peek_tail(&sk->sk_write_queue);

	if (!ws->send_head || !tail || tail->len >= ws->mss ||
	    WALTZ_CB(tail)->psh)
		return NULL;
	return tail;
}

static void queue_skb(struct sock *sk, struct sk_buff *skb)
{
	struct waltz_sock *ws = waltz_sk(sk);

	*WALTZ_CB(skb) = (struct waltz_cb) {
		.seq = ws->write_seq,
		.end_seq = ws->write_seq,
	};
	__skb_queue_tail(&sk->sk_write_queue, skb);
	sk_wmem_queued_add(sk, skb->truesize);
	sk_mem_charge(sk, skb->truesize);
	if (!ws->send_head)
		ws->send_head = skb;
}

/* An skb that came to nothing: copying failed before its first byte. */
static void unqueue_empty(struct sock *sk, struct sk_buff *skb)
{
	struct waltz_sock *ws = waltz_sk(sk);

	if (!skb || skb->len)
		return;
	if (ws->send_head == skb)
		ws->send_head = NULL;
	__skb_unlink(skb, &sk->sk_write_queue);
	waltz_free_data_skb(sk, skb);
}

/* Copy from the user to the end of an skb. Return: bytes, 0 when it is full
 * of fragments, or a negative error.
 */
static int fill(struct sock *sk, struct sk_buff *skb, struct msghdr *msg)
{
	struct page_frag *pfrag = sk_page_frag(sk);
	int i = skb_shinfo(skb)->nr_frags;
	bool merge;
	int copy, err;

	if (!sk_page_frag_refill(sk, pfrag))
		return -ENOBUFS;
	merge = skb_can_coalesce(skb, i, pfrag->page, pfrag->offset);
	if (!merge && i >= MAX_SKB_FRAGS)
		return 0;
	copy = min_t(size_t, msg_data_left(msg), waltz_sk(sk)->mss - skb->len);
	copy = min_t(int, copy, pfrag->size - pfrag->offset);
	copy = waltz_wmem_schedule(sk, copy);
	if (!copy)
		return -ENOBUFS;
	/* Accounts for the bytes: truesize, wmem_queued, memory charge. */
	err = skb_copy_to_page_nocache(sk, &msg->msg_iter, skb, pfrag->page,
				       pfrag->offset, copy);
	if (err)
		return err;
	if (merge) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], copy);
	} else {
		skb_fill_page_desc(skb, i, pfrag->page, pfrag->offset, copy);
		get_page(pfrag->page);
	}
	pfrag->offset += copy;
	return copy;
}

static void push_bh(struct sock *sk, bool nagle_off)
{
	local_bh_disable();
	waltz_push(sk, nagle_off);
	local_bh_enable();
}

/**
 * waltz_memory_free() - proto.stream_memory_free: may more be queued?
 * @sk: the socket
 * @wake: whether that would wake a writer: then half of it has to be free
 *
 * TCP_NOTSENT_LOWAT bounds what waits to be sent, for send() and poll().
 *
 * Context: any.
 */
bool waltz_memory_free(const struct sock *sk, int wake)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	u32 lowat = READ_ONCE(ws->notsent_lowat);
	s32 unsent;

	if (!lowat)
		return true;
	/* Negative when the FIN was sent. */
	unsent = (s32)(READ_ONCE(ws->write_seq) - READ_ONCE(ws->snd_nxt));
	return unsent <= 0 || (u64)unsent << wake < lowat;
}

static int wait_for_memory(struct sock *sk, long *timeo)
{
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	push_bh(sk, true);
	return sk_stream_wait_memory(sk, timeo);
}

static int send_locked(struct sock *sk, struct msghdr *msg)
{
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	struct waltz_sock *ws = waltz_sk(sk);
	bool more = msg->msg_flags & WALTZ_MSG_MORE;
	struct sk_buff *skb = NULL;
	int copied = 0, err;

	if (!((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT))) {
		err = sk_stream_wait_connect(sk, &timeo);
		if (err)
			goto error;
	}
	if (msg->msg_controllen) {
		struct sockcm_cookie cookie;

		/* Nothing in it changes a stream, but it must make sense. */
		sockcm_init(&cookie, sk);
		err = -EINVAL;
		if (sock_cmsg_send(sk, msg, &cookie))
			goto error;
	}
	sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	waltz_current_mss(sk);
	err = -EPIPE;
	if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN))
		goto error;

	while (msg_data_left(msg)) {
		err = -EPIPE;
		if (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN))
			goto error;
		skb = open_tail(sk);
		if (!skb) {
			if (!sk_stream_memory_free(sk))
				goto wait;
			skb = waltz_alloc_data_skb(sk, sk->sk_allocation);
			if (!skb)
				goto wait;
			queue_skb(sk, skb);
		}
		err = fill(sk, skb, msg);
		if (err == -ENOBUFS) {
			unqueue_empty(sk, skb);
			goto wait;
		}
		if (err < 0) {
			unqueue_empty(sk, skb);
			goto error;
		}
		if (!err) {
			WALTZ_CB(skb)->psh = true;	/* begin another */
			continue;
		}
		copied += err;
		WRITE_ONCE(ws->write_seq, ws->write_seq + err);
		WALTZ_CB(skb)->end_seq += err;
		if ((msg->msg_flags & MSG_EOR) && !msg_data_left(msg))
			WALTZ_CB(skb)->psh = true;
		/* Let the wire begin while we copy. */
		if (skb->len >= ws->mss && ws->write_seq - ws->snd_nxt >= ws->max_wnd / 2)
			push_bh(sk, true);
		continue;
wait:
		err = wait_for_memory(sk, &timeo);
		if (err)
			goto error;
		waltz_current_mss(sk);
	}
out:
	if (copied) {
		bool cork = ws->cork;

		/* MSG_MORE is TCP_CORK for this call. */
		ws->cork |= more;
		push_bh(sk, ws->nodelay && !ws->cork);
		ws->cork = cork;
	}
	return copied;

error:
	if (copied)
		goto out;
	err = sk_stream_error(sk, msg->msg_flags, err);
	/* Edge-triggered waiters must hear of it: the queue may be empty. */
	if (err == -EAGAIN)
		sk->sk_write_space(sk);
	return err;
}

/**
 * waltz_sendmsg() - proto.sendmsg
 * @sk: the socket
 * @msg: what to send
 * @len: bytes
 *
 * Context: process.
 * Return: bytes queued, or a negative error as for TCP.
 */
int waltz_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	int ret;

	/* RFC 6093; RFC 7413, as TCP where it is switched off. */
	if (msg->msg_flags & (MSG_OOB | MSG_FASTOPEN))
		return -EOPNOTSUPP;
	lock_sock(sk);
	ret = send_locked(sk, msg);
	release_sock(sk);
	return ret;
}

/**
 * waltz_splice_eof() - proto.splice_eof: a file ended before it was asked to
 * @sock: the socket
 *
 * What sendfile() or splice() has written with MSG_MORE goes.
 *
 * Context: process.
 */
void waltz_splice_eof(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct waltz_sock *ws = waltz_sk(sk);

	lock_sock(sk);
	if (ws->send_head)
		push_bh(sk, ws->nodelay && !ws->cork);
	release_sock(sk);
}

/**
 * waltz_write_space() - sk_write_space: wake writers when there is room
 * @sk: the socket
 *
 * Context: any.
 */
void waltz_write_space(struct sock *sk)
{
	struct socket *sock = sk->sk_socket;
	struct socket_wq *wq;

	if (!sock || !test_bit(SOCK_NOSPACE, &sock->flags) ||
	    !__sk_stream_is_writeable(sk, 1))
		return;
	clear_bit(SOCK_NOSPACE, &sock->flags);
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, EPOLLOUT | EPOLLWRNORM |
					   EPOLLWRBAND);
	if (wq && wq->fasync_list && !(sk->sk_shutdown & SEND_SHUTDOWN))
		sock_wake_async(wq, SOCK_WAKE_SPACE, POLL_OUT);
	rcu_read_unlock();
}

/* ---- receive ---- */

/* The skb that holds a sequence number, and where in it. */
static struct sk_buff *find_byte(struct sock *sk, u32 seq, u32 *offset)
{
	struct sk_buff *skb;

	skb_queue_walk(&sk->sk_receive_queue, skb) {
		/* Never: it would be a byte before the skb's memory. */
		if (WARN_ON_ONCE(seq_lt(seq, WALTZ_CB(skb)->seq)))
			return NULL;
		if (seq_lt(seq, WALTZ_CB(skb)->end_seq)) {
			*offset = seq - WALTZ_CB(skb)->seq;
			return skb;
		}
	}
	return NULL;
}

static void eat(struct sock *sk, struct sk_buff *skb)
{
	__skb_unlink(skb, &sk->sk_receive_queue);
	consume_skb(skb);
}

/* The skb that was read last says when it came, if anybody asked. */
static bool has_stamp(const struct sock *sk, struct sk_buff *skb)
{
	return (sock_flag(sk, SOCK_RCVTSTAMP) || READ_ONCE(sk->sk_tsflags)) &&
	       (skb->tstamp || skb_hwtstamps(skb)->hwtstamp);
}

/* Nothing to read now. Return: 1: stop, with what @copied says or 0 for end of
 * file; 0: something may come; negative: an error.
 */
static int may_wait(struct sock *sk, bool copied, long timeo)
{
	if (copied)
		return sk->sk_err || sk->sk_state == TCP_CLOSE ||
		       (sk->sk_shutdown & RCV_SHUTDOWN) || !timeo ||
		       signal_pending(current);
	if (sock_flag(sk, SOCK_DONE))
		return 1;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 1;
	if (sk->sk_state == TCP_CLOSE)
		return -ENOTCONN;
	if (!timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(timeo);
	return 0;
}

/* A window that TCP_WINDOW_CLAMP keeps below two segments never grows by that
 * much; half of the clamp is worth telling.
 */
static void open_clamped_window(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	s32 left = (s32)(waltz_rcv_wnd_end(ws) - ws->rcv_nxt);

	ws->rcv_mss = (u16)min_t(u32, ws->rcv_mss, ws->window_clamp);
	if (waltz_rcv_space(sk) - max(left, 0) >= (int)(ws->window_clamp / 2))
		waltz_send_ack(sk);
}

static void read_bh(struct sock *sk, u32 copied)
{
	local_bh_disable();
	waltz_stream_read(sk, copied);
	if (copied && waltz_sk(sk)->window_clamp &&
	    !(sk->sk_shutdown & RCV_SHUTDOWN) &&
	    ((1 << sk->sk_state) &
	     (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2)))
		open_clamped_window(sk);
	local_bh_enable();
}

/* @stamped: the skb to tell the time of, with a reference; NULL: none */
static int recv_locked(struct sock *sk, struct msghdr *msg, size_t len,
		       int flags, struct sk_buff **stamped)
{
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	int target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
	struct waltz_sock *ws = waltz_sk(sk);
	bool peek = flags & MSG_PEEK;
	u32 seq, taken = 0, skip;
	int copied = 0, err = 0;

	if (sk->sk_state == TCP_LISTEN)
		return -ENOTCONN;
	if (flags & MSG_OOB)
		return -EINVAL;
	if (ws->inq)
		msg->msg_get_inq = 1;
	skip = max(sk_peek_offset(sk, flags), 0);	/* SO_PEEK_OFF */
	seq = ws->copied_seq + skip;

	/* Once at least: a length of 0 asks whether there is anything. */
	do {
		struct sk_buff *skb;
		u32 offset, used;

		skb = find_byte(sk, seq, &offset);
		if (!skb) {
			if (copied >= target && !READ_ONCE(sk->sk_backlog.tail))
				break;
			err = may_wait(sk, copied, timeo);
			if (err)
				break;
			if (copied >= target) {
				/* What waits there may be ours. The lock stays
				 * with us: nobody else reads in between.
				 */
				__sk_flush_backlog(sk);
				continue;
			}
			read_bh(sk, taken);
			taken = 0;
			/* Who disconnects meanwhile may connect anew: nothing
			 * of that is for us.
			 */
			err = sk_wait_data(sk, &timeo,
					   skb_peek_tail(&sk->sk_receive_queue));
			if (err < 0)
				break;
			/* Another thread may have read meanwhile. */
			if (!peek)
				seq = ws->copied_seq;
			else if (seq - skip - copied != ws->copied_seq)
				seq = ws->copied_seq + skip;
			continue;
		}
		used = min_t(size_t, skb->len - offset, len);
		if (!(flags & MSG_TRUNC)) {
			err = skb_copy_datagram_msg(skb, offset, msg, used);
			if (err) {
				err = -EFAULT;
				break;
			}
		}
		seq += used;
		copied += used;
		len -= used;
		if (has_stamp(sk, skb)) {
			consume_skb(*stamped);
			*stamped = skb_get(skb);
		}
		if (peek) {
			sk_peek_offset_fwd(sk, (int)used);
			continue;
		}
		sk_peek_offset_bwd(sk, (int)used);
		WRITE_ONCE(ws->copied_seq, seq);
		taken += used;
		if (offset + used == skb->len)
			eat(sk, skb);
	} while (len);
	read_bh(sk, taken);
	if (copied)
		return copied;
	return err < 0 ? err : 0;
}

/* What can be read, and the end of the stream as one more. */
static int inq_hint(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	int inq = (int)(READ_ONCE(ws->rcv_nxt) - READ_ONCE(ws->copied_seq));

	return inq > 0 ? inq : sock_flag(sk, SOCK_DONE);
}

/**
 * waltz_recvmsg() - proto.recvmsg
 * @sk: the socket
 * @msg: where to
 * @len: bytes at most
 * @flags: MSG_*
 * @addr_len: not used: a stream has one peer
 *
 * Context: process.
 * Return: bytes, 0 at the end of file, or a negative error as for TCP.
 */
int waltz_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
		  int *addr_len)
{
	struct sk_buff *stamped = NULL;
	bool tell;
	int ret;

	if (flags & MSG_ERRQUEUE)
		return inet_recv_error(sk, msg, len, addr_len);
	lock_sock(sk);
	ret = recv_locked(sk, msg, len, flags, &stamped);
	tell = waltz_sk(sk)->inq;
	if (stamped && ret >= 0)
		sock_recv_timestamp(msg, sk, stamped);
	consume_skb(stamped);	/* uncharges: not without the lock */
	release_sock(sk);
	/* io_uring asks by itself. */
	if (msg->msg_get_inq && ret >= 0) {
		msg->msg_inq = inq_hint(sk);
		if (tell)
			put_cmsg(msg, SOL_TCP, TCP_CM_INQ,
				 sizeof(msg->msg_inq), &msg->msg_inq);
	}
	return ret;
}

/* ---- poll and ioctl ---- */

/**
 * waltz_set_rcvlowat() - proto_ops.set_rcvlowat: SO_RCVLOWAT
 * @sk: the socket
 * @val: bytes
 *
 * A buffer that nobody has set grows to hold them.
 *
 * Context: process, socket lock held.
 * Return: 0.
 */
int waltz_set_rcvlowat(struct sock *sk, int val)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	bool fixed = sk->sk_userlocks & SOCK_RCVBUF_LOCK;

	val = min(val, (fixed ? sk->sk_rcvbuf : READ_ONCE(s->rmem[2])) / 2);
	WRITE_ONCE(sk->sk_rcvlowat, val ?: 1);
	if (!fixed && 2 * val > sk->sk_rcvbuf)
		WRITE_ONCE(sk->sk_rcvbuf, 2 * val);
	if (sk->sk_state != TCP_LISTEN && waltz_is_readable(sk))
		sk->sk_data_ready(sk);
	return 0;
}

static __poll_t poll_write(struct sock *sk)
{
	if (sk->sk_shutdown & SEND_SHUTDOWN)
		return EPOLLOUT | EPOLLWRNORM;
	if (__sk_stream_is_writeable(sk, 1))
		return EPOLLOUT | EPOLLWRNORM;
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* Room may have come between the test and the bit. Pairs with the
	 * barrier of wq_has_sleeper().
	 */
	smp_mb__after_atomic();
	return __sk_stream_is_writeable(sk, 1) ? EPOLLOUT | EPOLLWRNORM : 0;
}

/**
 * waltz_poll() - proto_ops.poll; answers as tcp_poll() does
 * @file: the file
 * @sock: the socket
 * @wait: poll table
 *
 * Context: process, no locks: every field is read once.
 */
__poll_t waltz_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct sock *sk = sock->sk;
	__poll_t mask = 0;
	u8 shutdown;
	int state;

	sock_poll_wait(file, sock, wait);
	state = smp_load_acquire(&sk->sk_state);	/* before what it says of others */
	if (state == TCP_LISTEN)
		return READ_ONCE(sk->sk_ack_backlog) ?
		       EPOLLIN | EPOLLRDNORM : 0;

	shutdown = READ_ONCE(sk->sk_shutdown);
	if (shutdown == SHUTDOWN_MASK || state == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;

	if (state != TCP_SYN_SENT && state != TCP_SYN_RECV) {
		if (waltz_is_readable(sk))
			mask |= EPOLLIN | EPOLLRDNORM;
		mask |= poll_write(sk);
	}
	smp_rmb();	/* pairs with set_error(): state first, then error */
	if (READ_ONCE(sk->sk_err) ||
	    !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= EPOLLERR;
	return mask;
}

/**
 * waltz_ioctl() - proto.ioctl: SIOCINQ (FIONREAD), SIOCOUTQ, SIOCOUTQNSD,
 *	SIOCATMARK
 * @sk: the socket
 * @cmd: which
 * @arg: where the answer goes; its type is compat.h's business
 *
 * Context: process.
 * Return: 0, or a negative error as for TCP.
 */
int waltz_ioctl(struct sock *sk, int cmd, waltz_ioctl_t arg)
{
	struct waltz_sock *ws = waltz_sk(sk);
	bool listening = sk->sk_state == TCP_LISTEN;
	bool opening = (1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV);
	int answer = 0;

	switch (cmd) {
	case SIOCINQ:
		if (listening)
			return -EINVAL;
		lock_sock(sk);
		if (!opening && !skb_queue_empty(&sk->sk_receive_queue))
			answer = waltz_readable(sk);
		release_sock(sk);
		break;
	case SIOCATMARK:
		break;
	case SIOCOUTQ:
		if (listening)
			return -EINVAL;
		if (!opening)
			answer = READ_ONCE(ws->write_seq) + ws->fin_queued -
				 READ_ONCE(ws->snd_una);
		break;
	case SIOCOUTQNSD:
		if (listening)
			return -EINVAL;
		if (!opening)
			answer = READ_ONCE(ws->write_seq) + ws->fin_queued -
				 READ_ONCE(ws->snd_nxt);
		break;
	default:
		return -ENOIOCTLCMD;
	}
	return waltz_ioctl_answer(arg, answer);
}
