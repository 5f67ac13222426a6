/* SPDX-License-Identifier: GPL-2.0 */
/* As much of io_uring as the tests need, on system calls. */
#ifndef WALTZ_SELFTESTS_URING_H
#define WALTZ_SELFTESTS_URING_H

#include <linux/io_uring.h>
#include <sys/syscall.h>

struct uring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned int unsubmitted;
};

/* 0, or a negated error. */
static inline int uring_open(struct uring *u)
{
	struct io_uring_params p = {};
	char *ring;

	memset(u, 0, sizeof(*u));
	u->fd = syscall(__NR_io_uring_setup, 64, &p);
	if (u->fd < 0)
		return -errno;
	/* One mapping for both rings, since 5.4. */
	ring = mmap(NULL, p.cq_off.cqes +
		    p.cq_entries * sizeof(struct io_uring_cqe) +
		    p.sq_entries * sizeof(int), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, u->fd, IORING_OFF_SQ_RING);
	u->sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		       u->fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || u->sqes == MAP_FAILED)
		return -errno;
	u->sq_tail = (unsigned int *)(ring + p.sq_off.tail);
	u->sq_mask = (unsigned int *)(ring + p.sq_off.ring_mask);
	u->sq_array = (unsigned int *)(ring + p.sq_off.array);
	u->cq_head = (unsigned int *)(ring + p.cq_off.head);
	u->cq_tail = (unsigned int *)(ring + p.cq_off.tail);
	u->cq_mask = (unsigned int *)(ring + p.cq_off.ring_mask);
	u->cqes = (struct io_uring_cqe *)(ring + p.cq_off.cqes);
	return 0;
}

/* The next entry to fill in; it goes with the next uring_submit(). */
static inline struct io_uring_sqe *uring_next(struct uring *u, int op, int fd,
					      unsigned long tag)
{
	unsigned int tail = *u->sq_tail, i = tail & *u->sq_mask;
	struct io_uring_sqe *sqe = &u->sqes[i];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = op;
	sqe->fd = fd;
	sqe->user_data = tag;
	u->sq_array[i] = i;
	__atomic_store_n(u->sq_tail, tail + 1, __ATOMIC_RELEASE);
	u->unsubmitted++;
	return sqe;
}

static inline struct io_uring_sqe *uring_data(struct uring *u, int op, int fd,
					      void *buf, unsigned int len,
					      unsigned long tag)
{
	struct io_uring_sqe *sqe = uring_next(u, op, fd, tag);

	sqe->addr = (unsigned long)buf;
	sqe->len = len;
	return sqe;
}

static inline int uring_submit(struct uring *u)
{
	int ret = syscall(__NR_io_uring_enter, u->fd, u->unsubmitted, 0, 0,
			  NULL, 0);

	if (ret < 0)
		return -errno;
	u->unsubmitted -= ret;
	return ret;
}

/* A completion, if there is one. */
static inline bool uring_peek(struct uring *u, struct io_uring_cqe *cqe)
{
	unsigned int head = *u->cq_head;

	if (head == __atomic_load_n(u->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	*cqe = u->cqes[head & *u->cq_mask];
	__atomic_store_n(u->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}

/* The next completion's result; -ETIME: none comes, or an error of the ring. */
static inline int uring_wait(struct uring *u, struct io_uring_cqe *cqe)
{
	struct pollfd pfd = { .fd = u->fd, .events = POLLIN };

	if (u->unsubmitted && uring_submit(u) < 0)
		return -EIO;
	while (!uring_peek(u, cqe)) {
		int ret = poll(&pfd, 1, DEADLINE_MS);

		if (!ret || (ret < 0 && errno != EINTR))
			return -ETIME;
		/* Completions may have to be made ours first. */
		syscall(__NR_io_uring_enter, u->fd, 0, 0, IORING_ENTER_GETEVENTS,
			NULL, 0);
	}
	return cqe->res;
}

#endif /* WALTZ_SELFTESTS_URING_H */
