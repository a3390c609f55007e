/*
 * Numbers as people and programs read them. The same digits everywhere: tables, screens and captions call these.
 *
 * All results are terminated and fit the given sizes; the decimal mark is a point (LC_NUMERIC stays "C").
 */
#ifndef TEXT_NUMBER_H
#define TEXT_NUMBER_H

#include "qloupe.h"

enum { TEXT_NUMBER_SIZE = 48 };

typedef enum text_form {
    TEXT_SIGNIFICANT, /* four significant digits: 0.08380 21.53 1.393e-05; whole numbers below 10 million as they are: 65504
                       */
    TEXT_SEVEN,       /* up to seven significant digits, no zeros at the end: 3.96875 */
    TEXT_TEN,         /* up to ten: 0.1000000015 */
    TEXT_FIXED_2,     /* two decimals: decibels */
    TEXT_FIXED_3,     /* three decimals: bits per weight */
    TEXT_FIXED_6,     /* six decimals: a cosine */
    TEXT_PERCENT,     /* a share of 1 as "12.3 %" */
    TEXT_COUNT,       /* 1,234,567 */
    TEXT_BYTES,       /* 512 B, 864.0 KiB, 6.4 MiB */
} text_form;

/* A value in a form; infinities and undefined values are "inf", "-inf", "nan" in every form. */
void text_number(char out[TEXT_NUMBER_SIZE], double value, text_form form);
void text_count(char out[TEXT_NUMBER_SIZE], uint64_t count);
void text_bytes(char out[TEXT_NUMBER_SIZE], uint64_t byte_count);

/* The shortest decimal number that reads back as the same double. */
void text_exact(char out[TEXT_NUMBER_SIZE], double value);

/* The form in which a metric is shown. */
text_form text_metric_form(ql_metric metric);

/* "256×1024"; "scalar" for rank 0. Cut with "…" when `size` is short. UTF-8: see text/plain.h. */
void text_shape(char *out, size_t size, const ql_tensor *tensor);

/* Seconds as "0:07", "12:03", "3:25:07". */
void text_duration(char out[TEXT_NUMBER_SIZE], double seconds);

#endif
