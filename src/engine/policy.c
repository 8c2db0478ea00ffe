#include "engine/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"

#include "base/banned.h"

#define POLICY_SIZE_MAX (256 * 1024)
#define MIB (1024LL * 1024)

/* The file's form: sizes are text there, and what is absent must be told from 0. */
struct policy_file {
	bool *refuse_host_paths, *refuse_read_only, *privileged;
	char **allowed_paths;
	int64_t *pids_limit, *log_max_files, *registry_stall_s;
	char **insecure_registries, **registry_mirrors;
	char *memory, *memory_reserve, *log_max_size;
};

#define FIELD(name, member, kind) JSON_FIELD(policy_file, name, member, kind, 0)
static const struct json_field mounts_fields[] = {
	FIELD("refuseHostPaths", refuse_host_paths, JSON_BOOL_POINTER),
	FIELD("refuseReadOnly", refuse_read_only, JSON_BOOL_POINTER),
	FIELD("allow", allowed_paths, JSON_TEXTS),
	{ 0 },
};
static const struct json_type mounts_type = { .size = sizeof(struct policy_file),
					      .fields = mounts_fields,
					      .strict = true };

static const struct json_field limits_fields[] = {
	FIELD("pids", pids_limit, JSON_INT64_POINTER),
	FIELD("memory", memory, JSON_TEXT),
	FIELD("memoryReserve", memory_reserve, JSON_TEXT),
	{ 0 },
};
static const struct json_type limits_type = { .size = sizeof(struct policy_file),
					      .fields = limits_fields,
					      .strict = true };

static const struct json_field log_fields[] = {
	FIELD("maxSize", log_max_size, JSON_TEXT),
	FIELD("maxFiles", log_max_files, JSON_INT64_POINTER),
	{ 0 },
};
static const struct json_type log_type = { .size = sizeof(struct policy_file),
					   .fields = log_fields,
					   .strict = true };

static const struct json_field registries_fields[] = {
	FIELD("insecure", insecure_registries, JSON_TEXTS),
	FIELD("mirrors", registry_mirrors, JSON_TEXTS),
	FIELD("stallSeconds", registry_stall_s, JSON_INT64_POINTER),
	{ 0 },
};
static const struct json_type registries_type = { .size = sizeof(struct policy_file),
						  .fields = registries_fields,
						  .strict = true };

#define PART(part_name, part_type)                                                                 \
	{                                                                                          \
		.name = (part_name), .kind = JSON_NESTED, .offset = 0, .type = (part_type)         \
	}
static const struct json_field policy_fields[] = {
	PART("mounts", &mounts_type),	      FIELD("privileged", privileged, JSON_BOOL_POINTER),
	PART("limits", &limits_type),	      PART("log", &log_type),
	PART("registries", &registries_type), { 0 },
};
static const struct json_type policy_type = { .size = sizeof(struct policy_file),
					      .fields = policy_fields,
					      .strict = true };

/* A twentieth of the memory, at least 128 MiB and at most 1 GiB, for the host's own programs. */
static int64_t default_memory_reserve(void)
{
	struct sysinfo info;
	int64_t reserve;

	if (sysinfo(&info) < 0)
		return 128 * MIB;
	reserve = (int64_t)info.totalram * info.mem_unit / 20;
	return reserve < 128 * MIB ? 128 * MIB : reserve > 1024 * MIB ? 1024 * MIB : reserve;
}

static struct policy *defaults(void)
{
	struct policy *p = alloc_zeroed(1, sizeof(*p));

	*p = (struct policy){
		.path = alloc_string(""),
		.refuse_host_paths = true,
		.privileged = true,
		.pids_limit = 4096,
		.memory_reserve_bytes = default_memory_reserve(),
		.log_max_bytes = 10 * MIB,
		.log_max_files = 3,
		.registry_stall_s = 60,
	};
	return p;
}

static void set_bool(const bool *value, bool *target)
{
	if (value)
		*target = *value;
}

static struct error *set_number(const int64_t *value, int64_t min, int64_t max, const char *name,
				int64_t *target)
{
	if (!value)
		return NULL;
	if (*value < min || *value > max)
		return error_new(ERROR_BAD_INPUT, "%s: %lld is not between %lld and %lld", name,
				 (long long)*value, (long long)min, (long long)max);
	*target = *value;
	return NULL;
}

static struct error *set_size(const char *text, int64_t min, const char *name, int64_t *target)
{
	int64_t bytes;

	if (!text)
		return NULL;
	TRY(error_wrap(str_parse_size(text, &bytes), "%s", name));
	if (bytes && bytes < min)
		return error_new(ERROR_BAD_INPUT, "%s: %s is less than %lld bytes", name, text,
				 (long long)min);
	*target = bytes;
	return NULL;
}

static struct error *set_paths(char *const *paths, char ***target)
{
	for (size_t i = 0; paths && paths[i]; i++) {
		if (paths[i][0] != '/')
			return error_new(ERROR_BAD_INPUT, "mounts.allow[%zu]: not an absolute path",
					 i);
		strv_add_owned(target, path_normalize(paths[i]));
	}
	return NULL;
}

static struct error *set_mirrors(char *const *urls, char ***target)
{
	for (size_t i = 0; urls && urls[i]; i++) {
		if (!str_has_prefix(urls[i], "https://") && !str_has_prefix(urls[i], "http://"))
			return error_new(ERROR_BAD_INPUT,
					 "registries.mirrors[%zu]: not an http or https URL", i);
		strv_add(target, urls[i]);
	}
	return NULL;
}

static struct error *set_registries(const struct policy_file *f, struct policy *p)
{
	for (size_t i = 0; f->insecure_registries && f->insecure_registries[i]; i++) {
		const char *name = f->insecure_registries[i];

		if (!*name || strstr(name, "://"))
			return error_new(
				ERROR_BAD_INPUT,
				"registries.insecure[%zu]: a host with or without port, or a "
				"CIDR block, and no URL",
				i);
		strv_add(&p->insecure_registries, name);
	}
	TRY(set_mirrors(f->registry_mirrors, &p->registry_mirrors));
	return set_number(f->registry_stall_s, 1, 86400, "registries.stallSeconds",
			  &p->registry_stall_s);
}

static struct error *apply(const struct policy_file *f, struct policy *p)
{
	set_bool(f->refuse_host_paths, &p->refuse_host_paths);
	set_bool(f->refuse_read_only, &p->refuse_read_only);
	set_bool(f->privileged, &p->privileged);
	TRY(set_paths(f->allowed_paths, &p->allowed_paths));
	TRY(set_number(f->pids_limit, 1, 4194304, "limits.pids", &p->pids_limit));
	TRY(set_size(f->memory, 6 * MIB, "limits.memory", &p->memory_bytes));
	TRY(set_size(f->memory_reserve, 0, "limits.memoryReserve", &p->memory_reserve_bytes));
	TRY(set_number(f->log_max_files, 1, 1000, "log.maxFiles", &p->log_max_files));
	TRY(set_registries(f, p));
	TRY(set_size(f->log_max_size, 4096, "log.maxSize", &p->log_max_bytes));
	if (!p->log_max_bytes)
		return error_new(ERROR_BAD_INPUT,
				 "log.maxSize: a log without bound would fill the disk");
	return NULL;
}

struct error *policy_parse(const char *text, size_t length, struct policy **ret)
{
	struct policy *p autopolicy = defaults();
	struct policy_file file = { 0 };
	struct error *err;

	TRY(json_decode_text(&policy_type, text, length, &file));
	err = apply(&file, p);
	json_done(&policy_type, &file);
	if (err)
		return err;
	*ret = take(p);
	return NULL;
}

/* Who may write the policy decides what root's containers may do. */
static struct error *check_owner(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_sys("status");
	if (!S_ISREG(st.st_mode))
		return error_new(ERROR_REFUSED, "not a regular file");
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
		return error_new(ERROR_REFUSED, "other users may write to it (owner %u, mode %04o)",
				 st.st_uid, st.st_mode & 07777);
	return NULL;
}

static struct error *read_file(int fd, struct policy **ret)
{
	struct buf text autobuf = BUF_MAX(POLICY_SIZE_MAX);

	TRY(check_owner(fd));
	TRY(fd_read_all(fd, &text));
	return policy_parse(buf_text(&text), text.length, ret);
}

struct error *policy_load(int dir, const char *name, struct policy **ret)
{
	int fd autoclose = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct policy *p;

	if (fd >= 0)
		TRY(error_wrap(read_file(fd, &p), "policy %s", name));
	else if (errno == ENOENT)
		p = defaults();
	else
		return error_sys("policy %s", name);
	free(p->path);
	p->path = alloc_string(name);
	*ret = p;
	return NULL;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	free(p->path);
	strv_free(p->allowed_paths);
	strv_free(p->insecure_registries);
	strv_free(p->registry_mirrors);
	free(p);
}

json_t *policy_encode(const struct policy *p)
{
	return json_pack("{s:{s:b,s:b,s:o},s:b,s:{s:I,s:I,s:I},s:{s:I,s:I},s:{s:o,s:o,s:I}}",
			 "mounts", "refuseHostPaths", p->refuse_host_paths, "refuseReadOnly",
			 p->refuse_read_only, "allow", json_texts(p->allowed_paths), "privileged",
			 p->privileged, "limits", "pids", (json_int_t)p->pids_limit, "memory",
			 (json_int_t)p->memory_bytes, "memoryReserve",
			 (json_int_t)p->memory_reserve_bytes, "log", "maxSize",
			 (json_int_t)p->log_max_bytes, "maxFiles", (json_int_t)p->log_max_files,
			 "registries", "insecure", json_texts(p->insecure_registries), "mirrors",
			 json_texts(p->registry_mirrors), "stallSeconds",
			 (json_int_t)p->registry_stall_s);
}

int64_t policy_memory_ceiling(const struct policy *p)
{
	struct sysinfo info;
	int64_t total;

	if (p->memory_bytes)
		return p->memory_bytes;
	if (sysinfo(&info) < 0)
		return -1;
	total = (int64_t)info.totalram * info.mem_unit;
	return total - p->memory_reserve_bytes > 6 * MIB ? total - p->memory_reserve_bytes
							 : 6 * MIB;
}
