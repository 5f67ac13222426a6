// SPDX-License-Identifier: GPL-2.0
/*
 * ecn.c: RFC 3168 section 6.1, sentence by sentence; and two ends of it, on a
 * path that marks and loses.
 */
#include "unit.h"
#include "ecn.h"

#define A	WALTZ_ACK
#define S	WALTZ_SYN
#define E	WALTZ_ECE
#define C	WALTZ_CWR

static struct waltz_ecn e;

static void test_setup(void)
{
	static const struct {
		u8 flags;
		bool want;
	} syns[] = {
		{ S, false }, { S | E, false }, { S | C, false },
		{ S | E | C, true },
		{ S | A, false }, { S | A | E, true }, { S | A | C, false },
		{ S | A | E | C, false },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(syns); i++)
		CHECK(waltz_ecn_setup(syns[i].flags, WALTZ_NOT_ECT) ==
		      syns[i].want, "flags %02x", syns[i].flags);
	CHECK(!waltz_ecn_setup(S | E | C, WALTZ_CE), "a SYN that is marked");
	CHECK(!waltz_ecn_setup(S | E | C, WALTZ_ECT_0), "or could be");
	CHECK(!waltz_ecn_setup(S | E | C, WALTZ_ECT_1), "or otherwise");
}

/* What our SYN has, and what we are allowed when that is the answer. */
static void open_with(int mode, bool again, u8 answer)
{
	waltz_ecn_open(&e, mode);
	if (again)
		waltz_ecn_fall_back(&e);
	waltz_ecn_agree(&e, answer, WALTZ_NOT_ECT);
}

static void test_open(void)
{
	int mode;

	for (mode = WALTZ_ECN_OFF; mode <= WALTZ_ECN_ACCEPT; mode++) {
		bool ask = mode == WALTZ_ECN_ASK;

		waltz_ecn_open(&e, mode);
		CHECK(waltz_ecn_syn(&e) == (ask ? E | C : 0), "mode %d", mode);
		waltz_ecn_agree(&e, S | A | E, WALTZ_NOT_ECT);
		CHECK(e.ect == ask && e.marks == ask, "mode %d, yes", mode);
		open_with(mode, false, S | A);
		CHECK(!e.ect && !e.marks, "mode %d, no", mode);
		open_with(mode, false, S | A | E | C);
		CHECK(!e.ect && !e.marks, "mode %d, given back", mode);
	}
}

static void test_fall_back(void)
{
	waltz_ecn_open(&e, WALTZ_ECN_ASK);
	CHECK(waltz_ecn_fall_back(&e), "said once");
	CHECK(!waltz_ecn_fall_back(&e), "only");
	CHECK(!waltz_ecn_syn(&e), "without");
	waltz_ecn_agree(&e, S | A | E, WALTZ_NOT_ECT);
	CHECK(!e.ect, "MUST NOT set ECT");
	CHECK(e.marks, "the peer knows of the first SYN only: it may be marked");
	CHECK(!waltz_ecn_echoed(&e, A | E), "but we cannot be");
	open_with(WALTZ_ECN_ASK, true, S | A);
	CHECK(!e.ect && !e.marks, "the second one was answered");
	waltz_ecn_open(&e, WALTZ_ECN_ACCEPT);
	CHECK(!waltz_ecn_fall_back(&e), "from nothing");

	waltz_ecn_accepted(&e);
	CHECK(e.ect && e.marks, "passive");
	CHECK(waltz_ecn_fall_back(&e) && !e.ect && e.marks,
	      "a SYN-ACK that was sent again");
}

static void test_crossed(void)
{
	waltz_ecn_open(&e, WALTZ_ECN_ASK);
	waltz_ecn_agree(&e, S | E | C, WALTZ_NOT_ECT);
	CHECK(waltz_ecn_syn_ack(&e) == E && e.ect && e.marks, "both ask");
	waltz_ecn_agree(&e, S | A | E, WALTZ_NOT_ECT);
	CHECK(e.ect && e.marks, "and agree");
	waltz_ecn_agree(&e, S | A, WALTZ_NOT_ECT);
	CHECK(!e.ect && e.marks, "it was sent again");

	open_with(WALTZ_ECN_ASK, false, S);
	CHECK(!waltz_ecn_syn_ack(&e) && !e.ect && !e.marks, "one does not ask");
	waltz_ecn_agree(&e, S | A | E, WALTZ_NOT_ECT);
	CHECK(!e.ect && !e.marks, "a change of mind");
	open_with(WALTZ_ECN_ACCEPT, false, S | E | C);
	CHECK(!waltz_ecn_syn_ack(&e) && !e.ect && !e.marks,
	      "our SYN has said no");

	open_with(WALTZ_ECN_ASK, false, S | E | C);
	CHECK(waltz_ecn_fall_back(&e) && !waltz_ecn_syn_ack(&e) && !e.ect,
	      "SYN-ACK again");
	open_with(WALTZ_ECN_ASK, true, S | E | C);
	CHECK(!waltz_ecn_syn_ack(&e) && !e.ect, "SYN again, then a SYN came");
}

static u8 sent(bool new_data, u8 *field)
{
	u8 flags = A;

	*field = waltz_ecn_send(&e, new_data, &flags);
	return flags;
}

static void test_echo(void)
{
	u8 field;

	waltz_ecn_accepted(&e);
	CHECK(!waltz_ecn_receive(&e, A, WALTZ_ECT_0, true), "nothing to say");
	CHECK(e.seen, "but seen");
	CHECK(sent(false, &field) == A && field == WALTZ_NOT_ECT, "ACK");
	CHECK(waltz_ecn_receive(&e, A, WALTZ_CE, true), "marked: at once");
	CHECK(!waltz_ecn_receive(&e, A, WALTZ_CE, true), "that is known");
	CHECK(sent(false, &field) == (A | E) && field == WALTZ_NOT_ECT, "ECE");
	CHECK(sent(false, &field) == (A | E), "again");
	CHECK(sent(true, &field) == (A | E) && field == WALTZ_ECT_0,
	      "with data, too");
	CHECK(waltz_ecn_receive(&e, A | C, WALTZ_ECT_0, true), "CWR");
	CHECK(sent(false, &field) == A, "that is all");
	CHECK(waltz_ecn_receive(&e, A | C, WALTZ_CE, true), "CWR, marked");
	CHECK(sent(false, &field) == (A | E), "begins anew");
	waltz_ecn_receive(&e, A | C, WALTZ_CE, false);
	CHECK(sent(false, &field) == A, "CWR without text");
	waltz_ecn_receive(&e, A, WALTZ_CE, false);
	CHECK(sent(false, &field) == A, "a mark without text, or out of window");

	waltz_ecn_open(&e, WALTZ_ECN_OFF);
	waltz_ecn_receive(&e, A, WALTZ_CE, true);
	CHECK(sent(true, &field) == A && field == WALTZ_NOT_ECT && !e.seen,
	      "not agreed");
}

static void test_cwr(void)
{
	u8 field;

	waltz_ecn_accepted(&e);
	CHECK(waltz_ecn_echoed(&e, A | E) && !waltz_ecn_echoed(&e, A | C),
	      "ECE");
	waltz_ecn_reduced(&e);
	CHECK(sent(false, &field) == A && field == WALTZ_NOT_ECT,
	      "not with an ACK, nor with what is sent again");
	CHECK(sent(true, &field) == (A | C) && field == WALTZ_ECT_0, "new data");
	CHECK(sent(true, &field) == A && field == WALTZ_ECT_0, "once");
	waltz_ecn_reduced(&e);
	waltz_ecn_restored(&e);
	CHECK(sent(true, &field) == A, "undone");
	waltz_ecn_open(&e, WALTZ_ECN_OFF);
	waltz_ecn_reduced(&e);
	CHECK(sent(true, &field) == A && field == WALTZ_NOT_ECT, "not agreed");
}

/* Both ends against each other, as their SYNs come, with ones sent again. */
static void test_ends_agree(void)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		int mode = i & 1 ? WALTZ_ECN_ASK : WALTZ_ECN_ACCEPT;
		struct waltz_ecn a, b = { };
		u8 syn, syn_ack;

		waltz_ecn_open(&a, mode);
		if (i & 2)
			waltz_ecn_fall_back(&a);
		syn = S | waltz_ecn_syn(&a);
		if (waltz_ecn_setup(syn, WALTZ_NOT_ECT) && i & 4)
			waltz_ecn_accepted(&b);
		syn_ack = S | A | (b.ect ? E : 0);
		if (i & 8) {
			waltz_ecn_fall_back(&b);
			syn_ack = S | A;
		}
		waltz_ecn_agree(&a, syn_ack, WALTZ_NOT_ECT);
		CHECK(!a.ect || b.marks, "case %x: what A sends is not echoed", i);
		CHECK(!b.ect || a.marks, "case %x: what B sends is not echoed", i);
		CHECK(a.ect == ((i & 7) == 5 && !(i & 8)), "case %x", i);
	}
}

/* A mark is echoed until the sender knows, however many segments are lost. */
static void test_random(void)
{
	unsigned int i;
	struct waltz_ecn a, b;
	bool owed = false;	/* marked since the sender was told last */

	unit_seed();
	waltz_ecn_accepted(&a);
	waltz_ecn_accepted(&b);
	for (i = 0; i < 100000; i++) {
		bool new_data = unit_below(4), mark = !unit_below(8);
		u8 flags = A, back = A, field;

		field = waltz_ecn_send(&a, new_data, &flags);
		CHECK(field == (new_data ? WALTZ_ECT_0 : WALTZ_NOT_ECT),
		      "field %u", field);
		CHECK(new_data || !(flags & C), "CWR with what is not new");
		if (unit_below(4)) {
			if (field && mark)
				field = WALTZ_CE;
			waltz_ecn_receive(&b, flags, field, true);
			if (flags & C)
				owed = false;
			owed |= field == WALTZ_CE;
		}
		waltz_ecn_send(&b, false, &back);
		CHECK(!!(back & E) == owed, "%u: ECE %02x", i, back);
		if (unit_below(4) && waltz_ecn_echoed(&a, back))
			waltz_ecn_reduced(&a);
	}
}

static const struct unit_case cases[] = {
	{ "which SYN and SYN-ACK mean it", test_setup },
	{ "active open, by mode and answer", test_open },
	{ "sent again: without, and no ECT", test_fall_back },
	{ "SYNs that cross", test_crossed },
	{ "CE: ECE until CWR", test_echo },
	{ "ECT and CWR: with new data alone", test_cwr },
	{ "who sends ECT has a peer that echoes", test_ends_agree },
	{ "random marks and losses", test_random },
};

int main(void)
{
	return unit_main(cases, ARRAY_SIZE(cases));
}
