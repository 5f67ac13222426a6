// SPDX-License-Identifier: GPL-2.0
/* How a handshake is written into numbers that the peer gives back. Pure. */
#include <linux/kernel.h>

#include "cookie.h"
#include "wire.h"

#define NO_WSCALE	15
#define OPTION_WSCALE	0x0f
#define OPTION_SACK	0x10
#define OPTION_ECN	0x20

/* What links of today make of an MSS, with and without tunnels; the largest
 * that is not above the peer's is kept.
 */
static const u16 mss_table[1 << WALTZ_COOKIE_MSS_BITS] = {
	WALTZ_MSS_MIN, 256, 536, 1024, 1220, 1300, 1360, 1380,
	1400, 1420, 1440, 1452, 1460, 4312, 8960, 65495,
};

/**
 * waltz_cookie_mss_index() - the entry for an MSS
 * @mss: the peer's, at least WALTZ_MSS_MIN
 *
 * Return: index of the largest entry that is not above it.
 */
unsigned int waltz_cookie_mss_index(u16 mss)
{
	unsigned int i = ARRAY_SIZE(mss_table) - 1;

	while (i && mss_table[i] > mss)
		i--;
	return i;
}

/**
 * waltz_cookie_mss() - the MSS of an entry
 * @index: of waltz_cookie_mss_index()
 */
u16 waltz_cookie_mss(unsigned int index)
{
	return mss_table[index % ARRAY_SIZE(mss_table)];
}

/**
 * waltz_cookie_isn() - the sequence number
 * @mss_index: of waltz_cookie_mss_index()
 * @epoch: of the secret; its lowest bit is kept
 * @mac: its lowest WALTZ_COOKIE_MAC_BITS are kept
 */
u32 waltz_cookie_isn(unsigned int mss_index, unsigned int epoch, u32 mac)
{
	return (u32)mss_index << (WALTZ_COOKIE_MAC_BITS + 1) |
	       (epoch & 1u) << WALTZ_COOKIE_MAC_BITS |
	       (mac & ((1u << WALTZ_COOKIE_MAC_BITS) - 1));
}

/**
 * waltz_cookie_isn_mss() - what waltz_cookie_isn() was given
 * @isn: the sequence number
 */
unsigned int waltz_cookie_isn_mss(u32 isn)
{
	return isn >> (WALTZ_COOKIE_MAC_BITS + 1);
}

/**
 * waltz_cookie_isn_epoch() - the lowest bit of the epoch
 * @isn: the sequence number
 */
unsigned int waltz_cookie_isn_epoch(u32 isn)
{
	return isn >> WALTZ_COOKIE_MAC_BITS & 1u;
}

/**
 * waltz_cookie_isn_mac_is() - is that the MAC?
 * @isn: the sequence number
 * @mac: the MAC it should have
 */
bool waltz_cookie_isn_mac_is(u32 isn, u32 mac)
{
	return !((isn ^ mac) & ((1u << WALTZ_COOKIE_MAC_BITS) - 1));
}

/**
 * waltz_cookie_options() - options that timestamps carry
 * @opts: WALTZ_OPT_* of the peer's that were agreed
 * @wscale: the peer's shift count, if WALTZ_OPT_WSCALE is among them
 * @ecn: ECN was agreed
 *
 * Return: WALTZ_COOKIE_TS_BITS bits.
 */
u8 waltz_cookie_options(u8 opts, u8 wscale, bool ecn)
{
	u8 options = opts & WALTZ_OPT_WSCALE ? wscale : NO_WSCALE;

	if (opts & WALTZ_OPT_SACK_OK)
		options |= OPTION_SACK;
	return ecn ? options | OPTION_ECN : options;
}

/**
 * waltz_cookie_opts() - the way back
 * @options: of waltz_cookie_options()
 * @wscale: set to the shift count; 0 without window scale
 * @ecn: set to whether ECN was agreed
 *
 * Return: WALTZ_OPT_* among WSCALE and SACK_OK.
 */
u8 waltz_cookie_opts(u8 options, u8 *wscale, bool *ecn)
{
	u8 opts = options & OPTION_SACK ? WALTZ_OPT_SACK_OK : 0;

	*ecn = options & OPTION_ECN;
	*wscale = options & OPTION_WSCALE;
	if (*wscale > WALTZ_WSCALE_MAX)
		*wscale = 0;
	else
		opts |= WALTZ_OPT_WSCALE;
	return opts;
}

/**
 * waltz_cookie_tsval() - the timestamp
 * @clock: our timestamp clock
 * @options: of waltz_cookie_options()
 *
 * Return: at most @clock, for later timestamps must not be older.
 */
u32 waltz_cookie_tsval(u32 clock, u8 options)
{
	u32 step = 1u << WALTZ_COOKIE_TS_BITS;
	u32 tsval = (clock & ~(step - 1)) | options;

	return (clock & (step - 1)) < options ? tsval - step : tsval;
}

/**
 * waltz_cookie_tsval_options() - what waltz_cookie_tsval() was given
 * @tsval: the timestamp
 */
u8 waltz_cookie_tsval_options(u32 tsval)
{
	return (u8)(tsval & ((1u << WALTZ_COOKIE_TS_BITS) - 1));
}
