/*
 * rtnetlink(7) by hand: three requests do not need a library. A device loses its addresses and is
 * set down when it moves to another namespace, so they are read before and added again there.
 */
#include "oci/net_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#include "base/banned.h"

#define ADDRESSES_MAX 64
#define ADDRESS_SIZE 16 /* IPv6 */

struct address {
	struct ifaddrmsg head;
	unsigned char local[ADDRESS_SIZE], peer[ADDRESS_SIZE];
	unsigned short length;
};

struct request {
	struct nlmsghdr head;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	} body;
	char attributes[128];
};

/* Both namespaces, by a socket each: a socket stays in the one it was made in. */
struct moving {
	int here, there;
	struct address addresses[ADDRESSES_MAX];
	size_t n_addresses;
};

static struct error *open_socket(int *ret_fd)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return error_sys("open a netlink socket");
	*ret_fd = fd;
	return NULL;
}

static struct error *open_socket_of(pid_t pid, int *ret_fd)
{
	char *path autofree = alloc_printf("/proc/%d/ns/net", (int)pid);
	int own autoclose = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int theirs autoclose = open(path, O_RDONLY | O_CLOEXEC);
	struct error *err;

	if (own < 0 || theirs < 0)
		return error_sys("open a network namespace");
	if (setns(theirs, CLONE_NEWNET) < 0)
		return error_sys("enter the container's network");
	err = open_socket(ret_fd);
	if (setns(own, CLONE_NEWNET) < 0 && !err)
		err = error_sys("leave the container's network");
	return err;
}

static void add_attribute(struct request *r, unsigned short type, const void *data, size_t length)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	*a = (struct rtattr){ .rta_len = (unsigned short)RTA_LENGTH(length), .rta_type = type };
	memcpy(RTA_DATA(a), data, length);
	r->head.nlmsg_len = (unsigned int)(NLMSG_ALIGN(r->head.nlmsg_len) + RTA_SPACE(length));
}

/* Sends @r and waits for what the kernel says to it. */
static struct error *ask(int fd, struct request *r, const char *what)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char rest[1024]; /* the request again */
	} answer = { 0 };

	r->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (send(fd, r, r->head.nlmsg_len, 0) < 0)
		return error_sys("%s", what);
	if (recv(fd, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer.head) + 4 ||
	    answer.head.nlmsg_type != NLMSG_ERROR)
		return error_new(ERROR_SYSTEM, "%s: no answer", what);
	return answer.err.error ? error_number(-answer.err.error, "%s", what) : NULL;
}

static struct request link_request(unsigned int index)
{
	return (struct request){
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			  .nlmsg_type = RTM_NEWLINK },
		.body.link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index },
	};
}

/* Of one RTM_NEWADDR: kept where it is a global one that somebody has set. */
static void keep_address(struct moving *m, struct nlmsghdr *head, unsigned int index)
{
	struct ifaddrmsg *body = NLMSG_DATA(head);
	size_t left = IFA_PAYLOAD(head);
	struct address *a = &m->addresses[m->n_addresses];

	if (body->ifa_index != index || body->ifa_scope != RT_SCOPE_UNIVERSE ||
	    !(body->ifa_flags & IFA_F_PERMANENT) || m->n_addresses == ADDRESSES_MAX)
		return;
	*a = (struct address){ .head = *body };
	for (struct rtattr *at = IFA_RTA(body); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		size_t length = RTA_PAYLOAD(at);

		if (length > ADDRESS_SIZE ||
		    (at->rta_type != IFA_ADDRESS && at->rta_type != IFA_LOCAL))
			continue;
		memcpy(at->rta_type == IFA_LOCAL ? a->local : a->peer, RTA_DATA(at), length);
		a->length = (unsigned short)length;
		if (at->rta_type == IFA_ADDRESS && body->ifa_family == AF_INET6)
			memcpy(a->local, RTA_DATA(at), length);
	}
	m->n_addresses++;
}

static struct error *read_addresses(struct moving *m, unsigned int index)
{
	struct request r = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
			  .nlmsg_type = RTM_GETADDR,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	char *buffer autofree = alloc_zeroed(32768, 1);

	m->n_addresses = 0;
	if (send(m->here, &r, r.head.nlmsg_len, 0) < 0)
		return error_sys("ask for addresses");
	for (;;) {
		ssize_t n = recv(m->here, buffer, 32768, 0);
		unsigned int left = n < 0 ? 0 : (unsigned int)n;
		struct nlmsghdr *head = (struct nlmsghdr *)buffer;

		if (n <= 0)
			return error_sys("read addresses");
		for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
			if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
				return NULL;
			if (head->nlmsg_type == RTM_NEWADDR)
				keep_address(m, head, index);
		}
	}
}

static struct error *add_address(struct moving *m, const struct address *a, unsigned int index)
{
	struct request r = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
			  .nlmsg_type = RTM_NEWADDR,
			  .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE },
		.body.address = a->head,
	};

	r.body.address.ifa_index = index;
	add_attribute(&r, IFA_LOCAL, a->local, a->length);
	add_attribute(&r, IFA_ADDRESS, a->peer, a->length);
	return ask(m->there, &r, "add an address");
}

static struct error *set_up(struct moving *m, unsigned int index)
{
	struct request r = link_request(index);

	r.body.link.ifi_flags = r.body.link.ifi_change = IFF_UP;
	return ask(m->there, &r, "set it up");
}

/* The number of the device @name over there: it may have changed on the way. */
static struct error *find_index(int fd, const char *name, unsigned int *ret)
{
	struct request r = link_request(0);
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
		char rest[16384];
	} answer;

	r.head.nlmsg_type = RTM_GETLINK;
	r.head.nlmsg_flags = NLM_F_REQUEST;
	add_attribute(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (send(fd, &r, r.head.nlmsg_len, 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < (ssize_t)NLMSG_LENGTH(sizeof(answer.link)))
		return error_sys("look for it");
	if (answer.head.nlmsg_type != RTM_NEWLINK)
		return error_new(ERROR_NOT_FOUND, "it did not arrive");
	*ret = (unsigned int)answer.link.ifi_index;
	return NULL;
}

static struct error *move_one(struct moving *m, const struct config_net_device *d, pid_t pid)
{
	const char *name = str_is_empty(d->name) ? d->device : d->name;
	const uint32_t target = (uint32_t)pid;
	unsigned int index = if_nametoindex(d->device);
	struct request r = link_request(index);

	if (!index)
		return error_sys("the host has no such device");
	TRY(read_addresses(m, index));
	add_attribute(&r, IFLA_NET_NS_PID, &target, sizeof(target));
	add_attribute(&r, IFLA_IFNAME, name, strlen(name) + 1);
	TRY(ask(m->here, &r, "move it"));
	TRY(find_index(m->there, name, &index));
	for (size_t i = 0; i < m->n_addresses; i++)
		TRY(add_address(m, &m->addresses[i], index));
	return set_up(m, index);
}

struct error *net_devices_move(const struct config_net_device *devices, size_t n, pid_t pid)
{
	int here autoclose = -1, there autoclose = -1;
	struct moving m;

	if (!n)
		return NULL;
	TRY(open_socket(&here));
	TRY(open_socket_of(pid, &there));
	m = (struct moving){ .here = here, .there = there };
	for (size_t i = 0; i < n; i++)
		TRY(error_wrap(move_one(&m, &devices[i], pid), "linux.netDevices.%s",
			       devices[i].device));
	return NULL;
}
