// SPDX-License-Identifier: GPL-2.0
/* board.c, beside an array in which everything is searched for. */
#include <stdint.h>
#include "unit.h"
#include "board.h"
#include "seq.h"

#define STEPS		200000u
#define MODEL_MAX	600u

struct entry {
	u32 seq;
	u32 end_seq;
	u64 sent_us;
	u64 first_us;
	u64 order;		/* of its last transmission */
	void *data;
	u8 flags;
};

/* The model: first the acknowledged ones not popped, then the others. */
static struct entry model[MODEL_MAX];
static u32 popped, acked, used;
static u64 clock_us, orders;
static u32 next_seq;
static bool by_time;		/* no order was lost by unmarking */
static struct waltz_board board;

static void reset(u32 seq, u32 pos)
{
	waltz_board_init(&board, NULL, 0);
	/* As after as many records. */
	board.base = pos;
	board.head = pos;
	board.tail = pos;
	board.hint = pos;
	popped = 0;
	acked = 0;
	used = 0;
	clock_us = 1;
	next_seq = seq;
	by_time = true;
}

static void grow(void)
{
	u32 capacity = board.capacity ? 2 * board.capacity : 1;
	struct waltz_record *ring = calloc(capacity, sizeof(*ring));

	free(waltz_board_grow(&board, ring, capacity));
}

static struct waltz_record *append(u32 len)
{
	void *data = (void *)(uintptr_t)(++orders);
	struct waltz_record *rec;

	if (waltz_board_full(&board))
		grow();
	rec = waltz_board_append(&board, next_seq, next_seq + len, data,
				 clock_us);
	model[used++] = (struct entry){
		.seq = next_seq,
		.end_seq = next_seq + len,
		.sent_us = clock_us,
		.first_us = clock_us,
		.order = orders,
		.data = data,
	};
	next_seq += len;
	return rec;
}

static bool on_its_way(const struct entry *e)
{
	if (e->flags & WALTZ_SEG_SACKED)
		return false;
	return !(e->flags & WALTZ_SEG_LOST) || (e->flags & WALTZ_SEG_RETRANS);
}

/* ---- comparing ---- */

static void check_counters(void)
{
	u32 sacked = 0, lost = 0, retrans = 0, resend = 0, n = 0, listed = 0;
	u32 i;

	for (i = acked; i < used; i++) {
		const struct entry *e = &model[i];
		u32 len = e->end_seq - e->seq;

		sacked += e->flags & WALTZ_SEG_SACKED ? len : 0;
		n += !!(e->flags & WALTZ_SEG_SACKED);
		lost += e->flags & WALTZ_SEG_LOST ? len : 0;
		retrans += e->flags & WALTZ_SEG_RETRANS ? len : 0;
		resend += (e->flags & (WALTZ_SEG_LOST | WALTZ_SEG_RETRANS)) ==
			  WALTZ_SEG_LOST ? len : 0;
		listed += on_its_way(e);
	}
	CHECK(board.sacked == sacked, "sacked %u, not %u", board.sacked, sacked);
	CHECK(board.nsacked == n, "nsacked %u, not %u", board.nsacked, n);
	CHECK(board.lost == lost, "lost %u, not %u", board.lost, lost);
	CHECK(board.retrans == retrans, "retrans %u, not %u", board.retrans,
	      retrans);
	CHECK(board.resend == resend, "resend %u, not %u", board.resend, resend);
	CHECK(board.listed == listed, "listed %u, not %u", board.listed, listed);
}

static void check_records(void)
{
	u32 i;

	CHECK(board.tail - board.head == used - acked, "outstanding");
	CHECK(board.tail - board.base == used - popped, "not popped");
	for (i = acked; i < used; i++) {
		const struct waltz_record *r;
		const struct entry *e = &model[i];

		r = waltz_board_at(&board, board.head + i - acked);
		CHECK(r->seq == e->seq && r->end_seq == e->end_seq,
		      "%u: [%u, %u), not [%u, %u)", i, r->seq, r->end_seq,
		      e->seq, e->end_seq);
		CHECK(r->flags == e->flags, "%u: %#x, not %#x", i, r->flags,
		      e->flags);
		CHECK(r->sent_us == e->sent_us && r->first_us == e->first_us &&
		      r->data == e->data, "%u: times or data", i);
	}
}

/* The list: who should be in it, each once, and in order of transmission. */
static void check_list(void)
{
	static bool seen[MODEL_MAX];
	u32 i, pos = board.oldest;
	u64 order = 0;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < board.listed; i++) {
		u32 k = pos - board.head + acked;
		const struct waltz_record *r = waltz_board_at(&board, pos);

		CHECK(k < used && !seen[k] && on_its_way(&model[k]),
		      "position %u", pos);
		if (k >= used)
			return;
		seen[k] = true;
		CHECK(!by_time || model[k].order > order, "order at %u", k);
		order = model[k].order;
		CHECK(waltz_board_at(&board, r->newer)->older == pos, "links");
		pos = r->newer;
	}
	CHECK(!board.listed || pos == board.oldest, "a circle");
}

static void check_searches(void)
{
	const struct waltz_record *next = waltz_board_next_lost(&board);
	u32 seq = acked < used ? model[acked].seq - 1 +
		  unit_below(next_seq - model[acked].seq + 2) : next_seq;
	u32 i, pos = waltz_board_find(&board, seq);

	for (i = acked; i < used && !seq_gt(model[i].end_seq, seq); i++)
		;
	CHECK(pos - board.head == i - acked, "find %u: %u, not %u", seq,
	      pos - board.head, i - acked);
	pos = waltz_board_skip(&board, pos);
	while (i < used && model[i].flags & WALTZ_SEG_SACKED)
		i++;
	CHECK(pos - board.head == i - acked, "skip: %u, not %u",
	      pos - board.head, i - acked);

	for (i = acked; i < used; i++)
		if (!on_its_way(&model[i]) &&
		    !(model[i].flags & WALTZ_SEG_SACKED))
			break;
	CHECK(i == used ? !next : next && next->seq == model[i].seq,
	      "what to send again: %u, not %u", next ? next->seq : 0,
	      i < used ? model[i].seq : 0);
}

static void check(void)
{
	check_counters();
	check_records();
	check_list();
	check_searches();
}

/* ---- steps, in both ---- */

static void step_append(void)
{
	if (used < MODEL_MAX - 1)
		append(1 + unit_below(1500));
}

static void step_ack(void)
{
	u32 n = unit_below(4);

	while (n-- && acked < used) {
		waltz_board_ack(&board);
		acked++;
	}
}

static void step_trim(void)
{
	u32 len = acked < used ? model[acked].end_seq - model[acked].seq : 0;

	if (len < 2)
		return;
	model[acked].seq += 1 + unit_below(len - 1);
	waltz_board_trim(&board, model[acked].seq);
}

static void step_pop(void)
{
	void *data = NULL;
	bool any = waltz_board_pop(&board, &data);

	CHECK(any == (popped < acked), "pop");
	if (!any)
		return;
	CHECK(data == model[popped].data, "popped another one");
	popped++;
	if (popped < MODEL_MAX / 2)
		return;
	memmove(model, model + popped, (used - popped) * sizeof(model[0]));
	acked -= popped;
	used -= popped;
	popped = 0;
}

static u32 any_record(void)
{
	return acked + unit_below(used - acked);
}

static struct waltz_record *record(u32 i)
{
	return waltz_board_at(&board, board.head + i - acked);
}

static void step_sack(void)
{
	u32 i = any_record(), n = 1 + unit_below(8);

	for (; n-- && i < used; i++) {
		if (model[i].flags & WALTZ_SEG_SACKED)
			continue;
		waltz_board_mark_sacked(&board, board.head + i - acked);
		model[i].flags &= WALTZ_SEG_EVER_RETRANS;
		model[i].flags |= WALTZ_SEG_SACKED;
	}
}

static void step_lose(void)
{
	u32 i = any_record();
	bool new = on_its_way(&model[i]);

	CHECK(waltz_board_mark_lost(&board, record(i)) == new, "newly lost");
	if (!new)
		return;
	model[i].flags &= (u8)~WALTZ_SEG_RETRANS;
	model[i].flags |= WALTZ_SEG_LOST;
}

static void step_resend(void)
{
	const struct waltz_record *next = waltz_board_next_lost(&board);
	u32 i = any_record();

	/* Mostly what is lost; a probe may be of any. */
	if (next && unit_below(8))
		while (model[i].seq != next->seq)
			i = i + 1 < used ? i + 1 : acked;
	if (model[i].flags & WALTZ_SEG_SACKED)
		return;
	waltz_board_resent(&board, record(i), clock_us);
	model[i].flags |= WALTZ_SEG_RETRANS | WALTZ_SEG_EVER_RETRANS;
	model[i].sent_us = clock_us;
	model[i].order = ++orders;
}

static void step_split(void)
{
	u32 i = any_record(), len = model[i].end_seq - model[i].seq, seq;
	void *data = (void *)(uintptr_t)(++orders);

	if (len < 2 || used >= MODEL_MAX - 1)
		return;
	if (waltz_board_full(&board))
		grow();
	seq = model[i].seq + 1 + unit_below(len - 1);
	CHECK(waltz_board_split(&board, record(i), seq, data) == record(i),
	      "the first part");
	memmove(&model[i + 1], &model[i], (used++ - i) * sizeof(model[0]));
	model[i].end_seq = seq;
	model[i + 1].seq = seq;
	model[i + 1].data = data;
	/* Between it and the next one sent. */
	by_time = false;
}

static void step_unmark(void)
{
	u32 i;

	waltz_board_unmark_lost(&board);
	for (i = acked; i < used; i++)
		model[i].flags &= (u8)~WALTZ_SEG_LOST;
	by_time = false;
}

static void step_forget(void)
{
	u32 i;

	waltz_board_forget_sacked(&board);
	for (i = acked; i < used; i++) {
		if (!(model[i].flags & WALTZ_SEG_SACKED))
			continue;
		model[i].flags &= (u8)~WALTZ_SEG_SACKED;
		model[i].flags |= WALTZ_SEG_LOST;
	}
}

static void step_grow(void)
{
	if (board.capacity < 1024)
		grow();
}

static void step(bool all)
{
	u32 what = unit_below(1000);

	clock_us += unit_below(3);
	if (what < 300 || acked == used)
		step_append();
	else if (what < 450)
		step_ack();
	else if (what < 550)
		step_pop();
	else if (what < 560)
		step_trim();
	else if (what < 700)
		step_sack();
	else if (what < 850)
		step_lose();
	else if (what < 990)
		step_resend();
	else if (all && what < 993)
		step_split();
	else if (all && what < 995)
		step_unmark();
	else if (all && what < 997)
		step_forget();
	else
		step_grow();
}

static void empty_it(void)
{
	void *data;

	while (acked < used) {
		waltz_board_ack(&board);
		acked++;
	}
	check();
	while (waltz_board_pop(&board, &data))
		;
	CHECK(!board.sacked && !board.lost && !board.retrans && !board.listed,
	      "an empty board counts something");
	free(board.ring);
	board.ring = NULL;
}

static void walk(bool all)
{
	u32 i, rounds = 40;

	while (rounds--) {
		/* Both numbers wrap soon. */
		reset(0u - unit_below(20000), 0u - unit_below(100));
		for (i = 0; i < STEPS / 40 && !unit_failures; i++) {
			step(all);
			check();
		}
		empty_it();
	}
}

/* ---- cases ---- */

static void test_empty(void)
{
	void *data;

	reset(5, 0);
	CHECK(waltz_board_full(&board), "no memory: full");
	CHECK(waltz_board_empty(&board), "empty");
	CHECK(!waltz_board_first(&board) && !waltz_board_last(&board) &&
	      !waltz_board_oldest(&board) && !waltz_board_next_lost(&board),
	      "of nothing");
	CHECK(!waltz_board_pop(&board, &data), "nothing to pop");
	CHECK(waltz_board_find(&board, 5) == board.tail, "nothing to find");
}

static void test_fin(void)
{
	reset(100, 0);
	append(10);
	append(1);			/* a FIN alone */
	CHECK(waltz_board_find(&board, 109) == 0, "the last byte");
	CHECK(waltz_board_find(&board, 110) == 1, "the FIN");
	CHECK(waltz_board_find(&board, 111) == 2, "beyond");
	empty_it();
}

/* What was resent is the newest; what is lost is not on its way. */
static void test_order(void)
{
	u32 i;

	reset(0, 0);
	for (i = 0; i < 3; i++)
		append(10);
	CHECK(waltz_board_oldest(&board)->seq == 0, "the first");
	waltz_board_mark_lost(&board, waltz_board_at(&board, 0));
	CHECK(waltz_board_oldest(&board)->seq == 10, "the second");
	waltz_board_resent(&board, waltz_board_at(&board, 0), 9);
	waltz_board_mark_sacked(&board, 1);
	CHECK(waltz_board_oldest(&board)->seq == 20, "the third");
	waltz_board_mark_sacked(&board, 2);
	CHECK(waltz_board_oldest(&board)->seq == 0, "what was sent again");
	CHECK(board.sacked == 20 && board.lost == 10 && board.retrans == 10 &&
	      !board.resend, "counters");
	waltz_board_mark_sacked(&board, 0);
	CHECK(!waltz_board_oldest(&board) && !board.lost && !board.retrans,
	      "all SACKed");
	acked = used;
	for (i = 0; i < 3; i++)
		waltz_board_ack(&board);
	empty_it();
}

/* A peer that repeats a block must not make us walk through it. */
static void test_skip_cost(void)
{
	u32 i, k, pos, steps = 0, n = 512;

	reset(0, 0);
	for (i = 0; i < n; i++) {
		append(10);
		waltz_board_mark_sacked(&board, i);
	}
	/* From every one, the last first: the worst order. */
	for (k = n; k--;)
		CHECK(waltz_board_skip(&board, k) == n, "from %u", k);
	for (k = 0; k < n; k++)
		for (pos = k; pos != n; steps++)
			pos += waltz_board_at(&board, pos)->skip;
	CHECK(steps <= 16 * n, "%u steps for %u", steps, n);
	empty_it();
}

static void test_model(void)
{
	walk(false);
}

static void test_model_all(void)
{
	walk(true);
}

static const struct unit_case cases[] = {
	{ "an empty board", test_empty },
	{ "a FIN is a number", test_fin },
	{ "order of transmission", test_order },
	{ "SACKED ones are passed over quickly", test_skip_cost },
	{ "random steps beside a model", test_model },
	{ "random steps, with splits and unmarking", test_model_all },
};

int main(void)
{
	unit_seed();
	return unit_main(cases, ARRAY_SIZE(cases));
}
