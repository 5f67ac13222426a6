/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints. Names, fields and what is printed are stable: append only.
 * Documentation/tracepoints.rst is checked against the comments here by
 * scripts/trace-doc.
 *
 * local and remote are as this host sees the connection. Switched off, a
 * tracepoint is a no-op instruction: what has to be worked out for it is behind
 * trace_NAME_enabled().
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM waltz

#if !defined(_WALTZ_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _WALTZ_TRACE_H

#include <linux/tracepoint.h>
#include "names.h"
#include "timewait.h"
#include "waltz.h"

#ifndef _WALTZ_TRACE_ONCE
#define _WALTZ_TRACE_ONCE

u64 waltz_trace_cookie(const struct sock *sk);
void waltz_trace_again(const struct sock *sk, enum waltz_again_why why,
		       u32 seq, u32 len, u8 flags);
void waltz_trace_cong(const struct sock *sk, enum waltz_recovery_state before,
		      enum waltz_cong_why why);
void waltz_trace_ack(const struct sock *sk, enum waltz_recovery_state before,
		     const struct waltz_ack_in *in,
		     const struct waltz_ack_out *out);
void waltz_trace_queue(const struct sock *listener, const struct sock *child,
		       enum waltz_queue_why what);

#endif

/* ---- names of numbers, in format files, too ---- */

#define ENUM_OF(sym, name, text) TRACE_DEFINE_ENUM(sym);
#define ENUM_OF_EVENT(sym, name, text) TRACE_DEFINE_ENUM(WALTZ_EV_##sym);
#define ENUM_OF_DROP(sym, name, text) TRACE_DEFINE_ENUM(WALTZ_DROP_##sym);

WALTZ_STATE_NAMES(ENUM_OF)
WALTZ_EVENTS(ENUM_OF_EVENT)
WALTZ_DROP_REASONS(ENUM_OF_DROP)
WALTZ_VERDICT_NAMES(ENUM_OF)
WALTZ_CA_NAMES(ENUM_OF)
WALTZ_AGAIN_NAMES(ENUM_OF)
WALTZ_CONG_NAMES(ENUM_OF)
WALTZ_QUEUE_NAMES(ENUM_OF)
WALTZ_COOKIE_NAMES(ENUM_OF)
WALTZ_REUSE_NAMES(ENUM_OF)

#define NAME_OF(sym, name, text) { sym, name },
#define NAME_OF_EVENT(sym, name, text) { WALTZ_EV_##sym, name },
#define NAME_OF_DROP(sym, name, text) { WALTZ_DROP_##sym, name },

#define show_names(value, list)						       \
	__print_symbolic(value, list { 255, "?" })
#define show_state(value) show_names(value, WALTZ_STATE_NAMES(NAME_OF))

/* ---- the names of the connection, in every event of one ---- */

#define KEY_FIELDS							       \
	__field(u32, netns)						       \
	__array(u8, laddr, 4)						       \
	__array(u8, raddr, 4)						       \
	__field(u16, lport)						       \
	__field(u16, rport)

#define KEY_ASSIGN							       \
	do {								       \
		__entry->netns = key->net->ns.inum;			       \
		memcpy(__entry->laddr, &key->laddr, 4);			       \
		memcpy(__entry->raddr, &key->raddr, 4);			       \
		__entry->lport = ntohs(key->lport);			       \
		__entry->rport = ntohs(key->rport);			       \
	} while (0)

#define KEY_FORMAT "netns=%u local=%pI4:%u remote=%pI4:%u "
#define KEY_VALUES							       \
	__entry->netns, __entry->laddr, __entry->lport, __entry->raddr,	       \
	__entry->rport

/**
 * DOC: drop - a segment is thrown away
 *
 * When: all of a segment is, or what is left of it. Once for each, with the
 *	reason that is counted as drop_* in /proc/net/waltz_stat. Names and
 *	numbers are 0 as far as the segment could not be read.
 * Context: softirq, or a process that has let go of the socket.
 * Sample: netns=4026532226 src=10.253.0.3:40000 dst=10.253.0.1:8000
 *	reason=time_wait_rst flags=0x04 seq=1000003 ack=0 len=0
 *
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @len: bytes of text
 * @flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128
 * @reason: why, see mib.rst [drop]
 */
TRACE_EVENT(drop,
	TP_PROTO(const struct waltz_key *key, const struct waltz_seg *seg,
		 unsigned int reason),
	TP_ARGS(key, seg, reason),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u8, flags)
		__field(u8, reason)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->seq = seg ? seg->seq : 0;
		__entry->ack = seg ? seg->ack : 0;
		__entry->len = seg ? seg->len : 0;
		__entry->flags = seg ? seg->flags : 0;
		__entry->reason = reason;
	),
	TP_printk("netns=%u src=%pI4:%u dst=%pI4:%u reason=%s flags=0x%02x seq=%u ack=%u len=%u",
		  __entry->netns, __entry->raddr, __entry->rport,
		  __entry->laddr, __entry->lport,
		  show_names(__entry->reason, WALTZ_DROP_REASONS(NAME_OF_DROP)),
		  __entry->flags, __entry->seq, __entry->ack, __entry->len)
);

/**
 * DOC: state - an event happens to a socket or a record
 *
 * When: before its actions are carried out, also when the state stays what it
 *	is: once for each count in /proc/net/waltz_fsm. Addresses that a
 *	socket does not have are 0.
 * Context: any; socket lock held, if it is a socket.
 * Sample: netns=4026532226 local=10.253.0.1:39732
 *	remote=10.253.0.2:8000 SYN_SENT -> ESTABLISHED event=SYN-ACK
 *	seq=2264171014 ack=3471226497 flags=0x12 len=0 cookie=5
 *
 * @oldstate: the kernel's TCP_* numbers [state]
 * @newstate: likewise; of a socket that leaves a record, the record's
 * @event: what happened, see state-machine.rst [event]
 * @flags: of the segment that it came with, see drop; 0: none
 * @seq: its SEG.SEQ
 * @ack: its SEG.ACK
 * @len: its bytes of text
 * @cookie: the socket's (SO_COOKIE); 0: a record
 */
TRACE_EVENT(state,
	TP_PROTO(const struct waltz_key *key, const struct sock *sk,
		 const struct waltz_transition *t,
		 const struct waltz_seg *seg),
	TP_ARGS(key, sk, t, seg),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u8, oldstate)
		__field(u8, newstate)
		__field(u8, event)
		__field(u8, flags)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u64, cookie)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->oldstate = t->state;
		__entry->newstate = t->next;
		__entry->event = t->event;
		__entry->flags = seg ? seg->flags : 0;
		__entry->seq = seg ? seg->seq : 0;
		__entry->ack = seg ? seg->ack : 0;
		__entry->len = seg ? seg->len : 0;
		__entry->cookie = waltz_trace_cookie(sk);
	),
	TP_printk(KEY_FORMAT "%s -> %s event=%s seq=%u ack=%u flags=0x%02x len=%u cookie=%llu",
		  KEY_VALUES, show_state(__entry->oldstate),
		  show_state(__entry->newstate),
		  show_names(__entry->event, WALTZ_EVENTS(NAME_OF_EVENT)),
		  __entry->seq, __entry->ack, __entry->flags, __entry->len,
		  __entry->cookie)
);

/**
 * DOC: segment_send - a segment goes to IP
 *
 * When: of a socket, of a record, or of neither (a RST). As it is handed
 *	over: what IP and the qdiscs make of it is not known yet.
 * Context: BH off; socket lock held, if it is a socket's.
 * Sample: netns=4026532226 local=10.253.0.1:39732
 *	remote=10.253.0.2:8000 flags=0x18 seq=2264171014 ack=3471226497
 *	wnd=65535 len=100 rtx=0
 *
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @len: bytes of text
 * @wnd: SEG.WND, not scaled
 * @flags: see drop
 * @rtx: 1: it was sent before
 */
TRACE_EVENT(segment_send,
	TP_PROTO(const struct waltz_key *key, const struct waltz_hdr *h,
		 u32 len, bool rtx),
	TP_ARGS(key, h, len, rtx),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u16, wnd)
		__field(u8, flags)
		__field(u8, rtx)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->seq = h->seq;
		__entry->ack = h->ack;
		__entry->len = len;
		__entry->wnd = h->wnd;
		__entry->flags = h->flags;
		__entry->rtx = rtx;
	),
	TP_printk(KEY_FORMAT "flags=0x%02x seq=%u ack=%u wnd=%u len=%u rtx=%u",
		  KEY_VALUES, __entry->flags, __entry->seq, __entry->ack,
		  __entry->wnd, __entry->len, __entry->rtx)
);

/**
 * DOC: segment_receive - a segment comes from IP
 *
 * When: its header and its checksum are good; before it is looked up. What
 *	is not good is only seen by drop.
 * Context: softirq.
 * Sample: netns=4026532230 local=10.253.0.2:8000
 *	remote=10.253.0.1:39732 flags=0x18 seq=2264171014 ack=3471226497
 *	wnd=65535 len=100
 *
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @len: bytes of text
 * @wnd: SEG.WND, not scaled
 * @flags: see drop
 */
TRACE_EVENT(segment_receive,
	TP_PROTO(const struct waltz_key *key, const struct waltz_seg *seg),
	TP_ARGS(key, seg),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u16, wnd)
		__field(u8, flags)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->seq = seg->seq;
		__entry->ack = seg->ack;
		__entry->len = seg->len;
		__entry->wnd = seg->wnd;
		__entry->flags = seg->flags;
	),
	TP_printk(KEY_FORMAT "flags=0x%02x seq=%u ack=%u wnd=%u len=%u",
		  KEY_VALUES, __entry->flags, __entry->seq, __entry->ack,
		  __entry->wnd, __entry->len)
);

/**
 * DOC: retransmit - something is sent again, or asked for
 *
 * When: for each retransmission (counter retrans_segs), and for each probe of
 *	the window and of the peer's life (probes, keepalives). A loss probe
 *	that carries new data is no retransmission.
 * Context: BH off; socket lock held, if it is a socket's.
 * Sample: netns=4026532226 local=10.253.0.1:8000
 *	remote=10.253.0.3:40000 why=rack seq=2264171014 len=1448
 *	flags=0x10 state=ESTABLISHED backoff=0 cookie=7
 *
 * @seq: SEG.SEQ
 * @len: bytes of text
 * @why: the reason [again]
 * @flags: FIN and SYN of the segment, see drop
 * @state: of the socket, or HALF_OPEN [state]
 * @backoff: expiries of the timer in a row before this one; of a half-open
 *	record: with this one
 * @cookie: the socket's (SO_COOKIE); 0: a half-open record
 */
TRACE_EVENT(retransmit,
	TP_PROTO(const struct waltz_key *key, const struct sock *sk,
		 unsigned int why, u32 seq, u32 len, u8 flags, u8 backoff),
	TP_ARGS(key, sk, why, seq, len, flags, backoff),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u32, seq)
		__field(u32, len)
		__field(u8, why)
		__field(u8, flags)
		__field(u8, state)
		__field(u8, backoff)
		__field(u64, cookie)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->seq = seq;
		__entry->len = len;
		__entry->why = why;
		__entry->flags = flags;
		__entry->state = sk ? sk->sk_state : WALTZ_HALF_OPEN;
		__entry->backoff = backoff;
		__entry->cookie = waltz_trace_cookie(sk);
	),
	TP_printk(KEY_FORMAT "why=%s seq=%u len=%u flags=0x%02x state=%s backoff=%u cookie=%llu",
		  KEY_VALUES,
		  show_names(__entry->why, WALTZ_AGAIN_NAMES(NAME_OF)),
		  __entry->seq, __entry->len, __entry->flags,
		  show_state(__entry->state), __entry->backoff,
		  __entry->cookie)
);

/**
 * DOC: class record - of a TIME_WAIT record, or a FIN_WAIT2 record without an owner
 *
 * @state: TIME_WAIT or FIN_WAIT2 [state]
 * @left_ms: time the record has left, ms
 * @snd_nxt: SND.NXT, behind our FIN
 * @rcv_nxt: RCV.NXT
 * @count: records of the namespace, this one among them
 */
DECLARE_EVENT_CLASS(waltz_record,
	TP_PROTO(const struct waltz_key *key, const struct waltz_tw_info *info),
	TP_ARGS(key, info),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u8, state)
		__field(u32, left_ms)
		__field(u32, snd_nxt)
		__field(u32, rcv_nxt)
		__field(u32, count)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->state = info->view.fin_wait2 ? WALTZ_FIN_WAIT2 :
							WALTZ_TIME_WAIT;
		__entry->left_ms = info->left_ms;
		__entry->snd_nxt = info->view.snd_nxt;
		__entry->rcv_nxt = info->view.rcv_nxt;
		__entry->count = waltz_tw_count(waltz_net(key->net));
	),
	TP_printk(KEY_FORMAT "state=%s left_ms=%u snd_nxt=%u rcv_nxt=%u count=%u",
		  KEY_VALUES, show_state(__entry->state), __entry->left_ms,
		  __entry->snd_nxt, __entry->rcv_nxt, __entry->count)
);

/**
 * DOC: timewait_insert - a connection leaves a record
 *
 * When: it is in the table (counter tw_inserted), also when a reopened one
 *	comes back. The socket is still in its own.
 * Context: BH off; socket lock held, or the request bucket's.
 * Sample: netns=4026532226 local=10.253.0.1:8000
 *	remote=10.253.0.3:40000 state=TIME_WAIT left_ms=60000
 *	snd_nxt=2264171116 rcv_nxt=1000003 count=1
 */
DEFINE_EVENT(waltz_record, timewait_insert,
	TP_PROTO(const struct waltz_key *key, const struct waltz_tw_info *info),
	TP_ARGS(key, info)
);

/**
 * DOC: timewait_evict - a record has to go before its time
 *
 * When: the table is full (counter tw_evicted); the oldest goes, and left_ms
 *	of its protection is lost.
 * Context: BH off, stripe lock held.
 * Sample: netns=4026532226 local=10.253.0.1:8000
 *	remote=10.253.0.3:40000 state=TIME_WAIT left_ms=58120
 *	snd_nxt=2264171116 rcv_nxt=1000003 count=99999
 */
DEFINE_EVENT(waltz_record, timewait_evict,
	TP_PROTO(const struct waltz_key *key, const struct waltz_tw_info *info),
	TP_ARGS(key, info)
);

/**
 * DOC: timewait_hit - a segment is for a record
 *
 * When: the verdict is reached, and the record is what it is by then.
 * Context: softirq, stripe lock held.
 * Sample: netns=4026532226 local=10.253.0.1:8000
 *	remote=10.253.0.3:40000 state=TIME_WAIT verdict=fin_again
 *	flags=0x11 seq=1000002 ack=2264171116 len=0 left_ms=60000
 *
 * @state: the record's, after the segment [state]
 * @verdict: the answer, see timewait.rst [verdict]
 * @flags: the segment's, see drop
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @len: bytes of text
 * @left_ms: time the record has left, before 2MSL begins anew, ms
 */
TRACE_EVENT(timewait_hit,
	TP_PROTO(const struct waltz_key *key, const struct waltz_seg *seg,
		 const struct waltz_tw_answer *answer),
	TP_ARGS(key, seg, answer),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u8, state)
		__field(u8, verdict)
		__field(u8, flags)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u32, left_ms)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->state = answer->info.view.fin_wait2 ? WALTZ_FIN_WAIT2 :
							       WALTZ_TIME_WAIT;
		__entry->verdict = answer->verdict;
		__entry->flags = seg->flags;
		__entry->seq = seg->seq;
		__entry->ack = seg->ack;
		__entry->len = seg->len;
		__entry->left_ms = answer->info.left_ms;
	),
	TP_printk(KEY_FORMAT "state=%s verdict=%s flags=0x%02x seq=%u ack=%u len=%u left_ms=%u",
		  KEY_VALUES, show_state(__entry->state),
		  show_names(__entry->verdict,
			     WALTZ_VERDICT_NAMES(NAME_OF)),
		  __entry->flags, __entry->seq, __entry->ack, __entry->len,
		  __entry->left_ms)
);

/**
 * DOC: timewait_reuse - a new connection takes over a record's names
 *
 * When: the new one is in its table, and the record goes (counters
 *	tw_reused_connect, tw_reused_syn).
 * Context: BH off, stripe lock held.
 * Sample: netns=4026532226 local=10.253.0.1:8000
 *	remote=10.253.0.3:40000 by=syn left_ms=59880 snd_nxt=2264171116
 *	rcv_nxt=1000003 count=0
 *
 * @by: who took it [reuse]
 * @left_ms: time that the record had left, ms
 * @snd_nxt: the old connection's SND.NXT; the new one's ISN is above
 * @rcv_nxt: the old connection's RCV.NXT
 * @count: records of the namespace, this one among them
 */
TRACE_EVENT(timewait_reuse,
	TP_PROTO(const struct waltz_key *key, const struct waltz_tw_info *info,
		 unsigned int by),
	TP_ARGS(key, info, by),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u8, by)
		__field(u32, left_ms)
		__field(u32, snd_nxt)
		__field(u32, rcv_nxt)
		__field(u32, count)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->by = by;
		__entry->left_ms = info->left_ms;
		__entry->snd_nxt = info->view.snd_nxt;
		__entry->rcv_nxt = info->view.rcv_nxt;
		__entry->count = waltz_tw_count(waltz_net(key->net));
	),
	TP_printk(KEY_FORMAT "by=%s left_ms=%u snd_nxt=%u rcv_nxt=%u count=%u",
		  KEY_VALUES,
		  show_names(__entry->by, WALTZ_REUSE_NAMES(NAME_OF)),
		  __entry->left_ms, __entry->snd_nxt, __entry->rcv_nxt,
		  __entry->count)
);

/**
 * DOC: timewait_expire - the table's timer has taken records off
 *
 * When: at the end of a run that had something to do. Each record that
 *	expired is an event of state, too (2MSL, or timeout of FIN_WAIT2).
 * Context: softirq (hrtimer).
 * Sample: netns=4026532226 looked=62 gone=62 count=1938
 *	duration_ns=21430
 *
 * @netns: number of the network namespace
 * @looked: records gone through, at most 62; those that are dead already, too
 * @gone: of these expired, or moved to a later time: 2MSL had begun anew
 * @count: records of the namespace, after this
 * @duration_ns: how long it took, ns
 */
TRACE_EVENT(timewait_expire,
	TP_PROTO(const struct waltz_net *wn, unsigned int looked,
		 unsigned int gone, u64 duration_ns),
	TP_ARGS(wn, looked, gone, duration_ns),
	TP_STRUCT__entry(
		__field(u32, netns)
		__field(u32, looked)
		__field(u32, gone)
		__field(u32, count)
		__field(u64, duration_ns)
	),
	TP_fast_assign(
		__entry->netns = wn->net->ns.inum;
		__entry->looked = looked;
		__entry->gone = gone;
		__entry->count = waltz_tw_count(wn);
		__entry->duration_ns = duration_ns;
	),
	TP_printk("netns=%u looked=%u gone=%u count=%u duration_ns=%llu",
		  __entry->netns, __entry->looked, __entry->gone,
		  __entry->count, __entry->duration_ns)
);

/**
 * DOC: accept_queue - of a connection that waits for accept()
 *
 * When: it joins the queue, leaves it, or finds it full. local is what the
 *	listener is bound to, or one of its addresses.
 * Context: enqueued, overflow: softirq; accepted, purged: process, listener's
 *	lock held.
 * Sample: netns=4026532230 local=10.253.0.2:8000
 *	remote=10.253.0.1:39732 what=accepted queued=0 max=128
 *	waited_ms=12 cookie=6
 *
 * @what: what becomes of it [queue]
 * @queued: connections in the queue, after this
 * @max: listen()'s backlog: it is full with one more
 * @waited_ms: accepted and purged: time in the queue, ms, in whole ticks of
 *	jiffies
 * @cookie: the new socket's (SO_COOKIE); 0: overflow, there is none
 */
TRACE_EVENT(accept_queue,
	TP_PROTO(const struct waltz_key *key, const struct sock *listener,
		 const struct sock *child, unsigned int what, u32 waited_ms),
	TP_ARGS(key, listener, child, what, waited_ms),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u8, what)
		__field(u32, queued)
		__field(u32, max)
		__field(u32, waited_ms)
		__field(u64, cookie)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->what = what;
		__entry->queued = READ_ONCE(listener->sk_ack_backlog);
		__entry->max = READ_ONCE(listener->sk_max_ack_backlog);
		__entry->waited_ms = waited_ms;
		__entry->cookie = waltz_trace_cookie(child);
	),
	TP_printk(KEY_FORMAT "what=%s queued=%u max=%u waited_ms=%u cookie=%llu",
		  KEY_VALUES,
		  show_names(__entry->what, WALTZ_QUEUE_NAMES(NAME_OF)),
		  __entry->queued, __entry->max, __entry->waited_ms,
		  __entry->cookie)
);

/**
 * DOC: cookie - a SYN cookie is sent, comes back, or is none
 *
 * When: for each count of cookies_sent, cookies_accepted and cookies_refused.
 * Context: softirq.
 * Sample: netns=4026532226 local=10.253.0.1:8000
 *	remote=10.253.0.3:40000 what=sent isn=2264171013 half_open=3
 *
 * @what: what becomes of it [cookie]
 * @isn: the cookie: ISN of our SYN-ACK, or of the one that the peer claims
 * @half_open: half-open records of the namespace
 */
TRACE_EVENT(cookie,
	TP_PROTO(const struct waltz_key *key, unsigned int what, u32 isn),
	TP_ARGS(key, what, isn),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u8, what)
		__field(u32, isn)
		__field(u32, half_open)
	),
	TP_fast_assign(
		KEY_ASSIGN;
		__entry->what = what;
		__entry->isn = isn;
		__entry->half_open = atomic_read(&waltz_net(key->net)->half_open);
	),
	TP_printk(KEY_FORMAT "what=%s isn=%u half_open=%u",
		  KEY_VALUES,
		  show_names(__entry->what, WALTZ_COOKIE_NAMES(NAME_OF)),
		  __entry->isn, __entry->half_open)
);

/**
 * DOC: cong - congestion control changes state
 *
 * When: what an ACK, or a timer, said is done, before what it makes room for
 *	is sent.
 * Context: BH off, socket lock held.
 * Sample: netns=4026532226 local=10.253.0.1:8000
 *	remote=10.253.0.3:40000 open -> recovery why=lost algorithm=cubic
 *	cwnd=13032 ssthresh=10136 in_flight=14480 cookie=7
 *
 * @oldstate: TCP_CA_* numbers, as in tcpi_ca_state [ca]
 * @newstate: likewise
 * @why: the reason [cong]
 * @algorithm: as TCP_CONGESTION has it
 * @cwnd: congestion window, bytes
 * @ssthresh: slow start threshold, bytes; 2147483647: none yet
 * @in_flight: sent and not acknowledged, bytes
 * @cookie: the socket's (SO_COOKIE)
 */
TRACE_EVENT(cong,
	TP_PROTO(const struct waltz_key *key, const struct sock *sk,
		 unsigned int oldstate, unsigned int why),
	TP_ARGS(key, sk, oldstate, why),
	TP_STRUCT__entry(
		KEY_FIELDS
		__field(u8, oldstate)
		__field(u8, newstate)
		__field(u8, why)
		__array(char, algorithm, 16)
		__field(u32, cwnd)
		__field(u32, ssthresh)
		__field(u32, in_flight)
		__field(u64, cookie)
	),
	TP_fast_assign(
		const struct waltz_sock *ws = waltz_sk(sk);

		KEY_ASSIGN;
		__entry->oldstate = oldstate;
		__entry->newstate = ws->rec.state;
		__entry->why = why;
		strscpy(__entry->algorithm, ws->rec.cong.ops->name,
			sizeof(__entry->algorithm));
		__entry->cwnd = ws->rec.cong.cwnd;
		__entry->ssthresh = ws->rec.cong.ssthresh;
		__entry->in_flight = waltz_in_flight(ws);
		__entry->cookie = waltz_trace_cookie(sk);
	),
	TP_printk(KEY_FORMAT "%s -> %s why=%s algorithm=%s cwnd=%u ssthresh=%u in_flight=%u cookie=%llu",
		  KEY_VALUES,
		  show_names(__entry->oldstate, WALTZ_CA_NAMES(NAME_OF)),
		  show_names(__entry->newstate, WALTZ_CA_NAMES(NAME_OF)),
		  show_names(__entry->why, WALTZ_CONG_NAMES(NAME_OF)),
		  __entry->algorithm, __entry->cwnd, __entry->ssthresh,
		  __entry->in_flight, __entry->cookie)
);

#endif /* _WALTZ_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
