// SPDX-License-Identifier: GPL-2.0
/* hystart.c: RFC 9406. */
#include "unit.h"
#include "hystart.h"

#define MS	1000u

/* A round of @n ACKs with this round trip. Return: did slow start end? */
static bool round_of(struct waltz_hystart *h, u32 *una, u32 n, u32 rtt)
{
	bool over = false;
	u32 i;

	for (i = 0; i < n; i++) {
		*una += 1000;
		over |= waltz_hystart_ack(h, *una, *una + n * 1000, rtt);
	}
	return over;
}

static void test_steady(void)
{
	struct waltz_hystart h;
	u32 una = 0xffffe000, i;	/* wraps on its way */

	waltz_hystart_init(&h);
	for (i = 0; i < 20; i++)
		CHECK(!round_of(&h, &una, 10, 50 * MS) && !h.css,
		      "round %u: nothing happens", i);
}

static void test_rises(void)
{
	struct waltz_hystart h;
	u32 una = 1, i;

	waltz_hystart_init(&h);
	round_of(&h, &una, 10, 80 * MS);
	round_of(&h, &una, 10, 80 * MS);
	/* 80 / 8 is 10 ms, between 4 and 16. */
	round_of(&h, &una, 20, 89 * MS);
	CHECK(!h.css, "9 ms more are not enough");
	round_of(&h, &una, 20, 110 * MS);
	CHECK(h.css, "21 ms more are");
	for (i = 0; i < 4; i++)
		CHECK(!round_of(&h, &una, 20, 110 * MS), "round %u of CSS", i);
	CHECK(round_of(&h, &una, 40, 110 * MS), "five rounds: slow start ends");
}

static void test_passing(void)
{
	struct waltz_hystart h;
	u32 una = 1;

	waltz_hystart_init(&h);
	round_of(&h, &una, 10, 80 * MS);
	round_of(&h, &una, 10, 80 * MS);
	round_of(&h, &una, 20, 110 * MS);
	CHECK(h.css, "delay: Conservative Slow Start");
	round_of(&h, &una, 40, 85 * MS);
	CHECK(!h.css, "it was passing: slow start again");
}

static void test_samples(void)
{
	struct waltz_hystart h;
	u32 una = 1;

	waltz_hystart_init(&h);
	round_of(&h, &una, 10, 80 * MS);
	round_of(&h, &una, 10, 80 * MS);
	round_of(&h, &una, 7, 200 * MS);
	CHECK(!h.css, "seven samples are too few");
	round_of(&h, &una, 100, 0);
	CHECK(!h.css, "ACKs without a sample tell nothing");
}

static const struct unit_case cases[] = {
	{ "steady round trips", test_steady },
	{ "round trips that rise", test_rises },
	{ "a passing delay", test_passing },
	{ "too few samples", test_samples },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
