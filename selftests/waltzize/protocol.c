// SPDX-License-Identifier: GPL-2.0
/*
 * For waltzize.sh: a program that asks for TCP in all its ways.
 *
 *	protocol		make sockets, print what protocol each became
 *	protocol listen PORT	on 127.0.0.1: take one, send it a line, wait for its end
 *	protocol connect PORT	print what comes
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef GO
/* What Go's linker puts into the programs it makes. */
static const struct {
	int name_len, len, type;
	char name[4], text[4];
} note __attribute__((section(".note.go.buildid,\"a\",@note#"), used, aligned(4))) = {
	4, 4, 4, "Go", "test"
};
#endif

static void show(const char *what, int family, int type, int protocol)
{
	int fd = socket(family, type, protocol), got = -1;
	socklen_t len = sizeof(got);

	if (fd < 0) {
		printf("%s: %s\n", what, strerror(errno));
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &got, &len);
	printf("%s: %d %s%s\n", what, got, fcntl(fd, F_GETFL) & O_NONBLOCK ? "n" : "",
	       fcntl(fd, F_GETFD) & FD_CLOEXEC ? "c" : "");
	close(fd);
}

static int show_all(void)
{
	show("tcp", AF_INET, SOCK_STREAM, 0);
	show("tcp", AF_INET, SOCK_STREAM, IPPROTO_TCP);
	show("tcp", AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
	show("tcp", AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	show("waltz", AF_INET, SOCK_STREAM, 253);
	show("udp", AF_INET, SOCK_DGRAM, 0);
	show("raw", AF_INET, SOCK_RAW, IPPROTO_TCP);
	show("tcp6", AF_INET6, SOCK_STREAM, 0);
	show("unix", AF_UNIX, SOCK_STREAM, 0);
	return 0;
}

static int die(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd, one = 1;
	char line[64];
	ssize_t len;

	if (argc < 3)
		return show_all();
	addr.sin_port = htons(atoi(argv[2]));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		return die("socket");
	if (!strcmp(argv[1], "connect")) {
		if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return die("connect");
		while ((len = read(fd, line, sizeof(line))) > 0)
			fwrite(line, 1, len, stdout);
		return len < 0;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		return die("listen");
	fd = accept(fd, NULL, NULL);
	if (fd < 0 || write(fd, "hello\n", 6) != 6)
		return die("accept");
	shutdown(fd, SHUT_WR);
	return read(fd, line, sizeof(line)) != 0;
}
