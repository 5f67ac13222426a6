// SPDX-License-Identifier: GPL-2.0
/*
 * What comes into a host, its own loopback included, by protocol.
 *
 * Usage: count PROTOCOL
 *
 * Says "ready", and at SIGTERM "SEGMENTS TCP": packets of the IP protocol, and of
 * TCP over IPv4 and IPv6. Packet sockets with a filter count what passes it, also
 * when they are full: nothing is read from them.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Packets of an Ethernet type whose byte at @offset is @value. */
static int counter(int type, int offset, int value)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offset),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { 4, code };
	/* Before it has its filter it counts all; but nobody speaks yet. */
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(type));
	int least = 1;

	if (fd < 0)
		die("packet socket");
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		die("SO_ATTACH_FILTER");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)))
		die("SO_RCVBUF");
	return fd;
}

static unsigned int count_of(int fd)
{
	struct tpacket_stats seen;
	socklen_t size = sizeof(seen);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &seen, &size))
		die("PACKET_STATISTICS");
	return seen.tp_packets;
}

int main(int argc, char **argv)
{
	int segments, tcp, tcp6, signal_got;
	sigset_t set;

	if (argc != 2 || !atoi(argv[1]))
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	segments = counter(ETH_P_IP, 9, atoi(argv[1]));
	tcp = counter(ETH_P_IP, 9, IPPROTO_TCP);
	tcp6 = counter(ETH_P_IPV6, 6, IPPROTO_TCP);
	puts("ready");
	fflush(stdout);
	sigwait(&set, &signal_got);
	printf("%u %u\n", count_of(segments), count_of(tcp) + count_of(tcp6));
	return 0;
}
