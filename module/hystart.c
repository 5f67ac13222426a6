// SPDX-License-Identifier: GPL-2.0
/* HyStart++, RFC 9406, with the constants of its section 4.3. Pure. */
#include "hystart.h"
#include "seq.h"

#define MIN_RTT_THRESH	4000u
#define MAX_RTT_THRESH	16000u
#define MIN_RTT_DIVISOR	8u
#define N_RTT_SAMPLE	8u
#define CSS_ROUNDS	5u
#define UNKNOWN		0xffffffffu

/**
 * waltz_hystart_init() - a connection begins
 * @h: state
 */
void waltz_hystart_init(struct waltz_hystart *h)
{
	*h = (struct waltz_hystart){
		.last_us = UNKNOWN,
		.now_us = UNKNOWN,
	};
}

static void begin_round(struct waltz_hystart *h, u32 nxt)
{
	if (h->started && h->css)
		h->css_rounds++;
	h->started = true;
	h->window_end = nxt;
	h->last_us = h->now_us;
	h->now_us = UNKNOWN;
	h->samples = 0;
}

static u32 threshold(u32 rtt_us)
{
	u32 t = rtt_us / MIN_RTT_DIVISOR;

	return t < MIN_RTT_THRESH ? MIN_RTT_THRESH :
	       t > MAX_RTT_THRESH ? MAX_RTT_THRESH : t;
}

static void take_sample(struct waltz_hystart *h, u32 rtt_us)
{
	if (rtt_us < h->now_us)
		h->now_us = rtt_us;
	if (h->samples < N_RTT_SAMPLE)
		h->samples++;
	if (h->samples < N_RTT_SAMPLE)
		return;
	if (h->css) {
		/* It was a passing delay: back to slow start. */
		if (h->now_us < h->css_base_us)
			h->css = false;
	} else if (h->last_us != UNKNOWN &&
		   h->now_us >= h->last_us + threshold(h->last_us)) {
		h->css = true;
		h->css_base_us = h->now_us;
		h->css_rounds = 0;
	}
}

/**
 * waltz_hystart_ack() - an ACK in slow start
 * @h: state
 * @una: SND.UNA, after it
 * @nxt: SND.NXT
 * @rtt_us: the round trip it measured; 0: none
 *
 * RFC 9406 4.2. While @h->css, growth is to be divided by
 * WALTZ_CSS_GROWTH_DIVISOR.
 *
 * Return: true when slow start is over: ssthresh is cwnd.
 */
bool waltz_hystart_ack(struct waltz_hystart *h, u32 una, u32 nxt, u32 rtt_us)
{
	if (!h->started || seq_geq(una, h->window_end))
		begin_round(h, nxt);
	if (rtt_us)
		take_sample(h, rtt_us);
	return h->css && h->css_rounds >= CSS_ROUNDS;
}
