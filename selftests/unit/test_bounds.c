// SPDX-License-Identifier: GPL-2.0
/*
 * What an ACK can cost, whatever is in it: counted in basic blocks of recovery.c
 * and what it calls, as the compiler marks them, with a few segments outstanding
 * and with many.
 */
#include "unit.h"
#include "recovery.h"
#include "seq.h"

#define MSS	1000u
#define FEW	64u
#define MANY	4096u
#define ISS	0xfff00000u	/* so that it wraps */

static u64 steps;

/* Called at every basic block of what is compiled with trace-pc. */
void __sanitizer_cov_trace_pc(void)
{
	steps++;
}

static struct waltz_recovery r;
static u64 now_us;

static u32 at(u32 segment)
{
	return ISS + 1 + segment * MSS;
}

/* @n segments are outstanding. */
static void begin(u32 n, bool sack)
{
	struct waltz_record *ring = calloc(n, sizeof(*ring));
	u32 i;

	if (!ring)
		abort();
	now_us = 1000000;
	waltz_recovery_init(&r, &waltz_cubic, MSS, ISS, sack);
	waltz_board_grow(&r.board, ring, n);
	for (i = 0; i < n; i++)
		waltz_recovery_sent(&r, at(i), at(i + 1), NULL, now_us + i);
	now_us += n;
}

static void end(void)
{
	free(r.board.ring);
}

static u64 ack(u32 number, const struct waltz_sack *sack, u8 nsack)
{
	struct waltz_ack_in in = {
		.sack = sack,
		.nsack = nsack,
		.now_us = now_us += 10,
		.ack = number,
		.srtt_us = 50000,
		.dup = number == r.una,
	};
	struct waltz_ack_out out;
	u64 before = steps;
	void *data;

	waltz_recovery_ack(&r, &in, &out);
	while (waltz_recovery_pop(&r, &data))
		;
	return steps - before;
}

/* One byte of a segment, and of three others: none of them is whole. */
static u64 split_segments(u32 n, u32 acks)
{
	struct waltz_sack b[WALTZ_SACKS_MAX];
	u64 sum = 0;
	u32 i, k;

	for (i = 0; i < acks; i++) {
		for (k = 0; k < WALTZ_SACKS_MAX; k++) {
			b[k].start = at(1 + unit_below(n - 1)) + 2 * (i % 499);
			b[k].end = b[k].start + 1;
		}
		sum += ack(r.una, b, WALTZ_SACKS_MAX);
	}
	return sum;
}

/* Every second segment, in any order, over and over. */
static u64 every_second(u32 n, u32 acks)
{
	struct waltz_sack b[WALTZ_SACKS_MAX];
	u64 sum = 0;
	u32 i, k;

	for (i = 0; i < acks; i++) {
		for (k = 0; k < WALTZ_SACKS_MAX; k++) {
			b[k].start = at(1 + 2 * unit_below(n / 2 - 1));
			b[k].end = b[k].start + MSS;
		}
		sum += ack(r.una, b, WALTZ_SACKS_MAX);
	}
	return sum;
}

/* All but the first, again and again. */
static u64 all_of_it(u32 n, u32 acks)
{
	const struct waltz_sack b = { .start = at(1), .end = at(n) };
	u64 sum = 0;
	u32 i;

	for (i = 0; i < acks; i++)
		sum += ack(r.una, &b, 1);
	return sum;
}

/* Blocks that overlap, of all lengths. */
static u64 overlapping(u32 n, u32 acks)
{
	struct waltz_sack b[WALTZ_SACKS_MAX];
	u64 sum = 0;
	u32 i, k;

	for (i = 0; i < acks; i++) {
		for (k = 0; k < WALTZ_SACKS_MAX; k++) {
			u32 first = 1 + unit_below(n - 1);

			b[k].start = at(first);
			b[k].end = at(first + 1 + unit_below(n - first));
		}
		sum += ack(r.una, b, WALTZ_SACKS_MAX);
	}
	return sum;
}

/* Acknowledged byte by byte (RFC 3465 section 1). */
static u64 divided(u32 n, u32 acks)
{
	u32 cwnd = r.cong.cwnd, i;
	u64 sum = 0;

	for (i = 0; i < acks; i++)
		sum += ack(r.una + 1, NULL, 0);
	CHECK(r.cong.cwnd - cwnd <= acks,
	      "%u of %u: %u bytes acknowledged, cwnd grew by %u", acks, n,
	      acks, r.cong.cwnd - cwnd);
	return sum;
}

/* Duplicates are reported that never were. */
static u64 duplicates(u32 n, u32 acks)
{
	struct waltz_sack b = { .start = ISS + 1, .end = ISS + 1 + MSS };
	u64 sum = ack(at(1), NULL, 0);
	u32 i;

	for (i = 0; i < acks; i++)
		sum += ack(r.una, &b, 1);
	CHECK(r.rack.mult <= 2, "%u of %u in a round trip: mult %u", acks, n,
	      r.rack.mult);
	return sum;
}

static u64 dup_acks(u32 n, u32 acks)
{
	u64 sum = 0;
	u32 i;

	(void)n;
	for (i = 0; i < acks; i++)
		sum += ack(r.una, NULL, 0);
	return sum;
}

typedef u64 flood_fn(u32 n, u32 acks);

static u64 cost(flood_fn *flood, u32 n, u32 acks, bool sack)
{
	u64 sum;

	begin(n, sack);
	sum = flood(n, acks);
	end();
	return sum / acks;
}

/* For 64 times as much outstanding, six steps more to find each of four blocks.
 * Each segment is marked once, which many ACKs pay for together.
 */
static void check_flood(flood_fn *flood, bool sack)
{
	u64 few, many;

	few = cost(flood, FEW, 8 * MANY, sack);
	many = cost(flood, MANY, 8 * MANY, sack);
	CHECK(few, "nothing is counted");
	CHECK(many <= 2 * few + 200, "%llu steps an ACK; with few %llu", many,
	      few);
	printf("# %llu steps an ACK with %u outstanding, %llu with %u\n", few,
	       FEW, many, MANY);
}

static void test_split(void)
{
	unit_seed();
	check_flood(split_segments, true);
}

static void test_every_second(void)
{
	check_flood(every_second, true);
}

static void test_all(void)
{
	check_flood(all_of_it, true);
}

static void test_overlapping(void)
{
	check_flood(overlapping, true);
}

static void test_divided(void)
{
	u64 few = cost(divided, FEW, FEW * MSS / 2, true);
	u64 many = cost(divided, MANY, MANY * MSS / 2, true);

	CHECK(many <= few + 50, "%llu steps an ACK; with few %llu", many, few);
}

static void test_duplicates(void)
{
	check_flood(duplicates, true);
}

static void test_dup_acks(void)
{
	check_flood(dup_acks, false);
}

/* Recoveries that the peer has undone again and again: each costs as much as is
 * outstanding. Not more often than a part of that is acknowledged.
 */
static void test_undone(void)
{
	u32 undone = 0, i;

	begin(MANY, true);
	for (i = 0; i < 4 * MANY; i++) {
		struct waltz_sack hole = {
			.start = at(1 + i % (MANY - 2)),
			.end = at(2 + i % (MANY - 2)),
		};
		struct waltz_sack dup = { .start = r.una - MSS, .end = r.una };
		bool may = r.may_undo;
		struct waltz_record *rec;

		ack(r.una, &hole, 1);
		rec = waltz_recovery_next(&r);
		if (rec)
			waltz_recovery_resent(&r, rec, now_us);
		dup.start = r.una;
		dup.end = r.una + MSS;
		ack(r.una, &dup, 1);
		undone += may && !r.may_undo && r.undone;
	}
	CHECK(undone <= 1, "%u times without a byte acknowledged", undone);
	end();
}

/* What a receiver keeps to report is of one size. */
static void test_receiver(void)
{
	struct waltz_sack_rcv s;
	struct waltz_sack out[WALTZ_SACKS_MAX];
	u64 before;
	u32 i;

	waltz_sack_rcv_init(&s);
	for (i = 0; i < 100000; i++) {
		u32 seq = ISS + 2 * unit_below(1 << 20);

		before = steps;
		waltz_sack_rcv_hole(&s, seq, seq + 1);
		waltz_sack_rcv_duplicate(&s, seq, seq + 1);
		waltz_sack_rcv_fill(&s, out, WALTZ_SACKS_MAX);
		CHECK(steps - before < 200, "%llu steps", steps - before);
	}
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "blocks of one byte: no segment is split", test_split },
		{ "every second segment, over and over", test_every_second },
		{ "all but the first, over and over", test_all },
		{ "blocks that overlap", test_overlapping },
		{ "acknowledged byte by byte: time, and cwnd by bytes", test_divided },
		{ "duplicates reported without end", test_duplicates },
		{ "duplicate ACKs without end", test_dup_acks },
		{ "recoveries undone by the peer", test_undone },
		{ "a receiver of one-byte segments", test_receiver },
	};

	return unit_main(cases, ARRAY_SIZE(cases));
}
