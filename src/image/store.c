#include "image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/path.h"
#include "base/rand.h"
#include "base/strv.h"
#include "image/catalog.h"

#include "base/banned.h"

#define WORK_LOCK "lock"

/* ---- work directories ---- */

static struct error *open_work(struct image_store *store, const char *name, struct work *ret)
{
	struct stat st;

	TRY(path_open_dir(store->tmp, name, 0700, &ret->dir));
	TRY(lock_take(ret->dir, WORK_LOCK, &ret->lock));
	/* Who sweeps may have come between the two and removed the directory. */
	if (fstat(ret->dir, &st) < 0 || st.st_nlink == 0)
		return error_new(ERROR_SYSTEM,
				 "make a directory in the image store: it was removed");
	return NULL;
}

struct error *work_begin(struct image_store *store, struct work *ret)
{
	struct error *err = NULL;

	ret->store = store;
	for (int tries = 0; tries < 3; tries++) {
		error_free(err);
		fd_close(&ret->dir);
		fd_close(&ret->lock);
		rand_hex(ret->name, sizeof(ret->name) - 1);
		err = open_work(store, ret->name, ret);
		if (!err)
			break;
	}
	return err;
}

void work_end(struct work *w)
{
	struct error *err;

	if (w->dir < 0)
		return;
	err = path_remove_tree(w->store->tmp, w->name);
	if (err && (error_errno(err) == ENOTEMPTY || error_errno(err) == ENOENT)) {
		/* A helper that was just killed may have made one more file. */
		error_free(err);
		err = path_remove_tree(w->store->tmp, w->name);
	}
	error_ignore(err, "the next command removes what is left");
	fd_close(&w->dir);
	fd_close(&w->lock);
}

/* ---- partial blobs ---- */

/* Whether the file that was locked is still the one of that name: else it was moved or removed. */
static bool is_still_there(int dir, const char *name, int fd)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

struct error *store_partial_open(struct image_store *store, const char *digest, int *ret_fd)
{
	const char *hex = digest_hex(digest);

	for (;;) {
		int fd autoclose = openat(store->blobs, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			fd = openat(store->partial, hex, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
				    0600);
		else
			return *ret_fd = fd_take(&fd), NULL;
		if (fd < 0)
			return error_sys("make a file for a download");
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return error_sys("lock the file of a download");
		if (is_still_there(store->partial, hex, fd))
			return *ret_fd = fd_take(&fd), NULL;
	}
}

void store_partial_drop(struct image_store *store, const char *digest)
{
	if (unlinkat(store->partial, digest_hex(digest), 0) < 0 && errno != ENOENT)
		log_debug("image store: a partial download stays: %m");
}

/* ---- sweeping ---- */

typedef struct error *is_named_function(struct db *db, const char *name, bool *ret_named);

/* Names of @dir's entries for which @is_named says no. */
static struct error *list_unnamed(struct db *db, int dir, is_named_function *is_named, char ***ret)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error *err = NULL;
	struct dirent *entry;
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	bool named;

	if (!stream) {
		err = error_sys("list the image store");
		fd_close(&copy);
		return err;
	}
	while (!err && (entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		err = is_named(db, entry->d_name, &named);
		if (!err && !named)
			strv_add(ret, entry->d_name);
	}
	closedir(stream);
	return err;
}

static struct error *sweep_directory(struct image_store *store, int dir,
				     is_named_function *is_named, struct work *w)
{
	char **names autostrv = NULL;

	TRY(list_unnamed(store->db, dir, is_named, &names));
	for (size_t i = 0; names && names[i]; i++) {
		/* A layer and a blob may have the same name: hence the descriptor in it. */
		char *aside autofree = alloc_printf("unnamed-%d-%s", dir, names[i]);

		log_debug("image store: %s is in no image", names[i]);
		if (renameat(dir, names[i], w->dir, aside) < 0 && errno != ENOENT)
			return error_sys("move %s aside", names[i]);
	}
	return NULL;
}

struct error *store_sweep(struct image_store *store, struct work *w)
{
	struct error *err;

	TRY(db_begin(store->db, false));
	err = sweep_directory(store, store->layers, catalog_has_layer, w);
	if (!err)
		err = sweep_directory(store, store->blobs, catalog_has_blob, w);
	db_rollback(store->db); /* nothing was written: it was only the lock that was wanted */
	return err;
}

/* Removes the work of a command that is gone. *@ret_swept: there was some. */
static struct error *sweep_one(struct image_store *store, const char *name, bool *ret_swept)
{
	int dir autoclose = -1, lock autoclose = -1;
	struct error *err = path_open_dir(store->tmp, name, 0, &dir);

	if (!err)
		err = lock_try(dir, WORK_LOCK, &lock);
	if (err && error_errno(err) == ENOENT) { /* its owner has just ended it */
		error_free(err);
		return NULL;
	}
	TRY(err);
	if (lock < 0)
		return NULL;
	*ret_swept = true;
	return path_remove_tree(store->tmp, name);
}

static struct error *sweep_leftovers(struct image_store *store, DIR *stream)
{
	struct work w autowork = WORK_NONE;
	struct error *err = NULL;
	struct dirent *entry;
	bool swept = false;

	while (!err && (entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			err = sweep_one(store, entry->d_name, &swept);
	TRY(err);
	if (!swept)
		return NULL;
	/* It may have been killed between moving its layers into place and recording them. */
	TRY(work_begin(store, &w));
	return store_sweep(store, &w);
}

static struct error *sweep_tmp(struct image_store *store)
{
	int copy = openat(store->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	struct error *err;

	if (!stream) {
		err = error_sys("list the image store");
		fd_close(&copy);
		return err;
	}
	err = sweep_leftovers(store, stream);
	closedir(stream);
	return err;
}

/* ---- opening ---- */

static struct error *open_directories(struct image_store *store)
{
	int blobs autoclose = -1;

	TRY(path_open_dir(store->root, "layers", 0700, &store->layers));
	TRY(path_open_dir(store->root, "blobs", 0700, &blobs));
	TRY(path_open_dir(blobs, "sha256", 0700, &store->blobs));
	TRY(path_open_dir(store->root, "partial", 0700, &store->partial));
	return path_open_dir(store->root, "tmp", 0700, &store->tmp);
}

struct error *image_store_open(int root_dir, struct db *db, struct image_store **ret)
{
	struct image_store *store = alloc_zeroed(1, sizeof(*store));
	struct error *err;

	*store = (struct image_store){
		.db = db, .root = -1, .layers = -1, .blobs = -1, .partial = -1, .tmp = -1
	};
	store->root = fcntl(root_dir, F_DUPFD_CLOEXEC, 0);
	err = store->root < 0 ? error_sys("copy a descriptor") : open_directories(store);
	if (!err) /* what cannot be swept now hinders nobody: the next command tries again */
		error_ignore(sweep_tmp(store), "leftovers of another command stay");
	if (err) {
		image_store_close(store);
		return error_wrap(err, "image store");
	}
	*ret = store;
	return NULL;
}

void image_store_close(struct image_store *store)
{
	if (!store)
		return;
	fd_close(&store->root);
	fd_close(&store->layers);
	fd_close(&store->blobs);
	fd_close(&store->partial);
	fd_close(&store->tmp);
	free(store);
}

struct error *image_open_layers(struct image_store *store, const struct image *image, int *fds,
				size_t max, size_t *ret_n)
{
	size_t n = strv_length(image->layers);

	if (n > max)
		return error_new(ERROR_LIMIT, "image %s has %zu layers, more than %zu", image->id,
				 n, max);
	for (size_t i = 0; i < n; i++) {
		char *path autofree = alloc_printf("%s/diff", image->layers[i]);

		fds[i] = openat(store->layers, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fds[i] < 0) {
			struct error *err =
				error_sys("open layer %s of image %s", image->layers[i], image->id);

			while (i--)
				fd_close(&fds[i]);
			return err;
		}
	}
	*ret_n = n;
	return NULL;
}
