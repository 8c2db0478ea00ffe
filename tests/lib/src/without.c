/*
 * `without CALL[,CALL...] PROGRAM [ARG...]` runs the program on a kernel that does not have these
 * system calls: they fail with ENOSYS (seccomp(2)), for it and for all that it starts. Of root: no
 * no_new_privs is set, which would change what is tested.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS_MAX 32

static const struct {
	const char *name;
	unsigned int number;
} known[] = {
	{ "clone3", SYS_clone3 },
	{ "close_range", SYS_close_range },
	{ "landlock", SYS_landlock_create_ruleset },
	{ "landlock", SYS_landlock_add_rule },
	{ "landlock", SYS_landlock_restrict_self },
	{ "mount_setattr", SYS_mount_setattr },
	{ "openat2", SYS_openat2 },
	{ "pidfd", SYS_pidfd_open },
	{ "pidfd", SYS_pidfd_send_signal },
	{ "pidfd", SYS_pidfd_getfd },
};

static struct sock_filter filter[2 + 2 * CALLS_MAX] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
};
static unsigned short n = 1;

static int take_away(const char *name)
{
	int found = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].name, name) == 0 && n + 3 < 2 + 2 * CALLS_MAX) {
			filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								   known[i].number, 0, 1);
			filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								   SECCOMP_RET_ERRNO | ENOSYS);
			found = 1;
		}
	return found;
}

int main(int argc, char **argv)
{
	struct sock_fprog program = { .filter = filter };
	char *save = NULL;

	if (argc < 3)
		return 2;
	for (char *name = strtok_r(argv[1], ",", &save); name; name = strtok_r(NULL, ",", &save))
		if (!take_away(name)) {
			fprintf(stderr, "without: no such call: %s\n", name);
			return 2;
		}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("without: seccomp");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
