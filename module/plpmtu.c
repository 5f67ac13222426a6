// SPDX-License-Identifier: GPL-2.0
/*
 * RFC 4821: what a path lets through is found by trying. Downward when large
 * segments time out again and again, upward by probes of new data. Pure.
 */
#include "plpmtu.h"

static u16 min16(u16 a, u16 b)
{
	return a < b ? a : b;
}

static u16 max16(u16 a, u16 b)
{
	return a > b ? a : b;
}

static bool found(const struct waltz_plpmtu *p)
{
	return p->high < p->low + WALTZ_PLPMTU_STEP;
}

/**
 * waltz_plpmtu_begin() - believe no router, search from the beginning
 * @p: the search
 * @base: what should pass anywhere
 * @most: what the route lets through
 */
void waltz_plpmtu_begin(struct waltz_plpmtu *p, u16 base, u16 most)
{
	*p = (struct waltz_plpmtu){
		.low = min16(base, most),
		.high = most,
	};
}

/**
 * waltz_plpmtu_lower() - what times out again and again may be too large
 * @p: the search
 * @base: the first guess
 * @most: what the route lets through
 * @sent: the size of what timed out
 *
 * RFC 4821 7.6.4 leaves how to the sender: @base, then half of it, and so on, as
 * far as @sent becomes smaller by that. What would go again as it went shows nothing.
 * A small segment that was not cut yet has hardly met a smaller path, but one that was
 * down; and a connection with small messages would never send what finds that out.
 *
 * Return: the size to go down to; 0: it cannot be that.
 */
u16 waltz_plpmtu_lower(const struct waltz_plpmtu *p, u16 base, u16 most,
		       u32 sent)
{
	u16 now = p->low ? min16(p->low, most) : most;
	u16 next = now > base ? base : (u16)(now / 2);

	if (sent <= WALTZ_PLPMTU_SMALL && sent < now)
		return 0;
	while (next >= sent && next > WALTZ_PLPMTU_FLOOR)
		next /= 2;
	next = max16(next, (u16)WALTZ_PLPMTU_FLOOR);
	return next < now && next < sent ? next : 0;
}

/**
 * waltz_plpmtu_lowered() - down to that size
 * @p: the search
 * @size: of waltz_plpmtu_lower()
 * @most: what the route lets through
 *
 * It may have been no MTU, but a path that let nothing through for a while. So
 * all above is to be tried.
 */
void waltz_plpmtu_lowered(struct waltz_plpmtu *p, u16 size, u16 most)
{
	waltz_plpmtu_begin(p, size, most);
}

/**
 * waltz_plpmtu_next() - is there something to be tried?
 * @p: the search
 * @most: what the route lets through
 * @now_s: now, in seconds
 *
 * 7.3: first the largest there is, then the middle of what is left.
 *
 * Return: the size of a probe to send now; 0: none.
 */
u16 waltz_plpmtu_next(struct waltz_plpmtu *p, u16 most, u32 now_s)
{
	if (!p->low || p->probe)
		return 0;
	if (p->high > most)
		p->high = most;
	if (found(p)) {
		if ((u16)(now_s - p->since) < WALTZ_PLPMTU_AGAIN_S)
			return 0;
		p->high = most;
		p->since = (u16)now_s;
		if (found(p))
			return 0;
	}
	if (p->high == most)
		return most;
	return (u16)(p->low + (p->high - p->low + 1) / 2);
}

/**
 * waltz_plpmtu_sent() - a probe is on its way
 * @p: the search
 * @size: of waltz_plpmtu_next()
 */
void waltz_plpmtu_sent(struct waltz_plpmtu *p, u16 size)
{
	p->probe = size;
}

/**
 * waltz_plpmtu_passed() - the probe was acknowledged
 * @p: the search
 * @now_s: now, in seconds
 *
 * When the largest passes the search is over: ICMP is believed again.
 */
void waltz_plpmtu_passed(struct waltz_plpmtu *p, u32 now_s)
{
	p->low = p->probe < p->high ? p->probe : 0;
	p->probe = 0;
	p->since = (u16)now_s;
}

/**
 * waltz_plpmtu_lost() - the probe was lost
 * @p: the search
 * @now_s: now, in seconds
 *
 * 7.6.2: it may have been for another reason, so it is tried again some time.
 */
void waltz_plpmtu_lost(struct waltz_plpmtu *p, u32 now_s)
{
	p->high = max16(p->low, (u16)(p->probe - 1));
	p->probe = 0;
	p->since = (u16)now_s;
}
