// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads read from one socket: each byte goes to one of them, and what
 * one call returns is in one piece.
 */
#include "api.h"

#include <linux/userfaultfd.h>
#include <sys/syscall.h>

#define STREAM	(1024 * 1024)
#define PERIOD	251	/* byte n of the stream is n % PERIOD */

struct reader {
	pthread_t thread;
	int fd;
	size_t size;		/* of each read */
	long count[PERIOD];
	long error;
};

static void *send_stream(void *arg)
{
	static unsigned char buf[251 * 256];
	int fd = *(int *)arg;
	long done = 0;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = i % PERIOD;
	while (done < STREAM) {
		size_t at = done % PERIOD, len = sizeof(buf) - PERIOD;
		long ret;

		if (len > (size_t)(STREAM - done))
			len = STREAM - done;
		ret = rc(send(fd, buf + at, len, MSG_NOSIGNAL));
		if (ret <= 0)
			break;
		done += ret;
	}
	shutdown(fd, SHUT_WR);
	return NULL;
}

/* Until the end of the stream, or an error: -EBADMSG for a hole. */
static void *read_some(void *arg)
{
	struct reader *r = arg;
	unsigned char *buf = malloc(r->size);
	long ret = -ENOMEM;

	while (buf) {
		ret = rc(recv(r->fd, buf, r->size, 0));
		if (ret <= 0)
			break;
		for (long i = 0; i < ret; i++) {
			if (buf[i] >= PERIOD ||
			    (i && buf[i] != (buf[i - 1] + 1) % PERIOD)) {
				ret = -EBADMSG;
				break;
			}
			r->count[buf[i]]++;
		}
		if (ret < 0)
			break;
	}
	r->error = ret;
	free(buf);
	return NULL;
}

/* A reader of much empties the queue, and looks what has come meanwhile; another
 * one waits for the lock all the time.
 */
TEST_F(api, each_byte_goes_to_one_reader)
{
	struct reader readers[2] = { { .size = 65536 }, { .size = 1 } };
	struct pair p = open_pair(_metadata);
	pthread_t sender;
	long total = 0;
	int i, n;

	for (i = 0; i < 2; i++) {
		readers[i].fd = p.server;
		ASSERT_EQ(0, pthread_create(&readers[i].thread, NULL, read_some,
					    &readers[i]));
	}
	ASSERT_EQ(0, pthread_create(&sender, NULL, send_stream, &p.client));
	ASSERT_EQ(0, pthread_join(sender, NULL));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(readers[i].thread, NULL));
		EXPECT_EQ(0, readers[i].error);
	}
	for (n = 0; n < PERIOD; n++) {
		long count = readers[0].count[n] + readers[1].count[n];

		EXPECT_EQ(STREAM / PERIOD + (n < STREAM % PERIOD), count);
		total += count;
	}
	EXPECT_EQ(STREAM, total);
}

struct waiting {
	pthread_t thread;
	pid_t tid;
	int fd;
	int flags;
	size_t len;
	unsigned char *buf;
	long result;
};

static void *receive(void *arg)
{
	struct waiting *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_SEQ_CST);
	w->result = rc(recv(w->fd, w->buf, w->len, w->flags));
	return NULL;
}

/* 'S' of who waits for data, 'D' of who waits for the lock of a socket */
static char state_of_thread(const struct waiting *w)
{
	pid_t tid = __atomic_load_n(&w->tid, __ATOMIC_SEQ_CST);
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = tid ? fopen(path, "r") : NULL;
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state;
}

/* Memory that is not there: who writes to it waits until it is. */
static unsigned char *missing_memory(struct __test_metadata *_metadata,
				     size_t len, int *uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.len = len,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	*uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (*uffd < 0)	/* a kernel without: then one reads after the other */
		return p;
	reg.range.start = (uintptr_t)p;
	ASSERT_EQ(0, rc(ioctl(*uffd, UFFDIO_API, &api)));
	ASSERT_EQ(0, rc(ioctl(*uffd, UFFDIO_REGISTER, &reg)));
	return p;
}

/* Both on one CPU, and the second one first: what the other lets go of is its. */
static void start_first(struct __test_metadata *_metadata, struct waiting *w,
			int policy)
{
	struct sched_param param = { .sched_priority = policy ? 1 : 0 };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	ASSERT_EQ(0, pthread_create(&w->thread, NULL, receive, w));
	pthread_setaffinity_np(w->thread, sizeof(cpu), &cpu);
	pthread_setschedparam(w->thread, policy, &param);
}

#define FIRST	8192
#define MORE	100

/* While one reader is in the middle of what there was, more comes, and another
 * reader.
 */
static void two_readers(struct __test_metadata *_metadata, int flags)
{
	struct waiting first = { .len = 65536, .flags = flags };
	unsigned char byte[1], rest[FIRST + MORE + 1];
	struct waiting second = { .len = 1, .buf = byte };
	struct pair p = open_pair(_metadata);
	static char out[FIRST + MORE + 1];
	long taken, left;
	int uffd;

	fill_pattern(out, sizeof(out), 0, 5);
	first.buf = missing_memory(_metadata, first.len, &uffd);
	first.fd = p.server;
	second.fd = p.server;
	ASSERT_EQ(FIRST, rc(send(p.client, out, FIRST, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, FIRST));
	start_first(_metadata, &first, SCHED_OTHER);
	if (uffd >= 0) {
		struct uffdio_zeropage zero = {
			.range.start = (uintptr_t)first.buf,
			.range.len = first.len,
		};

		ASSERT_EQ(POLLIN, wait_events(uffd, POLLIN));
		ASSERT_EQ(MORE, rc(send(p.client, out + FIRST, MORE, 0)));
		start_first(_metadata, &second, SCHED_FIFO);
		ASSERT_TRUE(WAIT_UNTIL(state_of_thread(&second) == 'D'));
		ASSERT_EQ(0, rc(ioctl(uffd, UFFDIO_ZEROPAGE, &zero)));
	} else {
		ASSERT_EQ(MORE, rc(send(p.client, out + FIRST, MORE, 0)));
	}
	ASSERT_EQ(0, pthread_join(first.thread, NULL));
	if (uffd < 0)	/* or it might be the first */
		start_first(_metadata, &second, SCHED_FIFO);
	/* The first may have left nothing for the other. */
	ASSERT_EQ(1, rc(send(p.client, out + FIRST + MORE, 1, 0)));
	ASSERT_EQ(0, pthread_join(second.thread, NULL));

	EXPECT_LE(FIRST, first.result);
	EXPECT_TRUE(check_pattern((char *)first.buf, first.result, 0, 5));
	taken = flags & MSG_PEEK ? 0 : first.result;
	EXPECT_EQ(1, second.result);
	EXPECT_TRUE(check_pattern((char *)byte, 1, taken, 5));
	left = FIRST + MORE - taken;
	if (left) {
		EXPECT_EQ(left, rc(recv(p.server, rest, left, MSG_WAITALL)));
		EXPECT_TRUE(check_pattern((char *)rest, left, taken + 1, 5));
	}
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, rest, 1, MSG_DONTWAIT)));
	if (uffd >= 0)
		close(uffd);
	munmap(first.buf, first.len);
}

TEST_F(api, a_reader_goes_on_where_it_was)
{
	two_readers(_metadata, 0);
}

TEST_F(api, who_only_looks_goes_on_where_it_was)
{
	two_readers(_metadata, MSG_PEEK);
}

/* Disconnects under a thread that waits in recv(); what that returned */
static long disconnect_under(struct __test_metadata *_metadata, int flags,
			     bool some)
{
	struct pair p = open_pair(_metadata);
	unsigned char buf[16];
	struct waiting w = {
		.fd = p.server,
		.flags = flags,
		.buf = buf,
		.len = sizeof(buf),
	};

	if (some) {
		ASSERT_EQ(3, rc(send(p.client, "abc", 3, 0)));
		ASSERT_TRUE(wait_readable_bytes(p.server, 3));
	}
	ASSERT_EQ(0, pthread_create(&w.thread, NULL, receive, &w));
	ASSERT_TRUE(WAIT_UNTIL(get_ioctl(p.server, SIOCINQ) == 0 &&
			       state_of_thread(&w) == 'S'));
	ASSERT_EQ(0, disconnect(p.server));
	ASSERT_EQ(0, pthread_join(w.thread, NULL));
	close(p.client);
	close(p.server);
	return w.result;
}

TEST_F(api, who_waits_for_data_hears_of_a_disconnection)
{
	EXPECT_EQ(-EPIPE, disconnect_under(_metadata, 0, false));
}

TEST_F(api, who_has_data_keeps_it_at_a_disconnection)
{
	EXPECT_EQ(3, disconnect_under(_metadata, MSG_WAITALL, true));
}

TEST_HARNESS_MAIN
