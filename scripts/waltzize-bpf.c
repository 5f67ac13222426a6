// SPDX-License-Identifier: GPL-2.0
/*
 * waltzize --bpf: the kernel itself turns TCP into Waltz, for all processes of
 * one cgroup, however they call it. socket(2) asks update_socket_protocol() (Linux
 * 6.6 and later) which protocol it is to be, and a BPF program may answer for it.
 *
 * The program is nineteen instructions, and all it needs of the kernel's types is
 * one number. So there is no need for libbpf, or for a compiler for BPF.
 *
 * The process becomes COMMAND. What has to outlive it, to clean up when the last
 * process of the cgroup has gone, is another one: the keeper. It alone holds the
 * program; without it there is none.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waltzize-exec.h"

#define HOOK		"update_socket_protocol"
#define KERNEL_TYPES	"/sys/kernel/btf/vmlinux"

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* ---- the kernel's types: only the number of one function */

static char *read_all(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;
	ssize_t len;

	if (fd < 0 || fstat(fd, &st))
		fail(NO_SETUP,
		     "--bpf: cannot read %s: %m (has the kernel CONFIG_DEBUG_INFO_BTF?)",
		     path);
	data = malloc(st.st_size);
	for (*size = 0; data && *size < (size_t)st.st_size; *size += len) {
		len = read(fd, data + *size, st.st_size - *size);
		if (len <= 0)
			break;
	}
	close(fd);
	if (!data || !*size)
		fail(NO_SETUP, "--bpf: cannot read %s", path);
	return data;
}

/* How much follows a type's head, or -1: what we do not know we cannot step over. */
static int rest_of(const struct btf_type *t)
{
	int count = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
		return sizeof(int);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return count * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return count * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return count * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return count * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	}
	return -1;
}

static int find_hook(void)
{
	const char *data, *names, *at, *end;
	const struct btf_header *head;
	const struct btf_type *t;
	struct utsname kernel;
	int number, rest = 0;
	size_t size;

	data = read_all(KERNEL_TYPES, &size);
	head = (const void *)data;
	if (size < sizeof(*head) || head->magic != BTF_MAGIC ||
	    size < (size_t)head->hdr_len + head->str_off + head->str_len)
		fail(NO_SETUP, "--bpf: cannot make sense of " KERNEL_TYPES);
	names = data + head->hdr_len + head->str_off;
	at = data + head->hdr_len + head->type_off;
	end = at + head->type_len;
	/* Number 0 is void, and not there. */
	for (number = 1; at + sizeof(*t) <= end && rest >= 0; number++) {
		t = (const void *)at;
		if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC &&
		    !strcmp(names + t->name_off, HOOK))
			return number;
		rest = rest_of(t);
		at += sizeof(*t) + rest;
	}
	uname(&kernel);
	fail(NO_SETUP, "--bpf: this kernel (%s) has no " HOOK "(): 6.6 and later have",
	     kernel.release);
}

/* ---- the program */

static int new_map(int type, int value_size)
{
	union bpf_attr attr = {
		.map_type = type,
		.key_size = sizeof(int),
		.value_size = value_size,
		.max_entries = 1,
		.map_name = "waltzize",
	};
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		fail(NO_SETUP, "--bpf: no BPF map: %m%s",
		     errno == EPERM ? " (only root may do this)" : "");
	return fd;
}

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = c, .dst_reg = d, .src_reg = s, .off = o, .imm = i })
#define LOAD_ARG(reg, n)	INSN(BPF_LDX | BPF_MEM | BPF_DW, reg, BPF_REG_1, (n) * 8, 0)
#define AND32(reg, value)	INSN(BPF_ALU | BPF_AND | BPF_K, reg, 0, 0, value)
#define JUMP_EQ32(reg, v, off)	INSN(BPF_JMP32 | BPF_JEQ | BPF_K, reg, 0, off, v)
#define JUMP_NE32(reg, v, off)	INSN(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, off, v)
#define SET(reg, value)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
/* Two slots. */
#define SET_MAP(reg, kind, fd) \
	INSN(BPF_LD | BPF_IMM | BPF_DW, reg, kind, 0, fd), INSN(0, 0, 0, 0, 0)
#define CALL(function)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define ADD_ATOMIC(at, reg)	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, at, reg, 0, BPF_ADD)
#define EXIT			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/*
 * Runs before update_socket_protocol(family, type, protocol). If it returns 0,
 * that function is called, and leaves the protocol as it is; anything else is
 * what it would have returned. Arguments are ints: the upper halves are noise.
 */
static int load_program(int hook, int cgroups, int count, int protocol, int verbose)
{
	const struct bpf_insn insns[] = {
		/* if (family != AF_INET) goto out; */
		LOAD_ARG(BPF_REG_2, 0),
		JUMP_NE32(BPF_REG_2, AF_INET, 17),
		/* if ((type & SOCK_TYPE_MASK) != SOCK_STREAM) goto out; */
		LOAD_ARG(BPF_REG_2, 1),
		AND32(BPF_REG_2, 0xf),
		JUMP_NE32(BPF_REG_2, SOCK_STREAM, 14),
		/* if (protocol && protocol != IPPROTO_TCP) goto out; */
		LOAD_ARG(BPF_REG_2, 2),
		JUMP_EQ32(BPF_REG_2, 0, 1),
		JUMP_NE32(BPF_REG_2, IPPROTO_TCP, 11),
		/* if (bpf_current_task_under_cgroup(cgroups, 0) != 1) goto out; */
		SET_MAP(BPF_REG_1, BPF_PSEUDO_MAP_FD, cgroups),
		SET(BPF_REG_2, 0),
		CALL(BPF_FUNC_current_task_under_cgroup),
		JUMP_NE32(BPF_REG_0, 1, 6),
		/* (*count)++; return waltz; */
		SET_MAP(BPF_REG_1, BPF_PSEUDO_MAP_VALUE, count),
		SET(BPF_REG_2, 1),
		ADD_ATOMIC(BPF_REG_1, BPF_REG_2),
		SET(BPF_REG_0, protocol),
		EXIT,
		/* out: return 0; */
		SET(BPF_REG_0, 0),
		EXIT,
	};
	static char log[1 << 16];
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_MODIFY_RETURN,
		.attach_btf_id = hook,
		.insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t)"GPL",
		.prog_name = "waltzize",
	};
	int fd;

	if (verbose) {
		attr.log_level = 1;
		attr.log_size = sizeof(log);
		attr.log_buf = (uintptr_t)log;
	}
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		fail(NO_SETUP, "--bpf: the kernel refuses the program: %m (%s)%s%s",
		     errno == EPERM ? "only root may do this" : "has it CONFIG_MPTCP?",
		     *log ? "\n" : "", log);
	return fd;
}

/* ---- the cgroup */

/* The kernel's escapes of blanks and the like in mountinfo: \040. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

/* "0::/path": ours, seen from the root of the hierarchy. */
static int own_cgroup(char *path, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 8];
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		found = !strncmp(line, "0::/", 4);
		if (found)
			snprintf(path, size, "%s", line + 3);
	}
	if (f)
		fclose(f);
	return found;
}

/* Where our own cgroup is mounted: the directory of a new one below it. */
static void name_cgroup(char *name, size_t size)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char own[PATH_MAX + 8], root[PATH_MAX], point[PATH_MAX], *line = NULL;
	size_t room = 0, len;

	if (!own_cgroup(own, sizeof(own)))
		fail(NO_SETUP, "--bpf: this kernel has no cgroup v2");
	while (f && getline(&line, &room, f) > 0) {
		if (!strstr(line, " - cgroup2 ") ||
		    sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2)
			continue;
		unescape(root);
		unescape(point);
		/* It may be but a part of the hierarchy that is mounted there. */
		len = strcmp(root, "/") ? strlen(root) : 0;
		if (strncmp(own, root, len) || (own[len] && own[len] != '/'))
			continue;
		if ((size_t)snprintf(name, size, "%s%s/waltzize-%d", point,
				     strcmp(own + len, "/") ? own + len : "",
				     (int)getpid()) < size) {
			fclose(f);
			free(line);
			return;
		}
	}
	fail(NO_SETUP, "--bpf: no cgroup v2 is mounted: mount -t cgroup2 cgroup2 DIRECTORY");
}

static int open_in(const char *cgroup, const char *file, int flags)
{
	char path[PATH_MAX + 32];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return open(path, flags | O_CLOEXEC);
}

static int join_cgroup(const char *cgroup, int pid)
{
	int fd = open_in(cgroup, "cgroup.procs", O_WRONLY), done;

	done = fd >= 0 && dprintf(fd, "%d", pid) > 0;
	if (fd >= 0)
		close(fd);
	return done;
}

static void wait_until_empty(const char *cgroup)
{
	int fd = open_in(cgroup, "cgroup.events", O_RDONLY);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	char text[256];
	ssize_t len;

	for (;;) {
		len = pread(fd, text, sizeof(text) - 1, 0);
		if (len <= 0)
			break;
		text[len] = 0;
		if (strstr(text, "populated 0"))
			break;
		poll(&p, 1, -1);
	}
	close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *w)
{
	(void)st;
	(void)w;
	if (type == FTW_DP)
		rmdir(path);
	return 0;
}

/* With those that COMMAND has made below it. */
static void remove_cgroup(const char *cgroup)
{
	nftw(cgroup, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- the keeper */

static char cgroup[PATH_MAX];

static void remove_at_exit(void)
{
	remove_cgroup(cgroup);
}

/* Nothing of the caller's stays open: who reads a pipe to its end would wait for us. */
static void let_go(int verbose)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	/* The count of sockets goes there at last. */
	if (!verbose)
		dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

__attribute__((noreturn))
static void keep(int command, int ready, int protocol, int verbose)
{
	int hook, cgroups, count, program, link, dir, zero = 0;
	union bpf_attr attr = {};
	uint64_t changed = 0;

	/* Out of reach of what is meant for COMMAND, Ctrl-C above all. */
	setsid();
	if (chdir("/"))
		fail(NO_SETUP, "--bpf: no root directory: %m");
	hook = find_hook();
	cgroups = new_map(BPF_MAP_TYPE_CGROUP_ARRAY, sizeof(int));
	count = new_map(BPF_MAP_TYPE_ARRAY, sizeof(changed));
	program = load_program(hook, cgroups, count, protocol, verbose);

	if (mkdir(cgroup, 0755))
		fail(NO_SETUP, "--bpf: cannot make the cgroup %s: %m", cgroup);
	atexit(remove_at_exit);
	dir = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attr.map_fd = cgroups;
	attr.key = (uintptr_t)&zero;
	attr.value = (uintptr_t)&dir;
	if (dir < 0 || bpf(BPF_MAP_UPDATE_ELEM, &attr))
		fail(NO_SETUP, "--bpf: cannot name the cgroup %s to the program: %m", cgroup);
	close(dir);

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd = program;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	if (link < 0)
		fail(NO_SETUP, "--bpf: cannot attach the program to " HOOK "(): %m");
	if (!join_cgroup(cgroup, command))
		fail(NO_SETUP, "--bpf: cannot enter the cgroup %s: %m", cgroup);
	if (verbose)
		fprintf(stderr, "waltzize: TCP becomes protocol %d in the cgroup %s\n",
			protocol, cgroup);
	let_go(verbose);
	/* It may be gone, and nobody care. */
	if (write(ready, "", 1) == 1)
		close(ready);

	wait_until_empty(cgroup);
	close(link);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = count;
	attr.key = (uintptr_t)&zero;
	attr.value = (uintptr_t)&changed;
	if (verbose && !bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		fprintf(stderr, "waltzize: sockets that became protocol %d: %llu\n",
			protocol, (unsigned long long)changed);
	exit(0);
}

void change_by_bpf(int protocol, int verbose)
{
	int ends[2], command = getpid(), status;
	pid_t child;
	char byte;

	name_cgroup(cgroup, sizeof(cgroup));
	if (pipe2(ends, O_CLOEXEC))
		fail(NO_SETUP, "--bpf: no pipe: %m");
	child = fork();
	if (child < 0)
		fail(NO_SETUP, "--bpf: no process: %m");
	if (!child) {
		/* A child of COMMAND's that it knows nothing of would surprise it. */
		child = fork();
		if (child < 0)
			fail(NO_SETUP, "--bpf: no process: %m");
		if (child)
			_exit(0);
		signal(SIGPIPE, SIG_IGN);
		/* Ours is the descriptor 3, and no other. */
		dup2(ends[1], 3);
		close_range(4, ~0U, 0);
		keep(command, 3, protocol, verbose);
	}
	close(ends[1]);
	waitpid(child, &status, 0);
	/* Without a word that it is ready it has said why. */
	if (read(ends[0], &byte, 1) != 1)
		exit(NO_SETUP);
	close(ends[0]);
}
