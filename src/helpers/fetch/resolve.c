#include "helpers/fetch/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "helpers/fetch/lines.h"
#include "helpers/fetch/url.h"

#include "base/banned.h"

#define ADDRESSES_MAX 8

static void free_addresses(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

const char *resolve_proxy(const struct session *s, CURLU *url)
{
	return url_is_https(url) ? s->https_proxy : s->http_proxy;
}

/* 127.0.0.0/8, 0.0.0.0/8, 169.254.0.0/16 (RFC 6890), ::1, ::, fe80::/10, and the mapped ones. */
static bool is_local_v4(uint32_t address)
{
	return address >> 24 == 127 || address >> 24 == 0 || address >> 16 == 0xa9fe;
}

static bool is_local(const struct sockaddr *address)
{
	const struct in6_addr *v6;

	if (address->sa_family == AF_INET)
		return is_local_v4(ntohl(
			((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(v6)) {
		uint32_t v4;

		memcpy(&v4, v6->s6_addr + 12, sizeof(v4));
		return is_local_v4(ntohl(v4));
	}
	return IN6_IS_ADDR_LOOPBACK(v6) || IN6_IS_ADDR_UNSPECIFIED(v6) || IN6_IS_ADDR_LINKLOCAL(v6);
}

static struct error *look_up(const char *host, const char *port, struct addrinfo **ret)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	char *bare autofree = NULL;
	size_t length = strlen(host);
	int code;

	if (length > 2 && host[0] == '[') /* an IPv6 address of a URL */
		bare = alloc_string_n(host + 1, length - 2);
	code = getaddrinfo(bare ? bare : host, port, &hints, ret);
	if (code)
		return error_new(code == EAI_NONAME ? ERROR_NOT_FOUND : ERROR_UNAVAILABLE,
				 "look up %s: %s", host, gai_strerror(code));
	return NULL;
}

static struct error *add_address(struct buf *b, const struct sockaddr *address, bool first)
{
	char text[INET6_ADDRSTRLEN];
	const void *bytes =
		address->sa_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)(const void *)address)
				  ->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)(const void *)address)
				  ->sin6_addr;

	if (!inet_ntop(address->sa_family, bytes, text, sizeof(text)))
		return error_sys("write an address");
	return buf_printf(b, address->sa_family == AF_INET ? "%s%s" : "%s[%s]", first ? "" : ",",
			  text);
}

/* "HOST:PORT:ADDRESS,…" for curl. *@ret_local: one of them is of this host. */
static struct error *describe(const char *host, const char *port, bool *ret_local, char **ret)
{
	struct addrinfo *list __attribute__((cleanup(free_addresses))) = NULL;
	struct buf b autobuf = BUF_MAX(4096);
	size_t n = 0;

	*ret_local = false;
	TRY(look_up(host, port, &list));
	TRY(buf_printf(&b, "%s:%s:", host, port));
	for (const struct addrinfo *a = list; a && n < ADDRESSES_MAX; a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		*ret_local = *ret_local || is_local(a->ai_addr);
		TRY(add_address(&b, a->ai_addr, n++ == 0));
	}
	if (!n)
		return error_new(ERROR_NOT_FOUND, "look up %s: it has no address", host);
	*ret = buf_take(&b);
	return NULL;
}

static struct error *add_proxy(const char *proxy, struct curl_slist **list)
{
	char *whole autofree =
		strstr(proxy, "://") ? alloc_string(proxy) : alloc_printf("http://%s", proxy);
	CURLU *url autourl = curl_url();
	char *host autofree = NULL, *port autofree = NULL, *line autofree = NULL;
	bool local;

	if (!url || curl_url_set(url, CURLUPART_URL, whole, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return error_new(ERROR_BAD_INPUT, "proxy \"%s\" is no URL", proxy);
	host = url_part(url, CURLUPART_HOST);
	port = url_part(url, CURLUPART_PORT);
	if (!*port) { /* libcurl's own default for proxies (CURLOPT_PROXY(3)) */
		free(port);
		port = alloc_string("1080");
	}
	TRY(error_wrap(describe(host, port, &local, &line), "proxy"));
	return lines_add(list, line);
}

struct error *resolve_url(struct session *s, CURLU *url, struct curl_slist **ret)
{
	char *host autofree = url_part(url, CURLUPART_HOST);
	char *port autofree = url_part(url, CURLUPART_PORT);
	char *line autofree = NULL;
	const char *proxy = resolve_proxy(s, url);
	bool local = false, base = session_is_base(s, url);
	struct error *err = describe(host, port, &local, &line);

	if (err && *proxy) { /* it is the proxy's to know */
		error_ignore(err, "the proxy looks it up");
		return add_proxy(proxy, ret);
	}
	TRY(err);
	if (base)
		s->base_is_local = local;
	else if (local && !s->base_is_local)
		return error_new(ERROR_REFUSED,
				 "the registry sends us to %s, which is an address of this host",
				 host);
	if (*proxy)
		TRY(add_proxy(proxy, ret));
	return lines_add(ret, line);
}
