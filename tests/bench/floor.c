/*
 * floor [-n ROUNDS] [-g GAP_MS] -r DIR -f FILTER
 *	prints ROUNDS, median, p10 and p90 of that many containers, in microseconds
 * floor -s -r DIR -f FILTER
 *	for each line read from stdin one container, and its time as the answer
 *
 * Starts, runs and removes the container of floor.h; the clock runs from the first directory made
 * to the last one removed. FILTER is a compiled seccomp filter (seccomp_filter.py), DIR/l0 an image
 * with /bin/true. Needs Linux 6.13 (floor_root.c).
 *
 * The rounds are apart by a few idle milliseconds: the kernel's RCU grace periods, which users pay
 * for, hide in a busy loop.
 */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define FIRST_ID 0x6f000000 /* free of /etc/subuid's and systemd-nspawn's ranges */
#define WARM_UP 2

static void clone_child(const struct floor *f, struct container *c)
{
	/* The cgroup namespace is left to the child: it must be unshared after joining. */
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
			 CLONE_NEWNET | (f->cgroups.unified ? CLONE_INTO_CGROUP : 0),
		.exit_signal = SIGCHLD,
		.cgroup = f->cgroups.unified ? (uint64_t)c->cgroup : 0,
	};

	c->pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (c->pid < 0)
		die("clone3");
	if (c->pid == 0) {
		close(c->socket);
		child_run(f, c);
	}
	close(c->child_socket);
}

static void map_ids(const struct floor *f, struct container *c)
{
	char path[64], map[64];

	snprintf(map, sizeof map, "0 %u 65536", f->first_id);
	snprintf(path, sizeof path, "/proc/%d/uid_map", c->pid);
	write_at(AT_FDCWD, path, map);
	snprintf(path, sizeof path, "/proc/%d/gid_map", c->pid);
	write_at(AT_FDCWD, path, map);
}

static int open_namespace(const struct container *c, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/%s", c->pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open %s", path);
	return fd;
}

/* Tells the child that its ids are mapped, with its root and /dev. */
static void send_mounts(const struct container *c)
{
	union {
		char space[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { .space = { 0 } };
	char byte = 1;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.space,
				  .msg_controllen = sizeof control.space };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(header), (int[]){ c->root, c->dev }, 2 * sizeof(int));
	if (sendmsg(c->socket, &message, MSG_NOSIGNAL) != 1)
		die("send mounts to the child");
}

static void start(const struct floor *f, struct container *c)
{
	root_make_directories(f, c);
	cgroups_make(&f->cgroups, c);
	clone_child(f, c);
	cgroups_release(&f->cgroups, c);
	map_ids(f, c);
	c->user_ns = open_namespace(c, "user");
	c->mount_ns = open_namespace(c, "mnt"); /* now: a child that has exited has none */
	root_make_overlay(f, c);
	root_make_dev(f, c);
	send_mounts(c);

	/* While the child works: closing a detached mount may wait for a grace period. The root and
	 * the mount namespace stay open until after the exit: the last reference pays for the
	 * teardown. */
	for (size_t i = 0; i < FLOOR_LAYERS + 1; i++)
		close(c->idmapped[i]);
	close(c->dev);
}

static void finish(const struct floor *f, struct container *c)
{
	int status;

	if (waitpid(c->pid, &status, 0) != c->pid)
		die("wait");
	if (status) {
		errno = 0;
		die("container %s: wait status %#x", c->id, (unsigned int)status);
	}
	cgroups_remove(&f->cgroups, c);
	close(c->root);
	close(c->mount_ns);
	close(c->user_ns);
	close(c->socket);
	root_remove_directories(c);
}

/* One container from nothing to nothing; microseconds. */
static double measure(const struct floor *f)
{
	static unsigned int serial;
	struct container c = { .cgroup = -1 };
	int sockets[2];

	snprintf(c.id, sizeof c.id, "c%d-%u", getpid(), ++serial);
	snprintf(c.dir, sizeof c.dir, "%s/run/%s", f->dir, c.id);
	snprintf(c.files, sizeof c.files, "%s/%s", f->files, c.id);
	uint64_t begin = now_ns();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		die("socketpair");
	c.socket = sockets[0];
	c.child_socket = sockets[1];
	start(f, &c);
	finish(f, &c);
	return (double)(now_ns() - begin) / 1000;
}

static void serve(const struct floor *f)
{
	char line[16];

	while (fgets(line, sizeof line, stdin)) {
		printf("%.1f\n", measure(f));
		fflush(stdout);
	}
}

static void report(const struct floor *f, unsigned int rounds, unsigned int gap_ms)
{
	double *samples = calloc(rounds, sizeof *samples);

	if (!samples)
		die("memory");
	for (unsigned int i = 0; i < rounds + WARM_UP; i++) {
		double us = measure(f);
		if (i >= WARM_UP)
			samples[i - WARM_UP] = us;
		sleep_ms(gap_ms);
	}
	printf("floor\t%u\t%.1f\t%.1f\t%.1f\n", rounds, quantile(samples, rounds, 0.5),
	       quantile(samples, rounds, 0.1), quantile(samples, rounds, 0.9));
	free(samples);
}

static void read_filter(struct sock_fprog *filter, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		die("open %s", path);
	size_t size = (size_t)st.st_size;
	errno = 0;
	if (size == 0 || size % sizeof *filter->filter ||
	    size / sizeof *filter->filter > BPF_MAXINSNS)
		die("%s: not a seccomp filter", path);
	filter->filter = malloc(size);
	if (!filter->filter || read(fd, filter->filter, size) != (ssize_t)size)
		die("read %s", path);
	filter->len = (unsigned short)(size / sizeof *filter->filter);
	close(fd);
}

static void prepare(struct floor *f, const char *filter)
{
	char path[256];

	for (int i = 0; i < FLOOR_LAYERS; i++) {
		snprintf(path, sizeof path, "%s/l%d", f->dir, i);
		f->layers[i] = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (f->layers[i] < 0)
			die("open layer %s", path);
	}
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", f->dir, i ? "mnt" : "run");
		if (mkdir(path, 0755) && errno != EEXIST)
			die("mkdir %s", path);
	}
	snprintf(f->files, sizeof f->files, "/dev/shm/bulkhead-floor.%d", getpid());
	if (mkdir(f->files, 0755))
		die("mkdir %s", f->files);
	f->empty = root_make_empty();
	read_filter(&f->filter, filter);
	cgroups_open(&f->cgroups);
	/* setfsuid(2), which the overlay needs (floor_root.c), would drop the capabilities over
	 * files. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
		die("securebits");
}

int main(int argc, char **argv)
{
	struct floor f = { .first_id = FIRST_ID };
	unsigned int rounds = 60, gap_ms = 20;
	const char *filter = NULL;
	bool serving = false;

	for (int option; (option = getopt(argc, argv, "n:g:r:f:s")) != -1;) {
		switch (option) {
		case 'n':
			rounds = parse_count("-n", optarg, 100000);
			break;
		case 'g':
			gap_ms = parse_count("-g", optarg, 10000);
			break;
		case 'r':
			f.dir = optarg;
			break;
		case 'f':
			filter = optarg;
			break;
		case 's':
			serving = true;
			break;
		default:
			return 2;
		}
	}
	errno = 0;
	if (!f.dir || !filter || rounds == 0 || optind != argc)
		die("usage: floor [-s | -n ROUNDS -g GAP_MS] -r DIR -f FILTER");
	prepare(&f, filter);
	if (serving)
		serve(&f);
	else
		report(&f, rounds, gap_ms);
	cgroups_close(&f.cgroups);
	if (rmdir(f.files))
		die("rmdir %s", f.files);
	free(f.filter.filter);
	return 0;
}
