#include "engine/size.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

#include "base/banned.h"

#define SIZE_DEPTH_MAX 512

static int64_t size_of(int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *stream = fd < 0 || depth > SIZE_DEPTH_MAX ? NULL : fdopendir(fd);
	struct dirent *entry;
	int64_t total = 0;
	struct stat st;

	if (!stream) {
		fd_close(&fd);
		return 0;
	}
	while ((entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			total += size_of(fd, entry->d_name, depth + 1);
		else if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
			total += st.st_size;
	}
	closedir(stream);
	return total;
}

int64_t size_of_tree(int parent, const char *name)
{
	return size_of(parent, name, 0);
}
