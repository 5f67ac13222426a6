// SPDX-License-Identifier: GPL-2.0
/*
 * Many short connections at once, over loopback, from as many threads as there
 * are CPUs and some: so that segments, timers and system calls of the same
 * connection meet on different CPUs at every step of its life.
 *
 *	storm [-t SECONDS] [-s SEED] [-p PROTOCOL] [-r] [-i] [-e]
 *
 * Every byte is checked: it depends on the connection's number, so a byte of
 * another connection, or of an earlier one of the same names, is seen.
 *
 * Without -r all is orderly, and any error is a failure. With -r threads also
 * reset, leave data unread, disconnect, and close and reopen the listener. With
 * -i segments that were seen are sent again: as they were, later; and without
 * their text, with other flags and numbers. Then connections may fail; wrong
 * bytes still must not come. With -e it goes on until its input ends.
 *
 * Exit status: 0 nothing wrong, 1 something was, 2 bad arguments or no memory.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <linux/types.h>
#include <kselftest.h>

#define PORT		7777
#define CLIENTS		6
#define SERVERS		4
#define CHUNK		4096
#define KEPT		4096		/* segments remembered for sending again */
#define SEGMENT_MAX	2048
#define TH_FIN		0x01
#define TH_SYN		0x02
#define TH_RST		0x04
#define TH_ACK		0x10

static int protocol = 253, seconds = 10;
static bool rude, inject, until_eof;
static __u64 seed;
/* Clients, and who disturbs them, stop first: servers have to finish theirs. */
static atomic_bool over, all_over;
static atomic_int listener = -1;
static atomic_uint_fast64_t conns, bytes, failed, wrong, injected, unexpected, next_id = 1;

/* splitmix64, a state for each thread. */
static __u64 rnd(__u64 *state)
{
	__u64 z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static __u32 below(__u64 *state, __u32 n)
{
	return (__u32)((rnd(state) >> 32) * n >> 32);
}

static bool one_in(__u64 *state, __u32 n)
{
	return !below(state, n);
}

/* The byte of a stream at an offset. */
static __u8 pattern(__u64 id, __u32 at)
{
	__u64 z = (id * 0xff51afd7ed558ccdull) ^ (at >> 3) * 0xc4ceb9fe1a85ec53ull;

	z ^= z >> 33;
	z *= 0xff51afd7ed558ccdull;
	return (__u8)(z >> (at & 7) * 8);
}

/* What the client asks for, first of all. */
struct plan {
	__u64 id;
	__u32 up;
	__u32 down;
	__u32 how;
	__u32 sum;		/* of the rest: is this a beginning at all? */
};

#define CLIENT_FIRST	1	/* who closes first; neither: both at once */
#define SERVER_FIRST	2
#define HALF_CLOSE	4	/* by shutdown(), waiting for the other's end */

static __u32 plan_sum(const struct plan *p)
{
	return (__u32)(p->id * 31 + p->up * 7 + p->down * 3 + p->how) ^ 0x5741;
}

/* Report what should not be; @peace: only where all is orderly. */
static void complain(const char *what, int err, bool peace)
{
	if (peace && (rude || inject))
		return;
	if (atomic_fetch_add(&unexpected, 1) < 10)
		printf("# %s: %s\n", what, err ? strerror(err) : "not as it should be");
}

static bool send_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n <= 0) {
			complain("send", errno, true);
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool recv_all(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = recv(fd, p, len, 0);

		if (n <= 0) {
			complain("recv", n ? errno : 0, true);
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool send_pattern(int fd, __u64 id, __u32 len)
{
	__u8 buf[CHUNK];
	__u32 at = 0, n, i;

	while (at < len) {
		n = len - at < CHUNK ? len - at : CHUNK;
		for (i = 0; i < n; i++)
			buf[i] = pattern(id, at + i);
		if (!send_all(fd, buf, n))
			return false;
		at += n;
	}
	return true;
}

static bool check_pattern(int fd, __u64 id, __u32 len)
{
	__u8 buf[CHUNK];
	__u32 at = 0, i;

	while (at < len) {
		ssize_t n = recv(fd, buf, len - at < CHUNK ? len - at : CHUNK, 0);

		if (n <= 0) {
			complain("recv of data", n ? errno : 0, true);
			return false;
		}
		for (i = 0; i < (__u32)n; i++) {
			if (buf[i] == pattern(id, at + i))
				continue;
			if (atomic_fetch_add(&wrong, 1) < 10)
				printf("# connection %llu: a wrong byte at %u\n",
				       (unsigned long long)id, at + i);
			return false;
		}
		at += (__u32)n;
		atomic_fetch_add(&bytes, (__u64)n);
	}
	return true;
}

static bool end_of_file(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	if (n > 0) {
		complain("more than was sent", 0, false);
		atomic_fetch_add(&wrong, 1);
	} else if (n < 0) {
		complain("recv of the end", errno, true);
	}
	return !n;
}

static void options(int fd)
{
	struct timeval limit = { .tv_sec = rude || inject ? 3 : 60 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/* The end of a connection whose data has all been read. */
static void finish(int fd, __u32 how, __u32 first)
{
	if (how & first) {
		if (how & HALF_CLOSE) {
			if (shutdown(fd, SHUT_WR))
				complain("shutdown", errno, true);
			end_of_file(fd);
		}
	} else if (how & (CLIENT_FIRST | SERVER_FIRST)) {
		end_of_file(fd);
	}
	close(fd);
}

/* Ends a connection where it is, in one of the ways that are not orderly. */
static void give_up(int fd, __u64 *state)
{
	struct linger reset = { .l_onoff = 1 };
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	switch (below(state, 4)) {
	case 0:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		break;
	case 1:
		connect(fd, &nobody, sizeof(nobody));
		break;
	case 2:
		shutdown(fd, (int)below(state, 3));
		break;
	}
	close(fd);
}

static bool is_plan(const struct plan *p)
{
	return p->sum == plan_sum(p) && p->up < 1 << 20 && p->down < 1 << 20;
}

static void serve(int fd, __u64 *state)
{
	struct plan p;

	options(fd);
	if (rude && one_in(state, 16)) {
		give_up(fd, state);
		return;
	}
	if (!recv_all(fd, &p, sizeof(p)))
		goto fail;
	if (!is_plan(&p)) {
		atomic_fetch_add(&wrong, 1);
		complain("the first bytes are not a client's", 0, false);
		goto fail;
	}
	if (!check_pattern(fd, p.id, p.up))
		goto fail;
	if (rude && one_in(state, 16)) {
		give_up(fd, state);
		return;
	}
	if (!send_pattern(fd, ~p.id, p.down))
		goto fail;
	finish(fd, p.how, SERVER_FIRST);
	return;
fail:
	atomic_fetch_add(&failed, 1);
	close(fd);
}

static void *server(void *arg)
{
	__u64 state = seed ^ (uintptr_t)arg * 0x1234567;

	while (!atomic_load(&all_over)) {
		struct pollfd p = { .fd = atomic_load(&listener), .events = POLLIN };
		int fd;

		if (p.fd < 0 || poll(&p, 1, 100) <= 0)
			continue;
		fd = accept(p.fd, NULL, NULL);
		if (fd >= 0)
			serve(fd, &state);
		else if (errno != EAGAIN)
			complain("accept", errno, true);
	}
	return NULL;
}

static int dial(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, protocol);

	if (fd < 0) {
		complain("socket", errno, false);
		return -1;
	}
	options(fd);
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	/* All names may be in use, or be younger than a tick of the clock. */
	if (errno != EADDRNOTAVAIL)
		complain("connect", errno, true);
	close(fd);
	return -1;
}

static void *client(void *arg)
{
	static const __u32 ways[] = {
		CLIENT_FIRST, SERVER_FIRST, CLIENT_FIRST | HALF_CLOSE,
		SERVER_FIRST | HALF_CLOSE, 0,
	};
	__u64 state = seed ^ (uintptr_t)arg * 0x7654321;

	while (!atomic_load(&over)) {
		int fd = dial();
		struct plan p;

		if (fd < 0)
			continue;
		atomic_fetch_add(&conns, 1);
		p = (struct plan) {
			.id = atomic_fetch_add(&next_id, 1) | seed << 32,
			.up = one_in(&state, 8) ? below(&state, 50000) : below(&state, 100),
			.down = one_in(&state, 8) ? below(&state, 50000) : below(&state, 100),
			.how = ways[below(&state, ARRAY_SIZE(ways))],
		};
		p.sum = plan_sum(&p);
		if (rude && one_in(&state, 16)) {
			give_up(fd, &state);
			continue;
		}
		if (!send_all(fd, &p, sizeof(p)) || !send_pattern(fd, p.id, p.up))
			goto fail;
		if (rude && one_in(&state, 16)) {
			give_up(fd, &state);
			continue;
		}
		if (!check_pattern(fd, ~p.id, p.down))
			goto fail;
		finish(fd, p.how, CLIENT_FIRST);
		continue;
fail:
		atomic_fetch_add(&failed, 1);
		close(fd);
	}
	return NULL;
}

static int listen_on(void)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, protocol), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) || listen(fd, 64)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The listener goes, with whatever is in its queues, and comes again. */
static void *reopen(void *arg)
{
	__u64 state = seed ^ 0xabcdef;

	while (!atomic_load(&over)) {
		int fd;

		usleep(20000 + below(&state, 200000));
		fd = atomic_exchange(&listener, -1);
		if (fd >= 0)
			close(fd);
		while ((fd = listen_on()) < 0)
			usleep(1000);
		atomic_store(&listener, fd);
	}
	return NULL;
}

/* The files are read while everything in them moves. */
static void *reader(void *arg)
{
	char buf[8192];

	while (!atomic_load(&over)) {
		int fd = open("/proc/net/waltz", O_RDONLY);

		if (fd < 0)
			return NULL;
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		close(fd);
		usleep(50000);
	}
	return NULL;
}

/* ---- segments that are sent again */

struct kept {
	__u16 len;
	__u8 data[SEGMENT_MAX];
};

static __u32 add_up(const __u8 *p, size_t len, __u32 sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += (__u32)(p[0] << 8 | p[1]);
	return len ? sum + (__u32)(p[0] << 8) : sum;
}

static void put32(__u8 *p, __u32 v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

static __u32 get32(const __u8 *p)
{
	__u32 v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

/* Numbers close to what they were, or anywhere. */
static __u32 move(__u64 *state, __u32 number)
{
	switch (below(state, 4)) {
	case 0:
		return number;
	case 1:
		return number + below(state, 5) - 2;
	case 2:
		return number + below(state, 131072) - 65536;
	default:
		return (__u32)rnd(state);
	}
}

static void mutate(struct kept *k, __u64 *state)
{
	static const __u8 flags[] = {
		TH_SYN, TH_SYN | TH_ACK, TH_ACK, TH_FIN | TH_ACK, TH_RST,
		TH_RST | TH_ACK, TH_FIN, 0, TH_SYN | TH_FIN, 0x3f,
	};
	__u32 ihl = (k->data[0] & 15) * 4, doff, sum;
	__u8 *th = k->data + ihl;

	doff = (th[12] >> 4) * 4;
	if (doff < 20 || ihl + doff > k->len)
		return;
	k->len = (__u16)(ihl + doff);
	th[13] = flags[below(state, ARRAY_SIZE(flags))];
	put32(th + 4, move(state, get32(th + 4)));
	put32(th + 8, move(state, get32(th + 8)));
	th[16] = 0;
	th[17] = 0;
	sum = add_up(k->data + 12, 8, (__u32)protocol + doff);
	sum = add_up(th, doff, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum;
	th[16] = (__u8)(sum >> 8);
	th[17] = (__u8)sum;
}

static void *injector(void *arg)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int in = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK, protocol);
	int out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct kept *ring = calloc(KEPT, sizeof(*ring));
	__u64 state = seed ^ 0x1357;
	__u32 have = 0, at = 0;

	if (in < 0 || out < 0 || !ring) {
		complain("raw sockets", errno, false);
		return NULL;
	}
	while (!atomic_load(&over)) {
		struct kept *k = &ring[at], copy;
		ssize_t n = recv(in, k->data, SEGMENT_MAX, MSG_TRUNC);

		if (n >= 40 && n <= SEGMENT_MAX) {
			k->len = (__u16)n;
			at = (at + 1) % KEPT;
			have = have < KEPT ? have + 1 : KEPT;
		} else if (n < 0) {
			usleep(200);
		}
		if (!have || !one_in(&state, 4))
			continue;
		/* Often a young one, whose connection still lives. */
		copy = ring[(at + KEPT - 1 - below(&state, one_in(&state, 2) ? have :
						   have < 16 ? have : 16)) % KEPT];
		if (!one_in(&state, 3))
			mutate(&copy, &state);
		if (copy.len && sendto(out, copy.data, copy.len, 0,
				       (struct sockaddr *)&to, sizeof(to)) > 0)
			atomic_fetch_add(&injected, 1);
	}
	close(in);
	close(out);
	free(ring);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), uintptr_t arg)
{
	if (pthread_create(thread, NULL, fn, (void *)arg)) {
		perror("storm: thread");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	pthread_t servers[SERVERS], others[CLIENTS + 3];
	unsigned int n = 0, i;
	struct timespec now;
	bool idle;
	int opt;
	char c;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = (__u64)now.tv_nsec;
	while ((opt = getopt(argc, argv, "t:s:p:rie")) != -1) {
		switch (opt) {
		case 't':
			seconds = atoi(optarg);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			protocol = atoi(optarg);
			break;
		case 'r':
			rude = true;
			break;
		case 'i':
			inject = true;
			break;
		case 'e':
			until_eof = true;
			break;
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# SEED=%llu\n", (unsigned long long)seed);
	signal(SIGPIPE, SIG_IGN);
	atomic_store(&listener, listen_on());
	if (atomic_load(&listener) < 0) {
		perror("storm: listen");
		return 2;
	}
	for (i = 0; i < SERVERS; i++)
		start(&servers[i], server, 1 + i);
	for (i = 0; i < CLIENTS; i++)
		start(&others[n++], client, 101 + i);
	start(&others[n++], reader, 0);
	if (rude)
		start(&others[n++], reopen, 0);
	if (inject)
		start(&others[n++], injector, 0);
	sleep((unsigned int)seconds);
	while (until_eof && read(STDIN_FILENO, &c, 1) > 0)
		;
	atomic_store(&over, true);
	for (i = 0; i < n; i++)
		pthread_join(others[i], NULL);
	atomic_store(&all_over, true);
	for (i = 0; i < SERVERS; i++)
		pthread_join(servers[i], NULL);
	printf("# %llu connections, %llu failed, %llu bytes checked, %llu segments injected\n",
	       (unsigned long long)conns, (unsigned long long)failed,
	       (unsigned long long)bytes, (unsigned long long)injected);
	idle = !conns || !bytes || (inject && !injected);
	if (idle)
		printf("# nothing happened\n");
	return wrong || unexpected || idle;
}
