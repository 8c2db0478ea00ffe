/*
 * Between a registry's client and bulkhead-fetch, its half that talks to the network: one session
 * with one registry, requests one after the other. Frames of base/msg.h over one stream socket;
 * descriptors follow the frame that speaks of them, with one byte (base/fd.h, fd_send()).
 */
#pragma once

#define FETCH_PROGRAM "bulkhead-fetch"

/* Descriptors of the program: the socket is also its stdio, which nothing shall use. */
enum fetch_fd { FETCH_FD_STDERR = 2, FETCH_FD_CONTROL = 3, FETCH_FD_END };

/*
 * SESSION: u64 flags, u64 stall_ms, text base URL without a path ("https://host:5000"), user,
 * password, identity token, https proxy, http proxy, no proxy, user agent; u64 bits of the
 * descriptors that follow, in this order: CA certificates of the system and of the registry, client
 * certificate and key (PEM).
 *
 * REQUEST: u64 method, u64 flags, text path ("/v2/…") or whole URL, scope for a token
 * ("repository:NAME:pull", more of them separated by spaces), media types to accept (one a line),
 * media type of the body, its range ("0-99"); u64 offset of the first byte that is wanted, u64
 * most bytes, u64 offset of the body in its file, u64 length of the body; then the pipe that the
 * answer's body goes to, and the file where there is a body.
 *
 * Of a request: ANSWER when there is one, whatever its status, with the registry's own message for
 * one that is no success; then the body, over the pipe, and END; or ERROR in the place of either.
 * ANSWER: u64 status, u64 length of the whole body (FETCH_LENGTH_UNKNOWN), text media type,
 * digest, location, range, link, message.
 * END: u64 bytes.
 */
enum fetch_frame {
	FETCH_SESSION = 1,
	FETCH_REQUEST,
	FETCH_ANSWER,
	FETCH_END,
	FETCH_ERROR,
};

enum fetch_session_flag {
	FETCH_UNVERIFIED = 1, /* certificates are not checked: only where the user named it so */
};

enum fetch_session_fd {
	FETCH_HAS_SYSTEM_CA = 1,
	FETCH_HAS_REGISTRY_CA = 2,
	FETCH_HAS_CERTIFICATE = 4,
	FETCH_HAS_KEY = 8,
};

enum fetch_method { FETCH_GET = 1, FETCH_HEAD, FETCH_POST, FETCH_PATCH, FETCH_PUT };

enum fetch_request_flag {
	FETCH_HAS_BODY = 1,
	/*
	 * A broken connection is the caller's to look after: how far an upload came, or whether
	 * there is another place to ask. A registry that is busy is waited for, but with no body.
	 */
	FETCH_ONCE = 2,
};

#define FETCH_LENGTH_UNKNOWN UINT64_MAX
#define FETCH_FRAME_MAX (64 << 10)
#define FETCH_TEXT_MAX 8192
#define FETCH_TOKEN_MAX (32 << 10)
#define FETCH_PEM_MAX (8 << 20)
