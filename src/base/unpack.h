/*
 * The words between bulkhead-unpack and the folder that starts it. The helper is less trusted than
 * its reader: frames of base/msg.h over UNPACK_PAYLOAD_MAX, unknown types, and texts over PATH_MAX
 * are refused.
 *
 *   decompress  the archive's bytes from UNPACK_FD_ARCHIVE, plain, to UNPACK_FD_PLAIN
 *   index       lists the plain tar file that UNPACK_FD_ARCHIVE is, one UNPACK_ENTRY each
 *   layer       makes the plain tar stream's files below UNPACK_FD_TARGET, a detached idmapped
 *               mount
 *
 * Every mode ends with UNPACK_DONE, or with UNPACK_ERROR.
 */
#pragma once

#define UNPACK_PROGRAM "bulkhead-unpack"
#define UNPACK_PAYLOAD_MAX 16384

/*
 * What the helper holds. Its stderr is the report's pipe once more: a last word of the C library
 * spoils the report rather than getting lost.
 */
enum unpack_fd {
	UNPACK_FD_ARCHIVE = 0,
	UNPACK_FD_PLAIN = 1, /* decompress only; else the report's pipe too */
	UNPACK_FD_STDERR = 2,
	UNPACK_FD_REPORT = 3,
	UNPACK_FD_TARGET = 4, /* layer only */
	UNPACK_FD_END,
};

/*
 * What it says: ERROR, a frame of error_encode(); DONE, u64 entries, u64 bytes of regular files;
 * ENTRY, text name, u64 type, u64 size, u64 offset of the bytes, text link target; DEVICE
 * (recorded, not made), text path, u64 mode with type, u64 major, u64 minor, u64 uid, u64 gid;
 * OWNER (over 65535, stored as nobody), text path, u64 uid, u64 gid.
 */
enum unpack_report {
	UNPACK_ERROR = 1,
	UNPACK_DONE,
	UNPACK_ENTRY,
	UNPACK_DEVICE,
	UNPACK_OWNER,
};

enum unpack_entry_type {
	UNPACK_FILE = 1,
	UNPACK_DIRECTORY,
	UNPACK_SYMLINK,
	UNPACK_HARD_LINK,
	UNPACK_OTHER,
};

/* Most entries of an outer archive (index), and most records of a layer. */
#define UNPACK_INDEX_MAX 100000
#define UNPACK_OWNERS_MAX 1000000
#define UNPACK_DEVICES_MAX 10000
