// SPDX-License-Identifier: GPL-2.0
/* fsm.c: the table as a whole, and every path a connection may take. */
#include <netinet/tcp.h>
#include "unit.h"
#include "fsm.h"

#define A(sym)	WALTZ_ACT(sym)

#define ERRORS	(A(REFUSED) | A(RESET) | A(TIMED_OUT))

static const struct waltz_transition *const first = waltz_transitions;

static const struct waltz_transition *last(void)
{
	return first + waltz_transitions_count;
}

/* For complaints: where, what, whither. */
static const char *text(const struct waltz_transition *t)
{
	static char buf[80];

	snprintf(buf, sizeof(buf), "%s(%u) %s -> %s",
		 waltz_state_name(t->state), t->state,
		 waltz_event_name(t->event), waltz_state_name(t->next));
	return buf;
}

static bool is_state(unsigned int s)
{
	return s >= WALTZ_ESTABLISHED && s < WALTZ_STATES;
}

static void test_entries(void)
{
	const struct waltz_transition *t, *u;

	CHECK(waltz_transitions_count <= WALTZ_TRANSITIONS_MAX, "%u entries",
	      waltz_transitions_count);
	for (t = first; t < last(); t++) {
		CHECK(is_state(t->state) && is_state(t->next) &&
		      t->event < WALTZ_EVENT_MAX, "entry %u",
		      waltz_transition_id(t));
		CHECK(!(t->actions >> WALTZ_ACT_BITS), "%s: actions %x",
		      text(t), t->actions);
		for (u = first; u < t; u++)
			CHECK(u->state != t->state || u->event != t->event,
			      "%s: twice", text(t));
	}
}

static void test_lookup(void)
{
	const struct waltz_transition *t, *want;
	unsigned int s, ev, found = 0;

	for (s = 0; s < 300; s++)
		for (ev = 0; ev < 300; ev++) {
			want = NULL;
			for (t = first; t < last(); t++)
				if (t->state == s && t->event == ev)
					want = t;
			t = waltz_fsm(s, (enum waltz_event)ev);
			CHECK(t == want, "state %u event %u", s, ev);
			if (!t)
				continue;
			found++;
			CHECK(first + waltz_transition_id(t) == t, "id");
		}
	CHECK(found == waltz_transitions_count, "%u of %u found", found,
	      waltz_transitions_count);
	CHECK(!waltz_fsm(0xffffffff, WALTZ_EV_RCV_RST), "no such state");
	CHECK(!waltz_fsm(WALTZ_ESTABLISHED, (enum waltz_event)0x7fffffff),
	      "no such event");
}

static void test_names(void)
{
	const struct waltz_transition *t, *u;
	unsigned int i, k;

	for (i = WALTZ_ESTABLISHED; i < WALTZ_STATES; i++)
		CHECK(strlen(waltz_state_name(i)) > 1 &&
		      !strchr(waltz_state_name(i), ' '), "state %u", i);
	for (i = 0; i < WALTZ_EVENT_MAX; i++) {
		CHECK(strlen(waltz_event_name(i)) > 1 &&
		      !strchr(waltz_event_name(i), ' '), "event %u", i);
		for (k = 0; k < i; k++)
			CHECK(strcmp(waltz_event_name(i), waltz_event_name(k)),
			      "%s twice", waltz_event_name(i));
	}
	CHECK(!strcmp(waltz_state_name(0), "?"), "no state 0");
	CHECK(!strcmp(waltz_state_name(WALTZ_STATES), "?"), "last state");
	CHECK(!strcmp(waltz_state_name(0xffffffff), "?"), "wild state");
	CHECK(!strcmp(waltz_event_name(WALTZ_EVENT_MAX), "?"), "last event");
	CHECK(!strcmp(waltz_event_name(0xffffffff), "?"), "wild event");

	/* The counters are read by name: STATE EVENT NEXT must be one entry. */
	for (t = first; t < last(); t++)
		for (u = first; u < t; u++)
			CHECK(strcmp(waltz_state_name(t->state),
				     waltz_state_name(u->state)) ||
			      t->event != u->event ||
			      strcmp(waltz_state_name(t->next),
				     waltz_state_name(u->next)),
			      "%s: reads like that of state %u", text(t),
			      u->state);
}

static void test_kernel_numbers(void)
{
	static const unsigned int same[][2] = {
		{ WALTZ_ESTABLISHED, TCP_ESTABLISHED },
		{ WALTZ_SYN_SENT, TCP_SYN_SENT },
		{ WALTZ_SYN_RECV, TCP_SYN_RECV },
		{ WALTZ_FIN_WAIT1, TCP_FIN_WAIT1 },
		{ WALTZ_FIN_WAIT2, TCP_FIN_WAIT2 },
		{ WALTZ_TIME_WAIT, TCP_TIME_WAIT },
		{ WALTZ_CLOSED, TCP_CLOSE },
		{ WALTZ_CLOSE_WAIT, TCP_CLOSE_WAIT },
		{ WALTZ_LAST_ACK, TCP_LAST_ACK },
		{ WALTZ_LISTEN, TCP_LISTEN },
		{ WALTZ_CLOSING, TCP_CLOSING },
		{ WALTZ_HALF_OPEN, 12 },	/* TCP_NEW_SYN_RECV */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(same); i++)
		CHECK(same[i][0] == same[i][1], "%s",
		      waltz_state_name(same[i][0]));
}

/* States that @from leads to, as bits. */
static unsigned int closure(unsigned int from)
{
	const struct waltz_transition *t;
	unsigned int before, set = 1u << from;

	do {
		before = set;
		for (t = first; t < last(); t++)
			if (set & 1u << t->state)
				set |= 1u << t->next;
	} while (set != before);
	return set;
}

static void test_reachable(void)
{
	unsigned int s, all = closure(WALTZ_CLOSED);

	for (s = WALTZ_ESTABLISHED; s < WALTZ_STATES; s++) {
		CHECK(all & 1u << s, "nothing leads to %s(%u)",
		      waltz_state_name(s), s);
		CHECK(closure(s) & 1u << WALTZ_CLOSED,
		      "%s(%u) never ends", waltz_state_name(s), s);
	}
}

/* A connection can always be left: by its owner, by giving up, by a RST. */
static void test_exits(void)
{
	static const u8 full[] = {
		WALTZ_SYN_SENT, WALTZ_SYN_RECV, WALTZ_ESTABLISHED,
		WALTZ_FIN_WAIT1, WALTZ_FIN_WAIT2, WALTZ_CLOSE_WAIT,
		WALTZ_CLOSING, WALTZ_LAST_ACK,
	};
	static const u8 ends[] = {
		WALTZ_EV_USER_ABORT, WALTZ_EV_TIMEOUT, WALTZ_EV_RCV_RST,
	};
	const struct waltz_transition *t;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(full); i++)
		for (k = 0; k < ARRAY_SIZE(ends); k++) {
			t = waltz_fsm(full[i], ends[k]);
			CHECK(t && t->next == WALTZ_CLOSED, "%s: %s",
			      waltz_state_name(full[i]),
			      waltz_event_name(ends[k]));
		}
	for (k = 0; k < ARRAY_SIZE(ends); k++)
		CHECK(waltz_fsm(WALTZ_HALF_OPEN, ends[k]), "half-open: %s",
		      waltz_event_name(ends[k]));
}

static void test_used(void)
{
	const struct waltz_transition *t;
	u32 events = 0, actions = 0;
	unsigned int i;

	for (t = first; t < last(); t++) {
		events |= 1u << t->event;
		actions |= t->actions;
	}
	for (i = 0; i < WALTZ_EVENT_MAX; i++)
		CHECK(events & 1u << i, "%s is in no entry",
		      waltz_event_name(i));
	CHECK(actions == (1u << WALTZ_ACT_BITS) - 1, "actions unused: %x",
	      ((1u << WALTZ_ACT_BITS) - 1) & ~actions);
}

static bool is_live(unsigned int s)
{
	return s != WALTZ_CLOSED && s != WALTZ_LISTEN && s != WALTZ_TIME_WAIT;
}

/* Does this entry end what it began with? */
static bool ends(const struct waltz_transition *t)
{
	if (t->state == WALTZ_CLOSED)
		return false;
	if (t->next == WALTZ_CLOSED)
		return true;
	if (is_live(t->state) && !is_live(t->next))
		return true;
	return (t->state == WALTZ_TIME_WAIT && t->next == WALTZ_HALF_OPEN) ||
	       t->event == WALTZ_EV_USER_ORPHAN;
}

static void test_done(void)
{
	const struct waltz_transition *t;
	bool record;

	for (t = first; t < last(); t++) {
		CHECK(!!(t->actions & A(DONE)) == ends(t), "%s: DONE",
		      text(t));
		record = (t->next == WALTZ_TIME_WAIT &&
			  t->state != WALTZ_TIME_WAIT) ||
			 t->event == WALTZ_EV_USER_ORPHAN;
		CHECK(!!(t->actions & A(TO_RECORD)) == record,
		      "%s: TO_RECORD", text(t));
		CHECK(!(t->actions & A(CLEAR)) || t->next == WALTZ_CLOSED,
		      "%s: CLEAR", text(t));
		CHECK(!!(t->actions & A(RESTART_2MSL)) ==
		      (t->state == WALTZ_TIME_WAIT &&
		       t->next == WALTZ_TIME_WAIT), "%s: RESTART_2MSL",
		      text(t));
	}
}

static void test_segments_sent(void)
{
	const struct waltz_transition *t;
	bool begins, fin;

	for (t = first; t < last(); t++) {
		CHECK(!!(t->actions & A(SEND_SYN)) ==
		      (t->next == WALTZ_SYN_SENT), "%s: SEND_SYN", text(t));
		CHECK(!!(t->actions & A(SEND_SYN_ACK)) ==
		      (t->event == WALTZ_EV_RCV_SYN), "%s: SEND_SYN_ACK",
		      text(t));
		CHECK(!(t->actions & A(SEND_SYN_ACK)) ||
		      t->next == WALTZ_SYN_RECV || t->next == WALTZ_HALF_OPEN,
		      "%s: SEND_SYN_ACK", text(t));
		begins = t->next == WALTZ_ESTABLISHED;
		CHECK(!begins || t->actions & A(SYNCHRONISED),
		      "%s: SYNCHRONISED", text(t));
		fin = t->event == WALTZ_EV_USER_CLOSE &&
		      (t->next == WALTZ_FIN_WAIT1 || t->next == WALTZ_LAST_ACK);
		CHECK(!!(t->actions & A(QUEUE_FIN)) == fin, "%s: QUEUE_FIN",
		      text(t));
		fin = t->event == WALTZ_EV_RCV_FIN;
		CHECK(!!(t->actions & A(TAKE_FIN)) == fin, "%s: TAKE_FIN",
		      text(t));
		CHECK(!fin || t->actions & A(SEND_ACK), "%s: SEND_ACK",
		      text(t));
		CHECK(!fin || t->actions & A(NOTIFY), "%s: NOTIFY", text(t));
	}
}

/* RFC 9293 3.10.5 ABORT: who is told. */
static void test_resets(void)
{
	const struct waltz_transition *t;
	bool told;

	for (t = first; t < last(); t++) {
		if (t->actions & A(SEND_RST))
			CHECK(t->next == WALTZ_CLOSED, "%s: SEND_RST",
			      text(t));
		if (t->event == WALTZ_EV_RCV_RST)
			CHECK(!(t->actions & A(SEND_RST)), "%s: RST for RST",
			      text(t));
		if (t->event == WALTZ_EV_RCV_AFTER_CLOSE)
			CHECK(t->actions & A(SEND_RST), "%s: no RST",
			      text(t));
		if (t->event != WALTZ_EV_USER_ABORT)
			continue;
		/*
		 * CLOSING and LAST_ACK too: our FIN may still be queued behind
		 * data that the abort throws away.
		 */
		told = t->state != WALTZ_SYN_SENT && t->state != WALTZ_LISTEN;
		CHECK(!!(t->actions & A(SEND_RST)) == told, "%s: SEND_RST",
		      text(t));
	}
}

static void test_errors(void)
{
	const struct waltz_transition *t;
	bool handshake;
	u32 want;

	for (t = first; t < last(); t++) {
		want = 0;
		handshake = t->state == WALTZ_SYN_SENT ||
			    t->state == WALTZ_SYN_RECV;
		if (t->next == WALTZ_CLOSED && t->event == WALTZ_EV_RCV_RST)
			want = handshake ? A(REFUSED) : A(RESET);
		if (t->next == WALTZ_CLOSED && t->event == WALTZ_EV_TIMEOUT)
			want = A(TIMED_OUT);
		if (t->event == WALTZ_EV_RCV_AFTER_CLOSE)
			want = A(RESET);
		CHECK((t->actions & ERRORS) == want, "%s: errors %x", text(t),
		      t->actions & ERRORS);
		if (want || (t->event == WALTZ_EV_UNREACHABLE && handshake))
			CHECK(t->actions & A(NOTIFY) && t->actions & A(CLEAR),
			      "%s: error that wakes nobody", text(t));
	}
}

/* What the RFCs say cannot happen is not in the table. */
static void test_absent(void)
{
	static const u8 absent[][2] = {
		{ WALTZ_TIME_WAIT, WALTZ_EV_RCV_RST },		/* RFC 1337 */
		{ WALTZ_TIME_WAIT, WALTZ_EV_TIMEOUT },
		{ WALTZ_TIME_WAIT, WALTZ_EV_USER_CLOSE },
		{ WALTZ_LISTEN, WALTZ_EV_RCV_RST },
		{ WALTZ_LISTEN, WALTZ_EV_RCV_FIN },
		{ WALTZ_LISTEN, WALTZ_EV_RCV_SYN_ACK },
		{ WALTZ_CLOSED, WALTZ_EV_RCV_SYN },
		{ WALTZ_CLOSED, WALTZ_EV_RCV_RST },
		{ WALTZ_CLOSED, WALTZ_EV_USER_CLOSE },
		{ WALTZ_SYN_SENT, WALTZ_EV_RCV_FIN },
		{ WALTZ_ESTABLISHED, WALTZ_EV_RCV_SYN },	/* RFC 5961 */
		{ WALTZ_ESTABLISHED, WALTZ_EV_UNREACHABLE },	/* RFC 5927 */
		{ WALTZ_FIN_WAIT1, WALTZ_EV_USER_CLOSE },
		{ WALTZ_FIN_WAIT2, WALTZ_EV_RCV_SYN },
		{ WALTZ_CLOSE_WAIT, WALTZ_EV_RCV_FIN },
		{ WALTZ_CLOSING, WALTZ_EV_RCV_FIN },
		{ WALTZ_LAST_ACK, WALTZ_EV_RCV_FIN },
		{ WALTZ_HALF_OPEN, WALTZ_EV_RCV_FIN },
		{ WALTZ_HALF_OPEN, WALTZ_EV_USER_CLOSE },
	};
	const struct waltz_transition *t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(absent); i++)
		CHECK(!waltz_fsm(absent[i][0], absent[i][1]), "%s: %s",
		      waltz_state_name(absent[i][0]),
		      waltz_event_name(absent[i][1]));

	/* Synchronised states have no way back, RFC 5961 and 5927. */
	for (t = first; t < last(); t++) {
		CHECK(t->event != WALTZ_EV_UNREACHABLE ||
		      t->state == WALTZ_SYN_SENT ||
		      t->state == WALTZ_SYN_RECV ||
		      t->state == WALTZ_HALF_OPEN ||
		      t->state == WALTZ_FIN_WAIT1, "%s: hard", text(t));
		CHECK(t->next != WALTZ_LISTEN || t->state == WALTZ_CLOSED ||
		      t->state == WALTZ_HALF_OPEN, "%s: listens", text(t));
		CHECK(t->event != WALTZ_EV_OLD_DUPLICATE ||
		      t->state == WALTZ_HALF_OPEN, "%s: reopened?", text(t));
		CHECK(t->event != WALTZ_EV_TWO_MSL ||
		      t->state == WALTZ_TIME_WAIT, "%s: 2MSL?", text(t));
	}
}

/* close() while SYN_RECV: somewhere on the way the stream must begin. */
static void test_close_in_syn_recv(void)
{
	const struct waltz_transition *t;

	t = waltz_fsm(WALTZ_SYN_RECV, WALTZ_EV_USER_CLOSE);
	if (!t || t->actions & A(SYNCHRONISED))
		return;
	t = waltz_fsm(t->next, WALTZ_EV_RCV_ACK_OF_SYN);
	CHECK(t && t->actions & A(SYNCHRONISED),
	      "our SYN is acknowledged after close(), and nothing begins");
}

/* An event, and the state it must lead to. */
#define EV(ev, to)	{ WALTZ_EV_##ev, WALTZ_##to }

static const struct path {
	const char *what;
	u8 from;
	struct {
		u8 event;
		u8 next;	/* 0: the path ends here */
	} step[10];
} paths[] = {
	{ "we open, we close first", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN_ACK, ESTABLISHED),
		EV(USER_CLOSE, FIN_WAIT1),
		EV(RCV_ACK_OF_FIN, FIN_WAIT2),
		EV(RCV_FIN, TIME_WAIT),
		EV(TWO_MSL, CLOSED),
	} },
	{ "we open, the peer closes first", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN_ACK, ESTABLISHED),
		EV(RCV_FIN, CLOSE_WAIT),
		EV(USER_CLOSE, LAST_ACK),
		EV(RCV_ACK_OF_FIN, CLOSED),
	} },
	{ "we listen, the peer closes first", WALTZ_CLOSED, {
		EV(USER_LISTEN, LISTEN),
		EV(RCV_SYN, HALF_OPEN),
		EV(RCV_ACK_OF_SYN, ESTABLISHED),
		EV(RCV_FIN, CLOSE_WAIT),
		EV(USER_CLOSE, LAST_ACK),
		EV(RCV_ACK_OF_FIN, CLOSED),
	} },
	{ "we listen, we close first", WALTZ_LISTEN, {
		EV(RCV_SYN, HALF_OPEN),
		EV(RCV_ACK_OF_SYN, ESTABLISHED),
		EV(USER_CLOSE, FIN_WAIT1),
		EV(RCV_ACK_OF_FIN, FIN_WAIT2),
		EV(RCV_FIN, TIME_WAIT),
		EV(TWO_MSL, CLOSED),
	} },
	{ "the FIN carries the ACK of ours", WALTZ_ESTABLISHED, {
		EV(USER_CLOSE, FIN_WAIT1),
		EV(RCV_ACK_OF_FIN, FIN_WAIT2),
		EV(RCV_FIN, TIME_WAIT),
	} },
	{ "simultaneous open", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN, SYN_RECV),
		EV(RCV_ACK_OF_SYN, ESTABLISHED),
	} },
	{ "simultaneous open, refused", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN, SYN_RECV),
		EV(RCV_RST, CLOSED),
	} },
	{ "simultaneous open, unreachable", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN, SYN_RECV),
		EV(UNREACHABLE, CLOSED),
	} },
	{ "simultaneous open, close at once", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN, SYN_RECV),
		EV(USER_CLOSE, FIN_WAIT1),
		EV(RCV_ACK_OF_FIN, FIN_WAIT2),
		EV(RCV_FIN, TIME_WAIT),
	} },
	{ "self-connect", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN, SYN_RECV),
		EV(RCV_ACK_OF_SYN, ESTABLISHED),
		EV(USER_CLOSE, FIN_WAIT1),
		EV(RCV_FIN, CLOSING),
		EV(RCV_ACK_OF_FIN, TIME_WAIT),
	} },
	{ "simultaneous close", WALTZ_ESTABLISHED, {
		EV(USER_CLOSE, FIN_WAIT1),
		EV(RCV_FIN, CLOSING),
		EV(RCV_ACK_OF_FIN, TIME_WAIT),
		EV(TWO_MSL, CLOSED),
	} },
	{ "refused", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_RST, CLOSED),
	} },
	{ "unreachable", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(UNREACHABLE, CLOSED),
	} },
	{ "nobody answers", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(TIMEOUT, CLOSED),
	} },
	{ "close in SYN_SENT", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(USER_CLOSE, CLOSED),
	} },
	{ "abort in SYN_SENT", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(USER_ABORT, CLOSED),
	} },
	{ "a socket connects again", WALTZ_CLOSED, {
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_RST, CLOSED),
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN_ACK, ESTABLISHED),
	} },
	{ "half-open, reset by the client", WALTZ_LISTEN, {
		EV(RCV_SYN, HALF_OPEN),
		EV(RCV_RST, LISTEN),
	} },
	{ "half-open, never answered", WALTZ_LISTEN, {
		EV(RCV_SYN, HALF_OPEN),
		EV(TIMEOUT, LISTEN),
	} },
	{ "half-open, unreachable", WALTZ_LISTEN, {
		EV(RCV_SYN, HALF_OPEN),
		EV(UNREACHABLE, LISTEN),
	} },
	{ "half-open, the listener goes", WALTZ_LISTEN, {
		EV(RCV_SYN, HALF_OPEN),
		EV(USER_ABORT, CLOSED),
	} },
	{ "listener closed", WALTZ_CLOSED, {
		EV(USER_LISTEN, LISTEN),
		EV(USER_CLOSE, CLOSED),
	} },
	{ "listener disconnected", WALTZ_CLOSED, {
		EV(USER_LISTEN, LISTEN),
		EV(USER_ABORT, CLOSED),
		EV(USER_LISTEN, LISTEN),
	} },
	{ "the last ACK is lost", WALTZ_FIN_WAIT2, {
		EV(RCV_FIN, TIME_WAIT),
		EV(RCV_FIN_AGAIN, TIME_WAIT),
		EV(RCV_FIN_AGAIN, TIME_WAIT),
		EV(TWO_MSL, CLOSED),
	} },
	{ "TIME_WAIT reopened", WALTZ_TIME_WAIT, {
		EV(RCV_SYN, HALF_OPEN),
		EV(RCV_ACK_OF_SYN, ESTABLISHED),
	} },
	{ "TIME_WAIT reopened by an old SYN", WALTZ_TIME_WAIT, {
		EV(RCV_SYN, HALF_OPEN),
		EV(OLD_DUPLICATE, TIME_WAIT),
		EV(TWO_MSL, CLOSED),
	} },
	{ "TIME_WAIT taken over by connect()", WALTZ_TIME_WAIT, {
		EV(USER_CONNECT, CLOSED),
		EV(USER_CONNECT, SYN_SENT),
		EV(RCV_SYN_ACK, ESTABLISHED),
	} },
	{ "TIME_WAIT evicted", WALTZ_TIME_WAIT, {
		EV(EVICTED, CLOSED),
	} },
	{ "FIN_WAIT2 without an owner", WALTZ_FIN_WAIT2, {
		EV(USER_ORPHAN, FIN_WAIT2),
		EV(RCV_FIN, TIME_WAIT),
	} },
	{ "FIN_WAIT2 without an owner, in vain", WALTZ_FIN_WAIT2, {
		EV(USER_ORPHAN, FIN_WAIT2),
		EV(TIMEOUT, CLOSED),
	} },
	{ "FIN_WAIT2 without an owner, data", WALTZ_FIN_WAIT2, {
		EV(USER_ORPHAN, FIN_WAIT2),
		EV(RCV_AFTER_CLOSE, CLOSED),
	} },
	{ "FIN_WAIT2 without an owner, RST", WALTZ_FIN_WAIT2, {
		EV(USER_ORPHAN, FIN_WAIT2),
		EV(RCV_RST, CLOSED),
	} },
	{ "FIN_WAIT2 without an owner, evicted", WALTZ_FIN_WAIT2, {
		EV(USER_ORPHAN, FIN_WAIT2),
		EV(EVICTED, CLOSED),
	} },
	{ "data after close", WALTZ_ESTABLISHED, {
		EV(USER_CLOSE, FIN_WAIT1),
		EV(RCV_AFTER_CLOSE, CLOSED),
	} },
	{ "close with data unread", WALTZ_ESTABLISHED, {
		EV(USER_ABORT, CLOSED),
	} },
	{ "close with data unread, after the peer's FIN", WALTZ_ESTABLISHED, {
		EV(RCV_FIN, CLOSE_WAIT),
		EV(USER_ABORT, CLOSED),
	} },
	{ "FIN never acknowledged", WALTZ_ESTABLISHED, {
		EV(USER_CLOSE, FIN_WAIT1),
		EV(TIMEOUT, CLOSED),
	} },
	{ "reset after the peer's FIN", WALTZ_ESTABLISHED, {
		EV(RCV_FIN, CLOSE_WAIT),
		EV(RCV_RST, CLOSED),
	} },
	{ "host gone", WALTZ_ESTABLISHED, {
		EV(TIMEOUT, CLOSED),
	} },
};

static bool taken[WALTZ_TRANSITIONS_MAX];

static void walk(const struct path *path)
{
	const struct waltz_transition *t;
	unsigned int state = path->from, i;

	for (i = 0; path->step[i].next; i++) {
		t = waltz_fsm(state, path->step[i].event);
		CHECK(t, "%s: no %s in %s", path->what,
		      waltz_event_name(path->step[i].event),
		      waltz_state_name(state));
		if (!t)
			return;
		taken[waltz_transition_id(t)] = true;
		CHECK(t->next == path->step[i].next, "%s: %s, not %s",
		      path->what, text(t),
		      waltz_state_name(path->step[i].next));
		state = path->step[i].next;
	}
}

static void test_paths(void)
{
	unsigned int i, left = 0;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		walk(&paths[i]);
	for (i = 0; i < waltz_transitions_count; i++)
		left += !taken[i];
	ksft_print_msg("%zu paths, %u of %u entries in none\n",
		       ARRAY_SIZE(paths), left, waltz_transitions_count);
}

/* Random lives: they never leave the table, and all of them can end. */
static void test_lives(void)
{
	const struct waltz_transition *t;
	unsigned int i, state = WALTZ_CLOSED, ends_seen = 0;

	unit_seed();
	for (i = 0; i < 1000000; i++) {
		t = waltz_fsm(state, unit_below(WALTZ_EVENT_MAX));
		if (!t)
			continue;
		CHECK(t->state == state, "%s: from %u", text(t), state);
		state = t->next;
		taken[waltz_transition_id(t)] = true;
		ends_seen += state == WALTZ_CLOSED;
	}
	CHECK(ends_seen > 1000, "only %u ended", ends_seen);
	for (t = first; t < last(); t++)
		CHECK(taken[waltz_transition_id(t)], "%s: never taken",
		      text(t));
}

static const struct unit_case cases[] = {
	{ "entries are well formed, no pair twice", test_entries },
	{ "every pair is looked up, NULL for the others", test_lookup },
	{ "names", test_names },
	{ "the kernel's state numbers", test_kernel_numbers },
	{ "every state is reached, every state ends", test_reachable },
	{ "every connection can be left", test_exits },
	{ "every event and action is used", test_used },
	{ "DONE, TO_RECORD, CLEAR, RESTART_2MSL", test_done },
	{ "SYN, SYN-ACK, FIN, ACK", test_segments_sent },
	{ "RST only where RFC 9293 sends it", test_resets },
	{ "errors", test_errors },
	{ "what must not be in the table", test_absent },
	{ "close in SYN_RECV", test_close_in_syn_recv },
	{ "paths of the connection's life", test_paths },
	{ "random lives", test_lives },
};

int main(void)
{
	waltz_fsm_init();
	return unit_main(cases, ARRAY_SIZE(cases));
}
