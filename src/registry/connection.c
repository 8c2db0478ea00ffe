#include "registry/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#include "base/banned.h"

#define STALL_MS 60000

static char *short_name(const char *host, const char *repository)
{
	if (strcmp(host, "docker.io") != 0)
		return alloc_printf("%s/%s", host, repository);
	if (str_has_prefix(repository, "library/"))
		repository += strlen("library/");
	return alloc_string(repository);
}

struct error *registry_open(const struct registry_options *options, const char *host,
			    const char *repository, struct registry **ret)
{
	struct registry *r autoregistry = alloc_zeroed(1, sizeof(*r));

	r->options = options;
	r->host = alloc_string(host);
	r->repository = alloc_string(repository);
	r->shown_name = short_name(host, repository);
	r->scope = *repository ? alloc_printf("repository:%s:pull", repository) : alloc_string("");
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		r->fetchers[i].socket = -1;
	TRY(endpoints_find(options, host, &r->endpoints));
	*ret = take(r);
	return NULL;
}

static void stop_fetchers(struct registry *r)
{
	for (size_t i = 0; i < r->n_fetchers; i++)
		fetcher_stop(&r->fetchers[i]);
	r->n_fetchers = 0;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	stop_fetchers(r);
	endpoints_done(&r->endpoints);
	credentials_done(&r->login);
	free(r->host);
	free(r->repository);
	free(r->shown_name);
	free(r->scope);
	free(r);
}

void registry_will_push(struct registry *r, const char *from)
{
	free(r->scope);
	r->pushing = true;
	r->scope = from ? alloc_printf("repository:%s:pull,push repository:%s:pull", r->repository,
				       from)
			: alloc_printf("repository:%s:pull,push", r->repository);
}

/* ---- helpers ---- */

static struct error *know_login(struct registry *r)
{
	if (r->login_known)
		return NULL;
	r->login_known = true;
	if (!r->options->user)
		return credentials_find(r->host, &r->login);
	r->login.user = alloc_string(r->options->user);
	r->login.secret = alloc_string(r->options->secret);
	return NULL;
}

static struct error *start_fetcher(struct registry *r, struct fetcher *f)
{
	const struct endpoint *e = &r->endpoints.list[r->endpoint];
	struct certificates c autocertificates = CERTIFICATES_NONE;
	struct fetcher_session session = {
		.base = e->base,
		.unverified = e->unverified,
		.stall_ms = r->options->stall_ms ? r->options->stall_ms : STALL_MS,
	};

	TRY(certificates_open(e->base, &c));
	session.system_ca = c.system_ca;
	session.registry_ca = c.registry_ca;
	session.certificate = c.certificate;
	session.key = c.key;
	if (!e->is_mirror) {
		TRY(know_login(r));
		session.user = r->login.user;
		session.password = r->login.secret;
		session.identity = r->login.identity;
	}
	return fetcher_start(f, &session);
}

struct error *registry_connect(struct registry *r, size_t n)
{
	while (r->n_fetchers < n && r->n_fetchers < CONNECTIONS_MAX) {
		TRY(start_fetcher(r, &r->fetchers[r->n_fetchers]));
		r->n_fetchers++;
	}
	return NULL;
}

/* ---- finding the endpoint ---- */

/*
 * Whether the next endpoint is worth a try: this one is away, or speaks TLS where it should not
 * (Go's and nginx's servers answer 400 to http then) or the other way round; or a mirror has it
 * not.
 */
static bool gives_way(const struct registry *r, const struct error *err,
		      const struct fetcher_answer *a)
{
	const struct endpoint *e = &r->endpoints.list[r->endpoint];

	if (r->settled || !e->is_doubtful || r->endpoint + 1 >= r->endpoints.n)
		return false;
	if (err)
		return e->is_mirror || error_is(err, ERROR_UNAVAILABLE);
	return e->is_mirror ? a->status / 100 != 2 : a->status == 400;
}

struct error *connection_get(struct registry *r, const struct fetcher_request *request,
			     struct fetcher_answer *ret, struct buf *body)
{
	for (;;) {
		const struct endpoint *e = &r->endpoints.list[r->endpoint];
		struct fetcher_request q = *request;
		struct error *err;

		/* Where another way is left, this one is not tried over and over. */
		q.once = q.once || (!r->settled && e->is_doubtful);
		err = registry_connect(r, 1);
		if (!err)
			err = fetcher_get(&r->fetchers[0], &q, ret, body);
		if (!gives_way(r, err, ret)) {
			r->settled = r->settled || !err;
			return err;
		}
		if (err)
			log_debug("registry %s: %s", e->base, error_message(err));
		error_ignore(err, "the next endpoint is tried");
		stop_fetchers(r);
		fetcher_answer_done(ret);
		buf_consume(body, body->length);
		r->endpoint++;
	}
}
