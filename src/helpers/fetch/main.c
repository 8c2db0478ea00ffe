/*
 * bulkhead-fetch: talks to one registry. It is started in namespaces of its own but the network's,
 * learns over its socket who it talks to, gives up everything else, and only then opens a
 * connection. It sees no file of the host: what it fetches goes into a pipe, and whoever reads
 * there checks every byte. The frames are in base/fetch.h.
 */
#include <curl/curl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/log.h"
#include "base/msg.h"
#include "helpers/fetch/request.h"
#include "helpers/fetch/walls.h"

#include "base/banned.h"

/* Before the walls: libraries read their configuration now or never. */
static struct error *load_libraries(struct session *s)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_new(ERROR_SYSTEM, "libcurl does not start");
	s->curl = curl_easy_init();
	return s->curl ? NULL : error_new(ERROR_SYSTEM, "libcurl does not start");
}

static struct error *run(struct session *s)
{
	bool more = true;

	TRY(session_receive(s, FETCH_FD_CONTROL));
	TRY(load_libraries(s));
	TRY(walls_raise(0));
	while (more)
		TRY(request_serve(s, FETCH_FD_CONTROL, &more));
	return NULL;
}

int main(void)
{
	struct session s = { 0 };
	char frame[ERROR_FRAME_MAX];
	struct error *err;

	signal(SIGPIPE, SIG_IGN); /* who stops reading is told by EPIPE */
	log_setup(FETCH_PROGRAM, false);
	err = run(&s);
	if (err) {
		size_t length = error_encode(err, frame, sizeof(frame));

		error_ignore(msg_write(FETCH_FD_CONTROL, FETCH_ERROR, frame, length),
			     "nobody listens");
	}
	session_done(&s);
	_exit(err ? 1 : 0);
}
