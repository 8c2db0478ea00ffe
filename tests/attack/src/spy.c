/*
 * `spy SECONDS` looks at every other process of its container again and again (CVE-2016-9962): it
 * prints "descriptor" when one of theirs leads to a directory with a file "secret" in it, and
 * "memory" when it may open the memory of one that does not run a program of this root.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int look_at_descriptors(int pid)
{
	for (int n = 3; n < 32; n++) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d/secret", pid, n);
		if (stat(path, &st) == 0)
			return 1;
	}
	return 0;
}

static int look_at_memory(int pid)
{
	char path[64], exe[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = '\0';
	return n > 0 && strcmp(exe, "/bin/busybox") != 0 && strcmp(exe, "/spy") != 0;
}

static int look(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	while (proc && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);

		if (pid <= 0 || pid == getpid())
			continue;
		if (look_at_descriptors(pid))
			found |= 1;
		if (look_at_memory(pid))
			found |= 2;
	}
	closedir(proc);
	return found;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc == 2 ? atoi(argv[1]) : 1);
	int found = 0;

	while (time(NULL) < end)
		found |= look();
	puts(found == 0	  ? "nothing"
	     : found == 1 ? "descriptor"
	     : found == 2 ? "memory"
			  : "descriptor memory");
	return 0;
}
