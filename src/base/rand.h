/* Random names, from the kernel's generator. */
#pragma once

#include <stddef.h>

/*
 * Fills @hex with @digits lower-case hexadecimal digits and a NUL; the array must hold @digits + 1
 * (getrandom(2)).
 */
void rand_hex(char *hex, size_t digits) __attribute__((nonnull));
