// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options of level IPPROTO_TCP, with TCP's names, values and units, so
 * that programs written for TCP run unmodified. Those whose machinery does
 * not exist here answer ENOPROTOOPT.
 */
#include <linux/tcp.h>
#include <net/ip.h>

#include "user.h"

#define KEEPALIVE_MAX_S		32767	/* TCP's limits */
#define KEEPALIVE_MAX_PROBES	127
#define SYN_RETRIES_MAX		127
#define LINGER2_MAX_S		120
#define SYN_ACK_WAIT_MAX_S	120
#define NAME_SIZE		16	/* of TCP_CONGESTION and TCP_ULP */

static bool level_is_ours(int level)
{
	return level == SOL_TCP || level == waltz_protocol;
}

/* TCP_DEFER_ACCEPT speaks of seconds, and means SYN-ACKs sent again: after 1,
 * 2, 4... s.
 */
static u8 seconds_to_retries(int seconds)
{
	int wait = 1, sum = 1;
	u8 retries = 1;

	if (seconds <= 0)
		return 0;
	while (seconds > sum && retries < U8_MAX) {
		wait = min(2 * wait, SYN_ACK_WAIT_MAX_S);
		sum += wait;
		retries++;
	}
	return retries;
}

static int retries_to_seconds(u8 retries)
{
	int wait = 1, sum = 0;

	while (retries--) {
		sum += wait;
		wait = min(2 * wait, SYN_ACK_WAIT_MAX_S);
	}
	return sum;
}

/**
 * waltz_set_keepalive() - proto.keepalive: SO_KEEPALIVE was switched
 * @sk: the socket
 * @on: to what
 *
 * Context: process, socket lock held.
 */
void waltz_set_keepalive(struct sock *sk, int on)
{
	if ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN))
		return;
	local_bh_disable();
	if (on && !sock_flag(sk, SOCK_KEEPOPEN))
		waltz_timer_set(sk, WALTZ_TIMER_KEEPALIVE,
				waltz_keepalive_idle(sk));
	else if (!on)
		waltz_timer_clear(sk, WALTZ_TIMER_KEEPALIVE);
	local_bh_enable();
}

static void push_bh(struct sock *sk, bool nagle_off)
{
	local_bh_disable();
	waltz_push(sk, nagle_off);
	local_bh_enable();
}

static int set_keepalive_time(struct sock *sk, int val)
{
	struct waltz_sock *ws = waltz_sk(sk);

	if (val < 1 || val > KEEPALIVE_MAX_S)
		return -EINVAL;
	ws->keepalive_time = (u16)val;
	if (sock_flag(sk, SOCK_KEEPOPEN) &&
	    !((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN))) {
		local_bh_disable();
		waltz_timer_set(sk, WALTZ_TIMER_KEEPALIVE,
				waltz_keepalive_idle(sk));
		local_bh_enable();
	}
	return 0;
}

static void set_quickack(struct sock *sk, int val)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->delayed_acks = !val;
	ws->quickacks = val ? WALTZ_QUICKACKS : 0;
	if (val && ws->ack_pending &&
	    ((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT))) {
		local_bh_disable();
		waltz_send_ack(sk);
		local_bh_enable();
		/* An even one was for this alone. */
		if (!(val & 1)) {
			ws->delayed_acks = true;
			ws->quickacks = 0;
		}
	}
}

static int set_window_clamp(struct sock *sk, int val)
{
	struct waltz_sock *ws = waltz_sk(sk);

	if (!val && sk->sk_state != TCP_CLOSE)
		return -EINVAL;
	WRITE_ONCE(ws->window_clamp,
		   val ? max_t(u32, val, SOCK_MIN_RCVBUF / 2) : 0);
	return 0;
}

static int write_option(struct sock *sk, int name, int val)
{
	struct waltz_sock *ws = waltz_sk(sk);

	waltz_owned_by_me(sk);
	switch (name) {
	case TCP_NODELAY:
		ws->nodelay = val;
		if (val)
			push_bh(sk, true);
		return 0;
	case TCP_CORK:
		ws->cork = val;
		if (!val)
			push_bh(sk, false);
		return 0;
	case TCP_MAXSEG:
		if (val && (val < WALTZ_MSS_MIN || val > 32767))
			return -EINVAL;
		ws->user_mss = (u16)val;
		return 0;
	case TCP_QUICKACK:
		set_quickack(sk, val);
		return 0;
	case TCP_WINDOW_CLAMP:
		return set_window_clamp(sk, val);
	case TCP_NOTSENT_LOWAT:
		WRITE_ONCE(ws->notsent_lowat, (u32)val);
		sk->sk_write_space(sk);
		return 0;
	case TCP_INQ:
		if (val < 0 || val > 1)
			return -EINVAL;
		ws->inq = val;
		return 0;
	case TCP_FASTOPEN_CONNECT:
		/* As where net.ipv4.tcp_fastopen is 0. */
		return val < 0 || val > 1 ? -EINVAL : -EOPNOTSUPP;
	case TCP_KEEPIDLE:
		return set_keepalive_time(sk, val);
	case TCP_KEEPINTVL:
		if (val < 1 || val > KEEPALIVE_MAX_S)
			return -EINVAL;
		ws->keepalive_intvl = (u16)val;
		return 0;
	case TCP_KEEPCNT:
		if (val < 1 || val > KEEPALIVE_MAX_PROBES)
			return -EINVAL;
		ws->keepalive_probes = (u8)val;
		return 0;
	case TCP_SYNCNT:
		if (val < 1 || val > SYN_RETRIES_MAX)
			return -EINVAL;
		ws->syn_retries = (u8)val;
		return 0;
	case TCP_DEFER_ACCEPT:
		WRITE_ONCE(ws->defer_accept, seconds_to_retries(val));
		return 0;
	case TCP_LINGER2:
		ws->linger2 = (s16)(val < 0 ? -1 : min(val, LINGER2_MAX_S));
		return 0;
	case TCP_USER_TIMEOUT:
		if (val < 0)
			return -EINVAL;
		ws->user_timeout = val;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* TCP_CONGESTION and TCP_ULP: a name, which need not end with a zero. */
static int write_name(struct sock *sk, int option, sockptr_t val,
		      unsigned int len)
{
	const struct waltz_cong_ops *ops;
	char name[NAME_SIZE];
	long n;

	if (len < 1)
		return -EINVAL;
	n = strncpy_from_sockptr(name, val, min_t(size_t, len, sizeof(name) - 1));
	if (n < 0)
		return -EFAULT;
	name[n] = 0;
	if (option == TCP_ULP)
		return -ENOENT;		/* there are none */
	ops = waltz_cong_find(name);
	if (!ops)
		return -ENOENT;
	lock_sock(sk);
	waltz_cong_switch(&waltz_sk(sk)->rec.cong, ops);
	release_sock(sk);
	return 0;
}

/**
 * waltz_setsockopt() - proto.setsockopt
 * @sk: the socket
 * @level: SOL_*
 * @name: option
 * @val: value
 * @len: its bytes
 *
 * Context: process.
 */
int waltz_setsockopt(struct sock *sk, int level, int name, sockptr_t val,
		     unsigned int len)
{
	int value, err;

	if (!level_is_ours(level))
		return ip_setsockopt(sk, level, name, val, len);
	if (name == TCP_CONGESTION || name == TCP_ULP)
		return write_name(sk, name, val, len);
	if (len < sizeof(int))
		return -EINVAL;
	if (copy_from_sockptr(&value, val, sizeof(value)))
		return -EFAULT;
	lock_sock(sk);
	err = write_option(sk, name, value);
	release_sock(sk);
	return err;
}

static u64 rate_of(unsigned long rate)
{
	return rate != ~0UL ? rate : ~0ULL;
}

/**
 * waltz_tcp_info() - TCP_INFO
 * @sk: the socket
 * @info: filled in
 *
 * Context: socket lock held; of a listener nothing is read that wants it.
 */
void waltz_tcp_info(struct sock *sk, struct tcp_info *info)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	u32 mss = max_t(u32, ws->mss, 1);

	memset(info, 0, sizeof(*info));
	info->tcpi_state = sk->sk_state;
	info->tcpi_pacing_rate = rate_of(sk->sk_pacing_rate);
	info->tcpi_max_pacing_rate = rate_of(sk->sk_max_pacing_rate);
	info->tcpi_reordering = WALTZ_DUPTHRESH;
	if (sk->sk_state == TCP_LISTEN) {
		info->tcpi_unacked = READ_ONCE(sk->sk_ack_backlog);
		info->tcpi_sacked = READ_ONCE(sk->sk_max_ack_backlog);
		return;
	}
	info->tcpi_ca_state = ws->rec.state;
	info->tcpi_retransmits = ws->backoff;
	info->tcpi_probes = ws->probes_sent;
	info->tcpi_backoff = ws->backoff;
	if (ws->ts_ok)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (ws->sack_ok)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (ws->wscale_ok) {
		info->tcpi_options |= TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = ws->snd_wscale;
		info->tcpi_rcv_wscale = ws->rcv_wscale;
	}
	if (ws->ecn.ect)
		info->tcpi_options |= TCPI_OPT_ECN;
	if (ws->ecn.seen)
		info->tcpi_options |= TCPI_OPT_ECN_SEEN;
	info->tcpi_delivered_ce = ws->rec.delivered_ce;
	info->tcpi_rto = waltz_rtt_backoff(&ws->rtt, ws->backoff);
	info->tcpi_snd_mss = ws->mss;
	info->tcpi_rcv_mss = ws->rcv_mss;
	info->tcpi_unacked = DIV_ROUND_UP(waltz_in_flight(ws), mss);
	info->tcpi_sacked = DIV_ROUND_UP(ws->rec.board.sacked, mss);
	info->tcpi_lost = DIV_ROUND_UP(ws->rec.board.lost, mss);
	info->tcpi_retrans = DIV_ROUND_UP(ws->rec.board.retrans, mss);
	info->tcpi_last_data_sent = jiffies_to_msecs((u32)jiffies - ws->last_sent);
	info->tcpi_last_data_recv = jiffies_to_msecs((u32)jiffies - ws->last_text);
	info->tcpi_last_ack_recv = jiffies_to_msecs((u32)jiffies - ws->last_rcvd);
	info->tcpi_pmtu = ws->pmtu;
	info->tcpi_rtt = ws->rtt.srtt8 / 8;
	info->tcpi_rttvar = ws->rtt.rttvar4 / 4;
	info->tcpi_snd_cwnd = ws->rec.cong.cwnd / mss;
	info->tcpi_snd_ssthresh = ws->rec.cong.ssthresh == WALTZ_SSTHRESH_INIT ?
				  WALTZ_SSTHRESH_INIT : ws->rec.cong.ssthresh / mss;
	/* As TCP: what is left of it for text. */
	info->tcpi_advmss = ws->adv_mss;
	if (ws->adv_mss && ws->ts_ok && ws->syn_acked)
		info->tcpi_advmss -= WALTZ_OPT_TS_LEN;
	info->tcpi_min_rtt = waltz_rack_least(&ws->rec.rack);
	info->tcpi_rcv_rtt = waltz_rcv_tune_rtt(&ws->rcv_tune);
	info->tcpi_rcv_space = ws->rcv_tune.space;
	info->tcpi_total_retrans = ws->retrans_total;
	info->tcpi_snd_wnd = ws->snd_wnd;
	info->tcpi_notsent_bytes = ws->write_seq - ws->snd_nxt +
				   ws->fin_sent;
}

static u32 info_flags(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);

	return (ws->nodelay ? WALTZ_INFO_NODELAY : 0) |
	       (ws->cork ? WALTZ_INFO_CORK : 0) |
	       (ws->fin_queued && !ws->fin_sent ? WALTZ_INFO_FIN_QUEUED : 0) |
	       (ws->fin_sent ? WALTZ_INFO_FIN_SENT : 0) |
	       (ws->rcv_fin ? WALTZ_INFO_FIN_RCVD : 0) |
	       (ws->ack_pending ? WALTZ_INFO_ACK_PENDING : 0) |
	       (ws->orphan ? WALTZ_INFO_ORPHAN : 0) |
	       (ws->stalled_since ? WALTZ_INFO_STALLED : 0);
}

/**
 * waltz_own_info() - WALTZ_INFO
 * @sk: the socket
 * @info: filled in
 *
 * Context: socket lock held; of a listener nothing is read that wants it.
 */
void waltz_own_info(const struct sock *sk, struct waltz_info *info)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	unsigned int i;

	BUILD_BUG_ON((int)WALTZ_INFO_TIMERS != (int)WALTZ_TIMERS);
	memset(info, 0, sizeof(*info));
	for (i = 0; i < WALTZ_TIMERS; i++)
		info->wi_timer_ms[i] = WALTZ_INFO_OFF;
	info->wi_user_timeout_ms = ws->user_timeout;
	info->wi_flags = info_flags(sk);
	if (sk->sk_state == TCP_LISTEN)
		return;
	for (i = 0; i < WALTZ_TIMERS; i++)
		if (waltz_timer_armed(ws, i))
			info->wi_timer_ms[i] =
				jiffies_to_msecs(waltz_timer_left(ws, i));
	info->wi_cwnd = ws->rec.cong.cwnd;
	info->wi_ssthresh = ws->rec.cong.ssthresh == WALTZ_SSTHRESH_INIT ?
			    WALTZ_INFO_OFF : ws->rec.cong.ssthresh;
	info->wi_in_flight = waltz_in_flight(ws);
	info->wi_sacked = ws->rec.board.sacked;
	info->wi_lost = ws->rec.board.lost;
	info->wi_retrans = ws->rec.board.retrans;
	info->wi_snd_wnd = ws->snd_wnd;
	info->wi_max_wnd = ws->max_wnd;
	info->wi_rcv_wnd = ws->rcv_wnd;
	info->wi_unread = ws->rcv_nxt - ws->copied_seq - ws->rcv_fin;
	info->wi_quickacks = ws->quickacks;
	info->wi_probes = ws->probes_sent;
}

static int read_option(struct sock *sk, int name, int *val)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	const struct waltz_sock *ws = waltz_sk(sk);

	switch (name) {
	case TCP_NODELAY:
		*val = ws->nodelay;
		return 0;
	case TCP_CORK:
		*val = ws->cork;
		return 0;
	case TCP_MAXSEG:
		if (ws->user_mss &&
		    ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
			*val = ws->user_mss;
		else
			*val = ws->mss ?: WALTZ_MSS_DEFAULT;
		return 0;
	case TCP_QUICKACK:
		/* At the beginning they are quick. */
		*val = !ws->delayed_acks &&
		       (ws->quickacks || ((1 << sk->sk_state) &
			(TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT)));
		return 0;
	case TCP_WINDOW_CLAMP:
		*val = (int)ws->window_clamp;
		if (!*val && !((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
			*val = 65535 << ws->rcv_wscale;
		return 0;
	case TCP_NOTSENT_LOWAT:
		*val = (int)ws->notsent_lowat;
		return 0;
	case TCP_INQ:
		*val = ws->inq;
		return 0;
	case TCP_FASTOPEN_CONNECT:
		*val = 0;
		return 0;
	case TCP_KEEPIDLE:
		*val = ws->keepalive_time ?: READ_ONCE(s->keepalive_time);
		return 0;
	case TCP_KEEPINTVL:
		*val = ws->keepalive_intvl ?: READ_ONCE(s->keepalive_intvl);
		return 0;
	case TCP_KEEPCNT:
		*val = ws->keepalive_probes ?: READ_ONCE(s->keepalive_probes);
		return 0;
	case TCP_SYNCNT:
		*val = ws->syn_retries ?: READ_ONCE(s->syn_retries);
		return 0;
	case TCP_DEFER_ACCEPT:
		*val = retries_to_seconds(ws->defer_accept);
		return 0;
	case TCP_LINGER2:
		*val = ws->linger2 ?:
		       READ_ONCE(s->fin_timeout_ms) / (int)MSEC_PER_SEC;
		return 0;
	case TCP_USER_TIMEOUT:
		*val = (int)ws->user_timeout;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/**
 * waltz_getsockopt() - proto.getsockopt
 * @sk: the socket
 * @level: SOL_*
 * @name: option
 * @val: where to
 * @optlen: room there; set to what was written
 *
 * Context: process.
 */
int waltz_getsockopt(struct sock *sk, int level, int name, char __user *val,
		     int __user *optlen)
{
	char congestion[NAME_SIZE] = { };
	struct waltz_info own;
	struct tcp_info info;
	void *from = &info;
	int len, value, err = 0;
	size_t size;

	if (!level_is_ours(level))
		return ip_getsockopt(sk, level, name, val, optlen);
	if (get_user(len, optlen))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;

	lock_sock(sk);
	if (name == TCP_INFO) {
		waltz_tcp_info(sk, &info);
		size = sizeof(info);
	} else if (name == WALTZ_INFO) {
		waltz_own_info(sk, &own);
		from = &own;
		size = sizeof(own);
	} else if (name == TCP_CONGESTION) {
		strscpy(congestion, waltz_sk(sk)->rec.cong.ops->name,
			sizeof(congestion));
		from = congestion;
		size = sizeof(congestion);
	} else if (name == TCP_ULP || name == TCP_CC_INFO) {
		size = 0;	/* none, and nothing to tell */
	} else {
		err = read_option(sk, name, &value);
		from = &value;
		size = sizeof(value);
	}
	release_sock(sk);
	if (err)
		return err;

	len = min_t(size_t, len, size);
	if (put_user(len, optlen) || copy_to_user(val, from, len))
		return -EFAULT;
	return 0;
}
