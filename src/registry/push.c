/* The writing half of a registry's client (distribution-spec 1.1, "Pushing blobs"). */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "registry/connection.h"

#include "base/banned.h"

#define ANSWER_MAX (64 << 10)

/* How often an upload goes on where its connection broke. */
#define RESUMES_MAX 5

static struct error *unexpected(const char *what, const struct fetcher_answer *a)
{
	return error_new(a->status >= 500 || a->status == 429 ? ERROR_UNAVAILABLE : ERROR_BAD_INPUT,
			 "%s: the registry answers %u%s%s", what, a->status,
			 *a->message ? ": " : "", a->message);
}

static struct error *ask(struct registry *r, const struct fetcher_request *q,
			 struct fetcher_answer *ret)
{
	struct buf body autobuf = BUF_MAX(ANSWER_MAX);
	struct fetcher_request with = *q;

	with.scope = r->scope;
	with.max = ANSWER_MAX;
	TRY(connection_get(r, &with, ret, &body));
	if (ret->status == 401 || ret->status == 403)
		return connection_refusal(r, ret);
	return NULL;
}

struct error *registry_has_blob(struct registry *r, const char *digest, bool *ret)
{
	char *path autofree = alloc_printf("/v2/%s/blobs/%s", r->repository, digest);
	struct fetcher_answer a autofetched = { 0 };

	TRY(ask(r, &(struct fetcher_request){ .method = FETCH_HEAD, .path = path }, &a));
	*ret = a.status == 200;
	return a.status == 200 || a.status == 404 ? NULL : unexpected(digest, &a);
}

/* ---- uploads ---- */

struct upload {
	struct registry *r;
	const char *digest;
	int fd;
	uint64_t size, sent;
	char *location;
};

static void upload_done(struct upload *u)
{
	free(u->location);
}
#define autoupload __attribute__((cleanup(upload_done)))

/* Where the next request of the upload goes; every answer may say another place. */
static struct error *move_on(struct upload *u, struct fetcher_answer *a)
{
	if (!*a->location)
		return u->location ? NULL
				   : error_new(ERROR_BAD_INPUT,
					       "the registry says not where to upload to");
	free(u->location);
	u->location = take(a->location);
	return NULL;
}

/* *@ret_mounted: it was taken over from repository @from (NULL: from none). */
static struct error *begin(struct upload *u, const char *from, bool *ret_mounted)
{
	char *path autofree = from ? alloc_printf("/v2/%s/blobs/uploads/?mount=%s&from=%s",
						  u->r->repository, u->digest, from)
				   : alloc_printf("/v2/%s/blobs/uploads/", u->r->repository);
	struct fetcher_answer a autofetched = { 0 };

	TRY(ask(u->r, &(struct fetcher_request){ .method = FETCH_POST, .path = path }, &a));
	*ret_mounted = a.status == 201;
	if (a.status == 201)
		return NULL;
	return a.status == 202 ? move_on(u, &a) : unexpected("begin an upload", &a);
}

/* "0-1023": what the registry has; none where it says nothing. */
static void read_range(struct upload *u, const char *range)
{
	const char *dash = strchr(range, '-');
	uint64_t last;
	struct error *err;

	u->sent = 0;
	if (!dash)
		return;
	err = str_parse_u64(dash + 1, 0, u->size, &last);
	if (!err && last) /* "0-0" is what an empty one has, too */
		u->sent = last + 1 > u->size ? u->size : last + 1;
	error_ignore(err, "it is sent from the start");
}

static struct error *look_how_far(struct upload *u)
{
	struct fetcher_answer a autofetched = { 0 };

	TRY(ask(u->r, &(struct fetcher_request){ .method = FETCH_GET, .path = u->location }, &a));
	if (a.status != 204 && a.status != 200)
		return unexpected("go on with an upload", &a);
	read_range(u, a.range);
	return move_on(u, &a);
}

static struct error *send_rest(struct upload *u)
{
	char *range autofree =
		u->sent ? alloc_printf("%ju-%ju", (uintmax_t)u->sent, (uintmax_t)u->size - 1)
			: NULL;
	struct fetcher_answer a autofetched = { 0 };

	TRY(ask(u->r,
		&(struct fetcher_request){ .method = FETCH_PATCH,
					   .path = u->location,
					   .once = true,
					   .media_type = "application/octet-stream",
					   .range = range,
					   .body = u->fd,
					   .has_body = true,
					   .body_offset = u->sent,
					   .body_length = u->size - u->sent },
		&a));
	if (a.status / 100 != 2)
		return unexpected("upload", &a);
	return move_on(u, &a);
}

static struct error *send_all(struct upload *u)
{
	struct error *err = send_rest(u);

	for (int i = 0; err && i < RESUMES_MAX; i++) {
		if (!error_is(err, ERROR_UNAVAILABLE) && !error_is(err, ERROR_TIMEOUT))
			return err;
		log_debug("upload of %s: %s", u->digest, error_message(err));
		error_ignore(err, "it goes on where it stopped");
		TRY(look_how_far(u));
		err = send_rest(u);
	}
	return err;
}

static struct error *finish(struct upload *u)
{
	char *path autofree = alloc_printf("%s%cdigest=%s", u->location,
					   strchr(u->location, '?') ? '&' : '?', u->digest);
	struct fetcher_answer a autofetched = { 0 };

	TRY(ask(u->r, &(struct fetcher_request){ .method = FETCH_PUT, .path = path }, &a));
	return a.status == 201 || a.status == 204 ? NULL : unexpected("end an upload", &a);
}

struct error *registry_put_blob(struct registry *r, const struct registry_upload *upload,
				bool *ret_mounted)
{
	const char *digest = upload->blob.digest;
	struct upload u autoupload = {
		.r = r,
		.digest = digest,
		.fd = upload->fd,
		.size = upload->blob.size_bytes,
	};

	TRY(error_wrap(begin(&u, upload->from, ret_mounted), "blob %s", digest));
	if (*ret_mounted)
		return NULL;
	TRY(error_wrap(send_all(&u), "blob %s", digest));
	return error_wrap(finish(&u), "blob %s", digest);
}
