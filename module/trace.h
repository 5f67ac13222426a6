/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: waltz:state (every transition, with the segment that caused
 * it), waltz:segment_send and waltz:segment_receive, waltz:drop (every segment
 * thrown away, with the reason).
 *
 * local and remote are as this host sees the connection.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM waltz

#if !defined(_WALTZ_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _WALTZ_TRACE_H

#include <linux/tracepoint.h>
#include "waltz.h"

TRACE_EVENT(drop,
	TP_PROTO(const struct waltz_key *key, const struct waltz_seg *seg,
		 unsigned int reason),
	TP_ARGS(key, seg, reason),
	TP_STRUCT__entry(
		__field(u32, netns)
		__array(u8, laddr, 4)
		__array(u8, raddr, 4)
		__field(u16, lport)
		__field(u16, rport)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u8, flags)
		__field(u8, reason)
	),
	TP_fast_assign(
		__entry->netns = key->net->ns.inum;
		memcpy(__entry->laddr, &key->laddr, 4);
		memcpy(__entry->raddr, &key->raddr, 4);
		__entry->lport = ntohs(key->lport);
		__entry->rport = ntohs(key->rport);
		__entry->seq = seg ? seg->seq : 0;
		__entry->ack = seg ? seg->ack : 0;
		__entry->len = seg ? seg->len : 0;
		__entry->flags = seg ? seg->flags : 0;
		__entry->reason = reason;
	),
	TP_printk("netns=%u src=%pI4:%u dst=%pI4:%u reason=%s flags=0x%02x seq=%u ack=%u len=%u",
		  __entry->netns, __entry->raddr, __entry->rport,
		  __entry->laddr, __entry->lport,
		  waltz_drop_name(__entry->reason), __entry->flags,
		  __entry->seq, __entry->ack, __entry->len)
);

TRACE_EVENT(state,
	TP_PROTO(const struct waltz_key *key,
		 const struct waltz_transition *t,
		 const struct waltz_seg *seg),
	TP_ARGS(key, t, seg),
	TP_STRUCT__entry(
		__field(u32, netns)
		__array(u8, laddr, 4)
		__array(u8, raddr, 4)
		__field(u16, lport)
		__field(u16, rport)
		__field(u8, oldstate)
		__field(u8, newstate)
		__field(u8, event)
		__field(u8, flags)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->netns = key->net->ns.inum;
		memcpy(__entry->laddr, &key->laddr, 4);
		memcpy(__entry->raddr, &key->raddr, 4);
		__entry->lport = ntohs(key->lport);
		__entry->rport = ntohs(key->rport);
		__entry->oldstate = t->state;
		__entry->newstate = t->next;
		__entry->event = t->event;
		__entry->flags = seg ? seg->flags : 0;
		__entry->seq = seg ? seg->seq : 0;
		__entry->ack = seg ? seg->ack : 0;
		__entry->len = seg ? seg->len : 0;
	),
	TP_printk("netns=%u local=%pI4:%u remote=%pI4:%u %s -> %s event=%s seq=%u ack=%u flags=0x%02x len=%u",
		  __entry->netns, __entry->laddr, __entry->lport,
		  __entry->raddr, __entry->rport,
		  waltz_rfc_state_name(__entry->oldstate),
		  waltz_rfc_state_name(__entry->newstate),
		  waltz_event_name(__entry->event), __entry->seq,
		  __entry->ack, __entry->flags, __entry->len)
);

TRACE_EVENT(segment_send,
	TP_PROTO(const struct waltz_key *key, const struct waltz_hdr *h,
		 u32 len, bool rtx),
	TP_ARGS(key, h, len, rtx),
	TP_STRUCT__entry(
		__field(u32, netns)
		__array(u8, laddr, 4)
		__array(u8, raddr, 4)
		__field(u16, lport)
		__field(u16, rport)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u16, wnd)
		__field(u8, flags)
		__field(u8, rtx)
	),
	TP_fast_assign(
		__entry->netns = key->net->ns.inum;
		memcpy(__entry->laddr, &key->laddr, 4);
		memcpy(__entry->raddr, &key->raddr, 4);
		__entry->lport = ntohs(key->lport);
		__entry->rport = ntohs(key->rport);
		__entry->seq = h->seq;
		__entry->ack = h->ack;
		__entry->len = len;
		__entry->wnd = h->wnd;
		__entry->flags = h->flags;
		__entry->rtx = rtx;
	),
	TP_printk("netns=%u local=%pI4:%u remote=%pI4:%u flags=0x%02x seq=%u ack=%u wnd=%u len=%u rtx=%u",
		  __entry->netns, __entry->laddr, __entry->lport,
		  __entry->raddr, __entry->rport, __entry->flags,
		  __entry->seq, __entry->ack, __entry->wnd, __entry->len,
		  __entry->rtx)
);

TRACE_EVENT(segment_receive,
	TP_PROTO(const struct waltz_key *key, const struct waltz_seg *seg),
	TP_ARGS(key, seg),
	TP_STRUCT__entry(
		__field(u32, netns)
		__array(u8, laddr, 4)
		__array(u8, raddr, 4)
		__field(u16, lport)
		__field(u16, rport)
		__field(u32, seq)
		__field(u32, ack)
		__field(u32, len)
		__field(u16, wnd)
		__field(u8, flags)
	),
	TP_fast_assign(
		__entry->netns = key->net->ns.inum;
		memcpy(__entry->laddr, &key->laddr, 4);
		memcpy(__entry->raddr, &key->raddr, 4);
		__entry->lport = ntohs(key->lport);
		__entry->rport = ntohs(key->rport);
		__entry->seq = seg->seq;
		__entry->ack = seg->ack;
		__entry->len = seg->len;
		__entry->wnd = seg->wnd;
		__entry->flags = seg->flags;
	),
	TP_printk("netns=%u local=%pI4:%u remote=%pI4:%u flags=0x%02x seq=%u ack=%u wnd=%u len=%u",
		  __entry->netns, __entry->laddr, __entry->lport,
		  __entry->raddr, __entry->rport, __entry->flags,
		  __entry->seq, __entry->ack, __entry->wnd, __entry->len)
);

#endif /* _WALTZ_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
