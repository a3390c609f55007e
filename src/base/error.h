/* Status and message in one call. */
#ifndef QL_BASE_ERROR_H
#define QL_BASE_ERROR_H

#include "qloupe.h"

/* Formats the message (file text must already be printable: ql_text_print), stores both in *error (which may be NULL) and
   returns `status`, so that a caller can write `return ql_fail(error, QL_BAD_FILE, "...")`. */
ql_status ql_fail(ql_error *error, ql_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* QL_NO_MEMORY with the size that was asked for. */
ql_status ql_fail_memory(ql_error *error, uint64_t byte_count);

/* How a call failed that says so by NULL or false alone. */
static inline ql_status ql_error_status(const ql_error *error)
{
    return error ? error->status : QL_BAD_FILE;
}

#endif
