// SPDX-License-Identifier: GPL-2.0
/* sack.c: the examples of RFC 2018 section 5 and RFC 2883 section 4. */
#include "unit.h"
#include "sack.h"
#include "seq.h"

#define BLOCKS(...)	((const struct waltz_sack[]){ __VA_ARGS__ })
#define REPORTS(s, ...)						\
	check_report((s), BLOCKS(__VA_ARGS__),				\
		     ARRAY_SIZE(BLOCKS(__VA_ARGS__)), __LINE__)

static void check_report(struct waltz_sack_rcv *s,
			 const struct waltz_sack *want, unsigned int n, int line)
{
	struct waltz_sack out[WALTZ_SACKS_MAX];
	unsigned int i, got = waltz_sack_rcv_fill(s, out, WALTZ_SACKS_MAX);

	CHECK(got == n, "line %d: %u blocks, not %u", line, got, n);
	for (i = 0; i < n && i < got; i++)
		CHECK(out[i].start == want[i].start && out[i].end == want[i].end,
		      "line %d, block %u: %u-%u, not %u-%u", line, i,
		      out[i].start, out[i].end, want[i].start, want[i].end);
}

static void reports_nothing(struct waltz_sack_rcv *s)
{
	CHECK(!waltz_sack_rcv_any(s), "there is something");
	check_report(s, NULL, 0, __LINE__);
}

/* ---- RFC 2018, section 5: eight segments of 500 from 5000 on ---- */

static void test_cut(void)
{
	struct waltz_sack_rcv s;
	struct waltz_sack out[WALTZ_SACKS_MAX];

	waltz_sack_rcv_init(&s);
	waltz_sack_rcv_hole(&s, 100, 200);
	waltz_sack_rcv_hole(&s, 300, 400);
	waltz_sack_rcv_hole(&s, 500, 600);
	waltz_sack_rcv_cut(&s, 550);
	CHECK(waltz_sack_rcv_fill(&s, out, WALTZ_SACKS_MAX) == 3 &&
	      out[0].start == 500 && out[0].end == 550, "a part of one");
	waltz_sack_rcv_cut(&s, 400);
	CHECK(waltz_sack_rcv_fill(&s, out, WALTZ_SACKS_MAX) == 2 &&
	      out[0].start == 300 && out[0].end == 400 && out[1].start == 100,
	      "all of one, and nothing of the one that ends there");
	waltz_sack_rcv_cut(&s, 100);
	CHECK(!waltz_sack_rcv_any(&s), "nothing is left");
}

static void test_case1(void)
{
	struct waltz_sack_rcv s;
	u32 nxt;

	waltz_sack_rcv_init(&s);
	for (nxt = 5500; nxt <= 7000; nxt += 500) {
		waltz_sack_rcv_advance(&s, nxt);
		reports_nothing(&s);
	}
}

static void test_case2(void)
{
	struct waltz_sack_rcv s;
	u32 end;

	waltz_sack_rcv_init(&s);
	for (end = 6000; end <= 9000; end += 500) {
		waltz_sack_rcv_hole(&s, 5500, end);
		REPORTS(&s, { 5500, end });
	}
}

static void test_case3(void)
{
	struct waltz_sack_rcv s;

	waltz_sack_rcv_init(&s);
	waltz_sack_rcv_advance(&s, 5500);
	waltz_sack_rcv_hole(&s, 6000, 6500);
	REPORTS(&s, { 6000, 6500 });
	waltz_sack_rcv_hole(&s, 7000, 7500);
	REPORTS(&s, { 7000, 7500 }, { 6000, 6500 });
	waltz_sack_rcv_hole(&s, 8000, 8500);
	REPORTS(&s, { 8000, 8500 }, { 7000, 7500 }, { 6000, 6500 });
	/* The fourth comes late, and joins two. */
	waltz_sack_rcv_hole(&s, 6000, 7500);
	REPORTS(&s, { 6000, 7500 }, { 8000, 8500 });
	/* Then the second. */
	waltz_sack_rcv_advance(&s, 7500);
	REPORTS(&s, { 8000, 8500 });
}

static void test_many(void)
{
	struct waltz_sack_rcv s;
	struct waltz_sack out[3];
	u32 i;

	waltz_sack_rcv_init(&s);
	for (i = 1; i <= 6; i++)
		waltz_sack_rcv_hole(&s, 1000 * i, 1000 * i + 500);
	REPORTS(&s, { 6000, 6500 }, { 5000, 5500 }, { 4000, 4500 },
		{ 3000, 3500 });
	/* Beside timestamps there is room for three. */
	CHECK(waltz_sack_rcv_fill(&s, out, 3) == 3, "three");
	CHECK(out[0].start == 6000 && out[2].start == 4000, "the newest");
	CHECK(!waltz_sack_rcv_fill(&s, out, 0), "none fits");
	waltz_sack_rcv_purge(&s);
	reports_nothing(&s);
}

/* ---- RFC 2883, section 4 ---- */

static void test_dsack_below(void)
{
	struct waltz_sack_rcv s;

	/* 4.1.1 */
	waltz_sack_rcv_init(&s);
	waltz_sack_rcv_advance(&s, 4000);
	waltz_sack_rcv_duplicate(&s, 3000, 3500);
	CHECK(waltz_sack_rcv_any(&s), "something to report");
	REPORTS(&s, { 3000, 3500 });
	reports_nothing(&s);	/* once */

	/* 4.1.2 */
	waltz_sack_rcv_hole(&s, 4500, 5000);
	REPORTS(&s, { 4500, 5000 });
	waltz_sack_rcv_duplicate(&s, 3000, 3500);
	REPORTS(&s, { 3000, 3500 }, { 4500, 5000 });
	REPORTS(&s, { 4500, 5000 });
}

static void test_dsack_above(void)
{
	struct waltz_sack_rcv s;

	/* 4.1.3 */
	waltz_sack_rcv_init(&s);
	waltz_sack_rcv_advance(&s, 4000);
	waltz_sack_rcv_hole(&s, 4500, 5500);
	waltz_sack_rcv_duplicate(&s, 5000, 5500);
	REPORTS(&s, { 5000, 5500 }, { 4500, 5500 });

	/* Followed by the block that it is a part of, whatever came last. */
	waltz_sack_rcv_hole(&s, 7000, 7500);
	waltz_sack_rcv_duplicate(&s, 4500, 5000);
	REPORTS(&s, { 4500, 5000 }, { 4500, 5500 }, { 7000, 7500 });
}

static void test_dsack_parts(void)
{
	struct waltz_sack_rcv s;

	/* Two duplicates next to each other are one. */
	waltz_sack_rcv_init(&s);
	waltz_sack_rcv_duplicate(&s, 1500, 2000);
	waltz_sack_rcv_duplicate(&s, 1000, 1500);
	waltz_sack_rcv_duplicate(&s, 2000, 2500);
	REPORTS(&s, { 1000, 2500 });
	/* Of two that are not, the last. */
	waltz_sack_rcv_duplicate(&s, 1000, 1500);
	waltz_sack_rcv_duplicate(&s, 2000, 2500);
	REPORTS(&s, { 2000, 2500 });
}

/* ---- the sender ---- */

#define LOOKS(out, ack, una, nxt, ...)				\
	waltz_sack_check((out), BLOCKS(__VA_ARGS__),			\
			 ARRAY_SIZE(BLOCKS(__VA_ARGS__)), ack, una, nxt)

static void test_check(void)
{
	struct waltz_sack_ack a;

	LOOKS(&a, 100, 100, 1000, { 500, 600 }, { 300, 400 }, { 800, 1000 },
	      { 200, 250 });
	CHECK(a.n == 4 && !a.has_dsack, "%u", a.n);
	CHECK(a.block[0].start == 200 && a.block[1].start == 300 &&
	      a.block[2].start == 500 && a.block[3].start == 800, "in order");

	LOOKS(&a, 100, 100, 1000, { 500, 1001 }, { 300, 300 }, { 400, 350 },
	      { 100, 200 });
	CHECK(!a.n && !a.has_dsack, "no sense: %u", a.n);
	LOOKS(&a, 100, 100, 1000, { 0x80000000, 0x80000100 });
	CHECK(!a.n && !a.has_dsack, "far away");
	waltz_sack_check(&a, NULL, 0, 100, 100, 1000);
	CHECK(!a.n && !a.has_dsack, "none");
	/* An old ACK: SND.UNA is 500. */
	LOOKS(&a, 100, 500, 1000, { 300, 400 }, { 400, 600 }, { 700, 800 });
	CHECK(a.n == 1 && a.block[0].start == 700, "old ones: %u", a.n);
}

static void test_check_dsack(void)
{
	struct waltz_sack_ack a;

	LOOKS(&a, 4000, 4000, 6000, { 3000, 3500 }, { 4500, 5000 });
	CHECK(a.has_dsack && a.dsack.start == 3000 && a.dsack.end == 3500,
	      "below the ACK");
	CHECK(a.n == 1 && a.block[0].start == 4500, "%u", a.n);
	LOOKS(&a, 4000, 4000, 6000, { 5000, 5500 }, { 4500, 5500 });
	CHECK(a.has_dsack && a.dsack.start == 5000, "in the next one");
	CHECK(a.n == 1 && a.block[0].start == 4500, "%u", a.n);
	LOOKS(&a, 4000, 4000, 6000, { 4500, 5000 }, { 5500, 6000 });
	CHECK(!a.has_dsack && a.n == 2, "no D-SACK");
	LOOKS(&a, 4000, 4000, 6000, { 3500, 3000 });
	CHECK(!a.has_dsack, "the wrong way round");
}

static void test_check_wrap(void)
{
	struct waltz_sack_ack a;
	u32 una = 0xfffffff0;

	LOOKS(&a, una, una, 1000, { 0xfffffff8, 8 }, { 100, 200 });
	CHECK(a.n == 2 && a.block[0].start == 0xfffffff8 && !a.has_dsack,
	      "across the wrap");
	LOOKS(&a, una, una, 1000, { 0xffffff00, una });
	CHECK(!a.n && a.has_dsack, "below it");
}

/* ---- random: against a map of what is held ---- */

#define CELLS	64u
#define CELL	100u

static bool held[CELLS];
static u32 base;

/* The run of held cells around one. */
static struct waltz_sack around(u32 cell)
{
	u32 s = cell, e = cell;

	while (s && held[s - 1])
		s--;
	while (e < CELLS && held[e])
		e++;
	return (struct waltz_sack){ base + s * CELL, base + e * CELL };
}

static void check_all(struct waltz_sack_rcv *s, u32 nxt, u32 last)
{
	struct waltz_sack out[WALTZ_SACKS_MAX], b;
	unsigned int i, k, n = waltz_sack_rcv_fill(s, out, WALTZ_SACKS_MAX);

	for (i = 0; i < n; i++) {
		b = around((out[i].start - base) / CELL);
		CHECK(b.start == out[i].start && b.end == out[i].end,
		      "block %u is no whole range", i);
		CHECK(seq_gt(b.start, base + nxt * CELL), "not behind a hole");
		for (k = 0; k < i; k++)
			CHECK(out[k].start != out[i].start, "twice the same");
	}
	if (last > nxt) {
		b = around(last);
		CHECK(n && out[0].start == b.start, "the last one is not first");
	}
}

static void test_random(void)
{
	u32 rounds, i, nxt, cell;

	for (rounds = 0; rounds < 2000 && !unit_failures; rounds++) {
		struct waltz_sack_rcv s;

		waltz_sack_rcv_init(&s);
		memset(held, 0, sizeof(held));
		base = 0u - unit_below(CELLS * CELL);
		for (nxt = 0, i = 0; i < 200 && nxt < CELLS; i++) {
			struct waltz_sack b;

			cell = nxt + unit_below(CELLS - nxt);
			held[cell] = true;
			b = around(cell);
			while (nxt < CELLS && held[nxt])
				nxt++;
			if (cell < nxt)
				waltz_sack_rcv_advance(&s, base + nxt * CELL);
			else
				waltz_sack_rcv_hole(&s, b.start, b.end);
			check_all(&s, nxt, cell < nxt ? 0 : cell);
		}
	}
}

static const struct unit_case cases[] = {
	{ "what is thrown away is not reported", test_cut },
	{ "RFC 2018 5, case 1: the last four are lost", test_case1 },
	{ "RFC 2018 5, case 2: the first is lost", test_case2 },
	{ "RFC 2018 5, case 3: every second is lost", test_case3 },
	{ "more ranges than fit", test_many },
	{ "RFC 2883 4.1.1, 4.1.2: a duplicate below the ACK", test_dsack_below },
	{ "RFC 2883 4.1.3: a duplicate in a block", test_dsack_above },
	{ "duplicates in parts", test_dsack_parts },
	{ "blocks that make sense", test_check },
	{ "which block is a duplicate", test_check_dsack },
	{ "blocks at the wrap", test_check_wrap },
	{ "random arrivals", test_random },
};

int main(void)
{
	unit_seed();
	return unit_main(cases, ARRAY_SIZE(cases));
}
