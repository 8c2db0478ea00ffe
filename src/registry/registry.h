/*
 * Registries: the client's half of the OCI distribution specification 1.1 and of docker's registry
 * v2. Everything that touches the network is bulkhead-fetch's; what it brings is untrusted until
 * its digest is compared, which for documents is done here and for layers by whoever reads the
 * pipe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"

struct registry;

/* How registries are reached. Everything is the caller's and stays while a registry is open. */
struct registry_options {
	/*
	 * "host", "host:port" or a CIDR block: http, and certificates that cannot be checked, are
	 * accepted there. 127.0.0.0/8, ::1 and localhost count as named.
	 */
	char *const *insecure;
	char *const *mirrors;	   /* URLs that are asked first for what is on docker.io */
	const char *user, *secret; /* instead of the stored ones: for a login; or NULL */
	uint64_t stall_ms; /* without a byte for so long a connection counts as broken; 0: 60 s */
};

/*
 * A connection for one repository ("library/debian") of @host ("docker.io", "example.org:5000"). No
 * byte is sent before the first request. The caller closes.
 */
struct error *registry_open(const struct registry_options *options, const char *host,
			    const char *repository, struct registry **ret)
	__attribute__((nonnull, warn_unused_result));
void registry_close(struct registry *r);
DEFINE_AUTO(struct registry *, registry_close);
#define autoregistry __attribute__((cleanup(registry_close_p)))

/* A manifest or index, as it came. */
struct registry_document {
	struct buf text;
	char *media_type;
	char digest[DIGEST_SIZE]; /* of the text: computed, not what the registry said */
};
void registry_document_done(struct registry_document *d) __attribute__((nonnull));
#define autodocument __attribute__((cleanup(registry_document_done)))

/*
 * The digest that the registry says tag or digest @reference has; "" where it says none, which some
 * do. ERROR_NOT_FOUND, ERROR_UNAUTHENTICATED, ERROR_REFUSED.
 */
struct error *registry_head_manifest(struct registry *r, const char *reference,
				     char ret_digest[DIGEST_SIZE])
	__attribute__((nonnull, warn_unused_result));

/* The manifest of a tag or digest; one that was asked for by digest has it: ERROR_UNTRUSTED. */
struct error *registry_get_manifest(struct registry *r, const char *reference,
				    struct registry_document *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * A whole small blob of @size_bytes (a config), checked, into @b, whose maximum it may not exceed.
 */
struct error *registry_get_blob(struct registry *r, const char *digest, uint64_t size_bytes,
				struct buf *b) __attribute__((nonnull, warn_unused_result));

/*
 * Several blobs at once: @n connections, numbered from 0, of which each process of ours uses one at
 * a time; a fork(2)ed one may use those of its parent.
 */
struct error *registry_connect(struct registry *r, size_t n)
	__attribute__((nonnull, warn_unused_result));

struct registry_blob {
	const char *digest;
	uint64_t size_bytes;
};

/*
 * A pipe by which the bytes of a blob come, from @offset on, unchecked. The caller
 * closes it and then asks registry_end_blob() whether they all came.
 */
struct error *registry_open_blob(struct registry *r, size_t connection,
				 const struct registry_blob *blob, uint64_t offset, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));
struct error *registry_end_blob(struct registry *r, size_t connection)
	__attribute__((nonnull, warn_unused_result));

/* ---- pushing ---- */

/*
 * From now on tokens are for writing too, and for reading in @from (another repository; or NULL).
 */
void registry_will_push(struct registry *r, const char *from) __attribute__((nonnull(1)));

struct error *registry_has_blob(struct registry *r, const char *digest, bool *ret)
	__attribute__((nonnull, warn_unused_result));

struct registry_upload {
	struct registry_blob blob;
	int fd;		  /* a file with its bytes */
	const char *from; /* a repository of the same registry that has it; or NULL */
};

/*
 * Uploads a blob, going on where a connection broke; or has the registry take it over from .from,
 * if it will: *@ret_mounted.
 */
struct error *registry_put_blob(struct registry *r, const struct registry_upload *upload,
				bool *ret_mounted) __attribute__((nonnull, warn_unused_result));

struct error *registry_put_manifest(struct registry *r, const char *reference,
				    const char *media_type, int fd, uint64_t size_bytes)
	__attribute__((nonnull, warn_unused_result));

/* ---- the rest ---- */

/* All tags of the repository, page by page; the caller frees the strv. */
struct error *registry_list_tags(struct registry *r, char ***ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The index of what refers to the manifest @digest: signatures, lists of parts (distribution-spec
 * 1.1, "Listing Referrers"); of a registry that does not know of it by the tag that stands for it.
 * ERROR_NOT_FOUND: nothing does.
 */
struct error *registry_get_referrers(struct registry *r, const char *digest,
				     struct registry_document *ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether the registry lets us in at all: what a login tries. */
struct error *registry_ping(struct registry *r) __attribute__((nonnull, warn_unused_result));

/* ---- what is stored of users (docker's config.json and credential helpers) ---- */

/*
 * Keeps user and secret for @host where docker's client would look. *@ret_plain: in the file, in
 * the clear; the path, for a warning, which the caller frees; NULL where a helper has it.
 */
struct error *registry_store_login(const char *host, const char *user, const char *secret,
				   char **ret_plain) __attribute__((nonnull, warn_unused_result));

/* *@ret_was: there was one. */
struct error *registry_erase_login(const char *host, bool *ret_was)
	__attribute__((nonnull, warn_unused_result));

/* The stored user of @host, NULL when there is none; the caller frees. */
struct error *registry_stored_user(const char *host, char **ret)
	__attribute__((nonnull, warn_unused_result));
