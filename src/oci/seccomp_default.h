/* data/seccomp/default.json in the program: tools/build.d/embed_profile.py writes the C file. */
#pragma once

#include <stddef.h>

extern const char seccomp_default_profile[];
extern const size_t seccomp_default_length;
extern const char seccomp_default_digest[]; /* SHA-256, 64 hexadecimal digits */
