// SPDX-License-Identifier: GPL-2.0
/* plpmtu.c: RFC 4821. */
#include "unit.h"
#include "plpmtu.h"

#define BASE	1024u
#define MOST	1460u

/* All that is larger than @size is lost. Return: probes sent. */
static u32 search(struct waltz_plpmtu *p, u16 most, u16 size, u32 now_s)
{
	u32 probes = 0;
	u16 probe;

	while ((probe = waltz_plpmtu_next(p, most, now_s))) {
		CHECK(probe > p->low && probe <= most, "probe %u above %u",
		      probe, p->low);
		waltz_plpmtu_sent(p, probe);
		CHECK(!waltz_plpmtu_next(p, most, now_s), "one at a time");
		if (probe <= size)
			waltz_plpmtu_passed(p, now_s);
		else
			waltz_plpmtu_lost(p, now_s);
		if (++probes > 20)
			break;
	}
	return probes;
}

static void test_down(void)
{
	static const u16 sizes[] = { 1024, 512, 256, 128, 64, 48, 0 };
	struct waltz_plpmtu p = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u16 size = waltz_plpmtu_lower(&p, BASE, MOST, MOST);

		CHECK(size == sizes[i], "%u: %u", i, size);
		if (size)
			waltz_plpmtu_lowered(&p, size, MOST);
	}
	CHECK(p.low == WALTZ_PLPMTU_FLOOR, "the floor: %u", p.low);
}

/* The segment that vanishes need not be a full one. */
static void test_down_from_less(void)
{
	struct waltz_plpmtu p = {};

	CHECK(waltz_plpmtu_lower(&p, BASE, MOST, BASE + 1) == BASE,
	      "more than the base: the base");
	CHECK(waltz_plpmtu_lower(&p, BASE, MOST, BASE) == BASE / 2,
	      "the base itself would go as it went");
	CHECK(waltz_plpmtu_lower(&p, 2048, 8960, 600) == 512, "nor half of it");
	CHECK(waltz_plpmtu_lower(&p, BASE, MOST, 537) == 512, "just too large");
	CHECK(waltz_plpmtu_lower(&p, BASE, MOST, 536) == 0, "that passes everywhere");
	CHECK(waltz_plpmtu_lower(&p, BASE, MOST, 0) == 0, "a FIN has no size");
	waltz_plpmtu_lowered(&p, 512, MOST);
	CHECK(waltz_plpmtu_lower(&p, BASE, MOST, 512) == 256, "unless it was cut to that");
	CHECK(waltz_plpmtu_lower(&p, BASE, MOST, 511) == 0, "what was not tells nothing");
}

static void test_small_route(void)
{
	struct waltz_plpmtu p = {};

	CHECK(waltz_plpmtu_lower(&p, BASE, 512, 512) == 256,
	      "a route that is below the base: half of it");
	CHECK(waltz_plpmtu_lower(&p, BASE, 40, 40) == 0, "nothing is left");
	waltz_plpmtu_begin(&p, BASE, MOST);
	CHECK(waltz_plpmtu_lower(&p, BASE, 600, 600) == 300,
	      "the route has become smaller meanwhile");
}

static void test_off(void)
{
	struct waltz_plpmtu p = {};

	CHECK(!waltz_plpmtu_next(&p, MOST, 1), "nothing is searched for");
}

static void test_outage(void)
{
	struct waltz_plpmtu p = {};

	waltz_plpmtu_lowered(&p, 64, MOST);
	CHECK(search(&p, MOST, MOST, 5) == 1, "the largest first");
	CHECK(!p.low, "it passes: the search is over, ICMP counts");
}

static void test_up(void)
{
	u16 size;

	for (size = BASE; size < MOST; size++) {
		struct waltz_plpmtu p = {};
		u32 probes;

		waltz_plpmtu_lowered(&p, BASE, MOST);
		probes = search(&p, MOST, size, 5);
		CHECK(p.low <= size, "%u: %u does not pass", size, p.low);
		CHECK(p.low + WALTZ_PLPMTU_STEP > size, "%u: found %u", size,
		      p.low);
		CHECK(probes <= 8, "%u: %u probes", size, probes);
	}
}

static void test_again(void)
{
	struct waltz_plpmtu p = {};

	waltz_plpmtu_lowered(&p, BASE, MOST);
	search(&p, MOST, 1200, 65000);
	CHECK(!waltz_plpmtu_next(&p, MOST, 65000 + 599), "not for a while");
	/* 16 bits of seconds wrap. */
	CHECK(waltz_plpmtu_next(&p, MOST, 65000 + 600) == MOST, "then anew");
	CHECK(search(&p, MOST, 1200, 65000 + 600) <= 8, "it ends again");
	CHECK(search(&p, MOST, MOST, 65000 + 1200) == 1, "better: found");
}

/* Whatever the answers are, it ends, and low stays below high. */
static void test_random(void)
{
	u32 round, i;

	unit_seed();
	for (round = 0; round < 5000; round++) {
		struct waltz_plpmtu p = {};
		u16 most = (u16)(48 + unit_below(65488));
		u32 now = unit_below(70000);

		waltz_plpmtu_lowered(&p, (u16)(48 + unit_below(most - 47u)), most);
		for (i = 0; i < 64; i++) {
			u16 probe = waltz_plpmtu_next(&p, most, now);

			if (!probe)
				break;
			CHECK(probe > p.low && probe <= p.high, "%u: %u to %u",
			      probe, p.low, p.high);
			waltz_plpmtu_sent(&p, probe);
			if (unit_below(2))
				waltz_plpmtu_passed(&p, now);
			else
				waltz_plpmtu_lost(&p, now);
		}
		CHECK(i < 64, "it ends");
	}
}

int main(void)
{
	static const struct unit_case cases[] = {
		{ "down: the base, then half and half", test_down },
		{ "down: until what vanishes is smaller", test_down_from_less },
		{ "a route smaller than the base", test_small_route },
		{ "no search without a reason", test_off },
		{ "a path that was down: the largest passes", test_outage },
		{ "up: found within a step, in a few probes", test_up },
		{ "and again after ten minutes", test_again },
		{ "random answers", test_random },
	};

	return unit_main(cases, ARRAY_SIZE(cases));
}
