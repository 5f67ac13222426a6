/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulation of one connection: a sender and a receiver made of the pure
 * files, and a path between them. Events, in order of time; all that is random
 * comes from one seed.
 */
#ifndef _SIM_H
#define _SIM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ecn.h"
#include "plpmtu.h"
#include "recovery.h"
#include "rtt.h"
#include "seq.h"

#define SIM_PPM		1000000u	/* probabilities are in millionths */

/* ---- events ---- */

typedef void sim_fn(void *who, void *what, u64 arg);

struct sim_event {
	u64 at_us;
	u64 order;
	sim_fn *fn;
	void *who;
	void *what;
	u64 arg;
};

/**
 * struct sim - the world
 * @now_us: its time
 * @rng: of what is random
 * @heap: events to come
 * @n: of them
 * @room: for them
 * @order: events that ever were
 * @failed: what went wrong first; NULL: nothing
 * @stop: it is over
 */
struct sim {
	u64 now_us;
	u64 rng;
	struct sim_event *heap;
	u32 n;
	u32 room;
	u64 order;
	const char *failed;
	bool stop;
};

void sim_init(struct sim *s, u64 seed);
void sim_exit(struct sim *s);
void sim_at(struct sim *s, u64 at_us, sim_fn *fn, void *who, void *what,
	    u64 arg);
void sim_run(struct sim *s, u64 until_us);
u32 sim_random(struct sim *s);

static inline u32 sim_below(struct sim *s, u32 n)
{
	return (u32)((u64)sim_random(s) * n >> 32);
}

static inline u32 sim_between(struct sim *s, u32 low, u32 high)
{
	return low + sim_below(s, high - low + 1);
}

static inline bool sim_chance(struct sim *s, u32 ppm)
{
	return ppm && sim_below(s, SIM_PPM) < ppm;
}

/* The first complaint is kept. */
static inline void sim_check(struct sim *s, bool ok, const char *what)
{
	if (!ok && !s->failed)
		s->failed = what;
	if (!ok)
		s->stop = true;
}

/* ---- segments ---- */

struct sim_segment {
	u32 seq;
	u32 len;
	u32 ack;
	u32 wnd;
	u32 tsval;
	u32 tsecr;
	u8 nsack;
	u8 flags;			/* ECE, CWR */
	u8 field;			/* ECN's, of IP */
	bool has_ts;
	bool fin;
	bool mtu;			/* not a segment: a router's complaint */
	struct waltz_sack sack[WALTZ_SACKS_MAX];
	u8 *data;
};

/* What of the stream is at an offset. */
static inline u8 sim_byte(u64 offset)
{
	return (u8)(offset * 0x9e3779b97f4a7c15ull >> 56);
}

/* ---- the path ---- */

/**
 * struct sim_path_config - one direction
 * @rate: bytes a second; 0: no limit
 * @delay_us: propagation
 * @queue: bytes that wait for the link
 * @loss: ppm
 * @burst: ppm that a burst of losses begins
 * @burst_len: its mean length in segments
 * @reorder: ppm that a segment is late
 * @reorder_us: by as much at most
 * @duplicate: ppm
 * @mark: ppm, of what may be marked
 */
struct sim_path_config {
	u64 rate;
	u32 delay_us;
	u32 queue;
	u32 loss;
	u32 burst;
	u32 burst_len;
	u32 reorder;
	u32 reorder_us;
	u32 duplicate;
	u32 mark;
};

/**
 * struct sim_path - one direction
 * @sim: the world
 * @c: its properties
 * @free_us: when the link is idle
 * @mss: what is larger is dropped, and complained of, unless @silent
 * @burst_until_us: all is lost until then, or until enough is
 * @deliver: where segments come out
 * @to: ... and to whom
 * @silent: nobody is told
 * @complain: whom a router tells of @mss
 * @sent: segments given to it
 * @dropped: ... that did not come out
 */
struct sim_path {
	struct sim *sim;
	struct sim_path_config c;
	u64 free_us;
	u32 mss;
	bool silent;
	u64 burst_until_us;
	sim_fn *deliver;
	void *to;
	void *complain;
	u64 sent;
	u64 dropped;
};

void sim_path_send(struct sim_path *p, const struct sim_segment *seg);
void sim_segment_free(struct sim_segment *seg);

/* ---- the receiver ---- */

#define SIM_RANGES	4096

struct sim_range {
	u64 start;
	u64 end;
};

/**
 * struct sim_receiver_config - how the receiver behaves
 * @buffer: bytes of its receive buffer
 * @delack_us: the longest it delays an ACK
 * @read_rate: bytes a second that are read; 0: at once
 * @pause: ppm that reading stops for a while
 * @renege: ppm that it throws away what came out of order
 * @sack: it has SACK
 * @ts: it has timestamps
 * @ecn: it has ECN
 * @bytes: it looks at every byte
 */
struct sim_receiver_config {
	u32 buffer;
	u32 delack_us;
	u32 read_rate;
	u32 pause;
	u32 renege;
	bool sack;
	bool ts;
	bool ecn;
	bool bytes;
};

/**
 * struct sim_receiver - the receiver; offsets are of the stream
 * @sim: the world
 * @path: back to the sender
 * @c: its ways
 * @irs: sequence number of offset 0
 * @next: RCV.NXT, as an offset
 * @fin_at: offset of the end; valid with @fin
 * @copied: what was read
 * @right: offset of the window's right edge
 * @ooo: ranges held behind holes, in order
 * @nooo: of them
 * @buffer: bytes, by offset modulo its size
 * @sack: what to report
 * @ecn: and of marks
 * @ts_recent: RFC 7323
 * @last_ack: offset last acknowledged
 * @unacked: segments since
 * @delack_at: when an ACK is due; 0: none
 * @read_at: when something will be read; 0: not
 * @fin: the end is known
 * @done: the end was reached
 */
struct sim_receiver {
	struct sim *sim;
	struct sim_path *path;
	struct sim_receiver_config c;
	u32 irs;
	u64 next;
	u64 fin_at;
	u64 copied;
	u64 right;
	struct sim_range ooo[SIM_RANGES];
	u32 nooo;
	u8 *buffer;
	struct waltz_sack_rcv sack;
	struct waltz_ecn ecn;
	u32 ts_recent;
	u64 last_ack;
	u32 unacked;
	u64 delack_at;
	u64 read_at;
	bool fin;
	bool done;
};

void sim_receiver_init(struct sim_receiver *v, struct sim *s,
		       struct sim_path *path,
		       const struct sim_receiver_config *c, u32 iss);
void sim_receiver_exit(struct sim_receiver *v);
void sim_receiver_segment(void *who, void *what, u64 arg);

/* ---- the sender ---- */

enum sim_timer {
	SIM_TIMER_RTO,
	SIM_TIMER_REORDER,
	SIM_TIMER_PROBE,		/* RFC 8985's */
	SIM_TIMER_PERSIST,		/* a closed window's */
	SIM_TIMERS
};

/**
 * struct sim_sender - the sender; offsets are of the stream
 * @sim: the world
 * @path: to the receiver
 * @r: what is tested
 * @rtt: RFC 6298
 * @ecn: RFC 3168
 * @iss: sequence number of offset 0, less one
 * @total: bytes that will be written in all
 * @written: bytes that are
 * @unsent: offset of the first not sent
 * @fin_sent: the FIN was, too
 * @wnd: SND.WND
 * @max_wnd: the largest
 * @edge: right edge, the furthest ever
 * @mss: SMSS
 * @most: what it may be at most
 * @plpmtu: the search for it
 * @backoff: of the RTO
 * @deadline: of timers; 0: not armed
 * @ts: timestamps in use
 * @bytes: segments carry their bytes
 * @check: count again after every event
 * @budget: segments that may still be sent, before it is too much
 * @resent: segments sent again
 * @timeouts: expiries of the RTO
 * @recoveries: fast recoveries
 * @undone: recoveries that were needless
 * @probes: loss probes
 * @echoed: reductions for ECN
 * @held: ... that left the pace to the RTO
 * @mtu_probes: probes of the path MTU
 * @done: all is acknowledged
 */
struct sim_sender {
	struct sim *sim;
	struct sim_path *path;
	struct waltz_recovery r;
	struct waltz_rtt rtt;
	struct waltz_ecn ecn;
	u32 iss;
	u64 total;
	u64 written;
	u64 unsent;
	bool fin_sent;
	u32 wnd;
	u32 max_wnd;
	u32 edge;
	u16 mss;
	u16 most;
	struct waltz_plpmtu plpmtu;
	u8 backoff;
	u64 deadline[SIM_TIMERS];
	bool ts;
	bool bytes;
	bool check;
	u64 budget;
	u64 resent;
	u64 timeouts;
	u64 recoveries;
	u64 undone;
	u64 probes;
	u64 echoed;
	u64 held;
	u64 mtu_probes;
	bool done;
};

void sim_sender_init(struct sim_sender *d, struct sim *s, struct sim_path *path,
		     const struct waltz_cong_ops *ops, u32 iss, u16 mss,
		     u32 wnd, bool sack);
void sim_sender_exit(struct sim_sender *d);
void sim_sender_write(void *who, void *what, u64 bytes);
void sim_sender_segment(void *who, void *what, u64 arg);

/* check.c: does the scoreboard agree with itself? NULL: it does. */
const char *sim_recount(const struct waltz_recovery *r);

#endif /* _SIM_H */
