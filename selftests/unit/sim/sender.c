// SPDX-License-Identifier: GPL-2.0
/* What the kernel's sender does around recovery.c. */
#include "sim.h"

#define DELACK_US	200000u
#define BASE_MSS	1024
#define BLACK_HOLE	3		/* time-outs before it is thought of */
#define FOLLOWERS	4u

/* What a record's data is: a piece of the stream. */
struct piece {
	u64 offset;
	u32 len;
	bool fin;
};

static struct piece *new_piece(u64 offset, u32 len, bool fin)
{
	struct piece *p = malloc(sizeof(*p));

	if (!p)
		abort();
	*p = (struct piece){ .offset = offset, .len = len, .fin = fin };
	return p;
}

static u32 seq_of(const struct sim_sender *d, u64 offset)
{
	return d->iss + 1 + (u32)offset;
}

static u32 in_flight(const struct sim_sender *d)
{
	return d->r.nxt - d->r.una;
}

void sim_sender_init(struct sim_sender *d, struct sim *s, struct sim_path *path,
		     const struct waltz_cong_ops *ops, u32 iss, u16 mss,
		     u32 wnd, bool sack)
{
	memset(d, 0, sizeof(*d));
	d->sim = s;
	d->path = path;
	d->iss = iss;
	d->mss = mss;
	d->most = mss;
	d->wnd = wnd;
	d->max_wnd = wnd;
	d->edge = iss + 1 + wnd;
	waltz_rtt_init(&d->rtt, 200000, WALTZ_RTO_MAX_US);
	waltz_recovery_init(&d->r, ops, mss, iss, sack);
}

void sim_sender_exit(struct sim_sender *d)
{
	struct waltz_board *b = &d->r.board;
	void *data;

	while (!waltz_board_empty(b))
		waltz_board_ack(b);
	while (waltz_recovery_pop(&d->r, &data))
		free(data);
	free(b->ring);
}

/* ---- timers ---- */

static void expire(void *who, void *what, u64 arg);

static void arm(struct sim_sender *d, enum sim_timer t, u64 delay)
{
	if (!delay) {
		d->deadline[t] = 0;
		return;
	}
	d->deadline[t] = d->sim->now_us + delay;
	sim_at(d->sim, d->deadline[t], expire, d, NULL, t);
}

static u32 srtt(const struct sim_sender *d)
{
	return d->rtt.srtt8 / 8;
}

static void arm_rto(struct sim_sender *d)
{
	arm(d, SIM_TIMER_RTO,
	    in_flight(d) || d->r.held ?
	    waltz_rtt_backoff(&d->rtt, d->backoff) : 0);
}

static void arm_probe(struct sim_sender *d)
{
	u64 rto = d->deadline[SIM_TIMER_RTO] - d->sim->now_us;

	arm(d, SIM_TIMER_PROBE,
	    waltz_recovery_probe_after(&d->r, srtt(d), (u32)rto, DELACK_US));
}

/* ---- sending ---- */

static void fill(u8 *to, const struct piece *p)
{
	u32 i;

	for (i = 0; i < p->len; i++)
		to[i] = sim_byte(p->offset + i);
}

static void transmit(struct sim_sender *d, const struct piece *p, bool again)
{
	u8 data[65536];
	struct sim_segment seg = {
		.seq = seq_of(d, p->offset),
		.len = p->len,
		.fin = p->fin,
		.flags = WALTZ_ACK,
		.has_ts = d->ts,
		.tsval = (u32)(d->sim->now_us / 1000),
	};

	seg.field = waltz_ecn_send(&d->ecn, p->len && !again, &seg.flags);
	if (d->bytes) {
		fill(data, p);
		seg.data = data;
	}
	sim_check(d->sim, d->budget-- > 0, "sends and sends");
	sim_check(d->sim, !p->len || seq_leq(seg.seq + p->len, d->edge),
		  "sends beyond the window");
	if (!d->sim->stop)
		sim_path_send(d->path, &seg);
}

static void make_room(struct sim_sender *d)
{
	struct waltz_board *b = &d->r.board;
	u32 capacity = b->capacity ? 2 * b->capacity : 4;
	struct waltz_record *ring;

	if (!waltz_board_full(b))
		return;
	ring = calloc(capacity, sizeof(*ring));
	if (!ring)
		abort();
	free(waltz_board_grow(b, ring, capacity));
}

static struct waltz_record *fit(struct sim_sender *d, struct waltz_record *rec)
{
	struct piece *p = rec->data, *rest;
	u32 pos;

	if (p->len <= d->mss)
		return rec;
	pos = waltz_board_find(&d->r.board, rec->seq);
	make_room(d);
	rec = waltz_board_at(&d->r.board, pos);
	rest = new_piece(p->offset + d->mss, p->len - d->mss, p->fin);
	p->len = d->mss;
	p->fin = false;
	/* What is acknowledged of it may reach into the second part. */
	if (seq_geq(rec->seq, seq_of(d, rest->offset))) {
		rec->data = rest;
		free(p);
		return fit(d, rec);
	}
	waltz_recovery_split(&d->r, &rec, seq_of(d, rest->offset), rest);
	return rec;
}

static void resend(struct sim_sender *d, struct waltz_record *rec)
{
	d->resent++;
	transmit(d, rec->data, true);
	waltz_recovery_resent(&d->r, rec, d->sim->now_us);
}

static void push_again(struct sim_sender *d)
{
	struct waltz_record *rec;

	while (!d->sim->stop && (rec = waltz_recovery_next(&d->r))) {
		rec = fit(d, rec);
		if (!waltz_recovery_allows(&d->r, rec->end_seq - rec->seq))
			return;
		resend(d, rec);
	}
}

static u32 room(const struct sim_sender *d)
{
	u32 at = seq_of(d, d->unsent);

	return seq_lt(at, d->edge) ? d->edge - at : 0;
}

static bool has_new(const struct sim_sender *d)
{
	if (d->unsent < d->written)
		return room(d);
	return d->written == d->total && !d->fin_sent;
}

static void send_new(struct sim_sender *d, u32 len)
{
	bool fin = d->unsent + len == d->total;
	struct piece *p = new_piece(d->unsent, len, fin);
	u32 seq = seq_of(d, d->unsent);

	make_room(d);
	d->unsent += len;
	d->fin_sent = fin;
	transmit(d, p, false);
	waltz_recovery_sent(&d->r, seq, seq + len + fin, p, d->sim->now_us);
}

/* Bytes that may go now. */
static u32 sendable(const struct sim_sender *d)
{
	u64 left = d->written - d->unsent;
	u32 len = left < d->mss ? (u32)left : d->mss;

	if (room(d) < len) {
		len = room(d);
		if (len < d->max_wnd / 2 && in_flight(d))
			return 0;
	}
	return len;
}

/* A larger one, of new data: RFC 4821. */
static void probe_mtu(struct sim_sender *d)
{
	u16 size = waltz_plpmtu_next(&d->plpmtu, d->most,
				     (u32)(d->sim->now_us / 1000000));
	u32 need = size + FOLLOWERS * d->mss;

	if (size <= d->mss || d->r.state != WALTZ_CA_OPEN ||
	    d->r.mtu_probe != WALTZ_MTU_PROBE_NONE ||
	    d->written - d->unsent < need || room(d) < need ||
	    d->r.cong.cwnd < need || !waltz_recovery_allows(&d->r, d->mss))
		return;
	send_new(d, size);
	waltz_recovery_mtu_probe(&d->r);
	waltz_plpmtu_sent(&d->plpmtu, size);
	d->mtu_probes++;
}

static void push_new(struct sim_sender *d)
{
	probe_mtu(d);
	while (!d->sim->stop && has_new(d)) {
		u32 len = sendable(d);

		if (!len && d->unsent < d->written)
			return;
		if (!waltz_recovery_allows(&d->r, len ? len : 1))
			return;
		send_new(d, len);
	}
}

static void push(struct sim_sender *d)
{
	u32 nxt = d->r.nxt;

	push_again(d);
	if (!waltz_recovery_next(&d->r))
		push_new(d);
	if (waltz_recovery_no_new(&d->r))
		push_again(d);
	if (in_flight(d)) {
		arm(d, SIM_TIMER_PERSIST, 0);
		if (!d->deadline[SIM_TIMER_RTO])
			arm_rto(d);
		if (d->r.nxt != nxt)
			arm_probe(d);
	} else if (d->unsent < d->written && !d->r.held && !d->deadline[SIM_TIMER_PERSIST]) {
		arm(d, SIM_TIMER_PERSIST, d->rtt.rto);
	}
}

static void set_mss(struct sim_sender *d)
{
	u16 low = d->plpmtu.low;

	d->mss = low && low < d->most ? low : d->most;
	waltz_recovery_mtu(&d->r, d->mss);
}

static void take_probe(struct sim_sender *d)
{
	u8 what = d->r.mtu_probe;

	if (what <= WALTZ_MTU_PROBE_OUT)
		return;
	d->r.mtu_probe = WALTZ_MTU_PROBE_NONE;
	if (!d->plpmtu.probe)
		return;
	if (what == WALTZ_MTU_PROBE_LOST) {
		waltz_plpmtu_lost(&d->plpmtu, (u32)(d->sim->now_us / 1000000));
		return;
	}
	waltz_plpmtu_passed(&d->plpmtu, (u32)(d->sim->now_us / 1000000));
	set_mss(d);
}

static void black_hole(struct sim_sender *d)
{
	const struct waltz_record *rec = waltz_board_first(&d->r.board);
	const struct piece *p = rec->data;
	u16 size = waltz_plpmtu_lower(&d->plpmtu, BASE_MSS, d->most, p->len);

	if (d->backoff < BLACK_HOLE || !size)
		return;
	waltz_plpmtu_lowered(&d->plpmtu, size, d->most);
	set_mss(d);
}

static void look(struct sim_sender *d)
{
	const char *wrong = d->check ? sim_recount(&d->r) : NULL;

	sim_check(d->sim, !wrong, wrong);
}

/* ---- expiries ---- */

static void probe_window(struct sim_sender *d)
{
	struct sim_segment seg = {
		.seq = d->r.una - 1,
		.has_ts = d->ts,
		.tsval = (u32)(d->sim->now_us / 1000),
	};

	if (in_flight(d) || d->unsent >= d->written)
		return;
	if (d->backoff < 255)
		d->backoff++;
	sim_path_send(d->path, &seg);
	arm(d, SIM_TIMER_PERSIST, waltz_rtt_backoff(&d->rtt, d->backoff));
}

static void probe_loss(struct sim_sender *d)
{
	enum waltz_probe what = waltz_recovery_probe(&d->r,
						     has_new(d) && room(d));
	u32 len;

	if (what == WALTZ_PROBE_NONE)
		return;
	d->probes++;
	if (what == WALTZ_PROBE_NEW) {
		len = d->written - d->unsent < d->mss ?
		      (u32)(d->written - d->unsent) : d->mss;
		send_new(d, len < room(d) ? len : room(d));
	} else {
		fit(d, waltz_board_last(&d->r.board));
		transmit(d, waltz_board_last(&d->r.board)->data, true);
		d->resent++;
	}
	waltz_recovery_probe_sent(&d->r, what == WALTZ_PROBE_LAST,
				  d->sim->now_us);
	arm_rto(d);
}

static void time_out(struct sim_sender *d)
{
	struct waltz_record *rec;

	if (!in_flight(d)) {
		waltz_recovery_release(&d->r);
		return;
	}
	d->timeouts++;
	black_hole(d);
	waltz_recovery_timeout(&d->r, !d->backoff, d->sim->now_us);
	waltz_ecn_reduced(&d->ecn);
	take_probe(d);
	rec = waltz_recovery_next(&d->r);
	sim_check(d->sim, rec == waltz_board_first(&d->r.board),
		  "a timeout, and the first segment is not to be sent again");
	if (d->sim->stop)
		return;
	rec = fit(d, rec);
	sim_check(d->sim,
		  waltz_recovery_allows(&d->r, rec->end_seq - rec->seq),
		  "a timeout, and the first segment may not be sent");
	resend(d, rec);
	if (d->backoff < 255)
		d->backoff++;
	arm(d, SIM_TIMER_PROBE, 0);
	arm(d, SIM_TIMER_REORDER, 0);
	arm_rto(d);
}

static void look_for_lost(struct sim_sender *d)
{
	u32 ssthresh = d->r.cong.ssthresh;

	arm(d, SIM_TIMER_REORDER,
	    waltz_recovery_reorder(&d->r, d->sim->now_us));
	if (d->r.cong.ssthresh < ssthresh)
		waltz_ecn_reduced(&d->ecn);
}

static void expire(void *who, void *what, u64 arg)
{
	struct sim_sender *d = who;

	(void)what;
	if (d->deadline[arg] != d->sim->now_us)
		return;
	d->deadline[arg] = 0;
	switch (arg) {
	case SIM_TIMER_RTO:
		time_out(d);
		break;
	case SIM_TIMER_REORDER:
		look_for_lost(d);
		take_probe(d);
		break;
	case SIM_TIMER_PROBE:
		probe_loss(d);
		break;
	case SIM_TIMER_PERSIST:
		probe_window(d);
		break;
	}
	if (!d->sim->stop)
		push(d);
	look(d);
}

/* ---- what came ---- */

void sim_sender_write(void *who, void *what, u64 bytes)
{
	struct sim_sender *d = who;

	(void)what;
	d->written += bytes;
	push(d);
	look(d);
}

static void take_ack(struct sim_sender *d, const struct sim_segment *seg)
{
	struct waltz_ack_in in = {
		.sack = seg->sack,
		.nsack = seg->nsack,
		.now_us = d->sim->now_us,
		.ack = seg->ack,
		.srtt_us = srtt(d),
		.dup = seg->ack == d->r.una && in_flight(d) &&
		       seg->wnd == d->wnd,
		.ece = waltz_ecn_echoed(&d->ecn, seg->flags) &&
		       seq_geq(seg->ack, d->r.una),
		.can_send_new = has_new(d),
	};
	struct waltz_ack_out out;
	void *data;

	if (d->ts && seg->has_ts && seg->tsecr) {
		u32 ms = (u32)(d->sim->now_us / 1000) - seg->tsecr;

		in.ts_rtt_us = ms ? ms * 1000 : 1;
	}
	waltz_recovery_ack(&d->r, &in, &out);
	take_probe(d);
	while (waltz_recovery_pop(&d->r, &data))
		free(data);
	d->recoveries += out.began;
	d->undone += out.spurious;
	d->echoed += out.echoed;
	d->held += out.held;
	if (out.restored)
		waltz_ecn_restored(&d->ecn);
	if (out.reduced)
		waltz_ecn_reduced(&d->ecn);
	if (out.rtt_us)
		waltz_rtt_sample(&d->rtt, out.rtt_us);
	if (out.acked || out.held) {
		d->backoff = 0;
		arm_rto(d);
		arm_probe(d);
	}
	arm(d, SIM_TIMER_REORDER, out.reorder_us);
}

static void take_mtu(struct sim_sender *d, u32 mss)
{
	if (mss >= d->most)
		return;
	d->most = (u16)mss;
	set_mss(d);
	push(d);
	look(d);
}

void sim_sender_segment(void *who, void *what, u64 arg)
{
	struct sim_sender *d = who;
	struct sim_segment *seg = what;

	(void)arg;
	if (seg->mtu) {
		take_mtu(d, seg->len);
		sim_segment_free(seg);
		return;
	}
	sim_check(d->sim, seq_leq(seg->ack, d->r.nxt), "what was not sent is acknowledged");
	if (seq_geq(seg->ack, d->r.una)) {
		take_ack(d, seg);
		d->wnd = seg->wnd;
		d->max_wnd = d->wnd > d->max_wnd ? d->wnd : d->max_wnd;
		if (seq_gt(seg->ack + seg->wnd, d->edge)) {
			d->edge = seg->ack + seg->wnd;
			if (!in_flight(d))
				d->backoff = 0;
		}
		if (!d->sim->stop)
			push(d);
	} else {
		take_ack(d, seg);
		push(d);
	}
	sim_segment_free(seg);
	look(d);
	if (d->fin_sent && !in_flight(d)) {
		d->done = true;
		d->sim->stop = true;
	}
}
