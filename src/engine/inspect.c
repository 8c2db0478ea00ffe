/*
 * A container as GET /containers/{id}/json shows it (API 1.47, ContainerInspectResponse). What this
 * engine has no notion of stands there with the value that docker gives where nothing was asked,
 * since clients read it unasked.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "engine/alive.h"
#include "engine/size.h"
#include "engine/types.h"

#include "base/banned.h"

#define DRIVER "bulkhead-overlay"

static const char host_config_rest[] =
	"{\"BlkioDeviceReadBps\":[],\"BlkioDeviceReadIOps\":[],\"BlkioDeviceWriteBps\":[],"
	"\"BlkioDeviceWriteIOps\":[],\"BlkioWeight\":0,\"BlkioWeightDevice\":[],\"Cgroup\":\"\","
	"\"CgroupnsMode\":\"private\",\"ConsoleSize\":[0,0],\"CpuCount\":0,\"CpuPercent\":0,"
	"\"CpuRealtimePeriod\":0,\"CpuRealtimeRuntime\":0,\"DeviceCgroupRules\":null,"
	"\"DeviceRequests\":null,\"Dns\":[],\"DnsOptions\":[],\"DnsSearch\":[],\"ExtraHosts\":null,"
	"\"IOMaximumBandwidth\":0,\"IOMaximumIOps\":0,\"Isolation\":\"\",\"Links\":null,"
	"\"MemorySwappiness\":null,\"OomKillDisable\":false,\"PortBindings\":{},"
	"\"PublishAllPorts\":false,\"RestartPolicy\":{\"MaximumRetryCount\":0,\"Name\":\"no\"},"
	"\"Runtime\":\"bulkhead\",\"VolumeDriver\":\"\",\"VolumesFrom\":null}";

static const char network_rest[] =
	"{\"Bridge\":\"\",\"EndpointID\":\"\",\"Gateway\":\"\",\"GlobalIPv6Address\":\"\","
	"\"GlobalIPv6PrefixLen\":0,\"HairpinMode\":false,\"IPAddress\":\"\",\"IPPrefixLen\":0,"
	"\"IPv6Gateway\":\"\",\"LinkLocalIPv6Address\":\"\",\"LinkLocalIPv6PrefixLen\":0,"
	"\"MacAddress\":\"\",\"Ports\":{},\"SandboxID\":\"\",\"SandboxKey\":\"\","
	"\"SecondaryIPAddresses\":null,\"SecondaryIPv6Addresses\":null}";

static const char endpoint_rest[] =
	"{\"Aliases\":null,\"DNSNames\":null,\"DriverOpts\":null,\"EndpointID\":\"\",\"Gateway\":\"\","
	"\"GlobalIPv6Address\":\"\",\"GlobalIPv6PrefixLen\":0,\"IPAMConfig\":null,"
	"\"IPAddress\":\"\",\"IPPrefixLen\":0,\"IPv6Gateway\":\"\",\"Links\":null,"
	"\"MacAddress\":\"\",\"NetworkID\":\"\"}";

static json_t *constant(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert(value);
	return value;
}

static void add_missing(json_t *object, const char *text)
{
	json_t *rest autojson = constant(text);

	json_object_update_missing(object, rest);
}

static const char *status_name(enum container_status status)
{
	switch (status) {
	case CONTAINER_CREATED:
		return "created";
	case CONTAINER_RUNNING:
		return "running";
	case CONTAINER_PAUSED:
		return "paused";
	case CONTAINER_EXITED:
		return "exited";
	case CONTAINER_DEAD:
		return "dead";
	}
	return "";
}

static json_t *make_state(const struct container *c)
{
	bool runs = c->status == CONTAINER_RUNNING || c->status == CONTAINER_PAUSED;
	char started[HANDLE_TIME_SIZE], finished[HANDLE_TIME_SIZE];

	handle_time(c->started_ns, started);
	handle_time(c->finished_ns, finished);
	return json_pack("{s:s,s:b,s:b,s:b,s:b,s:b,s:i,s:i,s:s,s:s,s:s}", "Status",
			 status_name(c->status), "Running", runs, "Paused",
			 c->status == CONTAINER_PAUSED, "Restarting", 0, "OOMKilled", c->oom_killed,
			 "Dead", c->status == CONTAINER_DEAD, "Pid", (int)c->pid, "ExitCode",
			 c->exit_code, "Error", c->error ? c->error : "", "StartedAt", started,
			 "FinishedAt", finished);
}

/* What is in force, also where the record leaves it to the moment of the start. */
static struct error *make_host_config(struct engine *e, const struct container *c, json_t **ret)
{
	json_t *host autojson = json_encode(&host_config_type, &c->host);
	const struct policy *policy;

	TRY(handle_policy(e, &policy));
	if (!c->host.memory_bytes)
		json_object_set_new(host, "Memory", json_integer(policy_memory_ceiling(policy)));
	add_missing(host, host_config_rest);
	*ret = json_incref(host);
	return NULL;
}

static json_t *make_mounts(const struct container *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_mounts; i++) {
		json_t *m = json_encode(&engine_mount_type, &c->mounts[i]);

		json_object_del(m, "Anonymous");
		json_object_del(m, "CopyUp");
		json_object_del(m, "CreateSource");
		if (str_equal(c->mounts[i].type, "volume"))
			json_object_set_new(m, "Driver", json_string("local"));
		json_array_append_new(list, m);
	}
	return list;
}

static json_t *make_network(const struct container *c)
{
	json_t *network = constant(network_rest);
	json_t *endpoint = constant(endpoint_rest);

	json_object_set_new(network, "Networks",
			    json_pack("{s:o}", c->host.network_mode ? c->host.network_mode : "none",
				      endpoint));
	return network;
}

static json_t *make_args(const struct container *c)
{
	json_t *args = json_array();

	for (size_t i = 1; i < strv_length(c->argv); i++)
		json_array_append_new(args, json_string_nocheck(c->argv[i]));
	return args;
}

static json_t *make_graph_driver(struct engine *e, const struct container *c)
{
	char *upper autofree = alloc_printf("%s/containers/%s/diff", e->root, c->id);
	char *work autofree = alloc_printf("%s/containers/%s/work", e->root, c->id);

	return json_pack("{s:s,s:{s:s,s:s}}", "Name", DRIVER, "Data", "UpperDir", upper, "WorkDir",
			 work);
}

static struct error *add_sizes(struct engine *e, const struct container *c, json_t *object)
{
	char *upper autofree = alloc_printf("%s/diff", c->id);
	struct image *image autoimage = NULL;
	struct error *err;
	int64_t written;
	int dir;

	TRY(handle_dir(e, HANDLE_CONTAINERS, &dir));
	written = size_of_tree(dir, upper);
	err = image_find(engine_images(e), c->image_id, &image);
	error_ignore(err, "the image was removed by force: the container's own size remains");
	json_object_set_new(object, "SizeRw", json_integer(written));
	json_object_set_new(object, "SizeRootFs",
			    json_integer(written + (image ? (int64_t)image->size_bytes : 0)));
	return NULL;
}

/* Names that are of no use to a caller of ours, but that clients of docker's expect to be there. */
static void add_names(struct engine *e, const struct container *c, json_t *object)
{
	bool logs = !str_equal(c->host.log_driver, "none");
	char *log autofree =
		logs ? alloc_printf("%s/containers/%s/%s-json.log", e->root, c->id, c->id) : NULL;
	char *name autofree = alloc_printf("/%s", c->name);

	json_object_set_new(object, "Name", json_string_nocheck(name));
	json_object_set_new(object, "LogPath", json_string_nocheck(log ? log : ""));
	add_missing(object, "{\"AppArmorProfile\":\"\",\"ExecIDs\":null,\"HostnamePath\":\"\","
			    "\"HostsPath\":\"\",\"MountLabel\":\"\",\"Platform\":\"linux\","
			    "\"ProcessLabel\":\"\",\"ResolvConfPath\":\"\"}");
	json_object_set_new(object, "Driver", json_string(DRIVER));
}

struct error *engine_inspect(struct engine *e, const char *ref, bool with_size, json_t **ret)
{
	struct container *c autocontainer = NULL;
	json_t *object autojson = json_object();
	char created[HANDLE_TIME_SIZE];
	json_t *host;

	TRY(alive_find(e, ref, true, &c));
	handle_time(c->created_ns, created);
	TRY(make_host_config(e, c, &host));
	json_object_set_new(object, "Id", json_string(c->id));
	json_object_set_new(object, "Created", json_string(created));
	json_object_set_new(object, "Path", json_string_nocheck(c->argv ? c->argv[0] : ""));
	json_object_set_new(object, "Args", make_args(c));
	json_object_set_new(object, "State", make_state(c));
	json_object_set_new(object, "Image", json_string(c->image_id));
	json_object_set_new(object, "RestartCount", json_integer(c->restart_count));
	json_object_set_new(object, "HostConfig", host);
	json_object_set_new(object, "GraphDriver", make_graph_driver(e, c));
	json_object_set_new(object, "Mounts", make_mounts(c));
	json_object_set_new(object, "Config", json_encode(&container_config_type, &c->config));
	json_object_set_new(object, "NetworkSettings", make_network(c));
	add_names(e, c, object);
	if (with_size)
		TRY(add_sizes(e, c, object));
	*ret = json_incref(object);
	return NULL;
}
