/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SYN cookies: the secrets, and what they are used for.
 */
#ifndef _WALTZ_SYNCOOKIE_H
#define _WALTZ_SYNCOOKIE_H

#include <linux/seqlock.h>
#include <linux/siphash.h>

/**
 * struct waltz_cookies - the secrets of a namespace
 * @lock: guards the rest
 * @key: of the epochs with an even and an odd number
 * @epoch: which epoch a key is of; 0: none
 * @warned: the log has been told
 */
struct waltz_cookies {
	seqlock_t lock;		/* see above */
	siphash_key_t key[2];
	u32 epoch[2];
	bool warned;
};

/* net.waltz.syncookies */
enum {
	WALTZ_COOKIES_OFF,
	WALTZ_COOKIES_PRESSURE,	/* when the half-open table is full */
	WALTZ_COOKIES_ALWAYS,
};

struct sock;
struct waltz_handshake;
struct waltz_key;
struct waltz_seg;

void waltz_cookies_init(struct waltz_cookies *c);
u32 waltz_syncookie_make(const struct waltz_key *key,
			 struct waltz_handshake *hs);
bool waltz_syncookie_check(const struct waltz_key *key,
			   const struct sock *listener,
			   const struct waltz_seg *seg,
			   struct waltz_handshake *hs);

#endif /* _WALTZ_SYNCOOKIE_H */
