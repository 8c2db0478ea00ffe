/*
 * A layer through the unpacker with nothing around it: whatever the archive says, what lies beside
 * the target stays as it was.
 */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "helpers/unpack/layer.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct layer_limits limits = {
	.entries = 200,
	.bytes = 1 << 20,
	.file_bytes = 1 << 24,
	.path_length = 1000,
	.path_depth = 40,
	.xattrs = 8,
	.xattr_bytes = 2000,
};

static char place[] = "/tmp/bulkhead-fuzz-XXXXXX";
static int beside = -1;

static void remove_place(void)
{
	error_ignore(path_remove_tree(AT_FDCWD, place), "the program ends");
}

/* A directory with a file "sentinel" and the directory "target". */
static void make_place(void)
{
	struct error *err;

	umask(0);
	if (!mkdtemp(place))
		abort();
	atexit(remove_place);
	beside = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = path_replace(beside, "sentinel", "untouched", 9, 0666, false);
	assert(!err);
}

static size_t count_entries(void)
{
	int fd = openat(beside, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	size_t n = 0;

	assert(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void assert_untouched(void)
{
	char *text autofree = NULL;
	struct error *err = path_read_text(beside, "sentinel", 100, &text);
	struct stat st;

	assert(!err && strcmp(text, "untouched") == 0);
	assert(fstatat(beside, "sentinel", &st, AT_SYMLINK_NOFOLLOW) == 0);
	assert(st.st_nlink == 1 && st.st_mode == (S_IFREG | 0666));
	assert(count_entries() == 4); /* ".", "..", "sentinel", "target" */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int archive autoclose = memfd_create("layer", MFD_CLOEXEC);
	int target autoclose = -1;
	struct report report = { .fd = open("/dev/null", O_WRONLY | O_CLOEXEC) };
	struct error *err;

	if (beside < 0)
		make_place();
	if (mkdirat(beside, "target", 0755) < 0)
		abort();
	target = openat(beside, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd_write_all(archive, data, size);
	assert(!err && lseek(archive, 0, SEEK_SET) == 0);
	error_free(layer_unpack(archive, target, &limits, &report));
	assert_untouched();
	err = path_remove_tree(beside, "target");
	assert(!err);
	close(report.fd);
	return 0;
}
