// SPDX-License-Identifier: GPL-2.0
/* cookie.c: what goes in comes out, and nothing else. */
#include "unit.h"
#include "cookie.h"
#include "wire.h"

static void test_mss(void)
{
	unsigned int mss, i, last = 0;

	for (mss = WALTZ_MSS_MIN; mss <= 65535; mss++) {
		u16 kept;

		i = waltz_cookie_mss_index((u16)mss);
		kept = waltz_cookie_mss(i);
		if (kept > mss || i < last ||
		    (i + 1 < 1u << WALTZ_COOKIE_MSS_BITS &&
		     waltz_cookie_mss(i + 1) <= mss))
			break;
		last = i;
	}
	CHECK(mss == 65536, "the largest entry not above it: %u", mss);
	CHECK(last == (1u << WALTZ_COOKIE_MSS_BITS) - 1, "all entries are used");
	CHECK(waltz_cookie_mss(waltz_cookie_mss_index(1460)) == 1460, "Ethernet");
	CHECK(waltz_cookie_mss(waltz_cookie_mss_index(536)) == 536, "default");
	CHECK(waltz_cookie_mss_index(0) == 0, "below the smallest");
}

static void test_isn(void)
{
	u32 mac = 0x5a5a5a5a, isn;
	unsigned int mss, epoch, bit;
	bool ok = true;

	for (mss = 0; mss < 1u << WALTZ_COOKIE_MSS_BITS; mss++) {
		for (epoch = 6; epoch < 8; epoch++) {
			isn = waltz_cookie_isn(mss, epoch, mac);
			ok &= waltz_cookie_isn_mss(isn) == mss;
			ok &= waltz_cookie_isn_epoch(isn) == (epoch & 1);
			ok &= waltz_cookie_isn_mac_is(isn, mac);
		}
	}
	CHECK(ok, "MSS, epoch and MAC come back");

	isn = waltz_cookie_isn(3, 1, mac);
	for (bit = 0; bit < WALTZ_COOKIE_MAC_BITS; bit++)
		ok &= !waltz_cookie_isn_mac_is(isn ^ 1u << bit, mac);
	CHECK(ok, "each bit of the MAC counts");
}

static void test_options(void)
{
	bool ok = true, ecn, ecn_out;
	unsigned int i;
	u8 out;

	for (i = 0; i < 4 * (WALTZ_WSCALE_MAX + 1); i++) {
		u8 opts = WALTZ_OPT_WSCALE | (i & 1 ? WALTZ_OPT_SACK_OK : 0);
		u8 wscale = (u8)(i / 4), options;

		ecn = i & 2;
		options = waltz_cookie_options(opts, wscale, ecn);
		ok &= !(options >> WALTZ_COOKIE_TS_BITS);
		ok &= waltz_cookie_opts(options, &out, &ecn_out) == opts;
		ok &= out == wscale && ecn_out == ecn;
	}
	CHECK(ok, "every shift count, with SACK and ECN and without");
	CHECK(!waltz_cookie_opts(waltz_cookie_options(0, 7, false), &out,
				 &ecn_out) && !out && !ecn_out,
	      "no window scale is not a shift of 0");
}

static void test_tsval(void)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; i < 100000 && ok; i++) {
		u32 clock = i & 1 ? unit_random() : unit_random() & 0xff;
		u8 options = (u8)(unit_random() & ((1u << WALTZ_COOKIE_TS_BITS) - 1));
		u32 tsval = waltz_cookie_tsval(clock, options);

		ok &= waltz_cookie_tsval_options(tsval) == options;
		/* Never of the future, and not older than the step. */
		ok &= clock - tsval < 1u << WALTZ_COOKIE_TS_BITS;
	}
	CHECK(ok, "options come back, the clock is at most a step behind");
}

static const struct unit_case cases[] = {
	{ "MSS: the largest entry that is not above", test_mss },
	{ "sequence number: MSS, epoch, MAC", test_isn },
	{ "options", test_options },
	{ "timestamp: options, and never of the future", test_tsval },
};

int main(void)
{
	unit_seed();
	return unit_main(cases, ARRAY_SIZE(cases));
}
