/* Errors: see error.h. */
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A message that was cut must not end in the middle of a UTF-8 character. */
static void drop_incomplete(char *message, size_t size)
{
    size_t start = size;
    while (start > 0 && (message[start - 1] & 0xC0) == 0x80) {
        start--;
    }
    if (start > 0 && (message[start - 1] & 0xC0) == 0xC0) {
        message[start - 1] = 0;
    }
}

ql_status ql_fail(ql_error *error, ql_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        const int length = vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        if (length >= (int)sizeof error->message) {
            drop_incomplete(error->message, sizeof error->message - 1);
        }
        error->status = status;
    }
    return status;
}

ql_status ql_fail_memory(ql_error *error, uint64_t byte_count)
{
    return ql_fail(error, QL_NO_MEMORY,
                   "out of memory: %" PRIu64 " bytes were needed; close other programs or use a smaller tensor", byte_count);
}
