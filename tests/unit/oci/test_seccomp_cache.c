/* Compiled filters on disk: used when right, made again when anything about them is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/fd.h"
#include "base/path.h"
#include "oci/seccomp.h"

static const char profile[] = "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
			      "{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";

struct fixture {
	char path[64];
	int dir;
	struct seccomp_options options;
};

static int set_up(void **state)
{
	struct fixture *f = alloc_zeroed(1, sizeof(*f));

	snprintf(f->path, sizeof(f->path), "/tmp/bulkhead-seccomp-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->options = (struct seccomp_options){ .capabilities = caps_default(),
					       .kernel_version = KERNEL_VERSION(6, 1, 0) };
	*state = f;
	return f->dir < 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	error_free(path_remove_tree(AT_FDCWD, f->path));
	close(f->dir);
	free(f);
	return 0;
}

/* The only file in the cache, "" when there is none; more than one fails. */
static void find_file(const struct fixture *f, char name[256])
{
	DIR *stream = opendir(f->path);
	struct dirent *entry;
	size_t n = 0;

	assert_non_null(stream);
	name[0] = '\0';
	while ((entry = readdir(stream))) {
		if (!path_is_name(entry->d_name))
			continue;
		snprintf(name, 256, "%s", entry->d_name);
		n++;
	}
	closedir(stream);
	assert_in_range(n, 0, 1);
}

static void load(const struct fixture *f, struct seccomp_program *ret)
{
	struct error *err = seccomp_load_cached(f->dir, profile, strlen(profile), &f->options, ret);

	if (err)
		fail_msg("%s", error_message(err));
}

static void assert_same(const struct seccomp_program *a, const struct seccomp_program *b)
{
	assert_int_equal(a->n_insns, b->n_insns);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->notifies, b->notifies);
	assert_memory_equal(a->insns, b->insns, a->n_insns * sizeof(*a->insns));
}

static ino_t inode(const struct fixture *f, const char *name)
{
	struct stat st;

	return fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
}

static void the_second_time_reads_the_file(void **state)
{
	struct fixture *f = *state;
	struct seccomp_program first autoseccomp = { 0 }, second autoseccomp = { 0 };
	char name[256];
	struct stat st;
	ino_t before;

	load(f, &first);
	find_file(f, name);
	assert_int_equal(fstatat(f->dir, name, &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	before = inode(f, name);
	load(f, &second);
	assert_same(&first, &second);
	assert_int_equal(inode(f, name), before); /* not written again */
}

static void each_option_has_its_own_file(void **state)
{
	struct fixture *f = *state;
	char names[7][256];

	for (unsigned int i = 0; i < 7; i++) {
		struct seccomp_options o = f->options;
		struct seccomp_program p autoseccomp = { 0 };
		const char *text = i == 4 ? NULL : profile;

		o.capabilities ^= i == 1;
		o.i386 = i == 2;
		o.kernel_version += i == 3 ? 0x100 : 0;
		o.x32 = i == 5;
		o.listener = i == 6;
		assert_null(seccomp_load_cached(f->dir, text, strlen(profile), &o, &p));
		find_file(f, names[i]);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(names[i], names[j]);
		assert_int_equal(unlinkat(f->dir, names[i], 0), 0);
	}
}

static void what_notifies_does_so_the_second_time(void **state)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
				   "{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}";
	struct fixture *f = *state;
	struct seccomp_program first autoseccomp = { 0 }, second autoseccomp = { 0 };

	f->options.listener = true;
	assert_null(seccomp_load_cached(f->dir, text, strlen(text), &f->options, &first));
	assert_true(first.notifies);
	assert_null(seccomp_load_cached(f->dir, text, strlen(text), &f->options, &second));
	assert_same(&first, &second);
}

/* Flips one byte at @offset of the file (from its end when negative). */
static void damage(const struct fixture *f, const char *name, off_t offset)
{
	int fd autoclose = openat(f->dir, name, O_RDWR | O_CLOEXEC);
	struct stat st;
	char c;

	assert_int_equal(fstat(fd, &st), 0);
	if (offset < 0)
		offset += st.st_size;
	assert_int_equal(pread(fd, &c, 1, offset), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, offset), 1);
}

enum harm {
	HARM_MAGIC,
	HARM_CHECKSUM,
	HARM_KEY,
	HARM_FLAGS,
	HARM_COUNT,
	HARM_CODE,
	HARM_SHORTER,
	HARM_LONGER,
	HARM_EMPTY,
	HARM_HUGE,
	HARM_MODE,
	HARM_OWNER,
	HARM_HARD_LINK,
	HARM_SYMLINK,
	HARM_FIFO,
	HARM_END,
};

static void do_harm(const struct fixture *f, const char *name, enum harm harm)
{
	char path[400], other[400];

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	snprintf(other, sizeof(other), "%s-other", f->path);
	switch (harm) {
	case HARM_MAGIC:
		return damage(f, name, 0);
	case HARM_CHECKSUM:
		return damage(f, name, 8);
	case HARM_KEY:
		return damage(f, name, 16);
	case HARM_FLAGS:
		return damage(f, name, 16 + 128);
	case HARM_COUNT:
		return damage(f, name, 16 + 128 + 4);
	case HARM_CODE:
		return damage(f, name, -5); /* the last instruction's operand */
	case HARM_SHORTER:
		assert_int_equal(truncate(path, 160), 0);
		return;
	case HARM_LONGER:
		assert_int_equal(truncate(path, 2000), 0);
		return;
	case HARM_EMPTY:
		assert_int_equal(truncate(path, 0), 0);
		return;
	case HARM_HUGE:
		assert_int_equal(truncate(path, 1 << 30), 0);
		return;
	case HARM_MODE:
		assert_int_equal(chmod(path, 0644), 0);
		return;
	case HARM_OWNER:
		assert_int_equal(chown(path, geteuid() ? (uid_t)-1 : 65534, (gid_t)-1), 0);
		return;
	case HARM_HARD_LINK:
		unlink(other);
		assert_int_equal(link(path, other), 0);
		return;
	case HARM_SYMLINK:
		unlink(other);
		assert_int_equal(rename(path, other), 0);
		assert_int_equal(symlink(other, path), 0);
		return;
	case HARM_FIFO:
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkfifo(path, 0600), 0);
		return;
	case HARM_END:
		break;
	}
}

static void whatever_is_wrong_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct seccomp_program good autoseccomp = { 0 };
	char name[256], other[400];

	load(f, &good);
	find_file(f, name);
	snprintf(other, sizeof(other), "%s-other", f->path);
	for (enum harm harm = 0; harm < HARM_END; harm++) {
		struct seccomp_program again autoseccomp = { 0 };
		struct stat st;
		ino_t before;

		if (harm == HARM_OWNER && geteuid() != 0)
			continue; /* only root can give a file away */
		do_harm(f, name, harm);
		before = inode(f, name);
		load(f, &again);
		assert_same(&good, &again);
		if (inode(f, name) == before)
			fail_msg("harm %d went unnoticed", (int)harm);
		assert_int_equal(fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0600);
		assert_int_equal(st.st_nlink, 1);
		unlink(other);
	}
}

/* One that is sealed with the right checksum but was never compiled here. */
static void unsound_code_is_refused_even_with_its_checksum(void **state)
{
	struct fixture *f = *state;
	struct seccomp_program good autoseccomp = { 0 }, again autoseccomp = { 0 };
	struct sock_filter jump = BPF_STMT(BPF_JMP | BPF_JA, 1000);
	struct buf b autobuf = BUF_MAX(100000);
	uint64_t sum = UINT64_C(0xcbf29ce484222325), word;
	char name[256];

	load(f, &good);
	find_file(f, name);
	assert_null(path_read(f->dir, name, &b));
	memcpy(b.data + b.length - good.n_insns * sizeof(jump), &jump, sizeof(jump));
	for (size_t i = 16; i < b.length; i += 8) {
		memcpy(&word, b.data + i, 8);
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
	}
	memcpy(b.data + 8, &sum, 8);
	assert_null(path_replace(f->dir, name, b.data, b.length, 0600, false));
	load(f, &again);
	assert_same(&good, &again);
}

static void without_a_writable_cache_it_works(void **state)
{
	struct fixture *f = *state;
	struct seccomp_program a autoseccomp = { 0 }, b autoseccomp = { 0 };
	int proc autoclose = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_null(seccomp_load_cached(-1, profile, strlen(profile), &f->options, &a));
	assert_null(seccomp_load_cached(proc, profile, strlen(profile), &f->options, &b));
	assert_same(&a, &b);
}

static void a_bad_profile_leaves_no_file(void **state)
{
	struct fixture *f = *state;
	struct seccomp_program p autoseccomp = { 0 };
	struct error *err autoerror = NULL;
	char name[256];

	err = seccomp_load_cached(f->dir, "{}", 2, &f->options, &p);
	assert_true(error_is(err, ERROR_BAD_INPUT));
	find_file(f, name);
	assert_string_equal(name, "");
}

static void the_cache_does_not_grow_for_ever(void **state)
{
	struct fixture *f = *state;
	DIR *stream;
	size_t n = 0;

	for (unsigned int i = 0; i < 600; i++) {
		struct seccomp_program p autoseccomp = { 0 };
		struct seccomp_options o = f->options;

		o.capabilities = i;
		assert_null(seccomp_load_cached(f->dir, profile, strlen(profile), &o, &p));
	}
	stream = opendir(f->path);
	assert_non_null(stream);
	while (readdir(stream))
		n++;
	closedir(stream);
	assert_in_range(n, 1, 300);
}

static double microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Not a benchmark: that a hit does not compile shows in any build on any machine. */
static void a_hit_is_much_cheaper_than_compiling(void **state)
{
	struct fixture *f = *state;
	double begin = microseconds(), miss, hit;

	for (unsigned int i = 0; i < 20; i++) {
		struct seccomp_program p autoseccomp = { 0 };

		assert_null(seccomp_load_cached(-1, NULL, 0, &f->options, &p));
	}
	miss = (microseconds() - begin) / 20;
	begin = microseconds();
	for (unsigned int i = 0; i < 500; i++) {
		struct seccomp_program p autoseccomp = { 0 };

		assert_null(seccomp_load_cached(f->dir, NULL, 0, &f->options, &p));
	}
	hit = (microseconds() - begin) / 500;
	print_message("built-in profile: compiled in %.0f us, read in %.1f us\n", miss, hit);
	assert_true(hit < miss / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_second_time_reads_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(each_option_has_its_own_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_notifies_does_so_the_second_time, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(whatever_is_wrong_is_made_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unsound_code_is_refused_even_with_its_checksum,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_writable_cache_it_works, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_bad_profile_leaves_no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_cache_does_not_grow_for_ever, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_hit_is_much_cheaper_than_compiling, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
