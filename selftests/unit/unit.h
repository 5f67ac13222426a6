/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests share: a list of cases, CHECK(), and random numbers
 * that can be had again.
 */
#ifndef _UNIT_H
#define _UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <kselftest.h>

/* Complaints printed for one case; the rest are only counted. */
#define UNIT_COMPLAINTS_MAX	5

static unsigned int unit_failures;

/* Count a condition that does not hold; is it to be complained of? */
static inline bool unit_failed(bool ok, const char *file, int line)
{
	if (ok || ++unit_failures > UNIT_COMPLAINTS_MAX)
		return false;
	printf("# %s:%d: ", file, line);
	return true;
}

/* One line for each condition that does not hold; the case goes on. */
#define CHECK(cond, fmt, ...)						      \
do {									      \
	if (unit_failed(!!(cond), __FILE__, __LINE__))			      \
		printf(fmt "\n", ##__VA_ARGS__);			      \
} while (0)

static u64 unit_rng;

/* Seed from the environment's SEED or from the clock, and say so. */
static inline void unit_seed(void)
{
	const char *env = getenv("SEED");
	struct timespec now;

	if (env && *env) {
		unit_rng = strtoull(env, NULL, 0);
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		unit_rng = (u64)now.tv_sec << 20 ^ (u64)now.tv_nsec;
	}
	ksft_print_msg("SEED=%llu\n", (unsigned long long)unit_rng);
}

/* splitmix64, the upper half */
static inline u32 unit_random(void)
{
	u64 z = (unit_rng += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (u32)((z ^ z >> 31) >> 32);
}

/* 0 to n - 1 */
static inline u32 unit_below(u32 n)
{
	return (u32)((u64)unit_random() * n >> 32);
}

/**
 * struct unit_case - one line of the report
 * @name: what is claimed
 * @run: CHECK()s it
 */
struct unit_case {
	const char *name;
	void (*run)(void);
};

static inline int unit_main(const struct unit_case *cases, unsigned int n)
{
	unsigned int i;

	ksft_print_header();
	ksft_set_plan(n);
	for (i = 0; i < n; i++) {
		unit_failures = 0;
		cases[i].run();
		if (unit_failures > UNIT_COMPLAINTS_MAX)
			ksft_print_msg("... %u in all\n", unit_failures);
		ksft_test_result(!unit_failures, "%s\n", cases[i].name);
		fflush(stdout);
	}
	ksft_finished();
	return KSFT_FAIL;	/* not reached */
}

#endif /* _UNIT_H */
