// SPDX-License-Identifier: GPL-2.0
/* Puts the stream together again, and reports by sack.c. */
#include "sim.h"

static u32 seq_of(const struct sim_receiver *v, u64 offset)
{
	return v->irs + (u32)offset;
}

static u64 offset_of(const struct sim_receiver *v, u32 seq)
{
	return v->next + (u64)(s64)(s32)(seq - seq_of(v, v->next));
}

void sim_receiver_init(struct sim_receiver *v, struct sim *s,
		       struct sim_path *path,
		       const struct sim_receiver_config *c, u32 iss)
{
	memset(v, 0, sizeof(*v));
	v->sim = s;
	v->path = path;
	v->c = *c;
	v->irs = iss + 1;
	v->right = c->buffer;
	waltz_sack_rcv_init(&v->sack);
	if (c->ecn)
		waltz_ecn_accepted(&v->ecn);
	if (c->bytes) {
		v->buffer = malloc(c->buffer);
		if (!v->buffer)
			abort();
	}
}

void sim_receiver_exit(struct sim_receiver *v)
{
	free(v->buffer);
}

/* ---- what is acknowledged ---- */

static bool held(const struct sim_receiver *v, u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < v->nooo; i++)
		if (v->ooo[i].start <= start && end <= v->ooo[i].end)
			return true;
	return false;
}

static void check_sacks(struct sim_receiver *v, const struct sim_segment *seg)
{
	unsigned int i;

	for (i = 0; i < seg->nsack; i++) {
		u64 start = offset_of(v, seg->sack[i].start);
		u64 end = offset_of(v, seg->sack[i].end);

		sim_check(v->sim, start < end, "an empty SACK block");
		if (!i && end <= v->next)
			continue;	/* D-SACK */
		sim_check(v->sim, held(v, start, end),
			  "a SACK block of what is not held");
	}
}

/* RFC 9293 3.8.6.2.2 */
static u32 window(struct sim_receiver *v)
{
	u64 right = v->copied + v->c.buffer;

	if (right >= v->right + v->c.buffer / 4 || v->right <= v->next)
		v->right = right > v->right ? right : v->right;
	return v->right > v->next ? (u32)(v->right - v->next) : 0;
}

static void send_ack(struct sim_receiver *v)
{
	struct sim_segment seg = {
		.ack = seq_of(v, v->next) + v->done,
		.wnd = window(v),
		.flags = WALTZ_ACK,
		.has_ts = v->c.ts,
		.tsval = (u32)(v->sim->now_us / 1000),
		.tsecr = v->ts_recent,
	};

	if (v->c.sack)
		seg.nsack = (u8)waltz_sack_rcv_fill(&v->sack, seg.sack,
						    v->c.ts ? 3 : 4);
	check_sacks(v, &seg);
	waltz_ecn_send(&v->ecn, false, &seg.flags);
	v->last_ack = v->next;
	v->unacked = 0;
	v->delack_at = 0;
	sim_path_send(v->path, &seg);
}

static void delack(void *who, void *what, u64 arg)
{
	struct sim_receiver *v = who;

	(void)what;
	if (v->delack_at == arg)
		send_ack(v);
}

static void acknowledge(struct sim_receiver *v, bool at_once)
{
	if (at_once || ++v->unacked >= 2 || v->nooo || !v->c.delack_us) {
		send_ack(v);
	} else if (!v->delack_at) {
		v->delack_at = v->sim->now_us + v->c.delack_us;
		sim_at(v->sim, v->delack_at, delack, v, NULL, v->delack_at);
	}
}

/* ---- reading ---- */

static void read_some(void *who, void *what, u64 arg);

static void read_later(struct sim_receiver *v)
{
	u64 wait = 1000;

	if (v->read_at || v->copied == v->next)
		return;
	if (sim_chance(v->sim, v->c.pause))
		wait += sim_between(v->sim, 1, 5000000);
	v->read_at = v->sim->now_us + wait;
	sim_at(v->sim, v->read_at, read_some, v, NULL, wait);
}

static void take(struct sim_receiver *v, u64 bytes)
{
	u64 i;

	if (v->c.bytes)
		for (i = v->copied; i < v->copied + bytes; i++)
			sim_check(v->sim, v->buffer[i % v->c.buffer] ==
				  sim_byte(i), "a wrong byte was read");
	v->copied += bytes;
}

static void open_window(struct sim_receiver *v)
{
	u64 right = v->copied + v->c.buffer;

	if (v->right <= v->next ? right > v->next + v->c.buffer / 4 :
				  right >= v->right + v->c.buffer / 2)
		send_ack(v);
}

static void read_some(void *who, void *what, u64 arg)
{
	struct sim_receiver *v = who;
	u64 there = v->next - v->copied;
	u64 n = v->c.read_rate / 1000 + 1;

	(void)what;
	(void)arg;
	v->read_at = 0;
	take(v, n < there ? n : there);
	open_window(v);
	read_later(v);
}

/* ---- what came ---- */

static void store(struct sim_receiver *v, const struct sim_segment *seg,
		  u64 from, u64 start, u64 end)
{
	u64 i;

	for (i = start; seg->data && v->buffer && i < end; i++)
		v->buffer[i % v->c.buffer] = seg->data[i - from];
}

/* Put [start, end) among the ranges, and report what is new of it. */
static void insert(struct sim_receiver *v, u64 start, u64 end)
{
	struct sim_range all = { start, end };
	u32 i, n = 0, at = 0;

	for (i = 0; i < v->nooo; i++) {
		struct sim_range *o = &v->ooo[i];
		u64 s = o->start > start ? o->start : start;
		u64 e = o->end < end ? o->end : end;

		if (s < e && v->c.sack)
			waltz_sack_rcv_duplicate(&v->sack, seq_of(v, s),
						 seq_of(v, e));
		if (o->end < start || o->start > end) {
			if (o->end < start)
				at = n + 1;
			v->ooo[n++] = *o;
			continue;
		}
		all.start = o->start < all.start ? o->start : all.start;
		all.end = o->end > all.end ? o->end : all.end;
	}
	sim_check(v->sim, n < SIM_RANGES, "too many ranges");
	if (v->sim->stop)
		return;
	memmove(&v->ooo[at + 1], &v->ooo[at], (n - at) * sizeof(all));
	v->ooo[at] = all;
	v->nooo = n + 1;
	waltz_sack_rcv_hole(&v->sack, seq_of(v, all.start),
			    seq_of(v, all.end));
}

static void advance(struct sim_receiver *v, u64 end)
{
	u32 n = 0;

	v->next = end;
	while (n < v->nooo && v->ooo[n].start <= v->next) {
		if (v->ooo[n].end > v->next)
			v->next = v->ooo[n].end;
		n++;
	}
	v->nooo -= n;
	memmove(v->ooo, v->ooo + n, v->nooo * sizeof(v->ooo[0]));
	waltz_sack_rcv_advance(&v->sack, seq_of(v, v->next));
	if (!v->c.read_rate)
		take(v, v->next - v->copied);
	read_later(v);
}

/* RFC 2018 section 8 allows it. */
static void renege(struct sim_receiver *v)
{
	if (!v->nooo || !sim_chance(v->sim, v->c.renege))
		return;
	v->nooo = 0;
	waltz_sack_rcv_purge(&v->sack);
}

static void take_text(struct sim_receiver *v, const struct sim_segment *seg)
{
	u64 from = offset_of(v, seg->seq), start = from;
	u64 end = from + seg->len;
	u64 before = v->next;
	bool at_once = v->nooo;

	sim_check(v->sim, end <= v->right, "sent beyond the window");
	if (v->sim->stop)
		return;
	at_once |= waltz_ecn_receive(&v->ecn, seg->flags, seg->field,
				     end > v->next);
	if (start < v->next) {
		u64 twice = end < v->next ? end : v->next;

		if (v->c.sack && start < twice)
			waltz_sack_rcv_duplicate(&v->sack, seq_of(v, start),
						 seq_of(v, twice));
		start = v->next;
	}
	if (start < end) {
		store(v, seg, from, start, end);
		if (start == v->next) {
			/* What of it came before? */
			insert(v, start, end);
			advance(v, v->ooo[0].end);
		} else {
			insert(v, start, end);
		}
	}
	if (v->fin && v->next == v->fin_at)
		v->done = true;
	acknowledge(v, at_once || v->done || v->next == before);
	renege(v);
}

void sim_receiver_segment(void *who, void *what, u64 arg)
{
	struct sim_receiver *v = who;
	struct sim_segment *seg = what;
	u64 from = offset_of(v, seg->seq);

	(void)arg;
	/* RFC 7323 4.3 */
	if (seg->has_ts && (s64)from <= (s64)v->last_ack &&
	    !seq_lt(seg->tsval, v->ts_recent))
		v->ts_recent = seg->tsval;
	if (seg->fin) {
		v->fin = true;
		v->fin_at = from + seg->len;
	}
	if (seg->len || seg->fin)
		take_text(v, seg);
	else
		send_ack(v);		/* a probe of the window */
	sim_segment_free(seg);
}
