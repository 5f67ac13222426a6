// SPDX-License-Identifier: GPL-2.0
/* seq.h: serial arithmetic, and the acceptability test of RFC 9293 3.4. */
#include "unit.h"
#include "seq.h"

/* Where a sequence space or a sign may turn. */
static const u32 bases[] = {
	0, 1, 2, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
	0xffffffff, 0x12345678,
};

static void check_order(u32 a, u32 b, int order)
{
	CHECK(seq_lt(a, b) == (order < 0), "%x < %x", a, b);
	CHECK(seq_leq(a, b) == (order <= 0), "%x <= %x", a, b);
	CHECK(seq_gt(a, b) == (order > 0), "%x > %x", a, b);
	CHECK(seq_geq(a, b) == (order >= 0), "%x >= %x", a, b);
	CHECK(seq_max(a, b) == (order < 0 ? b : a), "max(%x, %x)", a, b);
}

static void test_order(void)
{
	static const u32 steps[] = {
		1, 2, 3, 100, 0xffff, 0x40000000, 0x7ffffffe, 0x7fffffff,
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		check_order(bases[i], bases[i], 0);
		for (k = 0; k < ARRAY_SIZE(steps); k++) {
			check_order(bases[i], bases[i] + steps[k], -1);
			check_order(bases[i] + steps[k], bases[i], 1);
		}
	}
}

static void test_order_random(void)
{
	unsigned int i;

	unit_seed();
	for (i = 0; i < 100000; i++) {
		u32 a = unit_random();
		u32 d = 1 + unit_below(0x7fffffff);

		check_order(a, a + d, -1);
		check_order(a + d, a, 1);
	}
}

static void test_between(void)
{
	unsigned int i, size, off;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		u32 low = bases[i];

		for (size = 0; size < 8; size++)
			for (off = 0; off < 32; off++)
				CHECK(seq_between(low + off - 8, low,
						  low + size) ==
				      (off >= 8 && off <= 8 + size),
				      "%x in [%x, %x]", low + off - 8, low,
				      low + size);
		/* More than half the space: nothing serial about it. */
		CHECK(seq_between(low + 0xfffffffe, low, low + 0xfffffffe),
		      "last of nearly all");
		CHECK(!seq_between(low - 1, low, low + 0xfffffffe),
		      "the one outside of nearly all");
		CHECK(seq_between(low + 0x80000000, low, low + 0xc0000000),
		      "the middle of three quarters");
		CHECK(!seq_between(low + 0xc0000001, low, low + 0xc0000000),
		      "one past three quarters");
	}
}

/* By counting: is any of the segment's numbers one of the window's? */
static bool acceptable_counted(u32 seq, u32 len, u32 nxt, u32 wnd)
{
	u32 s, w;

	if (!len) {
		if (!wnd)
			return seq == nxt;
		for (w = 0; w < wnd; w++)
			if (seq == nxt + w)
				return true;
		return false;
	}
	for (s = 0; s < len; s++)
		for (w = 0; w < wnd; w++)
			if (seq + s == nxt + w)
				return true;
	return false;
}

/* By unrolling the circle: exact for any len and wnd up to 2^31. */
static bool acceptable_unrolled(u32 seq, u32 len, u32 nxt, u32 wnd)
{
	u64 off = (u32)(seq - nxt);

	if (!len)
		return wnd ? off < wnd : !off;
	if (!wnd)
		return false;
	return off < wnd || off + len > 1ull << 32;
}

static void test_acceptable_cases(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bases); i++) {
		u32 n = bases[i];

		/* 1: empty segment, closed window */
		CHECK(seq_acceptable(n, n, n, 0), "at RCV.NXT");
		CHECK(!seq_acceptable(n - 1, n - 1, n, 0), "below");
		CHECK(!seq_acceptable(n + 1, n + 1, n, 0), "above");
		/* 2: empty segment, open window */
		CHECK(!seq_acceptable(n - 1, n - 1, n, 10), "below");
		CHECK(seq_acceptable(n, n, n, 10), "at");
		CHECK(seq_acceptable(n + 1, n + 1, n, 10), "one above");
		CHECK(seq_acceptable(n + 9, n + 9, n, 10), "last");
		CHECK(!seq_acceptable(n + 10, n + 10, n, 10), "right edge");
		CHECK(!seq_acceptable(n + 11, n + 11, n, 10), "past it");
		/* 3: a segment, closed window */
		CHECK(!seq_acceptable(n, n + 1, n, 0), "one byte");
		CHECK(!seq_acceptable(n - 1, n + 1, n, 0), "across");
		/* 4: a segment, open window */
		CHECK(!seq_acceptable(n - 5, n, n, 10), "ends at the edge");
		CHECK(seq_acceptable(n - 5, n + 1, n, 10), "last byte in");
		CHECK(seq_acceptable(n, n + 1, n, 10), "first byte in");
		CHECK(seq_acceptable(n + 9, n + 20, n, 10), "one byte in");
		CHECK(!seq_acceptable(n + 10, n + 11, n, 10), "right edge");
		CHECK(seq_acceptable(n - 5, n + 20, n, 10), "all around it");
	}
}

static void check_acceptable(u32 seq, u32 len, u32 nxt, u32 wnd, bool want)
{
	CHECK(seq_acceptable(seq, seq + len, nxt, wnd) == want,
	      "RCV.NXT %08x + %u: %08x + %u wants %d", nxt, wnd, seq, len,
	      want);
}

static void test_acceptable_counted(void)
{
	u32 i, wnd, len, off, far;

	for (i = 0; i < ARRAY_SIZE(bases); i++)
		for (far = 0; far < 4; far++)
			for (wnd = 0; wnd < 7; wnd++)
				for (len = 0; len < 10; len++)
					for (off = 0; off < 40; off++) {
						u32 nxt = bases[i];
						u32 seq = nxt + far * (1u << 30) +
							  off - 20;

						check_acceptable(seq, len, nxt, wnd,
								 acceptable_counted(seq, len,
										    nxt, wnd));
					}
}

static void test_acceptable_random(void)
{
	unsigned int i;

	unit_seed();
	for (i = 0; i < 300000; i++) {
		u32 nxt = unit_random();
		u32 wnd = unit_below(1u << unit_below(31));
		u32 len = unit_below(1u << unit_below(17));
		u32 seq = nxt;

		switch (unit_below(4)) {
		case 0:
			seq = unit_random();
			break;
		case 1:
			seq += unit_below(8) - 4;
			break;
		case 2:
			seq += wnd + unit_below(8) - 4;
			break;
		case 3:
			seq += unit_below(8) - 4 - len;
			break;
		}
		check_acceptable(seq, len, nxt, wnd,
				 acceptable_unrolled(seq, len, nxt, wnd));
	}
}

static void test_acceptable_far(void)
{
	unsigned int i, k;

	/* Half the space away a serial comparison knows no side. */
	for (i = 0; i < ARRAY_SIZE(bases); i++)
		for (k = 0; k < 200; k++) {
			u32 seq = bases[i] + 0x80000000 + k * 1000 - 100000;

			check_acceptable(seq, 1, bases[i], 65535, false);
			check_acceptable(seq, 1460, bases[i], 65535, false);
			check_acceptable(seq, 1460, bases[i], 1u << 30, false);
		}
}

static const struct unit_case cases[] = {
	{ "order at every wrap", test_order },
	{ "order, random", test_order_random },
	{ "between, any size", test_between },
	{ "acceptable: the four cases of RFC 9293 3.4", test_acceptable_cases },
	{ "acceptable: small windows, counted", test_acceptable_counted },
	{ "acceptable: any window, random", test_acceptable_random },
	{ "acceptable: half the space away", test_acceptable_far },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
