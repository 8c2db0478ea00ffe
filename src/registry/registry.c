#include "registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base/strv.h"
#include "registry/connection.h"

#include "base/banned.h"

#define MANIFEST_MAX (4 << 20)
#define TAGS_MAX (4 << 20)
#define TAG_PAGES_MAX 1000

/* What is understood, in the order in which it is liked best. */
#define ACCEPT_MANIFEST                                                                            \
	"application/vnd.oci.image.index.v1+json\n"                                                \
	"application/vnd.docker.distribution.manifest.list.v2+json\n"                              \
	"application/vnd.oci.image.manifest.v1+json\n"                                             \
	"application/vnd.docker.distribution.manifest.v2+json"

#define ACCEPT_INDEX "application/vnd.oci.image.index.v1+json"

/* ---- what an answer means ---- */

struct error *connection_refusal(const struct registry *r, const struct fetcher_answer *a)
{
	return error_new(a->status == 401 ? ERROR_UNAUTHENTICATED : ERROR_REFUSED,
			 r->pushing ? "push access denied for %s, may require 'bulkhead login': %s"
				    : "pull access denied for %s, repository does not exist or may "
				      "require 'bulkhead login': %s",
			 r->shown_name, *a->message ? a->message : "unauthorized");
}

/* NULL for a success. @what: "manifest for debian:12". */
static struct error *judge(struct registry *r, const struct fetcher_answer *a, const char *what)
{
	if (a->status / 100 == 2)
		return NULL;
	if (a->status == 401 || a->status == 403)
		return connection_refusal(r, a);
	if (a->status == 404)
		return error_new(ERROR_NOT_FOUND, "%s not found%s%s", what, *a->message ? ": " : "",
				 a->message);
	if (a->status == 429)
		return error_new(ERROR_UNAVAILABLE, "%s: %s", what,
				 *a->message ? a->message
					     : "the registry answers: too many requests");
	return error_new(a->status >= 500 ? ERROR_UNAVAILABLE : ERROR_BAD_INPUT,
			 "%s: the registry answers %u%s%s", what, a->status,
			 *a->message ? ": " : "", a->message);
}

static char *manifest_path(const struct registry *r, const char *reference)
{
	return alloc_printf("/v2/%s/manifests/%s", r->repository, reference);
}

static char *blob_path(const struct registry *r, const char *digest)
{
	return alloc_printf("/v2/%s/blobs/%s", r->repository, digest);
}

static char *name_of_manifest(const struct registry *r, const char *reference)
{
	return alloc_printf("manifest for %s%c%s", r->shown_name,
			    digest_is_valid(reference) ? '@' : ':', reference);
}

/* ---- manifests ---- */

void registry_document_done(struct registry_document *d)
{
	buf_done(&d->text);
	free(d->media_type);
	*d = (struct registry_document){ 0 };
}

struct error *registry_head_manifest(struct registry *r, const char *reference,
				     char ret_digest[DIGEST_SIZE])
{
	char *path autofree = manifest_path(r, reference);
	char *what autofree = name_of_manifest(r, reference);
	struct fetcher_answer a autofetched = { 0 };
	struct buf nothing autobuf = BUF_MAX(1);

	TRY(connection_get(r,
			   &(struct fetcher_request){ .method = FETCH_HEAD,
						      .path = path,
						      .scope = r->scope,
						      .accept = ACCEPT_MANIFEST },
			   &a, &nothing));
	TRY(judge(r, &a, what));
	*ret_digest = '\0';
	if (digest_is_valid(a.digest))
		memcpy(ret_digest, a.digest, DIGEST_SIZE);
	return NULL;
}

/* A document, of the digest that the registry calls it by where it does. */
static struct error *get_document(struct registry *r, const char *path, const char *accept,
				  const char *what, struct registry_document *ret)
{
	struct registry_document d autodocument = { .text = BUF_MAX(MANIFEST_MAX) };
	struct fetcher_answer a autofetched = { 0 };

	TRY(connection_get(r,
			   &(struct fetcher_request){ .method = FETCH_GET,
						      .path = path,
						      .scope = r->scope,
						      .accept = accept,
						      .max = MANIFEST_MAX },
			   &a, &d.text));
	TRY(judge(r, &a, what));
	TRY(digest_of(buf_text(&d.text), d.text.length, d.digest));
	if (digest_is_valid(a.digest) && strcmp(a.digest, d.digest) != 0)
		return error_new(ERROR_UNTRUSTED,
				 "%s: the registry calls it %s, but what it sent is %s", what,
				 a.digest, d.digest);
	d.media_type = take(a.media_type);
	d.media_type[strcspn(d.media_type, "; \t")] = '\0'; /* parameters (RFC 9110, 8.3.1) */
	*ret = d;
	d = (struct registry_document){ 0 };
	return NULL;
}

struct error *registry_get_manifest(struct registry *r, const char *reference,
				    struct registry_document *ret)
{
	char *path autofree = manifest_path(r, reference);
	char *what autofree = name_of_manifest(r, reference);
	struct registry_document d autodocument = { 0 };

	TRY(get_document(r, path, ACCEPT_MANIFEST, what, &d));
	if (digest_is_valid(reference) && strcmp(reference, d.digest) != 0)
		return error_new(ERROR_UNTRUSTED, "%s: the registry sent another one, %s", what,
				 d.digest);
	*ret = d;
	d = (struct registry_document){ 0 };
	return NULL;
}

struct error *registry_get_referrers(struct registry *r, const char *digest,
				     struct registry_document *ret)
{
	char *path autofree = alloc_printf("/v2/%s/referrers/%s", r->repository, digest);
	char *what autofree = alloc_printf("referrers of %s@%s", r->shown_name, digest);
	char *tag autofree = alloc_printf("sha256-%s", digest_hex(digest));
	struct error *err = get_document(r, path, ACCEPT_INDEX, what, ret);

	if (!error_is(err, ERROR_NOT_FOUND))
		return err;
	error_free(err); /* a registry that knows nothing of referrers */
	return registry_get_manifest(r, tag, ret);
}

struct error *registry_put_manifest(struct registry *r, const char *reference,
				    const char *media_type, int fd, uint64_t size_bytes)
{
	char *path autofree = manifest_path(r, reference);
	char *what autofree = name_of_manifest(r, reference);
	struct fetcher_answer a autofetched = { 0 };
	struct buf answer autobuf = BUF_MAX(64 << 10);

	TRY(connection_get(r,
			   &(struct fetcher_request){ .method = FETCH_PUT,
						      .path = path,
						      .scope = r->scope,
						      .media_type = media_type,
						      .body = fd,
						      .has_body = true,
						      .body_length = size_bytes,
						      .max = 64 << 10 },
			   &a, &answer));
	return judge(r, &a, what);
}

/* ---- blobs ---- */

struct error *registry_get_blob(struct registry *r, const char *digest, uint64_t size_bytes,
				struct buf *b)
{
	char *path autofree = blob_path(r, digest),
		   *what autofree = alloc_printf("blob %s", digest);
	struct fetcher_answer a autofetched = { 0 };
	char found[DIGEST_SIZE];

	if (size_bytes > b->max)
		return error_new(ERROR_LIMIT, "%s: %ju bytes are more than %zu", what,
				 (uintmax_t)size_bytes, b->max);
	TRY(connection_get(
		r,
		&(struct fetcher_request){
			.method = FETCH_GET, .path = path, .scope = r->scope, .max = size_bytes },
		&a, b));
	TRY(judge(r, &a, what));
	TRY(digest_of(b->data ? b->data : "", b->length, found));
	if (b->length != size_bytes || strcmp(found, digest) != 0)
		return error_new(ERROR_UNTRUSTED,
				 "%s does not match its digest: %zu bytes came, of %s", what,
				 b->length, found);
	return NULL;
}

struct error *registry_open_blob(struct registry *r, size_t connection,
				 const struct registry_blob *blob, uint64_t offset, int *ret_fd)
{
	char *path autofree = blob_path(r, blob->digest),
		   *what autofree = alloc_printf("blob %s", blob->digest);
	struct fetcher_answer a autofetched = { 0 };
	struct fetcher *f = &r->fetchers[connection];
	int pipe autoclose = -1;
	struct error *err;

	TRY(fetcher_ask(f,
			&(struct fetcher_request){ .method = FETCH_GET,
						   .path = path,
						   .scope = r->scope,
						   .offset = offset,
						   .max = blob->size_bytes - offset },
			&a, &pipe));
	err = judge(r, &a, what);
	if (err) {
		fd_close(&pipe);
		error_ignore(fetcher_finish(f), "there is an error already");
		return err;
	}
	*ret_fd = fd_take(&pipe);
	return NULL;
}

struct error *registry_end_blob(struct registry *r, size_t connection)
{
	return fetcher_finish(&r->fetchers[connection]);
}

/* ---- tags ---- */

struct tags {
	char *name, **tags;
};
static const struct json_field tags_fields[] = {
	JSON_FIELD(tags, "name", name, JSON_TEXT, 0),
	JSON_FIELD(tags, "tags", tags, JSON_TEXTS, 0),
	{ 0 },
};
static const struct json_type tags_type = { .size = sizeof(struct tags), .fields = tags_fields };

/* The target of `</v2/…>; rel="next"` (RFC 8288); NULL without one. The caller frees. */
static char *next_page(const char *link)
{
	const char *start = strchr(link, '<'), *end = start ? strchr(start, '>') : NULL;

	if (!end || !strstr(end, "next"))
		return NULL;
	return alloc_string_n(start + 1, (size_t)(end - start - 1));
}

static struct error *list_page(struct registry *r, const char *path, char ***all, char **ret_next)
{
	char *what autofree = alloc_printf("tags of %s", r->shown_name);
	struct buf text autobuf = BUF_MAX(TAGS_MAX);
	struct fetcher_answer a autofetched = { 0 };
	struct tags page = { 0 };

	TRY(connection_get(
		r,
		&(struct fetcher_request){
			.method = FETCH_GET, .path = path, .scope = r->scope, .max = TAGS_MAX },
		&a, &text));
	TRY(judge(r, &a, what));
	TRY(error_wrap(json_decode_text(&tags_type, buf_text(&text), text.length, &page), "%s",
		       what));
	for (size_t i = 0; page.tags && page.tags[i]; i++)
		strv_add(all, page.tags[i]);
	json_done(&tags_type, &page);
	*ret_next = next_page(a.link);
	return NULL;
}

struct error *registry_list_tags(struct registry *r, char ***ret)
{
	char *path autofree = alloc_printf("/v2/%s/tags/list", r->repository);

	for (int pages = 0; path; pages++) {
		char *next = NULL;

		if (pages == TAG_PAGES_MAX)
			return error_new(ERROR_LIMIT, "tags of %s: more than %d pages",
					 r->shown_name, TAG_PAGES_MAX);
		TRY(list_page(r, path, ret, &next));
		free(path);
		path = next;
	}
	return NULL;
}

struct error *registry_ping(struct registry *r)
{
	struct buf text autobuf = BUF_MAX(64 << 10);
	struct fetcher_answer a autofetched = { 0 };

	TRY(connection_get(
		r,
		&(struct fetcher_request){ .method = FETCH_GET, .path = "/v2/", .max = 64 << 10 },
		&a, &text));
	if (a.status == 401 || a.status == 403)
		return error_new(ERROR_UNAUTHENTICATED, "unauthorized: %s",
				 *a.message ? a.message : "incorrect username or password");
	return judge(r, &a, "login");
}
