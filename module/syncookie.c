// SPDX-License-Identifier: GPL-2.0
/*
 * SYN cookies (RFC 4987): when the half-open table is full, the peer keeps the
 * handshake for us, sealed with a secret (cookie.h says how it is written).
 * Nothing of ours is spent on a SYN then; the price is that a SYN-ACK is not
 * sent again, and that without timestamps window scale, SACK and ECN are lost.
 *
 * A secret is random, lives for one epoch of 64 s, and is believed for one
 * more. It is only made when a cookie is: a host that sends none believes none.
 */
#include <linux/random.h>

#include "child.h"
#include "cookie.h"
#include "trace.h"
#include "waltz.h"

#define EPOCH_S		64

/* Never 0, nor one more than it. */
static u32 epoch_now(void)
{
	return (u32)(ktime_get_seconds() / EPOCH_S) + 2;
}

/* How old a timestamp may be that is echoed, ms: as old as the secret. */
#define ECHO_MAX	(2 * EPOCH_S * (u32)MSEC_PER_SEC)

/**
 * waltz_cookies_init() - no secret yet
 * @c: of a new namespace
 */
void waltz_cookies_init(struct waltz_cookies *c)
{
	seqlock_init(&c->lock);
}

static void new_key(struct waltz_cookies *c, u32 epoch)
{
	unsigned int i = epoch & 1;
	siphash_key_t key;

	get_random_bytes(&key, sizeof(key));
	write_seqlock(&c->lock);
	if (c->epoch[i] != epoch) {
		c->key[i] = key;
		c->epoch[i] = epoch;
	}
	write_sequnlock(&c->lock);
}

/* Return: the epoch that the key of odd or even epochs is of. */
static u32 read_key(struct waltz_cookies *c, unsigned int i, siphash_key_t *key)
{
	unsigned int seq;
	u32 epoch;

	do {
		seq = read_seqbegin(&c->lock);
		*key = c->key[i];
		epoch = c->epoch[i];
	} while (read_seqretry(&c->lock, seq));
	return epoch;
}

/* Over all that the ACK has to bring back as it was. */
static u32 seal(const siphash_key_t *secret, const struct waltz_key *key,
		u32 irs, unsigned int mss_index, bool ts, u8 options)
{
	return (u32)siphash_3u64((u64)(__force u32)key->laddr << 32 |
				 (__force u32)key->raddr,
				 (u64)(__force u16)key->lport << 48 |
				 (u64)(__force u16)key->rport << 32 | irs,
				 mss_index << 16 | ts << 8 | options, secret);
}

/**
 * waltz_syncookie_make() - seal a handshake
 * @key: the connection's names
 * @hs: what is agreed; @iss is set, and what a cookie has no room for is taken
 *	back
 *
 * Context: BH off.
 * Return: TSval of the SYN-ACK, if timestamps are agreed.
 */
u32 waltz_syncookie_make(const struct waltz_key *key,
			 struct waltz_handshake *hs)
{
	struct waltz_cookies *c = &waltz_net(key->net)->cookies;
	unsigned int mss_index = waltz_cookie_mss_index(hs->mss);
	bool ts = hs->opts & WALTZ_OPT_TS;
	u32 epoch = epoch_now();
	siphash_key_t secret;
	u8 options = 0;

	if (ts) {
		options = waltz_cookie_options(hs->opts, hs->snd_wscale,
					       hs->ecn);
	} else {
		hs->opts = 0;
		hs->ecn = false;
	}
	/* Another CPU may see the next epoch before us: once is enough. */
	if (read_key(c, epoch & 1, &secret) != epoch) {
		new_key(c, epoch);
		read_key(c, epoch & 1, &secret);
	}
	hs->iss = waltz_cookie_isn(mss_index, epoch,
				   seal(&secret, key, hs->irs, mss_index, ts,
					options));
	if (!READ_ONCE(c->warned)) {
		WRITE_ONCE(c->warned, true);
		pr_info("waltz: SYN cookies are sent: too many half-open connections, or net.waltz.syncookies is 2\n");
	}
	return waltz_cookie_tsval(waltz_ts_clock(hs->ts_offset), options);
}

/* What only the peer of a cookie of ours knows, and what it was sealed with.
 * Return: what is wrong with it, or WALTZ_COOKIE_NONE.
 */
static enum waltz_cookie_why
examine(const struct waltz_key *key, const struct waltz_seg *seg,
	const siphash_key_t *secret, struct waltz_handshake *hs)
{
	unsigned int mss_index = waltz_cookie_isn_mss(hs->iss);
	bool ts = seg->opts & WALTZ_OPT_TS;
	u8 options = 0;

	if (ts) {
		if (waltz_ts_clock(hs->ts_offset) - seg->tsecr > ECHO_MAX)
			return WALTZ_COOKIE_ECHO;
		options = waltz_cookie_tsval_options(seg->tsecr);
		hs->opts = WALTZ_OPT_TS |
			   waltz_cookie_opts(options, &hs->snd_wscale,
					     &hs->ecn);
		hs->ts_recent = seg->tsval;
	}
	hs->mss = waltz_cookie_mss(mss_index);
	return waltz_cookie_isn_mac_is(hs->iss, seal(secret, key, hs->irs,
						     mss_index, ts, options)) ?
	       WALTZ_COOKIE_NONE : WALTZ_COOKIE_SEAL;
}

/**
 * waltz_syncookie_check() - an ACK for a listener: is it of a cookie of ours?
 * @key: the segment's names
 * @listener: the listener
 * @seg: the segment: ACK, neither SYN nor RST
 * @hs: filled in with what was agreed
 *
 * The segment must be the first after the SYN, for its number is sealed.
 *
 * Context: BH off.
 * Return: true when it is.
 */
bool waltz_syncookie_check(const struct waltz_key *key,
			   const struct sock *listener,
			   const struct waltz_seg *seg,
			   struct waltz_handshake *hs)
{
	struct waltz_net *wn = waltz_net(key->net);
	enum waltz_cookie_why wrong;
	siphash_key_t secret;
	u32 epoch;

	*hs = (struct waltz_handshake) {
		.iss = seg->ack - 1,
		.irs = seg->seq - 1,
		.ts_offset = waltz_secure_ts_offset(key),
	};
	epoch = read_key(&wn->cookies, waltz_cookie_isn_epoch(hs->iss),
			 &secret);
	if (epoch_now() - epoch > 1)
		return false;	/* none was sent lately */
	wrong = examine(key, seg, &secret, hs);
	if (wrong) {
		WALTZ_INC(wn, COOKIES_REFUSED);
		trace_cookie(key, wrong, hs->iss);
		return false;
	}
	if (hs->opts & WALTZ_OPT_WSCALE)
		hs->rcv_wscale = waltz_choose_wscale(key->net,
						     listener->sk_rcvbuf);
	return true;
}
