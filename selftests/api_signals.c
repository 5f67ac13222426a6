// SPDX-License-Identifier: GPL-2.0
/* Signals: SIGPIPE, SIGIO and what it says, calls that are interrupted. */
#include "api.h"

/* ---- SIGPIPE */

static char pipe_buf[1000];

static long by_send(int fd)
{
	return rc(send(fd, pipe_buf, 10, 0));
}

static long by_write(int fd)
{
	return rc(write(fd, pipe_buf, 10));
}

static long by_writev(int fd)
{
	struct iovec iov = { pipe_buf, 10 };

	return rc(writev(fd, &iov, 1));
}

static long by_sendmsg(int fd)
{
	struct iovec iov = { pipe_buf, 10 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return rc(sendmsg(fd, &msg, 0));
}

static long by_sendmmsg(int fd)
{
	struct iovec iov = { pipe_buf, 10 };
	struct mmsghdr msg = {
		.msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 },
	};
	long ret = rc(sendmmsg(fd, &msg, 1, 0));

	return ret == 1 ? (long)msg.msg_len : ret;
}

static long by_sendfile(int fd)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	long ret;

	if (write(file, pipe_buf, 10) != 10)
		return -EIO;
	lseek(file, 0, SEEK_SET);
	ret = rc(sendfile(fd, file, NULL, 10));
	close(file);
	return ret;
}

static long by_splice(int fd)
{
	int pipes[2];
	long ret;

	if (pipe(pipes) || write(pipes[1], pipe_buf, 10) != 10)
		return -EIO;
	ret = rc(splice(pipes[0], NULL, fd, NULL, 10, 0));
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

static long (*const writers[])(int fd) = {
	by_send, by_write, by_writev, by_sendmsg, by_sendmmsg, by_sendfile,
	by_splice,
};

static void expect_pipe_signals(struct __test_metadata *_metadata, int fd,
				long error, int count)
{
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
		pipe_signals = 0;
		EXPECT_EQ(error, writers[i](fd)) {
			TH_LOG("writer %zu", i);
		}
		EXPECT_EQ(count, pipe_signals) {
			TH_LOG("writer %zu", i);
		}
	}
}

TEST_F(api, every_way_to_write_raises_sigpipe)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct pair p = open_pair(_metadata);
	int fd = open_socket(_metadata, 0);

	catch_sigpipe();
	expect_pipe_signals(_metadata, fd, -EPIPE, 1);
	expect_pipe_signals(_metadata, lfd, -EPIPE, 1);
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	expect_pipe_signals(_metadata, p.client, -EPIPE, 1);
	/* The other side is only read to its end. */
	ASSERT_EQ(POLLIN, wait_events(p.server, POLLIN));
	expect_pipe_signals(_metadata, p.server, 10, 0);
}

TEST_F(api, an_error_comes_before_sigpipe)
{
	catch_sigpipe();
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++) {
		struct pair p = open_pair(_metadata);

		ASSERT_EQ(0, set_linger(p.server, 0));
		close(p.server);
		ASSERT_EQ(POLLERR, wait_events(p.client, 0) & POLLERR);
		pipe_signals = 0;
		EXPECT_EQ(-ECONNRESET, writers[i](p.client)) {
			TH_LOG("writer %zu", i);
		}
		EXPECT_EQ(0, pipe_signals);
		EXPECT_EQ(-EPIPE, writers[i](p.client)) {
			TH_LOG("writer %zu", i);
		}
		EXPECT_EQ(1, pipe_signals);
		close(p.client);
	}
}

TEST_F(api, sigpipe_kills_who_does_not_expect_it)
{
	struct pair p = open_pair(_metadata);
	int status = 0;
	pid_t pid;

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	pid = fork_child();
	ASSERT_LE(0, rc(pid));
	if (!pid) {
		signal(SIGPIPE, SIG_DFL);
		by_write(p.client);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGPIPE, WTERMSIG(status));
}

/* ---- EINTR */

enum wait { RECV, RECV_ALL, READ, SEND, WRITE, ACCEPT, CONNECT, POLL, SPLICE };

static struct pair waiting;
static int waiting_lfd, waiting_fd;

static long wait_in(enum wait call)
{
	static char big[1 << 20];
	struct pollfd pfd = { .fd = waiting.server, .events = POLLIN };
	int pipes[2];
	long ret;

	switch (call) {
	case RECV:
		return rc(recv(waiting.server, big, 1, 0));
	case RECV_ALL:
		return rc(recv(waiting.server, big, 100, MSG_WAITALL));
	case READ:
		return rc(read(waiting.server, big, 1));
	case SEND:
	case WRITE:
		/* Until there is no room for a single one. */
		do
			ret = rc(call == SEND ?
				 send(waiting.client, big, 1, 0) :
				 write(waiting.client, big, 1));
		while (ret == 1);
		return ret;
	case ACCEPT:
		return rc(accept(waiting_lfd, NULL, NULL));
	case CONNECT:
		return connect_to(waiting_fd, "127.0.0.1",
				  local_port(waiting_lfd));
	case POLL:
		return rc(poll(&pfd, 1, -1));
	default:
		return pipe(pipes) ? -EIO : rc(splice(waiting.server, NULL,
						      pipes[1], NULL, 10, 0));
	}
}

static void prepare_waits(struct __test_metadata *_metadata)
{
	char c = 0;

	waiting = open_small_pair(_metadata, 32768, 8192);
	ASSERT_LT(0, fill_send_buffer(waiting.client, 1));
	ASSERT_TRUE(WAIT_UNTIL(send(waiting.client, &c, 1, MSG_DONTWAIT) < 0));
	/* The other way nothing comes: what is read is the client's end. */
	waiting.server = waiting.client;
}

static const enum wait waits[] = {
	RECV, RECV_ALL, READ, SEND, WRITE, ACCEPT, POLL, SPLICE,
};

TEST_F(api, signals_interrupt_every_call_that_waits)
{
	prepare_waits(_metadata);
	waiting_lfd = open_listener(_metadata, "127.0.0.1", 0);
	start_alarms(NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		EXPECT_EQ(-EINTR, wait_in(waits[i])) {
			TH_LOG("call %d", waits[i]);
		}
	}
	stop_alarms();
	waiting_lfd = open_silent_listener(_metadata);
	waiting_fd = open_socket(_metadata, 0);
	start_alarms(NULL, 0);
	EXPECT_EQ(-EINTR, wait_in(CONNECT));
	/* The handshake goes on by itself. */
	EXPECT_EQ(-EINTR, wait_in(CONNECT));
	stop_alarms();
	set_nonblock(waiting_fd, true);
	EXPECT_EQ(-EALREADY, wait_in(CONNECT));
}

/* With a timeout no call is restarted: it would begin anew with each signal. */
TEST_F(api, calls_with_a_timeout_are_never_restarted)
{
	prepare_waits(_metadata);
	waiting_lfd = open_listener(_metadata, "127.0.0.1", 0);
	ASSERT_EQ(0, set_timeout(waiting.client, SO_RCVTIMEO, DEADLINE_MS));
	ASSERT_EQ(0, set_timeout(waiting.client, SO_SNDTIMEO, DEADLINE_MS));
	ASSERT_EQ(0, set_timeout(waiting_lfd, SO_RCVTIMEO, DEADLINE_MS));
	start_alarms(NULL, SA_RESTART);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		EXPECT_EQ(-EINTR, wait_in(waits[i])) {
			TH_LOG("call %d", waits[i]);
		}
	}
	stop_alarms();
	waiting_lfd = open_silent_listener(_metadata);
	waiting_fd = open_socket(_metadata, 0);
	ASSERT_EQ(0, set_timeout(waiting_fd, SO_SNDTIMEO, DEADLINE_MS));
	start_alarms(NULL, SA_RESTART);
	EXPECT_EQ(-EINTR, wait_in(CONNECT));
	stop_alarms();
}

static int ending_fd;

/* Ends the wait from the handler of the third signal. */
static void end_at_the_third_alarm(int sig)
{
	if (__atomic_add_fetch(&alarms, 1, __ATOMIC_SEQ_CST) == 3)
		shutdown(ending_fd, SHUT_RDWR);
}

TEST_F(api, calls_without_a_timeout_are_restarted)
{
	static const struct {
		enum wait call;
		long end;
	} calls[] = {
		{ RECV, 0 }, { RECV_ALL, 0 }, { READ, 0 }, { SEND, -EPIPE },
		{ WRITE, -EPIPE }, { ACCEPT, -EINVAL }, { SPLICE, 0 },
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		prepare_waits(_metadata);
		waiting_lfd = open_listener(_metadata, "127.0.0.1", 0);
		ending_fd = calls[i].call == ACCEPT ? waiting_lfd :
						      waiting.client;
		alarms = 0;
		start_alarms(end_at_the_third_alarm, SA_RESTART);
		EXPECT_EQ(calls[i].end, wait_in(calls[i].call)) {
			TH_LOG("call %d", calls[i].call);
		}
		stop_alarms();
		EXPECT_LE(3, alarms);
	}
	/* poll() never is. */
	start_alarms(NULL, SA_RESTART);
	prepare_waits(_metadata);
	EXPECT_EQ(-EINTR, wait_in(POLL));
	stop_alarms();
}

/* ---- SIGIO */

#define IO_SIGNAL	(SIGRTMIN + 1)

static void want_signals(struct __test_metadata *_metadata, int fd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, IO_SIGNAL);
	sigaddset(&set, SIGIO);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, rc(fcntl(fd, F_SETSIG, IO_SIGNAL)));
	ASSERT_EQ(0, rc(fcntl(fd, F_SETOWN, getpid())));
	EXPECT_EQ(getpid(), rc(fcntl(fd, F_GETOWN)));
	ASSERT_EQ(0, rc(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC)));
}

/* What the next signal says of @fd: its si_code; 0: none comes. */
static int next_signal(int fd, int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000 };
	siginfo_t info = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, IO_SIGNAL);
	if (sigtimedwait(&set, &info, &ts) != IO_SIGNAL)
		return 0;
	return info.si_fd == fd ? info.si_code : -1;
}

static bool signalled(int fd, int code)
{
	int got;

	do
		got = next_signal(fd, DEADLINE_MS);
	while (got && got != code);
	return got == code;
}

TEST_F(api, sigio_tells_of_data_and_of_the_end)
{
	struct pair p = open_pair(_metadata);
	char c;

	want_signals(_metadata, p.server);
	ASSERT_EQ(0, next_signal(p.server, 0));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(POLL_IN, next_signal(p.server, DEADLINE_MS));
	ASSERT_EQ(1, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(0, next_signal(p.server, 0));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_TRUE(signalled(p.server, POLL_IN));
}

TEST_F(api, sigio_tells_of_no_less_than_the_low_water_mark)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_RCVLOWAT, 10));
	want_signals(_metadata, p.server);
	ASSERT_EQ(9, rc(send(p.client, "123456789", 9, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 9));
	ASSERT_TRUE(wait_acked(p.client));
	EXPECT_EQ(0, next_signal(p.server, 0));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(POLL_IN, next_signal(p.server, DEADLINE_MS));
	/* The end is worth a signal however little comes before it. */
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_RCVLOWAT, 100));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 11));
	EXPECT_EQ(0, next_signal(p.server, 0));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_TRUE(signalled(p.server, POLL_IN));
}

TEST_F(api, sigio_tells_of_the_last_fin)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_WR)));
	ASSERT_TRUE(wait_state(p.server, TCP_FIN_WAIT2));
	want_signals(_metadata, p.server);
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_TRUE(signalled(p.server, POLL_HUP));
}

TEST_F(api, sigio_tells_of_a_reset)
{
	struct pair p = open_pair(_metadata);

	want_signals(_metadata, p.client);
	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(POLL_ERR, next_signal(p.client, DEADLINE_MS));
	EXPECT_EQ(0, next_signal(p.client, 0));
}

TEST_F(api, sigio_tells_of_room)
{
	struct pair p = open_small_pair(_metadata, 32768, 8192);
	long sent = fill_send_buffer(p.client, 1);

	ASSERT_LT(0, sent);
	want_signals(_metadata, p.client);
	ASSERT_EQ(0, events_of(p.client, POLLOUT));
	ASSERT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	EXPECT_TRUE(signalled(p.client, POLL_OUT));
}

TEST_F(api, sigio_tells_of_connections)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 2);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);

	want_signals(_metadata, lfd);
	connect_client(_metadata, lfd);
	EXPECT_EQ(POLL_IN, next_signal(lfd, DEADLINE_MS));
	EXPECT_EQ(0, next_signal(lfd, 0));
	ASSERT_EQ(0, rc(fcntl(lfd, F_SETFL, 0)));

	want_signals(_metadata, fd);
	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", local_port(lfd)));
	EXPECT_TRUE(signalled(fd, POLL_OUT));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(fd));
}

TEST_F(api, sigio_tells_of_a_refusal)
{
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	int lfd = open_listener(_metadata, "127.0.0.1", 2);
	in_port_t port = local_port(lfd);

	close(lfd);
	want_signals(_metadata, fd);
	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	EXPECT_TRUE(signalled(fd, POLL_ERR));
	EXPECT_EQ(ECONNREFUSED, so_error(fd));
}

/* An accepted socket signals nobody, whatever its listener does. */
TEST_F(api, signals_are_not_inherited)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 2);
	struct pair p;

	want_signals(_metadata, lfd);
	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	EXPECT_EQ(POLL_IN, next_signal(lfd, DEADLINE_MS));
	EXPECT_EQ(0, fcntl(p.server, F_GETFL) & O_ASYNC);
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	EXPECT_EQ(0, next_signal(p.server, 0));
}

TEST_F(api, the_owner_may_be_set_by_ioctl)
{
	struct pair p = open_pair(_metadata);
	int pid = getpid(), on = 1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_EQ(0, get_ioctl(p.server, FIOGETOWN));
	EXPECT_EQ(0, rc(ioctl(p.server, FIOSETOWN, &pid)));
	EXPECT_EQ(pid, get_ioctl(p.server, FIOGETOWN));
	EXPECT_EQ(pid, get_ioctl(p.server, SIOCGPGRP));
	EXPECT_EQ(0, rc(ioctl(p.server, FIOASYNC, &on)));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(SIGIO, sigtimedwait(&set, NULL,
				      &(struct timespec){ .tv_sec = 15 }));
}

TEST_HARNESS_MAIN
