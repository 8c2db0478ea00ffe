#include "oci/seccomp.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/seccomp_bpf.h"
#include "oci/seccomp_default.h"
#include "oci/seccomp_names.h"

#include "base/banned.h"

/*
 * Compiled programs on disk. What protects them is who may write there: the directory and each file
 * are ours alone; the checksum is against crashes and bad disks.
 */

/* Raised whenever the same profile may compile to something else. */
#define COMPILER_VERSION 1

#define KEY_SIZE 128
#define MAGIC UINT64_C(0x3146504243434553) /* "SECCBPF1", little-endian */

/* More programs than this, and all are thrown away: nobody has so many profiles. */
#define FILES_MAX 256

struct head {
	uint64_t magic;
	uint64_t checksum;  /* FNV-1a of all that follows it */
	char key[KEY_SIZE]; /* as in the file's name */
	uint32_t flags;
	uint32_t n_insns;
};

#define FILE_MAX (sizeof(struct head) + BPF_MAXINSNS * sizeof(struct sock_filter))

/* FNV-1a over words of 64 bits, which divides the time by eight; the layout has no odd bytes. */
static uint64_t checksum(const struct head *head, size_t length)
{
	const char *bytes = (const char *)head;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = offsetof(struct head, key); i + 8 <= length; i += 8) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
	}
	return sum;
}
_Static_assert(offsetof(struct head, key) % 8 == 0 && sizeof(struct head) % 8 == 0 &&
		       sizeof(struct sock_filter) == 8,
	       "the checksum takes whole words");

/* All that decides what the program is: the file's name and the key inside it. */
static struct error *make_key(const char *profile, size_t length,
			      const struct seccomp_options *options, char key[KEY_SIZE])
{
	char digest[DIGEST_SIZE];
	const char *hex = seccomp_default_digest;

	if (profile) {
		TRY(digest_of(profile, length, digest));
		hex = digest_hex(digest);
	}
	memset(key, 0, KEY_SIZE);
	snprintf(key, KEY_SIZE, "%s-%llx-%d-%x-%x-%d", hex,
		 (unsigned long long)options->capabilities, options->i386, options->kernel_version,
		 seccomp_native_arch, COMPILER_VERSION);
	return NULL;
}

/* Whether @fd is a file that only we can have written, of a possible size; *@ret_size gets it. */
static bool is_ours(int fd, size_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 07777) != 0600 ||
	    st.st_uid != geteuid() || st.st_nlink != 1 ||
	    st.st_size <= (off_t)sizeof(struct head) || st.st_size > (off_t)FILE_MAX)
		return false;
	*ret_size = (size_t)st.st_size;
	return true;
}

/* Whether the @size bytes at @head are a whole and sound program with that @key. */
static bool is_valid(const struct head *head, size_t size, const char key[KEY_SIZE])
{
	return head->magic == MAGIC && memcmp(head->key, key, KEY_SIZE) == 0 &&
	       head->n_insns <= BPF_MAXINSNS &&
	       size == sizeof(*head) + head->n_insns * sizeof(struct sock_filter) &&
	       head->checksum == checksum(head, size) &&
	       bpf_is_sound((const struct sock_filter *)(head + 1), head->n_insns);
}

static bool read_cached(int dir, const char key[KEY_SIZE], struct seccomp_program *ret)
{
	int fd autoclose = openat(dir, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct head *head autofree = NULL;
	size_t size;

	if (fd < 0 || !is_ours(fd, &size))
		return false;
	head = alloc_zeroed(1, size);
	if (read(fd, head, size) != (ssize_t)size || !is_valid(head, size, key))
		return false;
	ret->insns = alloc_zeroed(head->n_insns, sizeof(*ret->insns));
	memcpy(ret->insns, head + 1, head->n_insns * sizeof(*ret->insns));
	ret->n_insns = (unsigned short)head->n_insns;
	ret->flags = head->flags;
	return true;
}

/* Empties the directory once it holds more than FILES_MAX names. */
static struct error *limit_files(int dir)
{
	int copy autoclose = -1;
	struct dirent *entry;
	size_t n = 0;
	DIR *stream;

	TRY(path_open_dir(dir, ".", 0, &copy));
	stream = fdopendir(copy);
	if (!stream)
		return error_sys("read the directory");
	copy = -1; /* the stream's now */
	while (readdir(stream))
		n++;
	rewinddir(stream);
	while (n > FILES_MAX && (entry = readdir(stream)))
		if (path_is_name(entry->d_name))
			unlinkat(dir, entry->d_name, 0);
	closedir(stream);
	return NULL;
}

static struct error *write_cached(int dir, const char key[KEY_SIZE],
				  const struct seccomp_program *program)
{
	size_t code_size = program->n_insns * sizeof(*program->insns);
	size_t size = sizeof(struct head) + code_size;
	struct head *head autofree = alloc_zeroed(1, size);

	head->magic = MAGIC;
	memcpy(head->key, key, KEY_SIZE);
	head->flags = program->flags;
	head->n_insns = program->n_insns;
	memcpy(head + 1, program->insns, code_size);
	head->checksum = checksum(head, size);
	TRY(limit_files(dir));
	return path_replace(dir, key, head, size, 0600, false);
}

struct error *seccomp_load_cached(int cache_dir, const char *profile, size_t length,
				  const struct seccomp_options *options,
				  struct seccomp_program *ret)
{
	char key[KEY_SIZE];

	TRY(make_key(profile, length, options, key));
	if (cache_dir >= 0 && read_cached(cache_dir, key, ret))
		return NULL;
	if (!profile) {
		profile = seccomp_default_profile;
		length = seccomp_default_length;
	}
	TRY(seccomp_compile(profile, length, options, ret));
	if (cache_dir >= 0)
		error_ignore(write_cached(cache_dir, key, ret),
			     "a filter that is not kept is only compiled again");
	return NULL;
}
