// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to send by every way to receive, between two namespaces with a cable
 * between them, both directions at once, each closed when it is done: what
 * arrives is what was sent.
 */
#include "api.h"
#include "uring.h"

#define SIZE	(100000 + 12345)
#define CHUNK	30011

/* What either side sends; as a file, and mapped. */
static struct source {
	int file;
	char *bytes;
} sources[2];

struct flow {
	pthread_t thread;
	int fd;
	const struct source *src;
	long (*run)(const struct flow *flow);
	long result;
};

/* ---- senders: 0, or a negated error; without the shutdown */

static size_t chunk_at(size_t done)
{
	return SIZE - done < CHUNK ? SIZE - done : CHUNK;
}

static long send_by_write(const struct flow *f)
{
	size_t done = 0;

	while (done < SIZE) {
		long ret = rc(write(f->fd, f->src->bytes + done,
				    chunk_at(done)));

		if (ret <= 0)
			return ret ?: -EIO;
		done += ret;
	}
	return 0;
}

static long send_by_poll(const struct flow *f)
{
	size_t done = 0;

	while (done < SIZE) {
		long ret = rc(send(f->fd, f->src->bytes + done, SIZE - done,
				   MSG_DONTWAIT | MSG_NOSIGNAL));

		if (ret == -EAGAIN) {
			if (!(wait_events(f->fd, POLLOUT) & POLLOUT))
				return -ETIMEDOUT;
			continue;
		}
		if (ret <= 0)
			return ret ?: -EIO;
		done += ret;
	}
	return 0;
}

static long send_by_vectors(const struct flow *f)
{
	size_t done = 0;

	while (done < SIZE) {
		char *at = f->src->bytes + done;
		size_t len = chunk_at(done);
		struct iovec iov[3] = {
			{ at, len / 3 }, { at + len / 3, 0 },
			{ at + len / 3, len - len / 3 },
		};
		long ret = rc(writev(f->fd, iov, 3));

		if (ret <= 0)
			return ret ?: -EIO;
		done += ret;
	}
	return 0;
}

/* Small pieces, of which most say that there is more. */
static long send_by_pieces(const struct flow *f)
{
	size_t done = 0;

	for (int i = 0; done < SIZE; i++) {
		size_t len = 1 + i * 7919 % 5000;
		long ret;

		if (len > SIZE - done)
			len = SIZE - done;
		ret = rc(send(f->fd, f->src->bytes + done, len,
			      MSG_NOSIGNAL | (i % 4 ? MSG_MORE : MSG_EOR)));
		if (ret <= 0)
			return ret ?: -EIO;
		done += ret;
	}
	return 0;
}

static long send_by_sendfile(const struct flow *f)
{
	off_t at = 0;

	/* It ends with the file, though more is asked for. */
	while (at < SIZE) {
		long ret = rc(sendfile(f->fd, f->src->file, &at, 65537));

		if (ret <= 0)
			return ret ?: -EIO;
	}
	return 0;
}

static long send_by_splice(const struct flow *f)
{
	long ret = 0;
	loff_t at = 0;
	int pipes[2];

	if (pipe(pipes))
		return -errno;
	while (at < SIZE && ret >= 0) {
		long got = rc(splice(f->src->file, &at, pipes[1], NULL, CHUNK,
				     SPLICE_F_MOVE));

		ret = got > 0 ? 0 : got ?: -EIO;
		while (got > 0 && ret >= 0) {
			ret = rc(splice(pipes[0], NULL, f->fd, NULL, got,
					SPLICE_F_MORE));
			got -= ret > 0 ? ret : got;
		}
	}
	close(pipes[0]);
	close(pipes[1]);
	return ret < 0 ? ret : 0;
}

static long send_by_uring(const struct flow *f)
{
	struct io_uring_cqe cqe;
	struct uring u;
	long ret = uring_open(&u);
	size_t done = 0;

	while (!ret && done < SIZE) {
		uring_data(&u, IORING_OP_SEND, f->fd, f->src->bytes + done,
			   chunk_at(done), 0);
		ret = uring_wait(&u, &cqe);
		if (ret <= 0)
			break;
		done += ret;
		ret = 0;
	}
	close(u.fd);
	return ret;
}

static long (*const senders[])(const struct flow *f) = {
	send_by_write, send_by_poll, send_by_vectors, send_by_pieces,
	send_by_sendfile, send_by_splice, send_by_uring,
};

/* ---- receivers: until the end of the stream; bytes, or a negated error */

static bool right(const struct flow *f, const char *buf, size_t at, size_t len)
{
	return at + len <= SIZE && !memcmp(buf, f->src->bytes + at, len);
}

/* Calls @take() until there is no more. */
static long receive(const struct flow *f,
		    long (*take)(const struct flow *f, char *buf, size_t at))
{
	char *buf = malloc(CHUNK);
	size_t done = 0;
	long ret;

	do {
		ret = take(f, buf, done);
		if (ret > 0 && !right(f, buf, done, ret))
			ret = -EBADMSG;
		if (ret > 0)
			done += ret;
	} while (ret > 0);
	free(buf);
	return ret < 0 ? ret : (long)done;
}

static long take_by_read(const struct flow *f, char *buf, size_t at)
{
	return rc(read(f->fd, buf, 1 + at % CHUNK));
}

static long take_by_poll(const struct flow *f, char *buf, size_t at)
{
	long ret;

	do {
		if (!wait_events(f->fd, POLLIN))
			return -ETIMEDOUT;
		ret = rc(recv(f->fd, buf, CHUNK, MSG_DONTWAIT));
	} while (ret == -EAGAIN);
	return ret;
}

static long take_by_vectors(const struct flow *f, char *buf, size_t at)
{
	struct iovec iov[3] = {
		{ buf, 1 }, { buf + 1, 1000 }, { buf + 1001, CHUNK - 1001 },
	};

	return rc(readv(f->fd, iov, 3));
}

static long take_all(const struct flow *f, char *buf, size_t at)
{
	return rc(recv(f->fd, buf, CHUNK, MSG_WAITALL));
}

/* Looks first: at the start, or again and again. */
static long look_and_take(const struct flow *f, char *buf, size_t at)
{
	size_t len = 1 + at % (CHUNK - 1);
	long seen = rc(recv(f->fd, buf, len, MSG_PEEK));

	if (seen <= 0)
		return seen;
	if (!right(f, buf, at, seen))
		return -EBADMSG;
	memset(buf, 0, seen);
	/* Only a half of it, so that the next look is in the middle. */
	return rc(recv(f->fd, buf, (seen + 1) / 2, 0));
}

static long look_at_the_start(const struct flow *f, char *buf, size_t at)
{
	return at ? take_by_read(f, buf, at) : look_and_take(f, buf, at);
}

static long look_in_the_middle(const struct flow *f, char *buf, size_t at)
{
	return at < SIZE / 2 ? take_by_read(f, buf, at) :
			       look_and_take(f, buf, at);
}

/* Discards every other chunk. */
static long take_every_other(const struct flow *f, char *buf, size_t at)
{
	long ret;

	if (at / 3 % 2)
		return take_by_read(f, buf, at);
	ret = rc(recv(f->fd, NULL, 3, MSG_TRUNC));
	if (ret > 0 && at + ret <= SIZE)
		memcpy(buf, f->src->bytes + at, ret);
	return ret;
}

static long receive_by_read(const struct flow *f)
{
	return receive(f, take_by_read);
}

static long receive_by_poll(const struct flow *f)
{
	return receive(f, take_by_poll);
}

static long receive_by_vectors(const struct flow *f)
{
	return receive(f, take_by_vectors);
}

static long receive_all(const struct flow *f)
{
	return receive(f, take_all);
}

static long receive_after_a_look_at_the_start(const struct flow *f)
{
	return receive(f, look_at_the_start);
}

static long receive_after_a_look_in_the_middle(const struct flow *f)
{
	return receive(f, look_in_the_middle);
}

static long receive_every_other(const struct flow *f)
{
	return receive(f, take_every_other);
}

static long receive_by_splice(const struct flow *f)
{
	char *buf = malloc(CHUNK);
	size_t done = 0;
	int pipes[2];
	long ret;

	if (pipe(pipes))
		return -errno;
	do {
		size_t have = 0;

		ret = rc(splice(f->fd, NULL, pipes[1], NULL, CHUNK,
				SPLICE_F_MOVE));
		while (ret > 0 && have < (size_t)ret) {
			long n = rc(read(pipes[0], buf + have, ret - have));

			if (n <= 0)
				ret = n ?: -EIO;
			else
				have += n;
		}
		if (ret > 0 && !right(f, buf, done, ret))
			ret = -EBADMSG;
		if (ret > 0)
			done += ret;
	} while (ret > 0);
	close(pipes[0]);
	close(pipes[1]);
	free(buf);
	return ret < 0 ? ret : (long)done;
}

static long receive_by_uring(const struct flow *f)
{
	char *buf = malloc(CHUNK);
	struct io_uring_cqe cqe;
	struct uring u;
	long ret = uring_open(&u);
	size_t done = 0;

	while (!ret) {
		uring_data(&u, IORING_OP_RECV, f->fd, buf, CHUNK, 0);
		ret = uring_wait(&u, &cqe);
		if (ret > 0 && !right(f, buf, done, ret))
			ret = -EBADMSG;
		if (ret <= 0)
			break;
		done += ret;
		ret = 0;
	}
	close(u.fd);
	free(buf);
	return ret < 0 ? ret : (long)done;
}

static long (*const receivers[])(const struct flow *f) = {
	receive_by_read, receive_by_poll, receive_by_vectors, receive_all,
	receive_after_a_look_at_the_start, receive_after_a_look_in_the_middle,
	receive_every_other, receive_by_splice, receive_by_uring,
};

/* ---- two namespaces */

static int namespaces[2];

static void run(struct __test_metadata *_metadata, const char *command)
{
	ASSERT_EQ(0, system(command)) {
		TH_LOG("%s", command);
	}
}

static void set_up(struct __test_metadata *_metadata)
{
	char command[128];

	for (int i = 0; i < 2; i++) {
		struct source *s = &sources[i];

		s->file = memfd_create("source", MFD_CLOEXEC);
		ASSERT_LE(0, rc(s->file));
		ASSERT_EQ(0, rc(ftruncate(s->file, SIZE)));
		s->bytes = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
				s->file, 0);
		ASSERT_NE(MAP_FAILED, (void *)s->bytes);
		fill_pattern(s->bytes, SIZE, 0, 100 * i);
		if (i)
			ASSERT_EQ(0, rc(unshare(CLONE_NEWNET)));
		namespaces[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, rc(namespaces[i]));
	}
	snprintf(command, sizeof(command),
		 "ip link add wire type veth peer name wire netns /proc/%d/fd/%d",
		 getpid(), namespaces[0]);
	run(_metadata, command);
	run(_metadata, "ip addr add 10.253.0.2/24 dev wire");
	run(_metadata, "ip link set wire up");
	ASSERT_EQ(0, rc(setns(namespaces[0], CLONE_NEWNET)));
	run(_metadata, "ip addr add 10.253.0.1/24 dev wire");
	run(_metadata, "ip link set wire up");
}

/* A client here, its server there. */
static struct pair connect_hosts(struct __test_metadata *_metadata)
{
	struct pair p;
	int lfd;

	ASSERT_EQ(0, rc(setns(namespaces[1], CLONE_NEWNET)));
	lfd = open_listener(_metadata, "10.253.0.2", 1);
	ASSERT_EQ(0, rc(setns(namespaces[0], CLONE_NEWNET)));
	p.client = open_socket(_metadata, 0);
	ASSERT_EQ(0, connect_to(p.client, "10.253.0.2", local_port(lfd)));
	p.server = accept_one(_metadata, lfd);
	close(lfd);
	return p;
}

static void *flow_thread(void *arg)
{
	struct flow *f = arg;

	f->result = f->run(f);
	return NULL;
}

static void *sender_thread(void *arg)
{
	struct flow *f = arg;

	f->result = f->run(f);
	if (shutdown(f->fd, SHUT_WR) && !f->result)
		f->result = -errno;
	return NULL;
}

/* Both ways at once, by the same means. */
static void transfer(struct __test_metadata *_metadata, size_t s, size_t r)
{
	struct pair p = connect_hosts(_metadata);
	struct flow flows[4] = {
		{ .fd = p.client, .src = &sources[0], .run = senders[s] },
		{ .fd = p.server, .src = &sources[0], .run = receivers[r] },
		{ .fd = p.server, .src = &sources[1], .run = senders[s] },
		{ .fd = p.client, .src = &sources[1], .run = receivers[r] },
	};

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&flows[i].thread, NULL, i % 2 ?
					    flow_thread : sender_thread,
					    &flows[i]));
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(flows[i].thread, NULL));
		EXPECT_EQ(i % 2 ? SIZE : 0, flows[i].result) {
			TH_LOG("sender %zu, receiver %zu, flow %d", s, r, i);
		}
	}
	EXPECT_EQ(0, so_error(p.client));
	EXPECT_EQ(0, so_error(p.server));
	close(p.client);
	close(p.server);
}

static void to_all_receivers(struct __test_metadata *_metadata, size_t s)
{
	set_up(_metadata);
	for (size_t r = 0; r < ARRAY_SIZE(receivers); r++)
		transfer(_metadata, s, r);
}

TEST_F(api, write)
{
	to_all_receivers(_metadata, 0);
}

TEST_F(api, send_and_poll)
{
	to_all_receivers(_metadata, 1);
}

TEST_F(api, writev)
{
	to_all_receivers(_metadata, 2);
}

TEST_F(api, small_pieces)
{
	to_all_receivers(_metadata, 3);
}

TEST_F(api, sendfile)
{
	to_all_receivers(_metadata, 4);
}

TEST_F(api, splice)
{
	to_all_receivers(_metadata, 5);
}

TEST_F(api, io_uring)
{
	to_all_receivers(_metadata, 6);
}

/* One direction has ended before the other begins: half closed, for long. */
TEST_F(api, an_answer_after_the_end_of_the_question)
{
	set_up(_metadata);
	for (size_t s = 0; s < ARRAY_SIZE(senders); s++) {
		struct pair p = connect_hosts(_metadata);
		struct flow question[2] = {
			{ .fd = p.client, .src = &sources[0],
			  .run = senders[s] },
			{ .fd = p.server, .src = &sources[0],
			  .run = receivers[s] },
		};
		struct flow answer[2] = {
			{ .fd = p.server, .src = &sources[1],
			  .run = senders[s] },
			{ .fd = p.client, .src = &sources[1],
			  .run = receivers[s] },
		};

		ASSERT_EQ(0, pthread_create(&question[0].thread, NULL,
					    sender_thread, &question[0]));
		EXPECT_EQ(SIZE, question[1].run(&question[1]));
		ASSERT_EQ(0, pthread_join(question[0].thread, NULL));
		EXPECT_EQ(0, question[0].result);
		EXPECT_EQ(TCP_CLOSE_WAIT, state_of(p.server));
		EXPECT_TRUE(wait_state(p.client, TCP_FIN_WAIT2));

		ASSERT_EQ(0, pthread_create(&answer[0].thread, NULL,
					    sender_thread, &answer[0]));
		EXPECT_EQ(SIZE, answer[1].run(&answer[1]));
		ASSERT_EQ(0, pthread_join(answer[0].thread, NULL));
		EXPECT_EQ(0, answer[0].result);
		EXPECT_TRUE(wait_state(p.server, TCP_CLOSE));
		close(p.client);
		close(p.server);
	}
}

TEST_HARNESS_MAIN
