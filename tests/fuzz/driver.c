/*
 * The plain driver of a fuzz target, for any compiler: runs every file named on the command line
 * (a directory: every file in it), then random mutations of them.
 *
 *   FUZZ_SECONDS  how long to mutate; 0 or unset: the corpus only
 *   FUZZ_SEED     the first state of the generator; printed, so that a find can be repeated
 *
 * The input that is being tried is kept in fuzz-crash-PID, which is removed at a good end: after a
 * crash it is the reproducer. No coverage guides it; libFuzzer (-Dfuzz=true) does that.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#include "base/banned.h"

#define INPUT_MAX 65536
#define INPUTS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	uint8_t *data;
	size_t size;
};

static struct input inputs[INPUTS_MAX];
static size_t n_inputs;

/* The input under trial, in a file that outlives a crash. */
static char trial_name[64];
static uint8_t *trial;
static int trial_fd = -1;

static void must(struct error *err)
{
	if (!err)
		return;
	fprintf(stderr, "fuzz: %s\n", error_message(err));
	exit(2);
}

static struct error *open_trial(void)
{
	snprintf(trial_name, sizeof(trial_name), "fuzz-crash-%d", (int)getpid());
	trial_fd = open(trial_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (trial_fd < 0 || ftruncate(trial_fd, INPUT_MAX) < 0)
		return error_sys("make %s", trial_name);
	trial = mmap(NULL, INPUT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, trial_fd, 0);
	if (trial == MAP_FAILED)
		return error_sys("map %s", trial_name);
	return NULL;
}

/* Runs one input from memory of exactly its size, so that AddressSanitizer sees its end. */
static struct error *try_input(const uint8_t *data, size_t size)
{
	uint8_t *copy autofree = alloc_zeroed(size, 1);

	memcpy(copy, data, size);
	memcpy(trial, data, size);
	if (ftruncate(trial_fd, (off_t)size) < 0 || ftruncate(trial_fd, INPUT_MAX) < 0)
		return error_sys("resize %s", trial_name);
	LLVMFuzzerTestOneInput(copy, size);
	return NULL;
}

static struct error *read_file(int dir, const char *name)
{
	struct buf b autobuf = BUF_MAX(INPUT_MAX);
	int fd autoclose = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct input *in = &inputs[n_inputs];

	if (fd < 0)
		return error_sys("open %s", name);
	if (n_inputs == INPUTS_MAX)
		return error_new(ERROR_LIMIT, "more than %d inputs", INPUTS_MAX);
	TRY(error_wrap(fd_read_all(fd, &b), "%s", name));
	in->size = b.length;
	in->data = (uint8_t *)buf_take(&b);
	n_inputs++;
	return NULL;
}

static struct error *read_corpus(const char *path)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (stat(path, &st) < 0)
		return error_sys("%s", path);
	if (!S_ISDIR(st.st_mode))
		return read_file(AT_FDCWD, path);
	dir = opendir(path);
	if (!dir)
		return error_sys("%s", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			must(read_file(dirfd(dir), entry->d_name));
	closedir(dir);
	return NULL;
}

/* xorshift64*: repeatable from its seed, which is all that is asked of it. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static size_t below(uint64_t *state, size_t n)
{
	return n ? (size_t)(next_random(state) % n) : 0;
}

/* Changes @data in one of the ways that parsers dislike; returns its new size. */
static size_t mutate(uint8_t *data, size_t size, uint64_t *state)
{
	static const uint8_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, '"', '\\', '{', '[', '-', '.', '9' };
	const struct input *other = &inputs[below(state, n_inputs)];
	size_t at = below(state, size), n = 1 + below(state, 8);

	switch (below(state, 6)) {
	case 0: /* flip a bit */
		if (size)
			data[at] ^= (uint8_t)(1U << below(state, 8));
		return size;
	case 1: /* a byte of the odd ones */
		if (size)
			data[at] = odd[below(state, sizeof(odd))];
		return size;
	case 2: /* cut the end off */
		return at;
	case 3: /* take some bytes out */
		n = n > size - at ? size - at : n;
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	case 4: /* repeat some bytes */
		n = n > size - at ? size - at : n;
		n = n > INPUT_MAX - size ? INPUT_MAX - size : n;
		memmove(data + at + n, data + at, size - at);
		return size + n;
	default: /* continue with the tail of another input */
		n = below(state, other->size);
		if (other->size - n > INPUT_MAX - at)
			return size;
		memcpy(data + at, other->data + n, other->size - n);
		return at + other->size - n;
	}
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t value = otherwise;

	if (text)
		must(error_wrap(str_parse_u64(text, 0, UINT64_MAX, &value), "%s", name));
	return value;
}

static uint64_t mutate_until(time_t end, uint64_t seed)
{
	uint8_t *data autofree = alloc_zeroed(INPUT_MAX, 1);
	uint64_t state = seed | 1, runs = 0;

	for (; time(NULL) < end; runs++) {
		const struct input *in = &inputs[below(&state, n_inputs)];
		size_t size = in->size;

		memcpy(data, in->data, size);
		for (size_t n = 1 + below(&state, 5); n; n--)
			size = mutate(data, size, &state);
		must(try_input(data, size));
	}
	return runs;
}

int main(int argc, char **argv)
{
	uint64_t seconds = setting("FUZZ_SECONDS", 0);
	uint64_t seed = setting("FUZZ_SEED", (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32);
	uint64_t runs = 0;

	for (int i = 1; i < argc; i++)
		must(read_corpus(argv[i]));
	if (!n_inputs)
		must(error_new(ERROR_BAD_INPUT, "no inputs: name files or directories"));
	must(open_trial());
	for (size_t i = 0; i < n_inputs; i++)
		must(try_input(inputs[i].data, inputs[i].size));
	if (seconds) {
		fprintf(stderr, "fuzz: FUZZ_SEED=%ju\n", (uintmax_t)seed);
		runs = mutate_until(time(NULL) + (time_t)seconds, seed);
	}
	unlink(trial_name);
	printf("%zu inputs, %ju mutations\n", n_inputs, (uintmax_t)runs);
	return 0;
}
