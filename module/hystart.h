/* SPDX-License-Identifier: GPL-2.0 */
/* HyStart++, RFC 9406: to leave slow start before it loses. Pure. */
#ifndef _WALTZ_HYSTART_H
#define _WALTZ_HYSTART_H

#include <linux/types.h>

#define WALTZ_HYSTART_L			8u	/* not paced */
#define WALTZ_CSS_GROWTH_DIVISOR	4u

/**
 * struct waltz_hystart - the first slow start of a connection
 * @window_end: windowEnd: SND.NXT when the round began
 * @last_us: lastRoundMinRTT; U32_MAX: not known
 * @now_us: currentRoundMinRTT; likewise
 * @css_base_us: cssBaselineMinRtt
 * @samples: rttSampleCount
 * @css_rounds: rounds of Conservative Slow Start that are over
 * @css: in Conservative Slow Start
 * @started: a round has begun
 */
struct waltz_hystart {
	u32 window_end;
	u32 last_us;
	u32 now_us;
	u32 css_base_us;
	u8 samples;
	u8 css_rounds;
	bool css;
	bool started;
};

void waltz_hystart_init(struct waltz_hystart *h);
bool waltz_hystart_ack(struct waltz_hystart *h, u32 una, u32 nxt, u32 rtt_us);

#endif /* _WALTZ_HYSTART_H */
