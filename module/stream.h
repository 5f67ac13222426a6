/* SPDX-License-Identifier: GPL-2.0 */
/* The byte stream, as segments change it. */
#ifndef _WALTZ_STREAM_H
#define _WALTZ_STREAM_H

#include "waltz.h"

void waltz_stream_ack(struct sock *sk, const struct waltz_seg *seg);
enum waltz_drop waltz_stream_text(struct sock *sk, struct sk_buff **skbp,
				  const struct waltz_seg *seg);
void waltz_stream_read(struct sock *sk, u32 copied);
u32 waltz_readable(const struct sock *sk);
bool waltz_is_readable(const struct sock *sk);

#endif /* _WALTZ_STREAM_H */
