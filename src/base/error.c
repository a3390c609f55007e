/* Errors: see error.h. */
#include "base/error.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

ql_status ql_fail(ql_error *error, ql_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        const int length = vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        if (length >= (int)sizeof error->message) {
            ql_utf8_end_whole(error->message);
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
