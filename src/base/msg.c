#include "base/msg.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"

#include "base/banned.h"

struct error *msg_write(int fd, uint32_t type, const void *payload, size_t length)
{
	struct msg_head head = { .length = (uint32_t)length, .type = type };
	struct iovec parts[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)payload, .iov_len = length },
	};
	ssize_t n;

	if (length > UINT32_MAX)
		return error_new(ERROR_BUG, "a message of %zu bytes", length);
	do
		n = writev(fd, parts, 2);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys("write a message");
	if ((size_t)n < sizeof(head)) {
		TRY(fd_write_all(fd, (char *)&head + n, sizeof(head) - (size_t)n));
		n = sizeof(head);
	}
	return fd_write_all(fd, (const char *)payload + ((size_t)n - sizeof(head)),
			    length - ((size_t)n - sizeof(head)));
}

struct error *msg_read(int fd, uint32_t *ret_type, struct buf *payload)
{
	struct msg_head head;

	buf_consume(payload, payload->length);
	TRY(fd_read_exact(fd, &head, sizeof(head)));
	if (head.length > payload->max)
		return error_new(ERROR_BAD_INPUT, "a message of %u bytes, more than %zu",
				 head.length, payload->max);
	TRY(buf_reserve(payload, head.length));
	if (head.length)
		TRY(fd_read_exact(fd, payload->data, head.length));
	payload->length = head.length;
	if (payload->data)
		payload->data[head.length] = '\0';
	*ret_type = head.type;
	return NULL;
}

struct error *msg_put_u64(struct buf *payload, uint64_t value)
{
	return buf_add(payload, &value, sizeof(value));
}

struct error *msg_put_text(struct buf *payload, const char *text)
{
	size_t length = strlen(text);

	TRY(msg_put_u64(payload, length));
	return buf_add(payload, text, length);
}

struct msg_cursor msg_begin(const struct buf *payload)
{
	return (struct msg_cursor){ .next = payload->data, .left = payload->length };
}

struct error *msg_get_u64(struct msg_cursor *c, uint64_t *ret)
{
	if (c->left < sizeof(*ret))
		return error_new(ERROR_BAD_INPUT, "a message ends early");
	memcpy(ret, c->next, sizeof(*ret));
	c->next += sizeof(*ret);
	c->left -= sizeof(*ret);
	return NULL;
}

struct error *msg_get_text(struct msg_cursor *c, size_t max, char **ret)
{
	uint64_t length;

	TRY(msg_get_u64(c, &length));
	if (length > c->left || length > max)
		return error_new(ERROR_BAD_INPUT, "a message's text of %ju bytes is too long",
				 (uintmax_t)length);
	if (memchr(c->next, '\0', length))
		return error_new(ERROR_BAD_INPUT, "a message's text holds a NUL byte");
	*ret = alloc_string_n(c->next, length);
	c->next += length;
	c->left -= length;
	return NULL;
}

struct error *msg_end(const struct msg_cursor *c)
{
	return c->left ? error_new(ERROR_BAD_INPUT, "a message has %zu bytes too many", c->left)
		       : NULL;
}
