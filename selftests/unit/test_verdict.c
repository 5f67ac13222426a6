// SPDX-License-Identifier: GPL-2.0
/*
 * verdict.c: the matrix of TIME_WAIT and FIN_WAIT2 records, line by line, at
 * every place where sequence numbers or timestamps wrap.
 */
#include "unit.h"
#include "seq.h"
#include "verdict.h"

#define F	WALTZ_FIN
#define S	WALTZ_SYN
#define R	WALTZ_RST
#define P	WALTZ_PSH
#define K	WALTZ_ACK

/* Older than any window a peer may ever have offered: 65535 << 14. */
#define TOO_OLD	(-0x40000001)

static const u32 bases[] = {
	0, 1, 1000, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff,
	0xfffffff0, 0xffff8000,
};

static const char *verdict_name(enum waltz_verdict v)
{
	static const char * const names[] = {
		[WALTZ_TW_IGNORE] = "nothing",
		[WALTZ_TW_IGNORE_RST] = "RST ignored",
		[WALTZ_TW_CHALLENGE] = "challenge",
		[WALTZ_TW_FIN_AGAIN] = "FIN again",
		[WALTZ_TW_REOPEN] = "reopen",
		[WALTZ_TW_FIN] = "FIN",
		[WALTZ_TW_DATA] = "data",
		[WALTZ_TW_RESET] = "reset",
	};

	return v < ARRAY_SIZE(names) && names[v] ? names[v] : "?";
}

/**
 * struct line - one line of the matrix; numbers relative to the record's
 * @what: the line
 * @flags: of the segment
 * @seq: SEG.SEQ - RCV.NXT
 * @len: bytes of data
 * @ack: SEG.ACK - SND.NXT
 * @want: the answer
 */
struct line {
	const char *what;
	u8 flags;
	s32 seq;
	u32 len;
	s32 ack;
	enum waltz_verdict want;
};

/* Which timestamps record and segment have, and how they compare. */
enum stamps {
	NO_STAMPS,
	NEWER,
	EQUAL,
	OLDER,
	STAMPS
};

static void fill_stamps(struct waltz_tw_view *tw, struct waltz_seg *seg,
			enum stamps stamps, u32 ts_recent)
{
	static const s32 steps[STAMPS] = { [NEWER] = 1, [OLDER] = -1 };

	tw->has_ts = stamps != NO_STAMPS;
	tw->ts_recent = ts_recent;
	if (stamps == NO_STAMPS)
		return;
	seg->opts |= WALTZ_OPT_TS;
	seg->tsval = ts_recent + (u32)steps[stamps];
}

static void fill_seg(struct waltz_seg *seg, u8 flags, u32 at, u32 len, u32 ack)
{
	*seg = (struct waltz_seg){
		.seq = at,
		.end_seq = at + len + !!(flags & S) + !!(flags & F),
		.ack = flags & K ? ack : 0,
		.len = len,
		.sport = 1,
		.dport = 2,
		.mss = WALTZ_MSS_DEFAULT,
		.flags = flags,
		.hdrlen = WALTZ_HDR_LEN,
	};
}

static void check_line(const struct line *l, bool fin_wait2,
		       enum stamps stamps)
{
	struct waltz_tw_view tw;
	struct waltz_seg seg;
	enum waltz_verdict got;
	unsigned int r, s;

	for (r = 0; r < ARRAY_SIZE(bases); r++)
		for (s = 0; s < ARRAY_SIZE(bases); s++) {
			tw = (struct waltz_tw_view){
				.snd_nxt = bases[s],
				.rcv_nxt = bases[r],
				.fin_wait2 = fin_wait2,
			};
			fill_seg(&seg, l->flags, bases[r] + (u32)l->seq,
				 l->len, bases[s] + (u32)l->ack);
			fill_stamps(&tw, &seg, stamps, bases[(r + s) %
							     ARRAY_SIZE(bases)]);
			got = waltz_tw_verdict(&tw, &seg);
			CHECK(got == l->want,
			      "%s, at RCV.NXT %08x SND.NXT %08x stamps %u: %s, not %s",
			      l->what, bases[r], bases[s], stamps,
			      verdict_name(got), verdict_name(l->want));
		}
}

static void check_lines(const struct line *l, unsigned int n, bool fin_wait2,
			enum stamps stamps)
{
	for (; n; n--, l++)
		check_line(l, fin_wait2, stamps);
}

/* What holds whatever the timestamps say, but for PAWS. */
static const struct line time_wait[] = {
	{ "RST at RCV.NXT", R, 0, 0, 0, WALTZ_TW_IGNORE_RST },
	{ "RST at RCV.NXT-1", R, -1, 0, 0, WALTZ_TW_IGNORE_RST },
	{ "RST in window", R, 100, 0, 0, WALTZ_TW_IGNORE_RST },
	{ "RST outside", R, -100, 0, 0, WALTZ_TW_IGNORE_RST },
	{ "RST+ACK", R | K, 0, 0, 0, WALTZ_TW_IGNORE_RST },
	{ "RST with data", R | K, 0, 9, 0, WALTZ_TW_IGNORE_RST },
	{ "ACK at RCV.NXT", K, 0, 0, 0, WALTZ_TW_IGNORE },
	{ "ACK below", K, -1, 0, 0, WALTZ_TW_CHALLENGE },
	{ "ACK far below", K, -100000, 0, 0, WALTZ_TW_CHALLENGE },
	{ "ACK above", K, 1, 0, 0, WALTZ_TW_CHALLENGE },
	{ "ACK half the space away", K, -0x7fffffff - 1, 0, 0, WALTZ_TW_CHALLENGE },
	{ "ACK of what was never sent", K, 0, 0, 1, WALTZ_TW_CHALLENGE },
	{ "old data", K | P, -10, 9, 0, WALTZ_TW_CHALLENGE },
	{ "data at RCV.NXT", K | P, 0, 9, 0, WALTZ_TW_CHALLENGE },
	{ "data above", K | P, 100, 9, 0, WALTZ_TW_CHALLENGE },
	{ "one byte below", K, -1, 1, 0, WALTZ_TW_CHALLENGE },
	{ "FIN+ACK at RCV.NXT", F | K, 0, 0, 0, WALTZ_TW_CHALLENGE },
	{ "FIN+ACK at RCV.NXT-2", F | K, -2, 0, 0, WALTZ_TW_CHALLENGE },
	{ "FIN+ACK above", F | K, 7, 0, 0, WALTZ_TW_CHALLENGE },
	{ "FIN+ACK with data above", F | K, -1, 1, 0, WALTZ_TW_CHALLENGE },
	{ "FIN without ACK", F, -1, 0, 0, WALTZ_TW_IGNORE },
	{ "FIN without ACK, in window", F, 0, 0, 0, WALTZ_TW_IGNORE },
	{ "data without ACK", P, 0, 9, 0, WALTZ_TW_IGNORE },
	{ "SYN+ACK", S | K, 0, 0, 0, WALTZ_TW_CHALLENGE },
	{ "SYN+ACK above", S | K, 1000, 0, 0, WALTZ_TW_CHALLENGE },
	{ "SYN+ACK below", S | K, -1000, 0, 0, WALTZ_TW_CHALLENGE },
	{ "SYN+FIN above", S | F, 1000, 0, 0, WALTZ_TW_CHALLENGE },
	{ "SYN+FIN+ACK above", S | F | K, 1000, 0, 0, WALTZ_TW_CHALLENGE },
};

static const struct line time_wait_fin[] = {
	{ "FIN+ACK at RCV.NXT-1", F | K, -1, 0, 0, WALTZ_TW_FIN_AGAIN },
	{ "the FIN with all its data", F | K | P, -10, 9, 0, WALTZ_TW_FIN_AGAIN },
	{ "the FIN, before it saw ours", F | K, -1, 0, -1, WALTZ_TW_FIN_AGAIN },
};

static void test_time_wait(void)
{
	enum stamps stamps;

	for (stamps = NO_STAMPS; stamps < STAMPS; stamps++)
		check_lines(time_wait, ARRAY_SIZE(time_wait), false, stamps);
}

static void test_time_wait_fin(void)
{
	static const struct line old[] = {
		{ "an old copy of the FIN", F | K, -1, 0, 0, WALTZ_TW_CHALLENGE },
		{ "... with data", F | K, -10, 9, 0, WALTZ_TW_CHALLENGE },
	};

	check_lines(time_wait_fin, ARRAY_SIZE(time_wait_fin), false,
		    NO_STAMPS);
	check_lines(time_wait_fin, ARRAY_SIZE(time_wait_fin), false, NEWER);
	check_lines(time_wait_fin, ARRAY_SIZE(time_wait_fin), false, EQUAL);
	check_lines(old, ARRAY_SIZE(old), false, OLDER);
}

/* RFC 5961 5: an ACK of what was never sent counts for nothing else. */
static void test_time_wait_fin_bad_ack(void)
{
	static const struct line bad[] = {
		{ "FIN, ACK of what was never sent", F | K, -1, 0, 1, WALTZ_TW_CHALLENGE },
		{ "... by far", F | K, -1, 0, 0x10000000, WALTZ_TW_CHALLENGE },
	};

	check_lines(bad, ARRAY_SIZE(bad), false, NO_STAMPS);
	check_lines(bad, ARRAY_SIZE(bad), false, NEWER);
}

/* "ACK at RCV.NXT without data: none", though it be reordered. */
static void test_time_wait_late_ack(void)
{
	static const struct line late[] = {
		{ "ACK of all but our FIN", K, 0, 0, -1, WALTZ_TW_IGNORE },
		{ "ACK of less", K, 0, 0, -5000, WALTZ_TW_IGNORE },
	};

	check_lines(late, ARRAY_SIZE(late), false, NO_STAMPS);
	check_lines(late, ARRAY_SIZE(late), false, EQUAL);
}

/* Two hosts in TIME_WAIT must not answer each other's challenges for ever. */
static void test_no_loop(void)
{
	unsigned int r, s;

	for (r = 0; r < ARRAY_SIZE(bases); r++)
		for (s = 0; s < ARRAY_SIZE(bases); s++) {
			struct waltz_tw_view a = {
				.snd_nxt = bases[s], .rcv_nxt = bases[r],
			};
			struct waltz_seg seg;

			fill_seg(&seg, K, a.rcv_nxt, 0, a.snd_nxt);
			CHECK(waltz_tw_verdict(&a, &seg) == WALTZ_TW_IGNORE,
			      "the peer's challenge is answered");
			a.fin_wait2 = true;
			CHECK(waltz_tw_verdict(&a, &seg) == WALTZ_TW_IGNORE,
			      "... in FIN_WAIT2");
		}
}

/*
 * RFC 6191 section 2, with the record's RCV.NXT for "the last sequence number
 * seen": who had timestamps, how they compare, where the SYN is.
 */
static enum waltz_verdict rfc6191(bool old_ts, bool new_ts, s32 ts, s32 seq)
{
	if (old_ts && new_ts) {
		if (ts > 0)
			return WALTZ_TW_REOPEN;
		if (ts < 0)
			return WALTZ_TW_CHALLENGE;
	} else if (new_ts) {
		return WALTZ_TW_REOPEN;
	}
	return seq > 0 ? WALTZ_TW_REOPEN : WALTZ_TW_CHALLENGE;
}

static void check_syn(u32 rcv_nxt, u32 ts_recent, bool old_ts, bool new_ts,
		      s32 ts, s32 seq, u8 flags, u32 len)
{
	struct waltz_tw_view tw = {
		.snd_nxt = 5, .rcv_nxt = rcv_nxt, .ts_recent = ts_recent,
		.has_ts = old_ts,
	};
	enum waltz_verdict want = rfc6191(old_ts, new_ts, ts, seq), got;
	struct waltz_seg seg;

	fill_seg(&seg, flags, rcv_nxt + (u32)seq, len, 0);
	if (new_ts) {
		seg.opts = WALTZ_OPT_TS;
		seg.tsval = ts_recent + (u32)ts;
	}
	got = waltz_tw_verdict(&tw, &seg);
	CHECK(got == want,
	      "RCV.NXT %08x%+d TS.Recent %08x%+d, timestamps %d %d: %s, not %s",
	      rcv_nxt, seq, ts_recent, ts, old_ts, new_ts, verdict_name(got),
	      verdict_name(want));
}

static void test_rfc6191(void)
{
	static const s32 steps[] = {
		0, 1, 2, 1000, 0x7ffffffe, 0x7fffffff,
		-1, -2, -1000, -0x7ffffffe, -0x7fffffff,
	};
	unsigned int r, t, i, k, who;

	for (r = 0; r < ARRAY_SIZE(bases); r++)
		for (t = 0; t < ARRAY_SIZE(bases); t++)
			for (who = 0; who < 4; who++)
				for (i = 0; i < ARRAY_SIZE(steps); i++)
					for (k = 0; k < ARRAY_SIZE(steps); k++) {
						check_syn(bases[r], bases[t],
							  who & 1, who & 2,
							  steps[i], steps[k], S, 0);
						/* Data in the SYN changes nothing. */
						check_syn(bases[r], bases[t],
							  who & 1, who & 2,
							  steps[i], steps[k],
							  S | P, 100);
					}
}

static void test_rfc6191_random(void)
{
	unsigned int i;
	s32 ts, seq;

	unit_seed();
	for (i = 0; i < 200000; i++) {
		ts = (s32)(unit_random() >> unit_below(32));
		seq = (s32)(unit_random() >> unit_below(32));
		/* Half the space is neither before nor after. */
		if (ts == -0x7fffffff - 1 || seq == -0x7fffffff - 1)
			continue;
		check_syn(unit_random(), unit_random(), unit_below(2),
			  unit_below(2), unit_below(2) ? ts : -ts,
			  unit_below(2) ? seq : -seq, S, 0);
	}
}

/* Lines of the six states that a record may have to answer for. */
static const struct line fin_wait2[] = {
	{ "RST at RCV.NXT", R, 0, 0, 0, WALTZ_TW_RESET },
	{ "RST+ACK at RCV.NXT", R | K, 0, 0, 0, WALTZ_TW_RESET },
	{ "RST+ACK, whatever its ACK", R | K, 0, 0, 77, WALTZ_TW_RESET },
	{ "RST one above", R, 1, 0, 0, WALTZ_TW_CHALLENGE },
	{ "RST in window", R, 1000, 0, 0, WALTZ_TW_CHALLENGE },
	{ "RST at the last of the window", R, 65534, 0, 0, WALTZ_TW_CHALLENGE },
	{ "RST at the right edge", R, 65535, 0, 0, WALTZ_TW_IGNORE },
	{ "RST past the window", R, 65536, 0, 0, WALTZ_TW_IGNORE },
	{ "RST below", R, -1, 0, 0, WALTZ_TW_IGNORE },
	{ "RST far away", R, -0x7fffffff - 1, 0, 0, WALTZ_TW_IGNORE },
	{ "SYN at RCV.NXT", S, 0, 0, 0, WALTZ_TW_CHALLENGE },
	{ "SYN above", S, 1000, 0, 0, WALTZ_TW_CHALLENGE },
	{ "SYN outside", S, -100000, 0, 0, WALTZ_TW_CHALLENGE },
	{ "SYN+ACK", S | K, 0, 0, 0, WALTZ_TW_CHALLENGE },
	{ "FIN without ACK", F, 0, 0, 0, WALTZ_TW_IGNORE },
	{ "data without ACK", P, 0, 10, 0, WALTZ_TW_IGNORE },
	{ "ACK below", K, -1, 0, 0, WALTZ_TW_CHALLENGE },
	{ "ACK at the right edge", K, 65535, 0, 0, WALTZ_TW_CHALLENGE },
	{ "ACK of what was never sent", K, 0, 0, 1, WALTZ_TW_CHALLENGE },
	{ "FIN and an ACK of what was never sent", F | K, 0, 0, 1, WALTZ_TW_CHALLENGE },
	{ "data and an ACK of what was never sent", K, 0, 9, 1, WALTZ_TW_CHALLENGE },
	{ "old data", K, -10, 10, 0, WALTZ_TW_CHALLENGE },
	{ "data past the window", K, 65535, 10, 0, WALTZ_TW_CHALLENGE },
	{ "old FIN", F | K, -1, 0, 0, WALTZ_TW_CHALLENGE },
	{ "old data with an old FIN", F | K, -10, 9, 0, WALTZ_TW_CHALLENGE },
	{ "FIN above, something is missing", F | K, 1, 0, 0, WALTZ_TW_CHALLENGE },
	{ "FIN past the window", F | K, 65535, 0, 0, WALTZ_TW_CHALLENGE },
};

/* What PAWS may stop. */
static const struct line fin_wait2_paws[] = {
	{ "FIN", F | K, 0, 0, 0, WALTZ_TW_FIN },
	{ "FIN, an older ACK", F | K, 0, 0, -1, WALTZ_TW_FIN },
	{ "FIN behind old data", F | K, -10, 10, 0, WALTZ_TW_FIN },
	{ "data", K, 0, 1, 0, WALTZ_TW_DATA },
	{ "data, partly old", K, -5, 10, 0, WALTZ_TW_DATA },
	{ "data above", K, 100, 10, 0, WALTZ_TW_DATA },
	{ "data up to the right edge", K, 65534, 1, 0, WALTZ_TW_DATA },
	{ "data with FIN", F | K | P, 0, 10, 0, WALTZ_TW_DATA },
	{ "ACK at RCV.NXT", K, 0, 0, 0, WALTZ_TW_IGNORE },
	{ "older ACK at RCV.NXT", K, 0, 0, -1, WALTZ_TW_IGNORE },
	{ "ACK in window", K, 100, 0, 0, WALTZ_TW_IGNORE },
};

static void test_fin_wait2(void)
{
	struct line old;
	enum stamps stamps;
	unsigned int i;

	for (stamps = NO_STAMPS; stamps < STAMPS; stamps++)
		check_lines(fin_wait2, ARRAY_SIZE(fin_wait2), true, stamps);
	for (stamps = NO_STAMPS; stamps <= EQUAL; stamps++)
		check_lines(fin_wait2_paws, ARRAY_SIZE(fin_wait2_paws), true,
			    stamps);
	for (i = 0; i < ARRAY_SIZE(fin_wait2_paws); i++) {
		old = fin_wait2_paws[i];
		old.want = WALTZ_TW_CHALLENGE;
		check_line(&old, true, OLDER);
	}
}

static void test_fin_wait2_old_ack(void)
{
	static const struct line old[] = {
		{ "FIN, too old an ACK", F | K, 0, 0, TOO_OLD, WALTZ_TW_CHALLENGE },
		{ "data, too old an ACK", K, 0, 9, TOO_OLD, WALTZ_TW_CHALLENGE },
	};

	check_lines(old, ARRAY_SIZE(old), true, NO_STAMPS);
	check_lines(old, ARRAY_SIZE(old), true, NEWER);
}

/* Any segment at all: what no answer may ever be. */
/* RFC 7323 3.2: without the timestamp that was agreed a segment is ignored, but a
 * RST has none, and a SYN is of another connection.
 */
static void test_no_timestamp(void)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		struct waltz_tw_view tw = {
			.snd_nxt = bases[i],
			.rcv_nxt = bases[i] + 5,
			.ts_recent = bases[i],
			.has_ts = true,
		};
		struct waltz_seg seg;

		fill_seg(&seg, F | K, tw.rcv_nxt - 1, 0, tw.snd_nxt);
		ok &= waltz_tw_verdict(&tw, &seg) == WALTZ_TW_IGNORE;
		fill_seg(&seg, K | P, tw.rcv_nxt, 9, tw.snd_nxt);
		ok &= waltz_tw_verdict(&tw, &seg) == WALTZ_TW_IGNORE;
		fill_seg(&seg, S, tw.rcv_nxt + 1, 0, 0);
		ok &= waltz_tw_verdict(&tw, &seg) == WALTZ_TW_REOPEN;
		tw.fin_wait2 = true;
		fill_seg(&seg, F | K, tw.rcv_nxt, 0, tw.snd_nxt);
		ok &= waltz_tw_verdict(&tw, &seg) == WALTZ_TW_IGNORE;
		fill_seg(&seg, R, tw.rcv_nxt, 0, 0);
		ok &= waltz_tw_verdict(&tw, &seg) == WALTZ_TW_RESET;
	}
	CHECK(ok, "segments without the timestamp that was agreed");
}

/* What proves, without a record, that a FIN is of a connection of ours. */
static void test_lost_fin(void)
{
	static const struct {
		const char *what;
		u8 flags;
		u32 len;
		s32 echo;	/* to our clock */
		bool ts;
		bool want;
	} lines[] = {
		{ "the echo of now", F | K, 0, 0, true, true },
		{ "of 2MSL ago", F | K, 0, -60000, true, true },
		{ "of before", F | K, 0, -60001, true, false },
		{ "of the future", F | K, 0, 1, true, false },
		{ "of half the world ago", F | K, 0, -0x7fffffff, true, false },
		{ "no timestamp", F | K, 0, 0, false, false },
		{ "with PSH", F | K | P, 0, 0, true, true },
		{ "with data", F | K, 1, 0, true, false },
		{ "with SYN", F | K | S, 0, 0, true, false },
		{ "with RST", F | K | R, 0, 0, true, false },
		{ "no ACK", F, 0, 0, true, false },
		{ "no FIN", K, 0, 0, true, false },
	};
	unsigned int i, l;

	for (l = 0; l < ARRAY_SIZE(lines); l++) {
		for (i = 0; i < ARRAY_SIZE(bases); i++) {
			struct waltz_seg seg;

			fill_seg(&seg, lines[l].flags, 7, lines[l].len, 9);
			seg.opts = lines[l].ts ? WALTZ_OPT_TS : 0;
			seg.tsecr = bases[i] + (u32)lines[l].echo;
			CHECK(waltz_tw_lost_fin(&seg, bases[i], 60000) ==
			      lines[l].want, "%s", lines[l].what);
		}
	}
}

static void test_random(void)
{
	unsigned int i;

	unit_seed();
	for (i = 0; i < 500000; i++) {
		struct waltz_tw_view tw = {
			.snd_nxt = unit_random(),
			.rcv_nxt = unit_random(),
			.ts_recent = unit_random(),
			.has_ts = unit_below(2),
			.fin_wait2 = unit_below(2),
		};
		struct waltz_seg seg;
		enum waltz_verdict v;
		u8 flags = (u8)unit_below(256);
		u32 at = tw.rcv_nxt + unit_below(9) - 4;
		u32 ack = tw.snd_nxt + unit_below(9) - 4;

		if (!unit_below(8))
			at = unit_random();
		if (!unit_below(8))
			ack = unit_random();
		fill_seg(&seg, flags, at, unit_below(3) * unit_below(1461),
			 ack);
		if (unit_below(2)) {
			seg.opts = WALTZ_OPT_TS;
			seg.tsval = tw.ts_recent + unit_below(5) - 2;
		}
		v = waltz_tw_verdict(&tw, &seg);

		CHECK(strcmp(verdict_name(v), "?"), "verdict %d", v);
		seg.flags ^= WALTZ_ECE | WALTZ_CWR;
		CHECK(waltz_tw_verdict(&tw, &seg) == v,
		      "flags %x: ECN's make a difference", flags);
		if (flags & R)
			CHECK(v == WALTZ_TW_IGNORE_RST || tw.fin_wait2,
			      "TIME_WAIT, RST: %s", verdict_name(v));
		if (v == WALTZ_TW_REOPEN)
			CHECK(!tw.fin_wait2 &&
			      (flags & (S | K | R | F)) == S,
			      "flags %x reopen", flags);
		if (v == WALTZ_TW_FIN_AGAIN)
			CHECK(!tw.fin_wait2 &&
			      (flags & (F | K | S | R)) == (F | K) &&
			      seg.end_seq == tw.rcv_nxt, "flags %x restart",
			      flags);
		if (v == WALTZ_TW_FIN)
			CHECK(tw.fin_wait2 &&
			      (flags & (F | K | S | R)) == (F | K) &&
			      seg.end_seq == tw.rcv_nxt + 1, "flags %x are FIN",
			      flags);
		if (v == WALTZ_TW_DATA)
			CHECK(tw.fin_wait2 && seg.len &&
			      (flags & (K | S | R)) == K, "flags %x are data",
			      flags);
		if (v == WALTZ_TW_RESET)
			CHECK(tw.fin_wait2 && flags & R &&
			      seg.seq == tw.rcv_nxt, "flags %x reset", flags);
	}
}

static const struct unit_case cases[] = {
	{ "TIME_WAIT: the matrix", test_time_wait },
	{ "TIME_WAIT: the FIN again", test_time_wait_fin },
	{ "TIME_WAIT: the FIN with an impossible ACK", test_time_wait_fin_bad_ack },
	{ "TIME_WAIT: a late ACK", test_time_wait_late_ack },
	{ "challenges are not challenged", test_no_loop },
	{ "TIME_WAIT: SYN, all of RFC 6191", test_rfc6191 },
	{ "TIME_WAIT: SYN, random", test_rfc6191_random },
	{ "FIN_WAIT2: the matrix", test_fin_wait2 },
	{ "FIN_WAIT2: too old an ACK", test_fin_wait2_old_ack },
	{ "no timestamp where one was agreed", test_no_timestamp },
	{ "a FIN without a record", test_lost_fin },
	{ "random segments", test_random },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
