// SPDX-License-Identifier: GPL-2.0
/*
 * ECN, RFC 3168 section 6.1. There are two things that a connection may be
 * allowed, and a SYN that was sent again without ECN parts them: to echo marks,
 * which we owe whom we have once told that we do, and to send what may be
 * marked, which takes two hosts that never said anything else.
 */
#include "ecn.h"

#define ECN_FLAGS	(WALTZ_ECE | WALTZ_CWR)

/**
 * waltz_ecn_setup() - does a SYN ask for ECN, a SYN-ACK agree to it?
 * @flags: its flags
 * @field: the ECN field of its IP header
 *
 * RFC 3168 6.1.1. A SYN-ACK with both bits is of a host that gives back what it
 * does not know. A SYN is never marked, so one that is comes by a path that
 * makes other use of the field: it would mark everything.
 */
bool waltz_ecn_setup(u8 flags, u8 field)
{
	if (flags & WALTZ_ACK)
		return (flags & ECN_FLAGS) == WALTZ_ECE;
	return (flags & ECN_FLAGS) == ECN_FLAGS && field == WALTZ_NOT_ECT;
}

/**
 * waltz_ecn_open() - a connection is opened actively
 * @e: its ECN
 * @mode: WALTZ_ECN_OFF, ...
 */
void waltz_ecn_open(struct waltz_ecn *e, int mode)
{
	*e = (struct waltz_ecn){ .asked = mode == WALTZ_ECN_ASK };
}

/**
 * waltz_ecn_syn() - the bits of our SYN
 * @e: ECN
 */
u8 waltz_ecn_syn(const struct waltz_ecn *e)
{
	return e->asked && !e->fell_back ? ECN_FLAGS : 0;
}

/**
 * waltz_ecn_syn_ack() - the bits of our SYN-ACK, where two SYNs have crossed
 * @e: ECN
 */
u8 waltz_ecn_syn_ack(const struct waltz_ecn *e)
{
	return e->ect ? WALTZ_ECE : 0;
}

/**
 * waltz_ecn_agree() - the peer's SYN or SYN-ACK for a SYN of ours
 * @e: ECN
 * @flags: its flags
 * @field: the ECN field of its IP header
 *
 * RFC 3168 6.1.1. Where SYNs cross it is called for both; the second can only
 * take back.
 */
void waltz_ecn_agree(struct waltz_ecn *e, u8 flags, u8 field)
{
	e->asked &= waltz_ecn_setup(flags, field);
	e->marks |= e->asked;
	e->ect = e->asked && !e->fell_back;
}

/**
 * waltz_ecn_accepted() - a connection was opened passively, by a SYN-ACK with
 *	ECE
 * @e: its ECN
 */
void waltz_ecn_accepted(struct waltz_ecn *e)
{
	*e = (struct waltz_ecn){ .asked = true, .marks = true, .ect = true };
}

/**
 * waltz_ecn_fall_back() - our SYN or SYN-ACK is sent again, or was
 * @e: ECN
 *
 * RFC 3168 6.1.1.1: without, for there are paths that drop those with it. "A
 * host MUST NOT set ECT" then.
 *
 * Return: true when that is new.
 */
bool waltz_ecn_fall_back(struct waltz_ecn *e)
{
	bool first = e->asked && !e->fell_back;

	e->fell_back |= first;
	e->ect = false;
	return first;
}

/**
 * waltz_ecn_send() - a segment goes; not SYN, SYN-ACK or RST
 * @e: ECN
 * @new_data: it has text that was never sent before
 * @flags: its flags, added to
 *
 * RFC 3168 6.1.2 to 6.1.6: ECE with each ACK until there is an answer; ECT(0)
 * and CWR with new data, and with nothing else.
 *
 * Return: the ECN field of its IP header.
 */
u8 waltz_ecn_send(struct waltz_ecn *e, bool new_data, u8 *flags)
{
	if (e->echo && *flags & WALTZ_ACK)
		*flags |= WALTZ_ECE;
	if (!e->ect || !new_data)
		return WALTZ_NOT_ECT;
	if (e->cwr)
		*flags |= WALTZ_CWR;
	e->cwr = false;
	return WALTZ_ECT_0;
}

/**
 * waltz_ecn_receive() - an acceptable segment came
 * @e: ECN
 * @flags: its flags
 * @field: the ECN field of its IP header
 * @text: it brings text that is in the window, and new
 *
 * RFC 3168 6.1.3, 6.1.5. What is marked and says CWR is marked after the
 * sender has slowed down: it is echoed anew. CWR is taken from segments without
 * text too, as Linux TCP does: some senders send it with any.
 *
 * Return: true when it is to be acknowledged at once: the sender waits for
 * that, with a window that may be a single segment.
 */
bool waltz_ecn_receive(struct waltz_ecn *e, u8 flags, u8 field, bool text)
{
	bool before = e->echo;

	if (!e->marks)
		return false;
	if (flags & WALTZ_CWR)
		e->echo = false;
	if (text) {
		e->seen |= field != WALTZ_NOT_ECT;
		e->echo |= field == WALTZ_CE;
	}
	return e->echo != before || (text && flags & WALTZ_CWR);
}

/**
 * waltz_ecn_reduced() - the congestion window was reduced, whatever for
 * @e: ECN
 *
 * RFC 3168 6.1.2: "for any reason".
 */
void waltz_ecn_reduced(struct waltz_ecn *e)
{
	e->cwr = e->ect;
}

/**
 * waltz_ecn_restored() - that was needless, and is undone
 * @e: ECN
 */
void waltz_ecn_restored(struct waltz_ecn *e)
{
	e->cwr = false;
}
