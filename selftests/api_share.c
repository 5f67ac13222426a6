// SPDX-License-Identifier: GPL-2.0
/*
 * A socket as a file: what ioctl() tells of its queues, what sendfile() and
 * splice() move, and who holds it after dup(), fork() and SCM_RIGHTS.
 */
#include "api.h"

#include <sys/sendfile.h>

TEST_F(api, ioctl_counts_what_can_be_read)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	EXPECT_EQ(0, get_ioctl(p.server, SIOCINQ));
	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	EXPECT_TRUE(wait_readable_bytes(p.server, 5));
	EXPECT_EQ(5, get_ioctl(p.server, FIONREAD));
	ASSERT_EQ(2, rc(recv(p.server, buf, 2, 0)));
	EXPECT_EQ(3, get_ioctl(p.server, SIOCINQ));
	/* The end of the stream is no byte. */
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	ASSERT_TRUE(wait_state(p.server, TCP_CLOSE_WAIT));
	EXPECT_EQ(3, get_ioctl(p.server, SIOCINQ));
	ASSERT_EQ(3, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, get_ioctl(p.server, SIOCINQ));
}

TEST_F(api, ioctl_counts_what_is_not_acknowledged)
{
	struct pair p = open_small_pair(_metadata, 100000, 4096);
	long sent, queued, unsent;

	EXPECT_EQ(0, get_ioctl(p.client, SIOCOUTQ));
	EXPECT_EQ(0, get_ioctl(p.client, SIOCOUTQNSD));
	sent = fill_send_buffer(p.client, 1);
	ASSERT_LT(0, sent);
	/* The receiver acknowledges no more than it has room for. */
	ASSERT_TRUE(WAIT_UNTIL(get_ioctl(p.client, SIOCOUTQ) +
			       get_ioctl(p.server, SIOCINQ) == sent));
	queued = get_ioctl(p.client, SIOCOUTQ);
	unsent = get_ioctl(p.client, SIOCOUTQNSD);
	EXPECT_LT(0, unsent);
	EXPECT_LE(unsent, queued);
	EXPECT_GT(sent, queued);
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	EXPECT_TRUE(wait_acked(p.client));
	EXPECT_EQ(0, get_ioctl(p.client, SIOCOUTQNSD));
}

TEST_F(api, ioctl_does_not_count_for_listeners)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);

	EXPECT_EQ(-EINVAL, get_ioctl(lfd, SIOCINQ));
	EXPECT_EQ(-EINVAL, get_ioctl(lfd, SIOCOUTQ));
	EXPECT_EQ(-EINVAL, get_ioctl(lfd, SIOCOUTQNSD));
}

TEST_F(api, ioctl_counts_nothing_where_there_is_no_connection)
{
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(0, get_ioctl(fd, SIOCINQ));
	EXPECT_EQ(0, get_ioctl(fd, SIOCOUTQ));
	EXPECT_EQ(0, get_ioctl(fd, SIOCOUTQNSD));
	EXPECT_EQ(-ENOTTY, get_ioctl(fd, 0x5499));
	EXPECT_EQ(-EFAULT, rc(ioctl(fd, SIOCINQ, NO_MEMORY)));
}

TEST_F(api, there_is_no_urgent_mark)
{
	struct pair p = open_pair(_metadata);

	EXPECT_EQ(0, get_ioctl(p.server, SIOCATMARK));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	EXPECT_EQ(0, get_ioctl(p.server, SIOCATMARK));
	EXPECT_EQ(0, rc(sockatmark(p.server)));
}

TEST_F(api, ioctl_makes_a_socket_nonblocking)
{
	struct pair p = open_pair(_metadata);
	int on = 1;
	char c;

	ASSERT_EQ(0, rc(ioctl(p.server, FIONBIO, &on)));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, 0)));
	on = 0;
	ASSERT_EQ(0, rc(ioctl(p.server, FIONBIO, &on)));
	EXPECT_EQ(0, fcntl(p.server, F_GETFL) & O_NONBLOCK);
}

TEST_F(api, seeking_fails)
{
	struct pair p = open_pair(_metadata);
	char c;

	EXPECT_EQ(-ESPIPE, rc(lseek(p.client, 0, SEEK_CUR)));
	EXPECT_EQ(-ESPIPE, rc(pread(p.client, &c, 1, 0)));
}

#define FILE_SIZE	300000

/* A file that holds the pattern. */
static int pattern_file(struct __test_metadata *_metadata, unsigned int seed)
{
	int fd = memfd_create("pattern", MFD_CLOEXEC);
	static char buf[FILE_SIZE];

	ASSERT_LE(0, rc(fd));
	fill_pattern(buf, sizeof(buf), 0, seed);
	ASSERT_EQ((long)sizeof(buf), rc(write(fd, buf, sizeof(buf))));
	return fd;
}

TEST_F(api, sendfile_sends_a_file)
{
	int file = pattern_file(_metadata, 3);
	struct pair p = open_pair(_metadata);
	off_t offset = 0;
	pid_t pid;

	pid = fork_child();
	ASSERT_LE(0, rc(pid));
	if (!pid) {
		while (offset < FILE_SIZE)
			if (sendfile(p.client, file, &offset, FILE_SIZE) <= 0)
				_exit(1);
		_exit(shutdown(p.client, SHUT_WR) ? 2 : 0);
	}
	EXPECT_EQ(FILE_SIZE, drain_to_eof(p.server, 3));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(api, sendfile_stops_at_a_full_buffer)
{
	int file = pattern_file(_metadata, 3);
	struct pair p = open_small_pair(_metadata, 8192, 4096);
	off_t offset = 0;
	long sent = 0;
	long ret;

	set_nonblock(p.client, true);
	do {
		ret = rc(sendfile(p.client, file, &offset, FILE_SIZE));
		if (ret > 0)
			sent += ret;
	} while (ret > 0);
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(sent, offset);
	EXPECT_LT(0, sent);
	EXPECT_GT(FILE_SIZE, sent);
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 3));
}

TEST_F(api, splice_moves_data_through_a_pipe)
{
	struct pair p = open_pair(_metadata);
	char buf[4096];
	int in[2], out[2];
	long done = 0;

	ASSERT_EQ(0, rc(pipe(in)));
	ASSERT_EQ(0, rc(pipe(out)));
	for (int i = 0; i < 20; i++) {
		long moved = 0;

		fill_pattern(buf, sizeof(buf), done, 4);
		ASSERT_EQ((long)sizeof(buf), rc(write(in[1], buf,
						      sizeof(buf))));
		ASSERT_EQ((long)sizeof(buf),
			  rc(splice(in[0], NULL, p.client, NULL,
				    sizeof(buf), 0)));
		while (moved < (long)sizeof(buf)) {
			long ret = rc(splice(p.server, NULL, out[1], NULL,
					     sizeof(buf) - moved, 0));

			ASSERT_LT(0, ret);
			ASSERT_EQ(ret, rc(read(out[0], buf, ret)));
			ASSERT_TRUE(check_pattern(buf, ret, done + moved, 4));
			moved += ret;
		}
		done += moved;
	}
}

TEST_F(api, splice_from_a_socket_ends_and_waits_as_recv_does)
{
	struct pair p = open_pair(_metadata);
	int out[2];

	ASSERT_EQ(0, rc(pipe(out)));
	/* SPLICE_F_NONBLOCK would be about the pipe alone. */
	set_nonblock(p.server, true);
	EXPECT_EQ(-EAGAIN, rc(splice(p.server, NULL, out[1], NULL, 100, 0)));
	set_nonblock(p.server, false);
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(0, rc(splice(p.server, NULL, out[1], NULL, 100, 0)));
}

TEST_F(api, a_connection_ends_at_the_last_close)
{
	struct pair p = open_pair(_metadata);
	int copy = dup(p.client);
	char c;

	ASSERT_LE(0, rc(copy));
	close(p.client);
	/* Had there been a FIN, it would have come before this. */
	send_sentinel(_metadata, copy, p.server);
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, MSG_DONTWAIT)));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(p.server));
	send_sentinel(_metadata, p.server, copy);
	close(copy);
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
}

TEST_F(api, shutdown_ends_it_for_all_copies)
{
	struct pair p = open_pair(_metadata);
	int copy = dup(p.client);
	char c;

	ASSERT_LE(0, rc(copy));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_RDWR)));
	EXPECT_EQ(-EPIPE, rc(send(copy, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
}

TEST_F(api, a_child_goes_on_with_the_connection)
{
	struct pair p = open_pair(_metadata);
	char buf[8];
	pid_t pid;

	pid = fork_child();
	ASSERT_LE(0, rc(pid));
	if (!pid) {
		close(p.client);
		/* The parent has closed its copy when this comes. */
		if (recv(p.server, buf, 3, MSG_WAITALL) != 3)
			_exit(1);
		if (send(p.server, "child", 5, 0) != 5)
			_exit(2);
		/* Its exit is the last close. */
		_exit(0);
	}
	close(p.server);
	ASSERT_EQ(3, rc(send(p.client, "you", 3, 0)));
	EXPECT_EQ(5, rc(recv(p.client, buf, 5, MSG_WAITALL)));
	EXPECT_EQ(0, rc(recv(p.client, buf, 5, 0)));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(api, the_death_of_its_process_ends_a_connection)
{
	struct pair p = open_pair(_metadata);
	pid_t pid;
	char c;

	pid = fork_child();
	ASSERT_LE(0, rc(pid));
	if (!pid) {
		for (;;)
			pause();
	}
	close(p.server);
	EXPECT_EQ(-EAGAIN, rc(recv(p.client, &c, 1, MSG_DONTWAIT)));
	kill(pid, SIGKILL);
	EXPECT_EQ(-1, wait_child(pid));
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
}

static long send_fd(int via, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = {};
	struct iovec iov = { "f", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return rc(sendmsg(via, &msg, 0));
}

static int recv_fd(int via)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(via, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

TEST_F(api, a_connection_can_be_handed_over)
{
	struct pair p = open_pair(_metadata);
	int via[2];
	char c;
	int fd;

	ASSERT_EQ(0, rc(socketpair(AF_UNIX, SOCK_STREAM, 0, via)));
	ASSERT_EQ(1, send_fd(via[0], p.server));
	/* For a while nobody but the message holds it. */
	close(p.server);
	send_sentinel(_metadata, p.client, fd = recv_fd(via[1]));
	send_sentinel(_metadata, fd, p.client);
	close(fd);
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
}

TEST_F(api, a_message_that_is_never_read_closes_what_it_carries)
{
	struct pair p = open_pair(_metadata);
	int via[2];
	char c;

	ASSERT_EQ(0, rc(socketpair(AF_UNIX, SOCK_STREAM, 0, via)));
	ASSERT_EQ(1, send_fd(via[0], p.server));
	close(p.server);
	close(via[0]);
	close(via[1]);
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
}

TEST_HARNESS_MAIN
