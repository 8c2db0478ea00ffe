/*
 * What the programs of the bench share. They are measuring instruments run by tests/bench/run:
 * anything unexpected ends them at once with one line on stderr, since a number measured after a
 * fault is worth nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Prints "PROGRAM: text" and, unless errno is 0, its text; ends the process with status 1, running
 * no exit handlers. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t now_ns(void);

void sleep_ms(unsigned int ms);

/* A whole number from 0 to @max; dies naming @what otherwise. */
unsigned int parse_count(const char *what, const char *text, unsigned int max)
	__attribute__((nonnull));

/* Writes @text with one write(2), as the files of proc and cgroups want it; dies naming @path. */
void write_at(int dirfd, const char *path, const char *text) __attribute__((nonnull));

/* The @q quantile, 0 to 1, of @n >= 1 samples; sorts them. */
double quantile(double *samples, size_t n, double q) __attribute__((nonnull));
