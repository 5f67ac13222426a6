// SPDX-License-Identifier: GPL-2.0
/*
 * The program behind scripts/waltzize: waltzize-exec [-v] [-b] LIBRARY PROTOCOL
 * COMMAND...
 *
 * LD_PRELOAD says nothing when it does nothing: a static program would just go
 * on over TCP. So COMMAND is looked at before it is started.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "waltzize-exec.h"

/* Of our own class, 32 or 64 bits. */
#define elf_header	ElfW(Ehdr)
#define elf_segment	ElfW(Phdr)
#define elf_note	ElfW(Nhdr)

void fail(int status, const char *format, ...)
{
	va_list args;

	fputs("waltzize: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(status);
}

/* One of the kinds that a program may have asked for, so that the answer holds for it. */
static void need_protocol(int protocol)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);

	if (fd >= 0)
		close(fd);
	else if (errno == EPROTONOSUPPORT)
		fail(NO_MODULE,
		     "the kernel has no stream protocol %d: load the module (insmod waltz.ko)",
		     protocol);
	else
		fail(NO_MODULE, "no socket of protocol %d: %m", protocol);
}

/* ---- which file is it */

static int can_run(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return 0;
	errno = EACCES;
	return S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* As execvp() finds it. What it finds but may not run gives way to what comes later. */
static const char *find(const char *command)
{
	static char path[PATH_MAX];
	const char *dirs = getenv("PATH"), *end;
	int denied = 0, len;

	if (strchr(command, '/')) {
		if (can_run(command))
			return command;
		fail(errno == ENOENT || errno == ENOTDIR ? NOT_FOUND : NOT_RUN,
		     "cannot run %s: %m", command);
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		len = snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - dirs),
			       dirs, end == dirs ? "./" : "/", command);
		if (len < (int)sizeof(path) && can_run(path))
			return path;
		denied |= errno == EACCES;
		if (!*end)
			break;
	}
	if (denied)
		fail(NOT_RUN, "cannot run %s: permission denied", command);
	fail(NOT_FOUND, "there is no command %s", command);
}

/* ---- will it listen to LD_PRELOAD */

/* Files that the kernel starts with more rights than we have: ld.so ignores us then. */
static int gives_rights(int fd)
{
	struct statvfs fs;
	struct stat st;

	if (fstat(fd, &st) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) > 0 ||
	    (!fstatvfs(fd, &fs) && fs.f_flag & ST_NOSUID))
		return 0;
	return (st.st_mode & S_ISUID && st.st_uid != getuid()) ||
	       (st.st_mode & S_ISGID && st.st_mode & 0010 && st.st_gid != getgid()) ||
	       (getuid() && fgetxattr(fd, "security.capability", NULL, 0) > 0);
}

/* Of both classes: what is asked for lies at the same place, up to e_version. */
static int read_header(int fd, elf_header *e)
{
	ssize_t len = pread(fd, e, sizeof(*e), 0);

	return len >= (ssize_t)sizeof(Elf32_Ehdr) && !memcmp(e->e_ident, ELFMAG, SELFMAG);
}

/* Go's linker leaves a note, and what it links goes to the kernel directly. */
static int has_go_note(int fd, const elf_segment *p)
{
	size_t align = p->p_align == 8 ? 8 : 4, at = 0;
	elf_note note;
	char name[4];

	while (p->p_type == PT_NOTE && at + sizeof(note) <= p->p_filesz &&
	       pread(fd, &note, sizeof(note), p->p_offset + at) == sizeof(note)) {
		at += sizeof(note);
		if (note.n_namesz == sizeof(name) &&
		    pread(fd, name, sizeof(name), p->p_offset + at) == sizeof(name) &&
		    !memcmp(name, "Go\0", sizeof(name)))
			return 1;
		at += (note.n_namesz + align - 1) & -align;
		at += (note.n_descsz + align - 1) & -align;
	}
	return 0;
}

/* Why the library does not reach the program, or NULL. */
static const char *out_of_reach(int fd, const elf_header *e, const char *library)
{
	int lib = open(library, O_RDONLY | O_CLOEXEC), dynamic = 0, i;
	elf_header ours;
	elf_segment p;

	if (lib < 0 || !read_header(lib, &ours))
		fail(NO_SETUP, "cannot read %s: %s", library,
		     lib < 0 ? strerror(errno) : "not a library");
	close(lib);
	if (gives_rights(fd))
		return "is set-user-ID, or the like, and so ignores LD_PRELOAD";
	if (e->e_ident[EI_CLASS] != ours.e_ident[EI_CLASS] ||
	    e->e_ident[EI_DATA] != ours.e_ident[EI_DATA] ||
	    e->e_machine != ours.e_machine)
		return "is for another kind of processor than the library (32 and 64 bits?)";
	/* The library is of our class: so is the program. */
	for (i = 0; i < e->e_phnum; i++) {
		if (pread(fd, &p, sizeof(p), e->e_phoff + i * sizeof(p)) != sizeof(p))
			break;
		if (has_go_note(fd, &p))
			return "is a Go program, and calls the kernel without libc";
		dynamic |= p.p_type == PT_INTERP;
	}
	return dynamic ? NULL : "is static, and so has no use for LD_PRELOAD";
}

/* Where #! leads: the rest of the line up to a blank, at most 255 bytes as in the kernel. */
static int read_script(int fd, char *interpreter, size_t size)
{
	ssize_t len = pread(fd, interpreter, size - 1, 0);
	char *start;

	if (len < 2 || memcmp(interpreter, "#!", 2))
		return 0;
	interpreter[len] = 0;
	interpreter[strcspn(interpreter, "\n")] = 0;
	start = interpreter + 2 + strspn(interpreter + 2, " \t");
	start[strcspn(start, " \t")] = 0;
	memmove(interpreter, start, strlen(start) + 1);
	return *interpreter;
}

static void need_dynamic(const char *path, const char *library)
{
	char interpreter[256];
	const char *file = path, *why;
	elf_header e;
	int depth, fd;

	/* The kernel goes no deeper either. */
	for (depth = 0; depth < 5; depth++) {
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno == EACCES && !access(file, X_OK))
			fail(NOT_REACHED, "%s%s%s %s: see --bpf in waltzize --help", path,
			     file == path ? "" : ": ", file == path ? "" : file,
			     "may be run, but not read, and so may be static for all we know");
		/* Why it cannot be run, execvp() will say. */
		if (fd < 0)
			return;
		if (read_header(fd, &e)) {
			why = out_of_reach(fd, &e, library);
			close(fd);
			if (why)
				fail(NOT_REACHED, "%s%s%s %s: see --bpf in waltzize --help",
				     path, file == path ? "" : ": ",
				     file == path ? "" : file, why);
			return;
		}
		/* execvp() gives to sh what has no #! */
		if (!read_script(fd, interpreter, sizeof(interpreter)))
			strcpy(interpreter, "/bin/sh");
		close(fd);
		file = interpreter;
	}
}

/* The command may itself be under another such library (faketime, stdbuf, ...). */
static void preload(const char *library, int verbose)
{
	const char *others = getenv("LD_PRELOAD");
	char *value;

	if (asprintf(&value, "%s%s%s", library, others && *others ? ":" : "",
		     others ? others : "") < 0 ||
	    setenv("LD_PRELOAD", value, 1) ||
	    (verbose && setenv("WALTZIZE_VERBOSE", "1", 1)))
		fail(NO_SETUP, "no memory");
}

int main(int argc, char **argv)
{
	int verbose = 0, bpf = 0, protocol, opt;
	const char *library, *path;

	while ((opt = getopt(argc, argv, "+vb")) != -1) {
		verbose |= opt == 'v';
		bpf |= opt == 'b';
	}
	if (argc - optind < 3)
		fail(2, "run scripts/waltzize");
	library = argv[optind];
	protocol = atoi(argv[optind + 1]);
	argv += optind + 2;

	path = find(argv[0]);
	if (!bpf)
		need_dynamic(path, library);
	need_protocol(protocol);
	if (bpf)
		change_by_bpf(protocol, verbose);
	else
		preload(library, verbose);
	/* Not execv(): as in a shell, sh gets what has no #! */
	execvp(path, argv);
	fail(NOT_RUN, "cannot run %s: %m", path);
}
