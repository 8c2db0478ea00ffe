/*
 * The image store: what containers are made of. Content-addressed: an image is named by the digest
 * of its config, a layer by its chain id (image-spec, config.md), every byte checked against its
 * digest before anything uses it. Archives are read only by bulkhead-unpack. A layer on disk holds
 * container ids 0-65535 and is shared by all containers.
 *
 * A reference is a name with a tag or digest ("debian", "debian:12", "example.org/a/b:c",
 * "name@sha256:…") or an image id or a prefix of one; names are normalized as docker does
 * (docker.io/library/debian:latest) and shown in the short form.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/db.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

struct image_store;

/* overlayfs takes 500 lower directories (OVL_MAX_STACK). */
#define IMAGE_LAYERS_MAX 500

/*
 * The "config" object of an image (image-spec, config.md; docker's Healthcheck and Shell kept as
 * JSON).
 */
struct image_config {
	char *user, *working_dir, *stop_signal;
	char **env, **entrypoint, **cmd, **shell, **on_build;
	char **exposed_ports, **volumes; /* sets */
	char **labels;			 /* map */
	json_t *healthcheck;
};
extern const struct json_type image_config_type;

struct image {
	char id[DIGEST_SIZE];
	char **names;	/* "debian:latest", short form */
	char **digests; /* "debian@sha256:…" */
	char *architecture, *os, *variant, *author, *comment;
	char *created; /* RFC 3339 */
	struct image_config config;
	char **diff_ids;
	char **layers; /* names of layer directories, lowest first */
	uint64_t size_bytes;
	int64_t loaded_ns;
};
void image_free(struct image *image);
DEFINE_AUTO(struct image *, image_free);
#define autoimage __attribute__((cleanup(image_free_p)))

/* The tables of this folder, for db_open(). */
extern const char image_schema[];

/*
 * Opens the store below @root_dir (which stays the caller's); finishes or removes what an
 * interrupted load left.
 */
struct error *image_store_open(int root_dir, struct db *db, struct image_store **ret)
	__attribute__((nonnull, warn_unused_result));
void image_store_close(struct image_store *store);

/* ERROR_NOT_FOUND "no such image: REF"; ERROR_BAD_INPUT for a malformed or ambiguous reference. */
struct error *image_find(struct image_store *store, const char *ref, struct image **ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether @image is for "linux/arm64" and such; ERROR_BAD_INPUT for what is no platform. */
struct error *image_is_for(const struct image *image, const char *platform, bool *ret)
	__attribute__((nonnull, warn_unused_result));

/* All images, newest first; the caller frees each and the array. */
struct error *image_list(struct image_store *store, struct image ***ret, size_t *ret_n)
	__attribute__((nonnull, warn_unused_result));

/* The JSON of GET /images/{name}/json; the caller json_decref()s. */
struct error *image_inspect(struct image_store *store, const char *ref, json_t **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Opens the directory of each layer of @image, lowest first, as O_PATH descriptors: at most @max,
 * their number in *@ret_n. The caller closes them.
 */
struct error *image_open_layers(struct image_store *store, const struct image *image, int *fds,
				size_t max, size_t *ret_n)
	__attribute__((nonnull, warn_unused_result));

/* A line for the user while loading ("Loaded image: debian:latest"); NULL for none. */
typedef void image_said(void *data, const char *line);

/*
 * Loads every image of an archive: docker-save or OCI, a file (plain, gzip, zstd), a pipe, or an
 * OCI layout directory. Whole or not at all for each image. @fd is the open archive, or the
 * directory. Of @transfer the platform, and whom to tell, count.
 */
struct image_transfer;
struct error *image_load(struct image_store *store, int fd, const struct image_transfer *transfer)
	__attribute__((nonnull, warn_unused_result));

/* How far one layer (or the whole, with .id NULL) is; docker's words. */
struct image_event {
	const char *id;			  /* twelve digits of the layer's digest */
	const char *status;		  /* "Downloading", "Pull complete" */
	uint64_t done_bytes, total_bytes; /* both 0 where nothing is counted */
};
typedef void image_watch(void *data, const struct image_event *event);

struct registry_options;
struct image_transfer {
	const struct registry_options *registry;
	const char *platform; /* "linux/arm64"; NULL: the host's */
	bool all_tags;
	image_said *said;   /* lines that docker prints too; NULL: nobody listens */
	image_watch *watch; /* NULL: nobody looks */
	void *data;
};

/*
 * Pulls the image that @ref names: manifest by its digest, config and every layer checked before
 * anything uses them, whole or not at all. What an earlier, interrupted pull has left is gone on
 * with, and what another one is fetching is waited for. @ret_id: NULL, or the image's id (of the
 * last one with .all_tags).
 */
struct error *image_pull(struct image_store *store, const char *ref,
			 const struct image_transfer *transfer, char *ret_id)
	__attribute__((nonnull(1, 2, 3), warn_unused_result));

/* Pushes the image that the name @ref means, or all of that name with .all_tags. */
struct error *image_push(struct image_store *store, const char *ref,
			 const struct image_transfer *transfer)
	__attribute__((nonnull, warn_unused_result));

/*
 * The manifest or index that @ref names at its registry, as text, whatever it is of; or with
 * @referrers the index of what refers to it. The caller frees.
 */
struct error *image_remote_manifest(const char *ref, const struct registry_options *options,
				    bool referrers, char **ret_text)
	__attribute__((nonnull, warn_unused_result));

struct image_import {
	const char *reference; /* NULL: no name */
	const char *message;
	/* Dockerfile instructions CMD ENTRYPOINT ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR */
	char **changes;
};
/* Makes an image of one layer from a tar archive of a root file system (plain, gzip, xz, zstd). */
struct error *image_import(struct image_store *store, int fd, const struct image_import *import,
			   char ret_id[DIGEST_SIZE]) __attribute__((nonnull, warn_unused_result));

/*
 * Writes the files of a container made of @image as a tar archive to @out: what it sees below its
 * root without its mounts. @upper is the upper directory of its overlay.
 */
struct error *image_export(struct image_store *store, const struct image *image, int upper, int out)
	__attribute__((nonnull, warn_unused_result));

struct image_commit {
	const char *reference;			/* NULL: no name */
	const char *author, *message, *command; /* NULL: none */
	char **changes;				/* as of struct image_import */
	const struct image_config *config; /* what the container runs with, before the changes */
};
/*
 * Makes an image of the one with the id @base and what is in the upper directory @upper of a
 * container's overlay: one more layer, unless it is empty.
 */
struct error *image_commit(struct image_store *store, const char *base, int upper,
			   const struct image_commit *c, char ret_id[DIGEST_SIZE])
	__attribute__((nonnull, warn_unused_result));

struct image_save {
	/* names, a repository for all its tags, or ids; a strv */
	char *const *references;
	const char *platform; /* "linux/arm64": another is ERROR_NOT_FOUND; NULL: any */
	bool oci_layout;      /* an OCI image layout without docker's own files */
};
/*
 * Writes images as a tar archive to @out. With .oci_layout manifests of docker's kind become the
 * OCI's, with another digest; else an image keeps the manifest that it came with.
 */
struct error *image_save(struct image_store *store, const struct image_save *what, int out)
	__attribute__((nonnull, warn_unused_result));

/* The JSON of GET /images/{name}/history, the newest first; the caller json_decref()s. */
struct error *image_history(struct image_store *store, const char *ref, json_t **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The bytes of all layers, unpacked and as they came; of an image's as they came; and of an
 * image's, unpacked, that others have too.
 */
struct error *image_store_size(struct image_store *store, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));
struct error *image_content_size(struct image_store *store, const char *id, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));
struct error *image_shared_size(struct image_store *store, const char *id, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));

struct image_verify {
	char *const *references; /* names or ids; NULL or none: every image */
	bool fix;		 /* puts a layer's fresh files in the place of damaged ones */
	image_said *said;	 /* a line for each thing that is damaged */
	void *data;
	/*
	 * Called before the files of @layer are exchanged, and after: between the two no container
	 * that lies on them can start. *@ret_busy: one runs, and they have to stay. It is in a
	 * transaction that writes. NULL: nobody uses them.
	 */
	struct error *(*hold)(void *hold_data, const char *layer, bool *ret_busy);
	void (*release)(void *hold_data);
	void *hold_data;
};
struct image_verified {
	size_t n_images, n_layers, n_blobs, n_damaged, n_healed;
};
/*
 * Hashes the blobs of images, unpacks their layers anew, and compares. What is damaged is told and
 * counted, which is no error.
 */
struct error *image_verify(struct image_store *store, const struct image_verify *what,
			   struct image_verified *ret) __attribute__((nonnull, warn_unused_result));

/* Gives an image one more name. */
struct error *image_tag(struct image_store *store, const char *ref, const char *name)
	__attribute__((nonnull, warn_unused_result));

/*
 * Removes the name @ref, or the image with all its names for an id (ERROR_CONFLICT when it has
 * several and not @force); with the last name also the image, and its layers unless other images
 * use them. Adds "Untagged: …" and "Deleted: …" to @ret_lines. Whether containers use it is the
 * caller's question.
 */
struct error *image_remove(struct image_store *store, const char *ref, bool force,
			   char ***ret_lines) __attribute__((nonnull, warn_unused_result));

/*
 * The parts of a reference as it is known to a registry: "docker.io", "library/debian", ":latest"
 * (or "@sha256:…"). The caller frees them.
 */
struct error *image_reference_split(const char *text, char **ret_host, char **ret_repository,
				    char **ret_rest) __attribute__((nonnull, warn_unused_result));

/*
 * Whether @text is a well-formed name[:tag] for an image, and its short form with the tag; the
 * caller frees.
 */
struct error *image_reference_parse(const char *text, char **ret_short)
	__attribute__((nonnull, warn_unused_result));
