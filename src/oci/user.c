#include "oci/user.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

#define FILE_MAX (1 << 20)
#define ID_MAX 65535 /* a container has 65,536 ids */
#define GROUPS_MAX 1024

void user_done(struct user *u)
{
	free(u->groups);
	free(u->home);
	*u = (struct user){ 0 };
}

/* Splits @line at ':' in place into at most @max fields; returns how many. */
static size_t split_fields(char *line, char **fields, size_t max)
{
	size_t n = 0;

	while (n < max) {
		fields[n++] = line;
		line = strchr(line, ':');
		if (!line)
			break;
		*line++ = '\0';
	}
	return n;
}

/* The next line of *@cursor as a copy in *@line, without its end; false at the end. */
static bool next_line(const char **cursor, char **line)
{
	size_t n;

	if (!*cursor || !**cursor)
		return false;
	n = strcspn(*cursor, "\n");
	free(*line);
	*line = alloc_string_n(*cursor, n);
	*cursor += n + ((*cursor)[n] == '\n');
	return true;
}

static bool parse_id(const char *text, uint32_t *ret)
{
	uint64_t value;
	struct error *err autoerror = str_parse_u64(text, 0, ID_MAX, &value);

	if (err)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

struct passwd_entry {
	bool found;
	uint32_t uid, gid;
	char *name, *home;
};

/* The first entry of passwd(5) whose name, or else whose number, is @wanted. */
static struct passwd_entry find_passwd(const char *passwd, const char *wanted)
{
	struct passwd_entry entry = { 0 };
	char *line autofree = NULL;

	while (next_line(&passwd, &line)) {
		char *f[7];
		uint32_t uid, gid;

		if (split_fields(line, f, 7) < 6 || !parse_id(f[2], &uid) || !parse_id(f[3], &gid))
			continue;
		if (strcmp(f[0], wanted) != 0 && !(is_number(wanted) && strcmp(f[2], wanted) == 0))
			continue;
		return (struct passwd_entry){ true, uid, gid, alloc_string(f[0]),
					      alloc_string(f[5]) };
	}
	return entry;
}

/* The number of the group @wanted: by name in group(5), or the number itself. */
static bool find_group(const char *group, const char *wanted, gid_t *ret)
{
	char *line autofree = NULL;

	while (next_line(&group, &line)) {
		char *f[4];

		if (split_fields(line, f, 4) >= 3 && strcmp(f[0], wanted) == 0 &&
		    parse_id(f[2], ret))
			return true;
	}
	return is_number(wanted) && parse_id(wanted, ret);
}

static struct error *add_group(struct user *u, gid_t gid)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return NULL;
	if (u->n_groups == GROUPS_MAX)
		return error_new(ERROR_LIMIT, "more than %d groups", GROUPS_MAX);
	u->groups = alloc_resize(u->groups, u->n_groups + 1, sizeof(gid_t));
	u->groups[u->n_groups++] = gid;
	return NULL;
}

/* The groups of group(5) that list @name as a member. */
static struct error *add_memberships(struct user *u, const char *group, const char *name)
{
	char *line autofree = NULL;

	while (next_line(&group, &line)) {
		char *f[4];
		gid_t gid;

		if (split_fields(line, f, 4) < 4 || !parse_id(f[2], &gid))
			continue;
		for (char *save = NULL, *member = strtok_r(f[3], ",", &save); member;
		     member = strtok_r(NULL, ",", &save))
			if (strcmp(member, name) == 0)
				TRY(add_group(u, gid));
	}
	return NULL;
}

static struct error *resolve_names(const char *passwd, const char *group, const char *name,
				   const char *group_name, struct user *u)
{
	struct passwd_entry entry = find_passwd(passwd, name);
	char *entry_name autofree = entry.name;
	char *quoted autofree = str_quote(name);

	u->home = entry.home && *entry.home ? entry.home : alloc_string("/");
	if (u->home != entry.home)
		free(entry.home);
	if (entry.found) {
		u->uid = entry.uid;
		u->gid = entry.gid;
	} else if (is_number(name)) {
		if (!parse_id(name, &u->uid))
			return error_new(ERROR_BAD_INPUT,
					 "user %s: a container has the ids 0 to %d", quoted,
					 ID_MAX);
	} else {
		return error_new(ERROR_BAD_INPUT,
				 "unable to find user %s: no matching entries in passwd file",
				 name);
	}
	if (group_name && !find_group(group, group_name, &u->gid))
		return error_new(ERROR_BAD_INPUT,
				 "unable to find group %s: no matching entries in group file",
				 group_name);
	/* Without it, files that deny their group would be open to who left it (CVE-2022-36109). */
	TRY(add_group(u, u->gid));
	return entry_name && !group_name ? add_memberships(u, group, entry_name) : NULL;
}

struct error *user_resolve_text(const char *passwd, const char *group, const char *text,
				char *const *groups, struct user *ret)
{
	char *name autofree = alloc_string(str_is_empty(text) ? "0" : text);
	char *colon = strchr(name, ':');
	struct error *err;

	*ret = (struct user){ 0 };
	if (colon)
		*colon++ = '\0';
	if (!*name)
		*name = '0', name[1] = '\0';
	err = resolve_names(passwd, group, name, colon && *colon ? colon : NULL, ret);
	for (size_t i = 0; groups && groups[i] && !err; i++) {
		gid_t gid;

		if (find_group(group, groups[i], &gid))
			err = add_group(ret, gid);
		else
			err = error_new(ERROR_BAD_INPUT, "unable to find group %s", groups[i]);
	}
	if (err)
		user_done(ret);
	return err;
}

/*
 * A small regular file of the image, or NULL: missing, of another kind, or too large counts as
 * empty.
 */
static char *read_hostile(int root, const char *path)
{
	int fd autoclose = -1;
	struct buf text autobuf = BUF_MAX(FILE_MAX);
	struct stat st;
	struct error *err = path_open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);

	if (!err && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		err = error_new(ERROR_BAD_INPUT, "%s is not a regular file", path);
	if (!err)
		err = fd_read_all(fd, &text);
	if (err) {
		error_ignore(err, "the image names no users");
		return NULL;
	}
	return buf_take(&text);
}

struct error *user_resolve(int root, const char *text, char *const *groups, struct user *ret)
{
	char *passwd autofree = read_hostile(root, "/etc/passwd");
	char *group autofree = read_hostile(root, "/etc/group");

	return user_resolve_text(passwd, group, text, groups, ret);
}
