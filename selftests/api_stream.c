// SPDX-License-Identifier: GPL-2.0
/* Sending and receiving: flags, vectors, waiting, full buffers, bulk. */
#include "api.h"

#include <linux/if_packet.h>
#include <linux/ip.h>

TEST_F(api, read_and_write_transfer)
{
	struct pair p = open_pair(_metadata);
	char buf[16] = {};

	EXPECT_EQ(5, rc(write(p.client, "hello", 5)));
	EXPECT_EQ(5, rc(read(p.server, buf, sizeof(buf))));
	EXPECT_STREQ("hello", buf);
	EXPECT_EQ(3, rc(write(p.server, "bye", 3)));
	EXPECT_EQ(3, rc(read(p.client, buf, sizeof(buf))));
	EXPECT_EQ(0, memcmp(buf, "bye", 3));
}

TEST_F(api, a_stream_has_no_message_boundaries)
{
	struct pair p = open_pair(_metadata);
	char buf[16] = {};

	ASSERT_EQ(3, rc(send(p.client, "one", 3, 0)));
	ASSERT_EQ(3, rc(send(p.client, "two", 3, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 6));
	EXPECT_EQ(4, rc(recv(p.server, buf, 4, 0)));
	EXPECT_EQ(2, rc(recv(p.server, buf + 4, 12, 0)));
	EXPECT_STREQ("onetwo", buf);
}

TEST_F(api, vectors_are_gathered_and_scattered)
{
	struct pair p = open_pair(_metadata);
	char a[3], b[5], c[8];
	struct iovec out[4] = {
		{ "one", 3 }, { "", 0 }, { "seven", 5 }, { "fourteen", 8 },
	};
	struct iovec in[3] = {
		{ a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) },
	};
	struct sockaddr_in sin;
	struct msghdr msg = { .msg_iov = out, .msg_iovlen = 4 };

	EXPECT_EQ(16, rc(sendmsg(p.client, &msg, 0)));
	msg = (struct msghdr) {
		.msg_iov = in,
		.msg_iovlen = 3,
		.msg_name = &sin,
		.msg_namelen = sizeof(sin),
	};
	EXPECT_EQ(16, rc(recvmsg(p.server, &msg, MSG_WAITALL)));
	EXPECT_EQ(0, memcmp(a, "one", 3));
	EXPECT_EQ(0, memcmp(b, "seven", 5));
	EXPECT_EQ(0, memcmp(c, "fourteen", 8));
	/* A stream does not say who sent. */
	EXPECT_EQ(0, (int)msg.msg_namelen);
	EXPECT_EQ(0, msg.msg_flags);

	EXPECT_EQ(16, rc(writev(p.server, out, 4)));
	ASSERT_TRUE(wait_readable_bytes(p.client, 16));
	EXPECT_EQ(16, rc(readv(p.client, in, 3)));
	EXPECT_EQ(0, memcmp(c, "fourteen", 8));
}

TEST_F(api, an_address_given_to_send_is_ignored)
{
	struct pair p = open_pair(_metadata);
	struct sockaddr_in sin = address("127.0.0.9", 9);
	socklen_t len = sizeof(sin);
	char c;

	EXPECT_EQ(1, rc(sendto(p.client, "x", 1, 0, (struct sockaddr *)&sin,
			       sizeof(sin))));
	EXPECT_EQ(1, rc(recvfrom(p.server, &c, 1, 0, (struct sockaddr *)&sin,
				 &len)));
	EXPECT_EQ(0, (int)len);
}

TEST_F(api, transfer_wants_a_connection)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	char c = 0;

	catch_sigpipe();
	EXPECT_EQ(-ENOTCONN, rc(recv(fd, &c, 1, 0)));
	EXPECT_EQ(-EPIPE, rc(send(fd, &c, 1, MSG_NOSIGNAL)));
	EXPECT_EQ(0, pipe_signals);
	EXPECT_EQ(-EPIPE, rc(send(fd, &c, 1, 0)));
	EXPECT_EQ(1, pipe_signals);
	EXPECT_EQ(-ENOTCONN, rc(recv(lfd, &c, 1, 0)));
	EXPECT_EQ(-EPIPE, rc(send(lfd, &c, 1, MSG_NOSIGNAL)));
}

TEST_F(api, nothing_may_be_sent)
{
	struct pair p = open_pair(_metadata);

	EXPECT_EQ(0, rc(send(p.client, "", 0, 0)));
	EXPECT_EQ(0, rc(write(p.client, "", 0)));
	send_sentinel(_metadata, p.client, p.server);
	EXPECT_EQ(0, events_of(p.server, POLLIN));
}

TEST_F(api, nothing_may_be_received)
{
	struct pair p = open_pair(_metadata);
	char c;

	/* read() returns at once; recv() of nothing still waits for data. */
	EXPECT_EQ(0, rc(read(p.server, &c, 0)));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 0, MSG_DONTWAIT)));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	EXPECT_EQ(0, rc(recv(p.server, &c, 0, 0)));
	EXPECT_EQ(1, get_ioctl(p.server, SIOCINQ));
}

/* RFC 6093: no urgent data; see Documentation/conformance.rst. */
TEST_F(api, urgent_data)
{
	struct pair p = open_pair(_metadata);
	char c;

	EXPECT_EQ(-EINVAL, rc(recv(p.server, &c, 1, MSG_OOB)));
	EXPECT_EQ(api_protocol == IPPROTO_TCP ? 1 : -EOPNOTSUPP,
		  rc(send(p.client, "u", 1, MSG_OOB)));
}

TEST_F(api, bad_memory_loses_no_data)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	EXPECT_EQ(-EFAULT, rc(send(p.client, NO_MEMORY, 10, 0)));
	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 5));
	EXPECT_EQ(-EFAULT, rc(recv(p.server, NO_MEMORY, 5, 0)));
	EXPECT_EQ(5, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
}

TEST_F(api, recv_does_not_wait_if_so_asked)
{
	struct pair p = open_pair(_metadata);
	char c;

	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, MSG_DONTWAIT)));
	set_nonblock(p.server, true);
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(-EAGAIN, rc(read(p.server, &c, 1)));
}

TEST_F(api, recv_waits_no_longer_than_its_timeout)
{
	struct pair p = open_pair(_metadata);
	long long start = now_ms();
	char c;

	ASSERT_EQ(0, set_timeout(p.server, SO_RCVTIMEO, 100));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, 0)));
	EXPECT_LE(50, now_ms() - start);
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, peeked_data_stays)
{
	struct pair p = open_pair(_metadata);
	char buf[8] = {};

	ASSERT_EQ(6, rc(send(p.client, "abcdef", 6, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 6));
	EXPECT_EQ(2, rc(recv(p.server, buf, 2, MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "ab", 2));
	EXPECT_EQ(6, rc(recv(p.server, buf, sizeof(buf), MSG_PEEK)));
	EXPECT_EQ(6, get_ioctl(p.server, SIOCINQ));
	EXPECT_EQ(3, rc(recv(p.server, buf, 3, 0)));
	EXPECT_EQ(3, rc(recv(p.server, buf, sizeof(buf), MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "def", 3));
	EXPECT_EQ(3, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, buf, 1, MSG_PEEK | MSG_DONTWAIT)));
}

TEST_F(api, the_end_of_the_stream_can_be_peeked)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, MSG_PEEK)));
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
}

TEST_F(api, msg_trunc_discards)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	memset(buf, 'x', sizeof(buf));
	ASSERT_EQ(6, rc(send(p.client, "abcdef", 6, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 6));
	EXPECT_EQ(4, rc(recv(p.server, buf, 4, MSG_TRUNC)));
	EXPECT_EQ(0, memcmp(buf, "xxxx", 4));
	EXPECT_EQ(1, rc(recv(p.server, NULL, 1, MSG_TRUNC)));
	EXPECT_EQ(1, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ('f', buf[0]);
}

/* Sends the second half of "firstsecond" while its reader waits. */
static int half_fd;

static void *send_half_thread(void *arg)
{
	return (void *)rc(send(half_fd, "second", 6, 0));
}

static void expect_both_halves(struct __test_metadata *_metadata, int flags,
			       long left)
{
	struct pair p = open_pair(_metadata);
	char buf[12] = {};
	pthread_t thread;

	ASSERT_EQ(5, rc(send(p.client, "first", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 5));
	half_fd = p.client;
	ASSERT_EQ(0, set_timeout(p.server, SO_RCVTIMEO, DEADLINE_MS));
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_half_thread, NULL));
	EXPECT_EQ(11, rc(recv(p.server, buf, 11, flags)));
	EXPECT_STREQ("firstsecond", buf);
	EXPECT_EQ(left, get_ioctl(p.server, SIOCINQ));
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_F(api, waitall_waits_for_all)
{
	expect_both_halves(_metadata, MSG_WAITALL, 0);
}

TEST_F(api, peek_waits_for_all_as_well)
{
	expect_both_halves(_metadata, MSG_WAITALL | MSG_PEEK, 11);
}

TEST_F(api, waitall_returns_what_there_is_at_the_end)
{
	struct pair p = open_pair(_metadata);
	char buf[16];

	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(5, rc(recv(p.server, buf, sizeof(buf), MSG_WAITALL)));
	EXPECT_EQ(0, rc(recv(p.server, buf, sizeof(buf), MSG_WAITALL)));
}

TEST_F(api, waitall_returns_what_there_is_if_it_may_not_wait)
{
	struct pair p = open_pair(_metadata);
	char buf[16];

	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 5));
	EXPECT_EQ(5, rc(recv(p.server, buf, sizeof(buf),
			     MSG_WAITALL | MSG_DONTWAIT)));
	ASSERT_EQ(5, rc(send(p.client, "again", 5, 0)));
	ASSERT_EQ(0, set_timeout(p.server, SO_RCVTIMEO, 100));
	ASSERT_TRUE(wait_readable_bytes(p.server, 5));
	EXPECT_EQ(5, rc(recv(p.server, buf, sizeof(buf), MSG_WAITALL)));
}

TEST_F(api, a_signal_ends_waitall_with_what_there_is)
{
	struct pair p = open_pair(_metadata);
	char buf[16];

	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 5));
	start_alarms(NULL, SA_RESTART);
	EXPECT_EQ(5, rc(recv(p.server, buf, sizeof(buf), MSG_WAITALL)));
	stop_alarms();
}

TEST_F(api, a_reset_ends_waitall_with_what_there_is)
{
	struct pair p = open_pair(_metadata);
	char buf[16];

	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	ASSERT_TRUE(wait_acked(p.client));
	ASSERT_EQ(0, set_linger(p.client, 0));
	close(p.client);
	EXPECT_EQ(5, rc(recv(p.server, buf, sizeof(buf), MSG_WAITALL)));
	EXPECT_EQ(-ECONNRESET, rc(recv(p.server, buf, sizeof(buf), 0)));
}

TEST_F(api, a_signal_interrupts_recv)
{
	struct pair p = open_pair(_metadata);
	char c;

	start_alarms(NULL, 0);
	EXPECT_EQ(-EINTR, rc(recv(p.server, &c, 1, 0)));
	stop_alarms();
}

static int alarmed_fd;

/* Lets the call be interrupted a few times before what it waits for comes. */
static void send_at_the_third_alarm(int sig)
{
	if (__atomic_add_fetch(&alarms, 1, __ATOMIC_SEQ_CST) == 3)
		send(alarmed_fd, "x", 1, 0);
}

TEST_F(api, recv_is_restarted_after_a_signal_if_so_asked)
{
	struct pair p = open_pair(_metadata);
	char c;

	alarmed_fd = p.client;
	start_alarms(send_at_the_third_alarm, SA_RESTART);
	EXPECT_EQ(1, rc(recv(p.server, &c, 1, 0)));
	EXPECT_LE(3, alarms);

	/* A call with a timeout is never restarted. */
	ASSERT_EQ(0, set_timeout(p.server, SO_RCVTIMEO, DEADLINE_MS));
	EXPECT_EQ(-EINTR, rc(recv(p.server, &c, 1, 0)));
	stop_alarms();
}

/*
 * Fills what room is left after fill_send_buffer(), and what acknowledgements
 * that were on their way have made since: the error that ends it.
 */
static long fill_the_rest(int fd, long *sent, unsigned int seed, int flags)
{
	long ret;

	do {
		char c = pattern(*sent, seed);

		ret = rc(send(fd, &c, 1, flags));
		if (ret == 1)
			++*sent;
	} while (ret == 1);
	return ret;
}

TEST_F(api, a_full_send_buffer_says_so_and_loses_nothing)
{
	struct pair p = open_small_pair(_metadata, 32768, 8192);
	long sent;
	char c;

	sent = fill_send_buffer(p.client, 7);
	EXPECT_LT(8192, sent);
	set_nonblock(p.client, true);
	EXPECT_EQ(-EAGAIN, fill_the_rest(p.client, &sent, 7, 0));
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 7));
	ASSERT_TRUE(wait_acked(p.client));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, MSG_DONTWAIT)));
	send_sentinel(_metadata, p.client, p.server);
}

/* The same towards the one that connected, with both directions full. */
TEST_F(api, both_directions_can_be_full_at_once)
{
	struct pair p = open_small_pair(_metadata, 32768, 8192);
	long out, back;

	out = fill_send_buffer(p.client, 8);
	back = fill_send_buffer(p.server, 9);
	ASSERT_LT(0, out);
	ASSERT_LT(0, back);
	EXPECT_EQ(0, drain_pattern(p.server, 0, out, 8));
	EXPECT_EQ(0, drain_pattern(p.client, 0, back, 9));
	send_sentinel(_metadata, p.client, p.server);
	send_sentinel(_metadata, p.server, p.client);
}

TEST_F(api, send_waits_no_longer_than_its_timeout)
{
	struct pair p = open_small_pair(_metadata, 32768, 8192);
	static char big[1 << 20];
	long long start;
	long sent, more;

	sent = fill_send_buffer(p.client, 7);
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, set_timeout(p.client, SO_SNDTIMEO, 100));
	start = now_ms();
	EXPECT_EQ(-EAGAIN, fill_the_rest(p.client, &sent, 7, 0));
	EXPECT_LE(50, now_ms() - start);

	/* A part of it is better than nothing. */
	ASSERT_EQ(0, drain_pattern(p.server, 0, sent, 7));
	ASSERT_EQ(POLLOUT, wait_events(p.client, POLLOUT));
	fill_pattern(big, sizeof(big), sent, 7);
	more = rc(send(p.client, big, sizeof(big), 0));
	EXPECT_LT(0, more);
	EXPECT_GT((long)sizeof(big), more);
	EXPECT_EQ(0, drain_pattern(p.server, sent, more, 7));
}

TEST_F(api, a_signal_interrupts_send)
{
	struct pair p = open_small_pair(_metadata, 32768, 8192);
	static char big[1 << 20];
	long ret;

	start_alarms(NULL, 0);
	ret = rc(send(p.client, big, sizeof(big), 0));
	EXPECT_LT(0, ret);
	EXPECT_GT((long)sizeof(big), ret);
	/* Until nothing at all can be sent: then it is an error. */
	EXPECT_TRUE(WAIT_UNTIL(rc(send(p.client, big, sizeof(big), 0)) ==
			       -EINTR));
	stop_alarms();
}

TEST_F(api, a_reset_ends_a_waiting_send)
{
	struct pair p = open_small_pair(_metadata, 32768, 8192);
	pid_t pid;

	ASSERT_LT(0, fill_send_buffer(p.client, 7));
	pid = fork_child();
	ASSERT_LE(0, rc(pid));
	if (!pid) {
		close(p.server);
		_exit(rc(send(p.client, "x", 1, MSG_NOSIGNAL)) == -ECONNRESET ?
		      0 : 1);
	}
	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(api, many_small_writes_arrive_in_order)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NODELAY, 1));
	ASSERT_EQ(0, set_timeout(p.client, SO_SNDTIMEO, DEADLINE_MS));
	/* What a segment of one byte costs in memory must not fill a buffer. */
	for (int i = 0; i < 1000; i++) {
		c = pattern(i, 4);
		ASSERT_EQ(1, rc(send(p.client, &c, 1, 0))) {
			TH_LOG("byte %d, %ld unsent, %ld unread", i,
			       get_ioctl(p.client, SIOCOUTQ),
			       get_ioctl(p.server, SIOCINQ));
		}
	}
	EXPECT_EQ(0, drain_pattern(p.server, 0, 1000, 4));
}

TEST_F(api, requests_and_replies_alternate)
{
	struct pair p = open_pair(_metadata);
	char buf[64];

	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(48, rc(send(p.client, buf, 48, 0)));
		ASSERT_EQ(48, rc(recv(p.server, buf, 48, MSG_WAITALL)));
		ASSERT_EQ(64, rc(send(p.server, buf, 64, 0)));
		ASSERT_EQ(64, rc(recv(p.client, buf, 64, MSG_WAITALL)));
	}
}

TEST_F(api, corked_data_leaves_when_uncorked)
{
	struct pair p = open_pair(_metadata);
	char buf[16] = {};

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(3, rc(send(p.client, "one", 3, 0)));
	ASSERT_EQ(3, rc(send(p.client, "two", 3, 0)));
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_CORK, 0));
	EXPECT_EQ(6, rc(recv(p.server, buf, 6, MSG_WAITALL)));
	EXPECT_STREQ("onetwo", buf);
	/* More to come, and then no more. */
	ASSERT_EQ(3, rc(send(p.client, "six", 3, MSG_MORE)));
	ASSERT_EQ(3, rc(send(p.client, "ten", 3, 0)));
	EXPECT_EQ(6, rc(recv(p.server, buf, 6, MSG_WAITALL)));
	EXPECT_STREQ("sixten", buf);
}

TEST_F(api, corked_data_is_flushed_by_the_end)
{
	struct pair p = open_pair(_metadata);
	char buf[16];

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_CORK, 1));
	ASSERT_EQ(3, rc(send(p.client, "one", 3, MSG_MORE)));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(3, rc(recv(p.server, buf, sizeof(buf), MSG_WAITALL)));
}

/* Data segments from @port that a packet socket has seen. */
static int count_segments(int packets, in_port_t port)
{
	int count = 0;

	for (;;) {
		unsigned char buf[128];
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		struct iphdr *ip = (void *)buf;
		unsigned char *h = buf + sizeof(*ip);
		long len = rc(recvfrom(packets, buf, sizeof(buf),
				       MSG_DONTWAIT | MSG_TRUNC,
				       (struct sockaddr *)&from, &size));

		if (len < 0)
			return count;
		/* Each goes out and comes in; its length is that of the frame. */
		if (from.sll_pkttype != PACKET_OUTGOING &&
		    len > (long)sizeof(*ip) + 20 &&
		    ip->protocol == api_protocol && port == (h[0] << 8 | h[1]) &&
		    len > (long)sizeof(*ip) + (h[12] >> 4) * 4)
			count++;
	}
}

/* What a pipe holds goes together, not a segment for each of its pages. */
TEST_F(api, sendfile_fills_segments)
{
	int packets = socket(AF_PACKET, SOCK_DGRAM, htons(0x0800));
	int file = memfd_create("file", MFD_CLOEXEC);
	struct pair p = open_pair(_metadata);
	char page[4096];

	ASSERT_LE(0, rc(packets));
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NODELAY, 1));
	for (int i = 0; i < 16; i++) {
		fill_pattern(page, sizeof(page), i * sizeof(page), 3);
		ASSERT_EQ(4096, rc(write(file, page, sizeof(page))));
	}
	ASSERT_EQ(0, rc(lseek(file, 0, SEEK_SET)));
	ASSERT_EQ(65536, rc(sendfile(p.client, file, NULL, 65536)));
	EXPECT_EQ(0, drain_pattern(p.server, 0, 65536, 3));
	EXPECT_GE(4, count_segments(packets, p.client_port));
}

#define BULK	(4 << 20)

struct bulk {
	pthread_t thread;
	int fd;
	unsigned int seed;
	long error;
};

/* Writes in sizes that are no multiple of anything. */
static void *bulk_writer(void *arg)
{
	struct bulk *b = arg;
	static const size_t sizes[] = { 1, 65537, 1459, 16384, 9973, 262147 };
	char *buf = malloc(262147);
	long done = 0;
	int i = 0;

	while (done < BULK) {
		size_t len = sizes[i++ % ARRAY_SIZE(sizes)];
		long ret;

		if (len > (size_t)(BULK - done))
			len = BULK - done;
		fill_pattern(buf, len, done, b->seed);
		ret = rc(send(b->fd, buf, len, MSG_NOSIGNAL));
		if (ret != (long)len) {
			b->error = ret < 0 ? ret : -EIO;
			break;
		}
		done += len;
	}
	shutdown(b->fd, SHUT_WR);
	free(buf);
	return NULL;
}

static void *bulk_reader(void *arg)
{
	struct bulk *b = arg;
	long ret = drain_to_eof(b->fd, b->seed);

	b->error = ret == BULK ? 0 : ret < 0 ? ret : -EIO;
	return NULL;
}

static void transfer_bulk(struct __test_metadata *_metadata, struct pair *p)
{
	struct bulk bulks[4] = {
		{ .fd = p->client, .seed = 11 }, { .fd = p->server, .seed = 11 },
		{ .fd = p->server, .seed = 22 }, { .fd = p->client, .seed = 22 },
	};
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&bulks[i].thread, NULL,
					    i % 2 ? bulk_reader : bulk_writer,
					    &bulks[i]));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(bulks[i].thread, NULL));
		EXPECT_EQ(0, bulks[i].error);
	}
}

TEST_F(api, bulk_flows_both_ways_at_once)
{
	struct pair p = open_pair(_metadata);

	transfer_bulk(_metadata, &p);
}

TEST_F(api, bulk_flows_through_small_buffers)
{
	struct pair p = open_small_pair(_metadata, 20000, 20000);

	transfer_bulk(_metadata, &p);
}

TEST_HARNESS_MAIN
