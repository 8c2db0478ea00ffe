/* Network devices of the host that become a container's (config-linux.md, Network Devices). */
#pragma once

#include "config/config.h"
#include "oci/oci.h"

/*
 * Moves them into the network namespace of @pid, with their new names, their global addresses, and
 * up. When that namespace ends the kernel gives the physical ones back, and others are gone.
 */
struct error *net_devices_move(const struct config_net_device *devices, size_t n, pid_t pid)
	__attribute__((warn_unused_result));
