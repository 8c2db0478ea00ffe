/* The monotonic clock (clock_gettime(2)), for what lasts. */
#pragma once

#include <stdint.h>

int64_t clock_us(void);
int64_t clock_ms(void);
