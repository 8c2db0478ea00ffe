/*
 * One request of the client, from its frame to the last byte: login where the registry asks for it,
 * redirects, further tries, and going on where a connection broke.
 */
#pragma once

#include "helpers/fetch/session.h"

/*
 * Reads one request from @socket, does it and answers. *@ret_more false when the client has hung
 * up. An error is of the socket itself; what goes wrong with the request is told to the client.
 */
struct error *request_serve(struct session *s, int socket, bool *ret_more)
	__attribute__((nonnull, warn_unused_result));
