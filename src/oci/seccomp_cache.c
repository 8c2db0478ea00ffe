#include "oci/seccomp.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Raised whenever the same profile may compile to something else, or the file's layout changes. */
#define COMPILER_VERSION 3

#define KEY_SIZE 128
#define MAGIC UINT64_C(0x3246504243434553) /* "SECCBPF2", little-endian */

/* More programs than this, and all are thrown away: nobody has so many profiles. */
#define FILES_MAX 256

/*
 * The program follows, and then the profile it was made from, padded with zeroes: two profiles that
 * share a name are told apart by their texts, so that the name need not be a digest, whose library
 * takes longer to load than everything else here.
 */
struct head {
	uint64_t magic;
	uint64_t checksum;  /* FNV-1a of all that follows it */
	char key[KEY_SIZE]; /* as in the file's name */
	uint32_t flags;	    /* of seccomp(2), a listener's too */
	uint32_t n_insns;
	uint64_t text_length; /* 0: the built-in profile */
};

#define FILE_MAX                                                                                   \
	(sizeof(struct head) + BPF_MAXINSNS * sizeof(struct sock_filter) + SECCOMP_PROFILE_MAX + 8)

/* FNV-1a over words of 64 bits, which divides the time by eight. */
static uint64_t sum_words(const void *data, size_t length)
{
	const char *bytes = data;
	uint64_t sum = UINT64_C(0xcbf29ce484222325), word;

	for (; length >= sizeof(word); length -= sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
	}
	word = 0;
	memcpy(&word, bytes, length);
	return (sum ^ word) * UINT64_C(0x100000001b3);
}

static uint64_t checksum(const struct head *head, size_t length)
{
	return sum_words(head->key, length - offsetof(struct head, key));
}
_Static_assert(offsetof(struct head, key) % 8 == 0 && sizeof(struct head) % 8 == 0 &&
		       sizeof(struct sock_filter) == 8,
	       "the checksum takes whole words");

/* What is looked for: the text, and all else that decides what the program is. */
struct wanted {
	const char *text; /* NULL: the built-in profile */
	size_t text_length;
	char key[KEY_SIZE]; /* the file's name */
};

static int bits_of(const struct seccomp_options *o)
{
	return o->i386 | o->x32 << 1 | o->listener << 2;
}

static struct wanted make_wanted(const char *profile, size_t length,
				 const struct seccomp_options *options)
{
	struct wanted w = { .text = profile, .text_length = profile ? length : 0 };
	char name[20];

	snprintf(name, sizeof(name), "%016llx",
		 (unsigned long long)(profile ? sum_words(profile, length) : 0));
	snprintf(w.key, KEY_SIZE, "%s-%llx-%d-%x-%x-%d", profile ? name : seccomp_default_digest,
		 (unsigned long long)options->capabilities, bits_of(options),
		 options->kernel_version, seccomp_native_arch, COMPILER_VERSION);
	return w;
}

static size_t padded(uint64_t length)
{
	return (size_t)(length + 7) & ~(size_t)7;
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

/* Whether the @size bytes at @head are a whole and sound program made from what is wanted. */
static bool is_valid(const struct head *head, size_t size, const struct wanted *w)
{
	size_t code_size;

	if (head->magic != MAGIC || memcmp(head->key, w->key, KEY_SIZE) != 0 ||
	    head->n_insns > BPF_MAXINSNS || head->text_length != w->text_length)
		return false;
	code_size = head->n_insns * sizeof(struct sock_filter);
	return size == sizeof(*head) + code_size + padded(w->text_length) &&
	       head->checksum == checksum(head, size) &&
	       memcmp((const char *)(head + 1) + code_size, w->text ? w->text : "",
		      w->text_length) == 0 &&
	       bpf_is_sound((const struct sock_filter *)(head + 1), head->n_insns);
}

static bool read_cached(int dir, const struct wanted *w, struct seccomp_program *ret)
{
	int fd autoclose = openat(dir, w->key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct head *head autofree = NULL;
	size_t size;

	if (fd < 0 || !is_ours(fd, &size))
		return false;
	head = alloc_zeroed(1, size);
	if (read(fd, head, size) != (ssize_t)size || !is_valid(head, size, w))
		return false;
	ret->insns = alloc_zeroed(head->n_insns, sizeof(*ret->insns));
	memcpy(ret->insns, head + 1, head->n_insns * sizeof(*ret->insns));
	ret->n_insns = (unsigned short)head->n_insns;
	ret->flags = head->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_NEW_LISTENER;
	ret->notifies = head->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
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

static struct error *write_cached(int dir, const struct wanted *w,
				  const struct seccomp_program *program)
{
	size_t code_size = program->n_insns * sizeof(*program->insns);
	size_t size = sizeof(struct head) + code_size + padded(w->text_length);
	struct head *head autofree = alloc_zeroed(1, size);

	head->magic = MAGIC;
	memcpy(head->key, w->key, KEY_SIZE);
	head->flags = program->flags | (program->notifies ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
	head->n_insns = program->n_insns;
	head->text_length = w->text_length;
	memcpy(head + 1, program->insns, code_size);
	if (w->text)
		memcpy((char *)(head + 1) + code_size, w->text, w->text_length);
	head->checksum = checksum(head, size);
	TRY(limit_files(dir));
	return path_replace(dir, w->key, head, size, 0600, false);
}

struct error *seccomp_load_cached(int cache_dir, const char *profile, size_t length,
				  const struct seccomp_options *options,
				  struct seccomp_program *ret)
{
	struct wanted w = make_wanted(profile, length, options);

	if (cache_dir >= 0 && read_cached(cache_dir, &w, ret))
		return NULL;
	if (!profile) {
		profile = seccomp_default_profile;
		length = seccomp_default_length;
	}
	TRY(seccomp_compile(profile, length, options, ret));
	if (cache_dir >= 0)
		error_ignore(write_cached(cache_dir, &w, ret),
			     "a filter that is not kept is only compiled again");
	return NULL;
}
