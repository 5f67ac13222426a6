/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The structures the kernel side of Waltz shares, and who guards what.
 *
 * Locks, in the order they nest (Documentation/locking.rst):
 *	socket lock
 *	  waltz_listener.lock
 *	    request table bucket
 *	      port bucket
 *	        established table bucket
 *	          TIME_WAIT stripe
 *	            TIME_WAIT wheel
 */
#ifndef _WALTZ_H
#define _WALTZ_H

#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <net/dst.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/sock.h>

#include "uapi/waltz.h"
#include "autotune.h"
#include "bounds.h"
#include "compat.h"
#include "drop.h"
#include "ecn.h"
#include "fsm.h"
#include "mib.h"
#include "plpmtu.h"
#include "recovery.h"
#include "rtt.h"
#include "sack.h"
#include "seq.h"
#include "syncookie.h"
#include "wire.h"

extern u8 waltz_protocol;		/* read-only after load */
extern unsigned int waltz_net_id;
extern struct proto waltz_prot;
extern const struct proto_ops waltz_stream_ops;

/*
 * Names of a connection, from our side. @hash is that of all tables.
 */
struct waltz_key {
	struct net *net;
	__be32 laddr;
	__be32 raddr;
	__be16 lport;
	__be16 rport;
	u32 hash;
	int dif;
	int sdif;
};

/**
 * struct waltz_sysctls - net.waltz.*, one for each namespace
 *
 * Written by the sysctl core, read with READ_ONCE without a lock. Units are
 * in the names; Documentation/sysctl.rst says what each is for.
 */
struct waltz_sysctls {
	int time_wait_ms;
	int time_wait_max;
	int fin_timeout_ms;
	int max_half_open;
	int max_orphans;
	int syn_retries;
	int synack_retries;
	int retries;
	int orphan_retries;
	int rto_min_ms;
	int rto_max_ms;
	int delack_ms;
	int challenge_ms;
	int keepalive_time;
	int keepalive_intvl;
	int keepalive_probes;
	int timestamps;
	int window_scaling;
	int sack;
	int ecn;
	int abort_on_overflow;
	int syncookies;
	int syn_fin;
	int mtu_probing;
	int base_mss;
	int moderate_rcvbuf;
	int rmem[3];
	int wmem[3];
};

/* net.waltz.mtu_probing, as net.ipv4.tcp_mtu_probing */
#define WALTZ_MTU_BLACK_HOLES	1
#define WALTZ_MTU_ALWAYS	2

/* RFC 791: what every path can take, when nothing is known of it. */
#define WALTZ_PMTU_DEFAULT	576

#define WALTZ_TIME_WAIT_MIN_MS	100
#define WALTZ_TIME_WAIT_MAX_MS	240000

/* Segments acknowledged at once when a connection is young: the peer is in slow
 * start, and every ACK is worth a segment to it.
 */
#define WALTZ_QUICKACKS		16

/* Slots of the generation count; see waltz_generation(). */
#define WALTZ_GENERATIONS	256

/**
 * struct waltz_net - Waltz in one network namespace
 * @net: the namespace
 * @ctl_sk: sends what no socket of ours sends; SOCK_RAW, so that it does not
 *	pin the module. Constant.
 * @tw: the TIME_WAIT table. Constant.
 * @portmaps: ports of no use to connect(). Constant.
 * @mib: counters, per CPU
 * @transitions: how often each entry of the table was taken, per CPU
 * @half_open: half-open records now
 * @orphans: sockets without an owner now
 * @generation: moves against the order of lookup; atomic
 * @cookies: secrets of SYN cookies; their own lock
 * @sysctls: net.waltz.*
 * @sysctl_header: its registration
 */
struct waltz_net {
	struct net *net;
	struct sock *ctl_sk;
	struct waltz_tw_table *tw;
	struct waltz_portmaps *portmaps;
	struct waltz_mib __percpu *mib;
	struct waltz_transition_counts __percpu *transitions;
	atomic_t half_open;
	atomic_t orphans;
	atomic_t generation[WALTZ_GENERATIONS];
	struct waltz_cookies cookies;
	struct waltz_sysctls sysctls;
	struct ctl_table_header *sysctl_header;
};

static inline struct waltz_net *waltz_net(const struct net *net)
{
	return net_generic(net, waltz_net_id);
}

#define WALTZ_INC(wn, counter)						       \
	this_cpu_inc((wn)->mib->count[WALTZ_MIB_##counter])

#define WALTZ_ADD(wn, counter, n)					       \
	this_cpu_add((wn)->mib->count[WALTZ_MIB_##counter], n)

static inline void waltz_count_drop(struct waltz_net *wn, enum waltz_drop why)
{
	this_cpu_inc(wn->mib->count[WALTZ_MIB_DROP_FIRST + why - 1]);
}

/* One trampoline, several deadlines: timer.c */
enum waltz_timer {
	WALTZ_TIMER_RETRANSMIT,		/* SYN, SYN-ACK, data, FIN */
	WALTZ_TIMER_REORDER,		/* RFC 8985: late, or lost? */
	WALTZ_TIMER_LOSS_PROBE,		/* RFC 8985 */
	WALTZ_TIMER_PROBE,		/* zero window */
	WALTZ_TIMER_DELACK,
	WALTZ_TIMER_KEEPALIVE,
	WALTZ_TIMERS
};

/**
 * struct waltz_listener - what a socket has while it listens
 * @lock: guards the lists, and the socket leaving LISTEN
 * @requests: half-open records, by waltz_request.siblings
 * @accept: children waiting for accept(), by waltz_sock.accept_node
 */
struct waltz_listener {
	spinlock_t lock;		/* see above */
	struct list_head requests;
	struct list_head accept;
};

struct waltz_port;

/**
 * struct waltz_sock - a Waltz socket
 *
 * Everything is guarded by the socket lock, unless it says otherwise. The
 * names are RFC 9293's (section 3.3.1).
 *
 * @inet: must be first
 * @port: local port held; the port bucket's lock
 * @hash_lock: of the established or listener bucket it is in; that lock.
 *	NULL: in no table
 * @listener: while it listens (allocated by listen(), freed with the socket;
 *	set once, read under RCU)
 * @accept_node: in the listener's accept queue; waltz_listener.lock
 * @snd_una: oldest unacknowledged sequence number
 * @snd_nxt: next sequence number to send
 * @snd_sml: end of the last segment sent that was not full (Nagle)
 * @snd_wnd: send window in bytes, scaled
 * @snd_wl1: SEG.SEQ of the last window update
 * @max_wnd: MAX.SND.WND, the largest window the peer ever offered
 * @write_seq: one past the last byte the user wrote; the FIN's number
 * @iss: initial send sequence number
 * @irs: initial receive sequence number
 * @rcv_nxt: next sequence number expected
 * @rcv_wnd: receive window offered, from @rcv_wup
 * @rcv_wup: @rcv_nxt when the window was last offered; Last.ACK.sent
 * @rcv_adv: right edge of the largest window that was ever offered
 * @copied_seq: next byte recvmsg() will read
 * @rcv_fin_seq: number of the peer's FIN, when @rcv_fin is set
 * @ts_recent: TS.Recent
 * @ts_recent_sec: when it was taken, seconds of uptime
 * @ts_offset: added to our clock; differs for each pair of hosts
 * @challenge_sent: jiffies of the last challenge ACK
 * @send_head: first segment of sk_write_queue not sent yet
 * @ooo: received out of order, by sequence number
 * @ooo_fresh: what came since its small segments were copied together last
 * @sack: what of it to report
 * @rtt: RFC 6298's estimator
 * @rec: loss recovery and congestion control; its SND.UNA and SND.NXT are ours
 *	from the moment that our SYN is acknowledged
 * @rcv_tune: what the receive buffer should be
 * @deadline: when each timer is due, 32 bits of jiffies; valid when its bit is
 *	armed
 * @stalled_since: jiffies when the data outstanding stopped moving, 32 bits of
 *	them; 0: moving
 * @last_sent: jiffies of the last data segment, 32 bits of them; before the
 *	first one, of the beginning: a child's is when it joined the accept queue
 * @last_rcvd: jiffies of the last segment, likewise
 * @last_text: of the last one with text in the window
 * @retrans_total: segments sent again, SYN and SYN-ACK with them
 * @adv_mss: the MSS that we advertised; 0: not yet
 * @user_timeout: TCP_USER_TIMEOUT, ms; 0: by count
 * @keepalive_time: TCP_KEEPIDLE, s; 0: the sysctl
 * @keepalive_intvl: TCP_KEEPINTVL, s; 0: the sysctl
 * @keepalive_probes: TCP_KEEPCNT; 0: the sysctl
 * @syn_retries: TCP_SYNCNT; 0: the sysctl
 * @defer_accept: TCP_DEFER_ACCEPT, as SYN-ACKs sent again; read without lock
 * @linger2: TCP_LINGER2, s; 0: the sysctl, negative: no FIN_WAIT2 record
 * @notsent_lowat: TCP_NOTSENT_LOWAT; 0: no limit; read without lock
 * @window_clamp: TCP_WINDOW_CLAMP; 0: none; a listener's is read without lock
 * @pmtu: what the route says, which @mss was computed from
 * @plpmtu: and what was found out
 * @mtu_info: what an ICMP error says that it should be
 * @again_len: text of the first segment outstanding, as it went again last
 * @timers: armed deadlines, a bit each
 * @backoff: expiries in a row of retransmission or probe
 * @probes_sent: probes in a row without an answer
 * @mss: largest payload to send now; options and path MTU taken off
 * @ip_options_len: of the IP options among them
 * @peer_mss: the peer's MSS option
 * @user_mss: TCP_MAXSEG; 0: none
 * @rcv_mss: estimate of the peer's segment size
 * @snd_wscale: Snd.Wind.Shift
 * @rcv_wscale: Rcv.Wind.Shift
 * @ack_pending: something received is not acknowledged yet
 * @quickacks: acknowledgements still to be sent at once
 * @ts_ok: timestamps agreed
 * @wscale_ok: window scaling agreed
 * @sack_ok: SACK agreed
 * @syn_acked: our SYN is acknowledged; SND.UNA alone does not tell, for it comes by ISS
 *	again
 * @fin_queued: our FIN is at @write_seq
 * @fin_sent: ... and was sent
 * @rcv_fin: the peer's FIN was seen, at @rcv_fin_seq
 * @nodelay: TCP_NODELAY
 * @cork: TCP_CORK
 * @delayed_acks: TCP_QUICKACK was switched off
 * @inq: TCP_INQ
 * @ecn: what the two SYNs have agreed of ECN, and what is to be told of it
 * @timer_deferred: timers ran while the user held the socket lock
 * @mtu_reduced: an ICMP error came while the user held the socket lock
 * @retransmitted: our SYN was sent twice (Karn)
 * @orphan: counted in waltz_net.orphans
 * @port_shared: connect() chose the port, other destinations may share it;
 *	the port bucket's lock
 */
struct waltz_sock {
	struct inet_sock inet;

	struct waltz_port *port;
	spinlock_t *hash_lock;		/* see above */
	struct waltz_listener __rcu *listener;
	struct list_head accept_node;

	u32 snd_una;
	u32 snd_nxt;
	u32 snd_sml;
	u32 snd_wnd;
	u32 snd_wl1;
	u32 max_wnd;
	u32 write_seq;
	u32 iss;
	u32 irs;
	u32 rcv_nxt;
	u32 rcv_wnd;
	u32 rcv_wup;
	u32 rcv_adv;
	u32 copied_seq;
	u32 rcv_fin_seq;
	u32 ts_recent;
	u32 ts_recent_sec;
	u32 ts_offset;
	u32 challenge_sent;

	struct sk_buff *send_head;
	struct rb_root ooo;
	struct waltz_sack_rcv sack;
	struct waltz_rtt rtt;
	struct waltz_recovery rec;
	struct waltz_rcv_tune rcv_tune;

	u32 stalled_since;
	u32 deadline[WALTZ_TIMERS];
	u32 last_sent;
	u32 last_rcvd;
	u32 last_text;
	u32 retrans_total;
	u32 user_timeout;
	u32 notsent_lowat;
	u32 window_clamp;
	u32 ooo_fresh;
	u32 pmtu;
	struct waltz_plpmtu plpmtu;
	u16 mtu_info;
	u16 again_len;
	u16 keepalive_time;
	u16 keepalive_intvl;
	s16 linger2;
	u8 keepalive_probes;
	u8 syn_retries;
	u8 defer_accept;
	u8 timers;
	u8 backoff;
	u8 probes_sent;
	u8 quickacks;
	u8 snd_wscale;
	u8 rcv_wscale;
	u8 ip_options_len;
	u16 mss;
	u16 peer_mss;
	u16 adv_mss;
	u16 user_mss;
	u16 rcv_mss;
	bool port_shared;
	struct waltz_ecn ecn;
	/* Written by softirq while a user holds the lock: no bits of a word
	 * that he writes.
	 */
	bool timer_deferred;
	bool mtu_reduced;
	bool ack_pending:1;
	bool ts_ok:1;
	bool wscale_ok:1;
	bool sack_ok:1;
	bool syn_acked:1;
	bool fin_queued:1;
	bool fin_sent:1;
	bool rcv_fin:1;
	bool nodelay:1;
	bool cork:1;
	bool delayed_acks:1;
	bool inq:1;
	bool retransmitted:1;
	bool orphan:1;
};

static inline struct waltz_sock *waltz_sk(const struct sock *sk)
{
	return (struct waltz_sock *)sk;
}

/* Whoever touches the stream owns the socket: by lock_sock(), or by the
 * spinlock with no user holding it.
 */
static inline void waltz_owned_by_me(const struct sock *sk)
{
#ifdef CONFIG_LOCKDEP
	WARN_ON_ONCE(!lockdep_sock_is_held(sk) && debug_locks);
#endif
}

/**
 * struct waltz_cb - of an skb in a queue of ours (skb->cb)
 * @seq: sequence number of its first byte
 * @end_seq: one past its last byte; the FIN is not counted, it is no byte
 * @psh: the user's write ended here
 */
struct waltz_cb {
	u32 seq;
	u32 end_seq;
	bool psh;
};

#define WALTZ_CB(skb)	((struct waltz_cb *)(skb)->cb)

/* Segments in a packet: a burst has several, see offload.c. */
static inline u16 waltz_segs(const struct sk_buff *skb)
{
	return max_t(u16, skb_shinfo(skb)->gso_segs, 1);
}

/* Bytes and our FIN that were sent and not acknowledged. */
static inline u32 waltz_in_flight(const struct waltz_sock *ws)
{
	return ws->snd_nxt - ws->snd_una;
}

/* Right edge of the window that we have offered last. */
static inline u32 waltz_rcv_wnd_end(const struct waltz_sock *ws)
{
	return ws->rcv_wup + ws->rcv_wnd;
}

static inline u32 waltz_now_us_low(void)
{
	return (u32)ktime_to_us(ktime_get());
}

/* RFC 7323 5.4: a clock of 1 ms; the offset hides the uptime. */
static inline u32 waltz_ts_clock(u32 offset)
{
	return (u32)ktime_to_ms(ktime_get()) + offset;
}

/* net.waltz.ecn, unless the route has an opinion (ip route ... features ecn). */
static inline int waltz_ecn_mode(const struct net *net,
				 const struct dst_entry *dst)
{
	if (dst && dst_feature(dst, RTAX_FEATURE_ECN))
		return WALTZ_ECN_ASK;
	return READ_ONCE(waltz_net(net)->sysctls.ecn);
}

/* What a socket takes though memory is short, as a window. */
static inline u32 waltz_least_window(const struct sock *sk)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;

	return max_t(u32, READ_ONCE(s->rmem[0]), waltz_sk(sk)->rcv_mss);
}

/* The part of the receive buffer that may be promised to the peer: half of
 * it, the rest is for what an skb costs beside its bytes. And no more than
 * TCP_WINDOW_CLAMP; nor, when memory is short, than what is taken all the same.
 */
static inline int waltz_rcv_space(const struct sock *sk)
{
	int room = READ_ONCE(sk->sk_rcvbuf) - atomic_read(&sk->sk_rmem_alloc) -
		   READ_ONCE(sk->sk_backlog.len);
	u32 clamp = waltz_sk(sk)->window_clamp;

	room = room > 0 ? room / (int)WALTZ_RCVBUF_SHARE : 0;
	if (unlikely(sk_under_memory_pressure(sk)))
		room = min_t(u32, room, waltz_least_window(sk));
	return clamp ? min_t(u32, room, clamp) : room;
}

/* apply.c */
int waltz_event(struct sock *sk, enum waltz_event event,
		const struct waltz_seg *seg);
const struct waltz_transition *
waltz_record_event(const struct waltz_key *key, unsigned int state,
		   enum waltz_event event, const struct waltz_seg *seg);
void waltz_child_event(struct sock *child, const struct waltz_key *key,
		       enum waltz_state from, const struct waltz_seg *seg);
void waltz_synchronised(struct sock *sk);
void waltz_destroy(struct sock *sk);

/* lookup.c */
int waltz_lookup_init(void);
void waltz_lookup_exit(void);
void waltz_key_init(struct waltz_key *key, struct net *net, __be32 laddr,
		    __be16 lport, __be32 raddr, __be16 rport);
void waltz_key_device(struct waltz_key *key, const struct sk_buff *skb);
void waltz_sock_key(struct waltz_key *key, const struct sock *sk);
struct sock *waltz_lookup_established(const struct waltz_key *key);
struct sock *waltz_lookup_listener(const struct waltz_key *key);
bool waltz_hash_established(struct sock *sk, const struct waltz_key *key,
			    bool unique);
void waltz_hash_listener(struct sock *sk);
void waltz_unhash(struct sock *sk);
void waltz_rehash(struct sock *sk);
u32 waltz_generation(const struct waltz_key *key);
void waltz_moved(const struct waltz_key *key);
typedef int (*waltz_sock_walker)(struct sock *sk, void *arg);
int waltz_walk_bucket(unsigned int bucket, waltz_sock_walker fn, void *arg);
unsigned int waltz_buckets(void);
unsigned int waltz_listen_buckets(void);
u32 waltz_secure_isn(const struct waltz_key *key);
u32 waltz_secure_ts_offset(const struct waltz_key *key);
u64 waltz_record_cookie(const struct waltz_key *key, u32 seq);

/* ports.c */
int waltz_ports_init(void);
void waltz_ports_exit(void);
int waltz_get_port(struct sock *sk, unsigned short snum);
void waltz_put_port(struct sock *sk);
int waltz_inherit_port(struct sock *sk, struct sock *child);
int waltz_port_share(struct sock *sk, u16 number,
		     int (*claim)(struct sock *sk, void *arg), void *arg);

/* ephemeral.c */
void waltz_ephemeral_init(void);
int waltz_connect_port(struct sock *sk, struct waltz_key *key, u32 *isn_min);
void waltz_connect_reuse(const struct waltz_key *key);
void waltz_connect_kept(const struct waltz_key *key);

/* Room for all headers before a segment's text */
#define WALTZ_HEADROOM	(MAX_HEADER + sizeof(struct iphdr) + WALTZ_HDR_MAX)

/* output.c */
u32 waltz_select_window(struct sock *sk);
void waltz_sync_mss(struct sock *sk, u32 mtu);
u16 waltz_most_mss(const struct sock *sk);
u32 waltz_text_of(const struct sock *sk, u16 size);
void waltz_current_mss(struct sock *sk);
int waltz_advertised_mss(const struct dst_entry *dst, u16 user_mss);
u8 waltz_choose_wscale(const struct net *net, int rcvbuf);
void waltz_send_syn(struct sock *sk);
void waltz_send_syn_ack(struct sock *sk);
void waltz_send_ack(struct sock *sk);
void waltz_send_reset(struct sock *sk);
void waltz_send_probe(struct sock *sk, bool keepalive);
void waltz_retransmit_syn(struct sock *sk);
int waltz_route(struct sock *sk);
int waltz_transmit(struct sock *sk, struct sk_buff *skb, struct waltz_hdr *h,
		   bool rtx);
void waltz_send_control(struct sock *sk, struct waltz_hdr *h, bool rtx);
struct dst_entry *waltz_route_reply(struct waltz_net *wn,
				    const struct waltz_key *key,
				    struct sock *sk, u8 tos, u32 mark);
int waltz_ctl_send_dst(const struct sock *from, const struct waltz_key *key,
		       const struct waltz_hdr *h, struct dst_entry *dst,
		       u8 tos, u32 mark);
int waltz_ctl_send(struct waltz_net *wn, const struct waltz_key *key,
		   const struct waltz_hdr *h, u8 tos, u32 mark);
void waltz_reply_reset(struct waltz_net *wn, const struct waltz_key *key,
		       const struct waltz_seg *seg);

/* offload.c */
int waltz_offload_register(void);
void waltz_offload_unregister(void);
u32 waltz_burst_max(const struct sock *sk);

/* send.c */
struct sk_buff *waltz_alloc_data_skb(struct sock *sk, gfp_t gfp);
void waltz_free_data_skb(struct sock *sk, struct sk_buff *skb);
void waltz_free_acked(struct sock *sk);
void waltz_purge_write_queue(struct sock *sk);
void waltz_send_begin(struct sock *sk);
void waltz_grow_sndbuf(struct sock *sk);
bool waltz_can_send_new(const struct waltz_sock *ws);
void waltz_push(struct sock *sk, bool nagle_off);
void waltz_arm_loss_probe(struct sock *sk);
void waltz_send_loss_probe(struct sock *sk);
void waltz_stream_timeout(struct sock *sk);
void waltz_mtu_reduced(struct sock *sk);

/* mtu.c */
void waltz_mtu_begin(struct sock *sk);
void waltz_mtu_black_hole(struct sock *sk);
void waltz_mtu_probed(struct sock *sk);

/* input.c */
int waltz_rcv(struct sk_buff *skb);
int waltz_backlog_rcv(struct sock *sk, struct sk_buff *skb);
void waltz_drop(struct waltz_net *wn, const struct waltz_key *key,
		const struct waltz_seg *seg, enum waltz_drop why);

/* room.c */
void waltz_purge_ooo(struct sock *sk);
bool waltz_make_room(struct sock *sk, u32 seq, int limit);
bool waltz_find_memory(struct sock *sk, struct sk_buff *skb, u32 seq);

/* timer.c */
void waltz_timers_init(struct sock *sk);
void waltz_timer_set(struct sock *sk, enum waltz_timer timer,
		     unsigned long delay);
void waltz_timer_clear(struct sock *sk, enum waltz_timer timer);
void waltz_timers_stop(struct sock *sk);
void waltz_timers_run(struct sock *sk);
void waltz_arm_retransmit(struct sock *sk);
unsigned long waltz_keepalive_idle(const struct sock *sk);

static inline bool waltz_timer_armed(const struct waltz_sock *ws,
				     enum waltz_timer timer)
{
	return ws->timers & BIT(timer);
}

/* Jiffies until a deadline that is armed; 0: it is due. */
static inline unsigned long waltz_timer_left(const struct waltz_sock *ws,
					     enum waltz_timer timer)
{
	s32 left = (s32)(READ_ONCE(ws->deadline[timer]) - (u32)jiffies);

	return left > 0 ? left : 0;
}

/* sock.c */
void waltz_write_space(struct sock *sk);
void waltz_init_child(struct sock *child);

/* inet.c */
int waltz_inet_register(void);
void waltz_inet_unregister(void);

/* net.c, sysctl.c, proc.c */
int waltz_net_register(void);
void waltz_net_unregister(void);
int waltz_sysctl_init(struct waltz_net *wn);
void waltz_sysctl_exit(struct waltz_net *wn);
int waltz_proc_init(struct net *net);
void waltz_proc_exit(struct net *net);

#endif /* _WALTZ_H */
