/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the socket interface share. Each test is run twice, over
 * TCP and over Waltz, with the same expectations: TCP is the specification.
 *
 * Each test has a network namespace of its own, in which only lo is up, so that
 * ports, TIME_WAIT records and sysctls of one test never disturb another.
 *
 * Nothing sleeps for a fixed time. What another party brings about is waited
 * for with a deadline that only a failing test ever meets; what must not happen
 * is looked for after something that could not have happened before it.
 */
#ifndef WALTZ_SELFTESTS_API_H
#define WALTZ_SELFTESTS_API_H

/* Included before any other header, for this to take effect. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

#ifndef IPPROTO_WALTZ
#define IPPROTO_WALTZ	253
#endif

/* An address where nothing is mapped, in a type that any parameter takes. */
#define NO_MEMORY	((void *)(uintptr_t)strtoul("1", NULL, 0))

/* A wait that succeeds is over much sooner; the harness gives a test 30 s. */
#define DEADLINE_MS	15000

/* The protocol of the test that runs; set once, each test is a process. */
static int api_protocol;
static const char *api_proc;

/* A connection: the end that called connect(), and the one from accept(). */
struct pair {
	int client;
	int server;
	in_port_t client_port;
	in_port_t server_port;
};

/* What a call returned, or the negated error: failures then print both. */
static inline long rc(long ret)
{
	return ret < 0 ? -errno : ret;
}

static inline long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Evaluates @cond until it holds or the deadline is met; true if it holds. */
#define WAIT_UNTIL(cond) ({						\
	long long __end = now_ms() + DEADLINE_MS;			\
	bool __ok;							\
									\
	while (!(__ok = (cond)) && now_ms() < __end)			\
		usleep(1000);						\
	__ok;								\
})

static inline struct sockaddr_in address(const char *ip, in_port_t port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	inet_pton(AF_INET, ip, &sin.sin_addr);
	return sin;
}

static inline long bind_to(int fd, const char *ip, in_port_t port)
{
	struct sockaddr_in sin = address(ip, port);

	return rc(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
}

static inline long connect_to(int fd, const char *ip, in_port_t port)
{
	struct sockaddr_in sin = address(ip, port);

	return rc(connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
}

/* connect(AF_UNSPEC): undoes a connection, or the attempt at one. */
static inline long disconnect(int fd)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };

	return rc(connect(fd, &sa, sizeof(sa)));
}

static inline struct sockaddr_in local_address(int fd)
{
	struct sockaddr_in sin = {};
	socklen_t len = sizeof(sin);

	getsockname(fd, (struct sockaddr *)&sin, &len);
	return sin;
}

static inline in_port_t local_port(int fd)
{
	return ntohs(local_address(fd).sin_port);
}

static inline long peer_name(int fd, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);

	return rc(getpeername(fd, (struct sockaddr *)sin, &len));
}

static inline long set_int(int fd, int level, int option, int value)
{
	return rc(setsockopt(fd, level, option, &value, sizeof(value)));
}

/* The value of an option, or a negated error. */
static inline long get_int(int fd, int level, int option)
{
	socklen_t len = sizeof(int);
	int value = 0;
	long ret;

	ret = rc(getsockopt(fd, level, option, &value, &len));
	return ret < 0 ? ret : value;
}

static inline long set_timeout(int fd, int option, int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	return rc(setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)));
}

static inline long set_linger(int fd, int seconds)
{
	struct linger linger = { .l_onoff = 1, .l_linger = seconds };

	return rc(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
			     sizeof(linger)));
}

/* Nothing is left of it, at either end. */
static inline void abort_socket(int fd)
{
	set_linger(fd, 0);
	close(fd);
}

static inline int so_error(int fd)
{
	return get_int(fd, SOL_SOCKET, SO_ERROR);
}

static inline void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

/* The value that an ioctl such as SIOCINQ gives, or a negated error. */
static inline long get_ioctl(int fd, unsigned long request)
{
	int value = 0;
	long ret;

	ret = rc(ioctl(fd, request, &value));
	return ret < 0 ? ret : value;
}

/* What the kernel does not know of is 0. */
static inline int get_info(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return rc(getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len));
}

static inline int state_of(int fd)
{
	struct tcp_info info;

	return get_info(fd, &info) ?: info.tcpi_state;
}

static inline bool wait_state(int fd, int state)
{
	return WAIT_UNTIL(state_of(fd) == state);
}

/* What poll() says now. */
static inline int events_of(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, 0) < 0 ? -errno : pfd.revents;
}

/* Waits for any of @events, POLLERR or POLLHUP; 0 if the deadline was met. */
static inline int wait_events(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, DEADLINE_MS) < 0 ? -errno : pfd.revents;
}

/* All that poll() can say of a stream without urgent data. */
#define POLL_ALL	(POLLIN | POLLOUT | POLLRDHUP)

/* Waits until poll() says exactly @events. */
static inline bool wait_exact_events(int fd, int events)
{
	return WAIT_UNTIL(events_of(fd, POLL_ALL) == events);
}

/* Everything sent has been acknowledged. */
static inline bool wait_acked(int fd)
{
	return WAIT_UNTIL(get_ioctl(fd, SIOCOUTQ) == 0);
}

static inline bool wait_readable_bytes(int fd, int count)
{
	return WAIT_UNTIL(get_ioctl(fd, SIOCINQ) >= count);
}

/* One line of /proc/net/tcp or its like. */
struct record {
	unsigned int local_addr, local_port, peer_addr, peer_port;
	unsigned int state, tx_queue, rx_queue;
};

/*
 * Counts the records of @local_port and @peer_port in @state, each 0 for any,
 * and fills in the last one.
 */
static inline int find_records(in_port_t local_port, in_port_t peer_port,
			       unsigned int state, struct record *found)
{
	FILE *file = fopen(api_proc, "r");
	char line[512];
	struct record r;
	int count = 0;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " %*d: %x:%x %x:%x %x %x:%x", &r.local_addr,
			   &r.local_port, &r.peer_addr, &r.peer_port, &r.state,
			   &r.tx_queue, &r.rx_queue) != 7)
			continue;
		if ((local_port && r.local_port != local_port) ||
		    (peer_port && r.peer_port != peer_port) ||
		    (state && r.state != state))
			continue;
		count++;
		if (found)
			*found = r;
	}
	fclose(file);
	return count;
}

static inline int count_records(in_port_t local_port, in_port_t peer_port,
				unsigned int state)
{
	return find_records(local_port, peer_port, state, NULL);
}

static inline bool wait_records(in_port_t local_port, in_port_t peer_port,
				unsigned int state, int count)
{
	return WAIT_UNTIL(count_records(local_port, peer_port, state) == count);
}

static inline long write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long ret;

	if (fd < 0)
		return -errno;
	ret = rc(write(fd, text, strlen(text)));
	close(fd);
	return ret < 0 ? ret : 0;
}

/* Byte @offset of the stream that @seed names; no short period. */
static inline unsigned char pattern(unsigned long offset, unsigned int seed)
{
	return (offset ^ offset >> 8 ^ offset >> 16) * 167 + seed;
}

static inline void fill_pattern(char *buf, size_t len, unsigned long offset,
				unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = pattern(offset + i, seed);
}

static inline bool check_pattern(const char *buf, size_t len,
				 unsigned long offset, unsigned int seed)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)buf[i] != pattern(offset + i, seed))
			return false;
	return true;
}

/*
 * Sends the pattern into a full buffer, without blocking; the number of bytes
 * it took.
 */
static inline long fill_send_buffer(int fd, unsigned int seed)
{
	char buf[4096];
	long total = 0;
	long ret;

	do {
		fill_pattern(buf, sizeof(buf), total, seed);
		ret = rc(send(fd, buf, sizeof(buf),
			      MSG_DONTWAIT | MSG_NOSIGNAL));
		if (ret > 0)
			total += ret;
	} while (ret > 0);
	return ret == -EAGAIN ? total : ret;
}

/*
 * Receives @len bytes of the pattern from @offset on: 0, or a negated error,
 * -EBADMSG for a wrong byte, -EPIPE for an early end.
 */
static inline long drain_pattern(int fd, unsigned long offset, size_t len,
				 unsigned int seed)
{
	char buf[16384];
	long ret;

	while (len) {
		if (!wait_events(fd, POLLIN))
			return -ETIMEDOUT;
		ret = rc(recv(fd, buf, len < sizeof(buf) ? len : sizeof(buf),
			      MSG_DONTWAIT));
		if (ret == -EAGAIN)
			continue;
		if (ret <= 0)
			return ret ? ret : -EPIPE;
		if (!check_pattern(buf, ret, offset, seed))
			return -EBADMSG;
		offset += ret;
		len -= ret;
	}
	return 0;
}

/* Receives until the end of the stream: the number of bytes, or an error. */
static inline long drain_to_eof(int fd, unsigned int seed)
{
	char buf[16384];
	long total = 0;
	long ret;

	for (;;) {
		if (!wait_events(fd, POLLIN))
			return -ETIMEDOUT;
		ret = rc(recv(fd, buf, sizeof(buf), MSG_DONTWAIT));
		if (ret == -EAGAIN)
			continue;
		if (ret <= 0)
			return ret ? ret : total;
		if (!check_pattern(buf, ret, total, seed))
			return -EBADMSG;
		total += ret;
	}
}

/*
 * Interrupts this process again and again, so that a call which blocks is
 * interrupted however late it starts to. @handler may be NULL.
 */
static int alarms;

static inline void count_alarm(int sig)
{
	__atomic_fetch_add(&alarms, 1, __ATOMIC_SEQ_CST);
}

static inline void start_alarms(void (*handler)(int), int flags)
{
	struct sigaction action = {
		.sa_handler = handler ? handler : count_alarm,
		.sa_flags = flags,
	};
	struct itimerval every = {
		.it_interval.tv_usec = 20000,
		.it_value.tv_usec = 20000,
	};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static inline void stop_alarms(void)
{
	struct itimerval none = {};

	setitimer(ITIMER_REAL, &none, NULL);
}

static int pipe_signals;

static inline void count_sigpipe(int sig)
{
	__atomic_fetch_add(&pipe_signals, 1, __ATOMIC_SEQ_CST);
}

static inline void catch_sigpipe(void)
{
	signal(SIGPIPE, count_sigpipe);
}

/* fork() whose child never outlives the test. */
static inline pid_t fork_child(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(125);
	}
	return pid;
}

/* The exit status of a child, or -1. */
static inline int wait_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* ---- what follows ends the test if it fails */

static inline int open_socket(struct __test_metadata *_metadata, int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | flags, api_protocol);

	ASSERT_LE(0, rc(fd));
	return fd;
}

/* A listener at @ip and any port. */
static inline int open_listener(struct __test_metadata *_metadata,
				const char *ip, int backlog)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, bind_to(fd, ip, 0));
	ASSERT_EQ(0, rc(listen(fd, backlog)));
	return fd;
}

/* A blocking socket connected to the listener @lfd at 127.0.0.1. */
static inline int connect_client(struct __test_metadata *_metadata, int lfd)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, connect_to(fd, "127.0.0.1", local_port(lfd)));
	return fd;
}

/* Takes a connection that is, or is about to be, in the queue. */
static inline int accept_one(struct __test_metadata *_metadata, int lfd)
{
	int fd;

	ASSERT_EQ(POLLIN, wait_events(lfd, POLLIN));
	fd = accept(lfd, NULL, NULL);
	ASSERT_LE(0, rc(fd));
	return fd;
}

/* Connects the socket @client to @lfd and accepts. */
static inline void connect_pair(struct __test_metadata *_metadata, int lfd,
				int client, struct pair *p)
{
	p->client = client;
	p->server_port = local_port(lfd);
	ASSERT_EQ(0, connect_to(client, "127.0.0.1", p->server_port));
	p->client_port = local_port(client);
	p->server = accept_one(_metadata, lfd);
}

/* A connection with default options; its listener is gone. */
static inline struct pair open_pair(struct __test_metadata *_metadata)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct pair p;

	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	close(lfd);
	return p;
}

/*
 * A connection with small buffers, so that little is needed to fill them. The
 * buffers of both ends are set before the handshake, which fixes the window
 * scale.
 */
static inline struct pair open_small_pair(struct __test_metadata *_metadata,
					  int sndbuf, int rcvbuf)
{
	int fds[2];
	struct pair p;

	for (int i = 0; i < 2; i++) {
		fds[i] = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(fds[i], SOL_SOCKET, SO_SNDBUF, sndbuf));
		ASSERT_EQ(0, set_int(fds[i], SOL_SOCKET, SO_RCVBUF, rcvbuf));
	}
	ASSERT_EQ(0, bind_to(fds[0], "127.0.0.1", 0));
	ASSERT_EQ(0, rc(listen(fds[0], 1)));
	connect_pair(_metadata, fds[0], fds[1], &p);
	close(fds[0]);
	return p;
}

/*
 * A listener that leaves every SYN unanswered: its queue is full, and nobody
 * accepts.
 */
static inline int open_silent_listener(struct __test_metadata *_metadata)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 0);

	connect_client(_metadata, lfd);
	ASSERT_EQ(POLLIN, wait_events(lfd, POLLIN));
	return lfd;
}

/* Sends and receives a message, which tells that all sent before has arrived. */
static inline void send_sentinel(struct __test_metadata *_metadata, int from,
				 int to)
{
	char buf[8] = {};

	ASSERT_EQ(8, rc(send(from, "sentinel", 8, MSG_NOSIGNAL)));
	ASSERT_EQ(0, set_timeout(to, SO_RCVTIMEO, DEADLINE_MS));
	ASSERT_EQ(8, rc(recv(to, buf, 8, MSG_WAITALL)));
	ASSERT_EQ(0, memcmp(buf, "sentinel", 8));
	ASSERT_EQ(0, set_timeout(to, SO_RCVTIMEO, 0));
}

/* A network namespace of its own, with lo up, for tests of @protocol. */
static inline void enter_namespace(struct __test_metadata *_metadata,
				   int protocol, const char *proc)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd;

	ASSERT_EQ(0, rc(unshare(CLONE_NEWNET)));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, rc(fd));
	ASSERT_EQ(0, rc(ioctl(fd, SIOCGIFFLAGS, &ifr)));
	ifr.ifr_flags |= IFF_UP;
	ASSERT_EQ(0, rc(ioctl(fd, SIOCSIFFLAGS, &ifr)));
	close(fd);

	api_protocol = protocol;
	api_proc = proc;
	/* A protocol that is not there fails every test: it must not be skipped. */
	close(open_socket(_metadata, SOCK_CLOEXEC));
}

FIXTURE(api)
{
	int protocol;
};

FIXTURE_VARIANT(api)
{
	int protocol;
	const char *proc;
};

FIXTURE_VARIANT_ADD(api, tcp)
{
	.protocol = IPPROTO_TCP,
	.proc = "/proc/net/tcp",
};

FIXTURE_VARIANT_ADD(api, waltz)
{
	.protocol = IPPROTO_WALTZ,
	.proc = "/proc/net/waltz",
};

FIXTURE_SETUP(api)
{
	enter_namespace(_metadata, variant->protocol, variant->proc);
}

FIXTURE_TEARDOWN(api)
{
}

#endif /* WALTZ_SELFTESTS_API_H */
