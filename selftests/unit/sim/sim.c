// SPDX-License-Identifier: GPL-2.0
/* Events in order of time, and random numbers. */
#include "sim.h"

void sim_init(struct sim *s, u64 seed)
{
	*s = (struct sim){ .now_us = 1, .rng = seed };
}

void sim_exit(struct sim *s)
{
	free(s->heap);
}

/* splitmix64, the upper half */
u32 sim_random(struct sim *s)
{
	u64 z = (s->rng += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (u32)((z ^ z >> 31) >> 32);
}

static bool sooner(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us :
				      a->order < b->order;
}

void sim_at(struct sim *s, u64 at_us, sim_fn *fn, void *who, void *what,
	    u64 arg)
{
	struct sim_event e = {
		.at_us = at_us,
		.order = s->order++,
		.fn = fn,
		.who = who,
		.what = what,
		.arg = arg,
	};
	u32 i;

	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 256;
		s->heap = realloc(s->heap, s->room * sizeof(*s->heap));
		if (!s->heap)
			abort();
	}
	for (i = s->n++; i && sooner(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

static struct sim_event take_first(struct sim *s)
{
	struct sim_event first = s->heap[0], last = s->heap[--s->n];
	u32 i = 0, child;

	while ((child = 2 * i + 1) < s->n) {
		if (child + 1 < s->n &&
		    sooner(&s->heap[child + 1], &s->heap[child]))
			child++;
		if (!sooner(&s->heap[child], &last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

/* Until it is stopped, or nothing happens any more, or time is up; then what
 * is on its way is thrown away.
 */
void sim_run(struct sim *s, u64 until_us)
{
	while (s->n) {
		struct sim_event e = take_first(s);

		if (s->stop || e.at_us > until_us) {
			if (e.what)
				sim_segment_free(e.what);
			continue;
		}
		s->now_us = e.at_us;
		e.fn(e.who, e.what, e.arg);
	}
}
